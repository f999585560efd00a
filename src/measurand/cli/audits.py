"""Audits of everything, of the embedded study, of named benchmarks, and single pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from measurand.cli.app import app
from measurand.cli.options import (
    Aliases,
    AsGiven,
    AsJson,
    AsLatex,
    AsMarkdown,
    Benchmarks,
    Capability,
    Cluster,
    FailOn,
    Gains,
    Jobs,
    Level,
    LowerIsBetter,
    Missing,
    Models,
    Output,
    Paths,
    Seed,
    Threshold,
)
from measurand.cli.running import audit_and_write, messages, names_in, output_format, progress, read_study
from measurand.errors import InputError, UnknownName

__all__ = ["audit", "demo", "entanglement", "figure"]


@app.command()
def audit(
    paths: Paths,
    output: Output = None,
    models: Models = None,
    benchmarks: Benchmarks = None,
    capability: Capability = None,
    lower_is_better: LowerIsBetter = None,
    as_given: AsGiven = None,
    gain: Gains = None,
    cluster: Cluster = None,
    aliases: Aliases = None,
    missing: Missing = "complete",
    level: Level = 0.95,
    threshold: Threshold = 0.5,
    seed: Seed = 0,
    jobs: Jobs = 1,
    fail_on: FailOn = None,
    json: AsJson = False,
    markdown: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """Audit tables of scores, logs of harnesses or a store: every question, every measure."""
    from measurand.readers.clusters import with_clusters

    study = read_study(paths, models, benchmarks, capability, lower_is_better, as_given, gain, aliases)
    study = with_clusters(study, cluster)
    settings = {"missing": missing, "level": level, "threshold": threshold}
    audit_and_write(study, settings, seed, jobs, output, fail_on, output_format(json, markdown, latex))


@app.command()
def demo(
    output: Output = Path("demo"),
    seed: Seed = 0,
    jobs: Jobs = 1,
    fail_on: FailOn = None,
    json: AsJson = False,
    markdown: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """Audit the embedded study: published figures of 53 models on 73 benchmarks."""
    from measurand.readers import load_example

    audit_and_write(load_example(), {}, seed, jobs, output, fail_on, output_format(json, markdown, latex))


@app.command()
def entanglement(
    benchmark: Annotated[str, typer.Option(help="Benchmarks to look at, A,B,C.")],
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Tables of scores; without any, the embedded study.")
    ] = None,
    models: Models = None,
    benchmarks: Benchmarks = None,
    capability: Capability = None,
    lower_is_better: LowerIsBetter = None,
    as_given: AsGiven = None,
    gain: Gains = None,
    missing: Missing = "complete",
    level: Level = 0.95,
    threshold: Threshold = 0.5,
    seed: Seed = 0,
    jobs: Jobs = 1,
    fail_on: FailOn = None,
    json: AsJson = False,
    markdown: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """How far named benchmarks track capability: V1 to V5 in detail."""
    study = read_study(paths, models, benchmarks, capability, lower_is_better, as_given, gain)
    if study.scores is None:
        raise InputError("entanglement needs scores of models on benchmarks, and there are none")
    chosen = names_in(benchmark) or []
    gains = tuple(gain for gain in study.gains or () if gain.benchmark in chosen) or None
    study = replace(study, scores=study.scores.only(chosen), gains=gains, claims=None)
    settings = {"missing": missing, "level": level, "threshold": threshold}
    codes = ["V1", "V2", "V3", "V4", "V5"]
    audit_and_write(
        study, settings, seed, jobs, None, fail_on, output_format(json, markdown, latex), codes=codes, details=True
    )


@app.command()
def figure(
    code: Annotated[str, typer.Argument(help="A measure's code (V1), or one of its figures (V1.scatter).")],
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Tables of scores; without any, the embedded study.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .svg, .png or .pdf.")] = Path(
        "figure.svg"
    ),
    benchmark: Annotated[str | None, typer.Option(help="The benchmark to show.")] = None,
    class_: Annotated[str | None, typer.Option("--class", help="The class of models to show.")] = None,
    models: Models = None,
    benchmarks: Benchmarks = None,
    capability: Capability = None,
    lower_is_better: LowerIsBetter = None,
    as_given: AsGiven = None,
    gain: Gains = None,
    missing: Missing = "complete",
    seed: Seed = 0,
) -> None:
    """Draw one picture of the audit as SVG, PNG or PDF."""
    from measurand.auditing import audit as run_audit
    from measurand.files import write_atomically
    from measurand.measure import find
    from measurand.report.figures import render

    measure = find(code.split(".")[0])
    study = read_study(paths, models, benchmarks, capability, lower_is_better, as_given, gain)
    with progress([measure.name]) as step:
        result = run_audit(study, [measure], settings=_known({"missing": missing}, measure), seed=seed, progress=step)
    chosen = _pick_figure(result, code, with_benchmark=benchmark is not None)
    choice: dict[str, Any] = {} if class_ is None else {"class": class_}
    if benchmark is not None:
        choice["benchmark"] = _display_name(study, benchmark)
    kind: Any = output.suffix.removeprefix(".").lower()
    messages.print(f"{chosen.title} written to {write_atomically(output, render(chosen, choice, kind))}")


def _known(settings: Mapping[str, object], measure: Any) -> dict[str, object]:
    """The settings that this measure has."""
    return {name: value for name, value in settings.items() if name in measure.settings}


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


def _display_name(study: Any, benchmark: str) -> str:
    """The name pictures show for a benchmark given by its id or by that name."""
    from measurand.measures._shared import display_names

    names = display_names(study.scores)
    return names.get(benchmark, benchmark)
