"""Build the tables of the compiled cascade, and call it."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.compiled.fourier import COMPLEX, digit_reversed, twiddle_table
from skscatter._backends.compiled.kernel import (
    BAND,
    COLUMNS,
    LOW_PASS,
    PATH,
    compiled_scatter,
    scatter_signature,
)
from skscatter._backends.compiled.vectors import LANES
from skscatter._scattering.cascade import pad
from skscatter._scattering.filters import filter_bank
from skscatter._scattering.layout import Grid, Groups
from skscatter._scattering.low_pass import BlockLowPass, LowPass, SpectralLowPass, low_pass
from skscatter._scattering.namespace import Namespace
from skscatter._scattering.paths import paths_of
from skscatter._scattering.settings import Settings
from skscatter._scattering.spectra import Window, negligible
from skscatter._scattering.workspace import Workspaces

# Padded samples per lane in a chunk of signals: some milliseconds of computation.
SAMPLES_PER_CHUNK = 2**14

# Longest padded signals. Eight envelopes of longer signals fit no cache, and take more memory
# than the workspace in which NumPy computes one signal.
MAX_PADDED = 2**18


def supports(settings: Settings, grid: Grid) -> bool:
    """Whether the compiled cascade can transform signals on a grid.

    It cannot if the padded length is above `MAX_PADDED`, or if an envelope may have a single
    sample, which has no even and odd half. The answer depends on the settings, which are the same
    for all signals, and on the padded length, which follows from a signal's own length. It must
    not depend on the number of signals or on other signals, or the last bits of a signal's
    features would depend on its neighbours.
    """
    if settings.joint is not None:
        return False
    coarsest = min(settings.log2_T, settings.log2_stride)
    return grid.n_padded >> coarsest >= 2 and grid.n_padded <= MAX_PADDED


def copies_in_lanes(n_signals: int) -> int:
    """How many copies of up to `LANES` signals fit the lanes: a power of two."""
    return LANES >> (n_signals - 1).bit_length()


class Constants:
    """Filters and matrices in one flat array."""

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []
        self.size = 0

    def add(self, values: NDArray[Any]) -> int:
        """Append `values`, and return the index of the first."""
        start = self.size
        self.arrays.append(np.ravel(values))
        self.size += values.size
        return start


class CompiledCascade:
    """The scattering transform of signals on one grid, one signal per SIMD lane.

    It computes what `skscatter._scattering.cascade.Cascade` computes. Eight signals are
    transformed together. Fewer signals are copied into the free lanes, and several of their paths
    are computed together.

    Parameters
    ----------
    settings : Settings
    grid : Grid
        One that it `supports`.
    xp : NumpyNamespace
        Its precision is that of the computation.
    """

    def __init__(self, settings: Settings, grid: Grid, xp: Namespace) -> None:
        self.xp, self.padding, self.grid = xp, settings.padding, grid
        trees, self.low_passes, self.constants = _tables(settings, grid, xp)
        self.paths = {1 << k: _batch_paths(trees, 1 << k) for k in range(LANES.bit_length())}
        self.masks = {n: np.repeat(np.eye(n, dtype=xp.dtype), LANES // n) for n in self.paths}
        self.n_paths = sum(map(len, trees))
        n_padded, n_hops = grid.n_padded, grid.n_padded // grid.stride
        self.twiddles = twiddle_table(n_padded, xp.dtype.name)
        self.digit_reversed = digit_reversed_offsets(max(n_padded, 2 * n_hops))
        low = self.low_passes
        n_nodes = int((low["n_used"] // np.maximum(low["block"], 1) * low["n_nodes"]).max())
        self.natural = LANES * np.arange(n_nodes)
        paths, _ = self.paths[1]
        self.sizes = [
            n_padded * LANES,
            (n_padded // 2 + 1) * COMPLEX,
            *(int(paths["n_bins"][paths["order"] == k].max(initial=1)) * COMPLEX for k in (1, 2)),
            max(n_padded // 2, n_hops) * COMPLEX,
            n_padded // 2 * COMPLEX,
            max(n_nodes, 1) * LANES,
            (grid.n_frames + int(low["tile"].max()) + COLUMNS) * LANES,
        ]
        self.chunk = LANES * max(1, SAMPLES_PER_CHUNK // n_padded)
        self.scatter = compiled_scatter.compile(scatter_signature(xp.dtype.name))

    @property
    def bytes_per_signal(self) -> int:
        """Workspace and result of one signal, in bytes."""
        n_numbers = -(-sum(self.sizes) // LANES) + self.n_paths * self.grid.n_frames
        return self.xp.dtype.itemsize * n_numbers

    def __call__(
        self, x: NDArray[Any], groups: Groups, workspaces: Workspaces, n_threads: int = 1
    ) -> NDArray[Any]:
        """Scatter signals, with the parameters and the result of `Cascade`."""
        S = self.xp.empty((len(x), self.n_paths, self.grid.n_frames))
        padded, *workspace = workspaces.get(self, LANES, self._new_workspace)
        lanes = padded.reshape(-1, LANES).T
        for start in range(0, len(x), LANES):
            stop = min(start + LANES, len(x))
            n_copies = copies_in_lanes(stop - start)
            n_lanes = LANES // n_copies
            lanes[stop - start : n_lanes] = 0
            for rows, layout in groups:
                first, last = max(rows.start, start), min(rows.stop, stop)
                if first < last:
                    signals = x[first:last, : layout.n_times]
                    target = lanes[first - start : last - start]
                    pad(self.xp, self.padding, signals, layout, target)
            lanes.reshape(n_copies, n_lanes, -1)[1:] = lanes[:n_lanes]
            self.scatter(
                padded,
                self.masks[1],
                self.masks[n_copies],
                *self.paths[n_copies],
                self.low_passes,
                self.constants,
                self.twiddles,
                self.digit_reversed,
                self.natural,
                tuple(workspace[:3]),
                *workspace[3:],
                S[start:stop],
            )
        return S

    def _new_workspace(self, n_signals: int = LANES) -> list[NDArray[Any]]:
        """Allocate the padded signals and the workspace of `scatter`, in its order.

        All lanes are used, even for fewer signals.
        """
        return [self.xp.empty((size,)) for size in self.sizes]


@lru_cache(maxsize=16)
def digit_reversed_offsets(n: int) -> NDArray[np.int64]:
    """Offset of sample t of a packed envelope of m samples, at ``m + t``, for m up to `n`."""
    offsets = np.zeros(2 * n, dtype=np.int64)
    m = 2
    while m <= n:
        even = COMPLEX * digit_reversed(m // 2)
        offsets[m : 2 * m] = np.stack([even, even + LANES], axis=-1).ravel()
        m *= 2
    return offsets


class Path(NamedTuple):
    """A path as it is described to the kernel."""

    row: int
    kind: tuple[int, int, int, int]  # the first four fields of `PATH`
    band: tuple[int, int, int]  # the fields of `BAND` after the row


def _tables(
    settings: Settings, grid: Grid, xp: Namespace
) -> tuple[list[list[Path]], NDArray[np.void], NDArray[Any]]:
    """Describe paths and low-passes, and collect the constants that they refer to.

    The path of order 0 and each first-order path begin a list, a branch of the tree of paths. The
    second-order paths that continue from a first-order path follow it.
    """
    n_padded = grid.n_padded
    bank = filter_bank(n_padded, settings.J, settings.Q, settings.T, negligible(xp.dtype))
    constants = Constants()
    bands = [*bank.psi1, *(bank.psi2 if settings.max_order == 2 else ())]
    starts = {band: constants.add(band.values()) for band in bands}
    low_passes: dict[tuple[int, bool], LowPass] = {}

    def describe(row: int, path: Any, second_wavelets: list[int]) -> Path:
        order = int(path["order"])
        k = settings.log2_rate(int(path[f"j{order}"])) if order else 0
        n = n_padded >> k
        has_spectrum = order == 0 or bool(second_wavelets)
        if (k, has_spectrum) not in low_passes:
            low_passes[k, has_spectrum] = low_pass(
                xp,
                bank.phi,
                settings.T,
                grid,
                k,
                has_spectrum,
                tile_frames=COLUMNS,
                node_multiple=COLUMNS,
            )
        low = list(low_passes).index((k, has_spectrum))
        if not order:
            return Path(row, (order, n, 0, low), (0, 0, 0))
        band = (bank.psi1, bank.psi2)[order - 1][path[f"n{order}"]]
        windows = [Window(xp, [bank.psi2[n2]], n).n_stored for n2 in second_wavelets]
        n_bins = max(low_passes[k, has_spectrum].n_bins, *windows, 0)
        return Path(row, (order, n, n_bins, low), (starts[band], band.start, len(band)))

    paths = paths_of(settings)
    trees = []
    for row in np.flatnonzero(paths["order"] < 2).tolist():
        second = np.flatnonzero((paths["order"] == 2) & (paths["n1"] == paths["n1"][row]))
        trees.append(
            [
                describe(row, paths[row], paths["n2"][second].tolist()),
                *(describe(other, paths[other], []) for other in second.tolist()),
            ]
        )
    rows = [_low_pass_row(low, n_padded >> k, constants) for (k, _), low in low_passes.items()]
    return (
        trees,
        np.array(rows, LOW_PASS),
        xp.asarray(np.concatenate(constants.arrays)),
    )


def _batch_paths(trees: list[list[Path]], n: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """List paths for the kernel, with up to `n` that differ only in their first filters as one."""
    equal_trees: dict[Any, list[list[Path]]] = {}
    for tree in trees:
        key = tree[0].kind, tuple((path.kind, path.band) for path in tree[1:])
        equal_trees.setdefault(key, []).append(tree)
    paths: list[tuple[int, ...]] = []
    bands: list[tuple[int, ...]] = []
    for equal in equal_trees.values():
        for start in range(0, len(equal), n):
            for together in zip(*equal[start : start + n], strict=True):
                paths.append((*together[0].kind, len(bands), len(together)))
                bands += [(path.row, *path.band) for path in together]
    return np.array(paths, PATH), np.array(bands, BAND)


def _low_pass_row(low: LowPass, n: int, constants: Constants) -> tuple[int, ...]:
    """Describe a low-pass for `n` samples to the kernel."""
    if isinstance(low, SpectralLowPass):
        band = low.filter.band.band
        record = {
            "n_hops": low.n_hops,
            "band": constants.add(band.values()),
            "width": len(band),
            "first_hop": low.frames.start,
        }
        return _row(LOW_PASS, record)
    assert isinstance(low, BlockLowPass)
    assert 0 <= low.used.start < low.used.stop <= n  # the kernel does not check indices
    average = _pad_columns(low.to_frames)
    record = {
        "block": 1,
        "first": low.used.start,
        "n_used": low.used.stop - low.used.start,
        "n_nodes": 1,
        "to_frames": constants.add(average),
        "n_rows": len(average),
        "n_columns": average.shape[1],
        "tile": low.tile,
        "step": low.step,
    }
    if low.to_nodes is not None:
        record["block"], record["n_nodes"] = low.to_nodes.shape
        record["to_nodes"] = constants.add(low.to_nodes)
    return _row(LOW_PASS, record)


def _row(dtype: np.dtype[np.void], record: dict[str, int]) -> tuple[int, ...]:
    """Order values as the fields of a dtype, with 0 for missing fields."""
    assert dtype.names is not None
    assert record.keys() <= set(dtype.names)
    return tuple(int(record.get(name, 0)) for name in dtype.names)


def _pad_columns(matrix: NDArray[Any]) -> NDArray[Any]:
    """Append columns of zeros up to a multiple of `COLUMNS`."""
    return np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % COLUMNS)))
