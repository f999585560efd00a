"""V6 against published figures and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from measurand.errors import InputError, NotApplicable
from measurand.measures.validity.training_compute import compute_correlation, figure, judge
from measurand.results import Status


def with_compute(make_study, n=20, known=None, strength=3.0, **more):
    score = compute_correlation(make_study(n, flop=[1e22 * (i + 1) for i in range(n)]).scores).classes[0].panel
    noise = np.random.default_rng(0).standard_normal(n)
    flop = 10 ** (23 + strength * score.standard_scores + noise)
    flop = [float(value) if known is None or i < known else None for i, value in enumerate(flop)]
    return make_study(n, flop=flop, **more)


@pytest.mark.parametrize(("class_", "expected"), [("base", 96.5), ("chat", 94.3)])
def test_score_and_compute_correlate_as_published(example, class_, expected):
    # Ren et al. 2024 (arXiv 2407.21792): Spearman correlation of the capabilities score with training FLOP, x100.
    part = next(p for p in compute_correlation(example.scores).classes if p.panel.class_ == class_)
    assert 100 * part.score_spearman.value == pytest.approx(expected, abs=0.05)


def test_correlations_equal_scipy_over_the_models_whose_compute_is_known(example):
    for part in compute_correlation(example.scores).classes:
        score, log_flop = part.panel.component.scores, part.log_flop
        known = np.isfinite(log_flop)
        assert part.score_spearman.value == pytest.approx(stats.spearmanr(score[known], log_flop[known]).statistic)
        assert part.score_pearson.value == pytest.approx(stats.pearsonr(score[known], log_flop[known]).statistic)
        for j, name in enumerate(part.benchmarks):
            y = part.panel.scores[:, part.panel.tested.index(name)]
            both = known & np.isfinite(y)
            assert part.n[j] == both.sum()
            assert part.spearman[j].value == pytest.approx(stats.spearmanr(y[both], log_flop[both]).statistic)
            # Partial Spearman correlation: Pearson correlation of the residuals of ranks on ranks of the score.
            ranks = [stats.rankdata(values[both]) for values in (y, log_flop, score)]
            given = sm.add_constant(ranks[2])
            residuals = [sm.OLS(rank, given).fit().resid for rank in ranks[:2]]
            assert part.partial[j].value == pytest.approx(stats.pearsonr(*residuals).statistic)
            for value, low, high in (part.spearman[j], part.partial[j]):
                assert low <= value <= high


def test_models_of_unknown_compute_take_no_part(make_study):
    study = with_compute(make_study, 24, known=16)
    part = compute_correlation(study.scores).classes[0]
    assert np.isfinite(part.log_flop).sum() == 16
    assert set(part.n) == {16}
    (picture, _) = figure(compute_correlation(study.scores))
    assert len(picture.columns["model"]) == 16


def test_too_few_models_of_known_compute_are_told_what_is_needed(make_study):
    with pytest.raises(NotApplicable, match=r"training FLOP of 7 of 20 .*at least 8 models of a class"):
        compute_correlation(with_compute(make_study, known=7).scores)


def test_one_class_of_unknown_compute_is_a_visible_row(make_study):
    flop = [None if i % 2 else 1e22 * (i + 1) for i in range(30)]
    findings = judge(compute_correlation(make_study(30, classes=("base", "chat"), flop=flop).scores))
    rows = [finding for finding in findings if finding.status is Status.NOT_APPLICABLE]
    assert [row.subject for row in rows] == [{"class": "chat"}]


@pytest.mark.parametrize(
    ("sign", "noise", "status", "words"),
    [
        (1, 0.05, Status.ISSUE, "it rises with compute"),
        (-1, 0.05, Status.ISSUE, "it gets worse with compute"),
        (0, 1.0, Status.PASSED, "it is separate from compute"),
        (0.6, 0.8, Status.CAUTION, "too few models"),
    ],
)
def test_verdicts_look_at_the_interval(make_study, sign, noise, status, words):
    n = 60
    log_flop = np.log10(list(with_compute(make_study, n).scores.model_fact("training_flop", models(n))))
    rank = stats.zscore(log_flop)
    scatter = stats.zscore(np.random.default_rng(5).standard_normal(n))
    scatter = scatter - rank * (scatter @ rank) / n
    study = make_study(
        n, flop=[float(f) for f in 10**log_flop], columns={"t0": sign * rank + noise * scatter}, families=20
    )
    finding = next(f for f in judge(compute_correlation(study.scores)) if f.subject.get("benchmark") == "t0")
    assert (finding.status, words in finding.sentence) == (status, True), finding.sentence


def models(n):
    return [f"m{i}" for i in range(n)]


def test_the_headline_says_when_the_score_itself_does_not_follow_compute(make_study):
    flop = [float(f) for f in 10 ** np.random.default_rng(3).uniform(20, 25, 24)]
    headline = judge(compute_correlation(make_study(24, flop=flop, tested=0).scores))[0]
    assert headline.headline
    assert headline.status is Status.CAUTION
    assert "0 benchmarks" not in headline.sentence
    assert "does not clearly follow compute" in headline.sentence


def test_the_unit_of_compute_does_not_matter(make_study):
    study = with_compute(make_study, 20)
    flop = study.scores.model_fact("training_flop", models(20))
    petaflop_days = make_study(20, flop=[f / 8.64e19 for f in flop])
    one, other = (compute_correlation(s.scores).classes[0] for s in (study, petaflop_days))
    for first, second in zip((*one.score_pearson, *one.partial), (*other.score_pearson, *other.partial), strict=True):
        np.testing.assert_allclose(first, second)


def test_one_family_gives_no_interval_and_no_verdict(make_study):
    findings = judge(compute_correlation(make_study(20, families=1, flop=[1e20 * (i + 1) for i in range(20)]).scores))
    for finding in findings:
        assert finding.status is Status.CAUTION
        assert all(estimate.low is None for estimate in finding.estimates)


def test_a_benchmark_that_is_the_score_itself_has_no_partial_correlation(make_study):
    study = with_compute(make_study, 20)
    score = compute_correlation(study.scores).classes[0].panel.component.scores
    finding = next(
        f
        for f in judge(compute_correlation(with_compute(make_study, 20, columns={"t0": score}).scores))
        if f.subject.get("benchmark") == "t0"
    )
    estimate = finding.estimate("compute_partial_given_capability")
    assert (estimate.value, estimate.low, estimate.high) == (None, None, None)
    assert "nan" not in finding.sentence


def test_bad_settings_are_refused(make_study):
    study = with_compute(make_study)
    with pytest.raises(InputError, match="level"):
        compute_correlation(study.scores, level=0)
    with pytest.raises(InputError, match="threshold"):
        judge(compute_correlation(study.scores), threshold=-1)
