"""Strengths from paired comparisons: Bradley-Terry and its two models of ties, many resamples at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, logsumexp

from measurand.stats.intervals.ranks import blocks

__all__ = [
    "TIES",
    "Comparisons",
    "Fit",
    "comparisons",
    "covariance",
    "fisher_covariance",
    "fit",
    "outcome_probabilities",
    "resampled_counts",
    "strong_components",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Ties = Literal["half", "rao_kupper", "davidson"]

TIES: tuple[Ties, ...] = ("half", "rao_kupper", "davidson")
"""How ties enter: as half a win each, or with a probability of their own (Rao and Kupper 1967, Davidson 1970)."""

_STEPS, _HALVINGS, _TOLERANCE, _SAFE_STEP = 100, 40, 1e-10, 0.1
_MOST_RANGE = 60.0
_MOST_BLOCKS = 1000
_KEPT = 1e-3


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """Votes summed by pair of models and outcome: all that the strengths depend on.

    Parameters
    ----------
    models : number of models m.
    first, second : the p pairs that met, first < second, shape (p,).
    counts : wins of the first, ties, wins of the second, shape (3, p).
    cell : outcome * p + pair of each row of votes, shape (rows,).
    weights : votes that each row stands for, shape (rows,); None if each is one.
    """

    models: int
    first: Ints
    second: Ints
    counts: Floats
    cell: Ints
    weights: Ints | None = None

    @property
    def wins(self) -> Floats:
        """Wins of each model over each other, a tie counted half to both, shape (m, m)."""
        result = np.zeros((self.models, self.models))
        result[self.first, self.second] = self.counts[0] + self.counts[1] / 2
        result[self.second, self.first] = self.counts[2] + self.counts[1] / 2
        return result


@dataclass(frozen=True)
class Fit:
    """Maximum-likelihood strengths, one row per replicate.

    Parameters
    ----------
    strengths : natural logarithm of each model's odds, summing to 0, shape (r, m).
    tie : parameter of ties, shape (r,): log nu (Davidson) or log theta (Rao-Kupper); 0 where ties are half wins.
    converged : shape (r,).
    """

    strengths: Floats
    tie: Floats
    converged: npt.NDArray[np.bool_]


def comparisons(first: Ints, second: Ints, outcome: Ints, models: int, weights: Ints | None = None) -> Comparisons:
    """Votes summed by pair.

    Parameters
    ----------
    first, second : number of the two models of each row of votes, shape (rows,), never the same.
    outcome : 0 if the first won, 1 for a tie, 2 if the second won, shape (rows,).
    models : number of models.
    weights : how many votes each row stands for, shape (rows,); one by default.

    Examples
    --------
    >>> found = comparisons(np.array([0, 1, 2]), np.array([1, 0, 0]), np.array([0, 0, 1]), 3)
    >>> found.first.tolist(), found.second.tolist(), found.counts.tolist()
    ([0, 0], [1, 2], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    """
    turned = first > second
    low, high = np.where(turned, second, first), np.where(turned, first, second)
    keys = low * models + high
    met = np.flatnonzero(np.bincount(keys, minlength=models**2))
    place = np.zeros(models**2, dtype=np.int64)
    place[met] = np.arange(len(met))
    cell = np.where(turned, 2 - outcome, outcome) * len(met) + place[keys]
    counts = np.bincount(cell, weights, minlength=3 * len(met)).astype(np.float64).reshape(3, len(met))
    return Comparisons(
        models=models, first=met // models, second=met % models, counts=counts, cell=cell, weights=weights
    )


def strong_components(wins: Floats) -> Ints:
    """Component of each model within which each has beaten each other through some chain of wins, shape (m,).

    Strengths have a finite maximum of the likelihood within a component and none across (Ford 1957).

    Examples
    --------
    >>> strong_components(np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0]])).tolist()
    [1, 1, 0]
    """
    _, labels = connected_components(sparse.csr_matrix((wins > 0).astype(np.int8)), directed=True, connection="strong")
    result: Ints = labels.astype(np.int64)
    return result


def fit(data: Comparisons, counts: Floats | None = None, *, ties: Ties = "half", start: Fit | None = None) -> Fit:
    """Strengths by Newton's method, all replicates at once.

    Parameters
    ----------
    data : the pairs that met; one strong component (`strong_components`), or the maximum does not exist.
    counts : replicates of the counts, shape (r, 3, p); the data's own by default.
    ties : how ties enter, one of `TIES`; those with a parameter need a tie and a win in every replicate.
    start : one fit to start all replicates from.

    References
    ----------
    Bradley and Terry 1952, Biometrika 39; Rao and Kupper 1967, JASA 62; Davidson 1970, JASA 65.

    Examples
    --------
    >>> data = comparisons(np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0]), np.zeros(4, dtype=int), 2)
    >>> float(np.exp(np.subtract(*fit(data).strengths[0])).round(6))
    3.0
    """
    all_counts = data.counts[None] if counts is None else counts
    size, m = len(all_counts), data.models
    strengths, tie, converged = np.zeros((size, m)), np.zeros(size), np.zeros(size, dtype=bool)
    # Rao and Kupper's log theta has to be above 0: at 0 no vote can be a tie.
    tie += (0.0 if ties == "half" else 0.5) if start is None else start.tie[0]
    if start is not None:
        strengths += start.strengths[0]
    for rows in blocks(size, m * m + 12 * len(data.first)):
        part = np.ascontiguousarray(all_counts[rows])
        strengths[rows], tie[rows], converged[rows] = _newton(data, part, ties, strengths[rows], tie[rows])
    return Fit(strengths, tie, converged)


def _newton(
    data: Comparisons, counts: Floats, ties: Ties, strengths: Floats, tie: Floats
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Newton, large steps halved until the likelihood does not fall; replicates leave as they converge."""
    strengths, tie = strengths.copy(), tie.copy()
    active, done = np.arange(len(counts)), np.zeros(len(counts), dtype=bool)
    for _ in range(_STEPS):
        gradient, information = _derivatives(data, counts[active], ties, strengths[active], tie[active])
        step = np.asarray(np.linalg.solve(information, gradient[..., None])[..., 0], dtype=np.float64)
        size = np.abs(step).max(axis=1)
        # Near the maximum of so smooth and concave a likelihood a full step cannot overshoot.
        for row in np.flatnonzero(size > _SAFE_STEP):
            own = active[row : row + 1]
            scale = _halved(data, counts[own], ties, strengths[own], tie[own], step[row : row + 1])
            step[row] *= scale
            size[row] *= scale
        strengths[active] += step[:, : data.models]
        if ties != "half":
            tie[active] += step[:, -1]
        settled = size <= _TOLERANCE
        done[active[settled]] = True
        # Strengths on their way to infinity would leave an information that cannot be inverted.
        active = active[~settled & (np.ptp(strengths[active], axis=1) < _MOST_RANGE)]
        if not len(active):
            break
    strengths -= strengths.mean(axis=1, keepdims=True)
    return strengths, tie, done


def _halved(data: Comparisons, counts: Floats, ties: Ties, strengths: Floats, tie: Floats, step: Floats) -> float:
    """The first of 1, 1/2, 1/4, ... of a step that does not lower the likelihood; all of one replicate."""
    value, scale = _likelihood(data, counts, ties, strengths, tie)[0], 1.0
    for _ in range(_HALVINGS):
        moved = tie + scale * (step[:, -1] if ties != "half" else 0.0)
        reached = _likelihood(data, counts, ties, strengths + scale * step[:, : data.models], moved)[0]
        # Rounding lets the likelihood fall a little at its maximum.
        if reached >= value - 1e-9 * (1 + abs(value)):
            break
        scale /= 2
    return scale


def _likelihood(data: Comparisons, counts: Floats, ties: Ties, strengths: Floats, tie: Floats) -> Floats:
    logs = _log_probabilities(strengths[:, data.first] - strengths[:, data.second], tie[:, None], ties)
    # No count, no part in it, however small the probability.
    parts = [np.where(counts[:, k] > 0, counts[:, k] * logs[k], 0.0).sum(axis=1) for k in range(3)]
    result: Floats = np.sum(parts, axis=0)
    # NaN is a step far out of range: the worst, so that it is halved.
    return np.where(np.isnan(result), -np.inf, result)


def _log_probabilities(gap: Floats, tie: Floats, ties: Ties) -> tuple[Floats, Floats, Floats]:
    """Logarithm of what win, tie and loss add to the likelihood at a gap of strengths."""
    if ties == "half":
        win, loss = -np.logaddexp(0, -gap), -np.logaddexp(0, gap)
        return win, (win + loss) / 2, loss
    if ties == "davidson":
        whole = logsumexp(np.stack(np.broadcast_arrays(gap / 2, tie, -gap / 2)), axis=0)
        return gap / 2 - whole, tie - whole, -gap / 2 - whole
    win, loss = -np.logaddexp(0, tie - gap), -np.logaddexp(0, tie + gap)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = np.where(tie > 0, np.log(np.expm1(2 * np.maximum(tie, 0))), -np.inf)
    return win, between + win + loss, loss


def _scores(gap: Floats, tie: Floats, ties: Ties) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """First derivatives of each outcome's logarithm in gap and tie, and minus the second (gap, both, tie).

    Each of shape (3, ...): win, tie, loss.
    """
    if ties == "half":
        p = expit(gap)
        zero = np.zeros_like(p)
        slope = np.stack([1 - p, 0.5 - p, -p])
        curve = np.stack([p * (1 - p)] * 3)
        return slope, np.stack([zero] * 3), curve, np.stack([zero] * 3), np.stack([zero] * 3)
    if ties == "davidson":
        win, draw, loss = (np.exp(log) for log in _log_probabilities(gap, tie, ties))
        mean = (win - loss) / 2
        slope = np.stack([0.5 - mean, -mean, -0.5 - mean])
        tie_slope = np.stack([-draw, 1 - draw, -draw])
        return (
            slope,
            tie_slope,
            np.stack([(win + loss) / 4 - mean**2] * 3),
            np.stack([-mean * draw] * 3),
            np.stack([draw * (1 - draw)] * 3),
        )
    a, b = expit(tie - gap), expit(tie + gap)
    da, db = a * (1 - a), b * (1 - b)
    # The derivative of log(exp(2 tie) - 1), in a form that cannot overflow.
    grown = 2 / -np.expm1(-2 * tie)
    zero = np.zeros_like(a)
    return (
        np.stack([a, a - b, -b]),
        np.stack([-a, grown - a - b, -b]),
        np.stack([da, da + db, db]),
        np.stack([-da, db - da, db]),
        np.stack([da, da + db + grown**2 - 2 * grown + zero, db]),
    )


def _derivatives(
    data: Comparisons, counts: Floats, ties: Ties, strengths: Floats, tie: Floats
) -> tuple[Floats, Floats]:
    """Gradient (r, k) and information (r, k, k); k is m, and one more where ties have a parameter.

    The strengths' common shift, which the likelihood does not know, is held by adding 1 / m everywhere.
    """
    m, rows = data.models, len(counts)
    gap = strengths[:, data.first] - strengths[:, data.second]
    if ties == "half":
        # A tie counts as half a win each, so that wins and votes of a pair say all: a third of the numbers.
        p, votes = expit(gap), counts.sum(axis=1)
        pull, weight = counts[:, 0] + counts[:, 1] / 2 - votes * p, votes * p * (1 - p)
    else:
        slope, tie_slope, curve, cross, tie_curve = _scores(gap, tie[:, None], ties)
        share = counts.transpose(1, 0, 2)
        pull, weight = (share * slope).sum(axis=0), (share * curve).sum(axis=0)
    incidence = _incidence(data)
    k = m + (ties != "half")
    gradient, information = np.zeros((rows, k)), np.zeros((rows, k, k))
    gradient[:, :m] = pull @ incidence
    information[:, data.first, data.second] = information[:, data.second, data.first] = -weight
    information[:, np.arange(m), np.arange(m)] = weight @ abs(incidence)
    information[:, :m, :m] += weight.sum(axis=1)[:, None, None] / m**2
    if ties != "half":
        gradient[:, m] = (share * tie_slope).sum(axis=(0, 2))
        information[:, :m, m] = information[:, m, :m] = (share * cross).sum(axis=0) @ incidence
        information[:, m, m] = (share * tie_curve).sum(axis=(0, 2))
    return gradient, information


def _incidence(data: Comparisons) -> sparse.csr_matrix:
    """+1 at the first and -1 at the second model of each pair, shape (p, m)."""
    pairs = np.arange(len(data.first))
    signs = np.repeat([1.0, -1.0], len(pairs))
    places = (np.tile(pairs, 2), np.concatenate([data.first, data.second]))
    return sparse.csr_matrix((signs, places), shape=(len(pairs), data.models))


def fisher_covariance(data: Comparisons, fitted: Fit, *, ties: Ties = "half") -> Floats:
    """Covariance of the strengths if the votes are independent and the model right: the inverse information, (m, m)."""
    return _projected(_inverse_information(data, fitted, ties), data.models)


def covariance(data: Comparisons, fitted: Fit, *, ties: Ties = "half", clusters: Ints | None = None) -> Floats:
    """Sandwich covariance of the strengths, shape (m, m): right whatever the distribution of the votes.

    Parameters
    ----------
    clusters : number of each row's cluster, shape (rows,); votes are independent across clusters, and the sum over
        clusters is times G / (G - 1). None if every vote is independent.

    References
    ----------
    White 1982, Econometrica 50; Liang and Zeger 1986, Biometrika 73.
    """
    gap = fitted.strengths[0, data.first] - fitted.strengths[0, data.second]
    slope, tie_slope, *_ = _scores(gap, fitted.tie[0], ties)
    pairs = len(data.first)
    cells = sparse.vstack([sparse.diags(row) @ _incidence(data) for row in slope])
    if ties != "half":
        cells = sparse.hstack([cells, sparse.csr_matrix(tie_slope.reshape(3 * pairs, 1))])
    cells = sparse.csr_matrix(cells)
    if clusters is None:
        middle = (cells.T @ sparse.diags(data.counts.ravel()) @ cells).toarray()
    else:
        sums = _by_cluster(data, clusters) @ cells
        groups = sums.shape[0]
        middle = (sums.T @ sums).toarray() * groups / (groups - 1)
    bread = _inverse_information(data, fitted, ties)
    return _projected(bread @ middle @ bread, data.models)


def _inverse_information(data: Comparisons, fitted: Fit, ties: Ties) -> Floats:
    _, information = _derivatives(data, data.counts[None], ties, fitted.strengths, fitted.tie)
    inverse: Floats = np.linalg.inv(information[0])
    return inverse


def _projected(matrix: Floats, m: int) -> Floats:
    """The strengths' part, as of strengths that sum to 0."""
    part = matrix[:m, :m]
    result: Floats = part - part.mean(axis=0) - part.mean(axis=1)[:, None] + part.mean()
    return result


def _by_cluster(data: Comparisons, clusters: Ints) -> sparse.csr_matrix:
    """Votes of each cluster in each cell, shape (clusters, 3 p)."""
    codes, member = np.unique(clusters, return_inverse=True)
    votes = np.ones(len(member)) if data.weights is None else data.weights.astype(np.float64)
    return sparse.csr_matrix((votes, (member, data.cell)), shape=(len(codes), data.counts.size))


def resampled_counts(
    data: Comparisons, replicates: int, rng: np.random.Generator, *, clusters: Ints | None = None, ratio: float = 1.0
) -> Floats:
    """Bootstrap of the votes, or of whole clusters, as counts, shape (replicates, 3, p).

    Beyond 1,000 clusters, whole blocks of clusters are resampled. Every cell keeps a thousandth of its own votes, so
    that a maximum exists in every replicate if it does in the data.

    Parameters
    ----------
    ratio : votes (clusters) drawn for each one there is.
    """
    if clusters is None:
        # Independent Poisson counts and a multinomial differ by the total alone, on which no strength depends.
        drawn = rng.poisson(data.counts * ratio, size=(replicates, *data.counts.shape)).astype(np.float64)
    else:
        codes, member = np.unique(clusters, return_inverse=True)
        if len(codes) > _MOST_BLOCKS:
            member = rng.permutation(len(codes))[member] % _MOST_BLOCKS
        table = _by_cluster(data, member.astype(np.int64))
        groups = table.shape[0]
        take = max(2, round(ratio * groups))
        weights = rng.multinomial(take, np.full(groups, 1 / groups), size=replicates).astype(np.float64)
        drawn = np.ascontiguousarray((table.T @ weights.T).T).reshape(replicates, *data.counts.shape)
    # In place: of many models, each copy of the replicates is hundreds of megabytes.
    drawn *= 1 - _KEPT
    drawn += _KEPT * ratio * data.counts
    result: Floats = drawn
    return result


def outcome_probabilities(data: Comparisons, fitted: Fit, *, ties: Ties) -> Floats:
    """Probability of win, tie and loss of each pair, shape (3, p); none of a tie where ties are half wins."""
    gap = fitted.strengths[0, data.first] - fitted.strengths[0, data.second]
    result = np.exp(np.stack(_log_probabilities(gap, fitted.tie[0], ties)))
    if ties == "half":
        result[1] = 0.0
    return result
