"""Wavelet scattering for scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skscatter._frames import frame_signal
    from skscatter._store import RowStore, RowStoreWarning
    from skscatter._transformer import LogScattering1D, Scattering1D

__version__ = "0.1.0"

__all__ = [
    "LogScattering1D",
    "RowStore",
    "RowStoreWarning",
    "Scattering1D",
    "__version__",
    "frame_signal",
]

_MODULES = {
    "LogScattering1D": "_transformer",
    "RowStore": "_store",
    "RowStoreWarning": "_store",
    "Scattering1D": "_transformer",
    "frame_signal": "_frames",
}


def __getattr__(name: str) -> object:
    # scikit-learn takes a second or two to import: only those who use it wait for it, and the
    # command line can answer --help, and Ctrl-C, at once.
    if name in _MODULES:
        return getattr(import_module(f"skscatter.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
