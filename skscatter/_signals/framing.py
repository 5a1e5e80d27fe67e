"""Frames of a long record, as a view."""

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from skscatter._common.parameters import check_integer, check_real
from skscatter._common.public import public


class Frames(NamedTuple):
    """What `frame_signal` returns."""

    frames: NDArray[Any]
    start: NDArray[Any]


@public
def frame_signal(
    x: ArrayLike,
    frame_length: int,
    hop_length: int | None = None,
    *,
    sampling_rate: float | None = None,
) -> Frames:
    """Cut a continuous record into overlapping frames, without copying it.

    Each frame is then a signal for a transformer. What is left at the end of the record and fills
    no frame, less than `hop_length`, belongs to none.

    Parameters
    ----------
    x : array-like of shape (n_times,) or (n_channels, n_times)
        The record. Arrays of NumPy are not copied, and memory-mapped files are not read; anything
        else is brought into memory first.
    frame_length : int
        Samples in a frame, at least 1 and at most `n_times`.
    hop_length : int or None, default=None
        Samples from the start of one frame to the start of the next, at least 1. None means half
        of `frame_length`, rounded down. With more than `frame_length` there are gaps.
    sampling_rate : float or None, default=None
        In Hz. With it, start times are in seconds instead of samples.

    Returns
    -------
    frames : ndarray of shape (n_frames, frame_length) or (n_frames, n_channels, frame_length)
        Read-only view of the record, of its dtype. Transformers take it as it is. A copy of it,
        or arithmetic on all of it, takes ``frame_length / hop_length`` times the memory of the
        record.
    start : ndarray of shape (n_frames,)
        Where each frame begins, counted from the first sample of the record: int64, in samples,
        or with a `sampling_rate` float64, in seconds.

    Raises
    ------
    TypeError
        If a length is no integer, or the sampling rate no number.
    ValueError
        If the record has no or more than two dimensions, or is shorter than a frame, or a length
        or the sampling rate is not positive.

    See Also
    --------
    LogScattering1D.transform_batches : Features of signals that come in batches.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import LogScattering1D, frame_signal
    >>> record = np.random.default_rng(0).standard_normal(60_000)  # a minute at 1 kHz
    >>> frames, start = frame_signal(record, 2000, 500, sampling_rate=1000)
    >>> frames.shape, start[:3]
    ((117, 2000), array([0. , 0.5, 1. ]))
    >>> LogScattering1D().fit_transform(frames).shape
    (117, 83)
    """
    frame_length = check_integer("frame_length", frame_length, minimum=1)
    if hop_length is None:
        hop_length = max(1, frame_length // 2)
    hop_length = check_integer("hop_length", hop_length, minimum=1)
    if sampling_rate is not None:
        sampling_rate = check_real("sampling_rate", sampling_rate, minimum=0, exclusive=True)
    record = np.asarray(x)
    if record.ndim not in (1, 2):
        raise ValueError(
            f"x of shape {record.shape} must be a record of shape (n_times,) or (n_channels, "
            "n_times)."
        )
    if record.shape[-1] < frame_length:
        raise ValueError(
            f"frame_length={frame_length} is longer than x of shape {record.shape}. Accepted: 1 "
            f"to {record.shape[-1]}."
        )
    frames = sliding_window_view(record, frame_length, axis=-1)[..., ::hop_length, :]
    hop_length = min(hop_length, record.shape[-1])  # then there is one frame, whatever comes after
    start = hop_length * np.arange(frames.shape[-2], dtype=np.int64)
    return Frames(
        np.moveaxis(frames, -2, 0), start if sampling_rate is None else start / sampling_rate
    )
