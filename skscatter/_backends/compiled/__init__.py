"""The cascade compiled for the CPU by numba, with one signal in each SIMD lane.

`vectors` adds SIMD vectors to the compiler, `fourier` has their Fourier transforms, `kernel` is the
cascade for `LANES` signals, and `joint_kernel` the second order of joint scattering. `tables` and
`joint_tables` describe the plan to the kernels, `cascade` calls them, and `compiling` caches the
machine code. Nothing else in the package imports numba.
"""
