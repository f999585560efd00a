"""What P13 says of two versions: a sentence, the scores that changed, and the verdicts that changed with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np

from measurand.measures.answers import cautions
from measurand.measures.precision.shared.drift_records import Drift, Moved, VerdictChange
from measurand.results import Answer, Cell, Estimate, Finding, Status, Table
from measurand.tables import UNCLASSED
from measurand.wording import (
    DIFFERENCE,
    SHARE,
    agreeing,
    capital,
    cell,
    interval,
    listed,
    number,
    of_total,
    percent,
    plural,
    shown,
    signed,
    value_of,
)

__all__ = [
    "CHANGED",
    "GONE",
    "INTERCHANGED",
    "MOVED",
    "MOVED_ALONG",
    "OTHER_ITEMS",
    "REDEFINED",
    "RENAMED",
    "VERDICT",
    "answer",
    "changed_words",
    "moved_words",
    "sentence_of",
    "stood",
    "subject_of",
    "value_text",
]

REDEFINED, INTERCHANGED, CHANGED, GONE = "Redefined column", "Interchanged scores", "Changed score", "Gone"
RENAMED, OTHER_ITEMS, VERDICT, MOVED = "Renamed", "Other items", "Changed verdict", "Scores in another's place"
"""Titles of the findings, by which they are told apart."""

MOVED_ALONG = "in another's place"
"""In short, a score that came along with a whole column, or with all scores of a model."""

MOST_TOLD = 3
"""Changed scores whose sentences stand below the table: it shows them all."""


def value_text(value: float, *, unit: bool) -> str:
    """A score: in percent where it is a share, else as it is.

    Examples
    --------
    >>> value_text(0.503, unit=True), value_text(50.3, unit=False)
    ('50.3%', '50.3')
    """
    return value_of(Estimate(name="score", value=value, unit=SHARE)) if unit else number(value)


def changed_words(model: str, benchmark: str, old: float, new: float, change: Estimate) -> str:
    """That a score changed, from what to what, with the change where its noise is known."""
    unit = change.unit == DIFFERENCE
    said = f"{model} had {value_text(old, unit=unit)} on {benchmark} and now has {value_text(new, unit=unit)}"
    return said if change.low is None else f"{said}, a change of {_change(change)}"


def moved_words(moved: Moved) -> str:
    """Whose old scores a model or a benchmark now has, as a whole."""
    if not moved.mutual:
        return f"{moved.name} now has {plural(moved.scores, 'old score')} of {moved.source}"
    what = "columns" if moved.kind == "benchmark" else "scores of"
    each = f"each now has {moved.scores:,} of the other's old scores"
    return f"The {what} {moved.name} and {moved.source} look interchanged: {each}"


def _change(change: Estimate) -> str:
    """A change with its interval and sign."""
    if change.unit == DIFFERENCE:
        return shown(change)
    return f"{signed(change.value)} {interval(change.low, change.high, signed)}".rstrip()


def sentence_of(result: Drift, rows: Sequence[Finding]) -> str:
    """What changed, counted; which columns look redefined, which scores interchanged; and what went."""
    said = [_counted(result)] if result.cells.both.any() else ["The two versions have no score in common."]
    whole = [finding.sentence for finding in rows if finding.title == MOVED]
    said += whole[:MOST_TOLD]
    if len(whole) > MOST_TOLD:
        said.append(f"{len(whole) - MOST_TOLD:,} more have the old scores of another.")
    if anew := [finding.subject["benchmark"] for finding in rows if finding.title == REDEFINED]:
        said.append(f"{_named(anew, 'column')} {agreeing(len(anew), 'looks')} redefined.")
    for finding in [finding for finding in rows if finding.title == INTERCHANGED][:MOST_TOLD]:
        pair = listed([str(name) for name in cast("Sequence[Cell]", finding.result["models"])])
        said.append(f"The scores of {pair} on {finding.subject['benchmark']} look interchanged.")
    if lost := list(_lost(result)):
        said.append(f"{capital(listed(lost))}.")
    if result.verdicts_compared:
        said.append(
            f"{of_total(len(result.verdicts), result.verdicts_compared, 'verdict', 'changed', 'did not change')}."
        )
    return " ".join(said)


def _counted(result: Drift) -> str:
    """How many of the scores in both versions changed, and how many of those by more than noise, where it is known."""
    both, changed = int(result.cells.both.sum()), int(result.changed.sum())
    if not changed:
        one, many = "The one score in both versions is the same.", f"All {both:,} scores in both versions are the same."
        return one if both == 1 else many
    whole = {1: "The one score", 2: "Both scores"}.get(both, f"All {both:,} scores")
    said = f"{whole if changed == both else f'{changed:,} of the {both:,} scores'} in both versions changed"
    known = result.changed & np.isfinite(result.adjusted)
    if not known.any():
        return f"{said}."
    beyond = int((known & (result.adjusted <= 1 - result.level)).sum())
    if changed == 1:
        return f"{said}, {'by more than noise explains' if beyond else 'but by no more than noise can explain'}."
    return f"{said}, {f'{beyond:,}' if beyond else 'none'} of them by more than noise explains."


def _lost(result: Drift) -> Iterator[str]:
    if result.gone:
        on = {benchmark for _, benchmark in result.gone}
        where = f", all on {on.pop()}," if len(on) == 1 < len(result.gone) else ""
        yield f"{plural(len(result.gone), 'score', 'is')} gone{where}"
    for kind, names in result.gone_with.items():
        if names:
            yield f"{plural(sum(names.values()), 'score')} went with {_named(list(names), kind)}"


def _named(names: Sequence[str], noun: str) -> str:
    return listed(names) if len(names) <= MOST_TOLD else plural(len(names), noun)


def answer(result: Drift, findings: Sequence[Finding]) -> Answer:
    """The sentence of the headline, the scores that changed, the worst first, and the verdicts that changed."""
    top, *rows = findings
    told = [finding for finding in rows if finding.title in (MOVED, REDEFINED, INTERCHANGED, OTHER_ITEMS, RENAMED)]
    issues = [f for f in rows if f.title == CHANGED and f.status is Status.ISSUE]
    return Answer(
        sentence=top.sentence,
        tables=tuple(table for table in (_changes(result, rows), _verdicts(result)) if table.rows),
        notes=tuple(_notes(result)),
        cautions=(*cautions([*told, *issues[:MOST_TOLD]]), *_of_settings(result)),
    )


def _changes(result: Drift, rows: Sequence[Finding]) -> Table:
    """A row for each column or model in another's place, each redefined column, each other changed score, and each that
    went.
    """
    redefined = {finding.subject["benchmark"] for finding in rows if finding.title == REDEFINED}
    found: list[tuple[Status, tuple[str, ...]]] = []
    for finding in rows:
        benchmark, model = (finding.subject.get(key, "") for key in ("benchmark", "model"))
        if finding.title == MOVED:
            names = [
                finding.subject.get(key, "") or finding.subject.get(f"{key}s", "") for key in ("benchmark", "model")
            ]
            count = plural(int(_number(finding, "scores")), "score")
            found.append((finding.status, (*names, count, "", "", finding.short)))
        elif finding.title == REDEFINED:
            count = f"{finding.result['changed']} of {plural(int(_number(finding, 'compared')), 'model')}"
            found.append((finding.status, (benchmark, count, "", "", "", finding.short)))
        elif finding.title == CHANGED and benchmark not in redefined and finding.short != MOVED_ALONG:
            found.append((finding.status, (benchmark, model, *_numbers(finding), finding.short)))
        elif finding.title == GONE and (not model or benchmark not in redefined):
            found.append((finding.status, (benchmark, model, *_before(result, finding), "", "", finding.short)))
    return Table(
        head=("benchmark", "model", "old", "new", "change", ""),
        rows=tuple(row for _, row in found),
        marks=tuple(status for status, _ in found),
        right=(2, 3, 4),
    )


def _numbers(finding: Finding) -> tuple[str, str, str]:
    """Old, new and the change of a score, as cells."""
    (change,) = finding.estimates
    unit = SHARE if change.unit == DIFFERENCE else ""
    old, new = (Estimate(name="score", value=_number(finding, which), unit=unit) for which in ("old", "new"))
    return cell(old), cell(new), cell(change) if unit else _change(change)


def _number(finding: Finding, name: str) -> float:
    """A number that a finding of P13 holds beside its sentence."""
    return float(cast(float, finding.result[name]))


def _before(result: Drift, finding: Finding) -> tuple[str]:
    """What is gone: a score, or how many of them."""
    if "scores" in finding.result:
        return (plural(int(_number(finding, "scores")), "score"),)
    unit = result.cells.unit[result.cells.benchmarks.index(finding.subject["benchmark"])]
    return (cell(Estimate(name="score", value=_number(finding, "old"), unit=SHARE if unit else "")),)


def _verdicts(result: Drift) -> Table:
    return Table(
        head=("check", "of", "before", "now"),
        rows=tuple((each.title, subject_of(each), *stood(each)) for each in result.verdicts),
        marks=tuple(each.now.status for each in result.verdicts),
        title="Verdicts that changed",
    )


def subject_of(change: VerdictChange) -> str:
    """What a verdict speaks of; the class of a study without classes goes without saying."""
    told = [value for key, value in change.subject.items() if (key, value) != ("class", UNCLASSED)]
    return ", ".join(told) or "the whole study"


def stood(change: VerdictChange) -> tuple[str, str]:
    """The verdict before and now in short; where the words are the same, with the status that is not."""
    before, now = (
        "not assessed" if each.status is Status.NOT_APPLICABLE else each.short for each in (change.was, change.now)
    )
    if before != now:
        return before, now
    return f"{before} ({change.was.status.value})", f"{now} ({change.now.status.value})"


def _notes(result: Drift) -> Iterator[str]:
    yield f"Old: {result.names[0]}; new: {result.names[1]}."
    came = [
        f"{plural(sum(names.values()), 'score')} of {_named(list(names), kind)}"
        for kind, names in result.came_with.items()
        if names
    ]
    if came:
        yield f"New: {listed(came)}."
    if (result.changed & np.isfinite(result.adjusted)).any():
        known = plural(int(np.isfinite(result.adjusted).sum()), "score")
        yield f"{percent(result.level)} intervals; what is more than noise allows for {known} (Holm)."


def _of_settings(result: Drift) -> Iterator[tuple[Status, str]]:
    if result.other_settings:
        what = plural(len(result.other_settings), "check", "was")
        yield Status.CAUTION, f"Of the two audits, {what} made with other settings: their verdicts may differ for that."
