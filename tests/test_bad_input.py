"""Every parameter of the public interface, with unsuitable values.

`HOSTILE` values go to every parameter of every public function and class. Each value is either in
the parameter's row of `ACCEPTED`, and works, or is refused with an error that names the parameter
and the value.
"""

import hashlib
import inspect
import io
import re
import signal
import zipfile
from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.io import wavfile
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skscatter
import skscatter.datasets
from skscatter import (
    FilterBankDisplay,
    LogScattering1D,
    LogTimeFrequencyScattering,
    PathImportanceDisplay,
    RowStore,
    ScalogramDisplay,
    Scattering1D,
    ScatteringClassifier,
    ScatteringDisplay,
    SelectPaths,
    TimeFrequencyDisplay,
    TimeFrequencyScattering,
    WaveletPPV,
    frame_signal,
)
from skscatter.datasets import (
    clear_data_home,
    fetch_fsdd,
    get_data_home,
    load_recordings,
    load_spoken_digits,
)
from skscatter.datasets.download import Archive

pytestmark = pytest.mark.reliability("Bad input")

HOSTILE = {
    "None": None,
    "True": True,
    "False": False,
    "np.True_": np.True_,
    "-1": -1,
    "0": 0,
    "1": 1,
    "1.5": 1.5,
    "nan": float("nan"),
    "inf": float("inf"),
    "10**30": 10**30,
    "10**400": 10**400,  # more than a float holds
    "''": "",
    "'chirp'": "chirp",
    "'a\\0b'": "a\0b",
    "b'max'": b"max",
    "[]": [],
    "()": (),
    "{}": {},
    "(1, 2, 3)": (1, 2, 3),
    "('mean', 7)": ("mean", 7),
    "1j": 1j,
    "array([1,2])": np.array([1, 2]),
    "pandas": pd.DataFrame({"t0": [1.0, 2.0]}),
    "polars": pl.DataFrame({"t0": [1.0, 2.0]}),
    "Ellipsis": ...,
    "dict": dict,
}

X = np.random.default_rng(0).uniform(-1, 1, (8, 50))
y = np.arange(8) % 2
FITTED = LogScattering1D(J=3).fit(X)
MODEL = make_pipeline(LogScattering1D(J=3), StandardScaler(), LogisticRegression()).fit(X, y)
JOINT = LogTimeFrequencyScattering(J=3).fit(X)
JOINT_MODEL = make_pipeline(JOINT, StandardScaler(), LogisticRegression()).fit(X, y)

REAL = "1 1.5 10**30"  # positive and finite
FLAG = "True False np.True_"
NUMBERS_FROM_1 = "1 10**30 10**400"
PATHS = "'chirp'"

SHARED = {
    "J": "None 0 1",
    "Q": "1",
    "T": "None 1 1.5",
    "max_order": "1",
    "stride": "None 1",
    "include_order0": FLAG,
    "filter_gain": "",
    "pooling": "None",
    "n_segments": "1",
    "trim": f"None {REAL}",
    "channel_pooling": "None",
    "input_scaling": "None",
    "padding": "",
    "sampling_rate": f"None {REAL}",
    "backend": "",
    "device": "",
    "subsampling": "",
    "batch_size": f"None {NUMBERS_FROM_1}",
    "n_jobs": f"None -1 {NUMBERS_FROM_1}",
    "memory": f"None {PATHS}",
    "verbose": f"{FLAG} 0 {NUMBERS_FROM_1}",
}
OF_PLAIN = ("max_order", "filter_gain")
JOINT_ONLY = {
    "J_fr": "0 1",
    "Q_fr": "1",
    "F": "None 1 1.5",
    "stride_fr": f"None {NUMBERS_FROM_1}",
    "padding_fr": "",
    "parts": "",
}
OF_JOINT = {k: v for k, v in SHARED.items() if k not in OF_PLAIN} | JOINT_ONLY
VIEW = {"subset": "", "n_times": "None 1", "normalize": FLAG, "return_X_y": FLAG, "as_frame": FLAG}


def transforms(Transformer):
    def call(**parameters):
        parameters = {"J": 3} | parameters  # J=None has its own row
        Transformer(**parameters).fit(X).transform(X)

    return call


def draws(Display, *given):
    return lambda **options: Display.from_estimator(
        *[options.pop(name, value) for name, value in given], **options
    )


# What is called, and which of the hostile values each of its parameters accepts.
ACCEPTED = {
    Scattering1D: (transforms(Scattering1D), SHARED),
    LogScattering1D: (
        transforms(LogScattering1D),
        SHARED | {"log_eps": REAL, "log_stage": ""},
    ),
    TimeFrequencyScattering: (transforms(TimeFrequencyScattering), OF_JOINT),
    LogTimeFrequencyScattering: (
        transforms(LogTimeFrequencyScattering),
        OF_JOINT | {"log_eps": REAL, "log_stage": ""},
    ),
    SelectPaths: (
        lambda transformer=FITTED, **ranges: SelectPaths(transformer, **ranges).fit_transform(X),
        {
            "transformer": "",
            "order": "None 0 1 array([1,2])",
            "carrier": "None",
            "modulation": "None",
            "scale": "None",
            "direction": "None",
        },
    ),
    WaveletPPV: (
        lambda **parameters: WaveletPPV(**parameters).fit(X).transform(X),
        {
            "J": "None 0 1",
            "n_phases": "1",
            "pair_octaves": "0 1",
            "n_thresholds": "1",
            "padding": "",
            "n_jobs": f"None -1 {NUMBERS_FROM_1}",
        },
    ),
    ScatteringClassifier: (
        lambda **parameters: ScatteringClassifier(**parameters).fit(X, y).predict(X),
        {"scattering": "None", "ppv": "None", "classifier": "None", "ppv_share": "0 1"},
    ),
    Scattering1D.frame_times: (
        lambda n_times: LogScattering1D(J=3).fit(X).frame_times(n_times),
        {"n_times": "None"},
    ),
    Scattering1D.transform_batches: (
        lambda batches: list(FITTED.transform_batches(batches)),
        {"batches": "[] () {}"},
    ),
    frame_signal: (
        lambda x=X[0], frame_length=2, **options: frame_signal(x, frame_length, **options),
        {
            "frame_length": "1",
            "hop_length": f"None {NUMBERS_FROM_1}",
            "sampling_rate": f"None {REAL}",
            "unit": "",
        },
    ),
    RowStore: (
        lambda path="store", **options: RowStore(path, **options),
        {"path": PATHS, "max_bytes": f"None {NUMBERS_FROM_1}"},
    ),
    load_spoken_digits: (load_spoken_digits, VIEW),
    fetch_fsdd: (
        lambda **options: fetch_fsdd(**{"source": "tiny.zip"} | options),
        VIEW
        | {
            "data_home": f"None {PATHS}",
            "source": "None",
            "download_if_missing": "True np.True_",
            "n_retries": f"0 {NUMBERS_FROM_1}",
            "delay": f"0 {REAL}",
        },
    ),
    load_recordings: (
        lambda source="folder", **options: load_recordings(source, **options),
        {"source": "", "sampling_rate": "None 1 1.5", "mono": FLAG, "on_error": ""},
    ),
    get_data_home: (get_data_home, {"data_home": f"None {PATHS}"}),
    clear_data_home: (clear_data_home, {"data_home": f"None {PATHS}"}),
    FilterBankDisplay: (
        draws(FilterBankDisplay, ("estimator", FITTED)),
        {"estimator": "", "ax": "None"},
    ),
    ScalogramDisplay: (
        draws(ScalogramDisplay, ("estimator", FITTED), ("x", X[0])),
        {"estimator": "", "channel": "0", "max_columns": "10**30 10**400", "ax": "None"},
    ),
    ScatteringDisplay: (
        draws(ScatteringDisplay, ("estimator", FITTED), ("x", X[0])),
        {"estimator": "", "channel": "0", "ax": "None"},
    ),
    TimeFrequencyDisplay: (
        draws(TimeFrequencyDisplay, ("estimator", JOINT), ("x", X[0])),
        {"estimator": "", "channel": "0", "ax": "None"},
    ),
    TimeFrequencyDisplay.from_model: (
        lambda estimator=JOINT_MODEL, n_repeats=1, **options: TimeFrequencyDisplay.from_model(
            estimator, X, y, n_repeats=n_repeats, **options
        ),
        {"estimator": "", "n_repeats": "1", "ax": "None"},
    ),
    PathImportanceDisplay: (
        lambda estimator=MODEL, n_repeats=1, **options: PathImportanceDisplay.from_estimator(
            estimator, X, y, n_repeats=n_repeats, **options
        ),
        {"estimator": "", "n_repeats": "1", "ax": "None"},
    ),
}

# Parameters whose errors are not ours: what they are, and where they are tested.
ELSEWHERE = {
    "X": "signals: below",
    "y": "labels or ignored: scikit-learn's",
    "x": "a signal or a record: below",
    "scoring": "scikit-learn's",
    "random_state": "scikit-learn's",
    "options": "matplotlib's",
    "input_features": "scikit-learn's checks of transformers",
    "indices": "any truth value",
}

# Accepted values that are not tried, because they would take forever.
ENDLESS = {
    (subject, "n_repeats", name)
    for subject in (PathImportanceDisplay, TimeFrequencyDisplay.from_model)
    for name in ("10**30", "10**400")
}

# Valid values of things that do not exist here, and the error that says so.
FINDS_NOTHING = {
    (fetch_fsdd, "source", "'chirp'"): "could not be fetched from chirp",
    (fetch_fsdd, "download_if_missing", "False"): "download_if_missing=False",
}

CASES = [
    case
    for subject, (_, parameters) in ACCEPTED.items()
    for case in product([subject], parameters, HOSTILE)
    if case not in ENDLESS
]


def name_of(case):
    return getattr(case, "__qualname__", None) or str(case)


@pytest.fixture(autouse=True)
def nothing_takes_long():
    """Interrupt a test that hangs, if the system has alarms."""

    def give_up(*_):
        raise TimeoutError("took more than 30 seconds")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def in_a_new_folder(tmp_path, monkeypatch):
    """Start in a folder with a recording and an archive, and with an empty data folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKSCATTER_DATA", str(tmp_path / "data"))
    (tmp_path / "folder").mkdir()
    wavfile.write(tmp_path / "folder" / "a.wav", 1, np.arange(9, dtype=np.int16))
    wav = io.BytesIO()
    wavfile.write(wav, 8000, np.arange(9, dtype=np.int16))
    path = tmp_path / "tiny.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny/recordings/0_anna_0.wav", wav.getvalue())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    expected = Archive("tiny", path.as_uri(), sha256, "", n_recordings=1, max_bytes=2**10)
    monkeypatch.setattr("skscatter.datasets.fsdd.FSDD", expected)


# Warnings that accepted values may cause.
@pytest.mark.filterwarnings("ignore:J=.* leaves no room:UserWarning")
@pytest.mark.filterwarnings("ignore:log_eps=.* is more than a thousand times:UserWarning")
@pytest.mark.filterwarnings("ignore:More than 20 figures:RuntimeWarning")
@pytest.mark.parametrize(("subject", "parameter", "name"), CASES, ids=name_of)
def test_hostile_values_work_or_are_refused_by_name(subject, parameter, name):
    call, parameters = ACCEPTED[subject]
    value = HOSTILE[name]
    if case := FINDS_NOTHING.get((subject, parameter, name)):
        with pytest.raises(OSError, match=re.escape(case)):
            call(**{parameter: value})
        return
    if name in re.findall(r"'[^']*'|\(.*?\)|\S+", parameters[parameter]):
        call(**{parameter: value})
        return
    # Where PyTorch is missing, an error about a device says so.
    with pytest.raises((TypeError, ValueError, NotADirectoryError, ImportError)) as caught:
        call(**{parameter: value})
    message = " ".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    named = [f"{parameter}={value!r}", f"{parameter} of shape {np.shape(value)}"]
    if isinstance(value, tuple | np.ndarray):  # or a part of it
        named += [f"{parameter}[{i}]" for i in range(len(value))]
        named += [f"{parameter}={part!r}" for part in value]
    if parameter == "batches":  # a part of it, in a note
        named.append("This was batch 0 of the stream")
    assert any(text in message for text in named), message


# What a grid of parameters holds that is an array: scikit-learn's own estimators take it.
NUMPY_SCALARS = {
    "J": np.int64(4),
    "T": np.float32(5.5),
    "include_order0": np.True_,
    "filter_gain": np.str_("unit"),
    "pooling": np.str_("max"),
    "channel_pooling": np.str_("mean"),
    "input_scaling": np.str_("rms"),
    "padding": np.str_("zero"),
    "backend": np.str_("numpy"),
    "device": np.str_("auto"),
    "subsampling": np.str_("critical"),
    "log_stage": np.str_("pooled"),
    "memory": np.str_("store"),
    "verbose": np.False_,
}


@pytest.mark.parametrize("name", NUMPY_SCALARS)
def test_scalars_of_numpy_are_accepted_as_those_of_python(name):
    value, signals = NUMPY_SCALARS[name], X[:, np.newaxis]
    theirs, ours = (
        LogScattering1D(**{"J": 3, "memory": "store", name: each}).fit(signals)
        for each in (value, value.item())
    )
    np.testing.assert_array_equal(theirs.transform(signals), ours.transform(signals))
    assert theirs.get_feature_names_out().tolist() == ours.get_feature_names_out().tolist()
    if name != "memory":
        assert RowStore("store").info().rows == len(X)  # one key for both


def test_every_public_parameter_has_a_row():
    missing = []
    for module in skscatter, skscatter.datasets:
        for public in module.__all__:
            thing = getattr(module, public)
            if not callable(thing) or (inspect.isclass(thing) and issubclass(thing, Warning)):
                continue
            called = thing.from_estimator if public.endswith("Display") else thing
            rows = ACCEPTED[thing][1]
            missing += [
                f"{public}.{parameter}"
                for parameter in inspect.signature(called).parameters
                if parameter not in rows and parameter not in ELSEWHERE
            ]
    assert missing == []
