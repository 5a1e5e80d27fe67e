"""Frames of a long record, as a view."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from skscatter._backends.choice import check_tensor
from skscatter._common.durations import check_duration, check_length
from skscatter._common.parameters import check_choice
from skscatter._common.public import public
from skscatter._common.units import check_sampling_rate
from skscatter._signals.containers import refuse_text
from skscatter._signals.dask_arrays import computed

UNITS = ("samples", "seconds")


class Frames(NamedTuple):
    """Frames of a record, and where each begins; the result of `frame_signal`."""

    frames: NDArray[Any]
    start: NDArray[Any]

    @property
    def has_gaps(self) -> NDArray[np.bool_]:
        """Which frames hold masked samples, in any channel."""
        if not isinstance(self.frames, np.ma.MaskedArray):
            return np.zeros(len(self.frames), bool)
        within = tuple(range(1, self.frames.ndim))
        return np.any(np.ma.getmaskarray(self.frames), axis=within)


@public
def frame_signal(
    x: ArrayLike,
    frame_length: float,
    hop_length: float | None = None,
    *,
    sampling_rate: float | None = None,
    unit: str = "samples",
) -> Frames:
    """Cut a continuous record into overlapping frames, without copying it.

    Each frame is then a signal for a transformer. Samples at the end of the record that do not
    fill a frame, fewer than `hop_length`, are left out.

    Parameters
    ----------
    x : array-like of shape (n_times,) or (n_channels, n_times)
        The record. NumPy arrays are not copied, and memory-mapped files are not read; anything
        else is loaded into memory first. Missing samples may be masked.
    frame_length : int or float
        Length of a frame in samples, at least 1 and at most `n_times`, or with ``unit="seconds"``
        its duration. A number of samples may be a float, such as a duration times a sampling rate,
        if it is whole to within rounding errors.
    hop_length : int, float or None, default=None
        Samples, or seconds, from the start of one frame to the start of the next. None means half
        of the frame, rounded down to whole samples. If it is longer than a frame, samples between
        the frames are left out.
    sampling_rate : float or None, default=None
        In Hz. If given, start times are in seconds instead of samples.
    unit : {"samples", "seconds"}, default="samples"
        Unit of `frame_length` and `hop_length`. Seconds need a `sampling_rate`, and are rounded to
        whole samples.

    Returns
    -------
    frames : ndarray of shape (n_frames, frame_length) or (n_frames, n_channels, frame_length)
        Read-only view of the record, with its dtype, and masked if the record is. Transformers
        accept it if no samples are masked. A copy of it, or arithmetic on all of it, takes
        ``frame_length / hop_length`` times the memory of the record.
    start : ndarray of shape (n_frames,)
        Where each frame begins, counted from the first sample of the record: int64, in samples,
        or with a `sampling_rate` float64, in seconds.

    Raises
    ------
    TypeError
        If a length is not a whole number, or a duration or the sampling rate not a real number.
    ValueError
        If the record does not have one or two dimensions, or is shorter than a frame, or a length,
        a duration or the sampling rate is not positive.

    See Also
    --------
    LogScattering1D.transform_batches : Features of signals that come in batches.

    Notes
    -----
    The result is a named tuple. Its property ``has_gaps``, a bool ndarray of shape (n_frames,),
    says which frames hold masked samples, as in a record with gaps that ``Stream.merge`` of obspy
    has joined. Transformers refuse these frames. ``np.ma.masked_invalid`` masks a record where it
    is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import LogScattering1D, frame_signal
    >>> record = np.random.default_rng(0).standard_normal(60_000)  # a minute at 1 kHz
    >>> frames, start = frame_signal(record, 2, 0.5, sampling_rate=1000, unit="seconds")
    >>> frames.shape, start[:3]
    ((117, 2000), array([0. , 0.5, 1. ]))
    >>> LogScattering1D().fit_transform(frames).shape
    (117, 568)

    Drop the frames of a record that have gaps:

    >>> masked = np.ma.masked_array(record, mask=False)
    >>> masked[2100:2400] = np.ma.masked
    >>> result = frame_signal(masked, 2000, 500, sampling_rate=1000)
    >>> complete = ~result.has_gaps
    >>> frames, start = result.frames[complete], result.start[complete]
    >>> frames.shape, start[:3]
    ((113, 2000), array([0. , 2.5, 3. ]))
    >>> LogScattering1D().fit_transform(frames).shape
    (113, 568)
    """
    length, hop, rate = _check_lengths(frame_length, hop_length, sampling_rate, unit)
    record = _as_record(x, length)
    hop = min(hop, record.shape[-1])  # any longer hop gives the same single frame
    frames = _windows(np.asarray(np.ma.getdata(record)), length, hop)
    if isinstance(record, np.ma.MaskedArray):
        mask = _windows(np.ma.getmaskarray(record), length, hop)
        frames = np.ma.MaskedArray(frames, mask, copy=False)
    start = hop * np.arange(len(frames), dtype=np.int64)
    return Frames(frames, start if rate is None else start / rate)


def _check_lengths(
    frame_length: Any, hop_length: Any, sampling_rate: Any, unit: Any
) -> tuple[int, int, float | None]:
    """Return the lengths of a frame and of a hop in samples, and the sampling rate."""
    check_choice("unit", unit, UNITS)
    if sampling_rate is not None:
        sampling_rate = check_sampling_rate(sampling_rate)
    elif unit == "seconds":
        raise ValueError("unit='seconds' needs a sampling_rate in Hz, but sampling_rate=None.")

    def in_samples(name: str, value: Any) -> int:
        if unit == "seconds":
            return check_duration(name, value, sampling_rate)
        return check_length(name, value)

    frame_length = in_samples("frame_length", frame_length)
    if hop_length is None:
        return frame_length, max(1, frame_length // 2), sampling_rate
    return frame_length, in_samples("hop_length", hop_length), sampling_rate


def _as_record(x: Any, frame_length: int) -> NDArray[Any]:
    """Return a record as an array, masked or not, that holds at least one frame."""
    refuse_text("x", x)
    parts = x if isinstance(x, list | tuple) else ()
    for i, part in enumerate(parts):
        refuse_text(f"x[{i}]", part)
    masked_parts = any(isinstance(part, np.ma.MaskedArray) for part in parts)
    record = np.ma.array(x) if masked_parts else np.asanyarray(computed(check_tensor("x", x)))
    if record.ndim not in (1, 2):
        raise ValueError(
            f"x of shape {record.shape} must be a record of shape (n_times,) or (n_channels, "
            "n_times)."
        )
    if record.shape[-1] < frame_length:
        hint = ""
        if record.shape[0] >= frame_length:
            hint = " Is time on the wrong axis? x.T puts it last."
        raise ValueError(
            f"frame_length={frame_length} samples is longer than x of shape {record.shape}. "
            f"Accepted: 1 to {record.shape[-1]}.{hint}"
        )
    return record


def _windows(x: NDArray[Any], frame_length: int, hop_length: int) -> NDArray[Any]:
    """Return frames of an array as a view with the frames on its first axis."""
    windows = sliding_window_view(x, frame_length, axis=-1)[..., ::hop_length, :]
    return np.moveaxis(windows, -2, 0)
