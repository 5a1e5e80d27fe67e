"""What a picture is of: the transformer in an estimator, one signal for it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skscatter._common.parameters import check_integer
from skscatter._estimators.scattering import Scattering1D
from skscatter._estimators.selection import SelectPaths
from skscatter._signals.samples import as_array


def find_scattering(estimator: Any) -> Scattering1D:
    """Return the fitted scattering transformer in an estimator.

    Parameters
    ----------
    estimator : Scattering1D, SelectPaths, Pipeline or search
        A pipeline may have it in any one step, a search in its ``best_estimator_``.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If there is none, or more than one.
    """
    found = list(_scatterings(estimator))
    if len(found) != 1:
        raise TypeError(
            f"estimator={estimator!r} has {len(found)} scattering transformers, but must have one. "
            "Accepted: Scattering1D, LogScattering1D, SelectPaths, a Pipeline with one of them as "
            "a step, or a search over one of these."
        )
    check_is_fitted(found[0])
    return found[0]


def _scatterings(estimator: Any) -> Iterator[Scattering1D]:
    if isinstance(estimator, Scattering1D):
        yield estimator
    elif isinstance(estimator, SelectPaths):
        check_is_fitted(estimator)
        yield estimator.transformer_
    elif isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from _scatterings(step)
    elif hasattr(estimator, "best_estimator_"):
        yield from _scatterings(estimator.best_estimator_)
    elif hasattr(estimator, "refit") and hasattr(estimator, "estimator"):
        check_is_fitted(estimator)


def check_signal(scattering: Scattering1D, x: ArrayLike, channel: int) -> NDArray[Any]:
    """Return a signal as the transformer takes it in a list, and check the channel to look at.

    Returns
    -------
    x : ndarray of shape (n_channels, n_times)

    Raises
    ------
    TypeError, ValueError
        If `x` is not one signal of as many channels as the transformer was fitted on, or `channel`
        is not one of them.
    """
    x = as_array("x", x)
    n_channels = scattering.n_channels_
    if x.ndim not in (1, 2) or len(np.atleast_2d(x)) != n_channels:
        accepted = f"({n_channels}, length)" if n_channels > 1 else "(length,)"
        transposed = x.ndim == 2 and x.shape[1] == n_channels
        hint = " Is time on the wrong axis? x.T puts it last." if transposed else ""
        raise ValueError(
            f"x has shape {x.shape}, but must be one signal of shape {accepted}, with as many "
            f"channels as those that the estimator was fitted on.{hint}"
        )
    if check_integer("channel", channel, minimum=0) >= n_channels:
        raise ValueError(f"channel={channel!r} must be below {n_channels}, the number of channels.")
    return np.atleast_2d(x)
