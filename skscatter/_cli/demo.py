"""The work behind the command line: a model of spoken digits, chosen, judged, kept and used.

Nothing here prints; `skscatter._cli.main` does.
"""

import csv
import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from skscatter._cache.store import RowStore
from skscatter._estimators.scattering import LogScattering1D, Scattering1D
from skscatter._execution.parallel import one_blas_thread
from skscatter.datasets import fetch_fsdd, load_spoken_digits
from skscatter.datasets.audio import fit_length, read_recording

# What the search tries: all combinations.
GRID: dict[str, list[Any]] = {
    "logscattering1d__J": [7, 8, 9],
    "logscattering1d__Q": [4, 8],
    "logscattering1d__n_segments": [1, 2],
}
N_FOLDS = 3
SEED = 0

# At scikit-learn's default tolerance of 1e-4 the fit stops so early that the rounding of float32
# features decides a recording or two of the test part.
CLASSIFIER = {"max_iter": 1000, "tol": 1e-5}

# The setting of kymatio's spoken digit example, and the accuracies (training, test) that are
# published with it: https://www.kymat.io/gallery_1d/plot_classif_torch.html
EXAMPLE: dict[str, Any] = {"J": 8, "Q": 12, "log_eps": 1e-6, "filter_gain": "kymatio-0.3"}
EXAMPLE_PUBLISHED = (0.997, 0.980)


@dataclass(frozen=True)
class Digits:
    """Recordings to learn from.

    Parameters
    ----------
    bunch : Bunch
        As the functions of `skscatter.datasets` return it.
    why_not_fsdd : str or None, default=None
        Why these are not the recordings that were wanted first.
    """

    bunch: Bunch
    why_not_fsdd: str | None = None

    @property
    def title(self) -> str:
        """The heading of the description."""
        lines = self.bunch.DESCR.splitlines()
        return next(line for line in lines if line and not line.startswith(".."))

    def part(self, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """Signals and digits of the part ``"train"`` or ``"test"``."""
        chosen = self.bunch[name]
        return self.bunch.data[chosen], self.bunch.target[chosen]


@dataclass(frozen=True)
class Candidate:
    """One setting that the search tried; `mean` and `std` are over folds."""

    rank: int
    parameters: dict[str, Any]
    mean: float
    std: float


@dataclass(frozen=True)
class DigitScore:
    """How well one digit of the test part is told from the others."""

    digit: str
    precision: float
    recall: float
    f1: float
    number: int


@dataclass(frozen=True)
class Result:
    """What came out.

    Parameters
    ----------
    model : Pipeline
        Fitted to the training part.
    train_accuracy, test_accuracy : float
    digit_scores : list of DigitScore
    confusion : ndarray of shape (n_digits, n_digits)
        Recordings of the test part, by true digit (row) and predicted digit (column).
    search : GridSearchCV or None
        None if there was nothing to choose.
    seconds : dict of str to float
        The time that each step took.
    n_computed, n_found : int
        Rows of features that were computed, and found in the store.
    """

    model: Pipeline
    train_accuracy: float
    test_accuracy: float
    digit_scores: list[DigitScore]
    confusion: NDArray[Any]
    search: GridSearchCV | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    n_computed: int = 0
    n_found: int = 0


@contextmanager
def timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Note how long the body takes."""
    start = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - start


def load_digits(
    data: str, *, source: str | None = None, data_home: str | os.PathLike[str] | None = None
) -> Digits:
    """Get recordings to learn from.

    Parameters
    ----------
    data : {"auto", "fsdd", "spoken-digits"}
        ``"auto"`` takes the Free Spoken Digit Dataset if it is to be had, and else the
        embedded recordings.
    source, data_home
        As for `skscatter.datasets.fetch_fsdd`.

    Raises
    ------
    OSError
        If ``"fsdd"`` is not to be had; the message says why.
    ValueError
        If `source` is not a kind of address that is supported.
    """
    why_not = None
    if data != "spoken-digits":
        try:
            return Digits(fetch_fsdd(source=source, data_home=data_home))
        except OSError as error:
            # The cause, where there is one, is the reason without the advice to programmers.
            why_not = str(error.__cause__ or error)
            if data == "fsdd":
                raise OSError(why_not) from error
    return Digits(load_spoken_digits(), why_not)


def searched_pipeline(sampling_rate: float, store: RowStore | None = None) -> Pipeline:
    """Make the pipeline whose parameters `GRID` varies."""
    return _classifier(LogScattering1D(sampling_rate=sampling_rate, memory=store))


def example_pipeline(sampling_rate: float, store: RowStore | None = None) -> Pipeline:
    """Make the pipeline of kymatio's spoken digit example."""
    return _classifier(LogScattering1D(**EXAMPLE, sampling_rate=sampling_rate, memory=store))


def _classifier(scattering: LogScattering1D) -> Pipeline:
    return make_pipeline(scattering, StandardScaler(), LogisticRegression(**CLASSIFIER))


def n_fits() -> int:
    """Count the fits of a search, the last one to the whole training part aside."""
    return N_FOLDS * int(np.prod([len(values) for values in GRID.values()]))


def run_search(
    digits: Digits, *, n_jobs: int, on_fit: Callable[[], object], store: RowStore | None = None
) -> Result:
    """Choose the best candidate of `GRID` by cross-validation, and judge it on the test part.

    Parameters
    ----------
    digits : Digits
    n_jobs : int
        Threads.
    on_fit : callable
        Called after each of the `n_fits` fits.
    store : RowStore or None, default=None
        Where to keep features, so that no fold computes those of another.
    """

    def score(estimator: Pipeline, X: NDArray[Any], y: NDArray[Any]) -> float:
        accuracy = estimator.score(X, y)
        on_fit()
        return accuracy

    search = GridSearchCV(
        searched_pipeline(digits.bunch.sampling_rate, store),
        GRID,
        scoring=score,
        cv=StratifiedKFold(N_FOLDS, shuffle=True, random_state=SEED),
        n_jobs=1,
        error_score="raise",
    )
    seconds: dict[str, float] = {}
    before = _use_of(store)
    with _threads(n_jobs):
        with timed(seconds, "search"):
            search.fit(*digits.part("train"))
        seconds["search"] -= search.refit_time_
        seconds["final fit"] = search.refit_time_
        return _judge(search.best_estimator_, digits, seconds, store, before, search)


def run_example(digits: Digits, *, n_jobs: int, store: RowStore | None = None) -> Result:
    """Fit the published setting, and judge it on the test part."""
    model = example_pipeline(digits.bunch.sampling_rate, store)
    seconds: dict[str, float] = {}
    before = _use_of(store)
    with _threads(n_jobs):
        with timed(seconds, "fit"):
            model.fit(*digits.part("train"))
        return _judge(model, digits, seconds, store, before)


@contextmanager
def _threads(n_jobs: int) -> Iterator[None]:
    """Compute on `n_jobs` threads.

    The transform spreads signals over threads, one fit after the other: about as fast as fits
    side by side on threads or on processes, with one copy of the data, and over at once when
    interrupted. A regression is so small that BLAS threads would only wait for each other (8 s
    instead of 0.3 s on two busy cores).
    """
    with joblib.parallel_config(backend="threading", n_jobs=n_jobs), one_blas_thread():
        yield


def _use_of(store: RowStore | None) -> tuple[int, int]:
    """Rows that this process has computed for a store, and found in it."""
    try:
        info = store.info() if store is not None else None
    except OSError:  # the transform has warned of it
        info = None
    return (info.misses, info.hits) if info is not None else (0, 0)


def _judge(
    model: Pipeline,
    digits: Digits,
    seconds: dict[str, float],
    store: RowStore | None,
    before: tuple[int, int],
    search: GridSearchCV | None = None,
) -> Result:
    with timed(seconds, "scoring"):
        train_accuracy = model.score(*digits.part("train"))
        X, y = digits.part("test")
        predicted = model.predict(X)
    labels = model.classes_
    # The store is this machine's, not the model's.
    model.set_params(logscattering1d__memory=None)
    n_computed, n_found = (now - then for now, then in zip(_use_of(store), before, strict=True))
    columns = precision_recall_fscore_support(y, predicted, labels=labels, zero_division=0.0)
    return Result(
        model=model,
        train_accuracy=train_accuracy,
        test_accuracy=float(np.mean(predicted == y)),
        digit_scores=[
            DigitScore(str(digit), float(precision), float(recall), float(f1), int(number))
            for digit, precision, recall, f1, number in zip(labels, *columns, strict=True)
        ],
        confusion=confusion_matrix(y, predicted, labels=labels),
        search=search,
        seconds=seconds,
        n_computed=n_computed,
        n_found=n_found,
    )


def candidates(search: GridSearchCV) -> list[Candidate]:
    """List what a search tried, best first, parameters without the name of their step."""
    results = search.cv_results_
    found = [
        Candidate(
            int(rank), {name.split("__")[-1]: v for name, v in p.items()}, float(mean), float(std)
        )
        for rank, p, mean, std in zip(
            results["rank_test_score"],
            results["params"],
            results["mean_test_score"],
            results["std_test_score"],
            strict=True,
        )
    ]
    return sorted(found, key=lambda candidate: candidate.rank)


def model_bytes(model: Pipeline) -> bytes:
    """Bytes of a joblib file, which `load_model` opens."""
    file = io.BytesIO()
    joblib.dump(model, file, compress=3)
    return file.getvalue()


def cv_results_bytes(cv_results: Mapping[str, Any]) -> bytes:
    """Bytes of a CSV file: one row per candidate, one column per array of `cv_results_`."""
    columns = {name: values for name, values in cv_results.items() if name != "params"}
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return file.getvalue().encode()


def confusion_bytes(result: Result, title: str) -> bytes:
    """Bytes of a PNG image of the confusion matrix.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    # A figure of its own, not pyplot's: no window, no back end to choose.
    figure = Figure(figsize=(6, 5.5), dpi=120, layout="constrained")
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


def load_model(path: str | os.PathLike[str]) -> tuple[Pipeline, float]:
    """Open a saved pipeline that starts from recordings.

    Loading a joblib file runs the code that it names: open only files that you trust.

    Returns
    -------
    model : Pipeline
    sampling_rate : float
        Of the signals that it was fitted to, in Hz.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it holds anything else.
    """
    with Path(path).open("rb") as file:
        try:
            model = joblib.load(file)
        except Exception as error:  # other files raise nearly anything
            reason = f"{type(error).__name__}: {error}"
            raise ValueError(f"{path} is no model that can be opened ({reason}).") from error
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else []
    scattering = next((step for step in steps if isinstance(step, Scattering1D)), None)
    if scattering is None or not hasattr(model, "predict_proba"):
        raise ValueError(
            f"{path} holds no pipeline of a scattering transform and a classifier with "
            f"probabilities, but {_article(type(model).__name__)}."
        )
    try:
        check_is_fitted(model)
    except ValueError as error:
        raise ValueError(f"{path} holds a pipeline that is not fitted.") from error
    if scattering.sampling_rate is None:
        raise ValueError(
            f"{path} does not say which sampling rate it was fitted to: pass sampling_rate= to "
            f"{type(scattering).__name__} before fitting."
        )
    return model, float(scattering.sampling_rate)


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def read_signal(
    path: str | os.PathLike[str], *, n_times: int, sampling_rate: float
) -> NDArray[Any]:
    """Read a recording and prepare it as the data sets prepare theirs.

    Parameters
    ----------
    path : str or path-like
        An audio file of any sampling rate. Channels are averaged. Uncompressed WAV needs nothing
        else, and other formats need soundfile.
    n_times : int
        The length wanted: a longer recording is cut, a shorter one centred in zeros.
    sampling_rate : float
        The rate wanted, in Hz.

    Returns
    -------
    ndarray of shape (n_times,), float32

    Raises
    ------
    OSError, ValueError
        If there is no such file or it cannot be used. The message names it.
    ImportError
        If soundfile is needed and not installed.
    """
    recording = read_recording(path, sampling_rate=sampling_rate)
    return fit_length(recording.samples[0], n_times)


def sample_recording(digits: Digits) -> tuple[str, bytes]:
    """Take the first recording of the test part, to try a model on.

    Returns
    -------
    filename : str
    contents : bytes
        A WAV file of 16 bits a sample.
    """
    row = np.flatnonzero(digits.bunch.test)[0]
    samples = np.round(digits.bunch.data[row] * 32767).astype(np.int16)
    file = io.BytesIO()
    wavfile.write(file, digits.bunch.sampling_rate, samples)
    return str(digits.bunch.filenames[row]), file.getvalue()
