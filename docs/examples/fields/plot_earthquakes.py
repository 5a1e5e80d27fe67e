"""
Seismology: earthquakes in a day of a station
=============================================

A seismometer records day and night. This example cuts a day into frames and sorts them into
clusters, without labels. Earthquakes from far away should then be in clusters of their own.

The record is of the Swiss station BALST, on 10 November 2025. It is included in `obspy
<https://www.obspy.org>`_, and comes as such records do: in integer counts, with a sampling rate
that is a float, and with channels that do not begin at the same time.
"""

# %%
# The record
# ----------
# ``Stream.trim`` with ``pad=True`` gives both channels the same times. Where a channel has no
# samples, they are masked.

import time

import matplotlib.pyplot as plt
import numpy as np
import obspy
from obspy.core.util import get_example_file
from obspy.signal.trigger import recursive_sta_lta, trigger_onset
from scipy.signal import welch
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skscatter import LogScattering1D, ScalogramDisplay, SelectPaths, frame_signal

stream = obspy.read(get_example_file("CH.BALST..LH_two_channels")).detrend("demean")
print(stream)
vertical = stream.select(channel="LHZ")[0].copy()
stream.trim(
    min(trace.stats.starttime for trace in stream),
    max(trace.stats.endtime for trace in stream),
    pad=True,
)
record = np.ma.stack([trace.data for trace in stream])
sampling_rate = stream[0].stats.sampling_rate
print(f"{record.shape}, {np.ma.count_masked(record)} masked samples, {sampling_rate} Hz")

# %%
# The surface waves of distant earthquakes are dispersed: low frequencies arrive first. In the
# scalogram they are rising lines. The strongest earthquake is after 28,000 s, and there are several
# fainter ones. The noise above 0.1 Hz comes from the waves of the sea.

scalogram = LogScattering1D(J=8, Q=8, sampling_rate=sampling_rate).fit([vertical.data])
ScalogramDisplay.from_estimator(scalogram, vertical.data)
plt.show()

# %%
# Frames and clusters
# -------------------
# A frame lasts 8.5 minutes, and the next one begins a minute later. Frames with gaps are dropped.
# The features are those of bands below the noise of the sea. A mixture of three Gaussians sorts the
# frames. For comparison, the same steps start from spectra.

frame_length, hop_length = 512, 64
frames = frame_signal(record, frame_length, hop_length, sampling_rate=sampling_rate)
X = frames.frames[~frames.has_gaps]
middle = frames.start[~frames.has_gaps] + frame_length / 2 / sampling_rate
print(f"{frames.has_gaps.sum()} frames with gaps dropped, {X.shape} left")
band = 0.012, 0.08  # Hz


def spectra(X):
    """Spectra of frames in the band, logarithmic, one channel after the other."""
    frequency, power = welch(X, sampling_rate, nperseg=256)
    inside = (frequency > band[0]) & (frequency < band[1])
    return np.log(power[..., inside]).reshape(len(X), -1)


scattering = LogScattering1D(n_segments=1, sampling_rate=sampling_rate)
bands = SelectPaths(scattering, carrier=band)
bands.fit_transform(X)  # the first call may compile
clusters = {}
for name, features in ("scattering", bands), ("spectrum", FunctionTransformer(spectra)):
    start = time.perf_counter()
    mixture = GaussianMixture(3, n_init=5, random_state=0)
    labels = make_pipeline(features, StandardScaler(), PCA(5), mixture).fit_predict(X)
    clusters[name] = np.argsort(np.argsort(-np.bincount(labels)))[labels]  # largest first
    print(f"{name}: {np.bincount(clusters[name])} frames, {time.perf_counter() - start:.1f} s")

# %%
# What the clusters mean
# ----------------------
# Seismologists find events where a short-term average of the filtered record exceeds a long-term
# average. How many frames of each cluster are near such an event?

vertical.filter("bandpass", freqmin=0.02, freqmax=0.07)
trigger = recursive_sta_lta(vertical.data, 120, 3600)
events = trigger_onset(trigger, 2, 1) / sampling_rate
near = (abs(events[:, :1] + events[:, 1:] - 2 * middle) < np.diff(events) + frame_length / 2).any(0)
print(f"{len(events)} events, {near.sum()} of {len(X)} frames near one")

figure, axes = plt.subplots(3, 1, figsize=(9, 5), sharex=True, layout="constrained")
axes[0].plot(vertical.times() / 3600, vertical.data, color="black", linewidth=0.4)
axes[0].set(ylabel="counts", title="vertical, 0.02 to 0.07 Hz", ylim=(-800, 800))
for ax, (name, labels) in zip(axes[1:], clusters.items(), strict=True):
    shares = [near[labels == k].mean() for k in range(3)]
    print(f"{name}: {', '.join(f'{share:.0%}' for share in shares)} near an event")
    ax.scatter(middle / 3600, labels, c=labels, cmap="viridis", marker="|", s=150)
    ax.set(ylabel="cluster", title=name, yticks=range(3), ylim=(-0.6, 2.6))
for ax in axes:
    for on, off in events / 3600:
        ax.axvspan(on, off, color="C1", alpha=0.3, linewidth=0)
axes[-1].set(xlabel="time (hours)", xlim=(0, 24))
plt.show()

# %%
# The first cluster is noise. The second holds weak waves, of small earthquakes and of the hours
# after the large one. The third holds strong waves. Nobody told the model what an earthquake looks
# like. The two kinds of features agree about the large earthquake. With the spectrum, the second
# cluster holds more frames that are far from any event. Both miss the faintest events.
