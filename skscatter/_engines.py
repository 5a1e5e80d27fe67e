"""The engines: what turns a block of signals into scattering coefficients.

An engine takes an array of shape ``(n_signals, n_times)`` and returns one of shape ``(n_signals,
n_paths, n_frames)``, both of its namespace (``xp``). It also says how many signals it likes at a
time (``chunk``) and how much memory one takes (``bytes_per_signal``). Engines hold filters, not
data, do not change, and are shared by everything in a process that asks for the same settings.
"""

import warnings
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from kymatio.scattering1d.frontend.numpy_frontend import ScatteringNumPy1D

from skscatter._backends import NUMPY, Place, namespace_at
from skscatter._cascade import Cascade
from skscatter._layout import lay_out
from skscatter._namespaces import Array, Namespace
from skscatter._paths import paths_of, released_gain
from skscatter._plan import make_plan
from skscatter._settings import Settings


class Engine(Protocol):
    """What the transformer asks of an engine."""

    xp: Namespace
    chunk: int
    bytes_per_signal: int

    def __call__(self, x: Array) -> Array:
        """Scatter `x` of shape (n_signals, n_times), of magnitude about 1."""


class FusedEngine:
    """Our own cascade, in the precision of `dtype`."""

    def __init__(self, settings: Settings, dtype: str, place: Place = NUMPY) -> None:
        self.xp = xp = namespace_at(place, dtype)
        self._cascade = Cascade(make_plan(settings, xp), xp)
        self.chunk = self._cascade.plan.chunk
        self.bytes_per_signal = self._cascade.bytes_per_signal
        self._gain = None
        if settings.normalization == "kymatio-0.3":
            self._gain = xp.asarray(released_gain(settings)[:, np.newaxis])

    def __call__(self, x: Array) -> Array:
        S = self._cascade(x)
        if self._gain is not None:
            S *= self._gain
        return S


class KymatioEngine:
    """Kymatio's own front end: the reference, on the same scale and frames.

    With NumPy it computes in float64 from the first product on, with PyTorch in the precision of
    `dtype`; the result is in that precision.
    """

    chunk = 8

    def __init__(self, settings: Settings, dtype: str, place: Place = NUMPY) -> None:
        if settings.n_times == 1:
            raise ValueError(
                "engine='kymatio' cannot transform signals of 1 sample: its wavelets are not "
                "numbers there. Accepted: at least 2 samples, or engine='fused'."
            )
        self.xp = xp = namespace_at(place, dtype)
        with warnings.catch_warnings():
            # That short signals see their border: a property of the padding, not of this call.
            warnings.filterwarnings("ignore", message="Signal support is too small")
            self._front_end = FRONT_ENDS[place.backend](settings, dtype, place.device)
        layout, own_stride = lay_out(settings), min(settings.stride, 2**settings.log2_T)
        first = -(-layout.pad_left // own_stride) * own_stride
        self._frames = slice(
            (layout.first_frame - first) // own_stride, None, settings.stride // own_stride
        )
        self._paths = slice(0 if settings.include_order0 else 1, None)
        gain = np.ones((len(paths_of(settings)), 1))
        if settings.normalization == "unit":
            gain = 1 / released_gain(settings)[:, np.newaxis]
        self._gain = xp.asarray(gain)
        # One complex spectrum at a time and its products, and the coefficients twice.
        self.bytes_per_signal = 16 * (6 * layout.n_padded + 2 * len(gain) * layout.n_frames)

    def __call__(self, x: Array) -> Array:
        S = self._front_end.scattering(x)[:, self._paths, self._frames]
        return self.xp.load(S) * self._gain


def _kymatio_parameters(settings: Settings) -> dict[str, Any]:
    """Parameters of kymatio's front ends for the same transform."""
    return {
        "J": settings.J,
        "shape": settings.n_times,
        "Q": settings.Q,
        "T": settings.T,
        "max_order": settings.max_order,
        "oversampling": max(settings.log2_T - settings.log2_stride, 0),
    }


def _numpy_front_end(settings: Settings, dtype: str, device: str) -> Any:
    return ScatteringNumPy1D(**_kymatio_parameters(settings))


def _torch_front_end(settings: Settings, dtype: str, device: str) -> Any:
    import torch
    from kymatio.scattering1d.frontend.torch_frontend import ScatteringTorch1D

    front_end = ScatteringTorch1D(**_kymatio_parameters(settings)).to(getattr(torch, dtype))
    # It rounds its filters to float32 as it is made. Here they are again in full, in the order in
    # which it registers them; it reads them from these buffers at every call.
    exact = ScatteringNumPy1D(**_kymatio_parameters(settings))
    filters = [level for h in (exact.phi_f, *exact.psi1_f, *exact.psi2_f) for level in h["levels"]]
    for buffer, values in zip(front_end.buffers(), filters, strict=True):
        buffer.copy_(torch.tensor(values).view(-1, 1))
    return front_end.to(device)


FRONT_ENDS = {"numpy": _numpy_front_end, "torch": _torch_front_end}


ENGINE_CLASSES: dict[str, type[FusedEngine] | type[KymatioEngine]] = {
    "fused": FusedEngine,
    "kymatio": KymatioEngine,
}


@lru_cache(maxsize=32)
def get_engine(settings: Settings, dtype: str, place: Place = NUMPY) -> Engine:
    """Return the engine for these settings and precision, built once in a process."""
    return ENGINE_CLASSES[settings.engine](settings, dtype, place)
