"""Whether a fitted item response model can be believed: its scale found again, its curves, and its lower tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr

from measurand.stats.items.irt import TwoParameter, fit_two_parameter

__all__ = ["ScaleCheck", "check_scale", "fewest_items", "misfit", "scale_ratio"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def misfit(scores: Floats, fit: TwoParameter) -> Floats:
    """Score test of a squared-ability term in each item's logit, shape (items,).

    Standard normal where the share right follows the fitted S curve; far below 0 where the ablest and the least able
    do worse than the curve says, far above 0 where they do better. NaN where nothing is left to test.
    """
    ran = np.isfinite(scores)
    ability = fit.abilities[:, None]
    known, p = expit(fit.slopes * ability + fit.intercepts), fit.chances(fit.abilities)
    # Of the logit, on which guessing leaves less to see: dP/dlogit over the standard deviation of an answer.
    slope = (1 - fit.guessing) * known * (1 - known)
    weight = np.where(ran, slope**2 / (p * (1 - p)), 0.0)
    residual = np.where(ran, (scores - p) * slope / (p * (1 - p)), 0.0)
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

    def within(self, tolerance: float) -> float:
        """Chance that the scale of the slopes is off by less than a share, by the replicates' mean and spread."""
        mean, sd = float(self.ratio.mean()), max(float(self.ratio.std(ddof=1)), 1e-12)
        return float(ndtr((1 + tolerance - mean) / sd) - ndtr((1 - tolerance - mean) / sd))


def scale_ratio(one: TwoParameter, other: TwoParameter) -> float:
    """Scale of one fit's slopes over that of another's: the slope of their regression through 0."""
    return float(one.slopes @ other.slopes / (other.slopes @ other.slopes))


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
        drawn = np.where(ran, rng.random((n, k)) < fit.chances(ability), np.nan)
        # A thousandth of a slope is far within what replicates differ by, and with guessing the last digits are slow.
        again = fit_two_parameter(drawn, fit.guessing, tolerance=1e-3)
        converged &= again.converged
        ratio[r] = scale_ratio(again, fit)
        centred = fit.slopes - fit.slopes.mean()
        spread = centred @ centred
        kept[r] = again.slopes @ centred / spread if spread > 1e-9 * k else np.nan
        order = np.argsort(-_information_at(again, again.abilities), kind="stable")
        gathered += np.cumsum(_information_at(fit, ability)[order])
    return ScaleCheck(ratio, kept, gathered / gathered[-1], converged)


def _information_at(fit: TwoParameter, abilities: Floats) -> Floats:
    """Mean information of each item at the abilities, shape (items,)."""
    known, p = expit(abilities[:, None] * fit.slopes + fit.intercepts), fit.chances(abilities)
    slope = (1 - fit.guessing) * known * (1 - known)
    result: Floats = fit.slopes**2 * (slope**2 / (p * (1 - p))).mean(axis=0)
    return result


def fewest_items(fit: TwoParameter, check: ScaleCheck, share: float) -> npt.NDArray[np.intp]:
    """Indices of the fewest items that keep a share of the information, best first.

    How many it takes is read off the check, where the items are chosen by estimates and counted by the truth, so that
    items which only look informative do not count.
    """
    count = int(np.searchsorted(check.kept_information, share - 1e-12)) + 1
    return np.argsort(-_information_at(fit, fit.abilities), kind="stable")[:count]
