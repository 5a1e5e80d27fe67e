"""Errors of the command line."""


class CommandError(Exception):
    """The command cannot be carried out, for a reason that the user can change."""


def reason(error: BaseException) -> str:
    """Say in a line why something failed."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
