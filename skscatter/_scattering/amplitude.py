"""Bring signals to magnitude one, and back."""

import numpy as np

from skscatter._scattering.layout import Groups
from skscatter._scattering.namespace import Array, Namespace

INPUT_SCALINGS = (None, "max", "rms")


def to_unit_magnitude(
    xp: Namespace, X: Array, groups: Groups, input_scaling: str | None
) -> tuple[Array, Array | None]:
    """Scale each signal so that no square under- or overflows, and divide it by its size if asked.

    The transform is homogeneous, so a signal can be scaled by a power of two, which is exact, and
    its coefficients scaled back: signals of 1e150 or 1e-300 come out as exactly as any other.

    Parameters
    ----------
    xp : Namespace
        Array operations, in the precision of `X`.
    X : array of shape (n_signals, n_longest)
        With zeros after shorter signals. Not changed.
    groups : list of (slice, Layout)
        Rows of one length.
    input_scaling : {None, "max", "rms"}
        Divide each signal by its largest magnitude or its root mean square (a signal of zeros
        stays as it is).

    Returns
    -------
    scaled : array of shape (n_signals, n_longest)
        Signals of magnitude about 1.
    gain : array of shape (n_signals,) or None
        Factor that brings their coefficients back; None if they are to stay, as when normalized.
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

    Averages of signals close to the largest number may exceed it by rounding. They are limited to
    a thousandth below it, so that statistics of them are finite as well.
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
