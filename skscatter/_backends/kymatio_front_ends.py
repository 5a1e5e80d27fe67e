"""Kymatio's front ends as engines: the reference that our own cascade is compared with.

Nothing here imports kymatio before an engine is used. Engines set attributes of the front ends,
which change between releases, so only the releases that this module was written for are accepted.
"""

import copy
import threading
import warnings
from importlib import import_module
from typing import Any

import numpy as np

from skscatter._backends.torch_arrays import TorchNamespace
from skscatter._scattering.layout import Grid, Groups, Layout
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.paths import paths_of, released_gain
from skscatter._scattering.settings import Settings
from skscatter._scattering.workspace import Workspaces

KNOWN_RELEASES = "0.3."

FRONT_ENDS = {
    "numpy": ("frontend.numpy_frontend", "ScatteringNumPy1D"),
    "torch": ("frontend.torch_frontend", "ScatteringTorch1D"),
}


def import_front_end(library: str) -> Any:
    """Import kymatio's front end for "numpy" or "torch".

    Raises
    ------
    ImportError
        If kymatio is missing, of an unknown release, or cannot be imported.
    """
    return _import_from_kymatio(*FRONT_ENDS[library])


def _import_from_kymatio(module: str, name: str) -> Any:
    """Import a name from a module below ``kymatio.scattering1d``."""
    cause: Exception | None = None
    try:
        version = str(getattr(import_module("kymatio"), "__version__", "of unknown version"))
        if version.startswith(KNOWN_RELEASES):
            return getattr(import_module(f"kymatio.scattering1d.{module}"), name)
        found = f"kymatio {version} is installed"
    except Exception as error:  # with newer versions of other libraries, its modules may raise any
        cause, found = error, f"importing it fails ({type(error).__name__}: {error})"
    raise ImportError(
        f"backend='kymatio' and backend='kymatio-torch' need kymatio {KNOWN_RELEASES}x, but "
        f'{found}. Accepted: kymatio {KNOWN_RELEASES}x, as from pip install "kymatio~=0.3.0", or '
        "any other backend; those work without kymatio."
    ) from cause


class KymatioEngine:
    """One of kymatio's front ends, with the gains and the frames of our own cascade.

    Kymatio's NumPy front end computes in float64 from the first product on, its torch front end in
    the precision of the namespace. The result is in that precision.

    Parameters
    ----------
    settings : Settings
        With padding "reflect" and subsampling "standard"; kymatio has no others.
    grid : Grid
        Padded length and frames.
    xp : Namespace
        Array operations. The front end is that of their library.
    """

    chunk = 8

    def __init__(self, settings: Settings, grid: Grid, xp: Namespace) -> None:
        self.xp = xp
        self._settings, self._grid = settings, grid
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
        """Scatter signals `x` of magnitude about 1, with the layouts in `groups`."""
        S = self.xp.empty((len(x), len(self._gain), self._grid.n_frames))
        for rows, layout in groups:
            scattered = self._front_end(layout).scattering(x[rows, : layout.n_times])
            # Its frames are the multiples of its own stride within the signal.
            first = -(-layout.pad_left // self._own_stride) * self._own_stride
            own_first = layout.pad_left + self._grid.first_frame - layout.start
            frames = slice(
                (own_first - first) // self._own_stride,
                None,
                self._settings.stride // self._own_stride,
            )
            own = self.xp.load(scattered[:, self._paths, frames]) * self._gain
            S[rows, :, : layout.n_frames] = own
            # Frames beyond the signal's own are ignored, but must not hold arbitrary values.
            self.xp.set_zero(S[rows, :, layout.n_frames :])
        return S

    def _front_end(self, layout: Layout) -> Any:
        """Kymatio's front end for a length: filters depend on the padded length only."""
        n_times = layout.n_times
        if n_times == 1:
            raise ValueError(
                "backend='kymatio' and backend='kymatio-torch' cannot transform signals of 1 "
                "sample: their wavelets are NaN there. Accepted: at least 2 samples, or another "
                "backend such as 'auto'."
            )
        with self._lock, warnings.catch_warnings():
            # Estimators warn of border effects themselves, for every backend.
            warnings.filterwarnings("ignore", message="Signal support is too small")
            if self._any_length is None:
                self._any_length = self._new_front_end(n_times)
        front_end = copy.copy(self._any_length)
        front_end.pad_left, front_end.pad_right = layout.pad_left, layout.pad_right
        border_indices = _import_from_kymatio("utils", "compute_border_indices")
        front_end.ind_start, front_end.ind_end = border_indices(
            self._settings.log2_T, self._settings.J, layout.pad_left, layout.pad_left + n_times
        )
        return front_end

    def _new_front_end(self, n_times: int) -> Any:
        settings = self._settings
        parameters = {
            "J": settings.J,
            "shape": n_times,
            "Q": settings.Q,
            "T": settings.T,
            "max_order": settings.max_order,
            "oversampling": max(settings.log2_T - settings.log2_stride, 0),
        }
        exact = import_front_end("numpy")(**parameters)
        if not isinstance(self.xp, TorchNamespace):
            return exact
        import torch

        front_end = import_front_end("torch")(**parameters).to(getattr(torch, self.xp.dtype.name))
        # It rounds its filters to float32 as it is made. They are replaced by exact ones, in the
        # order in which it registers them; it reads them from these buffers at every call.
        filters = [
            level for h in (exact.phi_f, *exact.psi1_f, *exact.psi2_f) for level in h["levels"]
        ]
        for buffer, values in zip(front_end.buffers(), filters, strict=True):
            buffer.copy_(torch.tensor(values).view(-1, 1))
        return front_end.to(self.xp.device)
