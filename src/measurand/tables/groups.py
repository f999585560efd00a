"""Rows that go together: which column says so, by its name."""

from __future__ import annotations

import polars as pl

from measurand.errors import UnknownName

__all__ = ["DECLARED", "INDEPENDENT", "LIKELY", "group_column"]

DECLARED = "cluster"
"""The column that is the group unless another is named: it can mean nothing else."""

INDEPENDENT = "none"
"""Named as the group, it says that every row stands alone."""

LIKELY = ("passage", "story", "context", "document", "template", "group", "topic", "subject", "category", "domain")
"""Names of a shared context in published benchmarks, the likeliest first."""


def group_column(frame: pl.DataFrame, named: str | None = None) -> str | None:
    """The column by which rows go together: the one named, one called ``cluster``, or a likely one that repeats.

    Parameters
    ----------
    named : a column; case does not matter where that is unambiguous.

    Raises
    ------
    UnknownName
        No column of that name.

    Examples
    --------
    >>> group_column(pl.DataFrame({"Topic": ["law", "law", "art", "art"], "id": [1, 2, 3, 4]}))
    'Topic'
    >>> group_column(pl.DataFrame({"topic": ["law", "art", "sea"]}))
    """
    folded = {name.casefold(): name for name in reversed(frame.columns)}
    if named is not None:
        found = named if named in frame.columns else folded.get(named.casefold())
        if found is None:
            raise UnknownName("column of groups", named, frame.columns)
        return found
    for name in (DECLARED, *LIKELY):
        column = folded.get(name)
        if column is None:
            continue
        values = frame[column].drop_nulls()
        # A column called cluster was made to be the group; any other is one if its values are shared.
        if len(values) and (name == DECLARED or 2 <= values.n_unique() <= len(values) / 2):
            return column
    return None
