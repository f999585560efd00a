"""Commands that judge what experiments on a model's weights, hidden states and elicitation left behind."""

from __future__ import annotations

from typing import Annotated

import typer

from measurand.cli.asking import Asked, asks

__all__ = ["noise"]


@asks("G7")
def noise(
    chance: Annotated[float | None, typer.Option(help="A guesser's score, where the table does not say.")] = None,
    negligible: Annotated[float, typer.Option(help="Gain that does not matter, such as 0.05 for 5 points.")] = 0.05,
    splits: Annotated[int, typer.Option(help="Random halvings of the items.")] = 20,
) -> Asked:
    """Whether noise in the weights brings out ability that a model does not show, from saved scores (G7)."""
    return Asked({"chance": chance, "negligible_gain": negligible, "splits": splits})
