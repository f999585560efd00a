"""Error rates of convergent and discriminant validity: scores made of traits, methods and what is common to all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.mtmm import Validity, judge, matrix_of
from measurand.results import Status
from measurand.simulate.capabilities import CELLS, members, spearman_of, with_families
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]

TRAITS, METHODS = 4, 3
COMMON = 0.2
"""Share of each benchmark's variance that all have in common."""

TRUTHS = ((0.3, 0.3, "trait and method alike"), (0.6, 0.1, "trait stronger"), (0.1, 0.6, "method stronger"))
"""Shares of variance of trait and of method."""


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    member = members(models, families, rng)
    for trait, method, name in TRUTHS:
        values = _scores(trait, method, member, family_share, rng)
        traits, methods = ([str(code) for code in codes] for codes in _codes())
        group = matrix_of(values, member, traits, methods, [f"b{j}" for j in range(len(traits))], level=level)
        convergent, rival = (float(spearman_of(np.array(COMMON + share))) for share in (trait, method))
        for what, truth in (("convergent", convergent), ("method", rival), ("difference", convergent - rival)):
            _, low, high = getattr(group.found, what)
            add_coverage(outcome, what, name, truth, low, high)
        one = group.traits_found[0].found.difference
        add_coverage(outcome, "difference of one trait", name, convergent - rival, one[1], one[2])
        top, _, *rows = (finding.status for finding in judge(Validity((group,), (), level)))
        for what, status, true in (("issue", Status.ISSUE, trait < method), ("passed", Status.PASSED, trait > method)):
            quantity = "power" if true else "false_alarm"
            add_event(outcome, quantity, what, name, top is status)
            add_event(outcome, quantity, f"some trait: {what}", name, status in rows)
        count = group.count
        wrong = count.low > 0 if trait >= method else count.high < count.comparisons
        add_event(outcome, "false_alarm", "a comparison surely on the wrong side", name, wrong)
    return outcome


def _codes() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return np.repeat(np.arange(TRAITS), METHODS), np.tile(np.arange(METHODS), TRAITS)


def _scores(
    trait: float, method: float, member: npt.NDArray[np.int64], family_share: float, rng: np.random.Generator
) -> Floats:
    """One benchmark per trait and method, shape (models, benchmarks)."""

    def drawn(columns: int) -> Floats:
        return with_families(member, columns, family_share, rng)

    traits, methods = _codes()
    rest = 1 - COMMON - trait - method
    parts = ((COMMON, drawn(1)), (trait, drawn(TRAITS)[:, traits]), (method, drawn(METHODS)[:, methods]))
    total: Floats = sum((np.sqrt(share) * part for share, part in parts), np.sqrt(rest) * drawn(len(traits)))
    return total


SIMULATIONS = {
    "V8": Simulation(
        CELLS,
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; Gaussian scores of 4 traits, each measured by 3 methods; trait and method alike, or one of "
            "them stronger"
        ),
    )
}
