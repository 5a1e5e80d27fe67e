"""Check the parameters of the transform, and fill in defaults.

`resolve` turns parameters (some of them ``None``) and the lengths of signals into `Settings`:
plain, hashable values that determine the coefficients of a signal of any length.
"""

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._common.parameters import check_choice, check_integer, check_real

# Constants of kymatio's Morlet family (Andén and Mallat, "Deep Scattering Spectrum", 2014).
SIGMA0 = 0.1  # bandwidth of the low-pass at T = 1, in cycles per sample

# Version of the numbers that come out. Raise it with any change that makes features differ by more
# than rounding for the same parameters, here, in the cascade or in the pooling. Caches of features
# then compute them again instead of mixing old and new.
NUMERICS = 2

PADDINGS = ("reflect", "zero", "periodic")
FILTER_GAINS = ("unit", "kymatio-0.3")
SUBSAMPLINGS = ("standard", "critical")
PADDINGS_FR = ("reflect", "zero")

# Parts of joint scattering: order 1 as it is, order 1 filtered along frequency, and order 2,
# filtered in time and averaged along frequency, or filtered in time and along frequency.
PARTS = ("first", "frequency", "time", "joint")
MAX_J_FR = 10  # 1024 wavelets, more than any bank has in practice

# Q up to this value is accepted for signals of any length. A Q above the number of samples is
# useless: neighbouring bands would be closer than the frequency resolution of the signal.
ALWAYS_ACCEPTED_Q = 64


@dataclass(frozen=True)
class Joint:
    """What determines the coefficients of joint scattering in addition, along log-frequency.

    The unit along this axis is the distance of two first-order wavelets.

    Attributes
    ----------
    J_fr : int
        The largest scale is ``2**J_fr`` wavelets.
    Q_fr : int
        Wavelets per octave of this scale.
    F : float
        Averaging scale of the low-pass. Infinite for the mean over all frequencies.
    stride_fr : int
        Wavelets between rows.
    padding_fr : {"reflect", "zero"}
        How the axis is continued past its ends.
    parts : tuple of str
        The parts that are kept, in the order of `PARTS`.
    """

    J_fr: int
    Q_fr: int
    F: float
    stride_fr: int
    padding_fr: str
    parts: tuple[str, ...]

    @property
    def is_global(self) -> bool:
        """Whether averages along log-frequency are over all frequencies."""
        return math.isinf(self.F)

    @property
    def max_order(self) -> int:
        """Highest order in time that the parts use."""
        return 2 if {"time", "joint"} & set(self.parts) else 1


@dataclass(frozen=True)
class Settings:
    """Everything that determines the coefficients of a signal, resolved.

    Attributes
    ----------
    J : int
        The largest wavelet scale is ``2**J`` samples.
    Q : tuple of (int, int)
        Wavelets per octave at the first and second order.
    T : float
        Averaging scale of the low-pass, in samples.
    max_order : int
        1 or 2.
    stride : int
        Samples between frames, a power of two.
    include_order0 : bool
        Whether the average of the signal itself is kept.
    filter_gain, padding, subsampling : str
        As in `skscatter.Scattering1D`.
    joint : Joint or None
        None for plain scattering.
    """

    J: int
    Q: tuple[int, int]
    T: float
    max_order: int
    stride: int
    include_order0: bool
    filter_gain: str
    padding: str
    subsampling: str
    joint: Joint | None = None

    @property
    def min_times(self) -> int:
        """Samples that a signal must have."""
        return max(2**self.J, math.ceil(self.T), self.stride)

    @property
    def log2_T(self) -> int:
        """Octave of the averaging scale: the low-pass may be sampled every ``2**log2_T``."""
        return math.floor(math.log2(self.T))

    @property
    def log2_stride(self) -> int:
        """Octave of the stride."""
        return self.stride.bit_length() - 1

    def log2_rate(self, j: int) -> int:
        """Octaves by which a band of octave `j` is subsampled, no coarser than the frames.

        At kymatio's rates, the distance of a band of octave j from the Nyquist frequency is its own
        width. Shifted to zero frequency, it fits into half the rate: this is critical sampling.
        """
        spare = 1 if self.subsampling == "critical" else 0
        return min(j + spare, self.log2_T, self.log2_stride)


# The largest scale that is chosen for long recordings. Longer wavelets take much more time and
# memory, and are seldom what is meant.
LARGEST = 16


def default_J(n_times: int, least: int = 2) -> int:
    """Scale for `n_times` samples: a quarter of them, but from ``2**least`` to ``2**LARGEST``."""
    log2_length = n_times.bit_length() - 1
    return min(max(log2_length - 2, min(log2_length, least)), LARGEST)


class Lengths:
    """Lengths of signals, for rules and for messages about them.

    Parameters
    ----------
    n_times : int or integer array
        Samples of the signals.
    least : int
        Shorter signals count as signals of this length, to which they will be extended.
    """

    def __init__(self, n_times: int | NDArray[np.integer], least: int = 1) -> None:
        lengths = np.atleast_1d(n_times)
        self.median = int(np.median(lengths))
        shortest = int(lengths.min())
        self.shortest = max(shortest, least)
        self.largest_J = self.shortest.bit_length() - 1
        self.these_have = (
            f"these have {shortest}"
            if np.ptp(lengths) == 0
            else f"X[{np.argmin(lengths)}] has {shortest}"
        )


def resolve(
    n_times: int | NDArray[np.integer],
    *,
    J: int | None = None,
    Q: int | tuple[int, int] = (2, 2),
    T: float | None = None,
    max_order: int = 2,
    stride: int | None = None,
    include_order0: bool = True,
    filter_gain: str = "unit",
    padding: str = "reflect",
    subsampling: str = "standard",
    joint: Joint | None = None,
    least_J: int = 2,
) -> Settings:
    """Check the parameters against the lengths of signals and fill in the defaults.

    If lengths differ, the median determines the default J, and shorter signals are assumed to be
    extended to its scale. The default is at least `least_J`, if the signals are that long.

    Raises
    ------
    TypeError, ValueError
        With the name of the parameter, its value and what would be accepted.
    """
    lengths = Lengths(n_times)
    scale = _resolve_J(J, lengths, least_J)
    if J is None:
        lengths = Lengths(n_times, least=2**scale)
    # A scale that follows from the length is for wavelets as long as they are useful. An average
    # over half of it keeps more of the course of time.
    averaging = _resolve_T(T, 2**scale if J is not None else max(2**scale // 2, 1), lengths)
    whole = isinstance(max_order, Integral) and not isinstance(max_order, bool)
    if not whole or max_order not in (1, 2):
        raise ValueError(f"max_order={max_order!r} must be 1 or 2.")
    if not isinstance(include_order0, bool | np.bool_):
        raise TypeError(f"include_order0={include_order0!r} must be True or False.")
    return Settings(
        J=scale,
        Q=_resolve_Q(Q, lengths),
        T=averaging,
        max_order=int(max_order),
        stride=_resolve_stride(stride, averaging, lengths),
        include_order0=bool(include_order0),
        filter_gain=check_choice("filter_gain", filter_gain, FILTER_GAINS),
        padding=check_choice("padding", padding, PADDINGS),
        subsampling=check_choice("subsampling", subsampling, SUBSAMPLINGS),
        joint=joint,
    )


def resolve_joint(
    *,
    J_fr: int = 4,
    Q_fr: int = 1,
    F: float | str | None = 4,
    stride_fr: int | None = None,
    padding_fr: str = "reflect",
    parts: str | tuple[str, ...] = PARTS,
) -> Joint:
    """Check the parameters along log-frequency, and fill in the defaults.

    Raises
    ------
    TypeError, ValueError
        With the name of the parameter, its value and what would be accepted.
    """
    J_fr = check_integer("J_fr", J_fr, minimum=0, maximum=MAX_J_FR)
    scale: float
    if F is None:
        scale = 2**J_fr
    elif isinstance(F, str) and F == "global":
        scale = math.inf
    elif isinstance(F, str):
        raise ValueError(
            f"F={F!r} must be a number of wavelets, 'global' for the mean over all of them, or "
            f"None for 2**J_fr = {2**J_fr}."
        )
    else:
        scale = check_real("F", F, minimum=1, maximum=2**MAX_J_FR)
    if stride_fr is not None:
        stride_fr = check_integer("stride_fr", stride_fr, minimum=1)
    elif scale < math.inf:
        stride_fr = 2 ** math.floor(math.log2(scale))
    else:
        stride_fr = 2**J_fr
    return Joint(
        J_fr=J_fr,
        Q_fr=check_integer("Q_fr", Q_fr, minimum=1, maximum=ALWAYS_ACCEPTED_Q),
        F=scale,
        stride_fr=stride_fr,
        padding_fr=check_choice("padding_fr", padding_fr, PADDINGS_FR),
        parts=_check_parts(parts),
    )


def _check_parts(parts: Any) -> tuple[str, ...]:
    given = (parts,) if isinstance(parts, str) else parts
    if not isinstance(given, tuple | list) or not given:
        raise TypeError(f"parts={parts!r} must be one of {list(PARTS)}, or a tuple of these.")
    for part in given:
        check_choice("parts", part, PARTS)
    return tuple(part for part in PARTS if part in given)


def _resolve_J(J: Any, lengths: Lengths, least: int) -> int:
    best = default_J(lengths.median, least)
    if J is None:
        return best
    J = check_integer("J", J, minimum=0)
    if lengths.largest_J < J:
        needed = f"2**J = {2**J}" if J < 64 else f"2**{J}"
        raise ValueError(
            f"J={J} needs signals of at least {needed} samples, but {lengths.these_have}. J from 0 "
            f"to {lengths.largest_J} fit; J=None chooses {best}."
        )
    return J


def _resolve_Q(Q: Any, lengths: Lengths) -> tuple[int, int]:
    if isinstance(Q, Integral):
        pair = (check_integer("Q", Q, minimum=1), 1)
    elif isinstance(Q, tuple | list) and len(Q) == 2:
        pair = (
            check_integer("Q[0]", Q[0], minimum=1),
            check_integer("Q[1]", Q[1], minimum=1),
        )
    else:
        raise TypeError(f"Q={Q!r} must be an integer of at least 1, or a pair (Q1, Q2) of such.")
    largest = max(lengths.shortest, ALWAYS_ACCEPTED_Q)
    if max(pair) > largest:
        raise ValueError(
            f"Q={Q!r} asks for wavelets far longer than the shortest signal. Accepted: 1 to "
            f"{largest} for signals of {lengths.shortest} samples."
        )
    return pair


def _resolve_T(T: Any, default: int, lengths: Lengths) -> float:
    if T is None:
        return default
    T = check_real("T", T, minimum=1)
    if lengths.shortest < T:
        raise ValueError(
            f"T={T} needs signals of at least {T} samples, but {lengths.these_have}. T must be "
            f"between 1 and {lengths.shortest}, or None for {default}."
        )
    return T


def _resolve_stride(stride: Any, T: float, lengths: Lengths) -> int:
    if stride is None:
        return int(2 ** math.floor(math.log2(T)))
    stride = check_integer("stride", stride, minimum=1)
    if stride & (stride - 1) or stride > lengths.shortest:
        raise ValueError(
            f"stride={stride} must be a power of two from 1 to {2**lengths.largest_J}, or None for "
            "the largest power of two up to T."
        )
    return stride
