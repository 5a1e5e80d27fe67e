"""Signals of different lengths and of several channels."""

import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from cases import one_bad, relative_error
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D, RowStore, Scattering1D, frame_signal
from skscatter._backends.engines import get_engine
from skscatter._scattering.pooling import segment_shares

BOTH = pytest.mark.parametrize("Transformer", [Scattering1D, LogScattering1D])
LENGTHS = [1000, 300, 5000, 777, 1000, 301, 64]


def noise(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@pytest.fixture
def ragged():
    return [noise(n, seed=n) for n in LENGTHS]


@pytest.fixture
def ragged_channels():
    return [noise(3, n, seed=i) for i, n in enumerate((200, 500, 400, 200))]


# ---------------------------------------------------------------- different lengths


@BOTH
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"padding": "zero", "input_scaling": "rms"},
        {
            "padding": "periodic",
            "input_scaling": "max",
            "n_segments": 3,
            "pooling": ("std", "median"),
        },
        {"T": 40, "stride": 4, "include_order0": True, "subsampling": "critical"},
        {"stride": 64, "filter_gain": "kymatio-0.3"},
    ],
)
def test_features_are_those_of_each_signal_alone(Transformer, parameters, ragged):
    transformer = Transformer(J=6, **parameters).fit(ragged)
    features = transformer.transform(ragged)
    for signal, row in zip(ragged, features, strict=True):
        alone = Transformer(J=6, **parameters).fit_transform(signal[np.newaxis])
        np.testing.assert_array_equal(row, alone[0])
        np.testing.assert_array_equal(row, transformer.transform([signal])[0])


@pytest.mark.parametrize("parameters", [{"backend": "kymatio"}, {"batch_size": 2}, {"n_jobs": 2}])
def test_how_features_are_computed_does_not_matter(parameters, ragged):
    expected = LogScattering1D(J=6, sampling_rate=1).fit_transform(ragged)
    features = LogScattering1D(J=6, **parameters).fit_transform(ragged)
    np.testing.assert_allclose(features, expected, rtol=1e-10)


@pytest.mark.parametrize("backend", ["torch", "kymatio-torch"])
def test_torch_gives_the_same_features(backend, ragged):
    pytest.importorskip("torch", reason="needs PyTorch")
    expected = LogScattering1D(J=6).fit_transform(ragged)
    features = LogScattering1D(J=6, backend=backend).fit_transform(ragged)
    np.testing.assert_allclose(features, expected, rtol=1e-10)


def test_the_order_of_signals_is_kept(ragged):
    transformer = LogScattering1D(J=6).fit(ragged)
    order = [3, 0, 6, 2, 1, 5, 4]
    np.testing.assert_array_equal(
        transformer.transform([ragged[i] for i in order]), transformer.transform(ragged)[order]
    )


def test_frames_are_those_of_each_signal_alone(ragged):
    transformer = Scattering1D(J=6).fit(ragged)
    for signal, S in zip(ragged, transformer.scatter(ragged), strict=True):
        np.testing.assert_array_equal(
            S, Scattering1D(J=6).fit(signal[None]).scatter(signal[None])[0]
        )
        assert S.shape[-1] == len(transformer.frame_times(len(signal)))


@pytest.mark.parametrize("n_segments", [1, 2, 5])
def test_segments_are_parts_of_each_signals_own_duration(n_segments, ragged):
    transformer = LogScattering1D(J=5, n_segments=n_segments, log_eps=1e-3).fit(ragged)
    features = transformer.transform(ragged).reshape(len(ragged), -1, n_segments)
    for row, S in zip(features, transformer.scatter(ragged), strict=True):
        n_frames = S.shape[-1]
        weights = segment_shares(n_frames, n_segments) / n_frames
        np.testing.assert_allclose(row, np.log(abs(S[0]) + 1e-3) @ weights.T, rtol=1e-12)


@pytest.mark.parametrize(
    "container",
    [
        tuple,
        pd.Series,
        lambda signals: [signal.tolist() for signal in signals],
        lambda signals: [signal[np.newaxis] for signal in signals],
        lambda signals: np.array([*signals, None], dtype=object)[:-1],
    ],
    ids=["tuple", "series", "lists", "one channel", "objects"],
)
def test_signals_may_be_in_any_container(container, ragged):
    expected = LogScattering1D(J=6).fit_transform(ragged)
    transformer = LogScattering1D(J=6).fit(container(ragged))
    np.testing.assert_array_equal(transformer.transform(container(ragged)), expected)
    assert (transformer.n_times_, transformer.n_channels_, transformer.n_frames_) == (None, 1, None)


@pytest.mark.parametrize(("dtype", "expected"), [("f4", "f4"), ("f8", "f8"), ("i2", "f8")])
def test_precision_is_that_of_the_signals(dtype, expected, ragged):
    signals = [(100 * signal).astype(dtype) for signal in ragged]
    features = Scattering1D(J=6).fit_transform(signals)
    assert features.dtype == expected
    exact = Scattering1D(J=6).fit_transform([signal.astype(float) for signal in signals])
    assert relative_error(features, exact) < 1e-6
    signals[0] = signals[0].astype(float)
    assert Scattering1D(J=6).fit_transform(signals).dtype == "f8"


def test_the_scale_comes_from_the_median_length():
    assert Scattering1D().fit([noise(n) for n in (3000, 8192, 9000)]).J_ == 11
    with pytest.warns(UserWarning, match=r"Too short .* X\[0\] \(7 samples\)"):
        assert Scattering1D().fit([noise(n) for n in (7, 8192, 9000)]).J_ == 11


def mostly_long(length, channels=()):
    """Return 20 signals of 1000 samples, one of which is cut."""
    signals = [noise(*channels, 1000, seed=i) for i in range(20)]
    signals[7] = signals[7][..., :length]
    return signals


@pytest.mark.parametrize("length", [1, 3, 40, 127])
@pytest.mark.parametrize("padding", ["reflect", "zero", "periodic"])
def test_one_short_signal_is_named_and_continued_and_changes_no_other(length, padding):
    X = mostly_long(length)
    transformer = LogScattering1D(padding=padding)
    message = rf"scale of 128 samples.*padding='{padding}': X\[7\] \({length} samples\)\. Set"
    with pytest.warns(UserWarning, match=message) as caught:
        transformer.fit(X)
    assert caught[0].filename == __file__
    assert transformer.J_ == 7
    with pytest.warns(UserWarning, match=message) as caught:
        features = transformer.transform(X)
    assert caught[0].filename == __file__  # not that of scikit-learn's wrapper
    mode = {"reflect": "reflect", "zero": "constant", "periodic": "wrap"}[padding]
    long_enough = [*X[:7], np.pad(X[7], (0, 128 - length), mode=mode), *X[8:]]
    np.testing.assert_array_equal(features, transformer.transform(long_enough))
    with pytest.warns(UserWarning, match=message):
        S = transformer.scatter(X)
    assert S[7].shape[-1] == len(transformer.frame_times(length)) == 2


def test_short_signals_of_channels_in_batches_and_in_the_store_are_continued(tmp_path):
    X = mostly_long(40, (2,))
    transformer = LogScattering1D(memory=tmp_path, n_segments=3)
    message = r"X\[7\] \(40 samples\)"
    with pytest.warns(UserWarning, match=message):
        features = transformer.fit_transform(X)
    with pytest.warns(UserWarning, match=message):
        cached = transformer.transform(X)
    np.testing.assert_array_equal(cached, features)
    with pytest.warns(UserWarning, match=r"X\[0\] \(40 samples\)"):
        batches = list(transformer.transform_batches([X[:7], X[7:8], X[8:]]))
    np.testing.assert_array_equal(np.concatenate(batches), features)


def test_five_of_many_short_signals_are_named():
    X = [noise(1000)] * 20 + [noise(30)] * 8
    with pytest.warns(UserWarning, match=r"X\[24\] \(30 samples\) and 3 others"):
        assert Scattering1D().fit(X).J_ == 7


@pytest.mark.reliability("Bad input")
def test_one_short_signal_is_refused_where_scales_are_given():
    X = mostly_long(40)
    for parameters, message in (
        ({"J": 7}, r"J=7 needs .* 2\*\*J = 128 samples, but X\[7\] has 40"),
        ({"T": 500}, r"T=500 needs .*, but X\[7\] has 40\. T must be between 1 and 128"),
        ({"stride": 512}, r"stride=512 .* 1 to 128"),
        ({"n_segments": 129}, r"n_segments=129 .* 1 to 128"),
        ({"pooling": None}, r"pooling=None .* 40 to 1000 samples"),
    ):
        with pytest.raises(ValueError, match=message):
            LogScattering1D(**parameters).fit(X)


@pytest.mark.reliability("Bad input")
def test_arrays_of_signals_that_are_all_too_short_are_refused():
    transformer = Scattering1D().fit([noise(64), noise(70)])
    for X in noise(3, 15), noise(3, 1, 15):
        for method in transformer.transform, transformer.scatter:
            with pytest.raises(ValueError, match=r"X\[0\] has 15 samples\. .* at least 16 samples"):
                method(X)


def test_signals_of_similar_length_share_an_engine():
    get_engine.cache_clear()
    Scattering1D(J=5).fit_transform([noise(n) for n in range(300, 500)])
    assert get_engine.cache_info().misses <= 8


def test_models_take_signals_of_any_length(ragged):
    y = np.arange(40) % 2
    t = np.arange(900)
    X = [
        np.sin(2 * np.pi * (0.1 + 0.1 * label) * t[: 300 + 15 * i]) + noise(300 + 15 * i, seed=i)
        for i, label in enumerate(y)
    ]
    model = make_pipeline(LogScattering1D(), StandardScaler(), LogisticRegression())
    assert cross_val_score(model, X, y, cv=4).min() == 1
    search = GridSearchCV(model, {"logscattering1d__J": [4, 5]}, cv=2).fit(X, y)
    assert search.score(X, y) == 1
    assert search.best_estimator_.predict([noise(5000)]).shape == (1,)


def test_data_frames_and_names_come_as_of_arrays(ragged):
    transformer = LogScattering1D(J=6, sampling_rate=100).set_output(transform="pandas")
    features = transformer.fit_transform(ragged)
    assert list(features.columns) == list(transformer.get_feature_names_out())
    assert not hasattr(transformer, "n_features_in_")


def test_a_fit_forgets_the_columns_of_the_one_before(ragged):
    transformer = LogScattering1D(J=6).fit(pd.DataFrame(noise(2, 100)).add_prefix("t"))
    transformer.fit(ragged).transform(ragged)
    assert not hasattr(transformer, "feature_names_in_")
    transformer.fit(noise(2, 100)).fit(noise(2, 3, 100))
    assert not hasattr(transformer, "n_features_in_")


def test_arrays_fit_where_signals_of_any_length_do(ragged):
    transformer = LogScattering1D(J=6).fit(ragged)
    np.testing.assert_array_equal(
        transformer.transform(ragged[0][np.newaxis])[0], transformer.transform(ragged)[0]
    )
    S = transformer.scatter(ragged[0][np.newaxis])
    np.testing.assert_array_equal(S[0], transformer.scatter(ragged)[0])


def test_lists_fit_where_arrays_do_if_the_length_is_the_same():
    X = noise(3, 200)
    transformer = LogScattering1D().fit(X)
    np.testing.assert_array_equal(transformer.transform(list(X)), transformer.transform(X))
    with pytest.raises(ValueError, match=r"X\[1\] has 199 samples. .* fitted on signals of 200"):
        transformer.transform([X[0], X[1, 1:]])


def test_all_frames_as_features_need_one_length(ragged):
    with pytest.raises(ValueError, match=r"pooling=None .* 64 to 5000 samples"):
        LogScattering1D(J=6, pooling=None).fit(ragged)
    same = list(noise(4, 300))
    transformer = LogScattering1D(pooling=None).fit(same)
    assert transformer.n_times_ == 300
    np.testing.assert_array_equal(
        transformer.transform(same), LogScattering1D(pooling=None).fit_transform(np.stack(same))
    )
    with pytest.raises(ValueError, match=r"X\[0\] has 301 samples"):
        transformer.transform([noise(301)])


def test_frame_times_need_a_length_if_signals_have_no_common_one(ragged):
    transformer = LogScattering1D(J=6).fit(ragged)
    with pytest.raises(ValueError, match=r"n_times=None.*length of a signal"):
        transformer.frame_times()
    with pytest.raises(ValueError, match=r"n_times=63 .* at least 64"):
        transformer.frame_times(63)


@BOTH
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            np.array([1, np.nan, np.inf]),
            r"X\[1\]\[1\] is nan\. Input X contains NaN\. Signals must hold finite",
        ),
        (
            np.array([[1, 2, 3], [4, 5, -np.inf]]),
            r"X\[1\]\[1, 2\] is -inf\. Input X contains infinity",
        ),
        (np.array([1j, 2]), r"X\[1\] is of dtype complex128"),
        (np.array(["a", "b"]), r"X\[1\] is of dtype <U1"),
        (np.array([None, 1.0]), r"X\[1\]\[0\] is None\. Input X contains missing values"),
        ([[1, 2], [1]], r"X\[1\] is not an array of numbers"),
        (np.empty(0), r"X\[1\] has shape \(0,\)"),
        (np.empty((0, 5)), r"X\[1\] has shape \(0, 5\)"),
        (np.ones((1, 1, 5)), r"X\[1\] has shape \(1, 1, 5\)"),
        (3.0, r"X\[1\] has shape \(\)"),
        (np.ones((2, 200)), r"X\[0\] has shape \(200,\) and X\[1\] has shape \(2, 200\)"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_a_bad_signal_is_named(Transformer, bad, message):
    good = noise(200)
    for call in Transformer().fit, Transformer().fit([good]).transform:
        with pytest.raises(ValueError, match=message):
            call([good, bad])


def test_a_signal_too_short_for_the_scale_is_named(ragged):
    with pytest.raises(ValueError, match=r"J=7 needs .* X\[6\] has 64"):
        LogScattering1D(J=7).fit(ragged)
    with pytest.raises(ValueError, match=r"T=65 needs .* X\[6\] has 64"):
        LogScattering1D(J=5, T=65).fit(ragged)
    transformer = LogScattering1D(J=6).fit(ragged)
    with pytest.raises(ValueError, match=r"X\[1\] has 63 samples. With J=6.* at least 64"):
        transformer.transform([noise(64), noise(63)])


# ---------------------------------------------------------------- channels


@BOTH
def test_features_of_channels_stand_side_by_side(Transformer):
    X = noise(5, 3, 200)
    features = Transformer().fit_transform(X)
    alone = [Transformer().fit_transform(X[:, i]) for i in range(3)]
    np.testing.assert_array_equal(features, np.hstack(alone))


def test_frames_of_channels_have_an_axis_of_their_own():
    X = noise(4, 2, 200)
    S = Scattering1D().fit(X).scatter(X)
    for i in range(2):
        np.testing.assert_array_equal(S[:, [i]], Scattering1D().fit(X[:, i]).scatter(X[:, i]))


def test_a_single_channel_needs_no_axis():
    X = noise(4, 200)
    transformer = LogScattering1D().fit(X[:, np.newaxis])
    np.testing.assert_array_equal(transformer.transform(X), LogScattering1D().fit_transform(X))
    names = transformer.get_feature_names_out()
    np.testing.assert_array_equal(names, LogScattering1D().fit(X).get_feature_names_out())


@pytest.mark.parametrize("statistic", ["mean", "max", "median", "std"])
def test_channels_can_be_pooled(statistic):
    X = noise(5, 3, 200)
    kept = LogScattering1D(pooling=("mean", "std")).fit_transform(X).reshape(5, 3, -1)
    transformer = LogScattering1D(pooling=("mean", "std"), channel_pooling=statistic).fit(X)
    expected = getattr(np, statistic)(kept, axis=1)
    np.testing.assert_allclose(transformer.transform(X), expected, rtol=1e-12, atol=1e-14)
    assert all(name.startswith(f"ch{statistic}_S") for name in transformer.features_["name"])


def test_statistics_over_channels_stand_side_by_side():
    X = noise(5, 3, 200)
    mean, spread = (
        LogScattering1D(channel_pooling=name).fit_transform(X) for name in ("mean", "std")
    )
    transformer = LogScattering1D(channel_pooling=("mean", "std")).fit(X)
    np.testing.assert_array_equal(transformer.transform(X), np.hstack([mean, spread]))
    assert len(transformer.get_feature_names_out()) == 2 * mean.shape[1]


@pytest.mark.parametrize("channel_pooling", [None, "max"])
def test_channels_of_different_lengths(channel_pooling, ragged_channels):
    transformer = LogScattering1D(J=5, channel_pooling=channel_pooling).fit(ragged_channels)
    features = transformer.transform(ragged_channels)
    for signal, row in zip(ragged_channels, features, strict=True):
        alone = LogScattering1D(J=5, channel_pooling=channel_pooling).fit_transform(signal[None])
        np.testing.assert_array_equal(row, alone[0])
    for signal, S in zip(ragged_channels, transformer.scatter(ragged_channels), strict=True):
        alone = LogScattering1D(J=5).fit(signal[None])
        np.testing.assert_array_equal(S, alone.scatter(signal[None])[0])


def test_views_need_not_be_contiguous():
    record = noise(2, 2000)
    frames, _ = frame_signal(record, 256, 64)
    transformer = LogScattering1D().fit(frames)
    np.testing.assert_array_equal(transformer.transform(frames), transformer.transform(+frames))
    np.testing.assert_array_equal(
        frames, sliding_window_view(record, 256, 1)[:, ::64].swapaxes(0, 1)
    )


def test_maps_of_files_with_channels(tmp_path):
    X = noise(6, 2, 256)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    expected = LogScattering1D().fit_transform(X)
    np.testing.assert_array_equal(LogScattering1D(batch_size=1).fit_transform(mapped), expected)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_tensors_with_channels_stay_tensors(backend):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    X = noise(5, 3, 200)
    for channel_pooling in None, "std":
        expected = LogScattering1D(channel_pooling=channel_pooling).fit_transform(X)
        transformer = LogScattering1D(channel_pooling=channel_pooling, backend=backend)
        with sklearn.config_context(array_api_dispatch=True):
            for tensor in torch.tensor(X), torch.tensor(X.swapaxes(1, 2).copy()).swapaxes(1, 2):
                features = transformer.fit_transform(tensor)
                assert isinstance(features, torch.Tensor)
                np.testing.assert_allclose(features, expected, rtol=1e-10)
                assert transformer.scatter(tensor).shape[:2] == (5, 3)


@pytest.mark.parametrize("channel_pooling", [None, ("mean", "max")])
def test_dask_arrays_with_channels(channel_pooling):
    da = pytest.importorskip("dask.array", reason="needs dask")
    X = noise(7, 3, 200)
    lazy = da.from_array(X, chunks=(2, 3, 200))
    transformer = LogScattering1D(channel_pooling=channel_pooling).fit(lazy)
    for method in transformer.transform, transformer.scatter:
        result, expected = method(lazy), method(X)
        assert result.shape == expected.shape
        np.testing.assert_array_equal(result.compute(scheduler="sync"), expected)


@BOTH
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            one_bad(np.zeros((2, 3, 50)), (1, 2, 7), np.nan),
            r"X\[1, 2, 7\] is nan\..* X contains NaN",
        ),
        (np.full((2, 3, 50), 1j), "Complex data not supported"),
        (np.ones((2, 0, 50)), "at least one channel"),
        (np.ones((2, 3, 0)), "at least one channel and one sample"),
        (np.ones((0, 3, 50)), "0 sample"),
        (np.ones((2, 4, 50)), "4 channels, but .* fitted on signals of 3"),
        (np.ones((2, 50)), "1 channels, but .* fitted on signals of 3"),
        (np.ones((2, 3, 49)), r"X\[0\] has 49 samples. .* fitted on signals of 50"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_signals_unlike_those_of_fit_are_refused(Transformer, X, message):
    fitted = Transformer().fit(np.ones((2, 3, 50)))
    for method in fitted.transform, fitted.scatter:
        with pytest.raises(ValueError, match=message):
            method(X)


@pytest.mark.reliability("Bad input")
def test_bad_channel_pooling_is_named():
    with pytest.raises(ValueError, match=r"channel_pooling='sum'.*'mean', 'max'"):
        LogScattering1D(channel_pooling="sum").fit(noise(2, 3, 50))


# ---------------------------------------------------------------- batches and the row store


def test_batches_may_be_lists(ragged):
    transformer = LogScattering1D(J=6).fit(ragged)
    batches = list(transformer.transform_batches([ragged[:3], ragged[3:], noise(2, 100)]))
    np.testing.assert_array_equal(np.vstack(batches[:2]), transformer.transform(ragged))
    assert batches[2].shape == (2, batches[0].shape[1])


def test_signals_are_found_in_the_store_whatever_container_they_came_in(tmp_path, ragged_channels):
    store = RowStore(tmp_path)
    expected = LogScattering1D(J=5).fit_transform(ragged_channels)
    transformer = LogScattering1D(J=5, memory=store).fit(ragged_channels)
    np.testing.assert_array_equal(transformer.transform(ragged_channels), expected)
    assert store.info().misses == 12
    np.testing.assert_array_equal(transformer.transform(ragged_channels[::-1]), expected[::-1])
    pooled = LogScattering1D(J=5, memory=store, channel_pooling="mean")
    pooled.fit_transform(ragged_channels)
    one_array = np.stack([ragged_channels[0], ragged_channels[3]])
    LogScattering1D(J=5, memory=store).fit_transform(one_array)
    LogScattering1D(J=5, memory=store).fit_transform(one_array[:, 0])
    assert store.info().misses == 12


# ---------------------------------------------------------------- names of features


@pytest.mark.parametrize("channel_pooling", [None, ("mean", "max")])
@pytest.mark.parametrize("pooling", [("mean", "std"), None])
def test_the_table_of_features_says_what_names_say(channel_pooling, pooling):
    transformer = LogScattering1D(
        Q=4,
        include_order0=False,
        pooling=pooling,
        n_segments=2,
        channel_pooling=channel_pooling,
        sampling_rate=1000,
    ).fit(noise(2, 3, 200))
    features, paths = transformer.features_, transformer.paths_
    assert list(features["name"]) == list(transformer.get_feature_names_out())
    assert len(set(features["name"])) == len(features)
    assert transformer.transform(noise(2, 3, 200)).shape[1] == len(features)
    path = paths[features["path"]]
    np.testing.assert_array_equal(features["order"], path["order"])
    np.testing.assert_array_equal(features["carrier"], 1000 * path["xi1"])
    np.testing.assert_array_equal(features["modulation"], 1000 * path["xi2"])
    for row in features:
        name = row["name"]
        if channel_pooling is None:
            assert name.startswith(f"ch{row['channel']}_S{row['order']}_")
        else:
            assert row["channel"] == -1
        if pooling is None:
            assert name.endswith(f"Hz_frame{row['frame']}")
            assert (row["segment"], row["statistic"]) == (-1, "")
        else:
            assert name.endswith(f"Hz_seg{row['segment']}_{row['statistic']}")
            assert row["frame"] == -1


@pytest.mark.parametrize(("sampling_rate", "unit"), [(None, 1), (8000, 8000)])
def test_paths_become_a_data_frame_in_hertz(sampling_rate, unit):
    transformer = LogScattering1D(n_segments=1, sampling_rate=sampling_rate).fit(noise(2, 500))
    frame, paths = transformer.paths_frame(), transformer.paths_
    np.testing.assert_array_equal(frame["carrier"], unit * paths["xi1"])
    np.testing.assert_array_equal(frame["modulation_bandwidth"], unit * paths["sigma2"])
    assert list(frame.index + "_seg0_mean") == list(transformer.get_feature_names_out())
    pd.testing.assert_frame_equal(
        pd.DataFrame(paths)[["order", "n1"]],
        frame[["order", "n1"]].reset_index(drop=True),
        check_names=False,
    )


def test_missing_pandas_is_asked_for(monkeypatch):
    transformer = LogScattering1D().fit(noise(2, 500))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"paths_frame\(\) needs pandas.* pip install pandas"):
        transformer.paths_frame()


# ---------------------------------------------------------------- frequencies and times


@pytest.mark.parametrize("tone", [350, 1000, 2750])
def test_a_tone_lights_up_the_path_that_its_frequency_names(tone):
    t = np.arange(8000) / 8000
    transformer = LogScattering1D(sampling_rate=8000, J=9)
    features = transformer.fit_transform([np.sin(2 * np.pi * tone * t)])[0]
    first = transformer.features_["order"] == 1
    brightest = transformer.features_[first][features[first].argmax()]
    assert abs(np.log2(brightest["carrier"] / tone)) < 1 / 8  # within one filter of eight an octave
    assert brightest["name"].startswith(f"S1_{brightest['carrier']:.4g}")


@pytest.mark.parametrize(("tone", "rate"), [(1500, 60), (2750, 120), (1000, 30)])
def test_a_modulated_tone_lights_up_the_path_of_carrier_and_rate(tone, rate):
    t = np.arange(16000) / 8000
    signal = (1 + np.sin(2 * np.pi * rate * t)) * np.sin(2 * np.pi * tone * t)
    transformer = Scattering1D(sampling_rate=8000, J=10)
    features = transformer.fit_transform([signal])[0]
    second = transformer.features_["order"] == 2
    brightest = transformer.features_[second][features[second].argmax()]
    assert abs(np.log2(brightest["carrier"] / tone)) < 1 / 8
    assert abs(np.log2(brightest["modulation"] / rate)) < 1  # one filter an octave


@pytest.mark.parametrize("sampling_rate", [None, 500])
@pytest.mark.parametrize("n_times", [900, 1024, 3001])
def test_frames_are_at_their_times(sampling_rate, n_times):
    transformer = Scattering1D(J=5, stride=8, max_order=1, sampling_rate=sampling_rate)
    click = np.zeros(n_times)
    click[600] = 1
    S = transformer.fit([click]).scatter([click])[0]
    times = transformer.frame_times(n_times) * (sampling_rate or 1)
    nearest = np.abs(times - 600).argmin()
    assert S[0, 0].argmax() == nearest
    assert 0 <= times[0] < 8
    assert n_times - 8 <= times[-1] < n_times
