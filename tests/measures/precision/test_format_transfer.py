"""P8: the same items in two formats, paired, and the ranking of models."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.precision.format_transfer import MEASURE, figure, format_transfer, judge
from measurand.report import render
from measurand.results import Status
from measurand.stats.items.formats import difference_limits, tau_limits
from measurand.tables import Responses


def drawn(shifts, items=400, seed=0):
    """Scores of models by formats by items, with a shift of each on the logistic scale."""
    rng = np.random.default_rng(seed)
    chance = expit(0.5 + np.asarray(shifts, dtype=float)[:, :, None] + 1.5 * rng.standard_normal(items))
    return (rng.random(chance.shape) < chance).astype(float)


@pytest.fixture
def respond(make_responses):
    def make(scores, clusters=None, names=("choice", "open", "relabelled"), column="variant"):
        parts = [
            make_responses(scores[:, place], clusters, **{column: names[place]}) for place in range(scores.shape[1])
        ]
        return Responses(pl.concat([part.frame for part in parts]), parts[0].cluster)

    return make


def assess(responses, **settings):
    return format_transfer(responses, rng=np.random.default_rng(0), **settings)


def test_the_difference_is_paired_and_of_the_second_format(respond):
    scores = drawn([[0, -0.5]])
    (found,) = assess(respond(scores)).each
    assert (found.reference, found.other) == ("choice", "open")
    assert found.difference == difference_limits(scores[0, 1] - scores[0, 0], None, 0.95)
    turned = assess(respond(scores), formats=("open", "choice")).each[0]
    assert turned.difference.value == pytest.approx(-found.difference.value)


@pytest.mark.parametrize(
    ("shift", "items", "status", "words"),
    [
        (-1.0, 400, Status.ISSUE, "From choice to open, the score of m0 on b changes by −"),
        (1.0, 400, Status.ISSUE, "From choice to open, the score of m0 on b changes by 1"),
        (0.0, 400, Status.CAUTION, "too few items"),
    ],
)
def test_the_verdict_looks_at_the_interval(respond, shift, items, status, words):
    headline, finding = judge(assess(respond(drawn([[0, shift]], items))))
    assert (finding.status, headline.status) == (status, status)
    assert words in finding.sentence
    assert headline.subject == {}
    assert finding.subject == {"benchmark": "b", "model": "m0", "format": "open"}


def test_the_same_scores_pass_with_enough_items(respond):
    scores = np.repeat(drawn([[0]], 500), 2, axis=1)
    finding = judge(assess(respond(scores)))[1]
    assert finding.status is Status.PASSED
    assert "the score of m0 on b changes by 0 points [−0.6, 0.6] (500 items)" in finding.sentence
    assert judge(assess(respond(scores[:, :, :20])))[1].status is Status.CAUTION


def test_clusters_widen_the_interval(respond):
    scores, clusters = np.repeat(drawn([[0, 0]], 20), 10, axis=2), np.repeat(np.arange(20), 10)
    naive = assess(respond(scores)).each[0].difference
    found = assess(respond(scores, clusters)).each[0]
    assert found.clusters == 20
    assert found.difference.high - found.difference.low > 2 * (naive.high - naive.low)


def test_items_in_one_format_only_are_left_out(respond):
    scores = drawn([[0, 0.4]], 60)
    scores[0, 0, 40:] = np.nan
    # The format with most scores is the reference.
    (found,) = assess(respond(scores)).each
    assert (found.reference, found.items) == ("open", 40)
    assert found.difference.value == pytest.approx((scores[0, 0, :40] - scores[0, 1, :40]).mean())


def test_benchmarks_that_share_items_can_be_formats(respond):
    scores = drawn([[0, -1.0]] * 2)
    responses = respond(scores, names=("arc", "arc_open"), column="benchmark")
    with pytest.raises(NotApplicable, match="two formats"):
        assess(responses)
    found = assess(responses, formats=("arc_open", "arc")).each
    assert [(each.benchmark, each.reference, each.other) for each in found] == [
        ("arc_open, arc", "arc_open", "arc")
    ] * 2
    assert found[0].difference.value == pytest.approx((scores[0, 0] - scores[0, 1]).mean())


def test_many_variants_are_wordings_unless_named(respond):
    responses = respond(drawn(np.zeros((1, 5))), names=[f"p{place}" for place in range(5)])
    with pytest.raises(NotApplicable, match=r"5 variants.*needs the names of the formats"):
        assess(responses)
    assert len(assess(responses, formats=("p1", "p3", "p4")).each) == 2
    assert len(assess(responses, formats=tuple(f"p{place}" for place in range(5))).each) == 4


def test_names_that_are_no_formats_are_refused(respond):
    responses = respond(drawn([[0, 0]]))
    with pytest.raises(UnknownName, match="did you mean 'choice'"):
        assess(responses, formats=("choise", "open"))
    with pytest.raises(InputError, match="at least two different names"):
        assess(responses, formats=("open",))
    with pytest.raises(InputError, match="level"):
        assess(responses, level=95)


def test_the_ranking_is_kendalls_tau_on_the_common_items(respond):
    abilities = np.linspace(-1, 1, 9)[:, None]
    scores = drawn(np.hstack([abilities, abilities, -abilities]), 600)
    result = assess(respond(scores))
    means = scores.mean(axis=2)
    assert [ranking.tau for ranking in result.rankings] == [
        tau_limits(means[:, 0], means[:, place], 0.95) for place in (1, 2)
    ]
    steady, turned = (f for f in judge(result) if f.title == "Ranking across formats")
    assert (steady.status, turned.status) == (Status.PASSED, Status.ISSUE)
    assert "choice and relabelled rank 9 models" in turned.sentence
    assert turned.estimate("rank_tau").value < 0


def test_models_that_hardly_differ_are_ranked_by_noise_and_not_by_the_formats(respond):
    result = assess(respond(drawn(np.zeros((12, 2)), 400, seed=3)))
    (finding,) = (f for f in judge(result) if f.title == "Ranking across formats")
    assert finding.estimate("rank_tau").high < 0.7
    assert finding.estimate("p_value_of_noise_alone").value > 0.05
    assert finding.status is Status.CAUTION
    assert "which the sampling of items alone can explain" in finding.sentence


def test_few_clusters_do_not_tell_noise_from_an_effect_of_the_formats(respond):
    abilities = np.linspace(-1, 1, 9)[:, None]
    scores = drawn(np.hstack([abilities, -abilities]), 600)
    for groups, status in ((15, Status.CAUTION), (30, Status.ISSUE)):
        result = assess(respond(scores, np.arange(600) % groups))
        (finding,) = (f for f in judge(result) if f.title == "Ranking across formats")
        assert finding.status is status, finding.sentence


def test_no_estimate_depends_on_the_level(respond):
    responses = respond(drawn(np.zeros((6, 2)), 300), np.arange(300) % 25)

    def values(level):
        return [
            [(each.name, each.value) for each in finding.estimates] for finding in judge(assess(responses, level=level))
        ]

    assert values(0.95) == values(0.5)


def test_four_models_are_not_ranked(respond):
    assert assess(respond(drawn(np.zeros((4, 2))))).rankings == ()


def test_models_in_one_format_only_are_a_visible_row(respond):
    scores = drawn(np.zeros((3, 2)))
    scores[2, 1] = np.nan
    findings = judge(assess(respond(scores)))
    (row,) = (finding for finding in findings if finding.status is Status.NOT_APPLICABLE)
    assert "1 model ran fewer than 10 of the same items as choice and open" in row.sentence


def test_one_format_or_too_few_items_are_not_applicable(respond):
    with pytest.raises(NotApplicable, match="1 format only"):
        assess(respond(drawn([[0]])))
    with pytest.raises(NotApplicable, match="at least 10 of the same items"):
        assess(respond(drawn([[0, 0]], 9)))


def test_one_cluster_has_no_interval_and_no_verdict(respond):
    finding = judge(assess(respond(drawn([[0, 1]], 30), [0] * 30)))[1]
    assert finding.status is Status.CAUTION
    assert finding.estimate("difference").low is None


def test_one_unlucky_model_of_many_is_no_headline(respond):
    result = assess(respond(drawn([[0, 0.26]] * 12, 400, seed=2)))
    headline, *each = judge(result)
    assert any(finding.status is Status.ISSUE for finding in each)
    assert headline.status is Status.CAUTION
    assert headline.sentence.startswith("2 of the 12 scores would change by more than 2 points with the format")


def test_the_figure_shows_every_model_with_its_verdict(respond):
    result = assess(respond(drawn([[0, 1.0, 0.0]] * 2)))
    (picture,) = figure(result, judge(result))
    assert picture.columns["formats"] == ("open minus choice",) * 2 + ("relabelled minus choice",) * 2
    assert set(picture.columns["verdict"]) == {"issue", "caution"}
    assert picture.select == ("benchmark", "formats")
    assert b"<svg" in render(picture)
    assert MEASURE.settings == {
        "level": 0.95,
        "formats": (),
        "format_tolerance": 0.02,
        "least_rank_agreement": 0.7,
    }
