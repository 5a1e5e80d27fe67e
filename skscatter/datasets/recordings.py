"""Recordings in files of the user."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skscatter._common.parameters import check_choice, check_path, check_real
from skscatter._common.public import public

from .audio import Recording, read_recording
from .folders import ENDINGS, Folder, find_labels, read_folder

MAX_HERTZ = 2**40


@public
def load_recordings(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    sampling_rate: float | None = None,
    mono: bool = True,
    on_error: str = "raise",
) -> Bunch:
    """Load recordings from a folder or from files.

    Uncompressed WAV files need nothing else. Compressed WAV, AIFF, AU, CAF, FLAC, MP3, NIST SPHERE,
    Ogg (Opus and Vorbis) and W64 need soundfile, which ``pip install "skscatter[audio]"`` installs.
    The contents of a file decide which format it is, whatever it is called.

    Parameters
    ----------
    source : str, path-like, or iterable of these
        A folder, or files. From a folder, all recordings in it and below it are loaded, in the
        order of their paths. These are the files with the name ending of an audio format, unless
        their names begin with a dot. Links are followed, and each folder is read once. If the
        recordings are in sub-folders, the names of the sub-folders are the labels, and each
        sub-folder must hold a recording itself, not only in folders below it. Files in an iterable
        are loaded in the given order, whatever their names.
    sampling_rate : float or None, default=None
        In Hz. Recordings of another rate are resampled to it. None leaves them as they are and
        requires files of one rate.
    mono : bool, default=True
        Whether to average the channels. If False, they are kept, and all files must have the same
        number of channels.
    on_error : {"raise", "skip"}, default="raise"
        What to do with a file or folder that cannot be used: one that cannot be read, or a file
        that is damaged, cut short or not a regular file, has no samples, or has samples that are
        not finite. ``"skip"`` leaves it out and gives a warning.

    Returns
    -------
    recordings : :class:`~sklearn.utils.Bunch`
        With these attributes:

        data : list of ndarray of shape (length,) or (n_channels, length), float32
            The signals. Integer samples are scaled to [-1, 1].
        target : ndarray of shape (n_samples,), int64, or None
            The sub-folder that each recording is in, as a position in `target_names`. None for a
            folder without sub-folders, and for files.
        target_names : ndarray of str, or None
            The names of the sub-folders of which recordings were loaded, in ascending order.
        filenames : ndarray of shape (n_samples,), str
            The paths.
        lengths : ndarray of shape (n_samples,), int64
            In samples.
        sampling_rate : float
            Of all signals, in Hz.
        skipped : dict of str to str
            The reason for each file and folder that was left out.

    Raises
    ------
    OSError
        If a file or folder cannot be read, or a file is a device, a pipe or a socket.
    ValueError
        If a file cannot be used, files have different sampling rates or numbers of channels, there
        are no recordings, or the label of one is ambiguous.
    TypeError
        If a parameter is of another type than described.
    ImportError
        If soundfile is needed and not installed.

    Warns
    -----
    UserWarning
        If something was left out, with the reasons: what ``on_error="skip"`` skips, links to a
        folder that is read under another path, and sub-folders without recordings.

    See Also
    --------
    fetch_fsdd : 3000 recordings of spoken digits.

    Notes
    -----
    A file with fewer samples than its header states is refused. Some files state no number: those
    that a program wrote to a pipe, and MP3 files without a Xing, Info or VBRI header. A missing end
    of these is only noticed if it is within a sample or a frame.

    A recording may take 1 GiB, or 64 times the size of its file if that is more, because a damaged
    header can state any number of samples, or a sampling rate of 1 Hz.

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
            "sampling_rate", sampling_rate, minimum=0, maximum=MAX_HERTZ, exclusive=True
        )
    skip = on_error == "skip"
    paths, labels, skipped = _find(source, skip=skip)

    read: dict[int, Recording] = {}
    for i, path in enumerate(paths):
        try:
            read[i] = read_recording(path, sampling_rate=sampling_rate, mono=mono)
        except (OSError, ValueError) as error:
            if not skip:
                raise
            skipped[os.fspath(path)] = str(error)
    target = target_names = None
    lost: set[str] = set()
    if labels is not None:
        target_names, target = np.unique([labels[i] for i in read], return_inverse=True)
        lost = set(labels) - set(target_names)
    if skipped:
        reasons = list(skipped.values())
        if lost:
            reasons.append(f"No recordings are left with these labels: {', '.join(sorted(lost))}.")
        listing = "\n".join(reasons)
        warnings.warn(f"{len(skipped)} files or folders were skipped:\n{listing}", stacklevel=2)
    if not read:
        raise ValueError(f"source={source!r} has no recording that can be read.")
    kept = [paths[i] for i in read]
    _check_alike(kept, list(read.values()))
    data = [recording.samples[0] if mono else recording.samples for recording in read.values()]
    return Bunch(
        data=data,
        target=None if target is None else target.astype(np.int64),
        target_names=target_names,
        filenames=np.array([os.fspath(path) for path in kept]),
        lengths=np.array([signal.shape[-1] for signal in data], np.int64),
        sampling_rate=next(iter(read.values())).sampling_rate,
        skipped=skipped,
    )


def _find(source: Any, *, skip: bool) -> tuple[list[Path], list[str] | None, dict[str, str]]:
    """Return the files to read, the label of each if there are labels, and what is left out."""
    if isinstance(source, str | os.PathLike):
        root = Path(check_path("source", source, "a folder or an iterable of files"))
        if not root.is_dir():
            raise NotADirectoryError(
                f"source={os.fspath(source)!r} is not a folder. Accepted: a folder, or a list of "
                "files."
            )
        folder = read_folder(root)
        skipped = _leave_out(folder, skip=skip)
        if not folder.recordings:
            raise ValueError(
                f"source={os.fspath(source)!r} holds no recording: no file whose name ends with "
                f"{', '.join(ENDINGS)}. " + " ".join(skipped.values())
            )
        labels = find_labels(folder)
        if labels is not None:
            for path in folder.sub_folders:
                if path.name not in labels and os.fspath(path) not in skipped:
                    skipped[os.fspath(path)] = f"{path} holds no recording."
        return folder.recordings, labels, skipped
    is_table = len(getattr(source, "shape", ())) > 1  # which iterates over the names of columns
    if isinstance(source, bytes) or is_table or not isinstance(source, Iterable):
        raise TypeError(f"source={source!r} must be a folder or an iterable of files.")
    paths = [
        Path(check_path(f"source[{i}]", each, "the path of a file"))
        for i, each in enumerate(source)
    ]
    if not paths:
        raise ValueError(f"source={source!r} has no files.")
    return paths, None, {}


def _leave_out(folder: Folder, *, skip: bool) -> dict[str, str]:
    """Return the reasons for folders that are not read; raise the first error unless `skip`."""
    skipped = {}
    for path, error in folder.unreadable.items():
        reason = f"{path} cannot be read: {error.strerror}."
        if not skip:
            raise OSError(reason) from error
        skipped[os.fspath(path)] = reason
    for path, first in folder.repeated.items():
        skipped[os.fspath(path)] = f"{path} is the folder {first}, which is read already."
    return skipped


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
