"""The compiled cascade for `LANES` signals, or for fewer signals and more of their paths.

Paths are computed depth first: one envelope of the first order, all second-order paths that
continue from it, then the next first-order envelope. So only the spectrum of the signals and one
envelope of each order are in use at a time, and they fit the cache.

The even and the odd samples of an envelope are computed separately. They become the real and the
imaginary parts of n / 2 complex numbers, in digit-reversed order: the packed envelope, which is
the input of the usual real Fourier transform of n samples.
"""

import numpy as np
from numba import from_dtype, types

from skscatter._backends.compiled.compiling import CachedFunction, Signature, compiled
from skscatter._backends.compiled.fourier import (
    COMPLEX,
    complex_multiply,
    complex_multiply_conj,
    forward,
    inverse,
)
from skscatter._backends.compiled.vectors import LANES, broadcast, constant, load, store

# What all lanes compute together: one path of eight signals, or several paths of fewer signals
# that differ only in their first-order filters. `BAND` has the row of the result and the last
# filter of each of these paths. Filters and matrices are parts of one flat array of constants;
# `values`, `band`, `to_nodes` and `to_frames` are the indices where they start.
PATH = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("order", "n"),  # n: samples of the envelope
            "n_bins",  # bins of the envelope's spectrum that are needed
            "spectrum",  # index from which they are stored, in the array of the order
            "low_pass",  # index of its low-pass
            *("first", "n_paths"),  # n_paths bands, from the first on
        )
    ],
    align=True,
)
BAND = np.dtype(
    [(name, np.int64) for name in ("row", "values", "start", "width")],  # bins from start on
    align=True,
)

# A low-pass is either a band that multiplies the spectrum, which is then folded to `n_hops` bins,
# or, if n_hops is 0, one or two matrices: `to_nodes` multiplies each block of `block` samples, from
# sample `first` on, and `to_frames` makes a tile of frames. Matrices have a multiple of `COLUMNS`
# columns.
LOW_PASS = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("n_hops", "band", "width", "first_hop"),
            *("block", "first", "n_used", "to_nodes", "n_nodes"),
            *("to_frames", "n_rows", "n_columns", "tile", "step"),
        )
    ],
    align=True,
)

COLUMNS = 8  # columns of a matrix that are computed together: their sums fit the registers
SUMMANDS = 64  # products that are added one by one: 4000 in float32 would lose a digit


@compiled
def filter_bins(
    spectrum, at, n, start, constants, band, width, masks, k, y, m, size, odd, twiddles
):  # fmt: skip
    """Multiply the spectra of real signals by a band, and store the bins from 0 on, folded.

    Parameters
    ----------
    spectrum, at, n : array, int, int
        Bins 0 to n // 2 of signals of n samples, from index `at` on.
    start : int
        First bin of the band, of any sign and size: spectra are periodic.
    constants, band, width : array, int, int
        The band's `width` values, from index `band` on.
    masks, k : array, int
        The `k`-th mask is 1 in the lanes to compute and 0 elsewhere.
    y, m : array, int
        Result of `m` bins. The first mask sets the other lanes to 0. Later masks leave them as
        they are.
    size, odd : int, bool
        If `odd`, the filtered signal is shifted by one of `size` samples.
    twiddles : array
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
        source = at + COMPLEX * ((n - b) if mirrored else b)
        twiddle = 2 * (size + i % size)
        for j in range(length):
            gain = broadcast(constants, band + i + j) * mask
            re, im = load(spectrum, source) * gain, load(spectrum, source + LANES) * gain
            if mirrored:
                im = constant(y, 0) - im
            if odd:
                re, im = complex_multiply(
                    re, im, broadcast(twiddles, twiddle), broadcast(twiddles, twiddle + 1)
                )
            to = COMPLEX * (target + j)
            if k or i >= m:
                re, im = re + load(y, to), im + load(y, to + LANES)
            store(y, to, re)
            store(y, to + LANES, im)
            source += step
            twiddle += 2
        i += length
    if not k:
        for to in range(COMPLEX * min(width, m), COMPLEX * m, LANES):
            store(y, to, constant(y, 0))


@compiled
def real_spectrum(z, n, twiddles, n_bins, spectrum, to):
    """Compute the first bins of real signals of `n` samples from the packed signals `z`.

    They are written to `spectrum` from index `to` on.
    """
    half = n // 2
    scale = constant(z, 0.5 / n)
    forward(z, half, twiddles)
    for k in range(n_bins):
        a, b = COMPLEX * (k % half), COMPLEX * ((half - k) % half)
        ar, ai, br, bi = load(z, a), load(z, a + LANES), load(z, b), load(z, b + LANES)
        at = 2 * (n + k)
        re, im = complex_multiply_conj(
            ar - br, ai + bi, broadcast(twiddles, at), broadcast(twiddles, at + 1)
        )
        store(spectrum, to, (ar + br + im) * scale)
        store(spectrum, to + LANES, (ai - bi - re) * scale)
        to += COMPLEX


@compiled
def project(source, offsets, first, constants, matrix, n_rows, n_columns, out, to):
    """Multiply numbers of `source`, at `offsets` from the first on, by a matrix."""
    stop = first + n_rows
    for column in range(0, n_columns, COLUMNS):
        at = matrix + column
        for begin in range(first, stop, SUMMANDS):
            # Variables stay in registers; a tuple of sums would not.
            a = b = c = d = e = f = g = h = constant(out, 0)
            for j in range(begin, min(begin + SUMMANDS, stop)):
                u = load(source, offsets[j])
                a = a + u * broadcast(constants, at + 0)
                b = b + u * broadcast(constants, at + 1)
                c = c + u * broadcast(constants, at + 2)
                d = d + u * broadcast(constants, at + 3)
                e = e + u * broadcast(constants, at + 4)
                f = f + u * broadcast(constants, at + 5)
                g = g + u * broadcast(constants, at + 6)
                h = h + u * broadcast(constants, at + 7)
                at += n_columns
            sums = (a, b, c, d, e, f, g, h)
            for i in range(COLUMNS):
                target = to + LANES * (column + i)
                before = constant(out, 0) if begin == first else load(out, target)
                store(out, target, before + sums[i])


@compiled
def average_samples(
    z, n, digit_reversed, low, constants, nodes, natural, n_frames, frames
):  # fmt: skip
    """Average a packed envelope of `n` samples, as `BlockLowPass` does."""
    source, offsets, first, n_rows = z, digit_reversed, n + low.first, low.n_used
    if low.block > 1:
        n_rows = 0
        for start in range(first, first + low.n_used, low.block):
            project(
                z, digit_reversed, start, constants, low.to_nodes, low.block, low.n_nodes,
                nodes, LANES * n_rows,
            )  # fmt: skip
            n_rows += low.n_nodes
        source, offsets, first = nodes, natural, 0
    skipped = 0
    for frame in range(0, n_frames, low.tile):
        project(
            source, offsets, first + skipped, constants, low.to_frames,
            min(low.n_rows, n_rows - skipped), low.n_columns, frames, LANES * frame,
        )  # fmt: skip
        skipped += low.step


@compiled
def average_spectrum(
    spectrum, at, n, low, all_lanes, constants, twiddles, digit_reversed, n_frames, y, frames
):  # fmt: skip
    """Average what has a spectrum of `n` samples, as `SpectralLowPass` does."""
    filter_bins(
        spectrum, at, n, 0, constants, low.band, low.width,
        all_lanes, 0, y, low.n_hops, low.n_hops, False, twiddles,
    )  # fmt: skip
    inverse(y, low.n_hops, twiddles, y, np.int64(-1))
    for frame in range(n_frames):
        offset = digit_reversed[2 * low.n_hops + 2 * (low.first_hop + frame)]
        store(frames, LANES * frame, load(y, offset))


def scatter(
    padded, all_lanes, masks, paths, bands, low_passes, constants, twiddles, digit_reversed,
    natural, spectra, y, z, nodes, frames, S
):  # fmt: skip
    """Scatter signals into `S`.

    Parameters
    ----------
    padded : array of shape (n_padded * LANES,)
        Sample t of all lanes, for each t. The lanes hold as many copies of the signals as there
        are masks.
    all_lanes : array of shape (LANES,)
        A mask of ones.
    masks : array of shape (n_masks * LANES,)
        1 in the lanes of one copy, 0 elsewhere; see `filter_bins`.
    paths : array of `PATH`
        Second-order paths follow the first-order paths that they continue from.
    bands : array of `BAND`
    low_passes : array of `LOW_PASS`
    constants, twiddles : arrays
    digit_reversed : integer array
        Offset of sample t of a packed envelope of n samples, at index ``n + t``.
    natural : integer array
        Offsets of numbers in natural order.
    spectra : tuple of three arrays
        Workspace for the spectra of the signals and of one envelope of each order.
    y, z, nodes, frames : arrays
        Workspace for the even or odd samples of an envelope, the packed envelope, the products
        with `to_nodes`, and the frames of all lanes.
    S : array of shape (n_signals, n_paths, n_frames)
        The signals are in the first `n_signals` lanes of each copy.
    """
    n_signals, n_frames = S.shape[0], S.shape[2]
    n_padded = len(padded) // LANES
    n_lanes = LANES * LANES // len(masks)  # of one copy
    for t in range(n_padded):
        store(z, digit_reversed[n_padded + t], load(padded, LANES * t))
    real_spectrum(z, n_padded, twiddles, n_padded // 2 + 1, spectra[0], np.int64(0))
    source, n_source = np.int64(0), n_padded
    for i in range(len(paths)):
        path = paths[i]
        low = low_passes[path.low_pass]
        n, order = path.n, path.order
        if order == 1:
            source, n_source = np.int64(0), n_padded
        if order:
            half = n // 2
            # The second-order filters are the same in all lanes.
            n_bands, chosen = (path.n_paths, masks) if order == 1 else (1, all_lanes)
            for odd in range(2):
                for k in range(n_bands):
                    band = bands[path.first + k]
                    filter_bins(
                        spectra[order - 1], source, n_source, band.start, constants, band.values,
                        band.width, chosen, k, y, half, n, odd == 1, twiddles,
                    )  # fmt: skip
                inverse(y, half, twiddles, z, odd)
            if path.n_bins:
                real_spectrum(z, n, twiddles, path.n_bins, spectra[order], path.spectrum)
        if order == 1:
            source, n_source = path.spectrum, n
        if low.n_hops:
            average_spectrum(
                spectra[order], path.spectrum, n, low, all_lanes, constants, twiddles,
                digit_reversed, n_frames, y, frames,
            )  # fmt: skip
        else:
            average_samples(
                z, n, digit_reversed, low, constants, nodes, natural, n_frames, frames
            )  # fmt: skip
        for k in range(path.n_paths):
            row = bands[path.first + k].row
            for signal in range(n_signals):
                lane = k * n_lanes + signal
                for frame in range(n_frames):
                    average = frames[LANES * frame + lane]
                    # Envelopes and phi are positive, so negative averages are rounding errors.
                    S[signal, row, frame] = 0 if order and average < 0 else average


def scatter_signature(dtype: str) -> Signature:
    """Types of the arguments of `scatter` in one precision."""
    real = from_dtype(np.dtype(dtype))
    reals, offsets = real[::1], types.int64[::1]
    tables = (from_dtype(record)[::1] for record in (PATH, BAND, LOW_PASS))
    spectra = types.UniTuple(reals, 3)
    workspace = spectra, reals, reals, reals, reals
    lanes = reals, reals, reals
    return *lanes, *tables, reals, reals, offsets, offsets, *workspace, real[:, :, ::1]


compiled_scatter = CachedFunction(scatter)
