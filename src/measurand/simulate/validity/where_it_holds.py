"""Error rates of V5: classes of the same families, and halves of one class, in which the correlation is the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from measurand.measures.validity.shared.panel import LEAST_MODELS
from measurand.measures.validity.where_it_holds import Compared, WhereItHolds, across_classes, across_halves, judge
from measurand.results import Status
from measurand.simulate.capabilities import CELLS, simulate
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event

__all__ = ["SIMULATIONS"]

TRUTHS = (0.0, 0.68)


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(2 * models, families, TRUTHS, family_share, rng)
    # Every other model: each class has the families of the other, with what they share.
    one, other = (
        replace(
            drawn,
            capability=drawn.capability[start::2],
            tested=drawn.tested[start::2],
            families=drawn.families[start::2],
        ).panel
        for start in (0, 1)
    )
    one, other = replace(one, class_="one"), replace(other, class_="other")
    compared = {"classes": across_classes(one, other, drawn.able, level)}
    if models >= 2 * LEAST_MODELS:
        compared["halves"] = across_halves(one, drawn.able, level)[0]
    outcome: Outcome = {}
    for between, items in compared.items():
        _add(outcome, between, items, level, drawn.names)
    return outcome


def _add(outcome: Outcome, between: str, items: list[Compared], level: float, names: dict[str, str]) -> None:
    _, *each = judge(WhereItHolds(tuple(items), (), (), level, names))
    for rho, item, finding in zip(TRUTHS, items, each, strict=True):
        name, (_, low, high) = f"rho {rho:g} in both", item.difference
        add_coverage(outcome, f"difference between {between}", name, 0.0, low, high)
        add_event(outcome, "false_alarm", f"{between} differ", name, finding.status is Status.ISSUE)


SIMULATIONS = {"V5": Simulation(CELLS, _run)}
