"""Warnings that point at the user's code."""

import inspect
import warnings

INSIDE = ("skscatter", "sklearn", "joblib", "contextlib")


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line that called this library, through scikit-learn or not.

    Methods are called from wrappers and pipelines of scikit-learn, so that no fixed number of
    frames leads to that line.
    """
    frame, level = inspect.currentframe(), 0
    while frame is not None and _is_inside(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level + 1)


def _is_inside(module: str) -> bool:
    return module.partition(".")[0] in INSIDE
