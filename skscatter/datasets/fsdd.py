"""The Free Spoken Digit Dataset."""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

from skscatter._common.files import write_atomically
from skscatter._common.parameters import check_choice, check_integer, check_real
from skscatter._common.public import public

from .data_home import get_data_home, remove_stale_parts
from .digits import DamagedFileError, Recordings, View
from .download import Archive, Source, get_recordings

FSDD = Archive(
    name="fsdd-1.0.10",
    url="https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.10.zip",
    sha256="c680098f5d2355ba7cc4bd8b0ca9e0a24c00ebe3b4c552208889a4d28d4fbc2b",
    content_sha256="dbd573d7cafe79c4b49f65718115e1304e24e067fa39eff18a660dc6cb9c360f",
    n_recordings=3000,
)
N_TEST_TAKES = 5  # the authors' rule


@public
def fetch_fsdd(
    *,
    data_home: str | os.PathLike[str] | None = None,
    source: str | os.PathLike[str] | None = None,
    subset: str = "all",
    n_times: int | None = 8192,
    normalize: bool = True,
    return_X_y: bool = False,
    as_frame: bool = False,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
) -> Any:
    """Load the Free Spoken Digit Dataset (classification), version 1.0.10.

    Six people speak the ten English digits, fifty times each. The first call downloads 16 MB
    and keeps 21 MB in the data folder.

    =================   ===========================
    Classes                                      10
    Recordings          3000 (2700 train, 300 test)
    Speakers                                      6
    Sampling rate                          8,000 Hz
    Length                  1,148 to 18,262 samples
    =================   ===========================

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder to keep the data set in. A leading ``~`` stands for the home folder. If None,
        the environment variable ``SKSCATTER_DATA`` is used, or ``~/skscatter_data`` if it is
        not set.
    source : str or path-like, default=None
        Where to get the archive if the data set is not in the data folder: a URL (http,
        https, file) or the path of a local copy, for mirrors and closed networks. Its content
        is checked like that of the original. If None, the original is downloaded from GitHub.
        If the data set is in the data folder, a path must exist all the same, and a URL is
        not contacted.
    subset : {"all", "train", "test"}, default="all"
        Which recordings to return. Takes 0 to 4 of each speaker and digit are the official
        test part, and the others are the training part. Every speaker is in both.
    n_times : int or None, default=8192
        Length of every recording, in samples. The first `n_times` samples are kept, and
        shorter recordings are centred in zeros. If None, each keeps its own length.
    normalize : bool, default=True
        Whether to divide each recording by its largest magnitude. If False, 1 is the full
        scale of the 16-bit samples.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Whether to return pandas objects. Requires an integer `n_times`.
    download_if_missing : bool, default=True
        If False, raise an error instead of reading `source` when the data set is not in the
        data folder.
    n_retries : int, default=3
        How often to try again after a temporary failure of the network: a server error (HTTP
        5xx), a connection that is refused, lost or silent for 30 seconds, or a download that
        is cut short or slower than 2 kB/s. Other failures, such as HTTP 404, are final.
    delay : float, default=1.0
        Seconds between two attempts.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        Recordings in ascending order of their file names (as strings, so that take 10 follows
        take 1), with these attributes:

        data : ndarray of shape (n_samples, n_times), float32
            The signals. A DataFrame with columns ``t0``, ``t1``, ... if `as_frame`; a list of
            1-D float32 arrays if `n_times` is None.
        target : ndarray of shape (n_samples,), int64
            The digit, 0 to 9. A Series if `as_frame`.
        frame : DataFrame or None
            `data` and `target` together, if `as_frame`.
        target_names : ndarray of shape (10,), str
            ``"0"`` to ``"9"``.
        speaker : ndarray of shape (n_samples,), str
            First name of the speaker.
        index : ndarray of shape (n_samples,), int64
            Number of the take, 0 to 49.
        train, test : ndarray of shape (n_samples,), bool
            Whether each recording is in the training part, and in the test part.
        lengths : ndarray of shape (n_samples,), int64
            Length of each recording before it was cut or padded, in samples.
        filenames : ndarray of shape (n_samples,), str
            ``{digit}_{speaker}_{index}.wav``.
        sampling_rate : int
            8000, in Hz.
        DESCR : str
            Description, licence and citation.

    (data, target) : tuple
        If `return_X_y`.

    Raises
    ------
    TypeError, ValueError
        If a parameter has a value that is not accepted.
    OSError
        If the archive cannot be read, is not the right one, or cannot be kept.
    ImportError
        If `as_frame` and pandas is not installed.

    Warns
    -----
    UserWarning
        Before another attempt to download, and if the file in the data folder is damaged and
        is fetched again.

    See Also
    --------
    load_spoken_digits : Embedded synthetic recordings, without a network.
    get_data_home : The data folder.
    clear_data_home : Delete what was fetched.

    Notes
    -----
    Licence: Creative Commons Attribution-ShareAlike 4.0 International (CC BY-SA 4.0).

    Several processes may call this function at once. A data set appears in the folder as a
    whole, after its checksum was verified.

    References
    ----------
    .. [1] Z. Jackson, C. Souza, J. Flaks, Y. Pan, H. Nicolas and A. Thite,
       "Jakobovski/free-spoken-digit-dataset: v1.0.8", Zenodo, 2018.
       https://doi.org/10.5281/zenodo.1342401

    Examples
    --------
    >>> from skscatter.datasets import fetch_fsdd
    >>> digits = fetch_fsdd()  # doctest: +SKIP
    >>> digits.data.shape  # doctest: +SKIP
    (3000, 8192)
    """
    view = View(subset, n_times, normalize, return_X_y, as_frame)
    check_choice("download_if_missing", download_if_missing, (False, True))
    n_retries = check_integer("n_retries", n_retries, minimum=0)
    delay = check_real("delay", delay, minimum=0)
    origin = Source(FSDD.url if source is None else source)
    folder = Path(get_data_home(data_home))
    path = folder / f"{FSDD.name}.npz"

    remove_stale_parts(folder)
    try:
        origin.check()
    except OSError as error:
        raise _cannot_fetch(error) from error
    recordings = _read_cached(path, warn=download_if_missing)
    if recordings is None and not download_if_missing:
        raise OSError(
            f"{str(path)!r} is missing or damaged, and download_if_missing=False. Pass "
            "download_if_missing=True, or use load_spoken_digits(), which needs no network."
        )
    if recordings is None:
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass  # it can be written to, which is worth knowing before a download
        except OSError as error:
            raise _cannot_keep(folder, error) from error
        try:
            recordings = get_recordings(FSDD, origin, n_retries=n_retries, delay=delay)
        except OSError as error:
            raise _cannot_fetch(error) from error
        try:
            write_atomically(path, recordings.to_npz(FSDD.content_sha256))
        except OSError as error:
            raise _cannot_keep(folder, error) from error
    return view.of(recordings, n_test_takes=N_TEST_TAKES, descr="fsdd")


def _read_cached(path: Path, *, warn: bool) -> Recordings | None:
    """Read the recordings that an earlier call kept, if there are any."""
    try:
        return Recordings.from_npz(path.read_bytes(), FSDD.content_sha256)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        if warn:
            warnings.warn(
                f"{str(path)!r} is damaged ({error}) and will be fetched again.", stacklevel=3
            )
        return None


def _cannot_fetch(reason: OSError) -> OSError:
    return OSError(
        f"The Free Spoken Digit Dataset could not be fetched from {reason}. Try again later, pass "
        f"source= with the URL of a mirror or the path of a copy of {FSDD.url}, or use "
        "load_spoken_digits(), which needs no network."
    )


def _cannot_keep(folder: Path, reason: OSError) -> OSError:
    return OSError(
        f"The Free Spoken Digit Dataset cannot be kept in {str(folder)!r} ({reason}). Choose "
        "another folder with data_home= or the environment variable SKSCATTER_DATA."
    )
