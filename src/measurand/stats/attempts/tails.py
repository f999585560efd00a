"""The largest probabilities of a behaviour over queries, and what they say of many more queries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["TailFit", "elicitation_scores", "fit_tail", "tail_limits"]

Floats = npt.NDArray[np.float64]


def elicitation_scores(logprobs: npt.ArrayLike) -> Floats:
    """psi = -log(-log p): large where a query is likely to show the behaviour.

    Minus infinity where the probability is 0, infinity where it is 1.

    Examples
    --------
    >>> elicitation_scores(np.log([1e-6, 0.01])).round(3).tolist()
    [-2.626, -1.527]
    """
    with np.errstate(divide="ignore"):
        return -np.log(-np.asarray(logprobs, dtype=np.float64))


@dataclass(frozen=True)
class TailFit:
    """Straight line of the log of survival on psi: log P(psi > x) = slope x + intercept.

    Parameters
    ----------
    slope, intercept : of the line; the slope is below 0.
    queries, top : how many there were, and how many of the largest were fitted.
    """

    slope: float
    intercept: float
    queries: int
    top: int

    def score(self, queries: float) -> float:
        """psi that one of so many queries is expected to reach."""
        return float((-np.log(queries) - self.intercept) / self.slope)

    def worst(self, queries: float) -> float:
        """Q_p(n): the probability of the behaviour under the worst of n queries.

        Examples
        --------
        >>> round(TailFit(-2.3489831, -5.7810791, 12, 10).worst(1000), 5)
        0.53848
        """
        return float(np.exp(-np.exp(-self.score(queries))))


def _line(scores: Floats, log_survival: Floats) -> tuple[Floats, Floats]:
    """Slope and intercept of least squares of log survival on the scores, over the last axis."""
    x = scores - scores.mean(axis=-1, keepdims=True)
    y = log_survival - log_survival.mean()
    slope = (x * y).sum(axis=-1) / (x**2).sum(axis=-1)
    return slope, log_survival.mean() - slope * scores.mean(axis=-1)


def _log_survival(top: int, queries: int) -> Floats:
    """Log of the empirical survival at the largest scores: the i-th largest of m has i / m at or above it."""
    found: Floats = np.log(np.arange(1, top + 1) / queries)
    return found


def fit_tail(scores: npt.ArrayLike, top: int = 10) -> TailFit:
    """Line through the largest scores.

    Parameters
    ----------
    scores : shape (m,): psi of each query; those of the largest must be finite and not all equal.
    top : how many of the largest.

    Raises
    ------
    ValueError
        Fewer scores than that, or ones that cannot be fitted.

    References
    ----------
    Jones et al. 2025, Forecasting rare language model behaviors, arXiv 2502.16797.

    Examples
    --------
    >>> fit = fit_tail(elicitation_scores(np.log([1e-6, 1e-5, 1e-4, 5e-4, 1e-3, 1e-2])), top=4)
    >>> round(fit.slope, 3), round(fit.intercept, 3)
    (-2.036, -4.92)
    """
    values = np.sort(np.asarray(scores, dtype=np.float64))[::-1]
    largest = values[:top]
    if len(largest) < top or top < 3 or not np.isfinite(largest).all() or largest[0] == largest[-1]:
        raise ValueError(f"the {top} largest scores should be finite and not all equal, got {largest[:3].tolist()} ...")
    slope, intercept = _line(largest, _log_survival(top, len(values)))
    return TailFit(float(slope), float(intercept), len(values), top)


def tail_limits(
    fit: TailFit, queries: float, level: float, rng: np.random.Generator, *, further: bool = False, draws: int = 20_000
) -> tuple[float, float]:
    """Limits of psi under the worst of n queries, exact where the tail is exponential in psi.

    Where survival falls as ``exp(slope psi)`` beyond the fitted scores, their distances are those of the largest of m
    exponential numbers, and the error of the fitted psi times the fitted slope has a distribution that depends on m,
    `top` and n alone. It is drawn (Renyi's representation) and inverted.

    Parameters
    ----------
    fit : of the observed scores.
    queries : n.
    further : limits of the largest psi that n further queries would show, in place of the one that one of n is expected
        to reach.
    draws : of the pivot.

    References
    ----------
    Renyi 1953, On the theory of order statistics, Acta Mathematica Hungarica 4.

    Examples
    --------
    >>> low, high = tail_limits(TailFit(-2.349, -5.781, 1000, 10), 10_000, 0.95, np.random.default_rng(0))
    >>> low < TailFit(-2.349, -5.781, 1000, 10).score(10_000) < high
    True
    """
    m, top = fit.queries, fit.top
    # -log of the (top + 1)-th smallest of m uniforms, then the distances between the largest exponentials above it.
    base = -np.log(rng.beta(top + 1, m - top, draws)) if m > top else np.zeros(draws)
    steps = rng.exponential(size=(draws, top)) / np.arange(1, top + 1)
    largest = base[:, None] + steps[:, ::-1].cumsum(axis=1)[:, ::-1]
    slope, intercept = _line(largest, _log_survival(top, m))
    truth = np.log(queries) + (rng.gumbel(size=draws) if further else 0.0)
    pivot = ((-np.log(queries) - intercept) / slope - truth) * -slope
    low, high = np.quantile(pivot, [(1 - level) / 2, (1 + level) / 2])
    score = fit.score(queries)
    return float(score + high / fit.slope), float(score + low / fit.slope)
