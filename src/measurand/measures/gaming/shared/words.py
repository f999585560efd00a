"""Words that several measures of gaming share."""

from __future__ import annotations

from collections.abc import Sequence

from measurand.wording import listed

__all__ = ["first_few"]

MOST_NAMED = 3


def first_few(names: Sequence[str]) -> str:
    """The first three names, and how many more there are.

    Examples
    --------
    >>> first_few(["A", "B"]), first_few(["A", "B", "C", "D", "E"])
    ('A and B', 'A, B, C and 2 more')
    """
    more = len(names) - MOST_NAMED
    return listed([*names[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])])
