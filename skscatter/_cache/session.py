"""One connection to a store for one call: find, claim, wait for and put rows."""

import math
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import wraps
from itertools import accumulate, takewhile
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
        Type of the rows.
    shapes : mapping
        From the key of a row to its shape.
    clock : Clock

    Attributes
    ----------
    damaged : set of bytes objects
        Keys of rows that were removed.
    largest_row : int
        Size of the largest row, in bytes.
    """

    def __init__(
        self,
        store: RowStore,
        dtype: np.dtype[Any],
        shapes: Mapping[bytes, tuple[int, ...]],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.store = store
        self.damaged: set[bytes] = set()
        self._dtype = dtype.newbyteorder("<")
        self._shapes = shapes
        self._forms = {shape: array_form(self._dtype, shape) for shape in set(shapes.values())}
        self.largest_row = dtype.itemsize * max(map(math.prod, self._forms), default=0)
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
        category = sqlite3.SQLITE_LIMIT_LENGTH
        limit = self._connection.getlimit(category) - FORM_BYTES
        if self.largest_row > limit:
            raise UnusableStoreError(
                f"a row has {self.largest_row} bytes, and SQLite stores {limit} at most. Use "
                "memory=None, shorter signals, or parameters that give fewer coefficients"
            )
        self._connection.setlimit(category, max(self.largest_row + FORM_BYTES, 2**20))

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
            shape = self._shapes[key]
            if form == self._forms[shape] and checksum == row_checksum(key, form, data):
                found[key] = np.frombuffer(data, self._dtype).reshape(shape)
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
    def put(self, rows: Mapping[bytes, NDArray[Any]]) -> None:
        """Store rows by their keys, and give up the claims on them."""
        limit = self.store.max_bytes
        sizes = {key: row.nbytes + ROW_OVERHEAD for key, row in rows.items()}
        if limit is not None:
            totals = accumulate(sizes.values())
            sizes = dict(takewhile(lambda _: next(totals) <= limit, sizes.items()))
        now = int(self._clock.now())
        with transaction(self._connection):
            if limit is not None:
                self._make_space(sum(sizes.values()), limit)
            stored = self._subset(STORED, list(sizes))
            query = "SELECT coalesce(max(id), 0) FROM payloads"
            (last,) = self._connection.execute(query).fetchone()
            if last > LARGEST_ID:
                raise DamagedStoreError("a number of a row is too large")
            entries, payloads = [], []
            for i, (key, size) in enumerate(sizes.items(), last + 1):
                if key not in stored:
                    form = self._forms[rows[key].shape]
                    data = np.asarray(rows[key], self._dtype).tobytes()
                    entries.append((key, i, now, size))
                    payloads.append((i, form, row_checksum(key, form, data), data))
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
