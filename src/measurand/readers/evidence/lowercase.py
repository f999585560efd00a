"""Columns of evidence are told without regard to case."""

from __future__ import annotations

import polars as pl

from measurand.errors import InputError

__all__ = ["lowercased"]


def lowercased(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with the names of its columns in lower case.

    Raises
    ------
    InputError
        Two columns of one name but for case and spaces around it.

    Examples
    --------
    >>> lowercased(pl.DataFrame({" Winner": ["x"], "LOSER": ["y"]})).columns
    ['winner', 'loser']
    """
    names: dict[str, str] = {}
    for name in frame.columns:
        other = names.setdefault(name.strip().lower(), name)
        if other != name:
            raise InputError(f"columns {other!r} and {name!r} have one name but for case; rename or drop one of them")
    return frame.rename({name: lowered for lowered, name in names.items()})
