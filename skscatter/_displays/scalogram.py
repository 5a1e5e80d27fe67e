"""A signal over time and frequency."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from skscatter._common.parameters import check_integer
from skscatter._common.public import public

from .axes import cell_edges, draw_cells, frequency_label, magnitudes, make_axes, time_label
from .path_map import PathMap
from .subject import check_signal, find_scattering


@public
class ScalogramDisplay:
    """The scalogram of a signal below its waveform: how strong each band is at each time.

    It is the modulus of the wavelet transform, ``|x * psi1|``, what the first order of a
    scattering transform is before it is averaged over `T`; here it is averaged only as far as a
    picture has columns for, which takes signals of any length.

    Make one with `from_estimator`; what it holds can then be drawn again with `plot`.

    Parameters
    ----------
    signal : ndarray of shape (n_times,)
        The waveform.
    scalogram : ndarray of shape (n_wavelets, n_columns)
        From high to low frequency.
    times : ndarray of shape (n_columns,)
        Where the columns lie, counted from the first sample: in seconds with a `sampling_rate`,
        else in samples.
    frequencies : ndarray of shape (n_wavelets,)
        Centre frequencies, in Hz with a `sampling_rate`, else in cycles per sample.
    sampling_rate : float or None, default=None
        In Hz.

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (2,)
        What was drawn into: the waveform and the scalogram.
    figure_ : Figure
        The figure that they belong to.

    See Also
    --------
    ScatteringDisplay : The coefficients, of both orders.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import ScalogramDisplay, Scattering1D
    >>> x = np.sin(2 * np.pi * 100 * np.arange(4000) / 1000)
    >>> scattering = Scattering1D(J=6, sampling_rate=1000).fit([x])
    >>> display = ScalogramDisplay.from_estimator(scattering, x)
    >>> strongest = display.scalogram.mean(axis=1).argmax()
    >>> print(f"{display.frequencies[strongest]:.0f} Hz")
    100 Hz
    """

    def __init__(
        self,
        *,
        signal: NDArray[Any],
        scalogram: NDArray[np.floating],
        times: NDArray[np.float64],
        frequencies: NDArray[np.float64],
        sampling_rate: float | None = None,
    ) -> None:
        self.signal = signal
        self.scalogram = scalogram
        self.times = times
        self.frequencies = frequencies
        self.sampling_rate = sampling_rate

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        x: ArrayLike,
        *,
        channel: int = 0,
        max_columns: int = 1024,
        ax: Any = None,
        **options: Any,
    ) -> "ScalogramDisplay":
        """Compute the scalogram of a signal with the wavelets of a fitted transformer, and draw it.

        Parameters
        ----------
        estimator : Scattering1D, SelectPaths, Pipeline or search
            Fitted; with one scattering transformer in it.
        x : array-like of shape (length,) or (n_channels, length)
            A signal, of any length that the largest wavelet fits in.
        channel : int, default=0
            Which channel of it.
        max_columns : int, default=1024
            Most columns of the picture, at least 2; a longer signal is averaged between them.
        ax : Axes, sequence of Axes or None, default=None
            As in `plot`.
        **options
            Of matplotlib's ``pcolormesh``, as in `plot`.

        Returns
        -------
        display : ScalogramDisplay
            What was drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If an argument is not as described.
        ImportError
            If matplotlib is not installed.
        """
        scattering = find_scattering(estimator)
        signal = check_signal(scattering, x, channel)[channel]
        max_columns = check_integer("max_columns", max_columns, minimum=2)
        # Order 1 with an average as short as a column is the scalogram.
        longest = 2 ** math.floor(math.log2(len(signal)))
        n_columns = min(max_columns, len(signal))
        stride = min(2 ** math.ceil(math.log2(len(signal) / n_columns)), longest)
        plain = clone(scattering).set_params(
            J=scattering.J_, T=stride, stride=stride, max_order=1, include_order0=False
        )
        X = signal[np.newaxis]
        return cls(
            signal=signal,
            scalogram=plain.fit(X).scatter(X)[0, 0],
            times=plain.frame_times(),
            frequencies=PathMap.of(plain.paths_, scattering.sampling_rate).carriers,
            sampling_rate=scattering.sampling_rate,
        ).plot(ax, **options)

    def plot(self, ax: Any = None, **options: Any) -> "ScalogramDisplay":
        """Draw the waveform and the scalogram.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None, default=None
            Where to draw: into a new figure, into two Axes, or in place of one.
        **options
            Of matplotlib's ``pcolormesh``, such as ``cmap`` and ``norm``. The colours are
            logarithmic by default, over four orders of magnitude.

        Returns
        -------
        display : ScalogramDisplay
            Itself.

        Raises
        ------
        TypeError, ValueError
            If `ax` is anything else.
        ImportError
            If matplotlib is not installed.
        """
        self.ax_ = make_axes(ax, 2, 1, figsize=(7, 5), sharex=True, height_ratios=(1, 2.5))
        self.figure_ = self.ax_[0].figure
        above, below = self.ax_
        unit = 1.0 if self.sampling_rate is None else self.sampling_rate
        self._draw_waveform(above, unit)
        draw_cells(
            below,
            np.clip(cell_edges(self.times), 0, len(self.signal) / unit),
            cell_edges(self.frequencies, log=True),
            self.scalogram,
            label="magnitude",
            **{"norm": magnitudes(self.scalogram), "cmap": "magma"} | options,
        )
        above.set(ylabel="amplitude", xlim=below.get_xlim())
        below.set(
            xlabel=time_label(self.sampling_rate),
            ylabel=frequency_label("frequency", self.sampling_rate),
        )
        return self

    def _draw_waveform(self, ax: Any, unit: float) -> None:
        """Draw the signal, or where it has more samples than a picture shows, its extent."""
        most = 8192
        n_each = -(-len(self.signal) // most)
        starts = np.arange(0, len(self.signal), n_each)
        if n_each == 1:
            ax.plot(starts / unit, self.signal, linewidth=0.5, color="black")
            return
        lowest, highest = (
            bound.reduceat(self.signal, starts) for bound in (np.minimum, np.maximum)
        )
        ax.fill_between(starts / unit, lowest, highest, linewidth=0.5, color="black")
