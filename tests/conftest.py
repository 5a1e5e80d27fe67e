import json
import os
import sys

# Before anything imports SciPy, so that scikit-learn's checks of array libraries are not skipped.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

from pathlib import Path

import hypothesis
import numpy as np
import pytest

# The same examples in every run and on every machine, however slow.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("suite")

pytest_plugins = ["image_comparison", "reliability"]


def pytest_sessionstart():
    """Forget what was computed, since mutmut forks a process in which the tests have run."""
    for name, module in list(sys.modules.items()):
        if name.startswith("skscatter"):
            for thing in list(vars(module).values()):
                if hasattr(thing, "cache_clear"):
                    thing.cache_clear()


@pytest.fixture(autouse=True)
def auto_is_numpy(monkeypatch):
    """Let backend="auto" mean NumPy, so that tests do the same on every machine."""
    for other in "has_cuda", "has_numba":
        monkeypatch.setattr(f"skscatter._backends.choice.{other}", lambda: False)


@pytest.fixture(autouse=True)
def warnings_are_new():
    """Forget which warnings were given once."""
    from skscatter._estimators.scattering import warn_once

    warn_once.cache_clear()


@pytest.fixture(scope="session")
def fsdd_archive():
    """Path of the real archive of the Free Spoken Digit Dataset."""
    folder = Path(__file__).parents[2] / "shared" / "fsdd"
    archives = sorted(folder.glob("*.zip"))
    if not archives:
        pytest.skip(f"needs the archive of the Free Spoken Digit Dataset in {folder}")
    return archives[0]


@pytest.fixture(scope="session")
def joint_reference():
    """Joint coefficients of kymatio's main branch: for each entry its table and its arrays."""
    folder = Path(__file__).parents[2] / "shared" / "joint"
    if not folder.exists():
        pytest.skip(f"needs the coefficients of kymatio's main branch in {folder}")
    entries = json.loads((folder / "reference.json").read_text(encoding="utf-8"))["entries"]
    with np.load(folder / "reference.npz") as arrays:
        return {
            name: entry | {"x": arrays[f"{name}_x"], "S": arrays[f"{name}_S"]}
            for name, entry in entries.items()
        }
