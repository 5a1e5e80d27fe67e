"""The scattering cascade.

For a signal x, padded, with wavelets psi1, psi2 and a low-pass phi (Andén and Mallat, "Deep
Scattering Spectrum", IEEE Trans. Signal Process. 62(16), 2014, section II-III)::

    S0 = x * phi,   S1 = |x * psi1| * phi,   S2 = ||x * psi1| * psi2| * phi

Both orders are the same step: bands are cut out of some spectra and brought to their own rate,
their envelopes are taken, and the envelopes are averaged. A `Batch` is that step for many paths.
Signals go through in small chunks, whose work space stays in the cache and is used again.
"""

import threading
from dataclasses import dataclass

from skscatter._namespaces import Array, Namespace
from skscatter._plan import SIGNAL, Batch, Plan


@dataclass(frozen=True)
class WorkSpace:
    """Memory for one chunk of signals.

    Attributes
    ----------
    padded : real array of shape (n_signals, n_padded)
        Padded signals.
    bins : dict of int to complex array of shape (n_signals, n_members, n_bins)
        Windows on the spectra of each source.
    real, complex : array of shape (n_largest,)
        Room for the largest batch.
    """

    padded: Array
    bins: dict[int, Array]
    real: Array
    complex: Array


class _Kept(threading.local):
    """The work space that a thread used last, and for what: which cascade, how many signals."""

    cascade: "Cascade | None" = None
    n_signals = 0
    work: WorkSpace | None = None


_kept = _Kept()


class Cascade:
    """The scattering transform of signals of one length, in one precision.

    Parameters
    ----------
    plan : Plan
        What to compute, and how.
    xp : Namespace
        Array operations, those that the plan was made with.

    Notes
    -----
    Instances do not change: any number of threads may call one.
    """

    def __init__(self, plan: Plan, xp: Namespace) -> None:
        self.plan, self.xp = plan, xp
        self.largest_batch = max(len(batch.paths) * batch.n for batch in plan.batches)

    @property
    def bytes_per_signal(self) -> int:
        """Work space and result of one signal, in bytes."""
        plan = self.plan
        bins = sum(len(s.members) * s.window.n_bins for s in plan.sources.values())
        # A batch, its modulus, and the modulus's spectrum, which comes in new memory.
        reals = plan.layout.n_padded + 2 * self.largest_batch + plan.n_paths * plan.layout.n_frames
        return self.xp.dtype.itemsize * (reals + 2 * (bins + self.largest_batch))

    def work_space(self, n_signals: int) -> WorkSpace:
        """Memory for `n_signals` or more: this thread's last one, if it will do."""
        if _kept.work is not None and _kept.cascade is self and _kept.n_signals >= n_signals:
            return _kept.work
        _kept.work = _kept.cascade = None  # let go of the old one first
        work = self._new_work_space(n_signals)
        if n_signals * self.bytes_per_signal <= self.xp.kept_bytes:
            _kept.cascade, _kept.n_signals, _kept.work = self, n_signals, work
        return work

    def _new_work_space(self, n_signals: int) -> WorkSpace:
        xp, plan = self.xp, self.plan
        return WorkSpace(
            padded=xp.empty((n_signals, plan.layout.n_padded)),
            bins={
                key: xp.empty_complex((n_signals, len(source.members), source.window.n_bins))
                for key, source in plan.sources.items()
            },
            real=xp.empty((n_signals * self.largest_batch,)),
            complex=xp.empty_complex((n_signals * self.largest_batch,)),
        )

    def __call__(self, x: Array) -> Array:
        """Scatter signals.

        Parameters
        ----------
        x : array of shape (n_signals, n_times)
            In the namespace's precision, of magnitude about 1 (squares must not overflow).

        Returns
        -------
        S : array of shape (n_signals, n_paths, n_frames)
        """
        plan = self.plan
        chunk = min(plan.chunk, len(x))
        work = self.work_space(chunk)
        S = self.xp.empty((len(x), plan.n_paths, plan.layout.n_frames))
        for start in range(0, len(x), chunk):
            self._scatter(x[start : start + chunk], S[start : start + chunk], work)
        return S

    def _scatter(self, x: Array, S: Array, work: WorkSpace) -> None:
        """Scatter one chunk of signals into `S`."""
        padded = work.padded[: len(x)]
        bins = {key: source_bins[: len(x)] for key, source_bins in work.bins.items()}
        self._pad(x, padded)
        if self.plan.order0 is not None:
            average = self.xp.empty((len(x), S.shape[-1]))
            self.plan.order0.apply(padded, out=average)
            S[:, 0] = average
        signals = self.plan.sources[SIGNAL]
        signals.window.unfold(self.xp.rfft(padded), bins[SIGNAL][:, 0])
        for batch in self.plan.batches:
            self._compute(batch, bins, S, work)

    def _compute(self, batch: Batch, bins: dict[int, Array], S: Array, work: WorkSpace) -> None:
        """Compute a batch: its rows of `S`, and what it leaves in `bins` for the next order."""
        xp = self.xp
        shape = (len(S), len(batch.paths), batch.n)
        n_rows = shape[0] * shape[1]
        bands = work.complex[: n_rows * batch.n].reshape(shape)
        for piece in batch.pieces:
            piece.filter.apply(bins[piece.source][:, piece.members], bands[:, piece.rows])

        U = work.real[: n_rows * batch.n].reshape(shape)
        xp.modulus(xp.ifft(bands), out=U)

        average = xp.empty((n_rows, S.shape[-1]))
        batch.low_pass.apply(U.reshape(n_rows, batch.n), out=average)
        S[:, batch.paths] = average.reshape(shape[0], shape[1], S.shape[-1])

        if batch.onward is not None:
            source, members = batch.onward
            self.plan.sources[source].window.unfold(xp.rfft(U), bins[source][:, members])

    def _pad(self, x: Array, out: Array) -> None:
        """Write `x` of shape (n_signals, n_times) and its continuation to `out`."""
        left, right, n = self.plan.layout.pad_left, self.plan.layout.pad_right, x.shape[-1]
        out[:, left : left + n] = x
        match self.plan.padding:
            case "reflect":
                out[:, :left] = self.xp.flip(x[:, 1 : left + 1])
                out[:, left + n :] = self.xp.flip(x[:, n - 1 - right : n - 1])
            case "zero":
                out[:, :left] = 0
                out[:, left + n :] = 0
            case "periodic":
                out[:, :left] = x[:, n - left :]
                out[:, left + n :] = x[:, :right]
