"""An order of models with ranks that hold together: what P9 finds of scores and P10 of votes, and how both say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.results import Cell, Estimate, Status
from measurand.wording import listed, number, plural

__all__ = [
    "METHOD",
    "MOST_RESAMPLED",
    "STEPS",
    "Order",
    "first_words",
    "named",
    "order_estimates",
    "order_result",
    "order_status",
    "order_words",
    "rank_text",
    "times_as_many",
    "typical_times",
]

METHOD = "all ranks together, step-down over all pairs (Mogstad et al. 2024), bootstrap"
STEPS = "Holm over all pairs of models"

MOST_RESAMPLED = 300
"""Models beyond which ranks rest on Holm's steps: a bootstrap of all pairs takes minutes, and of votes refits each."""

MOST_TIMES = 1000
"""As many times the evidence as anyone might gather; beyond it a projection is not worth its number."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Order:
    """Models, best first.

    Parameters
    ----------
    models : their names.
    ranks : best and worst rank of each; all hold together at the level asked for.
    above : whether the model of the row is told apart as better than that of the column, shape (m, m).
    more : how many times the evidence it would take to tell each from the next, one fewer than models.
    sharing : how many models have exactly the highest value, so that none of them is the first alone.
    """

    models: tuple[str, ...]
    ranks: tuple[tuple[int, int], ...]
    above: npt.NDArray[np.bool_]
    more: tuple[float, ...]
    sharing: int = 1

    @property
    def apart(self) -> tuple[bool, ...]:
        """Whether each model is told apart from the next, one fewer than models."""
        return tuple(map(bool, np.diagonal(self.above, 1)))

    @property
    def alike(self) -> int:
        """Pairs of neighbours that are not told apart."""
        return self.apart.count(False)

    @property
    def told_apart(self) -> int:
        """Pairs of models, neighbours or not, that are told apart."""
        return int(self.above.sum())


def order_status(order: Order) -> Status:
    """Issue: no two models are told apart; passed: each is told apart from the next."""
    # Where all have the same value no order is claimed that could be chance.
    if order.sharing == len(order.models):
        return Status.CAUTION
    if not order.told_apart:
        return Status.ISSUE
    return Status.CAUTION if order.alike else Status.PASSED


def order_words(order: Order, who: str, on: str = "") -> str:
    """What the order is worth, `who` it is of and what it rests `on`, and who comes first."""
    m, alike = len(order.models), order.alike
    if order.sharing == m:
        return f"The {who} share the first place: all have the same score{on}."
    # Over all pairs: neighbours can be alike all the way down while the first and the last are clearly apart.
    if not order.told_apart:
        none = f"The {who} cannot" if m == 2 else f"No two of the {who} can"
        said = f"{none} be told apart{on}: their order could be due to chance."
    elif alike:
        said = (
            f"Of the {who}, {alike} of {plural(m - 1, 'pair')} of neighbours cannot be told apart{on}: the order "
            f"within {'these pairs' if alike > 1 else 'this pair'} could be due to chance."
        )
    else:
        said = f"Each of the {who} is told apart from the next{on}."
    best, worst = order.ranks[0]
    if order.sharing > 1:
        return f"{said} {listed(order.models[: order.sharing])} share the first place."
    rank = " and is told apart from every other" if best == worst else f"; its rank lies between {best} and {worst}"
    return f"{said} {order.models[0]} comes first{rank}."


def rank_text(order: Order, place: int) -> str:
    """The ranks that a model may have.

    Examples
    --------
    >>> order = Order(models=("A", "B"), ranks=((1, 1), (1, 2)), above=np.zeros((2, 2), bool), more=(2.0,))
    >>> rank_text(order, 0), rank_text(order, 1)
    ('1', '1–2')
    """
    best, worst = order.ranks[place]
    return f"{best}" if best == worst else f"{best}–{worst}"


def first_words(order: Order) -> str:
    """Who leads, in a few words: "A leads", "A, B and C may each be first"."""
    if order.sharing > 1 or not order.told_apart:
        tied = [model for model, (best, _) in zip(order.models, order.ranks, strict=True) if best == 1]
        return f"{named(tied)} may each be first"
    best, worst = order.ranks[0]
    if best == worst:
        return f"{order.models[0]} leads, ahead of every other model"
    tied = [model for model, (best, _) in zip(order.models, order.ranks, strict=True) if best == 1]
    return f"{named(tied)} lead, statistically tied"


def named(models: Sequence[str], most: int = 3) -> str:
    """Names in a sentence, the first few of many.

    Examples
    --------
    >>> named("AB"), named("ABCDE")
    ('A and B', 'A, B, C and 2 more')
    """
    shown = list(models[:most]) + ([f"{len(models) - most} more"] if len(models) > most else [])
    return listed(shown)


def typical_times(order: Order) -> str:
    """How many times the evidence would tell a typical pair of neighbours apart; empty where they are."""
    # Only of the pairs in question: those told apart need less than there is, and would pull the median below 1.
    times = [factor for factor, apart in zip(order.more, order.apart, strict=True) if not apart]
    # Equal scores give no distance to project from.
    if not times or not np.isfinite(typical := float(np.median(times))):
        return ""
    return times_text(typical)


def times_text(factor: float) -> str:
    """How many times the evidence, in digits that a projection has.

    Examples
    --------
    >>> times_text(3.14), times_text(270.4), times_text(1e7)
    ('3.1', '270', 'over 1,000')
    """
    if factor >= MOST_TIMES:
        return f"over {MOST_TIMES:,}"
    # From 9.5 on one decimal would round to 10.0.
    return number(factor, 0 if factor >= 9.5 else 1)


def times_as_many(order: Order, units: str) -> str:
    """What it would take to tell the typical pair of neighbours apart, where they are not."""
    times = typical_times(order)
    if not times:
        return ""
    if times.startswith("over"):
        return f" Not even {MOST_TIMES:,} times as many {units} would tell a typical pair of them apart."
    return f" To tell a typical pair of them apart would take about {times} times as many {units}."


def order_estimates(order: Order, *, level: float, method: str, n: int) -> tuple[Estimate, Estimate, Estimate]:
    """Rank of the first model, neighbours told apart, and pairs told apart."""
    m, (best, worst) = len(order.models), order.ranks[0]
    return (
        Estimate(name="rank_of_first", value=1.0, low=float(best), high=float(worst), level=level, method=method, n=n),
        Estimate(name="neighbours_told_apart", value=float(m - 1 - order.alike), method=method, n=m - 1),
        Estimate(name="pairs_told_apart", value=float(order.told_apart), method=method, n=m * (m - 1) // 2),
    )


def order_result(order: Order) -> dict[str, tuple[Cell, ...]]:
    """Models and their ranks as plain values."""
    best, worst = zip(*order.ranks, strict=True)
    return {"model": order.models, "best_rank": best, "worst_rank": worst}
