"""Files with random damage: an error or a result, no crash, no hang, nothing outside the folder."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skscatter.datasets import fetch_fsdd, load_recordings
from skscatter.datasets.audio import read_recording

pytestmark = pytest.mark.reliability("Damaged and hostile files")

# The fixtures only make things; none changes from example to example.
FIXTURES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

DTYPES = ["u1", "i2", "i4", "f4", "f8"]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete", "cut", "repeat"]),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=5,
)
# Headers are small, and most of what can go wrong is in them.
HEADER_EDITS = st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=4)))
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
NAMES = st.one_of(
    st.sampled_from(
        [
            "../0_anna_0.wav",
            "/0_anna_0.wav",
            "C:\\recordings\\0_anna_0.wav",
            "tiny-1.0/recordings/../../0_anna_0.wav",
            "tiny-1.0/recordings/0_anna_0.wav/",
            "tiny-1.0/recordings/0_anna_0.wav",
            "tiny-1.0/recordings/..",
        ]
    ),
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40
    ),
)


def damaged(contents, edits):
    """Apply edits at positions between the start (0) and the end (1)."""
    contents = bytearray(contents)
    for kind, where, data in edits:
        i = int(where * len(contents))
        if kind == "set":
            contents[i : i + len(data)] = data
        elif kind == "insert":
            contents[i:i] = data
        elif kind == "delete":
            del contents[i : i + 16 * len(data)]
        elif kind == "cut":
            del contents[i:]
        else:
            contents += contents[i:]
    return bytes(contents)


def read_or_refuse(contents):
    try:
        samples, sampling_rate = read_recording(contents)
    except ValueError:
        return
    assert samples.shape[0] == 1
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()
    assert sampling_rate > 0


@settings(FIXTURES, max_examples=400)
@given(st.sampled_from(DTYPES), EDITS)
def test_damaged_wav_files_are_read_or_refused(make, dtype, edits):
    samples = np.arange(60).astype(dtype)
    read_or_refuse(damaged(make.wav(samples), edits))


@settings(FIXTURES, max_examples=400)
@given(st.sampled_from(DTYPES), HEADER_EDITS)
def test_wav_files_with_damaged_headers_are_read_or_refused(make, dtype, edits):
    contents = bytearray(make.wav(np.arange(60).astype(dtype).reshape(30, 2)))
    for i, data in edits:
        contents[i : i + len(data)] = data
    read_or_refuse(bytes(contents))


@settings(max_examples=200)
@given(st.sampled_from([b"", b"RIFF", b"RIFF\0\0\0\0WAVEfmt "]), st.binary(max_size=200))
def test_random_bytes_are_not_a_wav_file_or_a_whole_one(start, contents):
    read_or_refuse(start + contents)


@settings(FIXTURES, max_examples=100)
@given(st.lists(EDITS, min_size=1, max_size=3))
def test_folders_with_damaged_recordings_say_which(make, damages):
    good = make.wav(np.arange(50, dtype=np.int16))
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{i}.wav") for i in range(len(damages) + 1)]
        for path, edits in zip(paths, [[], *damages], strict=True):
            path.write_bytes(damaged(good, edits))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                recordings = load_recordings(paths, on_error="skip")
            except ValueError as error:  # those that can be read may differ in their rates
                if "sampling rate" not in str(error):
                    raise
                return
        assert len(recordings.data) + len(recordings.skipped) == len(paths)
        assert str(paths[0]) not in recordings.skipped


def fetch_or_refuse(contents, tiny):
    with tempfile.TemporaryDirectory() as folder:
        home, archive = Path(folder, "home"), Path(folder, "archive.zip")
        home.mkdir()
        archive.write_bytes(contents)
        before = set(Path(folder).rglob("*"))
        try:
            bunch = fetch_fsdd(data_home=home, source=archive, n_times=None)
        except OSError:
            assert set(Path(folder).rglob("*")) == before
        else:
            assert bunch.filenames.tolist() == sorted(tiny.samples)
            assert set(Path(folder).rglob("*")) - before == {home / "fsdd-0.0.1.npz"}


@settings(FIXTURES, max_examples=150)
@given(EDITS)
def test_damaged_archives_give_the_data_set_or_an_error(tiny_fsdd, edits):
    fetch_or_refuse(damaged(tiny_fsdd.contents, edits), tiny_fsdd)


@settings(FIXTURES, max_examples=150)
@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=5), st.booleans())
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_archives_with_any_names_in_them_write_nothing_else(tiny_fsdd, make, entries, beside):
    files = (tiny_fsdd.files if beside else {}) | entries
    fetch_or_refuse(make.zip(files), tiny_fsdd)
