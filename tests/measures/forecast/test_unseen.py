"""F5: the chance of an unseen failure mode against what is tolerated."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.forecast.unseen import MEASURE, figure, judge, unseen_modes
from measurand.results import Status
from measurand.simulate.forecast.unseen import failures_of
from measurand.tables import Failures


def found_in(counts, cluster="none", **settings):
    return unseen_modes(failures_of(np.array(counts)), cluster=cluster, rng=np.random.default_rng(0), **settings)


def test_the_spider_data_as_failures(shared):
    """S 26 of 168, Chao1 43.892857, coverage .928855; the interval of the chance of a new kind straddles 5%."""
    golden = json.loads((shared / "data/golden/species_richness/spider.json").read_text())
    result = found_in(golden["counts"]["Girdled"])
    finding = judge(result)[1]
    assert finding.estimate("modes_at_least").value == pytest.approx(43.892857)
    assert (finding.estimate("modes_at_least").low, finding.estimate("modes_at_least").high) == (30, 97)
    assert finding.estimate("coverage").value == pytest.approx(0.928855, abs=1e-6)
    assert finding.status is Status.CAUTION
    assert "at least 44 are estimated to exist" in finding.sentence


@pytest.mark.parametrize(
    ("counts", "status", "words"),
    [
        ([200, 150, 90, 40], Status.PASSED, "none is estimated to be missing"),
        ([10, *[1] * 40], Status.ISSUE, "above the tolerated 5%"),
        ([40, 30, 20, 2, 1, 1, 1, 1], Status.CAUTION, "which leaves open whether it is below the tolerated 5%"),
    ],
)
def test_the_verdict(counts, status, words):
    headline, finding = judge(found_in(counts))
    assert finding.status is headline.status is status
    assert words in finding.sentence
    assert "nan" not in finding.sentence


def test_an_open_verdict_says_how_many_more_failures_would_decide_it():
    finding = judge(found_in([60, 30, 20, 3, 2, 1, 1]))[1]
    assert finding.status is Status.CAUTION
    assert "more failures would decide it if this chance stayed" in finding.sentence
    # With fewer failures the tolerated 5% lies within a standard error of the chance, on whose side nobody knows.
    nearer = judge(found_in([50, 30, 20, 3, 2, 1, 1]))[1]
    assert nearer.status is Status.CAUTION
    assert nearer.sentence.endswith("whether it is below the tolerated 5%.")


def test_rows_and_counts_and_runs_without_a_failure_say_the_same():
    modes = ["a"] * 15 + ["b"] * 9 + ["c"] + [None] * 75
    rows = Failures.build(pl.DataFrame({"mode": modes}))
    counted = Failures.build(pl.DataFrame({"mode": ["a", "b", "c", None], "count": [15, 9, 1, 75]}))
    rng = (np.random.default_rng(0) for _ in range(2))
    first, second = (unseen_modes(table, rng=next(rng)).models[0] for table in (rows, counted))
    assert (first.failures, first.runs, first.chance) == (second.failures, second.runs, second.chance)
    assert (first.failures, first.runs, first.chance.value) == (25, 100, 0.04)
    assert found_in([15, 9, 1]).models[0].runs is None


def test_a_task_counts_once_however_often_it_fails():
    """By the slow definition: each task in turn left out, the chance that one of its failures is of a mode unseen."""
    rng = np.random.default_rng(1)
    task = np.repeat(np.arange(60), rng.integers(1, 6, 60))
    mode = rng.integers(0, 40, len(task))
    rows = pl.DataFrame({"mode": [f"m{each}" for each in mode], "task_id": task, "note": "x"})
    found = unseen_modes(Failures.build(rows), cluster="task_id", rng=rng).models[0]
    shares = [np.mean(~np.isin(mode[task == each], mode[task != each])) for each in range(60)]
    assert found.chance.value == pytest.approx(np.mean(shares))
    assert (found.failures, found.repeats) == (60, len(task) - 60)
    assert found.once == sum(len(set(task[mode == each])) == 1 for each in range(40))


def test_the_same_failure_in_every_epoch_changes_nothing():
    modes = ["a"] * 20 + ["b"] * 12 + ["c", "d", "e"]
    once = pl.DataFrame({"mode": modes, "sample": [str(place) for place in range(35)]})
    alone, repeated, counted = (
        unseen_modes(Failures.build(rows), rng=np.random.default_rng(0))
        for rows in (once, pl.concat([once] * 3), once.with_columns(count=pl.lit(3)))
    )
    for result in (repeated, counted):
        assert result.models[0].chance == alone.models[0].chance
        assert result.models[0].richness == alone.models[0].richness
        assert "5 failure modes on 35 tasks that failed 105 times, 3 seen on one task" in judge(result)[1].sentence
    assert (alone.task, alone.models[0].repeats) == ("sample", 0)


@pytest.mark.parametrize("counts", [[200, 150, 90, 40], [10, *[1] * 40]])
def test_without_tasks_no_verdict_is_given_but_a_caution(counts):
    findings = judge(found_in(counts, cluster=None))
    assert {finding.status for finding in findings} == {Status.CAUTION}
    assert "if each failure is of another task." in findings[1].sentence
    assert any("61%, 18% and 0%" in caveat for caveat in findings[0].caveats)
    with pytest.raises(UnknownName, match="no column of groups named 'clustre'; did you mean 'cluster'"):
        found_in(counts, cluster="clustre")


def test_several_models_share_the_level_and_one_with_few_failures_is_a_row():
    large = failures_of(np.array([40, 30, 3, 1])).frame
    both = [large.with_columns(model=pl.lit(name)) for name in ("a", "b")]
    few = failures_of(np.array([3, 1])).frame.with_columns(model=pl.lit("few"))
    result = unseen_modes(Failures.build(pl.concat([*both, few])), cluster="none", rng=np.random.default_rng(0))
    assert result.models[0].chance.high > found_in([40, 30, 3, 1]).models[0].chance.high
    findings = judge(result)
    assert "it is greatest for" in findings[0].sentence
    assert findings[-1].status is Status.NOT_APPLICABLE
    assert "4 failures with a mode, which leave open one that makes up 52.7% of failures" in findings[-1].sentence


def test_too_few_failures_and_settings_out_of_range():
    with pytest.raises(NotApplicable, match=r"4 failures with a mode, .* needs at least 20 failures"):
        found_in([3, 1])
    with pytest.raises(NotApplicable, match="0 failures with a mode"):
        unseen_modes(Failures.build(pl.DataFrame({"mode": [None, None]})), rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="resamples should be at least 20, got 5"):
        found_in([40, 1], resamples=5)
    with pytest.raises(InputError, match="tolerated_unseen"):
        judge(found_in([40, 1]), tolerated_unseen=5)


def test_the_picture_goes_on_to_twice_the_failures():
    (drawn,) = figure(found_in([40, 20, 5, 2, 1, 1]))
    series = drawn.columns["series"]
    assert set(series) == {"in so many of the failures seen", "expected in more"}
    assert max(drawn.columns["failures"]) == 138
    assert drawn.columns["failures"].count(69) == 2
    assert MEASURE.code == "F5"
