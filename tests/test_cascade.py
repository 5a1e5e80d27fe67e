import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import oracle
import pytest
import scipy.fft
from cases import (
    CASES,
    FINE_STRIDES,
    PRECISIONS,
    OfOneLength,
    kymatio,
    name_of,
    noise,
    relative_error,
    scattered,
)

import skscatter._backends.numpy_arrays
import skscatter._scattering.spectra
from skscatter._backends.engines import build_engine, get_engine
from skscatter._backends.numpy_arrays import NumpyNamespace
from skscatter._execution.blocks import group_by_length
from skscatter._scattering.cascade import Cascade
from skscatter._scattering.layout import lay_out
from skscatter._scattering.paths import paths_of
from skscatter._scattering.settings import resolve
from skscatter._scattering.spectra import bin_ranges
from skscatter._scattering.workspace import Workspaces


@pytest.mark.parametrize("filter_gain", ["unit", "kymatio-0.3"])
@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_coefficients_are_those_of_kymatio(case, dtype, tolerance, filter_gain):
    n_times, parameters = case
    settings = resolve(n_times, include_order0=True, filter_gain=filter_gain, **parameters)
    x = noise(n_times)
    reference = kymatio(settings, x)
    S = scattered(settings, x.astype(dtype), dtype)
    assert S.dtype == dtype
    assert S.shape == reference.shape
    order = paths_of(settings)["order"]
    for k in np.unique(order):
        assert relative_error(S[:, order == k], reference[:, order == k]) < tolerance


# The code for signals of millions of samples, at lengths that a test has time for: envelopes in
# several stages, filters computed when they are needed, Fourier transforms in two steps.
@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("case", [*CASES, *FINE_STRIDES], ids=name_of)
def test_the_code_for_long_signals_gives_the_same_numbers(case, dtype, tolerance, monkeypatch):
    n_times, parameters = case
    settings = resolve(n_times, include_order0=True, **parameters)
    x = noise(n_times).astype(dtype)
    expected = scattered(settings, x, dtype)
    monkeypatch.setattr(NumpyNamespace, "chunk_bytes", 40 * n_times)
    monkeypatch.setattr(NumpyNamespace, "kept_bins", 0)
    monkeypatch.setattr(skscatter._scattering.spectra, "SEGMENT_BINS", 100)
    monkeypatch.setattr(skscatter._backends.numpy_arrays, "LONG", 64)
    scatter = OfOneLength(settings, n_times, dtype)
    assert relative_error(scatter(x), expected) < tolerance
    if n_times >= 4096 and settings.T >= 100:
        assert len(scatter.engine.cascade.plan.stages) > 1


@pytest.fixture
def long_signal(monkeypatch):
    """A transform in several stages, and a signal for it."""
    monkeypatch.setattr(NumpyNamespace, "chunk_bytes", 2**15)
    scatter = OfOneLength(resolve(4096, J=8, Q=8), 4096, "float64")
    assert len(scatter.engine.cascade.plan.stages) > 4
    return scatter, noise(4096, 1)


def test_threads_share_a_long_signal_and_change_no_bit(long_signal, monkeypatch):
    scatter, x = long_signal
    expected = scatter(x)
    compute, threads, together = Cascade._compute, set(), threading.Barrier(4)

    def meet_and_compute(*arguments):
        if threading.get_ident() not in threads:
            threads.add(threading.get_ident())
            together.wait(60)  # each of the four has a stage
        compute(*arguments)

    monkeypatch.setattr(Cascade, "_compute", meet_and_compute)
    np.testing.assert_array_equal(scatter(x, n_threads=4), expected)
    assert len(threads) == 4


@pytest.mark.parametrize("where", ["in the calling thread", "in another"])
def test_an_error_in_one_thread_ends_the_work_of_all(where, long_signal, monkeypatch):
    scatter, x = long_signal
    calling, compute, computed = threading.get_ident(), Cascade._compute, []
    together = threading.Barrier(2)

    def fail(cascade, batch, stage, *arguments):
        if not computed:
            together.wait(60)
        computed.append(id(stage))
        if (threading.get_ident() == calling) == (where == "in the calling thread"):
            raise KeyboardInterrupt
        compute(cascade, batch, stage, *arguments)

    monkeypatch.setattr(Cascade, "_compute", fail)
    with pytest.raises(KeyboardInterrupt):
        scatter(x, n_threads=2)
    assert len(set(computed)) < len(scatter.engine.cascade.plan.stages)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [2**17, 2**18])
def test_spectra_of_long_envelopes_are_those_of_scipy(n, dtype):
    xp = NumpyNamespace(dtype)
    rng = np.random.default_rng(0)
    bands = rng.standard_normal((2, n, 2)).astype(dtype).view(xp.complex_dtype)[..., 0]
    envelopes = np.abs(scipy.fft.ifft(bands, norm="forward"))
    expected = scipy.fft.rfft(envelopes, norm="forward")
    for n_bins in (1, 100, 181, 182, 257, 512, n // 7, n // 2 + 1):
        spectra = xp.envelope_spectra(bands.copy(), n_bins, xp.empty(2 * xp.workspace_size(n)))[
            ..., :n_bins
        ]
        assert spectra.shape == (2, n_bins)
        assert relative_error(spectra, expected[:, :n_bins]) < 20 * np.finfo(dtype).eps


@pytest.mark.parametrize("case", FINE_STRIDES, ids=name_of)
def test_coefficients_are_those_of_kymatio_up_to_aliasing_at_fine_strides(case):
    n_times, parameters = case
    settings = resolve(n_times, **parameters)
    x = noise(n_times)
    S, reference = scattered(settings, x), kymatio(settings, x)
    assert relative_error(S, reference) < 1e-3


@pytest.mark.parametrize("padding", ["reflect", "zero", "periodic"])
@pytest.mark.parametrize("n_times", [9, 61, 128])
def test_cascade_without_subsampling_equals_the_definition(n_times, padding):
    settings = resolve(
        n_times, Q=(3, 2), T=min(n_times, 11), stride=1, include_order0=True, padding=padding
    )
    x = noise(n_times, 1)
    S = scattered(settings, x)[0]
    expected = oracle.scatter(
        x[0], paths_of(settings), lay_out(settings, len(x[0])), settings.T, padding
    )
    np.testing.assert_allclose(S, expected, rtol=0, atol=1e-13)


def test_one_sample_has_an_average_and_wavelet_coefficients_of_zero():
    S = scattered(resolve(1, include_order0=True), np.array([[-0.7]]))
    np.testing.assert_array_equal(S[0, :, 0], [-0.7, *[0.0] * (S.shape[1] - 1)])


@pytest.mark.parametrize("padding", ["reflect", "zero", "periodic"])
@pytest.mark.parametrize("parameters", [{"J": 4, "Q": 8}, {"J": 5, "Q": (4, 2), "T": 20}])
def test_cascade_equals_the_definition_up_to_aliasing(parameters, padding):
    settings = resolve(300, include_order0=True, padding=padding, **parameters)
    x = noise(300, 1)
    S = scattered(settings, x)[0]
    paths = paths_of(settings)
    expected = oracle.scatter(x[0], paths, lay_out(settings, len(x[0])), settings.T, padding)
    for order, tolerance in (0, 1e-12), (1, 3e-4), (2, 2e-3):
        of_order = paths["order"] == order
        assert relative_error(S[of_order], expected[of_order]) < tolerance


@pytest.mark.parametrize(("subsampling", "halvings"), [("standard", 0), ("critical", 1)])
def test_critical_subsampling_halves_the_rates_and_stays_close(subsampling, halvings):
    settings = resolve(2000, J=7, Q=8, subsampling=subsampling)
    assert [settings.log2_rate(j) for j in range(9)] == [min(j + halvings, 7) for j in range(9)]
    x = noise(2000)
    S = scattered(settings, x)
    finest = resolve(2000, J=7, Q=8, stride=1)
    first, first_finest = (
        layout.grid.first_frame - layout.start
        for layout in (lay_out(settings, 2000), lay_out(finest, 2000))
    )
    exact = scattered(finest, x)[..., first - first_finest :: settings.stride]
    order = paths_of(settings)["order"]
    bounds = {"standard": (3e-4, 2e-3), "critical": (1e-3, 5e-3)}[subsampling]  # white noise
    for k, bound in zip((1, 2), bounds, strict=True):
        assert relative_error(S[:, order == k], exact[:, order == k]) < bound


def broadband_and_tonal_signals(n_times):
    """Return pure, modulated and harmonic tones, chirps, pulses and noise; pure tones first."""
    t = np.arange(n_times)
    tones = np.cos(2 * np.pi * np.outer(np.linspace(0.01, 0.49, 13), t))
    modulated = [
        (1 + np.cos(2 * np.pi * rate * t)) * np.cos(2 * np.pi * carrier * t)
        for rate in (0.004, 0.05)
        for carrier in (0.06, 0.2, 0.4)
    ]
    harmonic = [
        sum(np.cos(2 * np.pi * f * k * t) / k for k in range(1, int(0.5 / f)))
        for f in (0.013, 0.041, 0.11)
    ]
    chirps = np.cos(2 * np.pi * np.outer([0.5, 1, 2], t**2) / 8 / n_times)
    pulses = np.random.default_rng(0).random((4, n_times)) < 0.003
    return np.vstack([tones, modulated, harmonic, chirps, pulses, noise(n_times, 4)]), len(tones)


@pytest.mark.parametrize(("Q", "bound"), [(1, 0.04), ((1, 2), 0.04), (4, 0.01), (8, 0.01)])
def test_errors_of_critical_subsampling_are_small_beside_the_largest_coefficient(Q, bound):
    X, n_tones = broadband_and_tonal_signals(2048)
    settings = resolve(2048, J=5, Q=Q, subsampling="critical")
    finest = resolve(2048, J=5, Q=Q, stride=1)
    S, exact = scattered(settings, X), scattered(finest, X)
    first, first_finest = (
        layout.grid.first_frame - layout.start
        for layout in (lay_out(settings, 2048), lay_out(finest, 2048))
    )
    exact = exact[..., first - first_finest :: settings.stride]
    order = paths_of(settings)["order"]
    largest = exact.max(axis=(1, 2))
    error = abs(S - exact).max(axis=(1, 2)) / largest
    assert error.max() < bound
    if Q == 1:
        assert error.max() > bound / 4  # the bound is no idle one
    false = (S - exact)[:n_tones, order == 2].max(axis=(1, 2)) / largest[:n_tones]
    assert false.max() < 0.02


@pytest.mark.parametrize("Q", [1, 4, 8, 12])
def test_unit_sine_has_the_same_first_order_peak_at_every_octave(Q):
    settings = resolve(2**14, J=9, Q=Q, max_order=1, include_order0=False)
    t = np.arange(2**14)
    # From three eighths of the Nyquist frequency down, as far as the bank is constant-Q.
    frequencies = 0.1875 / 2 ** np.arange(4.0)
    x = np.sin(2 * np.pi * frequencies[:, np.newaxis] * t)
    S = scattered(settings, x)[:, :, 8:-8].mean(axis=-1)
    peaks = S.max(axis=1)
    np.testing.assert_allclose(peaks, peaks[0], rtol=1e-3)
    # A wavelet of unit L1 norm, tuned to it, passes half of a real sine.
    at_centre = np.sin(2 * np.pi * paths_of(settings)["xi1"][[0]] * t)
    assert scattered(settings, at_centre[np.newaxis])[0, 0].mean() == pytest.approx(0.5, rel=0.01)


def test_released_filter_gain_makes_the_same_sine_fainter_at_each_octave():
    settings = resolve(2**14, J=9, Q=8, max_order=1, filter_gain="kymatio-0.3")
    t = np.arange(2**14)
    frequencies = 0.1875 / 2 ** np.arange(4.0)
    x = np.sin(2 * np.pi * frequencies[:, np.newaxis] * t)
    peaks = scattered(settings, x).mean(axis=-1).max(axis=1)
    np.testing.assert_allclose(peaks / peaks[0], [1, 1 / 2, 1 / 4, 1 / 8], rtol=1e-2)


def test_coefficients_hardly_change_under_shifts_far_below_T():
    settings = resolve(4096, J=8, Q=8)
    rng = np.random.default_rng(0)
    burst = np.zeros(4096)
    burst[1500:2500] = rng.standard_normal(1000) * np.hanning(1000)
    engine = OfOneLength(settings, 4096, "float64")
    S = engine(burst[np.newaxis])
    changes = [
        relative_error(engine(np.roll(burst, shift)[np.newaxis]), S) for shift in (1, 8, 64, 512)
    ]
    # Lipschitz in shift / T (Mallat, "Group Invariant Scattering", 2012).
    assert np.all(np.array(changes[:3]) < 2 * np.array([1, 8, 64]) / 256)
    assert changes[3] > 0.3


def test_coefficients_are_not_negative():
    settings = resolve(1000, J=6, Q=8, include_order0=False)
    x = noise(1000)
    x[:, 200:800] = 0
    assert (scattered(settings, x.astype("float32"), "float32") >= 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batches_equal_a_loop(dtype, monkeypatch):
    monkeypatch.setattr(NumpyNamespace, "chunk_bytes", 60_000 * np.dtype(dtype).itemsize)
    settings = resolve(500, J=5, Q=8, include_order0=True)
    engine = OfOneLength(settings, 500, dtype)
    assert 1 < engine.engine.chunk < 7
    x = noise(500, 7, dtype)
    one_by_one = np.concatenate([engine(row[np.newaxis]) for row in x])
    np.testing.assert_allclose(engine(x), one_by_one, rtol=0, atol=4 * np.finfo(dtype).eps)


def test_chunks_may_begin_and_end_among_signals_of_several_lengths(monkeypatch):
    monkeypatch.setattr(NumpyNamespace, "chunk_bytes", 60_000 * 8)
    settings = resolve(500, J=5, Q=8)
    lengths = np.repeat([500, 499, 490], [4, 1, 5])
    groups = group_by_length(settings, lengths)
    (grid,) = {layout.grid for _, layout in groups}
    engine = build_engine(settings, grid, "float64")
    assert engine.chunk < 5
    x, workspaces = noise(500, len(lengths)), Workspaces()
    S = engine(x, groups, workspaces)
    for rows, layout in groups:
        for row in range(rows.start, rows.stop):
            alone = engine(x[row : row + 1], [(slice(0, 1), layout)], workspaces)
            own = np.s_[..., : layout.n_frames]
            np.testing.assert_array_equal(S[row][own], alone[0][own])


def test_threads_share_engines():
    cases = [(300, 4), (300, 1), (300, 7), (512, 3), (301, 2)] * 4
    signals = [noise(n_times, n_signals) for n_times, n_signals in cases]
    engines = [OfOneLength(resolve(x.shape[1], J=4), x.shape[1], build=get_engine) for x in signals]
    expected = [engine(x) for engine, x in zip(engines, signals, strict=True)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            for S, right in zip(
                pool.map(lambda engine, x: engine(x), engines, signals), expected, strict=True
            ):
                np.testing.assert_array_equal(S, right)


def test_workspaces_are_used_again_and_never_returned():
    scatter, workspaces = OfOneLength(resolve(300, J=4), 300), Workspaces()
    groups = [(slice(0, 5), scatter.layout)]
    first = scatter.engine(noise(300, 5), groups, workspaces)
    used, before = workspaces._workspace, first.copy()
    scatter.engine(-2 * noise(300, 5), groups, workspaces)
    assert workspaces._workspace is used
    np.testing.assert_array_equal(first, before)


@pytest.mark.parametrize("padding", ["reflect", "zero", "periodic"])
def test_input_is_not_changed(padding):
    x = noise(300)
    x.flags.writeable = False
    scattered(resolve(300, padding=padding), x)


@pytest.mark.parametrize("n", [1, 2, 4, 16])
def test_bin_ranges_unfold_the_periodic_conjugate_symmetric_spectrum(n):
    rng = np.random.default_rng(n)
    full = np.fft.fft(rng.standard_normal(n))
    half = full[: n // 2 + 1]
    for start in range(-2 * n - 1, 2 * n):
        for stop in range(start + 1, 3 * n):
            unfolded = np.full(stop - start, np.nan, complex)
            for bins in bin_ranges(start, stop, n):
                stored = half[bins.stored]
                unfolded[bins.target] = stored[::-1].conj() if bins.mirrored else stored
            np.testing.assert_allclose(unfolded, full[np.arange(start, stop) % n])


def test_underflow_is_harmless_where_the_user_has_made_it_an_error():
    # Values of a narrow low-pass fall below float32.
    settings = resolve(4096, J=4, include_order0=True)
    with np.errstate(all="raise"):
        build_engine(settings, lay_out(settings, 4096).grid, "float32")


def test_engines_are_built_once():
    settings, same = resolve(300), resolve(300, J=6, T=32)
    grid, other = lay_out(settings, 300).grid, lay_out(settings, 500).grid
    engine = get_engine(settings, grid, "float32")
    assert get_engine(same, lay_out(same, 301).grid, "float32") is engine
    assert get_engine(settings, grid, "float64") is not engine
    assert get_engine(settings, other, "float32") is not engine


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [6, 512, 3000])
def test_a_transform_of_a_row_has_the_same_bits_among_any_others(n, dtype):
    xp = NumpyNamespace(dtype)
    rows = (noise(n, 13) + 1j * noise(n, 13)[:, ::-1]).astype(xp.complex_dtype)
    alone = [xp.ifft(row[np.newaxis].copy())[0] for row in rows]
    real = [xp.rfft(row.real[np.newaxis].copy())[0] for row in rows]
    for n_rows in range(1, 14):
        np.testing.assert_array_equal(xp.ifft(rows[:n_rows].copy()), alone[:n_rows])
        np.testing.assert_array_equal(xp.rfft(rows[:n_rows].real.copy()), real[:n_rows])
    assert relative_error(alone[0], scipy.fft.ifft(rows[0], norm="forward")) < 1e-6


def test_transforms_need_not_be_in_place(monkeypatch):
    xp, rows = NumpyNamespace("float32"), (noise(60, 5) + 1j).astype("complex64")
    expected = xp.ifft(rows.copy())
    ifft = scipy.fft.ifft
    monkeypatch.setattr(scipy.fft, "ifft", lambda x, **options: ifft(x.copy(), **options))
    np.testing.assert_array_equal(xp.ifft(rows), expected)
