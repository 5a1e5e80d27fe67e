"""Progress bars that an interrupt cannot break.

Bars of tqdm share a lock. An interrupt that arrives while the main thread draws leaves it locked,
and the next bar of the process, even a disabled one, waits for it for ever.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from tqdm.auto import tqdm


class Progress(Protocol):
    """What counts finished signals."""

    def update(self, n: int) -> Any:
        """Add `n` signals."""


class _Hidden:
    def update(self, n: int) -> None:
        """Count nothing."""


class _NoLock(nullcontext[None]):
    """Stands in for a lock. Bars that are drawn at the same time may then overwrite each other."""

    def acquire(self, *_: Any, **__: Any) -> bool:
        return True

    def release(self) -> None:
        pass


class _Bar(tqdm):
    _lock = _NoLock()
    monitor_interval = 0  # no thread that redraws


def progress_bar(total: int, description: str, *, shown: bool) -> AbstractContextManager[Progress]:
    """Return a bar that counts signals, or what counts nothing."""
    if not shown:
        return nullcontext(_Hidden())
    bar: AbstractContextManager[Progress] = _Bar(total=total, desc=description, unit="signal")
    return bar
