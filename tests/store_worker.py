"""Rows for tests of the row store, and processes that write them."""

import hashlib
import json
import os
import sys
import time

import numpy as np

from skscatter import RowStore


def key(number):
    return hashlib.sha256(str(number).encode()).digest()[:20]


def right_row(number, width, dtype):
    return np.random.default_rng(number).standard_normal(width).astype(dtype)


def fill(store, numbers, *, width=16, dtype="float32", block_multiple=1, before=lambda rows: None):
    """Fill an array through the store, check every row, and return the numbers computed."""
    numbers, computed = list(numbers), []
    right = np.array([right_row(number, width, dtype) for number in numbers])
    out = np.full_like(right, np.nan)

    def compute(rows):
        before(rows)
        out[rows] = right[rows]
        computed.extend(numbers[i] for i in rows)

    store.fill(out, [key(number) for number in numbers], compute, block_multiple=block_multiple)
    np.testing.assert_array_equal(out, right)
    return computed


def say(what):
    """Print a line in one piece: the process may be killed at any time."""
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
    """Wait for the start, then fill, slowly, and say what was computed."""
    numbers = list(map(int, numbers))
    say("ready")
    sys.stdin.readline()
    say(json.dumps(fill(store, numbers, before=lambda rows: time.sleep(0.005), block_multiple=2)))


def hang(store, stop):
    """Claim rows, say so, and never compute them."""

    def before(rows):
        say(json.dumps(rows.tolist()))
        time.sleep(1000)

    fill(store, range(stop), before=before)


def fork(store):
    """Use the store, fork, and use it again in both processes."""
    fill(store, range(5))
    child = os.fork()
    computed = fill(store, range(10), block_multiple=10, before=lambda rows: time.sleep(0.1))
    if not child:
        say(json.dumps([computed, store.info()[-2:]]))
        os._exit(0)
    os.waitpid(child, 0)
    say(json.dumps([computed, store.info()[-2:]]))


if __name__ == "__main__":
    task, path, *arguments = sys.argv[1:]
    numbers = [int(argument) for argument in arguments]
    globals()[task](RowStore(path), *numbers)
