"""Remove each protection from a copy of the package, and see a test fail that passes with it.

``python tests/remove_protections.py [WORD ...]`` goes through `protections.txt`, or through the
entries that a word is in. With ``--reliability FILE`` the outcomes are added to what a run of the
tests has written there.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
# Processes that have imported what takes long, and nothing of the package.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["pandas", "polars", "pooch", "pytest", "requests", "scipy.io", "sklearn.pipeline"]
)
PASSED, FAILED = 10, 11  # pytest's exit codes and 10: processes end with 1 for any reason
OUTPUT = "output.txt"
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
        process = PROCESSES.Process(target=run_pytest, args=(folder, tests))
        process.start()
        process.join(None if protection is None else PATIENCE)
        exit_code = process.exitcode
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with the processes that it has started
        if exit_code is None:
            return f"does not end in {PATIENCE} seconds"
        output = Path(folder, OUTPUT).read_text(encoding="utf-8")
        if protection is None:
            print(output)
        return {PASSED: "passes", FAILED: "fails"}.get(exit_code, f"is not run:\n{output}")


def run_pytest(folder, tests):
    """Run tests in a copy of the tree; what they print goes to a file."""
    os.setsid()
    with Path(folder, OUTPUT).open("w", encoding="utf-8") as output:
        for descriptor in 1, 2:
            os.dup2(output.fileno(), descriptor)
    os.chdir(Path(folder, "tests"))
    sys.path.insert(0, folder)
    os.environ |= {"PYTHONPATH": folder, "PYTEST_ADDOPTS": ""}  # for processes that tests start
    # Groups at once must not share pytest's folder: each clears away what others have left there.
    own = f"--basetemp={Path(folder, 'temporary')}"
    status = pytest.main(["-qx", "-p", "no:cacheprovider", own, *tests])
    os._exit(PASSED + status)  # without waiting for the workers of others


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", metavar="WORD", help="only protections with a word")
    parser.add_argument("--reliability", type=Path, metavar="FILE", help="where to add outcomes")
    options = parser.parse_args()
    words = options.words or [""]
    os.environ.setdefault("SCIPY_ARRAY_API", "1")  # as in conftest.py, before SciPy is imported
    chosen = [row for row in read_protections() if any(word in "".join(row) for word in words)]

    with ThreadPoolExecutor(os.cpu_count() + 1) as pool:  # some wait rather than work
        as_things_are = pool.submit(run, sorted({row.test for row in chosen}))
        outcomes = list(pool.map(lambda row: run([row.test], row), chosen))
    if as_things_are.result() != "passes":
        sys.exit("With all protections in place a test fails: this says nothing of them.")
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
