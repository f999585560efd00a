"""Attempts to elicit a behaviour: as tables write them down, and from logs whose epochs are attempts."""

from __future__ import annotations

import polars as pl

from measurand.errors import InputError, NotApplicable
from measurand.tables import Attempts, Responses, reading_rank
from measurand.tables.attempts import ATTEMPT_SCHEMA

__all__ = ["EFFORT_SCHEMA", "attempts_from_responses", "attempts_of"]

EFFORT_SCHEMA: dict[str, pl.DataType] = {
    **ATTEMPT_SCHEMA,
    "queries_to_success": pl.Float64(),
    "tokens_in": pl.Float64(),
    "tokens_out": pl.Float64(),
}
"""Columns of a table of attempts as it may be written down: tokens by direction, and of an effort in one row the
queries up to its success beside those of its whole budget."""


def attempts_of(frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> Attempts:
    """Attempts from columns `EFFORT_SCHEMA`, whichever are there.

    Tokens are those in and out together. A row with a success took the queries up to it; a row without one took all of
    its queries.

    Raises
    ------
    InputError
        What is there is no attempt.

    Examples
    --------
    >>> rows = {"target": ["m", "m"], "behaviour": ["a", "b"], "success": [1.0, 0.0], "queries": [90.0, 90.0]}
    >>> attempts_of(pl.DataFrame({**rows, "queries_to_success": [28.0, None]})).frame["queries"].to_list()
    [28.0, 90.0]
    """
    found = list(notes)
    if {"tokens_in", "tokens_out"} <= set(frame.columns):
        whole = pl.col("tokens") if "tokens" in frame.columns else pl.lit(None, dtype=pl.Float64)
        frame = frame.with_columns(pl.coalesce(whole, pl.col("tokens_in") + pl.col("tokens_out")).alias("tokens"))
        found.append("tokens of an attempt are those in and out together, where they are not given as one")
    if "queries_to_success" in frame.columns and "success" in frame.columns:
        frame, count, said_beside = _up_to_success(frame)
        if count:
            found.append(f"a success took the queries up to it, not those of its whole budget ({_rows(count)})")
        if said_beside:
            found.append(
                f"queries up to a success that is none (by another judge, say) were not used ({_rows(said_beside)})"
            )
    return Attempts.build(frame.select(name for name in frame.columns if name in ATTEMPT_SCHEMA), tuple(found))


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _up_to_success(frame: pl.DataFrame) -> tuple[pl.DataFrame, int, int]:
    """Queries up to the success where there was one; how many rows that is, and how many say so without a success."""
    told = pl.col("queries_to_success").is_not_null()
    came = (pl.col("success") > 0).fill_null(False)
    whole = pl.col("queries") if "queries" in frame.columns else pl.lit(None, dtype=pl.Float64)
    counts = frame.select((told & came).sum().alias("used"), (told & ~came).sum().alias("beside")).row(0)
    queries = pl.when(told & came).then(pl.col("queries_to_success")).otherwise(whole)
    return frame.with_columns(queries.alias("queries")), int(counts[0]), int(counts[1])


def attempts_from_responses(responses: Responses, *, success_is: int = 1) -> Attempts:
    """Attempts in logs: an item is a behaviour, its epochs are the attempts at it, and the score says whether it came.

    A variant (prompt format, solver) is a method. One query per attempt; its tokens are those of the sample. By the
    reading that stands for the run, as everywhere; its items' clusters stay.

    Parameters
    ----------
    responses : item-level results with scores from 0 to 1.
    success_is : the score at which the behaviour came: 1, or 0 where scores count refusals.

    Raises
    ------
    NotApplicable
        No scored item.
    InputError
        Scores outside [0, 1], or another `success_is`.

    Examples
    --------
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> rows = pl.DataFrame({"model": "m", "benchmark": "b", "item": ["i", "i"], "epoch": [1, 2], "score": [0.0, 1.0]})
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> found = attempts_from_responses(Responses(pl.concat([empty, rows], how="diagonal_relaxed").lazy()))
    >>> found.frame.select("target", "behaviour", "attempt", "success", "queries").rows()
    [('m', 'i', 1, 0.0, 1.0), ('m', 'i', 2, 1.0, 1.0)]
    """
    if success_is not in (0, 1):
        raise InputError(f"success_is should be 1, or 0 where a score of 0 is a success, got {success_is}")
    rows = responses.clustered().drop_nulls(["model", "benchmark", "item", "score"]).collect()
    if rows.is_empty():
        raise NotApplicable("no item was scored", needs="item-level results with scores from 0 to 1")
    rows = _main(rows)
    several = rows["benchmark"].n_unique() > 1
    behaviour = pl.format("{}/{}", "benchmark", "item") if several else pl.col("item")
    score = pl.col("score") if success_is else 1 - pl.col("score")
    key = ["model", "benchmark", "item", "variant"]
    found = rows.sort("epoch", maintain_order=True).select(
        pl.col("model").alias("target"),
        behaviour.alias("behaviour"),
        pl.col("variant").alias("method"),
        pl.int_range(1, pl.len() + 1).over(key).alias("attempt"),
        score.alias("success"),
        # Turns within a sample are not counted in responses: a lower bound for agents.
        pl.lit(1.0).alias("queries"),
        # Null where either is unknown: half of a cost would be taken for the whole.
        (pl.col("tokens_in") + pl.col("tokens_out")).cast(pl.Float64).alias("tokens"),
        "cluster",
    )
    said = "an item is a behaviour, and its epochs are the attempts at it"
    return Attempts.build(found, (said if success_is else f"{said}; a score of 0 is a success",))


def _main(rows: pl.DataFrame) -> pl.DataFrame:
    """Each benchmark's rows by the reading that stands for it, and by one grader."""
    readings = (
        rows.select("benchmark", "reading", reading_rank().alias("rank")).unique().sort("benchmark", "rank", "reading")
    )
    main = readings.group_by("benchmark", maintain_order=True).first().select("benchmark", "reading")
    kept = rows.join(main, on=["benchmark", "reading"], how="semi", nulls_equal=True, maintain_order="left")
    counts = kept.group_by("benchmark", "model", "grader").len().sort(["len", "grader"], descending=[True, False])
    first = counts.group_by("benchmark", "model", maintain_order=True).first().select("benchmark", "model", "grader")
    return kept.join(first, on=["benchmark", "model", "grader"], how="semi", nulls_equal=True, maintain_order="left")
