"""The frames of MP3 files (MPEG-1 and MPEG-2, layer III), counted.

A decoder takes the length of an MP3 file from the Xing, Info or VBRI header in its first frame, and
guesses it from the first frames where there is no such header. For a variable bit rate, the guess
may be a fifth of the file.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

# Of layer III, in kbit/s, by whether it is MPEG-1. An index of 0 is a free format, 15 is invalid.
_BIT_RATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_RATES = (44100, 48000, 32000, 0)  # of MPEG-1, in Hz
_RATE_DIVISORS = {3: 1, 2: 2, 0: 4}  # MPEG-1, MPEG-2, MPEG-2.5, by their number in a header


class Frame(NamedTuple):
    """A frame.

    Attributes
    ----------
    start, stop : int
        Positions of its first byte and of the one after its last.
    stream : tuple of int
        What the frames of a stream share: version and sampling rate.
    side_information : int
        Bytes between the header and the data.
    """

    start: int
    stop: int
    stream: tuple[int, int]
    side_information: int


def skip_id3(contents: bytes, at: int = 0) -> int:
    """Return the position after the ID3v2 tag at position `at`, or `at` if there is none."""
    if not contents.startswith(b"ID3", at) or len(contents) < at + 10:
        return at
    size = 0
    for byte in contents[at + 6 : at + 10]:
        size = size << 7 | byte & 0x7F
    return at + 10 + size


def find_frame(contents: bytes) -> Frame | None:
    """Return the first frame of an MP3 file, or None if this is not one."""
    at = skip_id3(contents)
    while contents.startswith(b"\0", at):  # padding of the tag
        at += 1
    frame = _parse(contents, at)
    if frame is None or not (_follows(contents, frame) or frame.stop >= len(contents)):
        return None
    return frame


def complete_mp3(contents: bytes) -> bytes:
    """Check an MP3 file, and give it a header that counts the frames if it has none.

    Raises
    ------
    ValueError
        If the file is cut short, or the count in its header is wrong.
    """
    first = find_frame(contents)
    assert first is not None  # `identify` has seen it
    kind, stated = _read_header(contents, first)
    audio = first.stop if kind else first.start
    n_frames, stop = 0, audio
    for frame in _walk(contents, audio, first.stream):
        n_frames, stop = n_frames + 1, frame.stop
    if stop > len(contents):
        raise ValueError("is cut short: it ends in the middle of an MP3 frame.")
    if stated and abs(stated - n_frames) > 1:  # some programs count the header's own frame
        reason = "is cut short" if stated > n_frames else "holds several MP3 streams"
        raise ValueError(f"{reason}: its header promises {stated} frames, and it has {n_frames}.")
    if stated and kind != b"VBRI":  # which not every decoder reads
        return contents[first.start :]
    return _count_frame(contents, first, n_frames) + contents[audio:]


def _parse(contents: bytes, at: int) -> Frame | None:
    header = contents[at : at + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, rate = header[1] >> 3 & 3, header[2] >> 2 & 3
    is_mpeg1 = version == 3
    bit_rate = _BIT_RATES[is_mpeg1][header[2] >> 4]
    if version not in _RATE_DIVISORS or rate == 3 or bit_rate == 0:
        return None
    sampling_rate = _RATES[rate] // _RATE_DIVISORS[version]
    size = (144_000 if is_mpeg1 else 72_000) * bit_rate // sampling_rate + (header[2] >> 1 & 1)
    is_mono = header[3] >> 6 == 3
    side_information = {(True, False): 32, (False, True): 9}.get((is_mpeg1, is_mono), 17)
    return Frame(at, at + size, (version, rate), side_information)


def _follows(contents: bytes, frame: Frame) -> bool:
    """Whether another frame of the same stream follows this one."""
    following = _parse(contents, frame.stop)
    return following is not None and following.stream == frame.stream


def _walk(contents: bytes, at: int, stream: tuple[int, int]) -> Iterator[Frame]:
    """Yield the frames of a stream; bytes between them, such as tags, are skipped."""
    while at < len(contents):
        frame = _parse(contents, at)
        if frame is not None and frame.stream == stream:
            yield frame
            at = frame.stop
            continue
        at = skip_id3(contents, at) if contents.startswith(b"ID3", at) else at + 1
        while (at := contents.find(b"\xff", at)) >= 0:
            frame = _parse(contents, at)
            if frame is not None and frame.stream == stream and _follows(contents, frame):
                break
            at += 1
        else:
            return


def _read_header(contents: bytes, first: Frame) -> tuple[bytes, int]:
    """Return the kind of header in the first frame, and the number of frames that it states.

    Without a header, the kind is empty. Without a number, it is 0.
    """
    at = first.start + 4 + first.side_information
    kind = contents[at : at + 4]
    if kind in (b"Xing", b"Info"):
        flags, count = struct.unpack(">II", contents[at + 4 : at + 12].ljust(8, b"\0"))
        return kind, count if flags & 1 else 0
    at = first.start + 36
    if contents[at : at + 4] == b"VBRI":
        (count,) = struct.unpack(">I", contents[at + 14 : at + 18].ljust(4, b"\0"))
        return b"VBRI", count
    return b"", 0


def _count_frame(contents: bytes, first: Frame, n_frames: int) -> bytes:
    """Make a frame that holds nothing but a Xing header."""
    header = bytearray(contents[first.start : first.start + 4])
    header[1] |= 1  # no checksum
    header[2] = 9 << 4 | header[2] & 0x0C  # a bit rate that is large enough; no padding
    frame = _parse(bytes(header), 0)
    assert frame is not None
    xing = bytes(header) + bytes(frame.side_information) + b"Xing" + struct.pack(">II", 1, n_frames)
    return xing.ljust(frame.stop, b"\0")
