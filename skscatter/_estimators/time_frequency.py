"""The transformers of joint time-frequency scattering."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._cache.store import Memory
from skscatter._common.public import public
from skscatter._estimators.docstrings import share_descriptions
from skscatter._estimators.scattering import LogScattering1D, Scattering1D
from skscatter._scattering.paths import paths_of
from skscatter._scattering.settings import PARTS, Settings, resolve, resolve_joint
from skscatter._signals.rows import Signals


@public
@share_descriptions
class TimeFrequencyScattering(Scattering1D):
    """Joint time-frequency scattering coefficients of signals, pooled over time.

    Order 2 of plain scattering measures how fast the energy of each frequency band varies, each
    band by itself. Joint scattering also measures how it moves from band to band: at which rate, at
    which scale along log-frequency, and whether upwards or downwards. So it separates a rising from
    a falling pitch, which plain scattering cannot.

    Parameters
    ----------
    J : int or None, default=None
        The largest wavelets have the scale ``2**J`` samples. None means a scale of a quarter of the
        signal length, as in `Scattering1D`, but at least 16 samples.
    Q : int or tuple of (int, int), default=8
        Wavelets per octave at order 1, or at orders 1 and 2. An integer means 1 at order 2. Motion
        between bands needs narrow bands: 8 or more.
    {T}
    J_fr : int, default=4
        The largest wavelets along log-frequency have the scale ``2**J_fr``, in first-order
        wavelets, of which an octave has ``Q``. From 0 to 10.
    Q_fr : int, default=1
        Wavelets along log-frequency, per octave of their scale.
    F : float, "global" or None, default=4
        Averaging scale along log-frequency, in first-order wavelets. ``"global"`` takes the mean
        over all frequencies. None means ``2**J_fr``. At most 1024.
    {stride}
    stride_fr : int or None, default=None
        First-order wavelets between two rows along log-frequency. None means the largest power of
        two up to `F`. Ignored if `F` is ``"global"``.
    parts : str or tuple of str, default=("first", "frequency", "time", "joint")
        The coefficients to keep. ``"first"``: order 1 as in plain scattering, one row for each
        wavelet. ``"frequency"``: order 1, filtered along log-frequency. ``"time"``: order 2,
        filtered in time and averaged along log-frequency. ``"joint"``: order 2, filtered in time
        and along log-frequency, upwards and downwards.
    {include_order0} {pooling} {n_segments} {trim} {channel_pooling} {input_scaling} {padding}
    padding_fr : {"reflect", "zero"}, default="reflect"
        How the axis of log-frequency is continued past its ends. ``"reflect"``: by its mirror
        image. ``"zero"``: by zeros, as in kymatio. Zeros separate the directions better, but make
        edges at the ends, and take about twice as long.
    {sampling_rate} {subsampling}
    backend : {"auto", "numpy", "numba", "torch"}, default="auto"
        What computes the transform, as in `Scattering1D`.
    {device} {batch_size} {n_jobs} {memory} {verbose}

    Attributes
    ----------
    {specification_} {J_} {Q_} {T_} {stride_} {sampling_rate_} {n_times_} {n_channels_} {n_frames_}
    {n_features_in_} {feature_names_in_}

    See Also
    --------
    LogTimeFrequencyScattering : The logarithm of these coefficients, the usual choice for
        classifiers.
    Scattering1D : Plain scattering, which does not see motion between bands.

    Notes
    -----
    The envelopes of order 1, ``U1 = |x * psi1|``, are a picture of time and log-frequency. They are
    filtered in time by ``psi2`` and along log-frequency by ``psi_fr`` or its conjugate, for pitches
    that rise and that fall [1]_::

        S2 = ||x * psi1| * psi2 *_fr psi_fr| * phi *_fr phi_fr

    with averages ``phi`` in time and ``phi_fr`` along log-frequency. ``psi2`` filters the bands of
    octaves finer than its own, ``j1 < j2``, so slow rates have rows at more frequencies than fast
    rates. Without ``psi_fr``, the low-pass of width ``2**J_fr`` takes its place, and there is no
    ``phi_fr``. Without ``psi2``, the averages of order 1 are filtered along log-frequency.

    The Q - 1 lowest wavelets of order 1 are equally spaced in frequency, so cycles per octave are
    approximate there.

    The memory for one long signal is that of all bands of one ``psi2``, some times the padded
    signal. It is not divided as in plain scattering.

    References
    ----------
    .. [1] J. Andén, V. Lostanlen and S. Mallat, "Joint Time-Frequency Scattering", IEEE
       Transactions on Signal Processing 67(14), 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import TimeFrequencyScattering
    >>> t = np.arange(4096) / 4000
    >>> rising = np.sin(2 * np.pi * 200 * 2 ** (2 * t) / (2 * np.log(2)))
    >>> joint = TimeFrequencyScattering(J=7, parts="joint", sampling_rate=4000).fit([rising])
    >>> features = joint.transform([rising])[0]
    >>> joint.features_["direction"][features.argmax()]
    np.str_('up')
    """

    def __init__(
        self,
        *,
        J: int | None = None,
        Q: int | tuple[int, int] = 8,
        T: float | None = None,
        J_fr: int = 4,
        Q_fr: int = 1,
        F: float | str | None = 4,
        stride: int | None = None,
        stride_fr: int | None = None,
        parts: str | tuple[str, ...] = PARTS,
        include_order0: bool = True,
        pooling: str | tuple[str, ...] | None = "mean",
        n_segments: int = 4,
        trim: float | None = None,
        channel_pooling: str | tuple[str, ...] | None = None,
        input_scaling: str | None = None,
        padding: str = "reflect",
        padding_fr: str = "reflect",
        sampling_rate: float | None = None,
        subsampling: str = "standard",
        backend: str = "auto",
        device: str = "auto",
        batch_size: int | None = None,
        n_jobs: int | None = None,
        memory: Memory = None,
        verbose: int = 0,
    ) -> None:
        # Not through the base class, whose other parameters these classes do not have.
        self.J = J
        self.Q = Q
        self.T = T
        self.J_fr = J_fr
        self.Q_fr = Q_fr
        self.F = F
        self.stride = stride
        self.stride_fr = stride_fr
        self.parts = parts
        self.include_order0 = include_order0
        self.pooling = pooling
        self.n_segments = n_segments
        self.trim = trim
        self.channel_pooling = channel_pooling
        self.input_scaling = input_scaling
        self.padding = padding
        self.padding_fr = padding_fr
        self.sampling_rate = sampling_rate
        self.subsampling = subsampling
        self.backend = backend
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    @property
    def paths_(self) -> NDArray[np.void]:
        """Table of the rows of coefficients, in their order.

        A structured array, which ``pandas.DataFrame`` accepts. It has the fields of
        `Scattering1D.paths_`, where ``n1`` is the wavelet in the centre of the average along
        log-frequency, or -1 if that is over all frequencies. Further fields describe the filter
        along log-frequency: ``n_fr``, 0 for the low-pass and -1 without a filter, and ``j_fr``, its
        octave; ``xi_fr`` and ``sigma_fr``, its centre and bandwidth, in cycles per first-order
        wavelet; ``scale``, its centre in cycles per octave; ``spin``, 1 upwards, -1 downwards, and
        0 for neither.
        """
        return paths_of(self.specification_.settings)

    @property
    def features_(self) -> NDArray[np.void]:
        """Table of the features, one row each, in the order of the columns of `transform`.

        A structured array of shape (n_features,), with the fields of `Scattering1D.features_`, and
        after the frequencies ``scale``, in cycles per octave (0 for averages along log-frequency,
        NaN for features that are not filtered along it), and ``direction``: "up", "down" or empty.
        """
        return super().features_

    def by_frequency(self, S: NDArray[Any]) -> tuple[NDArray[np.void], NDArray[Any]]:
        """Arrange coefficients with an axis of log-frequency.

        Parameters
        ----------
        S : array of shape (..., n_paths, n_frames)
            Coefficients of signals, as `scatter` returns them.

        Returns
        -------
        paths : structured ndarray of shape (n_joint_paths,)
            The paths that are filtered or averaged along log-frequency: the first row of each in
            `paths_`.
        arranged : ndarray of shape (..., n_joint_paths, n_rows, n_frames)
            Their coefficients. A path with fewer rows than others has NaN in the last ones.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError
            If `S` does not have as many rows as there are paths.
        """
        table = self.paths_
        S = np.asarray(S)
        if S.ndim < 2 or S.shape[-2] != len(table):
            raise ValueError(
                f"S has the shape {S.shape}, but must have {len(table)} paths on its last axis but "
                "one, as the result of scatter() has."
            )
        along = np.flatnonzero(table["n_fr"] >= 0)
        keys = table[along][["order", "n2", "n_fr", "spin"]]
        is_first = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
        path = np.cumsum(is_first) - 1
        row = np.arange(len(along)) - np.flatnonzero(is_first)[path]
        shape = (*S.shape[:-2], int(is_first.sum()), int(row.max(initial=-1)) + 1, S.shape[-1])
        arranged = np.full(shape, np.nan, S.dtype)
        arranged[..., path, row, :] = S[..., along, :]
        return table[along[is_first]], arranged

    def _resolve(self, signals: Signals) -> Settings:
        joint = resolve_joint(
            J_fr=self.J_fr,
            Q_fr=self.Q_fr,
            F=self.F,
            stride_fr=self.stride_fr,
            padding_fr=self.padding_fr,
            parts=self.parts,
        )
        settings = resolve(
            signals.lengths,
            J=self.J,
            Q=self.Q,
            T=self.T,
            max_order=joint.max_order,
            stride=self.stride,
            include_order0=self.include_order0,
            padding=self.padding,
            subsampling=self.subsampling,
            joint=joint,
            least_J=4,  # 8 wavelets per octave need 3, and 16 need 4
        )
        if not len(paths_of(settings)):
            raise ValueError(
                f"parts={self.parts!r} has no coefficients with J={settings.J} and "
                f"Q={settings.Q}, which leave no second-order wavelets. Use a larger J, or parts "
                "of order 1."
            )
        return settings


@public
@share_descriptions
class LogTimeFrequencyScattering(TimeFrequencyScattering, LogScattering1D):
    """Logarithm of the joint time-frequency scattering coefficients of signals, pooled over time.

    The logarithm gives faint bands the same weight as loud ones, and turns the product of a source
    and its transmission into a sum. A linear classifier is then often sufficient.

    Parameters
    ----------
    {J} {Q} {T} {J_fr} {Q_fr} {F} {stride} {stride_fr} {parts} {include_order0}
    {log_eps} {log_stage}
    {pooling} {n_segments} {trim} {channel_pooling} {input_scaling} {padding} {padding_fr}
    {sampling_rate} {subsampling} {backend} {device} {batch_size} {n_jobs} {memory} {verbose}

    Attributes
    ----------
    {specification_} {J_} {Q_} {T_} {stride_} {sampling_rate_} {n_times_} {n_channels_} {n_frames_}
    {n_features_in_} {feature_names_in_}

    See Also
    --------
    TimeFrequencyScattering : The coefficients themselves, and their definition.
    LogScattering1D : Plain scattering.

    Notes
    -----
    With ``log_eps="relative"``, each of the `parts` has a level of its own.

    On spoken digits, features of both kinds side by side were better than either, with a classifier
    that shrinks the covariance of the features, such as linear discriminant analysis.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skscatter import LogTimeFrequencyScattering
    >>> t = np.linspace(-1, 1, 2048)
    >>> f = np.random.default_rng(0).uniform(200, 300, (40, 1))
    >>> rising = np.sin(f * 2**t)
    >>> X = np.concatenate([rising, rising[:, ::-1]])
    >>> y = np.repeat(["rising", "falling"], 40)
    >>> pipe = make_pipeline(LogTimeFrequencyScattering(), StandardScaler(), LogisticRegression())
    >>> pipe.fit(X[::2], y[::2]).score(X[1::2], y[1::2])
    1.0
    """

    def __init__(
        self,
        *,
        J: int | None = None,
        Q: int | tuple[int, int] = 8,
        T: float | None = None,
        J_fr: int = 4,
        Q_fr: int = 1,
        F: float | str | None = 4,
        stride: int | None = None,
        stride_fr: int | None = None,
        parts: str | tuple[str, ...] = PARTS,
        include_order0: bool = True,
        log_eps: float | str = "relative",
        log_stage: str = "frames",
        pooling: str | tuple[str, ...] | None = "mean",
        n_segments: int = 4,
        trim: float | None = None,
        channel_pooling: str | tuple[str, ...] | None = None,
        input_scaling: str | None = None,
        padding: str = "reflect",
        padding_fr: str = "reflect",
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
            J_fr=J_fr,
            Q_fr=Q_fr,
            F=F,
            stride=stride,
            stride_fr=stride_fr,
            parts=parts,
            include_order0=include_order0,
            pooling=pooling,
            n_segments=n_segments,
            trim=trim,
            channel_pooling=channel_pooling,
            input_scaling=input_scaling,
            padding=padding,
            padding_fr=padding_fr,
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
