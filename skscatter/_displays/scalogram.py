"""A signal over time and frequency."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skscatter._common.parameters import check_integer
from skscatter._common.public import public
from skscatter._common.units import units_for
from skscatter._estimators.lookup import find_scattering
from skscatter._estimators.scattering import Scattering1D

from .axes import (
    cell_edges,
    color_bar,
    draw_cells,
    frame_edges,
    frequency_label,
    make_axes,
    name_of_channel,
    shade_outside,
    time_axis,
)
from .colours import DYNAMIC_RANGE, log_colours
from .path_map import PathMap
from .subject import active_part, check_signal, named_channel, rounding_error


@public
class ScalogramDisplay:
    """The waveform of a signal and its scalogram: the strength of each band over time.

    The scalogram is the modulus of the wavelet transform, ``|x * psi1|``: the first order of a
    scattering transform before the average over `T`. Here it is averaged over the time of a column
    of the display, so that signals may have any length. What a transformer with `trim` leaves out
    of its features is shaded.

    Create a display with `from_estimator`. `plot` draws it again.

    Parameters
    ----------
    signal : ndarray of shape (n_times,)
        The waveform.
    scalogram : ndarray of shape (n_wavelets, n_columns)
        In descending order of frequency.
    times : ndarray of shape (n_columns,)
        Times of the columns, counted from the first sample: in seconds with a `sampling_rate`, else
        in samples.
    frequencies : ndarray of shape (n_wavelets,)
        Centre frequencies, in Hz with a `sampling_rate`, else in cycles per sample.
    sampling_rate : float or None, default=None
        In Hz.
    channel : int or None, default=None
        Channel that is shown, for the title. None if the signal has only one.
    resolution : float, default=0.0
        Magnitudes up to here are rounding errors, and drawn as silence.
    active_part : tuple of (float, float) or None, default=None
        Start and end of the part that features are made of, in the units of `times`. The rest is
        shaded. None means all of the signal.

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (2,)
        The Axes of the waveform and of the scalogram.
    figure_ : Figure
        Their figure.

    See Also
    --------
    ScatteringDisplay : The coefficients, of both orders.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import ScalogramDisplay, Scattering1D
    >>> x = np.sin(2 * np.pi * 100 * np.arange(4000) / 1000)
    >>> scattering = Scattering1D(J=6, Q=8, sampling_rate=1000).fit([x])
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
        channel: int | None = None,
        resolution: float = 0.0,
        active_part: tuple[float, float] | None = None,
    ) -> None:
        self.signal = signal
        self.scalogram = scalogram
        self.times = times
        self.frequencies = frequencies
        self.sampling_rate = sampling_rate
        self.channel = channel
        self.resolution = resolution
        self.active_part = active_part

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
    ) -> ScalogramDisplay:
        """Compute the scalogram of a signal with the wavelets of a fitted transformer, and draw it.

        Parameters
        ----------
        estimator : Scattering1D, SelectPaths, ScatteringClassifier, Pipeline or search
            Fitted estimator that contains one scattering transformer.
        x : array-like of shape (length,) or (n_channels, length)
            A signal of any length for which the transformer's `J` is accepted.
        channel : int, default=0
            Channel of the signal to show.
        max_columns : int, default=1024
            Largest number of columns, at least 2. The scalogram of a longer signal is averaged
            within each column.
        ax : Axes, sequence of Axes or None, default=None
            As in `plot`.
        **options
            Passed to `plot`.

        Returns
        -------
        display : ScalogramDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If an argument is not as described.
        ImportError
            If matplotlib is not installed.
        """
        scattering = find_scattering(estimator)
        x = check_signal(scattering, x, channel)
        signal = x[channel]
        max_columns = check_integer("max_columns", max_columns, minimum=2)
        # Order 1, averaged over one column, is the scalogram.
        longest = 2 ** math.floor(math.log2(len(signal)))
        n_columns = min(max_columns, len(signal))
        stride = min(2 ** math.ceil(math.log2(len(signal) / n_columns)), longest)
        X = signal[np.newaxis]
        finest = _with_stride(scattering, stride).fit(X)
        return cls(
            signal=signal,
            scalogram=finest.scatter(X)[0, 0],
            times=finest.frame_times(),
            frequencies=PathMap.of(finest.paths_, finest.sampling_rate_).carriers,
            sampling_rate=finest.sampling_rate_,
            channel=named_channel(x, channel),
            resolution=rounding_error(scattering, signal),
            active_part=active_part(scattering, x),
        ).plot(ax, **options)

    def plot(
        self, ax: Any = None, *, dynamic_range: float = DYNAMIC_RANGE, **options: Any
    ) -> ScalogramDisplay:
        """Draw the waveform and the scalogram.

        The colour scale is logarithmic and ends at the largest magnitude. It begins where one
        percent of the magnitudes are smaller, or `dynamic_range` below the largest if that is
        higher.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None, default=None
            None draws into a new figure. A sequence has two Axes. The panels replace a single
            Axes.
        dynamic_range : float, default=80.0
            Largest range of the colours, in dB.
        **options
            Passed to matplotlib's ``pcolormesh``, such as ``cmap``, ``norm``, ``vmin`` and
            ``vmax``.

        Returns
        -------
        display : ScalogramDisplay
            Itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described.
        ImportError
            If matplotlib is not installed.
        """
        colours = log_colours(
            self.scalogram,
            dynamic_range=dynamic_range,
            resolution=self.resolution,
            **{"cmap": "magma"} | options,
        )
        self.ax_ = make_axes(ax, 2, 1, figsize=(7, 5), sharex=True, height_ratios=(1, 2.5))
        self.figure_ = self.ax_[0].figure
        above, below = self.ax_
        rate = units_for(self.sampling_rate).rate
        duration = len(self.signal) / rate
        self._draw_waveform(above, rate)
        above.set(title="signal" + name_of_channel(self.channel), ylabel="amplitude")
        image = draw_cells(
            below,
            frame_edges(self.times, duration),
            cell_edges(self.frequencies, log=True),
            self.scalogram,
            **colours,
        )
        color_bar(image, label="magnitude")
        below.set(title="scalogram", ylabel=frequency_label("frequency", self.sampling_rate))
        for axes in self.ax_:
            time_axis(axes, duration, self.sampling_rate)
            shade_outside(axes, self.active_part)
        above.set_xlabel("")
        return self

    def _draw_waveform(self, ax: Any, rate: float) -> None:
        """Draw the signal, or its range in each column if it has too many samples to draw."""
        most = 8192
        n_each = -(-len(self.signal) // most)
        starts = np.arange(0, len(self.signal), n_each)
        if n_each == 1:
            ax.plot(starts / rate, self.signal, linewidth=0.5, color="black")
            return
        lowest, highest = (
            bound.reduceat(self.signal, starts) for bound in (np.minimum, np.maximum)
        )
        ax.fill_between(starts / rate, lowest, highest, linewidth=0.5, color="black")


def _with_stride(scattering: Scattering1D, stride: int) -> Scattering1D:
    """Return a transformer of order 1 with the fitted wavelets, averaged over `stride` samples."""
    spec = scattering.specification_
    return Scattering1D(
        J=spec.settings.J,
        Q=spec.settings.Q,
        T=stride,
        stride=stride,
        max_order=1,
        include_order0=False,
        filter_gain=spec.settings.filter_gain,
        padding=spec.settings.padding,
        subsampling=spec.settings.subsampling,
        input_scaling=spec.input_scaling,
        sampling_rate=spec.sampling_rate,
        backend=scattering.backend,
        device=scattering.device,
    )
