"""Interim."""

import math
from dataclasses import dataclass

import numpy as np
from sklearn import get_config
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import validate_data

from skscatter._backends.choice import library_of
from skscatter._signals.dask_arrays import is_dask, stand_in
from skscatter._signals.file_maps import blocks_of
from skscatter._signals.rows import (
    SignalArray,
    check_collection,
    describe_entry,
    first_not_finite,
    is_collection,
)


@dataclass(frozen=True)
class Expected:
    n_channels: int
    n_times: int | None
    min_times: int
    library: str
    scales: str


def check_signals(X, *, estimator, expected=None, method="fit", min_signals=1):
    reset = expected is None
    if is_collection(X):
        signals = check_collection(X)
        signals.library = "numpy"
        if reset:
            for name in ("n_features_in_", "feature_names_in_"):
                estimator.__dict__.pop(name, None)
    else:
        X = stand_in(X) if is_dask(X) else X
        rules = {"dtype": "numeric", "ensure_all_finite": False, "ensure_min_samples": min_signals}
        if (np.ndim(X) if isinstance(X, list | tuple) else getattr(X, "ndim", 2)) == 3:
            checked = check_array(X, allow_nd=True, estimator=estimator, input_name="X", **rules)
            if 0 in checked.shape[1:]:
                raise ValueError(
                    f"X of shape {tuple(checked.shape)} must have at least one channel and one sample a signal."
                )
            if reset:
                for name in ("n_features_in_", "feature_names_in_"):
                    estimator.__dict__.pop(name, None)
        else:
            checked = validate_data(estimator, X, reset=reset, **rules)
        n_before = 0
        with np.errstate(over="ignore", invalid="ignore"):
            for piece in blocks_of(checked):
                try:
                    assert_all_finite(
                        piece, estimator_name=type(estimator).__name__, input_name="X"
                    )
                except ValueError as error:
                    if not isinstance(piece, np.ndarray):
                        raise
                    bad = describe_entry("X", checked, n_before + first_not_finite(piece))
                    raise ValueError(f"{bad}. {error}") from None
                n_before += math.prod(piece.shape)
        if "complex" in str(checked.dtype):
            raise ValueError(f"Complex data not supported\n{checked}\n")
        library = library_of(checked)
        if (
            not reset
            and library != expected.library != "numpy"
            and get_config()["array_api_dispatch"]
        ):
            raise ValueError(
                f"Inputs passed to {type(estimator).__name__}.{method}() must use the same namespace as those passed to fit(): {expected.library}, but these are of {library}. Convert them, or fit on {library}."
            )
        signals = SignalArray(checked)
        signals.library = library
    if not reset:
        name = type(estimator).__name__
        if signals.n_channels != expected.n_channels:
            raise ValueError(
                f"X has signals of {signals.n_channels} channels, but {name} was fitted on signals of {expected.n_channels}."
            )
        wrong = signals.lengths < expected.min_times
        accepted = (
            f"With {expected.scales} signals must have at least {expected.min_times} samples."
        )
        if expected.n_times is not None:
            wrong = signals.lengths != expected.n_times
            accepted = f"{name} was fitted on signals of {expected.n_times}. Signals of any length are accepted after fit() on a list of signals, with a pooling."
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            raise ValueError(f"X[{i}] has {signals.lengths[i]} samples. {accepted}")
    return signals
