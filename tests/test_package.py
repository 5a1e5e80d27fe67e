"""What is public, what importing it brings along, and where its names live."""

import inspect
import pickle
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skscatter
import skscatter.datasets

PACKAGE = Path(skscatter.__file__).parent
PUBLIC = [(module, name) for module in (skscatter, skscatter.datasets) for name in module.__all__]
OPTIONAL = {"torch", "numba", "matplotlib", "dask", "pandas", "polars", "soundfile"}

every_public_name = pytest.mark.parametrize(
    ("module", "name"), PUBLIC, ids=lambda part: getattr(part, "__name__", part)
)


def modules_after(code):
    """Names of the modules that are imported in a new process once it has run `code`."""
    code = f"{code}\nimport sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("module", [skscatter, skscatter.datasets], ids=lambda it: it.__name__)
def test_dir_is_the_public_surface(module):
    assert dir(module) == sorted(module.__all__)
    with pytest.raises(AttributeError, match="Scattering2D"):
        _ = module.Scattering2D


@every_public_name
def test_public_names_have_public_homes(module, name):
    thing = getattr(module, name)
    assert (thing.__module__, thing.__qualname__) == (module.__name__, name)
    assert inspect.getmodule(thing) is module
    assert pickle.loads(pickle.dumps(thing)) is thing


@every_public_name
def test_public_names_are_documented(module, name):
    assert inspect.getdoc(getattr(module, name))


@every_public_name
def test_help_names_types_as_the_code_does(module, name):
    text = pydoc.render_doc(getattr(module, name), renderer=pydoc.plaintext)
    assert not re.search(r"_typing|_array_like|collections\.abc|numpy\.ndarray\[", text)


@pytest.mark.parametrize("module", ["skscatter", "skscatter.datasets", "skscatter._cli.main"])
def test_import_is_light(module):
    loaded = modules_after(f"import {module}")
    assert module in loaded
    assert not loaded & (OPTIONAL | {"sklearn", "scipy", "kymatio", "joblib"})


def test_names_bring_no_optional_library():
    # scikit-learn itself imports pandas where it is installed: what it brings does not count.
    before = modules_after("import sklearn.base, sklearn.utils.validation, sklearn.pipeline")
    after = modules_after("from skscatter import *; from skscatter.datasets import *")
    assert "skscatter._estimators.scattering" in after
    assert not (after - before) & OPTIONAL


def test_version_is_in_one_place():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+)?", skscatter.__version__)
    elsewhere = [
        path.name
        for path in [*PACKAGE.rglob("*.py"), PACKAGE.parent / "pyproject.toml"]
        if path.exists() and f'"{skscatter.__version__}"' in path.read_text(encoding="utf-8")
    ]
    assert elsewhere == ["__init__.py"]
