"""Fourier transforms of `LANES` signals at once.

A complex number of every signal is a vector of real parts with one of imaginary parts behind it,
`COMPLEX` numbers in a flat array. Transforms are done in place and leave out the permutation of
Cooley and Tukey (Math. Comp. 19, 1965): the inverse one takes bins in their order and leaves
samples in the order of `positions`, the forward one takes samples so and leaves bins in theirs.
What lies between the two, a modulus, does not mind.

Blocks that stay in the nearest cache are finished before the next one is begun.

Twiddle factors ``exp(2 pi i k / s)`` of every size s, a power of two, lie in one table, those of s
from s on; see `twiddles`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.compiled.compiling import compiled, inlined
from skscatter._backends.compiled.vectors import LANES, broadcast, load, square_root, store

COMPLEX = 2 * LANES

# Samples in a block: 16 KiB of float32.
BLOCK = 256

# Samples in the smallest table of twiddle factors that `_eighths` asks for.
LEAF = 8


@lru_cache(maxsize=16)
def twiddles(n: int, dtype: str) -> NDArray[np.floating]:
    """Table of ``exp(2 pi i k / s)`` at ``2 * (s + k)`` and the place after, for s up to `n`."""
    table = np.zeros((2 * max(n, LEAF), 2))
    s = 1
    while s <= max(n, LEAF):
        angles = 2 * np.pi / s * np.arange(s)
        table[s : 2 * s] = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        s *= 2
    return table.ravel().astype(dtype)


def positions(n: int) -> NDArray[np.int64]:
    """Where sample t of an inverse transform of `n` samples lies, as a number of samples."""
    if n <= 1:
        return np.zeros(n, dtype=np.int64)
    radix = 2 if n in (2, LEAF) else 4
    part, block = np.divmod(np.arange(n), radix)  # samples t of equal t % radix are neighbours
    return block * (n // radix) + positions(n // radix)[part]


@inlined
def radix4_butterfly(ar, ai, br, bi, cr, ci, dr, di):
    """Inverse transform of four numbers."""
    sr, si, tr, ti = ar + cr, ai + ci, ar - cr, ai - ci
    ur, ui, vr, vi = br + dr, bi + di, br - dr, bi - di
    return sr + ur, si + ui, tr - vi, ti + vr, sr - ur, si - ui, tr + vi, ti - vr


@inlined
def complex_multiply(re, im, c, s):
    """Product with the number c + i s."""
    return re * c - im * s, re * s + im * c


@inlined
def complex_multiply_conj(re, im, c, s):
    """Product with the number c - i s."""
    return re * c + im * s, im * c - re * s


@inlined
def _put(out, at, re, im, slot):
    """Write a complex number, or only its modulus to the `slot` (0 or 1) of one."""
    if slot < 0:
        store(out, at, re)
        store(out, at + LANES, im)
    else:
        store(out, at + slot * LANES, square_root(re * re + im * im))


@compiled
def _inverse_pass(y, start, m, table):
    """One inverse transform of 4 m numbers becomes four of m."""
    last = start + COMPLEX * m
    w1 = w2 = w3 = 2 * 4 * m
    for a in range(start, last, COMPLEX):
        b = a + COMPLEX * m
        c = b + COMPLEX * m
        d = c + COMPLEX * m
        ar, ai, br, bi, cr, ci, dr, di = radix4_butterfly(
            load(y, a), load(y, a + LANES), load(y, b), load(y, b + LANES),
            load(y, c), load(y, c + LANES), load(y, d), load(y, d + LANES),
        )  # fmt: skip
        br, bi = complex_multiply(br, bi, broadcast(table, w1), broadcast(table, w1 + 1))
        cr, ci = complex_multiply(cr, ci, broadcast(table, w2), broadcast(table, w2 + 1))
        dr, di = complex_multiply(dr, di, broadcast(table, w3), broadcast(table, w3 + 1))
        _put(y, a, ar, ai, -1)
        _put(y, b, br, bi, -1)
        _put(y, c, cr, ci, -1)
        _put(y, d, dr, di, -1)
        w1 += 2
        w2 += 4
        w3 += 6


@compiled
def _forward_pass(y, start, m, table):
    """Four forward transforms of m numbers become one of 4 m."""
    last = start + COMPLEX * m
    w1 = w2 = w3 = 2 * 4 * m
    for a in range(start, last, COMPLEX):
        b = a + COMPLEX * m
        c = b + COMPLEX * m
        d = c + COMPLEX * m
        br, bi, cr, ci = load(y, b), load(y, b + LANES), load(y, c), load(y, c + LANES)
        dr, di = load(y, d), load(y, d + LANES)
        br, bi = complex_multiply_conj(br, bi, broadcast(table, w1), broadcast(table, w1 + 1))
        cr, ci = complex_multiply_conj(cr, ci, broadcast(table, w2), broadcast(table, w2 + 1))
        dr, di = complex_multiply_conj(dr, di, broadcast(table, w3), broadcast(table, w3 + 1))
        # Forward is inverse with the second and the last exchanged.
        ar, ai, dr, di, cr, ci, br, bi = radix4_butterfly(
            load(y, a), load(y, a + LANES), br, bi, cr, ci, dr, di
        )
        _put(y, a, ar, ai, -1)
        _put(y, b, br, bi, -1)
        _put(y, c, cr, ci, -1)
        _put(y, d, dr, di, -1)
        w1 += 2
        w2 += 4
        w3 += 6


@compiled
def _inverse_leaves(y, start, n, leaf, table, out, slot):
    """Finish `n` numbers that are transforms of `leaf` numbers each, which is 1, 2, 4 or 8."""
    stop = start + COMPLEX * n
    if leaf == LEAF:  # one transform of 8 becomes two of 4
        for a in range(start, stop, LEAF * COMPLEX):
            w = 2 * LEAF
            for b in range(a, a + 4 * COMPLEX, COMPLEX):
                c = b + 4 * COMPLEX
                br, bi, cr, ci = load(y, b), load(y, b + LANES), load(y, c), load(y, c + LANES)
                _put(y, b, br + cr, bi + ci, -1)
                cr, ci = complex_multiply(
                    br - cr, bi - ci, broadcast(table, w), broadcast(table, w + 1)
                )
                _put(y, c, cr, ci, -1)
                w += 2
    if leaf >= 4:
        for a in range(start, stop, 4 * COMPLEX):
            b, c, d = a + COMPLEX, a + 2 * COMPLEX, a + 3 * COMPLEX
            ar, ai, br, bi, cr, ci, dr, di = radix4_butterfly(
                load(y, a), load(y, a + LANES), load(y, b), load(y, b + LANES),
                load(y, c), load(y, c + LANES), load(y, d), load(y, d + LANES),
            )  # fmt: skip
            _put(out, a, ar, ai, slot)
            _put(out, b, br, bi, slot)
            _put(out, c, cr, ci, slot)
            _put(out, d, dr, di, slot)
    elif leaf == 2:
        for a in range(start, stop, 2 * COMPLEX):
            b = a + COMPLEX
            ar, ai, br, bi = load(y, a), load(y, a + LANES), load(y, b), load(y, b + LANES)
            _put(out, a, ar + br, ai + bi, slot)
            _put(out, b, ar - br, ai - bi, slot)
    else:
        for a in range(start, stop, COMPLEX):
            _put(out, a, load(y, a), load(y, a + LANES), slot)


@compiled
def _leaf(n):
    """Numbers in the smallest transforms of one of `n`, which passes of four lead to."""
    while n > LEAF:
        n //= 4
    return n


@compiled
def _divide(y, start, n, size, least, table):
    """Divide transforms of `size` numbers until they have `least` or fewer, and return how many."""
    while size > least:
        for part in range(start, start + COMPLEX * n, COMPLEX * size):
            _inverse_pass(y, part, size // 4, table)
        size //= 4
    return size


@compiled
def inverse(y, n, table, out, slot):
    """Sum the Fourier series of `n` bins, in place.

    With a `slot` of 0 or 1, only the modulus is written, to the real or imaginary parts of `out`;
    with -1 all, and `out` is `y` itself.
    """
    leaf = _leaf(n)
    size = _divide(y, 0, n, n, max(BLOCK, leaf), table)
    for start in range(0, COMPLEX * n, COMPLEX * size):
        _divide(y, start, size, size, leaf, table)
        _inverse_leaves(y, start, size, leaf, table, out, slot)


@compiled
def _forward_leaves(y, start, n, leaf, table):
    """Transform each `leaf` of `n` numbers."""
    stop = start + COMPLEX * n
    if leaf == 2:
        for a in range(start, stop, 2 * COMPLEX):
            b = a + COMPLEX
            ar, ai, br, bi = load(y, a), load(y, a + LANES), load(y, b), load(y, b + LANES)
            _put(y, a, ar + br, ai + bi, -1)
            _put(y, b, ar - br, ai - bi, -1)
    elif leaf >= 4:
        for a in range(start, stop, 4 * COMPLEX):
            b, c, d = a + COMPLEX, a + 2 * COMPLEX, a + 3 * COMPLEX
            ar, ai, dr, di, cr, ci, br, bi = radix4_butterfly(
                load(y, a), load(y, a + LANES), load(y, b), load(y, b + LANES),
                load(y, c), load(y, c + LANES), load(y, d), load(y, d + LANES),
            )  # fmt: skip
            _put(y, a, ar, ai, -1)
            _put(y, b, br, bi, -1)
            _put(y, c, cr, ci, -1)
            _put(y, d, dr, di, -1)
    if leaf == LEAF:
        for a in range(start, stop, 8 * COMPLEX):
            w = 2 * LEAF
            for b in range(a, a + 4 * COMPLEX, COMPLEX):
                c = b + 4 * COMPLEX
                br, bi, cr, ci = load(y, b), load(y, b + LANES), load(y, c), load(y, c + LANES)
                cr, ci = complex_multiply_conj(cr, ci, broadcast(table, w), broadcast(table, w + 1))
                _put(y, b, br + cr, bi + ci, -1)
                _put(y, c, br - cr, bi - ci, -1)
                w += 2


@compiled
def _unite(y, start, n, size, most, table):
    """Make transforms of `size` numbers larger until one of the next size would pass `most`."""
    while 4 * size <= most:
        for part in range(start, start + COMPLEX * n, 4 * COMPLEX * size):
            _forward_pass(y, part, size, table)
        size *= 4
    return size


@compiled
def forward(y, n, table):
    """Fourier transform of `n` samples in the order of `positions`, in place, unscaled."""
    leaf = _leaf(n)
    size = n
    while size > max(BLOCK, leaf):
        size //= 4
    for start in range(0, COMPLEX * n, COMPLEX * size):
        _forward_leaves(y, start, size, leaf, table)
        _unite(y, start, size, leaf, size, table)
    _unite(y, 0, n, size, n, table)
