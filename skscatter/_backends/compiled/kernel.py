"""The cascade for `LANES` signals, or for fewer signals and more of their paths, compiled.

It goes through the paths depth first: an envelope of the first order, all of the second order that
come from it, the next one. So besides the spectrum of the signals there is one envelope of either
order at a time, which the cache can hold.

An envelope of n samples is made in two halves, its even and its odd samples, as the real and the
imaginary parts of n / 2 numbers: that is what a real Fourier transform of n samples begins with.
"""

from collections.abc import Callable

import numpy as np

from skscatter._backends.compiled.compiling import compiled, kept, sources
from skscatter._backends.compiled.fourier import (
    COMPLEX,
    complex_multiply,
    complex_multiply_conj,
    forward,
    inverse,
)
from skscatter._backends.compiled.vectors import LANES, broadcast, filled, load, store

# What the lanes go through together: a path of eight signals, or several paths of fewer signals,
# which only their filters of the first order tell apart. `BAND` says of each such path where its
# coefficients go, and which filter it ends with. Filters and matrices are runs of one table of
# constants; `values` and the like are where they begin there.
PATH = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("order", "n"),  # samples of its envelope
            "n_bins",  # of the spectrum of its envelope that are wanted
            "low_pass",  # its number
            *("first", "n_paths"),  # its bands: so many, from the first on
        )
    ],
    align=True,
)
BAND = np.dtype(
    [(name, np.int64) for name in ("row", "values", "start", "width")],  # bins from start on
    align=True,
)

# What a low-pass is made of: a band that meets the spectrum, folded to `n_hops` bins; or, where
# n_hops is 0, matrices that meet samples, in blocks of `block` from sample `first` on, and frames
# in tiles. Matrices have a multiple of `COLUMNS` columns.
LOW_PASS = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("n_hops", "band", "width", "first_hop"),
            *("block", "first", "n_used", "gather", "n_nodes"),
            *("average", "n_rows", "n_columns", "tile", "step"),
        )
    ],
    align=True,
)

COLUMNS = 8  # of a matrix that are computed together: what registers hold
SUMMANDS = 64  # products that are added one by one: 4000 in float32 would lose a digit


@compiled
def filter_bins(spectrum, n, start, values, band, width, masks, k, y, m, size, odd, table):
    """Multiply bins of real signals' spectra by a band, and write them from bin 0 on, folded.

    Parameters
    ----------
    spectrum, n : array, int
        Bins 0 to n // 2 of signals of n samples.
    start : int
        The first bin of the band, which may be negative or beyond n: spectra repeat.
    values, band, width : array, int, int
        The band's values, from `band` on.
    masks, k : array, int
        1 in the lanes that are to be written, in the `k`-th vector, and 0 elsewhere.
    y, m : array, int
        What is written: `m` bins. The other lanes become 0 with the first mask, and stay as they
        are with those that follow.
    size, odd : int, bool
        With `odd`, the function whose bins these are is moved by one of `size` samples.
    table : array
        Twiddle factors.
    """
    half = n // 2
    mask = load(masks, LANES * k)
    i = 0
    while i < width:
        b = (start + i) % n
        mirrored = b > half
        target = i % m
        length = min(width - i, m - target, n - b if mirrored else half + 1 - b)
        step = -COMPLEX if mirrored else COMPLEX
        source = COMPLEX * ((n - b) if mirrored else b)
        turn = 2 * (size + i % size)
        for j in range(length):
            gain = broadcast(values, band + i + j) * mask
            re, im = load(spectrum, source) * gain, load(spectrum, source + LANES) * gain
            if mirrored:
                im = filled(y, 0) - im
            if odd:
                re, im = complex_multiply(
                    re, im, broadcast(table, turn), broadcast(table, turn + 1)
                )
            at = COMPLEX * (target + j)
            if k or i >= m:
                re, im = re + load(y, at), im + load(y, at + LANES)
            store(y, at, re)
            store(y, at + LANES, im)
            source += step
            turn += 2
        i += length
    if not k:
        for at in range(COMPLEX * min(width, m), COMPLEX * m, LANES):
            store(y, at, filled(y, 0))


@compiled
def real_spectrum(z, n, table, n_bins, spectrum):
    """Write the first bins of real signals of `n` samples, which lie in `z` as two halves."""
    half = n // 2
    scale = filled(z, 0.5 / n)
    forward(z, half, table)
    for k in range(n_bins):
        a, b = COMPLEX * (k % half), COMPLEX * ((half - k) % half)
        ar, ai, br, bi = load(z, a), load(z, a + LANES), load(z, b), load(z, b + LANES)
        at = 2 * (n + k)
        re, im = complex_multiply_conj(
            ar - br, ai + bi, broadcast(table, at), broadcast(table, at + 1)
        )
        store(spectrum, COMPLEX * k, (ar + br + im) * scale)
        store(spectrum, COMPLEX * k + LANES, (ai - bi - re) * scale)


@compiled
def project(source, places, first, values, matrix, n_rows, n_columns, out, to):
    """Multiply numbers, one at each of `places` from the first on, by a matrix."""
    stop = first + n_rows
    for column in range(0, n_columns, COLUMNS):
        at = matrix + column
        for begin in range(first, stop, SUMMANDS):
            # A tuple of sums would leave the registers.
            a = b = c = d = e = f = g = h = filled(out, 0)
            for j in range(begin, min(begin + SUMMANDS, stop)):
                u = load(source, places[j])
                a = a + u * broadcast(values, at + 0)
                b = b + u * broadcast(values, at + 1)
                c = c + u * broadcast(values, at + 2)
                d = d + u * broadcast(values, at + 3)
                e = e + u * broadcast(values, at + 4)
                f = f + u * broadcast(values, at + 5)
                g = g + u * broadcast(values, at + 6)
                h = h + u * broadcast(values, at + 7)
                at += n_columns
            sums = (a, b, c, d, e, f, g, h)
            for i in range(COLUMNS):
                target = to + LANES * (column + i)
                before = filled(out, 0) if begin == first else load(out, target)
                store(out, target, before + sums[i])


@compiled
def average_samples(z, n, places, low, values, nodes, in_order, n_frames, frames):
    """Average an envelope of `n` samples by matrices, as `skscatter._scattering.low_pass.BlockLowPass`."""
    source, where, first, n_rows = z, places, n + low.first, low.n_used
    if low.block > 1:
        n_rows = 0
        for start in range(first, first + low.n_used, low.block):
            project(
                z, places, start, values, low.gather, low.block, low.n_nodes, nodes, LANES * n_rows
            )
            n_rows += low.n_nodes
        source, where, first = nodes, in_order, 0
    skipped = 0
    for frame in range(0, n_frames, low.tile):
        project(
            source, where, first + skipped, values, low.average, min(low.n_rows, n_rows - skipped),
            low.n_columns, frames, LANES * frame,
        )  # fmt: skip
        skipped += low.step


def _scatter_of(version: int) -> Callable[..., None]:
    """Make `scatter`, whose machine code belongs to a version of the sources."""

    def scatter(
        padded, masks, paths, bands, low_passes, values, table, places, in_order,
        spectra, y, z, nodes, frames, S
    ):  # fmt: skip
        """Scatter signals into `S`.

        Parameters
        ----------
        padded : array of shape (n_padded * LANES,)
            The signals, side by side, as many times as there are masks.
        masks : array of shape (n_masks * LANES,)
            1 in the lanes of a time, 0 elsewhere; see `filter_bins`.
        paths : array of `PATH`
            Those of the second order behind the one of the first that they come from.
        bands : array of `BAND`
        low_passes : array of `LOW_PASS`
        values, table : arrays
            Constants of the transform, and twiddle factors.
        places : integer array
            Where sample t of n lies in the two halves of an envelope, at ``n + t``.
        in_order : integer array
            Where numbers lie that are in their order.
        spectra : tuple of three arrays
            Room for the spectra of the signals, and of an envelope of either order.
        y, z, nodes, frames : arrays
            Room for a half of an envelope, both halves, what a low-pass gathers, and averages.
        S : array of shape (n_signals, n_paths, n_frames)
            For the first `n_signals` lanes of every time.
        """
        assert version >= 0  # so that it is a constant of the function
        n_signals, n_frames = S.shape[0], S.shape[2]
        n_padded = len(padded) // LANES
        n_lanes = LANES * LANES // len(masks)  # of a time
        all_lanes = np.ones(LANES, values.dtype)
        for t in range(n_padded):
            store(z, places[n_padded + t], load(padded, LANES * t))
        real_spectrum(z, n_padded, table, n_padded // 2 + 1, spectra[0])
        n_source = n_padded
        for i in range(len(paths)):
            path = paths[i]
            low = low_passes[path.low_pass]
            n, order = path.n, path.order
            if order == 1:
                n_source = n_padded
            if order:
                half = n // 2
                # From there on the paths are alike.
                n_bands, chosen = (path.n_paths, masks) if order == 1 else (1, all_lanes)
                for odd in range(2):
                    for k in range(n_bands):
                        band = bands[path.first + k]
                        filter_bins(
                            spectra[order - 1], n_source, band.start, values, band.values,
                            band.width, chosen, k, y, half, n, odd == 1, table,
                        )  # fmt: skip
                    inverse(y, half, table, z, odd)
                if path.n_bins:
                    real_spectrum(z, n, table, path.n_bins, spectra[order])
            if order == 1:
                n_source = n
            if low.n_hops:
                filter_bins(
                    spectra[order], n, 0, values, low.band, low.width,
                    all_lanes, 0, y, low.n_hops, low.n_hops, False, table,
                )  # fmt: skip
                inverse(y, low.n_hops, table, y, -1)
                for frame in range(n_frames):
                    device = places[2 * low.n_hops + 2 * (low.first_hop + frame)]
                    store(frames, LANES * frame, load(y, device))
            else:
                average_samples(z, n, places, low, values, nodes, in_order, n_frames, frames)
            for k in range(path.n_paths):
                row = bands[path.first + k].row
                for signal in range(n_signals):
                    lane = k * n_lanes + signal
                    for frame in range(n_frames):
                        average = frames[LANES * frame + lane]
                        # Envelopes and phi are positive: what is below zero is rounding.
                        S[signal, row, frame] = 0 if order and average < 0 else average

    return kept(scatter)


scatter = _scatter_of(sources())
