"""Means of items, kept or computed, and which of several runs counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from measurand.readers.log import Aggregate, ItemMean, Log, items_frame
from measurand.readers.runs import Run, counted, item_means, scores, unread
from measurand.results import Source


def a_log(name: str = "log.json", items=None, **more) -> Log:
    frame = items_frame(items)
    return Log(
        source=Source(name, "", "inspect_json", frame.height),
        harness="inspect_ai",
        harness_version=None,
        model="m",
        task="t",
        task_version=None,
        items=frame,
        **more,
    )


ITEMS = {
    "item": ["1", "1", "2", "3", "1"],
    "epoch": [1, 2, 1, 1, 1],
    "scorer": ["match"] * 4 + ["f1"],
    "score": [1.0, 0.0, 1.0, None, 0.25],
}


def test_means_are_over_items_of_means_over_epochs_by_scorer():
    match, f1 = item_means(items_frame(ITEMS))
    # Items 0.5 and 1: mean 0.75, deviation 0.5 / sqrt(2), over sqrt(2).
    assert match == ItemMean("match", 0.75, pytest.approx(0.25), 2)
    assert f1 == ItemMean("f1", 0.25, None, 1)


def test_rows_of_several_variants_have_no_mean_but_are_counted():
    frame = items_frame({"item": ["1", "2"], "variant": ["strict", "loose"], "scorer": ["em"] * 2, "score": [0.0, 1.0]})
    assert item_means(frame) == (ItemMean("em", None, None, 2),)


@pytest.mark.parametrize(
    "aggregates",
    [
        (),
        (Aggregate(scorer="match", metric="accuracy", value=0.75),),
        (Aggregate(scorer="match", metric="accuracy", value=0.7),),
        (Aggregate(scorer="x", metric="mean", value=1.0),),
    ],
)
def test_a_log_without_its_rows_gives_the_result_it_gave_with_them(aggregates):
    log = a_log(items=ITEMS, aggregates=aggregates)
    kept = replace(log, items=items_frame(), means=item_means(log.items))
    assert Run(kept, "m", "t").result == Run(log, "m", "t").result
    assert Run(kept, "m", "t").result is not None


def test_items_tell_the_standard_error_only_of_their_own_mean():
    same = a_log(items=ITEMS, aggregates=(Aggregate(scorer="match", metric="accuracy", value=0.75),))
    other = a_log(items=ITEMS, aggregates=(Aggregate(scorer="match", metric="accuracy", value=0.7),))
    assert Run(same, "m", "t").result == (0.75, pytest.approx(0.25), 2, "accuracy")
    assert Run(other, "m", "t").result == (0.7, None, None, "accuracy")


def test_means_that_were_kept_empty_are_not_computed_again():
    assert Run(a_log(items=ITEMS, means=()), "m", "t").result is None


def test_a_log_without_a_name_loses_the_rows_its_source_counts():
    log = replace(a_log(items=ITEMS), model=None)
    kept = replace(log, items=items_frame())
    assert unread([kept]) == unread([log])
    assert unread([log])[0].rows_lost == 5


def test_one_run_of_a_model_on_a_benchmark_counts_and_an_unscored_one_never_before_a_scored():
    scored = Run(a_log("a", ITEMS, facts={"date": "2024-01-01"}), "m", "t")
    later = Run(a_log("b", {"item": ["1"], "score": [None]}, facts={"date": "2025-01-01"}), "m", "t")
    other = Run(a_log("c", ITEMS), "m", "u")
    assert counted([later, scored, other]) == [scored, other]
    assert counted([later]) == [later]


@pytest.mark.parametrize(("benchmark", "metric"), [("NarrativeQA - F1", "f1_score"), ("narrative_qa", "exact_match")])
def test_the_metric_a_benchmark_is_named_after_stands_for_it(benchmark, metric):
    log = a_log(
        aggregates=(
            Aggregate(scorer="em", metric="exact_match", value=0.0),
            Aggregate(scorer="f1", metric="f1_score", value=0.2),
        )
    )
    assert Run(log, "m", benchmark).result[3] == metric


def test_a_group_takes_the_subtasks_of_its_own_model_alone():
    facts = {"group": "true", "subtasks": "t, u"}
    group = replace(a_log("g", aggregates=(Aggregate(scorer="acc", metric="acc", value=0.5),), facts=facts), task="g")
    task = a_log("t", aggregates=(Aggregate(scorer="acc", metric="acc", value=0.4),))
    part = scores("all", [Run(group, "m", "g"), Run(task, "m", "t"), Run(task, "n", "t")])
    assert part.scores.select("model", "benchmark").rows() == [("m", "g"), ("n", "t")]
