"""The backends that are kymatio's front ends, and what happens without them."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cases import noise, without

from skscatter import LogScattering1D, Scattering1D
from skscatter._backends import kymatio_front_ends
from skscatter._backends.choice import KYMATIO, choose_device
from skscatter._backends.engines import build_engine
from skscatter._scattering.layout import lay_out
from skscatter._scattering.settings import resolve
from skscatter._scattering.workspace import Workspaces

BACKENDS = pytest.mark.parametrize("backend", ["kymatio", "kymatio-torch"])

# Fits and transforms with our own cascade, and with kymatio's front ends.
TRY_ALL = """
import numpy as np
from skscatter import LogScattering1D
X = np.random.default_rng(0).standard_normal((3, 300))
print(LogScattering1D(backend="numpy").fit_transform(X).shape)
for backend in "kymatio", "kymatio-torch":
    model = LogScattering1D(backend=backend).fit(X)
    try:
        model.transform(X)
    except ImportError as error:
        print(error)
"""


def messages(code, *, path=""):
    """Lines that a process prints which runs some code, with a folder first on its path."""
    code = f"import sys; sys.path[:0] = [{str(path)!r}]\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_kymatio_is_not_imported_by_other_backends():
    code = (
        "import sys, numpy as np, skscatter\n"
        "X = np.ones((2, 300))\n"
        "skscatter.LogScattering1D(backend='numpy').fit(X).transform(X)\n"
        "print('kymatio' in sys.modules)\n"
    )
    assert messages(code) == ["False"]


def test_everything_else_works_without_kymatio():
    shape, *errors = messages(without("kymatio") + TRY_ALL)
    assert shape == "(3, 328)"
    assert len(errors) == 2
    for error in errors:
        assert "backend='kymatio' and backend='kymatio-torch' need kymatio 0.3.x" in error
        assert "importing it fails (ModuleNotFoundError: kymatio)" in error
        assert "any other backend; those work without kymatio" in error


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("__version__ = '0.4.0'", "kymatio 0.4.0 is installed"),
        ("", "kymatio of unknown version is installed"),
        ("__version__ = '0.3.0'", "No module named 'kymatio.scattering1d'"),
        ("from scipy.special import sph_harm_of_old", "ImportError: cannot import name"),
        ("import numpy; numpy.float_of_old", "AttributeError: module 'numpy' has no attribute"),
    ],
)
def test_everything_else_works_with_a_kymatio_of_other_front_ends(source, found, tmp_path):
    (tmp_path / "kymatio").mkdir()
    (tmp_path / "kymatio" / "__init__.py").write_text(source)
    shape, *errors = messages(TRY_ALL, path=tmp_path)
    assert shape == "(3, 328)"
    assert len(errors) == 2
    for error in errors:
        assert found in error
        assert "Accepted: kymatio 0.3.x" in error


@BACKENDS
@pytest.mark.reliability("Bad input")
def test_missing_kymatio_is_asked_for(backend, monkeypatch):
    monkeypatch.setitem(sys.modules, "kymatio", None)
    fitted = LogScattering1D(backend=backend).fit(noise(64))  # fitting does not need it
    with pytest.raises(ImportError, match=r'fails .*pip install "kymatio~=0\.3\.0"'):
        fitted.transform(noise(64))


def test_the_stand_in_for_kymatio_is_the_one_that_is_imported(tmp_path):
    # What the tests above rely on.
    (tmp_path / "kymatio").mkdir()
    (tmp_path / "kymatio" / "__init__.py").write_text("")
    (file,) = messages("import kymatio; print(kymatio.__file__)", path=tmp_path)
    assert Path(file).parent.parent == tmp_path


def test_tensors_ask_for_kymatio_too(monkeypatch):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    monkeypatch.setattr(kymatio_front_ends, "KNOWN_RELEASES", "0.2.")
    assert choose_device("torch", "auto", torch.ones(2, 50)) == ("torch", "cpu")
    with pytest.raises(ImportError, match=r"need kymatio 0\.2\.x, but kymatio .* is installed"):
        choose_device("kymatio", "auto", torch.ones(2, 50))


@BACKENDS
@pytest.mark.parametrize(
    ("parameters", "accepted"),
    [({"padding": "zero"}, "padding='reflect'"), ({"subsampling": "critical"}, "'standard'")],
)
@pytest.mark.reliability("Bad input")
def test_what_kymatio_does_not_have_is_refused(backend, parameters, accepted):
    X = noise(64)
    ((name, value),) = parameters.items()
    message = re.escape(f"{name}={value!r} is not available with backend={backend!r}")
    with pytest.raises(ValueError, match=f"{message}.*Accepted: .*{accepted}"):
        LogScattering1D(backend=backend, **parameters).fit(X)
    fitted = LogScattering1D(**parameters).fit(X).set_params(backend=backend)
    for method in fitted.transform, fitted.scatter:
        with pytest.raises(ValueError, match=message):
            method(X)


@pytest.mark.reliability("Bad input")
def test_kymatios_numpy_front_end_computes_on_the_cpu():
    with pytest.raises(ValueError, match=r"backend='kymatio' and device='cuda'.*'kymatio-torch'"):
        LogScattering1D(backend="kymatio", device="cuda").fit(noise(64))


@pytest.mark.reliability("Bad input")
def test_kymatio_cannot_take_one_sample():
    with pytest.raises(ValueError, match=r"1 sample.*Accepted: at least 2 samples, or another"):
        Scattering1D(backend="kymatio").fit(np.ones((1, 1))).transform(np.ones((1, 1)))


def test_frames_beyond_a_signals_own_are_zero():
    settings = resolve(701, J=3, Q=1)
    layout = lay_out(settings, 701)
    assert layout.n_frames < layout.grid.n_frames
    engine = build_engine(settings, layout.grid, "float64", KYMATIO)
    junk = engine.xp.empty((3, 50, layout.grid.n_frames))
    junk[:] = np.nan
    del junk
    S = engine(noise(701), [(slice(0, 3), layout)], Workspaces())
    assert not S[..., layout.n_frames :].any()


def test_features_at_fine_strides_are_kept_apart_from_ours(tmp_path):
    # There the two differ by aliasing: a cache must not return one for the other.
    X = noise(600)
    ours, theirs = (
        Scattering1D(J=4, stride=1, memory=tmp_path, backend=backend).fit_transform(X)
        for backend in ("numpy", "kymatio")
    )
    assert not np.array_equal(ours, theirs)
    np.testing.assert_allclose(ours, theirs, rtol=0.01)


@pytest.mark.reliability("Bad input")
def test_another_release_is_named_in_the_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "kymatio", SimpleNamespace(__version__="0.4.0"))
    with pytest.raises(
        ImportError, match=r"need kymatio 0\.3\.x, but kymatio 0\.4\.0 is installed"
    ):
        LogScattering1D(backend="kymatio").fit(noise(64)).transform(noise(64))
