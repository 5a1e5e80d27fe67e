"""Peak memory of transforming signals in a memory-mapped file.

The table of docs/guide/computing.md comes from::

    python benchmarks/memory.py

This takes minutes, and disk space for the file. A smaller run::

    python benchmarks/memory.py --n-signals 4000 --json memory.json

The signals are noise, by default 200,000 signals of 2048 samples in float32 (1.6 GB). The long
signal is the first 2**24 samples of the file. Each case runs in a process of its own. A row gives
the peak resident memory of this process: Python, all libraries, the resident part of the mapped
file, workspaces and features.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from skscatter import LogScattering1D, LogTimeFrequencyScattering, frame_signal

BATCH = 4096
OCTAVES = 5  # from the scale to the length of a signal
SETTINGS = {"Q": 8, "n_segments": 1, "include_order0": False, "log_eps": 1e-3}


def scale(n_times: int) -> int:
    """Return the J for signals of some length."""
    return n_times.bit_length() - 1 - OCTAVES


def whole_map(transformer: LogScattering1D, X: np.ndarray) -> int:
    """Compute all features at once, and return their bytes."""
    return transformer.fit(X).transform(X).nbytes


def batches(transformer: LogScattering1D, X: np.ndarray) -> int:
    """Compute features batch by batch without keeping them, and return the bytes of a batch."""
    transformer.fit(X[:1])
    slices = (X[i : i + BATCH] for i in range(0, len(X), BATCH))
    return max(features.nbytes for features in transformer.transform_batches(slices))


def frames(transformer: LogScattering1D, X: np.ndarray) -> int:
    """Compute features of as many frames of the same length, which overlap by half."""
    n_signals, n_times = X.shape
    record = X.reshape(-1)[: (n_signals + 1) * n_times // 2]
    view = frame_signal(record, n_times, n_times // 2).frames
    return transformer.fit(view).transform(view).nbytes


def record(dtype: str, *, joint: bool = False) -> Callable[[LogScattering1D, np.ndarray], int]:
    """Make a case of one signal: as long as the file allows, up to 2**24 samples."""

    def case(transformer: LogScattering1D, X: np.ndarray) -> int:
        n_times = min(2**24, 2 ** (X.size.bit_length() - 1))
        signal = X.reshape(1, -1)[:, :n_times].astype(dtype)
        if joint:
            work = {"n_jobs": transformer.n_jobs, "backend": transformer.backend}
            transformer = LogTimeFrequencyScattering(**SETTINGS, **work)
        transformer.set_params(J=scale(n_times))
        return transformer.fit(signal).transform(signal).nbytes

    return case


CASES: dict[str, tuple[str, Callable[[LogScattering1D, np.ndarray], int]]] = {
    "map": ("transform(X) of the map", whole_map),
    "batches": (f"transform_batches, {BATCH} signals each", batches),
    "frames": ("transform of frames, half overlapping", frames),
    "record": ("transform of one long signal, float32", record("float32")),
    "record64": ("transform of one long signal, float64", record("float64")),
    "joint": ("joint scattering of one, float32", record("float32", joint=True)),
}


def run_case(name: str, path: str, shape: tuple[int, int], n_jobs: int) -> dict[str, float]:
    """Run a case in this process, and measure it."""
    X = np.memmap(path, np.float32, "r", shape=shape)
    transformer = LogScattering1D(J=scale(shape[1]), **SETTINGS, n_jobs=n_jobs, backend="numpy")
    start = time.perf_counter()
    output = CASES[name][1](transformer, X)
    seconds = time.perf_counter() - start
    # ru_maxrss is in KiB, on macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"peak": peak, "output": output, "seconds": seconds}


def write_noise(path: Path, n_signals: int, n_times: int) -> None:
    """Write signals block by block, so that this process needs little memory."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for i in range(0, n_signals, BATCH):
            n = min(BATCH, n_signals - i)
            rng.standard_normal((n, n_times), dtype=np.float32).tofile(file)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n-signals", type=int, default=200_000)
    parser.add_argument("--n-times", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--folder", help="folder for the file (default: that of temporary files)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--in-process", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    shape = arguments.n_signals, arguments.n_times

    if arguments.in_process:
        (case,) = arguments.cases
        print(json.dumps(run_case(case, arguments.in_process, shape, arguments.threads)))
        return

    results = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder, "signals.dat")
        write_noise(path, *shape)
        size = path.stat().st_size
        print(
            f"{shape[0]} signals of {shape[1]} samples, float32, {size / 1e6:.0f} MB on disk; "
            f"J of length/{2**OCTAVES}, {SETTINGS}, {arguments.threads} threads; "
            "MB of 10**6 bytes\n"
        )
        print(f"{'':42}{'peak':>8}{'features':>10}{'beyond them':>13}{'s':>7}")
        for case in arguments.cases:
            command = [sys.executable, __file__, "--in-process", str(path), "--cases", case]
            command += ["--n-signals", str(shape[0]), "--n-times", str(shape[1])]
            command += ["--threads", str(arguments.threads)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            results[case] = result = json.loads(done.stdout)
            peak, output = result["peak"] / 1e6, result["output"] / 1e6
            print(
                f"{CASES[case][0]:42}{peak:8.0f}{output:10.0f}{peak - output:13.0f}"
                f"{result['seconds']:7.0f}"
            )
    if arguments.json:
        versions = {"python": platform.python_version(), "numpy": np.__version__}
        settings = vars(arguments) | {"json": None}
        text = json.dumps({"settings": settings, "cases": results, "versions": versions}, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
