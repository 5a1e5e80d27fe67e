"""Errors that name the parameter, its value and what would be accepted."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Integral, Real
from typing import Any

# Signals that there must be. None is a mistake, except in a part of something larger.
min_rows: ContextVar[int] = ContextVar("min_rows", default=1)


@contextmanager
def any_number_of_rows() -> Iterator[None]:
    """Let arrays without signals pass, in this thread and context."""
    token = min_rows.set(0)
    try:
        yield
    finally:
        min_rows.reset(token)


def check_integer(name: str, value: Any, *, minimum: int) -> int:
    """Return `value` as an int of at least `minimum`.

    Raises
    ------
    TypeError
        If it is no integer (a bool is none).
    ValueError
        If it is below `minimum`.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}={value!r} must be an integer of at least {minimum}.")
    if value < minimum:
        raise ValueError(f"{name}={value!r} must be an integer of at least {minimum}.")
    return int(value)


def check_real(name: str, value: Any, *, minimum: float, exclusive: bool = False) -> float:
    """Return `value` as a finite number of at least (or, `exclusive`, above) `minimum`.

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is not finite or too small.
    """
    bound = f"above {minimum}" if exclusive else f"of at least {minimum}"
    message = f"{name}={value!r} must be a finite number {bound}."
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(message)
    number = int(value) if isinstance(value, Integral) else float(value)
    if not minimum <= number < float("inf") or (exclusive and number == minimum):
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
