"""Padding of signals and positions of frames, by kymatio's rules."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from skscatter._scattering.filters import REACH, gauss_window
from skscatter._scattering.settings import SIGMA0, Settings

PADDING_CRITERION = 1e-3  # share of the low-pass's L1 norm that may reach beyond the padding

# Number of different frame counts among the grids of one padded length. Signals of similar length
# then share a grid, and few of its frames are unused.
FRAME_STEPS = 8


@dataclass(frozen=True)
class Grid:
    """Padded length and frames that signals of similar length share, in samples.

    Attributes
    ----------
    n_padded : int
        Length after padding, a power of two.
    stride : int
        Samples between frames.
    first_frame : int
        Position of the first frame, a multiple of the stride.
    n_frames : int
        Number of frames, at least as many as each signal has.
    """

    n_padded: int
    stride: int
    first_frame: int
    n_frames: int


@dataclass(frozen=True)
class Layout:
    """Position of a signal on its grid, which is periodic. All numbers are in samples.

    Attributes
    ----------
    grid : Grid
        Depends only on the settings and on the length of the signal.
    n_times : int
        Length of the signal.
    start : int
        Position of its first sample.
    pad_left, pad_right : int
        Samples added on each side.
    n_frames : int
        Number of its frames, which are the first frames of the grid.
    """

    grid: Grid
    n_times: int
    start: int
    pad_left: int
    pad_right: int
    n_frames: int

    @property
    def first_time(self) -> int:
        """Centre of the first frame, counted from the first sample of the signal."""
        return self.grid.first_frame - self.start


Groups = list[tuple[slice, Layout]]  # rows of equal length, and their layout


@lru_cache(maxsize=2**14)
def low_pass_reach(n_times: int, T: float) -> tuple[int, bool]:
    """Measure how far the low-pass reaches, by kymatio's rule.

    Returns
    -------
    reach : int
        Samples on one side of the centre that contain all but `PADDING_CRITERION` of the L1 norm
        of the low-pass at the unpadded length. Half this length if there is no such number.
    is_within : bool
        Whether there is such a number.
    """
    sigma = SIGMA0 / T
    whole = math.ceil(REACH / (2 * math.pi * sigma))  # the low-pass vanishes beyond it
    t = np.arange(min(whole, n_times // 2), dtype=float)
    h = np.zeros(len(t))
    periods = math.ceil(whole / n_times)
    for period in range(-periods, periods + 1):
        h += gauss_window(t + period * n_times, sigma)
    beyond = np.cumsum(h[::-1])[::-1]
    small = np.flatnonzero(beyond <= PADDING_CRITERION)
    if small.size:
        return int(small[0]) + 1, True
    return min(len(t) + 1, n_times // 2), False


def has_border_effects(settings: Settings, n_times: int) -> bool:
    """Whether a signal is so short that every average includes padding."""
    return not low_pass_reach(max(n_times, settings.min_times), settings.T)[1]


@lru_cache(maxsize=2**14)
def lay_out(settings: Settings, n_times: int) -> Layout:
    """Padding and frames of a signal, by kymatio's rule.

    The padded length is a power of two that adds three times the reach of the low-pass on each
    side. It is limited so that the signal is reflected at most once at each end.

    In kymatio a signal is in the middle of its padding. Here it is shifted along the periodic grid
    by a multiple of the stride, so that its first frame is the first frame of the grid. Envelopes
    are sampled at intervals that divide the stride, so their samples are the same.
    """
    stride = settings.stride
    reach, _ = low_pass_reach(n_times, settings.T)
    n_needed = n_times + 2 * 3 * reach
    log2_padded = min(math.ceil(math.log2(n_needed)), math.floor(math.log2(3 * n_times - 2)))
    n_padded = 2**log2_padded
    pad_left = (n_padded - n_times) // 2
    first = -(-pad_left // stride)
    n_frames = -(-(pad_left + n_times) // stride) - first

    n_hops = n_padded // stride
    step = max(1, n_hops // FRAME_STEPS)
    n_shared = min(-(-n_frames // step) * step, n_hops)
    first_shared = (n_hops - n_shared) // 2
    return Layout(
        grid=Grid(n_padded, stride, first_shared * stride, n_shared),
        n_times=n_times,
        start=pad_left + (first_shared - first) * stride,
        pad_left=pad_left,
        pad_right=n_padded - n_times - pad_left,
        n_frames=n_frames,
    )
