"""One seam for parallel work: the same results in the same order."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from measurand.compute import run_tasks


def threads_in_use(_):
    return max((pool["num_threads"] for pool in threadpool_info()), default=1)


def product(seed):
    draws = np.random.default_rng(seed).standard_normal((60, 60))
    return np.linalg.eigvalsh(draws @ draws.T).tolist()


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks(jobs):
    tasks = [(i, 7) for i in range(25)]
    assert list(run_tasks(divmod, tasks, jobs=jobs)) == [divmod(*task) for task in tasks]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("count", [0, 1])
def test_no_task_or_one_is_fine(jobs, count):
    assert list(run_tasks(operator.neg, [(3,)] * count, jobs=jobs)) == [-3] * count


def test_numbers_do_not_depend_on_the_workers():
    tasks = [(seed,) for seed in range(4)]
    assert list(run_tasks(product, tasks, jobs=2)) == list(run_tasks(product, tasks, jobs=1))


def test_results_are_ready_before_the_last_task_ran():
    ran = []
    results = run_tasks(lambda i: ran.append(i) or i, [(i,) for i in range(3)])
    assert next(results) == 0
    assert ran == [0]


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_worker_keeps_to_one_thread(jobs):
    assert set(run_tasks(threads_in_use, [(0,), (1,)], jobs=jobs)) == {1}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failing_task_raises_its_error(jobs):
    with pytest.raises(ZeroDivisionError):
        list(run_tasks(divmod, [(1, 1), (1, 0)], jobs=jobs))


@pytest.mark.parametrize("jobs", [0, -1])
def test_too_few_jobs_are_refused(jobs):
    with pytest.raises(ValueError, match=f"at least 1, got {jobs}"):
        run_tasks(divmod, [(1, 1)], jobs=jobs)
