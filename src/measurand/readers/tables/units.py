"""Percentages and fractions: whether one benchmark mixes them, and on which scale its values are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

__all__ = ["Odd", "odd_units", "ranges", "scale_of"]

GAP = 5.0
"""Least ratio of the smallest value above 1 to the largest up to 1 for the two to be of different units."""
REACH = 2.0
"""By what factor a value may come to lie outside the others' range once brought to their unit."""
# Of one value each, nothing tells which of the two is the odd one.
LEAST_MAJORITY = 3


class Odd(NamedTuple):
    """The values of one benchmark that look like another unit than the rest.

    Parameters
    ----------
    fractions : whether the odd ones look like fractions among percentages (else percentages among fractions).
    models : the models of the odd values, and `values` the values.
    low, high : range of the other values.
    """

    fractions: bool
    models: list[str]
    values: list[float]
    low: float
    high: float


def ranges(table: pl.DataFrame) -> pl.DataFrame:
    """Least and greatest score of each benchmark, of all values, those in (0, 1] and those in (1, 100].

    Examples
    --------
    >>> ranges(pl.DataFrame({"benchmark": ["b", "b"], "score": [0.5, 60.0]})).row(0)
    ('b', 0.5, 60.0, 1, 0.5, 0.5, 1, 60.0, 60.0)
    """
    score = pl.col("score")
    parts = table.lazy().select(
        "benchmark",
        "score",
        pl.when((score > 0) & (score <= 1)).then(score).alias("fraction"),
        pl.when((score > 1) & (score <= 100)).then(score).alias("percentage"),
    )
    return (
        parts.group_by("benchmark", maintain_order=True)
        .agg(
            score.min().alias("min"),
            score.max().alias("max"),
            pl.col("fraction").count().alias("fractions"),
            pl.col("fraction").min().alias("fraction_min"),
            pl.col("fraction").max().alias("fraction_max"),
            pl.col("percentage").count().alias("percentages"),
            pl.col("percentage").min().alias("percentage_min"),
            pl.col("percentage").max().alias("percentage_max"),
        )
        .collect()
    )


def odd_units(table: pl.DataFrame, spread: Mapping[str, Any]) -> Odd | None:
    """The values of a benchmark that look like another unit than the rest, or None.

    A low percentage is no fraction, so all of this must hold: every value within [0, 100]; some in (0, 1] and some in
    (1, 100], three or more of one of them; a gap of a factor 5 between the two; and every value of the fewer, brought
    to the unit of the others, inside their range or within a factor 2 of it.

    Parameters
    ----------
    table : model, benchmark, score.
    spread : the benchmark's row of `ranges`.

    Examples
    --------
    >>> table = pl.DataFrame({"model": list("abcd"), "benchmark": "mmlu", "score": [0.52, 45.0, 60.0, 70.0]})
    >>> odd_units(table, ranges(table).row(0, named=True))
    Odd(fractions=True, models=['a'], values=[0.52], low=45.0, high=70.0)
    """
    few, many = sorted((spread["fractions"], spread["percentages"]))
    if few < 1 or many < LEAST_MAJORITY or spread["min"] < 0 or spread["max"] > 100:
        return None
    # Small percentages run on below 1 without a gap; two units leave one between them.
    if spread["percentage_min"] < GAP * spread["fraction_max"]:
        return None
    fractions = bool(spread["fractions"] <= spread["percentages"])
    odd, rest, factor = ("fraction", "percentage", 100.0) if fractions else ("percentage", "fraction", 0.01)
    low, high = spread[f"{rest}_min"], spread[f"{rest}_max"]
    if spread[f"{odd}_min"] * factor < low / REACH or spread[f"{odd}_max"] * factor > high * REACH:
        return None
    score = pl.col("score")
    cells = table.filter(
        (pl.col("benchmark") == spread["benchmark"]) & (((score > 0) & (score <= 1)) if fractions else (score > 1))
    )
    return Odd(fractions, cells["model"].to_list(), cells["score"].to_list(), low, high)


def scale_of(least: float, greatest: float, maximum: float) -> float | None:
    """The factor that brings a raw maximum to the unit of values: 1, 100 (percentages), or None (another unit).

    Examples
    --------
    >>> scale_of(0.2, 0.9, 1.0), scale_of(20.0, 90.0, 1.0), scale_of(-3.0, 8.0, 1.0)
    (1.0, 100.0, None)
    """
    if least >= 0 and greatest <= maximum:
        return 1.0
    # 1.5 and not 1: a fraction may end a little above its maximum, a percentage that low is hardly a best score.
    return 100.0 if maximum == 1 and least >= 0 and 1.5 < greatest <= 100 else None
