"""Many tests at once: adjusted p-values, and letters for what cannot be told apart."""

from __future__ import annotations

from string import ascii_letters

import numpy as np
import numpy.typing as npt

__all__ = ["benjamini_hochberg", "holm", "letters"]

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
    columns = [frozenset(range(n))] if n else []
    for i, j in zip(*np.nonzero(np.triu(separable)), strict=True):
        split = [column for column in columns if i in column and j in column]
        kept = [column for column in columns if column not in split]
        kept += [column - {int(out)} for column in split for out in (i, j)]
        # A group within another says nothing new.
        columns = [
            c for place, c in enumerate(kept) if not any(c < d or (c == d and place > k) for k, d in enumerate(kept))
        ]
    columns.sort(key=lambda column: sorted(column))
    return ["".join(_letter(place) for place, column in enumerate(columns) if row in column) for row in range(n)]


def _letter(place: int) -> str:
    """a to z, A to Z, then with a number."""
    turn, letter = divmod(place, len(ascii_letters))
    return ascii_letters[letter] + (str(turn) if turn else "")
