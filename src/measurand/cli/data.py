"""Data in and out: stores of logs, and scores for other programs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from measurand.cli.app import DATA, command
from measurand.cli.options import Choices, Jobs, Paths
from measurand.cli.running import messages, part_of, progress, read_study
from measurand.errors import InputError
from measurand.files import require_writable, write_atomically

__all__ = ["export", "ingest", "names"]


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

    from measurand.report.export import export as exported
    from measurand.wording import plain

    records = not output.suffix or output.is_dir()
    require_writable(output / "record.json" if records else output)
    study: Any = part_of(read_study(paths, choices), choices)
    written = [write_atomically(*file) for file in exported(study, output, retrieved=time.time()).items()]
    for note in study.scores.notes:
        messages.print(plain(note), soft_wrap=True)
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


@command(DATA)
def names(
    paths: Paths,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Table of aliases to write, for you to edit and give as --aliases.")
    ] = Path("aliases.csv"),
    *,
    choices: Choices,
) -> None:
    """List names that may be one model each as a table of aliases; nothing is joined before you give it back."""
    import csv
    import io

    from measurand.names import alias_rows, spellings
    from measurand.report.tables import csv_cell
    from measurand.wording import plural

    # Work done by hand in that table would be lost.
    if output.exists():
        raise InputError(f"{output} is there already; name another file with --output, or move it away")
    # Which of several scores counts does not matter to names.
    study: Any = read_study(paths, replace(choices, duplicates=choices.duplicates or "first"))
    models = study.names("model")
    groups = spellings(models)
    if not groups:
        messages.print(f"{plural(len(models), 'name', 'was')} looked at; no two of them look like one model")
        return
    asked = sum(group.dated for group in groups)
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(map(csv_cell, row) for row in alias_rows(groups))
    write_atomically(output, table.getvalue().encode())
    messages.print(
        f"{plural(len(groups) - asked, 'group')} of names to join and {plural(asked, 'group')} to decide on, written "
        f"to {output}: edit it, then give it as --aliases {output}",
        soft_wrap=True,
    )
