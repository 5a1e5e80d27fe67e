"""How functions are compiled, and when machine code that was kept may be used again."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit

compiled = njit(nogil=True)
inlined = njit(nogil=True, forceinline=True)


def kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function`, and keep the machine code for later processes where there is room.

    numba finds what it kept by the function's file, its bytes, and constants from outside of it,
    and takes no notice of other functions: one of the constants should be `sources`.
    """
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder that can be written to
        return compiled(function)


def sources() -> int:
    """Number that changes with the source of anything that is compiled."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:4], "big")
