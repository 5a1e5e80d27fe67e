"""Libraries that skscatter does not depend on."""

from importlib import import_module
from typing import Any


def import_optional(module: str, extra: str | None, purpose: str) -> Any:
    """Import a module of an optional library.

    Parameters
    ----------
    module : str
        Name of the module, such as ``"matplotlib.pyplot"``.
    extra : str or None
        The extra of skscatter that installs the library. None if there is no such extra: pip
        then installs the library itself.
    purpose : str
        What needs the library, which begins the error: ``"paths_frame()"``.

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If the module cannot be imported, with the command that installs it.
    """
    library = module.partition(".")[0]
    try:
        import_module(library)
        return import_module(module)
    except ImportError as error:
        target = library if extra is None else f'"skscatter[{extra}]"'
        raise ImportError(
            f"{purpose} needs {library}, which cannot be imported here. "
            f"Install it with: pip install {target}"
        ) from error
