"""The engines: what turns a block of signals into scattering coefficients.

An engine takes an array of shape ``(n_signals, n_longest)``, of signals that share a grid, and
returns one of shape ``(n_signals, n_paths, n_frames)``, both of its namespace (``xp``). A signal's
own frames come first. An engine also states how many signals it computes together (``chunk``) and
how much memory each takes (``bytes_per_signal``). Engines hold filters but no data. They are
immutable, and shared by all computations of a process with the same settings and grid.
"""

from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from skscatter._backends import choice
from skscatter._backends.choice import KYMATIO_BACKENDS, NUMBA, NUMPY, Device, namespace_on
from skscatter._backends.kymatio_front_ends import KymatioEngine
from skscatter._scattering.cascade import Cascade
from skscatter._scattering.filters import underflow_to_zero
from skscatter._scattering.layout import Grid, Groups
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.paths import released_gain
from skscatter._scattering.plan import make_plan
from skscatter._scattering.positive_values import Counter, fill_counts
from skscatter._scattering.settings import Settings
from skscatter._scattering.workspace import Workspaces


class Engine(Protocol):
    """The interface of an engine.

    Attributes
    ----------
    xp : Namespace
        Operations on the arrays that it takes and returns.
    chunk : int
        Signals that it computes together.
    bytes_per_signal : int
        Memory that it takes for each signal.
    """

    xp: Namespace
    chunk: int
    bytes_per_signal: int

    def __call__(
        self, x: Array, groups: Groups, workspaces: Workspaces, n_threads: int = 1
    ) -> Array:
        """Scatter signals `x` of magnitude about 1, with the layouts in `groups`.

        `workspaces` are those of the calling thread. Up to `n_threads` may share one long signal.
        """


class CascadeEngine:
    """Our own cascade, with the gain of the filters that the settings ask for.

    Parameters
    ----------
    settings : Settings
    xp : Namespace
        Array operations, those of the cascade.
    cascade : Cascade or CompiledCascade
        For these settings.
    """

    def __init__(self, settings: Settings, xp: Namespace, cascade: Any) -> None:
        self.xp, self.cascade = xp, cascade
        self.chunk = cascade.chunk
        self.bytes_per_signal = cascade.bytes_per_signal
        self._gain = None
        if settings.filter_gain == "kymatio-0.3":
            self._gain = xp.asarray(released_gain(settings)[:, np.newaxis])

    def __call__(
        self, x: Array, groups: Groups, workspaces: Workspaces, n_threads: int = 1
    ) -> Array:
        """Scatter signals `x` of magnitude about 1, with the layouts in `groups`."""
        S = self.cascade(x, groups, workspaces, n_threads)
        if self._gain is not None:
            S *= self._gain
        return S


def device_for(settings: Settings, grid: Grid, device: Device) -> Device:
    """Return what computes signals on a grid: NumPy where the compiled cascade cannot."""
    if device == NUMBA:
        from skscatter._backends.compiled.cascade import supports

        if not supports(settings, grid):
            return NUMPY
    return device


@underflow_to_zero
def build_engine(settings: Settings, grid: Grid, dtype: str, device: Device = NUMPY) -> Engine:
    """Build the engine of a device, in one precision."""
    xp = namespace_on(device, dtype)
    device = device_for(settings, grid, device)
    if device.backend in KYMATIO_BACKENDS:
        return KymatioEngine(settings, grid, xp)
    if device == NUMBA:
        from skscatter._backends.compiled.cascade import CompiledCascade

        return CascadeEngine(settings, xp, CompiledCascade(settings, grid, xp))
    return CascadeEngine(settings, xp, Cascade(make_plan(settings, grid, xp), xp))


@lru_cache(maxsize=64)
def get_engine(settings: Settings, grid: Grid, dtype: str, device: Device = NUMPY) -> Engine:
    """Return the engine for these settings and precision, built once in a process."""
    return build_engine(settings, grid, dtype, device)


def get_counter() -> Counter:
    """Return what counts values for proportions of positive values: compiled code, or NumPy."""
    if choice.has_numba():
        from skscatter._backends.compiled.counting import SIGNATURE, compiled_counts

        counter: Counter = compiled_counts.compile(SIGNATURE)
        return counter
    return fill_counts
