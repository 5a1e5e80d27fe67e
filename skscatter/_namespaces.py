"""The array operations that the cascade is written in, for each array library.

A namespace has the few operations below and nothing else, so that the cascade holds no branch on
the library that drives it. Outputs are written where the caller says (`out`), because fresh memory
for every intermediate result costs as much as the arithmetic.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import scipy.fft
from numpy.typing import DTypeLike, NDArray

Array = Any


class Namespace(Protocol):
    """What the cascade asks of an array library.

    ``real`` and ``complex`` arrays share one precision. Spectra are Fourier series coefficients:
    the forward transform divides by the length, the inverse does not, so that cutting a spectrum
    to fewer bins samples the same function more coarsely, with no factor.
    """

    dtype: np.dtype[Any]

    def asarray(self, values: NDArray[Any]) -> Array:
        """Bring constants of the transform (real) to the library and precision."""

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

    def filter(self, spectrum: Array, gains: Array, out: Array) -> None:
        """Multiply complex bins by real gains along the last axis."""

    def filter_add(self, spectrum: Array, gains: Array, out: Array) -> None:
        """Add the product of complex bins and real gains to `out`."""

    def rfft(self, a: Array) -> Array:
        """Fourier coefficients of real arrays at bins 0 to n // 2 along the last axis."""

    def ifft(self, a: Array) -> Array:
        """Sum the Fourier series along the last axis; may overwrite `a`."""

    def modulus(self, a: Array, out: Array) -> None:
        """Magnitude of complex numbers."""

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        """Matrix product of 2-D real arrays."""


class NumpyNamespace:
    """NumPy arrays of one precision, transformed by `scipy.fft`.

    Parameters
    ----------
    dtype : dtype-like
        float32 or float64.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.complex_dtype = np.result_type(self.dtype, np.complex64)

    def asarray(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(values, dtype=self.dtype)

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

    def filter(self, spectrum: NDArray[Any], gains: NDArray[Any], out: NDArray[Any]) -> None:
        np.multiply(spectrum.view(self.dtype), gains, out=out.view(self.dtype))

    def filter_add(self, spectrum: NDArray[Any], gains: NDArray[Any], out: NDArray[Any]) -> None:
        out = out.view(self.dtype)
        np.add(out, spectrum.view(self.dtype) * gains, out=out)

    def rfft(self, a: NDArray[Any]) -> NDArray[Any]:
        return scipy.fft.rfft(a, norm="forward")

    def ifft(self, a: NDArray[Any]) -> NDArray[Any]:
        return scipy.fft.ifft(a, norm="forward", overwrite_x=True)

    def modulus(self, a: NDArray[Any], out: NDArray[Any]) -> None:
        np.abs(a, out=out)

    def matmul(self, a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
        np.matmul(a, b, out=out)
