"""Compile functions with numba, and cache machine code on disk for later processes."""

import logging
import sqlite3
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite
import numba
from numba import njit
from numba.extending import is_jitted

# What compilation takes is proportional to the functions and their versions. Wrappers for calls
# from Python and C are functions, and so are versions for literal arguments: numba compiles
# ``f(x, 0)`` and ``f(x, n)`` separately, but not ``f(x, np.int64(0))``. Checks for divisors of 0
# would be code of their own, too.
OUTER = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
INNER = {**OUTER, "no_cpython_wrapper": True}
compiled = njit(**INNER)  # called by compiled functions only
inlined = njit(**INNER, forceinline=True)

Signature = tuple[Any, ...]  # numba's types of the arguments

SILENT_SECONDS = 1.0  # compilation that takes longer is announced
LONGEST_WAIT = 120.0  # seconds for another process that compiles

logger = logging.getLogger("skscatter")


class CachedFunction:
    """A function that is compiled once per signature, with its machine code cached on disk.

    numba reads and writes the cache, but trusts it: damaged files raise errors in every later
    process or end it, and a full disk raises an error after each compilation. Here files must have
    the checksums that were recorded when they were written. If they cannot be used, the function
    is compiled again, with one warning per instance. If several processes need it at once, one
    compiles it and the others wait.

    Parameters
    ----------
    function : callable
        It may call any function that is compiled in this folder.
    title : str, default="its fast path"
        What the function is, in the message that it is being compiled.

    Notes
    -----
    Threads may share an instance.
    """

    def __init__(self, function: Callable[..., Any], title: str = "its fast path") -> None:
        self._function, self._title = function, title
        self._dispatchers: dict[Signature, Any] = {}
        self._has_warned = False
        self._lock = threading.Lock()

    def compile(self, signature: Signature) -> Any:
        """Return numba's dispatcher, compiled for arguments of these types only.

        Raises
        ------
        RuntimeError
            If the compiler is turned off.
        """
        with self._lock:
            if signature not in self._dispatchers:
                dispatcher, problem = _compile(self._function, self._title, signature)
                dispatcher.disable_compile()  # calls would compile without the checks made here
                self._dispatchers[signature] = dispatcher
                if problem and not self._has_warned:
                    self._has_warned = True
                    warnings.warn(problem, RuntimeWarning, stacklevel=2)
            return self._dispatchers[signature]


class CodeFiles:
    """The files in which numba caches one compiled function, and a record of their checksums.

    Several processes may write the same files at once, with different bytes. Each replaces whole
    files, then appends the checksums of what it finds. So the record is a list, and each file must
    have one of its checksums.

    Parameters
    ----------
    folder : Path
    name : str
        Unique name of the function, which is part of the names of its files.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.record_path = folder / f"{name}.sha256"

    def paths(self) -> list[Path]:
        """List numba's index and data files."""
        return sorted(self.folder.glob(f"*{self.name}*.nb[ic]"))

    def checksums(self) -> set[bytes]:
        """Compute the checksums of the files."""
        return {sha256(path.read_bytes()).hexdigest().encode() for path in self.paths()}

    def recorded_checksums(self) -> set[bytes]:
        """Read the record; empty if the files were never completed."""
        try:
            return set(self.record_path.read_bytes().split())
        except FileNotFoundError:
            return set()

    def record(self) -> None:
        """Append the checksums of the files to the record."""
        with self.record_path.open("ab") as file:
            file.write(b"".join(checksum + b"\n" for checksum in sorted(self.checksums())))

    def are_complete(self) -> bool:
        """Whether both files are there, with recorded checksums."""
        both = {path.suffix for path in self.paths()} == {".nbi", ".nbc"}
        return both and self.checksums() <= self.recorded_checksums()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for other processes that compile the function, and let others wait.

        The lock is one of SQLite, which has them on every system. It ends with its process. Where
        there are no locks, or after `LONGEST_WAIT`, the caller goes on without one.
        """
        path = self.folder / f"{self.name}.lock"
        with ExitStack() as stack:
            with suppress(sqlite3.Error):
                connection = sqlite3.connect(path, timeout=LONGEST_WAIT, isolation_level=None)
                stack.enter_context(closing(connection))
                connection.execute("BEGIN EXCLUSIVE")
            yield

    def remove(self) -> None:
        """Remove the files and the record."""
        for path in [*self.paths(), self.record_path]:
            path.unlink(missing_ok=True)


def _compile(
    function: Callable[..., Any], title: str, signature: Signature
) -> tuple[Any, str | None]:
    """Load or compile a function for a signature; return it with what went wrong, if anything."""
    name = f"{function.__name__}_{code_version(signature)}"
    function = _renamed(function, name)
    try:
        dispatcher = njit(**OUTER, cache=True)(function)
    except RuntimeError:  # no folder that can be written to
        return _compile_without_cache(function, title, signature), None
    if not is_jitted(dispatcher):
        raise RuntimeError(
            "backend='numba' needs numba's compiler, which the environment variable "
            "NUMBA_DISABLE_JIT turns off. Unset it, or use backend='auto' or backend='numpy'."
        )
    files = CodeFiles(Path(dispatcher.stats.cache_path), name)
    problem = None
    try:
        with ExitStack() as stack:
            if not files.are_complete():
                stack.enter_context(files.locked())
            if not files.are_complete():  # still: no other process has just compiled it
                stack.enter_context(announced(title, "once on this machine"))
                recorded = files.recorded_checksums()
                if recorded and not files.checksums() <= recorded:  # else it was interrupted
                    problem = (
                        f"Machine code in numba's cache {str(files.folder)!r} was damaged. "
                        "It was compiled again and replaced."
                    )
                files.remove()
            dispatcher.compile(signature)
            if dispatcher.stats.cache_misses:
                files.record()
        if signature not in dispatcher.signatures:
            raise ValueError("the file holds code for other arguments")
    except Exception as error:  # of the file system, pickle, LLVM or numba
        problem = (
            f"Machine code cannot be read from or written to numba's cache {str(files.folder)!r} "
            f"({type(error).__name__}: {error}). It was compiled for this process only. Make room "
            "on the disk, or set NUMBA_CACHE_DIR to another folder."
        )
    if signature not in dispatcher.signatures:
        with suppress(OSError):
            files.remove()  # for the next process
        dispatcher = _compile_without_cache(function, title, signature)
    return dispatcher, problem


def _compile_without_cache(function: Callable[..., Any], title: str, signature: Signature) -> Any:
    dispatcher = njit(**OUTER)(function)
    with announced(title, "for this process"):
        dispatcher.compile(signature)
    return dispatcher


@contextmanager
def announced(title: str, how_often: str) -> Iterator[None]:
    """Say that the code is being compiled, if that takes more than `SILENT_SECONDS`.

    A warning would not do: it may be an error. Messages of this level are written to stderr
    where a program configures no logging.
    """
    message = "skscatter is compiling %s, %s. This takes some seconds."
    timer = threading.Timer(SILENT_SECONDS, logger.warning, (message, title, how_often))
    timer.daemon = True  # an interrupted program ends at once
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def code_version(signature: Signature) -> str:
    """Digest of everything that machine code depends on.

    numba finds cached code by the file, the line and the bytecode of the outermost function. It
    ignores changes in other functions, and processes that write code for different processors or
    arguments at once may swap their data files. Names with a digest exclude both.
    """
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    versions = sys.implementation.cache_tag, numba.__version__, llvmlite.__version__
    processor = llvmlite.binding.get_host_cpu_name()
    digest.update(repr((versions, processor, signature)).encode())
    return digest.hexdigest()[:16]


def _renamed(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Copy a function under another name."""
    assert isinstance(function, FunctionType)
    copy = FunctionType(function.__code__, function.__globals__, name)
    copy.__qualname__ = name
    return copy
