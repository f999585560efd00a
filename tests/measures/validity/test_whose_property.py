"""V12 on the study of 2026, on scores of known owners, and where it cannot say anything.

Golden numbers: shared/facts/frontier_2026/README.md (numpy and scipy; p of 20,000 permutations, seed 2026).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from measurand import load_example
from measurand.errors import InputError, NotApplicable
from measurand.measures import find
from measurand.measures.validity.whose_property import MEASURE, figure, judge, whose_property
from measurand.results import Status
from measurand.stats.capability.owners import between_groups

ECI = "epoch_capabilities_index"
SCORES = load_example("frontier_2026").scores


@pytest.fixture(scope="module")
def by_index():
    scores = SCORES.with_capability([ECI])
    return whose_property(scores.only(scores.benchmarks_of("safety")))


def row_of(result, benchmark):
    return next(row for part in result.classes for row in part.benchmarks if row.benchmark == benchmark)


GOLDEN = [
    # benchmark, capabilities score, models, developers, eta squared, by chance, adjusted, p
    ("cais_mask_honesty", "cais_hle", 36, 6, 0.643, 0.143, 0.584, 0.00005),
    ("cais_vct_refusal", "cais_hle", 32, 6, 0.749, 0.161, 0.701, 0.0001),
    ("cais_art_attack_success", "cais_hle", 28, 6, 0.347, 0.185, 0.199, 0.075),
    ("cais_machiavelli_deception", "cais_hle", 30, 6, 0.162, 0.172, -0.012, 0.46),
    ("cais_textquests_harm", "cais_hle", 33, 6, 0.039, 0.156, -0.139, 0.95),
    ("hle_rms_calibration_error", "cais_hle", 34, 6, 0.082, 0.152, -0.082, 0.78),
    ("bullshitbench_v2_clear_pushback", None, 33, 6, 0.640, 0.156, 0.573, 0.0003),
    ("bullshitbench_v1_clear_pushback", None, 30, 6, 0.653, 0.172, 0.581, 0.0006),
    ("vectara_hhem_hallucination_rate", None, 42, 9, 0.395, 0.195, 0.249, 0.026),
    ("vectara_hhem_answer_rate", None, 42, 9, 0.375, 0.195, 0.223, 0.045),
    ("cais_hle", None, 36, 6, 0.082, 0.143, -0.071, 0.75),
    (ECI, None, 49, 8, 0.215, 0.146, 0.081, 0.16),
]


@pytest.mark.parametrize(("benchmark", "score", "n", "developers", "eta", "chance", "adjusted", "p"), GOLDEN)
def test_share_between_developers_is_as_found_without_measurand(
    benchmark, score, n, developers, eta, chance, adjusted, p
):
    y, group = by_developer(benchmark)
    found = between_groups(y, group, 20_000, np.random.default_rng(2026))
    assert (len(y), group.max() + 1) == (n, developers)
    assert found.eta_squared == pytest.approx(eta, abs=5.1e-4)
    assert found.chance == pytest.approx(chance, abs=5.1e-4)
    assert 1 - (1 - found.eta_squared) * (n - 1) / (n - developers) == pytest.approx(adjusted, abs=5.1e-4)
    # Two draws of 20,000 permutations, and the rounding of the printed p.
    assert found.p_value == pytest.approx(p, abs=4 * np.sqrt(2 * p * (1 - p) / 20_000) + 0.005 * (p > 0.1))
    if score is not None:
        row = row_of(whose_property(SCORES.with_capability([score]), permutations=100), benchmark)
        assert row.between[:2] == pytest.approx(found[:2])
        assert (len(row.models), row.developers) == (n, developers)


def by_developer(benchmark):
    """Scores and developers: one row per version, of developers with two or more."""
    facts = SCORES.models.unique("version", keep="first", maintain_order=True) if benchmark == ECI else SCORES.models
    y = SCORES.matrix(facts["model"].to_list(), [benchmark])[:, 0]
    developer = np.array(facts["family"].to_list())[np.isfinite(y)]
    y = y[np.isfinite(y)]
    names, count = np.unique(developer, return_counts=True)
    kept = np.isin(developer, names[count > 1])
    return y[kept], np.unique(developer[kept], return_inverse=True)[1]


def test_honesty_within_developers_on_humanitys_last_exam():
    found = row_of(whose_property(SCORES.with_capability(["cais_hle"]), permutations=5000), "cais_mask_honesty")
    assert found.within.value == pytest.approx(0.396, abs=5e-4)
    # Two draws of 5,000 permutations at .020: standard error .0028.
    assert found.p_within == pytest.approx(0.020, abs=0.011)
    each = {name: (round(rho, 3), n) for name, rho, n in found.each}
    assert each == {"openai": (0.736, 13), "google": (-0.214, 8), "anthropic": (0.071, 7), "xai": (0.8, 4)}


def test_whose_the_benchmarks_of_2026_are(by_index):
    findings = judge(by_index)
    verdict = {f.subject["benchmark"]: f.result["verdict"] for f in findings if "verdict" in f.result}
    assert verdict["cais_mask_honesty"] == verdict["cais_vct_refusal"] == "developer"
    assert verdict["hle_rms_calibration_error"] == "capability"
    assert verdict["cais_machiavelli_deception"] == verdict["vectara_hhem_hallucination_rate"] == "undecided"
    top = findings[0]
    assert top.headline
    assert "4 go with who made a model (MASK honesty (CAIS), VCT refusal set (CAIS)" in top.sentence
    mask = next(f for f in findings if f.subject.get("benchmark") == "cais_mask_honesty")
    assert mask.status is Status.PASSED
    assert mask.short == "goes with who made it"
    assert "who made a model accounts for 56.6% [" in mask.sentence
    assert "30 models of 6 developers" in mask.sentence


def test_the_answer_is_a_table_from_the_greatest_share_of_developers_down(by_index):
    findings = MEASURE.findings(by_index)
    answer = MEASURE.answers(by_index, findings)
    (table,) = answer.tables
    assert table.head[0] == "benchmark"
    assert table.rows[0][0] == "VCT refusal set (CAIS)"
    assert table.rows[-1][1].startswith("0% [")
    assert answer.sentence == findings[0].sentence
    assert find("V12") is MEASURE


def test_a_path_holds_the_models_more_capable_than_all_before(by_index):
    picture = next(each for each in figure(by_index) if each.name == "V12.paths")
    rows = list(zip(*picture.columns.values(), strict=True))
    assert {row[1] for row in rows} == {by_index.names[row.benchmark] for row in by_index.classes[0].benchmarks}
    for benchmark, developer in {(row[1], row[2]) for row in rows}:
        own = [row for row in rows if row[1:3] == (benchmark, developer)]
        path = [row for row in own if row[7] is not None]
        assert path
        dates, capability = [row[4] for row in path], [row[5] for row in path]
        assert dates == sorted(dates)
        assert all(b > a for a, b in pairwise(capability))
        for row in own:
            before = [other[5] for other in own if other[4] < row[4]]
            assert row[7] is None or not before or row[5] > max(before)


def owned(make_study, n=60, developers=10, made=0.0, slope=0.0, seed=0):
    rng = np.random.default_rng([seed, 7])  # not the one that the study's own scores come from
    score = whose_score(make_study(n, families=developers))
    member = np.arange(n) % developers
    own = np.sqrt(max(0.0, 1 - made - slope**2)) * rng.standard_normal(n)
    y = slope * score + np.sqrt(made) * rng.permutation(np.linspace(-1.6, 1.6, developers))[member] + own
    return make_study(n, families=developers, columns={"t0": y}, tested=0)


def whose_score(study):
    return whose_property(study.scores, permutations=100).classes[0].panel.standard_scores


@pytest.mark.parametrize(
    ("made", "slope", "verdict", "status"),
    [
        (0.8, 0.0, "developer", Status.PASSED),
        (0.0, 0.95, "capability", Status.ISSUE),
        (0.0, -0.95, "capability", Status.ISSUE),
        (0.45, 0.67, "both", Status.CAUTION),
        (0.0, 0.0, "neither", Status.CAUTION),
        (0.1, 0.0, "undecided", Status.CAUTION),
    ],
)
def test_verdicts(make_study, made, slope, verdict, status):
    seed = {"undecided": 5}.get(verdict, 0)
    n = 20 if verdict == "undecided" else 60
    study = owned(make_study, n, 5 if n == 20 else 10, made, slope, seed)
    finding = next(
        f
        for f in MEASURE.findings(whose_property(study.scores, permutations=500))
        if f.subject.get("benchmark") == "t0" and not f.headline
    )
    assert (finding.result["verdict"], finding.status) == (verdict, status), finding.sentence
    assert "nan" not in finding.sentence
    assert len(finding.short.split()) <= 7


def test_of_many_benchmarks_chance_finds_fewer(by_index):
    rows = {f.subject["benchmark"]: f for f in judge(by_index) if "verdict" in f.result}
    answers = rows["vectara_hhem_answer_rate"]
    assert answers.result["verdict_alone"] != answers.result["verdict"] == "undecided"
    assert "among 10 benchmarks that could be chance" in answers.sentence
    for finding in rows.values():
        assert finding.result["p_developer_adjusted"] >= finding.result["p_developer"]


def test_developers_with_one_model_do_not_count(make_study):
    alone = [f"f{i}" if i > 40 else f"f{i % 5}" for i in range(60)]
    study = make_study(60, families=5)
    scores = study.scores
    facts = scores.models.with_columns(family=np.array(alone, dtype=object).astype(str))
    changed = type(scores)(scores.table, facts, scores.benchmarks)
    row = whose_property(changed, permutations=100).classes[0].benchmarks[0]
    assert (len(row.models), row.developers) == (41, 5)


@pytest.mark.parametrize(("n", "families"), [(30, 2), (16, 8)])
def test_too_few_developers_or_models_are_visible_rows(make_study, n, families):
    findings = judge(whose_property(make_study(n, families=families).scores, permutations=100))
    assert {f.status for f in findings} == {Status.NOT_APPLICABLE}
    assert f"{n} models of {families} developers with at least two models were run on it" in findings[0].sentence


def test_without_a_capabilities_score_it_is_not_applicable():
    only = SCORES.only(SCORES.benchmarks_of("safety")).with_capability([])
    with pytest.raises(NotApplicable):
        whose_property(only)


@pytest.mark.parametrize("settings", [{"level": 95}, {"permutations": 10}])
def test_bad_settings_are_refused(make_study, settings):
    with pytest.raises(InputError):
        whose_property(make_study(30).scores, **settings)
    with pytest.raises(InputError, match="mostly"):
        judge(whose_property(make_study(30, families=5).scores, permutations=100), mostly=2)
