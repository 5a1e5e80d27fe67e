"""The command `demo`: what it prints and which files it writes. `skscatter._cli.demo` computes."""

import argparse
import os
import shlex
import sys
from pathlib import Path

from skscatter._cache.store import RowStore
from skscatter._cli import demo
from skscatter._cli.console import complain, say, say_table
from skscatter._cli.demo import Digits, Result
from skscatter._cli.errors import CommandError, reason
from skscatter._common.files import write_atomically
from skscatter._common.home import expand_path

FEATURES = "features.sqlite"  # the cache of features, in the folder of the results


def run(arguments: argparse.Namespace) -> int:
    """Train, test and save a classifier of spoken digits."""
    if arguments.data == "spoken-digits" and arguments.source is not None:
        arguments.parser.error("--source is for fsdd, not for --data spoken-digits")
    out = _make_folder(arguments.out)
    store = RowStore(out / FEATURES)
    seconds: dict[str, float] = {}
    with demo.timed(seconds, "data"):
        digits = _load_digits(arguments)
    _say_data(digits)

    if arguments.example:
        say("", "Fitting with the published parameters")
        result = demo.run_example(digits, n_jobs=arguments.n_jobs, store=store)
        _say_published(result)
    else:
        result = _search(digits, arguments.n_jobs, store)
    _say_digits(result)
    _say_features(result)

    seconds |= result.seconds
    with demo.timed(seconds, "files"):
        files = _write_files(out, digits, result)
    say("", "Seconds: " + ", ".join(f"{step} {took:.1f}" for step, took in seconds.items()))
    _say_files(files)
    return 0


def _make_folder(name: str) -> Path:
    """Make the folder of the results, before anything is computed for it."""
    try:
        out = expand_path("--out", name, "the path of a folder")
    except ValueError as error:
        raise CommandError(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    if not os.access(out, os.W_OK):
        raise CommandError(f"{out}: no permission to write")
    return out


def _load_digits(arguments: argparse.Namespace) -> Digits:
    try:
        return demo.load_digits(
            arguments.data,
            n_times=demo.EXAMPLE_N_TIMES if arguments.example else None,
            source=arguments.source,
            data_home=arguments.data_home,
        )
    except OSError as error:
        raise CommandError(
            f"the Free Spoken Digit Dataset is not available ({error}). Pass the URL or the path "
            "of a copy with --source, or use the embedded recordings with --data spoken-digits."
        ) from error
    except ValueError as error:
        raise CommandError(str(error)) from error


def _search(digits: Digits, n_jobs: int, store: RowStore) -> Result:
    say(
        "",
        f"Search: {demo.n_candidates()} candidates, {demo.N_FOLDS} folds of the speakers",
        "Accuracy on speakers left out, seconds, parameters:",
    )
    result = demo.run_search(
        digits, n_jobs=n_jobs, store=store, on_candidate=lambda found: say(f"  {found}")
    )
    say("", f"Best: {demo.describe(demo.varied(result.model))}", *_accuracies(result))
    return result


def _accuracies(result: Result) -> list[str]:
    return [
        f"Accuracy: {result.train_accuracy:.1%} training, {result.test_accuracy:.1%} test",
        f"Accuracy on a new speaker: {result.new_speaker_accuracy:.1%} (training part,",
        "each after a fit to the others). Probabilities are calibrated on this.",
    ]


def _say_data(digits: Digits) -> None:
    if digits.why_not_fsdd is not None:
        complain(
            "skscatter: the Free Spoken Digit Dataset is not available, so the embedded digits "
            f"are used ({digits.why_not_fsdd})"
        )
    bunch = digits.bunch
    shortest, longest = (pick(map(len, bunch.data)) for pick in (min, max))
    n_times = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    say(
        f"Data: {digits.title}",
        f"{bunch.train.sum()} training and {bunch.test.sum()} test recordings of {n_times} "
        f"samples at {bunch.sampling_rate} Hz",
    )


def _say_published(result: Result) -> None:
    ours = (result.train_accuracy, result.test_accuracy)
    say()
    say_table(
        ["accuracy", "ours", "published"],
        [
            [part, f"{here:.1%}", f"{there:.1%}"]
            for part, here, there in zip(
                ("training", "test"), ours, demo.EXAMPLE_PUBLISHED, strict=True
            )
        ],
    )
    say(
        "",
        "Published: kymatio's spoken digit example, on an earlier, smaller release of the Free",
        "Spoken Digit Dataset.",
    )


def _say_digits(result: Result) -> None:
    say()
    say_table(
        ["digit", "precision", "recall", "f1", "recordings"],
        [
            [s.digit, f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}", s.n_recordings]
            for s in result.digit_scores
        ],
    )


def _say_features(result: Result) -> None:
    total = result.n_computed + result.n_found
    if total:
        say(
            "",
            f"Features: {result.n_computed:,} of {total:,} computed, the others read "
            f"from {FEATURES}",
        )


def _say_files(files: dict[Path, str]) -> None:
    say("", "Files:", *(f"  {path}  {content}" for path, content in files.items()))
    model, *_, recording = files
    command = shlex.join([*_this_program(), "predict", str(model), str(recording)])
    say("", "Try the model:", f"  {command}")


def _this_program() -> list[str]:
    """The command that the user called this program by, which may not be on the path."""
    program = Path(sys.argv[0])
    return [sys.argv[0]] if program.stem == "skscatter" else ["python", "-m", "skscatter"]


def _write_files(out: Path, digits: Digits, result: Result) -> dict[Path, str]:
    """Write the results. Return what each file holds; the first is the model, the last a recording.

    Raises
    ------
    CommandError
        If a file cannot be written.
    """
    files: dict[Path, str] = {}

    def write(name: str, contents: bytes, description: str) -> None:
        try:
            write_atomically(out / name, contents)
        except OSError as error:  # a full disk does not say which file
            raise CommandError(f"{out / name}: {error.strerror or reason(error)}") from error
        files[out / name] = description

    write("model.joblib", demo.model_bytes(result.model), "the fitted pipeline")
    if result.search is not None:
        contents = demo.cv_results_bytes(result.search.cv_results_)
        write("cv_results.csv", contents, "all results of the search")
    if result.n_computed + result.n_found:
        files[out / FEATURES] = "the coefficients, which later runs read"
    try:
        contents = demo.confusion_bytes(result, digits.title)
    except ImportError as error:
        complain(f"skscatter: no confusion.png: {error}")
    else:
        write("confusion.png", contents, "the confusion matrix of the test part")
    write(*demo.sample_recording(digits), "a recording of the test part")
    return files
