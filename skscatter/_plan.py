"""How the cascade is carried out: which filters meet which spectra, in which batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from skscatter._filters import filter_bank
from skscatter._low_pass import LowPass, low_pass
from skscatter._namespaces import Array, Namespace
from skscatter._paths import paths_of
from skscatter._settings import Layout, Settings, lay_out
from skscatter._spectra import Filter, Window, negligible

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
    """

    paths: Array
    n: int
    pieces: list[Piece]
    low_pass: LowPass
    onward: tuple[int, slice] | None


@dataclass(frozen=True)
class Plan:
    """Everything that the cascade needs to know.

    Attributes
    ----------
    layout : Layout
        Padding and frames.
    padding : str
        How signals go on past their ends.
    n_paths : int
        Number of paths.
    order0 : LowPass or None
        What averages the signal itself, if that is wanted.
    sources : dict of int to Source
        By octave, and `SIGNAL`.
    batches : list of Batch
        In the order in which they are computed.
    chunk : int
        Signals that go through together.
    """

    layout: Layout
    padding: str
    n_paths: int
    order0: LowPass | None
    sources: dict[int, Source]
    batches: list[Batch]
    chunk: int


def make_plan(settings: Settings, xp: Namespace) -> Plan:
    """Plan the cascade for `settings` in the precision of `xp`."""
    layout, paths = lay_out(settings), paths_of(settings)
    order, n1, n2, j1, j2 = (paths[field] for field in ("order", "n1", "n2", "j1", "j2"))
    bank = filter_bank(layout.n_padded, settings.J, settings.Q, settings.T)
    share = negligible(xp.dtype)
    psi1, psi2 = ([psi.trimmed(share) for psi in bands] for bands in (bank.psi1, bank.psi2))
    phi = bank.phi.trimmed(share)

    @cache
    def low_pass_at(k: int) -> LowPass:
        return low_pass(xp, phi, layout, k)

    sources = {SIGNAL: Source(Window(xp, psi1, layout.n_padded), range(1))}
    for octave in np.unique(j1[order == 2]).tolist():
        members = n1[(order == 1) & (j1 == octave)]
        filters = [psi2[i] for i in np.unique(n2[(order == 2) & (j1 == octave)])]
        sources[octave] = Source(
            Window(xp, filters, layout.n_padded >> settings.subsampling(octave)),
            range(int(members[0]), int(members[-1]) + 1),
        )

    bins = sum(len(source.members) * source.window.n_bins for source in sources.values())
    itemsize = xp.dtype.itemsize
    chunk = max(1, xp.chunk_bytes // ((layout.n_padded + 2 * bins) * itemsize))

    def batches_of(rows: NDArray[np.intp], k: int) -> Iterator[NDArray[np.intp]]:
        """Split paths of one rate into batches."""
        most = max(1, xp.batch_bytes // (chunk * (layout.n_padded >> k) * 2 * itemsize))
        for start in range(0, len(rows), most):
            yield rows[start : start + most]

    batches = []
    for octave in np.unique(j1[order == 1]).tolist():
        k = settings.subsampling(octave)
        n = layout.n_padded >> k
        for rows in batches_of(np.flatnonzero((order == 1) & (j1 == octave)), k):
            pieces = [
                Piece(
                    source=SIGNAL,
                    members=slice(0, 1),
                    filter=Filter(xp, psi1[wavelet], sources[SIGNAL].window, n),
                    rows=slice(i, i + 1),
                )
                for i, wavelet in enumerate(n1[rows])
            ]
            onward = (octave, sources[octave].slice_of(n1[rows])) if octave in sources else None
            batches.append(Batch(xp.integers(rows), n, pieces, low_pass_at(k), onward))

    for wavelet in np.unique(n2[order == 2]).tolist():
        members = np.flatnonzero(n2 == wavelet)
        k = settings.subsampling(int(j2[members[0]]))
        n = layout.n_padded >> k
        psi = {
            octave: Filter(xp, psi2[wavelet], sources[octave].window, n)
            for octave in np.unique(j1[members]).tolist()
        }
        for rows in batches_of(members, k):
            pieces = []
            for octave in np.unique(j1[rows]).tolist():
                inside = np.flatnonzero(j1[rows] == octave)
                pieces.append(
                    Piece(
                        source=octave,
                        members=sources[octave].slice_of(n1[rows][inside]),
                        filter=psi[octave],
                        rows=slice(int(inside[0]), int(inside[-1]) + 1),
                    )
                )
            batches.append(Batch(xp.integers(rows), n, pieces, low_pass_at(k), None))

    return Plan(
        layout=layout,
        padding=settings.padding,
        n_paths=len(paths),
        order0=low_pass_at(0) if settings.include_order0 else None,
        sources=sources,
        batches=batches,
        chunk=chunk,
    )
