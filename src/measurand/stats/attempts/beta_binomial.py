"""Success rates that differ between behaviours as a beta distribution: fit, and what it says of many attempts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import expit, gammaln

from measurand.stats.intervals.distributions import chi2, fisher

__all__ = ["BetaBinomial", "allowed_drop", "beta_pass_at_k", "fit_beta_binomial"]

Floats = npt.NDArray[np.float64]

_PRECISIONS = np.logspace(-2.5, 7, 36)
"""a + b: from rates that are all 0 or 1 to rates that are all alike."""
_FINE = 32
"""Precisions between those that the likelihood allows."""
_MOST_SUMMED = 500
"""Attempts up to which logs are summed in place of differences of log-gammas."""
_WIDEST = 40.0
"""Logit of the mean rate, at most and at least."""
_GOLDEN = (np.sqrt(5) - 1) / 2


def beta_pass_at_k(a: npt.ArrayLike, b: npt.ArrayLike, k: npt.ArrayLike) -> Floats:
    """Chance of a success in k attempts, over rates from a beta distribution: 1 - B(a, b + k) / B(a, b).

    References
    ----------
    Kazdan et al. 2025, Efficient prediction of pass@k scaling in large language models, arXiv 2510.05197.

    Examples
    --------
    >>> beta_pass_at_k(0.3, 3.0, [1, 100, 10_000]).round(4).tolist()
    [0.0909, 0.6656, 0.9154]
    """
    miss = _log_miss(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64), np.asarray(k))
    return np.asarray(-np.expm1(np.minimum(miss, 0.0)), dtype=np.float64)


def _log_miss(a: Floats, b: Floats, k: npt.ArrayLike) -> Floats:
    """Log of the chance of no success in k attempts."""
    tries = np.asarray(k, dtype=np.float64)
    return np.asarray(_rising(b, tries) - _rising(a + b, tries), dtype=np.float64)


def _rising(x: Floats, n: Floats) -> Floats:
    """log of Gamma(x + n) / Gamma(x), without loss where x is large beside n."""
    large = x > 1e4 * np.maximum(n, 1.0)
    # Stirling's series: the difference of two large log-gammas would leave rounding only.
    safe = np.where(large, x, 1.0)
    many = n * np.log(safe) + n * (n - 1) / (2 * safe) - n * (n - 1) * (2 * n - 1) / (12 * safe**2)
    return np.where(large, many, gammaln(np.where(large, 1.0, x) + n) - gammaln(np.where(large, 1.0, x)))


@dataclass(frozen=True, eq=False)
class BetaBinomial:
    """A fit by maximum likelihood, with what its likelihood says of the number of attempts asked.

    Parameters
    ----------
    a, b : of the beta distribution; at the end of what was searched where the rates do not differ, or no attempt (or
        every one) succeeded.
    log_likelihood : at the maximum, without what does not depend on a and b.
    counts : unique attempts and successes, and how many behaviours have them; shapes (m,).
    means : logit of the mean rate of greatest likelihood at each a + b that was searched.
    """

    a: float
    b: float
    log_likelihood: float
    counts: tuple[Floats, Floats, Floats]
    means: Floats

    def pass_at_k(self, k: float) -> float:
        """Forecast chance of a success in k attempts."""
        return float(beta_pass_at_k(self.a, self.b, k))

    def limits(self, k: float, cut: float) -> tuple[float, float]:
        """Least and largest chance of a success in k attempts that a distribution with a log-likelihood of `cut` gives.

        With the maximum less `allowed_drop`, these are profile-likelihood limits. They stay defined where no attempt
        succeeded, or every one; NaN where no distribution has that likelihood.

        Examples
        --------
        >>> fit = fit_beta_binomial([10] * 50, [0] * 50)
        >>> low, high = fit.limits(100, fit.log_likelihood - allowed_drop(0.95))
        >>> low < 1e-6, round(high, 3)
        (True, 0.319)
        """
        if self.log_likelihood < cut:
            return float("nan"), float("nan")
        coarse = np.flatnonzero(_likelihood(self.means, _PRECISIONS, self.counts) >= cut)
        own = np.log(self.a + self.b)
        ends = (
            np.log(_PRECISIONS[[max(0, coarse[0] - 1), min(len(_PRECISIONS) - 1, coarse[-1] + 1)]])
            if len(coarse)
            else own
        )
        fine = np.exp(np.unique(np.append(np.linspace(np.min(ends), np.max(ends), _FINE), own)))
        best = _best_means(self.counts, fine)
        inside = _likelihood(best, fine, self.counts) >= cut
        centre, precision = best[inside], fine[inside]
        lows = _crossing(centre, np.full_like(centre, -_WIDEST), precision, self.counts, cut)
        highs = _crossing(centre, np.full_like(centre, _WIDEST), precision, self.counts, cut)
        return float(_success(lows, precision, k).min()), float(_success(highs, precision, k).max())

    def influence(self, n: Floats, successes: Floats, k: float) -> Floats:
        """Influence of each behaviour on the logit of the forecast, shape (n,): score times inverse information.

        Derivatives by finite differences in the logit of the mean rate and the log of a + b.
        """
        mean, precision = np.log(self.a / self.b), np.log(self.a + self.b)
        step = 1e-4

        def each(m: float, s: float) -> Floats:
            return np.asarray(_terms(np.array([m]), np.array([np.exp(s)]), n, successes)[0], dtype=np.float64)

        scores = np.stack(
            [
                (each(mean + step, precision) - each(mean - step, precision)) / (2 * step),
                (each(mean, precision + step) - each(mean, precision - step)) / (2 * step),
            ]
        )
        information = scores @ scores.T
        gradient = np.array([_slope(lambda x: _logit_pass(x, precision, k), mean), 0.0])
        gradient[1] = _slope(lambda x: _logit_pass(mean, x, k), precision)
        return np.asarray(gradient @ np.linalg.pinv(information, rcond=1e-8) @ scores, dtype=np.float64)


def allowed_drop(level: float, *, inflation: float = 1.0, df: float = np.inf) -> float:
    """How far below its maximum a log-likelihood may lie within limits of one quantity: half a chi-square quantile.

    Parameters
    ----------
    inflation : factor by which clusters widen the likelihood ratio (robust over plain variance), if above 1.
    df : degrees of freedom of that variance: F(1, df) in place of chi-square.

    Examples
    --------
    >>> round(allowed_drop(0.95), 3)
    1.921
    """
    quantile = chi2.ppf(level, 1) if np.isinf(df) else fisher.ppf(level, 1, df)
    return float(quantile) * max(inflation, 1.0) / 2


def fit_beta_binomial(n: npt.ArrayLike, successes: npt.ArrayLike) -> BetaBinomial:
    """Maximum likelihood over behaviours, each with its attempts and successes.

    The likelihood is the same whether the number of attempts was settled beforehand or attempts ended with a success.

    Examples
    --------
    >>> fit = fit_beta_binomial([20] * 6, [0, 0, 1, 2, 8, 15])
    >>> round(fit.a, 3), round(fit.b, 3)
    (0.344, 1.29)
    """
    pairs = np.stack([np.asarray(n, dtype=np.float64), np.asarray(successes, dtype=np.float64)])
    unique, weight = np.unique(pairs, axis=1, return_counts=True)
    counts = (unique[0], unique[1], weight.astype(np.float64))
    means = _best_means(counts, _PRECISIONS)
    values = _likelihood(means, _PRECISIONS, counts)
    place = int(values.argmax())
    mean, precision = float(means[place]), float(_PRECISIONS[place])
    if 0 < place < len(_PRECISIONS) - 1:  # at an end of the precisions the likelihood has no maximum inside
        mean, precision = _refine(mean, precision, counts)
    best = float(_likelihood(np.array([mean]), np.array([precision]), counts)[0])
    return BetaBinomial(float(expit(mean)) * precision, float(expit(-mean)) * precision, best, counts, means)


def _terms(mean: Floats, precision: Floats, n: Floats, successes: Floats) -> Floats:
    """Log-likelihood of each behaviour, shape (settings, behaviours); `mean` is the logit of the mean rate."""
    a, b, total = (x[:, None] for x in (expit(mean) * precision, expit(-mean) * precision, precision))
    rising = _summed if n.max() <= _MOST_SUMMED else _rising
    return np.asarray(rising(a, successes) + rising(b, n - successes) - rising(total, n), dtype=np.float64)


def _summed(x: Floats, counts: Floats) -> Floats:
    """`_rising` for whole counts as a sum of logs, many times faster than log-gammas where counts are small."""
    sums = np.zeros((len(x), int(counts.max()) + 1))
    np.cumsum(np.log(x + np.arange(sums.shape[1] - 1)), axis=1, out=sums[:, 1:])
    found: Floats = sums[:, counts.astype(np.int64)]
    return found


def _likelihood(mean: Floats, precision: Floats, counts: tuple[Floats, Floats, Floats]) -> Floats:
    n, successes, weight = counts
    return np.asarray(_terms(mean, precision, n, successes) @ weight, dtype=np.float64)


def _best_means(counts: tuple[Floats, Floats, Floats], precisions: Floats) -> Floats:
    """Logit of the mean rate of greatest likelihood at each precision, by golden section, all at once."""
    low, high = np.full_like(precisions, -_WIDEST), np.full_like(precisions, _WIDEST)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    of_left, of_right = (_likelihood(point, precisions, counts) for point in (left, right))
    for _ in range(26):  # to 3e-4 of a logit: the likelihood is flat there
        rising = of_left < of_right
        low, high = np.where(rising, left, low), np.where(rising, high, right)
        new = np.where(rising, low + _GOLDEN * (high - low), high - _GOLDEN * (high - low))
        of_new = _likelihood(new, precisions, counts)
        left, right = np.where(rising, right, new), np.where(rising, new, left)
        of_left, of_right = np.where(rising, of_right, of_new), np.where(rising, of_new, of_left)
    found: Floats = (low + high) / 2
    return found


def _refine(mean: float, precision: float, counts: tuple[Floats, Floats, Floats]) -> tuple[float, float]:
    """The maximum near a start, over the logit of the mean and the precision."""

    def loss(point: Floats) -> float:
        return -float(_likelihood(point[:1], np.exp(point[1:]), counts)[0])

    start = np.array([mean, np.log(precision)])
    found = optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10})
    return float(found.x[0]), float(np.exp(found.x[1]))


def _crossing(
    inside: Floats, outside: Floats, precision: Floats, counts: tuple[Floats, Floats, Floats], cut: float
) -> Floats:
    """Logit of the mean at which the likelihood falls to a value, by bisection; the outer end where it never does."""
    for _ in range(24):
        middle = (inside + outside) / 2
        above = _likelihood(middle, precision, counts) >= cut
        inside, outside = np.where(above, middle, inside), np.where(above, outside, middle)
    found: Floats = inside
    return found


def _success(mean: Floats, precision: Floats, k: float) -> Floats:
    return beta_pass_at_k(expit(mean) * precision, expit(-mean) * precision, k)


def _logit_pass(mean: float, log_precision: float, k: float) -> float:
    a, b = expit(mean) * np.exp(log_precision), expit(-mean) * np.exp(log_precision)
    miss = float(_log_miss(np.asarray(a), np.asarray(b), k))
    return float(np.log(-np.expm1(miss)) - miss)


def _slope(function: Callable[[float], float], x: float) -> float:
    return (function(x + 1e-4) - function(x - 1e-4)) / 2e-4
