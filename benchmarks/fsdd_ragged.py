"""Recordings of different lengths: time, and accuracy of plain and joint scattering.

The figures in docs/performance.md, docs/guide/signals.md and docs/guide/motion.md come from::

    python benchmarks/fsdd_ragged.py

The Free Spoken Digit Dataset is downloaded, or read from an archive::

    python benchmarks/fsdd_ragged.py --source free-spoken-digit-dataset-1.0.10.zip

Accuracies are those of the official test part, whose speakers are in the training part, and of each
speaker after training on the other five. Settings are chosen on training data alone: for the
official part in five folds of the training part, and for each speaker by leaving out each of the
other five in turn. The setting with the best mean over the folds is fitted to all training data.

Features are computed once for each setting, because the transforms learn nothing from recordings.
The classifier is linear discriminant analysis with a shrunk covariance. There are more features
than recordings, so it works with the Gram matrix of the features. Gram matrices of plain and of
joint features add up to that of both.
"""

import argparse
import time
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, StratifiedKFold
from sklearn.pipeline import FeatureUnion

from skscatter import LogScattering1D, LogTimeFrequencyScattering, SelectPaths
from skscatter.datasets import fetch_fsdd

EXAMPLE = {"J": 8, "Q": 12}
COMMON = {"J": 9, "trim": 25, "include_order0": False, "sampling_rate": 8000}
PLAIN = {"Q": (2, 2), "T": 256}
JOINT = {"Q": 8, "T": 64, "n_segments": 5}
SLOW = (None, 60)  # Hz; faster modulations are the pitch of the voice

# What is chosen: all combinations. If both kinds of features are used, those of both kinds.
PLAIN_GRID = [{"n_segments": n} for n in (5, 8)]
JOINT_GRID = [{"F": F} for F in (2, 4)]
SHRINKAGES = [0.1, 0.3]


class Features(NamedTuple):
    """Features of all recordings, as far as a linear classifier needs them."""

    setting: dict[str, Any]
    gram: np.ndarray
    number: int

    def beside(self, other: "Features") -> "Features":
        """Join the features of two settings."""
        setting = self.setting | other.setting
        return Features(setting, self.gram + other.gram, self.number + other.number)


class GramDiscriminant(ClassifierMixin, BaseEstimator):
    """``LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)`` of a Gram matrix.

    The covariance is ``S = (1 - a) R'R / n + b I``, where ``R`` are the features about the means of
    their classes, ``a`` is the shrinkage and ``b`` is ``a`` times the mean variance. The Woodbury
    identity needs only products of recordings: ``S**-1 = (I - R' (RR' + c I)**-1 R) / b``, with
    ``c = b n / (1 - a)``.
    """

    def __init__(self, n_features: int, shrinkage: float = 0.3) -> None:
        self.n_features = n_features
        self.shrinkage = shrinkage

    def __sklearn_tags__(self) -> Any:
        """Tell a search to select columns of the matrix, too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = True
        return tags

    def fit(self, gram: np.ndarray, y: np.ndarray) -> "GramDiscriminant":
        """Fit to the products of recordings with each other."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        members = np.eye(len(self.classes_))[codes]
        counts = members.sum(0)
        mean = members / counts  # gram @ mean are products with the means of the classes
        with_means = gram @ mean
        centred = gram - members @ (mean.T @ gram)
        within = centred - (centred @ mean) @ members.T  # RR'
        ridge = self.shrinkage * np.trace(within) / (len(y) * self.n_features)
        within[np.diag_indices(len(y))] += ridge * len(y) / (1 - self.shrinkage)
        right = with_means - members @ (mean.T @ with_means)
        solved = scipy.linalg.solve(within, right, assume_a="pos", overwrite_a=True)
        self.weights_ = (mean - solved + mean @ (members.T @ solved)) / ridge
        self.intercept_ = np.log(counts / len(y)) - (with_means * self.weights_).sum(0) / 2
        return self

    def predict(self, gram: np.ndarray) -> np.ndarray:
        """Predict classes from products with the recordings of `fit`."""
        return self.classes_[(gram @ self.weights_ + self.intercept_).argmax(1)]


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


def compute(
    signals: list, kind: str, part: str, setting: dict[str, Any], transformer: Any
) -> Features:
    """Compute features of all recordings, and print how long it took."""
    start = time.perf_counter()
    X = transformer.fit_transform(signals)
    took = time.perf_counter() - start
    X = X - X.mean(0)  # changes no class, and makes the products more accurate
    print(f"  {kind}, {part:<12}{X.shape[1]:6} features  {took:6.1f} s  {setting}", flush=True)
    return Features({kind: setting}, (X @ X.T).astype(float), X.shape[1])


def candidates(signals: list, n_jobs: int) -> dict[str, list[Features]]:
    """Compute the features to choose from: plain, joint and both side by side."""
    plain, joint, both = [], [], []
    for setting in PLAIN_GRID:
        transformer = LogScattering1D(**PLAIN, **setting, **COMMON, n_jobs=n_jobs)
        plain.append(compute(signals, "plain", "orders 1, 2", setting, transformer))
    for setting in JOINT_GRID:
        first, frequency, motion = (
            LogTimeFrequencyScattering(parts=part, **JOINT, **setting, **COMMON, n_jobs=n_jobs)
            for part in ("first", "frequency", "joint")
        )
        slow = SelectPaths(motion, modulation=SLOW)
        union = FeatureUnion([("spectrum", frequency), ("motion", slow)])
        moving = compute(signals, "joint", "the rest", setting, union)
        joint.append(compute(signals, "joint", "order 1", setting, first).beside(moving))
        both += [each.beside(moving) for each in plain]
    return {"plain": plain, "joint": joint, "both": both}


def search(
    features: list[Features], train: np.ndarray, y: np.ndarray, splits: list
) -> tuple[Features, GridSearchCV]:
    """Choose features and shrinkage in folds of the training part."""
    found = []
    for each in features:
        model = GridSearchCV(GramDiscriminant(each.number), {"shrinkage": SHRINKAGES}, cv=splits)
        found.append((each, model.fit(each.gram[np.ix_(train, train)], y[train])))
    return max(found, key=lambda pair: pair[1].best_score_)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", help="path or URL of a copy of the archive")
    parser.add_argument("--data-home", help="folder of downloaded data sets")
    parser.add_argument("--n-jobs", type=int, default=-1)
    parser.add_argument("--rounds", type=int, default=3, help="0: no times")
    arguments = parser.parse_args()
    where = {"source": arguments.source, "data_home": arguments.data_home}
    n_jobs = effective_n_jobs(arguments.n_jobs)
    digits = fetch_fsdd(**where, n_times=None)
    if arguments.rounds:
        time_both(digits.data, fetch_fsdd(**where).data, n_jobs, arguments.rounds)
    y, speaker = digits.target, digits.speaker

    print("\nFeatures")
    kinds = candidates(digits.data, n_jobs)
    tests = {"official": digits.test} | {name: speaker == name for name in np.unique(speaker)}
    for kind, features in kinds.items():
        print(f"\n{kind}: test accuracy, accuracy in the folds, parameters")
        scores = {}
        for name, test in tests.items():
            train = np.flatnonzero(~test)
            if name == "official":
                folds = StratifiedKFold(5, shuffle=True, random_state=0).split(train, y[train])
            else:
                folds = LeaveOneGroupOut().split(train, groups=speaker[train])
            chosen, best = search(features, train, y, list(folds))
            scores[name] = best.score(chosen.gram[np.ix_(test, ~test)], y[test])
            print(
                f"  {name:<10}{scores[name]:7.2%}   {best.best_score_:7.2%}   "
                f"{best.best_params_ | chosen.setting}",
                flush=True,
            )
        speakers = [score for name, score in scores.items() if name != "official"]
        print(f"  {'mean':<10}{np.mean(speakers):7.2%}   lowest {min(speakers):.2%}")


if __name__ == "__main__":
    main()
