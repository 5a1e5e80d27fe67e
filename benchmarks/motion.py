"""Plain scattering, joint scattering, and both, on signals other than speech.

The figures in docs/guide/motion.md come from::

    pip install ".[fast]" aeon
    python benchmarks/motion.py --ecg folder

The data and their splits are those of `benchmarks/defaults.py`: nine sets of series that aeon
bundles, each in the published split and four resamples, and beats of an ECG in five folds. Nothing
is chosen: the transforms have their defaults, and joint scattering beside plain scattering leaves
out what plain scattering has. The figure for speech comes from `benchmarks/fsdd_ragged.py`.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from defaults import SERIES, DataSet, ecg, series
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D, LogTimeFrequencyScattering

PLAIN = LogScattering1D()
JOINT = LogTimeFrequencyScattering()
BESIDE = LogTimeFrequencyScattering(parts=("frequency", "joint"), include_order0=False)
# There are more features than signals. PCA keeps all that they span.
CLASSIFIER = make_pipeline(
    StandardScaler(), PCA(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)
)


def accuracies(data: DataSet) -> tuple[list[float], list[int]]:
    """Return the mean accuracy with each kind of features, and their numbers."""
    plain, joint, beside = (
        clone(each).fit_transform(data.signals) for each in (PLAIN, JOINT, BESIDE)
    )
    kinds = [plain, joint, np.hstack([plain, beside])]
    splits = [split for group in data.tests.values() for each in group.values() for split in each]
    scores = []
    for X in kinds:
        found = []
        for train, test in splits:
            model = clone(CLASSIFIER).fit(X[train], data.labels[train])
            found.append(data.score(data.labels[test], model.predict(X[test])))
        scores.append(100 * float(np.mean(found)))
    return scores, [X.shape[1] for X in kinds]


def main() -> None:
    """Print the accuracies."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ecg", type=Path, help="folder of record 100")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*scale.*|.*shorter.*|.*short for.*")
    sets = [series(name, 5) for name in SERIES]
    sets += [ecg(arguments.ecg)] if arguments.ecg else []
    print("| data | plain | joint | both | features |\n| --- | --- | --- | --- | --- |")
    every = []
    for data in sets:
        scores, numbers = accuracies(data)
        every.append(scores)
        row = [data.name, *(f"{score:.1f}" for score in scores), ", ".join(map(str, numbers))]
        print(f"| {' | '.join(row)} |", flush=True)
    mean = np.mean(every[: len(SERIES)], axis=0)
    print(f"| mean of the series | {' | '.join(f'{score:.1f}' for score in mean)} | |")


if __name__ == "__main__":
    main()
