"""The SQLite file of a store: created, identified, opened.

It is in WAL mode: readers do not wait for writers, and committed data survive the death of any
process. A file may come from an untrusted source, so it is checked before it is used: its header,
which is read without SQLite, and its schema, which must be exactly ours. So nothing that a file
defines is ever run: no view, trigger, generated column, constraint or virtual table.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import repeat
from pathlib import Path
from typing import Any

from skscatter._cache.errors import NOT_SHARED, UnusableStoreError

# In the header of the file, where they can be read before SQLite touches it.
APPLICATION_ID = 0x736B7363  # "sksc"
SCHEMA_VERSION = 1
HEADER_BYTES = 100
WAL_MODE = b"\2\2"

# Rows are apart from their data, because their times of use are written often and read together.
# Claims state who is computing which rows, and owners until when their claims hold.
TABLES = """\
CREATE TABLE rows (key BLOB PRIMARY KEY, id INTEGER NOT NULL, used INTEGER NOT NULL,
                   size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE payloads (id INTEGER PRIMARY KEY, form BLOB NOT NULL, checksum BLOB NOT NULL,
                       data BLOB NOT NULL);
CREATE TABLE owners (id INTEGER PRIMARY KEY, process TEXT NOT NULL, until REAL NOT NULL);
CREATE TABLE claims (key BLOB PRIMARY KEY, owner INTEGER NOT NULL) WITHOUT ROWID;
"""
STATEMENTS = TABLES.removesuffix(";\n").split(";\n")

# Other writers take milliseconds. SQLite waits for them in steps, between which Python sees Ctrl-C.
BUSY_STEP = 1.0  # seconds
BUSY_STEPS = 60

# Steps of SQLite's virtual machine in one query; a hundred million take a second. In a damaged or
# hostile file, tables may contain cycles, and a query may take any number of steps.
SCHEMA_STEPS = 10**4  # our schema takes some hundreds
QUERY_STEPS = 10**9  # 14 for each row of the longest query
SCHEMA_BYTES = 1000  # in one statement


class Connection(sqlite3.Connection):
    """A connection to a store, with a limit on the time that a query takes.

    Attributes
    ----------
    n_steps : int
        The limit, in steps of SQLite's virtual machine.
    """

    n_steps = QUERY_STEPS

    def execute(self, query: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run a query, and wait for other writers if necessary."""
        # The handler runs no bytecode, in which a signal could raise an error that SQLite ignores.
        # It returns 0 a number of times, and then raises StopIteration, which ends the query.
        every = self.n_steps // 10
        self.set_progress_handler(repeat(0, 10).__next__, every)
        for _ in range(BUSY_STEPS - 1):
            try:
                return super().execute(query, parameters)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
        return super().execute(query, parameters)


def exists(path: str) -> bool:
    """Whether a path exists. Errors other than its absence are raised."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def connect(path: str) -> Connection:
    """Open a store, and create it if it does not exist."""
    file = Path(path)
    # Before the file itself, so that a store which another process creates meanwhile is not
    # mistaken for one that was deleted.
    left_over = exists(f"{path}-wal")
    if not exists(path):
        if left_over:
            raise UnusableStoreError(
                f"its file is missing, but {path + '-wal'!r} is there. Delete that as well"
            )
        create(file)
    check_header(file)
    connection = sqlite3.connect(
        f"{file.as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_STEP,
        isolation_level=None,
        check_same_thread=False,  # a generator may be closed by another thread
        factory=Connection,
    )
    try:
        # Damage can turn bytes into text that cannot be decoded.
        connection.text_factory = bytes
        # These two do not read the schema.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        check_schema(connection)
        # A power failure may cost the last rows, but not the file.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def create(file: Path) -> None:
    """Create an empty store atomically. Another process may be first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".row-store-", dir=file.parent) as folder:
        part = Path(folder, file.name)
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
                raise UnusableStoreError(NOT_SHARED)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.executescript(TABLES)
        try:
            file.hardlink_to(part)  # unlike a rename, never replaces an existing file
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            if not file.exists():
                part.rename(file)


def check_header(file: Path) -> None:
    """Raise unless the file is a store of this version. SQLite does not open it."""
    if not file.is_file():
        raise UnusableStoreError("it is not a file. Choose another path")
    with file.open("rb") as opened:
        header = opened.read(HEADER_BYTES)
    application_id = int.from_bytes(header[68:72], "big")
    if not header.startswith(b"SQLite format 3\0") or application_id != APPLICATION_ID:
        raise UnusableStoreError("it is a file of another kind. Choose another path")
    version = int.from_bytes(header[60:64], "big")
    if version != SCHEMA_VERSION:
        raise UnusableStoreError(
            f"it was written by another version of skscatter (its format is {version}, ours "
            f"{SCHEMA_VERSION}). Delete it or choose another path"
        )
    if header[18:20] != WAL_MODE:
        raise UnusableStoreError(
            "another program changed its journal mode, so processes cannot share it. Delete it or "
            "choose another path"
        )


def check_schema(connection: Connection) -> None:
    """Raise unless the tables are ours, and nothing else is defined in the file.

    Reading the schema parses it and runs nothing.
    """
    expected = {("table", name, name, sql) for sql in STATEMENTS for name in [sql.split()[2]]}
    n_bytes = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, SCHEMA_BYTES)
    n_steps, connection.n_steps = connection.n_steps, SCHEMA_STEPS
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master LIMIT 5"
    try:
        entries = connection.execute(query).fetchall()
        is_ours = {tuple(map(_text, entry)) for entry in entries} == expected
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name not in ("SQLITE_INTERRUPT", "SQLITE_TOOBIG"):
            raise
        is_ours = False
    if not is_ours:
        raise UnusableStoreError(
            "its tables are not those of a row store, so it is damaged or another program changed "
            "it. Delete it or choose another path"
        )
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, n_bytes)
    connection.n_steps = n_steps


def _text(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def bytes_in_use(connection: Connection) -> int:
    """Size of the file without its free pages, which will be reused."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Make changes all or not at all, with no other writer at the same time."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # some errors have rolled it back already
            connection.execute("ROLLBACK")
        raise
