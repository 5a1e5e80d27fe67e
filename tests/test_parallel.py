import threading
import time

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from skscatter._execution import parallel as _parallel
from skscatter._execution.parallel import (
    Work,
    check_n_jobs,
    count_threads,
    for_each_block,
    one_blas_thread,
    rows_per_task,
)
from skscatter._scattering.cascade import threads_of_a_call


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def cover(n_rows, at_once=1000, **parameters):
    """Run over `n_rows` and return how often each was visited and by how many threads."""
    visits, threads = np.zeros(n_rows, int), set()

    def visit(block):
        visits[list(block)] += 1
        threads.add(threading.get_ident())

    works = [
        Work(visit, rows, chunk=3, at_once=at_once)
        for rows in (range(n_rows // 3), np.arange(n_rows // 3, n_rows))
    ]
    for_each_block(works, **({"n_jobs": None, "verbose": 0, "description": ""} | parameters))
    return visits, threads


@pytest.mark.parametrize("n_rows", [1, 2, 7, 100])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("at_once", [1, 5, 1000])
def test_every_row_is_visited_once(n_rows, n_jobs, at_once):
    visits, _ = cover(n_rows, n_jobs=n_jobs, at_once=at_once)
    np.testing.assert_array_equal(visits, 1)


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


@pytest.mark.parametrize("at_once", [1, 2, 7, 64])
@pytest.mark.parametrize("n_workers", [1, 2, 8])
def test_tasks_hold_no_more_rows_than_may_be_under_way(at_once, n_workers):
    rows = rows_per_task(1000, n_workers, chunk=4, at_once=at_once)
    assert rows == 1 or rows * n_workers <= at_once


def test_tasks_are_multiples_of_a_chunk_where_memory_allows():
    assert rows_per_task(1000, 2, chunk=4, at_once=10_000) % 4 == 0


def test_few_rows_are_shared_unless_that_leaves_small_parts_of_a_chunk():
    assert rows_per_task(8, 2, chunk=12, at_once=1000) == 4
    assert rows_per_task(100, 2, chunk=800, at_once=1000) >= 100


def test_threads_are_joblibs_choice():
    # More tasks than threads, so that each thread is asked.
    _, threads = cover(100, at_once=1)
    assert threads == {threading.get_ident()}
    with joblib.parallel_config(n_jobs=2):
        assert threading.get_ident() not in cover(100, at_once=2)[1]
    # Workers share the output: a backend of processes is not for this.
    with joblib.parallel_config(backend="loky", n_jobs=2):
        visits, threads = cover(100, at_once=2)
    np.testing.assert_array_equal(visits, 1)
    assert threading.get_ident() not in threads


def test_progress_is_shown_on_request(capsys):
    cover(10, verbose=1, description="Counting")
    assert "Counting: 100%" in capsys.readouterr().err
    cover(10)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_errors_and_interrupts_come_through_and_leave_nothing_at_work(error, n_jobs):
    before, begun = threading.enumerate(), []

    def fail(block):
        begun.append(block)
        time.sleep(0.01)
        raise error("no")

    work = Work(fail, range(1000), chunk=1, at_once=10)
    with pytest.raises(error, match="no"):
        for_each_block([work], n_jobs=n_jobs, verbose=0, description="")
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert not [name for name in left if name.startswith("ThreadPoolExecutor")]
    assert len(begun) < 100  # of some 200: a failure is not met with more work


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
    ("n_rows", "at_once", "n_workers", "threads"),
    [
        (1, 1000, None, 2),  # a row alone
        (1, 1, None, 1),  # has no memory for another
        (2, 1000, None, 1),  # as many blocks as threads
        (1, 1000, 2, 1),  # a GPU does not look
    ],
)
def test_a_row_has_the_threads_that_no_other_row_needs(
    n_rows, at_once, n_workers, threads, monkeypatch
):
    monkeypatch.setattr(_parallel, "cpu_count", lambda: 2)
    seen = []
    work = Work(lambda _: seen.append(threads_of_a_call.get()), range(n_rows), 1, at_once)
    for_each_block([work], n_jobs=2, n_workers=n_workers, verbose=0, description="")
    assert seen == [threads] * n_rows
    assert threads_of_a_call.get() == 1


def test_a_forked_process_has_none_of_the_threads_of_its_parent(monkeypatch):
    held = threading.Lock()
    held.acquire()  # by a thread that is not there any more
    monkeypatch.setattr(_parallel, "_cores", held)
    monkeypatch.setattr(_parallel, "_threads_at_work", 1000)
    _parallel._begin_idle()
    with _parallel.free_cores(1) as given:
        assert given == 1
    assert _parallel._threads_at_work == 0
