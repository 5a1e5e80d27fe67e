"""The scattering transformers in a fitted model."""

from collections.abc import Iterator
from typing import Any

from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted

from skscatter._estimators.classifier import ScatteringClassifier
from skscatter._estimators.scattering import Scattering1D
from skscatter._estimators.selection import SelectPaths
from skscatter._estimators.time_frequency import TimeFrequencyScattering


def find_scatterings(estimator: Any) -> list[Scattering1D]:
    """Return the fitted scattering transformers in an estimator, in their order.

    Parameters
    ----------
    estimator : Scattering1D, SelectPaths, ScatteringClassifier, Pipeline, FeatureUnion or search
        In a pipeline, a transformer may be any step, and in a union any part. In a search, it is
        in ``best_estimator_``.

    Raises
    ------
    NotFittedError
        If `estimator` is not fitted.
    """
    found = list(_scatterings(estimator))
    for scattering in found:
        check_is_fitted(scattering)
    return found


def find_scattering(estimator: Any) -> Scattering1D:
    """Return the fitted scattering transformer in an estimator.

    Parameters
    ----------
    estimator : Scattering1D, SelectPaths, ScatteringClassifier, Pipeline, FeatureUnion or search
        As for `find_scatterings`.

    Raises
    ------
    NotFittedError
        If `estimator` is not fitted.
    TypeError
        If the estimator does not contain exactly one such transformer.
    """
    found = find_scatterings(estimator)
    if len(found) != 1:
        raise TypeError(
            f"estimator={estimator!r} has {len(found)} scattering transformers, but must have one. "
            "Accepted: Scattering1D, LogScattering1D, TimeFrequencyScattering, "
            "LogTimeFrequencyScattering, SelectPaths, a ScatteringClassifier, a Pipeline or a "
            "FeatureUnion with one of these, or a search over one of these."
        )
    return found[0]


def find_plain(estimator: Any) -> Scattering1D:
    """Return the fitted transformer of plain scattering in an estimator.

    Raises
    ------
    NotFittedError, TypeError
        As `find_scattering`, and if its scattering is joint.
    """
    scattering = find_scattering(estimator)
    if isinstance(scattering, TimeFrequencyScattering):
        raise TypeError(
            f"estimator={estimator!r} computes joint scattering, whose paths have a scale and a "
            "direction. Accepted: plain scattering, or TimeFrequencyDisplay."
        )
    return scattering


def find_joint(estimator: Any) -> TimeFrequencyScattering:
    """Return the fitted transformer of joint scattering in an estimator.

    Raises
    ------
    NotFittedError, TypeError
        As `find_scattering`, and if its scattering is plain, or leaves out the joint part.
    """
    scattering = find_scattering(estimator)
    joint = scattering.specification_.settings.joint
    if not isinstance(scattering, TimeFrequencyScattering) or not (
        joint and "joint" in joint.parts
    ):
        raise TypeError(
            f"estimator={estimator!r} computes no joint coefficients. Accepted: "
            "TimeFrequencyScattering or LogTimeFrequencyScattering with 'joint' among its parts."
        )
    return scattering


def _scatterings(estimator: Any) -> Iterator[Scattering1D]:
    if isinstance(estimator, Scattering1D):
        yield estimator
    elif isinstance(estimator, SelectPaths):
        check_is_fitted(estimator)
        yield estimator.transformer_
    elif isinstance(estimator, ScatteringClassifier):
        check_is_fitted(estimator)
        yield from _scatterings(estimator.scattering_)
    elif isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from _scatterings(step)
    elif isinstance(estimator, FeatureUnion):
        for _, part in estimator.transformer_list:
            yield from _scatterings(part)
    elif hasattr(estimator, "best_estimator_"):
        yield from _scatterings(estimator.best_estimator_)
    elif hasattr(estimator, "refit") and hasattr(estimator, "estimator"):
        check_is_fitted(estimator)
