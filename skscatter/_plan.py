"""How the cascade is carried out: which filters meet which spectra, in which batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from skscatter._filters import filter_bank
from skscatter._layout import Canvas
from skscatter._low_pass import LowPass, low_pass
from skscatter._namespaces import Array, Namespace
from skscatter._paths import paths_of
from skscatter._settings import Settings
from skscatter._spectra import Filter, FoldedBand, Window, negligible

# FFTs compute as many signals at once as a vector register holds (pocketfft: 4 float32 numbers
# on the least of processors), and a remainder one by one.
LANES = 4

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
class Piece:
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
    pieces : list of Piece
        How the bands are made.
    low_pass : LowPass
        What averages their envelopes.
    onward : tuple of (int, slice) or None
        The source, and its members, that the envelopes become for the next order.
    n_bins : int
        Bins of the envelopes' spectra that low-pass and next order take; 0 for none.
    """

    paths: Array
    n: int
    pieces: list[Piece]
    low_pass: LowPass
    onward: tuple[int, slice] | None
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
    canvas : Canvas
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

    canvas: Canvas
    padding: str
    n_paths: int
    order0: LowPass | None
    signal: Source
    stages: list[Stage]
    chunk: int


def make_plan(settings: Settings, canvas: Canvas, xp: Namespace) -> Plan:
    """Plan the cascade for `settings` on a canvas, in the precision of `xp`."""
    return Planner(settings, canvas, xp).plan()


class Planner:
    """What the parts of a plan have in common while it is made."""

    def __init__(self, settings: Settings, canvas: Canvas, xp: Namespace) -> None:
        self.settings, self.canvas, self.xp = settings, canvas, xp
        self.paths = paths_of(settings)
        n_padded, T = self.canvas.n_padded, settings.T
        self.bank = bank = filter_bank(n_padded, settings.J, settings.Q, T, negligible(xp.dtype))
        self.low_pass = cache(
            lambda k, of_spectrum: low_pass(xp, bank.phi, T, self.canvas, k, of_spectrum)
        )
        # A wavelet of the second order meets several octaves: its values are kept once.
        self.folded = cache(lambda band, n, n_uses: FoldedBand(xp, band, n, n_uses))
        self.signal = Source(Window(xp, bank.psi1, n_padded), range(1))
        second = self.paths[self.paths["order"] == 2]
        self.windows = {}  # of the first-order envelopes of an octave, where they go on
        for octave in np.unique(second["j1"]).tolist():
            psi2 = [bank.psi2[i] for i in np.unique(second["n2"][second["j1"] == octave])]
            n = n_padded >> settings.subsampling(octave)
            self.windows[octave] = Window(xp, psi2, n)

    def plan(self) -> Plan:
        """Put the parts together."""
        first = self.paths[self.paths["order"] == 1]
        itemsize = 2 * self.xp.dtype.itemsize
        n_bytes = itemsize * np.array(
            [self.windows[j].n_bins if j in self.windows else 0 for j in first["j1"].tolist()]
        )
        limit = self.xp.chunk_bytes
        chunk = max(1, limit // int(self.canvas.n_padded * itemsize // 2 + n_bytes.sum()))
        if chunk > LANES:
            chunk -= chunk % LANES
        # One signal may be so long that not all of its envelopes have room at once.
        stage = (np.cumsum(n_bytes) - n_bytes) // limit if chunk == 1 else np.zeros(len(first))
        return Plan(
            canvas=self.canvas,
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
            k = self.settings.subsampling(octave)
            n = self.canvas.n_padded >> k
            for paths in self.batches(first & (j1 == octave), k, chunk):
                pieces = [
                    Piece(
                        source=SIGNAL,
                        members=slice(0, 1),
                        filter=Filter(
                            self.folded(self.bank.psi1[wavelet], n, 1), self.signal.window
                        ),
                        rows=slice(i, i + 1),
                    )
                    for i, wavelet in enumerate(n1[paths])
                ]
                onward, low_pass = None, self.low_pass(k, octave in sources)
                n_bins = low_pass.n_bins
                if octave in sources:
                    onward = (octave, sources[octave].slice_of(n1[paths]))
                    n_bins = max(n_bins, self.windows[octave].n_stored)
                batches.append(Batch(self.xp.integers(paths), n, pieces, low_pass, onward, n_bins))
        for wavelet in np.unique(n2[second]).tolist():
            members = second & (n2 == wavelet)
            k = self.settings.subsampling(int(j2[members][0]))
            n = self.canvas.n_padded >> k
            n_uses = int(np.count_nonzero(n2 == wavelet))
            psi2 = self.folded(self.bank.psi2[wavelet], n, n_uses)
            for paths in self.batches(members, k, chunk):
                pieces = []
                for octave in np.unique(j1[paths]).tolist():
                    inside = np.flatnonzero(j1[paths] == octave)
                    pieces.append(
                        Piece(
                            source=octave,
                            members=sources[octave].slice_of(n1[paths][inside]),
                            filter=Filter(psi2, sources[octave].window),
                            rows=slice(int(inside[0]), int(inside[-1]) + 1),
                        )
                    )
                low_pass = self.low_pass(k, False)
                batches.append(
                    Batch(self.xp.integers(paths), n, pieces, low_pass, None, low_pass.n_bins)
                )
        return Stage(sources, batches)

    def batches(
        self, chosen: NDArray[np.bool_], k: int, chunk: int
    ) -> Iterator[NDArray[np.integer]]:
        """Split paths of one rate into batches."""
        paths = np.flatnonzero(chosen)
        row_bytes = chunk * (self.canvas.n_padded >> k) * 2 * self.xp.dtype.itemsize
        most = max(1, self.xp.batch_bytes // row_bytes)
        for start in range(0, len(paths), most):
            yield paths[start : start + most]
