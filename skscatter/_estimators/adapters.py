"""What the adapters for other libraries of time series share."""

from typing import Any, Self

from sklearn.base import clone

from skscatter._estimators.scattering import LogScattering1D, Scattering1D
from skscatter._estimators.selection import SelectPaths


class Adapter:
    """A wrapper of a transformer; goes before the other library's class among the bases."""

    def __init__(self, transformer: Scattering1D | SelectPaths | None = None) -> None:
        self.transformer = transformer
        super().__init__()

    def _fit_clone(self, X: Any) -> Self:
        """Fit a clone of the transformer to signals."""
        given = LogScattering1D() if self.transformer is None else self.transformer
        self.transformer_ = clone(given).fit(X)
        return self
