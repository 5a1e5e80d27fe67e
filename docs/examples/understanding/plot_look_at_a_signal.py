"""
Looking at a signal
===================

Look at the signals before fitting a model. The plots of this page show a signal over time and
frequency, and over frequency and modulation frequency. Each is drawn by a display that works like
those of scikit-learn. A display accepts any fitted transformer, or a pipeline that contains one.
"""

# %%
# With the sampling rate, axes are in seconds and Hz. The recordings have different lengths.

import matplotlib.pyplot as plt
import numpy as np

from skscatter import FilterBankDisplay, LogScattering1D, ScalogramDisplay, ScatteringDisplay
from skscatter.datasets import load_spoken_digits

digits = load_spoken_digits(n_times=None)
scattering = LogScattering1D(J=8, Q=12, T=256, stride=32, sampling_rate=digits.sampling_rate)
scattering.fit(digits.data)
seven = digits.data[list(digits.filenames).index("7_rp-m5_0.wav")]

# %%
# The signal over time and frequency
# ----------------------------------
# The scalogram is the strength of each band over time, before averaging. The colours are
# logarithmic. A voice says "seven", in two syllables. Above 1000 Hz the wavelets are short and
# resolve single pulses of the voice, about 80 per second in the first syllable and fewer in the
# second. Below 500 Hz the wavelets are long and narrow in frequency. There the same pulses appear
# as harmonics, parallel lines that fall with the pitch.

ScalogramDisplay.from_estimator(scattering, seven)
plt.show()

# %%
# A transformer with `trim` makes features of the active part of a signal only. The display shades
# the rest. Here, half a second of faint noise surrounds the word.

noise = 3e-3 * np.random.default_rng(0).standard_normal(len(seven) + 8000)
noise[4000:-4000] += seven
ScalogramDisplay.from_estimator(
    LogScattering1D(J=8, Q=12, trim=25, sampling_rate=digits.sampling_rate).fit([noise]), noise
)
plt.show()

# %%
# The display accepts signals of any length. This one lasts an hour at 500 samples per second. It
# simulates a machine that speeds up and slows down, with an impact every five minutes.

sampling_rate = 500
seconds = np.arange(3600 * sampling_rate) / sampling_rate
speed = 40 + 20 * np.sin(2 * np.pi * seconds / 1800)
machine = np.sin(2 * np.pi * np.cumsum(speed) / sampling_rate)
machine += 0.3 * np.random.default_rng(0).standard_normal(len(machine))
machine[:: 300 * sampling_rate] += 500
hour = LogScattering1D(J=9, Q=8, sampling_rate=sampling_rate).fit([machine])
ScalogramDisplay.from_estimator(hour, machine)
plt.show()

# %%
# The coefficients
# ----------------
# These are the coefficients of "seven". The left plot is the first order: the scalogram, averaged
# over `T`, here 32 ms. The right plot is the second order: the modulation frequencies of each band.
# The lower right is empty, because a modulation cannot be faster than its band is wide.

display = ScatteringDisplay.from_estimator(scattering, seven)
plt.show()

# %%
# A strong band has strong modulations. The second order divided by the first describes the
# modulation of a band independently of its strength. Bands above 1000 Hz are modulated by the
# pulses of the voice, at 62 to 125 Hz. All bands are modulated slowly by the syllables, on the
# left.

display.plot(relative=True)
plt.show()

# %%
# With `band`, the second order of one band is drawn over time. The band at 1500 Hz is modulated by
# the pulses of the voice while a vowel lasts, and swells and fades with the syllables.

display.plot(band=1500)
plt.show()

# %%
# The filters
# -----------
# This display shows the wavelets of both orders, and the share of energy that they pass at each
# frequency. Towards the highest frequencies the share falls to zero. Frequencies above the highest
# wavelet are lost.

FilterBankDisplay.from_estimator(scattering)
plt.show()
