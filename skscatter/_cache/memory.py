"""The parameter `memory`: which row store, and under which keys features go there."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from skscatter._cache.store import RowStore, row_keys
from skscatter._common.home import expand_path
from skscatter._scattering.settings import NUMERICS, Settings
from skscatter._signals.rows import Signals

Memory = str | os.PathLike[str] | RowStore | None


def check_memory(memory: Any) -> RowStore | None:
    """Return the store that the parameter `memory` stands for; the disk is not touched.

    Raises
    ------
    TypeError, ValueError
        With its value and what would be accepted.
    """
    if memory is None or isinstance(memory, RowStore):
        return memory
    return RowStore(
        expand_path("memory", memory, "the path of a folder or file, a RowStore, or None")
    )


def context_of(settings: Settings, others: dict[str, Any], dtype: np.dtype[Any]) -> str:
    """Say what the features of a signal depend on beside the signal, in one form.

    Parameters
    ----------
    settings : Settings
    others : dict
        Parameters of the transformer that are in no setting, as strings, numbers or None.
    dtype : dtype
        Precision of the features.
    """
    parts = {**asdict(settings), "T": float(settings.T), **others}  # 256 and 256.0 are one T
    return json.dumps([NUMERICS, dtype.name, parts], sort_keys=True)


def recall(
    store: RowStore,
    signals: Signals,
    results: NDArray[Any],
    compute: Callable[[NDArray[np.intp]], object],
    context: str,
    *,
    block_multiple: int,
    verbose: int,
    description: str,
) -> None:
    """Fill `results` with the features of rows, stored or computed; see `RowStore.fill`."""
    with tqdm(total=len(results), desc=description, unit="signal", disable=not verbose) as bar:
        store.fill(
            results,
            row_keys(signals, context),
            compute,
            block_multiple=block_multiple,
            progress=bar.update,
        )
