"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "Aliases",
    "AsGiven",
    "AsJson",
    "AsLatex",
    "AsMarkdown",
    "Benchmarks",
    "Capability",
    "Cluster",
    "FailOn",
    "Gains",
    "Jobs",
    "Level",
    "LowerIsBetter",
    "Missing",
    "Models",
    "Output",
    "Paths",
    "Seed",
    "Threshold",
]

Paths = Annotated[list[Path], typer.Argument(help="Tables of scores, logs of harnesses, or a store; files or folders.")]
Models = Annotated[Path | None, typer.Option(help="Table of model facts: family, class, parameters, training_flop.")]
Benchmarks = Annotated[
    Path | None, typer.Option(help="Table of benchmark facts: role, area, higher_is, chance, maximum.")
]
Capability = Annotated[
    str | None, typer.Option(help="Capability benchmarks, A,B,C; every other benchmark is then under test.")
]
LowerIsBetter = Annotated[str | None, typer.Option(help="Benchmarks whose lower score is better or safer, A,B,C.")]
AsGiven = Annotated[str | None, typer.Option(help="Benchmarks whose mixed-looking units are right, A,B,C.")]
Gains = Annotated[
    list[str] | None, typer.Option("--gain", help="A claim 'new is safer than old', as OLD,NEW,BENCHMARK; repeatable.")
]
Cluster = Annotated[
    str | None, typer.Option(help="Key of the items that share a context (passage, subject): robust standard errors.")
]
Aliases = Annotated[Path | None, typer.Option(help="Table of two columns: a model's name in a log, the name to use.")]
Missing = Annotated[
    Literal["complete", "impute"],
    typer.Option(help="Models without every capability benchmark: leave out, or impute from the first component."),
]
Level = Annotated[float, typer.Option(help="Confidence level of the intervals.")]
Threshold = Annotated[float, typer.Option(help="Capabilities correlation from which a benchmark counts as entangled.")]
Seed = Annotated[int, typer.Option(help="Same seed, same audit.")]
Jobs = Annotated[int, typer.Option(min=1, help="Worker processes.")]
FailOn = Annotated[
    Literal["issue", "caution"] | None, typer.Option(help="Exit with 1 if a finding is this bad or worse.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the audit as JSON.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print the audit as Markdown.")]
AsLatex = Annotated[bool, typer.Option("--latex", help="Print the audit as a LaTeX table.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Folder for audit.html and audit.json.")]
