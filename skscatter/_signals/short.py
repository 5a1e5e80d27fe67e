"""Signals that are too short for the scale of the transform."""

import numpy as np

from skscatter._common.warn import warn_caller
from skscatter._signals.rows import SignalCollection, Signals

NUMPY_MODES = {"reflect": "reflect", "zero": "constant", "periodic": "wrap"}
MAX_NAMED = 5  # signals in a warning


def extend_short(signals: Signals, min_times: int, padding: str) -> Signals:
    """Extend signals of a collection that have fewer than `min_times` samples.

    Parameters
    ----------
    signals : Signals
        Signals that are not a collection are returned unchanged.
    min_times : int
        Smallest length of a signal.
    padding : {"reflect", "zero", "periodic"}
        How a signal is continued past its end.

    Returns
    -------
    signals : Signals
        The same object if no signal is too short.

    Warns
    -----
    UserWarning
        If a signal is extended.
    """
    short = np.flatnonzero(signals.lengths < min_times)
    if not isinstance(signals, SignalCollection) or not len(short):
        return signals
    named = ", ".join(f"X[{i}] ({signals.lengths[i]} samples)" for i in short[:MAX_NAMED])
    others = f" and {len(short) - MAX_NAMED} others" if len(short) > MAX_NAMED else ""
    warn_caller(
        f"Too short for the scale of {min_times} samples, and extended to it with "
        f"padding={padding!r}: {named}{others}. Set a smaller J, or leave them out."
    )
    mode = NUMPY_MODES[padding]
    extended = list(signals.signals)
    for i in short:
        missing = min_times - extended[i].shape[1]
        extended[i] = np.pad(extended[i], ((0, 0), (0, missing)), mode=mode)  # type: ignore[call-overload]
    return SignalCollection(extended, signals.n_channels)
