"""The logarithm of coefficients."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.pooling import segments_of, weighted_mean

LOG_STAGES = ("frames", "pooled")
RELATIVE = "relative"

# Share of the mean coefficient of an order that is added before the logarithm.
RELATIVE_EPS = 0.1

# Share of the level of order 1 that is added to that of each order, so that coefficients which are
# no more than aliasing and rounding, such as order 2 of a steady tone, count as silence. (Levels of
# the largest signals, which are limited to a thousandth below the largest number, stay finite.)
LEAST = 2.0**-11

# Signals fainter than this share of the training signals' level are rounding errors of silence, as
# filters and resampling leave them.
SILENT = 1e-12

# The level of silent signals, as a share of the same: their features are then 60 dB below the
# faintest ones of a typical signal. With much less, they would dominate the scale of the features.
SILENCE = 1e-4


@dataclass(frozen=True)
class Logarithm:
    """The logarithm of the magnitude of coefficients.

    Attributes
    ----------
    eps : float
        Added to the coefficients first. If `relative`, in units of the level of each signal.
    stage : {"frames", "pooled"}
        Whether it comes before or after pooling.
    relative : bool, default=False
        Whether `eps` is relative to the level of a signal, the mean coefficient of each order.
    silent_below : float, default=0.0
        If `relative`: signals of this level or less are silent.
    silence : float, default=1.0
        If `relative`: the level that silent signals count as.
    """

    eps: float
    stage: str
    relative: bool = False
    silent_below: float = 0.0
    silence: float = 1.0

    @classmethod
    def relative_to_signals(cls, stage: str, training_level: float) -> "Logarithm":
        """Return the logarithm that is relative to the level of each signal.

        Parameters
        ----------
        stage : {"frames", "pooled"}
        training_level : float
            Root mean square of a typical signal of the training data. Zero if it is unknown.
        """
        return cls(
            eps=RELATIVE_EPS,
            stage=stage,
            relative=True,
            silent_below=SILENT * training_level,
            silence=SILENCE * (training_level or 1.0),
        )

    def levels(self, xp: Namespace, S: Array, orders: Mapping[int, slice]) -> Array | None:
        """Level of each path of each signal: the mean over the paths and frames of its order.

        Parameters
        ----------
        xp : Namespace
            Array operations, in the precision of `S`.
        S : array of shape (n_rows, n_paths, n_frames)
        orders : mapping
            Positions of the paths of each order.

        Returns
        -------
        levels : array of shape (n_rows, n_paths, 1), or None if `eps` is absolute
        """
        if not self.relative:
            return None
        by_path = weighted_mean(xp, abs(S), segments_of(xp, S.shape[-1], 1)[0])
        means = {order: _mean_of_rows(xp, by_path[:, paths]) for order, paths in orders.items()}
        strongest = means[min(order for order in means if order)]  # order 1, if it is kept
        least = LEAST * strongest
        least[strongest <= self.silent_below] = self.silence
        levels = xp.empty((*S.shape[:2], 1))
        for order, paths in orders.items():
            levels[:, paths] = (means[order] + least)[..., np.newaxis]
        return levels

    def __call__(self, xp: Namespace, S: Array, levels: Array | None) -> Array:
        """Take the logarithm of coefficients or their statistics.

        Parameters
        ----------
        xp : Namespace
            Array operations, in the precision of `S`.
        S : array of shape (n_rows, n_paths, n)
        levels : array of shape (n_rows, n_paths, 1) or None
            From `levels`.
        """
        result = abs(S)
        if levels is None:
            self._add_and_log(xp, result)
        else:
            result /= levels
            result += self.eps
            xp.log(result, out=result)
            xp.log(levels, out=levels)
            result += levels
        return result

    def _add_and_log(self, xp: Namespace, S: Array) -> None:
        info = np.finfo(xp.dtype)
        # Beyond these bounds eps, or a sum with it, is zero or infinite in this precision.
        if float(info.tiny) <= self.eps <= float(info.max) * float(info.eps) / 4:
            S += self.eps
            xp.log(S, out=S)
        else:
            xp.log_add(S, math.log(self.eps), out=S)


def _mean_of_rows(xp: Namespace, a: Array) -> Array:
    """Mean of each row of an array of shape (n_rows, n), as a product of each row alone."""
    segment = segments_of(xp, a.shape[1], 1)[0]
    return weighted_mean(xp, a[:, np.newaxis], segment)
