"""Resolve what the user asked for into what is computed.

`resolve` turns parameters (some of them ``None``) and the lengths of signals into a `Settings`:
plain, hashable numbers from which everything but a signal's own length follows. It is where bad
parameters are refused.
"""

import math
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from skscatter._common.parameters import check_choice, check_integer, check_real

# Constants of kymatio's Morlet family (Andén and Mallat, "Deep Scattering Spectrum", 2014).
SIGMA0 = 0.1  # bandwidth of the low-pass at T = 1, in cycles per sample

# Version of the numbers that come out. Raise it with any change that makes features differ by more
# than rounding for the same parameters, be it here, in the cascade or in the pooling: row stores
# then compute them anew instead of mixing old and new.
NUMERICS = 2

PADDINGS = ("reflect", "zero", "periodic")
FILTER_GAINS = ("unit", "kymatio-0.3")
SUBSAMPLINGS = ("standard", "critical")


# Wavelets per octave that signals of any length may have. Beyond their length there is no sense in
# more: the narrowest bands would lie closer than the frequencies that a signal tells apart.
LEAST_LARGEST_Q = 64


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
        Whether the low-pass channel is kept.
    filter_gain, padding, subsampling : str
        As in `skscatter.Scattering1D`.
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
        """Octaves by which a band of octave `j` is subsampled: at most as the frames are.

        At kymatio's rates a band of octave j keeps clear of the Nyquist frequency by its own
        width; moved to zero frequency it fits half the rate.
        """
        spare = 1 if self.subsampling == "critical" else 0
        return min(j + spare, self.log2_T, self.log2_stride)


def default_J(n_times: int) -> int:
    """Scale for signals of `n_times` samples: a 32nd of the length, but not below 16 samples.

    Wavelets of less than 8 to 16 samples cannot hold eight to an octave, so short signals get
    as much scale as they have room for.
    """
    log2_length = n_times.bit_length() - 1
    return max(log2_length - 5, min(log2_length, 4))


def _power(J: int) -> str:
    """Write a power of two, without its digits where there are too many."""
    return f"2**J = {2**J}" if J < 64 else f"2**{J}"


def resolve(
    n_times: int | NDArray[np.integer],
    *,
    J: int | None = None,
    Q: int | tuple[int, int] = 8,
    T: float | None = None,
    max_order: int = 2,
    stride: int | None = None,
    include_order0: bool = False,
    filter_gain: str = "unit",
    padding: str = "reflect",
    subsampling: str = "standard",
) -> Settings:
    """Check the parameters against the length of signals and fill in the defaults.

    Where there are several lengths, the median decides on J, as far as the shortest has room.

    Raises
    ------
    TypeError, ValueError
        With the name of the parameter, its value and what would be accepted.
    """
    lengths = np.atleast_1d(n_times)
    shortest = int(lengths.min())
    these_have = (
        f"these have {shortest}"
        if np.ptp(lengths) == 0
        else f"X[{np.argmin(lengths)}] has {shortest}"
    )
    largest_J = shortest.bit_length() - 1
    best_J = min(default_J(int(np.median(lengths))), largest_J)
    if J is None:
        J = best_J
    else:
        J = check_integer("J", J, minimum=0)
        if largest_J < J:
            raise ValueError(
                f"J={J} needs signals of at least {_power(J)} samples, but {these_have}. "
                f"J from 0 to {largest_J} fit; J=None chooses {best_J}."
            )
    if isinstance(Q, Integral):
        pair = (check_integer("Q", Q, minimum=1), 1)
    elif isinstance(Q, tuple | list) and len(Q) == 2:
        pair = (
            check_integer("Q[0]", Q[0], minimum=1),
            check_integer("Q[1]", Q[1], minimum=1),
        )
    else:
        raise TypeError(f"Q={Q!r} must be an integer of at least 1, or a pair (Q1, Q2) of such.")
    largest_Q = max(shortest, LEAST_LARGEST_Q)
    if max(pair) > largest_Q:
        raise ValueError(
            f"Q={Q!r} asks for wavelets far longer than the shortest signal. Accepted: 1 to "
            f"{largest_Q} for signals of {shortest} samples."
        )
    if T is None:
        T = 2**J
    else:
        T = check_real("T", T, minimum=1)
        if shortest < T:
            raise ValueError(
                f"T={T} needs signals of as many samples, but {these_have}. "
                f"T must lie between 1 and {shortest}, or be None for 2**J = {2**J}."
            )
    if stride is None:
        stride = 2 ** math.floor(math.log2(T))
    else:
        stride = check_integer("stride", stride, minimum=1)
        if stride & (stride - 1) or stride > shortest:
            raise ValueError(
                f"stride={stride} must be a power of two from 1 to {2**largest_J}, "
                "or None for the largest power of two up to T."
            )
    whole = isinstance(max_order, Integral) and not isinstance(max_order, bool)
    if not whole or max_order not in (1, 2):
        raise ValueError(f"max_order={max_order!r} must be 1 or 2.")
    if not isinstance(include_order0, bool | np.bool_):
        raise TypeError(f"include_order0={include_order0!r} must be True or False.")
    check_choice("filter_gain", filter_gain, FILTER_GAINS)
    check_choice("padding", padding, PADDINGS)
    check_choice("subsampling", subsampling, SUBSAMPLINGS)
    return Settings(
        J=J,
        Q=pair,
        T=T,
        max_order=int(max_order),
        stride=stride,
        include_order0=bool(include_order0),
        filter_gain=filter_gain,
        padding=padding,
        subsampling=subsampling,
    )
