"""Scale signals to unit magnitude, and their coefficients back."""

import numpy as np

from skscatter._scattering.layout import Groups
from skscatter._scattering.namespace import Array, Namespace

INPUT_SCALINGS = (None, "max", "rms")


def to_unit_magnitude(
    xp: Namespace, X: Array, groups: Groups, input_scaling: str | None
) -> tuple[Array, Array | None]:
    """Scale each signal so that squares do not under- or overflow, and apply `input_scaling`.

    The transform is homogeneous. A signal can be scaled by a power of two, which is exact, and its
    coefficients scaled back. Signals of magnitude 1e150 or 1e-300 are then as accurate as others.

    Parameters
    ----------
    xp : Namespace
        Array operations, in the precision of `X`.
    X : array of shape (n_signals, n_longest)
        Signals, with zeros after the end of shorter ones. Not changed.
    groups : list of (slice, Layout)
        Rows of equal length, and their layout.
    input_scaling : {None, "max", "rms"}
        Divide each signal by its largest magnitude or by its root mean square. A signal of zeros is
        not changed.

    Returns
    -------
    scaled : array of shape (n_signals, n_longest)
        Signals of magnitude about 1.
    gain : array of shape (n_signals,) or None
        Factors that scale the coefficients back. None with an `input_scaling`.
    """
    scale, gain = xp.powers_of_two(xp.peak(X))
    scaled = X * scale[:, np.newaxis]
    if input_scaling is None:
        return scaled, gain
    size = xp.peak(scaled)
    if input_scaling == "rms":
        for rows, layout in groups:
            squares = scaled[rows, : layout.n_times] ** 2
            size[rows] = squares.mean(-1) ** 0.5
    scaled /= (size + (size == 0))[:, np.newaxis]
    return scaled, None


def from_unit_magnitude(xp: Namespace, S: Array, gain: Array | None) -> None:
    """Scale coefficients of shape (n_signals, n_paths, n_frames) back, in place.

    Averages of signals close to the largest number may exceed it by rounding. They are limited to a
    value a thousandth below it, so that their statistics are finite, too.
    """
    if gain is None:
        return
    largest = float(np.finfo(xp.dtype).max)
    if len(gain) and float(gain.max()) > largest / 8:
        with np.errstate(over="ignore"):
            S *= gain[:, np.newaxis, np.newaxis]
        xp.limit(S, largest * (1 - 2**-10))
    else:
        S *= gain[:, np.newaxis, np.newaxis]
