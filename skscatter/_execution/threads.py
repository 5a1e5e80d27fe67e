"""Tasks on threads.

The work is FFTs, products and BLAS calls, all of which release the interpreter lock, on shared
arrays. So threads are the workers; processes would have to copy the signals.

An interrupt (Ctrl-C) can arrive between any two instructions of the main thread, inside the locks
of `threading` and `concurrent.futures` among others. So the main thread takes no part: a supervisor
starts the workers and waits for them, the workers take tasks from a deque, and the main thread only
waits at a queue.
"""

import os
import threading
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from numbers import Integral
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from joblib import cpu_count
from joblib.parallel import get_active_backend
from threadpoolctl import ThreadpoolController

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

    The number is the one that `joblib.parallel_config` was given. Other backends are not asked
    what it means: the backend of dask answers with the cores of its cluster, and each of its
    workers would then start as many threads.
    """
    # Hints of the context must not count: joblib would forget the number, or find a contradiction.
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


# ---------------------------------------------------------------- what a process has once


class _Process:
    """Cores in use and the limit of BLAS, which belong to the process and not to a call."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.threads: dict[object, int] = {}  # of each call at work
        self.blas: dict[str, object] = {}  # the call that set the limit


_process = _Process()

if hasattr(os, "register_at_fork"):  # pragma: no branch (not on Windows)
    # The threads of the parent, and whoever holds the lock, do not exist in the child.
    os.register_at_fork(after_in_child=_process.__init__)  # type: ignore[misc]


@contextmanager
def claim_cores(wanted: int) -> Iterator[int]:
    """Claim up to `wanted` cores that no other call of this process uses, and at least one.

    Without it, calls from several threads at once would start `wanted` threads each.
    """
    token = object()
    try:
        with _process.lock:
            in_use = sum(list(_process.threads.values()))
            claimed = max(1, min(wanted, cpu_count() - in_use))
            _process.threads[token] = claimed
        yield claimed
    finally:
        _process.threads.pop(token, None)


@cache
def _blas_libraries() -> ThreadpoolController:
    """BLAS libraries in the process; finding them takes milliseconds."""
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


class _Outcome(NamedTuple):
    """What a worker hands to the main thread: a result, or an error, or neither at the end."""

    result: Any = None
    error: BaseException | None = None
    last: bool = False


class _Pool:
    """Workers that take tasks from a deque and put outcomes on a queue.

    `closed` and `running` are plain attributes on purpose. The main thread sets `closed`, then
    reads `running`; the supervisor sets `running`, then reads `closed`. So whatever the moment of
    an interrupt, either the supervisor starts nothing or the main thread sees it running.
    """

    def __init__(
        self, tasks: Iterable[Callable[[Workspaces], Any]], n_workers: int, limit_blas: bool
    ) -> None:
        self.tasks = deque(tasks)
        self.n_workers = n_workers
        self.limit_blas = limit_blas
        self.outcomes: SimpleQueue[_Outcome] = SimpleQueue()
        self.closed = self.running = False

    def supervise(self) -> None:  # pragma: no cover (coverage does not trace such a thread)
        """Start the workers and wait for them; the target of the only thread started by main."""
        self.running = True
        error = None
        try:
            if not self.closed:
                self._run_workers()
        except BaseException as raised:
            error = raised
        self.running = False
        self.outcomes.put(_Outcome(error=error, last=True))

    def _run_workers(self) -> None:  # pragma: no cover (see supervise)
        with one_blas_thread() if self.limit_blas else nullcontext():
            workers = [
                threading.Thread(target=self._work, name=f"skscatter-{i}", daemon=True)
                for i in range(self.n_workers)
            ]
            started = []
            try:
                for worker in workers:
                    worker.start()
                    started.append(worker)
            finally:
                for worker in started:
                    worker.join()

    def _work(self) -> None:
        """Do tasks until none is left or the pool is closed."""
        workspaces = Workspaces()
        while not self.closed:
            try:
                task = self.tasks.popleft()
            except IndexError:
                return
            try:
                self.outcomes.put(_Outcome(task(workspaces)))
            except BaseException as error:
                self.closed = True
                self.outcomes.put(_Outcome(error=error))

    def close(self) -> None:
        """Let no task begin any more, and wait for those that have begun.

        Interrupts are put off until then. If one arrives at the very end of the wait, a worker
        may still finish its task, whose result nobody reads.
        """
        self.closed = True
        interrupt: BaseException | None = None
        while self.running:
            try:
                self.outcomes.get(timeout=0.05)
            except Empty:
                pass
            except BaseException as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt


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
        With 0, tasks run in the calling thread, one whenever a result is asked for.
    stop : threading.Event or None, default=None
        Once it is set, no task begins.
    limit_blas : bool, default=True
        Whether to limit BLAS to one thread meanwhile.

    Raises
    ------
    concurrent.futures.CancelledError
        If `stop` was set before the last task.
    BaseException
        What a task raises. No other task begins after an error or when the generator is closed,
        and those that have begun are waited for.
    """

    def unless_stopped(task: Callable[[Workspaces], Result]) -> Callable[[Workspaces], Result]:
        def call(workspaces: Workspaces) -> Result:
            if stop is not None and stop.is_set():
                raise CancelledError
            return task(workspaces)

        return call

    guarded = map(unless_stopped, tasks)
    if n_threads == 0:
        limit: AbstractContextManager[None] = one_blas_thread() if limit_blas else nullcontext()
        with limit:
            workspaces = Workspaces()
            for task in guarded:
                yield task(workspaces)
        return
    pool = _Pool(guarded, n_threads, limit_blas)
    try:
        start_new_thread(pool.supervise, ())
        while not (outcome := pool.outcomes.get()).last:
            if outcome.error is not None:
                raise outcome.error
            yield outcome.result
        if outcome.error is not None:  # pragma: no cover (the system has no thread to give)
            raise outcome.error
    finally:
        pool.close()
