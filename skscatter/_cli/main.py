"""The command line: arguments, messages, exit status. `skscatter._cli.demo` does the work."""

import argparse
import os
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from skscatter import __version__

# What takes long to import is imported where it is needed, so that --help does not wait.
if TYPE_CHECKING:
    from skscatter._cache.store import RowStore
    from skscatter._cli.demo import Digits, Result

FEATURES = "features.sqlite"  # the demo's row store, in its folder
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class CommandError(Exception):
    """The command cannot be carried out, for a reason that the user can do something about."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    status : int
        0 if all went well, 1 if something could not be done, 130 if interrupted. Wrong
        arguments raise SystemExit with 2.
    """
    arguments = _parser().parse_args(argv)
    with _warnings_in_one_line():
        try:
            status: int = arguments.run(arguments)
            sys.stdout.flush()
        except KeyboardInterrupt:
            _complain("interrupted")
            return INTERRUPTED
        except BrokenPipeError:
            # The reader of our output, such as `head`, has gone. Nothing more is to be said,
            # not even by the interpreter when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (OSError, CommandError) as error:
            _complain(f"skscatter: {_reason(error)}")
            return 1
        return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skscatter", description="Wavelet scattering for scikit-learn."
    )
    parser.add_argument("--version", action="version", version=f"skscatter {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    demo = commands.add_parser(
        "demo",
        help="train a model of spoken digits, judge it and keep it",
        description="Choose a model of spoken digits by grid search on the training part of a "
        "data set, judge it on the test part, and write the model, the results of the search "
        "and the confusion matrix to a folder, with the features, which a second run finds there.",
    )
    demo.add_argument(
        "--data",
        choices=("auto", "fsdd", "spoken-digits"),
        default="auto",
        help="fsdd: the Free Spoken Digit Dataset, downloaded once (16 MB); spoken-digits: "
        "embedded recordings of synthetic voices, no network; auto (default): fsdd, or the "
        "embedded recordings where it is not to be had",
    )
    demo.add_argument(
        "--source",
        metavar="ARCHIVE",
        help="path or URL of a copy of the archive of fsdd; default: the original at GitHub",
    )
    demo.add_argument(
        "--data-home",
        metavar="DIR",
        help="folder to keep fsdd in; default: $SKSCATTER_DATA, or ~/skscatter_data",
    )
    demo.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("skscatter-demo"),
        help="folder to write to; default: %(default)s",
    )
    demo.add_argument(
        "--n-jobs",
        metavar="N",
        type=_n_jobs,
        default=-1,
        help="threads; default: %(default)s, all cores",
    )
    demo.add_argument(
        "--example",
        action="store_true",
        help="no search: the setting of kymatio's spoken digit example, compared with what is "
        "published",
    )
    demo.set_defaults(run=_demo, parser=demo)

    predict = commands.add_parser(
        "predict",
        help="tell which digits are spoken in recordings",
        description="Tell which digits are spoken in recordings: WAV files of any sampling "
        "rate, prepared as the demo prepares its own (cut to the length that the model knows, "
        "8192 samples at 8 kHz for the demo's).",
        epilog="Loading a model runs the code that its file names. Only open models that you "
        "trust.",
    )
    predict.add_argument("model", metavar="MODEL", type=Path, help="a model.joblib of the demo")
    predict.add_argument("recordings", metavar="RECORDING", nargs="+", type=Path, help="a WAV file")
    predict.set_defaults(run=_predict)
    return parser


def _n_jobs(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number == 0:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be a number of threads, or -1 for all cores"
        )
    return number


def _demo(arguments: argparse.Namespace) -> int:
    if arguments.data == "spoken-digits" and arguments.source is not None:
        arguments.parser.error("--source is for fsdd, not for --data spoken-digits")
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    if not os.access(out, os.W_OK):  # before anything is computed in vain
        raise CommandError(f"{out}: no permission to write")

    from skscatter._cache.store import RowStore
    from skscatter._cli.demo import load_digits, run_example, timed

    store = RowStore(out / FEATURES)
    seconds: dict[str, float] = {}
    with timed(seconds, "data"):
        try:
            digits = load_digits(
                arguments.data, source=arguments.source, data_home=arguments.data_home
            )
        except OSError as error:
            raise CommandError(
                f"the Free Spoken Digit Dataset is not to be had ({error}). --source takes the "
                "URL or the path of a copy, --data spoken-digits the embedded recordings."
            ) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
    _say_data(digits)

    if arguments.example:
        _say("\nFitting the published setting")
        result = run_example(digits, n_jobs=arguments.n_jobs, store=store)
        _say_published(result)
    else:
        result = _search(digits, arguments.n_jobs, store)
        _say_candidates(result)
    _say_digits(result)
    _say_features(result)

    with timed(seconds, "files"):
        files = _write_files(out, digits, result)
    seconds = {"data": seconds.pop("data"), **result.seconds, **seconds}
    _say("\nSeconds: " + ", ".join(f"{step} {took:.1f}" for step, took in seconds.items()))
    _say("\nFiles:")
    for path, content in files.items():
        _say(f"  {path}  {content}")
    model, *_, recording = files
    command = shlex.join([*_this_program(), "predict", str(model), str(recording)])
    _say(f"\nTry the model:\n  {command}")
    return 0


def _this_program() -> list[str]:
    """How the user called us, to be called alike: perhaps from an environment not on the path."""
    program = Path(sys.argv[0])
    return [sys.argv[0]] if program.stem == "skscatter" else ["python", "-m", "skscatter"]


def _search(digits: "Digits", n_jobs: int, store: "RowStore") -> "Result":
    from tqdm import tqdm

    from skscatter._cli.demo import N_FOLDS, n_fits, run_search

    _say(f"\nSearch: {n_fits() // N_FOLDS} candidates, {N_FOLDS} folds of the training part")
    # disable=None: only where standard error is a terminal.
    with tqdm(total=n_fits(), desc="Search", unit="fit", leave=False, disable=None) as bar:
        return run_search(digits, n_jobs=n_jobs, on_fit=bar.update, store=store)


def _say_data(digits: "Digits") -> None:
    if digits.why_not_fsdd is not None:
        _complain(
            "skscatter: the Free Spoken Digit Dataset is not to be had, so the embedded digits "
            f"are used ({digits.why_not_fsdd})"
        )
    bunch = digits.bunch
    _say(f"Data: {digits.title}")
    _say(
        f"{bunch.train.sum()} training and {bunch.test.sum()} test recordings of "
        f"{bunch.data.shape[1]} samples at {bunch.sampling_rate} Hz"
    )


def _say_candidates(result: "Result") -> None:
    from skscatter._cli.demo import candidates

    assert result.search is not None
    found = candidates(result.search)
    names = list(found[0].parameters)
    _say_table(
        ["rank", *names, "CV accuracy", "std"],
        [[c.rank, *c.parameters.values(), f"{c.mean:.2%}", f"{c.std:.2%}"] for c in found],
    )
    best = ", ".join(f"{name}={value}" for name, value in found[0].parameters.items())
    _say(f"\nBest: {best}")
    _say(f"Accuracy: {result.train_accuracy:.1%} training, {result.test_accuracy:.1%} test")


def _say_published(result: "Result") -> None:
    from skscatter._cli.demo import EXAMPLE_PUBLISHED

    ours = (result.train_accuracy, result.test_accuracy)
    _say_table(
        ["accuracy", "ours", "published"],
        [
            [part, f"{here:.1%}", f"{there:.1%}"]
            for part, here, there in zip(("training", "test"), ours, EXAMPLE_PUBLISHED, strict=True)
        ],
    )
    _say(
        "\nPublished: kymatio's spoken digit example, on an earlier, smaller release of the Free\n"
        "Spoken Digit Dataset."
    )


def _say_digits(result: "Result") -> None:
    _say_table(
        ["digit", "precision", "recall", "f1", "number"],
        [
            [s.digit, f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}", s.number]
            for s in result.digit_scores
        ],
    )


def _say_features(result: "Result") -> None:
    total = result.n_computed + result.n_found
    if total:
        _say(
            f"\nFeatures: {result.n_computed:,} of {total:,} rows computed, "
            f"the rest found in {FEATURES}"
        )


def _write_files(out: Path, digits: "Digits", result: "Result") -> dict[Path, str]:
    """Write the results; return what is in which file, the model first, a recording last."""
    from skscatter._cli import demo as _demo
    from skscatter._common.files import write_atomically

    files: dict[Path, str] = {}

    def write(name: str, contents: bytes, description: str) -> None:
        write_atomically(out / name, contents)
        files[out / name] = description

    write("model.joblib", _demo.model_bytes(result.model), "the fitted pipeline")
    if result.search is not None:
        contents = _demo.cv_results_bytes(result.search.cv_results_)
        write("cv_results.csv", contents, "all results of the search")
    if (out / FEATURES).exists():
        files[out / FEATURES] = "the features, which later runs need not compute"
    try:
        contents = _demo.confusion_bytes(result, digits.title)
    except ImportError:
        _complain(
            'skscatter: no confusion.png, which needs matplotlib: pip install "skscatter[plot]"'
        )
    else:
        write("confusion.png", contents, "the confusion matrix of the test part")
    write(*_demo.sample_recording(digits), "a recording of the test part")
    return files


def _predict(arguments: argparse.Namespace) -> int:
    import numpy as np

    from skscatter._cli.demo import load_model, read_signal

    try:
        model, sampling_rate = load_model(arguments.model)
    except ValueError as error:
        raise CommandError(str(error)) from error

    paths, signals = [], []
    status = 0
    for path in arguments.recordings:
        try:
            signals.append(
                read_signal(path, n_times=model.n_features_in_, sampling_rate=sampling_rate)
            )
            paths.append(path)
        except (OSError, ValueError, ImportError) as error:
            _complain(f"skscatter: {_reason(error)}")
            status = 1
    if signals:
        rows = []
        probabilities = model.predict_proba(np.stack(signals))
        for path, p in zip(paths, probabilities, strict=True):
            first, second = np.argsort(-p, kind="stable")[:2]
            runner_up = f"{model.classes_[second]} ({p[second]:.3f})"
            rows.append([path, model.classes_[first], f"{p[first]:.3f}", runner_up])
        _say_table(["recording", "digit", "probability", "runner-up"], rows, gap=False)
    return status


def _say_table(header: list[str], rows: list[list[object]], *, gap: bool = True) -> None:
    """Print columns: the first one flush left, the others flush right."""
    cells = [header, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if gap:
        _say()
    for first, *others in cells:
        _say("  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]))


def _say(line: str = "") -> None:
    # Flushed, so that lines come when they are written, into a pipe as well. A file name may
    # hold bytes that are no characters.
    print(line.encode(errors="backslashreplace").decode(), flush=True)


def _complain(line: str) -> None:
    """Print to standard error, in one line whatever the message."""
    line = " ".join(line.encode(errors="backslashreplace").decode().split())
    print(line, file=sys.stderr, flush=True)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Show warnings without the place in the code that they come from."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        _complain(f"skscatter: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
