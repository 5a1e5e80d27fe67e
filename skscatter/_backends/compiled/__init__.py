"""The cascade compiled for the CPU, with a signal in each lane of the vector registers.

Needs numba, which nothing else here does. `vectors` gives the compiler vectors of numbers,
`fourier` transforms them, `kernel` is the cascade for `LANES` signals, and `cascade` prepares its
tables and calls it.
"""
