"""Remove each protection from a copy of the package, and see a test fail that passes with it.

``python tests/remove_protections.py [WORD ...]`` goes through `protections.txt`, or through the
entries that a word is in. With ``--reliability FILE`` the outcomes are added to what a run of the
tests has written there; as they passed in that run, they are not run with all protections first.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
TOPIC = "Protections, each removed once"
PATIENCE = 60  # seconds for a test that takes few, but may have no end without a protection


class Protection(NamedTuple):
    """An entry of `protections.txt`."""

    title: str  # file in the package, and what is protected against
    text: str
    without: str
    test: str  # in this folder


def read_protections():
    """Read the entries."""
    protections, title, lines = [], "", {"-": "", "+": ""}
    for line in ROOT.joinpath("tests", "protections.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            title, lines = line[2:], {"-": "", "+": ""}
        elif line[:1] in lines:
            lines[line[0]] += line[1:] + "\n"
        elif line.startswith("> "):
            protections.append(Protection(title, lines["-"], lines["+"], line[2:]))
    return protections


def run(tests, protection=None):
    """Run tests on a copy of the package, without a protection, and say what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # for tests that go on as another user
        for name in "skscatter", "tests":
            shutil.copytree(ROOT / name, Path(folder, name))
        shutil.copy(ROOT / "pyproject.toml", folder)
        if protection is not None:
            path = Path(folder, "skscatter", protection.title.partition(": ")[0])
            text = path.read_text(encoding="utf-8")
            if (n := text.count(protection.text)) != 1:
                return f"is not run: the lines are there {n} times"
            path.write_text(text.replace(protection.text, protection.without), encoding="utf-8")
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", *tests],
            cwd=Path(folder, "tests"),
            env={**os.environ, "PYTHONPATH": folder, "PYTEST_ADDOPTS": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=PATIENCE if protection else None)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # with the processes that it has started
                return f"does not end in {PATIENCE} seconds"
        # Other exit codes: there is no such test, or nothing could be imported.
        return {0: "passes", 1: "fails"}.get(process.returncode, "is not run:") + (
            f"\n{output}" if process.returncode > 1 or protection is None else ""
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", metavar="WORD", help="only protections with a word")
    parser.add_argument("--reliability", type=Path, metavar="FILE", help="where to add outcomes")
    options = parser.parse_args()
    words = options.words or [""]
    chosen = [row for row in read_protections() if any(word in "".join(row) for word in words)]

    if options.reliability is None:
        outcome = run(sorted({row.test for row in chosen}))
        if not outcome.startswith("passes"):
            sys.exit(f"A test {outcome}\nAs things are, nothing can be said of protections.")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda row: run([row.test], row), chosen))
    missed = [outcome.startswith(("fails", "does")) for outcome in outcomes]
    tried = [
        (row.title, f"{row.test} {outcome}") for row, outcome in zip(chosen, outcomes, strict=True)
    ]
    for (what, outcome), is_missed in zip(tried, missed, strict=True):
        print("" if is_missed else "NOT MISSED: ", what, "\n    ", outcome, sep="")
    print(f"{sum(missed)} of {len(chosen)} protections are missed by a test when they are removed.")
    if options.reliability is not None:
        record = json.loads(options.reliability.read_text(encoding="utf-8"))
        counts = {"tests": len(chosen), "passed": sum(missed), "skipped": 0, "examples": 0}
        record["topics"][TOPIC] = {"a test fails without it": {**counts, "tried": tried}}
        options.reliability.write_text(json.dumps(record, indent=1), encoding="utf-8")
    sys.exit(not all(missed))


if __name__ == "__main__":
    main()
