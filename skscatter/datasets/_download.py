"""Archives of recordings: get one, make sure it is the right one, take the recordings out.

Everything happens in memory (the archive has 16 MB), so that a process that is killed on the
way leaves nothing behind, and nothing that a stranger put into an archive reaches the disk.
"""

import hashlib
import io
import itertools
import os
import re
import sys
import threading
import time
import warnings
import zipfile
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np

from skscatter._common.home import expand_path
from skscatter._common.parameters import check_path

from ._digits import FILE_NAME, SAMPLING_RATE, Recordings
from ._recordings import read_pcm

_TIMEOUT = (10.0, 30.0)  # seconds to connect, and without any data
# The slowest server that is waited for: 2 kB/s, from the request on.
_BLOCK = 2**17  # bytes
_PATIENCE = 60.0  # seconds for each block
_ENTRY = re.compile(r"(?!\.)[^/\\]+/recordings/(" + FILE_NAME.pattern + ")")
# Status codes below 500 that ask to come back later.
_TRY_AGAIN = (408, 425, 429)


@dataclass(frozen=True)
class Archive:
    r"""A published ZIP archive of recordings, and how to know that it is the right one.

    Parameters
    ----------
    name : str
        Name and version.
    url : str
        Where it is published.
    sha256 : str
        Of the archive as it was first published.
    content_sha256 : str
        SHA-256 of the lines ``NAME SHA256\n`` (file name, one space, hexadecimal SHA-256 of
        the file) of its recordings, sorted by name. Archives that are generated on demand may
        be compressed anew; this is what stays.
    n_recordings : int
    max_bytes : int
        Refuse more than this, in the archive as well as unpacked.
    """

    name: str
    url: str
    sha256: str
    content_sha256: str
    n_recordings: int
    max_bytes: int = 64 * 2**20


class WrongArchiveError(Exception):
    """Not the archive that was asked for."""


class BrokenArchiveError(WrongArchiveError):
    """No readable archive at all, as after a download that was cut short."""


class Source:
    """Where an archive is read from.

    Parameters
    ----------
    source : str or path-like
        URL (http, https, file) or path.

    Raises
    ------
    TypeError, ValueError
        If it is neither.
    """

    def __init__(self, source: str | os.PathLike[str]) -> None:
        accepted = "None, a URL (http, https, file) or the path of an archive"
        self.location = check_path("source", source, accepted)
        self.path: Path | None = None
        # A drive letter is no scheme.
        scheme, colon, _ = self.location.partition(":")
        scheme = scheme.lower() if isinstance(source, str) and colon else ""
        if scheme == "file":
            parts = urlsplit(self.location)
            if parts.netloc not in ("", "localhost") or not parts.path:
                raise ValueError(f"source={source!r} must name a local file: file:///path.")
            self.path = Path(url2pathname(parts.path))
        elif scheme in ("http", "https"):
            if not urlsplit(self.location).hostname:
                raise ValueError(f"source={source!r} must name a host: {scheme}://host/path.")
        elif "://" in self.location:
            raise ValueError(
                f"source={source!r} is not available. Accepted: URLs that begin with http://, "
                "https:// or file://, and paths."
            )
        else:
            self.path = expand_path("source", source, accepted)

    def read(self, max_bytes: int) -> bytes:
        """Read or download all of it, but no more than `max_bytes`."""
        buffer = _LimitedBuffer(max_bytes)
        if self.path is None:
            _download(self.location, buffer)
        else:
            with self.path.open("rb") as file:
                while block := file.read(2**20):
                    buffer.write(block)
        return buffer.getvalue()


class _LimitedBuffer(io.BytesIO):
    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self.max_bytes = max_bytes

    def write(self, block: Any, /) -> int:
        if self.tell() + len(block) > self.max_bytes:
            raise WrongArchiveError(f"it has more than {self.max_bytes} bytes")
        return super().write(block)


def get_recordings(archive: Archive, source: Source, *, n_retries: int, delay: float) -> Recordings:
    """Read an archive, check it and take the recordings out.

    Parameters
    ----------
    archive : Archive
    source : Source
    n_retries : int
        How often to try again after a passing failure of the network.
    delay : float
        Seconds between two attempts.

    Raises
    ------
    OSError
        If the archive is not to be had or is not the right one; says why.
    """
    for attempt in itertools.count():
        try:
            return unpack(source.read(archive.max_bytes), archive)
        except (OSError, WrongArchiveError) as error:
            reason = _describe(error)
            if attempt == n_retries or source.path is not None or not _is_passing(error):
                raise OSError(f"{source.location}: {reason}") from error
        warnings.warn(
            f"{source.location}: {reason}. Trying again ({attempt + 1} of {n_retries}).",
            stacklevel=3,
        )
        time.sleep(delay)
    raise AssertionError("unreachable")


def unpack(contents: bytes, archive: Archive) -> Recordings:
    """Check the bytes of an archive and take the recordings out.

    Raises
    ------
    WrongArchiveError
        If it is not `archive`, neither as published nor compressed anew.
    """
    try:
        files = _read_entries(contents, archive)
    except WrongArchiveError:
        raise
    except Exception as error:  # damaged archives raise nearly anything
        raise BrokenArchiveError(
            f"these {len(contents)} bytes are not a readable ZIP archive ({error})"
        ) from error
    found = hashlib.sha256(contents).hexdigest()
    if found != archive.sha256 and (content := _digest(files)) != archive.content_sha256:
        raise WrongArchiveError(
            f"it is another archive: SHA-256 {found} instead of {archive.sha256}, and of the "
            f"recordings in it {content} instead of {archive.content_sha256}"
        )
    return Recordings.from_dict({name: _read_int16(files[name], name) for name in files})


def _read_entries(contents: bytes, archive: Archive) -> dict[str, bytes]:
    """Bytes of each recording, by file name; all else in the archive is passed over."""
    with zipfile.ZipFile(io.BytesIO(contents)) as opened:
        entries = {}
        for entry in opened.infolist():
            if match := _ENTRY.fullmatch(entry.filename):
                entries[match[1]] = entry
        if len(entries) != archive.n_recordings:
            raise WrongArchiveError(
                f"it holds {len(entries)} recordings instead of {archive.n_recordings}"
            )
        # Against bombs. Python reads no more than the size that an entry states, but it
        # unpacks bzip2 and LZMA in blocks of any size.
        if sum(entry.file_size for entry in entries.values()) > archive.max_bytes:
            raise WrongArchiveError(f"it unpacks to more than {archive.max_bytes} bytes")
        for entry in entries.values():
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise WrongArchiveError(
                    f"{entry.filename} is compressed by another method than deflate"
                )
        return {name: opened.read(entry) for name, entry in entries.items()}


def _digest(files: dict[str, bytes]) -> str:
    lines = (f"{name} {hashlib.sha256(files[name]).hexdigest()}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read_int16(contents: bytes, name: str) -> np.ndarray:
    try:
        samples, sampling_rate = read_pcm(contents, name)
    except ValueError as error:
        raise WrongArchiveError(str(error)) from error
    if samples.dtype != np.int16 or samples.ndim != 1 or sampling_rate != SAMPLING_RATE:
        raise WrongArchiveError(
            f"{name} has {samples.dtype} samples of shape {samples.shape} at {sampling_rate} "
            f"Hz instead of int16, one channel, {SAMPLING_RATE} Hz"
        )
    return samples


def _download(url: str, buffer: io.BytesIO) -> None:
    """Download into a buffer, from a server that is fast enough.

    The time-out of a connection begins anew with every byte, those of headers included. So a
    thread downloads, and it is left alone if nothing comes of it: it ends at the next block, or
    with the server, or with the process.
    """
    import requests

    done: Future[None] = Future()

    def work() -> None:
        try:
            _request(url, buffer)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=work, name=f"download of {url}", daemon=True).start()
    size, since = 0, monotonic()
    try:
        while not wait([done], timeout=0.1).done:  # a longer one would make Ctrl-C late on Windows
            if buffer.tell() > size:
                size, since = buffer.tell(), monotonic()
            elif monotonic() - since > _PATIENCE:
                raise requests.Timeout(f"it sent less than {_BLOCK} bytes in {_PATIENCE:g} seconds")
        done.result()
    except BaseException:
        buffer.close()  # which the thread notices when it writes
        raise


def _request(url: str, buffer: io.BytesIO) -> None:
    import pooch

    interactive = sys.stderr is not None and sys.stderr.isatty()
    responses: list[Any] = []
    downloader = pooch.HTTPDownloader(
        progressbar=interactive,
        chunk_size=_BLOCK,
        timeout=_TIMEOUT,
        hooks={"response": lambda response, **_: responses.append(response)},
    )
    try:
        downloader(url=url, output_file=buffer, pooch=None)
    finally:
        for response in responses:  # pooch leaves them to the garbage collector
            response.close()


def _is_passing(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        return status >= 500 or status in _TRY_AGAIN
    if isinstance(error, requests.exceptions.SSLError):  # a ConnectionError
        return False
    passing = (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
        BrokenArchiveError,
    )
    return isinstance(error, passing)


def _describe(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None and response.status_code >= 400:
        return f"the server answered {response.status_code} {response.reason}"
    # requests wraps the reason in the story of its pool and retries; the innermost one is news.
    inner: object = error
    while isinstance(inner, Exception):
        error = inner
        inner = getattr(inner, "reason", None) or next(iter(inner.args), None)
    message = re.sub(r"^\w+\(.*?\): ", "", str(error))  # the connection's description of itself
    return message.rstrip(".") or type(error).__name__
