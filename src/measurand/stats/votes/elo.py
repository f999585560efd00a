"""Elo ratings, and how far they depend on the order in which the votes happened to come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_VOTES", "elo_over_orders", "elo_ratings"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_VOTES = 50_000
"""Votes that one random order plays: Elo forgets what lies further back."""

_START, _PER_DECADE = 1000.0, 400.0
_CHUNK = 2000


def elo_ratings(
    first: Ints, second: Ints, points: Floats, models: int, factors: Floats, orders: Ints | None = None
) -> Floats:
    """Ratings after all votes, for each order of the votes and each K.

    Every model starts at 1000; 400 points are odds of 10 to 1.

    Parameters
    ----------
    first, second : number of the two models of each vote, shape (votes,).
    points : what the first got: 1, 1/2 or 0, shape (votes,).
    factors : values of K, shape (f,).
    orders : numbers of votes in the order they are played, shape (r, n); as given by default.

    Returns
    -------
    array, shape (f, r, models)

    References
    ----------
    Elo 1978, The Rating of Chessplayers, Past and Present.

    Examples
    --------
    >>> elo_ratings(np.array([0]), np.array([1]), np.array([1.0]), 2, np.array([32.0])).tolist()
    [[[1016.0, 984.0]]]
    """
    played = np.arange(len(first))[None] if orders is None else orders
    count = len(played)
    # Orders and models along one axis, so that all orders move at once; one row per vote is one contiguous read.
    ratings = np.full((count * models, len(factors)), _START)
    offset = np.arange(count) * models
    rate = np.log(10) / _PER_DECADE
    # In chunks: the transposed copies hold every order, and whole ones would be orders times votes.
    for start in range(0, played.shape[1], _CHUNK):
        votes = np.ascontiguousarray(played[:, start : start + _CHUNK].T)
        left, right = first[votes] + offset, second[votes] + offset
        for i, j, point in zip(left, right, points[votes][:, :, None], strict=True):
            one, other = ratings.take(i, axis=0), ratings.take(j, axis=0)
            change = factors * (point - 1 / (1 + np.exp(rate * (other - one))))
            ratings[i] = one + change
            ratings[j] = other - change
    return np.ascontiguousarray(ratings.reshape(count, models, len(factors)).transpose(2, 0, 1))


def elo_over_orders(
    first: Ints,
    second: Ints,
    points: Floats,
    models: int,
    *,
    factors: Floats,
    orders: int,
    rng: np.random.Generator,
    weights: Ints | None = None,
) -> Floats:
    """Ratings over random orders of the votes, shape (f, orders, models).

    Beyond `MOST_VOTES` votes, each order plays that many, drawn without replacement.

    Parameters
    ----------
    weights : how many votes each row stands for, shape (rows,); one by default.

    References
    ----------
    Boubdir, Kim, Ermis, Hooker and Fadaee 2023, Elo Uncovered, arXiv 2311.17295.
    """
    ends = None if weights is None else np.cumsum(weights)
    votes = len(first) if ends is None else int(ends[-1])
    played = np.stack([rng.choice(votes, min(votes, MOST_VOTES), replace=False) for _ in range(orders)])
    if ends is not None:
        # The row that holds the vote of that number; to write out a billion votes would take their memory.
        played = np.searchsorted(ends, played, side="right")
    return elo_ratings(first, second, points, models, factors, played)
