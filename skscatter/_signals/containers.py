"""Containers of signals: an array, or a collection in which each signal is an array.

The type of a container decides which of the two it is, not the lengths of its signals. The one
exception is a list of lists of numbers, which scikit-learn converts to an array if it can.
Libraries are recognized by the attributes of their objects, so none of them is imported.
"""

import os
from typing import Any

import numpy as np


def refuse_text(name: str, x: Any) -> None:
    """Raise if `x` is text, such as the name of a file, instead of samples.

    Raises
    ------
    ValueError
        If it is; the message quotes the text.
    """
    if isinstance(x, str | bytes | os.PathLike):
        raise ValueError(
            f"{name}={x!r} is text, not a signal. If it names a file, read it first: "
            "skscatter.datasets.load_recordings reads a folder of recordings."
        )


def signals_in(X: Any) -> list[Any] | None:
    """Return the signals of a collection; None for arrays and everything else.

    Collections are lists and tuples of arrays, one-dimensional containers of arrays or lists
    (series of pandas and polars, arrays of objects, list arrays of pyarrow), and tables with a
    single column of arrays or lists.

    Raises
    ------
    ValueError
        If there is text, such as names of files, instead of signals.
    """
    refuse_text("X", X)
    _refuse_columns_of_arrays(X)
    elements = _elements(X)
    if elements is None:
        return None
    for i, element in enumerate(elements):
        refuse_text(f"X[{i}]", element)
    if not elements:
        return []
    if isinstance(X, list | tuple) and _all_numbers_in_lists(elements):
        return None
    return elements if any(_holds_samples(element) for element in elements) else None


def nested_error(entry: str, value: Any) -> ValueError:
    """Return the error for an array in the place of a sample."""
    shape = getattr(value, "shape", None) or (len(value),)
    return ValueError(
        f"{entry} is an array itself, of shape {tuple(shape)}. Signals that are arrays must be in "
        "one column, as in X[['signal']]. The channels of a signal go into one array of shape "
        "(n_channels, length)."
    )


def _refuse_columns_of_arrays(X: Any) -> None:
    """Raise if a table has several columns and one of them holds arrays.

    In tables of pandas they are found with other samples that are not numbers.
    """
    columns = _columns(X) or []
    for j, column in enumerate(columns):
        if len(columns) > 1 and len(column) and _holds_samples(column[0]):
            raise nested_error(f"X[0, {j}]", column[0])


def unwrap_batch(batch: Any, n_channels: int) -> Any:
    """Return the array of a batch that is a list of one array, as from PyTorch's data loaders.

    A list of a single signal of `n_channels` channels is returned unchanged.
    """
    if isinstance(batch, list | tuple) and len(batch) == 1:
        shape = getattr(batch[0], "shape", ())
        if len(shape) == 3 or (len(shape) == 2 and n_channels == 1):
            return batch[0]
    return batch


def _elements(X: Any) -> list[Any] | None:
    """Return the elements of a one-dimensional container, or of the only column of a table.

    None for containers of more dimensions and for arrays of numbers.
    """
    if isinstance(X, list | tuple):
        return list(X)
    columns = _columns(X)
    if columns is not None:
        X = columns[0] if len(columns) == 1 else X
    if hasattr(X, "__array__") and not hasattr(X, "dtype") and not hasattr(X, "shape"):
        X = np.asarray(X)  # of pyarrow
    shape = getattr(X, "shape", ())
    is_series = hasattr(X, "to_frame")  # in polars, of two dimensions if lengths are equal
    is_cells = isinstance(X, np.ndarray) and shape[1:] == (1,)  # a cell array of MATLAB
    if not (len(shape) == 1 or is_series or is_cells):
        return None
    if getattr(getattr(X, "dtype", None), "kind", "O") not in "OSUT":
        return None
    return list(X[:, 0] if is_cells else X)


def _columns(X: Any) -> list[Any] | None:
    """Return the columns of a table; None for anything else."""
    if hasattr(X, "iloc") and hasattr(X, "columns"):  # pandas
        return [X.iloc[:, 0]] if X.shape[1] == 1 else []
    if hasattr(X, "get_columns"):  # polars
        return list(X.get_columns())
    if hasattr(X, "itercolumns"):  # pyarrow
        return list(X.itercolumns())
    return None


def _holds_samples(x: Any) -> bool:
    return isinstance(x, list | tuple) or len(getattr(x, "shape", ())) > 0 or _is_foreign(x)


def _is_foreign(x: Any) -> bool:
    """Whether `x` is an array without a shape, such as those of pyarrow."""
    return hasattr(x, "__array__") and hasattr(x, "__len__") and not hasattr(x, "shape")


def _all_numbers_in_lists(elements: list[Any]) -> bool:
    """Whether lists hold nothing but numbers and lists of one length each."""
    if not all(isinstance(element, list | tuple) for element in elements):
        return False
    if any(
        _holds_samples(part) and not isinstance(part, list | tuple)
        for element in elements
        for part in element[:1]
    ):
        return False
    try:
        np.asarray(elements)
    except ValueError:
        return False
    return True
