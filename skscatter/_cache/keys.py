"""From a signal and the parameters to the key of a row, and the checksum of a row."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEY_BYTES = 20


def key_context(parameters: Mapping[str, Any], dtype: np.dtype[Any], version: int) -> str:
    """Describe everything that the features of a signal depend on besides the signal.

    Parameters
    ----------
    parameters : mapping
        Strings, numbers, booleans, None, and tuples or mappings of these. Equal parameters must be
        of one type: 1 and 1.0 give different contexts.
    dtype : dtype
        Precision of the features.
    version : int
        Version of the numbers that the library computes.

    Returns
    -------
    context : str
    """
    return json.dumps([version, dtype.name, parameters], sort_keys=True)


def row_keys(signals: Iterable[NDArray[Any]], context: str) -> list[bytes]:
    """Digest signals.

    Parameters
    ----------
    signals : iterable of ndarray
        Real numbers. Keys depend on values, dtype and shape, not on byte order or memory layout.
    context : str
        What else the features depend on.

    Returns
    -------
    keys : list of bytes
    """
    # Processors have instructions for SHA-256: 22 microseconds for 32 KiB, and BLAKE2b 42.
    base = hashlib.sha256(hashlib.sha256(context.encode()).digest())
    keys = []
    for signal in signals:
        # In extended precision some bytes of a number are undefined. It is computed in float64.
        extended = signal.dtype.kind == "f" and signal.dtype.itemsize > 8
        dtype = np.dtype(np.float64) if extended else signal.dtype
        canonical = np.ascontiguousarray(signal, dtype.newbyteorder("<"))
        digest = base.copy()
        digest.update(array_form(canonical.dtype, signal.shape))
        digest.update(b"\0")
        digest.update(canonical.data)
        keys.append(digest.digest()[:KEY_BYTES])
    return keys


def array_form(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Describe the type and shape of an array, such as "<f4 2,331"."""
    return f"{dtype.str} {','.join(map(str, shape))}".encode()


def row_checksum(key: bytes, form: bytes, data: Any) -> bytes | None:
    """Digest a row; return None if damage has turned the data into something other than bytes."""
    if not isinstance(data, bytes):
        return None
    digest = hashlib.blake2b(key, digest_size=8)
    digest.update(form)
    digest.update(data)
    return digest.digest()
