"""F8 against fits by hand, simulated truth, and the words of its verdicts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.errors import InputError, NotApplicable
from measurand.measures.forecast.time_horizon import answer, figure, judge, length_of, time_horizon
from measurand.results import Status
from measurand.simulate.forecast.time_horizon import drawn
from measurand.stats.attempts.horizon import PULL
from measurand.tables import TaskRuns


def made(horizons, tasks=120, families=40, runs=4, seed=1, dates=None, lengths=(0.0, 12.0), fall=0.8):
    """Runs of models of these horizons (log2 of minutes) at tasks of all lengths."""
    rng = np.random.default_rng(seed)
    x, family = rng.uniform(*lengths, tasks), np.arange(tasks) % families
    rows = [
        (f"m{m}", f"t{t}", f"f{family[t]}", 2.0 ** x[t], float(rng.random() < expit(fall * (h - x[t]))))
        for m, h in enumerate(horizons)
        for t in range(tasks)
        for _ in range(runs)
    ]
    frame = pl.DataFrame(rows, ["model", "task", "family", "minutes", "success"], orient="row")
    if dates is not None:
        told = {f"m{m}": date for m, date in enumerate(dates)}
        frame = frame.with_columns(release_date=pl.col("model").replace_strict(told))
    return TaskRuns.build(frame)


def found(runs, **settings):
    return time_horizon(runs, rng=np.random.default_rng(0), **{"resamples": 200, **settings})


def test_the_horizon_is_where_a_weighted_logistic_fit_crosses_one_half():
    runs = made([6.0])
    (one,) = found(runs).horizons
    size = dict(runs.frame.unique("task").group_by("family").len().iter_rows())
    weight = np.array([1 / np.sqrt(size[name]) for name in runs.frame["family"]])
    # Runs of a task share its weight; all weights add up to the number of tasks.
    weight *= 120 / weight.sum()
    x = np.log2(runs.frame["minutes"].to_numpy())
    fit = LogisticRegression(C=1e6, tol=1e-10, max_iter=1000).fit(x[:, None], runs.frame["success"], weight)
    assert np.log2(one.at[0.5].value) == pytest.approx(-fit.intercept_[0] / fit.coef_[0, 0], abs=0.01)
    assert np.log2(one.at[0.8].value) == pytest.approx((np.log(4) - fit.intercept_[0]) / fit.coef_[0, 0], abs=0.02)
    assert (one.tasks, one.families, one.runs) == (120, 40, 480)


def test_models_stand_from_the_longest_horizon_down_and_their_intervals_hold_the_truth():
    truth = [3.0, 6.0, 8.0]
    result = found(made(truth))
    assert [each.model for each in result.horizons] == ["m2", "m1", "m0"]
    for each, log2 in zip(result.horizons, truth[::-1], strict=True):
        assert each.at[0.5].low < 2**log2 < each.at[0.5].high
        assert each.at[0.8].value < each.at[0.5].value
    findings = judge(result)
    assert {finding.status for finding in findings if "model" in finding.subject} == {Status.PASSED}
    assert findings[0].sentence.startswith(
        f"m2 does half of the tasks that take a person {length_of(result.horizons[0].at[0.5].value)} ["
    )


@pytest.mark.parametrize(
    ("horizon", "short", "word"),
    [(20.0, "beyond all tasks", "more"), (-6.0, "below all tasks", "less")],
)
def test_a_horizon_outside_the_tasks_is_a_bound_and_no_number(horizon, short, word):
    result = found(made([horizon, 6.0]))
    finding = next(f for f in judge(result) if f.subject.get("model") == "m0")
    assert (finding.status, finding.short) == (Status.CAUTION, short)
    assert f"does {word} than half of even the" in finding.sentence
    assert f"lies {short.split()[0]} them" in finding.sentence
    (given,) = (each for each in result.horizons if each.model == "m0")
    told = finding.estimate("horizon_50")
    assert told.value is None
    # What is known is the side on which it lies.
    expected = (given.longest, None) if word == "more" else (None, given.shortest)
    assert (told.low, told.high) == pytest.approx(expected)
    # The other speaks first: it has a horizon.
    assert judge(result)[0].sentence.startswith("m1 does half")


@pytest.mark.parametrize(
    ("level", "per_doubling", "short"),
    [
        # Through one half, above it everywhere, below it everywhere: what rises has no horizon wherever it stands.
        (0.0, 0.8, "success rises with length"),
        (5.0, 0.6, "success rises with length"),
        (-5.0, 0.6, "success rises with length"),
    ],
)
def test_a_model_whose_success_rises_with_length_has_no_horizon(level, per_doubling, short):
    rng = np.random.default_rng(2)
    frame = made([6.0, 6.0]).frame
    chance = expit(level + per_doubling * (np.log2(frame["minutes"].to_numpy()) - 6.0))
    rises = (rng.random(len(chance)) < chance).astype(float)
    frame = frame.with_columns(success=pl.when(pl.col("model") == "m0").then(pl.Series(rises)).otherwise("success"))
    result = found(TaskRuns.build(frame))
    assert [each.model for each in result.horizons] == ["m1", "m0"]
    findings = judge(result)
    finding = next(f for f in findings if f.subject.get("model") == "m0")
    assert (finding.status, finding.short) == (Status.CAUTION, short)
    assert finding.sentence.startswith("m0 has no time horizon: its success rises with the length of the task")
    for name in ("horizon_50", "horizon_80", "other_ways"):
        told = finding.estimate(name)
        assert (told.value, told.low, told.high) == (None, None, None), name
    rows = answer(result, findings).tables[0].rows
    assert rows[1] == ("m0", "none", "", "none", short)


def test_success_that_hardly_changes_with_length_is_not_said_to_rise():
    frame = made([6.0]).frame.sort("minutes", "task")
    # Every other run succeeds; of the longest task one run more, so that the curve rises by next to nothing.
    success = np.tile([0.0, 1.0], frame.height // 2)
    success[-2] = 1.0
    one = judge(found(TaskRuns.build(frame.with_columns(success=pl.Series(success)))))[1]
    assert (one.status, one.short) == (Status.CAUTION, "success does not fall with length")
    assert one.estimate("horizon_50").value is None


def test_a_model_that_does_everything_or_nothing_has_no_number():
    frame = made([6.0, 6.0]).frame.with_columns(success=pl.when(pl.col("model") == "m0").then(1.0).otherwise(0.0))
    shorts = {f.subject.get("model"): f.short for f in judge(found(TaskRuns.build(frame)))}
    assert shorts["m0"] == "beyond all tasks"
    assert shorts["m1"] == "below all tasks"


def test_an_end_of_an_interval_outside_the_tasks_is_a_bound():
    result = found(made([10.5], tasks=60, families=20, runs=1, lengths=(4.0, 11.0), fall=0.5, seed=4))
    (one,), told = result.horizons, result.horizons[0].told(0.5)
    assert one.within
    assert one.at[0.5].high > one.longest
    assert (told.value, told.low, np.isnan(told.high)) == (one.at[0.5].value, one.at[0.5].low, True)
    top, model = judge(result)
    assert f", > {length_of(one.longest)}]" in top.sentence
    assert (model.status, model.short) == (Status.CAUTION, "known roughly")
    assert (model.estimate("horizon_50").low, model.estimate("horizon_50").high) == (told.low, None)


def test_the_bootstrap_is_that_of_fits_to_rows_drawn_one_by_one():
    runs = made([6.0], tasks=40, families=10, runs=2, seed=8)
    result = found(runs, resamples=2000).horizons[0].resamples
    rng, families = np.random.default_rng(9), {}
    for (family, _, minutes), rows in runs.frame.group_by("family", "task", "minutes", maintain_order=True):
        families.setdefault(family, []).append((np.log2(minutes), rows["success"].to_list()))
    slow = []
    for _ in range(150):
        rows = []
        for place in rng.integers(10, size=10):
            tasks = list(families.values())[place]
            for drawn_task in rng.integers(len(tasks), size=len(tasks)):
                length, done = tasks[drawn_task]
                rows += [(length, success) for success in rng.choice(done, len(done))]
        x, y = np.array(rows).T
        # Ten families of four tasks weigh the same; a task weighs 1, and each of its two runs a half.
        weight = np.full(len(x), 0.5)
        fit = LogisticRegression(C=1 / PULL, tol=1e-8, max_iter=500).fit(x[:, None], y, weight)
        slow.append(-fit.intercept_[0] / fit.coef_[0, 0])
    # 150 draws leave a standard error of 6% in the spread, and of a twelfth of it in the middle.
    assert np.median(result) == pytest.approx(np.median(slow), abs=0.25 * np.std(slow))
    assert np.std(result) == pytest.approx(np.std(slow), rel=0.2)


def test_few_families_are_known_only_roughly_or_not_at_all():
    few = judge(found(made([6.0], tasks=20, families=6, runs=1, fall=0.3)))
    assert few[1].status in (Status.CAUTION, Status.ISSUE)
    with pytest.raises(NotApplicable, match="20 tasks of 4 families were run"):
        found(made([6.0], tasks=20, families=4))
    with pytest.raises(NotApplicable, match="8 tasks of 8 families were run"):
        found(made([6.0], tasks=8, families=8))
    with pytest.raises(NotApplicable, match="one length"):
        found(made([6.0], lengths=(3.0, 3.0)))


def test_tasks_of_a_family_that_are_alike_widen_the_interval():
    alone = found(made([6.0], families=120)).horizons[0]
    rng = np.random.default_rng(3)
    # Four runs of each of 12 tasks, written down as ten tasks each.
    frame = made([6.0], tasks=12, families=12, seed=5).frame
    copies = pl.concat([frame.with_columns(task=pl.format("{}-{}", "task", pl.lit(k))) for k in range(10)])
    alike = time_horizon(TaskRuns.build(copies), resamples=200, rng=rng).horizons[0]
    width = [np.log2(each.at[0.5].high / each.at[0.5].low) for each in (alone, alike)]
    assert width[1] > 2 * width[0]


def test_the_trend_is_that_of_the_models_that_led():
    dates = ["2021-01", "2021-07", "2022-01", "2022-07", "2023-01", "2023-07", "2024-01"]
    result = found(made([2.0, 3.0, 4.0, 3.0, 6.0, 7.0, 8.0], dates=dates))
    assert "m3" not in result.trend.models
    assert len(result.trend.models) == 6
    assert result.trend.doublings.low < 2.0 < result.trend.doublings.high
    grows = next(f for f in judge(result) if f.title == "Growth of the horizon")
    assert grows.status is Status.PASSED
    assert grows.estimate("doubling_months").value == pytest.approx(12 / result.trend.doublings.value)
    assert "doubles every" in judge(result)[0].sentence
    assert found(made([2.0, 4.0], dates=dates[:2])).trend is None


def test_other_ways_of_computing_it_stand_beside():
    (one,) = found(made([6.0])).horizons
    # 3 curves x 2 weightings x 2 ceilings, and lengths without their noise.
    assert len(one.ways) == 13
    assert one.ways["logistic, weighted by family"] == pytest.approx(one.at[0.5].value)
    assert len(found(made([6.0]), length_noise=0.0).horizons[0].ways) == 12
    for name, value in one.ways.items():
        assert one.at[0.5].low / 1.5 < value < one.at[0.5].high * 1.5, name


def test_bad_settings_are_refused():
    runs = made([6.0], tasks=20, families=20, runs=1)
    for settings, message in (
        ({"resamples": 10}, "at least 100, got 10"),
        ({"length_noise": 9.0}, "from 0 to 4 doublings, got 9"),
        ({"level": 1.0}, "level"),
    ):
        with pytest.raises(InputError, match=message):
            found(runs, **settings)
    with pytest.raises(InputError, match="widest should be a factor above 1, got 1"):
        judge(found(runs), widest=1.0)


def test_lengths_in_words():
    assert [length_of(m) for m in (0.01, 0.5, 3, 59.6, 60, 90, 599, 1440, float("inf"))] == [
        *("0.6 s", "30 s", "3 min", "60 min", "1 h", "1 h 30 min", "10 h", "24 h", "longer than any"),
    ]


def test_figures_draw_curves_and_horizons_over_time():
    result = found(made([4.0, 6.0], dates=["2023-01", "2024-01"]))
    curves, over_time = figure(result)
    assert set(curves.columns["model"]) == {"m0", "m1"}
    assert all(
        low <= at <= high
        for low, at, high in zip(*(curves.columns[n] for n in ("low", "success", "high")), strict=True)
    )
    assert over_time.columns["horizon"] == tuple(each.at[0.5].value for each in result.horizons)
    assert not over_time.fit


def test_the_line_over_time_goes_through_the_models_that_led():
    dates = ["2021-01", "2021-07", "2022-01", "2022-07", "2023-01", "2023-07", "2024-01"]
    result = found(made([2.0, 3.0, 4.0, 3.0, 6.0, 7.0, 8.0], dates=dates))
    picture = figure(result)[1]
    assert picture.fit
    assert set(picture.columns["model"]) == set(result.trend.models)
    slope = np.polyfit(picture.columns["released"], np.log2(picture.columns["horizon"]), 1)[0]
    assert slope == pytest.approx(result.trend.doublings.value)


def test_a_table_of_runs_is_read_and_answered(tmp_path):
    runs, _ = drawn(7, 80, 20, 1, np.random.default_rng(2))
    path = tmp_path / "runs.csv"
    runs.frame.rename({"minutes": "human_minutes", "success": "score_binarized"}).write_csv(path)
    assert measurand.read(path).task_runs.models == tuple(f"m{k}" for k in range(7))
    result = CliRunner().invoke(app, ["horizon", str(path), "--resamples", "100"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert "does half of the tasks that take a person" in " ".join(lines[:3])
    assert len(lines) <= 25
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("model,task,minutes,success\nm,a,0,1\n")
    with pytest.raises(InputError, match="minutes should be above 0"):
        CliRunner().invoke(app, ["horizon", str(wrong)], catch_exceptions=False)
