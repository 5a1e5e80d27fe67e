"""The scattering transform by its definition: slow, in the time domain, without subsampling.

It shares only the table of paths and the amount of padding with the library. It uses no FFT, and
builds its filters in time.
"""

import numpy as np

PAD_MODES = {"reflect": "reflect", "zero": "constant", "periodic": "wrap"}


def circulant(h):
    """Matrix of the circular convolution with `h`."""
    n = len(h)
    return h[(np.arange(n)[:, np.newaxis] - np.arange(n)) % n]


def gaussian(n, sigma, xi=0.0, periods=40):
    """Samples of a modulated Gaussian whose Fourier transform has bandwidth `sigma` about `xi`."""
    t = np.arange(-periods * n, periods * n)
    g = np.exp(-2 * (np.pi * sigma * t) ** 2 + 2j * np.pi * xi * t)
    return g.reshape(2 * periods, n).sum(axis=0)


def morlet(n, xi, sigma):
    """Morlet wavelet of `n` samples, of zero mean and unit L1 norm."""
    gabor, envelope = gaussian(n, sigma, xi), gaussian(n, sigma)
    psi = gabor - gabor.sum() / envelope.sum() * envelope
    return psi / np.abs(psi).sum()


def low_pass(n, sigma):
    """Gaussian low-pass of `n` samples and unit gain at zero frequency."""
    phi = gaussian(n, sigma).real
    return phi / phi.sum()


def scatter(x, paths, layout, T, padding="reflect"):
    """Scatter one signal. Rows are `paths`, and columns are the frames of `layout`."""
    n = layout.grid.n_padded
    padded = np.pad(x, (layout.pad_left, layout.pad_right), mode=PAD_MODES[padding])
    first = layout.grid.first_frame - layout.start + layout.pad_left
    frames = first + layout.grid.stride * np.arange(layout.n_frames)
    average = circulant(low_pass(n, 0.1 / T))[frames]

    def envelope(signal, xi, sigma):
        return np.abs(circulant(morlet(n, xi, sigma)) @ signal)

    U1 = {}
    rows = []
    for path in paths:
        signal = padded
        if path["order"] >= 1:
            if path["n1"] not in U1:
                U1[path["n1"]] = envelope(padded, path["xi1"], path["sigma1"])
            signal = U1[path["n1"]]
        if path["order"] == 2:
            signal = envelope(signal, path["xi2"], path["sigma2"])
        rows.append(average @ signal)
    return np.array(rows)
