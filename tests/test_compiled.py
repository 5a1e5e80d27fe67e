"""The compiled cascade (`backend="numba"`).

- Fourier transforms of vectors against NumPy's
- coefficients and features against kymatio's and those of `backend="numpy"`
- joint scattering against that of `backend="numpy"`
- independence of the bits of a signal's features from other signals
- grids that the compiled cascade supports, and its workspace
- choice of the backend

`test_compiled_cache.py` tests the cache of machine code.
"""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
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
    without,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

from skscatter import LogScattering1D, Scattering1D
from skscatter._backends import choice
from skscatter._backends.choice import NUMBA, NUMPY, choose_device
from skscatter._backends.engines import build_engine
from skscatter._scattering.cascade import Cascade
from skscatter._scattering.layout import Grid, lay_out
from skscatter._scattering.paths import orders_of, paths_of
from skscatter._scattering.pooling import STATISTICS
from skscatter._scattering.settings import resolve, resolve_joint
from skscatter._scattering.workspace import Workspaces

numba = pytest.importorskip("numba", reason='needs numba: pip install "skscatter[fast]"')

from skscatter._backends.compiled import cascade, fourier, kernel  # noqa: E402
from skscatter._backends.compiled.vectors import LANES  # noqa: E402

HAS_NUMBA = choice.has_numba  # tests replace it

pytestmark = [
    pytest.mark.filterwarnings("ignore:J=.* leaves no room:UserWarning"),
    # of kymatio, about filters that are longer than the signal
    pytest.mark.filterwarnings("ignore:Signal support is too small:UserWarning"),
]


def to_lanes(a, dtype):
    """Flat array of complex numbers of shape (LANES, n), one row per lane."""
    return np.stack([a.real.T, a.imag.T], axis=1).ravel().astype(dtype)


def from_lanes(flat):
    parts = flat.reshape(-1, 2, LANES).astype(float)
    return (parts[:, 0] + 1j * parts[:, 1]).T


def complex_noise(n):
    rng = np.random.default_rng(n)
    return rng.standard_normal((LANES, n)) + 1j * rng.standard_normal((LANES, n))


# ---------------------------------------------------------------- Fourier transforms


def callable_here(function):
    """Compile a call of a compiled function that Python cannot call."""
    return numba.njit(lambda *arguments: function(*arguments))


inverse, forward = callable_here(fourier.inverse), callable_here(fourier.forward)
real_spectrum = callable_here(kernel.real_spectrum)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", 2 ** np.arange(13))
def test_fourier_transforms_are_those_of_numpy(n, dtype):
    a = complex_noise(n)
    twiddles, order = fourier.twiddle_table(n, dtype), fourier.digit_reversed(n)
    tolerance = 4 * np.finfo(dtype).eps
    expected = np.fft.ifft(a, norm="forward")

    y = to_lanes(a, dtype)
    inverse(y, n, twiddles, y, -1)
    assert relative_error(from_lanes(y)[:, order], expected) < tolerance
    forward(y, n, twiddles)
    assert relative_error(from_lanes(y) / n, a) < 2 * tolerance

    out = to_lanes(a, dtype)
    for part in 0, 1:
        inverse(to_lanes(a, dtype), n, twiddles, out, part)
    both = from_lanes(out)[:, order]
    assert relative_error(both.real, abs(expected)) < tolerance
    np.testing.assert_array_equal(both.real, both.imag)


@pytest.mark.parametrize("n", 2 ** np.arange(12))
def test_digit_reversed_order_is_a_permutation(n):
    np.testing.assert_array_equal(np.sort(fourier.digit_reversed(n)), np.arange(n))


@pytest.mark.parametrize("n", [2, 4, 8, 64, 1024])
def test_spectra_of_packed_signals_are_those_of_numpy(n):
    x = np.random.default_rng(n).standard_normal((LANES, n))
    z = np.empty(n * LANES)
    offsets = cascade.digit_reversed_offsets(n)
    for t in range(n):
        z[offsets[n + t] : offsets[n + t] + LANES] = x[:, t]
    n_bins = n // 2 + 1
    spectrum = np.empty(n_bins * fourier.COMPLEX)
    real_spectrum(z, n, fourier.twiddle_table(n, "float64"), n_bins, spectrum, 0)
    np.testing.assert_allclose(
        from_lanes(spectrum), np.fft.rfft(x, norm="forward"), rtol=0, atol=1e-15
    )


# ---------------------------------------------------------------- agreement with other backends


@pytest.mark.parametrize("filter_gain", ["unit", "kymatio-0.3"])
@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_compiled_cascade_equals_kymatio(case, dtype, tolerance, filter_gain):
    n_times, parameters = case
    settings = resolve(n_times, include_order0=True, filter_gain=filter_gain, **parameters)
    x = noise(n_times)
    reference = kymatio(settings, x)
    S = scattered(settings, x.astype(dtype), dtype, NUMBA)
    assert S.dtype == dtype
    order = paths_of(settings)["order"]
    for k in np.unique(order):
        assert relative_error(S[:, order == k], reference[:, order == k]) < tolerance


@pytest.mark.parametrize("case", FINE_STRIDES, ids=name_of)
def test_fine_strides_have_the_frames_of_numpy(case):
    n_times, parameters = case
    settings = resolve(n_times, include_order0=True, **parameters)
    x = noise(n_times)
    np.testing.assert_allclose(
        scattered(settings, x, "float64", NUMBA), scattered(settings, x), rtol=0, atol=1e-14
    )


@settings(max_examples=150)
@given(st.data())
@pytest.mark.reliability("Random cases")
def test_compiled_cascade_equals_that_of_numpy(data):
    n_times = data.draw(st.integers(2, 3000))
    chosen = resolve(
        n_times,
        J=data.draw(st.integers(0, min(10, n_times.bit_length() - 1))),
        Q=data.draw(st.sampled_from([1, 3, 8, 12, (4, 2), (8, 3)])),
        T=data.draw(st.none() | st.floats(1, n_times)),
        stride=data.draw(st.none() | st.sampled_from([1, 2, 2 ** (n_times.bit_length() - 1)])),
        max_order=data.draw(st.sampled_from([1, 2])),
        include_order0=data.draw(st.booleans()),
        padding=data.draw(st.sampled_from(["reflect", "zero", "periodic"])),
        subsampling=data.draw(st.sampled_from(["standard", "critical"])),
    )
    dtype, tolerance = data.draw(st.sampled_from([("float64", 1e-13), ("float32", 2e-6)]))
    x = noise(n_times, data.draw(st.integers(1, 9))).astype(dtype)
    S, expected = scattered(chosen, x, dtype, NUMBA), scattered(chosen, x, dtype)
    assert np.linalg.norm(S - expected) <= tolerance * np.linalg.norm(expected)


# Lengths, parameters in time, parameters along frequency. In the fifth case, averages are taken of
# spectra. In the last but one, rows are not at the positions of wavelets. In the last one, a block
# of the low-pass has more samples than all blocks have nodes.
JOINT_CASES = [
    (1000, {"J": 6}, {}),
    (1000, {"J": 6}, {"padding_fr": "zero", "F": 16}),
    (1000, {"J": 6, "subsampling": "critical"}, {"padding_fr": "zero", "F": "global"}),
    (1000, {"J": 6, "include_order0": True}, {"parts": ("frequency", "joint")}),
    (500, {"J": 3, "Q": 4, "T": 300, "stride": 1}, {"J_fr": 2, "F": 2, "stride_fr": 1}),
    (300, {"J": 3, "Q": 1, "T": 1}, {"parts": ("time", "joint")}),
    (997, {"J": 5, "max_order": 1}, {"parts": ("first", "frequency")}),
    (997, {"J": 5, "max_order": 1}, {"parts": "first"}),
    (3000, {"J": 7, "Q": (12, 2), "padding": "zero"}, {"Q_fr": 2, "F": 6, "stride_fr": 3}),
    (6000, {"J": 5, "T": 1000}, {"F": "global", "parts": "time"}),
]


def resolved_joint(case):
    n_times, parameters, along = case
    joint = resolve_joint(**along)
    return resolve(n_times, **{"Q": 8, "include_order0": False} | parameters, joint=joint)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-14), ("float32", 1e-6)])
@pytest.mark.parametrize("n_signals", [1, 2, 3, LANES + 3])
@pytest.mark.parametrize("case", JOINT_CASES, ids=str)
def test_compiled_joint_scattering_equals_that_of_numpy(case, n_signals, dtype, tolerance):
    chosen = resolved_joint(case)
    x = noise(case[0], n_signals, dtype)
    S, expected = scattered(chosen, x, dtype, NUMBA), scattered(chosen, x, dtype)
    assert S.shape == expected.shape
    assert S.dtype == dtype
    for part in orders_of(chosen).values():
        assert relative_error(S[:, part], expected[:, part]) < tolerance


@settings(max_examples=60, deadline=None)
@given(st.data())
@pytest.mark.reliability("Random cases")
def test_compiled_joint_scattering_equals_that_of_numpy_for_random_parameters(data):
    n_times = data.draw(st.integers(16, 2000))
    J = data.draw(st.integers(1, min(8, n_times.bit_length() - 1)))
    F = data.draw(st.just("global") | st.floats(1, 20))
    along = {
        "J_fr": data.draw(st.integers(0, 5)),
        "Q_fr": data.draw(st.integers(1, 3)),
        "F": F,
        "stride_fr": data.draw(st.none() | st.integers(1, 20)),
        "padding_fr": data.draw(st.sampled_from(["reflect", "zero"])),
    }
    in_time = {
        "J": J,
        "Q": data.draw(st.sampled_from([1, 4, 8, (4, 2)])),
        "T": data.draw(st.none() | st.floats(1, n_times)),
        "stride": data.draw(st.none() | st.sampled_from([1, 2])),
        "padding": data.draw(st.sampled_from(["reflect", "zero", "periodic"])),
        "subsampling": data.draw(st.sampled_from(["standard", "critical"])),
    }
    chosen = resolved_joint((n_times, in_time, along))
    dtype, tolerance = data.draw(st.sampled_from([("float64", 1e-13), ("float32", 5e-6)]))
    x = noise(n_times, data.draw(st.integers(1, 9)), dtype)
    S, expected = scattered(chosen, x, dtype, NUMBA), scattered(chosen, x, dtype)
    assert np.linalg.norm(S - expected) <= tolerance * np.linalg.norm(expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_order_1_of_joint_scattering_has_the_bits_of_plain_scattering(dtype):
    plain = resolve(1000, J=6, Q=8)
    joint = resolve(1000, J=6, Q=8, joint=resolve_joint())
    n_rows = np.count_nonzero(paths_of(plain)["order"] < 2)
    for n_signals in 1, 3, LANES:
        x = noise(1000, n_signals, dtype)
        np.testing.assert_array_equal(
            scattered(joint, x, dtype, NUMBA)[:, :n_rows],
            scattered(plain, x, dtype, NUMBA)[:, :n_rows],
        )


@pytest.mark.parametrize("Transformer", [Scattering1D, LogScattering1D])
@pytest.mark.parametrize("input_scaling", [None, "max", "rms"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-5)])
def test_features_equal_those_of_numpy(Transformer, input_scaling, dtype, tolerance):
    X = noise(300, 22).reshape(11, 2, 300).astype(dtype)
    expected, features = (
        Transformer(
            backend=backend, input_scaling=input_scaling, pooling=tuple(STATISTICS), n_segments=3
        ).fit_transform(X)
        for backend in ("numpy", "numba")
    )
    assert features.dtype == dtype
    np.testing.assert_allclose(features, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", JOINT_CASES, ids=str)
def test_joint_scattering_of_a_signal_does_not_depend_on_other_signals(case, dtype):
    n_times, chosen = case[0], resolved_joint(case)
    scatter = OfOneLength(chosen, n_times, dtype, NUMBA)
    x = noise(n_times, LANES + 3, dtype)
    x[3] *= 1e-20
    x[5] = 0
    together = scatter(x)
    for n in (1, 2, 3, 5, LANES, LANES + 1):
        np.testing.assert_array_equal(scatter(x[:n]), together[:n])
    np.testing.assert_array_equal(scatter(x[::-1]), together[::-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"J": 5},
        {"J": 6, "Q": (12, 2), "subsampling": "critical", "include_order0": True},
        {"J": 5, "Q": 3, "T": 100, "stride": 4},
        {"J": 4, "max_order": 1},
    ],
    ids=str,
)
def test_features_of_a_signal_do_not_depend_on_other_signals(parameters, dtype):
    X = noise(500, 2 * LANES + 3).astype(dtype)
    X[3] *= 1e-20
    X[5] = 0
    model = LogScattering1D(**parameters, backend="numba").fit(X)
    together = model.transform(X)
    for n in range(1, len(X)):
        np.testing.assert_array_equal(model.transform(X[:n]), together[:n])
    np.testing.assert_array_equal(model.transform(X[::-1]), together[::-1])
    np.testing.assert_array_equal(model.set_params(n_jobs=2).transform(X), together)
    np.testing.assert_array_equal(model.set_params(batch_size=3).transform(X), together)


@pytest.mark.reliability("Load")
def test_many_threads_can_use_one_estimator_at_once():
    X = noise(500, 24)
    model = LogScattering1D(J=5, backend="numba", n_jobs=2, batch_size=5).fit(X)
    expected = model.transform(X)
    with ThreadPoolExecutor(8) as pool:
        for features in pool.map(lambda _: model.transform(X), range(32)):
            np.testing.assert_array_equal(features, expected)


def test_signals_of_different_lengths_have_the_same_features_alone_and_together():
    listed = [noise(n, 1)[0] for n in (300, 301, 302, 700, 64, 65, 1500, 310, *[305] * 10)]
    model = LogScattering1D(J=5, backend="numba", n_segments=2).fit(listed)
    together = model.transform(listed)
    for x, features in zip(listed, together, strict=True):
        np.testing.assert_array_equal(model.transform([x])[0], features)
    expected = LogScattering1D(J=5, backend="numpy", n_segments=2).fit_transform(listed)
    np.testing.assert_allclose(together, expected, rtol=1e-10)


@pytest.mark.parametrize("amplitude", [1e-300, 1e-30, 1e30, 1e300])
def test_coefficients_are_linear_in_the_amplitude(amplitude):
    X = noise(400)
    model = Scattering1D(J=5, backend="numba").fit(X)
    np.testing.assert_allclose(
        model.transform(amplitude * X) / amplitude, model.transform(X), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_paths_computed_together_differ_only_in_their_first_filters(n):
    chosen = resolve(3000, J=6, Q=(8, 2), include_order0=True)
    engine = build_engine(chosen, lay_out(chosen, 3000).grid, "float64", NUMBA)
    every = paths_of(chosen)
    paths, bands = engine.cascade.paths[n]
    assert sorted(bands["row"]) == list(range(len(every)))
    assert paths["n_paths"].max() == n
    for path in paths:
        together = every[bands["row"][path["first"] :][: path["n_paths"]]]
        assert set(together["order"]) == {path["order"]}
        if path["order"] < 2:
            first = together["n1"]  # also of the second-order paths that follow
            assert len({tuple(every["n2"][every["n1"] == n1]) for n1 in first}) == 1
        else:
            np.testing.assert_array_equal(together["n1"], first)
            assert len(set(together["n2"])) == 1


# ---------------------------------------------------------------- grids and workspace


@pytest.mark.parametrize(
    ("n_padded", "stride", "expected"),
    [
        (1, 1, False),
        (2, 1, True),
        (64, 64, False),
        (64, 32, True),
        (2**18, 64, True),
        (2**19, 64, False),
    ],
)
def test_very_long_signals_and_envelopes_of_one_sample_are_not_supported(
    n_padded, stride, expected
):
    grid = Grid(n_padded, stride, 0, 1)
    chosen = resolve(64, J=6, T=64, stride=stride)
    assert cascade.supports(chosen, grid) == expected


@pytest.mark.parametrize(
    ("n_padded", "parameters", "expected"),
    [
        (2**16, {}, True),
        (2**17, {}, True),
        (2**18, {}, False),
        (2**18, {"max_order": 1}, True),
        (2**15, {"stride": 1}, False),
        (2**17, {"Q": 16}, False),
    ],
)
def test_bands_of_joint_scattering_that_are_too_large_are_not_supported(
    n_padded, parameters, expected
):
    chosen = resolve(2**14, **{"J": 8, "Q": 8} | parameters, joint=resolve_joint())
    assert cascade.supports(chosen, Grid(n_padded, chosen.stride, 0, 1)) == expected


def test_large_bands_of_joint_scattering_are_computed_by_numpy(monkeypatch):
    chosen = resolve(600, J=5, joint=resolve_joint())
    x = noise(600)
    monkeypatch.setattr(cascade, "MAX_JOINT", 1000)
    np.testing.assert_array_equal(
        scattered(chosen, x, "float64", NUMBA), scattered(chosen, x, "float64")
    )


@pytest.mark.parametrize(("n_times", "Class"), [(1, Cascade), (64, cascade.CompiledCascade)])
def test_signals_on_unsupported_grids_are_computed_by_numpy(n_times, Class):
    chosen = resolve(n_times)
    x = noise(n_times)
    scatter = OfOneLength(chosen, n_times, "float64", NUMBA)
    assert type(scatter.engine.cascade) is Class
    np.testing.assert_allclose(scatter(x), scattered(chosen, x), rtol=0, atol=1e-15)


@pytest.mark.parametrize("joint", [None, resolve_joint(), resolve_joint(F=2, parts="joint")])
def test_bytes_per_signal_cover_workspace_and_result(joint):
    chosen = resolve(8192, joint=joint)
    layout = lay_out(chosen, 8192)
    engine = build_engine(chosen, layout.grid, "float32", NUMBA)
    workspace = sum(a.nbytes for a in engine.cascade._new_workspace())
    S = engine(noise(8192, LANES).astype("float32"), [(slice(0, LANES), layout)], Workspaces())
    n_bytes = workspace + S.nbytes
    assert n_bytes <= LANES * engine.bytes_per_signal < 1.1 * n_bytes
    assert engine.chunk % LANES == 0


def test_workspace_is_reused_by_the_same_cascade_unless_it_is_large(monkeypatch):
    chosen = resolve(64)
    layout = lay_out(chosen, 64)
    engine = build_engine(chosen, layout.grid, "float64", NUMBA)
    allocate, allocated = engine.cascade._new_workspace, []

    def count(n_signals):
        allocated.append(n_signals)
        return allocate(n_signals)

    monkeypatch.setattr(engine.cascade, "_new_workspace", count)
    groups = [(slice(0, 3), layout)]
    workspaces = Workspaces()
    for _ in range(2):
        engine(noise(64), groups, workspaces)
    assert len(allocated) == 1
    monkeypatch.setattr(engine.xp, "kept_bytes", 0)
    workspaces = Workspaces()
    for _ in range(2):
        engine(noise(64), groups, workspaces)
    assert len(allocated) == 3


# ---------------------------------------------------------------- choice of the backend


@pytest.mark.parametrize("installed", [True, False])
def test_auto_takes_numba_where_it_is_installed_else_numpy(installed, monkeypatch):
    monkeypatch.setattr(choice, "has_numba", lambda: installed)
    expected = NUMBA if installed else NUMPY
    assert choose_device("auto", "auto") == choose_device("auto", "cpu") == expected
    X = noise(64)
    features = LogScattering1D().fit_transform(X)
    named = LogScattering1D(backend=expected.backend)
    np.testing.assert_array_equal(features, named.fit_transform(X))


def test_numba_is_found_if_it_compiles(monkeypatch):
    assert HAS_NUMBA()
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert not HAS_NUMBA.__wrapped__()


@pytest.mark.parametrize("error", [ImportError, AttributeError, OSError, SystemError])
@pytest.mark.reliability("Bad input")
def test_auto_does_without_a_broken_numba(error, monkeypatch):
    def find_spec(name, *_):
        if name == "numba":
            raise error("needs another NumPy")

    monkeypatch.delitem(sys.modules, "numba")
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=find_spec)])
    assert not HAS_NUMBA.__wrapped__()


def test_what_computes_is_shown_with_the_progress_and_in_diagrams(monkeypatch, capsys):
    monkeypatch.setattr(choice, "has_numba", lambda: True)
    X = noise(64)
    model = LogScattering1D(verbose=1)
    assert "LogScattering1D (numba)" in estimator_html_repr(make_pipeline(model))
    model.fit_transform(X)
    assert "LogScattering1D (numba): 100%" in capsys.readouterr().err
    assert "LogScattering1D (numba)" in estimator_html_repr(model)


def test_numpy_is_shown_for_signals_that_it_computes(capsys):
    model = Scattering1D(J=0, backend="numba", verbose=1).fit(noise(1))
    assert "Scattering1D (numpy)" in estimator_html_repr(model)
    model.fit_transform([noise(1)[0], noise(2)[0]])
    assert "Scattering1D (numba and numpy): 100%" in capsys.readouterr().err


@pytest.mark.reliability("Bad input")
def test_an_error_says_how_to_install_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ImportError, match=r'pip install "skscatter\[fast\]"'):
        choose_device("numba", "auto")


@pytest.mark.reliability("Bad input")
def test_a_device_other_than_the_cpu_is_refused_in_fit():
    with pytest.raises(ValueError, match="backend='numba' and device='cuda' contradict each other"):
        LogScattering1D(backend="numba", device="cuda").fit(noise(64))


@pytest.mark.reliability("Saved models")
def test_a_pickled_model_needs_numba_only_for_its_backend():
    X = noise(300)
    fitted = LogScattering1D(backend="numba").fit(X)
    code = without("numba") + (
        "import pickle\n"
        "fitted, X = pickle.load(sys.stdin.buffer)\n"
        "try:\n"
        "    fitted.transform(X)\n"
        "except ImportError as error:\n"
        "    message = str(error)\n"
        "features = fitted.set_params(backend='auto').transform(X)\n"
        "pickle.dump((message, features), sys.stdout.buffer)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps((fitted, X)),
        capture_output=True,
        check=True,
    )
    message, features = pickle.loads(done.stdout)
    assert 'pip install "skscatter[fast]"' in message
    np.testing.assert_allclose(features, fitted.transform(X), rtol=1e-10)
