"""V7 against published shares, and how it judges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from measurand.errors import InputError
from measurand.measures.validity.dimensionality import dimensionality, figure, judge
from measurand.results import Status
from measurand.stats.capability.dimensionality import bartlett, covariance_shares, kmo


def two_dimensions(n=60):
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, n))
    return {f"c{j}": (first if j < 3 else second) + 0.4 * rng.standard_normal(n) for j in range(6)}


def test_example_has_one_dimension_with_the_published_shares(example):
    # Ren et al. 2024 (arXiv 2407.21792), printed by their program: PC1 78.3 and 70.8; mean correlation 75.8, 67.5;
    # standard deviation of the correlations 13.4, 14.3.
    result = dimensionality(example.scores)
    expected = {"base": (78.3, 75.8, 13.4), "chat": (70.8, 67.5, 14.3)}
    for finding in judge(result):
        names = ("pc1_share", "mean_correlation", "sd_correlation")
        found = tuple(100 * finding.estimate(name).value for name in names)
        assert found == pytest.approx(expected[finding.subject["class"]], abs=0.05 + 1e-9)
        assert finding.status is Status.PASSED
        assert finding.estimate("components_above_chance").value == 1
        share = finding.estimate("pc1_share")
        assert share.low < share.value < share.high <= 1


def test_every_further_number_is_that_of_the_capability_benchmarks(make_study):
    result = dimensionality(make_study(30).scores)
    panel = result.classes[0].panel
    (finding,) = judge(result)
    matrix = panel.component.correlation
    assert finding.estimate("kmo").value == pytest.approx(kmo(matrix))
    assert finding.estimate("bartlett_p_value").value == pytest.approx(bartlett(matrix, 30).p_value)
    assert finding.estimate("pc1_share_unstandardised").value == pytest.approx(covariance_shares(panel.values)[0])
    assert finding.result["eigenvalues"] == tuple(np.sort(np.linalg.eigvalsh(matrix))[::-1].round(12)) or (
        np.allclose(finding.result["eigenvalues"], np.sort(np.linalg.eigvalsh(matrix))[::-1])
    )


def test_two_dimensions_are_a_caution(make_study):
    study = make_study(60, columns=two_dimensions(), tested=0)
    (finding,) = judge(dimensionality(study.scores))
    assert finding.estimate("components_above_chance").value == 2
    assert finding.status is Status.CAUTION
    assert "second dimension" in finding.sentence


def test_no_common_dimension_is_an_issue(make_study):
    rng = np.random.default_rng(1)
    noise = {f"c{j}": rng.standard_normal(40) for j in range(5)}
    (finding,) = judge(dimensionality(make_study(40, columns=noise).scores))
    assert finding.estimate("components_above_chance").value == 0
    assert finding.status is Status.ISSUE


def test_what_families_are_alike_in_by_chance_is_no_common_dimension(make_study):
    # Benchmarks that have nothing in common, of six families that differ widely on each of them.
    rng = np.random.default_rng(11)
    columns = {f"c{j}": 3 * rng.standard_normal(6)[np.arange(60) % 6] + rng.standard_normal(60) for j in range(5)}
    (finding,) = judge(dimensionality(make_study(60, families=6, columns=columns).scores))
    assert finding.estimate("components_above_chance").value == 0
    assert finding.status is Status.CAUTION
    assert "models of one family are alike" in finding.sentence
    # The same scores of models that are not known to belong together would pass.
    (finding,) = judge(dimensionality(make_study(60, families=60, columns=columns).scores))
    assert finding.estimate("components_above_chance").value > 0


def test_with_few_families_a_dimension_is_neither_passed_nor_denied(make_study):
    (finding,) = judge(dimensionality(make_study(30, families=1).scores))
    assert finding.status is Status.CAUTION


def test_a_pass_over_unknown_families_says_what_it_rests_on(make_study):
    part = dimensionality(make_study(40).scores)
    known = part.classes[0]
    unknown = replace(part, classes=(replace(known, panel=replace(known.panel, unknown=30)),))
    assert "independent" not in judge(part)[0].sentence
    (finding,) = judge(unknown)
    assert finding.status is Status.PASSED
    assert "provided that the models, whose families are mostly not known, are independent" in finding.sentence


def test_one_factor_share_and_share_of_the_first_component_are_kept_apart(make_study):
    (finding,) = judge(dimensionality(make_study(40).scores))
    factor, component = finding.estimate("one_factor_share"), finding.estimate("pc1_share")
    assert factor.value < component.value - 0.01
    assert factor.method != component.method


def test_a_repeated_benchmark_leaves_the_matrix_singular_and_says_nothing_of_adequacy(make_study):
    values = np.random.default_rng(0).standard_normal(20)
    (finding,) = judge(dimensionality(make_study(20, columns={"c5": values, "c6": values}).scores))
    assert finding.estimate("kmo").value is None
    assert "bartlett_p_value" not in [estimate.name for estimate in finding.estimates]


def test_one_family_gives_a_share_without_interval(make_study):
    (finding,) = judge(dimensionality(make_study(20, families=1).scores))
    share = finding.estimate("pc1_share")
    assert (share.low, share.high) == (None, None)
    assert "nan" not in finding.sentence


def test_benchmarks_under_test_do_not_matter(make_study):
    with_tested, without = (dimensionality(make_study(20, tested=m).scores).classes[0] for m in (2, 0))
    assert with_tested.panel.capability == without.panel.capability
    assert with_tested.chance.shape == without.chance.shape


def test_bad_settings_are_refused(make_study):
    with pytest.raises(InputError, match="level"):
        dimensionality(make_study(12).scores, level=1)
    with pytest.raises(InputError, match="at least 100, got 99"):
        dimensionality(make_study(12).scores, permutations=99)


def test_figures_show_eigenvalues_against_chance_and_the_matrix(example):
    result = dimensionality(example.scores)
    scree, heatmap = figure(result)
    assert len(scree.columns["eigenvalue"]) == 2 * 2 * 12
    assert len(heatmap.columns["correlation"]) == 2 * 12 * 12
    assert max(heatmap.columns["correlation"]) == pytest.approx(1)
