"""Descriptions of parameters that several classes share, written once."""

import inspect
import re
from typing import TypeVar

Class = TypeVar("Class", bound=type)

# An entry of a numpydoc section: a name and a type, and the indented lines below.
ENTRY = re.compile(r"^(\w+) : .*(?:\n(?: +.*|))*?(?=\n\S|\n\n|\Z)", re.MULTILINE)
PLACEHOLDERS = re.compile(r"^(?:\{\w+\} ?)+$", re.MULTILINE)


def share_descriptions(cls: Class) -> Class:
    """Replace ``{name}`` in a class's docstring with the entry of that name in its base class's.

    A line of placeholders, such as ``{J} {Q}``, becomes the entries of these names.
    """
    base = cls.__mro__[1]
    if cls.__doc__ is None or base.__doc__ is None:  # python -OO
        return cls
    entries = {match[1]: match[0] for match in ENTRY.finditer(inspect.cleandoc(base.__doc__))}
    filled = PLACEHOLDERS.sub(
        lambda line: "\n".join(entries[name] for name in re.findall(r"\w+", line[0])),
        inspect.cleandoc(cls.__doc__),
    )
    cls.__doc__ = f"{filled}\n"  # as numpydoc wants a docstring to end
    return cls
