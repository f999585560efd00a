"""The application that commands register with, in the groups that people come for."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, get_type_hints

import typer

from measurand.compute import cluster
from measurand.errors import InputError

__all__ = ["COMPARE", "DATA", "FORECAST", "GAMING", "GROUPS", "START", "VALIDITY", "app", "command", "expanded"]

START, COMPARE, DATA = "Start here", "Compare models: how far can a number be trusted?", "Data in and out"
VALIDITY, GAMING = "Validity: the right quantity?", "Gaming: is the score real?"
FORECAST = "Forecast and elicitation: what comes next?"
GROUPS = (START, COMPARE, VALIDITY, GAMING, FORECAST, DATA)

app = typer.Typer(
    help="Audit AI evaluations: are they valid, precise, not gamed, and what do they predict?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"measurand {version('measurand')}")
        raise typer.Exit


@app.callback()
def everywhere(
    context: typer.Context,
    engine: Annotated[
        Literal["dask", "ray"] | None, typer.Option(help="Kind of cluster that runs what --jobs would run here.")
    ] = None,
    address: Annotated[str | None, typer.Option(help="Where the cluster answers: tcp://host:8786, host:6379.")] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Open the cluster, if one is named, for as long as the command runs."""
    if engine is not None and address is not None:
        context.with_resource(cluster(engine, address))
    elif engine is not None or address is not None:
        raise InputError("--engine and --address go together: --engine dask --address tcp://host:8786")


def command(group: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command of one group; its records of options become those options."""

    def register(own: Callable[..., None]) -> Callable[..., None]:
        app.command(rich_help_panel=group)(expanded(own))
        return own

    return register


def expanded(own: Callable[..., None]) -> Callable[..., None]:
    """The function with every parameter that is a record of options replaced by the options themselves."""
    parameters = inspect.signature(own, eval_str=True).parameters.values()
    records: dict[str, Any] = {each.name: each.annotation for each in parameters if is_dataclass(each.annotation)}
    flat = [each.replace(kind=each.KEYWORD_ONLY) for each in parameters if each.name not in records]
    for record in records.values():
        hints = get_type_hints(record, include_extras=True)
        flat += [
            inspect.Parameter(
                each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name]
            )
            for each in fields(record)
        ]

    @functools.wraps(own)
    def run(**given: Any) -> None:
        for name, record in records.items():
            given[name] = record(**{each.name: given.pop(each.name) for each in fields(record)})
        own(**given)

    run.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in flat}
    return run
