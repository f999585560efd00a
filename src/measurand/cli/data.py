"""Data in and out: stores of logs, and scores for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from measurand.cli.app import DATA, command
from measurand.cli.options import Choices, Jobs, Paths
from measurand.cli.running import messages, part_of, progress, read_study

__all__ = ["export", "ingest"]


@command(DATA)
def export(
    paths: Paths,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help=".csv or .parquet; .json or a folder for every_eval_ever records."),
    ],
    *,
    choices: Choices,
) -> None:
    """Write the scores of tables and logs as one long table, or as records of every_eval_ever."""
    import time

    from measurand.files import write_atomically
    from measurand.report.export import export as exported

    study: Any = part_of(read_study(paths, choices), choices)
    written = [write_atomically(*file) for file in exported(study, output, retrieved=time.time()).items()]
    where = written[0] if len(written) == 1 else f"{len(written)} records in {output}"
    messages.print(f"{study.scores.table.height:,} scores written to {where}", soft_wrap=True)


@command(DATA)
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Logs of harnesses, or folders that hold logs.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the store; made if it is not there.")],
    jobs: Jobs = 1,
) -> None:
    """Read logs once into a store of Parquet, which every command takes in their place; what is there is skipped."""
    from measurand import store
    from measurand.wording import plain

    with progress(["logs"]) as step:
        held = store.ingest(paths, output, jobs=jobs, progress=step)
    messages.print(
        f"{held.read:,} sources read; {output} holds {held.rows:,} rows of {held.sources:,} sources", soft_wrap=True
    )
    for lost in held.rejected:
        rows = "rows lost unknown" if lost.rows_lost is None else f"{lost.rows_lost:,} rows lost"
        messages.print(plain(f"{lost.file}: {lost.reason} ({rows})"), soft_wrap=True)
