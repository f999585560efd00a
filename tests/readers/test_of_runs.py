"""What runs give together: a score per model and benchmark, groups in place of their subtasks, rows under one name."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from measurand.readers.log import Aggregate, Log, items_frame
from measurand.readers.of_runs import responses, scores
from measurand.readers.runs import RERUN, runs
from measurand.results import Source
from measurand.tables import Responses


def a_log(name: str, **more: object) -> Log:
    return Log(
        source=Source(name, "", "items", 0),
        harness="items",
        harness_version=None,
        task_version=None,
        **{"model": "m", "task": "t", "items": items_frame(), **more},
    )


def a_task(name: str, values: dict[str, float], subtasks: str = "") -> Log:
    facts = {"group": "true", "subtasks": subtasks} if subtasks else {}
    aggregates = tuple(Aggregate(reading=metric, metric=metric, value=value) for metric, value in values.items())
    return a_log(name, aggregates=aggregates, facts=facts, task=name)


def counted(*tasks: Log) -> list[str]:
    return [benchmark for _, benchmark in scores("all", runs(tasks).runs).scores.select("model", "benchmark").rows()]


def test_a_group_takes_the_subtasks_of_its_own_model_alone():
    group, task = a_task("g", {"acc": 0.5}, "t, u"), a_task("t", {"acc": 0.4})
    part = scores("all", runs([group, task, replace(task, model="n")]).runs)
    assert part.scores.select("model", "benchmark").rows() == [("m", "g"), ("n", "t")]


def test_a_group_contains_only_what_it_sums_up():
    subtasks = [a_task("a", {"acc": 0.4}), a_task("b", {"em,strict": 0.1, "em,flexible": 0.2})]
    assert counted(a_task("g", {}, "a, b"), *subtasks) == ["a", "b"]
    assert counted(a_task("g", {"acc": 0.5}, "a, b"), *subtasks) == ["g", "b"]
    assert counted(a_task("g", {"em,flexible": 0.5}, "a, b"), *subtasks) == ["g", "a", "b"]
    assert counted(a_task("g", {"acc": 0.5, "em,strict": 0.1}, "a, b"), *subtasks) == ["g"]


def test_of_groups_within_groups_the_largest_counts():
    tasks = a_task("all", {"acc": 0.5}, "part"), a_task("part", {"acc": 0.5}, "a"), a_task("a", {"acc": 0.5})
    assert counted(*tasks) == ["all"]


def test_rows_left_where_they_lie_keep_their_names_or_take_those_of_the_runs():
    frame = pl.DataFrame({"model": ["org/m", "n"], "item": ["1", "1"], "score": [1.0, 0.0], "benchmark": ["t", "t"]})
    rows = Responses.build(frame)
    logs = [a_log(name, model=name, rows=rows) for name in ("org/m", "n")]
    taken = runs(logs).runs
    assert responses([replace(run, model=str(run.log.model)) for run in taken]) is rows
    named = responses([replace(run, model="x", rerun=1) for run in taken if run.log.model == "n"])
    assert named.frame.select("model", "item", "epoch", "score").collect().rows() == [("x", "1", 1 + RERUN, 0.0)]


def test_without_items_there_are_no_responses_and_without_scores_no_table():
    taken = runs([a_log("a")]).runs
    assert responses(taken) is None
    assert scores("all", taken) is None
