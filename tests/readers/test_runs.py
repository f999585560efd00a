"""Means of items, kept or computed, and which of several runs counts."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from measurand.errors import InputError, UnknownName
from measurand.readers.log import Aggregate, ItemMean, Log, Problem, items_frame
from measurand.readers.of_runs import responses, scores
from measurand.readers.runs import Result, Run, item_means, runs, unread
from measurand.readers.study import study_of
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
    "reading": ["match"] * 4 + ["f1"],
    "score": [1.0, 0.0, 1.0, None, 0.25],
}


def test_means_are_over_items_of_means_over_epochs_by_scorer():
    match, f1 = item_means(items_frame(ITEMS))
    # Items 0.5 and 1: mean 0.75, deviation 0.5 / sqrt(2), over sqrt(2).
    assert match == ItemMean("match", 0.75, pytest.approx(0.25), 2)
    assert f1 == ItemMean("f1", 0.25, None, 1)


def test_rows_of_several_variants_have_no_mean_but_are_counted():
    frame = items_frame(
        {"item": ["1", "2"], "variant": ["strict", "loose"], "reading": ["em"] * 2, "score": [0.0, 1.0]}
    )
    assert item_means(frame) == (ItemMean("em", None, None, 2),)


@pytest.mark.parametrize(
    "aggregates",
    [
        (),
        (Aggregate(reading="match", metric="accuracy", value=0.75),),
        (Aggregate(reading="match", metric="accuracy", value=0.7),),
        (Aggregate(reading="x", metric="mean", value=1.0),),
    ],
)
def test_a_log_without_its_rows_gives_the_result_it_gave_with_them(aggregates):
    log = a_log(items=ITEMS, aggregates=aggregates)
    kept = replace(log, items=items_frame(), means=item_means(log.items))
    assert Run(log=kept, model="m", benchmark="t").result == Run(log=log, model="m", benchmark="t").result
    assert Run(log=kept, model="m", benchmark="t").result is not None


def test_items_tell_the_standard_error_only_of_their_own_mean():
    same = a_log(items=ITEMS, aggregates=(Aggregate(reading="match", metric="accuracy", value=0.75),))
    other = a_log(items=ITEMS, aggregates=(Aggregate(reading="match", metric="accuracy", value=0.7),))
    assert Run(log=same, model="m", benchmark="t").result == Result(0.75, pytest.approx(0.25), 2, "accuracy")
    assert Run(log=other, model="m", benchmark="t").result == Result(0.7, None, None, "accuracy")


def test_means_that_were_kept_empty_are_not_computed_again():
    assert Run(log=a_log(items=ITEMS, means=()), model="m", benchmark="t").result is None


def test_a_log_without_a_name_loses_the_rows_its_source_counts():
    log = replace(a_log(items=ITEMS), model=None)
    kept = replace(log, items=items_frame())
    assert unread([kept]) == unread([log])
    assert unread([log])[0].rows_lost == 5


def answers(*given: float | None) -> dict[str, list[object]]:
    return {"item": [str(i) for i in range(len(given))], "reading": ["match"] * len(given), "score": list(given)}


def test_runs_under_one_setting_are_reruns_and_all_count():
    logs = [
        a_log(name, answers(*of), facts={"date": f"2025-01-0{day}"})
        for name, of, day in (("second", (1.0, 0.0, 0.0, 0.0), 2), ("first", (1.0, 1.0, 1.0, 0.0), 1))
    ]
    taken = runs(logs)
    assert taken.aside == ()
    part = scores("all", taken.runs)
    # The same items: two runs say no more of the questions that might have been asked, so the error stays.
    assert part.scores.row(0, named=True) == {
        "model": "m",
        "benchmark": "t",
        "score": 0.5,
        "stderr": pytest.approx(0.25),
        "n_items": 4,
    }
    averaged = "reruns under the same settings, averaged (--duplicates runs keeps them apart): m on t (2 runs)"
    assert part.notes == (averaged,)
    rows = responses(taken.runs).frame.filter(item="1").sort("epoch").collect()
    assert rows["score"].to_list() == [1.0, 0.0]
    assert rows["epoch"].n_unique() == 2


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ({"effort": "low"}, {"effort": "high"}, ["m (effort=high)", "m (effort=low)"]),
        ({"effort": "low"}, {}, ["m (effort=default)", "m (effort=low)"]),
        ({"task shots": "0"}, {"task shots": "5"}, ["m (shots=0)", "m (shots=5)"]),
        ({"a": "1", "b": "2"}, {"a": "1", "b": "3"}, ["m (b=2)", "m (b=3)"]),
    ],
)
def test_runs_under_two_settings_are_two_rows_named_by_what_differs(one, other, names):
    taken = runs([a_log("a", answers(1.0), settings=one), a_log("b", answers(0.0), settings=other)])
    part = scores("all", taken.runs)
    assert sorted(part.scores["model"]) == names
    assert "several runs of a model, each a row" in part.notes[0]
    assert sorted(responses(taken.runs).models()) == names


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["m", "m (run 2)", "m (run 3)"]),
        ({"effort": "low"}, [f"m (effort=low{n})" for n in ("", ", run 2", ", run 3")]),
    ],
)
def test_reruns_can_be_rows_of_their_own_numbered_by_date(settings, names):
    logs = [
        a_log(str(day), answers(day / 4, 0.0), facts={"date": f"2025-01-0{day}"}, settings=settings)
        for day in (3, 1, 2)
    ]
    other = [a_log("other", answers(1.0, 1.0), settings={"effort": "high"})] if settings else []
    part = scores("all", (taken := runs([*logs, *other], apart=True)).runs)
    found = dict(part.scores.select("model", "score").iter_rows())
    assert [found[name] for name in names] == [0.125, 0.25, 0.375]
    assert set(responses(taken.runs).models()) == set(found)
    assert {part.runs.get(name, "m") for name in names} == {"m"}


def test_a_rule_that_is_none_is_refused_of_logs_too():
    with pytest.raises(InputError, match="duplicates should be one of best, first, mean, runs, got 'last'"):
        study_of("t", [a_log(items=ITEMS)], responses, duplicates="last")


def test_a_setting_of_a_task_names_no_run_on_another():
    logs = [a_log(str(shots), answers(1.0), settings={"task shots": str(shots)}) for shots in (0, 5)]
    elsewhere = replace(a_log("c", answers(1.0), settings={"task shots": "3"}), task="u")
    assert [run.model for run in runs([*logs, elsewhere]).runs] == ["m (shots=0)", "m (shots=5)", "m"]


def test_the_facts_of_a_model_hold_for_each_of_its_rows(tmp_path):
    logs = [replace(a_log(e, answers(1.0), settings={"effort": e}), model="org/pythia-1b") for e in ("low", "high")]
    study = study_of("t", logs, responses, models=pl.DataFrame({"model": ["org/pythia-1b"], "class": ["chat"]}))
    facts = study.scores.models.select("model", "family", "class", "parameters").rows()
    assert facts == [(f"org/pythia-1b (effort={e})", "pythia", "chat", 1e9) for e in ("low", "high")]


def test_a_copy_a_broken_run_and_a_trial_of_the_set_up_are_set_aside_and_said():
    whole = a_log("whole", answers(*[1.0] * 10), facts={"eval_id": "x"})
    copy = a_log("copy", answers(*[1.0] * 10), facts={"eval_id": "x"})
    broken = a_log("broken", answers(*[0.0] * 6), problems=(Problem("ended", 4, "OSError"),))
    trial = a_log("trial", answers(*[0.0] * 4))
    empty = a_log("empty", answers(None, None))
    taken = runs([copy, trial, empty, broken, whole])
    assert [run.log.source.path for run in taken.runs] == ["copy"]
    assert {each.file: (each.reason, each.rows_lost) for each in taken.aside} == {
        "whole": ("the same run as copy", 0),
        "trial": ("m on t: 4 of 10 items, set aside beside a larger run", 4),
        "empty": ("m on t: no score, set aside beside a larger run", 2),
        "broken": ("m on t: another run came to its end, so this one is set aside", 6),
    }
    assert runs([broken]).aside == ()


def test_two_parts_of_one_file_are_no_copies_of_each_other():
    whole = replace(a_log("a", answers(1.0)), source=Source("a", "5a", "inspect_json", 1))
    assert len(runs([whole, replace(whole)]).runs) == 2
    elsewhere = replace(whole, source=Source("b", "5a", "inspect_json", 1))
    assert len(runs([whole, elsewhere]).runs) == 1


def test_letters_mean_nothing_where_another_run_shows_other_words():
    graded = {"item": ["1", "2"], "reading": ["judge"] * 2}
    five = a_log("a", {**graded, "grade": ["A", "C"], "score": [None, None]}, words=frozenset({"judge"}))
    three = replace(
        a_log(
            "b",
            {**graded, "grade": ["C", "C"], "score": [1.0, 1.0]},
            aggregates=(Aggregate(reading="judge", metric="accuracy", value=1.0),),
        ),
        model="n",
    )
    assert scores("all", runs([five, three]).runs) is None
    taken = runs([five, three], correct=["a", "B"])
    assert dict(scores("all", taken.runs).scores.select("model", "score").iter_rows()) == {"m": 0.5, "n": 0.0}
    assert responses(taken.runs).frame.collect()["score"].to_list() == [1.0, 0.0, 0.0, 0.0]
    # Kept in a store, a log has the means of its rows and no rows.
    kept = replace(three, items=items_frame(), means=item_means(three.items))
    assert scores("all", runs([five, kept]).runs) is None


def test_a_reading_is_chosen_by_its_name_its_metric_or_its_filter():
    values = {"em,strict": 0.0, "em,flexible": 0.75, "f1": 0.5}
    log = a_log(aggregates=tuple(Aggregate(reading=name, metric=name, value=value) for name, value in values.items()))
    for asked, value in ((None, 0.5), ("em,flexible", 0.75), ("flexible", 0.75), ("F1", 0.5), ("em", 0.0)):
        (run,) = runs([log], reading=asked).runs
        assert run.result.score == value
    other = replace(a_log("o", aggregates=(Aggregate(reading="acc", metric="acc", value=0.2),)), task="u")
    assert [run.result.score for run in runs([log, other], reading="flexible").runs] == [0.75, 0.2]
    with pytest.raises(UnknownName, match="acc"):
        runs([other], reading="strict")


@pytest.mark.parametrize(("benchmark", "metric"), [("NarrativeQA - F1", "f1_score"), ("narrative_qa", "exact_match")])
def test_the_metric_a_benchmark_is_named_after_stands_for_it(benchmark, metric):
    log = a_log(
        aggregates=(
            Aggregate(reading="em", metric="exact_match", value=0.0),
            Aggregate(reading="f1", metric="f1_score", value=0.2),
        )
    )
    assert Run(log=log, model="m", benchmark=benchmark).result.metric == metric
