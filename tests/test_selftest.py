"""The self-test: it passes as things ship, and finds what is broken on purpose."""

from __future__ import annotations

from dataclasses import replace

import pytest
from typer.testing import CliRunner

import measurand.conformance.packages.measurand as answers
from measurand import selftest
from measurand.calibration import load
from measurand.cli import app
from measurand.conformance.asking import Answer
from measurand.selftest import departures, labels


@pytest.fixture
def few(monkeypatch):
    """Cases of rates, and some of the others: all of them are asked once, where it should pass."""
    chosen = [case for place, case in enumerate(selftest.CASES) if place % 9 == 0 or "failure" in case.title.lower()]
    monkeypatch.setattr(selftest, "CASES", tuple(chosen))
    monkeypatch.setattr(selftest, "measure_rates", lambda **_: ())


@pytest.mark.slow
def test_it_passes_as_things_ship_with_progress():
    told = []
    found = selftest.selftest(runs=20, progress=lambda label, done, total: told.append((label, done, total)))
    assert found.passed, found.table()
    assert found.right >= 80
    assert found.rates > 200
    assert [done for _, done, _ in told] == list(range(1, len(labels()) + 1))
    assert {total for *_, total in told} == {len(labels())}
    assert "as they ship" in found.sentence


def test_a_wrong_answer_is_found_and_named(few, monkeypatch):
    monkeypatch.setattr(answers, "rate", lambda failures, trials: Answer(value=1.0, low=0.9, high=1.0))
    found = selftest.selftest()
    assert not found.passed
    titles = [title for title, _ in found.wrong]
    assert "No failure in 300 runs: what is the rate?" in titles
    table = found.table()
    assert table is not None
    assert len(table.rows) == len(found.wrong)


def test_what_is_known_to_be_wrong_fails_nothing(few, monkeypatch):
    monkeypatch.setattr(answers, "rate", lambda failures, trials: Answer(value=1.0, low=0.9, high=1.0))
    wrong = {title for title, _ in selftest.selftest().wrong}
    names = {case.name: "known" for case in selftest.CASES if case.title in wrong}
    monkeypatch.setattr(selftest, "OPEN", names)
    found = selftest.selftest()
    assert found.passed
    assert set(found.open) == wrong
    assert f"{len(wrong)} of them known" in found.sentence


def test_a_rate_off_by_chance_alone_is_no_departure_and_one_far_off_is():
    ships = [rate for rate in load() if rate.code in selftest.QUICK and rate.quantity == "coverage"]
    here = [replace(rate, rate=round(60 * rate.rate) / 60, runs=60) for rate in ships]
    assert departures(here, ships) == (len(ships), ())
    broken = [replace(here[0], rate=0.5), *here[1:]]
    _, ((mine, theirs),) = departures(broken, ships)
    assert (mine.rate, theirs) == (0.5, ships[0])
    assert departures([replace(here[0], what="unheard of")], ships) == (0, ())


def test_the_command_ends_with_1_where_something_is_wrong(few, monkeypatch):
    done = CliRunner().invoke(app, ["selftest"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    monkeypatch.setattr(answers, "rate", lambda failures, trials: Answer(value=1.0, low=0.9, high=1.0))
    done = CliRunner().invoke(app, ["selftest"], catch_exceptions=False)
    assert done.exit_code == 1
    assert "No failure in 300 runs" in done.output
