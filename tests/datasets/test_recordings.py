"""Recordings in files of the user: which are loaded, with which labels."""

import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from skscatter import LogScattering1D
from skscatter.datasets import fetch_fsdd, load_recordings


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


def test_sub_folders_are_labels(write, tone, tmp_path):
    for name in ("dog/b.wav", "dog/a.wav", "cat/x/deep.wav", "cat/y.wav", "emu/1.wav"):
        write(name, tone(80 * len(name)))
    recordings = load_recordings(tmp_path)
    names = [str(Path(name).relative_to(tmp_path)) for name in recordings.filenames]
    assert names == [
        str(Path(n)) for n in ("cat/x/deep.wav", "cat/y.wav", "dog/a.wav", "dog/b.wav", "emu/1.wav")
    ]
    np.testing.assert_array_equal(recordings.target_names, ["cat", "dog", "emu"])
    np.testing.assert_array_equal(recordings.target, [0, 0, 1, 1, 2])
    np.testing.assert_array_equal(recordings.lengths, [len(x) for x in recordings.data])
    assert recordings.sampling_rate == 8000
    assert recordings.skipped == {}


def test_signals_go_into_the_transformer(write, tone, tmp_path):
    for i, length in enumerate((500, 900, 700)):
        write(f"{i}.wav", tone(length, frequency=1000))
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


def test_other_files_in_a_folder_are_not_recordings(write, tmp_path):
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
def test_other_formats(ending, write, tone, tmp_path):
    samples = tone(4000)
    write(f"a{ending}", samples)
    recordings = load_recordings(tmp_path)
    assert recordings.sampling_rate == 8000
    tolerance = 0.05 if ending == ".ogg" else 0  # Vorbis is lossy
    np.testing.assert_allclose(recordings.data[0], samples / 2**15, atol=tolerance)


def test_recordings_of_another_rate_are_resampled(write, tone):
    stereo = np.stack([tone(9000, sampling_rate=44100)] * 2, axis=1)
    paths = [write("a.wav", tone(2000)), write("b.wav", stereo, 44100)]
    recordings = load_recordings(paths, sampling_rate=8000)
    assert recordings.sampling_rate == 8000
    as_it_was, resampled = recordings.data
    np.testing.assert_array_equal(as_it_was, tone(2000) / np.float32(2**15))
    assert resampled.dtype == np.float32
    np.testing.assert_allclose(resampled[100:1500], as_it_was[100:1500], atol=1e-4)
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


@pytest.fixture
def damaged(write, make, tmp_path):
    """Files that cannot be used, with what is said of each."""
    whole = make.wav(np.arange(100, dtype=np.int16))
    for name, contents in {
        "text.wav": b"no audio",
        "empty.wav": b"",
        "text.flac": b"no audio",
        "flac.flac": b"fLaC but not more",
        "short.wav": whole[:100],
    }.items():
        (tmp_path / name).write_bytes(contents)
    write("silent.wav", np.zeros(0, np.int16))
    write("nan.wav", np.float32([0, np.nan]))
    write("large.wav", np.array([0, 1e300]))
    write("slow.wav", np.zeros(100_000, np.int16), 1)
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "nowhere.wav").symlink_to(tmp_path / "nothing")
    messages = {
        "text.wav": "text.wav is not an audio file",
        "empty.wav": "empty.wav is not an audio file",
        "text.flac": "text.flac is not an audio file",
        "flac.flac": "flac.flac cannot be decoded: ",
        "short.wav": "short.wav is cut short",
        "silent.wav": "silent.wav has no samples",
        "nan.wav": "nan.wav has samples that are NaN",
        "large.wav": "large.wav has samples that are NaN or infinite, or too large",
        "slow.wav": "slow.wav has a sampling rate of 1 Hz, too far from 16000 Hz",
        "folder.wav": "folder.wav is a folder",
        "nowhere.wav": "nowhere.wav",
        "missing.wav": "missing.wav",
    }
    if os.name == "posix":
        os.mkfifo(tmp_path / "fifo.wav")
        (tmp_path / "zero.wav").symlink_to("/dev/zero")
        messages |= {"fifo.wav": "fifo.wav is a pipe", "zero.wav": "zero.wav is a device"}
    return {tmp_path / name: message for name, message in messages.items()}


@pytest.mark.reliability("Bad input")
def test_a_bad_file_is_named(damaged):
    pytest.importorskip("soundfile", reason="needs soundfile")
    for path, message in damaged.items():
        with pytest.raises((ValueError, OSError), match=message):
            load_recordings([path], sampling_rate=16000)


@pytest.mark.reliability("Bad input")
def test_bad_files_are_skipped_on_demand(damaged, write):
    pytest.importorskip("soundfile", reason="needs soundfile")
    good = write("good.wav", [1, 2])
    paths = [*damaged, good]
    with pytest.warns(UserWarning, match=f"^{len(damaged)} files or folders were skipped") as w:
        recordings = load_recordings(paths, sampling_rate=16000, on_error="skip")
    np.testing.assert_array_equal(recordings.filenames, [str(good)])
    assert list(recordings.skipped) == [str(path) for path in damaged]
    for path, message in damaged.items():
        assert message in recordings.skipped[str(path)]
        assert path.name in str(w[0].message)
    assert w[0].filename == __file__


@pytest.mark.reliability("Bad input")
def test_nothing_but_bad_files_is_an_error(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    with (
        pytest.warns(UserWarning, match="1 files or folders were skipped"),
        pytest.raises(ValueError, match="no recording that can be read"),
    ):
        load_recordings(tmp_path, on_error="skip")


@pytest.mark.reliability("Bad input")
def test_a_missing_library_is_named(write, tone, monkeypatch):
    path = write("a.flac", tone(100))
    monkeypatch.setitem(sys.modules, "soundfile", None)
    message = r'a.flac needs soundfile, .* pip install "skscatter\[audio\]"'
    with pytest.raises(ImportError, match=message):
        load_recordings([path], on_error="skip")


# Labels


def test_labels_without_a_recording_left_are_dropped_with_a_warning(write, tmp_path):
    for name in ("a/1.wav", "b/1.wav", "c/1.wav", "d/1.wav"):
        write(name, [1, 2])
    (tmp_path / "a" / "0.wav").write_bytes(b"")
    (tmp_path / "b" / "1.wav").write_bytes(b"")
    (tmp_path / "d" / "1.wav").write_bytes(b"")
    message = r"3 files or folders(.|\n)*No recordings are left with these labels: b, d\."
    with pytest.warns(UserWarning, match=message):
        recordings = load_recordings(tmp_path, on_error="skip")
    np.testing.assert_array_equal(recordings.target, [0, 1])
    assert recordings.target.dtype == np.int64
    np.testing.assert_array_equal(recordings.target_names, ["a", "c"])


@pytest.mark.reliability("Bad input")
def test_folders_of_folders_are_refused_with_the_folder_to_pass(write, tmp_path):
    for part in ("train", "test"):
        for label in ("cat", "dog"):
            write(f"{part}/{label}/1.wav", [1, 2])
    with pytest.raises(ValueError, match="Which of them is the label") as caught:
        load_recordings(tmp_path)
    for text in ("sub-folder 'test' itself", "such as 'cat'", f"source={str(tmp_path / 'test')!r}"):
        assert text in str(caught.value)
    recordings = load_recordings(tmp_path / "train")
    np.testing.assert_array_equal(recordings.target_names, ["cat", "dog"])


@pytest.mark.reliability("Bad input")
def test_one_folder_of_folders_among_others_is_refused(write, tmp_path):
    for name in ("cat/1.wav", "dog/1.wav", "more/dog/2.wav"):
        write(name, [1, 2])
    with pytest.raises(ValueError, match="no recordings in the sub-folder 'more' itself"):
        load_recordings(tmp_path)


def test_sub_folders_without_recordings_are_named(write, tmp_path):
    write("cat/1.wav", [1, 2])
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "1.txt").write_text("not a recording")
    (tmp_path / "cat" / "empty").mkdir()
    (tmp_path / ".git").mkdir()
    with pytest.warns(UserWarning, match=r"dog holds no recording"):
        recordings = load_recordings(tmp_path)
    assert list(recordings.skipped) == [str(tmp_path / "dog")]
    np.testing.assert_array_equal(recordings.target_names, ["cat"])


def test_sub_folders_next_to_recordings_need_no_recordings(write, tmp_path):
    write("1.wav", [1, 2])
    (tmp_path / "notes").mkdir()
    assert load_recordings(tmp_path).skipped == {}


@pytest.mark.parametrize("ending", ["m4a", "WMA"])
def test_recordings_in_formats_that_cannot_be_read_are_named(write, tmp_path, ending):
    write("cat/1.wav", [1, 2])
    path = tmp_path / "cat" / f"2.{ending}"
    path.write_bytes(b"\0\0\0 ftypM4A ")
    with pytest.raises(ValueError, match=rf"2.{ending} is not an audio file of a known format"):
        load_recordings(tmp_path)
    with pytest.warns(UserWarning, match=rf"2.{ending}"):
        assert list(load_recordings(tmp_path, on_error="skip").skipped) == [str(path)]


# Links and folders that cannot be read


@pytest.fixture
def linked(tmp_path):
    """An empty folder, and one beside it to link to."""
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    return root, elsewhere


def test_links_to_folders_are_followed(write, linked):
    root, elsewhere = linked
    write("root/cat/1.wav", [1, 2])
    write("elsewhere/1.wav", [1, 2, 3])
    (root / "dog").symlink_to(elsewhere)
    recordings = load_recordings(root)
    np.testing.assert_array_equal(recordings.target_names, ["cat", "dog"])
    assert recordings.filenames.tolist() == [str(root / "cat/1.wav"), str(root / "dog/1.wav")]
    assert recordings.skipped == {}


def test_the_folder_itself_may_be_a_link(write, linked):
    root, elsewhere = linked
    write("elsewhere/cat/1.wav", [1, 2])
    (root / "link").symlink_to(elsewhere)
    assert load_recordings(root / "link").filenames.tolist() == [str(root / "link/cat/1.wav")]


def test_cycles_of_links_end_and_are_named(write, linked):
    root, elsewhere = linked
    write("root/cat/1.wav", [1, 2])
    write("elsewhere/deep/2.wav", [1, 2])
    write("elsewhere/1.wav", [1, 2])
    (root / "cat" / "up").symlink_to(root)
    (root / "dog").symlink_to(elsewhere)
    (elsewhere / "deep" / "again").symlink_to(elsewhere)
    with pytest.warns(UserWarning, match=r"up is the folder .*root, which is read already"):
        recordings = load_recordings(root)
    assert len(recordings.data) == 3
    assert set(recordings.skipped) == {
        str(root / "cat" / "up"),
        str(root / "dog" / "deep" / "again"),
    }


def test_a_folder_is_read_once_and_under_its_own_name(write, linked):
    root, _ = linked
    write("root/zebra/1.wav", [1, 2])
    write("root/zebra/deep/2.wav", [1, 2])
    (root / "ant").symlink_to(root / "zebra")
    (root / "bee").symlink_to(root / "zebra" / "deep")
    with pytest.warns(UserWarning, match=r"2 files or folders"):
        recordings = load_recordings(root)
    np.testing.assert_array_equal(recordings.target_names, ["zebra"])
    assert recordings.skipped[str(root / "ant")].endswith("zebra, which is read already.")
    assert str(root / "bee") in recordings.skipped


@pytest.mark.reliability("Bad input")
def test_links_that_lead_nowhere_are_named(write, linked):
    root, elsewhere = linked
    write("root/cat/1.wav", [1, 2])
    (root / "dog").symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"dog cannot be read: No such file"):
        load_recordings(root)
    with pytest.warns(UserWarning, match="dog cannot be read"):
        recordings = load_recordings(root, on_error="skip")
    assert list(recordings.skipped) == [str(root / "dog")]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
@pytest.mark.reliability("Bad input")
def test_folders_that_must_not_be_read_are_named(write, make, reachable_folder, request):
    for label in ("cat", "dog"):
        (reachable_folder / label).mkdir()
        (reachable_folder / label / "1.wav").write_bytes(make.wav(np.array([1, 2], np.int16)))
    load_recordings(reachable_folder)  # imports what root alone may be able to read
    reachable_folder.chmod(0o755)
    (reachable_folder / "dog").chmod(0)
    request.getfixturevalue("plain_user")
    with pytest.raises(OSError, match="dog cannot be read: Permission denied"):
        load_recordings(reachable_folder)
    with pytest.warns(UserWarning, match=r"dog cannot be read: Permission denied"):
        recordings = load_recordings(reachable_folder, on_error="skip")
    assert list(recordings.skipped) == [str(reachable_folder / "dog")]
    np.testing.assert_array_equal(recordings.target_names, ["cat"])


@pytest.mark.reliability("Bad input")
def test_a_folder_without_recordings_says_what_was_skipped(linked):
    root, elsewhere = linked
    (root / "dog").symlink_to(elsewhere)
    with pytest.raises(ValueError, match=r"holds no recording: .*dog cannot be read: No such file"):
        load_recordings(root, on_error="skip")


# Bad parameters


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("nowhere", NotADirectoryError, "source='nowhere' is not a folder"),
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
    with pytest.raises(ValueError, match=r"top.wav and 0 more are beside these, without a label"):
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
