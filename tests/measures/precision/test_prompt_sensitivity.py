"""P7: what of the prompts' spread is noise, and what the verdicts say of the rest."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.prompt_sensitivity import MEASURE, figure, judge, prompt_sensitivity
from measurand.report import render
from measurand.results import Status
from measurand.stats.items.concordance import kendall_w
from measurand.stats.items.prompts import prompt_means, spread_limits
from measurand.stats.items.rasch_grid import fit_rasch
from measurand.tables import Responses
from measurand.wording import points


def drawn(effects, items=300, seed=0):
    """Scores, shape (models, prompts, items), with an effect of each prompt on each model on the logistic scale."""
    rng = np.random.default_rng(seed)
    effects = np.asarray(effects, dtype=float)
    chance = expit(0.5 + effects[:, :, None] + 1.5 * rng.standard_normal(items))
    return (rng.random(chance.shape) < chance).astype(float)


@pytest.fixture
def respond(make_responses):
    """Scores of models by prompts by items (by epochs), as item-level results with a variant a prompt."""

    def make(scores, clusters=None, **more):
        parts = [
            make_responses(scores[:, place], clusters, variant=f"prompt {place}", **more)
            for place in range(scores.shape[1])
        ]
        return Responses(pl.concat([part.frame for part in parts]), parts[0].cluster)

    return make


def assess(responses, **settings):
    return prompt_sensitivity(responses, rng=np.random.default_rng(0), **settings)


def test_numbers_are_those_of_the_definitions(respond):
    scores = drawn([[0, 0.5, -0.5, 0.2]])
    (found,) = assess(respond(scores)).each
    means = scores[0].mean(axis=1)
    np.testing.assert_allclose(found.means.means, means)
    assert found.spread == spread_limits(prompt_means(scores[0].T), 0.95)
    assert found.cps.value == pytest.approx((1 - (means.max() - means.mean())) * means.max())
    assert found.best.value == pytest.approx(np.quantile(means, 0.95))
    pairs = [np.abs(scores[0, j] - scores[0, k]).mean() for j, k in itertools.combinations(range(4), 2)]
    assert found.pss.value == pytest.approx(np.mean(pairs))
    assert found.prompts == ("prompt 0", "prompt 1", "prompt 2", "prompt 3")
    assert found.run_variance is None
    finding = judge(assess(respond(scores)))[1]
    assert (finding.estimate("prompt_variance").n, finding.estimate("cps").n) == (4, 300)


@pytest.mark.parametrize(
    ("effects", "items", "status", "words"),
    [
        ([0, 1.0, -1.0], 300, Status.ISSUE, "report several prompts"),
        ([0, 0, 0], 300, Status.CAUTION, "chance may explain it"),
        ([0, 0.2, -0.2], 2000, Status.CAUTION, "the wording matters, but too few items"),
    ],
)
def test_the_verdict_looks_at_the_interval(respond, effects, items, status, words):
    tolerance = 0.06 if items == 2000 else 0.02
    headline, finding = judge(assess(respond(drawn([effects], items))), spread_tolerance=tolerance)
    assert (finding.status, headline.status) == (status, status), finding.sentence
    assert words in finding.sentence
    assert headline.subject == {}
    assert finding.subject == {"benchmark": "b", "model": "m0"}


def test_prompts_that_hardly_differ_pass_with_enough_items(respond):
    scores = np.repeat(drawn([[0]], 2000), 4, axis=1)
    scores[0, 1, :3] = 1 - scores[0, 1, :3]
    finding = judge(assess(respond(scores)))[1]
    assert finding.status is Status.PASSED
    assert "hardly matters" in finding.sentence


def test_the_sentence_says_what_chance_alone_would_give(respond):
    finding = judge(assess(respond(drawn([[0] * 8], 400))))[1]
    noise = finding.estimate("spread_from_noise_alone").value
    assert f"chance alone would give about {points(noise)}" in finding.sentence
    assert finding.estimate("spread").value > 0.01
    assert finding.estimate("spread_beyond_noise").value < 0.02
    assert finding.estimate("spread_beyond_noise").low == 0


def test_clusters_widen_the_interval(respond):
    scores = np.repeat(drawn([[0, 0.6]], 15), 20, axis=2)
    naive = assess(respond(scores)).each[0].spread
    found = assess(respond(scores, np.repeat(np.arange(15), 20))).each[0]
    assert found.means.groups == 15
    assert found.spread.value == pytest.approx(naive.value)
    assert found.spread.high - found.spread.low > 2 * (naive.high - naive.low)
    assert "clustered" in judge(assess(respond(scores, np.repeat(np.arange(15), 20))))[1].estimates[0].method


def test_runs_of_an_item_are_averaged_and_their_variance_is_set_apart(respond):
    rng = np.random.default_rng(1)
    scores = (rng.random((1, 3, 200, 4)) < rng.beta(2, 2, (1, 3, 200, 1))).astype(float)
    (found,) = assess(respond(scores)).each
    assert found.means.n == 200
    assert found.run_variance == pytest.approx(scores.var(axis=3, ddof=1).mean() / 4)
    finding = judge(assess(respond(scores)))[1]
    total = finding.estimate("item_by_prompt_variance").value + finding.estimate("run_variance").value
    assert total == pytest.approx(finding.estimate("item_by_prompt_and_residual_variance").value)


def test_items_missing_under_some_prompt_are_left_out(respond):
    scores = drawn([[0, 0.3]], 100)
    scores[0, 1, 80:] = np.nan
    (found,) = assess(respond(scores)).each
    np.testing.assert_allclose(found.means.means, scores[0, :, :80].mean(axis=1))


def test_a_sparse_grid_is_filled_by_the_rasch_model(respond):
    scores = drawn([[0, 1.5, -1.5, 0, 0, 0]], 200)
    scores[0][np.random.default_rng(2).random((6, 200)) > 0.4] = np.nan
    (found,) = assess(respond(scores)).each
    seen = np.isfinite(scores[0]).any(axis=0)
    np.testing.assert_allclose(found.means.means, fit_rasch(scores[0][:, seen]).means)
    # Fewer cells, more noise.
    assert found.means.noise > 1.3 * prompt_means(drawn([[0, 1.5, -1.5, 0, 0, 0]], 200)[0].T).noise
    assert found.pss is None
    finding = judge(assess(respond(scores)))[1]
    assert finding.status is Status.ISSUE
    assert "Rasch" in finding.caveats[0]


def test_a_sparse_grid_of_other_scores_is_not_filled(respond):
    scores = drawn([[0, 0, 0, 0]], 200) * 0.5
    scores[0][np.random.default_rng(2).random((4, 200)) > 0.4] = np.nan
    with pytest.raises(NotApplicable, match="scores other than 0 and 1"):
        assess(respond(scores))


def test_the_ranking_of_models_across_prompts(respond):
    abilities = np.linspace(-1, 1, 6)[:, None]
    rng = np.random.default_rng(3)
    steady, fickle = (abilities + rng.normal(0, sd, (6, 5)) for sd in (0.0, 2.0))
    for effects, status in ((steady, Status.PASSED), (fickle, Status.ISSUE)):
        scores = drawn(effects, 1500)
        result = assess(respond(scores))
        (ranking,) = result.rankings
        assert ranking.concordance.value == pytest.approx(kendall_w(scores.mean(axis=2).T))
        (finding,) = (f for f in judge(result) if f.title == "Ranking across prompts")
        assert finding.status is status, finding.sentence
        assert "5 prompts rank 6 models on b" in finding.sentence
    assert "prompts would do" in finding.sentence
    assert finding.estimate("prompts_needed").value > 1
    assert {finding.estimate(name).n for name in ("kendall_w", "generalisability_of_one_prompt")} == {5}
    middle = finding.estimate("kendall_w_from_noise_alone")
    assert ranking.concordance.value < middle.low <= middle.value <= middle.high


@pytest.mark.parametrize("apart", [0.0, 0.12])
def test_models_that_hardly_differ_are_ranked_by_noise_and_not_by_the_prompts(respond, apart):
    """Without any effect of the prompts one prompt does not tell much, and that is no fault of the wording."""
    abilities = apart * np.random.default_rng(5).standard_normal((8, 1)) + np.zeros((8, 5))
    (finding,) = (f for f in judge(assess(respond(drawn(abilities, 400)))) if f.title == "Ranking across prompts")
    assert finding.estimate("generalisability_of_one_prompt").high < 0.9
    assert finding.estimate("p_value_of_noise_alone").value > 0.05
    assert finding.status is Status.CAUTION
    assert "below 0.9, which the sampling of items alone can explain" in finding.sentence


def test_too_few_clusters_do_not_tell_noise_from_an_effect_of_the_prompts(respond):
    effects = np.random.default_rng(3).normal(0, 2.0, (6, 5))
    clusters = np.arange(1500) % 15
    findings = judge(assess(respond(drawn(effects, 1500), clusters)))
    (finding,) = (f for f in findings if f.title == "Ranking across prompts")
    assert finding.status is Status.CAUTION
    assert "with fewer than 20 clusters of items that cannot be told" in finding.sentence
    assert finding.estimate("p_value_of_noise_alone").value is None


def test_no_estimate_depends_on_the_level(respond):
    responses = respond(drawn(np.zeros((4, 3)), 300), np.arange(300) % 25)

    def values(level):
        return [
            [(each.name, each.value) for each in finding.estimates] for finding in judge(assess(responses, level=level))
        ]

    assert values(0.95) == values(0.5)


def test_a_model_with_few_items_does_not_spoil_the_ranking_of_the_others(respond):
    scores = drawn(np.zeros((5, 3)), 200)
    scores[4][np.random.default_rng(4).random((3, 200)) > 0.3] = np.nan
    (ranking,) = assess(respond(scores)).rankings
    assert (ranking.models, ranking.items) == (4, 200)


def test_two_models_are_not_ranked(respond):
    assert assess(respond(drawn(np.zeros((2, 3))))).rankings == ()


def test_one_prompt_is_not_applicable(respond):
    with pytest.raises(NotApplicable, match="at least 2 variants"):
        assess(respond(drawn([[0]])))
    with pytest.raises(NotApplicable, match="at least 10"):
        assess(respond(drawn([[0, 0]], 9)))
    with pytest.raises(NotApplicable, match="one cluster"):
        assess(respond(drawn([[0, 0]], 30), [0] * 30))


def test_a_model_with_one_prompt_is_a_visible_row(respond):
    scores = drawn(np.zeros((3, 3)))
    scores[1, 1:] = np.nan
    findings = judge(assess(respond(scores)))
    (row,) = (finding for finding in findings if finding.status is Status.NOT_APPLICABLE)
    assert "m1 ran at least 10 items under 1 prompt only" in row.sentence


def test_scores_of_another_range_are_told_in_shares_of_it(respond):
    scores = drawn([[0, 1.0, -1.0]])
    plain, scaled = judge(assess(respond(scores)))[1], judge(assess(respond(scores * 9 + 1)))[1]
    assert scaled.estimate("spread").value == pytest.approx(plain.estimate("spread").value)
    assert "of the range of scores" in scaled.sentence
    assert scaled.status is plain.status


@pytest.mark.parametrize("setting", [{"level": 95}, {"resamples": 10}])
def test_settings_out_of_range_are_refused(respond, setting):
    with pytest.raises(InputError, match=next(iter(setting))):
        assess(respond(drawn([[0, 0]])), **setting)


def test_the_same_seed_gives_the_same_result(respond):
    responses = respond(drawn([[0, 0.5], [0, 0]]))
    first, second = (judge(assess(responses)) for _ in range(2))
    assert first == second


def test_the_figure_has_a_violin_of_the_prompts_and_one_of_noise_alone(respond):
    (picture,) = figure(assess(respond(drawn(np.zeros((2, 4))))))
    assert picture.kind == "violin"
    rows = list(zip(*(picture.columns[name] for name in ("model", "spread of", "prompt", "to")), strict=True))
    assert {what for _, what, _, _ in rows} == {"prompts", "noise alone"}
    assert [name for model, _, name, _ in rows if model == "m1" and name] == [f"prompt {place}" for place in range(4)]
    assert max(high for *_, high in rows) <= 1
    assert b"<svg" in render(picture)
    assert MEASURE.settings == {
        "level": 0.95,
        "resamples": 1000,
        "spread_tolerance": 0.02,
        "wanted_generalisability": 0.9,
    }


def test_intervals_stay_within_what_scores_allow(respond):
    """Few items and prompts that are nearly all right: normal errors would lead beyond 1."""
    scores = np.ones((1, 4, 12))
    scores[0, 0, :6] = 0.0
    scores[0, 1, 0] = 0.0
    found = assess(respond(scores)).each[0]
    assert found.spread.high <= 1.0
    for limits in (found.best, found.worst, found.cps):
        assert 0.0 <= limits.low <= limits.high <= 1.0
    assert found.best.high == 1.0


@pytest.mark.parametrize(("setting", "counts"), [("shots", True), ("system_message", True), ("temperature", False)])
def test_shots_and_instructions_that_set_runs_apart_are_prompts_and_other_settings_are_none(
    respond, make_responses, setting, counts
):
    scores = drawn([[0, 0.5, -0.5], [0.2, 0.4, -0.4]])
    rows = make_responses(scores.reshape(6, -1)).frame.collect()
    names = {f"m{i}": f"org/m{i // 3} ({setting}={i % 3})" for i in range(6)}
    assert set(rows["model"]) == set(names)
    named = Responses(rows.with_columns(pl.col("model").replace_strict(names)).lazy())
    if not counts:
        with pytest.raises(NotApplicable):
            assess(named)
        return
    found = assess(named).each
    assert [(each.model, each.prompts) for each in found] == [
        (f"org/m{i}", tuple(f"{setting}={k}" for k in range(3))) for i in range(2)
    ]
    np.testing.assert_allclose(found[0].means.means, scores[0].mean(axis=1))
