"""Batches from a source that may be slow: one is computed while the next one is read.

The source is read in the caller's thread, and batches are computed in another one. The opposite
would work for files, but not for objects that belong to the thread that made them, such as a
database cursor. Also, errors of the source are then raised with their own traceback.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any

import joblib
import numpy as np
import sklearn

from skscatter._execution.background import Background, Outcome
from skscatter._execution.threads import joblib_threads
from skscatter._signals.file_maps import read_pages


def check_batches(batches: Any) -> Iterator[Any]:
    """Return an iterator over batches.

    Raises
    ------
    TypeError
        If `batches` is not iterable, or is a single array.
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


class _Worker(Background):
    """A thread that computes one batch after another."""

    def __init__(self) -> None:
        super().__init__(["skscatter-batches"])
        self._tasks: SimpleQueue[tuple[Callable[[Any], Any], Any] | None] = SimpleQueue()

    def work(self) -> None:
        """Compute batches until the worker is closed."""
        while (task := self._tasks.get()) is not None:
            self.outcomes.put(_outcome_of(*task))
            del task  # frees the batch

    def submit(self, task: Callable[[Any], Any], batch: Any) -> None:
        """Compute a batch after those that were submitted before."""
        self._tasks.put((task, batch))

    def get(self) -> Any:
        """Wait for the batch that was submitted first, and return its result or raise its error."""
        return self.outcomes.get().get()

    def close(self) -> None:
        """Let the current batch end, and wait for the thread, interrupted or not."""
        self._tasks.put(None)
        super().close()


def _outcome_of(task: Callable[[Any], Any], batch: Any) -> Outcome:
    try:
        return Outcome(task(batch))
    except BaseException as error:
        return Outcome(error=error)


def read_ahead(
    compute: Callable[[Any], Any],
    batches: Iterator[Any],
    stop: threading.Event,
    *,
    prepare: Callable[[Any], Any],
) -> Generator[Any, None, None]:
    """Yield ``compute(prepare(batch))`` for each batch, while the next batch is read.

    Besides the batch that is being computed, and the result that the caller has, at most one batch
    is in memory. An error of the source is raised after the results of the batches before it. So is
    an error of `compute`, with a note that gives the number of the batch.

    When the generator ends, for whatever reason, it sets `stop`, which `compute` should obey, waits
    for its thread, and closes the source if that is a generator.
    """
    with ExitStack() as at_end:
        if isinstance(batches, Generator):
            at_end.callback(batches.close)
        worker = _Worker()
        at_end.callback(worker.close)
        at_end.callback(stop.set)
        worker.start()

        due: Outcome | _Worker | None = None
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
            task = _with_settings_of_this_thread(_with_note(compute, n_read))
            n_read += 1
            previous = due
            due = _outcome_of(task, batch) if _needs_this_thread(batch) else worker
            if due is worker:
                worker.submit(task, batch)
            del batch  # so that it is freed when it has been computed
            if previous is not None:
                yield previous.get()
        if due is not None:
            yield due.get()
        if failure is not None:
            raise failure


def _with_note(compute: Callable[[Any], Any], number: int) -> Callable[[Any], Any]:
    """Add the number of the batch to errors."""

    def call(batch: Any) -> Any:
        try:
            return compute(batch)
        except Exception as error:
            error.add_note(f"This was batch {number} of the stream, counted from 0.")
            raise

    return call


def _with_settings_of_this_thread(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Apply the settings of this thread to a call in another one."""
    context = copy_context()
    settings = sklearn.get_config()
    backend, n_jobs = joblib_threads()

    def call(batch: Any) -> Any:
        with sklearn.config_context(**settings), joblib.parallel_config(backend, n_jobs=n_jobs):
            return compute(batch)

    return lambda batch: context.run(call, batch)


def _needs_this_thread(batch: Any) -> bool:
    """Whether an array must be computed in the thread that read it.

    The current stream of a device and the recording of gradients belong to a thread. This costs no
    time, because a GPU computes in the background anyway.
    """
    return hasattr(batch, "__dlpack_device__") and not isinstance(batch, np.ndarray)
