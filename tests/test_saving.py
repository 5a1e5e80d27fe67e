"""Models that are saved, moved, and read by other versions."""

import json
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from cases import noise
from make_saved import FOLDER, MODELS
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skscatter
from skscatter import LogScattering1D, Scattering1D, ScatteringClassifier, SelectPaths
from skscatter._estimators import saving as _saving

pytestmark = pytest.mark.reliability("Saved models")

# What a model of this library names beside the types that skops trusts by itself.
TRUSTED = {
    "skscatter.SelectPaths",
    "skscatter.LogScattering1D",
    "skscatter.Scattering1D",
    "skscatter.ScatteringClassifier",
    "skscatter.WaveletPPV",
}

KEPT = sorted(path for path in FOLDER.glob("*/*.pickle") if path.parent.name != "0.1.0")
OF_0_1_0 = sorted(FOLDER.glob("0.1.0/*.pickle"))


def fitted(transformer, n_times=300):
    X = noise(n_times, 20)
    model = make_pipeline(transformer, StandardScaler(), LogisticRegression())
    return model.fit(X, np.arange(20) % 2), X


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_models_of_every_release_are_read_and_give_the_same_features(path):
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    model = pickle.loads(path.read_bytes())
    _, signals = MODELS[path.stem]
    assert model.get_feature_names_out().tolist() == expected["names"]
    np.testing.assert_allclose(
        model.transform(signals[:1]), np.array(expected["features"]), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("path", OF_0_1_0, ids=lambda path: path.stem)
def test_models_of_0_1_0_are_refused_with_a_sentence(path):
    with pytest.raises(
        ValueError, match=r"was saved by skscatter 0.1.0 with .*. skscatter .* cannot read it. Fit"
    ):
        pickle.loads(path.read_bytes())


def test_models_of_this_release_are_kept():
    kept = {path.stem for path in KEPT if path.parent.name == skscatter.__version__}
    assert kept == set(MODELS)


@pytest.mark.parametrize("save", ["joblib", "pickle", "skops"])
@pytest.mark.parametrize(
    "transformer",
    [LogScattering1D(), Scattering1D(Q=(4, 2)), SelectPaths(LogScattering1D(), order=1)],
    ids=lambda transformer: type(transformer).__name__,
)
def test_a_model_predicts_the_same_in_another_process(save, transformer, tmp_path):
    model, X = fitted(transformer)
    np.save(tmp_path / "X.npy", X)
    if save == "skops":
        dump = pytest.importorskip("skops.io", reason="needs skops").dump
        load = f"skops.io.load('model', trusted={sorted(TRUSTED)})"
    else:
        dump = {"joblib": joblib.dump, "pickle": lambda m, p: p.write_bytes(pickle.dumps(m))}[save]
        load = {"joblib": "joblib.load('model')", "pickle": "pickle.load(open('model', 'rb'))"}[
            save
        ]
    dump(model, tmp_path / "model")
    module = "skops.io" if save == "skops" else save
    code = (
        f"import {module}, numpy as np\n"
        f"model = {load}\n"
        "np.save('out.npy', model.predict_proba(np.load('X.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), model.predict_proba(X), rtol=1e-12)


def test_skops_needs_to_trust_no_more_than_is_documented():
    io = pytest.importorskip("skops.io", reason="needs skops")
    for transformer in (LogScattering1D(), Scattering1D(), SelectPaths(Scattering1D())):
        for model in (fitted(transformer)[0], transformer, transformer.fit([*noise(300)])):
            assert set(io.get_untrusted_types(data=io.dumps(model))) <= TRUSTED
    classifier = ScatteringClassifier(classifier=RidgeClassifier())
    classifier.fit(noise(300, 20), np.arange(20) % 2)
    assert set(io.get_untrusted_types(data=io.dumps(classifier))) <= TRUSTED


def test_models_hold_parameters_and_no_filters():
    model = LogScattering1D(J=12, Q=(16, 2)).fit(np.ones((1, 2**14)))
    model.transform(np.ones((1, 2**14)))
    assert len(pickle.dumps(model)) < 1500


def test_parameters_that_came_later_get_their_defaults():
    state = LogScattering1D(J=5).fit(noise(300)).__getstate__()
    del state["padding"], state["log_stage"]
    state["_skscatter_version"] = "0.0.1"
    model = LogScattering1D.__new__(LogScattering1D)
    model.__setstate__(state)
    assert (model.J, model.padding, model.log_stage) == (5, "reflect", "frames")
    np.testing.assert_array_equal(
        model.transform(noise(300)), LogScattering1D(J=5).fit_transform(noise(300))
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"_state_version": 99}, ["skscatter 7.0", "Fit it again"]),
        ({"wavelet": "chirp"}, ["skscatter 7.0 with the parameters wavelet", "Fit it again"]),
        ({"_state_version": None}, ["skscatter 7.0", "Fit it again"]),
    ],
)
@pytest.mark.parametrize("transformer", [LogScattering1D(), SelectPaths(Scattering1D())])
def test_models_that_cannot_be_read_are_refused_with_a_sentence(transformer, change, words):
    state = transformer.fit(noise(300)).__getstate__() | {"_skscatter_version": "7.0"} | change
    model = type(transformer).__new__(type(transformer))
    with pytest.raises(ValueError, match=type(transformer).__name__) as caught:
        model.__setstate__(state)
    for word in [*words, f"skscatter {skscatter.__version__} cannot read it"]:
        assert word in str(caught.value)


def test_models_whose_state_has_another_meaning_are_refused(monkeypatch):
    data = pickle.dumps(LogScattering1D().fit(noise(300)))
    monkeypatch.setattr(_saving, "STATE", 99)
    with pytest.raises(ValueError, match=f"was saved by skscatter {skscatter.__version__}"):
        pickle.loads(data)


def test_subclasses_keep_what_they_add():
    model = pickle.loads(pickle.dumps(WithExtras(J=4, colour="red").fit(noise(300))))
    assert (model.J, model.colour, model.note) == (4, "red", "kept")


class WithExtras(LogScattering1D):
    def __init__(self, *, J=None, colour="blue"):
        super().__init__(J=J)
        self.colour = colour
        self.note = "kept"
