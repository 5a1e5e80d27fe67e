"""The base class of the adapters for aeon and sktime."""

from typing import Any, Self

from sklearn.base import clone

from skscatter._estimators.scattering import LogScattering1D, Scattering1D
from skscatter._estimators.selection import SelectPaths


class Adapter:
    """A wrapper of a transformer, to be listed before the other library's base class."""

    def __init__(self, transformer: Scattering1D | SelectPaths | None = None) -> None:
        self.transformer = transformer
        super().__init__()

    def _fit_clone(self, X: Any) -> Self:
        """Fit a clone of the transformer to signals."""
        transformer = LogScattering1D() if self.transformer is None else self.transformer
        self.transformer_ = clone(transformer).fit(X)
        return self
