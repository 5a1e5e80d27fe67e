"""Count values of bands above thresholds, for proportions of positive values."""

import numpy as np
from numba import types
from numpy.typing import NDArray

from skscatter._backends.compiled.compiling import CachedFunction
from skscatter._scattering.positive_values import Counter


def fill_counts(first, second, thresholds, channels, counts):
    """Write counts as `skscatter._scattering.positive_values.count_above` returns them.

    Sums stay in registers, and the bands of one signal in the first-level cache.
    """
    n_signals, n_first, n_second, n_thresholds = counts.shape
    n = first.shape[2]
    for signal in range(n_signals):
        limits = thresholds[channels[signal]]
        for i in range(n_first):
            for j in range(n_second):
                for k in range(n_thresholds):
                    limit = limits[i, j, k]
                    count = np.int32(0)
                    for t in range(n):
                        above = first[i, signal, t] + second[j, signal, t] > limit
                        count = np.int32(count + above)
                    counts[signal, i, j, k] = count


compiled_counts = CachedFunction(fill_counts, "its fast path for proportions of positive values")


REAL, INTEGER = types.float32, types.int64
SIGNATURE = (
    REAL[:, :, ::1],
    REAL[:, :, ::1],
    REAL[:, :, :, ::1],
    INTEGER[::1],
    INTEGER[:, :, :, ::1],
)


def compiled_counter() -> Counter:
    """Return compiled code that counts values above thresholds."""
    fill = compiled_counts.compile(SIGNATURE)

    def count(
        first: NDArray[np.float32],
        second: NDArray[np.float32],
        thresholds: NDArray[np.float32],
        channels: NDArray[np.intp],
    ) -> NDArray[np.integer]:
        counts = np.empty((second.shape[1], len(first), *thresholds.shape[2:]), np.int64)
        arrays = map(np.ascontiguousarray, (first, second, thresholds))
        fill(*arrays, channels.astype(np.int64, copy=False), counts)
        return counts

    return count
