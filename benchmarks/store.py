"""What the row store saves: a grid search on the Free Spoken Digit Dataset, with and without it.

Five folds, J in {7, 8, 9} and Q in {8, 12}, in processes::

    python benchmarks/store.py
    python benchmarks/store.py --source free-spoken-digit-dataset-1.0.10.zip --json store.json
    python benchmarks/store.py --n-signals 60 --n-times 1024  # to see it run

There are three searches: without a store, with a new one, and with the same one after a change of
the classifier, which leaves the scattering as it is. The first two must give the same scores.

"Scattering" is the time that worker processes spend inside ``transform``, added up: signals to
features, keys, lookups, writing, and waiting for rows that another worker computes. Wall-clock time
counts a worker that waits like one that computes. On a shared machine, processor time (of the one
thread that each worker has) is more reliable. Only the total includes the classifier. BLAS has one
thread everywhere.

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
LOG = "SKSCATTER_BENCHMARK_LOG"  # names a file; workers inherit it


class TimedScattering(LogScattering1D):
    """Note the time of each `transform`, in whatever process it runs."""

    def transform(self, X: np.ndarray) -> np.ndarray:  # noqa: D102
        start, cpu_start = time.perf_counter(), time.thread_time()
        with one_blas_thread():
            features = super().transform(X)
        clock, cpu = time.perf_counter() - start, time.thread_time() - cpu_start
        with Path(os.environ[LOG]).open("a") as file:  # one short line: written at once
            file.write(f"{clock} {cpu} {len(X)}\n")
        return features


class OneThreadRegression(LogisticRegression):
    """A regression that does not compete with its neighbours for cores."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "OneThreadRegression":  # noqa: D102
        with one_blas_thread():
            return super().fit(X, y)


def search(
    X: np.ndarray, y: np.ndarray, *, memory: RowStore | None, C: float, n_jobs: int, folder: Path
) -> tuple[dict[str, float], GridSearchCV]:
    """Run one search; return seconds and rows, and the search."""
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
    """Microseconds to compute a row, and to find it."""
    times: dict[str, list[float]] = {"compute": [], "find": []}
    for _ in range(n_rounds):
        for what, store in ("compute", None), ("find", memory):
            transformer = TimedScattering(backend="numpy", n_jobs=1, memory=store, **parameters)
            transformer.fit(X[:1])
            start = time.perf_counter()
            transformer.transform(X)
            times[what].append((time.perf_counter() - start) / len(X) * 1e6)
    return {what: min(values) for what, values in times.items()}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", help="path or URL of a copy of the archive")
    parser.add_argument("--data-home")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--n-signals", type=int, help="noise instead of the data set, to try out")
    parser.add_argument("--n-times", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    arguments = parser.parse_args()

    if arguments.n_signals:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((arguments.n_signals, arguments.n_times)).astype(np.float32)
        y = np.arange(len(X)) % 2
    else:
        digits = fetch_fsdd(
            source=arguments.source, data_home=arguments.data_home, n_times=arguments.n_times
        )
        X, y = digits.data[digits.train], digits.target[digits.train]
    print(f"{len(X)} signals of {X.shape[1]} samples, {arguments.n_jobs} processes", flush=True)

    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        store = RowStore(Path(name, "cache"))
        searches = []
        print(f"{'':30}{'total s':>9}{'scattering s':>14}{'of it cpu':>11}{'rows':>8}", flush=True)
        for title, memory, C in [
            ("without a store", None, 1.0),
            ("with a new store", store, 1.0),
            ("with it, another classifier", store, 0.1),
        ]:
            figures[title], grid = search(
                X, y, memory=memory, C=C, n_jobs=arguments.n_jobs, folder=Path(name)
            )
            searches.append(grid)
            total, scattering, cpu, rows = figures[title].values()
            print(f"{title:30}{total:9.1f}{scattering:14.1f}{cpu:11.1f}{rows:8}", flush=True)
        runs = list(figures.values())
        factors = figures["factors"] = {}
        for what, unit in ("scattering", "on the clock"), ("cpu", "in processor time"):
            without, new, again = (run[what] for run in runs)
            factors[what] = {"new": without / new, "again": without / again}
            print(f"Scattering is {without / new:.2f} times cheaper {unit} with a new store,")
            print(f"and {without / again:.1f} times after a change of the classifier alone.")

        best = {name.split("__")[1]: value for name, value in searches[1].best_params_.items()}
        figures["lookup"] = cost = lookup_cost(X, best, store, arguments.rounds)
        print(
            f"{best}: {cost['compute']:.0f} microseconds to compute a row, {cost['find']:.0f} to "
            f"find it: {cost['find'] / cost['compute']:.2%}"
        )
        info = store.info()
        figures["store"] = {"rows": info.rows, "bytes": info.bytes}
        print(f"The store holds {info.rows} rows in {info.bytes / 2**20:.1f} MiB.")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    for fold in range(5):
        scores = [grid.cv_results_[f"split{fold}_test_score"] for grid in searches[:2]]
        np.testing.assert_array_equal(*scores)
    print("The scores of all folds are the same with and without a store.")


if __name__ == "__main__":
    main()
