"""Efforts to elicit a behaviour: attempts summed up to the first success, with what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError
from measurand.stats.intervals.binomial import clopper_pearson, proportion_limits
from measurand.stats.intervals.clustered import cluster_sums, share_limits
from measurand.stats.intervals.limits import Limits
from measurand.tables import Attempts

__all__ = ["SIDES", "UNITS", "Efforts", "check_prices", "check_settings", "clusters_of", "efforts_of", "share_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIDES = ("target", "attacker", "judge")
"""The models an effort can take compute of."""

UNITS = ("flop", "queries", "tokens", "money", "attempts")
"""What a cost can be counted in; of those known for equally many efforts the first is shown."""

_EFFORT = ("target", "method", "behaviour", "seed")


@dataclass(frozen=True, eq=False, kw_only=True)
class Efforts:
    """Efforts of one method on one target.

    Parameters
    ----------
    target, method : names.
    behaviours : name of the behaviour of each effort.
    success : shape (n,): whether the effort succeeded.
    clusters : shape (n,): number of the cluster (or behaviour) of each effort; None where each is its own.
    by : what the clusters are, in the singular: ``"cluster"`` or ``"behaviour"``.
    costs : unit -> shape (n,): cost up to and with the first success, or of the whole effort; NaN where unknown.
    bill : side -> FLOP of all efforts, of the sides whose FLOP is known for every effort.
    uncounted : sides whose FLOP is known for no effort.
    """

    target: str
    method: str
    behaviours: tuple[str, ...]
    success: npt.NDArray[np.bool_]
    clusters: Ints | None
    by: str
    costs: Mapping[str, Floats]
    bill: Mapping[str, float]
    uncounted: tuple[str, ...]

    @property
    def groups(self) -> int:
        """How many independent pieces of evidence there are."""
        return len(self.success) if self.clusters is None else len(np.unique(self.clusters))

    def codes(self) -> Ints:
        """Number of the cluster of each effort, its own where it has none."""
        return np.arange(len(self.success)) if self.clusters is None else self.clusters

    @property
    def fixed(self) -> bool:
        """Whether every effort makes the same number of queries, so that none is cut short by its success."""
        queries = self.costs.get("queries")
        return queries is not None and bool((queries == queries[0]).all())

    def tried(self, unit: str) -> Floats:
        """What was spent by the time each effort succeeded, or was known not to.

        With a fixed number of queries a failed effort was not cut short, only shorter by its behaviour: it stays at
        risk up to the most that any effort took, so that the share by a cost is that of successes at no more than it.
        """
        costs = self.costs[unit]
        known = np.isfinite(costs)
        return np.where(known & ~self.success, costs[known].max(), costs) if self.fixed and known.any() else costs


def check_settings(success_from: float, resamples: int) -> None:
    """Refuse a success or a number of resamples out of its range.

    Raises
    ------
    InputError
        One of them is.
    """
    if not 0 < success_from <= 1:
        raise InputError(f"success_from should be in (0, 1], got {success_from}")
    if resamples < 200:
        raise InputError(f"resamples should be at least 200, got {resamples}")


def check_prices(**settings: Mapping[str, float] | None) -> None:
    """Refuse sizes or prices that are no positive numbers.

    Raises
    ------
    InputError
        One that is not above 0.
    """
    for setting, given in settings.items():
        for name, value in (given or {}).items():
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"{setting} of {name!r} should be above 0, got {value}")


def efforts_of(
    attempts: Attempts, parameters: Mapping[str, float], prices: Mapping[str, float], success_from: float
) -> tuple[list[Efforts], int]:
    """Efforts by target and method, and how many attempts came after a first success and count for nothing.

    The FLOP of an attempt are those given, else 2 N tokens, and 6 N for tokens with a gradient.

    Parameters
    ----------
    attempts : the table.
    parameters : number of parameters of targets by name, of the ``"attacker"`` and of the ``"judge"``.
    prices : of a million tokens, by the same names.
    success_from : the least success that counts as one.
    """
    frame = attempts.frame.with_columns((pl.col("success") >= success_from).alias("came"))
    before = (pl.col("came").cast(pl.Int64).cum_sum() - pl.col("came").cast(pl.Int64)).over(_EFFORT)
    after = int((frame.select(before.alias("n"))["n"] > 0).sum())
    counted = frame.with_columns(before.alias("before")).filter(pl.col("before") == 0).drop("before")
    counted = counted.with_columns(*_flop(parameters), *_money(prices), pl.lit(1.0).alias("attempts"))
    names = ("queries", "tokens", "attempts", *(f"{side}_{what}" for side in SIDES for what in ("all_flop", "money")))
    summed = counted.group_by(_EFFORT, maintain_order=True).agg(
        pl.col("came").any(),
        pl.col("cluster").first(),
        *(pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name) for name in names),
    )
    return list(_grouped(summed)), after


def _named(names: Mapping[str, float], side: str) -> pl.Expr:
    """The figure of each attempt's target, or of the side."""
    if side == "target":
        known = {name: float(value) for name, value in names.items() if name not in SIDES}
        return pl.col("target").replace_strict(known, default=None, return_dtype=pl.Float64)
    return pl.lit(names.get(side), dtype=pl.Float64)


def _flop(parameters: Mapping[str, float]) -> Iterator[pl.Expr]:
    for side in SIDES:
        prefix = "" if side == "target" else f"{side}_"
        tokens = pl.col(f"{prefix}tokens")
        if side == "target":
            tokens = tokens + 2 * pl.col("gradient_tokens").fill_null(0)
        yield pl.coalesce(pl.col(f"{prefix}flop"), 2 * _named(parameters, side) * tokens).alias(f"{side}_all_flop")


def _money(prices: Mapping[str, float]) -> Iterator[pl.Expr]:
    for side in SIDES:
        tokens = pl.col("tokens" if side == "target" else f"{side}_tokens")
        yield (_named(prices, side) * tokens / 1e6).alias(f"{side}_money")


def _grouped(summed: pl.DataFrame) -> Iterator[Efforts]:
    for (target, method), own in summed.sort("target", "method", maintain_order=True).group_by(
        "target", "method", maintain_order=True
    ):
        clusters, by = clusters_of(own)
        costs = {name: _numbers(own[name]) for name in ("queries", "tokens", "attempts")}
        costs["flop"], costs["money"] = (_together(own, what) for what in ("all_flop", "money"))
        flop = {side: own[f"{side}_all_flop"] for side in SIDES}
        bill = {side: float(column.sum()) for side, column in flop.items() if column.null_count() == 0}
        yield Efforts(
            target=str(target),
            method=str(method),
            behaviours=tuple(own["behaviour"]),
            success=own["came"].to_numpy().astype(np.bool_),
            clusters=clusters,
            by=by,
            costs={unit: costs[unit] for unit in UNITS if np.isfinite(costs[unit]).any() and _tells(unit, costs)},
            bill=bill,
            uncounted=tuple(side for side, column in flop.items() if column.null_count() == len(column)),
        )


def _tells(unit: str, costs: Mapping[str, Floats]) -> bool:
    """The number of attempts says nothing of the cost where each effort stands in one row."""
    return unit != "attempts" or bool((costs[unit] > 1).any())


def _numbers(column: pl.Series) -> Floats:
    found: Floats = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return found


def _together(own: pl.DataFrame, what: str) -> Floats:
    """Costs of the target and of those other sides that are known for some effort; NaN where one of them is not."""
    total = _numbers(own[f"target_{what}"])
    for side in SIDES[1:]:
        column = own[f"{side}_{what}"]
        if column.null_count() < len(column):
            total = total + _numbers(column)
    return total


def clusters_of(own: pl.DataFrame) -> tuple[Ints | None, str]:
    """Clusters as named, else by behaviour; None where each row stands alone. With them, what they are."""
    named = own["cluster"].null_count() < own.height
    of_cluster = pl.when(pl.col("cluster").is_not_null()).then(pl.format("c{}", "cluster"))
    key = own.select(of_cluster.otherwise(pl.format("b{}", "behaviour")).alias("key"))["key"]
    codes: Ints = (key.rank("dense").cast(pl.Int64) - 1).to_numpy()
    alone = len(np.unique(codes)) == len(codes)
    return (None if alone else codes), ("cluster" if named else "behaviour")


def share_of(success: npt.NDArray[np.bool_], clusters: Ints | None, level: float) -> Limits:
    """Share of efforts that succeeded: Wilson's or exact limits; with clusters those of their standard error.

    Where all efforts agree, the exact limits of as many clusters.

    Examples
    --------
    >>> found = share_of(np.arange(159) < 124, None, 0.95)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.7799, 0.7093, 0.8373)
    """
    count, n = int(success.sum()), len(success)
    if clusters is None:
        low, high = proportion_limits(count, n, level)
        return Limits(count / n, float(low), float(high))
    if count in (0, n):
        groups = len(np.unique(clusters))
        low, high = clopper_pearson(groups if count else 0, groups, level)
        return Limits(count / n, float(low), float(high))
    codes = np.unique(clusters, return_inverse=True)[1].astype(np.int64)
    means = cluster_sums(success[None].astype(np.float64), codes).means()
    lows, highs = share_limits(means.value, means.stderr, means.df, level)
    return Limits(count / n, float(lows[0]), float(highs[0]))
