"""Joint scattering over rate and scale, in both directions."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skscatter._common.public import public
from skscatter._common.units import units_for
from skscatter._estimators.lookup import find_joint
from skscatter._estimators.time_frequency import TimeFrequencyScattering

from .axes import (
    cell_edges,
    color_bar,
    draw_cells,
    frequency_axis,
    frequency_label,
    label_y,
    make_axes,
    mean_over_time,
    name_of_channel,
)
from .cell_importance import check_model, features_of_model, measure_cells
from .colours import linear_colours
from .subject import check_signal, named_channel


@public
class TimeFrequencyDisplay:
    """How a signal moves between frequency bands, or which motion a model uses.

    Joint coefficients are drawn over their scale along log-frequency and their rate in time, with a
    panel for pitches that fall and one for pitches that rise. The scales of the left panel ascend
    to the left, so that a pattern which moves neither up nor down is symmetric. Rate divided by
    scale is speed, in octaves per second.

    Create a display with `from_estimator`, for a signal, or with `from_model`. `plot` draws it
    again.

    Parameters
    ----------
    values : ndarray of shape (2, n_rates, n_scales)
        Downwards and upwards.
    rates : ndarray of shape (n_rates,)
        Centre frequencies of the wavelets in time, in descending order, in Hz with a
        `sampling_rate`, else in cycles per sample.
    scales : ndarray of shape (n_scales,)
        Those of the wavelets along log-frequency, in descending order, in cycles per octave.
    sampling_rate : float or None
        In Hz.
    measure : str
        Label of the colour bar.
    channel : int or None, default=None
        Channel that is shown, for the titles. None if there is only one, or for a model.

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (2,)
        The Axes drawn into.
    figure_ : Figure
        Their figure.

    See Also
    --------
    ScatteringDisplay : The coefficients of plain scattering.
    PathImportanceDisplay : What a model with plain scattering uses.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import TimeFrequencyDisplay, TimeFrequencyScattering
    >>> t = np.arange(4096) / 4000
    >>> x = np.sin(2 * np.pi * 100 * 2 ** (3 * t) / np.log(8))
    >>> joint = TimeFrequencyScattering(J=8, sampling_rate=4000).fit([x])
    >>> display = TimeFrequencyDisplay.from_estimator(joint, x)
    >>> down, up = display.values
    >>> bool(up.max() > 3 * down.max())
    True
    """

    def __init__(
        self,
        *,
        values: NDArray[np.floating],
        rates: NDArray[np.float64],
        scales: NDArray[np.float64],
        sampling_rate: float | None,
        measure: str,
        channel: int | None = None,
    ) -> None:
        self.values = values
        self.rates = rates
        self.scales = scales
        self.sampling_rate = sampling_rate
        self.measure = measure
        self.channel = channel

    @classmethod
    def from_estimator(
        cls, estimator: Any, x: ArrayLike, *, channel: int = 0, ax: Any = None, **options: Any
    ) -> TimeFrequencyDisplay:
        """Compute the joint coefficients of a signal with a fitted transformer, and draw them.

        They are averaged over time and over frequency.

        Parameters
        ----------
        estimator : TimeFrequencyScattering, SelectPaths, Pipeline or search
            Fitted estimator that contains one transformer of joint scattering.
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
        display : TimeFrequencyDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If an argument is not as described.
        ImportError
            If matplotlib is not installed.
        """
        scattering = find_joint(estimator)
        x = check_signal(scattering, x, channel)
        S = mean_over_time(scattering.scatter([x])[0][channel])
        cells = JointCells(scattering.paths_)
        values = np.full(cells.shape, np.nan)
        for cell, paths in groups(cells.of_paths).items():
            values.flat[cell] = S[paths].mean()
        measure = "mean over time and frequency"
        display = cls._of(scattering, cells, values, measure, named_channel(x, channel))
        return display.plot(ax, **options)

    @classmethod
    def from_model(
        cls,
        estimator: Any,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        scoring: Any = None,
        n_repeats: int = 5,
        random_state: Any = None,
        ax: Any = None,
        **options: Any,
    ) -> TimeFrequencyDisplay:
        """Measure how much a fitted model depends on motion, and draw it.

        Importances are those of :meth:`PathImportanceDisplay.from_estimator`.

        Parameters
        ----------
        estimator : Pipeline or search
            Fitted pipeline that begins with joint scattering and ends with a model. Steps between
            them must keep the names of features.
        X : array-like or list of arrays, default=None
            Signals, preferably not those that the model was fitted on. None shows the weights.
        y : array-like of shape (n_samples,), default=None
            Targets of `X`.
        scoring : str, callable or None, default=None
            As in :func:`sklearn.inspection.permutation_importance`.
        n_repeats : int, default=5
            Number of shuffles of each cell.
        random_state : int, RandomState instance or None, default=None
            Random numbers for the shuffles.
        ax : Axes, sequence of Axes or None, default=None
            As in `plot`.
        **options
            Passed to `plot`.

        Returns
        -------
        display : TimeFrequencyDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If an argument is not as described, or features reach the model without their names.
        ImportError
            If matplotlib is not installed.
        """
        scattering = find_joint(estimator)
        pipeline = check_model(estimator, X, y)
        cells = JointCells(scattering.paths_)
        features = features_of_model(pipeline, scattering)
        measure, importances = measure_cells(
            pipeline,
            groups(cells.of_paths[features["path"]]),
            X,
            y,
            scoring=scoring,
            n_repeats=n_repeats,
            random_state=random_state,
        )
        values = np.full(cells.shape, np.nan)
        for cell, importance in importances.items():
            values.flat[cell] = importance
        return cls._of(scattering, cells, values, measure).plot(ax, **{"cmap": "viridis"} | options)

    @classmethod
    def _of(
        cls,
        scattering: TimeFrequencyScattering,
        cells: JointCells,
        values: NDArray[np.floating],
        measure: str,
        channel: int | None = None,
    ) -> TimeFrequencyDisplay:
        sampling_rate = scattering.sampling_rate_
        return cls(
            values=values,
            rates=cells.rates * units_for(sampling_rate).rate,
            scales=cells.scales,
            sampling_rate=sampling_rate,
            measure=measure,
            channel=channel,
        )

    def plot(self, ax: Any = None, **options: Any) -> TimeFrequencyDisplay:
        """Draw both directions on the same colour scale.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None, default=None
            None draws into a new figure. A sequence has two Axes. The panels replace a single
            Axes.
        **options
            Passed to matplotlib's ``pcolormesh``, such as ``cmap``, ``norm``, ``vmin`` and
            ``vmax``. The colour scale is linear and begins at 0 by default.

        Returns
        -------
        display : TimeFrequencyDisplay
            Itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described.
        ImportError
            If matplotlib is not installed.
        """
        # The drop of a score is below zero only by chance, and drawn as none.
        colours = linear_colours(self.values, **{"cmap": "magma"} | options)
        self.ax_ = make_axes(ax, 1, 2, figsize=(9, 4), sharey=True)
        self.figure_ = self.ax_[0].figure
        x, y = cell_edges(self.scales, log=True), cell_edges(self.rates, log=True)
        titles = f"down{name_of_channel(self.channel)}", "up"
        for axes, values, title in zip(self.ax_, self.values, titles, strict=True):
            image = draw_cells(axes, x, y, values, **colours)
            frequency_axis(axes.xaxis)
            axes.set(title=title, xlabel="scale (cycles per octave)")
            label_y(axes, frequency_label("rate", self.sampling_rate))
        self.ax_[0].invert_xaxis()
        color_bar(image, label=self.measure)
        return self


class JointCells:
    """Cells of the picture: directions, rates and scales.

    Parameters
    ----------
    paths : structured ndarray of shape (n_paths,)
        The paths of a transform with joint coefficients.

    Attributes
    ----------
    rates, scales : ndarray
        In descending order, rates in cycles per sample.
    shape : tuple of (int, int, int)
        Number of directions, rates and scales.
    of_paths : ndarray of int, of shape (n_paths,)
        Cell of each path, -1 for paths without a direction.
    """

    def __init__(self, paths: NDArray[np.void]) -> None:
        moves = paths["spin"] != 0
        rates, rate = np.unique(-paths["xi2"][moves], return_inverse=True)
        scales, scale = np.unique(-paths["scale"][moves], return_inverse=True)
        self.rates, self.scales = -rates, -scales
        self.shape = (2, len(rates), len(scales))
        upwards = (paths["spin"][moves] > 0).astype(int)
        self.of_paths = np.full(len(paths), -1)
        self.of_paths[moves] = np.ravel_multi_index((upwards, rate, scale), self.shape)


def groups(cells: NDArray[np.intp]) -> dict[int, NDArray[np.intp]]:
    """Return the members of each cell, without those of cell -1."""
    return {int(each): np.flatnonzero(cells == each) for each in np.unique(cells[cells >= 0])}
