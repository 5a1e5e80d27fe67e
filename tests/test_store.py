import contextlib
import copy
import itertools
import json
import os
import pickle
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import store_worker
from store_worker import fill, key

from skscatter import RowStore, RowStoreWarning
from skscatter._cache import store as _store
from skscatter._cache.store import row_keys

posix = pytest.mark.skipif(os.name != "posix", reason="needs what POSIX has")


@pytest.fixture
def store(tmp_path):
    return RowStore(tmp_path)


@contextlib.contextmanager
def opened(store):
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        yield connection


@contextlib.contextmanager
def worker(task, store, *arguments):
    """Run a function of `store_worker` in another process."""
    process = subprocess.Popen(
        [sys.executable, store_worker.__file__, task, store.path, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
    finally:
        process.kill()


# ---------------------------------------------------------------- what it keeps


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_come_back_bit_for_bit_in_any_order(store, dtype):
    assert fill(store, range(600), dtype=dtype, block_multiple=8) == list(range(600))
    assert fill(store, reversed(range(600)), dtype=dtype) == []
    assert fill(store, [700, 3, 701], dtype=dtype) == [700, 701]
    assert store.info()[1] == 602


def test_special_values_come_back(store):
    values = np.array([[0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324]])
    for _ in range(2):
        out = np.empty_like(values)
        store.fill(out, [b"key"], lambda rows, out=out: out.__setitem__(rows, values))
        assert out.tobytes() == values.tobytes()


def test_rows_may_have_any_shape(store):
    for shape in (), (3,), (2, 3), (1, 0, 2):
        out = np.ones((4, *shape))
        keys = [bytes([len(shape), i]) for i in range(4)]
        store.fill(out, keys, lambda rows: None)
        again = np.zeros_like(out)
        store.fill(again, keys, lambda rows: pytest.fail("computed again"))
        np.testing.assert_array_equal(again, out)


def test_equal_rows_are_computed_once(store):
    assert fill(store, [1, 2, 1, 1, 3, 2]) == [1, 2, 3]
    assert store.info()[-2:] == (3, 3)


def test_empty_arrays_need_nothing(store):
    store.fill(np.empty((0, 3)), [], lambda rows: pytest.fail("nothing to compute"))


def test_progress_counts_every_row_once(store):
    fill(store, range(10))
    counts = []
    out = np.empty((40, 16), np.float32)
    keys = [key(i) for i in [*range(30), *range(10)]]
    store.fill(out, keys, lambda rows: None, progress=counts.append)
    assert sum(counts) == 40


def test_blocks_are_multiples_of_the_grain_and_grow_with_speed(store):
    sizes = []
    fill(store, range(1000), block_multiple=6, before=lambda rows: sizes.append(len(rows)))
    assert all(size % 6 == 0 for size in sizes[:-1])
    assert sizes[0] == 24
    assert max(sizes) > 100
    sizes.clear()

    def slow(rows):
        sizes.append(len(rows))
        time.sleep(0.02 * len(rows))

    fill(store, range(2000, 2060), before=slow, block_multiple=2)
    assert max(sizes) <= 16


# ---------------------------------------------------------------- a place and a limit


def test_folders_hold_a_file_of_fixed_name(tmp_path):
    (tmp_path / "with.suffix").mkdir()
    (tmp_path / "no_suffix").touch()
    for path, expected in [
        (tmp_path, "features.sqlite"),
        (str(tmp_path / "new"), "new/features.sqlite"),
        (tmp_path / "with.suffix", "with.suffix/features.sqlite"),
        (tmp_path / "new.db", "new.db"),
        (tmp_path / "no_suffix", "no_suffix"),
    ]:
        assert RowStore(path).path == str(tmp_path / expected)


def test_relative_paths_are_taken_from_where_the_store_was_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert RowStore("cache").path == str(tmp_path / "cache" / "features.sqlite")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RowStore("~/cache").path == str(tmp_path / "cache" / "features.sqlite")


@pytest.mark.parametrize("name", ["a b#c?d%20&e", "ünï'\"", "new/folders/below"])
def test_paths_may_hold_any_character(tmp_path, name):
    store = RowStore(tmp_path / name)
    fill(store, range(3))
    assert (tmp_path / name / "features.sqlite").is_file()
    assert fill(store, range(3)) == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([1], TypeError, "path=1 must be"),
        ([b"folder"], TypeError, "path=b'folder' must be"),
        ([""], ValueError, "path='' must be"),
        (["folder", 0], ValueError, "max_bytes=0 must be an integer of at least 1"),
        (["folder", 1e9], TypeError, "max_bytes=1000000000.0 must be an integer"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_arguments_are_named_with_what_is_accepted(arguments, error, message):
    with pytest.raises(error, match=message):
        RowStore(*arguments)


def test_nothing_is_created_before_it_is_needed(tmp_path):
    store = RowStore(tmp_path / "new")
    assert store.info() == (store.path, 0, 0, _store.DEFAULT_MAX_BYTES, 0, 0)
    store.clear()
    assert list(tmp_path.iterdir()) == []


def test_between_calls_there_is_one_file_and_nothing_open(store, tmp_path):
    fill(store, range(3))
    assert [path.name for path in tmp_path.iterdir()] == ["features.sqlite"]


def test_copies_are_the_same_place(store):
    fill(store, range(3))
    for twin in copy.deepcopy(store), pickle.loads(pickle.dumps(store)), RowStore(store.path):
        assert twin == store
        assert hash(twin) == hash(store)
        assert fill(twin, range(3)) == []
    assert len(pickle.dumps(store)) < 200 + len(store.path)
    assert store != RowStore(store.path, max_bytes=None)
    assert repr(store) == f"RowStore({store.path!r}, max_bytes=10737418240)"


def test_info_counts(store):
    fill(store, range(5))
    fill(RowStore(store.path), range(8))
    info = store.info()
    assert (info.path, info.rows, info.hits, info.misses) == (store.path, 8, 5, 8)
    assert 0 < info.bytes <= Path(store.path).stat().st_size


def test_clear_drops_all_rows_and_gives_the_space_back(store):
    fill(store, range(500), width=64)
    before = Path(store.path).stat().st_size
    store.clear()
    assert store.info().rows == 0
    assert Path(store.path).stat().st_size < before / 4
    assert fill(store, range(3)) == [0, 1, 2]


# ---------------------------------------------------------------- keys


def keys_of(*rows, context="context"):
    return row_keys(rows, context)


def test_keys_do_not_depend_on_how_rows_lie_in_memory():
    X = np.arange(24.0).reshape(4, 6)
    wide = np.zeros((8, 12))
    wide[::2, ::2] = X
    expected = keys_of(*X)
    for same in np.asfortranarray(X), wide[::2, ::2], X[::-1][::-1], X.astype(">f8"):
        assert keys_of(*same) == expected


def test_undefined_bytes_of_extended_precision_do_not_count():
    a, b = np.empty((2, 5), np.longdouble)
    for row, garbage in (a, 0), (b, 255):
        row.view(np.uint8)[:] = garbage
        row[:] = np.arange(5)
    assert keys_of(a) == keys_of(b)


def test_keys_depend_on_values_type_shape_and_context():
    row = np.arange(1, 7.0)
    others = [
        row[:5],
        row + np.finfo(float).eps * 8,
        row[::-1],
        row.reshape(2, 3),
        row.reshape(3, 2),
        row.reshape(1, 6),
        row.astype(np.float32),
        row.astype(np.int64),
        row.view(np.int64),
        np.append(row, 0),
    ]
    keys = keys_of(row, *others) + keys_of(row, context="another")
    assert len(set(keys)) == len(others) + 2


def test_keys_are_those_of_every_machine():
    # Where one is different a store would be useless, but not wrong, after an update.
    row = np.arange(3, dtype=np.float32)
    assert keys_of(row)[0].hex() == "3377f814f00364cdbca359394db1c6b46a6ccc07"


# ---------------------------------------------------------------- the limit


def test_least_recently_used_rows_go_first(tmp_path, monkeypatch):
    now = 1_000_000.0
    monkeypatch.setattr(_store.time, "time", lambda: now)
    store = RowStore(tmp_path, max_bytes=460_000)
    for first in 0, 100, 200:
        assert fill(store, range(first, first + 100), width=256) == [*range(first, first + 100)]
        now += 1000
    assert fill(store, range(100), width=256) == []  # now the second hundred is the oldest
    now += 1000
    fill(store, range(300, 350), width=256)
    assert store.info().bytes <= 460_000

    def stored(numbers):
        with opened(store) as connection:
            there = {found for (found,) in connection.execute("SELECT key FROM rows")}
        return sum(key(number) in there for number in numbers)

    assert stored(range(100, 200)) < 60
    assert stored(range(100)) == stored(range(200, 300)) == 100
    assert stored(range(300, 350)) == 50


def test_the_limit_holds_whatever_is_written(tmp_path):
    store = RowStore(tmp_path, max_bytes=200_000)
    for first in range(0, 2000, 100):
        fill(store, range(first, first + 100), width=200, block_multiple=10)
        assert store.info().bytes <= 200_000
    assert Path(store.path).stat().st_size <= 300_000
    fill(store, range(3), width=100_000)  # one does not fit
    assert store.info().bytes <= 200_000


def test_a_store_without_a_limit_keeps_everything(tmp_path):
    store = RowStore(tmp_path, max_bytes=None)
    fill(store, range(500), width=200)
    assert fill(store, range(500), width=200) == []
    assert store.info().max_bytes is None


def test_looking_up_does_not_write(store, monkeypatch):
    fill(store, range(50))
    with opened(store) as connection:
        (before,) = connection.execute("PRAGMA data_version").fetchone()
        fill(store, range(50))
        assert connection.execute("PRAGMA data_version").fetchone() == (before,)
        now = time.time() + 2 * _store.TOUCH_AFTER
        monkeypatch.setattr(_store.time, "time", lambda: now)
        fill(store, range(50))
        assert connection.execute("PRAGMA data_version").fetchone() != (before,)


# ---------------------------------------------------------------- many at once


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_processes_that_need_the_same_rows_compute_each_once(store):
    orders = [range(200), range(199, -1, -1), [*range(100, 200), *range(250)]]
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(worker("share", store, *numbers)) for numbers in orders]
        for process in workers:
            assert process.stdout.readline() == "ready\n"
        for process in workers:
            process.stdin.write("go\n")
            process.stdin.flush()
        shares = [json.loads(process.communicate(timeout=60)[0]) for process in workers]
    assert sorted(itertools.chain(*shares)) == list(range(250))
    assert sum(map(bool, shares)) > 1


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_threads_that_need_the_same_rows_compute_each_once(store):
    shares, start = [], threading.Barrier(3)

    def run():
        start.wait()
        shares.append(
            fill(store, range(200), block_multiple=2, before=lambda rows: time.sleep(0.002))
        )

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(itertools.chain(*shares)) == list(range(200))
    assert len(shares) == 3


@pytest.fixture
def few_looks(monkeypatch):
    """Let nobody wait for ever."""
    wait, looks = _store._Session.wait, []

    def count_and_wait(self, keys):
        looks.append(keys)
        assert len(looks) < 50
        wait(self, keys)

    monkeypatch.setattr(_store._Session, "wait", count_and_wait)


@posix
@pytest.mark.reliability("Faults of servers, disks and processes")
def test_rows_of_a_killed_process_are_taken_over_at_once(store, few_looks):
    with worker("hang", store, 20) as process:
        claimed = json.loads(process.stdout.readline())
        assert claimed
        process.send_signal(signal.SIGKILL)
        if not Path("/proc").exists():
            process.wait()
        # Elsewhere it is still there, as a zombie.
        start = time.monotonic()
        assert sorted(fill(store, range(20))) == list(range(20))
        assert time.monotonic() - start < _store.LEASE / 3


def claim(store, numbers):
    """Claim rows as another thread would, and return its session."""
    out = np.empty((0, 16), np.float32)
    session = _store._Session(store, out, set()).__enter__()
    stored, claimed, taken = session.claim(_store.deque(map(key, numbers)), 1000)
    assert (stored, claimed, taken) == ([], [key(number) for number in numbers], [])
    return session


def test_rows_that_others_compute_are_waited_for(store):
    others = claim(store, range(5, 10))
    rows = np.array([store_worker.right_row(i, 16, "float32") for i in range(5, 10)])
    started = threading.Event()
    computed = []
    thread = threading.Thread(
        target=lambda: computed.extend(fill(store, range(20), before=lambda rows: started.set()))
    )
    thread.start()
    started.wait()
    time.sleep(0.1)
    assert thread.is_alive()
    store_as_others = _store._Session(store, rows, set())
    with store_as_others as session:
        session._owner = others._owner  # a connection belongs to a thread
        session.put([key(i) for i in range(5, 10)], rows)
    thread.join(30)
    assert computed == [*range(5), *range(10, 20)]
    others.__exit__(None, None, None)


def test_many_rows_that_others_compute_are_passed_over_bit_by_bit(store, monkeypatch):
    monkeypatch.setattr(_store, "LOOK_AGAIN", 0.05)
    monkeypatch.setattr(_store, "LEASE", 0.3)
    others = claim(store, range(10))
    monkeypatch.setattr(_store, "LOOKUP", 2)
    monkeypatch.setattr(_store, "SCAN", 4)
    assert sorted(fill(store, range(12))) == list(range(12))
    others.__exit__(None, None, None)


def test_the_first_of_two_rows_under_one_key_is_kept(store):
    keys, ones = [key(i) for i in range(3)], np.ones((3, 16), np.float32)
    with _store._Session(store, ones, set()) as session:
        session.put(keys[:2], ones[:2])
        session.put(keys, 2 * ones)
        assert [session.find([k])[k][0] for k in keys] == [1, 1, 2]


@pytest.mark.parametrize("clock", [0, -10_000], ids=["", "after the clock was set back"])
@pytest.mark.reliability("Faults of servers, disks and processes")
def test_claims_of_a_live_process_end_with_their_lease(store, monkeypatch, few_looks, clock):
    monkeypatch.setattr(_store, "LEASE", 0.3)
    monkeypatch.setattr(_store, "LOOK_AGAIN", 0.05)
    others = claim(store, range(5))
    real = time.time
    monkeypatch.setattr(_store.time, "time", lambda: real() + clock)
    start = time.monotonic()
    assert fill(store, range(5)) == [0, 1, 2, 3, 4]
    if not clock:
        assert time.monotonic() - start > 0.15
    others.__exit__(None, None, None)


def test_claims_of_another_machine_hold_until_their_lease_ends(store, monkeypatch):
    monkeypatch.setattr(_store, "LEASE", 0.3)
    monkeypatch.setattr(_store, "LOOK_AGAIN", 0.05)
    monkeypatch.setattr(_store, "_HOST", "another")
    others = claim(store, range(5))
    monkeypatch.undo()
    assert _store._alive(b"another 1 2")
    assert not _store._alive(f"{_store._HOST} {os.getpid()} 0".encode())  # had our number
    others.__exit__(None, None, None)


@pytest.mark.parametrize("damaged", [None, 7, b"", b"one two", b"one two three four"])
def test_damaged_names_of_processes_hold_no_claims(damaged):
    assert not _store._alive(damaged)


@posix
def test_processes_are_known_by_their_number_where_there_is_no_proc(monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda self: False)
    assert _store._started(os.getpid()) == "?"
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert _store._started(process.pid) == "dead"

    def refuse(pid, number):
        raise PermissionError("somebody else's")

    monkeypatch.setattr(os, "kill", refuse)
    assert _store._started(os.getpid()) == "?"


def test_nothing_is_known_of_processes_where_there_is_neither_proc_nor_posix(monkeypatch):
    monkeypatch.setattr(_store, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(_store, "Path", lambda path: Path("none"))
    assert _store._started(os.getpid()) == "?"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError, sqlite3.Error])
def test_errors_of_the_computation_come_through_and_leave_no_claims(store, error):
    def fail(rows):
        if 12 in rows:
            raise error("mine")

    with pytest.raises(error, match="mine"):
        fill(store, range(30), before=fail)
    with opened(store) as connection:
        for table in "claims", "owners":
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert fill(store, range(12)) == [*range(store.info().rows, 12)]


@posix
def test_a_fork_may_go_on_with_the_store(store):
    with worker("fork", store) as process:
        both = [json.loads(line) for line in process.communicate(timeout=60)[0].splitlines()]
    (child, child_counts), (parent, parent_counts) = both
    assert sorted(child + parent) == [5, 6, 7, 8, 9]
    assert child_counts == [10 - len(child), len(child)]
    assert parent_counts == [10 - len(parent), 5 + len(parent)]


@posix
@pytest.mark.reliability("Faults of servers, disks and processes")
def test_nothing_committed_is_lost_when_a_writer_is_killed(store):
    rng = random.Random(0)

    def start(writers, first, last):
        writers.stdin.write(f"{first} {last}\n")
        writers.stdin.flush()
        return int(writers.stdout.readline())

    def until_the_end(writers):
        return map(int, iter(writers.stdout.readline, "ended\n"))

    with worker("write_on_demand", store) as victims, worker("write_on_demand", store) as survivors:
        for first in range(0, 20 * 10_000, 10_000):
            victim = start(victims, first, first + 9000)
            committed = [int(victims.stdout.readline())]
            # Both need the same rows, but for the first of the victim's.
            start(survivors, first + 64, first + 320)
            committed += [int(victims.stdout.readline()) for _ in range(rng.randrange(8))]
            time.sleep(0.004 * rng.random())
            os.kill(victim, signal.SIGKILL)
            committed += until_the_end(victims)
            assert len(committed) < 9000 // 32
            committed += until_the_end(survivors)
            numbers = {number for block in committed for number in range(block, block + 32)}
            assert numbers >= set(range(first + 64, first + 320))
            assert fill(store, sorted(numbers), width=256) == []
        victims.stdin.close()
        survivors.stdin.close()
    with opened(store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# ---------------------------------------------------------------- what can go wrong


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_damaged_rows_are_computed_anew_with_a_warning(store):
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
def test_stores_whose_damage_cannot_be_mended_are_done_without(store, monkeypatch):
    fill(store, range(5))
    with opened(store) as connection:
        connection.execute("UPDATE payloads SET data = x'00'")
    calls = []

    def drop(self, keys):  # as where the index is damaged
        calls.append(keys)
        assert len(calls) < 5

    monkeypatch.setattr(_store._Session, "_drop", drop)
    with pytest.warns(RowStoreWarning, match=r"cannot be removed|Damaged"):
        assert fill(store, range(5)) == [0, 1, 2, 3, 4]


def test_rows_of_another_shape_or_type_than_expected_do_not_count(store):
    fill(store, range(5), width=4, dtype="float32")
    for form in {"width": 2, "dtype": "float64"}, {"width": 4, "dtype": "float64"}:
        with pytest.warns(RowStoreWarning, match="Damaged"):
            assert len(fill(store, range(5), **form)) == 5


def test_no_flipped_bit_gives_a_wrong_row(store, tmp_path):
    fill(store, range(12))
    sound = Path(store.path).read_bytes()
    rng = random.Random(0)
    messages = set()
    for i in range(300):
        position = rng.randrange(len(sound)) if i % 3 else rng.randrange(200)
        contents = bytearray(sound)
        contents[position] ^= 1 << rng.randrange(8)
        other = RowStore(tmp_path / "flipped.sqlite")
        Path(other.path).write_bytes(contents)
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


def make_foreign_database(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE rows (key BLOB PRIMARY KEY)")
        connection.commit()


def make_other_version(path):
    fill(RowStore(path), range(3))
    with opened(RowStore(path)) as connection:
        connection.execute("PRAGMA user_version = 7")


def make_store_of_one_process(path):
    fill(RowStore(path), range(3))
    with opened(RowStore(path)) as connection:  # as on a file system without shared memory
        connection.execute("PRAGMA journal_mode = DELETE")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_text("something"), "a file of another kind"),
        (lambda path: path.write_bytes(b""), "a file of another kind"),
        (make_foreign_database, "a file of another kind"),
        (make_other_version, r"another version of skscatter \(its format is 7, ours 1\)"),
        (make_store_of_one_process, "does not let processes share it"),
        (lambda path: path.with_name("store.sqlite-wal").touch(), "its file is gone"),
    ],
)
def test_files_that_are_no_store_of_ours_are_left_alone(tmp_path, make, reason):
    store = RowStore(tmp_path / "store.sqlite")
    make(Path(store.path))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    message = rf"The row store .*store\.sqlite' cannot be used: .*{reason}"
    with pytest.warns(RowStoreWarning, match=message):
        assert fill(store, range(3)) == [0, 1, 2]
    if Path(store.path).exists():
        for method in store.info, store.clear:
            with pytest.raises(OSError, match=message):
                method()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_folders_and_devices_are_no_stores(tmp_path):
    (tmp_path / "features.sqlite").mkdir()
    with pytest.warns(RowStoreWarning, match="it is no file"):
        fill(RowStore(tmp_path), range(3))
    (tmp_path / "file").touch()
    with pytest.warns(RowStoreWarning, match="cannot be used: Not a directory"):
        fill(RowStore(tmp_path / "file" / "below"), range(3))


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
def test_folders_without_permission_are_done_without(exists):
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
def test_full_disks_are_done_without(store, kilobytes):
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
def test_full_databases_are_done_without(store, monkeypatch):
    connect = _store._connect

    def connect_to_small_disk(path):
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 30")
        return connection

    monkeypatch.setattr(_store, "_connect", connect_to_small_disk)
    with pytest.warns(RowStoreWarning, match="the disk is full. Make room"):
        assert fill(store, range(1000), width=64, block_multiple=50) == list(range(1000))
    assert 0 < store.info().rows < 1000
    assert len(fill(store, range(store.info().rows), width=64)) == 0


def test_a_change_that_fails_is_undone(store):
    fill(store, range(5))

    def change(connection):
        with _store._transaction(connection):
            connection.execute("DELETE FROM rows")
            connection.execute("DELETE FROM nothing")

    with opened(store) as connection:
        with pytest.raises(sqlite3.Error):
            change(connection)
        assert not connection.in_transaction
    assert fill(store, range(5)) == []


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_locked_stores_are_read_and_done_without(store, monkeypatch):
    monkeypatch.setattr(_store, "BUSY", 0.05)
    fill(store, range(5))
    with opened(store) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.warns(RowStoreWarning, match="another process has kept it locked"):
            assert fill(store, range(10)) == [5, 6, 7, 8, 9]
    assert fill(store, range(10)) == [5, 6, 7, 8, 9]


def test_a_file_system_without_hard_links_will_do(store, monkeypatch):
    def refuse(self, target):
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    fill(store, range(3))
    assert fill(store, range(3)) == []


def test_only_one_of_many_creates_the_store(store, monkeypatch):
    create = _store._create

    def be_late(file):
        create(file)  # another process
        fill(store, range(3))
        create(file)

    monkeypatch.setattr(_store, "_create", be_late)
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
    """What SQLite is on the file system of a network."""

    def execute(self, statement, *arguments):
        return super().execute(statement.replace("journal_mode = WAL", "journal_mode"), *arguments)


def test_file_systems_that_processes_cannot_share_are_done_without(store, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: connect(*a, factory=WithoutSharedMemory, **k)
    )
    message = "its file system does not let processes share it"
    with pytest.warns(RowStoreWarning, match=message):  # a new store
        assert fill(store, range(3)) == [0, 1, 2]
    assert not Path(store.path).exists()
    monkeypatch.undo()
    fill(store, range(3))
    with opened(store) as connection:  # one that was brought there
        connection.execute("PRAGMA journal_mode = DELETE")
    with pytest.warns(RowStoreWarning, match=message):
        assert fill(store, range(3)) == [0, 1, 2]
