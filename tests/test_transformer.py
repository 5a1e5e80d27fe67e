import copy
import inspect
import pickle
import re
import subprocess
import sys
import tracemalloc
import warnings
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import tqdm.auto
from cases import one_bad
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skscatter import LogScattering1D, LogTimeFrequencyScattering, Scattering1D, SelectPaths
from skscatter._backends.engines import get_engine
from skscatter._estimators import documentation
from skscatter._estimators.scattering import warn_once

BOTH = pytest.mark.parametrize("Transformer", [Scattering1D, LogScattering1D])

NON_DEFAULT = {
    "J": 0,
    "Q": (3, 2),
    "T": 1,
    "max_order": 1,
    "stride": 1,
    "include_order0": False,
    "filter_gain": "kymatio-0.3",
    "pooling": ("mean", "std", "max", "median"),
    "n_segments": 2,
    "trim": 20.0,
    "channel_pooling": ("mean", "max"),
    "input_scaling": "rms",
    "padding": "zero",
    "subsampling": "critical",
    "backend": "numpy",
    "device": "cpu",
    "sampling_rate": 8000.0,
    "batch_size": 3,
    "n_jobs": 2,
    "memory": "features",
}


@parametrize_with_checks(
    [
        Scattering1D(),
        LogScattering1D(),
        Scattering1D(Q=2, pooling=None, padding="periodic", input_scaling="max"),
        LogScattering1D(Q=1, log_eps=1.0, log_stage="pooled", pooling="median"),
        Scattering1D(Q=1, backend="kymatio"),
        LogScattering1D(Q=1, backend="kymatio", include_order0=True),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def tones():
    """Noisy tones of three similar frequencies: signals and classes."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 10)
    t = np.arange(600)
    X = np.sin(2 * np.pi * (0.05 * 1.06**y)[:, np.newaxis] * t + rng.uniform(0, 6, (30, 1)))
    return X + 2 * rng.standard_normal(X.shape), y


def classifier(**parameters):
    return make_pipeline(
        LogScattering1D(**parameters), StandardScaler(), LogisticRegression(max_iter=1000)
    )


# ---------------------------------------------------------------- what it computes


@BOTH
def test_one_feature_for_each_path_segment_and_statistic(Transformer):
    X = np.random.default_rng(0).standard_normal((4, 700))
    transformer = Transformer(J=5, Q=4, pooling=("mean", "max"), n_segments=3).fit(X)
    features = transformer.transform(X)
    assert features.shape == (4, len(transformer.paths_) * 3 * 2)
    names = transformer.get_feature_names_out()
    assert len(set(names)) == len(names) == features.shape[1]
    assert list(names[:3]) == ["S0_seg0_mean", "S0_seg0_max", "S0_seg1_mean"]
    assert names[6] == "S1_n0_seg0_mean"


def test_features_are_statistics_of_the_coefficients():
    X = np.random.default_rng(0).standard_normal((4, 512))
    transformer = Scattering1D(J=5, Q=4, pooling=("mean", "max"), n_segments=2).fit(X)
    S = transformer.scatter(X)
    assert S.shape == (4, 1, len(transformer.paths_), transformer.n_frames_)
    halves = S[:, 0].reshape(4, -1, 2, transformer.n_frames_ // 2)
    expected = np.stack([halves.mean(axis=-1), halves.max(axis=-1)], axis=-1)
    np.testing.assert_allclose(transformer.transform(X), expected.reshape(4, -1))


def test_without_pooling_every_frame_is_a_feature():
    X = np.random.default_rng(0).standard_normal((4, 700))
    transformer = Scattering1D(J=5, Q=4, pooling=None).fit(X)
    np.testing.assert_array_equal(transformer.transform(X), transformer.scatter(X).reshape(4, -1))
    assert transformer.get_feature_names_out()[1] == "S0_frame1"


@pytest.mark.parametrize("pooling", ["mean", None])
def test_logarithm_comes_before_or_after_pooling(pooling):
    X = np.random.default_rng(0).standard_normal((4, 700))
    S = Scattering1D(J=5, Q=4).fit(X).scatter(X)[:, 0]
    log_of_frames = np.log(abs(S) + 0.01)
    log_of_pooled = np.log(abs(S.mean(axis=-1)) + 0.01)
    if pooling is None:
        log_of_frames = log_of_pooled = log_of_frames.reshape(4, -1)
    else:
        log_of_frames = log_of_frames.mean(axis=-1)
    parameters = {"J": 5, "Q": 4, "log_eps": 0.01, "pooling": pooling, "n_segments": 1}
    for log_stage, expected in ("frames", log_of_frames), ("pooled", log_of_pooled):
        transformer = LogScattering1D(log_stage=log_stage, **parameters)
        np.testing.assert_allclose(transformer.fit_transform(X), expected)


@BOTH
@pytest.mark.parametrize("max_order", [1, 2])
@pytest.mark.parametrize("filter_gain", ["unit", "kymatio-0.3"])
def test_features_are_those_of_kymatio(Transformer, max_order, filter_gain):
    X = np.random.default_rng(0).standard_normal((3, 1000))
    parameters = {
        "J": 6,
        "Q": (8, 2),
        "T": 100,
        "max_order": max_order,
        "filter_gain": filter_gain,
        "include_order0": True,
    }
    ours, kymatio = (
        Transformer(backend=backend, **parameters).fit_transform(X)
        for backend in ("numpy", "kymatio")
    )
    np.testing.assert_allclose(ours, kymatio, rtol=1e-10)


def test_normalized_features_do_not_depend_on_the_amplitude():
    X = np.random.default_rng(0).standard_normal((3, 500))
    for input_scaling in "max", "rms":
        transformer = LogScattering1D(input_scaling=input_scaling)
        np.testing.assert_allclose(
            transformer.fit_transform(X), transformer.fit_transform(-1e3 * X), rtol=1e-9
        )


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_coefficients_grow_with_the_amplitude(Transformer, dtype):
    X = np.random.default_rng(0).standard_normal((3, 500)).astype(dtype)
    transformer = Transformer().fit(X)
    np.testing.assert_array_equal(transformer.scatter(8 * X), 8 * transformer.scatter(X))


# Bit for bit, so that a stored row equals the one that would be computed now, and scores of a
# search do not depend on which rows a worker computed.
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n_times", [300, 4096])
@BOTH
def test_rows_do_not_depend_on_each_other(Transformer, n_times, dtype):
    X = np.random.default_rng(0).standard_normal((9, n_times)).astype(dtype)
    X[4] *= 1e12
    transformer = Transformer(batch_size=4).fit(X)
    one_by_one = np.concatenate([transformer.transform(row[np.newaxis]) for row in X])
    np.testing.assert_array_equal(transformer.transform(X), one_by_one)
    np.testing.assert_array_equal(transformer.transform(X[::-2]), one_by_one[::-2])


@pytest.mark.parametrize("parameters", [{"n_jobs": 2}, {"batch_size": 1}, {"batch_size": 5}])
def test_how_the_work_is_divided_does_not_change_the_features(parameters):
    X = np.random.default_rng(0).standard_normal((23, 300))
    expected = LogScattering1D().fit_transform(X)
    np.testing.assert_array_equal(LogScattering1D(**parameters).fit_transform(X), expected)
    with joblib.parallel_config(n_jobs=2):
        np.testing.assert_array_equal(LogScattering1D().fit_transform(X), expected)


# ---------------------------------------------------------------- what it is given


@BOTH
@pytest.mark.parametrize("size", [0.0, 1e-300, 1e-30, 1.0, 1e150, 1.7e308])
@pytest.mark.parametrize("n_times", [1, 2, 3, 100])
def test_every_finite_signal_has_finite_features(Transformer, size, n_times):
    constant = np.full(n_times, size)
    alternating = size * (-1.0) ** np.arange(n_times)
    impulse = np.where(np.arange(n_times) == n_times // 2, size, 0)
    X = np.stack([constant, alternating, impulse])
    assert np.isfinite(Transformer(include_order0=True).fit_transform(X)).all()


@pytest.mark.parametrize("log_stage", ["frames", "pooled"])
def test_the_average_of_the_signal_has_the_logarithm_of_its_magnitude(log_stage):
    X = np.random.default_rng(0).standard_normal((4, 300)) + np.c_[[-2.0, -0.1, 0.1, 2.0]]
    parameters = {"J": 5, "log_eps": 0.1, "log_stage": log_stage}
    features = LogScattering1D(**parameters).fit_transform(X)
    np.testing.assert_allclose(features, LogScattering1D(**parameters).fit_transform(-X))
    order0 = LogScattering1D(**parameters).fit(X).features_["order"] == 0
    without = LogScattering1D(**parameters, include_order0=False).fit_transform(X)
    np.testing.assert_array_equal(features[:, ~order0], without)


@pytest.mark.parametrize("size", [1e-40, 3e38])
def test_every_finite_float32_signal_has_finite_features(size):
    X = np.full((2, 50), size, np.float32)
    X[1, ::2] *= -1
    for Transformer in Scattering1D, LogScattering1D:
        features = Transformer().fit_transform(X)
        assert features.dtype == np.float32
        assert np.isfinite(features).all()


def test_extreme_signals_have_the_features_of_ordinary_ones_scaled():
    X = np.random.default_rng(0).standard_normal((2, 500))
    S = Scattering1D().fit_transform(X)
    for size in 2.0**-900, 2.0**500:
        np.testing.assert_allclose(Scattering1D().fit_transform(size * X), size * S, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8", "bool", "float16"])
def test_numbers_of_other_kinds_are_computed_in_float64(dtype):
    X = np.random.default_rng(0).integers(0, 2, (3, 200)).astype(dtype)
    features = LogScattering1D().fit_transform(X)
    assert features.dtype == np.float64
    np.testing.assert_array_equal(features, LogScattering1D().fit_transform(X.astype(float)))


@BOTH
def test_float32_stays_close_to_float64(Transformer):
    X = np.random.default_rng(0).standard_normal((3, 2000))
    single = Transformer().fit_transform(X.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, Transformer().fit_transform(X), rtol=2e-5)


def test_memory_layout_does_not_matter(tmp_path):
    X = np.random.default_rng(0).standard_normal((6, 400))
    expected = LogScattering1D().fit_transform(X)
    np.save(tmp_path / "signals.npy", X)
    mapped = np.load(tmp_path / "signals.npy", mmap_mode="r")
    wide = np.zeros((12, 800))
    wide[::2, ::2] = X
    for same in np.asfortranarray(X), wide[::2, ::2], X[::-1][::-1], mapped, X.tolist():
        np.testing.assert_array_equal(LogScattering1D().fit_transform(same), expected)


@BOTH
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (one_bad(np.zeros((2, 50)), (1, 7), np.nan), r"X\[1, 7\] is nan\. Input X contains NaN"),
        (one_bad(np.zeros((2, 50)), (0, 3), -np.inf), r"X\[0, 3\] is -inf\. .* infinity"),
        (np.full((2, 50), 1j), "Complex data not supported"),
        (np.full((2, 50), "a"), "X is of dtype <U1, but .* real numbers"),
        (np.array([["a"] * 50] * 2, dtype=object), "could not convert"),
        (np.empty((0, 50)), "0 sample"),
        (np.empty((2, 0)), "0 feature"),
        (np.ones(50), "Expected 2D array, got 1D"),
        (np.ones((2, 50, 1, 1)), "dim 4"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_input_that_does_not_hold_signals_is_refused(Transformer, X, message):
    with pytest.raises(ValueError, match=message):
        Transformer().fit(X)
    fitted = Transformer().fit(np.ones((2, 50)))
    with pytest.raises(ValueError, match=message):
        fitted.transform(X)


@BOTH
@pytest.mark.reliability("Bad input")
def test_signals_of_another_length_are_refused(Transformer):
    fitted = Transformer().fit(np.ones((2, 50)))
    for method in fitted.transform, fitted.scatter:
        with pytest.raises(ValueError, match=r"has 49 features, but .* is expecting 50"):
            method(np.ones((2, 49)))


@BOTH
@pytest.mark.reliability("Bad input")
def test_unfitted_transformers_say_so(Transformer):
    X = np.ones((2, 50))
    for call in (
        lambda: Transformer().transform(X),
        lambda: Transformer().scatter(X),
        lambda: Transformer().get_feature_names_out(),
        lambda: Transformer().paths_,
    ):
        with pytest.raises(NotFittedError):
            call()


@BOTH
@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"J": 6}, ValueError, "J=6 .* 0 to 5 fit"),
        ({"pooling": "sum"}, ValueError, "pooling='sum'.*'mean', 'max', 'median', 'std'"),
        ({"n_segments": 0}, ValueError, "n_segments=0"),
        ({"input_scaling": "l2"}, ValueError, "input_scaling='l2'.*None, 'max', 'rms'"),
        ({"sampling_rate": 0}, ValueError, "sampling_rate=0"),
        ({"sampling_rate": "8k"}, TypeError, "sampling_rate='8k'"),
        ({"batch_size": 0}, ValueError, "batch_size=0"),
        ({"n_jobs": 0}, ValueError, "n_jobs=0"),
        ({"verbose": -1}, ValueError, "verbose=-1"),
        ({"verbose": "loud"}, TypeError, "verbose='loud'"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_parameters_are_refused_in_fit(Transformer, parameters, error, message):
    transformer = Transformer(**parameters)
    with pytest.raises(error, match=message):
        transformer.fit(np.ones((2, 50)))


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"log_eps": 0}, ValueError, "log_eps=0"),
        ({"log_eps": None}, TypeError, "log_eps=None"),
        ({"log_stage": "after"}, ValueError, "log_stage='after'.*'frames', 'pooled'"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_parameters_of_the_logarithm_are_refused(parameters, error, message):
    with pytest.raises(error, match=message):
        LogScattering1D(**parameters).fit(np.ones((2, 50)))


def test_a_scale_without_room_for_the_wavelets_is_warned_of():
    with pytest.warns(UserWarning, match="J=2 leaves no room for Q=8 .* Use J=3"):
        Scattering1D(J=2, Q=8).fit(np.ones((2, 50)))
    with pytest.warns(UserWarning, match="J=4 leaves no room for Q=64"):
        Scattering1D(Q=64).fit(np.ones((2, 100)))
    Scattering1D(Q=64).fit(np.ones((2, 4)))  # no J would do better


@pytest.mark.parametrize("padding", ["reflect", "zero"])
def test_signals_too_short_for_a_chosen_average_are_warned_of_as_by_kymatio(padding):
    warn_once.cache_clear()
    with pytest.warns(UserWarning, match=r"support is too small to avoid border .*T=104.*the 470"):
        Scattering1D(J=7, T=104, padding=padding).fit(np.ones((2, 470)))
    warn_once.cache_clear()
    with pytest.warns(UserWarning, match=r"border effects: T=104 .* the 460 samples"):
        Scattering1D(J=6, T=104, padding=padding).fit([np.ones(8000), np.ones(460)])


def test_averages_by_default_or_without_borders_are_not_warned_of():
    warn_once.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n_times in (1, 3, 16, 100, 470, 8192):
            Scattering1D().fit(np.ones((2, n_times)))
        Scattering1D(J=7, T=104, padding="periodic").fit(np.ones((2, 470)))
        Scattering1D(J=7, T=104).fit(np.ones((2, 4700)))


def test_a_search_warns_of_each_scale_once_however_often_it_is_fitted(tones):
    warn_once.cache_clear()
    X, y = tones
    model = make_pipeline(LogScattering1D(Q=16), StandardScaler(), LogisticRegression())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        GridSearchCV(model, {"logscattering1d__J": [2, 3]}, cv=3).fit(X, y)
    assert [str(each.message)[:3] for each in caught] == ["J=2", "J=3"]
    assert {each.filename for each in caught} == {__file__}


def test_a_fit_that_fails_leaves_the_one_before_as_it_was():
    frame = pd.DataFrame(np.random.default_rng(0).standard_normal((3, 100))).add_prefix("t")
    transformer = LogScattering1D().fit(frame)
    before, state = transformer.transform(frame), vars(transformer).copy()
    for other in frame.iloc[:, :50], frame.to_numpy()[:, :50], list(frame.to_numpy()):
        with pytest.raises(ValueError, match="J=30"):
            transformer.set_params(J=30).fit(other)
        assert vars(transformer.set_params(J=None)) == state
        np.testing.assert_array_equal(transformer.transform(frame), before)


# ---------------------------------------------------------------- life in scikit-learn


@BOTH
def test_every_parameter_is_stored_as_given(Transformer):
    parameters = {**NON_DEFAULT, "verbose": 0}
    if Transformer is LogScattering1D:
        parameters |= {"log_eps": 0.5, "log_stage": "pooled"}
    assert Transformer(**parameters).get_params() == parameters
    assert clone(Transformer(**parameters)).get_params() == parameters


def test_both_transformers_share_parameters_and_what_is_said_of_them():
    # scikit-learn reads parameters off the signature, so each class spells all of them out.
    ours, theirs = (
        inspect.signature(Transformer).parameters for Transformer in (LogScattering1D, Scattering1D)
    )
    assert [name for name in ours if name not in ("log_eps", "log_stage")] == list(theirs)
    assert all(ours[name] == theirs[name] for name in theirs)

    def described(Transformer):
        text = inspect.getdoc(Transformer).replace("(see `Scattering1D`)", "(see Notes)")
        text = text.split("Parameters\n")[1].split("\nAttributes\n")[0]
        entries = re.split(r"\n(?=\w+ : )", text)
        return {entry.split(" : ")[0]: " ".join(entry.split()) for entry in entries}

    ours, theirs = described(LogScattering1D), described(Scattering1D)
    refers = {name for name, entry in ours.items() if "As in `Scattering1D`" in entry}
    for name in set(theirs) - refers - {"include_order0"}:  # which one takes no logarithm of
        assert ours[name] == theirs[name]


def test_grid_search_really_changes_the_scale_and_the_quality_factor(tones):
    X, y = tones
    search = GridSearchCV(
        classifier(),
        {"logscattering1d__J": [3, 5, 7], "logscattering1d__Q": [1, 8, 16]},
        cv=3,
    )
    with pytest.warns(UserWarning, match="J=3 leaves no room for Q=16"):
        search.fit(X, y)
    scores = search.cv_results_["mean_test_score"].reshape(3, 3)
    assert scores[2, 0] < scores[2, 1]  # one wavelet an octave cannot tell a semitone
    widths = [
        clone(search.best_estimator_[0]).set_params(J=J, Q=Q).fit_transform(X).shape[1]
        for J in (5, 7)
        for Q in (1, 8, 16)
    ]
    assert len(set(widths)) == len(widths)


def test_set_params_and_refitting_change_the_transform(tones):
    X, _ = tones
    transformer = LogScattering1D(J=4).fit(X)
    refitted = transformer.set_params(J=6, Q=4).fit(X)
    np.testing.assert_array_equal(refitted.transform(X), LogScattering1D(J=6, Q=4).fit_transform(X))
    assert (refitted.J_, refitted.Q_, refitted.T_, refitted.stride_) == (6, (4, 1), 64, 64)


def test_cross_validation_in_processes(tones):
    X, y = tones
    pipe = classifier(J=6)
    np.testing.assert_array_equal(
        cross_val_score(pipe, X, y, cv=3, n_jobs=2), cross_val_score(pipe, X, y, cv=3)
    )


@BOTH
@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda fitted: pickle.loads(pickle.dumps(fitted))],
    ids=["deepcopy", "pickle"],
)
@pytest.mark.reliability("Saved models")
def test_duplicates_transform_alike(Transformer, duplicate, tones):
    X, _ = tones
    fitted = Transformer(J=6).fit(X)
    np.testing.assert_array_equal(duplicate(fitted).transform(X), fitted.transform(X))


@pytest.mark.reliability("Saved models")
def test_saved_model_predicts_in_another_process(tones, tmp_path):
    X, y = tones
    pipe = classifier(J=6).fit(X, y)
    joblib.dump(pipe, tmp_path / "model.joblib")
    np.save(tmp_path / "signals.npy", X)
    code = (
        "import joblib, numpy as np\n"
        "pipe, X = joblib.load('model.joblib'), np.load('signals.npy')\n"
        "np.save('out.npy', pipe.predict_proba(X))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), pipe.predict_proba(X), rtol=1e-9)


@BOTH
def test_saved_transformer_is_small(Transformer, tmp_path):
    fitted = Transformer(J=12, Q=(16, 2)).fit(np.ones((1, 2**13)))
    fitted.transform(np.ones((1, 2**13)))
    joblib.dump(fitted, tmp_path / "transformer.joblib")
    assert (tmp_path / "transformer.joblib").stat().st_size < 100_000


def test_clones_share_their_filters():
    X = np.ones((1, 500))
    get_engine.cache_clear()
    fitted = LogScattering1D().fit(X)
    fitted.transform(X)
    clone(fitted).set_params(n_jobs=2, log_eps=1.0).fit(X).transform(X)
    assert get_engine.cache_info().misses == 1


def test_feature_union_and_column_transformer(tones):
    X, _ = tones
    union = FeatureUnion([("coarse", Scattering1D(J=7, Q=1)), ("fine", Scattering1D(J=5, Q=8))])
    features = union.fit_transform(X)
    names = union.get_feature_names_out()
    assert features.shape[1] == len(names)
    assert names[:2].tolist() == ["coarse__S0_seg0_mean", "coarse__S0_seg1_mean"]
    columns = ColumnTransformer(
        [("left", Scattering1D(J=5), slice(0, 300)), ("right", Scattering1D(J=5), slice(300, 600))]
    )
    np.testing.assert_array_equal(
        columns.fit_transform(X),
        np.hstack([Scattering1D(J=5).fit_transform(half) for half in (X[:, :300], X[:, 300:])]),
    )


@pytest.mark.parametrize(
    ("library", "DataFrame"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)]
)
def test_set_output_gives_named_columns(library, DataFrame, tones):
    X, _ = tones
    transformer = LogScattering1D(sampling_rate=1000).set_output(transform=library)
    frame = transformer.fit_transform(X)
    assert isinstance(frame, DataFrame)
    assert list(frame.columns) == list(transformer.get_feature_names_out())
    np.testing.assert_array_equal(frame.to_numpy(), LogScattering1D().fit_transform(X))


def test_data_frames_are_signals_by_row(tones):
    X, _ = tones
    frame = pd.DataFrame(X, columns=[f"t{i}" for i in range(X.shape[1])])
    transformer = LogScattering1D().fit(frame)
    np.testing.assert_array_equal(transformer.transform(frame), LogScattering1D().fit_transform(X))
    assert list(transformer.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        transformer.get_feature_names_out(frame.columns[::-1])
    with pytest.raises(ValueError, match="input_features should have length"):
        transformer.get_feature_names_out(frame.columns[:-1])
    nameless = LogScattering1D().fit(X)
    assert list(nameless.get_feature_names_out(frame.columns)) == list(
        nameless.get_feature_names_out()
    )


def test_table_of_paths_becomes_a_data_frame():
    fitted = Scattering1D(J=5).fit(np.ones((1, 100)))
    table = pd.DataFrame(fitted.paths_)
    assert list(table.columns[:3]) == ["order", "n1", "n2"]
    assert 4 * len(table) == fitted.transform(np.ones((1, 100))).shape[1]


@BOTH
def test_html_representation_renders(Transformer):
    html = Transformer(J=5)._repr_html_()
    title = f"{Transformer.__name__} (numpy)"
    assert title in html
    assert "<div" in html
    assert title in make_pipeline(Transformer(J=5).fit(np.ones((2, 40))))._repr_html_()


def test_diagrams_of_a_transformer_that_cannot_compute_here_show_its_class():
    html = Scattering1D(device="moon")._repr_html_()
    assert "Scattering1D" in html
    assert "Scattering1D (" not in html


@pytest.fixture
def addresses(monkeypatch):
    """Return a list of the package's addresses, as its metadata has them."""
    found = []
    metadata = SimpleNamespace(get_all=lambda name: found if name == "Project-URL" else None)
    monkeypatch.setattr(documentation, "metadata", lambda _: metadata)
    documentation.documentation_address.cache_clear()
    yield found
    documentation.documentation_address.cache_clear()


@pytest.mark.parametrize("Transformer", [Scattering1D, LogScattering1D, LogTimeFrequencyScattering])
def test_html_links_to_the_page_of_the_class(Transformer, addresses):
    addresses += ["Source, https://code.org/", "Documentation, https://docs.org/"]
    page = f"https://docs.org/api/skscatter.{Transformer.__name__}.html"
    assert page in Transformer()._repr_html_()
    assert page in make_pipeline(Transformer())._repr_html_()
    selection = SelectPaths(Transformer())._repr_html_()
    assert "https://docs.org/api/skscatter.SelectPaths.html" in selection


def test_html_of_classes_of_others_has_no_link_of_ours(addresses):
    addresses.append("Documentation, https://docs.org/")

    class Theirs(LogScattering1D):
        pass

    assert "https://docs.org/" not in Theirs()._repr_html_()


def test_html_has_no_link_where_the_documentation_has_no_address(addresses):
    addresses.append("Source, https://code.org/")
    assert LogScattering1D()._get_doc_link() == ""


def test_html_has_no_link_where_the_package_is_not_installed(addresses, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(documentation, "metadata", missing)
    assert LogScattering1D()._get_doc_link() == ""


@BOTH
def test_progress_is_shown_on_request(Transformer, capsys):
    X = np.ones((3, 50))
    Transformer(verbose=1).fit_transform(X)
    assert f"{Transformer.__name__} (numpy): 100%" in capsys.readouterr().err
    Transformer().fit_transform(X)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_lock_of_tqdm_that_an_interrupt_left_locked_holds_up_no_transform(verbose, monkeypatch):
    class Locked:
        def acquire(self, *_, **__):
            pytest.fail("would wait for ever")

        __enter__ = release = __exit__ = acquire

    monkeypatch.setattr(tqdm.auto.tqdm, "_lock", Locked(), raising=False)
    monkeypatch.setattr(tqdm.tqdm, "_lock", Locked(), raising=False)
    X = np.random.default_rng(0).standard_normal((5, 64))
    transformer = LogScattering1D(verbose=verbose, batch_size=1, n_jobs=2).fit(X)
    assert transformer.transform(X).shape[0] == len(transformer.scatter(X)) == 5


def test_transforming_leaves_signals_and_settings_alone():
    X = np.random.default_rng(0).standard_normal((3, 100))
    X.flags.writeable = False
    transformer = LogScattering1D(input_scaling="max").fit(X)
    before = copy.deepcopy(vars(transformer))
    transformer.transform(X)
    assert vars(transformer) == before


# ---------------------------------------------------------------- memory


def peak_beyond_output(transformer, X):
    """Largest memory taken while transforming, less the features, in bytes."""
    transformer.transform(X[:1])  # filters are built once and stay
    tracemalloc.start()
    features = transformer.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - features.nbytes


def test_memory_does_not_grow_with_the_number_of_signals():
    X = np.random.default_rng(0).integers(-1000, 1000, (4000, 256)).astype(np.int16)
    transformer = LogScattering1D(Q=1, max_order=1, batch_size=50).fit(X[:1])
    few, many = (peak_beyond_output(transformer, X[:n]) for n in (400, 4000))
    assert many < 1.1 * few + 100_000


def test_memory_is_bounded_by_the_batch_size_and_by_working_memory():
    X = np.random.default_rng(0).standard_normal((200, 2000))
    transformer = LogScattering1D().fit(X[:1])
    unbounded = peak_beyond_output(transformer, X)
    assert peak_beyond_output(transformer.set_params(batch_size=4), X) < unbounded / 2
    transformer.set_params(batch_size=None)
    with sklearn.config_context(working_memory=5):
        assert peak_beyond_output(transformer, X) < 6 * 2**20
