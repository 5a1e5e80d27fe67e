"""The validation of input signals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skscatter._backends.choice import check_tensor
from skscatter._common.warn import warn_caller
from skscatter._scattering.namespace import Array
from skscatter._signals.containers import signals_in
from skscatter._signals.dask_arrays import is_dask, stand_in
from skscatter._signals.rows import SignalArray, SignalCollection, Signals
from skscatter._signals.samples import (
    as_array,
    check_finite,
    check_numbers,
    check_signal,
    refuse_masked,
)

# Eight wavelets per octave do not fit into fewer than SHORT samples. If another axis has at least
# LONG entries, an axis that short is probably not time.
SHORT, LONG = 8, 256
# Nor is it beside so many times as many channels.
RATIO = 8


@dataclass(frozen=True)
class Expected:
    """Properties of the signals of `fit`, which other signals must share.

    Attributes
    ----------
    n_channels : int
        Channels of each signal.
    n_times : int or None
        Samples in each signal. None if lengths may differ.
    min_times : int
        Fewest samples in a signal.
    extends_short : bool
        Whether shorter signals are accepted in a collection, to be extended to `min_times`.
    library : str
        Library whose arrays `fit` saw.
    scales : str
        The parameters behind `min_times`, for messages: "J=8, T=256 and stride=256".
    """

    n_channels: int
    n_times: int | None
    min_times: int
    extends_short: bool
    library: str
    scales: str


def check_signals(
    X: Any,
    *,
    estimator: Any,
    expected: Expected | None = None,
    method: str = "fit",
    min_signals: int = 1,
) -> Signals:
    """Check signals in any container. Integers are not converted here, but block by block.

    Parameters
    ----------
    X : array, dask array, table or collection
        Of a dask array, one signal that stands for all is checked and returned.
    estimator : estimator
        Gets ``n_features_in_`` and ``feature_names_in_`` in `fit`, and loses them if signals are
        not a table. Messages name it.
    expected : Expected or None, default=None
        What signals must share with those of `fit`. None in `fit`.
    method : str, default="fit"
        Method of the estimator, for messages.
    min_signals : {0, 1}, default=1
        Fewest signals. 0 is for parts of something larger, such as batches.

    Returns
    -------
    signals : Signals
        Rows for the computation.

    Raises
    ------
    TypeError, ValueError
        If signals are not finite real numbers of the expected shape.
    """
    fitting = expected is None
    refuse_masked("X", X)
    X = check_tensor("X", X)
    n_signals = X.shape[0] if is_dask(X) and X.ndim > 1 else None
    given = signals_in(X)
    if given is None:
        array = SignalArray(_check_array(X, estimator, fitting, min_signals))
        if array.from_numpy:
            check_numbers("X", array.X[:0])  # arrays of other libraries have been converted now
        signals: Signals = array
    else:
        if fitting:
            _forget_columns(estimator)
        signals = _check_collection(given, expected, min_signals)
    if expected is None:
        _warn_of_axes(signals, signals.n_samples if n_signals is None else n_signals)
    else:
        check_library(estimator, signals.library, method, expected.library)
        _check_shapes(signals, type(estimator).__name__, expected)
    return signals


def check_library(estimator: Any, library: str, method: str, fitted_on: str) -> None:
    """Enforce scikit-learn's rule that `fit` and other methods get arrays of one library.

    Raises
    ------
    ValueError
        If `fit` saw arrays of another library, other than NumPy, with array API dispatch.
    """
    if library != fitted_on != "numpy" and get_config()["array_api_dispatch"]:
        raise ValueError(
            f"Inputs passed to {type(estimator).__name__}.{method}() must use the same namespace "
            f"as those passed to fit(): {fitted_on}, but these are of {library}. Convert them, or "
            f"fit on {library}."
        )


def _check_array(X: Any, estimator: Any, fitting: bool, min_signals: int) -> Array:
    """Check signals in one array, or in a table with a column for each sample."""
    if isinstance(X, list | tuple) or not hasattr(X, "shape"):
        X = as_array("X", X)
    _check_dimensions(X)
    X = stand_in(X) if is_dask(X) else X
    X = np.ma.getdata(X) if isinstance(X, np.ma.MaskedArray) else X
    if hasattr(X, "iloc"):
        X = _check_columns(X)
    elif isinstance(X, np.ndarray) and X.dtype.kind != "O":
        check_numbers("X", X[:0])  # with a clearer message than scikit-learn's
    rules = {
        "dtype": None,
        "ensure_all_finite": False,
        "ensure_min_samples": min_signals,
        "allow_nd": True,
    }
    if len(X.shape) == 3:
        checked: Array = check_array(X, estimator=estimator, input_name="X", **rules)
        if 0 in checked.shape[1:]:
            raise ValueError(
                f"X of shape {tuple(checked.shape)} must have at least one channel and one "
                "sample per signal."
            )
        if fitting:
            _forget_columns(estimator)
    elif fitting:
        checked = validate_data(estimator, X, **rules)
    else:
        # Only the names of columns: `_check_shapes` has a clearer message about their number.
        validate_data(estimator, X, reset=False, skip_check_array=True, ensure_2d=False)
        checked = check_array(X, estimator=estimator, input_name="X", **rules)
    if isinstance(checked, np.ndarray):
        checked = check_numbers("X", checked)
    check_finite("X", checked)
    return checked


def _check_columns(X: Any) -> Any:
    """Refuse dates in a data frame of pandas, and keep the precision of its nullable columns."""
    for name, dtype in X.dtypes.items():
        if dtype.kind in "mM":
            raise ValueError(
                f"X: column {name!r} is of dtype {dtype}, but signals must hold real numbers."
            )
    single = all(dtype.kind == "f" and getattr(dtype, "itemsize", 0) == 4 for dtype in X.dtypes)
    return X.astype(np.float32) if single else X


def _check_dimensions(X: Any) -> None:
    """Refuse arrays of other than two or three dimensions."""
    shape = tuple(X.shape)
    if len(shape) in (2, 3):
        return
    accepted = "(n_samples, n_times) or (n_samples, n_channels, n_times)"
    if len(shape) == 0:
        raise ValueError(
            f"Expected 2D array, got scalar array instead: X is of type {type(X.item()).__name__}, "
            f"but must be an array of shape {accepted}, or a list of arrays."
        )
    if len(shape) == 1:
        raise ValueError(
            f"Expected 2D array, got 1D array instead: X of shape {shape} must have shape "
            f"{accepted}. Reshape your data: a single signal x is x[np.newaxis]."
        )
    raise ValueError(
        f"Found array with dim {len(shape)}: X of shape {shape} must have shape {accepted}."
    )


def _check_collection(
    given: Sequence[Any], expected: Expected | None, min_signals: int
) -> SignalCollection:
    """Check the signals of a collection."""
    if len(given) < min_signals:
        raise ValueError("Found 0 sample(s): X must hold at least one signal.")
    signals = [check_signal(f"X[{i}]", x) for i, x in enumerate(given)]
    for i, signal in enumerate(signals):
        if signal.shape[:-1] != signals[0].shape[:-1]:
            raise ValueError(
                f"X[0] has shape {signals[0].shape} and X[{i}] has shape {signal.shape}. All "
                "signals must be of shape (length,), or all of shape (n_channels, length) with the "
                f"same number of channels.{_transpose_each(signals)}"
            )
    rows = [np.atleast_2d(signal) for signal in signals]
    if rows:
        return SignalCollection(rows, len(rows[0]))
    return SignalCollection([], 1 if expected is None else expected.n_channels)


def _transpose_each(signals: Sequence[NDArray[Any]]) -> str:
    """Return a hint if the transposed signals would have the same number of channels."""
    if all(signal.ndim == 2 for signal in signals) and len({x.shape[1] for x in signals}) == 1:
        return " Is time on the wrong axis? [x.T for x in X] puts it last."
    return ""


def _forget_columns(estimator: Any) -> None:
    """Forget the columns of an earlier fit. Signals that are not a table have no columns."""
    for name in ("n_features_in_", "feature_names_in_"):
        vars(estimator).pop(name, None)


def _warn_of_axes(signals: Signals, n_signals: int) -> None:
    """Warn of very short signals beside a long axis, which may be that of time."""
    n_times = int(signals.lengths.max(initial=0))
    others = signals.n_channels if signals.n_channels > 1 else n_signals
    too_short = n_times < SHORT or n_times * RATIO <= signals.n_channels
    if not others >= LONG or not too_short:
        return
    if signals.is_collection:
        remedy = "[x.T for x in X] puts it there"
    elif signals.n_channels > 1:
        remedy = "np.swapaxes(X, 1, 2) puts it there"
    else:
        remedy = "X.T has a signal for each column, X.T[np.newaxis] one signal with such channels"
    many = "channels" if signals.n_channels > 1 else "signals"
    warn_caller(
        f"X holds {others} {many} of {n_times} sample(s), too few for wavelets. Is time on the "
        f"wrong axis? It must be the last axis: {remedy}."
    )


def _check_shapes(signals: Signals, name: str, expected: Expected) -> None:
    """Refuse signals that differ from those of `fit` where they must not."""
    n_times = expected.n_times
    if signals.n_channels != expected.n_channels:
        hint = ""
        if signals.n_times == expected.n_channels > 1:
            hint = " Is time on the wrong axis? np.swapaxes(X, 1, 2) puts it last."
        raise ValueError(
            f"X has signals of {signals.n_channels} channels, but {name} was fitted on signals of "
            f"{expected.n_channels}.{hint}"
        )
    lengths = signals.lengths if signals.n_times is None else np.array([signals.n_times])
    min_times = 1 if signals.is_collection and expected.extends_short else expected.min_times
    wrong = lengths < min_times if n_times is None else lengths != n_times
    if not wrong.any():
        return
    i = int(wrong.argmax())
    message = f"X[{i}] has {lengths[i]} samples."
    hint = ""
    columns = not signals.is_collection and signals.n_channels == 1
    if columns and signals.n_samples >= max(LONG, n_times or expected.min_times):
        hint = " Is time on the wrong axis? X.T puts it last."
    if n_times is None:
        raise ValueError(
            f"{message} With {expected.scales} signals must have at least {expected.min_times} "
            f"samples.{hint}"
        )
    if columns:
        message = (  # as scikit-learn has it, where each sample is a feature
            f"X has {lengths[0]} features, but {name} is expecting {n_times} features as input, "
            "one for each sample of a signal."
        )
    raise ValueError(
        f"{message} {name} was fitted on signals of {n_times}. Cut or pad them to that length. "
        "Signals of any length are accepted after fit() on a list of arrays, such as "
        f"[np.asarray(x) for x in X], with a pooling.{hint}"
    )
