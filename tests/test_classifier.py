"""The classifier of time series: its parts, their scaling, and scikit-learn's interface."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion
from sklearn.utils.estimator_checks import parametrize_with_checks

from skscatter import LogScattering1D, ScatteringClassifier, SelectPaths, WaveletPPV
from skscatter._estimators.classifier import learn_scaling


@parametrize_with_checks(
    [
        ScatteringClassifier(),
        ScatteringClassifier(classifier=LogisticRegression()),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def sawteeth():
    """Noisy sawteeth that rise or fall: their bands have the same energy."""
    rng = np.random.default_rng(0)
    y = np.repeat(["falling", "rising"], 16)
    X = np.where(y == "rising", 1, -1)[:, np.newaxis] * (np.arange(128) % 32 / 16 - 1)
    return X + 0.5 * rng.standard_normal(X.shape), y


def test_the_sign_of_time_is_seen_with_the_proportions_only(sawteeth):
    X, y = sawteeth
    train, test = (X[::2], y[::2]), (X[1::2], y[1::2])
    assert ScatteringClassifier().fit(*train).score(*test) == 1
    assert ScatteringClassifier(ppv_share=0).fit(*train).score(*test) < 0.8


def test_it_is_ridge_on_the_scaled_features_of_its_parts(sawteeth):
    X, y = sawteeth
    model = ScatteringClassifier(classifier=RidgeClassifier(alpha=0.5), ppv_share=0.25).fit(X, y)
    blocks = []
    for transformer, share, each in ((LogScattering1D(), 0.75, True), (WaveletPPV(), 0.25, False)):
        features = transformer.fit_transform(X)
        centred = features - features.mean(axis=0)
        if each:
            centred /= centred.std(axis=0)
        blocks.append(centred * np.sqrt(share / centred.var(axis=0).sum()))
    features = np.concatenate(blocks, axis=1)
    np.testing.assert_allclose(
        model.decision_function(X),
        RidgeClassifier(alpha=0.5).fit(features, y).decision_function(features),
    )


@pytest.mark.parametrize("each", [False, True])
def test_the_variances_of_a_block_sum_to_its_share(each):
    block = np.random.default_rng(0).standard_normal((20, 5)) * [1, 2, 3, 4, 5]
    mean, factor = learn_scaling(block, 0.3, each=each)
    assert ((block - mean) * factor).var(axis=0).sum() == pytest.approx(0.3)


def test_nearly_constant_features_are_not_enlarged():
    block = np.random.default_rng(0).standard_normal((20, 5)) * [1, 1, 1, 1, 1e-9]
    mean, factor = learn_scaling(block, 1, each=True)
    assert ((block - mean) * factor).std(axis=0)[-1] < 1e-5


def test_constant_blocks_are_zero():
    for each in (False, True):
        mean, factor = learn_scaling(np.ones((4, 2)), 1, each=each)
        np.testing.assert_array_equal((np.ones((4, 2)) - mean) * factor, 0)


def test_parts_without_a_share_are_not_computed(sawteeth):
    X, y = sawteeth
    without = ScatteringClassifier(ppv_share=0).fit(X, y)
    assert without.ppv_ is None
    assert isinstance(without.scattering_, LogScattering1D)
    without = ScatteringClassifier(ppv_share=1).fit(X, y)
    assert without.scattering_ is None
    assert isinstance(without.ppv_, WaveletPPV)


def test_every_part_can_be_replaced_and_searched(sawteeth):
    X, y = sawteeth
    model = ScatteringClassifier(
        SelectPaths(LogScattering1D(), order=1), WaveletPPV(n_phases=2), LogisticRegression()
    )
    search = GridSearchCV(model, {"ppv__n_phases": [1, 2], "classifier__C": [1, 100]}, cv=2)
    search.fit(X, y)
    assert search.best_estimator_.classifier_.C in (1, 100)
    assert model.ppv.n_phases == 2
    assert not hasattr(model.scattering, "transformer_")


def test_several_scales_are_a_union(sawteeth):
    X, y = sawteeth
    scales = FeatureUnion([(f"J{J}", LogScattering1D(J=J)) for J in (3, 5)])
    model = ScatteringClassifier(scales, ppv_share=0.5).fit(X, y)
    names = model.scattering_.get_feature_names_out()
    assert {name.split("__")[0] for name in names} == {"J3", "J5"}
    assert model.score(X, y) == 1


def test_lists_and_channels(sawteeth):
    X, y = sawteeth
    channels = np.stack([X, -X], axis=1)
    assert ScatteringClassifier().fit(channels, y).score(channels, y) == 1
    signals = [x[:, : 100 + i] for i, x in enumerate(channels[:28])] + list(channels[28:])
    assert ScatteringClassifier().fit(signals, y).score(signals, y) == 1


def test_methods_are_those_of_the_classifier(sawteeth):
    X, y = sawteeth
    ridge = ScatteringClassifier().fit(X, y)
    assert not hasattr(ridge, "predict_proba")
    assert ridge.decision_function(X).shape == (len(X),)
    logistic = ScatteringClassifier(classifier=LogisticRegression()).fit(X, y)
    np.testing.assert_allclose(logistic.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_array_equal(logistic.classes_, ["falling", "rising"])
    dummy = ScatteringClassifier(classifier=DummyClassifier()).fit(X, y)
    assert not hasattr(dummy, "decision_function")


def test_columns_have_their_names(sawteeth):
    X, y = sawteeth
    frame = pd.DataFrame(X).add_prefix("t")
    model = ScatteringClassifier(LogScattering1D().set_output(transform="pandas")).fit(frame, y)
    assert model.feature_names_in_[0] == "t0"
    assert model.n_features_in_ == X.shape[1]
    np.testing.assert_array_equal(model.predict(frame), ScatteringClassifier().fit(X, y).predict(X))
    assert not hasattr(model.fit(list(X), y), "n_features_in_")


def test_models_are_saved_and_cloned(sawteeth):
    X, y = sawteeth
    model = ScatteringClassifier(ppv_share=0.5).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))
    assert clone(model).ppv_share == 0.5
    with pytest.raises(NotFittedError):
        clone(model).predict(X)
    with pytest.raises(NotFittedError):
        _ = clone(model).classes_


def test_errors_name_what_is_wrong(sawteeth):
    X, y = sawteeth
    with pytest.raises(ValueError, match="requires y to be passed"):
        ScatteringClassifier().fit(X, None)
    with pytest.raises(TypeError, match=r"ppv=<class.*WaveletPPV\(\)"):
        ScatteringClassifier(ppv=WaveletPPV).fit(X, y)
    with pytest.raises(TypeError, match=r"scattering=7.*LogScattering1D\(\)"):
        ScatteringClassifier(7).fit(X, y)
    with pytest.raises(TypeError, match="classifier=<class"):
        ScatteringClassifier(classifier=LogisticRegression).fit(X, y)
    with pytest.raises(ValueError, match="inconsistent"):
        ScatteringClassifier().fit(X, y[:-1])
