"""The plan of a cascade: which filter is applied to which spectrum, in which batch.

Joint time-frequency scattering is another arrangement of the same steps. All bands that one psi2
makes have the same rate and begin with the same bin. So they can be filtered along frequency after
they are filtered in time, as one batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from skscatter._scattering.filters import filter_bank, wavelet_parameters
from skscatter._scattering.frequency_axis import AlongFrequency, FrequencyAxis, FrequencyFilter
from skscatter._scattering.layout import Grid
from skscatter._scattering.low_pass import LowPass, low_pass
from skscatter._scattering.namespace import FFT_ROWS, Array, Namespace
from skscatter._scattering.paths import ABSENT, n1_stops, paths_of, scattering_paths
from skscatter._scattering.settings import Settings
from skscatter._scattering.spectra import Filter, FoldedBand, Window, negligible

SIGNAL = -1  # key of the signal's spectrum; the spectra of U1 have their octave j1 as key

Indices = NDArray[np.integer]


@dataclass(frozen=True)
class Spectra:
    """Spectra of one sampling rate that filters are applied to: of the signal, or of U1.

    Attributes
    ----------
    window : Window
        The bins that the filters cover.
    n1 : range
        First-order wavelets of the envelopes in one octave, one for each row. The signal has one
        row.
    """

    window: Window
    n1: range

    def rows_of(self, n1: Indices) -> slice:
        """Rows of consecutive first-order wavelets."""
        return slice(int(n1[0]) - self.n1.start, int(n1[-1]) + 1 - self.n1.start)


@dataclass(frozen=True)
class BandRows:
    """Rows of a batch that one filter makes from rows of spectra.

    Attributes
    ----------
    source : int
        Key of the spectra.
    source_rows : slice
        Rows of the spectra.
    filter : Filter
        The filter.
    rows : slice
        Rows of the batch.
    """

    source: int
    source_rows: slice
    filter: Filter
    rows: slice


@dataclass(frozen=True)
class JointRows:
    """Rows of the coefficients that filters along frequency make.

    Attributes
    ----------
    along_frequency : AlongFrequency
        The filters.
    rows : integer array
        The rows, as the namespace takes indices.
    """

    along_frequency: AlongFrequency
    rows: Array


@dataclass(frozen=True)
class Batch:
    """Bands of one rate, and the averages of their envelopes. Each operation is one call for all.

    Attributes
    ----------
    rows : integer array
        Rows of the coefficients, one for each band, as the namespace takes indices. Not used if
        the bands are filtered along frequency.
    n_bands, n : int
        Number of bands, and samples of a band.
    bands : list of BandRows
        How the bands are computed.
    joint : list of JointRows
        Filters of the bands along frequency. Empty if the envelope of each band is taken.
    low_pass : LowPass
        Averages the envelopes.
    destination : tuple of (int, slice) or None
        Key and rows of the spectra to which those of the envelopes are written, for the second
        order. None if no path continues from here.
    n_bins : int
        Bins of the envelopes' spectra that the low-pass and the second order use. May be 0.
    """

    rows: Array
    n_bands: int
    n: int
    bands: list[BandRows]
    joint: list[JointRows]
    low_pass: LowPass
    destination: tuple[int, slice] | None
    n_bins: int


@dataclass(frozen=True)
class Stage:
    """Some first-order wavelets, and all paths that start with them.

    Attributes
    ----------
    spectra : dict of int to Spectra
        Spectra of the first-order envelopes that continue to the second order, by octave.
    batches : list of Batch
        In the order of computation.
    """

    spectra: dict[int, Spectra]
    batches: list[Batch]

    @property
    def n_bins(self) -> int:
        """Bins of all spectra for one signal."""
        return sum(len(each.n1) * each.window.n_bins for each in self.spectra.values())


@dataclass(frozen=True)
class Plan:
    """All that the cascade needs to know.

    Attributes
    ----------
    grid : Grid
        Padded length and frames.
    padding : str
        How signals are continued beyond their ends.
    n_rows, n_kept : int
        Rows of coefficients that are computed, and how many of them, the first ones, are kept.
    order0 : LowPass or None
        Averages the signal itself. None without order 0.
    signal : Spectra
        The signal.
    stages : list of Stage
        A single one if the spectra of all envelopes of a signal fit in a chunk, otherwise several.
    sources : integer array
        Rows of the first order, in the order of n1.
    of_first_order : list of JointRows
        What filters along frequency make of these after the stages.
    chunk : int
        Signals that are computed together.
    """

    grid: Grid
    padding: str
    n_rows: int
    n_kept: int
    order0: LowPass | None
    signal: Spectra
    stages: list[Stage]
    sources: Array
    of_first_order: list[JointRows]
    chunk: int


def largest_joint_batch(settings: Settings, grid: Grid) -> int:
    """Complex numbers in the bands of the largest batch that must not be divided, for one signal.

    In joint scattering, these are all bands of one second-order wavelet.
    """
    if settings.joint is None or settings.max_order == 1:
        return 1
    j2 = wavelet_parameters(settings.J, settings.Q[1]).j
    return max(
        (
            n_bands * (grid.n_padded >> settings.log2_rate(int(j2[n2])))
            for n2, n_bands in n1_stops(settings.J, settings.Q).items()
        ),
        default=1,
    )


def make_plan(settings: Settings, grid: Grid, xp: Namespace) -> Plan:
    """Plan the cascade for `settings` on a grid, in the precision of `xp`."""
    return Planner(settings, grid, xp).plan()


class Planner:
    """Makes a plan, and holds what its parts share."""

    def __init__(self, settings: Settings, grid: Grid, xp: Namespace) -> None:
        self.settings, self.grid, self.xp = settings, grid, xp
        self.table = paths_of(settings)
        # The paths in time. In plain scattering each is a row of the coefficients.
        self.paths = scattering_paths(
            settings.J, settings.Q, settings.max_order, settings.include_order0
        )
        self.rows_of_paths = np.arange(len(self.paths))
        if settings.joint is not None and "first" not in settings.joint.parts:
            # Averages of the first order are computed all the same, after the rows that are kept.
            self.rows_of_paths[self.paths["order"] == 1] = len(self.table) + np.arange(
                np.count_nonzero(self.paths["order"] == 1)
            )
        self.first_rows = self.rows_of_paths[self.paths["order"] == 1]
        self.n_rows = max(len(self.table), int(self.first_rows[-1]) + 1)
        n_padded, T = self.grid.n_padded, settings.T
        self.bank = bank = filter_bank(n_padded, settings.J, settings.Q, T, negligible(xp.dtype))
        self.low_pass = cache(
            lambda k, has_spectrum: low_pass(xp, bank.phi, T, self.grid, k, has_spectrum)
        )
        # A second-order wavelet is applied to several octaves. Its values are kept once.
        self.folded = cache(lambda band, n, n_uses: FoldedBand(xp, band, n, n_uses))
        self.signal = Spectra(Window(xp, bank.psi1, n_padded), range(1))
        second = self.paths[self.paths["order"] == 2]
        self.windows = {}  # on the spectra of U1, for each octave that has second-order paths
        for octave in np.unique(second["j1"]).tolist():
            psi2 = [bank.psi2[i] for i in np.unique(second["n2"][second["j1"] == octave])]
            n = n_padded >> settings.log2_rate(octave)
            self.windows[octave] = Window(xp, psi2, n)

    def plan(self) -> Plan:
        """Put the parts together."""
        n1, j1 = (self.paths[field][self.paths["order"] == 1] for field in ("n1", "j1"))
        itemsize = 2 * self.xp.dtype.itemsize
        n_bytes = itemsize * np.array(
            [self.windows[j].n_bins if j in self.windows else 0 for j in j1.tolist()]
        )
        limit = self.xp.chunk_bytes
        chunk = max(1, limit // int(self.grid.n_padded * itemsize // 2 + n_bytes.sum()))
        chunk = min(chunk, self.xp.batch_bytes // self.largest_joint_batch() or 1)
        if chunk > FFT_ROWS:
            chunk -= chunk % FFT_ROWS
        stage = np.zeros(len(n1))
        if chunk == 1 and self.settings.joint is None:
            # The envelopes of a single long signal may exceed the limit.
            stage = (np.cumsum(n_bytes) - n_bytes) // limit
        return Plan(
            grid=self.grid,
            padding=self.settings.padding,
            n_rows=self.n_rows,
            n_kept=len(self.table),
            order0=self.low_pass(0, True) if self.settings.include_order0 else None,
            signal=self.signal,
            stages=[self.stage(n1[stage == i], chunk) for i in np.unique(stage)],
            sources=self.xp.integers(self.first_rows),
            of_first_order=self.of_first_order(),
            chunk=chunk,
        )

    def stage(self, wavelets: Indices, chunk: int) -> Stage:
        """Plan some first-order wavelets, and the second-order paths that start with them."""
        chosen = np.isin(self.paths["n1"], wavelets)
        first, second = (np.flatnonzero(chosen & (self.paths["order"] == k)) for k in (1, 2))
        spectra = self.second_order_spectra(first, second)
        batches = [
            *self.first_order(first, spectra, chunk),
            *self.second_order(second, spectra, chunk),
        ]
        return Stage(spectra, batches)

    def second_order_spectra(self, first: Indices, second: Indices) -> dict[int, Spectra]:
        """Spectra of the first-order envelopes that second-order paths use, by octave."""
        n1, j1 = self.paths["n1"], self.paths["j1"]
        spectra = {}
        for octave in np.unique(j1[second]).tolist():
            rows = n1[first[j1[first] == octave]]
            spectra[octave] = Spectra(self.windows[octave], range(int(rows[0]), int(rows[-1]) + 1))
        return spectra

    def first_order(
        self, first: Indices, spectra: dict[int, Spectra], chunk: int
    ) -> Iterator[Batch]:
        """Batches of the first order, by octave."""
        j1 = self.paths["j1"][first]
        for octave in np.unique(j1).tolist():
            k = self.settings.log2_rate(octave)
            for paths in self.split(first[j1 == octave], k, chunk):
                n1 = self.paths["n1"][paths]
                low_pass = self.low_pass(k, octave in spectra)
                destination, n_bins = None, low_pass.n_bins
                if octave in spectra:
                    destination = (octave, spectra[octave].rows_of(n1))
                    n_bins = max(n_bins, spectra[octave].window.n_stored)
                yield Batch(
                    rows=self.xp.integers(self.rows_of_paths[paths]),
                    n_bands=len(paths),
                    n=self.grid.n_padded >> k,
                    bands=self.bands_of_signal(n1, k),
                    joint=[],
                    low_pass=low_pass,
                    destination=destination,
                    n_bins=n_bins,
                )

    def second_order(
        self, second: Indices, spectra: dict[int, Spectra], chunk: int
    ) -> Iterator[Batch]:
        """Batches of the second order, by psi2."""
        n2 = self.paths["n2"][second]
        for wavelet in np.unique(n2).tolist():
            paths_of_wavelet = second[n2 == wavelet]
            k = self.settings.log2_rate(int(self.paths["j2"][paths_of_wavelet[0]]))
            low_pass = self.low_pass(k, False)
            joint = self.of_second_order(wavelet, self.grid.n_padded >> k)
            parts = [paths_of_wavelet] if joint else self.split(paths_of_wavelet, k, chunk)
            for paths in parts:
                yield Batch(
                    rows=self.xp.integers(paths),
                    n_bands=len(paths),
                    n=self.grid.n_padded >> k,
                    bands=self.bands_of_envelopes(paths, wavelet, k, spectra),
                    joint=joint,
                    low_pass=low_pass,
                    destination=None,
                    n_bins=low_pass.n_bins,
                )

    def of_second_order(self, n2: int, n: int) -> list[JointRows]:
        """Plan the filters along frequency that follow one psi2, with bands of `n` samples.

        The rows of a long signal take much memory, so each filter makes its own.
        """
        if self.settings.joint is None:
            return []
        n_bands = int(np.count_nonzero(self.paths["n2"] == n2))
        return self.along_frequency(n_bands, n2, one_by_one=self.xp.is_long(n))

    def of_first_order(self) -> list[JointRows]:
        """Plan the filters along frequency that follow the averages of the first order."""
        joint = self.settings.joint
        if joint is None or "frequency" not in joint.parts:
            return []
        return self.along_frequency(len(self.first_rows), ABSENT, one_by_one=False)

    def along_frequency(self, n1_stop: int, n2: int, *, one_by_one: bool) -> list[JointRows]:
        """Plan the filters along frequency after one psi2, or of the first order if it is absent.

        They follow the first wavelets, up to `n1_stop`.
        """
        assert self.settings.joint is not None
        axis = FrequencyAxis(self.settings.joint, n1_stop, negligible(self.xp.dtype))
        filters = axis.filters(both=n2 != ABSENT)
        table = self.table

        def together(filters: list[FrequencyFilter]) -> JointRows:
            rows = [
                np.flatnonzero(
                    (table["n2"] == n2) & (table["n_fr"] == each.n_fr) & (table["spin"] == spin)
                )
                for each in filters
                for spin in (1, 0, -1)
            ]
            return JointRows(
                AlongFrequency(self.xp, filters), self.xp.integers(np.concatenate(rows))
            )

        return [together([each]) for each in filters] if one_by_one else [together(filters)]

    def largest_joint_batch(self) -> int:
        """Bytes of the bands of the largest batch that must not be divided, for one signal."""
        numbers = largest_joint_batch(self.settings, self.grid)
        return 2 * self.xp.dtype.itemsize * numbers

    def bands_of_signal(self, n1: Indices, k: int) -> list[BandRows]:
        """Apply psi1 to the signal, one wavelet for each row."""
        n = self.grid.n_padded >> k
        return [
            BandRows(
                source=SIGNAL,
                source_rows=slice(0, 1),
                filter=Filter(self.folded(self.bank.psi1[wavelet], n, 1), self.signal.window),
                rows=slice(i, i + 1),
            )
            for i, wavelet in enumerate(n1)
        ]

    def bands_of_envelopes(
        self, paths: Indices, n2: int, k: int, spectra: dict[int, Spectra]
    ) -> list[BandRows]:
        """Apply one psi2 to the first-order envelopes of paths, one octave at a time."""
        n1, j1 = self.paths["n1"][paths], self.paths["j1"][paths]
        n_uses = int(np.count_nonzero(self.paths["n2"] == n2))
        psi2 = self.folded(self.bank.psi2[n2], self.grid.n_padded >> k, n_uses)
        bands = []
        for octave in np.unique(j1).tolist():
            rows = np.flatnonzero(j1 == octave)
            bands.append(
                BandRows(
                    source=octave,
                    source_rows=spectra[octave].rows_of(n1[rows]),
                    filter=Filter(psi2, spectra[octave].window),
                    rows=slice(int(rows[0]), int(rows[-1]) + 1),
                )
            )
        return bands

    def split(self, paths: Indices, k: int, chunk: int) -> Iterator[Indices]:
        """Split paths of one rate into batches of limited size."""
        row_bytes = chunk * (self.grid.n_padded >> k) * 2 * self.xp.dtype.itemsize
        size = max(1, self.xp.batch_bytes // row_bytes)
        for start in range(0, len(paths), size):
            yield paths[start : start + size]
