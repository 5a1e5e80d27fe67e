"""Scattering and MiniRocket on the data sets that aeon ships, with the same linear classifier.

The table of docs/guide/signals.md comes from::

    pip install . aeon
    python benchmarks/timeseries.py

Use a separate environment, because aeon has upper bounds for NumPy and SciPy.

Each data set has its official split. The features are followed by `StandardScaler` and a ridge
classifier that chooses its penalty by leave-one-out, as is usual with MiniRocket. Scattering runs
with one setting for all data sets, and with the best setting of a grid in cross-validation on the
training part. The search is timed separately. MiniRocket is random, so it runs with several seeds.
It accepts series of one length only, so aeon stretches other series to the mean length. Everything
runs on one thread, and compilation is not counted.
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
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skscatter import LogScattering1D

DATA_SETS = [
    "ACSF1",
    "ArrowHead",
    "BasicMotions",
    "GunPoint",
    "ItalyPowerDemand",
    "JapaneseVowels",
    "OSULeaf",
    "PickupGestureWiimoteZ",
]
# Scales are given in octaves below the length of the shortest series. Four frames per scale keep
# the position of events in these short series.
OCTAVES = [1, 2, 3]
GRID = {"Q": [1, 4], "n_segments": [1, 4, 16], "log_eps": [0.1, 0.001]}


def with_classifier(*steps: Any) -> Pipeline:
    """Append the classifier to the features."""
    ridge = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
    return make_pipeline(*steps, StandardScaler(), ridge)


def scattering(length: int, octaves: int) -> LogScattering1D:
    """Make a transformer for series of at least `length` samples."""
    J = max(1, length.bit_length() - 1 - octaves)
    T = max(1, 2 ** (J - 2))
    return LogScattering1D(J=J, Q=1, T=T, include_order0=True, n_segments=4, log_eps=0.1)


def search(X: Any, y: np.ndarray, length: int) -> Pipeline:
    """Choose the parameters of scattering on the training part."""
    folds = min(5, np.unique(y, return_counts=True)[1].min())
    grid = [
        {"logscattering1d": [scattering(length, octaves)]}
        | {f"logscattering1d__{name}": values for name, values in GRID.items()}
        for octaves in OCTAVES
    ]
    splits = StratifiedKFold(folds, shuffle=True, random_state=0)
    found = GridSearchCV(with_classifier(scattering(length, 2)), grid, cv=splits, refit=False)
    return with_classifier(scattering(length, 2)).set_params(**found.fit(X, y).best_params_)


def judge(model: Pipeline, train: tuple, test: tuple) -> dict[str, float]:
    """Fit and score a model, and time both together."""
    start = time.perf_counter()
    accuracy = model.fit(*train).score(*test)
    return {"accuracy": accuracy, "seconds": time.perf_counter() - start}


def compare(name: str, n_seeds: int) -> dict[str, Any]:
    """Measure both methods on one data set."""
    train, test = (load_classification(name, split=part) for part in ("train", "test"))
    lengths = [x.shape[-1] for x in train[0]]
    to_one_length = [] if min(lengths) == max(lengths) else [Resizer(int(np.mean(lengths)))]
    rockets = [
        judge(with_classifier(*to_one_length, MiniRocket(random_state=seed)), train, test)
        for seed in range(n_seeds)
    ]
    start = time.perf_counter()
    chosen = search(*train, min(lengths))
    seconds = time.perf_counter() - start
    transformer = chosen[0]
    return {
        "data set": name,
        "series": f"{len(train[1])} + {len(test[1])}",
        "length": f"{min(lengths)}" + (f" to {max(lengths)}" if to_one_length else ""),
        "channels": len(train[0][0]),
        "classes": len(set(train[1])),
        "MiniRocket": {key: float(np.mean([r[key] for r in rockets])) for key in rockets[0]},
        "one setting": judge(with_classifier(scattering(min(lengths), 2)), train, test),
        "searched": judge(chosen, train, test) | {"search seconds": seconds},
        "chosen": {key: getattr(transformer, key) for key in ("J", *GRID)},
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-sets", nargs="+", default=DATA_SETS, choices=DATA_SETS)
    parser.add_argument("--seeds", type=int, default=5, help="runs of MiniRocket")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    arguments = parser.parse_args()
    # Some scales of the grid are too small for some values of Q.
    warnings.filterwarnings("ignore", "J=.* leaves no room", UserWarning)
    rows = []
    with threadpool_limits(1):
        compare("ItalyPowerDemand", 1)  # compile first
        print("| data set | series | size | MiniRocket | one setting | searched | chosen |")
        print("|---|---|---|---|---|---|---|")
        for name in arguments.data_sets:
            row = compare(name, arguments.seeds)
            rows.append(row)
            cells = [
                f"{row[each]['accuracy']:.1%}, {row[each]['seconds']:.2g} s"
                for each in ("MiniRocket", "one setting", "searched")
            ]
            cells[-1] += f" (search {row['searched']['search seconds']:.0f} s)"
            chosen = ", ".join(f"{key}={value}" for key, value in row["chosen"].items())
            shape = f"{row['channels']} x {row['length']}"
            print("|", " | ".join([name, row["series"], shape, *cells, chosen]), "|", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
