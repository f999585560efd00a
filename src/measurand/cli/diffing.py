"""What changed between two versions of the same results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from measurand.cli.app import DATA, command
from measurand.cli.gating import saved_audit
from measurand.cli.options import Choices, Level, Showing
from measurand.cli.running import audit_and_write, names_in, progress, read_study
from measurand.errors import UnknownName
from measurand.names import resolved

__all__ = ["diff"]


@command(DATA)
def diff(
    old: Annotated[Path, typer.Argument(help="Table, store, folder of logs or audit.json before.")],
    new: Annotated[Path, typer.Argument(help="The same after.")],
    choices: Choices,
    showing: Showing,
    measures: Annotated[
        str | None, typer.Option(help="Measures whose verdicts are compared, V1,P1; all by default, or none.")
    ] = None,
    level: Level = 0.95,
) -> None:
    """What changed between two versions of a table, a store, a folder of logs or an audit, and beyond noise (P13)."""
    from measurand.tables import Study, Versions

    sides = [_read(path, choices) for path in (old, new)]
    chosen = _names(sides, choices)
    before, after = _audited([_part(side, chosen) for side in sides], measures, showing)
    versions = Versions(before.version(chosen), after.version(chosen))
    sources = tuple(source for side in sides for source in side.study.sources)
    study = Study(title=f"{old} → {new}", versions=versions, sources=sources)
    audit_and_write(study, {"level": level}, showing, codes=("P13",), comment=True)


Kinds = Mapping[Literal["benchmark", "model"], set[str] | None]
"""The benchmarks and the models that are looked at; None for all."""


@dataclass(frozen=True)
class _Side:
    """One version as it was read; of an audit, `saved`, the scores that it reported."""

    name: str
    study: Any
    audit: Any = None
    saved: bool = False

    def version(self, chosen: Kinds) -> Any:
        """The evidence of P13: of benchmarks that are named these alone, while audits keep those of capability."""
        import polars as pl

        found = replace(self.study, title=self.name).version(self.audit)
        if found.scores is None or chosen["benchmark"] is None:
            return found
        table = found.scores.table.filter(pl.col("benchmark").is_in(list(chosen["benchmark"])))
        return replace(found, scores=replace(found.scores, table=table))


def _read(path: Path, choices: Choices) -> _Side:
    from measurand.tables import Study

    if (audit := saved_audit(path)) is not None:
        return _Side(str(path), Study(title=str(path), scores=_reported(audit)), audit, saved=True)
    return _Side(str(path), read_study([path], choices))


def _reported(audit: Any) -> Any:
    """Scores that an audit reported with their intervals (P1), None where it reported none."""
    import polars as pl

    from measurand.gating import known_of
    from measurand.tables import Scores

    rows = []
    for model in dict.fromkeys(finding.subject.get("model") for finding in audit.findings if finding.code == "P1"):
        try:
            known = known_of(audit, model) if model is not None else {}
        except UnknownName:  # its scores are no shares, or have no interval
            continue
        rows += [(model, task, each.value, each.stderr, each.n) for task, each in known.items()]
    names = ["model", "benchmark", "score", "stderr", "n_items"]
    return Scores.build(pl.DataFrame(rows, schema=names, orient="row")) if rows else None


def _names(sides: Sequence[_Side], choices: Choices) -> Kinds:
    """What is named, as either version spells it: a model may be gone from one of them."""
    asked: dict[Literal["benchmark", "model"], str | None] = {"benchmark": choices.benchmark, "model": choices.model}
    found: dict[Literal["benchmark", "model"], set[str] | None] = {}
    for kind, text in asked.items():
        known = sorted({name for side in sides for name in side.study.names(kind)})
        found[kind] = None if text is None else {resolved(kind, name, known) for name in names_in(text) or ()}
    return found


def _part(side: _Side, chosen: Kinds) -> _Side:
    """What is named of a version, in its evidence and in the findings of its audit."""
    own = {kind: None if names is None else sorted(names & {*side.study.names(kind)}) for kind, names in chosen.items()}
    study = side.study.only(benchmarks=own["benchmark"], models=own["model"])
    if side.audit is None:
        return replace(side, study=study)
    kept = tuple(
        finding
        for finding in side.audit.findings
        if all(names is None or finding.subject.get(kind) in {None, *names} for kind, names in chosen.items())
    )
    return replace(side, study=study, audit=replace(side.audit, findings=kept))


def _audited(sides: Sequence[_Side], asked: str | None, showing: Showing) -> list[_Side]:
    """Each version with an audit: its own where it is saved; else one made as the other, saved one was, if it is."""
    from measurand.auditing import audit
    from measurand.measures import discover, find

    if asked == "none":
        return [replace(side, audit=None) for side in sides]
    saved = next((side.audit for side in sides if side.saved), None)
    codes = [find(name).code for name in names_in(asked) or ()] or [measure.code for measure in discover()]
    if saved is not None:
        codes = [code for code in codes if code in saved.asked]
    # What was read, and the comparison itself, are no verdicts to compare.
    chosen = [find(code) for code in codes if code not in ("P0", "P13")]
    asked_of = {measure.code for measure in chosen}
    settings = {} if saved is None else {code: own for code, own in saved.settings.items() if code in asked_of}
    seed = showing.seed if saved is None else saved.seed
    found = []
    for side in sides:
        if side.saved:
            kept = tuple(finding for finding in side.audit.findings if finding.code in codes)
            found.append(replace(side, audit=replace(side.audit, findings=kept)))
            continue
        with progress([measure.name for measure in chosen]) as step:
            made = audit(side.study, chosen, settings=settings, seed=seed, jobs=showing.jobs, progress=step)
        found.append(replace(side, audit=made))
    return found
