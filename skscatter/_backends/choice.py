"""Where the work is done: from the parameters `backend` and `device` to a namespace.

Parameters are checked in `fit`, but a device is chosen anew whenever signals are transformed, and is
no part of the fitted state: a model goes from a machine with a GPU to one without.
"""

import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skscatter._backends.numpy_arrays import NumpyNamespace
from skscatter._backends.torch_arrays import TorchNamespace
from skscatter._common.parameters import check_choice
from skscatter._scattering.namespace import Array, Namespace

BACKENDS = ("auto", "numpy", "numba", "torch")


class Device(NamedTuple):
    """What computes, and a device by that library's name for it."""

    backend: str
    device: str


NUMPY = Device("numpy", "cpu")
NUMBA = Device("numba", "cpu")

DLPACK_CPU = 1  # the DLPack standard's number of the host's memory


def check_backend(backend: Any, device: Any, engine: Any = None, **k) -> None:
    """Raise unless backend and device are valid and all three agree; this machine is not asked.

    Raises
    ------
    TypeError, ValueError
        With their values and what would be accepted.
    """
    check_choice("backend", backend, BACKENDS)
    if not isinstance(device, str):
        raise TypeError(
            f"device={device!r} must be a string: 'auto', 'cpu', 'cuda', 'cuda:1', 'mps' or "
            "another device of PyTorch."
        )
    if backend in ("numpy", "numba") and device not in ("auto", "cpu"):
        raise ValueError(
            f"backend={backend!r} and device={device!r} contradict each other: that backend "
            "computes on the CPU. Accepted: device='auto' or device='cpu', or backend='auto' or "
            "backend='torch'."
        )
    if backend == "numba" and engine == "kymatio":
        raise ValueError(
            "backend='numba' is not available with engine='kymatio', whose front ends are of NumPy "
            "and PyTorch. Accepted: backend='auto', 'numpy' or 'torch', or engine='fused'."
        )


def choose_device(backend: str, device: str) -> Device:
    """Choose where NumPy arrays are transformed on this machine.

    Raises
    ------
    ImportError
        If PyTorch or numba is asked for and not installed.
    ValueError, RuntimeError
        If PyTorch knows no such device, or this machine has none.
    """
    if backend == "auto":
        if device == "auto":
            return _torch_device("cuda") if _has_cuda() else NUMPY
        backend = "numpy" if device == "cpu" else "torch"
    if backend == "numpy":
        return NUMPY
    if backend == "numba":
        return _numba_device()
    if device == "auto":
        device = "cuda" if _has_cuda() else "cpu"
    return _torch_device(device)


def adopt(x: Any) -> tuple[Array, Callable[[Array], Array]]:
    """Take an array of any library as one of NumPy or PyTorch, which is itself if it is that.

    Returns
    -------
    adopted : ndarray or torch.Tensor
        The same memory where that is possible: NumPy's view of what lies in the host's memory,
        PyTorch's of what lies elsewhere.
    give_back : callable
        Brings results of the adopted kind to the library, and the device, of `x`.
    """
    if isinstance(x, np.ndarray) or device_of(x) is not None:
        return x, lambda results: results
    xp = x.__array_namespace__()
    if x.__dlpack_device__()[0] == DLPACK_CPU:
        return np.from_dlpack(x), lambda results: xp.asarray(results, device=x.device)
    _torch_device("cpu")  # or say that PyTorch is missing
    import torch

    return torch.from_dlpack(x), xp.from_dlpack


def library_of(x: Any) -> str:
    """Name of the array library that `x` is of; NumPy for all that becomes an array of its."""
    is_array = hasattr(x, "__array_namespace__") or device_of(x) is not None
    return type(x).__module__.partition(".")[0] if is_array else "numpy"


def device_of(x: Any) -> Device | None:
    """Return where a tensor lies; None for anything else."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        return Device("torch", str(x.device))
    return None


@lru_cache(maxsize=32)
def namespace_on(device: Device, dtype: str) -> Namespace:
    """Return the array operations of a device, in one precision."""
    if device.backend == "torch":
        return TorchNamespace(dtype, device.device)
    return NumpyNamespace(dtype)


def _has_cuda() -> bool:
    """Whether there is a PyTorch that sees a CUDA device.

    PyTorch takes seconds to import, so it is asked last.
    """
    if "torch" not in sys.modules and not _driver_in_sight():
        return False
    try:
        import torch
    except (ImportError, OSError):  # not installed, or not in working order
        return False
    return bool(torch.cuda.is_available())


def _driver_in_sight() -> bool:
    """Whether the machine may have a GPU that CUDA or ROCm drives."""
    if sys.platform == "linux":
        # NVIDIA's driver, that of its boards, Windows's below Linux, AMD's.
        patterns = ("nvidia*", "nvhost*", "nvgpu*", "dxg", "kfd")
        return any(any(Path("/dev").glob(pattern)) for pattern in patterns)
    return sys.platform != "darwin"


def _torch_device(device: str) -> Device:
    """Return a device that exists on this machine."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"backend='torch' (or device={device!r}) needs PyTorch, which cannot be imported "
            'here. Install it with: pip install "skscatter[torch]"'
        ) from error
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device={device!r} is not a device of PyTorch. Accepted: 'auto', 'cpu', 'cuda', "
            "'cuda:1', 'mps' and others that torch.device takes."
        ) from error
    try:
        # With its number, since the current CUDA device may change.
        found = torch.empty(0, device=wanted).device
    except (RuntimeError, AssertionError) as error:
        raise RuntimeError(
            f"device={device!r} does not exist on this machine, or not for the PyTorch that is "
            "installed. Take what there is with set_params(device='auto')."
        ) from error
    return Device("torch", str(found))


def _numba_device() -> Device:
    """Return the device of compiled code, or say that the compiler is missing."""
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "backend='numba' needs numba, which cannot be imported here. Install it with: "
            'pip install "skscatter[numba]"'
        ) from error
    return NUMBA
