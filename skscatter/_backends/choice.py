"""The choice of a `Device` from the parameters `backend` and `device`.

The parameters are checked in `fit`. The device is chosen whenever signals are transformed, and is
not part of the fitted state, so that a model can move from a machine with a GPU to one without.
"""

import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skscatter._backends.kymatio_front_ends import import_front_end
from skscatter._backends.numpy_arrays import NumpyNamespace
from skscatter._backends.torch_arrays import TorchNamespace
from skscatter._common.parameters import check_choice
from skscatter._scattering.namespace import Array, Namespace

BACKENDS = ("auto", "numpy", "numba", "torch", "kymatio", "kymatio-torch")
TORCH_BACKENDS = ("torch", "kymatio-torch")
KYMATIO_BACKENDS = ("kymatio", "kymatio-torch")


class Device(NamedTuple):
    """A backend that computes, and the device that it computes on.

    Attributes
    ----------
    backend : {"numpy", "numba", "torch", "kymatio", "kymatio-torch"}
        What computes.
    device : str
        PyTorch's name of the device.
    """

    backend: str
    device: str

    def __str__(self) -> str:
        return ", ".join(self) if self.backend in TORCH_BACKENDS else self.backend


NUMPY = Device("numpy", "cpu")
NUMBA = Device("numba", "cpu")
KYMATIO = Device("kymatio", "cpu")
ON_CPU = {device.backend: device for device in (NUMPY, NUMBA, KYMATIO)}

DLPACK_CPU = 1  # the host's memory, in the DLPack standard


def check_backend(
    backend: Any,
    device: Any,
    *,
    padding: str = "reflect",
    subsampling: str = "standard",
    is_joint: bool = False,
) -> None:
    """Raise unless these parameters are valid and compatible, whatever this machine has.

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
    if backend in ON_CPU and device not in ("auto", "cpu"):
        raise ValueError(
            f"backend={backend!r} and device={device!r} contradict each other: that backend "
            "computes on the CPU. Accepted: device='auto' or device='cpu', or backend='auto', "
            "'torch' or 'kymatio-torch'."
        )
    if backend in KYMATIO_BACKENDS and is_joint:
        raise ValueError(
            f"backend={backend!r} is not available for joint scattering, which kymatio 0.3 does "
            "not have. Accepted: another backend such as 'auto'."
        )
    if backend in KYMATIO_BACKENDS and padding != "reflect":
        raise ValueError(
            f"padding={padding!r} is not available with backend={backend!r}, which always reflects "
            "signals. Accepted: padding='reflect', or another backend such as 'auto'."
        )
    if backend in KYMATIO_BACKENDS and subsampling != "standard":
        raise ValueError(
            f"subsampling={subsampling!r} is not available with backend={backend!r}, which has its "
            "own sampling rates. Accepted: subsampling='standard', or another backend such as "
            "'auto'."
        )


def choose_device(backend: str, device: str, x: Any = None) -> Device:
    """Choose the backend and the device on this machine.

    ``backend="auto"`` takes PyTorch for a CUDA device or another device by name, else numba where
    it is installed, else NumPy.

    Parameters
    ----------
    backend, device : str
        Values that `check_backend` accepts.
    x : tensor or None
        Signals, if they are a tensor: PyTorch computes them on their own device.

    Raises
    ------
    ImportError
        If the backend needs a library that cannot be imported.
    ValueError, RuntimeError
        If PyTorch has no such device, or this machine has none.
    """
    if (own := device_of(x)) is not None:
        if backend not in KYMATIO_BACKENDS:
            return own
        import_front_end("torch")
        return Device("kymatio-torch", own.device)
    if backend == "auto":
        on_cpu = device == "cpu" or (device == "auto" and not has_cuda())
        backend = ("numba" if has_numba() else "numpy") if on_cpu else "torch"
    if backend in KYMATIO_BACKENDS:
        import_front_end("numpy")
    if backend == "numba":
        _check_numba()
    if backend in ON_CPU:
        return ON_CPU[backend]
    if device == "auto":
        device = "cuda" if has_cuda() else "cpu"
    return _torch_device(backend, device)


def adopt(x: Any) -> tuple[Array, Callable[[Array], Array]]:
    """Bring an array of any library to NumPy or PyTorch; arrays of these are returned as they are.

    Returns
    -------
    adopted : ndarray or torch.Tensor
        The same memory where that is possible: as an array of NumPy if it is the host's memory,
        else as a tensor.
    give_back : callable
        Brings results of the adopted kind to the library, and the device, of `x`.
    """
    if isinstance(x, np.ndarray) or device_of(x) is not None:
        return x, lambda results: results
    xp = x.__array_namespace__()
    if x.__dlpack_device__()[0] == DLPACK_CPU:
        return np.from_dlpack(x), lambda results: xp.asarray(results, device=x.device)
    _torch_device("torch", "cpu")  # raises if PyTorch is missing
    import torch

    return torch.from_dlpack(x), xp.from_dlpack


def check_tensor(name: str, x: Any) -> Any:
    """Return signals unchanged, or a tensor in a form that NumPy and the backends can read.

    Types that NumPy does not have, such as bfloat16, become float64, like all types but float32.

    Parameters
    ----------
    name : str
        Name of the signals in errors.
    x : object
        Anything but a tensor is returned unchanged.

    Raises
    ------
    ValueError
        If the tensor requires gradients, or is not a dense tensor of real numbers.
    """
    if device_of(x) is None:
        return x
    import torch

    if x.requires_grad and torch.is_grad_enabled():
        raise ValueError(
            f"{name} is a tensor that requires gradients, but the transform is not differentiable. "
            f"Accepted: {name}.detach()."
        )
    kinds = {
        "nested": x.is_nested,
        "quantized": x.is_quantized,
        "meta": x.is_meta,
        "sparse": x.layout != torch.strided,
    }
    for kind, is_that in kinds.items():
        if is_that:
            raise ValueError(f"{name} is a {kind} tensor. Accepted: a dense tensor of numbers.")
    if x.is_complex():
        raise ValueError(
            f"Complex data not supported: {name} is of {x.dtype}, but must hold real numbers."
        )
    if x.is_floating_point() and not hasattr(np, str(x.dtype).removeprefix("torch.")):
        if x.device.type == "mps":
            raise ValueError(
                f"{name} is of {x.dtype} and would be computed in float64, which "
                f"device={str(x.device)!r} does not have. Accepted: {name}.float()."
            )
        x = x.double()
    return x.detach().resolve_neg()


def library_of(x: Any) -> str:
    """Name of the library of an array; NumPy for anything that is converted to a NumPy array."""
    is_array = hasattr(x, "__array_namespace__") or device_of(x) is not None
    return type(x).__module__.partition(".")[0] if is_array else "numpy"


def device_of(x: Any) -> Device | None:
    """Return the device of a tensor; None for anything else."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        return Device("torch", str(x.device))
    return None


@lru_cache(maxsize=32)
def namespace_on(device: Device, dtype: str) -> Namespace:
    """Return the array operations of a device, in one precision."""
    if device.backend in TORCH_BACKENDS:
        return TorchNamespace(dtype, device.device)
    return NumpyNamespace(dtype)


def has_cuda() -> bool:
    """Whether PyTorch is installed and sees a CUDA device.

    PyTorch takes seconds to import, so it is imported only where there may be a GPU.
    """
    if "torch" not in sys.modules and not has_gpu_driver():
        return False
    try:
        import torch
    except (ImportError, OSError):  # not installed, or its libraries do not load
        return False
    return bool(torch.cuda.is_available())


@lru_cache(maxsize=1)
def has_numba() -> bool:
    """Whether numba is installed and compiles."""
    try:
        import numba
    except Exception:  # an installation that is too old or broken may raise anything
        return False
    return not numba.config.DISABLE_JIT


def has_gpu_driver() -> bool:
    """Whether the machine may have a driver for CUDA or ROCm."""
    if sys.platform == "linux":
        # Of NVIDIA, of its embedded boards, of the Windows Subsystem for Linux, and of AMD.
        patterns = ("nvidia*", "nvhost*", "nvgpu*", "dxg", "kfd")
        return any(any(Path("/dev").glob(pattern)) for pattern in patterns)
    return sys.platform != "darwin"


def _torch_device(backend: str, device: str) -> Device:
    """Return a device of PyTorch that exists on this machine."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"backend={backend!r} (or device={device!r}) needs PyTorch, which cannot be imported "
            'here. Install it with: pip install "skscatter[torch]"'
        ) from error
    try:
        requested = torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device={device!r} is not a device of PyTorch. Accepted: 'auto', 'cpu', 'cuda', "
            "'cuda:1', 'mps' and others that torch.device takes."
        ) from error
    try:
        # With its number, since the current CUDA device may change.
        found = torch.empty(0, device=requested).device
    except (RuntimeError, AssertionError) as error:
        raise RuntimeError(
            f"device={device!r} does not exist on this machine, or the installed PyTorch does not "
            "support it. Accepted: a device that exists, or set_params(device='auto')."
        ) from error
    return Device(backend, str(found))


def _check_numba() -> None:
    """Raise if there is no compiler.

    Raises
    ------
    ImportError
        With the command that installs it.
    """
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "backend='numba' needs numba, which cannot be imported here. Install it with: "
            'pip install "skscatter[fast]"'
        ) from error
