"""Filtering on the bins of a spectrum.

A spectrum holds Fourier series coefficients. Cut to ``m`` bins, it is the same function sampled at
``m`` points, without a factor. A filter is a `Band`, a short range of bins. Its product with a
spectrum is written to bins 0, 1, ... of the subsampled spectrum, wherever the band is in frequency.
This multiplies the filtered signal by a complex exponential, which the modulus removes. If the band
has more bins than the subsampled spectrum, the remaining products are added to those bins. This is
the aliasing that subsampling causes in the time domain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from skscatter._scattering.filters import Band
from skscatter._scattering.namespace import Array, Namespace

# Bins in a segment of a band whose values are not kept: few enough for the processor's L1 cache.
SEGMENT_BINS = 2**13


def negligible(dtype: DTypeLike) -> float:
    """Share of a filter's peak below which its values are lost in the rounding of `dtype`."""
    return float(np.finfo(dtype).eps) / 16


@dataclass(frozen=True)
class BinRange:
    """Consecutive bins of a periodic spectrum that are also consecutive in its stored half.

    ``mirrored`` bins are the conjugates of the stored bins, in reverse order.
    """

    target: slice
    stored: slice
    mirrored: bool


def bin_ranges(start: int, stop: int, n: int) -> Iterator[BinRange]:
    """Find bins ``start`` to ``stop`` of a real signal's spectrum in its bins 0 to ``n // 2``.

    Any range is allowed, because the spectrum has period `n` and is conjugate symmetric.
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
    """The bins of a real signal's spectrum that some bands cover.

    An FFT returns half of the spectrum. The window is unfolded from its first ``n_stored`` bins.
    """

    def __init__(self, xp: Namespace, bands: Sequence[Band], n: int) -> None:
        self.xp = xp
        self.start = min(band.start for band in bands)
        self.n_bins = max(band.stop for band in bands) - self.start
        self.bin_ranges = list(bin_ranges(self.start, self.start + self.n_bins, n))
        self.n_stored = max(bins.stored.stop for bins in self.bin_ranges)

    def unfold(self, spectrum: Array, out: Array) -> None:
        """Write the bins of the window to `out`. `spectrum` holds at least ``n_stored`` bins."""
        for bins in self.bin_ranges:
            stored, target = spectrum[..., bins.stored], out[..., bins.target]
            if bins.mirrored:
                self.xp.conj(self.xp.flip(stored), out=target)
            else:
                target[...] = stored


class BandSegment(NamedTuple):
    """A segment of a band: its bins in the band and in the spectrum, and its gains if kept."""

    bins: slice
    target: slice
    gains: Array | None


class FoldedBand:
    """A band cut into segments that fit a spectrum of `n` bins.

    The values of a short band are kept, and also those of a longer one if it is used often enough
    (`n_uses` times per signal). Others are computed each time, segment by segment.
    """

    def __init__(self, xp: Namespace, band: Band, n: int, n_uses: int = 1) -> None:
        self.xp, self.band = xp, band
        self.width = min(len(band), n)
        kept = len(band) <= xp.kept_bins * n_uses
        size = n if kept else min(n, SEGMENT_BINS)
        self.segments = []
        for fold in range(0, len(band), n):
            end = min(fold + n, len(band))
            for start in range(fold, end, size):
                stop = min(start + size, end)
                bins, target = slice(start, stop), slice(start - fold, stop - fold)
                gains = xp.gains(band.values(bins)) if kept else None
                self.segments.append(BandSegment(bins, target, gains))

    def gains(self, segment: BandSegment) -> Array:
        """Values of the band in a segment, in the form that the namespace takes."""
        if segment.gains is None:
            return self.xp.gains(self.band.values(segment.bins))
        return segment.gains


class Filter:
    """A band that multiplies the bins of a `Window`."""

    def __init__(self, band: FoldedBand, window: Window) -> None:
        self.band = band
        self.offset = band.band.start - window.start

    def apply(self, bins: Array, out: Array) -> None:
        """Write the filtered spectrum to `out`, from bin 0 on, with a long band folded."""
        band, xp = self.band, self.band.xp
        for segment in band.segments:
            start, stop = segment.bins.start, segment.bins.stop
            spectrum = bins[..., self.offset + start : self.offset + stop]
            write = xp.filter if start < band.width else xp.filter_add
            write(spectrum, band.gains(segment), out=out[..., segment.target])
        xp.set_zero(out[..., band.width :])
