"""`fill`: take rows from a store, and ask for the missing ones."""

import warnings
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._cache.errors import RowStoreWarning, UnusableStoreError
from skscatter._cache.session import LOOKUP, SYSTEM_CLOCK, Clock, Session, batches
from skscatter._cache.store import RowStore
from skscatter._cache.tallies import count

# A process claims, computes and writes one block of rows at a time. Others may wait for the block.
BLOCK_SECONDS = 0.25
MAX_ROWS = 4096  # in a block
FIRST_MULTIPLE = 4  # of `block_multiple`, in the first block
MULTIPLE_WITHOUT_STORE = 64

Positions = NDArray[np.intp]


def fill(
    store: RowStore,
    out: NDArray[Any],
    keys: Sequence[bytes],
    *,
    block_multiple: int = 1,
    progress: Callable[[int], object] = lambda n_rows: None,
    clock: Clock = SYSTEM_CLOCK,
) -> Generator[Positions, None, None]:
    """Fill `out` with rows that are stored; yield positions of rows still to be computed.

    The caller writes these rows of `out` before it requests the next positions; they are then
    stored. Rows with equal keys are requested once. Several processes and threads that need the
    same rows at the same time share the work. ::

        with closing(fill(store, out, keys)) as missing:
            for rows in missing:
                out[rows] = compute(rows)

    Closing the generator gives up the claims on rows that were not computed, so that others need
    not wait for them.

    Parameters
    ----------
    store : RowStore
    out : ndarray of shape (n_rows, ...)
    keys : sequence of n_rows bytes objects
        Keys of the rows, from `row_keys`.
    block_multiple : int, default=1
        Number of rows that are best computed together. Blocks are multiples of it.
    progress : callable, optional
        Called with the number of rows that were found. The caller counts those that it computes.
    clock : Clock, optional

    Yields
    ------
    rows : ndarray of int
        Positions in ascending order.

    Warns
    -----
    RowStoreWarning
        If the store cannot be used, or holds damaged rows. The missing rows are then computed.
    """
    filling = _Filling(out, keys, progress)
    session = Session(store, out.dtype, out.shape[1:], clock)
    try:
        try:
            with session:
                yield from filling.with_store(session, block_multiple, clock)
        except UnusableStoreError as error:
            warnings.warn(f"{error} Rows are computed without it.", RowStoreWarning, stacklevel=2)
        if session.damaged:
            warnings.warn(
                f"Damaged rows in the row store {store.path!r}: {len(session.damaged)}. They are "
                "computed again. If this happens repeatedly, check the disk.",
                RowStoreWarning,
                stacklevel=2,
            )
        yield from filling.without_store(block_multiple)
        filling.copy_equal_rows()
    finally:
        count(store.path, filling.n_found, filling.n_computed)


class _Filling:
    """What is still to be filled in an array, and the ways to fill it.

    Attributes
    ----------
    left : dict
        Position of each row that is not done, by its key. Positions ascend.
    n_found, n_computed : int
        Rows that are done.
    """

    def __init__(
        self, out: NDArray[Any], keys: Sequence[bytes], progress: Callable[[int], object]
    ) -> None:
        self.out = out
        self.progress = progress
        self.left: dict[bytes, int] = {}
        self.sources = np.array([self.left.setdefault(key, i) for i, key in enumerate(keys)], int)
        self.n_found = self.n_computed = 0

    def with_store(
        self, session: Session, block_multiple: int, clock: Clock
    ) -> Generator[Positions, None, None]:
        """Take rows that are stored, and share the others with whoever else computes them."""
        for keys in batches(list(self.left), LOOKUP):
            self.take(session.find(keys))
        ours, theirs = deque(self.left), deque[bytes]()
        n_rows = FIRST_MULTIPLE * block_multiple
        while ours or theirs:
            if not ours:
                session.wait(theirs)
                ours, theirs = theirs, ours
            claim = session.claim(ours, n_rows)
            theirs.extend(claim.theirs)
            found = session.find(claim.stored)
            self.take(found)
            ours.extend(key for key in claim.stored if key not in found)  # damaged or dropped
            if claim.ours:
                start = clock.seconds()
                keys, rows = yield from self.ask_for(claim.ours)
                seconds = clock.seconds() - start
                session.put(keys, self.out[rows])
                n_rows = size_of_next_block(n_rows, len(rows) / max(seconds, 1e-6), block_multiple)

    def without_store(self, block_multiple: int) -> Generator[Positions, None, None]:
        """Request all rows that are left."""
        for keys in batches(list(self.left), MULTIPLE_WITHOUT_STORE * block_multiple):
            yield from self.ask_for(keys)

    def take(self, found: dict[bytes, NDArray[Any]]) -> None:
        """Write rows that were found."""
        for key, row in found.items():
            self.out[self.left.pop(key)] = row
        self.n_found += len(found)
        self.progress(len(found))

    def ask_for(
        self, keys: Sequence[bytes]
    ) -> Generator[Positions, None, tuple[list[bytes], Positions]]:
        """Let the caller write rows; return their keys and positions, in ascending order."""
        keys = sorted(keys, key=self.left.__getitem__)
        rows = np.array([self.left[key] for key in keys], np.intp)
        yield rows
        for key in keys:
            del self.left[key]
        self.n_computed += len(keys)
        return keys, rows

    def copy_equal_rows(self) -> None:
        """Write rows whose key is that of an earlier row."""
        copies = np.flatnonzero(self.sources != np.arange(len(self.sources)))
        self.out[copies] = self.out[self.sources[copies]]
        self.n_found += len(copies)
        self.progress(len(copies))


def size_of_next_block(n_rows: int, rows_per_second: float, block_multiple: int) -> int:
    """Rows that take about `BLOCK_SECONDS`, but no more than twice as many as before."""
    n_rows = int(min(rows_per_second * BLOCK_SECONDS, 2 * n_rows, MAX_ROWS))
    return max(n_rows // block_multiple, 1) * block_multiple
