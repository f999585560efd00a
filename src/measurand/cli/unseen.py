"""Commands that ask what was not seen, or was seen too often: failure modes, and scores of what was chosen by score."""

from __future__ import annotations

from typing import Annotated

import typer

from measurand.cli.app import FORECAST
from measurand.cli.asking import Asked, asks

__all__ = ["leakage", "unseen"]


@asks(FORECAST, "F5")
def unseen(
    tolerated: Annotated[float, typer.Option(help="Chance of an unseen failure mode that is not an issue.")] = 0.05,
    resamples: Annotated[int, typer.Option(help="Samples behind the band of the curve.")] = 200,
) -> Asked:
    """How many failure modes were not seen, and how likely the next failure is one of them (F5)."""
    return Asked({"tolerated_unseen": tolerated, "resamples": resamples})


@asks(FORECAST, "F6")
def leakage(
    chosen: Annotated[str | None, typer.Option(help="Variant that is reported; the best one by default.")] = None,
    negligible: Annotated[float, typer.Option(help="Lift that does not matter, such as 0.01 for 1 point.")] = 0.01,
    splits: Annotated[int, typer.Option(help="Random halvings of the items.")] = 20,
) -> Asked:
    """How much of a score comes from choosing the prompt, few-shot set or checkpoint that scored best (F6)."""
    return Asked({"chosen": chosen, "negligible_optimism": negligible, "splits": splits})
