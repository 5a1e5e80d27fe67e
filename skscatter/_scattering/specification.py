"""What `fit` settles: everything that features depend on, as one value.

Features, their names and tables, the keys of cached features and what a saved model holds are
functions of a `Specification`. Nothing else of an estimator enters them.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skscatter._scattering.logarithm import Logarithm
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.paths import orders_of
from skscatter._scattering.pooling import pool
from skscatter._scattering.settings import Joint, Settings


@dataclass(frozen=True)
class Specification:
    """A fitted transform.

    Attributes
    ----------
    settings : Settings
        Of the coefficients.
    input_scaling : {None, "max", "rms"}
        What each signal is divided by.
    logarithm : Logarithm or None
        None leaves coefficients linear.
    pooling : tuple of str
        Statistics over the frames of each segment. Empty if every frame is kept.
    n_segments : int
        Segments of a signal's duration.
    trim : float or None
        In dB below the loudest. Segments divide the part of a signal that is at least as loud.
    channel_pooling : tuple of str
        Statistics over the channels. Empty if every channel is kept.
    sampling_rate : float or None
        In Hz, for names and tables.
    n_channels : int
        Channels of a signal.
    n_times : int or None
        Samples that every signal must have. None if lengths may differ.
    extends_short : bool
        Whether signals that are too short for the scale are extended to the minimum length.
    library : str
        Array library of the signals that were fitted on.
    """

    settings: Settings
    input_scaling: str | None
    logarithm: Logarithm | None
    pooling: tuple[str, ...]
    n_segments: int
    trim: float | None
    channel_pooling: tuple[str, ...]
    sampling_rate: float | None
    n_channels: int
    n_times: int | None
    extends_short: bool
    library: str

    @property
    def trims(self) -> bool:
        """Whether features depend on the active part of a signal. Without pooling none does."""
        return self.trim is not None and bool(self.pooling)

    def features(self, xp: Namespace, S: Array, frames: NDArray[np.intp] | None = None) -> Array:
        """Make the features of rows from their coefficients.

        Parameters
        ----------
        xp : Namespace
            Array operations, in the precision of `S`.
        S : array of shape (n_rows, n_paths, n_frames)
            Coefficients of channels of signals of one length.
        frames : ndarray of int, of shape (n_rows, 2), or None, default=None
            The first frame of each row that counts, and the one after the last. None means all.

        Returns
        -------
        features : array of shape (n_rows, n_paths * n_features_of_a_path)
            By path, then by segment and statistic, or by frame without pooling.
        """
        if frames is None:
            return self._features(xp, S)
        features = xp.empty((len(S), S.shape[1] * self.n_segments * len(self.pooling)))
        parts, kinds = np.unique(frames, axis=0, return_inverse=True)
        for kind, (start, stop) in enumerate(parts.tolist()):
            rows = xp.integers(np.flatnonzero(kinds.reshape(-1) == kind))
            features[rows] = self._features(xp, S[rows][..., start:stop])
        return features

    def _features(self, xp: Namespace, S: Array) -> Array:
        logarithm = self.logarithm
        levels = None
        if logarithm is not None:
            levels = logarithm.levels(xp, S, orders_of(self.settings))
        if logarithm is not None and logarithm.stage == "frames":
            S = logarithm(xp, S, levels)
        if self.pooling:
            S = pool(xp, S, self.pooling, self.n_segments).reshape(*S.shape[:2], -1)
        if logarithm is not None and logarithm.stage == "pooled":
            S = logarithm(xp, S, levels)
        return S.reshape(len(S), math.prod(S.shape[1:]))

    def join_channels(self, xp: Namespace, features: Array) -> Array:
        """Join or pool the features of channels, of shape (n_samples, n_channels, width)."""
        if self.channel_pooling:
            pooled = pool(xp, features.swapaxes(1, 2), self.channel_pooling, 1)
            features = pooled.swapaxes(1, 3)  # (n_samples, n_statistics, 1, width)
        return features.reshape(len(features), math.prod(features.shape[1:]))

    def row_parameters(self) -> dict[str, Any]:
        """Return what the coefficients of one channel of one signal depend on, besides its samples.

        Equal coefficients have equal parameters.
        """
        settings = asdict(self.settings)
        joint = settings.pop("joint") or {}
        return {
            **settings,
            **joint,
            "T": float(self.settings.T),  # T=256 and T=256.0 are equal
            "input_scaling": self.input_scaling,
        }

    def as_state(self) -> dict[str, Any]:
        """Return the specification in plain types, for a saved model."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Make a specification from plain types."""
        logarithm = state["logarithm"]
        return cls(
            **state
            | {
                "settings": _settings_from_state(state["settings"]),
                "logarithm": None if logarithm is None else Logarithm(**logarithm),
                "pooling": tuple(state["pooling"]),
                "channel_pooling": tuple(state["channel_pooling"]),
            }
        )


def _settings_from_state(state: dict[str, Any]) -> Settings:
    joint = state.get("joint")
    return Settings(
        **_with_tuples(state) | {"joint": None if joint is None else Joint(**_with_tuples(joint))}
    )


def _with_tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields with sequences as tuples, as they were before they were saved."""
    return {
        name: tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in fields.items()
    }
