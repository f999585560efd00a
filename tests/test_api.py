"""What notebooks and scripts use."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import measurand
from measurand import results
from measurand.errors import InputError, NotApplicable, UnknownName

FAST = {"resamples": 100}


@pytest.fixture(scope="module")
def result(example):
    return measurand.audit(example, ["V1", "v7"], seed=2, level=0.9, permutations=100, **FAST)


def test_codes_and_settings_are_given_by_name(result):
    assert {finding.code for finding in result.findings} == {"V1", "V7"}
    assert result.settings["V1"]["level"] == result.settings["V7"]["level"] == 0.9
    assert result.seed == 2
    assert isinstance(result, results.Audit)


def test_an_unknown_code_or_setting_is_refused(example):
    with pytest.raises(UnknownName, match="no measure named 'V77'"):
        measurand.audit(example, ["V77"])
    with pytest.raises(UnknownName, match="did you mean 'level'"):
        measurand.audit(example, ["V7"], leval=0.9)
    with pytest.raises(UnknownName, match="no setting named 'threshold'"):
        measurand.audit(example, ["V7"], threshold=0.5)
    with pytest.raises(UnknownName, match="no setting of V7 named 'threshold'"):
        measurand.audit(example, ["V7"], settings={"V7": {"threshold": 0.5}})
    with pytest.raises(UnknownName, match="no measure among those asked named 'V1'"):
        measurand.audit(example, ["V7"], settings={"V1": {}})


def test_an_audit_is_written_and_read_back(result, tmp_path):
    path = result.to_json(tmp_path / "new" / "audit.json")
    assert measurand.load_audit(path) == result
    page = result.to_html(str(tmp_path / "audit.html"))
    text = page.read_text(encoding="utf-8")
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert result.provenance.title in text


def test_an_audit_shows_itself(result):
    assert str(result).startswith("Of 61 safety benchmarks, ")
    assert "--all" not in str(result)
    assert result._repr_html_().startswith("<table>")
    assert len(result._repr_html_()) < 20_000
    assert len(repr(result)) < 3_000
    assert result.to_markdown()
    assert "\\begin{" in result.to_latex()
    assert len(result.to_csv().splitlines()) > sum(len(finding.estimates) for finding in result.findings)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1, 2]", b"\xff"])
def test_what_is_no_audit_is_refused(tmp_path, content):
    path = tmp_path / "audit.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError):
        measurand.load_audit(path)


def test_every_public_name_is_there_and_documented():
    assert sorted(measurand.__all__) == measurand.__all__
    assert dir(measurand) == measurand.__all__
    for name in measurand.__all__:
        assert getattr(measurand, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = measurand.nothing


def test_importing_the_package_does_not_import_what_computes():
    code = "import sys, measurand; print(*[m for m in ('numpy', 'scipy', 'polars', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_measures_are_functions_of_scores(example):
    assert measurand.dimensionality(example.scores, permutations=100).result.classes[0].components == 1
    assert len(measurand.headroom(example).result.benchmarks) > 10


def test_what_was_not_asked_is_no_gap(example, tmp_path):
    alone = measurand.audit(example, ["V9"])
    assert alone.asked == ("V9",)
    assert {finding.code for finding in alone.findings} == {"V9"}
    page = alone.to_html(tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "Not asked for." in page
    assert "without a verdict" not in page
    with pytest.raises(UnknownName, match="no measure among those asked named 'V1'"):
        _ = alone["V1"]


def test_the_ways_in_and_out_that_the_design_names(make_study):
    """One call, one sentence; a study or its part; codes and subjects in place of positions."""
    m = measurand
    study = m.load_example("safetywashing_2024")
    audit = m.audit(study, ["V1", "G6", "P1"], settings={"G6": {"tolerated": 0.01}, "V1": {"resamples": 200}})
    assert audit.settings["G6"]["tolerated"] == 0.01
    sentence = audit["V1"].of("truthfulqa_mc1", class_="chat").sentence
    assert sentence.startswith("For TruthfulQA MC1 too little is known to say")
    frame = audit.to_frame()
    assert frame.height > 100
    assert {"code", "benchmark", "class", "status", "estimate", "value", "low", "high"} <= set(frame.columns)
    assert audit["P1"].to_frame()["status"].to_list() == ["not_applicable"]
    clean = m.rarity(failures=0, trials=300, rarer_than=1e-4)
    assert clean.verdict.startswith("300 clean runs support at most 1 in 100, not 1 in 10,000")
    told = m.forecast(study, benchmarks=["mmlu"], at_flop=1e26).verdicts[0]
    assert told.startswith("If the curve goes on as it did, a new base model at")
    efforts = pl.DataFrame(
        {"target": "t", "method": "m", "behaviour": [str(i) for i in range(30)], "success": 1, "queries": range(1, 31)}
    )
    attempts = m.Attempts.build(efforts)
    one, other = m.elicitation(m.Study.of(attempts), seed=0), m.elicitation(attempts, seed=0)
    assert one.verdicts == other.verdicts
    assert [finding.headline for finding in one].count(True) == 1


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"failures": 3}, InputError, "give both failures and trials: trials is missing"),
        ({"failures": 4, "trials": 3}, InputError, "failures should be from 0 to 3"),
        ({"failures": 0, "trials": 3, "rarer": 0.1}, UnknownName, "did you mean 'rarer_than'"),
        ({}, NotApplicable, "needs"),
        ({"failures": 0, "trials": 3, "seed": -1}, InputError, "seed should be at least 0, got -1"),
    ],
)
def test_arguments_that_are_wrong_are_said(given, error, message):
    with pytest.raises(error, match=message):
        measurand.rarity(**given)


def test_a_function_takes_its_evidence_and_refuses_other(example):
    with pytest.raises(InputError, match=r"rarity guarantee takes a Study or item-level results, .*, got Votes"):
        measurand.rarity(measurand.Votes.build(pl.DataFrame({"model_a": ["a"], "model_b": ["b"], "winner": ["tie"]})))
    with pytest.raises(InputError, match=r"evidence should be one of Scores, .* got dict"):
        measurand.headroom({"mmlu": 0.5})
    with pytest.raises(NotApplicable, match="no item-level results"):
        measurand.compare(example)


def test_a_seed_gives_the_same_and_a_generator_is_taken(example):
    def limits(**given):
        return [e.low for e in measurand.dimensionality(example, permutations=100, **given).estimates]

    assert limits(seed=5) == limits(seed=5)
    assert limits(rng=np.random.default_rng(1)) == limits(rng=np.random.default_rng(1))


def test_findings_are_found_by_subject_or_the_nearest_are_named(result):
    found = result["v1"]
    assert found.of(benchmark="wmdp", class_="chat") is found.of("wmdp", class_="chat")
    with pytest.raises(UnknownName, match="no single finding named 'wmdp'"):
        found.of("wmdp")
    with pytest.raises(UnknownName, match="no finding named 'wmpd'; did you mean"):
        found.of("wmpd")
    assert found.headline.headline
    assert found.verdict == found.headline.sentence
    assert len(found) == len(list(found)) == len(found[:])
    assert set(found.figures) == {name for name in result.figures if name.startswith("V1.")}


def test_whatever_is_shown_in_a_console_or_notebook_is_short(example):
    shown = [
        measurand.capabilities_correlation(example, resamples=200),
        measurand.common_scale(example),
        measurand.forecast(example),
        measurand.dimensionality(example, permutations=100),
        measurand.headroom(example),
    ]
    for found in shown:
        assert len(repr(found)) < 3_000
        assert len(repr(found.result)) < 3_000
        assert len(found._repr_html_()) < 300_000
    assert len(repr(example)) < 3_000
    assert len(repr(example.scores)) < 3_000
    assert "<table" in example.scores._repr_html_()


def test_the_signature_names_evidence_counts_and_settings():
    parameters = inspect.signature(measurand.rarity).parameters
    assert list(parameters)[:2] == ["evidence", "responses"]
    assert {"failures", "trials", "rarer_than", "seed", "rng"} <= set(parameters)
    assert "Parameters" in measurand.rarity.__doc__
