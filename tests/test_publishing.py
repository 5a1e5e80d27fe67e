"""What is published: addresses, the README on PyPI, and versions that two files name."""

import json
import pydoc
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
URLS = PROJECT["urls"]
SUBSTITUTIONS = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"][
    "substitutions"
]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def readme_on_pypi():
    text = read("README.md")
    for rule in SUBSTITUTIONS:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    return text


def test_addresses_have_one_home():
    assert URLS["Issues"].startswith(URLS["Source"])
    assert URLS["Changelog"].startswith(URLS["Documentation"])
    for rule in SUBSTITUTIONS:
        assert rule["replacement"].startswith(f"]({URLS['Documentation']}")
    citation = dict(re.findall(r"^(url|repository-code): (\S+)$", read("CITATION.cff"), re.M))
    assert citation == {"url": URLS["Documentation"], "repository-code": URLS["Source"]}


def test_no_other_file_repeats_an_address():
    own = [URLS["Source"], URLS["Documentation"].rstrip("/")]
    patterns = "*.md", "docs/**/*.*", ".github/**/*.*", "skscatter/**/*.py", "benchmarks/**/*.py"
    files = [path for pattern in patterns for path in ROOT.glob(pattern)]
    sources = [
        path
        for path in files
        if path.suffix in {".md", ".rst", ".py", ".yml", ".json", ".txt", ".html"}
        and not path.is_relative_to(ROOT / "docs" / "_build")
    ]
    assert ROOT / "README.md" in sources
    repeated = [
        str(path.relative_to(ROOT))
        for path in sources
        if any(address in path.read_text(encoding="utf-8") for address in own)
    ]
    assert set(repeated) <= {"CONTRIBUTING.md"}  # the command that replaces them


def test_links_of_the_readme_on_pypi_are_absolute_and_lead_to_pages():
    links = re.findall(r"\]\(([^)]+)\)", readme_on_pypi())
    assert all(link.startswith("https://") for link in links)
    site = URLS["Documentation"]
    own = [link.removeprefix(site) for link in links if link.startswith(site)]
    pages = [re.sub(r"\.html(#.*)?$", ".md", page) for page in own]
    assert "_static/readme.png" in pages
    assert "performance.md" in pages
    assert [page for page in pages if not (ROOT / "docs" / page).exists()] == []


def test_pythons_of_the_classifiers_are_those_of_the_workflow():
    minors = [
        match[1]
        for classifier in PROJECT["classifiers"]
        if (match := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", classifier))
    ]
    workflow = read(".github/workflows/tests.yml")
    (matrix,) = re.findall(r"^ +python: (\[.*\])$", workflow, re.M)
    assert json.loads(matrix) == minors
    assert PROJECT["requires-python"] == f">={minors[0]}"


@pytest.mark.parametrize("tool", ["ruff"])
def test_hooks_before_a_commit_have_the_versions_of_the_extra_lint(tool):
    (pinned,) = (it for it in PROJECT["optional-dependencies"]["lint"] if it.startswith(tool))
    named = re.findall(rf'"({tool}[^"]*)"', read(".pre-commit-config.yaml"))
    assert set(named) == {pinned}


@pytest.mark.parametrize("library", ["sklearn", "numpy", "scipy", "joblib", "pandas"])
def test_names_that_pages_link_to_exist(library):
    listed = tomllib.loads(read("docs/inventories.toml"))[library]["names"]
    names = [name for pages in listed.values() for names in pages.values() for name in names]
    assert names
    assert [name for name in names if pydoc.locate(name) is None] == []
