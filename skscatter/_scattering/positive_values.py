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

from skscatter._scattering.filters import morlet_band, wavelet_parameters

NUMPY_MODES: dict[str, Any] = {"reflect": "reflect", "zero": "constant", "periodic": "wrap"}

# Octaves by which a band is sampled more finely than its own rate: at least 8 samples a period.
SPARE_OCTAVES = 2
MIN_SAMPLES = 8  # of a band, if the signal has them

# Parts of a band that are smaller than this share of the signal's largest magnitude count as zero.
# Between the steps of a signal, its bands are zero up to rounding errors, whose sign means nothing.
SILENT = 2.0**-20

LARGEST_EXPONENT = 126  # of a power of two in float32

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

    def blocks(
        self, x: NDArray[np.floating], exponent: NDArray[np.intc]
    ) -> Iterator[NDArray[np.floating]]:
        """Yield the projections of signals, a block of them at a time, in order.

        Parameters
        ----------
        x : ndarray of shape (n_signals, n_times)
            Signals of unit magnitude.
        exponent : ndarray of int, of shape (n_signals, 1)
            The projections are those of ``ldexp(x, exponent)``.

        Yields
        ------
        values : ndarray of shape (n_projections_of_the_block, n_signals, n_values)
            Slow bands are sampled at a lower rate than the signal. Bands are in float32, which is
            precise enough for comparisons, in half the time.
        """
        scale = np.ldexp(np.float32(1), np.clip(exponent, -LARGEST_EXPONENT, LARGEST_EXPONENT))
        yield (x * scale)[np.newaxis]
        angles = np.pi * np.arange(self.n_phases) / self.n_phases
        cosine, sine = (
            f(angles).astype(np.float32)[:, np.newaxis, np.newaxis] for f in (np.cos, np.sin)
        )
        grid = _grid(x.shape[1], self.J, self.Q)
        width = (grid.pad_left, grid.n_padded - grid.pad_left - x.shape[1])
        for padding in self.paddings:
            padded = np.pad(x, ((0, 0), width), mode=NUMPY_MODES[padding])
            spectrum = scipy.fft.fft(padded, axis=1, overwrite_x=True)
            for band in grid.bands:
                samples = band(spectrum)
                plane = np.stack([samples.real, samples.imag])
                plane[np.abs(plane) < SILENT] = 0
                real, imaginary = plane * scale
                values = cosine * real
                values += sine * imaginary
                yield values


@dataclass(frozen=True, eq=False)
class _SampledBand:
    """A wavelet's band of a padded signal, sampled at a lower rate.

    Attributes
    ----------
    gains : ndarray of shape (n_padded,)
        Of the bins of the spectrum.
    n_sampled : int
        Samples of the padded signal at the rate of the band. It divides `n_padded`.
    kept : slice
        Those within the signal.
    """

    gains: NDArray[np.float32]
    n_sampled: int
    kept: slice

    def __call__(self, spectrum: NDArray[Any]) -> NDArray[np.complex64]:
        """Return the band of signals from their spectra of shape (n_signals, n_padded)."""
        # The gain at zero frequency is zero, so an offset takes no precision from what is left.
        product = np.empty(spectrum.shape, np.complex64)
        np.multiply(spectrum, self.gains, out=product, casting="same_kind")
        if self.n_sampled < len(self.gains):  # bins that are equal modulo `n_sampled` are added
            product = product.reshape(len(product), -1, self.n_sampled).sum(axis=1)
        samples: NDArray[np.complex64] = scipy.fft.ifft(
            product, axis=1, norm="forward", overwrite_x=True
        )
        return samples[:, self.kept]


@dataclass(frozen=True, eq=False)
class _Grid:
    """Padding of signals of one length, and the bands on it."""

    n_padded: int
    pad_left: int
    bands: tuple[_SampledBand, ...]


@lru_cache(maxsize=64)
def _grid(n_times: int, J: int, Q: int) -> _Grid:
    """Lay out signals: padded by about half of their length on each side, for a fast FFT."""
    log2_unit = max(0, math.ceil(math.log2(n_times)) - 2)
    n_padded = -(-2 * n_times // 2**log2_unit) * 2**log2_unit  # up to 8 times a power of two
    family = wavelet_parameters(J, Q)
    slowest = min(log2_unit, max(0, math.floor(math.log2(n_times / MIN_SAMPLES))))
    rates = [2 ** max(0, min(j - SPARE_OCTAVES, slowest)) for j in family.j]
    pad_left = (n_padded - n_times) // 2 // max(rates) * max(rates)
    bands = tuple(
        _SampledBand(
            _gains(n_padded, xi, sigma),
            n_padded // rate,
            slice(pad_left // rate, -(-(pad_left + n_times) // rate)),
        )
        for xi, sigma, rate in zip(family.xi, family.sigma, rates, strict=True)
    )
    return _Grid(n_padded, pad_left, bands)


@lru_cache(maxsize=256)
def _gains(n_padded: int, xi: float, sigma: float) -> NDArray[np.float32]:
    """Compute the gains of a wavelet at all bins. Signals of similar lengths share them."""
    band = morlet_band(n_padded, xi, sigma)
    gains = np.zeros(n_padded)
    np.add.at(gains, np.arange(band.start, band.stop) % n_padded, band.values() / n_padded)
    return gains.astype(np.float32)


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
    signals : sequence of ndarray of shape (n_signals, n_times)
        Training signals. Those in one array have one length.
    n_thresholds : int

    Returns
    -------
    thresholds : ndarray of shape (n_projections, n_thresholds)
        Quantiles, ascending, of up to about `MAX_VALUES` values of each projection.
    """
    share = MAX_VALUES / sum(x.size for x in signals)
    scaled = [to_unit_magnitude(x) for x in signals]
    largest = max(int(exponent.max()) for _, exponent in scaled)
    parts: list[list[NDArray[np.floating]]] = []
    for x, exponent in scaled:
        parts.append([])
        for block in projections.blocks(x, exponent - largest):
            values = block[..., _spread(block.shape[-1], share)]
            parts[-1].append(values.reshape(len(values), -1))
    levels = (np.arange(n_thresholds) + 0.5) / n_thresholds
    quantiles = [
        np.quantile(np.concatenate(each, axis=1).astype(np.float64), levels, axis=1).T
        for each in zip(*parts, strict=True)
    ]
    return np.ldexp(np.concatenate(quantiles), largest)


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
    thresholds : ndarray of shape (n_projections, n_thresholds)

    Returns
    -------
    shares : ndarray of shape (n_signals, n_projections, n_thresholds)
        In the precision of `x`.
    """
    # In the unit of the thresholds, values are neither tiny nor huge.
    unit = np.frexp(np.abs(thresholds).max())[1]
    thresholds = np.ldexp(thresholds, -unit)
    x, exponent = to_unit_magnitude(x)
    shares, n = np.empty((len(x), *thresholds.shape), x.dtype), 0
    for block in projections.blocks(x, exponent - unit):
        part = slice(n, n + len(block))
        shares[:, part] = _shares_above(block, thresholds[part].astype(block.dtype))
        n = part.stop
    return shares


def _shares_above(
    values: NDArray[np.floating], thresholds: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Share of the values of each signal that exceed each threshold.

    Parameters
    ----------
    values : ndarray of shape (n_projections, n_signals, n_values)
    thresholds : ndarray of shape (n_projections, n_thresholds)

    Returns
    -------
    shares : ndarray of shape (n_signals, n_projections, n_thresholds)
    """
    n_projections, n_signals, n = values.shape
    # One byte for each comparison, counted eight at a time.
    padded = np.full((n_projections, 1, n_signals, -(-n // 8) * 8), -np.inf, values.dtype)
    padded[:, 0, :, :n] = values
    above = padded.reshape(n_projections, 1, -1) > thresholds[..., np.newaxis]
    eights = np.bitwise_count(above.view(np.uint64)).reshape(*thresholds.shape, n_signals, -1)
    return np.moveaxis(eights.sum(axis=-1, dtype=np.intp), -1, 0) / n
