"""The command line: read, audit, write; nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from measurand.errors import InputError, MeasurandError, UnknownName

__all__ = ["app", "main"]

app = typer.Typer(
    help="Audit AI evaluations: are they valid, precise, not gamed, and what do they predict?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

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
Output = Annotated[Path, typer.Option(help="Folder for audit.html and audit.json.")]

_messages = Console(stderr=True, highlight=False, markup=False)


@app.command()
def audit(
    paths: Paths,
    output: Annotated[Path | None, typer.Option(help="Folder for audit.html and audit.json.")] = None,
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

    study = _read(paths, models, benchmarks, capability, lower_is_better, as_given, gain, aliases)
    study = with_clusters(study, cluster)
    settings = {"missing": missing, "level": level, "threshold": threshold}
    _audit_and_write(study, settings, seed, jobs, output, fail_on, _format(json, markdown, latex))


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

    _audit_and_write(load_example(), {}, seed, jobs, output, fail_on, _format(json, markdown, latex))


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
    study = _read(paths, models, benchmarks, capability, lower_is_better, as_given, gain)
    if study.scores is None:
        raise InputError("entanglement needs scores of models on benchmarks, and there are none")
    chosen = _names(benchmark) or []
    gains = tuple(gain for gain in study.gains or () if gain.benchmark in chosen) or None
    study = replace(study, scores=study.scores.only(chosen), gains=gains, claims=None)
    settings = {"missing": missing, "level": level, "threshold": threshold}
    codes = ["V1", "V2", "V3", "V4", "V5"]
    _audit_and_write(
        study, settings, seed, jobs, None, fail_on, _format(json, markdown, latex), codes=codes, details=True
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
    study = _read(paths, models, benchmarks, capability, lower_is_better, as_given, gain)
    with _progress([measure.name]) as step:
        result = run_audit(study, [measure], settings=_known({"missing": missing}, measure), seed=seed, progress=step)
    chosen = _pick_figure(result, code, with_benchmark=benchmark is not None)
    choice: dict[str, Any] = {} if class_ is None else {"class": class_}
    if benchmark is not None:
        choice["benchmark"] = _display_name(study, benchmark)
    kind: Any = output.suffix.removeprefix(".").lower()
    _messages.print(f"{chosen.title} written to {write_atomically(output, render(chosen, choice, kind))}")


@app.command()
def export(
    paths: Paths,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help=".csv or .parquet; .json or a folder for every_eval_ever records."),
    ],
    models: Models = None,
    benchmarks: Benchmarks = None,
    lower_is_better: LowerIsBetter = None,
    as_given: AsGiven = None,
    cluster: Cluster = None,
) -> None:
    """Write the scores of tables and logs as one long table, or as records of every_eval_ever."""
    import time

    from measurand.files import write_atomically
    from measurand.readers.clusters import with_clusters
    from measurand.report.export import export as exported

    study: Any = with_clusters(_read(paths, models, benchmarks, None, lower_is_better, as_given, None), cluster)
    written = [write_atomically(*file) for file in exported(study, output, retrieved=time.time()).items()]
    where = written[0] if len(written) == 1 else f"{len(written)} records in {output}"
    _messages.print(f"{study.scores.table.height:,} scores written to {where}", soft_wrap=True)


@app.command()
def measures() -> None:
    """List the measures: code, question, name and what each needs."""
    from rich.table import Table

    from measurand.measure import discover

    table = Table(box=None, pad_edge=False)
    for heading in ("code", "question", "measure", "needs"):
        table.add_column(heading, no_wrap=heading == "code")
    for measure in discover():
        table.add_row(measure.code, measure.question, measure.name, measure.needs)
    Console(highlight=False, markup=False).print(table)


@app.command()
def explain(code: Annotated[str, typer.Argument(help="A measure's code, such as V1.")]) -> None:
    """What a measure asks, its formula, caveats, measured error rates and references."""
    from measurand.measure import find
    from measurand.report.explain import explain as explained

    typer.echo(explained(find(code)))


@app.command()
def calibrate(
    output: Annotated[Path, typer.Option(help="File for the rates (JSON).")] = Path("calibration.json"),
    runs: Annotated[int, typer.Option(min=20, help="Simulated studies a cell.")] = 2000,
    seed: Seed = 0,
    jobs: Jobs = 1,
) -> None:
    """Measure coverage, false alarms and power on simulated studies whose truth is known."""
    from measurand.files import write_atomically
    from measurand.simulate.calibration import encode, measure_rates, studies

    with _progress([str(study) for study in studies()]) as step:
        rates = measure_rates(runs=runs, seed=seed, jobs=jobs, progress=step)
    _messages.print(f"{len(rates)} rates written to {write_atomically(output, encode(rates))}")


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Logs of harnesses, or folders that hold logs.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the store; made if it is not there.")],
    jobs: Jobs = 1,
) -> None:
    """Read logs once into a store of Parquet, which every command takes in their place; what is there is skipped."""
    from measurand import store
    from measurand.report.wording import plain

    with _progress(["logs"]) as step:
        held = store.ingest(paths, output, jobs=jobs, progress=step)
    _messages.print(
        f"{held.read:,} sources read; {output} holds {held.rows:,} rows of {held.sources:,} sources", soft_wrap=True
    )
    for lost in held.rejected:
        rows = "rows lost unknown" if lost.rows_lost is None else f"{lost.rows_lost:,} rows lost"
        _messages.print(plain(f"{lost.file}: {lost.reason} ({rows})"), soft_wrap=True)


def _names(text: str | None) -> list[str] | None:
    """A,B,C as a list; None stays None."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _read(
    paths: Sequence[Path] | None,
    models: Path | None,
    benchmarks: Path | None,
    capability: str | None,
    lower_is_better: str | None,
    as_given: str | None,
    gains: Sequence[str] | None,
    aliases: Path | None = None,
) -> Any:
    """The study in the files named, or the embedded one where none is named."""
    from measurand.readers import load_example
    from measurand.store import read
    from measurand.tables import Gain

    if paths:
        study = read(
            *paths,
            models=models,
            benchmarks=benchmarks,
            capability=_names(capability),
            lower_is_better=_names(lower_is_better),
            as_given=_names(as_given) or (),
            aliases=aliases,
        )
    else:
        study = load_example()
        _messages.print("no files named: using the embedded study")
    claims = []
    for text in gains or ():
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 3:
            raise InputError(f"a gain should be OLD,NEW,BENCHMARK, got {text!r}")
        claims.append(Gain(*parts))
    return replace(study, gains=(*(study.gains or ()), *claims)) if claims else study


def _audit_and_write(
    study: Any,
    settings: Mapping[str, object],
    seed: int,
    jobs: int,
    output: Path | None,
    fail_on: str | None,
    style: str,
    *,
    codes: Sequence[str] | None = None,
    details: bool = False,
) -> None:
    from measurand.auditing import audit as run_audit
    from measurand.measure import discover, find
    from measurand.results import Status

    chosen = discover() if codes is None else tuple(find(code) for code in codes)
    with _progress([measure.name for measure in chosen]) as step:
        result = run_audit(study, chosen, settings=settings, seed=seed, jobs=jobs, progress=step)
    _print(result, discover(), style, details)
    if output is not None:
        _write(result, output)
    statuses = {finding.status for finding in result.findings}
    if not statuses & {Status.ISSUE, Status.CAUTION, Status.PASSED}:
        raise InputError(f"nothing could be assessed. {result.findings[0].code}: {result.findings[0].sentence}")
    bad = {"issue": {Status.ISSUE}, "caution": {Status.ISSUE, Status.CAUTION}}.get(fail_on or "", set())
    if statuses & bad:
        raise typer.Exit(1)


def _format(json: bool, markdown: bool, latex: bool) -> str:
    chosen = [name for name, wanted in (("json", json), ("markdown", markdown), ("latex", latex)) if wanted]
    if len(chosen) > 1:
        raise InputError(f"choose one of --json, --markdown and --latex, got {' and '.join('--' + c for c in chosen)}")
    return chosen[0] if chosen else "text"


def _print(result: Any, known: Sequence[Any], style: str, details: bool) -> None:
    from measurand import schema
    from measurand.report import tables, text

    if style == "text":
        Console(highlight=False).print(text.renderable(result, known, details=details))
        return
    writers: dict[str, Callable[[], str]] = {
        "json": lambda: schema.encode(result).decode(),
        "markdown": lambda: tables.to_markdown(result, known),
        "latex": lambda: tables.to_latex(result, known),
    }
    typer.echo(writers[style]())


def _write(result: Any, output: Path) -> None:
    from measurand import schema
    from measurand.files import write_atomically
    from measurand.measure import discover
    from measurand.report.html import to_html

    page = write_atomically(output / "audit.html", to_html(result, discover()).encode())
    data = write_atomically(output / "audit.json", schema.encode(result))
    _messages.print(f"\nreport: {page.resolve()}\ndata:   {data.resolve()}", soft_wrap=True)


@contextmanager
def _progress(labels: Sequence[str]) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on the terminal's error stream; silent where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_messages, transient=True, disable=not _messages.is_terminal) as bar:
        task = bar.add_task("starting", total=len(labels))
        yield lambda label, done, total: bar.update(task, description=label, completed=done, total=total)


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


def main() -> None:
    """Run the command line; a problem with the input is one line on the error stream and exit code 2."""
    try:
        app()
    except MeasurandError as problem:
        from measurand.report.wording import plain

        _messages.print(f"measurand: {plain(str(problem))}", soft_wrap=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
