"""Numbers that lie beyond what was run."""

from __future__ import annotations

from measurand.conformance.asking import Case, every, near, says, silent, unclaimed
from measurand.conformance.cases.made import table

__all__ = ["KINDS"]


HEAD = ("model", "task", "family", "minutes", "success")


def a_horizon_beyond_the_tasks() -> Case:
    return Case(
        title="A model does all 30 tasks, the longest of 512 minutes: what is its horizon?",
        ask="horizon",
        given={"runs": _runs(1)},
        answer="beyond 512 minutes, and where is not known",
        why="A logistic curve through successes alone has no midpoint: a number is where the optimiser stopped.",
        right=every(unclaimed, says("that it lies beyond", "beyond|above|more than|longer|at least|>")),
    )


def a_horizon_below_the_tasks() -> Case:
    return Case(
        title="A model does none of 30 tasks, the shortest of 1 minute: what is its horizon?",
        ask="horizon",
        given={"runs": _runs(0)},
        answer="below 1 minute, and where is not known",
        why="The mirror of it.",
        right=every(
            unclaimed, says("that it lies below", "below|under|less than|shorter|at most|<"), silent("lies beyond")
        ),
    )


def a_horizon_of_a_model_that_fails_short_tasks() -> Case:
    rows = [("a", f"t{place}", f"f{place // 3}", 2 ** (place % 10), int(place % 10 >= 5)) for place in range(30)]
    return Case(
        title="A model fails all tasks of up to 16 minutes and does all longer ones: what is its horizon?",
        ask="horizon",
        given={"runs": table(HEAD, rows)},
        answer="none: success rises with length, so that no length divides what it does from what it does not",
        why="A horizon is where success falls through one half. Here it rises through it, at 23 minutes.",
        right=every(
            unclaimed, says("that success rises", "rise|increas|longer tasks|not (fall|decrease)|falls? short")
        ),
    )


def attempts_that_stopped_early() -> Case:
    rows = [("m", "jailbreak", f"b{k}", int(k >= 6)) for k in range(12) for _ in range(5 if k < 6 else 20)]
    return Case(
        title="6 behaviours tried 5 times never came, 6 tried 20 times always did: how many come in 20 attempts?",
        ask="attempts",
        given={"table": table(["target", "method", "behaviour", "success"], rows), "asked": 20},
        answer="50% of 12 seen, and that six were not tried 20 times; not 100% of the 6 that were",
        why="What was tried less often than asked is censored, not absent: left out, only what came easily counts.",
        right=every(near(0.5, 0.1), says("that six were tried less often", "12", "6[^.]*(less|fewer|not tried)")),
    )


def _runs(success: int) -> str:
    rows = [("a", f"t{place}", f"f{place // 3}", 2 ** (place % 10), success) for place in range(30)]
    return table(HEAD, rows)


KINDS = {
    "a bound as an estimate": (
        a_horizon_beyond_the_tasks,
        a_horizon_below_the_tasks,
        a_horizon_of_a_model_that_fails_short_tasks,
    ),
    "censored attempts": (attempts_that_stopped_early,),
}
"""The cases by kind."""
