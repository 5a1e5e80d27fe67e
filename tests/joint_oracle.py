"""Joint time-frequency scattering by its definition: slow, at the full rate of both axes.

It shares only the tables of wavelets and the padding in time with the library. Filters are built in
time, each convolution is one product of full spectra, and nothing is subsampled before the output.
"""

from dataclasses import dataclass

import numpy as np
from oracle import PAD_MODES, low_pass, morlet

from skscatter._scattering.filters import wavelet_parameters


def convolve(signals, h, axis=-1):
    """Circular convolution along an axis with a filter of its length."""
    shape = np.ones(signals.ndim, int)
    shape[axis] = len(h)
    h_hat = np.fft.fft(h).reshape(shape)
    return np.fft.ifft(np.fft.fft(signals, axis=axis) * h_hat, axis=axis)


@dataclass
class AlongFrequency:
    """The filters along log-frequency, and how the axis goes on beyond its ends.

    `circle` is the period of the axis with zeros beyond its ends. `F` may be "global".
    """

    J_fr: int
    Q_fr: int = 1
    F: float | str | None = None
    stride_fr: int | None = None
    padding_fr: str = "reflect"
    circle: int = 512

    def __post_init__(self):
        if self.F is None:
            self.F = 2**self.J_fr
        if self.stride_fr is None:
            self.stride_fr = 2 ** int(np.log2(self.F)) if self.F != "global" else 1

    def scatter(self, Y):
        """Envelopes along the first axis, averaged, by (n_fr, spin), at the rows kept."""
        n = len(Y)
        n_periods = 1
        if self.padding_fr == "reflect":
            extended = np.concatenate([Y, Y[::-1]])
            n_periods = -(-1024 // n)  # a wavelet may be longer than the period
        else:
            extended = np.concatenate([Y, np.zeros((self.circle - n, *Y.shape[1:]))])
        m = len(extended)
        Z = {(0, 0): np.abs(convolve(extended, low_pass(m, 0.1 / 2**self.J_fr), axis=0))}
        family = wavelet_parameters(self.J_fr, self.Q_fr)
        for i, (xi, sigma) in enumerate(zip(family.xi, family.sigma, strict=True)):
            psi = morlet(n_periods * m, xi, sigma).reshape(n_periods, m).sum(axis=0)
            Z[i + 1, 1] = self.average(np.abs(convolve(extended, psi, axis=0)), n)
            Z[i + 1, -1] = self.average(np.abs(convolve(extended, psi.conj(), axis=0)), n)
        if self.F == "global":
            return {key: rows[:n].mean(axis=0, keepdims=True) for key, rows in Z.items()}
        return {key: rows[:n][:: self.stride_fr] for key, rows in Z.items()}

    def average(self, rows, n):
        """Average the envelopes of one direction. A reflected axis is that of this direction."""
        if self.F == "global":
            return rows
        if self.padding_fr == "reflect":
            rows = np.concatenate([rows[:n], rows[:n][::-1]])
        return convolve(rows, low_pass(len(rows), 0.1 / self.F), axis=0).real


def scatter(x, settings, layout, along):
    """Scatter one signal: rows by (n2, n_fr, spin), with n2 None at order 1, over frames.

    The coefficients of plain scattering of order 1 are at (None, None, None), one row for each
    wavelet.
    """
    n = layout.grid.n_padded
    padded = np.pad(x, (layout.pad_left, layout.pad_right), mode=PAD_MODES[settings.padding])
    first = layout.grid.first_frame - layout.start + layout.pad_left
    frames = first + layout.grid.stride * np.arange(layout.n_frames)
    phi = low_pass(n, 0.1 / settings.T)
    ones, twos = (wavelet_parameters(settings.J, Q) for Q in settings.Q)

    U1 = np.array(
        [
            np.abs(convolve(padded, morlet(n, xi, sigma)))
            for xi, sigma in zip(ones.xi, ones.sigma, strict=True)
        ]
    )
    S1 = convolve(U1, phi).real[:, frames]
    S = {(None, None, None): S1}
    S |= {(None, *key): rows for key, rows in along.scatter(S1).items() if key[1] >= 0}
    for n2, (xi, sigma, j2) in enumerate(zip(twos.xi, twos.sigma, twos.j, strict=True)):
        n1_stop = sum(j1 < j2 for j1 in ones.j)
        if n1_stop:
            Y = convolve(U1[:n1_stop], morlet(n, xi, sigma))
            S |= {
                (n2, *key): convolve(Z, phi).real[:, frames] for key, Z in along.scatter(Y).items()
            }
    return S
