import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import numpy as np
import pytest

from skscatter.datasets import clear_data_home, download, fetch_fsdd, fsdd

pytestmark = pytest.mark.reliability("Faults of servers, disks and processes")

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and users")


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_complete(bunch, tiny):
    assert bunch.filenames.tolist() == sorted(tiny.samples)
    for signal_, name in zip(bunch.data, bunch.filenames, strict=True):
        expected = tiny.samples[name].astype(np.float32)
        np.testing.assert_array_equal(signal_, expected / np.abs(expected).max())


def fetch(tiny, folder, source, **options):
    bunch = fetch_fsdd(data_home=folder, source=source, n_times=None, delay=0, **options)
    assert_complete(bunch, tiny)
    return bunch


# Downloads without failures


def test_fetch_over_http_keeps_one_file_and_asks_once(tiny_fsdd, server, tmp_path):
    server.replies = [server.send(tiny_fsdd.contents)]
    for _ in range(2):
        fetch(tiny_fsdd, tmp_path, server.url)
    assert server.n_requests == 1
    assert names_in(tmp_path) == ["fsdd-0.0.1.npz"]


def test_fetch_from_the_published_url(tiny_fsdd, server, tmp_path, monkeypatch):
    monkeypatch.setattr(fsdd, "FSDD", replace(tiny_fsdd.archive, url=server.url))
    server.replies = [server.send(tiny_fsdd.contents)]
    fetch(tiny_fsdd, tmp_path, None)


def test_fetch_from_a_local_archive(tiny_fsdd, tmp_path):
    path = tmp_path / "mirror of the digits.zip"
    path.write_bytes(tiny_fsdd.contents)
    for number, source in enumerate([path, str(path), path.as_uri()]):
        fetch(tiny_fsdd, tmp_path / str(number), source)
    assert path.read_bytes() == tiny_fsdd.contents


def test_split_and_fields(tiny_fsdd, tmp_path):
    path = tmp_path / "digits.zip"
    path.write_bytes(tiny_fsdd.contents)
    bunch = fetch_fsdd(data_home=tmp_path, source=path, n_times=64)
    assert bunch.data.shape == (72, 64)
    assert (bunch.train.sum(), bunch.test.sum()) == (3 * 2 * 7, 3 * 2 * 5)
    np.testing.assert_array_equal(bunch.test, bunch.index <= 4)
    assert bunch.filenames[:3].tolist() == ["0_anna_0.wav", "0_anna_1.wav", "0_anna_10.wav"]
    for text in ("CC BY-SA 4.0", "10.5281/zenodo.1342401"):
        assert text in bunch.DESCR
    X, y = fetch_fsdd(data_home=tmp_path, subset="test", n_times=64, return_X_y=True)
    np.testing.assert_array_equal(X, bunch.data[bunch.test])
    np.testing.assert_array_equal(y, bunch.target[bunch.test])


def test_folder_with_spaces_and_other_letters(tiny_fsdd, server, tmp_path):
    server.replies = [server.send(tiny_fsdd.contents)]
    folder = tmp_path / "Ziffern für дети 数字"
    fetch(tiny_fsdd, folder, server.url)
    fetch(tiny_fsdd, str(folder), None)
    assert names_in(folder) == ["fsdd-0.0.1.npz"]


def test_clear_data_home_deletes_what_fetch_kept(tiny_fsdd, server, tmp_path):
    server.replies = [server.send(tiny_fsdd.contents)]
    for _ in range(2):
        fetch(tiny_fsdd, tmp_path, server.url)
        clear_data_home(tmp_path)
        assert names_in(tmp_path) == []
    assert server.n_requests == 2


def test_redirects_are_followed(tiny_fsdd, server, tmp_path):
    server.replies = [
        server.send(b"", 302, Location="/elsewhere.zip"),
        server.send(tiny_fsdd.contents),
    ]
    fetch(tiny_fsdd, tmp_path, server.url)


# Temporary failures


def test_server_error_then_success(tiny_fsdd, server, tmp_path):
    server.replies = [server.send(b"", 500), server.send(b"", 429), server.send(tiny_fsdd.contents)]
    with pytest.warns(UserWarning, match=r"the server answered (500|429)") as caught:
        fetch(tiny_fsdd, tmp_path, server.url)
    assert [str(warning.message)[-22:] for warning in caught] == [
        "Trying again (1 of 3).",
        "Trying again (2 of 3).",
    ]
    assert server.n_requests == 3


def test_waits_between_attempts(tiny_fsdd, server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    server.replies = [server.send(b"", 502)]
    with (
        pytest.warns(UserWarning, match="502"),
        pytest.raises(OSError, match="the server answered 502"),
    ):
        fetch_fsdd(data_home=tmp_path, source=server.url, n_retries=2, delay=0.25)
    assert pauses == [0.25, 0.25]
    assert server.n_requests == 3


@pytest.mark.parametrize(
    "trouble",
    [
        "truncated",
        "reset",
        pytest.param("stall", marks=pytest.mark.slow),
        pytest.param("trickle", marks=pytest.mark.slow),
        "damaged",
    ],
)
def test_interrupted_download_then_success(tiny_fsdd, server, tmp_path, monkeypatch, trouble):
    monkeypatch.setattr(download, "_TIMEOUT", (5, 1))
    monkeypatch.setattr(download, "_PATIENCE", 0.5 if trouble == "trickle" else 60)
    contents = tiny_fsdd.contents
    half = contents[: len(contents) // 2]
    first = {
        "truncated": server.send(half, length=len(contents)),
        "reset": server.reset(contents),
        "stall": server.stall(contents),
        "trickle": server.trickle(contents, "body"),
        "damaged": server.send(half),  # a proxy that mends the length
    }[trouble]
    server.replies = [first, server.send(contents)]
    with pytest.warns(UserWarning, match="Trying again"):
        fetch(tiny_fsdd, tmp_path, server.url)
    assert names_in(tmp_path) == ["fsdd-0.0.1.npz"]


# Final failures


def assert_refused(folder, source, reason, n_retries=0, **options):
    with pytest.raises(OSError, match=reason) as caught:
        fetch_fsdd(data_home=folder, source=source, n_retries=n_retries, delay=0, **options)
    assert names_in(folder) == []
    message = str(caught.value)
    for part in (str(source), "source=", "load_spoken_digits"):
        assert part in message


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_final_answers_are_not_asked_for_again(tiny_fsdd, server, tmp_path, status):
    server.replies = [server.send(b"", status)]
    assert_refused(tmp_path, server.url, f"the server answered {status}", n_retries=3)
    assert server.n_requests == 1


def test_redirect_loop(tiny_fsdd, server, tmp_path):
    server.replies = [server.send(b"", 302, Location="/again.zip")]
    assert_refused(tmp_path, server.url, "redirects", n_retries=3)
    assert server.n_requests <= 31


@pytest.mark.parametrize(
    "location",
    [
        "http://",
        "http://[::1/x.zip",
        "http://host:port/x.zip",
        "http://host:99999/x.zip",
        "http://.example/x.zip",
        "http://" + "a" * 300 + ".example/x.zip",
        "http://exa mple/x.zip",
        "http://*/x.zip",
        "\xff\xfe",
        "ftp://127.0.0.1/x.zip",
        "gopher:x",
    ],
)
def test_redirects_to_malformed_addresses_are_failures_as_others(
    tiny_fsdd, server, tmp_path, location
):
    server.replies = [server.send(b"", 302, Location=location), server.send(b"", 404)]
    assert_refused(tmp_path, server.url, "could not be fetched from")


@pytest.mark.parametrize("error", [ValueError, RuntimeError, UnicodeError, MemoryError])
def test_every_failure_of_a_download_is_an_os_error(
    tiny_fsdd, server, tmp_path, monkeypatch, error
):
    def fail(url, buffer):
        raise error("deep inside")

    monkeypatch.setattr(download, "_request", fail)
    assert_refused(tmp_path, server.url, rf"the request failed \({error.__name__}: deep inside\)")


def test_a_thread_that_cannot_start_is_a_failed_download(tiny_fsdd, server, tmp_path, monkeypatch):
    def fail(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    assert_refused(tmp_path, server.url, "can't start new thread")


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "identity, deflate"])
@pytest.mark.parametrize("redirected", [False, True])
def test_compressed_answers_are_refused_unread(tiny_fsdd, server, tmp_path, encoding, redirected):
    bomb = gzip.compress(gzip.compress(bytes(2**24)))
    answer = server.send(bomb, **{"Content-Encoding": encoding})
    detour = server.send(bomb, 302, Location="/x.zip", **{"Content-Encoding": encoding})
    server.replies = [detour, answer] if redirected else [answer]
    assert_refused(tmp_path, server.url, rf"the server compressed its answer \({encoding}\)")


def test_an_identical_encoding_is_asked_for_and_accepted(tiny_fsdd, server, tmp_path):
    asked = []

    def reply(handler):
        asked.append(handler.headers["Accept-Encoding"])
        server.send(tiny_fsdd.contents, **{"Content-Encoding": "Identity"})(handler)

    server.replies = [reply]
    fetch(tiny_fsdd, tmp_path, server.url)
    assert asked == ["identity"]


def test_the_body_of_a_redirect_is_not_read(tiny_fsdd, server, tmp_path):
    server.replies = [
        server.send(bytes(100), 302, length=2**40, Location="/elsewhere.zip"),
        server.send(tiny_fsdd.contents),
    ]
    fetch(tiny_fsdd, tmp_path, server.url)


def test_redirect_to_a_local_file(tiny_fsdd, server, tmp_path):
    server.replies = [server.send(b"", 302, Location="file:///etc/hostname")]
    assert_refused(tmp_path, server.url, "file://", n_retries=3)


def test_server_that_speaks_no_tls(tiny_fsdd, server, tmp_path, recwarn):
    assert_refused(tmp_path, server.url.replace("http:", "https:"), "SSL", n_retries=3)
    assert not recwarn.list  # of another attempt


def test_nobody_listens(tiny_fsdd, server, tmp_path):
    server.close()
    assert_refused(tmp_path, server.url, "refused")


@pytest.mark.slow
def test_stalled_server(tiny_fsdd, server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_TIMEOUT", (5, 1))
    server.replies = [server.stall(tiny_fsdd.contents)]
    assert_refused(tmp_path, server.url, "timed out")


def record_writes(monkeypatch):
    """Let a semaphore count the blocks that have been kept."""
    taken = threading.Semaphore(0)

    class Buffer(download._LimitedBuffer):
        def write(self, block):
            super().write(block)
            taken.release()

    monkeypatch.setattr(download, "_LimitedBuffer", Buffer)
    return taken


def downloads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("download of")]


@pytest.mark.slow
@pytest.mark.parametrize("start", ["header", "body"])
def test_server_that_trickles(tiny_fsdd, server, tmp_path, monkeypatch, start):
    monkeypatch.setattr(download, "_PATIENCE", 0.5)  # the server would take 1.5 seconds
    taken = record_writes(monkeypatch)
    server.replies = [server.trickle(tiny_fsdd.contents, start)]
    assert_refused(tmp_path, server.url, "it sent less than 131072 bytes in 0.5 seconds")
    for thread in downloads():
        thread.join(30)
    assert downloads() == []
    assert not taken.acquire(blocking=False)  # later blocks were dropped


@pytest.mark.slow
def test_slow_server_is_waited_for(tiny_fsdd, server, tmp_path, monkeypatch):
    contents, clock = tiny_fsdd.contents, [0.0]
    monkeypatch.setattr(download, "_BLOCK", len(contents) // 16)
    monkeypatch.setattr(download, "monotonic", lambda: clock[0])
    taken = record_writes(monkeypatch)

    def reply(handler):
        server.send(b"", length=len(contents))(handler)
        for start in range(0, len(contents), download._BLOCK):
            clock[0] += 50
            time.sleep(0.15)  # for the clock to be looked at
            handler.wfile.write(contents[start : start + download._BLOCK])
            taken.acquire(timeout=30)

    server.replies = [reply]
    fetch(tiny_fsdd, tmp_path, server.url, n_retries=0)
    assert clock[0] >= 800  # 16 MB at 20 kB/s


def test_interrupted_while_downloading(tiny_fsdd, server, tmp_path):
    stall = server.stall(tiny_fsdd.contents)

    def reply(handler):
        signal.raise_signal(signal.SIGINT)
        stall(handler)

    server.replies = [reply]
    # Shells let processes in the background ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            fetch_fsdd(data_home=tmp_path, source=server.url)
    finally:
        signal.signal(signal.SIGINT, before)
    assert names_in(tmp_path) == []
    server.replies = [server.send(tiny_fsdd.contents)]
    fetch(tiny_fsdd, tmp_path, server.url)


def test_other_contents(tiny_fsdd, server, tmp_path, make):
    files = dict(tiny_fsdd.files)
    files["tiny-1.0/recordings/0_anna_3.wav"] = make.wav(np.ones(50, dtype=np.int16))
    server.replies = [server.send(make.zip(files))]
    assert_refused(tmp_path, server.url, tiny_fsdd.archive.content_sha256, n_retries=3)
    assert server.n_requests == 1
    path = tmp_path.with_name(f"{tmp_path.name}-other.zip")
    path.write_bytes(make.zip(files))
    assert_refused(tmp_path, path, tiny_fsdd.archive.sha256)


def test_login_page(tiny_fsdd, server, tmp_path):
    server.replies = [server.send(b"<html>Please log in</html>")]
    assert_refused(tmp_path, server.url, "26 bytes are not a readable ZIP archive")


def test_endless_body(tiny_fsdd, server, tmp_path):
    def reply(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(1000):  # 64 MB
                handler.wfile.write(bytes(2**16))
        except OSError:
            pass  # the client has gone

    server.replies = [reply]
    assert_refused(tmp_path, server.url, f"more than {tiny_fsdd.archive.max_bytes} bytes")


def test_local_source_that_is_missing_or_a_folder(tiny_fsdd, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    assert_refused(folder, tmp_path / "nowhere.zip", "No such file")
    assert_refused(folder, tmp_path, "is a folder")


@posix_only
def test_local_source_that_is_a_pipe_or_a_device(tiny_fsdd, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    os.mkfifo(tmp_path / "fifo.zip")
    assert_refused(folder, tmp_path / "fifo.zip", "fifo.zip is a pipe")
    assert_refused(folder, "/dev/zero", "/dev/zero is a device")


def test_local_source_must_exist_even_if_the_data_set_is_kept(tiny_fsdd, tmp_path):
    folder, archive = tmp_path / "data", tmp_path / "digits.zip"
    archive.write_bytes(tiny_fsdd.contents)
    for _ in range(2):
        fetch(tiny_fsdd, folder, archive)
    for options in ({}, {"download_if_missing": False}):
        with pytest.raises(OSError, match=r"could not be fetched from .*nope.zip: .*No such file"):
            fetch_fsdd(data_home=folder, source=tmp_path / "nope.zip", **options)
    fetch(tiny_fsdd, folder, "http://127.0.0.1:9/nobody-is-asked.zip")


def test_local_source_is_read_once(tiny_fsdd, tmp_path, recwarn):
    folder = tmp_path / "data"
    folder.mkdir()
    path = tmp_path / "half.zip"
    path.write_bytes(tiny_fsdd.contents[:1000])
    assert_refused(folder, path, "not a readable ZIP archive", n_retries=3)
    assert not recwarn.list


def test_missing_and_not_to_be_downloaded(tiny_fsdd, server, tmp_path):
    with pytest.raises(OSError, match="download_if_missing=True"):
        fetch_fsdd(data_home=tmp_path, source=server.url, download_if_missing=False)
    assert server.n_requests == 0
    server.replies = [server.send(tiny_fsdd.contents)]
    fetch(tiny_fsdd, tmp_path, server.url)
    fetch(tiny_fsdd, tmp_path, None, download_if_missing=False)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_damaged_file_is_fetched_again(tiny_fsdd, server, tmp_path, damage):
    server.replies = [server.send(tiny_fsdd.contents)]
    fetch(tiny_fsdd, tmp_path, server.url)
    path = tmp_path / "fsdd-0.0.1.npz"
    good = path.read_bytes()
    middle = len(good) // 2
    path.write_bytes(
        {
            "cut": good[:middle],
            "flipped": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
            "empty": b"",
            "other": tiny_fsdd.contents,
        }[damage]
    )
    with pytest.raises(OSError, match="missing or damaged"):
        fetch_fsdd(data_home=tmp_path, download_if_missing=False)
    with pytest.warns(UserWarning, match=r"fsdd-0\.0\.1\.npz' is damaged .* fetched again"):
        fetch(tiny_fsdd, tmp_path, server.url)
    assert path.read_bytes() == good
    fetch(tiny_fsdd, tmp_path, None)


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"n_retries": -1}, ValueError),
        ({"n_retries": 1.5}, TypeError),
        ({"delay": -1.0}, ValueError),
        ({"delay": "1"}, TypeError),
        ({"source": 5}, TypeError),
        ({"source": "ftp://host/digits.zip"}, ValueError),
        ({"data_home": 5}, TypeError),
        ({"download_if_missing": None}, ValueError),
        ({"subset": "dev"}, ValueError),
        ({"n_times": 0}, ValueError),
    ],
)
def test_bad_parameters_are_named(tiny_fsdd, tmp_path, bad, error):
    [(name, value)] = bad.items()
    with pytest.raises(error, match=f"{name}={value!r}"):
        fetch_fsdd(**{"data_home": tmp_path} | bad)
    assert names_in(tmp_path) == []


# Disks, kills and crowds


@posix_only
def test_read_only_folder(tiny_fsdd, server, reachable_folder, request):
    server.replies = [server.send(tiny_fsdd.contents)]
    fetch(tiny_fsdd, reachable_folder, server.url)  # imports what root alone may be able to read
    part = reachable_folder / f".fsdd-0.0.1.npz.{'0' * 32}.part"  # which cannot be removed
    part.touch()
    os.utime(part, (time.time() - 3600,) * 2)
    reachable_folder.chmod(0o555)
    request.getfixturevalue("plain_user")
    fetch(tiny_fsdd, reachable_folder, None)  # a kept data set is good enough
    with pytest.raises(PermissionError):
        clear_data_home(reachable_folder)


@posix_only
def test_read_only_folder_is_noticed_before_the_download(
    tiny_fsdd, server, reachable_folder, request
):
    reachable_folder.chmod(0o555)
    request.getfixturevalue("plain_user")
    with pytest.raises(OSError, match=r"Permission denied.*data_home=.*SKSCATTER_DATA"):
        fetch_fsdd(data_home=reachable_folder, source=server.url)
    assert server.n_requests == 0
    assert names_in(reachable_folder) == []


@posix_only
def test_full_disk(tiny_fsdd, server, tmp_path):
    import resource

    server.replies = [server.send(tiny_fsdd.contents)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match=r"cannot be kept in .*data_home="):
            fetch_fsdd(data_home=tmp_path, source=server.url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names_in(tmp_path) == []


CHILD = """
import json, os, signal, sys
from skscatter.datasets import fsdd, fetch_fsdd
from skscatter.datasets.download import Archive
fsdd.FSDD = Archive(**json.loads(sys.argv[1]))
if sys.argv[4] == "die while writing":
    os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
fetch_fsdd(data_home=sys.argv[2], source=sys.argv[3])
"""


def start_child(tiny, folder, source, mode="live"):
    archive = json.dumps(asdict(tiny.archive))
    command = [sys.executable, "-c", CHILD, archive, str(folder), source, mode]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


@pytest.mark.slow
@posix_only
def test_killed_while_downloading(tiny_fsdd, server, tmp_path):
    started = threading.Event()
    server.replies = [
        server.stall(tiny_fsdd.contents, started),
        server.send(tiny_fsdd.contents),
    ]
    with start_child(tiny_fsdd, tmp_path, server.url) as child:
        assert started.wait(60)
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert names_in(tmp_path) == []
    fetch(tiny_fsdd, tmp_path, server.url)


@pytest.mark.slow
@posix_only
def test_killed_while_writing(tiny_fsdd, server, tmp_path):
    server.replies = [server.send(tiny_fsdd.contents)]
    with start_child(tiny_fsdd, tmp_path, server.url, "die while writing") as child:
        child.wait(60)
    assert child.returncode == -signal.SIGKILL
    [part] = names_in(tmp_path)
    assert part.endswith(".part")
    fetch(tiny_fsdd, tmp_path, server.url)
    assert names_in(tmp_path) == [part, "fsdd-0.0.1.npz"]
    # Some time later any call cleans up.
    os.utime(tmp_path / part, (time.time() - 3600,) * 2)
    fetch(tiny_fsdd, tmp_path, None)
    assert names_in(tmp_path) == ["fsdd-0.0.1.npz"]


MOMENTS = """
import json, os, random, signal, sys, time, warnings
from skscatter.datasets import fsdd, fetch_fsdd
from skscatter.datasets.download import Archive
fsdd.FSDD = Archive(**json.loads(sys.argv[1]))
home, source, seed = sys.argv[2], sys.argv[3], int(sys.argv[4])

def run(after=None):
    begun, child = time.perf_counter(), os.fork()
    if not child:
        fetch_fsdd(data_home=home, source=source)
        os._exit(0)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return time.perf_counter() - begun

def clear():
    for name in os.listdir(home):
        os.unlink(os.path.join(home, name))

os.makedirs(home, exist_ok=True)
run()
clear()
whole = run()
clear()
moments = random.Random(seed)
for _ in range(20):
    run(moments.uniform(0, 1.1 * whole))
    kept = os.path.exists(os.path.join(home, "fsdd-0.0.1.npz"))
    if kept:  # complete, or this would raise
        with warnings.catch_warnings(action="error"):
            fetch_fsdd(data_home=home, download_if_missing=False)
    print("complete" if kept else "absent", flush=True)
    clear()
"""


@pytest.mark.slow
@posix_only
def test_killed_at_any_moment(tiny_fsdd, server, tmp_path):
    server.replies = [server.send(tiny_fsdd.contents)]
    archive = json.dumps(asdict(tiny_fsdd.archive))
    arguments = [archive, str(tmp_path / "home"), server.url, "0"]
    done = subprocess.run(
        [sys.executable, "-c", MOMENTS, *arguments], capture_output=True, text=True, timeout=120
    )
    outcomes = done.stdout.split()
    assert len(outcomes) == 20, done.stderr
    assert set(outcomes) <= {"complete", "absent"}
    assert "absent" in outcomes  # or it was never killed in time


@pytest.mark.slow
@pytest.mark.parametrize("n_processes", [2, 8])
def test_several_processes_at_once(tiny_fsdd, server, tmp_path, n_processes):
    all_of_them = threading.Barrier(n_processes, timeout=60)

    def reply(handler):
        all_of_them.wait()
        server.send(tiny_fsdd.contents)(handler)

    server.replies = [reply]
    children = [start_child(tiny_fsdd, tmp_path, server.url) for _ in range(n_processes)]
    for child in children:
        with child:
            assert (child.wait(60), child.stderr.read()) == (0, b"")
    assert server.n_requests == n_processes
    assert names_in(tmp_path) == ["fsdd-0.0.1.npz"]
    fetch(tiny_fsdd, tmp_path, None)


# The real archive


@pytest.fixture(scope="module")
def real_home(fsdd_archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fsdd")
    fetch_fsdd(data_home=folder, source=fsdd_archive, n_times=1)
    return folder


@pytest.mark.fsdd
def test_real_data_set(real_home):
    bunch = fetch_fsdd(data_home=real_home, download_if_missing=False)
    assert bunch.data.shape == (3000, 8192)
    assert bunch.data.dtype == np.float32
    np.testing.assert_array_equal(np.abs(bunch.data).max(axis=1)[bunch.lengths <= 8192], 1)
    assert (bunch.train.sum(), bunch.test.sum()) == (2700, 300)
    np.testing.assert_array_equal(np.bincount(bunch.target), 300)
    speakers, counts = np.unique(bunch.speaker, return_counts=True)
    assert speakers.tolist() == ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"]
    np.testing.assert_array_equal(counts, 500)
    assert (bunch.lengths.min(), bunch.lengths.max()) == (1148, 18262)
    assert np.median(bunch.lengths) == 3358.5
    assert (bunch.lengths > 8192).sum() == 17
    assert len(set(bunch.filenames)) == 3000
    assert bunch.index.max() == 49


@pytest.mark.fsdd
def test_real_recordings_are_what_the_archive_holds(real_home, fsdd_archive):
    import io
    import zipfile

    from scipy.io import wavfile

    bunch = fetch_fsdd(data_home=real_home, n_times=None, normalize=False)
    with zipfile.ZipFile(fsdd_archive) as archive:
        paths = {path.rpartition("/")[2]: path for path in archive.namelist()}
        for row in range(0, 3000, 97):
            contents = archive.read(paths[bunch.filenames[row]])
            _, samples = wavfile.read(io.BytesIO(contents))
            np.testing.assert_array_equal(bunch.data[row] * 2**15, samples)


@pytest.mark.fsdd
def test_real_content_checksum(fsdd_archive):
    # As if GitHub had compressed the archive again.
    archive = replace(fsdd.FSDD, sha256="0" * 64)
    recordings = download.unpack(fsdd_archive.read_bytes(), archive)
    assert len(recordings.filenames) == 3000
