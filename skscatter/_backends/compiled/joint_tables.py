"""Build the tables of `joint_kernel`: batches of bands, and filters along frequency."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.compiled.fourier import COMPLEX
from skscatter._backends.compiled.joint_kernel import BATCH, FILTER, SPAN, TILE
from skscatter._backends.compiled.kernel import LOW_PASS
from skscatter._backends.compiled.tables import PathTables, as_row
from skscatter._backends.compiled.vectors import LANES
from skscatter._scattering.plan import JointRows

Batch = dict[str, int]  # values of `BATCH` by their names


class JointTables:
    """Describe the second order of joint scattering, and list the paths before it.

    Parameters
    ----------
    tables : PathTables
        Of the paths in time. Constants and a low-pass are added to them.

    Attributes
    ----------
    paths : dict of int to (array of `PATH`, array of `BAND`)
        Paths up to the first order, for each number of copies of the signals in the lanes. The
        spectra of all envelopes are kept.
    tables : dict of int to tuple of arrays
        For each number of copies, those that the kernel takes: paths of the first order, batches,
        filters, spans, rows.
    n_offsets : int
        Largest number of vectors that the kernel refers to by their offsets.
    sizes : dict of str to int
        Numbers of the arrays of its workspace.
    """

    def __init__(self, tables: PathTables) -> None:
        self._tables = tables
        self._filters: list[tuple[int, ...]] = []
        self._spans: list[tuple[int, int, int]] = []
        self._rows: list[int] = []
        batches = [*self._of_first_order(), *self._of_second_order()]
        filters, spans = np.array(self._filters, FILTER), np.array(self._spans, SPAN)
        rows = np.array(self._rows, dtype=np.int64)
        self.paths, self.tables = {}, {}
        for n_copies, (paths, bands) in tables.paths.items():
            paths = paths[paths["order"] < 2]
            ends = COMPLEX * np.cumsum(paths["n_bins"])
            paths["spectrum"] = ends - COMPLEX * paths["n_bins"]
            first = paths[paths["order"] == 1]
            # A second-order wavelet follows the first paths: all or none of those that the lanes
            # hold together.
            n_groups = np.searchsorted(
                np.cumsum(first["n_paths"]), [each["n_bands"] for each in batches]
            )
            described = [
                as_row(BATCH, each | {"n_groups": int(n) + 1})
                for each, n in zip(batches, n_groups, strict=True)
            ]
            self.paths[n_copies] = paths, bands
            self.tables[n_copies] = first, np.array(described, BATCH), filters, spans, rows

        n, n_bands, n_rows = (
            np.array([each.get(name, 0) for each in batches], dtype=np.int64)
            for name in ("n", "n_bands", "n_rows")
        )
        low_passes = np.array(tables.low_passes, LOW_PASS)
        low = low_passes[[each["low_pass"] for each in batches]]
        block = np.maximum(low["block"], 1)
        n_kept = low["n_used"] // block * np.maximum(low["n_nodes"], 1)
        n_averages = int((n_rows * n_kept).max(initial=1))
        self.n_offsets = max(n_averages, int(block.max(initial=1)), TILE * LANES)
        self.sizes = {
            "first": COMPLEX * int(self.paths[1][0]["n_bins"].sum()),
            "y": COMPLEX * int(n.max(initial=1)),
            "bands": COMPLEX * int((n_bands * (low["n_used"] + TILE * LANES)).max(initial=1)),
            "envelopes": COMPLEX * TILE * int(filters["n_positions"].max(initial=1)),
            "piece": LANES * int((n_rows * (np.maximum(block, TILE) + TILE)).max(initial=1)),
            "averages": LANES * n_averages,
        }

    def _of_first_order(self) -> Iterator[Batch]:
        """Describe the averages of the first order as bands, if they are filtered."""
        planner, tables = self._tables.planner, self._tables
        for step in planner.of_first_order():
            kept = {"block": 1, "n_used": planner.grid.n_frames, "n_nodes": 1}
            tables.low_passes.append(as_row(LOW_PASS, kept))
            yield {
                "values": int(planner.first_rows[0]),
                "n_bands": len(planner.first_rows),
                "low_pass": len(tables.low_passes) - 1,
                **self._along_frequency(step),
            }

    def _of_second_order(self) -> Iterator[Batch]:
        """Describe the bands of each second-order wavelet."""
        planner = self._tables.planner
        n2s = planner.paths["n2"]
        described = {
            int(n2s[path.position]): path for tree in self._tables.trees for path in tree[1:]
        }
        for n2 in sorted(described):
            _, n, n_bins, _, low = described[n2].kind
            values, start, width = described[n2].band
            n_bands = int(np.count_nonzero(n2s == n2))
            (step,) = planner.along_frequency(n_bands, n2, one_by_one=False)
            yield {
                "n": n,
                "n_bins": n_bins,
                "values": values,
                "start": start,
                "width": width,
                "n_bands": n_bands,
                "low_pass": low,
                **self._along_frequency(step),
            }

    def _along_frequency(self, step: JointRows) -> Batch:
        """Describe filters and the rows that they make."""
        described = {
            "first_filter": len(self._filters),
            "n_filters": len(step.along_frequency.averages),
            "first_row": len(self._rows),
            "n_rows": len(step.rows),
        }
        self._rows += step.rows.tolist()
        for each in step.along_frequency.averages:
            envelopes = step.along_frequency.matrix[each.envelopes]
            upwards = envelopes[: len(envelopes) // each.n_directions]
            average = np.eye(len(upwards)) if each.matrix is None else each.matrix
            record = {
                "first_position": self._add_spans(np.stack([upwards.real, upwards.imag], axis=-1)),
                "n_positions": len(upwards),
                "first_average": self._add_spans(average[..., np.newaxis]),
                "n_averages": len(average),
                "row": each.rows.start,
                "down": len(average) if each.n_directions == 2 else 0,
            }
            self._filters.append(as_row(FILTER, record))
        return described

    def _add_spans(self, matrix: NDArray[Any]) -> int:
        """Describe the rows of a matrix of numbers or pairs; return the index of the first."""
        start = len(self._spans)
        for row in matrix:
            kept = np.flatnonzero(row.any(axis=-1))
            first, stop = (int(kept[0]), int(kept[-1]) + 1) if kept.size else (0, 0)
            self._spans.append((first, stop - first, self._tables.constants.add(row[first:stop])))
        return start
