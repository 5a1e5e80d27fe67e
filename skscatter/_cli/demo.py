"""The work of the command `demo`: choose, fit, score and save a classifier of spoken digits.

Nothing here prints. `skscatter._cli.report` does.
"""

import csv
import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    ParameterGrid,
    cross_val_predict,
)
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from skscatter._cache.store import RowStore
from skscatter._common.optional import import_optional
from skscatter._estimators.lookup import find_scatterings
from skscatter._estimators.scattering import LogScattering1D
from skscatter._estimators.time_frequency import LogTimeFrequencyScattering
from skscatter._execution.threads import one_blas_thread
from skscatter.datasets import fetch_fsdd, load_spoken_digits

# The silence around a digit, and the level of a recording, say nothing about the digit.
SCATTERING: dict[str, Any] = {"trim": 25, "input_scaling": "max"}
PLAIN: dict[str, Any] = {"n_segments": 8}
# What plain scattering does not see: the shape of the spectrum, and what moves along it.
JOINT: dict[str, Any] = {"parts": ("frequency", "joint"), "include_order0": False}

# At scikit-learn's default tolerance of 1e-4 the fit stops so early that the predictions for one or
# two recordings of the test part depend on the rounding of float32 features.
CLASSIFIER = {"max_iter": 1000, "tol": 1e-5}

# The search tries all combinations, without and with joint scattering beside plain scattering. Its
# folds leave out speakers, so that the best candidate is the one that is right most often about the
# digits of people it has not heard. Logistic regression gains little from joint scattering.
DISCRIMINANT = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)
GRID: list[dict[str, list[Any]]] = [
    {
        "scattering__joint": ["drop"],
        "scattering__plain__Q": [(1, 1), (2, 2)],
        "classifier": [DISCRIMINANT, LogisticRegression(**CLASSIFIER)],
    },
    {"scattering__plain__Q": [(1, 1), (2, 2)], "classifier": [DISCRIMINANT]},
]
N_FOLDS = 3

# The parameters of kymatio's spoken digit example, and the accuracies (training, test) that are
# published with it: https://www.kymat.io/gallery_1d/plot_classif_torch.html
EXAMPLE: dict[str, Any] = {
    "J": 8,
    "Q": 12,
    "n_segments": 1,
    "include_order0": False,
    "log_eps": 1e-6,
    "filter_gain": "kymatio-0.3",
}
EXAMPLE_N_TIMES = 8192
EXAMPLE_PUBLISHED = (0.997, 0.980)


Signals = NDArray[Any] | list[NDArray[Any]]


@dataclass(frozen=True)
class Digits:
    """Labelled recordings.

    Parameters
    ----------
    bunch : Bunch
        As returned by the functions of `skscatter.datasets`.
    why_not_fsdd : str or None, default=None
        Why these are not the recordings of the Free Spoken Digit Dataset, if those were preferred.
    """

    bunch: Bunch
    why_not_fsdd: str | None = None

    @property
    def title(self) -> str:
        """The title of the description."""
        lines = self.bunch.DESCR.splitlines()
        return next(line for line in lines if line and not line.startswith(".."))

    def part(self, name: str) -> tuple[Signals, NDArray[Any]]:
        """Signals and digits of the part ``"train"`` or ``"test"``."""
        data, chosen = self.bunch.data, self.bunch[name]
        signals = data[chosen] if isinstance(data, np.ndarray) else list(compress(data, chosen))
        return signals, self.bunch.target[chosen]

    def speakers(self, name: str) -> NDArray[Any]:
        """Who speaks in the recordings of a part."""
        return self.bunch.speaker[self.bunch[name]]


@dataclass(frozen=True)
class Candidate:
    """Parameters that the search tried, with the mean accuracy over folds and its deviation."""

    parameters: dict[str, Any]
    mean: float
    std: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.mean:6.2%} ± {self.std:5.2%}  {self.seconds:5.1f} s  "
            f"{describe(self.parameters)}"
        )


def describe(parameters: Mapping[str, Any]) -> str:
    """Parameters of a pipeline in one line, without the steps, and then classes of steps."""

    def words(name: str, value: Any) -> str:
        if name == "scattering__joint":
            return "without joint" if value == "drop" else "with joint"
        return f"{name.split('__')[-1]}={value}" if "__" in name else type(value).__name__

    order = sorted(parameters, key=lambda name: "__" not in name)
    return ", ".join(words(name, parameters[name]) for name in order)


def varied(model: Pipeline) -> dict[str, Any]:
    """Return the parameters of a model that the search varies."""
    parameters = model.get_params()
    return {name: parameters[name] for name in sorted({name for grid in GRID for name in grid})}


@dataclass(frozen=True)
class DigitScore:
    """How well one digit is recognized in the test part."""

    digit: str
    precision: float
    recall: float
    f1: float
    n_recordings: int


@dataclass(frozen=True)
class Result:
    """A fitted model and its scores.

    Parameters
    ----------
    model : Pipeline
        The pipeline, fitted to the training part.
    train_accuracy, test_accuracy : float
    new_speaker_accuracy : float
        On the training part, each speaker after a fit to the others.
    digit_scores : list of DigitScore
    confusion : ndarray of shape (n_digits, n_digits)
        Numbers of recordings of the test part, by true digit (row) and predicted digit (column).
    search : GridSearchCV or None
        None if the parameters were given.
    seconds : dict of str to float
        The time that each step took.
    n_computed, n_found : int
        How often the features of a recording were computed, and how often found in the store.
    """

    model: Pipeline
    train_accuracy: float
    test_accuracy: float
    new_speaker_accuracy: float
    digit_scores: list[DigitScore]
    confusion: NDArray[Any]
    search: GridSearchCV | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    n_computed: int = 0
    n_found: int = 0


@contextmanager
def timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Record how long the body takes."""
    start = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - start


def load_digits(
    data: str,
    *,
    n_times: int | None = None,
    source: str | None = None,
    data_home: str | os.PathLike[str] | None = None,
) -> Digits:
    """Load labelled recordings.

    Parameters
    ----------
    data : {"auto", "fsdd", "spoken-digits"}
        ``"auto"`` takes the Free Spoken Digit Dataset if it is available, else the embedded
        recordings.
    n_times, source, data_home
        As for `skscatter.datasets.fetch_fsdd`. By default, recordings keep their own lengths.

    Raises
    ------
    OSError
        If ``"fsdd"`` is not available. The message says why.
    ValueError
        If `source` or `data_home` is not as described.
    """
    why_not = None
    if data != "spoken-digits":
        try:
            return Digits(fetch_fsdd(n_times=n_times, source=source, data_home=data_home))
        except OSError as error:
            # The cause, if there is one, is the reason without the advice on parameters.
            why_not = str(error.__cause__ or error)
            if data == "fsdd":
                raise OSError(why_not) from error
    return Digits(load_spoken_digits(n_times=n_times), why_not)


def searched_pipeline(sampling_rate: float, store: RowStore | None = None) -> Pipeline:
    """Make the pipeline whose parameters `GRID` varies."""
    common = SCATTERING | {"sampling_rate": sampling_rate, "memory": store}
    plain = LogScattering1D(**PLAIN, **common)
    joint = LogTimeFrequencyScattering(**JOINT, **common)
    # One after the other, each on all threads.
    both = FeatureUnion([("plain", plain), ("joint", joint)], n_jobs=1)
    return Pipeline(
        [
            ("scattering", both),
            ("scaling", StandardScaler()),
            # With more features than recordings, there are only as many directions as recordings.
            ("rotation", PCA()),
            ("classifier", LogisticRegression(**CLASSIFIER)),
        ]
    )


def example_pipeline(sampling_rate: float, store: RowStore | None = None) -> Pipeline:
    """Make the pipeline of kymatio's spoken digit example."""
    return Pipeline(
        [
            ("scattering", LogScattering1D(**EXAMPLE, sampling_rate=sampling_rate, memory=store)),
            ("scaling", StandardScaler()),
            ("classifier", LogisticRegression(**CLASSIFIER)),
        ]
    )


def n_candidates() -> int:
    """Number of candidates of a search."""
    return len(ParameterGrid(GRID))


def run_search(
    digits: Digits,
    *,
    n_jobs: int,
    on_candidate: Callable[[Candidate], object],
    store: RowStore | None = None,
) -> Result:
    """Choose the best candidate of `GRID` by cross-validation, and score it on the test part.

    Parameters
    ----------
    digits : Digits
    n_jobs : int
        Number of threads.
    on_candidate : callable
        Called with each of the `n_candidates` candidates, when its folds are done.
    store : RowStore or None, default=None
        Where to keep what features are made of, so that it is computed once for all folds and for
        candidates that differ in pooling alone.
    """
    scores: list[float] = []
    start = time.perf_counter()

    def score(estimator: Pipeline, X: Signals, y: NDArray[Any]) -> float:
        nonlocal start
        scores.append(estimator.score(X, y))
        if len(scores) % N_FOLDS == 0:  # the folds of a candidate follow one another
            tried, folds, now = varied(estimator), scores[-N_FOLDS:], time.perf_counter()
            on_candidate(Candidate(tried, float(np.mean(folds)), float(np.std(folds)), now - start))
            start = now
        return scores[-1]

    search = GridSearchCV(
        searched_pipeline(digits.bunch.sampling_rate, store),
        GRID,
        scoring=score,
        cv=GroupKFold(N_FOLDS),
        n_jobs=1,
        error_score="raise",
    )
    seconds: dict[str, float] = {}
    before = _counts_of(store)
    with _threads(n_jobs):
        with timed(seconds, "search"):
            search.fit(*digits.part("train"), groups=digits.speakers("train"))
        seconds["search"] -= search.refit_time_
        seconds["fit"] = search.refit_time_
        return _score(search.best_estimator_, digits, seconds, store, before, search)


def run_example(digits: Digits, *, n_jobs: int, store: RowStore | None = None) -> Result:
    """Fit a model with the published parameters, and score it on the test part."""
    model = example_pipeline(digits.bunch.sampling_rate, store)
    seconds: dict[str, float] = {}
    before = _counts_of(store)
    with _threads(n_jobs):
        with timed(seconds, "fit"):
            model.fit(*digits.part("train"))
        return _score(model, digits, seconds, store, before)


def calibrate(model: Pipeline, X: Signals, y: NDArray[Any], speakers: NDArray[Any]) -> float:
    """Let the probabilities of a fitted model say how often it is right about a new speaker.

    A linear model of many features is sure of nearly everything. Its scores of classes are divided
    by a common number (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017), which
    changes no prediction. The number is the one with the smallest log loss on speakers that the
    classifier was not fitted to.

    Parameters
    ----------
    model : Pipeline
        Fitted to the signals. Its last step is a linear classifier with the softmax of its scores
        as probabilities, and is changed.
    X, y, speakers
        Signals, their classes, and who speaks.

    Returns
    -------
    accuracy : float
        On each speaker, after a fit of the classifier to the others.
    """
    classifier = model[-1]
    scores = cross_val_predict(
        clone(classifier),
        model[:-1].transform(X),
        y,
        groups=speakers,
        cv=LeaveOneGroupOut(),
        method="decision_function",
    )

    def loss(log_temperature: float) -> float:
        probabilities = softmax(scores / np.exp(log_temperature), axis=1)
        return float(log_loss(y, probabilities, labels=classifier.classes_))

    temperature = np.exp(minimize_scalar(loss, bounds=(-7, 7), method="bounded").x)
    classifier.coef_ /= temperature
    classifier.intercept_ /= temperature
    return float(np.mean(classifier.classes_[scores.argmax(axis=1)] == y))


def fold_rotation(model: Pipeline) -> Pipeline:
    """Return a fitted model with its rotation and its linear classifier as one linear classifier.

    Predictions and probabilities are the same to rounding. The rotation of thousands of features
    and the covariance of the discriminant analysis would take 100 MB.
    """
    if "rotation" not in model.named_steps:
        return model
    *steps, (_, rotation), (name, fitted) = model.steps
    folded = clone(fitted)
    folded.classes_ = fitted.classes_
    folded.coef_ = fitted.coef_ @ rotation.components_
    folded.intercept_ = fitted.intercept_ - folded.coef_ @ rotation.mean_
    folded.n_features_in_ = rotation.n_features_in_
    return Pipeline([*steps, (name, folded)])


@contextmanager
def _threads(n_jobs: int) -> Iterator[None]:
    """Compute on `n_jobs` threads.

    Fits follow one another, and the transform distributes signals over threads. This is about as
    fast as several fits at a time on threads or processes, keeps one copy of the data, and stops
    at once when interrupted. The classifier is too small for several BLAS threads, which would
    wait for each other (8 s instead of 0.3 s on two busy cores).
    """
    with joblib.parallel_config(backend="threading", n_jobs=n_jobs), one_blas_thread():
        yield


def _counts_of(store: RowStore | None) -> tuple[int, int]:
    """Count the features that this process has computed for a store, and found in it."""
    try:
        info = store.info() if store is not None else None
    except OSError:  # the transform warns about it
        info = None
    return (info.misses, info.hits) if info is not None else (0, 0)


def _score(
    model: Pipeline,
    digits: Digits,
    seconds: dict[str, float],
    store: RowStore | None,
    before: tuple[int, int],
    search: GridSearchCV | None = None,
) -> Result:
    X, y = digits.part("train")
    with timed(seconds, "calibration"):
        new_speaker_accuracy = calibrate(model, X, y, digits.speakers("train"))
    model = fold_rotation(model)
    with timed(seconds, "scoring"):
        train_accuracy = model.score(X, y)
        X, y = digits.part("test")
        predicted = model.predict(X)
    labels = model.classes_
    # The store belongs to this machine, not to the model.
    for scattering in find_scatterings(model):
        scattering.set_params(memory=None)
    n_computed, n_found = (now - then for now, then in zip(_counts_of(store), before, strict=True))
    columns = precision_recall_fscore_support(y, predicted, labels=labels, zero_division=0.0)
    return Result(
        model=model,
        train_accuracy=train_accuracy,
        test_accuracy=float(np.mean(predicted == y)),
        new_speaker_accuracy=new_speaker_accuracy,
        digit_scores=[
            DigitScore(str(digit), float(precision), float(recall), float(f1), int(support))
            for digit, precision, recall, f1, support in zip(labels, *columns, strict=True)
        ],
        confusion=confusion_matrix(y, predicted, labels=labels),
        search=search,
        seconds=seconds,
        n_computed=n_computed,
        n_found=n_found,
    )


def model_bytes(model: Pipeline) -> bytes:
    """Return a model as the bytes of a joblib file."""
    file = io.BytesIO()
    joblib.dump(model, file, compress=3)
    return file.getvalue()


def cv_results_bytes(cv_results: Mapping[str, Any]) -> bytes:
    """Return `cv_results_` as the bytes of a CSV file with one row for each candidate."""
    columns = {name: values for name, values in cv_results.items() if name != "params"}
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return file.getvalue().encode()


def confusion_bytes(result: Result, title: str) -> bytes:
    """Draw the confusion matrix; return the bytes of a PNG file.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    figures = import_optional("matplotlib.figure", "plot", "The confusion matrix")
    # Without pyplot, which would choose a backend with windows.
    figure = figures.Figure(figsize=(6, 5.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    labels = [score.digit for score in result.digit_scores]
    display = ConfusionMatrixDisplay(result.confusion, display_labels=labels)
    display.plot(ax=axes, cmap="Blues", colorbar=False)
    axes.set(
        title=f"{title}\ntest accuracy {result.test_accuracy:.1%}",
        xlabel="predicted digit",
        ylabel="spoken digit",
    )
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def sample_recording(digits: Digits) -> tuple[str, bytes]:
    """Return the first recording of the test part, for a first prediction.

    Returns
    -------
    filename : str
    contents : bytes
        Of a WAV file with 16 bits per sample.
    """
    row = np.flatnonzero(digits.bunch.test)[0]
    samples = np.round(digits.bunch.data[row] * 32767).astype(np.int16)
    file = io.BytesIO()
    wavfile.write(file, digits.bunch.sampling_rate, samples)
    return str(digits.bunch.filenames[row]), file.getvalue()
