"""The rates that ship with the package."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from measurand import calibration
from measurand.calibration import Rate, error_rates, load, read_rates, regime, summary
from measurand.errors import InputError
from measurand.measures import discover
from measurand.simulate.calibration import simulations, studies

FEWER_RUNS = {
    # Each run of these refits curves, laws or specification curves hundreds of times, or compares thousands of texts.
    **dict.fromkeys(("F2", "V4"), 60),
    "G2": 80,
    "G3": 250,
    **dict.fromkeys(("G4", "G9"), 40),
    **dict.fromkeys(("F7", "F8"), 400),
}
"""Least simulated studies of a cell where they are fewer than 1,000: the page says of each measure how many."""


def made(**told):
    """A rate of a measure, coverage in one of two studies unless told otherwise."""
    base = Rate(
        code="V9",
        quantity="coverage",
        what="interval",
        study={"models": 12, "items": 100},
        truth="truth",
        rate=0.9,
        runs=100,
        drawn=100,
        run="2026-11-26",
    )
    return replace(base, **told)


@pytest.fixture
def shipped(monkeypatch):
    """Has the package ship other rates."""

    def ship(*rates, beside=()):
        text = {"rates": [asdict(rate) for rate in rates], "beside": {"V9": beside}}
        monkeypatch.setattr(calibration, "_shipped", lambda: json.dumps(text))
        calibration.load.cache_clear()
        calibration._told.cache_clear()

    yield ship
    monkeypatch.undo()
    calibration.load.cache_clear()
    calibration._told.cache_clear()


def test_shipped_rates_are_shares_with_enough_runs_of_measures_there_are():
    codes = {measure.code for measure in discover()}
    assert load()
    for rate in load():
        assert rate.code in codes
        assert 0 <= rate.rate <= 1
        assert rate.quantity in ("coverage", "false_alarm", "power")
        # Where an interval is undefined there are fewer runs than studies.
        assert 1 <= rate.runs <= rate.drawn or not rate.drawn
        assert max(rate.drawn, rate.runs) >= FEWER_RUNS.get(rate.code, 1000), rate
        assert (rate.width is not None) == (rate.quantity == "coverage")


def test_the_shipped_words_are_those_of_the_simulations():
    for code, simulation in simulations().items():
        assert regime(code) == simulation.regime
        whats = {rate.what for rate in load() if rate.code == code}
        for part in simulation.beside:
            assert any(part in what for what in whats), (code, part)
            assert not all(part in what for what in whats), (code, part)
    assert regime("V0") == ""


def test_every_simulated_study_has_shipped_rates():
    shipped = {(rate.code, *rate.study.items()) for rate in load()}
    assert shipped == {(study.code, *study.cell.items()) for study in studies()}


def test_default_intervals_of_v1_cover_and_its_verdicts_are_seldom_wrong():
    # Where families are unknown the audit says what its intervals cover; the rates have a standard error of .007.
    rates = [rate for rate in load() if rate.code == "V1" and rate.study["families_known"]]
    coverage = [rate.rate for rate in rates if rate.quantity == "coverage" and rate.what == "default interval"]
    assert min(coverage) >= 0.92
    assert 0.935 <= sum(coverage) / len(coverage) <= 0.975
    assert all(rate.rate <= 0.055 for rate in rates if rate.quantity == "false_alarm" and "among all" in rate.what)


def test_the_default_of_v1_is_the_narrowest_candidate_that_keeps_its_level_whatever_families_share():
    usual = {"skew": 1, "tails": 0, "ceiling": 0, "missing": 0, "families_known": 1, "benchmarks": 30}
    found = {}
    for rate in load():
        if rate.code == "V1" and rate.quantity == "coverage" and usual.items() <= rate.study.items():
            found.setdefault(rate.what, []).append(rate)
    kept = {what for what, rates in found.items() if all(abs(rate.rate - 0.95) <= 0.03 for rate in rates)}
    assert kept == {"default interval", "candidate family_jackknife"}
    assert min(kept, key=lambda what: sum(rate.width for rate in found[what])) == "default interval"


@pytest.mark.parametrize("code", ["V1", "V3", "P1"])
def test_a_row_gives_each_interval_and_verdict_in_the_study_where_it_is_worst(code):
    own = [rate for rate in load() if rate.code == code and not rate.what.startswith("candidate")]
    rows = error_rates(code)
    assert len(rows) == len({(rate.quantity, rate.what, rate.truth) for rate in own}) > 0
    for row in rows:
        of = (row["quantity"].replace(" ", "_"), row["of"], row["truth"])
        alike = [rate for rate in own if (rate.quantity, rate.what.replace("_", " "), rate.truth) == of]
        worst = (max if of[0] == "false_alarm" else min)(alike, key=lambda rate: rate.rate)
        error = (worst.rate * (1 - worst.rate) / worst.runs) ** 0.5
        assert row["worst"] == f"{worst.rate:.3f} ± {error:.3f}"
        assert row["studies"] == str(len(alike))
        others = [rate.rate for rate in alike]
        assert row["best"] == f"{min(others) if of[0] == 'false_alarm' else max(others):.3f}"


def test_the_summary_names_the_worst_of_what_the_measure_itself_says(shipped):
    shipped(
        made(rate=0.96),
        made(rate=0.92, study={"models": 26, "items": 100}, runs=98, run="2026-11-27"),
        made(rate=0.1, what="interval, families ignored"),
        made(rate=0.5, what="seldom defined", runs=8),
        made(quantity="false_alarm", what="some_verdict", rate=0.04, truth="at the bound"),
        made(quantity="power", what="verdict", rate=0.2),
        made(quantity="power", what="verdict", rate=0.75, study={"models": 26, "items": 100}),
        beside=["ignored"],
    )
    # sqrt(.92 * .08 / 98) = .0274, sqrt(.04 * .96 / 100) = .0196; both studies have 100 items, which goes unsaid.
    assert summary("V9") == {
        "studies": "2 kinds, 100 runs of each",
        "run": "2026-11-26 to 2026-11-27",
        "least coverage": "0.920 ± 0.027 (interval; truth; models 26); 0.940 on average",
        "most false alarms": "0.040 ± 0.020 (some verdict; at the bound; models 12)",
        "power": "0.20 to 0.75",
    }


def test_a_setting_that_nearly_all_studies_share_goes_without_saying(shipped):
    cells = [{"models": n, "missing": 0.0} for n in (12, 26, 60, 99)] + [{"models": 26, "missing": 0.3}]
    shipped(*(made(study=cell, rate=0.9 + place / 100) for place, cell in enumerate(cells)))
    assert "models 12)" in summary("V9")["least coverage"]
    shipped(*(made(study=cell, rate=0.95 - place / 100) for place, cell in enumerate(cells)))
    assert "models 26, missing 0.3)" in summary("V9")["least coverage"]


def test_rates_without_a_date_are_said_to_have_none(shipped):
    shipped(made(run="", drawn=0))
    assert summary("V9")["run"] == "before dates were kept"
    assert summary("V9")["studies"] == "1 kind, 100 runs of each"
    shipped(made(run=""), made(study={"models": 26}))
    assert summary("V9")["run"] == "2026-11-26, some before dates were kept"


def test_a_file_without_dates_and_regimes_is_read():
    row = (
        '{"code": "V1", "quantity": "coverage", "what": "default interval", "study": {"models": 12}, "truth": "rho 0",'
        ' "rate": 0.9605, "runs": 2000, "width": 1.401}'
    )
    (rate,) = read_rates(f'{{"rates": [{row}]}}')
    assert (rate.run, rate.drawn, rate.runs, rate.study) == ("", 0, 2000, {"models": 12})


@pytest.mark.parametrize("text", ["", "model,score\n", "[1]", '{"rows": []}', '{"rates": [{"code": "V1"}]}'])
def test_another_file_is_refused(text):
    with pytest.raises(InputError, match="not a file of error rates"):
        read_rates(text)


def test_a_measure_that_is_not_simulated_has_no_rates():
    assert error_rates("V0") == error_rates("none") == ()
    assert summary("V0") == {}


def test_a_summary_of_studies_like_one_leaves_out_the_others():
    known, unknown = (summary("V1", families_known=value) for value in (1, 0))
    assert known["studies"].startswith("14 kinds")
    assert unknown["studies"].startswith("2 kinds")
    assert unknown["least coverage"][:13] == summary("V1")["least coverage"][:13] < known["least coverage"][:13]
    assert summary("V1", families_known=7) == {}
