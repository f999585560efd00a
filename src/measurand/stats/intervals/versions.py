"""Two versions of a table of scores: rows under other names, columns measured anew, values in each other's place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Interchange", "common_factor", "interchanges", "moved_rows", "rounded_alike", "same_rows", "share_error"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_DECIMALS = 9
"""Beyond these a difference is one of floating point, not of what was written."""

LEAST_TELLING = 3
"""Cells by which a row is known again, each of a value that no other row has in its column."""
LEAST_ALIKE = 0.8
"""Share of the cells of two rows that must be equal for them to be one row under two names."""

LEAST_ALONE = 5
"""Cells by which a row is known in the place of another whose own values are not found in its place."""

LEAST_FACTOR = 2.0
"""Factor from which a column was put into another unit: below, a gain of all models could look like one."""
FACTOR_TOLERANCE = 0.01
"""By which ratios may differ for rounding, relative to the factor."""

TOLERATED = 0.01
"""Distance from the other's old value, relative to the gap between the two old values."""


def rounded_alike(old: Floats, new: Floats) -> Bools:
    """Whether two columns' values are equal, at the decimals of the column that has fewer.

    Parameters
    ----------
    old, new : shape (rows,); NaN where there is none, which equals nothing.

    Examples
    --------
    >>> rounded_alike(np.array([70.9, 90.6]), np.array([70.92, 91.38])).tolist()
    [True, False]
    """
    decimals = min(_decimals(old), _decimals(new))
    # Rounded values differ by whole units or not at all, but for floating point.
    equal: Bools = np.abs(np.round(old, decimals) - np.round(new, decimals)) < 10.0**-decimals / 2
    return equal


def _decimals(values: Floats) -> int:
    """Decimals that the values of a column are given with."""
    written = (f"{value:.{MOST_DECIMALS}f}".rstrip("0") for value in values[np.isfinite(values)].tolist())
    return max((len(text.partition(".")[2]) for text in written), default=MOST_DECIMALS)


def same_rows(old: Floats, new: Floats, gone: Bools, came: Bools) -> list[tuple[int, int]]:
    """Rows that went and rows that came which are one row under two names.

    They are if at least 3 cells are equal whose values no other row of the old table has in that column, and 4 in 5 of
    the cells that both have are equal; and if that is true of no other pair with either row.

    Parameters
    ----------
    old, new : shapes (old rows, columns) and (new rows, columns), NaN where there is no value.
    gone, came : shapes (old rows,) and (new rows,): which are in one table only.

    Examples
    --------
    >>> old = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]])
    >>> same_rows(old, old[::-1], np.array([True, True]), np.array([False, True]))
    [(0, 1)]
    """
    telling = np.zeros(old.shape, dtype=bool)
    for column in range(old.shape[1]):
        values, place, times = np.unique(old[:, column], return_inverse=True, return_counts=True)
        telling[:, column] = (times == 1)[place] & np.isfinite(values)[place]
    pairs = []
    entrants = np.flatnonzero(came)
    for row in np.flatnonzero(gone).tolist():
        both = np.isfinite(old[row]) & np.isfinite(new[entrants])
        equal = np.isclose(old[row], new[entrants], rtol=0, atol=10.0**-MOST_DECIMALS)
        known = (equal & telling[row]).sum(axis=1) >= LEAST_TELLING
        found = entrants[known & (equal.sum(axis=1) >= LEAST_ALIKE * both.sum(axis=1))]
        pairs += [(row, int(other)) for other in found]
    firsts, seconds = ([pair[side] for pair in pairs] for side in (0, 1))
    return [pair for pair in pairs if firsts.count(pair[0]) == 1 and seconds.count(pair[1]) == 1]


def moved_rows(old: Floats, new: Floats) -> dict[int, int]:
    """Rows that now hold the old values of another row, and which one's; of columns, if both tables are transposed.

    They do if 4 in 5 of the cells that both have are equal to the old ones of one other row alone, and at least 3 of
    those, of different values, were not so before: 5 where the other row does not hold this one's in turn.

    Parameters
    ----------
    old, new : shape (rows, columns), NaN where there is no value.

    Examples
    --------
    >>> old = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8], [0.9, 1.0, 1.1, 1.2]])
    >>> moved_rows(old, old[[1, 0, 2]])
    {0: 1, 1: 0}
    """
    found: dict[int, tuple[int, int]] = {}
    for row in np.flatnonzero(_apart(old, new).sum(axis=1) >= LEAST_TELLING).tolist():
        both = np.isfinite(old) & np.isfinite(old[row]) & np.isfinite(new[row])
        equal = both & ~_apart(old, new[row])
        telling = equal & _apart(old, old[row])
        whole = (telling.sum(axis=1) >= LEAST_TELLING) & (equal.sum(axis=1) >= LEAST_ALIKE * both.sum(axis=1))
        others = np.flatnonzero(whole).tolist()
        if len(others) == 1:
            found[row] = others[0], len(np.unique(new[row, telling[others[0]]]))
    return {
        row: other
        for row, (other, told) in found.items()
        if told >= (LEAST_TELLING if found.get(other, (None,))[0] == row else LEAST_ALONE)
    }


def _apart(one: Floats, other: Floats) -> Bools:
    """Where both have a value, and not the same."""
    found: Bools = np.abs(one - other) > 10.0**-MOST_DECIMALS
    return found


def common_factor(old: Floats, new: Floats, least: int) -> float | None:
    """The factor between all values of a column, if it is one and at least 2 or at most 1/2: another unit.

    Parameters
    ----------
    old, new : shape (rows,), the values that both versions have.
    least : how many values must not be 0.

    Examples
    --------
    >>> common_factor(np.array([50.3, 68.5, 0.0]), np.array([0.503, 0.685, 0.0]), 2)
    0.01
    """
    zero = (old == 0) & (new == 0)
    if (~zero).sum() < least or ((old * new)[~zero] <= 0).any():
        return None
    ratios = new[~zero] / old[~zero]
    middle = float(np.median(ratios))
    if np.abs(ratios / middle - 1).max() > FACTOR_TOLERANCE or max(middle, 1 / middle) < LEAST_FACTOR:
        return None
    return float(f"{middle:.2g}")


class Interchange(NamedTuple):
    """Two rows whose new values are each other's old ones.

    `chance` is how many such pairs to expect in the column if each changed value were drawn from all of its values.
    """

    first: int
    second: int
    chance: float


def interchanges(old: Floats, new: Floats, changed: Bools, noise: Floats) -> Iterator[Interchange]:
    """Pairs of rows of one column whose values look interchanged, each row in one pair at most.

    Parameters
    ----------
    old, new : shape (rows,): the values that both versions have.
    changed : shape (rows,): which changed, and not by noise.
    noise : shape (rows,): how far each may be off by noise; 0 where that is not known.

    Examples
    --------
    >>> old = np.array([50.3, 68.5, 1.0, 2.0, 3.0])
    >>> new = np.array([68.4, 50.3, 1.0, 2.0, 3.0])
    >>> list(interchanges(old, new, old != new, np.zeros(5)))
    [Interchange(first=0, second=1, chance=0.0204...)]
    """
    rows = np.flatnonzero(changed)
    pairs = len(rows) * (len(rows) - 1) / 2
    values = np.concatenate([old, new])
    taken: set[int] = set()
    # Even the rarest value is met this often: with more changed cells than this no pair could tell anything.
    if pairs / (values.size - 3) ** 2 > 1:
        return
    for first in rows.tolist():
        others = rows[rows > first]
        slack = np.maximum(TOLERATED * np.abs(old[first] - old[others]), np.maximum(noise[first], noise[others]))
        near = (np.abs(new[first] - old[others]) <= slack) & (np.abs(new[others] - old[first]) <= slack)
        for second, allowed in zip(others[near].tolist(), slack[near].tolist(), strict=True):
            if {first, second} & taken:
                continue
            taken |= {first, second}
            rest = np.delete(values, [first, second, first + len(old), second + len(old)])
            rates = [(1 + (np.abs(rest - at) <= allowed).sum()) / (1 + len(rest)) for at in (old[first], old[second])]
            yield Interchange(first, second, float(pairs * rates[0] * rates[1]))


def share_error(share: npt.ArrayLike, n: npt.ArrayLike) -> Floats:
    """Standard error of a share of n independent items, one more right and one more wrong, so that 0 and 1 have one.

    References
    ----------
    Agresti and Caffo 2000, The American Statistician 54(4), for differences of two of them.

    Examples
    --------
    >>> share_error([0.5, 1.0], 98).round(3).tolist()
    [0.05, 0.01]
    """
    size = np.asarray(n, np.float64) + 2
    p = (np.asarray(share, np.float64) * (size - 2) + 1) / size
    found: Floats = np.sqrt(p * (1 - p) / size)
    return found
