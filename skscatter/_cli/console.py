"""Lines and tables on the standard streams, which may be closed, full or of any encoding."""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO


def open_closed_streams() -> None:
    """Open the standard streams that the process was started without (``>&-`` in a shell).

    Otherwise the next file that is opened would get the descriptor of a closed stream, and
    libraries would print into that file. Writing to such a standard output fails. Messages to such
    a standard error are lost.
    """
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)  # the lowest number that is free
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


def say(*lines: str) -> None:
    """Print lines to standard output, at once.

    Raises
    ------
    OSError
        If that fails. A BrokenPipeError means that the reader has ended.
    """
    with _output():
        for line in lines:
            sys.stdout.write(printable(line, sys.stdout) + "\n")
        sys.stdout.flush()


def flush() -> None:
    """Write what argparse has printed; raises like `say`."""
    complain()
    with _output():
        sys.stdout.flush()


@contextmanager
def _output() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _discard(sys.stdout)
        raise OSError(error.errno, error.strerror, "standard output") from error


def complain(*texts: str) -> None:
    """Print each text to standard error in one line, if that is possible."""
    try:
        for text in texts:
            sys.stderr.write(printable(" ".join(text.split()), sys.stderr) + "\n")
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def say_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print columns. The first one is aligned on the left, the others on the right."""
    cells = [[printable(str(cell), sys.stdout) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for first, *others in cells:
        say("  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]))


def printable(text: str, stream: TextIO) -> str:
    """Escape characters that a stream cannot encode or that are not printable."""
    escaped = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return escaped.encode(encoding, "backslashreplace").decode(encoding)


def _discard(stream: TextIO) -> None:
    """Redirect a stream that failed to the null device, so that the flush at exit succeeds."""
    with suppress(OSError):  # not a stream of the process
        descriptor = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Show warnings without the line of code that they come from."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        complain(f"skscatter: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
