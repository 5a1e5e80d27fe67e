"""A classifier of time series: scattering, shares of positive values, and ridge regression."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from collections.abc import Callable
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import RidgeClassifierCV
from sklearn.utils import check_array
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from skscatter._common.parameters import check_real
from skscatter._common.public import public
from skscatter._estimators.ppv import WaveletPPV
from skscatter._estimators.saving import Saved
from skscatter._estimators.scattering import LogScattering1D

Method = TypeVar("Method", bound=Callable[..., Any])

ALPHAS = np.logspace(-4, 2, 13)  # for features whose variances sum to 1

# Features of a block that vary less than this share of the others (in root mean square) are nearly
# constant in the training data. They are not enlarged to the variance of the others.
NEARLY_CONSTANT = 1e-3


def learn_scaling(
    features: NDArray[Any], share: float, *, each: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose an offset and a factor for each feature, so that the variances sum to `share`.

    If `each`, features have equal variances. Otherwise all have one factor.
    """
    std = features.std(axis=0, dtype=np.float64)
    size = np.sqrt(np.mean(std**2))
    factor = np.ones_like(std)
    if each and size:
        factor = 1 / np.maximum(std, NEARLY_CONSTANT * size)
    total = np.sum((std * factor) ** 2)
    if total:
        factor *= np.sqrt(share / total)
    return features.mean(axis=0, dtype=np.float64), factor


def _if_classifier_has(method: str) -> Callable[[Method], Method]:
    """Make a method available if the classifier of a `ScatteringClassifier` has it, too."""

    def check(estimator: ScatteringClassifier) -> bool:
        return hasattr(estimator._unfitted_classifier(), method)

    decorator: Callable[[Method], Method] = available_if(check)
    return decorator


@public
class ScatteringClassifier(Saved, ClassifierMixin, BaseEstimator):
    """Classifier of time series from scattering and from proportions of positive values.

    Scattering describes the energy of each band and its course in time. `WaveletPPV` describes what
    that loses, the phases of bands. A ridge classifier that chooses its penalty by leave-one-out
    takes both. There is nothing to choose for series of some tens to some thousands of samples, and
    every part can be replaced.

    Parameters
    ----------
    scattering : transformer or None, default=None
        Computes the features of scattering, such as `LogScattering1D`, `SelectPaths` or a
        ``FeatureUnion`` of several. `fit` fits a clone of it. None means ``LogScattering1D()``.
    ppv : transformer or None, default=None
        Computes the proportions. `fit` fits a clone of it. None means ``WaveletPPV()``.
    classifier : classifier or None, default=None
        Classifies the scaled features. `fit` fits a clone of it. None means ``RidgeClassifierCV``
        with penalties from 1e-4 to 100.
    ppv_share : float, default=0.8
        Share of the proportions in the variance of all features, from 0 to 1. With 0 only the
        features of scattering are computed, and with 1 only the proportions.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels of the classes.
    scattering_ : transformer or None
        The fitted transformer. None if `ppv_share` is 1.
    ppv_ : transformer or None
        The fitted transformer. None if `ppv_share` is 0.
    classifier_ : classifier
        The fitted classifier.
    n_features_in_ : int
        Length of a series in samples, if `fit` got an array of shape (n_samples, n_times).
    feature_names_in_ : ndarray of str
        Names of the columns, if the series came as a data frame that has them.

    See Also
    --------
    LogScattering1D : The features of scattering, for pipelines.
    WaveletPPV : The proportions, for pipelines.

    Notes
    -----
    The features of scattering are standardized. A feature that varies less than a thousandth of the
    others is nearly constant, and is not enlarged as much. The proportions share one factor,
    because they have one unit. The variances of both parts then sum to ``1 - ppv_share`` and
    `ppv_share`. A linear classifier thus sees the sum of two kernels, whatever the numbers of
    features.

    The proportions also describe the noise between events. For recordings of sounds,
    ``ScatteringClassifier(LogScattering1D(trim=25), ppv_share=0)`` is much better for speakers that
    the training data do not contain. The user guide has the figures.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import ScatteringClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["falling", "rising"], 20)
    >>> sawtooth = np.arange(256) % 32 / 16 - 1
    >>> X = np.where(y == "rising", 1, -1)[:, np.newaxis] * sawtooth
    >>> X += rng.standard_normal(X.shape)
    >>> ScatteringClassifier().fit(X[::2], y[::2]).score(X[1::2], y[1::2])
    1.0
    """

    def __init__(
        self,
        scattering: Any = None,
        ppv: Any = None,
        classifier: Any = None,
        *,
        ppv_share: float = 0.8,
    ) -> None:
        self.scattering = scattering
        self.ppv = ppv
        self.classifier = classifier
        self.ppv_share = ppv_share

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the transformers, the scaling of their features, and the classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times), or list \
of arrays of shape (length,) or (n_channels, length)
            Series of real, finite numbers. In a list, a tuple or an array of objects each series
            may have its own length.
        y : array-like of shape (n_samples,)
            Labels of the classes.

        Returns
        -------
        self : object
            Fitted classifier.

        Raises
        ------
        TypeError, ValueError
            If a parameter, the series or the labels are not as described.
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        classifier = self._unfitted_classifier()
        y = column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name="y"), warn=True)
        check_classification_targets(y)
        fitted = {name: clone(part).fit(X) for name, part in self._parts().items()}
        blocks = {name: _transform(part, X) for name, part in fitted.items()}
        check_consistent_length(*blocks.values(), y)
        shares = {"scattering": 1 - self.ppv_share, "ppv": self.ppv_share}
        # Logarithms differ in their variance by what they measure, shares by what they tell apart.
        scalings = {
            name: learn_scaling(block, shares[name], each=name == "scattering")
            for name, block in blocks.items()
        }
        self.classifier_ = classifier.fit(_join(blocks, scalings), y)
        self._scalings = scalings
        self.scattering_, self.ppv_ = fitted.get("scattering"), fitted.get("ppv")
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
            for part in fitted.values():
                if hasattr(part, name):
                    setattr(self, name, getattr(part, name))
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the classes of series.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times), or list \
of arrays of shape (length,) or (n_channels, length)
            Series with as many channels as those seen by `fit`. If `fit` saw an array, they must
            also have the same length.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Labels of the classes.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        TypeError, ValueError
            If the series are not as described.
        """
        features = self._features(X)
        return np.asarray(self.classifier_.predict(features))

    @_if_classifier_has("decision_function")
    def decision_function(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the scores of the classes, if the classifier has them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times), or list \
of arrays of shape (length,) or (n_channels, length)
            Series, as for `predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Two classes have one score, which is positive for the second class.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        TypeError, ValueError
            If the series are not as described.
        """
        features = self._features(X)
        return np.asarray(self.classifier_.decision_function(features))

    @_if_classifier_has("predict_proba")
    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the probabilities of the classes, if the classifier has them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times), or list \
of arrays of shape (length,) or (n_channels, length)
            Series, as for `predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        TypeError, ValueError
            If the series are not as described.
        """
        features = self._features(X)
        return np.asarray(self.classifier_.predict_proba(features))

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels of the classes."""
        check_is_fitted(self)
        labels: NDArray[Any] = self.classifier_.classes_
        return labels

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` has fitted the classifier."""
        return hasattr(self, "classifier_")

    def __sklearn_tags__(self) -> Any:
        """Return tags: series may have channels."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _features(self, X: ArrayLike) -> NDArray[np.float64]:
        """Compute the scaled features of series."""
        check_is_fitted(self)
        fitted = {"scattering": self.scattering_, "ppv": self.ppv_}
        blocks = {name: _transform(fitted[name], X) for name in self._scalings}
        return _join(blocks, self._scalings)

    def _parts(self) -> dict[str, Any]:
        """Return the transformers that are used, checked and not fitted."""
        share = check_real("ppv_share", self.ppv_share, minimum=0, maximum=1)
        parts: dict[str, Any] = {}
        for name, default, used in (
            ("scattering", LogScattering1D, share < 1),
            ("ppv", WaveletPPV, share > 0),
        ):
            part = getattr(self, name)
            if part is None:
                part = default()
            elif isinstance(part, type) or not (
                hasattr(part, "transform") and hasattr(part, "get_params")
            ):
                raise TypeError(
                    f"{name}={part!r} is not available. Accepted: a transformer, such as "
                    f"{default.__name__}(), or None."
                )
            if used:
                parts[name] = part
        return parts

    def _unfitted_classifier(self) -> Any:
        """Return a new classifier for the features."""
        if self.classifier is None:
            return RidgeClassifierCV(alphas=ALPHAS)
        if isinstance(self.classifier, type) or not hasattr(self.classifier, "predict"):
            raise TypeError(
                f"classifier={self.classifier!r} is not available. Accepted: a classifier of "
                "scikit-learn, or None."
            )
        return clone(self.classifier)


def _transform(transformer: Any, X: ArrayLike) -> NDArray[Any]:
    """Return the features of series as an array of NumPy, whatever `set_output` says."""
    with config_context(transform_output="default"):
        return np.asarray(transformer.transform(X))


def _join(
    blocks: dict[str, NDArray[Any]],
    scalings: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> NDArray[np.float64]:
    """Scale blocks of features, and join them."""
    scaled = []
    for name, block in blocks.items():
        mean, factor = scalings[name]
        scaled.append((block - mean) * factor)
    return np.concatenate(scaled, axis=1)
