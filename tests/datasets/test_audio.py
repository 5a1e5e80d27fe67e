"""One recording: read, averaged, resampled, and brought to a length."""

import os
import socket
import sys

import numpy as np
import pytest

from skscatter.datasets import audio
from skscatter.datasets.audio import fit_length, read_recording

pytestmark = pytest.mark.reliability("Damaged and hostile files")


@pytest.mark.parametrize(
    ("dtype", "extremes", "expected"),
    [
        (np.uint8, [0, 128, 255], [-1, 0, 127 / 128]),
        (np.int16, [-(2**15), 0, 2**15 - 1], [-1, 0, 1 - 2.0**-15]),
        (np.int32, [-(2**31), 0, 2**30], [-1, 0, 0.5]),
        (np.int64, [-(2**63), 0, 2**62], [-1, 0, 0.5]),
        (np.float32, [-1, 0, 2], [-1, 0, 2]),
        (np.float64, [-1, 0, 0.1], [-1, 0, np.float32(0.1)]),
    ],
)
def test_samples_are_scaled_exactly(make, dtype, extremes, expected):
    samples, sampling_rate = read_recording(make.wav(np.array(extremes, dtype=dtype), 11025))
    assert sampling_rate == 11025
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, [expected])


def test_channels_are_averaged_or_kept(make):
    contents = make.wav(np.array([[8192, 0], [0, -8192]], dtype=np.int16))
    np.testing.assert_array_equal(read_recording(contents).samples, [[0.125, -0.125]])
    kept = read_recording(contents, mono=False).samples
    np.testing.assert_array_equal(kept, [[0.25, 0], [0, -0.25]])
    assert kept.flags.c_contiguous


def test_path_and_bytes_agree(make, tmp_path):
    contents = make.wav(np.arange(10, dtype=np.int16))
    path = tmp_path / "zwölf und eins.wav"
    path.write_bytes(contents)
    for given in (path, str(path), contents):
        np.testing.assert_array_equal(read_recording(given).samples, [np.arange(10) / 2**15])


@pytest.mark.parametrize("contents", [b"", b"text", b"ID3" + bytes(100), b"RIFF" + bytes(100)])
def test_other_files_are_refused_with_the_formats(contents):
    message = r"The recording is not an audio file of a known format. Accepted: WAV, W64, AIFF, AU,"
    with pytest.raises(ValueError, match=message):
        read_recording(contents)


def test_missing_file_stays_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_recording(tmp_path / "nowhere.wav")


# What is not finite or has no end


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39, 1e308])
@pytest.mark.parametrize("mono", [True, False])
def test_samples_that_are_not_finite_in_float32_are_refused(make, bad, mono):
    contents = make.wav(np.array([[0, 0.5], [bad, 0.5]]))
    with pytest.raises(ValueError, match="has samples that are NaN or infinite, or too large for"):
        read_recording(contents, mono=mono)


def test_the_mean_of_large_channels_is_finite(make):
    contents = make.wav(np.full((9, 2), 3e38, np.float32))
    np.testing.assert_array_equal(read_recording(contents).samples, np.float32([[3e38] * 9]))


def test_samples_that_resampling_makes_infinite_are_refused(make):
    step = np.repeat(np.float32([-3.4e38, 3.4e38]), 200)  # the filter overshoots
    assert np.isfinite(read_recording(make.wav(step)).samples).all()
    with pytest.raises(ValueError, match="infinite"):
        read_recording(make.wav(step), sampling_rate=16000)


@pytest.mark.parametrize("sampling_rate", [None, 16000])
def test_a_recording_without_samples_is_refused(make, sampling_rate):
    contents = make.wav(np.zeros(0, dtype=np.int16))
    with pytest.raises(ValueError, match="The recording has no samples"):
        read_recording(contents, sampling_rate=sampling_rate)


@pytest.mark.parametrize("sampling_rate", [8, 1000, 8001, 4_000_000])
def test_one_sample_stays_a_recording_at_any_rate(make, sampling_rate):
    contents = make.wav(np.array([9], dtype=np.int16))
    samples = read_recording(contents, sampling_rate=sampling_rate).samples
    assert samples.shape == (1, -(-sampling_rate // 8000))


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")
def test_what_is_not_a_regular_file_is_refused_by_what_it_is(tmp_path):
    os.mkfifo(tmp_path / "fifo.wav")
    (tmp_path / "zero.wav").symlink_to("/dev/zero")
    (tmp_path / "link.wav").symlink_to(tmp_path / "fifo.wav")
    (tmp_path / "folder.wav").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tmp_path / "s.wav"))
    for name, what in {
        "fifo.wav": "a pipe",
        "link.wav": "a pipe",
        "zero.wav": "a device",
        "folder.wav": "a folder",
        "s.wav": "a socket",
    }.items():
        with pytest.raises(OSError, match=f"{name} is {what}, not a file with contents"):
            read_recording(tmp_path / name)


# Headers that ask for memory


@pytest.mark.parametrize(("rate", "wanted"), [(1, 16000), (2**31 - 1, 16000), (8000, 1e-3)])
def test_rates_too_far_apart_are_refused(make, rate, wanted):
    message = rf"has a sampling rate of {rate} Hz, too far from {wanted:g} Hz"
    with pytest.raises(ValueError, match=message):
        read_recording(make.wav(np.ones(10, np.int16), rate), sampling_rate=wanted)


def test_a_rate_of_zero_is_refused(make):
    with pytest.raises(ValueError, match="its header states a sampling rate of 0 Hz"):
        read_recording(make.wav(np.ones(10, np.int16), 0))


def test_resampling_is_refused_where_it_would_take_far_more_memory_than_the_file(make, monkeypatch):
    monkeypatch.setattr(audio, "MAX_BYTES", 2**16)
    contents = make.wav(np.ones(1000, np.int16), 20)
    message = r"would have more than 32704 samples at 16000 Hz instead of 20 Hz"
    with pytest.raises(ValueError, match=message):
        read_recording(contents, sampling_rate=16000)
    assert read_recording(contents, sampling_rate=640).samples.shape == (1, 32000)


def test_a_small_file_of_much_silence_is_refused(encode, monkeypatch):
    contents = encode(np.zeros(400_000, np.int16), "FLAC")
    assert read_recording(contents).samples.shape == (1, 400_000)
    monkeypatch.setattr(audio, "MAX_BYTES", 2**20)
    monkeypatch.setattr(audio, "_BLOCK", 2**12)
    with pytest.raises(ValueError, match=r"holds more than 262144 samples, .* Split it, or conv"):
        read_recording(contents)


def test_what_does_not_fit_into_memory_is_named(make, monkeypatch):
    def fail(contents):
        raise MemoryError

    monkeypatch.setattr(audio, "read_pcm", fail)
    with pytest.raises(ValueError, match="The recording does not fit into memory"):
        read_recording(make.wav(np.ones(10, np.int16)))


# Formats and libraries


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610"])
def test_other_codings_of_wav_are_read_by_soundfile(encode, subtype, tone):
    samples = tone(2000)
    read, sampling_rate = read_recording(encode(samples, "WAV", subtype))
    assert sampling_rate == 8000
    # Lossy, and the last block may be longer than the recording.
    assert np.corrcoef(read[0, : len(samples)], samples)[0, 1] > 0.98


@pytest.mark.parametrize("name", ["NIST", "FLAC", "OGG", "AIFF", "WAV"])
def test_the_contents_decide_which_format_a_file_is(encode, name, tone, tmp_path):
    samples = tone(200)
    for ending in ("wav", "flac"):
        path = tmp_path / f"a.{ending}"
        path.write_bytes(encode(samples, name))
        atol = 0.05 if name == "OGG" else 0  # which is lossy
        np.testing.assert_allclose(read_recording(path).samples[0], samples / 2**15, atol=atol)


@pytest.mark.parametrize(("name", "subtype"), [("FLAC", None), ("WAV", "ULAW"), ("NIST", None)])
@pytest.mark.reliability("Bad input")
def test_without_soundfile_the_error_says_how_to_install_it(
    encode, name, subtype, tone, tmp_path, monkeypatch
):
    path = tmp_path / "a.wav"
    path.write_bytes(encode(tone(200), name, subtype))
    monkeypatch.setitem(sys.modules, "soundfile", None)
    message = r'Reading .*a\.wav needs soundfile, .* pip install "skscatter\[audio\]"'
    with pytest.raises(ImportError, match=message):
        read_recording(path)


@pytest.mark.parametrize("coding", ["PCM_16", "PCM_24", "FLOAT"])
def test_uncompressed_wav_needs_no_soundfile(encode, coding, tone, monkeypatch):
    samples = tone(200)
    files = [encode(samples / 2**15, container, coding) for container in ("WAV", "WAVEX", "RF64")]
    files.append(encode(samples / 2**15, "WAV", coding, endian="BIG"))
    monkeypatch.setitem(sys.modules, "soundfile", None)
    for contents in files:
        np.testing.assert_allclose(read_recording(contents).samples[0], samples / 2**15, atol=1e-6)


# Resampling


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (11025, 8000),
        (44100, 8000),
        (44100, 16000),
        (48000, 16000),
        (8000, 44100),
        (8001, 8000),
        (8000, 8192),
    ],
)
def test_a_resampled_tone_keeps_its_frequency_and_its_amplitude(make, given, wanted):
    seconds = np.arange(given) / given
    contents = make.wav(np.float32(0.5 * np.sin(2 * np.pi * 440 * seconds)), given)
    resampled, sampling_rate = read_recording(contents, sampling_rate=wanted)
    assert sampling_rate == wanted
    assert resampled.dtype == np.float32
    assert resampled.shape == (1, pytest.approx(wanted, abs=1))
    middle = slice(500, 7500)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(resampled.size) / wanted)
    np.testing.assert_allclose(resampled[0, middle], expected[middle], atol=2e-5)


def test_ratios_of_large_numbers_are_met_approximately(make):
    phases = 2 * np.pi * 440 * np.arange(96001) / 96001
    contents = make.wav(np.float32(0.5 * np.sin(phases)), 96001)
    resampled = read_recording(contents, sampling_rate=16000).samples[0]
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(resampled.size) / 16000)
    # After a second, an error of 1e-5 of the rate is 0.028 radians.
    np.testing.assert_allclose(resampled[500:-500], expected[500:-500], atol=0.5 * 0.03)


def test_resampling_passes_what_fits_and_rejects_what_does_not(make):
    seconds = np.arange(48000) / 48000
    levels = {}
    for frequency in (100, 7100, 8200, 12000, 23000):
        contents = make.wav(np.float32(np.sin(2 * np.pi * frequency * seconds)), 48000)
        resampled = read_recording(contents, sampling_rate=16000).samples[0, 1000:-1000]
        levels[frequency] = 20 * np.log10(np.sqrt(2 * np.mean(resampled.astype(float) ** 2)))
    assert levels.pop(100) == pytest.approx(0, abs=0.01)
    assert levels.pop(7100) == pytest.approx(0, abs=0.01)
    assert max(levels.values()) < -95


def test_channels_are_resampled_one_by_one(make, tone):
    left, right = tone(300), tone(300, frequency=700)
    both = make.wav(np.stack([left, right], axis=1))
    resampled = read_recording(both, sampling_rate=11025, mono=False).samples
    for channel, samples in zip(resampled, (left, right), strict=True):
        alone = read_recording(make.wav(samples), sampling_rate=11025).samples
        np.testing.assert_array_equal(channel, alone[0])


def test_a_recording_of_the_wanted_rate_stays_as_it_is(make, tone):
    contents = make.wav(tone(300))
    same = read_recording(contents, sampling_rate=8000.0)
    np.testing.assert_array_equal(same.samples, read_recording(contents).samples)


@pytest.mark.parametrize(
    ("n_times", "expected"),
    [
        (3, [0.25, -1, 0.5]),
        (4, [0.25, -1, 0.5, 0]),
        (5, [0, 0.25, -1, 0.5, 0]),
        (8, [0, 0, 0.25, -1, 0.5, 0, 0, 0]),
        (2, [0.25, -1]),
        (1, [0.25]),
        (None, [0.25, -1, 0.5]),
    ],
)
def test_fit_length_keeps_the_beginning_and_centres(n_times, expected):
    signal = np.array([1, -4, 2], dtype=np.int16)
    fitted = fit_length(signal, n_times)
    assert fitted.dtype == np.float32
    np.testing.assert_array_equal(fitted, np.float32(expected))


def test_fit_length_does_not_touch_its_input():
    signal = np.array([0.25, -0.5])
    for n_times in (None, 1, 2, 3):
        fitted = fit_length(signal, n_times)
        assert fitted.dtype == np.float64
        fitted[:] = 9
    np.testing.assert_array_equal(signal, [0.25, -0.5])


def test_fit_length_without_normalization_and_of_silence():
    np.testing.assert_array_equal(fit_length([0.25, -0.5], 2, normalize=False), [0.25, -0.5])
    np.testing.assert_array_equal(fit_length(np.zeros(3), 5), np.zeros(5))
    np.testing.assert_array_equal(fit_length(np.zeros(0), 2), np.zeros(2))


@pytest.mark.parametrize(("n_times", "error"), [(0, ValueError), (2.0, TypeError)])
def test_fit_length_names_a_bad_n_times(n_times, error):
    with pytest.raises(error, match=f"n_times={n_times}"):
        fit_length(np.ones(3), n_times)


def test_fit_length_refuses_channels():
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        fit_length(np.ones((2, 3)), 3)
