"""`measurand claim`: cards held against counts that someone states."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from measurand.cli import app

CARD = """
[claim]
name = "a claim"
text = "{text}"
source = "a system card"
construct = "what it does"
population = "the model"
statement = "average case"
kind = "{kind}"
elicitation = "own"
benchmark_use = "diagnostic"

[[rests_on]]
measure = "{measure}"
estimate = "{estimate}"
relation = "{relation}"
bounds = [{bound}]
"""


def verdict(folder, counts: str, **card) -> str:
    """The verdict on a card by a file of counts."""
    (folder / "card.toml").write_text(CARD.format(**card), encoding="utf-8")
    (folder / "counts.csv").write_text(counts, encoding="utf-8")
    words = ["claim", str(folder / "card.toml"), "--evidence", str(folder / "counts.csv"), "--json"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)["findings"][1]["result"]["verdict"]


@pytest.mark.parametrize(
    ("counts", "bound", "expected"),
    [
        ("failures,trials\n0,300\n", 0.05, "supported"),
        ("failures,trials\n0,300\n", 0.001, "undecided"),
        # The same counts the other way round: 300 of 300 successes are no failure.
        ("successes,trials\n300,300\n", 0.05, "supported"),
    ],
)
def test_counts_of_failures_bear_on_a_claim_of_rarity(tmp_path, counts, bound, expected):
    card = {"measure": "P5", "estimate": "failure_rate", "relation": "below", "bound": bound, "kind": "propensity"}
    assert verdict(tmp_path, counts, text="It fails rarely", **card) == expected


@pytest.mark.parametrize(("right", "expected"), [(95, "supported"), (82, "undecided"), (60, "contradicted")])
def test_counts_of_successes_bear_on_a_claim_of_capability(tmp_path, right, expected):
    card = {"measure": "P4", "estimate": "score", "relation": "above", "bound": 0.8, "kind": "capability"}
    assert verdict(tmp_path, f"successes,trials\n{right},100\n", text="It solves most tasks", **card) == expected


def test_counts_of_more_than_one_row_are_refused(tmp_path):
    card = {"measure": "P5", "estimate": "failure_rate", "relation": "below", "bound": 0.05, "kind": "propensity"}
    (tmp_path / "card.toml").write_text(CARD.format(text="It fails rarely", **card), encoding="utf-8")
    (tmp_path / "counts.csv").write_text("failures,trials\n0,300\n1,20\n", encoding="utf-8")
    found = CliRunner().invoke(app, ["claim", str(tmp_path / "card.toml"), "--evidence", str(tmp_path / "counts.csv")])
    assert found.exit_code != 0
    assert "should be one row" in str(found.exception)
