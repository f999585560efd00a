"""The two-parameter item response model: marginal likelihood over ability, with shrunken slopes.

P(right) = guessing + (1 - guessing) / (1 + exp(-(slope * ability + intercept))), ability standard normal over models.
Guessing is known: one over the number of options where an item has options, 0 where it has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

__all__ = [
    "TwoParameter",
    "expected_scores",
    "fit_two_parameter",
    "information",
    "slope_prior_sd",
]

Floats = npt.NDArray[np.float64]

_REACH = 5.5
"""Abilities are looked for this many standard deviations around the mean of the models."""

_NODES = (61, 3001)
"""Least and most points the range of abilities is cut into."""

_INTERCEPT_SD = 3.0
"""Spread of the weak prior on intercepts: an item that everyone passes stays finite."""

_LEAST_MEAN = 0.05
"""Least mean slope taken as the centre of the slopes' prior, whose spread is relative to it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TwoParameter:
    """A fitted model of k items and n models.

    Parameters
    ----------
    slopes, intercepts : shape (k,).
    guessing : chance of a right answer without any ability, as given, shape (k,).
    slope_se : posterior standard deviation of each slope given the scale of ability, shape (k,).
    abilities, ability_sd : posterior mean and standard deviation of each model's ability, shape (n,); over the models
        the abilities have mean 0 and variance (with that of the posterior) 1, to within what shrinkage moves them.
    log_likelihood : of the answers, ability integrated out, without the priors.
    converged : whether the last step moved no parameter by more than the tolerance.
    steps : steps taken.
    """

    slopes: Floats
    intercepts: Floats
    guessing: Floats
    slope_se: Floats
    abilities: Floats
    ability_sd: Floats
    log_likelihood: float
    converged: bool
    steps: int

    @property
    def difficulties(self) -> Floats:
        """Ability at which half know the answer, shape (k,); NaN for items whose slope is not positive."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.slopes > 0, -self.intercepts / self.slopes, np.nan)

    def chances(self, abilities: Floats) -> Floats:
        """Chance that a model of each ability passes each item, shape (abilities, k)."""
        known: Floats = expit(abilities[:, None] * self.slopes + self.intercepts)
        return self.guessing + (1 - self.guessing) * known


def slope_prior_sd(models: float) -> float:
    """Prior spread of a slope relative to the mean slope: sqrt(n / 100), but at least 0.4.

    A few models say almost nothing of a single slope, so it stays near the others; hundreds say enough on their own.

    Examples
    --------
    >>> slope_prior_sd(12), slope_prior_sd(36), round(slope_prior_sd(500), 2)
    (0.4, 0.6, 2.24)
    """
    return float(max(np.sqrt(models / 100), 0.4))


def fit_two_parameter(
    scores: Floats,
    guessing: Floats | float = 0.0,
    *,
    prior_sd: float | None = None,
    tolerance: float = 1e-5,
    most_steps: int = 500,
) -> TwoParameter:
    """Fit by parameter-expanded EM (Bock and Aitkin 1981; Liu, Rubin and Wu 1998).

    In a long test plain EM hardly moves the scale of ability: the items pin abilities down wherever the scale started,
    and their standard normal distribution has no say. So each step also estimates the mean and spread of ability and
    takes them into slopes and intercepts. Ability is integrated over points no wider apart than the narrowest
    posterior, on which the trapezoidal rule is exact to many digits. Where items can be guessed, whether a right answer
    was known or guessed is integrated over too, so that each step is still a logistic regression.

    Parameters
    ----------
    scores : shape (models, items), in [0, 1], NaN where not run; a mean over epochs counts as one answer.
    guessing : chance of a right answer without any ability, in [0, 1), shape (items,) or one for all.
    prior_sd : spread of the slopes around their mean, relative to it; if None, `slope_prior_sd` of the models that ran
        an item.
    tolerance : largest move of a parameter in the last step.

    Returns
    -------
    TwoParameter

    References
    ----------
    Bock and Aitkin 1981, Psychometrika 46(4). Birnbaum 1968, in Lord and Novick, Statistical theories of mental test
    scores. Liu, Rubin and Wu 1998, Biometrika 85(4). Louis 1982, JRSS B 44(2).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ability, slopes = rng.standard_normal((400, 1)), np.repeat([0.5, 2.0], 20)
    >>> fit = fit_two_parameter((rng.random((400, 40)) < expit(slopes * ability)).astype(float))
    >>> fit.converged, np.round(fit.slopes.reshape(2, 20).mean(axis=1), 1).tolist()
    (True, [0.5, 2.0])
    """
    ran = np.isfinite(scores)
    floor = np.broadcast_to(np.asarray(guessing, dtype=np.float64), (scores.shape[1],))
    data = _Data(np.where(ran, scores, 0.0), ran.astype(np.float64), floor, bool(ran.all()))
    spread = slope_prior_sd(ran.sum(axis=0).mean()) if prior_sd is None else prior_sd
    passed, run = data.right.sum(axis=0), data.ran.sum(axis=0)
    slopes = np.ones(scores.shape[1])
    # Right answers beyond those that guessing alone would give, of those that guessing leaves.
    known = np.maximum(passed - floor * run, 0.0)
    intercepts = np.log((known + 0.5) / ((1 - floor) * run - known + 0.5))
    moved, steps = np.inf, 0
    while moved > tolerance and steps < most_steps:
        posterior = _posterior(data, slopes, intercepts)
        new_slopes, new_intercepts = _maximised(data, posterior, slopes, intercepts, spread)
        centre, scale = posterior.centre_and_scale()
        new_slopes, new_intercepts = new_slopes * scale, new_intercepts + new_slopes * centre
        moved = max(np.abs(new_slopes - slopes).max(), np.abs(new_intercepts - intercepts).max())
        slopes, intercepts, steps = new_slopes, new_intercepts, steps + 1
    posterior = _posterior(data, slopes, intercepts)
    return TwoParameter(
        slopes=slopes,
        intercepts=intercepts,
        guessing=floor,
        slope_se=_slope_se(data, posterior, slopes, intercepts, spread),
        abilities=posterior.means,
        ability_sd=posterior.sds,
        log_likelihood=posterior.log_likelihood,
        converged=bool(moved <= tolerance),
        steps=steps,
    )


@dataclass(frozen=True, eq=False)
class _Data:
    """Scores with 0 where not run, and 1 where run, both (models, items); guessing, (items,); whether all was run."""

    right: Floats
    ran: Floats
    guessing: Floats
    complete: bool

    def over_items(self, values: Floats) -> Floats:
        """Sum over the items each model ran: (items, points) -> (models, points)."""
        return values.sum(axis=0)[None] if self.complete else self.ran @ values

    def over_models(self, weights: Floats) -> Floats:
        """Sum over the models that ran each item: (models, points) -> (items, points)."""
        if self.complete:
            return np.broadcast_to(weights.sum(axis=0), (self.ran.shape[1], weights.shape[1]))
        return self.ran.T @ weights


@dataclass(frozen=True, eq=False)
class _Posterior:
    """Points of ability (points,), each model's posterior weight on them (models, points), and the log-likelihood."""

    points: Floats
    weights: Floats
    log_likelihood: float

    @property
    def means(self) -> Floats:
        return self.weights @ self.points

    @property
    def sds(self) -> Floats:
        return np.sqrt(np.maximum(self.weights @ self.points**2 - self.means**2, 0.0))

    def centre_and_scale(self) -> tuple[float, float]:
        """Mean and spread of ability over the models, uncertainty of each included."""
        centre = float(self.means.mean())
        return centre, float(np.sqrt((self.weights @ (self.points - centre) ** 2).mean()))


def _posterior(data: _Data, slopes: Floats, intercepts: Floats) -> _Posterior:
    coarse = np.linspace(-_REACH, _REACH, _NODES[0])
    narrowest = 1 / np.sqrt(1 + information(coarse, slopes, intercepts).max())
    points = np.linspace(-_REACH, _REACH, int(np.clip(np.ceil(2 * _REACH / narrowest), *_NODES)))
    logits = _logits(points, slopes, intercepts)
    if data.guessing.any():
        right = data.right @ _log_odds_right(logits, data.guessing)
    else:
        right = (data.right @ slopes)[:, None] * points + (data.right @ intercepts)[:, None]
    log_weight = right + data.over_items(log_expit(-logits)) - points**2 / 2
    most = log_weight.max(axis=1, keepdims=True)
    weights = np.exp(log_weight - most)
    total = weights.sum(axis=1, keepdims=True)
    evidence = (most + np.log(total)).sum() + len(total) * np.log((points[1] - points[0]) / np.sqrt(2 * np.pi))
    missed = (data.ran - data.right) @ np.log1p(-data.guessing)
    return _Posterior(points, weights / total, float(evidence + missed.sum()))


def _log_odds_right(logits: Floats, guessing: Floats) -> Floats:
    """log of right over wrong, less what does not depend on ability: (c + (1 - c) p) / ((1 - c) (1 - p))."""
    with np.errstate(divide="ignore"):
        guessed = np.log(guessing)[:, None]
    # c + (1 - c) p = (c + p / (1 - p)) (1 - p); c / (1 - c) exp(...) would overflow.
    result: Floats = np.logaddexp(guessed, logits)
    return result


def _known(points: Floats, slopes: Floats, intercepts: Floats, guessing: Floats) -> Floats:
    """Chance that a right answer at each point was known, not guessed: p / (c + (1 - c) p), shape (k, points)."""
    p = expit(_logits(points, slopes, intercepts))
    c = guessing[:, None]
    # Where p is 0 to the last digit and c is 0, a right answer still was known.
    return np.where(c > 0, p / np.where(c > 0, c + (1 - c) * p, 1.0), 1.0)


def _logits(points: Floats, slopes: Floats, intercepts: Floats) -> Floats:
    return slopes[:, None] * points + intercepts[:, None]


def _maximised(
    data: _Data, posterior: _Posterior, slopes: Floats, intercepts: Floats, spread: float
) -> tuple[Floats, Floats]:
    """Two Newton steps of every item's penalised logistic regression on ability."""
    points = posterior.points
    count = data.over_models(posterior.weights)
    if data.guessing.any():
        known = (data.right.T @ posterior.weights) * _known(points, slopes, intercepts, data.guessing)
        right, right_by_ability = known.sum(axis=1), known @ points
    else:
        right, right_by_ability = data.right.sum(axis=0), data.right.T @ posterior.means
    design = np.stack([np.ones_like(points), points, points**2], axis=1)
    precision = 1 / (spread * max(slopes.mean(), _LEAST_MEAN)) ** 2, 1 / _INTERCEPT_SD**2
    centre = slopes.mean(), intercepts.mean()
    for _ in range(2):
        p = expit(_logits(points, slopes, intercepts))
        expected = (count * p) @ design[:, :2]
        curvature = (count * p * (1 - p)) @ design
        slope_score = right_by_ability - expected[:, 1] - precision[0] * (slopes - centre[0])
        intercept_score = right - expected[:, 0] - precision[1] * (intercepts - centre[1])
        h_dd, h_ad, h_aa = curvature[:, 0] + precision[1], curvature[:, 1], curvature[:, 2] + precision[0]
        determinant = h_dd * h_aa - h_ad**2
        # A step that overshoots would have to be taken back; a parameter seldom has more than 1 to go.
        slopes = slopes + np.clip((h_dd * slope_score - h_ad * intercept_score) / determinant, -1, 1)
        intercepts = intercepts + np.clip((h_aa * intercept_score - h_ad * slope_score) / determinant, -1, 1)
    return slopes, intercepts


def _slope_se(data: _Data, posterior: _Posterior, slopes: Floats, intercepts: Floats, spread: float) -> Floats:
    """Louis' information of each item's parameters: that of known abilities less what not knowing them costs."""
    points, weights = posterior.points, posterior.weights
    p = expit(_logits(points, slopes, intercepts))
    known = _known(points, slopes, intercepts, data.guessing)
    count, right = data.over_models(weights), (data.right.T @ weights) * known
    design = np.stack([np.ones_like(points), points, points**2], axis=1)
    complete = (count * p * (1 - p)) @ design
    squared_score = (right * (1 - 2 * p) + count * p**2) @ design
    by_ability = weights * points
    residual = data.right * (weights @ known.T) - data.ran * (weights @ p.T)
    residual_by_ability = data.right * (by_ability @ known.T) - data.ran * (by_ability @ p.T)
    mean_score = np.stack(
        [(residual**2).sum(axis=0), (residual * residual_by_ability).sum(axis=0), (residual_by_ability**2).sum(axis=0)],
        axis=1,
    )
    told = complete - squared_score + mean_score
    prior = 1 / (spread * max(slopes.mean(), _LEAST_MEAN)) ** 2
    h_dd, h_ad, h_aa = told[:, 0] + 1 / _INTERCEPT_SD**2, told[:, 1], told[:, 2] + prior
    # Never below what the prior alone says: the difference of two estimates can come out negative.
    precision = np.maximum(h_aa - h_ad**2 / np.maximum(h_dd, 1 / _INTERCEPT_SD**2), prior)
    result: Floats = 1 / np.sqrt(precision)
    return result


def information(points: Floats, slopes: Floats, intercepts: Floats, guessing: Floats | float = 0.0) -> Floats:
    """Fisher information on ability at each point, summed over items, shape (points,).

    slope^2 p (1 - p), of items that can be guessed times p / (p + guessing / (1 - guessing)), p the chance to know.

    Examples
    --------
    >>> information(np.array([0.0]), np.array([2.0]), np.array([0.0])).tolist()
    [1.0]
    """
    p = expit(_logits(points, slopes, intercepts))
    odds = np.broadcast_to(np.asarray(guessing / (1 - np.asarray(guessing))), slopes.shape)[:, None]
    # p (1 - p) and not p^2 (1 - p) / p where nothing can be guessed: p may be 0 to the last digit.
    part = np.where(odds > 0, p / np.where(odds > 0, p + odds, 1.0), 1.0)
    result: Floats = (slopes**2) @ (p * (1 - p) * part)
    return result


def expected_scores(fit: TwoParameter) -> Floats:
    """Share of standard normal abilities that pass each item, shape (items,)."""
    points = np.linspace(-_REACH, _REACH, _NODES[0])
    weights = np.exp(-(points**2) / 2)
    result: Floats = (weights / weights.sum()) @ fit.chances(points)
    return result
