"""Pooling: statistics of the coefficients over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._common.parameters import check_choice
from skscatter._scattering.namespace import Array, Namespace


def segment_shares(n_frames: int, n_segments: int) -> NDArray[np.intp]:
    """Share of each frame in each of `n_segments` equal segments of the duration.

    The frames divide the duration of the signal. A frame that a boundary divides belongs to both
    segments, in proportion.

    Returns
    -------
    shares : ndarray of int, of shape (n_segments, n_frames)
        In units of ``1 / n_segments`` of a frame, so that each row sums to `n_frames`.
    """
    bounds = n_frames * np.arange(n_segments + 1)
    frames = n_segments * np.arange(n_frames)
    overlap = np.minimum(bounds[1:, np.newaxis], frames + n_segments) - np.maximum(
        bounds[:-1, np.newaxis], frames
    )
    return np.maximum(overlap, 0)


@dataclass(frozen=True)
class Segment:
    """A segment of the duration.

    Attributes
    ----------
    frames : slice
        Frames that belong to it, at least in part.
    shares : integer array of shape (n_frames,)
        Share of each of these frames in the segment.
    total : int
        Sum of the shares.
    weights : real array of shape (n_frames,)
        The shares divided by their sum.
    """

    frames: slice
    shares: Array
    total: int
    weights: Array


@lru_cache(maxsize=1024)
def segments_of(xp: Namespace, n_frames: int, n_segments: int) -> list[Segment]:
    """Divide `n_frames` into `n_segments`, with weights as arrays of `xp`."""
    segments = []
    for shares in segment_shares(n_frames, n_segments):
        inside = np.flatnonzero(shares)
        frames = slice(int(inside[0]), int(inside[-1]) + 1)
        weights = xp.asarray(shares[frames] / n_frames)
        segments.append(Segment(frames, xp.integers(shares[frames]), n_frames, weights))
    return segments


def weighted_mean(xp: Namespace, S: Array, segment: Segment) -> Array:
    """Weighted mean over the last axis."""
    mean = xp.empty(S.shape[:-1])
    xp.matmul(S, segment.weights, out=mean)
    return mean


def weighted_std(xp: Namespace, S: Array, segment: Segment) -> Array:
    """Weighted standard deviation over the last axis, of the population (``ddof=0``)."""
    # Scaling by a power of two is exact, and then no square under- or overflows.
    scale, gain = xp.powers_of_two(xp.amax(abs(S)))
    S = S * scale[..., np.newaxis]
    deviation = S - weighted_mean(xp, S, segment)[..., np.newaxis]
    deviation *= deviation
    return weighted_mean(xp, deviation, segment) ** 0.5 * gain


def maximum(xp: Namespace, S: Array, segment: Segment) -> Array:
    """Largest value over the last axis."""
    return xp.amax(S)


def weighted_median(xp: Namespace, S: Array, segment: Segment) -> Array:
    """Weighted median over the last axis. With equal weights, it is the median.

    At most half of the weight is below it, and at most half above it. If two values satisfy this,
    the median is their midpoint. Integer shares decide exactly whether the halves are equal.
    """
    order = S.argsort(-1)
    ranked = xp.take_along(S, order)
    below = 2 * segment.shares[order].cumsum(-1)
    low = (below < segment.total).sum(-1)[..., np.newaxis]
    high = (below <= segment.total).sum(-1)[..., np.newaxis]
    # Halve before adding, because the sum of two large numbers may overflow.
    return (xp.take_along(ranked, low) / 2 + xp.take_along(ranked, high) / 2)[..., 0]


STATISTICS: dict[str, Callable[[Namespace, Array, Segment], Array]] = {
    "mean": weighted_mean,
    "max": maximum,
    "median": weighted_median,
    "std": weighted_std,
}


def check_pooling(pooling: Any, parameter: str = "pooling") -> tuple[str, ...]:
    """Check a parameter such as `pooling`, and return its statistics. None gives no statistics."""
    if pooling is None:
        return ()
    names = (pooling,) if isinstance(pooling, str) else pooling
    if not isinstance(names, tuple | list) or not names:
        raise TypeError(
            f"{parameter}={pooling!r} must be one of {list(STATISTICS)}, a tuple of these, or None."
        )
    for name in names:
        check_choice(parameter, name, STATISTICS)
    if len(set(names)) < len(names):
        raise ValueError(f"{parameter}={pooling!r} names a statistic twice.")
    return tuple(names)


def pool(xp: Namespace, S: Array, statistics: Sequence[str], n_segments: int) -> Array:
    """Pool coefficients over the frames of each segment.

    Parameters
    ----------
    xp : Namespace
        Array operations, in the precision of `S`.
    S : array of shape (..., n_frames)
    statistics : sequence of str
        Keys of `STATISTICS`.
    n_segments : int

    Returns
    -------
    pooled : array of shape (..., n_segments, n_statistics)
        In the precision of `S`.
    """
    pooled = xp.empty((*S.shape[:-1], n_segments, len(statistics)))
    for i, segment in enumerate(segments_of(xp, S.shape[-1], n_segments)):
        part = S[..., segment.frames]
        for k, name in enumerate(statistics):
            pooled[..., i, k] = STATISTICS[name](xp, part, segment)
    return pooled
