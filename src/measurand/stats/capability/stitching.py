"""One scale for models and benchmarks that overlap only in part: penalised least squares, many weightings at once.

The score of model m on benchmark b is taken as ``sigma(alpha_b (C_m - D_b))`` (Ho et al. 2025, A Rosetta Stone for AI
benchmarks, arXiv 2512.00193, whose published code this definition follows).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import expit, logit, stdtrit

from measurand.stats.intervals.ranks import blocks

__all__ = ["BOUND", "PENALTY", "SLOPES", "Cells", "Scale", "Spread", "fit_scale", "held_out", "spread"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PENALTY = 0.1
"""Weight of the mean square of the free parameters, as published."""

BOUND = 10.0
"""Capabilities and difficulties stay within this distance of 0."""

SLOPES = (0.1, 10.0)
"""Range of the slopes."""

_MOST_STEPS = 200
_PATIENCE, _LATELY, _WORTH = 60, 20, 1e-3
"""From so many steps on, a fit ends that gained no such share of its cost in so many of the last: where scores are
noise, models wander between the bounds for ever, and the fit predicts nothing wherever it ends."""
_TOLERANCE = 1e-7
"""Longest step, in any parameter, at which a fit has converged: the last steps square the error."""
_NEAR = 0.5
"""Longest step after which the second derivatives are trusted."""
_ROUNDING = 1e-13
_SPARSE = 0.25
"""Share of the cells below which only those that were run are multiplied."""
_LEAST_LEFT = 0.05
"""A score's leverage is taken as at most one less this."""
_MOST_BORROWED = 0.1
"""Share of a capability's curvature that may come from the penalty; above it, the scores do not place the model."""


@dataclass(frozen=True)
class Cells:
    """Scores of the pairs of model and benchmark that were run.

    Parameters
    ----------
    model, benchmark : number of each, from 0 and without a gap, shape (n,); no pair twice, models in ascending order.
    score : in [0, 1], shape (n,).
    anchor : number of the benchmark whose difficulty is 0 and whose slope is 1.
    """

    model: Ints
    benchmark: Ints
    score: Floats
    anchor: int = 0

    @property
    def models(self) -> int:
        """How many models there are."""
        return int(self.model.max()) + 1

    @property
    def benchmarks(self) -> int:
        """How many benchmarks there are."""
        return int(self.benchmark.max()) + 1


@dataclass(frozen=True)
class Scale:
    """Fits, one per row.

    Parameters
    ----------
    capability : C, shape (fits, models), on the anchor's scale.
    difficulty, slope : D and alpha, shape (fits, benchmarks).
    cost : half of the weighted sum of squares and the penalty, shape (fits,).
    converged : whether the last step was negligible, shape (fits,).
    """

    capability: Floats
    difficulty: Floats
    slope: Floats
    cost: Floats
    converged: Mask

    def expected(self, cells: Cells) -> Floats:
        """Score that each fit expects in each cell, shape (fits, n)."""
        distance = self.capability[:, cells.model] - self.difficulty[:, cells.benchmark]
        result: Floats = expit(self.slope[:, cells.benchmark] * distance)
        return result


def fit_scale(cells: Cells, weights: Floats | None = None, start: Scale | None = None) -> Scale:
    """Least squares of ``sigma(alpha_b (C_m - D_b))`` on the scores, with a small penalty.

    Minimises ``1/2 [sum w (sigma(alpha (C - D)) - y)^2 + .1 / P (sum C^2 + sum D^2 + sum alpha^2)]`` over the P free
    parameters (all C and D, and the slopes but the anchor's, which is 1), C and D in [-10, 10] and alpha in [.1, 10];
    then C and D are moved together until the anchor's difficulty is 0. Levenberg-Marquardt, the capabilities
    eliminated from each step (Schur complement), since each of them touches its own model's scores only. The penalty is
    the published one: with few scores, it draws models and benchmarks together.

    Parameters
    ----------
    cells : the scores.
    weights : of the cells, shape (fits, n); all 1 by default.
    start : a fit to start from, with one row.

    Examples
    --------
    >>> model, benchmark = np.divmod(np.arange(40), 4)
    >>> difficulties_0_to_3 = Cells(model, benchmark, expit((model - 4.5) / 2 - benchmark))
    >>> fit_scale(difficulties_0_to_3).difficulty.round(1).tolist()
    [[0.0, 0.8, 1.5, 2.2]]
    """
    if weights is None:
        weights = np.ones((1, len(cells.score)))
    first = _first_guess(cells) if start is None else (start.capability, start.difficulty, start.slope)
    # What a step holds per fit: two arrays of models x 2b, and one of 2b x 2b.
    width = 4 * cells.benchmarks * (cells.models + cells.benchmarks)
    parts = [_fit(cells, weights[rows], *first) for rows in blocks(len(weights), width)]
    return Scale(*(np.concatenate(fields) for fields in zip(*parts, strict=True)))


@dataclass(frozen=True, eq=False)
class Spread:
    """How far capabilities would move with other scores.

    Their covariance on the anchor's scale is ``diag(own) + left @ right.T``: all that models share are the parameters
    of the benchmarks, so that thousands of them need no matrix of models by models.

    Parameters
    ----------
    own : shape (models,). left, right : shape (models, twice the free parameters of the benchmarks).
    placed : whether a model's scores place it, not the penalty, shape (models,): scores all at 0, or all at 1, do not.
    cells : scores of each model, shape (models,).
    """

    own: Floats
    left: Floats
    right: Floats
    placed: Mask
    cells: Ints

    def covariance(self, rows: slice = slice(None)) -> Floats:
        """Covariance of these capabilities with all, shape (rows, models)."""
        found = self.left[rows] @ self.right.T
        place = np.arange(len(self.own))[rows]
        found[np.arange(len(place)), place] += self.own[place]
        result: Floats = found
        return result

    @property
    def variance(self) -> Floats:
        """Variance of each capability, NaN where its scores do not place it, shape (models,)."""
        return np.where(self.placed, self.own + np.einsum("mk,mk->m", self.left, self.right), np.nan)

    def limits(self, capability: Floats, level: float) -> tuple[Floats, Floats]:
        """Intervals of the capabilities, t with one degree of freedom less than the model has scores."""
        half = stdtrit(np.maximum(self.cells - 1, 1), (1 + level) / 2) * np.sqrt(self.variance)
        return capability - half, capability + half

    def differences(self, rows: slice = slice(None)) -> tuple[Floats, Floats]:
        """Standard errors of the differences of these models to all, and their (Satterthwaite) degrees of freedom."""
        variance = self.variance
        both = variance[rows, None] + variance
        gap = both - 2 * self.covariance(rows)
        own = variance**2 / np.maximum(self.cells - 1, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(np.where(gap > 0, gap, np.nan)), both**2 / (own[rows, None] + own)


def spread(cells: Cells, fit: Scale) -> Spread:
    """Covariance of the capabilities over scores that could have come out otherwise.

    The sandwich with each residual divided by one less its leverage (HC3): to first order the jackknife that leaves
    out a score at a time. A bootstrap over scores, which the few scores of a model leave too narrow, covers less
    (docs/calibration.md). As in `fit_scale`, the capabilities are eliminated (Schur complement).

    Parameters
    ----------
    fit : `fit_scale` of the same cells, one row.

    References
    ----------
    MacKinnon and White 1985, J. Econometrics 29(3).
    """
    m, b = cells.models, cells.benchmarks
    slope = fit.slope[0, cells.benchmark]
    expected = fit.expected(cells)[0]
    rise = expected * (1 - expected)
    distance = fit.capability[0, cells.model] - fit.difficulty[0, cells.benchmark]
    by_model, place = rise * slope, np.arange(len(rise))
    # Columns of the free difficulties and slopes; the anchor's two are held.
    free = np.delete(np.arange(2 * b), [cells.anchor, b + cells.anchor])
    by_benchmark = sparse.csr_array(
        (
            np.concatenate([-by_model, rise * distance]),
            (np.tile(place, 2), np.concatenate([cells.benchmark, b + cells.benchmark])),
        ),
        shape=(len(rise), 2 * b),
    )[:, free]
    penalty = PENALTY / (m + 2 * b - 1)
    curve = np.bincount(cells.model, by_model**2)
    of_models = sparse.csr_array((by_model, (cells.model, place)), shape=(m, len(rise)))
    shared = (of_models @ by_benchmark).toarray() / (curve + penalty)[:, None]
    inner = (by_benchmark.T @ by_benchmark).toarray() + penalty * np.eye(len(free))
    inner -= shared.T @ (shared * (curve + penalty)[:, None])
    inverse = np.linalg.inv(inner)
    off = np.empty(len(rise))
    crossed, squared = np.zeros((m, len(free))), np.zeros((len(free), len(free)))
    for rows in blocks(len(rise), 4 * len(free)):
        # What a score says of the benchmarks once its model's capability has followed it.
        rest = by_benchmark[rows].toarray() - by_model[rows, None] * shared[cells.model[rows]]
        own = by_model[rows] ** 2 / (curve + penalty)[cells.model[rows]]
        leverage = own + np.einsum("nk,nk->n", rest @ inverse, rest)
        # A score that its parameters fit by itself has a leverage near 1, and HC3 would divide by nearly 0.
        off[rows] = (cells.score - expected)[rows] / np.maximum(1 - leverage, _LEAST_LEFT)
        rest *= off[rows, None]
        squared += rest.T @ rest
        crossed += of_models[:, rows] @ (rest * off[rows, None])
    crossed /= (curve + penalty)[:, None]
    through = shared @ inverse
    placed = (penalty < _MOST_BORROWED * (curve + penalty)) & (np.abs(fit.capability[0]) < BOUND)
    return Spread(
        own=np.bincount(cells.model, (by_model * off) ** 2) / (curve + penalty) ** 2,
        left=np.hstack([through @ squared - crossed, through]),
        right=np.hstack([through, -crossed]),
        placed=placed,
        cells=np.bincount(cells.model),
    )


def held_out(cells: Cells, fit: Scale, folds: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Each score as the scale of the other folds' scores expects it, and as its benchmark's mean there does.

    The scores of each model, and models after each other, are dealt out to the folds, so that each keeps most.

    Returns
    -------
    by_scale, by_mean : shape (n,).
    """
    order = np.lexsort((rng.random(len(cells.score)), cells.model))
    fold = np.empty(len(order), dtype=np.int64)
    fold[order] = np.arange(len(order)) % folds
    weights = (fold != np.arange(folds)[:, None]).astype(np.float64)
    fits = fit_scale(cells, weights, fit)
    there = np.eye(cells.benchmarks)[cells.benchmark]
    with np.errstate(invalid="ignore"):
        means = (weights * cells.score) @ there / (weights @ there)
    place = np.arange(len(fold))
    return fits.expected(cells)[fold, place], means[fold, cells.benchmark]


def _first_guess(cells: Cells) -> tuple[Floats, Floats, Floats]:
    """Every model alike, and each benchmark as difficult as its mean score says."""
    mean = np.bincount(cells.benchmark, cells.score) / np.bincount(cells.benchmark)
    difficulty = -logit(np.clip(mean, 0.02, 0.98))
    return np.zeros((1, cells.models)), difficulty[None], np.ones((1, cells.benchmarks))


def _fit(
    cells: Cells, weights: Floats, capability: Floats, difficulty: Floats, slope: Floats
) -> tuple[Floats, Floats, Floats, Floats, Mask]:
    fits = len(weights)
    # The penalty is least where capabilities and difficulties together have mean 0.
    centre = (capability.sum() + difficulty.sum()) / (capability.size + difficulty.size)
    theta = np.concatenate([capability - centre, difficulty - centre, slope], axis=1)
    theta = np.repeat(theta, fits, axis=0)
    problem = _Problem.of(cells)
    theta = np.clip(theta, problem.low, problem.high)
    cost = problem.cost(theta, weights)
    damping, converged = np.full(fits, 1e-3), np.zeros(fits, dtype=bool)
    newton = np.zeros(fits, dtype=bool)
    lately, stuck = cost, np.zeros(fits, dtype=bool)
    for step in range(_MOST_STEPS):
        if step and step % _LATELY == 0:
            stuck = (step >= _PATIENCE) & (cost > (1 - _WORTH) * lately)
            lately = cost.copy()
        busy = np.flatnonzero(~(converged | stuck))
        if not len(busy):
            break
        here = theta[busy]
        there = here + problem.step(here, weights[busy], damping[busy], newton[busy])
        there = np.clip(there, problem.low, problem.high)
        reached = problem.cost(there, weights[busy])
        # At the least, rounding makes a step that changes nothing look worse.
        better = reached <= cost[busy] * (1 + _ROUNDING)
        # Far from the least, the second derivatives mislead; near it, they make the last steps few.
        length = np.abs(there - here).max(axis=1)
        converged[busy] = better & (length < _TOLERANCE)
        theta[busy[better]], cost[busy[better]] = there[better], reached[better]
        damping[busy] = np.where(better, np.maximum(damping[busy] / 5, 1e-9), damping[busy] * 8)
        newton[busy] = better & (length < _NEAR)
    m, b = cells.models, cells.benchmarks
    zero = theta[:, [m + cells.anchor]]
    return theta[:, :m] - zero, theta[:, m : m + b] - zero, theta[:, m + b :], cost, converged


@dataclass(frozen=True, kw_only=True)
class _Problem:
    """The cost and its Levenberg-Marquardt step, for parameters (C, D, alpha) of several fits, shape (fits, m + 2b)."""

    cells: Cells
    order: Ints
    starts: Ints
    model_starts: Ints
    penalty: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, cells: Cells) -> _Problem:
        m, b = cells.models, cells.benchmarks
        penalty = np.full(m + 2 * b, PENALTY / (m + 2 * b - 1))
        low = np.concatenate([np.full(m + b, -BOUND), np.full(b, SLOPES[0])])
        high = np.concatenate([np.full(m + b, BOUND), np.full(b, SLOPES[1])])
        held = m + b + cells.anchor
        penalty[held], low[held], high[held] = 0.0, 1.0, 1.0
        order = np.argsort(cells.benchmark, kind="stable")
        starts = np.searchsorted(cells.benchmark[order], np.arange(b))
        return cls(
            cells=cells,
            order=order,
            starts=starts,
            model_starts=np.searchsorted(cells.model, np.arange(m)),
            penalty=penalty,
            low=low,
            high=high,
        )

    def per_model(self, values: Floats) -> Floats:
        """Sums over the cells of each model."""
        result: Floats = np.add.reduceat(values, self.model_starts, axis=1)
        return result

    def per_benchmark(self, values: Floats) -> Floats:
        """Sums over the cells of each benchmark."""
        result: Floats = np.add.reduceat(values[:, self.order], self.starts, axis=1)
        return result

    def _parts(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Distance C - D, slope and residual in each cell, shape (fits, n)."""
        m, b = self.cells.models, self.cells.benchmarks
        distance = theta[:, self.cells.model] - theta[:, m + self.cells.benchmark]
        slope = theta[:, m + b + self.cells.benchmark]
        return distance, slope, expit(slope * distance) - self.cells.score

    def cost(self, theta: Floats, weights: Floats) -> Floats:
        """Half of the weighted sum of squares and the penalty."""
        residual = self._parts(theta)[2]
        result: Floats = ((weights * residual**2).sum(axis=1) + theta**2 @ self.penalty) / 2
        return result

    def step(self, theta: Floats, weights: Floats, damping: Floats, newton: Mask) -> Floats:
        """The damped step, of Newton or of Gauss and Newton; a parameter at a bound that would leave it stays."""
        m, b = self.cells.models, self.cells.benchmarks
        distance, slope, residual = self._parts(theta)
        expected = residual + self.cells.score
        rise = expected * (1 - expected)
        pull = weights * residual * rise
        gradient = np.concatenate(
            [
                self.per_model(pull * slope),
                -self.per_benchmark(pull * slope),
                self.per_benchmark(pull * distance),
            ],
            axis=1,
        )
        gradient += self.penalty * theta
        stuck = ((theta <= self.low) & (gradient > 0)) | ((theta >= self.high) & (gradient < 0))
        gradient[stuck] = 0.0
        free = (~stuck).astype(np.float64)
        bend = weights * rise**2
        further = pull * (1 - 2 * expected)
        # Each model's own curvature has to stay positive, since it is divided by.
        sound = (self.per_model((bend + further) * slope**2) > 0).all(axis=1)
        use = (newton & sound)[:, None].astype(np.float64)
        bend = bend + use * further
        curve, twist = bend * slope**2, bend * distance**2
        mixed = bend * slope * distance + use * pull
        diagonal = np.concatenate([self.per_model(curve), self.per_benchmark(curve), self.per_benchmark(twist)], axis=1)
        # Newton's diagonal may be negative, and damping has to shorten the step all the same.
        diagonal = diagonal + self.penalty + damping[:, None] * np.abs(diagonal) + 1e-12
        diagonal = np.where(stuck, 1.0, diagonal)
        # Capabilities against difficulties and slopes, then difficulties against slopes.
        inner = np.zeros((len(theta), 2 * b, 2 * b))
        place = np.arange(b)
        between = -self.per_benchmark(mixed) * free[:, m : m + b] * free[:, m + b :]
        inner[:, place, b + place] = inner[:, b + place, place] = between
        inner[:, np.arange(2 * b), np.arange(2 * b)] = diagonal[:, m:]
        rows, columns = np.tile(self.cells.model, 2), np.concatenate([self.cells.benchmark, b + self.cells.benchmark])
        values = np.concatenate([-curve, mixed], axis=1) * free[:, rows] * free[:, m + columns]
        if len(self.cells.model) < _SPARSE * m * b:
            parts = [sparse.csr_array((each, (rows, columns)), shape=(m, 2 * b)) for each in values]
            solved = zip(parts, inner, diagonal[:, :m], gradient[:, :m], gradient[:, m:], strict=True)
            return -np.array([_eliminated(*fit) for fit in solved])
        cross = np.zeros((len(theta), m, 2 * b))
        cross[:, rows, columns] = values
        scaled = cross / diagonal[:, :m, None]
        inner -= cross.transpose(0, 2, 1) @ scaled
        right = gradient[:, m:] - (gradient[:, None, :m] @ scaled)[:, 0]
        of_benchmarks = np.linalg.solve(inner, right[:, :, None])
        of_models = gradient[:, :m] / diagonal[:, :m] - (scaled @ of_benchmarks)[:, :, 0]
        return -np.concatenate([of_models, of_benchmarks[:, :, 0]], axis=1)


def _eliminated(
    cross: sparse.csr_array, inner: Floats, diagonal: Floats, of_models: Floats, of_benchmarks: Floats
) -> Floats:
    """The step of one fit where few cells were run, as `_Problem.step` makes it of all."""
    scaled = sparse.diags_array(1 / diagonal) @ cross
    solved = np.linalg.solve(inner - (cross.T @ scaled).toarray(), of_benchmarks - scaled.T @ of_models)
    return np.concatenate([of_models / diagonal - scaled @ solved, solved])
