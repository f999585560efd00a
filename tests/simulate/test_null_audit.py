"""Whole audits of studies in which nothing is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from measurand.calibration import NullAudit, null_audit, null_audits
from measurand.measures import discover
from measurand.simulate.null_audit import SIZES, encode, issue_lines, measure_null_audits, null_study
from measurand.stats.capability.capabilities import moderated_jackknife

SMALL = {"classes": 2, "models": 12, "families": 5, "benchmarks": 4, "capability": 4}


def test_the_study_has_its_sizes_and_benchmarks_that_capability_says_nothing_of():
    scores = null_study(**SMALL, rng=np.random.default_rng(0)).scores
    assert len(scores.classes) == 2
    assert scores.models.group_by("class").len()["len"].to_list() == [12, 12]
    assert (len(scores.benchmarks_of("capability")), len(scores.benchmarks_of("safety"))) == (4, 4)
    large = null_study(1, 400, 100, 8, 6, np.random.default_rng(1)).scores
    models = large.models_of(large.classes[0])
    capability, tested = (large.matrix(models, large.benchmarks_of(role)) for role in ("capability", "safety"))
    found, _ = moderated_jackknife(capability, tested, np.arange(400))
    assert np.abs(found.rho).max() < 0.25


def test_rates_are_means_of_the_lines_counted(monkeypatch):
    monkeypatch.setattr("measurand.simulate.null_audit.SIZES", (SMALL,))
    (rate,) = measure_null_audits(runs=20, seed=5)
    counted = [sum(lines.values()) for start in (0, 10) for lines in issue_lines(SMALL, 10, (5, start))]
    assert rate.runs == len(counted) == 20
    assert rate.mean == pytest.approx(np.mean(counted), abs=1e-3)
    assert rate.none == pytest.approx(np.mean(np.equal(counted, 0)))
    assert sum(rate.by_measure.values()) == pytest.approx(rate.mean, abs=1e-3)
    (row,) = json.loads(encode((rate,)))["audits"]
    assert NullAudit(**{**row, "asked": tuple(row["asked"])}) == rate


def test_shipped_audits_are_of_the_sizes_simulated_and_find_at_most_one_issue():
    codes = {measure.code for measure in discover()}
    assert null_audits()
    for rate in null_audits():
        assert rate.study in SIZES
        assert set(rate.by_measure) <= set(rate.asked) <= codes
        assert sum(rate.by_measure.values()) == pytest.approx(rate.mean, abs=0.01)
        assert rate.mean <= 1, rate


def test_the_nearest_size_is_taken_and_none_where_none_is_near():
    shipped = {tuple(rate.study.values()): rate for rate in null_audits()}
    for rate in shipped.values():
        assert null_audit(rate.study) is rate
        assert null_audit({**rate.study, "models": rate.study["models"] + 1}) is rate
        assert null_audit({**rate.study, "benchmarks": 100 * rate.study["benchmarks"]}) is None
    assert null_audit({}) is None
