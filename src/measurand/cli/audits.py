"""Audits of everything, of the embedded study, of named benchmarks, and single pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from measurand.cli.app import START, VALIDITY, command
from measurand.cli.options import (
    Choices,
    Correlation,
    Impute,
    Level,
    Paths,
    Scale,
    Seed,
    Showing,
    Threshold,
    Weighting,
    missing_of,
)
from measurand.cli.running import audit_and_write, given, messages, part_of, progress, read_study
from measurand.errors import InputError, UnknownName
from measurand.files import require_writable, write_atomically

__all__ = ["audit", "demo", "entanglement", "figure"]

Tables = Annotated[
    list[Path] | None,
    typer.Argument(help="Tables of scores, or an embedded study's name; without any, safetywashing_2024."),
]


@command(START)
def audit(
    paths: Paths,
    choices: Choices,
    showing: Showing,
    impute: Impute = False,
    scale: Scale = False,
    level: Level = 0.95,
    threshold: Threshold = 0.5,
    missing: Annotated[bool, typer.Option("--missing", help="Print what was not assessed, and its needs.")] = False,
) -> None:
    """Audit tables of scores, logs of harnesses or a store: every question, every measure."""
    settings = {"missing": missing_of(impute, scale), "level": level, "threshold": threshold}
    audit_and_write(part_of(read_study(paths, choices), choices), settings, showing, missing=missing)


@command(START)
def demo(
    showing: Showing,
    study: Annotated[
        str, typer.Option(help="safetywashing_2024, or frontier_2026: 102 settings of 61 models on 29 benchmarks.")
    ] = "safetywashing_2024",
) -> None:
    """Audit the embedded study: published figures of 53 models on 73 benchmarks; written to ./demo by default."""
    from measurand.readers import load_example

    audit_and_write(load_example(study), {}, replace(showing, output=showing.output or Path("demo")))


@command(VALIDITY)
def entanglement(
    choices: Choices,
    showing: Showing,
    paths: Tables = None,
    impute: Impute = False,
    scale: Scale = False,
    weighting: Weighting = "component",
    correlation: Correlation = "spearman",
    level: Level = 0.95,
    threshold: Threshold = 0.5,
) -> None:
    """How far the benchmarks named by --benchmark track capability: V1 to V5 in detail."""
    if choices.benchmark is None:
        raise InputError("no benchmark named: give --benchmark A,B,C")
    study = read_study(paths, choices)
    if study.scores is None:
        raise InputError("entanglement needs scores of models on benchmarks, and there are none")
    study = replace(part_of(study, choices), claims=None)
    settings = {
        "missing": missing_of(impute, scale),
        "level": level,
        "threshold": threshold,
        "weighting": weighting,
        "correlation": correlation,
    }
    audit_and_write(study, settings, showing, codes=["V1", "V2", "V3", "V4", "V5"])


@command(START)
def figure(
    code: Annotated[str, typer.Argument(help="A measure's code (V1), or one of its figures (V1.scatter).")],
    choices: Choices,
    paths: Tables = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .svg, .png or .pdf.")] = Path(
        "figure.svg"
    ),
    class_: Annotated[str | None, typer.Option("--class", help="The class of models to show.")] = None,
    impute: Impute = False,
    scale: Scale = False,
    seed: Seed = 0,
) -> None:
    """Draw one picture of the audit as SVG, PNG or PDF."""
    from measurand.auditing import audit as run_audit
    from measurand.measures import find
    from measurand.report.figures import render

    require_writable(output)
    measure = find(code.split(".")[0])
    study, benchmark = read_study(paths, choices), choices.benchmark
    with progress([measure.name]) as step:
        result = run_audit(
            study,
            [measure],
            settings=given([measure], {"missing": missing_of(impute, scale)}),
            seed=seed,
            progress=step,
        )
    chosen = _pick_figure(result, code, with_benchmark=benchmark is not None)
    choice: dict[str, Any] = {} if class_ is None else {"class": class_}
    if benchmark is not None:
        choice["benchmark"] = _display_name(study, benchmark)
    kind: Any = output.suffix.removeprefix(".").lower()
    drawn = render(chosen, choice, kind, title=_title(result, study, choice))
    messages.print(f"{chosen.title} written to {write_atomically(output, drawn)}")


def _pick_figure(result: Any, code: str, *, with_benchmark: bool) -> Any:
    """The figure named, or the measure's first one (with a benchmark to choose, if one was named)."""
    named = {name.upper(): chosen for name, chosen in result.figures.items()}
    if "." in code:
        if code.upper() not in named:
            raise UnknownName("figure", code, result.figures)
        return named[code.upper()]
    fitting = [chosen for chosen in named.values() if not with_benchmark or "benchmark" in chosen.select]
    if not fitting:
        reasons = [finding.sentence for finding in result.findings][:1] if not named else []
        raise InputError(f"{code.upper()} has no such figure" + (f": {reasons[0]}" if reasons else ""))
    return fitting[0]


def _title(result: Any, study: Any, choice: dict[str, Any]) -> str | None:
    """What was found of the benchmark that a picture shows; None where it shows no single one."""
    name = choice.get("benchmark")
    for finding in result.findings:
        own = finding.subject.get("benchmark")
        if own is None or _display_name(study, own) != name:
            continue
        if finding.subject.get("class") in (None, choice.get("class", finding.subject.get("class"))):
            return f"{name}: {finding.short}"
    return None


def _display_name(study: Any, benchmark: str) -> str:
    """The name pictures show for a benchmark given by its id or by that name."""
    from measurand.measures.shared import display_names

    names = display_names(study.scores)
    return names.get(benchmark, benchmark)
