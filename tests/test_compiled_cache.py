"""The cache of machine code of compiled functions.

- loading by later processes, unless anything that the code depends on has changed
- damaged, incomplete and foreign files
- disks and folders that cannot be written to
- several processes at once
- the message for those who wait
- a compiler that is turned off

Most tests compile a function of one line. Tests of the cascade itself compile for seconds, in
other processes, and are marked as slow.
"""

import logging.handlers
import os
import pickle
import queue
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

numba = pytest.importorskip("numba", reason='needs numba: pip install "skscatter[fast]"')

from skscatter import LogScattering1D  # noqa: E402
from skscatter._backends.compiled import compiling  # noqa: E402
from skscatter._backends.compiled.compiling import CachedFunction, CodeFiles  # noqa: E402

DOUBLE, SINGLE = (numba.float64,), (numba.float32,)


def twice(x):
    return 2 * x


def load(function=twice, signature=DOUBLE):
    """Compile as a new process would; return the number of results loaded from the cache."""
    dispatcher = CachedFunction(function).compile(signature)
    assert dispatcher(4.0) == 8
    return sum(dispatcher.stats.cache_hits.values())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for numba's cache."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def files(folder):
    """The files of `twice`, compiled."""
    assert load() == 0
    (record,) = folder.rglob("twice_*.sha256")
    return CodeFiles(record.parent, record.stem)


def path_of(files, suffix):
    (path,) = files.folder.glob(f"*{files.name}*.{suffix}")
    return path


# ---------------------------------------------------------------- loading


def test_code_is_compiled_once_and_loaded_by_later_processes(files):
    assert load() == load() == 1
    function = CachedFunction(twice)
    assert function.compile(DOUBLE) is function.compile(DOUBLE)


def test_calls_with_other_types_do_not_compile(files):
    dispatcher = CachedFunction(twice).compile(DOUBLE)
    with pytest.raises(TypeError, match="No matching definition"):
        dispatcher(np.zeros(3))


def test_each_signature_has_files_of_its_own(files):
    assert load(signature=SINGLE) == 0
    assert len(list(files.folder.glob("*.nbc"))) == len(list(files.folder.glob("*.nbi"))) == 2
    assert load() == load(signature=SINGLE) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setattr(compiling.numba, "__version__", "0.1"),
        lambda patch: patch.setattr(compiling.llvmlite, "__version__", "0.1"),
        lambda patch: patch.setattr(
            compiling.llvmlite.binding, "get_host_cpu_name", lambda: "pentium"
        ),
        lambda patch: patch.setattr(compiling, "__file__", __file__),  # other sources
    ],
    ids=["numba", "llvmlite", "processor", "sources"],
)
def test_code_is_compiled_again_when_anything_it_depends_on_changes(files, change):
    with pytest.MonkeyPatch.context() as patch:
        change(patch)
        name = compiling.code_version(DOUBLE)
    assert name != compiling.code_version(DOUBLE) == files.name.removeprefix("twice_")


def test_threads_compile_a_function_once(folder):
    function = CachedFunction(twice)
    with ThreadPoolExecutor(4) as pool:
        dispatchers = set(pool.map(function.compile, [DOUBLE] * 8))
    assert len(dispatchers) == 1


# ---------------------------------------------------------------- damaged files

DAMAGES = {
    "empty": lambda code: b"",
    "truncated": lambda code: code[: len(code) // 2],
    "garbage": lambda code: bytes(range(256)) * 8,
    "zeros in the middle": lambda code: code[:100] + bytes(len(code) - 101) + code[-1:],
    "another object": lambda code: pickle.dumps(42),
    "one more byte": lambda code: code + b"x",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.reliability("Damaged files")
def test_damaged_code_is_replaced_with_one_warning(files, suffix, damage):
    path = path_of(files, suffix)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(RuntimeWarning, match=r"was damaged\. It was compiled again") as seen:
        assert load() == 0
    assert len(seen) == 1
    assert load() == 1


@pytest.mark.reliability("Damaged files")
def test_a_damaged_record_of_checksums_is_replaced_with_the_code(files):
    files.record_path.write_bytes(b"\xff garbage")
    with pytest.warns(RuntimeWarning, match="was damaged"):
        assert load() == 0
    assert load() == 1


@pytest.mark.parametrize("missing", ["sha256", "nbc"])
def test_code_of_an_interrupted_process_is_replaced(files, missing):
    files.record_path.unlink()
    for path in files.folder.glob(f"*.{missing}"):
        path.unlink()
    assert load() == 0
    assert load() == 1


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_missing_file_is_written_again(files, suffix):
    path_of(files, suffix).unlink()
    assert load() == 0
    assert load() == 1


@pytest.mark.parametrize("content", [b"", b"garbage", pickle.dumps(42)])
@pytest.mark.reliability("Damaged files")
def test_code_that_numba_cannot_load_is_removed(files, content):
    path_of(files, "nbc").write_bytes(content)
    files.record()  # intact, as far as checksums can tell
    with pytest.warns(RuntimeWarning, match="cannot be read from or written to"):
        assert load() == 0
    assert load() == 0
    assert load() == 1


def test_code_for_other_arguments_is_removed(files):
    load(signature=SINGLE)
    (other,) = set(files.folder.glob("*.nbc")) - {path_of(files, "nbc")}
    shutil.copy(other, path_of(files, "nbc"))
    files.record()
    with pytest.warns(RuntimeWarning, match="code for other arguments"):
        assert load() == 0
    assert load() == 0


def test_an_index_of_another_version_of_numba_is_replaced(files):
    path_of(files, "nbi").write_bytes(pickle.dumps("0.1") + b"garbage")
    files.record()
    assert load() == 0
    assert load() == 1


def test_there_is_one_warning_per_process(files):
    load(signature=SINGLE)
    for path in files.folder.glob("*.nbc"):
        path.write_bytes(b"")
    function = CachedFunction(twice)
    with pytest.warns(RuntimeWarning, match="was damaged"):
        function.compile(DOUBLE)
    assert function.compile(SINGLE)(4.0) == 8  # warnings are errors here


def test_a_warning_raised_as_an_error_leaves_a_function_that_works(files):
    path_of(files, "nbc").write_bytes(b"")
    function = CachedFunction(twice)
    with pytest.raises(RuntimeWarning):
        function.compile(DOUBLE)
    assert function.compile(DOUBLE)(4.0) == 8


# ---------------------------------------------------------------- disks and folders


@contextmanager
def full_disk(n_bytes):
    """Let the system refuse to write more than `n_bytes` to any file."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("n_bytes", [0, 1500], ids=["no file", "the index only"])
@pytest.mark.reliability("Full disks")
def test_a_full_disk_gives_one_warning_and_a_function_that_works(folder, n_bytes):
    function = CachedFunction(twice)
    with pytest.warns(RuntimeWarning, match="Make room on the disk") as seen, full_disk(n_bytes):
        dispatcher = function.compile(DOUBLE)
    assert len(seen) == 1
    assert bool(list(folder.rglob("*.nbi"))) == bool(n_bytes)
    assert not list(folder.rglob("*.nbc"))
    assert function.compile(DOUBLE) is dispatcher
    assert dispatcher(4.0) == 8
    assert load() == 0
    assert load() == 1


def test_a_folder_removed_while_the_process_runs_is_made_again(files):
    dispatcher = CachedFunction(twice).compile(DOUBLE)
    shutil.rmtree(files.folder.parent)
    assert dispatcher(4.0) == 8
    assert load() == 0
    assert load() == 1


def test_damaged_files_that_cannot_be_removed_are_not_used(files, monkeypatch):
    def refuse(self):
        raise PermissionError("read-only")

    path_of(files, "nbc").write_bytes(b"")
    monkeypatch.setattr(CodeFiles, "remove", refuse)
    with pytest.warns(RuntimeWarning, match="PermissionError: read-only"):
        assert load() == 0


def test_code_is_compiled_without_a_cache_where_no_folder_can_be_written_to(folder):
    namespace = {"__name__": __name__}
    exec(compile("def twice(x): return 2 * x", "/nowhere/twice.py", "exec"), namespace)
    assert load(namespace["twice"]) == 0
    assert not list(folder.iterdir())


# ---------------------------------------------------------------- several processes


def test_whoever_waits_for_another_process_loads_its_code(files):
    contents = {path: path.read_bytes() for path in [*files.paths(), files.record_path]}
    files.remove()
    with ThreadPoolExecutor(1) as pool:
        with files.locked():
            waiting = pool.submit(load)
            for path, content in contents.items():
                path.write_bytes(content)
        assert waiting.result() == 1


@pytest.mark.reliability("Killed processes")
def test_the_lock_of_a_process_that_was_killed_is_free(files):
    files.remove()
    code = (
        "import os, pathlib, signal\n"
        "from skscatter._backends.compiled.compiling import CodeFiles\n"
        f"with CodeFiles(pathlib.Path({str(files.folder)!r}), {files.name!r}).locked():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode
    assert list(files.folder.glob("*.lock"))
    assert load() == 0
    assert load() == 1


def test_a_process_waits_only_so_long(files, monkeypatch):
    files.remove()
    monkeypatch.setattr(compiling, "LONGEST_WAIT", 0)
    with files.locked():
        assert load() == 0


def test_code_is_compiled_where_there_are_no_locks(files):
    files.remove()
    (lock,) = files.folder.glob("*.lock")
    lock.unlink()
    lock.mkdir()
    assert load() == 0
    assert load() == 1


# ---------------------------------------------------------------- the message


class AtOnce:
    """A timer that does not wait."""

    def __init__(self, interval, function, args):
        self.function, self.args = function, args

    def start(self):
        self.function(*self.args)

    def cancel(self):
        pass


@pytest.fixture
def messages():
    """A queue of what the library logs."""
    logged = queue.SimpleQueue()
    handler = logging.handlers.QueueHandler(logged)
    compiling.logger.addHandler(handler)
    yield logged
    compiling.logger.removeHandler(handler)


def test_compilation_that_takes_long_is_announced(messages, monkeypatch):
    monkeypatch.setattr(compiling, "SILENT_SECONDS", 0)
    with compiling.announced("its fast path", "once on this machine"):
        record = messages.get(timeout=60)
    assert "is compiling its fast path, once on this machine." in record.getMessage()
    assert record.levelname == "WARNING"  # written to stderr without any configuration


def test_the_message_names_what_is_compiled(folder, messages, monkeypatch):
    monkeypatch.setattr(compiling, "SILENT_SECONDS", 0)
    monkeypatch.setattr(compiling.threading, "Timer", AtOnce)
    CachedFunction(twice, "another path").compile(DOUBLE)
    assert "is compiling another path, once on this machine." in messages.get().getMessage()


def test_short_compilation_is_not_announced(folder, messages, monkeypatch):
    monkeypatch.setattr(compiling, "SILENT_SECONDS", 3600)
    assert load() == 0
    assert messages.empty()


# ---------------------------------------------------------------- the compiler


def test_an_error_says_that_the_compiler_is_turned_off(folder, monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    with pytest.raises(RuntimeError, match="the environment variable NUMBA_DISABLE_JIT turns"):
        load()


def test_errors_of_the_compiler_are_not_hidden(folder):
    with pytest.raises(numba.core.errors.TypingError):
        load(signature=(numba.types.none,))


# ---------------------------------------------------------------- the cascade

SCATTER = """
import pickle, sys, warnings
import numpy as np
from skscatter import LogScattering1D
from skscatter._backends.compiled.kernel import compiled_scatter, scatter_signature
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    X = np.random.default_rng(0).standard_normal((3, 300))
    features = LogScattering1D(backend="numba").fit_transform(X)
stats = compiled_scatter.compile(scatter_signature("float64")).stats
messages = [str(warning.message) for warning in seen if "cache" in str(warning.message)]
pickle.dump((features, sum(stats.cache_hits.values()), messages), sys.stdout.buffer)
"""


def start(code, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


def result(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    return pickle.loads(output)


@pytest.mark.slow
@pytest.mark.reliability("Damaged files")
def test_processes_share_the_compiled_cascade_and_replace_it_when_damaged(tmp_path):
    X = np.random.default_rng(0).standard_normal((3, 300))
    expected = LogScattering1D(backend="numba").fit_transform(X)

    def check(process, hits, n_messages):
        features, found, messages = result(process)
        np.testing.assert_array_equal(features, expected)
        assert found == hits
        assert len(messages) == n_messages, messages

    environment = {"NUMBA_CACHE_DIR": str(tmp_path)}
    both = [result(process) for process in [start(SCATTER, **environment) for _ in range(2)]]
    assert sum(hits for _, hits, _ in both) == 1  # one compiles, at whatever time both begin
    for features, _, messages in both:
        np.testing.assert_array_equal(features, expected)
        assert not messages
    check(start(SCATTER, **environment), 1, 0)
    (path,) = tmp_path.rglob("*.nbc")
    code = path.read_bytes()
    middle = len(code) // 10
    path.write_bytes(code[:middle] + bytes(4096) + code[middle + 4096 :])  # would be executed
    check(start(SCATTER, **environment), 0, 1)
    check(start(SCATTER, **environment), 1, 0)


@pytest.mark.slow
def test_the_environment_variable_that_turns_the_compiler_off_is_named():
    code = (
        "import pickle, sys\n"
        "import numpy as np\n"
        "from skscatter import LogScattering1D\n"
        "try:\n"
        "    LogScattering1D(backend='numba').fit_transform(np.ones((2, 64)))\n"
        "except RuntimeError as error:\n"
        "    pickle.dump(str(error), sys.stdout.buffer)\n"
    )
    assert "NUMBA_DISABLE_JIT" in result(start(code, NUMBA_DISABLE_JIT="1"))
