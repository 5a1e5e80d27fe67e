import hashlib
import io
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from skscatter.datasets.download import (
    BrokenArchiveError,
    Source,
    WrongArchiveError,
    unpack,
)

pytestmark = pytest.mark.reliability("Damaged and hostile files")


def digest(files):
    lines = [
        f"{path.rpartition('/')[2]} {hashlib.sha256(files[path]).hexdigest()}\n"
        for path in sorted(files)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def assert_holds(recordings, tiny):
    assert recordings.filenames.tolist() == sorted(tiny.samples)
    expected = np.concatenate([tiny.samples[name] for name in sorted(tiny.samples)])
    np.testing.assert_array_equal(recordings.samples, expected)


def test_unpack(tiny):
    assert_holds(unpack(tiny.contents, tiny.archive), tiny)


def test_recompressed_archive_is_accepted(tiny, make):
    contents = make.zip(dict(reversed(tiny.files.items())), zipfile.ZIP_STORED)
    assert contents != tiny.contents
    assert_holds(unpack(contents, tiny.archive), tiny)


def test_archive_by_its_own_checksum_alone(tiny):
    assert_holds(unpack(tiny.contents, replace(tiny.archive, content_sha256="0")), tiny)


def test_changed_recording_is_refused_with_both_checksums(tiny, make):
    files = dict(tiny.files)
    files["tiny-1.0/recordings/0_anna_3.wav"] = make.wav(np.ones(50, dtype=np.int16))
    contents = make.zip(files)
    with pytest.raises(WrongArchiveError) as caught:
        unpack(contents, tiny.archive)
    message = str(caught.value)
    for part in (
        hashlib.sha256(contents).hexdigest(),
        tiny.archive.sha256,
        tiny.archive.content_sha256,
        digest({path: files[path] for path in files if path.endswith(".wav")}),
    ):
        assert part in message


def test_renamed_recording_is_refused(tiny, make):
    files = dict(tiny.files)
    files["tiny-1.0/recordings/0_anna_99.wav"] = files.pop("tiny-1.0/recordings/0_anna_3.wav")
    with pytest.raises(WrongArchiveError, match="another archive"):
        unpack(make.zip(files), tiny.archive)


def test_foreign_entries_are_passed_over(tiny, make):
    wav = make.wav(np.ones(50, dtype=np.int16))
    foreign = [
        "../recordings/0_eve_0.wav",
        "/recordings/0_eve_0.wav",
        "recordings/0_eve_0.wav",
        "../../recordings/0_eve_0.wav",
        "tiny-1.0/recordings/../0_eve_0.wav",
        "tiny-1.0/recordings/sub/0_eve_0.wav",
        "tiny-1.0/recordings/../../../0_eve_0.wav",
        "tiny-1.0/tiny-1.0/recordings/0_eve_0.wav",
        "C:\\recordings\\0_eve_0.wav",
        "..\\x/recordings/0_eve_0.wav",
        "tiny-1.0/recordings/10_eve_0.wav",
        "tiny-1.0/recordings/0_Eve_0.wav",
        "tiny-1.0/recordings/0_eve_٣.wav",
        "tiny-1.0/recordings/0_eve_0.wav.exe",
        "tiny-1.0/recordings/0_eve_0.wav\n",
        "tiny-1.0/recordings/.0_eve_0.wav",
    ]
    contents = make.zip(tiny.files | dict.fromkeys(foreign, wav))
    assert_holds(unpack(contents, tiny.archive), tiny)


def test_links_are_not_followed(tiny, tmp_path):
    secret = tmp_path / "0_anna_0.wav"
    secret.write_bytes(tiny.files["tiny-1.0/recordings/0_anna_0.wav"])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, contents in tiny.files.items():
            if name.endswith("/0_anna_0.wav"):
                link = zipfile.ZipInfo(name)
                link.create_system, link.external_attr = 3, 0o120777 << 16
                archive.writestr(link, str(secret))
            else:
                archive.writestr(name, contents)
    with pytest.raises(WrongArchiveError, match="another archive"):
        unpack(file.getvalue(), tiny.archive)


def test_doubled_recording_cannot_replace_the_right_one(tiny, make):
    wav = make.wav(np.ones(50, dtype=np.int16))
    contents = make.zip(tiny.files | {"other/recordings/0_anna_3.wav": wav})
    with pytest.raises(WrongArchiveError, match="another archive"):
        unpack(contents, tiny.archive)


@pytest.mark.parametrize("n_extra", [-1, 1])
def test_wrong_number_of_recordings(tiny, make, n_extra):
    files = dict(tiny.files)
    if n_extra < 0:
        del files["tiny-1.0/recordings/0_anna_3.wav"]
    else:
        files["tiny-1.0/recordings/0_anna_12.wav"] = b""
    n_recordings = len(tiny.samples)
    with pytest.raises(WrongArchiveError, match=f"{n_recordings + n_extra} .* {n_recordings}"):
        unpack(make.zip(files), tiny.archive)


def test_bomb_is_not_unpacked(tiny, make, monkeypatch):
    files = dict(tiny.files)
    files["tiny-1.0/recordings/0_anna_3.wav"] = bytes(2**20)
    contents = make.zip(files)
    assert len(contents) < tiny.archive.max_bytes
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *args: pytest.fail("unpacked"))
    with pytest.raises(WrongArchiveError, match=f"more than {tiny.archive.max_bytes}"):
        unpack(contents, tiny.archive)


def test_bomb_that_states_a_small_size_is_refused(tiny, make):
    files = dict(tiny.files)
    files["tiny-1.0/recordings/0_anna_3.wav"] = bytes(2**20)
    contents = make.zip(files)
    contents = contents.replace(struct.pack("<I", 2**20), struct.pack("<I", 100))
    with pytest.raises(BrokenArchiveError):
        unpack(contents, tiny.archive)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_that_python_unpacks_without_limit_is_refused(tiny, make, compression):
    with pytest.raises(WrongArchiveError, match="deflate"):
        unpack(make.zip(tiny.files, compression), tiny.archive)


@pytest.mark.parametrize("contents", [b"", b"<html>Please log in</html>", b"PK\x03\x04" * 99])
def test_other_bytes_than_an_archive_are_refused(tiny, contents):
    with pytest.raises(BrokenArchiveError, match=f"{len(contents)} bytes are not a readable"):
        unpack(contents, tiny.archive)


def test_every_truncation_is_noticed(tiny):
    for length in range(0, len(tiny.contents), 997):
        with pytest.raises(BrokenArchiveError):
            unpack(tiny.contents[:length], tiny.archive)


def test_damage_is_noticed_or_harmless(tiny):
    rng = np.random.default_rng(0)
    for position in rng.integers(0, len(tiny.contents), 100):
        damaged = bytearray(tiny.contents)
        damaged[position] ^= 0xFF
        try:
            recordings = unpack(bytes(damaged), tiny.archive)
        except WrongArchiveError:
            continue
        assert_holds(recordings, tiny)


@pytest.mark.parametrize(
    ("samples", "sampling_rate", "message"),
    [
        (np.ones((20, 2), dtype=np.int16), 8000, "one channel"),
        (np.ones(20, dtype=np.uint8), 8000, "uint8"),
        (np.ones(20, dtype=np.int16), 16000, "16000"),
        (np.ones(0, dtype=np.int16), 8000, "no samples"),
    ],
)
def test_recordings_of_another_format_are_refused(tiny, make, samples, sampling_rate, message):
    files = {"x/recordings/0_anna_0.wav": make.wav(samples, sampling_rate)}
    archive = replace(tiny.archive, n_recordings=1, content_sha256=digest(files))
    with pytest.raises(WrongArchiveError, match=message):
        unpack(make.zip(files), archive)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"text", "0_anna_0.wav is not an uncompressed WAV file"),
        (b"RIFF\0\0\0\0WAVE", "0_anna_0.wav is damaged or cut short"),
    ],
)
def test_recordings_that_are_not_wav_files_are_refused(tiny, make, contents, message):
    files = {"x/recordings/0_anna_0.wav": contents}
    archive = replace(tiny.archive, n_recordings=1, content_sha256=digest(files))
    with pytest.raises(WrongArchiveError, match=message):
        unpack(make.zip(files), archive)


def test_sources_that_are_paths(tmp_path, monkeypatch):
    path = tmp_path / "Köln 100%25 #1?.zip"
    path.write_bytes(b"12345")
    monkeypatch.chdir(tmp_path)
    uri = path.as_uri()
    for given in (
        path,
        str(path),
        path.name,
        uri,
        uri.replace("file://", "file://localhost"),
        uri.replace("file:", "FILE:"),
    ):
        assert Source(given).read(5) == b"12345"
    with pytest.raises(WrongArchiveError, match="more than 4 bytes"):
        Source(path).read(4)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (3, TypeError),
        (b"x.zip", TypeError),
        ("", ValueError),
        ("ftp://host/x.zip", ValueError),
        ("s3://bucket/x.zip", ValueError),
        ("http://", ValueError),
        ("https:///x.zip", ValueError),
        ("file://elsewhere/x.zip", ValueError),
        ("file:", ValueError),
        ("http://[::1/x.zip", ValueError),
        ("https://host:port/x.zip", ValueError),
        ("https://host:99999/x.zip", ValueError),
        ("~nobody-has-this-name/x.zip", ValueError),
    ],
)
def test_bad_sources_are_named(source, error):
    with pytest.raises(error, match="source="):
        Source(source)
