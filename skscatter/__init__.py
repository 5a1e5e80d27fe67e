"""Wavelet scattering for scikit-learn."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skscatter._cache.store import RowStore, RowStoreWarning
    from skscatter._displays.filter_bank import FilterBankDisplay
    from skscatter._displays.importance import PathImportanceDisplay
    from skscatter._displays.scalogram import ScalogramDisplay
    from skscatter._displays.scattering import ScatteringDisplay
    from skscatter._estimators.scattering import LogScattering1D, Scattering1D
    from skscatter._estimators.selection import SelectPaths
    from skscatter._signals.framing import frame_signal

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
    "LogScattering1D": "_estimators.scattering",
    "PathImportanceDisplay": "_displays.importance",
    "RowStore": "_cache.store",
    "RowStoreWarning": "_cache.store",
    "ScalogramDisplay": "_displays.scalogram",
    "Scattering1D": "_estimators.scattering",
    "ScatteringDisplay": "_displays.scattering",
    "SelectPaths": "_estimators.selection",
    "frame_signal": "_signals.framing",
}

# Models that were saved by 0.1.0 name these modules.
for _former in ("_selection", "_store", "_transformer"):
    sys.modules[f"{__name__}.{_former}"] = sys.modules[__name__]


if not TYPE_CHECKING:  # pragma: no branch (to a checker it would mean: every name is here)

    def __getattr__(name: str) -> object:
        # scikit-learn takes a second or two to import: only those who use it wait for it, and the
        # command line can answer --help, and Ctrl-C, at once.
        if name in _MODULES:
            return getattr(import_module(f"skscatter.{_MODULES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
