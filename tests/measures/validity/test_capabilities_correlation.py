"""V1 against the published figures, and how it judges."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import measurand
from measurand.errors import InputError, NotApplicable
from measurand.measures.validity.capabilities_correlation import (
    MEASURE,
    answer,
    capabilities_correlation,
    figure,
    judge,
)
from measurand.results import Status
from measurand.stats.capability.capabilities import DEFAULT, METHODS, PERMUTATIONS, SEED
from measurand.stats.intervals.correlation import at_least_independent

# The capability benchmarks of Ren et al. 2024 (arXiv 2407.21792), in the order their program prints.
CAPABILITY = [
    "logiqa",
    "piqa",
    "hellaswag",
    "winogrande",
    "superglue_copa",
    "medqa_4options",
    "arc_challenge",
    "mmlu",
    "minerva_math",
    "lambada_openai",
    "gsm8k",
    "bbh",
]

# Benchmarks on which over 80% of the models score the same: no correlation is given.
NEAR_CONSTANT = {"base": {"machiavelli-games", "drop_em"}, "chat": {"machiavelli-games"}}


def printed(shared):
    """What the authors' program printed (reference_output.txt), by class: summary, correlations and model scores."""
    text = (shared / "data" / "safetywashing" / "reference_output.txt").read_text(encoding="utf-8")
    parts = {}
    for section in text.split("***** Results for ")[1:]:
        class_ = section.split(" ")[0].lower()
        head, _, models = section.partition("MODEL SCORES:")
        lines = [line for line in head.splitlines() if line and ":" not in line and "*****" not in line]
        summary = [line.split(": ") for line in head.splitlines() if ": " in line]
        parts[class_] = (
            [float(value) for _, value in summary],
            dict(line.rsplit(" ", 1) for line in lines),
            dict(line.rsplit(", ", 1) for line in models.splitlines() if ", " in line),
        )
    return parts


def decimals(text):
    return len(text.partition(".")[2])


def half_step(text):
    """Half a unit of the last printed decimal, and what floating point adds."""
    return 0.5 * 10 ** -decimals(text) + 1e-9


@pytest.mark.parametrize(("class_", "benchmarks", "models"), [("base", 176, 27), ("chat", 178, 26)])
def test_every_printed_figure_is_reproduced_to_its_last_decimal(shared, class_, benchmarks, models):
    summary, correlations, scores = printed(shared)[class_]
    path = shared / "data" / "safetywashing" / f"benchmarks_{class_}_models.csv"
    study = measurand.read(path, capability=CAPABILITY)
    result = capabilities_correlation(study.scores, resamples=100)
    (part,), unassessed = result.classes, result.unassessed
    found = dict(zip(part.benchmarks, 100 * part.correlations.value, strict=True))
    near_constant = {problem.subject["benchmark"] for problem in unassessed}
    assert near_constant == NEAR_CONSTANT[class_]
    assert len(correlations) == len(found) + len(near_constant) == benchmarks
    correlations = {name: value for name, value in correlations.items() if name not in near_constant}
    wrong = {
        name: (value, found[name])
        for name, value in correlations.items()
        if abs(found[name] - float(value)) > half_step(value)
    }
    assert wrong == {}
    component = part.panel.component
    pairs = component.correlation[np.triu_indices(12, k=1)]
    np.testing.assert_allclose(100 * np.array([pairs.mean(), pairs.std(), component.share]), summary, atol=0.05 + 1e-9)
    by_model = dict(zip(part.panel.models, component.scores, strict=True))
    assert len(by_model) == len(scores) == models
    assert {m: (by_model[m], v) for m, v in scores.items() if abs(by_model[m] - float(v)) > half_step(v)} == {}


@pytest.mark.slow
def test_the_command_line_writes_the_printed_figures(shared, tmp_path):
    folder = shared / "data" / "safetywashing"
    tables = [str(folder / f"benchmarks_{class_}_models.csv") for class_ in ("base", "chat")]
    command = [sys.executable, "-m", "measurand", "audit", *tables, "--capability", ",".join(CAPABILITY)]
    done = subprocess.run([*command, "--output", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    found = {
        (finding["subject"]["class"], finding["subject"]["benchmark"]): estimate["value"]
        for finding in document["findings"]
        for estimate in finding["estimates"]
        if finding["code"] == "V1" and estimate["name"] == "capabilities_correlation"
    }
    expected = {(class_, name): value for class_, part in printed(shared).items() for name, value in part[1].items()}
    expected = {(class_, name): v for (class_, name), v in expected.items() if name not in NEAR_CONSTANT[class_]}
    assert set(found) == set(expected)
    assert {k: (found[k], v) for k, v in expected.items() if abs(100 * found[k] - float(v)) > half_step(v)} == {}


# Spearman x100 of the embedded figures (METHODS V1; Ren et al. 2024, tables of the capabilities correlations).
EMBEDDED = {
    "base": {"rmsce_mmlu": -2.4, "brier_mmlu": 91.8, "anli": 74.5},
    "chat": {
        "MT_Bench": 78.7,
        "LMSYS_Chatbot_Arena": 62.1,
        "ethics_all": 82.2,
        "machiavelli-utility.Σ": -49.9,
        "bbq_amb": -37.3,
        "truthfulqa_mc1": 81.2,
        "sycophancy": -66.8,
        "wmdp_bio": -87.5,
        "wmdp": -88.6,
        "scrolls_quality": 88.8,
        "gpqa": 77.7,
    },
}


@pytest.fixture(scope="module")
def of_example(example):
    return capabilities_correlation(example.scores, resamples=200)


@pytest.mark.parametrize(("class_", "share"), [("base", 78.3), ("chat", 70.8)])
def test_embedded_study_gives_the_expected_numbers(of_example, class_, share):
    part = next(part for part in of_example.classes if part.panel.class_ == class_)
    assert 100 * part.panel.component.share == pytest.approx(share, abs=0.05)
    names = {name.casefold(): value for name, value in zip(part.benchmarks, part.correlations.value, strict=True)}
    found = {name: 100 * names[name.casefold()] for name in EMBEDDED[class_]}
    assert found == pytest.approx(EMBEDDED[class_], abs=0.05)


def verdicts(result, **settings):
    return {
        (finding.subject["benchmark"], finding.subject["class"]): finding
        for finding in judge(result, **settings)
        if "benchmark" in finding.subject
    }


def test_the_published_story_holds_once_intervals_count(of_example):
    found = verdicts(of_example)
    for class_ in ("base", "chat"):
        assert found["wmdp", class_].result["verdict"] == "inverse"
        assert found["wmdp", class_].status is Status.ISSUE
    truthful = found["truthfulqa_mc1", "chat"]
    # By itself it is; among the 61 benchmarks looked at, that can be chance.
    assert truthful.result["verdict_alone"] == "entangled"
    assert truthful.result["verdict"] == "undecided"
    assert truthful.status is Status.CAUTION
    ambiguous = found["bbq_amb", "chat"]
    assert ambiguous.result["verdict"] != "entangled"
    assert ambiguous.estimate("capabilities_correlation").high < 0.5


def test_a_capability_benchmark_is_reported_with_itself_left_out(of_example):
    for part in of_example.classes:
        panel = part.panel
        for j, name in enumerate(panel.capability):
            with_itself = part.correlations.value[part.benchmarks.index(name)]
            value, (low, high) = part.left_out.rho[j], (limit[j] for limit in part.left_out.limits(0.95))
            assert value < with_itself + 0.02
            assert low < value < high
    finding = verdicts(of_example)["mmlu", "base"]
    assert finding.estimate("capabilities_correlation").value == pytest.approx(0.931, abs=0.0005)
    assert finding.estimate("capabilities_correlation_left_out").value < 0.931
    assert finding.result["role"] == "capability"


def test_every_finding_carries_every_candidate_interval(of_example):
    finding = verdicts(of_example)["anli", "base"]
    names = [estimate.name for estimate in finding.estimates]
    assert names[0] == "capabilities_correlation"
    assert set(names[1:]) == {f"capabilities_correlation_{method}" for method in METHODS if method != DEFAULT}
    assert {estimate.level for estimate in finding.estimates} == {0.95}
    assert all(estimate.low < estimate.value < estimate.high for estimate in finding.estimates)


def test_a_table_too_large_for_every_interval_keeps_the_default_and_says_so(of_example, example, monkeypatch):
    monkeypatch.setattr("measurand.measures.validity.capabilities_correlation.MOST_BOOTSTRAP_CELLS", 1e5)
    large = capabilities_correlation(example.scores, resamples=200)
    for part, whole in zip(large.classes, of_example.classes, strict=True):
        assert set(part.correlations.low) == {"moderated_jackknife", "bonett_wright", "fisher"}
        np.testing.assert_array_equal(part.correlations.low[DEFAULT], whole.correlations.low[DEFAULT])
    said = [finding.caveats[-1] for finding in judge(large) if finding.headline]
    assert said[1] == "with 26 models, 5 further intervals were left out of the detail view"
    assert not any("further interval" in text for finding in judge(of_example) for text in finding.caveats)


def test_headline_counts_the_verdicts(of_example):
    findings = judge(of_example)
    for part in of_example.classes:
        class_ = part.panel.class_
        headline = next(f for f in findings if f.subject == {"class": class_})
        assert headline.headline
        tested = [f for f in findings if f.subject.get("class") == class_ and f.result.get("role") == "under test"]
        for verdict in ("entangled", "inverse", "disentangled", "undecided"):
            assert headline.result[verdict] == sum(f.result["verdict"] == verdict for f in tested)
        correlations = [f.estimate("capabilities_correlation") for f in tested]
        assert headline.result["by_point"] == sum(e.value >= 0.5 for e in correlations)
        assert headline.estimate("pc1_share").value == part.panel.component.share
        # By point, bracketed by what the intervals leave open.
        share = headline.estimate("share_entangled")
        assert share.value == sum(e.value >= 0.5 for e in correlations) / len(tested)
        assert share.low == sum(f.result["verdict"] == "entangled" for f in tested) / len(tested)
        assert share.high == sum(e.high > 0.5 for e in correlations) / len(tested)


def test_the_headline_reads_aloud(of_example):
    base, chat = (finding.sentence for finding in judge(of_example) if finding.headline)
    assert base == (
        "Of 59 safety benchmarks, 8 clearly rise with general capability, 4 clearly get worse with it and 1 is clearly "
        "separate from it. For the other 46, 27 base models are too few to say (each judged on its own, 10 of these "
        "would be clear)."
    )
    assert chat.startswith("Of 61 safety benchmarks, ")


def test_chat_models_come_first_and_only_what_is_decided_has_a_row(of_example):
    findings = MEASURE.findings(of_example)
    said = answer(of_example, findings)
    headlines = [finding.sentence for finding in findings if finding.headline]
    assert said.sentence == headlines[1]
    assert said.notes[:2] == (
        headlines[0],
        "Going by the point estimates alone, 26 of 61 would count as tracking capability.",
    )
    (table,) = said.tables
    numbers = [float(row[1].replace("−", "-")) for row in table.rows]
    assert numbers == sorted(numbers, reverse=True)
    assert {row[3] for row in table.rows} <= {"rises with capability", "gets worse with it", "separate from it"}
    decided = [
        f for f in findings if f.subject["class"] == "chat" and f.result.get("verdict") not in (None, "undecided")
    ]
    assert len(table.rows) == sum(finding.result["role"] == "under test" for finding in decided)


def test_few_benchmarks_speak_for_themselves(make_study):
    result = capabilities_correlation(make_study(20, tested=2).scores, resamples=100)
    headline, *rows = MEASURE.findings(result)
    tested = [row for row in rows if row.result["role"] == "under test"]
    said = answer(result, (headline, *rows))
    assert said.sentence == headline.sentence == " ".join(row.sentence for row in tested)
    assert len(said.tables[0].rows) == 2


def test_figures_show_what_was_found(of_example):
    pictures = {picture.name: picture for picture in figure(of_example)}
    assert set(pictures) == {"V1.intervals", "V1.scatter", "V1.league"}
    shown = pictures["V1.intervals"].columns
    assert len(shown["benchmark"]) == sum(len(p.benchmarks) - len(p.panel.capability) for p in of_example.classes)
    row = list(zip(shown["class"], shown["benchmark"], strict=True)).index(("chat", of_example.names["wmdp"]))
    estimate = verdicts(of_example)["wmdp", "chat"].estimate("capabilities_correlation")
    assert (shown["correlation"][row], shown["low"][row], shown["high"][row]) == (
        estimate.value,
        estimate.low,
        estimate.high,
    )
    league = pictures["V1.league"].columns
    assert len(league["model"]) == 53


def judged_by(result, low, high, name="t0"):
    """The same result with the 90% interval, by which a verdict at level .95 goes, of one benchmark replaced."""
    correlations = result.classes[0].correlations
    j = result.classes[0].benchmarks.index(name)
    ends = np.arctanh([low, high])
    correlations.value[j] = np.tanh(ends.mean())
    correlations.default.rho[j] = correlations.value[j]
    correlations.default.stderr[j] = np.diff(ends)[0] / 2 / stats.norm.ppf(0.95)
    correlations.default.freedom[j] = np.inf
    for side, limit in zip((correlations.low, correlations.high), correlations.default.limits(0.95), strict=True):
        side[DEFAULT][j] = limit[j]
    return result


@pytest.mark.parametrize(
    ("low", "high", "verdict", "status"),
    [
        (0.51, 0.9, "entangled", Status.ISSUE),
        (0.49, 0.9, "undecided", Status.CAUTION),
        (-0.4, 0.4, "disentangled", Status.PASSED),
        (-0.6, 0.4, "undecided", Status.CAUTION),
        (-0.9, -0.51, "inverse", Status.ISSUE),
        (-0.6, 0.6, "undecided", Status.CAUTION),
    ],
)
def test_the_verdict_looks_at_the_90_percent_interval_and_shows_the_95_percent_one(
    make_study, low, high, verdict, status
):
    result = judged_by(capabilities_correlation(make_study(20, tested=1).scores, resamples=100), low, high)
    finding = verdicts(result)["t0", "all"]
    assert (finding.result["verdict"], finding.status) == (verdict, status)
    shown = finding.estimates[0]
    assert shown.level == 0.95
    assert shown.low < low
    assert shown.high > high


def of_many(make_study, ends):
    """A study with a benchmark under test for each 90% interval."""
    result = capabilities_correlation(make_study(20, tested=len(ends)).scores, resamples=100)
    for j, (low, high) in enumerate(ends):
        judged_by(result, low, high, f"t{j}")
    return result


def test_a_class_is_one_family_of_verdicts(make_study):
    # One clearly entangled, one barely: the second would be called alone, not among 10. The rest lie at the bound.
    ends = [(0.8, 0.95), (0.505, 0.9), *[(0.1, 0.75)] * 8]
    result = of_many(make_study, ends)
    found = verdicts(result)
    first, second, third = (found[f"t{j}", "all"] for j in range(3))
    assert [f.result["verdict"] for f in (first, second, third)] == ["entangled", "undecided", "undecided"]
    assert [f.result["verdict_alone"] for f in (first, second, third)] == ["entangled", "entangled", "undecided"]
    assert (first.status, second.status) == (Status.ISSUE, Status.CAUTION)
    assert "On its own it would count as tracking general capability, but among 10 benchmarks" in second.sentence
    p_values = np.array([found[f"t{j}", "all"].result["p_value"] for j in range(10)])
    adjusted = [found[f"t{j}", "all"].result["p_value_adjusted"] for j in range(10)]
    np.testing.assert_allclose(adjusted, stats.false_discovery_control(p_values))
    headline = judge(result)[0]
    assert (headline.result["entangled"], headline.result["undecided"], headline.result["alone_only"]) == (1, 9, 1)
    assert "(each judged on its own, 1 of these would be clear)" in headline.sentence


def test_the_interval_of_a_verdict_is_shown_adjusted_for_its_selection_too(make_study):
    result = of_many(make_study, [(0.8, 0.95), (-0.95, -0.8), *[(0.1, 0.75)] * 8])
    found = verdicts(result)
    first = found["t0", "all"].estimate("capabilities_correlation_selected")
    # Benjamini and Yekutieli 2005: 1 - R q / m, with 2 of 10 picked at q .05.
    assert first.level == pytest.approx(1 - 2 * 0.05 / 10)
    half = stats.norm.ppf(1 - 0.05 * 2 / 10 / 2) * np.ptp(np.arctanh([0.8, 0.95])) / 2 / stats.norm.ppf(0.95)
    centre = np.arctanh([0.8, 0.95]).mean()
    assert (first.low, first.high) == pytest.approx((np.tanh(centre - half), np.tanh(centre + half)))
    assert not any(e.name.endswith("_selected") for e in found["t2", "all"].estimates)


def test_an_undecided_verdict_says_how_many_more_models_would_decide_it(make_study):
    result = capabilities_correlation(make_study(20, tested=1).scores, resamples=100)
    # On Fisher's scale the 90% interval reaches .4 below the point .8 and the bound lies .8 - .5493 below: the half
    # width must shrink by (.4 / .2507)^2 = 2.546, so 3 + 17 * 2.546 = 46.3 models are needed, 27 more than 20.
    judged_by(result, *np.tanh([0.4, 1.2]))
    assert "about 27 more models like these" in verdicts(result)["t0", "all"].sentence
    judged_by(result, *np.tanh(np.arctanh(0.5) + np.array([-0.4, 0.4])))
    assert "no realistic number of models" in verdicts(result)["t0", "all"].sentence


@pytest.mark.parametrize("named", [False, True])
def test_families_that_are_not_known_are_said_in_headline_and_rows(make_study, named):
    scores = make_study(20, tested=7).scores
    if not named:
        scores = measurand.Scores.build(scores.table, scores.models.drop("family"), scores.benchmarks)
    headline, *rows = judge(capabilities_correlation(scores, resamples=100))
    assert any("families of most of these models are not known" in caveat for caveat in headline.caveats) is not named
    assert ("(taken as independent)" in headline.sentence) is not named
    tested = [row.sentence for row in rows if row.result["role"] == "under test"]
    assert all(("20 models taken as independent" in sentence) is not named for sentence in tested)


def test_the_seed_of_the_permutations_is_in_the_result(of_example):
    headline = judge(of_example)[0]
    assert (headline.result["permutations"], headline.result["permutations_seed"]) == (PERMUTATIONS, SEED)


def test_all_models_of_one_family_give_no_interval_and_no_verdict(make_study):
    result = capabilities_correlation(make_study(20, families=1).scores, resamples=100)
    finding = verdicts(result)["t0", "all"]
    estimate = finding.estimate("capabilities_correlation")
    assert (estimate.low, estimate.high, estimate.level) == (None, None, None)
    assert estimate.value is not None
    assert finding.status is Status.CAUTION
    assert "one family" in finding.sentence
    assert all(e.low is None or e.low < e.high for e in finding.estimates)


def test_a_benchmark_that_one_family_ran_has_no_interval(make_study):
    values = np.full(40, np.nan)
    values[::5] = np.random.default_rng(1).standard_normal(8)  # the 8 models of family f0
    result = capabilities_correlation(make_study(40, columns={"t2": values}).scores, resamples=100)
    finding = verdicts(result)["t2", "all"]
    assert finding.estimate("capabilities_correlation").low is None
    assert finding.status is Status.CAUTION


def test_a_benchmark_that_orders_the_models_exactly_is_not_known_exactly(make_study):
    study = make_study(8)
    (part,) = capabilities_correlation(study.scores, resamples=100).classes
    study = make_study(8, columns={"t0": part.panel.component.scores})
    found = verdicts(capabilities_correlation(study.scores, resamples=100))["t0", "all"]
    estimate = found.estimate("capabilities_correlation")
    assert estimate.value == 1
    assert estimate.low is None or estimate.low < 0.999


def test_without_benchmarks_under_test_nothing_passes(make_study):
    result = capabilities_correlation(make_study(20, tested=0).scores, resamples=100)
    (headline,) = (finding for finding in judge(result) if "benchmark" not in finding.subject)
    assert headline.status is Status.NOT_APPLICABLE
    assert headline.sentence == (
        "Not assessed: no benchmark under test can be ranked over the models; needs a benchmark under test with "
        "different scores of at least 8 models."
    )


def test_one_benchmark_under_test_speaks_for_itself(make_study):
    headline, *each = judge(capabilities_correlation(make_study(20, tested=1).scores, resamples=100))
    assert headline.headline
    assert [finding.sentence for finding in each if finding.result.get("role") == "under test"] == [headline.sentence]


def test_unassessed_benchmarks_are_visible_rows(make_study):
    rare = np.full(20, np.nan)
    rare[:7] = np.arange(7)
    study = make_study(20, columns={"t2": rare, "t3": np.full(20, 0.1)})
    found = verdicts(capabilities_correlation(study.scores, resamples=100))
    assert found["t2", "all"].status is found["t3", "all"].status is Status.NOT_APPLICABLE
    assert "7 models have both" in found["t2", "all"].sentence
    assert "same score" in found["t3", "all"].sentence


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, float("nan")])
def test_a_level_out_of_range_is_refused(make_study, level):
    with pytest.raises(InputError, match=r"level should be in \(0, 1\)"):
        capabilities_correlation(make_study(12).scores, level=level)


def test_too_few_resamples_are_refused(make_study):
    with pytest.raises(InputError, match="at least 100, or 0 for none, got 50"):
        capabilities_correlation(make_study(12).scores, resamples=50)


@pytest.mark.parametrize("threshold", [-0.1, 0, 1, 1.5, float("nan")])
def test_a_threshold_out_of_range_is_refused(make_study, threshold):
    result = capabilities_correlation(make_study(12).scores, resamples=100)
    with pytest.raises(InputError, match=r"threshold should be in \(0, 1\)"):
        judge(result, threshold=threshold)


def test_a_wider_threshold_calls_fewer_entangled(of_example):
    strict, lax = (
        sum(f.result.get("verdict") == "entangled" for f in verdicts(of_example, threshold=t).values())
        for t in (0.7, 0.3)
    )
    assert strict < lax


def test_no_class_with_enough_models_says_what_is_there(make_study):
    study = make_study(14, classes=("base", "chat"))
    with pytest.raises(NotApplicable, match=r"base models: 7 of 7 .*chat models: 7 of 7"):
        capabilities_correlation(study.scores)


def defaults(study):
    """Point and default interval of every benchmark, by name."""
    result = capabilities_correlation(study.scores, resamples=100)
    return {
        (part.panel.class_, name): (value, part.correlations.low[DEFAULT][j], part.correlations.high[DEFAULT][j])
        for part in result.classes
        for j, (name, value) in enumerate(zip(part.benchmarks, part.correlations.value, strict=True))
    }


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_order_of_rows_in_the_table_does_not_matter(make_study, random):
    study = make_study(16)
    order = list(range(study.scores.table.height))
    random.shuffle(order)
    scores = study.scores
    facts = scores.models.reverse()
    shuffled = measurand.Scores.build(scores.table[order], facts, scores.benchmarks)
    found, expected = (defaults(measurand.Study(title="", scores=s)) for s in (shuffled, scores))
    assert {key: pytest.approx(value) for key, value in expected.items()} == found


@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(0.1, 50), st.floats(-20, 20))
def test_units_of_a_benchmark_do_not_matter_and_turning_it_flips(make_study, seed, scale, shift):
    base = make_study(14, seed=seed).scores
    tested, capability = base.matrix([f"m{i}" for i in range(14)], ["t0", "c0"]).T
    expected = defaults(make_study(14, seed=seed))
    changed = make_study(14, seed=seed, columns={"t0": np.exp(tested), "c0": scale * capability + shift})
    assert defaults(changed) == {key: pytest.approx(value, abs=1e-9) for key, value in expected.items()}
    turned = defaults(make_study(14, seed=seed, columns={"t0": -tested}))["all", "t0"]
    value, low, high = expected["all", "t0"]
    assert turned == pytest.approx((-value, -high, -low))


def test_lower_is_better_turned_once_undoes_a_turned_table(make_study):
    study = make_study(14)
    tested = study.scores.matrix([f"m{i}" for i in range(14)], ["t0"])[:, 0]
    turned = make_study(14, columns={"t0": -tested}).scores.with_lower_is_better(["t0"])
    again = turned.with_lower_is_better(["t0"])
    for scores in (turned, again):
        assert defaults(measurand.Study(title="", scores=scores)) == {
            k: pytest.approx(v) for k, v in defaults(study).items()
        }


def test_the_interval_is_the_family_jackknife_of_rows_literally_deleted(make_study):
    study = make_study(15)
    (part,) = capabilities_correlation(study.scores, resamples=100).classes
    replicates = []
    for family in range(5):
        kept = [f"m{i}" for i in range(15) if i % 5 != family]
        table = study.scores.table.filter(pl.col("model").is_in(kept))
        deleted = measurand.Scores.build(table, study.scores.models, study.scores.benchmarks)
        replicates.append(capabilities_correlation(deleted, resamples=100).classes[0].correlations.value)
    # Two benchmarks under test are too few to moderate.
    plain = at_least_independent(part.correlations.value, np.array(replicates), part.correlations.n)
    low, high = plain.limits(0.95)
    np.testing.assert_allclose(part.correlations.low[DEFAULT], low)
    np.testing.assert_allclose(part.correlations.high[DEFAULT], high)
