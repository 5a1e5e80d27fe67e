"""
From one machine to a cluster
=============================

The same code runs a grid search and a transform on one machine or on a cluster. A recording larger
than memory is transformed chunk by chunk on the workers. This uses dask:
``pip install "skscatter[dask]"``.
"""

# %%
# One machine
# -----------
# The model detects spoken digits in a long recording. It receives half a second at a time. The
# training signals are therefore the half second around the middle of each recording, and pauses.

import tempfile
from pathlib import Path

import dask
import dask.array as da
import joblib
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, SubprocessCluster
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D, frame_signal
from skscatter.datasets import load_spoken_digits

sampling_rate = 8000  # Hz
frame_length = 4096  # samples, half a second
X_train, y_train = load_spoken_digits(subset="train", n_times=frame_length, return_X_y=True)
pauses = np.zeros((10, frame_length), X_train.dtype)
X_train = np.concatenate([X_train[::2], pauses])
y_train = np.concatenate([y_train[::2], np.full(10, 10)])

pipeline = make_pipeline(LogScattering1D(), StandardScaler(), LogisticRegression(max_iter=1000))
search = GridSearchCV(
    pipeline,
    {"logscattering1d__J": [6, 8], "logscattering1d__n_segments": [1, 2]},
    cv=2,
)
search.fit(X_train, y_train)
print(f"one process: {search.best_params_}, {search.best_score_:.1%}")

# %%
# A cluster
# ---------
# A cluster consists of a scheduler and workers, each in a process of its own. Here they run on this
# machine. For a real cluster, give `Client` the address of its scheduler and install skscatter on
# the workers. ``dask.distributed.LocalCluster`` is the usual way to start workers on one machine,
# but in a script it requires ``if __name__ == "__main__":`` around everything that follows.

cluster = SubprocessCluster(
    n_workers=2, worker_kwargs={"nthreads": 1}, dashboard_address=None, host="127.0.0.1"
)
client = Client(cluster)
client.wait_for_workers(2)
print(f"workers with {list(client.nthreads().values())} threads")

# %%
# In this context, joblib sends the fits of the search to the workers. Each fit transforms on one
# thread, since `n_jobs` is None. The results are the same.

with joblib.parallel_config(backend="dask"):
    search.fit(X_train, y_train)
print(f"cluster:     {search.best_params_}, {search.best_score_:.1%}")

model = search.best_estimator_

# %%
# A recording that need not fit in memory
# ---------------------------------------
# Twenty seconds stand in for hours of recording: the test recordings of one voice, with pauses in
# between. The record is saved as a NumPy array, which can be memory-mapped.

digits = load_spoken_digits(n_times=8192, subset="test")
said = np.flatnonzero(digits.speaker == digits.speaker[0])
length = digits.data.shape[1]
record = np.zeros(len(said) * (length + sampling_rate), np.float32)
begin = np.arange(len(said)) * (length + sampling_rate)
for i, row in zip(begin, said, strict=True):
    record[i : i + length] = digits.data[row]
folder = tempfile.TemporaryDirectory()
file = Path(folder.name, "recording.npy")
np.save(file, record)

# %%
# :func:`~skscatter.frame_signal` cuts the record into overlapping frames of half a second. The
# frames are a view of the file. Nothing has been read yet.

hop_length = 800
frames, start = frame_signal(
    np.load(file, mmap_mode="r"), frame_length, hop_length, sampling_rate=sampling_rate
)
print(f"{frames.shape[0]} frames, the first ones at {start[:4]} s")

# %%
# A dask array describes how to read the frames: each chunk holds some frames, which a worker reads
# from the file. Only the name of the file is sent over the network. For Zarr arrays, use
# ``da.from_zarr(...)``.


@dask.delayed
def read(file, rows):
    return frame_signal(np.load(file, mmap_mode="r"), frame_length, hop_length).frames[rows]


n_rows = 64
chunks = []
for i in range(0, len(frames), n_rows):
    shape = frames[i : i + n_rows].shape
    chunks.append(da.from_delayed(read(file, slice(i, i + n_rows)), shape, frames.dtype))
X = da.concatenate(chunks)

# %%
# The transformer returns another dask array. Nothing has been computed yet, but the shape and the
# type are known.

features = model[0].transform(X)
print(features)

# %%
# Now the workers compute. The probabilities of the classifier are small and are sent back. Large
# features can be stored by the workers with ``features.to_zarr(...)``.

probability = features.map_blocks(
    model[1:].predict_proba, dtype=np.float64, chunks=(X.chunks[0], (11,))
)
probability = probability.compute()
print(probability.shape)

# %%
# The lower plot shows the probabilities for each frame, at the time of its middle. The upper plot
# shows the spoken digits. The model is most accurate if a digit is in the middle of the frame, as
# in training. Other frames contain parts of a digit, which are not in the training data.

seconds = np.arange(len(record)) / sampling_rate
figure, (top, bottom) = plt.subplots(
    2, 1, figsize=(9, 5), sharex=True, layout="constrained", height_ratios=(1, 2)
)
top.plot(seconds, record, linewidth=0.4, color="black")
top.set(ylabel="amplitude", ylim=(-1.1, 1.6))
for i, row in zip(begin, said, strict=True):
    top.text((i + length / 2) / sampling_rate, 1.15, str(digits.target[row]), ha="center")
middle = start + frame_length / 2 / sampling_rate
bottom.pcolormesh(middle, np.arange(11), probability.T, cmap="Blues", rasterized=True)
bottom.set(xlabel="time (s)", ylabel="digit", xlim=(0, seconds[-1]))
bottom.set_yticks(range(11), [*map(str, range(10)), "pause"])
plt.show()

# %%
# The result on the cluster equals the result on this machine:

here = model.predict_proba(frames)
print(f"largest difference: {abs(probability - here).max():.1g}")

client.close()
cluster.close()
folder.cleanup()
