import io
import sys

import numpy as np
import pytest

from skscatter.datasets.digits import DamagedFileError, Recordings, View

DEFAULTS = {
    "subset": "all",
    "n_times": 8,
    "normalize": True,
    "return_X_y": False,
    "as_frame": False,
}


@pytest.fixture
def recordings():
    return Recordings.from_dict(
        {
            "1_b_10.wav": np.arange(1, 4, dtype=np.int16),
            "1_b_1.wav": np.arange(4, 9, dtype=np.int16),
            "0_a-x2_0.wav": np.arange(9, 11, dtype=np.int16),
        }
    )


def test_recordings_are_sorted_by_file_name(recordings):
    assert recordings.filenames.tolist() == ["0_a-x2_0.wav", "1_b_1.wav", "1_b_10.wav"]
    assert recordings.lengths.tolist() == [2, 5, 3]
    assert recordings.samples.tolist() == [9, 10, 4, 5, 6, 7, 8, 1, 2, 3]


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_round_trip(recordings, compressed):
    contents = recordings.to_npz("tag", compressed=compressed)
    assert contents == recordings.to_npz("tag", compressed=compressed)  # no time stamps
    found = Recordings.from_npz(contents, "tag")
    for name in ("filenames", "lengths", "samples"):
        expected = getattr(recordings, name)
        assert getattr(found, name).dtype == expected.dtype
        np.testing.assert_array_equal(getattr(found, name), expected)


def test_damage_is_noticed_or_harmless(recordings):
    contents = recordings.to_npz("tag")
    n_noticed = 0
    for position in range(0, len(contents), 5):
        damaged = bytearray(contents)
        damaged[position] ^= 1 << position % 8
        try:
            found = Recordings.from_npz(bytes(damaged), "tag")
        except DamagedFileError:
            n_noticed += 1
        else:  # a time stamp, for example
            np.testing.assert_array_equal(found.samples, recordings.samples)
            np.testing.assert_array_equal(found.filenames, recordings.filenames)
    assert n_noticed > len(contents) / 5 / 2


def test_damage_beyond_what_is_read_is_noticed():
    samples = np.arange(3, dtype=np.int16)
    recordings = Recordings.from_dict({f"0_a_{i}.wav": samples for i in range(200)})
    contents = recordings.to_npz("tag")
    shape = contents.index(b"(200,)", contents.index(b"filenames.npy"))
    with pytest.raises(DamagedFileError, match="checksum"):
        Recordings.from_npz(contents[:shape] + b"(100,)" + contents[shape + 6 :], "tag")


def test_every_truncation_is_noticed(recordings):
    contents = recordings.to_npz("tag")
    for length in range(0, len(contents), 7):
        with pytest.raises(DamagedFileError):
            Recordings.from_npz(contents[:length], "tag")


@pytest.mark.reliability("Bad input")
def test_other_npz_files_are_refused(recordings):
    with pytest.raises(DamagedFileError, match="holds other, not tag"):
        Recordings.from_npz(recordings.to_npz("other"), "tag")
    file = io.BytesIO()
    np.savez(file, x=np.arange(3))
    with pytest.raises(DamagedFileError):
        Recordings.from_npz(file.getvalue(), "tag")
    # Pickles could run code.
    file = io.BytesIO()
    np.savez(file, filenames=np.array([{}]), lengths=[1], samples=[1], tag="tag")
    with pytest.raises(DamagedFileError, match="allow_pickle"):
        Recordings.from_npz(file.getvalue(), "tag")
    wrong = Recordings(recordings.filenames, recordings.lengths + 1, recordings.samples)
    with pytest.raises(DamagedFileError, match="lengths"):
        Recordings.from_npz(wrong.to_npz("tag"), "tag")


def test_bunch(recordings):
    bunch = View(**DEFAULTS).of(recordings, n_test_takes=2, descr="fsdd")
    assert set(bunch) == {
        "data",
        "target",
        "frame",
        "target_names",
        "speaker",
        "index",
        "train",
        "test",
        "lengths",
        "filenames",
        "sampling_rate",
        "DESCR",
    }
    assert bunch.data.dtype == np.float32
    np.testing.assert_array_equal(bunch.data[0], np.float32([0, 0, 0, 0.9, 1, 0, 0, 0]))
    np.testing.assert_array_equal(bunch.data[1], np.float32([0, 0.5, 0.625, 0.75, 0.875, 1, 0, 0]))
    assert bunch.target.tolist() == [0, 1, 1]
    assert bunch.target.dtype == np.int64
    assert bunch.speaker.tolist() == ["a-x2", "b", "b"]
    assert bunch.index.tolist() == [0, 1, 10]
    assert bunch.test.tolist() == [True, True, False]
    assert bunch.train.tolist() == [False, False, True]
    assert bunch.lengths.tolist() == [2, 5, 3]
    assert bunch.filenames.tolist() == recordings.filenames.tolist()
    assert bunch.target_names.tolist() == list("0123456789")
    assert bunch.sampling_rate == 8000
    assert bunch.frame is None


@pytest.mark.parametrize(("subset", "rows"), [("all", [0, 1, 2]), ("train", [2]), ("test", [0, 1])])
def test_subset(recordings, subset, rows):
    everything = View(**DEFAULTS).of(recordings, n_test_takes=2, descr="fsdd")
    view = View(**DEFAULTS | {"subset": subset})
    part = view.of(recordings, n_test_takes=2, descr="fsdd")
    for name in ("data", "target", "speaker", "index", "train", "test", "lengths", "filenames"):
        np.testing.assert_array_equal(part[name], everything[name][rows])


def test_own_lengths(recordings):
    view = View(**DEFAULTS | {"n_times": None, "normalize": False})
    data = view.of(recordings, n_test_takes=2, descr="fsdd").data
    assert isinstance(data, list)
    assert [signal.shape for signal in data] == [(2,), (5,), (3,)]
    np.testing.assert_array_equal(data[2], np.float32([1, 2, 3]) / 2**15)
    assert {signal.dtype for signal in data} == {np.dtype(np.float32)}


def test_as_frame(recordings):
    import pandas as pd

    arrays = View(**DEFAULTS).of(recordings, n_test_takes=2, descr="fsdd")
    bunch = View(**DEFAULTS | {"as_frame": True}).of(recordings, n_test_takes=2, descr="fsdd")
    assert bunch.data.columns.tolist() == [f"t{time}" for time in range(8)]
    assert (bunch.data.dtypes == np.float32).all()
    np.testing.assert_array_equal(bunch.data.to_numpy(), arrays.data)
    pd.testing.assert_series_equal(bunch.target, pd.Series([0, 1, 1], name="target"))
    pd.testing.assert_frame_equal(bunch.frame.drop(columns="target"), bunch.data)
    pd.testing.assert_series_equal(bunch.frame["target"], bunch.target)

    view = View(**DEFAULTS | {"as_frame": True, "return_X_y": True})
    X, y = view.of(recordings, n_test_takes=2, descr="fsdd")
    pd.testing.assert_frame_equal(X, bunch.data)
    pd.testing.assert_series_equal(y, bunch.target)


def test_return_tuple(recordings):
    bunch = View(**DEFAULTS).of(recordings, n_test_takes=2, descr="fsdd")
    view = View(**DEFAULTS | {"return_X_y": True})
    X, y = view.of(recordings, n_test_takes=2, descr="fsdd")
    np.testing.assert_array_equal(X, bunch.data)
    np.testing.assert_array_equal(y, bunch.target)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"subset": "valid"}, ValueError, "subset='valid'.*'all', 'train', 'test'"),
        ({"subset": None}, ValueError, "subset=None"),
        ({"n_times": 0}, ValueError, "n_times=0 .*at least 1"),
        ({"n_times": -5}, ValueError, "n_times=-5"),
        ({"n_times": 8192.0}, TypeError, r"n_times=8192\.0"),
        ({"n_times": True}, TypeError, "n_times=True"),
        ({"normalize": "max"}, ValueError, "normalize='max'.*False, True"),
        ({"return_X_y": 1}, ValueError, "return_X_y=1"),
        ({"as_frame": "auto"}, ValueError, "as_frame='auto'"),
        ({"as_frame": True, "n_times": None}, ValueError, "as_frame=True.*n_times=None"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_options_are_named(bad, error, message):
    with pytest.raises(error, match=message):
        View(**DEFAULTS | bad)


@pytest.mark.reliability("Bad input")
def test_missing_pandas_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        View(**DEFAULTS | {"as_frame": True})
