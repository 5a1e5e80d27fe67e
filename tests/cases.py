"""Signals and parameters for which every backend gives the same numbers."""

import numpy as np

from skscatter._backends.choice import KYMATIO, NUMPY
from skscatter._backends.engines import build_engine
from skscatter._scattering.layout import lay_out
from skscatter._scattering.workspace import Workspaces

# The precisions, and the largest relative error of each against kymatio's NumPy front end.
PRECISIONS = [("float64", 1e-12), ("float32", 1e-6)]

# Lengths (odd, prime, powers of two) with scales, quality factors and averaging scales.
CASES = [
    (2, {"J": 0}),
    (3, {"J": 1, "Q": 1}),
    (5, {"J": 2, "Q": 1}),
    (7, {"J": 0, "Q": (4, 2)}),
    (100, {"J": 3, "Q": 8}),
    (101, {"J": 4, "Q": 1}),
    (128, {"J": 7, "Q": 4}),
    (997, {"J": 5, "Q": (8, 2)}),
    (1000, {"J": 9, "Q": 8, "max_order": 1}),
    (1024, {"J": 6, "Q": 8, "T": 1}),
    (1023, {"J": 6, "Q": 8, "T": 1000}),
    (4096, {"J": 4, "Q": 8, "T": 16}),
    (5000, {"J": 10, "Q": 8, "T": 3.7}),
    (8192, {"J": 8, "Q": 12}),
    (8192, {"J": 8, "Q": 12, "stride": 1024}),
    (20000, {"J": 9, "Q": (16, 1), "T": 300}),
]

# Where the released kymatio samples all layers finely enough that rates do not matter.
FINE_STRIDES = [(600, {"J": 4, "Q": 8, "stride": 1}), (777, {"J": 5, "Q": 1, "stride": 4})]


def name_of(case):
    n_times, parameters = case
    return "-".join([str(n_times), *(f"{name}{value}" for name, value in parameters.items())])


def noise(n_times, n_signals=3, dtype=np.float64):
    return np.random.default_rng(n_times).uniform(-1, 1, (n_signals, n_times)).astype(dtype)


def one_bad(X, position, value):
    """Put a value at one position."""
    X[position] = value
    return X


def relative_error(S, reference):
    return np.linalg.norm(S - reference) / np.linalg.norm(reference)


class OfOneLength:
    """An engine for signals of `n_times` samples, which returns only their own frames."""

    def __init__(self, settings, n_times, dtype="float64", device=NUMPY, build=build_engine):
        self.layout = lay_out(settings, n_times)
        self.engine = build(settings, self.layout.grid, dtype, device)

    def __call__(self, x, n_threads=1):
        groups = [(slice(0, len(x)), self.layout)]
        return self.engine(x, groups, Workspaces(), n_threads)[..., : self.layout.n_frames]


def scattered(settings, x, dtype="float64", device=NUMPY):
    """Coefficients of signals."""
    return OfOneLength(settings, x.shape[-1], dtype, device)(x)


def kymatio(settings, x):
    """Coefficients of signals by kymatio's NumPy front end."""
    return scattered(settings, x, device=KYMATIO)


def without(module):
    """Code to put in front of other code for a process that cannot import a module."""
    return f"""
import sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "{module}":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Finder)
"""
