"""Recordings in files of one's own."""

import os
import warnings
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skscatter._common.parameters import check_choice, check_path, check_real
from skscatter._common.public import public

from ._recordings import pcm_to_float, read_pcm

WAV = (".wav", ".wave")
MOST_HERTZ = 2**40
# What libsndfile reads; in a folder, files of other kinds are not recordings.
OTHERS = (".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".w64")


class Recording(NamedTuple):
    """One recording.

    Attributes
    ----------
    samples : ndarray of shape (n_channels, length), float32
        Those of integers scaled to [-1, 1].
    sampling_rate : float
        In Hz.
    """

    samples: NDArray[np.float32]
    sampling_rate: float


@public
def load_recordings(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    sampling_rate: float | None = None,
    mono: bool = True,
    on_error: str = "raise",
) -> Bunch:
    """Load recordings from a folder or from files.

    WAV files are read by SciPy; FLAC, Ogg, MP3, AIFF and others need soundfile, and a change of the
    sampling rate needs soxr: ``pip install "skscatter[audio]"`` installs both.

    Parameters
    ----------
    source : str, path-like, or iterable of these
        A folder, or files. Of a folder all recordings in it and below are loaded, in the order of
        their paths: files whose names end as those of a known format do, and do not begin with a
        dot. Files in an iterable are loaded whatever they are called, in the order given.
    sampling_rate : float or None, default=None
        In Hz. Recordings of another rate are resampled to it. None leaves them as they are, which
        needs files of one rate.
    mono : bool, default=True
        Whether to average the channels. If False, they are kept, which needs files with as many
        channels each.
    on_error : {"raise", "skip"}, default="raise"
        What to do with a file that cannot be read, is cut short, or holds no samples or NaN.
        ``"skip"`` leaves it out and warns of it.

    Returns
    -------
    recordings : :class:`~sklearn.utils.Bunch`
        With these attributes:

        data : list of ndarray of shape (length,) or (n_channels, length), float32
            The signals. Those of integer samples are scaled to [-1, 1].
        target : ndarray of shape (n_samples,), int64, or None
            Of a folder with sub-folders: which of them a recording is in, as a position in
            `target_names`. None for a folder without, and for files.
        target_names : ndarray of str, or None
            The names of the sub-folders, in ascending order.
        filenames : ndarray of shape (n_samples,), str
            The paths.
        lengths : ndarray of shape (n_samples,), int64
            In samples.
        sampling_rate : float
            In Hz; that of all signals.
        skipped : dict of str to str
            The reason for each file that was left out.

    Raises
    ------
    OSError
        If a file cannot be opened, or there is no such folder.
    ValueError
        If a file cannot be read; if files disagree in sampling rate or channels; if there are no
        recordings, or only some of a folder are in sub-folders.
    TypeError
        If a parameter is of another type than described.
    ImportError
        If soundfile or soxr is needed and not installed.

    See Also
    --------
    fetch_fsdd : 3000 recordings of spoken digits.

    Examples
    --------
    >>> import numpy as np, os, tempfile
    >>> from scipy.io import wavfile
    >>> from skscatter.datasets import load_recordings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, length in ("cat", 4000), ("dog", 3000):
    ...         os.mkdir(os.path.join(folder, name))
    ...         path = os.path.join(folder, name, "1.wav")
    ...         wavfile.write(path, 8000, np.zeros(length, "int16"))
    ...     recordings = load_recordings(folder)
    >>> [signal.shape for signal in recordings.data]
    [(4000,), (3000,)]
    >>> print(recordings.target_names[recordings.target], recordings.sampling_rate)
    ['cat' 'dog'] 8000
    """
    check_choice("mono", mono, (True, False))
    check_choice("on_error", on_error, ("raise", "skip"))
    if sampling_rate is not None:
        sampling_rate = check_real(
            "sampling_rate", sampling_rate, minimum=0, maximum=MOST_HERTZ, exclusive=True
        )
    paths, labels = _find(source)

    read: dict[int, Recording] = {}
    skipped: dict[str, str] = {}
    for i, path in enumerate(paths):
        try:
            recording = _read(path)
        except (OSError, ValueError) as error:
            if on_error == "raise":
                raise
            skipped[os.fspath(path)] = str(error)
            continue
        if mono:
            recording = recording._replace(samples=recording.samples.mean(axis=0, keepdims=True))
        if sampling_rate is not None:
            recording = _resample(recording, sampling_rate)
        read[i] = recording
    if skipped:
        reasons = "\n".join(skipped.values())
        warnings.warn(
            f"{len(skipped)} of {len(paths)} files were skipped:\n{reasons}", stacklevel=2
        )
    if not read:
        raise ValueError(f"source={source!r} has no recording that can be read.")
    kept = [paths[i] for i in read]
    _check_alike(kept, list(read.values()))
    data = [recording.samples[0] if mono else recording.samples for recording in read.values()]
    target = target_names = None
    if labels is not None:
        target_names = np.unique(labels)
        target = np.searchsorted(target_names, [labels[i] for i in read]).astype(np.int64)
    return Bunch(
        data=data,
        target=target,
        target_names=target_names,
        filenames=np.array([os.fspath(path) for path in kept]),
        lengths=np.array([signal.shape[-1] for signal in data], np.int64),
        sampling_rate=next(iter(read.values())).sampling_rate,
        skipped=skipped,
    )


def _find(source: Any) -> tuple[list[Path], list[str] | None]:
    """Return the files to read, and the sub-folder of each if there are sub-folders."""
    if isinstance(source, str | os.PathLike):
        folder = Path(check_path("source", source, "a folder or an iterable of files"))
        if not folder.is_dir():
            raise NotADirectoryError(
                f"source={os.fspath(source)!r} is no folder. Accepted: a folder, or a list of "
                "files."
            )
        paths = sorted(_recordings_in(folder))
        labels = [path.relative_to(folder).parts[0] for path in paths]
        top = [path for path in paths if path.parent == folder]
        if not paths:
            endings = ", ".join(WAV + OTHERS)
            raise ValueError(
                f"source={os.fspath(source)!r} holds no recording: no file whose name ends with "
                f"{endings}."
            )
        if len(top) == len(paths):
            return paths, None
        if top:
            raise ValueError(
                f"source={os.fspath(source)!r} has recordings in sub-folders, whose names are the "
                f"labels, but {top[0].name} and {len(top) - 1} more lie beside them, without a "
                "label. Move them into a sub-folder, or pass a list of files."
            )
        return paths, labels
    table = len(getattr(source, "shape", ())) > 1  # of which an iteration gives names of columns
    if isinstance(source, bytes) or table or not isinstance(source, Iterable):
        raise TypeError(f"source={source!r} must be a folder or an iterable of files.")
    paths = []
    for i, each in enumerate(source):
        paths.append(Path(check_path(f"source[{i}]", each, "the path of a file")))
    if not paths:
        raise ValueError(f"source={source!r} has no files.")
    return paths, None


def _recordings_in(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and name.lower().endswith(WAV + OTHERS):
                yield Path(parent, name)


def _read(path: Path) -> Recording:
    """Read a file.

    Raises
    ------
    OSError, ValueError
        If it cannot be read or holds no finite samples; the message names it.
    """
    if path.suffix.lower() in OTHERS:
        samples, sampling_rate = _read_by_soundfile(path)
    else:
        pcm, sampling_rate = read_pcm(path.read_bytes(), os.fspath(path))
        samples = np.atleast_2d(pcm_to_float(pcm).T)
    if not np.isfinite(samples).all():
        raise ValueError(f"{path} holds NaN or infinite samples.")
    return Recording(np.ascontiguousarray(samples, np.float32), sampling_rate)


def _read_by_soundfile(path: Path) -> tuple[NDArray[Any], int]:
    soundfile = _import("soundfile", f"{path} is no WAV file, and other formats need")
    with path.open("rb") as file:  # an error of the system says what it is, and names the file
        try:
            samples, sampling_rate = soundfile.read(file, dtype="float32", always_2d=True)
        except (RuntimeError, TypeError) as error:
            raise ValueError(f"{path} is not a recording that can be read: {error}") from error
    if samples.size == 0:
        raise ValueError(f"{path} holds no samples.")
    return samples.T, int(sampling_rate)


def _resample(recording: Recording, sampling_rate: float) -> Recording:
    samples, given = recording
    if given != sampling_rate:
        soxr = _import(
            "soxr", f"sampling_rate={sampling_rate:g}, but recordings of {given} Hz need"
        )
        samples = np.ascontiguousarray(soxr.resample(samples.T, given, sampling_rate).T)
    return Recording(samples, sampling_rate)


def _import(library: str, why: str) -> Any:
    try:
        return import_module(library)
    except ImportError as error:
        raise ImportError(
            f'{why} {library}. Install it with: pip install "skscatter[audio]"'
        ) from error


def _check_alike(paths: list[Path], recordings: list[Recording]) -> None:
    """Refuse recordings of several sampling rates or numbers of channels."""
    rates = [recording.sampling_rate for recording in recordings]
    channels = [len(recording.samples) for recording in recordings]
    for values, what, remedy in (
        (rates, "sampling rate in Hz", "Pass sampling_rate=, to which they are resampled."),
        (channels, "number of channels", "Pass mono=True, to average them."),
    ):
        for path, value in zip(paths, values, strict=True):
            if value != values[0]:
                raise ValueError(
                    f"Recordings must have one {what}, but {paths[0]} has {values[0]} and {path} "
                    f"has {value}. {remedy}"
                )
