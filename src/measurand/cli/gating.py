"""The gate: may a candidate go on?"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from measurand.cli.app import COMPARE, command
from measurand.cli.options import Choices, Paths
from measurand.cli.running import part_of, read_study
from measurand.errors import InputError
from measurand.files import require_writable, write_atomically
from measurand.names import resolved

__all__ = ["gate", "saved_audit"]


@command(COMPARE)
def gate(
    paths: Paths,
    choices: Choices,
    candidate: Annotated[str, typer.Option(help="Model that wants to go on.")],
    baseline: Annotated[str, typer.Option(help="Model it is held against.")],
    baseline_from: Annotated[
        Path | None, typer.Option(help="Logs, store or audit.json that hold the baseline; by default the candidate's.")
    ] = None,
    margin: Annotated[float, typer.Option(help="Loss that is tolerated, in points: 2 is 2 percentage points.")] = 2.0,
    alpha: Annotated[float, typer.Option(help="Level of each one-sided test.")] = 0.05,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where it cannot be told, too.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a comment for a pull request.")] = False,
    sarif: Annotated[Path | None, typer.Option(help="File for the result as SARIF.")] = None,
    junit: Annotated[Path | None, typer.Option(help="File for the result as JUnit XML.")] = None,
) -> None:
    """Exit with 1 if a candidate is shown to be worse than its baseline by more than a margin, on any task."""
    from measurand.gating import gate as held
    from measurand.gating import known_of
    from measurand.report import gate as report

    for path in (sarif, junit):
        if path is not None:
            require_writable(path)
    new = _responses(paths, choices)
    chosen = resolved("model", candidate, new.models())
    old: Any
    if baseline_from is not None and (audit := saved_audit(baseline_from)) is not None:
        names, old = (chosen, baseline), known_of(audit, baseline)
    else:
        old = new if baseline_from is None else _responses([baseline_from], choices)
        names = chosen, resolved("model", baseline, old.models())
    if baseline_from is None and names[0] == names[1]:
        raise InputError(f"candidate and baseline are both {names[0]!r}; name two models, or give --baseline-from")
    found = held(new, old, names=names, margin=margin / 100, alpha=alpha)
    if sarif is not None:
        write_atomically(sarif, report.to_sarif(found))
    if junit is not None:
        write_atomically(junit, report.to_junit(found, strict=strict))
    sys.stdout.write(report.to_markdown(found) if markdown else report.to_text(found, like=Console()))
    if found.verdict == "worse" or (strict and found.verdict == "open"):
        raise typer.Exit(1)


def saved_audit(path: Path) -> Any:
    """The audit in a file, None where it holds something else, such as logs."""
    from measurand.schema import decode

    data = path.read_bytes() if path.suffix == ".json" and path.is_file() else b""
    return decode(data) if b'"schema_version"' in data[:64] else None


def _responses(paths: list[Path], choices: Choices) -> Any:
    """Item-level results of the benchmarks chosen."""
    study = part_of(read_study(paths, choices), replace(choices, model=None))
    if study.responses is None:
        raise InputError("a gate compares answers to the same questions: give logs, a store or a table of items")
    return study.responses
