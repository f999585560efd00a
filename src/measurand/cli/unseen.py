"""Commands that ask what was not seen, or was seen too often: failure modes, and scores of what was chosen by score."""

from __future__ import annotations

from typing import Annotated

import typer

from measurand.cli.asking import Asked, asks

__all__ = ["unseen"]


@asks("F5")
def unseen(
    tolerated: Annotated[float, typer.Option(help="Chance of an unseen failure mode that is not an issue.")] = 0.05,
    resamples: Annotated[int, typer.Option(help="Samples behind the band of the curve.")] = 200,
) -> Asked:
    """How many failure modes were not seen, and how likely the next failure is one of them (F5)."""
    return Asked({"tolerated_unseen": tolerated, "resamples": resamples})
