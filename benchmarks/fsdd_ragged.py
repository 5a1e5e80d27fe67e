"""Recordings of different lengths: time, accuracy on the official split and on unknown speakers.

The figures in README.md, docs/performance.md and docs/guide/signals.md come from::

    python benchmarks/fsdd_ragged.py

The Free Spoken Digit Dataset is downloaded, or read from an archive::

    python benchmarks/fsdd_ragged.py --source free-spoken-digit-dataset-1.0.10.zip

Parameters are chosen on training data: for the official test part in five folds of the training
part, and for each speaker by leaving out each of the other five speakers in turn.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from joblib import effective_n_jobs
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D
from skscatter.datasets import fetch_fsdd

EXAMPLE = {"J": 8, "Q": 12}
FRAMES = {"T": 256, "stride": 64}
GRID = {
    "logscattering1d__J": [8, 9],
    "logscattering1d__Q": [(2, 2), (4, 2), 8],
    "logscattering1d__n_segments": [5, 8],
    "logisticregression__C": [0.1, 1.0],
}


def time_both(own: list, common: np.ndarray, n_jobs: int, rounds: int) -> None:
    """Print the time of the transform at the recordings' own lengths and at a common length."""
    transformer = LogScattering1D(**EXAMPLE, n_jobs=n_jobs)
    seconds = np.empty((rounds, 2))
    for row in seconds:
        for i, signals in enumerate((own, common)):
            transformer.fit(signals)
            start = time.perf_counter()
            transformer.transform(signals)
            row[i] = time.perf_counter() - start
    ragged, padded = seconds.min(axis=0)
    mean = np.mean([len(x) for x in own])
    print(f"{len(own)} recordings, {EXAMPLE}, {n_jobs} threads, best of {rounds} rounds")
    print(f"  at their own lengths, {mean:.0f} samples on average: {ragged:.2f} s")
    print(f"  at the common length of {common.shape[1]} samples: {padded:.2f} s")
    print(f"  ratio {ragged / padded:.2f} (in the first round {seconds[0, 0] / seconds[0, 1]:.2f})")


def search(
    X: list, y: np.ndarray, splits: list, store: Path, n_jobs: int, grid: dict
) -> GridSearchCV:
    """Choose parameters by cross-validation, and fit the best ones on all training data."""
    pipe = make_pipeline(
        LogScattering1D(**FRAMES, memory=store),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    )
    return GridSearchCV(pipe, grid, cv=splits, n_jobs=n_jobs).fit(X, y)


def report(name: str, found: GridSearchCV, accuracy: float) -> None:
    """Print the accuracy and the chosen parameters."""
    chosen = {key.split("__")[1]: value for key, value in found.best_params_.items()}
    print(f"  {name:<10} {accuracy:7.2%}   {found.best_score_:7.2%}   {chosen}", flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", help="path or URL of a copy of the archive")
    parser.add_argument("--data-home", help="folder of downloaded data sets")
    parser.add_argument("--n-jobs", type=int, default=-1)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    where = {"source": arguments.source, "data_home": arguments.data_home}
    n_jobs = effective_n_jobs(arguments.n_jobs)
    digits = fetch_fsdd(**where, n_times=None)
    time_both(digits.data, fetch_fsdd(**where).data, n_jobs, arguments.rounds)

    y, speaker = digits.target, digits.speaker

    def part(rows: np.ndarray) -> list:
        return [digits.data[i] for i in rows]

    def judge(name, train, test, splitter, store, grid) -> float:
        groups = speaker[train] if isinstance(splitter, LeaveOneGroupOut) else None
        splits = list(splitter.split(train, y[train], groups))
        found = search(part(train), y[train], splits, store, n_jobs, grid)
        accuracy = found.score(part(test), y[test])
        report(name, found, accuracy)
        return accuracy

    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "features.sqlite")
        print("\nOwn lengths, linear classifier: test accuracy, accuracy in the folds, parameters")
        train, test = np.flatnonzero(digits.train), np.flatnonzero(digits.test)
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        judge("official", train, test, folds, store, GRID)
        for title, grid in (
            ("Unknown speakers", GRID),
            ("Unknown speakers, mean over time only", GRID | {"logscattering1d__n_segments": [1]}),
        ):
            print(title)
            accuracies = [
                judge(
                    name,
                    np.flatnonzero(speaker != name),
                    np.flatnonzero(speaker == name),
                    LeaveOneGroupOut(),
                    store,
                    grid,
                )
                for name in np.unique(speaker)
            ]
            print(f"  {'mean':<10} {np.mean(accuracies):7.2%}")


if __name__ == "__main__":
    main()
