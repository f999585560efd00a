"""Items that share a context are not independent: which keys say so, and the standard errors that follow."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from measurand.errors import InputError
from measurand.readers.tables.raw import shorten
from measurand.tables import CONTEXT, Responses, Scores, Study

__all__ = ["cluster_stderr", "suggest_clusters", "with_cluster_stderr", "with_clusters"]

LIKELY = ("passage", "story", "context", "document", "template", "group", "topic", "subject", "category", "domain")
"""Keys that name a shared context in published benchmarks, the likeliest first."""

DECLARED = "cluster"
"""The key that is the cluster unless another is named: it can mean nothing else."""

NOT_A_CONTEXT = frozenset({"answer", "gold", "label", "split", "target"})
"""Keys whose values repeat although the items that share one share nothing else."""

FEW = 10
"""Below this many clusters a normal interval around a cluster-robust standard error is too short."""

_SAME = 1e-9
_CELL = ("model", "benchmark")


def suggest_clusters(responses: Responses) -> tuple[str, ...]:
    """Keys of the items that are likely clusters, the likeliest first.

    A key counts if in some benchmark it has at least 2 values and each stands for 2 items or more on average; if it is
    a fact of the item, with one value whichever model answered; and if it is no measured quantity (a decimal number).

    Examples
    --------
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> metadata = ['{"subject": "law", "id": 1}', '{"subject": "law", "id": 2}', '{"subject": "art", "id": 3}']
    >>> rows = pl.DataFrame({"benchmark": "b", "item": ["1", "2", "3", "4"], "metadata": [*metadata, metadata[2]]})
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> suggest_clusters(Responses(pl.concat([empty, rows], how="diagonal").lazy()))
    ('subject',)
    """
    items = responses.frame.select("benchmark", "item", "metadata", CONTEXT).unique().collect(engine="streaming")
    found = [key for key in responses.cluster_keys() if key not in NOT_A_CONTEXT and _repeats(items, key)]
    order = {key: place for place, key in enumerate((CONTEXT, *LIKELY))}
    return tuple(sorted(found, key=lambda key: (order.get(key.casefold(), len(order)), key)))


def _repeats(items: pl.DataFrame, key: str) -> bool:
    """Whether the values of a key divide the items of some benchmark into shared contexts."""
    named = Responses(items.lazy(), key).clustered().drop_nulls("cluster")
    values = (
        named.group_by("benchmark", "item")
        .agg(pl.col("cluster").n_unique().alias("values"), pl.col("cluster").first())
        .collect()
    )
    if values.is_empty() or (values["values"] > 1).any() or values["cluster"].str.contains(r"^-?\d+\.\d").any():
        return False
    sizes = values.group_by("benchmark").agg(pl.len(), pl.col("cluster").n_unique().alias("clusters"))
    return not sizes.filter((pl.col("clusters") >= 2) & (pl.col("clusters") <= pl.col("len") / 2)).is_empty()


def cluster_stderr(responses: Responses, key: str) -> pl.DataFrame:
    """Cluster-robust (CR1) standard error of the mean score of each model on each benchmark, by scorer.

    An item's epochs are averaged first. With n items in G clusters the variance of the mean is
    ``G / (G - 1) * sum over clusters (sum of deviations from the mean)^2 / n^2``. An item without a value of the key
    is a cluster of its own. Left out are benchmarks where no item has the key, and rows of several variants, whose mean
    is no score.

    Parameters
    ----------
    responses : item-level results; rows without a score do not count.
    key : a key of `Responses.cluster_keys`.

    Returns
    -------
    DataFrame
        model, benchmark, scorer, score (the mean), stderr (null for one cluster, or where it is 0), clusters, n_items.

    Raises
    ------
    UnknownName
        No item has that key.

    References
    ----------
    Liang and Zeger 1986, Biometrika 73(1); Miller 2024, arXiv 2411.00640.

    Examples
    --------
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> rows = pl.DataFrame(
    ...     {
    ...         "model": "m",
    ...         "benchmark": "b",
    ...         "item": ["1", "2", "3", "4"],
    ...         "score": [1.0, 1.0, 0.0, 1.0],
    ...         "metadata": ['{"passage": "a"}', '{"passage": "a"}', '{"passage": "b"}', '{"passage": "b"}'],
    ...     }
    ... )
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> responses = Responses(pl.concat([empty, rows], how="diagonal").lazy())
    >>> cluster_stderr(responses, "passage").select("score", "stderr", "clusters", "n_items").row(0)
    (0.75, 0.25, 2, 4)
    """
    group = (*_CELL, "scorer")
    items = (
        responses.clustered_by(key)
        .clustered()
        .drop_nulls("score")
        .group_by(*group, "item")
        .agg(
            pl.col("score").mean(),
            pl.col("cluster").drop_nulls().first(),
            pl.col("variant").unique().alias("variants"),
        )
    )
    deviation = pl.col("score") - pl.col("score").mean().over(group)
    # An item that says no cluster shares it with none: its own identity stands for it, apart from every value.
    own = pl.when(pl.col("cluster").is_null()).then(pl.col("item"))
    clusters = (
        items.with_columns(deviation=deviation, own=own)
        .group_by(*group, "cluster", "own")
        .agg(
            pl.col("deviation").sum(),
            pl.col("score").sum(),
            pl.len().alias("n"),
            pl.col("variants").explode().unique(),
        )
    )
    return _of_means(clusters, group)


def _of_means(clusters: pl.LazyFrame, group: tuple[str, ...]) -> pl.DataFrame:
    """Means and their standard errors from the sums of clusters."""
    count = pl.len()
    variance = pl.when(count > 1).then(
        pl.col("deviation").pow(2).sum() * count / (count - 1) / pl.col("n").sum().pow(2)
    )
    found = (
        clusters.group_by(group)
        .agg(
            (pl.col("score").sum() / pl.col("n").sum()).alias("mean"),
            variance.sqrt().alias("stderr"),
            count.cast(pl.Int64).alias("clusters"),
            pl.col("n").sum().cast(pl.Int64).alias("n_items"),
            pl.col("cluster").is_not_null().any().alias("known"),
            pl.col("variants").explode().n_unique().alias("variants"),
        )
        .filter(pl.col("known"), pl.col("variants") == 1)
        .sort(group)
        .collect(engine="streaming")
    )
    # Rounding leaves a trace where the sums of all clusters are equal, which says nothing of the error.
    real = pl.col("stderr") > 1e-12 * pl.max_horizontal(pl.col("mean").abs(), 1.0)
    return found.select(
        *group,
        pl.col("mean").alias("score"),
        pl.when(real).then(pl.col("stderr")).alias("stderr"),
        "clusters",
        "n_items",
    )


def with_cluster_stderr(scores: Scores, found: pl.DataFrame) -> Scores:
    """The same scores with the standard errors found, wherever the items' mean is the score.

    Where the means of several scorers are, the largest standard error counts.

    Parameters
    ----------
    scores : scores of models on benchmarks.
    found : as `cluster_stderr` returns it.
    """
    robust = (
        scores.table.select(*_CELL, pl.col("score").alias("told"))
        .join(found.drop_nulls("stderr"), on=_CELL)
        .filter((pl.col("score") - pl.col("told")).abs() <= _SAME)
        .group_by(_CELL)
        .agg(pl.col("stderr").max().alias("robust"))
    )
    table = scores.table.join(robust, on=_CELL, how="left", maintain_order="left").with_columns(
        pl.coalesce("robust", "stderr").alias("stderr")
    )
    return replace(scores, table=table.drop("robust"), notes=(*scores.notes, *_notes(scores, found, robust)))


def _notes(scores: Scores, found: pl.DataFrame, robust: pl.DataFrame) -> list[str]:
    rest = scores.table.height - robust.height
    notes = [
        f"cluster-robust standard errors (CR1) for {robust.height} of {scores.table.height} scores"
        + (f"; {rest} keep theirs, as their items have no cluster or another mean, or show no spread" if rest else "")
    ]
    few = found.filter(pl.col("clusters") < FEW)["benchmark"].unique(maintain_order=True).to_list()
    if few:
        notes.append(f"fewer than {FEW} clusters, so these standard errors are themselves uncertain: {shorten(few)}")
    return notes


def with_clusters(study: Study, key: str | None) -> Study:
    """The study with item-level results and standard errors that know of clusters; else with a note of likely keys.

    Parameters
    ----------
    study : any study; one without item-level results and without a key stays as it is.
    key : a key of `Responses.cluster_keys`, or None: then a key called ``cluster`` counts, if there is one.

    Raises
    ------
    UnknownName
        No item has that key.
    InputError
        A key, but no item-level results to apply it to.
    """
    if study.responses is None:
        if key is not None:
            raise InputError(f"--cluster {key} needs item-level results, and the study holds none")
        return study
    responses = study.responses
    if key is None and DECLARED in responses.cluster_keys():
        key = DECLARED
    if key is not None:
        study = replace(study, responses=responses.clustered_by(key))
        if study.scores is None:
            return study
        found = cluster_stderr(responses, key)
        noted = replace(study.scores, notes=(*study.scores.notes, f"items with equal {key!r} are one cluster"))
        return replace(study, scores=with_cluster_stderr(noted, found))
    if study.scores is None:
        return study
    keys = suggest_clusters(responses)
    note = "items treated as independent; " + (
        f"keys that may be clusters: {shorten(keys)} (--cluster {keys[0]})"
        if keys
        else "no key of theirs looks a cluster"
    )
    return replace(study, scores=replace(study.scores, notes=(*study.scores.notes, note)))
