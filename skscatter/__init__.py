"""Wavelet scattering for scikit-learn."""

from skscatter._transformer import LogScattering1D, Scattering1D

__version__ = "0.1.0"

__all__ = ["LogScattering1D", "Scattering1D", "__version__"]
