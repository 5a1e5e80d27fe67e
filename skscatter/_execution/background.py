"""Threads that work in the background and can be closed at any moment.

An interrupt (Ctrl-C) can arrive between any two instructions of the main thread, also inside the
locks of `threading` and `concurrent.futures`. So the main thread neither starts nor joins threads.
It starts a supervisor without locks, and then only waits at a queue. The supervisor starts the
workers and waits for them.
"""

import threading
from _thread import start_new_thread
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What a worker returns to the main thread: a result or an error."""

    result: Any = None
    error: BaseException | None = None
    is_last: bool = False  # of the supervisor, when all workers have ended

    def get(self) -> Any:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.result


class Background(ABC):
    """Workers in threads of their own, and the queue of their outcomes.

    `closed` and `running` are plain attributes on purpose. The main thread sets `closed`, then
    reads `running`. The supervisor sets `running`, then reads `closed`. So at whatever moment an
    interrupt arrives, either the supervisor starts no worker, or the main thread sees it running.

    Parameters
    ----------
    names : sequence of str
        The name of each worker's thread.
    context : context manager, optional
        Entered while workers run.
    """

    def __init__(
        self, names: Sequence[str], context: AbstractContextManager[None] | None = None
    ) -> None:
        self.names = names
        self.context = nullcontext() if context is None else context
        self.outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self.closed = self.running = False

    @abstractmethod
    def work(self) -> None:
        """Do what one worker does. Results are put on the queue of outcomes."""

    def start(self) -> None:
        """Start the workers."""
        start_new_thread(self._supervise, ())

    def _supervise(self) -> None:  # pragma: no cover (coverage does not trace such a thread)
        self.running = True
        error = None
        try:
            if not self.closed:
                with self.context:
                    self._run_workers()
        except BaseException as raised:
            error = raised
        self.running = False
        self.outcomes.put(Outcome(error=error, is_last=True))

    def _run_workers(self) -> None:  # pragma: no cover (see _supervise)
        started = []
        try:
            for name in self.names:
                worker = threading.Thread(target=self.work, name=name, daemon=True)
                worker.start()
                started.append(worker)
        finally:
            for worker in started:
                worker.join()

    def close(self) -> None:
        """Start no worker any more, and wait for those that are running.

        Interrupts are put off until then. If one arrives at the very end of the wait, a worker may
        still finish its task, whose result is not read.
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
