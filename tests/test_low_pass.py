import math

import numpy as np
import pytest
from kymatio.scattering1d.filter_bank import gauss_1d

from skscatter._backends.numpy_arrays import NumpyNamespace
from skscatter._scattering.filters import gauss_band
from skscatter._scattering.layout import lay_out
from skscatter._scattering.low_pass import (
    MAX_NODES,
    BlockLowPass,
    SampledGrid,
    SpectralLowPass,
    Tiling,
    low_pass,
)
from skscatter._scattering.settings import SIGMA0, resolve
from skscatter._scattering.spectra import negligible

# Few and many frames, finer and coarser than T. In some cases phi wraps around the grid.
CASES = [
    {"n_times": 700, "J": 5},
    {"n_times": 700, "J": 5, "stride": 4},
    {"n_times": 700, "J": 3, "T": 40},
    {"n_times": 1023, "J": 6, "T": 1000},
    {"n_times": 1024, "J": 6, "T": 1},
    {"n_times": 5000, "J": 8, "T": 200.5, "stride": 1},
    {"n_times": 8192, "J": 8},
    {"n_times": 8192, "J": 8, "stride": 1024},
    {"n_times": 20000, "J": 9, "stride": 8},
    {"n_times": 2, "J": 0},
]


def rates(settings):
    return range(settings.log2_rate(settings.J) + 1)


def averaged(form, U):
    """Apply a low-pass to envelopes."""
    spectral = isinstance(form, SpectralLowPass)
    n_frames = form.frames.stop - form.frames.start if spectral else form.n_frames
    out = np.empty((len(U), n_frames), U.dtype)
    xp = NumpyNamespace(U.dtype)
    form.apply(xp.rfft(U) if spectral else U[:, form.used].copy(), out=out)
    return out


def by_definition(U, grid, T, k):
    """Convolve with kymatio's filter, periodised by the sum, and sample at the frames."""
    n = grid.n_padded >> k
    phi_hat = gauss_1d(grid.n_padded, SIGMA0 / T).reshape(2**k, n).sum(axis=0)
    frames = (grid.first_frame + grid.stride * np.arange(grid.n_frames)) >> k
    return np.fft.ifft(np.fft.fft(U) * phi_hat).real[:, frames]


# The order in which BLAS adds thousands of terms depends on the processor.
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 2e-14), ("float32", 1e-6)])
@pytest.mark.parametrize("parameters", CASES)
@pytest.mark.parametrize("has_spectrum", [True, False])
@pytest.mark.parametrize(("frames", "multiple"), [(64, 1), (8, 8)])
def test_both_forms_average_by_the_definition(
    parameters, dtype, tolerance, has_spectrum, frames, multiple
):
    settings = resolve(**parameters)
    grid, xp = lay_out(settings, parameters["n_times"]).grid, NumpyNamespace(dtype)
    phi = gauss_band(grid.n_padded, SIGMA0 / settings.T)
    for k in rates(settings):
        U = np.random.default_rng(k).uniform(0, 1, (2, grid.n_padded >> k))
        form = low_pass(
            xp, phi, settings.T, grid, k, has_spectrum, tile_frames=frames, node_multiple=multiple
        )
        S = averaged(form, U.astype(dtype))
        # kymatio's Gaussian omits a period, which matters at T = 1.
        tails = 10 * math.exp(-((settings.T / SIGMA0) ** 2) / 2)
        np.testing.assert_allclose(
            S, by_definition(U, grid, settings.T, k), rtol=0, atol=tolerance + tails
        )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("T", [1, 3.7, 64, 300])
def test_chebyshev_nodes_represent_a_block_to_rounding(T, dtype):
    settings = resolve(20000, J=5, T=T)
    share = negligible(dtype)
    gathered = 0
    for k in rates(settings):
        sampled = SampledGrid(T, lay_out(settings, 20000).grid, k, share)
        for block in 2 ** np.arange(1, 11):
            tiling = Tiling(sampled, int(block))
            if len(tiling.nodes) >= min(block, MAX_NODES):
                continue
            gathered += 1
            t = np.arange(tiling.tile_blocks * block) + tiling.first_block * block
            frames = sampled.first + np.arange(tiling.n_frames) * sampled.stride
            blocks = tiling.nodes_to_frames().reshape(tiling.tile_blocks, len(tiling.nodes), -1)
            matrix = np.einsum("tm,bmf->btf", tiling.samples_to_nodes(), blocks).reshape(len(t), -1)
            exact = sampled.phi(frames - t[:, np.newaxis])
            # The bound on the interpolation error, and rounding in this test.
            assert np.abs(matrix - exact).max() <= (share + 1e-13) * sampled.phi(np.zeros(1))[0]
    assert gathered or T < 8


def test_long_signals_need_small_matrices():
    settings = resolve(2**22, J=10)
    grid, xp = lay_out(settings, 2**22).grid, NumpyNamespace("float32")
    for k in rates(settings):
        form = BlockLowPass(xp, SampledGrid(settings.T, grid, k, negligible("float32")))
        assert form.to_frames.size + (0 if form.to_nodes is None else form.to_nodes.size) < 2**17


def test_envelopes_with_a_spectrum_are_averaged_by_it():
    settings = resolve(8192, J=8)
    grid, xp = lay_out(settings, 8192).grid, NumpyNamespace("float32")
    phi = gauss_band(grid.n_padded, SIGMA0 / settings.T)
    assert isinstance(low_pass(xp, phi, settings.T, grid, 2, True), SpectralLowPass)
    assert isinstance(low_pass(xp, phi, settings.T, grid, 2, False), BlockLowPass)


@pytest.mark.parametrize(
    ("parameters", "form"),
    [
        ({"T": 50, "stride": 1}, BlockLowPass),
        ({"T": 5000, "stride": 64}, BlockLowPass),
        ({"T": 5000, "stride": 1}, SpectralLowPass),
    ],
)
def test_a_low_pass_that_wraps_around_and_has_many_frames_is_spectral(parameters, form):
    settings = resolve(5000, J=8, **parameters)
    grid, xp = lay_out(settings, 5000).grid, NumpyNamespace("float32")
    phi = gauss_band(grid.n_padded, SIGMA0 / settings.T)
    assert isinstance(low_pass(xp, phi, settings.T, grid, 0, False), form)
