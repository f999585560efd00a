"""Error rates of F8: models of known horizon at tasks of unequal families, some alike, run once or several times."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import brentq
from scipy.special import expit

from measurand.measures.forecast.time_horizon import judge, time_horizon
from measurand.results import Finding, Status
from measurand.simulate.capabilities import members
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import TaskRuns

__all__ = ["SIMULATIONS", "drawn"]

Floats = npt.NDArray[np.float64]

FALL = 0.6
"""Fall of the log odds of success with each doubling of length."""

OF_FAMILY, OF_TASK = 0.8, 0.8
"""Standard deviations, in log odds, of what makes a family, and a task in it, harder or easier than its length says."""

TYPICAL, BETWEEN, WITHIN = 4.3, 2.0, 1.5
"""Log2 of the minutes of a typical task (20 minutes), and its standard deviations between and within families."""

SHORTEST, LONGEST = np.log2(0.1), np.log2(2000)

GROWTH = 1.7
"""Doublings of the horizon per year (one in seven months)."""

FEW = 0.1
"""Share of the tasks beyond a horizon that are few."""

RESAMPLES = 300


def drawn(
    models: int,
    tasks: int,
    families: int,
    runs: int,
    rng: np.random.Generator,
    *,
    skew: float = 1.0,
    noise: float = 0.0,
    growth: float = GROWTH,
) -> tuple[TaskRuns, Floats]:
    """Runs of models released over four years, and log2 of their horizons in minutes.

    Horizons begin where few tasks are as short, or in their midst; they end there or where few are as long. `noise` is
    that of the minutes written down, in doublings.
    """
    family = members(tasks, families, rng, skew)
    length = TYPICAL + BETWEEN * rng.standard_normal(families)[family] + WITHIN * rng.standard_normal(tasks)
    length = np.clip(length, SHORTEST, LONGEST)
    harder = OF_FAMILY * rng.standard_normal(families)[family] + OF_TASK * rng.standard_normal(tasks)
    year = np.linspace(0, 4, models)
    horizon = rng.uniform(-1, 3) + growth * year + 0.4 * rng.standard_normal(models)
    chance = expit(FALL * (horizon[:, None] - length) - harder)
    done = rng.random((runs, *chance.shape)) < chance
    # A tenth of the pairs was not run.
    ran = rng.random(chance.shape) > 0.1
    model, task = np.nonzero(ran)
    rows = np.tile(np.stack([model, task]), runs)
    told = length + noise * rng.standard_normal(tasks)
    frame = pl.DataFrame(
        {
            "model": [f"m{place}" for place in rows[0]],
            "task": [f"t{place}" for place in rows[1]],
            "family": [f"f{code}" for code in family[rows[1]]],
            "minutes": 2.0 ** told[rows[1]],
            "success": done[:, model, task].ravel().astype(np.float64),
            "release_date": [f"{2021 + int(at)}-{1 + int(at % 1 * 12):02d}-01" for at in year[rows[0]]],
        }
    )
    return TaskRuns.build(frame), horizon


@cache
def _off(success: float) -> float:
    """How far in log2 from the horizon at a half success on average, over families and tasks, is so much."""
    at = np.linspace(-6, 6, 2001)
    weight = np.exp(-0.5 * at**2) / np.exp(-0.5 * at**2).sum()
    spread = np.hypot(OF_FAMILY, OF_TASK)
    return float(brentq(lambda x: expit(-FALL * x - spread * at) @ weight - success, -20, 20))


def _run(
    models: int,
    tasks: int,
    families: int,
    runs: int,
    level: float,
    rng: np.random.Generator,
    skew: float = 1.0,
    noise: float = 0.0,
) -> Outcome:
    draw = partial(drawn, models, tasks, families, runs, rng, skew=skew, noise=noise)
    task_runs, horizon = draw()
    result = time_horizon(task_runs, resamples=RESAMPLES, level=level, rng=rng)
    findings = {finding.subject.get("model"): finding for finding in judge(result) if "model" in finding.subject}
    outcome: Outcome = {}
    lengths = np.log2(task_runs.frame.unique("task")["minutes"].to_numpy())
    # Of the models of a study one is counted, whichever.
    for found in (result.horizons[place] for place in rng.permutation(len(result.horizons))):
        truth = horizon[int(found.model[1:])]
        inside = FEW <= np.mean(lengths < truth) <= 1 - FEW
        name = "among the lengths run" if inside else "where few tasks are as short, or as long"
        for success, what in ((0.5, "horizon at a half"), (0.8, "horizon at four in five")):
            low, high = (np.log2(max(side, 1e-9)) for side in found.at[success][1:])
            add_coverage(outcome, what, name, truth + _off(success), low, min(high, 60.0))
        finding = findings[found.model]
        if inside:
            add_event(outcome, "false_alarm", "hangs on how it is computed", name, finding.status is Status.ISSUE)
    if result.trend is not None:
        add_coverage(outcome, "doublings per year", f"{GROWTH} per year", GROWTH, *result.trend.doublings[1:])
        add_event(outcome, "power", "grows", f"{GROWTH} per year", result.trend.doublings.low > 0)
    still, _ = draw(growth=0.0)
    none = time_horizon(still, resamples=RESAMPLES, length_noise=0.0, level=level, rng=rng)
    if none.trend is not None:
        grows = next(finding for finding in judge(none) if finding.title == "Growth of the horizon")
        add_event(outcome, "false_alarm", "grows", "no growth", _passed(grows))
    return outcome


def _passed(finding: Finding) -> bool:
    return finding.status is Status.PASSED


SIMULATIONS = {
    "F8": Simulation(
        (
            {"models": 6, "tasks": 60, "families": 15, "runs": 1},
            {"models": 12, "tasks": 170, "families": 50, "runs": 6},
            {"models": 8, "tasks": 120, "families": 30, "runs": 3, "skew": 2.0, "noise": 0.7},
        ),
        _run,
        regime=(
            "models released over four years whose horizon doubles every seven months, with scatter; tasks of 6 s "
            "to 33 h (log-normal, alike within families) in families of unequal size, in one kind of study half of "
            "them in one family, and lengths with a noise of 0.7 doublings; families and tasks harder or easier than "
            "their length says; a tenth of the pairs not run; some models that do next to nothing, or nearly all"
        ),
    )
}
