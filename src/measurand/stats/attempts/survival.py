"""Time, or cost, to a first event when some efforts end before it: Kaplan-Meier, also over clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.intervals.clustered import bell_mccaffrey, cluster_sizes, cr2_weights, t_limits
from measurand.stats.intervals.distributions import norm, student
from measurand.stats.intervals.limits import Limits

__all__ = ["Incidence", "kaplan_meier", "quantiles_under", "shares_under"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class Incidence:
    """Share of efforts that have had their event by each cost, one less the Kaplan-Meier survival.

    Parameters
    ----------
    times : shape (J,): the costs at which efforts had their event or ended without it, in order.
    share : shape (J,): share with an event by each.
    events, at_risk : shape (J,): efforts with an event at a cost, and efforts that spent at least as much.
    low, high : shape (J,): pointwise limits of the share.
    level : of the limits.
    sizes : shape (groups,): efforts of each cluster, or 1 of each effort where each is its own.
    increments : shape (groups or 1, J): what each cluster adds to the variance of the log of survival at a cost; one
        row of Greenwood's terms where efforts are independent.
    """

    times: Floats
    share: Floats
    events: Floats
    at_risk: Floats
    low: Floats
    high: Floats
    level: float
    sizes: Floats
    increments: Floats

    @property
    def groups(self) -> int:
        """Clusters, or efforts where each is its own."""
        return len(self.sizes)

    @property
    def last(self) -> float:
        """The largest cost spent in any effort: nothing is known beyond it."""
        return float(self.times[-1])

    def while_at_risk(self, least: int) -> Incidence:
        """The curve as far as at least that many efforts spent as much: behind its end, one effort moves it far.

        Examples
        --------
        >>> kaplan_meier([1.0, 2.0, 3.0], [True, False, True], 0.95).while_at_risk(2).share.round(3).tolist()
        [0.333, 0.333]
        """
        kept = slice(0, max(1, int((self.at_risk >= least).sum())))
        names = ("times", "share", "events", "at_risk", "low", "high")
        parts = {name: getattr(self, name)[kept] for name in names}
        return replace(self, **parts, increments=self.increments[:, kept])

    def by(self, cost: float) -> Limits:
        """Share with an event by a cost, and its limits: exact ones (Clopper and Pearson) where no effort ended before.

        Else those of as many independent efforts as would tell as much, ``p (1 - p) / variance``; with clusters times
        the square of z over t. Those of the log-log scale, which the curve has, lie above a small true share too often:
        2 of 10 successes were shown to be above 5%, which at that share come in 8.6% of studies.

        Beyond the largest cost spent nothing but the lower limit is known; where all had their event, all still have.

        References
        ----------
        Korn and Graubard 1998, Confidence intervals for proportions with small expected number of positive counts
        estimated from survey data, Survey Methodology 24(2).

        Examples
        --------
        >>> found = kaplan_meier([1.0, 2.0, 3.0, 4.0], [True, True, False, False], 0.95)
        >>> found.by(2.5).value, [round(x, 3) for x in found.by(9.0)[1:]]
        (0.5, [0.068, 1.0])
        """
        place = int(np.searchsorted(self.times, cost, side="right")) - 1
        if place < 0:
            return Limits(0.0, 0.0, float(clopper_pearson(0, self.groups, self.level)[1]))
        if cost > self.last and self.share[-1] < 1:
            return Limits(float("nan"), self._exact(len(self.times) - 1).low, 1.0)
        return self._exact(place)

    def _exact(self, place: int) -> Limits:
        share = float(self.share[place])
        log_variance, df = self._variance(np.ones(place + 1))
        variance = (1 - share) ** 2 * log_variance
        if not (0 < share < 1 - _ROUNDING and variance > 0):
            return Limits(share, float(self.low[place]), float(self.high[place]))
        tail = 0.5 + self.level / 2
        worth = share * (1 - share) / variance * float(norm.ppf(tail) / student.ppf(tail, df)) ** 2
        low, high = clopper_pearson(share * worth, worth, self.level)
        return Limits(share, float(low), float(high))

    def _variance(self, weights: Floats) -> tuple[float, float]:
        """Variance of the weighted sum of the steps of the log of survival up to a cost, and its degrees of freedom.

        `weights` has one for each of the first costs.
        """
        steps = self.increments[:, : len(weights)]
        if len(steps) == 1:
            return float((steps[0] * weights**2).sum()), float(np.inf)
        return float(cr2_weights(self.sizes) @ (steps @ weights) ** 2), float(bell_mccaffrey(self.sizes))

    def quantile(self, share: float) -> Limits:
        """Cost by which a share had their event, with the limits of Brookmeyer and Crowley.

        Returns
        -------
        Limits
            Infinite where the share (or its limit) was not reached within the costs spent: `low` is then a bound.

        References
        ----------
        Brookmeyer and Crowley 1982, A confidence interval for the median survival time, Biometrics 38(1).

        Examples
        --------
        >>> kaplan_meier(np.arange(1.0, 21.0), np.ones(20, dtype=bool), 0.95).quantile(0.5)
        Limits(value=10.0, low=5.0, high=15.0)
        """
        low = _first(self.times, self.high, share)
        value, high = (_first(self.times, curve, share) for curve in (self.share, self.low))
        return Limits(value, low if np.isfinite(low) else self.last, high)

    def area(self, upto: float) -> Limits:
        """Mean share over costs from 0 to `upto`: the area under the curve over its width, with limits.

        Undefined (NaN) beyond the costs spent.

        Examples
        --------
        >>> round(kaplan_meier([1.0, 2.0, 3.0, 4.0], [True] * 4, 0.95).area(4.0).value, 6)
        0.375
        """
        if upto > self.last and self.share[-1] < 1:
            return Limits(float("nan"), float("nan"), float("nan"))
        inside = self.times < upto
        edges = np.concatenate([self.times[inside], [upto]])
        surviving = 1 - self.share[inside]
        pieces = surviving * np.diff(edges)
        value = 1 - (min(float(edges[0]), upto) + float(pieces.sum())) / upto
        after = np.cumsum(pieces[::-1])[::-1] / upto
        variance, df = self._variance(after)
        low, high = t_limits(np.array([value]), np.array([variance**0.5]), np.array([df]), self.level)
        return Limits(value, max(0.0, float(low[0])), min(1.0, float(high[0])))

    def staircase(self) -> tuple[Floats, Floats]:
        """The curve as points joined by straight lines: each step stands as two points at its cost."""
        costs = np.concatenate([[0.0], np.repeat(self.times, 2)])
        return costs, np.repeat(np.concatenate([[0.0], self.share]), 2)[:-1]


def kaplan_meier(
    times: npt.ArrayLike, events: npt.ArrayLike, level: float, clusters: npt.ArrayLike | None = None
) -> Incidence:
    """Kaplan-Meier estimate of the share with an event by each cost, with log-log limits.

    Independent efforts have Greenwood's variance. With clusters, the influence of each cluster on the log of survival
    takes its place, with CR2 weights and t (with one effort per cluster the two are nearly equal). Where no
    effort had an event yet, or all had, the limits are the exact ones of a share over those at risk.

    Parameters
    ----------
    times : shape (n,): cost to the event, or spent without it; at least 0 and finite.
    events : shape (n,): whether the event came.
    level : confidence level, in (0, 1).
    clusters : shape (n,): numbers of the clusters; each effort is its own by default.

    Raises
    ------
    ValueError
        No effort, or a time that is negative or not finite.

    References
    ----------
    Kaplan and Meier 1958, JASA 53(282); Williams 1995, Product-limit survival functions with correlated survival times,
    Lifetime Data Analysis 1(2).

    Examples
    --------
    >>> found = kaplan_meier([1.0, 2.0, 2.0, 3.0], [True, True, False, False], 0.95)
    >>> found.share.tolist(), found.at_risk.tolist()
    ([0.25, 0.5, 0.5], [4.0, 3.0, 1.0])
    """
    spent, came = np.asarray(times, dtype=np.float64), np.asarray(events, dtype=np.bool_)
    if not len(spent) or not (np.isfinite(spent).all() and (spent >= 0).all()):
        raise ValueError("times should be at least one number, each at least 0 and finite")
    costs, place = np.unique(spent, return_inverse=True)
    d: Floats = np.bincount(place, came, minlength=len(costs)).astype(np.float64)
    n = np.bincount(place, minlength=len(costs))[::-1].cumsum()[::-1].astype(np.float64)
    surviving: Floats = np.cumprod(1 - d / n).astype(np.float64)
    if clusters is None or len(np.unique(clusters)) == len(spent):
        sizes, with_risk = np.ones(len(spent)), n
        increments = np.divide(d, n * (n - d), out=np.zeros_like(n), where=n > d)[None, :]
        variance, df = increments[0].cumsum(), float(np.inf)
    else:
        codes = np.unique(np.asarray(clusters), return_inverse=True)[1]
        sizes = cluster_sizes(codes, len(codes))
        groups = len(sizes)
        own_d, own_n = np.zeros((groups, len(costs))), np.zeros((groups, len(costs)))
        np.add.at(own_d, (codes, place), came)
        np.add.at(own_n, (codes, place), 1)
        own_n = own_n[:, ::-1].cumsum(axis=1)[:, ::-1]
        with_risk = (own_n > 0).sum(axis=0).astype(np.float64)
        increments = np.divide(own_d - own_n * (d / n), n - d, out=np.zeros_like(own_n), where=n > d)
        variance, df = cr2_weights(sizes) @ increments.cumsum(axis=1) ** 2, float(bell_mccaffrey(sizes))
    all_came = float(clopper_pearson(len(sizes), len(sizes), level)[0]) if d.sum() == len(spent) else 0.0
    low, high = _limits(surviving, variance, with_risk, level, df, all_came)
    return Incidence(
        times=costs,
        share=1 - surviving,
        events=d,
        at_risk=n,
        low=low,
        high=high,
        level=level,
        sizes=sizes,
        increments=increments,
    )


def _limits(
    surviving: Floats, variance: Floats, at_risk: Floats, level: float, df: float, all_came: float
) -> tuple[Floats, Floats]:
    """Limits of one less survival, monotone as the curve is; where none survives, the lower is at least `all_came`."""
    inner = (surviving > _ROUNDING) & (surviving < 1)
    safe = np.where(inner, surviving, 0.5)
    quantile = norm.ppf(0.5 + level / 2) if np.isinf(df) else student.ppf(0.5 + level / 2, df)
    with np.errstate(over="ignore", invalid="ignore"):
        half = quantile * np.sqrt(variance) / np.abs(np.log(safe))
        low, high = 1 - safe ** np.exp(-half), 1 - safe ** np.exp(half)
    none = surviving >= 1
    low = np.where(none, 0.0, low)
    high = np.where(none, clopper_pearson(0, at_risk, level)[1], high)
    low, high = np.where(surviving <= _ROUNDING, all_came, low), np.where(surviving <= _ROUNDING, 1.0, high)
    unknown = ~np.isfinite(low) | ~np.isfinite(high)
    low, high = np.where(unknown, 0.0, low), np.where(unknown, 1.0, high)
    return np.maximum.accumulate(low), np.maximum.accumulate(high)


def _first(times: Floats, shares: Floats, share: float) -> float:
    reached = np.flatnonzero(shares >= share - _ROUNDING)
    return float(times[reached[0]]) if len(reached) else float("inf")


def shares_under(times: npt.ArrayLike, events: npt.ArrayLike, weights: Floats, costs: npt.ArrayLike) -> Floats:
    """Share with an event by each of some costs, under many weightings of the same efforts.

    Parameters
    ----------
    times, events : shape (n,), as in `kaplan_meier`.
    weights : shape (replicates, n): how often an effort counts.
    costs : shape (m,).

    Returns
    -------
    array, shape (replicates, m)

    Examples
    --------
    >>> shares_under([1.0, 2.0, 3.0], [True, True, False], np.ones((1, 3)), [1.0, 2.5]).round(3).tolist()
    [[0.333, 0.667]]
    """
    order, curves = _curves_under(times, events, weights)
    places = np.searchsorted(np.asarray(times, dtype=np.float64)[order], np.asarray(costs), side="right")
    found: Floats = np.concatenate([np.zeros((len(weights), 1)), curves], axis=1)[:, places]
    return found


def quantiles_under(times: npt.ArrayLike, events: npt.ArrayLike, weights: Floats, share: float) -> Floats:
    """Cost by which a share had their event, under many weightings of the same efforts.

    Parameters
    ----------
    times, events, weights : as in `shares_under`.

    Returns
    -------
    array, shape (replicates,); infinite where the share is not reached.

    Examples
    --------
    >>> weights = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 2.0]])
    >>> quantiles_under([1.0, 2.0, 3.0], [True, True, False], weights, 0.5).tolist()
    [2.0, inf]
    """
    order, curves = _curves_under(times, events, weights)
    reached = curves >= share - _ROUNDING
    spent = np.asarray(times, dtype=np.float64)[order]
    found: Floats = np.where(reached.any(axis=1), spent[reached.argmax(axis=1)], np.inf)
    return found


def _curves_under(times: npt.ArrayLike, events: npt.ArrayLike, weights: Floats) -> tuple[Ints, Floats]:
    """Order of the efforts, and the share with an event after each of them, shape (replicates, n)."""
    spent, came = np.asarray(times, dtype=np.float64), np.asarray(events, dtype=np.bool_)
    # Events come before endings at the same cost, so that each effort at risk is counted one after the other.
    order = np.lexsort((~came, spent)).astype(np.int64)
    own = weights[:, order]
    at_risk = own[:, ::-1].cumsum(axis=1)[:, ::-1]
    hazard = np.divide(own * came[order], at_risk, out=np.zeros_like(own), where=at_risk > 0)
    return order, 1 - np.cumprod(1 - hazard, axis=1)
