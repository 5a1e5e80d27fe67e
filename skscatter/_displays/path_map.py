"""Two maps of path values: order 1 by carrier, order 2 by carrier and modulation frequency."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._common.parameters import check_real
from skscatter._common.units import units_for

from .axes import (
    cell_edges,
    draw_cells,
    frequency_axis,
    frequency_label,
    label_y,
    make_axes,
)


@dataclass(frozen=True, eq=False)
class PathMap:
    """The paths of a transform, arranged by their frequencies.

    Attributes
    ----------
    carriers : ndarray of shape (n_carriers,)
        Centre frequencies of the first wavelets, in descending order.
    modulations : ndarray of shape (n_modulations,)
        Centre frequencies of the second wavelets, likewise. Empty without order 2.
    row, column : ndarray of shape (n_paths,)
        Position of each path in `carriers` and `modulations`, -1 if it has no such wavelet.
    sampling_rate : float or None
        In Hz. Without one, frequencies are in cycles per sample.
    """

    carriers: NDArray[np.float64]
    modulations: NDArray[np.float64]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    sampling_rate: float | None

    @classmethod
    def of(cls, paths: NDArray[np.void], sampling_rate: float | None) -> "PathMap":
        """Arrange the paths of a table."""
        rate = units_for(sampling_rate).rate
        carriers, row = _descending(paths["xi1"] * rate)
        modulations, column = _descending(paths["xi2"] * rate)
        return cls(carriers, modulations, row, column, sampling_rate)

    @property
    def order1(self) -> NDArray[np.bool_]:
        """Which paths are of order 1."""
        return (self.row >= 0) & (self.column < 0)

    @property
    def order2(self) -> NDArray[np.bool_]:
        """Which paths are of order 2."""
        return self.column >= 0

    def over_modulation(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Arrange values of the paths of order 2, of shape (n_order2, ...), by their frequencies.

        Returns
        -------
        cells : ndarray of shape (n_carriers, n_modulations, ...)
            NaN where there is no path.
        """
        shape = len(self.carriers), len(self.modulations), *values.shape[1:]
        cells = np.full(shape, np.nan, values.dtype)
        cells[self.row[self.order2], self.column[self.order2]] = values
        return cells

    def make_axes(self, ax: Any, *, sharey: bool = True) -> NDArray[Any]:
        """Return axes for both orders, or for order 1 if there is no order 2."""
        n_panels = 2 if len(self.modulations) else 1
        return make_axes(ax, 1, n_panels, figsize=(5.2 * n_panels, 4), sharey=sharey)

    def draw_order1(
        self,
        ax: Any,
        x: NDArray[np.floating],
        values: NDArray[np.floating],
        **options: Any,
    ) -> Any:
        """Draw values of shape (n_carriers, n_columns) over the edges `x` and frequency."""
        label_y(ax, self._label("frequency"))
        return draw_cells(ax, x, cell_edges(self.carriers, log=True), values, **options)

    def draw_order2(self, ax: Any, values: NDArray[np.floating], **options: Any) -> Any:
        """Draw values of shape (n_carriers, n_modulations) over both frequencies."""
        image = self.draw_order1(ax, cell_edges(self.modulations, log=True), values, **options)
        frequency_axis(ax.xaxis)
        ax.set_xlabel(self._label("modulation frequency"))
        return image

    def draw_band(
        self,
        ax: Any,
        x: NDArray[np.floating],
        values: NDArray[np.floating],
        *,
        row: int,
        **options: Any,
    ) -> Any:
        """Draw values of order 2 of one band, of shape (n_modulations, n_columns), over `x`.

        Modulations that are too fast for the band are left out.
        """
        first = self.column[self.order2 & (self.row == row)].min()
        edges = cell_edges(self.modulations, log=True)
        label_y(ax, self._label("modulation frequency"))
        return draw_cells(ax, x, edges[first:], values[first:], **options)

    def name_of(self, row: int) -> str:
        """Return the frequency of a first wavelet with its unit, such as 1540 Hz."""
        xi = np.format_float_positional(self.carriers[row], 3, fractional=False, trim="-")
        return f"{xi} {units_for(self.sampling_rate).frequency}"

    def row_of_band(self, band: Any) -> int:
        """Return the row of the first wavelet nearest to a frequency, of those with order 2.

        Raises
        ------
        TypeError, ValueError
            If `band` is not a frequency of such a wavelet.
        """
        band = check_real("band", band, minimum=0, exclusive=True)
        rows = np.unique(self.row[self.order2])
        if not len(rows):
            raise ValueError(f"band={band!r} needs coefficients of order 2, but max_order=1.")
        edges = cell_edges(self.carriers, log=True)
        lowest, highest = edges[rows[-1] + 1], edges[rows[0]]
        if not lowest <= band <= highest:
            unit = units_for(self.sampling_rate).frequency
            raise ValueError(
                f"band={band!r} must be between {lowest:.4g} and {highest:.4g} {unit}, the "
                "frequencies that have coefficients of order 2."
            )
        return int(rows[np.abs(np.log2(self.carriers[rows] / band)).argmin()])

    def _label(self, name: str) -> str:
        return frequency_label(name, self.sampling_rate)


def _descending(xi: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return distinct frequencies in descending order, and positions in them, -1 for NaN."""
    present = ~np.isnan(xi)
    distinct, inverse = np.unique(-xi[present], return_inverse=True)
    positions = np.full(len(xi), -1, np.intp)
    positions[present] = inverse
    return -distinct, positions
