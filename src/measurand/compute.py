"""The one seam for parallel work: map a pure function over tasks."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from measurand.errors import InputError, UnknownName
from measurand.extras import need

__all__ = ["cluster", "run_tasks"]

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
    import joblib  # a tenth of a second, for nothing where there is one worker

    delayed: Iterable[Any] = (joblib.delayed(function)(*task) for task in tasks)
    with joblib.parallel_config(backend="loky", inner_max_num_threads=threads):
        results: Iterator[Result] = joblib.Parallel(n_jobs=jobs, return_as="generator")(delayed)
    return results


def _limited(function: Callable[..., Result], task: tuple[Any, ...], threads: int | None) -> Result:
    with threadpool_limits(threads):
        return function(*task)


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
