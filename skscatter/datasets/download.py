"""Archives of recordings: download one, check that it is the right one, and read it.

Everything happens in memory (the archive has 16 MB). A process that is killed leaves no files, and
nothing in a hostile archive reaches the disk.
"""

import hashlib
import io
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

from skscatter._common.files import check_file
from skscatter._common.home import expand_path
from skscatter._common.parameters import check_path

from .containers import RIFF
from .digits import FILE_NAME, SAMPLING_RATE, Recordings
from .wav import read_pcm

_TIMEOUT = (10.0, 30.0)  # seconds to connect, and to wait for data
# A download is abandoned if the server is slower than 2 kB/s, counted from the request.
_BLOCK = 2**17  # bytes
_PATIENCE = 60.0  # seconds for each block
_ENTRY = re.compile(r"(?!\.)[^/\\]+/recordings/(" + FILE_NAME.pattern + ")")
# Status codes below 500 after which another attempt may succeed.
_TRY_AGAIN = (408, 425, 429)


@dataclass(frozen=True)
class Archive:
    r"""A published ZIP archive of recordings, and its checksums.

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
        the file) of its recordings, sorted by name. An archive that is generated on demand may
        be compressed differently each time. This checksum stays the same.
    n_recordings : int
    max_bytes : int
        Limit for the archive, and for its unpacked recordings.
    """

    name: str
    url: str
    sha256: str
    content_sha256: str
    n_recordings: int
    max_bytes: int = 64 * 2**20


class WrongArchiveError(Exception):
    """The file is not the archive that was requested."""


class BrokenArchiveError(WrongArchiveError):
    """The archive cannot be read, for example after a download that was cut short."""


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
        # A path-like with a drive letter has no scheme.
        scheme, colon, _ = self.location.partition(":")
        scheme = scheme.lower() if isinstance(source, str) and colon else ""
        if scheme == "file":
            parts = urlsplit(self.location)
            if parts.netloc not in ("", "localhost") or not parts.path:
                raise ValueError(f"source={source!r} must name a local file: file:///path.")
            self.path = Path(url2pathname(parts.path))
        elif scheme in ("http", "https"):
            if not _names_host(self.location):
                raise ValueError(f"source={source!r} must name a host: {scheme}://host/path.")
        elif "://" in self.location:
            raise ValueError(
                f"source={source!r} is not available. Accepted: URLs that begin with http://, "
                "https:// or file://, and paths."
            )
        else:
            self.path = expand_path("source", source, accepted)

    def check(self) -> None:
        """Refuse a path where there is no file.

        Raises
        ------
        OSError
            Says why.
        """
        if self.path is not None:
            try:
                check_file(self.path)
            except OSError as error:
                raise OSError(f"{self.location}: {_describe(error)}") from error

    def read(self, max_bytes: int) -> bytes:
        """Read or download all of it, but no more than `max_bytes`."""
        buffer = _LimitedBuffer(max_bytes)
        if self.path is None:
            _download(self.location, buffer)
        else:
            check_file(self.path)
            with self.path.open("rb") as file:
                while block := file.read(2**20):
                    buffer.write(block)
        return buffer.getvalue()


def _names_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # malformed brackets or port
        return False


class _LimitedBuffer(io.BytesIO):
    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self.max_bytes = max_bytes

    def write(self, block: Any, /) -> int:
        if self.tell() + len(block) > self.max_bytes:
            raise WrongArchiveError(f"it has more than {self.max_bytes} bytes")
        return super().write(block)


def get_recordings(archive: Archive, source: Source, *, n_retries: int, delay: float) -> Recordings:
    """Get an archive, check it and read its recordings.

    Parameters
    ----------
    archive : Archive
    source : Source
    n_retries : int
        How often to try again after a temporary failure of the network.
    delay : float
        Seconds between two attempts.

    Raises
    ------
    OSError
        If the archive cannot be read or is not the right one. The message says why.
    """
    attempt = 0
    while True:
        try:
            return unpack(source.read(archive.max_bytes), archive)
        except (OSError, WrongArchiveError) as error:
            reason = _describe(error)
            if attempt == n_retries or source.path is not None or not _is_temporary(error):
                raise OSError(f"{source.location}: {reason}") from error
        attempt += 1
        warnings.warn(
            f"{source.location}: {reason}. Trying again ({attempt} of {n_retries}).",
            stacklevel=3,
        )
        time.sleep(delay)


def unpack(contents: bytes, archive: Archive) -> Recordings:
    """Check the bytes of an archive and read its recordings.

    Raises
    ------
    WrongArchiveError
        If it is neither `archive` as it was published nor the same recordings, compressed
        differently.
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
    """Return the bytes of each recording by file name. Other files are ignored."""
    with zipfile.ZipFile(io.BytesIO(contents)) as opened:
        entries = {}
        for entry in opened.infolist():
            if match := _ENTRY.fullmatch(entry.filename):
                entries[match[1]] = entry
        if len(entries) != archive.n_recordings:
            raise WrongArchiveError(
                f"it holds {len(entries)} recordings instead of {archive.n_recordings}"
            )
        # Protects against decompression bombs. Python reads no more than the size that an entry
        # states, but it unpacks bzip2 and LZMA in blocks of any size.
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
        pcm = read_pcm(RIFF.complete(contents)) if contents.startswith(b"RIFF") else None
    except ValueError as error:
        raise WrongArchiveError(f"{name} {error}") from error
    if pcm is None:
        raise WrongArchiveError(f"{name} is not an uncompressed WAV file")
    samples, sampling_rate = pcm
    if samples.dtype != np.int16 or samples.shape[1] != 1 or sampling_rate != SAMPLING_RATE:
        raise WrongArchiveError(
            f"{name} has {samples.dtype} samples of shape {samples.shape} at {sampling_rate} "
            f"Hz instead of int16, one channel, {SAMPLING_RATE} Hz"
        )
    if not len(samples):
        raise WrongArchiveError(f"{name} has no samples")
    return samples[:, 0]


def _download(url: str, buffer: io.BytesIO) -> None:
    """Download into a buffer, from a server that is fast enough.

    The timeout of a connection starts again with every byte, even in headers. So the download runs
    in a thread, which is abandoned if it is too slow. The thread ends at the next block, when the
    server closes the connection, or with the process.

    Raises
    ------
    OSError
        For every failure of the download.
    WrongArchiveError
        If there is more than the buffer takes.
    """
    done: Future[None] = Future()

    def work() -> None:
        try:
            _request(url, buffer)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    try:
        threading.Thread(target=work, name=f"download of {url}", daemon=True).start()
        _wait(done, buffer)
    except BaseException as error:
        buffer.close()  # ends the thread when it writes
        if isinstance(error, OSError | WrongArchiveError) or not isinstance(error, Exception):
            raise
        # Redirects to malformed addresses, among others, raise errors of many types.
        raise OSError(f"the request failed ({type(error).__name__}: {error})") from error


def _wait(done: "Future[None]", buffer: io.BytesIO) -> None:
    """Wait for the end of a download, as long as blocks arrive."""
    import requests

    size, since = 0, monotonic()
    while not wait([done], timeout=0.1).done:  # a longer wait would delay Ctrl-C on Windows
        if buffer.tell() > size:
            size, since = buffer.tell(), monotonic()
        elif monotonic() - since > _PATIENCE:
            raise requests.Timeout(f"it sent less than {_BLOCK} bytes in {_PATIENCE:g} seconds")
    done.result()


def _request(url: str, buffer: io.BytesIO) -> None:
    import pooch

    interactive = sys.stderr is not None and sys.stderr.isatty()
    responses: list[Any] = []

    def inspect(response: Any, **_: Any) -> None:
        """Look at a response before its body is read."""
        responses.append(response)
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if response.is_redirect:
            response.close()  # requests would read the body, however long it is
        elif encoding not in ("", "identity"):
            # A few bytes that are compressed twice can expand to gigabytes.
            raise OSError(f"the server compressed its answer ({encoding})")

    downloader = pooch.HTTPDownloader(
        progressbar=interactive,
        chunk_size=_BLOCK,
        timeout=_TIMEOUT,
        headers={"Accept-Encoding": "identity"},
        hooks={"response": inspect},
    )
    try:
        downloader(url=url, output_file=buffer, pooch=None)
    finally:
        for response in responses:  # pooch leaves them to the garbage collector
            response.close()


def _is_temporary(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        return status >= 500 or status in _TRY_AGAIN
    if isinstance(error, requests.exceptions.SSLError):  # a ConnectionError
        return False
    temporary = (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
        BrokenArchiveError,
    )
    return isinstance(error, temporary)


def _describe(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None and response.status_code >= 400:
        return f"the server answered {response.status_code} {response.reason}"
    # requests wraps the reason in a report of its pool and retries. The innermost one matters.
    inner: object = error
    while isinstance(inner, Exception):
        error = inner
        inner = getattr(inner, "reason", None) or next(iter(inner.args), None)
    message = re.sub(r"^\w+\(.*?\): ", "", str(error))  # without the name of the connection
    return message.rstrip(".") or type(error).__name__
