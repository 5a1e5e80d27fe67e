"""The array operations that the cascade is written in, for each array library.

A namespace has the few operations below and nothing else, so that the cascade holds no branch on
the library that drives it. Outputs are written where the caller says (`out`), because fresh memory
for every intermediate result costs as much as the arithmetic.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np
import scipy.fft
from numpy.typing import DTypeLike, NDArray

Array = Any

# Samples from which on a Fourier transform by two steps of its square root is faster.
LONG = 2**17


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
        The longest band whose values are kept; those of longer ones are computed as needed.
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

    def phases(self, n: int) -> int:
        """Phases that Fourier transforms take and leave `n` samples in.

        Of ``p`` phases, sample ``i + p * t`` lies at ``[..., i, t]``.
        """

    def rfft(self, a: Array, n_bins: int) -> Array:
        """Fourier coefficients, at bins 0 to at least `n_bins`, of real samples.

        Of shape (..., n_phases, n // n_phases); the result has one axis less. There are
        ``n // 2 + 1`` bins to have.
        """

    def ifft(self, a: Array) -> Array:
        """Sum the Fourier series along the last axis, into phases; may overwrite `a`."""

    def modulus(self, a: Array, out: Array) -> None:
        """Magnitude of complex numbers."""

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        """Product of a real array with a matrix or vector, in full precision."""

    def remove_negative(self, a: Array) -> None:
        """Set what is below zero to zero, in place."""

    def log(self, a: Array, out: Array) -> None:
        """Logarithm; `out` may be `a`."""

    def amax(self, a: Array) -> Array:
        """Largest value over the last axis."""

    def peak(self, a: Array) -> Array:
        """Largest magnitude over the last axis."""

    def take_along(self, a: Array, indices: Array) -> Array:
        """Values at `indices` along the last axis."""

    def powers_of_two(self, sizes: Array) -> tuple[Array, Array]:
        """For each size the power of two that brings it near 1, and the inverse, both finite."""


class NumpyNamespace:
    """NumPy arrays of one precision, transformed by `scipy.fft`.

    Parameters
    ----------
    dtype : dtype-like
        float32 or float64.
    """

    # Smaller ones make more calls than arithmetic, larger ones leave the cache.
    chunk_bytes = 12 * 2**20
    batch_bytes = 4 * 2**20

    # Memory that is fresh from the system costs as much as a tenth of the arithmetic.
    kept_bytes = 64 * 2**20

    kept_bins = 2**18

    n_workers: int | None = None
    out_of_memory: tuple[type[BaseException], ...] = ()

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.complex_dtype = np.result_type(self.dtype, np.complex64)
        self._tables: dict[int, tuple[NDArray[Any], ...]] = {}

    def working(self, *, from_numpy: bool) -> AbstractContextManager[None]:
        return nullcontext()

    def free_bytes(self) -> int | None:
        return None

    def load(self, x: NDArray[Any]) -> NDArray[Any]:
        return x.astype(self.dtype, copy=False)

    def to_numpy(self, a: NDArray[Any]) -> NDArray[Any]:
        return a

    def asarray(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(values, dtype=self.dtype)

    def integers(self, values: NDArray[np.integer]) -> NDArray[np.integer]:
        return values

    def gains(self, values: NDArray[Any]) -> NDArray[Any]:
        # Each value twice, to multiply real and imaginary parts as one real array: a product of
        # a complex and a real array would go through a conversion and three times the arithmetic.
        return np.repeat(self.asarray(values), 2)

    def empty(self, shape: Sequence[int]) -> NDArray[Any]:
        return np.empty(shape, self.dtype)

    def empty_complex(self, shape: Sequence[int]) -> NDArray[Any]:
        return np.empty(shape, self.complex_dtype)

    def flip(self, a: NDArray[Any]) -> NDArray[Any]:
        return a[..., ::-1]

    def conj(self, a: NDArray[Any], out: NDArray[Any]) -> None:
        np.conjugate(a, out=out)

    def set_zero(self, a: NDArray[Any]) -> None:
        a.view(self.dtype)[...] = 0  # twice as fast as with complex zeros

    def filter(self, spectrum: NDArray[Any], gains: NDArray[Any], out: NDArray[Any]) -> None:
        np.multiply(spectrum.view(self.dtype), gains, out=out.view(self.dtype))

    def filter_add(self, spectrum: NDArray[Any], gains: NDArray[Any], out: NDArray[Any]) -> None:
        out = out.view(self.dtype)
        np.add(out, spectrum.view(self.dtype) * gains, out=out)

    def phases(self, n: int) -> int:
        return 1 if n < LONG else 2 ** ((n.bit_length() - 1) // 2)

    def rfft(self, a: NDArray[Any], n_bins: int) -> NDArray[Any]:
        p, m = a.shape[-2:]
        spectra = scipy.fft.rfft(a, norm="forward")
        if p == 1:
            return spectra[..., 0, :]
        # Bin m * q + r, of which r up to m / 2 is there; the others are conjugates of bins m * q'
        # + m - r.
        spectra = spectra[..., :n_bins]
        self._turn(spectra, p * m, forward=True)
        spectra = scipy.fft.fft(spectra, axis=-2, norm="forward", overwrite_x=True)
        if n_bins <= m // 2 + 1:
            return spectra[..., 0, :]
        rows = -(-n_bins // m)
        bins = self.empty_complex((*a.shape[:-2], rows, m))
        bins[..., : m // 2 + 1] = spectra[..., :rows, :]
        np.conjugate(
            spectra[..., p - rows :, m // 2 - 1 : 0 : -1][..., ::-1, :], out=bins[..., m // 2 + 1 :]
        )
        return bins.reshape(*a.shape[:-2], -1)

    def ifft(self, a: NDArray[Any]) -> NDArray[Any]:
        n = a.shape[-1]
        p = self.phases(n)
        samples = a.reshape(*a.shape[:-1], p, n // p)
        if p > 1:
            samples = scipy.fft.ifft(samples, axis=-2, norm="forward", overwrite_x=True)
            self._turn(samples, n, forward=False)
        return scipy.fft.ifft(samples, norm="forward", overwrite_x=True)

    def _turn(self, a: NDArray[Any], n: int, *, forward: bool) -> None:
        """Multiply ``a[..., i, r]`` by ``exp(2 pi i i r / n)``, or its conjugate if `forward`.

        Bailey's four-step FFT (J. Supercomput. 4, 1990) turns so between its two steps. The
        factors are made of two small tables, a few rows at a time.
        """
        coarse, fine = self._turns(n)
        step = max(1, 2**16 // a.shape[-1])
        for start in range(0, a.shape[-2], step):
            rows = slice(start, start + step)
            factors = coarse[rows, :, np.newaxis] * fine[rows, np.newaxis, :]
            factors = factors.reshape(len(factors), -1)[:, : a.shape[-1]]
            if forward:
                np.conjugate(factors, out=factors)
            a[..., rows, :] *= factors

    def _turns(self, n: int) -> tuple[NDArray[Any], ...]:
        """Tables whose products are the factors at ``r = r1 * len(fine) + r0``."""
        if n not in self._tables:
            p = self.phases(n)
            size = 2 ** ((n // p).bit_length() // 2)
            i = np.arange(p)[:, np.newaxis]
            self._tables[n] = tuple(
                np.exp(2j * np.pi / n * (i * r % n)).astype(self.complex_dtype)
                for r in (np.arange(0, n // p, size), np.arange(size))
            )
        return self._tables[n]

    def modulus(self, a: NDArray[Any], out: NDArray[Any]) -> None:
        np.abs(a, out=out)

    def matmul(self, a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
        np.matmul(a, b, out=out)

    def remove_negative(self, a: NDArray[Any]) -> None:
        np.maximum(a, 0, out=a)

    def log(self, a: NDArray[Any], out: NDArray[Any]) -> None:
        np.log(a, out=out)

    def amax(self, a: NDArray[Any]) -> NDArray[Any]:
        return a.max(axis=-1)

    def peak(self, a: NDArray[Any]) -> NDArray[Any]:
        return np.maximum(a.max(axis=-1), -a.min(axis=-1))

    def take_along(self, a: NDArray[Any], indices: NDArray[np.integer]) -> NDArray[Any]:
        return np.take_along_axis(a, indices, axis=-1)

    def powers_of_two(self, sizes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        limit = np.finfo(self.dtype).maxexp - 2  # scales beyond would not be finite
        exponent = np.clip(np.frexp(sizes)[1], -limit, limit)
        one = self.dtype.type(1)
        return np.ldexp(one, -exponent), np.ldexp(one, exponent)
