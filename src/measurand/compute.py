"""The one seam for parallel work: map a pure function over tasks."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from queue import SimpleQueue
from typing import IO, Any, TypeVar, cast

from threadpoolctl import threadpool_limits

from measurand.errors import InputError, MeasurandError, UnknownName
from measurand.extras import need

__all__ = ["Worker", "WorkerEnded", "cluster", "run_tasks"]

Result = TypeVar("Result")
Tasks = Sequence[tuple[Any, ...]]
Run = Callable[[Callable[..., Any], Tasks, int | None], Iterator[Any]]
"""What maps a function over tasks, each with so many threads."""
WAIT = 20
"""Seconds to wait for a cluster to answer."""
_CLUSTER: ContextVar[Run | None] = ContextVar("cluster", default=None)


def run_tasks(
    function: Callable[..., Result], tasks: Tasks, *, jobs: int = 1, threads: int | None = 1
) -> Iterator[Result]:
    """Results of ``function(*task)`` for each task, in order, as they become ready.

    Each worker keeps to one BLAS thread, so that `jobs` workers use `jobs` cores and results do not depend on how
    many there are. Inside `cluster`, the tasks run on its machines instead.

    Parameters
    ----------
    function : a pure, picklable function.
    tasks : its positional arguments.
    jobs : worker processes; 1 runs here.
    threads : threads of BLAS and OpenMP a task may use; None shares the cores out among the workers.

    Raises
    ------
    ValueError
        `jobs` below 1.

    Examples
    --------
    >>> list(run_tasks(divmod, [(7, 2), (9, 4)]))
    [(3, 1), (2, 1)]
    """
    if jobs < 1:
        raise ValueError(f"jobs should be at least 1, got {jobs}")
    if (elsewhere := _CLUSTER.get()) is not None:
        return elsewhere(function, tasks, threads)
    if jobs == 1 or len(tasks) < 2:
        return (_limited(function, task, threads) for task in tasks)
    return _in_processes(function, tasks, min(jobs, len(tasks)), threads)


def _limited(function: Callable[..., Result], task: tuple[Any, ...], threads: int | None) -> Result:
    if threads is None:
        return function(*task)
    with threadpool_limits(threads):
        return function(*task)


class WorkerEnded(MeasurandError):
    """A worker process ended before it had a result."""


class Worker:
    """A process that does one task after another, and ends with this one.

    Pipes alone: queues and shared memory of the usual pools have names in the system, which a killed run leaves there.
    """

    def __init__(self, threads: int) -> None:
        start = "import sys, pickle; sys.path[:] = pickle.load(sys.stdin.buffer); from measurand import compute; "
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"{start}compute.work()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **limits},
        )
        self._put(pickle.dumps(sys.path))

    def _put(self, data: bytes) -> None:
        into = cast(IO[bytes], self._process.stdin)
        into.write(data)
        into.flush()

    def done(self, *call: Any) -> Any:
        """The result of a function on its arguments, computed with so many threads.

        Raises
        ------
        WorkerEnded
            The process is gone. What the function raises is raised here.
        """
        import cloudpickle  # measures of a notebook have no module to be found in

        try:
            self._put(cloudpickle.dumps(call))
            failed, result = pickle.load(cast(IO[bytes], self._process.stdout))
        except (OSError, EOFError):
            raise WorkerEnded(
                f"a worker process ended with {self._process.wait()}; where memory is short, fewer jobs may do"
            ) from None
        if failed:
            raise result
        return result

    def end(self) -> None:
        """Whatever it is doing."""
        self._process.kill()
        with suppress(OSError), self._process:
            pass


def work() -> None:
    """Do what comes in and say what comes out of it, until nothing more comes."""
    import cloudpickle

    # Whatever a task prints must not get between the results.
    with suppress(EOFError, BrokenPipeError), os.fdopen(os.dup(1), "wb") as results:
        os.dup2(2, 1)
        # An interrupt reaches every process of the terminal; the one that asked ends the others.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            function, task, threads = pickle.load(sys.stdin.buffer)
            try:
                outcome = (False, _limited(function, task, threads))
            except Exception as error:
                outcome = (True, error)
            results.write(cloudpickle.dumps(outcome))
            results.flush()


def _in_processes(function: Callable[..., Result], tasks: Tasks, jobs: int, threads: int | None) -> Iterator[Result]:
    threads = threads or max(1, (os.cpu_count() or 1) // jobs)
    workers = [Worker(threads) for _ in range(jobs)]
    free: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        free.put(worker)

    def done(task: tuple[Any, ...]) -> Result:
        worker = free.get()
        try:
            result: Result = worker.done(function, task, threads)
            return result
        finally:
            free.put(worker)

    with ThreadPoolExecutor(jobs) as waiting:
        try:
            for future in [waiting.submit(done, task) for task in tasks]:
                yield future.result()
        finally:
            waiting.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.end()


@contextmanager
def cluster(engine: str, address: str) -> Iterator[None]:
    """Have `run_tasks` use the machines of a Dask or Ray cluster that is up, for as long as this is open.

    measurand must be installed on them, and paths that tasks name must lead to the same files there.

    Parameters
    ----------
    engine : ``dask`` or ``ray``.
    address : of Dask's scheduler (``tcp://host:8786``) or of Ray's head (``host:6379``, or ``auto``).

    Raises
    ------
    UnknownName
        Another engine.
    InputError
        The extra ``cluster`` is not installed, or nothing answers at the address.
    """
    engines = {"dask": _dask, "ray": _ray}
    if engine not in engines:
        raise UnknownName("engine", engine, engines)
    with engines[engine](address) as run:
        token = _CLUSTER.set(run)
        try:
            yield
        finally:
            _CLUSTER.reset(token)


@contextmanager
def _dask(address: str) -> Iterator[Run]:
    distributed = need("distributed", "cluster")
    try:
        client = distributed.Client(address, timeout=WAIT)
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {address!r}, such as tcp://host:8786: {error}") from None

    def run(function: Callable[..., Any], tasks: Tasks, threads: int | None) -> Iterator[Any]:
        # Tasks may draw on files and clocks, so that the same call is not to be answered from an earlier one.
        futures = [client.submit(_limited, function, task, threads, pure=False) for task in tasks]
        return (future.result() for future in futures)

    with client:
        yield run


@contextmanager
def _ray(address: str) -> Iterator[Run]:
    ray = need("ray", "cluster")
    host, _, port = address.rpartition(":")
    try:
        if port.isdecimal():  # Ray itself tries for many minutes where nothing listens.
            socket.create_connection((host, int(port)), WAIT).close()
        ray.init(address, log_to_driver=False, logging_level="error")
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"no Ray head answers at {address!r}, such as host:6379 or auto: {error}") from None
    remote = ray.remote(_limited)

    def run(function: Callable[..., Any], tasks: Tasks, threads: int | None) -> Iterator[Any]:
        waiting = [remote.remote(function, task, threads) for task in tasks]
        return map(ray.get, waiting)

    try:
        yield run
    finally:
        ray.shutdown()
