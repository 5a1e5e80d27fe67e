"""The compiled cascade: its tables, and room to work in."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.compiled.fourier import COMPLEX, positions, twiddles
from skscatter._backends.compiled.kernel import BAND, COLUMNS, LOW_PASS, PATH, scatter
from skscatter._backends.compiled.vectors import LANES
from skscatter._scattering.cascade import pad
from skscatter._scattering.filters import filter_bank
from skscatter._scattering.layout import Grid, Groups
from skscatter._scattering.low_pass import BlockLowPass, LowPass, SpectralLowPass, low_pass
from skscatter._scattering.namespace import Namespace
from skscatter._scattering.paths import paths_of
from skscatter._scattering.settings import Settings
from skscatter._scattering.spectra import Window, negligible

# Padded samples that a thread transforms before it looks up, in each lane: some milliseconds.
SAMPLES_IN_A_CHUNK = 2**14

# Padded samples of the longest signals that are computed so. Eight envelopes of longer ones have no
# room in any cache, and take more memory than the stages in which NumPy computes one.
LONGEST = 2**18


def suits(settings: Settings, grid: Grid) -> bool:
    """Whether signals on a grid can be computed here: not too long, and not of one sample.

    This must follow from the grid alone, or the bits of features would depend on what else
    is transformed.
    """
    coarsest = min(settings.log2_T, settings.log2_stride)
    return grid.n_padded >> coarsest >= 2 and grid.n_padded <= LONGEST


def times_in_lanes(n_signals: int) -> int:
    """How many times up to `LANES` signals, or the next power of two of them, fit in the lanes."""
    return LANES >> (n_signals - 1).bit_length()


class Constants:
    """Numbers in one flat array."""

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []
        self.size = 0

    def add(self, values: NDArray[Any]) -> int:
        """Return where `values` begin."""
        start = self.size
        self.arrays.append(np.ravel(values))
        self.size += values.size
        return start


class LaneCascade:
    """The scattering transform of signals that share a grid, in the lanes of vectors.

    It does what `skscatter._scattering.cascade.Cascade` does. A group of signals goes through together, or
    fewer signals, with more of their paths together.

    Parameters
    ----------
    settings : Settings
    grid : Grid
        One that `suits`.
    xp : NumpyNamespace
        Of the precision wanted.
    """

    def __init__(self, settings: Settings, grid: Grid, xp: Namespace) -> None:
        self.xp, self.padding, self.grid = xp, settings.padding, grid
        trees, self.low_passes, self.values = _tables(settings, grid, xp)
        self.paths = {1 << k: _side_by_side(trees, 1 << k) for k in range(LANES.bit_length())}
        self.masks = {n: np.repeat(np.eye(n, dtype=xp.dtype), LANES // n) for n in self.paths}
        self.n_paths = sum(map(len, trees))
        n_padded, n_hops = grid.n_padded, grid.n_padded // grid.stride
        self.table = twiddles(n_padded, xp.dtype.name)
        self.places = _places(max(n_padded, 2 * n_hops))
        lows = self.low_passes
        n_nodes = int((lows["n_used"] // np.maximum(lows["block"], 1) * lows["n_nodes"]).max())
        self.in_order = LANES * np.arange(n_nodes)
        every, _ = self.paths[1]
        self.sizes = [
            n_padded * LANES,
            (n_padded // 2 + 1) * COMPLEX,
            *(int(every["n_bins"][every["order"] == k].max(initial=1)) * COMPLEX for k in (1, 2)),
            max(n_padded // 2, n_hops) * COMPLEX,
            n_padded // 2 * COMPLEX,
            max(n_nodes, 1) * LANES,
            (grid.n_frames + int(lows["tile"].max()) + COLUMNS) * LANES,
        ]
        self.chunk = LANES * max(1, SAMPLES_IN_A_CHUNK // n_padded)

    @property
    def bytes_per_signal(self) -> int:
        """Work space and result of one signal, in bytes."""
        n_numbers = -(-sum(self.sizes) // LANES) + self.n_paths * self.grid.n_frames
        return self.xp.dtype.itemsize * n_numbers

    def __call__(
        self, x: NDArray[Any], groups: Groups, workspaces: Any, n_threads: int = 1
    ) -> NDArray[Any]:
        """Scatter signals; parameters and result are those of `skscatter._scattering.cascade.Cascade`."""
        S = self.xp.empty((len(x), self.n_paths, self.grid.n_frames))
        padded, *room = workspaces.get(self, LANES, self._new_workspace)
        lanes = padded.reshape(-1, LANES).T
        for start in range(0, len(x), LANES):
            stop = min(start + LANES, len(x))
            n_times = times_in_lanes(stop - start)
            n_lanes = LANES // n_times
            lanes[stop - start : n_lanes] = 0
            for rows, layout in groups:
                first, last = max(rows.start, start), min(rows.stop, stop)
                if first < last:
                    signals = x[first:last, : layout.n_times]
                    target = lanes[first - start : last - start]
                    pad(self.xp, self.padding, signals, layout, target)
            lanes.reshape(n_times, n_lanes, -1)[1:] = lanes[:n_lanes]
            scatter(
                padded,
                self.masks[n_times],
                *self.paths[n_times],
                self.low_passes,
                self.values,
                self.table,
                self.places,
                self.in_order,
                tuple(room[:3]),
                *room[3:],
                S[start:stop],
            )
        return S

    def _new_workspace(self, n_signals: int = LANES) -> list[NDArray[Any]]:
        """Signals, three spectra, a half and both halves of an envelope, nodes and frames.

        For all lanes, however few signals there are.
        """
        return [self.xp.empty((size,)) for size in self.sizes]


@lru_cache(maxsize=16)
def _places(n: int) -> NDArray[np.int64]:
    """Where sample t of m lies in the halves of an envelope, at m + t, for powers of two m."""
    places = np.zeros(2 * n, dtype=np.int64)
    m = 2
    while m <= n:
        even = COMPLEX * positions(m // 2)
        places[m : 2 * m] = np.stack([even, even + LANES], axis=-1).ravel()
        m *= 2
    return places


class Path(NamedTuple):
    """A path, as the kernel wants to know it."""

    row: int
    kind: tuple[int, int, int, int]  # the fields of `PATH`, up to its bands
    band: tuple[int, int, int]  # those of `BAND`, but for the row


def _tables(
    settings: Settings, grid: Grid, xp: Namespace
) -> tuple[list[list[Path]], NDArray[np.void], NDArray[Any]]:
    """List paths, low-passes, and the constants that both have their filters in.

    A path of the first order, or of order 0, comes with those of the second that come from it.
    """
    n_padded = grid.n_padded
    bank = filter_bank(n_padded, settings.J, settings.Q, settings.T, negligible(xp.dtype))
    constants = Constants()
    bands = [*bank.psi1, *(bank.psi2 if settings.max_order == 2 else ())]
    places = {band: constants.add(band.values()) for band in bands}
    lows: dict[tuple[int, bool], LowPass] = {}

    def describe(row: int, path: Any, next_source: list[int]) -> Path:
        order = int(path["order"])
        k = settings.log2_rate(int(path[f"j{order}"])) if order else 0
        n = n_padded >> k
        at_hand = order == 0 or bool(next_source)  # the spectrum
        if (k, at_hand) not in lows:
            lows[k, at_hand] = low_pass(
                xp, bank.phi, settings.T, grid, k, at_hand, frames=COLUMNS, multiple=COLUMNS
            )
        low = list(lows).index((k, at_hand))
        if not order:
            return Path(row, (order, n, 0, low), (0, 0, 0))
        band = (bank.psi1, bank.psi2)[order - 1][path[f"n{order}"]]
        windows = [Window(xp, [bank.psi2[n2]], n).n_stored for n2 in next_source]
        n_bins = max(lows[k, at_hand].n_bins, *windows, 0)
        return Path(row, (order, n, n_bins, low), (places[band], band.start, len(band)))

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
    low_passes = [_low_pass_row(low, n_padded >> k, constants) for (k, _), low in lows.items()]
    return (
        trees,
        np.array(low_passes, LOW_PASS),
        xp.asarray(np.concatenate(constants.arrays)),
    )


def _side_by_side(trees: list[list[Path]], n: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """List paths for the kernel: as one up to `n` that only their first filters tell apart."""
    alike: dict[Any, list[list[Path]]] = {}
    for tree in trees:
        key = tree[0].kind, tuple((path.kind, path.band) for path in tree[1:])
        alike.setdefault(key, []).append(tree)
    paths: list[tuple[int, ...]] = []
    bands: list[tuple[int, ...]] = []
    for same in alike.values():
        for start in range(0, len(same), n):
            for together in zip(*same[start : start + n], strict=True):
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
    assert 0 <= low.used.start < low.used.stop <= n  # the kernel does not look
    average = _filled_up(low.average)
    record = {
        "block": 1,
        "first": low.used.start,
        "n_used": low.used.stop - low.used.start,
        "n_nodes": 1,
        "average": constants.add(average),
        "n_rows": len(average),
        "n_columns": average.shape[1],
        "tile": low.tile,
        "step": low.step,
    }
    if low.gather is not None:
        record["block"], record["n_nodes"] = low.gather.shape
        record["gather"] = constants.add(low.gather)
    return _row(LOW_PASS, record)


def _row(dtype: np.dtype[np.void], record: dict[str, int]) -> tuple[int, ...]:
    """Put values into the order of a dtype's fields; what is missing is 0."""
    assert dtype.names is not None
    assert record.keys() <= set(dtype.names)
    return tuple(int(record.get(name, 0)) for name in dtype.names)


def _filled_up(matrix: NDArray[Any]) -> NDArray[Any]:
    """Give a matrix columns of zeros, up to a number that the kernel takes."""
    return np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % COLUMNS)))
