"""Commands that put one or a few measures to item-level results: their own options beside the ones all share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from measurand.cli.app import app
from measurand.cli.options import (
    Aliases,
    AsJson,
    AsLatex,
    AsMarkdown,
    Cluster,
    FailOn,
    Jobs,
    Level,
    Models,
    Output,
    Seed,
)
from measurand.cli.running import audit_and_write, names_in, output_format, read_study
from measurand.errors import InputError

__all__ = ["Asked", "asks"]

LogPaths = Annotated[list[Path] | None, typer.Argument(help="Logs of harnesses, tables of items, or a store.")]
Chosen = Annotated[str | None, typer.Option(help="Benchmarks to look at, A,B,C; all by default.")]


@dataclass(frozen=True)
class Asked:
    """What a command's own options ask for: settings of its measures, and the evidence it states, with a title."""

    settings: Mapping[str, object] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict)
    title: str = "stated on the command line"


def _shared(
    paths: LogPaths = None,
    benchmark: Chosen = None,
    cluster: Cluster = None,
    models: Models = None,
    aliases: Aliases = None,
    level: Level = 0.95,
    output: Output = None,
    seed: Seed = 0,
    jobs: Jobs = 1,
    fail_on: FailOn = None,
    json: AsJson = False,
    markdown: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """The options that all these commands share."""


def asks(*codes: str) -> Callable[[Callable[..., Asked]], Callable[..., Asked]]:
    """Make a function of a command's own options, which says what they ask for, a command that asks it.

    A function with a parameter ``paths`` reads them itself, into the evidence it states; one with any other shared
    option is told its value.

    Parameters
    ----------
    codes : the measures that answer.
    """

    def register(own: Callable[..., Asked]) -> Callable[..., Asked]:
        of_own = inspect.signature(own, eval_str=True).parameters
        of_all = inspect.signature(_shared, eval_str=True).parameters

        @functools.wraps(own)
        def run(**given: Any) -> None:
            shared = {name: given.pop(name) for name in of_all}
            given |= {name: value for name, value in shared.items() if name in of_own}
            if "paths" in of_own:
                given["paths"], shared["paths"] = shared["paths"] or [], None
            _run(codes, own(**given), **shared)

        parameters = [*(p for p in of_all.values() if p.name not in of_own), *of_own.values()]
        first = ("paths",)
        parameters.sort(key=lambda parameter: (parameter.name not in first, parameter.name not in of_own))
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command()(run)
        return own

    return register


def _run(
    codes: tuple[str, ...],
    asked: Asked,
    *,
    paths: list[Path] | None,
    benchmark: str | None,
    cluster: str | None,
    models: Path | None,
    aliases: Path | None,
    level: float,
    output: Path | None,
    seed: int,
    jobs: int,
    fail_on: str | None,
    json: bool,
    markdown: bool,
    latex: bool,
) -> None:
    from measurand.measure import find
    from measurand.readers.clusters import with_clusters
    from measurand.tables import Study

    known = {name for code in codes for name in find(code).settings}
    # Votes have clusters of their own, which are a setting of the measure.
    of_votes = "cluster" in known
    if paths:
        study = read_study(paths, models, None, None, None, None, None, aliases)
        study = replace(study if of_votes else with_clusters(study, cluster), **asked.stated)
    elif asked.stated or asked.settings.get("agreement") is not None:
        study = Study(asked.title, **asked.stated)
    else:
        raise InputError("no files named: give logs of harnesses, tables of items, or a store")
    named = tuple(names_in(benchmark) or ()) or None
    if named is not None and "benchmarks" not in known:
        study = study.only(named)
    # A measure that forecasts benchmarks may do so from the others: they stay.
    settings = {"level": level, "cluster": cluster, "benchmarks": named, **asked.settings}
    settings = {name: value for name, value in settings.items() if name in known and value is not None}
    style = output_format(json, markdown, latex)
    audit_and_write(study, settings, seed, jobs, output, fail_on, style, codes=codes, details=True)
