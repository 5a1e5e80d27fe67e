"""Audio files that are complete, cut short, or of an unknown length.

First every container, then what is particular to WAV, to the other containers of chunks, and to
Ogg, MP3, FLAC and NIST SPHERE.
"""

import io
import struct

import numpy as np
import pytest

from skscatter.datasets.audio import read_recording

pytestmark = pytest.mark.reliability("Damaged and hostile files")

# All that soundfile can write, of what is read.
FORMATS = [
    *[("WAV", subtype) for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")],
    *[("WAV", subtype) for subtype in ("ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610")],
    *[("WAVEX", "PCM_24"), ("RF64", "PCM_16"), ("RF64", "ULAW"), ("W64", "PCM_16")],
    *[("AIFF", subtype) for subtype in ("PCM_16", "FLOAT", "ULAW", "IMA_ADPCM", "GSM610")],
    *[("AU", subtype) for subtype in ("PCM_16", "ULAW", "DOUBLE")],
    *[("CAF", "PCM_16"), ("CAF", "ALAC_16"), ("NIST", "PCM_16"), ("NIST", "ALAW")],
    *[("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")],
]


def n_times(contents):
    return read_recording(contents).samples.shape[1]


def with_bytes(contents, at, replacement):
    return contents[:at] + replacement + contents[at + len(replacement) :]


@pytest.fixture
def noise():
    rng = np.random.default_rng(0)
    return (0.3 * rng.uniform(-1, 1, 3000)).astype(np.float32)


@pytest.mark.parametrize(("container", "subtype"), FORMATS)
def test_complete_files_are_read_and_truncated_ones_refused(encode, noise, container, subtype):
    contents = encode(noise, container, subtype)
    # Codecs that work in blocks fill up the last one.
    assert len(noise) <= n_times(contents) <= len(noise) + 500
    lengths = sorted({*range(0, len(contents), 97), *range(len(contents) - 8, len(contents))})
    for length in lengths:
        with pytest.raises(ValueError, match=r"^The recording (is|cannot be) "):
            read_recording(contents[:length])


@pytest.mark.parametrize("container", ["WAV", "AIFF", "AU", "CAF", "NIST", "MP3", "RF64", "W64"])
def test_half_of_a_file_is_refused_as_cut_short(encode, noise, container):
    contents = encode(noise, container)
    with pytest.raises(ValueError, match=r"The recording is cut short: "):
        read_recording(contents[: len(contents) * 3 // 4])


@pytest.mark.parametrize(("container", "subtype"), FORMATS)
def test_damaged_bytes_are_refused_or_harmless(encode, noise, container, subtype):
    contents = encode(noise[:500], container, subtype)
    rng = np.random.default_rng(0)
    positions = [*range(0, min(100, len(contents)), 3), *rng.integers(0, len(contents), 30)]
    for position in positions:
        damaged = with_bytes(contents, position, bytes([contents[position] ^ 0xFF]))
        try:
            samples, sampling_rate = read_recording(damaged)
        except ValueError:
            continue
        assert np.isfinite(samples).all()
        assert sampling_rate > 0


# WAV


def wav(*chunks, form=b"RIFF", size=None):
    body = b"WAVE" + b"".join(chunks)
    order = ">" if form == b"RIFX" else "<"
    return form + struct.pack(f"{order}I", len(body) if size is None else size) + body


def chunk(identifier, contents, size=None, pad=True, order="<"):
    size = len(contents) if size is None else size
    padding = b"\0" * (len(contents) % 2 if pad else 0)
    return identifier + struct.pack(f"{order}I", size) + contents + padding


def fmt(tag=1, n_channels=1, bits=16, rate=8000, frame=None, rest=b"", order="<"):
    frame = n_channels * bits // 8 if frame is None else frame
    fields = struct.pack(f"{order}HHIIHH", tag, n_channels, rate, rate * frame, frame, bits)
    return chunk(b"fmt ", fields + rest, order=order)


TEN = np.arange(10, dtype="<i2")
DATA = TEN.tobytes()


def assert_ten(contents):
    samples, sampling_rate = read_recording(contents)
    assert sampling_rate == 8000
    np.testing.assert_array_equal(samples, [TEN / 2**15])


@pytest.mark.parametrize("size", [0, 8, 36, 56 + 8, 56 - 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_the_size_of_riff_is_ignored(size):
    assert_ten(wav(fmt(), chunk(b"data", DATA), size=size))
    assert_ten(wav(fmt(), chunk(b"data", DATA), chunk(b"LIST", b"INFO"), size=size))
    with pytest.raises(ValueError, match="promises 20 bytes of samples, of which 19 are there"):
        read_recording(wav(fmt(), chunk(b"data", DATA), size=size)[:-1])


@pytest.mark.parametrize(
    "placeholder", [0, 0x7F000000, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFDB, 0xFFFFFFFF]
)
@pytest.mark.parametrize("form", [b"RIFF", b"RIFX"])
def test_a_size_left_open_means_the_end_of_the_file(placeholder, form):
    order = ">" if form == b"RIFX" else "<"
    data = TEN.astype(f"{order}i2").tobytes()
    chunks = fmt(order=order), chunk(b"data", data, placeholder, order=order)
    for size in (0, 36, 0xFFFFFFFF, placeholder):
        assert_ten(wav(*chunks, form=form, size=size))


@pytest.mark.parametrize("size", [22, 1000, 0x7E000000, 0x90000000])
def test_other_sizes_beyond_the_end_are_promises(size):
    with pytest.raises(ValueError, match=f"promises {size} bytes of samples, of which 20 are"):
        read_recording(wav(fmt(), chunk(b"data", DATA, size)))


def test_a_size_of_zero_before_other_chunks_means_no_samples():
    for following in (b"", chunk(b"LIST", b"INFO"), chunk(b"LIST", b"I" * 5, pad=False)):
        with pytest.raises(ValueError, match="has no samples"):
            read_recording(wav(fmt(), chunk(b"data", b""), following))
    quiet = np.full(20, 100, np.uint8)  # the letter d
    assert n_times(wav(fmt(bits=8), chunk(b"data", quiet.tobytes(), 0))) == 20


@pytest.mark.parametrize("pad", [True, False])
def test_other_chunks_of_any_size_are_skipped(pad):
    for before in (b"", chunk(b"LIST", b"INFO"), chunk(b"bext", b"x" * 5, pad=pad)):
        for after in (b"", chunk(b"id3 ", b"x" * 7, pad=pad), b"junk"):
            assert_ten(wav(before, fmt(), before, chunk(b"data", DATA), after))
    odd = chunk(b"data", b"\x80" * 7, pad=pad)
    assert n_times(wav(fmt(bits=8), odd, chunk(b"LIST", b"INFO"))) == 7


def test_an_extensible_header_names_the_coding():
    rest = struct.pack("<HHIH", 22, 16, 4, 1) + bytes.fromhex("000000001000800000aa00389b71")
    assert_ten(wav(fmt(tag=0xFFFE, rest=rest), chunk(b"data", DATA)))
    floating = struct.pack("<HHIH", 22, 32, 4, 3) + rest[10:]
    samples = np.array([0.25, -3], "<f4")
    contents = wav(fmt(tag=0xFFFE, bits=32, rest=floating), chunk(b"data", samples.tobytes()))
    np.testing.assert_array_equal(read_recording(contents).samples, [samples])


@pytest.mark.parametrize("form", [b"RIFF", b"RIFX"])
def test_24_bit_samples(form):
    order, name = (">", "big") if form == b"RIFX" else ("<", "little")
    values = -(2**23), 2**22, 1
    data = b"".join(value.to_bytes(3, name, signed=True) for value in values)
    contents = wav(fmt(bits=24, order=order), chunk(b"data", data, order=order), form=form)
    np.testing.assert_array_equal(read_recording(contents).samples, [np.array(values) / 2**23])


def test_fewer_bits_than_the_bytes_of_a_sample_are_the_upper_ones():
    assert_ten(wav(fmt(bits=12, frame=2), chunk(b"data", DATA)))


@pytest.mark.parametrize(
    "header",
    [
        fmt(n_channels=0, frame=2),
        fmt(frame=0),
        fmt(frame=3, n_channels=2, bits=8),
        fmt(bits=0, frame=2),
        fmt(bits=24, frame=2),
        fmt(bits=40),
        fmt(tag=3, bits=16),
        fmt(n_channels=65535, frame=2),
    ],
)
def test_headers_that_contradict_themselves_are_refused(header):
    with pytest.raises(ValueError, match=r"damaged: its header promises \d+ channels of \d+ bits"):
        read_recording(wav(header, chunk(b"data", DATA)))


def test_headers_without_a_whole_description_are_refused():
    with pytest.raises(ValueError, match="its chunk 'fmt ' is missing"):
        read_recording(wav(chunk(b"data", DATA), fmt()))
    with pytest.raises(ValueError, match="its chunk 'fmt ' is too short"):
        read_recording(wav(chunk(b"fmt ", b"x" * 14), chunk(b"data", DATA)))
    with pytest.raises(ValueError, match="ends before its samples begin"):
        read_recording(wav(fmt(), chunk(b"LIST", b"INFO")))


def test_a_file_that_ends_inside_of_a_sample_is_refused():
    for size in (3, 0xFFFFFFFF):
        with pytest.raises(ValueError, match="its 3 bytes of samples end in the middle of one"):
            read_recording(wav(fmt(), chunk(b"data", b"abc", size, pad=False)))
    # Programs that write to a pipe make an odd size even all the same.
    assert n_times(wav(fmt(bits=24), chunk(b"data", b"abc", 0xFFFFFFFF))) == 1


def rf64(size, large, data=DATA):
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 0, large, 0, 0))
    return wav(ds64, fmt(), chunk(b"data", data, size), form=b"RF64", size=0xFFFFFFFF)


def test_large_sizes_of_rf64():
    for large in (20, 0, 2**64 - 1):
        assert_ten(rf64(0xFFFFFFFF, large))
    assert_ten(rf64(20, 0))
    with pytest.raises(ValueError, match="promises 8589934592 bytes of samples, of which 20 are"):
        read_recording(rf64(0xFFFFFFFF, 2**33))


# Other containers of chunks


@pytest.mark.parametrize(
    ("container", "subtype", "identifier", "before", "sizes"),
    [
        ("WAV", "ULAW", b"data", 4, [b"\0" * 4, b"\xff" * 4, b"\0\xf0\xff\x7f"]),
        ("AIFF", "PCM_16", b"SSND", 4, [b"\0" * 4, b"\xff" * 4, b"\x7f\0\0\x08", b"\0\0\0\x08"]),
        ("CAF", "PCM_16", b"data", 4, [b"\xff" * 8]),
        ("AU", "PCM_16", b".snd", 8, [b"\0" * 4, b"\xff" * 4]),
        ("W64", "PCM_16", b"data", 16, [b"\0" * 8, b"\xff" * 8, b"\xff" * 7 + b"\x7f"]),
    ],
)
def test_a_size_left_open_in_other_containers(
    encode, noise, container, subtype, identifier, before, sizes
):
    contents = encode(noise, container, subtype)
    expected = read_recording(contents).samples
    at = contents.index(identifier) + before
    for size in sizes:
        samples = read_recording(with_bytes(contents, at, size)).samples
        # soundfile writes a chunk of peaks or nothing behind the samples
        np.testing.assert_array_equal(samples, expected)


@pytest.mark.parametrize("container", ["AIFF", "CAF", "AU", "W64"])
def test_other_containers_without_samples_are_refused(encode, container):
    with pytest.raises(ValueError, match="has no samples"):
        read_recording(encode(np.zeros(0, np.int16), container))


def test_au_of_the_other_byte_order(encode, noise):
    contents = encode(noise, "AU", "PCM_16", endian="LITTLE")
    assert contents.startswith(b"dns.")
    assert n_times(contents) == len(noise)
    for length in (-1, 20):
        with pytest.raises(ValueError, match="cut short"):
            read_recording(contents[:length])


# Ogg


def test_an_ogg_stream_without_its_last_page_is_refused(encode, noise):
    contents = encode(noise, "OGG")
    last = contents.rindex(b"OggS")
    with pytest.raises(ValueError, match="the page that ends its Ogg stream is missing"):
        read_recording(contents[:last])


def test_an_ogg_stream_without_a_page_in_the_middle_is_refused(encode):
    contents = encode(np.random.default_rng(0).uniform(-0.5, 0.5, 60_000), "OGG")
    pages = [at for at in range(len(contents)) if contents.startswith(b"OggS", at)]
    assert len(pages) > 4
    with pytest.raises(ValueError, match="a page of its Ogg stream is missing"):
        read_recording(contents[: pages[-2]] + contents[pages[-1] :])


def test_ogg_streams_one_after_the_other_are_refused(encode, noise):
    with pytest.raises(ValueError, match=r"holds 2 Ogg streams, of which only one"):
        read_recording(encode(noise, "OGG") + encode(noise[:2000], "OGG"))


def test_what_follows_an_ogg_stream_is_ignored(encode, noise):
    contents = encode(noise, "OGG")
    assert n_times(contents + b"\0" * 100) == n_times(contents)


# MP3


@pytest.fixture
def mp3(encode):
    """An MP3 file of a quiet and a loud part, in frames of several sizes."""
    rng = np.random.default_rng(0)
    samples = np.concatenate([np.zeros(40_000), rng.uniform(-0.5, 0.5, 40_000)]).astype(np.float32)
    soundfile = pytest.importorskip("soundfile", reason="needs soundfile")
    file = io.BytesIO()
    try:
        soundfile.write(
            file,
            samples,
            44100,
            format="MP3",
            bitrate_mode="VARIABLE",
            compression_level=0.5,
        )
    except (TypeError, ValueError, RuntimeError):
        pytest.skip("needs a soundfile that writes MP3 files of a variable bit rate")
    return file.getvalue(), samples


def without_header(contents):
    """Drop the first frame, which holds the header."""
    at = contents.index(b"\xff\xfb", 4)
    assert b"Xing" in contents[:at]
    return contents[at:]


def test_an_mp3_file_without_a_header_is_read_to_its_end(mp3):
    contents, samples = mp3
    read = read_recording(without_header(contents)).samples[0]
    assert len(samples) <= len(read) < len(samples) + 3 * 1152
    assert np.abs(read[-20_000:-3000]).mean() > 0.15  # 0.25 before the encoder's low-pass
    # The same frames, apart from the silence that the encoder adds, which the header tells.
    whole = read_recording(contents).samples[0]
    assert len(whole) == len(samples)


def test_an_mp3_file_without_a_header_that_ends_in_a_frame_is_refused(mp3):
    contents = without_header(mp3[0])
    for cut in (10, 100, 200):
        with pytest.raises(ValueError, match="it ends in the middle of an MP3 frame"):
            read_recording(contents[:-cut])


def test_mp3_frames_that_are_missing_or_too_many_are_refused(mp3):
    contents = mp3[0]
    rest = without_header(contents)
    header = contents[: -len(rest)]
    third = rest.index(b"\xff\xfb", rest.index(b"\xff\xfb", 4) + 4)
    with pytest.raises(ValueError, match=r"is cut short: its header promises \d+ frames, and it"):
        read_recording(header + rest[third:])
    with pytest.raises(ValueError, match=r"holds several MP3 streams: its header promises \d+ fr"):
        read_recording(contents + contents)


def test_headers_of_mp3_files_that_count_nothing_are_replaced(mp3):
    contents = mp3[0]
    at = contents.index(b"Xing") + 4
    (flags,) = struct.unpack_from(">I", contents, at)
    expected = n_times(without_header(contents))
    assert n_times(with_bytes(contents, at, struct.pack(">I", flags & ~1))) == expected
    assert n_times(with_bytes(contents, at + 4, bytes(4))) == expected
    # The other kind of header, of Fraunhofer's encoder.
    rest = without_header(contents)
    n_frames = expected // 1152
    for count in (n_frames, n_frames + 9):
        vbri = b"VBRI" + bytes(10) + struct.pack(">I", count)
        first = with_bytes(contents[: -len(rest)], at - 4, bytes(100))
        first = with_bytes(first, 36, vbri)
        if count == n_frames:
            assert n_times(first + rest) == expected
        else:
            with pytest.raises(ValueError, match="is cut short: its header promises"):
                read_recording(first + rest)


def test_tags_of_mp3_files_are_skipped(mp3):
    contents = mp3[0]
    expected = n_times(contents)
    id3 = b"ID3\4\0\0" + bytes([0, 0, 1, 2]) + b"\xff\xfb" * 65
    assert n_times(id3 + contents) == expected
    assert n_times(id3 + bytes(50) + contents) == expected
    assert n_times(contents + b"TAG" + b"x" * 125) == expected
    rest = without_header(contents)
    middle = rest.index(b"\xff\xfb", len(rest) // 2)
    for between in (id3, b"\xff" * 50):
        assert n_times(rest[:middle] + between + rest[middle:]) == n_times(rest)


@pytest.mark.parametrize(
    "header", ["fffb00c4", "fffbf0c4", "fffb9cc4", "ffeb90c4", "fffd90c4", "fffb9"]
)
def test_headers_that_are_not_of_an_mp3_frame_are_not_an_mp3_file(header):
    with pytest.raises(ValueError, match="not an audio file of a known format"):
        read_recording(bytes.fromhex(header.ljust(8, "0")) + bytes(2000))


@pytest.mark.parametrize("sampling_rate", [8000, 16000, 24000, 32000, 48000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_mp3_files_of_any_rate(encode, sampling_rate, n_channels):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (9000, n_channels))
    contents = encode(samples, "MP3", sampling_rate=sampling_rate)
    read = read_recording(contents, mono=False)
    assert read.sampling_rate == sampling_rate
    assert read.samples.shape == (n_channels, 9000)
    at = max(contents.find(b"Info"), contents.find(b"Xing"))
    unknown = read_recording(with_bytes(contents, at, bytes(12)), mono=False)
    assert unknown.samples.shape[1] >= 9000


# FLAC and NIST SPHERE


def test_a_flac_stream_of_unknown_length_is_read_to_its_end(encode, noise):
    contents = encode(noise, "FLAC")
    unknown = with_bytes(contents, 21, bytes([contents[21] & 0xF0, 0, 0, 0, 0]))
    expected = read_recording(contents).samples
    np.testing.assert_array_equal(read_recording(unknown).samples, expected)


def test_a_flac_file_that_promises_more_samples_is_refused(encode, noise):
    contents = encode(noise, "FLAC")
    more = with_bytes(contents, 21, bytes([contents[21] | 0x0F, *b"\xff" * 4]))
    with pytest.raises(ValueError, match=r"promises 68719476735 samples, of which 3000 are there"):
        read_recording(more)


def test_an_id3_tag_before_flac_is_skipped(encode, noise):
    contents = b"ID3\4\0\0" + bytes([0, 0, 0, 20]) + bytes(20) + encode(noise, "FLAC")
    assert n_times(contents) == len(noise)


def test_a_nist_header_without_a_number_of_samples_promises_nothing(encode, noise):
    contents = encode(noise, "NIST")
    for replacement in (b"sample_court -i 3000", b"sample_count -i many"):
        changed = contents.replace(b"sample_count -i 3000", replacement)
        assert n_times(changed[:-100]) == len(noise) - 50
    assert n_times(with_bytes(contents, 8, b"  many  ")) == len(noise)
