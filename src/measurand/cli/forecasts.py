"""Commands that ask what comes next."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from measurand.cli.app import FORECAST
from measurand.cli.asking import Asked, asks
from measurand.cli.options import Resamples

__all__ = ["forecast", "horizon", "scale"]


@asks(FORECAST, "F1")
def forecast(
    by: Annotated[
        Literal["compute", "date", "components"] | None,
        typer.Option(help="What to predict from: training compute, release date, or the other benchmarks."),
    ] = None,
    at_flop: Annotated[float | None, typer.Option(help="Predict a model of this training FLOP, such as 1e26.")] = None,
    at_date: Annotated[str | None, typer.Option(help="Predict a model of this date, such as 2027-06.")] = None,
    components: Annotated[int, typer.Option(help="Principal components of the other benchmarks.")] = 1,
) -> Asked:
    """What a further model will score, and whether that beats naive guesses on models left out (F1)."""
    return Asked({"by": by, "at_flop": at_flop, "at_date": at_date, "components": components})


@asks(FORECAST, "F7")
def scale(
    anchor: Annotated[
        str | None, typer.Option(help="Benchmark that sets zero and unit; the one run on the most models by default.")
    ] = None,
) -> Asked:
    """Models that were not run on the same benchmarks on one scale, with what can be told apart (F7)."""
    return Asked({"anchor": anchor})


@asks(FORECAST, "F8")
def horizon(
    length_noise: Annotated[
        float, typer.Option(help="Noise of the tasks' own lengths in doublings (SD); 0 leaves that way out.")
    ] = 0.5,
    resamples: Resamples = 1000,
) -> Asked:
    """How long the tasks are that models do half of the time, and how fast that grows (F8)."""
    return Asked({"length_noise": length_noise, "resamples": resamples})
