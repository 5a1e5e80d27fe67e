"""One connection to a store for one call: find, claim, wait for and put rows."""

import math
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from functools import wraps
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from skscatter._cache.database import bytes_in_use, connect, transaction
from skscatter._cache.errors import DamagedStoreError, UnusableStoreError, explained
from skscatter._cache.keys import array_form, row_checksum
from skscatter._cache.owners import is_alive, this_process
from skscatter._cache.store import RowStore

ROW_OVERHEAD = 128  # bytes that a row takes besides its data, about
FORM_BYTES = 1000  # more than type, shape and checksum of a row take
LARGEST_ID = 2**62

LOOKUP = 256  # keys in one query; from 100 to 500 took the same time
SCAN = 4096  # keys examined in one transaction, which keeps other writers out

LEASE = 60.0  # seconds that a claim holds unless its owner dies, who renews it with each block
LOOK_AGAIN = 0.2  # seconds after which a waiting process checks whether the others are alive
TOUCH_AFTER = 600  # seconds that a time of use may be out of date, so that reading rarely writes

STORED = "SELECT key FROM rows WHERE key IN ({})"
CLAIMED = "SELECT key FROM claims WHERE key IN ({})"


class Clock(NamedTuple):
    """Functions that tell the time, which tests replace."""

    now: Callable[[], float] = time.time  # the same for all processes
    seconds: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], object] = time.sleep


SYSTEM_CLOCK = Clock()


class Claim(NamedTuple):
    """Keys by the state of their rows: the result of `Session.claim`."""

    stored: list[bytes]  # in the store by now
    ours: list[bytes]  # claimed by this session
    theirs: list[bytes]  # claimed by other sessions


def _explains(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method of a session raise only errors that say what is wrong with the store."""

    @wraps(method)
    def explained_method(self: "Session", *arguments: Any) -> Any:
        with explained(self.store.path):
            return method(self, *arguments)

    return explained_method


class Session:
    """A connection that is open for one call, and the claims of that call.

    Parameters
    ----------
    store : RowStore
    dtype : dtype
    shape : tuple of int
        Type and shape of a row.
    clock : Clock
    """

    def __init__(
        self,
        store: RowStore,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.store = store
        self.damaged: set[bytes] = set()  # keys of rows that were removed
        self._dtype = dtype.newbyteorder("<")
        self._shape = shape
        self._form = array_form(self._dtype, shape)
        self._clock = clock
        self._owner = secrets.randbits(62)
        self._owns = False
        self._used: list[bytes] = []  # keys of rows whose time of use is to be renewed
        self._seen: int | None = None  # version of the data

    @_explains
    def __enter__(self) -> Self:
        self._connection = connect(self.store.path)
        try:
            self._limit_entries()
        except BaseException:
            self._connection.close()
            raise
        return self

    def _limit_entries(self) -> None:
        """Refuse rows that SQLite cannot store, and let it read nothing larger than a row."""
        row_bytes = self._dtype.itemsize * math.prod(self._shape)
        category = sqlite3.SQLITE_LIMIT_LENGTH
        largest = self._connection.getlimit(category) - FORM_BYTES
        if row_bytes > largest:
            raise UnusableStoreError(
                f"a row of these features has {row_bytes} bytes, and SQLite stores {largest} at "
                "most. Use memory=None, or parameters that give fewer features"
            )
        self._connection.setlimit(category, max(row_bytes + FORM_BYTES, 2**20))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Failures are ignored: they must not hide another error, and the results are complete.
        with suppress(sqlite3.Error, MemoryError), closing(self._connection):
            with suppress(sqlite3.Error, MemoryError):
                if self._owns:
                    with transaction(self._connection):
                        self._remove_owner(self._owner)
            with suppress(sqlite3.Error, MemoryError):
                if self._used:
                    self._renew_times_of_use()

    @_explains
    def find(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[Any]]:
        """Return the rows that are stored and intact, and remove those that are damaged."""
        found, damaged, requested = {}, [], set(keys)
        stale = int(self._clock.now()) - TOUCH_AFTER
        for key, used, form, checksum, data in self._select(
            "SELECT key, used, form, checksum, data FROM rows LEFT JOIN payloads USING (id) "
            "WHERE key IN ({})",
            keys,
        ):
            if key not in requested:
                raise DamagedStoreError("a query finds a row under the key of another")
            if form == self._form and checksum == row_checksum(key, form, data):
                found[key] = np.frombuffer(data, self._dtype).reshape(self._shape)
                # Not "used < stale": damage can make it anything.
                if not (isinstance(used, int) and stale <= used):
                    self._used.append(key)
            else:
                damaged.append(key)
        if damaged:
            if not self.damaged.isdisjoint(damaged):
                raise DamagedStoreError("a damaged row cannot be removed")
            self.damaged.update(damaged)
            with transaction(self._connection):
                self._drop(damaged)
        return found

    @_explains
    def claim(self, keys: deque[bytes], n_rows: int) -> Claim:
        """Take keys from the left until `n_rows` of them are claimed, or many were examined."""
        claim = Claim([], [], [])
        self._seen = self._data_version()
        self._owns = True
        with transaction(self._connection):
            now = self._clock.now()
            self._remove_expired_owners(now)
            self._connection.execute(
                "INSERT OR REPLACE INTO owners VALUES (?, ?, ?)",
                (self._owner, this_process(), now + LEASE),
            )
            for _ in range(0, SCAN, LOOKUP):
                n = min(len(keys), n_rows - len(claim.ours), LOOKUP)
                if not n:
                    break
                self._claim_all([keys.popleft() for _ in range(n)], claim)
        return claim

    def _claim_all(self, keys: list[bytes], claim: Claim) -> None:
        """Claim the rows that are neither stored nor claimed."""
        stored = self._subset(STORED, keys)
        theirs = self._subset(CLAIMED, keys) - stored
        ours = [key for key in keys if key not in stored | theirs]
        claim.stored.extend(key for key in keys if key in stored)
        claim.theirs.extend(key for key in keys if key in theirs)
        claim.ours.extend(ours)
        self._connection.executemany(
            "INSERT INTO claims VALUES (?, ?)", [(key, self._owner) for key in ours]
        )

    @_explains
    def wait(self, keys: Iterable[bytes]) -> None:
        """Wait until others may have computed or given up some of `keys`, or may have died."""
        some = [key for key, _ in zip(keys, range(LOOKUP), strict=False)]
        deadline = self._clock.seconds() + LOOK_AGAIN
        pause = 0.001
        while self._clock.seconds() < deadline:
            version = self._data_version()
            if version != self._seen:  # another connection has written something
                self._seen = version
                if len(self._subset(CLAIMED, some)) < len(some):
                    return
            self._clock.sleep(pause)
            pause = min(2 * pause, 0.03)

    @_explains
    def put(self, keys: Sequence[bytes], rows: NDArray[Any]) -> None:
        """Store rows, and give up the claims on them."""
        rows = np.ascontiguousarray(rows, self._dtype)
        size = rows[0].nbytes + ROW_OVERHEAD
        limit = self.store.max_bytes
        if limit is not None:
            keys = keys[: limit // size]
        now = int(self._clock.now())
        with transaction(self._connection):
            if limit is not None:
                self._make_space(len(keys) * size, limit)
            stored = self._subset(STORED, keys)
            query = "SELECT coalesce(max(id), 0) FROM payloads"
            (last,) = self._connection.execute(query).fetchone()
            if last > LARGEST_ID:
                raise DamagedStoreError("a number of a row is too large")
            entries, payloads = [], []
            for i, (key, row) in enumerate(zip(keys, rows, strict=False), last + 1):
                if key not in stored:
                    data = row.tobytes()
                    entries.append((key, i, now, size))
                    payloads.append((i, self._form, row_checksum(key, self._form, data), data))
            self._connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", entries)
            self._connection.executemany("INSERT INTO payloads VALUES (?, ?, ?, ?)", payloads)
            self._connection.execute("DELETE FROM claims WHERE owner = ?", (self._owner,))

    def _make_space(self, n_bytes: int, limit: int) -> None:
        """Drop the least recently used rows, in bulk, if `n_bytes` more do not fit."""
        excess = bytes_in_use(self._connection) + n_bytes - limit
        if excess <= 0:
            return
        excess += limit // 10
        oldest = []
        query = "SELECT key, ifnull(CAST(size AS INTEGER), 0) FROM rows ORDER BY used, id"
        for key, size in self._connection.execute(query):
            oldest.append(key)
            excess -= size
            if excess <= 0:
                break
        self._drop(oldest)

    def _renew_times_of_use(self) -> None:
        now = int(self._clock.now())
        with transaction(self._connection):
            self._connection.executemany(
                "UPDATE rows SET used = ? WHERE key = ?", [(now, key) for key in self._used]
            )

    def _drop(self, keys: Sequence[bytes]) -> None:
        parameters = [(key,) for key in keys]
        self._connection.executemany(
            "DELETE FROM payloads WHERE id = (SELECT id FROM rows WHERE key = ?)", parameters
        )
        self._connection.executemany("DELETE FROM rows WHERE key = ?", parameters)

    def _remove_expired_owners(self, now: float) -> None:
        """Free the claims of owners that died or whose lease has ended."""
        query = "SELECT id, process, ifnull(CAST(until AS REAL), 0) FROM owners WHERE id != ?"
        for owner, process, until in self._connection.execute(query, (self._owner,)).fetchall():
            # A time beyond the lease comes from a clock that has been set back since.
            if not (now <= until <= now + LEASE and is_alive(process)):
                self._remove_owner(owner)

    def _remove_owner(self, owner: int) -> None:
        self._connection.execute("DELETE FROM claims WHERE owner = ?", (owner,))
        self._connection.execute("DELETE FROM owners WHERE id = ?", (owner,))

    def _data_version(self) -> int:
        """Return a number that changes when another connection writes something."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return version

    def _subset(self, query: str, keys: Sequence[bytes]) -> set[bytes]:
        return {key for (key,) in self._select(query, keys)}

    def _select(self, query: str, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        for part in batches(keys, LOOKUP):
            yield from self._connection.execute(query.format(",".join("?" * len(part))), part)


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Divide a sequence into parts of `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
