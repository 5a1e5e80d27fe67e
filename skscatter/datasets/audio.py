"""One recording: read from a file, resampled, and brought to a common length."""

import io
import os
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, resample_poly

from skscatter._common.files import read_file
from skscatter._common.optional import import_optional
from skscatter._common.parameters import check_integer

from .containers import identify
from .wav import read_pcm, to_float32

# A header may promise any size, and silence takes so few bytes of a compressed file that the size
# of the file says little. A recording takes at most 1 GiB, or 64 times the size of its file.
MAX_BYTES = 2**30
MAX_EXPANSION = 64
# A sampling rate that differs by more than this factor from the requested one means a damaged
# header.
MAX_RESAMPLING = 1000

_BLOCK = 2**20  # samples that are decoded at once
# The low-pass of the resampler passes 0.9 of the lower of the two Nyquist frequencies, and rejects
# what is above by 100 dB: a Kaiser window of 64 periods on each side.
_HALF_PERIODS = 64
_CUTOFF = 0.95
_BETA = 10.06
# Largest numerator and denominator of the ratio of two sampling rates. The length of the filter is
# proportional to them. Common rates have smaller ones. Others are approximated to 1e-5, which is
# about the accuracy of sound cards.
_LARGEST_TERM = 10_000


class Recording(NamedTuple):
    """One recording.

    Attributes
    ----------
    samples : ndarray of shape (n_channels, n_times), float32
        Those of integers are scaled to [-1, 1].
    sampling_rate : float
        In Hz.
    """

    samples: NDArray[np.float32]
    sampling_rate: float


def read_recording(
    source: str | os.PathLike[str] | bytes,
    *,
    sampling_rate: float | None = None,
    mono: bool = True,
) -> Recording:
    """Read an audio file of any known format.

    Parameters
    ----------
    source : str, path-like or bytes
        The path of a file, or its contents. The contents decide which format it is, whatever the
        file is called. Uncompressed WAV needs nothing else; other formats need soundfile.
    sampling_rate : float or None, default=None
        The rate to resample to, in Hz. None leaves the recording as it is.
    mono : bool, default=True
        Whether to average the channels to one.

    Returns
    -------
    recording : Recording

    Raises
    ------
    OSError
        If the file cannot be opened or is not a regular file.
    ValueError
        If it is not an audio file of a known format; is damaged or cut short; has no samples, or
        samples that are not finite in float32; or would take far more memory than its size.
        The message begins with the name of the file.
    ImportError
        If soundfile is needed and not installed.
    """
    name = "The recording" if isinstance(source, bytes) else os.fspath(source)
    try:
        contents = source if isinstance(source, bytes) else read_file(source)
        recording = _decode(contents, name)
        if mono:
            # float64, in which a sum of float32 does not overflow
            mean = recording.samples.mean(axis=0, keepdims=True, dtype=np.float64)
            recording = recording._replace(samples=mean.astype(np.float32))
        if sampling_rate is not None and sampling_rate != recording.sampling_rate:
            recording = _resample(recording, sampling_rate, _most_samples(contents))
    except MemoryError as error:
        raise ValueError(f"{name} does not fit into memory.") from error
    except ValueError as error:
        raise ValueError(f"{name} {error}") from error
    if recording.samples.size == 0:
        raise ValueError(f"{name} has no samples.")
    if not np.isfinite(recording.samples).all():
        raise ValueError(f"{name} has samples that are NaN or infinite, or too large for float32.")
    return recording


def _decode(contents: bytes, name: str) -> Recording:
    container = identify(contents)
    contents = container.complete(contents)
    pcm = read_pcm(contents) if container.name in ("WAV", "RIFX") else None
    if pcm is None:
        samples, sampling_rate = _decode_by_soundfile(contents, f"Reading {name}")
    else:
        samples, sampling_rate = to_float32(pcm[0]), pcm[1]
    if sampling_rate <= 0:
        raise ValueError(f"is damaged: its header states a sampling rate of {sampling_rate} Hz.")
    return Recording(np.ascontiguousarray(samples.T), sampling_rate)


def _decode_by_soundfile(contents: bytes, purpose: str) -> tuple[NDArray[np.float32], int]:
    """Decode a file in blocks, so that its header does not decide how much memory is taken."""
    soundfile = import_optional("soundfile", "audio", purpose)
    most = _most_samples(contents)
    blocks: list[NDArray[np.float32]] = []
    n_times = 0
    try:
        with soundfile.SoundFile(_File(contents)) as file:
            # soundfile would seek after each block, which FLAC streams cannot do, and MP3 files
            # only approximately.
            file.seekable = lambda: False
            stated, n_channels, sampling_rate = file.frames, file.channels, file.samplerate
            length = max(1, _BLOCK // n_channels)
            while len(block := file.read(length, dtype="float32", always_2d=True)):
                n_times += len(block)
                if n_times * n_channels > most:
                    raise ValueError(
                        f"holds more than {most} samples, which is far more than a file of "
                        f"{len(contents)} bytes should. Split it, or convert it to WAV."
                    )
                blocks.append(block)
    except soundfile.SoundFileError as error:
        raise ValueError(f"cannot be decoded: {getattr(error, 'error_string', error)}") from error
    if n_times < stated < 2**62:  # the largest number stands for an unknown one
        raise ValueError(
            f"is cut short: its header promises {stated} samples, of which {n_times} are there."
        )
    samples = np.concatenate(blocks) if blocks else np.zeros((0, 1), np.float32)
    return samples, sampling_rate


class _File(io.BytesIO):
    """A file that ignores a seek to a negative position, which damaged headers ask for."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Change the position. This is called back by soundfile and must not raise."""
        with suppress(ValueError):
            super().seek(offset, whence)
        return self.tell()


def _most_samples(contents: bytes) -> int:
    """Return how many samples a file may stand for."""
    return max(MAX_BYTES, MAX_EXPANSION * len(contents)) // 4


def _resample(recording: Recording, sampling_rate: float, most: int) -> Recording:
    """Change the sampling rate of a recording. The result has at most `most` samples."""
    samples, given = recording
    ratio = sampling_rate / given
    if not 1 / MAX_RESAMPLING <= ratio <= MAX_RESAMPLING:
        raise ValueError(
            f"has a sampling rate of {given} Hz, too far from {sampling_rate:g} Hz to be "
            "resampled to it."
        )
    if samples.size * ratio > most:
        raise ValueError(
            f"would have more than {most} samples at {sampling_rate:g} Hz instead of {given} Hz, "
            "which is far more than a file of its size should."
        )
    # The larger term decides how long the filter is.
    terms = Fraction(min(ratio, 1 / ratio)).limit_denominator(_LARGEST_TERM)
    up, down = (terms.denominator, terms.numerator)[:: 1 if ratio > 1 else -1]
    low_pass = _design_low_pass(terms.denominator)
    with np.errstate(all="ignore"):  # the caller checks that the result is finite
        resampled = resample_poly(samples, up, down, axis=1, window=low_pass)
    return Recording(np.asarray(resampled, np.float32), sampling_rate)


@lru_cache(maxsize=4)
def _design_low_pass(factor: int) -> NDArray[np.float32]:
    """Make the anti-aliasing filter for a sampling rate that is lower by a factor."""
    length = 2 * _HALF_PERIODS * factor + 1
    low_pass: NDArray[np.float64] = firwin(length, _CUTOFF / factor, window=("kaiser", _BETA))
    return low_pass.astype(np.float32)


def fit_length(signal: NDArray[Any], n_times: int | None, normalize: bool = True) -> NDArray[Any]:
    """Bring a recording to a common loudness and length.

    Parameters
    ----------
    signal : array-like of shape (length,)
    n_times : int or None
        Length of the result, in samples. Of a longer signal, the first `n_times` samples are
        kept. A shorter one is centred in zeros. None keeps the length.
    normalize : bool, default=True
        Divide by the largest magnitude of the whole signal (before it is cut), if that is
        not zero.

    Returns
    -------
    ndarray of shape (n_times,) or (length,)
        float64 for a float64 signal, else float32. Always a new array.
    """
    signal = np.asarray(signal)
    if signal.ndim != 1:
        raise ValueError(f"signal of shape {signal.shape} must have one dimension.")
    dtype = np.float64 if signal.dtype == np.float64 else np.float32
    fitted: NDArray[Any] = signal.astype(dtype)
    peak = np.abs(fitted).max(initial=0)
    if normalize and peak > 0:
        fitted /= peak
    if n_times is None:
        return fitted
    n_times = check_integer("n_times", n_times, minimum=1)
    fitted = fitted[:n_times]
    before = (n_times - len(fitted)) // 2
    return np.pad(fitted, (before, n_times - len(fitted) - before))
