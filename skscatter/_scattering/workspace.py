"""Memory that a worker reuses from one block of signals to the next."""

from collections.abc import Callable
from typing import Any


class Workspaces:
    """The last workspace of one worker, kept because new memory from the system is slow.

    It belongs to one thread and lasts for one run. A workspace larger than ``kept_bytes`` of the
    cascade's namespace is returned but not kept.
    """

    def __init__(self) -> None:
        self._cascade: object = None
        self._n_signals = 0
        self._workspace: Any = None

    def get(self, cascade: Any, n_signals: int, new: Callable[[int], Any]) -> Any:
        """Return memory for `n_signals` or more: the last workspace if it fits, or a `new` one."""
        if self._cascade is cascade and self._n_signals >= n_signals:
            return self._workspace
        self._workspace = self._cascade = None  # free the old one first
        workspace = new(n_signals)
        if n_signals * cascade.bytes_per_signal <= cascade.xp.kept_bytes:
            self._cascade, self._n_signals, self._workspace = cascade, n_signals, workspace
        return workspace
