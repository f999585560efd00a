"""Commands that ask how far a number can be trusted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from measurand.cli.app import COMPARE
from measurand.cli.asking import Asked, asks
from measurand.cli.options import Resamples
from measurand.cli.running import counts_in, difference_in, names_in
from measurand.errors import InputError

__all__ = [
    "arena",
    "compare",
    "graders",
    "items",
    "plan",
    "prompts",
    "ranking",
    "rarity",
    "rerun",
    "score",
    "threshold",
]

Alpha = Annotated[float, typer.Option(help="p-value asked for, such as 0.05 or 1e-5.")]


@asks(COMPARE, "P1", "P0")
def score(
    tolerance: Annotated[float, typer.Option(help="Half width up to which an interval passes.")] = 0.05,
) -> Asked:
    """Each model's score with its interval, clustered where items have clusters (P1), and what was not scored (P0)."""
    return Asked({"tolerance": tolerance})


@asks(COMPARE, "P2")
def compare(
    pair: Annotated[str | None, typer.Option(help="Two models to compare, A,B; all pairs by default.")] = None,
    same_within: Annotated[
        str | None, typer.Option(help="Difference that does not matter, in points: two models within it are the same.")
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Show both answers to the items on which a named pair differs.")
    ] = True,
    weights: Annotated[
        Literal["tasks", "items"], typer.Option(help="What weighs the same in the average of several tasks.")
    ] = "tasks",
    correction: Annotated[
        Literal["holm", "bh", "none"], typer.Option(help="How p-values allow for the number of pairs.")
    ] = "holm",
) -> Asked:
    """Who is better, and is that real: each task and their average, on the questions both answered (P2)."""
    return Asked(
        {
            "pair": None if pair is None else tuple(names_in(pair) or ()),
            "same_within": None if same_within is None else difference_in(same_within, points=True),
            "texts": texts,
            "weights": weights,
            "correction": correction,
        }
    )


@asks(COMPARE, "P3")
def plan(
    effect: Annotated[
        str, typer.Option(help="Difference that should be found: '3 points', '3%', or a number in units of the score.")
    ] = "3 points",
    power: Annotated[float, typer.Option(help="Chance of finding it.")] = 0.8,
    alpha: Alpha = 0.05,
    agreement: Annotated[
        float | None, typer.Option(help="Without logs: share of items on which the two models are expected to agree.")
    ] = None,
) -> Asked:
    """What difference these items can find, and how many items, clusters and epochs find a smaller one (P3)."""
    return Asked({"effect": difference_in(effect), "power": power, "alpha": alpha, "agreement": agreement})


@asks(COMPARE, "P4")
def threshold(
    above: Annotated[float | None, typer.Option(help="Threshold the score should be shown to be above.")] = None,
    below: Annotated[float | None, typer.Option(help="Threshold the score should be shown to be below.")] = None,
    alpha: Alpha = 0.05,
    successes: Annotated[int | None, typer.Option(help="Successes, in place of logs.")] = None,
    trials: Annotated[int | None, typer.Option(help="Trials, with --successes.")] = None,
) -> Asked:
    """Whether a score is shown to be above, or below, a threshold (P4)."""
    if above is None and below is None:
        raise InputError("no threshold: give --above or --below, such as --above 0.99")
    return Asked({"above": above, "below": below, "alpha": alpha}, _counts("successes", successes, trials))


@asks(COMPARE, "P5")
def rarity(
    rarer_than: Annotated[float | None, typer.Option(help="Failure rate that is claimed, such as 1e-4.")] = None,
    alpha: Alpha = 0.05,
    failures: Annotated[int | None, typer.Option(help="Failures, in place of logs.")] = None,
    trials: Annotated[int | None, typer.Option(help="Trials, with --failures.")] = None,
    stopped: Annotated[bool, typer.Option("--stopped", help="Testing could have stopped for what was seen.")] = False,
    missed: Annotated[float, typer.Option(help="Share of failures that the grader misses.")] = 0.0,
    checked: Annotated[
        str | None, typer.Option(help="Passes checked by hand, as WRONG,CHECKED (0,100): they floor what can be shown.")
    ] = None,
) -> Asked:
    """How rare a failure can be said to be, given how often it was looked for (P5)."""
    settings = {
        "rarer_than": rarer_than,
        "alpha": alpha,
        "stopped": stopped,
        "missed": missed,
        "checked": None if checked is None else tuple(counts_in(checked, "WRONG,CHECKED")),
    }
    return Asked(settings, _counts("failures", failures, trials))


@asks(COMPARE, "P6")
def rerun(
    flip_tolerance: Annotated[float, typer.Option(help="Share of items whose score may flip between two runs.")] = 0.1,
) -> Asked:
    """Whether running it again gives the same answers and scores, from epochs (P6)."""
    return Asked({"flip_tolerance": flip_tolerance})


@asks(COMPARE, "P7", "P8")
def prompts(
    formats: Annotated[
        str | None, typer.Option(help="Formats to compare, the reference first: variants or benchmarks, A,B.")
    ] = None,
    spread_tolerance: Annotated[float, typer.Option(help="Spread over prompts that does not matter.")] = 0.02,
    resamples: Resamples = 1000,
) -> Asked:
    """How far the score depends on the wording (P7) and the format (P8) of the prompt, from variants."""
    chosen = tuple(names_in(formats) or ())
    return Asked({"formats": chosen, "spread_tolerance": spread_tolerance, "resamples": resamples})


@asks(COMPARE, "P9")
def ranking(resamples: Resamples = 1000) -> Asked:
    """Which ranks each model may have on other items and prompts (P9)."""
    return Asked({"resamples": resamples})


@asks(COMPARE, "P10")
def arena(
    ties: Annotated[
        Literal["half", "rao_kupper", "davidson"], typer.Option(help="Ties as half wins, or a model of them.")
    ] = "half",
    resamples: Resamples = 1000,
) -> Asked:
    """Strengths and ranks from votes between two models; --cluster voter or item (P10)."""
    return Asked({"ties": ties, "resamples": resamples})


@asks(COMPARE, "P11")
def items() -> Asked:
    """What the items do: reliability, items that stronger models fail, difficulty and discrimination (P11)."""
    return Asked()


@asks(COMPARE, "P12")
def graders(resamples: Resamples = 1000) -> Asked:
    """Whether graders agree, what swapping them moves, and scores corrected by hand labels (P12)."""
    return Asked({"resamples": resamples})


def _counts(what: str, count: int | None, trials: int | None) -> dict[str, Any]:
    """Counts stated on the command line, as evidence."""
    from measurand.tables import Trials

    if count is None and trials is None:
        return {}
    if count is None or trials is None:
        raise InputError(f"give both --{what} and --trials, got only --{what if trials is None else 'trials'}")
    return {"trials": Trials(count, trials, what)}
