"""The active part of a signal, to which `trim` restricts features."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skscatter import LogScattering1D, Scattering1D
from skscatter._scattering.activity import active_blocks, frames_within
from skscatter._scattering.layout import lay_out
from skscatter._scattering.settings import resolve

RATE = 1000
T = 64
START, STOP = 1500, 2700  # of the event in a recording of 4000 samples


def recording(seed=0, start=START, stop=STOP, n_times=4000, floor=0.0):
    rng = np.random.default_rng(seed)
    x = floor * rng.standard_normal(n_times)
    x[start:stop] += rng.standard_normal(stop - start)
    return x


def trimming(**parameters):
    return Scattering1D(**({"J": 6, "trim": 25} | parameters))


def assert_found(x, start=START, stop=STOP):
    """The active part is that of the event, within the scale of the average."""
    ((found_start, found_stop),) = trimming().fit([x]).active_parts([x])
    assert abs(found_start - start) <= 1.5 * T
    assert abs(found_stop - stop) <= 1.5 * T


# ---------------------------------------------------------------- what is active


@pytest.mark.parametrize(("start", "stop"), [(START, STOP), (0, 1000), (3000, 4000), (0, 4000)])
def test_the_part_between_silences_is_active(start, stop):
    assert_found(recording(start=start, stop=stop), start, stop)


@pytest.mark.parametrize("floor", [1e-2, 1e-4])
def test_a_faint_floor_is_not(floor):
    assert_found(recording(floor=floor))


@pytest.mark.parametrize("size", [1e-200, 1e-9, 1.0, 1e9, 1e200])
def test_the_unit_of_a_signal_does_not_matter(size):
    assert_found(size * recording())


@pytest.mark.parametrize("offset", [-0.5, 10.0, 1000.0])
def test_an_offset_does_not_matter(offset):
    assert_found(recording(floor=1e-3) + offset)
    # Nor does a step, where silence was added to a recording with an offset.
    x = recording(floor=1e-3) + offset
    x[:400] = x[-500:] = 0
    assert_found(x)


def test_a_slow_drift_does_not_matter():
    assert_found(recording(floor=1e-3) + np.linspace(-20, 20, 4000))


@pytest.mark.parametrize("size", [0.5, 30.0])
@pytest.mark.parametrize("width", [1, 4, 12])
@pytest.mark.parametrize("where", [0, 100, 3900, 3990])
def test_a_click_does_not_matter(where, width, size):
    x = recording(floor=1e-3)
    x[where : where + width] += size
    assert_found(x)


@pytest.mark.parametrize("T", [4, 16, 64])
def test_pulses_of_a_voice_are_one_part_for_any_average(T):
    x = 1e-3 * np.random.default_rng(0).standard_normal(4000)
    x[START:STOP:32] += 1
    ((found_start, found_stop),) = trimming(J=8, T=T).fit([x]).active_parts([x])
    assert abs(found_start - START) <= 96
    assert abs(found_stop - STOP) <= 96


def test_faint_parts_between_loud_ones_are_active():
    x = recording(start=500, stop=900) + recording(start=2900, stop=3300)
    assert_found(x, 500, 3300)


@pytest.mark.parametrize("x", [np.zeros(4000), np.full(4000, 0.3)])
def test_silent_signals_are_active_as_a_whole(x):
    model = trimming().fit([x])
    np.testing.assert_array_equal(model.active_parts([x]), [[0, 4000]])


def test_more_is_active_with_a_larger_trim():
    x = recording() + 0.1 * recording(1, 800, 3300) + 0.01 * recording(2, 300, 3800)
    parts = [trimming(trim=trim).fit([x]).active_parts([x])[0] for trim in (10, 25, 60)]
    np.testing.assert_allclose(parts, [(1500, 2700), (800, 3300), (300, 3800)], atol=1.5 * T)


def test_signals_shorter_than_a_block_are_whole():
    assert active_blocks(np.empty((2, 0)), 25).tolist() == [[0, 0], [0, 0]]
    x = np.random.default_rng(0).standard_normal((1, 3))
    model = Scattering1D(J=0, Q=1, trim=20).fit(x)
    assert np.isfinite(model.transform(x)).all()
    np.testing.assert_array_equal(model.active_parts(x), [[0, 3]])


def test_a_part_has_as_many_frames_as_segments_or_all():
    settings = resolve(1000, J=5)
    layout = lay_out(settings, 1000)
    for start, stop in (0, 3), (500, 501), (999, 1000):
        ((first, after),) = frames_within(layout, 32, np.array([[start, stop]]), 7)
        assert after - first == 7
        assert 0 <= first < after <= layout.n_frames
    ((first, after),) = frames_within(layout, 32, np.array([[500, 501]]), 1000)
    assert (first, after) == (0, layout.n_frames)


# ---------------------------------------------------------------- what follows from it


def test_features_are_those_of_the_frames_there():
    x = recording(floor=1e-3)
    model = trimming(n_segments=3, pooling=("mean", "std")).fit([x])
    times, S = model.frame_times(4000), model.scatter([x])[0][0]
    ((start, stop),) = model.active_parts([x])
    inside = S[:, (times >= start) & (times < stop)]
    assert 15 < inside.shape[1] < 25
    features = model.transform([x]).reshape(len(S), 3, 2)
    np.testing.assert_allclose(features[..., 0].mean(axis=1), inside.mean(axis=1))


def test_silence_around_a_signal_hardly_changes_its_features():
    x = recording(start=0, stop=1200, n_times=1200)
    around = np.concatenate([np.zeros(640), x, np.zeros(1280)])
    model = LogScattering1D(J=5, trim=25, n_segments=2).fit([x])
    untrimmed = LogScattering1D(J=5, n_segments=2).fit([x])
    change = np.abs(model.transform([around]) - model.transform([x])).mean()
    assert change < 0.2
    assert change < np.abs(untrimmed.transform([around]) - untrimmed.transform([x])).mean() / 5


def test_coefficients_and_times_of_frames_are_unaffected():
    x = recording()
    model, plain = trimming().fit([x]), Scattering1D(J=6).fit([x])
    np.testing.assert_array_equal(model.scatter([x])[0], plain.scatter([x])[0])
    np.testing.assert_array_equal(model.frame_times(4000), plain.frame_times(4000))
    np.testing.assert_array_equal(plain.active_parts([x]), [[0, 4000]])


def test_without_pooling_it_is_ignored():
    X = recording()[np.newaxis]
    model = trimming(pooling=None).fit(X)
    expected = Scattering1D(J=6, pooling=None).fit_transform(X)
    np.testing.assert_array_equal(model.transform(X), expected)
    np.testing.assert_array_equal(model.active_parts(X), [[0, 4000]])


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_features_do_not_depend_on_other_signals(backend):
    pytest.importorskip(backend, reason=f"needs {backend}")
    signals = [recording(i, 400 + 200 * i, 1700 + 150 * i, 4000 - 130 * i) for i in range(9)]
    model = LogScattering1D(J=6, trim=25, backend=backend, n_jobs=2).fit(signals)
    together = model.transform(signals)
    for signal, features in zip(signals, together, strict=True):
        np.testing.assert_array_equal(model.transform([signal])[0], features)


def test_channels_of_a_signal_have_one_part():
    x = np.stack([recording(), 1e-3 * recording(1, 200, 3800)])
    ((start, stop),) = trimming().fit([x]).active_parts([x])
    assert abs(start - START) <= 1.5 * T
    assert abs(stop - STOP) <= 1.5 * T
    X = np.stack([x, x[::-1]])
    model = trimming().fit(X)
    features = model.transform(X).reshape(2, 2, -1)
    np.testing.assert_array_equal(features[0], features[1, ::-1])


def test_parts_are_in_seconds_with_a_sampling_rate_and_in_the_order_of_the_signals():
    signals = [recording(0, 200, 700, 2000), recording(1), recording(2, 100, 900, 3000)]
    samples = trimming().fit(signals).active_parts(signals)
    seconds = trimming(sampling_rate=RATE).fit(signals).active_parts(signals)
    np.testing.assert_allclose(seconds, samples / RATE)
    np.testing.assert_allclose(samples, [[200, 700], [START, STOP], [100, 900]], atol=1.5 * T)


def test_tensors_have_the_same_parts():
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    from sklearn import config_context

    X = np.stack([recording(i, 400 + 200 * i, 1700 + 150 * i, floor=1e-3) for i in range(3)])
    model = LogScattering1D(J=6, trim=25, backend="torch").fit(X)
    features = model.transform(X)
    with config_context(array_api_dispatch=True):
        tensors = LogScattering1D(J=6, trim=25).fit(torch.from_numpy(X))
        np.testing.assert_allclose(tensors.transform(torch.from_numpy(X)), features)
        parts = tensors.active_parts(torch.from_numpy(X))
    assert isinstance(parts, np.ndarray)
    np.testing.assert_array_equal(parts, model.active_parts(X))


def test_a_search_may_choose_it():
    rng = np.random.default_rng(0)
    signals = []
    for i in range(24):
        # The order of two tones, somewhere in a silent recording, is the class.
        x, t = np.zeros(3000), np.arange(450)
        first, second = (0.5, 0.8) if i % 2 else (0.8, 0.5)
        start = rng.integers(100, 1800)
        x[start : start + 900] = np.concatenate([np.sin(first * t), np.sin(second * t)])
        signals.append(x + 1e-3 * rng.standard_normal(3000))
    pipe = make_pipeline(LogScattering1D(J=6), LogisticRegression(max_iter=1000))
    search = GridSearchCV(pipe, {"logscattering1d__trim": [None, 25.0]}, cv=3)
    search.fit(signals, np.arange(24) % 2)
    assert search.best_params_ == {"logscattering1d__trim": 25.0}
    assert search.best_score_ == 1.0
    assert clone(search.best_estimator_[0]).trim == 25.0


# ---------------------------------------------------------------- what is refused


@pytest.mark.reliability("Bad input")
@pytest.mark.parametrize(
    ("trim", "error"), [(0, ValueError), (-3, ValueError), (np.nan, ValueError), ("25", TypeError)]
)
def test_bad_values_are_named(trim, error):
    with pytest.raises(error, match="trim="):
        Scattering1D(trim=trim).fit(np.ones((2, 64)))


@pytest.mark.reliability("Bad input")
def test_parts_of_dask_arrays_are_not_computed():
    da = pytest.importorskip("dask.array", reason="needs dask")
    X = np.stack([recording(), recording(1)])
    model = trimming().fit(X)
    with pytest.raises(TypeError, match=r"X is a dask array\. Accepted: .* X\.compute\(\)"):
        model.active_parts(da.from_array(X, chunks=(1, 4000)))
    lazily = model.transform(da.from_array(X, chunks=(1, 4000)))
    np.testing.assert_array_equal(lazily.compute(), model.transform(X))
