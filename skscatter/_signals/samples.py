"""Checks of samples, which must be real, finite numbers that float64 can hold."""

import math
import sys
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite

from skscatter._backends.choice import check_tensor
from skscatter._scattering.namespace import Array
from skscatter._signals.containers import nested_error, refuse_text
from skscatter._signals.dask_arrays import computed
from skscatter._signals.file_maps import blocks_of

REMEDY = (
    "Signals must hold finite numbers: interpolate missing samples, or drop the signals that have "
    "them."
)

REMEDY_FOR_MASKED = f"{REMEDY} frame_signal(...).has_gaps tells which frames of a record do."


def refuse_masked(name: str, x: Any) -> None:
    """Raise if samples are masked, in an array or in lists of arrays.

    NumPy drops the mask when it makes a plain array, which then holds the values under the mask.

    Raises
    ------
    ValueError
        If there are any; the message names the first one.
    """
    if isinstance(x, list | tuple):
        for i, part in enumerate(x):
            if isinstance(part, list | tuple | np.ma.MaskedArray):
                refuse_masked(f"{name}[{i}]", part)
        return
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        index = _first_true(np.ma.getmaskarray(x))
        raise ValueError(
            f"{entry_name(name, index)} is masked. Input X contains missing values. "
            f"{REMEDY_FOR_MASKED}"
        )


def _first_true(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    """Find the first true entry, without the copy that flattening overlapping frames would take."""
    index: tuple[int, ...] = ()
    while mask.ndim:
        found = np.asarray(mask.any(axis=tuple(range(1, mask.ndim))))
        index += (int(found.argmax()),)
        mask = mask[index[-1]]
    return index


def check_numbers(name: str, x: NDArray[Any]) -> NDArray[Any]:
    """Return samples as integers or floating-point numbers of at most 64 bits.

    Raises
    ------
    TypeError, ValueError
        If they are not real numbers; the message names the array, or the first such sample.
    """
    kind, itemsize = x.dtype.kind, x.dtype.itemsize
    if kind == "c":
        raise _complex_error(f"{name} is of dtype {x.dtype}")
    if kind == "O":
        return _from_objects(name, x)
    if kind not in "fiub":
        raise ValueError(
            f"{name} is of dtype {x.dtype}, but signals must hold real numbers: integers, or "
            "floating-point numbers."
        )
    if kind == "f" and itemsize > 8:
        with np.errstate(all="ignore"):
            narrow = x.astype(np.float64)
        too_large = np.isinf(narrow) & np.isfinite(x)
        if too_large.any():
            entry = describe_entry(name, x, int(too_large.argmax()))
            raise ValueError(f"{entry}, which is too large for float64.")
        return narrow
    return x


def check_finite(name: str, x: Array) -> None:
    """Raise if samples are NaN or infinite.

    Raises
    ------
    ValueError
        If there are any; the message names the first one in NumPy arrays.
    """
    n_before = 0
    with np.errstate(all="ignore"):  # scikit-learn looks at the sum first
        for block in blocks_of(x):
            try:
                assert_all_finite(block, input_name="X")
            except ValueError as error:
                where = ""
                if isinstance(block, np.ndarray):
                    first = n_before + int(np.argmin(np.isfinite(block)))
                    where = f"{describe_entry(name, x, first)}. "
                raise ValueError(f"{where}{error} {REMEDY}") from None
            n_before += math.prod(block.shape)


def check_signal(name: str, x: Any) -> NDArray[Any]:
    """Return one signal as an array of shape (length,) or (n_channels, length).

    Raises
    ------
    TypeError, ValueError
        If it is anything else, or does not hold finite real numbers.
    """
    signal = check_numbers(name, as_array(name, x))
    if signal.ndim not in (1, 2) or signal.size == 0:
        raise ValueError(
            f"{name} has shape {signal.shape}, but must have shape (length,) or (n_channels, "
            "length), with at least one sample."
        )
    check_finite(name, signal)
    return signal


def as_array(name: str, x: Any) -> NDArray[Any]:
    """Convert an array-like to a NumPy array.

    Raises
    ------
    ValueError
        If it is text or a tensor that NumPy cannot read, samples are masked, or lists in it have
        different lengths.
    """
    refuse_text(name, x)
    refuse_masked(name, x)
    try:
        given = np.asanyarray(computed(check_tensor(name, x)))
    except ValueError as error:
        raise ValueError(f"{name} is not an array of numbers: {error}") from error
    refuse_masked(name, given)
    return np.asarray(given)


def describe_entry(name: str, x: NDArray[Any], position: int) -> str:
    """Say what an array holds at a position that is counted over all axes: "X[2, 17] is nan"."""
    index = np.unravel_index(position, x.shape)
    return f"{entry_name(name, index)} is {x[index]!s}"  # format would narrow longdouble


def entry_name(name: str, index: Sequence[Any]) -> str:
    """Name an entry of an array: "X[2, 17]"."""
    return f"{name}[{', '.join(map(str, index))}]" if len(index) else name


def _complex_error(what: str) -> ValueError:
    """Return the error for complex numbers. scikit-learn's checks require how it begins."""
    return ValueError(
        f"Complex data not supported: {what}, but signals must hold real numbers. Accepted: the "
        "real part or the magnitude, or the real and the imaginary part as two channels."
    )


def _from_objects(name: str, x: NDArray[Any]) -> NDArray[np.float64]:
    """Convert an array of Python objects."""
    good = {kind for kind in set(map(type, x.flat)) if _is_real(kind)}
    for position, value in enumerate(x.flat):
        if type(value) not in good:
            raise _not_real(entry_name(name, np.unravel_index(position, x.shape)), value)
    try:
        with np.errstate(all="ignore"):
            return x.astype(np.float64)
    except OverflowError:
        big = next(i for i, value in enumerate(x.flat) if abs(value) > sys.float_info.max)
        entry = entry_name(name, np.unravel_index(big, x.shape))
        raise ValueError(f"{entry} is an integer too large for float64.") from None


def _is_real(kind: type) -> bool:
    # NumPy counts durations among the integers.
    return issubclass(kind, Real | Decimal | np.bool_) and not issubclass(kind, np.timedelta64)


def _not_real(entry: str, value: Any) -> Exception:
    """Return the error for an object that is not a real number."""
    if value is np.ma.masked:
        return ValueError(f"{entry} is masked. Input X contains missing values. {REMEDY}")
    if value is None or type(value).__name__ in ("NAType", "NaTType"):  # the latter two of pandas
        return ValueError(f"{entry} is {value}. Input X contains missing values (NaN). {REMEDY}")
    if isinstance(value, complex | np.complexfloating):
        return _complex_error(f"{entry} is {value}")
    if isinstance(value, str | bytes):
        return ValueError(
            f"{entry} is {value!r}, but signals must hold real numbers: could not convert text."
        )
    if isinstance(value, list | tuple) or getattr(value, "shape", None):
        return nested_error(entry, value)
    return TypeError(
        f"{entry} is {value!r}: an argument must be neither a string nor of type "
        f"{type(value).__name__}, but a real number."
    )
