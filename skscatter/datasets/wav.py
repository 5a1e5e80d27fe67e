"""WAV files of uncompressed samples."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .containers import RIFF, RIFX

_PCM, _FLOAT, _EXTENSIBLE = 0x0001, 0x0003, 0xFFFE


def read_pcm(contents: bytes) -> tuple[NDArray[Any], int] | None:
    """Read the bytes of a WAV file.

    Parameters
    ----------
    contents : bytes
        The whole file, complete.

    Returns
    -------
    samples : ndarray of shape (n_times, n_channels)
        In the type of the file. Integers of 24 bits become those of 32 bits.
    sampling_rate : int
        In Hz.

    or None if the samples are compressed or encoded otherwise.

    Raises
    ------
    ValueError
        If the header is damaged, or the file ends in the middle of a sample. The message
        continues a sentence that begins with the name of the file.
    """
    layout = RIFX if contents.startswith(b"RIFX") else RIFF
    order = layout.size[0]
    chunks = layout.find(contents)
    samples = chunks[layout.samples]
    if b"fmt " not in chunks:
        raise ValueError("is damaged: its chunk 'fmt ' is missing.")
    _, start, size = chunks[b"fmt "]
    description = contents[start : start + size]
    if len(description) < 16:
        raise ValueError("is damaged: its chunk 'fmt ' is too short.")
    tag, n_channels, sampling_rate, _, frame, bits = struct.unpack_from(
        f"{order}HHIIHH", description
    )
    if tag == _EXTENSIBLE and len(description) >= 26:
        (tag,) = struct.unpack_from(f"{order}H", description, 24)
    if tag not in (_PCM, _FLOAT):
        return None
    sample = frame // n_channels if n_channels else 0
    accepted = (1, 2, 3, 4, 8) if tag == _PCM else (4, 8)
    if sample not in accepted or sample * n_channels != frame or not sample >= bits / 8 > 0:
        raise ValueError(
            f"is damaged: its header promises {n_channels} channels of {bits} bits in {frame} "
            "bytes."
        )
    size = samples.size
    if size % frame == 1 and size % 2 == 0 and contents[samples.start + size - 1] == 0:
        size -= 1  # written to a pipe, with a byte that makes the size even
    if size % frame:
        raise ValueError(
            f"is damaged or cut short: its {size} bytes of samples end in the middle of one."
        )
    pcm = _decode(contents[samples.start : samples.start + size], sample, tag, order)
    return pcm.reshape(-1, n_channels), sampling_rate


def _decode(encoded: bytes, sample: int, tag: int, order: str) -> NDArray[Any]:
    if sample != 3:
        kind = "f" if tag == _FLOAT else "u" if sample == 1 else "i"
        return np.frombuffer(encoded, f"{order}{kind}{sample}")
    bytes_of_4 = np.zeros((len(encoded) // 3, 4), np.uint8)
    significant = slice(1, 4) if order == "<" else slice(0, 3)
    bytes_of_4[:, significant] = np.frombuffer(encoded, np.uint8).reshape(-1, 3)
    return bytes_of_4.view(f"{order}i4")[:, 0]


def to_float32(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Scale the integer samples of a WAV file to [-1, 1], and leave others as they are."""
    with np.errstate(over="ignore"):  # the caller checks that the result is finite
        scaled: NDArray[np.float32] = samples.astype(np.float32)
    if samples.dtype.kind != "f":
        full_scale = np.float32(2.0 ** (8 * samples.dtype.itemsize - 1))
        if samples.dtype.kind == "u":  # of 8 bits
            scaled -= full_scale
        scaled /= full_scale
    return scaled
