"""F2: success in repeated attempts, its forecasts, their back-test and the verdict."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable
from measurand.measures.forecast.attempts import MEASURE, RepeatedAttempts, answer, figure, judge, repeated_attempts
from measurand.measures.forecast.shared.repeats import observed, rate_forecast, repeats_of
from measurand.results import Status
from measurand.stats.attempts.beta_binomial import beta_pass_at_k
from measurand.stats.attempts.pass_at_k import pass_at_k
from measurand.stats.intervals.limits import Limits
from measurand.tables import Attempts


def table(outcomes, **columns):
    """Attempts from a list of outcomes a behaviour."""
    rows = [(f"b{i}", j + 1, float(came)) for i, own in enumerate(outcomes) for j, came in enumerate(own)]
    frame = pl.DataFrame(rows, schema=["behaviour", "attempt", "success"], orient="row")
    clusters = columns.pop("cluster", None)
    frame = frame.with_columns(target=pl.lit("m"), **columns)
    if clusters is not None:
        frame = frame.with_columns(cluster=pl.Series([clusters[i] for i, own in enumerate(outcomes) for _ in own]))
    return Attempts.build(frame)


def drawn(behaviours=60, attempts=40, a=0.3, b=3.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((behaviours, attempts)) < rng.beta(a, b, behaviours)[:, None]


def run(attempts, **settings):
    return repeated_attempts(attempts, **{"resamples": 200, "rng": np.random.default_rng(1), **settings})


@pytest.fixture(scope="module")
def found():
    return run(table(drawn()))


def test_what_was_observed_is_the_mean_of_the_unbiased_estimates(found):
    outcomes = drawn()
    row = found.rows[0]
    assert (row.behaviours, row.attempts, row.asked) == (60, 40, 400)
    for k, share in row.curve:
        assert share.value == pytest.approx(pass_at_k(40, outcomes.sum(axis=1), k).mean())
        assert share.low < share.value < share.high
    assert row.once.value == pytest.approx(outcomes.mean())


def test_the_forecast_covers_both_families(found):
    row = found.rows[0]
    assert row.joint.low <= row.beta.low
    assert row.joint.low < row.joint.value < row.joint.high
    assert row.beta.value == pytest.approx(float(beta_pass_at_k(row.a, row.b, 400)))
    assert row.family in ("beta", "logit-normal")
    assert row.power.low < row.power.value < row.power.high


def test_where_rates_are_logit_normal_the_beta_binomial_alone_would_miss():
    rng = np.random.default_rng(4)
    rates = 1 / (1 + np.exp(4 - 2.5 * rng.standard_normal(300)))
    repeats = next(repeats_of(table(rng.random((300, 100)) < rates[:, None]), 0.5))
    forecast = rate_forecast(repeats, 1000, 0.95)
    truth = 0.895  # mean of 1 - (1 - p)^1000 over the logit-normal distribution
    assert forecast.family == "logit-normal"
    assert forecast.beta.high < truth
    assert forecast.joint.low < truth < forecast.joint.high


def test_the_back_test_forecasts_all_attempts_from_the_first_tenth(found):
    test = found.rows[0].backtest
    assert test.fitted == 4
    assert test.came == pytest.approx(found.rows[0].seen.value)
    earlier = next(repeats_of(table(drawn()[:, :4]), 0.5))
    assert test.joint == rate_forecast(earlier, 40, 0.95).joint
    assert not test.missed
    assert run(table(drawn(attempts=15))).rows[0].backtest is None


def test_a_behaviour_that_changes_on_the_way_is_a_missed_back_test():
    """Nothing in the first ten attempts, everything afterwards: no forecast from these could know."""
    late = np.zeros((40, 100), dtype=bool)
    late[:, 50:] = True
    row = run(table(late)).rows[0]
    assert row.backtest.missed
    assert row.backtest.came == 1.0


def test_attempts_that_end_with_a_success_are_told_and_not_counted_by_the_unbiased_formula():
    whole = drawn(behaviours=200, attempts=30)
    stopped = [own[: int(own.argmax()) + 1] if own.any() else own for own in whole]
    repeats = next(repeats_of(table(stopped), 0.5))
    assert repeats.stopped
    assert observed(repeats, 30, 0.95).value == pytest.approx(whole.any(axis=1).mean())
    assert observed(repeats, 10, 0.95).value == pytest.approx(whole[:, :10].any(axis=1).mean())
    assert not next(repeats_of(table(whole), 0.5)).stopped
    row = run(table(stopped)).rows[0]
    assert row.attempts == 30
    assert row.joint.low < beta_pass_at_k(0.3, 3.0, 300) < row.joint.high
    assert row.backtest.fitted == 3


def test_clusters_widen_every_interval():
    outcomes = drawn(behaviours=80, seed=5)
    order = np.argsort(outcomes.sum(axis=1))  # clusters as unlike as they can be
    alike = [outcomes[i] for i in order]
    alone = run(table(alike)).rows[0]
    grouped = run(table(alike, cluster=[f"c{i // 8}" for i in range(80)])).rows[0]
    assert (alone.groups, grouped.groups, grouped.clustered) == (80, 10, True)
    for name in ("seen", "beta", "joint", "power"):
        plain, wide = getattr(alone, name), getattr(grouped, name)
        assert wide.high - wide.low > plain.high - plain.low, name


def test_no_success_at_all_bounds_from_above_and_all_from_below():
    none = run(table(np.zeros((60, 40), dtype=bool))).rows[0]
    assert none.seen.value == 0
    assert none.seen.high == pytest.approx(0.0596, abs=1e-3)  # scipy.stats.beta.ppf(.975, 1, 60)
    assert none.joint.value < 1e-3
    assert 0.1 < none.joint.high < 0.6
    assert math.isnan(none.power.value)
    every = run(table(np.ones((60, 40), dtype=bool))).rows[0]
    assert every.seen.value == 1.0
    assert every.joint.value == pytest.approx(1.0)
    assert every.joint.high <= 1.0
    assert every.joint.low > 0.9
    for row in (none, every):
        estimates = {e.name: e for e in judge(RepeatedAttempts((row,), 0.95, ()))[1].estimates}
        assert all(e.low is None or e.low < e.high for e in estimates.values())


def test_more_attempts_than_asked_are_no_forecast(found):
    row = run(table(drawn()), asked=10).rows[0]
    assert row.joint == row.beta == row.power
    assert row.joint.value == pytest.approx(pass_at_k(40, drawn().sum(axis=1), 10).mean())
    assert "are forecast" not in judge(RepeatedAttempts((row,), 0.95, ()))[1].sentence


def verdict(row, tolerated, **changes):
    return judge(RepeatedAttempts((replace(row, **changes),), 0.95, ()), tolerated=tolerated)[1]


def test_the_verdict(found):
    row = found.rows[0]
    low, high = Limits(0.02, 0.01, 0.03), Limits(0.7, 0.6, 0.8)
    little = Limits(0.001, 0.0, 0.004)
    held = replace(row.backtest, joint=Limits(0.5, 0.0, 1.0))
    missed = replace(row.backtest, joint=Limits(0.01, 0.0, 0.02))
    seen = {"seen": little, "backtest": held}
    assert verdict(row, None).status is Status.CAUTION
    assert verdict(row, None).short == "no tolerated share was given"
    told = answer(found, tuple(judge(found)))
    assert [cells[:2] for cells in told.tables[0].rows] == [(row.target, row.method)]
    assert told.tables[0].head[2:4] == (f"came within {row.attempts} attempts", f"forecast within {row.asked:,}")
    assert verdict(row, 0.05, joint=low, power=low, **seen).status is Status.PASSED
    assert verdict(row, 0.05, joint=high, power=high, **seen).status is Status.ISSUE
    assert verdict(row, 0.02, joint=low, power=low, **seen).status is Status.CAUTION
    contradicted = verdict(row, 0.05, joint=low, power=high, **seen)
    assert contradicted.status is Status.CAUTION
    assert "The power law says otherwise" in contradicted.sentence
    failed = verdict(row, 0.05, joint=low, power=low, seen=little, backtest=missed)
    assert failed.status is Status.CAUTION
    assert "A forecast from a tenth of the attempts missed what came" in failed.sentence
    assert failed.short == "the forecast failed its test"
    untested = verdict(row, 0.05, joint=low, power=low, seen=little, backtest=None)
    assert untested.status is Status.CAUTION
    assert verdict(row, 0.05, joint=high, seen=Limits(0.5, 0.4, 0.6), backtest=missed).status is Status.ISSUE
    assert "more behaviours would" in verdict(row, (row.joint.value + row.joint.low) / 2, **seen).sentence


def test_too_little_is_not_applicable_and_says_what_would_do():
    one = table([[True, False] * 10])
    with pytest.raises(NotApplicable, match="1 behaviour with 20 attempts each; needs 10 attempts at each of 5 behav"):
        run(one)
    both = pl.concat([table(drawn()).frame, table(drawn(3), method=pl.lit("other")).frame])
    result = run(Attempts.build(both))
    assert len(result.rows) == 1
    assert any("other on m not forecast" in note for note in result.notes)


def test_behaviours_tried_fewer_times_stay_in_as_censored(shared):
    frame = pl.read_csv(shared / "data/cases/09-attempts-uneven.csv")
    result = run(Attempts.build(frame))
    (row,) = result.rows
    # 6 tried 5 times, of which 4 never came, and 6 tried 20 times that all came: shared/data/cases/README.md.
    assert (row.behaviours, row.attempts, row.unknown) == (12, 20, 4)
    assert (row.seen.value, row.seen.high) == (pytest.approx(8 / 12), 1.0)
    assert row.joint.low < 8 / 12
    sentence = judge(result)[1].sentence
    assert (
        "66.7% [35%, 100%] of 12 behaviours came within 20 attempts, of which 4 that never came were tried less often; "
    ) in sentence
    assert ", if these 4 are like the others." in sentence
    assert any("6 behaviours were tried by attempt on m1 less than half as often" in note for note in result.notes)


def test_every_share_that_may_lack_what_was_tried_less_often_says_so():
    # As in the case above, but nothing came in 5 attempts: 6 of 12 are not known beyond the fifth.
    uneven = [[False] * 5] * 6 + [[True] * 20] * 6
    clause = ", of which 6 that never came were tried less often"
    for asked, said in ((200, True), (20, True), (6, True), (5, False), (1, False)):
        result = run(table(uneven), asked=asked)
        assert result.rows[0].unknown == 6 * said, asked
        assert (clause in judge(result)[1].sentence) is said, asked
    assert any("less than half as often" in note for note in answer(result, judge(result)).notes)
    one = run(table([[False] * 5, *[[True] * 20] * 8])).rows[0]
    sentence = judge(RepeatedAttempts((one,), 0.95, ()))[1].sentence
    assert ", of which one that never came was tried less often; " in sentence
    assert ", if this one is like the others." in sentence
    # Told of several methods together, the clause goes with the share.
    other = table([[False] * 20] * 12, method=pl.lit("other"))
    for asked, lead in ((200, "The most is forecast for"), (20, "The most came for")):
        both = run(Attempts.build(pl.concat([table(uneven, method=pl.lit("first")).frame, other.frame])), asked=asked)
        assert judge(both)[0].sentence.startswith(f"{lead} first on m: ")
        assert f"{clause}. " in judge(both)[0].sentence


def test_a_forecast_is_not_missed_for_what_was_tried_too_seldom_to_come():
    # All 8 tried 40 times came, most of them late; whether the other 8 would have, their 3 attempts do not say.
    late = [[False] * 3 + [True] * 37] * 8 + [[True] * 40] * 8
    short = [[False] * 3] * 16
    test = run(table([*late, *short])).rows[0].backtest
    assert (test.came, test.possible) == (0.5, 1.0)
    forecast = replace(test, joint=Limits(0.8, 0.7, 0.9))
    assert not forecast.missed
    assert replace(forecast, possible=test.came).missed
    assert replace(forecast, joint=Limits(0.3, 0.2, 0.4)).missed


def test_one_behaviour_hardly_tried_neither_cuts_the_curve_off_nor_drops_out():
    full = drawn()
    for extra, unknown in (([True, False], 0), ([False, False], 1)):
        (row,) = run(table([*full, extra])).rows
        assert (row.behaviours, row.attempts, row.unknown) == (
            len(full) + 1,
            run(table(full)).rows[0].attempts,
            unknown,
        )
        came = sum(any(each) for each in full) + any(extra)
        assert row.seen.value == pytest.approx(came / (len(full) + 1))
        # Higher than it would be if the short one had been tried as often: more attempts may bring it.
        assert row.seen.high >= run(table(full)).rows[0].seen.high - 0.02


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"asked": 0}, "asked"), ({"success_from": 2}, "success_from"), ({"resamples": 5}, "resamples")],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(InputError, match=message):
        run(table(drawn()), **settings)
    with pytest.raises(InputError, match="tolerated"):
        judge(RepeatedAttempts((), 0.95, ()), tolerated=5)


def test_the_picture_and_the_seed(found):
    (drawn_figure,) = figure(found)
    assert set(drawn_figure.columns["curve"]) == {
        "observed",
        "beta-binomial",
        "power law",
        "forecast from a tenth",
        "forecast",
    }
    assert max(drawn_figure.columns["attempts"]) == 400
    assert run(table(drawn())) == found
    assert MEASURE.code == "F2"
