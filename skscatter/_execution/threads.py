"""Tasks on threads.

The work consists of FFTs, products and BLAS calls on shared arrays. These release the interpreter
lock, so the workers are threads. Processes would have to copy the signals.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from numbers import Integral
from typing import Any, TypeVar

from joblib import cpu_count
from joblib.parallel import get_active_backend
from threadpoolctl import ThreadpoolController

from skscatter._execution.background import Background, Outcome
from skscatter._scattering.workspace import Workspaces

Result = TypeVar("Result")


def check_n_jobs(n_jobs: Any) -> None:
    """Raise unless `n_jobs` is None or an integer other than 0."""
    message = f"n_jobs={n_jobs!r} must be None, a positive integer, or a negative one."
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise TypeError(message)
    if n_jobs == 0:
        raise ValueError(message)


def joblib_threads() -> tuple[Any, int | None]:
    """Return joblib's threading backend as it is in this context, and its number of jobs.

    The number is the one that was passed to `joblib.parallel_config`. Only the threading backend
    interprets it: the backend of dask would return the cores of its cluster, and each of its
    workers would start as many threads.
    """
    # Without hints of the context, which would make joblib ignore the number or raise an error.
    _, n_jobs = get_active_backend(prefer=None, require=None, verbose=0)
    backend, _ = get_active_backend(prefer="threads", require="sharedmem", verbose=0)
    return backend, n_jobs


def count_threads(n_jobs: int | None) -> int:
    """Return the number of threads that `n_jobs` means in this context, at most one per core.

    In a process that joblib started, the cores are those that joblib assigned to it.
    """
    backend, default = joblib_threads()
    cores = cpu_count()
    if getattr(backend, "nesting_level", 0):
        share = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
        if share.isdecimal() and int(share):  # users may have set it to anything
            cores = min(cores, int(share))
    return min(backend.effective_n_jobs(default if n_jobs is None else n_jobs), cores)


# ---------------------------------------------------------------- state of the process


class _Process:
    """The cores in use and the limit of BLAS, which belong to the process and not to a call."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.threads: dict[object, int] = {}  # of each call
        self.blas: dict[str, object] = {}  # the call that set the limit


_process = _Process()

if hasattr(os, "register_at_fork"):  # pragma: no branch (not on Windows)
    # The threads of the parent do not exist in the child, and one of them may hold the lock.
    os.register_at_fork(after_in_child=_process.__init__)  # type: ignore[misc]


@contextmanager
def claim_cores(n_cores: int) -> Iterator[int]:
    """Claim up to `n_cores` cores that no other call of this process uses, and at least one.

    Otherwise calls from several threads at once would start `n_cores` threads each.
    """
    token = object()
    try:
        with _process.lock:
            in_use = sum(list(_process.threads.values()))
            claimed = max(1, min(n_cores, cpu_count() - in_use))
            _process.threads[token] = claimed
        yield claimed
    finally:
        _process.threads.pop(token, None)


@cache
def _blas_libraries() -> ThreadpoolController:
    """BLAS libraries in the process. Finding them takes milliseconds."""
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread inside the context.

    The limit belongs to the process, and only the thread that set it can lift it (threadpoolctl
    3.8). So the first call sets it, and other calls leave it alone: none of them restores a limit
    that another one set.
    """
    token = object()
    try:
        if _process.blas.setdefault("limited by", token) is token:
            with _blas_libraries().limit(limits=1):
                yield
        else:
            yield
    finally:
        if _process.blas.get("limited by") is token:
            del _process.blas["limited by"]


# ---------------------------------------------------------------- tasks


class _Pool(Background):
    """Workers that take tasks from a deque."""

    def __init__(
        self,
        tasks: Iterable[Callable[[Workspaces], Any]],
        n_workers: int,
        context: AbstractContextManager[None],
    ) -> None:
        super().__init__([f"skscatter-{i}" for i in range(n_workers)], context)
        self._tasks = deque(tasks)

    def work(self) -> None:
        """Do tasks until none is left or the pool is closed."""
        workspaces = Workspaces()
        while not self.closed:
            try:
                task = self._tasks.popleft()
            except IndexError:
                return
            try:
                self.outcomes.put(Outcome(task(workspaces)))
            except BaseException as error:
                self.closed = True
                self.outcomes.put(Outcome(error=error))


def run_tasks(
    tasks: Iterable[Callable[[Workspaces], Result]],
    n_threads: int,
    *,
    stop: threading.Event | None = None,
    limit_blas: bool = True,
) -> Generator[Result, None, None]:
    """Yield the results of tasks as they are completed.

    Parameters
    ----------
    tasks : iterable of callable
        Each takes the `Workspaces` of the thread that runs it.
    n_threads : int
        With 0, tasks run in the calling thread, one each time that a result is requested.
    stop : threading.Event or None, default=None
        Once it is set, no task begins.
    limit_blas : bool, default=True
        Whether to limit BLAS to one thread in the meantime.

    Raises
    ------
    concurrent.futures.CancelledError
        If `stop` was set before the last task.
    BaseException
        Errors of tasks. After an error, or when the generator is closed, no other task begins, and
        running tasks are waited for.
    """

    def unless_stopped(task: Callable[[Workspaces], Result]) -> Callable[[Workspaces], Result]:
        def call(workspaces: Workspaces) -> Result:
            if stop is not None and stop.is_set():
                raise CancelledError
            return task(workspaces)

        return call

    guarded = map(unless_stopped, tasks)
    context = one_blas_thread() if limit_blas else nullcontext()
    if n_threads == 0:
        with context:
            workspaces = Workspaces()
            for task in guarded:
                yield task(workspaces)
        return
    pool = _Pool(guarded, n_threads, context)
    try:
        pool.start()
        while not (outcome := pool.outcomes.get()).is_last:
            yield outcome.get()
        outcome.get()  # raises if a worker could not be started
    finally:
        pool.close()
