"""Estimators under load: many threads, processes, interrupts, and long lives."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from cases import noise
from joblib import Parallel, delayed

from skscatter import LogScattering1D
from skscatter._backends.engines import get_engine
from skscatter._execution.threads import claim_cores, count_threads
from skscatter._scattering.layout import lay_out

pytestmark = pytest.mark.reliability("Load")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_many_threads_may_use_one_estimator_at_once(n_jobs):
    X = noise(500, 24)
    signals = {"an array": X, "a list": [x[: 500 - 9 * i] for i, x in enumerate(X)]}
    for given in signals.values():
        model = LogScattering1D(J=5, n_jobs=n_jobs, batch_size=5).fit(given)
        expected = model.transform(given)
        together = threading.Barrier(16)

        def transform(_, model=model, given=given, together=together):
            together.wait()
            return [model.transform(given) for _ in range(4)]

        with ThreadPoolExecutor(16) as pool:
            for results in pool.map(transform, range(16)):
                for features in results:
                    np.testing.assert_array_equal(features, expected)


START = """
import multiprocessing, sys
import numpy as np
from skscatter import LogScattering1D

def transform(model, X, results):
    results.put(model.transform(X))

if __name__ == "__main__":
    X = np.random.default_rng(0).uniform(-1, 1, (64, 500))
    model = LogScattering1D(J=5, n_jobs=2, batch_size=8).fit(X)
    expected = model.transform(X)  # threads and caches exist before the process is forked
    context = multiprocessing.get_context(sys.argv[1])
    results = context.Queue()
    processes = [context.Process(target=transform, args=(model, X, results)) for _ in range(2)]
    for process in processes:
        process.start()
    same = [np.array_equal(results.get(timeout=60), expected) for _ in processes]
    for process in processes:
        process.join(60)
    print(same, [process.exitcode for process in processes])
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_may_be_started_in_every_way(method, tmp_path):
    script = tmp_path / "start.py"
    script.write_text(START, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), method], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "[True, True] [0, 0]\n", done.stderr


@pytest.mark.slow
def test_nested_processes_have_the_cores_once():
    cores = joblib.cpu_count()
    with joblib.parallel_config(backend="loky"):
        asked = Parallel(n_jobs=cores)(delayed(threads_at_work)() for _ in range(cores))
    assert asked == [1] * cores


def test_nested_threads_have_the_cores_once():
    cores = joblib.cpu_count()
    all_of_them = threading.Barrier(cores, timeout=60)
    with joblib.parallel_config(backend="threading"):
        asked = Parallel(n_jobs=cores)(
            delayed(threads_at_work)(all_of_them.wait) for _ in range(cores)
        )
    assert sum(asked) < 2 * cores  # the first has all of them, each other one


@pytest.mark.parametrize(
    ("share", "expected"),
    [("1", 1), ("1,4", 1), (" 1 ", 1), ("0", None), ("", None), ("all", None)],
)
def test_the_share_of_a_process_may_be_written_in_any_way(share, expected, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", share)
    nested = joblib.parallel.ThreadingBackend(nesting_level=1)
    with joblib.parallel_config(nested):
        assert count_threads(-1) == (expected or joblib.cpu_count())


def threads_at_work(work=lambda: None):
    """Number of threads that a transform with n_jobs=-1 has."""
    with claim_cores(count_threads(-1)) as n_threads:
        work()
        return n_threads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_all_cores():
    with claim_cores(joblib.cpu_count()):
        child = os.fork()
        if not child:
            with claim_cores(joblib.cpu_count()) as n_threads:
                os._exit(n_threads)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == joblib.cpu_count()


def test_threads_beyond_the_cores_get_one_each():
    cores = joblib.cpu_count()
    with claim_cores(cores) as first, claim_cores(cores) as second, claim_cores(1) as third:
        assert (first, second, third) == (cores, 1, 1)
    with claim_cores(cores + 1) as again:
        assert again == cores


GROW = """
import resource
import numpy as np
from skscatter import LogScattering1D

rng = np.random.default_rng(0)
array, signals = rng.uniform(-1, 1, (2, 256)), [rng.uniform(-1, 1, n) for n in (200, 256, 300)]
of_array, of_signals = LogScattering1D(n_jobs=2).fit(array), LogScattering1D(J=4).fit(signals)
peaks = []
for i in range(10_000):
    if i % 2:
        of_array.transform(array)
    else:
        of_signals.transform([signals[0], signals[1][: rng.integers(100, 257)]])
    if i in (1_999, 9_999):
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(peaks[1] - peaks[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's unit of ru_maxrss")
def test_memory_does_not_grow_over_ten_thousand_transforms():
    done = subprocess.run(
        [sys.executable, "-c", GROW], capture_output=True, text=True, check=True, timeout=300
    )
    grown = int(done.stdout)
    assert grown < 2048, "KiB between the 2000th and the 10,000th"


def test_engines_that_are_no_longer_used_are_freed():
    X = noise(500, 2)
    LogScattering1D(J=5).fit_transform(X)
    engine = weakref.ref(engine_of(LogScattering1D(J=5).fit(X)))
    for T in range(100, 200):
        engine_of(LogScattering1D(J=5, T=T).fit(X))
    gc.collect()
    assert engine() is None


def engine_of(model):
    settings = model._spec.settings
    return get_engine(settings, lay_out(settings, model.n_times_).grid, "float64")


LONG = """
import signal
import numpy as np
from skscatter import LogScattering1D

X = np.random.default_rng(0).standard_normal((200, 2**13), dtype=np.float32)
model = LogScattering1D(n_jobs={n_jobs}).fit(X)
expected = model.transform(X[:3])
big = np.broadcast_to(X[:1], (200_000, 2**13))
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
print("begun", flush=True)
try:
    model.transform(big)
except KeyboardInterrupt:
    print("interrupted", np.array_equal(model.transform(X[:3]), expected), flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals of POSIX")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_ends_a_long_transform_and_leaves_the_estimator_usable(n_jobs):
    code = LONG.replace("{n_jobs}", str(n_jobs))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "begun\n"
            time.sleep(1.5)  # it would take minutes
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert out == "interrupted True\n", err
