import hashlib
import io
import os
import shutil
import socket
import struct
import tempfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from skscatter.datasets import fsdd
from skscatter.datasets.download import Archive


def make_wav(samples, sampling_rate=8000):
    file = io.BytesIO()
    wavfile.write(file, sampling_rate, samples)
    return file.getvalue()


def make_zip(files, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return file.getvalue()


class TinyArchive:
    """An archive like FSDD's: 3 digits x 2 speakers x 12 takes, 30 to 89 samples each."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.samples = {
            f"{digit}_{speaker}_{index}.wav": rng.integers(
                -9000, 9000, rng.integers(30, 90), dtype=np.int16
            )
            for digit in range(3)
            for speaker in ("anna", "bob")
            for index in range(12)
        }
        self.files = {
            f"tiny-1.0/recordings/{name}": make_wav(samples)
            for name, samples in self.samples.items()
        }
        self.files["tiny-1.0/README.md"] = b"Not a recording."
        self.contents = make_zip(self.files)
        lines = [
            f"{path.rpartition('/')[2]} {hashlib.sha256(self.files[path]).hexdigest()}\n"
            for path in sorted(self.files)
            if path.endswith(".wav")
        ]
        self.archive = Archive(
            name="fsdd-0.0.1",
            url="http://127.0.0.1:9/nobody-listens-here.zip",
            sha256=hashlib.sha256(self.contents).hexdigest(),
            content_sha256=hashlib.sha256("".join(lines).encode()).hexdigest(),
            n_recordings=len(self.samples),
            max_bytes=2**18,
        )


class Server:
    """An HTTP server on the loopback device that answers by a list of replies.

    Each request takes the next one; the last one is repeated. A reply is a function of the
    request handler.
    """

    def __init__(self):
        self.replies = []
        self.n_requests = 0
        self.closing = threading.Event()
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler):  # noqa: N805
                with lock:
                    self.n_requests += 1
                    reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
                reply(handler)

            def log_message(handler, *args):  # noqa: N805
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_port}/digits.zip"
        self.thread = threading.Thread(target=self.httpd.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.closing.set()
        self.httpd.shutdown()
        self.thread.join()
        self.httpd.server_close()

    @staticmethod
    def send(body, status=200, length=None, **headers):
        """Answer with a body, of which the header may state a wrong length."""

        def reply(handler):
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(body) if length is None else length))
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        return reply

    @staticmethod
    def reset(body):
        """Send half of the body, then reset the connection."""

        def reply(handler):
            Server.send(body[: len(body) // 2], length=len(body))(handler)
            handler.wfile.flush()
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.close()

        return reply

    def stall(self, body, started=None):
        """Send half of the body, then nothing more."""

        def reply(handler):
            Server.send(body[: len(body) // 2], length=len(body))(handler)
            handler.wfile.flush()
            if started is not None:
                started.set()
            self.closing.wait(10)

        return reply

    def trickle(self, body, start):
        """Send 30 bytes one by one, from the start of the "header" or "body", then the rest."""

        def reply(handler):
            header = f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            at_once, rest = {"header": (b"", header + body), "body": (header, body)}[start]
            handler.wfile.write(at_once)
            for i in range(30):
                handler.wfile.write(rest[i : i + 1])
                self.closing.wait(0.05)
            handler.wfile.write(rest[30:])

        return reply


@pytest.fixture(scope="session")
def tiny():
    return TinyArchive()


@pytest.fixture
def make():
    """Functions that make the bytes of WAV files and ZIP archives."""

    class Make:
        wav = staticmethod(make_wav)
        zip = staticmethod(make_zip)

    return Make


@pytest.fixture
def tone():
    """A function that makes the int16 samples of a tone, at 8 kHz unless said otherwise."""

    def tone(n_times, *, frequency=440, sampling_rate=8000):
        phases = 2 * np.pi * frequency * np.arange(n_times) / sampling_rate
        return (0.5 * 2**15 * np.sin(phases)).astype(np.int16)

    return tone


@pytest.fixture
def encode():
    """A function that makes the bytes of an audio file by soundfile."""
    soundfile = pytest.importorskip("soundfile", reason="needs soundfile")

    def encode(samples, container, subtype=None, sampling_rate=8000, endian=None):
        file = io.BytesIO()
        soundfile.write(
            file, samples, sampling_rate, format=container, subtype=subtype, endian=endian
        )
        return file.getvalue()

    return encode


@pytest.fixture
def plain_user():
    """Permissions count, even where root runs the tests."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def reachable_folder():
    """An empty folder that a plain user can reach, as tmp_path of root is not."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def tiny_fsdd(tiny, monkeypatch):
    """`fetch_fsdd` expects the tiny archive."""
    monkeypatch.setattr(fsdd, "FSDD", tiny.archive)
    return tiny


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    yield server
    server.close()
