"""The compiled cascade: its tables, and room to work in."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._cascade import kept_work_space, pad
from skscatter._filters import filter_bank
from skscatter._lanes.fourier import COMPLEX, positions, twiddles
from skscatter._lanes.kernel import COLUMNS, LOW_PASS, PATH, scatter
from skscatter._lanes.vectors import LANES
from skscatter._layout import Canvas, Runs
from skscatter._low_pass import BlockLowPass, LowPass, SpectralLowPass, low_pass
from skscatter._namespaces import Namespace
from skscatter._paths import paths_of
from skscatter._settings import Settings
from skscatter._spectra import Window, negligible

# Padded samples that a thread transforms before it looks up, in each lane: some milliseconds.
SAMPLES_IN_A_CHUNK = 2**14

# Padded samples of the longest signals that are computed so. A group of longer ones has no room in
# any cache, and who has such signals may have fewer than a group.
LONGEST = 2**18


def suits(settings: Settings, canvas: Canvas) -> bool:
    """Whether signals on a canvas can be computed here: not too long, and not of one sample.

    This must follow from the canvas alone, or the bits of features would depend on what else
    is transformed.
    """
    coarsest = min(settings.log2_T, settings.log2_stride)
    return canvas.n_padded >> coarsest >= 2 and canvas.n_padded <= LONGEST


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
    """The scattering transform of signals that share a canvas, eight at a time.

    It does what `skscatter._cascade.Cascade` does. A group of fewer than `LANES` signals takes as
    long as a full one.

    Parameters
    ----------
    settings : Settings
    canvas : Canvas
        One that `suits`.
    xp : NumpyNamespace
        Of the precision wanted.
    """

    def __init__(self, settings: Settings, canvas: Canvas, xp: Namespace) -> None:
        self.xp, self.padding, self.canvas = xp, settings.padding, canvas
        self.paths, self.low_passes, self.values = _tables(settings, canvas, xp)
        self.n_paths = len(self.paths)
        n_padded, n_hops = canvas.n_padded, canvas.n_padded // canvas.stride
        self.table = twiddles(n_padded, xp.dtype.name)
        self.places = _places(max(n_padded, 2 * n_hops))
        lows = self.low_passes
        n_nodes = int((lows["n_used"] // np.maximum(lows["block"], 1) * lows["n_nodes"]).max())
        self.in_order = LANES * np.arange(n_nodes)
        self.sizes = [
            n_padded * LANES,
            (n_padded // 2 + 1) * COMPLEX,
            *(
                int(self.paths["n_bins"][self.paths["order"] == k].max(initial=1)) * COMPLEX
                for k in (1, 2)
            ),
            max(n_padded // 2, n_hops) * COMPLEX,
            n_padded // 2 * COMPLEX,
            max(n_nodes, 1) * LANES,
            (canvas.n_frames + int(lows["tile"].max()) + COLUMNS) * LANES,
        ]
        self.chunk = LANES * max(1, SAMPLES_IN_A_CHUNK // n_padded)

    @property
    def bytes_per_signal(self) -> int:
        """Work space and result of one signal, in bytes."""
        n_numbers = -(-sum(self.sizes) // LANES) + self.n_paths * self.canvas.n_frames
        return self.xp.dtype.itemsize * n_numbers

    def __call__(self, x: NDArray[Any], runs: Runs) -> NDArray[Any]:
        """Scatter signals; parameters and result are those of `skscatter._cascade.Cascade`."""
        S = self.xp.empty((len(x), self.n_paths, self.canvas.n_frames))
        padded, *room = kept_work_space(self, LANES, self._new_work_space)
        lanes = padded.reshape(-1, LANES).T
        for start in range(0, len(x), LANES):
            stop = min(start + LANES, len(x))
            lanes[stop - start :] = 0
            for rows, layout in runs:
                first, last = max(rows.start, start), min(rows.stop, stop)
                if first < last:
                    signals = x[first:last, : layout.n_times]
                    target = lanes[first - start : last - start]
                    pad(self.xp, self.padding, signals, layout, target)
            scatter(
                padded,
                self.paths,
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

    def _new_work_space(self, n_signals: int = LANES) -> list[NDArray[Any]]:
        """Signals, three spectra, a half and both halves of an envelope, nodes and frames.

        For a group, however few of it there are.
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


def _tables(
    settings: Settings, canvas: Canvas, xp: Namespace
) -> tuple[NDArray[np.void], NDArray[np.void], NDArray[Any]]:
    """List paths, low-passes, and the constants that both have their filters in."""
    n_padded = canvas.n_padded
    bank = filter_bank(n_padded, settings.J, settings.Q, settings.T, negligible(xp.dtype))
    constants = Constants()
    paths = paths_of(settings)
    bands = [*bank.psi1, *(bank.psi2 if settings.max_order == 2 else ())]
    places = {band: constants.add(band.values()) for band in bands}
    lows: dict[tuple[int, bool], LowPass] = {}
    rows = []
    for row, path, onward in _depth_first(paths):
        order = int(path["order"])
        k = settings.subsampling(int(path[f"j{order}"])) if order else 0
        n = n_padded >> k
        at_hand = order == 0 or bool(onward)  # the spectrum
        if (k, at_hand) not in lows:
            lows[k, at_hand] = low_pass(
                xp, bank.phi, settings.T, canvas, k, at_hand, frames=COLUMNS, multiple=COLUMNS
            )
        low = list(lows).index((k, at_hand))
        record = {"order": order, "row": row, "n": n, "low_pass": low}
        if order:
            band = (bank.psi1, bank.psi2)[order - 1][path[f"n{order}"]]
            record |= {"band": places[band], "start": band.start, "width": len(band)}
            windows = [Window(xp, [bank.psi2[n2]], n).n_stored for n2 in onward]
            record["n_bins"] = max(lows[k, at_hand].n_bins, *windows, 0)
        rows.append(_row(PATH, record))
    low_passes = [_low_pass_row(low, n_padded >> k, constants) for (k, _), low in lows.items()]
    return (
        np.array(rows, PATH),
        np.array(low_passes, LOW_PASS),
        xp.asarray(np.concatenate(constants.arrays)),
    )


def _depth_first(paths: NDArray[np.void]) -> Iterator[tuple[int, Any, list[int]]]:
    """Give each path, its row, and the wavelets n2 that it goes on to."""
    for row in np.flatnonzero(paths["order"] < 2).tolist():
        second = np.flatnonzero((paths["order"] == 2) & (paths["n1"] == paths["n1"][row]))
        yield row, paths[row], paths["n2"][second].tolist()
        for other in second.tolist():
            yield other, paths[other], []


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
