"""Proportions of positive values: their definition, their thresholds, and the transformer.

The definition is checked with the wavelets in time, by a convolution that owes nothing to spectra.
"""

import itertools
import math
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.fft
import sklearn
from sklearn.utils.estimator_checks import parametrize_with_checks

from skscatter import WaveletPPV
from skscatter._backends.engines import get_counter
from skscatter._scattering import positive_values
from skscatter._scattering.filters import morlet_window, wavelet_parameters
from skscatter._scattering.namespace import FFT_ROWS
from skscatter._scattering.positive_values import (
    GOLDEN,
    MAX_VALUES,
    Projections,
    fill_counts,
    learn,
    n_padded,
    quantiles,
)

PAD = {"reflect": "reflect", "zero": "constant", "periodic": "wrap"}


@parametrize_with_checks([WaveletPPV(), WaveletPPV(n_phases=2, pair_octaves=0, padding="reflect")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((6, 200)).cumsum(axis=1)


def bands_in_time(x, J, padding):
    """Bands of a signal as sums over the samples of wavelets, one of each per octave."""
    family = wavelet_parameters(J, 1)
    x = x - x.mean()
    bands = []
    for xi, sigma in zip(family.xi, family.sigma, strict=True):
        reach = math.ceil(1.2 / sigma)
        psi = morlet_window(np.arange(-reach, reach + 1), xi, sigma)
        bands.append(np.convolve(np.pad(x, reach, mode=PAD[padding]), psi, mode="valid"))
    bands = np.stack(bands)
    return bands / np.sqrt(np.mean(np.abs(bands) ** 2, axis=1).sum())


@pytest.mark.parametrize("padding", PAD)
def test_shares_are_those_of_the_definition(X, padding):
    # At this scale no band is subsampled, and no wavelet reaches beyond the padding.
    J, P = 2, 3
    ppv = WaveletPPV(J=J, n_phases=P, n_thresholds=2, padding=padding).fit(X)
    names = list(ppv.get_feature_names_out())
    all_bands = np.stack([bands_in_time(x, J, padding) for x in X])
    scales = np.sqrt(np.mean(np.abs(all_bands) ** 2, axis=(0, 2)))
    np.testing.assert_allclose(ppv.scales_[0], scales, rtol=1e-5)

    def seen(bands, n, direction):
        return (np.exp(-1j * np.pi * direction / P) * bands[n] / scales[n]).real

    def name(n, direction):
        return f"n{n}_{60 * direction}deg"

    for features, x, bands in zip(ppv.transform(X), X, all_bands, strict=True):
        projections = {"signal": x}
        for n in range(len(bands)):
            projections |= {name(n, p): seen(bands, n, p) for p in range(P)}
            for m, p, q in itertools.product(range(n), range(P), range(2 * P)):
                projections[f"{name(m, p)}_{name(n, q)}"] = seen(bands, m, p) + seen(bands, n, q)
        assert names == [f"PPV_{key}_thr{k}" for key in projections for k in (0, 1)]
        expected = [
            np.mean(v > b)
            for v, row in zip(
                projections.values(), [ppv.levels_[0], *ppv.thresholds_[0]], strict=True
            )
            for b in row
        ]
        np.testing.assert_allclose(features, expected, atol=1.01 / 200)  # one sample at a tie


def test_levels_of_thresholds_are_multiples_of_the_golden_ratio(X):
    ppv = WaveletPPV(n_thresholds=4).fit(X)
    shares = ppv.transform(X).mean(axis=0)
    levels = np.arange(1, len(shares) + 1) * GOLDEN % 1
    expected = 1 - np.sort(levels.reshape(-1, 4))
    at_every_sample = [i for i, n in enumerate(ppv.get_feature_names_out()) if "_n3" not in n]
    few = at_every_sample[: 4 * 60]  # of the highest bands
    np.testing.assert_allclose(shares[few], expected.ravel()[few], atol=0.02)
    assert (np.diff(ppv.thresholds_) >= 0).all()


def test_a_part_of_many_training_values_is_enough():
    rng = np.random.default_rng(0)
    projections = Projections(J=2, n_phases=1, pair_octaves=3, padding="reflect")
    x = rng.standard_normal((100, 4 * MAX_VALUES // 100))
    lengths = np.full(len(x), x.shape[1])
    chunks = [(x[:50], lengths[:50]), (x[50:], lengths[50:])]
    levels, scales, thresholds = learn(projections, chunks, x.size, 3)
    all_levels, all_scales, all_thresholds = learn(projections, chunks, MAX_VALUES, 3)
    np.testing.assert_array_equal(scales, all_scales)
    np.testing.assert_allclose(levels[1], all_levels[1], atol=0.06)
    np.testing.assert_allclose(thresholds[:, 1], all_thresholds[:, 1], atol=0.06)
    assert not np.array_equal(thresholds, all_thresholds)


def test_slow_bands_are_subsampled_without_a_bias():
    X = np.random.default_rng(1).standard_normal((4, 4096)).cumsum(axis=1)
    J = 8
    ppv = WaveletPPV(J=J, n_phases=1, pair_octaves=0, n_thresholds=3, padding="reflect").fit(X)
    for features, x in zip(ppv.transform(X), X, strict=True):
        slowest = bands_in_time(x, J, "reflect")[-1] / ppv.scales_[0, -1]
        expected = [np.mean(slowest.real > b) for b in ppv.thresholds_[0, -1]]
        np.testing.assert_allclose(features[-3:], expected, atol=0.03)


def test_a_rise_differs_from_a_fall_and_a_peak_from_a_valley():
    falling = -(np.arange(256) % 32 / 16 - 1.0)
    peaks = np.maximum(0, np.abs(falling) - 0.7)
    for pair in (np.stack([falling, -falling]), np.stack([peaks, -peaks])):
        one, other = WaveletPPV(padding="periodic").fit_transform(pair)
        assert np.abs(one - other).max() > 0.1


def test_sums_see_the_phase_between_two_bands_and_bands_alone_hardly_do():
    t = 0.35 / 16 * np.arange(4000)
    X = np.stack([np.cos(2 * np.pi * t) + np.cos(4 * np.pi * t + phase) for phase in (0, np.pi)])
    parameters = {"J": 5, "padding": "periodic"}
    alone = WaveletPPV(**parameters, pair_octaves=0).fit_transform(X)[:, 3:]
    in_pairs = WaveletPPV(**parameters, pair_octaves=1).fit_transform(X)[:, 3:]
    assert np.abs(alone[0] - alone[1]).max() < 0.1 < 0.2 < np.abs(in_pairs[0] - in_pairs[1]).max()


def test_pairs_are_up_to_some_octaves_apart(X):
    names = WaveletPPV(J=6, pair_octaves=2, n_thresholds=1).fit(X).get_feature_names_out()
    pairs = {tuple(part for part in name.split("_") if part[0] == "n") for name in names}
    distances = {int(pair[1][1:]) - int(pair[0][1:]) for pair in pairs if len(pair) == 2}
    assert distances == {1, 2}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_only_the_shares_of_the_signal_itself_depend_on_its_unit_and_offset(X, dtype):
    X = (X - X.mean(axis=1, keepdims=True)).astype(dtype)
    ppv = WaveletPPV(n_thresholds=2).fit(X)
    shares = ppv.transform(X)
    expected = shares[:, 2:]
    huge = dtype(2.0**900 if dtype == np.float64 else 2.0**100)
    for unit in (1 / huge, huge):
        np.testing.assert_array_equal(WaveletPPV(n_thresholds=2).fit_transform(unit * X), shares)
        of_signal, others = np.split(ppv.transform(unit * X), [2], axis=1)
        np.testing.assert_array_equal(others, expected)
        limits = np.zeros(2) if unit > 1 else ppv.levels_[0]
        values = X[..., np.newaxis] if unit > 1 else 0 * X[..., np.newaxis]
        np.testing.assert_allclose(of_signal, np.mean(values > limits, axis=1), atol=0.02)
    offset = dtype(1e6 if dtype == np.float64 else 100)
    others = ppv.transform(X + offset)[:, 2:]
    np.testing.assert_allclose(others, expected, atol=1.01 / 8)
    assert np.mean(others != expected) < 0.02


def test_rounding_errors_between_steps_are_not_counted():
    steps = np.repeat([0.1, 0.7, 0.1, 0.1, 0.3, 0.3, 0.3, 0.1], 64)
    X = np.stack([steps, np.roll(steps, 64)])
    ppv = WaveletPPV(J=1).fit(X)
    noise = 1e-12 * np.random.default_rng(0).standard_normal(X.shape)
    one_sample = 1.01 / X.shape[1]  # a threshold is a value of the training signals
    of_bands = slice(3, None)  # the values of the signal itself are compared exactly
    np.testing.assert_allclose(
        ppv.transform(X + noise)[:, of_bands], ppv.transform(X)[:, of_bands], atol=one_sample
    )


def test_chunks_have_one_signal_or_as_many_as_an_fft_computes_alike(monkeypatch):
    rows = set()

    def fft(x, **options):
        rows.add(len(x))
        return scipy.fft.fft(x, **options)

    recorder = SimpleNamespace(fft=SimpleNamespace(fft=fft, ifft=scipy.fft.ifft))
    monkeypatch.setattr(positive_values, "scipy", recorder)
    rng = np.random.default_rng(0)
    for n_signals, n_times in ((1, 64), (7, 64), (5, 1000), (1, 2**16), (2, 2**16)):
        WaveletPPV(J=3).fit_transform(rng.standard_normal((n_signals, n_times)))
    assert rows == {1, FFT_ROWS, 2 * FFT_ROWS}


def test_padded_lengths_are_fast_to_transform_and_at_least_twice_as_long():
    for n in (*range(1, 300), 1460, 44_100, 2**20):
        padded = n_padded(n)
        odd = padded // (padded & -padded)
        assert 2 * n <= padded <= max(2.5 * n + 1, 2)
        assert odd in (1, 3, 5, 7)


def test_quantiles_are_those_of_numpy():
    values = np.random.default_rng(0).standard_normal((3, 20)).astype(np.float32)
    shares = np.array([[0.0, 0.5], [0.03, 0.97], [0.333, 1.0]])
    expected = [np.quantile(row.astype(float), q) for row, q in zip(values, shares, strict=True)]
    np.testing.assert_allclose(quantiles(values, shares), expected, rtol=1e-12)


def test_levels_of_signals_of_different_lengths_are_those_of_their_samples(X):
    signals = [100 + X[0], 100 + X[1, :170], 100 + X[2, :161]]  # in one chunk
    levels = WaveletPPV(J=3, n_thresholds=1).fit(signals).levels_
    assert levels[0, 0] == pytest.approx(np.quantile(np.concatenate(signals), GOLDEN))


def test_rounding_errors_of_an_offset_are_silence(X):
    ppv = WaveletPPV().fit(X)
    noise = 1e-10 * np.random.default_rng(0).standard_normal((2, 200))
    of_silence = ppv.transform(np.zeros((1, 200)))[:, 3:]
    np.testing.assert_array_equal(ppv.transform(1e6 + noise)[:, 3:], np.tile(of_silence, (2, 1)))


def test_features_of_a_signal_do_not_depend_on_the_others(X):
    ppv = WaveletPPV().fit(X)
    X = X * [[1], [1e-200], [1e200], [0], [1e-3], [1]] + [[0], [0], [0], [1e300], [0], [1e6]]
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


def test_lengths_are_compared_with_those_of_the_training_signals(X):
    signals = [np.stack([x[: 20 * i], x[: 20 * i]]) for i, x in enumerate(X, start=1)]
    ppv = WaveletPPV(J=3).fit(signals)
    np.testing.assert_allclose(
        ppv.lengths_, np.quantile(range(20, 121, 20), np.arange(1, 18, 2) / 18)
    )
    longer = ppv.transform([signals[2], signals[0], X[:2]])[:, -9:]
    np.testing.assert_array_equal(longer, [ppv.lengths_ < 60, [False] * 9, [True] * 9])
    assert list(ppv.get_feature_names_out()[-2:]) == ["PPV_length_thr7", "PPV_length_thr8"]
    of_one_length = WaveletPPV(J=3).fit(X)
    assert of_one_length.lengths_.shape == (0,)
    assert "length" not in " ".join(of_one_length.get_feature_names_out())


def test_each_channel_has_its_own_thresholds(X):
    both = np.stack([X, 10 * X[::-1]], axis=1)
    ppv = WaveletPPV(J=3)
    features = ppv.fit_transform(both)
    each = [ppv.fit_transform(both[:, i]) for i in (0, 1)]
    np.testing.assert_array_equal(features, np.concatenate(each, axis=1))
    names = WaveletPPV(J=3).fit(both).get_feature_names_out()
    assert names[0] == "ch0_PPV_signal_thr0"
    assert names[-1] == "ch1_PPV_n2_120deg_n3_300deg_thr2"
    assert len(set(names)) == features.shape[1]


def test_channels_of_a_list_have_their_own_thresholds(X):
    both = np.stack([X, 10 * X[::-1]], axis=1)
    signals = [both[0, :, :50], both[1], both[2, :, :50]]
    ppv = WaveletPPV(J=3).fit(both)
    features = WaveletPPV(J=3).fit(list(both)).transform(signals)
    np.testing.assert_array_equal(features[1, :-9], ppv.transform(both)[1])


def test_one_chunk_or_several(X, monkeypatch):
    ppv = WaveletPPV().fit(X)
    expected = ppv.transform(X)
    monkeypatch.setattr("skscatter._scattering.positive_values.CHUNK", 1)
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


def test_silence_and_constants_have_shares_of_zero_or_one(X):
    ppv = WaveletPPV().fit(X)
    silent = ppv.transform(np.zeros((1, 200)))
    assert np.isin(silent, [0, 1]).all()
    np.testing.assert_array_equal(ppv.transform(np.full((1, 200), 0.1)), silent)
    assert not WaveletPPV().fit_transform(np.zeros((3, 64))).any()


def test_signals_that_share_a_grid_are_computed_together(X):
    signals = [X[0, :120], X[1, :110], X[2, :101]]  # in a chunk of the length of the first
    ppv = WaveletPPV(J=3).fit(X)
    features = WaveletPPV(J=3).fit(list(X)).transform(signals)
    for row, x in zip(features, signals, strict=True):
        padded = WaveletPPV(J=3).fit(list(X)).transform([x])
        np.testing.assert_array_equal(row, padded[0])
    assert ppv.n_times_ == 200


@pytest.mark.parametrize("n", [1, 7, 8, 100])
@pytest.mark.parametrize("compiled", [False, True])
def test_values_above_thresholds_are_counted_once(n, compiled, monkeypatch):
    if compiled:
        pytest.importorskip("numba", reason='needs numba: pip install "skscatter[fast]"')
    monkeypatch.setattr("skscatter._backends.choice.has_numba", lambda: compiled)
    rng = np.random.default_rng(n)
    first, second = (rng.standard_normal((m, 4, n)).astype(np.float32) for m in (2, 3))
    first[:, 1, n // 2 :] = np.nan  # beyond the end of a signal
    thresholds = rng.standard_normal((2, 2, 3, 5)).astype(np.float32)
    thresholds[1, 1, 1, 1] = first[1, 0, 0] + second[1, 0, 0]  # not above itself
    channels = np.array([1, 0, 1, 0])
    count = get_counter()
    assert (count is fill_counts) != compiled
    counts = np.empty((4, 2, 3, 5), np.int64)
    count(first, second, thresholds, channels, counts)
    for s, i, j, k in np.ndindex(counts.shape):
        expected = np.sum(first[i, s] + second[j, s] > thresholds[channels[s], i, j, k])
        assert counts[s, i, j, k] == expected


def test_compiled_features_are_those_of_numpy(X, monkeypatch):
    pytest.importorskip("numba", reason='needs numba: pip install "skscatter[fast]"')
    signals = [X[0], X[1, :77], X[2, :3], X[3, :1], X[4, :150]]
    ppv = WaveletPPV(J=5).fit(signals)
    expected = ppv.transform(signals)
    monkeypatch.setattr("skscatter._backends.choice.has_numba", lambda: True)
    np.testing.assert_array_equal(ppv.transform(signals), expected)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_threads_change_nothing(X, n_jobs, monkeypatch):
    expected = WaveletPPV().fit_transform(X)
    monkeypatch.setattr("skscatter._scattering.positive_values.CHUNK", 1)
    np.testing.assert_array_equal(WaveletPPV(n_jobs=n_jobs).fit_transform(X), expected)


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
