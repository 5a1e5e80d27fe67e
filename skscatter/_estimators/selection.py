"""Selection of features by order, by frequencies, and by scale and direction along frequency."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skscatter._backends.choice import adopt, library_of
from skscatter._common.parameters import check_choice, check_integer, check_real
from skscatter._common.public import public
from skscatter._common.units import Units, units_for
from skscatter._estimators.documentation import Documented
from skscatter._estimators.saving import Saved
from skscatter._estimators.scattering import Scattering1D
from skscatter._signals.dask_arrays import is_dask, refuse_data_frames
from skscatter._signals.validation import check_library

RANGES = ("carrier", "modulation", "scale")  # columns of numbers, from the lowest to the highest

Range = tuple[float | None, float | None] | None


@public
class SelectPaths(Saved, Documented, TransformerMixin, BaseEstimator):
    """Scattering features of selected paths: of some orders, of a band, or of a direction.

    It wraps a transformer, and is used in a pipeline instead of it. A grid search can tune the band
    like any other parameter.

    Parameters
    ----------
    transformer : Scattering1D, LogScattering1D or one of joint scattering
        Computes the features. `fit` fits a clone of it.
    order : {0, 1, 2}, tuple of these, or None, default=None
        Orders to keep. None keeps all orders.
    carrier : tuple of (float or None, float or None), or None, default=None
        Lowest and highest centre frequency of the first wavelet, both included, in Hz if the
        transformer has a `sampling_rate`, else in cycles per sample. A bound of None does not
        limit the range. A range excludes features of order 0, which have no such frequency.
    modulation : tuple of (float or None, float or None), or None, default=None
        The same for the second wavelet. A range excludes features of orders 0 and 1.
    scale : tuple of (float or None, float or None), or None, default=None
        Lowest and highest scale along log-frequency, in cycles per octave, of joint scattering. A
        range excludes features that are not filtered along frequency. Averages have the scale 0.
    direction : {"up", "down"} or None, default=None
        Direction along frequency to keep, of joint scattering. None keeps all features, also those
        without a direction.

    Attributes
    ----------
    transformer_ : Scattering1D or TimeFrequencyScattering
        The fitted transformer.
    n_features_in_ : int
        Length of a signal in samples, if `fit` got an array of shape (n_samples, n_times).
    feature_names_in_ : ndarray of str
        Names of the columns, if the signals came as a data frame with names.

    See Also
    --------
    Scattering1D.features_ : The table of features with their frequencies.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import LogScattering1D, SelectPaths
    >>> X = np.random.default_rng(0).standard_normal((10, 1000))
    >>> transformer = LogScattering1D(J=6, Q=8, n_segments=1, sampling_rate=1000)
    >>> band = SelectPaths(transformer, order=1, carrier=(50, 80))
    >>> band.fit_transform(X).shape
    (10, 5)
    >>> print(*band.get_feature_names_out())
    S1_76.97Hz_seg0_mean S1_70.58Hz_seg0_mean S1_64.72Hz_seg0_mean S1_59.35Hz_seg0_mean \
S1_54.42Hz_seg0_mean
    """

    def __init__(
        self,
        transformer: Scattering1D,
        *,
        order: int | tuple[int, ...] | None = None,
        carrier: Range = None,
        modulation: Range = None,
        scale: Range = None,
        direction: str | None = None,
    ) -> None:
        self.transformer = transformer
        self.order = order
        self.carrier = carrier
        self.modulation = modulation
        self.scale = scale
        self.direction = direction

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Fit the transformer and select features.

        Parameters
        ----------
        X : array-like, dask array or list of arrays
            Signals, as for the transformer.
        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the signals are not as described, or no feature is selected.
        """
        if not isinstance(self.transformer, Scattering1D):
            raise TypeError(
                f"transformer={self.transformer!r} must be a Scattering1D, LogScattering1D, "
                "TimeFrequencyScattering or LogTimeFrequencyScattering."
            )
        orders = _check_order(self.order)
        ranges = {name: _check_range(name, getattr(self, name)) for name in RANGES}
        direction = check_choice("direction", self.direction, (None, "up", "down"))
        transformer = clone(self.transformer).set_output(transform="default").fit(X)
        table = transformer.features_
        support = np.ones(len(table), bool)
        if orders is not None:
            support &= np.isin(table["order"], orders)
        for name, (low, high) in ranges.items():
            if (low, high) == (None, None):
                continue
            values = self._column(table, name)
            support &= ~np.isnan(values)
            if low is not None:
                support &= values >= low
            if high is not None:
                support &= values <= high
        if direction is not None:
            support &= self._column(table, "direction") == direction
        if not support.any():
            raise ValueError(self._why_empty(table, units_for(transformer.sampling_rate_)))
        self.transformer_ = transformer
        self._kept = np.flatnonzero(support).tolist()
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Compute the selected features.

        Parameters
        ----------
        X : array-like, dask array or list of arrays
            Signals, as for the transformer.

        Returns
        -------
        features : array of shape (n_samples, n_selected)
            The selected columns of what the transformer returns, in their order.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError, ImportError, RuntimeError
            As for the transformer.
        """
        check_is_fitted(self)
        check_library(self, library_of(X), "transform", self.transformer_.specification_.library)
        with config_context(transform_output="default"):
            features = self.transformer_.transform(X)
        if is_dask(features):
            refuse_data_frames(self)
            return features[:, self._kept]
        features, give_back = adopt(features)
        return give_back(features[:, self._kept])

    def get_support(self, indices: bool = False) -> NDArray[Any]:
        """Return which features of the transformer are selected.

        Parameters
        ----------
        indices : bool, default=False
            Whether to return their positions instead of a mask.

        Returns
        -------
        support : ndarray
            Of bool, one for each feature of the transformer. With `indices`, of int, one for each
            selected feature.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        """
        check_is_fitted(self)
        if indices:
            return np.array(self._kept)
        return np.isin(np.arange(len(self.transformer_.features_)), self._kept)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Return the names of the selected features.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            As for the transformer.

        Returns
        -------
        names : ndarray of str
            In the order of the features.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError
            If `input_features` does not fit the input seen by `fit`.
        """
        check_is_fitted(self)
        return self.transformer_.get_feature_names_out(input_features)[self._kept]

    @property
    def features_(self) -> NDArray[np.void]:
        """Table of the selected features: rows of the transformer's ``features_``."""
        check_is_fitted(self)
        return self.transformer_.features_[self._kept]

    @property
    def n_features_in_(self) -> int:
        """Length of a signal in samples, if `fit` got an array of shape (n_samples, n_times)."""
        return self.transformer_.n_features_in_

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """Names of the columns, if the signals came as a data frame with names."""
        return self.transformer_.feature_names_in_

    def __sklearn_tags__(self) -> Any:
        """Return tags that accept the same input as the transformer."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self.transformer)
        tags.array_api_support = inner.array_api_support
        tags.input_tags = inner.input_tags
        tags.transformer_tags = inner.transformer_tags
        return tags

    def _column(self, table: NDArray[np.void], name: str) -> NDArray[Any]:
        """Return the column of a table of features that a parameter selects by.

        Raises
        ------
        ValueError
            If only joint scattering has it.
        """
        if name not in (table.dtype.names or ()):
            raise ValueError(
                f"{name}={getattr(self, name)!r} selects features of joint scattering, which the "
                f"transformer does not compute. Accepted: {name}=None, or TimeFrequencyScattering "
                "or LogTimeFrequencyScattering as the transformer."
            )
        return table[name]

    def _why_empty(self, table: NDArray[np.void], units: Units) -> str:
        present = {name: table[name] for name in RANGES if name in (table.dtype.names or ())}
        units_of = {"scale": "cycles per octave"}
        ranges = "; ".join(
            f"{name} from {np.nanmin(values):.4g} to {np.nanmax(values):.4g} "
            f"{units_of.get(name, units.frequency)}"
            for name, values in present.items()
            if not np.isnan(values).all()
        )
        orders = ", ".join(str(order) for order in np.unique(table["order"]))
        selected = {"order": self.order, **{name: getattr(self, name) for name in present}}
        if "direction" in (table.dtype.names or ()):
            selected["direction"] = self.direction
        *others, last = (f"{name}={value!r}" for name, value in selected.items())
        return (
            f"{', '.join(others)} and {last} select no feature. The transformer has features of "
            f"the orders {orders}; {ranges}."
        )


def _check_order(order: Any) -> list[int] | None:
    if order is None:
        return None
    order = order.tolist() if isinstance(order, np.ndarray) else order
    orders = list(order) if isinstance(order, tuple | list) else [order]
    if not orders or any(
        check_integer("order", each, minimum=0) not in (0, 1, 2) for each in orders
    ):
        raise ValueError(f"order={order!r} must be 0, 1, 2, a tuple of these, or None.")
    return orders


def _check_range(name: str, bounds: Any) -> tuple[float | None, float | None]:
    if bounds is None:
        return None, None
    bounds = bounds.tolist() if isinstance(bounds, np.ndarray) else bounds
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise TypeError(
            f"{name}={bounds!r} must be a pair of frequencies (lowest, highest), either of which "
            "may be None, or None."
        )
    low, high = (
        None if bound is None else check_real(f"{name}[{i}]", bound, minimum=0)
        for i, bound in enumerate(bounds)
    )
    if low is not None and high is not None and low > high:
        raise ValueError(f"{name}={bounds!r} must have its lowest frequency first.")
    return low, high
