"""
Anomalies: a disturbance in blood pressure
==========================================

A detector of anomalies learns what is normal from a normal record, and marks what is not in another
one. It needs no examples of anomalies. The record of this page is a blood pressure, from the UCR
anomaly archive [#ucr]_. It is included in `aeon <https://www.aeon-toolkit.org>`_.
"""

# %%
# The record
# ----------
# The training part has six beats. Their heights change with the breath. The test part has 35 beats,
# and labels mark twelve of its samples as an anomaly.

import time

import matplotlib.pyplot as plt
import numpy as np
from aeon.datasets import load_kdd_tsad_135
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import OneClassSVM

from skscatter import LogScattering1D, frame_signal

normal, _ = load_kdd_tsad_135(split="train")
record, is_anomaly = load_kdd_tsad_135(split="test")  # begins with the training part
record, is_anomaly = record[len(normal) :], is_anomaly[len(normal) :]
(marked,) = np.nonzero(is_anomaly)
print(f"training: {len(normal)} samples, test: {len(record)}, anomaly: {marked[0]} to {marked[-1]}")

# %%
# Frames of one beat
# ------------------
# A detector decides about frames. A frame lasts about as long as a beat, and the next one begins 4
# samples later. It is abnormal if it contains half of the anomaly.

X_train = frame_signal(normal, 180, 4).frames
X, start = frame_signal(record, 180, 4)[:2]
y = frame_signal(is_anomaly, 180, 4).frames.sum(axis=1) >= len(marked) / 2
print(f"{len(X_train)} frames for training, {len(X)} to judge, {y.sum()} of them abnormal")

# %%
# The detectors
# -------------
# Two detectors of scikit-learn judge four kinds of features. An average precision of 1 means that
# all abnormal frames have higher scores than all others.


def statistics(X):
    """Level, spread, extremes, and the spread of differences."""
    return np.c_[X.mean(1), X.std(1), X.min(1), X.max(1), np.diff(X, axis=1).std(1)]


def spectrum(X):
    """Spectrum of each frame, logarithmic."""
    centred = X - X.mean(axis=1, keepdims=True)
    return np.log(abs(np.fft.rfft(centred * np.hanning(X.shape[1]))) + 1e-2)


features = {
    "samples": FunctionTransformer(),
    "statistics": FunctionTransformer(statistics),
    "spectrum": FunctionTransformer(spectrum),
    "scattering": LogScattering1D(),
}
LogScattering1D().fit_transform(X_train)  # the first call may compile

figure, axes = plt.subplots(5, 1, figsize=(8, 7), sharex=True, layout="constrained")
axes[0].plot(record, color="black", linewidth=0.7)
axes[0].set(ylabel="pressure", title="the record, and the scores of the one-class SVM")
for ax, (name, transformer) in zip(axes[1:], features.items(), strict=True):
    for detector in IsolationForest(random_state=0), OneClassSVM(nu=0.05):
        begin = time.perf_counter()
        model = make_pipeline(transformer, StandardScaler(), detector).fit(X_train)
        score = -model.score_samples(X)
        seconds = time.perf_counter() - begin
        what = f"{name}, {type(detector).__name__}"
        print(f"{what:>27}: {average_precision_score(y, score):.2f}, {seconds:.2f} s")
    ax.plot(start + 90, score, linewidth=0.7)
    ax.set_ylabel(name)
for ax in axes:
    ax.axvspan(marked[0], marked[-1], color="C1", alpha=0.6, linewidth=0)
axes[-1].set(xlabel="sample (middle of the frame)", xlim=(0, len(record)))
plt.show()

# %%
# The disturbance is small, but faster than anything else in the record. Scattering has features for
# fast changes of little energy, so both detectors find it. Samples mostly tell the phase of the
# beat. The window of the spectrum hides the disturbance near the ends of a frame. Five statistics
# are enough for the one-class SVM, because one of them is the spread of differences. Whoever knows
# what to look for does not need scattering.
#
# .. [#ucr] R. Wu and E. J. Keogh, "Current time series anomaly detection benchmarks are flawed and
#    are creating the illusion of progress", IEEE Transactions on Knowledge and Data Engineering
#    35(3), 2023.
