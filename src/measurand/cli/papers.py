"""What a paper needs: pictures, a table, the sentence, the methods, the references."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from measurand.cli.app import START, command
from measurand.cli.options import Choices, Impute, Level, Resamples, Scale, Seed, Threshold, missing_of
from measurand.cli.running import messages, names_in, part_of, read_study
from measurand.files import require_writable, write_atomically
from measurand.wording import plural

__all__ = ["paper"]


@command(START)
def paper(
    choices: Choices,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Tables of scores, logs, a store or votes; without any, the embedded study."),
    ] = None,
    what: Annotated[
        str | None, typer.Option(help="entanglement, scores, comparison, ranks (A,B); by default all there is.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write into.")] = Path("paper"),
    width: Annotated[float, typer.Option(help="Width of the pictures in inches; 6.75 spans two columns.")] = 3.3,
    class_: Annotated[str | None, typer.Option("--class", help="Class of models, where there are several.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the benchmarks' scores, such as %.")] = None,
    impute: Impute = False,
    scale: Scale = False,
    level: Level = 0.95,
    threshold: Threshold = 0.5,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> None:
    """Write figures (PDF, SVG, PNG), a LaTeX table, the sentence, the methods and references for a paper."""
    from measurand.papers import Asked
    from measurand.papers import paper as written
    from measurand.report.paper import DOCUMENT, files
    from measurand.report.paper_figures import require_width

    require_width(width)
    require_writable(output / DOCUMENT)
    # Benchmarks are chosen at the end: what else is under test counts in how sure a verdict is.
    study = part_of(read_study(paths, choices), replace(choices, benchmark=None))
    benchmarks = names_in(choices.benchmark)
    asked = Asked(
        benchmarks=None if benchmarks is None else tuple(benchmarks),
        class_=class_,
        unit=unit,
        level=level,
        threshold=threshold,
        missing=missing_of(impute, scale),
        resamples=resamples,
        seed=seed,
    )
    sections, left_out = written(study, asked, names_in(what) or ())
    for name, data in files(sections, width).items():
        write_atomically(output / name, data)
    typer.echo("\n".join(sentence for section in sections for sentence in section.sentences))
    for reason in left_out:
        messages.print(f"left out: {reason}", soft_wrap=True)
    messages.print(f"\npaper: {output / DOCUMENT}, {plural(sum(len(each.parts) for each in sections), 'figure')}")
