import signal
import subprocess
import sys
import threading
from concurrent.futures import CancelledError

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from skscatter import LogScattering1D
from skscatter._execution import background
from skscatter._execution import threads as threads_module
from skscatter._execution.blocks import BlockSize, InSmallerBlocks, divide
from skscatter._execution.threads import (
    check_n_jobs,
    claim_cores,
    count_threads,
    one_blas_thread,
    run_tasks,
)
from skscatter._scattering.workspace import Workspaces


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


# ---------------------------------------------------------------- tasks


@pytest.mark.parametrize("n_tasks", [0, 1, 2, 7, 100])
@pytest.mark.parametrize("n_threads", [0, 1, 2, 8])
def test_every_task_is_done_once(n_tasks, n_threads):
    tasks = [lambda workspaces, i=i: i for i in range(n_tasks)]
    assert sorted(run_tasks(tasks, n_threads)) == list(range(n_tasks))


def test_tasks_run_in_the_calling_thread_or_in_others_that_have_workspaces_of_their_own():
    def task(workspaces):
        return threading.get_ident(), workspaces

    here = list(run_tasks([task] * 5, 0))
    assert {ident for ident, _ in here} == {threading.get_ident()}
    assert len({id(workspaces) for _, workspaces in here}) == 1
    elsewhere = list(run_tasks([task] * 5, 2))
    assert threading.get_ident() not in {ident for ident, _ in elsewhere}
    assert all(isinstance(workspaces, Workspaces) for _, workspaces in elsewhere)
    assert len({id(workspaces) for _, workspaces in elsewhere}) <= 2


def test_in_the_calling_thread_a_task_is_done_when_its_result_is_asked_for():
    done = []
    results = run_tasks([lambda workspaces, i=i: done.append(i) for i in range(3)], 0)
    assert done == []
    next(results)
    assert done == [0]
    results.close()
    assert done == [0]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("n_threads", [0, 1, 2])
def test_errors_are_raised_and_no_task_begins_after_them(error, n_threads):
    begun = []

    def fail(workspaces):
        begun.append(1)
        raise error("no")

    with pytest.raises(error, match="no"):
        list(run_tasks([fail] * 1000, n_threads))
    assert len(begun) <= max(1, n_threads)
    assert not [thread for thread in threading.enumerate() if "skscatter" in thread.name]


def test_closing_waits_for_tasks_that_have_begun_and_begins_no_other():
    begun, finished, pools = threading.Event(), [], []

    def first(workspaces):
        return "first"

    def second(workspaces):
        begun.set()
        while not pools[0].closed:
            threading.Event().wait(0.001)
        finished.append("second")

    def third(workspaces):
        finished.append("third")

    results = run_tasks([first, second, third], 1)
    with pytest.MonkeyPatch.context() as patch:
        start = threads_module._Pool.start
        patch.setattr(threads_module._Pool, "start", lambda pool: (pools.append(pool), start(pool)))
        assert next(results) == "first"
    assert begun.wait(20)
    results.close()
    assert finished == ["second"]


@pytest.mark.parametrize("n_threads", [0, 2])
def test_no_task_begins_once_a_run_is_stopped(n_threads):
    stop, done = threading.Event(), []

    def task(workspaces):
        done.append(1)
        stop.set()

    with pytest.raises(CancelledError):
        list(run_tasks([task] * 1000, n_threads, stop=stop))
    assert len(done) <= max(1, n_threads)


@pytest.mark.parametrize("n_interrupts", [1, 3])
def test_interrupts_while_workers_are_closed_are_put_off_until_they_have_ended(n_interrupts):
    class Workers(background.Background):
        work = None

    workers = Workers([])
    raised = []

    class Outcomes:
        def get(self, timeout):
            if len(raised) < n_interrupts:
                raised.append(1)
                raise KeyboardInterrupt
            if workers.running == 1:
                workers.running = 2
                raise background.Empty
            workers.running = False

    workers.outcomes = Outcomes()
    workers.running = 1
    with pytest.raises(KeyboardInterrupt):
        workers.close()
    assert len(raised) == n_interrupts
    assert workers.closed


def test_a_worker_that_cannot_be_started_is_an_error(monkeypatch):
    def fail(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        list(run_tasks([lambda workspaces: 1] * 3, 2))


INTERRUPTED = """
import random, signal, sys, threading
import numpy as np
from skscatter import LogScattering1D

def interrupt(*_):
    raise KeyboardInterrupt

X = np.random.default_rng(0).standard_normal((600, 64)).astype("float32")
lists = [x[: 40 + i % 24] for i, x in enumerate(X)]
of_array = LogScattering1D(n_jobs=2, batch_size=2).fit(X)
of_lists = LogScattering1D(n_jobs=2, batch_size=2).fit(lists)
expected = of_array.transform(X), of_lists.transform(lists)

calls = [
    lambda: of_array.transform(X),
    lambda: of_lists.transform(lists),
    lambda: of_array.scatter(X),
    lambda: list(of_array.transform_batches(X[i : i + 100] for i in range(0, 600, 100))),
]
signal.signal(signal.SIGALRM, interrupt)
moments = random.Random(0)
interrupted = 0
for i in range(int(sys.argv[1])):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0002 + 0.06 * moments.random() ** 2)
        calls[i % len(calls)]()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        interrupted += 1
signal.setitimer(signal.ITIMER_REAL, 0)
same = np.array_equal(of_array.transform(X), expected[0])
same &= np.array_equal(of_lists.transform(lists), expected[1])
print(interrupted > int(sys.argv[1]) / 4, same)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs signals of POSIX")
@pytest.mark.reliability("Load")
def test_interrupts_at_any_moment_neither_hang_nor_break_a_transform():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, "400"], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "True True\n", done.stderr


# ---------------------------------------------------------------- how many threads


class ClusterBackend(joblib.parallel.ParallelBackendBase):
    """Answers like joblib's backend of dask: with the cores of a cluster, whatever is asked."""

    def effective_n_jobs(self, n_jobs):
        return 1000

    def submit(self, func, callback=None):
        pytest.fail("asked for work")

    apply_async = submit  # its name before joblib 1.5


def test_the_cores_of_a_cluster_are_not_counted():
    one, two, all_cores = count_threads(1), count_threads(2), count_threads(-1)
    with joblib.parallel_config(ClusterBackend(nesting_level=0)):
        assert count_threads(None) == count_threads(1) == one == 1
        assert count_threads(2) == two
        assert count_threads(-1) == all_cores == joblib.cpu_count()
    with joblib.parallel_config(ClusterBackend(nesting_level=0), n_jobs=2):
        assert count_threads(None) == two


@pytest.mark.parametrize("hint", ["processes", "threads"])
def test_hints_about_workers_do_not_matter(hint, capsys):
    with joblib.parallel_config(n_jobs=2, prefer=hint, verbose=50):
        assert count_threads(None) == min(2, joblib.cpu_count())
        assert count_threads(1) == 1
    assert capsys.readouterr().out == ""


def threads_of_a_transform(**parameters):
    """Threads that compute blocks of a transform."""
    seen = set()

    class Signals(np.ndarray):
        pass

    X = np.random.default_rng(0).standard_normal((40, 64))
    model = LogScattering1D(batch_size=2, **parameters).fit(X)
    original = threads_module._Pool.work

    def work(self):
        seen.add(threading.current_thread().name)
        original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads_module._Pool, "work", work)
        model.transform(X)
    return seen


def test_threads_are_joblibs_choice(monkeypatch):
    monkeypatch.setattr(threads_module, "cpu_count", lambda: 2)
    assert threads_of_a_transform() == set()
    assert threads_of_a_transform(n_jobs=2) == {"skscatter-0", "skscatter-1"}
    with joblib.parallel_config(n_jobs=2):
        assert len(threads_of_a_transform()) == 2
    # Workers share the output: a backend of processes cannot be used for this.
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert len(threads_of_a_transform()) == 2


# ---------------------------------------------------------------- blocks


@pytest.mark.parametrize("at_once", [1, 2, 7, 64])
@pytest.mark.parametrize("n_workers", [1, 2, 8])
def test_blocks_in_work_hold_no_more_rows_than_memory_does(at_once, n_workers):
    rows = BlockSize(chunk=4, at_once=at_once).rows(1000, n_workers)
    assert rows == 1 or rows * n_workers <= at_once


def test_blocks_are_multiples_of_a_chunk_where_memory_allows():
    assert BlockSize(chunk=4, at_once=10_000).rows(1000, 2) % 4 == 0


def test_few_rows_are_shared_unless_that_leaves_small_parts_of_a_chunk():
    assert BlockSize(chunk=12, at_once=1000).rows(8, 2) == 4
    assert BlockSize(chunk=800, at_once=1000).rows(100, 2) >= 100


def test_blocks_hold_every_row_once():
    assert np.concatenate(divide(range(10), 4)).tolist() == list(range(10))
    assert [len(block) for block in divide(np.arange(10), 4)] == [4, 4, 2]


def test_blocks_that_do_not_fit_are_halved_and_their_size_is_not_tried_again():
    asked = []

    def compute(rows):
        asked.append(len(rows))
        if len(rows) > 3:
            raise MemoryError
        return list(rows)

    smaller = InSmallerBlocks((MemoryError,))
    assert smaller.call(compute, range(20)) == list(range(20))
    assert smaller.call(compute, range(20, 40)) == list(range(20, 40))
    assert [n for n in asked if n > 3] == [20, 10, 5]
    with pytest.raises(ZeroDivisionError):
        smaller.call(lambda rows: 1 / 0, range(2))
    with pytest.raises(MemoryError):
        InSmallerBlocks((MemoryError,)).call(lambda rows: [][10**20 :] or fail(), range(2))


def fail():
    raise MemoryError


# ---------------------------------------------------------------- what a process has once


def test_blas_has_one_thread_inside_and_as_many_as_before_after():
    before = blas_threads()
    with one_blas_thread():
        assert set(blas_threads()) == {1}
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


@pytest.mark.parametrize("first_to_leave", [0, 1])
def test_blas_limit_is_lifted_whoever_leaves_first(first_to_leave):
    before = blas_threads()
    enter, leave = ([threading.Event() for _ in range(2)] for _ in range(2))

    def inside(i):
        with one_blas_thread():
            enter[i].set()
            leave[i].wait()

    threads = [threading.Thread(target=inside, args=(i,), daemon=True) for i in range(2)]
    for i in range(2):
        threads[i].start()
        enter[i].wait()
    assert set(blas_threads()) == {1}
    for i in (first_to_leave, 1 - first_to_leave):
        leave[i].set()
        threads[i].join()
    assert blas_threads() == before


@pytest.mark.parametrize(
    ("n_jobs", "error"), [(0, ValueError), ("2", TypeError), (True, TypeError)]
)
@pytest.mark.reliability("Bad input")
def test_bad_n_jobs_is_named_with_what_is_accepted(n_jobs, error):
    with pytest.raises(error, match=rf"n_jobs={n_jobs!r} must be None"):
        check_n_jobs(n_jobs)


@pytest.mark.parametrize(
    ("n_signals", "batch_size", "threads"),
    [
        (1, None, 2),  # a signal alone
        (1, 1, 1),  # has no memory for another
        (2, None, 1),  # as many blocks as threads
    ],
)
def test_a_signal_has_the_threads_that_no_other_signal_needs(
    n_signals, batch_size, threads, monkeypatch
):
    from skscatter._execution import run

    monkeypatch.setattr(threads_module, "cpu_count", lambda: 2)
    seen = []
    original = run.Run._features_of

    def features_of(self, rows, engine, workspaces, n_threads):
        seen.append(n_threads)
        return original(self, rows, engine, workspaces, n_threads)

    monkeypatch.setattr(run.Run, "_features_of", features_of)
    X = np.random.default_rng(0).standard_normal((n_signals, 8192))
    LogScattering1D(J=8, Q=8, n_jobs=2, batch_size=batch_size).fit(X).transform(X)
    assert set(seen) == {threads}


def test_a_forked_process_has_none_of_the_threads_of_its_parent():
    process = threads_module._Process()
    process.lock.acquire()  # by a thread that the child does not have
    process.threads[object()] = 1000
    process.__init__()
    assert not process.lock.locked()
    assert process.threads == {}


def test_cores_are_given_back_whatever_happens():
    cores = joblib.cpu_count()
    with pytest.raises(KeyboardInterrupt), claim_cores(cores):
        raise KeyboardInterrupt
    with claim_cores(cores) as claimed:
        assert claimed == cores
