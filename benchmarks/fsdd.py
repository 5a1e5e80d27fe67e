"""Accuracy on the Free Spoken Digit Dataset: the published setting, and the search of the demo.

The accuracies in README.md come from::

    python benchmarks/fsdd.py

The data set is downloaded, or read from an archive::

    python benchmarks/fsdd.py --source free-spoken-digit-dataset-1.0.10.zip

The search uses only the training part (recordings 5 to 49 of each speaker and digit). The official
test part (recordings 0 to 4) is scored once.
"""

import argparse

import numpy as np

from skscatter import LogScattering1D
from skscatter._cli.demo import EXAMPLE, EXAMPLE_N_TIMES, load_digits, run_example, run_search


def feature_error(digits: np.ndarray) -> float:
    """Relative difference (Frobenius norm) between the features and those of kymatio."""
    ours, kymatio = (
        LogScattering1D(**EXAMPLE, backend=backend).fit_transform(digits)
        for backend in ("numpy", "kymatio")
    )
    return float(np.linalg.norm(ours - kymatio) / np.linalg.norm(kymatio))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", help="path or URL of a copy of the archive")
    parser.add_argument("--data-home", help="folder of downloaded data sets")
    parser.add_argument("--n-jobs", type=int, default=-1)
    parser.add_argument("--no-search", action="store_true")
    arguments = parser.parse_args()
    where = {"source": arguments.source, "data_home": arguments.data_home}
    digits = load_digits("fsdd", n_times=EXAMPLE_N_TIMES, **where)

    signals = digits.part("test")[0][::10]
    print(f"Published setting: {EXAMPLE}")
    print(f"  {len(signals)} recordings, log features against kymatio's NumPy front end:")
    for dtype in np.float64, np.float32:
        error = feature_error(signals.astype(dtype))
        print(f"  relative error {error:.1e} in {np.dtype(dtype).name}")
    example = run_example(digits, n_jobs=arguments.n_jobs)
    print(f"  accuracy: {example.train_accuracy:.2%} training, {example.test_accuracy:.2%} test")
    if arguments.no_search:
        return

    print("Search on the training part: accuracy on speakers left out")
    result = run_search(
        load_digits("fsdd", **where),
        n_jobs=arguments.n_jobs,
        on_candidate=lambda candidate: print(f"  {candidate}", flush=True),
    )
    print(f"  new speaker, each after a fit to the others: {result.new_speaker_accuracy:.2%}")
    print(f"  accuracy: {result.train_accuracy:.2%} training, {result.test_accuracy:.2%} test")
    print("  seconds: " + ", ".join(f"{step} {t:.0f}" for step, t in result.seconds.items()))


if __name__ == "__main__":
    main()
