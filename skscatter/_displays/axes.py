"""Axes to draw into, their labels and ticks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._common.optional import import_optional
from skscatter._common.units import units_for

# Room between panels for labels, in units of the font size.
COLUMN_GAP, ROW_GAP = 8.0, 3.5


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
        ``sharex``, ``sharey`` and ``height_ratios``. Given axes share what they share.

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
    shared = {name: grid.pop(name) for name in ("sharex", "sharey") if name in grid}
    panels = subplot.subgridspec(n_rows, n_cols, **grid, **_gaps(axes[0], n_rows, n_cols))
    return panels.subplots(**shared, squeeze=False).ravel()


def _gaps(ax: Any, n_rows: int, n_cols: int) -> dict[str, float]:
    """Return the gaps of a grid of panels, in units of a panel, where no layout engine does it."""
    from matplotlib import rcParams

    if ax.figure.get_layout_engine() is not None:
        return {}
    area, em = ax.get_window_extent(), rcParams["font.size"] * ax.figure.dpi / 72
    gaps = {}
    for name, size, gap, n_panels in (
        ("wspace", area.width, COLUMN_GAP * em, n_cols),
        ("hspace", area.height, ROW_GAP * em, n_rows),
    ):
        panel = (size - (n_panels - 1) * gap) / n_panels
        gaps[name] = gap / max(panel, gap)  # a panel is at least as large as a gap
    return gaps


def frequency_label(name: str, sampling_rate: float | None) -> str:
    """Label an axis of frequencies. A long unit has a line of its own."""
    separator = " " if sampling_rate else "\n"
    return f"{name}{separator}({units_for(sampling_rate).frequency})"


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


def frame_edges(times: NDArray[np.float64], duration: float) -> NDArray[np.float64]:
    """Return the edges of the cells of frames, which together cover a signal from 0 to its end."""
    return np.concatenate([[0.0], times[:-1] + np.diff(times) / 2, [duration]])


def mean_over_time(S: NDArray[np.floating]) -> NDArray[np.floating]:
    """Average coefficients over frames. The sum of large ones would overflow, the mean does not."""
    with np.errstate(under="ignore"):
        return np.asarray((S / S.shape[-1]).sum(axis=-1))


def name_of_channel(channel: int | None) -> str:
    """Return what the first title says of the channel, for a signal that has several."""
    return "" if channel is None else f", channel {channel}"


def frequency_axis(axis: Any) -> None:
    """Make an axis logarithmic, with ticks such as 100, 200, 500."""
    from matplotlib.ticker import NullFormatter

    from .ticks import LogLocator, UnitFormatter

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_formatter(UnitFormatter())
    axis.set_major_locator(LogLocator())
    axis.set_minor_formatter(NullFormatter())


def time_axis(ax: Any, duration: float, sampling_rate: float | None) -> None:
    """Let the horizontal axis go from the first sample to the end of the signal, and label it.

    The times of a short signal are written in milliseconds or microseconds.
    """
    name, unit = units_for(sampling_rate).time, 1.0
    if sampling_rate and duration < 0.1:
        name, unit = ("ms", 1e-3) if duration >= 1e-4 else ("µs", 1e-6)
    linear_axis(ax, duration, f"time ({name})", unit)


def linear_axis(ax: Any, end: float, label: str, unit: float = 1.0) -> None:
    """Let the horizontal axis go from 0 to `end`, with ticks in `unit`, and label it."""
    from .ticks import LinearLocator, UnitFormatter

    ax.set(xlim=(0, end), xlabel=label)
    ax.xaxis.set_major_formatter(UnitFormatter(unit))
    ax.xaxis.set_major_locator(LinearLocator(unit))


def label_y(ax: Any, label: str) -> None:
    """Label the vertical axis, unless its ticks are those of the panel to the left."""
    if ax.yaxis.get_tick_params().get("labelleft", True):
        ax.set_ylabel(label)


def shade_outside(ax: Any, part: tuple[float, float] | None) -> None:
    """Shade what lies before and after a part of the time axis, up to the ends of the axis.

    Parameters
    ----------
    ax : Axes
        Where to draw. Its limits are final.
    part : tuple of (float, float) or None
        Start and end. None shades nothing.
    """
    if part is None:
        return
    left, right = ax.get_xlim()
    for start, end in ((left, part[0]), (part[1], right)):
        if start < end:
            ax.axvspan(start, end, color="0.5", alpha=0.6, linewidth=0)


def draw_cells(
    ax: Any,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    values: NDArray[np.floating],
    **options: Any,
) -> Any:
    """Draw values in cells over frequency.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x, y : ndarray of shape (n_columns + 1,) and (n_rows + 1,)
        Edges of the cells. The edges along y are frequencies.
    values : ndarray of shape (n_rows, n_columns)
        Cells of NaN stay empty.
    **options
        Passed to ``pcolormesh``.

    Returns
    -------
    image : QuadMesh
    """
    image = ax.pcolormesh(x, y, np.ma.masked_invalid(values), rasterized=True, **options)
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    frequency_axis(ax.yaxis)
    return image


def color_bar(image: Any, *, label: str = "", symbol: str = "") -> None:
    """Add a colour bar to the panel of an image, with a label beside it or a symbol below it."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import NullFormatter

    from .ticks import LogLocator, UnitFormatter

    bar = image.axes.figure.colorbar(image, ax=image.axes, label=label)
    bar.ax.set_xlabel(symbol, loc="left")  # away from the ticks of the panel
    if isinstance(image.norm, LogNorm):
        bar.ax.yaxis.set_major_formatter(UnitFormatter())
        bar.ax.yaxis.set_major_locator(LogLocator())
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
