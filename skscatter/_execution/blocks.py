"""The division of rows into blocks, and of blocks that do not fit in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from skscatter._scattering.layout import Grid, Groups, lay_out
from skscatter._scattering.settings import Settings
from skscatter._signals.rows import Rows

Result = TypeVar("Result")

# Chunks in a block: enough that a task and its workspace cost little in comparison.
CHUNKS_PER_BLOCK = 16

# Blocks for each worker if there are enough rows, so that no worker waits long for the last one.
BLOCKS_PER_WORKER = 4


@dataclass(frozen=True)
class BlockSize:
    """What the size of a block depends on.

    Attributes
    ----------
    chunk : int
        Rows that are computed together. A block is a multiple of it if possible.
    at_once : int
        Rows that may be in work at a time, over all workers.
    """

    chunk: int
    at_once: int

    def rows(self, n_rows: int, n_workers: int) -> int:
        """Return the rows of one block out of `n_rows`."""
        size = -(-n_rows // (BLOCKS_PER_WORKER * n_workers))
        if size > self.chunk:
            size -= size % self.chunk
        else:
            # With few rows, blocks are parts of a chunk. They must not be small, because each call
            # has a fixed cost, in which threads wait for each other.
            size = min(self.chunk, max(-(-n_rows // n_workers), self.chunk // 4))
        return max(1, min(size, CHUNKS_PER_BLOCK * self.chunk, self.at_once // n_workers))


def divide(rows: Rows, size: int) -> list[Rows]:
    """Divide rows into blocks of `size`, the last of which may be shorter."""
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def group_by_length(settings: Settings, lengths: NDArray[np.intp]) -> Groups:
    """Divide rows of descending length into groups of equal length."""
    bounds = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(lengths)]
    return [
        (slice(start, stop), lay_out(settings, int(lengths[start])))
        for start, stop in pairwise(bounds)
        if start < stop
    ]


def group_by_grid(groups: Groups, rows: Rows) -> Iterator[tuple[Grid, Rows]]:
    """Divide rows by their grid. Groups that share a grid are computed together."""
    for grid, groups_of_grid in groupby(groups, key=lambda group: group[1].grid):
        slices = [group_rows for group_rows, _ in groups_of_grid]
        yield grid, rows[slices[0].start : slices[-1].stop]


class InSmallerBlocks:
    """Calls a function of rows with half as many rows whenever memory runs out.

    Rows may be computed twice. A size that did not fit is not tried again, by any thread.

    Parameters
    ----------
    out_of_memory : tuple of exception types
        Errors that mean a lack of memory.
    """

    def __init__(self, out_of_memory: tuple[type[BaseException], ...]) -> None:
        self._out_of_memory = out_of_memory
        self._largest: list[int] = []  # shared by threads; appending is atomic

    def call(self, function: Callable[[Rows], list[Result]], rows: Rows) -> list[Result]:
        """Return the joined results of `function` on parts of the rows."""
        results: list[Result] = []
        start = 0
        while start < len(rows):
            stop = min([len(rows), *(start + largest for largest in self._largest)])
            try:
                results += function(rows[start:stop])
            except self._out_of_memory:
                if stop - start == 1:
                    raise
                self._largest.append((stop - start) // 2)
            else:
                start = stop
        return results
