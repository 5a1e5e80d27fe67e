"""Which process claims a row, and whether it is alive."""

import os
import socket
from pathlib import Path
from typing import Any

HOST = "-".join(socket.gethostname().split())


def this_process() -> str:
    """Name of this process, which no other process ever has, on any machine."""
    return f"{HOST} {os.getpid()} {started(os.getpid())}"


def is_alive(process: Any) -> bool:
    """Whether a process may still be running. Always true for other machines and containers."""
    try:
        host, pid, start = process.decode().split()
        return host != HOST or started(int(pid)) == start
    except (AttributeError, ValueError, OverflowError):  # damaged
        return False


def started(pid: int) -> str:
    """When a process started, "?" where the system does not say, "dead" if it has ended."""
    try:
        if Path("/proc/self/stat").exists():
            # The program's name, in parentheses, may hold anything. The state and others follow.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return "dead" if fields[0] in "ZX" else fields[19]
        if os.name == "posix":
            os.kill(pid, 0)
    except PermissionError:
        pass
    except OSError:
        return "dead"
    return "?"
