"""Wavelet scattering for scikit-learn."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skscatter._store import RowStore, RowStoreWarning
    from skscatter._transformer import LogScattering1D, Scattering1D

__version__ = "0.1.0"

__all__ = ["LogScattering1D", "RowStore", "RowStoreWarning", "Scattering1D", "__version__"]


def __getattr__(name: str) -> object:
    # scikit-learn takes a second or two to import: only those who use it wait for it, and the
    # command line can answer --help, and Ctrl-C, at once.
    if name in ("LogScattering1D", "Scattering1D"):
        from skscatter import _transformer

        return getattr(_transformer, name)
    if name in ("RowStore", "RowStoreWarning"):
        from skscatter import _store

        return getattr(_store, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
