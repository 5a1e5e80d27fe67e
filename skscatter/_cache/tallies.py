"""How many rows this process found in each store, and how many it computed."""

import os
from threading import Lock

_lock = Lock()
_tallies: dict[str, tuple[int, int]] = {}


def count(path: str, n_hits: int, n_misses: int) -> None:
    """Add rows that were found in the file at `path`, and rows that were computed for it."""
    with _lock:
        hits, misses = _tallies.get(path, (0, 0))
        _tallies[path] = hits + n_hits, misses + n_misses


def tally(path: str) -> tuple[int, int]:
    """Return the hits and misses of the file at `path`."""
    return _tallies.get(path, (0, 0))


def start_from_zero() -> None:
    """Reset all counts in a forked process."""
    # A new lock, because another thread may have held the old one during the fork.
    global _lock
    _lock = Lock()
    _tallies.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch (not on Windows)
    os.register_at_fork(after_in_child=start_from_zero)
