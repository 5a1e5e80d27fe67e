"""In-place Fourier transforms of `LANES` signals at once.

A complex number per signal is a vector of real parts followed by a vector of imaginary parts:
`COMPLEX` numbers in a flat array. The transforms skip the reordering of Cooley and Tukey
(Math. Comp. 19, 1965). The inverse transform takes bins in natural order and leaves samples in
digit-reversed order. The forward transform takes samples in digit-reversed order and leaves bins
in natural order. The modulus between the two acts on each sample, so the order does not matter.

Transforms are split into blocks that stay in the first-level cache, and each block is finished
before the next one begins.

The twiddle factors ``exp(2 pi i k / s)`` of all sizes s, powers of two, are in one table; see
`twiddle_table`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from skscatter._backends.compiled.compiling import compiled, inlined
from skscatter._backends.compiled.vectors import LANES, broadcast, load, square_root, store

COMPLEX = 2 * LANES

# Samples in a block: 16 KiB of float32.
BLOCK = 256

# Numbers in the largest leaf, the small transform that ends the recursion.
LEAF = 8


@lru_cache(maxsize=16)
def twiddle_table(n: int, dtype: str) -> NDArray[np.floating]:
    """Table of ``exp(2 pi i k / s)`` for s up to `n`.

    The real part is at index ``2 * (s + k)``, followed by the imaginary part.
    """
    table = np.zeros((2 * max(n, LEAF), 2))
    s = 1
    while s <= max(n, LEAF):
        angles = 2 * np.pi / s * np.arange(s)
        table[s : 2 * s] = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        s *= 2
    return table.ravel().astype(dtype)


def digit_reversed(n: int) -> NDArray[np.int64]:
    """Positions of samples 0, 1, ... of an inverse transform of `n` samples."""
    if n <= 1:
        return np.zeros(n, dtype=np.int64)
    radix = 2 if n in (2, LEAF) else 4
    quotient, digit = np.divmod(np.arange(n), radix)  # samples with one last digit are neighbours
    return digit * (n // radix) + digit_reversed(n // radix)[quotient]


@inlined
def radix4_butterfly(ar, ai, br, bi, cr, ci, dr, di):
    """Inverse Fourier transform of four numbers."""
    sr, si, tr, ti = ar + cr, ai + ci, ar - cr, ai - ci
    ur, ui, vr, vi = br + dr, bi + di, br - dr, bi - di
    return sr + ur, si + ui, tr - vi, ti + vr, sr - ur, si - ui, tr + vi, ti - vr


@inlined
def complex_multiply(re, im, c, s):
    """Multiply by c + i s."""
    return re * c - im * s, re * s + im * c


@inlined
def complex_multiply_conj(re, im, c, s):
    """Multiply by c - i s."""
    return re * c + im * s, im * c - re * s


@inlined
def _store(out, at, re, im):
    """Store a complex number."""
    store(out, at, re)
    store(out, at + LANES, im)


@inlined
def _store_part(out, at, re, im, part):
    """Store a complex number, or its modulus as the real (`part` 0) or imaginary part (1)."""
    if part < 0:
        _store(out, at, re, im)
    else:
        store(out, at + part * LANES, square_root(re * re + im * im))


@compiled
def _inverse_pass(y, start, m, twiddles):
    """Reduce an inverse transform of 4 m numbers to four of m numbers."""
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
        br, bi = complex_multiply(br, bi, broadcast(twiddles, w1), broadcast(twiddles, w1 + 1))
        cr, ci = complex_multiply(cr, ci, broadcast(twiddles, w2), broadcast(twiddles, w2 + 1))
        dr, di = complex_multiply(dr, di, broadcast(twiddles, w3), broadcast(twiddles, w3 + 1))
        _store(y, a, ar, ai)
        _store(y, b, br, bi)
        _store(y, c, cr, ci)
        _store(y, d, dr, di)
        w1 += 2
        w2 += 4
        w3 += 6


@compiled
def _forward_pass(y, start, m, twiddles):
    """Combine four forward transforms of m numbers into one of 4 m numbers."""
    last = start + COMPLEX * m
    w1 = w2 = w3 = 2 * 4 * m
    for a in range(start, last, COMPLEX):
        b = a + COMPLEX * m
        c = b + COMPLEX * m
        d = c + COMPLEX * m
        br, bi, cr, ci = load(y, b), load(y, b + LANES), load(y, c), load(y, c + LANES)
        dr, di = load(y, d), load(y, d + LANES)
        br, bi = complex_multiply_conj(br, bi, broadcast(twiddles, w1), broadcast(twiddles, w1 + 1))
        cr, ci = complex_multiply_conj(cr, ci, broadcast(twiddles, w2), broadcast(twiddles, w2 + 1))
        dr, di = complex_multiply_conj(dr, di, broadcast(twiddles, w3), broadcast(twiddles, w3 + 1))
        # The forward butterfly is the inverse one with the second and the last number exchanged.
        ar, ai, dr, di, cr, ci, br, bi = radix4_butterfly(
            load(y, a), load(y, a + LANES), br, bi, cr, ci, dr, di
        )
        _store(y, a, ar, ai)
        _store(y, b, br, bi)
        _store(y, c, cr, ci)
        _store(y, d, dr, di)
        w1 += 2
        w2 += 4
        w3 += 6


@compiled
def _inverse_leaves(y, start, n, leaf, twiddles, out, part):
    """Compute the last inverse transforms of `n` numbers, of 1, 2, 4 or 8 numbers each."""
    stop = start + COMPLEX * n
    if leaf == LEAF:  # reduce each transform of 8 to two of 4
        for a in range(start, stop, LEAF * COMPLEX):
            w = 2 * LEAF
            for b in range(a, a + 4 * COMPLEX, COMPLEX):
                c = b + 4 * COMPLEX
                br, bi, cr, ci = load(y, b), load(y, b + LANES), load(y, c), load(y, c + LANES)
                _store(y, b, br + cr, bi + ci)
                cr, ci = complex_multiply(
                    br - cr, bi - ci, broadcast(twiddles, w), broadcast(twiddles, w + 1)
                )
                _store(y, c, cr, ci)
                w += 2
    if leaf >= 4:
        for a in range(start, stop, 4 * COMPLEX):
            b, c, d = a + COMPLEX, a + 2 * COMPLEX, a + 3 * COMPLEX
            ar, ai, br, bi, cr, ci, dr, di = radix4_butterfly(
                load(y, a), load(y, a + LANES), load(y, b), load(y, b + LANES),
                load(y, c), load(y, c + LANES), load(y, d), load(y, d + LANES),
            )  # fmt: skip
            _store_part(out, a, ar, ai, part)
            _store_part(out, b, br, bi, part)
            _store_part(out, c, cr, ci, part)
            _store_part(out, d, dr, di, part)
    elif leaf == 2:
        for a in range(start, stop, 2 * COMPLEX):
            b = a + COMPLEX
            ar, ai, br, bi = load(y, a), load(y, a + LANES), load(y, b), load(y, b + LANES)
            _store_part(out, a, ar + br, ai + bi, part)
            _store_part(out, b, ar - br, ai - bi, part)
    else:
        for a in range(start, stop, COMPLEX):
            _store_part(out, a, load(y, a), load(y, a + LANES), part)


@compiled
def _leaf(n):
    """Numbers in a leaf: what radix-4 passes leave of `n`."""
    while n > LEAF:
        n //= 4
    return n


@compiled
def _inverse_passes(y, start, n, size, least, twiddles):
    """Reduce transforms of `size` numbers to at most `least` numbers; return their new size."""
    while size > least:
        for block in range(start, start + COMPLEX * n, COMPLEX * size):
            _inverse_pass(y, block, size // 4, twiddles)
        size //= 4
    return size


@compiled
def inverse(y, n, twiddles, out, part):
    """Inverse Fourier transform of `n` bins, in place and unscaled.

    With `part` 0 or 1, the modulus is stored as the real or imaginary parts of `out`. With -1 the
    complex result is stored, and `out` must be `y`.
    """
    leaf = _leaf(n)
    size = _inverse_passes(y, np.int64(0), n, n, max(BLOCK, leaf), twiddles)
    for start in range(0, COMPLEX * n, COMPLEX * size):
        _inverse_passes(y, start, size, size, leaf, twiddles)
        _inverse_leaves(y, start, size, leaf, twiddles, out, part)


@compiled
def _forward_leaves(y, start, n, leaf, twiddles):
    """Compute the first forward transforms of `n` numbers, of `leaf` numbers each."""
    stop = start + COMPLEX * n
    if leaf == 2:
        for a in range(start, stop, 2 * COMPLEX):
            b = a + COMPLEX
            ar, ai, br, bi = load(y, a), load(y, a + LANES), load(y, b), load(y, b + LANES)
            _store(y, a, ar + br, ai + bi)
            _store(y, b, ar - br, ai - bi)
    elif leaf >= 4:
        for a in range(start, stop, 4 * COMPLEX):
            b, c, d = a + COMPLEX, a + 2 * COMPLEX, a + 3 * COMPLEX
            ar, ai, dr, di, cr, ci, br, bi = radix4_butterfly(
                load(y, a), load(y, a + LANES), load(y, b), load(y, b + LANES),
                load(y, c), load(y, c + LANES), load(y, d), load(y, d + LANES),
            )  # fmt: skip
            _store(y, a, ar, ai)
            _store(y, b, br, bi)
            _store(y, c, cr, ci)
            _store(y, d, dr, di)
    if leaf == LEAF:
        for a in range(start, stop, 8 * COMPLEX):
            w = 2 * LEAF
            for b in range(a, a + 4 * COMPLEX, COMPLEX):
                c = b + 4 * COMPLEX
                br, bi, cr, ci = load(y, b), load(y, b + LANES), load(y, c), load(y, c + LANES)
                cr, ci = complex_multiply_conj(
                    cr, ci, broadcast(twiddles, w), broadcast(twiddles, w + 1)
                )
                _store(y, b, br + cr, bi + ci)
                _store(y, c, br - cr, bi - ci)
                w += 2


@compiled
def _forward_passes(y, start, n, size, most, twiddles):
    """Combine transforms of `size` numbers to at most `most` numbers; return their new size."""
    while 4 * size <= most:
        for block in range(start, start + COMPLEX * n, 4 * COMPLEX * size):
            _forward_pass(y, block, size, twiddles)
        size *= 4
    return size


@compiled
def forward(y, n, twiddles):
    """Fourier transform of `n` samples in digit-reversed order, in place and unscaled."""
    leaf = _leaf(n)
    size = n
    while size > max(BLOCK, leaf):
        size //= 4
    for start in range(0, COMPLEX * n, COMPLEX * size):
        _forward_leaves(y, start, size, leaf, twiddles)
        _forward_passes(y, start, size, leaf, size, twiddles)
    _forward_passes(y, np.int64(0), n, size, n, twiddles)
