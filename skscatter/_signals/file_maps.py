"""Arrays on memory-mapped files: read in time, and not kept in memory afterwards.

What was read of a mapped file counts as memory of the process until the system takes it back, which
it does only when memory is short; a scheduler that watches a process (a cluster's, dask's workers)
does not wait for that. So pages are given back when they are done with. Their content stays in the
system's cache as long as there is room.
"""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

# Bytes to look through at a time: far more than a call costs, far less than there is memory.
BLOCK_BYTES = 32 * 2**20

PAGE_BYTES = 4096  # or a multiple


def file_map(x: Any) -> mmap.mmap | None:
    """Return the map of the file that an array, or the array it is a view of, lies on.

    None for arrays elsewhere, and for copy-on-write maps, whose pages may be the only copy.
    """
    mode = "c"
    while x is not None and not isinstance(x, mmap.mmap):
        mode = getattr(x, "mode", "c")  # that of a `numpy.memmap` lies directly on the map
        x = getattr(x, "base", None)
    return x if mode != "c" else None


def read_pages(x: Any) -> None:
    """Bring the part of a mapped file that an array lies on into memory; others are there."""
    if isinstance(x, np.ndarray) and x.size and file_map(x) is not None:
        step = max(1, PAGE_BYTES // x.itemsize)
        np.count_nonzero(x[..., ::step])


def drop_pages(x: Any) -> None:
    """Give back the memory that a mapped file takes, which is read again when it is needed."""
    mapped = file_map(x)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        mapped.madvise(mmap.MADV_DONTNEED)


def blocks_of(x: Any) -> Iterator[Any]:
    """Cut an array of NumPy into runs of rows, or of samples where a row is too long.

    Each is dropped from memory when the next is due. Arrays of other libraries are one piece.
    """
    if not isinstance(x, np.ndarray) or x.nbytes <= BLOCK_BYTES:
        yield x
        return
    rows = BLOCK_BYTES * len(x) // x.nbytes
    if rows == 0:
        for row in x:
            yield from blocks_of(row)
        return
    for i in range(0, len(x), rows):
        yield x[i : i + rows]
        drop_pages(x)
