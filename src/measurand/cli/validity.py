"""Commands that ask single questions of validity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from measurand.cli.app import VALIDITY
from measurand.cli.asking import Asked, asks
from measurand.cli.gaming import read_items, title_of
from measurand.cli.options import ItemPaths, Together

__all__ = ["coverage", "metric_choice", "mtmm"]


@asks(VALIDITY, "V8")
def mtmm() -> Asked:
    """Whether benchmarks of one trait agree more than benchmarks of one method (V8)."""
    return Asked()


@asks(VALIDITY, "V10")
def metric_choice(
    scale: Annotated[
        Literal["training_flop", "parameters"] | None, typer.Option(help="What models are ordered by.")
    ] = None,
) -> Asked:
    """Whether a jump in a score comes from the metric it is scored by (V10)."""
    return Asked({"scale": scale})


@asks(VALIDITY, "V11")
def coverage(
    paths: ItemPaths,
    reference: Annotated[Path | None, typer.Option(help="Texts that the items should reach.")] = None,
    radius: Annotated[float | None, typer.Option(help="Distance within which a text is reached.")] = None,
    nearest: Annotated[int, typer.Option(help="Without a radius: reached if an item is among so many nearest.")] = 5,
    cluster: Together = None,
) -> Asked:
    """How varied a benchmark's items are, which repeat, and what of a reference they reach (V11)."""
    given = [*paths, *([] if reference is None else [reference])]
    settings = {"reference": None if reference is None else reference.stem, "radius": radius, "nearest": nearest}
    return Asked(settings, {"texts": read_items(given, cluster)}, title_of(given))
