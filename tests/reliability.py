"""A plugin of pytest that keeps what was tried, and how it ended, for the documentation.

``pytest --reliability FILE`` writes it as JSON. Tests marked ``reliability("Topic")`` count. One
that tries several things says each of them to the fixture `tried`.
"""

import json
import platform
import re
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

LIBRARIES = ("skscatter", "numpy", "scipy", "scikit-learn", "joblib", "kymatio", "torch")


def pytest_addoption(parser):
    parser.addoption("--reliability", metavar="FILE", help="where to write what was tried")


def pytest_configure(config):
    config.addinivalue_line("markers", "reliability(topic): counts on the page Reliability")
    if config.getoption("--reliability"):
        config.pluginmanager.register(Record(Path(config.getoption("--reliability"))))


@pytest.fixture
def tried(record_property):
    """Say what was tried and what came of it: ``tried("J=9", "ValueError: ...")``."""
    return lambda what, outcome: record_property("tried", (str(what), str(outcome)))


class Record:
    """Collects outcomes and writes them when all tests have run."""

    def __init__(self, path):
        self.path = path
        self.topics = defaultdict(dict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        marker = item.get_closest_marker("reliability")
        if marker is not None and (report.when == "call" or report.outcome != "passed"):
            sentence = item.originalname.removeprefix("test_").replace("_", " ")
            entry = self.topics[marker.args[0]].setdefault(
                sentence, {"tests": 0, "passed": 0, "skipped": 0, "examples": 0, "tried": []}
            )
            entry["tests"] += 1
            if report.outcome in ("passed", "skipped"):
                entry[report.outcome] += 1
            entry["tried"] += [value for name, value in item.user_properties if name == "tried"]
            entry["examples"] += examples_of(item)
        return report

    def pytest_sessionfinish(self):
        versions = {"Python": platform.python_version()}
        for library in LIBRARIES:
            try:
                versions[library] = version(library)
            except PackageNotFoundError:
                continue
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(
            json.dumps({"versions": versions, "topics": self.topics}, indent=1), encoding="utf-8"
        )


def examples_of(item):
    """Count the examples that hypothesis gave to a test."""
    statistics = getattr(item, "hypothesis_statistics", "")
    counts = re.findall(r"(\d+) passing(?: examples)?", statistics)
    return sum(map(int, counts))
