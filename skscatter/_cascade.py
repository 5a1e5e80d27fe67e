"""The scattering cascade over compact filters.

For a signal x, padded, with wavelets psi1, psi2 and a low-pass phi (Andén and Mallat, "Deep
Scattering Spectrum", IEEE Trans. Signal Process. 62(16), 2014, section II-III)::

    S0 = x * phi,   S1 = |x * psi1| * phi,   S2 = ||x * psi1| * psi2| * phi

How it is computed:

* Every spectrum is a set of Fourier series coefficients, so a spectrum cut to ``m`` bins is the
  same function sampled at ``m`` points, and no rate leaves a factor behind.
* A filter is a `Band`, a short run of bins. Its product with a spectrum is written to the bins
  0, 1, ... of the subsampled spectrum, wherever the band lies: that multiplies ``x * psi`` by a
  complex exponential, which the modulus that follows does not see. Where the band has more bins
  than the subsampled spectrum, the rest is added on top: aliasing, the same as in the time domain.
* All first-order wavelets of one octave make one batch of FFTs; so do all paths that end in one
  second-order wavelet, whichever octave they come from.
* The low-pass and its subsampling are one real matrix for each rate; where frames are so many
  that this matrix is large, a product of spectra instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skscatter._filters import Band, filter_bank
from skscatter._namespaces import Array, Namespace
from skscatter._paths import paths_of
from skscatter._settings import Layout, Settings, lay_out

# Signals that go through together: as many as keep the work space near this many bytes. Fewer
# make more NumPy calls than arithmetic, more leave the cache. Measured in benchmarks/.
CHUNK_BYTES = 20 * 2**20

# The low-pass is a matrix up to this many frames and matrix elements, and FFTs beyond.
MATRIX_FRAMES = 128
MATRIX_ELEMENTS = 2**22


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

    def __init__(self, xp: Namespace, bands: list[Band], n: int) -> None:
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


class LowPass(Protocol):
    """Averaging by phi, and sampling at the frames, of signals sampled every ``2**k``."""

    def apply(self, U: Array, out: Array) -> None:
        """Average `U` of shape (n_rows, n) into `out` of shape (n_rows, n_frames)."""


class MatrixLowPass:
    """The low-pass as a real matrix: one column for each frame."""

    def __init__(self, xp: Namespace, phi: Band, layout: Layout, k: int) -> None:
        self.xp = xp
        n = layout.n_padded >> k
        folded = np.zeros(n)
        np.add.at(folded, np.arange(phi.start, phi.stop) % n, phi.values)
        # phi is a Gaussian: what is below zero is rounding, and would make S negative.
        phi_k = np.maximum(np.fft.ifft(folded).real, 0)
        frames = (layout.first_frame + layout.stride * np.arange(layout.n_frames)) // 2**k
        matrix = phi_k[(frames - np.arange(n)[:, np.newaxis]) % n]
        used = np.flatnonzero(matrix.max(axis=1) > negligible(xp.dtype) * phi_k.max())
        self.used = slice(int(used[0]), int(used[-1]) + 1)
        self.matrix = xp.asarray(matrix[self.used])

    def apply(self, U: Array, out: Array) -> None:
        self.xp.matmul(U[:, self.used], self.matrix, out=out)


class SpectralLowPass:
    """The low-pass as a product of spectra, for frames so many that a matrix would be large.

    Both spectra are conjugate symmetric, so the sum over all bins is the real part of the sum
    over those from zero on, with all but the first counted twice.
    """

    def __init__(self, xp: Namespace, phi: Band, layout: Layout, k: int) -> None:
        self.xp = xp
        weights = np.where(np.arange(phi.stop) > 0, 2, 1)
        half = Band(0, phi.values[-phi.start :] * weights)
        self.n_hops = layout.n_padded // layout.stride
        self.window = Window(xp, [half], layout.n_padded >> k)
        self.filter = Filter(xp, half, self.window, self.n_hops)
        first = layout.first_frame // layout.stride
        self.frames = slice(first, first + layout.n_frames)

    def apply(self, U: Array, out: Array) -> None:
        bins = self.xp.empty_complex((len(U), self.window.n_bins))
        self.window.unfold(self.xp.rfft(U), bins)
        hops = self.xp.empty_complex((len(U), self.n_hops))
        self.filter.apply(bins, hops)
        out[...] = self.xp.ifft(hops).real[:, self.frames]


def low_pass(xp: Namespace, phi: Band, layout: Layout, k: int) -> LowPass:
    """Build the low-pass at a rate in the form that costs less."""
    n_elements = layout.n_frames * (layout.n_padded >> k)
    if layout.n_frames <= MATRIX_FRAMES and n_elements <= MATRIX_ELEMENTS:
        return MatrixLowPass(xp, phi, layout, k)
    return SpectralLowPass(xp, phi, layout, k)


@dataclass(frozen=True)
class Octave:
    """The first-order wavelets of one octave j1, computed as one batch.

    Attributes
    ----------
    n1 : range
        Indices of the wavelets.
    n : int
        Samples of ``|x * psi1|``.
    filters : list of Filter
        One for each wavelet.
    window : Window or None
        Bins of the envelopes' spectra that second-order wavelets ask for, if any does.
    low_pass : LowPass
        At this rate.
    rows : slice
        Rows of the result.
    """

    n1: range
    n: int
    filters: list[Filter]
    window: Window | None
    low_pass: LowPass
    rows: slice


@dataclass(frozen=True)
class Modulation:
    """All paths that end in one second-order wavelet, computed as one batch.

    Attributes
    ----------
    n : int
        Samples of ``||x * psi1| * psi2|``.
    filters : list of Filter
        The wavelet, once for each octave that it continues (those before j2).
    low_pass : LowPass
        At this rate.
    rows : ndarray of int
        Rows of the result, by n1.
    """

    n: int
    filters: list[Filter]
    low_pass: LowPass
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class WorkSpace:
    """Memory for one chunk of signals, used again for each.

    Attributes
    ----------
    x : real array of shape (n_signals, n_padded)
        Padded signals.
    x_bins : complex array of shape (n_signals, n_bins)
        Window on their spectra.
    U1_bins : list of complex array of shape (n_signals, n_wavelets, n_bins)
        Windows on the spectra of their envelopes, by octave.
    real, complex : array of shape (n_largest,)
        Room for the largest batch.
    """

    x: Array
    x_bins: Array
    U1_bins: list[Array]
    real: Array
    complex: Array


class Cascade:
    """The scattering transform of signals of one length, in one precision.

    Parameters
    ----------
    settings : Settings
        What to compute.
    xp : Namespace
        Array operations.

    Notes
    -----
    Instances do not change after construction: any number of threads may call one.
    """

    def __init__(self, settings: Settings, xp: Namespace) -> None:
        self.xp, self.padding = xp, settings.padding
        self.layout = layout = lay_out(settings)
        bank = filter_bank(layout.n_padded, settings.J, settings.Q, settings.T)
        psi1, psi2 = (
            [band.trimmed(negligible(xp.dtype)) for band in bands]
            for bands in (bank.psi1, bank.psi2)
        )
        phi = bank.phi.trimmed(negligible(xp.dtype))

        coarsest = min(settings.log2_T, settings.log2_stride)
        low_passes = {0: low_pass(xp, phi, layout, 0)} if settings.include_order0 else {}

        def rate(j: np.integer[Any]) -> tuple[int, LowPass]:
            """Samples of a band of octave j, and the low-pass that follows it."""
            k = min(int(j), coarsest)
            if k not in low_passes:
                low_passes[k] = low_pass(xp, phi, layout, k)
            return layout.n_padded >> k, low_passes[k]

        paths = paths_of(settings)
        self.n_paths = len(paths)
        self.order0 = low_passes.get(0) if settings.include_order0 else None
        self.window = Window(xp, psi1, layout.n_padded)

        self.octaves = []
        for j1 in np.unique(paths["j1"][paths["order"] == 1]):
            of_octave = paths["j1"] == j1
            rows = np.flatnonzero(of_octave & (paths["order"] == 1))
            n1s = paths["n1"][rows]
            onward = np.unique(paths["n2"][of_octave & (paths["order"] == 2)])
            n, phi_k = rate(j1)
            self.octaves.append(
                Octave(
                    n1=range(int(n1s[0]), int(n1s[-1]) + 1),
                    n=n,
                    filters=[Filter(xp, psi1[n1], self.window, n) for n1 in n1s],
                    window=Window(xp, [psi2[n2] for n2 in onward], n) if len(onward) else None,
                    low_pass=phi_k,
                    rows=slice(int(rows[0]), int(rows[-1]) + 1),
                )
            )

        self.modulations = []
        for n2 in np.unique(paths["n2"][paths["order"] == 2]):
            rows = np.flatnonzero(paths["n2"] == n2)
            n, phi_k = rate(paths["j2"][rows[0]])
            self.modulations.append(
                Modulation(
                    n=n,
                    filters=[
                        Filter(xp, psi2[n2], octave.window, n)
                        for octave in self.octaves
                        if octave.window is not None and octave.n1.start in paths["n1"][rows]
                    ],
                    low_pass=phi_k,
                    rows=rows,
                )
            )

        self.largest_batch = max(
            [len(octave.n1) * octave.n for octave in self.octaves]
            + [len(modulation.rows) * modulation.n for modulation in self.modulations]
        )
        self.chunk = max(1, CHUNK_BYTES // self.bytes_per_signal)

    @property
    def bytes_per_signal(self) -> int:
        """Work space and result of one signal, in bytes."""
        U1_bins = sum(len(o.n1) * o.window.n_bins for o in self.octaves if o.window)
        complexes = self.window.n_bins + U1_bins + self.largest_batch
        # The largest batch has a real modulus, whose spectrum the FFT returns in new memory.
        reals = self.layout.n_padded + 2 * self.largest_batch + self.n_paths * self.layout.n_frames
        return self.xp.dtype.itemsize * (reals + 2 * complexes)

    def work_space(self, n_signals: int) -> WorkSpace:
        """Allocate memory for a chunk."""
        xp = self.xp
        return WorkSpace(
            x=xp.empty((n_signals, self.layout.n_padded)),
            x_bins=xp.empty_complex((n_signals, self.window.n_bins)),
            U1_bins=[
                xp.empty_complex((n_signals, len(octave.n1), octave.window.n_bins))
                for octave in self.octaves
                if octave.window is not None
            ],
            real=xp.empty((n_signals * self.largest_batch,)),
            complex=xp.empty_complex((n_signals * self.largest_batch,)),
        )

    def __call__(self, x: Array) -> Array:
        """Scatter signals.

        Parameters
        ----------
        x : array of shape (n_signals, n_times)
            In the namespace's precision, of magnitude about 1 (squares must not overflow).

        Returns
        -------
        S : array of shape (n_signals, n_paths, n_frames)
        """
        chunk = min(self.chunk, len(x))
        work = self.work_space(chunk)
        S = self.xp.empty((len(x), self.n_paths, self.layout.n_frames))
        for start in range(0, len(x), chunk):
            self._scatter(x[start : start + chunk], S[start : start + chunk], work)
        return S

    def _scatter(self, x: Array, S: Array, work: WorkSpace) -> None:
        """Scatter one chunk of signals into `S`."""
        xp, b = self.xp, len(x)
        padded, x_bins = work.x[:b], work.x_bins[:b]
        U1_bins = [bins[:b] for bins in work.U1_bins]
        self._pad(x, padded)
        if self.order0 is not None:
            average = xp.empty((b, self.layout.n_frames))
            self.order0.apply(padded, out=average)
            S[:, 0] = average
        self.window.unfold(xp.rfft(padded), x_bins)

        for i, octave in enumerate(self.octaves):
            n_wavelets = len(octave.n1)
            x_psi1 = work.complex[: b * n_wavelets * octave.n].reshape(b, n_wavelets, octave.n)
            for n1, psi1 in enumerate(octave.filters):
                psi1.apply(x_bins, x_psi1[:, n1])
            U1 = self._envelope(x_psi1, octave.low_pass, S, octave.rows, work)
            if octave.window is not None:
                octave.window.unfold(xp.rfft(U1), U1_bins[i])

        for modulation in self.modulations:
            n_paths = len(modulation.rows)
            U1_psi2 = work.complex[: b * n_paths * modulation.n].reshape(b, n_paths, modulation.n)
            # The octaves before j2: the first ones, so there may be more octaves than filters.
            for octave, bins, psi2 in zip(self.octaves, U1_bins, modulation.filters, strict=False):
                psi2.apply(bins, U1_psi2[:, octave.n1.start : octave.n1.stop])
            self._envelope(U1_psi2, modulation.low_pass, S, modulation.rows, work)

    def _pad(self, x: Array, out: Array) -> None:
        """Write `x` of shape (n_signals, n_times) and its continuation to `out`."""
        left, right, n = self.layout.pad_left, self.layout.pad_right, x.shape[-1]
        out[:, left : left + n] = x
        match self.padding:
            case "reflect":
                out[:, :left] = self.xp.flip(x[:, 1 : left + 1])
                out[:, left + n :] = self.xp.flip(x[:, n - 1 - right : n - 1])
            case "zero":
                out[:, :left] = 0
                out[:, left + n :] = 0
            case "periodic":
                out[:, :left] = x[:, n - left :]
                out[:, left + n :] = x[:, :right]

    def _envelope(
        self,
        spectra: Array,
        low_pass: LowPass,
        S: Array,
        rows: slice | NDArray[np.intp],
        work: WorkSpace,
    ) -> Array:
        """Sum the series, take the modulus U, and store its average in `rows` of `S`."""
        b, n_rows, n = spectra.shape
        U = work.real[: b * n_rows * n].reshape(b, n_rows, n)
        self.xp.modulus(self.xp.ifft(spectra), out=U)
        average = self.xp.empty((b * n_rows, S.shape[-1]))
        low_pass.apply(U.reshape(b * n_rows, n), out=average)
        S[:, rows] = average.reshape(b, n_rows, S.shape[-1])
        return U
