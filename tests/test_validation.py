"""The validation of signals: missing samples, time axis, containers, numbers, batches, messages."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

from skscatter import (
    LogScattering1D,
    RowStore,
    ScalogramDisplay,
    Scattering1D,
    ScatteringDisplay,
    SelectPaths,
    frame_signal,
)
from skscatter._signals.containers import signals_in

X = np.random.default_rng(0).standard_normal((4, 200))
RAGGED = [X[0], X[1, :150], X[2, :170], X[3]]


def masked(x, *where):
    """Return an array with one masked sample, whose value is arbitrary."""
    result = np.ma.array(x, mask=False, copy=True)
    result[where] = 1e20
    result[where] = np.ma.masked
    return result


def cells(signals):
    """Return signals as an array of objects of shape (n, 1), as SciPy reads a cell array."""
    array = np.empty((len(signals), 1), object)
    array[:, 0] = signals
    return array


def objects(signals):
    """Return signals as a one-dimensional array of objects."""
    return cells(signals)[:, 0]


def entry_points():
    """List what takes signals, for transformers fitted on an array and on a list."""
    for fitted in LogScattering1D().fit(X), LogScattering1D().fit(list(X)):
        yield fitted.transform
        yield fitted.scatter
        yield lambda signals, fitted=fitted: list(fitted.transform_batches([signals]))
    yield LogScattering1D().fit
    yield LogScattering1D().fit_transform
    yield SelectPaths(LogScattering1D(), order=1).fit
    yield SelectPaths(LogScattering1D(), order=1).fit(X).transform


# ---------------------------------------------------------------- missing samples

MASKED_CONTAINERS = {
    "array": lambda: masked(X, 1, 7),
    "one channel": lambda: masked(X, 1, 7)[:, np.newaxis],
    "list": lambda: [*X[:1], masked(X[1], 7), *X[2:]],
    "tuple": lambda: (*X[:1], masked(X[1], 7), *X[2:]),
    "lists of channels": lambda: [[x] for x in (X[0], masked(X[1], 7), X[2], X[3])],
    "lists of numbers": lambda: [X[0].tolist(), [*X[1, :7].tolist(), np.ma.masked, *X[1, 8:]]],
    "objects": lambda: objects([X[0], masked(X[1], 7), X[2], X[3]]),
    "cells": lambda: cells([X[0], masked(X[1], 7), X[2], X[3]]),
    "series": lambda: pd.Series([X[0], masked(X[1], 7), X[2], X[3]]),
    "column": lambda: pd.DataFrame({"s": [X[0], masked(X[1], 7), X[2], X[3]]}),
    "numbers as objects": lambda: np.array(
        [[np.ma.masked if (i, j) == (1, 7) else X[i, j] for j in range(200)] for i in range(4)],
        object,
    ),
}


@pytest.mark.parametrize("container", MASKED_CONTAINERS)
@pytest.mark.reliability("Bad input")
def test_masked_samples_are_missing_values(container):
    signals = MASKED_CONTAINERS[container]()
    for call in entry_points():
        with pytest.raises(ValueError, match=r"X\[1.*7\] is masked\. .* missing values\. .* drop"):
            call(signals)


NULL_CONTAINERS = {
    "None among objects": lambda: np.where(np.arange(800).reshape(4, 200) == 207, None, X),
    "NA among objects": lambda: pd.DataFrame(
        np.where(np.arange(800).reshape(4, 200) == 207, pd.NA, X)
    ),
    "NaT among objects": lambda: np.where(np.arange(800).reshape(4, 200) == 207, pd.NaT, X),
    "nullable floats": lambda: pd.DataFrame(X).astype("Float64").where(X[1, 7] != X, pd.NA),
    "nullable integers": lambda: (
        pd.DataFrame((1000 * X).astype(int)).astype("Int64").where(X[1, 7] != X, pd.NA)
    ),
    "nulls of polars": lambda: pl.DataFrame(
        {f"t{j}": [None if (i, j) == (1, 7) else X[i, j] for i in range(4)] for j in range(200)}
    ),
    "a nullable series": lambda: [
        X[0],
        pd.Series(X[1], dtype="Float64").where(np.arange(200) != 7, pd.NA),
    ],
    "lists of polars": lambda: pl.Series([X[0].tolist(), [*X[1, :7], None, *X[1, 8:]]]),
}


@pytest.mark.parametrize("container", NULL_CONTAINERS)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.reliability("Bad input")
def test_nulls_are_missing_values(container):
    signals = NULL_CONTAINERS[container]()
    for call in entry_points():
        with pytest.raises(ValueError, match=r"X\[1.*7\] is .*(NaN|missing values).* interpolate"):
            call(signals)


def test_a_missing_signal_is_named():
    for signals in [X[0], None], pd.Series([X[0], None]), pl.Series([X[0].tolist(), None]):
        with pytest.raises(ValueError, match=r"X\[1\] is None\. Input X contains missing values"):
            LogScattering1D().fit(signals)


def test_a_mask_without_masked_samples_changes_nothing():
    transformer = LogScattering1D().fit(X)
    expected = transformer.transform(X)
    nothing_masked = np.ma.array(X, mask=False)
    for signals in np.ma.array(X), nothing_masked, list(nothing_masked), np.ma.masked_invalid(X):
        np.testing.assert_array_equal(transformer.transform(signals), expected)


def test_displays_refuse_masked_samples_and_text():
    fitted = LogScattering1D().fit(X)
    for Display in ScalogramDisplay, ScatteringDisplay:
        with pytest.raises(ValueError, match=r"x\[7\] is masked"):
            Display.from_estimator(fitted, masked(X[0], 7))
        with pytest.raises(ValueError, match=r"x='a.wav' is text.*load_recordings"):
            Display.from_estimator(fitted, "a.wav")


def test_nan_comes_with_a_remedy_for_signals():
    bad = X.copy()
    bad[1, 7] = np.nan
    for signals in bad, list(bad), bad[:, np.newaxis]:
        with pytest.raises(
            ValueError, match=r"is nan\. Input X contains NaN\. .* interpolate"
        ) as e:
            LogScattering1D().fit(signals)
        assert "HistGradientBoosting" not in str(e.value)


# ---------------------------------------------------------------- time on the wrong axis


@pytest.mark.parametrize(
    "signals",
    [X[0], X[0].tolist(), pd.Series(X[0]), pl.Series(X[0]), X[0].astype(object)],
    ids=["array", "list", "pandas", "polars", "objects"],
)
@pytest.mark.reliability("Bad input")
def test_a_single_signal_needs_an_axis_in_front(signals):
    for call in entry_points():
        with pytest.raises(ValueError, match=r"1D array.*\(200,\).* is x\[np\.newaxis\]") as caught:
            call(signals)
        assert "reshape(-1, 1)" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "kind"), [(3.0, "float"), ({"s": X}, "dict"), (None, "NoneType")]
)
@pytest.mark.reliability("Bad input")
def test_anything_but_arrays_is_refused(value, kind):
    with pytest.raises(ValueError, match=rf"got scalar array .* {kind}, .* or a list of arrays"):
        LogScattering1D().fit(value)


@pytest.mark.reliability("Bad input")
def test_lists_that_are_not_arrays_are_refused():
    with pytest.raises(ValueError, match=r"X\[0\] has shape \(\)"):
        LogScattering1D().fit([1.0, [2.0]])
    with pytest.raises(ValueError, match=r"dim 4: X of shape \(2, 50, 1, 1\) .* n_channels"):
        LogScattering1D().fit(np.ones((2, 50, 1, 1)))


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        (np.ones((650, 2)), r"650 signals of 2 sample\(s\).*X\.T\[np\.newaxis\] one signal"),
        (pd.DataFrame(np.ones((650, 2))), r"650 signals of 2 sample.*X\.T"),
        (np.ones((6, 512, 1)), r"512 channels of 1 sample.*np\.swapaxes\(X, 1, 2\)"),
        (np.ones((6, 512, 12)), r"512 channels of 12 sample.*np\.swapaxes\(X, 1, 2\)"),
        ([np.ones((512, 2)), np.ones((512, 3))], r"512 channels of 3 sample.*\[x\.T for x in X\]"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_short_signals_beside_a_long_axis_are_warned_of(signals, message):
    with pytest.warns(UserWarning, match=message) as caught:
        LogScattering1D(Q=1).fit(signals)
    assert caught[0].filename == __file__


def test_few_or_long_signals_are_not_warned_of():
    for signals in (
        np.ones((200, 2)),
        np.ones((1000, 8)),
        np.ones((2, 500, 64)),
        np.ones((1000, 1, 8)),
    ):
        LogScattering1D(Q=1).fit(signals)


@pytest.mark.reliability("Bad input")
def test_errors_of_shape_ask_about_the_axis():
    fitted = LogScattering1D().fit(np.ones((2, 3, 50)))
    with pytest.raises(ValueError, match=r"50 channels, .* of 3\. .*np\.swapaxes\(X, 1, 2\)"):
        fitted.transform(np.ones((2, 50, 3)))
    record = np.ones((650, 2))
    for other in LogScattering1D().fit(np.ones((2, 600))), LogScattering1D().fit([np.ones(50)]):
        with pytest.raises(ValueError, match=r"Is time on the wrong axis\? X\.T puts it last"):
            other.transform(record)
    with pytest.raises(ValueError, match=r"channels\. Is time .* \[x\.T for x in X\]"):
        LogScattering1D().fit([np.ones((50, 3)), np.ones((60, 3))])
    with pytest.raises(ValueError, match=r"channels\.$"):
        LogScattering1D().fit([np.ones((2, 50)), np.ones((3, 60))])
    for Display in ScalogramDisplay, ScatteringDisplay:
        with pytest.raises(ValueError, match=r"x has shape \(50, 3\).* x\.T puts it last"):
            Display.from_estimator(fitted, np.ones((50, 3)))


@pytest.mark.parametrize(
    "names",
    [
        "a.wav",
        b"a.wav",
        Path("a.wav"),
        ["a.wav", "b.wav"],
        [Path("a.wav")],
        (b"a.wav",),
        np.array(["a.wav", "b.wav"]),
        np.array([["a.wav"], ["b.wav"]]),
        np.array(["a.wav"], object),
        pd.Series(["a.wav"]),
        pl.Series(["a.wav"]),
        pd.DataFrame({"file": ["a.wav"]}),
        pl.DataFrame({"file": ["a.wav"]}),
        [X[0], "a.wav"],
    ],
    ids=lambda names: f"{type(names).__module__}.{type(names).__name__}",
)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.reliability("Bad input")
def test_names_of_files_are_refused(names):
    for call in entry_points():
        with pytest.raises(ValueError, match=r"X.*=.*a\.wav.* is text, .*load_recordings"):
            call(names)


# ---------------------------------------------------------------- containers


class ListArray:
    """As much of an array of pyarrow as is used: a length, and conversion by NumPy."""

    def __init__(self, signals):
        self.signals = objects(signals)

    def __len__(self):
        return len(self.signals)

    def __array__(self, dtype=None, copy=None):
        return self.signals


class Table:
    """As much of a table of pyarrow as is used."""

    def __init__(self, signals):
        self.shape, self.column = (len(signals), 1), ListArray(signals)

    def itercolumns(self):
        yield self.column


def a_table_of_pyarrow(signals):
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    return pa.table({"s": [list(x) for x in signals]})


def a_series_of_pyarrow(signals):
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    return pd.Series([list(x) for x in signals], dtype=pd.ArrowDtype(pa.list_(pa.float64())))


COLLECTIONS = {
    "list": list,
    "tuple": tuple,
    "list of series": lambda signals: [pd.Series(x) for x in signals],
    "list of series of polars": lambda signals: [pl.Series(x) for x in signals],
    "list of lists of channels": lambda signals: [[x] for x in signals],
    "objects": objects,
    "cells": cells,
    "series": pd.Series,
    "series of lists": lambda signals: pd.Series([list(x) for x in signals]),
    "column": lambda signals: pd.DataFrame({"s": list(signals)}),
    "column of lists": lambda signals: pd.DataFrame({"s": [list(x) for x in signals]}),
    "series of polars": lambda signals: pl.Series("s", list(signals)),
    "series of lists of polars": lambda signals: pl.Series([list(x) for x in signals]),
    "column of polars": lambda signals: pl.DataFrame({"s": list(signals)}),
    "column of lists of polars": lambda signals: pl.DataFrame({"s": [list(x) for x in signals]}),
    "like an array of pyarrow": ListArray,
    "like a table of pyarrow": Table,
    "table of pyarrow": a_table_of_pyarrow,
    "batch of pyarrow": lambda signals: a_table_of_pyarrow(signals).to_batches()[0],
    "chunks of pyarrow": lambda signals: a_table_of_pyarrow(signals).column(0),
    "array of pyarrow": lambda signals: a_table_of_pyarrow(signals).column(0).combine_chunks(),
    "series of pyarrow": a_series_of_pyarrow,
}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_the_container_says_what_signals_are_whatever_their_lengths(name):
    container = COLLECTIONS[name]
    for train in RAGGED, list(X), list(X[:1]):
        transformer = LogScattering1D(J=4).fit(container(train))
        assert transformer.n_times_ is None
        assert not hasattr(transformer, "n_features_in_")
        for test in RAGGED, list(X), list(X[:1]):
            expected = LogScattering1D(J=4).fit(list(test)).transform(list(test))
            np.testing.assert_array_equal(transformer.transform(container(test)), expected)
            assert isinstance(transformer.scatter(container(test)), list)


def test_arrays_are_not_collections():
    for array in X, X.tolist(), X[:, np.newaxis], X[:, np.newaxis].tolist(), X.astype(object):
        assert signals_in(array) is None
        assert LogScattering1D().fit(array).n_times_ == 200
    assert signals_in([1.0, 2.0]) is None
    assert signals_in(np.ones((3, 1), object)) is None


def test_a_column_transformer_hands_over_a_column_of_signals():
    table = pd.DataFrame({"left": RAGGED, "age": [30, 40, 50, 60], "right": list(X)})
    columns = ColumnTransformer(
        [
            ("left", LogScattering1D(J=4), ["left"]),
            ("right", LogScattering1D(J=4), "right"),
            ("age", "passthrough", ["age"]),
        ]
    )
    features = columns.fit_transform(table)
    names = list(columns.get_feature_names_out())
    assert features.shape == (4, len(names))
    expected = [LogScattering1D(J=4).fit_transform(signals) for signals in (RAGGED, list(X))]
    np.testing.assert_array_equal(features, np.hstack([*expected, table[["age"]]]))
    one_row = columns.transform(table.iloc[:1])
    np.testing.assert_array_equal(one_row, features[:1])


def test_the_index_of_a_column_stays_with_the_features():
    table = pd.DataFrame({"s": RAGGED}, index=list("dabc"))
    transformer = LogScattering1D(J=4).set_output(transform="pandas")
    assert list(transformer.fit_transform(table).index) == list("dabc")


@pytest.mark.parametrize("DataFrame", [pd.DataFrame, pl.DataFrame])
@pytest.mark.reliability("Bad input")
def test_several_columns_of_signals_are_refused(DataFrame):
    with pytest.raises(ValueError, match=r"X\[0, 0\] is an array itself.*in one column"):
        LogScattering1D().fit(DataFrame({"left": list(X), "right": list(X)}))


@pytest.mark.reliability("Bad input")
def test_lists_of_numbers_are_arrays_and_errors_say_how_they_may_be_signals_of_any_length():
    transformer = LogScattering1D().fit(X.tolist())
    with pytest.raises(ValueError, match=r"X\[1\] has 150 .* list of arrays, such as \[np\.asarr"):
        transformer.transform([x.tolist() for x in (X[0], X[1, :150])])
    transformer = LogScattering1D().fit([np.asarray(x) for x in X.tolist()])
    transformer.transform([x.tolist() for x in (X[0], X[1, :150])])


@pytest.mark.parametrize("empty", [[], (), pd.Series([], dtype=object), pd.DataFrame({"s": []})])
@pytest.mark.filterwarnings("ignore:X has feature names")
def test_containers_without_signals_have_no_features_in_a_stream(empty):
    for fitted in LogScattering1D().fit(list(X)), LogScattering1D().fit(np.stack([X, X], 1)):
        if getattr(empty, "ndim", 1) == 1:
            (features,) = fitted.transform_batches([empty])
            assert features.shape == (0, len(fitted.features_))
        with pytest.raises(ValueError, match="0 sample"):
            fitted.transform(empty)


# ---------------------------------------------------------------- numbers

longdouble_is_wider = np.finfo(np.longdouble).max > np.finfo(np.float64).max


def with_one(value, dtype=object):
    signals = X.astype(dtype)
    signals[1, 7] = value
    return signals


BAD_NUMBERS = {
    "datetime64": (X.astype("datetime64[s]"), "of dtype datetime64"),
    "timedelta64": (X.astype("timedelta64[s]"), "of dtype timedelta64"),
    "dates in a table": (pd.DataFrame(X.astype("datetime64[s]")), "of dtype datetime64"),
    "text": (X.astype(str), "of dtype <U"),
    "bytes": (X.astype("S"), "of dtype |S"),
    "records": (np.zeros((2, 50), [("a", float)]), "of dtype"),
    "text as objects": (X.astype(str).astype(object), r"X\[0, 0\] is '.*could not convert text"),
    "a text": (with_one("0.5"), r"X\[1, 7\] is '0\.5'"),
    "text in a table": (pd.DataFrame(X).astype({7: str}), r"X\[0, 7\] is '"),
    "complex": (X + 0j, "Complex data not supported"),
    "complex in lists": ((X + 0j).tolist(), "Complex data not supported"),
    "complex among objects": (with_one(1j), r"Complex data not supported: X\[1, 7\] is 1j"),
    "a duration": (with_one(np.timedelta64(1, "s")), r"X\[1, 7\] is .*neither a string"),
    "a large integer": (with_one(-(10**5000)), r"X\[1, 7\] is an integer too large for float64"),
    "a large integer in a list": ([[10**400, 1]] * 2, r"X\[0, 0\] is an integer too large"),
    "a dict": (with_one({}), r"X\[1, 7\] is \{\}: an argument must be neither a string nor"),
}
if longdouble_is_wider:
    BAD_NUMBERS["beyond float64"] = (
        with_one(np.longdouble("1e4000"), np.longdouble),
        r"X\[1, 7\] is 1e\+4000, which is too large for float64",
    )


@pytest.mark.parametrize("name", BAD_NUMBERS)
@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.reliability("Bad input")
def test_samples_that_are_not_real_numbers_of_64_bits_are_refused(name):
    signals, message = BAD_NUMBERS[name]
    for call in entry_points():
        with pytest.raises((ValueError, TypeError), match=message):
            call(signals)
        if isinstance(signals, np.ndarray):
            in_list = message.replace("1, 7", r"1\]\[7").replace("0, 0", r"0\]\[0")
            with pytest.raises((ValueError, TypeError), match=in_list):
                call(list(signals))


@pytest.mark.reliability("Bad input")
def test_dates_beside_numbers_in_a_table_are_refused():
    table = pd.DataFrame(X).assign(day=pd.Timestamp("2020-01-01"))
    with pytest.raises(ValueError, match=r"column 'day' is of dtype datetime64"):
        LogScattering1D().fit(table.rename(columns=str))


@pytest.mark.parametrize("make", [float, Decimal, Fraction, np.float32, np.longdouble])
def test_objects_that_are_real_numbers_are_computed(make):
    expected = LogScattering1D().fit_transform(X)
    signals = np.array([[make(float(x)) for x in row] for row in X], object)
    np.testing.assert_allclose(LogScattering1D().fit_transform(signals), expected, rtol=1e-6)
    small = [[2**70, True], [np.True_, -(2**70)]]
    np.testing.assert_array_equal(
        Scattering1D(Q=1).fit_transform(np.array(small, object)),
        Scattering1D(Q=1).fit_transform(np.array([[2.0**70, 1], [1, -(2.0**70)]])),
    )


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch"])
@pytest.mark.parametrize("container", [np.asarray, list, lambda X: X[:, np.newaxis]])
@pytest.mark.parametrize("order", "<>")
def test_bytes_in_any_order_give_the_same_features_in_the_same_precision(backend, container, order):
    if backend != "numpy":
        pytest.importorskip(backend, reason=f"needs {backend}")
    for dtype in "f4", "f8":
        expected = LogScattering1D(backend=backend).fit_transform(container(X.astype(dtype)))
        signals = container(X.astype(order + dtype))
        features = LogScattering1D(backend=backend).fit_transform(signals)
        assert features.dtype == expected.dtype == dtype
        np.testing.assert_array_equal(features, expected)


def test_bytes_in_any_order_are_found_in_the_store(tmp_path):
    store = RowStore(tmp_path)
    for order in "<>":
        LogScattering1D(memory=store).fit_transform(X.astype(order + "f4"))
    assert store.info().misses == len(X)


@pytest.mark.parametrize("dtype", ["float16", "int8", "uint64", "bool", "longdouble", ">i2"])
def test_other_numbers_are_computed_in_float64(dtype):
    signals = (5 * abs(X)).astype(dtype)
    expected = LogScattering1D().fit_transform(signals.astype(np.float64))
    for given in signals, list(signals), signals.astype(object):
        features = LogScattering1D().fit_transform(given)
        assert features.dtype == np.float64
        np.testing.assert_array_equal(features, expected)


@pytest.mark.parametrize("dtype", ["Float32", "float32"])
def test_tables_of_float32_are_computed_in_float32(dtype):
    table = pd.DataFrame(X.astype(np.float32)).astype(dtype)
    features = LogScattering1D().fit_transform(table)
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, LogScattering1D().fit_transform(X.astype(np.float32)))


# ---------------------------------------------------------------- batches


def test_batches_may_be_lists_of_one_array_as_data_loaders_give_them():
    transformer = LogScattering1D().fit(X)
    for wrap in (lambda batch: [batch], lambda batch: (batch,)):
        batches = [wrap(X[:3]), wrap(X[3:]), wrap(X[:0])]
        features = list(transformer.transform_batches(batches))
        assert [len(part) for part in features] == [3, 1, 0]
        np.testing.assert_array_equal(np.vstack(features), transformer.transform(X))
    pairs = np.stack([X, X[::-1]], axis=1)
    transformer = LogScattering1D().fit(pairs)
    (features,) = transformer.transform_batches([[pairs]])
    np.testing.assert_array_equal(features, transformer.transform(pairs))
    (features,) = transformer.transform_batches([[pairs[0]]])  # a signal of two channels
    np.testing.assert_array_equal(features, transformer.transform(pairs[:1]))


@pytest.mark.parametrize("dispatch", [False, True])
def test_a_data_loader_of_torch_is_a_source_of_batches(dispatch):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(torch.asarray(X)), batch_size=3)
    with sklearn.config_context(array_api_dispatch=dispatch):
        fitted = LogScattering1D().fit(torch.asarray(X))
        features = list(fitted.transform_batches(loader))
        assert all(isinstance(part, torch.Tensor) == dispatch for part in features)
    np.testing.assert_allclose(
        np.concatenate(features), LogScattering1D().fit_transform(X), rtol=1e-10
    )


# ---------------------------------------------------------------- messages


@pytest.mark.reliability("Bad input")
def test_another_length_is_called_one():
    fitted = LogScattering1D().fit(X)
    message = r"one for each sample of a signal\. .* fitted on signals of 200\. Cut or pad"
    for signals in X[:, :150], X[:0, :150], pd.DataFrame(X[:, :150]):
        with pytest.raises(ValueError, match=message):
            list(fitted.transform_batches([signals]))


@pytest.mark.reliability("Bad input")
def test_tensors_of_complex_numbers_are_refused():
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    with (
        sklearn.config_context(array_api_dispatch=True),
        pytest.raises(ValueError, match=r"not supported: X is of torch\.complex64"),
    ):
        LogScattering1D().fit(torch.ones((2, 50), dtype=torch.complex64))


@pytest.mark.reliability("Bad input")
def test_complex_arrays_of_other_libraries_are_refused():
    xp = pytest.importorskip("array_api_strict", reason="needs array-api-strict")
    try:
        dispatch = sklearn.config_context(array_api_dispatch=True)
        dispatch.__enter__()
    except ImportError as error:  # scikit-learn < 1.8 needs array-api-compat
        pytest.skip(str(error))
    try:
        with pytest.raises(ValueError, match="Complex data not supported"):
            LogScattering1D().fit(xp.ones((2, 50), dtype=xp.complex128))
    finally:
        dispatch.__exit__(None, None, None)


def test_a_pipeline_takes_a_masked_record_in_frames():
    record = masked(np.ma.array(X.ravel()), slice(100, 130))
    result = frame_signal(record, 50)
    pipe = make_pipeline(LogScattering1D(J=3))
    with pytest.raises(ValueError, match=r"X\[3, 25\] is masked\..*has_gaps"):
        pipe.fit(result.frames)
    complete = result.frames[~result.has_gaps]
    np.testing.assert_array_equal(
        pipe.fit_transform(complete), LogScattering1D(J=3).fit_transform(np.asarray(complete))
    )
