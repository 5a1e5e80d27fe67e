"""Batches from a source that may be slow: one is computed while the next is read.

The source is read in the caller's thread, and the work is done in another. The other way round
would do for files, but a database cursor belongs to the thread that made it, and so may a session
or a progress bar behind a generator; and what a source raises is simply raised, with its own
traceback.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from typing import Any

import joblib
import numpy as np
import sklearn

from skscatter._execution.parallel import joblib_threads, stop_event
from skscatter._signals.file_maps import read_pages


def check_batches(batches: Any) -> Iterator[Any]:
    """Return an iterator over batches.

    Raises
    ------
    TypeError
        If `batches` is no iterable, or a single array, whose rows are no batches.
    """
    expected = "must be an iterable of arrays of shape (n_samples, n_times)"
    if hasattr(batches, "shape"):
        raise TypeError(
            f"batches of shape {batches.shape} {expected}, not one array. Cut it, as in "
            "(X[i : i + 1000] for i in range(0, len(X), 1000)), or give it to transform."
        )
    if not isinstance(batches, Iterable) or isinstance(batches, str | bytes):
        raise TypeError(f"batches={batches!r} {expected}.")
    return iter(batches)


def read_ahead(
    compute: Callable[[Any], Any], batches: Iterator[Any], *, prepare: Callable[[Any], Any]
) -> Generator[Any, None, None]:
    """Yield ``compute(prepare(batch))`` for each batch, while the next batch is read.

    Besides the batch that is computed, and the result that the caller has, one batch is in memory
    at most. An error of the source is raised after the results of the batches before it, and so is
    one of `compute`, with a note that says which batch it was.

    However the generator ends, its thread has ended by then, and a source that is a generator is
    closed. Work under way stops at its next block of signals.
    """
    stop = threading.Event()
    pool = ThreadPoolExecutor(1, thread_name_prefix="skscatter")
    with ExitStack() as at_end:
        if isinstance(batches, Generator):
            at_end.callback(batches.close)
        at_end.callback(pool.shutdown, cancel_futures=True)
        at_end.callback(stop.set)

        under_way: Future[Any] | None = None
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
            task = _as_here(_noting(compute, n_read), stop)
            n_read += 1
            due = under_way
            under_way = _run(task, batch) if _of_a_thread(batch) else pool.submit(task, batch)
            del batch  # for the task to let go of
            if due is not None:
                yield due.result()
        if under_way is not None:
            yield under_way.result()
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


def _as_here(compute: Callable[[Any], Any], stop: threading.Event) -> Callable[[Any], Any]:
    """Make a call in another thread work under the settings of this one, until `stop` is set."""
    context = copy_context()
    context.run(stop_event.set, stop)
    settings = sklearn.get_config()
    backend, n_jobs = joblib_threads()

    def call(batch: Any) -> Any:
        with sklearn.config_context(**settings), joblib.parallel_config(backend, n_jobs=n_jobs):
            return compute(batch)

    return lambda batch: context.run(call, batch)


def _of_a_thread(batch: Any) -> bool:
    """Whether an array is to be computed where it was read.

    A device's queue of work, and the recording of gradients, belong to a thread. Such arrays lose
    nothing: a GPU goes on by itself.
    """
    return hasattr(batch, "__dlpack_device__") and not isinstance(batch, np.ndarray)


def _run(task: Callable[[Any], Any], batch: Any) -> Future[Any]:
    """Do a task now, and keep how it ended."""
    future: Future[Any] = Future()
    try:
        future.set_result(task(batch))
    except Exception as error:
        future.set_exception(error)
    return future
