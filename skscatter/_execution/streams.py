"""Batches from a source that may be slow: one is computed while the next one is read.

The source is read in the caller's thread, and the work is done in another one. The other way round
would suit files, but a database cursor belongs to the thread that made it, and so may a session or
a progress bar behind a generator. And what a source raises is simply raised, with its own
traceback.
"""

import threading
from _thread import start_new_thread
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import joblib
import numpy as np
import sklearn

from skscatter._execution.threads import joblib_threads
from skscatter._signals.file_maps import read_pages


def check_batches(batches: Any) -> Iterator[Any]:
    """Return an iterator over batches.

    Raises
    ------
    TypeError
        If `batches` is not iterable, or is a single array, whose rows are not batches.
    """
    expected = "must be an iterable of arrays of shape (n_samples, n_times)"
    if hasattr(batches, "shape"):
        raise TypeError(
            f"batches of shape {batches.shape} {expected}, not one array. Cut it, as in "
            "(X[i : i + 1000] for i in range(0, len(X), 1000)), or pass it to transform."
        )
    if not isinstance(batches, Iterable) or isinstance(batches, str | bytes):
        raise TypeError(f"batches={batches!r} {expected}.")
    return iter(batches)


class _Outcome(NamedTuple):
    """How the computation of a batch ended."""

    result: Any = None
    error: BaseException | None = None

    def get(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


def _outcome_of(task: Callable[[Any], Any], batch: Any) -> _Outcome:
    try:
        return _Outcome(task(batch))
    except BaseException as error:
        return _Outcome(error=error)


class _Worker:
    """A thread that computes one batch after another.

    As in `skscatter._execution.threads`, work is handed over through queues only, so that an
    interrupt of the caller finds no lock to break.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[tuple[Callable[[Any], Any], Any] | None] = SimpleQueue()
        self._outcomes: SimpleQueue[_Outcome] = SimpleQueue()
        self._closed = self._running = False
        start_new_thread(self._launch, ())

    def _launch(self) -> None:  # pragma: no cover (coverage does not trace such a thread)
        self._running = True
        if not self._closed:
            thread = threading.Thread(target=self._work, name="skscatter-batches", daemon=True)
            thread.start()
            thread.join()
        self._running = False
        self._outcomes.put(_Outcome())

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._outcomes.put(_outcome_of(*task))
            del task  # for the batch to be freed

    def submit(self, task: Callable[[Any], Any], batch: Any) -> None:
        """Compute a batch after those that were submitted before."""
        self._tasks.put((task, batch))

    def get(self) -> Any:
        """Wait for the batch that was submitted first, and return its result or raise."""
        return self._outcomes.get().get()

    def close(self) -> None:
        """Let the batch under way end, and wait for the thread, interrupted or not."""
        self._closed = True
        self._tasks.put(None)
        interrupt: BaseException | None = None
        while self._running:
            try:
                self._outcomes.get(timeout=0.05)
            except Empty:
                pass
            except BaseException as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt


def read_ahead(
    compute: Callable[[Any], Any],
    batches: Iterator[Any],
    stop: threading.Event,
    *,
    prepare: Callable[[Any], Any],
) -> Generator[Any, None, None]:
    """Yield ``compute(prepare(batch))`` for each batch, while the next batch is read.

    Besides the batch that is computed, and the result that the caller has, at most one batch is in
    memory. An error of the source is raised after the results of the batches before it, and so is
    an error of `compute`, with a note that says which batch it was.

    When the generator ends, by whatever cause, it sets `stop`, which `compute` should obey, waits
    for its thread, and closes the source if that is a generator.
    """
    with ExitStack() as at_end:
        if isinstance(batches, Generator):
            at_end.callback(batches.close)
        worker = _Worker()
        at_end.callback(worker.close)
        at_end.callback(stop.set)

        due: _Outcome | _Worker | None = None
        failure: Exception | None = None
        n_read = 0
        while True:
            try:
                batch = prepare(next(batches))
                read_pages(batch)
            except StopIteration:
                break
            except Exception as error:
                failure = error
                break
            task = _under_these_settings(_noting(compute, n_read))
            n_read += 1
            before = due
            due = _outcome_of(task, batch) if _needs_this_thread(batch) else worker
            if due is worker:
                worker.submit(task, batch)
            del batch  # for the task to let go of
            if before is not None:
                yield before.get()
        if due is not None:
            yield due.get()
        if failure is not None:
            raise failure


def _noting(compute: Callable[[Any], Any], number: int) -> Callable[[Any], Any]:
    """Make an error say which batch it was."""

    def call(batch: Any) -> Any:
        try:
            return compute(batch)
        except Exception as error:
            error.add_note(f"This was batch {number} of the stream, counted from 0.")
            raise

    return call


def _under_these_settings(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make a call in another thread work under the settings of this one."""
    context = copy_context()
    settings = sklearn.get_config()
    backend, n_jobs = joblib_threads()

    def call(batch: Any) -> Any:
        with sklearn.config_context(**settings), joblib.parallel_config(backend, n_jobs=n_jobs):
            return compute(batch)

    return lambda batch: context.run(call, batch)


def _needs_this_thread(batch: Any) -> bool:
    """Whether an array must be computed in the thread that read it.

    A device's queue of work and the recording of gradients belong to a thread. Such arrays lose
    nothing: a GPU works in the background anyway.
    """
    return hasattr(batch, "__dlpack_device__") and not isinstance(batch, np.ndarray)
