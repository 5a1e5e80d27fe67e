import contextlib
import csv
import errno
import io
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from scipy.io import wavfile

import skscatter
from skscatter import RowStore
from skscatter._cli import console, predict, report
from skscatter._cli import demo as _demo
from skscatter._cli.main import main
from skscatter._cli.predict import load_model, read_signal
from skscatter.datasets import load_spoken_digits

NOBODY_LISTENS = "http://127.0.0.1:9/archive.zip"


@pytest.fixture(autouse=True)
def closed_world(monkeypatch, tmp_path):
    """No network but this machine's own, no files but the test's."""
    look_up = socket.getaddrinfo

    def guarded(host, *args, **kwargs):
        assert host == "127.0.0.1", f"a test went to {host}"
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", guarded)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("SKSCATTER_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def few_digits(n_times=None):
    digits = load_spoken_digits(n_times=n_times)
    few = np.char.startswith(digits.speaker, "england")
    digits.data = [signal for signal, chosen in zip(digits.data, few, strict=True) if chosen]
    if n_times is not None:
        digits.data = np.stack(digits.data)
    for name in ("target", "speaker", "train", "test", "filenames"):
        digits[name] = digits[name][few]
    return digits


def make_small(monkeypatch):
    """Few recordings, and few features of each."""
    monkeypatch.setattr(_demo, "load_spoken_digits", few_digits)
    grid = {"scattering__plain__J": [4, 6], "classifier__C": [0.001]}
    monkeypatch.setattr(_demo, "GRID", [{"scattering__joint": ["drop"], **grid}])
    monkeypatch.setattr(_demo, "EXAMPLE", {"J": 6, "Q": 2})


@pytest.fixture
def small(monkeypatch):
    make_small(monkeypatch)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Folder and output of a demo."""
    out = tmp_path_factory.mktemp("demo") / "the results"
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as monkeypatch, contextlib.redirect_stdout(printed):
        make_small(monkeypatch)
        assert main(["demo", "--data", "spoken-digits", "--out", str(out)]) == 0
    return out, printed.getvalue()


def run(*arguments, **options):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=120, **options)


def table(text, first):
    """Rows of the table whose header starts with `first`, split at white space."""
    lines = iter(text.splitlines())
    header = next(line for line in lines if line.startswith(first))
    rows = []
    while line := next(lines, ""):
        assert len(line) == len(header), "columns are not aligned"
        rows.append(line.split())
    return rows


def test_demo_says_what_it_does(demo):
    _, text = demo
    lengths = [len(signal) for signal in few_digits().data]
    assert text.startswith(
        "Data: Embedded spoken digits\n80 training and 40 test recordings of "
        f"{min(lengths)} to {max(lengths)} samples at 8000 Hz\n"
    )
    assert "Search: 2 candidates, 3 folds of the speakers" in text
    assert max(map(len, text.split("\nFiles:")[0].splitlines())) <= 80
    assert re.search(
        r"^Seconds: data [\d.]+, search [\d.]+, fit [\d.]+, calibration [\d.]+, "
        r"scoring [\d.]+, files [\d.]+$",
        text,
        re.MULTILINE,
    )


def test_demo_lists_candidates_and_digits(demo):
    out, text = demo
    with (out / "cv_results.csv").open(newline="") as file:
        results = list(csv.DictReader(file))
    for row in results:
        mean, std = (f"{float(row[f'{name}_test_score']):.2%}" for name in ("mean", "std"))
        parameters = f"C=0.001, without joint, J={row['param_scattering__plain__J']}"
        candidate = rf"^ +{mean} ± +{std} +[\d.]+ s  {parameters}$"
        assert re.search(candidate, text, re.MULTILINE)
    best = min(results, key=lambda row: int(row["rank_test_score"]))
    assert f"\nBest: C=0.001, without joint, J={best['param_scattering__plain__J']}\n" in text

    digits = table(text, "digit")
    assert [row[0] for row in digits] == list("0123456789")
    assert {row[-1] for row in digits} == {"4"}
    recall = np.mean([float(row[2]) for row in digits])
    assert f"{recall:.1%} test" in text
    assert recall > 0.5


def test_demo_writes_whole_files(demo):
    out, text = demo
    written = {path.name for path in out.iterdir()}
    assert written == {
        "model.joblib",
        "cv_results.csv",
        "confusion.png",
        "features.sqlite",
        few_digits().filenames[few_digits().test][0],
    }
    assert all(str(out / name) in text for name in written)
    assert (out / "confusion.png").read_bytes().endswith(b"IEND\xaeB`\x82")


def test_demo_computes_each_signal_once_for_each_scale_and_says_so(demo, capsys, small):
    out, text = demo
    # Two scales: 80 recordings in 3 folds; then the last fit, the calibration and the scores.
    total = 2 * 3 * 80 + 80 + 80 + 80 + 40
    assert f"\nFeatures: 200 of {total} computed, the others read from features.sqlite\n" in text
    assert main(["demo", "--data", "spoken-digits", "--out", str(out)]) == 0
    assert f"\nFeatures: 0 of {total} computed, the others read" in capsys.readouterr().out


@pytest.mark.filterwarnings("default::skscatter.RowStoreWarning")
def test_demo_continues_without_a_store_that_cannot_be_used(small, capsys):
    Path("skscatter-demo").mkdir()
    Path("skscatter-demo/features.sqlite").write_text("mine")
    assert main(["demo", "--example", "--data", "spoken-digits"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("skscatter: The row store")
    assert "is a file of another kind" in captured.err
    assert "Features:" not in captured.out
    assert "features.sqlite" not in captured.out
    assert Path("skscatter-demo/features.sqlite").read_text() == "mine"


def test_demo_ends_with_a_command_that_works_in_a_new_process(demo):
    out, text = demo
    command = shlex.split(text.splitlines()[-1])
    assert command[:3] == ["python", "-m", "skscatter"]  # as this process was not started by name
    done = run(sys.executable, *command[1:])
    compiles = (
        "skscatter is compiling its fast path, once on this machine. This takes some seconds.\n"
    )
    assert done.returncode == 0
    assert done.stderr in ("", compiles)  # the first process of a new machine
    header, row = done.stdout.splitlines()
    assert len(header) == len(row)

    model = load_model(out / "model.joblib")
    signal_ = read_signal(command[-1], n_times=None, sampling_rate=model.sampling_rate)
    probabilities = model.classifier.predict_proba([signal_])[0]
    second, first = np.argsort(probabilities)[-2:]
    assert row.removeprefix(command[-1]).split() == [
        str(first),
        f"{probabilities[first]:.3f}",
        str(second),
        f"({probabilities[second]:.3f})",
    ]


def test_example_is_compared_with_published_accuracies(small, capsys):
    assert main(["demo", "--example", "--data", "spoken-digits", "--n-jobs", "1"]) == 0
    text = capsys.readouterr().out
    training, test = table(text, "accuracy")
    assert (training[0], training[2]) == ("training", "99.7%")
    assert (test[0], test[2]) == ("test", "98.0%")
    out = Path("skscatter-demo")
    assert {"model.joblib", "confusion.png"} < {path.name for path in out.iterdir()}
    assert not (out / "cv_results.csv").exists()
    model = joblib.load(out / "model.joblib")
    assert model[0].memory is None  # on another machine, the model writes no cache
    digits = few_digits(_demo.EXAMPLE_N_TIMES)
    assert f"{model.score(digits.data[digits.test], digits.target[digits.test]):.1%}" == test[1]


def test_demo_continues_without_matplotlib(small, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["demo", "--example", "--data", "spoken-digits"]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert 'pip install "skscatter[plot]"' in captured.err
    assert "confusion.png" not in captured.out
    assert not Path("skscatter-demo/confusion.png").exists()


@pytest.mark.parametrize(
    ("argv0", "program"),
    [
        (".venv/bin/skscatter", [".venv/bin/skscatter"]),
        ("skscatter.exe", ["skscatter.exe"]),
        ("/lib/skscatter/__main__.py", ["python", "-m", "skscatter"]),
    ],
)
def test_commands_to_try_are_given_as_the_user_gave_them(argv0, program, monkeypatch):
    monkeypatch.setattr(sys, "argv", [argv0])
    assert report._this_program() == program


@pytest.mark.filterwarnings("default:.*Trying again")
@pytest.mark.parametrize(
    ("source", "reason"), [("missing.zip", "missing.zip"), (NOBODY_LISTENS, "refused")]
)
def test_demo_falls_back_and_says_why(small, capsys, monkeypatch, source, reason):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    assert main(["demo", "--example", "--source", source]) == 0
    captured = capsys.readouterr()
    *_, last = captured.err.splitlines()
    assert last.startswith("skscatter: the Free Spoken Digit Dataset is not available, so")
    assert reason in last
    assert len(last) < 250  # the reason, without the report of the connection pool
    assert "site-packages" not in captured.err
    assert "Data: Embedded spoken digits" in captured.out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--data", "fsdd", "--source", "missing.zip"], "missing.zip"),
        (["--source", "ftp://127.0.0.1/archive.zip"], "ftp://127.0.0.1/archive.zip"),
        (["--data-home", "file", "--data", "fsdd"], "'file'"),
        (["--data-home", "~a user who does not exist"], "data_home='~a user who does not exist'"),
        (["--out", "~a user who does not exist/x"], "--out='~a user who does not exist/x' begins"),
        (["--out", ""], "--out='' must be the path of a folder"),
        (["--out", "file"], "file: File exists"),
        (["--out", "file/folder"], "file/folder: Not a directory"),
    ],
)
def test_demo_that_cannot_run_ends_in_one_line(small, capsys, options, reason):
    Path("file").touch()
    assert main(["demo", *options]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("skscatter: ")
    assert captured.err.count("\n") == 1
    assert reason in captured.err
    assert captured.out == ""


def test_embedded_digits_need_no_network(small, capsys, monkeypatch):
    monkeypatch.setattr(_demo, "fetch_fsdd", None)
    monkeypatch.setattr(socket, "socket", None)
    assert main(["demo", "--example", "--data", "spoken-digits"]) == 0
    assert capsys.readouterr().err == ""


@pytest.fixture
def recordings():
    """A digit unchanged, the same in stereo at another rate, and files that are not recordings."""
    filename, contents = _demo.sample_recording(_demo.Digits(few_digits()))
    Path(filename).write_bytes(contents)
    samples = wavfile.read(filename)[1]
    twice = np.repeat(samples, 2)  # crude, but a recording at 16 kHz
    wavfile.write("stereo.wav", 16000, np.stack([twice, twice], axis=1))
    Path("damaged.wav").write_bytes(contents[:1000])
    Path("text.wav").write_text("no recording")
    return filename


@pytest.mark.reliability("Bad input")
def test_predict_continues_after_bad_files(demo, recordings, capsys):
    files = [recordings, "damaged.wav", "stereo.wav", "missing.wav", "text.wav", ".", recordings]
    assert main(["predict", str(demo[0] / "model.joblib"), *files]) == 1
    captured = capsys.readouterr()
    rows = table(captured.out, "recording")
    assert [row[0] for row in rows] == [recordings, "stereo.wav", recordings]
    assert len({row[1] for row in rows}) == 1
    errors = captured.err.splitlines()
    assert len(errors) == 4
    for name, error in zip(["damaged.wav", "missing.wav", "text.wav", "."], errors, strict=True):
        assert error.startswith(f"skscatter: {name}")


def test_predict_without_any_good_file(demo, capsys):
    assert main(["predict", str(demo[0] / "model.joblib"), "missing.wav"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "skscatter: missing.wav: No such file or directory\n"


@pytest.mark.parametrize("model", ["missing.joblib", "text.wav"])
def test_predict_without_a_model(recordings, capsys, model):
    assert main(["predict", model, recordings]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"skscatter: {model}")
    assert captured.err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="file names are characters there")
def test_file_names_need_not_be_characters(demo, recordings, capsys):
    name = os.fsdecode(b"\xff.wav")
    try:
        Path(recordings).rename(name)
    except OSError:
        pytest.skip("file names are characters here")
    assert main(["predict", str(demo[0] / "model.joblib"), name, name + "?"]) == 1
    captured = capsys.readouterr()
    assert "\n\\udcff.wav" in captured.out
    assert "\\udcff.wav?: No such file" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["demo", "--data", "music"], "invalid choice: 'music'"),
        (["demo", "--n-jobs", "0"], "'0' must be a number of threads"),
        (["demo", "--n-jobs", "two"], "'two' must be a number of threads"),
        (["demo", "--data", "spoken-digits", "--source", "x.zip"], "--source is for fsdd"),
        (["predict", "model.joblib"], "required: RECORDING"),
    ],
)
def test_wrong_arguments(capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("usage: skscatter")
    assert message in captured.err
    assert captured.out == ""
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["predict", "--help"]])
def test_help(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith("usage: skscatter")
    if "predict" in arguments:
        assert "Only load models that you trust" in " ".join(text.split())


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"skscatter {skscatter.__version__}\n"


def test_warnings_take_one_line(monkeypatch, capsys):
    def warn(arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn("first\nsecond", stacklevel=1)
        return 0

    monkeypatch.setattr(predict, "run", warn)
    assert main(["predict", "model", "recording"]) == 0
    assert capsys.readouterr().err == "skscatter: first second\n"


def test_a_full_disk_is_named_with_the_file(small, capsys, monkeypatch):
    def fail(path, contents):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(report, "write_atomically", fail)
    assert main(["demo", "--example", "--data", "spoken-digits", "--out", "out"]) == 1
    file = Path("out/model.joblib")
    assert capsys.readouterr().err == f"skscatter: {file}: No space left on device\n"


def test_a_folder_without_permission_ends_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert main(["demo", "--out", "out"]) == 1
    assert capsys.readouterr().err == "skscatter: out: no permission to write\n"


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (MemoryError("Unable to allocate 9.00 TiB"), 1, "skscatter: Unable to allocate 9.00 TiB\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, ""),
    ],
)
def test_what_ends_a_command_ends_in_one_line(error, status, message, capsys, monkeypatch):
    def fail(arguments):
        raise error

    monkeypatch.setattr(predict, "run", fail)
    assert main(["predict", "model", "recording"]) == status
    assert capsys.readouterr().err == message


def test_the_demo_needs_no_home_folder(small, capsys, monkeypatch):
    def fail(path):
        if str(path).startswith("~"):
            raise RuntimeError("Could not determine home directory.")
        return path

    monkeypatch.setattr(Path, "expanduser", fail)
    monkeypatch.delenv("SKSCATTER_DATA")
    assert main(["demo", "--example"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("skscatter: the Free Spoken Digit Dataset is not available")
    assert "'~/skscatter_data' begins with a home folder that does not exist" in captured.err
    assert captured.err.count("\n") == 1


# ---------------------------------------------------------------- streams and interrupts


def in_shell(redirections, *arguments, **environment):
    """Run a command with the redirections of a shell."""
    return run(
        "sh",
        "-c",
        f'exec "$0" -m skscatter "$@" {redirections}',
        sys.executable,
        *map(str, arguments),
        env={**os.environ, "PYTHONUNBUFFERED": "", **environment},
    )


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")


@pytest.mark.parametrize(
    ("redirections", "has_output", "errors"),
    [
        ("<&-", True, ["missing.wav"]),
        ("2>&-", True, []),
        (">&-", False, ["missing.wav", "standard output: Bad file descriptor"]),
        ("<&- >&- 2>&-", False, []),
        pytest.param("2>/dev/full", True, [], marks=FULL),
        pytest.param(
            ">/dev/full",
            False,
            ["missing.wav", "standard output: No space left on device"],
            marks=FULL,
        ),
    ],
)
@POSIX
def test_streams_that_are_closed_or_full(demo, recordings, redirections, has_output, errors):
    model = demo[0] / "model.joblib"
    done = in_shell(redirections, "predict", model, recordings, "missing.wav")
    assert done.returncode == 1
    assert (recordings in done.stdout) == has_output
    lines = done.stderr.splitlines()
    for line, error in zip(lines, errors, strict=True):
        assert line.startswith(f"skscatter: {error}")


@pytest.mark.parametrize(
    ("redirections", "arguments", "status"),
    [(">&-", "--version", 1), (">/dev/full", "--help", 1), ("2>/dev/full", "dance", 2)],
)
@POSIX
@FULL
def test_help_and_usage_to_streams_that_are_closed_or_full(redirections, arguments, status):
    done = in_shell(redirections, arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("skscatter: standard output: " if status == 1 else "")
    assert done.stderr.count("\n") == (status == 1)


def test_closed_streams_are_opened_in_place(monkeypatch):
    names = ("stdin", "stdout", "stderr")
    for name in names:
        monkeypatch.setattr(sys, name, None)
    console.open_closed_streams()
    opened = [getattr(sys, name) for name in names]
    try:
        assert sys.stdin.read() == ""
        with pytest.raises(OSError, match="standard output"):
            console.say("lost")
        console.complain("lost")
    finally:
        for stream in opened:
            stream.flush()
            os.close(stream.fileno())


def test_messages_that_cannot_be_written_are_lost(monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    assert main(["predict", "missing.joblib", "missing.wav"]) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@POSIX
def test_file_names_that_the_output_cannot_encode_are_escaped(demo, recordings, encoding):
    name = "Ωé\n.wav"
    shown = name.encode(encoding, "backslashreplace").decode(encoding).replace("\n", "\\n")
    try:
        Path(recordings).rename(name)
    except (OSError, UnicodeEncodeError):
        pytest.skip("file names are of other characters here")
    model = demo[0] / "model.joblib"
    command = [sys.executable, "-m", "skscatter", "predict", model, name, "é"]
    done = subprocess.run(
        command,
        capture_output=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    (row,) = table(done.stdout.decode(encoding), "recording")
    assert row[0] == shown
    error = "é".encode(encoding, "backslashreplace").decode(encoding)
    assert done.stderr.decode(encoding) == f"skscatter: {error}: No such file or directory\n"


@pytest.mark.parametrize("module", ["argparse", "skscatter._cli.main", "sklearn"])
def test_an_interrupt_during_imports_ends_in_one_line(module):
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}:\n"
        "            raise KeyboardInterrupt\n"
        "from skscatter.__main__ import main\n"
        "sys.modules.pop('argparse', None)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.argv[1:] = ['predict', 'model.joblib', 'a.wav']\n"
        "print(main())"
    )
    done = run(sys.executable, "-c", code)
    assert (done.stdout, done.stderr) == ("130\n", "interrupted\n")


def test_import_brings_only_the_standard_library():
    code = (
        "import sys, skscatter; before = set(sys.modules); import skscatter._cli.main\n"
        "brought = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(brought - set(sys.stdlib_module_names), 'skscatter._cli.demo' in sys.modules)"
    )
    assert run(sys.executable, "-c", code, check=True).stdout == "{'skscatter'} False\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGINT to send")
def test_interrupt_leaves_nothing_behind_but_features():
    # A shell that starts tests in the background has told them to ignore the signal.
    code = (
        "import signal, sys, skscatter._cli.demo; from skscatter._cli.main import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.exit(main(['demo', '--data', 'spoken-digits', '--n-jobs', '2', '--out', 'out']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert any(line.startswith("Search:") for line in process.stdout)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, errors) == (130, "interrupted\n")
    assert {path.name for path in Path("out").iterdir()} <= {"features.sqlite"}
    RowStore("out").info()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_reader_that_ends_early_is_not_an_error(demo, recordings):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "skscatter", "predict", demo[0] / "model.joblib", recordings],
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
