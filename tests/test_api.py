"""What notebooks and scripts use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import measurand
from measurand import results
from measurand.errors import InputError, UnknownName

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
    assert "capabilities correlation" in str(result).casefold()
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
