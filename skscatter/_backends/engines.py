"""The engines: what turns a block of signals into scattering coefficients.

An engine takes an array of shape ``(n_signals, n_longest)``, of signals that share a grid, and
returns one of shape ``(n_signals, n_paths, n_frames)``, both of its namespace (``xp``). A signal's
own frames come first. An engine also says how many signals it likes at a time (``chunk``) and how
much memory one takes (``bytes_per_signal``). Engines hold filters, not data, do not change, and are
shared by everything in a process that asks for the same settings and grid.
"""

import copy
import threading
import warnings
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from kymatio.scattering1d.frontend.numpy_frontend import ScatteringNumPy1D
from kymatio.scattering1d.utils import compute_border_indices

from skscatter._backends.choice import NUMPY, Device, namespace_on
from skscatter._scattering.cascade import Cascade
from skscatter._scattering.layout import Grid, Groups, Layout
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.paths import paths_of, released_gain
from skscatter._scattering.plan import make_plan
from skscatter._scattering.settings import Settings
from skscatter._scattering.workspace import Workspaces


class Engine(Protocol):
    """What the transformer asks of an engine."""

    xp: Namespace
    chunk: int
    bytes_per_signal: int

    def __call__(
        self, x: Array, groups: Groups, workspaces: Workspaces, n_threads: int = 1
    ) -> Array:
        """Scatter `x` of magnitude about 1, with rows that are laid out as `groups` say."""


def _cascade(settings: Settings, grid: Grid, device: Device, xp: Namespace) -> Any:
    """Our own cascade at a device: compiled there where that is possible and wanted."""
    if device.backend == "numba":
        from skscatter._backends.compiled.cascade import CompiledCascade, supports

        if supports(settings, grid):
            return CompiledCascade(settings, grid, xp)
    return Cascade(make_plan(settings, grid, xp), xp)


class FusedEngine:
    """Our own cascade, in the precision of `dtype`."""

    def __init__(self, settings: Settings, grid: Grid, dtype: str, device: Device = NUMPY) -> None:
        self.xp = xp = namespace_on(device, dtype)
        self._cascade = _cascade(settings, grid, device, xp)
        self.chunk = self._cascade.chunk
        self.bytes_per_signal = self._cascade.bytes_per_signal
        self._gain = None
        if settings.filter_gain == "kymatio-0.3":
            self._gain = xp.asarray(released_gain(settings)[:, np.newaxis])

    def __call__(
        self, x: Array, groups: Groups, workspaces: Workspaces, n_threads: int = 1
    ) -> Array:
        S = self._cascade(x, groups, workspaces, n_threads)
        if self._gain is not None:
            S *= self._gain
        return S


class KymatioEngine:
    """Kymatio's own front end: the reference, on the same scale and frames.

    With NumPy it computes in float64 from the first product on, with PyTorch in the precision of
    `dtype`; the result is in that precision.
    """

    chunk = 8

    def __init__(self, settings: Settings, grid: Grid, dtype: str, device: Device = NUMPY) -> None:
        self.xp = xp = namespace_on(device, dtype)
        self._settings, self._dtype, self._place = settings, dtype, device
        self._canvas = grid
        self._own_stride = min(settings.stride, 2**settings.log2_T)
        self._paths = slice(0 if settings.include_order0 else 1, None)
        gain = np.ones((len(paths_of(settings)), 1))
        if settings.filter_gain == "unit":
            gain = 1 / released_gain(settings)[:, np.newaxis]
        self._gain = xp.asarray(gain)
        # One complex spectrum at a time and its products, and the coefficients twice.
        self.bytes_per_signal = 16 * (6 * grid.n_padded + 2 * len(gain) * grid.n_frames)
        self._lock = threading.Lock()
        self._any_length: Any = None

    def __call__(
        self, x: Array, groups: Groups, workspaces: Workspaces, n_threads: int = 1
    ) -> Array:
        S = self.xp.empty((len(x), len(self._gain), self._canvas.n_frames))
        for rows, layout in groups:
            scattered = self._front_end(layout).scattering(x[rows, : layout.n_times])
            # Its frames begin at the first multiple of its own stride, and are as dense.
            first = -(-layout.pad_left // self._own_stride) * self._own_stride
            own_first = layout.pad_left + self._canvas.first_frame - layout.start
            frames = slice(
                (own_first - first) // self._own_stride,
                None,
                self._settings.stride // self._own_stride,
            )
            own = self.xp.load(scattered[:, self._paths, frames]) * self._gain
            S[rows, :, : layout.n_frames] = own
            # What memory held before must not be computed with, even in vain.
            self.xp.set_zero(S[rows, :, layout.n_frames :])
        return S

    def _front_end(self, layout: Layout) -> Any:
        """Kymatio's front end for a length: filters depend on the padded length only."""
        settings, n_times = self._settings, layout.n_times
        if n_times == 1:
            raise ValueError(
                "engine='kymatio' cannot transform signals of 1 sample: its wavelets are not "
                "numbers there. Accepted: at least 2 samples, or engine='fused'."
            )
        with self._lock, warnings.catch_warnings():
            # That short signals see their border: a property of the padding, not of this call.
            warnings.filterwarnings("ignore", message="Signal support is too small")
            if self._any_length is None:
                make = FRONT_ENDS[self._place.backend]
                self._any_length = make(settings, n_times, self._dtype, self._place.device)
        front_end = copy.copy(self._any_length)
        front_end.pad_left, front_end.pad_right = layout.pad_left, layout.pad_right
        front_end.ind_start, front_end.ind_end = compute_border_indices(
            settings.log2_T, settings.J, layout.pad_left, layout.pad_left + n_times
        )
        return front_end


def _kymatio_parameters(settings: Settings, n_times: int) -> dict[str, Any]:
    """Parameters of kymatio's front ends for the same transform."""
    return {
        "J": settings.J,
        "shape": n_times,
        "Q": settings.Q,
        "T": settings.T,
        "max_order": settings.max_order,
        "oversampling": max(settings.log2_T - settings.log2_stride, 0),
    }


def _numpy_front_end(settings: Settings, n_times: int, dtype: str, device: str) -> Any:
    return ScatteringNumPy1D(**_kymatio_parameters(settings, n_times))


def _torch_front_end(settings: Settings, n_times: int, dtype: str, device: str) -> Any:
    import torch
    from kymatio.scattering1d.frontend.torch_frontend import ScatteringTorch1D

    front_end = ScatteringTorch1D(**_kymatio_parameters(settings, n_times)).to(
        getattr(torch, dtype)
    )
    # It rounds its filters to float32 as it is made. Here they are again in full, in the order in
    # which it registers them; it reads them from these buffers at every call.
    exact = ScatteringNumPy1D(**_kymatio_parameters(settings, n_times))
    filters = [level for h in (exact.phi_f, *exact.psi1_f, *exact.psi2_f) for level in h["levels"]]
    for buffer, values in zip(front_end.buffers(), filters, strict=True):
        buffer.copy_(torch.tensor(values).view(-1, 1))
    return front_end.to(device)


FRONT_ENDS = {"numpy": _numpy_front_end, "torch": _torch_front_end}


ENGINE_CLASSES: dict[str, type[FusedEngine] | type[KymatioEngine]] = {
    "fused": FusedEngine,
    "kymatio": KymatioEngine,
}


@lru_cache(maxsize=64)
def get_engine(settings: Settings, grid: Grid, dtype: str, device: Device = NUMPY) -> Engine:
    """Return the engine for these settings and precision, built once in a process."""
    return ENGINE_CLASSES["kymatio" if device.backend.startswith("kym") else "fused"](
        settings, grid, dtype, device
    )
