"""Descriptions of parameters that several classes share, written once."""

import inspect
import re
from typing import TypeVar

Class = TypeVar("Class", bound=type)

# An entry of a numpydoc section: a name and a type, and the indented lines below.
ENTRY = re.compile(r"^(\w+) : .*(?:\n(?: +.*|))*?(?=\n\S|\n\n|\Z)", re.MULTILINE)
PLACEHOLDERS = re.compile(r"^(?:\{\w+\} ?)+$", re.MULTILINE)


def share_descriptions(cls: Class) -> Class:
    """Replace ``{name}`` in a class's docstring with the entry of that name in its base classes'.

    The nearest base class that describes it counts. A line of placeholders, such as ``{J} {Q}``,
    becomes the entries of these names.
    """
    if cls.__doc__ is None:  # python -OO
        return cls
    bases = [base.__doc__ or "" for base in reversed(cls.__mro__[1:])]
    entries = {
        match[1]: match[0] for doc in bases for match in ENTRY.finditer(inspect.cleandoc(doc))
    }
    filled = PLACEHOLDERS.sub(
        lambda line: "\n".join(entries[name] for name in re.findall(r"\w+", line[0])),
        inspect.cleandoc(cls.__doc__),
    )
    cls.__doc__ = f"{filled}\n"  # as numpydoc wants a docstring to end
    return cls
