"""The wavelets of a transform over frequency."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscatter._common.public import public
from skscatter._common.units import units_for
from skscatter._estimators.lookup import find_scattering
from skscatter._scattering.filters import filter_bank, wavelet_parameters

from .axes import frequency_axis, frequency_label, make_axes

N_FREQUENCIES = 4096  # points of a curve


@public
class FilterBankDisplay:
    """The filters of a scattering transform over frequency, with their Littlewood-Paley sum.

    The sum is the fraction of the energy of a sine that passes through a filter bank, including its
    low-pass. Frequencies where it is low are nearly lost. If it never exceeds 1, the transform
    amplifies nothing [1]_.

    Create a display with `from_estimator`. `plot` draws it again.

    Parameters
    ----------
    frequencies : ndarray of shape (n_frequencies,)
        Frequencies at which the filters are evaluated, in Hz with a `sampling_rate`, else in
        cycles per sample.
    psi : sequence of ndarray of shape (n_wavelets, n_frequencies)
        Fourier transforms of the wavelets of each order, which are real.
    phi : ndarray of shape (n_frequencies,)
        Fourier transform of the low-pass.
    sampling_rate : float or None, default=None
        In Hz.

    Attributes
    ----------
    littlewood_paley : list of ndarray of shape (n_frequencies,)
        For each order, ``|phi|**2`` plus half the sum of ``|psi|**2``. The other half belongs to
        the negative frequencies of a real signal.
    ax_ : ndarray of Axes, of shape (n_orders,)
        The Axes drawn into, one for each order.
    figure_ : Figure
        Their figure.

    See Also
    --------
    ScalogramDisplay : A signal, filtered by the wavelets.

    References
    ----------
    .. [1] J. Andén and S. Mallat, "Deep Scattering Spectrum", IEEE Transactions on Signal
       Processing 62(16), 2014, equations 6 and 7.

    Examples
    --------
    >>> import numpy as np
    >>> from skscatter import FilterBankDisplay, Scattering1D
    >>> scattering = Scattering1D(J=6, sampling_rate=1000).fit(np.zeros((1, 1024)))
    >>> display = FilterBankDisplay.from_estimator(scattering)
    >>> [psi.shape for psi in display.psi]
    [(13, 4096), (13, 4096)]
    """

    def __init__(
        self,
        *,
        frequencies: NDArray[np.float64],
        psi: list[NDArray[np.float64]],
        phi: NDArray[np.float64],
        sampling_rate: float | None = None,
    ) -> None:
        self.frequencies = frequencies
        self.psi = psi
        self.phi = phi
        self.sampling_rate = sampling_rate
        self.littlewood_paley = [phi**2 + (each**2).sum(axis=0) / 2 for each in psi]

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> FilterBankDisplay:
        """Evaluate the filters of a fitted transformer and draw them.

        Parameters
        ----------
        estimator : Scattering1D, SelectPaths, ScatteringClassifier, Pipeline or search
            Fitted estimator that contains one scattering transformer.
        ax : Axes, sequence of Axes or None, default=None
            As in `plot`.

        Returns
        -------
        display : FilterBankDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If `estimator` or `ax` are not as described.
        ImportError
            If matplotlib is not installed.
        """
        scattering = find_scattering(estimator)
        lowest = min(*wavelet_parameters(scattering.J_, scattering.Q_[0]).xi, 1 / scattering.T_)
        frequencies = np.geomspace(lowest / 4, 0.5, N_FREQUENCIES)
        # Filters are formulas on a grid of bins. This grid is so fine that every wavelet is shorter
        # than the period of the grid.
        n_padded = 2 ** int(np.ceil(np.log2(64 * 2**scattering.J_ + 64 * scattering.T_)) + 4)
        bank = filter_bank(n_padded, scattering.J_, scattering.Q_, float(scattering.T_))
        orders = (bank.psi1, bank.psi2)[: scattering.specification_.settings.max_order]
        bins = frequencies * n_padded
        display = cls(
            frequencies=frequencies * units_for(scattering.sampling_rate_).rate,
            psi=[np.stack([band.formula(bins) for band in psi]) for psi in orders],
            phi=bank.phi.formula(bins),
            sampling_rate=scattering.sampling_rate_,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> FilterBankDisplay:
        """Draw a panel for each order.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None, default=None
            None draws into a new figure. A sequence has one Axes for each order. The panels replace
            a single Axes.

        Returns
        -------
        display : FilterBankDisplay
            Itself.

        Raises
        ------
        TypeError, ValueError
            If `ax` is not as described.
        ImportError
            If matplotlib is not installed.
        """
        self.ax_ = make_axes(ax, len(self.psi), 1, figsize=(7, 2.6 * len(self.psi)), sharex=True)
        self.figure_ = self.ax_[0].figure
        for order, (axes, psi, total) in enumerate(
            zip(self.ax_, self.psi, self.littlewood_paley, strict=True), 1
        ):
            axes.plot(self.frequencies, np.abs(psi).T, linewidth=0.8, color="C0", alpha=0.7)
            axes.lines[0].set_label("wavelets")
            axes.plot(self.frequencies, self.phi, color="C1", label="low-pass")
            axes.plot(self.frequencies, total, color="black", label="Littlewood-Paley sum")
            axes.set(title=f"order {order}", ylabel="gain", ylim=(0, 1.1 * max(1.0, total.max())))
            frequency_axis(axes.xaxis)
            axes.set_xlim(self.frequencies[0], self.frequencies[-1])
        self.ax_[0].legend(loc="lower right", fontsize="small")
        self.ax_[-1].set_xlabel(frequency_label("frequency", self.sampling_rate))
        return self
