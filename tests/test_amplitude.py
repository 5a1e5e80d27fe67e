import numpy as np
import pytest

from skscatter._backends.numpy_arrays import NumpyNamespace
from skscatter._scattering.amplitude import to_unit_magnitude as to_unit_magnitude_on
from skscatter._scattering.layout import lay_out
from skscatter._scattering.settings import resolve


def to_unit_magnitude(X, input_scaling):
    groups = [(slice(0, len(X)), lay_out(resolve(X.shape[1]), X.shape[1]))]
    return to_unit_magnitude_on(NumpyNamespace(X.dtype), X, groups, input_scaling)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scaling_is_exact_and_gives_magnitudes_near_one(dtype):
    info = np.finfo(dtype)
    sizes = [info.smallest_subnormal, info.tiny, 1e-30, 0.3, 1, 4, 1e30, info.max]
    X = np.array([[-size, size / 4] for size in sizes], dtype)
    scaled, gain = to_unit_magnitude(X, None)
    assert scaled.dtype == gain.dtype == dtype
    assert np.isfinite(gain).all()
    np.testing.assert_array_equal(scaled * gain[:, np.newaxis], X)
    # The smallest subnormal number would need a scale that is not finite.
    assert (np.abs(scaled[1:]).max(axis=1) >= 0.5).all()
    assert (np.abs(scaled).max(axis=1) <= 4).all()


def test_signals_of_zeros_are_not_changed():
    for input_scaling in None, "max", "rms":
        scaled, _ = to_unit_magnitude(np.zeros((1, 4)), input_scaling)
        np.testing.assert_array_equal(scaled, 0)


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
def test_scaled_signals_have_unit_size(size):
    X = size * np.random.default_rng(0).uniform(-1, 1, (3, 50))
    before = X.copy()
    by_max, gain = to_unit_magnitude(X, "max")
    assert gain is None
    np.testing.assert_allclose(np.abs(by_max).max(axis=1), 1)
    by_rms, _ = to_unit_magnitude(X, "rms")
    np.testing.assert_allclose(np.sqrt(np.mean(by_rms**2, axis=1)), 1)
    np.testing.assert_array_equal(X, before)
