"""Commands that put one or a few measures to what is read: their own options beside the records that all share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from measurand.cli.app import command
from measurand.cli.options import Choices, Level, Showing
from measurand.cli.running import audit_and_write, names_in, part_of, read_study
from measurand.errors import InputError
from measurand.names import resolved

__all__ = ["Asked", "asks"]

NAMED: dict[str, Literal["benchmark", "model"]] = {"pair": "model", "suspects": "model", "benchmarks": "benchmark"}
"""Settings that name models or benchmarks of the study, as a person types them."""

LogPaths = Annotated[list[Path] | None, typer.Argument(help="Logs of harnesses, tables of items, or a store.")]


@dataclass(frozen=True)
class Asked:
    """What a command's own options ask for: settings of its measures, and the evidence it states, with a title."""

    settings: Mapping[str, object] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict)
    title: str = "stated on the command line"


def asks(group: str, *codes: str) -> Callable[[Callable[..., Asked]], Callable[..., Asked]]:
    """Make a function of a command's own options, which says what they ask for, a command that asks it.

    A function with a parameter ``paths`` reads them itself, into the evidence it states; it has the options of reading
    only if it takes them.

    Parameters
    ----------
    group : of the command, in the help.
    codes : the measures that answer.
    """

    def register(own: Callable[..., Asked]) -> Callable[..., Asked]:
        takes = inspect.signature(own, eval_str=True).parameters
        reads_itself = "paths" in takes
        key = inspect.Parameter.KEYWORD_ONLY
        shared = [
            *([] if reads_itself else [inspect.Parameter("paths", key, default=None, annotation=LogPaths)]),
            *takes.values(),
            *([] if reads_itself or "choices" in takes else [inspect.Parameter("choices", key, annotation=Choices)]),
            inspect.Parameter("level", key, default=0.95, annotation=Level),
            inspect.Parameter("showing", key, annotation=Showing),
        ]

        @functools.wraps(own)
        def run(*, level: float, showing: Showing, **given: Any) -> None:
            asked = own(**{name: value for name, value in given.items() if name in takes})
            paths, choices = (None, None) if reads_itself else (given["paths"], given["choices"])
            _run(codes, asked, paths, choices, level, showing)

        run.__signature__ = inspect.Signature([each.replace(kind=key) for each in shared])  # type: ignore[attr-defined]
        command(group)(run)
        return own

    return register


def _run(
    codes: tuple[str, ...],
    asked: Asked,
    paths: list[Path] | None,
    choices: Choices | None,
    level: float,
    showing: Showing,
) -> None:
    from measurand.measures import find
    from measurand.tables import Study

    known = {name for code in codes for name in find(code).settings}
    settings: dict[str, object] = {"level": level, **asked.settings}
    if paths and choices is not None:
        # A measure with a setting of these names means something else by them: votes have clusters of their own, and
        # a forecast of some benchmarks may be made from the others.
        left = {name: None for name, own in (("cluster", "cluster"), ("benchmark", "benchmarks")) if own in known}
        settings |= {"cluster": choices.cluster, "benchmarks": tuple(names_in(choices.benchmark) or ()) or None}
        choices = replace(choices, **left)
        study = replace(part_of(read_study(paths, choices), choices), **asked.stated)
    elif asked.stated or asked.settings.get("agreement") is not None:
        study = Study(title=asked.title, **asked.stated)
    else:
        raise InputError("no files named: give logs of harnesses, tables of items, or a store")
    chosen = {name: value for name, value in settings.items() if name in known and value is not None}
    for name, kind in NAMED.items():
        if chosen.get(name):
            chosen[name] = tuple(resolved(kind, each, study.names(kind)) for each in chosen[name])  # type: ignore[attr-defined]
    audit_and_write(study, chosen, showing, codes=codes)
