"""Signals as people have them, seen as rows: one channel of one signal each.

Arrays hold signals of one length. A collection (a list, a tuple, an array of objects) holds signals
that may each have their own.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.choice import adopt
from skscatter._scattering.layout import Grid, Groups, lay_out
from skscatter._scattering.namespace import Array
from skscatter._scattering.settings import Settings
from skscatter._signals.file_maps import BLOCK_BYTES, drop_pages

Rows = range | NDArray[np.intp]  # positions, in ascending order


class Signals(Protocol):
    """Rows, the longest first.

    Attributes
    ----------
    n_samples, n_channels : int
        There are ``n_samples * n_channels`` rows, with the channels of a signal side by side.
    n_times : int or None
        Samples in every signal; None where each may have its own.
    lengths : ndarray of int, of shape (n_samples,)
        Samples in each signal, in the order that they were given in.
    row_lengths : ndarray of int, of shape (n_rows,)
        Samples in each row, in descending order.
    dtype : dtype, or its like in another library
        Type of the samples, or where it differs from signal to signal, a type for all.
    from_numpy : bool
        Whether rows are arrays of NumPy; if not, they are tensors.
    """

    n_samples: int
    n_channels: int
    n_times: int | None
    lengths: NDArray[np.intp]
    row_lengths: NDArray[np.intp]
    dtype: Any
    from_numpy: bool

    def block(self, rows: Rows) -> Array:
        """Return rows as one array, with zeros after those that are shorter than the longest."""

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Go through the rows."""

    def release(self) -> None:
        """Give back memory that the system can fill again when it is needed."""

    def as_given(self, results: Any) -> Any:
        """Bring results, one for each signal, to the order and the library of the signals."""


class SignalArray:
    """Signals of one length.

    Parameters
    ----------
    X : array of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
        Of any library.
    """

    def __init__(self, X: Array) -> None:
        self.X, self._give_back = adopt(X)
        self.from_numpy = isinstance(self.X, np.ndarray)
        self.dtype = self.X.dtype
        self.n_samples, self.n_times = len(self.X), self.X.shape[-1]
        self.n_channels = 1 if self.X.ndim == 2 else self.X.shape[1]
        self.lengths = np.full(self.n_samples, self.n_times, np.intp)
        self.row_lengths = np.repeat(self.lengths, self.n_channels)
        self._flat = self.X if self.X.ndim == 2 else self._without_copy()

    def _without_copy(self) -> Array | None:
        """All rows in one array, if that takes no copy."""
        contiguous = self.X.flags.c_contiguous if self.from_numpy else self.X.is_contiguous()
        return self.X.reshape(len(self.row_lengths), -1) if contiguous and self.n_samples else None

    def block(self, rows: Rows) -> Array:
        """Return rows as one array, a view where they are neighbours."""
        if self._flat is not None:
            return self._flat[as_index(rows)]
        rows = np.asarray(rows)
        return self.X[rows // self.n_channels, rows % self.n_channels]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Go through the rows; those of a mapped file do not stay in memory."""
        step = max(1, BLOCK_BYTES // max(self.X[:1].nbytes, 1))
        for start in range(0, self.n_samples, step):
            for signal in self.X[start : start + step]:
                yield from np.atleast_2d(signal)
            self.release()

    def release(self) -> None:
        """Give back the memory of a mapped file."""
        drop_pages(self.X)

    def as_given(self, results: Array) -> Array:
        """Bring results to the library of the signals."""
        return self._give_back(results)


class SignalCollection:
    """Signals of their own lengths.

    Parameters
    ----------
    signals : sequence of ndarray of shape (n_channels, length)
        At least one, all with as many channels.
    """

    from_numpy = True
    n_times: int | None = None

    def __init__(self, signals: Sequence[NDArray[Any]]) -> None:
        single = all(signal.dtype == np.float32 for signal in signals)
        self.dtype = np.dtype(np.float32 if single else np.float64)
        self.signals = signals
        self.n_samples, self.n_channels = len(signals), len(signals[0])
        self.lengths = np.array([signal.shape[1] for signal in signals], np.intp)
        self._order = np.argsort(-self.lengths, kind="stable")
        self._rows = [channel for i in self._order for channel in signals[i]]
        self.row_lengths = np.repeat(self.lengths[self._order], self.n_channels)

    def block(self, rows: Rows) -> NDArray[Any]:
        """Return rows as one array, with zeros after those that are shorter than the longest."""
        x = np.zeros((len(rows), self.row_lengths[rows[0]]), self.dtype)
        for target, row in zip(x, rows, strict=True):
            target[: self.row_lengths[row]] = self._rows[row]
        return x

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Go through the rows."""
        return iter(self._rows)

    def release(self) -> None:
        """Nothing: the signals are in memory."""

    def as_given(self, results: Any) -> Any:
        """Bring results to the order of the signals."""
        place = np.empty_like(self._order)
        place[self._order] = np.arange(self.n_samples)
        return results[place] if isinstance(results, np.ndarray) else [results[i] for i in place]


def is_collection(X: Any) -> bool:
    """Whether `X` holds signals as separate arrays, rather than being one array.

    A list of lists is one only if their lengths differ: scikit-learn takes it for an array.
    """
    if getattr(X, "ndim", 0) == 1 and X.dtype == np.dtype(object):
        X = list(X)  # an array, or a series of pandas
    if not isinstance(X, list | tuple) or not X:
        return False
    if any(getattr(x, "ndim", 0) > 0 for x in X):
        return True
    if not all(isinstance(x, list | tuple) for x in X):
        return False
    try:
        np.asarray(X)
    except ValueError:
        return True
    return False


def check_collection(X: Any) -> SignalCollection:
    """Return a collection as signals of the same number of channels, of finite real numbers.

    Raises
    ------
    ValueError
        If it is anything else; the message names the signal.
    """
    signals = [_check_signal(f"X[{i}]", x) for i, x in enumerate(X)]
    shapes = {signal.shape[:-1] for signal in signals}
    if len(shapes) > 1:
        i, other = next(
            (i, x) for i, x in enumerate(signals) if x.shape[:-1] != signals[0].shape[:-1]
        )
        raise ValueError(
            f"X[0] has shape {signals[0].shape} and X[{i}] has shape {other.shape}. All signals "
            "must be of shape (length,), or all of shape (n_channels, length) with the same "
            "number of channels."
        )
    return SignalCollection([np.atleast_2d(signal) for signal in signals])


def _check_signal(name: str, x: Any) -> NDArray[Any]:
    try:
        signal = np.asarray(x)
    except ValueError as error:  # lists in it have different lengths
        raise ValueError(f"{name} is not an array of numbers: {error}") from error
    if signal.dtype.kind not in "fiub":
        raise ValueError(f"{name} is of dtype {signal.dtype}, but must hold real numbers.")
    if signal.ndim not in (1, 2) or signal.size == 0:
        raise ValueError(
            f"{name} has shape {signal.shape}, but must have shape (length,) or (n_channels, "
            "length), with at least one sample."
        )
    if signal.dtype.kind == "f" and not np.isfinite(signal).all():
        bad = describe_entry(name, signal, first_not_finite(signal))
        raise ValueError(f"{bad}, but signals must hold finite numbers.")
    return signal


def first_not_finite(x: NDArray[Any]) -> int:
    """Position of the first number that is NaN or infinite, counted over all axes."""
    return int(np.argmin(np.isfinite(x)))


def describe_entry(name: str, x: NDArray[Any], position: int) -> str:
    """Say what an array holds at a position that is counted over all axes: "X[2, 17] is nan"."""
    index = np.unravel_index(position, x.shape)
    return f"{name}[{', '.join(map(str, index))}] is {x[index]}"


def as_index(rows: Rows) -> slice | NDArray[np.intp]:
    """Return what an array is indexed with to get rows; slices copy nothing."""
    return slice(rows.start, rows.stop) if isinstance(rows, range) else rows


def group_by_length(settings: Settings, lengths: NDArray[np.intp]) -> Groups:
    """Divide rows of descending length into groups of one length."""
    bounds = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(lengths)]
    return [
        (slice(start, stop), lay_out(settings, int(lengths[start])))
        for start, stop in pairwise(bounds)
        if start < stop
    ]


def group_by_grid(groups: Groups, rows: Rows) -> Iterator[tuple[Grid, Rows]]:
    """Divide rows into those that are computed together."""
    for grid, members in groupby(groups, key=lambda run: run[1].grid):
        slices = [members_slice for members_slice, _ in members]
        yield grid, rows[slices[0].start : slices[-1].stop]
