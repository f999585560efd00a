"""How many items, epochs, clusters, prompts or models a question needs, and what effect a design can find."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.binomial import proportion_limits
from measurand.stats.intervals.distributions import binom, chi2, norm, student

__all__ = [
    "ClusterEffect",
    "McNemarPower",
    "PairedDesign",
    "items_for_half_width",
    "mcnemar_power",
    "models_for_correlation",
    "units_for_half_width",
]

Floats = npt.NDArray[np.float64]

MOST = 10**9
"""Counts are not searched beyond this."""

SURE = 0.8
"""Confidence of the upper limit of a design effect that is planned with: studies so planned had the power asked for,
within 5 points, from pilots of 6 to 100 unequal clusters; from the point estimate they missed it by up to 30."""


@dataclass(frozen=True)
class ClusterEffect:
    """How much less items in clusters tell than independent ones, as a pilot shows it.

    Parameters
    ----------
    seen : the design effect: variance of a mean over what independent items would give.
    df : degrees of freedom with which the pilot knows it: few where clusters are few or unequal.

    Examples
    --------
    >>> few, many = ClusterEffect(2.0, 5.0), ClusterEffect(2.0, 500.0)
    >>> round(few.upper, 2), round(many.upper, 2)
    (4.27, 2.11)
    """

    seen: float = 1.0
    df: float = math.inf

    @property
    def upper(self) -> float:
        """Upper limit of the design effect at a confidence of 80%."""
        return self.seen if math.isinf(self.df) else self.seen * self.df / float(chi2.ppf(1 - SURE, self.df))


@dataclass(frozen=True, kw_only=True)
class PairedDesign:
    """A comparison of two models on the same items.

    Parameters
    ----------
    between : variance over items of the true difference (w^2); no number of epochs removes it.
    within_first, within_second : variance of one answer to an item, around what the model scores on it on average.
    design_effect : variance of the mean difference over what independent items would give.
    alpha : two-sided level of the test, in (0, 1).
    counts : whether the exact McNemar test will be used: it asks for one discordant item more than the normal one
        (the continuity correction), ``1 / n`` of the difference.
    per_cluster : items in a cluster, of clusters of equal size that would be tested with as many degrees of freedom;
        0 where items are independent. Few clusters are tested by t(G - 1), whose quantiles take the place of the
        normal ones.

    Examples
    --------
    >>> design = PairedDesign(between=0.11, within_first=0.11, within_second=0.11)
    >>> design.items(effect=0.05, power=0.8), design.items(effect=0.05, power=0.8, epochs=4)
    (1037, 519)
    >>> round(design.smallest_effect(items=1037, power=0.8), 3)
    0.05
    """

    between: float
    within_first: float = 0.0
    within_second: float = 0.0
    design_effect: float = 1.0
    alpha: float = 0.05
    counts: bool = False
    per_cluster: float = 0.0

    def variance(self, epochs: float = 1) -> float:
        """Variance of one item's difference between means over epochs."""
        return self.between + (self.within_first + self.within_second) / epochs

    def items(self, *, effect: float, power: float, epochs: float = 1) -> int:
        """Fewest items at which a true difference is found with that power.

        ``n = (z_{alpha/2} + z_beta)^2 (w^2 + s_A^2 / K + s_B^2 / K) / d^2`` times the design effect.

        References
        ----------
        Miller 2024, arXiv 2411.00640, section 5; Card et al. 2020, With little power comes great responsibility.
        """
        if self.per_cluster:
            return self._items_of_clusters(effect, power, epochs)
        reach = self._reach(power, math.inf) * math.sqrt(self.design_effect * self.variance(epochs))
        # sqrt(n) solves effect n - reach sqrt(n) - counts = 0, the continuity correction included.
        root = (reach + math.sqrt(reach**2 + 4 * effect * self.counts)) / (2 * effect)
        return math.ceil(root**2 - 1e-9)

    def _items_of_clusters(self, effect: float, power: float, epochs: float) -> int:
        """The quantile of t depends on the number of clusters, and that on the quantile: found by their crossing."""

        def excess(log_items: float) -> float:
            return self.smallest_effect(items=math.exp(log_items), power=power, epochs=epochs) - effect

        # Two clusters are the fewest with a degree of freedom; logarithms, as the root may lie at tens or at 1e12.
        fewest = math.log(2 * self.per_cluster)
        if excess(fewest) <= 0:
            return math.ceil(2 * self.per_cluster)
        from scipy.optimize import brentq  # a fifth of a second, only where a root is sought

        return math.ceil(math.exp(brentq(excess, fewest, math.log(1e15))) - 1e-9)

    def smallest_effect(self, *, items: float, power: float, epochs: float = 1) -> float:
        """Smallest true difference that is found with that power: the minimum detectable effect."""
        spread = math.sqrt(self.design_effect * self.variance(epochs) / items)
        return self._reach(power, items) * spread + self.counts / items

    def power(self, *, effect: float, items: float, epochs: float = 1) -> float:
        """Chance that a true difference of this size is found."""
        spread = math.sqrt(self.design_effect * self.variance(epochs) / items)
        shift = max(effect - self.counts / items, 0.0) / spread
        df = self._df(items)
        limit = student.ppf(1 - self.alpha / 2, df)
        return float(student.sf(limit - shift, df) + student.cdf(-limit - shift, df))

    def _reach(self, power: float, items: float) -> float:
        return float(student.ppf(np.array([1 - self.alpha / 2, power]), self._df(items)).sum())

    def _df(self, items: float) -> float:
        """Degrees of freedom: of the clusters, where there are any; the normal has infinitely many."""
        if not self.per_cluster or math.isinf(items):
            return math.inf
        return max(items / self.per_cluster - 1, 1.0)


@dataclass(frozen=True)
class McNemarPower:
    """What the exact McNemar test does: its power, and how wrong a significant result is.

    Parameters
    ----------
    power : chance that it is significant and has the right sign.
    exaggeration : mean size of a significant difference over the true one (type M error).
    wrong_sign : share of significant differences of the wrong sign (type S error).
    """

    power: float
    exaggeration: float
    wrong_sign: float


def mcnemar_power(only_first: float, only_second: float, items: int, alpha: float = 0.05) -> McNemarPower:
    """Power of the exact McNemar test by enumeration of every outcome.

    Parameters
    ----------
    only_first, only_second : chance that an item is right for the one model alone, or the other alone.
    items : number of items.
    alpha : level of the test.

    References
    ----------
    Card et al. 2020, EMNLP; Gelman and Carlin 2014 (type M and type S errors).

    Examples
    --------
    >>> round(mcnemar_power(0.0225, 0.0025, 500).power, 4)
    0.7976
    """
    discordant = np.arange(items + 1)
    chance = only_first + only_second
    weights = binom.pmf(discordant, items, chance)
    # Most numbers of discordant items are too improbable to change a digit, and each costs an enumeration.
    kept = np.flatnonzero(weights > 1e-14)
    share = only_first / chance if chance else 0.5
    significant = size = wrong = 0.0
    for n in kept:
        counts = np.arange(n + 1)
        # Rejected are the outcomes whose smaller count is at most the largest c with 2 P(X <= c) <= alpha.
        limit = int(binom.ppf(alpha / 2, n, 0.5))
        limit -= bool(2 * binom.cdf(limit, n, 0.5) > alpha)
        rejected = np.minimum(counts, n - counts) <= limit
        mass = weights[n] * binom.pmf(counts, n, share) * rejected
        difference = 2 * counts - n
        significant += mass.sum()
        size += (mass * np.abs(difference)).sum() / items
        wrong += mass[np.sign(difference) == -np.sign(only_first - only_second)].sum()
    effect = abs(only_first - only_second)
    if significant == 0:
        return McNemarPower(0.0, math.nan, math.nan)
    exaggeration = size / significant / effect if effect else math.nan
    return McNemarPower(float(significant - wrong), float(exaggeration), float(wrong / significant))


def units_for_half_width(deviation: float, half: float, level: float) -> int:
    """Fewest items (or clusters) whose mean has an interval of this half width, t with one degree of freedom less.

    Parameters
    ----------
    deviation : standard deviation of one unit's score.
    half : half width wanted.
    level : confidence level of the interval.

    Examples
    --------
    >>> units_for_half_width(0.5, 0.05, 0.95)
    388
    """
    n = max(2, math.ceil((norm.ppf(0.5 + level / 2) * deviation / half) ** 2))
    while student.ppf(0.5 + level / 2, n - 1) * deviation / math.sqrt(n) > half:
        n += max(1, n // 100)
    return n


def items_for_half_width(rate: float, half: float, level: float) -> int:
    """Fewest independent items, right at this rate, whose interval has this half width on average of its two sides.

    Examples
    --------
    >>> items_for_half_width(0.5, 0.05, 0.95), items_for_half_width(0.0, 0.05, 0.95)
    (381, 36)
    """

    def wide(n: int) -> bool:
        low, high = proportion_limits(rate * n, n, level)
        return bool(high - low > 2 * half)

    low, high = 1, 2
    while wide(high):
        low, high = high, 2 * high
        if high > MOST:
            return MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wide(middle) else (low, middle)
    return high


def models_for_correlation(rho: float, bound: float, *, power: float, alpha: float = 0.05) -> int:
    """Models from which a rank correlation is told from a bound, two-sided, with that power.

    On Fisher's scale with the standard error of Bonett and Wright, ``sqrt((1 + rho^2 / 2) / (n - 3))``; models are
    taken as independent, so models of few families need more.

    Parameters
    ----------
    rho, bound : true correlation and the bound it should be told from, in (-1, 1).
    power, alpha : power wanted, and two-sided level.

    References
    ----------
    Bonett and Wright 2000, Psychometrika 65(1).

    Examples
    --------
    >>> models_for_correlation(0.8, 0.5, power=0.8)
    38
    """
    reach = norm.ppf(1 - alpha / 2) + norm.ppf(power)
    return math.ceil(3 + (1 + rho**2 / 2) * (reach / (math.atanh(rho) - math.atanh(bound))) ** 2)
