"""The scattering coefficients of a signal."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skscatter._common.public import public
from skscatter._estimators.lookup import find_plain
from skscatter._scattering.logarithm import RELATIVE_EPS

from .axes import cell_edges, magnitudes, mean_over_time, shade_outside, time_label
from .path_map import PathMap
from .subject import active_part, check_signal


@public
class ScatteringDisplay:
    """The scattering coefficients of a signal, before any logarithm and pooling.

    Order 1 is drawn over time and frequency: the strength of each band. What a transformer with
    `trim` leaves out of its features is shaded. Order 2, averaged over time, is drawn over
    modulation frequency and frequency: how fast the strength of each band changes. It has no
    coefficients for modulations faster than the band is wide.

    Create a display with `from_estimator`. `plot` draws it again.

    Parameters
    ----------
    S1 : ndarray of shape (n_carriers, n_frames)
        Coefficients of order 1.
    S2 : ndarray of shape (n_carriers, n_modulations)
        Coefficients of order 2, averaged over time; NaN where there are none.
    times : ndarray of shape (n_frames,)
        Times of the frames, counted from the first sample: in seconds with a `sampling_rate`, else
        in samples.
    path_map : PathMap
        The frequencies: ``carriers`` and ``modulations``, in descending order, in Hz with a
        `sampling_rate`, else in cycles per sample.
    floor : float or None, default=None
        Lower end of the colour scale; fainter coefficients count as silence. None means a
        ten-thousandth of the largest coefficient.
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
    ((13, 16), (13, 9))
    """

    def __init__(
        self,
        *,
        S1: NDArray[np.floating],
        S2: NDArray[np.floating],
        times: NDArray[np.float64],
        path_map: PathMap,
        floor: float | None = None,
        active_part: tuple[float, float] | None = None,
    ) -> None:
        self.S1 = S1
        self.S2 = S2
        self.times = times
        self.path_map = path_map
        self.floor = floor
        self.active_part = active_part

    @classmethod
    def from_estimator(
        cls, estimator: Any, x: ArrayLike, *, channel: int = 0, ax: Any = None, **options: Any
    ) -> "ScatteringDisplay":
        """Compute the coefficients of a signal with a fitted transformer, and draw them.

        Parameters
        ----------
        estimator : Scattering1D, SelectPaths, Pipeline or search
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
        logarithm = scattering.specification_.logarithm
        return cls(
            S1=S[path_map.order1],
            S2=path_map.over_modulation(mean_over_time(S[path_map.order2])),
            times=scattering.frame_times(x.shape[-1]),
            path_map=path_map,
            floor=None if logarithm is None or logarithm.relative else logarithm.eps,
            active_part=active_part(scattering, x),
        ).plot(ax, **options)

    def plot(
        self, ax: Any = None, *, relative: bool = False, **options: Any
    ) -> "ScatteringDisplay":
        """Draw the coefficients.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None, default=None
            None draws into a new figure. A sequence has one Axes for each order. The panels replace
            a single Axes.
        relative : bool, default=False
            Whether to divide order 2 by the mean of order 1 in the same band. This shows the
            modulation of a band independently of its strength. Bands fainter than `floor` are not
            shown. If it is None, these are bands fainter than a tenth of the mean coefficient of
            order 1.
        **options
            Passed to matplotlib's ``pcolormesh``, such as ``cmap``.

        Returns
        -------
        display : ScatteringDisplay
            Itself.

        Raises
        ------
        TypeError, ValueError
            If `ax` is not as described.
        ImportError
            If matplotlib is not installed.
        """
        sampling_rate = self.path_map.sampling_rate
        S2, scale, label = self.S2, magnitudes(self.S2, self.floor), "S2, mean over time"
        if relative:
            strength = mean_over_time(self.S1)
            with np.errstate(under="ignore"):
                floor = self.floor or RELATIVE_EPS * mean_over_time(strength)
                audible = np.where(strength > floor, strength, np.nan)
                S2 = self.S2 / audible[:, np.newaxis]
            scale, label = None, "S2 / S1, means over time"
        common = {"cmap": "magma"} | options
        self.ax_ = self.path_map.draw(
            ax,
            self.S1,
            S2,
            cell_edges(self.times),
            xlabel=time_label(sampling_rate),
            labels=("S1", label),
            options=(
                {"norm": magnitudes(self.S1, self.floor)} | common,
                {"norm": scale} | common,
            ),
        )
        shade_outside(self.ax_[0], self.active_part, self.times)
        self.figure_ = self.ax_[0].figure
        return self
