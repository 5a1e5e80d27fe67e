"""Scattering in the pipelines of sktime, which must be installed: ``pip install sktime``.

Pipelines of scikit-learn accept sktime's ``numpy3D`` data without this module.
"""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sktime.transformations.base import BaseTransformer

from skscatter import LogScattering1D, Scattering1D, SelectPaths
from skscatter._estimators.adapters import Adapter


class ScatteringTransformer(Adapter, BaseTransformer):
    """A scattering transformer for sktime: a panel of series in, a table of features out.

    Parameters
    ----------
    transformer : transformer of skscatter or None, default=None
        Computes the features. It is cloned and not changed. None means ``LogScattering1D()``.

    Attributes
    ----------
    transformer_ : transformer of skscatter
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
        "X_inner_mtype": "pd-multiindex",  # a list would lose the names of the instances
        "y_inner_mtype": "None",
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:unequal_length:removes": True,
        "capability:categorical_in_X": False,
        "fit_is_empty": False,
    }

    def _fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        return self._fit_clone(list(_signals(X).values()))

    def _transform(self, X: pd.DataFrame, y: Any = None) -> pd.DataFrame:
        signals = _signals(X)
        return pd.DataFrame(
            self.transformer_.transform(list(signals.values())),
            index=list(signals),
            columns=self.transformer_.get_feature_names_out(),
        )

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


def _signals(X: pd.DataFrame) -> dict[Any, NDArray[Any]]:
    """Return the signals of a panel, of shape (n_channels, length), by their instance."""
    return {
        instance: np.ascontiguousarray(series.to_numpy().T)
        for instance, series in X.groupby(level=0, sort=False)
    }
