import contextlib
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sklearn
from cases import (
    CASES,
    PRECISIONS,
    OfOneLength,
    kymatio,
    name_of,
    noise,
    relative_error,
    scattered,
    without,
)
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D, Scattering1D, SelectPaths
from skscatter._backends import choice
from skscatter._backends.choice import KYMATIO, NUMBA, NUMPY, Device, choose_device, namespace_on
from skscatter._backends.engines import get_engine
from skscatter._backends.numpy_arrays import NumpyNamespace
from skscatter._backends.torch_arrays import TorchNamespace
from skscatter._execution.blocks import group_by_length
from skscatter._scattering.amplitude import to_unit_magnitude
from skscatter._scattering.layout import lay_out
from skscatter._scattering.paths import paths_of
from skscatter._scattering.pooling import STATISTICS, pool
from skscatter._scattering.settings import resolve

torch = pytest.importorskip("torch", reason='needs PyTorch: pip install "skscatter[torch]"')

CPU = Device("torch", "cpu")
HAS_CUDA = choice.has_cuda  # tests replace it
BOTH = pytest.mark.parametrize("Transformer", [Scattering1D, LogScattering1D])


@pytest.fixture(params=["cpu", "cuda"])
def device(request):
    """Every device to compare on; those that the machine does not have are skipped."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return request.param


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Keep PyTorch's threads from waiting for each other on cores that others use."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def dispatch():
    with sklearn.config_context(array_api_dispatch=True):
        yield


def signals(n_signals=7, n_times=300, dtype=np.float64):
    return np.random.default_rng(0).standard_normal((n_signals, n_times)).astype(dtype)


# ---------------------------------------------------------------- the same numbers


@pytest.mark.parametrize("backend", ["torch", "kymatio-torch"])
@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_coefficients_are_those_of_kymatio_on_numpy(case, dtype, tolerance, backend, device):
    n_times, parameters = case
    settings = resolve(n_times, include_order0=True, **parameters)
    x = noise(n_times)
    reference = kymatio(settings, x)
    scatter = OfOneLength(settings, n_times, dtype, choose_device(backend, device))
    xp = scatter.engine.xp
    S = xp.to_numpy(scatter(xp.load(x.astype(dtype))))
    assert S.dtype == dtype
    order = paths_of(settings)["order"]
    for k in np.unique(order):
        assert relative_error(S[:, order == k], reference[:, order == k]) < tolerance


@pytest.mark.parametrize("padding", ["reflect", "zero", "periodic"])
@pytest.mark.parametrize("subsampling", ["standard", "critical"])
@pytest.mark.parametrize("stride", [None, 4, 256])
def test_coefficients_are_those_of_numpy(padding, subsampling, stride):
    settings = resolve(
        700, J=6, stride=stride, padding=padding, subsampling=subsampling, filter_gain="kymatio-0.3"
    )
    x = noise(700)
    S = scattered(settings, torch.tensor(x), "float64", CPU)
    np.testing.assert_allclose(S, scattered(settings, x), rtol=0, atol=1e-14)


@BOTH
@pytest.mark.parametrize("backend", ["torch", "kymatio-torch"])
@pytest.mark.parametrize("input_scaling", [None, "max", "rms"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-5)])
def test_features_are_those_of_numpy(Transformer, backend, input_scaling, dtype, tolerance, device):
    X = signals(dtype=dtype)
    parameters = {"input_scaling": input_scaling, "pooling": tuple(STATISTICS), "n_segments": 3}
    expected = Transformer(backend="numpy", **parameters).fit_transform(X)
    features = Transformer(backend=backend, device=device, **parameters).fit_transform(X)
    assert isinstance(features, np.ndarray)
    assert features.dtype == dtype
    np.testing.assert_allclose(features, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scaling_is_that_of_numpy(dtype):
    info = np.finfo(dtype)
    sizes = [0, info.smallest_subnormal, info.tiny, 1e-30, 0.3, 0.5, 1, 4, 1e30, info.max]
    X = np.array([[-size, size / 4] for size in sizes], dtype)
    runs = group_by_length(resolve(2), np.full(len(X), 2))
    for input_scaling in None, "max", "rms":
        scaled, gain = to_unit_magnitude(
            namespace_on(CPU, dtype), torch.tensor(X), runs, input_scaling
        )
        expected, expected_gain = to_unit_magnitude(NumpyNamespace(dtype), X, runs, input_scaling)
        np.testing.assert_allclose(scaled[1:], expected[1:], rtol=4 * info.eps)
        np.testing.assert_array_equal(scaled[0], 0)
        if input_scaling is None:
            np.testing.assert_array_equal(gain[1:], expected_gain[1:])


@pytest.mark.parametrize("n_frames", [1, 2, 9, 10])
@pytest.mark.parametrize("n_segments", [1, 2, 3])
def test_statistics_are_those_of_numpy(n_frames, n_segments):
    S = np.random.default_rng(0).integers(0, 5, (3, 4, n_frames)).astype(float)
    statistics = tuple(STATISTICS)
    pooled = pool(namespace_on(CPU, "float64"), torch.tensor(S), statistics, n_segments)
    expected = pool(NumpyNamespace("float64"), S, statistics, n_segments)
    np.testing.assert_allclose(pooled, expected, atol=1e-14)


@pytest.mark.parametrize(
    "dtype", ["int8", "int16", "uint16", "uint8", "bool", "float16", ">i2", "longdouble"]
)
def test_numbers_of_other_kinds_are_computed_in_float64(dtype):
    X = np.random.default_rng(0).integers(0, 2, (3, 200)).astype(dtype)
    features = LogScattering1D(backend="torch", device="cpu").fit_transform(X)
    assert features.dtype == np.float64
    np.testing.assert_allclose(features, LogScattering1D().fit_transform(X), rtol=1e-10)


def test_memory_layout_does_not_matter_and_signals_are_left_alone():
    X = signals()
    transformer = LogScattering1D(backend="torch", device="cpu").fit(X)
    expected = transformer.transform(X)
    frozen, wide = X.copy(), np.zeros((14, 600))
    frozen.flags.writeable = False
    wide[::2, ::2] = X
    for same in frozen, np.asfortranarray(X), wide[::2, ::2], np.ascontiguousarray(X[::-1])[::-1]:
        np.testing.assert_array_equal(transformer.transform(same), expected)


@pytest.mark.parametrize("batch_size", [None, 1, 3])
def test_how_the_work_is_divided_does_not_change_the_features(batch_size, monkeypatch):
    X = signals()
    expected = LogScattering1D().fit_transform(X)
    transformer = LogScattering1D(backend="torch", device="cpu", batch_size=batch_size, n_jobs=2)
    np.testing.assert_allclose(transformer.fit_transform(X), expected, rtol=1e-12, atol=1e-14)


# ---------------------------------------------------------------- precision


@pytest.mark.parametrize("allow", ["high", "medium"])
def test_products_stay_exact_where_the_user_allows_coarse_ones(allow, monkeypatch):
    xp = namespace_on(CPU, "float32")
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype("float32") for shape in [(50, 60), (60, 70)])
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(allow)
    try:
        assert not xp._products_are_exact()
        out = xp.empty((50, 70))
        xp.matmul(torch.tensor(a), torch.tensor(b), out=out)
        mixed = xp.empty_complex((50, 70))
        xp.mix(xp.complex_matrix(1j * a), torch.tensor(b) + 0j, out=mixed)
        assert torch.get_float32_matmul_precision() == allow
    finally:
        torch.set_float32_matmul_precision(before)
    assert xp._products_are_exact()
    np.testing.assert_allclose(out, a.astype(float) @ b.astype(float), rtol=0, atol=1e-5)
    np.testing.assert_allclose(mixed, 1j * (a.astype(float) @ b.astype(float)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("precision", ["highest", "high"])
def test_versions_of_torch_with_one_setting_for_all_products_are_asked_for_it(precision):
    xp = TorchNamespace("float32", "cpu")
    xp._torch = SimpleNamespace(
        backends=SimpleNamespace(), get_float32_matmul_precision=lambda: precision
    )
    assert xp._products_are_exact() == (precision == "highest")


def test_surroundings_do_not_change_the_features(dispatch):
    X = torch.tensor(signals(dtype="float32"))
    transformer = LogScattering1D(pooling=("mean", "std")).fit(X)
    expected = transformer.transform(X)
    get_engine.cache_clear()
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.inference_mode():
        inside = transformer.transform(X)
    torch.testing.assert_close(inside, expected, rtol=0, atol=0)
    torch.testing.assert_close(transformer.transform(X), expected, rtol=0, atol=0)


# ---------------------------------------------------------------- tensors in, tensors out


@BOTH
@pytest.mark.parametrize("backend", ["numpy", "kymatio"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensors_give_tensors(Transformer, backend, dtype, device, dispatch):
    X = signals(dtype=dtype)
    tensor = torch.tensor(X, device=device)
    transformer = Transformer(pooling=tuple(STATISTICS), backend=backend).fit(X)
    for method in transformer.transform, transformer.scatter:
        result, expected = method(tensor), method(X)
        assert result.device == tensor.device
        assert isinstance(result, torch.Tensor)
        assert result.dtype == getattr(torch, dtype)
        assert result.shape == expected.shape
        np.testing.assert_allclose(result.cpu(), expected, rtol=1e-4, atol=1e-5)


def test_fitted_on_tensors_means_used_on_tensors(dispatch):
    X = signals()
    transformer = LogScattering1D().fit(torch.tensor(X))
    transformer.transform(torch.tensor(X))
    for method in "transform", "scatter":
        with pytest.raises(ValueError, match=rf"LogScattering1D.{method}\(\) must use the same"):
            getattr(transformer, method)(X)
    with sklearn.config_context(array_api_dispatch=False):  # as on a machine without a GPU
        assert isinstance(transformer.transform(X), np.ndarray)


def test_without_dispatch_tensors_are_converted_as_scikit_learn_does():
    X = signals()
    features = LogScattering1D().fit(torch.tensor(X)).transform(torch.tensor(X))
    assert isinstance(features, np.ndarray)
    np.testing.assert_array_equal(features, LogScattering1D().fit_transform(X))


def test_integer_tensors_are_computed_in_float64(dispatch):
    X = np.random.default_rng(0).integers(-100, 100, (3, 200))
    features = LogScattering1D().fit_transform(torch.tensor(X))
    assert features.dtype == torch.float64
    np.testing.assert_allclose(features, LogScattering1D().fit_transform(X), rtol=1e-10)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float8_e5m2"])
@pytest.mark.parametrize("array_api_dispatch", [False, True])
def test_tensors_of_lower_precision_are_computed_in_float64(dtype, array_api_dispatch):
    X = torch.tensor(signals(n_times=200)).to(getattr(torch, dtype))
    exact = X.double().numpy()
    fitted = LogScattering1D(J=4).fit(X)
    for method in "transform", "scatter":
        expected = getattr(LogScattering1D(J=4).fit(exact), method)(exact)
        with sklearn.config_context(array_api_dispatch=array_api_dispatch):
            result = getattr(fitted, method)(X)
        assert isinstance(result, torch.Tensor if array_api_dispatch else np.ndarray)
        assert str(result.dtype).endswith("float64")
        np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-14)
    features = LogScattering1D(J=4).fit_transform(list(X))
    np.testing.assert_allclose(features, LogScattering1D(J=4).fit_transform(exact), rtol=1e-10)


@pytest.mark.parametrize("array_api_dispatch", [False, True])
@pytest.mark.parametrize("n_dimensions", [2, 3])
@pytest.mark.reliability("Bad input")
def test_gradients_are_refused_and_not_lost(n_dimensions, array_api_dispatch):
    X = torch.tensor(signals()).reshape([7, *[1] * (n_dimensions - 2), 300])
    fitted, wanted = LogScattering1D().fit(X), X.clone().requires_grad_()
    with sklearn.config_context(array_api_dispatch=array_api_dispatch):
        for call in (
            LogScattering1D().fit,
            fitted.transform,
            fitted.scatter,
            lambda X: list(fitted.transform_batches([X])),
        ):
            for tensor in wanted, 2 * wanted:
                with pytest.raises(ValueError, match=r"X .*gradients.* Accepted: X\.detach\(\)"):
                    call(tensor)
        expected = np.asarray(fitted.transform(X))
        for same in wanted.detach(), wanted.data:
            np.testing.assert_array_equal(fitted.transform(same), expected)
        with torch.no_grad():  # nobody expects any
            np.testing.assert_array_equal(fitted.transform(wanted), expected)
    with pytest.raises(ValueError, match=r"X\[1\] .*gradients.* Accepted: X\[1\]\.detach\(\)"):
        LogScattering1D().fit([X[0], wanted[1]])


@pytest.mark.parametrize("array_api_dispatch", [False, True])
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("sparse", lambda X: X.to_sparse()),
        ("sparse", lambda X: X.to_sparse_csr()),
        ("meta", lambda X: X.to("meta")),
        ("quantized", lambda X: torch.quantize_per_tensor(X.float(), 0.1, 0, torch.qint8)),
        ("nested", lambda X: torch.nested.nested_tensor([X[0], X[1, :50]])),
    ],
)
@pytest.mark.filterwarnings("ignore")  # PyTorch's, about how stable these kinds are
@pytest.mark.reliability("Bad input")
def test_tensors_that_are_not_dense_are_refused(kind, make, array_api_dispatch):
    X = torch.tensor(signals())
    fitted = LogScattering1D().fit(X)
    with (
        sklearn.config_context(array_api_dispatch=array_api_dispatch),
        pytest.raises(ValueError, match=f"X is a {kind} tensor. Accepted: a dense tensor"),
    ):
        fitted.transform(make(X))


def test_tensors_that_are_computed_when_they_are_read_are_read(dispatch):
    X = torch.tensor(signals())
    negative = torch.complex(X, -X).conj().imag
    assert negative.is_neg()
    for array_api_dispatch in False, True:
        with sklearn.config_context(array_api_dispatch=array_api_dispatch):
            features = LogScattering1D().fit_transform(negative)
        np.testing.assert_allclose(features, LogScattering1D().fit_transform(X.numpy()))


def test_devices_of_single_precision_ask_for_it():
    class OnMps:
        requires_grad = is_nested = is_quantized = is_meta = False
        layout, dtype, device = torch.strided, torch.bfloat16, torch.device("mps")

        def is_complex(self):
            return False

        def is_floating_point(self):
            return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "Tensor", OnMps)
        with pytest.raises(ValueError, match=r"X is of torch.bfloat16 .*'mps'.* X\.float\(\)"):
            choice.check_tensor("X", OnMps())


# With NumPy the bits of a signal do not depend on other signals, with PyTorch they do.
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-5)])
@pytest.mark.parametrize("n_times", [100, 997, 5000])
def test_features_of_a_signal_depend_on_others_by_no_more_than_rounding(n_times, dtype, tolerance):
    X = signals(9, n_times, dtype)
    fitted = LogScattering1D(backend="torch", device="cpu", pooling=("mean", "std")).fit(X)
    together = fitted.transform(X)
    alone = np.concatenate([fitted.transform(x[np.newaxis]) for x in X])
    np.testing.assert_allclose(alone, together, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (torch.full((2, 50), torch.nan), "NaN"),
        (torch.full((2, 50), torch.inf), "infinity"),
        (torch.ones(2, 50, dtype=torch.complex64), "Complex data not supported: X is of torch"),
        (torch.ones(50), "Expected 2D array, got 1D"),
        (torch.ones(2, 49), "has 49 features, but .* is expecting 50"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_tensors_that_do_not_hold_signals_are_refused(X, message, dispatch):
    fitted = LogScattering1D().fit(torch.ones(2, 50))
    with pytest.raises(ValueError, match=message):
        fitted.transform(X)


def test_pipeline_stays_on_torch(dispatch):
    from sklearn.linear_model import Ridge

    X, y = signals(20), np.arange(20.0)
    pipe = make_pipeline(LogScattering1D(), StandardScaler(), Ridge(solver="svd"))
    predicted = clone(pipe).fit(torch.tensor(X), torch.tensor(y)).predict(torch.tensor(X))
    assert isinstance(predicted, torch.Tensor)
    np.testing.assert_allclose(predicted, pipe.fit(X, y).predict(X), rtol=1e-8)


def test_arrays_of_other_libraries_are_given_back_as_such(dispatch):
    xp = pytest.importorskip("array_api_strict")
    X = signals()
    for backend in "numpy", "torch":
        transformer = LogScattering1D(backend=backend, device="cpu")
        for device in "CPU_DEVICE", "device1":
            strict = xp.asarray(X, device=xp.Device(device))
            features = transformer.fit(strict).transform(strict)
            assert features.device == xp.Device(device)
            np.testing.assert_allclose(
                np.from_dlpack(features), LogScattering1D().fit_transform(X), rtol=1e-10
            )


def test_arrays_on_a_device_are_converted_by_torch(dispatch, monkeypatch):
    xp = pytest.importorskip("array_api_strict")
    monkeypatch.setattr(choice, "DLPACK_CPU", "another device")
    strict = xp.asarray(signals())
    adopted, give_back = choice.adopt(strict)
    assert isinstance(adopted, torch.Tensor)
    assert isinstance(give_back(adopted), type(strict))
    features = SelectPaths(LogScattering1D(), order=1).fit_transform(strict)
    expected = SelectPaths(LogScattering1D(), order=1).fit_transform(signals())
    np.testing.assert_allclose(np.from_dlpack(features), expected, rtol=1e-10)


def test_the_torch_backend_returns_data_frames():
    X = signals()
    transformer = LogScattering1D(backend="torch", device="cpu").set_output(transform="pandas")
    frame = transformer.fit_transform(X)
    assert isinstance(frame, pd.DataFrame)
    np.testing.assert_allclose(frame, LogScattering1D().fit_transform(X), rtol=1e-10)


# ---------------------------------------------------------------- which backend, which device


@pytest.mark.parametrize(
    ("backend", "device", "cuda", "chosen"),
    [
        ("auto", "auto", False, NUMBA),
        ("auto", "auto", True, Device("torch", "cuda:0")),
        ("auto", "cpu", True, NUMBA),
        ("auto", "cuda:1", True, Device("torch", "cuda:1")),
        ("auto", "mps", False, Device("torch", "mps:0")),
        ("numpy", "auto", True, NUMPY),
        ("numpy", "cpu", True, NUMPY),
        ("torch", "auto", False, CPU),
        ("torch", "auto", True, Device("torch", "cuda:0")),
        ("torch", "cpu", True, CPU),
        ("kymatio", "auto", True, KYMATIO),
        ("kymatio-torch", "auto", False, Device("kymatio-torch", "cpu")),
        ("kymatio-torch", "auto", True, Device("kymatio-torch", "cuda:0")),
        ("kymatio-torch", "cuda:1", True, Device("kymatio-torch", "cuda:1")),
    ],
)
def test_the_backend_and_the_device_are_chosen(backend, device, cuda, chosen, monkeypatch):
    class Found:
        def __init__(self, _, device):
            index = "" if device.type == "cpu" else f":{device.index or 0}"
            self.device = device.type + index

    if chosen == NUMBA:
        pytest.importorskip("numba", reason="needs numba")
    monkeypatch.setattr(choice, "has_cuda", HAS_CUDA)
    monkeypatch.setattr(choice, "has_numba", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch, "empty", Found)
    assert choose_device(backend, device) == chosen


@pytest.mark.parametrize(
    ("backend", "chosen"),
    [
        ("auto", "torch"),
        ("numpy", "torch"),
        ("numba", "torch"),
        ("torch", "torch"),
        ("kymatio", "kymatio-torch"),
        ("kymatio-torch", "kymatio-torch"),
    ],
)
def test_torch_computes_tensors_on_their_own_device(backend, chosen, device):
    X = torch.zeros(1, 4, device=device)
    assert choose_device(backend, "auto", X) == (chosen, str(X.device))


def test_the_device_is_shown_with_the_progress(capsys):
    LogScattering1D(backend="torch", device="cpu", verbose=1).fit_transform(np.ones((2, 64)))
    assert "LogScattering1D (torch, cpu): 100%" in capsys.readouterr().err


@pytest.mark.parametrize("installed", [False, True])
@pytest.mark.parametrize("driver", [False, True])
def test_torch_is_imported_only_where_it_may_find_a_gpu(installed, driver):
    code = (
        "import sys\n"
        "from skscatter._backends import choice\n"
        f"choice.has_gpu_driver = lambda: {driver}\n"
        "assert choice.choose_device('auto', 'auto')\n"
        "print('torch' in sys.modules)\n"
    )
    code = code if installed else without("torch") + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(installed and driver)]


def test_a_driver_is_looked_for_where_there_may_be_one(monkeypatch):
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter([pattern] * (pattern == "kfd")))
    assert choice.has_gpu_driver()
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter([]))
    for platform, expected in ("linux", False), ("darwin", False), ("win32", True):
        monkeypatch.setattr(sys, "platform", platform)
        assert choice.has_gpu_driver() == expected


def test_torch_is_not_asked_on_a_machine_without_a_driver(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(choice, "has_gpu_driver", lambda: False)
    assert not HAS_CUDA()
    assert "torch" not in sys.modules


def test_a_torch_that_cannot_be_imported_sees_no_gpu(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not HAS_CUDA()


@BOTH
@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (
            {"backend": "jax"},
            ValueError,
            "backend='jax'.*'auto', 'numpy', 'numba', 'torch', 'kymatio'",
        ),
        (
            {"backend": "numpy", "device": "cuda"},
            ValueError,
            "backend='numpy' and device='cuda' .*Accepted: device='auto'",
        ),
        ({"device": 0}, TypeError, "device=0 must be a string"),
        ({"device": torch.device("cpu")}, TypeError, r"device=device\(type='cpu'\) must be"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_choices_are_refused_in_fit(Transformer, parameters, error, message):
    with pytest.raises(error, match=message):
        Transformer(**parameters).fit(signals())


@BOTH
@pytest.mark.parametrize("device", ["cuda", "cuda:31", "mps", "xpu"])
@pytest.mark.reliability("Bad input")
def test_devices_that_are_not_there_are_named(Transformer, device, monkeypatch):
    def refuse(*args, **kwargs):
        raise NotImplementedError("no such backend") if device == "mps" else AssertionError("no")

    fitted = Transformer(device=device).fit(signals())  # fitting asks no device
    monkeypatch.setattr(torch, "empty", refuse)
    for method in fitted.transform, fitted.scatter:
        with pytest.raises(RuntimeError, match=rf"device='{device}' .* set_params\(device='auto'"):
            method(signals())
    monkeypatch.undo()
    fitted.set_params(device="cpu").transform(signals())


@pytest.mark.reliability("Bad input")
def test_names_that_are_not_devices_are_refused():
    with pytest.raises(ValueError, match="device='gpu' is not a device of PyTorch"):
        LogScattering1D(device="gpu").fit_transform(signals())


@pytest.mark.parametrize(
    "parameters", [{"backend": "torch"}, {"device": "cuda"}, {"backend": "kymatio-torch"}]
)
@pytest.mark.reliability("Bad input")
def test_missing_torch_is_asked_for(parameters, monkeypatch):
    fitted = LogScattering1D(**parameters).fit(signals())
    monkeypatch.setitem(sys.modules, "torch", None)
    backend = parameters.get("backend", "torch")
    with pytest.raises(ImportError, match=rf'{backend}.*pip install "skscatter\[torch\]"'):
        fitted.transform(signals())


def test_devices_of_single_precision_say_so():
    with pytest.raises(ValueError, match=r"device='mps' computes in float32 only.*'float32'"):
        namespace_on(Device("torch", "mps"), "float64")


@BOTH
@pytest.mark.reliability("Saved models")
def test_models_hold_no_tensors_and_change_devices_without_fitting(Transformer):
    X = signals()
    fitted = Transformer(backend="torch", device="cpu").fit(X)
    expected = fitted.transform(X)
    code = without("torch") + (
        "import pickle\n"
        "fitted, X = pickle.load(sys.stdin.buffer)\n"
        "pickle.dump(fitted.set_params(backend='auto').transform(X), sys.stdout.buffer)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps((fitted, X)),
        capture_output=True,
        check=True,
    )
    np.testing.assert_allclose(pickle.loads(done.stdout), expected, rtol=1e-10)


# ---------------------------------------------------------------- memory and workers


class Stream:
    """What `TorchNamespace` asks of a CUDA stream."""

    def __init__(self, device=None):
        self.waits, self.broken = 0, False

    def synchronize(self):
        self.waits += 1
        if self.broken:
            raise RuntimeError("illegal memory access")


@pytest.fixture
def cuda_namespace(monkeypatch):
    """A namespace that behaves as if there were a CUDA device."""
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", contextlib.nullcontext)
    return TorchNamespace("float32", "cuda:0")


def test_blocks_from_numpy_have_a_stream_for_themselves(cuda_namespace):
    xp = cuda_namespace
    streams = set()
    for _ in range(3):  # they come back
        with xp.working(from_numpy=True), xp.working(from_numpy=True):
            assert xp._streams.empty()
        pair = [xp._streams.get(), xp._streams.get()]
        streams.update(pair)
        for stream in pair:
            xp._streams.put(stream)
    assert len(streams) == xp.n_workers == 2
    assert all(stream.waits == 3 for stream in streams)


@pytest.mark.parametrize("error", [MemoryError, RuntimeError, KeyboardInterrupt])
def test_streams_come_back_after_errors(error, cuda_namespace):
    xp = cuda_namespace
    for _ in range(5):
        with pytest.raises(error), xp.working(from_numpy=True):
            raise error
    stream = xp._streams.get()
    stream.broken = True
    xp._streams.put(stream)
    for _ in range(5):  # an error on the device shows when it is waited for
        with contextlib.suppress(RuntimeError), xp.working(from_numpy=True):
            pass
    assert xp._streams.qsize() == 2


def test_tensors_stay_on_the_stream_of_the_caller(cuda_namespace, monkeypatch):
    current = Stream()
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: current)
    with cuda_namespace.working(from_numpy=False):
        assert cuda_namespace._streams.qsize() == 2
    assert current.waits == 1


def test_blocks_fit_the_memory_that_is_free_on_the_device(cuda_namespace, monkeypatch):
    for name, value in {"memory_reserved": 50, "memory_allocated": 20}.items():
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (60, 1000))
    assert cuda_namespace.free_bytes() == 30
    assert namespace_on(CPU, "float32").free_bytes() is None

    xp, X = namespace_on(CPU, "float64"), signals(9)
    engine = get_engine(
        resolve(X.shape[1]), lay_out(resolve(X.shape[1]), X.shape[1]).grid, "float64", CPU
    )
    asked = []
    monkeypatch.setattr(xp, "free_bytes", lambda: 2.5 * engine.bytes_per_signal)
    monkeypatch.setattr(xp, "load", lambda x, load=xp.load: asked.append(len(x)) or load(x))
    LogScattering1D(backend="torch", device="cpu").fit_transform(X)
    assert max(asked) == 2


def test_a_lack_of_memory_in_the_fft_library_counts_as_one():
    xp = namespace_on(CPU, "float32")
    with pytest.raises(xp.out_of_memory, match="CUFFT_ALLOC"), xp.working(from_numpy=True):
        raise RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED")
    with pytest.raises(RuntimeError, match="other") as caught, xp.working(from_numpy=True):
        raise RuntimeError("other")
    assert not isinstance(caught.value, xp.out_of_memory)


class SmallNamespace(NumpyNamespace):
    """Runs out of memory with more than `capacity` signals."""

    out_of_memory = (MemoryError,)

    def __init__(self, dtype, capacity):
        super().__init__(dtype)
        self.capacity, self.asked, self.inside = capacity, [], threading.Lock()

    def load(self, x):
        with self.inside:
            self.asked.append(len(x))
        if len(x) > self.capacity:
            raise MemoryError("too many signals")
        return super().load(x)


@pytest.mark.parametrize("n_workers", [1, 2])
def test_blocks_that_do_not_fit_are_halved(n_workers, monkeypatch):
    X = signals(33)
    expected = LogScattering1D().fit_transform(X)
    xp = SmallNamespace("float64", capacity=2)
    xp.n_workers = n_workers
    for module in "_backends.engines", "_execution.run":
        monkeypatch.setattr(f"skscatter.{module}.namespace_on", lambda device, dtype: xp)
    get_engine.cache_clear()
    try:
        features = LogScattering1D().fit_transform(X)
        np.testing.assert_allclose(features, expected, rtol=1e-12, atol=1e-14)
        failures = [rows for rows in xp.asked if rows > 2]
        assert 0 < len(failures) <= 4 * n_workers  # and not once for each block
        xp.capacity = 0
        with pytest.raises(MemoryError, match="too many signals"):
            LogScattering1D().fit_transform(X)
    finally:
        get_engine.cache_clear()


def test_torch_computes_in_the_calling_thread_whatever_n_jobs_says(monkeypatch):
    xp, threads = namespace_on(CPU, "float64"), set()
    load = xp.load

    def watched(x):
        threads.add(threading.get_ident())
        return load(x)

    monkeypatch.setattr(xp, "load", watched)
    LogScattering1D(backend="torch", device="cpu", n_jobs=2, batch_size=2).fit_transform(signals())
    assert threads == {threading.get_ident()}
