"""What scores with intervals say first: who leads, then a row per model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from measurand.measures.precision.shared.comparison_answer import leaders
from measurand.measures.precision.shared.score_records import Interval, ScoreIntervals
from measurand.measures.precision.shared.summary import MOST_TOLD, as_clusters, counted_by
from measurand.measures.shared import finite
from measurand.measures.verdicts import VERDICTS
from measurand.results import Answer, Estimate, Finding, Status, Table
from measurand.wording import SHARE, capital, cell, listed, number, percent, plural, points, shown

__all__ = ["answer", "dependence"]

MOST_GROUPED = 50
"""Models up to which groups of tied ones are shown."""
MOST_COLUMNS = 5
"""Tasks that have a column of their own, with intervals up to `WITH_LIMITS`; of more, the average stands for them."""
WITH_LIMITS = 3


def answer(result: ScoreIntervals, findings: Sequence[Finding]) -> Answer:
    """Who leads, then a row per model: average, group of the tied, and each benchmark."""
    tables = (_table(result),) if result.scores else ()
    return Answer(
        sentence=_lead(result, findings), tables=tables, notes=_units(result), cautions=_limits(result, findings)
    )


def _lead(result: ScoreIntervals, findings: Sequence[Finding]) -> str:
    if result.comparison is not None and result.comparison.main is not None:
        return leaders(result.comparison.main)
    models = {score.model for score in result.scores}
    if len(models) == 1 and result.averages:
        (own,) = result.averages
        value = _estimate(own.value, own.interval)
        return f"{own.model} scores {shown(value)} on average over {plural(len(result.scores), 'task')}."
    if len(result.scores) == 1:
        (only,) = result.scores
        sentence = next(finding.sentence for finding in findings if not finding.headline)
        return sentence.replace("The score", f"The score of {only.model} on {only.benchmark}", 1)
    return findings[0].sentence


def _table(result: ScoreIntervals) -> Table:
    """A row per model, the best first: its average and group where there are several tasks, and each of these."""
    tasks = list(dict.fromkeys(score.benchmark for score in result.scores))
    of = {(score.model, score.benchmark): score for score in result.scores}
    average = {each.model: each for each in result.averages}
    main = None if result.comparison is None else result.comparison.main
    # Of more models nobody could read the letters, and of very many there are none.
    grouped = main is not None and len(main.letters) == len(main.models) <= MOST_GROUPED
    letters = dict(zip(main.models, main.letters, strict=True)) if main is not None and grouped else {}
    values: dict[str, list[float]] = {}
    for score in result.scores:
        values.setdefault(score.model, []).append(score.value)
    means = {model: float(np.mean(own)) for model, own in values.items()}
    if len(tasks) > 1 and not average and (len(tasks) > WITH_LIMITS or len(of) < 2 * len(means)):
        return _long(result)
    models = sorted(means, key=lambda model: (model not in average and bool(average), -means[model]))
    told = tasks if len(tasks) <= MOST_COLUMNS else []
    limits = len(tasks) <= WITH_LIMITS
    rows = []
    for model in models:
        row = [model]
        if average:
            own = average.get(model)
            row.append("" if own is None else _cell(own.value, own.interval, unit=True))
        if letters:
            row.append(" ".join(letters.get(model, "").upper()))
        for task in told:
            own_score = of.get((model, task))
            row.append(
                ""
                if own_score is None
                else _cell(own_score.value, own_score.interval, unit=own_score.unit, limits=limits)
            )
        if len(tasks) == 1:
            row.append(number(of[model, tasks[0]].n))
        rows.append(tuple(row))
    head = ["model"]
    if average:
        head.append("average")
    if letters:
        head.append("group")
    head += told + (["items"] if len(tasks) == 1 else [])
    right = tuple(place for place, name in enumerate(head) if place and name != "group")
    return Table(head=tuple(head), rows=tuple(rows), right=right, ends=True)


def _long(result: ScoreIntervals) -> Table:
    """A row per score, by task: for models that ran different ones a column per task would be mostly empty."""
    rows = sorted(result.scores, key=lambda score: (score.benchmark, -score.value))
    return Table(
        head=("task", "model", "score", "items"),
        rows=tuple(
            (each.benchmark, each.model, _cell(each.value, each.interval, unit=each.unit), number(each.n))
            for each in rows
        ),
        right=(2, 3),
        ends=True,
    )


def _cell(value: float, interval: Interval, *, unit: bool, limits: bool = True) -> str:
    return cell(_estimate(value, interval, SHARE if unit else ""), limits=limits)


def _estimate(value: float, interval: Interval, unit: str = SHARE) -> Estimate:
    return Estimate(name="score", value=value, low=finite(interval.low), high=finite(interval.high), unit=unit)


def _units(result: ScoreIntervals) -> tuple[str, ...]:
    unit = "Percent of items" if all(score.unit for score in result.scores) else "Mean over items"
    epochs = max((score.epochs for score in result.scores), default=1)
    said = f"{unit}{f', mean of up to {epochs} runs' if epochs > 1 else ''}; {percent(result.level)} intervals"
    notes = [f"{said}{'; average: tasks weigh the same' if result.averages else ''}."]
    if result.comparison is not None and result.comparison.main is not None:
        pairs = plural(len(result.comparison.main.differences), "pair")
        notes.append(f"Models that share a letter are statistically tied ({pairs}, Holm).")
    if result.cluster_key is None:
        notes.append("Items count as independent.")
    return tuple(notes)


def _limits(result: ScoreIntervals, findings: Sequence[Finding]) -> tuple[tuple[Status, str], ...]:
    """Clusters and what they change, then what would make the scores as certain as was asked for."""
    said = []
    if result.cluster_key is not None:
        tasks = {s.benchmark: (s.n, s.clusters) for s in result.scores if s.clustered and s.clusters < s.n}
        how = counted_by(result.cluster_key, tasks, shown=result.cluster_shown)
        wider = _wider(result)
        times = "" if wider is None else f"; intervals are {wider:.1f} times as wide (median)"
        said.append((Status.CAUTION, f"{how}{times}.{_nameless(result)}"))
    judged = [finding for finding in findings if not finding.headline and finding.status in VERDICTS]
    wide: dict[str, Finding] = {}
    for finding in sorted(judged, key=lambda each: _count(each.result, "needed")):
        if _count(finding.result, "needed"):
            wide[finding.subject["benchmark"]] = finding
    if wide:
        loose = sum(finding.status is Status.CAUTION for finding in judged)
        each = [_would_take(task, finding.result) for task, finding in list(wide.items())[:MOST_TOLD]]
        tolerance = next(f.result["tolerance"] for f in findings if "tolerance" in f.result)
        known = f"{loose:,} of {len(judged):,} scores are not known to within {points(float(str(tolerance)))}"
        said.append((Status.CAUTION, f"{known}. That would take about {listed(each)}."))
    return tuple(said)


def _would_take(task: str, facts: Mapping[str, object]) -> str:
    unit, now = ("cluster", "clusters") if "clusters" in facts else ("item", "n_items")
    return f"{plural(_count(facts, 'needed'), unit)} on {task} ({_count(facts, now):,} now)"


def _count(facts: Mapping[str, object], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0


def dependence(result: ScoreIntervals) -> str:
    """How items were treated, and what that changed."""
    if result.cluster_key is None:
        return "Items are treated as independent; if some share a passage or a template, the truth is less certain."
    times = _wider(result)
    counted = capital(as_clusters(result.cluster_key, shown=result.cluster_shown))
    wider = "" if times is None else f"; that makes the intervals {times:.1f} times as wide (median)"
    return f"{counted}{wider}.{_nameless(result)}"


def _nameless(result: ScoreIntervals) -> str:
    """What is not known of items of which nothing says with which others they go together."""
    # One alone shares its cluster with named ones at most, which changes next to nothing.
    if result.nameless < 2:
        return ""
    nameless = f"{plural(result.nameless, 'item', 'has')} no {result.cluster_key} and count as one each"
    return f" {nameless}; if some of them share one, the intervals are too narrow."


def _wider(result: ScoreIntervals) -> float | None:
    """How many times as wide clusters make the intervals."""
    wider = [
        score.interval.half_width / score.naive.half_width
        for score in result.scores
        if np.isfinite(score.design_effect) and score.naive.half_width > 0
    ]
    # The median: one model with an almost perfect score has a tiny naive interval and so a huge ratio.
    return float(np.median(wider)) if wider else None
