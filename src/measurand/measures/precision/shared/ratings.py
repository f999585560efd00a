"""The scores several graders gave to the same samples, as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.tables import Responses, reading_rank

__all__ = ["Ratings", "is_hand", "on_one_scale", "ratings_of"]

HAND_WORDS = ("human", "gold", "expert")

MOST_GRADERS = 8
"""Graders of one benchmark that are compared with one another; logs with dozens of metrics are no panel of graders."""

_SAMPLE = ("model", "item", "epoch", "variant")


@dataclass(frozen=True, eq=False, kw_only=True)
class Ratings:
    """The graders of one benchmark.

    Parameters
    ----------
    graders, models : names, sorted.
    scores : shape (graders, samples), NaN where a grader gave none.
    model : index of each sample's model, shape (samples,).
    clusters : index of each sample's cluster in `cluster_names`, shape (samples,): the items' cluster where they have
        one, else the item.
    """

    benchmark: str
    graders: tuple[str, ...]
    models: tuple[str, ...]
    scores: npt.NDArray[np.float64]
    model: npt.NDArray[np.int64]
    clusters: npt.NDArray[np.int64]
    cluster_names: npt.NDArray[np.str_]

    def common(self, first: int, second: int) -> npt.NDArray[np.bool_]:
        """Which samples both graders scored, shape (samples,)."""
        both: npt.NDArray[np.bool_] = np.logical_and(*np.isfinite(self.scores[[first, second]]))
        return both

    def same_scale(self) -> list[int]:
        """Graders on the scale of the first one."""
        return [g for g in range(len(self.graders)) if on_one_scale(self.scores[0], self.scores[g])]


def is_hand(grader: str) -> bool:
    """Whether the name says that people gave the scores.

    Examples
    --------
    >>> is_hand("Human X"), is_hand("gpt-4o")
    (True, False)
    """
    # By name, as no log format says who graded; hence the caveat in P12.
    return any(word in grader.casefold() for word in HAND_WORDS)


def on_one_scale(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> bool:
    """Whether two graders' scores can be compared: both within 0 and 1, or over ranges alike in place and width.

    Neither range is over three times as wide as the other, so a harsh grader is not taken for one on another scale.

    Examples
    --------
    >>> on_one_scale(np.array([0.0, 1.0]), np.array([0.5])), on_one_scale(np.array([0.0, 1.0]), np.array([2.0, 9.0]))
    (True, False)
    """
    ends = [(float(np.nanmin(scores)), float(np.nanmax(scores))) for scores in (first, second)]
    (a, b), (c, d) = ends
    if all(low >= 0 and high <= 1 for low, high in ends):
        return True
    # One within [0, 1] and one beyond it: a 0/1 label beside a 1-10 judge, even where the ranges overlap at 1.
    if any(low >= 0 and high <= 1 for low, high in ends):
        return False
    # A range of 0 is a grader that always gave the same score: alike in place is all that can be asked.
    narrow, wide = sorted((b - a, d - c))
    return max(a, c) <= min(b, d) and (narrow == 0 or wide <= 3 * narrow)


def ratings_of(responses: Responses) -> Iterator[Ratings]:
    """The samples of each benchmark in which several graders took part."""
    by_hand = pl.col("reading").str.to_lowercase().str.contains_any(list(HAND_WORDS))
    rows = (
        responses.clustered()
        .with_columns(pl.coalesce("grader", pl.when(by_hand).then("reading")).alias("rater"))
        .drop_nulls(["score", "item", "benchmark", "model", "rater"])
        .with_columns(pl.coalesce("cluster", "item").alias("cluster"))
    )
    # Which benchmarks have more than one grader is found first, so that only their rows are ever held in memory.
    named = rows.select("benchmark", "rater").unique().collect(engine="streaming")
    for benchmark in named.filter(pl.len().over("benchmark") > 1)["benchmark"].unique().sort():
        found = _ratings(benchmark, rows.filter(pl.col("benchmark") == benchmark))
        if len(found.graders) > 1:
            yield found


def _ratings(benchmark: str, rows: pl.LazyFrame) -> Ratings:
    served = rows.select("rater", "reading", reading_rank().alias("rank")).unique().collect(engine="streaming")
    # Tone and fact are no two opinions of one thing: graders who gave both are compared on one of them.
    if served["rater"].is_duplicated().any():
        main = served.sort("rank", pl.len().over("reading"), "reading", descending=[False, True, False])["reading"][0]
        rows = rows.filter(pl.col("reading").eq_missing(pl.lit(main, dtype=pl.String)))
    cells = (
        rows.group_by(*_SAMPLE, "rater")
        # A sample graded twice by one grader counts once: repeats are no further evidence of agreement.
        .agg(pl.col("score").mean(), pl.col("cluster").min())
        .collect(engine="streaming")
    )
    cells = cells.filter(pl.col("rater").is_in(_most_used(cells)))
    samples = cells.select(*_SAMPLE, "cluster").unique(_SAMPLE).sort(_SAMPLE, nulls_last=True).with_row_index("sample")
    # nulls_equal: samples without an epoch or variant have null there, and would match nothing.
    placed = cells.join(samples.drop("cluster"), on=_SAMPLE, how="left", nulls_equal=True)
    graders, models = placed["rater"].unique().sort(), samples["model"].unique().sort()
    scores = np.full((len(graders), len(samples)), np.nan)
    scores[_index(placed["rater"], graders), placed["sample"].to_numpy()] = placed["score"].to_numpy()
    clusters = samples["cluster"].unique().sort()
    return Ratings(
        benchmark=benchmark,
        graders=tuple(graders),
        models=tuple(models),
        scores=scores,
        model=_index(samples["model"], models),
        clusters=_index(samples["cluster"], clusters),
        cluster_names=np.array(clusters.to_list(), dtype=np.str_),
    )


def _most_used(cells: pl.DataFrame) -> list[str]:
    """Graders that are compared: hand labels, and the others with most samples up to `MOST_GRADERS` in all."""
    counts = cells["rater"].value_counts().sort(["count", "rater"], descending=[True, False])
    # A hand label covers few samples by nature; by count alone it would be the first to go.
    ordered = sorted(counts["rater"].to_list(), key=lambda name: not is_hand(name))
    return ordered[:MOST_GRADERS]


def _index(values: pl.Series, names: pl.Series) -> npt.NDArray[np.int64]:
    return values.cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()
