"""The rates that ship with the package."""

from __future__ import annotations

import pytest

from measurand.calibration import error_rates, load
from measurand.measures import discover
from measurand.simulate.calibration import studies

FEWER_RUNS = {
    # Each run of these refits curves or classifiers hundreds of times.
    **dict.fromkeys(("G1", "G2", "G3", "G4", "F7"), 400),
    # Two laws refitted under every resample, seconds a run; the power law was undefined in one of 200.
    # A specification curve per study takes half a second.
    "V4": 200,
    "F2": 199,
    # Not defined in runs where fewer than 5 items differ, which do not count.
    ("P6", "intraclass_correlation"): 300,
    # Not defined where a method had no success.
    ("F4", "gain in bits"): 998,
}
"""Least runs behind a shipped rate, where they are fewer than 1,000: by measure, or by measure and interval."""


def test_shipped_rates_are_shares_with_enough_runs_of_measures_there_are():
    codes = {measure.code for measure in discover()}
    assert load()
    for rate in load():
        assert rate.code in codes
        assert 0 <= rate.rate <= 1
        assert rate.quantity in ("coverage", "false_alarm", "power")
        assert rate.runs >= FEWER_RUNS.get((rate.code, rate.what), FEWER_RUNS.get(rate.code, 1000)), rate
        assert (rate.width is not None) == (rate.quantity == "coverage")


def test_every_simulated_study_has_shipped_rates():
    shipped = {(rate.code, *rate.study.items()) for rate in load()}
    assert shipped == {(study.code, *study.cell.items()) for study in studies()}


def test_default_intervals_of_v1_cover_and_its_verdicts_are_seldom_wrong():
    # The aim is .935 to .965; the shipped rates have a Monte Carlo standard error of about .005.
    rates = [rate for rate in load() if rate.code == "V1"]
    coverage = [rate.rate for rate in rates if rate.quantity == "coverage" and rate.what == "default interval"]
    assert min(coverage) >= 0.92
    assert sum(coverage) / len(coverage) >= 0.935
    assert all(rate.rate <= 0.055 for rate in rates if rate.quantity == "false_alarm")


@pytest.mark.parametrize("code", ["V1", "V3", "V9"])
def test_rows_of_text_carry_the_monte_carlo_error_and_leave_other_candidates_out(code):
    shown = [rate for rate in load() if rate.code == code and not rate.what.startswith("candidate")]
    rows = error_rates(code)
    assert len(rows) == len(shown) > 0
    for row, rate in zip(rows, shown, strict=True):
        error = (rate.rate * (1 - rate.rate) / rate.runs) ** 0.5
        assert row["measured"] == f"{rate.rate:.3f} ± {error:.3f}"
        assert {row[name.replace("_", " ")] for name in rate.study} == {f"{value:g}" for value in rate.study.values()}
        assert "_" not in row["quantity"]


def test_a_measure_that_is_not_simulated_has_no_rates():
    assert error_rates("V0") == error_rates("none") == ()
