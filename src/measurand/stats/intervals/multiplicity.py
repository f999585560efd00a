"""Many tests at once: adjusted p-values, and letters for what cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_letters

import numpy as np
import numpy.typing as npt

__all__ = ["benjamini_hochberg", "benjamini_hochberg_bound", "holm", "letters"]

Floats = npt.NDArray[np.float64]


def holm(p_values: Floats) -> Floats:
    """Holm's adjusted p-values, which bound the chance of any false alarm; NaN stays and does not count.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    found = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(np.isfinite(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = np.arange(len(order), 0, -1)
    # Holm stops at the first test that fails, so no later p-value may come out smaller: a running maximum.
    found[order] = np.minimum(np.maximum.accumulate(p_values[order] * steps), 1.0)
    return found


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Benjamini and Hochberg's adjusted p-values, which bound the share of false alarms; NaN stays and does not count.

    References
    ----------
    Benjamini and Hochberg 1995, JRSS B 57(1).

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    found = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(np.isfinite(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    # The largest p-value that passes carries all smaller ones: a running minimum from the end.
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found


def benjamini_hochberg_bound(p_values: Floats, alpha: float, tests: int) -> float:
    """The largest p-value whose adjusted one is at most alpha, -inf where none is: for families of many millions.

    Parameters
    ----------
    p_values : at least those up to alpha, no NaN.
    alpha : bound on the expected share of false alarms.
    tests : how many the family has, those that are not given included.

    Examples
    --------
    >>> benjamini_hochberg_bound(np.array([0.04, 0.01]), 0.05, 3)
    0.01
    """
    ordered = np.sort(p_values)
    passed = np.flatnonzero(ordered <= alpha * np.arange(1, len(ordered) + 1) / tests)
    return float(ordered[passed[-1]]) if len(passed) else -np.inf


def letters(separable: npt.NDArray[np.bool_]) -> list[str]:
    """Compact letter display: two rows share a letter exactly if they cannot be told apart.

    Parameters
    ----------
    separable : shape (n, n), symmetric: whether two rows can be told apart. Rows should be in order of their scores,
        so that the first letters go to the first rows.

    References
    ----------
    Piepho 2004, An algorithm for a letter-based representation of all-pairwise comparisons, JCGS 13(2).

    Examples
    --------
    >>> letters(np.array([[False, False, True], [False, False, False], [True, False, False]]))
    ['a', 'ab', 'b']
    """
    n = len(separable)
    alike = [int(sum(1 << int(j) for j in np.flatnonzero(~row) if j != i)) for i, row in enumerate(separable)]
    groups = sorted(_largest_groups(alike, 0, (1 << n) - 1, 0), key=_members)
    found = [""] * n
    for place, group in enumerate(groups):
        for row in _members(group):
            found[row] += _letter(place)
    return found


def _largest_groups(alike: list[int], group: int, candidates: int, seen: int) -> Iterator[int]:
    """Sets, as bits, of which any two are alike, and which no further one could join (Bron and Kerbosch 1973)."""
    if not candidates | seen:
        if group:
            yield group
        return
    # Whoever is alike the one with most candidates alike is reached through it.
    pivot = max(_members(candidates | seen), key=lambda each: (alike[each] & candidates).bit_count())
    for each in _members(candidates & ~alike[pivot]):
        bit = 1 << each
        yield from _largest_groups(alike, group | bit, candidates & alike[each], seen & alike[each])
        candidates, seen = candidates & ~bit, seen | bit


def _members(bits: int) -> list[int]:
    """Places of the bits that are set, ascending."""
    return [place for place in range(bits.bit_length()) if bits >> place & 1]


def _letter(place: int) -> str:
    """a to z, A to Z, then with a number."""
    turn, letter = divmod(place, len(ascii_letters))
    return ascii_letters[letter] + (str(turn) if turn else "")
