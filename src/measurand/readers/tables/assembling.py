"""Tables into the scores of a study: joined, units checked, facts completed, roles and directions as told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from measurand.catalogue import known, near
from measurand.errors import InputError
from measurand.names import matched, spellings
from measurand.readers.tables.complete import complete_benchmarks, complete_models
from measurand.readers.tables.copies import copy_notes
from measurand.readers.tables.duplicates import Duplicates, Joined, joined
from measurand.readers.tables.facts import Facts, merged
from measurand.readers.tables.part import Part
from measurand.readers.tables.raw import shorten
from measurand.readers.tables.units import odd_units, ranges
from measurand.readers.tables.versions import version_notes
from measurand.tables import Scores, Study

__all__ = ["assemble"]

LEAST_MODELS = 8
"""Models from which a capabilities score can be made (V1), so that it matters which benchmarks make it."""


def assemble(
    title: str,
    parts: Sequence[Part],
    sides: Sequence[Part] = (),
    *,
    capability: Sequence[str] | None = None,
    lower_is_better: Sequence[str] | None = None,
    as_given: Sequence[str] = (),
    duplicates: Duplicates | None = None,
    settled: Collection[str] = (),
) -> Study:
    """Join what tables say into a study.

    Parameters
    ----------
    title : title of the study.
    parts : tables of scores, and tables of facts found beside them.
    sides : tables of facts that were named as such.
    capability, lower_is_better, as_given, duplicates : as in `measurand.readers.read`.
    settled : names of models of which it was said which model they are.

    Raises
    ------
    InputError
        No score, one score given twice with different values, percentages mixed with fractions, or a fact out of its
        range.
    UnknownName
        A name that no benchmark has.
    """
    scored = [part for part in parts if part.scores is not None]
    files = ", ".join(dict.fromkeys(part.table.name for part in parts))
    if not scored:
        raise InputError(f"{files}: facts and no scores; add a table of scores")
    beside = [*sides, *(part for part in parts if part.scores is None)]
    about_models = _facts("model", scored, beside, lambda part: part.models)
    about_benchmarks = _facts("benchmark", scored, beside, lambda part: part.benchmarks)
    lower = _names(lower_is_better)
    found = joined(scored, duplicates, _worse(scored, about_benchmarks.layers, lower) if duplicates == "best" else ())
    table = found.table
    if table.is_empty():
        raise InputError(f"{files}: no score in any row; write numbers in the score columns")
    spread = ranges(table)
    tested = spread["benchmark"].to_list()
    turned = matched("benchmark", lower, tested)
    _refuse_mixed_units(found, spread, matched("benchmark", _names(as_given), tested))
    models = table["model"].unique(maintain_order=True).to_list()
    versions = [part.versions for part in (*parts, *sides) if part.versions is not None]
    model_facts = complete_models(models, [*about_models.layers, *versions], found.models)
    limits = {name: (low, high) for name, low, high in spread.select("benchmark", "min", "max").iter_rows()}
    benchmark_facts = complete_benchmarks(tested, about_benchmarks.layers, limits, turned, found.benchmarks)
    notes = [note for part in (*parts, *sides) for note in part.notes]
    notes += [*found.notes, *about_models.notes, *about_benchmarks.notes, *model_facts.notes, *benchmark_facts.notes]
    notes += _control_notes([*models, *tested]) + _direction_notes(benchmark_facts.frame)
    notes += version_notes(table, versions)
    notes += copy_notes(table)
    notes += _spelling_notes(models, settled)
    try:
        scores = Scores.build(table, model_facts.frame, benchmark_facts.frame, notes)
    except InputError as error:
        raise InputError(f"{files}: {error}") from None
    if turned:
        scores = scores.with_lower_is_better(turned)
    if capability is not None:
        scores = scores.with_capability(matched("benchmark", _names(capability), tested))
    sources = tuple(part.table.source for part in (*parts, *sides) if part.table.source is not None)
    return Study(title=title, scores=_with_capability_note(scores), sources=sources)


class _Layers(NamedTuple):
    layers: list[pl.DataFrame]
    notes: tuple[str, ...]


def _facts(
    key: str, own: Sequence[Part], beside: Sequence[Part], facts: Callable[[Part], pl.DataFrame | None]
) -> _Layers:
    """What the tables of scores say of models or benchmarks, then what tables beside them say."""
    each: list[Facts] = [
        merged(key, [frame for part in group if (frame := facts(part)) is not None]) for group in (own, beside)
    ]
    return _Layers([layer.frame for layer in each], tuple(note for layer in each for note in layer.notes))


def _worse(parts: Sequence[Part], facts: Sequence[pl.DataFrame], lower: Sequence[str]) -> set[str]:
    """Benchmarks of which the lowest score is the best, as a person or a table says."""
    names = dict.fromkeys(name for part in parts if part.scores is not None for name in part.scores["benchmark"])
    told = [
        frame.filter(pl.col("higher_is") == "worse")["benchmark"] for frame in facts if "higher_is" in frame.columns
    ]
    return {*matched("benchmark", lower, names), *(name for benchmarks in told for name in benchmarks)}


def _refuse_mixed_units(found: Joined, spread: pl.DataFrame, as_given: Sequence[str]) -> None:
    for row in spread.filter(~pl.col("benchmark").is_in(list(as_given))).iter_rows(named=True):
        odd = odd_units(found.table, row)
        if odd is None:
            continue
        name = row["benchmark"]
        cells = [
            f"{next(place for part in found.parts if (place := part.place(model, name)))} ({model!r}, {value:g})"
            for model, value in zip(odd.models, odd.values, strict=True)
        ]
        kind, others = ("fractions", "percentages") if odd.fractions else ("percentages", "fractions")
        remedy = "multiply by 100" if odd.fractions else "divide by 100"
        raise InputError(
            f"column {name!r} mixes percentages and fractions: {shorten(cells, 5)} look like {kind} among {others} "
            f"from {odd.low:g} to {odd.high:g}; {remedy}, or if they are right say as_given=[{name!r}] "
            f"(--as-given {name})"
        )


def _direction_notes(benchmarks: pl.DataFrame) -> list[str]:
    worse = benchmarks.filter(pl.col("higher_is") == "worse")["benchmark"].to_list()
    return (
        [f"lower is better, turned once, as the tables say (of raw logs the catalogue or harness): {shorten(worse)}"]
        if worse
        else []
    )


def _control_notes(names: Iterable[str]) -> list[str]:
    odd = [repr(name) for name in names if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in name)]
    return [f"names with control characters, kept as they are: {shorten(odd)}"] if odd else []


def _spelling_notes(models: Sequence[str], settled: Collection[str]) -> list[str]:
    """How many groups of names may be one model each; which they are is for a person to say."""
    groups = spellings(name for name in models if name not in settled)
    if not groups:
        return []
    first = shorten(map(repr, groups[0].names), 3)
    return [
        f"{len(groups)} group{'s' * (len(groups) > 1)} of names may be one model each, counted as several (such as "
        f"{first}); measurand names PATH lists them in a file for --aliases"
    ]


def _with_capability_note(scores: Scores) -> Scores:
    # Of fewer models no capabilities score is made, whatever is named.
    if scores.benchmarks_of("capability") or scores.models.height < LEAST_MODELS:
        return scores
    tested = scores.benchmarks["benchmark"].to_list()
    catalogued = [entry.benchmark for entry in known() if entry.role == "capability"]
    close = {name: near(name, catalogued, limit=1) for name in tested[:20]}
    hints = [f"{name!r} resembles {found[0]!r}" for name, found in close.items() if found]
    note = (
        f"no benchmark is known as a capability benchmark; name some with capability=[...] (--capability NAME) among: "
        f"{shorten(tested)}" + (f". In the catalogue: {shorten(hints, 5)}" if hints else "")
    )
    return replace(scores, notes=(*scores.notes, note))


def _names(given: Sequence[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())
