"""Count values of bands above thresholds, for proportions of positive values."""

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.compiled.counting_kernel import SIGNATURE, compiled_counts
from skscatter._scattering.positive_values import Counter


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
