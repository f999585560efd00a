"""One seam for parallel work: the same results in the same order."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from measurand.compute import cluster, run_tasks
from measurand.errors import InputError, MeasurandError, UnknownName


def threads_in_use(_):
    return max((pool["num_threads"] for pool in threadpool_info()), default=1)


def process_id(_):
    return os.getpid()


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


def test_a_task_may_have_more_threads():
    before = threads_in_use(0)
    assert list(run_tasks(threads_in_use, [(0,), (1,)], threads=None)) == [before, before]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failing_task_raises_its_error(jobs):
    with pytest.raises(ZeroDivisionError):
        list(run_tasks(divmod, [(1, 1), (1, 0)], jobs=jobs))


@pytest.mark.parametrize("jobs", [0, -1])
def test_too_few_jobs_are_refused(jobs):
    with pytest.raises(ValueError, match=f"at least 1, got {jobs}"):
        run_tasks(divmod, [(1, 1)], jobs=jobs)


def test_a_function_of_a_notebook_and_what_it_prints_are_no_trouble():
    times = 3
    tasks = [(i, "x" * 100_000) for i in range(4)]
    assert list(run_tasks(lambda i, text: print(text) or i * times, tasks, jobs=2)) == [0, 3, 6, 9]


def test_a_worker_that_dies_is_said():
    with pytest.raises(MeasurandError, match=r"a worker process ended with 7; .* fewer jobs may do"):
        list(run_tasks(os._exit, [(7,), (7,)], jobs=2))


def children() -> set[str]:
    """Processes that this one started and that are still there."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        pytest.skip("no /proc to see processes in")
    found: set[str] = set()
    for task in tasks.iterdir():
        # A thread of an earlier test may end meanwhile.
        with suppress(FileNotFoundError, ProcessLookupError):
            found.update((task / "children").read_text().split())
    return found


def test_results_that_nobody_waits_for_end_their_workers():
    before = children()
    results = run_tasks(time.sleep, [(0.0,), (600.0,), (600.0,)], jobs=2)
    next(results)
    assert len(children() - before) == 2
    results.close()
    assert children() <= before


RUN = """
import time
from measurand.compute import run_tasks
list(run_tasks(time.sleep, [(0.0,), (0.0,), (3.0,), (3.0,)], jobs=2))
"""


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no shared memory to look at")
@pytest.mark.parametrize("after", [0.1, 0.6, 1.2])
def test_a_killed_run_leaves_nothing_in_the_system(tmp_path, after):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    run = subprocess.Popen([sys.executable, "-c", RUN], start_new_session=True, env=environment)
    time.sleep(after)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not [path for path in Path("/dev/shm").iterdir() if str(run.pid) in path.name]
    assert not list(tmp_path.iterdir())


@pytest.fixture
def dask_address():
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as up:
        yield up.scheduler_address


@pytest.fixture
def ray_address():
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    # The head is a process of its own, as on a cluster; what is opened here is closed by the code under test.
    from ray.cluster_utils import Cluster

    up = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    yield up.address
    ray.shutdown()
    up.shutdown()


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_a_cluster_finds_what_one_process_finds(engine, request):
    tasks = [(seed,) for seed in range(4)]
    with cluster(engine, request.getfixturevalue(f"{engine}_address")):
        pids = set(run_tasks(process_id, tasks))
        found = list(run_tasks(product, tasks))
        with pytest.raises(ZeroDivisionError):
            list(run_tasks(divmod, [(1, 1), (1, 0)]))
    assert os.getpid() not in pids
    assert found == list(run_tasks(product, tasks))
    assert set(run_tasks(process_id, tasks)) == {os.getpid()}


def dies_once(marker: str, seed: int) -> float:
    """A draw; the first worker that comes to the third seed is killed in the middle of it."""
    time.sleep(0.1)
    if seed == 3:
        try:
            Path(marker).touch(exist_ok=False)
        except FileExistsError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGKILL)
    return float(np.random.default_rng(seed).normal())


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_a_worker_killed_midway_changes_no_number(engine, request, tmp_path):
    marker = tmp_path / "killed"
    address = request.getfixturevalue(f"{engine}_address")
    with cluster(engine, address):
        found = list(run_tasks(dies_once, [(str(marker), seed) for seed in range(10)]))
    assert marker.exists()
    assert found == [float(np.random.default_rng(seed).normal()) for seed in range(10)]


@pytest.mark.parametrize(("engine", "said"), [("dask", "no Dask scheduler answers"), ("ray", "no Ray head answers")])
@pytest.mark.parametrize("address", ["127.0.0.1:9", "nowhere"])
def test_a_cluster_that_does_not_answer_is_refused(engine, said, address, monkeypatch):
    pytest.importorskip({"dask": "distributed"}.get(engine, engine), reason=f"{engine} is not installed")
    monkeypatch.setattr("measurand.compute.WAIT", 0.5)
    with pytest.raises(InputError, match=f"{said} at '{address}'"), cluster(engine, address):
        pass


def test_an_engine_that_is_none_is_refused():
    with pytest.raises(UnknownName, match="no engine named 'dusk'; did you mean 'dask'"), cluster("dusk", "auto"):
        pass


def unknown(name):
    raise UnknownName("benchmark", name, ["mmlu", "gsm8k"])


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_ours_is_raised_as_it_is_from_a_worker(jobs):
    with pytest.raises(UnknownName, match="did you mean 'mmlu'"):
        list(run_tasks(unknown, [("mmul",), ("mmul",)], jobs=jobs))
