"""Axes to draw into, their labels, ticks and colours."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._common.optional import import_optional
from skscatter._common.units import units_for

# Least end of a colour scale. Matplotlib replaces the ends of smaller ones by -0.1 and 0.1.
LEAST_END = 1e-280


def make_axes(ax: Any, n_rows: int, n_cols: int, *, figsize: Any, **grid: Any) -> NDArray[Any]:
    """Return axes to draw into, one for each panel.

    Parameters
    ----------
    ax : None, Axes or sequence of Axes
        None makes a figure. A single Axes is replaced by a grid of panels. A sequence must have
        one Axes for each panel.
    n_rows, n_cols : int
        Shape of the grid.
    figsize : tuple of (float, float)
        Size of the figure that is made, in inches.
    **grid
        ``sharex``, ``height_ratios`` and ``width_ratios``.

    Returns
    -------
    axes : ndarray of Axes, of shape (n_rows * n_cols,)

    Raises
    ------
    TypeError, ValueError
        If `ax` is anything else.
    """
    pyplot = import_optional("matplotlib.pyplot", "plot", "A display")
    if ax is None:
        figure = pyplot.figure(figsize=figsize, layout="constrained")
        return figure.subplots(n_rows, n_cols, squeeze=False, **grid).ravel()
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if not all(hasattr(each, "get_subplotspec") for each in axes):
        raise TypeError(f"ax={ax!r} must be None, Axes of matplotlib, or a sequence of them.")
    n_panels = n_rows * n_cols
    if len(axes) == n_panels:
        return axes
    subplot = axes[0].get_subplotspec() if len(axes) == 1 else None
    if subplot is None:
        raise ValueError(
            f"ax={ax!r} are {len(axes)} Axes, but the display has {n_panels} panels. Accepted: "
            f"None, {n_panels} Axes, or one subplot, which the panels then replace."
        )
    axes[0].set_axis_off()
    sharex = grid.pop("sharex", False)
    panels = subplot.subgridspec(n_rows, n_cols, **grid)
    return panels.subplots(sharex=sharex, squeeze=False).ravel()


def frequency_label(name: str, sampling_rate: float | None) -> str:
    """Label an axis of frequencies."""
    return f"{name} ({units_for(sampling_rate).frequency})"


def time_label(sampling_rate: float | None) -> str:
    """Label an axis of times."""
    return f"time ({units_for(sampling_rate).time})"


def cell_edges(centres: NDArray[np.floating], *, log: bool = False) -> NDArray[np.float64]:
    """Return the edges of cells around sorted centres, halfway between them (in octaves if `log`).

    A single cell is one unit wide, or one octave.
    """
    if log:
        return np.exp2(cell_edges(np.log2(centres)))
    gaps = np.diff(centres) if len(centres) > 1 else np.ones(1)
    return np.concatenate(
        [
            [centres[0] - gaps[0] / 2],
            centres[:-1] + np.diff(centres) / 2,
            [centres[-1] + gaps[-1] / 2],
        ]
    )


def mean_over_time(S: NDArray[np.floating]) -> NDArray[np.floating]:
    """Average coefficients over frames. The sum of large ones would overflow, the mean does not."""
    with np.errstate(under="ignore"):
        return np.asarray((S / S.shape[-1]).sum(axis=-1))


def frequency_axis(axis: Any) -> None:
    """Make an axis logarithmic, with ticks at 100, 200, 500."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def magnitudes(values: NDArray[np.floating], floor: float | None = None) -> Any:
    """Return a logarithmic colour scale from `floor` to the largest value.

    Without a `floor` it begins at a ten-thousandth of the largest value.
    """
    from matplotlib.colors import LogNorm

    largest = float(np.max(values, initial=0.0, where=np.isfinite(values))) or 1.0
    largest = max(largest, LEAST_END)
    if floor is None or floor >= largest:
        floor = 1e-4 * largest
    return LogNorm(floor, largest, clip=True)


def shade_outside(ax: Any, part: tuple[float, float] | None, times: NDArray[np.float64]) -> None:
    """Shade what lies before and after a part of the time axis, up to the ends of the axis.

    Parameters
    ----------
    ax : Axes
        Where to draw. Its limits are final.
    part : tuple of (float, float) or None
        Start and end. None shades nothing.
    times : ndarray of shape (n_columns,)
        Centres of the columns. An end of the axis without columns outside of the part stays as it
        is.
    """
    if part is None:
        return
    left, right = ax.get_xlim()
    for outside, start, end in (
        (times[0] < part[0], left, part[0]),
        (times[-1] > part[1], part[1], right),
    ):
        if outside:
            ax.axvspan(start, end, color="0.5", alpha=0.6, linewidth=0)


def draw_cells(
    ax: Any,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    values: NDArray[np.floating],
    *,
    label: str,
    **options: Any,
) -> None:
    """Draw values in cells over frequency, with a colour bar.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x, y : ndarray of shape (n_columns + 1,) and (n_rows + 1,)
        Edges of the cells. The edges along y are frequencies.
    values : ndarray of shape (n_rows, n_columns)
        Cells of NaN stay empty.
    label : str
        Label of the colour bar.
    **options
        Passed to ``pcolormesh``.
    """
    image = ax.pcolormesh(x, y, np.ma.masked_invalid(values), rasterized=True, **options)
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    frequency_axis(ax.yaxis)
    ax.figure.colorbar(image, ax=ax, label=label)
