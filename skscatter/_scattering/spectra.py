"""Filtering on the bins of a spectrum.

Every spectrum is a set of Fourier series coefficients, so a spectrum cut to ``m`` bins is the same
function sampled at ``m`` points, and no rate leaves a factor behind. A filter is a `Band`, a short
bins of bins. Its product with a spectrum is written to the bins 0, 1, ... of the subsampled
spectrum, wherever the band lies: that multiplies the filtered signal by a complex exponential,
which the modulus that follows does not see. Where the band has more bins than the subsampled
spectrum, the rest is added on top: aliasing, the same as in the time domain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from skscatter._scattering.filters import Band
from skscatter._scattering.namespace import Array, Namespace

# Values of a band to compute at a time: few enough to stay in the nearest cache.
AT_A_TIME = 2**13


def negligible(dtype: DTypeLike) -> float:
    """Share of a filter's peak below which its values are lost in the rounding of `dtype`."""
    return float(np.finfo(dtype).eps) / 16


@dataclass(frozen=True)
class BinRange:
    """Neighbouring bins of a periodic spectrum that lie side by side in its stored half.

    ``mirrored`` bins are the conjugates of stored ones, in reverse order.
    """

    target: slice
    stored: slice
    mirrored: bool


def bin_ranges(start: int, stop: int, n: int) -> Iterator[BinRange]:
    """Find bins ``start`` to ``stop`` of a real signal's spectrum in its bins 0 to ``n // 2``.

    Any range is allowed: the spectrum repeats every `n` bins and is conjugate symmetric.
    """
    half = n // 2
    b = start
    while b < stop:
        r = b % n
        mirrored = r > half
        length = min(stop - b, n - r if mirrored else half + 1 - r)
        first = n - r - length + 1 if mirrored else r
        yield BinRange(slice(b - start, b - start + length), slice(first, first + length), mirrored)
        b += length


class Window:
    """A run of bins of a real signal's spectrum, unfolded from the half that an FFT returns.

    ``n_stored`` of these, from zero on, are enough.
    """

    def __init__(self, xp: Namespace, bands: Sequence[Band], n: int) -> None:
        self.xp = xp
        self.start = min(band.start for band in bands)
        self.n_bins = max(band.stop for band in bands) - self.start
        self.bin_ranges = list(bin_ranges(self.start, self.start + self.n_bins, n))
        self.n_stored = max(bins.stored.stop for bins in self.bin_ranges)

    def unfold(self, half: Array, out: Array) -> None:
        """Write the window's bins, from `half`, the bins from zero on, to `out`."""
        for bins in self.bin_ranges:
            stored, target = half[..., bins.stored], out[..., bins.target]
            if bins.mirrored:
                self.xp.conj(self.xp.flip(stored), out=target)
            else:
                target[...] = stored


class BandSegment(NamedTuple):
    """Part of a band: its bins in the band and in the spectrum, and its gains if they are kept."""

    bins: slice
    target: slice
    gains: Array | None


class FoldedBand:
    """A band cut into parts for a spectrum of `n` bins.

    The values of a long band that is used `n_uses` times for a signal are kept if that is often,
    and else computed whenever they are needed, a few at a time.
    """

    def __init__(self, xp: Namespace, band: Band, n: int, n_uses: int = 1) -> None:
        self.xp, self.band = xp, band
        self.width = min(len(band), n)
        kept = len(band) <= xp.kept_bins * n_uses
        size = n if kept else min(n, AT_A_TIME)
        self.parts = []
        for fold in range(0, len(band), n):
            end = min(fold + n, len(band))
            for start in range(fold, end, size):
                bins = slice(start, min(start + size, end))
                gains = xp.gains(band.values(bins)) if kept else None
                self.parts.append(BandSegment(bins, slice(start - fold, bins.stop - fold), gains))

    def gains(self, part: BandSegment) -> Array:
        """Values of the band in a part, as the namespace takes them."""
        if part.gains is None:
            return self.xp.gains(self.band.values(part.bins))
        return part.gains


class Filter:
    """A band that multiplies bins of a `Window`."""

    def __init__(self, band: FoldedBand, window: Window) -> None:
        self.band = band
        self.offset = band.band.start - window.start

    def apply(self, bins: Array, out: Array) -> None:
        """Write the filtered spectrum to `out`, its band from bin 0 on, folded where it is long."""
        band, xp = self.band, self.band.xp
        for part in band.parts:
            spectrum = bins[..., self.offset + part.bins.start : self.offset + part.bins.stop]
            write = xp.filter if part.bins.start < band.width else xp.filter_add
            write(spectrum, band.gains(part), out=out[..., part.target])
        xp.set_zero(out[..., band.width :])
