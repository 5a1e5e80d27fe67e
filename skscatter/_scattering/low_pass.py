"""The low-pass and its subsampling, by what there is at hand: envelopes, or their spectra."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from skscatter._scattering.filters import Band, gauss_window, reach
from skscatter._scattering.layout import Grid
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.settings import SIGMA0
from skscatter._scattering.spectra import Filter, FoldedBand, Window, negligible

# Frames that are averaged with one matrix product, where there are more.
FRAMES = 64

# Frames beyond which a low-pass that reaches around the padded signal is no matrix.
MANY_FRAMES = 128

# Samples in the largest block, and points that they are put on: the polynomials of Chebyshev lose
# digits as the square of their degree.
LARGEST_BLOCK = 1024
MOST_NODES = 32


class LowPass(Protocol):
    """Averaging by phi, and sampling at the frames, of signals sampled every ``2**k``.

    Attributes
    ----------
    n_bins : int
        Bins of the spectra that it takes, from zero on; 0 if it takes samples.
    used : slice
        The samples that it takes (all of them, if it takes spectra).
    """

    n_bins: int
    used: slice

    def apply(self, U: Array, out: Array) -> None:
        """Average `U` of shape (..., n_bins or n_used) into `out` of shape (..., n_frames)."""


class SpectralLowPass:
    """The low-pass as a product of spectra, for signals whose spectra are at hand.

    Both spectra are conjugate symmetric, so the sum over all bins is the real part of the sum
    over those from zero on, with all but the first counted twice.
    """

    used = slice(None)

    def __init__(self, xp: Namespace, phi: Band, grid: Grid, k: int) -> None:
        self.xp = xp
        half = Band(0, phi.stop, lambda bins: np.where(bins > 0, 2, 1) * phi.formula(bins))
        self.n_hops = grid.n_padded // grid.stride
        self.window = Window(xp, [half], grid.n_padded >> k)
        self.n_bins = self.window.n_stored
        self.filter = Filter(FoldedBand(xp, half, self.n_hops), self.window)
        first = grid.first_frame // grid.stride
        self.frames = slice(first, first + grid.n_frames)

    def apply(self, U: Array, out: Array) -> None:
        bins = self.xp.empty_complex((*U.shape[:-1], self.window.n_bins))
        self.window.unfold(U, bins)
        hops = self.xp.empty_complex((*U.shape[:-1], self.n_hops))
        self.filter.apply(bins, hops)
        out[...] = self.xp.ifft(hops).real[..., self.frames]


class BlockLowPass:
    """The low-pass as two products of matrices.

    phi is a Gaussian broader than T, and so, over a block of samples that is shorter, a
    polynomial of low degree to rounding: a block's samples may as well lie on a few Chebyshev
    points. The first product puts them there (with Lagrange's polynomials), the second averages
    what lies there. Where that saves nothing a block is one sample, and the first product is
    left out.

    Frames repeat: a number of them, with the blocks that they reach, are averaged by one matrix,
    and all others by the same one.
    """

    n_bins = 0

    def __init__(
        self, xp: Namespace, sampled: "SampledGrid", frames: int = FRAMES, multiple: int = 1
    ) -> None:
        self.xp = xp
        self.n_frames = sampled.n_frames
        blocks = [2**i for i in range(LARGEST_BLOCK.bit_length())]
        tiling = min((Tiling(sampled, block, frames, multiple) for block in blocks), key=_cost)
        self.n_nodes = len(tiling.nodes)
        self.used = slice(
            tiling.first_block * tiling.block, (tiling.first_block + tiling.n_blocks) * tiling.block
        )
        self.gather = xp.asarray(tiling.gather()) if tiling.block > 1 else None
        self.average = xp.asarray(tiling.average())
        self.step = tiling.n_frames * sampled.stride // tiling.block * self.n_nodes
        self.tile = tiling.n_frames

    def apply(self, U: Array, out: Array) -> None:
        # Products stay apart by signal: BLAS rounds by the number of rows and their places, and
        # the features of a signal must not depend on its neighbours.
        xp = self.xp
        if self.gather is not None:
            blocks = U.reshape(*U.shape[:-1], -1, len(self.gather))
            gathered = xp.empty((*blocks.shape[:-1], self.n_nodes))
            xp.matmul(blocks, self.gather, out=gathered)
            U = gathered.reshape(*U.shape[:-1], -1)
        for i, frame in enumerate(range(0, self.n_frames, self.tile)):
            part = U[..., i * self.step : i * self.step + len(self.average)]
            target = out[..., frame : frame + self.tile]
            xp.matmul(part, self.average[: part.shape[-1], : target.shape[-1]], out=target)


class SampledGrid:
    """Where samples and frames lie at a rate, and how far phi reaches, in samples of that rate."""

    def __init__(self, T: float, grid: Grid, k: int, share: float) -> None:
        self.share = share
        self.n = grid.n_padded >> k
        self.sigma = SIGMA0 / T * 2**k
        self.reached = math.ceil(reach(share) / (2 * math.pi * self.sigma))
        self.stride = grid.stride >> k
        self.first = grid.first_frame >> k
        self.n_frames = grid.n_frames
        self.last = self.first + (self.n_frames - 1) * self.stride
        self.wraps = self.first < self.reached or self.n <= self.last + self.reached

    def phi(self, t: NDArray[np.floating]) -> NDArray[np.float64]:
        """The low-pass, which repeats with the padded length."""
        periods = -(-self.reached // self.n) + 1 if self.wraps else 0
        return sum(  # type: ignore[return-value]
            gauss_window(t + p * self.n, self.sigma) for p in range(-periods, periods + 1)
        )


class Tiling:
    """Samples in blocks of `block`, a power of two, and frames in tiles that repeat.

    Attributes
    ----------
    nodes : ndarray of shape (n_nodes,)
        Points in a block that its samples are put on.
    first_block, n_blocks : int
        The blocks that are averaged.
    n_frames : int
        Frames of a tile.
    tile_blocks : int
        Blocks that they reach.
    """

    def __init__(
        self, sampled: SampledGrid, block: int, frames: int = FRAMES, multiple: int = 1
    ) -> None:
        self.sampled, self.block = sampled, block
        half = (block - 1) / 2
        n_nodes = -(-self._n_nodes() // multiple) * multiple if block > 1 else 1
        order = np.arange(n_nodes) + 0.5
        self.angles = np.pi / len(order) * order
        self.nodes = half + half * np.cos(self.angles)
        self.n_frames = max(frames, block // sampled.stride)
        if sampled.wraps or sampled.n_frames <= self.n_frames:
            self.n_frames = sampled.n_frames
        if sampled.wraps:
            self.first_block, self.n_blocks = 0, sampled.n // block
            self.tile_blocks = self.n_blocks
        else:
            self.first_block = (sampled.first - sampled.reached) // block
            self.n_blocks = (sampled.last + sampled.reached) // block + 1 - self.first_block
            end = sampled.first + (self.n_frames - 1) * sampled.stride + sampled.reached
            self.tile_blocks = end // block + 1 - self.first_block

    def _n_nodes(self) -> int:
        """Points that lose no more than the share of phi's peak.

        A Gaussian of standard deviation s has an m-th derivative of at most sqrt(m!) / s**m
        (Cramér), so m Chebyshev points on an interval of half-width h leave an error of at most
        2 (h / 2s)**m / sqrt(m!).
        """
        ratio = (self.block - 1) / 2 * math.pi * self.sampled.sigma
        m, error = 1, ratio
        while error > self.sampled.share / 2 and m < min(self.block, MOST_NODES):
            m += 1
            error *= ratio / math.sqrt(m)
        return m

    def gather(self) -> NDArray[np.float64]:
        """Lagrange's polynomials of the nodes at the samples, of shape (block, n_nodes).

        Made of Chebyshev's, which are orthogonal over the nodes.
        """
        m = len(self.nodes)
        degrees = np.arange(m)
        at_samples = np.arccos(np.linspace(-1, 1, self.block))[:, np.newaxis] * degrees
        at_nodes = self.angles[:, np.newaxis] * degrees
        weights = np.where(degrees > 0, 2, 1) / m
        return (np.cos(at_samples) * weights) @ np.cos(at_nodes).T

    def average(self) -> NDArray[np.float64]:
        """Average of what lies on the nodes, of shape (tile_blocks * n_nodes, n_frames)."""
        blocks = self.first_block + np.arange(self.tile_blocks)
        positions = (blocks[:, np.newaxis] * self.block + self.nodes).ravel()
        frames = self.sampled.first + np.arange(self.n_frames) * self.sampled.stride
        return self.sampled.phi(frames - positions[:, np.newaxis])


def _cost(tiling: Tiling) -> float:
    """Products a signal, of both matrices; infinite where blocks are of no use."""
    m, n_tiles = len(tiling.nodes), -(-tiling.sampled.n_frames // tiling.n_frames)
    average = n_tiles * tiling.tile_blocks * m * tiling.n_frames
    if tiling.block == 1:
        return average
    if m >= min(tiling.block, MOST_NODES) or tiling.sampled.n < tiling.block:
        return math.inf
    return tiling.n_blocks * tiling.block * m + average


def low_pass(
    xp: Namespace,
    phi: Band,
    T: float,
    grid: Grid,
    k: int,
    spectrum_at_hand: bool,
    *,
    frames: int = FRAMES,
    multiple: int = 1,
) -> LowPass:
    """Build the low-pass at a rate in the form that costs less.

    Matrices average some `frames` at a time, and gather a `multiple` of nodes.
    """
    sampled = SampledGrid(T, grid, k, negligible(xp.dtype))
    many = sampled.wraps and sampled.n_frames > MANY_FRAMES
    if spectrum_at_hand or many or xp.is_long(sampled.n):
        return SpectralLowPass(xp, phi, grid, k)
    return BlockLowPass(xp, sampled, frames, multiple)
