"""Where a signal and its frames lie: padding and sampling, by kymatio's rules."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from skscatter._filters import REACH, gauss_window
from skscatter._settings import SIGMA0, Settings

PADDING_CRITERION = 1e-3  # share of the low-pass's L1 norm that may reach past the padding


@dataclass(frozen=True)
class Layout:
    """Where a signal and its frames lie in the padded signal, in samples.

    Attributes
    ----------
    n_padded : int
        Length after padding, a power of two.
    pad_left, pad_right : int
        Samples added on either side.
    stride : int
        Samples between frames.
    first_frame : int
        Position of the first frame in the padded signal, a multiple of the stride.
    n_frames : int
        Number of frames.
    """

    n_padded: int
    pad_left: int
    pad_right: int
    stride: int
    first_frame: int
    n_frames: int


@lru_cache(maxsize=256)
def low_pass_reach(n_times: int, T: float) -> int:
    """Samples on one side of the low-pass that hold all but `PADDING_CRITERION` of its L1 norm.

    The same quantity as kymatio's ``compute_temporal_support``, measured as there on the filter
    of the unpadded length; where no such reach exists it is half the length.
    """
    sigma = SIGMA0 / T
    whole = math.ceil(REACH / (2 * math.pi * sigma))  # beyond it is zero to rounding
    t = np.arange(min(whole, n_times // 2), dtype=float)
    h = np.zeros(len(t))
    periods = math.ceil(whole / n_times)
    for period in range(-periods, periods + 1):
        h += gauss_window(t + period * n_times, sigma)
    beyond = np.cumsum(h[::-1])[::-1]
    small = np.flatnonzero(beyond <= PADDING_CRITERION)
    if small.size:
        return int(small[0]) + 1
    return min(len(t) + 1, n_times // 2)


def lay_out(settings: Settings) -> Layout:
    """Padding and frame positions, by kymatio's rule.

    The padded length is the power of two that leaves three reaches of the low-pass on each side,
    but never so long that a reflection would need samples that the signal does not have.
    """
    n_times, stride = settings.n_times, settings.stride
    wanted = n_times + 2 * 3 * low_pass_reach(n_times, settings.T)
    log2_padded = min(math.ceil(math.log2(wanted)), math.floor(math.log2(3 * n_times - 2)))
    n_padded = 2**log2_padded
    pad_left = (n_padded - n_times) // 2
    first = -(-pad_left // stride)
    stop = -(-(pad_left + n_times) // stride)
    return Layout(
        n_padded=n_padded,
        pad_left=pad_left,
        pad_right=n_padded - n_times - pad_left,
        stride=stride,
        first_frame=first * stride,
        n_frames=stop - first,
    )
