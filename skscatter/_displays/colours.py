"""Colour scales that begin and end where the values do."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._common.parameters import check_real

# Least end of a colour scale. Matplotlib replaces the ends of smaller ones by -0.1 and 0.1.
LEAST_END = 1e-280

NARROWEST = 20.0  # dB, so that rounding does not fill a colour scale
DYNAMIC_RANGE = 80.0  # dB, as in librosa


def log_colours(
    values: NDArray[np.floating],
    *,
    dynamic_range: float = DYNAMIC_RANGE,
    resolution: float = 0.0,
    vmin: float | None = None,
    vmax: float | None = None,
    norm: Any = None,
    **options: Any,
) -> dict[str, Any]:
    """Choose a logarithmic colour scale for magnitudes.

    It ends at the largest value. It begins where a hundredth of the values are smaller, but between
    20 dB and `dynamic_range` below its end.

    Parameters
    ----------
    values : ndarray
        Magnitudes of at least 0. NaN, infinity and 0 do not count.
    dynamic_range : float, default=80.0
        In dB of amplitude.
    resolution : float, default=0.0
        Values up to here are rounding errors, and get the first colour.
    vmin, vmax : float or None, default=None
        Ends that replace the chosen ones.
    norm : Normalize, str or None, default=None
        A norm of matplotlib that replaces the scale. `vmin` and `vmax` go with it.
    **options
        Of ``pcolormesh``.

    Returns
    -------
    options : dict
        Those of ``pcolormesh``, with the scale.

    Raises
    ------
    TypeError, ValueError
        If one of `dynamic_range`, `vmin` and `vmax` is not a number above 0, or `vmin` is not below
        `vmax`.
    """
    from matplotlib.colors import LogNorm

    check_real("dynamic_range", dynamic_range, minimum=0, exclusive=True)
    if norm is not None:
        return options | {"norm": norm, "vmin": vmin, "vmax": vmax}
    _check_ends(vmin, vmax, minimum=0.0)
    values = np.asarray(values, dtype=np.float64)
    values = values[np.isfinite(values) & (values > 0)]
    high = vmax or max(values.max(initial=0.0) or 1.0, 10 * resolution, 10 * (vmin or 0), LEAST_END)
    if vmin is None:
        faint = float(np.quantile(values, 0.01, method="lower")) if len(values) else 0.0
        least = max(high * 10 ** (-dynamic_range / 20), resolution)
        vmin = min(max(faint, least), high * 10 ** (-min(NARROWEST, dynamic_range) / 20))
    return options | {"norm": LogNorm(vmin, high, clip=True)}


def linear_colours(
    values: NDArray[np.floating],
    *,
    vmin: float | None = None,
    vmax: float | None = None,
    norm: Any = None,
    **options: Any,
) -> dict[str, Any]:
    """Choose a linear colour scale from 0 to the largest value.

    Values below 0 get the first colour. Parameters, results and errors are those of `log_colours`,
    but `vmin` and `vmax` may be any numbers.
    """
    if norm is None:
        _check_ends(vmin, vmax, minimum=-np.inf)
        largest = float(np.max(values, initial=0.0, where=np.isfinite(values))) or 1.0
        vmax = max(largest, 2 * (vmin or 0.0)) if vmax is None else vmax
        vmin = min(0.0, 2 * vmax) if vmin is None else vmin
    return options | {"norm": norm, "vmin": vmin, "vmax": vmax}


def _check_ends(vmin: float | None, vmax: float | None, *, minimum: float) -> None:
    for name, value in {"vmin": vmin, "vmax": vmax}.items():
        if value is not None:
            check_real(name, value, minimum=minimum, exclusive=True)
    if vmin is not None and vmax is not None and vmin >= vmax:
        raise ValueError(f"vmin={vmin!r} must be below vmax={vmax!r}.")
