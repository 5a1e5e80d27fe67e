"""The cascade compiled for the CPU by numba, with one signal in each SIMD lane.

`vectors` adds SIMD vectors to the compiler, `fourier` has Fourier transforms of them, `kernel` is
the cascade for `LANES` signals, `cascade` builds its tables and calls it, and `compiling` caches
its machine code. Nothing else in the package imports numba.
"""
