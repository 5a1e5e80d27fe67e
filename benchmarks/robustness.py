"""Recordings as people make them, classified by the model of the demo through the command line.

The figures in README.md and docs/performance.md come from::

    python benchmarks/robustness.py

The Free Spoken Digit Dataset is downloaded, or read from an archive::

    python benchmarks/robustness.py --source free-spoken-digit-dataset-1.0.10.zip

`skscatter demo` trains a model on the training part. Every tenth recording of the test part, 30 in
all, is written to a WAV file as it is and in several changed forms, and `skscatter predict` names
the digits. Noise levels are relative to the largest magnitude of a recording.

The second table is about the probabilities. Each speaker is left out in turn, and the chosen
pipeline is fitted to the others, with and without calibration. The mean probability of the
predicted digits should be the share of right ones, and the log loss should be small.
"""

import argparse
import contextlib
import io
import tempfile
from pathlib import Path

import joblib
import numpy as np
from joblib import parallel_config
from scipy.io import wavfile
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline

from skscatter._cli import demo
from skscatter._cli.main import main as skscatter
from skscatter.datasets import fetch_fsdd

RATE = 8000


def with_silence(x: np.ndarray) -> np.ndarray:
    """Add 0.4 s of zeros before and after."""
    return np.pad(x, int(0.4 * RATE))


def with_floor(x: np.ndarray, decibels: float) -> np.ndarray:
    """Add silence around, and white noise to everything."""
    x = with_silence(x)
    noise = np.random.default_rng(0).standard_normal(len(x))
    return x + 10 ** (decibels / 20) * np.abs(x).max() * noise


def with_click(x: np.ndarray) -> np.ndarray:
    """Add silence around, and a click of one sample at full scale near the beginning."""
    x = with_silence(x)
    x[800] = 1
    return x


# None: another sampling rate, and another number of channels.
FORMS = {
    "as they are": lambda x: x,
    "0.4 s of silence around": with_silence,
    "silence and a floor at -60 dB": lambda x: with_floor(x, -60),
    "26 dB quieter": lambda x: 10 ** (-26 / 20) * x,
    "silence and a floor at -40 dB": lambda x: with_floor(x, -40),
    "silence and a click": with_click,
    "an offset of a tenth": lambda x: x + 0.1,
    "44.1 kHz, stereo": None,
}


def write(path: Path, x: np.ndarray, form: str) -> None:
    """Write a recording in one of the forms, as 16-bit WAV."""
    change, rate = FORMS[form], RATE
    if change is None:
        times = np.arange(0, len(x), RATE / 44100)
        x, rate = np.interp(times, np.arange(len(x)), x), 44100
        x = np.stack([x, 0.5 * x], axis=1)
    else:
        x = change(x)
    wavfile.write(path, rate, np.round(x / max(1, np.abs(x).max()) * 32767).astype(np.int16))


def predict(model: Path, files: list[Path]) -> list[tuple[str, float]]:
    """Return the digit and its probability that `skscatter predict` prints for each file."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert skscatter(["predict", str(model), *map(str, files)]) == 0
    rows = [line.split() for line in printed.getvalue().splitlines()[1:]]
    return [(digit, float(probability)) for _, digit, probability, *_ in rows]


def table_of_forms(model: Path, digits: demo.Digits, folder: Path) -> None:
    """Print how many recordings of each form are recognized."""
    signals, labels = digits.part("test")
    print(f"{'30 recordings':32}{'right':>6}{'mean probability':>18}")
    for number, form in enumerate(FORMS):
        files = []
        for row in range(0, len(signals), 10):
            files.append(folder / f"{number}_{row}.wav")
            write(files[-1], signals[row], form)
        found = predict(model, files)
        right = sum(
            digit == str(label) for (digit, _), label in zip(found, labels[::10], strict=True)
        )
        mean = np.mean([probability for _, probability in found])
        print(f"{form:32}{right:6}{mean:18.2f}", flush=True)


def table_of_speakers(model: Path, digits: demo.Digits) -> None:
    """Print accuracy, probability and log loss for speakers who were left out."""
    pipeline = clone(joblib.load(model))
    unfitted = demo.searched_pipeline(digits.bunch.sampling_rate)[1:-1]  # as before it was saved
    classifier = Pipeline([*unfitted.steps, pipeline.steps[-1]])
    X, y, speaker = digits.bunch.data, digits.bunch.target, digits.bunch.speaker
    with parallel_config(backend="threading", n_jobs=-1):
        features = pipeline[:1].fit_transform(X)
    rows = []
    print(f"{'speaker':10}{'accuracy':>9}{'probability':>13}{'log loss':>10}{'uncalibrated:':>15}")
    for name in np.unique(speaker):
        train, test = speaker != name, speaker == name
        rest = clone(classifier).fit(features[train], y[train])
        before = rest.predict_proba(features[test])
        demo.calibrate(rest, features[train], y[train], speaker[train])
        after = rest.predict_proba(features[test])
        row = [np.mean(rest.predict(features[test]) == y[test])]
        for probabilities in after, before:
            row += [probabilities.max(axis=1).mean(), log_loss(y[test], probabilities)]
        rows.append(row)
        print_row(name, row)
    print_row("mean", np.mean(rows, axis=0))


def print_row(name: str, row: list[float] | np.ndarray) -> None:
    """Print one speaker."""
    print(f"{name:10}{row[0]:9.1%}{row[1]:13.2f}{row[2]:10.2f}{row[3]:15.2f}{row[4]:8.2f}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", help="path or URL of a copy of the archive")
    parser.add_argument("--data-home", help="folder of downloaded data sets")
    parser.add_argument("--model", type=Path, help="model.joblib of an earlier demo")
    arguments = parser.parse_args()
    where = {"source": arguments.source, "data_home": arguments.data_home}
    digits = demo.Digits(fetch_fsdd(**where, n_times=None))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = arguments.model
        if model is None:
            options = ["--data", "fsdd", "--out", name]
            for option, value in where.items():
                options += [f"--{option.replace('_', '-')}", value] if value else []
            assert skscatter(["demo", *options]) == 0
            model = folder / "model.joblib"
            print()
        table_of_forms(model, digits, folder)
        print()
        table_of_speakers(model, digits)


if __name__ == "__main__":
    main()
