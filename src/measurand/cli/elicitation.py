"""Commands that ask what it takes to elicit a behaviour, and how often it comes when it is tried more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from measurand.cli.app import FORECAST
from measurand.cli.asking import Asked, asks
from measurand.cli.gaming import title_of
from measurand.cli.options import Choices, Resamples
from measurand.cli.running import part_of, read_study
from measurand.errors import InputError

__all__ = ["attempts", "elicitation", "rare"]

Tables = Annotated[list[Path], typer.Argument(help="Tables of attempts, logs whose epochs are attempts, or a store.")]
Success = Annotated[
    Literal["1", "0"], typer.Option(help="Of logs: the score at which a behaviour came; 0 where scores count refusals.")
]
SuccessFrom = Annotated[float, typer.Option(help="Least graded success that counts as one.")]


@asks(FORECAST, "F2")
def attempts(
    paths: Tables,
    asked: Annotated[int | None, typer.Option(help="Attempts to forecast; ten times those made by default.")] = None,
    tolerated: Annotated[float | None, typer.Option(help="Share of behaviours that may come.")] = None,
    success_is: Success = "1",
    success_from: SuccessFrom = 0.5,
    resamples: Resamples = 1000,
    *,
    choices: Choices,
) -> Asked:
    """How many behaviours come when each is tried ten times as often, with the forecast tested on its past (F2)."""
    settings = {"asked": asked, "tolerated": tolerated, "success_from": success_from, "resamples": resamples}
    return Asked(settings, _evidence(paths, success_is, choices), title_of(paths))


@asks(FORECAST, "F4")
def elicitation(
    paths: Tables,
    budget: Annotated[
        float | None, typer.Option(help="What may be spent on a behaviour, in the unit; FLOP by default.")
    ] = None,
    unit: Annotated[
        Literal["flop", "queries", "tokens", "money", "attempts"] | None, typer.Option(help="What cost is counted in.")
    ] = None,
    tolerated: Annotated[float, typer.Option(help="Share of behaviours that may come within the budget.")] = 0.05,
    parameters: Annotated[
        list[str] | None, typer.Option(help="NAME=COUNT of parameters of a target, attacker or judge; repeatable.")
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(help="NAME=PRICE of a million tokens of a target, attacker or judge; repeatable."),
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="Method that the others are held against.")] = None,
    reached: Annotated[float, typer.Option(help="Share of behaviours whose cost is reported.")] = 0.5,
    success_is: Success = "1",
    success_from: SuccessFrom = 0.5,
    resamples: Resamples = 2000,
    *,
    choices: Choices,
) -> Asked:
    """What it takes to elicit behaviours, in FLOP, queries and bits, method by method, and whose bill it is (F4)."""
    settings = {
        "budget": budget,
        "unit": unit,
        "tolerated": tolerated,
        "parameters": {**_sizes(choices.model_facts), **_figures(parameters or [])} or None,
        "prices": _figures(price or []) or None,
        "baseline": baseline,
        "reached": reached,
        "success_from": success_from,
        "resamples": resamples,
    }
    return Asked(settings, _evidence(paths, success_is, choices), title_of(paths))


@asks(FORECAST, "F3")
def rare(
    queries: Annotated[int | None, typer.Option(help="Queries to forecast; ten times those tried by default.")] = None,
    tolerated: Annotated[
        float | None, typer.Option(help="Probability of the behaviour that is tolerated under the worst query.")
    ] = None,
    top: Annotated[int, typer.Option(help="How many of the worst queries are fitted.")] = 10,
) -> Asked:
    """How likely a behaviour is under the worst of many more queries than were tried (F3)."""
    return Asked({"queries": queries, "tolerated_probability": tolerated, "top": top})


def _evidence(paths: Sequence[Path], success_is: str, choices: Choices) -> dict[str, Any]:
    """Attempts in the files named: tables of them, or logs whose epochs are attempts."""
    from measurand.readers.evidence.attempts import attempts_from_responses

    if not paths:
        raise InputError("no files named: give tables of attempts, or logs whose epochs are attempts")
    # Facts are of targets here, whether or not they have scores: `_sizes` reads them.
    study = part_of(read_study(paths, replace(choices, model_facts=None)), choices)
    found, responses = study.attempts, study.responses
    if found is None and responses is not None:
        found = attempts_from_responses(responses, success_is=int(success_is))
    if found is None:
        raise InputError(
            "no attempts in these files: a table of attempts has columns target, behaviour and success, and logs have "
            "scored items"
        )
    return {"attempts": found, "scores": study.scores, "sources": study.sources}


def _sizes(models: Path | None) -> dict[str, float]:
    from measurand.readers.study import model_sizes

    return {} if models is None else model_sizes(models)


def _figures(texts: Sequence[str]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, _, figure = text.rpartition("=")
        try:
            found[name.strip()] = float(figure)
        except ValueError:
            name = ""
        if not name.strip():
            raise InputError(f"expected NAME=NUMBER, such as vicuna-13b-v1.5=13e9, got {text!r}")
    return found
