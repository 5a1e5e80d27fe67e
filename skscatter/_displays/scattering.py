"""The scattering coefficients of a signal."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skscatter._common.public import public

from .axes import cell_edges, magnitudes, time_label
from .path_map import PathMap
from .subject import check_signal, find_scattering


@public
class ScatteringDisplay:
    """The scattering coefficients of a signal, before any logarithm and pooling.

    Order 1 over time and frequency: how strong each band is. Order 2, averaged over time, over
    modulation frequency and frequency: how fast the strength of each band comes and goes. There is
    no order 2 where a modulation would be faster than its band is wide.

    Make one with `from_estimator`; what it holds can then be drawn again with `plot`.

    Parameters
    ----------
    S1 : ndarray of shape (n_carriers, n_frames)
        Coefficients of order 1.
    S2 : ndarray of shape (n_carriers, n_modulations)
        The mean over time of those of order 2, NaN where there is none.
    times : ndarray of shape (n_frames,)
        Where the frames lie, counted from the first sample: in seconds with a `sampling_rate`,
        else in samples.
    path_map : PathMap
        The frequencies: ``carriers`` and ``modulations``, from high to low, in Hz with a
        `sampling_rate`, else in cycles per sample.
    floor : float or None, default=None
        What counts as silence, where the colours begin. None means a ten-thousandth of the
        largest.

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (2,), or (1,) without order 2
        What was drawn into.
    figure_ : Figure
        The figure that they belong to.

    See Also
    --------
    PathImportanceDisplay : What of it a model uses.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import Scattering1D, ScatteringDisplay
    >>> x = np.random.default_rng(0).standard_normal(1024)
    >>> scattering = Scattering1D(J=6, sampling_rate=1000).fit([x])
    >>> display = ScatteringDisplay.from_estimator(scattering, x)
    >>> display.S1.shape, display.S2.shape
    ((38, 16), (38, 4))
    """

    def __init__(
        self,
        *,
        S1: NDArray[np.floating],
        S2: NDArray[np.floating],
        times: NDArray[np.float64],
        path_map: PathMap,
        floor: float | None = None,
    ) -> None:
        self.S1 = S1
        self.S2 = S2
        self.times = times
        self.path_map = path_map
        self.floor = floor

    @classmethod
    def from_estimator(
        cls, estimator: Any, x: ArrayLike, *, channel: int = 0, ax: Any = None, **options: Any
    ) -> "ScatteringDisplay":
        """Compute the coefficients of a signal with a fitted transformer, and draw them.

        Parameters
        ----------
        estimator : Scattering1D, SelectPaths, Pipeline or search
            Fitted; with one scattering transformer in it.
        x : array-like of shape (length,) or (n_channels, length)
            A signal that it can transform.
        channel : int, default=0
            Which channel of it.
        ax : Axes, sequence of Axes or None, default=None
            As in `plot`.
        **options
            Of `plot`.

        Returns
        -------
        display : ScatteringDisplay
            What was drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If an argument is not as described.
        ImportError
            If matplotlib is not installed.
        """
        scattering = find_scattering(estimator)
        x = check_signal(scattering, x, channel)
        S = scattering.scatter([x])[0][channel]
        path_map = PathMap.of(scattering.paths_, scattering.sampling_rate)
        return cls(
            S1=S[path_map.order1],
            S2=path_map.over_modulation(S[path_map.order2].mean(axis=-1)),
            times=scattering.frame_times(x.shape[-1]),
            path_map=path_map,
            floor=getattr(scattering, "log_eps", None),
        ).plot(ax, **options)

    def plot(
        self, ax: Any = None, *, relative: bool = False, **options: Any
    ) -> "ScatteringDisplay":
        """Draw the coefficients.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None, default=None
            Where to draw: into a new figure, into one Axes for each order, or in place of one Axes.
        relative : bool, default=False
            Whether to divide order 2 by the mean of order 1 of its band, which tells how a band is
            modulated from how strong it is. Bands fainter than `floor` are left out.
        **options
            Of matplotlib's ``pcolormesh``, such as ``cmap``.

        Returns
        -------
        display : ScatteringDisplay
            Itself.

        Raises
        ------
        TypeError, ValueError
            If `ax` is anything else.
        ImportError
            If matplotlib is not installed.
        """
        sampling_rate = self.path_map.sampling_rate
        S2, scale, label = self.S2, magnitudes(self.S2, self.floor), "S2, mean over time"
        if relative:
            strength = self.S1.mean(axis=1, keepdims=True)
            floor = self.floor or 1e-4 * self.S1.max()
            heard = np.where(strength > floor, strength, np.nan)
            S2, scale, label = self.S2 / heard, None, "S2 / S1, means over time"
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
        self.figure_ = self.ax_[0].figure
        return self
