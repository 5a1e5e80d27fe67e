"""Files that are read and written as a whole."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_file(path: str | os.PathLike[str]) -> None:
    """Refuse everything but regular files: devices, pipes, sockets and folders.

    Raises
    ------
    OSError
        If there is no such file, or it is not a regular one. Links are followed.
    """
    kind = stat.S_IFMT(Path(path).stat().st_mode)
    if kind != stat.S_IFREG:
        what = _KINDS.get(kind, "something else")
        raise OSError(f"{os.fspath(path)} is {what}, not a file with contents.")


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return the contents of a regular file.

    Raises
    ------
    OSError
        If there is no such file, it is not a regular one, or it cannot be read.
    """
    check_file(path)
    return Path(path).read_bytes()


def write_atomically(path: Path, contents: bytes) -> None:
    """Write a file so that it is complete whenever it exists.

    Several processes may write it at once. The last one wins.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(contents)
            file.flush()
            # Otherwise a power failure may leave an empty file under the new name.
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:  # a KeyboardInterrupt must leave nothing behind, either
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
