"""Single recordings: from a WAV file to samples, and to a common length."""

import io
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile

from skscatter._common.parameters import check_integer


def read_pcm(contents: bytes, name: str) -> tuple[NDArray[Any], int]:
    """Read the bytes of a WAV file.

    Parameters
    ----------
    contents : bytes
        The whole file.
    name : str
        What errors call it.

    Returns
    -------
    samples : ndarray of shape (n_times,) or (n_times, n_channels)
        In the type of the file.
    sampling_rate : int
        In Hz.

    Raises
    ------
    ValueError
        If these are not the bytes of a whole, uncompressed WAV file with at least one sample.
    """
    try:
        with warnings.catch_warnings():
            # Chunks that SciPy skips (titles, cue points) are nobody's problem. A file that
            # ends too soon is, and SciPy only warns of it; unless it was written to a pipe
            # (espeak-ng, sox, ffmpeg), where the program put 2 or 4 GiB for want of the length.
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            if int.from_bytes(contents[4:8], "little") < 0x7FFF0000:
                warnings.filterwarnings("error", "Reached EOF", wavfile.WavFileWarning)
            sampling_rate, samples = wavfile.read(io.BytesIO(contents))
    except Exception as error:  # damaged files raise nearly anything, NameError included
        raise ValueError(f"{name} is not a WAV file that can be read: {error}") from error
    if samples.size == 0 or sampling_rate <= 0:
        raise ValueError(f"{name} holds no samples.")
    return samples, sampling_rate


def pcm_to_float(samples: NDArray[Any]) -> NDArray[Any]:
    """Scale the samples of a WAV file to [-1, 1].

    Integers of up to 16 bits become float32 and longer ones float64, which is exact up to 32
    bits; floating samples are returned as they are.
    """
    if samples.dtype.kind == "f":
        return samples
    dtype = np.float32 if samples.dtype.itemsize <= 2 else np.float64
    scaled: NDArray[Any] = samples.astype(dtype)
    full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
    if samples.dtype.kind == "u":  # 8-bit WAV is unsigned
        scaled -= full_scale
    scaled /= full_scale
    return scaled


def read_wav(path_or_bytes: str | os.PathLike[str] | bytes) -> tuple[NDArray[Any], int]:
    """Read a WAV file as one channel of floating samples.

    Parameters
    ----------
    path_or_bytes : str, path-like or bytes
        Path of an uncompressed WAV file (8-bit unsigned, 16-, 24- or 32-bit integers, or
        floating samples), or the bytes of one.

    Returns
    -------
    samples : ndarray of shape (n_times,), float32 or float64
        Integer samples are scaled to [-1, 1]; 8- and 16-bit ones become float32, longer
        ones float64. Floating samples keep their values. Channels are averaged.
    sampling_rate : int
        In Hz.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is no WAV file, is cut short, is empty, or holds NaN or infinity.
    """
    if isinstance(path_or_bytes, bytes):
        contents, name = path_or_bytes, "The recording"
    else:
        contents, name = Path(path_or_bytes).read_bytes(), os.fspath(path_or_bytes)
    pcm, sampling_rate = read_pcm(contents, name)
    samples = pcm_to_float(pcm)
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    if not np.isfinite(samples).all():
        raise ValueError(f"{name} holds NaN or infinite samples.")
    return samples, sampling_rate


def fit_length(signal: NDArray[Any], n_times: int | None, normalize: bool = True) -> NDArray[Any]:
    """Bring a recording to a common loudness and length.

    Parameters
    ----------
    signal : array-like of shape (length,)
    n_times : int or None
        The length wanted, in samples. Of a longer signal the first `n_times` samples are
        kept; a shorter one is centred in zeros. None leaves the length as it is.
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
