"""In the pipelines of aeon and sktime, with data that they ship."""

import doctest
import importlib

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV, RidgeCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D, Scattering1D, ScatteringClassifier, SelectPaths


def classifier():
    return make_pipeline(StandardScaler(), RidgeClassifierCV())


def parts(load):
    return load(split="train"), load(split="test")


# ---------------------------------------------------------------- aeon


@pytest.fixture(scope="module")
def aeon():
    return pytest.importorskip("aeon", reason="needs aeon")


@pytest.fixture(scope="module")
def motions(aeon):
    """Series of six channels and one length."""
    from aeon.datasets import load_basic_motions

    return parts(load_basic_motions)


@pytest.fixture(scope="module")
def vowels(aeon):
    """Series of twelve channels, each of its own length."""
    from aeon.datasets import load_japanese_vowels

    return parts(load_japanese_vowels)


def test_data_of_aeon_in_pipelines_of_scikit_learn(motions, vowels):
    from aeon.transformations.collection import Normalizer

    train, test = motions
    pipe = make_pipeline(Normalizer(), LogScattering1D(J=4), classifier())
    assert pipe.fit(*train).score(*test) > 0.95
    train, test = vowels
    assert isinstance(train[0], list)
    pipe = make_pipeline(LogScattering1D(J=2, Q=1), classifier())
    assert cross_val_score(pipe, *train, cv=3).min() > 0.6  # of nine speakers


def test_pipelines_of_aeon_take_channels_and_lengths(motions, vowels):
    from aeon.classification.compose import ClassifierPipeline
    from aeon.transformations.collection import Normalizer

    from skscatter.aeon import ScatteringTransformer

    for (train, test), J, Q in ((motions, 4, 8), (vowels, 2, 1)):
        transformer = LogScattering1D(J=J, Q=Q)
        series = ClassifierPipeline(
            [Normalizer(), ScatteringTransformer(transformer), StandardScaler()],
            RidgeClassifierCV(),
        )
        same = make_pipeline(Normalizer(), transformer, classifier()).fit(*train)
        np.testing.assert_array_equal(series.fit(*train).predict(test[0]), same.predict(test[0]))


def test_one_channel_needs_no_adapter_in_aeon(aeon):
    from aeon.classification.compose import ClassifierPipeline
    from aeon.datasets import load_gunpoint

    train, test = parts(load_gunpoint)
    steps = [LogScattering1D(J=5, n_segments=4), StandardScaler()]
    model = ClassifierPipeline(steps, RidgeClassifierCV()).fit(*train)
    assert model.score(*test) > 0.85


def test_searches_regression_and_ensembles_of_aeon(motions):
    from aeon.classification.compose import ClassifierEnsemble, ClassifierPipeline
    from aeon.regression.compose import RegressorPipeline

    from skscatter.aeon import ScatteringTransformer

    (X, y), (X_test, y_test) = motions

    def pipeline(J):
        return ClassifierPipeline(
            [("scattering", ScatteringTransformer(LogScattering1D(J=J)))],
            make_pipeline(StandardScaler(), LogisticRegression()),
        )

    search = GridSearchCV(pipeline(4), {"scattering__transformer__J": [3, 4]}, cv=2).fit(X, y)
    assert search.score(X_test, y_test) > 0.9
    ensemble = ClassifierEnsemble([("fine", pipeline(3)), ("coarse", pipeline(4))]).fit(X, y)
    assert ensemble.score(X_test, y_test) > 0.9
    strength = X.std(axis=(1, 2))
    regressor = RegressorPipeline(ScatteringTransformer(LogScattering1D(J=4)), RidgeCV())
    predicted = regressor.fit(X, strength).predict(X_test)
    assert np.corrcoef(predicted, X_test.std(axis=(1, 2)))[0, 1] > 0.9


@pytest.mark.parametrize("name", ["ScatteringTransformer", "ScatteringClassifier"])
def test_aeon_checks(aeon, name):
    from aeon.testing.estimator_checking import check_estimator

    import skscatter.aeon

    outcomes = check_estimator(getattr(skscatter.aeon, name))
    assert set(outcomes.values()) == {"PASSED"}


def test_the_classifier_takes_data_of_aeon_and_its_interface(motions, vowels):
    import skscatter.aeon

    for (train, test), least in ((motions, 0.95), (vowels, 0.9)):
        model = ScatteringClassifier().fit(*train)
        assert model.score(*test) > least
        wrapped = skscatter.aeon.ScatteringClassifier().fit(*train)
        np.testing.assert_array_equal(wrapped.predict(test[0]), model.predict(test[0]))


def test_probabilities_of_the_classifier_in_aeon(motions):
    import skscatter.aeon

    (X, y), (X_test, _) = motions
    ours = ScatteringClassifier(classifier=LogisticRegression())
    wrapped = skscatter.aeon.ScatteringClassifier(ours).fit(X, y)
    np.testing.assert_array_equal(
        wrapped.predict_proba(X_test), ours.fit(X, y).predict_proba(X_test)
    )


def test_a_model_in_an_aeon_pipeline_is_saved(motions, tmp_path):
    from aeon.classification.compose import ClassifierPipeline

    from skscatter.aeon import ScatteringTransformer

    train, test = motions
    selection = SelectPaths(LogScattering1D(J=4), order=1)
    model = ClassifierPipeline(ScatteringTransformer(selection), classifier()).fit(*train)
    joblib.dump(model, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict(test[0]), model.predict(test[0]))


# ---------------------------------------------------------------- sktime


@pytest.fixture(scope="module")
def sktime():
    return pytest.importorskip("sktime", reason="needs sktime")


def test_data_of_sktime_in_pipelines_of_scikit_learn(sktime):
    from sktime.datasets import load_basic_motions

    train, test = parts(lambda split: load_basic_motions(split=split, return_type="numpy3D"))
    pipe = make_pipeline(LogScattering1D(J=4), classifier())
    assert pipe.fit(*train).score(*test) > 0.95


@pytest.mark.parametrize(("name", "J", "Q"), [("basic_motions", 4, 8), ("japanese_vowels", 2, 1)])
def test_pipelines_of_sktime_take_channels_and_lengths(sktime, name, J, Q):
    from sktime import datasets
    from sktime.classification.compose import SklearnClassifierPipeline
    from sktime.datatypes import convert_to

    from skscatter.sktime import ScatteringTransformer

    train, test = parts(getattr(datasets, f"load_{name}"))
    transformer = LogScattering1D(J=J, Q=Q)
    scattering = ScatteringTransformer(transformer)
    model = SklearnClassifierPipeline(classifier(), [scattering]).fit(*train)
    signals, signals_test = (
        [series.to_numpy().T for series in convert_to(X, "df-list")] for X in (train[0], test[0])
    )
    same = make_pipeline(transformer, classifier()).fit(signals, train[1])
    np.testing.assert_array_equal(model.predict(test[0]), same.predict(signals_test))


def test_features_have_their_names_in_sktime(sktime):
    from sktime.datasets import load_unit_test

    from skscatter.sktime import ScatteringTransformer

    X, _ = load_unit_test(split="train")
    transformer = ScatteringTransformer(Scattering1D(J=3, Q=1, sampling_rate=100))
    features = transformer.fit_transform(X)
    assert list(features.columns) == list(transformer.transformer_.get_feature_names_out())
    assert features.shape[0] == len(X)


@pytest.mark.parametrize("unequal", [False, True])
def test_features_keep_the_index_of_their_instances_in_sktime(sktime, unequal):
    from sktime.transformations.compose import FeatureUnion
    from sktime.transformations.series.summarize import SummaryTransformer
    from sktime.utils._testing.panel import _make_panel

    from skscatter.sktime import ScatteringTransformer

    panel = _make_panel(n_instances=12, n_timepoints=40, return_mtype="pd-multiindex").loc[9:]
    if unequal:
        panel = panel.drop(index=[(10, 39), (10, 38)])
    features = ScatteringTransformer().fit_transform(panel)
    assert list(features.index) == [9, 10, 11]
    signals = [panel.loc[i].to_numpy().T for i in (9, 10, 11)]
    np.testing.assert_array_equal(features, LogScattering1D().fit_transform(signals))
    union = FeatureUnion(
        [("scattering", ScatteringTransformer()), ("summary", SummaryTransformer())]
    )
    joined = union.fit_transform(panel)
    assert list(joined.index) == [9, 10, 11]
    assert not joined.isna().any(axis=None)


def test_instances_may_have_names_in_any_order_in_sktime(sktime):
    from sktime.utils._testing.panel import _make_panel

    from skscatter.sktime import ScatteringTransformer

    panel = _make_panel(n_instances=3, n_timepoints=40, return_mtype="pd-multiindex")
    named = panel.rename(index={0: "b", 1: "c", 2: "a"}, level=0)
    features = ScatteringTransformer().fit_transform(named)
    expected = ScatteringTransformer().fit_transform(panel)
    for number, name in enumerate("bca"):
        np.testing.assert_array_equal(features.loc[name], expected.loc[number])


def test_sktime_checks(sktime):
    from sktime.utils.estimator_checks import check_estimator

    from skscatter.sktime import ScatteringTransformer

    outcomes = check_estimator(ScatteringTransformer, verbose=False)
    assert set(outcomes.values()) == {"PASSED"}


@pytest.mark.parametrize("package", ["aeon", "sktime"])
def test_adapters_default_to_the_logarithm(package, request):
    request.getfixturevalue(package)
    module = pytest.importorskip(f"skscatter.{package}")
    X = np.random.default_rng(0).standard_normal((4, 2, 64))
    features = module.ScatteringTransformer().fit_transform(X)
    np.testing.assert_allclose(features, LogScattering1D().fit_transform(list(X)))


@pytest.mark.parametrize("package", ["aeon", "sktime"])
def test_examples_in_docstrings(package, request):
    request.getfixturevalue(package)
    outcome = doctest.testmod(importlib.import_module(f"skscatter.{package}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
