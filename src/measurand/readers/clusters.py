"""Items that share a context are not independent: which key says so, by name or by the data, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError
from measurand.readers.tables.raw import shorten
from measurand.stats.intervals.together import togetherness, widening
from measurand.tables import CONTEXT, ItemTable, Responses, Scores, Study, item_tables

__all__ = ["INDEPENDENT", "cluster_stderr", "shown_cluster", "suggest_clusters", "with_cluster_stderr", "with_clusters"]

LIKELY = ("passage", "story", "context", "document", "template", "group", "topic", "subject", "category", "domain")
"""Keys that name a shared context in published benchmarks, the likeliest first."""

DECLARED = "cluster"
"""The key that is the cluster unless another is named: it can mean nothing else."""

INDEPENDENT = "none"
"""Named as the key, it says that items are independent whatever the data show."""

NOT_A_CONTEXT = frozenset({"answer", "gold", "label", "split", "target", "level", "difficulty"})
"""Keys whose values repeat although the items that share one share no context, only an answer or a grade."""

MOST_KEYS, PERMUTATIONS = 5, 999
CLEAR_P, CLEARLY_WIDER = 0.01, 1.1
"""Scores go together beyond chance, over all keys looked at, and the interval is at least a tenth wider for it."""

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
    """Cluster-robust (CR2) standard error of the mean score of each model on each benchmark, by reading.

    An item's epochs are averaged first. With n items in G clusters the variance of the mean is
    ``sum over clusters (sum of deviations from the mean)^2 / (1 - n_c / n) / n^2``. An item without a value of the key
    is a cluster of its own. Left out are benchmarks where no item has the key, and rows of several variants, whose mean
    is no score.

    Parameters
    ----------
    responses : item-level results; rows without a score do not count.
    key : a key of `Responses.cluster_keys`.

    Returns
    -------
    DataFrame
        model, benchmark, reading, score (the mean), stderr (null for one cluster, or where it is 0), clusters, n_items.

    Raises
    ------
    UnknownName
        No item has that key.

    References
    ----------
    Bell and McCaffrey 2002, Survey Methodology 28(2); Miller 2024, arXiv 2411.00640.

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
    group = (*_CELL, "reading")
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
    # The CR2 weights of `stats.intervals.clustered`, where the sums already are.
    share = pl.col("n") / pl.col("n").sum()
    variance = pl.when(count > 1).then((pl.col("deviation").pow(2) / (1 - share)).sum() / pl.col("n").sum().pow(2))
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

    Where the means of several readings are, the largest standard error counts.

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
        f"cluster-robust standard errors (CR2) for {robust.height} of {scores.table.height} scores"
        + (f"; {rest} keep theirs, as their items have no cluster or another mean, or show no spread" if rest else "")
    ]
    few = found.filter(pl.col("clusters") < FEW)["benchmark"].unique(maintain_order=True).to_list()
    if few:
        notes.append(f"fewer than {FEW} clusters, so these standard errors are themselves uncertain: {shorten(few)}")
    return notes


def shown_cluster(responses: Responses) -> tuple[str, float] | None:
    """The key by which the data show that items go together, and how many times as wide it makes the intervals.

    Of the likely keys, one counts whose items' scores go together beyond what items put into clusters of the same
    sizes at random do (permutation test over all benchmarks, Holm's first step over the keys), and which widens the
    intervals of means by a tenth or more (median). Of several the one that widens them most.

    Examples
    --------
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> names = [("m", "b", str(i), float(i // 6 % 2), f'{{"story": {i // 6}}}') for i in range(60)]
    >>> rows = pl.DataFrame(names, schema=["model", "benchmark", "item", "score", "metadata"], orient="row")
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> key, times = shown_cluster(Responses(pl.concat([empty, rows], how="diagonal").lazy()))
    >>> key, round(times, 1)
    ('story', 2.9)
    """
    keys = suggest_clusters(responses)[:MOST_KEYS]
    if not keys:
        return None
    found: list[tuple[float, str]] = []
    tables = list(item_tables(responses))
    for key in keys:
        rng = np.random.default_rng(0)
        of_item = _values(responses, key)
        effects, times = np.zeros(1 + PERMUTATIONS), []
        for table in tables:
            codes = _codes(table, of_item)
            if codes is not None and len(each := togetherness(table.scores, codes, PERMUTATIONS, rng)):
                effects += each
                times += list(widening(table.scores, codes))
        # At least as far: the drawn ones that equal it count against it.
        p_value = float((effects >= effects[0] * (1 - 1e-12)).mean())
        usual = float(np.median(known)) if len(known := np.array(times)[np.isfinite(times)]) else 0.0
        if p_value <= CLEAR_P / len(keys) and usual >= CLEARLY_WIDER:
            found.append((usual, key))
    return (max(found)[1], max(found)[0]) if found else None


def _values(responses: Responses, key: str) -> dict[tuple[str, str], str]:
    """The value of the key of every item that has one, by benchmark and item."""
    rows = responses.clustered_by(key).clustered().select("benchmark", "item", "cluster").drop_nulls().unique()
    return {(benchmark, item): value for benchmark, item, value in rows.collect(engine="streaming").iter_rows()}


def _codes(table: ItemTable, of_item: Mapping[tuple[str, str], str]) -> npt.NDArray[np.int64] | None:
    """Number of each item's cluster, an item without a value alone; None where the key groups no items."""
    names = [(of_item.get((table.benchmark, item)), item) for item in table.items]
    place: dict[object, int] = {}
    codes = [place.setdefault(item if value is None else (value,), len(place)) for value, item in names]
    return np.array(codes, dtype=np.int64) if 2 <= len(place) < len(codes) else None


def with_clusters(study: Study, key: str | None) -> Study:
    """The study with item-level results and standard errors that know of clusters; else with a note of likely keys.

    Parameters
    ----------
    study : any study; one without item-level results and without a key stays as it is.
    key : a key of `Responses.cluster_keys`; ``"none"``: items are independent; None: a key called ``cluster`` counts if
        there is one with two values or more, else the key that the data show (`shown_cluster`).

    Raises
    ------
    UnknownName
        No item has that key.
    InputError
        A key, but no item-level results to apply it to.
    """
    if study.responses is None:
        if key is not None:
            raise InputError(f"the cluster {key!r} needs item-level results, and the study holds none")
        return study
    responses = study.responses
    why = ""
    shown = None
    if key is None and DECLARED in responses.cluster_keys() and _divides(responses, DECLARED):
        key = DECLARED
    elif key is None and (shown := shown_cluster(responses)):
        key = shown[0]
        why = (
            f", since their scores go together (intervals {shown[1]:.1f} times as wide, median); "
            f"--cluster {INDEPENDENT} treats them as independent"
        )
    if key is None or key == INDEPENDENT:
        return _noted(study, _independent(responses, asked=key is not None))
    study = replace(study, responses=responses.clustered_by(key, shown=shown is not None))
    noted = _noted(study, f"items with equal {key!r} are one cluster{why}")
    if noted.scores is None:
        return noted
    return replace(noted, scores=with_cluster_stderr(noted.scores, cluster_stderr(responses, key)))


def _divides(responses: Responses, key: str) -> bool:
    """Whether the key has two values in some benchmark: one that all items share tells none of them apart."""
    values = (
        responses.clustered_by(key).clustered().group_by("benchmark").agg(pl.col("cluster").drop_nulls().n_unique())
    )
    return bool((values.collect(engine="streaming")["cluster"] >= 2).any())


def _independent(responses: Responses, *, asked: bool) -> str:
    """What to note where no key is the cluster."""
    if asked:
        return "items treated as independent, as asked"
    keys = suggest_clusters(responses)
    if not keys:
        return "items treated as independent; no key of theirs looks a cluster"
    return (
        f"items treated as independent: by none of the keys that may be clusters do their scores clearly go together "
        f"({shorten(keys)}; --cluster {keys[0]} counts them as clusters all the same)"
    )


def _noted(study: Study, note: str) -> Study:
    if study.scores is None:
        return study
    return replace(study, scores=replace(study.scores, notes=(*study.scores.notes, note)))
