"""Risk-compute curves against published ones and a case worked by hand."""

from __future__ import annotations

import csv
import json

import pytest

from measurand.stats.attempts.risk_curves import average_efficiency, compute_at, curve_area, first_reaching, risk_at


def test_the_case_worked_by_hand(shared):
    case = json.loads((shared / "data/elicitation/risk_compute_curves/hand_case.json").read_text())
    curve = case["compute"], case["risk"]
    assert compute_at(*curve, 0.5) == pytest.approx(case["C@0.5"])
    assert compute_at(*curve, 0.95) == float(case["C@0.95"])
    assert average_efficiency(*curve) == pytest.approx(case["AE"])
    assert curve_area(*curve) == pytest.approx(case["CAURC"])
    assert risk_at(*curve, 20) == pytest.approx(case["R@20"])


def test_the_four_published_curves(shared):
    """Area, rise and the first compute with a risk of one half, as printed in the released metrics."""
    curves: dict[tuple[str, str], list[dict[str, str]]] = {}
    with open(shared / "data/elicitation/risk_compute_curves/metrics.csv", newline="") as file:
        for row in csv.DictReader(file):
            curves.setdefault((row["model_id"], row["attack_id"]), []).append(row)
    assert len(curves) == 4
    for rows in curves.values():
        compute, risk = ([float(row[name]) for row in rows] for name in ("lambda", "risk"))
        said = rows[0]
        assert curve_area(compute, risk) == pytest.approx(float(said["aurc"]), abs=1e-9)
        assert risk[-1] - risk[0] == pytest.approx(float(said["delta_r"]))
        assert first_reaching(compute, risk, 0.5) == float(said["lambda_star"])


def test_what_a_curve_does_not_reach_is_infinite_and_beyond_it_nothing_is_known():
    assert first_reaching([0, 1], [0.0, 0.1], 0.5) == float("inf")
    assert risk_at([1, 2], [0.1, 0.2], 3) != risk_at([1, 2], [0.1, 0.2], 3)
    assert compute_at([0, 2, 2, 4], [0.0, 0.0, 0.5, 0.5], 0.3) == 2.0
    assert compute_at([3, 4], [0.5, 0.5], 0.5) == 3.0


@pytest.mark.parametrize(("compute", "risk"), [([1, 0], [0.0, 1.0]), ([0, 1], [0.0]), ([], [])])
def test_points_that_are_no_curve(compute, risk):
    with pytest.raises(ValueError, match="compute should rise"):
        curve_area(compute, risk)
