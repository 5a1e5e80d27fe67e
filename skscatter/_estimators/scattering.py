"""The scikit-learn transformers: validate, scatter, pool."""

import copy
import math
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skscatter._backends.choice import (
    NUMPY,
    Device,
    check_backend,
    choose_device,
    device_of,
    namespace_on,
)
from skscatter._backends.engines import Engine, get_engine
from skscatter._cache.memory import Memory, check_memory, context_of, recall
from skscatter._cache.store import RowStore
from skscatter._common.parameters import (
    MOST_TIMES,
    check_choice,
    check_integer,
    check_real,
)
from skscatter._estimators.feature_table import PathFeature, channel_prefixes, feature_table, parts
from skscatter._estimators.saving import Saved
from skscatter._execution.parallel import (
    Work,
    check_n_jobs,
    count_threads,
    for_each_block,
    in_smaller_blocks,
)
from skscatter._execution.streams import check_batches, read_ahead
from skscatter._scattering.amplitude import INPUT_SCALINGS, to_unit_magnitude
from skscatter._scattering.filters import smallest_J
from skscatter._scattering.layout import Groups, lay_out
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.paths import path_names, paths_of
from skscatter._scattering.pooling import check_pooling, pool
from skscatter._scattering.settings import Settings, resolve
from skscatter._signals.containers import unwrap_batch
from skscatter._signals.dask_arrays import is_dask, map_chunks, refuse_data_frames
from skscatter._signals.rows import Rows, Signals, as_index, group_by_grid, group_by_length
from skscatter._signals.validation import Expected, check_signals

LOG_STAGES = ("frames", "pooled")

FREQUENCIES = {
    "xi1": "carrier",
    "sigma1": "carrier_bandwidth",
    "xi2": "modulation",
    "sigma2": "modulation_bandwidth",
}


class Scattering1D(Saved, TransformerMixin, BaseEstimator):
    """Wavelet scattering coefficients of signals, pooled over time.

    A signal is split into frequency bands by Morlet wavelets (order 1: how much energy each band
    holds), and the envelope of each band is split again (order 2: how fast that energy comes and
    goes). Averaging over `T` samples makes the coefficients stable to shifts and to small
    deformations of the signal. Nothing is learned from the data but the length of the signals.

    Parameters
    ----------
    J : int or None, default=None
        The largest wavelets, and by default the average, have the scale ``2**J`` samples. None
        takes a 32nd of the signal length (J=8 for 8192 samples), but at least 16 samples where
        the signal has them; of several lengths it takes the median.
    Q : int or tuple of (int, int), default=8
        Wavelets per octave at order 1, or at orders 1 and 2. An integer means 1 at order 2.
    T : float or None, default=None
        Averaging scale in samples; shifts far below it hardly change the coefficients. None
        means ``2**J``.
    max_order : {1, 2}, default=2
        Highest order to compute.
    stride : int or None, default=None
        Samples between two frames, a power of two. None means the largest one up to `T`.
    include_order0 : bool, default=False
        Whether to keep the average of the signal itself.
    filter_gain : {"unit", "kymatio-0.3"}, default="unit"
        ``"unit"``: every low-pass has unit gain at zero frequency, so that a sine of given
        amplitude has the same order 1 coefficient at every octave. ``"kymatio-0.3"``: the scale
        of the released kymatio, to reproduce published numbers.
    pooling : {"mean", "max", "median", "std"}, tuple of these, or None, default="mean"
        Statistics over the frames of each segment. None keeps every frame.
    n_segments : int, default=1
        Number of equal parts of each signal's own duration to pool within. A frame that a boundary
        falls into counts in both parts, in proportion. Without pooling it has no effect.
    channel_pooling : {"mean", "max", "median", "std"}, tuple of these, or None, default=None
        Statistics of each feature over the channels of a signal. None keeps the features of every
        channel.
    input_scaling : {None, "max", "rms"}, default=None
        Divide each signal by its largest magnitude, or by its root mean square, first.
    padding : {"reflect", "zero", "periodic"}, default="reflect"
        How a signal goes on past its ends.
    sampling_rate : float or None, default=None
        In Hz. Used for names and tables only: with it, features are named by frequency.
    engine : {"fused", "kymatio"}, default="fused"
        ``"fused"``: this library's own cascade. ``"kymatio"``: kymatio's own front ends, many
        times slower, to compare with. Both give the same numbers to rounding at the default
        stride; at finer strides kymatio also samples between the orders more finely, and the
        two differ by aliasing.
    backend : {"auto", "numpy", "numba", "torch"}, default="auto"
        What computes. ``"auto"`` takes PyTorch where it is installed and sees a CUDA device, or
        where `device` asks for it, else NumPy. ``"numba"`` compiles the cascade for this
        machine's CPU, which is faster for signals in numbers (see Notes). Arrays of PyTorch are
        computed by PyTorch where they are, whatever this says.
    device : str, default="auto"
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"`` or another device of PyTorch. ``"auto"``
        takes a CUDA device where there is one, else the CPU. The choice is made whenever signals
        are transformed, and is not saved with a model.
    subsampling : {"standard", "critical"}, default="standard"
        Sampling rates between the orders. ``"standard"``: those of kymatio. ``"critical"``: half of
        them, in about half the time. Against a transform that subsamples nothing, on spoken
        digits (J=8, Q=12), order 1 differs by 3e-6 and order 2 by 1.3e-4 with ``"standard"``,
        by 2e-5 and 7e-4 with ``"critical"`` (relative; ``benchmarks/aliasing.py``).
    batch_size : int or None, default=None
        Signals to hold in work space at a time. None takes as many as fit in scikit-learn's
        ``working_memory`` (see :func:`sklearn.set_config`), or in the free memory of a CUDA
        device, where a block that proves too large is halved.
    n_jobs : int or None, default=None
        Threads, in joblib's meaning: None is 1 unless in a :func:`joblib.parallel_config`
        context, -1 is all cores. PyTorch has its own threads and takes no notice.
    memory : str, path-like, RowStore or None, default=None
        Where to keep the features of each signal, so that no fold of a search and no later run
        computes them again: a folder, a file, or a `RowStore`. Any number of processes may share
        it. Used by `transform` for signals in the host's memory; tensors of PyTorch are always
        computed.
    verbose : int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    J_ : int
        Scale in use.
    Q_ : tuple of (int, int)
        Wavelets per octave in use.
    T_ : float
        Averaging scale in use, in samples.
    stride_ : int
        Samples between frames.
    n_times_ : int or None
        Length of a signal in samples; None after a list, whose signals have their own.
    n_channels_ : int
        Channels of a signal.
    n_frames_ : int or None
        Frames of a signal; None where signals have their own lengths.
    n_features_in_ : int
        Length of a signal in samples, where `fit` got an array of shape (n_samples, n_times).
    feature_names_in_ : ndarray of str
        Names of the columns, where the signals came as a data frame that has them.

    See Also
    --------
    LogScattering1D : The logarithm of these coefficients; what most classifiers want.

    Notes
    -----
    Coefficients are ``S1 = |x * psi1| * phi`` and ``S2 = ||x * psi1| * psi2| * phi`` [1]_, with
    the filters of kymatio [2]_. Output is float32 for float32 input and float64 for any other,
    and computed in that precision, on every device.

    With ``sklearn.set_config(array_api_dispatch=True)``, tensors of PyTorch give tensors on the
    same device, which they do not leave. A dask array gives a dask array, computed chunk by chunk
    wherever dask computes it.

    With ``backend="numba"`` eight signals of one length, or several paths of fewer, are computed
    together. The first call on a machine compiles for some seconds; later processes find the
    machine code. Signals of more than about 130,000 samples are left to NumPy.

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
    (10, 125)
    >>> scattering.scatter(X).shape
    (10, 1, 125, 16)
    """

    _min_signals = 1  # fewest that `transform` and `scatter` take

    def __init__(
        self,
        J: int | None = None,
        Q: int | tuple[int, int] = 8,
        T: float | None = None,
        *,
        max_order: int = 2,
        stride: int | None = None,
        include_order0: bool = False,
        filter_gain: str = "unit",
        pooling: str | tuple[str, ...] | None = "mean",
        n_segments: int = 1,
        channel_pooling: str | tuple[str, ...] | None = None,
        input_scaling: str | None = None,
        padding: str = "reflect",
        sampling_rate: float | None = None,
        engine: str = "fused",
        backend: str = "auto",
        device: str = "auto",
        subsampling: str = "standard",
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
        self.channel_pooling = channel_pooling
        self.input_scaling = input_scaling
        self.padding = padding
        self.sampling_rate = sampling_rate
        self.engine = engine
        self.backend = backend
        self.device = device
        self.subsampling = subsampling
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Check the parameters against the signals and settle what they leave open.

        Parameters
        ----------
        X : array-like or dask array of shape (n_samples, n_times) or (n_samples, n_channels, \
n_times), or list of arrays of shape (length,) or (n_channels, length)
            Signals of real, finite numbers. In a list, a tuple or an array of objects each signal
            may have its own length. Of a dask array, shape and type are looked at, and nothing is
            computed.
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
        signals = check_signals(X, estimator=self)
        settings = resolve(
            signals.lengths,
            J=self.J,
            Q=self.Q,
            T=self.T,
            max_order=self.max_order,
            stride=self.stride,
            include_order0=self.include_order0,
            filter_gain=self.filter_gain,
            padding=self.padding,
            engine=self.engine,
            subsampling=self.subsampling,
        )
        shortest = int(signals.lengths.min())
        if self.n_segments > shortest:
            raise ValueError(
                f"n_segments={self.n_segments!r} is more than the samples of the shortest signal. "
                f"Accepted: 1 to {shortest}."
            )
        self._warn_without_room(settings, shortest)
        self._settings = settings
        self._library = signals.library
        self.n_channels_ = signals.n_channels
        self.n_times_ = self._common_length(signals)
        self.J_ = settings.J
        self.Q_ = settings.Q
        self.T_ = settings.T
        self.stride_ = settings.stride
        self.n_frames_ = None
        if self.n_times_ is not None:
            self.n_frames_ = lay_out(settings, self.n_times_).n_frames
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Compute the features of signals.

        Parameters
        ----------
        X : array-like or dask array of shape (n_samples, n_times) or (n_samples, n_channels, \
n_times), or list of arrays of shape (length,) or (n_channels, length)
            Signals with as many channels as those seen by `fit`. They must be as long, too, if
            `fit` saw an array or there is no pooling.

        Returns
        -------
        features : array of shape (n_samples, n_features)
            With ``n_features = n_channels * n_paths * n_segments * n_statistics``, or ``n_channels
            * n_paths * n_frames`` without pooling; pooled channels count as one for each statistic.
            float32 for float32 signals, else float64. A dask array for a dask array, in the same
            chunks of signals, which are checked when they are computed.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError
            If the signals are not finite real numbers, or have other lengths or channels than
            described; if chunks of a dask array cut signals, or `set_output` asks for data
            frames of it.
        ImportError, RuntimeError
            If `backend` or `device` ask for what this machine does not have.
        """
        signals = check_signals(
            X,
            estimator=self,
            expected=self._expected(),
            method="transform",
            min_signals=self._min_signals,
        )
        dtype, width = _output_dtype(signals), len(self.paths_) * len(self._parts())
        if is_dask(X):
            refuse_data_frames(self)
            n_features = width * len(self._prefixes())
            return map_chunks(self._for_chunks().transform, X, (n_features,), dtype)
        device = self._device_for(signals)
        home = namespace_on(NUMPY if signals.from_numpy else device, dtype.name)
        features = home.empty((len(signals.row_lengths), width))
        self._map(
            lambda xp, S: self._pool(xp, S).reshape(-1, width),
            signals,
            features,
            device=device,
            store=check_memory(self.memory),
        )
        features = features.reshape(signals.n_samples, signals.n_channels, width)
        return signals.as_given(self._join_channels(home, features))

    def transform_batches(self, batches: Iterable[ArrayLike]) -> Generator[Array, None, None]:
        """Compute the features of signals that come in batches, reading the next meanwhile.

        For data that does not fit in memory: no more than two batches are there at a time, the
        one that is computed and the next. Memory maps need no batches for that, `transform` takes
        them as they are, but the features then come all at once.

        Parameters
        ----------
        batches : iterable of what `transform` takes
            Such as a generator, or a data loader of PyTorch, whose batches may be lists of one
            array. Batches may differ in size and in kind; those without signals have no features,
            in the same number of columns. The source is read in the thread that asks for features,
            so that database cursors can be used, and one batch ahead of them.

        Returns
        -------
        features : generator of array of shape (n_samples, n_features)
            What `transform` returns for each batch, in their order. Closing it, which the end of
            a ``for`` loop does, however it ends, if nothing else refers to the generator, stops
            the work and closes `batches` if that is a generator.

        Raises
        ------
        NotFittedError
            If `fit` was not called. This is raised at once, all else when it is met.
        TypeError
            If `batches` is not iterable, or is one array. Also raised at once.
        ValueError, ImportError, RuntimeError
            As in `transform`, with a note that says which batch it was, after the features of the
            batches before. What `batches` raises comes through in the same device.

        Notes
        -----
        Features of a batch are given out when the next batch has been read. Where that takes long
        because it does not exist yet, as in a live recording, call `transform` instead.

        Examples
        --------
        >>> import numpy as np
        >>> from skscatter import LogScattering1D
        >>> X = np.random.default_rng(0).standard_normal((2500, 512))
        >>> batches = (X[i : i + 1000] for i in range(0, len(X), 1000))
        >>> transformer = LogScattering1D().fit(X[:1])
        >>> [features.shape for features in transformer.transform_batches(batches)]
        [(1000, 49), (1000, 49), (500, 49)]
        """
        check_is_fitted(self)
        return read_ahead(
            self._for_parts().transform,
            check_batches(batches),
            prepare=partial(unwrap_batch, n_channels=self.n_channels_),
        )

    def scatter(self, X: ArrayLike) -> Any:
        """Compute the coefficients at every frame: no logarithm, no pooling.

        Parameters
        ----------
        X : array-like or dask array of shape (n_samples, n_times) or (n_samples, n_channels, \
n_times), or list of arrays of shape (length,) or (n_channels, length)
            Signals with as many channels as those seen by `fit`. They must be as long, too, if
            `fit` saw an array or there is no pooling.

        Returns
        -------
        S : array of shape (n_samples, n_channels, n_paths, n_frames), or list
            One channel for signals without any. Paths in the order of `paths_`, frames at
            `frame_times`. For a list, tuple or array of objects, a list of arrays of shape
            (n_channels, n_paths, n_frames) with the frames of each signal.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError, ImportError, RuntimeError
            As in `transform`.
        """
        signals = check_signals(
            X,
            estimator=self,
            expected=self._expected(),
            method="scatter",
            min_signals=self._min_signals,
        )
        dtype, n_paths = _output_dtype(signals), len(self.paths_)
        n_frames = [
            lay_out(self._settings, n).n_frames
            for n in ([signals.n_times] if signals.n_times else signals.row_lengths.tolist())
        ]
        if is_dask(X):
            shape = (signals.n_channels, n_paths, *n_frames)
            return map_chunks(self._for_chunks().scatter, X, shape, dtype)
        device = self._device_for(signals)
        home = namespace_on(NUMPY if signals.from_numpy else device, dtype.name)
        if signals.n_times:
            S = home.empty((len(signals.row_lengths), n_paths, *n_frames))
        else:
            S = [home.empty((n_paths, n)) for n in n_frames]
        self._map(lambda xp, S: S, signals, S, device=device)
        if signals.n_times:
            S = S.reshape(signals.n_samples, signals.n_channels, n_paths, *n_frames)
        else:
            S = [
                np.stack(S[i : i + signals.n_channels])
                for i in range(0, len(S), signals.n_channels)
            ]
        return signals.as_given(S)

    @property
    def paths_(self) -> NDArray[np.void]:
        """Table of the paths, one row each, in the order of the coefficients.

        A structured array of shape (n_paths,), which ``pandas.DataFrame`` takes as it is. Fields:
        ``order``; ``n1``, ``n2``, indices of the wavelets, and ``j1``, ``j2``, their octaves (-1
        where a path has none); ``xi1``, ``xi2``, their centre frequencies, and ``sigma1``,
        ``sigma2``, their bandwidths, in cycles per sample (NaN where a path has none).
        """
        check_is_fitted(self)
        return paths_of(self._settings)

    @property
    def features_(self) -> NDArray[np.void]:
        """Table of the features, one row each, in their order.

        A structured array of shape (n_features,), which ``pandas.DataFrame`` takes as it is.
        Fields: ``name``; ``channel`` (-1 where channels are pooled); ``path``, a row of `paths_`;
        ``order``; ``carrier`` and ``modulation``, the centre frequencies of the first and the
        second wavelet, in Hz with a `sampling_rate`, else in cycles per sample (NaN where a path
        has none); ``segment`` and ``statistic`` (-1 and empty without pooling); ``frame`` (-1 with
        pooling).
        """
        check_is_fitted(self)
        return feature_table(self._prefixes(), self.paths_, self._parts(), self.sampling_rate)

    def paths_frame(self) -> Any:
        """Return the table of the paths as a data frame, in Hz with a `sampling_rate`.

        Returns
        -------
        paths : pandas.DataFrame of shape (n_paths, 9)
            Indexed by the names of the paths. Columns: ``order``; ``n1`` and ``n2``, ``j1`` and
            ``j2``, as in `paths_`; ``carrier`` and ``carrier_bandwidth``, ``modulation`` and
            ``modulation_bandwidth``, the centre and the bandwidth (the standard deviation of the
            Gaussian) of the first and the second wavelet, in Hz with a `sampling_rate`, else in
            cycles per sample (NaN where a path has none).

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ImportError
            If pandas is not installed.
        """
        paths = self.paths_
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "paths_frame() needs pandas. Install it with: pip install pandas"
            ) from error
        unit = 1.0 if self.sampling_rate is None else self.sampling_rate
        frame = pd.DataFrame(paths[["order", "n1", "n2", "j1", "j2"]])
        frame.index = pd.Index(path_names(paths, self.sampling_rate), name="path")
        for field, column in FREQUENCIES.items():
            frame[column] = paths[field] * unit
        return frame

    def frame_times(self, n_times: int | None = None) -> NDArray[np.float64]:
        """Return where the frames of a signal lie, counted from its first sample.

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
            If `n_times` is no length that signals may have, or None where they have no common one.
        """
        check_is_fitted(self)
        if n_times is None:
            if self.n_times_ is None:
                raise ValueError(
                    f"n_times=None, but {type(self).__name__} was fitted on signals of their own "
                    "lengths. Accepted: the length of a signal."
                )
            n_times = self.n_times_
        n_times = check_integer(
            "n_times", n_times, minimum=self._settings.min_times, maximum=MOST_TIMES
        )
        layout = lay_out(self._settings, n_times)
        first = layout.grid.first_frame - layout.start
        samples = first + self.stride_ * np.arange(layout.n_frames, dtype=float)
        return samples if self.sampling_rate is None else samples / self.sampling_rate

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Name the features by path, segment and statistic, as ``S1_440Hz_seg0_mean``.

        With several channels a name begins with the channel, as ``ch0_``, or with the statistic
        over channels, as ``chmean_``.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input's columns. Only checked, since a feature belongs to no column.

        Returns
        -------
        names : ndarray of str
            Names of the features, in their order. Without a `sampling_rate`, ``n7`` stands for
            the wavelet of index 7; without pooling, ``frame3`` for the frame of index 3.

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
        if "_settings" in state:
            state["_settings"] = asdict(self._settings)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a state on."""
        super().__setstate__(state)
        if "_settings" in state:
            self._settings = Settings(**state["_settings"])

    def __sklearn_tags__(self) -> Any:
        """Say that float32 stays float32, and tensors stay tensors."""
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check_parameters(self) -> None:
        """Refuse bad values of the parameters that do not depend on the signal length."""
        check_pooling(self.pooling)
        check_pooling(self.channel_pooling, "channel_pooling")
        check_integer("n_segments", self.n_segments, minimum=1)
        check_choice("input_scaling", self.input_scaling, INPUT_SCALINGS)
        if self.sampling_rate is not None:
            check_real("sampling_rate", self.sampling_rate, minimum=0, exclusive=True)
        if self.batch_size is not None:
            check_integer("batch_size", self.batch_size, minimum=1)
        check_backend(self.backend, self.device, self.engine)
        check_n_jobs(self.n_jobs)
        check_memory(self.memory)
        if not isinstance(self.verbose, bool):
            check_integer("verbose", self.verbose, minimum=0)

    def _warn_without_room(self, settings: Settings, shortest: int) -> None:
        """Warn of a scale too short for the wavelets asked for, where there is a better one."""
        J = smallest_J(settings.Q[0])
        if J > settings.J and (self.J is not None or shortest >= 2**J):
            warnings.warn(
                f"J={settings.J} leaves no room for Q={settings.Q[0]} wavelets per octave: they "
                f"crowd at low frequencies and leave the rest uncovered. Use J={J} or more, or a "
                "smaller Q.",
                UserWarning,
                stacklevel=3,
            )

    def _common_length(self, signals: Signals) -> int | None:
        """Length that all signals are to have; None where each may have its own.

        Raises
        ------
        ValueError
            If lengths differ and every frame becomes a feature.
        """
        if signals.n_times is not None or self.pooling is not None:
            return signals.n_times
        shortest, longest = int(signals.lengths.min()), int(signals.lengths.max())
        if shortest < longest:
            raise ValueError(
                "pooling=None makes features of every frame, and needs signals of one length, but "
                f"these have {shortest} to {longest} samples. Accepted: a pooling such as 'mean', "
                "or signals of one length; scatter() gives the frames of each."
            )
        return shortest

    def _expected(self) -> Expected:
        """Return what signals must agree with, after checking the parameters."""
        check_is_fitted(self)
        self._check_parameters()
        return Expected(
            n_channels=self.n_channels_,
            n_times=self.n_times_,
            min_times=self._settings.min_times,
            library=self._library,
            scales=f"J={self.J_}, T={self.T_} and stride={self.stride_}",
        )

    def _for_parts(self) -> Self:
        """Return a copy for parts of something larger, which may hold no signals."""
        fixed = copy.deepcopy(self)  # what becomes of this one meanwhile does not matter
        fixed._min_signals = 0
        return fixed

    def _for_chunks(self) -> Self:
        """Return a copy for the chunks of a dask array."""
        fixed = self._for_parts().set_output(transform="default")
        vars(fixed).pop("feature_names_in_", None)  # chunks have no names; the caller was warned
        return fixed

    def _device_for(self, signals: Signals) -> Device:
        """Where signals are computed: where they lie, or where the parameters say."""
        tensors = None if signals.from_numpy else signals.block(range(0))
        return device_of(tensors) or choose_device(self.backend, self.device)

    def _map(
        self,
        function: Callable[[Namespace, Array], Array],
        signals: Signals,
        results: Any,
        *,
        device: Device,
        store: RowStore | None = None,
    ) -> None:
        """Fill `results`, an entry for each row, with `function` of the row's coefficients.

        They are an array where all entries are of one shape, or else a list of arrays. With a
        `store`, `function` must be what `transform` applies: rows are kept under its key.
        """
        dtype, settings = _output_dtype(signals), self._settings
        xp = namespace_on(device, dtype.name)

        def compute(engine: Engine, rows: Rows) -> None:
            groups = group_by_length(settings, signals.row_lengths[as_index(rows)])
            with xp.working(from_numpy=signals.from_numpy):
                S = self._scatter(engine, xp.load(signals.block(rows)), groups)
                for run, layout in groups:
                    result = function(xp, S[run, :, : layout.n_frames])
                    result = xp.to_numpy(result) if signals.from_numpy else result
                    if isinstance(results, list):
                        for row, values in zip(rows[run], result, strict=True):
                            results[row][...] = values
                    else:
                        results[as_index(rows[run])] = result
            signals.release()

        room = xp.free_bytes()
        if room is None:
            room = get_config()["working_memory"] * 2**20
        n_workers = xp.n_workers if signals.from_numpy else 1

        def works(rows: Rows) -> Iterator[Work]:
            """Divide rows by what computes them."""
            groups = group_by_length(settings, signals.row_lengths[as_index(rows)])
            for grid, members in group_by_grid(groups, rows):
                engine = get_engine(settings, grid, dtype.name, device)
                yield Work(
                    in_smaller_blocks(partial(compute, engine), xp.out_of_memory),
                    members,
                    chunk=engine.chunk,
                    at_once=self.batch_size or int(room // engine.bytes_per_signal),
                )

        def compute_in_blocks(rows: Rows, verbose: int) -> None:
            for_each_block(
                list(works(rows)),
                n_jobs=self.n_jobs,
                n_workers=n_workers,
                verbose=verbose,
                description=type(self).__name__,
            )

        everything = range(len(signals.row_lengths))
        if store is None or not signals.from_numpy:
            compute_in_blocks(everything, self.verbose)
        else:
            first = next(works(everything), None)
            recall(
                store,
                signals,
                results,
                lambda rows: compute_in_blocks(np.sort(rows), 0),
                context_of(settings, self._outputs(), dtype),
                block_multiple=(first.chunk if first else 1)
                * (n_workers or count_threads(self.n_jobs)),
                verbose=self.verbose,
                description=type(self).__name__,
            )

    def _scatter(self, engine: Engine, x: Array, groups: Groups) -> Array:
        """Scatter a block of signals to (n_signals, n_paths, n_frames)."""
        x, gain = to_unit_magnitude(engine.xp, x, groups, self.input_scaling)
        S = engine(x, groups)
        if gain is not None:
            S *= gain[:, np.newaxis, np.newaxis]
        return S

    def _pool(self, xp: Namespace, S: Array) -> Array:
        """Pool coefficients, to shape (n_signals, n_paths, n_features_of_a_path)."""
        statistics = check_pooling(self.pooling)
        if not statistics:
            return S
        return pool(xp, S, statistics, self.n_segments).reshape(*S.shape[:2], -1)

    def _join_channels(self, xp: Namespace, features: Array) -> Array:
        """Join the features of channels, (n_samples, n_channels, width), or pool them."""
        statistics = check_pooling(self.channel_pooling, "channel_pooling")
        if statistics:
            with xp.working(from_numpy=False):
                pooled = pool(xp, features.swapaxes(1, 2), statistics, 1)
                features = pooled.swapaxes(1, 3)  # (n_samples, n_statistics, 1, width)
        return features.reshape(len(features), math.prod(features.shape[1:]))

    def _prefixes(self) -> list[tuple[str, int]]:
        """What the features of a channel are called, in the order of `_join_channels`."""
        statistics = check_pooling(self.channel_pooling, "channel_pooling")
        return channel_prefixes(self.n_channels_, statistics)

    def _outputs(self) -> dict[str, Any]:
        """What the features depend on beside the settings, equal values in equal form."""
        statistics = check_pooling(self.pooling)
        return {
            "class": f"{type(self).__module__}.{type(self).__qualname__}",
            "input_scaling": self.input_scaling,
            "pooling": statistics,
            "n_segments": int(self.n_segments) if statistics else None,
        }

    def _parts(self) -> list[PathFeature]:
        """What the features of a path are, in the order of `_pool`."""
        statistics = check_pooling(self.pooling)
        return parts(self.n_segments, statistics, self.n_frames_ or 0)


class LogScattering1D(Scattering1D):
    """Logarithm of the wavelet scattering coefficients of signals, pooled over time.

    The logarithm turns the product of a source and what it went through (a voice and its
    microphone, a bearing and its housing) into a sum, and gives faint bands the same weight as
    loud ones; after it a linear classifier is often all that is needed.

    Parameters
    ----------
    J : int or None, default=None
        The largest wavelets, and by default the average, have the scale ``2**J`` samples. None
        takes a 32nd of the signal length (J=8 for 8192 samples), but at least 16 samples where
        the signal has them; of several lengths it takes the median.
    Q : int or tuple of (int, int), default=8
        Wavelets per octave at order 1, or at orders 1 and 2. An integer means 1 at order 2.
    T : float or None, default=None
        Averaging scale in samples; shifts far below it hardly change the coefficients. None
        means ``2**J``.
    max_order : {1, 2}, default=2
        Highest order to compute.
    stride : int or None, default=None
        Samples between two frames, a power of two. None means the largest one up to `T`.
    include_order0 : bool, default=False
        Whether to keep the average of the signal itself. It has a sign, and no logarithm is taken.
    filter_gain : {"unit", "kymatio-0.3"}, default="unit"
        ``"unit"``: every low-pass has unit gain at zero frequency, so that a sine of given
        amplitude has the same order 1 coefficient at every octave. ``"kymatio-0.3"``: the scale
        of the released kymatio, to reproduce published numbers.
    log_eps : float, default=1e-3
        Added to the coefficients before the logarithm: what lies far below it counts as silence.
    log_stage : {"frames", "pooled"}, default="frames"
        ``"frames"``: the logarithm of each frame, then pooling; ``"pooled"``: pooling, then the
        logarithm.
    pooling : {"mean", "max", "median", "std"}, tuple of these, or None, default="mean"
        Statistics over the frames of each segment. None keeps every frame.
    n_segments : int, default=1
        Number of equal parts of each signal's own duration to pool within. A frame that a boundary
        falls into counts in both parts, in proportion. Without pooling it has no effect.
    channel_pooling : {"mean", "max", "median", "std"}, tuple of these, or None, default=None
        Statistics of each feature over the channels of a signal. None keeps the features of every
        channel.
    input_scaling : {None, "max", "rms"}, default=None
        Divide each signal by its largest magnitude, or by its root mean square, first.
    padding : {"reflect", "zero", "periodic"}, default="reflect"
        How a signal goes on past its ends.
    sampling_rate : float or None, default=None
        In Hz. Used for names and tables only: with it, features are named by frequency.
    engine : {"fused", "kymatio"}, default="fused"
        As in `Scattering1D`.
    backend : {"auto", "numpy", "numba", "torch"}, default="auto"
        What computes. ``"auto"`` takes PyTorch where it is installed and sees a CUDA device, or
        where `device` asks for it, else NumPy. ``"numba"`` compiles the cascade for this
        machine's CPU, which is faster for signals in numbers (see `Scattering1D`). Arrays of
        PyTorch are computed by PyTorch where they are, whatever this says.
    device : str, default="auto"
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"`` or another device of PyTorch. ``"auto"``
        takes a CUDA device where there is one, else the CPU. The choice is made whenever signals
        are transformed, and is not saved with a model.
    subsampling : {"standard", "critical"}, default="standard"
        Sampling rates between the orders. ``"standard"``: those of kymatio. ``"critical"``: half of
        them, in about half the time. Against a transform that subsamples nothing, on spoken
        digits (J=8, Q=12), order 1 differs by 3e-6 and order 2 by 1.3e-4 with ``"standard"``,
        by 2e-5 and 7e-4 with ``"critical"`` (relative; ``benchmarks/aliasing.py``).
    batch_size : int or None, default=None
        Signals to hold in work space at a time. None takes as many as fit in scikit-learn's
        ``working_memory`` (see :func:`sklearn.set_config`), or in the free memory of a CUDA
        device, where a block that proves too large is halved.
    n_jobs : int or None, default=None
        Threads, in joblib's meaning: None is 1 unless in a :func:`joblib.parallel_config`
        context, -1 is all cores. PyTorch has its own threads and takes no notice.
    memory : str, path-like, RowStore or None, default=None
        Where to keep the features of each signal, so that no fold of a search and no later run
        computes them again: a folder, a file, or a `RowStore`. Any number of processes may share
        it. Used by `transform` for signals in the host's memory; tensors of PyTorch are always
        computed.
    verbose : int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    J_ : int
        Scale in use.
    Q_ : tuple of (int, int)
        Wavelets per octave in use.
    T_ : float
        Averaging scale in use, in samples.
    stride_ : int
        Samples between frames.
    n_times_ : int or None
        Length of a signal in samples; None after a list, whose signals have their own.
    n_channels_ : int
        Channels of a signal.
    n_frames_ : int or None
        Frames of a signal; None where signals have their own lengths.
    n_features_in_ : int
        Length of a signal in samples, where `fit` got an array of shape (n_samples, n_times).
    feature_names_in_ : ndarray of str
        Names of the columns, where the signals came as a data frame that has them.

    See Also
    --------
    Scattering1D : The coefficients themselves.

    Notes
    -----
    The setting of kymatio's spoken digit example is ``LogScattering1D(J=8, Q=12, log_eps=1e-6,
    filter_gain="kymatio-0.3")``. See `Scattering1D` for what is computed, and [1]_ for why the
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
        J: int | None = None,
        Q: int | tuple[int, int] = 8,
        T: float | None = None,
        *,
        max_order: int = 2,
        stride: int | None = None,
        include_order0: bool = False,
        filter_gain: str = "unit",
        log_eps: float = 1e-3,
        log_stage: str = "frames",
        pooling: str | tuple[str, ...] | None = "mean",
        n_segments: int = 1,
        channel_pooling: str | tuple[str, ...] | None = None,
        input_scaling: str | None = None,
        padding: str = "reflect",
        sampling_rate: float | None = None,
        engine: str = "fused",
        backend: str = "auto",
        device: str = "auto",
        subsampling: str = "standard",
        batch_size: int | None = None,
        n_jobs: int | None = None,
        memory: Memory = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            J,
            Q,
            T,
            max_order=max_order,
            stride=stride,
            include_order0=include_order0,
            filter_gain=filter_gain,
            pooling=pooling,
            n_segments=n_segments,
            channel_pooling=channel_pooling,
            input_scaling=input_scaling,
            padding=padding,
            sampling_rate=sampling_rate,
            engine=engine,
            backend=backend,
            device=device,
            subsampling=subsampling,
            batch_size=batch_size,
            n_jobs=n_jobs,
            memory=memory,
            verbose=verbose,
        )
        self.log_eps = log_eps
        self.log_stage = log_stage

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("log_eps", self.log_eps, minimum=0, exclusive=True)
        check_choice("log_stage", self.log_stage, LOG_STAGES)

    def _pool(self, xp: Namespace, S: Array) -> Array:
        if self.log_stage == "frames":
            return super()._pool(xp, self._log(xp, S))
        return self._log(xp, super()._pool(xp, S))

    def _outputs(self) -> dict[str, Any]:
        logarithm = {"log_eps": float(self.log_eps), "log_stage": self.log_stage}
        return super()._outputs() | logarithm

    def _log(self, xp: Namespace, S: Array) -> Array:
        """Take the logarithm of the coefficients of order 1 and 2, (n_signals, n_paths, ...)."""
        first = int(self.include_order0)
        result = abs(S)  # rounding can leave a coefficient just below zero
        result[:, :first] = S[:, :first]
        logarithms = result[:, first:]
        logarithms += float(self.log_eps)
        xp.log(logarithms, out=logarithms)
        return result


def _output_dtype(X: Array) -> np.dtype[Any]:
    """Precision of the computation and of its result: float32 for float32, else float64."""
    single = str(X.dtype) in ("float32", "torch.float32")
    return np.dtype(np.float32 if single else np.float64)
