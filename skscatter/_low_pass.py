"""The low-pass and its subsampling: one real matrix for each rate, or a product of spectra."""

from typing import Protocol

import numpy as np

from skscatter._filters import Band
from skscatter._namespaces import Array, Namespace
from skscatter._settings import Layout
from skscatter._spectra import Filter, Window, negligible

# The low-pass is a matrix up to this many frames and matrix elements, and FFTs beyond.
MATRIX_FRAMES = 128
MATRIX_ELEMENTS = 2**22


class LowPass(Protocol):
    """Averaging by phi, and sampling at the frames, of signals sampled every ``2**k``."""

    def apply(self, U: Array, out: Array) -> None:
        """Average `U` of shape (n_rows, n) into `out` of shape (n_rows, n_frames)."""


class MatrixLowPass:
    """The low-pass as a real matrix: one column for each frame."""

    def __init__(self, xp: Namespace, phi: Band, layout: Layout, k: int) -> None:
        self.xp = xp
        n = layout.n_padded >> k
        folded = np.zeros(n)
        np.add.at(folded, np.arange(phi.start, phi.stop) % n, phi.values)
        # phi is a Gaussian: what is below zero is rounding, and would make S negative.
        phi_k = np.maximum(np.fft.ifft(folded).real, 0)
        frames = (layout.first_frame + layout.stride * np.arange(layout.n_frames)) // 2**k
        matrix = phi_k[(frames - np.arange(n)[:, np.newaxis]) % n]
        used = np.flatnonzero(matrix.max(axis=1) > negligible(xp.dtype) * phi_k.max())
        self.used = slice(int(used[0]), int(used[-1]) + 1)
        self.matrix = xp.asarray(matrix[self.used])

    def apply(self, U: Array, out: Array) -> None:
        self.xp.matmul(U[:, self.used], self.matrix, out=out)


class SpectralLowPass:
    """The low-pass as a product of spectra, for frames so many that a matrix would be large.

    Both spectra are conjugate symmetric, so the sum over all bins is the real part of the sum
    over those from zero on, with all but the first counted twice.
    """

    def __init__(self, xp: Namespace, phi: Band, layout: Layout, k: int) -> None:
        self.xp = xp
        weights = np.where(np.arange(phi.stop) > 0, 2, 1)
        half = Band(0, phi.values[-phi.start :] * weights)
        self.n_hops = layout.n_padded // layout.stride
        self.window = Window(xp, [half], layout.n_padded >> k)
        self.filter = Filter(xp, half, self.window, self.n_hops)
        first = layout.first_frame // layout.stride
        self.frames = slice(first, first + layout.n_frames)

    def apply(self, U: Array, out: Array) -> None:
        bins = self.xp.empty_complex((len(U), self.window.n_bins))
        self.window.unfold(self.xp.rfft(U), bins)
        hops = self.xp.empty_complex((len(U), self.n_hops))
        self.filter.apply(bins, hops)
        out[...] = self.xp.ifft(hops).real[:, self.frames]


def low_pass(xp: Namespace, phi: Band, layout: Layout, k: int) -> LowPass:
    """Build the low-pass at a rate in the form that costs less."""
    n_elements = layout.n_frames * (layout.n_padded >> k)
    if layout.n_frames <= MATRIX_FRAMES and n_elements <= MATRIX_ELEMENTS:
        return MatrixLowPass(xp, phi, layout, k)
    return SpectralLowPass(xp, phi, layout, k)
