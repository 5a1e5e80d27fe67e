"""The scattering cascade.

For a signal x, padded, with wavelets psi1, psi2 and a low-pass phi (Andén and Mallat, "Deep
Scattering Spectrum", IEEE Trans. Signal Process. 62(16), 2014, section II-III)::

    S0 = x * phi,   S1 = |x * psi1| * phi,   S2 = ||x * psi1| * psi2| * phi

Both orders repeat one step: cut bands out of spectra, subsample them, compute their envelopes, and
average the envelopes. A `Batch` is this step for many paths. In joint scattering, bands of the
second order are filtered along frequency before their envelopes are taken, and so are the averages
of the first order. Signals are computed in small chunks, so that the workspace stays in the
processor's cache.
"""

import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from skscatter._scattering.layout import Groups, Layout
from skscatter._scattering.low_pass import LowPass
from skscatter._scattering.namespace import Array, Namespace
from skscatter._scattering.plan import SIGNAL, Batch, Plan, Stage
from skscatter._scattering.workspace import Workspaces


@dataclass(frozen=True)
class Workspace:
    """Memory for one chunk of signals.

    Attributes
    ----------
    bins : list of dict of int to complex array of shape (n_signals, n_rows, n_bins)
        For each stage, the bins of the signal's spectrum and of its spectra of U1, by their key.
        Stages share memory.
    real, complex : one-dimensional array
        Real for the padded signals and the envelopes of the largest batch, complex for its bands.
    filtered, envelopes : one-dimensional array
        Complex and real, for what is filtered along frequency at a time.
    """

    bins: list[dict[int, Array]]
    real: Array
    complex: Array
    filtered: Array
    envelopes: Array


class Cascade:
    """The scattering transform of signals of one length, in one precision.

    Parameters
    ----------
    plan : Plan
        What to compute, and in which order.
    xp : Namespace
        Array operations. The plan must have been made with the same namespace.

    Notes
    -----
    Instances are immutable, so any number of threads may call one.
    """

    def __init__(self, plan: Plan, xp: Namespace) -> None:
        self.plan, self.xp = plan, xp
        batches = [batch for stage in plan.stages for batch in stage.batches]
        self.complex_per_signal = max(batch.n_bands * batch.n for batch in batches)
        self.reals_per_signal = max(
            plan.grid.n_padded,
            *(
                max([len(each.rows) for each in batch.joint] or [batch.n_bands])
                * xp.workspace_size(batch.n)
                for batch in batches
            ),
        )
        joint = [each for batch in batches for each in batch.joint] + plan.of_first_order
        self.piece = max((each.along_frequency.piece for each in joint), default=0)

    @property
    def chunk(self) -> int:
        """Signals that are computed together."""
        return self.plan.chunk

    @property
    def bytes_per_signal(self) -> int:
        """Workspace and result of one signal, in bytes."""
        plan = self.plan
        bins = plan.signal.window.n_bins + max(stage.n_bins for stage in plan.stages)
        # The envelopes of a batch, and their spectra, which are newly allocated.
        reals = 2 * self.reals_per_signal + plan.n_rows * plan.grid.n_frames + 3 * self.piece
        return self.xp.dtype.itemsize * (reals + 2 * (bins + self.complex_per_signal))

    def _new_workspace(self, n_signals: int) -> Workspace:
        xp, plan = self.xp, self.plan
        signal = xp.empty_complex((n_signals, 1, plan.signal.window.n_bins))
        shared = xp.empty_complex((n_signals * max(stage.n_bins for stage in plan.stages),))
        bins = []
        for stage in plan.stages:
            bins.append({SIGNAL: signal})
            start = 0
            for key, spectra in stage.spectra.items():
                shape = (n_signals, len(spectra.n1), spectra.window.n_bins)
                stop = start + math.prod(shape)
                bins[-1][key] = shared[start:stop].reshape(shape)
                start = stop
        return Workspace(
            bins=bins,
            real=xp.empty((n_signals * self.reals_per_signal,)),
            complex=xp.empty_complex((n_signals * self.complex_per_signal,)),
            filtered=xp.empty_complex((self.piece,)),
            envelopes=xp.empty((self.piece,)),
        )

    def __call__(
        self, x: Array, groups: Groups, workspaces: Workspaces, n_threads: int = 1
    ) -> Array:
        """Scatter signals.

        Parameters
        ----------
        x : array of shape (n_signals, n_longest)
            In the namespace's precision, of magnitude about 1 (squares must not overflow). Values
            after the end of a shorter signal are ignored.
        groups : list of (slice, Layout)
            Rows of equal length, and their layout on the plan's grid.
        workspaces : Workspaces
            The workspaces of the calling thread.
        n_threads : int, default=1
            Threads for a signal so long that it is computed in several stages. Each thread has a
            workspace of its own.

        Returns
        -------
        S : array of shape (n_signals, n_rows, n_frames)
            At the frames of the grid. Frames after the last one of a signal are undefined.
        """
        plan = self.plan
        chunk = min(plan.chunk, len(x))
        workspace = workspaces.get(self, chunk, self._new_workspace)
        S = self.xp.empty((len(x), plan.n_rows, plan.grid.n_frames))
        for start in range(0, len(x), chunk):
            padded = workspace.real[: len(x[start : start + chunk]) * plan.grid.n_padded]
            padded = padded.reshape(-1, plan.grid.n_padded)
            for rows, layout in groups:
                first, stop = max(rows.start, start), min(rows.stop, start + chunk)
                if first < stop:
                    signals = x[first:stop, : layout.n_times]
                    target = padded[first - start : stop - start]
                    pad(self.xp, plan.padding, signals, layout, target)
            self._scatter(padded, S[start : start + chunk], workspace, n_threads)
        return S[:, : plan.n_kept]

    def _scatter(self, padded: Array, S: Array, workspace: Workspace, n_threads: int) -> None:
        """Scatter one chunk of padded signals into `S`."""
        plan, n_signals = self.plan, len(padded)
        spectrum = self.xp.rfft(padded)
        if plan.order0 is not None:
            plan.order0.apply(spectrum, out=S[:, 0])
        signal = workspace.bins[0][SIGNAL][:n_signals]
        plan.signal.window.unfold(spectrum, signal[:, 0])
        del spectrum  # large for long signals
        self._compute_stages(deque(enumerate(plan.stages)), signal, S, workspace, n_threads)
        for each in plan.of_first_order:
            sources = S[:, plan.sources]
            bands = self.xp.empty_complex(sources.shape)
            bands[...] = sources
            rows = self.xp.empty((n_signals, len(each.rows), S.shape[-1]))
            each.along_frequency.apply(bands, rows, workspace.filtered, workspace.envelopes)
            S[:, each.rows] = rows

    def _compute_stages(
        self,
        stages: deque[tuple[int, Stage]],
        signal: Array,
        S: Array,
        workspace: Workspace,
        n_threads: int,
    ) -> None:
        """Compute stages from the windows of the signals, on up to `n_threads` threads."""
        n_signals = len(S)

        def compute_remaining(workspace: Workspace) -> None:
            try:
                while (numbered := pop_first(stages)) is not None:
                    i, stage = numbered
                    bins = {key: window[:n_signals] for key, window in workspace.bins[i].items()}
                    bins[SIGNAL] = signal
                    for batch in stage.batches:
                        self._compute(batch, stage, bins, S, workspace)
            finally:
                stages.clear()  # after an error, no thread starts another stage

        n_others = min(n_threads, len(stages)) - 1
        if not n_others:
            compute_remaining(workspace)
            return
        with ThreadPoolExecutor(n_others) as pool:
            others = [
                pool.submit(lambda: compute_remaining(self._new_workspace(n_signals)))
                for _ in range(n_others)
            ]
            compute_remaining(workspace)
        for other in others:
            other.result()

    def _compute(
        self, batch: Batch, stage: Stage, bins: dict[int, Array], S: Array, workspace: Workspace
    ) -> None:
        """Compute a batch: write its rows to `S`, and spectra for the second order to `bins`."""
        xp = self.xp
        shape = (len(S), batch.n_bands, batch.n)
        bands = workspace.complex[: math.prod(shape)].reshape(shape)
        for band in batch.bands:
            band.filter.apply(bins[band.source][:, band.source_rows], bands[:, band.rows])

        if batch.joint:
            bands = xp.ifft(bands)[..., batch.low_pass.used]
            for each in batch.joint:
                shape = (len(S), len(each.rows), bands.shape[-1])
                U = workspace.real[: math.prod(shape)].reshape(shape)
                each.along_frequency.apply(bands, U, workspace.filtered, workspace.envelopes)
                self._average(xp.rfft(U) if batch.n_bins else U, batch.low_pass, each.rows, S)
            return

        if batch.n_bins:
            U = xp.envelope_spectra(bands, batch.n_bins, workspace.real)
        else:
            bands = xp.ifft(bands)[..., batch.low_pass.used]
            U = workspace.real[: math.prod(bands.shape)].reshape(bands.shape)
            xp.modulus(bands, out=U)
        self._average(U, batch.low_pass, batch.rows, S)
        if batch.destination is not None:
            key, rows = batch.destination
            stage.spectra[key].window.unfold(U, bins[key][:, rows])

    def _average(self, U: Array, low_pass: LowPass, rows: Array, S: Array) -> None:
        """Write the averages of envelopes, or of what has these spectra, to rows of `S`."""
        average = self.xp.empty((len(S), len(rows), S.shape[-1]))
        low_pass.apply(U, out=average)
        self.xp.remove_negative(average)  # envelopes and phi are positive, so this is rounding
        S[:, rows] = average


def pad(xp: Namespace, padding: str, x: Array, layout: Layout, out: Array) -> None:
    """Write padded signals to `out`, which is periodic. `x` has shape (n_signals, n_times)."""
    left, right, n = layout.pad_left, layout.pad_right, layout.n_times
    match padding:
        case "reflect":
            before, after = xp.flip(x[:, 1 : left + 1]), xp.flip(x[:, n - 1 - right : n - 1])
        case "zero":
            before, after = 0, 0
        case _:  # periodic
            before, after = x[:, n - left :], x[:, :right]
    write_periodic(out, layout.start - left, left, before)
    write_periodic(out, layout.start + n, right, after)
    write_periodic(out, layout.start, n, x)


def pop_first(items: deque[Any]) -> Any:
    """Remove and return the first item. None if other threads have taken all items."""
    try:
        return items.popleft()
    except IndexError:
        return None


def write_periodic(out: Array, start: int, n: int, values: Array | int) -> None:
    """Write `n` values from `start` on along the last axis of `out`, which is periodic."""
    start %= out.shape[-1]
    fit = min(n, out.shape[-1] - start)  # the others wrap around
    if isinstance(values, int):
        out[:, start : start + fit] = values
        out[:, : n - fit] = values
    else:
        out[:, start : start + fit] = values[:, :fit]
        out[:, : n - fit] = values[:, fit:]
