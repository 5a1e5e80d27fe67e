"""Proportions of positive values (PPV) of wavelet bands, and of sums of two bands.

A modulus loses the phase of a band. The phase says where in the band's period an event lies and
which sign it has, and the difference between the phases of two bands says what shape it has: the
bands of a step, of a peak and of a sawtooth have the same moduli, and other phases. Mallat, Zhang
and Rochette, "Phase harmonic correlations and convolutional neural networks", Information and
Inference 9(3), 2020, measure such phases by correlations. Here they are measured as Dempster,
Schmidt and Webb, "MiniRocket: A Very Fast (Almost) Deterministic Transform for Time Series
Classification", KDD 2021, describe a filtered series: by the share of its samples that exceed a
threshold. The filters are wavelets at several phases, ``Re(exp(-i theta) psi)``, and sums of two of
them.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from skscatter._scattering.filters import morlet_band, wavelet_parameters
from skscatter._scattering.namespace import FFT_ROWS

NUMPY_MODES: dict[str, Any] = {"reflect": "reflect", "zero": "constant", "periodic": "wrap"}

# Octaves by which a band is sampled more finely than its own rate: at least 8 samples a period.
SPARE_OCTAVES = 2
MIN_SAMPLES = 8  # of a band, if the signal has them

# Parts of a band that are smaller than this share of the signal's largest deviation from its mean
# count as zero. Between the steps of a signal, its bands are zero up to rounding errors, whose sign
# means nothing.
SILENT = 2.0**-20

NEGLIGIBLE = 1e-9  # share of a filter's peak that is lost in the rounding of float32

CHUNK = 2**16  # samples of a chunk of padded signals: its bands fit in the processor's cache
MAX_VALUES = 2**12  # from which the thresholds of a projection are learned

GOLDEN = (math.sqrt(5) - 1) / 2  # multiples of it, modulo 1, are evenly spread

# Counts values above thresholds, as `fill_counts` does.
Counter = Callable[..., None]

# Signals that share a grid, as rows with zeros after the end of shorter ones, and their lengths in
# descending order.
Chunk = tuple[NDArray[np.floating], NDArray[np.intp]]


@dataclass(frozen=True)
class Projections:
    """The real signals whose positive values are counted.

    They are the bands at each phase, and the sums of two bands at each pair of their phases. They
    follow each other in steps, one for each wavelet, from high to low frequency: its band alone,
    then its sums with the bands that are up to some octaves higher.

    Attributes
    ----------
    J : int
        The largest wavelet has the scale ``2**J`` samples.
    n_phases : int
        Directions in the complex plane, from 0 up to 180 degrees. In sums, the band of the lower
        frequency also has the opposite directions.
    pair_octaves : int
        Largest distance of two bands that are added.
    padding : {"reflect", "zero", "periodic"}
        How a signal is continued past its ends.
    """

    J: int
    n_phases: int
    pair_octaves: int
    padding: str

    @property
    def n_wavelets(self) -> int:
        """Number of wavelets, one per octave."""
        return len(wavelet_parameters(self.J, 1))

    @property
    def n_projections(self) -> int:
        """Number of projections."""
        return max(sums.stop for _, sums in self.steps())

    def partners(self, n: int) -> range:
        """Wavelets whose bands are added to that of the `n`-th."""
        return range(max(0, n - self.pair_octaves), n)

    @property
    def names(self) -> list[str]:
        """Name of each projection."""

        def name(n: int, direction: int) -> str:
            return f"n{n}_{180 * direction / self.n_phases:.4g}deg"

        P, names = self.n_phases, []
        for n in range(self.n_wavelets):
            names += [name(n, p) for p in range(P)]
            names += [
                f"{name(other, p)}_{name(n, q)}"
                for other, p, q in product(self.partners(n), range(P), range(2 * P))
            ]
        return names

    def steps(self) -> Iterator[tuple[slice, slice]]:
        """Yield the positions of the projections of each step: alone, and in sums."""
        stop = 0
        for n in range(self.n_wavelets):
            start, middle = stop, stop + self.n_phases
            stop = middle + len(self.partners(n)) * 2 * self.n_phases**2
            yield slice(start, middle), slice(middle, stop)


@dataclass(frozen=True, eq=False)
class Bands:
    """The bands of signals on one grid, at all phases.

    Attributes
    ----------
    values : list of ndarray of shape (n_phases, n_signals, n_values)
        For each wavelet, in float32. Beyond the end of a signal, they are not numbers.
    energies : ndarray of shape (n_wavelets, n_signals)
        Mean squared moduli of bands whose energies sum to 1 in each signal (or to 0).
    rates : tuple of int
        Samples of the signal for each value of a band.
    counts : dict of int to ndarray of int, of shape (n_signals,)
        Values of each signal at each rate.
    """

    values: list[NDArray[np.float32]]
    energies: NDArray[np.float64]
    rates: tuple[int, ...]
    counts: dict[int, NDArray[np.intp]]

    def steps(
        self, projections: Projections
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]]:
        """Yield each band, its partners at its rate, and how many values each signal has.

        The partners have shape (n_partners, n_phases, n_signals, n_values).
        """
        for n, (values, rate) in enumerate(zip(self.values, self.rates, strict=True)):
            partners = np.empty((len(projections.partners(n)), *values.shape), np.float32)
            for partner, other in zip(partners, projections.partners(n), strict=True):
                partner[:] = self.values[other][..., :: rate // self.rates[other]]
            yield values, partners, self.counts[rate]


def _bands_of(
    projections: Projections,
    x: NDArray[np.floating],
    lengths: NDArray[np.intp],
    gains: NDArray[np.float64] | None = None,
) -> Bands:
    """Compute the bands of signals that share a grid.

    Parameters
    ----------
    projections : Projections
    x : ndarray of shape (n_signals, n_longest)
        Signals, in descending order of their lengths.
    lengths : ndarray of int, of shape (n_signals,)
    gains : ndarray of shape (n_wavelets, n_signals) or None, default=None
        Factors of bands whose energies sum to 1. None means 1.
    """
    grid = _grid(n_padded(int(lengths[0])), projections.J)
    padded, floor = _prepare(x, lengths, grid, projections.padding)
    spectrum = scipy.fft.fft(padded, axis=1, overwrite_x=True).astype(np.complex64, copy=False)
    counts = {rate: -(-lengths // rate) for rate in grid.rates}
    beyond = {rate: np.arange(n[0]) >= n[:, np.newaxis] for rate, n in counts.items()}
    differ = lengths[-1] < lengths[0]
    planes, energies = [], np.empty((len(grid.bands), len(x)))
    for n, (band, rate) in enumerate(zip(grid.bands, grid.rates, strict=True)):
        first = grid.pad_left // rate
        samples = band(spectrum)[: len(x), first : first + counts[rate][0]]
        plane = np.stack([samples.real, samples.imag])
        plane *= np.abs(plane) >= floor
        if differ:
            plane[:, beyond[rate]] = 0
        energies[n] = np.square(plane).sum(axis=2).sum(axis=0) / counts[rate]
        planes.append(plane)
    normalized = _inverse_root(energies.sum(axis=0))
    energies *= normalized**2
    gains = np.broadcast_to(normalized, energies.shape) if gains is None else gains * normalized
    directions = np.exp(1j * np.pi * np.arange(projections.n_phases) / projections.n_phases)
    all_values = []
    for rate, gain in zip(grid.rates, gains, strict=True):
        plane, factors = planes.pop(0), (directions[:, np.newaxis] * gain)[..., np.newaxis]
        values = factors.real.astype(np.float32) * plane[0]
        values += factors.imag.astype(np.float32) * plane[1]
        if differ:
            values[:, beyond[rate]] = np.nan
        all_values.append(values)
    return Bands(all_values, energies, grid.rates, counts)


def _prepare(
    x: NDArray[np.floating], lengths: NDArray[np.intp], grid: "_Grid", padding: str
) -> tuple[NDArray[np.floating], NDArray[np.float32]]:
    """Remove the mean of signals, scale them to unit magnitude, and pad them.

    Returns
    -------
    padded : ndarray of shape (n_rows, n_padded)
        Rows after the signals are zero, up to a multiple of `FFT_ROWS`.
    floor : ndarray of shape (n_signals, 1)
        Parts of a band below it count as zero.
    """
    eps = np.finfo(x.dtype).eps
    step = 1 if n_at_once(grid.n_padded) == 1 else FFT_ROWS
    padded = np.zeros((-(-len(x) // step) * step, grid.n_padded), x.dtype)
    floor = np.empty((len(x), 1), np.float32)
    for first, stop in runs(lengths):
        n = int(lengths[first])
        signals = x[first:stop, :n]
        signals = _to_unit_magnitude(signals)
        centred = signals - signals.mean(axis=1, keepdims=True)
        offset = np.abs(signals).max(axis=1, keepdims=True)
        # Rounding errors of the mean are not enlarged.
        largest = np.abs(centred).max(axis=1, keepdims=True)
        unit = np.maximum(largest, 64 * eps * offset)
        unit = np.where(unit > 0, unit, 1)
        width = (grid.pad_left, grid.n_padded - grid.pad_left - n)
        padded[first:stop] = np.pad(centred / unit, ((0, 0), width), mode=NUMPY_MODES[padding])
        floor[first:stop] = SILENT + 8 * eps * offset / unit
    return padded, floor


def _to_unit_magnitude(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """Scale each signal by a power of two, to a largest magnitude from 0.5 to 1."""
    return np.ldexp(x, -np.frexp(np.abs(x).max(axis=1, keepdims=True))[1])


def _inverse_root(a: NDArray[np.float64]) -> NDArray[np.float64]:
    """One over the square root of numbers, and 0 for 0."""
    return np.divide(1, np.sqrt(a), out=np.zeros_like(a), where=a > 0)


def runs(lengths: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Divide rows into runs of equal length."""
    bounds = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(lengths)]
    return list(pairwise(bounds))


@dataclass(frozen=True, eq=False)
class _SampledBand:
    """A wavelet's band of a padded signal, sampled at a lower rate.

    Attributes
    ----------
    n_sampled : int
        Samples of the padded signal at the rate of the band.
    pieces : list of (slice, slice, ndarray)
        Bins of the signal's spectrum, bins of the band's, and the gains between them.
    """

    n_sampled: int
    pieces: list[tuple[slice, slice, NDArray[np.float32]]]

    def __call__(self, spectrum: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Return the band of signals from their spectra of shape (n_signals, n_padded)."""
        product = np.zeros((len(spectrum), self.n_sampled), np.complex64)
        for source, target, gains in self.pieces:
            product[:, target] += spectrum[:, source] * gains
        samples: NDArray[np.complex64] = scipy.fft.ifft(
            product, axis=1, norm="forward", overwrite_x=True
        )
        return samples


@dataclass(frozen=True, eq=False)
class _Grid:
    """Padding of signals of similar lengths, and the bands on it."""

    n_padded: int
    pad_left: int
    rates: tuple[int, ...]
    bands: tuple[_SampledBand, ...]


def n_padded(n_times: int) -> int:
    """Length of a padded signal: at least twice its own, and fast to transform."""
    unit = _unit(n_times)
    return -(-2 * n_times // unit) * unit  # 5 to 8 times a power of two


def _unit(n_times: int) -> int:
    return 1 << max(0, (n_times - 1).bit_length() - 2)


@lru_cache(maxsize=256)
def _grid(n_padded: int, J: int) -> _Grid:
    """Lay out signals, with at least a quarter of the grid on each side."""
    family = wavelet_parameters(J, 1)
    slowest = max(0, math.floor(math.log2(n_padded / (2.5 * MIN_SAMPLES))))
    rates = tuple(2 ** max(0, min(j - SPARE_OCTAVES, slowest)) for j in family.j)
    bands = tuple(
        _sampled_band(n_padded, xi, sigma, rate)
        for xi, sigma, rate in zip(family.xi, family.sigma, rates, strict=True)
    )
    return _Grid(n_padded, n_padded // 4 // max(rates) * max(rates), rates, bands)


def _sampled_band(n_padded: int, xi: float, sigma: float, rate: int) -> _SampledBand:
    """Divide a wavelet where the bins of the band's spectrum begin anew."""
    band = morlet_band(n_padded, xi, sigma, NEGLIGIBLE)
    n_sampled = n_padded // rate
    gains = (band.values() / n_padded).astype(np.float32)
    pieces, start = [], band.start
    while start < band.stop:
        source, target = start % n_padded, start % n_sampled
        length = min(n_sampled - target, band.stop - start)
        at = start - band.start
        pieces.append(
            (
                slice(source, source + length),
                slice(target, target + length),
                gains[at : at + length],
            )
        )
        start += length
    return _SampledBand(n_sampled, pieces)


def learn(
    projections: Projections,
    chunks: Iterable[Chunk],
    n_samples: int,
    n_thresholds: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Choose thresholds for signals, the scales of bands, and thresholds for projections.

    Parameters
    ----------
    projections : Projections
    chunks : iterable of (ndarray of shape (n_signals, n_longest), ndarray of int)
        Training signals, and their lengths in descending order. Those in a chunk share a grid.
    n_samples : int
        Samples of all training signals.
    n_thresholds : int

    Returns
    -------
    levels : ndarray of shape (n_thresholds,)
        Thresholds for the signals themselves, in their unit.
    scales : ndarray of shape (n_wavelets,)
        Root mean square of the modulus of each band, in signals whose bands have energy 1 together.
    thresholds : ndarray of shape (n_projections, n_thresholds)
        Thresholds for projections of scaled bands.

    Notes
    -----
    Thresholds are quantiles of up to about `MAX_VALUES` values, ascending. The shares below them
    are multiples of the golden ratio, modulo 1, so that those of similar projections differ.
    """
    samples, energies, parts = [], [], []
    for x, lengths in chunks:
        bands = _bands_of(projections, x, lengths)
        energies.append(bands.energies)
        inside = x[np.arange(x.shape[1]) < lengths[:, np.newaxis]]
        samples.append(inside[_spread(inside.size, MAX_VALUES / n_samples)])
        steps = zip(bands.steps(projections), bands.rates, strict=True)
        parts.append(
            [
                _some_values(values, partners, MAX_VALUES / n_samples * rate)
                for (values, partners, _), rate in steps
            ]
        )
    mean = np.concatenate(energies, axis=1).mean(axis=1)
    gains = _inverse_root(mean).astype(np.float32)[:, np.newaxis, np.newaxis]
    n_projections = projections.n_projections
    shares = np.arange(1, (1 + n_projections) * n_thresholds + 1) * GOLDEN % 1
    of_signal, *_ = shares = np.sort(shares.reshape(-1, n_thresholds), axis=1)
    shares, thresholds = shares[1:], np.empty((n_projections, n_thresholds))
    for n, ((alone, sums), some) in enumerate(
        zip(projections.steps(), zip(*parts, strict=True), strict=True)
    ):
        values, partners = (np.concatenate(each, axis=-1) for each in zip(*some, strict=True))
        values *= gains[n]
        partners *= gains[projections.partners(n)]
        thresholds[alone] = quantiles(values, shares[alone])
        if len(partners):
            summed = partners[:, :, np.newaxis] + _with_opposites(values)
            thresholds[sums] = quantiles(summed.reshape(-1, values.shape[-1]), shares[sums])
    levels = quantiles(np.concatenate(samples)[np.newaxis], of_signal[np.newaxis])[0]
    return levels, np.sqrt(mean), thresholds


def _some_values(
    values: NDArray[np.float32], partners: NDArray[np.float32], share: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Take a share of the values of a band and its partners."""
    n = values[0].size
    values, partners = (each.reshape(*each.shape[:-2], n) for each in (values, partners))
    positions = np.flatnonzero(~np.isnan(values[0]))
    positions = positions[_spread(len(positions), share)]
    return values[..., positions], partners[..., positions]


def _spread(n: int, share: float) -> NDArray[np.intp]:
    """Positions of a share of `n` values: multiples of the golden ratio, modulo 1.

    They are evenly spread, like random ones, and have no period that a signal may have, too.
    """
    if share >= 1:
        return np.arange(n)
    return (np.arange(math.ceil(n * share)) * GOLDEN % 1 * n).astype(np.intp)


def _with_opposites(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Append the values at the opposite phases."""
    return np.concatenate([values, -values])


def quantiles(values: NDArray[np.floating], shares: NDArray[np.floating]) -> NDArray[np.float64]:
    """Quantiles of each row of values, below which there are its shares of them."""
    ordered = np.sort(values, axis=1)
    position = shares * (values.shape[1] - 1)
    first = position.astype(np.intp)
    weight = position - first
    lower, upper = (
        np.take_along_axis(ordered, at, axis=1).astype(np.float64)
        for at in (first, np.minimum(first + 1, values.shape[1] - 1))
    )
    return lower * (1 - weight) + upper * weight  # a difference may be too large for a number


def positive_shares(
    projections: Projections,
    chunk: Chunk,
    channels: NDArray[np.intp],
    levels: NDArray[np.float64],
    scales: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    count: Counter,
    shares: NDArray[np.floating],
) -> None:
    """Count the values of signals and projections above thresholds, as shares of all values.

    Parameters
    ----------
    projections : Projections
    chunk : (ndarray of shape (n_signals, n_longest), ndarray of int)
        Signals that share a grid, and their lengths in descending order.
    channels : ndarray of int64, of shape (n_signals,)
        Which of the levels, scales and thresholds are for each signal.
    levels : ndarray of shape (n_channels, n_thresholds)
    scales : ndarray of shape (n_channels, n_wavelets)
    thresholds : ndarray of shape (n_channels, n_projections, n_thresholds)
    count : Counter
        `fill_counts`, or its compiled form.
    shares : ndarray of shape (n_signals, 1 + n_projections, n_thresholds)
        Result. Those of the signal come first.
    """
    x, lengths = chunk
    bands = _bands_of(projections, x, lengths, _inverse_root(scales**2)[channels].T)
    n_channels, *_, n_thresholds = thresholds.shape
    limits = thresholds.astype(np.float32)
    inside = np.arange(x.shape[1]) < lengths[:, np.newaxis]
    for k, level in enumerate(levels[channels].T):
        above = (x > level[:, np.newaxis]) & inside
        shares[:, 0, k] = np.count_nonzero(above, axis=1) / lengths
    of_projections = shares[:, 1:]
    for (values, partners, n_values), (alone, sums) in zip(
        bands.steps(projections), projections.steps(), strict=True
    ):
        nothing = np.zeros((1, *values.shape[1:]), np.float32)
        terms = [(alone, values, nothing)]
        if len(partners):
            first = partners.reshape(-1, *values.shape[1:])
            terms.append((sums, first, _with_opposites(values)))
        for part, first, second in terms:
            shape = (len(first), len(second), n_thresholds)
            counts = np.empty((len(x), *shape), np.int64)
            of_part = np.ascontiguousarray(limits[:, part]).reshape(n_channels, *shape)
            count(first, second, of_part, channels, counts)
            np.divide(
                counts.reshape(len(x), -1, n_thresholds),
                n_values[:, np.newaxis, np.newaxis],
                out=of_projections[:, part],
                casting="same_kind",
            )


def fill_counts(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    thresholds: NDArray[np.float32],
    channels: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """Count the values of the sum of each first and each second signal above thresholds.

    All arrays are contiguous. NaN exceeds nothing.

    Parameters
    ----------
    first : ndarray of shape (n_first, n_signals, n_values)
    second : ndarray of shape (n_second, n_signals, n_values)
    thresholds : ndarray of shape (n_channels, n_first, n_second, n_thresholds)
    channels : ndarray of int, of shape (n_signals,)
        Which of the thresholds are for each signal.
    counts : ndarray of shape (n_signals, n_first, n_second, n_thresholds)
        Result.
    """
    n_second, n_signals, n = second.shape
    # One byte for each comparison, counted eight at a time.
    sums = np.full((n_second, n_signals, -(-n // 8) * 8), np.nan, np.float32)
    for m in range(len(first)):
        np.add(first[m], second, out=sums[..., :n])
        for k in range(thresholds.shape[3]):
            limits = thresholds[:, m, :, k].T[:, channels]
            above = sums > limits[..., np.newaxis]
            eights = np.bitwise_count(above.view(np.uint64))
            counts[:, m, :, k] = eights.sum(axis=-1, dtype=np.int64).T


def n_at_once(n_padded: int) -> int:
    """Padded signals to compute together: as many as fit in the processor's cache.

    It is 1 or a multiple of `FFT_ROWS`, and follows from the length alone, so that a signal is
    always computed in the same way.
    """
    return max(1, CHUNK // n_padded // FFT_ROWS * FFT_ROWS)
