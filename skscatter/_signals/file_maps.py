"""Arrays in memory-mapped files, whose pages are read ahead and released after use.

Pages of a mapped file count as memory of the process until the system reclaims them, which it does
only when memory is short. Schedulers that limit the memory of a process (of a cluster, or of dask)
do not wait for that, so pages are released as soon as their samples have been used. Their content
stays in the system's cache as long as memory is free.
"""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

# Bytes in a block: enough that a call costs little in comparison, and far less than memory.
BLOCK_BYTES = 32 * 2**20

PAGE_BYTES = 4096  # or a multiple


def file_map(x: Any) -> mmap.mmap | None:
    """Return the memory map behind an array or a view of one.

    None for other arrays, and for copy-on-write maps, whose pages may be the only copy.
    """
    mode = "c"
    while x is not None and not isinstance(x, mmap.mmap):
        mode = getattr(x, "mode", "c")  # a `numpy.memmap`, whose base is the map
        x = getattr(x, "base", None)
    return x if mode != "c" else None


def read_pages(x: Any) -> None:
    """Read the pages of a mapped file behind an array. Other arrays are in memory already."""
    if isinstance(x, np.ndarray) and x.size and file_map(x) is not None:
        step = max(1, PAGE_BYTES // x.itemsize)
        np.count_nonzero(x[..., ::step])


def drop_pages(x: Any) -> None:
    """Release the pages of a mapped file. They are read again when they are needed."""
    mapped = file_map(x)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        mapped.madvise(mmap.MADV_DONTNEED)


def blocks_of(x: Any) -> Iterator[Any]:
    """Divide a NumPy array into blocks of rows, or parts of a row that is too long.

    The pages of a block are released before the next one. Arrays of other libraries are one block.
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
