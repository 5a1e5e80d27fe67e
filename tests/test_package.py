import re
import subprocess
import sys
from pathlib import Path

import pytest

import skscatter
from skscatter._estimators import scattering as _transformer

PACKAGE = Path(skscatter.__file__).parent


def test_all_is_the_public_surface():
    assert dir(skscatter) == sorted(skscatter.__all__)
    for name in skscatter.__all__:
        assert getattr(skscatter, name) is not None
    public = {name for name, value in vars(_transformer).items() if isinstance(value, type)}
    assert {name for name in public if name.endswith("Scattering1D")} < set(skscatter.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Scattering2D'"):
        _ = skscatter.Scattering2D


@pytest.mark.parametrize("module", ["skscatter", "skscatter.datasets"])
def test_import_brings_no_optional_library(module):
    # scikit-learn itself imports pandas where it is installed: what it brings does not count.
    code = (
        "import sys, sklearn.base, sklearn.utils.validation; before = set(sys.modules)\n"
        f"import {module}; print(*set(sys.modules) - before)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "skscatter" in loaded
    optional = {"torch", "numba", "matplotlib", "dask", "pandas", "polars", "soundfile", "soxr"}
    assert not optional & set(loaded)


def test_version_is_in_one_place():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+)?", skscatter.__version__)
    elsewhere = [
        path.name
        for path in [*PACKAGE.rglob("*.py"), PACKAGE.parent / "pyproject.toml"]
        if path.exists() and f'"{skscatter.__version__}"' in path.read_text(encoding="utf-8")
    ]
    assert elsewhere == ["__init__.py"]


def test_mathematics_runs_without_scikit_learn():
    code = (
        "import sys; sys.modules['sklearn'] = sys.modules['joblib'] = None\n"
        "import numpy as np\n"
        "from skscatter._backends.engines import get_engine\n"
        "from skscatter._scattering.settings import resolve\n"
        "from skscatter._signals.rows import SignalArray, group_by_grid, group_by_length\n"
        "settings, signals = resolve(100), SignalArray(np.ones((2, 100), 'float32'))\n"
        "runs, rows = group_by_length(settings, signals.row_lengths), range(2)\n"
        "for grid, rows in group_by_grid(runs, rows):\n"
        "    engine = get_engine(settings, grid, 'float32')\n"
        "    print(engine(signals.block(rows), runs).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(2, ")
