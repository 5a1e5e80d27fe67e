"""Checks of parameters; errors name the parameter, its value and what would be accepted."""

import os
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

Choice = TypeVar("Choice")
_NUMPY_TYPES: dict[type, type] = {str: np.str_, bool: np.bool_}

# More samples than fit in any memory. A larger number is a mistake, and would overflow somewhere.
MAX_TIMES = 2**40


def check_integer(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as an int of at least `minimum`, and at most `maximum`.

    Raises
    ------
    TypeError
        If it is not an integer. True and False do not count as integers.
    ValueError
        If it is out of bounds.
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
    """Return `value` as a str that can be the name of a file.

    Raises
    ------
    TypeError
        If it is neither a str nor a path-like object that stands for one.
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
    """Return `value` as a finite number of at least (or, if `exclusive`, above) `minimum`.

    Integers stay integers, but must not be larger than the largest float.

    Raises
    ------
    TypeError
        If it is not a real number. True and False do not count as numbers.
    ValueError
        If it is not finite, too small, or above `maximum`.
    """
    bound = f"above {minimum}" if exclusive else f"of at least {minimum}"
    if maximum < float("inf"):
        bound += f" and at most {maximum}"
    message = f"{name}={value!r} must be a finite number {bound}."
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(message)
    try:
        number = float(value)
    except OverflowError as error:  # an integer or a fraction
        raise ValueError(message) from error
    too_small = number < minimum or (exclusive and number == minimum)
    if too_small or not number <= maximum or number == float("inf"):
        raise ValueError(message)
    return int(value) if isinstance(value, Integral) else number


def check_choice(name: str, value: Any, choices: Collection[Choice]) -> Choice:
    """Return the one of `choices` that equals `value`.

    Strings and booleans of NumPy are accepted as those of Python, because a grid of parameters may
    be an array. Otherwise types must be equal, so that 1 is not accepted as True.

    Raises
    ------
    ValueError
        If there is no such choice; the message lists the choices.
    """
    for choice in choices:
        same_type = type(value) in (type(choice), _NUMPY_TYPES.get(type(choice)))
        if value is choice or (same_type and value == choice):
            return choice
    accepted = ", ".join(repr(choice) for choice in choices)
    raise ValueError(f"{name}={value!r} is not available. Accepted: {accepted}.")
