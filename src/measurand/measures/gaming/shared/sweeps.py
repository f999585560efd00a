"""One model's scores on one benchmark under noise of every strength, as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.tables import Degradation

__all__ = ["Sweep", "sweeps"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Sweep:
    """A model as it is, and its noised copies, on the same items.

    Parameters
    ----------
    subject : model and benchmark, and what sigma means where there are both ways.
    baseline : shape (items,): score without noise.
    copies : shape (copies, items): score of each noised copy, a broken output at chance where that is known.
    sigmas, seeds : shape (copies,): noise of each copy.
    broken : shape (copies,): share of each copy's outputs that were no number.
    chance : shape (items,): a guesser's score, NaN where not known.
    clusters : shape (items,); None if items are independent.
    incomplete : copies left out because they lack items.
    unanswered : items left out because the model as it is gave no finite answer to them: a gain on these would only be
        that noise makes a broken model answer.
    """

    subject: dict[str, str]
    baseline: Floats
    copies: Floats
    sigmas: Floats
    seeds: Ints
    broken: Floats
    chance: Floats
    clusters: Ints | None
    incomplete: int = 0
    unanswered: int = 0


def sweeps(degradation: Degradation, chance: float | None) -> Iterator[Sweep]:
    """Every model on every benchmark under every kind of noise, in the order of the table.

    Parameters
    ----------
    degradation : scores of noised copies.
    chance : a guesser's score on items for which the table has none.
    """
    given = pl.lit(chance, dtype=pl.Float64)
    frame = degradation.frame.with_columns(pl.coalesce("chance", given).alias("chance"))
    spoilt = pl.col("broken") & pl.col("chance").is_not_null()
    frame = frame.with_columns(pl.when(spoilt).then("chance").otherwise("score").alias("score"))
    for (model, benchmark), own in frame.group_by("model", "benchmark", maintain_order=True):
        as_is = own.filter(pl.col("sigma") == 0).group_by("item", maintain_order=True)
        asked = as_is.agg(pl.col("score", "chance").mean(), pl.col("cluster").first(), pl.col("broken").any())
        base = asked.filter(~pl.col("broken"))
        noised = own.filter(pl.col("sigma") > 0)
        kinds = noised["noise"].unique(maintain_order=True)
        for noise in kinds:
            subject = {"model": str(model), "benchmark": str(benchmark)}
            if len(kinds) > 1:
                subject["noise"] = str(noise)
            sweep = _sweep(subject, base, noised.filter(pl.col("noise") == noise))
            yield replace(sweep, unanswered=asked.height - base.height)


def _sweep(subject: dict[str, str], base: pl.DataFrame, noised: pl.DataFrame) -> Sweep:
    items = base.select("item", pl.int_range(pl.len()).alias("place"))
    placed = noised.join(items, on="item", how="inner")
    found = placed.group_by("sigma", "seed").agg(pl.len().alias("run"), pl.col("broken").mean()).sort("sigma", "seed")
    whole = found.filter(pl.col("run") == base.height).with_row_index("copy")
    rows = placed.join(whole.select("sigma", "seed", "copy"), on=("sigma", "seed"), how="inner")
    copies = np.full((whole.height, base.height), np.nan)
    copies[rows["copy"].to_numpy(), rows["place"].to_numpy()] = rows["score"].to_numpy()
    return Sweep(
        subject=subject,
        baseline=base["score"].to_numpy().astype(np.float64),
        copies=copies,
        sigmas=whole["sigma"].to_numpy().astype(np.float64),
        seeds=whole["seed"].to_numpy().astype(np.int64),
        broken=whole["broken"].to_numpy().astype(np.float64),
        chance=base["chance"].fill_null(np.nan).to_numpy().astype(np.float64),
        clusters=_clusters(base),
        incomplete=found.height - whole.height,
    )


def _clusters(base: pl.DataFrame) -> Ints | None:
    """Number of each item's cluster; an item without one is a cluster of its own."""
    if base["cluster"].is_null().all():
        return None
    alone = pl.concat_str(pl.lit("item "), "item")
    named = base.select(pl.coalesce(pl.concat_str(pl.lit("cluster "), "cluster"), alone).alias("of"))
    return np.unique(named["of"].to_numpy(), return_inverse=True)[1].astype(np.int64)
