"""The array operations of the cascade on NumPy arrays, with `scipy.fft`."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import DTypeLike, NDArray

from skscatter._scattering.namespace import FFT_ROWS

# Length from which a Fourier transform in two steps, of the square root of the length, is faster.
LONG = 2**17

# Samples of a long signal that are computed at a time, so that they stay in the L2 cache.
IN_CACHE = 2**15


class NumpyNamespace:
    """NumPy arrays of one precision, transformed by `scipy.fft`.

    Parameters
    ----------
    dtype : dtype-like
        float32 or float64.
    """

    # In smaller chunks calls cost more than arithmetic; larger ones do not fit in the cache.
    chunk_bytes = 12 * 2**20
    batch_bytes = 4 * 2**20

    # New memory from the system costs a tenth of the arithmetic.
    kept_bytes = 64 * 2**20

    kept_bins = 2**18

    n_workers: int | None = None
    out_of_memory: tuple[type[BaseException], ...] = ()

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.complex_dtype = np.result_type(self.dtype, np.complex64)
        self._tables: dict[tuple[int, int], tuple[NDArray[Any], NDArray[Any]]] = {}

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
        # Each value twice, to multiply real and imaginary parts as one real array. NumPy would
        # convert a real factor of a complex array first, at three times the arithmetic.
        return np.repeat(self.asarray(values), 2)

    def complex_matrix(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(values, dtype=self.complex_dtype)

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

    def rfft(self, a: NDArray[Any]) -> NDArray[Any]:
        return scipy.fft.rfft(a, norm="forward")

    def ifft(self, a: NDArray[Any]) -> NDArray[Any]:
        rows = a.reshape(-1, a.shape[-1])
        rest = len(rows) % FFT_ROWS if self.dtype == np.float32 else 0
        if not rest:
            return scipy.fft.ifft(a, norm="forward", overwrite_x=True)
        whole, last = rows[:-rest], rows[-rest:]
        full = np.zeros((FFT_ROWS, a.shape[-1]), a.dtype)
        full[:rest] = last
        if len(whole):
            result = scipy.fft.ifft(whole, norm="forward", overwrite_x=True)
            if not np.may_share_memory(result, whole):
                whole[...] = result
        last[...] = scipy.fft.ifft(full, norm="forward", overwrite_x=True)[:rest]
        return rows.reshape(a.shape)

    def is_long(self, n: int) -> bool:
        return n >= LONG

    def envelope_spectra(
        self, bands: NDArray[Any], n_bins: int, workspace: NDArray[Any]
    ) -> NDArray[Any]:
        if self.is_long(bands.shape[-1]):
            return self._long_envelope_spectra(bands, n_bins, workspace)
        U = workspace[: bands.size].reshape(bands.shape)
        self.modulus(self.ifft(bands), out=U)
        return self.rfft(U)

    def workspace_size(self, n: int) -> int:
        return n + 2 * _phases(n) if self.is_long(n) else n

    def _long_envelope_spectra(
        self, bands: NDArray[Any], n_bins: int, workspace: NDArray[Any]
    ) -> NDArray[Any]:
        """Compute `envelope_spectra` with short transforms, which stay in the cache.

        Bailey's four-step FFT (J. Supercomput. 4, 1990) of ``n = p * m`` samples: ``m`` transforms
        of length ``p``, a multiplication by twiddle factors, ``p`` transforms of length ``m``. It
        leaves sample ``i + p * t`` at ``[i, t]``. The modulus does not depend on the order, and the
        forward transform takes samples in this order. So everything between the twiddle factors of
        the two transforms is done for a few ``i`` at a time.
        """
        n = bands.shape[-1]
        p = _phases(n)
        m = n // p
        series = bands.reshape(*bands.shape[:-1], p, m)
        series = scipy.fft.ifft(series, axis=-2, norm="forward", overwrite_x=True)
        kept = min(n_bins, m // 2 + 1)
        shape = (*series.shape[:-1], kept)
        spectra = workspace.view(self.complex_dtype)[: math.prod(shape)].reshape(shape)
        coarse, fine = self._twiddles(p, m)
        step = max(1, IN_CACHE // m)
        for start in range(0, p, step):
            rows = slice(start, start + step)
            factors = coarse[rows, :, np.newaxis] * fine[rows, np.newaxis, :]
            factors = factors.reshape(-1, m)
            part = self.ifft(series[..., rows, :] * factors)
            np.multiply(
                self.rfft(np.abs(part))[..., :kept],
                np.conjugate(factors[:, :kept]),
                out=spectra[..., rows, :],
            )
        spectra = scipy.fft.fft(spectra, axis=-2, norm="forward", overwrite_x=True)
        # Bin r + m * q is at [q, r]. Bins with r beyond m / 2 are conjugates of bin n - r - m * q.
        if n_bins <= kept:
            return spectra[..., 0, :]
        q = -(-n_bins // m)
        bins = self.empty_complex((*bands.shape[:-1], q, m))
        bins[..., :kept] = spectra[..., :q, :]
        mirrored = spectra[..., p - q :, m // 2 - 1 : 0 : -1][..., ::-1, :]
        np.conjugate(mirrored, out=bins[..., kept:])
        return bins.reshape(*bands.shape[:-1], -1)

    def _twiddles(self, p: int, m: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Twiddle factors ``exp(2j pi i r / n)`` for ``i < p`` and ``r < m``, as two small tables.

        They are ``coarse[i, r // s] * fine[i, r % s]``, with s the width of `fine`.
        """
        if (p, m) not in self._tables:
            n, s = p * m, 2 ** (m.bit_length() // 2)
            i = np.arange(p)[:, np.newaxis]
            coarse, fine = (
                np.exp(2j * np.pi / n * (i * r % n)).astype(self.complex_dtype)
                for r in (np.arange(0, m, s), np.arange(s))
            )
            self._tables[p, m] = coarse, fine
        return self._tables[p, m]

    def modulus(self, a: NDArray[Any], out: NDArray[Any]) -> None:
        np.abs(a, out=out)

    def matmul(self, a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
        np.matmul(a, b, out=out)

    def mix(self, matrix: NDArray[Any], a: NDArray[Any], out: NDArray[Any]) -> None:
        np.matmul(matrix, a, out=out)

    def remove_negative(self, a: NDArray[Any]) -> None:
        np.maximum(a, 0, out=a)

    def limit(self, a: NDArray[Any], largest: float) -> None:
        np.clip(a, -largest, largest, out=a)

    def log(self, a: NDArray[Any], out: NDArray[Any]) -> None:
        np.log(a, out=out)

    def log_add(self, a: NDArray[Any], log_b: float, out: NDArray[Any]) -> None:
        with np.errstate(divide="ignore"):  # of zero
            np.log(a, out=out)
        np.logaddexp(out, np.asarray(log_b, self.dtype), out=out)

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


def _phases(n: int) -> int:
    """Largest power of two up to the square root of `n`, a power of two."""
    return 2 ** ((n.bit_length() - 1) // 2)
