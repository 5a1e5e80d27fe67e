"""Checked signals as rows. A row is one channel of one signal.

An array holds signals of one length. In a collection, such as a list, each signal is an array, and
lengths may differ.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.choice import adopt, library_of
from skscatter._scattering.namespace import Array
from skscatter._signals.file_maps import BLOCK_BYTES, drop_pages

Rows = range | NDArray[np.intp]  # positions, in ascending order


class Signals(Protocol):
    """Rows, the longest first.

    Attributes
    ----------
    n_samples, n_channels : int
        There are ``n_samples * n_channels`` rows, with the channels of a signal side by side.
    n_times : int or None
        Samples in every signal. None if lengths may differ.
    lengths : ndarray of int, of shape (n_samples,)
        Samples in each signal, in the order of the input.
    row_lengths : ndarray of int, of shape (n_rows,)
        Samples in each row, in descending order.
    dtype : dtype, or its like in another library
        Type of the samples, in native byte order. If types differ, one that can hold all samples.
    from_numpy : bool
        Whether rows are NumPy arrays. Otherwise they are tensors.
    library : str
        Name of the library of the input, "numpy" for anything that NumPy converts.
    is_collection : bool
        Whether the input is a collection.
    """

    n_samples: int
    n_channels: int
    n_times: int | None
    lengths: NDArray[np.intp]
    row_lengths: NDArray[np.intp]
    dtype: Any
    from_numpy: bool
    library: str
    is_collection: bool

    def block(self, rows: Rows) -> Array:
        """Return rows as one array, with zeros after those that are shorter than the longest."""

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Iterate over the rows."""

    def release(self) -> None:
        """Release memory that can be read again from a file."""

    def as_given(self, results: Any) -> Any:
        """Bring results, one for each signal, to the order and the library of the input."""


class SignalArray:
    """Signals of one length.

    Parameters
    ----------
    X : array of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
        Of any library.
    """

    is_collection = False

    def __init__(self, X: Array) -> None:
        self.library = library_of(X)
        self.X, self._give_back = adopt(X)
        self.from_numpy = isinstance(self.X, np.ndarray)
        self.dtype = self.X.dtype.newbyteorder("=") if self.from_numpy else self.X.dtype
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
        """Iterate over the rows. Those of a mapped file do not stay in memory."""
        step = max(1, BLOCK_BYTES // max(self.X[:1].nbytes, 1))
        for start in range(0, self.n_samples, step):
            for signal in self.X[start : start + step]:
                yield from np.atleast_2d(signal)
            self.release()

    def release(self) -> None:
        """Release the memory of a mapped file."""
        drop_pages(self.X)

    def as_given(self, results: Array) -> Array:
        """Bring results to the library of the input."""
        return self._give_back(results)


class SignalCollection:
    """Signals of different lengths.

    Parameters
    ----------
    signals : sequence of ndarray of shape (n_channels, length)
        All with the same number of channels.
    n_channels : int
        This number, also for a collection without signals.
    """

    from_numpy = True
    library = "numpy"
    is_collection = True
    n_times: int | None = None

    def __init__(self, signals: Sequence[NDArray[Any]], n_channels: int) -> None:
        kinds = {signal.dtype.newbyteorder("=") for signal in signals}
        single = kinds == {np.dtype(np.float32)}
        self.dtype = np.dtype(np.float32 if single else np.float64)
        self.signals = signals
        self.n_samples, self.n_channels = len(signals), n_channels
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
        """Iterate over the rows."""
        return iter(self._rows)

    def release(self) -> None:
        """Do nothing, because the signals are in memory."""

    def as_given(self, results: Any) -> Any:
        """Bring results to the order of the input."""
        rank = np.empty_like(self._order)
        rank[self._order] = np.arange(self.n_samples)
        return results[rank] if isinstance(results, np.ndarray) else [results[i] for i in rank]


def as_index(rows: Rows) -> slice | NDArray[np.intp]:
    """Return the index that selects rows of an array, a slice if possible: it copies nothing."""
    return slice(rows.start, rows.stop) if isinstance(rows, range) else rows
