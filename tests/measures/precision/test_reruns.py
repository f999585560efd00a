"""P6: runs are epochs, intervals are over items, and the verdict looks at them."""

from __future__ import annotations

import csv

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.reruns import MEASURE, figure, judge, reruns
from measurand.report import render
from measurand.results import Status
from measurand.stats.items.reruns import agreement_limits, all_same, intraclass
from measurand.tables import RESPONSE_COLUMNS, Responses


def drawn(items=200, runs=5, flips=0.2, models=1, seed=0):
    """Scores of items of which a share is settled and the rest vary from run to run."""
    rng = np.random.default_rng(seed)
    chance = rng.random((models, items))
    chance = np.where(rng.random((models, items)) < 3 * flips, chance, chance > 0.5)
    return (rng.random((models, items, runs)) < chance[..., None]).astype(float)


def with_answers(responses, answers):
    return Responses(responses.frame.with_columns(pl.Series("answer", answers, dtype=pl.String)), responses.cluster)


def test_numbers_are_those_of_the_definitions(make_responses):
    scores = drawn()
    (found,) = reruns(make_responses(scores)).each
    right = scores[0].sum(axis=1)
    counts, item = np.column_stack([right, 5 - right]).ravel().astype(int), np.repeat(np.arange(200), 2)
    assert found.flips == agreement_limits(1 - all_same(counts, item, 2), None, 0.95)
    assert found.same_score.value == pytest.approx(np.isin(right, (0, 5)).mean())
    within, runs = scores[0].var(axis=1, ddof=1), np.full(200, 5)
    assert found.intraclass.value == pytest.approx(intraclass(right / 5, within, runs, None, 0.95).value)
    assert (found.runs, found.items, found.same_answer) == (5, 200, None)


def test_answers_of_gpt_4o_agree_as_published(shared):
    # Atil et al. 2024, published_stability_eval.csv: TARr, to its printed decimals.
    folder = shared / "data/robustness/llm_stability"
    rows = pl.read_csv(folder / "responses_hashed.csv").select(
        pl.lit("gpt-4o").alias("model"),
        pl.col("task").alias("benchmark"),
        pl.col("q").cast(pl.String).alias("item"),
        pl.col("run").cast(pl.Int32).alias("epoch"),
        pl.lit(0.0).alias("score"),
        pl.col("resp_sha1").alias("answer"),
    )
    found = reruns(Responses(pl.concat([pl.DataFrame(schema=RESPONSE_COLUMNS), rows], how="diagonal").lazy())).each
    with open(folder / "published_stability_eval.csv") as file:
        published = {row["task"]: row for row in csv.DictReader(file)}
    assert {each.benchmark for each in found} == set(published)
    for each in found:
        row = published[each.benchmark]
        assert each.runs == int(row["N"])
        assert each.items == int(row["num_questions"])
        assert f"{100 * each.same_answer.value:.1f}%" == row["TARr"]
        assert each.same_answer.low < each.same_answer.value < each.same_answer.high


def test_epochs_are_not_items(make_responses):
    """Ten runs of 20 items say what 20 items say."""
    few = reruns(make_responses(drawn(20, 10))).each[0]
    many = reruns(make_responses(drawn(200, 2))).each[0]
    assert few.items == 20
    assert few.flips.high - few.flips.low > 1.5 * (many.flips.high - many.flips.low)


def test_clusters_widen_the_interval(make_responses):
    scores = np.repeat(drawn(20, 5), 10, axis=1)
    clusters = np.repeat(np.arange(20), 10)
    clustered = reruns(make_responses(scores, clusters)).each[0]
    naive = reruns(make_responses(scores)).each[0]
    assert clustered.clusters == 20
    assert naive.clusters is None
    assert clustered.flips.value == pytest.approx(naive.flips.value)
    assert clustered.flips.high - clustered.flips.low > 2 * (naive.flips.high - naive.flips.low)


def test_answers_may_differ_where_scores_do_not(make_responses):
    responses = make_responses(np.zeros((1, 30, 2)))
    found = reruns(with_answers(responses, ["A", "B"] * 30)).each[0]
    assert (found.flips.value, found.same_score.value) == (0, 1)
    assert (found.same_answer.value, found.answer_pairs.value) == (0, 0)
    # No answer is an answer like any other, but where none is recorded there is nothing to compare.
    found = reruns(with_answers(responses, ["A", None] * 15 + [None, None] * 15)).each[0]
    assert found.same_answer.value == 0.5


def test_items_with_fewer_runs_count_for_pairs_and_not_for_all(make_responses):
    scores = drawn(60, 4)
    scores[0, :20, 2:] = np.nan
    scores[0, 20:25, 1:] = np.nan
    found = reruns(make_responses(scores)).each[0]
    assert (found.runs, found.items, found.complete) == (4, 55, 35)
    finding = judge(reruns(make_responses(scores)))[1]
    assert [finding.estimate(name).n for name in ("flip_rate", "tar_score_at_4")] == [55, 35]


@pytest.mark.parametrize(
    ("flips", "status", "words"),
    [
        (0.25, Status.ISSUE, "report the mean of several"),
        (0.02, Status.PASSED, "much the same"),
        (0.10, Status.CAUTION, "too few items"),
    ],
)
def test_the_verdict_looks_at_the_interval(make_responses, flips, status, words):
    headline, finding = judge(reruns(make_responses(drawn(400, 5, flips))))
    assert (finding.status, headline.status) == (status, status)
    assert words in finding.sentence
    assert headline.subject == {}
    assert finding.subject == {"benchmark": "b", "model": "m0"}


def test_runs_that_all_agree_pass_only_with_enough_items(make_responses):
    few, many = (judge(reruns(make_responses(np.ones((1, n, 5)))))[1] for n in (20, 60))
    assert (few.status, many.status) == (Status.CAUTION, Status.PASSED)
    # Clopper and Pearson: 0 of 20 has the upper limit .168 at 95%.
    assert few.estimate("flip_rate").high == pytest.approx(0.168, abs=5e-4)
    assert "0% [0%, 16.8%]" in few.sentence
    assert "intraclass_correlation" not in {estimate.name for estimate in few.estimates}


def test_what_counts_as_unreliable_can_be_set(make_responses):
    result = reruns(make_responses(drawn(400, 5, 0.2)))
    assert judge(result, flip_tolerance=0.4)[1].status is Status.PASSED
    with pytest.raises(InputError, match="flip_tolerance should be in"):
        judge(result, flip_tolerance=10)


def test_one_unlucky_model_of_many_is_no_headline(make_responses):
    result = reruns(make_responses(drawn(200, 5, 0.12, models=8, seed=3)))
    headline, *each = judge(result)
    assert any(finding.status is Status.ISSUE for finding in each)
    assert headline.status is Status.CAUTION
    assert headline.sentence.startswith("4 of the 8 scores would change on over 10% of the items if run again; ")


def test_single_runs_are_not_applicable(make_responses):
    with pytest.raises(NotApplicable, match="at least 2 runs"):
        reruns(make_responses(drawn(50, 1)))
    with pytest.raises(NotApplicable, match="at least 2 runs"):
        reruns(make_responses(drawn(9, 5)))


def test_models_run_once_among_others_are_a_visible_row(make_responses):
    scores = drawn(50, 3, models=3)
    scores[1, :, 1:] = np.nan
    findings = judge(reruns(make_responses(scores)))
    (row,) = (finding for finding in findings if finding.status is Status.NOT_APPLICABLE)
    assert "m1 ran fewer than 10 items more than once" in row.sentence
    assert {finding.subject.get("model") for finding in findings[1:3]} == {"m0", "m2"}


def test_one_cluster_has_no_interval_and_no_verdict(make_responses):
    (_, finding) = judge(reruns(make_responses(drawn(50, 3), [0] * 50)))
    assert finding.status is Status.CAUTION
    assert finding.estimate("flip_rate").low is None
    assert "one cluster" in finding.sentence


def test_scores_that_are_not_right_or_wrong_are_compared_as_they_are(make_responses):
    found = judge(reruns(make_responses(drawn(50, 3) * 7 + 1)))[1]
    assert found.estimate("flip_rate").value == pytest.approx(
        judge(reruns(make_responses(drawn(50, 3))))[1].estimate("flip_rate").value
    )
    assert "not only 0 and 1" in found.caveats[0]


def test_runs_may_range_further_than_the_means_of_items(make_responses):
    scores = np.tile([[[0.0, 10.0]], [[5.0, 5.2]]], (1, 15, 1))
    deviation = reruns(make_responses(scores)).each[0].deviation
    # Half a range squared a item, twice over: sqrt(0.5 / 15) of the range.
    assert deviation.value == pytest.approx(np.sqrt(0.5 / 15))


def test_every_estimate_carries_its_interval(make_responses):
    finding = judge(reruns(make_responses(drawn()), level=0.9))[1]
    assert {estimate.name for estimate in finding.estimates} == {
        "flip_rate",
        "pairwise_agreement_score",
        "tar_score_at_5",
        "intraclass_correlation",
        "run_to_run_deviation",
    }
    for estimate in finding.estimates:
        assert estimate.low < estimate.value < estimate.high
        assert estimate.level == 0.9
        assert estimate.n == 200


def test_a_level_out_of_range_is_refused(make_responses):
    with pytest.raises(InputError, match="level"):
        reruns(make_responses(drawn()), level=95)


def test_the_figure_has_a_row_for_each_agreement(make_responses):
    responses = make_responses(drawn(models=2))
    letters = responses.frame.select(
        pl.when(pl.col("score") > 0).then(pl.lit("A")).otherwise(pl.lit("B")).alias("answer")
    )
    (picture,) = figure(reruns(with_answers(responses, letters.collect()["answer"])))
    assert len(picture.columns["model"]) == 8
    assert set(picture.columns["agreement"]) == {
        "two runs, same score",
        "all runs, same score",
        "two runs, same answer",
        "all runs, same answer",
    }
    assert picture.select == ("benchmark",)
    assert b"<svg" in render(picture)
    assert MEASURE.settings == {"level": 0.95, "flip_tolerance": 0.1}
