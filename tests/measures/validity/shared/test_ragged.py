"""A capabilities score where few models were run on everything: one index, or the benchmarks that most have.

Golden numbers: shared/facts/frontier_2026/README.md (numpy and scipy), oriented: higher is safer.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from measurand import load_example
from measurand.errors import NotApplicable
from measurand.measures.validity.capabilities_correlation import capabilities_correlation, judge
from measurand.measures.validity.shared.panel import panels
from measurand.tables import Scores

ECI = "epoch_capabilities_index"
TEXT_CORE = ("cais_hle", "cais_arc_agi_2", "cais_textquests_progress", "cais_terminal_bench_2")
SCORES = load_example("frontier_2026").scores

GOLDEN = [
    ("cais_mask_honesty", 0.256, 0.183),
    ("cais_vct_refusal", 0.383, 0.447),
    ("cais_art_attack_success", 0.507, 0.602),
    ("cais_machiavelli_deception", -0.056, -0.163),
    ("cais_textquests_harm", -0.442, -0.653),
    ("hle_rms_calibration_error", 0.816, 0.868),
    ("bullshitbench_v2_clear_pushback", None, 0.497),
    ("bullshitbench_v1_clear_pushback", None, 0.291),
    ("vectara_hhem_hallucination_rate", None, -0.474),
    ("vectara_hhem_answer_rate", None, 0.305),
]


def correlations(scores):
    (part,) = capabilities_correlation(scores, resamples=100).classes
    return dict(zip(part.benchmarks, part.correlations.value.tolist(), strict=True)), part


@pytest.fixture(scope="module")
def by_index():
    return correlations(SCORES)


@pytest.fixture(scope="module")
def by_text():
    return correlations(SCORES.with_capability(TEXT_CORE))


@pytest.mark.parametrize(("benchmark", "with_score", "with_index"), GOLDEN)
def test_capabilities_correlations_of_2026(by_index, by_text, benchmark, with_score, with_index):
    assert by_index[0][benchmark] == pytest.approx(with_index, abs=5.1e-4)
    if with_score is not None:
        assert by_text[0][benchmark] == pytest.approx(with_score, abs=5.1e-4)
    assert by_text[1].panel.component.share == pytest.approx(0.8842, abs=5e-5)


def test_where_too_few_models_have_everything_the_index_makes_the_score_and_it_is_said(by_index):
    panel = by_index[1].panel
    assert panel.capability == (ECI,)
    assert (len(panel.models), len(set(panel.families))) == (53, 12)
    first, second, *_ = panel.caveats
    assert first.startswith("1 of 102 models have the capability benchmarks")
    assert f"{', '.join(TEXT_CORE[:3])} and {TEXT_CORE[3]} alone would keep 32" in first
    assert second == f"39 further settings of model versions counted with them, since {ECI} is one figure per version"
    # Nobody named it, so that the other capability benchmarks are not under test.
    assert set(panel.tested) == set(SCORES.benchmarks_of("safety"))


def test_a_named_index_counts_a_version_once_too():
    (panel,), _ = panels(SCORES.with_capability([ECI]), "complete")
    assert len(panel.models) == 53
    assert "as named, and as good as that column is" in panel.caveats[0]
    hle = panel.scores[:, panel.tested.index("cais_hle")]
    both = np.isfinite(hle)
    assert both.sum() == 30
    assert spearmanr(hle[both], panel.values[both, 0]).statistic == pytest.approx(0.92, abs=0.005)


def test_six_developers_give_an_interval_that_is_neither_narrow_nor_everything():
    """With benchmarks to learn from, that of HLE is [.80, .97] and not the [.23, 1] of a jackknife over six."""
    _, part = correlations(SCORES.with_capability([ECI]))
    place = part.benchmarks.index("cais_hle")
    low, high = (limits["moderated_jackknife"][place] for limits in (part.correlations.low, part.correlations.high))
    independent = part.correlations.low["bonett_wright"][place]
    assert 0.7 < low <= independent < 0.9 < high < 0.99


def test_a_question_about_several_benchmarks_says_which_would_keep_how_many_models():
    with pytest.raises(NotApplicable, match="cais_terminal_bench_2 alone would keep 32") as caught:
        panels(SCORES, "complete", several=True)
    assert "at least 8 models that have all of them" in caught.value.needs
    named = SCORES.with_capability(TEXT_CORE)
    assert len(panels(named, "complete", several=True)[0][0].models) == 32


def test_the_set_proposed_is_the_one_that_keeps_most_models():
    rng = np.random.default_rng(0)
    for _ in range(20):
        present = rng.random((30, 6)) < rng.uniform(0.4, 0.95, 6)
        present[:, 0] &= ~present.all(axis=1)  # no model has all
        rows = [(f"m{i}", f"c{j}", rng.random()) for i, j in zip(*np.nonzero(present), strict=True)]
        table = pl.DataFrame(rows, schema=["model", "benchmark", "score"], orient="row")
        scores = Scores.build(table).with_capability([f"c{j}" for j in range(6) if present[:, j].any()])
        most = max(present[:, list(three)].all(axis=1).sum() for three in combinations(range(6), 3))
        with pytest.raises(NotApplicable) as caught:
            panels(scores, "complete")
        said = "alone would keep" in caught.value.needs
        kept = int(caught.value.needs.partition("alone would keep ")[2].partition(")")[0]) if said else None
        # One that keeps nearly as many and is longer may be proposed instead; below eight it would be of no use.
        assert said == (most >= 8) or most < 10
        assert kept is None or 0.8 * most <= kept <= most


def test_settings_with_different_figures_are_models_of_their_own():
    rows = [(f"m{i}", "eci", float(i)) for i in range(12)] + [(f"m{i}", "t0", float(i % 5)) for i in range(12)]
    facts = pl.DataFrame({"model": [f"m{i}" for i in range(12)], "version": [f"v{i // 2}" for i in range(12)]})
    scores = Scores.build(pl.DataFrame(rows, schema=["model", "benchmark", "score"], orient="row"), facts)
    (panel,), _ = panels(scores.with_capability(["eci"]), "complete")
    assert len(panel.models) == 12
    same = [(model, name, float(int(model[1:]) // 2) if name == "eci" else score) for model, name, score in rows]
    rows_of_two = pl.DataFrame(
        [*same, ("m20", "eci", 9.0), ("m21", "eci", 10.0)], schema=scores.table.columns[:3], orient="row"
    )
    scores = Scores.build(rows_of_two, facts)
    (panel,), _ = panels(scores.with_capability(["eci"]), "complete")
    assert panel.models == ("m0", "m2", "m4", "m6", "m8", "m10", "m20", "m21")
    np.testing.assert_allclose(panel.scores[:6, 0], [0.5, 2.5, 2.0, 1.5, 3.5, 0.5])
    assert np.isnan(panel.scores[6:, 0]).all()


def test_the_verdicts_of_2026_are_those_of_the_index():
    findings = judge(capabilities_correlation(SCORES, resamples=100))
    verdict = {f.subject["benchmark"]: f.result["verdict"] for f in findings if not f.headline}
    assert verdict["hle_rms_calibration_error"] == "entangled"
    assert verdict["cais_mask_honesty"] == "undecided"
