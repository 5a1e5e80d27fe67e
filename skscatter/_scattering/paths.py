"""The tables of scattering paths.

A path is the sequence of filters of a coefficient. Order 0 has the low-pass alone. A path of order
1 has one wavelet ``n1``. A path of order 2 adds a wavelet ``n2`` of a coarser octave, ``j2 > j1``,
because the envelope of a band varies no faster than the bandwidth allows.

In joint scattering a wavelet ``n2`` filters all first-order envelopes of finer octaves, and a
wavelet ``n_fr`` then filters them along log-frequency, upwards or downwards. The rows of such a
path are at every ``stride_fr``-th of these envelopes, and each row is a line of the table.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from skscatter._scattering.filters import wavelet_parameters
from skscatter._scattering.settings import SIGMA0, Joint, Settings

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

JOINT_DTYPE = np.dtype(
    [
        *PATH_DTYPE.descr,
        ("n_fr", np.int32),
        ("j_fr", np.int32),
        ("xi_fr", np.float64),
        ("sigma_fr", np.float64),
        ("scale", np.float64),
        ("spin", np.int8),
    ]
)

DIRECTIONS = {1: "up", -1: "down", 0: ""}

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


@lru_cache(maxsize=64)
def joint_paths(J: int, Q: tuple[int, int], joint: Joint, include_order0: bool) -> NDArray[np.void]:
    """List the rows of joint scattering.

    After order 0, the parts follow each other in the order of `PARTS`. In a part, paths are in the
    order of ``n2``, spin (upwards first) and ``n_fr``, and the rows of a path in that of ``n1``,
    from high to low frequency.

    Returns
    -------
    paths : structured ndarray of shape (n_paths,)
        With the fields of `scattering_paths`. The first-order wavelet is that in the centre of the
        average along frequency, and missing if that is over all frequencies. ``n_fr``, ``j_fr``,
        ``xi_fr`` and ``sigma_fr`` are the same of the wavelet along frequency, in cycles per
        first-order wavelet, with ``n_fr`` and ``xi_fr`` 0 for the low-pass; ``scale`` is ``xi_fr``
        in cycles per octave; ``spin`` is 1 upwards, -1 downwards, and 0 for neither. Read-only.
    """
    first, second = (wavelet_parameters(J, q) for q in Q)
    along = wavelet_parameters(joint.J_fr, joint.Q_fr)
    wavelets = range(1, len(along) + 1)

    def rows(n1_stop: int) -> Sequence[int]:
        return [ABSENT] if joint.is_global else range(0, n1_stop, joint.stride_fr)

    routes: list[tuple[int, Sequence[int], int, int, int]] = []
    if include_order0:
        routes.append((0, [ABSENT], ABSENT, ABSENT, 0))
    if "first" in joint.parts:
        routes.append((1, range(len(first)), ABSENT, ABSENT, 0))
    if "frequency" in joint.parts:
        routes += [(1, rows(len(first)), ABSENT, n_fr, 0) for n_fr in wavelets]
    stops = n1_stops(J, Q).items()
    if "time" in joint.parts:
        routes += [(2, rows(n1_stop), n2, 0, 0) for n2, n1_stop in stops]
    if "joint" in joint.parts:
        routes += [
            (2, rows(n1_stop), n2, n_fr, spin)
            for n2, n1_stop in stops
            for spin in (1, -1)
            for n_fr in wavelets
        ]
    lines = [(order, n1, *others) for order, n1s, *others in routes for n1 in n1s]
    paths = np.zeros(len(lines), JOINT_DTYPE)
    for i, field in enumerate(("order", "n1", "n2", "n_fr", "spin")):
        paths[field] = [line[i] for line in lines]
    low_pass = SIGMA0 / 2**joint.J_fr
    for suffix, j, xi, sigma in [
        ("1", first.j, first.xi, first.sigma),
        ("2", second.j, second.xi, second.sigma),
        ("_fr", (joint.J_fr, *along.j), (0.0, *along.xi), (low_pass, *along.sigma)),
    ]:
        n = paths[f"n{suffix}"]  # ABSENT takes the last value
        paths[f"j{suffix}"] = np.append(j, ABSENT)[n]
        paths[f"xi{suffix}"] = np.append(xi, np.nan)[n]
        paths[f"sigma{suffix}"] = np.append(sigma, np.nan)[n]
    paths["scale"] = paths["xi_fr"] * Q[0]
    paths.flags.writeable = False
    return paths


def n1_stops(J: int, Q: tuple[int, int]) -> dict[int, int]:
    """Number of the first-order envelopes that each second-order wavelet filters, if there are any.

    They are the first ones, because the octaves ascend.
    """
    first, second = (wavelet_parameters(J, q) for q in Q)
    stops = {n2: sum(j1 < j2 for j1 in first.j) for n2, j2 in enumerate(second.j)}
    return {n2: stop for n2, stop in stops.items() if stop}


def paths_of(settings: Settings) -> NDArray[np.void]:
    """List the paths of a transform with these settings, one for each row of coefficients."""
    J, Q, order0 = settings.J, settings.Q, settings.include_order0
    if settings.joint is not None:
        return joint_paths(J, Q, settings.joint, order0)
    return scattering_paths(J, Q, settings.max_order, order0)


@lru_cache(maxsize=64)
def orders_of(settings: Settings) -> dict[int, slice]:
    """Positions of the paths of each order, which follow each other.

    The parts of joint scattering are of different size, and count as orders here: 1 and 2 are those
    of the first order, unfiltered and filtered along frequency, 3 and 4 those of the second order.
    """
    paths = paths_of(settings)
    orders = paths["order"]
    if settings.joint is not None:
        orders = np.select(
            [paths["n_fr"] == ABSENT, paths["order"] == 1, paths["spin"] == 0], [orders, 2, 3], 4
        )
    present = np.unique(orders).tolist()
    bounds = [*np.searchsorted(orders, present).tolist(), len(orders)]
    return {k: slice(*bounds[i : i + 2]) for i, k in enumerate(present)}


def path_names(paths: NDArray[np.void], sampling_rate: float | None = None) -> list[str]:
    """Name each path, such as ``S1_440Hz``, or ``S1_n7`` without a sampling rate.

    Names of joint scattering go on with the cycles per octave and the direction, as in
    ``S2_440Hz_4Hz_0.5cpo_up``. An average over all frequencies is named ``all``.

    Frequencies have four significant digits, which distinguish any two wavelets of a family.
    """

    def number(value: float) -> str:
        return np.format_float_positional(value, precision=4, fractional=False, trim="-")

    def wavelet(n: int, xi: float) -> str:
        if n == ABSENT:
            return "_all"
        return f"_n{n}" if sampling_rate is None else f"_{number(xi * sampling_rate)}Hz"

    def along_frequency(path: NDArray[np.void]) -> str:
        if path["n_fr"] == ABSENT:
            return ""
        direction = DIRECTIONS[int(path["spin"])]
        return f"_{number(float(path['scale']))}cpo" + (f"_{direction}" if direction else "")

    is_joint = "n_fr" in (paths.dtype.names or ())
    return [
        f"S{path['order']}"
        + (wavelet(path["n1"], path["xi1"]) if path["order"] >= 1 else "")
        + (wavelet(path["n2"], path["xi2"]) if path["order"] >= 2 else "")
        + (along_frequency(path) if is_joint else "")
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
