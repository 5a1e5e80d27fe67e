"""The scattering coefficients of a signal."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skscatter._common.public import public
from skscatter._estimators.lookup import find_plain
from skscatter._scattering.logarithm import RELATIVE_EPS

from .axes import (
    color_bar,
    frame_edges,
    mean_over_time,
    name_of_channel,
    shade_outside,
    time_axis,
)
from .colours import DYNAMIC_RANGE, linear_colours, log_colours
from .path_map import PathMap
from .subject import active_part, check_signal, duration_of, named_channel, rounding_error


@public
class ScatteringDisplay:
    """The scattering coefficients of a signal, before any logarithm and pooling.

    Order 1 is drawn over time and frequency: the strength of each band. What a transformer with
    `trim` leaves out of its features is shaded. Order 2 is drawn over modulation frequency and
    frequency, averaged over time: how fast the strength of each band changes. It has no
    coefficients for modulations faster than the band is wide. With `band`, order 2 of one band is
    drawn over time and modulation frequency instead.

    Create a display with `from_estimator`. `plot` draws it again.

    Parameters
    ----------
    S1 : ndarray of shape (n_carriers, n_frames)
        Coefficients of order 1.
    S2 : ndarray of shape (n_carriers, n_modulations, n_frames)
        Coefficients of order 2; NaN where there are none.
    times : ndarray of shape (n_frames,)
        Times of the frames, counted from the first sample: in seconds with a `sampling_rate`, else
        in samples.
    path_map : PathMap
        The frequencies: ``carriers`` and ``modulations``, in descending order, in Hz with a
        `sampling_rate`, else in cycles per sample.
    duration : float
        Where the signal ends, in the units of `times`.
    channel : int or None, default=None
        Channel that is shown, for the titles. None if the signal has only one.
    resolution : float, default=0.0
        Coefficients up to here are rounding errors, and drawn as silence.
    active_part : tuple of (float, float) or None, default=None
        Start and end of the part that features are made of, in the units of `times`. The rest is
        shaded. None means all of the signal.

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (2,), or (1,) without order 2
        The Axes drawn into.
    figure_ : Figure
        Their figure.

    See Also
    --------
    PathImportanceDisplay : How much a model depends on these coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import Scattering1D, ScatteringDisplay
    >>> x = np.random.default_rng(0).standard_normal(1024)
    >>> scattering = Scattering1D(J=6, sampling_rate=1000).fit([x])
    >>> display = ScatteringDisplay.from_estimator(scattering, x)
    >>> display.S1.shape, display.S2.shape
    ((13, 16), (13, 9, 16))
    """

    def __init__(
        self,
        *,
        S1: NDArray[np.floating],
        S2: NDArray[np.floating],
        times: NDArray[np.float64],
        path_map: PathMap,
        duration: float,
        channel: int | None = None,
        resolution: float = 0.0,
        active_part: tuple[float, float] | None = None,
    ) -> None:
        self.S1 = S1
        self.S2 = S2
        self.times = times
        self.path_map = path_map
        self.duration = duration
        self.channel = channel
        self.resolution = resolution
        self.active_part = active_part

    @classmethod
    def from_estimator(
        cls, estimator: Any, x: ArrayLike, *, channel: int = 0, ax: Any = None, **options: Any
    ) -> ScatteringDisplay:
        """Compute the coefficients of a signal with a fitted transformer, and draw them.

        Parameters
        ----------
        estimator : Scattering1D, SelectPaths, ScatteringClassifier, Pipeline or search
            Fitted estimator that contains one scattering transformer.
        x : array-like of shape (length,) or (n_channels, length)
            A signal that it can transform.
        channel : int, default=0
            Channel of the signal to show.
        ax : Axes, sequence of Axes or None, default=None
            As in `plot`.
        **options
            Passed to `plot`.

        Returns
        -------
        display : ScatteringDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If an argument is not as described.
        ImportError
            If matplotlib is not installed.
        """
        scattering = find_plain(estimator)
        x = check_signal(scattering, x, channel)
        S = scattering.scatter([x])[0][channel]
        path_map = PathMap.of(scattering.paths_, scattering.sampling_rate_)
        return cls(
            S1=S[path_map.order1],
            S2=path_map.over_modulation(S[path_map.order2]),
            times=scattering.frame_times(x.shape[-1]),
            path_map=path_map,
            duration=duration_of(scattering, x.shape[-1]),
            channel=named_channel(x, channel),
            resolution=rounding_error(scattering, x[channel]),
            active_part=active_part(scattering, x),
        ).plot(ax, **options)

    def plot(
        self,
        ax: Any = None,
        *,
        band: float | None = None,
        relative: bool = False,
        dynamic_range: float = DYNAMIC_RANGE,
        **options: Any,
    ) -> ScatteringDisplay:
        """Draw the coefficients.

        The colour scale of each panel is logarithmic and ends at the largest coefficient. It begins
        where one percent of the coefficients are smaller, or `dynamic_range` below the largest if
        that is higher.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None, default=None
            None draws into a new figure. A sequence has one Axes for each order. The panels replace
            a single Axes.
        band : float or None, default=None
            Frequency of a band whose order 2 is drawn over time: that of the nearest wavelet of
            order 1 is shown. In Hz with a `sampling_rate`, else in cycles per sample. None draws
            order 2 of all bands, averaged over time.
        relative : bool, default=False
            Whether to divide order 2 by order 1 of the same band (their means over time, or with
            `band` at each frame). This shows the modulation of a band independently of its
            strength, on a linear colour scale. Where order 1 is fainter than a tenth of its mean
            over all bands, nothing is shown.
        dynamic_range : float, default=80.0
            Largest range of the colours, in dB.
        **options
            Passed to matplotlib's ``pcolormesh``, such as ``cmap``, ``norm``, ``vmin`` and
            ``vmax``.

        Returns
        -------
        display : ScatteringDisplay
            Itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described.
        ImportError
            If matplotlib is not installed.
        """
        row = None if band is None else self.path_map.row_of_band(band)
        options = {"cmap": "magma"} | options
        logarithmic = options | {"dynamic_range": dynamic_range, "resolution": self.resolution}
        order1 = log_colours(self.S1, **logarithmic)
        S2, symbol = self._order2(row, relative)
        order2 = linear_colours(S2, **options) if relative else log_colours(S2, **logarithmic)
        self.ax_ = self.path_map.make_axes(ax, sharey=row is None)
        self.figure_ = self.ax_[0].figure
        path_map, edges = self.path_map, frame_edges(self.times, self.duration)
        image1 = path_map.draw_order1(self.ax_[0], edges, self.S1, **order1)
        panels, over_time = [(image1, f"order 1{name_of_channel(self.channel)}", "S1")], self.ax_
        if row is not None:
            image2 = path_map.draw_band(self.ax_[1], edges, S2, row=row, **order2)
            panels.append((image2, f"order 2 at {path_map.name_of(row)}", symbol))
        elif len(self.ax_) > 1:
            image2 = path_map.draw_order2(self.ax_[1], S2, **order2)
            panels.append((image2, "order 2", symbol))
            over_time = self.ax_[:1]
        for image, title, symbol in panels:
            image.axes.set_title(title)
            color_bar(image, symbol=symbol)
        for axes in over_time:
            time_axis(axes, self.duration, path_map.sampling_rate)
            shade_outside(axes, self.active_part)
        return self

    def _order2(self, row: int | None, relative: bool) -> tuple[NDArray[np.floating], str]:
        """Return what is drawn of order 2, and its symbol: one band, or means over time."""
        means = mean_over_time(self.S1)
        if row is None:
            S1, S2 = means[:, np.newaxis], mean_over_time(self.S2)
        else:
            S1, S2 = self.S1[row], self.S2[row]
        if not relative:
            return S2, "S2"
        with np.errstate(under="ignore"):
            floor = max(float(RELATIVE_EPS * mean_over_time(means)), self.resolution)
            return S2 / np.where(floor < S1, S1, np.nan), "S2 / S1"
