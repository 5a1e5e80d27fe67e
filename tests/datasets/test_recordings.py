import io
import struct

import numpy as np
import pytest
from scipy.io import wavfile

from skscatter.datasets._recordings import fit_length, read_wav

pytestmark = pytest.mark.reliability("Damaged and hostile files")


@pytest.mark.parametrize(
    ("dtype", "extremes", "expected", "result"),
    [
        (np.uint8, [0, 128, 255], [-1, 0, 127 / 128], np.float32),
        (np.int16, [-(2**15), 0, 2**15 - 1], [-1, 0, 1 - 2.0**-15], np.float32),
        (np.int32, [-(2**31), 0, 2**31 - 1], [-1, 0, 1 - 2.0**-31], np.float64),
        (np.float32, [-1, 0, 0.5], [-1, 0, 0.5], np.float32),
        (np.float64, [-1, 0, 0.1], [-1, 0, 0.1], np.float64),
    ],
)
def test_samples_are_scaled_exactly(make, dtype, extremes, expected, result):
    samples, sampling_rate = read_wav(make.wav(np.array(extremes, dtype=dtype), 11025))
    assert sampling_rate == 11025
    assert samples.dtype == result
    np.testing.assert_array_equal(samples, np.array(expected, dtype=result))


def test_24_bit_samples():
    frames = b"".join(value.to_bytes(3, "little", signed=True) for value in (-(2**23), 2**22))
    header = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 24000, 3, 24)
    body = header + b"data" + struct.pack("<I", len(frames)) + frames
    samples, _ = read_wav(b"RIFF" + struct.pack("<I", len(body)) + body)
    np.testing.assert_array_equal(samples, [-1, 0.5])


def test_channels_are_averaged(make):
    samples, _ = read_wav(make.wav(np.array([[8192, 0], [0, -8192]], dtype=np.int16)))
    np.testing.assert_array_equal(samples, np.float32([0.125, -0.125]))


def test_path_and_bytes_agree(make, tmp_path):
    contents = make.wav(np.arange(10, dtype=np.int16))
    path = tmp_path / "zwölf und eins.wav"
    path.write_bytes(contents)
    for given in (path, str(path), contents):
        np.testing.assert_array_equal(read_wav(given)[0], np.arange(10) / 2**15)


@pytest.mark.parametrize("placeholder", [0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_wav_written_to_a_pipe(make, placeholder):
    # espeak-ng, sox and ffmpeg do not know the length when they write the header.
    contents = bytearray(make.wav(np.arange(10, dtype=np.int16)))
    contents[4:8] = contents[40:44] = struct.pack("<I", placeholder)
    samples, sampling_rate = read_wav(bytes(contents))
    assert sampling_rate == 8000
    np.testing.assert_array_equal(samples, np.arange(10) / 2**15)


def test_unknown_chunks_are_passed_over(make):
    contents = make.wav(np.arange(10, dtype=np.int16))
    contents = contents[:36] + b"note" + struct.pack("<I", 4) + b"abcd" + contents[36:]
    assert len(read_wav(contents)[0]) == 10


def test_every_truncation_is_noticed(make, tmp_path):
    contents = make.wav(np.arange(10, dtype=np.int16))
    path = tmp_path / "cut.wav"
    for length in range(len(contents)):
        path.write_bytes(contents[:length])
        with pytest.raises(ValueError, match=r"cut\.wav"):
            read_wav(path)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "not a WAV file"),
        (b"ID3" + bytes(100), "not a WAV file"),
        (b"RIFF" + bytes(100), "not a WAV file"),
    ],
)
def test_other_files_are_refused(contents, message):
    with pytest.raises(ValueError, match=message):
        read_wav(contents)


def test_empty_and_non_finite_recordings_are_refused(make):
    with pytest.raises(ValueError, match="no samples"):
        read_wav(make.wav(np.zeros(0, dtype=np.int16)))
    with pytest.raises(ValueError, match="NaN"):
        read_wav(make.wav(np.float32([0, np.nan])))


def test_missing_file_stays_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_wav(tmp_path / "nowhere.wav")


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


def test_scipy_reads_what_the_tests_write(make):
    samples = np.arange(4, dtype=np.int16)
    np.testing.assert_array_equal(wavfile.read(io.BytesIO(make.wav(samples)))[1], samples)
