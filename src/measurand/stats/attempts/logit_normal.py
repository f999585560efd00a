"""Success rates that differ between behaviours as a logit-normal distribution: fit and forecast by quadrature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import log_expit

__all__ = ["LogitNormal", "fit_logit_normal"]

Floats = npt.NDArray[np.float64]

_LOWEST, _HIGHEST = -20.0, 12.0
"""Logits over which rates are integrated."""
_WIDEST = 8.0
_SIDE = 20
"""Points of a grid along each of its two sides."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LogitNormal:
    """A fit by maximum likelihood.

    Parameters
    ----------
    mean, spread : of the logit of the rate.
    log_likelihood : at the maximum, without what depends on neither.
    """

    mean: float
    spread: float
    log_likelihood: float
    _nodes: Floats
    _kernel: Floats
    _shift: float
    _weight: Floats

    def pass_at_k(self, k: float) -> float:
        """Forecast chance of a success in k attempts."""
        return float(self._success(np.array([self.mean]), np.array([self.spread]), k)[0])

    def limits(self, k: float, cut: float) -> tuple[float, float]:
        """Least and largest chance of a success in k attempts that a distribution with a log-likelihood of `cut` gives.

        NaN where none has as much.
        """
        mean, spread = _grid(_LOWEST, _HIGHEST, 2 * self._step, _WIDEST)
        for coarse in (True, False):
            inside = self._likelihood(mean, spread, coarse=coarse) >= cut
            # The maximum itself may lie between the points of a coarse grid.
            means, spreads = np.append(mean[inside], self.mean), np.append(spread[inside], self.spread)
            cell = (np.ptp(mean) / (_SIDE - 1), np.ptp(np.log(spread)) / (_SIDE - 1))
            mean, spread = _grid(
                means.min() - cell[0],
                means.max() + cell[0],
                max(2 * self._step, float(spreads.min() * np.exp(-cell[1]))),
                min(_WIDEST, float(spreads.max() * np.exp(cell[1]))),
            )
        inside = self._likelihood(mean, spread) >= cut
        if self.log_likelihood < cut:
            return float("nan"), float("nan")
        found = np.append(self._success(mean[inside], spread[inside], k), self.pass_at_k(k))
        return float(found.min()), float(found.max())

    @property
    def _step(self) -> float:
        return float(round(self._nodes[1] - self._nodes[0], 9))

    def _likelihood(self, mean: Floats, spread: Floats, *, coarse: bool = False) -> Floats:
        density = _coarse_density(self._step) if coarse else _density(self._nodes, mean, spread)
        found: Floats = np.log(np.maximum(density @ self._kernel, 1e-300)) @ self._weight + self._shift
        return found

    def _success(self, mean: Floats, spread: Floats, k: float) -> Floats:
        found: Floats = _density(self._nodes, mean, spread) @ -np.expm1(k * log_expit(-self._nodes))
        return np.minimum(found, 1.0)


def _nodes(step: float) -> Floats:
    found: Floats = np.arange(_LOWEST, _HIGHEST + step, step)
    return found


def _density(nodes: Floats, mean: Floats, spread: Floats) -> Floats:
    """Share of each distribution at each logit, shape (distributions, logits)."""
    z = (nodes[None, :] - mean[:, None]) / spread[:, None]
    weights = np.exp(-0.5 * z**2)
    found: Floats = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    return found


@lru_cache(maxsize=4)
def _coarse_density(step: float) -> Floats:
    """Of the grid that every search starts from."""
    return _density(_nodes(step), *_grid(_LOWEST, _HIGHEST, 2 * step, _WIDEST))


def _grid(low: float, high: float, least: float, most: float) -> tuple[Floats, Floats]:
    """Points of a grid of means and of spreads, these evenly on a log scale."""
    means, spreads = np.meshgrid(np.linspace(low, high, _SIDE), np.geomspace(least, most, _SIDE))
    return means.ravel(), spreads.ravel()


def fit_logit_normal(n: npt.ArrayLike, successes: npt.ArrayLike) -> LogitNormal:
    """Maximum likelihood over behaviours, each with its attempts and successes.

    Rates are integrated on a grid of logits as fine as the attempts can tell rates apart. Distributions narrower than
    two steps of it are left to the beta-binomial, which holds rates that are all alike.

    Examples
    --------
    >>> fit = fit_logit_normal([20] * 6, [0, 0, 1, 2, 8, 15])
    >>> round(fit.mean, 2), round(fit.spread, 2)
    (-2.39, 2.31)
    """
    pairs = np.stack([np.asarray(n, dtype=np.float64), np.asarray(successes, dtype=np.float64)])
    unique, weight = np.unique(pairs, axis=1, return_counts=True)
    step = round(float(np.clip(1 / np.sqrt(unique[0].max()), 0.02, 0.15)), 9)
    nodes = _nodes(step)
    logs = unique[1] * log_expit(nodes)[:, None] + (unique[0] - unique[1]) * log_expit(-nodes)[:, None]
    top = logs.max(axis=0)
    counts = weight.astype(np.float64)
    fit = LogitNormal(
        mean=0.0,
        spread=1.0,
        log_likelihood=0.0,
        _nodes=nodes,
        _kernel=np.exp(logs - top),
        _shift=float(top @ counts),
        _weight=counts,
    )
    mean, spread = _grid(_LOWEST, _HIGHEST, 2 * step, _WIDEST)
    for step_in in range(4):
        place = int(fit._likelihood(mean, spread, coarse=step_in == 0).argmax())
        best = (float(mean[place]), float(spread[place]))
        cell = (np.ptp(mean) / (_SIDE - 1), np.ptp(np.log(spread)) / (_SIDE - 1))
        low, high = best[1] * np.exp(-2 * cell[1]), best[1] * np.exp(2 * cell[1])
        mean, spread = _grid(best[0] - 2 * cell[0], best[0] + 2 * cell[0], max(2 * step, low), min(_WIDEST, high))
    value = float(fit._likelihood(np.array(best[:1]), np.array(best[1:]))[0])
    best_fit: LogitNormal = replace(fit, mean=best[0], spread=best[1], log_likelihood=value)
    return best_fit
