"""Accuracy and mean of an Inspect log computed again from its items, and why they may differ from the log's own."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum

from measurand.readers.items import disagreements
from measurand.readers.log import Log, Problem

__all__ = ["Rule", "contradicted", "discrepancies", "recomputed"]


class Rule(StrEnum):
    """Why an aggregate of a log is not what its items give."""

    SAMPLES_ABSENT = "the log holds fewer samples than the aggregate was computed from"
    SCORES_ABSENT = "the samples hold no score of this name"
    CONTAINER = "Inspect counts a score of several values as 0 where the metric wants one"
    NOT_A_NUMBER = "Inspect counts a value that is no number as 0; here it is no score"
    OPTIONS = "the metric was computed with options of its own"
    REDUCER = "the epochs were reduced in a way that is not known here"
    DISTINCT_VALUES = "the most common of values that are told apart in the log and are one number here"
    EDITED = "scores were edited after the aggregate was computed"
    UNEXPLAINED = "no rule explains it"


def recomputed(log: Log) -> dict[tuple[str, str], float]:
    """Accuracy and mean of a log from its items, for each aggregate of it that has one of these names.

    Scores are reduced over the epochs of an item as the log was (mean, median, mode, max, ``at_least_k``,
    ``pass_at_k``, ``pass_k``, or not at all), then averaged over items.

    Returns
    -------
    dict
        (reading, metric), as in `Log.aggregates`, to value. An aggregate without a value here is in `discrepancies`.
    """
    values: dict[tuple[str, str], float] = {}
    by_reading = _scores_by_item(log)
    for aggregate in log.aggregates:
        metric, _, view = aggregate.metric.partition("/")
        reduce = _reducer(view or log.facts.get("epochs_reducer", "mean"))
        items = by_reading.get(aggregate.reading, [])
        if metric not in ("accuracy", "mean") or reduce is None or not items:
            continue
        # "none" gives every epoch, so items with more epochs weigh more: as Inspect does without a reducer.
        per_item = [value for scores in items for value in reduce(scores)]
        if per_item:
            values[aggregate.reading, aggregate.metric] = math.fsum(per_item) / len(per_item)
    return values


def discrepancies(log: Log, tolerance: float = 1e-9) -> dict[tuple[str, str], Rule]:
    """Each accuracy and mean of a log that its items do not give, with the rule that says why.

    Examples
    --------
    >>> from measurand.readers.log import Aggregate, items_frame
    >>> from measurand.results import Source
    >>> named = {"harness": "inspect_ai", "harness_version": None, "model": "m", "task": "t", "task_version": None}
    >>> said = (Aggregate(reading="match", metric="accuracy", value=0.5),)
    >>> source, items = Source("", "", "", 0), items_frame({"item": []})
    >>> absent = Log(source=source, items=items, aggregates=said, declared_items=10, **named)
    >>> discrepancies(absent)
    {('match', 'accuracy'): <Rule.SAMPLES_ABSENT: 'the log holds fewer samples than the aggregate was computed from'>}
    """
    values = recomputed(log)
    found: dict[tuple[str, str], Rule] = {}
    for aggregate in log.aggregates:
        key = (aggregate.reading, aggregate.metric)
        if aggregate.metric.partition("/")[0] not in ("accuracy", "mean"):
            continue
        if key not in values or not math.isclose(values[key], aggregate.value, rel_tol=tolerance, abs_tol=tolerance):
            found[key] = _rule(log, *key)
    return found


def contradicted(log: Log) -> list[Problem]:
    """Each accuracy and mean of a log that its items contradict: no rule but an edit says why they differ."""
    found = discrepancies(log)
    said = (Rule.EDITED, Rule.UNEXPLAINED)
    explained = {key: rule.value for key, rule in found.items() if rule not in said}
    return disagreements(log.aggregates, recomputed(log), explained) if len(explained) < len(found) else []


def _rule(log: Log, reading: str, metric: str) -> Rule:
    rows = log.items.filter(log.items["reading"] == reading)
    view = metric.partition("/")[2] or log.facts.get("epochs_reducer", "mean")
    named = [name for name in log.items["reading"].unique() if name is not None]
    if log.declared_items is not None and _samples(log) < log.declared_items:
        return Rule.SAMPLES_ABSENT
    if any(name.startswith(f"{reading}/") for name in named):
        return Rule.CONTAINER
    if rows["score"].null_count() == rows.height and reading not in _listed(log, "values_not_numbers"):
        return Rule.SCORES_ABSENT
    if _reducer(view) is None:
        return Rule.REDUCER
    if f"{reading}:{metric}" in _listed(log, "metric_options"):
        return Rule.OPTIONS
    if reading in _listed(log, "values_not_numbers"):
        return Rule.NOT_A_NUMBER
    if view == "mode" and reading in _listed(log, "values_alike"):
        return Rule.DISTINCT_VALUES
    return Rule.EDITED if "score_edits" in log.facts else Rule.UNEXPLAINED


def _samples(log: Log) -> int:
    return log.items.select("item", "epoch").n_unique() if log.items.height else 0


def _listed(log: Log, fact: str) -> list[str]:
    return log.facts.get(fact, "").split(", ")


def _scores_by_item(log: Log) -> dict[str, list[list[float]]]:
    """The scores of each item in the order of their epochs, by reading; nulls left out."""
    scored = log.items.select("epoch", "reading", "item", "variant", "score").drop_nulls(["reading", "score"])
    grouped: dict[str, dict[tuple[str, str | None], list[float]]] = {}
    for _, reading, item, variant, score in scored.sort("epoch", maintain_order=True).iter_rows():
        # To Inspect, which computed the aggregate, each variant of an item is a sample of its own.
        grouped.setdefault(reading, {}).setdefault((item, variant), []).append(score)
    return {reading: list(items.values()) for reading, items in grouped.items()}


def _reducer(name: str) -> Callable[[Sequence[float]], Sequence[float]] | None:
    """How an item's scores become those that are averaged; None if the name is not known."""
    plain: dict[str, Callable[[Sequence[float]], Sequence[float]]] = {
        "mean": lambda scores: [math.fsum(scores) / len(scores)],
        "median": lambda scores: [statistics.median(scores)],
        "mode": lambda scores: [Counter(scores).most_common(1)[0][0]],
        "max": lambda scores: [max(scores)],
        "none": lambda scores: scores,
    }
    kind, _, count = name.rpartition("_")
    if name in plain or not count.isdecimal():
        return plain.get(name)
    return {
        "at_least": lambda scores: [float(_passes(scores) >= int(count))],
        "pass_at": lambda scores: _pass_at(len(scores), _passes(scores), int(count)),
        "pass_k": lambda scores: _pass_all(len(scores), _passes(scores), int(count)),
    }.get(kind)


def _passes(scores: Sequence[float]) -> int:
    # Partial credit is no pass, as in Inspect's own reducers, whose threshold is 1.
    return sum(score >= 1 for score in scores)


def _pass_at(total: int, passes: int, k: int) -> list[float]:
    """Chance that one of k attempts drawn from these passes; undefined where fewer than k were scored."""
    return [1 - math.comb(total - passes, k) / math.comb(total, k)] if total >= k else []


def _pass_all(total: int, passes: int, k: int) -> list[float]:
    return [math.comb(passes, k) / math.comb(total, k)] if total >= k else []
