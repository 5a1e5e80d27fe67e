"""Filters along log-frequency, as matrices, and the step of the cascade that applies them.

The axis is that of the first-order wavelets, in their order, so upwards is towards lower indices. A
wavelet along this axis has two forms, for pitches that rise and that fall, and one is the conjugate
of the other. Each is a matrix with a column for each first-order wavelet, and a row for each
position where the filtered envelopes are needed. Positions beyond the ends of the axis are needed
only if it is continued by zeros. If it is reflected, so are the envelopes.

The definition is Andén, Lostanlen and Mallat, "Joint Time-Frequency Scattering", IEEE Trans. Signal
Process. 67(14), 2019, with the wavelets of `filters` along both axes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skscatter._scattering.filters import (
    gauss_window,
    morlet_window,
    reach,
    underflow_to_zero,
    wavelet_parameters,
)
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.settings import SIGMA0, Joint
from skscatter._scattering.spectra import negligible

# Parts of a batch that are filtered along frequency one after another. Their envelopes are several
# times as many as their bands, and should stay in the cache.
PIECES = 2

Kernel = Callable[[NDArray[np.floating]], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class FrequencyFilter:
    """A filter along log-frequency, and the average of its envelopes.

    Attributes
    ----------
    n_fr : int
        0 for the low-pass, otherwise the number of the wavelet, from 1 on.
    n_directions : int
        Number of directions that it filters in.
    matrix : complex array of shape (n_directions * n_positions, n1_stop)
        From first-order wavelets to positions, upwards and then downwards.
    average : real array of shape (n_rows, n_positions) or None
        From positions to rows, for each direction. None if positions are rows.
    """

    n_fr: int
    n_directions: int
    matrix: NDArray[np.complex128]
    average: NDArray[np.float64] | None


class FrequencyAxis:
    """The first `n1_stop` first-order wavelets, as an axis.

    Parameters
    ----------
    joint : Joint
        Settings of the filters.
    n1_stop : int
        Length of the axis.
    share : float
        Share of a filter's peak that is negligible.
    """

    def __init__(self, joint: Joint, n1_stop: int, share: float) -> None:
        self.joint, self.n1_stop = joint, n1_stop
        self.sigma = SIGMA0 / joint.F
        self.reach = reach(share) / (2 * math.pi)  # of a Gaussian in time, times its bandwidth
        self.wavelets = np.arange(n1_stop, dtype=float)
        self.rows = self.wavelets[:: joint.stride_fr]

    def filters(self, *, both: bool) -> list[FrequencyFilter]:
        """List the filters of the parts that are kept.

        Parameters
        ----------
        both : bool
            Whether bands are complex, of order 2, and wavelets filter them in both directions.
            Otherwise they are averages of order 1. These are real, and give the same envelopes in
            both directions.
        """
        joint = self.joint
        found = []
        if both and "time" in joint.parts:
            found.append(self.low_pass())
        if ("joint" if both else "frequency") in joint.parts:
            family = wavelet_parameters(joint.J_fr, joint.Q_fr)
            parameters = zip(family.xi, family.sigma, family.j, strict=True)
            found += [
                self.wavelet(n_fr, xi, sigma, j, both=both)
                for n_fr, (xi, sigma, j) in enumerate(parameters, start=1)
            ]
        return found

    def low_pass(self) -> FrequencyFilter:
        """Low-pass of the widest scale, which is not averaged again unless over all frequencies."""
        positions, average = self.rows, None
        if self.joint.is_global:
            positions, average = self.wavelets, np.full((1, self.n1_stop), 1 / self.n1_stop)
        sigma = SIGMA0 / 2**self.joint.J_fr
        matrix = self.matrix(lambda t: gauss_window(t, sigma), sigma, positions, self.wavelets)
        return FrequencyFilter(0, 1, matrix.astype(complex), average)

    def wavelet(self, n_fr: int, xi: float, sigma: float, j: int, *, both: bool) -> FrequencyFilter:
        """Wavelet of octave `j`, and the average of width F."""
        positions, step = self.positions(sigma, j)
        matrix = self.matrix(lambda t: morlet_window(t, xi, sigma), sigma, positions, self.wavelets)
        if both:
            matrix = np.concatenate([matrix, matrix.conj()])
        if self.joint.is_global:
            average = np.full((1, len(positions)), 1 / len(positions))
        else:
            # Each direction is averaged by itself, and continued by its own mirror image. Beyond
            # the ends of a reflected axis the directions are exchanged, so that an average over
            # the axis as it is would mix them.
            average = step * self.matrix(
                lambda t: gauss_window(t, self.sigma), self.sigma, self.rows, positions
            )
        return FrequencyFilter(n_fr, 1 + both, matrix, average)

    def positions(self, sigma: float, j: int) -> tuple[NDArray[np.float64], float]:
        """Positions of a wavelet's envelopes, and their distance.

        They divide the axis into equal parts, so that they remain the same if it is reflected at
        either end. The distance is at most ``2**j``, as for bands in time, and no coarser than the
        rows and their average.
        """
        coarsest = math.inf if self.joint.is_global else min(self.joint.stride_fr, self.joint.F)
        n = math.ceil(self.n1_stop / 2 ** math.floor(math.log2(min(2**j, coarsest))))
        step = self.n1_stop / n
        n_beyond = 0
        if self.joint.padding_fr == "zero" and not self.joint.is_global:
            # Beyond, envelopes are negligible, or too far from any row.
            n_beyond = math.ceil(self.reach / max(sigma, self.sigma) / step)
        return (np.arange(-n_beyond, n + n_beyond) + 0.5) * step - 0.5, step

    @underflow_to_zero
    def matrix(
        self,
        kernel: Kernel,
        sigma: float,
        positions: NDArray[np.float64],
        sources: NDArray[np.float64],
    ) -> NDArray[Any]:
        """Matrix of a filter of bandwidth `sigma`, from `sources` to `positions`.

        If the axis is reflected, sources have images, and a period of twice the length of the axis.
        """
        positions = positions[:, np.newaxis]
        if self.joint.padding_fr == "zero":
            return kernel(positions - sources)
        period = 2 * self.n1_stop
        n = math.ceil(self.reach / sigma / period) + 1
        shifts = np.arange(-n, n + 1)[:, np.newaxis, np.newaxis] * period
        images = -1 - sources
        return (kernel(positions - sources + shifts) + kernel(positions - images + shifts)).sum(0)


def without_tails(matrix: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Set numbers to zero that are negligible. Products with subnormal numbers would be slow."""
    parts = matrix.view(float)  # real and imaginary parts
    kept = np.abs(parts) >= negligible(dtype) * np.abs(parts).max()
    return np.where(kept, parts, 0).view(matrix.dtype)


@dataclass(frozen=True, eq=False)
class Average:
    """The average of one filter's envelopes along frequency.

    Attributes
    ----------
    envelopes : slice
        The envelopes of the filter.
    n_directions : int
        Groups of equal size that they consist of. Each is averaged by itself.
    matrix : real array of shape (n_rows, n_positions) or None
        None keeps the envelopes.
    rows : slice
        Where the averages are written.
    """

    envelopes: slice
    n_directions: int
    matrix: Array | None
    rows: slice

    def apply(self, xp: Namespace, envelopes: Array, out: Array) -> None:
        """Average `envelopes` of shape (n_signals, n_envelopes, n) into rows of `out`."""
        shape = (len(envelopes), self.n_directions, -1, envelopes.shape[-1])
        kept = envelopes[:, self.envelopes].reshape(shape)
        rows = out[:, self.rows].reshape(shape)
        if self.matrix is None:
            rows[...] = kept
        else:
            xp.mix(self.matrix, kept, out=rows)


class AlongFrequency:
    """A step of the cascade: filter bands along frequency, take envelopes, and average them.

    One product with a complex matrix applies all filters in both directions. Real matrices, which
    need half of the multiplications, take as long in NumPy, because of the additions that follow.

    Parameters
    ----------
    xp : Namespace
        Array operations.
    filters : list of FrequencyFilter
        All for the same first-order wavelets.

    Attributes
    ----------
    n_rows : int
        Rows that all filters make, in the order of the filters, upwards and then downwards.
    """

    def __init__(self, xp: Namespace, filters: list[FrequencyFilter]) -> None:
        self.xp = xp
        self.averages = []
        n_envelopes = self.n_rows = 0
        for each in filters:
            average, n_rows = None, len(each.matrix)
            if each.average is not None:
                average = xp.asarray(without_tails(each.average, xp.dtype))
                n_rows = each.n_directions * len(average)
            envelopes = slice(n_envelopes, n_envelopes + len(each.matrix))
            rows = slice(self.n_rows, self.n_rows + n_rows)
            self.averages.append(Average(envelopes, each.n_directions, average, rows))
            n_envelopes, self.n_rows = envelopes.stop, rows.stop
        matrix = np.concatenate([each.matrix for each in filters])
        self.matrix = xp.complex_matrix(without_tails(matrix, xp.dtype))
        # The number of columns must not depend on the signals, or the rounding of a signal's
        # products would depend on its neighbours.
        column_bytes = 2 * xp.dtype.itemsize * n_envelopes
        self.n_columns = max(1, xp.batch_bytes // PIECES // column_bytes)
        self.piece = self.n_columns * n_envelopes  # numbers that are computed at a time, at most

    def apply(self, bands: Array, rows: Array, filtered: Array, envelopes: Array) -> None:
        """Make rows from bands.

        Parameters
        ----------
        bands : complex array of shape (n_signals, n1_stop, n)
        rows : real array of shape (n_signals, n_rows, n)
            Is written to.
        filtered, envelopes : complex and real array of shape (piece,)
            Workspace.
        """
        n_signals, _, n = bands.shape
        n_columns = min(n, self.n_columns)
        n_together = self.n_columns // n_columns
        for first in range(0, n_signals, n_together):
            together = slice(first, first + n_together)
            for start in range(0, n, n_columns):
                columns = slice(start, start + n_columns)
                part = bands[together, :, columns]
                shape = (len(part), len(self.matrix), part.shape[-1])
                Y, U = (each[: math.prod(shape)].reshape(shape) for each in (filtered, envelopes))
                self.xp.mix(self.matrix, part, out=Y)
                self.xp.modulus(Y, out=U)
                for each in self.averages:
                    each.apply(self.xp, U, rows[together, :, columns])
