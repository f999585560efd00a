"""Error rates of V12: shares of capability, developer and the models' own, and the verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.whose_property import ClassOwners, Owners, WhoseProperty, judge, owners
from measurand.simulate.capabilities import Regime, Simulated, members
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event

__all__ = ["SIMULATIONS", "Truth", "drawn"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DEVELOPER_SHARES, SLOPES = (0.0, 0.2, 0.4, 0.7), (0.0, 0.5)
"""Variance of the developers' effects, and slope on capability, in standard deviations of scores: of each benchmark."""

BETWEEN = 0.3
"""Share of the variance of capability that lies between developers."""

REGIME = Regime(tails=5, missing=0.1)
PERMUTATIONS = 1000


@dataclass(frozen=True)
class Truth:
    """What the scores on one benchmark are made of: capability, developers' effects, and the models' own part.

    Parameters
    ----------
    slope : on capability. own : variance of the own part.
    capability, effect : mean capability and effect of each developer, shape (G,).
    """

    slope: float
    own: float
    capability: Floats
    effect: Floats

    def shares(self, families: Ints) -> tuple[float, float, float]:
        """Shares of capability, developer and neither among ever more models by these developers, as many of each.

        The definition on a population: R^2 of capability alone, of developers alone and of both.
        """
        weight = np.bincount(families, minlength=len(self.effect)) / len(families)
        capability = self.capability - weight @ self.capability
        mean = self.slope * capability + self.effect - weight @ self.effect
        spread = float(weight @ capability**2) + 1 - BETWEEN
        product = float(weight @ (capability * mean)) + self.slope * (1 - BETWEEN)
        between = float(weight @ mean**2)
        both = between + self.slope**2 * (1 - BETWEEN)
        total, alone = both + self.own, product**2 / spread
        return (alone + both - between) / 2 / total, (between + both - alone) / 2 / total, self.own / total


def drawn(models: int, developers: int, rng: np.random.Generator) -> tuple[Simulated, list[Truth]]:
    """Models of unequal developers, a benchmark for each slope and share of developers, some cells not run."""
    family = members(models, developers, rng)
    centre = np.sqrt(BETWEEN) * rng.standard_normal(developers)
    capability = centre[family] + np.sqrt(1 - BETWEEN) * REGIME.tailed(rng.standard_normal(models), rng)
    truths, columns = [], []
    for slope in SLOPES:
        for share in DEVELOPER_SHARES:
            effect = np.sqrt(share) * rng.standard_normal(developers)
            truth = Truth(slope, 1 - share - slope**2, centre, effect)
            own = np.sqrt(truth.own) * REGIME.tailed(rng.standard_normal(models), rng)
            columns.append(slope * capability + effect[family] + own)
            truths.append(truth)
    study = Simulated(
        capability=capability[:, None],
        tested=REGIME.of_cells(np.column_stack(columns), rng),
        families=family,
        truth=np.zeros(len(truths)),
        reliability=1.0,
        score_spread=1.0,
    )
    return study, truths


def _run(models: int, developers: int, level: float, rng: np.random.Generator) -> Outcome:
    study, truths = drawn(models, developers, rng)
    panel = study.panel
    rows = [owners(panel, j, level, PERMUTATIONS, rng) for j in range(len(truths))]
    told = tuple(row for row in rows if isinstance(row, Owners))
    result = WhoseProperty((ClassOwners(panel, told, (None,) * models),), (), level, study.names)
    verdicts = {f.subject["benchmark"]: f.result["verdict"] for f in judge(result) if not f.headline}
    outcome: Outcome = {}
    settings = [(slope, share) for slope in SLOPES for share in DEVELOPER_SHARES]
    for row in told:
        place = panel.tested.index(row.benchmark)
        truth, (slope, share) = truths[place], settings[place]
        name = f"developers {share:.0%} of the variance, slope on capability {slope:.1f}"
        capability, developer, own = truth.shares(panel.families[row.models])
        for what, true, found in (
            ("share of developers", developer, row.shares.groups),
            ("share of capability", capability, row.shares.capability),
            ("share of neither", own, row.shares.neither),
        ):
            add_coverage(outcome, what, name, true, found.low, found.high)
        if not slope:
            add_coverage(outcome, "correlation within developers", name, 0.0, row.within.low, row.within.high)
        verdict = verdicts[row.benchmark]
        made, moved = verdict in ("developer", "both"), verdict in ("capability", "both")
        # Where both matter, the greater share decides, and either verdict can be right.
        if not (share and slope):
            add_event(outcome, "power" if share else "false_alarm", "goes with who made it", name, made)
            add_event(outcome, "power" if slope else "false_alarm", "goes with capability", name, moved)
    return outcome


SIMULATIONS = {
    "V12": Simulation(
        tuple(
            {"models": models, "developers": developers}
            for models, developers in ((24, 5), (30, 5), (36, 6), (60, 12), (100, 15))
        ),
        _run,
        regime=(
            "models of developers of unequal size (the largest of six makes four in ten) that differ in capability "
            "too (30% of its variance); heavy tails (t with 5 degrees of freedom); a tenth of the cells not run; 8 "
            "benchmarks judged as one family of verdicts"
        ),
    )
}
