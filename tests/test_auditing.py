"""A study and measures in, an audit out: deterministic, and whatever fails is visible."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from measurand import schema
from measurand.auditing import audit
from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure, discover, find
from measurand.results import Axis, Estimate, Figure, Finding, Question, Status
from measurand.tables import Attempts, Gain, Responses, Study, Trials, Votes

FAST = {"resamples": 200, "permutations": 100, "half_subsets": 3, "most_dropped": 2}


def fast(measures=None, /, **more):
    """Small settings for every measure that has them, and further ones."""
    wanted = FAST | more
    return {
        one.code: {name: value for name, value in wanted.items() if name in one.settings}
        for one in (discover() if measures is None else measures)
    }


def broken(scores):
    raise RuntimeError("<b>out of luck</b>")


def unavailable(scores):
    raise NotApplicable("no moon tonight", needs="a moon")


def refused(scores, *, wanted: int = 3):
    raise InputError(f"wanted should be 1, got {wanted}")


def counted(scores, *, rng):
    return float(rng.standard_normal())


def said(result):
    return [
        Finding(
            code="X1",
            subject={},
            title="t",
            status=Status.PASSED,
            sentence="said",
            estimates=(Estimate(name="draw", value=result),),
        )
    ]


def measure(code, compute, judge=said, figure=lambda result: []):
    return Measure(
        code=code,
        name=f"measure {code}",
        question=Question.PRECISION,
        asks="?",
        needs="scores",
        formula="f",
        compute=compute,
        judge=judge,
        figure=figure,
    )


@pytest.fixture(scope="module")
def full(example):
    return audit(example, settings=fast(), seed=3)


def test_the_same_seed_gives_the_same_audit_and_another_seed_another(example, full):
    assert audit(example, settings=fast(), seed=3) == full
    assert audit(example, settings=fast(), seed=4).findings != full.findings


@pytest.mark.slow
def test_the_audit_does_not_depend_on_the_number_of_workers(example, full):
    assert audit(example, settings=fast(), seed=3, jobs=2) == full


def test_the_order_of_measures_changes_the_order_of_findings_only(example, full):
    turned = audit(example, discover()[::-1], settings=fast(), seed=3)
    assert turned != full
    for one in discover():
        assert [f for f in turned.findings if f.code == one.code] == [f for f in full.findings if f.code == one.code]
    assert dict(turned.figures) == dict(full.figures)


def test_a_measure_alone_finds_what_it_finds_among_all(example, full):
    alone = audit(example, [find("V4")], settings=fast([find("V4")]), seed=3)
    assert list(alone.findings) == [finding for finding in full.findings if finding.code == "V4"]


def test_the_audit_survives_its_json(full):
    data = schema.encode(full)
    assert schema.decode(data) == full
    assert schema.encode(schema.decode(data)) == data
    json.loads(data, parse_constant=pytest.fail)


def test_no_sentence_of_the_example_shows_an_undefined_number_and_every_figure_named_exists(full):
    for finding in full.findings:
        assert "nan" not in finding.sentence.casefold().split()
        assert finding.figure is None or finding.figure in full.figures
        assert finding.status is not Status.ERROR, finding.sentence
        for estimate in finding.estimates:
            if estimate.low is not None and estimate.value is not None:
                assert estimate.low <= estimate.value <= estimate.high, (finding.subject, estimate)


def test_settings_seed_and_versions_travel_with_the_audit(full):
    assert full.settings["V1"] == {
        "level": 0.95,
        "missing": "complete",
        "resamples": 200,
        "threshold": 0.5,
        "weighting": "component",
        "correlation": "spearman",
    }
    assert full.asked == tuple(one.code for one in discover())
    assert full.seed == 3
    assert {"measurand", "numpy", "scipy", "polars", "python"} <= set(full.provenance.versions)


def test_a_study_of_nothing_but_scores_without_capability_says_what_is_missing(make_study):
    result = audit(make_study(12, capability=0, tested=3))
    assert {finding.status for finding in result.findings} == {Status.NOT_APPLICABLE}
    first = next(finding for finding in result.findings if finding.code == "V1")
    assert "seen: t0, t1, t2" in first.sentence
    assert "--" not in first.sentence


def test_an_empty_study_has_a_visible_row_a_measure():
    result = audit(Study(title="nothing"))
    assert {finding.code for finding in result.findings} == {measure.code for measure in discover()}
    assert {finding.status for finding in result.findings} == {Status.NOT_APPLICABLE}
    assert "no scores of models on benchmarks" in next(f for f in result.findings if f.code == "V1").sentence


@pytest.mark.parametrize("n", [5, 7])
def test_too_few_models_are_told_how_many_are_needed(make_study, n):
    result = audit(make_study(n))
    first = next(finding for finding in result.findings if finding.code == "V1")
    assert first.status is Status.NOT_APPLICABLE
    assert f"{n} of {n} models" in first.sentence
    assert "at least 8 models" in first.sentence


@pytest.mark.parametrize("step", ["compute", "judge", "figure"])
def test_a_measure_that_fails_is_a_finding_and_the_rest_goes_on(make_study, step):
    parts = {"compute": counted, step: broken}
    result = audit(make_study(12), [measure("X1", **parts), find("V7")], settings={"V7": {"permutations": 100}})
    failed, *rest = result.findings
    assert (failed.code, failed.status) == ("X1", Status.ERROR)
    assert failed.sentence == "Failed: RuntimeError: <b>out of luck</b>"
    assert [(finding.code, finding.status) for finding in rest] == [("V7", Status.PASSED)]


def test_a_measure_that_cannot_answer_says_why_and_what_it_needs(make_study):
    (finding,) = audit(make_study(12), [measure("X1", unavailable)]).findings
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.sentence == "Not assessed: no moon tonight; needs a moon."


def test_input_that_is_wrong_stops_the_audit(make_study):
    with pytest.raises(InputError, match="wanted should be 1, got 3"):
        audit(make_study(12), [measure("X1", refused)])


@pytest.mark.parametrize("jobs", [1, 2])
def test_input_that_is_wrong_stops_the_audit_whatever_the_workers(make_study, jobs):
    with pytest.raises(InputError, match=r"level should be in \(0, 1\), got 95"):
        audit(make_study(12), [find("V1"), find("V2")], common={"level": 95}, jobs=jobs)


@pytest.mark.parametrize("name", ["levle", "rng", "scores", "gains"])
def test_an_unknown_setting_is_refused(make_study, name):
    with pytest.raises(UnknownName, match=f"no setting named '{name}'"):
        audit(make_study(12), common={name: 1})
    with pytest.raises(UnknownName, match=f"no setting of V1 named '{name}'"):
        audit(make_study(12), settings={"V1": {name: 1}})
    with pytest.raises(UnknownName, match="did you mean 'level'"):
        audit(make_study(12), common={"levle": 0.9})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"level": 0.0}, "level"),
        ({"level": float("nan")}, "level"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": -0.5}, "threshold"),
        ({"missing": "drop"}, "missing should be 'complete', 'impute' or 'scale', got 'drop'"),
        ({"resamples": 3}, "resamples should be at least 100, or 0 for none, got 3"),
        ({"most_dropped": 12}, "most_dropped should be from 1 to 7"),
    ],
)
def test_settings_out_of_range_are_refused(make_study, settings, words):
    with pytest.raises(InputError, match=words):
        audit(make_study(12), common=settings)


def test_a_setting_reaches_every_measure_that_has_it(make_study):
    result = audit(make_study(20), settings=fast(level=0.8))
    levels = {e.level for f in result.findings for e in f.estimates if e.low is not None and e.level is not None}
    assert levels == {0.8}


def test_a_setting_of_several_senses_is_given_to_one_measure(example):
    chosen = [find("G5"), find("G6"), find("F4")]
    with pytest.raises(InputError, match=r"tolerated is a setting of G5, G6, F4.*settings=\{'G5': \{'tolerated': 0.01"):
        audit(example, chosen, common={"tolerated": 0.01})
    found = audit(example, chosen, settings={"G6": {"tolerated": 0.01}})
    assert [found.settings[one.code]["tolerated"] for one in chosen] == [0.1, 0.01, 0.05]
    assert audit(example, chosen[1:2], common={"tolerated": 0.02}).settings["G6"]["tolerated"] == 0.02


def test_an_audit_again_with_its_own_settings_finds_the_same(full, example):
    """Over all measures, the settings as they come back from JSON."""
    read = schema.decode(schema.encode(full))
    assert set(read.settings) == {one.code for one in discover() if one.settings}
    again = audit(example, settings=read.settings, seed=read.seed)
    assert again == full


def test_settings_reproduce_measures_of_items_votes_and_attempts_too():
    """Clusters of 1 to 7 items; mappings and numbers among the settings."""
    rng = np.random.default_rng(0)
    rows = [
        (f"m{k}", "quiz", f"q{i}", variant, epoch, float(rng.random() < 0.4 + 0.1 * k), f"c{i // (1 + i % 7)}")
        for k in range(3)
        for variant in ("a", "b")
        for epoch in (1, 2)
        for i in range(60)
    ]
    names = ["model", "benchmark", "item", "variant", "epoch", "score", "cluster"]
    responses = Responses.build(pl.DataFrame(rows, schema=names, orient="row"), cluster="cluster")
    sides = {"model_a": [f"m{i % 3}" for i in range(120)], "model_b": [f"m{(i + 1) % 3}" for i in range(120)]}
    winners = [("model_a", "model_b", "tie")[i * i % 7 % 3] for i in range(120)]
    tried = {"target": "t", "method": ["as is"] * 30 + ["x"] * 30, "behaviour": [str(i % 30) for i in range(60)]}
    tried |= {"success": [i % 3 // 2 for i in range(60)], "queries": [1.0 + i % 9 for i in range(60)]}
    parts = (Votes.build(pl.DataFrame(sides | {"winner": winners})), Attempts.build(pl.DataFrame(tried)))
    study = Study.of(responses, *parts, Trials(0, 300, "failures"))
    given = {"P5": {"rarer_than": 0.01}, "P4": {"above": 0.2}, "F4": {"budget": 5.0, "parameters": {"t": 1e9}}}
    one = audit(study, settings=given)
    judged = {f.code for f in one.findings if f.status in (Status.ISSUE, Status.CAUTION, Status.PASSED)}
    assert judged >= {"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "F4", "F6", "G10"}
    read = schema.decode(schema.encode(one))
    assert audit(study, settings=read.settings, seed=read.seed) == one


@pytest.mark.parametrize("seed", [-1, -7])
def test_a_seed_below_zero_is_refused(make_study, seed):
    with pytest.raises(InputError, match="seed"):
        audit(make_study(12), [find("V1")], common={"resamples": 100}, seed=seed)


def test_each_measure_draws_from_its_own_generator(make_study):
    study = make_study(12)
    draws = {
        order: [f.estimate("draw").value for f in audit(study, [measure(code, counted) for code in order]).findings]
        for order in (("X1", "X2"), ("X2", "X1"))
    }
    assert draws["X1", "X2"] == draws["X2", "X1"][::-1]
    assert len(set(draws["X1", "X2"])) == 2


def test_progress_is_told_after_each_measure(make_study):
    told = []
    chosen = [find("V7"), find("V0"), find("V2")]
    audit(make_study(12), chosen, settings={"V7": {"permutations": 100}}, progress=lambda *step: told.append(step))
    assert told == [("dimensionality", 1, 3), ("slope and spread", 2, 3), ("claims put to the test", 3, 3)]


def test_a_gain_that_names_no_model_stops_the_audit(example):
    study = replace(example, gains=(Gain("Llama-2-70b-chat", "dbrx-instruct", "ethics_all"),))
    with pytest.raises(UnknownName, match="did you mean 'Llama-2-70b-chat-hf'"):
        audit(study, [find("V3")])


@pytest.mark.parametrize("missing", ["complete", "impute"])
def test_ragged_tables_are_audited_either_way(make_study, missing):
    values = np.random.default_rng(0).standard_normal(24)
    values[:6] = np.nan
    result = audit(make_study(24, columns={"c0": values}), settings=fast(missing=missing))
    headline = next(finding for finding in result.findings if finding.code == "V1")
    assert len(headline.result["models"]) == (18 if missing == "complete" else 24)
    assert len(headline.result["dropped_models"]) == (6 if missing == "complete" else 0)
    assert any(("left out" if missing == "complete" else "imputed") in caveat for caveat in headline.caveats)
    assert Status.ERROR not in {finding.status for finding in result.findings}


@pytest.mark.parametrize(
    "columns",
    [
        {"c0": np.full(20, 0.1)},
        {"t0": np.full(20, 0.1)},
        {"c0": np.r_[np.full(19, 0.1), 0.9]},
        {"t0": np.r_[np.full(19, 0.1), 0.9]},
        {"c9": np.r_[0.5, np.full(19, np.nan)]},
        {"t9": np.r_[np.arange(9.0), np.full(11, np.nan)]},
    ],
    ids=[
        "constant capability",
        "constant tested",
        "all but one",
        "tested all but one",
        "rare capability",
        "rare tested",
    ],
)
@pytest.mark.parametrize("missing", ["complete", "impute"])
@pytest.mark.parametrize("families", [1, 2, 5, 20])
def test_awkward_columns_never_break_a_measure(make_study, columns, missing, families):
    study = make_study(20, columns=columns, families=families, stderr=0.1, flop=[1e20 * (i + 1) for i in range(20)])
    result = audit(study, settings=fast(missing=missing))
    assert [(f.code, f.sentence) for f in result.findings if f.status is Status.ERROR] == []
    for finding in result.findings:
        assert "nan" not in finding.sentence.replace("[", " ").split()
        for estimate in finding.estimates:
            # A level belongs to an interval, and no interval has width 0.
            if estimate.level is not None:
                assert estimate.low is not None, (finding.code, finding.subject, estimate)
                assert estimate.low < estimate.high, (finding.code, finding.subject, estimate)


def test_figures_of_another_package_are_kept_under_their_names(make_study):
    def drawn(result):
        return [
            Figure(
                name="X1.points",
                kind="scatter",
                title="",
                caption="",
                columns={"x": (result,)},
                x=Axis("x", "x"),
                y=Axis("x", "x"),
            )
        ]

    result = audit(make_study(12), [measure("X1", counted, figure=drawn)])
    assert list(result.figures) == ["X1.points"]
