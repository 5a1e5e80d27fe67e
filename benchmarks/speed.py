"""Time skscatter beside kymatio on the shape of the Free Spoken Digit Dataset.

Everything runs in turn, in rounds, in one process, so that whatever else the machine does meets
all alike; a row gives the best round, the one that was disturbed least. Signals are noise: the
time does not depend on what is in them. Run it on an otherwise idle machine::

    pip install torch  # for the rows that use it
    python benchmarks/speed.py
    python benchmarks/speed.py --json speed.json

The floor is the FFTs of the fused engine alone, on the same threads: what the algorithm could
take if all else were free.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import scipy.fft
from kymatio.scattering1d.frontend.numpy_frontend import ScatteringNumPy1D

from skscatter import Scattering1D
from skscatter._namespaces import NumpyNamespace
from skscatter._plan import make_plan
from skscatter._settings import resolve


def kymatio_numpy(X: np.ndarray, J: int, Q: int) -> Callable[[], object]:
    """Kymatio's NumPy front end, a few signals at a time (more take longer each)."""
    scattering = ScatteringNumPy1D(J, X.shape[1], Q=Q)
    return lambda: [scattering(X[i : i + 4]) for i in range(0, len(X), 4)]


def kymatio_torch(X: np.ndarray, J: int, Q: int, n_threads: int) -> Callable[[], object]:
    """Kymatio's torch front end on CPU, in batches of 64."""
    import torch
    from kymatio.scattering1d.frontend.torch_frontend import ScatteringTorch1D

    torch.set_num_threads(n_threads)
    scattering = ScatteringTorch1D(J, X.shape[1], Q=Q)

    def run() -> None:
        with torch.inference_mode():
            for i in range(0, len(X), 64):
                scattering(torch.from_numpy(X[i : i + 64]))

    return run


def skscatter(
    X: np.ndarray, J: int, Q: int, n_jobs: int, precision: str = "reference"
) -> Callable[[], object]:
    """The fused engine, through the estimator."""
    transformer = Scattering1D(J=J, Q=Q, precision=precision, backend="numpy", n_jobs=n_jobs)
    transformer.fit(X[:1])
    return lambda: transformer.scatter(X)


def floor(X: np.ndarray, J: int, Q: int, n_threads: int) -> Callable[[], object]:
    """Only the FFTs of the fused engine, in its shapes, in place where it works in place."""
    xp = NumpyNamespace(X.dtype)
    plan = make_plan(resolve(X.shape[1], J=J, Q=Q), xp)

    def buffers() -> tuple[list[np.ndarray], list[np.ndarray]]:
        shapes = [(plan.chunk, len(batch.paths), batch.n) for batch in plan.batches]
        onward = [shape for shape, batch in zip(shapes, plan.batches, strict=True) if batch.onward]
        return (
            [np.zeros(shape, X.dtype) for shape in [(plan.chunk, plan.layout.n_padded), *onward]],
            [np.zeros(shape, xp.complex_dtype) for shape in shapes],
        )

    work = [buffers() for _ in range(n_threads)]
    n_chunks = -(-len(X) // (plan.chunk * n_threads))

    def transforms(real: list[np.ndarray], spectra: list[np.ndarray]) -> None:
        for _ in range(n_chunks):
            for a in real:
                scipy.fft.rfft(a, norm="forward")
            for a in spectra:
                scipy.fft.ifft(a, norm="forward", overwrite_x=True)

    pool = ThreadPoolExecutor(n_threads)

    def run() -> None:
        for future in [pool.submit(transforms, *buffer) for buffer in work]:
            future.result()

    run.n_signals = n_chunks * plan.chunk * n_threads  # type: ignore[attr-defined]
    return run


def measure(
    contenders: dict[str, Callable[[], object]], n_signals: int, n_rounds: int
) -> dict[str, float]:
    """Least milliseconds a signal of each contender, after a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for i in range(n_rounds + 1):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            elapsed = time.perf_counter() - start
            if i:
                times[name].append(elapsed / getattr(run, "n_signals", n_signals) * 1e3)
    return {name: min(values) for name, values in times.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-times", type=int, default=8192)
    parser.add_argument("-J", type=int, default=8)
    parser.add_argument("-Q", type=int, default=12)
    parser.add_argument("--n-signals", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()

    J, Q, n = arguments.J, arguments.Q, arguments.threads
    X = np.random.default_rng(0).standard_normal((arguments.n_signals, arguments.n_times))
    X = X.astype(np.float32)
    contenders = {"kymatio, NumPy": kymatio_numpy(X, J, Q)}
    if find_spec("torch"):
        contenders[f"kymatio, torch CPU, {n} threads"] = kymatio_torch(X, J, Q, n)
    contenders["skscatter, 1 thread"] = skscatter(X, J, Q, 1)
    contenders[f"skscatter, {n} threads"] = skscatter(X, J, Q, n)
    contenders[f'skscatter, {n} threads, precision="fast"'] = skscatter(X, J, Q, n, "fast")
    contenders["FFTs alone, 1 thread"] = floor(X, J, Q, 1)
    contenders[f"FFTs alone, {n} threads"] = floor(X, J, Q, n)

    times = measure(contenders, len(X), arguments.rounds)
    ours = times[f"skscatter, {n} threads"]
    print(
        f"{len(X)} signals of {arguments.n_times} samples, float32, J={J}, Q={Q}; "
        f"best of {arguments.rounds} rounds\n"
    )
    print(f"{'':42}{'ms a signal':>12}{'of skscatter, ' + str(n) + ' threads':>28}")
    for name, milliseconds in times.items():
        print(f"{name:42}{milliseconds:12.2f}{milliseconds / ours:27.2f}x")
    if arguments.json:
        versions = {"python": platform.python_version(), "numpy": np.__version__}
        result = {"settings": vars(arguments) | {"json": None}, "ms": times, "versions": versions}
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
