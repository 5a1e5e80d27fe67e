"""Progress bars that an interrupt cannot break.

Bars of tqdm share a lock. An interrupt that arrives while the main thread draws leaves it locked,
and the next bar of the process, even a disabled one, waits for it for ever.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from tqdm.auto import tqdm


class _NoLock(nullcontext[None]):
    """Stands in for a lock. Bars that are drawn at the same time may then overwrite each other."""

    def acquire(self, *_: Any, **__: Any) -> bool:
        return True

    def release(self) -> None:
        pass


class _Bar(tqdm):
    _lock = _NoLock()
    monitor_interval = 0  # no thread that redraws


@contextmanager
def progress_bar(total: int, description: str, *, shown: bool) -> Iterator[Callable[[int], object]]:
    """Show how many rows are done, and yield the function that counts them."""
    if not shown:
        yield lambda n_rows: None
        return
    with _Bar(total=total, desc=description, unit="signal") as bar:
        yield bar.update
