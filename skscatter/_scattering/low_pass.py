"""The low-pass and its subsampling, in two forms.

`SpectralLowPass` takes the spectra of envelopes, and `BlockLowPass` takes their samples.
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from skscatter._scattering.filters import Band, gauss_window, reach
from skscatter._scattering.layout import Grid
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.settings import SIGMA0
from skscatter._scattering.spectra import Filter, FoldedBand, Window, negligible

TILE_FRAMES = 64  # frames that one matrix product averages, if there are more

# A low-pass that wraps around the padded signal needs one matrix for all frames. Beyond this number
# of frames the product of spectra takes less time.
MAX_WRAPPED_FRAMES = 128

# Samples of the largest block, and nodes that represent it. Chebyshev polynomials lose digits with
# the square of their degree.
MAX_BLOCK = 1024
MAX_NODES = 32


class LowPass(Protocol):
    """Average signals with phi, and sample the averages at the frames.

    Attributes
    ----------
    n_bins : int
        Bins of the spectra that it uses, from zero on. 0 if it takes samples.
    used : slice
        Samples of the grid that it uses. All of them if it takes spectra.
    """

    n_bins: int
    used: slice

    def apply(self, U: Array, out: Array) -> None:
        """Average `U` of shape (..., n_bins or n_used) into `out` of shape (..., n_frames)."""


class SpectralLowPass:
    """The low-pass as a product of spectra.

    Both spectra are conjugate symmetric. The sum over all bins is therefore the real part of the
    sum over bins from zero on, in which all bins but the first count twice.
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
    """The low-pass as two matrix products.

    phi is a Gaussian, broader than T. Over a block of samples that is shorter than T, it equals a
    polynomial of low degree to rounding. The samples of a block can therefore be replaced by
    values at a few Chebyshev nodes. The first product computes these values, with Lagrange
    polynomials. The second product averages them. If blocks save no work, a block is one sample
    and there is no first product.

    Frames are divided into tiles. One matrix averages all of them, because each tile and the blocks
    within its reach are a shifted copy of the first.
    """

    n_bins = 0

    def __init__(
        self,
        xp: Namespace,
        sampled: "SampledGrid",
        tile_frames: int = TILE_FRAMES,
        node_multiple: int = 1,
    ) -> None:
        self.xp = xp
        self.n_frames = sampled.n_frames
        blocks = [2**i for i in range(MAX_BLOCK.bit_length())]
        tiling = min(
            (Tiling(sampled, block, tile_frames, node_multiple) for block in blocks), key=_cost
        )
        self.n_nodes = len(tiling.nodes)
        self.used = slice(
            tiling.first_block * tiling.block, (tiling.first_block + tiling.n_blocks) * tiling.block
        )
        self.to_nodes = xp.asarray(tiling.samples_to_nodes()) if tiling.block > 1 else None
        self.to_frames = xp.asarray(tiling.nodes_to_frames())
        self.step = tiling.n_frames * sampled.stride // tiling.block * self.n_nodes
        self.tile = tiling.n_frames

    def apply(self, U: Array, out: Array) -> None:
        # Each signal has products of its own. The rounding of BLAS depends on the number of rows
        # and on their positions, and the features of a signal must not depend on its neighbours.
        xp = self.xp
        if self.to_nodes is not None:
            blocks = U.reshape(*U.shape[:-1], -1, len(self.to_nodes))
            gathered = xp.empty((*blocks.shape[:-1], self.n_nodes))
            xp.matmul(blocks, self.to_nodes, out=gathered)
            U = gathered.reshape(*U.shape[:-1], -1)
        for i, frame in enumerate(range(0, self.n_frames, self.tile)):
            part = U[..., i * self.step : i * self.step + len(self.to_frames)]
            target = out[..., frame : frame + self.tile]
            xp.matmul(part, self.to_frames[: part.shape[-1], : target.shape[-1]], out=target)


class SampledGrid:
    """The grid and phi at one rate, where every ``2**k``-th sample is kept.

    Attributes
    ----------
    share : float
        Share of phi's peak that is negligible.
    n, stride, n_frames : int
        Padded length, samples between frames, and frames.
    sigma : float
        Bandwidth of phi, in cycles per sample.
    reach : int
        Samples on each side of its centre where phi is not negligible.
    first, last : int
        Positions of the first and the last frame.
    wraps : bool
        Whether phi at a frame reaches beyond the ends of the grid, which is periodic.
    """

    def __init__(self, T: float, grid: Grid, k: int, share: float) -> None:
        self.share = share
        self.n = grid.n_padded >> k
        self.sigma = SIGMA0 / T * 2**k
        self.reach = math.ceil(reach(share) / (2 * math.pi * self.sigma))
        self.stride = grid.stride >> k
        self.first = grid.first_frame >> k
        self.n_frames = grid.n_frames
        self.last = self.first + (self.n_frames - 1) * self.stride
        self.wraps = self.first < self.reach or self.n <= self.last + self.reach

    def phi(self, t: NDArray[np.floating]) -> NDArray[np.float64]:
        """Values of phi at times `t`, with the period of the grid."""
        periods = -(-self.reach // self.n) + 1 if self.wraps else 0
        return sum(  # type: ignore[return-value]
            gauss_window(t + p * self.n, self.sigma) for p in range(-periods, periods + 1)
        )


class Tiling:
    """Samples divided into blocks of `block`, a power of two, and frames divided into tiles.

    Attributes
    ----------
    nodes : ndarray of shape (n_nodes,)
        Positions of the Chebyshev nodes in a block.
    first_block, n_blocks : int
        The blocks within reach of the frames.
    n_frames : int
        Frames of a tile.
    tile_blocks : int
        Blocks within reach of a tile.
    """

    def __init__(
        self,
        sampled: SampledGrid,
        block: int,
        tile_frames: int = TILE_FRAMES,
        node_multiple: int = 1,
    ) -> None:
        self.sampled, self.block = sampled, block
        half = (block - 1) / 2
        n_nodes = -(-self._n_nodes() // node_multiple) * node_multiple if block > 1 else 1
        order = np.arange(n_nodes) + 0.5
        self.angles = np.pi / len(order) * order
        self.nodes = half + half * np.cos(self.angles)
        self.n_frames = max(tile_frames, block // sampled.stride)
        if sampled.wraps or sampled.n_frames <= self.n_frames:
            self.n_frames = sampled.n_frames
        if sampled.wraps:
            self.first_block, self.n_blocks = 0, sampled.n // block
            self.tile_blocks = self.n_blocks
        else:
            self.first_block = (sampled.first - sampled.reach) // block
            self.n_blocks = (sampled.last + sampled.reach) // block + 1 - self.first_block
            end = sampled.first + (self.n_frames - 1) * sampled.stride + sampled.reach
            self.tile_blocks = end // block + 1 - self.first_block

    def _n_nodes(self) -> int:
        """Smallest number of nodes whose error is negligible.

        The m-th derivative of a Gaussian with standard deviation s is at most sqrt(m!) / s**m
        (Cramér's inequality). Interpolation at m Chebyshev nodes on an
        interval of half-width h then has an error of at most 2 (h / 2s)**m / sqrt(m!).
        """
        ratio = (self.block - 1) / 2 * math.pi * self.sampled.sigma
        m, error = 1, ratio
        while error > self.sampled.share / 2 and m < min(self.block, MAX_NODES):
            m += 1
            error *= ratio / math.sqrt(m)
        return m

    def samples_to_nodes(self) -> NDArray[np.float64]:
        """Lagrange polynomials of the nodes at the samples, of shape (block, n_nodes).

        They are sums of Chebyshev polynomials, which are orthogonal over the nodes.
        """
        m = len(self.nodes)
        degrees = np.arange(m)
        at_samples = np.arccos(np.linspace(-1, 1, self.block))[:, np.newaxis] * degrees
        at_nodes = self.angles[:, np.newaxis] * degrees
        weights = np.where(degrees > 0, 2, 1) / m
        return (np.cos(at_samples) * weights) @ np.cos(at_nodes).T

    def nodes_to_frames(self) -> NDArray[np.float64]:
        """Values of phi from nodes to frames, of shape (tile_blocks * n_nodes, n_frames)."""
        blocks = self.first_block + np.arange(self.tile_blocks)
        positions = (blocks[:, np.newaxis] * self.block + self.nodes).ravel()
        frames = self.sampled.first + np.arange(self.n_frames) * self.sampled.stride
        return self.sampled.phi(frames - positions[:, np.newaxis])


def _cost(tiling: Tiling) -> float:
    """Multiplications per signal, in both products. Infinite if blocks of this size do not help."""
    m, n_tiles = len(tiling.nodes), -(-tiling.sampled.n_frames // tiling.n_frames)
    average = n_tiles * tiling.tile_blocks * m * tiling.n_frames
    if tiling.block == 1:
        return average
    if m >= min(tiling.block, MAX_NODES) or tiling.sampled.n < tiling.block:
        return math.inf
    return tiling.n_blocks * tiling.block * m + average


def low_pass(
    xp: Namespace,
    phi: Band,
    T: float,
    grid: Grid,
    k: int,
    has_spectrum: bool,
    *,
    tile_frames: int = TILE_FRAMES,
    node_multiple: int = 1,
) -> LowPass:
    """Build the low-pass at one rate, in the form that takes less time.

    Parameters
    ----------
    xp : Namespace
        Array operations.
    phi : Band
        The low-pass.
    T : float
        Its averaging scale, in samples of the signal.
    grid : Grid
        Padded length and frames.
    k : int
        Envelopes are sampled every ``2**k`` samples.
    has_spectrum : bool
        Whether the spectra of the envelopes are computed anyway.
    tile_frames : int
        Frames of a tile.
    node_multiple : int
        The number of nodes of a block is rounded up to a multiple of this.
    """
    sampled = SampledGrid(T, grid, k, negligible(xp.dtype))
    matrix_is_large = sampled.wraps and sampled.n_frames > MAX_WRAPPED_FRAMES
    if has_spectrum or matrix_is_large or xp.is_long(sampled.n):
        return SpectralLowPass(xp, phi, grid, k)
    return BlockLowPass(xp, sampled, tile_frames, node_multiple)
