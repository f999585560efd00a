"""What every command does: read, audit, print, write; with a progress bar on the error stream."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from measurand.cli.options import Choices, Showing
from measurand.cli.streams import messages
from measurand.errors import InputError, quoted
from measurand.files import require_writable
from measurand.names import resolved

__all__ = [
    "audit_and_write",
    "counts_in",
    "difference_in",
    "given",
    "messages",
    "names_in",
    "part_of",
    "progress",
    "read_study",
    "style_of",
    "write_audit",
]

PAGE = "audit.html"
"""Of what is written into a folder, the file that people open."""


MOST_LOST = 3
"""Losses that a message names where nothing is left."""


def names_in(text: str | None) -> list[str] | None:
    """A,B,C as a list; None stays None."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def difference_in(text: str, *, points: bool = False) -> float:
    """A difference of scores: in points or percent where it says so, else as the scores are (or in points).

    Examples
    --------
    >>> difference_in("3 points"), difference_in("2%"), difference_in("0.03"), difference_in("2", points=True)
    (0.03, 0.02, 0.03, 0.02)
    """
    number = text.strip()
    unit = next((unit for unit in ("%", "percent", "pp", "points", "point") if number.endswith(unit)), "")
    try:
        value = float(number.removesuffix(unit))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"a difference should be such as '3 points', '3%' or 0.03, got {quoted(text)}")
    # Rounded: 3 / 100 is the .03 that was meant, and 2.9 / 100 is not .028999...
    return round(value / 100, 12) if unit or points else value


def counts_in(text: str, form: str) -> list[int]:
    """Whole numbers from 0 on, as many as a form such as WRONG,CHECKED names."""
    parts = [part.strip() for part in text.split(",")]
    # Not isdigit, which takes a superscript two for a digit; 18 digits are what 64 bits hold for certain.
    if len(parts) != form.count(",") + 1 or not all(part.isdecimal() and len(part) <= 18 for part in parts):
        raise InputError(f"counts should be {form}, each a whole number, got {quoted(text)}")
    return [int(part) for part in parts]


def read_study(paths: Sequence[Path] | None, choices: Choices) -> Any:
    """The study in the files named, or the embedded one where none is named."""
    from measurand.readers import EXAMPLES, load_example
    from measurand.readers.clusters import with_clusters
    from measurand.store import read
    from measurand.tables import Gain

    embedded = [str(path) for path in paths or () if str(path) in EXAMPLES and not path.exists()]
    if paths and embedded:
        if len(paths) > 1:
            raise InputError(f"{embedded[0]} is an embedded study, and is read alone")
        study = with_clusters(load_example(embedded[0]), choices.cluster)
    elif paths:
        study = read(
            *paths,
            models=choices.model_facts,
            benchmarks=choices.benchmark_facts,
            capability=names_in(choices.capability),
            lower_is_better=names_in(choices.lower_is_better),
            as_given=names_in(choices.as_given) or (),
            duplicates=choices.duplicates,
            aliases=choices.aliases,
            cluster=choices.cluster,
            correct=names_in(choices.correct) or (),
            reading=choices.reading,
        )
    else:
        study = with_clusters(load_example(), choices.cluster)
        messages.print("no files named: using the embedded study")
    claims = []
    for text in choices.gain or ():
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 3:
            raise InputError(f"a gain should be OLD,NEW,BENCHMARK, got {text!r}")
        claims.append(Gain(*parts))
    return replace(study, gains=(*(study.gains or ()), *claims)) if claims else study


def part_of(study: Any, choices: Choices) -> Any:
    """The benchmarks and models named, or all of them, without those left out."""
    models = names_in(choices.model)
    if choices.drop is not None:
        known = study.names("model")
        dropped = {resolved("model", name, known) for name in names_in(choices.drop) or ()}
        models = [name for name in (resolved("model", name, known) for name in models or known) if name not in dropped]
    return study.only(benchmarks=names_in(choices.benchmark), models=models)


def audit_and_write(
    study: Any,
    settings: Mapping[str, object],
    showing: Showing,
    *,
    codes: Sequence[str] | None = None,
    shown: Sequence[str] | None = None,
    missing: bool = False,
    comment: bool = False,
) -> None:
    """Audit, print in the style asked for, write if there is a folder, and exit with 1 where `fail_on` says so.

    Of measures that only serve others, `shown` leaves out what they found; the files written hold it all. With
    `missing`, what could not be assessed is printed instead of what was. With `comment`, Markdown is the answer alone,
    short enough for a pull request.
    """
    from measurand.auditing import audit as run_audit
    from measurand.measures import discover, find
    from measurand.report.drawing import printed
    from measurand.report.everything import missing as not_assessed
    from measurand.results import Status

    style = style_of(showing)
    if showing.output is not None:
        require_writable(showing.output / PAGE)
    chosen = discover() if codes is None else tuple(find(code) for code in codes)
    with progress([measure.name for measure in chosen]) as step:
        result = run_audit(
            study, chosen, settings=given(chosen, settings), seed=showing.seed, jobs=showing.jobs, progress=step
        )
    result = replace(result, date=datetime.now(UTC).date().isoformat())
    told = result
    if shown is not None:
        chosen = tuple(measure for measure in chosen if measure.code in shown)
        told = replace(
            result,
            findings=tuple(finding for finding in result.findings if finding.code in shown),
            answers={code: answer for code, answer in result.answers.items() if code in shown},
        )
    try:
        if showing.output is not None:
            write_audit(result, showing.output)
    finally:
        # A disk that has filled up meanwhile must not cost the answer as well.
        if missing:
            sys.stdout.write(printed(not_assessed(told, chosen), Console()))
        elif told.answers or style != "text":  # where nothing was assessed, the error says why
            _print(told, chosen, "comment" if comment and style == "markdown" else style, showing)
    statuses = {finding.status for finding in told.findings}
    # What was read is no answer to what was asked, unless it was what was asked.
    answers = [finding for finding in told.findings if finding.code != "P0" or codes == ("P0",)]
    if not {finding.status for finding in answers} & {Status.ISSUE, Status.CAUTION, Status.PASSED}:
        lost = [f"{Path(each.file).name}: {each.reason}" for each in study.unread or ()]
        why = "; ".join(lost[:MOST_LOST]) or answers[0].sentence.removeprefix("Not assessed: ").rstrip(".")
        raise InputError(f"nothing could be assessed. {why}{'; ...' if len(lost) > MOST_LOST else ''}")
    bad = {"issue": {Status.ISSUE}, "caution": {Status.ISSUE, Status.CAUTION}}.get(showing.fail_on or "", set())
    if statuses & bad:
        raise typer.Exit(1)


def given(measures: Sequence[Any], settings: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """What a command's options set, for each measure that has it."""
    return {
        measure.code: {name: value for name, value in settings.items() if name in measure.settings}
        for measure in measures
    }


def style_of(showing: Showing) -> str:
    """How it is printed: text, json, markdown or latex."""
    chosen = [name for name in ("json", "markdown", "latex") if getattr(showing, name)]
    if len(chosen) > 1:
        raise InputError(f"choose one of --json, --markdown and --latex, got {' and '.join('--' + c for c in chosen)}")
    return chosen[0] if chosen else "text"


def _print(result: Any, known: Sequence[Any], style: str, showing: Showing) -> None:
    from measurand import schema
    from measurand.report import comment, tables, text

    if style == "text":
        more = ["Everything: --all."] + ([] if showing.output else ["Page: -o FOLDER"])
        # Not typer's echo, which takes a console of ASCII for a mistake and writes UTF-8 to it.
        sys.stdout.write(text.to_text(result, known, everything=showing.all, more=more, like=Console()))
        return
    writers: dict[str, Callable[[], str]] = {
        "json": lambda: schema.encode(result).decode(),
        "markdown": lambda: tables.to_markdown(result, known),
        "comment": lambda: comment.to_comment(result),
        "latex": lambda: tables.to_latex(result, known),
    }
    typer.echo(writers[style]())


def write_audit(result: Any, output: Path) -> None:
    """The page and the data of an audit, into a folder."""
    from measurand.api.audits import write

    page, data = write(result, output)
    messages.print(f"\nreport: {page.resolve()}\ndata:   {data.resolve()}", soft_wrap=True)


@contextmanager
def progress(labels: Sequence[str]) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on the terminal's error stream; silent where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task("starting", total=len(labels))
        yield lambda label, done, total: bar.update(task, description=label, completed=done, total=total)
