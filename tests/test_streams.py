import gc
import re
import sqlite3
import threading
import traceback
import weakref

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.exceptions import NotFittedError

from skscatter import (
    LogScattering1D,
    LogTimeFrequencyScattering,
    Scattering1D,
    TimeFrequencyScattering,
)
from skscatter._execution import run

N_TIMES = 64


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).standard_normal((40, N_TIMES))


@pytest.fixture(scope="module")
def fitted(X):
    return LogScattering1D(Q=1).fit(X)


@pytest.fixture(autouse=True)
def no_threads_are_left():
    yield
    assert not [thread for thread in threading.enumerate() if "skscatter" in thread.name]


# ---------------------------------------------------------------- what it yields


@pytest.mark.parametrize("sizes", [[40], [1] * 40, [7, 20, 1, 12], [0, 40], [10, 0, 0, 30, 0], []])
@pytest.mark.parametrize(
    "Transformer",
    [Scattering1D, LogScattering1D, TimeFrequencyScattering, LogTimeFrequencyScattering],
)
def test_features_are_those_of_transform_in_order(Transformer, sizes, X):
    transformer = Transformer(Q=1).fit(X)
    batches = np.split(X, np.cumsum(sizes)[:-1]) if sizes else []
    features = list(transformer.transform_batches(batches))
    assert [len(part) for part in features] == sizes
    if sizes:
        expected = transformer.transform(X)
        np.testing.assert_allclose(np.concatenate(features), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
@pytest.mark.parametrize("pooling", ["mean", None])
def test_batches_without_signals_have_no_features_of_the_same_kind(dtype, pooling, X):
    transformer = LogScattering1D(Q=1, pooling=pooling).fit(X)
    batches = [X[:0].astype(dtype), X[:3].astype(dtype)]
    none, some = transformer.transform_batches(batches)
    assert none.shape == (0, some.shape[1])
    assert none.dtype == some.dtype


def test_batches_may_be_of_any_kind_that_transform_takes(X, fitted):
    batches = [X[:2], X[2:4].tolist(), X[4:6].astype("float32"), pd.DataFrame(X[6:8])]
    for features, batch in zip(fitted.transform_batches(batches), batches, strict=True):
        np.testing.assert_array_equal(features, fitted.transform(batch))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_named_columns_where_transform_has_them(library, X):
    DataFrame = {"pandas": pd.DataFrame, "polars": pl.DataFrame}[library]
    columns = [f"t{i}" for i in range(N_TIMES)]
    frames = [DataFrame(dict(zip(columns, X[i:j].T, strict=True))) for i, j in ((0, 3), (3, 3))]
    transformer = LogScattering1D(Q=1).set_output(transform=library).fit(frames[0])
    for features, frame in zip(transformer.transform_batches(frames), frames, strict=True):
        assert isinstance(features, DataFrame)
        assert list(features.columns) == list(transformer.get_feature_names_out())
        assert len(features) == len(frame)


def test_later_changes_of_the_transformer_do_not_matter_to_a_stream(X):
    transformer = LogScattering1D(Q=1).fit(X)
    expected = transformer.transform(X)
    stream = transformer.transform_batches([X[:20], X[20:]])
    first = next(stream)
    transformer.set_params(Q=8, pooling=None).set_output(transform="pandas").fit(X)
    np.testing.assert_allclose(np.concatenate([first, *stream]), expected, rtol=1e-12)


def test_settings_of_the_callers_thread_hold(X):
    seen = []

    class Asks(Scattering1D):
        def transform(self, X):
            seen.append((sklearn.get_config()["working_memory"], joblib.effective_n_jobs(None)))
            seen.append(np.geterr()["divide"])
            return super().transform(X)

    transformer = Asks(Q=1).fit(X)
    with (
        sklearn.config_context(working_memory=7),
        joblib.parallel_config(n_jobs=2),
        np.errstate(divide="raise"),
    ):
        list(transformer.transform_batches([X]))
    list(transformer.transform_batches([X]))
    assert seen == [(7, 2), "raise", (1024, 1), "warn"]


def test_torch_tensors_are_computed_in_the_thread_of_their_device_queue(X):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    threads = []

    class Asks(Scattering1D):
        def transform(self, X):
            threads.append(threading.get_ident())
            return super().transform(X)

    with sklearn.config_context(array_api_dispatch=True):
        batches = [torch.asarray(X[:30]), torch.asarray(X[30:])]
        transformer = Asks(Q=1).fit(batches[0])
        features = list(transformer.transform_batches(batches))
    assert set(threads) == {threading.get_ident()}
    assert all(isinstance(part, torch.Tensor) for part in features)
    np.testing.assert_allclose(
        np.concatenate(features), Scattering1D(Q=1).fit_transform(X), rtol=1e-10, atol=1e-13
    )


def test_an_error_in_a_torch_tensor_comes_after_the_features_before_it_and_says_which(X):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    with sklearn.config_context(array_api_dispatch=True):
        good = torch.asarray(X[:3])
        stream = Scattering1D(Q=1).fit(good).transform_batches([good, good * torch.nan])
        assert len(next(stream)) == 3
        with pytest.raises(ValueError, match="contains NaN") as info:
            next(stream)
    assert info.value.__notes__ == ["This was batch 1 of the stream, counted from 0."]


# ---------------------------------------------------------------- where batches come from


def test_a_memory_map_in_slices(tmp_path, X, fitted):
    np.save(tmp_path / "signals.npy", X)
    mapped = np.load(tmp_path / "signals.npy", mmap_mode="r")
    features = fitted.transform_batches(mapped[i : i + 16] for i in range(0, len(mapped), 16))
    np.testing.assert_allclose(np.concatenate(list(features)), fitted.transform(X), rtol=1e-12)


def test_a_zarr_array_in_slices(tmp_path, X, fitted):
    zarr = pytest.importorskip("zarr", reason="needs zarr")
    stored = zarr.create_array(tmp_path / "signals.zarr", data=X, chunks=(16, N_TIMES))
    features = fitted.transform_batches(stored[i : i + 16] for i in range(0, len(X), 16))
    np.testing.assert_allclose(np.concatenate(list(features)), fitted.transform(X), rtol=1e-12)


def test_a_table_in_chunks_of_rows(tmp_path, X, fitted):
    table = pd.DataFrame(X, columns=[f"t{i}" for i in range(N_TIMES)])
    table.to_csv(tmp_path / "signals.csv", index=False)
    transformer = LogScattering1D(Q=1).fit(table)
    with pd.read_csv(tmp_path / "signals.csv", chunksize=16) as chunks:
        features = list(transformer.transform_batches(chunks))
    assert [len(part) for part in features] == [16, 16, 8]
    np.testing.assert_allclose(np.concatenate(features), fitted.transform(X), rtol=1e-9)


def test_a_database_cursor_which_only_its_own_thread_may_use(tmp_path, X, fitted):
    database = sqlite3.connect(tmp_path / "signals.db")  # check_same_thread is on
    database.execute("CREATE TABLE signals (samples BLOB)")
    database.executemany("INSERT INTO signals VALUES (?)", [(row.tobytes(),) for row in X])
    cursor = database.execute("SELECT samples FROM signals ORDER BY rowid")

    def batches():
        while rows := cursor.fetchmany(16):
            yield np.stack([np.frombuffer(samples) for (samples,) in rows])

    features = list(fitted.transform_batches(batches()))
    database.close()
    np.testing.assert_allclose(np.concatenate(features), fitted.transform(X), rtol=1e-12)


# ---------------------------------------------------------------- reading ahead


def test_the_next_batch_is_read_while_one_is_computed(X):
    trace, begun, go_on = [], threading.Semaphore(0), threading.Semaphore(0)

    class Waits(Scattering1D):
        def transform(self, X):
            trace.append(("computing", len(X)))
            begun.release()
            assert go_on.acquire(timeout=20)
            return super().transform(X)

    def batches():
        for size in 1, 2, 3:
            if size > 1:
                assert begun.acquire(timeout=20)  # the one before is under way, and waits for us
            trace.append(("reading", size))
            if size > 1:
                go_on.release()
            yield X[:size]
        go_on.release()

    stream = Waits(Q=1).fit(X).transform_batches(batches())
    assert [len(features) for features in stream] == [1, 2, 3]
    assert trace == [(what, size) for size in (1, 2, 3) for what in ("reading", "computing")]


def test_no_more_than_one_batch_is_read_ahead(X, fitted):
    n_read = 0

    def batches():
        nonlocal n_read
        for row in X:
            n_read += 1
            yield row[np.newaxis]

    for n_given, _ in enumerate(fitted.transform_batches(batches()), start=1):
        assert n_read <= n_given + 1
    assert n_read == n_given == len(X)


def test_nothing_is_read_before_it_is_asked_for(X, fitted):
    def batches():
        pytest.fail("read too early")
        yield X

    fitted.transform_batches(batches())


def test_batches_are_freed_when_they_have_been_computed(X, fitted):
    given = []

    def alive():
        return sum(batch() is not None for batch in given)

    def batches():
        for i in range(0, 40, 4):
            batch = np.array(X[i : i + 4])
            given.append(weakref.ref(batch))
            yield batch
            del batch
            assert alive() <= 2

    for _ in fitted.transform_batches(batches()):
        pass
    assert alive() == 0


# ---------------------------------------------------------------- how it ends


@pytest.mark.parametrize("n_given", [0, 1, 2, 3])
def test_an_error_of_the_source_comes_after_the_features_before_it(n_given, X, fitted):
    def batches():
        yield from [X[:2]] * n_given
        raise OSError("disk on fire")

    stream = fitted.transform_batches(batches())
    for _ in range(n_given):
        assert len(next(stream)) == 2
    with pytest.raises(OSError, match="disk on fire") as info:
        next(stream)
    assert traceback.extract_tb(info.value.__traceback__)[-1].name == "batches"
    assert list(stream) == []


def test_an_error_in_a_batch_comes_after_the_features_before_it_and_says_which(X, fitted):
    closed = []

    def batches():
        try:
            yield from (X[:2], X[:3], np.full((2, N_TIMES), np.nan), X[:4], X[:5])
        finally:
            closed.append(True)

    stream = fitted.transform_batches(batches())
    assert [len(next(stream)) for _ in range(2)] == [2, 3]
    with pytest.raises(ValueError, match="contains NaN") as info:
        next(stream)
    assert info.value.__notes__ == ["This was batch 2 of the stream, counted from 0."]
    assert closed
    assert list(stream) == []


def test_each_batch_is_checked_as_in_transform(X, fitted):
    with pytest.raises(ValueError, match=r"has 63 features, but .* is expecting 64"):
        list(fitted.transform_batches([X, X[:, 1:]]))
    with pytest.raises(ValueError, match=r"has 63 features, but .* is expecting 64"):
        list(fitted.transform_batches([X[:0, 1:]]))
    with pytest.raises(ValueError, match="Expected 2D array, got 1D"):
        list(fitted.transform_batches(list(X)))


def close(stream):
    stream.close()


def throw(stream):
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt)


def forget(stream):
    pass


@pytest.mark.parametrize("end", [close, throw, forget])
def test_an_early_end_stops_the_work_and_closes_the_source(end, X):
    closed = []
    transformer = LogScattering1D(Q=1, batch_size=1, n_jobs=2).fit(X)

    def batches():
        try:
            while True:
                yield X
        finally:
            closed.append(threading.get_ident())

    source = batches()  # the generator is not the only reference to it
    stream = transformer.transform_batches(source)
    next(stream)
    end(stream)
    del stream
    gc.collect()
    assert closed == [threading.get_ident()]


def test_leaving_a_loop_closes_the_source(X, fitted):
    closed = []

    def batches():
        try:
            while True:
                yield X[:2]
        finally:
            closed.append(True)

    for _ in fitted.transform_batches(batches()):
        break
    assert closed


def test_an_interruption_while_reading_ends_it_at_once(X, fitted):
    def batches():
        yield X[:2]
        raise KeyboardInterrupt

    stream = fitted.transform_batches(batches())
    with pytest.raises(KeyboardInterrupt):
        next(stream)


def test_a_thread_that_cannot_be_started_is_an_error(X, fitted, monkeypatch):
    def fail(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        list(fitted.transform_batches([X[:1]]))


def test_work_under_way_stops_at_its_next_block(X, monkeypatch):
    blocks, begun, closing = [], threading.Event(), threading.Event()
    original = run.to_unit_magnitude

    def wait_in_the_third_block(*arguments):
        blocks.append(1)
        if len(blocks) == 3:
            begun.set()
            assert closing.wait(20)
        return original(*arguments)

    monkeypatch.setattr(run, "to_unit_magnitude", wait_in_the_third_block)

    def batches():
        yield X[:1]
        yield X
        assert begun.wait(20)  # the second of 40 blocks
        raise KeyboardInterrupt

    stream = Scattering1D(Q=1, batch_size=1).fit(X).transform_batches(batches())
    stop = stop_of(stream)
    next(stream)
    threading.Thread(target=lambda: (stop.wait(20), closing.set()), daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    assert len(blocks) == 3


def stop_of(stream):
    """Event that ends the work of a stream."""
    return stream.gi_frame.f_locals["stop"]


# ---------------------------------------------------------------- bad arguments


@pytest.mark.reliability("Bad input")
def test_an_unfitted_transformer_says_so_immediately(X):
    with pytest.raises(NotFittedError):
        LogScattering1D().transform_batches([X])


@pytest.mark.parametrize("batches", [np.ones((2, N_TIMES)), pd.DataFrame(np.ones((2, N_TIMES)))])
@pytest.mark.reliability("Bad input")
def test_one_array_is_refused_immediately(batches, fitted):
    with pytest.raises(
        TypeError, match=r"batches of shape \(2, 64\) .* iterable of arrays .* not one array\. Cut"
    ):
        fitted.transform_batches(batches)


@pytest.mark.parametrize("batches", [None, 3, "signals.npy"])
@pytest.mark.reliability("Bad input")
def test_anything_but_an_iterable_of_arrays_is_refused_immediately(batches, fitted):
    with pytest.raises(TypeError, match=re.escape(f"batches={batches!r} must be")):
        fitted.transform_batches(batches)
