"""Item-level results of one benchmark as arrays: models by items, epochs averaged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError
from measurand.results import Brief
from measurand.tables.responses import CONTEXT, Responses, State
from measurand.tables.sums import BATCH, ItemFacts, Names, Sums, Told

__all__ = ["MAIN_SCORERS", "ItemTable", "item_facts", "item_tables", "reading_rank"]

MAIN_SCORERS = ("accuracy", "acc", "exact_match", "quasi_exact_match", "match", "includes", "mean", "f1", "score")
"""The reading or metric that stands for a run where several were used: the first one present, then the log's first."""

PASS = 1 << 24
"""Rows of the benchmarks that are summed up in one pass."""

MOST_HELD = 1 << 27
"""Cells of tables kept for the measures that ask for them next, about 1 GB; more are made again each time."""

_TABLE = ("benchmark", "reading", "variant")
_HELD: WeakKeyDictionary[Responses, dict[bool, tuple[ItemTable, ...]]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ItemTable(Brief):
    """What the models scored on each item of one benchmark, by one reading and in one variant.

    Parameters
    ----------
    benchmark, reading, variant : what the scores are of; reading and variant are None where the log names none.
    models, items : names, sorted.
    scores : shape (models, items): the mean over an item's epochs, NaN where it was not run or not scored.
    epochs : shape (models, items): how many epochs are behind each.
    within : shape (models, items): variance over an item's epochs (ddof 1), NaN below 2 epochs.
    binary : whether every single score is 0 or 1.
    clusters : shape (items,): number of each item's cluster; None if no cluster is named. An item without a value of
        the key is a cluster of its own.
    cluster_key : the key that says so.
    cluster_shown : whether the data showed that key, and nobody named it.
    nameless : how many items have no value of the key, where others have one.
    readings : every reading that the rows hold, the one used first.
    states : for each `State` met, how many of each model's items are in it, shape (models,). Those that are unparsed
        have a score, the harness's; all others have none in any epoch, and are no items of the table if no model's is.
    facts : what the keys that have a column of their own say of the items.
    """

    benchmark: str
    reading: str | None
    variant: str | None
    models: tuple[str, ...]
    items: tuple[str, ...]
    scores: npt.NDArray[np.float64]
    epochs: npt.NDArray[np.int64]
    within: npt.NDArray[np.float64]
    binary: bool
    clusters: npt.NDArray[np.int64] | None = None
    cluster_key: str | None = None
    cluster_shown: bool = False
    nameless: int = 0
    readings: tuple[str, ...] = ()
    states: Mapping[State, npt.NDArray[np.int64]] = field(default_factory=dict)
    facts: Mapping[str, ItemFacts] = field(default_factory=dict)

    @property
    def unscored(self) -> npt.NDArray[np.int64]:
        """Items of each model that were run and have no score, shape (models,)."""
        none = np.zeros(len(self.models), dtype=np.int64)
        return sum((count for state, count in self.states.items() if state is not State.UNPARSED), start=none)

    @classmethod
    def of(
        cls,
        benchmark: str,
        models: Sequence[str],
        scores: npt.NDArray[np.float64],
        clusters: npt.NDArray[np.int64] | None = None,
    ) -> ItemTable:
        """A table of scores that were each given once, shape (models, items), NaN where not run.

        Examples
        --------
        >>> ItemTable.of("b", ["m"], np.array([[1.0, 0.0, np.nan]])).epochs.tolist()
        [[1, 1, 0]]
        """
        run = np.isfinite(scores)
        items = tuple(str(place) for place in range(scores.shape[1]))
        return cls(
            benchmark=benchmark,
            reading=None,
            variant=None,
            models=tuple(models),
            items=items,
            scores=scores,
            epochs=run.astype(np.int64),
            within=np.full(scores.shape, np.nan),
            binary=bool(np.isin(scores[run], (0.0, 1.0)).all()),
            clusters=clusters,
            cluster_key=None if clusters is None else "cluster",
        )

    def only(self, models: Sequence[str]) -> ItemTable:
        """The same table with these models alone, and the items that any of them ran."""
        rows = np.array([self.models.index(model) for model in models], dtype=np.int64)
        ran = np.isfinite(self.scores[rows]).any(axis=0)
        cells = np.ix_(rows, np.flatnonzero(ran))
        return replace(
            self,
            models=tuple(models),
            items=tuple(np.array(self.items, dtype=object)[ran]),
            scores=self.scores[cells],
            epochs=self.epochs[cells],
            within=self.within[cells],
            clusters=None if self.clusters is None else np.unique(self.clusters[ran], return_inverse=True)[1],
            states={state: count[rows] for state, count in self.states.items()},
            facts={},
        )


def item_tables(responses: Responses, *, variants: bool = False) -> Iterator[ItemTable]:
    """Each benchmark's items as arrays, one benchmark at a time.

    Parameters
    ----------
    responses : item-level results; rows without an item do not count, and those without a score are counted apart.
    variants : one table per benchmark and variant; by default the variant with most rows stands for the benchmark.
        Either way by the reading that stands for the run (`MAIN_SCORERS`), and of several graders by the one who gave
        a model most scores (of equals, the first by name).

    Raises
    ------
    InputError
        An item that lies in two clusters.

    Examples
    --------
    >>> from measurand.tables.responses import RESPONSE_COLUMNS
    >>> rows = pl.DataFrame({"model": "m", "benchmark": "b", "item": ["1", "2", "2"], "score": [1.0, 0.0, 1.0]})
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> table = next(item_tables(Responses(pl.concat([empty, rows], how="diagonal").lazy())))
    >>> table.items, table.scores.tolist(), table.epochs.tolist()
    (('1', '2'), [[1.0, 0.5]], [[1, 2]])
    """
    held = _HELD.setdefault(responses, {})
    if variants in held:
        yield from held[variants]
        return
    made: list[ItemTable] = []
    for table in _made(responses, variants):
        yield table
        made.append(table)
    # Kept only once all were made: a reader who stops half-way must not leave a part for the whole.
    if sum(table.scores.size for table in made) <= MOST_HELD:
        held[variants] = tuple(made)


def _made(responses: Responses, variants: bool) -> Iterator[ItemTable]:
    if responses.cluster is None:
        return _tables(responses, variants)
    # The scores do not depend on the cluster, so the tables without it are made once for all keys.
    return (_with_clusters(table, responses) for table in item_tables(responses.unclustered(), variants=variants))


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """What stands for a benchmark, whether several graded it, how many rows it has, and every reading of it."""

    benchmark: str
    reading: str | None
    variant: str | None
    graded_twice: bool
    rows: int
    readings: tuple[str, ...]

    def of(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Its rows, and those of samples that failed before any scorer saw them: they name no reading."""
        reading = pl.col("reading").eq_missing(pl.lit(self.reading, dtype=pl.String))
        failed = pl.col("reading").is_null() & pl.col("score").is_null()
        variant = pl.col("variant").eq_missing(pl.lit(self.variant, dtype=pl.String))
        own = rows.filter((pl.col("benchmark") == self.benchmark) & (reading | failed) & variant)
        return _of_main_grader(own) if self.graded_twice else own


def _tables(responses: Responses, variants: bool) -> Iterator[ItemTable]:
    """The tables, many benchmarks in one pass: a scan of a store opens every file, however little it takes."""
    rows = responses.frame.drop_nulls(["item", "benchmark", "model"])
    keys = (CONTEXT, *responses.key_columns())
    columns = (*_TABLE, "model", "item", "score", "grade", "state", *keys)
    for chosen in _passes(_chosen(rows, variants)):
        sums = {(each.benchmark, each.variant): (each.reading, Sums(keys)) for each in chosen}
        if len(chosen) == 1:
            of_pass = chosen[0].of(rows)
        else:
            of_pass = rows.filter(pl.col("benchmark").is_in(list({each.benchmark for each in chosen})))
        for batch in of_pass.select(columns).collect_batches(chunk_size=BATCH):
            if len(chosen) == 1:
                sums[chosen[0].benchmark, chosen[0].variant][1].add(batch)
                continue
            for (benchmark, reading, variant), part in batch.partition_by(_TABLE, as_dict=True).items():
                used, own = sums.get((benchmark, variant), (None, None))
                if own is not None and reading == used:
                    own.add(part)
                elif own is not None and reading is None:
                    own.add(part.filter(pl.col("score").is_null()))
        for each in chosen:
            _, own = sums.pop((each.benchmark, each.variant))
            yield ItemTable(
                benchmark=each.benchmark,
                reading=each.reading,
                variant=each.variant,
                readings=_used_first(each),
                **own.summed()._asdict(),
            )


def _passes(chosen: Sequence[_Chosen]) -> Iterator[list[_Chosen]]:
    """Parts of at most `PASS` rows, but at least one table each; one that several graded is alone, for it is joined."""
    part: list[_Chosen] = []
    for each in chosen:
        alone = each.graded_twice or any(other.graded_twice for other in part)
        if part and (alone or sum(other.rows for other in part) + each.rows > PASS):
            yield part
            part = []
        part.append(each)
    if part:
        yield part


def _used_first(chosen: _Chosen) -> tuple[str, ...]:
    used = () if chosen.reading is None else (chosen.reading,)
    return (*used, *(name for name in chosen.readings if name != chosen.reading))


def reading_rank() -> pl.Expr:
    """Place of a row's reading among `MAIN_SCORERS`, by its metric whatever the filter; behind them all for others."""
    ranks = {name: rank for rank, name in enumerate(MAIN_SCORERS)}
    metric = pl.col("reading").str.split(",").list.first()
    return metric.replace_strict(ranks, default=len(ranks), return_dtype=pl.Int64)


def _chosen(rows: pl.LazyFrame, variants: bool) -> list[_Chosen]:
    """The reading that stands for each benchmark, with the variant or variants."""
    # By grader too and then without: to count the graders of each takes longer than all the rest.
    of_graders = rows.drop_nulls("score").group_by(*_TABLE, "grader").agg(pl.len().alias("rows"))
    counts = (
        of_graders.group_by(_TABLE)
        .agg(pl.col("rows").sum(), (pl.len() > 1).alias("graded_twice"))
        .with_columns(reading_rank().alias("rank"), place=pl.lit(0))
        .collect(engine="streaming")
    )
    several = counts.filter(pl.len().over("benchmark") > 1)["benchmark"].unique()
    if len(several):
        # Place among those of a model, so that the order in which logs were read does not matter.
        met = rows.filter(pl.col("benchmark").is_in(several.to_list())).with_row_index("place").drop_nulls("score")
        places = (
            met.group_by(*_TABLE, "model")
            .agg(pl.col("place").min())
            .with_columns(pl.col("place").rank("dense").over("benchmark", "model").cast(pl.Int32))
            .group_by(_TABLE)
            .agg(pl.col("place").min())
            .collect(engine="streaming")
        )
        counts = counts.drop("place").join(places, on=_TABLE, how="left", nulls_equal=True).fill_null(0)
    ordered = counts.sort("benchmark", "rank", "place", "reading", "variant")
    by_benchmark = ordered.group_by("benchmark", maintain_order=True)
    first = by_benchmark.first().select("benchmark", "reading")
    every = by_benchmark.agg(pl.col("reading").drop_nulls().unique(maintain_order=True).alias("readings"))
    kept = counts.join(first, on=["benchmark", "reading"], nulls_equal=True)
    if not variants:
        ordered = kept.sort(["benchmark", "rows", "place", "variant"], descending=[False, True, False, False])
        kept = ordered.group_by("benchmark", maintain_order=True).first()
    listed = kept.join(every, on="benchmark").sort("benchmark", "place", "variant")
    columns = listed.select(*_TABLE, "graded_twice", "rows", "readings")
    return [_Chosen(**row | {"readings": tuple(row["readings"])}) for row in columns.iter_rows(named=True)]


def _of_main_grader(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Each model's rows by the grader who gave it most scores: a second opinion of an answer is no second answer."""
    counts = rows.drop_nulls("score").group_by("model", "grader").agg(pl.len().alias("rows"))
    main = counts.sort(["rows", "grader"], descending=[True, False]).group_by("model", maintain_order=True).first()
    return rows.join(main.select("model", "grader"), on=["model", "grader"], how="semi", nulls_equal=True)


def item_facts(responses: Responses, tables: Sequence[ItemTable]) -> tuple[ItemFacts, ...]:
    """The value of the cluster's key for each item of each table of these responses."""
    key = str(responses.cluster)
    if all(key in table.facts for table in tables):
        return tuple(table.facts[key] for table in tables)
    told = {table.benchmark: (Names(), Told()) for table in tables}
    rows = responses.clustered().filter(pl.col("benchmark").is_in(list(told))).select("benchmark", "item", "cluster")
    for batch in rows.drop_nulls().collect_batches(chunk_size=BATCH):
        for (benchmark,), part in batch.partition_by("benchmark", as_dict=True).items():
            names, own = told[benchmark]
            own.add(names.numbers(part["item"]), part["cluster"])
    of_tables = ((told[table.benchmark], pl.Series(table.items, dtype=pl.String)) for table in tables)
    return tuple(own.facts(names.numbers(items)) for (names, own), items in of_tables)


def _with_clusters(table: ItemTable, responses: Responses) -> ItemTable:
    """The table with the clusters of its items; as it is where none of them has one."""
    (facts,) = item_facts(responses, [table])
    if not facts.values:
        return table
    # Picking one of the clusters would make the interval depend on the order of rows.
    if len(facts.torn):
        item = table.items[facts.torn[0]]
        rows = responses.clustered().filter(benchmark=table.benchmark, item=item)
        values = rows.select(pl.col("cluster").drop_nulls().unique().sort()).collect()["cluster"].to_list()
        raise InputError(
            f"item {item!r} of {table.benchmark!r} lies in several clusters by {responses.cluster!r} "
            f"({', '.join(map(repr, values[:3]))}; {len(facts.torn)} such items); a cluster should be a fact of the "
            "item, the same for every model"
        )
    return replace(
        table,
        clusters=facts.clusters(),
        cluster_key=responses.cluster,
        cluster_shown=responses.shown,
        nameless=int((facts.codes < 0).sum()),
    )
