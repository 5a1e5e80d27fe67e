"""Signals that are too short for the scale that most of them decide on."""

import numpy as np
import pytest

from skscatter import LogScattering1D, Scattering1D

N_TIMES = 1000
SHORT = "Too short for the scale of 128 samples"


def recordings(*short, n_channels=None):
    rng = np.random.default_rng(0)
    shape = () if n_channels is None else (n_channels,)
    return [rng.standard_normal((*shape, n)) for n in [N_TIMES] * 20 + list(short)]


@pytest.mark.parametrize("n_times", [1, 3, 40, 127])
@pytest.mark.parametrize("n_channels", [None, 2])
def test_one_short_signal_does_not_change_the_scale_and_is_named(n_times, n_channels):
    signals = recordings(n_times, n_channels=n_channels)
    with pytest.warns(UserWarning, match=rf"{SHORT}.*X\[20\] \({n_times} samples\)"):
        model = Scattering1D(Q=4).fit(signals)
    assert model.J_ == 7
    with pytest.warns(UserWarning, match=SHORT):
        features = model.transform(signals)
    assert features.shape[0] == 21
    assert np.isfinite(features).all()
    # The others have the features that they have without it.
    np.testing.assert_array_equal(features[:20], Scattering1D(Q=4).fit_transform(signals[:20]))


@pytest.mark.parametrize(
    ("padding", "mode"), [("reflect", "reflect"), ("zero", "constant"), ("periodic", "wrap")]
)
def test_a_short_signal_is_continued_by_the_padding_that_was_chosen(padding, mode):
    signals = recordings(40)
    model = LogScattering1D(Q=4, padding=padding, n_segments=3).fit(signals[:20])
    with pytest.warns(UserWarning, match=f"padding='{padding}'"):
        features = model.transform(signals[20:])
    continued = np.pad(signals[20], (0, 88), mode=mode)
    np.testing.assert_array_equal(features, model.transform([continued]))
    with pytest.warns(UserWarning, match=SHORT):
        (S,) = model.scatter(signals[20:])
    assert S.shape[-1] == len(model.frame_times(40)) == len(model.frame_times(128))


def test_many_short_signals_are_counted():
    signals = recordings(*[40] * 8)
    with pytest.warns(UserWarning, match=r"X\[20\] \(40 samples\), .*X\[24\].* and 3 others"):
        LogScattering1D(Q=4).fit(signals)


@pytest.mark.parametrize("parameters", [{"J": 7}, {"J": 7, "T": 16}])
@pytest.mark.reliability("Bad input")
def test_short_signals_are_refused_where_the_scale_was_given(parameters):
    signals = recordings(40)
    with pytest.raises(
        ValueError, match=r"J=7 needs signals of at least 2\*\*J = 128 samples, but X\[20\] has 40"
    ):
        LogScattering1D(Q=4, **parameters).fit(signals)
    model = LogScattering1D(Q=4, **parameters).fit(signals[:20])
    with pytest.raises(ValueError, match=r"X\[0\] has 40 samples. With J=7.* at least 128"):
        model.transform(signals[20:])


def test_features_of_short_signals_are_cached(tmp_path):
    signals = recordings(40, 3)
    model = LogScattering1D(Q=4, memory=tmp_path).fit(signals[:20])
    with pytest.warns(UserWarning, match=SHORT):
        computed = model.transform(signals)
    with pytest.warns(UserWarning, match=SHORT):
        np.testing.assert_array_equal(model.transform(signals), computed)


# ---------------------------------------------------------------- warnings about scales


@pytest.mark.parametrize(
    ("n_times", "parameters"),
    [
        (470, {"J": 7, "T": 104}),
        (470, {"J": 7}),
        (470, {"T": 104}),
        (300, {"J": 6, "padding": "zero"}),
    ],
)
def test_averages_longer_than_the_signal_are_warned_of_as_in_kymatio(n_times, parameters):
    X = np.random.default_rng(0).standard_normal((2, n_times))
    with pytest.warns(UserWarning, match="Signal support is too small to avoid border effects"):
        LogScattering1D(**parameters).fit(X)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("n_times", "parameters"),
    [
        (470, {}),
        (8000, {"J": 7, "T": 104}),
        (470, {"J": 7, "padding": "periodic"}),
        (100, {"Q": 1}),
    ],
)
def test_other_averages_are_not_warned_of(n_times, parameters):
    X = np.random.default_rng(0).standard_normal((2, n_times))
    LogScattering1D(**parameters).fit(X)


@pytest.mark.filterwarnings("always")
def test_a_small_scale_is_warned_of_once_for_all_fits_of_a_search(recwarn):
    X = np.random.default_rng(0).standard_normal((6, 500))
    for fold in range(5):
        LogScattering1D(J=2, Q=8).fit(X[fold:])
    found = [str(warning.message) for warning in recwarn]
    assert len([message for message in found if "J=2 leaves no room for Q=8" in message]) == 1
