"""Proportions of positive values: their definition, their thresholds, and the transformer.

The definition is checked with the wavelets in time, by a convolution that owes nothing to spectra.
"""

import math
import pickle

import numpy as np
import pytest
import sklearn
from sklearn.utils.estimator_checks import parametrize_with_checks

from skscatter import WaveletPPV
from skscatter._scattering.filters import morlet_window, wavelet_parameters
from skscatter._scattering.positive_values import (
    MAX_VALUES,
    Projections,
    learn_thresholds,
    positive_shares,
)

PAD = {"reflect": "reflect", "zero": "constant", "periodic": "wrap"}


@parametrize_with_checks([WaveletPPV(), WaveletPPV(n_phases=2, n_thresholds=3, padding="zero")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((6, 200)).cumsum(axis=1)


def bands_in_time(x, J, padding):
    """Bands of a signal as sums over the samples of wavelets, one of each per octave."""
    family = wavelet_parameters(J, 1)
    for xi, sigma in zip(family.xi, family.sigma, strict=True):
        reach = math.ceil(1.2 / sigma)
        psi = morlet_window(np.arange(-reach, reach + 1), xi, sigma)
        yield np.convolve(np.pad(x, reach, mode=PAD[padding]), psi, mode="valid")


@pytest.mark.parametrize("padding", PAD)
def test_shares_are_those_of_the_definition(X, padding):
    # At this scale no band is subsampled, and no wavelet reaches beyond the padding.
    ppv = WaveletPPV(J=2, n_phases=3, n_thresholds=2, padding=padding).fit(X)
    for features, x in zip(ppv.transform(X), X, strict=True):
        values = [x]
        for band in bands_in_time(x, 2, padding):
            values += [(np.exp(-1j * np.pi * p / 3) * band).real for p in range(3)]
        expected = [
            np.mean(v > b) for v, row in zip(values, ppv.thresholds_[0], strict=True) for b in row
        ]
        np.testing.assert_allclose(features, expected, atol=1.01 / 200)  # one sample at a tie


def test_thresholds_divide_the_training_values_equally(X):
    ppv = WaveletPPV(n_thresholds=4).fit(X)
    shares = ppv.transform(X).mean(axis=0).reshape(-1, 4)
    np.testing.assert_allclose(shares, [[0.875, 0.625, 0.375, 0.125]] * len(shares), atol=0.01)
    assert (np.diff(ppv.thresholds_) > 0).all()


def test_a_part_of_many_training_values_is_enough():
    rng = np.random.default_rng(0)
    projections = Projections(J=2, Q=1, n_phases=1, paddings=("reflect",))
    signals = [rng.standard_normal((50, 4 * MAX_VALUES // 100)) for _ in range(2)]
    thresholds = learn_thresholds(projections, signals, 3)
    expected = np.quantile(np.concatenate(signals, axis=1), [1 / 6, 1 / 2, 5 / 6])
    np.testing.assert_allclose(thresholds[0], expected, atol=0.05)


def test_slow_bands_are_subsampled_without_a_bias():
    X = np.random.default_rng(1).standard_normal((4, 4096)).cumsum(axis=1)
    J = 8
    ppv = WaveletPPV(J=J, n_phases=1, n_thresholds=3, padding="reflect").fit(X)
    for features, x in zip(ppv.transform(X), X, strict=True):
        *_, slowest = bands_in_time(x, J, "reflect")
        expected = [np.mean(slowest.real > b) for b in ppv.thresholds_[0, -1]]
        np.testing.assert_allclose(features[-3:], expected, atol=0.03)


def test_a_rise_differs_from_a_fall_and_a_peak_from_a_valley():
    falling = -(np.arange(256) % 32 / 16 - 1.0)
    peaks = np.abs(falling)
    for pair in (np.stack([falling, -falling]), np.stack([peaks, -peaks])):
        one, other = WaveletPPV(padding="periodic").fit_transform(pair)
        assert np.abs(one - other).max() > 0.1


def test_a_larger_unit_changes_nothing_if_the_training_signals_have_it(X):
    ppv = WaveletPPV()
    expected = ppv.fit_transform(X)
    for unit in (2.0**-1000, 2.0**900):
        np.testing.assert_array_equal(ppv.fit_transform(unit * X), expected)


def test_signals_of_another_unit_are_compared_with_the_thresholds(X):
    ppv = WaveletPPV(n_thresholds=2).fit(X)
    for unit in (2.0**-1000, 2.0**900):
        shares = ppv.transform(unit * X)
        tiny = unit < 1
        expected = ppv.thresholds_[0] < 0 if tiny else None
        assert np.isin(shares, [0, 1]).all() if tiny else np.isfinite(shares).all()
        if expected is not None:
            np.testing.assert_array_equal(shares, np.tile(expected.ravel(), (len(X), 1)))


def test_rounding_errors_between_steps_are_not_counted():
    steps = np.repeat([0.1, 0.7, 0.1, 0.1, 0.3, 0.3, 0.3, 0.1], 64)
    X = np.stack([steps, np.roll(steps, 64)])
    ppv = WaveletPPV(J=1).fit(X)
    noise = 1e-12 * np.random.default_rng(0).standard_normal(X.shape)
    n_signal = ppv.thresholds_.shape[-1]  # the values of the signal itself are compared exactly
    one_sample = 1.01 / X.shape[1]  # a threshold is a value of the training signals
    np.testing.assert_allclose(
        ppv.transform(X + noise)[:, n_signal:], ppv.transform(X)[:, n_signal:], atol=one_sample
    )


def test_features_of_a_signal_do_not_depend_on_the_others(X):
    ppv = WaveletPPV().fit(X)
    alone = np.concatenate([ppv.transform(x[np.newaxis]) for x in X])
    np.testing.assert_array_equal(ppv.transform(X), alone)


def test_signals_of_a_list_may_have_any_length(X):
    signals = [X[0], X[1, :77], X[2, :3], X[3, :1], X[4, :77]]
    ppv = WaveletPPV(J=4).fit(signals)
    features = ppv.transform(signals)
    assert ppv.n_times_ is None
    for row, x in zip(features, signals, strict=True):
        np.testing.assert_array_equal(ppv.transform([x])[0], row)
    assert ppv.transform([X[0, :1000]]).shape == (1, features.shape[1])


def test_each_channel_has_its_own_thresholds(X):
    both = np.stack([X, 10 * X[::-1]], axis=1)
    ppv = WaveletPPV(J=3)
    features = ppv.fit_transform(both)
    each = [ppv.fit_transform(both[:, i]) for i in (0, 1)]
    np.testing.assert_array_equal(features, np.concatenate(each, axis=1))
    names = WaveletPPV(J=3).fit(both).get_feature_names_out()
    assert names[0] == "ch0_PPV_signal_thr0"
    assert names[-1] == "ch1_PPV_zero_n3_157.5deg_thr3"
    assert len(set(names)) == features.shape[1]


def test_channels_of_a_list_have_their_own_thresholds(X):
    both = np.stack([X, 10 * X[::-1]], axis=1)
    signals = [both[0, :, :50], both[1], both[2, :, :50]]
    ppv = WaveletPPV(J=3).fit(both)
    features = WaveletPPV(J=3).fit(list(both)).transform(signals)
    np.testing.assert_array_equal(features[1], ppv.transform(both)[1])


def test_one_chunk_or_several(X, monkeypatch):
    ppv = WaveletPPV().fit(X)
    expected = ppv.transform(X)
    monkeypatch.setattr("skscatter._scattering.positive_values.CHUNK_BYTES", 1)
    np.testing.assert_array_equal(ppv.transform(X), expected)


def test_single_precision_stays_and_hardly_differs(X):
    ppv = WaveletPPV().fit(X)
    single = ppv.transform(X.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, ppv.transform(X), atol=0.03)


def test_the_scale_follows_from_the_median_length(X):
    assert WaveletPPV().fit(X).J_ == 5
    assert WaveletPPV().fit([X[0], X[1, :50], X[2, :50]]).J_ == 3
    assert WaveletPPV(J=2).fit(X).J_ == 2


def test_silence_has_shares_of_zero_or_one(X):
    ppv = WaveletPPV(n_thresholds=2).fit(X)
    assert np.isin(ppv.transform(np.zeros((1, 200))), [0, 1]).all()
    assert not WaveletPPV().fit_transform(np.zeros((3, 64))).any()


def test_shares_above_a_threshold_count_all_samples_once():
    projections = Projections(J=0, Q=1, n_phases=1, paddings=("zero",))
    x = np.arange(19.0)[np.newaxis]
    thresholds = np.array([[-1.0, 0.0, 8.5, 18.0], [0.0, 0.0, 0.0, 0.0]])
    shares = positive_shares(projections, x, thresholds)
    np.testing.assert_array_equal(shares[0, 0], np.array([19, 18, 10, 0]) / 19)


def test_a_saved_transformer_gives_the_same_features(X):
    ppv = WaveletPPV(padding="zero").fit(X)
    again = pickle.loads(pickle.dumps(ppv))
    np.testing.assert_array_equal(again.transform(X), ppv.transform(X))
    assert b"_scattering" not in pickle.dumps(ppv)


def test_a_failed_fit_leaves_the_earlier_one(X):
    ppv = WaveletPPV().fit(X)
    expected = ppv.transform(X)
    with pytest.raises(ValueError, match="NaN"):
        ppv.fit(np.full((2, 30), np.nan))
    np.testing.assert_array_equal(ppv.transform(X), expected)


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_dask_arrays_are_refused(X, method):
    da = pytest.importorskip("dask.array", reason="needs dask")
    ppv = WaveletPPV().fit(X)
    with pytest.raises(TypeError, match=r"X\.compute\(\)"):
        getattr(ppv, method)(da.from_array(X))


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_tensors_are_refused_with_array_api_dispatch(X, method):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    ppv = WaveletPPV().fit(X)
    with (
        sklearn.config_context(array_api_dispatch=True),
        pytest.raises(TypeError, match=r"X\.numpy\(\)"),
    ):
        getattr(ppv, method)(torch.from_numpy(X))


def test_paddings_that_are_not_names_are_refused(X):
    with pytest.raises(TypeError, match="padding=7"):
        WaveletPPV(padding=7).fit(X)


def test_a_padding_named_twice_is_refused(X):
    with pytest.raises(ValueError, match="twice"):
        WaveletPPV(padding=("zero", "zero")).fit(X)
