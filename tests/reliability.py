"""A plugin of pytest that counts the inputs tried, by kind, for the page Reliability.

``pytest --reliability FILE`` writes the counts as JSON. Tests marked ``reliability("Kind")`` count:
each is one input, or as many as hypothesis has given it.
"""

import json
import platform
import re
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

LIBRARIES = ("skscatter", "numpy", "scipy", "scikit-learn", "joblib", "kymatio", "torch", "numba")


def pytest_addoption(parser):
    parser.addoption("--reliability", metavar="FILE", help="where to write the inputs tried")


def pytest_configure(config):
    if path := config.getoption("--reliability"):
        config.pluginmanager.register(Record(Path(path)))


class Record:
    """Counts outcomes, and writes them when all tests have run."""

    def __init__(self, path):
        self.path = path
        self.kinds = defaultdict(lambda: {"passed": 0, "failed": 0, "skipped": 0})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        marker = item.get_closest_marker("reliability")
        if marker is not None and (report.when == "call" or report.outcome != "passed"):
            n_inputs = max(1, n_examples(item)) if report.outcome == "passed" else 1
            self.kinds[marker.args[0]][report.outcome] += n_inputs
        return report

    def pytest_sessionfinish(self):
        record = {"versions": versions(), "kinds": dict(sorted(self.kinds.items()))}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(record, indent=1), encoding="utf-8")


def versions():
    """Versions of Python and of the libraries that are installed."""
    found = {"Python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def n_examples(item):
    """Count the examples that hypothesis gave to a test."""
    statistics = getattr(item, "hypothesis_statistics", "")
    return sum(map(int, re.findall(r"(\d+) passing(?: examples)?", statistics)))
