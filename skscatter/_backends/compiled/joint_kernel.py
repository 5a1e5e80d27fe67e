"""The second order of joint scattering, compiled: in time, along frequency, and averages.

`kernel.scatter` computes the first order before, and leaves the spectra of its envelopes. Then one
second-order wavelet after another is applied to all envelopes that it follows. Its bands are
filtered along frequency and averaged piece by piece, so that only the bands are kept for all times.

Few signals have copies in the lanes, as in `kernel`. In time, each copy holds another path. Along
frequency, where sums are over paths, each copy holds other samples. `spread` and `gather` change
between the two. Each lane has the same arithmetic as with one copy.
"""

import numpy as np
from numba import from_dtype, types

from skscatter._backends.compiled.compiling import CachedFunction, Signature, compiled, inlined
from skscatter._backends.compiled.fourier import COMPLEX, inverse
from skscatter._backends.compiled.kernel import (
    LOW_PASS,
    PATH,
    average_spectrum,
    filter_bins,
    project,
    real_spectrum,
)
from skscatter._backends.compiled.vectors import (
    LANES,
    broadcast_pair,
    constant_pair,
    first_half,
    load,
    load_pair,
    second_half,
    square_root,
    store,
)

# Vectors of samples that are filtered along frequency at a time. In memory, those of all bands
# follow each other, so that they are in the first-level cache, with the envelopes of one filter.
TILE = 4

# Bands that are filtered along frequency. Either one second-order wavelet makes them, of the first
# `n_groups` first-order paths, or they are the averages of the first order, rows of the result from
# `values` on. Then `n` is 0.
BATCH = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("n", "n_bins"),  # samples of a band, and bins of its spectrum that are needed
            *("values", "start", "width"),  # of the second-order wavelet, as in `kernel.BAND`
            *("n_groups", "n_bands"),  # first-order paths, as the lanes hold them, and bands
            "low_pass",  # index of its low-pass
            *("first_filter", "n_filters"),
            *("first_row", "n_rows"),  # of the list of rows
        )
    ],
    align=True,
)

# A filter along frequency: spans from bands to positions, and spans from the envelopes there to
# rows. Those of the direction upwards are the rows of the batch from `row` on.
FILTER = np.dtype(
    [
        (name, np.int64)
        for name in ("first_position", "n_positions", "first_average", "n_averages", "row", "down")
    ],  # down: how many rows later the direction downwards begins; 0 if there is one direction
    align=True,
)

# The numbers of a row of a matrix that are not 0: `n` columns from `first` on, whose values are in
# the constants from index `values` on. Those of filters are complex.
SPAN = np.dtype([(name, np.int64) for name in ("first", "n", "values")], align=True)


@compiled
def spread(y, n, first, n_used, digit_reversed, n_lanes, lane, band, n_bands, bands):
    """Write a band to its place among `n_bands` bands, tile by tile.

    The band is in `y`, in digit-reversed order and in `n_lanes` lanes, from `lane` on. Its `n_used`
    samples from the first on are written to the lanes of one copy after another.
    """
    n_copies = LANES // n_lanes
    for t in range(n_used):
        at = digit_reversed[2 * (n + first + t)]
        vector = t // n_copies
        to = COMPLEX * ((vector // TILE * n_bands + band) * TILE + vector % TILE)
        if n_copies == 1:
            store(bands, to, load(y, at))
            store(bands, to + LANES, load(y, at + LANES))
        else:
            to += t % n_copies * n_lanes
            for i in range(lane, lane + n_lanes):
                bands[to] = y[at + i]
                bands[to + LANES] = y[at + i + LANES]
                to += 1


@compiled
def gather(piece, at, n, n_lanes, lane, out, to):
    """Write `n` samples of a row to `n_lanes` lanes, from `lane` on, as `spread` found them."""
    n_copies = LANES // n_lanes
    for t in range(n):
        vector = at + t // n_copies * LANES
        if n_copies == 1:
            store(out, to, load(piece, vector))
        else:
            vector += t % n_copies * n_lanes
            for i in range(n_lanes):
                out[to + lane + i] = piece[vector + i]
        to += LANES


@inlined
def _store_envelopes(p, q, envelopes, to):
    """Store the envelopes in both directions; see `filter_tile`."""
    pa, pb, qa, qb = first_half(p), second_half(p), first_half(q), second_half(q)
    re, im = pa - qb, pb + qa
    store(envelopes, to, square_root(re * re + im * im))
    re, im = pa + qb, pb - qa
    store(envelopes, to + LANES, square_root(re * re + im * im))


@compiled
def filter_tile(bands, start, spans, first, n_positions, constants, envelopes):
    """Filter a tile of bands along frequency, and take the envelopes in both directions.

    With a band a + i b and a filter p + i q, these are the moduli of pa - qb + i (pb + qa) and of
    pa + qb + i (pb - qa). So four real products serve both.
    """
    to = 0
    for position in range(first, first + n_positions):
        span = spans[position]
        for sample in range(0, COMPLEX * TILE, 2 * COMPLEX):
            p0 = q0 = p1 = q1 = constant_pair(bands, 0)
            at = start + COMPLEX * TILE * span.first + sample
            for value in range(span.values, span.values + 2 * span.n, 2):
                p, q = broadcast_pair(constants, value), broadcast_pair(constants, value + 1)
                z0, z1 = load_pair(bands, at), load_pair(bands, at + COMPLEX)
                p0 = p0 + p * z0
                q0 = q0 + q * z0
                p1 = p1 + p * z1
                q1 = q1 + q * z1
                at += COMPLEX * TILE
            _store_envelopes(p0, q0, envelopes, to)
            _store_envelopes(p1, q1, envelopes, to + COMPLEX)
            to += 2 * COMPLEX


@inlined
def _store_averages(pair, piece, to, down):
    """Store averages of the envelopes in both directions, or of those in one."""
    store(piece, to, first_half(pair))
    if down:
        store(piece, to + down, second_half(pair))


@compiled
def average_tile(envelopes, spans, filt, constants, piece, row_size, to):
    """Average a tile of envelopes along frequency, into rows that are `row_size` numbers apart."""
    to += filt.row * row_size
    down = filt.down * row_size
    for average in range(filt.first_average, filt.first_average + filt.n_averages):
        span = spans[average]
        a = b = c = d = constant_pair(envelopes, 0)
        at = COMPLEX * TILE * span.first
        for value in range(span.values, span.values + span.n):
            weight = broadcast_pair(constants, value)
            a = a + weight * load_pair(envelopes, at)
            b = b + weight * load_pair(envelopes, at + COMPLEX)
            c = c + weight * load_pair(envelopes, at + 2 * COMPLEX)
            d = d + weight * load_pair(envelopes, at + 3 * COMPLEX)
            at += COMPLEX * TILE
        _store_averages(a, piece, to, down)
        _store_averages(b, piece, to + LANES, down)
        _store_averages(c, piece, to + 2 * LANES, down)
        _store_averages(d, piece, to + 3 * LANES, down)
        to += row_size


@compiled
def bands_of_averages(S, first_row, n_lanes, n_bands, bands):
    """Write averages of the first order to the places of bands. They are real."""
    n_copies = LANES // n_lanes
    for t in range(S.shape[2]):
        vector = t // n_copies
        for band in range(n_bands):
            to = COMPLEX * ((vector // TILE * n_bands + band) * TILE + vector % TILE)
            to += t % n_copies * n_lanes
            for signal in range(S.shape[0]):
                bands[to + signal] = S[signal, first_row + band, t]
                bands[to + signal + LANES] = 0


@compiled
def bands_of_envelopes(
    first_order, spectra, batch, low, all_lanes, n_lanes, constants, twiddles, digit_reversed, y,
    bands,
):  # fmt: skip
    """Compute the bands that a second-order wavelet makes of first-order envelopes."""
    n, band = batch.n, 0
    for group in range(batch.n_groups):
        path = first_order[group]
        filter_bins(
            spectra, path.spectrum, path.n, batch.start, constants, batch.values, batch.width,
            all_lanes, 0, y, n, n, False, twiddles,
        )  # fmt: skip
        inverse(y, n, twiddles, y, np.int64(-1))
        for k in range(path.n_paths):
            spread(
                y, n, low.first, low.n_used, digit_reversed, n_lanes, k * n_lanes, band,
                batch.n_bands, bands,
            )  # fmt: skip
            band += 1


@compiled
def filter_bands(
    bands, batch, low, block, n_nodes, n_kept, filters, spans, constants, n_lanes, natural,
    envelopes, piece, z, averages,
):  # fmt: skip
    """Filter bands along frequency and average their envelopes along frequency, piece by piece.

    Each row of the result has `n_kept` vectors: `n_nodes` for each `block` of samples, as
    `BlockLowPass` makes them, or the samples themselves.
    """
    n_copies = LANES // n_lanes
    tile_samples = TILE * n_copies
    piece_samples = max(block, tile_samples)
    row_size = LANES * (piece_samples // n_copies + TILE)  # no power of two, for the cache
    for begin in range(0, low.n_used, piece_samples):
        for offset in range(0, piece_samples, tile_samples):
            start = COMPLEX * TILE * batch.n_bands * ((begin + offset) // tile_samples)
            for i in range(batch.first_filter, batch.first_filter + batch.n_filters):
                filt = filters[i]
                filter_tile(
                    bands, start, spans, filt.first_position, filt.n_positions, constants, envelopes
                )
                average_tile(
                    envelopes, spans, filt, constants, piece, row_size, LANES * (offset // n_copies)
                )
        n_samples = min(piece_samples, low.n_used - begin)
        for row in range(batch.n_rows):
            lane = row % n_copies * n_lanes
            to = LANES * (row // n_copies * n_kept + begin // block * n_nodes)
            if block == 1:
                gather(piece, row * row_size, n_samples, n_lanes, lane, averages, to)
                continue
            gather(piece, row * row_size, n_samples, n_lanes, lane, z, np.int64(0))
            if lane + n_lanes == LANES or row + 1 == batch.n_rows:
                for first in range(0, n_samples, block):
                    project(
                        z, natural, first, constants, low.to_nodes, block, n_nodes, averages, to
                    )
                    to += LANES * n_nodes


@compiled
def average_rows(
    averages, first, n_kept, batch, low, all_lanes, constants, twiddles, digit_reversed, natural,
    spectrum, y, z, n_frames, frames,
):  # fmt: skip
    """Average the rows in the lanes in time, from vector `first` on."""
    n = batch.n
    if n == 0:  # they are averages of the first order
        for frame in range(n_frames):
            store(frames, LANES * frame, load(averages, LANES * (first + frame)))
    elif low.n_hops:
        for t in range(n):
            store(z, digit_reversed[n + t], load(averages, LANES * (first + t)))
        real_spectrum(z, n, twiddles, batch.n_bins, spectrum, np.int64(0))
        average_spectrum(
            spectrum, np.int64(0), n, low, all_lanes, constants, twiddles, digit_reversed,
            n_frames, y, frames,
        )  # fmt: skip
    else:
        skipped = 0
        for frame in range(0, n_frames, low.tile):
            project(
                averages, natural, first + skipped, constants, low.to_frames,
                min(low.n_rows, n_kept - skipped), low.n_columns, frames, LANES * frame,
            )  # fmt: skip
            skipped += low.step


def scatter_jointly(
    all_lanes, n_lanes, first_order, batches, filters, spans, rows, low_passes, constants, twiddles,
    digit_reversed, natural, spectra, y, z, frames, bands, envelopes, piece, averages, S
):  # fmt: skip
    """Compute the rows of joint scattering that are filtered in time or along frequency.

    Parameters
    ----------
    all_lanes : array of shape (LANES,)
        A mask of ones.
    n_lanes : int
        Lanes of one copy of the signals.
    first_order : array of `PATH`
        The first-order paths.
    batches, filters, spans : array of `BATCH`, `FILTER`, `SPAN`
    rows : integer array
        Rows of `S`, for the rows of each batch.
    low_passes, constants, twiddles, digit_reversed, natural
        As in `scatter`.
    spectra : tuple of three arrays
        Those of the first-order envelopes, as `scatter` left them, are the second.
    y, z, frames : arrays
        Workspace as in `scatter`, but with a whole band in `y`.
    bands, envelopes, piece, averages : arrays
        Workspace for the bands of a batch, the envelopes of a filter in a tile, the rows of a batch
        in a piece, and all of its rows. Where the low-pass has nodes, these are at its nodes.
    S : array of shape (n_signals, n_rows, n_frames)
        Has the rows of the first order. The others are written to it.
    """
    n_signals, n_frames = S.shape[0], S.shape[2]
    n_copies = LANES // n_lanes
    for i in range(len(batches)):
        batch = batches[i]
        low = low_passes[batch.low_pass]
        if batch.n:
            bands_of_envelopes(
                first_order, spectra[1], batch, low, all_lanes, n_lanes, constants, twiddles,
                digit_reversed, y, bands,
            )  # fmt: skip
        else:
            bands_of_averages(S, batch.values, n_lanes, batch.n_bands, bands)
        block, n_nodes = max(low.block, 1), max(low.n_nodes, 1)
        n_kept = low.n_used // block * n_nodes
        filter_bands(
            bands, batch, low, block, n_nodes, n_kept, filters, spans, constants, n_lanes,
            natural, envelopes, piece, z, averages,
        )  # fmt: skip
        for row in range(0, batch.n_rows, n_copies):
            average_rows(
                averages, row // n_copies * n_kept, n_kept, batch, low, all_lanes, constants,
                twiddles, digit_reversed, natural, spectra[2], y, z, n_frames, frames,
            )  # fmt: skip
            for k in range(min(n_copies, batch.n_rows - row)):
                target = rows[batch.first_row + row + k]
                for signal in range(n_signals):
                    for frame in range(n_frames):
                        average = frames[LANES * frame + k * n_lanes + signal]
                        S[signal, target, frame] = 0 if average < 0 else average


def joint_signature(dtype: str) -> Signature:
    """Types of the arguments of `scatter_jointly` in one precision."""
    real = from_dtype(np.dtype(dtype))
    reals, integers = real[::1], types.int64[::1]
    tables = (from_dtype(record)[::1] for record in (PATH, BATCH, FILTER, SPAN))
    constants = from_dtype(LOW_PASS)[::1], reals, reals, integers, integers
    workspace = types.UniTuple(reals, 3), *[reals] * 7
    return reals, types.int64, *tables, integers, *constants, *workspace, real[:, :, ::1]


compiled_jointly = CachedFunction(scatter_jointly, "its fast path for joint scattering")
