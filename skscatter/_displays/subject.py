"""The signal that a display shows, and its active part."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skscatter._common.parameters import check_integer
from skscatter._common.units import units_for
from skscatter._estimators.scattering import Scattering1D
from skscatter._signals.samples import as_array


def check_signal(scattering: Scattering1D, x: ArrayLike, channel: int) -> NDArray[Any]:
    """Return a signal in the form of an entry of a list, and check the channel to show.

    Returns
    -------
    x : ndarray of shape (n_channels, n_times)

    Raises
    ------
    TypeError, ValueError
        If `x` is not one signal of finite numbers with as many channels as the transformer was
        fitted on, or `channel` is not one of them.
    """
    x = as_array("x", x)
    n_channels = scattering.n_channels_
    if x.ndim not in (1, 2) or len(np.atleast_2d(x)) != n_channels:
        accepted = f"({n_channels}, length)" if n_channels > 1 else "(length,)"
        transposed = x.ndim == 2 and x.shape[1] == n_channels
        hint = " Is time on the wrong axis? x.T puts it last." if transposed else ""
        raise ValueError(
            f"x has shape {x.shape}, but must be one signal of shape {accepted}, with as many "
            f"channels as the signals that the estimator was fitted on.{hint}"
        )
    if check_integer("channel", channel, minimum=0) >= n_channels:
        raise ValueError(f"channel={channel!r} must be below {n_channels}, the number of channels.")
    return np.atleast_2d(x)


def active_part(scattering: Scattering1D, x: NDArray[Any]) -> tuple[float, float] | None:
    """Find the part of a signal that features are made of.

    Parameters
    ----------
    scattering : Scattering1D
        Fitted transformer.
    x : ndarray of shape (n_channels, n_times)
        A signal, of a length for which it need not make features.

    Returns
    -------
    part : tuple of (float, float) or None
        Start and end: in seconds with a `sampling_rate`, else in samples. None if features are made
        of whole signals, or not of signals of this length.
    """
    spec, n_times = scattering.specification_, x.shape[-1]
    has_features = spec.n_times in (None, n_times) and (
        spec.extends_short or n_times >= spec.settings.min_times
    )
    if not spec.trims or not has_features:
        return None
    start, end = scattering.active_parts([x])[0].tolist()
    return start, end


def duration_of(scattering: Scattering1D, n_times: int) -> float:
    """Return where a signal ends, in seconds or samples, after it is extended if too short."""
    spec = scattering.specification_
    return float(max(n_times, spec.settings.min_times) / units_for(spec.sampling_rate).rate)


def named_channel(x: NDArray[Any], channel: int) -> int | None:
    """Return the channel of a signal with several channels, else None."""
    return int(channel) if len(x) > 1 else None


def rounding_error(scattering: Scattering1D, x: NDArray[Any]) -> float:
    """Return the magnitude of rounding errors in the coefficients of one channel."""
    eps = float(np.finfo(np.float32 if x.dtype == np.float32 else np.float64).eps)
    if scattering.specification_.input_scaling is not None:
        return eps
    return eps * max(float(x.max()), -float(x.min()))
