"""The scikit-learn transformers: validate, run, join."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

import copy
import math
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, closing
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skscatter._backends.choice import (
    KYMATIO_BACKENDS,
    NUMPY,
    check_backend,
    choose_device,
    device_of,
    namespace_on,
)
from skscatter._backends.engines import device_for
from skscatter._cache.filling import fill
from skscatter._cache.keys import key_context, row_keys
from skscatter._cache.store import Memory, RowStore, check_memory
from skscatter._common.optional import import_optional
from skscatter._common.parameters import MAX_TIMES, check_choice, check_integer, check_real
from skscatter._common.public import public
from skscatter._common.units import check_sampling_rate, units_for
from skscatter._common.warn import warn_caller
from skscatter._estimators.docstrings import share_descriptions
from skscatter._estimators.documentation import Documented
from skscatter._estimators.feature_table import (
    PathFeature,
    channel_prefixes,
    feature_table,
    path_features,
)
from skscatter._estimators.saving import Saved
from skscatter._execution.levels import active_frames, typical_level
from skscatter._execution.progress import progress_bar
from skscatter._execution.run import Run, floating_point, precision_of
from skscatter._execution.streams import check_batches, read_ahead
from skscatter._execution.threads import check_n_jobs
from skscatter._scattering.amplitude import INPUT_SCALINGS
from skscatter._scattering.filters import smallest_J
from skscatter._scattering.layout import has_border_effects, lay_out
from skscatter._scattering.logarithm import LOG_STAGES, RELATIVE, Logarithm
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.paths import PATH_DTYPE, path_names, paths_of
from skscatter._scattering.pooling import check_pooling
from skscatter._scattering.settings import NUMERICS, Settings, resolve
from skscatter._scattering.specification import Specification
from skscatter._signals.containers import unwrap_batch
from skscatter._signals.dask_arrays import is_dask, map_chunks, refuse_data_frames
from skscatter._signals.rows import Rows, Signals, as_index
from skscatter._signals.short import extend_short
from skscatter._signals.validation import Expected, check_signals

# Segments are accepted up to this number for signals of any length: they may divide a frame.
ALWAYS_ACCEPTED_SEGMENTS = 64

# Signals below this share of a fixed `log_eps` leave hardly more of their logarithm than its own.
LOST_IN_EPS = 1e-3

Features = Callable[[Namespace, Array, Rows], Array]  # of rows, from their coefficients

FREQUENCIES = {
    "xi1": "carrier",
    "sigma1": "carrier_bandwidth",
    "xi2": "modulation",
    "sigma2": "modulation_bandwidth",
}


class BatchOptions(NamedTuple):
    """Options of an estimator's copy that transforms batches of a stream or chunks of an array.

    Attributes
    ----------
    min_signals : int
        Smallest number of signals in an input. A batch may be empty.
    stop : threading.Event or None
        Once it is set, a transform ends before its next block.
    """

    min_signals: int = 1
    stop: threading.Event | None = None


@lru_cache(maxsize=256)
def warn_once(message: str) -> None:
    """Give a warning once, instead of once for each fit of a search."""
    warn_caller(message)


@public
class Scattering1D(Saved, Documented, TransformerMixin, BaseEstimator):
    """Wavelet scattering coefficients of signals, pooled over time.

    Morlet wavelets split a signal into frequency bands (order 1: how much energy each band holds),
    and split the envelope of each band again (order 2: how fast that energy varies). Averaging over
    `T` samples makes the coefficients stable to shifts and to small deformations of the signal.
    Nothing is learned from the data except the length and the channels of the signals.

    Parameters
    ----------
    J : int or None, default=None
        The largest wavelets, and by default the average, have the scale ``2**J`` samples. None
        means a scale of a quarter of the signal length, rounded down to a power of two (J=11 for
        8192 samples), and at most 16. If lengths differ, their median is used, and signals that are
        too short for this scale are extended to it, with a warning. With a given J, signals that
        are too short raise an error.
    Q : int or tuple of (int, int), default=(2, 2)
        Wavelets per octave at order 1, or at orders 1 and 2. An integer means 1 at order 2.
    T : float or None, default=None
        Averaging scale in samples. Shifts that are much smaller hardly change the coefficients.
        None means ``2**J``, or half of it if `J` is None, too.
    max_order : {1, 2}, default=2
        Highest order to compute.
    stride : int or None, default=None
        Samples between two frames, a power of two. None means the largest power of two up to `T`.
    include_order0 : bool, default=True
        Whether to keep the average of the signal itself.
    filter_gain : {"unit", "kymatio-0.3"}, default="unit"
        ``"unit"``: every low-pass has unit gain at zero frequency, so that a sine of given
        amplitude has the same order 1 coefficient at every octave. ``"kymatio-0.3"``: the gains of
        that release, to reproduce published numbers.
    pooling : {"mean", "max", "median", "std"}, tuple of these, or None, default="mean"
        Statistics over the frames of each segment. None keeps every frame.
    n_segments : int, default=4
        Number of equal segments of each signal's duration, to pool within. A frame that straddles a
        boundary counts in both segments, in proportion. Ignored without pooling.
    trim : float or None, default=None
        Pool over the active part of each signal only: from the first to the last moment that is at
        most `trim` decibels fainter than its loudest (see Notes). For recordings with silence or
        faint noise around an event, 20 to 35 work well. None takes the whole signal. Ignored
        without pooling.
    channel_pooling : {"mean", "max", "median", "std"}, tuple of these, or None, default=None
        Statistics of each feature over the channels of a signal. None keeps the features of every
        channel.
    input_scaling : {None, "max", "rms"}, default=None
        Divide each channel of each signal by its largest magnitude, or by its root mean square,
        before the transform.
    padding : {"reflect", "zero", "periodic"}, default="reflect"
        How a signal is continued past its ends.
    sampling_rate : float or None, default=None
        In Hz. Used for names and tables only: with it, features are named by frequency.
    subsampling : {"standard", "critical"}, default="standard"
        How finely bands are sampled between the orders. ``"standard"``: at kymatio's rates.
        ``"critical"``: at half of them, in about half the time, for broadband signals and `Q` of 4
        or more (see Notes).
    backend : {"auto", "numpy", "numba", "torch", "kymatio", "kymatio-torch"}, default="auto"
        What computes the transform. ``"auto"``: PyTorch if it is installed and sees a CUDA device,
        or if `device` requires it, else numba if it is installed, else NumPy. ``"numba"``: the
        cascade compiled for this machine's CPU (see Notes). ``"kymatio"`` and ``"kymatio-torch"``:
        the NumPy and PyTorch front ends of kymatio 0.3, many times slower, for comparison. Tensors
        are computed by PyTorch on their own device, whatever the backend.
    device : str, default="auto"
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"`` or another device of PyTorch. ``"auto"``
        takes a CUDA device if there is one, else the CPU. The device is chosen whenever signals
        are transformed and is not saved with a model.
    batch_size : int or None, default=None
        Signals to hold in the workspace at a time. None means as many as fit in scikit-learn's
        ``working_memory`` (see :func:`sklearn.set_config`), or in the free memory of a CUDA
        device, where a block that turns out to be too large is halved.
    n_jobs : int or None, default=None
        Number of threads, as in joblib: None means 1 unless in a :func:`joblib.parallel_config`
        context, -1 means all cores. Ignored by PyTorch, which has its own threads.
    memory : str, path-like, RowStore or None, default=None
        Where to cache the coefficients of each signal: a folder, a file, or a `RowStore`. They are
        then computed once for all folds of a search, for all its candidates that differ only in
        what follows (logarithm, trimming, pooling), and for later runs. Any number of processes
        may share it. Coefficients from other backends are reused. Only `transform` uses the cache,
        and not for PyTorch tensors.
    verbose : int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    specification_ : Specification
        Everything that features depend on, as one frozen, hashable value.
    J_ : int
        Scale in use.
    Q_ : tuple of (int, int)
        Wavelets per octave in use.
    T_ : float
        Averaging scale in use, in samples.
    stride_ : int
        Samples between frames.
    sampling_rate_ : float or None
        Sampling rate in use, in Hz.
    n_times_ : int or None
        Length of a signal in samples. None if lengths may differ, as after a fit on a list.
    n_channels_ : int
        Channels of a signal.
    n_frames_ : int or None
        Frames of a signal. None if lengths may differ.
    n_features_in_ : int
        Length of a signal in samples, if `fit` got an array of shape (n_samples, n_times).
    feature_names_in_ : ndarray of str
        Names of the columns, if the signals came as a data frame that has them.

    See Also
    --------
    LogScattering1D : The logarithm of these coefficients, the usual choice for classifiers.

    Notes
    -----
    Coefficients are ``S1 = |x * psi1| * phi`` and ``S2 = ||x * psi1| * psi2| * phi`` [1]_, with
    the filters of kymatio [2]_. Output is float32 for float32 input and float64 for any other, and
    is computed in that precision on every device.

    The features of a signal do not depend on other signals in the same call: with NumPy and numba
    bit for bit, with PyTorch to rounding. Backends differ by rounding. kymatio's front ends sample
    more finely between the orders at strides finer than the default, and then differ by aliasing.

    Compared with a transform without subsampling, on spoken digits (J=8, Q=12), the relative error
    is 3e-6 in order 1 and 1.3e-4 in order 2 with ``subsampling="standard"``, and 2e-5 and 7e-4 with
    ``"critical"`` (``benchmarks/aliasing.py``). These figures hold for such signals and settings.
    With ``"critical"``, on noise, pulses, chirps and tones with and without harmonics or
    modulation, the largest error of a coefficient is 1e-2 of the signal's largest coefficient for
    `Q` of 4 or more, and 4e-2 for ``Q=1``. A pure tone then gets false coefficients of order 2, of
    up to 2e-2 of its largest one of order 1.

    The active part, with `trim`: a signal is divided into blocks of a quarter of `T`, but at least
    an eighth of ``2**J`` and 4 samples. The power of a block is the mean square of its samples
    about their mean, summed over the channels. A running median over five blocks ignores clicks.
    The active part is from the first to the last block whose median is at most `trim` decibels
    below the largest, and half of `T` on each side. It has at least `n_segments` frames if the
    signal has them. A signal without power is active as a whole. All channels have the same active
    part; `active_parts` returns it.

    With ``sklearn.set_config(array_api_dispatch=True)``, PyTorch tensors give tensors and never
    leave their device. A dask array gives a dask array, whose chunks are computed by dask.

    With numba, eight signals of one length, or several paths of fewer signals, are computed
    together. The first call on a machine compiles for some seconds; later processes load the
    machine code. Signals of more than about 130,000 samples are computed by NumPy. Features from
    NumPy and numba differ by rounding, by about 1e-7 in float32. Name the backend where features
    from several machines should have the same bits.

    References
    ----------
    .. [1] J. Andén and S. Mallat, "Deep Scattering Spectrum", IEEE Transactions on Signal
       Processing 62(16), 2014.
    .. [2] M. Andreux et al., "Kymatio: Scattering Transforms in Python", Journal of Machine
       Learning Research 21(60), 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import Scattering1D
    >>> X = np.random.default_rng(0).standard_normal((10, 1024))
    >>> scattering = Scattering1D(J=6, Q=8)
    >>> scattering.fit_transform(X).shape
    (10, 504)
    >>> scattering.scatter(X).shape
    (10, 1, 126, 16)
    """

    def __init__(
        self,
        *,
        J: int | None = None,
        Q: int | tuple[int, int] = (2, 2),
        T: float | None = None,
        max_order: int = 2,
        stride: int | None = None,
        include_order0: bool = True,
        filter_gain: str = "unit",
        pooling: str | tuple[str, ...] | None = "mean",
        n_segments: int = 4,
        trim: float | None = None,
        channel_pooling: str | tuple[str, ...] | None = None,
        input_scaling: str | None = None,
        padding: str = "reflect",
        sampling_rate: float | None = None,
        subsampling: str = "standard",
        backend: str = "auto",
        device: str = "auto",
        batch_size: int | None = None,
        n_jobs: int | None = None,
        memory: Memory = None,
        verbose: int = 0,
    ) -> None:
        self.J = J
        self.Q = Q
        self.T = T
        self.max_order = max_order
        self.stride = stride
        self.include_order0 = include_order0
        self.filter_gain = filter_gain
        self.pooling = pooling
        self.n_segments = n_segments
        self.trim = trim
        self.channel_pooling = channel_pooling
        self.input_scaling = input_scaling
        self.padding = padding
        self.sampling_rate = sampling_rate
        self.subsampling = subsampling
        self.backend = backend
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Check the parameters and the signals, and determine the scales.

        Everything that features depend on is fixed here. Parameters that are set later take effect
        in the next fit, except for those that only affect how features are computed: `n_jobs`,
        `batch_size`, `backend`, `device`, `memory` and `verbose`.

        Parameters
        ----------
        X : array-like or dask array of shape (n_samples, n_times) or (n_samples, n_channels, \
n_times), or list of arrays of shape (length,) or (n_channels, length)
            Signals of real, finite numbers. In a list, a tuple or an array of objects each signal
            may have its own length. Of a dask array only the shape and the type are used, and
            nothing is computed.
        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the signals are not as described; the message says what is accepted.
        """
        self._check_parameters()
        fitted = self._draft()
        signals = check_signals(X, estimator=fitted, min_signals=self._batch_options.min_signals)
        spec = self._specify(signals)
        self._warn_of_scale(spec.settings, signals)
        extend_short(signals, spec.settings.min_times, spec.settings.padding)
        fitted._spec = spec
        self.__dict__ = fitted.__dict__
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Compute the features of signals.

        Parameters
        ----------
        X : array-like or dask array of shape (n_samples, n_times) or (n_samples, n_channels, \
n_times), or list of arrays of shape (length,) or (n_channels, length)
            Signals with as many channels as those seen by `fit`. If `fit` saw an array, or without
            pooling, they must also have the same length.

        Returns
        -------
        features : array of shape (n_samples, n_features)
            With ``n_features = n_channels * n_paths * n_segments * n_statistics``, or ``n_channels
            * n_paths * n_frames`` without pooling. With pooled channels, ``n_channels`` is replaced
            by the number of their statistics. float32 for float32 signals, else float64. A dask
            array for a dask array, in the same chunks of signals. These are checked when they are
            computed.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError
            If the signals are not finite real numbers, or have other lengths or channels than
            described. If chunks of a dask array divide signals, or `set_output` asks for data
            frames of a dask array.
        ImportError, RuntimeError
            If this machine lacks what `backend` or `device` require.
        """
        check_is_fitted(self)
        spec, signals = self._spec, self._validate(X, "transform")
        width = len(self.paths_) * len(self._path_features())
        if is_dask(X):
            refuse_data_frames(self)
            shape = (width * len(self._prefixes()),)
            return map_chunks(self._copy_for_chunks().transform, X, shape, precision_of(signals))
        frames = self._active_frames(signals) if spec.trims else None

        def features(xp: Namespace, S: Array, rows: Rows) -> Array:
            return spec.features(xp, S, None if frames is None else frames[as_index(rows)])

        store = check_memory(self.memory) if signals.from_numpy else None
        run = self._run(signals, features if store is None else _coefficients)
        if store is None:
            blocks = run.blocks(range(len(signals.row_lengths)))
        else:
            blocks = self._blocks_with_store(store, signals, run, features)
        xp = self._result_namespace(signals)
        rows = xp.empty((len(signals.row_lengths), width))
        with (
            self._progress(run, len(rows)) as progress,
            closing(blocks),
        ):
            for block, values in blocks:
                rows[as_index(block)] = values
                progress(len(block))
        with floating_point(), xp.working(from_numpy=False):
            joined = spec.join_channels(
                xp, rows.reshape(signals.n_samples, signals.n_channels, width)
            )
        return signals.as_given(joined)

    def transform_batches(self, batches: Iterable[ArrayLike]) -> Generator[Array, None, None]:
        """Compute the features of batches of signals, reading the next batch in the meantime.

        For data that does not fit in memory. At most two batches are in memory: the one that is
        being computed, and the next. Memory-mapped arrays do not need batches: `transform` accepts
        them, and returns all features at once.

        Parameters
        ----------
        batches : iterable of signals as for `transform`
            For example a generator or a data loader of PyTorch, whose batches may be lists of one
            array. Batches may differ in size and type. A batch without signals gives an array
            without rows. The source is read one batch ahead, in the thread that iterates over the
            features, so that it may use a database cursor.

        Returns
        -------
        features : generator of array of shape (n_samples, n_features)
            The result of `transform` for each batch, in order. Closing the generator stops the work
            and closes `batches` if that is a generator. The end of a ``for`` loop closes it, too,
            unless something else refers to it.

        Raises
        ------
        NotFittedError
            If `fit` was not called. Raised immediately, as the next error is; others are raised
            when their batch is reached.
        TypeError
            If `batches` is not iterable, or is one array.
        ValueError, ImportError, RuntimeError
            As in `transform`, after the features of the earlier batches, with a note that gives the
            number of the batch. Errors of `batches` are raised unchanged, at the same point.

        Notes
        -----
        The features of a batch are returned after the next batch has been read. For a live
        recording, whose next batch does not exist yet, call `transform` instead.

        Examples
        --------
        >>> import numpy as np
        >>> from skscatter import LogScattering1D
        >>> X = np.random.default_rng(0).standard_normal((2500, 512))
        >>> batches = (X[i : i + 1000] for i in range(0, len(X), 1000))
        >>> transformer = LogScattering1D().fit(X[:1])
        >>> [features.shape for features in transformer.transform_batches(batches)]
        [(1000, 440), (1000, 440), (500, 440)]
        """
        check_is_fitted(self)
        stop = threading.Event()
        return read_ahead(
            self._copy_for_batches(stop).transform,
            check_batches(batches),
            stop,
            prepare=partial(unwrap_batch, n_channels=self.n_channels_),
        )

    def scatter(self, X: ArrayLike) -> Any:
        """Compute the coefficients at every frame: no logarithm, no pooling.

        Parameters
        ----------
        X : array-like or dask array of shape (n_samples, n_times) or (n_samples, n_channels, \
n_times), or list of arrays of shape (length,) or (n_channels, length)
            Signals with as many channels as those seen by `fit`. If `fit` saw an array, or without
            pooling, they must also have the same length.

        Returns
        -------
        S : array of shape (n_samples, n_channels, n_paths, n_frames), or list
            Signals without an axis of channels have one channel. Paths are in the order of
            `paths_`, and frames are at `frame_times`. For a list, tuple or array of objects, a list
            of arrays of shape (n_channels, n_paths, n_frames).

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError, ImportError, RuntimeError
            As in `transform`.
        """
        check_is_fitted(self)
        signals = self._validate(X, "scatter")
        settings, n_paths = self._spec.settings, len(self.paths_)
        lengths = [signals.n_times] if signals.n_times else signals.row_lengths.tolist()
        n_frames = [lay_out(settings, n).n_frames for n in lengths]
        if is_dask(X):
            shape = (signals.n_channels, n_paths, *n_frames)
            return map_chunks(self._copy_for_chunks().scatter, X, shape, precision_of(signals))
        xp, n_rows = self._result_namespace(signals), len(signals.row_lengths)
        run = self._run(signals, _coefficients)
        with self._progress(run, n_rows) as progress:
            if signals.n_times:
                S = xp.empty((n_rows, n_paths, *n_frames))
            else:
                S = [xp.empty((n_paths, n)) for n in n_frames]
            for block, coefficients in run.blocks(range(n_rows)):
                if signals.n_times:
                    S[as_index(block)] = coefficients
                else:
                    for row, values in zip(block, coefficients, strict=True):
                        S[row][...] = values
                progress(len(block))
        if signals.n_times:
            return signals.as_given(
                S.reshape(signals.n_samples, signals.n_channels, n_paths, *n_frames)
            )
        n = signals.n_channels
        return signals.as_given([np.stack(S[i : i + n]) for i in range(0, n_rows, n)])

    @property
    def specification_(self) -> Specification:
        """Everything that features depend on, as one frozen, hashable value."""
        check_is_fitted(self)
        return self._spec

    @property
    def J_(self) -> int:
        """Scale in use."""
        return self.specification_.settings.J

    @property
    def Q_(self) -> tuple[int, int]:
        """Wavelets per octave in use, at order 1 and 2."""
        return self.specification_.settings.Q

    @property
    def T_(self) -> float:
        """Averaging scale in use, in samples."""
        return self.specification_.settings.T

    @property
    def stride_(self) -> int:
        """Samples between frames."""
        return self.specification_.settings.stride

    @property
    def sampling_rate_(self) -> float | None:
        """Sampling rate in use, in Hz. May be None."""
        return self.specification_.sampling_rate

    @property
    def n_times_(self) -> int | None:
        """Length of a signal in samples. None if lengths may differ."""
        return self.specification_.n_times

    @property
    def n_channels_(self) -> int:
        """Channels of a signal."""
        return self.specification_.n_channels

    @property
    def n_frames_(self) -> int | None:
        """Frames of a signal. None if lengths may differ."""
        spec = self.specification_
        return None if spec.n_times is None else lay_out(spec.settings, spec.n_times).n_frames

    @property
    def paths_(self) -> NDArray[np.void]:
        """Table of the paths, one row each, in the order of the coefficients.

        A structured array of shape (n_paths,), which ``pandas.DataFrame`` accepts. Fields:
        ``order``; ``n1``, ``n2``, indices of the wavelets, and ``j1``, ``j2``, their octaves (-1 if
        a path does not have the wavelet); ``xi1``, ``xi2``, their centre frequencies, and
        ``sigma1``, ``sigma2``, their bandwidths, in cycles per sample (NaN if a path does not have
        the wavelet).
        """
        return paths_of(self.specification_.settings)

    @property
    def features_(self) -> NDArray[np.void]:
        """Table of the features, one row each, in the order of the columns of `transform`.

        A structured array of shape (n_features,), which ``pandas.DataFrame`` accepts. Fields:
        ``name``; ``channel`` (-1 if channels are pooled); ``path``, a row of `paths_`; ``order``;
        ``carrier`` and ``modulation``, the centre frequencies of the first and the second wavelet,
        in Hz with a `sampling_rate`, else in cycles per sample (NaN if a path does not have the
        wavelet); ``segment`` and ``statistic`` (-1 and empty without pooling); ``frame`` (-1 with
        pooling).
        """
        spec = self.specification_
        paths = paths_of(spec.settings)
        return feature_table(self._prefixes(), paths, self._path_features(), spec.sampling_rate)

    def paths_frame(self) -> Any:
        """Return the table of the paths as a data frame, in Hz with a `sampling_rate`.

        Returns
        -------
        paths : pandas.DataFrame of shape (n_paths, 9)
            Indexed by the names of the paths. Columns: ``order``; ``n1`` and ``n2``, ``j1`` and
            ``j2``, as in `paths_`; ``carrier`` and ``carrier_bandwidth``, ``modulation`` and
            ``modulation_bandwidth``, the centre and the bandwidth (the standard deviation of the
            Gaussian) of the first and the second wavelet, in Hz with a `sampling_rate`, else in
            cycles per sample (NaN if a path does not have the wavelet).

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ImportError
            If pandas is not installed.
        """
        paths, sampling_rate = self.paths_, self.sampling_rate_
        pd = import_optional("pandas", None, "paths_frame()")
        rate = units_for(sampling_rate).rate
        frame = pd.DataFrame(paths[["order", "n1", "n2", "j1", "j2"]])
        frame.index = pd.Index(path_names(paths, sampling_rate), name="path")
        for field, column in FREQUENCIES.items():
            frame[column] = paths[field] * rate
        for field in paths.dtype.names or ():
            if field not in (PATH_DTYPE.names or ()):
                frame[field] = paths[field]
        return frame

    def frame_times(self, n_times: int | None = None) -> NDArray[np.float64]:
        """Return the times of a signal's frames, counted from its first sample.

        Parameters
        ----------
        n_times : int or None, default=None
            Length of the signal in samples. None means the length seen by `fit`.

        Returns
        -------
        times : ndarray of shape (n_frames,)
            Centres of the averages: in seconds with a `sampling_rate`, else in samples.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        TypeError, ValueError
            If `n_times` is not a length that signals may have, or is None although lengths differ.
        """
        spec = self.specification_
        if n_times is None:
            if spec.n_times is None:
                raise ValueError(
                    f"n_times=None, but {type(self).__name__} was fitted on signals whose lengths "
                    "may differ. Accepted: the length of a signal."
                )
            n_times = spec.n_times
        least = 1 if spec.extends_short else spec.settings.min_times
        n_times = check_integer("n_times", n_times, minimum=least, maximum=MAX_TIMES)
        layout = lay_out(spec.settings, max(n_times, spec.settings.min_times))
        samples = layout.first_time + spec.settings.stride * np.arange(layout.n_frames, dtype=float)
        return samples / units_for(spec.sampling_rate).rate

    def active_parts(self, X: ArrayLike) -> NDArray[np.float64]:
        """Find the part of each signal that features are made of.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times), or list \
of arrays of shape (length,) or (n_channels, length)
            Signals that `transform` accepts, except dask arrays.

        Returns
        -------
        parts : ndarray of shape (n_samples, 2)
            Start and end of each part, counted from the first sample: in seconds with a
            `sampling_rate`, else in samples. The whole signal unless `trim` is set and features
            are pooled.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        TypeError
            If `X` is a dask array.
        ValueError
            If the signals are not as `transform` accepts them.
        """
        check_is_fitted(self)
        if is_dask(X):
            raise TypeError("X is a dask array. Accepted: signals in memory, such as X.compute().")
        signals, spec = self._validate(X, "active_parts"), self._spec
        lengths = signals.row_lengths[:: signals.n_channels].astype(float)
        parts = np.stack([np.zeros(len(lengths)), lengths], axis=-1)
        if spec.trims:
            frames = self._active_frames(signals)[:: signals.n_channels]
            stride = spec.settings.stride
            for part, (first, after) in zip(parts, frames.tolist(), strict=True):
                layout = lay_out(spec.settings, int(part[1]))
                start = layout.first_time + stride * (first - 0.5)
                part[0] = max(start, 0) if first else 0
                if after < layout.n_frames:
                    part[1] = min(start + stride * (after - first), part[1])
        return np.asarray(signals.as_given(parts / units_for(spec.sampling_rate).rate))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Name the features by path, segment and statistic, such as ``S1_440Hz_seg0_mean``.

        With several channels, a name begins with the channel, such as ``ch0_``, or with the
        statistic over channels, such as ``chmean_``.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input's columns. Only checked: features do not correspond to columns.

        Returns
        -------
        names : ndarray of str
            Names of the features, in order. Without a `sampling_rate`, ``n7`` stands for the
            wavelet of index 7. Without pooling, ``frame3`` stands for the frame of index 3.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError
            If `input_features` does not fit the input seen by `fit`.
        """
        check_is_fitted(self)
        if input_features is not None and hasattr(self, "n_features_in_"):
            given = np.asarray(input_features, dtype=object)
            if len(given) != self.n_features_in_:
                raise ValueError(
                    "input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(given)}"
                )
            seen = getattr(self, "feature_names_in_", None)
            if seen is not None and not np.array_equal(seen, given):
                raise ValueError("input_features is not equal to feature_names_in_")
        return self.features_["name"].astype(object)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state, in plain types."""
        state = super().__getstate__()
        if "_spec" in state:
            state["_spec"] = self._spec.as_state()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a state."""
        super().__setstate__(state)
        if "_spec" in state:
            self._spec = Specification.from_state(state["_spec"])

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` has made a specification."""
        return hasattr(self, "_spec")

    def __sklearn_tags__(self) -> Any:
        """Return tags: float32 stays float32, and tensors stay tensors."""
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    _batch_options = BatchOptions()

    def _copy_for_batches(self, stop: threading.Event | None = None) -> Self:
        """Return a copy that accepts empty batches, and is unaffected by later changes."""
        fixed = copy.deepcopy(self)
        fixed._batch_options = BatchOptions(min_signals=0, stop=stop)
        return fixed

    def _copy_for_chunks(self) -> Self:
        """Return a copy for chunks of a dask array, which are arrays without column names."""
        fixed = self._copy_for_batches().set_output(transform="default")
        vars(fixed).pop("feature_names_in_", None)  # missing names have been warned of already
        return fixed

    def _check_parameters(self) -> None:
        """Refuse bad values of the parameters that do not depend on the signals."""
        check_pooling(self.pooling)
        check_pooling(self.channel_pooling, "channel_pooling")
        check_integer("n_segments", self.n_segments, minimum=1)
        if self.trim is not None:
            check_real("trim", self.trim, minimum=0, exclusive=True)
        check_choice("input_scaling", self.input_scaling, INPUT_SCALINGS)
        if self.sampling_rate is not None:
            check_sampling_rate(self.sampling_rate)
        self._check_work_parameters()

    def _check_work_parameters(self) -> None:
        """Refuse bad values of the parameters that only affect how features are computed."""
        if self.batch_size is not None:
            check_integer("batch_size", self.batch_size, minimum=1)
        check_backend(self.backend, self.device)
        check_n_jobs(self.n_jobs)
        check_memory(self.memory)
        if not isinstance(self.verbose, bool | np.bool_):
            check_integer("verbose", self.verbose, minimum=0)

    def _specify(self, signals: Signals) -> Specification:
        """Determine everything that features depend on."""
        settings = self._resolve(signals)
        self._check_backend(settings)
        extends_short = self.J is None
        least = settings.min_times if extends_short else 1
        largest = max(int(signals.lengths.min()), least, ALWAYS_ACCEPTED_SEGMENTS)
        if self.n_segments > largest:
            raise ValueError(
                f"n_segments={self.n_segments!r} is far more than the samples of the shortest "
                f"signal. Accepted: 1 to {largest}."
            )
        pooling = check_pooling(self.pooling)
        return Specification(
            settings=settings,
            input_scaling=check_choice("input_scaling", self.input_scaling, INPUT_SCALINGS),
            logarithm=self._logarithm(signals),
            pooling=pooling,
            n_segments=int(self.n_segments),
            trim=None if self.trim is None else float(self.trim),
            channel_pooling=check_pooling(self.channel_pooling, "channel_pooling"),
            sampling_rate=None if self.sampling_rate is None else float(self.sampling_rate),
            n_channels=signals.n_channels,
            n_times=signals.n_times if pooling else _common_length(signals, least),
            extends_short=extends_short,
            library=signals.library,
        )

    def _resolve(self, signals: Signals) -> Settings:
        """Determine the settings of the coefficients."""
        return resolve(
            signals.lengths,
            J=self.J,
            Q=self.Q,
            T=self.T,
            max_order=self.max_order,
            stride=self.stride,
            include_order0=self.include_order0,
            filter_gain=self.filter_gain,
            padding=self.padding,
            subsampling=self.subsampling,
        )

    def _check_backend(self, settings: Settings) -> None:
        """Refuse a backend that cannot compute with these settings."""
        check_backend(
            self.backend,
            self.device,
            padding=settings.padding,
            subsampling=settings.subsampling,
            is_joint=settings.joint is not None,
        )

    def _logarithm(self, signals: Signals) -> Logarithm | None:
        return None

    def _warn_of_scale(self, settings: Settings, signals: Signals) -> None:
        """Warn of a scale that is too small for the wavelets or too large for the signals."""
        shortest = int(signals.lengths.min())
        J = smallest_J(settings.Q[0])
        if J > settings.J and (self.J is not None or shortest >= 2**J):
            warn_once(
                f"J={settings.J} leaves no room for Q={settings.Q[0]} wavelets per octave: they "
                f"crowd at low frequencies and leave the rest uncovered. Use J={J} or more, or a "
                "smaller Q."
            )
        chosen = self.J is not None or self.T is not None
        if chosen and settings.padding != "periodic" and has_border_effects(settings, shortest):
            warn_once(
                f"Signal support is too small to avoid border effects: T={settings.T} averages "
                f"over more than the {shortest} samples of the shortest signal, and includes "
                "padding. Use a smaller T (by default 2**J), or longer signals."
            )

    def _validate(self, X: ArrayLike, method: str) -> Signals:
        """Check signals against the fit."""
        self._check_work_parameters()
        spec = self._spec
        settings = spec.settings
        self._check_backend(settings)
        expected = Expected(
            n_channels=spec.n_channels,
            n_times=spec.n_times,
            min_times=settings.min_times,
            extends_short=spec.extends_short,
            library=spec.library,
            scales=f"J={settings.J}, T={settings.T} and stride={settings.stride}",
        )
        signals = check_signals(
            X,
            estimator=self,
            expected=expected,
            method=method,
            min_signals=self._batch_options.min_signals,
        )
        return extend_short(signals, settings.min_times, settings.padding)

    def _run(self, signals: Signals, features: Features) -> Run:
        tensors = None if signals.from_numpy else signals.block(range(0))
        return Run(
            signals,
            self._spec.settings,
            features,
            choose_device(self.backend, self.device, tensors),
            input_scaling=self._spec.input_scaling,
            n_jobs=self.n_jobs,
            batch_size=self.batch_size,
            working_memory=int(get_config()["working_memory"] * 2**20),
            stop=self._batch_options.stop,
        )

    def _result_namespace(self, signals: Signals) -> Namespace:
        """Return the array operations for results, which are on the device of the signals."""
        device = NUMPY if signals.from_numpy else device_of(signals.block(range(0)))
        return namespace_on(device, precision_of(signals).name)

    def _progress(self, run: Run, n_rows: int) -> AbstractContextManager[Callable[[int], object]]:
        title = f"{type(self).__name__} ({run.computed_by})" if self.verbose else ""
        return progress_bar(n_rows, title, shown=bool(self.verbose))

    def _sk_visual_block_(self) -> SimpleNamespace:
        """Describe the estimator for scikit-learn's diagrams, with what computes on this machine.

        scikit-learn shows the name of the class if this fails. Its own class for such descriptions
        is in other modules in other versions.
        """
        device = choose_device(self.backend, self.device)
        if n_times := getattr(self, "n_times_", None):
            settings = self._spec.settings
            device = device_for(settings, lay_out(settings, n_times).grid, device)
        return SimpleNamespace(
            kind="single",
            estimators=self,
            names=f"{type(self).__name__} ({device})",
            name_details=str(self),
            name_caption=None,
            doc_link_label=None,
        )

    def _blocks_with_store(
        self, store: RowStore, signals: Signals, run: Run, features: Features
    ) -> Generator[tuple[Rows, Array], None, None]:
        """Yield rows and their features, from coefficients that are stored or computed.

        The store keeps coefficients at every frame, which features of any pooling share.
        """
        spec, dtype, n_paths = self._spec, precision_of(signals), len(self.paths_)
        # kymatio samples more finely at fine strides, and then differs by more than rounding.
        parameters = {**spec.row_parameters(), "kymatio": self.backend in KYMATIO_BACKENDS}
        filled = fill(
            store,
            row_keys(signals, key_context(parameters, dtype, NUMERICS)),
            [(n_paths, lay_out(spec.settings, n).n_frames) for n in signals.row_lengths.tolist()],
            dtype,
            run.blocks,
            block_multiple=run.rows_at_once,
        )
        xp = self._result_namespace(signals)
        with closing(filled) as blocks:
            for rows, S in blocks:
                with floating_point():
                    values = features(xp, S, rows)
                yield rows, values

    def _active_frames(self, signals: Signals) -> NDArray[np.intp]:
        """Find the frames of the active part of each row, and the one after the last."""
        spec, xp = self._spec, self._result_namespace(signals)
        assert spec.trim is not None
        with floating_point(), xp.working(from_numpy=False):
            return active_frames(xp, signals, spec.settings, spec.trim, spec.n_segments)

    def _prefixes(self) -> list[tuple[str, int]]:
        """Prefixes of the names of features, in order, with their channels."""
        return channel_prefixes(self._spec.n_channels, self._spec.channel_pooling)

    def _path_features(self) -> list[PathFeature]:
        """The features of a path, in order."""
        return path_features(self._spec.n_segments, self._spec.pooling, self.n_frames_ or 0)


@public
@share_descriptions
class LogScattering1D(Scattering1D):
    """Logarithm of the wavelet scattering coefficients of signals, pooled over time.

    The logarithm turns the product of a source and its transmission (a voice and a microphone, a
    bearing and its housing) into a sum, and gives faint bands the same weight as loud ones. A
    linear classifier is then often sufficient.

    Parameters
    ----------
    {J} {Q} {T} {max_order} {stride}
    include_order0 : bool, default=True
        Whether to keep the average of the signal itself. It has a sign, so the logarithm is that of
        its magnitude.
    {filter_gain}
    log_eps : float or "relative", default="relative"
        Added to the coefficients before the logarithm. Coefficients far below it count as silence.
        ``"relative"``: a tenth of the mean coefficient of each order of each channel of each
        signal. Signals may then have any unit: a factor adds a constant to all of their features
        (see Notes).
    log_stage : {"frames", "pooled"}, default="frames"
        ``"frames"``: the logarithm of each frame, then pooling; ``"pooled"``: pooling, then the
        logarithm.
    {pooling} {n_segments} {trim} {channel_pooling} {input_scaling} {padding} {sampling_rate}
    {subsampling} {backend} {device} {batch_size} {n_jobs} {memory} {verbose}

    Attributes
    ----------
    {specification_} {J_} {Q_} {T_} {stride_} {sampling_rate_} {n_times_} {n_channels_} {n_frames_}
    {n_features_in_} {feature_names_in_}

    See Also
    --------
    Scattering1D : The coefficients themselves.

    Notes
    -----
    With ``log_eps="relative"``, a coefficient S becomes ``log(abs(S) + 0.1 * level)``. The level of
    an order is the mean magnitude of its coefficients over paths and frames, plus a thousandth of
    that of order 1. It is measured for each channel, over the frames that are pooled. A signal
    times `c` has the features of the signal plus ``log(abs(c))``, except for the ``"std"`` of
    logarithms, which does not change. Features depend on the signal alone, with one exception:
    silence has no level of its own. `fit` measures the root mean square of a typical training
    signal about its mean, or takes 1 with `input_scaling`. A channel is silent if its mean
    coefficient of order 1 is at most 1e-12 of this. 1e-4 of it is the level of silence.

    See `Scattering1D` for the definition of the active part, with `trim`.

    The setting of kymatio's spoken digit example is ``LogScattering1D(J=8, Q=12,
    include_order0=False, log_eps=1e-6, n_segments=1, filter_gain="kymatio-0.3")``. See
    `Scattering1D` for the definition of the coefficients, and [1]_ for the reasons for the
    logarithm.

    References
    ----------
    .. [1] J. Andén and S. Mallat, "Deep Scattering Spectrum", IEEE Transactions on Signal
       Processing 62(16), 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skscatter import LogScattering1D
    >>> rng = np.random.default_rng(0)
    >>> t = np.arange(1024) / 1000
    >>> y = np.repeat([0, 1], 20)
    >>> X = np.sin(2 * np.pi * np.where(y, 100, 90)[:, np.newaxis] * t)
    >>> X += rng.standard_normal(X.shape)
    >>> pipe = make_pipeline(LogScattering1D(), StandardScaler(), LogisticRegression())
    >>> pipe.fit(X[::2], y[::2]).score(X[1::2], y[1::2])
    1.0
    """

    def __init__(
        self,
        *,
        J: int | None = None,
        Q: int | tuple[int, int] = (2, 2),
        T: float | None = None,
        max_order: int = 2,
        stride: int | None = None,
        include_order0: bool = True,
        filter_gain: str = "unit",
        log_eps: float | str = "relative",
        log_stage: str = "frames",
        pooling: str | tuple[str, ...] | None = "mean",
        n_segments: int = 4,
        trim: float | None = None,
        channel_pooling: str | tuple[str, ...] | None = None,
        input_scaling: str | None = None,
        padding: str = "reflect",
        sampling_rate: float | None = None,
        subsampling: str = "standard",
        backend: str = "auto",
        device: str = "auto",
        batch_size: int | None = None,
        n_jobs: int | None = None,
        memory: Memory = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            J=J,
            Q=Q,
            T=T,
            max_order=max_order,
            stride=stride,
            include_order0=include_order0,
            filter_gain=filter_gain,
            pooling=pooling,
            n_segments=n_segments,
            trim=trim,
            channel_pooling=channel_pooling,
            input_scaling=input_scaling,
            padding=padding,
            sampling_rate=sampling_rate,
            subsampling=subsampling,
            backend=backend,
            device=device,
            batch_size=batch_size,
            n_jobs=n_jobs,
            memory=memory,
            verbose=verbose,
        )
        self.log_eps = log_eps
        self.log_stage = log_stage

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if isinstance(self.log_eps, str):
            check_choice("log_eps", self.log_eps, (RELATIVE,))
        else:
            check_real("log_eps", self.log_eps, minimum=0, exclusive=True)
        check_choice("log_stage", self.log_stage, LOG_STAGES)

    def _logarithm(self, signals: Signals) -> Logarithm:
        if isinstance(self.log_eps, str):
            level = 1.0 if self.input_scaling else self._typical_level(signals)
            return Logarithm.relative_to_signals(str(self.log_stage), level)
        eps = float(self.log_eps)
        self._warn_of_eps(eps, signals)
        return Logarithm(eps, str(self.log_stage))

    def _warn_of_eps(self, eps: float, signals: Signals) -> None:
        """Warn of an `eps` beside which all coefficients vanish."""
        level = 1.0 if self.input_scaling else self._typical_level(signals)
        if 0 < level < LOST_IN_EPS * eps:
            warn_once(
                f"log_eps={eps:g} is more than a thousand times the level of the signals (their "
                f"root mean square is {level:.2g}), so that all features are close to "
                f"{math.log(eps):.4g}. Set log_eps='relative', or to {level / 1000:.0e} or so."
            )

    def _typical_level(self, signals: Signals) -> float:
        xp = self._result_namespace(signals)
        with floating_point(), xp.working(from_numpy=False):
            return typical_level(xp, signals)


def _coefficients(xp: Namespace, S: Array, rows: Rows) -> Array:
    """Return coefficients as they are."""
    return S


def _common_length(signals: Signals, least: int) -> int:
    """Return the length that all signals have, where every frame becomes a feature.

    Raises
    ------
    ValueError
        If lengths differ.
    """
    lengths = np.maximum(signals.lengths, least)
    if np.ptp(lengths):
        raise ValueError(
            "pooling=None makes features of every frame, and needs signals of one length, but "
            f"these have {signals.lengths.min()} to {signals.lengths.max()} samples. Accepted: a "
            "pooling such as 'mean', or signals of one length. scatter() returns the frames of "
            "signals of any length."
        )
    return int(lengths[0])
