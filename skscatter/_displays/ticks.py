"""Ticks whose labels do not collide. Imported when something is drawn: it needs matplotlib."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import Formatter, Locator, MaxNLocator
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

# Sizes of a label, in units of the font size. Digits of the default font are 0.64 wide.
CHARACTER_WIDTH = 0.65
LINE_HEIGHT = 1.2
GAP = 0.6


class RoomyLocator(Locator):
    """Place as many ticks as have room for their labels.

    Matplotlib's locators count ticks by the length of the axis, whatever their labels say. Here
    the labels are measured. Subclasses list `candidates`, from many ticks to few.
    """

    def __call__(self) -> NDArray[np.float64]:
        """Return the positions of the ticks in the view of the axis."""
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> NDArray[np.float64]:
        """Return the positions of the ticks between two ends, in either order."""
        low, high = sorted((vmin, vmax))
        ticks = np.empty(0)
        for candidate in self.candidates(low, high):
            inside = candidate[(candidate >= low) & (candidate <= high)]
            if len(inside):
                ticks = inside
            if len(inside) and self._has_room(inside, low, high):
                return inside
        return ticks[:1]

    @abstractmethod
    def candidates(self, low: float, high: float) -> Iterator[NDArray[np.float64]]:
        """Yield positions of ticks, the densest first. Those outside of the view are left out."""

    def _has_room(self, ticks: NDArray[np.float64], low: float, high: float) -> bool:
        axes, scale = self.axis.axes, self.axis.get_transform().transform
        box = Bbox.unit().transformed(axes.transAxes - axes.figure.dpi_scale_trans)
        inches = box.width if self.axis.axis_name == "x" else box.height
        size = FontProperties(size=self._label_size()).get_size_in_points()
        place = (scale(ticks) - scale(low)) / (scale(high) - scale(low)) * inches * 72 / size
        if self.axis.axis_name == "x":
            labels = self.axis.get_major_formatter().format_ticks(ticks)
            sizes = np.array([CHARACTER_WIDTH * len(label) for label in labels])
        else:
            sizes = np.full(len(ticks), LINE_HEIGHT)
        return bool(np.all(np.diff(place) >= (sizes[1:] + sizes[:-1]) / 2 + GAP))

    def _label_size(self) -> Any:
        default = rcParams[f"{self.axis.axis_name}tick.labelsize"]
        return self.axis.get_tick_params().get("labelsize", default)


class UnitFormatter(Formatter):
    """Write values in another unit.

    Parameters
    ----------
    unit : float, default=1.0
        Size of the unit.
    """

    def __init__(self, unit: float = 1.0) -> None:
        self.unit = unit

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return a label."""
        return f"{x / self.unit:g}"


class LinearLocator(RoomyLocator):
    """Round numbers of a unit, as matplotlib chooses them by default.

    Parameters
    ----------
    unit : float, default=1.0
        Size of the unit.
    """

    def __init__(self, unit: float = 1.0) -> None:
        self.unit = unit

    def candidates(self, low: float, high: float) -> Iterator[NDArray[np.float64]]:
        """Yield round numbers, at most nine intervals."""
        for n_intervals in range(9, 0, -1):
            rounds = MaxNLocator(n_intervals, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1)
            yield self.unit * np.asarray(rounds.tick_values(low / self.unit, high / self.unit))


class LogLocator(RoomyLocator):
    """Every digit of each decade, or 1, 2 and 5, or powers of ten; in a narrow view any number."""

    def candidates(self, low: float, high: float) -> Iterator[NDArray[np.float64]]:
        """Yield positions, with ever larger steps."""
        if high < 3 * low:
            yield from LinearLocator().candidates(low, high)
        first, last = int(np.floor(np.log10(low))), int(np.floor(np.log10(high)))
        decades = np.arange(first, last + 1)
        for digits in (range(1, 10), (1, 2, 5), (1,)):
            yield np.ravel([[float(f"{digit}e{n}") for digit in digits] for n in decades])
        for step in range(2, len(decades)):
            yield np.array([float(f"1e{n}") for n in decades if n % step == 0])
