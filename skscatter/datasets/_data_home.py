"""The folder of fetched data sets, and how files get into it."""

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from skscatter._common.home import expand_path
from skscatter._common.public import public

# What this package writes there: the data sets, and files that are being written.
_DATA_SET = re.compile(r"fsdd-[0-9]+\.[0-9]+\.[0-9]+\.npz")
_PART = re.compile(r"\." + _DATA_SET.pattern + r"\.[0-9a-f]{32}\.part")
# Writing one takes seconds and keeps its time of modification fresh, so that an older one
# belongs to a process that was killed.
_STALE_AFTER = 600.0  # seconds


@public
def get_data_home(data_home: str | os.PathLike[str] | None = None) -> str:
    """Return the folder that fetched data sets are kept in, and create it if needed.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder; ``~`` is expanded. None stands for the environment variable
        ``SKSCATTER_DATA``, or ``~/skscatter_data`` where that is not set.

    Returns
    -------
    data_home : str
        The folder, which exists now.

    Raises
    ------
    TypeError, ValueError
        If `data_home` is no path, or empty, or begins with a home folder that does not exist.
    OSError
        If the folder cannot be created, or if there is no home folder for the default.
    """
    folder = _locate(data_home)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"The data folder {str(folder)!r} cannot be created ({error}). Choose another one "
            "with data_home= or the environment variable SKSCATTER_DATA."
        ) from error
    return str(folder)


@public
def clear_data_home(data_home: str | os.PathLike[str] | None = None) -> None:
    """Delete the data sets that skscatter keeps in its data folder.

    Unlike scikit-learn's function of this name it deletes the files that skscatter wrote
    and nothing else: other files stay, and so does the folder.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder, as for `get_data_home`.

    Raises
    ------
    TypeError, ValueError
        If `data_home` is no path, or empty.
    OSError
        If a file cannot be deleted.
    """
    folder = _locate(data_home)
    if folder.is_dir():
        for path in folder.iterdir():
            ours = _DATA_SET.fullmatch(path.name) or _PART.fullmatch(path.name)
            if ours and (path.is_file() or path.is_symlink()):
                path.unlink(missing_ok=True)


def remove_stale_parts(folder: Path) -> None:
    """Delete what killed processes left behind while they wrote."""
    # Housekeeping only: a folder that is read-only or shared must not stop anybody.
    with suppress(OSError):
        for path in folder.iterdir():
            if _PART.fullmatch(path.name) and time.time() - path.stat().st_mtime > _STALE_AFTER:
                path.unlink()


def write_atomically(path: Path, contents: bytes) -> None:
    """Write a file so that at any moment it is there as a whole or not at all.

    Several processes may do so at once; the last one wins.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(contents)
            file.flush()
            # Without it a power failure may leave the new name on an empty file.
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:  # a KeyboardInterrupt, too, must leave nothing behind
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _locate(data_home: str | os.PathLike[str] | None) -> Path:
    accepted = "the path of a folder, or None"
    if data_home is not None:
        return expand_path("data_home", data_home, accepted)
    name, folder = "SKSCATTER_DATA", os.environ.get("SKSCATTER_DATA")
    if not folder:
        name, folder = "data_home", "~/skscatter_data"
    try:
        return expand_path(name, folder, accepted)
    except ValueError as error:
        raise OSError(
            f"There is no folder to keep data sets in: {error} Choose one with data_home= or the "
            "environment variable SKSCATTER_DATA."
        ) from error
