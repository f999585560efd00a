"""What eliciting brings out of a model, item by item, against the same of a control."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.stats.intervals.gains import Gain, gain_limits
from measurand.stats.intervals.planning import PairedDesign
from measurand.tables import Attempts

__all__ = ["POWER", "SPENT", "Arm", "Elicited", "arms", "assess"]

Floats = npt.NDArray[np.float64]

SPENT = ("queries", "tokens", "flop")
"""What an attempt took of the target; sums over the attempts of an effort."""
POWER = 0.8


@dataclass(frozen=True, eq=False, kw_only=True)
class Arm:
    """One target's mean success on each item, as it is or under one method.

    Parameters
    ----------
    target, method : of what.
    scores : mean success over the attempts at each item.
    clusters : each item's cluster, or its own name where it has none.
    clustered : whether any item has a cluster.
    attempts : attempts an item, mean.
    spent : mean of each of `SPENT` an item; None where it is not known for every attempt.
    """

    target: str
    method: str
    scores: dict[str, float]
    clusters: dict[str, str]
    clustered: bool
    attempts: float
    spent: dict[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Elicited:
    """What one method brings out of one target.

    Parameters
    ----------
    target, method : of what.
    control : whether the target is a control.
    before, after : mean success without and with the method, on the items that have both.
    gap : after minus before, paired by item.
    beyond : the gap minus the control's on the items both have; None without a control that has enough of them.
    control_gap : the control's gap on these items; None where `beyond` is.
    head_start : the control's success without the method minus the target's, on these items; None where `beyond` is.
    findable : gap that would be told from nothing with 80% power.
    items, clusters : how many; clusters is None where items are independent.
    attempts, spent : attempts an item, and what they took an item, of the method.
    """

    target: str
    method: str
    control: bool
    before: float
    after: float
    gap: Gain
    beyond: Gain | None
    control_gap: float | None
    head_start: float | None
    findable: float
    items: int
    clusters: int | None
    attempts: float
    spent: dict[str, float | None]


def arms(attempts: Attempts) -> Iterator[Arm]:
    """Every target under every method, in the order of the table."""
    for (target, method), own in attempts.frame.group_by("target", "method", maintain_order=True):
        of_item = own.group_by("behaviour", maintain_order=True).agg(
            pl.col("success").mean(), pl.col("cluster").drop_nulls().first()
        )
        items = of_item["behaviour"].to_list()
        named = of_item["cluster"].to_list()
        yield Arm(
            target=str(target),
            method=str(method),
            scores=dict(zip(items, of_item["success"].to_list(), strict=True)),
            clusters={
                item: f"item {item}" if name is None else f"cluster {name}"
                for item, name in zip(items, named, strict=True)
            },
            clustered=any(name is not None for name in named),
            attempts=own.height / len(items),
            spent={name: None if own[name].null_count() else float(own[name].sum()) / len(items) for name in SPENT},
        )


def assess(after: Arm, before: Arm, controls: Sequence[tuple[Arm, Arm]], least: int, level: float) -> Elicited:
    """The gap of one target under one method, and its excess over that of the controls' mean on the items all have.

    Parameters
    ----------
    after, before : the target under the method, and as it is.
    controls : the same of each control.
    least : items below which the controls' are not used.
    """
    items = sorted(after.scores.keys() & before.scores.keys())
    codes = _codes(before, after, items)
    gained = _of(after, items) - _of(before, items)
    # Held against nothing: differences are paired by item already.
    gap = gain_limits(gained[None], np.zeros(len(items)), codes, level)
    shared = [item for item in items if all(item in arm.scores for pair in controls for arm in pair)]
    beyond = control_gap = head_start = None
    if controls and len(shared) >= least:
        start = np.mean([_of(before_of, shared) for _, before_of in controls], axis=0)
        of_control = np.mean([_of(after_of, shared) for after_of, _ in controls], axis=0) - start
        own = _of(after, shared) - _of(before, shared)
        beyond = gain_limits(own[None], of_control, _codes(before, after, shared), level)
        control_gap = float(of_control.mean())
        head_start = float((start - _of(before, shared)).mean())
    per_cluster = 0.0 if codes is None else len(items) / gap.groups
    design = PairedDesign(between=gap.stderr**2 * len(items), alpha=1 - level, per_cluster=per_cluster)
    return Elicited(
        target=after.target,
        method=after.method,
        control=False,
        before=float(_of(before, items).mean()),
        after=float(_of(after, items).mean()),
        gap=gap,
        beyond=beyond,
        control_gap=control_gap,
        head_start=head_start,
        findable=design.smallest_effect(items=len(items), power=POWER),
        items=len(items),
        clusters=None if codes is None else gap.groups,
        attempts=after.attempts,
        spent=after.spent,
    )


def _of(arm: Arm, items: Sequence[str]) -> Floats:
    return np.array([arm.scores[item] for item in items])


def _codes(before: Arm, after: Arm, items: Sequence[str]) -> npt.NDArray[np.int64] | None:
    arm = before if before.clustered else after
    if not arm.clustered:
        return None
    return np.unique([arm.clusters[item] for item in items], return_inverse=True)[1].astype(np.int64)
