"""The row store, used by many processes and threads at once."""

import contextlib
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from store_worker import SetClock, fill, key, opened, right_row, tell, worker

from skscatter import RowStore
from skscatter._cache import database, filling, owners, session, tallies
from skscatter._cache.session import LEASE, SYSTEM_CLOCK, Session

posix = pytest.mark.skipif(os.name != "posix", reason="needs what POSIX has")


@pytest.fixture
def store(tmp_path):
    return RowStore(tmp_path)


def session_of(store, clock=SYSTEM_CLOCK):
    return Session(store, np.dtype("float32"), {key(i): (16,) for i in range(300)}, clock)


@contextlib.contextmanager
def claimed(store, numbers, clock=SYSTEM_CLOCK):
    """Claim rows as another thread would."""
    with session_of(store, clock) as others:
        keys = [key(number) for number in numbers]
        assert others.claim(deque(keys), 1000) == ([], keys, [])
        yield others


def count(store, table):
    with opened(store) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


# ---------------------------------------------------------------- sharing the work


@pytest.mark.slow
@pytest.mark.reliability("Faults of servers, disks and processes")
def test_processes_that_need_the_same_rows_compute_each_once(store):
    orders = [range(200), range(199, -1, -1), [*range(100, 200), *range(250)]]
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(worker("share", store, *numbers)) for numbers in orders]
        for process in workers:
            assert process.stdout.readline() == "claimed\n"
        for process in workers:
            tell(process, "go on")
        shares = [json.loads(process.communicate(timeout=60)[0]) for process in workers]
    assert sorted(itertools.chain(*shares)) == list(range(250))
    assert all(shares)


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_threads_that_need_the_same_rows_compute_each_once(store):
    shares, all_have_claimed = [], threading.Barrier(3)

    def run():
        blocks = []

        def before(rows):
            if not blocks:
                all_have_claimed.wait(60)
            blocks.append(rows)

        shares.append(fill(store, range(200), block_multiple=2, before=before))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(itertools.chain(*shares)) == list(range(200))
    assert len(shares) == 3
    assert all(shares)


def test_rows_that_others_compute_are_waited_for(store):
    rows = np.array([right_row(i, 16, "float32") for i in range(5, 10)])
    clock = SetClock()
    with claimed(store, range(5, 10), clock) as others:
        clock.on_sleep = lambda: others.put({key(i): rows[i - 5] for i in range(5, 10)})
        assert fill(store, range(20), clock=clock) == [*range(5), *range(10, 20)]
    assert 0 < clock.elapsed < 0.1


def test_changes_of_other_rows_are_waited_through(store):
    ones, clock = np.ones((1, 16), np.float32), SetClock()
    with claimed(store, range(2), clock), session_of(store, clock) as third:
        clock.on_sleep = lambda: third.put({key(clock.elapsed): ones[0]})
        assert fill(store, range(2), clock=clock) == [0, 1]
    assert LEASE <= clock.elapsed < LEASE + 1


def test_many_rows_that_others_compute_are_passed_over_in_parts(store, monkeypatch):
    clock = SetClock()
    with claimed(store, range(10), clock):
        monkeypatch.setattr(session, "LOOKUP", 2)
        monkeypatch.setattr(session, "SCAN", 4)
        assert sorted(fill(store, range(12), clock=clock)) == list(range(12))
    assert LEASE <= clock.elapsed < LEASE + 1


def test_the_first_of_two_rows_under_one_key_is_kept(store):
    keys, ones = [key(i) for i in range(3)], np.ones((3, 16), np.float32)
    with session_of(store) as opened_session:
        opened_session.put(dict(zip(keys, ones[:2], strict=False)))
        opened_session.put(dict(zip(keys, 2 * ones, strict=True)))
        assert [opened_session.find([k])[k][0] for k in keys] == [1, 1, 2]


# ---------------------------------------------------------------- the end of a claim


@posix
@pytest.mark.slow
@pytest.mark.parametrize("is_zombie", [False, True])
@pytest.mark.reliability("Faults of servers, disks and processes")
def test_rows_of_a_killed_process_are_taken_over_at_once(store, is_zombie):
    if is_zombie and not Path("/proc").exists():
        pytest.skip("only Linux tells the state of a process")
    with worker("claim_and_stay", store, 20) as process:
        assert json.loads(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        if not is_zombie:
            process.wait()
        clock = SetClock(start=session.time.time())
        assert sorted(fill(store, range(20), clock=clock)) == list(range(20))
    assert clock.elapsed == 0


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_claims_of_a_live_process_end_with_their_lease(store):
    clock = SetClock()
    with claimed(store, range(5), clock):
        assert fill(store, range(5), clock=clock) == [0, 1, 2, 3, 4]
    assert LEASE <= clock.elapsed < LEASE + 1


def test_claims_from_before_the_clock_was_set_back_do_not_hold(store):
    clock = SetClock()
    with claimed(store, range(5), SetClock(clock.time + 10_000)):
        assert fill(store, range(5), clock=clock) == [0, 1, 2, 3, 4]
    assert clock.elapsed == 0


def test_claims_of_another_machine_hold_until_their_lease_ends(store, monkeypatch):
    clock = SetClock()
    monkeypatch.setattr(owners, "HOST", "another")
    with claimed(store, range(5), clock):
        monkeypatch.undo()
        assert fill(store, range(5), clock=clock) == [0, 1, 2, 3, 4]
    assert LEASE <= clock.elapsed < LEASE + 1
    assert owners.is_alive(b"another 1 2")
    assert not owners.is_alive(f"{owners.HOST} {os.getpid()} 0".encode())  # had our number


@pytest.mark.parametrize(
    "damaged", [None, 7, b"", b"one two", b"one two three four", b"\xff 1 2", b"HOST %d 2" % 2**70]
)
def test_damaged_names_of_processes_hold_no_claims(damaged):
    if isinstance(damaged, bytes):
        damaged = damaged.replace(b"HOST", owners.HOST.encode())
    assert not owners.is_alive(damaged)


@posix
def test_processes_are_known_by_their_number_where_there_is_no_proc(monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda self: False)
    assert owners.started(os.getpid()) == "?"
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert owners.started(process.pid) == "dead"
    assert not owners.is_alive(f"{owners.HOST} {2**70} ?".encode())

    def refuse(pid, number):
        raise PermissionError("another user's")

    monkeypatch.setattr(os, "kill", refuse)
    assert owners.started(os.getpid()) == "?"


def test_nothing_is_known_of_processes_where_there_is_neither_proc_nor_posix(monkeypatch):
    monkeypatch.setattr(owners, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(owners, "Path", lambda path: Path("none"))
    assert owners.started(os.getpid()) == "?"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError, sqlite3.Error])
def test_errors_of_the_computation_are_raised_and_leave_no_claims(store, error):
    def fail(rows):
        if 12 in rows:
            raise error("mine")

    with pytest.raises(error, match="mine"):
        fill(store, range(30), before=fail)
    assert count(store, "claims") == count(store, "owners") == 0
    assert fill(store, range(12)) == [*range(store.info().rows, 12)]


def started(store):
    """A generator that has claimed rows and waits to go on."""

    def compute(rows):
        for row in rows:
            yield [row], np.zeros((1, 16))

    blocks = filling.fill(store, [key(i) for i in range(5)], 5 * [(16,)], np.dtype(float), compute)
    next(blocks)
    return blocks


def test_closing_the_generator_gives_up_the_claims(store):
    blocks = started(store)
    assert count(store, "claims") == 4
    blocks.close()
    assert count(store, "claims") == count(store, "owners") == store.info().rows == 0


def test_closing_the_generator_is_silent_where_the_claims_cannot_be_given_up(store, monkeypatch):
    monkeypatch.setattr(database, "BUSY_STEP", 0)
    blocks = started(store)
    with opened(store) as connection:
        connection.execute("BEGIN IMMEDIATE")
        blocks.close()
    assert count(store, "claims") == 4


def test_a_generator_may_be_closed_by_another_thread(store):
    blocks = started(store)
    thread = threading.Thread(target=blocks.close)
    thread.start()
    thread.join(60)
    assert count(store, "claims") == 0


# ---------------------------------------------------------------- forks and kills


def test_a_fork_counts_from_zero_whatever_other_threads_do(store):
    fill(store, range(3))
    with tallies._lock:
        tallies.start_from_zero()  # what a fork does
        assert store.info()[-2:] == (0, 0)
        fill(store, range(4))
    assert store.info()[-2:] == (3, 1)


@posix
@pytest.mark.slow
def test_a_fork_may_use_the_store_and_counts_from_zero(store):
    with worker("fork", store) as process:
        both = [json.loads(line) for line in process.communicate(timeout=60)[0].splitlines()]
    counts = sorted(counts for _, counts in both)
    computed = [len(numbers) for numbers, _ in both]
    assert sorted(itertools.chain(*(numbers for numbers, _ in both))) == [5, 6, 7, 8, 9]
    assert sum(hits + misses for hits, misses in counts) == 10 + 5 + 10
    assert [hits + misses for hits, misses in counts] in ([10, 15], [15, 10])
    assert sum(computed) == 5


@posix
@pytest.mark.slow
@pytest.mark.reliability("Faults of servers, disks and processes")
def test_nothing_committed_is_lost_when_a_writer_is_killed(store):
    rng = random.Random(0)

    def start(writers, first, last):
        tell(writers, f"{first} {last}")
        return int(writers.stdout.readline())

    def until_the_end(writers):
        return map(int, iter(writers.stdout.readline, "ended\n"))

    with worker("write_on_demand", store) as victims, worker("write_on_demand", store) as survivors:
        for first in range(0, 20 * 10_000, 10_000):
            victim = start(victims, first, first + 9000)
            committed = [int(victims.stdout.readline())]
            # Both need the same rows, except for the first of the victim's.
            start(survivors, first + 64, first + 320)
            committed += [int(victims.stdout.readline()) for _ in range(rng.randrange(8))]
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
