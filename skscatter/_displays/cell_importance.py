"""Importance of groups of features for a fitted model."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from skscatter._common.parameters import check_integer
from skscatter._estimators.scattering import Scattering1D

Cells = dict[int, NDArray[np.intp]]  # the features of each cell of a picture


def check_model(estimator: Any, X: Any, y: Any) -> Pipeline:
    """Return the pipeline of a model, and check that X and y go together."""
    if (X is None) != (y is None):
        given, missing = ("y", "X") if X is None else ("X", "y")
        raise ValueError(
            f"{missing}=None, but {given} is given. Accepted: both X and y, for importances by "
            "permutation, or neither, for weights."
        )
    pipeline = getattr(estimator, "best_estimator_", estimator)
    if not isinstance(pipeline, Pipeline):
        raise TypeError(
            f"estimator={estimator!r} must be a Pipeline that ends with a model, or a search over "
            "one."
        )
    return pipeline


def features_of_model(pipeline: Pipeline, scattering: Scattering1D) -> NDArray[np.void]:
    """Return the rows of ``features_`` that reach the model, in its order."""
    names = pipeline[:-1].get_feature_names_out()
    table = scattering.features_
    position = {name: i for i, name in enumerate(table["name"])}
    unknown = [str(name) for name in names if name not in position]
    if unknown:
        raise ValueError(
            f"{len(unknown)} features that reach the last step of the pipeline, such as "
            f"{unknown[0]!r}, do not come from the scattering transformer. Steps between them must "
            "keep features and their names, as scalers and selectors do."
        )
    return table[[position[name] for name in names]]


def measure_cells(
    pipeline: Pipeline,
    cells: Cells,
    X: ArrayLike | None,
    y: Any,
    *,
    scoring: Any,
    n_repeats: int,
    random_state: Any,
) -> tuple[str, dict[int, float]]:
    """Measure how much a model depends on each cell: by weights, or by permutation with signals.

    Returns
    -------
    measure : str
        What is measured.
    importances : dict of int to float
        By cell.
    """
    if X is None:
        return "weight", _weights(pipeline, cells)
    return "drop of the score", _score_drops(
        pipeline,
        X,
        y,
        cells,
        scoring=scoring,
        n_repeats=check_integer("n_repeats", n_repeats, minimum=1),
        rng=check_random_state(random_state),
    )


def _weights(pipeline: Pipeline, cells: Cells) -> dict[int, float]:
    """Return the norm of the weights in each cell."""
    model = pipeline[-1]
    if not hasattr(model, "coef_"):
        raise TypeError(
            f"{model!r} has no coef_. Accepted: a linear model as the last step, or X and y, with "
            "which any model is measured by permutation."
        )
    coef = np.atleast_2d(np.asarray(model.coef_))
    return {cell: float(np.linalg.norm(coef[:, columns])) for cell, columns in cells.items()}


def _score_drops(
    pipeline: Pipeline,
    X: ArrayLike,
    y: Any,
    cells: Cells,
    *,
    scoring: Any,
    n_repeats: int,
    rng: np.random.RandomState,
) -> dict[int, float]:
    """Return how much the score drops when the features of each cell are shuffled together."""
    scorer = check_scoring(pipeline[-1], scoring=scoring)
    features = np.array(pipeline[:-1].transform(X))
    drops = {}
    with warnings.catch_warnings():
        # A model that was fitted on a data frame gets the same columns without names here.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        score = scorer(pipeline[-1], features, y)
        for cell, columns in cells.items():
            kept, scores = features[:, columns], []
            for _ in range(n_repeats):
                features[:, columns] = kept[rng.permutation(len(kept))]
                scores.append(scorer(pipeline[-1], features, y))
            features[:, columns] = kept
            drops[cell] = float(score - np.mean(scores))
    return drops
