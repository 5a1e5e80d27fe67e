"""The compiled cascade: its workspace, and the calls of its kernels."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.compiled.fourier import COMPLEX, digit_reversed, twiddle_table
from skscatter._backends.compiled.joint_kernel import compiled_jointly, joint_signature
from skscatter._backends.compiled.joint_tables import JointTables
from skscatter._backends.compiled.kernel import (
    COLUMNS,
    LOW_PASS,
    compiled_scatter,
    scatter_signature,
)
from skscatter._backends.compiled.tables import PathTables
from skscatter._backends.compiled.vectors import LANES
from skscatter._scattering.cascade import pad
from skscatter._scattering.layout import Grid, Groups
from skscatter._scattering.namespace import Namespace
from skscatter._scattering.plan import Planner, largest_joint_batch
from skscatter._scattering.settings import Settings
from skscatter._scattering.workspace import Workspaces

# Padded samples per lane in a chunk of signals: some milliseconds of computation.
SAMPLES_PER_CHUNK = 2**14

# Longest padded signals. Eight envelopes of longer signals fit no cache, and take more memory
# than the workspace in which NumPy computes one signal.
MAX_PADDED = 2**18

# Most numbers in the bands of a signal that joint scattering filters along frequency together.
MAX_JOINT = 2**20


def supports(settings: Settings, grid: Grid) -> bool:
    """Whether the compiled cascade can transform signals on a grid.

    It cannot if the padded length is above `MAX_PADDED`, if bands of joint scattering have more
    than `MAX_JOINT` numbers, or if an envelope may have a single sample, which has no even and odd
    half. The answer depends on the settings, which are the same for all signals, and on the padded
    length, which follows from a signal's own length. It must not depend on the number of signals or
    on other signals, or the last bits of a signal's features would depend on its neighbours.
    """
    coarsest = min(settings.log2_T, settings.log2_stride)
    is_small = grid.n_padded <= MAX_PADDED and largest_joint_batch(settings, grid) <= MAX_JOINT
    return grid.n_padded >> coarsest >= 2 and is_small


def copies_in_lanes(n_signals: int) -> int:
    """How many copies of up to `LANES` signals fit the lanes: a power of two."""
    return LANES >> (n_signals - 1).bit_length()


class CompiledCascade:
    """The scattering transform of signals on one grid, one signal per SIMD lane.

    It computes what `skscatter._scattering.cascade.Cascade` computes. Eight signals are
    transformed together. Fewer signals are copied into the free lanes, and several of their paths
    are computed together.

    Parameters
    ----------
    settings : Settings
    grid : Grid
        One that it `supports`.
    xp : NumpyNamespace
        Its precision is that of the computation.
    """

    def __init__(self, settings: Settings, grid: Grid, xp: Namespace) -> None:
        self.xp, self.padding, self.grid = xp, settings.padding, grid
        planner = Planner(settings, grid, xp)
        self.n_rows, self.n_kept = planner.n_rows, len(planner.table)
        tables = PathTables(planner)
        self.paths = tables.paths
        n_padded, n_hops = grid.n_padded, grid.n_padded // grid.stride
        low = np.array(tables.low_passes, LOW_PASS)
        n_nodes = int((low["n_used"] // np.maximum(low["block"], 1) * low["n_nodes"]).max())
        paths, _ = self.paths[1]
        n_bins = [int(paths["n_bins"][paths["order"] == k].max(initial=1)) for k in (1, 2)]
        self.sizes = {
            "padded": n_padded * LANES,
            "signal": (n_padded // 2 + 1) * COMPLEX,
            "first": n_bins[0] * COMPLEX,
            "second": n_bins[1] * COMPLEX,
            "y": max(n_padded // 2, n_hops) * COMPLEX,
            "z": n_padded // 2 * COMPLEX,
            "nodes": max(n_nodes, 1) * LANES,
            "frames": (grid.n_frames + int(low["tile"].max()) + COLUMNS) * LANES,
        }
        self.joint, n_offsets = None, n_nodes
        if settings.joint is not None:
            self.joint = JointTables(tables)
            self.paths = self.joint.paths
            n_offsets = max(n_nodes, self.joint.n_offsets)
            for name, size in self.joint.sizes.items():
                self.sizes[name] = max(size, self.sizes.get(name, 1))
            self.scatter_jointly = compiled_jointly.compile(joint_signature(xp.dtype.name))
        self.low_passes = np.array(tables.low_passes, LOW_PASS)
        self.constants = xp.asarray(np.concatenate(tables.constants.arrays))
        self.twiddles = twiddle_table(n_padded, xp.dtype.name)
        self.digit_reversed = digit_reversed_offsets(max(2 * self.sizes["y"] // COMPLEX, n_padded))
        self.natural = LANES * np.arange(n_offsets)
        self.masks = {n: np.repeat(np.eye(n, dtype=xp.dtype), LANES // n) for n in self.paths}
        self.chunk = LANES * max(1, SAMPLES_PER_CHUNK // n_padded)
        self.scatter = compiled_scatter.compile(scatter_signature(xp.dtype.name))

    @property
    def bytes_per_signal(self) -> int:
        """Workspace and result of one signal, in bytes."""
        n_numbers = -(-sum(self.sizes.values()) // LANES) + self.n_rows * self.grid.n_frames
        return self.xp.dtype.itemsize * n_numbers

    def __call__(
        self, x: NDArray[Any], groups: Groups, workspaces: Workspaces, n_threads: int = 1
    ) -> NDArray[Any]:
        """Scatter signals, with the parameters and the result of `Cascade`."""
        S = self.xp.empty((len(x), self.n_rows, self.grid.n_frames))
        workspace = workspaces.get(self, LANES, self._new_workspace)
        lanes = workspace[0].reshape(-1, LANES).T
        for start in range(0, len(x), LANES):
            stop = min(start + LANES, len(x))
            n_copies = copies_in_lanes(stop - start)
            n_lanes = LANES // n_copies
            lanes[stop - start : n_lanes] = 0
            for rows, layout in groups:
                first, last = max(rows.start, start), min(rows.stop, stop)
                if first < last:
                    signals = x[first:last, : layout.n_times]
                    target = lanes[first - start : last - start]
                    pad(self.xp, self.padding, signals, layout, target)
            lanes.reshape(n_copies, n_lanes, -1)[1:] = lanes[:n_lanes]
            self._scatter(workspace, n_copies, S[start:stop])
        return S[:, : self.n_kept]

    def _scatter(self, workspace: list[NDArray[Any]], n_copies: int, S: NDArray[Any]) -> None:
        """Scatter the padded signals, of which there are `n_copies` in the lanes, into `S`."""
        padded, signal, first, second, y, z, nodes, frames, *of_joint = workspace
        spectra = signal, first, second
        all_lanes = self.masks[1]
        constants = (
            self.low_passes,
            self.constants,
            self.twiddles,
            self.digit_reversed,
            self.natural,
        )
        self.scatter(
            padded,
            all_lanes,
            self.masks[n_copies],
            *self.paths[n_copies],
            *constants,
            spectra,
            *(y, z, nodes, frames),
            S,
        )
        if self.joint is not None:
            self.scatter_jointly(
                all_lanes,
                LANES // n_copies,
                *self.joint.tables[n_copies],
                *constants,
                spectra,
                *(y, z, frames, *of_joint),
                S,
            )

    def _new_workspace(self, n_signals: int = LANES) -> list[NDArray[Any]]:
        """Allocate the padded signals and the workspace of the kernels.

        All lanes are used, even for fewer signals.
        """
        return [self.xp.empty((size,)) for size in self.sizes.values()]


@lru_cache(maxsize=16)
def digit_reversed_offsets(n: int) -> NDArray[np.int64]:
    """Offset of sample t of a packed envelope of m samples, at ``m + t``, for m up to `n`."""
    offsets = np.zeros(2 * n, dtype=np.int64)
    m = 2
    while m <= n:
        even = COMPLEX * digit_reversed(m // 2)
        offsets[m : 2 * m] = np.stack([even, even + LANES], axis=-1).ravel()
        m *= 2
    return offsets
