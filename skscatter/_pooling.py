"""Statistics of the coefficients over time."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._validation import check_choice


def segment_weights(n_frames: int, n_segments: int) -> NDArray[np.float64]:
    """Share of each frame in each of `n_segments` equal parts of the duration.

    The frames tile the signal's duration; a frame that a boundary falls into counts in both
    parts, in proportion.

    Returns
    -------
    weights : ndarray of shape (n_segments, n_frames)
        Each row sums to 1.
    """
    bounds = np.linspace(0, n_frames, n_segments + 1)
    frames = np.arange(n_frames)
    overlap = np.minimum(bounds[1:, np.newaxis], frames + 1) - np.maximum(
        bounds[:-1, np.newaxis], frames
    )
    weights = np.maximum(overlap, 0)
    return weights / weights.sum(axis=1, keepdims=True)


def weighted_mean(S: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Weighted mean over the last axis."""
    return S @ weights


def weighted_std(S: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Weighted standard deviation over the last axis (population, no correction)."""
    deviation = S - weighted_mean(S, weights)[..., np.newaxis]
    return np.sqrt(np.square(deviation, out=deviation) @ weights)


def maximum(S: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Largest value over the last axis."""
    return S.max(axis=-1)


def weighted_median(S: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Weighted median over the last axis; with equal weights, the median.

    The value below and above which at most half of the weight lies, or the midpoint of the two
    where the weight splits evenly.
    """
    order = np.argsort(S, axis=-1)
    ranked = np.take_along_axis(S, order, axis=-1)
    below = np.cumsum(weights.astype(np.float64)[order], axis=-1)
    rounding = 1e-6  # far above that of the sums, far below any weight that matters
    low = np.argmax(below >= 0.5 - rounding, axis=-1, keepdims=True)
    high = np.argmax(below >= 0.5 + rounding, axis=-1, keepdims=True)
    pair = np.take_along_axis(ranked, low, axis=-1) + np.take_along_axis(ranked, high, axis=-1)
    return pair[..., 0] / 2


STATISTICS: dict[str, Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]] = {
    "mean": weighted_mean,
    "max": maximum,
    "median": weighted_median,
    "std": weighted_std,
}


def check_pooling(pooling: Any) -> tuple[str, ...]:
    """Return the statistics that the parameter `pooling` asks for, none for None."""
    if pooling is None:
        return ()
    names = (pooling,) if isinstance(pooling, str) else pooling
    if not isinstance(names, tuple | list) or not names:
        raise TypeError(
            f"pooling={pooling!r} must be one of {list(STATISTICS)}, a tuple of these, or None."
        )
    for name in names:
        check_choice("pooling", name, STATISTICS)
    if len(set(names)) < len(names):
        raise ValueError(f"pooling={pooling!r} names a statistic twice.")
    return tuple(names)


def pool(S: NDArray[Any], statistics: Sequence[str], n_segments: int) -> NDArray[Any]:
    """Pool coefficients over the frames of each segment.

    Parameters
    ----------
    S : ndarray of shape (..., n_frames)
    statistics : sequence of str
        Keys of `STATISTICS`.
    n_segments : int

    Returns
    -------
    pooled : ndarray of shape (..., n_segments, n_statistics)
        In the dtype of `S`.
    """
    pooled = np.empty((*S.shape[:-1], n_segments, len(statistics)), S.dtype)
    for i, weights in enumerate(segment_weights(S.shape[-1], n_segments)):
        members = np.flatnonzero(weights)
        part = S[..., members[0] : members[-1] + 1]
        for k, name in enumerate(statistics):
            pooled[..., i, k] = STATISTICS[name](part, weights[members].astype(S.dtype))
    return pooled
