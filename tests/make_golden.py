"""Compute the golden table by the definition of scattering: ``python tests/make_golden.py``.

`tests/oracle.py` computes it in the time domain, without FFTs and without subsampling. The table
changes only together with `skscatter._scattering.settings.NUMERICS`.
"""

import json
from pathlib import Path

import numpy as np
import oracle

from skscatter._scattering.layout import lay_out
from skscatter._scattering.paths import path_names, paths_of
from skscatter._scattering.settings import NUMERICS, resolve

TABLE = Path(__file__).parent / "golden.json"

# Signals without random numbers: a chirp and an amplitude-modulated tone, each with an offset.
t = np.arange(400) / 400
SIGNALS = {
    "chirp": np.sin(2 * np.pi * (10 * t + 75 * t**2)) + 0.25,
    "modulated": (1 + 0.8 * np.cos(2 * np.pi * 9 * t)) * np.sin(2 * np.pi * 90 * t) - 0.125,
}
SETTINGS = {
    "J5-Q8": {"J": 5, "Q": 8},
    "J4-Q4,2-T40-zero": {"J": 4, "Q": (4, 2), "T": 40.0, "padding": "zero"},
    "J6-Q1-periodic": {"J": 6, "Q": 1, "padding": "periodic"},
}
FRAME_STEP = 40  # the table has every 40th frame
LOG_EPS = 1e-3


def parameters_of(setting):
    """Parameters of `Scattering1D` for a row of the table, without subsampling."""
    return {"stride": 1, "include_order0": True, **SETTINGS[setting]}


def by_definition(x, setting):
    """Coefficients of one signal, (n_paths, n_frames), and the names of the paths."""
    settings = resolve(len(x), **parameters_of(setting))
    paths = paths_of(settings)
    S = oracle.scatter(x, paths, lay_out(settings, len(x)), settings.T, settings.padding)
    return S, path_names(paths, None)


def log_features(S):
    """Mean over time of the logarithm, for orders 1 and 2."""
    return np.log(S[1:] + LOG_EPS).mean(axis=1)


def rounded(values):
    """Round to twelve digits, the accuracy of the oracle."""
    return [float(f"{value:.12g}") for value in values]


def main():
    rows = {}
    for setting in SETTINGS:
        for name, x in SIGNALS.items():
            S, paths = by_definition(x, setting)
            rows[f"{setting} {name}"] = {
                "paths": paths,
                "coefficients": [rounded(row) for row in S[:, ::FRAME_STEP]],
                "log_features": rounded(log_features(S)),
            }
    TABLE.write_text(json.dumps({"numerics": NUMERICS, "rows": rows}, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
