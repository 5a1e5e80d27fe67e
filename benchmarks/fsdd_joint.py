"""Plain and joint scattering on spoken digits of speakers that were not heard in training.

The figures in docs/guide/motion.md come from::

    python benchmarks/fsdd_joint.py

The Free Spoken Digit Dataset is downloaded, or read from an archive::

    python benchmarks/fsdd_joint.py --source free-spoken-digit-dataset-1.0.10.zip

Each of the six speakers is left out in turn. Nothing is chosen here: the settings were found on the
same recordings. Features are computed once, because the transforms learn nothing from recordings.
"""

import argparse

import numpy as np
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline

from skscatter import LogScattering1D, LogTimeFrequencyScattering
from skscatter.datasets import fetch_fsdd

COMMON = {"J": 9, "trim": 25, "include_order0": False, "sampling_rate": 8000}
PLAIN = LogScattering1D(Q=(2, 2), T=256, n_segments=8, **COMMON)
JOINT = {"Q": 8, "T": 64, "F": 2, "n_segments": 5, "parts": ("first", "joint"), **COMMON}
SLOW = 60  # Hz; faster modulations added nothing


def joint_features(X: list, n_jobs: int) -> np.ndarray:
    """Features of the first order, and of slow modulations of the second."""
    model = LogTimeFrequencyScattering(**JOINT, n_jobs=n_jobs).fit(X)
    return model.transform(X)[:, ~(model.features_["modulation"] > SLOW)]


def main() -> None:
    """Print the accuracies."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", help="path or URL of a copy of the archive")
    parser.add_argument("--data-home", help="folder of downloaded data sets")
    parser.add_argument("--n-jobs", type=int, default=-1)
    arguments = parser.parse_args()
    digits = fetch_fsdd(source=arguments.source, data_home=arguments.data_home, n_times=None)
    X, y, speaker = digits.data, digits.target, digits.speaker

    plain = PLAIN.set_params(n_jobs=arguments.n_jobs).fit_transform(X)
    joint = joint_features(X, arguments.n_jobs)
    # There are more features than recordings. The rotation by PCA keeps all that they span.
    model = make_pipeline(PCA(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3))
    print("| features | number | mean | " + " | ".join(np.unique(speaker)) + " |")
    print("| --- " * (3 + len(np.unique(speaker))) + "|")
    for name, features in {
        "plain": plain,
        "joint": joint,
        "both": np.hstack([plain, joint]),
    }.items():
        # Groups are left out in the order of their names.
        scores = 100 * cross_val_score(model, features, y, groups=speaker, cv=LeaveOneGroupOut())
        row = " | ".join(f"{score:.1f}" for score in scores)
        print(f"| {name} | {features.shape[1]} | {scores.mean():.2f} | {row} |", flush=True)


if __name__ == "__main__":
    main()
