"""The Morlet filter bank, each filter reduced to the frequencies where it is not zero.

Filters are kymatio's: ``compute_params_filterbank`` places them, and their Fourier transforms are
those of ``morlet_1d`` and ``gauss_1d``: Morlet wavelets of zero mean and unit L1 norm (Lostanlen,
*Opérateurs convolutionnels dans le plan temps-fréquence*, 2017). A filter is kept as a `Band`: a
run of frequency bins and the formula of the values there. Bins count in units of one cycle per
padded length and may be negative or pass the Nyquist frequency: the spectrum of a sampled signal is
periodic, and so a filter that meets a signal sampled at a lower rate is periodised by the *sum* of
its periods. That leaves the gain of the low-pass at zero frequency at 1 at every rate; kymatio 0.3
takes the mean.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from kymatio.scattering1d.filter_bank import (
    compute_params_filterbank,
    compute_sigma_psi,
    compute_xi_max,
    morlet_1d,
)
from numpy.typing import NDArray

from skscatter._scattering.settings import SIGMA0

R_PSI = math.sqrt(0.5)  # height at which neighbouring wavelets cross
ALPHA = 5.0  # bandwidths between a wavelet's centre and where it may be cut by subsampling

# Below this share of a filter's peak its values are lost in the rounding of float64.
NEGLIGIBLE = float(np.finfo(np.float64).eps) / 16


def reach(share: float) -> float:
    """Bandwidths from the centre of a Gaussian to where it falls to `share` of its peak."""
    return math.sqrt(-2 * math.log(share))


REACH = reach(NEGLIGIBLE)


@dataclass(frozen=True)
class WaveletParameters:
    """Where a family of wavelets lies.

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
    """Place `Q` Morlet wavelets an octave down to the scale ``2**J`` (kymatio's rule)."""
    xi, sigma, j = compute_params_filterbank(SIGMA0 / 2**J, Q, ALPHA, R_PSI)
    return WaveletParameters(tuple(xi), tuple(sigma), tuple(j))


def smallest_J(Q: int) -> int:
    """Smallest scale that leaves room for `Q` wavelets an octave.

    Below it, the widest wavelet of the family is narrower than ``2**J`` samples allow, and the
    rule that places them leaves the high frequencies uncovered.
    """
    xi = compute_xi_max(Q)
    return max(0, math.floor(math.log2(SIGMA0 / compute_sigma_psi(xi, Q, R_PSI))) + 1)


@dataclass(frozen=True, eq=False)
class Band:
    """A filter's Fourier transform on the run of bins where it is not negligible.

    It is kept as a formula, so that a bank takes no time to build and no memory at any length.

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

    def values(self, part: slice = slice(None)) -> NDArray[np.float64]:
        """Evaluate the band, or a part of it, counted from its first bin."""
        first, last, _ = part.indices(len(self))
        return self.formula(np.arange(self.start + first, self.start + last))


def gaussian(f: NDArray[np.floating], xi: float, sigma: float) -> NDArray[np.float64]:
    """Gaussian of bandwidth `sigma` about `xi` at frequencies `f`, all in cycles per sample."""
    return np.exp(-(((f - xi) / sigma) ** 2) / 2)


def at_zero(xi: float, sigma: float) -> float:
    """Value at frequency zero of a Gaussian about `xi`, periodised as sampling periodises it."""
    return float(gaussian(np.arange(-1.0, 2.0), xi, sigma).sum())


def gauss_band(n_padded: int, sigma: float, share: float = NEGLIGIBLE) -> Band:
    """Gaussian low-pass of bandwidth `sigma`, in cycles per sample, with unit gain at zero.

    Bandwidths are `SIGMA0` at most, where the neighbouring periods add 1e-22 to that gain.
    """
    last = math.ceil(reach(share) * sigma * n_padded)
    return Band(-last, last + 1, lambda bins: gaussian(bins / n_padded, 0.0, sigma))


def gauss_window(t: NDArray[np.floating], sigma: float) -> NDArray[np.float64]:
    """Low-pass of bandwidth `sigma` in time, at `t` in samples, between them included."""
    height = math.sqrt(2 * math.pi) * sigma
    return height * np.exp(-2 * (math.pi * sigma * t) ** 2)


def morlet_band(n_padded: int, xi: float, sigma: float, share: float = NEGLIGIBLE) -> Band:
    """Morlet wavelet of centre frequency `xi` and bandwidth `sigma`, in cycles per sample.

    A Gaussian about `xi` less the one about zero that cancels its mean, with unit L1 norm in
    time, where it is ``g(t) (exp(2 pi i xi t) - kappa)`` with a Gaussian g. A wavelet that is
    longer than the grid, so that it overlaps itself, is kymatio's, computed on all bins; on a
    grid so coarse that no bin but zero is left (a signal of one sample) it is zero.
    """
    duration = math.ceil(REACH / (2 * math.pi * sigma))  # of half the Gaussian in time
    if 2 * duration >= n_padded:
        return _sampled_morlet_band(n_padded, xi, sigma, share)
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


def _l1_norm(xi: float, sigma: float, kappa: float, duration: int) -> float:
    """Sum of the magnitudes of a Morlet wavelet's samples, up to `duration` on either side.

    The magnitude varies as slowly as the wavelet's frequency is low, and a sum over every 64th
    of its shortest period is the sum over all samples to rounding.
    """
    step = 2 ** max(0, math.floor(-math.log2(64 * (xi + REACH * sigma))))
    t = np.arange(0, duration + step, step)
    envelope = math.sqrt(2 * math.pi) * sigma * np.exp(-2 * (math.pi * sigma * t) ** 2)
    magnitude = envelope * np.abs(np.exp(2j * math.pi * xi * t) - kappa)
    return step * float(2 * magnitude.sum() - magnitude[0])


def _sampled_morlet_band(n_padded: int, xi: float, sigma: float, share: float) -> Band:
    """Kymatio's Morlet wavelet on a short grid."""
    with np.errstate(invalid="ignore"):
        h_hat = np.nan_to_num(morlet_1d(n_padded, xi, sigma))  # zero, divided by its norm
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
        Length of the padded signal: the grid of the bands.
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
    """Build the filters, once for each distinct set of arguments in a process.

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
