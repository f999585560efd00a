"""Items that share a context are not independent: which key says so, by name or by the data, and what follows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from measurand.errors import InputError
from measurand.readers.tables.raw import shorten
from measurand.stats.intervals.clustered import cluster_sums
from measurand.stats.intervals.together import togetherness, widening
from measurand.tables import CONTEXT, ItemFacts, ItemTable, Responses, Scores, Study, item_facts, item_tables
from measurand.tables.groups import DECLARED, INDEPENDENT, LIKELY

__all__ = ["INDEPENDENT", "cluster_stderr", "shown_cluster", "suggest_clusters", "with_cluster_stderr", "with_clusters"]

NOT_A_CONTEXT = frozenset({"answer", "gold", "label", "split", "target", "level", "difficulty"})
"""Keys whose values repeat although the items that share one share no context, only an answer or a grade."""

MOST_KEYS, PERMUTATIONS = 5, 999
CLEAR_P, CLEARLY_WIDER = 0.01, 1.1
"""Scores go together beyond chance, over all keys looked at, and the interval is at least a tenth wider for it."""

FEW = 10
"""Below this many clusters a normal interval around a cluster-robust standard error is too short."""

_SAME = 1e-9
_CELL = ("model", "benchmark")
_STDERR = {
    "model": pl.String(),
    "benchmark": pl.String(),
    "score": pl.Float64(),
    "stderr": pl.Float64(),
    "clusters": pl.Int64(),
    "n_items": pl.Int64(),
}


class _Key(NamedTuple):
    """A key and what it says of the items of each benchmark."""

    name: str
    facts: tuple[ItemFacts, ...]

    def divides(self) -> bool:
        """Whether it has two values in some benchmark: one that all items share tells none of them apart."""
        return any(len(facts.values) >= 2 for facts in self.facts)

    def repeats(self) -> bool:
        """Whether its values divide the items of some benchmark into contexts that they share."""
        values = {value for facts in self.facts for value in facts.values}
        if any(len(facts.torn) for facts in self.facts) or any(re.match(r"-?\d+\.\d", value) for value in values):
            return False
        return any(2 <= len(facts.values) <= (facts.codes >= 0).sum() / 2 for facts in self.facts)


def _key(responses: Responses, tables: Sequence[ItemTable], name: str) -> _Key:
    return _Key(name, item_facts(responses.clustered_by(name), tables))


def _likely(responses: Responses, tables: Sequence[ItemTable]) -> list[_Key]:
    """Keys that may be clusters, the likeliest first."""
    keys = [_key(responses, tables, name) for name in responses.cluster_keys() if name not in NOT_A_CONTEXT]
    order = {key: place for place, key in enumerate((CONTEXT, *LIKELY))}
    found = [key for key in keys if key.repeats()]
    return sorted(found, key=lambda key: (order.get(key.name.casefold(), len(order)), key.name))


def suggest_clusters(responses: Responses) -> tuple[str, ...]:
    """Keys of the items that are likely clusters, the likeliest first.

    A key counts if in some benchmark it has at least 2 values and each stands for 2 items or more on average; if it is
    a fact of the item, with one value whichever model answered; and if it is no measured quantity (a decimal number).

    Examples
    --------
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> metadata = ['{"subject": "law", "id": 1}', '{"subject": "law", "id": 2}', '{"subject": "art", "id": 3}']
    >>> said = {"item": ["1", "2", "3", "4"], "score": 1.0, "metadata": [*metadata, metadata[2]]}
    >>> rows = pl.DataFrame({"model": "m", "benchmark": "b", **said})
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> suggest_clusters(Responses(pl.concat([empty, rows], how="diagonal").lazy()))
    ('subject',)
    """
    return tuple(key.name for key in _likely(responses, list(item_tables(responses.unclustered()))))


def cluster_stderr(responses: Responses, key: str) -> pl.DataFrame:
    """Cluster-robust (CR2) standard error of the mean score of each model on each benchmark.

    An item's epochs are averaged first, and its score is by the reading and in the variant that stand for the
    benchmark. An item without a value of the key is a cluster of its own. Left out are benchmarks where no item has it.

    Parameters
    ----------
    responses : item-level results; rows without a score do not count.
    key : a key of `Responses.cluster_keys`.

    Returns
    -------
    DataFrame
        model, benchmark, score (the mean), stderr (null for one cluster, or where it is 0), clusters, n_items.

    Raises
    ------
    UnknownName
        No item has that key.
    InputError
        An item that lies in two clusters.

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
    parts = []
    for table in item_tables(responses.clustered_by(key)):
        if table.clusters is not None:
            means = cluster_sums(table.scores, table.clusters).means()
            # Rounding leaves a trace where the sums of all clusters are equal, which says nothing of the error.
            real = means.stderr > 1e-12 * np.maximum(np.abs(means.value), 1.0)
            stderr = pl.Series(np.where(real, means.stderr, np.nan)).fill_nan(None)
            said = {"score": means.value, "stderr": stderr, "clusters": means.clusters, "n_items": means.n}
            parts.append(pl.DataFrame({"model": table.models, "benchmark": table.benchmark, **said}, schema=_STDERR))
    return pl.concat(parts) if parts else pl.DataFrame(schema=_STDERR)


def with_cluster_stderr(scores: Scores, found: pl.DataFrame) -> Scores:
    """The same scores with the standard errors found, wherever the items' mean is the score.

    Parameters
    ----------
    scores : scores of models on benchmarks.
    found : as `cluster_stderr` returns it.
    """
    robust = (
        scores.table.select(*_CELL, pl.col("score").alias("told"))
        .join(found.drop_nulls("stderr"), on=_CELL)
        .filter((pl.col("score") - pl.col("told")).abs() <= _SAME)
        .select(*_CELL, pl.col("stderr").alias("robust"))
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
    tables = list(item_tables(responses.unclustered()))
    return _shown(tables, _likely(responses, tables))


def _shown(tables: Sequence[ItemTable], likely: Sequence[_Key]) -> tuple[str, float] | None:
    found: list[tuple[float, str]] = []
    keys = likely[:MOST_KEYS]
    for key in keys:
        rng = np.random.default_rng(0)
        effects, times = np.zeros(1 + PERMUTATIONS), []
        for table, facts in zip(tables, key.facts, strict=True):
            codes = facts.clusters()
            grouped = 2 <= int(codes.max(initial=-1)) + 1 < len(codes)
            if grouped and len(each := togetherness(table.scores, codes, PERMUTATIONS, rng)):
                effects += each
                times += list(widening(table.scores, codes))
        # At least as far: the drawn ones that equal it count against it.
        p_value = float((effects >= effects[0] * (1 - 1e-12)).mean())
        usual = float(np.median(known)) if len(known := np.array(times)[np.isfinite(times)]) else 0.0
        if p_value <= CLEAR_P / len(keys) and usual >= CLEARLY_WIDER:
            found.append((usual, key.name))
    return (max(found)[1], max(found)[0]) if found else None


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
    if key == INDEPENDENT:
        return _noted(study, "items treated as independent, as asked")
    why, shown = "", None
    if key is None:
        tables = list(item_tables(responses.unclustered()))
        if DECLARED in responses.cluster_keys() and _key(responses, tables, DECLARED).divides():
            key = DECLARED
        elif shown := _shown(tables, likely := _likely(responses, tables)):
            key = shown[0]
            why = (
                f", since their scores go together (intervals {shown[1]:.1f} times as wide, median); "
                f"--cluster {INDEPENDENT} treats them as independent"
            )
        else:
            return _noted(study, _independent([each.name for each in likely]))
    clustered = responses.clustered_by(key, shown=shown is not None)
    study = replace(study, responses=clustered)
    if study.scores is None:
        return study
    notes = [f"items with equal {key!r} are one cluster{why}"]
    if told := [table for table in item_tables(clustered) if table.nameless]:
        items, nameless = sum(len(table.items) for table in told), sum(table.nameless for table in told)
        alone = f"{nameless:,} of {items:,} items have no {key!r} and count as clusters of their own"
        notes.append(f"{alone}; if they share some, intervals are too narrow")
    scores = replace(study.scores, notes=(*study.scores.notes, *notes))
    return replace(study, scores=with_cluster_stderr(scores, cluster_stderr(responses, key)))


def _independent(keys: Sequence[str]) -> str:
    """What to note where no key is the cluster."""
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
