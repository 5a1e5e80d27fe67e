"""Features selected by order and by frequency."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skscatter import LogScattering1D, Scattering1D, SelectPaths

SAMPLING_RATE = 1000.0


@parametrize_with_checks(
    [
        SelectPaths(LogScattering1D()),
        SelectPaths(Scattering1D(Q=1, max_order=1), carrier=(0.1, None)),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((6, 600))


def scattering(**parameters):
    parameters = {"Q": 8, "include_order0": False, "n_segments": 1, **parameters}
    return LogScattering1D(J=6, sampling_rate=SAMPLING_RATE, **parameters)


def test_without_bounds_everything_is_kept(X):
    everything = SelectPaths(scattering(include_order0=True))
    np.testing.assert_array_equal(
        everything.fit_transform(X), scattering(include_order0=True).fit_transform(X)
    )
    assert everything.get_support().all()


@pytest.mark.parametrize(
    ("choice", "is_kept"),
    [
        ({"order": 1}, lambda f: f["order"] == 1),
        ({"order": (0, 2)}, lambda f: f["order"] != 1),
        ({"carrier": (50, 200)}, lambda f: (f["carrier"] >= 50) & (f["carrier"] <= 200)),
        ({"carrier": (None, 100.0)}, lambda f: f["carrier"] <= 100),
        ({"carrier": (100, None), "order": 1}, lambda f: (f["carrier"] >= 100) & (f["order"] == 1)),
        ({"modulation": (5, 30)}, lambda f: (f["modulation"] >= 5) & (f["modulation"] <= 30)),
        ({"modulation": (0, None)}, lambda f: f["order"] == 2),
        ({"carrier": (None, None)}, lambda f: f["order"] >= 0),
    ],
)
def test_features_are_those_of_the_band_and_the_order(choice, is_kept, X):
    transformer = scattering(include_order0=True, n_segments=2).fit(X)
    expected = is_kept(transformer.features_)
    selection = SelectPaths(transformer, **choice)
    np.testing.assert_array_equal(selection.fit_transform(X), transformer.transform(X)[:, expected])
    np.testing.assert_array_equal(selection.get_support(), expected)
    np.testing.assert_array_equal(selection.get_support(indices=True), np.flatnonzero(expected))
    np.testing.assert_array_equal(
        selection.features_["name"], transformer.features_["name"][expected]
    )
    np.testing.assert_array_equal(
        selection.get_feature_names_out(), transformer.get_feature_names_out()[expected]
    )


def test_bounds_are_included(X):
    transformer = scattering().fit(X)
    carrier = transformer.features_["carrier"][7]
    selection = SelectPaths(transformer, order=1, carrier=(carrier, carrier)).fit(X)
    np.testing.assert_array_equal(selection.features_["path"], [7])


def test_without_a_sampling_rate_bounds_are_in_cycles_per_sample(X):
    in_hertz = SelectPaths(scattering(), carrier=(50, 200)).fit_transform(X)
    without = scattering().set_params(sampling_rate=None)
    in_cycles = SelectPaths(without, carrier=(0.05, 0.2)).fit_transform(X)
    np.testing.assert_array_equal(in_hertz, in_cycles)


def test_values_of_numpy_select_the_same(X):
    expected = SelectPaths(scattering(), order=(1, 2), carrier=(50, 200)).fit(X)
    arrays = SelectPaths(scattering(), order=np.array([1, 2]), carrier=np.array([50, 200.0]))
    np.testing.assert_array_equal(arrays.fit(X).get_support(), expected.get_support())
    one = SelectPaths(scattering(), order=np.int64(1), modulation=(np.float32(0), None))
    with pytest.raises(ValueError, match="select no feature"):
        one.fit(X)
    numbers = arrays.get_support(indices=np.bool_(True))
    np.testing.assert_array_equal(numbers, np.flatnonzero(expected.get_support()))


def test_parameters_set_after_fit_change_no_selection(X):
    selection = SelectPaths(scattering(), order=1, carrier=(50, 200)).fit(X)
    features, names = selection.transform(X), selection.get_feature_names_out()
    selection.set_params(order=2, carrier=None, transformer__sampling_rate=None)
    selection.transformer_.set_params(sampling_rate=None, Q=1, pooling=None)
    np.testing.assert_array_equal(selection.transform(X), features)
    np.testing.assert_array_equal(selection.get_feature_names_out(), names)


def test_a_search_tunes_the_band_and_the_transform():
    t = np.arange(512) / SAMPLING_RATE
    y = np.arange(40) % 2
    X = np.random.default_rng(0).standard_normal((40, 512))
    X += np.where(y, np.sin(2 * np.pi * 300 * t)[:, np.newaxis], 0).T
    pipe = make_pipeline(SelectPaths(scattering()), StandardScaler(), LogisticRegression())
    grid = {
        "selectpaths__carrier": [(None, 100), (200, 400)],
        "selectpaths__transformer__Q": [4, 8],
    }
    search = GridSearchCV(pipe, grid, cv=2).fit(X, y)
    assert search.best_params_["selectpaths__carrier"] == (200, 400)
    assert search.best_score_ == 1.0
    worst = search.cv_results_["mean_test_score"].reshape(2, 2)[0]
    assert worst.max() < 0.8


def test_a_fitted_selector_says_which_features_it_kept(X):
    y = np.arange(6) % 2
    pipe = make_pipeline(scattering(), SelectKBest(k=5)).fit(X, y)
    table = pipe[0].features_
    chosen = np.isin(table["name"], pipe.get_feature_names_out())
    np.testing.assert_array_equal(chosen, pipe[1].get_support())


def test_lists_of_signals_with_channels(X):
    signals = [np.stack([x[:n], x[-n:]]) for x, n in zip(X, range(200, 500, 50), strict=True)]
    selection = SelectPaths(scattering(), order=1)
    features = selection.fit_transform(signals)
    assert features.shape == (6, len(selection.features_))
    assert set(selection.features_["channel"]) == {0, 1}


def test_named_columns_in_data_frames(X):
    selection = SelectPaths(scattering(), order=1)
    expected = selection.fit_transform(X)
    own = selection.set_output(transform="pandas").fit_transform(X)
    with sklearn.config_context(transform_output="pandas"):
        everywhere = SelectPaths(scattering(), order=1).fit_transform(X)
    inside = SelectPaths(scattering().set_output(transform="pandas"), order=1).fit_transform(X)
    for frame in own, everywhere:
        assert list(frame.columns) == list(selection.get_feature_names_out())
        np.testing.assert_array_equal(frame, expected)
    np.testing.assert_array_equal(inside, expected)


def test_dask_arrays_stay_dask_arrays(X):
    dask_array = pytest.importorskip("dask.array", reason="needs dask")
    selection = SelectPaths(scattering(), order=1).fit(X)
    lazy = selection.transform(dask_array.from_array(X, chunks=(2, -1)))
    assert isinstance(lazy, dask_array.Array)
    np.testing.assert_array_equal(lazy.compute(), selection.transform(X))
    with pytest.raises(ValueError, match="data frames"):
        selection.set_output(transform="pandas").transform(dask_array.from_array(X))


def test_torch_tensors_stay_tensors(X):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    selection = SelectPaths(scattering(), order=1)
    expected = selection.fit_transform(X)
    with sklearn.config_context(array_api_dispatch=True):
        features = selection.fit_transform(torch.asarray(X))
    assert isinstance(features, torch.Tensor)
    np.testing.assert_allclose(features.numpy(), expected, rtol=1e-10)


def test_a_saved_selection_gives_the_same_features(X):
    selection = SelectPaths(scattering(), carrier=(50, 200)).fit(X)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(selection)).transform(X), selection.transform(X)
    )


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"order": 3}, ValueError, r"order=3 must be 0, 1, 2, a tuple of these, or None"),
        ({"order": ()}, ValueError, r"order=\(\) must be"),
        ({"order": "1"}, TypeError, "order='1' must be"),
        ({"carrier": 100}, TypeError, r"carrier=100 must be a pair of frequencies"),
        ({"carrier": (1, 2, 3)}, TypeError, r"carrier=\(1, 2, 3\) must be a pair"),
        ({"carrier": ("a", None)}, TypeError, r"carrier\[0\]='a' must be a finite number"),
        ({"modulation": (None, -1)}, ValueError, r"modulation\[1\]=-1 must be"),
        ({"modulation": (9, 2)}, ValueError, r"modulation=\(9, 2\) must have its lowest"),
        (
            {"carrier": (600, None)},
            ValueError,
            r"carrier=\(600, None\).*select no feature.*carrier from .* to 435.4 Hz; modulation",
        ),
        ({"transformer": StandardScaler()}, TypeError, r"transformer=StandardScaler\(\) must be"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_parameters_are_named(parameters, error, message, X):
    selection = SelectPaths(scattering()).set_params(**parameters)
    with pytest.raises(error, match=message):
        selection.fit(X)


@pytest.mark.reliability("Bad input")
def test_unfitted(X):
    selection = SelectPaths(scattering())
    for method in (
        lambda: selection.transform(X),
        selection.get_support,
        selection.get_feature_names_out,
        lambda: selection.features_,
    ):
        with pytest.raises(NotFittedError):
            method()
