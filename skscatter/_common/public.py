"""Public modules for public names."""

from collections.abc import Callable
from typing import Any, TypeVar

Public = TypeVar("Public", bound=Callable[..., Any])


def public(definition: Public) -> Public:
    """Set the ``__module__`` of a class or function to the public package that contains it.

    Used as a decorator: ``skscatter._estimators.scattering.LogScattering1D`` becomes
    ``skscatter.LogScattering1D``, and ``skscatter.datasets.fsdd.fetch_fsdd`` becomes
    ``skscatter.datasets.fetch_fsdd``. Saved models then name no module that may move.
    """
    package, private, _ = definition.__module__.partition("._")
    definition.__module__ = package if private else package.rpartition(".")[0]
    return definition
