"""Audio containers: which one a file is, and whether it holds what its header promises.

Programs that write to a pipe do not know how many samples will follow. They leave the size in the
header at zero or at a placeholder, and the samples go on until the end of the file. Every other
file that ends before the size in its header was cut short.

Raised errors continue a sentence that begins with the name of the file.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .mpeg import complete_mp3, find_frame, skip_id3

# Sizes that stand for an unknown one: of sox (0x7F000000 in AIFF, 0x7FFFF000 in WAV), arecord
# (0x80000000), espeak-ng (a little above 0x7FFFF000), ffmpeg and others (0xFFFFFFFF).
_PLACEHOLDERS = (
    range(0x7EFFFF00, 0x7F000100),
    range(0x7FFF0000, 0x80000001),
    range(0xFFFF0000, 0x100000000),
    range(2**63 - 32, 2**64),
)


class Chunk(NamedTuple):
    """A chunk of a container.

    Attributes
    ----------
    identifier : bytes
    start : int
        Position of its first byte after the size.
    size : int
        Number of its bytes, as the container states it.
    """

    identifier: bytes
    start: int
    size: int


@dataclass(frozen=True)
class Chunks:
    """How a container arranges its chunks.

    Parameters
    ----------
    first : int
        Position of the first chunk.
    size : str
        The format of a size, for `struct`.
    samples : bytes
        Identifier of the chunk of samples.
    preamble : int, default=0
        Bytes in the chunk of samples that precede the samples.
    alignment : int, default=2
        Chunks begin at multiples of it.
    counts_itself : bool, default=False
        Whether the size of a chunk includes its identifier and the size.
    """

    first: int
    size: str
    samples: bytes
    preamble: int = 0
    alignment: int = 2
    counts_itself: bool = False

    @property
    def header(self) -> int:
        """Bytes of an identifier and a size."""
        return len(self.samples) + struct.calcsize(self.size)

    def walk(self, contents: bytes, at: int) -> Iterator[Chunk]:
        """Yield the chunks from position `at` on."""
        while at + self.header <= len(contents):
            start = at + self.header
            (size,) = struct.unpack_from(self.size, contents, at + len(self.samples))
            if self.counts_itself:
                size -= self.header
            yield Chunk(contents[at : at + len(self.samples)], start, size)
            at = start + max(size, 0)
            # Some programs forget the byte that makes an odd size even.
            if self.alignment != 2 or not _is_identifier(contents[at : at + 4]):
                at += -at % self.alignment

    def find(self, contents: bytes) -> dict[bytes, Chunk]:
        """Return the chunk of samples, with the size that it really has, and those before it.

        Raises
        ------
        ValueError
            If there is no chunk of samples, or the file is cut short.
        """
        found: dict[bytes, Chunk] = {}
        for chunk in self.walk(contents, self.first):
            if chunk.identifier == self.samples:
                size = self._measure(contents, chunk, found.get(b"ds64"))
                return found | {self.samples: chunk._replace(size=size)}
            found.setdefault(chunk.identifier, chunk)
        raise ValueError("is damaged or cut short: it ends before its samples begin.")

    def complete(self, contents: bytes) -> bytes:
        """Check that the samples are there, and state their size if it was left open.

        Raises
        ------
        ValueError
            If the file is cut short.
        """
        _, start, size = self.find(contents)[self.samples]
        if self.counts_itself:
            size += self.header
        n_bytes = struct.calcsize(self.size)
        largest = 2 ** (8 * n_bytes - 1) - 1
        size_bytes = struct.pack(self.size, size) if size <= largest else b"\xff" * n_bytes
        if size_bytes == contents[start - n_bytes : start]:
            return contents
        return contents[: start - n_bytes] + size_bytes + contents[start:]

    def _measure(self, contents: bytes, chunk: Chunk, ds64: Chunk | None) -> int:
        """Return the size of the chunk of samples."""
        there = len(contents) - chunk.start
        size = chunk.size
        if size == 0xFFFFFFFF and ds64 is not None:  # the large sizes of RF64
            large = contents[ds64.start : ds64.start + 16].ljust(16, b"\0")
            (size,) = struct.unpack("<8xQ", large)
        if size <= self.preamble:
            is_empty = self._is_sequence(contents, chunk.start + max(size, 0))
            return max(size, 0) if is_empty else there
        if size > there and not _is_placeholder(size):
            raise _cut_short(size, there)
        return min(size, there)

    def _is_sequence(self, contents: bytes, at: int) -> bool:
        """Whether nothing but chunks follows."""
        for identifier, start, size in self.walk(contents, at):
            if not _is_identifier(identifier[:4]) or size < 0:
                return False
            at = start + size
        return 0 <= len(contents) - at < self.alignment


RIFF = Chunks(12, "<I", b"data")
RIFX = Chunks(12, ">I", b"data")
AIFF = Chunks(12, ">I", b"SSND", preamble=8)
CAF = Chunks(8, ">q", b"data", preamble=4, alignment=1)
# Identifiers are GUIDs, here as bytes.
W64 = Chunks(
    40,
    "<Q",
    b"data" + bytes.fromhex("f3acd3118cd100c04f8edb8a"),
    alignment=8,
    counts_itself=True,
)


def complete_au(contents: bytes) -> bytes:
    """Check an AU file, and state its size if it was left open."""
    if len(contents) < 24:
        raise ValueError("is cut short: it ends before its samples begin.")
    order = ">" if contents.startswith(b".snd") else "<"
    start, size = struct.unpack_from(f"{order}4xII", contents)
    there = len(contents) - start
    if 0 < size <= there:
        return contents
    if size and not _is_placeholder(size):
        raise _cut_short(size, there)
    return contents[:8] + struct.pack(f"{order}I", 0xFFFFFFFF) + contents[12:]


def complete_nist(contents: bytes) -> bytes:
    """Check a NIST SPHERE file, which may leave its size open."""
    fields = {}
    header = int(contents[8:16]) if contents[8:16].strip().isdigit() else 1024
    for line in contents[16:header].split(b"\n"):
        words = line.split(maxsplit=2)
        if len(words) == 3:
            fields[words[0]] = words[2].strip()
    counts = [fields.get(name, b"1") for name in (b"sample_n_bytes", b"channel_count")]
    counts.append(fields.get(b"sample_count", b"0"))
    size = 1
    for count in counts:
        size *= int(count) if count.isdigit() else 0
    if header + size > len(contents):
        raise _cut_short(size, max(0, len(contents) - header))
    return contents


def complete_ogg(contents: bytes) -> bytes:
    """Check that every page of an Ogg stream is there, up to the one that is marked as last."""
    following: dict[int, int] = {}  # the number of the next page of each open stream
    n_streams = at = 0
    while contents.startswith(b"OggS", at):
        flags, serial, number, n_segments = struct.unpack_from(
            "<5xB8xII4xB", contents.ljust(at + 27), at
        )
        segments = contents[at + 27 : at + 27 + n_segments]
        at += 27 + n_segments + sum(segments)
        if len(segments) < n_segments or at > len(contents):
            raise ValueError("is cut short: it ends in the middle of an Ogg page.")
        if flags & 2:  # the first page of a stream
            n_streams += 1
            following[serial] = number
        if following.get(serial) != number:
            raise ValueError("is damaged: a page of its Ogg stream is missing.")
        following[serial] = number + 1
        if flags & 4:  # the last page
            del following[serial]
    if following:
        raise ValueError("is cut short: the page that ends its Ogg stream is missing.")
    if n_streams > 1:
        raise ValueError(
            f"holds {n_streams} Ogg streams, of which only one would be read. Split the file."
        )
    return contents


def complete_by_decoder(contents: bytes) -> bytes:
    """Leave the check to the decoder, which counts the samples."""
    return contents


def _is_aiff(contents: bytes) -> bool:
    return contents.startswith(b"FORM") and contents[8:12] in (b"AIFF", b"AIFC")


def _is_riff(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda contents: contents[:4] in magic and contents[8:12] == b"WAVE"


def _starts(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda contents: contents.startswith(magic)


class Container(NamedTuple):
    """A kind of audio file.

    Attributes
    ----------
    name : str
    matches : callable
        Whether the contents of a file are of this kind.
    complete : callable
        Checks the contents against their header, and returns contents whose header states the
        size if it was left open. Raises ValueError if the file is cut short.
    """

    name: str
    matches: Callable[[bytes], bool]
    complete: Callable[[bytes], bytes]


CONTAINERS = (
    Container("WAV", _is_riff(b"RIFF", b"RF64", b"BW64"), RIFF.complete),
    Container("RIFX", _is_riff(b"RIFX"), RIFX.complete),
    Container("W64", _starts(b"riff\x2e\x91\xcf\x11"), W64.complete),
    Container("AIFF", _is_aiff, AIFF.complete),
    Container("AU", _starts(b".snd", b"dns."), complete_au),
    Container("CAF", _starts(b"caff"), CAF.complete),
    Container("NIST SPHERE", _starts(b"NIST_1A"), complete_nist),
    Container("Ogg", _starts(b"OggS"), complete_ogg),
    Container(
        "FLAC",
        lambda contents: contents.startswith(b"fLaC", skip_id3(contents)),
        complete_by_decoder,
    ),
    Container("MP3", lambda contents: find_frame(contents) is not None, complete_mp3),
)


def identify(contents: bytes) -> Container:
    """Tell the kind of a file from its contents.

    Raises
    ------
    ValueError
        If it is none of `CONTAINERS`.
    """
    for container in CONTAINERS:
        if container.matches(contents):
            return container
    names = ", ".join(container.name for container in CONTAINERS if container.name != "RIFX")
    raise ValueError(f"is not an audio file of a known format. Accepted: {names}.")


def _is_identifier(text: bytes) -> bool:
    return len(text) == 4 and all(32 <= byte < 127 for byte in text)


def _is_placeholder(size: int) -> bool:
    return any(size in sizes for sizes in _PLACEHOLDERS)


def _cut_short(promised: int, there: int) -> ValueError:
    return ValueError(
        f"is cut short: its header promises {promised} bytes of samples, of which {there} are "
        "there."
    )
