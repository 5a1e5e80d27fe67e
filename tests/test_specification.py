"""A fit is a value: what `fit` settled stays, whatever is set afterwards."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from skscatter import (
    LogScattering1D,
    LogTimeFrequencyScattering,
    RowStore,
    Scattering1D,
    TimeFrequencyScattering,
)
from skscatter._estimators.docstrings import share_descriptions
from skscatter._scattering.logarithm import Logarithm
from skscatter._scattering.specification import Specification

# Another valid value of each parameter that features depend on, and of each that only affects how
# they are computed. The defaults of `BASE` are the values in use.
BASE = {"J": 5, "Q": (4, 1), "sampling_rate": 100.0}
OF_FEATURES = {
    "J": 3,
    "Q": 1,
    "T": 8.0,
    "max_order": 1,
    "stride": 4,
    "include_order0": False,
    "filter_gain": "kymatio-0.3",
    "log_eps": 0.5,
    "log_stage": "pooled",
    "pooling": ("max", "std"),
    "n_segments": 3,
    "trim": 3.0,
    "channel_pooling": "mean",
    "input_scaling": "rms",
    "padding": "zero",
    "subsampling": "critical",
    "J_fr": 2,
    "Q_fr": 2,
    "F": 2,
    "stride_fr": 2,
    "padding_fr": "zero",
    "parts": ("first", "joint"),
    "sampling_rate": 7.0,
}
OF_THE_WORK = {
    "backend": "numpy",
    "device": "cpu",
    "batch_size": 1,
    "n_jobs": 2,
    "memory": "elsewhere",
    "verbose": 1,
}
EVERY = pytest.mark.parametrize(
    "Transformer",
    [Scattering1D, LogScattering1D, TimeFrequencyScattering, LogTimeFrequencyScattering],
)


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).standard_normal((4, 2, 300))


def described(model, X):
    """Everything that a fitted model says, and the features."""
    return [
        model.transform(X),
        model.scatter(X),
        next(model.transform_batches([X])),
        model.get_feature_names_out(),
        repr(model.features_.tolist()),
        repr(model.paths_.tolist()),
        model.frame_times(),
        model.paths_frame().to_numpy(),
        repr([model.J_, model.Q_, model.T_, model.stride_, model.n_frames_, model.sampling_rate_]),
        list(model.paths_frame().index),
    ]


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@EVERY
def test_every_parameter_is_of_features_or_of_the_work(Transformer):
    assert set(Transformer().get_params()) <= set(OF_FEATURES) | set(OF_THE_WORK)


@EVERY
@pytest.mark.parametrize("name", OF_FEATURES)
def test_parameters_set_after_fit_change_nothing_before_the_next_fit(
    Transformer, name, X, tmp_path
):
    if name not in Transformer().get_params():
        pytest.skip("not a parameter of this class")
    store = RowStore(tmp_path)
    model = Transformer(**BASE, memory=store).fit(X)
    expected = described(model, X)
    rows = store.info().rows
    model.set_params(**{name: OF_FEATURES[name]})
    assert_same(described(model, X), expected)
    assert store.info().rows == rows == 8  # the features of each channel of each signal, once
    # Other models find no wrong rows in the store.
    fresh = clone(model).fit(X)
    alone = clone(model).set_params(memory=None).fit(X)
    np.testing.assert_array_equal(fresh.transform(X), alone.transform(X))
    np.testing.assert_array_equal(Transformer(**BASE, memory=store).fit_transform(X), expected[0])
    assert store.info().misses <= 2 * rows


@EVERY
@pytest.mark.parametrize("name", OF_THE_WORK)
def test_parameters_of_the_work_are_read_when_it_is_done(Transformer, name, X, tmp_path, capsys):
    model = Transformer(**BASE).fit(X)
    expected = described(model, X)
    value = tmp_path / "elsewhere" if name == "memory" else OF_THE_WORK[name]
    model.set_params(**{name: value})
    assert_same(described(model, X), expected)
    assert (tmp_path / "elsewhere").exists() == (name == "memory")
    assert (capsys.readouterr().err != "") == (name == "verbose")


@EVERY
def test_a_bad_value_of_the_work_is_refused_when_it_is_done(Transformer, X):
    model = Transformer(**BASE).fit(X).set_params(batch_size=0)
    with pytest.raises(ValueError, match="batch_size=0 must be an integer of at least 1"):
        model.transform(X)


@EVERY
def test_a_saved_model_is_what_was_fitted(Transformer, X):
    model = Transformer(**BASE).fit(X)
    expected = described(model, X)
    model.set_params(n_segments=3, include_order0=False, sampling_rate=None)
    loaded = pickle.loads(pickle.dumps(model))
    assert_same(described(loaded, X), expected)
    assert loaded.get_params() == model.get_params()


def test_a_specification_is_a_value():
    model = LogScattering1D(J=4).fit(np.ones((1, 100)))
    again = LogScattering1D(J=4).fit(np.zeros((3, 100)))
    assert model._spec == again._spec
    assert hash(model._spec) == hash(again._spec)
    assert Specification.from_state(model._spec.as_state()) == model._spec
    assert model._spec != LogScattering1D(J=3, Q=4).fit(np.ones((1, 100)))._spec
    with pytest.raises(AttributeError):
        model._spec.n_segments = 2


@pytest.mark.filterwarnings("ignore:log_eps=.* is more than a thousand times:UserWarning")
@pytest.mark.parametrize("eps", [1e-300, 1e-50, 1e-3, 1.0, 1e20, 1e38, 1e300])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_logarithms_of_any_eps_are_finite_and_right(eps, dtype, backend):
    if backend == "torch":
        pytest.importorskip("torch", reason="needs PyTorch")
    largest = float(np.finfo(dtype).max) / 1e6
    X = np.zeros((3, 64), dtype)
    X[1, 32], X[2, 32] = 1, largest
    log_eps = {"log_eps": eps, "pooling": None, "J": 2, "Q": 1}
    features = LogScattering1D(**log_eps, backend=backend).fit_transform(X)
    S = Scattering1D(J=2, Q=1, pooling=None, backend=backend).fit_transform(X)
    assert features.dtype == dtype
    exact = np.log(np.abs(S).astype(np.longdouble) + np.longdouble(eps))
    np.testing.assert_allclose(features, exact, rtol=1e-6, atol=1e-6)


def test_the_logarithm_of_order_0_is_that_of_its_magnitude():
    X = np.full((2, 64), -3.0)
    model = LogScattering1D(J=2, Q=1, log_eps=0.5).fit(X)
    assert model._spec.logarithm == Logarithm(0.5, "frames")
    np.testing.assert_allclose(model.transform(X)[:, 0], np.log(3.5))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("statistic", ["mean", "max", "median", "std"])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
@EVERY
def test_the_largest_signals_have_finite_features(Transformer, backend, statistic, dtype):
    if backend == "torch":
        pytest.importorskip("torch", reason="needs PyTorch")
    largest = np.finfo(dtype).max
    rng = np.random.default_rng(0)
    X = np.stack(
        [np.full(256, largest), np.full(256, -largest), rng.choice([-largest, largest], 256)]
    ).astype(dtype)
    X = np.stack([X, X[::-1]], axis=1)
    model = Transformer(
        J=3, Q=1, pooling=statistic, include_order0=True, n_segments=3, backend=backend
    )
    for channel_pooling in None, statistic:
        features = model.set_params(channel_pooling=channel_pooling).fit_transform(X)
        assert np.isfinite(features).all()


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch"])
@EVERY
def test_errors_that_a_program_asks_numpy_for_are_not_raised_by_harmless_underflow(
    Transformer, backend
):
    if backend != "numpy":
        pytest.importorskip(backend, reason=f"needs {backend}")
    t = np.arange(600)
    X = np.stack([np.exp(-t / 0.5), 1e-300 * np.sin(t), np.zeros(600), 1e300 * np.sin(t)])
    single = X.clip(-1e30, 1e30).astype("float32")
    listed = [x[: 400 + 30 * i] for i, x in enumerate(X)]
    signals = [X[:, :500], X[:, np.newaxis], single, listed]
    with np.errstate(all="raise"):
        for given in signals:
            model = Transformer(Q=(8, 2), T=16, pooling=("mean", "std"), backend=backend)
            features = model.fit(given).transform(given)
            assert np.isfinite(features).all()
            model.scatter(given)


def test_classes_without_docstrings_share_none():
    class Base:
        pass

    class Derived(Base):
        pass

    assert share_descriptions(Derived) is Derived
    assert Derived.__doc__ is None
