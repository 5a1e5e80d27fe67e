"""Recordings in files of one's own."""

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from skscatter import LogScattering1D
from skscatter.datasets import fetch_fsdd, load_recordings


def tone(frequency, sampling_rate, seconds=0.5):
    samples = np.sin(
        2 * np.pi * frequency * np.arange(int(seconds * sampling_rate)) / sampling_rate
    )
    return (0.5 * 2**15 * samples).astype(np.int16)


@pytest.fixture
def write(make, tmp_path):
    """Write a recording below the folder and return its path."""

    def write(name, samples, sampling_rate=8000):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".wav":
            path.write_bytes(make.wav(np.asarray(samples), sampling_rate))
        else:
            soundfile = pytest.importorskip("soundfile", reason="needs soundfile")
            soundfile.write(path, samples, sampling_rate)
        return path

    return write


def test_sub_folders_are_labels(write, tmp_path):
    for name in ("dog/b.wav", "dog/a.wav", "cat/x/deep.wav", "emu/1.wav"):
        write(name, tone(100, 8000, 0.01 * len(name)))
    recordings = load_recordings(tmp_path)
    names = [str(Path(name).relative_to(tmp_path)) for name in recordings.filenames]
    assert names == [
        str(Path(n)) for n in ("cat/x/deep.wav", "dog/a.wav", "dog/b.wav", "emu/1.wav")
    ]
    np.testing.assert_array_equal(recordings.target_names, ["cat", "dog", "emu"])
    np.testing.assert_array_equal(recordings.target, [0, 1, 1, 2])
    np.testing.assert_array_equal(recordings.lengths, [len(x) for x in recordings.data])
    assert recordings.sampling_rate == 8000
    assert recordings.skipped == {}


def test_signals_go_into_the_transformer(write, tmp_path):
    for i, length in enumerate((500, 900, 700)):
        write(f"{i}.wav", tone(1000, 8000)[:length])
    recordings = load_recordings(tmp_path)
    transformer = LogScattering1D(J=5, sampling_rate=recordings.sampling_rate, max_order=1)
    features = transformer.fit_transform(recordings.data)
    loudest = transformer.features_["carrier"][features.argmax(axis=1)]
    np.testing.assert_allclose(loudest, 1000, rtol=0.1)


def test_a_folder_without_sub_folders_has_no_labels(write, tmp_path):
    write("a.wav", [1, 2])
    recordings = load_recordings(str(tmp_path))
    assert recordings.target is None
    assert recordings.target_names is None


def test_other_files_in_a_folder_are_no_recordings(write, tmp_path):
    write("a/1.wav", [1, 2])
    write("a/.2.wav", [1, 2])
    write(".git/3.wav", [1, 2])
    (tmp_path / "a" / "notes.txt").write_text("not a recording")
    assert len(load_recordings(tmp_path).data) == 1


def test_files_come_in_the_order_given_whatever_they_are_called(write, tmp_path):
    second, first = write("b.wav", [1, 2, 3]), write("a.wav", [1, 2])
    first = first.rename(tmp_path / "a.recording")
    recordings = load_recordings([second, str(first)])
    np.testing.assert_array_equal(recordings.lengths, [3, 2])
    np.testing.assert_array_equal(recordings.filenames, [str(second), str(first)])
    assert recordings.target is None
    np.testing.assert_array_equal(load_recordings(iter([first])).lengths, [2])


@pytest.mark.parametrize(
    ("dtype", "half"),
    [(np.uint8, 192), (np.int16, 2**14), (np.int32, 2**30), (np.float32, 0.5), (np.float64, 0.5)],
)
def test_samples_are_float32_of_full_scale_1(dtype, half, write):
    (signal,) = load_recordings([write("a.wav", np.array([half], dtype))]).data
    assert signal.dtype == np.float32
    np.testing.assert_array_equal(signal, [0.5])


def test_channels_are_averaged_or_kept(write):
    path = write("a.wav", np.array([[8192, 0], [0, -8192]], np.int16))
    np.testing.assert_array_equal(load_recordings([path]).data[0], [0.125, -0.125])
    kept = load_recordings([path], mono=False).data[0]
    np.testing.assert_array_equal(kept, [[0.25, 0], [0, -0.25]])
    assert kept.flags.c_contiguous
    one = load_recordings([write("b.wav", np.array([8192], np.int16))], mono=False).data[0]
    np.testing.assert_array_equal(one, [[0.25]])


@pytest.mark.parametrize("ending", [".flac", ".ogg", ".aiff"])
def test_other_formats(ending, write, tmp_path):
    samples = tone(440, 8000)
    write(f"a{ending}", samples)
    recordings = load_recordings(tmp_path)
    assert recordings.sampling_rate == 8000
    tolerance = 0.05 if ending == ".ogg" else 0  # Vorbis is lossy
    np.testing.assert_allclose(recordings.data[0], samples / 2**15, atol=tolerance)


def test_a_resampled_tone_keeps_its_frequency_and_its_amplitude(write):
    pytest.importorskip("soxr", reason="needs soxr")
    stereo = np.stack([tone(440, 44100), tone(440, 44100)], axis=1)
    paths = [write("a.wav", tone(440, 8000)), write("b.wav", stereo, 44100)]
    recordings = load_recordings(paths, sampling_rate=8000)
    assert recordings.sampling_rate == 8000
    as_it_was, resampled = recordings.data
    np.testing.assert_array_equal(as_it_was, tone(440, 8000) / np.float32(2**15))
    assert resampled.dtype == np.float32
    assert len(resampled) == pytest.approx(len(as_it_was), abs=2)
    middle = slice(500, 3500)
    np.testing.assert_allclose(resampled[middle], as_it_was[middle], atol=2e-3)
    both = load_recordings(paths[1:], sampling_rate=8000, mono=False).data[0]
    np.testing.assert_allclose(both, [resampled, resampled], atol=1e-6)


def test_rates_must_agree_unless_one_is_asked_for(write):
    paths = [write("a.wav", [1, 2]), write("b.wav", [1, 2], 16000)]
    with pytest.raises(ValueError, match=r"a.wav has 8000 and .*b.wav has 16000. Pass sampling_"):
        load_recordings(paths)


def test_channels_must_agree_unless_they_are_averaged(write):
    paths = [write("a.wav", [1, 2]), write("b.wav", np.ones((2, 2), np.int16))]
    with pytest.raises(ValueError, match=r"a.wav has 1 and .*b.wav has 2. Pass mono=True"):
        load_recordings(paths, mono=False)
    assert len(load_recordings(paths).data) == 2


BAD = {
    "text.wav": (b"no audio", "text.wav is not a WAV file"),
    "empty.wav": (b"", "empty.wav is not a WAV file"),
    "text.flac": (b"no audio", "text.flac is not a recording that can be read"),
    "empty.ogg": (b"", "empty.ogg is not a recording that can be read"),
}


@pytest.fixture
def damaged(write, make, tmp_path, request):
    """Files that cannot be used, with what is said of each."""
    for name, (contents, _) in BAD.items():
        (tmp_path / name).write_bytes(contents)
    whole = make.wav(np.arange(100, dtype=np.int16))
    (tmp_path / "short.wav").write_bytes(whole[:100])
    write("silent.wav", np.zeros(0, np.int16))
    write("nan.wav", np.float32([0, np.nan]))
    messages = {name: message for name, (_, message) in BAD.items()} | {
        "short.wav": "short.wav is not a WAV file",
        "silent.wav": "silent.wav holds no samples",
        "nan.wav": "nan.wav holds NaN",
        "missing.wav": "missing.wav",
    }
    return {tmp_path / name: message for name, message in messages.items()}


@pytest.mark.reliability("Bad input")
def test_a_bad_file_is_named(damaged):
    pytest.importorskip("soundfile", reason="needs soundfile")
    for path, message in damaged.items():
        error = FileNotFoundError if path.name == "missing.wav" else ValueError
        with pytest.raises(error, match=message):
            load_recordings([path])


@pytest.mark.reliability("Bad input")
def test_bad_files_are_skipped_on_demand(damaged, write):
    pytest.importorskip("soundfile", reason="needs soundfile")
    good = write("good.wav", [1, 2])
    paths = [*damaged, good]
    with pytest.warns(UserWarning, match=f"{len(damaged)} of {len(paths)} files were skipped") as w:
        recordings = load_recordings(paths, on_error="skip")
    np.testing.assert_array_equal(recordings.filenames, [str(good)])
    assert list(recordings.skipped) == [str(path) for path in damaged]
    for path, message in damaged.items():
        assert message in recordings.skipped[str(path)]
        assert path.name in str(w[0].message)
    assert w[0].filename == __file__


def test_labels_stay_with_their_recordings_when_some_are_skipped(write, tmp_path):
    for name in ("a/1.wav", "b/1.wav", "c/1.wav"):
        write(name, [1, 2])
    (tmp_path / "a" / "0.wav").write_bytes(b"")
    (tmp_path / "b" / "1.wav").write_bytes(b"")
    with pytest.warns(UserWarning, match="2 of 4 files"):
        recordings = load_recordings(tmp_path, on_error="skip")
    np.testing.assert_array_equal(recordings.target, [0, 2])
    np.testing.assert_array_equal(recordings.target_names, ["a", "b", "c"])


@pytest.mark.reliability("Bad input")
def test_nothing_but_bad_files_is_an_error(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    with (
        pytest.warns(UserWarning, match="1 of 1 files"),
        pytest.raises(ValueError, match="no recording that can be read"),
    ):
        load_recordings(tmp_path, on_error="skip")


@pytest.mark.parametrize(
    ("library", "name", "rate"), [("soundfile", "a.flac", None), ("soxr", "a.wav", 44100)]
)
@pytest.mark.reliability("Bad input")
def test_a_missing_library_is_named(library, name, rate, write, monkeypatch):
    path = write(name, tone(100, 8000))
    monkeypatch.setitem(sys.modules, library, None)
    message = rf'need {library}. Install it with: pip install "skscatter\[audio\]"'
    with pytest.raises(ImportError, match=message):
        load_recordings([path], sampling_rate=rate, on_error="skip")


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("nowhere", NotADirectoryError, "source='nowhere' is no folder"),
        (3, TypeError, "source=3 must be a folder or an iterable of files"),
        (b"a", TypeError, "source=b'a' must be"),
        ([], ValueError, r"source=\[\] has no files"),
        (["a.wav", 3], TypeError, r"source\[1\]=3 must be the path of a file"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_sources_are_named(source, error, message):
    with pytest.raises(error, match=message):
        load_recordings(source)


@pytest.mark.reliability("Bad input")
def test_bad_folders_are_named(write, tmp_path):
    with pytest.raises(ValueError, match=r"holds no recording: no file .* ends with .wav"):
        load_recordings(tmp_path)
    write("top.wav", [1, 2])
    write("a/1.wav", [1, 2])
    with pytest.raises(ValueError, match=r"top.wav and 0 more lie beside them, without a label"):
        load_recordings(tmp_path)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"sampling_rate": 0}, ValueError, "sampling_rate=0 must be"),
        ({"sampling_rate": "8k"}, TypeError, "sampling_rate='8k' must be"),
        ({"mono": "yes"}, ValueError, "mono='yes' is not available"),
        ({"on_error": "ignore"}, ValueError, "on_error='ignore' is not available"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_parameters_are_named(parameters, error, message, write):
    with pytest.raises(error, match=message):
        load_recordings([write("a.wav", [1, 2])], **parameters)


@pytest.mark.fsdd
def test_real_recordings_are_those_of_the_data_set(fsdd_archive, tmp_path):
    with zipfile.ZipFile(fsdd_archive) as archive:
        names = [name for name in archive.namelist() if name.endswith("_0.wav")]
        for name in names:
            (tmp_path / Path(name).name).write_bytes(archive.read(name))
    recordings = load_recordings(tmp_path)
    fetched = fetch_fsdd(
        data_home=tmp_path / "home", source=fsdd_archive, n_times=None, normalize=False
    )
    expected = dict(zip(fetched.filenames, fetched.data, strict=True))
    assert len(recordings.data) == 60
    assert recordings.sampling_rate == fetched.sampling_rate
    for path, signal in zip(recordings.filenames, recordings.data, strict=True):
        np.testing.assert_array_equal(signal, expected[Path(path).name])
