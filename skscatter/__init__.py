"""Wavelet scattering for scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skscatter._displays.filter_bank import FilterBankDisplay
    from skscatter._displays.importance import PathImportanceDisplay
    from skscatter._displays.scalogram import ScalogramDisplay
    from skscatter._displays.scattering import ScatteringDisplay
    from skscatter._frames import frame_signal
    from skscatter._selection import SelectPaths
    from skscatter._store import RowStore, RowStoreWarning
    from skscatter._transformer import LogScattering1D, Scattering1D

__version__ = "0.1.0"

__all__ = [
    "FilterBankDisplay",
    "LogScattering1D",
    "PathImportanceDisplay",
    "RowStore",
    "RowStoreWarning",
    "ScalogramDisplay",
    "Scattering1D",
    "ScatteringDisplay",
    "SelectPaths",
    "__version__",
    "frame_signal",
]

_MODULES = {
    "FilterBankDisplay": "_displays.filter_bank",
    "LogScattering1D": "_transformer",
    "PathImportanceDisplay": "_displays.importance",
    "RowStore": "_store",
    "RowStoreWarning": "_store",
    "ScalogramDisplay": "_displays.scalogram",
    "Scattering1D": "_transformer",
    "ScatteringDisplay": "_displays.scattering",
    "SelectPaths": "_selection",
    "frame_signal": "_frames",
}


if not TYPE_CHECKING:  # pragma: no branch (to a checker it would mean: every name is here)

    def __getattr__(name: str) -> object:
        # scikit-learn takes a second or two to import: only those who use it wait for it, and the
        # command line can answer --help, and Ctrl-C, at once.
        if name in _MODULES:
            return getattr(import_module(f"skscatter.{_MODULES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
