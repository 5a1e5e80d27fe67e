"""The logarithm that is relative to the level of a signal."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D, Scattering1D
from skscatter._scattering.logarithm import LEAST, RELATIVE_EPS, SILENCE

STAGES = pytest.mark.parametrize("log_stage", ["frames", "pooled"])
BACKENDS = pytest.mark.parametrize("backend", ["numpy", "numba", "torch"])


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).standard_normal((6, 500))


@STAGES
@pytest.mark.parametrize("factor", [1e-9, 1e-150, 1e30])
@pytest.mark.parametrize("pooling", ["mean", ("max", "median"), None])
def test_a_unit_adds_a_constant_to_all_features(factor, pooling, log_stage, X):
    model = LogScattering1D(pooling=pooling, log_stage=log_stage).fit(X)
    features = model.transform(X)
    scaled = LogScattering1D(pooling=pooling, log_stage=log_stage).fit_transform(factor * X)
    np.testing.assert_allclose(scaled - features, np.log(factor), atol=1e-11)


@BACKENDS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_unit_adds_a_constant_with_every_backend(backend, dtype, X):
    pytest.importorskip(backend, reason=f"needs {backend}")
    X = X.astype(dtype)
    model = LogScattering1D(backend=backend).fit(X)
    difference = model.transform(X * X.dtype.type(1e-9)) - model.transform(X)
    np.testing.assert_allclose(difference, np.log(1e-9), atol=1e-5 if dtype == "float32" else 1e-11)


def test_a_model_fitted_in_one_unit_takes_another(X):
    model = LogScattering1D().fit(X)
    np.testing.assert_allclose(model.transform(1e-9 * X), model.transform(X) + np.log(1e-9))


def test_scores_do_not_depend_on_the_unit(X):
    rng = np.random.default_rng(1)
    X = np.concatenate([X, 0.3 * rng.standard_normal((6, 500)).cumsum(axis=1)])
    X += rng.standard_normal(X.shape)
    y = np.repeat([0, 1], 6)
    model = make_pipeline(LogScattering1D(J=3), StandardScaler(), LogisticRegression())
    scores = cross_val_score(model, X, y, cv=3)
    np.testing.assert_array_equal(cross_val_score(model, 1e-9 * X, y, cv=3), scores)


def test_it_adds_a_tenth_of_the_mean_coefficient_of_each_order(X):
    parameters = {"J": 4, "Q": (4, 1)}
    S = np.abs(Scattering1D(**parameters).fit(X).scatter(X)[:, 0])
    order = Scattering1D(**parameters).fit(X).paths_["order"]
    of_order_1 = S[:, order == 1].mean(axis=(1, 2), keepdims=True)
    expected = np.empty_like(S)
    for k in range(3):
        level = S[:, order == k].mean(axis=(1, 2), keepdims=True) + LEAST * of_order_1
        expected[:, order == k] = np.log(S[:, order == k] + RELATIVE_EPS * level)
    features = LogScattering1D(**parameters, n_segments=1).fit_transform(X)
    np.testing.assert_allclose(features, expected.mean(axis=-1))


def test_channels_have_levels_of_their_own(X):
    both = np.stack([X, 1e-6 * X[::-1]], axis=1)
    features = LogScattering1D().fit_transform(both)
    alone = LogScattering1D().fit_transform(X)
    np.testing.assert_allclose(features, np.hstack([alone, alone[::-1] + np.log(1e-6)]))


def test_an_offset_changes_no_feature_but_those_of_order_0(X):
    model = LogScattering1D().fit(X)
    later = model.features_["order"] > 0
    np.testing.assert_allclose(
        model.transform(X + 1000.0)[:, later], model.transform(X)[:, later], atol=1e-9
    )


def test_rounding_in_order_2_of_a_steady_tone_is_not_a_feature():
    x = np.sin(2 * np.pi * np.arange(4096) / 16)[np.newaxis]
    model = LogScattering1D(J=5, padding="periodic")
    np.testing.assert_allclose(
        model.fit_transform(x.astype(np.float32)), model.fit_transform(x), atol=2e-3
    )


# ---------------------------------------------------------------- silence


@BACKENDS
@STAGES
@pytest.mark.parametrize("pooling", ["mean", "max", None])
def test_silence_has_one_finite_feature_below_those_of_all_others(backend, log_stage, pooling, X):
    pytest.importorskip(backend, reason=f"needs {backend}")
    quiet = np.vstack([X, np.zeros((1, 500)), np.full((1, 500), 1e-30)])
    model = LogScattering1D(pooling=pooling, log_stage=log_stage, backend=backend).fit(quiet)
    features = model.transform(quiet)
    assert np.isfinite(features).all()
    later = model.features_["order"] > 0
    assert np.ptp(features[6:, later]) < 1e-9
    assert features[6:, later].max() < features[:6].min() - 5


def test_silence_follows_the_unit_of_the_training_signals(X):
    silent = np.zeros((1, 500))
    features = LogScattering1D().fit(X).transform(silent)
    scaled = LogScattering1D().fit(1e-9 * X).transform(silent)
    np.testing.assert_allclose(scaled - features, np.log(1e-9))
    level = np.sort(X.std(axis=1))[3]
    np.testing.assert_allclose(features, np.log(RELATIVE_EPS * SILENCE * level))


def test_what_filters_leave_of_silence_is_silence(X):
    rounding = 1e-16 * X[:1]
    model = LogScattering1D().fit(X)
    np.testing.assert_allclose(model.transform(rounding), model.transform(0 * rounding), rtol=1e-9)


def test_silent_training_signals_do_not_decide_on_silence(X):
    with_silence = np.vstack([np.zeros((5, 500)), X])
    assert LogScattering1D().fit(with_silence)._spec == LogScattering1D().fit(X)._spec


def test_a_model_of_silence_alone_has_finite_features():
    X = np.zeros((3, 500))
    assert np.isfinite(LogScattering1D().fit(X).transform(X)).all()
    assert np.isfinite(LogScattering1D(input_scaling="max").fit(X).transform(X)).all()


def test_of_many_signals_a_thousand_are_measured(monkeypatch, X):
    monkeypatch.setattr("skscatter._execution.levels.MAX_MEASURED", 2)
    levels = np.sort([X[0].std(), X[3].std()])
    logarithm = LogScattering1D().fit(X).specification_.logarithm
    np.testing.assert_allclose(logarithm.silence, SILENCE * levels[1])


def test_it_is_saved(X):
    model = LogScattering1D().fit(X)
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.specification_ == model.specification_


def test_a_fixed_eps_far_above_the_signals_is_warned_of(X):
    with pytest.warns(UserWarning, match=r"log_eps=1 is more than a thousand times .*'relative'"):
        LogScattering1D(log_eps=1.0).fit(1e-4 * X)


@pytest.mark.parametrize("scale", [0, 1e-2])
def test_a_fixed_eps_that_leaves_features_is_not_warned_of(X, scale):
    LogScattering1D(log_eps=1.0).fit(scale * X)
    LogScattering1D(log_eps=1.0, input_scaling="max").fit(1e-4 * X)


@pytest.mark.reliability("Bad input")
def test_other_words_are_refused(X):
    with pytest.raises(ValueError, match=r"log_eps='auto' is not .*Accepted: 'relative'"):
        LogScattering1D(log_eps="auto").fit(X)
