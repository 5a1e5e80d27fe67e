"""The Morlet filter bank, each filter reduced to the frequencies where it is not negligible.

Centre frequencies and bandwidths follow Andén and Mallat, "Deep Scattering Spectrum", IEEE Trans.
Signal Process. 62(16), 2014, section III-A. The Morlet wavelets are those of Lostanlen, *Opérateurs
convolutionnels dans le plan temps-fréquence*, PhD thesis, École normale supérieure, 2017, chapter
2, with zero mean and unit L1 norm. The constants are those of kymatio 0.3, and the filters equal
kymatio's to rounding.

A filter is kept as a `Band`: a range of frequency bins and a formula for the values there. A bin is
one cycle per padded length. Bins may be negative or exceed the Nyquist frequency, because the
spectrum of a sampled signal is periodic. For signals at a lower sampling rate, a filter is
therefore periodised by the *sum* of its periods, and the low-pass has a gain of 1 at zero frequency
at every rate. kymatio 0.3 takes the mean of the periods.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from skscatter._scattering.settings import SIGMA0

CROSSING = math.sqrt(0.5)  # share of their peaks at which neighbouring wavelets cross
ALPHA = 5.0  # bandwidths above its centre at which subsampling may cut off a wavelet
MIN_HIGHEST_XI = 0.35  # lower bound for the highest centre frequency, in cycles per sample

# Values below this share of a filter's peak are lost in the rounding of float64.
NEGLIGIBLE = float(np.finfo(np.float64).eps) / 16

# The tails of a Gaussian underflow to zero. This is intended, even if the user has set NumPy to
# raise an error.
underflow_to_zero = np.errstate(under="ignore")


def reach(share: float) -> float:
    """Bandwidths from the centre of a Gaussian to where it falls to `share` of its peak."""
    return math.sqrt(-2 * math.log(share))


REACH = reach(NEGLIGIBLE)


@dataclass(frozen=True)
class WaveletParameters:
    """Centres, bandwidths and octaves of a family of wavelets, from high to low frequency.

    Attributes
    ----------
    xi, sigma : tuple of float
        Centre frequencies and bandwidths, in cycles per sample.
    j : tuple of int
        Octaves: a signal filtered by the wavelet may be sampled every ``2**j`` samples.
    """

    xi: tuple[float, ...]
    sigma: tuple[float, ...]
    j: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.xi)


def wavelet_parameters(J: int, Q: int) -> WaveletParameters:
    """Place `Q` Morlet wavelets per octave, down to the scale ``2**J``.

    Andén and Mallat (2014), section III-A: wavelets are dilations of each other, ``2**(1 / Q)``
    apart, as long as they are no longer than the scale allows. `Q` - 1 more, of the smallest
    bandwidth, then divide the lower frequencies into equal parts.
    """
    ratio = 2 ** (1 / Q)
    min_sigma = SIGMA0 / 2**J
    xi = highest_xi(Q)
    sigma = constant_q_bandwidth(xi, Q)
    family = []
    if sigma > min_sigma:
        family.append((xi, sigma))
        while sigma > min_sigma * ratio:
            xi, sigma = xi / ratio, sigma / ratio
            family.append((xi, sigma))
    # If no wavelet fits, kymatio divides the frequencies below the bandwidth instead.
    lowest = xi if family else sigma
    family += [(lowest - q / Q * lowest, min_sigma) for q in range(1, Q)]
    xis, sigmas = zip(*family, strict=True)
    return WaveletParameters(xis, sigmas, tuple(map(octave, xis, sigmas)))


def highest_xi(Q: int) -> float:
    """Centre frequency of the highest of `Q` wavelets per octave, in cycles per sample.

    In a sampled signal a wavelet at ``xi`` has an image at ``1 - xi``. The two stay at least as far
    apart as wavelets three steps from each other, ``1 - xi = 2**(3 / Q) * xi``, unless that leaves
    too much of the spectrum below the Nyquist frequency uncovered.
    """
    return max(1 / (1 + 2 ** (3 / Q)), MIN_HIGHEST_XI)


def constant_q_bandwidth(xi: float, Q: int) -> float:
    """Bandwidth of a wavelet at `xi` among `Q` per octave (Lostanlen 2017, chapter 2).

    The wavelet, a Gaussian, and its neighbour, the same one at ``xi / 2**(1 / Q)``, fall to the
    share `CROSSING` of their peaks at the same frequency between them, both `reach` (`CROSSING`)
    bandwidths from their centres.
    """
    dilation = 1 / 2 ** (1 / Q)
    return xi * ((1 - dilation) / (1 + dilation)) * (1 / reach(CROSSING))


def octave(xi: float, sigma: float) -> int:
    """Largest j such that sampling every ``2**j`` samples preserves the wavelet, up to `ALPHA`."""
    highest = min(xi + ALPHA * sigma, 0.5)
    return math.floor(-math.log2(highest)) - 1


def smallest_J(Q: int) -> int:
    """Smallest scale at which `Q` wavelets per octave fit.

    Below it, even the widest band of the family is narrower than ``2**J`` samples can resolve, and
    the family leaves the high frequencies uncovered.
    """
    widest = constant_q_bandwidth(highest_xi(Q), Q)
    return max(0, math.floor(math.log2(SIGMA0 / widest)) + 1)


@dataclass(frozen=True, eq=False)
class Band:
    """A filter's Fourier transform on the range of bins where it is not negligible.

    It is kept as a formula, so that a bank is fast to build and takes little memory at any length.

    Attributes
    ----------
    start, stop : int
        First bin, which may be negative, and one past the last.
    formula : callable
        Values at an array of bins (real: the filters are symmetric about their centre in time).
    """

    start: int
    stop: int
    formula: Callable[[NDArray[np.integer]], NDArray[np.float64]]

    def __len__(self) -> int:
        return self.stop - self.start

    @underflow_to_zero
    def values(self, part: slice = slice(None)) -> NDArray[np.float64]:
        """Evaluate the band, or a part of it, counted from its first bin."""
        first, last, _ = part.indices(len(self))
        return self.formula(np.arange(self.start + first, self.start + last))


@underflow_to_zero
def gaussian(f: NDArray[np.floating], xi: float, sigma: float) -> NDArray[np.float64]:
    """Gaussian of bandwidth `sigma` about `xi` at frequencies `f`, all in cycles per sample."""
    return np.exp(-(((f - xi) / sigma) ** 2) / 2)


def at_zero(xi: float, sigma: float) -> float:
    """Value at zero frequency of a Gaussian about `xi`, summed over its periods."""
    return float(gaussian(np.arange(-1.0, 2.0), xi, sigma).sum())


def gauss_band(n_padded: int, sigma: float, share: float = NEGLIGIBLE) -> Band:
    """Gaussian low-pass of bandwidth `sigma`, in cycles per sample, with unit gain at zero.

    Bandwidths are `SIGMA0` at most, where the neighbouring periods add 1e-22 to that gain.
    """
    last = math.ceil(reach(share) * sigma * n_padded)
    return Band(-last, last + 1, lambda bins: gaussian(bins / n_padded, 0.0, sigma))


@underflow_to_zero
def gauss_window(t: NDArray[np.floating], sigma: float) -> NDArray[np.float64]:
    """Low-pass of bandwidth `sigma` in time, at `t` in samples, which need not be integers."""
    height = math.sqrt(2 * math.pi) * sigma
    return height * np.exp(-2 * (math.pi * sigma * t) ** 2)


def morlet_window(t: NDArray[np.floating], xi: float, sigma: float) -> NDArray[np.complex128]:
    """Morlet wavelet of `morlet_band` in time, at `t` in samples, which need not be integers."""
    kappa = at_zero(xi, sigma) / at_zero(0.0, sigma)
    duration = math.ceil(REACH / (2 * math.pi * sigma))
    window = gauss_window(t, sigma) * (np.exp(2j * math.pi * xi * t) - kappa)
    return window / _l1_norm(xi, sigma, kappa, duration)


def morlet_band(n_padded: int, xi: float, sigma: float, share: float = NEGLIGIBLE) -> Band:
    """Morlet wavelet of centre frequency `xi` and bandwidth `sigma`, in cycles per sample.

    A Gaussian about `xi` minus the Gaussian about zero that cancels its mean, with unit L1 norm in
    time: ``g(t) (exp(2 pi i xi t) - kappa)`` with a Gaussian g (Lostanlen 2017, chapter 2).
    """
    duration = math.ceil(REACH / (2 * math.pi * sigma))  # of half the Gaussian in time
    if 2 * duration >= n_padded:
        return _overlapping_morlet_band(n_padded, xi, sigma, share)
    kappa = at_zero(xi, sigma) / at_zero(0.0, sigma)
    l1_norm = _l1_norm(xi, sigma, kappa, duration)
    first, last = xi - reach(share) * sigma, xi + reach(share) * sigma
    if kappa > share:
        first = min(first, -reach(share / kappa) * sigma)

    def formula(bins: NDArray[np.integer]) -> NDArray[np.float64]:
        f = bins / n_padded
        values = gaussian(f, xi, sigma)
        if kappa > NEGLIGIBLE:
            values -= kappa * gaussian(f, 0.0, sigma)
        values /= l1_norm
        return values

    return Band(math.floor(first * n_padded), math.ceil(last * n_padded) + 1, formula)


@underflow_to_zero
def _l1_norm(xi: float, sigma: float, kappa: float, duration: int) -> float:
    """Sum of the magnitudes of a Morlet wavelet's samples, up to `duration` on either side.

    The magnitude varies no faster than the wavelet's frequencies, so the sum over every 64th of
    its shortest period equals the sum over all samples to rounding.
    """
    step = 2 ** max(0, math.floor(-math.log2(64 * (xi + REACH * sigma))))
    t = np.arange(0, duration + step, step)
    magnitude = gauss_window(t, sigma) * np.abs(np.exp(2j * math.pi * xi * t) - kappa)
    return step * float(2 * magnitude.sum() - magnitude[0])


@underflow_to_zero
def _overlapping_morlet_band(n_padded: int, xi: float, sigma: float, share: float) -> Band:
    """Morlet wavelet that is longer than the grid, so that it overlaps itself.

    Its norm is that of the overlapping sum, so it is computed on all bins. Three periods of each
    Gaussian are enough for float64. All bins may be in the tails of the Gaussians, where a rounding
    error in the exponent becomes a relative error of the value. The operations and their order are
    therefore kymatio's. On a grid of a single bin, the wavelet is zero.
    """
    f = np.arange(-n_padded, 2 * n_padded).reshape(3, n_padded) / n_padded
    gabor, envelope = (
        np.exp(-((f - centre) ** 2) / (2 * sigma**2)).mean(axis=0) for centre in (xi, 0.0)
    )
    h_hat = gabor - gabor[0] / envelope[0] * envelope
    l1_norm = np.abs(scipy.fft.ifft(h_hat)).sum()
    if l1_norm > 0:
        h_hat /= l1_norm
    bins = round(xi * n_padded) - n_padded // 2 + np.arange(n_padded)
    magnitude = np.abs(h_hat[bins % n_padded])
    kept = bins[magnitude > share * magnitude.max()]
    if not kept.size:  # zero everywhere
        kept = bins[:1]
    return Band(int(kept[0]), int(kept[-1]) + 1, lambda bins: h_hat[bins % n_padded])


@dataclass(frozen=True, eq=False)
class FilterBank:
    """All filters of a scattering transform on a padded length.

    Attributes
    ----------
    n_padded : int
        Length of the padded signal, the period of the bands in time.
    psi1, psi2 : tuple of Band
        Wavelets of the first and second order.
    phi : Band
        The low-pass.
    """

    n_padded: int
    psi1: tuple[Band, ...]
    psi2: tuple[Band, ...]
    phi: Band


@lru_cache(maxsize=64)
def filter_bank(
    n_padded: int, J: int, Q: tuple[int, int], T: float, share: float = NEGLIGIBLE
) -> FilterBank:
    """Build the filters, once for each set of arguments in a process.

    They are cut where they fall below `share` of their peak.
    """
    psi1, psi2 = (
        tuple(
            morlet_band(n_padded, xi, sigma, share)
            for xi, sigma in zip(family.xi, family.sigma, strict=True)
        )
        for family in (wavelet_parameters(J, q) for q in Q)
    )
    return FilterBank(n_padded, psi1, psi2, gauss_band(n_padded, SIGMA0 / T, share))
