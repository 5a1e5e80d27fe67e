"""`fill`: take rows from a store, and have the missing ones computed."""

import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._cache.errors import RowStoreWarning, UnusableStoreError
from skscatter._cache.session import SYSTEM_CLOCK, Clock, Session, batches
from skscatter._cache.store import RowStore
from skscatter._cache.tallies import count

# A process claims, computes and writes one block of rows at a time. Others may wait for the block.
BLOCK_SECONDS = 0.25
MAX_ROWS = 4096  # in a block
MAX_BYTES = 64 * 2**20  # in a block, unless one row has more
FIRST_MULTIPLE = 4  # of `block_multiple`, in the first block
MULTIPLE_WITHOUT_STORE = 64

Positions = NDArray[np.intp]
Block = tuple[Any, Any]  # positions, and an array with one row for each
Compute = Callable[[Positions], Generator[Block, None, None]]


def fill(
    store: RowStore,
    keys: Sequence[bytes],
    shapes: Sequence[tuple[int, ...]],
    dtype: np.dtype[Any],
    compute: Compute,
    *,
    block_multiple: int = 1,
    clock: Clock = SYSTEM_CLOCK,
) -> Generator[Block, None, None]:
    """Yield rows that are stored; compute the others, store them, and yield them, too.

    Rows with equal keys are computed once. Several processes and threads that need the same rows at
    the same time share the work. Closing the generator gives up the claims on rows that were not
    computed, so that others need not wait for them.

    Parameters
    ----------
    store : RowStore
    keys : sequence of n_rows bytes objects
        Keys of the rows, from `row_keys`.
    shapes : sequence of n_rows tuples of int
        Shapes of the rows. Rows with equal keys have equal shapes.
    dtype : dtype
        Type of the rows.
    compute : callable
        Takes positions in ascending order, and returns a generator of blocks: some of these
        positions, and an array with their rows, which have one shape. Blocks may come in any order.
    block_multiple : int, default=1
        Number of rows that are best computed together. `compute` is asked for multiples of it.
    clock : Clock, optional

    Yields
    ------
    positions : ndarray of int
    rows : ndarray of shape (n_positions, ...)
        The rows at these positions.

    Warns
    -----
    RowStoreWarning
        If the store cannot be used, or holds damaged rows. The missing rows are then computed.
    """
    filling = _Filling(keys, compute)
    shape_of = dict(zip(keys, shapes, strict=True))
    session = Session(store, dtype, shape_of, clock)
    max_rows = max(1, min(MAX_ROWS, MAX_BYTES // max(session.largest_row, 1)))
    try:
        try:
            with session:
                yield from filling.with_store(session, block_multiple, max_rows, clock)
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
    finally:
        count(store.path, filling.n_found, filling.n_computed)


class _Filling:
    """What is still to be yielded, and the ways to get it.

    Attributes
    ----------
    left : dict
        Positions of the rows that are not done, by their key.
    n_found, n_computed : int
        Rows that are done.
    """

    def __init__(self, keys: Sequence[bytes], compute: Compute) -> None:
        self.left: dict[bytes, list[int]] = {}
        for position, key in enumerate(keys):
            self.left.setdefault(key, []).append(position)
        self.compute = compute
        self.n_found = self.n_computed = 0

    def with_store(
        self, session: Session, block_multiple: int, max_rows: int, clock: Clock
    ) -> Generator[Block, None, None]:
        """Take rows that are stored, and share the others with whoever else computes them."""
        for keys in batches(list(self.left), max_rows):
            yield from self.take(session.find(keys))
        ours, theirs = deque(self.left), deque[bytes]()
        n_rows = min(FIRST_MULTIPLE * block_multiple, max_rows)
        while ours or theirs:
            if not ours:
                session.wait(theirs)
                ours, theirs = theirs, ours
            claim = session.claim(ours, n_rows)
            theirs.extend(claim.theirs)
            for keys in batches(claim.stored, max_rows):
                found = session.find(keys)
                yield from self.take(found)
                ours.extend(key for key in keys if key not in found)  # damaged or dropped
            if claim.ours:
                rows: dict[bytes, NDArray[Any]] = {}
                start = clock.seconds()
                for keys, block in self.computed(claim.ours):
                    rows.update(zip(keys, block, strict=True))
                    yield self.give(keys, block)
                seconds = clock.seconds() - start
                session.put(rows)
                speed = len(rows) / max(seconds, 1e-6)
                n_rows = size_of_next_block(n_rows, speed, block_multiple, max_rows)

    def without_store(self, block_multiple: int) -> Generator[Block, None, None]:
        """Compute all rows that are left."""
        for keys in batches(list(self.left), MULTIPLE_WITHOUT_STORE * block_multiple):
            for done, block in self.computed(keys):
                yield self.give(done, block)

    def take(self, found: Mapping[bytes, NDArray[Any]]) -> Generator[Block, None, None]:
        """Yield rows that were found, those of one shape together."""
        by_shape: dict[tuple[int, ...], list[bytes]] = defaultdict(list)
        for key, row in found.items():
            by_shape[row.shape].append(key)
        for keys in by_shape.values():
            self.n_found += len(keys)
            yield self.give(keys, np.stack([found[key] for key in keys]))

    def computed(self, keys: Sequence[bytes]) -> Iterator[tuple[list[bytes], NDArray[Any]]]:
        """Compute rows, block by block."""
        key_at = {self.left[key][0]: key for key in keys}
        with closing(self.compute(np.array(sorted(key_at), np.intp))) as blocks:
            for positions, block in blocks:
                done = [key_at[int(position)] for position in positions]
                self.n_computed += len(done)
                yield done, block

    def give(self, keys: Sequence[bytes], rows: NDArray[Any]) -> Block:
        """Return rows with all the positions that they have. These are done."""
        positions = [self.left.pop(key) for key in keys]
        n_copies = [len(copies) for copies in positions]
        self.n_found += sum(n_copies) - len(keys)
        if max(n_copies, default=1) > 1:
            rows = np.repeat(rows, n_copies, axis=0)
        return np.concatenate(positions), rows


def size_of_next_block(
    n_rows: int, rows_per_second: float, block_multiple: int, max_rows: int = MAX_ROWS
) -> int:
    """Rows that take about `BLOCK_SECONDS`, but no more than twice as many as before."""
    n_rows = int(min(rows_per_second * BLOCK_SECONDS, 2 * n_rows, max_rows))
    return max(n_rows // block_multiple, 1) * block_multiple
