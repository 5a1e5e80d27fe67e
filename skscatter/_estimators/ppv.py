"""Proportions of positive values of wavelet bands, as a transformer."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skscatter._backends.engines import get_counter
from skscatter._common.parameters import check_choice, check_integer
from skscatter._common.public import public
from skscatter._estimators.feature_table import channel_prefixes
from skscatter._estimators.saving import Saved
from skscatter._execution.run import floating_point, precision_of
from skscatter._execution.threads import check_n_jobs, claim_cores, count_threads, run_tasks
from skscatter._scattering.positive_values import (
    Chunk,
    Projections,
    learn,
    n_at_once,
    n_padded,
    positive_shares,
    runs,
)
from skscatter._scattering.settings import LARGEST, PADDINGS, default_J
from skscatter._signals.dask_arrays import is_dask
from skscatter._signals.rows import Rows, Signals, as_index
from skscatter._signals.validation import Expected, check_signals

# Training signals from which thresholds are learned: evenly spread, and enough for quantiles.
MAX_SIGNALS = 128
LENGTHS = 9  # to which the length of a signal is compared
MAX_COUNT = 64  # of phases or thresholds: far more than are useful


@public
class WaveletPPV(Saved, TransformerMixin, BaseEstimator):
    """Proportions of positive values (PPV) of wavelet bands, alone and in pairs.

    Scattering averages the modulus of each band, which loses its phase: where in a band's period
    something happens, and with which sign. These features keep some of that. A band is seen at
    several phases, alone and added to another band, and each feature is the share of the samples
    at which this signal exceeds a threshold. Bands alone tell a rise from a fall and a peak from a
    valley. Sums of two depend on the difference of their phases, which makes the shape of an event.
    The shares above thresholds come from MiniRocket [1]_, and the phases between scales from the
    theory of phase harmonics [2]_. Nothing is random.

    Parameters
    ----------
    J : int or None, default=None
        The largest wavelets have the scale ``2**J`` samples. There is one wavelet per octave. None
        means a quarter of the median length of the signals, rounded down to a power of two, and at
        most 16.
    n_phases : int, default=3
        Phases at which each band is seen: directions in the complex plane, equally spaced from 0
        up to 180 degrees. In a pair, the band of the lower frequency is seen at the opposite
        phases, too.
    pair_octaves : int, default=3
        Largest distance of the bands of a pair. With 0, there are no pairs.
    n_thresholds : int, default=3
        Thresholds for each band, and for each pair of bands, at each of their phases.
    padding : {"zero", "reflect", "periodic"}, default="zero"
        How a signal is continued past its ends, after its mean is removed. With ``"zero"``, the
        level at the ends becomes an edge.
    n_jobs : int or None, default=None
        Threads of `transform`, in joblib's meaning.

    Attributes
    ----------
    J_ : int
        Scale in use.
    levels_ : ndarray of shape (n_channels, n_thresholds)
        Thresholds for the signals themselves, in their unit.
    scales_ : ndarray of shape (n_channels, n_wavelets)
        Root mean square of each band in the training signals, as a share of that of all bands of a
        signal.
    thresholds_ : ndarray of shape (n_channels, n_projections, n_thresholds)
        Thresholds, in units of the scales. Projections are in the order of the names of features.
    lengths_ : ndarray of shape (9,) or (0,)
        Lengths to which that of a signal is compared. Empty if `fit` got an array, whose signals
        have one length.
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
    The first features are the shares of the samples of the signal itself above `n_thresholds`
    levels. They describe its values, and the others its shape. For those, the mean of the signal is
    removed, and its bands ``x * psi`` are divided by the root of their summed mean squares, so that
    neither its unit nor its offset counts. Each band is then divided by its scale, so that both
    bands of a pair count. The features are the shares of the samples at which ::

        Re(exp(-1j * alpha) * (x * psi_n)) > b
        Re(exp(-1j * alpha) * (x * psi_m) + exp(-1j * beta) * (x * psi_n)) > b

    where wavelet ``m`` has a higher frequency than ``n``. `fit` takes all thresholds from the
    distribution of these values in up to 128 training signals, which are evenly spread. The shares
    of values below them are multiples of the golden ratio, modulo 1. A band is sampled at
    least 8 times a period, if the signal is long enough, and a sum as often as its slower band.

    Signals of different lengths have nine more features: whether a signal is longer than each of
    nine quantiles of the lengths of the training signals.

    Parts of a band below a millionth of the largest value of a signal without its mean count as
    zero, because the sign of rounding errors means nothing.

    Bands are computed by NumPy and SciPy, and compared in float32, by compiled code where numba is
    installed, with the same result. The features of a signal do not depend on the others in the
    same call.

    References
    ----------
    .. [1] A. Dempster, D. F. Schmidt and G. I. Webb, "MiniRocket: A Very Fast (Almost)
       Deterministic Transform for Time Series Classification", KDD 2021.

    .. [2] S. Mallat, S. Zhang and G. Rochette, "Phase harmonic correlations and convolutional
       neural networks", Information and Inference 9(3), 2020.

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
        n_phases: int = 3,
        pair_octaves: int = 3,
        n_thresholds: int = 3,
        padding: str = "zero",
        n_jobs: int | None = None,
    ) -> None:
        self.J = J
        self.n_phases = n_phases
        self.pair_octaves = pair_octaves
        self.n_thresholds = n_thresholds
        self.padding = padding
        self.n_jobs = n_jobs

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
        n_phases = check_integer("n_phases", self.n_phases, minimum=1, maximum=MAX_COUNT)
        pair_octaves = check_integer("pair_octaves", self.pair_octaves, minimum=0, maximum=LARGEST)
        count = check_integer("n_thresholds", self.n_thresholds, minimum=1, maximum=MAX_COUNT)
        padding = check_choice("padding", self.padding, PADDINGS)
        if self.J is not None:
            check_integer("J", self.J, minimum=0, maximum=LARGEST)
        check_n_jobs(self.n_jobs)
        _refuse_dask(X)
        fitted = self._draft()
        signals = check_signals(X, estimator=fitted)
        _refuse_tensors(signals)
        J = default_J(int(np.median(signals.lengths))) if self.J is None else int(self.J)
        fitted._resolved = (J, n_phases, pair_octaves, padding)  # plain, for saved models
        fitted.n_times_, fitted.n_channels_ = signals.n_times, signals.n_channels
        fitted._library = signals.library
        n_lengths = LENGTHS if signals.n_times is None else 0
        fitted.lengths_ = np.quantile(signals.lengths, (np.arange(n_lengths) + 0.5) / LENGTHS)
        chosen = np.linspace(0, signals.n_samples - 1, min(signals.n_samples, MAX_SIGNALS))
        first = chosen.astype(np.intp) * signals.n_channels
        learned = []
        for rows in (first + channel for channel in range(signals.n_channels)):
            lengths = signals.row_lengths[rows]
            chunks = (_load(signals, rows[as_index(part)]) for part in _divide(lengths))
            n_samples = int(lengths.sum())
            with floating_point():
                learned.append(learn(fitted._projections, chunks, n_samples, count))
        fitted.levels_, fitted.scales_, fitted.thresholds_ = map(
            np.stack, zip(*learned, strict=True)
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
        features : ndarray of shape (n_samples, n_features)
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
        check_n_jobs(self.n_jobs)
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
        n_rows = len(signals.row_lengths)
        _, n_projections, n_thresholds = self.thresholds_.shape
        shares = np.empty((n_rows, 1 + n_projections, n_thresholds), precision_of(signals))
        count = get_counter()

        def compute(rows: range, _: Any) -> None:
            with floating_point():
                positive_shares(
                    self._projections,
                    _load(signals, rows),
                    np.asarray(rows, np.int64) % self.n_channels_,
                    self.levels_,
                    self.scales_,
                    self.thresholds_,
                    count,
                    shares[rows.start : rows.stop],
                )
            signals.release()

        tasks = [partial(compute, rows) for rows in _divide(signals.row_lengths)]
        with claim_cores(count_threads(self.n_jobs)) as n_threads:
            for _ in run_tasks(tasks, 0 if n_threads == 1 else min(n_threads, len(tasks))):
                pass
        features: NDArray[np.floating] = signals.as_given(shares.reshape(signals.n_samples, -1))
        if self.n_times_ is None:
            longer = signals.lengths[:, np.newaxis] > self.lengths_
            features = np.concatenate([features, longer.astype(features.dtype)], axis=1)
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
        """Name the features by wavelets, phases and threshold.

        For example ``PPV_n3_60deg_thr0``, ``PPV_n1_60deg_n3_240deg_thr0`` for a pair, or
        ``PPV_signal_thr0`` for the signal itself. Wavelets are counted from high to low frequency.
        With several channels, a name begins with the channel, such as ``ch0_``. Comparisons of the
        length come last, such as ``PPV_length_thr0``.

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
        names = [
            f"{prefix}PPV_{name}_thr{k}"
            for prefix, _ in channel_prefixes(self.n_channels_, ())
            for name in ("signal", *self._projections.names)
            for k in range(self.thresholds_.shape[-1])
        ]
        names += [f"PPV_length_thr{k}" for k in range(len(self.lengths_))]
        return np.array(names, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` has learned thresholds."""
        return hasattr(self, "thresholds_")

    def __sklearn_tags__(self) -> Any:
        """Return tags: float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _divide(lengths: NDArray[np.intp]) -> list[range]:
    """Divide rows of these lengths, in descending order, into chunks that share a grid."""
    starts = [first for first, _ in runs(lengths)]
    grids = np.array([n_padded(int(lengths[first])) for first in starts], np.intp)
    chunks = []
    for first, stop in runs(grids):
        begin, end = starts[first], starts[stop] if stop < len(starts) else len(lengths)
        step = n_at_once(int(grids[first]))
        chunks += [range(start, min(start + step, end)) for start in range(begin, end, step)]
    return chunks


def _load(signals: Signals, rows: Rows) -> Chunk:
    """Return rows in the precision of the computation, and their lengths."""
    x = signals.block(rows).astype(precision_of(signals), copy=False)
    return x, signals.row_lengths[as_index(rows)]


def _refuse_dask(X: Any) -> None:
    if is_dask(X):
        raise TypeError("X is a dask array. Accepted: signals in memory, such as X.compute().")


def _refuse_tensors(signals: Signals) -> None:
    if not signals.from_numpy:
        raise TypeError("X is a tensor of PyTorch. Accepted: arrays of NumPy, such as X.numpy().")
