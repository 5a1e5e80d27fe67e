"""Compile functions with numba, and cache machine code on disk for later processes."""

import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite
import numba
from numba import njit
from numba.extending import is_jitted

compiled = njit(nogil=True)
inlined = njit(nogil=True, forceinline=True)
cached = njit(nogil=True, cache=True)

Signature = tuple[Any, ...]  # numba's types of the arguments


class CachedFunction:
    """A function that is compiled once per signature, with its machine code cached on disk.

    numba reads and writes the cache, but trusts it: damaged files raise errors in every later
    process or end it, and a full disk raises an error after each compilation. Here files must have
    the checksums that were recorded when they were written. If they cannot be used, the function
    is compiled again, with one warning per instance.

    Parameters
    ----------
    function : callable
        It may call any function that is compiled in this folder.

    Notes
    -----
    Threads may share an instance.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
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
                dispatcher, problem = _compile(self._function, signature)
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

    def remove(self) -> None:
        """Remove the files and the record."""
        for path in [*self.paths(), self.record_path]:
            path.unlink(missing_ok=True)


def _compile(function: Callable[..., Any], signature: Signature) -> tuple[Any, str | None]:
    """Load or compile a function for a signature; return it with what went wrong, if anything."""
    name = f"{function.__name__}_{code_version(signature)}"
    function = _renamed(function, name)
    try:
        dispatcher = cached(function)
    except RuntimeError:  # no folder that can be written to
        return _compile_without_cache(function, signature), None
    if not is_jitted(dispatcher):
        raise RuntimeError(
            "backend='numba' needs numba's compiler, which the environment variable "
            "NUMBA_DISABLE_JIT turns off. Unset it, or use backend='auto' or backend='numpy'."
        )
    files = CodeFiles(Path(dispatcher.stats.cache_path), name)
    problem = None
    try:
        recorded = files.recorded_checksums()
        if not files.checksums() <= recorded:
            if recorded:  # otherwise a process was interrupted, or is writing the files now
                problem = (
                    f"Machine code in numba's cache {str(files.folder)!r} was damaged. "
                    "It was compiled again and replaced."
                )
            files.remove()
        dispatcher.compile(signature)
        if signature not in dispatcher.signatures:
            raise ValueError("the file holds code for other arguments")
        if dispatcher.stats.cache_misses:
            files.record()
    except Exception as error:  # of the file system, pickle, LLVM or numba
        problem = (
            f"Machine code cannot be read from or written to numba's cache {str(files.folder)!r} "
            f"({type(error).__name__}: {error}). It was compiled for this process only. Make room "
            "on the disk, or set NUMBA_CACHE_DIR to another folder."
        )
    if signature not in dispatcher.signatures:
        with suppress(OSError):
            files.remove()  # for the next process
        dispatcher = _compile_without_cache(function, signature)
    return dispatcher, problem


def _compile_without_cache(function: Callable[..., Any], signature: Signature) -> Any:
    dispatcher = compiled(function)
    dispatcher.compile(signature)
    return dispatcher


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
