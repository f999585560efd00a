"""V10: a jump that one metric shows and another does not is the metric's."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable
from measurand.measures.validity.metric_choice import figure, judge, metric_choice
from measurand.results import Status
from measurand.tables import Scores

X = np.linspace(7, 11, 16)
NOISE = 0.02 * np.random.default_rng(3).standard_normal((2, 16))
SMOOTH = 0.2 * (X - 7)
STEP = np.where(X < 9, 0.1, 0.8)


def scores_of(exact, edit, scale="parameters", **facts):
    table = [(f"m{i}", name, float(v)) for name, side in (("exact", exact), ("edit", edit)) for i, v in enumerate(side)]
    names = {"benchmark": ["exact", "edit"], "trait": ["sums"] * 2, "metric": ["exact match", "edit distance"]} | facts
    models = pl.DataFrame({"model": [f"m{i}" for i in range(len(X))], scale: 10**X})
    long = pl.DataFrame(table, schema=["model", "benchmark", "score"], orient="row")
    return Scores.build(long, models, pl.DataFrame(names))


def run(scores, **settings):
    return metric_choice(scores, rng=np.random.default_rng(0), **({"resamples": 400} | settings))


@pytest.mark.parametrize(
    ("exact", "edit", "status", "words"),
    [
        (
            STEP,
            SMOOTH,
            Status.ISSUE,
            "jumps by exact match but grows smoothly by edit distance: the jump is the metric's",
        ),
        (SMOOTH, SMOOTH, Status.PASSED, "grows smoothly by every metric"),
        (STEP, STEP, Status.PASSED, "jumps by every metric"),
    ],
)
def test_verdicts(exact, edit, status, words):
    headline, summary, *each = judge(run(scores_of(exact + NOISE[0], edit + NOISE[1])))
    assert (headline.status, summary.status) == (status, status)
    assert words in headline.sentence
    assert len(each) == 2
    assert each[0].subject["metric"] == "exact match"
    assert each[0].estimate("breakthroughness").value is not None


def test_a_jump_is_told_with_how_steep_it_is_and_what_smooth_rise_would_look_the_same():
    headline, _, jumps, grows = judge(run(scores_of(STEP + NOISE[0], SMOOTH + NOISE[1])))
    # Sixteen models from 1e7 to 1e11, the step at 1e9: between the eighth and the ninth.
    assert jumps.estimate("step_factor").value == pytest.approx(10 ** (X[8] - X[7]))
    assert "jumps between 7.36e+08 and 1.36e+09 (a factor of 1.85), over 16 scales" in jumps.sentence
    assert "a smooth rise within a factor of 3.16 often looks like a jump" in headline.sentence
    assert "between" not in grows.sentence
    assert "looks like a jump" not in judge(run(scores_of(SMOOTH + NOISE[0], SMOOTH + NOISE[1])))[0].sentence


def test_noise_is_told_to_be_neither():
    noise = np.random.default_rng(1).standard_normal((2, 16))
    headline = judge(run(scores_of(*noise)))[0]
    assert headline.status is Status.CAUTION
    assert "is not shown to jump, nor to grow smoothly, by every metric" in headline.sentence
    assert headline.short == "too few models to tell"


def test_the_scale_that_more_models_have_is_the_scale():
    assert run(scores_of(SMOOTH + NOISE[0], SMOOTH + NOISE[1], "training_flop")).scale == "training_flop"
    with pytest.raises(NotApplicable, match="0 scales of models with known training FLOP"):
        run(scores_of(SMOOTH, SMOOTH), scale="training_flop")


def test_models_of_one_scale_are_averaged():
    scores = scores_of(SMOOTH + NOISE[0], SMOOTH + NOISE[1])
    doubled = scores.table.with_columns(pl.col("model") + "b", pl.col("score") + 0.2)
    models = pl.concat([scores.models, scores.models.with_columns(pl.col("model") + "b")])
    both = Scores.build(pl.concat([scores.table, doubled]), models, scores.benchmarks)
    np.testing.assert_allclose(run(both).metrics[0].y, run(scores).metrics[0].y + 0.1)


def test_bad_input():
    scores = scores_of(SMOOTH, SMOOTH)
    with pytest.raises(NotApplicable, match="no trait was scored by two metrics"):
        run(scores_of(SMOOTH, SMOOTH, metric=["acc", "acc"]))
    with pytest.raises(InputError, match="scale should be one of training_flop, parameters, got 'date'"):
        run(scores, scale="date")
    with pytest.raises(InputError, match="resamples should be at least 100"):
        run(scores, resamples=1)
    with pytest.raises(InputError, match="level"):
        run(scores, level=95)
    few = Scores.build(
        scores.table.filter(pl.col("model").is_in([f"m{i}" for i in range(7)])),
        scores.models.head(7),
        scores.benchmarks,
    )
    with pytest.raises(NotApplicable, match="7 scales of models with known parameters; needs at least 8"):
        run(few)
    *_, flat = judge(run(scores_of(SMOOTH + NOISE[0], np.ones(16))))
    assert (flat.status, "all models score the same" in flat.sentence) == (Status.NOT_APPLICABLE, True)


def test_the_picture_has_a_panel_a_metric():
    (panels,) = figure(run(scores_of(STEP + NOISE[0], SMOOTH + NOISE[1])))
    assert set(panels.columns["metric"]) == {"exact match", "edit distance"}
    assert panels.group == "metric"
    assert len(panels.columns["scale"]) == 64
