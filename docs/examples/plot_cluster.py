"""
From one machine to a cluster
=============================

A grid search and a transform that begin on one machine go on, with the same code, on a cluster of
them. And a recording that is larger than memory is listened to piece by piece, wherever there is a
worker free. Dask does the work: ``pip install "skscatter[dask]"``.
"""

# %%
# One machine
# -----------
# A model of spoken digits that is to find digits in a long recording. It sees half a second at a
# time, so it learns from half a second around the middle of each recording, and that there are
# pauses.

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
# A scheduler and its workers, which compute in processes of their own. Here they run on this
# machine; for a real cluster give `Client` the address of its scheduler instead, and install
# skscatter where the workers are. ``dask.distributed.LocalCluster`` is the more usual way to start
# some on one machine, but in a script it asks for an ``if __name__ == "__main__":`` around all
# that follows.

cluster = SubprocessCluster(
    n_workers=2, worker_kwargs={"nthreads": 1}, dashboard_address=None, host="127.0.0.1"
)
client = Client(cluster)
client.wait_for_workers(2)
print(f"workers with {list(client.nthreads().values())} threads")

# %%
# Inside of this context, joblib sends the fits of the search to the workers. Each of them
# transforms on one thread, since `n_jobs` is None, and the results are the same.

with joblib.parallel_config(backend="dask"):
    search.fit(X_train, y_train)
print(f"cluster:     {search.best_params_}, {search.best_score_:.1%}")

model = search.best_estimator_

# %%
# A recording that need not fit in memory
# ---------------------------------------
# To stand for hours on a disk, here are twenty seconds: the test recordings of one voice, with
# pauses between. It is saved as an array of NumPy, which can be mapped instead of loaded.

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
# :func:`~skscatter.frame_signal` cuts it into half seconds that overlap. The frames are a view of
# the file, of which nothing has been read yet.

hop_length = 800
frames, start = frame_signal(
    np.load(file, mmap_mode="r"), frame_length, hop_length, sampling_rate=sampling_rate
)
print(f"{frames.shape[0]} frames, the first ones at {start[:4]} s")

# %%
# A dask array says how to get at them: each chunk is some frames, which a worker cuts out of the
# file by itself. All that goes over the network is the name of the file. Zarr arrays are even
# simpler: ``da.from_zarr(...)``.


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
# The transformer takes the dask array and returns another. Nothing has been computed yet, but
# what will come out is known.

features = model[0].transform(X)
print(features)

# %%
# Now the workers compute. What the classifier makes of the features is small and comes back to us;
# features that are large could be stored from where they are, by ``features.to_zarr(...)``.

probability = features.map_blocks(
    model[1:].predict_proba, dtype=np.float64, chunks=(X.chunks[0], (11,))
)
probability = probability.compute()
print(probability.shape)

# %%
# What the model thinks of each half second, over the time of its middle. Above are the digits that
# were said. It is best where a digit lies in the middle of its half second, as in training; beside
# that it sees the end of one, which it has not learned to tell.

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
# It was the same on the cluster as it would have been here:

here = model.predict_proba(frames)
print(f"largest difference: {abs(probability - here).max():.1g}")

client.close()
cluster.close()
folder.cleanup()
