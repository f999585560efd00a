"""P12: agreement of graders, what a swap of graders does to scores, and scores corrected by hand labels."""

from __future__ import annotations

import csv

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.graders import MEASURE, figure, graders, judge
from measurand.measures.precision.shared.ratings import MOST_GRADERS, ratings_of
from measurand.results import Status
from measurand.stats.items.agreement import cohen_kappa
from measurand.stats.items.corrections import prediction_powered, rogan_gladen
from measurand.tables import RESPONSE_COLUMNS, Responses


def responses(rows, cluster=None):
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in RESPONSE_COLUMNS}, schema=RESPONSE_COLUMNS)
    return Responses(frame.lazy(), cluster)


def panel(by, column="grader", model="m", benchmark="b", cluster=None):
    """Rows of graders, each with an array of scores over the same items, NaN where it gave none."""
    return [
        {
            "model": model,
            "benchmark": benchmark,
            "item": f"q{place:04d}",
            "epoch": 1,
            column: name,
            "score": float(score),
            "context_hash": None if cluster is None else f"c{cluster[place]}",
        }
        for name, scores in by.items()
        for place, score in enumerate(scores)
        if np.isfinite(score)
    ]


def found(given, level=0.95, **settings):
    result = graders(given, level=level, resamples=200, rng=np.random.default_rng(0))
    return result, judge(result, **settings)


def finding_of(findings, **subject):
    (finding,) = (f for f in findings if f.subject == subject)
    return finding


def noisy(truth, error, seed=0):
    drawn = np.random.default_rng(seed)
    return np.where(drawn.random(len(truth)) < error, 1 - truth, truth)


TRUTH = (np.random.default_rng(9).random(300) < 0.4).astype(float)


def test_graders_that_agree_and_score_alike_pass():
    _, findings = found(responses(panel({"a": TRUTH, "b": noisy(TRUTH, 0.02)})))
    assert {finding.status for finding in findings} == {Status.PASSED}
    kappa = finding_of(findings, benchmark="b", graders="a and b").estimate("cohen_kappa")
    assert (kappa.value, kappa.low, kappa.high) == pytest.approx(cohen_kappa(TRUTH, noisy(TRUTH, 0.02)))


def test_a_lenient_grader_moves_the_score_and_is_an_issue():
    lenient = np.where(np.random.default_rng(0).random(300) < 0.3, 1.0, TRUTH)
    _, findings = found(responses(panel({"strict": TRUTH, "lenient": lenient})))
    finding = finding_of(findings, benchmark="b", model="m", graders="lenient and strict")
    difference = TRUTH - lenient
    half = 1.967903 * difference.std(ddof=1) / np.sqrt(300)  # t quantile of .975 with 299 degrees of freedom
    shift = finding.estimate("score_shift")
    assert (shift.value, shift.low, shift.high) == pytest.approx(
        (difference.mean(), difference.mean() - half, difference.mean() + half), abs=1e-6
    )
    assert finding.status is Status.ISSUE
    assert findings[0].status is Status.ISSUE
    assert findings[0].sentence.endswith(
        "Swapping the grader moves the score of m on b by −15.7 points, more than 5 points."
    )


def test_graders_no_better_than_chance_are_an_issue():
    other = (np.random.default_rng(3).random(300) < 0.4).astype(float)
    _, findings = found(responses(panel({"a": TRUTH, "b": other})))
    finding = finding_of(findings, benchmark="b", graders="a and b")
    assert finding.status is Status.ISSUE
    assert "conclusions stop being safe" in finding.sentence


@pytest.mark.parametrize("readings", [("exact", "model"), ("acc", "acc_norm"), ("judge/tone", "judge/fact")])
def test_readings_of_a_response_are_not_graders_of_it(readings):
    rows = panel(dict(zip(readings, (TRUTH, noisy(TRUTH, 0.1)), strict=True)), "reading")
    with pytest.raises(NotApplicable, match="one grader only"):
        found(responses(rows))


def test_what_people_scored_is_a_grader_under_any_column():
    rows = panel({"human": TRUTH}, "reading") + panel({"gpt": noisy(TRUTH, 0.1)})
    result, _ = found(responses(rows))
    assert {result.agreements[0].first, result.agreements[0].second} == {"gpt", "human"}


def test_graders_who_gave_two_readings_are_compared_on_one():
    of = {"fact": TRUTH, "tone": 1 - TRUTH}
    rows = [
        row | {"grader": g}
        for g, p in (("gpt", 0.1), ("llama", 0.12))
        for name, truth in of.items()
        for row in panel({name: noisy(truth, p)}, "reading")
    ]
    result, _ = found(responses(rows))
    assert [(each.first, each.second) for each in result.agreements] == [("gpt", "llama")]
    with pytest.raises(NotApplicable, match="one grader only"):
        found(responses([row for row in rows if row["grader"] == "gpt"]))


def test_dozens_of_metrics_are_no_panel():
    rows = panel({f"metric{i:02d}": noisy(TRUTH[:40], 0.1, i) for i in range(20)} | {"human": TRUTH[:40]})
    (ratings,) = ratings_of(responses(rows))
    assert len(ratings.graders) == MOST_GRADERS
    assert "human" in ratings.graders


def test_hand_labels_come_first_and_correct_the_score():
    drawn = np.random.default_rng(1)
    machine = np.where(drawn.random(300) < 0.2, 1.0, TRUTH)
    hand = np.where(drawn.permutation(300) < 120, TRUTH, np.nan)
    result, findings = found(responses(panel({"autograder": machine, "Human X": hand})))
    assert (result.agreements[0].first, result.agreements[0].second) == ("Human X", "autograder")
    finding = finding_of(findings, benchmark="b", model="m", grader="autograder")
    powered = finding.estimate("score_corrected")
    assert (powered.value, powered.low, powered.high) == pytest.approx(prediction_powered(machine, hand))
    gladen = finding.estimate("score_rogan_gladen")
    assert (gladen.value, gladen.low, gladen.high) == pytest.approx(rogan_gladen(machine, hand).rate)
    assert finding.estimate("score_as_graded").value == pytest.approx(machine.mean())
    assert finding.status is Status.ISSUE


def test_fewer_than_20_hand_labels_correct_nothing():
    hand = np.where(np.arange(300) < 19, TRUTH, np.nan)
    result, _ = found(responses(panel({"auto": TRUTH, "gold": hand})))
    assert result.corrections == ()
    assert result.agreements[0].n == 19


def test_items_run_by_several_models_are_clusters():
    one, other = noisy(TRUTH, 0.1), noisy(TRUTH, 0.15, 1)
    rows = [row for model in ("m1", "m2", "m3") for row in panel({"a": one, "b": other}, model=model)]
    result, findings = found(responses(rows))
    agreement = result.agreements[0]
    assert (agreement.n, agreement.clusters) == (900, 300)
    assert agreement.value == pytest.approx(cohen_kappa(one, other))
    assert "900 samples of 300 items" in finding_of(findings, benchmark="b", graders="a and b").sentence


def test_a_named_cluster_is_the_cluster():
    cluster = np.arange(300) // 10
    rows = panel({"a": TRUTH, "b": noisy(TRUTH, 0.1)}, cluster=cluster)
    result, findings = found(responses(rows, "context_hash"))
    assert result.agreements[0].value == pytest.approx(cohen_kappa(TRUTH, noisy(TRUTH, 0.1), cluster))
    assert "300 samples of 30 clusters" in finding_of(findings, benchmark="b", graders="a and b").sentence


def test_ratings_out_of_01_are_compared_by_krippendorff_and_their_shift_is_not_judged():
    drawn = np.random.default_rng(0)
    one = drawn.integers(1, 11, 80).astype(float)
    rows = panel({"a": one, "b": np.clip(one + drawn.integers(-1, 2, 80), 1, 10)})
    result, findings = found(responses(rows))
    assert result.agreements[0].kind == "alpha"
    assert result.agreements[0].value.value > 0.8
    assert finding_of(findings, benchmark="b", model="m", graders="a and b").status is Status.NOT_APPLICABLE


def test_scores_on_different_scales_are_not_compared():
    rows = panel({"a": TRUTH, "b": noisy(TRUTH, 0.1), "points": 10 * TRUTH + 1})
    result, findings = found(responses(rows))
    refused = finding_of(findings, benchmark="b", graders="a and points")
    assert refused.status is Status.NOT_APPLICABLE
    assert "different scales" in refused.sentence
    assert len(result.agreements) == 1


def test_three_graders_get_one_alpha_together():
    rows = panel({"a": TRUTH, "b": noisy(TRUTH, 0.1), "c": noisy(TRUTH, 0.1, 1)})
    result, findings = found(responses(rows))
    assert result.together[0].graders == ("a", "b", "c")
    assert finding_of(findings, benchmark="b", graders="a, b, c").sentence.startswith("All 3 graders")


def test_where_all_have_one_label_agreement_is_the_answer_and_kappa_undefined():
    # shared/data/cases/08: 40 of 40, at least 91% (Clopper-Pearson, .025**(1/40) = .912).
    result, findings = found(responses(panel({"a": np.ones(40), "b": np.ones(40)})))
    finding = finding_of(findings, benchmark="b", graders="a and b")
    assert finding.status is Status.PASSED
    assert (
        "a and b give one and the same score to all 40 samples on b: they agree on at least 91.2%" in finding.sentence
    )
    assert "Agreement beyond chance is undefined" in finding.sentence
    assert finding.estimate("cohen_kappa").value is None
    same = finding.estimate("same_score")
    assert (same.value, same.low, same.high) == (1, pytest.approx(0.025 ** (1 / 40)), 1)
    assert result.agreements[0].same.low == same.low


def test_one_label_of_few_samples_or_few_clusters_is_not_enough_and_a_panel_says_the_same():
    _, few = found(responses(panel({"a": np.ones(20), "b": np.ones(20)})))
    assert finding_of(few, benchmark="b", graders="a and b").status is Status.CAUTION
    rows = panel({name: np.full(60, 3.0) for name in "abc"}, cluster=np.arange(60) // 6)
    _, findings = found(responses(rows, "context_hash"))
    together = finding_of(findings, benchmark="b", graders="a, b, c")
    assert together.status is Status.CAUTION
    # Ten clusters are ten trials: .025**(1/10) = .692.
    assert "All 3 graders on b give one and the same score to all 60 samples: they agree on at least 69.2%" in (
        together.sentence
    )


def test_graders_that_never_differ_still_have_an_interval():
    result, findings = found(responses(panel({"a": TRUTH[:60], "b": TRUTH[:60]})))
    # Exact (Clopper-Pearson) upper limit of 0 in 60: 1 - .025**(1/60).
    most = 1 - 0.025 ** (1 / 60)
    assert result.shifts[0].difference == pytest.approx((0, -most, most))
    assert finding_of(findings, benchmark="b", model="m", graders="a and b").status is Status.CAUTION
    assert result.agreements[0].value.low < 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (panel({"a": TRUTH}), "one grader only"),
        (panel({"a": TRUTH[:9], "b": TRUTH[:9]}), "share 9 samples"),
        (
            panel({"a": np.where(np.arange(300) % 2, TRUTH, np.nan), "b": np.where(np.arange(300) % 2, np.nan, 1)}),
            "one",
        ),
        ([], "one grader only"),
    ],
)
def test_without_two_graders_of_the_same_samples_it_says_what_is_needed(rows, words):
    with pytest.raises(NotApplicable, match=words) as refusal:
        found(responses(rows))
    assert refusal.value.needs == "at least 10 samples scored by two graders on one scale"


@pytest.mark.parametrize("settings", [{"level": 95}, {"resamples": 10}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(InputError, match="should be"):
        graders(responses(panel({"a": TRUTH, "b": TRUTH})), **settings, rng=np.random.default_rng(0))


def test_the_order_of_rows_does_not_matter():
    rows = panel({"a": TRUTH, "b": noisy(TRUTH, 0.1), "c": noisy(TRUTH, 0.2)})
    sentences = [[f.sentence for f in found(responses(order))[1]] for order in (rows, rows[::-1])]
    assert sentences[0] == sentences[1]


def test_pictures_show_scores_by_grader_and_the_table_of_both():
    result, _ = found(responses(panel({"a": TRUTH, "b": noisy(TRUTH, 0.1)})))
    scores, table = figure(result)
    assert scores.columns["grader"] == ("a", "b")
    assert scores.columns["score"] == pytest.approx((TRUTH.mean(), noisy(TRUTH, 0.1).mean()))
    assert sum(table.columns["share"]) == pytest.approx(1)


def test_jailbreakbench_two_judges(shared):
    with open(shared / "data/elicitation/jbb_elicitation/jbb_attempts.csv", newline="") as file:
        attempts = list(csv.DictReader(file))
    rows = [
        {
            "model": row["model"],
            "benchmark": row["method"],
            "item": row["index"],
            "epoch": 1,
            "grader": judge_name,
            "score": float(row[judge_name]),
        }
        for row in attempts
        for judge_name in ("jailbroken", "llama_guard1")
        if row[judge_name]
    ]
    result, findings = found(responses(rows))
    whole = finding_of(findings, benchmark="all benchmarks", graders="jailbroken and llama_guard1")
    # The published files: kappa .8057 over 1,600; +4 to +16 points for PAIR, -1 to -22 for GCG.
    assert whole.estimate("cohen_kappa").value == pytest.approx(0.8057, abs=5e-5)
    assert whole.result["samples"] == 1600
    moves = {
        name: sorted(round(100 * shift.difference.value) for shift in result.shifts if shift.benchmark == name)
        for name in ("PAIR", "GCG")
    }
    assert (moves["PAIR"][0], moves["PAIR"][-1]) == (4, 16)
    assert (moves["GCG"][0], moves["GCG"][-1]) == (-22, -1)
    assert findings[0].status is Status.ISSUE


def test_three_graders_of_open_answers(shared):
    with open(shared / "data/harness_logs/judges/judge_q4.csv", newline="") as file:
        given = list(csv.DictReader(file))
    counts: dict[tuple[str, str, str], int] = {}
    rows = []
    for row in given:
        key = row["grader"], row["LLM"], row["item"]
        counts[key] = counts.get(key, 0) + 1
        rows.append(
            {
                "model": row["LLM"],
                "benchmark": "open answers",
                "item": row["item"],
                "epoch": counts[key],
                "grader": row["grader"],
                "score": float(row["score"]),
            }
        )
    result, findings = found(responses(rows))
    assert {(a.first, a.second) for a in result.agreements} == {
        ("Human", "Autograder A"),
        ("Human", "Autograder B"),
        ("Autograder A", "Autograder B"),
    }
    means = {
        name: np.mean([float(row["score"]) for row in given if (row["grader"], row["LLM"]) == (name, "LLM A")])
        for name in ("Human", "Autograder A")
    }
    (shift,) = (s for s in result.shifts if (s.model, s.first, s.second) == ("LLM A", "Human", "Autograder A"))
    assert shift.difference.value == pytest.approx(means["Autograder A"] - means["Human"])
    assert "All 3 graders on open answers" in " ".join(f.sentence for f in findings)


def test_the_measure_is_complete():
    assert MEASURE.code == "P12"
    assert MEASURE.settings == {"level": 0.95, "resamples": 1000, "agreeing": 2 / 3, "tolerance": 0.05}
