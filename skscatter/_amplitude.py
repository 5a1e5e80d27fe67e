"""Bring signals to magnitude one, and back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

NORMALIZERS = (None, "max", "rms")


def to_unit_magnitude(
    X: NDArray[Any], normalize: str | None
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Scale each signal so that no square under- or overflows, and normalize it if asked.

    The transform is homogeneous, so a signal can be scaled by a power of two, which is exact, and
    its coefficients scaled back: signals of 1e150 or 1e-300 come out as exactly as any other.

    Parameters
    ----------
    X : ndarray of shape (n_signals, n_times)
        Of a floating dtype; not changed.
    normalize : {None, "max", "rms"}
        Divide each signal by its largest magnitude or its root mean square (a signal of zeros
        stays as it is).

    Returns
    -------
    scaled : ndarray of shape (n_signals, n_times)
        Signals of magnitude about 1.
    gain : ndarray of shape (n_signals,) or None
        Factor that brings their coefficients back; None if they are to stay, as when normalized.
    """
    largest = np.maximum(X.max(axis=-1), -X.min(axis=-1))
    limit = np.finfo(X.dtype).maxexp - 2  # scales beyond would not be finite
    exponent = np.clip(np.frexp(largest)[1], -limit, limit)
    one = X.dtype.type(1)
    scaled = X * np.ldexp(one, -exponent)[:, np.newaxis]
    if normalize is None:
        return scaled, np.ldexp(one, exponent)
    if normalize == "max":
        size = np.abs(scaled).max(axis=-1)
    else:
        size = np.sqrt(np.mean(np.square(scaled), axis=-1))
    scaled /= np.where(size > 0, size, one)[:, np.newaxis]
    return scaled, None
