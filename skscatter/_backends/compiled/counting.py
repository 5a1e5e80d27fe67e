"""The compiled loop of proportions of positive values."""

import numpy as np
from numba import types

from skscatter._backends.compiled.compiling import CachedFunction

REAL, INTEGER = types.float32, types.int64
SIGNATURE = (
    REAL[:, :, ::1],
    REAL[:, :, ::1],
    REAL[:, :, :, ::1],
    INTEGER[::1],
    INTEGER[:, :, :, ::1],
)


def fill_counts(first, second, thresholds, channels, counts):
    """Count values above thresholds: `skscatter._scattering.positive_values.fill_counts`, compiled.

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
