"""Error rates of V5: many benchmarks in two classes of the same families, and in the halves of one class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from measurand.measures.validity.shared.panel import LEAST_MODELS
from measurand.measures.validity.where_it_holds import (
    WhereItHolds,
    across_classes,
    across_halves,
    class_correlations,
    judge,
)
from measurand.results import Finding, Status
from measurand.simulate.capabilities import CELLS, Simulated, simulate
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event

__all__ = ["SIMULATIONS"]

SAME = (0.0, 0.68)
"""Correlations of the benchmarks that do not differ, by turns."""

APART = {"0.2 apart, the bound": (0.68, 0.48), "0.6 apart": (0.6, 0.0)}
"""What the last two benchmarks are in one class and in the other."""


def _run(
    models: int, families: int, family_share: float, benchmarks: int, level: float, rng: np.random.Generator
) -> Outcome:
    same = [SAME[j % len(SAME)] for j in range(benchmarks - len(APART))]
    of_one, of_other = zip(*APART.values(), strict=True)
    drawn = simulate(2 * models, families, (*same, *of_one, *of_other), family_share, rng)
    own, apart = list(range(len(same))), len(APART)
    one = _class(drawn, 0, [*own, *range(len(own), len(own) + apart)])
    other = _class(drawn, 1, [*own, *range(len(own) + apart, len(own) + 2 * apart)])
    panels = {"one": replace(one.panel, class_="one"), "other": replace(other.panel, class_="other")}
    correlations = {name: class_correlations(panel, one.able) for name, panel in panels.items()}
    outcome: Outcome = {}
    result = WhereItHolds(
        compared=(), correlations=correlations, unassessed=(), caveats=(), level=level, names=one.names
    )
    classes = across_classes(panels["one"], panels["other"], one.able, level)
    _add(outcome, "classes", replace(result, compared=tuple(classes)), tuple(APART))
    if models >= 2 * LEAST_MODELS:
        halves, _ = across_halves(panels["one"], one.able, level)
        # In its halves one class has one correlation, so that none of its benchmarks differs.
        _add(outcome, "halves", replace(result, compared=tuple(halves[: len(same)])), ())
    return outcome


def _class(drawn: Simulated, start: int, columns: list[int]) -> Simulated:
    """Every other model, so that each class has the families of the other, and these benchmarks."""
    rows = slice(start, None, 2)
    return replace(
        drawn,
        capability=drawn.capability[rows],
        tested=drawn.tested[rows][:, columns],
        families=drawn.families[rows],
        truth=drawn.truth[columns],
    )


def _add(outcome: Outcome, between: str, result: WhereItHolds, apart: tuple[str, ...]) -> None:
    items = result.compared
    alike = items[: len(items) - len(apart)]
    for j, rho in enumerate(SAME):
        _, low, high = items[j].difference
        add_coverage(outcome, f"difference between {between}", f"rho {rho:g} in both", 0.0, low, high)
    some = any(map(_is_issue, _each(replace(result, compared=alike))))
    add_event(outcome, "false_alarm", f"{between} differ", f"none of {len(alike)} benchmarks does", some)
    if apart:
        for name, finding in zip(apart, _each(result)[len(alike) :], strict=True):
            quantity = "false_alarm" if "bound" in name else "power"
            add_event(outcome, quantity, f"{between} differ", name, _is_issue(finding))


def _each(result: WhereItHolds) -> list[Finding]:
    return judge(result)[1:]


def _is_issue(finding: Finding) -> bool:
    return finding.status is Status.ISSUE


SIMULATIONS = {
    "V5": Simulation(
        tuple({**cell, "benchmarks": 40} for cell in CELLS),
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; Gaussian scores in two classes of the same families and in the halves of one class; 40 "
            "benchmarks judged as one family of verdicts"
        ),
    )
}
