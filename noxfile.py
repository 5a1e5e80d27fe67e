"""The steps that a change must pass. One at a time: ``nox -s lint``. All of them: ``.ci/run``."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", "imports"]

ROOT = Path(__file__).parent
os.environ["PIP_CONSTRAINT"] = str(ROOT / ".ci" / "constraints.txt")
EXTRAS = nox.project.load_toml(ROOT / "pyproject.toml")["project"]["optional-dependencies"]
RECORD = ROOT / "docs" / "_build" / "reliability.json"  # of the inputs tried, for the documentation


def pythons():
    """Find this Python, then every newer one on the path or installed by pyenv, oldest first."""
    found = [sys.executable]
    for minor in range(sys.version_info.minor + 1, 20):
        installed = Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3")
        for python in [f"python3.{minor}", *map(str, installed)]:
            if runs(python):
                found.append(python)
                break
    return found


def runs(python):
    """Whether a Python can be started. pyenv puts commands on the path that cannot."""
    try:
        return not subprocess.call([python, "-c", ""], stderr=subprocess.DEVNULL)
    except OSError:
        return False


PYTHONS = pythons()
BETWEEN, NEWEST = PYTHONS[1:-1], PYTHONS[-1]


def install(session, *what):
    """Install packages, and check that they are compatible."""
    session.install(*what)
    session.run("python", "-m", "pip", "check")


def run_tests(session, *arguments):
    """Run tests in a folder of their own. Suites that run at once would delete a shared one."""
    basetemp = Path(session.create_tmp()).resolve() / "pytest"
    session.run("python", "-m", "pytest", f"--basetemp={basetemp}", *arguments)


@nox.session
def lint(session):
    """Check the style of the code."""
    session.install(*EXTRAS["lint"])
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session):
    """Check the types of the package."""
    install(session, ".[lint]")
    session.run("mypy")


@nox.session
def imports(session):
    """Check that imports go from layer to layer as pyproject.toml says."""
    session.install(*EXTRAS["lint"])
    session.run("lint-imports")


@nox.session
def tests(session):
    """Run the tests, or some of them: ``nox -s tests -- tests/test_paths.py``."""
    install(session, ".[fast,test]")
    run_tests(session, *session.posargs)


@nox.session(venv_backend="none")
def readme(session):
    """Run the two commands of the README as they stand there: the demo, and all of the tests."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python3 -m venv \.venv && .*", text, re.MULTILINE)
    if len(commands) != 2:
        session.error("README.md should have two commands that begin with a virtual environment.")
    if os.environ.get("CI"):
        shutil.rmtree(".venv", ignore_errors=True)
        shutil.rmtree("skscatter-demo", ignore_errors=True)
    RECORD.unlink(missing_ok=True)
    options = f"-m 'slow or not slow' '--reliability={RECORD}' --cov --cov-report="
    for command in commands:
        session.run("bash", "-c", command, env={"PYTEST_ADDOPTS": options}, external=True)
    if not RECORD.exists():
        session.error(f"The tests should have written {RECORD}.")


@nox.session
def extras(session):
    """Run the tests of the backend of PyTorch."""
    install(session, ".[test,torch]")
    coverage = "--cov", "--cov-append", "--cov-report="
    run_tests(session, "-k", "torch or array_api", *coverage)


@nox.session(requires=["readme", "extras"])
def coverage(session):
    """Check that tests reach every line and branch of the library, and nearly all of the rest."""
    session.install("coverage")
    session.run("coverage", "report", "--fail-under=99")
    session.run("coverage", "report", "--omit=skscatter/_cli/*", "--fail-under=100")


@nox.session
def timeseries(session):
    """Test the adapters for aeon and sktime, whose upper bounds hold other packages back."""
    install(session, ".[timeseries]", "pytest", "hypothesis")
    session.run("python", "-c", "import aeon, sktime")  # or all tests would be skipped
    run_tests(session, "tests/test_timeseries.py")
    session.run(
        *("python", "benchmarks/timeseries.py", "--data-sets", "ItalyPowerDemand", "--seeds", "1")
    )
    few = "--no-speech", "--series", "UnitTest", "--resamples", "1", "--most-settings", "2"
    session.run("python", "benchmarks/defaults.py", *few)


def distributions(session):
    """Folder where the session `wheel` puts the wheel and the sdist."""
    return Path(session.virtualenv.location).resolve().parent / "dist"


@nox.session
def wheel(session):
    """Check that a wheel and an sdist contain what git tracks, and nothing else."""
    folder = distributions(session)
    tree = Path(session.create_tmp()).resolve()
    for old in folder, tree:
        shutil.rmtree(old, ignore_errors=True)
    session.install("build>=1.3")
    session.run("python", "-m", "build", "--quiet", "--outdir", str(folder), ".")
    session.run("python", "-m", "build", "--quiet", "--outdir", str(tree), "--wheel", ".")

    (from_sdist,), (from_tree,) = folder.glob("*.whl"), tree.glob("*.whl")
    if from_sdist.read_bytes() != from_tree.read_bytes():
        session.error("The wheel of the sdist is not the wheel of the tree.")
    listed = session.run("git", "ls-files", external=True, silent=True).splitlines()
    with tarfile.open(*folder.glob("*.tar.gz")) as sdist:
        members = [name.partition("/")[2] for name in sdist.getnames()]
    compare(session, "sdist", members, [*listed, "PKG-INFO"])
    with zipfile.ZipFile(from_sdist) as archive:
        members = [re.sub(r"^[^/]+\.dist-info/", "info/", name) for name in archive.namelist()]
    metadata = ["METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"]
    package = [name for name in listed if name.startswith("skscatter/")]
    compare(session, "wheel", members, [*package, *(f"info/{name}" for name in metadata)])


def compare(session, what, members, expected):
    """End the session if members of an archive are missing or too many."""
    if sorted(members) != sorted(expected):
        missing, too_many = set(expected) - set(members), set(members) - set(expected)
        session.error(f"The {what} lacks {sorted(missing)} and should not have {sorted(too_many)}.")


SCHEMAS = {  # of check-jsonschema
    "citation-file-format": "CITATION.cff",
    "dependabot": ".github/dependabot.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "github-workflows": ".github/workflows/*.yml",
    "readthedocs": ".readthedocs.yaml",
}


@nox.session(requires=["wheel"])
def publishing(session):
    """Check what a release needs: metadata of the archives, the citation, workflows and forms."""
    session.install(
        "check-jsonschema>=0.33", "pre-commit", "twine>=6.1", "validate-pyproject", "zizmor"
    )
    session.run("twine", "check", "--strict", *map(str, distributions(session).iterdir()))
    session.run("validate-pyproject", "pyproject.toml")
    for schema, pattern in SCHEMAS.items():
        files = map(str, ROOT.glob(pattern))
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
    session.run("zizmor", "--offline", "--quiet", ".")
    session.run("pre-commit", "validate-config")


def use(session, *what):
    """Run a user's program with the package alone, then check its types.

    The session changes to a copy of the sdist without the source, which tests might otherwise
    import instead of the installed package.
    """
    folder = Path(session.create_tmp()).resolve() / "sdist"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(*distributions(session).glob("*.tar.gz"), folder)
    (folder,) = folder.iterdir()
    shutil.rmtree(folder / "skscatter")

    install(session, *what)
    session.chdir(folder)
    session.run("python", "-W", "error", "tests/usage.py")
    session.install(*(tool for tool in EXTRAS["lint"] if tool.startswith("mypy")))
    session.run("mypy", "--strict", "--config-file=", "tests/usage.py")


@nox.session(requires=["wheel"])
def oldest(session):
    """Test the wheel with the oldest versions of everything."""
    (package,) = distributions(session).glob("*.whl")
    constraint = f"--constraint={ROOT / '.ci' / 'oldest.txt'}"
    use(session, str(package), constraint)
    install(session, f"{package}[test,fast]", constraint)
    run_tests(session, "-q")


@nox.session(python=NEWEST, requires=["wheel"])
def newest(session):
    """Test the sdist on the newest Python that is installed."""
    (package,) = distributions(session).glob("*.tar.gz")
    use(session, str(package))
    install(session, f"{package}[test,fast]")
    run_tests(session, "-q")


@nox.session(python=BETWEEN or None, requires=["wheel"])
def between(session):
    """Use the wheel on every Python between this one and the newest."""
    if not BETWEEN:
        session.skip("No other Python is installed.")
    (package,) = distributions(session).glob("*.whl")
    use(session, str(package))


@nox.session
def benchmarks(session):
    """Check that the benchmarks run."""
    install(session, ".[torch,fast]", "asv>=0.6.4", "virtualenv")
    speed = "--part", "fsdd", "--most-signals", "4", "--rounds", "1"
    session.run("python", "benchmarks/speed.py", *speed)
    session.run("python", "benchmarks/memory.py", "--n-signals", "500")
    store = "--n-signals", "40", "--n-times", "512", "--rounds", "1"
    session.run("python", "benchmarks/store.py", *store)
    home = {"HOME": session.create_tmp()}  # where asv describes the machine
    session.run("asv", "machine", "--yes", env=home)
    session.run("asv", "run", "--quick", "--python=same", "--show-stderr", env=home)


@nox.session
def docs(session):
    """Build the documentation, and run its examples. It shows counts of inputs after `readme`."""
    install(session, ".[docs]")
    for builder in "html", "doctest":
        output = f"docs/_build/{builder}"
        session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", builder, "docs", output)


@nox.session(requires=["docs"])
def quickstart(session):
    """Run the code of the built page Quickstart in an environment that has only the package."""
    install(session, ".[fast,plot]")
    session.run("python", ".ci/run_page.py", "docs/_build/html/quickstart.html")


@nox.session
def links(session):
    """Check that the links of the documentation lead somewhere. Needs the network."""
    install(session, ".[docs]")
    fast = "-D", "plot_gallery=0"
    session.run("sphinx-build", "-q", "-b", "linkcheck", *fast, "docs", "docs/_build/linkcheck")


@nox.session
def mutation(session):
    """Make small changes to the code, one at a time, and list those that no test notices.

    Takes hours. ``nox -s mutation -- "skscatter._scattering.filters*"`` changes one module.
    """
    session.install(".[test]", "mutmut>=3.8")
    folder = ROOT / "mutants"  # what tests import, also in the processes that they start
    folder.mkdir(exist_ok=True)
    session.run("mutmut", "run", *session.posargs, env={"PYTHONPATH": str(folder)})
    session.run("mutmut", "results")
