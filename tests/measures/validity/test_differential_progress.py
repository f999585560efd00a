"""V3: gains judged against what capability explains, and the residual league."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from measurand.auditing import audit
from measurand.errors import InputError, UnknownName
from measurand.measures import find
from measurand.measures.validity.differential_progress import differential_progress, figure, judge
from measurand.results import Status
from measurand.tables import Gain


def with_excess(make_study, excess, n=24, **more):
    """A study in which m1 stands `excess` above the line of t0 on capability, with little scatter."""
    score = differential_progress(make_study(n, **more).scores).classes[0].panel.standard_scores
    values = 0.5 + 0.1 * score + 0.01 * np.random.default_rng(2).standard_normal(n)
    values[1] = 0.5 + 0.1 * score[1] + excess
    values[0] = 0.5 + 0.1 * score[0]
    return make_study(n, columns={"t0": values}, **more)


def judged(study, *gains, **settings):
    findings = judge(differential_progress(study.scores, gains=[Gain(*gain) for gain in gains], **settings))
    return [finding for finding in findings if "old" in finding.subject]


@pytest.mark.parametrize(
    ("excess", "status", "words"),
    [
        (0.2, Status.PASSED, "a gain in safety beyond the gain in capability"),
        (0.0, Status.CAUTION, "capability and ordinary differences between models explain it"),
        (-0.2, Status.ISSUE, "worse than its capability predicts"),
    ],
)
def test_a_gain_passes_only_beyond_what_capability_explains(make_study, excess, status, words):
    (finding,) = judged(with_excess(make_study, excess), ("m0", "m1", "t0"))
    assert (finding.status, words in finding.sentence) == (status, True)
    estimate = finding.estimate("excess_gain")
    assert estimate.value == pytest.approx(excess, abs=0.02)
    assert estimate.low < estimate.value < estimate.high
    observed, expected = (finding.estimate(name).value for name in ("observed_change", "expected_change"))
    assert observed == pytest.approx(expected + estimate.value)


def test_a_model_at_the_end_of_a_bend_neither_gains_nor_stands_out(make_study):
    study = make_study(24)
    score = differential_progress(study.scores).classes[0].panel.standard_scores
    top, middle = int(score.argmax()), int(np.abs(score).argmin())
    scatter = 0.05 * np.random.default_rng(2).standard_normal(24)
    study = make_study(24, columns={"t0": 0.5 + 0.1 * score + 0.1 * score**2 + scatter})
    gain = Gain(f"m{middle}", f"m{top}", "t0")
    result = differential_progress(study.scores, gains=[gain])
    (_, excess), league = result.classes[0].gains[0], result.classes[0].leagues["t0"][1]
    assert max(excess.chance.straight, league.chance.straight) < 0.05
    told = [f for f in judge(result) if f.subject.get("benchmark") == "t0"]
    assert [f.status for f in told] == [Status.CAUTION, Status.CAUTION]
    assert all("a relation that bends" in f.sentence for f in told)


def test_among_models_that_scatter_widely_none_stands_out(make_study):
    study = make_study(24)
    score = differential_progress(study.scores).classes[0].panel.standard_scores
    scatter = np.random.default_rng(55).standard_t(2, 24)
    result = differential_progress(make_study(24, columns={"t0": 0.5 * score + scatter}).scores)
    league = result.classes[0].leagues["t0"][1]
    assert league.chance.straight < 0.05 < league.chance.whatever
    finding = next(f for f in judge(result) if f.subject == {"benchmark": "t0", "class": "all"})
    assert (finding.status, "models that scatter widely" in finding.sentence) == (Status.CAUTION, True)


def test_a_claimed_gain_of_the_example_equals_statsmodels(example):
    old, new, benchmark = "Llama-2-70b-chat-hf", "Meta-Llama-3-70B-Instruct", "ethics_all"
    result = differential_progress(example.scores, gains=[Gain(old, new, benchmark)], level=0.9)
    part = next(part for part in result.classes if part.panel.class_ == "chat")
    ((_, excess),) = part.gains
    panel = part.panel
    i, j = panel.models.index(old), panel.models.index(new)
    x, y = panel.standard_scores, panel.scores[:, panel.tested.index(benchmark)]
    others = np.setdiff1d(np.arange(26), [i, j])
    fit = sm.OLS(y[others], sm.add_constant(x[others])).fit()
    error = np.sqrt(2 * fit.mse_resid + (x[j] - x[i]) ** 2 * fit.bse[1] ** 2)
    assert excess.excess == pytest.approx(y[j] - y[i] - fit.params[1] * (x[j] - x[i]))
    assert excess.half_width == pytest.approx(stats.t(22).ppf(0.95) * error)


def test_headlines_count_the_gains_that_pass(make_study):
    study = with_excess(make_study, 0.2)
    result = differential_progress(study.scores, gains=[Gain("m0", "m1", "t0"), Gain("m2", "m3", "t0")])
    headline = judge(result)[0]
    assert headline.sentence == (
        "1 of the 2 claimed safety gains is more than the gain in capability explains (models)."
    )
    assert headline.short == "1 of 2 beyond capability"
    assert headline.status is Status.CAUTION
    worse, only, *_ = judge(differential_progress(study.scores, gains=[Gain("m1", "m0", "t0")]))
    assert worse.status is Status.ISSUE
    assert worse.sentence == only.sentence
    assert worse.short == only.short == "worse than its capability predicts"


def test_without_a_claim_the_headline_says_what_one_would_be(make_study):
    headline = judge(differential_progress(make_study(12).scores))[0]
    assert headline.status is Status.NOT_APPLICABLE
    assert headline.headline
    assert headline.sentence == (
        "Not assessed: no gain was claimed between models, so they are only ranked by safety beyond capability; needs "
        "a claim that one model is safer than another on a benchmark."
    )


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (("m01", "m1", "t0"), "no model named 'm01'; did you mean"),
        (("m0", "gpt", "t0"), "no model named 'gpt'"),
        (("m0", "m1", "t00"), "no benchmark named 't00'; did you mean 't0'"),
    ],
)
def test_a_gain_of_something_unknown_names_what_is_near(make_study, gain, words):
    with pytest.raises(UnknownName, match=words):
        differential_progress(make_study(12).scores, gains=[Gain(*gain)])


def test_a_gain_across_classes_is_refused(make_study):
    study = make_study(24, classes=("base", "chat"))
    with pytest.raises(InputError, match=r"one class, got 'm0' \(base\) and 'm1' \(chat\)"):
        differential_progress(study.scores, gains=[Gain("m0", "m1", "t0")])


def test_a_model_is_not_compared_with_itself(make_study):
    with pytest.raises(InputError, match="m3"):
        differential_progress(make_study(12).scores, gains=[Gain("m3", "m3", "t0")])


def test_a_gain_on_a_score_that_is_missing_is_a_visible_row(make_study):
    values = np.random.default_rng(0).standard_normal(20)
    values[1] = np.nan
    (finding,) = judged(make_study(20, columns={"t0": values}), ("m0", "m1", "t0"))
    assert finding.status is Status.NOT_APPLICABLE
    assert "not run" in finding.sentence


@pytest.mark.parametrize("case", ["capability benchmark", "model left out", "class too small"])
def test_a_gain_that_cannot_be_judged_says_why_in_plain_words(make_study, case):
    gain = ("m0", "m2", "t0")
    if case == "capability benchmark":
        study, gain = make_study(24), ("m0", "m2", "c0")
    elif case == "model left out":
        values = np.random.default_rng(0).standard_normal(24)
        values[2] = np.nan
        study = make_study(24, columns={"c0": values})
    else:
        study = make_study(21, classes=("small", "large", "large"))
        gain = ("m0", "m3", "t0")
    (finding,) = judged(study, gain)
    assert finding.status is Status.NOT_APPLICABLE
    assert "tuple" not in finding.sentence
    assert "index" not in finding.sentence


def test_too_few_other_models_is_a_visible_row(make_study):
    values = np.full(20, np.nan)
    values[:4] = [0.1, 0.5, 0.3, 0.2]
    (finding,) = judged(make_study(20, columns={"t0": values}), ("m0", "m1", "t0"))
    assert finding.status is Status.NOT_APPLICABLE
    assert "at least 8" in finding.sentence


def test_the_league_ranks_residuals_of_the_benchmark_on_capability(make_study):
    study = with_excess(make_study, 0.3)
    result = differential_progress(study.scores)
    part = result.classes[0]
    models, league = part.leagues["t0"]
    fit = sm.OLS(part.panel.scores[:, 0], sm.add_constant(part.panel.standard_scores)).fit()
    np.testing.assert_allclose(league.residual, fit.resid, atol=1e-12)
    finding = next(f for f in judge(result) if f.subject == {"benchmark": "t0", "class": "all"})
    assert finding.result["league"][0] == "m1"
    assert finding.estimate("top_residual").value == pytest.approx(fit.resid.max())
    assert finding.estimate("top_rank").value == 1
    assert models == part.panel.models


def test_one_family_does_not_separate_the_best_from_the_field(make_study):
    result = differential_progress(make_study(20, families=1).scores)
    finding = next(f for f in judge(result) if f.subject == {"benchmark": "t0", "class": "all"})
    assert finding.status is Status.CAUTION
    assert all(estimate.low is None or estimate.low < estimate.high for estimate in finding.estimates)
    assert "nan" not in finding.sentence


def test_the_same_seed_gives_the_same_league_and_gains_do_not_disturb_it(make_study):
    study = make_study(20)
    plain, claimed = (
        differential_progress(study.scores, gains=gains, rng=np.random.default_rng(4)).classes[0].leagues["t1"][1].low
        for gains in (None, [Gain("m0", "m1", "t0")])
    )
    np.testing.assert_array_equal(plain, claimed)


def test_the_figure_of_gains_appears_with_the_gains(make_study):
    study = with_excess(make_study, 0.2)
    assert [p.name for p in figure(differential_progress(study.scores))] == ["V3.league"]
    pictures = figure(differential_progress(study.scores, gains=[Gain("m0", "m1", "t0")]))
    assert [picture.name for picture in pictures] == ["V3.gains", "V3.league"]
    columns = pictures[0].columns
    assert columns["excess"][0] == pytest.approx(columns["observed change"][0] - columns["expected change"][0])


def test_gains_of_the_study_reach_the_measure(make_study):
    study = replace(with_excess(make_study, 0.2), gains=(Gain("m0", "m1", "t0"),))
    findings = audit(study, [find("V3")]).findings
    assert [f.status for f in findings if "old" in f.subject] == [Status.PASSED]
