"""The folder that fetched data sets are kept in."""

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from skscatter._common.home import expand_path
from skscatter._common.public import public

# What skscatter writes there: data sets, and files that are still being written.
_DATA_SET = re.compile(r"fsdd-[0-9]+\.[0-9]+\.[0-9]+\.npz")
_PART = re.compile(r"\." + _DATA_SET.pattern + r"\.[0-9a-f]{32}\.part")
# Writing one takes seconds. An older one belongs to a process that was killed.
_STALE_AFTER = 600.0  # seconds


@public
def get_data_home(data_home: str | os.PathLike[str] | None = None) -> str:
    """Return the folder that fetched data sets are kept in, and create it if needed.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder. A leading ``~`` stands for the home folder. If None, the environment
        variable ``SKSCATTER_DATA`` is used, or ``~/skscatter_data`` if it is not set.

    Returns
    -------
    data_home : str
        The folder, which now exists.

    Raises
    ------
    TypeError, ValueError
        If `data_home` is not the path of a folder.
    OSError
        If the folder cannot be created, or `data_home` is None and there is no home folder.
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

    Unlike scikit-learn's function of this name, it deletes only files that skscatter wrote.
    Other files stay, and so does the folder.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder, as for `get_data_home`.

    Raises
    ------
    TypeError, ValueError
        If `data_home` is not the path of a folder.
    OSError
        If a file cannot be deleted, or `data_home` is None and there is no home folder.
    """
    folder = _locate(data_home)
    if folder.is_dir():
        for path in folder.iterdir():
            ours = _DATA_SET.fullmatch(path.name) or _PART.fullmatch(path.name)
            if ours and (path.is_file() or path.is_symlink()):
                path.unlink(missing_ok=True)


def remove_stale_parts(folder: Path) -> None:
    """Delete files that processes were writing when they were killed."""
    # A failure is harmless: the folder may be read-only or shared.
    with suppress(OSError):
        for path in folder.iterdir():
            if _PART.fullmatch(path.name) and time.time() - path.stat().st_mtime > _STALE_AFTER:
                path.unlink()


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
