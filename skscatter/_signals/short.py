"""Signals that are too short for the scale that most of them decided on."""

import numpy as np

from skscatter._common.warn import warn_caller
from skscatter._signals.rows import SignalCollection, Signals

NUMPY_MODES = {"reflect": "reflect", "zero": "constant", "periodic": "wrap"}
NAMED = 5  # signals in a warning


def continue_short(signals: Signals, min_times: int, padding: str) -> Signals:
    """Continue signals of their own lengths that have fewer than `min_times` samples.

    Parameters
    ----------
    signals : Signals
        Others than a collection have one length, which fits.
    min_times : int
        Samples that each is to have.
    padding : {"reflect", "zero", "periodic"}
        How a signal is continued past its end.

    Returns
    -------
    signals : Signals
        The same object if no signal is too short.

    Warns
    -----
    UserWarning
        If a signal is continued.
    """
    short = np.flatnonzero(signals.lengths < min_times)
    if not isinstance(signals, SignalCollection) or not len(short):
        return signals
    named = ", ".join(f"X[{i}] ({signals.lengths[i]} samples)" for i in short[:NAMED])
    others = f" and {len(short) - NAMED} others" if len(short) > NAMED else ""
    warn_caller(
        f"Too short for the scale of {min_times} samples, and continued to it with "
        f"padding={padding!r}: {named}{others}. Set a smaller J, or leave them out."
    )
    mode = NUMPY_MODES[padding]
    continued = list(signals.signals)
    for i in short:
        missing = min_times - continued[i].shape[1]
        continued[i] = np.pad(continued[i], ((0, 0), (0, missing)), mode=mode)  # type: ignore[call-overload]
    return SignalCollection(continued, signals.n_channels)
