"""Proportions of positive values (PPV) of band-passed signals.

A modulus loses the sign and the phase of a band, and its average the distribution of its values.
Dempster, Schmidt and Webb, "MiniRocket: A Very Fast (Almost) Deterministic Transform for Time
Series Classification", KDD 2021, describe a filtered series by the share of its samples that exceed
a threshold. Here the filters are wavelets. A band ``x * psi`` is complex. Its projections on the
directions ``exp(i theta)`` of the plane, ``Re(exp(-i theta) x * psi)``, are real bands of all
phases, and the shares of their samples above several thresholds describe the distribution of the
band in the plane.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from skscatter._scattering.filters import Band, morlet_band, wavelet_parameters

NUMPY_MODES: dict[str, Any] = {"reflect": "reflect", "zero": "constant", "periodic": "wrap"}

# Octaves by which a band is sampled more finely than its own rate: at least 8 samples a period.
SPARE_OCTAVES = 2
MIN_SAMPLES = 8  # of a band, if the signal has them

# Thresholds nearer to zero than this share of a signal's largest magnitude count as this share.
# Between the steps of a signal, its bands are zero up to rounding errors, whose sign means nothing.
SILENT = 2.0**-20

CHUNK_BYTES = 2**20  # comparisons of a chunk of signals: few enough for the processor's cache
MAX_VALUES = 2**14  # from which the thresholds of a projection are learned


@dataclass(frozen=True)
class Projections:
    """The real signals whose positive values are counted.

    The first one is the signal itself. The others are the projections of its bands, by padding,
    then by wavelet, then by phase.

    Attributes
    ----------
    J : int
        The largest wavelet has the scale ``2**J`` samples.
    Q : int
        Wavelets per octave.
    n_phases : int
        Directions in the complex plane, from 0 up to 180 degrees.
    paddings : tuple of {"reflect", "zero", "periodic"}
        How a signal is continued past its ends. There are bands for each.
    """

    J: int
    Q: int
    n_phases: int
    paddings: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Name of each projection."""
        degrees = [180 * phase / self.n_phases for phase in range(self.n_phases)]
        wavelets = range(len(wavelet_parameters(self.J, self.Q)))
        return ["signal"] + [
            f"{padding}_n{n}_{angle:.4g}deg"
            for padding in self.paddings
            for n in wavelets
            for angle in degrees
        ]

    def blocks(self, x: NDArray[np.floating]) -> Iterator[NDArray[np.floating]]:
        """Yield the projections of signals, a block of them at a time, in order.

        Parameters
        ----------
        x : ndarray of shape (n_signals, n_times)

        Yields
        ------
        values : ndarray of shape (n_signals, n_projections_of_the_block, n_values)
            Slow bands are sampled at a lower rate than the signal.
        """
        yield x[:, np.newaxis]
        angles = np.pi * np.arange(self.n_phases) / self.n_phases
        cosine, sine = (f(angles).astype(x.dtype)[:, np.newaxis] for f in (np.cos, np.sin))
        grid = _grid(x.shape[1], self.J, self.Q)
        width = (grid.pad_left, grid.n_padded - grid.pad_left - x.shape[1])
        for padding in self.paddings:
            padded = np.pad(x, ((0, 0), width), mode=NUMPY_MODES[padding])
            spectrum = scipy.fft.fft(padded, axis=1, overwrite_x=True)
            for band in grid.bands:
                values = band(spectrum)[:, np.newaxis]
                yield values.real * cosine + values.imag * sine


@dataclass(frozen=True, eq=False)
class _SampledBand:
    """A wavelet's band of a padded signal, sampled every `rate` samples of the signal itself."""

    band: Band
    n_padded: int
    rate: int
    kept: slice

    def __call__(self, spectrum: NDArray[Any]) -> NDArray[Any]:
        """Return the band of signals from their spectra of shape (n_signals, n_padded)."""
        n, start = self.n_padded // self.rate, self.band.start
        # Sampling adds the bins that are equal modulo the number of samples.
        first = start % n
        folded = -(-(first + len(self.band)) // n)
        product = np.zeros((len(spectrum), folded * n), spectrum.dtype)
        bins = np.arange(start, self.band.stop) % self.n_padded
        gains = (self.band.values() / self.n_padded).astype(spectrum.real.dtype)
        product[:, first : first + len(bins)] = spectrum[:, bins] * gains
        product = product.reshape(len(spectrum), folded, n).sum(axis=1)
        result: NDArray[Any] = scipy.fft.ifft(product, axis=1, norm="forward", overwrite_x=True)
        return result[:, self.kept]


@dataclass(frozen=True, eq=False)
class _Grid:
    """Padding of signals of one length, and the bands on it."""

    n_padded: int
    pad_left: int
    bands: tuple[_SampledBand, ...]


@lru_cache(maxsize=256)
def _grid(n_times: int, J: int, Q: int) -> _Grid:
    """Lay out signals: padded by about half of their length on each side, for a fast FFT."""
    log2 = math.ceil(math.log2(2 * n_times)) - 3
    log2 = max(log2, 0)
    n_padded = -(-2 * n_times // 2**log2) * 2**log2  # up to 8 times a power of two
    family = wavelet_parameters(J, Q)
    coarsest = min(log2, max(0, math.floor(math.log2(n_times / MIN_SAMPLES))))
    rates = [2 ** max(0, min(j - SPARE_OCTAVES, coarsest)) for j in family.j]
    pad_left = (n_padded - n_times) // 2 // max(rates) * max(rates)
    bands = tuple(
        _SampledBand(
            morlet_band(n_padded, xi, sigma),
            n_padded,
            rate,
            slice(pad_left // rate, -(-(pad_left + n_times) // rate)),
        )
        for xi, sigma, rate in zip(family.xi, family.sigma, rates, strict=True)
    )
    return _Grid(n_padded, pad_left, bands)


def rows_at_once(projections: Projections, n_times: int, n_thresholds: int) -> int:
    """Signals whose comparisons fit in the processor's cache."""
    return max(1, CHUNK_BYTES // (n_times * projections.n_phases * n_thresholds))


def learn_thresholds(
    projections: Projections, signals: Sequence[NDArray[np.floating]], n_thresholds: int
) -> NDArray[np.float64]:
    """Choose thresholds that divide the values of each projection into equal shares.

    Parameters
    ----------
    projections : Projections
    signals : sequence of ndarray of shape (n_times,)
        Training signals, of any lengths.
    n_thresholds : int

    Returns
    -------
    thresholds : ndarray of shape (n_projections, n_thresholds)
        Quantiles, ascending, of up to about `MAX_VALUES` values of each projection.
    """
    share = MAX_VALUES / sum(map(len, signals))
    values: list[list[NDArray[np.floating]]] = [[] for _ in projections.names]
    for signal in signals:
        x, exponent = to_unit_magnitude(signal[np.newaxis])
        n = 0
        for block in projections.blocks(x):
            part = block[0][:, _spread(block.shape[-1], share)]
            for i, row in enumerate(np.ldexp(part, exponent)):
                values[n + i].append(row)
            n += len(part)
    levels = (np.arange(n_thresholds) + 0.5) / n_thresholds
    return np.stack([np.quantile(np.concatenate(each), levels) for each in values])


def _spread(n: int, share: float) -> NDArray[np.intp]:
    """Positions of a share of `n` values: multiples of the golden ratio, modulo 1.

    They are evenly spread, like random ones, and have no period that a signal may have, too.
    """
    count = min(n, math.ceil(n * share))
    if count == n:
        return np.arange(n)
    golden = (math.sqrt(5) - 1) / 2
    return (np.arange(count) * golden % 1 * n).astype(np.intp)


def to_unit_magnitude(
    x: NDArray[np.floating],
) -> tuple[NDArray[np.floating], NDArray[np.intc]]:
    """Scale each signal by a power of two, to a largest magnitude from 0.5 to 1.

    Returns
    -------
    scaled : ndarray of shape (n_signals, n_times)
    exponent : ndarray of int, of shape (n_signals, 1)
        The signals are ``ldexp(scaled, exponent)``.
    """
    exponent = np.frexp(np.abs(x).max(axis=1, keepdims=True))[1]
    return np.ldexp(x, -exponent), exponent


def positive_shares(
    projections: Projections, x: NDArray[np.floating], thresholds: NDArray[np.float64]
) -> NDArray[np.floating]:
    """Count the values of each projection above each threshold, as shares of all values.

    Parameters
    ----------
    projections : Projections
    x : ndarray of shape (n_signals, n_times)
    thresholds : ndarray of shape (n_signals or 1, n_projections, n_thresholds)

    Returns
    -------
    shares : ndarray of shape (n_signals, n_projections, n_thresholds)
        In the precision of `x`.
    """
    x, exponent = to_unit_magnitude(x)
    with np.errstate(over="ignore", under="ignore"):  # no value exceeds an infinite threshold
        scaled = np.ldexp(thresholds, -exponent[..., np.newaxis]).astype(x.dtype)
    scaled = np.where(np.abs(scaled) < SILENT, x.dtype.type(SILENT), scaled)
    shares, n = np.empty_like(scaled), 0
    for block in projections.blocks(x):
        part = slice(n, n + block.shape[1])
        shares[:, part] = _shares_above(block, scaled[:, part])
        n = part.stop
    return shares


def _shares_above(
    values: NDArray[np.floating], thresholds: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Share of the values along the last axis that exceed each threshold."""
    n = values.shape[-1]
    # One byte for each comparison, counted eight at a time.
    above = np.zeros((*thresholds.shape, -(-n // 8) * 8), bool)
    np.greater(values[..., np.newaxis, :], thresholds[..., np.newaxis], out=above[..., :n])
    return np.bitwise_count(above.view(np.uint64)).sum(axis=-1, dtype=np.intp) / n
