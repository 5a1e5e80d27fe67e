"""Blocks of rows on threads.

The work is FFTs, products and BLAS, all of which release the interpreter lock, on arrays that are
shared: threads are the right kind of worker, and processes would copy the data.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import Any

from joblib import cpu_count
from joblib.parallel import get_active_backend
from threadpoolctl import ThreadpoolController
from tqdm.auto import tqdm

from skscatter._scattering.cascade import threads_of_a_call
from skscatter._signals.rows import Rows

# Chunks in one task: enough to make handing it over, and its work space, cheap.
CHUNKS_PER_TASK = 16

# Tasks for each worker where there are rows enough, so that none waits long for the last.
TASKS_PER_WORKER = 4


def check_n_jobs(n_jobs: Any) -> None:
    """Raise unless `n_jobs` is None or an integer other than 0."""
    message = f"n_jobs={n_jobs!r} must be None, a positive integer, or a negative one."
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise TypeError(message)
    if n_jobs == 0:
        raise ValueError(message)


def joblib_threads() -> tuple[Any, int | None]:
    """Return joblib's backend of threads as it is in this context, and its number of jobs.

    The number is the one that `joblib.parallel_config` was given. What another kind of backend
    would make of it is not asked: that of dask answers with the cores of its cluster, whatever
    the number, and each of its workers would then start as many threads.
    """
    # Hints of the context must not count: they would make joblib forget the number, or contradict.
    _, n_jobs = get_active_backend(prefer=None, require=None, verbose=0)
    backend, _ = get_active_backend(prefer="threads", require="sharedmem", verbose=0)
    return backend, n_jobs


def count_threads(n_jobs: int | None) -> int:
    """Return the number of threads that `n_jobs` means in this context, at most one a core.

    In a process that joblib started the cores are those that joblib left to each of them.
    """
    backend, default = joblib_threads()
    cores = cpu_count()
    if getattr(backend, "nesting_level", 0):
        share = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
        if share.isdecimal() and int(share):  # a user may have put anything there
            cores = min(cores, int(share))
    return min(backend.effective_n_jobs(default if n_jobs is None else n_jobs), cores)


_cores = threading.Lock()
_threads_at_work = 0


@contextmanager
def free_cores(wanted: int) -> Iterator[int]:
    """Give as many threads as are wanted, but no more than cores that are idle, and at least one.

    Whoever calls from several threads at once would otherwise have `wanted` for each of them.
    """
    global _threads_at_work
    with _cores:
        given = max(1, min(wanted, cpu_count() - _threads_at_work))
        _threads_at_work += given
    try:
        yield given
    finally:
        with _cores:
            _threads_at_work -= given


def _begin_idle() -> None:
    """Forget threads that a forked process has not: they stay with its parent."""
    global _cores, _threads_at_work
    _cores, _threads_at_work = threading.Lock(), 0


if hasattr(os, "register_at_fork"):  # pragma: no branch (not on Windows)
    os.register_at_fork(after_in_child=_begin_idle)


# An event that, once set, makes the work of this context end before its next block.
stop_event: ContextVar[threading.Event | None] = ContextVar("stop_event", default=None)


_blas_limit = threading.Lock()


@cache
def _blas_libraries() -> ThreadpoolController:
    """BLAS libraries in the process; finding them takes milliseconds."""
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread inside the context.

    The limit belongs to the process, and only the thread that set it can lift it (threadpoolctl
    3.8). So whoever comes first sets it, and others go in without touching it: none ever puts
    back a limit that was another's.
    """
    if not _blas_limit.acquire(blocking=False):
        yield
        return
    try:
        with _blas_libraries().limit(limits=1):
            yield
    finally:
        _blas_limit.release()


def rows_per_task(n_rows: int, n_workers: int, chunk: int, at_once: int) -> int:
    """Rows of one task.

    Parameters
    ----------
    n_rows : int
        Rows in all.
    n_workers : int
        Tasks that run at a time.
    chunk : int
        Rows that go through together; a task is a multiple of it where it can be.
    at_once : int
        Rows that may be under way at a time, over all workers.
    """
    fair = -(-n_rows // (TASKS_PER_WORKER * n_workers))
    if fair > chunk:
        fair -= fair % chunk
    else:
        # Few rows. A chunk has a cost of its own, in which threads are in each other's way: no
        # small parts of one.
        fair = min(chunk, max(-(-n_rows // n_workers), chunk // 4))
    return max(1, min(fair, CHUNKS_PER_TASK * chunk, at_once // n_workers))


@dataclass(frozen=True)
class Work:
    """Rows, and what is to be done with them, some at a time.

    Attributes
    ----------
    function : callable
        Takes some of the rows.
    rows : range or ndarray of int
        Positions.
    chunk : int
        Rows that go through together.
    at_once : int
        Rows that may be under way at a time, over all workers.
    """

    function: Callable[[Rows], object]
    rows: Rows
    chunk: int
    at_once: int

    def blocks(self, n_workers: int) -> list[Rows]:
        """Divide the rows into tasks."""
        step = rows_per_task(len(self.rows), n_workers, self.chunk, self.at_once)
        return [self.rows[i : i + step] for i in range(0, len(self.rows), step)]


def in_smaller_blocks(
    function: Callable[[Rows], object], out_of_memory: tuple[type[BaseException], ...]
) -> Callable[[Rows], None]:
    """Make `function` go on with half as many rows at a time whenever it runs out of memory.

    Rows may be computed twice. What did not fit once is not tried again.
    """
    at_most: list[int] = []  # shared by threads; appending is atomic

    def call(rows: Rows) -> None:
        start = 0
        while start < len(rows):
            stop = min([len(rows), *(start + most for most in at_most)])
            try:
                function(rows[start:stop])
            except out_of_memory:
                if stop - start == 1:
                    raise
                at_most.append((stop - start) // 2)
            else:
                start = stop

    return call


def for_each_block(
    works: Sequence[Work],
    *,
    n_jobs: int | None,
    verbose: int,
    description: str,
    n_workers: int | None = None,
) -> None:
    """Do all of some works, in blocks of rows, on `n_jobs` threads.

    `n_jobs` has joblib's meaning, `joblib.parallel_config` included; a given `n_workers` takes
    its place, for work that is done by other means than BLAS on these threads. With `verbose` a
    progress bar counts rows. When a call fails or the caller is interrupted, blocks that have not
    begun are dropped and those that have are waited for: nothing is written after the return. The
    same happens, with a `CancelledError`, when the context's `stop_event` is set.
    """
    if n_workers is None:
        with free_cores(count_threads(n_jobs)) as n_threads, one_blas_thread():
            _do_all(works, n_threads, verbose, description, within=True)
    else:
        _do_all(works, n_workers, verbose, description)


def _do_all(
    works: Sequence[Work],
    n_workers: int,
    verbose: int,
    description: str,
    *,
    within: bool = False,
) -> None:
    """Do all blocks on so many threads; where there are fewer blocks, also `within` them."""
    tasks = [(work, block) for work in works for block in work.blocks(n_workers)]
    stop = stop_event.get()

    def do(work: Work, block: Rows) -> int:
        if stop is not None and stop.is_set():
            raise CancelledError
        # A thread more within a signal takes at most the memory of a signal more.
        threads = min(n_workers, work.at_once) // len(tasks) if within else 1
        token = threads_of_a_call.set(max(1, threads))
        try:
            work.function(block)
        finally:
            threads_of_a_call.reset(token)
        return len(block)

    n_rows = sum(len(work.rows) for work in works)
    bar = tqdm(total=n_rows, desc=description, unit="signal", disable=not verbose)
    with bar:
        if n_workers == 1 or len(tasks) == 1:
            for task in tasks:
                bar.update(do(*task))
            return
        pool = ThreadPoolExecutor(n_workers)
        try:
            for done in as_completed([pool.submit(do, *task) for task in tasks]):
                bar.update(done.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
