"""Predictions of saved models for recordings."""

import re
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.io import wavfile
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skscatter import (
    LogScattering1D,
    LogTimeFrequencyScattering,
    ScatteringClassifier,
    SelectPaths,
)
from skscatter._cli.main import main
from skscatter._cli.predict import load_model, read_signal
from skscatter._estimators import saving
from skscatter._estimators.lookup import find_scattering, find_scatterings
from skscatter.datasets.audio import fit_length


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def table(text):
    """Rows of a table, split at white space."""
    _, *rows = text.splitlines()
    return [row.split() for row in rows]


def tone(sampling_rate, *, frequency=440.0, seconds=0.5):
    time = np.arange(int(seconds * sampling_rate)) / sampling_rate
    return np.sin(2 * np.pi * frequency * time) * np.hanning(len(time))


def write_wav(path, samples, sampling_rate):
    wavfile.write(path, sampling_rate, np.round(20000 * samples).astype(np.int16))
    return path


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


@pytest.mark.parametrize("sampling_rate", [1, 40_000_000])
@pytest.mark.reliability("Bad input")
def test_absurd_sampling_rates_are_refused(tmp_path, sampling_rate):
    path = write_wav(tmp_path / "a.wav", np.ones(10), sampling_rate)
    with pytest.raises(ValueError, match=rf"a\.wav has a sampling rate of {sampling_rate} Hz"):
        read_signal(path, n_times=8192, sampling_rate=8000)


@pytest.mark.parametrize("level", [0.0, 0.1])
@pytest.mark.reliability("Bad input")
def test_silent_recordings_are_refused(tmp_path, level):
    path = write_wav(tmp_path / "a.wav", np.full(8000, level), 8000)
    with pytest.raises(ValueError, match=r"a\.wav is silent\.$"):
        read_signal(path, n_times=None, sampling_rate=8000)


# ---------------------------------------------------------------- models


@pytest.fixture(scope="module")
def signals():
    return np.random.default_rng(0).standard_normal((12, 512)), np.arange(12) % 3


def scattering(**parameters):
    return LogScattering1D(
        **({"J": 4, "Q": 1, "n_segments": 1, "sampling_rate": 8000} | parameters)
    )


def pipeline(classifier=None, **parameters):
    return make_pipeline(
        scattering(**parameters), StandardScaler(), classifier or LogisticRegression()
    )


def save(model):
    """Save a model, and return the command that applies it to a recording."""
    joblib.dump(model, "model.joblib")
    noise = np.random.default_rng(1).uniform(-9999, 9999, 700).astype(np.int16)
    wavfile.write("a.wav", 8000, noise)
    return ["predict", "model.joblib", "a.wav"]


def predicted(capsys):
    """Return what `predict` printed of a recording."""
    captured = capsys.readouterr()
    assert captured.err == ""
    (row,) = table(captured.out)
    assert row[0] == "a.wav"
    return row[1:]


def test_models_of_signals_of_their_own_lengths_take_a_recording_as_it_is(signals, capsys):
    X, y = signals
    ragged = [x[: 400 + i] for i, x in enumerate(X)]
    model = pipeline().fit(ragged, y)
    command = save(model)
    assert main(command) == 0
    digit, probability, *_ = predicted(capsys)
    expected = model.predict_proba([read_signal("a.wav", n_times=None, sampling_rate=8000)])[0]
    assert (digit, probability) == (str(expected.argmax()), f"{expected.max():.3f}")

    wavfile.write("short.wav", 8000, np.arange(3, dtype=np.int16))
    assert main([*command, "short.wav"]) == 1
    captured = capsys.readouterr()
    assert len(table(captured.out)) == 1
    assert captured.err.startswith("skscatter: short.wav: ")
    assert "must have at least 16 samples" in captured.err


def test_models_of_one_channel_take_recordings(signals, capsys):
    X, y = signals
    expected = pipeline().fit(X, y)
    assert main(save(expected)) == 0
    row = predicted(capsys)
    same = pipeline().fit(X[:, np.newaxis], y)
    assert main(save(same)) == 0
    assert predicted(capsys) == row


def test_models_of_a_data_frame_take_recordings_without_names(signals, capsys):
    X, y = signals
    frame = pd.DataFrame(X, columns=[f"t{i}" for i in range(512)])
    model = pipeline().fit(frame, y)
    assert main(save(model)) == 0
    assert len(predicted(capsys)) == 4


def test_models_of_one_class_predict_it(signals, capsys):
    model = pipeline(GaussianNB()).fit(signals[0], ["yes"] * 12)
    assert main(save(model)) == 0
    assert predicted(capsys) == ["yes", "1.000", "-"]


def test_models_without_probabilities_predict_a_class(signals, capsys):
    model = pipeline(LinearSVC(max_iter=10**5)).fit(*signals)
    assert main(save(model)) == 0
    assert predicted(capsys) in (["0"], ["1"], ["2"])


@pytest.mark.parametrize(
    "parameters",
    [
        {"backend": "torch", "device": "cuda:99"},
        {"memory": "~a user who does not exist/x"},
        {"memory": "/dev/null/x"},
    ],
)
def test_how_the_work_was_done_elsewhere_does_not_matter(parameters, signals, capsys):
    model = pipeline().fit(*signals)
    model[0].set_params(**parameters)
    assert main(save(model)) == 0
    assert len(predicted(capsys)) == 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda X, y: scattering().fit(X), "holds a scattering transform without a classifier"),
        (lambda X, y: pipeline(Ridge()).fit(X, y), "holds a scattering transform without a class"),
        (
            lambda X, y: pipeline(MultiOutputClassifier(LogisticRegression())).fit(
                X, np.stack([y, y], axis=1)
            ),
            "holds a classifier of several targets",
        ),
        (lambda X, y: pipeline().fit(np.stack([X, X], axis=1), y), "was fitted to signals of 2"),
        (lambda X, y: pipeline(sampling_rate=None).fit(X, y), "pass sampling_rate= to Log"),
        (
            lambda X, y: make_pipeline(
                FeatureUnion([(str(hz), scattering(sampling_rate=hz)) for hz in (8000, 16000)]),
                LogisticRegression(),
            ).fit(X, y),
            "has transforms of signals at 8000 and 16000 Hz",
        ),
        (lambda X, y: pipeline(), "holds a model that is not fitted"),
        (
            lambda X, y: LogisticRegression().fit(X, y),
            "not hold a classifier with .*, but a Logistic",
        ),
        (
            lambda X, y: make_pipeline("passthrough").fit(X, y),
            "not hold a classifier with .*, but a Pipe",
        ),
        (lambda X, y: [1, 2], "not hold a classifier with .*, but a list"),
        (lambda X, y: np.array, "not hold a classifier with .*, but a builtin_function"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_other_models_are_refused_in_one_line(make, message, signals, capsys):
    assert main(save(make(*signals))) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.match(f"skscatter: model.joblib .*{message}", captured.err)
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("contents", [b"", b"no model", b"RIFF", b"\x1f\x8b\x08", b"\x80\x04."])
@pytest.mark.reliability("Bad input")
def test_other_files_are_refused_in_one_line(contents, signals, capsys):
    command = save(None)
    Path("model.joblib").write_bytes(contents)
    assert main(command) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("skscatter: model.joblib is not a model that can be loaded (")
    assert captured.err.count("\n") == 1


@pytest.mark.reliability("Bad input")
def test_a_model_cut_short_is_refused(signals):
    save(pipeline().fit(*signals))
    contents = Path("model.joblib").read_bytes()
    Path("model.joblib").write_bytes(contents[: len(contents) // 2])
    with pytest.raises(ValueError, match=r"^model.joblib is not a model that can be loaded \("):
        load_model("model.joblib")


@pytest.mark.reliability("Bad input")
def test_a_model_of_another_version_is_refused_with_the_reason(signals, monkeypatch, capsys):
    with monkeypatch.context() as other:
        other.setattr(saving, "STATE", 0)
        command = save(pipeline().fit(*signals))
    assert main(command) == 1
    message = capsys.readouterr().err
    assert "This LogScattering1D was saved by skscatter" in message
    assert message.count("\n") == 1


@pytest.mark.reliability("Bad input")
def test_a_folder_is_not_a_model(capsys):
    Path("model.joblib").mkdir()
    assert main(["predict", "model.joblib", "a.wav"]) == 1
    assert re.match("skscatter: model.joblib: .+\n$", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("wrong\nlength"), "a.wav: wrong length"),
        (RuntimeError("no device"), "a.wav: the model failed with RuntimeError: no device"),
        (MemoryError(), "a.wav: the model failed with MemoryError: "),
    ],
)
def test_a_model_that_fails_is_named_with_the_recording(
    error, message, signals, capsys, monkeypatch
):
    def fail(self, X):
        raise error

    command = save(pipeline().fit(*signals))
    monkeypatch.setattr(LogisticRegression, "predict_proba", fail)
    assert main(command) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err.strip()) == ("", f"skscatter: {message}".strip())


@pytest.mark.parametrize("ragged", [False, True])
def test_transforms_side_by_side_can_be_saved(ragged, signals, capsys):
    X, y = signals
    X = [x[: 400 + i] for i, x in enumerate(X)] if ragged else X
    joint = LogTimeFrequencyScattering(J=4, Q=4, sampling_rate=8000, memory="/dev/null/x")
    union = FeatureUnion([("plain", scattering()), ("joint", joint), ("none", "drop")])
    model = make_pipeline(union, StandardScaler(), LogisticRegression())
    with pytest.warns(UserWarning, match="/dev/null/x"):
        model.fit(X, y)
    assert find_scatterings(model) == [union["plain"], union["joint"]]
    with pytest.raises(TypeError, match="has 2 scattering transformers, but must have one"):
        find_scattering(model)
    assert main(save(model)) == 0
    assert len(predicted(capsys)) == 4


def test_a_search_and_selected_paths_can_be_saved(signals, capsys):
    X, y = signals
    pipe = make_pipeline(SelectPaths(scattering(), order=1), LogisticRegression())
    search = GridSearchCV(pipe, {"logisticregression__C": [1, 10]}, cv=2).fit(X, y)
    assert main(save(search)) == 0
    assert len(predicted(capsys)) == 4


@pytest.mark.parametrize("logistic", [False, True])
def test_a_classifier_of_time_series_can_be_saved(logistic, signals, capsys):
    classifier = LogisticRegression() if logistic else None
    model = ScatteringClassifier(scattering(), classifier=classifier)
    with pytest.raises(NotFittedError):
        find_scattering(model)
    model.fit(*signals)
    assert find_scattering(model) is model.scattering_
    assert main(save(model)) == 0
    assert len(predicted(capsys)) == (4 if logistic else 1)


def test_a_classifier_without_scattering_is_refused_in_one_line(signals, capsys):
    model = ScatteringClassifier(ppv_share=1).fit(*signals)
    assert main(save(model)) == 1
    assert "does not hold a classifier with a scattering transform" in capsys.readouterr().err
