import pickle
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from skscatter import (
    LogScattering1D,
    LogTimeFrequencyScattering,
    RowStore,
    RowStoreWarning,
    Scattering1D,
    TimeFrequencyScattering,
)
from skscatter._scattering.settings import NUMERICS

EVERY = pytest.mark.parametrize(
    "Transformer",
    [Scattering1D, LogScattering1D, TimeFrequencyScattering, LogTimeFrequencyScattering],
)

# Every parameter is in one of the two tables, with another value than BASE has.
BASE = {"J": 4, "Q": 2, "pooling": ("mean", "max"), "backend": "numpy"}
CHANGES_COEFFICIENTS = {
    "J": 5,
    "Q": 3,
    "T": 20,
    "max_order": 1,
    "stride": 8,
    "include_order0": False,
    "filter_gain": "kymatio-0.3",
    "input_scaling": "max",
    "padding": "zero",
    "subsampling": "critical",
    "J_fr": 2,
    "Q_fr": 2,
    "F": 2,
    "stride_fr": 2,
    "padding_fr": "zero",
    "parts": ("first", "joint"),
}
# What is made of coefficients afterwards, and how they are computed.
CHANGES_NO_COEFFICIENT = {
    "pooling": "mean",
    "n_segments": 2,
    "trim": 20.0,
    "log_eps": 0.5,
    "log_stage": "pooled",
    "channel_pooling": "mean",
    "sampling_rate": 1000.0,
    "backend": "auto",  # except for kymatio's
    "device": "cpu",
    "batch_size": 1,
    "n_jobs": 2,
    "memory": None,
    "verbose": 1,
}


@pytest.fixture
def store(tmp_path):
    return RowStore(tmp_path)


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((4, 256))


def computed(transformer, X, store):
    """Number of rows that a transform with the store computes."""
    before = store.info().misses
    transformer.set_params(memory=store).fit_transform(X)
    return store.info().misses - before


# ---------------------------------------------------------------- what it is computed from


@EVERY
def test_every_parameter_is_in_the_key_or_known_not_to_matter(Transformer):
    decided = set(CHANGES_COEFFICIENTS) | set(CHANGES_NO_COEFFICIENT)
    assert set(Transformer().get_params()) <= decided
    assert not set(CHANGES_COEFFICIENTS) & set(CHANGES_NO_COEFFICIENT)


@EVERY
def test_parameters_that_change_coefficients_change_the_key(Transformer, X, store):
    assert computed(Transformer(**BASE), X, store) == 4
    for name in CHANGES_COEFFICIENTS.keys() & Transformer().get_params().keys():
        transformer = Transformer(**(BASE | {name: CHANGES_COEFFICIENTS[name]}))
        assert computed(transformer, X, store) == 4, name


@EVERY
def test_parameters_that_change_no_coefficient_do_not(Transformer, X, store):
    assert computed(Transformer(**BASE), X, store) == 4
    for name in set(CHANGES_NO_COEFFICIENT) & set(Transformer().get_params()) - {"memory"}:
        transformer = Transformer(**(BASE | {name: CHANGES_NO_COEFFICIENT[name]}))
        assert computed(transformer, X, store) == 0, name


@EVERY
@pytest.mark.parametrize("as_list", [False, True])
def test_features_of_stored_coefficients_have_the_bits_of_others(Transformer, X, store, as_list):
    signals = [x[: 200 + 10 * i] for i, x in enumerate(X)] if as_list else X
    for name, value in CHANGES_NO_COEFFICIENT.items():
        if name in set(Transformer().get_params()) - {"memory", "backend"}:
            parameters = BASE | {name: value}
            expected = Transformer(**parameters).fit_transform(signals)
            for _ in range(2):
                found = Transformer(**parameters, memory=store).fit_transform(signals)
                np.testing.assert_array_equal(found, expected)
    assert store.info().misses == 4


@pytest.mark.parametrize(
    "equal",
    [
        [{"Q": 8}, {"Q": (8, 1)}, {"Q": [8, 1]}, {"Q": np.int64(8)}],
        [{"J": None}, {"J": 6, "T": 32}, {"J": np.int32(6), "T": 32.0}],
        [{"T": None}, {"T": 16}, {"T": 16.0}, {"T": np.float32(16)}],
        [{"stride": None}, {"stride": 16}],
        [{"include_order0": True}, {"include_order0": np.True_}],
    ],
)
def test_equal_parameters_have_one_key(equal, X, store):
    first, *others = (LogScattering1D(**{"J": 4, **parameters}) for parameters in equal)
    assert computed(first, X, store) == 4
    for other in others:
        assert computed(other, X, store) == 0


def test_classes_share_coefficients(X, store):
    class Mine(Scattering1D):
        pass

    assert computed(Scattering1D(), X, store) == 4
    for Transformer in LogScattering1D, Mine:
        assert computed(Transformer(), X, store) == 0


def test_the_version_of_the_numbers_is_in_the_key(X, store, monkeypatch):
    assert computed(Scattering1D(), X, store) == 4
    monkeypatch.setattr("skscatter._estimators.scattering.NUMERICS", NUMERICS + 1)
    assert computed(Scattering1D(), X, store) == 4


def test_the_precision_of_the_signals_is_in_the_key(X, store):
    X = X.round()
    for same in X, X.astype(np.float32), X.astype(np.int8):
        assert computed(Scattering1D(), same, store) == 4


def test_the_numbers_are_those_of_this_version():
    # If this fails because the numbers are meant to change, raise NUMERICS in settings.py, so
    # that no row store mixes the old with the new.
    assert NUMERICS == 2
    X = np.cos(np.arange(64) ** 2 / 50)[np.newaxis]
    features = LogScattering1D(
        J=3,
        Q=(2, 1),
        include_order0=False,
        log_eps=1e-3,
        pooling=("mean", "std"),
        n_segments=2,
    )
    expected = [
        -4.01704142068,
        0.921016216417,
        -1.36938941301,
        0.399143586022,
        -2.8028423401,
        0.776976083144,
        -1.45249291813,
        0.143820245596,
        -2.0618456415,
        0.412711381406,
        -2.238866877,
        0.585362090174,
        -1.75557390648,
        0.0733017482423,
        -3.01641224092,
        0.754960614397,
        -1.68370262745,
        0.171597062826,
        -3.47500354786,
        0.754350798262,
        -2.0555363084,
        0.166672691738,
        -3.66289381441,
        0.67453027173,
        -1.66720883735,
        0.321259935473,
        -3.88851693454,
        0.767121435044,
        -4.93153789901,
        0.428550500055,
        -3.53575264713,
        0.174918705104,
        -3.91310391986,
        0.47552787135,
        -3.0224548751,
        0.0531853948581,
        -3.21709601781,
        0.230482381972,
        -3.31535850973,
        0.329545952555,
        -3.02796599447,
        0.0415136207944,
        -3.98159462268,
        0.507969326493,
    ]
    np.testing.assert_allclose(features.fit_transform(X)[0], expected, rtol=1e-9)


# ---------------------------------------------------------------- what it changes


@EVERY
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_features_are_the_same_with_and_without(Transformer, dtype, n_jobs, tmp_path):
    X = (100 * np.random.default_rng(0).standard_normal((300, 300))).astype(dtype)
    transformer = Transformer(Q=4, pooling=("mean", "std"), n_jobs=n_jobs)
    without = transformer.fit_transform(X)
    transformer.set_params(memory=tmp_path)
    new = transformer.transform(X)
    assert new.dtype == without.dtype
    tolerance = 20 * np.finfo(new.dtype).eps
    np.testing.assert_allclose(new, without, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(transformer.transform(X), new)
    order = np.random.default_rng(1).permutation(300)[:200]
    np.testing.assert_array_equal(transformer.transform(X[order]), new[order])
    assert RowStore(tmp_path).info()[-2:] == (500, 300)


def test_one_thread_computes_the_same_bits_with_a_new_store_as_without(tmp_path):
    for dtype in np.float32, np.float64:
        X = np.random.default_rng(0).standard_normal((100, 2000)).astype(dtype)
        features = LogScattering1D(backend="numpy", n_jobs=1).fit_transform(X)
        with_store = LogScattering1D(backend="numpy", n_jobs=1, memory=tmp_path).fit_transform(X)
        np.testing.assert_array_equal(with_store, features)


def test_layouts_of_the_signals_share_their_features(X, store, tmp_path):
    assert computed(LogScattering1D(), X, store) == 4
    np.save(tmp_path / "signals.npy", X)
    mapped = np.load(tmp_path / "signals.npy", mmap_mode="r")
    for same in np.asfortranarray(X), X[::-1], X.astype(">f8"), mapped, X.tolist():
        assert computed(LogScattering1D(), same, store) == 0


def test_scatter_does_not_use_the_store(X, store):
    LogScattering1D(memory=store).fit(X).scatter(X)
    assert store.info().rows == 0


def test_data_frames_are_returned_with_memory_too(X, store):
    transformer = LogScattering1D(memory=store).set_output(transform="pandas")
    first, again = transformer.fit_transform(X), transformer.transform(X)
    assert list(again.columns) == list(transformer.get_feature_names_out())
    np.testing.assert_array_equal(again, first)


def test_scikit_learn_checks_with_memory(store):
    check_estimator(LogScattering1D(Q=2, memory=store), on_skip=None)
    assert store.info().hits > 0


@EVERY
@pytest.mark.parametrize(
    ("memory", "error"), [(3, TypeError), (b"folder", TypeError), ("", ValueError)]
)
@pytest.mark.reliability("Bad input")
def test_bad_memory_is_refused(Transformer, memory, error, X):
    message = rf"memory={memory!r} must be the path of a folder or file, a RowStore, or None"
    with pytest.raises(error, match=message):
        Transformer(memory=memory).fit(X)


def test_progress_counts_found_signals_too(X, store, capsys):
    LogScattering1D(memory=store).fit_transform(X[:3])
    LogScattering1D(memory=store, verbose=1).fit_transform(X)
    assert "LogScattering1D (numpy): 100%" in capsys.readouterr().err


def test_work_continues_without_a_store_that_cannot_be_used(X, tmp_path):
    (tmp_path / "features.sqlite").write_text("mine")
    with pytest.warns(RowStoreWarning, match="a file of another kind"):
        features = LogScattering1D(memory=tmp_path).fit_transform(X)
    np.testing.assert_array_equal(features, LogScattering1D().fit_transform(X))


# ---------------------------------------------------------------- life in scikit-learn


@pytest.mark.parametrize("kind", [str, RowStore])
def test_a_model_keeps_only_the_path_and_the_limit(kind, X, tmp_path):
    memory = kind(str(tmp_path))
    fitted = LogScattering1D(memory=memory).fit(X)
    fitted.transform(X)
    assert clone(fitted).get_params()["memory"] == memory
    for twin in pickle.loads(pickle.dumps(fitted)), clone(fitted).fit(X):
        assert twin.memory == memory
        np.testing.assert_array_equal(twin.transform(X), fitted.transform(X))
    assert RowStore(tmp_path).info().misses == 4
    assert len(pickle.dumps(fitted)) < 2000


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_grid_search_computes_each_signal_once_for_each_candidate(backend, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 128)), np.arange(60) % 2
    X[::2, ::8] += 1
    scores = []
    for memory in None, RowStore(tmp_path):
        pipe = make_pipeline(LogScattering1D(memory=memory), StandardScaler(), LogisticRegression())
        search = GridSearchCV(pipe, {"logscattering1d__J": [4, 5]}, cv=4, n_jobs=2)
        with joblib.parallel_config(backend=backend):
            search.fit(X, y)
        scores.append(search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*scores)
    info = memory.info()
    assert info.rows == 120
    if backend == "threading":
        assert (info.hits, info.misses) == (2 * 4 * 60 + 60 - 120, 120)


def test_transforms_side_by_side_share_a_store(X, store):
    X = np.random.default_rng(0).standard_normal((200, 512))
    fitted = LogScattering1D(memory=store, n_jobs=2).fit(X)
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: fitted.transform(X), range(3)))
    for result in results:
        np.testing.assert_array_equal(result, results[0])
    assert store.info()[-2:] == (400, 200)


def test_tensors_of_torch_are_computed_and_not_kept(X, store):
    torch = pytest.importorskip("torch")
    import sklearn

    fitted = LogScattering1D(memory=store)
    with sklearn.config_context(array_api_dispatch=True):
        fitted.fit(torch.tensor(X)).transform(torch.tensor(X))
    assert store.info().rows == 0


def test_a_batch_without_signals_needs_nothing_from_the_store(X, store):
    model = LogScattering1D(J=4, memory=store).fit(X)
    none, some = model.transform_batches([X[:0], X])
    assert none.shape == (0, some.shape[1])
    assert store.info().rows == len(X)
