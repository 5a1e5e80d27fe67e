"""The transformers of joint scattering: what they see, and what they share with plain ones."""

import pickle

import joint_oracle
import numpy as np
import pytest
from cases import noise, relative_error
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from test_joint import by_path

from skscatter import (
    LogTimeFrequencyScattering,
    RowStore,
    Scattering1D,
    SelectPaths,
    TimeFrequencyScattering,
)
from skscatter._scattering.layout import lay_out

BOTH = pytest.mark.parametrize("Transformer", [TimeFrequencyScattering, LogTimeFrequencyScattering])
SAMPLING_RATE = 8000
SMALL = {"J": 5, "Q": 4, "J_fr": 2, "F": 2, "include_order0": False}


@parametrize_with_checks(
    [
        TimeFrequencyScattering(),
        LogTimeFrequencyScattering(),
        TimeFrequencyScattering(J_fr=2, F="global", padding_fr="zero", pooling=None),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# ---------------------------------------------------------------- what it sees


def gliding(lowest, octaves_per_second, n_times=8192):
    """A tone whose pitch rises, or falls, at a constant number of octaves per second."""
    t = np.arange(n_times) / SAMPLING_RATE
    phase = lowest * np.exp2(octaves_per_second * t) / (octaves_per_second * np.log(2))
    return np.sin(2 * np.pi * phase)


def directions(model, X):
    """Energy of the features upwards and downwards."""
    features, direction = model.fit(X).transform(X), model.features_["direction"]
    return [(features[:, direction == each] ** 2).sum(axis=1) for each in ("up", "down")]


def brightest(model, x, **ranges):
    """The row of ``features_`` of the largest joint feature of a signal."""
    selection = SelectPaths(model, **ranges).fit([x])
    return selection.features_[selection.transform([x])[0].argmax()]


@pytest.mark.parametrize("padding_fr", ["reflect", "zero"])
def test_a_reversed_signal_exchanges_the_directions(padding_fr):
    # At stride 1, the frames of a signal of even length are those of its reversal.
    x = gliding(400, 6, 1024)
    model = TimeFrequencyScattering(
        J=5, stride=1, parts="joint", padding_fr=padding_fr, pooling=None, include_order0=False
    )
    S = model.fit([x]).scatter([x, x[::-1]])
    forward, backward = (by_path(each[0], model.paths_) for each in S)
    for n2, n_fr, spin in forward:
        np.testing.assert_allclose(
            forward[n2, n_fr, spin], backward[n2, n_fr, -spin][:, ::-1], rtol=0, atol=1e-13
        )


@pytest.mark.parametrize(("padding_fr", "factor"), [("reflect", 50), ("zero", 100)])
def test_a_chirp_moves_in_one_direction(padding_fr, factor):
    x = gliding(200, 4)
    x *= np.hanning(len(x))
    model = TimeFrequencyScattering(
        J=9, T=256, parts="joint", padding_fr=padding_fr, sampling_rate=SAMPLING_RATE
    )
    # At rates and scales that an octave holds several of.
    slow = SelectPaths(model, modulation=(None, 60), scale=(0.5, None))
    up, down = directions(slow, [x, x[::-1]])
    assert up[0] > factor * down[0]
    assert down[1] > factor * up[1]


def test_plain_scattering_cannot_tell_a_chirp_from_its_reversal():
    x = gliding(400, 6, 1024) * np.hanning(1024)
    plain = Scattering1D(J=6, Q=8, stride=1, n_segments=1, include_order0=False).fit([x])
    forward, backward = plain.transform([x, x[::-1]])
    assert relative_error(forward, backward) < 1e-6


def test_a_modulated_tone_is_brightest_at_its_carrier_and_rate_in_both_directions():
    t = np.arange(4 * SAMPLING_RATE) / SAMPLING_RATE
    x = (1 + np.cos(2 * np.pi * 8 * t)) * np.sin(2 * np.pi * 1000 * t)
    model = TimeFrequencyScattering(J=11, F=2, n_segments=1, sampling_rate=SAMPLING_RATE)
    for direction in "up", "down":
        found = brightest(model, x, direction=direction)
        assert abs(np.log2(found["carrier"] / 1000)) <= 1 / 8
        assert abs(np.log2(found["modulation"] / 8)) <= 1 / 2
    up, down = directions(SelectPaths(model, direction=None, modulation=(4, 16)), [x])
    assert up[0] == pytest.approx(down[0], rel=1e-2)


@pytest.mark.parametrize("octaves_per_second", [1, -1])
def test_gliding_harmonics_are_brightest_at_their_speed_and_direction(octaves_per_second):
    x = sum(gliding(k * 200, octaves_per_second, 2**15) / k for k in range(1, 8))
    model = TimeFrequencyScattering(J=11, n_segments=1, sampling_rate=SAMPLING_RATE)
    found = brightest(model, x, order=2, scale=(0.1, None))
    speed = found["modulation"] / found["scale"]
    assert found["direction"] == ("up" if octaves_per_second > 0 else "down")
    assert abs(np.log2(speed)) <= 1 / 2


def test_white_noise_has_no_direction():
    X = np.random.default_rng(0).standard_normal((8, 2**13))
    up, down = directions(TimeFrequencyScattering(J=8, parts="joint"), X)
    assert up.sum() == pytest.approx(down.sum(), rel=0.02)


# ---------------------------------------------------------------- what it returns


def test_coefficients_are_those_of_the_definition():
    x = noise(500, 1)[0]
    model = TimeFrequencyScattering(**SMALL, stride=1, stride_fr=1).fit([x])
    settings = model.specification_.settings
    expected = joint_oracle.scatter(
        x, settings, lay_out(settings, 500), joint_oracle.AlongFrequency(J_fr=2, F=2, stride_fr=1)
    )
    S = by_path(model.scatter([x])[0][0], model.paths_)
    for key, rows in S.items():
        np.testing.assert_allclose(rows, expected[key], rtol=0, atol=1e-13)


@BOTH
def test_features_have_names_and_a_table(Transformer):
    X = noise(900, 4)
    model = Transformer(**SMALL, n_segments=2, sampling_rate=SAMPLING_RATE).fit(X)
    features, table = model.transform(X), model.features_
    assert features.shape == (4, 2 * len(model.paths_)) == (4, len(table))
    names = model.get_feature_names_out()
    assert len(set(names)) == len(names)
    for name, row in zip(names, table, strict=True):
        if row["direction"]:
            assert f"cpo_{row['direction']}_seg" in name
            assert row["scale"] > 0
    assert set(table["direction"]) == {"", "up", "down"}
    frame = pytest.importorskip("pandas") and model.paths_frame()
    assert list(frame["scale"].dropna().unique()) == pytest.approx([1.4, 0.7, 0.35, 0.0])


def test_coefficients_have_an_axis_of_frequency_if_arranged():
    X = noise(900, 3)
    model = TimeFrequencyScattering(**SMALL).fit(X)
    S = model.scatter(X)
    paths, arranged = model.by_frequency(S)
    rows = by_path(S[1, 0], model.paths_)
    del rows[None, None, None]
    assert arranged.shape == (3, 1, len(rows), max(map(len, rows.values())), S.shape[-1])
    for path, values, expected in zip(paths, arranged[1, 0], rows.values(), strict=True):
        np.testing.assert_array_equal(values[: len(expected)], expected)
        assert np.isnan(values[len(expected) :]).all()
        assert path["n1"] == 0
    with pytest.raises(ValueError, match=r"S has the shape \(3,\), but must have"):
        model.by_frequency(S[:, 0, 0, 0])
    alone = TimeFrequencyScattering(**SMALL, parts="first").fit(X)
    paths, arranged = alone.by_frequency(alone.scatter(X))
    assert len(paths) == 0
    assert arranged.shape[-3:-1] == (0, 0)


@BOTH
def test_lists_channels_threads_and_streams_give_the_same_features(Transformer):
    X = noise(1200, 12).reshape(6, 2, 1200)
    model = Transformer(**SMALL).fit([*X])
    expected = model.transform([*X])
    one = model.transform([X[3]])
    np.testing.assert_array_equal(one[0], expected[3])
    shorter = [x[:, : 1200 - 100 * i] for i, x in enumerate(X)]
    np.testing.assert_array_equal(model.transform(shorter)[0], expected[0])
    np.testing.assert_array_equal(
        np.concatenate(list(model.transform_batches([X[:4], X[4:]]))), expected
    )
    model.set_params(n_jobs=2, batch_size=3)
    np.testing.assert_array_equal(model.transform([*X]), expected)


@BOTH
def test_a_saved_model_gives_the_same_features(Transformer):
    X = noise(900, 3)
    model = Transformer(**SMALL, padding_fr="zero").fit(X)
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.specification_ == model.specification_
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    assert loaded.get_params() == model.get_params()


@BOTH
def test_a_store_keeps_the_settings_apart(Transformer, tmp_path):
    X, store = noise(900, 3), RowStore(tmp_path)
    parameters = {"J": 5, "Q": 4, "memory": store}
    first = Transformer(**parameters).fit_transform(X)
    np.testing.assert_array_equal(Transformer(**parameters).fit_transform(X), first)
    assert store.info().misses == 3
    others = [
        {"J_fr": 2},
        {"Q_fr": 2},
        {"F": 2},
        {"stride_fr": 2},
        {"padding_fr": "zero"},
        {"parts": ("first", "joint")},
    ]
    for i, other in enumerate(others, start=2):
        Transformer(**parameters | other).fit_transform(X)
        assert store.info().misses == 3 * i, other
    Transformer(**parameters, n_segments=3).fit_transform(X)
    assert store.info().misses == 3 * (len(others) + 1)


def test_a_search_chooses_scales_along_frequency():
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    X = [gliding(f, 3, 1500) for f in rng.uniform(200, 300, 24)]
    X = [x[::-1] if falling else x for x, falling in zip(X, y, strict=True)]
    pipe = make_pipeline(
        LogTimeFrequencyScattering(J=6, parts="joint", sampling_rate=SAMPLING_RATE),
        StandardScaler(),
        LogisticRegression(),
    )
    grid = {
        "logtimefrequencyscattering__J_fr": [2, 3],
        "logtimefrequencyscattering__Q": [4, 8],
        "logtimefrequencyscattering__F": [2, "global"],
    }
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_score_ == 1


@BOTH
def test_the_logarithm_has_a_level_for_each_part(Transformer):
    X = noise(900, 3)
    if Transformer is TimeFrequencyScattering:
        model = Transformer(**SMALL).fit(X)
        np.testing.assert_allclose(model.transform(10 * X), 10 * model.transform(X), rtol=1e-12)
    else:
        for parts in ("joint", ("first", "frequency", "time", "joint")):
            model = Transformer(**SMALL, parts=parts).fit(X)
            np.testing.assert_allclose(
                model.transform(10 * X), np.log(10) + model.transform(X), rtol=1e-9, atol=1e-9
            )


def test_torch_gives_the_same_coefficients():
    pytest.importorskip("torch", reason="needs PyTorch")
    X = noise(1500, 5)
    model = TimeFrequencyScattering(**SMALL).fit(X)
    expected = model.transform(X)
    model.set_params(backend="torch", device="cpu")
    np.testing.assert_allclose(model.transform(X), expected, rtol=0, atol=1e-13)
    single = model.transform(X.astype(np.float32))
    assert single.dtype == np.float32
    assert relative_error(single, expected) < 1e-6


# ---------------------------------------------------------------- what is refused


def test_parts_must_have_coefficients():
    with pytest.raises(ValueError, match="parts='joint' has no coefficients with J=1"):
        TimeFrequencyScattering(J=1, Q=1, parts="joint", include_order0=False).fit(noise(100))


@BOTH
def test_kymatio_has_no_joint_scattering(Transformer):
    with pytest.raises(ValueError, match="backend='kymatio' is not available for joint"):
        Transformer(backend="kymatio").fit(noise(900))


def test_parameters_along_frequency_are_checked_in_fit():
    with pytest.raises(ValueError, match="J_fr=11 must be an integer"):
        TimeFrequencyScattering(J_fr=11).fit(noise(900))


# ---------------------------------------------------------------- selection


def test_paths_are_selected_by_scale_and_direction():
    X = noise(900, 3)
    model = TimeFrequencyScattering(**SMALL, sampling_rate=SAMPLING_RATE)
    rising = SelectPaths(model, direction="up").fit(X)
    assert set(rising.features_["direction"]) == {"up"}
    fine = SelectPaths(model, scale=(1, None)).fit(X)
    assert set(fine.features_["scale"]) == {1.4}
    averaged = SelectPaths(model, scale=(None, 0)).fit(X)
    assert set(averaged.features_["scale"]) == {0}
    np.testing.assert_array_equal(
        rising.transform(X), model.fit(X).transform(X)[:, rising.get_support()]
    )
    with pytest.raises(
        ValueError, match=r"scale=\(5, None\) and direction=None select no .* cycles"
    ):
        SelectPaths(model, scale=(5, None)).fit(X)


@pytest.mark.parametrize("parameters", [{"scale": (1, None)}, {"direction": "up"}])
def test_plain_scattering_has_no_scales_and_directions(parameters):
    name = next(iter(parameters))
    with pytest.raises(ValueError, match=f"{name}=.* selects features of joint scattering"):
        SelectPaths(Scattering1D(), **parameters).fit(noise(900))


def test_directions_are_named():
    with pytest.raises(ValueError, match="direction='left' is not available"):
        SelectPaths(TimeFrequencyScattering(), direction="left").fit(noise(900))
