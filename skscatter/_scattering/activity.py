"""The active part of a signal: from the first to the last moment that is about as loud as any.

The power of a signal is measured in short blocks. What lasts for a block or two, such as a click,
or a step where silence was inserted, counts neither as loud nor as the loudest.
"""

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from skscatter._scattering.layout import Layout
from skscatter._scattering.namespace import Array, Namespace

BLOCKS_IN_T = 4  # blocks in an averaging scale
BLOCKS_IN_WAVELET = 8  # in 2**J, at most: shorter blocks would follow the periods of a voice
BLOCKS_IN_MEDIAN = 5
SMALLEST_BLOCK = 4  # samples, from which to subtract a mean


def block_times(J: int, T: float) -> int:
    """Samples in a block, for the largest wavelet and the averaging scale."""
    return max(int(T) // BLOCKS_IN_T, 2**J // BLOCKS_IN_WAVELET, SMALLEST_BLOCK)


def block_powers(xp: Namespace, x: Array, n_block: int) -> NDArray[np.float64]:
    """Power of signals in blocks, without the mean of each block.

    Offsets, and drifts much slower than a block, have none.

    Parameters
    ----------
    xp : Namespace
        Array operations, in the precision of `x`.
    x : array of shape (n_signals, n_channels, n_times)
    n_block : int
        Samples in a block. Those after the last whole block do not count.

    Returns
    -------
    powers : ndarray of shape (n_signals, n_blocks)
        Summed over the channels, and divided by a power of two for each signal.
    """
    n_blocks = x.shape[-1] // n_block
    scale, _ = xp.powers_of_two(xp.peak(xp.peak(x)))
    x = (x * scale[:, np.newaxis, np.newaxis])[..., : n_blocks * n_block]
    x = x.reshape(*x.shape[:2], n_blocks, n_block)
    x = x - x.mean(-1)[..., np.newaxis]
    return xp.to_numpy((x * x).mean(-1).sum(1)).astype(float)


def active_blocks(powers: NDArray[np.float64], trim: float) -> NDArray[np.intp]:
    """Find the first and the last active block of signals.

    Parameters
    ----------
    powers : ndarray of shape (n_signals, n_blocks)
    trim : float
        In dB below the loudest block.

    Returns
    -------
    bounds : ndarray of int, of shape (n_signals, 2)
        The first active block and the one after the last; all blocks of a silent signal.
    """
    lasting = scipy.ndimage.median_filter(
        powers, size=(1, BLOCKS_IN_MEDIAN), mode="constant", cval=0.0
    )
    loudest = lasting.max(-1, keepdims=True, initial=0.0)
    active = lasting >= loudest * 10 ** (-trim / 10)
    n_blocks = powers.shape[1]
    first = active.argmax(-1) if n_blocks else np.zeros(len(powers), np.intp)
    last = n_blocks - (active[:, ::-1].argmax(-1) if n_blocks else 0)
    return np.stack([first, np.broadcast_to(last, first.shape)], axis=-1)


def frames_within(
    layout: Layout, T: float, bounds: NDArray[np.intp], n_least: int
) -> NDArray[np.intp]:
    """Find the frames of parts of signals.

    Parameters
    ----------
    layout : Layout
        Of the signals.
    T : float
        Averaging scale in samples. Frames up to half of it beyond a part belong to it.
    bounds : ndarray of int, of shape (n_signals, 2)
        The first sample of each part, and the one after the last.
    n_least : int
        Number of frames that a part is widened to, if the signal has that many.

    Returns
    -------
    frames : ndarray of int, of shape (n_signals, 2)
        The first frame and the one after the last.
    """
    origin, stride = layout.first_time, layout.grid.stride
    first = np.ceil((bounds[:, 0] - T / 2 - origin) / stride).astype(np.intp)
    after = np.floor((bounds[:, 1] + T / 2 - origin) / stride).astype(np.intp) + 1
    n_least = min(n_least, layout.n_frames)
    first, after = np.maximum(first, 0), np.minimum(after, layout.n_frames)
    missing = np.maximum(n_least - (after - first), 0)
    first = np.clip(first - missing // 2, 0, layout.n_frames - n_least)
    after = np.maximum(after, first + n_least)
    return np.stack([first, after], axis=-1)
