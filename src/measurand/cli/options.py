"""Options that several commands share: each said once, alone or in records that a command takes whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from measurand.errors import InputError

__all__ = [
    "Choices",
    "Correlation",
    "Impute",
    "ItemPaths",
    "Jobs",
    "Level",
    "Out",
    "Paths",
    "Resamples",
    "Scale",
    "Seed",
    "Showing",
    "Threshold",
    "Together",
    "Weighting",
    "missing_of",
]

Paths = Annotated[list[Path], typer.Argument(help="Tables of scores, logs of harnesses, or a store; files or folders.")]
Together = Annotated[
    str | None,
    typer.Option("--cluster", help="Column of texts that go together (passage, topic, template), or none."),
]
ItemPaths = Annotated[list[Path], typer.Argument(help="Tables with the texts of the items, or logs that hold them.")]
Level = Annotated[float, typer.Option(help="Confidence level of the intervals.")]
Impute = Annotated[
    bool,
    typer.Option(
        "--impute", help="Impute scores of models without every capability benchmark; by default these are left out."
    ),
]
Scale = Annotated[
    bool,
    typer.Option(
        "--scale",
        help="As capability, each model's place on one scale of whichever capability benchmarks it was run on (F7).",
    ),
]
Weighting = Annotated[
    Literal["component", "average"],
    typer.Option(help="How capability benchmarks make one score: first component, or average of the standardised."),
]
Correlation = Annotated[Literal["spearman", "pearson", "kendall"], typer.Option(help="Which correlation.")]
Threshold = Annotated[float, typer.Option(help="Capabilities correlation from which a benchmark counts as entangled.")]
Resamples = Annotated[int, typer.Option(help="Bootstrap resamples.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same findings.")]
Jobs = Annotated[int, typer.Option(min=1, help="Worker processes.")]
Out = Annotated[Path, typer.Option("-o", "--output", help="Folder for what is found.")]

READING, SHOWING = "What is read", "How it is shown"


def _read(help: str, *names: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(*names, help=help, rich_help_panel=READING)
    return option


def _shown(help: str, *names: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(*names, help=help, rich_help_panel=SHOWING)
    return option


def missing_of(impute: bool, scale: bool) -> Literal["complete", "impute", "scale"]:
    """What becomes of models without every capability benchmark, as measures call it.

    Raises
    ------
    InputError
        Both of two ways.
    """
    if impute and scale:
        raise InputError("--impute and --scale are two ways to place models without every benchmark: give one")
    return "impute" if impute else "scale" if scale else "complete"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How files become a study, and which part of it is looked at."""

    benchmark: Annotated[str | None, _read("Benchmarks to look at, A,B,C; all by default.")] = None
    model: Annotated[str | None, _read("Models to look at, A,B,C; all by default.")] = None
    drop: Annotated[str | None, _read("Models to leave out, A,B,C.")] = None
    cluster: Annotated[str | None, _read("Key of the items that share a context, or none.")] = None
    reading: Annotated[str | None, _read("Scorer, metric or filter to use where responses have several.")] = None
    correct: Annotated[
        str | None, _read("Grades that are right where scores are words, A,B; all others are wrong.")
    ] = None
    capability: Annotated[str | None, _read("Capability benchmarks, A,B,C; all others are then under test.")] = None
    lower_is_better: Annotated[
        str | None, _read("Benchmarks whose lower score is better or safer: A,B,C, or patterns such as '*error*'.")
    ] = None
    as_given: Annotated[str | None, _read("Benchmarks whose mixed-looking units are right, A,B,C.")] = None
    duplicates: Annotated[
        Literal["best", "first", "mean", "runs"] | None,
        _read("Which of a model's scores in tables counts (refused by default); runs: each, and each log, is a row."),
    ] = None
    gain: Annotated[
        list[str] | None, _read("A claim 'new is safer than old', as OLD,NEW,BENCHMARK; repeatable.", "--gain")
    ] = None
    model_facts: Annotated[Path | None, _read("Table of models: family, class, parameters, training_flop.")] = None
    benchmark_facts: Annotated[Path | None, _read("Table of benchmarks: role, area, higher_is, chance, maximum.")] = (
        None
    )
    aliases: Annotated[Path | None, _read("Table of two columns: a model's name, the name to use.")] = None


@dataclass(frozen=True, kw_only=True)
class Showing:
    """How an audit is run, printed and written."""

    output: Annotated[Path | None, _shown("Folder for audit.html and audit.json.", "-o", "--output")] = None
    all: Annotated[bool, _shown("Print every finding, and how everything was read.", "--all")] = False
    json: Annotated[bool, _shown("Print the audit as JSON.", "--json")] = False
    markdown: Annotated[bool, _shown("Print the audit as Markdown.", "--markdown")] = False
    latex: Annotated[bool, _shown("Print the audit as a LaTeX table.", "--latex")] = False
    fail_on: Annotated[Literal["issue", "caution"] | None, _shown("Exit with 1 if a finding is this bad or worse.")] = (
        None
    )
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same audit.", rich_help_panel=SHOWING)] = 0
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes.", rich_help_panel=SHOWING)] = 1
