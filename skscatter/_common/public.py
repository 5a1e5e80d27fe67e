"""Public homes of public names."""

from collections.abc import Callable
from typing import Any, TypeVar

Thing = TypeVar("Thing", bound=Callable[..., Any])


def public(thing: Thing) -> Thing:
    """Give a class or a function the public package above it as its ``__module__``.

    A decorator. What is defined in ``skscatter._estimators.scattering`` calls itself
    ``skscatter.LogScattering1D``, and what is defined in ``skscatter.datasets.fsdd`` calls itself
    ``skscatter.datasets.fetch_fsdd``. So saved models name no module that may move.
    """
    package, private, _ = thing.__module__.partition("._")
    thing.__module__ = package if private else package.rpartition(".")[0]
    return thing
