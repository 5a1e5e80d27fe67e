"""The layers and the borders between modules.

`lint-imports` checks the imports against the contracts in `pyproject.toml`. These tests check what
it cannot see.
"""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import skscatter

ROOT = Path(__file__).parents[1]
PACKAGE = Path(skscatter.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]

NOT_PRIVATE = {"_", "_asdict", "_fields", "_make", "_replace"}  # the last four: of named tuples


def layers():
    """Folders and modules of each layer of the contract, lowest first."""
    (contract,) = (contract for contract in CONTRACTS if contract["type"] == "layers")
    return [set(re.findall(r"\w+", layer)) for layer in reversed(contract["layers"])]


def test_the_documented_layers_are_those_of_the_contract():
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    expected = [layer for layer in layers() if layer != {"__main__"}]
    table = re.search(r"^\| `_common/?`.*(\n\|.*)*", text, re.MULTILINE)
    assert table, "docs/design.md has a table of the layers that begins with `_common/`"
    for row in table[0].splitlines():
        cell = row.split("|")[1]
        documented = set(re.findall(r"`(\w+)(?:/|\.py)?`", cell))
        layer = expected.pop(0)
        while layer < documented:  # a row may hold several layers
            layer |= expected.pop(0)
        assert documented == layer
    assert expected == []


def is_private(name):
    return name.startswith("_") and not name.endswith("__") and name not in NOT_PRIVATE


def names_of(tree):
    """Private names that a module defines, as variables, attributes, functions or classes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def private_names_from_elsewhere(tree):
    """Private names that a module imports, or takes from an object that is not its own."""
    own = set(names_of(tree))
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module, names=aliases, level=level):
                if level or (module or "").partition(".")[0] == "skscatter":
                    yield from (alias.name for alias in aliases if is_private(alias.name))
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue  # perhaps inherited
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
                continue
            case ast.Attribute(attr=name) if is_private(name) and name not in own:
                yield name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_private_name_crosses_modules(path):
    assert list(private_names_from_elsewhere(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("code", "taken"),
    [
        ("from skscatter._cache.store import _open", ["_open"]),
        ("from .store import _open", ["_open"]),
        ("import skscatter._cache.store as store\nstore._open()", ["_open"]),
        ("def f(estimator):\n    return estimator._spec", ["_spec"]),
        ("class A:\n    _b = 1\n\ndef f(a):\n    return a._b", []),
        ("class A(B):\n    def f(self):\n        return self._b, super()._b", []),
        ("from sklearn.utils import _safe_indexing", []),
        ("def f(pair):\n    return pair._replace(a=1)", []),
        ("from skscatter._cache import store\nstore.open.__name__", []),
    ],
)
def test_private_names_are_found(code, taken):
    assert list(private_names_from_elsewhere(ast.parse(code))) == taken


@pytest.mark.parametrize("folder", ["_common", "_scattering", "_backends", "_cache"])
def test_inner_layers_import_without_scikit_learn(folder):
    names = [
        ".".join(("skscatter", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in MODULES
        if path.relative_to(PACKAGE).parts[0] == folder and "compiled" not in path.parts
    ]
    code = (
        "import sys; from importlib import import_module\n"
        "sys.modules['sklearn'] = sys.modules['joblib'] = None\n"
        f"for name in {names}: import_module(name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
