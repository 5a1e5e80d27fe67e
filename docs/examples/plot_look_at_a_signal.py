"""
Looking at a signal
===================

Before a model there are the signals. These pictures show one of them as a scattering transform
sees it: over time and frequency, and over frequency and modulation. Each is drawn by a display, in
the manner of scikit-learn's, from any fitted transformer or from a pipeline that contains one.
"""

# %%
# A transformer with the sampling rate, so that axes are in seconds and Hz. The recordings have
# their own lengths.

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
# The scalogram is the strength of each band at each time, before anything is averaged. The colours
# are logarithmic, as hearing is. A voice says "seven", in two syllables. Above 1000 Hz wavelets are
# short, and single pulses of the voice stand apart, about 80 a second in the first syllable and
# fewer in the second. Below 500 Hz wavelets are long and narrow, and the same pulses are harmonics,
# lines above one another that fall with the pitch.

ScalogramDisplay.from_estimator(scattering, seven)
plt.show()

# %%
# It takes signals of any length. This one lasts an hour, at 500 samples a second: a machine that
# speeds up and slows down, and an impact every five minutes.

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
# What the transform computes of "seven". Left, the first order: the scalogram, averaged over `T`,
# here 32 ms. Right, the second order: how fast the strength of each band comes and goes. There is
# nothing to the lower right, where a modulation would be faster than its band is wide.

display = ScatteringDisplay.from_estimator(scattering, seven)
plt.show()

# %%
# A strong band has strong modulations. Divided by the first order, the second says how a band is
# modulated, whatever its strength. Bands above 1000 Hz are modulated by the pulses of the voice, at
# 62 to 125 Hz; all bands are modulated slowly, to the left, by the syllables.

display.plot(relative=True)
plt.show()

# %%
# The filters
# -----------
# The wavelets of both orders, and the share of energy that they pass at each frequency. Towards the
# highest frequencies the share falls to zero: what lies above the last wavelet is lost.

FilterBankDisplay.from_estimator(scattering)
plt.show()
