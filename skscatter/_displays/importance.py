"""Importance of paths for a fitted model."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

import math
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skscatter._common.public import public
from skscatter._common.units import units_for
from skscatter._estimators.lookup import find_plain
from skscatter._estimators.scattering import Scattering1D

from .axes import color_bar, frame_edges, linear_axis
from .cell_importance import check_model, features_of_model, measure_cells
from .colours import linear_colours
from .path_map import PathMap
from .subject import duration_of


@public
class PathImportanceDisplay:
    """How much a fitted model depends on frequencies and modulations.

    Order 1 is drawn over the segments or frames of the signal and frequency; order 2, summed over
    segments or frames, over modulation frequency and frequency.

    Create a display with `from_estimator`. `plot` draws it again.

    Parameters
    ----------
    order1 : ndarray of shape (n_carriers, n_parts)
        Importances of the features of order 1, NaN where the model has no feature. A part is a
        segment or a frame.
    order2 : ndarray of shape (n_carriers, n_modulations)
        Importances of the features of order 2.
    part_edges : ndarray of shape (n_parts + 1,)
        Where the parts of the signal begin and end.
    part_label : str
        Label of the axis of `part_edges`.
    path_map : PathMap
        The frequencies: ``carriers`` and ``modulations``, in descending order, in Hz with a
        ``sampling_rate``, else in cycles per sample.
    measure : str
        Label of the colour bar.

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (2,), or (1,) without order 2
        The Axes drawn into.
    figure_ : Figure
        Their figure.

    See Also
    --------
    ScatteringDisplay : The coefficients of a signal on the same axes.
    sklearn.inspection.permutation_importance : Importances of single features.

    Notes
    -----
    Features of neighbouring paths are nearly equal, and the penalty of a model decides how it
    distributes weight among them: read bands of paths rather than single paths. Weights can be
    compared only if features have the same scale, as after `StandardScaler`. Features of order 0
    are not shown.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skscatter import LogScattering1D, PathImportanceDisplay
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 2
    >>> t = np.arange(1024) / 1000
    >>> X = rng.standard_normal((60, 1024)) + y[:, np.newaxis] * np.sin(2 * np.pi * 100 * t)
    >>> scattering = LogScattering1D(J=6, Q=8, max_order=1, sampling_rate=1000)
    >>> model = make_pipeline(scattering, StandardScaler(), LogisticRegression()).fit(X, y)
    >>> display = PathImportanceDisplay.from_estimator(model)
    >>> decisive = display.order1[:, 0].argmax()
    >>> print(f"{display.path_map.carriers[decisive]:.0f} Hz")
    100 Hz
    """

    def __init__(
        self,
        *,
        order1: NDArray[np.floating],
        order2: NDArray[np.floating],
        part_edges: NDArray[np.floating],
        part_label: str,
        path_map: PathMap,
        measure: str,
    ) -> None:
        self.order1 = order1
        self.order2 = order2
        self.part_edges = part_edges
        self.part_label = part_label
        self.path_map = path_map
        self.measure = measure

    @classmethod
    def from_estimator(
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
    ) -> PathImportanceDisplay:
        """Measure how much a fitted model depends on the paths, and draw it.

        Without signals, the weights of a linear model are shown: for each cell, the root of the sum
        of the squared ``coef_`` over classes and over the features of the cell. With signals, any
        model is measured by permutation: how much the score drops when all features of a cell
        are shuffled together among the signals.

        Parameters
        ----------
        estimator : Pipeline or search
            Fitted pipeline that begins with scattering and ends with a model. Steps between them
            must keep the names of features (`get_feature_names_out`), as scalers and selectors do.
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
            Passed to matplotlib's ``pcolormesh``, such as ``cmap``, ``norm``, ``vmin`` and
            ``vmax``. The colour scale is linear and begins at 0 by default.

        Returns
        -------
        display : PathImportanceDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If an argument is not as described, or features reach the model without their names.
        ImportError
            If matplotlib is not installed.
        """
        scattering = find_plain(estimator)
        pipeline = check_model(estimator, X, y)
        path_map = PathMap.of(scattering.paths_, scattering.sampling_rate_)
        part_edges, part_label = _parts(scattering)
        of_order1 = len(path_map.carriers), len(part_edges) - 1
        of_order2 = len(path_map.carriers), len(path_map.modulations)
        cells = _cells_of(features_of_model(pipeline, scattering), path_map, of_order1[1])
        measure, measured = measure_cells(
            pipeline,
            cells,
            X,
            y,
            scoring=scoring,
            n_repeats=n_repeats,
            random_state=random_state,
        )
        importances = np.full(math.prod(of_order1) + math.prod(of_order2), np.nan)
        for cell, value in measured.items():
            importances[cell] = value
        order1, order2 = np.split(importances, [math.prod(of_order1)])
        return cls(
            order1=order1.reshape(of_order1),
            order2=order2.reshape(of_order2),
            part_edges=part_edges,
            part_label=part_label,
            path_map=path_map,
            measure=measure,
        ).plot(ax, **options)

    def plot(self, ax: Any = None, **options: Any) -> PathImportanceDisplay:
        """Draw the importances of both orders on the same colour scale.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None, default=None
            None draws into a new figure. A sequence has one Axes for each order. The panels replace
            a single Axes.
        **options
            Passed to matplotlib's ``pcolormesh``, such as ``cmap``, ``norm``, ``vmin`` and
            ``vmax``. The colour scale is linear and begins at 0 by default.

        Returns
        -------
        display : PathImportanceDisplay
            Itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described.
        ImportError
            If matplotlib is not installed.
        """
        # A score can only rise by chance. A rise is drawn as no drop.
        both = np.append(self.order1, self.order2)
        colours = linear_colours(both, **{"cmap": "viridis"} | options)
        self.ax_ = self.path_map.make_axes(ax)
        self.figure_ = self.ax_[0].figure
        image = self.path_map.draw_order1(self.ax_[0], self.part_edges, self.order1, **colours)
        linear_axis(self.ax_[0], self.part_edges[-1], self.part_label)
        for axes in self.ax_[1:]:
            image = self.path_map.draw_order2(axes, self.order2, **colours)
        color_bar(image, label=self.measure)
        for axes, title in zip(self.ax_, ("order 1", "order 2"), strict=False):
            axes.set_title(title)
        return self


def _parts(scattering: Scattering1D) -> tuple[NDArray[np.float64], str]:
    """Return the edges of the segments, or without pooling of the frames, and their label."""
    spec = scattering.specification_
    if not spec.pooling:
        n_times = cast(int, spec.n_times)  # without pooling, all signals have one length
        edges = frame_edges(scattering.frame_times(), duration_of(scattering, n_times))
        return edges, f"time ({units_for(spec.sampling_rate).time})"
    return np.linspace(0, 1, spec.n_segments + 1), "part of the signal"


def _cells_of(
    features: NDArray[np.void], path_map: PathMap, n_parts: int
) -> dict[int, NDArray[np.intp]]:
    """Return the features of each cell: cells of order 1 row by row, then those of order 2."""
    row, column = path_map.row[features["path"]], path_map.column[features["path"]]
    part = np.maximum(features["segment"], features["frame"])
    n_carriers, n_modulations = len(path_map.carriers), len(path_map.modulations)
    cell = np.select(
        [features["order"] == 1, features["order"] == 2],
        [row * n_parts + part, n_carriers * n_parts + row * n_modulations + column],
        -1,
    )
    return {int(each): np.flatnonzero(cell == each) for each in np.unique(cell[cell >= 0])}
