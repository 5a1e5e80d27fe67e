"""What is measured in signals besides their coefficients: levels, and active parts."""

import numpy as np
from numpy.typing import NDArray

from skscatter._scattering.activity import (
    active_blocks,
    block_powers,
    block_times,
    frames_within,
)
from skscatter._scattering.layout import lay_out
from skscatter._scattering.namespace import Namespace
from skscatter._scattering.settings import Settings
from skscatter._signals.rows import Signals

BLOCK_BYTES = 16 * 2**20  # of signals that are measured at a time
MAX_MEASURED = 1000  # signals that give the level of many


def typical_level(xp: Namespace, signals: Signals) -> float:
    """Root mean square of a typical row about its mean: the median of those that are not constant.

    Parameters
    ----------
    xp : Namespace
        Array operations, in the precision of the signals.
    signals : Signals
        Of many, a thousand rows are measured.

    Returns
    -------
    level : float
        Zero if all are constant, or there are none.
    """
    n_rows = len(signals.row_lengths)
    step = -(-n_rows // MAX_MEASURED) or 1
    levels = []
    for row in range(0, n_rows, step):
        x = xp.load(signals.block(range(row, row + 1)))
        _, gain = xp.powers_of_two(xp.peak(x))
        power = block_powers(xp, x[np.newaxis], x.shape[-1])
        levels.append(float(gain[0]) * float(power[0, 0]) ** 0.5)
        signals.release()
    levels = sorted(level for level in levels if level > 0)
    return levels[len(levels) // 2] if levels else 0.0


def active_frames(
    xp: Namespace, signals: Signals, settings: Settings, trim: float, n_least: int
) -> NDArray[np.intp]:
    """Find the frames of the active part of each row. The channels of a signal have one.

    Parameters
    ----------
    xp : Namespace
        Array operations, in the precision of the signals.
    signals : Signals
    settings : Settings
    trim : float
        In dB below the loudest.
    n_least : int
        Frames that a part has at least, if the signal has that many.

    Returns
    -------
    frames : ndarray of int, of shape (n_rows, 2)
        The first frame, and the one after the last.
    """
    n_block, n_channels = block_times(settings.J, settings.T), signals.n_channels
    lengths = signals.row_lengths[::n_channels]
    frames = np.empty((len(lengths), 2), np.intp)
    start = 0
    while start < len(lengths):
        length = int(lengths[start])
        at_once = max(1, BLOCK_BYTES // (8 * n_channels * length))
        stop = min(start + at_once, int(np.searchsorted(-lengths, -length, side="right")))
        x = xp.load(signals.block(range(start * n_channels, stop * n_channels)))
        powers = block_powers(xp, x.reshape(stop - start, n_channels, length), n_block)
        bounds = n_block * active_blocks(powers, trim)
        # Samples after the last whole block belong to it.
        bounds[bounds[:, 1] == n_block * powers.shape[1], 1] = length
        layout = lay_out(settings, length)
        frames[start:stop] = frames_within(layout, settings.T, bounds, n_least)
        signals.release()
        start = stop
    return np.repeat(frames, n_channels, axis=0)
