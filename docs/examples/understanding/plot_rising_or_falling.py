"""
Rising or falling
=================

Scattering of order 2 measures how fast the energy of each frequency band varies, each band by
itself. Which way energy moves between bands is lost. Joint time-frequency scattering keeps it. This
example shows both on tones that glide, and on spoken digits that are played backwards.
"""

# %%
# A chirp and its reversal
# ------------------------
# A chirp that rises by four octaves in a second, and the same chirp backwards. They have the same
# energy in each band, and the energy of a band varies as fast.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import (
    LogScattering1D,
    LogTimeFrequencyScattering,
    ScalogramDisplay,
    TimeFrequencyDisplay,
    TimeFrequencyScattering,
)
from skscatter.datasets import load_spoken_digits

sampling_rate = 8000  # Hz
t = np.arange(8192) / sampling_rate
rising = np.sin(2 * np.pi * 150 * np.exp2(4 * t) / (4 * np.log(2))) * np.hanning(len(t))
falling = rising[::-1]

joint = TimeFrequencyScattering(J=9, sampling_rate=sampling_rate).fit([rising])
figure = plt.figure(figsize=(9, 7), layout="constrained")
left, right = figure.subplots(1, 2)
ScalogramDisplay.from_estimator(joint, rising, ax=left)
ScalogramDisplay.from_estimator(joint, falling, ax=right)
plt.show()

# %%
# Joint coefficients filter this picture along both axes: along time with a wavelet of some *rate*,
# and along log-frequency with a wavelet of some *scale*, upwards or downwards. The rising chirp is
# bright upwards, where rate divided by scale is its speed, four octaves per second.

TimeFrequencyDisplay.from_estimator(joint, rising)
plt.show()

# %%
# The reversed chirp is the mirror image.

display = TimeFrequencyDisplay.from_estimator(joint, falling)
plt.show()

down, up = display.values
rate, scale = np.unravel_index(down.argmax(), down.shape)
speed = display.rates[rate] / display.scales[scale]
print(f"brightest: {display.rates[rate]:.3g} Hz, {display.scales[scale]:.3g} cycles per octave")
print(f"so {speed:.2g} octaves per second downwards")

# %%
# Digits backwards
# ----------------
# Is a recording of a digit played forwards or backwards? Half of the speakers train a linear
# classifier, the others test it. Features are means over the whole recording, so that the order of
# sounds does not tell. Plain scattering can hardly do better than chance.

digits = load_spoken_digits(subset="test")
voices = np.unique(digits.speaker)
trains = np.isin(digits.speaker, voices[: len(voices) // 2])


def forwards_and_backwards(X):
    """Signals and their reversals, and which are which."""
    return np.concatenate([X, X[:, ::-1]]), np.repeat(["forwards", "backwards"], len(X))


for transformer in (
    LogScattering1D(J=9, Q=8, T=256, n_segments=1, input_scaling="rms"),
    LogTimeFrequencyScattering(J=9, T=256, n_segments=1, input_scaling="rms"),
):
    classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)
    model = make_pipeline(transformer, StandardScaler(), classifier)
    model.fit(*forwards_and_backwards(digits.data[trains]))
    score = model.score(*forwards_and_backwards(digits.data[~trains]))
    print(f"{type(transformer).__name__}: {score:.0%}")

# %%
# The weights of the second model show which motion it uses.

model[0].set_params(sampling_rate=digits.sampling_rate)
model.fit(*forwards_and_backwards(digits.data[trains]))
TimeFrequencyDisplay.from_model(model)
plt.show()
