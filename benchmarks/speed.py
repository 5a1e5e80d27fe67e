"""Speed and peak memory of skscatter and kymatio, compared with a lower bound.

The figures in docs/performance.md come from these commands. README.md quotes the first::

    pip install "skscatter[fast,torch]"
    python benchmarks/speed.py --part fsdd --rounds 10
    python benchmarks/speed.py --part fsdd --most-signals 1 --rounds 10
    python benchmarks/speed.py --part lengths --rounds 3
    python benchmarks/speed.py --part numbers --rounds 2
    python benchmarks/speed.py --part first --rounds 5
    python benchmarks/speed.py --json speed.json

Use an otherwise idle machine. The parts are: signals of the shape of the Free Spoken Digit Dataset,
signals of 256 to 4 million samples, 1 to 100,000 signals, and the first call in a new process. They
are float32 noise, because the time does not depend on the values.

Each contender has a process of its own. All of them run in turn, in rounds, so that other work on
the machine disturbs them equally. A row gives the best round, which was disturbed least. ``speed``
is relative to the fastest CPU backend of kymatio in the same run. Peak memory is the growth of the
process from before the filters are built. It includes compilation.

On a CPU, the floor is the time of the Fourier transforms of the cascade alone, by the same library
on the same threads. On a GPU, it is the time to copy as many bytes as the cascade has to read and
write.

kymatio is omitted for long signals. Its filters are as long as the padded signal, and would take
tens of gigabytes.
"""

import argparse
import json
import math
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

Run = Callable[[], object]

LONGEST_FOR_KYMATIO = 2**17
LONGEST_COMPILED = 2**17  # NumPy computes longer ones


@dataclass(frozen=True)
class Case:
    """Signals to transform."""

    n_times: int
    J: int
    Q: int
    n_signals: int


FSDD = Case(8192, 8, 12, 192)
LENGTHS = [Case(256, 4, 8, 4096), FSDD, Case(2**17, 12, 8, 8), Case(2**22, 17, 8, 1)]
NUMBERS = [Case(256, 4, 8, n) for n in (1, 10, 100, 1000, 10_000, 100_000)]
PARTS = {"fsdd": [FSDD], "lengths": LENGTHS, "numbers": NUMBERS}


@dataclass(frozen=True)
class Contender:
    """Something to time.

    Attributes
    ----------
    name : str
    make : callable
        Takes a case, its signals and a number of threads. Returns the function to time, and the
        number of signals that it computes.
    n_threads : int
    longest : int
        Signals that are longer are omitted.
    floor : str or None
        Name of the contender that is a lower bound for this one.
    """

    name: str
    make: Callable[[Case, np.ndarray, int], tuple[Run, int]]
    n_threads: int
    longest: int = sys.maxsize
    floor: str | None = None


def kymatio_numpy(case: Case, X: np.ndarray, n_threads: int) -> tuple[Run, int]:
    """Kymatio's NumPy front end, in small batches (larger ones are slower)."""
    from kymatio.scattering1d.frontend.numpy_frontend import ScatteringNumPy1D

    scattering = ScatteringNumPy1D(case.J, case.n_times, Q=case.Q)
    step = max(1, 2**15 // case.n_times)

    def run() -> None:
        for i in range(0, len(X), step):
            scattering(X[i : i + step])

    return run, len(X)


def kymatio_torch(device: str) -> Callable[[Case, np.ndarray, int], tuple[Run, int]]:
    """Kymatio's torch front end, in batches of 64 signals of 8192 samples or the same size."""

    def make(case: Case, X: np.ndarray, n_threads: int) -> tuple[Run, int]:
        import torch
        from kymatio.scattering1d.frontend.torch_frontend import ScatteringTorch1D

        torch.set_num_threads(n_threads)
        scattering = ScatteringTorch1D(case.J, case.n_times, Q=case.Q).to(device)
        step = max(1, 2**19 // case.n_times)

        def run() -> None:
            with torch.inference_mode():
                for i in range(0, len(X), step):
                    scattering(torch.from_numpy(X[i : i + step]).to(device)).cpu()

        return run, len(X)

    return make


def skscatter(**parameters: Any) -> Callable[[Case, np.ndarray, int], tuple[Run, int]]:
    """The estimator, from signals to pooled features."""

    def make(case: Case, X: np.ndarray, n_threads: int) -> tuple[Run, int]:
        from skscatter import Scattering1D

        if parameters.get("backend") == "torch":
            import torch

            torch.set_num_threads(n_threads)
        given = {"backend": "numpy", **parameters}
        transformer = Scattering1D(J=case.J, Q=case.Q, n_jobs=n_threads, **given).fit(X[:1])
        return lambda: transformer.transform(X), len(X)

    return make


def log_skscatter(case: Case, X: np.ndarray, n_threads: int) -> tuple[Run, int]:
    """Features for a classifier, with only J, Q and the threads set."""
    from skscatter import LogScattering1D

    transformer = LogScattering1D(J=case.J, Q=case.Q, n_jobs=n_threads).fit(X[:1])
    return lambda: transformer.transform(X), len(X)


def fourier_transforms(case: Case, X: np.ndarray, n_threads: int) -> tuple[Run, int]:
    """Only the Fourier transforms of the NumPy cascade, in the same shapes and workspaces."""
    from skscatter._backends.numpy_arrays import NumpyNamespace
    from skscatter._scattering.cascade import Cascade
    from skscatter._scattering.layout import lay_out
    from skscatter._scattering.plan import make_plan
    from skscatter._scattering.settings import resolve

    xp = NumpyNamespace(X.dtype)
    settings = resolve(case.n_times, J=case.J, Q=case.Q)
    plan = make_plan(settings, lay_out(settings, case.n_times).grid, xp)
    cascade = Cascade(plan, xp)
    n_padded = plan.grid.n_padded
    batches = [batch for stage in plan.stages for batch in stage.batches]
    chunk = min(plan.chunk, -(-len(X) // n_threads))
    workspaces = [
        (
            np.zeros(chunk * cascade.reals_per_signal, X.dtype),
            np.zeros(chunk * cascade.complex_per_signal, xp.complex_dtype),
        )
        for _ in range(n_threads)
    ]
    n_chunks = -(-len(X) // (chunk * n_threads))

    def transforms(samples: np.ndarray, bands: np.ndarray) -> None:
        for _ in range(n_chunks):
            xp.rfft(samples[: chunk * n_padded].reshape(chunk, n_padded))
            for batch in batches:
                shape = (chunk, batch.n_bands, batch.n)
                size = math.prod(shape)
                if batch.n_bins and xp.is_long(batch.n):  # includes the modulus
                    xp.envelope_spectra(bands[:size].reshape(shape), batch.n_bins, samples)
                    continue
                xp.ifft(bands[:size].reshape(shape))
                if batch.n_bins:
                    xp.rfft(samples[:size].reshape(shape))

    pool = ThreadPoolExecutor(n_threads)

    def run() -> None:
        for future in [pool.submit(transforms, *arrays) for arrays in workspaces]:
            future.result()

    return run, n_chunks * chunk * n_threads


def compiled_fourier_transforms(case: Case, X: np.ndarray, n_threads: int) -> tuple[Run, int]:
    """Only the Fourier transforms of the compiled cascade."""
    from numba import njit

    from skscatter._backends.choice import NUMBA
    from skscatter._backends.compiled.cascade import copies_in_lanes
    from skscatter._backends.compiled.fourier import forward, inverse
    from skscatter._backends.compiled.vectors import LANES
    from skscatter._backends.engines import get_engine
    from skscatter._scattering.layout import lay_out
    from skscatter._scattering.settings import resolve

    settings = resolve(case.n_times, J=case.J, Q=case.Q)
    engine = get_engine(settings, lay_out(settings, case.n_times).grid, X.dtype.name, NUMBA)
    cascade = engine.cascade
    n_signals = -(-len(X) // n_threads)
    n_groups = -(-n_signals // LANES)
    paths, _ = cascade.paths[copies_in_lanes(min(n_signals, LANES))]

    @njit(nogil=True)
    def transforms(paths: np.ndarray, table: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
        forward(z, len(z) // (2 * LANES), table)
        for i in range(len(paths)):
            half = paths[i].n // 2
            if paths[i].order:
                for slot in range(2):
                    inverse(y, half, table, z, slot)
                if paths[i].n_bins:
                    forward(z, half, table)

    def work(y: np.ndarray, z: np.ndarray) -> None:
        for _ in range(n_groups):
            y[:] = z[:] = 1e-6  # otherwise values grow from transform to transform
            transforms(paths, cascade.twiddles, y, z)

    sizes = cascade.sizes["y"], cascade.sizes["z"]
    workspaces = [[cascade.xp.empty((size,)) for size in sizes] for _ in range(n_threads)]
    pool = ThreadPoolExecutor(n_threads)

    def run() -> None:
        for future in [pool.submit(work, *arrays) for arrays in workspaces]:
            future.result()

    # Unused lanes of the last group are not counted, as in the cascade.
    return run, min(len(X), n_groups * LANES * n_threads)


def memory_traffic(case: Case, X: np.ndarray, n_threads: int) -> tuple[Run, int]:
    """Copy as many bytes on the GPU as the cascade has to read and write.

    For each sample of a band, it writes the spectrum, reads it and writes the band, reads the band
    and writes the modulus, which has half the size. The low-pass or the Fourier transform for the
    second order reads the modulus. That transform writes half of a spectrum.
    """
    import torch

    from skscatter._backends.torch_arrays import TorchNamespace
    from skscatter._scattering.layout import lay_out
    from skscatter._scattering.plan import make_plan
    from skscatter._scattering.settings import resolve

    xp = TorchNamespace(X.dtype, "cuda")
    settings = resolve(case.n_times, J=case.J, Q=case.Q)
    plan = make_plan(settings, lay_out(settings, case.n_times).grid, xp)
    batches = [batch for stage in plan.stages for batch in stage.batches]
    reals = sum(batch.n_bands * batch.n * (10 if batch.destination else 9) for batch in batches)
    n_bytes = len(X) * reals * X.itemsize
    target, source = torch.empty(2, 2**28, dtype=torch.uint8, device="cuda")
    n_copies = max(1, round(n_bytes / (2 * len(source))))

    def run() -> None:
        for _ in range(n_copies):
            target.copy_(source)
        torch.cuda.synchronize()

    return run, len(X)


def contenders(n_threads: int) -> Iterator[Contender]:
    """List the contenders that this machine can run."""
    threads = {n: f"{n} thread{'s' * (n > 1)}" for n in (1, n_threads)}
    yield Contender("kymatio, NumPy", kymatio_numpy, n_threads, LONGEST_FOR_KYMATIO)
    has_torch = find_spec("torch") is not None
    if has_torch:
        name = f"kymatio, torch CPU, {threads[n_threads]}"
        yield Contender(name, kymatio_torch("cpu"), n_threads, LONGEST_FOR_KYMATIO)
    name = f"skscatter, LogScattering1D as it is, {threads[n_threads]}"
    yield Contender(name, log_skscatter, n_threads)
    floors = {"numpy": ("FFTs alone, SciPy", fourier_transforms, sys.maxsize)}
    if find_spec("numba") is not None:
        floors["numba"] = ("FFTs alone, compiled", compiled_fourier_transforms, LONGEST_COMPILED)
    for backend, (floor, make_floor, longest) in floors.items():
        name = {"numpy": "NumPy", "numba": "numba"}[backend]
        for n in threads:
            own, bound = f"skscatter, {name}, {threads[n]}", f"{floor}, {threads[n]}"
            yield Contender(own, skscatter(backend=backend), n, longest, bound)
            yield Contender(bound, make_floor, n, longest)
        fast = skscatter(backend=backend, subsampling="critical")
        yield Contender(f'{own}, subsampling="critical"', fast, n_threads, longest)
    if has_torch:
        torch_cpu = skscatter(backend="torch", device="cpu")
        yield Contender(f"skscatter, torch CPU, {threads[n_threads]}", torch_cpu, n_threads)
    if has_torch and _has_cuda():
        cuda = skscatter(backend="torch", device="cuda")
        traffic = "memory traffic alone, CUDA"
        yield Contender(
            "kymatio, torch CUDA", kymatio_torch("cuda"), n_threads, LONGEST_FOR_KYMATIO
        )
        yield Contender("skscatter, torch CUDA", cuda, n_threads, floor=traffic)
        yield Contender(traffic, memory_traffic, n_threads)


def _has_cuda() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def resident() -> float:
    """Peak memory of this process in MB, on Linux since `forget_peak`."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def forget_peak() -> None:
    """Reset the peak memory to the present memory, on Linux."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5", encoding="ascii")


def time_contender(pipe: Any, index: int, case: Case, n_threads: int) -> None:
    """Send the peak memory of a first run, then milliseconds per signal for each message."""
    from threadpoolctl import threadpool_limits

    from skscatter import Scattering1D  # so that the import does not count

    assert Scattering1D
    contender = list(contenders(n_threads))[index]
    if "torch" in contender.name:
        import torch
    X = np.random.default_rng(0).standard_normal((case.n_signals, case.n_times), np.float32)
    with threadpool_limits(contender.n_threads):
        forget_peak()
        before = resident()
        run, n_signals = contender.make(case, X, contender.n_threads)
        run()
        peak = resident() - before
        if "CUDA" in contender.name:
            peak = torch.cuda.max_memory_allocated() / 2**20
        pipe.send(peak)
        while True:
            try:
                pipe.recv()
            except EOFError:
                return
            start = time.perf_counter()
            run()
            pipe.send((time.perf_counter() - start) / n_signals * 1e3)


@contextmanager
def process_of(index: int, case: Case, n_threads: int) -> Iterator[Any]:
    """Run a process for a contender, and return the pipe to it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=time_contender, args=(theirs, index, case, n_threads))
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def measure(case: Case, n_threads: int, n_rounds: int) -> list[dict[str, Any]]:
    """Time all contenders on a case, and print a table."""
    from contextlib import ExitStack

    print(
        f"\n{case.n_signals} signals of {case.n_times} samples, float32, J={case.J}, Q={case.Q}; "
        f"best of {n_rounds} rounds\n\n{'':52}{'ms/signal':>12}"
        f"{'speed':>8}{'of floor':>10}{'peak MB':>9}"
    )
    running, peaks, times = {}, {}, {}
    with ExitStack() as stack:
        for index, contender in enumerate(contenders(n_threads)):
            idle = contender.n_threads > case.n_signals  # some threads have no signal
            if case.n_times <= contender.longest and not (idle and "FFTs" in contender.name):
                pipe = stack.enter_context(process_of(index, case, n_threads))
                peaks[contender] = pipe.recv()
                running[contender], times[contender] = pipe, []
        for _ in range(n_rounds):
            for contender, pipe in running.items():
                pipe.send(None)
                times[contender].append(pipe.recv())
    best = {contender.name: min(values) for contender, values in times.items()}
    kymatio = [ms for name, ms in best.items() if name.startswith("kymatio") and "CUDA" not in name]
    records = []
    for contender in times:
        ms = best[contender.name]
        floor = best.get(contender.floor or "")
        record = {
            **asdict(case),
            "contender": contender.name,
            "ms": ms,
            "speed": min(kymatio) / ms if kymatio else None,
            "of_floor": ms / floor if floor else None,
            "peak_MB": peaks[contender],
        }
        records.append(record)
        speed, of_floor = (
            f"{record[key]:.2f}x" if record[key] else "" for key in ("speed", "of_floor")
        )
        print(
            f"{contender.name:52}{ms:12.4g}{speed:>8}{of_floor:>10}{peaks[contender]:9.0f}",
            flush=True,
        )
    return records


FIRST = """
import sys, time
start = time.perf_counter(), time.process_time()
import numpy as np
from skscatter import LogScattering1D
X = np.random.default_rng(0).standard_normal((8, 8192)).astype(sys.argv[1])
LogScattering1D(J=8, Q=12, backend=sys.argv[2]).fit_transform(X)
print(time.perf_counter() - start[0], time.process_time() - start[1])
"""


def measure_first(n_rounds: int) -> list[dict[str, Any]]:
    """Time a new process to the first features, imports included, and print a table."""
    print(
        f"\nThe first features of 8 signals of 8192 samples, J=8, Q=12; best of {n_rounds} rounds\n"
        f"\n{'':52}{'s':>9}{'s of processor':>17}"
    )
    starts = [("numpy", False), ("numba", False), ("numba", True)]
    records = []
    for dtype in "float32", "float64":
        for backend, is_new in starts if find_spec("numba") is not None else starts[:1]:
            times = []
            for _ in range(n_rounds + 1):  # the first fills the caches of the disk and of numba
                with TemporaryDirectory() as empty:
                    cache = {"NUMBA_CACHE_DIR": empty} if is_new else {}
                    command = [sys.executable, "-c", FIRST, dtype, backend]
                    output = subprocess.check_output(
                        command, text=True, env={**os.environ, **cache}
                    )
                    times.append(tuple(map(float, output.split())))
            wall, processor = (min(values) for values in zip(*times[1:], strict=True))
            name = f"{backend}, {dtype}{', without kept code' if is_new else ''}"
            records.append({"contender": name, "s": wall, "processor_s": processor})
            print(f"{name:52}{wall:9.2f}{processor:17.2f}", flush=True)
    return records


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=[*PARTS, "first", "all"], default="all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--most-signals", type=int, default=sys.maxsize, help="limit their number")
    parser.add_argument("--shortest", type=int, default=0, help="omit shorter signals")
    parser.add_argument("--longest", type=int, default=sys.maxsize, help="omit longer signals")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    arguments = parser.parse_args()

    results = {}
    for part in [*PARTS, "first"] if arguments.part == "all" else [arguments.part]:
        if part == "first":
            results[part] = measure_first(arguments.rounds)
            continue
        cases = [
            Case(case.n_times, case.J, case.Q, min(case.n_signals, arguments.most_signals))
            for case in PARTS[part]
            if arguments.shortest <= case.n_times <= arguments.longest
        ]
        results[part] = [
            record
            for case in dict.fromkeys(cases)
            for record in measure(case, arguments.threads, arguments.rounds)
        ]
    if arguments.json:
        packages = ["numpy", "scipy", "scikit-learn", "kymatio", "skscatter"]
        packages += [package for package in ("numba", "torch") if find_spec(package)]
        about = {
            "python": platform.python_version(),
            **{package: version(package) for package in packages},
        }
        text = json.dumps({"threads": arguments.threads, "versions": about, **results}, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
