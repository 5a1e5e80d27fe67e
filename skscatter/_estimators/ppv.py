"""Proportions of positive values of wavelet bands, as a transformer."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

import itertools
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skscatter._common.parameters import check_choice, check_integer
from skscatter._common.public import public
from skscatter._estimators.feature_table import channel_prefixes
from skscatter._estimators.saving import Saved
from skscatter._execution.run import precision_of
from skscatter._scattering.positive_values import (
    Projections,
    learn_thresholds,
    positive_shares,
    rows_at_once,
)
from skscatter._scattering.settings import ALWAYS_ACCEPTED_Q, LARGEST, PADDINGS, default_J
from skscatter._signals.dask_arrays import is_dask
from skscatter._signals.rows import Signals
from skscatter._signals.validation import Expected, check_signals

# Training signals from which thresholds are learned: evenly spread, and enough for quantiles.
MAX_SIGNALS = 128
MAX_COUNT = 1024  # of phases or thresholds: far more than are useful


@public
class WaveletPPV(Saved, TransformerMixin, BaseEstimator):
    """Proportions of positive values (PPV) of wavelet bands above thresholds.

    Scattering averages the modulus of each band, which loses its sign, its phase and the
    distribution of its values. These features keep some of that: the share of the samples at which
    a band, seen at some phase, exceeds a threshold. They tell a rise from a fall, and a peak from a
    valley. Thresholds are quantiles of the same band in the training signals, as in MiniRocket
    [1]_. Everything is deterministic.

    Parameters
    ----------
    J : int or None, default=None
        The largest wavelets have the scale ``2**J`` samples. None means a quarter of the median
        length of the signals, rounded down to a power of two, and at most 16.
    Q : int, default=1
        Wavelets per octave. One wavelet per octave is short in time and keeps the shape of events.
    n_phases : int, default=8
        Phases at which each band is seen: directions in the complex plane, equally spaced from 0
        up to 180 degrees.
    n_thresholds : int, default=4
        Thresholds for each band at each phase.
    padding : {"reflect", "zero", "periodic"} or tuple of these, default=("reflect", "zero")
        How a signal is continued past its ends. A tuple gives features for each. With ``"zero"``,
        the level at the ends becomes an edge, and its share of the samples depends on the length.

    Attributes
    ----------
    J_ : int
        Scale in use.
    thresholds_ : ndarray of shape (n_channels, n_projections, n_thresholds)
        Thresholds in the unit of the signals. The first projection is the signal itself. The others
        follow by padding, wavelet and phase.
    n_channels_ : int
        Channels of a signal.
    n_times_ : int or None
        Length of a signal in samples. None if lengths may differ, as after a fit on a list.
    n_features_in_ : int
        Length of a signal in samples, if `fit` got an array of shape (n_samples, n_times).
    feature_names_in_ : ndarray of str
        Names of the columns, if the signals came as a data frame that has them.

    See Also
    --------
    ScatteringClassifier : A classifier with these features and those of scattering.
    LogScattering1D : The energy of each band, in logarithms.

    Notes
    -----
    The feature of a signal ``x``, a wavelet ``psi``, a phase ``theta`` and a threshold ``b`` is the
    share of the samples with ``Re(exp(-1j * theta) * (x * psi)) > b``. The signal itself counts as
    a further band, of one phase. `fit` takes thresholds at the levels ``(k + 0.5) / n_thresholds``
    of the distribution of these values in up to 128 training signals, which are evenly spread. A
    band is sampled at least 8 times a period, if the signal is long enough.

    Thresholds have the unit of the training signals. Signals of another unit or loudness should be
    scaled first. Parts of a band below a millionth of the signal's largest magnitude count as zero,
    because the sign of rounding errors means nothing.

    Everything is computed by NumPy, on one thread. Bands are compared in float32. The features of a
    signal do not depend on the others in the same call.

    References
    ----------
    .. [1] A. Dempster, D. F. Schmidt and G. I. Webb, "MiniRocket: A Very Fast (Almost)
       Deterministic Transform for Time Series Classification", KDD 2021.

    Examples
    --------
    A sawtooth that rises and one that falls have the same energy in each band. The proportions
    differ:

    >>> import numpy as np
    >>> from skscatter import LogScattering1D, WaveletPPV
    >>> rising = np.arange(512) % 64 / 32 - 1
    >>> X = np.stack([rising, -rising])
    >>> energies = LogScattering1D().fit_transform(X)
    >>> float(np.abs(energies[0] - energies[1]).max())
    0.0
    >>> shares = WaveletPPV().fit_transform(X)
    >>> bool(np.abs(shares[0] - shares[1]).max() > 0.2)
    True
    """

    def __init__(
        self,
        *,
        J: int | None = None,
        Q: int = 1,
        n_phases: int = 8,
        n_thresholds: int = 4,
        padding: str | tuple[str, ...] = ("reflect", "zero"),
    ) -> None:
        self.J = J
        self.Q = Q
        self.n_phases = n_phases
        self.n_thresholds = n_thresholds
        self.padding = padding

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Determine the scale, and learn the thresholds.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times), or list \
of arrays of shape (length,) or (n_channels, length)
            Signals of real, finite numbers. In a list, a tuple or an array of objects each signal
            may have its own length.
        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the signals are not as described; the message says what is accepted.
        """
        Q = check_integer("Q", self.Q, minimum=1, maximum=ALWAYS_ACCEPTED_Q)
        n_phases = check_integer("n_phases", self.n_phases, minimum=1, maximum=MAX_COUNT)
        count = check_integer("n_thresholds", self.n_thresholds, minimum=1, maximum=MAX_COUNT)
        paddings = _check_padding(self.padding)
        if self.J is not None:
            check_integer("J", self.J, minimum=0, maximum=LARGEST)
        _refuse_dask(X)
        fitted = self._draft()
        signals = check_signals(X, estimator=fitted)
        _refuse_tensors(signals)
        J = default_J(int(np.median(signals.lengths))) if self.J is None else int(self.J)
        projections = Projections(J, Q, n_phases, paddings)
        fitted._resolved = (J, Q, n_phases, paddings)  # plain, for saved models
        fitted.n_times_, fitted.n_channels_ = signals.n_times, signals.n_channels
        fitted._library = signals.library
        chosen = np.linspace(0, signals.n_samples - 1, min(signals.n_samples, MAX_SIGNALS))
        first = chosen.astype(np.intp) * signals.n_channels
        fitted.thresholds_ = np.stack(
            [
                learn_thresholds(projections, _blocks(signals, first + channel), count)
                for channel in range(signals.n_channels)
            ]
        )
        self.__dict__ = fitted.__dict__
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Compute the shares of signals.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times), or list \
of arrays of shape (length,) or (n_channels, length)
            Signals with as many channels as those seen by `fit`. If `fit` saw an array, they must
            also have the same length.

        Returns
        -------
        features : ndarray of shape (n_samples, n_channels * n_projections * n_thresholds)
            Shares from 0 to 1. float32 for float32 signals, else float64.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        TypeError, ValueError
            If the signals are not finite real numbers, or have other lengths or channels than
            described.
        """
        check_is_fitted(self)
        _refuse_dask(X)
        expected = Expected(
            n_channels=self.n_channels_,
            n_times=self.n_times_,
            min_times=1,
            extends_short=True,
            library=self._library,
            scales=f"J={self.J_}",
        )
        signals = check_signals(X, estimator=self, expected=expected, method="transform")
        _refuse_tensors(signals)
        projections = self._projections
        _, n_projections, n_thresholds = self.thresholds_.shape
        lengths = signals.row_lengths
        shares = np.empty((len(lengths), n_projections, n_thresholds), precision_of(signals))
        for channel, thresholds in enumerate(self.thresholds_):
            rows = np.arange(channel, len(lengths), self.n_channels_)
            for first, stop in _runs(lengths[rows]):
                n_times = int(lengths[rows[first]])
                step = rows_at_once(projections, n_times, n_thresholds)
                for start in range(first, stop, step):
                    some = rows[start : min(start + step, stop)]
                    x = signals.block(some).astype(shares.dtype, copy=False)
                    shares[some] = positive_shares(projections, x, thresholds)
                signals.release()
        features: NDArray[np.floating] = signals.as_given(shares.reshape(signals.n_samples, -1))
        return features

    @property
    def _projections(self) -> Projections:
        return Projections(*self._resolved)

    @property
    def J_(self) -> int:
        """Scale in use."""
        check_is_fitted(self)
        return int(self._resolved[0])

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Name the features by padding, wavelet, phase and threshold.

        For example ``PPV_reflect_n3_45deg_thr0``, or ``PPV_signal_thr0`` for the signal itself.
        With several channels, a name begins with the channel, such as ``ch0_``.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored: features do not correspond to columns.

        Returns
        -------
        names : ndarray of str
            Names of the features, in order.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        """
        check_is_fitted(self)
        return np.array(
            [
                f"{prefix}PPV_{name}_thr{k}"
                for prefix, _ in channel_prefixes(self.n_channels_, ())
                for name in self._projections.names
                for k in range(self.thresholds_.shape[-1])
            ],
            dtype=object,
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` has learned thresholds."""
        return hasattr(self, "thresholds_")

    def __sklearn_tags__(self) -> Any:
        """Return tags: float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _blocks(signals: Signals, rows: NDArray[np.intp]) -> list[NDArray[np.floating]]:
    """Return rows in blocks of equal length, in the precision of the computation."""
    return [
        signals.block(rows[first:stop]).astype(precision_of(signals), copy=False)
        for first, stop in _runs(signals.row_lengths[rows])
    ]


def _runs(lengths: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Divide rows into runs of equal length."""
    bounds = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(lengths)]
    return list(itertools.pairwise(bounds))


def _check_padding(padding: Any) -> tuple[str, ...]:
    """Return the paddings as a tuple."""
    given = (padding,) if isinstance(padding, str) else padding
    if not isinstance(given, tuple | list) or not given:
        raise TypeError(
            f"padding={padding!r} must be one of {list(PADDINGS)}, or a tuple of these."
        )
    paddings = tuple(check_choice("padding", each, PADDINGS) for each in given)
    if len(set(paddings)) < len(paddings):
        raise ValueError(f"padding={padding!r} names a padding twice.")
    return paddings


def _refuse_dask(X: Any) -> None:
    if is_dask(X):
        raise TypeError("X is a dask array. Accepted: signals in memory, such as X.compute().")


def _refuse_tensors(signals: Signals) -> None:
    if not signals.from_numpy:
        raise TypeError("X is a tensor of PyTorch. Accepted: arrays of NumPy, such as X.numpy().")
