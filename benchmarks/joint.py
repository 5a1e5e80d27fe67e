"""Time of joint time-frequency scattering, compared with plain scattering.

The figures in docs/performance.md and docs/guide/motion.md come from::

    python benchmarks/joint.py

Signals are float32 noise of 8192 samples, with J=8, Q=8, J_fr=4 and T=256. All transforms run in
turn, in rounds, and each has its best round. A ratio is to plain scattering by the same backend on
as many threads. ``--processor-time`` measures the time of all threads on the processor instead,
for a machine that has other work.
"""

import argparse
import time

import numpy as np

from skscatter import Scattering1D, TimeFrequencyScattering

IN_TIME = {"J": 8, "Q": 8, "T": 256, "n_segments": 1, "include_order0": False}
VARIANTS = {
    "plain": None,
    "reflected, F=16": {"F": 16},
    "reflected, F=4": {"F": 4},
    "reflected, F=2": {"F": 2},
    "zeros, F=16": {"F": 16, "padding_fr": "zero"},
    "zeros, F=4": {"F": 4, "padding_fr": "zero"},
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n-signals", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--backends", nargs="+", default=["numpy", "numba"])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--processor-time", action="store_true")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.processor_time else time.perf_counter
    X = np.random.default_rng(0).standard_normal((arguments.n_signals, 8192), dtype=np.float32)

    transformers = {}
    for backend in arguments.backends:
        for n_jobs in arguments.threads:
            work = {"backend": backend, "n_jobs": n_jobs}
            for name, parameters in VARIANTS.items():
                if parameters is None:
                    transformer = Scattering1D(**IN_TIME, **work)
                else:
                    transformer = TimeFrequencyScattering(**IN_TIME, J_fr=4, **parameters, **work)
                transformer.fit(X).transform(X[:4])  # builds filters
                transformers[backend, n_jobs, name] = transformer
    best = dict.fromkeys(transformers, np.inf)
    for _ in range(arguments.rounds):
        for key, transformer in transformers.items():
            start = clock()
            transformer.transform(X)
            best[key] = min(best[key], clock() - start)

    print("| backend | threads | transform | features | ms per signal | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (backend, n_jobs, name), seconds in best.items():
        n_features = len(transformers[backend, n_jobs, name].features_)
        ratio = seconds / best[backend, n_jobs, "plain"]
        milliseconds = 1000 * seconds / len(X)
        print(
            f"| {backend} | {n_jobs} | {name} | {n_features} | {milliseconds:.2f} | {ratio:.2f} |"
        )


if __name__ == "__main__":
    main()
