"""Whose a score is: its variance over models shared out between capability, groups of models and the model's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc, stdtrit

from measurand.stats.intervals.limits import Limits

__all__ = [
    "MOST_PERMUTED",
    "Between",
    "Shared",
    "Sums",
    "beside_capability",
    "between_groups",
    "midranks",
    "shares",
    "shares_with_limits",
    "within_groups",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_PERMUTED = 300
"""Models up to which p-values come from permutations: of more, they equal those of the F distribution."""

_MOST_CELLS = 2_000_000
_NOTHING = 1e-12


class Between(NamedTuple):
    """Eta squared of groups, its mean by chance, (groups - 1) / (n - 1), and its permutation p-value."""

    eta_squared: float
    chance: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Sums of squares and products of a score y and a capability s, of one sample of models or of many.

    Parameters
    ----------
    n, groups : how many models and groups of them.
    total, product, spread : of y, of y with s, and of s, around the means.
    within, product_within, spread_within : the same around the means of the groups.
    """

    n: int
    groups: int
    total: Floats
    product: Floats
    spread: Floats
    within: Floats
    product_within: Floats
    spread_within: Floats

    @classmethod
    def of(cls, y: Floats, s: Floats, group: Ints) -> Sums:
        """Of scores of shape (..., n) and capability and group of each model, shape (n,)."""
        dy, ds = y - y.mean(axis=-1, keepdims=True), s - s.mean()
        total, product, spread = np.square(dy).sum(axis=-1), dy @ ds, np.asarray(ds @ ds)
        return cls(
            n=s.size,
            groups=int(group.max()) + 1,
            total=total,
            product=product,
            spread=spread,
            within=total - _explained(dy, dy, group),
            product_within=product - _explained(dy, ds, group),
            spread_within=spread - _explained(ds, ds, group),
        )

    def one_left_out(self, y: Floats, s: Floats, group: Ints) -> Sums:
        """Of the same models without one of them at a time; every group has two models or more. Shape (n,)."""
        size = np.bincount(group)
        dy, ds = y - y.mean(), s - s.mean()
        wy, ws = (each - (np.bincount(group, each) / size)[group] for each in (y, s))
        overall, own = self.n / (self.n - 1), (size / (size - 1))[group]
        return Sums(
            n=self.n - 1,
            groups=self.groups,
            total=self.total - overall * dy**2,
            product=self.product - overall * dy * ds,
            spread=self.spread - overall * ds**2,
            within=self.within - own * wy**2,
            product_within=self.product_within - own * wy * ws,
            spread_within=self.spread_within - own * ws**2,
        )

    @property
    def roots(self) -> tuple[Floats, Floats]:
        """Signed square roots of the shares of capability alone, and of capability beside the groups."""
        return _ratio(self.product, self.spread, self.total), _ratio(
            self.product_within, self.spread_within, self.total
        )


def shares(sums: Sums) -> Floats:
    """Shapley shares of the adjusted R^2 of y ~ capability + group: capability, group, and what neither explains.

    Each of the two gets the mean of what it adds alone and what it adds beside the other; R^2 is adjusted for its
    number of parameters, so that where nothing is there the shares average 0, 0 and 1. They add up to 1.

    Returns
    -------
    array, shape (3, ...)

    Examples
    --------
    >>> y, s = np.array([1.0, 2.0, 3.0, 7.0, 8.0, 9.5]), np.array([0.0, 2.0, 1.0, 1.0, 0.0, 2.0])
    >>> shares(Sums.of(y, s, np.array([0, 0, 0, 1, 1, 1]))).round(2).tolist()
    [-0.11, 1.01, 0.1]
    """
    alone, beside = sums.roots
    groups = 1 - sums.within / sums.total
    of_capability, of_groups, of_both = (
        1 - (1 - r2) * (sums.n - 1) / (sums.n - 1 - parameters)
        for r2, parameters in ((alone**2, 1), (groups, sums.groups - 1), (groups + beside**2, sums.groups))
    )
    return np.stack([(of_capability + of_both - of_groups) / 2, (of_groups + of_both - of_capability) / 2, 1 - of_both])


@dataclass(frozen=True, kw_only=True)
class Shared:
    """`shares` with their intervals, and `lead`, that of the groups less that of capability."""

    capability: Limits
    groups: Limits
    neither: Limits
    lead: Limits


def shares_with_limits(y: Floats, s: Floats, group: Ints, level: float) -> Shared:
    """The shares of capability, group and neither, with intervals from leaving out one model at a time.

    They speak of further models by the same groups, as many of each; t with n - groups - 1 degrees of freedom. Each is
    found where its estimate is smooth and symmetric: that of the group as it is, that of capability on Fisher's z of
    the signed square root (a share that is 0 is the end of the scale, and a correlation of 0 is not), that of neither
    on the logarithm. Values and limits of shares are held to [0, 1].

    Parameters
    ----------
    y, s : score and capability, shape (n,).
    group : code of each model's group, shape (n,), each code from 0 on at least twice; n above the groups + 1.
    level : confidence level in (0, 1).
    """
    sums = Sums.of(y, s, group)
    left_out = sums.one_left_out(y, s, group)
    (capability, groups, neither), replicates = shares(sums), shares(left_out)
    t = float(stdtrit(sums.n - sums.groups - 1, (1 + level) / 2))

    def reach(each: Floats) -> float:
        return t * float(np.sqrt((sums.n - 1) / sums.n * np.square(each - each.mean()).sum()))

    # What capability explains wholly has no z, and no interval.
    with np.errstate(divide="ignore", invalid="ignore"):
        z, half = float(np.arctanh(_signed_root(sums))), reach(np.arctanh(_signed_root(left_out)))
    nearest, farthest = sorted(abs(np.tanh([z - half, z + half])).tolist())
    of_groups, of_lead = reach(replicates[1]), reach(replicates[1] - replicates[0])
    # Nothing left over has no logarithm, and no interval.
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = float(np.exp(reach(np.log(replicates[2]))))
    return Shared(
        capability=_share(capability, 0.0 if abs(z) <= half else nearest**2, farthest**2),
        groups=_share(groups, groups - of_groups, groups + of_groups),
        neither=_share(neither, neither / factor, neither * factor),
        lead=Limits(
            float(groups - capability), float(groups - capability) - of_lead, float(groups - capability) + of_lead
        ),
    )


def _share(value: float, low: float, high: float) -> Limits:
    # The limits of capability are those of the share as it is, and the correction for chance may carry it across one.
    low, high = np.fmin(low, value + 0 * low), np.fmax(high, value + 0 * high)
    return Limits(*(float(np.clip(each, 0.0, 1.0)) for each in (value, low, high)))


def beside_capability(y: Floats, s: Floats, group: Ints, permutations: int, rng: np.random.Generator) -> float:
    """P-value of the groups beside capability: what a line on capability leaves is permuted (Freedman and Lane 1983).

    Of more than 300 models the F distribution stands for the permutations.

    References
    ----------
    Freedman and Lane 1983, Journal of Business and Economic Statistics 1(4).
    """
    whole = Sums.of(y, s, group)
    fitted = y.mean() + float(_ratio(whole.product, whole.spread, whole.spread)) * (s - s.mean())

    def added(scores: Floats) -> Floats:
        sums = Sums.of(scores, s, group)
        alone, beside = sums.roots
        left = np.maximum(sums.within / sums.total - beside**2, _NOTHING)
        result: Floats = (1 - alone**2 - left) / left
        return result

    def permuted(size: int) -> Floats:
        result: Floats = fitted + rng.permuted(np.broadcast_to(y - fitted, (size, len(y))), axis=1)
        return result

    groups = int(group.max()) + 1
    return _p_value(added, y, permuted, permutations, (groups - 1, len(y) - groups - 1))


def between_groups(y: Floats, group: Ints, permutations: int, rng: np.random.Generator) -> Between:
    """Share of the variance that lies between groups, as it is: a few models per group make it large by chance.

    Examples
    --------
    >>> y, group = np.array([1.0, 2.0, 3.0, 7.0, 8.0, 9.5]), np.array([0, 0, 0, 1, 1, 1])
    >>> eta_squared, chance, p_value = between_groups(y, group, 999, np.random.default_rng(0))
    >>> round(eta_squared, 2), chance, p_value < 0.2
    (0.92, 0.2, True)
    """
    groups = int(group.max()) + 1

    def ratio(scores: Floats) -> Floats:
        share = _between(scores, group)
        result: Floats = share / np.maximum(1 - share, _NOTHING)
        return result

    def permuted(size: int) -> Floats:
        return rng.permuted(np.broadcast_to(y, (size, len(y))), axis=1)

    p_value = _p_value(ratio, y, permuted, permutations, (groups - 1, len(y) - groups))
    return Between(float(_between(y, group)), (groups - 1) / (len(y) - 1), p_value)


def within_groups(
    y: Floats, s: Floats, group: Ints, permutations: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Correlation of ranks over all models once the mean of each group is taken off, and its p-value.

    Scores are permuted within groups, which is exact where they have nothing to do with capability there. NaN where
    nothing varies within groups.

    Examples
    --------
    >>> y, s = np.array([1.0, 2.0, 3.0, 9.0, 8.0]), np.array([1.0, 2.0, 4.0, 3.0, 5.0])
    >>> rho, p_value = within_groups(y, s, np.array([0, 0, 0, 1, 1]), 999, np.random.default_rng(0))
    >>> round(rho, 2), p_value > 0.05
    (0.49, True)
    """
    ranked, capability = midranks(y), midranks(s)

    def correlation(scores: Floats) -> Floats:
        sums = Sums.of(scores, capability, group)
        return _ratio(sums.product_within, sums.spread_within, sums.within)

    def squared(scores: Floats) -> Floats:
        square = correlation(scores) ** 2
        result: Floats = square / np.maximum(1 - square, _NOTHING)
        return result

    in_order = np.argsort(group, kind="stable")

    def permuted(size: int) -> Floats:
        keys = group + rng.random((size, len(group)))  # sorted by them, models stay in their group
        scores = np.empty(keys.shape)
        scores[:, in_order] = ranked[np.argsort(keys, axis=1)]
        return scores

    sums = Sums.of(ranked, capability, group)
    if not (sums.within > _NOTHING and sums.spread_within > _NOTHING):
        return float("nan"), float("nan")
    freedom = len(y) - int(group.max()) - 2
    return float(correlation(ranked)), _p_value(squared, ranked, permuted, permutations, (1, freedom))


def midranks(values: Floats) -> Floats:
    """Ranks from 1 on, ties at their mean."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    result: Floats = (np.cumsum(count) - (count - 1) / 2)[place]
    return result


def _p_value(
    statistic: Callable[[Floats], Floats],
    y: Floats,
    permuted: Callable[[int], Floats],
    permutations: int,
    freedom: tuple[int, int],
) -> float:
    """Share of permutations, the data among them, with a statistic no smaller; of many models, by F.

    The statistic is a ratio of sums of squares: what is asked about, over what is left.
    """
    observed = float(statistic(y))
    if len(y) > MOST_PERMUTED:
        return float(fdtrc(*freedom, observed * freedom[1] / freedom[0]))
    exceeding, step = 0, max(1, _MOST_CELLS // len(y))
    for start in range(0, permutations, step):
        found = statistic(permuted(min(step, permutations - start)))
        # Permutations that leave the data as they are differ in their last digits only.
        exceeding += int((found >= observed * (1 - 1e-9)).sum())
    return (1 + exceeding) / (1 + permutations)


def _between(y: Floats, group: Ints) -> Floats:
    centred = y - y.mean(axis=-1, keepdims=True)
    result: Floats = _explained(centred, centred, group) / np.square(centred).sum(axis=-1)
    return result


def _explained(one: Floats, other: Floats, group: Ints) -> Floats:
    """Sum of products of the groups' means of two centred columns, each model counted."""
    result: Floats = (_by_group(one, group) * _by_group(other, group) / np.bincount(group)).sum(axis=-1)
    return result


def _by_group(values: Floats, group: Ints) -> Floats:
    """Sums over each group, shape (..., groups)."""
    if values.ndim == 1:
        sums: Floats = np.bincount(group, values).astype(np.float64)
        return sums
    result: Floats = values @ np.eye(int(group.max()) + 1)[group]
    return result


def _signed_root(sums: Sums) -> Floats:
    alone, beside = sums.roots
    square = (alone * np.abs(alone) + beside * np.abs(beside)) / 2
    result: Floats = np.sign(square) * np.sqrt(np.abs(square))
    return result


def _ratio(product: Floats, one: Floats, other: Floats) -> Floats:
    """A correlation of sums; 0 where one of them does not vary, since nothing can then go with it."""
    scale = np.sqrt(np.maximum(one * other, 0.0))
    result: Floats = np.divide(product, scale, out=np.zeros(np.broadcast(product, scale).shape), where=scale > 0)
    return result
