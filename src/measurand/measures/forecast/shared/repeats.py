"""Repeated attempts at behaviours as counts, with the success observed after k of them and both forecasts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.measures.forecast.shared.efforts import clusters_of
from measurand.stats.attempts.beta_binomial import BetaBinomial, allowed_drop, fit_beta_binomial
from measurand.stats.attempts.logit_normal import fit_logit_normal
from measurand.stats.attempts.pass_at_k import fit_power_law, pass_at_k
from measurand.stats.attempts.survival import kaplan_meier, shares_under
from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.intervals.clustered import (
    bell_mccaffrey,
    cluster_sizes,
    cluster_sums,
    cr2_weights,
    share_limits,
)
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.resampling import bootstrap_weights
from measurand.tables import Attempts

__all__ = [
    "LEAST_FOR_BACKTEST",
    "Forecast",
    "Repeats",
    "grid_to",
    "observed",
    "power_forecast",
    "rate_forecast",
    "repeats_of",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_FOR_BACKTEST = 20
"""Attempts of which a tenth can still be fitted."""
POINTS = 12
"""Numbers of attempts, evenly on a log scale, that the power law is fitted to."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Repeats:
    """Attempts of one method on one target, behaviour by behaviour.

    Parameters
    ----------
    target, method : names.
    outcomes : for each behaviour the outcomes of its attempts in order, and the effort each belongs to.
    clusters : shape (behaviours,): number of the cluster of each; None where each stands alone.
    stopped : whether attempts end with the first success, so that their number is no plan but an outcome.
    """

    target: str
    method: str
    outcomes: tuple[npt.NDArray[np.bool_], ...]
    efforts: tuple[Ints, ...]
    clusters: Ints | None
    stopped: bool

    @property
    def behaviours(self) -> int:
        """How many there are."""
        return len(self.outcomes)

    @property
    def codes(self) -> Ints:
        """Number of the cluster of each behaviour, its own where it has none."""
        return np.arange(self.behaviours) if self.clusters is None else self.clusters

    @property
    def attempts(self) -> int:
        """Attempts up to which success is observed: those that all but the `short` had, or the longest effort."""
        if self.stopped:
            times, came, _ = self.first_successes()
            return int(kaplan_meier(times, came, 0.95).while_at_risk(min(5, len(times))).last)
        return int(self.counts()[0][~self.short].min())

    @property
    def short(self) -> npt.NDArray[np.bool_]:
        """Behaviours tried less than half as often as the middle one: what more attempts would bring is not known."""
        n = self.counts()[0]
        found: npt.NDArray[np.bool_] = (n < np.median(n) / 2) & (not self.stopped)
        return found

    @property
    def unknown(self) -> npt.NDArray[np.bool_]:
        """The short ones that never came: whether they would have is not known."""
        found: npt.NDArray[np.bool_] = self.short & (self.counts()[1] == 0)
        return found

    def unknown_by(self, k: int) -> int:
        """How many of the unknown ones were tried fewer than k times: the share that came by then may lack them."""
        return int((self.unknown & (self.counts()[0] < k)).sum())

    def first(self, most: int) -> Repeats:
        """The same with the first attempts of each effort, or of each behaviour, alone."""
        kept = [(_place_within(own) if self.stopped else np.arange(len(own))) < most for own in self.efforts]
        outcomes = tuple(each[keep] for each, keep in zip(self.outcomes, kept, strict=True))
        efforts = tuple(each[keep] for each, keep in zip(self.efforts, kept, strict=True))
        return replace(self, outcomes=outcomes, efforts=efforts)

    def counts(self) -> tuple[Floats, Floats]:
        """Attempts and successes of each behaviour."""
        return (
            np.array([len(each) for each in self.outcomes], dtype=np.float64),
            np.array([each.sum() for each in self.outcomes], dtype=np.float64),
        )

    def first_successes(self) -> tuple[Floats, npt.NDArray[np.bool_], Ints]:
        """Of each effort: attempts up to its success or its end, whether it came, and the place of its behaviour."""
        rows = []
        for place, (outcomes, efforts) in enumerate(zip(self.outcomes, self.efforts, strict=True)):
            for effort in np.unique(efforts):
                own = outcomes[efforts == effort]
                came = bool(own.any())
                rows.append((int(own.argmax()) + 1 if came else len(own), came, place))
        times, came_all, places = zip(*rows, strict=True)
        return np.array(times, dtype=np.float64), np.array(came_all), np.array(places, dtype=np.int64)


def _place_within(efforts: Ints) -> Ints:
    """Place of each attempt within its effort, from 0; attempts of an effort follow one another."""
    starts = np.flatnonzero(np.diff(efforts, prepend=efforts[0] - 1))
    lengths = np.diff(np.append(starts, len(efforts)))
    return np.arange(len(efforts)) - np.repeat(starts, lengths)


def repeats_of(attempts: Attempts, success_from: float) -> Iterator[Repeats]:
    """Repeated attempts by target and method."""
    frame = attempts.frame.with_columns(
        (pl.col("success") >= success_from).alias("came"),
        pl.struct("target", "method", "behaviour", "seed").rank("dense").cast(pl.Int64).alias("effort"),
    ).sort("target", "method", "behaviour", "seed", "attempt", maintain_order=True)
    for (target, method), own in frame.group_by("target", "method", maintain_order=True):
        of = own.group_by("behaviour", maintain_order=True).agg("came", "effort", pl.col("cluster").first())
        outcomes = tuple(np.array(each, dtype=np.bool_) for each in of["came"])
        efforts = tuple(np.array(each, dtype=np.int64) for each in of["effort"])
        yield Repeats(
            target=str(target),
            method=str(method),
            outcomes=outcomes,
            efforts=efforts,
            clusters=clusters_of(of)[0],
            stopped=_stopped(outcomes, efforts),
        )


def _stopped(outcomes: tuple[npt.NDArray[np.bool_], ...], efforts: tuple[Ints, ...]) -> bool:
    """Whether no attempt follows a success, in efforts of which some are shorter than others."""
    some, lengths = False, set()
    for came, effort in zip(outcomes, efforts, strict=True):
        for each in np.unique(effort):
            own = came[effort == each]
            lengths.add(len(own))
            if own[:-1].any():
                return False
            some = some or bool(own[-1])
    return some and len(lengths) > 1


def grid_to(most: int) -> Ints:
    """Whole numbers from 1 to `most`, about evenly on a log scale."""
    return np.unique(np.round(np.geomspace(1, most, POINTS)).astype(np.int64)) if most > 1 else np.array([1])


def _rates(repeats: Repeats, grid: npt.ArrayLike) -> Floats:
    """Unbiased success of each behaviour after k attempts, or after as many as it had, shape (behaviours, k)."""
    n, c = repeats.counts()
    return pass_at_k(n[:, None], c[:, None], np.minimum(np.asarray(grid)[None, :], n[:, None]))


def observed(repeats: Repeats, k: int, level: float) -> Limits:
    """Share of behaviours with a success within k attempts that were made, with limits over behaviours or clusters.

    Those tried less often count as far as they went; the upper limit is that of all of them coming.
    """
    if repeats.stopped:
        times, came, places = repeats.first_successes()
        return kaplan_meier(times, came, level, repeats.codes[places]).by(k)
    rates = _rates(repeats, [k])[:, 0]
    found = _share(repeats, rates, level)
    censored = repeats.short & (repeats.counts()[0] < k)
    if not censored.any():
        return found
    return found._replace(high=_share(repeats, np.where(censored, 1.0, rates), level).high)


def _share(repeats: Repeats, rates: Floats, level: float) -> Limits:
    means = cluster_sums(rates[None], np.unique(repeats.codes, return_inverse=True)[1].astype(np.int64)).means()
    groups = int(means.clusters[0])
    value = float(means.value[0])
    # All alike leave no spread to judge by: exact limits of as many behaviours or clusters.
    if value in (0.0, 1.0):
        low, high = clopper_pearson(groups * value, groups, level)
        return Limits(value, float(low), float(high))
    lows, highs = share_limits(means.value, means.stderr, means.df, level)
    return Limits(value, float(lows[0]), float(highs[0]))


@dataclass(frozen=True, eq=False)
class Forecast:
    """Success after k attempts as two families of rates forecast it.

    Parameters
    ----------
    fit : the beta-binomial fit.
    beta : by it alone, with profile limits.
    joint : by the family that fits better; limits hold what any distribution of either family gives that fits the
        counts nearly as well as the best.
    family : ``"beta"`` or ``"logit-normal"``, the better one.
    """

    fit: BetaBinomial
    beta: Limits
    joint: Limits
    family: str


def rate_forecast(repeats: Repeats, k: int, level: float) -> Forecast:
    """Forecast for k attempts from how rates differ between behaviours; clusters widen the limits."""
    n, c = repeats.counts()
    fit = fit_beta_binomial(n, c)
    other = fit_logit_normal(n, c)
    inflation, df = 1.0, math.inf
    if repeats.clusters is not None and 0 < c.sum() < n.sum():
        influence = fit.influence(n, c, k)
        by_cluster = np.bincount(np.unique(repeats.clusters, return_inverse=True)[1], influence)
        alone = float((influence**2).sum())
        if len(by_cluster) > 1 and alone > 0:
            sizes = cluster_sizes(repeats.clusters, len(n))
            inflation = float(cr2_weights(sizes) @ by_cluster**2) / alone
            df = float(bell_mccaffrey(sizes))
    drop = allowed_drop(level, inflation=inflation, df=df)
    value = fit.pass_at_k(k)
    own = fit.limits(k, fit.log_likelihood - drop)
    beta = Limits(value, min(*own, value), max(*own, value))
    better = other.log_likelihood > fit.log_likelihood
    cut = max(fit.log_likelihood, other.log_likelihood) - drop
    both = (*other.limits(k, cut), *(fit.limits(k, cut) if better else own))
    ends = [limit for limit in both if math.isfinite(limit)]
    value = other.pass_at_k(k) if better else value
    # Behaviours tried too seldom that never came may never do so, whatever the others say of their rates.
    possible = 1 - float(repeats.unknown.mean())
    joint = Limits(value, min(*ends, value) * possible, max(*ends, value))
    return Forecast(fit, beta, joint, "logit-normal" if better else "beta")


def power_forecast(
    repeats: Repeats, most: int, k: int, resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float, Limits]:
    """Scale and exponent of the power law fitted up to `most` attempts, and its forecast for k, resampling clusters."""
    grid = grid_to(most)
    weights = np.ones((resamples + 1, repeats.behaviours))
    if resamples:
        weights[1:] = bootstrap_weights(repeats.behaviours, resamples, rng, repeats.codes)
    if repeats.stopped:
        times, came, places = repeats.first_successes()
        curves = shares_under(times, came, weights[:, places], grid)
    else:
        curves = weights @ _rates(repeats, grid) / weights.sum(axis=1, keepdims=True)
    law = fit_power_law(grid, curves)
    forecasts = law.success(float(k))
    rest = forecasts[1:][np.isfinite(forecasts[1:])]
    low = high = math.nan
    # Resamples without three points between 0 and 1 have no power law; where many have none, neither has the interval.
    if len(rest) >= 0.9 * max(resamples, 1):
        low, high = (float(x) for x in np.quantile(rest, [(1 - level) / 2, (1 + level) / 2]))
    return float(law.scale[0]), float(law.exponent[0]), Limits(float(forecasts[0]), low, high)
