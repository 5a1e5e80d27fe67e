"""The command `predict`: a saved model classifies recordings."""

import argparse
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skscatter._cli.console import complain, say_table
from skscatter._cli.errors import CommandError, reason
from skscatter._estimators.lookup import find_scatterings
from skscatter.datasets.audio import fit_length, read_recording

# How the work is done does not change the features. These are the defaults: a model may have been
# saved on a machine with another device, or with a folder for features that does not exist here.
WORK = {
    "backend": "auto",
    "device": "auto",
    "batch_size": None,
    "n_jobs": None,
    "memory": None,
    "verbose": 0,
}


@dataclass(frozen=True)
class Model:
    """A fitted classifier of recordings.

    Parameters
    ----------
    classifier : estimator
        A pipeline, or a search over one.
    sampling_rate : float
        Of the signals that it was fitted to, in Hz.
    n_times : int or None
        Their length in samples. None if signals may have any length.
    """

    classifier: Any
    sampling_rate: float
    n_times: int | None

    def rank(self, signal: NDArray[Any]) -> list[tuple[Any, float | None]]:
        """Return classes with their probabilities, the most probable one first.

        A classifier without probabilities gives the predicted class alone, with None.
        """
        X = signal[np.newaxis]
        if not hasattr(self.classifier, "predict_proba"):
            return [(self.classifier.predict(X)[0], None)]
        (probabilities,) = self.classifier.predict_proba(X)
        ranked = sorted(
            zip(self.classifier.classes_, probabilities.tolist(), strict=True),
            key=lambda pair: -pair[1],
        )
        return list(ranked)


def run(arguments: argparse.Namespace) -> int:
    """Print a table of the predictions for recordings, and name those that cannot be used."""
    try:
        model = load_model(arguments.model)
    except ValueError as error:
        raise CommandError(str(error)) from error
    rows = []
    for path in arguments.recordings:
        try:
            signal = read_signal(path, n_times=model.n_times, sampling_rate=model.sampling_rate)
            rows.append([path, *_columns(_classify(model, signal, path))])
        except (OSError, ValueError, ImportError) as error:
            complain(f"skscatter: {reason(error)}")
    if rows:
        header = ["recording", "digit", "probability", "runner-up"]
        say_table(header[: len(rows[0])], rows)
    return 0 if len(rows) == len(arguments.recordings) else 1


def _classify(model: Model, signal: NDArray[Any], path: Path) -> list[tuple[Any, float | None]]:
    """Rank the classes of a recording; errors name the recording.

    Raises
    ------
    ValueError
        If the model does not accept this signal.
    CommandError
        If the model fails in any other way.
    """
    try:
        with warnings.catch_warnings():
            # Of a model that was fitted to a data frame. The samples need no names.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return model.rank(signal)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except Exception as error:  # a model may hold anything
        raise CommandError(
            f"{path}: the model failed with {type(error).__name__}: {error}"
        ) from error


def _columns(ranked: list[tuple[Any, float | None]]) -> list[str]:
    """Columns of a table: the class, its probability, and the second class with its own."""
    (best, probability), *others = ranked
    if probability is None:
        return [str(best)]
    runner_up = f"{others[0][0]} ({others[0][1]:.3f})" if others else "-"
    return [str(best), f"{probability:.3f}", runner_up]


def load_model(path: str | os.PathLike[str]) -> Model:
    """Load a saved classifier of recordings.

    Loading a joblib file runs the code that it names. Only load files that you trust.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it holds anything else.
    """
    with Path(path).open("rb") as file:
        try:
            classifier = joblib.load(file)
        except Exception as error:  # damaged files raise nearly anything
            what = f"{type(error).__name__}: {error}".removesuffix(": ")
            raise ValueError(f"{path} is not a model that can be loaded ({what}).") from error
    try:
        scatterings = find_scatterings(classifier)
        if not scatterings:
            raise ValueError(
                f"{path} does not hold a classifier with a scattering transform, but "
                f"{_with_article(type(classifier).__name__)}."
            )
        check_is_fitted(classifier)
    except NotFittedError as error:
        raise ValueError(f"{path} holds a model that is not fitted.") from error
    if not is_classifier(classifier):
        raise ValueError(f"{path} holds a scattering transform without a classifier.")
    if not isinstance(classifier.classes_, np.ndarray):
        raise ValueError(f"{path} holds a classifier of several targets, but must have one.")
    first = scatterings[0]
    if first.n_channels_ > 1:
        raise ValueError(
            f"{path} was fitted to signals of {first.n_channels_} channels. The channels of "
            "a recording are averaged: fit the model to signals of one channel."
        )
    given = [rate for each in scatterings if (rate := each.sampling_rate_) is not None]
    if len(given) < len(scatterings):
        raise ValueError(
            f"{path} does not say which sampling rate it was fitted to: pass sampling_rate= to "
            f"{type(first).__name__} before fitting."
        )
    if len(set(given)) > 1:
        rates = " and ".join(f"{rate:g}" for rate in sorted(set(given)))
        raise ValueError(
            f"{path} has transforms of signals at {rates} Hz, but a recording has one sampling "
            "rate: pass the same sampling_rate= to all before fitting."
        )
    for each in scatterings:
        each.set_params(**WORK)
    n_times = getattr(classifier, "n_features_in_", first.n_times_)
    return Model(classifier, float(given[0]), n_times)


def _with_article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def read_signal(
    path: str | os.PathLike[str], *, n_times: int | None, sampling_rate: float
) -> NDArray[Any]:
    """Read a recording and prepare it as the data sets prepare theirs.

    Parameters
    ----------
    path : str or path-like
        An audio file of any sampling rate. Channels are averaged. Uncompressed WAV needs nothing
        else; other formats need soundfile.
    n_times : int or None
        Length of the result. A longer recording is cut, a shorter one is centred in zeros. None
        keeps the length.
    sampling_rate : float
        Sampling rate of the result, in Hz.

    Returns
    -------
    ndarray of shape (n_times,) or (length,), float32

    Raises
    ------
    OSError, ValueError
        If there is no such file, it cannot be used, or it is silent. The message names it.
    ImportError
        If soundfile is needed and cannot be imported.
    """
    (samples,) = read_recording(path, sampling_rate=sampling_rate).samples
    if np.ptp(samples) == 0:
        raise ValueError(f"{os.fspath(path)} is silent.")
    return fit_length(samples, n_times)
