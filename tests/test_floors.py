"""The oldest versions of dependencies, for which `.ci/oldest.txt` gives reasons."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
OWN_ENVIRONMENT = {"docs", "lint", "timeseries"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OLDEST = [
    re.fullmatch(r"([a-z-]+)==(\S+)  # (.+)", line)
    for line in (ROOT / ".ci" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def test_the_oldest_versions_in_ci_are_the_floors():
    extras = PROJECT["optional-dependencies"]
    lists = [PROJECT["dependencies"], *(extras[name] for name in extras.keys() - OWN_ENVIRONMENT)]
    floors = {}
    for requirement in map(Requirement, itertools.chain(*lists)):
        if requirement.name != PROJECT["name"]:
            (floor,) = requirement.specifier
            assert floor.operator == ">="
            floors[requirement.name] = Version(floor.version)
    oldest = {match[1]: Version(match[2]) for match in OLDEST}
    del oldest["pyparsing"], oldest["torch"], floors["torch"]  # as the comments there say
    assert oldest == floors


@pytest.mark.parametrize("line", OLDEST, ids=lambda line: line[1])
def test_a_floor_has_a_reason_that_can_be_tried_or_says_why_not(line):
    reason = re.fullmatch(
        r"not tried: .+|(?P<below>\d\S+): (pip|(?P<file>\S+\.py)(::(?P<test>\w+))?( --cov)?)",
        line[3],
    )
    assert reason
    if reason["below"]:
        assert Version(reason["below"]) < Version(line[2])
    if reason["file"]:
        assert f"def {reason['test'] or 'test'}" in (ROOT / reason["file"]).read_text("utf-8")
