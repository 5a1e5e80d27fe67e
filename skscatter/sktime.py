"""Scattering in the pipelines of sktime, which must be installed: ``pip install sktime``.

scikit-learn's own pipelines take sktime's ``numpy3D`` data, and need nothing of this.
"""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sktime.transformations.base import BaseTransformer

from skscatter import LogScattering1D, Scattering1D, SelectPaths


class ScatteringTransformer(BaseTransformer):
    """A scattering transformer for sktime: a panel of series in, a table of features out.

    Parameters
    ----------
    transformer : Scattering1D, LogScattering1D, SelectPaths or None, default=None
        What computes the features. It is cloned, and stays as it is. None stands for
        ``LogScattering1D()``.

    Attributes
    ----------
    transformer_ : Scattering1D, LogScattering1D or SelectPaths
        The fitted transformer.

    Examples
    --------
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from skscatter import LogScattering1D
    >>> from skscatter.sktime import ScatteringTransformer
    >>> from sktime.classification.compose import SklearnClassifierPipeline
    >>> from sktime.datasets import load_basic_motions
    >>> X, y = load_basic_motions(split="train")
    >>> scattering = ScatteringTransformer(LogScattering1D(J=4))
    >>> SklearnClassifierPipeline(RidgeClassifierCV(), [scattering]).fit(X, y).score(X, y)
    1.0
    """

    _tags = {  # noqa: RUF012 (sktime's way)
        "authors": ["skscatter developers"],
        "scitype:transform-input": "Series",
        "scitype:transform-output": "Primitives",
        "scitype:instancewise": True,
        "X_inner_mtype": "df-list",
        "y_inner_mtype": "None",
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:unequal_length:removes": True,
        "capability:categorical_in_X": False,
        "fit_is_empty": False,
    }

    def __init__(self, transformer: Scattering1D | SelectPaths | None = None) -> None:
        self.transformer = transformer
        super().__init__()

    def _fit(self, X: list[pd.DataFrame], y: Any = None) -> "ScatteringTransformer":
        given = LogScattering1D() if self.transformer is None else self.transformer
        self.transformer_ = clone(given).fit(_signals(X))
        return self

    def _transform(self, X: list[pd.DataFrame], y: Any = None) -> pd.DataFrame:
        features = self.transformer_.transform(_signals(X))
        return pd.DataFrame(features, columns=self.transformer_.get_feature_names_out())

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters for sktime's own checks.

        Parameters
        ----------
        parameter_set : str, default="default"
            Ignored.

        Returns
        -------
        parameters : list of dict
            Settings small enough for the series of those checks.
        """
        small = Scattering1D(J=2, Q=1)
        return [{"transformer": LogScattering1D(J=2, Q=1)}, {"transformer": SelectPaths(small)}]


def _signals(X: list[pd.DataFrame]) -> list[Any]:
    """Bring series of shape (length, n_channels) to the shape that skscatter takes."""
    return [np.ascontiguousarray(series.to_numpy().T) for series in X]
