"""What can go wrong with a row store: damaged rows, disks, permissions and locks."""

import contextlib
import errno
import os
import random
import shutil
import sqlite3
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from store_worker import fill, key, opened

from skscatter import RowStore, RowStoreWarning
from skscatter._cache import database, filling, session
from skscatter._cache.database import Connection
from skscatter._cache.errors import UnusableStoreError, explained
from skscatter._cache.session import Session

posix = pytest.mark.skipif(os.name != "posix", reason="needs what POSIX has")


@pytest.fixture
def store(tmp_path):
    return RowStore(tmp_path)


# ---------------------------------------------------------------- damaged rows


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_damaged_rows_are_computed_again_with_a_warning(store):
    fill(store, range(20))
    with opened(store) as connection:
        (data,) = connection.execute("SELECT data FROM payloads WHERE id = 4").fetchone()
        flipped = data[:7] + bytes([data[7] ^ 1]) + data[8:]
        connection.execute("UPDATE payloads SET data = ? WHERE id = 4", (flipped,))
        connection.execute("DELETE FROM payloads WHERE id = 6")
        connection.execute("UPDATE rows SET id = 27 - id WHERE id IN (13, 14)")  # exchanged
        connection.execute("UPDATE payloads SET data = 8 WHERE id = 8")
    with pytest.warns(RowStoreWarning, match=r"Damaged rows in .*features\.sqlite': 5\."):
        assert len(fill(store, range(20))) == 5
    assert fill(store, range(20)) == []


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_work_continues_without_a_store_whose_damaged_rows_stay(store, monkeypatch):
    fill(store, range(5))
    with opened(store) as connection:
        connection.execute("UPDATE payloads SET data = x'00'")
    calls = []

    def drop(self, keys):  # as where the index is damaged
        calls.append(keys)
        assert len(calls) < 5

    monkeypatch.setattr(Session, "_drop", drop)
    with pytest.warns(RowStoreWarning) as warned:
        assert fill(store, range(5)) == [0, 1, 2, 3, 4]
    unusable, damaged = (str(warning.message) for warning in warned)
    assert "it is damaged. Delete it" in unusable
    assert "a damaged row cannot be removed" in unusable
    assert "Damaged rows" in damaged


def test_work_continues_without_a_store_that_finds_the_wrong_rows(store, monkeypatch):
    fill(store, range(5))
    select = Session._select
    # As where a page of the index is damaged.
    monkeypatch.setattr(Session, "_select", lambda self, query, keys: select(self, query, [key(0)]))
    with pytest.warns(RowStoreWarning, match="it is damaged"):
        assert fill(store, range(1, 5)) == [1, 2, 3, 4]


def test_rows_of_another_shape_or_type_than_expected_do_not_count(store):
    fill(store, range(5), width=4, dtype="float32")
    for form in {"width": 2, "dtype": "float64"}, {"width": 4, "dtype": "float64"}:
        with pytest.warns(RowStoreWarning, match="Damaged"):
            assert len(fill(store, range(5), **form)) == 5


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("UPDATE payloads SET id = 9223372036854775807 WHERE id = 5", "it is damaged"),
        ("UPDATE payloads SET data = zeroblob(3000000) WHERE id = 1", "an entry larger than any"),
    ],
)
def test_work_continues_without_a_store_with_impossible_values(store, damage, reason):
    fill(store, range(5))
    with opened(store) as connection:
        connection.execute(damage)
    with pytest.warns(RowStoreWarning) as warned:
        assert {5, 6} <= set(fill(store, range(7)))
    assert reason in str(warned[0].message)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE rows SET used = x'00', size = 'many'",
        "UPDATE rows SET used = -1, size = 1e300",
        "INSERT INTO owners VALUES (1, x'ff', 'never')",
        "INSERT INTO owners VALUES (1, 'host 1 2', 9e999)",
    ],
)
def test_values_of_other_types_are_passed_over(tmp_path, damage):
    store = RowStore(tmp_path, max_bytes=50_000)
    fill(store, range(150))
    with opened(store) as connection:
        connection.execute(damage)
    assert fill(store, range(200, 400)) == list(range(200, 400))


@pytest.mark.slow
def test_no_flipped_bit_gives_a_wrong_row(store, tmp_path):
    fill(store, range(12))
    sound = Path(store.path).read_bytes()
    rng = random.Random(0)
    messages = set()
    for i in range(300):
        position = rng.randrange(len(sound)) if i % 3 else rng.randrange(200)
        flipped = bytearray(sound)
        flipped[position] ^= 1 << rng.randrange(8)
        other = RowStore(tmp_path / "flipped.sqlite")
        Path(other.path).write_bytes(flipped)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fill(other, range(14))  # which looks at every row
            fill(other, range(14))
        assert {warning.category for warning in caught} <= {RowStoreWarning}
        messages |= {str(warning.message) for warning in caught}
        for end in "", "-wal", "-shm":
            Path(other.path + end).unlink(missing_ok=True)
    said = "\n".join(messages)
    for what in "Damaged rows", "it is damaged. Delete it", "another kind", "another version":
        assert what in said


# ---------------------------------------------------------------- reasons


def sqlite_error(name):
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (sqlite_error("SQLITE_PROTOCOL"), "its file system does not let processes share it"),
        (sqlite_error("SQLITE_IOERR_SHMMAP"), "its file system does not let processes share it"),
        (sqlite_error("SQLITE_IOERR_LOCK"), "its file system does not let processes share it"),
        (sqlite_error("SQLITE_IOERR_WRITE"), "its disk fails or is full"),
        (sqlite_error("SQLITE_IOERR_NOMEM"), "there is not enough memory"),
        (sqlite_error("SQLITE_NOMEM"), "there is not enough memory"),
        (MemoryError(), "there is not enough memory"),
        (sqlite_error("SQLITE_FULL"), "the disk is full"),
        (sqlite_error("SQLITE_NOLFS"), "cannot handle so large a file"),
        (sqlite_error("SQLITE_PERM"), "no permission to use it"),
        (sqlite_error("SQLITE_AUTH"), "no permission to use it"),
        (sqlite_error("SQLITE_READONLY_DIRECTORY"), "no permission to write to it"),
        (sqlite_error("SQLITE_READONLY_DBMOVED"), "was moved or deleted during the work"),
        (sqlite_error("SQLITE_CANTOPEN"), "it cannot be opened"),
        (sqlite_error("SQLITE_BUSY"), "another process kept it locked"),
        (sqlite_error("SQLITE_LOCKED"), "another connection of this process"),
        (sqlite_error("SQLITE_SCHEMA"), "another program changed its tables"),
        (sqlite_error("SQLITE_ERROR"), r"unexpected error \(as SQLite says it\)"),
        (sqlite3.ProgrammingError("of Python"), r"unexpected error \(of Python\)"),
        (OSError(errno.ENOSPC, "full"), "the disk is full"),
        (OSError(errno.EMFILE, "many"), "this process has too many open files"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied. Choose another path"),
        (OSError("without a number"), "without a number. Choose another path"),
    ],
)
def test_sound_files_are_not_called_damaged(error, reason):
    with pytest.raises(UnusableStoreError, match=reason) as caught, explained("path"):
        raise error
    assert "amaged" not in str(caught.value)
    assert "Delete" not in str(caught.value)


@pytest.mark.parametrize("name", ["SQLITE_CORRUPT", "SQLITE_CORRUPT_INDEX", "SQLITE_NOTADB"])
def test_damaged_files_are_to_be_deleted(name):
    message = r"The row store 'path' cannot be used: it is damaged\. Delete it, together with"
    with pytest.raises(UnusableStoreError, match=message), explained("path"):
        raise sqlite_error(name)


@pytest.mark.parametrize("error", [TypeError, ValueError, OverflowError, KeyboardInterrupt])
def test_other_errors_are_not_blamed_on_the_store(error):
    with pytest.raises(error, match=r"^mine$"), explained("path"):
        raise error("mine")


def test_errors_of_sqlite_end_the_use_of_the_store_once(store, monkeypatch):
    fill(store, range(3))

    def fail(self, keys):
        raise sqlite_error("SQLITE_PROTOCOL")

    monkeypatch.setattr(Session, "_subset", lambda self, query, keys: fail(self, keys))
    with pytest.warns(RowStoreWarning, match="does not let processes share it") as warned:
        assert fill(store, range(200)) == list(range(3, 200))
    assert len(warned) == 1


def test_rows_beyond_the_limit_of_sqlite_are_computed_and_not_stored(store):
    # They have the shape of a gigabyte, and the memory of one number.
    rows = np.lib.stride_tricks.as_strided(np.zeros(1), (2, 135_000_000), (0, 0))
    blocks = filling.fill(
        store,
        [key(0), key(1)],
        [row.shape for row in rows],
        rows.dtype,
        lambda positions: ((positions, rows) for _ in range(1)),
    )
    with pytest.warns(RowStoreWarning, match=r"a row has 1080000000 bytes") as warned:
        ((positions, _),) = blocks
    assert positions.tolist() == [0, 1]
    assert len(warned) == 1
    assert "Delete" not in str(warned[0].message)
    assert store.info().rows == 0


@posix
def test_a_store_may_be_deleted_during_the_work(store):
    def delete(rows):
        Path(store.path).unlink(missing_ok=True)

    assert fill(store, range(100), before=delete) == list(range(100))
    with pytest.warns(RowStoreWarning, match=r"file is missing, but .*-wal' is there\. Delete"):
        assert fill(store, range(3)) == [0, 1, 2]


# ---------------------------------------------------------------- disks, permissions, locks


@contextlib.contextmanager
def no_permission(folder):
    """Take away the permission to write, from root as well."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@posix
@pytest.mark.parametrize("exists", [False, True])
def test_work_continues_in_folders_without_permission(exists):
    # Not tmp_path, which only its owner may enter.
    folder = Path(tempfile.mkdtemp())
    try:
        store = RowStore(folder)
        if exists:
            fill(store, range(3))
        with (
            no_permission(folder),
            pytest.warns(RowStoreWarning, match=r"cannot be used: .*ermission"),
        ):
            computed = fill(store, range(5))
        assert computed == list(range(5)) if not exists else {3, 4} <= set(computed)
    finally:
        shutil.rmtree(folder)


@posix
@pytest.mark.parametrize("kilobytes", [0, 8, 30, 60, 100])
@pytest.mark.reliability("Faults of servers, disks and processes")
def test_work_continues_on_full_disks(store, kilobytes):
    import resource

    if kilobytes > 30:
        fill(store, range(20))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, hard))
    try:
        with pytest.warns(RowStoreWarning, match="cannot be used: (its disk|the disk|File too)"):
            assert set(fill(store, range(1000), block_multiple=10)) >= set(range(20, 1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    if kilobytes > 30:
        assert fill(store, range(20)) == []
        with opened(store) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_work_continues_with_full_databases(store, monkeypatch):
    connect = database.connect

    def connect_to_small_disk(path):
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 30")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(session, "connect", connect_to_small_disk)
        with pytest.warns(RowStoreWarning, match="the disk is full. Free some space"):
            assert fill(store, range(1000), width=64, block_multiple=50) == list(range(1000))
    assert 0 < store.info().rows < 1000
    assert len(fill(store, range(store.info().rows), width=64)) == 0


def test_a_change_that_fails_is_undone(store):
    fill(store, range(5))

    def change(connection):
        with database.transaction(connection):
            connection.execute("DELETE FROM rows")
            connection.execute("DELETE FROM nothing")

    with opened(store) as connection:
        with pytest.raises(sqlite3.Error):
            change(connection)
        assert not connection.in_transaction
    assert fill(store, range(5)) == []


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_locked_stores_are_read_and_not_written(store, monkeypatch):
    monkeypatch.setattr(database, "BUSY_STEP", 0)
    fill(store, range(5))
    with opened(store) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.warns(RowStoreWarning, match="another process kept it locked"):
            assert fill(store, range(10)) == [5, 6, 7, 8, 9]
    assert fill(store, range(10)) == [5, 6, 7, 8, 9]


class LockedTwice(sqlite3.Connection):
    """A connection to a file that another process locks at first."""

    n_left = 2

    def execute(self, *arguments):
        if self.n_left:
            self.n_left -= 1
            error = sqlite_error("SQLITE_BUSY_RECOVERY")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise error
        return super().execute(*arguments)


def test_other_writers_are_waited_for():
    class Waiting(Connection, LockedTwice):
        pass

    with contextlib.closing(sqlite3.connect(":memory:", factory=Waiting)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_file_system_without_hard_links_is_sufficient(store, monkeypatch):
    def refuse(self, target):
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    fill(store, range(3))
    assert fill(store, range(3)) == []


def test_only_one_of_many_creates_the_store(store, monkeypatch):
    create = database.create

    def be_late(file):
        create(file)  # another process
        fill(store, range(3))
        create(file)

    monkeypatch.setattr(database, "create", be_late)
    fill(store, range(1, 5))
    assert fill(store, range(5)) == []


def test_a_file_system_without_hard_links_keeps_the_store_that_was_first(store, monkeypatch):
    def be_late(self, target):
        os.link(target, self)  # another process, somehow
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", be_late)
    fill(store, range(3))
    assert fill(store, range(3)) == []


class WithoutSharedMemory(sqlite3.Connection):
    """What SQLite is on a network file system."""

    def execute(self, statement, *arguments):
        return super().execute(statement.replace("journal_mode = WAL", "journal_mode"), *arguments)


def test_work_continues_on_file_systems_that_processes_cannot_share(store, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: connect(*a, factory=WithoutSharedMemory, **k)
    )
    with pytest.warns(RowStoreWarning, match="its file system does not let processes share it"):
        assert fill(store, range(3)) == [0, 1, 2]
    assert not Path(store.path).exists()
