"""The array operations that the cascade is written in.

A namespace has the few operations below and nothing else, so that the cascade holds no branch on
the library that drives it. Outputs are written where the caller says (`out`), because fresh memory
for every intermediate result costs as much as the arithmetic.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = Any


class Namespace(Protocol):
    """What the cascade asks of an array library.

    ``real`` and ``complex`` arrays share one precision. Spectra are Fourier series coefficients:
    the forward transform divides by the length, the inverse does not, so that cutting a spectrum
    to fewer bins samples the same function more coarsely, with no factor.

    Attributes
    ----------
    dtype : dtype
        float32 or float64.
    chunk_bytes, batch_bytes : int
        Spectra that a chunk of signals keeps for the second order, and bands in a batch.
    kept_bytes : int
        Work space that a thread may keep from one call to the next.
    kept_bins : int
        Bins of a band whose values are worth keeping for each use that a signal makes of it.
    n_workers : int or None
        Blocks of signals to have under way at a time; None for as many as the user says.
    out_of_memory : tuple of exception types
        Raised when a block is too large, but a smaller one may not be.
    """

    dtype: np.dtype[Any]
    chunk_bytes: int
    batch_bytes: int
    kept_bytes: int
    kept_bins: int
    n_workers: int | None
    out_of_memory: tuple[type[BaseException], ...]

    def __hash__(self) -> int:
        """Identity: constants are cached for each namespace."""

    def working(self, *, from_numpy: bool) -> AbstractContextManager[None]:
        """Context of all work on one block of signals, which come from NumPy or do not."""

    def free_bytes(self) -> int | None:
        """Memory that blocks under way may take at present; None where the user says how much."""

    def load(self, x: Array) -> Array:
        """Bring signals, from NumPy or from the library itself; may return `x`."""

    def to_numpy(self, a: Array) -> NDArray[Any]:
        """Bring results to NumPy."""

    def asarray(self, values: NDArray[Any]) -> Array:
        """Bring constants of the transform (real) to the library and precision."""

    def integers(self, values: NDArray[np.integer]) -> Array:
        """Bring integer constants, indices among them, to the library."""

    def gains(self, values: NDArray[Any]) -> Array:
        """Bring a filter's real values to the form that `filter` takes."""

    def empty(self, shape: Sequence[int]) -> Array:
        """New real array, its values undefined."""

    def empty_complex(self, shape: Sequence[int]) -> Array:
        """New complex array, its values undefined."""

    def flip(self, a: Array) -> Array:
        """Reverse the last axis."""

    def conj(self, a: Array, out: Array) -> None:
        """Complex conjugate."""

    def set_zero(self, a: Array) -> None:
        """Set complex numbers to zero."""

    def filter(self, spectrum: Array, gains: Array, out: Array) -> None:
        """Multiply complex bins by real gains along the last axis."""

    def filter_add(self, spectrum: Array, gains: Array, out: Array) -> None:
        """Add the product of complex bins and real gains to `out`."""

    def rfft(self, a: Array) -> Array:
        """Fourier coefficients of real arrays at bins 0 to n // 2 along the last axis."""

    def ifft(self, a: Array) -> Array:
        """Sum the Fourier series along the last axis; may overwrite `a`."""

    def is_long(self, n: int) -> bool:
        """Whether the spectrum of an envelope of `n` samples takes less time than its samples."""

    def envelope_spectra(self, bands: Array, n_bins: int, room: Array) -> Array:
        """Fourier coefficients of the magnitude of Fourier series.

        ``rfft(modulus(ifft(bands)))``, of which the bins from 0 to at least `n_bins`, of the
        ``n // 2 + 1`` that there are, have to be right. May overwrite `bands`, and `room`, a flat
        real array of `workspace_size` numbers for each row of bands, which the result may lie in.
        """

    def workspace_size(self, n: int) -> int:
        """Real numbers that `envelope_spectra` has use for, for bands of `n` numbers."""

    def modulus(self, a: Array, out: Array) -> None:
        """Magnitude of complex numbers."""

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        """Product of a real array with a matrix or vector, in full precision."""

    def remove_negative(self, a: Array) -> None:
        """Set what is below zero to zero, in device."""

    def limit(self, a: Array, largest: float) -> None:
        """Set what is beyond ``-largest`` or `largest` to these, in place."""

    def log(self, a: Array, out: Array) -> None:
        """Logarithm; `out` may be `a`."""

    def log_add(self, a: Array, log_b: float, out: Array) -> None:
        """Logarithm of ``a + exp(log_b)``, where the sum may leave the range of its precision."""

    def amax(self, a: Array) -> Array:
        """Largest value over the last axis."""

    def peak(self, a: Array) -> Array:
        """Largest magnitude over the last axis."""

    def take_along(self, a: Array, indices: Array) -> Array:
        """Values at `indices` along the last axis."""

    def powers_of_two(self, sizes: Array) -> tuple[Array, Array]:
        """For each size the power of two that brings it near 1, and the inverse, both finite."""
