"""Filters along log-frequency, as matrices.

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

# Parts of a batch whose envelopes along frequency are computed one after another.
PIECES = 2

Kernel = Callable[[NDArray[np.floating]], NDArray[np.number]]


@dataclass(frozen=True, eq=False)
class FrequencyFilter:
    """A filter along log-frequency, and the average of its envelopes.

    Attributes
    ----------
    n_fr : int
        0 for the low-pass, otherwise the number of the wavelet, from 1 on.
    matrix : complex array of shape (n_envelopes, n1_stop)
        From first-order wavelets to positions, in both directions one after the other, or in one.
    average : real array of shape (n_rows, n_averaged) or None
        From positions to rows, for each direction. None if positions are rows.
    """

    n_fr: int
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
        self.reach = reach(share) / (2 * math.pi)  # of a Gaussian in time, times its bandwidth
        self.is_global = joint.F == math.inf
        self.sigma = SIGMA0 / joint.F
        self.rows = np.arange(0, n1_stop, joint.stride_fr, dtype=float)

    def filters(self, *, both: bool) -> list[FrequencyFilter]:
        """List the filters of the parts that are kept.

        Parameters
        ----------
        both : bool
            Whether envelopes are complex and wavelets filter them in both directions, for order 2.
            Otherwise envelopes are real, and both directions give the same.
        """
        joint = self.joint
        found = []
        if both and "time" in joint.parts:
            found.append(self.low_pass())
        if ("joint" if both else "frequency") in joint.parts:
            family = wavelet_parameters(joint.J_fr, joint.Q_fr)
            parameters = zip(family.xi, family.sigma, family.j, strict=True)
            found += [
                self.wavelet(i + 1, xi, sigma, j, both=both)
                for i, (xi, sigma, j) in enumerate(parameters)
            ]
        return found

    def low_pass(self) -> FrequencyFilter:
        """Low-pass of the widest scale, which is not averaged again except over all frequencies."""
        sigma = SIGMA0 / 2**self.joint.J_fr
        positions = np.arange(self.n1_stop) if self.is_global else self.rows
        matrix = sum(self.periods(lambda t: gauss_window(t, sigma), sigma, positions))
        average = np.full((1, self.n1_stop), 1 / self.n1_stop) if self.is_global else None
        return FrequencyFilter(0, matrix.astype(complex), average)

    def wavelet(self, n_fr: int, xi: float, sigma: float, j: int, *, both: bool) -> FrequencyFilter:
        """Wavelet of octave `j`, and the average of width F."""
        positions, step = self.positions(sigma, j)
        up = sum(self.periods(lambda t: morlet_window(t, xi, sigma), sigma, positions))
        matrix = np.concatenate([up, up.conj()]) if both else up
        if self.is_global:
            return FrequencyFilter(n_fr, matrix, np.full((1, len(up)), 1 / len(up)))
        # Each direction is averaged by itself, and continued by its own mirror image. Beyond the
        # ends of a reflected axis the directions are exchanged, so that an average over the axis
        # as it is would mix them.
        average = sum(
            self.periods(lambda t: gauss_window(t, self.sigma), self.sigma, self.rows, positions)
        )
        return FrequencyFilter(n_fr, matrix, step * average)

    def positions(self, sigma: float, j: int) -> tuple[NDArray[np.float64], float]:
        """Positions of a wavelet's envelopes, and their distance.

        They divide the axis into equal parts, so that they remain the same if it is reflected at
        either end. The distance is at most ``2**j``, as for bands in time, and no coarser than the rows.
        """
        widest = 2**j if self.is_global else min(self.joint.stride_fr, self.joint.F)
        k = min(j, math.floor(math.log2(widest)))
        n = -(-self.n1_stop // 2**k)
        step = self.n1_stop / n
        n_beyond = 0
        if self.joint.padding_fr == "zero" and not self.is_global:
            # Beyond, envelopes are negligible, or too far from any row.
            n_beyond = math.ceil(self.reach / max(sigma, self.sigma) / step)
        return (np.arange(-n_beyond, n + n_beyond) + 0.5) * step - 0.5, step

    @underflow_to_zero
    def periods(
        self,
        kernel: Kernel,
        sigma: float,
        positions: NDArray[np.floating],
        sources: NDArray[np.floating] | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Matrices of a filter from `sources`, and from their images in a reflected axis.

        A reflected axis has a period of twice its length.
        """
        sources = np.arange(self.n1_stop) if sources is None else sources
        distances = positions[:, np.newaxis] - sources
        if self.joint.padding_fr == "zero":
            return kernel(distances), np.zeros(distances.shape)
        to_images = positions[:, np.newaxis] + sources + 1
        period = 2 * self.n1_stop
        n = math.ceil(self.reach / sigma / period) + 1
        shifts = range(-n * period, (n + 1) * period, period)
        return (
            sum(kernel(distances + shift) for shift in shifts),
            sum(kernel(to_images + shift) for shift in shifts),
        )


def without_tails(matrix: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Set numbers to zero that are negligible. Products with subnormal numbers would be slow."""
    parts = np.stack([matrix.real, matrix.imag])
    parts[np.abs(parts) < negligible(dtype) * np.abs(parts).max()] = 0
    return parts[0] + 1j * parts[1] if np.iscomplexobj(matrix) else parts[0]


@dataclass(frozen=True, eq=False)
class Average:
    """The average of one filter's envelopes along frequency.

    Attributes
    ----------
    envelopes : slice
        The envelopes of the filter.
    n_groups : int
        Into how many groups they are divided, each of which is averaged.
    matrix : real array of shape (n_rows_of_group, n_envelopes_of_group) or None
        None keeps the envelopes.
    rows : slice
        Where the averages are written.
    """

    envelopes: slice
    n_groups: int
    matrix: Array | None
    rows: slice

    def apply(self, xp: Namespace, envelopes: Array, out: Array) -> None:
        """Average some of the `envelopes` of shape (n_signals, n_envelopes, n) into rows of `out`."""
        kept, rows = envelopes[:, self.envelopes], out[:, self.rows]
        if self.matrix is None:
            rows[...] = kept
            return
        groups = kept.reshape(len(kept), self.n_groups, -1, kept.shape[-1])
        xp.mix(self.matrix, groups, out=rows.reshape(len(rows), self.n_groups, -1, rows.shape[-1]))


class AlongFrequency:
    """A step of the cascade: filter bands along frequency, take envelopes, and average them.

    Parameters
    ----------
    xp : Namespace
        Array operations.
    filters : list of FrequencyFilter
        All for the same first-order wavelets.
    chunk : int
        Signals that are computed together.

    Attributes
    ----------
    n_rows : int
        Rows that all filters make, in the order of the filters.
    """

    def __init__(self, xp: Namespace, filters: list[FrequencyFilter], chunk: int) -> None:
        self.xp = xp
        matrix = without_tails(np.concatenate([each.matrix for each in filters]), xp.dtype)
        self.matrix = xp.complex_matrix(matrix)
        # Few columns at a time stay in the cache. Their number must not depend on the signals, or
        # the rounding of a signal's products would depend on its neighbours.
        column_bytes = 2 * xp.dtype.itemsize * len(matrix)
        self.n_columns = max(1, xp.batch_bytes // PIECES // column_bytes)
        self.averages = []
        envelope = self.n_rows = 0
        for each in filters:
            n_groups, n_rows, average = 1, len(each.matrix), None
            if each.average is not None:
                n_groups = len(each.matrix) // each.average.shape[1]
                n_rows = n_groups * len(each.average)
                average = xp.asarray(without_tails(each.average, xp.dtype))
            self.averages.append(
                Average(
                    slice(envelope, envelope + len(each.matrix)),
                    n_groups,
                    average,
                    slice(self.n_rows, self.n_rows + n_rows),
                )
            )
            envelope += len(each.matrix)
            self.n_rows += n_rows

    @property
    def piece(self) -> int:
        """Numbers in the largest piece that is computed at a time."""
        return self.n_columns * len(self.matrix)

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
