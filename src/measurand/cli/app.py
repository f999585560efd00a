"""The application that commands register with."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from measurand.compute import cluster
from measurand.errors import InputError

__all__ = ["app"]

app = typer.Typer(
    help="Audit AI evaluations: are they valid, precise, not gamed, and what do they predict?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def everywhere(
    context: typer.Context,
    engine: Annotated[
        Literal["dask", "ray"] | None, typer.Option(help="Kind of cluster that runs what --jobs would run here.")
    ] = None,
    address: Annotated[str | None, typer.Option(help="Where the cluster answers: tcp://host:8786, host:6379.")] = None,
) -> None:
    """Open the cluster, if one is named, for as long as the command runs."""
    if engine is not None and address is not None:
        context.with_resource(cluster(engine, address))
    elif engine is not None or address is not None:
        raise InputError("--engine and --address go together: --engine dask --address tcp://host:8786")
