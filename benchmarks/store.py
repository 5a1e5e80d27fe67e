"""Time of a grid search on the Free Spoken Digit Dataset with and without the row store.

The figures in docs/performance.md come from::

    python benchmarks/store.py

The data set can also be read from an archive. Noise makes a quick run::

    python benchmarks/store.py --source free-spoken-digit-dataset-1.0.10.zip --json store.json
    python benchmarks/store.py --n-signals 60 --n-times 1024

The search has five folds, J in {7, 8, 9} and Q in {8, 12}, and runs in processes. A row of the
store is the cached features of one channel of one signal.

There are three searches: without a store, with a new one, and with the same one after a change of
the classifier, which leaves the scattering as it is. The first two must give the same scores.

"Scattering" is the time that worker processes spend inside ``transform``, added up: signals to
features, keys, lookups, writing, and waiting for rows that another worker computes. Wall-clock time
counts a worker that waits like one that computes. On a shared machine, processor time (of the one
thread that each worker has) is more reliable. Only the total includes the classifier. BLAS has one
thread everywhere.

A second table is about candidates that differ in what follows the coefficients alone: poolings,
numbers of segments, logarithms. They share the stored coefficients. The time to compute the
features of one, four and ten of them is measured, each time with a new store.

The lookup is measured with the best parameters of the search, for all signals, in one process: the
best of several rounds with everything stored, and the best of as many without a store.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D, RowStore
from skscatter._cli.demo import CLASSIFIER
from skscatter._execution.threads import one_blas_thread
from skscatter.datasets import fetch_fsdd

GRID = {"scattering__J": [7, 8, 9], "scattering__Q": [8, 12]}
# Candidates that share their coefficients.
SHARING: list[dict[str, Any]] = [
    {},
    {"pooling": "max"},
    {"n_segments": 8},
    {"log_eps": 1e-3},
    {"pooling": ("mean", "std")},
    {"pooling": "median"},
    {"n_segments": 1},
    {"n_segments": 2},
    {"log_eps": 1e-2},
    {"log_eps": 1e-6},
]
LOG = "SKSCATTER_BENCHMARK_LOG"  # environment variable with the log file, which workers inherit


class TimedScattering(LogScattering1D):
    """Log the time of each `transform` in any process."""

    def transform(self, X: np.ndarray) -> np.ndarray:  # noqa: D102
        start, cpu_start = time.perf_counter(), time.thread_time()
        with one_blas_thread():
            features = super().transform(X)
        clock, cpu = time.perf_counter() - start, time.thread_time() - cpu_start
        with Path(os.environ[LOG]).open("a") as file:  # a short line is written at once
            file.write(f"{clock} {cpu} {len(X)}\n")
        return features


class OneThreadRegression(LogisticRegression):
    """Logistic regression with a single BLAS thread."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "OneThreadRegression":  # noqa: D102
        with one_blas_thread():
            return super().fit(X, y)


def search(
    X: np.ndarray, y: np.ndarray, *, memory: RowStore | None, C: float, n_jobs: int, folder: Path
) -> tuple[dict[str, float], GridSearchCV]:
    """Run one search. Return its seconds and rows, and the search."""
    log = folder / "transforms.txt"
    log.write_text("")
    os.environ[LOG] = str(log)
    pipe = Pipeline(
        [
            ("scattering", TimedScattering(backend="numpy", n_jobs=1, memory=memory)),
            ("scaling", StandardScaler()),
            ("classifier", OneThreadRegression(C=C, **CLASSIFIER)),
        ]
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    grid = GridSearchCV(pipe, GRID, cv=folds, n_jobs=n_jobs, error_score="raise")
    start = time.perf_counter()
    grid.fit(X, y)
    total = time.perf_counter() - start
    clock, cpu, rows = np.loadtxt(log).sum(axis=0)
    return {"total": total, "scattering": clock, "cpu": cpu, "rows": int(rows)}, grid


def lookup_cost(
    X: np.ndarray, parameters: dict[str, Any], memory: RowStore, n_rounds: int
) -> dict[str, float]:
    """Measure the microseconds to compute a row, and to look it up."""
    times: dict[str, list[float]] = {"compute": [], "look up": []}
    for _ in range(n_rounds):
        for what, store in ("compute", None), ("look up", memory):
            transformer = TimedScattering(backend="numpy", n_jobs=1, memory=store, **parameters)
            transformer.fit(X[:1])
            start = time.perf_counter()
            transformer.transform(X)
            times[what].append((time.perf_counter() - start) / len(X) * 1e6)
    return {what: min(values) for what, values in times.items()}


def load_signals(arguments: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Load the training part of the data set, or make noise, with labels."""
    if arguments.n_signals:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((arguments.n_signals, arguments.n_times)).astype(np.float32)
        return X, np.arange(len(X)) % 2
    digits = fetch_fsdd(
        source=arguments.source, data_home=arguments.data_home, n_times=arguments.n_times
    )
    return digits.data[digits.train], digits.target[digits.train]


def compare_searches(
    X: np.ndarray, y: np.ndarray, store: RowStore, n_jobs: int, folder: Path
) -> tuple[dict[str, Any], list[GridSearchCV]]:
    """Run the three searches, and print their times."""
    figures: dict[str, Any] = {}
    searches = []
    print(f"{'':30}{'total s':>9}{'scattering s':>14}{'cpu s':>8}{'rows':>8}", flush=True)
    for title, memory, C in [
        ("without a store", None, 1.0),
        ("with a new store", store, 1.0),
        ("with it, another classifier", store, 0.1),
    ]:
        figures[title], grid = search(X, y, memory=memory, C=C, n_jobs=n_jobs, folder=folder)
        searches.append(grid)
        total, scattering, cpu, rows = figures[title].values()
        print(f"{title:30}{total:9.1f}{scattering:14.1f}{cpu:8.1f}{rows:8}", flush=True)
    times = list(figures.values())
    factors = figures["factors"] = {}
    for what, unit in ("scattering", "wall-clock time"), ("cpu", "processor time"):
        without, new, again = (row[what] for row in times)
        factors[what] = {"new": without / new, "again": without / again}
        print(f"Speed-up of scattering in {unit}: {without / new:.2f} with a new store,")
        print(f"{without / again:.1f} with the same store and another classifier.")
    return figures, searches


def compare_sharing(X: np.ndarray, n_rounds: int, n_jobs: int, folder: Path) -> dict[str, Any]:
    """Print the time of one candidate and of several that share their coefficients."""
    times: dict[int, list[float]] = {1: [], 4: [], len(SHARING): []}
    for number in range(n_rounds):
        for n_candidates, seconds in times.items():
            store = RowStore(folder / f"sharing-{number}-{n_candidates}.sqlite")
            start = time.perf_counter()
            for changes in SHARING[:n_candidates]:
                LogScattering1D(n_jobs=n_jobs, memory=store, **changes).fit_transform(X)
            seconds.append(time.perf_counter() - start)
    best = {str(n_candidates): min(seconds) for n_candidates, seconds in times.items()}
    print("Features of candidates that share their coefficients, with a new store:")
    for n_candidates, seconds in best.items():
        print(f"{n_candidates:>3}: {seconds:.2f} s, {seconds / best['1']:.2f} times those of one")
    return best


def compare_lookup(
    X: np.ndarray, chosen: GridSearchCV, store: RowStore, n_rounds: int
) -> dict[str, float]:
    """Print the time to compute and to look up a row, with the best parameters of a search."""
    best = {name.split("__")[1]: value for name, value in chosen.best_params_.items()}
    cost = lookup_cost(X, best, store, n_rounds)
    print(
        f"{best}: {cost['compute']:.0f} microseconds to compute a row, {cost['look up']:.0f} to "
        f"look it up: {cost['look up'] / cost['compute']:.2%}"
    )
    return cost


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", help="path or URL of a copy of the archive")
    parser.add_argument("--data-home", help="folder of downloaded data sets")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--n-signals", type=int, help="use noise, to try the script")
    parser.add_argument("--n-times", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    arguments = parser.parse_args()

    X, y = load_signals(arguments)
    print(f"{len(X)} signals of {X.shape[1]} samples, {arguments.n_jobs} processes", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        store = RowStore(Path(folder, "cache"))
        figures, searches = compare_searches(X, y, store, arguments.n_jobs, Path(folder))
        figures["lookup"] = compare_lookup(X, searches[1], store, arguments.rounds)
        figures["sharing"] = compare_sharing(X, arguments.rounds, arguments.n_jobs, Path(folder))
        info = store.info()
        figures["store"] = {"rows": info.rows, "bytes": info.bytes}
        print(f"The store holds {info.rows} rows in {info.bytes / 2**20:.1f} MiB.")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for fold in range(5):
        scores = [grid.cv_results_[f"split{fold}_test_score"] for grid in searches[:2]]
        np.testing.assert_array_equal(*scores)
    print("The scores of all folds are the same with and without a store.")


if __name__ == "__main__":
    main()
