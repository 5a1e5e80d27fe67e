"""The row store: a file that caches rows, for many processes at once.

A row holds the features of one channel of one signal. This module and those below it handle keys
and arrays, without knowing what they mean. They guarantee that:

- A row that is returned is the row that was stored. Each has a checksum over its key, its type and
  its bytes. A row with a wrong checksum counts as missing.
- No process waits for ever. A process waits for rows that another one computes only when it has no
  rows left to compute itself, and takes over the rows of processes that died. Claims only save
  work: if two processes compute the same row, no harm is done.
- If the store fails, the work continues without it, with a warning.

A connection lasts for one call. Nothing stays open between calls, and no connection is carried
through a fork, which SQLite forbids.
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

    It consists of rows. A row holds the features of one channel of one signal. Pass the store as
    the parameter `memory` of one or several transformers. The object itself is only a path and a
    limit: it can be copied, pickled and sent to other processes, and need not be closed.

    Parameters
    ----------
    path : str or path-like
        A file, or a folder for a file ``features.sqlite``. If it does not exist, it is created when
        it is first needed: as a file if the path has a suffix, else as a folder. It must be on a
        local disk, because network file systems lack the shared memory that SQLite needs.
    max_bytes : int or None, default=10 * 2**30
        When the file would grow beyond it, the least recently used rows are dropped, a tenth of
        the limit at a time. None sets no limit.

    See Also
    --------
    LogScattering1D : Has the parameter `memory`, which accepts a store.

    Notes
    -----
    A row is found if the samples, their dtype, and all parameters that change features are equal.
    The backend is not among these parameters: features that were computed with ``backend="numpy"``
    are also used with ``backend="numba"``, and vice versa. They differ by rounding. Only kymatio's
    front ends have separate rows.

    The file is an SQLite database. It holds data only, and nothing that a file from elsewhere
    defines is executed. While it is in use, two more files beside it belong to it, with names that
    end in ``-wal`` and ``-shm``. A row may have up to a gigabyte, the limit of SQLite. Larger rows
    are computed and not stored.

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
                    # Not count(*), which a limit on the steps of a query does not end.
                    (n_rows,) = connection.execute("SELECT count(key) FROM rows").fetchone()
                    n_bytes = bytes_in_use(connection)
        hits, misses = tally(self.path)
        return StoreInfo(self.path, n_rows, n_bytes, self.max_bytes, hits, misses)

    def clear(self) -> None:
        """Drop all rows.

        Other processes may keep using the store.

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
    """Return the store that the parameter `memory` describes, without access to the disk.

    Raises
    ------
    TypeError, ValueError
        If it is neither a path nor a store nor None.
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
    with suppress(OSError):  # which is reported when the file is used
        is_file = not location.is_dir() and (is_file or location.exists())
    return location if is_file else location / FILE_NAME
