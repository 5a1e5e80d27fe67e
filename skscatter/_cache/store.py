"""The row store: a file that caches rows, for many processes at once.

A row is the features of one channel of one signal. This module and those below it know keys and
arrays, and nothing of what they mean. Three things hold whatever happens:

- A row that is returned is the row that was stored. Each has a checksum over its key, its type and
  its bytes; a row that fails it counts as missing.
- Nothing waits for what will not come. Rows that another process is computing are waited for, but
  a process never waits while it has rows of its own to compute, and takes over from those that
  died. Claims only save work: two processes that compute the same row do no harm.
- Work goes on without the store when the store fails, with a warning.

A connection lives for one call, so that nothing is held open between calls, and none is carried
through a fork, where SQLite forbids it.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from skscatter._cache.database import bytes_in_use, connect, exists, transaction
from skscatter._cache.errors import RowStoreWarning, explained
from skscatter._cache.tallies import tally
from skscatter._common.home import expand_path
from skscatter._common.parameters import check_integer
from skscatter._common.public import public

__all__ = ["Memory", "RowStore", "RowStoreWarning", "StoreInfo", "check_memory"]

FILE_NAME = "features.sqlite"  # in a folder
DEFAULT_MAX_BYTES = 10 * 2**30


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
    """A file that caches features and that any number of processes may share.

    It consists of rows: a row is the features of one channel of one signal. Give the store to the
    `memory` parameter of one or several transformers. It is a path and a limit, and holds nothing
    open between calls: it can be copied, pickled and sent to other processes, and needs no closing.

    Parameters
    ----------
    path : str or path-like
        A folder, for a file ``features.sqlite`` in it, or a file. What does not exist yet is
        created when first needed: a file if the path has a suffix, else a folder. It must be on a
        disk of this machine; network file systems lack the shared memory that it needs.
    max_bytes : int or None, default=10 * 2**30
        When the file would grow beyond it, the least recently used rows are dropped, a tenth of
        the limit at a time. None sets no limit.

    See Also
    --------
    LogScattering1D : Whose parameter `memory` takes a store.

    Notes
    -----
    A row is found again if the samples, their dtype, and all parameters that change features are
    equal. The backend is not among them: features that were computed with ``backend="numpy"`` are
    given to a transformer with ``backend="numba"``, and the other way round. They differ by
    rounding. Only kymatio's front ends have rows of their own.

    The file is an SQLite database. It holds numbers, never code: nothing in a file from elsewhere
    is run. While it is in use there are two more files beside it, whose names end in ``-wal`` and
    ``-shm`` and which belong to it. A row may have up to a gigabyte, the limit of SQLite; features
    of larger rows are computed and not stored.

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
        """Count what the store holds.

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
        with explained(self.path):
            if exists(self.path):
                with closing(connect(self.path)) as connection:
                    # Unlike count(*), which no limit on the steps of a query can end.
                    (n_rows,) = connection.execute("SELECT count(key) FROM rows").fetchone()
                    n_bytes = bytes_in_use(connection)
        hits, misses = tally(self.path)
        return StoreInfo(self.path, n_rows, n_bytes, self.max_bytes, hits, misses)

    def clear(self) -> None:
        """Drop all rows.

        Other processes may be using the store, and go on.

        Raises
        ------
        OSError
            If the file cannot be used; the message says why.
        """
        with explained(self.path):
            if exists(self.path):
                with closing(connect(self.path)) as connection:
                    with transaction(connection):
                        for table in ("rows", "payloads", "claims", "owners"):
                            connection.execute(f"DELETE FROM {table}")
                    # The space goes back to the disk unless another process is reading.
                    with suppress(sqlite3.OperationalError):
                        connection.execute("VACUUM")


Memory = str | os.PathLike[str] | RowStore | None


def check_memory(memory: Any) -> RowStore | None:
    """Return the store that the parameter `memory` stands for; the disk is not touched.

    Raises
    ------
    TypeError, ValueError
        With its value and what would be accepted.
    """
    if memory is None or isinstance(memory, RowStore):
        return memory
    return RowStore(
        expand_path("memory", memory, "the path of a folder or file, a RowStore, or None")
    )


def _locate(path: Any) -> Path:
    """Absolute path of the file."""
    location = expand_path("path", path, "the path of a folder or a file").absolute()
    is_file = bool(location.suffix)
    with suppress(OSError):  # what cannot be looked at is reported when it is used
        is_file = not location.is_dir() and (is_file or location.exists())
    return location if is_file else location / FILE_NAME
