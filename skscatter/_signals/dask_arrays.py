"""Dask arrays, which are transformed lazily, chunk by chunk.

Nothing here imports dask: if there is a dask array, dask has been imported already.
"""

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config


def is_dask(X: Any) -> bool:
    """Whether `X` is a dask array."""
    dask_array = sys.modules.get("dask.array")
    return dask_array is not None and isinstance(X, dask_array.Array)


def computed(x: Any) -> Any:
    """Return a dask array as an array in memory, masked if its chunks are; others unchanged.

    Dask drops the mask if NumPy converts its arrays.
    """
    return x.compute() if is_dask(x) else x


def stand_in(X: Any) -> NDArray[Any]:
    """Return one silent signal of the shape and type of those of a dask array.

    It can be checked before anything is computed. If the array is known to be empty, there is no
    such signal. The number of signals need not be known.

    Raises
    ------
    ValueError
        If signals are cut into several chunks, or their length is not known.
    """
    n_samples, *shape = X.shape
    if any(math.isnan(n) for n in shape):
        raise ValueError(
            f"X of shape {X.shape} has signals of unknown length. Call X.compute_chunk_sizes() "
            "first."
        )
    cut = [axis for axis in range(1, X.ndim) if X.numblocks[axis] > 1]
    if cut:
        rechunk = ", ".join(f"{axis}: -1" for axis in cut)
        raise ValueError(
            f"X is cut into chunks of {X.chunksize} along the axes of a signal. A chunk must hold "
            f"whole signals: X.rechunk({{{rechunk}}})."
        )
    return np.zeros((0 if n_samples == 0 else 1, *shape), X.dtype)


def map_chunks(
    function: Callable[[Any], Any], X: Any, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Any:
    """Apply a function to each chunk of checked signals, lazily.

    Parameters
    ----------
    function : callable
        Makes an array of shape (n, *shape) of n signals, where n may be 0. It is sent to the
        workers of dask.
    X : dask.array.Array of shape (n_samples, ...)
        In chunks along the first axis.
    shape : tuple of int
        Shape of the result of one signal.
    dtype : dtype
        Type of the result.

    Returns
    -------
    results : dask.array.Array of shape (n_samples, *shape)
        In the same chunks along the first axis.
    """
    return X.map_blocks(
        function,
        dtype=dtype,
        chunks=(X.chunks[0], *((n,) for n in shape)),
        drop_axis=list(range(1, X.ndim)),
        new_axis=list(range(1, 1 + len(shape))),
        meta=np.empty((0,) * (1 + len(shape)), dtype),
    )


def refuse_data_frames(transformer: Any) -> None:
    """Raise if `set_output` asks for data frames, which would be computed at once.

    Raises
    ------
    ValueError
        If it does.
    """
    # scikit-learn has no public way to read this setting.
    own = getattr(transformer, "_sklearn_output_config", {}).get("transform")
    container = own or get_config()["transform_output"]
    if container != "default":
        raise ValueError(
            f"set_output(transform={container!r}) makes data frames in memory, which would compute "
            "a dask array at once. Call set_output(transform='default'), and name the columns with "
            "dask.dataframe.from_dask_array(features, columns=names), where names are those of "
            "get_feature_names_out()."
        )
