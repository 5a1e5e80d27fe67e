"""The cascade compiled for the CPU by numba, with one signal in each SIMD lane.

`vectors` adds SIMD vectors to the compiler, `fourier` has their Fourier transforms, `kernel` is the
cascade for `LANES` signals, `cascade` builds the kernel's tables and calls it, and `compiling`
caches the machine code. Nothing else in the package imports numba.
"""
