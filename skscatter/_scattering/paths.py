"""The table of scattering paths.

A path is the sequence of filters of a coefficient. Order 0 has the low-pass alone. A path of order
1 has one wavelet ``n1``. A path of order 2 adds a wavelet ``n2`` of a coarser octave, ``j2 > j1``,
because the envelope of a band varies no faster than the bandwidth allows.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from skscatter._scattering.filters import wavelet_parameters
from skscatter._scattering.settings import Settings

PATH_DTYPE = np.dtype(
    [
        ("order", np.int8),
        ("n1", np.int32),
        ("n2", np.int32),
        ("j1", np.int32),
        ("j2", np.int32),
        ("xi1", np.float64),
        ("sigma1", np.float64),
        ("xi2", np.float64),
        ("sigma2", np.float64),
    ]
)

ABSENT = -1  # n and j of a wavelet that a path does not have. Its xi and sigma are NaN


@lru_cache(maxsize=64)
def scattering_paths(
    J: int, Q: tuple[int, int], max_order: int, include_order0: bool
) -> NDArray[np.void]:
    """List the paths in kymatio's order: by order, then ``n1``, then ``n2``.

    Returns
    -------
    paths : structured ndarray of shape (n_paths,)
        Fields ``order``; ``n1``, ``n2`` (index of the wavelet); ``j1``, ``j2`` (octave); ``xi1``,
        ``xi2`` (centre frequency) and ``sigma1``, ``sigma2`` (bandwidth), in cycles per sample. If
        a path does not have the wavelet, integers are -1 and frequencies are NaN. Read-only.
    """
    first, second = (wavelet_parameters(J, q) for q in Q)
    none = (ABSENT, ABSENT, np.nan, np.nan)
    ones = list(zip(range(len(first)), first.j, first.xi, first.sigma, strict=True))
    twos = list(zip(range(len(second)), second.j, second.xi, second.sigma, strict=True))
    routes = [(0, none, none)] if include_order0 else []
    routes += [(1, one, none) for one in ones]
    if max_order == 2:
        routes += [(2, one, two) for one in ones for two in twos if two[1] > one[1]]
    rows = [
        (order, n1, n2, j1, j2, xi1, sigma1, xi2, sigma2)
        for order, (n1, j1, xi1, sigma1), (n2, j2, xi2, sigma2) in routes
    ]
    paths = np.array(rows, dtype=PATH_DTYPE)
    paths.flags.writeable = False
    return paths


def paths_of(settings: Settings) -> NDArray[np.void]:
    """List the paths of a transform with these settings."""
    return scattering_paths(settings.J, settings.Q, settings.max_order, settings.include_order0)


def orders_of(settings: Settings) -> dict[int, slice]:
    """Positions of the paths of each order, which follow each other."""
    orders = paths_of(settings)["order"]
    first = np.searchsorted(orders, [0, 1, 2, 3]).tolist()
    return {k: slice(*first[k : k + 2]) for k in range(3) if first[k] < first[k + 1]}


def path_names(paths: NDArray[np.void], sampling_rate: float | None = None) -> list[str]:
    """Name each path, such as ``S1_440Hz``, or ``S1_n7`` without a sampling rate.

    Frequencies have four significant digits, which distinguish any two wavelets of a family.
    """

    def wavelet(n: int, xi: float) -> str:
        if sampling_rate is None:
            return f"_n{n}"
        hertz = np.format_float_positional(
            xi * sampling_rate, precision=4, fractional=False, trim="-"
        )
        return f"_{hertz}Hz"

    return [
        f"S{path['order']}"
        + (wavelet(path["n1"], path["xi1"]) if path["order"] >= 1 else "")
        + (wavelet(path["n2"], path["xi2"]) if path["order"] >= 2 else "")
        for path in paths
    ]


def released_gain(settings: Settings) -> NDArray[np.float64]:
    """Gain of kymatio 0.3 on each path, relative to unit gain.

    kymatio periodises filters by a mean. A filter that is applied to a signal sampled every
    ``2**k`` samples is therefore too small by a factor of ``2**k``. This concerns the low-pass in
    order 1, and psi2 and the low-pass in order 2. The rates are kymatio's. At strides finer than T
    they are higher than ours (kymatio's ``oversampling``).

    Returns
    -------
    gain : ndarray of shape (n_paths,)
    """
    paths = paths_of(settings)
    log2_T = settings.log2_T
    oversampling = max(log2_T - settings.log2_stride, 0)
    k1 = np.maximum(np.minimum(paths["j1"], log2_T) - oversampling, 0)
    k2 = np.maximum(np.minimum(paths["j2"], log2_T) - k1 - oversampling, 0)
    exponent = np.select([paths["order"] == 1, paths["order"] == 2], [k1, 2 * k1 + k2], 0)
    return np.ldexp(1.0, -exponent)
