"""The row store: a file that keeps arrays under keys, for many processes at once.

It knows keys and arrays, nothing of what they mean. Three things hold whatever happens:

- A row that is returned is the row that was stored. Each has a checksum over its key, its type and
  its bytes; one that does not fit counts as missing.
- Nothing waits for what will not come. Rows that another process is computing are waited for, but
  a process never waits while it has rows of its own to compute, and takes over from those that
  died. Claims only save work: two processes that compute the same row do no harm.
- Work goes on without the store when the store fails, with a warning.

The file is an SQLite database in WAL mode: readers do not wait for writers, and what was committed
survives the death of any process. A connection lives for one call, so that nothing is held open
between calls, and none is carried through a fork, where SQLite forbids it.
"""

import hashlib
import os
import secrets
import socket
import sqlite3
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skscatter._common.home import expand_path
from skscatter._common.parameters import check_integer
from skscatter._common.public import public

FILE_NAME = "features.sqlite"  # in a folder
DEFAULT_MAX_BYTES = 10 * 2**30

# In the header of the file, where they can be read before SQLite touches it.
APPLICATION_ID = 0x736B7363  # "sksc"
SCHEMA_VERSION = 1

# Rows apart from their data, because their times of use are written often and scanned whole.
# Claims: who is computing which rows, and until when others believe it.
SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE rows (key BLOB PRIMARY KEY, id INTEGER NOT NULL, used INTEGER NOT NULL,
                   size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE payloads (id INTEGER PRIMARY KEY, form BLOB NOT NULL, checksum BLOB NOT NULL,
                       data BLOB NOT NULL);
CREATE TABLE owners (id INTEGER PRIMARY KEY, process TEXT NOT NULL, until REAL NOT NULL);
CREATE TABLE claims (key BLOB PRIMARY KEY, owner INTEGER NOT NULL) WITHOUT ROWID;
"""

KEY_BYTES = 20
ROW_OVERHEAD = 128  # bytes that a row takes beside its data, about

LOOKUP = 256  # keys in one query; from 100 to 500 took the same time
SCAN = 4096  # keys looked at in one transaction that keeps other writers out
MOST_ROWS = 4096  # in a block

# A block is what a process claims, computes and writes at a time. Others may wait for the last one.
BLOCK_SECONDS = 0.25
LEASE = 60.0  # seconds that a claim holds unless its owner, who renews it with each block, dies
BUSY = 60.0  # seconds to wait for other writers, each of whom takes milliseconds
LOOK_AGAIN = 0.2  # seconds between looks at whether those who are waited for still live
TOUCH_AFTER = 600  # seconds that a time of use may be late, so that looking up seldom writes


@public
class RowStoreWarning(UserWarning):
    """A row store could not be used, or held damaged rows; the results are right all the same."""


class _UnusableError(OSError):
    """The store cannot be used; the message says why and what to do."""


class StoreInfo(NamedTuple):
    """What `RowStore.info` returns.

    Attributes
    ----------
    path : str
        The file.
    rows : int
        Rows in it.
    bytes : int
        Size of what it holds.
    max_bytes : int or None
        The limit of that size.
    hits, misses : int
        Rows that this process took from this file, and rows that it computed for it.
    """

    path: str
    rows: int
    bytes: int
    max_bytes: int | None
    hits: int
    misses: int


@public
class RowStore:
    """A file of features, row by row, that any number of processes may share.

    Give it to the `memory` parameter of one or several transformers. It is a place and a limit,
    and holds nothing open between calls: it can be copied, pickled and sent to other processes,
    and needs no closing.

    Parameters
    ----------
    path : str or path-like
        A folder, for a file ``features.sqlite`` in it, or a file. What does not exist yet is
        created when first needed: a file if the path has a suffix, else a folder. It must be on a
        disk of this machine; the file systems of networks lack the shared memory that it needs.
    max_bytes : int or None, default=10 * 2**30
        When the file is to grow beyond it, the rows that were not used for longest are dropped, a
        tenth of the limit at a time. None sets no limit.

    See Also
    --------
    LogScattering1D : Whose parameter `memory` takes a store.

    Notes
    -----
    The file is an SQLite database. It holds numbers, never code: opening one that comes from
    elsewhere runs nothing. While it is in use there are two more files beside it, whose names end
    in ``-wal`` and ``-shm`` and which belong to it.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skscatter import LogScattering1D, RowStore
    >>> X = np.random.default_rng(0).standard_normal((10, 1024))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = RowStore(folder)
    ...     first = LogScattering1D(memory=store).fit_transform(X)
    ...     again = LogScattering1D(memory=store).fit_transform(X[::2])
    ...     info = store.info()
    >>> info.rows, info.hits, info.misses
    (10, 5, 10)
    """

    def __init__(
        self, path: str | os.PathLike[str], max_bytes: int | None = DEFAULT_MAX_BYTES
    ) -> None:
        self.path = str(_locate(path))
        if max_bytes is not None:
            max_bytes = check_integer("max_bytes", max_bytes, minimum=1)
        self.max_bytes = max_bytes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r}, max_bytes={self.max_bytes})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((self.path, self.max_bytes))

    def info(self) -> StoreInfo:
        """Say how much there is.

        Returns
        -------
        info : StoreInfo
            A named tuple: ``path``, ``rows``, ``bytes``, ``max_bytes``, and, of this process,
            ``hits`` and ``misses``. A store that does not exist yet has no rows.

        Raises
        ------
        OSError
            If the file cannot be used; the message says why.
        """
        n_rows = n_bytes = 0
        with _explained(self.path):
            if _exists(self.path):
                with closing(_connect(self.path)) as connection:
                    (n_rows,) = connection.execute("SELECT count(*) FROM rows").fetchone()
                    n_bytes = _bytes_in_use(connection)
        tally = list(_tallies.get((os.getpid(), self.path), ()))
        hits, misses = (sum(counts) for counts in zip(*tally, strict=True)) if tally else (0, 0)
        return StoreInfo(self.path, n_rows, n_bytes, self.max_bytes, hits, misses)

    def clear(self) -> None:
        """Drop all rows.

        Other processes may be at work on the store, and go on.

        Raises
        ------
        OSError
            If the file cannot be used; the message says why.
        """
        with _explained(self.path):
            if _exists(self.path):
                with closing(_connect(self.path)) as connection:
                    with _transaction(connection):
                        for table in ("rows", "payloads", "claims", "owners"):
                            connection.execute(f"DELETE FROM {table}")
                    # The space goes back to the disk unless somebody is reading just now.
                    with suppress(sqlite3.OperationalError):
                        connection.execute("VACUUM")

    def fill(
        self,
        out: NDArray[Any],
        keys: Sequence[bytes],
        compute: Callable[[NDArray[np.intp]], object],
        *,
        block_multiple: int = 1,
        progress: Callable[[int], object] = lambda n_rows: None,
    ) -> None:
        """Fill an array with rows that are stored, or computed and then stored.

        Rows of equal keys are computed once. Several processes and threads that need the same
        rows at the same time share the work.

        Parameters
        ----------
        out : ndarray of shape (n_rows, ...)
        keys : sequence of n_rows bytes objects
            What determines each row, as `row_keys` makes them.
        compute : callable
            Is called with positions, and must write these rows of `out`.
        block_multiple : int, default=1
            Rows that are best computed together; blocks are multiples of it.
        progress : callable, optional
            Is called with the number of rows that have been added.

        Warns
        -----
        RowStoreWarning
            If the store cannot be used, wholly or in part. All rows are there nevertheless.
        """
        first: dict[bytes, int] = {}
        sources = np.array([first.setdefault(key, i) for i, key in enumerate(keys)], np.intp)
        filling = _Filling(out, first, compute, progress)
        damaged: set[bytes] = set()
        try:
            with _Session(self, out, damaged) as session:
                filling.with_store(session, block_multiple)
        except _UnusableError as error:
            warnings.warn(f"{error} Rows are computed without it.", RowStoreWarning, stacklevel=2)
        if damaged:
            warnings.warn(
                f"Damaged rows in the row store {self.path!r}: {len(damaged)}. They are computed "
                "anew. If this comes again, look after the disk.",
                RowStoreWarning,
                stacklevel=2,
            )
        filling.without_store(block_multiple)
        copies = np.flatnonzero(sources != np.arange(len(sources)))
        out[copies] = out[sources[copies]]
        progress(len(copies))
        misses = filling.n_computed
        _tallies.setdefault((os.getpid(), self.path), []).append((len(sources) - misses, misses))


# Hits and misses of each call, by process (a fork inherits them) and file. Appending is atomic, and
# needs no lock that a fork could catch in the hands of another thread.
_tallies: dict[tuple[int, str], list[tuple[int, int]]] = {}


def row_keys(rows: Iterable[NDArray[Any]], context: str) -> list[bytes]:
    """Digest rows.

    Parameters
    ----------
    rows : iterable of ndarray
        Real numbers; equal rows have equal keys wherever and in whatever order of bytes they lie
        in memory. Rows of another dtype or shape have other keys.
    context : str
        What else the results depend on.

    Returns
    -------
    keys : list of bytes
    """
    # Processors have instructions for SHA-256: 22 microseconds for 32 KiB, and BLAKE2b 42.
    base = hashlib.sha256(hashlib.sha256(context.encode()).digest())
    keys = []
    for row in rows:
        # In extended precision some bytes of a number are undefined; it is computed in float64.
        extended = row.dtype.kind == "f" and row.dtype.itemsize > 8
        dtype = np.dtype(np.float64) if extended else row.dtype
        canonical = np.ascontiguousarray(row, dtype.newbyteorder("<"))
        digest = base.copy()
        digest.update(_form(canonical.dtype, row.shape))
        digest.update(b"\0")
        digest.update(canonical.data)
        keys.append(digest.digest()[:KEY_BYTES])
    return keys


class _Filling:
    """What is still to be filled in an array, and the ways to fill it."""

    def __init__(
        self,
        out: NDArray[Any],
        first: dict[bytes, int],
        compute: Callable[[NDArray[np.intp]], object],
        progress: Callable[[int], object],
    ) -> None:
        self.out = out
        self.left = first  # where each key that is not done goes
        self.compute = compute
        self.progress = progress
        self.n_computed = 0

    def with_store(self, session: "_Session", block_multiple: int) -> None:
        """Take what is stored; compute the rest together with whoever else needs it."""
        for keys in _batches(list(self.left), LOOKUP):
            self.take(session.find(keys))
        ours, theirs = deque(self.left), deque[bytes]()
        n_rows = 4 * block_multiple
        while ours or theirs:
            if not ours:
                session.wait(theirs)
                ours, theirs = theirs, ours
            stored, claimed, taken = session.claim(ours, n_rows)
            theirs.extend(taken)
            found = session.find(stored)
            self.take(found)
            ours.extend(key for key in stored if key not in found)  # damaged or dropped
            if claimed:
                start = time.perf_counter()
                rows = self.compute_rows(claimed)
                speed = len(claimed) / max(time.perf_counter() - start, 1e-6)
                session.put(claimed, self.out[rows])
                n_rows = (
                    int(min(speed * BLOCK_SECONDS, 2 * n_rows, MOST_ROWS))
                    // block_multiple
                    * block_multiple
                )
                n_rows = max(n_rows, block_multiple)

    def without_store(self, block_multiple: int) -> None:
        """Compute what is left."""
        for keys in _batches(list(self.left), 64 * block_multiple):
            self.compute_rows(keys)

    def take(self, found: dict[bytes, NDArray[Any]]) -> None:
        for key, row in found.items():
            self.out[self.left.pop(key)] = row
        self.progress(len(found))

    def compute_rows(self, keys: Sequence[bytes]) -> NDArray[np.intp]:
        rows = np.array([self.left[key] for key in keys], np.intp)
        self.compute(rows)
        for key in keys:
            del self.left[key]
        self.n_computed += len(keys)
        self.progress(len(keys))
        return rows


def _explains(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method of a session raise only errors that say what is wrong with the store."""

    @wraps(method)
    def explained(self: "_Session", *arguments: Any) -> Any:
        with _explained(self.store.path):
            return method(self, *arguments)

    return explained


class _Session:
    """A connection that is open for one call, and the claims of that call."""

    def __init__(self, store: RowStore, out: NDArray[Any], damaged: set[bytes]) -> None:
        self.store = store
        self._dtype = out.dtype.newbyteorder("<")
        self._shape = out.shape[1:]
        self._form = _form(self._dtype, self._shape)
        self._owner = secrets.randbits(62)
        self._owns = False
        self._damaged = damaged
        self._stale: list[bytes] = []
        self._seen: int | None = None

    @_explains
    def __enter__(self) -> "_Session":
        self._connection = _connect(self.store.path)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Housekeeping: it must hide no error, and its own failure changes no result.
        with suppress(sqlite3.Error), closing(self._connection):
            with suppress(sqlite3.Error):
                if self._stale:
                    self._touch()
            with suppress(sqlite3.Error):
                if self._owns:
                    with _transaction(self._connection):
                        self._remove_owner(self._owner)

    @_explains
    def find(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[Any]]:
        """Return those rows that are stored and sound; remove those that are damaged."""
        found, damaged = {}, []
        stale = int(time.time()) - TOUCH_AFTER
        for row in self._select(
            "SELECT key, used, form, checksum, data FROM rows LEFT JOIN payloads USING (id) "
            "WHERE key IN ({})",
            keys,
        ):
            key, used, form, checksum, data = row
            if form == self._form and checksum == _checksum(key, form, data):
                found[key] = np.frombuffer(data, self._dtype).reshape(self._shape)
                # Not "used < stale": damage can make it anything.
                if not (isinstance(used, int) and stale <= used):
                    self._stale.append(key)
            else:
                damaged.append(key)
        if damaged:
            if not self._damaged.isdisjoint(damaged):
                raise sqlite3.DatabaseError("a damaged row cannot be removed")
            self._damaged.update(damaged)
            with _transaction(self._connection):
                self._drop(damaged)
        return found

    @_explains
    def claim(
        self, keys: deque[bytes], n_rows: int
    ) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """Take keys from the left until up to `n_rows` of them are ours to compute.

        Returns
        -------
        stored : list of bytes
            Keys of rows that have been stored by now.
        claimed : list of bytes
            Keys of rows that nobody else will compute before `put`.
        taken : list of bytes
            Keys of rows that others are computing.
        """
        stored: list[bytes] = []
        claimed: list[bytes] = []
        taken: list[bytes] = []
        (self._seen,) = self._connection.execute("PRAGMA data_version").fetchone()
        with _transaction(self._connection):
            now = time.time()
            self._remove_expired_owners(now)
            self._connection.execute(
                "INSERT OR REPLACE INTO owners VALUES (?, ?, ?)", (self._owner, _me(), now + LEASE)
            )
            for _ in range(0, SCAN, LOOKUP):
                n = min(len(keys), n_rows - len(claimed), LOOKUP)
                if not n:
                    break
                part = [keys.popleft() for _ in range(n)]
                there = {key for (key,) in self._select(_STORED, part)}
                theirs = {key for (key,) in self._select(_CLAIMED, part)}
                stored += [key for key in part if key in there]
                taken += [key for key in part if key in theirs - there]
                claimed += [key for key in part if key not in there | theirs]
                self._connection.executemany(
                    "INSERT INTO claims VALUES (?, ?)",
                    [(key, self._owner) for key in part if key not in there | theirs],
                )
        self._owns = True
        return stored, claimed, taken

    @_explains
    def wait(self, keys: Iterable[bytes]) -> None:
        """Wait until others have finished, given up or died on some of `keys`, or may have."""
        some = [key for key, _ in zip(keys, range(LOOKUP), strict=False)]
        deadline = time.monotonic() + LOOK_AGAIN
        pause = 0.001
        while time.monotonic() < deadline:
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            if version != self._seen:  # somebody has written something
                self._seen = version
                if len(list(self._select(_CLAIMED, some))) < len(some):
                    return
            time.sleep(pause)
            pause = min(2 * pause, 0.03)

    @_explains
    def put(self, keys: Sequence[bytes], rows: NDArray[Any]) -> None:
        """Store rows, and give up the claims on them."""
        rows = np.ascontiguousarray(rows, self._dtype)
        size = rows[0].nbytes + ROW_OVERHEAD
        limit = self.store.max_bytes
        if limit is not None:
            keys = keys[: limit // size]
        now = int(time.time())
        with _transaction(self._connection):
            if limit is not None:
                self._make_room(len(keys) * size, limit)
            there = {key for (key,) in self._select(_STORED, keys)}
            query = "SELECT coalesce(max(id), 0) FROM payloads"
            (last,) = self._connection.execute(query).fetchone()
            entries, payloads = [], []
            for i, (key, row) in enumerate(zip(keys, rows, strict=False), last + 1):
                if key not in there:
                    data = row.tobytes()
                    entries.append((key, i, now, size))
                    payloads.append((i, self._form, _checksum(key, self._form, data), data))
            self._connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", entries)
            self._connection.executemany("INSERT INTO payloads VALUES (?, ?, ?, ?)", payloads)
            self._connection.execute("DELETE FROM claims WHERE owner = ?", (self._owner,))

    def _make_room(self, n_bytes: int, limit: int) -> None:
        """Drop the rows that were not used for longest, in bulk, if more do not fit."""
        excess = _bytes_in_use(self._connection) + n_bytes - limit
        if excess <= 0:
            return
        excess += limit // 10
        oldest = []
        for key, size in self._connection.execute("SELECT key, size FROM rows ORDER BY used, id"):
            oldest.append(key)
            excess -= size
            if excess <= 0:
                break
        self._drop(oldest)

    def _touch(self) -> None:
        now = int(time.time())
        with _transaction(self._connection):
            self._connection.executemany(
                "UPDATE rows SET used = ? WHERE key = ?", [(now, key) for key in self._stale]
            )

    def _drop(self, keys: Sequence[bytes]) -> None:
        parameters = [(key,) for key in keys]
        self._connection.executemany(
            "DELETE FROM payloads WHERE id = (SELECT id FROM rows WHERE key = ?)", parameters
        )
        self._connection.executemany("DELETE FROM rows WHERE key = ?", parameters)

    def _remove_expired_owners(self, now: float) -> None:
        """Free the claims of owners that died or have not been heard of for long."""
        owners = self._connection.execute("SELECT * FROM owners WHERE id != ?", (self._owner,))
        for owner, process, until in owners.fetchall():
            # A time beyond the lease is of a clock that has been set back since.
            if not (now <= until <= now + LEASE and _alive(process)):
                self._remove_owner(owner)

    def _remove_owner(self, owner: int) -> None:
        self._connection.execute("DELETE FROM claims WHERE owner = ?", (owner,))
        self._connection.execute("DELETE FROM owners WHERE id = ?", (owner,))

    def _select(self, query: str, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        for part in _batches(keys, LOOKUP):
            yield from self._connection.execute(query.format(",".join("?" * len(part))), part)


_STORED = "SELECT key FROM rows WHERE key IN ({})"
_CLAIMED = "SELECT key FROM claims WHERE key IN ({})"


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _form(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Type and shape of an array, as "<f4 2,331"."""
    return f"{dtype.str} {','.join(map(str, shape))}".encode()


def _checksum(key: bytes, form: bytes, data: Any) -> bytes | None:
    """Digest of a row; None if damage has made the data something else than bytes."""
    if not isinstance(data, bytes):
        return None
    digest = hashlib.blake2b(key, digest_size=8)
    digest.update(form)
    digest.update(data)
    return digest.digest()


# ---------------------------------------------------------------- the file


def _locate(path: Any) -> Path:
    """Absolute path of the file."""
    place = expand_path("path", path, "the path of a folder or a file").absolute()
    is_file = bool(place.suffix)
    with suppress(OSError):  # what cannot be looked at is reported when it is used
        is_file = not place.is_dir() and (is_file or place.exists())
    return place if is_file else place / FILE_NAME


def _exists(path: str) -> bool:
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _connect(path: str) -> sqlite3.Connection:
    """Open a store, which is created if there is none."""
    file = Path(path)
    # Before the file itself, so that a store which another process creates meanwhile is not
    # mistaken for one that was deleted.
    left_over = _exists(f"{path}-wal")
    if not _exists(path):
        if left_over:
            raise _UnusableError(f"its file is gone, but not {path + '-wal'!r}. Delete that, too")
        _create(file)
    _identify(file)
    connection = sqlite3.connect(
        f"{file.as_uri()}?mode=rw", uri=True, timeout=BUSY, isolation_level=None
    )
    try:
        # Damage can turn bytes into text that is none.
        connection.text_factory = bytes
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        # A power failure may cost the last rows, but not the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        if connection.execute("PRAGMA journal_mode").fetchone() != (b"wal",):
            raise _UnusableError("its file system does not let processes share it")
    except BaseException:
        connection.close()
        raise
    return connection


def _create(file: Path) -> None:
    """Make an empty store, which appears as a whole; another process may be first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".row-store-", dir=file.parent) as folder:
        part = Path(folder, file.name)
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
                raise _UnusableError("its file system does not let processes share it")
            connection.executescript(SCHEMA)
        try:
            file.hardlink_to(part)  # unlike a rename, never takes the place of another
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            if not file.exists():
                part.rename(file)


def _identify(file: Path) -> None:
    """Raise unless the file is a store of this version; it is only read, and not by SQLite."""
    if not file.is_file():
        raise _UnusableError("it is no file. Choose another path")
    with file.open("rb") as opened:
        header = opened.read(100)
    application_id = int.from_bytes(header[68:72], "big")
    if not header.startswith(b"SQLite format 3\0") or application_id != APPLICATION_ID:
        raise _UnusableError("it is a file of another kind. Choose another path")
    version = int.from_bytes(header[60:64], "big")
    if version != SCHEMA_VERSION:
        raise _UnusableError(
            f"it was written by another version of skscatter (its format is {version}, ours "
            f"{SCHEMA_VERSION}). Delete it or choose another path"
        )


def _bytes_in_use(connection: sqlite3.Connection) -> int:
    """Size of the file without the pages that are free to be used again."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, with no other writer meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # some errors have rolled it back already
            connection.execute("ROLLBACK")
        raise


# What is wrong and what to do, by the beginning of SQLite's name for the error.
_REASONS = {
    "SQLITE_FULL": "the disk is full. Make room, or set a smaller max_bytes",
    "SQLITE_IOERR": "its disk fails or is full",
    "SQLITE_READONLY": "there is no permission to write to it. Choose another path",
    "SQLITE_CANTOPEN": "there is no permission to write to its folder. Choose another path",
    "SQLITE_BUSY": f"another process has kept it locked for {BUSY:.0f} seconds",
}
_DAMAGED = "it is damaged. Delete it, together with the files -wal and -shm beside it"


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn what goes wrong with a store into an error that says what, and what to do."""
    try:
        yield
    except (sqlite3.Error, OSError, TypeError, ValueError, OverflowError) as error:
        name = getattr(error, "sqlite_errorname", "")
        if isinstance(error, _UnusableError):
            reason = str(error)
        elif isinstance(error, OSError):
            reason = f"{error.strerror or error}. Choose another path"
        else:  # damage can put anything anywhere
            reasons = (reason for start, reason in _REASONS.items() if name.startswith(start))
            reason = f"{next(reasons, _DAMAGED)} ({error})"
        raise _UnusableError(f"The row store {path!r} cannot be used: {reason}.") from error


# ---------------------------------------------------------------- processes

_HOST = "-".join(socket.gethostname().split())


def _me() -> str:
    """Name of this process, which no other one ever has."""
    return f"{_HOST} {os.getpid()} {_started(os.getpid())}"


def _alive(process: Any) -> bool:
    """Whether a process may be at work still; of other machines (or containers) nobody knows."""
    try:
        host, pid, started = process.decode().split()
        return host != _HOST or _started(int(pid)) == started
    except (AttributeError, ValueError):  # damaged
        return False


def _started(pid: int) -> str:
    """When a process started, "?" where the system does not say, "dead" if it has ended."""
    try:
        if Path("/proc/self/stat").exists():
            # The program's name, in brackets, may hold anything. Then come the state and others.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return "dead" if fields[0] in "ZX" else fields[19]
        if os.name == "posix":
            os.kill(pid, 0)
    except PermissionError:
        pass
    except OSError:
        return "dead"
    return "?"
