"""Errors that name the parameter, its value and what would be accepted."""

import os
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

# More samples than any memory holds: what is beyond is a mistake, and would overflow somewhere.
MOST_TIMES = 2**40


def check_integer(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as an int of at least `minimum`, and at most `maximum`.

    Raises
    ------
    TypeError
        If it is no integer (a bool is none).
    ValueError
        If it is out of these bounds.
    """
    bound = f"at least {minimum}"
    if maximum is not None:
        bound += f" and at most {maximum}"
    message = f"{name}={value!r} must be an integer of {bound}."
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(message)
    number = int(value)
    if number < minimum or (maximum is not None and number > maximum):
        raise ValueError(message)
    return number


def check_path(name: str, value: Any, accepted: str) -> str:
    """Return `value` as a path that a file system can take.

    Raises
    ------
    TypeError
        If it is no str and no path-like that stands for one.
    ValueError
        If it is empty or holds a null character.
    """
    message = f"{name}={value!r} must be {accepted}."
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise TypeError(message)
    path = os.fspath(value)
    if not path or "\0" in path:
        raise ValueError(message)
    return path


def check_real(
    name: str,
    value: Any,
    *,
    minimum: float,
    maximum: float = float("inf"),
    exclusive: bool = False,
) -> float:
    """Return `value` as a finite number of at least (or, `exclusive`, above) `minimum`.

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is not finite, too small, or above `maximum`.
    """
    bound = f"above {minimum}" if exclusive else f"of at least {minimum}"
    if maximum < float("inf"):
        bound += f" and at most {maximum}"
    message = f"{name}={value!r} must be a finite number {bound}."
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(message)
    number = int(value) if isinstance(value, Integral) else float(value)
    too_small = number < minimum or (exclusive and number == minimum)
    if too_small or not number <= maximum or number == float("inf"):
        raise ValueError(message)
    return number


def check_choice(name: str, value: Any, choices: Collection[Any]) -> None:
    """Raise unless `value` is one of `choices`.

    Raises
    ------
    ValueError
        With the accepted values.
    """
    if not any(
        value is choice or (type(value) is type(choice) and value == choice) for choice in choices
    ):
        accepted = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name}={value!r} is not available. Accepted: {accepted}.")
