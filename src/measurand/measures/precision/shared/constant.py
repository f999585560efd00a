"""Models that answer every question of a benchmark with one and the same text, and score well by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from measurand.tables import ItemTable, Responses, item_tables

__all__ = ["ConstantAnswer", "constant_answers"]

LEAST_ITEMS = 20
"""Answers from which a model can be said to give the same one throughout."""
NEARLY_ALL = 0.9
"""Share of a model's answers that are one text."""
OWN = 0.05
"""Share of the other models' answers up to which a text is none that the benchmark calls for: letters, yes and no, and
whatever else answers are chosen from are given by the others too."""


@dataclass(frozen=True, kw_only=True)
class ConstantAnswer:
    """A model that gives one text as its answer to nearly every item of a benchmark, and scores no worse than others.

    Parameters
    ----------
    benchmark, model : which.
    text : the answer, without case and with single spaces.
    same, responses : responses that hold it, of those of the model.
    score, others : mean score of the model, and the median of the other models' on the same items.
    """

    benchmark: str
    model: str
    text: str
    same: int
    responses: int
    score: float
    others: float


def constant_answers(responses: Responses) -> tuple[ConstantAnswer, ...]:
    """Models of which nearly all answers are one text that hardly any other model gives, and that score well by it.

    A text that is the target of the items is the right answer to them, and says nothing against the scores.

    Parameters
    ----------
    responses : item-level results, with the models' answers.

    Examples
    --------
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> rows = [{"model": m, "benchmark": "b", "item": f"{i}", "epoch": 1, "score": s, "answer": a or f"reply {i}"}
    ...         for i in range(20) for m, s, a in (("fixed", 1.0, "This is the best answer."), ("other", 0.5, ""))]
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> rows = pl.DataFrame(rows).with_columns(pl.col("epoch").cast(pl.Int32))
    >>> (found,) = constant_answers(Responses(pl.concat([empty, rows], how="diagonal").lazy()))
    >>> found.model, found.same, found.score
    ('fixed', 20, 1.0)
    """
    given = {(row["benchmark"], row["model"]): row for row in _given(responses).iter_rows(named=True)}
    if not given:
        return ()
    benchmarks = {benchmark for benchmark, _ in given}
    found = []
    for table in item_tables(responses):
        if table.benchmark not in benchmarks:
            continue
        for place, model in enumerate(table.models):
            row = given.get((table.benchmark, model))
            score, others = _score(table, place)
            # Where nobody gets more than the least score, an answer that fails like all others is not favoured.
            if row is not None and score >= others and score > np.nanmin(table.scores):
                found.append(ConstantAnswer(**row, score=score, others=others))
    return tuple(found)


def _given(responses: Responses) -> pl.DataFrame:
    """Models that give one text in nearly all of their responses, which others hardly ever give: one row each."""
    key, response = ["benchmark", "model"], pl.struct("item", "epoch", "variant")
    told = responses.frame.drop_nulls([*key, "item", "answer"]).select(
        *key, "item", "epoch", "variant", *(_plain(name) for name in ("answer", "target"))
    )
    texts = told.group_by(*key, text="answer").agg(
        same=response.n_unique(), wrong=response.filter(pl.col("answer").ne_missing(pl.col("target"))).n_unique()
    )
    answered = told.group_by(key).agg(responses=response.n_unique(), items=pl.col("item").n_unique())
    counts = texts.join(answered, on=key).collect(engine="streaming")
    constant = counts.filter(
        (pl.col("items") >= LEAST_ITEMS)
        & (pl.col("wrong") >= NEARLY_ALL * pl.col("responses"))
        & (pl.col("text") != "")
    )
    varied = counts.join(constant, on=key, how="anti")
    asked = varied.unique(key).group_by("benchmark").agg(asked=pl.col("responses").sum())
    elsewhere = varied.group_by("benchmark", "text").agg(elsewhere=pl.col("same").sum())
    return (
        constant.join(asked, on="benchmark")
        .join(elsewhere, on=["benchmark", "text"], how="left")
        .filter(pl.col("elsewhere").fill_null(0) <= OWN * pl.col("asked"))
        .select(*key, "text", "same", "responses")
    )


def _plain(name: str) -> pl.Expr:
    """A column of texts without case, and with single spaces."""
    return pl.col(name).str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()


def _score(table: ItemTable, place: int) -> tuple[float, float]:
    """Mean score of a model, and the median of the others' on the items it has one for; NaN where there is none."""
    scores = table.scores[:, np.isfinite(table.scores[place])]
    count = np.isfinite(scores).sum(axis=1)
    means = np.divide(np.nansum(scores, axis=1), count, out=np.full(len(count), np.nan), where=count > 0)
    others = np.delete(means, place)
    others = others[np.isfinite(others)]
    return float(means[place]), float(np.median(others)) if len(others) else float("nan")
