"""Values of paths as two maps: order 1 by carrier, order 2 by carrier and modulation frequency."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axes import cell_edges, draw_cells, frequency_axis, frequency_label, make_axes


@dataclass(frozen=True, eq=False)
class PathMap:
    """Where the paths of a transform lie by their frequencies.

    Attributes
    ----------
    carriers : ndarray of shape (n_carriers,)
        Centre frequencies of the first wavelets, from high to low.
    modulations : ndarray of shape (n_modulations,)
        Those of the second wavelets; empty without an order 2.
    row, column : ndarray of shape (n_paths,)
        Position of each path among the two, -1 where it has no such wavelet.
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
        """Lay out the paths of a table."""
        unit = 1.0 if sampling_rate is None else sampling_rate
        carriers, row = _descending(paths["xi1"] * unit)
        modulations, column = _descending(paths["xi2"] * unit)
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
        """Arrange values of the paths of order 2, (n_carriers, n_modulations); NaN elsewhere."""
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
        """Draw both maps, or the first alone where there is no order 2.

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
            What they are.
        labels : tuple of (str, str)
            What the colours mean.
        options : tuple of (dict, dict)
            For ``pcolormesh``.

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
    """Return the distinct frequencies from high to low, and the position of each, -1 for NaN."""
    present = ~np.isnan(xi)
    distinct, place = np.unique(-xi[present], return_inverse=True)
    positions = np.full(len(xi), -1, np.intp)
    positions[present] = place
    return -distinct, positions
