"""The two-parameter item response model: marginal likelihood over ability, with shrunken slopes.

P(right) = 1 / (1 + exp(-(slope * ability + intercept))), ability standard normal over the models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

__all__ = [
    "ScaleCheck",
    "TwoParameter",
    "check_scale",
    "expected_scores",
    "fewest_items",
    "fit_two_parameter",
    "information",
    "misfit",
    "slope_prior_sd",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

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
    slope_se : posterior standard deviation of each slope given the scale of ability, shape (k,).
    abilities, ability_sd : posterior mean and standard deviation of each model's ability, shape (n,); over the models
        the abilities have mean 0 and variance (with that of the posterior) 1, to within what shrinkage moves them.
    converged : whether the last step moved no parameter by more than the tolerance.
    steps : steps taken.
    """

    slopes: Floats
    intercepts: Floats
    slope_se: Floats
    abilities: Floats
    ability_sd: Floats
    converged: bool
    steps: int

    @property
    def difficulties(self) -> Floats:
        """Ability at which half would pass, shape (k,); NaN for items whose slope is not positive."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.slopes > 0, -self.intercepts / self.slopes, np.nan)


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
    scores: Floats, *, prior_sd: float | None = None, tolerance: float = 1e-5, most_steps: int = 500
) -> TwoParameter:
    """Fit by parameter-expanded EM (Bock and Aitkin 1981; Liu, Rubin and Wu 1998).

    In a long test plain EM hardly moves the scale of ability: the items pin abilities down wherever the scale started,
    and their standard normal distribution has no say. So each step also estimates the mean and spread of ability and
    takes them into slopes and intercepts. Ability is integrated over points no wider apart than the narrowest
    posterior, on which the trapezoidal rule is exact to many digits.

    Parameters
    ----------
    scores : shape (models, items), in [0, 1], NaN where not run; a mean over epochs counts as one answer.
    prior_sd : spread of the slopes around their mean, relative to it; if None, `slope_prior_sd` of the models that ran
        an item.
    tolerance : largest move of a parameter in the last step.

    Returns
    -------
    TwoParameter

    References
    ----------
    Bock and Aitkin 1981, Psychometrika 46(4). Liu, Rubin and Wu 1998, Biometrika 85(4). Louis 1982, JRSS B 44(2).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ability, slopes = rng.standard_normal((400, 1)), np.repeat([0.5, 2.0], 20)
    >>> fit = fit_two_parameter((rng.random((400, 40)) < expit(slopes * ability)).astype(float))
    >>> fit.converged, np.round(fit.slopes.reshape(2, 20).mean(axis=1), 1).tolist()
    (True, [0.5, 2.0])
    """
    ran = np.isfinite(scores)
    data = _Data(np.where(ran, scores, 0.0), ran.astype(np.float64), bool(ran.all()))
    spread = slope_prior_sd(ran.sum(axis=0).mean()) if prior_sd is None else prior_sd
    passed, run = data.right.sum(axis=0), data.ran.sum(axis=0)
    slopes = np.ones(scores.shape[1])
    intercepts = np.log((passed + 0.5) / (run - passed + 0.5))
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
        slope_se=_slope_se(data, posterior, slopes, intercepts, spread),
        abilities=posterior.means,
        ability_sd=posterior.sds,
        converged=bool(moved <= tolerance),
        steps=steps,
    )


@dataclass(frozen=True, eq=False)
class _Data:
    """Scores with 0 where not run, and 1 where run, both (models, items); whether all was run."""

    right: Floats
    ran: Floats
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
    """Points of ability (points,) and each model's posterior weight on them (models, points)."""

    points: Floats
    weights: Floats

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
    missed = log_expit(-_logits(points, slopes, intercepts))
    log_weight = (data.right @ slopes)[:, None] * points + data.over_items(missed) - points**2 / 2
    weights = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    return _Posterior(points, weights / weights.sum(axis=1, keepdims=True))


def _logits(points: Floats, slopes: Floats, intercepts: Floats) -> Floats:
    return slopes[:, None] * points + intercepts[:, None]


def _maximised(
    data: _Data, posterior: _Posterior, slopes: Floats, intercepts: Floats, spread: float
) -> tuple[Floats, Floats]:
    """Two Newton steps of every item's penalised logistic regression on ability."""
    points = posterior.points
    count = data.over_models(posterior.weights)
    right = data.right.sum(axis=0)
    right_by_ability = data.right.T @ posterior.means
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
    count, right = data.over_models(weights), data.right.T @ weights
    design = np.stack([np.ones_like(points), points, points**2], axis=1)
    complete = (count * p * (1 - p)) @ design
    squared_score = (right * (1 - 2 * p) + count * p**2) @ design
    residual = data.right - data.ran * (weights @ p.T)
    residual_by_ability = data.right * posterior.means[:, None] - data.ran * ((weights * points) @ p.T)
    mean_score = np.stack(
        [(residual**2).sum(axis=0), (residual * residual_by_ability).sum(axis=0), (residual_by_ability**2).sum(axis=0)],
        axis=1,
    )
    known = complete - squared_score + mean_score
    prior = 1 / (spread * max(slopes.mean(), _LEAST_MEAN)) ** 2
    h_dd, h_ad, h_aa = known[:, 0] + 1 / _INTERCEPT_SD**2, known[:, 1], known[:, 2] + prior
    # Never below what the prior alone says: the difference of two estimates can come out negative.
    precision = np.maximum(h_aa - h_ad**2 / np.maximum(h_dd, 1 / _INTERCEPT_SD**2), prior)
    result: Floats = 1 / np.sqrt(precision)
    return result


def information(points: Floats, slopes: Floats, intercepts: Floats) -> Floats:
    """Fisher information on ability at each point, summed over items: slope^2 p (1 - p), shape (points,).

    Examples
    --------
    >>> information(np.array([0.0]), np.array([2.0]), np.array([0.0])).tolist()
    [1.0]
    """
    p = expit(_logits(points, slopes, intercepts))
    result: Floats = (slopes**2) @ (p * (1 - p))
    return result


def misfit(scores: Floats, fit: TwoParameter) -> Floats:
    """Score test of a squared-ability term in each item's logit, shape (items,).

    Standard normal where the share right follows the fitted S curve; far below 0 where the ablest and the least able
    do worse than the curve says, far above 0 where they do better. NaN where nothing is left to test.
    """
    ran = np.isfinite(scores)
    ability = fit.abilities[:, None]
    p = expit(fit.slopes * ability + fit.intercepts)
    weight = np.where(ran, p * (1 - p), 0.0)
    residual = np.where(ran, scores - p, 0.0)
    # What intercept and slope already explain of ability^2, by weighted least squares on ability.
    total = weight.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        centred = ability - (weight * ability).sum(axis=0) / total
        squared = ability**2 - (weight * ability**2).sum(axis=0) / total
        squared = squared - centred * (weight * centred * squared).sum(axis=0) / (weight * centred**2).sum(axis=0)
        variance = (weight * squared**2).sum(axis=0)
        return np.where(variance > 1e-9, (residual * squared).sum(axis=0) / np.sqrt(variance), np.nan)


@dataclass(frozen=True, eq=False)
class ScaleCheck:
    """What came back when answers were drawn from a fitted model and the model was fitted to them again.

    Parameters
    ----------
    ratio : scale of the refitted slopes over that of the slopes drawn from, one a replicate, shape (replicates,).
    spread_kept : slope of the refitted slopes' regression on those drawn from, in mean units, shape (replicates,):
        1 where items keep their differences, 0 where shrinkage leaves none.
    kept_information : share of all items' information at the models' abilities that the best 1, 2, ... items have,
        chosen by the refitted and counted by the true parameters, shape (items,), mean over replicates.
    converged : whether every refit converged.
    """

    ratio: Floats
    spread_kept: Floats
    kept_information: Floats
    converged: bool


def check_scale(fit: TwoParameter, ran: Bools, replicates: int, rng: np.random.Generator) -> ScaleCheck:
    """Parametric bootstrap of the fit.

    Parameters
    ----------
    ran : which model ran which item, shape (models, items).
    replicates : how often to draw and refit.
    """
    n, k = ran.shape
    ratio, kept, gathered = np.empty(replicates), np.empty(replicates), np.zeros(k)
    converged = True
    for r in range(replicates):
        # The scale a fit can know is that of the models at hand, not of those they were drawn from.
        normal = rng.standard_normal((n,))
        ability = (normal - normal.mean()) / normal.std()
        p = expit(ability[:, None] * fit.slopes + fit.intercepts)
        drawn = np.where(ran, rng.random((n, k)) < p, np.nan)
        again = fit_two_parameter(drawn)
        converged &= again.converged
        ratio[r] = again.slopes @ fit.slopes / (fit.slopes @ fit.slopes)
        centred = fit.slopes - fit.slopes.mean()
        spread = centred @ centred
        kept[r] = again.slopes @ centred / spread if spread > 1e-9 * k else np.nan
        order = np.argsort(-_information_at(again, again.abilities), kind="stable")
        gathered += np.cumsum(_information_at(fit, ability)[order])
    return ScaleCheck(ratio, kept, gathered / gathered[-1], converged)


def _information_at(fit: TwoParameter, abilities: Floats) -> Floats:
    """Mean information of each item at the abilities, shape (items,)."""
    p = expit(abilities[:, None] * fit.slopes + fit.intercepts)
    result: Floats = fit.slopes**2 * (p * (1 - p)).mean(axis=0)
    return result


def fewest_items(fit: TwoParameter, check: ScaleCheck, share: float) -> npt.NDArray[np.intp]:
    """Indices of the fewest items that keep a share of the information, best first.

    How many it takes is read off the check, where the items are chosen by estimates and counted by the truth, so that
    items which only look informative do not count.
    """
    count = int(np.searchsorted(check.kept_information, share - 1e-12)) + 1
    return np.argsort(-_information_at(fit, fit.abilities), kind="stable")[:count]


def expected_scores(fit: TwoParameter) -> Floats:
    """Share of standard normal abilities that pass each item, shape (items,)."""
    points = np.linspace(-_REACH, _REACH, _NODES[0])
    weights = np.exp(-(points**2) / 2)
    result: Floats = expit(_logits(points, fit.slopes, fit.intercepts)) @ (weights / weights.sum())
    return result
