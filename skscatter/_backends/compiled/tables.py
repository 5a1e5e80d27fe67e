"""Build the tables of `kernel`: paths, low-passes and constants."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.compiled.kernel import BAND, COLUMNS, LOW_PASS, PATH
from skscatter._backends.compiled.vectors import LANES
from skscatter._scattering.low_pass import BlockLowPass, LowPass, SpectralLowPass, low_pass
from skscatter._scattering.plan import Planner
from skscatter._scattering.spectra import Window


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


class Path(NamedTuple):
    """A path as it is described to the kernel."""

    position: int  # in the table of the paths in time
    row: int
    kind: tuple[int, int, int, int, int]  # the first five fields of `PATH`
    band: tuple[int, int, int]  # the fields of `BAND` after the row


class PathTables:
    """Describe the paths in time and their low-passes, and collect the constants they refer to.

    Parameters
    ----------
    planner : Planner

    Attributes
    ----------
    trees : list of list of Path
        The path of order 0 and each first-order path begin a list, a branch of the tree of paths.
        The second-order paths that continue from a first-order path follow it.
    paths : dict of int to (array of `PATH`, array of `BAND`)
        The trees for each number of copies of the signals in the lanes.
    low_passes : list of tuple
        Values of `LOW_PASS`.
    constants : Constants
    """

    def __init__(self, planner: Planner) -> None:
        self.planner, self.constants = planner, Constants()
        self.low_passes: list[tuple[int, ...]] = []
        self._low_passes: dict[tuple[int, bool], tuple[int, int]] = {}
        bank, paths = planner.bank, planner.paths
        bands = [*bank.psi1, *(bank.psi2 if planner.settings.max_order == 2 else ())]
        self._starts = {band: self.constants.add(band.values()) for band in bands}
        self.trees = []
        for i in np.flatnonzero(paths["order"] < 2).tolist():
            second = np.flatnonzero((paths["order"] == 2) & (paths["n1"] == paths["n1"][i]))
            self.trees.append(
                [
                    self._describe(i, paths["n2"][second].tolist()),
                    *(self._describe(other, []) for other in second.tolist()),
                ]
            )
        self.paths = {1 << k: _batch_paths(self.trees, 1 << k) for k in range(LANES.bit_length())}

    def _describe(self, i: int, second_wavelets: list[int]) -> Path:
        """Describe the `i`-th path in time, from which these wavelets continue."""
        planner, bank = self.planner, self.planner.bank
        path, row = planner.paths[i], int(planner.rows_of_paths[i])
        order = int(path["order"])
        k = planner.settings.log2_rate(int(path[f"j{order}"])) if order else 0
        n = planner.grid.n_padded >> k
        low, n_bins = self._low_pass(k, order == 0 or bool(second_wavelets))
        if not order:
            return Path(i, row, (order, n, 0, 0, low), (0, 0, 0))
        band = (bank.psi1, bank.psi2)[order - 1][path[f"n{order}"]]
        windows = [Window(planner.xp, [bank.psi2[n2]], n).n_stored for n2 in second_wavelets]
        n_bins = max(n_bins, *windows, 0)
        return Path(i, row, (order, n, n_bins, 0, low), (self._starts[band], band.start, len(band)))

    def _low_pass(self, k: int, has_spectrum: bool) -> tuple[int, int]:
        """Describe a low-pass; return its index and the bins of a spectrum that it uses."""
        if (k, has_spectrum) not in self._low_passes:
            planner = self.planner
            low = low_pass(
                planner.xp,
                planner.bank.phi,
                planner.settings.T,
                planner.grid,
                k,
                has_spectrum,
                tile_frames=COLUMNS,
                node_multiple=COLUMNS,
            )
            self._low_passes[k, has_spectrum] = len(self.low_passes), low.n_bins
            n = planner.grid.n_padded >> k
            self.low_passes.append(_low_pass_row(low, n, self.constants))
        return self._low_passes[k, has_spectrum]


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
            "n_used": n,
        }
        return as_row(LOW_PASS, record)
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
    return as_row(LOW_PASS, record)


def as_row(dtype: np.dtype[np.void], record: dict[str, int]) -> tuple[int, ...]:
    """Order values as the fields of a dtype, with 0 for missing fields."""
    assert dtype.names is not None
    assert record.keys() <= set(dtype.names)
    return tuple(int(record.get(name, 0)) for name in dtype.names)


def _pad_columns(matrix: NDArray[Any]) -> NDArray[Any]:
    """Append columns of zeros up to a multiple of `COLUMNS`."""
    return np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % COLUMNS)))
