import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skscatter.datasets import load_spoken_digits
from skscatter.datasets.digits import read_resource
from skscatter.datasets.spoken_digits import MU_LAW

GENERATOR = Path(__file__).parents[2] / "docs" / "make_spoken_digits.py"


@pytest.fixture(scope="module")
def digits():
    return load_spoken_digits()


def test_size_in_the_wheel():
    assert len(read_resource("data", "spoken_digits.npz")) < 2.5e6


def test_what_is_documented(digits):
    assert digits.data.shape == (660, 8192)
    assert digits.data.dtype == np.float32
    assert len(set(digits.speaker)) == 22
    assert digits.sampling_rate == 8000
    assert (digits.lengths.min(), digits.lengths.max()) == (1841, 8344)
    assert (digits.train.sum(), digits.test.sum()) == (440, 220)
    np.testing.assert_array_equal(digits.test, digits.index == 0)
    for figure in ("660", "22", "1,841 to 8,344", "220", "440", "BSD-3-Clause", "espeak-ng 1.51"):
        assert figure in digits.DESCR


def test_every_voice_says_every_digit_three_times(digits):
    combinations = set(zip(digits.target, digits.speaker, digits.index, strict=True))
    assert len(combinations) == 660
    assert {index for _, _, index in combinations} == {0, 1, 2}
    assert digits.filenames.tolist() == sorted(digits.filenames)
    for name in digits.filenames:
        assert re.fullmatch(r"[0-9]_[a-z]+-[mf][0-9]_[012]\.wav", name)


def test_takes_differ(digits):
    recordings = {signal.tobytes() for signal in load_spoken_digits(n_times=None).data}
    assert len(recordings) == 660


def test_preparation(digits):
    np.testing.assert_array_equal(np.abs(digits.data).max(axis=1), 1)
    own = load_spoken_digits(n_times=None, normalize=False).data
    assert [len(signal) for signal in own] == digits.lengths.tolist()
    # Full scale in the loudest, -20 dB in the softest.
    peaks = [np.abs(signal).max() for signal in own]
    assert 0.09 < min(peaks) < 0.15
    assert 0.9 < max(peaks) <= 1


def test_silence_is_not_much(digits):
    # Speech starts near the beginning: the recordings are not mostly padding.
    own = load_spoken_digits(n_times=None).data
    loudness = [np.sqrt(np.mean(signal**2)) for signal in own]
    assert min(loudness) > 0.05


def test_options():
    X, y = load_spoken_digits(subset="test", n_times=100, return_X_y=True)
    assert X.shape == (220, 100)
    assert y.shape == (220,)
    np.testing.assert_array_equal(np.bincount(y), 22)
    frame = load_spoken_digits(subset="test", n_times=100, as_frame=True).frame
    assert frame.shape == (220, 101)
    with pytest.raises(ValueError, match="subset='dev'"):
        load_spoken_digits(subset="dev")


def test_mu_law_table():
    # The ends of the eight segments of ITU-T G.711, table 2a, scaled to 16 bits.
    segment_ends = [0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0]
    expected = [32124, 15996, 7932, 3900, 1884, 876, 372, 120]
    assert MU_LAW[segment_ends].tolist() == expected
    np.testing.assert_array_equal(MU_LAW[:128], -MU_LAW[128:])
    assert MU_LAW[0xFF] == MU_LAW[0x7F] == 0
    assert (np.diff(MU_LAW[128:].astype(int)) < 0).all()


def load_generator():
    if not GENERATOR.exists():
        pytest.skip("needs the folder docs of a checkout")
    spec = importlib.util.spec_from_file_location("make_spoken_digits", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_mu_law_encoder_finds_the_nearest_code():
    mu_law = load_generator().mu_law
    np.testing.assert_array_equal(MU_LAW[mu_law(MU_LAW)], MU_LAW)
    samples = np.arange(-(2**15), 2**15, 37, dtype=np.int16)
    error = np.abs(MU_LAW[mu_law(samples)].astype(int) - samples)
    best = np.abs(MU_LAW.astype(int)[:, None] - samples).min(axis=0)
    assert (error <= best + 1).all()  # a tie, or half a unit beside one


def test_generator_makes_the_shipped_recordings():
    generator = load_generator()
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng")
    version = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True).stdout
    if " 1.51 " not in version:
        pytest.skip("the shipped file was made with espeak-ng 1.51")
    digits = load_spoken_digits(n_times=None, normalize=False)
    own = dict(zip(digits.filenames, digits.data, strict=True))
    for number, digit, index in [(0, 3, 0), (21, 7, 2)]:
        name, codes = generator.make_take(number, digit, index)
        made = MU_LAW[codes] / 2**15
        assert made.shape == own[name].shape
        # Another processor may round a few samples to the neighbouring code.
        assert np.mean(made == own[name]) > 0.99


def test_import_needs_neither_pandas_nor_the_network_stack():
    # scikit-learn imports pandas if it is installed, but we must not need it.
    code = (
        "import sys; sys.modules['pandas'] = None; import skscatter.datasets as d;"
        "d.load_spoken_digits(subset='test');"
        "print([m for m in ('matplotlib', 'torch', 'pooch', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
