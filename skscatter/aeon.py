"""Scattering in the pipelines of aeon, which must be installed: ``pip install aeon``.

Pipelines of scikit-learn accept aeon's data and transformers without this module.
"""

from typing import Any, Self

import numpy as np
from aeon.classification import BaseClassifier
from aeon.transformations.collection import BaseCollectionTransformer
from numpy.typing import NDArray
from sklearn.base import clone

import skscatter
from skscatter import LogScattering1D
from skscatter._estimators.adapters import Adapter


class ScatteringTransformer(Adapter, BaseCollectionTransformer):
    """A scattering transformer for aeon: series in, a table of features out.

    Pipelines of aeon pass only series of one channel and one length to estimators of other
    libraries. This class declares that the transformers of skscatter accept any series.

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
    >>> from aeon.classification.compose import ClassifierPipeline
    >>> from aeon.datasets import load_basic_motions
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from skscatter import LogScattering1D
    >>> from skscatter.aeon import ScatteringTransformer
    >>> X, y = load_basic_motions(split="train")
    >>> scattering = ScatteringTransformer(LogScattering1D(J=4))
    >>> ClassifierPipeline(scattering, RidgeClassifierCV()).fit(X, y).score(X, y)
    1.0
    """

    _tags = {  # noqa: RUF012 (aeon's way)
        "X_inner_type": ["np-list", "numpy3D"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "input_data_type": "Collection",
        "output_data_type": "Tabular",
    }

    def _fit(self, X: Any, y: Any = None) -> Self:
        return self._fit_clone(X)

    def _transform(self, X: Any, y: Any = None) -> NDArray[np.floating]:
        return self.transformer_.transform(X)

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {"transformer": LogScattering1D(J=2, Q=1)}


class ScatteringClassifier(BaseClassifier):
    """A classifier for aeon: `skscatter.ScatteringClassifier`, with the interface of aeon.

    Parameters
    ----------
    classifier : skscatter.ScatteringClassifier or None, default=None
        Classifies the series. It is cloned and not changed. None means
        ``skscatter.ScatteringClassifier()``.

    Attributes
    ----------
    classifier_ : skscatter.ScatteringClassifier
        The fitted classifier.

    Examples
    --------
    >>> from aeon.datasets import load_basic_motions
    >>> from skscatter.aeon import ScatteringClassifier
    >>> X, y = load_basic_motions(split="train")
    >>> ScatteringClassifier().fit(X, y).score(X, y)
    1.0
    """

    _tags = {  # noqa: RUF012 (aeon's way)
        "X_inner_type": ["np-list", "numpy3D"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "algorithm_type": "convolution",
    }

    def __init__(self, classifier: skscatter.ScatteringClassifier | None = None) -> None:
        self.classifier = classifier
        super().__init__()

    def _fit(self, X: Any, y: Any) -> Self:
        given = self.classifier
        self.classifier_ = skscatter.ScatteringClassifier() if given is None else clone(given)
        self.classifier_.fit(X, y)
        return self

    def _predict(self, X: Any) -> NDArray[Any]:
        return self.classifier_.predict(X)

    def _predict_proba(self, X: Any) -> NDArray[np.floating]:
        if hasattr(self.classifier_, "predict_proba"):
            return self.classifier_.predict_proba(X)
        return super()._predict_proba(X)

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {}
