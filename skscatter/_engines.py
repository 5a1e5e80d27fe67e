"""The engines: what turns a block of signals into scattering coefficients.

An engine takes an array of shape ``(n_signals, n_times)`` and returns one of shape ``(n_signals,
n_paths, n_frames)``. It also says how many signals it likes at a time (``chunk``) and how much
memory one takes (``bytes_per_signal``). Engines hold filters, not data, do not change, and are
shared by everything in a process that asks for the same settings.
"""

import warnings
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from kymatio.scattering1d.frontend.numpy_frontend import ScatteringNumPy1D
from numpy.typing import NDArray

from skscatter._cascade import Cascade
from skscatter._namespaces import NumpyNamespace
from skscatter._paths import paths_of, released_gain
from skscatter._plan import make_plan
from skscatter._settings import Settings, lay_out


class Engine(Protocol):
    """What the transformer asks of an engine."""

    chunk: int
    bytes_per_signal: int

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        """Scatter `x` of shape (n_signals, n_times), of magnitude about 1."""


class FusedEngine:
    """Our own cascade, in the precision of `dtype`."""

    def __init__(self, settings: Settings, dtype: str) -> None:
        xp = NumpyNamespace(dtype)
        self._cascade = Cascade(make_plan(settings, xp), xp)
        self.chunk = self._cascade.plan.chunk
        self.bytes_per_signal = self._cascade.bytes_per_signal
        self._gain = None
        if settings.normalization == "kymatio-0.3":
            self._gain = released_gain(settings)[:, np.newaxis].astype(dtype)

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        S = self._cascade(x)
        if self._gain is not None:
            S *= self._gain
        return S


class KymatioEngine:
    """Kymatio's NumPy front end: the reference, on the same scale and frames.

    It computes in float64 from the first product on; the result is in the precision of `dtype`.
    """

    chunk = 8

    def __init__(self, settings: Settings, dtype: str) -> None:
        if settings.n_times == 1:
            raise ValueError(
                "engine='kymatio' cannot transform signals of 1 sample: its wavelets are not "
                "numbers there. Accepted: at least 2 samples, or engine='fused'."
            )
        with warnings.catch_warnings():
            # That short signals see their border: a property of the padding, not of this call.
            warnings.filterwarnings("ignore", message="Signal support is too small")
            self._front_end = ScatteringNumPy1D(
                settings.J,
                settings.n_times,
                Q=settings.Q,
                T=settings.T,
                max_order=settings.max_order,
                oversampling=max(settings.log2_T - settings.log2_stride, 0),
            )
        layout, own_stride = lay_out(settings), min(settings.stride, 2**settings.log2_T)
        first = -(-layout.pad_left // own_stride) * own_stride
        self._frames = slice(
            (layout.first_frame - first) // own_stride, None, settings.stride // own_stride
        )
        self._paths = slice(0 if settings.include_order0 else 1, None)
        self._gain = np.ones((len(paths_of(settings)), 1), dtype)
        if settings.normalization == "unit":
            self._gain = (1 / released_gain(settings)[:, np.newaxis]).astype(dtype)
        # One complex spectrum at a time and its products, and the coefficients twice.
        self.bytes_per_signal = 16 * (6 * layout.n_padded + 2 * len(self._gain) * layout.n_frames)

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        S = self._front_end.scattering(x)[:, self._paths, self._frames]
        return S.astype(x.dtype, copy=False) * self._gain


ENGINE_CLASSES: dict[str, type[FusedEngine] | type[KymatioEngine]] = {
    "fused": FusedEngine,
    "kymatio": KymatioEngine,
}


@lru_cache(maxsize=32)
def get_engine(settings: Settings, dtype: str) -> Engine:
    """Return the engine for these settings and precision, built once in a process."""
    return ENGINE_CLASSES[settings.engine](settings, dtype)
