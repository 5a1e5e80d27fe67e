"""Time and memory of transforms."""

import tempfile
from importlib.util import find_spec

import numpy as np

from skscatter import LogScattering1D, LogTimeFrequencyScattering, RowStore


def noise(n_samples, n_times):
    """Signals in float32. The time does not depend on their values."""
    return np.random.default_rng(0).standard_normal((n_samples, n_times), np.float32)


def require(backend):
    """Skip a benchmark whose backend is not installed."""
    if backend == "numba" and find_spec("numba") is None:
        raise NotImplementedError


class Plain:
    """Plain scattering, after a first call, which compiles and plans."""

    params = (["numpy", "numba"], [(1, 8192), (64, 8192), (1000, 256), (2, 2**17)])
    param_names = ("backend", "shape")

    def setup(self, backend, shape):
        """Fit, and call once."""
        require(backend)
        self.X = noise(*shape)
        J = {256: 4, 8192: 8, 2**17: 12}[shape[1]]
        self.transformer = LogScattering1D(J=J, Q=8, backend=backend).fit(self.X)
        self.transformer.transform(self.X)

    def time_transform(self, backend, shape):
        """Time of the features."""
        self.transformer.transform(self.X)

    def peakmem_transform(self, backend, shape):
        """Peak memory of the process, with libraries."""
        self.transformer.transform(self.X)

    def time_fit(self, backend, shape):
        """Time to settle the parameters."""
        self.transformer.fit(self.X)


class Joint:
    """Joint scattering, which NumPy computes."""

    def setup(self):
        """Fit, and call once."""
        self.X = noise(8, 8192)
        self.transformer = LogTimeFrequencyScattering(J=8, backend="numpy").fit(self.X)
        self.transformer.transform(self.X)

    def time_transform(self):
        """Time of the features."""
        self.transformer.transform(self.X)

    def peakmem_transform(self):
        """Peak memory of the process, with libraries."""
        self.transformer.transform(self.X)


class Lengths:
    """Signals of different lengths, in a list."""

    def setup(self):
        """Fit, and call once."""
        X = noise(64, 18_000)
        lengths = np.linspace(1200, 18_000, len(X), dtype=int)
        self.X = [x[:length] for x, length in zip(X, lengths, strict=True)]
        self.transformer = LogScattering1D(J=8, trim=25, backend="numpy").fit(self.X)
        self.transformer.transform(self.X)

    def time_transform(self):
        """Time of the features."""
        self.transformer.transform(self.X)


class Lookup:
    """Coefficients that are in a store already."""

    def setup(self):
        """Fill a store."""
        self.folder = tempfile.TemporaryDirectory()
        self.X = noise(500, 2048)
        store = RowStore(self.folder.name)
        self.transformer = LogScattering1D(memory=store, backend="numpy").fit(self.X)
        self.transformer.transform(self.X)

    def teardown(self):
        """Remove the store."""
        self.folder.cleanup()

    def time_transform(self):
        """Time to look up the coefficients, and to pool them."""
        self.transformer.transform(self.X)
