"""The array operations that the cascade uses.

A namespace has only the few operations below, so the cascade does not depend on the array library.
Operations write to `out` where memory matters: allocating memory for each intermediate result would
take as long as the arithmetic.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = Any

# Rows that an FFT in single precision computes at a time, in SIMD registers of 16 bytes. SciPy
# computes the rest one by one, where SciPy 1.18 rounds differently: a row would depend on the
# number of rows.
FFT_ROWS = 4


class Namespace(Protocol):
    """What the cascade needs from an array library.

    Real and complex arrays have the same precision. Spectra are Fourier series coefficients: the
    forward transform divides by the length, and the inverse does not. A spectrum cut to fewer bins
    is then the same function at fewer samples, without a factor.

    Attributes
    ----------
    dtype : dtype
        float32 or float64.
    chunk_bytes, batch_bytes : int
        Size of the spectra that a chunk of signals keeps for the second order, and of the bands
        in a batch.
    kept_bytes : int
        Size of a workspace that a worker may keep from one block to the next.
    kept_bins : int
        Number of bins of a band, for each use by a signal, up to which its values are kept.
    n_workers : int or None
        Blocks of signals to compute at a time. None if the user decides.
    out_of_memory : tuple of exception types
        Raised if a block is too large and a smaller one may succeed.
    """

    dtype: np.dtype[Any]
    chunk_bytes: int
    batch_bytes: int
    kept_bytes: int
    kept_bins: int
    n_workers: int | None
    out_of_memory: tuple[type[BaseException], ...]

    def __hash__(self) -> int:
        """Hash by identity, because constants are cached for each namespace."""

    def working(self, *, from_numpy: bool) -> AbstractContextManager[None]:
        """Context for the work on one block of signals, which come from NumPy or the library."""

    def free_bytes(self) -> int | None:
        """Memory that is free for blocks at present. None if the user decides."""

    def load(self, x: Array) -> Array:
        """Convert signals from NumPy or the library. May return `x` itself."""

    def to_numpy(self, a: Array) -> NDArray[Any]:
        """Convert results to NumPy."""

    def asarray(self, values: NDArray[Any]) -> Array:
        """Convert real constants of the transform to the library and precision."""

    def integers(self, values: NDArray[np.integer]) -> Array:
        """Convert integer constants, such as indices, to the library."""

    def gains(self, values: NDArray[Any]) -> Array:
        """Convert a filter's real values to the form that `filter` takes."""

    def complex_matrix(self, values: NDArray[Any]) -> Array:
        """Convert a complex matrix of the transform to the library and precision."""

    def empty(self, shape: Sequence[int]) -> Array:
        """Allocate a real array with undefined values."""

    def empty_complex(self, shape: Sequence[int]) -> Array:
        """Allocate a complex array with undefined values."""

    def flip(self, a: Array) -> Array:
        """Reverse the last axis."""

    def conj(self, a: Array, out: Array) -> None:
        """Take the complex conjugate."""

    def set_zero(self, a: Array) -> None:
        """Set complex numbers to zero."""

    def filter(self, spectrum: Array, gains: Array, out: Array) -> None:
        """Multiply complex bins by real gains along the last axis."""

    def filter_add(self, spectrum: Array, gains: Array, out: Array) -> None:
        """Add the product of complex bins and real gains to `out`."""

    def rfft(self, a: Array) -> Array:
        """Fourier coefficients of real arrays along the last axis, at bins 0 to ``n // 2``."""

    def ifft(self, a: Array) -> Array:
        """Sum the Fourier series along the last axis. May overwrite `a`."""

    def is_long(self, n: int) -> bool:
        """Whether an envelope of `n` samples takes longer to compute than its spectrum."""

    def envelope_spectra(self, bands: Array, n_bins: int, workspace: Array) -> Array:
        """Fourier coefficients of the envelopes of bands: ``rfft(modulus(ifft(bands)))``.

        At least the first `n_bins` of the ``n // 2 + 1`` bins are computed. May overwrite `bands`
        and `workspace`, a flat real array of `workspace_size` numbers for each row of bands. The
        result may be a view of it.
        """

    def workspace_size(self, n: int) -> int:
        """Real numbers of workspace that `envelope_spectra` needs for a band of `n` samples."""

    def modulus(self, a: Array, out: Array) -> None:
        """Take the magnitude of complex numbers."""

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        """Multiply a real array by a matrix or vector, in full precision."""

    def mix(self, matrix: Array, a: Array, out: Array) -> None:
        """Multiply a matrix by arrays along their last axis but one, in full precision."""

    def remove_negative(self, a: Array) -> None:
        """Set negative numbers to zero, in place."""

    def limit(self, a: Array, largest: float) -> None:
        """Clip numbers to the range from ``-largest`` to `largest`, in place."""

    def log(self, a: Array, out: Array) -> None:
        """Take the logarithm. `out` may be `a`."""

    def log_add(self, a: Array, log_b: float, out: Array) -> None:
        """Take the logarithm of ``a + exp(log_b)``, even if that sum is not representable."""

    def amax(self, a: Array) -> Array:
        """Largest value over the last axis."""

    def peak(self, a: Array) -> Array:
        """Largest magnitude over the last axis."""

    def take_along(self, a: Array, indices: Array) -> Array:
        """Values at `indices` along the last axis."""

    def powers_of_two(self, sizes: Array) -> tuple[Array, Array]:
        """Finite powers of two that scale the sizes to about 1, and their inverses."""
