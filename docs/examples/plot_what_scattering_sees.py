"""
What scattering sees
====================

Wavelet scattering cuts a signal into frequency bands, follows how strong each band is over time,
and cuts *that* into bands again. Here we look at each of the three steps: the filters, the first
order of a spoken digit, and the second order, which tells apart what the first order cannot.
"""

# %%
# The filters
# -----------
# A sine of amplitude one shows what a wavelet does to its frequency: the first-order coefficient
# is half the gain of the wavelet there, since half of a real sine lies at negative frequencies,
# which the wavelets do not see. So we send many sines through the transform. They have whole
# numbers of cycles and go on periodically, so that no end gets in the way.

import matplotlib.pyplot as plt
import numpy as np

from skscatter import Scattering1D
from skscatter.datasets import load_spoken_digits

sampling_rate = 8000  # Hz
n_times = 8192
cycles = np.unique(np.geomspace(1, n_times // 2 - 1, 600).astype(int))
frequency = cycles * sampling_rate / n_times  # Hz
sines = np.sin(2 * np.pi * cycles[:, np.newaxis] * np.arange(n_times) / n_times)

bank = Scattering1D(J=8, Q=8, max_order=1, padding="periodic", sampling_rate=sampling_rate)
gain = 2 * bank.fit_transform(sines)
print(f"{gain.shape[0]} sines, {gain.shape[1]} wavelets")

# %%
# Eight wavelets an octave, each as wide as it must be to touch its neighbour, as long as the
# wavelets are not longer than the scale ``2**J``. Below that, here at about 65 Hz, they keep their
# width and stand at equal distances. What lies lower still is left to the low-pass, which also
# does the averaging.
#
# The energy that all filters together let through, the *Littlewood-Paley sum*, says how much of
# the signal reaches the coefficients. It never exceeds one, which makes the transform stable. It
# falls to zero above the highest wavelet, so sample fast enough: the last tenth of the frequencies
# below half the sampling rate counts for little.

low_pass = np.exp(-((frequency / sampling_rate) ** 2) / (2 * (0.1 / bank.T_) ** 2))
littlewood_paley = low_pass**2 + (gain**2).sum(axis=1) / 2

figure, (top, bottom) = plt.subplots(
    2, 1, figsize=(8, 5.5), sharex=True, layout="constrained", height_ratios=(2, 1)
)
colors = plt.colormaps["viridis"](np.linspace(0.9, 0, gain.shape[1]))
for response, color in zip(gain.T, colors, strict=True):
    top.semilogx(frequency, response, color=color, linewidth=1)
top.semilogx(frequency, low_pass, color="black", linestyle="--")
top.annotate("low-pass", (1.1, 1.04))
top.set(ylabel="gain", ylim=(0, 1.15), title=f"{gain.shape[1]} wavelets, J=8, Q=8, at 8 kHz")
bottom.semilogx(frequency, littlewood_paley, color="black")
bottom.set(xlabel="frequency (Hz)", ylabel="Littlewood-Paley sum", ylim=(0, 1.05))
bottom.grid(alpha=0.4)
plt.show()

# %%
# First order: how strong is each band?
# -------------------------------------
# A voice says "seven". Its first-order coefficients over time and frequency are much like a
# spectrogram with a logarithmic frequency axis: a vowel, the gap of the "v", another vowel, and the
# bands that the mouth favours. The lower picture has an eight times longer averaging scale `T`. It
# hardly changes when the recording is shifted by a few milliseconds, and it no longer tells when
# exactly something happened.

digits = load_spoken_digits(n_times=None)
row = list(digits.filenames).index("7_rp-m5_0.wav")
seven = digits.data[row]
seconds = np.arange(len(seven)) / sampling_rate

figure, axes = plt.subplots(
    3, 1, figsize=(8, 8), sharex=True, layout="constrained", height_ratios=(1, 2, 2)
)
axes[0].plot(seconds, seven, linewidth=0.5, color="black")
axes[0].set(ylabel="amplitude", title='a voice says "seven"')
for axis, T in zip(axes[1:], (64, 512), strict=True):
    scattering = Scattering1D(J=8, Q=8, T=T, stride=32, max_order=1).fit(seven[np.newaxis])
    S1 = scattering.scatter(seven[np.newaxis])[0, 0]
    frame = np.arange(scattering.n_frames_) * scattering.stride_ / sampling_rate
    band = scattering.paths_["xi1"] * sampling_rate
    image = axis.pcolormesh(frame, band, np.log(S1 + 1e-3), shading="nearest", rasterized=True)
    axis.set(
        yscale="log",
        ylim=(60, 3600),
        ylabel="frequency (Hz)",
        title=f"first order, T={T} samples ({1000 * T / sampling_rate:.0f} ms)",
    )
    figure.colorbar(image, ax=axis, label="log(S1 + 0.001)")
axes[-1].set(xlabel="time (s)", xlim=(0, seconds[-1]))
plt.show()

# sphinx_gallery_thumbnail_number = 2

# %%
# Second order: how fast does a band come and go?
# -----------------------------------------------
# Averaging loses what happens within its time. The second order brings it back: it cuts the
# envelope of each band into bands of modulation, before the average. Two noises, one that swells
# 5.5 times a second, the other 22 times, have the same average strength in each band that is wide
# enough to follow them, so the first order takes one for the other. The second order does not.

rng = np.random.default_rng(0)
time = np.arange(16 * sampling_rate) / sampling_rate
noises = {
    f"swells {rate} times a second": (1 + np.sin(2 * np.pi * rate * time))
    * rng.standard_normal(time.size)
    for rate in (5.5, 22)
}

scattering = Scattering1D(J=10, Q=4)
S = scattering.fit_transform(list(noises.values()))
paths = scattering.paths_
first = paths["order"] == 1
# A second-order coefficient is proportional to the strength of its band: their ratio is about
# the modulation alone.
second = (paths["order"] == 2) & (paths["xi1"] * sampling_rate >= 400)
ratio = S[:, second] / S[:, paths["n1"][second]]
modulation = paths["xi2"][second] * sampling_rate

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for i, (name, marker) in enumerate(zip(noises, "os", strict=True)):
    left.loglog(paths["xi1"][first] * sampling_rate, S[i, first], label=name)
    rates = np.unique(modulation)
    means = [ratio[i, modulation == rate].mean() for rate in rates]
    right.semilogx(rates, means, marker=marker, label=name)
left.set(xlabel="frequency (Hz)", ylabel="S1", title="first order: the same")
left.set(xlim=(400, 3200), ylim=(0.05, 0.5))
left.set_xticks([500, 1000, 2000], ["500", "1000", "2000"])
left.set_yticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
left.minorticks_off()
right.set(
    xlabel="modulation frequency (Hz)",
    ylabel="mean of S2 / S1",
    title="second order: not the same",
)
for axis in (left, right):
    axis.grid(alpha=0.4)
    axis.legend()
plt.show()

# %%
# The second order of the spoken digit
# ------------------------------------
# Each path of order 2 has two frequencies: that of its band and that of the modulation. Averaged
# over the recording, they make a picture. Wide bands hold more than one harmonic of the voice, and
# the harmonics beat with each other: the high values at 88 Hz are the pitch of this voice. Those at
# 11 Hz are slower changes, from one sound to the next. There is nothing at the lower right, because
# an envelope cannot change faster than its band is wide.

scattering = Scattering1D(J=8, Q=8)
S = scattering.fit_transform(seven[np.newaxis])[0]
paths = scattering.paths_
second = paths["order"] == 2
carriers = paths["xi1"][paths["order"] == 1] * sampling_rate
modulations, column = np.unique(paths["xi2"][second] * sampling_rate, return_inverse=True)
picture = np.full((len(carriers), len(modulations)), np.nan)
picture[paths["n1"][second], column] = S[second] / S[paths["n1"][second]]

figure, axis = plt.subplots(figsize=(7, 4.5), layout="constrained")
image = axis.pcolormesh(np.log2(modulations), carriers, picture, shading="nearest")
axis.set(
    yscale="log",
    ylim=(60, 3600),
    xticks=np.log2(modulations),
    xticklabels=[f"{rate:.0f}" for rate in modulations],
    xlabel="modulation frequency (Hz)",
    ylabel="frequency (Hz)",
    title='"seven", second order',
)
figure.colorbar(image, label="S2 / S1")
plt.show()
