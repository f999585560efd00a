"""One simulated table of models and benchmarks that overlap in part: one scale behind the scores, or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from measurand.measures.forecast.scale import CommonScale, common_scale, judge
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_event
from measurand.stats.capability.stitching import Cells, fit_scale
from measurand.stats.intervals.resampling import percentile
from measurand.tables import Scores

__all__ = ["SIMULATIONS", "Made", "made"]

Floats = npt.NDArray[np.float64]

SHARED = 0.3
"""Share of a score's own deviation that the models of a family have in common."""
ITEMS = 200
BOOTSTRAPPED, RESAMPLES = 30, 100
"""Models up to which a bootstrap is measured beside the intervals, and its resamples."""


@dataclass(frozen=True, eq=False)
class Made:
    """Scores, and the capability of each model on the scale of the first benchmark."""

    scores: Scores
    capability: dict[str, float]


def made(models: int, benchmarks: int, run_percent: int, one_scale: bool, rng: np.random.Generator) -> Made:
    """Scores with deviations of their own in each cell, and benchmarks that differ in how large these are."""
    capability = rng.normal(0, 1.2, models)
    difficulty, slope = rng.normal(0, 1, benchmarks), np.exp(rng.normal(0.3, 0.5, benchmarks))
    difficulty[0], slope[0] = 0.0, 1.0
    spread = np.exp(rng.normal(-1, 0.4, benchmarks)) * np.clip(slope, 0.7, 1.5)
    family = rng.integers(0, max(2, models // 3), models)
    shared = rng.standard_normal((max(2, models // 3), benchmarks))[family]
    own = np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * rng.standard_normal((models, benchmarks))
    common = slope * (capability[:, None] - difficulty) if one_scale else rng.normal(0, 1.2, (models, benchmarks))
    share = rng.binomial(ITEMS, expit(common + spread * own)) / ITEMS
    run = rng.random(share.shape) < run_percent / 100
    for row in range(models):
        run[row, rng.permutation(np.flatnonzero(~run[row]))[: max(0, 4 - int(run[row].sum()))]] = True
    for column in range(benchmarks):
        run[rng.permutation(np.flatnonzero(~run[:, column]))[: max(0, 6 - int(run[:, column].sum()))], column] = True
    names = [f"m{i}" for i in range(models)]
    rows, columns = np.nonzero(run)
    table = pl.DataFrame(
        {"model": [names[i] for i in rows], "benchmark": [f"b{j}" for j in columns], "score": share[run]}
    )
    facts = pl.DataFrame({"model": names, "family": [f"f{code}" for code in family]})
    return Made(Scores.build(table, facts), dict(zip(names, capability.tolist(), strict=True)))


def _run(models: int, benchmarks: int, run_percent: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    study = made(models, benchmarks, run_percent, True, rng)
    result = common_scale(study.scores, anchor="b0", level=level, rng=rng)
    truth = np.array([study.capability[name] for name in result.models])
    _covered(outcome, "interval of a capability", truth, result.low, result.high)
    if models <= BOOTSTRAPPED:
        _covered(outcome, "percentile bootstrap over scores", truth, *_bootstrap(study.scores, result, level, rng))
    wrong = result.apart & (truth[:, None] < truth)
    told = int(result.apart.sum())
    name = "one scale"
    outcome["false_alarm", "share of pairs told apart the wrong way", name] = (wrong.sum() / max(told, 1), np.nan)
    outcome["power", "share of pairs told apart", name] = (2 * told / (models * (models - 1)), np.nan)
    headline = judge(result)[0]
    add_event(outcome, "power", "the scale predicts left-out scores", name, bool(headline.result["predicts"]))
    add_event(outcome, "false_alarm", "the scale should not be used", name, headline.status is Status.ISSUE)
    unrelated = made(models, benchmarks, run_percent, False, rng)
    headline = judge(common_scale(unrelated.scores, level=level, rng=rng))[0]
    name = "scores unrelated"
    add_event(outcome, "false_alarm", "the scale predicts left-out scores", name, bool(headline.result["predicts"]))
    add_event(outcome, "power", "the scale should not be used", name, headline.status is Status.ISSUE)
    return outcome


def _covered(outcome: Outcome, what: str, truth: Floats, low: Floats, high: Floats) -> None:
    defined = np.isfinite(low)
    hits = ((low <= truth) & (truth <= high))[defined]
    outcome["coverage", what, "all models"] = (float(hits.mean()), float((high - low)[defined].mean()))


def _bootstrap(scores: Scores, result: CommonScale, level: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Percentile limits of the capabilities over scores with weights drawn from an exponential distribution."""
    values = scores.matrix(result.models, result.benchmarks)
    model, benchmark = np.nonzero(np.isfinite(values))
    cells = Cells(model, benchmark, values[model, benchmark], result.benchmarks.index(result.anchor))
    weights = rng.exponential(size=(RESAMPLES, len(model)))
    return percentile(fit_scale(cells, weights, fit_scale(cells)).capability, level)


CELLS = tuple(
    {"models": m, "benchmarks": b, "run_percent": share} for m, b, share in ((20, 8, 60), (60, 12, 100), (60, 20, 30))
)

SIMULATIONS = {
    "F7": Simulation(
        CELLS,
        _run,
        regime=(
            "20 or 60 models in families of random size that share 30% of a score's own deviation, on 8 to 20 "
            "benchmarks of which 30% to 100% of the cells were run; one scale behind the scores, or none"
        ),
        beside=("bootstrap",),
    )
}
