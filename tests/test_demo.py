import csv
import io

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skscatter import LogScattering1D
from skscatter._cli import demo as _demo
from skscatter._cli.predict import read_signal
from skscatter.datasets import fetch_fsdd, load_spoken_digits

SEARCHED = LogScattering1D(sampling_rate=8000)


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


def test_sample_recording_is_one_of_the_test_part(tmp_path):
    digits = _demo.Digits(load_spoken_digits(subset="test"))
    name, contents = _demo.sample_recording(digits)
    (tmp_path / name).write_bytes(contents)
    signal = read_signal(tmp_path / name, n_times=8192, sampling_rate=8000)
    assert name == digits.bunch.filenames[0]
    np.testing.assert_allclose(signal, digits.bunch.data[0], atol=1 / 32767)


@pytest.mark.fsdd
def test_real_recordings(fsdd_archive, tmp_path):
    digits = _demo.load_digits("auto", source=str(fsdd_archive), data_home=tmp_path)
    assert digits.why_not_fsdd is None
    assert digits.title == "Free Spoken Digit Dataset, version 1.0.10"
    X, y = digits.part("train")
    assert (X.shape, y.shape) == ((2700, 8192), (2700,))
    same = fetch_fsdd(data_home=tmp_path, download_if_missing=False, subset="test")
    np.testing.assert_array_equal(digits.part("test")[0], same.data)
