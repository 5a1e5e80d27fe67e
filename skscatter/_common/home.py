"""Home folders in paths."""

from pathlib import Path
from typing import Any

from skscatter._common.parameters import check_path


def expand_path(name: str, value: Any, accepted: str) -> Path:
    """Return `value` as a path in which a leading ``~`` is replaced by the home folder.

    Raises
    ------
    TypeError
        If it is neither a str nor a path-like that stands for one.
    ValueError
        If it is empty, holds a null character, or begins with a home folder that does not exist.
    """
    path = check_path(name, value, accepted)
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # of pathlib
        raise ValueError(
            f"{name}={path!r} begins with a home folder that does not exist. Accepted: {accepted}."
        ) from error
