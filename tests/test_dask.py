import pickle
import re
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import (
    LogScattering1D,
    LogTimeFrequencyScattering,
    Scattering1D,
    TimeFrequencyScattering,
    frame_signal,
)

dask = pytest.importorskip("dask", reason="needs the extra dask")
da = pytest.importorskip("dask.array", reason="needs the extra dask")

EVERY = pytest.mark.parametrize(
    "Transformer",
    [Scattering1D, LogScattering1D, TimeFrequencyScattering, LogTimeFrequencyScattering],
)
METHODS = pytest.mark.parametrize("method", ["transform", "scatter"])


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).standard_normal((30, 128))


@pytest.fixture(scope="module")
def client():
    """Two processes of one thread each, reachable from this machine only."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # any port that is free
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def untouchable():
    """Signals that fail when anything is computed."""

    def fail(block):
        pytest.fail("computed too early")

    return da.zeros((30, 128), chunks=(7, 128)).map_blocks(fail, meta=np.empty((0, 0)))


# ---------------------------------------------------------------- results


@EVERY
@METHODS
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_results_are_those_of_numpy(Transformer, method, dtype, X):
    X = (100 * X).astype(dtype)
    transformer = Transformer(Q=4).fit(X)
    expected = getattr(transformer, method)(X)
    for rows in 7, 30, (1, 0, 29):
        lazy = getattr(transformer, method)(da.from_array(X, chunks=(rows, 128)))
        assert isinstance(lazy, da.Array)
        computed = lazy.compute(scheduler="sync")
        assert computed.dtype == lazy.dtype == lazy._meta.dtype == expected.dtype
        assert computed.shape == lazy.shape == expected.shape
        # The size of a chunk may change the order of sums.
        tolerance = 100 * np.finfo(expected.dtype).eps
        np.testing.assert_allclose(computed, expected, rtol=tolerance, atol=tolerance)


@EVERY
def test_fitting_looks_at_the_shape_alone(Transformer, untouchable, X):
    fitted, expected = Transformer(Q=4).fit(untouchable), Transformer(Q=4).fit(X)
    assert fitted.n_features_in_ == 128
    np.testing.assert_array_equal(fitted.transform(X), expected.transform(X))
    np.testing.assert_array_equal(fitted.get_feature_names_out(), expected.get_feature_names_out())


@METHODS
def test_nothing_is_computed_before_it_is_needed(method, untouchable):
    lazy = getattr(LogScattering1D().fit(untouchable), method)(untouchable)
    assert isinstance(lazy, da.Array)
    assert LogScattering1D().fit_transform(untouchable).shape[0] == 30


@METHODS
def test_chunks_stay_as_they_are_along_the_signals(method, untouchable):
    transformer = LogScattering1D(Q=4).fit(untouchable)
    lazy = getattr(transformer, method)(untouchable)
    assert lazy.chunks[0] == untouchable.chunks[0]
    assert lazy.numblocks[1:] == (1,) * (lazy.ndim - 1)
    assert lazy._meta.shape == (0,) * lazy.ndim


def test_the_number_of_signals_need_not_be_known(X):
    lazy = da.from_array(X, chunks=(7, 128))
    some = lazy[lazy[:, 0] > 1]
    transformer = LogScattering1D(Q=4).fit(some)
    features = transformer.transform(some)
    assert np.isnan(features.shape[0])
    np.testing.assert_allclose(
        features.compute(scheduler="sync"), transformer.transform(X[X[:, 0] > 1]), rtol=1e-12
    )


def test_chunks_without_signals_have_no_features(X):
    lazy = da.from_array(X, chunks=(7, 128))
    none = lazy[lazy[:, 0] > 1e9]
    features = LogScattering1D(Q=4).fit(lazy).transform(none)
    assert features.compute(scheduler="sync").shape == (0, features.shape[1])


def test_the_same_work_has_the_same_name(X):
    lazy = da.from_array(X, chunks=(7, 128))
    names = [
        LogScattering1D(**parameters).fit(lazy).transform(lazy).name
        for parameters in ({}, {}, {"J": 4}, {"log_eps": 0.1}, {"pooling": "max"})
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 4


@METHODS
def test_later_changes_of_the_transformer_do_not_matter(method, X):
    transformer = LogScattering1D(Q=4).fit(X)
    expected = getattr(transformer, method)(X)
    lazy = getattr(transformer, method)(da.from_array(X, chunks=(30, 128)))
    transformer.set_params(Q=8, log_eps=1.0).set_output(transform="pandas").fit(X[:, :64])
    np.testing.assert_array_equal(lazy.compute(scheduler="sync"), expected)


def test_a_graph_carries_no_filters(X):
    transformer = LogScattering1D(J=12, Q=(16, 2)).fit(np.ones((1, 2**13)))
    transformer.transform(np.ones((1, 2**13)))
    lazy = transformer.transform(da.zeros((100, 2**13), chunks=(10, 2**13)))
    assert len(pickle.dumps(lazy)) < 100_000


def test_a_pipeline_of_lazy_steps_is_lazy(X, untouchable):
    pipe = make_pipeline(LogScattering1D(Q=4)).fit(untouchable)
    assert isinstance(pipe.transform(untouchable), da.Array)
    np.testing.assert_allclose(
        pipe.transform(da.from_array(X, chunks=(7, 128))), pipe.transform(X), rtol=1e-12
    )


def test_dask_is_not_imported_for_arrays_of_numpy():
    code = (
        "import sys, numpy as np; from skscatter import LogScattering1D\n"
        "LogScattering1D().fit_transform(np.ones((2, 100))); print('dask' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


# ---------------------------------------------------------------- refused input


@EVERY
@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ((7, 100), r"chunks of \(7, 100\) .* X\.rechunk\(\{1: -1\}\)"),
        ((30, 1), r"chunks of \(30, 1\) .* X\.rechunk\(\{1: -1\}\)"),
    ],
)
def test_chunks_must_hold_whole_signals(Transformer, chunks, message, X):
    cut = da.from_array(X, chunks=chunks)
    with pytest.raises(ValueError, match=message):
        Transformer().fit(cut)
    with pytest.raises(ValueError, match=message):
        Transformer().fit(X).transform(cut)
    Transformer().fit(cut.rechunk({1: -1}))


@pytest.mark.reliability("Bad input")
def test_signals_of_unknown_length_are_refused(X):
    lazy = da.from_array(X, chunks=(7, 128))
    unknown = lazy[:, lazy[0] > 0]
    with pytest.raises(ValueError, match=r"signals of unknown length.*compute_chunk_sizes\(\)"):
        LogScattering1D().fit(unknown)


@EVERY
@METHODS
@pytest.mark.parametrize(
    "bad",
    [
        np.ones((3, 127)),
        np.ones(128),
        np.ones((3, 2, 128)),
        np.ones((0, 128)),
        np.ones((3, 128), complex),
        np.full((3, 128), "a"),
    ],
    ids=lambda bad: f"{bad.dtype}{bad.shape}",
)
@pytest.mark.reliability("Bad input")
def test_what_shape_and_dtype_show_is_refused_as_with_numpy(Transformer, method, bad, X):
    transformer = Transformer().fit(X)
    lazy = da.from_array(bad, chunks=-1)
    with pytest.raises(ValueError) as of_numpy:  # noqa: PT011 (whatever it says)
        getattr(transformer, method)(bad)
    # The rest of a message may show the signals themselves.
    with pytest.raises(ValueError, match=re.escape(str(of_numpy.value)[:25])):
        getattr(transformer, method)(lazy)


def test_each_chunk_is_checked_when_it_is_computed(X):
    X = X.copy()
    X[20, 5] = np.nan
    features = LogScattering1D().fit(X[:1]).transform(da.from_array(X, chunks=(10, 128)))
    assert np.isfinite(features[:20].compute(scheduler="sync")).all()
    with pytest.raises(ValueError, match="Input X contains NaN"):
        features.compute(scheduler="sync")


@METHODS
@pytest.mark.reliability("Bad input")
def test_masked_samples_in_a_chunk_are_missing_values(method, X):
    masked = np.ma.array(X, mask=False)
    transformer = LogScattering1D().fit(da.from_array(masked, chunks=(10, 128)))
    results = getattr(transformer, method)(da.from_array(masked, chunks=(10, 128)))
    np.testing.assert_array_equal(
        results.compute(scheduler="sync"), getattr(transformer, method)(X)
    )
    masked[20, 5] = np.ma.masked
    results = getattr(transformer, method)(da.from_array(masked, chunks=(10, 128)))
    with pytest.raises(ValueError, match=r"X\[0, 5\] is masked"):
        results.compute(scheduler="sync")
    with pytest.raises(ValueError, match=r"X\[0\]\[5\] is masked"):
        transformer.transform([da.from_array(masked[20], chunks=64)])
    gaps = frame_signal(da.from_array(masked[20], chunks=64), 16).has_gaps
    np.testing.assert_array_equal(np.flatnonzero(gaps), [0])


@pytest.mark.parametrize("dtype", [">f4", "<f4", "longdouble", "float16"])
@METHODS
def test_the_precision_is_known_before_it_is_computed(method, dtype, X):
    transformer = LogScattering1D().fit(X)
    signals = X.astype(dtype)
    lazy = getattr(transformer, method)(da.from_array(signals, chunks=(10, 128)))
    expected = getattr(transformer, method)(signals)
    assert lazy.dtype == lazy.compute(scheduler="sync").dtype == expected.dtype


@pytest.mark.parametrize("shape", [(650, 2), (6, 512, 1)])
@pytest.mark.reliability("Bad input")
def test_time_on_the_wrong_axis_is_asked_about(shape):
    with pytest.warns(UserWarning, match="Is time on the wrong axis"):
        LogScattering1D(Q=1).fit(da.ones(shape))
    lazy = da.ones((650, 2), chunks=(100, 2))
    LogScattering1D(Q=1).fit(lazy[lazy[:, 0] > 0])  # of unknown number


@pytest.mark.reliability("Bad input")
def test_an_unfitted_transformer_says_so(untouchable):
    with pytest.raises(NotFittedError):
        LogScattering1D().transform(untouchable)


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.reliability("Bad input")
def test_data_frames_are_refused_since_they_would_be_computed_at_once(container, untouchable):
    transformer = LogScattering1D().fit(untouchable)
    message = rf"set_output\(transform='{container}'\).*set_output\(transform='default'\)"
    with sklearn.config_context(transform_output=container):
        with pytest.raises(ValueError, match=message):
            transformer.transform(untouchable)
        transformer.set_output(transform="default").transform(untouchable)
    with pytest.raises(ValueError, match=message):
        transformer.set_output(transform=container).transform(untouchable)
    transformer.scatter(untouchable)  # of which there are no data frames
    assert transformer.set_output(transform=None)._sklearn_output_config["transform"] == container


# ---------------------------------------------------------------- a cluster of processes

# backend="numpy", since workers choose for themselves what "auto" means.


@pytest.mark.parametrize("Transformer", [LogScattering1D, LogTimeFrequencyScattering])
@METHODS
def test_a_cluster_computes_the_same(Transformer, method, client, X):
    transformer = Transformer(Q=4, backend="numpy").fit(X)
    lazy = getattr(transformer, method)(da.from_array(X, chunks=(5, 128)))
    np.testing.assert_allclose(lazy.compute(), getattr(transformer, method)(X), rtol=1e-12)
    workers = client.run(
        lambda: sys.modules["skscatter._backends.engines"].get_engine.cache_info().misses
    )
    assert all(n >= 1 for n in workers.values())  # each has built filters of its own


def test_an_error_on_a_worker_is_raised_here(client, X):
    features = LogScattering1D().fit(X).transform(da.full((6, 128), np.inf, chunks=(3, 128)))
    with pytest.raises(ValueError, match="Input X contains infinity"):
        features.compute()


def test_a_grid_search_on_a_cluster_finds_the_same(client):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 8)
    t = np.arange(300)
    X = np.sin(2 * np.pi * (0.05 * 1.06**y)[:, np.newaxis] * t + rng.uniform(0, 6, (24, 1)))
    X += 2 * rng.standard_normal(X.shape)

    def search():
        return GridSearchCV(
            make_pipeline(
                LogScattering1D(backend="numpy"),
                StandardScaler(),
                LogisticRegression(max_iter=1000),
            ),
            {"logscattering1d__J": [4, 6], "logscattering1d__Q": [1, 8]},
            cv=2,
        ).fit(X, y)

    here = search()
    with joblib.parallel_config(backend="dask"):
        there = search()
    assert there.best_params_ == here.best_params_
    np.testing.assert_array_equal(
        there.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]
    )
    assert len(set(here.cv_results_["mean_test_score"])) > 1
    np.testing.assert_allclose(there.predict_proba(X), here.predict_proba(X), rtol=1e-6)


def test_transforming_in_a_task_of_the_cluster_takes_one_thread_unless_asked(client, X):
    def threads(n_jobs):
        from skscatter._execution.threads import count_threads

        return count_threads(n_jobs), joblib.cpu_count()

    def of_tasks(n_jobs):
        return joblib.Parallel()(joblib.delayed(threads)(n_jobs) for _ in range(2))

    with joblib.parallel_config(backend="dask"):
        assert threads(None)[0] == 1
        assert {n for n, _ in of_tasks(None)} == {1}
        assert all(n == cores for n, cores in of_tasks(-1))
    with joblib.parallel_config(backend="dask", n_jobs=2):
        assert threads(None)[0] == min(2, joblib.cpu_count())


def test_chunks_warn_of_missing_column_names_no_more_than_arrays_do():
    X = np.random.default_rng(0).standard_normal((6, 128))
    transformer = LogScattering1D().fit(pd.DataFrame(X).add_prefix("t"))
    lazy = da.from_array(X, chunks=(2, 128))
    with pytest.warns(UserWarning, match="does not have valid feature names") as caught:
        transformer.transform(lazy).compute(scheduler="synchronous")
    assert len([w for w in caught if "valid feature names" in str(w.message)]) == 1
