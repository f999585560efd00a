"""lm-eval 0.4.13, by its functions `mean` and `mean_stderr`, with which it writes every mean and its standard error.

An interval is taken to be 1.96 of them either way; of one item it writes no standard error. Its comparator of two
models (``scripts/model_comparator.py``) is not in the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from measurand.conformance.asking import Answer

__all__ = ["interval"]


def interval(scores: Sequence[float]) -> Answer:
    metrics = import_module("lm_eval.api.metrics")
    if not scores:
        raise NotImplementedError  # a task without documents is not aggregated
    mean = metrics.mean(scores)
    if len(scores) == 1:
        return Answer(value=mean, said="stderr N/A")
    half = 1.959964 * metrics.mean_stderr(scores)
    return Answer(value=mean, low=mean - half, high=mean + half)
