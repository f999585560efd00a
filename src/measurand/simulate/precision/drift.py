"""Two versions of results in which nothing changed but noise, or one known thing did: what P13 says of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from measurand.measures.precision.drift import Drift, drift, judge
from measurand.measures.precision.shared.drift_words import CHANGED, INTERCHANGED, REDEFINED
from measurand.results import Finding, Status
from measurand.simulate.answers import item_clusters
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import RESPONSE_COLUMNS, Responses, Scores, Version, Versions

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CEILING = 4.0
"""Log odds by which the last task is easier: nearly all answers are right."""
LOSS = 0.3
"""Of one model on one task, a change that is there to be found."""

MISSING = 0.3
"""Share of the cells of a published table that were not run."""
CORRECTED = 0.03
"""Share of the figures of a published table that are corrected between two versions."""


def _run(models: int, tasks: int, items: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    if items:
        _of_logs(outcome, models, tasks, items, clusters, level, rng)
    else:
        _of_tables(outcome, models, tasks, level, rng)
    return outcome


def _of_logs(
    outcome: Outcome, models: int, tasks: int, items: int, clusters: int, level: float, rng: np.random.Generator
) -> None:
    """Logs run again on the same items, logs with other items of the same kind, and one model that got worse."""
    sizes = np.maximum(max(10, clusters), rng.lognormal(np.log(items), 0.5, tasks).astype(int))
    groups = [item_clusters(int(n), clusters, rng) for n in sizes]
    chances = [
        _chances(models, group, CEILING if place == tasks - 1 else 0.0, rng) for place, group in enumerate(groups)
    ]
    drawn = [_drawn(chance, place, rng) for place, chance in enumerate(chances)]
    old = _logs(drawn, groups, clusters > 0)
    again = _logs([_drawn(chance, place, rng) for place, chance in enumerate(chances)], groups, clusters > 0)
    # Two bootstrap versions of one folder: whole clusters are drawn, under names of their own in each.
    one, other = (_resampled(drawn, groups, clusters > 0, prefix, rng) for prefix in ("one ", "other "))
    for what, before, after in (("the same items run again", old, again), ("items drawn again", one, other)):
        result = drift(Versions(before, after), level=level)
        add_event(outcome, "false_alarm", "any issue", what, _bad(judge(result)))
        low, high = result.cells.low[0, 0], result.cells.high[0, 0]
        add_coverage(outcome, "interval of a change", what, 0.0, float(low), float(high))
    lost = [_drawn(chance, place, rng) for place, chance in enumerate(chances)]
    lost[0][0] *= rng.random(lost[0].shape[1]) >= LOSS
    worse = drift(Versions(old, _logs(lost, groups, clusters > 0)), level=level)
    first = ("m0", "t0")
    found = any(_cell(each) == first and each.status is Status.ISSUE for each in judge(worse))
    add_event(outcome, "power", "issue", f"one model gives up {LOSS:.0%} of its answers on one task", found)


def _of_tables(outcome: Outcome, models: int, tasks: int, level: float, rng: np.random.Generator) -> None:
    """Published tables: with errors and run again; without errors and corrected, rerun, redefined or mixed up."""
    ability = rng.normal(0, 1, (models, 1))
    scores = 100 * expit(ability + rng.normal(0, 1, tasks) + rng.normal(0, 0.4, (models, tasks)))
    # A column on which half of the models are at 0, as of refusals.
    scores[rng.permutation(models)[: models // 2], -1] = 0
    scores[rng.random(scores.shape) < MISSING] = np.nan
    errors = np.sqrt(np.maximum(scores * (100 - scores), 0) / rng.integers(50, 1000, tasks)) + 0.1

    def held(old: Floats, new: Floats, stderr: Floats | None = None) -> tuple[Drift, list[Finding]]:
        tables = (_table(np.round(each, 1), stderr) for each in (old, new))
        result = drift(Versions(*map(Version, ("old", "new"), tables)), level=level)
        return result, judge(result)

    noise = errors * rng.standard_normal((2, *scores.shape))
    _, findings = held(scores + noise[0], scores + noise[1], errors)
    add_event(outcome, "false_alarm", "any issue", "scores with errors, run again", _bad(findings))
    _, findings = held(scores, scores + noise[0])
    add_event(outcome, "false_alarm", "any issue", "scores without errors, run again", _bad(findings))
    corrected = np.where(rng.random(scores.shape) < CORRECTED, scores + noise[1], scores)
    _, findings = held(scores, corrected)
    add_event(
        outcome, "false_alarm", "any issue", f"{CORRECTED:.0%} of scores without errors corrected", _bad(findings)
    )
    anew = corrected.copy()
    anew[:, 0] = 100 * expit(rng.normal(1, 1, models)) + 0 * scores[:, 0]
    _, findings = held(scores, anew)
    right = any(each.title == REDEFINED and each.subject["benchmark"] == "b0" for each in findings)
    add_event(outcome, "power", "looks redefined", "one column measured anew", right)
    mixed = corrected.copy()
    pair = rng.permutation(np.flatnonzero(np.isfinite(scores[:, 1])))[:2]
    mixed[pair, 1] = scores[pair[::-1], 1]
    _, findings = held(scores, mixed)
    named = {f"m{place}" for place in pair}
    right = any(each.title == INTERCHANGED and set(_models(each)) == named for each in findings)
    add_event(outcome, "power", "look interchanged", "two scores of a column interchanged", right)


def _bad(findings: list[Finding]) -> bool:
    return findings[0].status is Status.ISSUE


def _models(finding: Finding) -> tuple[str, ...]:
    return tuple(finding.subject["models"].split(", "))


def _cell(finding: Finding) -> tuple[str, str] | None:
    return (finding.subject["model"], finding.subject["benchmark"]) if finding.title == CHANGED else None


def _chances(models: int, group: Ints, easier: float, rng: np.random.Generator) -> Floats:
    """Chance of each model to answer each item right: items of one cluster are alike, and many are settled."""
    ability, of_cluster = rng.normal(0.5, 1, (models, 1)), rng.normal(0, 1, group.max() + 1)
    found: Floats = expit(2 * (ability + of_cluster[group] + rng.normal(0, 1, (models, len(group)))) + easier)
    return found


def _drawn(chances: Floats, place: int, rng: np.random.Generator) -> Floats:
    """Answers right or wrong; on every third task a share of several points, most of them none or all."""
    if place % 3 != 2:
        return (rng.random(chances.shape) < chances).astype(np.float64)
    return rng.binomial(4, chances) / 4


def _resampled(
    scores: list[Floats], groups: list[Ints], clustered: bool, prefix: str, rng: np.random.Generator
) -> Version:
    """A version of the same logs whose clusters are drawn with replacement."""
    places, names = [], []
    for group in groups:
        drawn = rng.integers(0, group.max() + 1, group.max() + 1)
        parts = [np.flatnonzero(group == each) for each in drawn]
        places.append(np.concatenate(parts))
        names.append(np.repeat(np.arange(len(parts)), [len(part) for part in parts]))
    return _logs([own[:, at] for own, at in zip(scores, places, strict=True)], names, clustered, prefix)


def _logs(scores: list[Floats], groups: list[Ints], clustered: bool, prefix: str = "") -> Version:
    """A version as logs leave one: the scores, and the answers behind them."""
    parts = []
    for task, (own, group) in enumerate(zip(scores, groups, strict=True)):
        model, item = (axis.ravel() for axis in np.indices(own.shape))
        columns = {
            "model": pl.Series(np.char.add("m", model.astype(str))),
            "benchmark": pl.repeat(f"t{task}", own.size, eager=True),
            "item": pl.Series(np.char.add(prefix, item.astype(str))),
            "epoch": pl.repeat(1, own.size, dtype=pl.Int32, eager=True),
            "score": own.ravel(),
            "context_hash": pl.Series(np.char.add(f"{prefix}{task} ", group[item].astype(str))),
        }
        parts.append(pl.DataFrame(columns))
    rows = pl.concat(parts)
    if not clustered:
        rows = rows.drop("context_hash")
    empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    responses = Responses(pl.concat([empty, rows], how="diagonal").lazy(), "context_hash" if clustered else None)
    return Version("logs", Scores.build(rows.group_by("model", "benchmark").agg(pl.col("score").mean())), responses)


def _table(scores: Floats, stderr: Floats | None) -> Scores:
    row, column = np.nonzero(np.isfinite(scores))
    columns = {
        "model": [f"m{place}" for place in row],
        "benchmark": [f"b{place}" for place in column],
        "score": scores[row, column],
    }
    return Scores.build(pl.DataFrame(columns if stderr is None else columns | {"stderr": stderr[row, column]}))


CELLS = (
    {"models": 4, "tasks": 3, "items": 60, "clusters": 0},
    {"models": 6, "tasks": 3, "items": 150, "clusters": 30},
    {"models": 8, "tasks": 4, "items": 200, "clusters": 0},
    {"models": 12, "tasks": 5, "items": 0, "clusters": 0},
    {"models": 30, "tasks": 12, "items": 0, "clusters": 0},
)
"""Logs; and published tables, of which no items are known (0)."""

SIMULATIONS = {
    "P13": Simulation(
        CELLS,
        _run,
        regime=(
            "logs of 4 to 8 models on 3 or 4 tasks of unequal size (log-normal, median 60 to 200 items; independent "
            "or in 30 unequal clusters; one task near its ceiling, every third with part marks), run again or with "
            "items drawn again; published tables of 12 or 30 models and 5 or 12 benchmarks, 30% of the cells empty, "
            "one column half at 0, rounded to a decimal, with errors or without"
        ),
    )
}
