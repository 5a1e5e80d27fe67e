"""The time of the example in README.md, and of the same search as it was in version 0.1.

The figures in README.md come from::

    python benchmarks/readme.py

The code is taken from README.md and run as it is, in a process and a folder of its own, with the
Free Spoken Digit Dataset at hand. "Before" is the example of version 0.1, with the defaults of its
time, no `memory` and one process. To read the data set from an archive::

    python benchmarks/readme.py --source free-spoken-digit-dataset-1.0.10.zip
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skscatter.datasets import fetch_fsdd

README = Path(__file__).parents[1] / "README.md"
BEFORE = """
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skscatter import LogScattering1D
from skscatter.datasets import fetch_fsdd

digits = fetch_fsdd()
scattering = LogScattering1D(
    n_segments=1, include_order0=False, log_eps=1e-3, backend="numpy"
)
pipe = make_pipeline(scattering, StandardScaler(), LogisticRegression(max_iter=1000))
search = GridSearchCV(pipe, {"logscattering1d__J": [7, 8, 9], "logscattering1d__Q": [4, 8]})
search.fit(digits.data[digits.train], digits.target[digits.train])
print(search.best_params_, search.score(digits.data[digits.test], digits.target[digits.test]))
"""


def example() -> str:
    """Return the code under the heading "Use it" in README.md."""
    text = README.read_text(encoding="utf-8").split("## Use it")[1]
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def run(code: str, data_home: Path) -> tuple[float, float, str]:
    """Run code in a new process and an empty folder.

    Returns
    -------
    seconds, cpu_seconds : float
        Wall-clock time, and processor time of the process and its workers, which tells more on a
        busy machine.
    last_line : str
        Of what it printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "example.py")
        script.write_text(code, encoding="utf-8")
        start, cpu_start = time.perf_counter(), os.times()
        done = subprocess.run(
            [sys.executable, script],
            cwd=folder,
            env={**os.environ, "SKSCATTER_DATA": str(data_home)},
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, cpu = time.perf_counter() - start, os.times()
        cpu_seconds = sum(cpu[2:4]) - sum(cpu_start[2:4])  # of children
        return seconds, cpu_seconds, done.stdout.splitlines()[-1]


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", help="path or URL of a copy of the archive")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only-now", action="store_true", help="leave out the version before")
    arguments = parser.parse_args()
    codes = {"now": example()} | ({} if arguments.only_now else {"before": BEFORE})
    with tempfile.TemporaryDirectory() as folder:
        fetch_fsdd(source=arguments.source, data_home=folder)
        for number in range(arguments.rounds):
            for name, code in codes.items():
                seconds, cpu_seconds, last = run(code, Path(folder))
                print(
                    f"round {number + 1}, {name}: {seconds:.1f} s, processor {cpu_seconds:.1f} s, "
                    f"{last}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
