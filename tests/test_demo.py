import csv
import io

import joblib
import numpy as np
import pytest
from scipy.io import wavfile
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skscatter import LogScattering1D
from skscatter._cli import demo as _demo
from skscatter._cli.predict import load_model, read_signal
from skscatter.datasets import fetch_fsdd, load_spoken_digits
from skscatter.datasets._recordings import fit_length

SEARCHED = LogScattering1D(sampling_rate=8000)


def tone(sampling_rate, *, frequency=440.0, seconds=0.5):
    time = np.arange(int(seconds * sampling_rate)) / sampling_rate
    return np.sin(2 * np.pi * frequency * time) * np.hanning(len(time))


def write_wav(path, samples, sampling_rate):
    wavfile.write(path, sampling_rate, np.round(20000 * samples).astype(np.int16))
    return path


def test_grid_names_parameters_of_the_pipeline():
    parameters = _demo.searched_pipeline(8000).get_params()
    assert set(_demo.GRID) <= set(parameters)
    assert _demo.n_fits() == 36


def test_example_is_the_published_setting():
    scattering = _demo.example_pipeline(8000)[0]
    assert scattering.get_params() == {
        **SEARCHED.get_params(),
        "J": 8,
        "Q": 12,
        "log_eps": 1e-6,
        "filter_gain": "kymatio-0.3",
    }


def test_candidates_come_best_first_and_cv_results_are_complete():
    X = np.arange(12.0)[:, np.newaxis]
    y = np.repeat([0, 1], 6)
    search = GridSearchCV(
        make_pipeline(LogisticRegression()),
        {"logisticregression__C": [1e-9, 1.0, 10.0]},
        scoring=lambda model, X, y: -abs(np.log(model[-1].C)),
        cv=2,
    ).fit(X, y)

    best, *others = _demo.candidates(search)
    assert (best.rank, best.parameters, best.mean, best.std) == (1, {"C": 1.0}, 0.0, 0.0)
    assert [other.parameters["C"] for other in others] == [10.0, 1e-9]

    rows = list(csv.DictReader(io.StringIO(_demo.cv_results_bytes(search.cv_results_).decode())))
    assert len(rows) == 3
    assert set(rows[0]) == set(search.cv_results_) - {"params"}
    assert [float(row["param_logisticregression__C"]) for row in rows] == [1e-9, 1.0, 10.0]
    means = search.cv_results_["mean_test_score"]
    assert [float(row["mean_test_score"]) for row in rows] == list(means)


def test_result_agrees_with_the_model(monkeypatch):
    monkeypatch.setattr(_demo, "EXAMPLE", {"J": 5, "Q": 1})
    bunch = load_spoken_digits(n_times=2048)
    few = np.char.startswith(bunch.speaker, "scotland")
    for name in ("data", "target", "train", "test", "filenames"):
        bunch[name] = bunch[name][few]
    digits = _demo.Digits(bunch)

    result = _demo.run_example(digits, n_jobs=2)

    X, y = bunch.data[bunch.test], bunch.target[bunch.test]
    predicted = result.model.predict(X)
    assert result.test_accuracy == np.mean(predicted == y) == result.model.score(X, y)
    assert result.train_accuracy == result.model.score(
        bunch.data[bunch.train], bunch.target[bunch.train]
    )
    assert np.trace(result.confusion) / result.confusion.sum() == result.test_accuracy
    assert [score.n_recordings for score in result.digit_scores] == list(np.bincount(y))
    for score, row in zip(result.digit_scores, result.confusion, strict=True):
        assert score.recall == row[int(score.digit)] / row.sum()
    assert list(result.seconds) == ["fit", "scoring"]
    assert (result.n_computed, result.n_found) == (0, 0)  # of no store
    assert result.search is None


@pytest.mark.parametrize("sampling_rate", [8000, 11025, 16000, 44100, 48000])
def test_recordings_of_any_rate_become_the_same_signal(tmp_path, sampling_rate):
    path = write_wav(tmp_path / "a.wav", tone(sampling_rate), sampling_rate)
    signal = read_signal(path, n_times=8192, sampling_rate=8000.0)
    assert signal.dtype == np.float32
    expected = fit_length(tone(8000), 8192)
    # The filter of resample_poly has a ripple of half a percent.
    assert np.abs(signal - expected).max() < 0.02


def test_channels_are_averaged(tmp_path):
    left, right = tone(8000), tone(8000, frequency=700)
    path = write_wav(tmp_path / "a.wav", np.stack([left, right], axis=1), 8000)
    signal = read_signal(path, n_times=8192, sampling_rate=8000)
    np.testing.assert_allclose(signal, fit_length(left + right, 8192), atol=1e-4)


def test_long_recordings_are_cut_as_in_training(tmp_path):
    samples = np.concatenate([tone(8000, seconds=2) / 2, [1.0]])
    path = write_wav(tmp_path / "a.wav", samples, 8000)
    signal = read_signal(path, n_times=1000, sampling_rate=8000)
    np.testing.assert_allclose(signal, samples[:1000], atol=1e-4)


@pytest.mark.parametrize("sampling_rate", [1, 4_000_000])
@pytest.mark.reliability("Bad input")
def test_absurd_sampling_rates_are_refused(tmp_path, sampling_rate):
    path = write_wav(tmp_path / "a.wav", np.ones(10), sampling_rate)
    with pytest.raises(ValueError, match=rf"a\.wav has a sampling rate of {sampling_rate} Hz"):
        read_signal(path, n_times=8192, sampling_rate=8000)


def test_sample_recording_is_one_of_the_test_part(tmp_path):
    digits = _demo.Digits(load_spoken_digits(subset="test"))
    name, contents = _demo.sample_recording(digits)
    (tmp_path / name).write_bytes(contents)
    signal = read_signal(tmp_path / name, n_times=8192, sampling_rate=8000)
    assert name == digits.bunch.filenames[0]
    np.testing.assert_allclose(signal, digits.bunch.data[0], atol=1 / 32767)


def fitted(*steps, **parameters):
    X = np.random.default_rng(0).standard_normal((6, 128))
    return make_pipeline(LogScattering1D(J=3, Q=1, **parameters), *steps).fit(X, [0, 1] * 3)


def test_models_survive_a_round_trip(tmp_path):
    model = fitted(LogisticRegression(), sampling_rate=8000)
    path = tmp_path / "model.joblib"
    path.write_bytes(_demo.model_bytes(model))
    loaded = load_model(path)
    X = np.random.default_rng(1).standard_normal((5, 128))
    np.testing.assert_array_equal(loaded.classifier.predict_proba(X), model.predict_proba(X))
    assert (loaded.sampling_rate, loaded.n_times) == (8000, 128)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ([1, 2], "holds no pipeline .*, but a list"),
        (LogisticRegression(), "holds no pipeline .*, but a LogisticRegression"),
        (make_pipeline(LogisticRegression()), "holds no pipeline of a scattering transform"),
        (lambda: fitted(Ridge(), sampling_rate=8000), "a scattering transform without a class"),
        (make_pipeline(SEARCHED, LogisticRegression()), "is not fitted"),
        (lambda: fitted(LogisticRegression()), "pass sampling_rate= to LogScattering1D"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_other_models_are_refused(tmp_path, model, message):
    path = tmp_path / "other.joblib"
    joblib.dump(model() if callable(model) else model, path)
    with pytest.raises(ValueError, match=rf"other\.joblib.*{message}"):
        load_model(path)


@pytest.mark.parametrize("contents", [b"", b"no model", b"RIFF", b"\x1f\x8b\x08", b"\x80\x04."])
@pytest.mark.reliability("Bad input")
def test_other_files_are_refused(tmp_path, contents):
    path = tmp_path / "other.joblib"
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"other\.joblib is not a model that can be loaded"):
        load_model(path)


@pytest.mark.fsdd
def test_real_recordings(fsdd_archive, tmp_path):
    digits = _demo.load_digits("auto", source=str(fsdd_archive), data_home=tmp_path)
    assert digits.why_not_fsdd is None
    assert digits.title == "Free Spoken Digit Dataset, version 1.0.10"
    X, y = digits.part("train")
    assert (X.shape, y.shape) == ((2700, 8192), (2700,))
    same = fetch_fsdd(data_home=tmp_path, download_if_missing=False, subset="test")
    np.testing.assert_array_equal(digits.part("test")[0], same.data)
