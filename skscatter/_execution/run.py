"""A run: signals go in, blocks of features come out.

A run depends on signals, a device and a function of coefficients, but not on caches, containers or
estimators.
"""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np

from skscatter._backends.choice import Device, namespace_on
from skscatter._backends.engines import Engine, device_for, get_engine
from skscatter._execution.blocks import (
    BlockSize,
    InSmallerBlocks,
    divide,
    group_by_grid,
    group_by_length,
)
from skscatter._execution.threads import claim_cores, count_threads, run_tasks
from skscatter._scattering.amplitude import from_unit_magnitude, to_unit_magnitude
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.settings import Settings
from skscatter._scattering.workspace import Workspaces
from skscatter._signals.rows import Rows, Signals, as_index


def floating_point() -> AbstractContextManager[None]:
    """Return a context with NumPy's defaults for floating-point errors.

    A program may have set NumPy to raise errors, but small numbers underflow here without harm.
    """
    return np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")


def precision_of(signals: Signals) -> np.dtype[Any]:
    """Return the precision of a computation and its result: float32 for float32, else float64."""
    single = str(signals.dtype) in ("float32", "torch.float32")
    return np.dtype(np.float32 if single else np.float64)


class Run:
    """The features of signals, block by block.

    Parameters
    ----------
    signals : Signals
        Checked signals.
    settings : Settings
        Of the coefficients.
    features : callable
        Takes a namespace, coefficients of shape (n_rows, n_paths, n_frames), and the positions of
        these rows, which are of equal length; returns an array of shape (n_rows, ...).
    device : Device
        The backend and its device.
    input_scaling : {None, "max", "rms"}, default=None
        As in `skscatter.Scattering1D`.
    n_jobs : int or None, default=None
        Threads, in joblib's meaning.
    batch_size : int or None, default=None
        Rows in work at a time. None takes as many as fit in `working_memory`, or in the free memory
        of the device.
    working_memory : int, default=2**30
        In bytes.
    stop : threading.Event or None, default=None
        Once it is set, the run ends before its next block.
    """

    def __init__(
        self,
        signals: Signals,
        settings: Settings,
        features: Callable[[Namespace, Array, Rows], Array],
        device: Device,
        *,
        input_scaling: str | None = None,
        n_jobs: int | None = None,
        batch_size: int | None = None,
        working_memory: int = 2**30,
        stop: threading.Event | None = None,
    ) -> None:
        self._signals, self._settings, self._features = signals, settings, features
        self._device, self._input_scaling = device, input_scaling
        self._n_jobs, self._batch_size = n_jobs, batch_size
        self._working_memory, self._stop = working_memory, stop
        self._xp = namespace_on(device, precision_of(signals).name)
        # Blocks have threads of ours, unless the library has its own or signals are tensors.
        self._n_workers = self._xp.n_workers if signals.from_numpy else 1

    @property
    def rows_at_once(self) -> int:
        """Rows that keep all workers busy. The number of rows should be a multiple of it."""
        for _, engine in self._engines(range(len(self._signals.row_lengths))):
            return engine.chunk * (self._n_workers or count_threads(self._n_jobs))
        return 1

    @property
    def computed_by(self) -> str:
        """Names of what computes the signals, without building it."""
        lengths = self._signals.row_lengths
        groups = group_by_length(self._settings, lengths)
        grids = group_by_grid(groups, range(len(lengths)))
        found = {str(device_for(self._settings, grid, self._device)) for grid, _ in grids}
        return " and ".join(sorted(found))

    def blocks(self, rows: Rows) -> Generator[tuple[Rows, Array], None, None]:
        """Yield some of the rows and their features until all are done, in any order.

        Parameters
        ----------
        rows : range or ndarray of int
            Positions, ascending.
        """
        if self._n_workers is None:
            with claim_cores(count_threads(self._n_jobs)) as n_threads:
                yield from self._blocks(rows, n_threads, limit_blas=True)
        else:
            yield from self._blocks(rows, self._n_workers, limit_blas=False)

    def _blocks(
        self, rows: Rows, n_workers: int, *, limit_blas: bool
    ) -> Iterator[tuple[Rows, Array]]:
        memory = self._xp.free_bytes()
        if memory is None:
            memory = self._working_memory
        planned = []
        for grid_rows, engine in self._engines(rows):
            at_once = self._batch_size or int(memory // engine.bytes_per_signal)
            size = BlockSize(engine.chunk, at_once).rows(len(grid_rows), n_workers)
            smaller = InSmallerBlocks(self._xp.out_of_memory)
            planned += [(engine, smaller, at_once, block) for block in divide(grid_rows, size)]
        tasks = []
        for engine, smaller, at_once, block in planned:
            # If there are more threads than blocks, several threads share one long signal. Each of
            # them takes at most the memory of another signal.
            per_block = min(n_workers, at_once) // len(planned) if limit_blas else 1
            tasks.append(partial(self._compute, engine, smaller, block, max(1, per_block)))
        n_threads = 0 if n_workers == 1 else min(n_workers, len(tasks))
        for results in run_tasks(tasks, n_threads, stop=self._stop, limit_blas=limit_blas):
            yield from results

    def _engines(self, rows: Rows) -> Iterator[tuple[Rows, Engine]]:
        """Divide rows by the engine that computes them."""
        with floating_point():
            groups = group_by_length(self._settings, self._signals.row_lengths[as_index(rows)])
            found = [
                (grid_rows, get_engine(self._settings, grid, self._xp.dtype.name, self._device))
                for grid, grid_rows in group_by_grid(groups, rows)
            ]
        yield from found

    def _compute(
        self,
        engine: Engine,
        smaller: InSmallerBlocks,
        rows: Rows,
        n_threads: int,
        workspaces: Workspaces,
    ) -> list[tuple[Rows, Array]]:
        """Compute the features of a block, for each group of rows of equal length."""

        def compute(rows: Rows) -> list[tuple[Rows, Array]]:
            with (
                floating_point(),
                self._xp.working(from_numpy=self._signals.from_numpy),
            ):
                return self._features_of(rows, engine, workspaces, n_threads)

        results = smaller.call(compute, rows)
        self._signals.release()
        return results

    def _features_of(
        self, rows: Rows, engine: Engine, workspaces: Workspaces, n_threads: int
    ) -> list[tuple[Rows, Array]]:
        xp, signals = self._xp, self._signals
        groups = group_by_length(self._settings, signals.row_lengths[as_index(rows)])
        x, gain = to_unit_magnitude(xp, xp.load(signals.block(rows)), groups, self._input_scaling)
        S = engine(x, groups, workspaces, n_threads)
        from_unit_magnitude(xp, S, gain)
        results: list[tuple[Rows, Any]] = []
        for group, layout in groups:
            features = self._features(xp, S[group, :, : layout.n_frames], rows[group])
            results.append((rows[group], xp.to_numpy(features) if signals.from_numpy else features))
        return results
