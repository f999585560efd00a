"""What there is to ask, and how often the answers are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from measurand.cli.app import DATA, START, command
from measurand.cli.options import Jobs, Seed
from measurand.cli.running import messages, names_in, progress
from measurand.files import require_writable, write_atomically

__all__ = ["calibrate", "explain", "measures", "selftest"]


@command(START)
def measures() -> None:
    """List the measures: code, question, name and what each needs."""
    from rich.table import Table

    from measurand.measures import discover

    table = Table(box=None, pad_edge=False)
    for heading in ("code", "question", "measure", "needs"):
        table.add_column(heading, no_wrap=heading == "code")
    for measure in discover():
        table.add_row(measure.code, measure.question, measure.name, measure.needs)
    Console(highlight=False, markup=False).print(table)


@command(START)
def explain(code: Annotated[str, typer.Argument(help="A measure's code, such as V1.")]) -> None:
    """What a measure asks, its formula, caveats, measured error rates and references."""
    from measurand.measures import find
    from measurand.report.explain import explain as explained

    typer.echo(explained(find(code)))


@command(DATA)
def calibrate(
    output: Annotated[Path, typer.Option(help="File for the rates (JSON); an interrupted run goes on in it.")] = Path(
        "calibration.json"
    ),
    runs: Annotated[int, typer.Option(min=20, help="Simulated studies a cell.")] = 2000,
    measures: Annotated[str | None, typer.Option(help="Codes of measures, A,B,C; all by default.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what the file holds of as many runs.")] = False,
    audits: Annotated[bool, typer.Option("--audits", help="Whole audits where nothing is wrong.")] = False,
    seed: Seed = 0,
    jobs: Jobs = 1,
) -> None:
    """Measure coverage, false alarms and power on simulated studies whose truth is known."""
    from datetime import UTC, datetime

    from measurand.calibration import read_rates
    from measurand.simulate.calibration import due, encode, rates_in_parts, studies

    require_writable(output)
    if audits:
        from measurand.simulate import null_audit

        with progress([str(size) for size in null_audit.SIZES]) as step:
            found = null_audit.measure_null_audits(runs=runs, seed=seed, jobs=jobs, progress=step)
        messages.print(f"{len(found)} sizes written to {write_atomically(output, null_audit.encode(found))}")
        return
    codes = names_in(measures)
    kept = read_rates(output.read_bytes()) if output.exists() else ()
    chosen = studies(codes) if again else due(kept, runs=runs, codes=codes)
    today = datetime.now(UTC).date().isoformat()
    messages.print(f"{len(chosen)} of {len(studies(codes))} kinds of study to run")
    with progress([str(study) for study in chosen]) as step:
        parts = rates_in_parts(kept, chosen, runs=runs, today=today, seed=seed, jobs=jobs)
        for done, rates in enumerate(parts):
            # After every kind of study, so that an interrupted run goes on where it stopped.
            write_atomically(output, encode(rates))
            if done:
                step(str(chosen[done - 1]), done, len(chosen))
    messages.print(f"{len(rates)} rates in {output}")


@command(DATA)
def selftest(
    runs: Annotated[int, typer.Option(min=20, help="Simulated studies of each kind.")] = 60,
    jobs: Jobs = 1,
) -> None:
    """Whether measurand is right here: every case that lies, and some error rates measured anew (2 minutes)."""
    from measurand.report.drawing import drawn, printed, table_rows
    from measurand.selftest import labels
    from measurand.selftest import selftest as run

    with progress(labels()) as step:
        found = run(runs=runs, jobs=jobs, progress=step)
    console = Console()
    typer.echo(found.sentence)
    if (table := found.table()) is not None:
        typer.echo(printed(drawn(table, table_rows(table, len(table.rows)), console), console))
    if not found.passed:
        raise typer.Exit(1)
