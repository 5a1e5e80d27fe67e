"""
What scattering sees
====================

Wavelet scattering splits a signal into frequency bands, computes the envelope of each band, and
splits the envelopes into bands again. This example shows the filters, the first order of a spoken
digit, and the second order, which separates signals that have the same first order.
"""

# %%
# The filters
# -----------
# The first-order coefficient of a sine of amplitude one is half the gain of the wavelet at the
# frequency of the sine. The factor is one half because the wavelets do not pass negative
# frequencies. The gain of the filters can therefore be measured by transforming many sines. They
# have whole numbers of cycles and are padded periodically, so there are no border effects.

import matplotlib.pyplot as plt
import numpy as np

from skscatter import Scattering1D
from skscatter.datasets import load_spoken_digits

sampling_rate = 8000  # Hz
n_times = 8192
cycles = np.unique(np.geomspace(1, n_times // 2 - 1, 600).astype(int))
frequency = cycles * sampling_rate / n_times  # Hz
sines = np.sin(2 * np.pi * cycles[:, np.newaxis] * np.arange(n_times) / n_times)

order1 = {"max_order": 1, "include_order0": False}
bank = Scattering1D(J=8, Q=8, n_segments=1, padding="periodic", **order1)
gain = 2 * bank.fit_transform(sines)
print(f"{gain.shape[0]} sines, {gain.shape[1]} wavelets")

# %%
# There are eight wavelets per octave. Each is just wide enough to overlap with its neighbours.
# Wavelets that would be longer than the scale ``2**J``, here below about 65 Hz, have constant
# bandwidth and are equally spaced. The low-pass covers the lowest frequencies. It also computes the
# averages.
#
# The *Littlewood-Paley sum* is the energy that all filters together pass at each frequency. It
# never exceeds one, which makes the transform stable. It falls to zero above the highest wavelet.
# Choose a sampling rate that is high enough: the highest tenth of the frequencies below half the
# sampling rate contributes little.

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
# First order: the strength of each band
# --------------------------------------
# A voice says "seven". Its first-order coefficients resemble a spectrogram with a logarithmic
# frequency axis. They show a vowel, the gap of the "v", another vowel, and the formants. The
# averaging scale `T` of the lower plot is eight times as long. These coefficients hardly change
# when the recording is shifted by a few milliseconds. They no longer contain the exact time of an
# event.

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
    scattering = Scattering1D(J=8, Q=8, T=T, stride=32, **order1).fit(seven[np.newaxis])
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
# Second order: the modulation of each band
# -----------------------------------------
# Averaging loses changes within `T`. The second order recovers them: it splits the envelope of each
# band into bands of modulation frequency before the average. The two noises of this example are
# modulated at 5.5 Hz and at 22 Hz. They have the same average strength in each band that is wide
# enough to follow the modulation. Their first order is therefore the same, but their second order
# is not.

rng = np.random.default_rng(0)
time = np.arange(16 * sampling_rate) / sampling_rate
noises = {
    f"modulated at {rate} Hz": (1 + np.sin(2 * np.pi * rate * time))
    * rng.standard_normal(time.size)
    for rate in (5.5, 22)
}

scattering = Scattering1D(J=10, Q=4, n_segments=1, include_order0=False)
S = scattering.fit_transform(list(noises.values()))
paths = scattering.paths_
first = paths["order"] == 1
# A second-order coefficient is proportional to the strength of its band. The ratio depends on the
# modulation only.
second = (paths["order"] == 2) & (paths["xi1"] * sampling_rate >= 400)
ratio = S[:, second] / S[:, paths["n1"][second]]
modulation = paths["xi2"][second] * sampling_rate

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for i, (name, marker) in enumerate(zip(noises, "os", strict=True)):
    left.loglog(paths["xi1"][first] * sampling_rate, S[i, first], label=name)
    rates = np.unique(modulation)
    means = [ratio[i, modulation == rate].mean() for rate in rates]
    right.semilogx(rates, means, marker=marker, label=name)
left.set(xlabel="frequency (Hz)", ylabel="S1", title="first order: equal")
left.set(xlim=(400, 3200), ylim=(0.05, 0.5))
left.set_xticks([500, 1000, 2000], ["500", "1000", "2000"])
left.set_yticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
left.minorticks_off()
right.set(
    xlabel="modulation frequency (Hz)",
    ylabel="mean of S2 / S1",
    title="second order: different",
)
for axis in (left, right):
    axis.grid(alpha=0.4)
    axis.legend()
plt.show()

# %%
# The second order of the spoken digit
# ------------------------------------
# Each path of order 2 has two frequencies: that of its band and that of the modulation. The plot
# shows the average over the recording. Wide bands contain more than one harmonic of the voice, and
# the harmonics beat with each other. The high values at 88 Hz are therefore at the pitch of this
# voice. The high values at 11 Hz are slower changes from one sound to the next. The lower right is
# empty, because an envelope cannot change faster than its band is wide.

scattering = Scattering1D(J=8, Q=8, n_segments=1, include_order0=False)
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
