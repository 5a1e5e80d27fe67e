"""What can go wrong with a store, and what to do about it."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from skscatter._common.public import public

# What is wrong and what to do, by the beginning of SQLite's name for the error. The first match
# counts.
DAMAGED = "it is damaged. Delete it, together with the files -wal and -shm beside it"
NO_MEMORY = "there is not enough memory"
DISK_FULL = "the disk is full. Free some space, or set a smaller max_bytes"
NOT_SHARED = (
    "its file system does not let processes share it, like many network and parallel file "
    "systems. Choose a path on a disk of this machine"
)
SQLITE_REASONS = {
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_CONSTRAINT": DAMAGED,  # two parts of the file contradict each other
    "SQLITE_INTERRUPT": (  # by the limit on steps of a query, which nothing else ends
        "a query takes far more steps than the rows of a store need, so it is probably damaged. "
        "Delete it, or choose another path"
    ),
    "SQLITE_TOOBIG": (  # rows that are too large are refused before they come to SQLite
        "it holds an entry larger than any of the rows, so it is probably damaged. Delete it, or "
        "choose another path"
    ),
    "SQLITE_FULL": DISK_FULL,
    "SQLITE_NOMEM": NO_MEMORY,
    "SQLITE_IOERR_NOMEM": NO_MEMORY,
    "SQLITE_IOERR_LOCK": NOT_SHARED,
    "SQLITE_IOERR_UNLOCK": NOT_SHARED,
    "SQLITE_IOERR_RDLOCK": NOT_SHARED,
    "SQLITE_IOERR_CHECKRESERVEDLOCK": NOT_SHARED,
    "SQLITE_IOERR_SHMLOCK": NOT_SHARED,
    "SQLITE_IOERR_SHMMAP": NOT_SHARED,
    "SQLITE_IOERR_SHMOPEN": NOT_SHARED,
    "SQLITE_PROTOCOL": NOT_SHARED,
    "SQLITE_IOERR": "its disk fails or is full",
    "SQLITE_NOLFS": "this system cannot handle so large a file. Set a smaller max_bytes",
    "SQLITE_READONLY_DBMOVED": "its file was moved or deleted during the work",
    "SQLITE_READONLY": "there is no permission to write to it. Choose another path",
    "SQLITE_PERM": "there is no permission to use it. Choose another path",
    "SQLITE_AUTH": "there is no permission to use it. Choose another path",
    "SQLITE_CANTOPEN": (
        "it cannot be opened: there is no permission to write to its folder, or this process has "
        "too many open files. Choose another path, or close some"
    ),
    "SQLITE_BUSY": "another process kept it locked for too long. Try again later",
    "SQLITE_LOCKED": "another connection of this process keeps it locked. Try again later",
    "SQLITE_SCHEMA": "another program changed its tables during the work",
}
OS_REASONS = {
    errno.ENOSPC: DISK_FULL,
    errno.EDQUOT: DISK_FULL,
    errno.EMFILE: "this process has too many open files. Close some",
    errno.ENFILE: "the system has too many open files. Try again later",
    errno.EIO: "its disk fails",
}


@public
class RowStoreWarning(UserWarning):
    """A row store could not be used, or held damaged rows; the results are correct nevertheless."""


class UnusableStoreError(OSError):
    """The store cannot be used; the message says why and what to do."""


class DamagedStoreError(Exception):
    """The file contradicts itself in a way that SQLite does not see."""


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn an error of a store into one that says what is wrong and what to do."""
    try:
        yield
    except (sqlite3.Error, OSError, MemoryError, DamagedStoreError, UnicodeDecodeError) as error:
        message = f"The row store {path!r} cannot be used: {_reason(error)}."
        raise UnusableStoreError(message) from error


def _reason(error: Exception) -> str:
    match error:
        case UnusableStoreError():
            return str(error)
        case DamagedStoreError():
            return f"{DAMAGED} ({error})"
        case UnicodeDecodeError():  # SQLite quotes a name from the file in a message
            return f"{DAMAGED} (it has names that are not text)"
        case MemoryError():
            return NO_MEMORY
        case OSError():
            default = f"{error.strerror or error}. Choose another path"
            return OS_REASONS.get(error.errno or 0, default)
    name = getattr(error, "sqlite_errorname", "")
    reasons = (reason for start, reason in SQLITE_REASONS.items() if name.startswith(start))
    reason = next(reasons, "SQLite reports an unexpected error")
    return f"{reason} ({error})"
