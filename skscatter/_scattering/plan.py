"""How the cascade is carried out: which filters meet which spectra, in which batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from skscatter._scattering.filters import filter_bank
from skscatter._scattering.layout import Grid
from skscatter._scattering.low_pass import LowPass, low_pass
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.paths import paths_of
from skscatter._scattering.settings import Settings
from skscatter._scattering.spectra import Filter, FoldedBand, Window, negligible

# FFTs compute as many signals at once as a vector register holds (pocketfft: 4 float32 numbers
# on the least of processors), and a remainder one by one.
FFT_ROWS = 4

SIGNAL = -1  # the source that is the signal itself; the others are octaves j1


@dataclass(frozen=True)
class Source:
    """Signals of one rate whose spectra are filtered: the signal, or the envelopes of an octave.

    Attributes
    ----------
    window : Window
        The bins that filters ask for.
    members : range
        First-order wavelets n1 whose envelopes these are; one member for the signal.
    """

    window: Window
    members: range

    def slice_of(self, members: NDArray[np.integer]) -> slice:
        """Where a run of members lies."""
        return slice(
            int(members[0]) - self.members.start, int(members[-1]) + 1 - self.members.start
        )


@dataclass(frozen=True)
class BandRows:
    """Rows of a batch: a filter applied to some members of a source."""

    source: int
    members: slice
    filter: Filter
    rows: slice


@dataclass(frozen=True)
class Batch:
    """Paths whose last band has the same rate, computed with one call for each operation.

    Attributes
    ----------
    paths : integer array
        The paths, one for each row, as the namespace takes indices.
    n : int
        Samples of a band.
    bands : list of BandRows
        How the bands are made.
    low_pass : LowPass
        What averages their envelopes.
    next_source : tuple of (int, slice) or None
        The source, and its members, that the envelopes become for the next order.
    n_bins : int
        Bins of the envelopes' spectra that low-pass and next order take; 0 for none.
    """

    paths: Array
    n: int
    bands: list[BandRows]
    low_pass: LowPass
    next_source: tuple[int, slice] | None
    n_bins: int


@dataclass(frozen=True)
class Stage:
    """Some wavelets of the first order, and all paths that go on from there.

    Attributes
    ----------
    sources : dict of int to Source
        Envelopes of the first order, by octave.
    batches : list of Batch
        In the order in which they are computed.
    """

    sources: dict[int, Source]
    batches: list[Batch]

    @property
    def n_bins(self) -> int:
        """Bins of its sources, of one signal."""
        return sum(len(source.members) * source.window.n_bins for source in self.sources.values())


@dataclass(frozen=True)
class Plan:
    """Everything that the cascade needs to know.

    Attributes
    ----------
    grid : Grid
        What signals are laid out on.
    padding : str
        How signals go on past their ends.
    n_paths : int
        Number of paths.
    order0 : LowPass or None
        What averages the signal itself, if that is wanted.
    signal : Source
        The signal.
    stages : list of Stage
        One where the spectra of all envelopes fit in a chunk, else as many as it takes.
    chunk : int
        Signals that go through together.
    """

    grid: Grid
    padding: str
    n_paths: int
    order0: LowPass | None
    signal: Source
    stages: list[Stage]
    chunk: int


def make_plan(settings: Settings, grid: Grid, xp: Namespace) -> Plan:
    """Plan the cascade for `settings` on a grid, in the precision of `xp`."""
    return Planner(settings, grid, xp).plan()


class Planner:
    """What the parts of a plan have in common while it is made."""

    def __init__(self, settings: Settings, grid: Grid, xp: Namespace) -> None:
        self.settings, self.grid, self.xp = settings, grid, xp
        self.paths = paths_of(settings)
        n_padded, T = self.grid.n_padded, settings.T
        self.bank = bank = filter_bank(n_padded, settings.J, settings.Q, T, negligible(xp.dtype))
        self.low_pass = cache(
            lambda k, of_spectrum: low_pass(xp, bank.phi, T, self.grid, k, of_spectrum)
        )
        # A wavelet of the second order meets several octaves: its values are kept once.
        self.folded = cache(lambda band, n, n_uses: FoldedBand(xp, band, n, n_uses))
        self.signal = Source(Window(xp, bank.psi1, n_padded), range(1))
        second = self.paths[self.paths["order"] == 2]
        self.windows = {}  # of the first-order envelopes of an octave, where they go on
        for octave in np.unique(second["j1"]).tolist():
            psi2 = [bank.psi2[i] for i in np.unique(second["n2"][second["j1"] == octave])]
            n = n_padded >> settings.log2_rate(octave)
            self.windows[octave] = Window(xp, psi2, n)

    def plan(self) -> Plan:
        """Put the parts together."""
        first = self.paths[self.paths["order"] == 1]
        itemsize = 2 * self.xp.dtype.itemsize
        n_bytes = itemsize * np.array(
            [self.windows[j].n_bins if j in self.windows else 0 for j in first["j1"].tolist()]
        )
        limit = self.xp.chunk_bytes
        chunk = max(1, limit // int(self.grid.n_padded * itemsize // 2 + n_bytes.sum()))
        if chunk > FFT_ROWS:
            chunk -= chunk % FFT_ROWS
        # One signal may be so long that not all of its envelopes have room at once.
        stage = (np.cumsum(n_bytes) - n_bytes) // limit if chunk == 1 else np.zeros(len(first))
        return Plan(
            grid=self.grid,
            padding=self.settings.padding,
            n_paths=len(self.paths),
            order0=self.low_pass(0, True) if self.settings.include_order0 else None,
            signal=self.signal,
            stages=[self.stage(first["n1"][stage == i], chunk) for i in np.unique(stage)],
            chunk=chunk,
        )

    def stage(self, wavelets: NDArray[np.integer], chunk: int) -> Stage:
        """Plan some wavelets of the first order and what goes on from there."""
        rows = np.isin(self.paths["n1"], wavelets)
        first, second = (rows & (self.paths["order"] == order) for order in (1, 2))
        n1, j1, n2, j2 = (self.paths[field] for field in ("n1", "j1", "n2", "j2"))
        sources = {}
        for octave in np.unique(j1[second]).tolist():
            members = n1[first & (j1 == octave)]
            sources[octave] = Source(
                self.windows[octave], range(int(members[0]), int(members[-1]) + 1)
            )
        batches = []
        for octave in np.unique(j1[first]).tolist():
            k = self.settings.log2_rate(octave)
            n = self.grid.n_padded >> k
            for paths in self.batches(first & (j1 == octave), k, chunk):
                bands = [
                    BandRows(
                        source=SIGNAL,
                        members=slice(0, 1),
                        filter=Filter(
                            self.folded(self.bank.psi1[wavelet], n, 1), self.signal.window
                        ),
                        rows=slice(i, i + 1),
                    )
                    for i, wavelet in enumerate(n1[paths])
                ]
                next_source, low_pass = None, self.low_pass(k, octave in sources)
                n_bins = low_pass.n_bins
                if octave in sources:
                    next_source = (octave, sources[octave].slice_of(n1[paths]))
                    n_bins = max(n_bins, self.windows[octave].n_stored)
                batches.append(
                    Batch(self.xp.integers(paths), n, bands, low_pass, next_source, n_bins)
                )
        for wavelet in np.unique(n2[second]).tolist():
            members = second & (n2 == wavelet)
            k = self.settings.log2_rate(int(j2[members][0]))
            n = self.grid.n_padded >> k
            n_uses = int(np.count_nonzero(n2 == wavelet))
            psi2 = self.folded(self.bank.psi2[wavelet], n, n_uses)
            for paths in self.batches(members, k, chunk):
                bands = []
                for octave in np.unique(j1[paths]).tolist():
                    inside = np.flatnonzero(j1[paths] == octave)
                    bands.append(
                        BandRows(
                            source=octave,
                            members=sources[octave].slice_of(n1[paths][inside]),
                            filter=Filter(psi2, sources[octave].window),
                            rows=slice(int(inside[0]), int(inside[-1]) + 1),
                        )
                    )
                low_pass = self.low_pass(k, False)
                batches.append(
                    Batch(self.xp.integers(paths), n, bands, low_pass, None, low_pass.n_bins)
                )
        return Stage(sources, batches)

    def batches(
        self, chosen: NDArray[np.bool_], k: int, chunk: int
    ) -> Iterator[NDArray[np.integer]]:
        """Split paths of one rate into batches."""
        paths = np.flatnonzero(chosen)
        row_bytes = chunk * (self.grid.n_padded >> k) * 2 * self.xp.dtype.itemsize
        most = max(1, self.xp.batch_bytes // row_bytes)
        for start in range(0, len(paths), most):
            yield paths[start : start + most]
