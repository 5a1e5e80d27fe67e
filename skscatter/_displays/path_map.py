"""Two maps of path values: order 1 by carrier, order 2 by carrier and modulation frequency."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._common.units import units_for

from .axes import cell_edges, draw_cells, frequency_axis, frequency_label, make_axes


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

    def over_modulation(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Arrange values of the paths of order 2 as (n_carriers, n_modulations), NaN elsewhere."""
        cells = np.full((len(self.carriers), len(self.modulations)), np.nan)
        cells[self.row[self.order2], self.column[self.order2]] = values
        return cells

    def draw(
        self,
        ax: Any,
        over_x: NDArray[np.floating],
        over_modulation: NDArray[np.floating],
        x: NDArray[np.floating],
        *,
        xlabel: str,
        labels: tuple[str, str],
        options: tuple[dict[str, Any], dict[str, Any]],
    ) -> NDArray[Any]:
        """Draw both maps, or only the first if there is no order 2.

        Parameters
        ----------
        ax : None, Axes or sequence of Axes
            As for `make_axes`.
        over_x : ndarray of shape (n_carriers, n_columns)
            Values of order 1.
        over_modulation : ndarray of shape (n_carriers, n_modulations)
            Values of order 2.
        x : ndarray of shape (n_columns + 1,)
            Edges of the columns of order 1.
        xlabel : str
            Label of that axis.
        labels : tuple of (str, str)
            Labels of the colour bars.
        options : tuple of (dict, dict)
            Passed to ``pcolormesh``.

        Returns
        -------
        axes : ndarray of Axes, of shape (2,) or (1,)
        """
        n_panels = 2 if len(self.modulations) else 1
        axes = make_axes(ax, 1, n_panels, figsize=(5.2 * n_panels, 4))
        frequency = frequency_label("frequency", self.sampling_rate)
        y = cell_edges(self.carriers, log=True)
        draw_cells(axes[0], x, y, over_x, label=labels[0], **options[0])
        axes[0].set(title="order 1", xlabel=xlabel, ylabel=frequency)
        if n_panels == 2:
            rates = cell_edges(self.modulations, log=True)
            draw_cells(axes[1], rates, y, over_modulation, label=labels[1], **options[1])
            frequency_axis(axes[1].xaxis)
            axes[1].set(
                title="order 2",
                xlabel=frequency_label("modulation frequency", self.sampling_rate),
                ylabel=frequency,
            )
        return axes


def _descending(xi: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return distinct frequencies in descending order, and positions in them, -1 for NaN."""
    present = ~np.isnan(xi)
    distinct, inverse = np.unique(-xi[present], return_inverse=True)
    positions = np.full(len(xi), -1, np.intp)
    positions[present] = inverse
    return -distinct, positions
