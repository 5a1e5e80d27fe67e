import csv
import io

import numpy as np
import pytest
from scipy.io import wavfile
from scipy.special import log_softmax
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D, RowStore
from skscatter._cli import demo as _demo
from skscatter._cli.predict import load_model, read_signal
from skscatter.datasets import fetch_fsdd, load_spoken_digits


def some_digits(accent, n_times=None):
    """The embedded recordings of a few voices."""
    bunch = load_spoken_digits(n_times=n_times)
    few = np.char.startswith(bunch.speaker, accent)
    bunch.data = [signal for signal, chosen in zip(bunch.data, few, strict=True) if chosen]
    for name in ("target", "speaker", "train", "test", "filenames"):
        bunch[name] = bunch[name][few]
    return _demo.Digits(bunch)


def test_grid_names_parameters_of_the_pipeline():
    pipeline = _demo.searched_pipeline(8000)
    assert {name for grid in _demo.GRID for name in grid} <= set(pipeline.get_params())
    assert _demo.n_candidates() == 6


def test_example_is_the_published_setting():
    scattering = _demo.example_pipeline(8000)[0]
    assert scattering.get_params() == {
        **LogScattering1D(sampling_rate=8000).get_params(),
        "J": 8,
        "Q": 12,
        "n_segments": 1,
        "include_order0": False,
        "log_eps": 1e-6,
        "filter_gain": "kymatio-0.3",
    }


@pytest.fixture(scope="module")
def searched():
    """Digits, the candidates as they were reported, and the result of a small search."""
    digits, reported = some_digits("england"), []
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(_demo.JOINT, "F", "global")
        common = {"scattering__plain__n_segments": [4], "classifier": [_demo.DISCRIMINANT]}
        monkeypatch.setattr(_demo, "GRID", [{"scattering__joint": ["drop"], **common}, common])
        result = _demo.run_search(digits, n_jobs=2, on_candidate=reported.append)
    return digits, reported, result


def test_candidates_are_reported_as_they_are_done(searched):
    _, reported, result = searched
    results = result.search.cv_results_
    assert [candidate.mean for candidate in reported] == pytest.approx(results["mean_test_score"])
    assert [candidate.std for candidate in reported] == pytest.approx(results["std_test_score"])
    for joint, candidate in zip(["without", "with"], reported, strict=True):
        expected = f" s  {joint} joint, n_segments=4, LinearDiscriminantAnalysis"
        assert str(candidate).endswith(expected)


def test_model_holds_no_store(tmp_path, monkeypatch):
    monkeypatch.setitem(_demo.JOINT, "F", "global")
    grid = [{"scattering__plain__n_segments": [1], "classifier": [_demo.DISCRIMINANT]}]
    monkeypatch.setattr(_demo, "GRID", grid)
    store, digits = RowStore(tmp_path / "rows.sqlite"), some_digits("scotland")
    result = _demo.run_search(digits, n_jobs=2, on_candidate=lambda _: None, store=store)
    for _, transformer in result.model["scattering"].transformer_list:
        assert transformer.memory is None
    assert result.n_computed >= 2 * len(digits.bunch.data)


def test_folds_of_the_search_leave_out_speakers(searched):
    digits, _, result = searched
    speakers = digits.speakers("train")
    for train, test in result.search.cv.split(speakers, groups=speakers):
        assert not set(speakers[train]) & set(speakers[test])


def test_cv_results_are_complete(searched):
    results = searched[2].search.cv_results_
    rows = list(csv.DictReader(io.StringIO(_demo.cv_results_bytes(results).decode())))
    assert len(rows) == 2
    assert set(rows[0]) == set(results) - {"params"}
    assert rows[0]["param_scattering__joint"] == "drop"
    assert [float(row["mean_test_score"]) for row in rows] == list(results["mean_test_score"])


def with_silence(x):
    return np.pad(x, 3200)


def with_floor(x):
    noise = np.random.default_rng(0).standard_normal(len(x) + 6400)
    return with_silence(x) + 1e-3 * np.abs(x).max() * noise


@pytest.mark.parametrize(
    "change",
    [with_silence, with_floor, lambda x: 0.05 * x, lambda x: x],
    ids=["silence", "noise", "quiet", "as it is"],
)
def test_silence_noise_and_level_do_not_matter(searched, tmp_path, change):
    digits, _, result = searched
    (tmp_path / "model.joblib").write_bytes(_demo.model_bytes(result.model))
    model = load_model(tmp_path / "model.joblib")
    X, y = digits.part("test")
    right = []
    for signal, digit in zip(X, y, strict=True):
        samples = np.round(32000 * change(signal) / max(1, np.abs(change(signal)).max()))
        wavfile.write(tmp_path / "a.wav", 8000, samples.astype(np.int16))
        heard = read_signal(tmp_path / "a.wav", n_times=model.n_times, sampling_rate=8000)
        right.append(model.rank(heard)[0][0] == digit)
    assert np.mean(right) >= 0.9 * result.test_accuracy


# ---------------------------------------------------------------- calibration


@pytest.fixture
def groups():
    """Features of three classes in five groups, each shifted by its own offset."""
    X, y = make_classification(400, 200, n_informative=5, n_classes=3, random_state=0)
    group = np.arange(400) % 5
    return X + np.random.default_rng(0).standard_normal((5, 200))[group], y, group


def test_calibration_changes_no_prediction(groups):
    X, y, group = groups
    model = make_pipeline(StandardScaler(), LogisticRegression(C=100, max_iter=1000)).fit(X, y)
    before = model.predict_log_proba(X)
    _demo.calibrate(model, X, y, group)
    after = model.predict_log_proba(X)
    # Scores are divided by a number.
    scale = np.ptp(after, axis=1) / np.ptp(before, axis=1)
    np.testing.assert_allclose(scale, scale[0])
    assert scale[0] < 1
    np.testing.assert_allclose(after, log_softmax(scale[0] * before, axis=1))


def test_calibrated_probabilities_have_less_loss_on_another_group(groups):
    X, y, group = groups
    rest = group > 0
    model = make_pipeline(StandardScaler(), LogisticRegression(C=100, max_iter=1000)).fit(
        X[rest], y[rest]
    )
    before = log_loss(y[~rest], model.predict_proba(X[~rest]))
    _demo.calibrate(model, X[rest], y[rest], group[rest])
    assert log_loss(y[~rest], model.predict_proba(X[~rest])) < before


def test_calibration_returns_the_accuracy_on_groups_left_out(groups):
    X, y, group = groups
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    scaled = model[:-1].transform(X)
    right = 0
    for train, test in LeaveOneGroupOut().split(X, y, group):
        fold = LogisticRegression().fit(scaled[train], y[train])
        right += np.sum(fold.predict(scaled[test]) == y[test])
    assert _demo.calibrate(model, X, y, group) == right / len(y)


@pytest.mark.parametrize(
    "classifier",
    [LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3), LogisticRegression()],
    ids=["discriminant", "logistic"],
)
def test_a_folded_model_has_the_same_probabilities(groups, classifier):
    X, y, _ = groups
    steps = [("scaling", StandardScaler()), ("rotation", PCA(50)), ("classifier", classifier)]
    model = Pipeline(steps).fit(X, y)
    folded = _demo.fold_rotation(model)
    assert list(folded.named_steps) == ["scaling", "classifier"]
    np.testing.assert_allclose(folded.predict_proba(X), model.predict_proba(X), atol=1e-12)
    assert len(_demo.model_bytes(folded)) < len(_demo.model_bytes(model)) / 2


# ---------------------------------------------------------------- results


def test_result_agrees_with_the_model(monkeypatch):
    monkeypatch.setattr(_demo, "EXAMPLE", {"J": 5, "Q": 1})
    digits = some_digits("scotland", n_times=2048)

    result = _demo.run_example(digits, n_jobs=2)

    X, y = digits.part("test")
    predicted = result.model.predict(X)
    assert result.test_accuracy == np.mean(predicted == y) == result.model.score(X, y)
    assert result.train_accuracy == result.model.score(*digits.part("train"))
    assert result.new_speaker_accuracy < result.train_accuracy
    assert np.trace(result.confusion) / result.confusion.sum() == result.test_accuracy
    assert [score.n_recordings for score in result.digit_scores] == list(np.bincount(y))
    for score, row in zip(result.digit_scores, result.confusion, strict=True):
        assert score.recall == row[int(score.digit)] / row.sum()
    assert list(result.seconds) == ["fit", "calibration", "scoring"]
    assert (result.n_computed, result.n_found) == (0, 0)  # of no store
    assert result.search is None


def test_parts_are_of_the_kind_of_the_data():
    ragged, padded = (_demo.Digits(load_spoken_digits(n_times=n)) for n in (None, 100))
    (X, y), (Z, z) = ragged.part("test"), padded.part("test")
    np.testing.assert_array_equal(y, z)
    assert (type(X), len(X), Z.shape) == (list, 220, (220, 100))
    assert list(ragged.speakers("test")) == list(ragged.bunch.speaker[ragged.bunch.test])


def test_sample_recording_is_one_of_the_test_part(tmp_path):
    digits = _demo.Digits(load_spoken_digits(subset="test", n_times=None))
    name, contents = _demo.sample_recording(digits)
    (tmp_path / name).write_bytes(contents)
    signal = read_signal(tmp_path / name, n_times=None, sampling_rate=8000)
    assert name == digits.bunch.filenames[0]
    np.testing.assert_allclose(signal, digits.bunch.data[0], atol=1 / 32767)


@pytest.mark.fsdd
def test_real_recordings(fsdd_archive, tmp_path):
    digits = _demo.load_digits("auto", source=str(fsdd_archive), data_home=tmp_path)
    assert digits.why_not_fsdd is None
    assert digits.title == "Free Spoken Digit Dataset, version 1.0.10"
    X, y = digits.part("train")
    assert (len(X), y.shape) == (2700, (2700,))
    same = fetch_fsdd(data_home=tmp_path, download_if_missing=False, subset="test", n_times=None)
    for signal, expected in zip(digits.part("test")[0], same.data, strict=True):
        np.testing.assert_array_equal(signal, expected)
