"""The command line: arguments and exit status."""

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from skscatter import __version__
from skscatter._cli import console
from skscatter._cli.errors import CommandError, reason

INTERRUPTED = 130  # 128 + SIGINT, as in shells


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments. None takes those of the process.

    Returns
    -------
    status : int
        0 if all went well, 1 if something could not be done, 130 if interrupted. Wrong
        arguments raise SystemExit with 2.
    """
    try:
        console.open_closed_streams()
        try:
            arguments = _parser().parse_args(argv)
        finally:
            console.flush()
        with console.warnings_in_one_line():
            # Importing a command takes a second or two. --help does not wait for it.
            status: int = import_module(f"skscatter._cli.{arguments.module}").run(arguments)
            return status
    except KeyboardInterrupt:
        console.complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # a reader such as `head` has seen enough
        return 1
    except (CommandError, OSError, MemoryError) as error:
        console.complain(f"skscatter: {reason(error)}")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skscatter", description="Wavelet scattering for scikit-learn."
    )
    parser.add_argument("--version", action="version", version=f"skscatter {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_demo(commands)
    _add_predict(commands)
    return parser


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser(
        "demo",
        help="train, test and save a classifier of spoken digits",
        description="Choose a classifier of spoken digits by grid search on the training part of a "
        "data set, with speakers left out, and score it on the test part. The model, the results "
        "of the search, the confusion matrix and the features are written to a folder. A second "
        "run reads the features from there.",
    )
    demo.add_argument(
        "--data",
        choices=("auto", "fsdd", "spoken-digits"),
        default="auto",
        help="fsdd: the Free Spoken Digit Dataset, downloaded once (16 MB); spoken-digits: "
        "embedded recordings of synthetic voices, no network; auto (default): fsdd, or the "
        "embedded recordings if fsdd is not available",
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
        default="skscatter-demo",
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
        help="no search: the parameters of kymatio's spoken digit example, compared with the "
        "published accuracies",
    )
    demo.set_defaults(module="report", parser=demo)


def _add_predict(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    predict = commands.add_parser(
        "predict",
        help="classify recordings of spoken digits",
        description="Classify recordings of spoken digits: WAV files of any sampling rate. They "
        "are resampled, and brought to the level of the recordings of the demo. Silence or faint "
        "noise around the digit does no harm. The probability says how often the model is right "
        "about speakers it has not heard. Any sound is taken for a digit, also one that is none.",
        epilog="Loading a model runs the code that its file names. Only load models that you "
        "trust.",
    )
    predict.add_argument("model", metavar="MODEL", type=Path, help="a model.joblib of the demo")
    predict.add_argument("recordings", metavar="RECORDING", nargs="+", type=Path, help="a WAV file")
    predict.set_defaults(module="predict")


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
