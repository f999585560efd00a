"""The one seam for parallel work: map a pure function over tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import joblib
from threadpoolctl import threadpool_limits

__all__ = ["run_tasks"]

Result = TypeVar("Result")


def run_tasks(function: Callable[..., Result], tasks: Sequence[tuple[Any, ...]], *, jobs: int = 1) -> Iterator[Result]:
    """Results of ``function(*task)`` for each task, in order, as they become ready.

    Each worker keeps to one BLAS thread, so that `jobs` workers use `jobs` cores and results do not depend on how
    many there are.

    Parameters
    ----------
    function : a pure, picklable function.
    tasks : its positional arguments.
    jobs : worker processes; 1 runs here.

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
    if jobs == 1 or len(tasks) < 2:
        return _here(function, tasks)
    delayed: Iterable[Any] = (joblib.delayed(function)(*task) for task in tasks)
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        results: Iterator[Result] = joblib.Parallel(n_jobs=jobs, return_as="generator")(delayed)
    return results


def _here(function: Callable[..., Result], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Result]:
    for task in tasks:
        with threadpool_limits(1):
            result = function(*task)
        yield result
