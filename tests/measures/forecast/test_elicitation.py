"""F4: what it takes to elicit a behaviour, on JailbreakBench's published attempts and on cases worked by hand."""

from __future__ import annotations

import csv
import math

import numpy as np
import polars as pl
import pytest

import measurand
from measurand.errors import InputError, UnknownName
from measurand.measures.forecast.elicitation import MEASURE, answer, elicitation, figure, judge
from measurand.results import Status
from measurand.tables import Attempts

SIZES = {"vicuna-13b-v1.5": 13e9, "llama-2-7b-chat-hf": 7e9}
"""Parameters by the names of the models."""


@pytest.fixture(scope="module")
def jailbreaks(shared):
    return measurand.read(shared / "data/elicitation/jbb_elicitation/jbb_attempts.csv").attempts


@pytest.fixture(scope="module")
def published(jailbreaks):
    return elicitation(jailbreaks, parameters=SIZES, baseline="PAIR", resamples=400, rng=np.random.default_rng(0))


def of(result, target, method):
    return next(row for row in result.rows if (row.target, row.method) == (target, method))


def spent(row, unit):
    return next(each for each in row.spent if each.unit == unit)


def table(queries, success, **columns):
    frame = {"target": "m", "behaviour": [f"b{i}" for i in range(len(queries))], "success": success, "queries": queries}
    return Attempts.build(pl.DataFrame({**frame, **columns}, strict=False))


def run(attempts, **settings):
    return elicitation(attempts, rng=np.random.default_rng(1), **settings)


def test_flop_per_success_are_the_published_ones(published, shared):
    """Target-side FLOP of each method: 2 N tokens over successes; no success is an infinite cost."""
    with open(shared / "data/elicitation/jbb_elicitation/expected_flops.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    for expected in rows:
        row = of(published, expected["model"], expected["method"])
        flop = spent(row, "flop")
        assert row.succeeded == int(expected["successes"])
        assert flop.per_success.value == pytest.approx(float(expected["flops_per_success"]), rel=1e-9)
        assert row.bill == {"target": 1.0}
        assert row.uncounted == ("attacker", "judge")


@pytest.mark.parametrize(
    ("target", "method", "median"),
    [("vicuna-13b-v1.5", "PAIR", 28.0), ("llama-2-7b-chat-hf", "adaptive_random_search", 32.0)],
)
def test_median_queries_to_a_jailbreak(published, target, method, median):
    """A behaviour that was not jailbroken is censored at its budget, whatever queries the attack's own judge names."""
    assert spent(of(published, target, method), "queries").quantile.value == median


def test_a_method_that_never_succeeds_has_a_lower_bound(published):
    row = of(published, "llama-2-7b-chat-hf", "PAIR")
    flop = spent(row, "flop")
    assert math.isinf(flop.per_success.value)
    assert flop.per_success.low == pytest.approx(
        4.1241172e14 / 0.3084971, rel=1e-6
    )  # scipy.stats.beta.ppf(.975, 1, 10)
    assert math.isinf(flop.quantile.value)
    assert 0 < flop.quantile.low <= flop.most
    finding = next(f for f in judge(published) if f.subject == {"target": row.target, "method": "PAIR"})
    told = finding.estimate("FLOP per success")
    assert (told.value, told.high) == (None, None)
    assert told.low > 1e15
    assert "whatever it takes is more than was spent" in finding.sentence


def test_without_parameters_flop_are_not_known_and_queries_are_counted(jailbreaks):
    result = run(jailbreaks, resamples=200)
    assert set(result.units.values()) == {"queries"}
    assert of(result, "vicuna-13b-v1.5", "DSN").spent == ()
    sentence = judge(result)[1].sentence
    assert "what it cost is not known" in sentence


def test_bits_are_the_logarithm_of_the_queries(published):
    finding = next(
        f for f in judge(published) if f.subject == {"target": "llama-2-7b-chat-hf", "method": "adaptive_random_search"}
    )
    assert finding.estimate("bits to 50%").value == 5.0
    assert "at most 5.0 bits of selection" in finding.sentence


def test_the_gap_to_a_baseline_and_how_many_times_less_it_takes(published):
    gap = next(g for g in published.gaps if (g.target, g.method) == ("vicuna-13b-v1.5", "adaptive_random_search"))
    assert gap.difference.value == pytest.approx(0.20)
    assert gap.unit == "flop"
    medians = [
        spent(of(published, gap.target, method), "flop").quantile.value for method in ("PAIR", "adaptive_random_search")
    ]
    assert gap.gain.value == pytest.approx(medians[0] / medians[1])
    assert gap.gain.low < gap.gain.value < gap.gain.high
    same = next(g for g in published.gaps if (g.target, g.method) == ("llama-2-7b-chat-hf", "JailbreakChat"))
    assert same.difference.value == 0
    assert math.isnan(same.difference.low)
    status = {(f.subject["target"], f.subject["method"]): f.status for f in judge(published) if "against" in f.subject}
    assert status["vicuna-13b-v1.5", "adaptive_random_search"] is Status.ISSUE
    assert status["gpt-4-0125-preview", "JailbreakChat"] is Status.PASSED
    assert status["llama-2-7b-chat-hf", "JailbreakChat"] is Status.CAUTION


def test_where_the_baseline_never_gets_there_the_gain_is_bounded_from_below():
    base = table([100.0] * 40, [0] * 40, method="as is").frame
    other = table([10.0] * 39 + [100.0], [1] * 39 + [0], method="search").frame
    gap = run(Attempts.build(pl.concat([base, other]))).gaps[0]
    assert math.isinf(gap.gain.value)
    assert gap.gain.low == 10.0
    assert "at least 10 times less" in judge(run(Attempts.build(pl.concat([base, other]))))[-1].sentence


def test_attempts_add_up_to_the_first_success_and_no_further():
    frame = pl.DataFrame(
        {
            "target": "m",
            "behaviour": ["a", "a", "a", "b", "b"],
            "success": [0, 1, 1, 0, 0],
            "queries": [1.0, 2.0, 50.0, 3.0, 4.0],
        }
    )
    result = run(Attempts.build(frame), reached=0.4)
    row = result.rows[0]
    assert (row.efforts, row.succeeded) == (2, 1)
    assert spent(row, "queries").per_success.value == 3.0 + 7.0
    assert spent(row, "attempts").per_success.value == 2 + 2
    assert "1 attempt came after the first success" in " ".join(result.notes)


def test_one_query_each_is_no_search_that_was_cut_short():
    """The longest behaviours alone come: the curve over tokens would climb to 1, yet 20 of 100 came in one query."""
    tokens = np.arange(1.0, 101.0)
    attempts = table([1.0] * 100, tokens > 80, tokens=tokens)
    row = run(attempts, unit="tokens").rows[0]
    for cost in (50, 80, 85, 90, 100):
        by_hand = np.mean((tokens > 80) & (tokens <= cost))
        assert spent(row, "tokens").curve.by(cost)[0] == pytest.approx(by_hand)
    assert math.isinf(spent(row, "tokens").quantile.value)
    assert spent(row, "tokens").per_success.value == pytest.approx(tokens.sum() / 20)
    assert "were not reached, which takes 100 tokens or more" in judge(run(attempts, unit="tokens"))[1].sentence
    cheap = judge(run(table([1.0] * 100, tokens <= 30, tokens=tokens), unit="tokens", budget=40.0))[1]
    assert cheap.estimate("success_within_budget").value == pytest.approx(0.3)
    assert cheap.status is Status.ISSUE
    # A search that stops at its success is one: here the last to be at risk come.
    searched = run(table(tokens, tokens > 80), unit="queries").rows[0]
    assert searched.spent[0].quantile.value < 100


def test_the_headline_says_where_the_baseline_says_too_little():
    base = table([1.0] * 60, [0] * 60, method="as is").frame
    other = table([1.0] * 60, [1] * 50 + [0] * 10, method="search").frame
    result = run(Attempts.build(pl.concat([base, other])))
    headline, *each = judge(result)
    assert headline.status is Status.ISSUE
    told = answer(result, (headline, *each))
    assert told.sentence == headline.sentence
    assert [row[0] for row in told.tables[0].rows] == ["search", "as is"]  # the cheapest first
    assert told.tables[0].rows[1][2:] == ("not reached", "no budget was given")
    assert told.cautions == ((Status.ISSUE, each[-1].sentence),)
    assert each[-1].short == "the baseline alone understates it"
    assert "On m, “as is” alone understates what can be elicited." in headline.sentence


def test_the_bill_is_shared_by_target_attacker_and_judge():
    columns = {"tokens": 1e3, "gradient_tokens": 500.0, "attacker_tokens": 2e3, "judge_flop": 1e13}
    attempts = table([1.0] * 10, [1] * 10, **{name: [value] * 10 for name, value in columns.items()})
    row = run(attempts, parameters={"m": 1e9, "attacker": 2e9}, prices={"m": 2.0, "attacker": 1.0}).rows[0]
    target, attacker, judged = 2e9 * (1e3 + 2 * 500), 4e9 * 2e3, 1e13
    total = target + attacker + judged
    assert row.spent[0].unit == "flop"
    assert row.spent[0].per_success.value == pytest.approx(total)
    assert row.bill == pytest.approx({"target": target / total, "attacker": attacker / total, "judge": judged / total})
    assert row.uncounted == ()
    assert spent(row, "money").per_success.value == pytest.approx(2.0 * 1e-3 + 1.0 * 2e-3)


def test_efforts_whose_cost_is_partly_missing_are_left_out_and_counted():
    queries = [5.0] * 20 + [None] * 3
    result = run(table(queries, [1] * 10 + [0] * 13))
    found = result.rows[0].spent[0]
    assert (found.known, result.rows[0].efforts) == (20, 23)
    assert any("3 efforts (attempt on m) without known queries" in note for note in result.notes)


@pytest.mark.parametrize(
    ("within", "total", "status", "words"),
    [
        (30, 60, Status.ISSUE, "above the tolerated 5%"),
        (0, 200, Status.PASSED, "below the tolerated 5%"),
        (5, 40, Status.CAUTION, "more behaviours like these would"),
        # The bound lies within a standard error of 7.5%: more of them may as well settle on its other side.
        (3, 40, Status.CAUTION, "leaves open whether that is above the tolerated 5%."),
    ],
)
def test_the_verdict_on_a_budget_looks_at_the_interval(within, total, status, words):
    attempts = table([5.0] * within + [100.0] * (total - within), [1] * within + [0] * (total - within))
    headline, finding = judge(run(attempts, budget=50.0))
    assert finding.status is headline.status is status
    assert words in finding.sentence
    low, high = finding.estimate("success_within_budget").low, finding.estimate("success_within_budget").high
    assert low <= within / total <= high
    assert low < high


def test_a_budget_that_nobody_spent_is_never_passed():
    few = table([10.0] * 100, [0] * 100)
    finding = judge(run(few, budget=1000.0))[1]
    assert finding.status is Status.CAUTION
    assert "What the rest of the budget buys is not known" in finding.sentence
    many = table([10.0] * 100, [1] * 50 + [0] * 50)
    assert judge(run(many, budget=1000.0))[1].status is Status.ISSUE


def test_without_a_budget_nothing_is_passed_or_an_issue():
    for success in ([1] * 50, [0] * 50, [1] * 25 + [0] * 25):
        statuses = {finding.status for finding in judge(run(table([5.0] * 50, success)))}
        assert statuses == {Status.CAUTION}


def test_all_successes_at_one_cost_have_no_interval_of_width_nought():
    finding = judge(run(table([5.0] * 30, [1] * 30)))[1]
    share, median = finding.estimate("success_share"), finding.estimate("queries to 50%")
    assert share.low < share.value == 1.0
    assert (median.value, median.low, median.high) == (5.0, None, None)
    assert finding.estimate("queries per success").low is None


def test_one_behaviour_alone_says_little_and_says_so():
    finding = judge(run(table([5.0], [1])))[1]
    share = finding.estimate("success_share")
    assert share.value == 1.0
    assert share.low < 0.05
    seeds = Attempts.build(
        pl.DataFrame({"target": "m", "behaviour": "b", "success": [1, 0, 1], "seed": [1, 2, 3], "queries": 4.0})
    )
    finding = judge(run(seeds))[1]
    assert finding.estimate("success_share").low is None
    assert "(66.7% [no interval])" in finding.sentence


def test_clusters_widen_the_interval():
    success = np.repeat([1, 0, 1, 0, 1, 0], 10)
    alone = run(table([5.0] * 60, success)).rows[0]
    grouped = run(table([5.0] * 60, success, cluster=np.repeat(list("abcdef"), 10))).rows[0]
    assert (grouped.by, grouped.groups, alone.by, alone.groups) == ("cluster", 6, "effort", 60)
    assert grouped.share.high - grouped.share.low > 1.5 * (alone.share.high - alone.share.low)
    assert grouped.naive == alone.share


def test_graded_successes_count_from_a_half_and_are_noted():
    result = run(table([1.0] * 4, [0.2, 0.5, 0.9, 1.0]))
    assert result.rows[0].succeeded == 3
    assert "3 attempts have a graded success" in " ".join(result.notes)
    assert run(table([1.0] * 4, [0.2, 0.5, 0.9, 1.0]), success_from=0.8).rows[0].succeeded == 2


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"budget": -1.0}, InputError, "budget should be above 0, got -1.0"),
        ({"parameters": {"m": -7e9}}, InputError, "parameters of 'm' should be above 0"),
        ({"baseline": "nobody"}, UnknownName, "no method named 'nobody'"),
        ({"unit": "joules"}, UnknownName, "no unit named 'joules'"),
        ({"reached": 50}, InputError, r"reached should be in \(0, 1\), got 50"),
        ({"success_from": 0.0}, InputError, "success_from"),
        ({"resamples": 10}, InputError, "resamples"),
    ],
)
def test_settings_that_cannot_be(settings, error, message):
    with pytest.raises(error, match=message):
        run(table([1.0] * 4, [1, 0, 1, 0]), **settings)


def test_the_pictures_hold_every_method_with_a_known_cost(published):
    curves, costs = figure(published)
    assert set(curves.columns["method"]) == {"GCG", "PAIR", "adaptive_random_search"}
    assert min(curves.columns["cost"]) > 0
    for low, share, high in zip(*(curves.columns[name] for name in ("low", "share", "high")), strict=True):
        assert low - 1e-9 <= share <= high + 1e-9
    assert "per success, at least" in costs.columns["cost"]
    assert figure(run(table([None] * 4, [1, 0, 1, 0]))) == []
    assert MEASURE.code == "F4"


def test_the_same_seed_gives_the_same_gain(jailbreaks):
    small = Attempts.build(jailbreaks.frame.filter(pl.col("target") == "vicuna-13b-v1.5"))
    first, second = (
        elicitation(small, baseline="PAIR", resamples=200, rng=np.random.default_rng(3)).gaps for _ in range(2)
    )
    assert first == second
