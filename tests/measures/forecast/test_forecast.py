"""F1: forecasts, the models left out, and naive guesses."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

import measurand
from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.forecast.forecast import MEASURE, Forecasted, answer, figure, forecast, judge
from measurand.measures.forecast.shared.held_out import Baseline, Split
from measurand.results import Status
from measurand.simulate.forecast.forecast import made
from measurand.stats.capability.growth import fit_curve
from measurand.stats.intervals.limits import Limits
from measurand.tables import Scores


@pytest.fixture(scope="module")
def follows() -> Scores:
    return made(60, 20, True, np.random.default_rng(0)).scores


def split(gains: list[tuple[float, float, float]], covered: int = 40, error: float = 0.05) -> Split:
    named = ("the mean of all", "the mean of family means", "the date alone")
    baselines = tuple(
        Baseline(name=name, error=0.1, gain=Limits((low + top) / 2, low, top), p_better=p, p_worse=1 - p)
        for name, (low, top, p) in zip(named, gains, strict=False)
    )
    nothing = np.zeros(40)
    return Split(
        places=np.arange(40),
        groups=8,
        predicted=nothing,
        low=nothing,
        high=nothing,
        error=error,
        baselines=baselines,
        covered=covered,
        covered_stderr=0.05,
        covered_df=7.0,
    )


def with_splits(result: Forecasted, by_family: Split | None, newest: Split | None) -> Forecasted:
    return dataclasses.replace(
        result, rows=(dataclasses.replace(result.rows[0], by_family=by_family, newest=newest),), others=()
    )


GOOD, OPEN, BAD = (0.001, 0.01, 0.001), (-0.001, 0.01, 0.2), (-0.01, -0.001, 0.999)


@pytest.mark.parametrize(
    ("by_family", "newest", "status", "words"),
    [
        (split([GOOD, GOOD]), split([OPEN, OPEN]), Status.PASSED, "better than every naive guess, and its prediction"),
        (split([GOOD, GOOD]), None, Status.PASSED, "better than every naive guess"),
        (
            split([GOOD, OPEN]),
            None,
            Status.CAUTION,
            "not shown to be better than the mean of family means; about 12",
        ),
        (split([GOOD, GOOD]), split([OPEN, OPEN], error=0.2), Status.CAUTION, "on the newest models a naive guess is"),
        (split([GOOD, BAD]), None, Status.ISSUE, "worse than the mean of family means"),
        (split([GOOD, GOOD]), split([BAD, OPEN]), Status.ISSUE, "worse than the mean of all"),
        (split([GOOD, GOOD, BAD]), None, Status.CAUTION, "The date alone predicts these scores better."),
        (split([GOOD, GOOD], covered=20), None, Status.ISSUE, "held only 20 of 40 scores"),
        (None, split([GOOD, GOOD]), Status.CAUTION, "Fewer than 3 families"),
        (None, None, Status.CAUTION, "nothing shows whether it can be predicted"),
    ],
)
def test_the_verdict_looks_at_what_was_left_out(follows, by_family, newest, status, words):
    headline, finding = judge(with_splits(forecast(follows), by_family, newest))
    assert finding.status is status
    assert words in finding.sentence
    assert headline.status is status


def test_a_score_that_follows_compute_is_forecast_and_one_that_does_not_is_not(follows):
    assert judge(forecast(follows))[1].status is Status.PASSED
    unrelated = made(60, 20, False, np.random.default_rng(1)).scores
    assert judge(forecast(unrelated))[1].status in (Status.CAUTION, Status.ISSUE)


def test_families_are_predicted_by_curves_made_without_them(follows):
    row = forecast(follows).rows[0]
    family = np.array(follows.model_fact("family", row.models))
    by_hand, mean, of_families = (np.empty(len(family)) for _ in range(3))
    for name in np.unique(family):
        kept = family != name
        curve = fit_curve(row.drivers[kept], row.scores[kept], np.ones((1, kept.sum())), (0.25, 1.0))
        by_hand[~kept] = curve.at(row.drivers[~kept])[0]
        mean[~kept] = row.scores[kept].mean()
        of_families[~kept] = np.mean([row.scores[family == other].mean() for other in np.unique(family[kept])])
    np.testing.assert_allclose(row.by_family.predicted, by_hand, atol=1e-4)
    errors = {b.name: b.error for b in row.by_family.baselines}
    for guess, name in ((mean, "the mean of all"), (of_families, "the mean of family means")):
        assert errors[name] == pytest.approx(np.sqrt(np.mean((guess - row.scores) ** 2)))
    assert set(errors) == {"the mean of all", "the mean of family means", "the date alone"}
    assert row.by_family.error == pytest.approx(np.sqrt(np.mean((by_hand - row.scores) ** 2)), abs=1e-4)


def test_the_newest_models_are_predicted_from_the_older_ones(follows):
    row = forecast(follows).rows[0]
    dates = np.array(follows.model_fact("release_date", row.models))
    newest = np.zeros(len(dates), dtype=bool)
    newest[row.newest.places] = True
    assert min(dates[newest]) > max(dates[~newest])
    curve = fit_curve(row.drivers[~newest], row.scores[~newest], np.ones((1, (~newest).sum())), (0.25, 1.0))
    np.testing.assert_allclose(row.newest.predicted, curve.at(row.drivers[newest])[0], atol=1e-4)
    assert [b.name for b in row.newest.baselines] == [
        "the mean of the others",
        "the mean of its family",
        "the date alone",
    ]


def test_the_embedded_study_says_where_compute_beats_naive_guesses_and_where_not(example):
    result = forecast(example.scores)
    findings = {tuple(f.subject.values()): f for f in judge(result)}
    table = answer(result, tuple(findings.values())).tables[0]
    assert table.head == ("benchmark", "models", "error", "best naive guess", "")
    # Those shown to hold first, a row per benchmark and class.
    assert list(table.marks) == sorted(table.marks, key=["passed", "caution", "issue"].index)
    assert len(table.rows) == len(result.rows)
    assert findings["mmlu", "base"].status is Status.PASSED
    alone = findings["gsm8k", "chat"]
    assert alone.status is Status.CAUTION
    assert "Judged on its own, that is better than every naive guess" in alone.sentence
    assert "among the 12 forecasts looked at that could be chance" in alone.sentence
    logiqa = findings["logiqa", "base"]
    assert logiqa.status is Status.CAUTION
    assert "On the largest models a naive guess is better." in logiqa.sentence
    assert "so the date alone is not among the guesses" in " ".join(logiqa.caveats)
    passed = [f for f in findings.values() if f.subject and f.status is Status.PASSED]
    assert findings[()].sentence.startswith(f"{len(passed)} of the 24 forecasts are shown to predict")
    assert findings[()].short == f"{len(passed)} of 24 beat every naive guess"
    assert alone.short == "could be chance among so many"
    assert findings[()].status is Status.CAUTION


def test_published_scores_are_forecast_by_date_where_that_beats_the_mean(shared):
    """Benchmarks of Epoch AI (Ho et al. 2025, arXiv 2512.00193), by release date, no families known."""
    table = pl.read_csv(shared / "data" / "elicitation" / "eci" / "eci_scores.csv")
    models = table.unique("model").select("model", release_date="date")
    scores = Scores.build(table.select("model", "benchmark", score="performance"), models)
    result = forecast(scores, benchmarks=("GPQA diamond", "Fiction.LiveBench", "GeoBench"), at_date="2026-06")
    gpqa, fiction, geo = result.rows
    assert {row.driver for row in result.rows} == {"date"}
    statuses = [f.status for f in judge(result)[1:]]
    assert statuses == [Status.PASSED, Status.CAUTION, Status.ISSUE]
    assert gpqa.by_family.error < 0.6 * min(b.error for b in gpqa.by_family.baselines)
    assert fiction.by_family.error > 0.95 * min(b.error for b in fiction.by_family.baselines)
    assert geo.by_family.error > min(b.error for b in geo.by_family.baselines)
    assert gpqa.by_family.covered / len(gpqa.models) > 0.9
    assert gpqa.target.beyond == pytest.approx(0.58, abs=0.02)
    assert gpqa.target.score.low < gpqa.target.score.value < gpqa.target.score.high <= 1


def test_a_target_is_where_the_curve_is_and_says_how_far_beyond(follows):
    row = forecast(follows, at_flop=1e28).rows[0]
    curve = fit_curve(row.drivers, row.scores, np.ones((1, len(row.scores))), (0.25, 1.0))
    assert row.target.score.value == pytest.approx(curve.at(np.array([[28.0]]))[0, 0], abs=1e-6)
    assert row.target.beyond == pytest.approx(28 - row.drivers.max())
    finding = judge(forecast(follows, at_flop=1e28))[1]
    # What was asked for comes first.
    assert finding.sentence.startswith("If the curve goes on as it did, a new model at 1e+28 FLOP")
    assert finding.estimate("score_at_1e+28_FLOP").high <= 1
    inside = forecast(follows, at_flop=1e23).rows[0]
    assert inside.target.beyond == 0
    assert "beyond" not in judge(forecast(follows, at_flop=1e23))[1].sentence


def test_the_driver_is_the_first_there_is_or_the_one_asked_for(example, follows):
    mmlu = {"benchmarks": ("mmlu",)}
    assert forecast(example.scores, **mmlu).rows[0].driver == "compute"
    assert forecast(example.scores, by="components", components=2, **mmlu).rows[0].drivers.shape[1] == 2
    assert forecast(follows, at_date="2030").rows[0].driver == "date"
    assert {row.driver for row in forecast(example.scores, **mmlu).others} == {"date", "components"}


def test_lower_is_better_is_turned_and_an_unknown_range_is_a_line():
    study = made(40, 10, True, np.random.default_rng(2)).scores
    worse = study.table.with_columns(score=1 - pl.col("score"))
    facts = pl.DataFrame({"benchmark": ["b"], "higher_is": ["worse"], "maximum": [0.75 + 1e-9], "chance": [None]})
    row = forecast(Scores.build(worse.with_columns(score=pl.col("score").clip(0, 0.75)), study.models, facts)).rows[0]
    assert row.limits == (-0.75 - 1e-9, 0.0)
    assert row.curve[-1] > row.curve[0]
    elo = forecast(Scores.build(study.table.with_columns(score=1000 * pl.col("score")), study.models))
    assert elo.rows[0].limits is None
    assert any("straight line" in caveat for caveat in judge(elo)[1].caveats)


def test_one_family_leaves_none_out_and_says_so():
    rng = np.random.default_rng(3)
    flop = 10 ** rng.uniform(21, 25, 20)
    table = pl.DataFrame({"model": [f"m{i}" for i in range(20)], "benchmark": "b", "score": expit(np.log10(flop) - 23)})
    facts = pl.DataFrame({"model": [f"m{i}" for i in range(20)], "family": "only", "training_flop": flop})
    result = forecast(Scores.build(table, facts))
    assert result.rows[0].by_family is None
    finding = judge(result)[1]
    assert finding.status is Status.CAUTION
    assert np.isfinite(result.rows[0].low).all()


def test_a_column_of_equal_scores_and_no_driver_cannot_be_forecast(follows):
    equal = follows.table.with_columns(benchmark=pl.lit("equal"), score=pl.lit(0.5))
    both = Scores.build(pl.concat([follows.table, equal]), follows.models)
    result = forecast(both)
    assert [row.benchmark for row in result.rows] == ["b"]
    assert "all 60 models have the same score" in judge(result)[-1].sentence
    with pytest.raises(NotApplicable, match=r"training FLOP of 0, the release date of 0.*needs at least 10 models"):
        forecast(Scores.build(follows.table))
    with pytest.raises(NotApplicable, match="9 models with a score"):
        forecast(Scores.build(follows.table.head(9), follows.models))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"at_date": "soon"}, "a date should be YYYY, YYYY-MM or YYYY-MM-DD, got 'soon'"),
        ({"at_date": "2027-02-30"}, "got '2027-02-30'"),
        ({"at_flop": 26}, "at_flop should be training FLOP such as 1e25, got 26"),
        ({"at_flop": 1e26, "at_date": "2027"}, "give at_flop or at_date, not both"),
        ({"at_flop": 1e26, "by": "date"}, "a prediction at 1e[+]26 FLOP is by 'compute', got by='date'"),
        ({"components": 9}, "components should be from 1 to 5, got 9"),
        ({"level": 95}, "level"),
    ],
)
def test_settings_out_of_range(follows, settings, message):
    with pytest.raises(InputError, match=message):
        forecast(follows, **settings)


def test_unknown_names(follows):
    with pytest.raises(UnknownName, match="no benchmark named 'c'"):
        forecast(follows, benchmarks=("c",))
    with pytest.raises(UnknownName, match="no driver named 'size'"):
        forecast(follows, by="size")


def test_the_fan_holds_the_curve_and_the_models_with_the_newest_apart(follows):
    fan, errors = figure(forecast(follows, at_flop=1e27))
    assert set(fan.columns["what"]) == {
        "expected, from all models",
        "expected, without the newest",
        "model",
        "newest, left out",
    }
    dots = [label for label, low in zip(fan.columns["model"], fan.columns["low"], strict=True) if low is None]
    assert len(dots) == 60
    assert max(fan.columns["driver"]) == pytest.approx(1e27)
    assert set(errors.columns["left out"]) == {"new families", "newest models"}
    assert measurand.forecast(follows, at_flop=1e27).figures["F1.fan"].columns == fan.columns
    assert MEASURE.code == "F1"
