"""The Morlet filter bank, each filter reduced to the frequencies where it is not zero.

Filters are kymatio's: ``compute_params_filterbank`` places them, and their Fourier transforms are
those of ``morlet_1d`` and ``gauss_1d``: Morlet wavelets of zero mean and unit L1 norm (Lostanlen,
*Opérateurs convolutionnels dans le plan temps-fréquence*, 2017). A filter is kept as a `Band`: a
run of frequency bins and the values there. Bins count in units of one cycle per padded length and
may be negative or pass the Nyquist frequency: the spectrum of a sampled signal is periodic, and so
a filter that meets a signal sampled at a lower rate is periodised by the *sum* of its periods. That
leaves the gain of the low-pass at zero frequency at 1 at every rate; kymatio 0.3 takes the mean.
"""

import math
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

from skscatter._settings import SIGMA0

R_PSI = math.sqrt(0.5)  # height at which neighbouring wavelets cross
ALPHA = 5.0  # bandwidths between a wavelet's centre and where it may be cut by subsampling

# Below this share of a filter's peak its values are lost in the rounding of float64.
NEGLIGIBLE = float(np.finfo(np.float64).eps) / 16

# Bandwidths from the centre of a Gaussian to where it is negligible.
REACH = math.sqrt(-2 * math.log(NEGLIGIBLE))


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

    Attributes
    ----------
    start : int
        First bin; may be negative.
    values : ndarray of shape (n_bins,)
        Values at bins ``start``, ``start + 1``, ... (real: the filters are symmetric about their
        centre in time).
    """

    start: int
    values: NDArray[np.floating]

    @property
    def stop(self) -> int:
        """One past the last bin."""
        return self.start + len(self.values)

    def trimmed(self, share: float) -> "Band":
        """Without the ends where the magnitude stays below `share` of its peak."""
        magnitude = np.abs(self.values)
        kept = np.flatnonzero(magnitude > share * magnitude.max(initial=0.0))
        if not kept.size:  # a filter that is zero everywhere keeps one (zero) bin
            return Band(self.start, self.values[:1])
        return Band(self.start + int(kept[0]), self.values[kept[0] : kept[-1] + 1])


def gaussian(n_padded: int, xi: float, sigma: float, start: int, stop: int) -> NDArray[np.float64]:
    """Gaussian of bandwidth `sigma` about `xi`, in cycles per sample, at bins start to stop."""
    return np.exp(-(((np.arange(start, stop) / n_padded - xi) / sigma) ** 2) / 2)


def at_zero(xi: float, sigma: float) -> float:
    """Value at frequency zero of a Gaussian about `xi`, periodised as sampling periodises it."""
    periods = np.arange(-1.0, 2.0)
    return float(np.exp(-(((periods - xi) / sigma) ** 2) / 2).sum())


def gauss_band(n_padded: int, sigma: float) -> Band:
    """Gaussian low-pass of bandwidth `sigma`, in cycles per sample, with unit gain at zero."""
    reach = math.ceil(REACH * sigma * n_padded)
    values = gaussian(n_padded, 0.0, sigma, -reach, reach + 1) / at_zero(0.0, sigma)
    return Band(-reach, values).trimmed(NEGLIGIBLE)


def morlet_band(n_padded: int, xi: float, sigma: float) -> Band:
    """Morlet wavelet of centre frequency `xi` and bandwidth `sigma`, in cycles per sample.

    A Gaussian about `xi` less the one about zero that cancels its mean, with unit L1 norm in
    time, where it is ``g(t) (exp(2 pi i xi t) - kappa)`` with a Gaussian g. A wavelet that is
    longer than the grid, so that it overlaps itself, is kymatio's, computed on all bins; on a
    grid so coarse that no bin but zero is left (a signal of one sample) it is zero.
    """
    duration = math.ceil(REACH / (2 * math.pi * sigma))  # of half the Gaussian in time
    if 2 * duration >= n_padded:
        with np.errstate(divide="ignore", invalid="ignore"):
            h_hat = morlet_1d(n_padded, xi, sigma)
        h_hat = np.nan_to_num(h_hat, nan=0.0, posinf=0.0, neginf=0.0)
        start = round(xi * n_padded) - n_padded // 2
        return Band(start, np.roll(h_hat, -start)).trimmed(NEGLIGIBLE)
    kappa = at_zero(xi, sigma) / at_zero(0.0, sigma)
    start = math.floor(-REACH * sigma * n_padded)
    stop = math.ceil((xi + REACH * sigma) * n_padded) + 1
    values = gaussian(n_padded, xi, sigma, start, stop)
    values -= kappa * gaussian(n_padded, 0.0, sigma, start, stop)
    t = np.arange(duration)
    envelope = math.sqrt(2 * math.pi) * sigma * np.exp(-2 * (math.pi * sigma * t) ** 2)
    magnitude = envelope * np.abs(np.exp(2j * math.pi * xi * t) - kappa)
    l1_norm = 2 * magnitude.sum() - magnitude[0]
    return Band(start, values / l1_norm).trimmed(NEGLIGIBLE)


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
def filter_bank(n_padded: int, J: int, Q: tuple[int, int], T: float) -> FilterBank:
    """Build the filters, once for each distinct set of arguments in a process."""
    psi1, psi2 = (
        tuple(
            morlet_band(n_padded, xi, sigma)
            for xi, sigma in zip(family.xi, family.sigma, strict=True)
        )
        for family in (wavelet_parameters(J, q) for q in Q)
    )
    return FilterBank(n_padded, psi1, psi2, gauss_band(n_padded, SIGMA0 / T))
