"""Whether a candidate may go on: every task and their average held against the loss that is tolerated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from measurand.errors import NotApplicable, UnknownName
from measurand.measures.precision.score_interval import intervals_of
from measurand.measures.precision.shared.counts import once_right_or_wrong, within_unit
from measurand.measures.shared import require_fraction
from measurand.results import AVERAGE, Audit, Estimate, Gate, GateRow, GateVerdict
from measurand.stats.intervals.clustered import t_limits
from measurand.stats.intervals.distributions import norm
from measurand.stats.intervals.margin import average, margin_tests, t_tests, units_to_clear
from measurand.stats.intervals.multiplicity import holm
from measurand.stats.intervals.paired import paired_differences, paired_tests
from measurand.tables import ItemTable, Responses, item_tables
from measurand.wording import DIFFERENCE, SHARE

__all__ = ["Known", "gate", "known_of"]

_CANDIDATE, _BASELINE = "candidate", "baseline"
LEAST_SHARED = 0.5
"""Least share of the shorter run's items that both must have answered."""


class Known(NamedTuple):
    """What an audit keeps of a model's answers to a task: score, interval, and the items, or clusters, behind it."""

    value: float
    low: float
    high: float
    level: float
    n: int

    @property
    def stderr(self) -> float:
        """As the interval has it, which is never 0, however alike the answers are."""
        return (self.high - self.low) / 2 / float(norm.ppf(0.5 + self.level / 2))


def known_of(audit: Audit, model: str) -> dict[str, Known]:
    """Scores of a model as an audit reported them (P1), by task.

    Raises
    ------
    UnknownName
        The audit has no score with an interval of that model.
    """
    found: dict[str, dict[str, Known]] = {}
    for finding in audit.findings:
        if finding.code != "P1" or not {"model", "benchmark"} <= set(finding.subject):
            continue
        score = finding.estimates[0]
        if None not in (score.value, score.low, score.high, score.level, score.n) and score.unit == SHARE:
            own = Known(score.value, score.low, score.high, score.level, score.n)  # type: ignore[arg-type]
            found.setdefault(finding.subject["model"], {})[finding.subject["benchmark"]] = own
    if model not in found:
        raise UnknownName("model with item-level scores in the audit", model, found)
    return found[model]


def gate(
    candidate: Responses,
    baseline: Responses | Mapping[str, Known],
    *,
    names: tuple[str, str],
    margin: float = 0.02,
    alpha: float = 0.05,
) -> Gate:
    """Hold a candidate against a baseline: is it shown to be worse by more than the margin on any task?

    Items are paired, clusters kept. Each task and the average, in which tasks weigh the same, is tested for a loss
    greater than the margin (Holm over all of them) and for a loss smaller than it, which all must show for the whole to
    pass: an average alone hides a loss on one task.

    Parameters
    ----------
    candidate, baseline : item-level results that hold the two models. Of a baseline of which only an audit is left
        (`known_of`), its scores: these are compared as if they rested on other items, which needs more of them.
    names : the candidate's name in the one and the baseline's in the other.
    margin : loss that is tolerated, in shares: .02 is 2 points.
    alpha : level of each one-sided test.

    Raises
    ------
    NotApplicable
        No task that both ran on enough of the same items.
    InputError
        A margin or level out of (0, 1).

    References
    ----------
    Tango 1998, Statistics in Medicine 17(8), for independent items that score 0 or 1; Berger 1982, Technometrics 24(4),
    for a whole of which every part must pass.

    Examples
    --------
    >>> rows = [(m, "b", str(i), float(i % 4 > bad)) for m, bad in (("old", 0), ("new", 1)) for i in range(200)]
    >>> frame = pl.DataFrame(rows, schema=["model", "benchmark", "item", "score"], orient="row")
    >>> responses = Responses.build(frame)
    >>> found = gate(responses, responses, names=("new", "old"))
    >>> found.verdict, round(found.rows[0].difference.value, 2)
    ('worse', -0.25)
    """
    require_fraction(margin=margin, alpha=alpha)
    if isinstance(baseline, Responses):
        tables = item_tables(_together(candidate, baseline, names))
        found = {table.benchmark: _unfit(table) or _row(table, margin, alpha) for table in tables}
    else:
        tables = (table.only([names[0]]) for table in item_tables(candidate) if names[0] in table.models)
        found = {table.benchmark: _unpaired(table, baseline, margin, alpha) for table in tables}
        found |= {task: "only the baseline ran it" for task in baseline if task not in found}
    rows = [row for row in found.values() if isinstance(row, _Row)]
    left_out = [(task, why) for task, why in found.items() if isinstance(why, str)]
    if not rows:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out) or "no item was scored"
        raise NotApplicable(f"nothing to compare ({why})", needs="the same items answered by both models")
    if len(rows) > 1:
        rows.append(_average(rows, margin, alpha))
    adjusted = holm(np.array([row.p_worse for row in rows]))
    tasks = [_judged(row, float(p), alpha, margin) for row, p in zip(rows, adjusted, strict=True)]
    own = sorted((task for task in tasks if task.name != AVERAGE), key=lambda task: task.difference.value or 0.0)
    return Gate(
        candidate=names[0],
        baseline=names[1],
        margin=margin,
        alpha=alpha,
        rows=(*own, *(task for task in tasks if task.name == AVERAGE)),
        left_out=tuple(left_out),
    )


@dataclass(frozen=True, kw_only=True)
class _Row:
    """What a task shows, before it is judged among the others."""

    name: str
    scores: tuple[float, float]
    difference: Estimate
    stderr: float
    df: float
    p_worse: float
    p_not_worse: float
    n: int
    clusters: int


def _together(candidate: Responses, baseline: Responses, names: tuple[str, str]) -> Responses:
    """Both models' rows as one set of results, under names of their own: a new build often keeps the old one's."""
    parts = [
        results.frame.filter(pl.col("model") == name).with_columns(model=pl.lit(role))
        for results, name, role in ((candidate, names[0], _CANDIDATE), (baseline, names[1], _BASELINE))
    ]
    joined = Responses(pl.concat(parts, how="diagonal"))
    key = candidate.cluster
    if key is None or key not in joined.cluster_keys():
        return joined
    return joined.clustered_by(key, shown=candidate.shown)


def _unfit(table: ItemTable) -> str | None:
    """Why a task cannot be compared, None if it can."""
    if len(table.models) < 2:
        return f"only the {table.models[0]} ran it"
    run = np.isfinite(table.scores)
    common, shorter = int(run.all(axis=0).sum()), int(run.sum(axis=1).min())
    if common < max(LEAST_SHARED * shorter, 2):
        return f"{common} items answered by both, of {shorter} of the shorter run"
    if not within_unit(table):
        return "scores outside 0 to 1"
    return None


def _row(table: ItemTable, margin: float, alpha: float) -> _Row:
    places = [table.models.index(role) for role in (_CANDIDATE, _BASELINE)]
    scores = table.scores[places]
    both = np.isfinite(scores).all(axis=0)
    scores, clusters = scores[:, both], None if table.clusters is None else table.clusters[both]
    pairs = paired_differences(scores, clusters)
    counts = clusters is None and once_right_or_wrong(table)
    tests = margin_tests(pairs, margin, counts=counts)
    _, low, high = (float(each[0]) for each in paired_tests(pairs, 1 - alpha, counts=counts, unit=True))
    method = "Tango's score test" if counts else "paired t, CR2"
    value = float(pairs.value[0])
    ends = (low, high) if np.isfinite([low, high]).all() else (None, None)
    return _Row(
        name=table.benchmark,
        scores=(float(scores[0].mean()), float(scores[1].mean())),
        difference=Estimate(
            name="difference",
            value=value,
            low=ends[0],
            high=ends[1],
            level=None if ends[0] is None else 1 - alpha,
            method=method,
            n=int(pairs.n[0]),
            unit=DIFFERENCE,
        ),
        stderr=float(pairs.stderr[0]),
        df=float(pairs.df[0]),
        p_worse=float(tests.worse[0]),
        p_not_worse=float(tests.not_worse[0]),
        n=int(pairs.n[0]),
        clusters=int(pairs.clusters[0]),
    )


def _unpaired(table: ItemTable, baseline: Mapping[str, Known], margin: float, alpha: float) -> _Row | str:
    """A task against a score that was reported, or why not."""
    if table.benchmark not in baseline:
        return "only the candidate ran it"
    if not within_unit(table):
        return "scores outside 0 to 1"
    other, (own,) = baseline[table.benchmark], intervals_of(table, 1 - alpha)
    if own.interval.method == "none":
        return "a score without an interval"
    mine = Known(own.value, own.interval.low, own.interval.high, 1 - alpha, own.clusters)
    squares = np.array([mine.stderr**2, other.stderr**2])
    # Welch and Satterthwaite.
    df = float(squares.sum() ** 2 / (squares**2 / np.maximum([mine.n - 1, other.n - 1], 1)).sum())
    value, stderr = mine.value - other.value, float(np.sqrt(squares.sum()))
    arrays = np.array([value]), np.array([stderr]), np.array([df])
    low, high = (float(each[0]) for each in t_limits(*arrays, 1 - alpha))
    tests = t_tests(*arrays, margin)
    return _Row(
        name=table.benchmark,
        scores=(mine.value, other.value),
        difference=Estimate(
            name="difference",
            value=value,
            low=max(low, -1.0),
            high=min(high, 1.0),
            level=1 - alpha,
            method="unpaired, from the intervals (Welch)",
            n=min(own.n, other.n),
            unit=DIFFERENCE,
        ),
        stderr=stderr,
        df=df,
        p_worse=float(tests.worse[0]),
        p_not_worse=float(tests.not_worse[0]),
        n=own.n,
        clusters=min(mine.n, other.n),
    )


def _average(rows: Sequence[_Row], margin: float, alpha: float) -> _Row:
    values = np.array([[row.difference.value or 0.0, row.stderr, row.df, row.clusters] for row in rows])
    value, stderr, df = average(*values.T[:, :, None])
    low, high = (float(each[0]) for each in t_limits(value, stderr, df, 1 - alpha))
    known = np.isfinite(low)
    worse, not_worse = (float(each[0]) for each in t_tests(value, stderr, df, margin))
    return replace(
        rows[0],
        name=AVERAGE,
        scores=(float(np.mean([row.scores[0] for row in rows])), float(np.mean([row.scores[1] for row in rows]))),
        difference=Estimate(
            name="difference",
            value=float(value[0]),
            low=low if known else None,
            high=high if known else None,
            level=1 - alpha if known else None,
            method="mean of tasks, Satterthwaite t",
            n=sum(row.n for row in rows),
            unit=DIFFERENCE,
        ),
        stderr=float(stderr[0]),
        df=float(df[0]),
        p_worse=worse,
        p_not_worse=not_worse,
        n=sum(row.n for row in rows),
        clusters=sum(row.clusters for row in rows),
    )


def _judged(row: _Row, p_worse: float, alpha: float, margin: float) -> GateRow:
    verdict: GateVerdict = "worse" if p_worse <= alpha else "not worse" if row.p_not_worse <= alpha else "open"
    needed = None
    if verdict == "open" and row.stderr > 0:
        needed = units_to_clear(row.stderr, row.clusters, margin, alpha=alpha)
    return GateRow(
        name=row.name,
        candidate=row.scores[0],
        baseline=row.scores[1],
        difference=row.difference,
        p_worse=p_worse,
        p_not_worse=row.p_not_worse,
        verdict=verdict,
        n=row.n,
        clusters=row.clusters,
        needed=needed,
    )
