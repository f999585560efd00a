"""Paired differences: the right test for the data, Holm over pairs, and honest about what was not compared."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.precision.paired_difference import MOST_LISTED, compare, compared, figure, judge
from measurand.results import Status
from measurand.simulate.calibration import measure_rates
from measurand.stats.intervals.multiplicity import holm
from measurand.stats.intervals.paired import mcnemar_p_value
from measurand.tables import ItemTable, Responses


def drawn(models: int, items: int, seed: int = 0, step: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    chance = np.clip(0.4 + step * np.arange(models)[:, None] + 0.3 * (rng.random(items) - 0.5), 0, 1)
    return (rng.random((models, items)) < chance).astype(float)


def test_independent_answers_are_tested_by_mcnemar(make_responses):
    scores = drawn(2, 120)
    found = compare(make_responses(scores)).benchmarks[0].differences[0]
    b, c = ((scores[1] > scores[0]).sum(), (scores[0] > scores[1]).sum())
    assert (found.first, found.second, found.method) == ("m1", "m0", "exact McNemar")
    assert found.p_value == pytest.approx(float(mcnemar_p_value(b, c)))
    assert found.value == pytest.approx((b - c) / 120)
    assert found.low < found.value < found.high


def test_clusters_and_other_scores_are_tested_by_t_over_clusters(make_responses):
    scores, clusters = drawn(2, 120), np.arange(120) // 10
    found = compare(make_responses(scores, clusters)).benchmarks[0].differences[0]
    sums = (scores[1] - scores[0]).reshape(12, 10).sum(axis=1)
    stderr = np.sqrt(12 / 11 * ((sums - sums.mean()) ** 2).sum()) / 120
    assert found.stderr == pytest.approx(stderr)
    assert found.p_value == pytest.approx(2 * stats.t.sf(found.value / stderr, 11))
    continuous = np.random.default_rng(0).random((2, 30))
    expected = stats.ttest_rel(continuous[0], continuous[1])
    other = compare(make_responses(continuous)).benchmarks[0].differences[0]
    assert other.p_value == pytest.approx(expected.pvalue)
    limits = sorted(abs(x) for x in expected.confidence_interval(0.95))
    np.testing.assert_allclose(sorted((abs(other.low), abs(other.high))), limits)


def test_the_same_items_are_never_compared_unpaired(make_responses):
    scores = drawn(2, 100)
    scores[0, :40] = np.nan
    found = compare(make_responses(scores)).benchmarks[0].differences[0]
    assert (found.paired, found.n, found.left_out) == (True, 60, 40)


def test_of_pairs_some_of_which_share_no_question_none_is_said_to_be_told_apart_on_shared_ones(make_responses):
    scores = drawn(3, 100)
    scores[0, :50], scores[1, 50:] = np.nan, np.nan
    sentence = judge(compare(make_responses(scores)))[0].sentence
    assert "both answered" not in sentence
    assert sentence.endswith("; 1 pair was compared on different questions.")


def test_different_items_are_compared_unpaired_and_that_is_said(make_responses):
    scores = np.random.default_rng(1).random((2, 100))
    scores[0, :50], scores[1, 50:] = np.nan, np.nan
    result = compare(make_responses(scores))
    found = result.benchmarks[0].differences[0]
    expected = stats.ttest_ind(scores[0, 50:], scores[1, :50], equal_var=False)
    assert (found.paired, found.method) == (False, "unpaired (Welch)")
    assert found.p_value == pytest.approx(expected.pvalue)
    findings = judge(result)
    assert findings[0].sentence.endswith(
        "pair of models cannot be told apart; 1 pair was compared on different questions."
    )
    assert "on different 50 items" not in findings[2].sentence
    assert "different items (50 the fewer)" in findings[2].sentence


def test_holm_counts_all_pairs_of_a_benchmark_and_letters_follow(make_responses):
    result = compare(make_responses(drawn(5, 300)))
    benchmark = result.benchmarks[0]
    p_values = np.array([d.p_value for d in benchmark.differences])
    np.testing.assert_allclose([d.adjusted for d in benchmark.differences], holm(p_values))
    own = dict(zip(benchmark.models, benchmark.letters, strict=True))
    for d in benchmark.differences:
        assert bool(set(own[d.first]) & set(own[d.second])) == (d.adjusted >= 0.05)
    assert list(benchmark.scores) == sorted(benchmark.scores, reverse=True)
    plain = compare(make_responses(drawn(5, 300)), correction="none").benchmarks[0].differences
    assert [d.adjusted for d in plain] == [d.p_value for d in plain]


def test_a_named_pair_is_adjusted_over_its_benchmarks(make_responses):
    both = [make_responses(drawn(3, 80, seed), benchmark=name).frame for seed, name in ((0, "b1"), (1, "b2"))]
    result = compare(Responses(pl.concat(both)), pair=("m0", "m2"))
    differences = [benchmark.differences[0] for benchmark in result.benchmarks]
    assert len(differences) == 2
    np.testing.assert_allclose([d.adjusted for d in differences], holm(np.array([d.p_value for d in differences])))


def test_identical_answers_are_the_same_and_a_constant_lead_is_judged_by_its_clusters(make_responses):
    same = judge(compare(make_responses(np.tile(drawn(1, 40), (2, 1)))))
    assert same[-1].sentence == "m0 and m1 score the same on the same 40 items (difference 0 points [−6.6, 6.6])."
    base = np.tile([0.2, 0.4], 10)
    lead = compare(make_responses(np.vstack([base, base + 0.1]), np.arange(20) // 4)).benchmarks[0].differences[0]
    assert lead.p_value == pytest.approx(2 * 0.5**5)
    assert np.isnan(lead.low)


def test_one_cluster_tells_nothing(make_responses):
    result = compare(make_responses(drawn(2, 30), np.zeros(30)))
    assert np.isnan(result.benchmarks[0].differences[0].adjusted)
    assert judge(result)[-1].status is Status.CAUTION
    assert "too few to say more" in judge(result)[-1].sentence


def test_bad_input(make_responses):
    with pytest.raises(NotApplicable, match="no benchmark was run by two models"):
        compare(make_responses(drawn(1, 10)))
    given = make_responses(drawn(2, 10))
    with pytest.raises(UnknownName, match="m1"):
        compare(given, pair=("m0", "m11"))
    with pytest.raises(InputError, match="two different models, got m0, m0"):
        compare(given, pair=("m0", "m0"))
    with pytest.raises(InputError, match="correction should be holm, bh or none, got 'bonferroni'"):
        compare(given, correction="bonferroni")
    apart = pl.concat([make_responses(drawn(1, 9), models=[m], benchmark=m).frame for m in "xy"])
    with pytest.raises(NotApplicable, match="no benchmark was run by two"):
        compare(Responses(apart), pair=("x", "y"))


def test_sentences_say_size_basis_and_what_would_settle_it(make_responses):
    headline, summary, *pairs = judge(compare(make_responses(drawn(3, 200, step=0.06))))
    assert headline.sentence.endswith("pairs of models can be told apart on the questions both answered.")
    assert summary.result["letters"][0].startswith("m2: a")
    assert {pair.status for pair in pairs} == {Status.PASSED, Status.CAUTION}
    undecided = next(pair for pair in pairs if pair.status is Status.CAUTION)
    assert "such items would settle a difference of this size" in undecided.sentence
    assert undecided.estimate("variance_removed_by_pairing").value < 1


def test_of_many_pairs_neighbours_are_listed_and_the_matrix_holds_all(make_responses):
    result = compare(make_responses(drawn(11, 60, step=0.03)))
    assert len(result.benchmarks[0].differences) == 55 > MOST_LISTED
    assert len(judge(result)) == 2 + 10
    matrix, bars = figure(result)
    assert len(matrix.columns["row"]) == 11 * 11
    assert len(bars.columns["pair"]) == 10
    told = [v for v in matrix.columns["difference"] if v is not None]
    assert sum(told) == pytest.approx(0)  # each pair is there from both sides


@pytest.mark.slow
def test_false_alarms_and_coverage_at_reduced_size():
    for rate in measure_rates(runs=300, seed=4, codes=["P2"]):
        if rate.quantity == "false_alarm":
            assert rate.rate <= 0.09, rate  # .05 and three Monte Carlo standard errors
        if rate.quantity == "coverage":
            assert rate.rate >= 0.91, rate


def test_first_place_is_open_between_those_that_are_not_told_apart_from_the_first(make_responses):
    """Sixty models, each ten items apart: ten items (p .002) are not enough among 1,770 pairs, twenty are.

    Beyond 52 groups a letter gets a number ("a1"), and letters compared character by character gave many more.
    """
    scores = (np.arange(700) < 700 - 10 * np.arange(60)[:, None]).astype(float)
    _, summary, *_ = judge(compare(make_responses(scores)))
    assert summary.sentence.endswith("first place is open between m0 and m1.")
    letters = [text.split(": ")[1] for text in summary.result["letters"]]
    assert max(map(len, letters)) > 2  # the case has groups beyond Z


@pytest.mark.parametrize("models", [3, 27, 55])
def test_the_open_first_place_is_that_of_the_pairs(make_responses, models):
    result = compare(make_responses(drawn(models, 150, step=0.01)))
    (benchmark,) = result.benchmarks
    first = benchmark.models[0]
    beaten = {
        (d.second if d.first == first else d.first)
        for d in benchmark.differences
        if first in (d.first, d.second) and d.adjusted < 0.05
    }
    assert set(benchmark.open_first) == set(benchmark.models) - beaten


def test_a_difference_of_shares_stays_within_what_is_possible(make_responses):
    scores = np.array([[1.0, 1, 1, 1, 1, 0.5], [0.0, 0, 0, 0, 0.5, 0]])
    found = compare(make_responses(scores, np.array([0, 0, 0, 0, 1, 2]))).benchmarks[0].differences[0]
    assert found.high == 1.0
    assert found.low >= -1.0


def test_a_cluster_that_the_data_showed_is_said(make_responses):
    responses = make_responses(drawn(2, 120), np.arange(120) // 10)
    shown = Responses(responses.frame, responses.cluster, shown=True)
    assert "since the data show that their scores go together" in judge(compare(shown))[0].sentence
    assert "go together" not in judge(compare(responses))[0].sentence


@pytest.fixture
def at_most_five(monkeypatch):
    for module in ("paired_difference", "shared.model_pairs"):
        monkeypatch.setattr(f"measurand.measures.precision.{module}.MOST_COMPARED", 5)


@pytest.mark.parametrize("ran_all", [True, False])
def test_of_many_models_the_best_is_compared_with_every_other(make_responses, monkeypatch, ran_all):
    scores, clusters = drawn(8, 300, step=0.04), np.arange(300) // 5
    if not ran_all:
        scores[2, :30] = np.nan
    responses = make_responses(scores, clusters)
    every = compare(responses).benchmarks[0]
    for module in ("paired_difference", "shared.model_pairs"):
        monkeypatch.setattr(f"measurand.measures.precision.{module}.MOST_COMPARED", 7)
    found = compare(responses).benchmarks[0]
    assert (found.best_only, every.best_only) == (True, False)
    assert (found.models, found.scores) == (every.models, every.scores)
    best = [d for d in every.differences if found.models[0] in (d.first, d.second)]
    assert [(d.first, d.second) for d in found.differences] == [(d.first, d.second) for d in best]
    for mine, other in zip(found.differences, best, strict=True):
        for name in ("value", "low", "high", "stderr", "p_value", "n", "left_out", "reduction"):
            assert getattr(mine, name) == pytest.approx(getattr(other, name), nan_ok=True), name
        assert mine.adjusted == pytest.approx(min(1.0, 7 * other.p_value))
    assert set(found.open_first) == {found.models[0]} | {d.second for d in found.differences if d.adjusted >= 0.05}


def test_a_summary_of_many_models_says_what_was_compared_and_has_no_matrix(make_responses, at_most_five):
    result = compare(make_responses(drawn(8, 200, step=0.04), np.arange(200) // 5))
    headline, summary, *pairs = judge(result)
    apart = sum(d.adjusted < 0.05 for d in result.benchmarks[0].differences)
    assert 0 < apart < 7
    assert headline.sentence == (
        f"{apart} of 7 pairs compared can be told apart on the questions both answered; of more than 5 models on a "
        "benchmark the best alone is compared, with every other."
    )
    assert summary.sentence.startswith(f"m7, the best of 8 models, is told apart from {apart} of the others; ")
    assert summary.result["may_be_best"] == result.benchmarks[0].open_first
    assert len(pairs) == 7
    assert pairs[0].estimate("adjusted_p_value").method == "bonferroni"
    (drawn_,) = figure(result)
    assert drawn_.name == "P2.differences"
    assert {finding.figure for finding in (headline, summary, *pairs)} == {drawn_.name}


def test_one_that_is_best_in_truth_is_seldom_told_apart_from_the_best_seen(at_most_five):
    rng = np.random.default_rng(3)
    names, wrong = [f"m{i}" for i in range(12)], 0
    for _ in range(150):
        table = ItemTable.of("b", names, rng.random((12, 40)))
        wrong += "m0" not in compared([table], "holm", 0.95).benchmarks[0].open_first
    # All are equal, so that each is best; of 150 at a rate of 5%, 99% are at most 14.
    assert wrong <= 14


def test_no_correction_is_none_of_many_models_too(make_responses, at_most_five):
    result = compare(make_responses(drawn(8, 60)), correction="none")
    assert all(d.adjusted == d.p_value for d in result.benchmarks[0].differences)
