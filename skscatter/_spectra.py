"""Filtering on the bins of a spectrum.

Every spectrum is a set of Fourier series coefficients, so a spectrum cut to ``m`` bins is the same
function sampled at ``m`` points, and no rate leaves a factor behind. A filter is a `Band`, a short
run of bins. Its product with a spectrum is written to the bins 0, 1, ... of the subsampled
spectrum, wherever the band lies: that multiplies the filtered signal by a complex exponential,
which the modulus that follows does not see. Where the band has more bins than the subsampled
spectrum, the rest is added on top: aliasing, the same as in the time domain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from skscatter._filters import Band
from skscatter._namespaces import Array, Namespace


def negligible(dtype: DTypeLike) -> float:
    """Share of a filter's peak below which its values are lost in the rounding of `dtype`."""
    return float(np.finfo(dtype).eps) / 16


@dataclass(frozen=True)
class Run:
    """Neighbouring bins of a periodic spectrum that lie side by side in its stored half.

    ``mirrored`` bins are the conjugates of stored ones, in reverse order.
    """

    target: slice
    stored: slice
    mirrored: bool


def runs(start: int, stop: int, n: int) -> Iterator[Run]:
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
        yield Run(slice(b - start, b - start + length), slice(first, first + length), mirrored)
        b += length


class Window:
    """A run of bins of a real signal's spectrum, unfolded from the half that an FFT returns."""

    def __init__(self, xp: Namespace, bands: Sequence[Band], n: int) -> None:
        self.xp = xp
        self.start = min(band.start for band in bands)
        self.n_bins = max(band.stop for band in bands) - self.start
        self.runs = list(runs(self.start, self.start + self.n_bins, n))

    def unfold(self, half: Array, out: Array) -> None:
        """Write the window's bins, from `half` of shape (..., n // 2 + 1), to `out`."""
        for run in self.runs:
            stored, target = half[..., run.stored], out[..., run.target]
            if run.mirrored:
                self.xp.conj(self.xp.flip(stored), out=target)
            else:
                target[...] = stored


class Filter:
    """A band that multiplies bins of a `Window` and leaves a spectrum of `n` bins."""

    def __init__(self, xp: Namespace, band: Band, window: Window, n: int) -> None:
        self.xp = xp
        offset, n_bins = band.start - window.start, len(band.values)
        self.parts = [
            (slice(offset + i, offset + min(i + n, n_bins)), xp.gains(band.values[i : i + n]))
            for i in range(0, n_bins, n)
        ]

    def apply(self, bins: Array, out: Array) -> None:
        """Write the filtered spectrum to `out`, its band from bin 0 on, folded where it is long."""
        (first, gains), *folded = self.parts
        width = first.stop - first.start
        self.xp.filter(bins[..., first], gains, out=out[..., :width])
        out[..., width:] = 0
        for part, gains in folded:
            self.xp.filter_add(bins[..., part], gains, out=out[..., : part.stop - part.start])
