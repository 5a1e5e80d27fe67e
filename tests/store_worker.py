"""Rows for tests of the row store, a clock that takes no time, and processes that write rows."""

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np

import skscatter
from skscatter import RowStore
from skscatter._cache import filling, tallies
from skscatter._cache.session import SYSTEM_CLOCK


def key(number):
    return hashlib.sha256(str(number).encode()).digest()[:20]


def right_row(number, width, dtype):
    return np.random.default_rng(number).standard_normal(width).astype(dtype)


def fill(
    store,
    numbers,
    *,
    width=16,
    dtype="float32",
    block_multiple=1,
    before=lambda rows: None,
    clock=SYSTEM_CLOCK,
):
    """Take rows through the store, check every row, and return the numbers computed."""
    numbers, computed = list(numbers), []
    right = np.array([right_row(number, width, dtype) for number in numbers])
    out = np.full_like(right, np.nan)

    def compute(rows):
        assert np.all(np.diff(rows) > 0)
        before(rows)
        computed.extend(numbers[i] for i in rows)
        for part in filter(len, np.array_split(rows[::-1], 2)):  # blocks, in any order
            yield part, right[part]

    with contextlib.closing(
        filling.fill(
            store,
            [key(number) for number in numbers],
            [row.shape for row in right],
            right.dtype,
            compute,
            block_multiple=block_multiple,
            clock=clock,
        )
    ) as blocks:
        for rows, block in blocks:
            assert np.all(np.isnan(out[rows]))  # no row comes twice
            out[rows] = block
    np.testing.assert_array_equal(out, right)
    return computed


class SetClock:
    """A clock that advances when its `sleep` is called, which takes no time."""

    def __init__(self, start=1_000_000.0, on_sleep=lambda: None):
        self.start = self.time = start
        self.on_sleep = on_sleep

    @property
    def elapsed(self):
        return self.time - self.start

    def now(self):
        return self.time

    def seconds(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds
        self.on_sleep()


@contextlib.contextmanager
def opened(store):
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        yield connection


@contextlib.contextmanager
def worker(task, store, *arguments):
    """Run a function of this module in another process."""
    process = subprocess.Popen(
        [sys.executable, __file__, task, store.path, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(Path(skscatter.__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
    finally:
        process.kill()


def tell(process, line):
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


# ---------------------------------------------------------------- in the other process


def say(what):
    """Print a whole line at once, because the process may be killed at any time."""
    os.write(sys.stdout.fileno(), f"{what}\n".encode())


def write(store, start, stop):
    """Say after each block of rows that it has been stored."""
    for first in range(start, stop, 32):
        fill(store, range(first, first + 32), width=256, block_multiple=32)
        say(first)


def write_on_demand(store):
    """For each line of standard input, start a process that writes, and say when it has ended."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            say(os.getpid())
            write(store, *map(int, line.split()))
            os._exit(0)
        os.waitpid(child, 0)
        say("ended")


def share(store, *numbers):
    """Fill, wait for a line while the first block is claimed, and say what was computed."""
    blocks = []

    def before(rows):
        if not blocks:
            say("claimed")
            sys.stdin.readline()
        blocks.append(rows)

    say(json.dumps(fill(store, numbers, before=before, block_multiple=2)))


def claim_and_stay(store, stop):
    """Claim rows, say so, and never compute them."""

    def before(rows):
        say(json.dumps(rows.tolist()))
        sys.stdin.read()

    fill(store, range(stop), before=before)


def fork(store):
    """Use the store, fork while another thread counts, and use it again in both processes."""
    fill(store, range(5))
    with tallies._lock:
        child = os.fork()
        if not child:
            say(json.dumps([fill(store, range(10), block_multiple=10), store.info()[-2:]]))
            os._exit(0)
    computed = fill(store, range(10), block_multiple=10)
    os.waitpid(child, 0)
    say(json.dumps([computed, store.info()[-2:]]))


if __name__ == "__main__":
    task, path, *arguments = sys.argv[1:]
    globals()[task](RowStore(path), *map(int, arguments))
