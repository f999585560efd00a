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
from measurand.tables.responses import Responses, State, state_of

__all__ = ["MAIN_SCORERS", "ItemTable", "item_tables", "reading_rank", "readings_of"]

MAIN_SCORERS = ("accuracy", "acc", "exact_match", "quasi_exact_match", "match", "includes", "mean", "f1", "score")
"""The reading or metric that stands for a run where several were used: the first one present, then the log's first."""

BATCH = 4_000_000
"""Rows of item-level results that are summed up at a time."""

MOST_HELD = 10_000_000
"""Cells of tables kept for the measures that ask for them next; more are made again each time."""

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
    readings : every reading that the rows hold, the one used first.
    states : for each `State` met, how many of each model's items are in it, shape (models,). Those that are unparsed
        have a score, the harness's; all others have none in any epoch, and are no items of the table if no model's is.
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
    readings: tuple[str, ...] = ()
    states: Mapping[State, npt.NDArray[np.int64]] = field(default_factory=dict)

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
    for table in _tables(responses, variants):
        yield table
        made.append(table)
    # Kept only once all were made: a reader who stops half-way must not leave a part for the whole.
    if sum(table.scores.size for table in made) <= MOST_HELD:
        held[variants] = tuple(made)


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """What stands for a benchmark, how many graders and rows it has, and every reading of it."""

    benchmark: str
    reading: str | None
    variant: str | None
    graders: int
    rows: int
    readings: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """What the cells of its table are grouped by."""
        return self.benchmark, self.reading, self.variant


def _tables(responses: Responses, variants: bool) -> Iterator[ItemTable]:
    """The tables, several benchmarks read at a time: a scan of a store opens every file, however little it takes."""
    rows = responses.clustered().drop_nulls(["item", "benchmark", "model"])
    for batch in _batches(_chosen(rows, variants)):
        of_batch = rows.filter(pl.col("benchmark").is_in(list({chosen.benchmark for chosen in batch})))
        if any(chosen.graders > 1 for chosen in batch):
            of_batch = _of_main_grader(of_batch)
        cells = _cells(of_batch).partition_by(*_TABLE, as_dict=True, include_key=False)
        for chosen in batch:
            # A sample that failed may have a row without any reading.
            table = _table(chosen, [cells[chosen.key], *_failed(cells, chosen)], responses.cluster)
            yield replace(table, cluster_shown=responses.shown)


def _batches(chosen: Sequence[_Chosen]) -> Iterator[list[_Chosen]]:
    """Parts of at most `BATCH` rows, but at least one table each."""
    batch: list[_Chosen] = []
    for each in chosen:
        if batch and sum(other.rows for other in batch) + each.rows > BATCH:
            yield batch
            batch = []
        batch.append(each)
    if batch:
        yield batch


def readings_of(responses: Responses) -> dict[str, tuple[str, ...]]:
    """The readings of each benchmark that has any, the one that stands for it first."""
    rows = responses.frame.drop_nulls(["item", "benchmark", "model"])
    return {
        chosen.benchmark: _used_first(chosen) for chosen in _chosen(rows, variants=False) if chosen.reading is not None
    }


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
    counts = (
        # Place within a model's run, so that the order in which logs were read does not matter.
        rows.with_columns(pl.int_range(pl.len()).over("model", "benchmark").alias("place"))
        .drop_nulls("score")
        .group_by(_TABLE)
        .agg(pl.len().alias("rows"), pl.col("place").min(), pl.col("grader").n_unique().alias("graders"))
        .with_columns(reading_rank().alias("rank"))
        .collect(engine="streaming")
    )
    ordered = counts.sort("benchmark", "rank", "place", "reading", "variant")
    by_benchmark = ordered.group_by("benchmark", maintain_order=True)
    first = by_benchmark.first().select("benchmark", "reading")
    every = by_benchmark.agg(pl.col("reading").drop_nulls().unique(maintain_order=True).alias("readings"))
    kept = counts.join(first, on=["benchmark", "reading"], nulls_equal=True)
    if not variants:
        ordered = kept.sort(["benchmark", "rows", "place", "variant"], descending=[False, True, False, False])
        kept = ordered.group_by("benchmark", maintain_order=True).first()
    listed = kept.join(every, on="benchmark").sort("benchmark", "place", "variant")
    columns = listed.select(*_TABLE, "graders", "rows", "readings")
    return [_Chosen(**row | {"readings": tuple(row["readings"])}) for row in columns.iter_rows(named=True)]


def _of_main_grader(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Each model's rows by the grader who gave it most scores: a second opinion of an answer is no second answer."""
    key = [*_TABLE, "model"]
    counts = rows.group_by(*key, "grader").agg(pl.len().alias("rows"))
    main = counts.sort(["rows", "grader"], descending=[True, False]).group_by(key, maintain_order=True).first()
    return rows.join(main.select(*key, "grader"), on=[*key, "grader"], how="semi", nulls_equal=True)


def _cells(rows: pl.LazyFrame) -> pl.DataFrame:
    """One row per model and item of each benchmark, reading and variant."""
    return (
        rows.group_by(*_TABLE, "model", "item")
        .agg(
            pl.col("score").mean().alias("mean"),
            pl.col("score").var(ddof=1).alias("within"),
            pl.col("score").count().alias("epochs"),
            pl.col("score").is_in([0.0, 1.0]).all().alias("binary"),
            state_of().drop_nulls().min().alias("state"),
            pl.col("cluster").min(),
            (pl.col("cluster").drop_nulls().n_unique() > 1).alias("split"),
        )
        .collect(engine="streaming")
    )


def _failed(cells: Mapping[tuple[object, ...], pl.DataFrame], chosen: _Chosen) -> list[pl.DataFrame]:
    """Samples that failed before any scorer saw them: their rows name no reading, and are missing from each."""
    own = cells.get((chosen.benchmark, None, chosen.variant)) if chosen.reading is not None else None
    return [] if own is None else [own.filter(epochs=0)]


def _states(cells: pl.DataFrame, models: pl.Series) -> dict[State, npt.NDArray[np.int64]]:
    """How many of each model's items are in each state; one with a score in some epoch has one."""
    counted = (pl.col("epochs") == 0) | (pl.col("state") == State.UNPARSED.value)
    counts = cells.drop_nulls("state").filter(counted).group_by("state", "model").len()
    found: dict[State, npt.NDArray[np.int64]] = {}
    for state, own in sorted(counts.partition_by("state", as_dict=True, include_key=False).items()):
        of_model = dict(own.iter_rows())
        found[State(str(state[0]))] = np.array([of_model.get(model, 0) for model in models], dtype=np.int64)
    return found


def _table(chosen: _Chosen, parts: Sequence[pl.DataFrame], cluster_key: str | None) -> ItemTable:
    """Cells laid out as arrays, which several measures share and none may change."""
    every = pl.concat(parts)
    cells = every.filter(pl.col("epochs") > 0)
    models, items = (cells[name].unique().sort() for name in ("model", "item"))
    i, j = (
        cells[name].cast(pl.Enum(names)).to_physical().to_numpy()
        for name, names in (("model", models), ("item", items))
    )
    shape = (len(models), len(items))
    mean, within, epochs = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=np.int64)
    mean[i, j], epochs[i, j] = cells["mean"].to_numpy(), cells["epochs"].to_numpy()
    within[i, j] = cells["within"].fill_null(np.nan).to_numpy()
    for array in (mean, within, epochs):
        # The arrays are cached: one measure that sorts in place would change the next one's data.
        array.setflags(write=False)
    return ItemTable(
        benchmark=chosen.benchmark,
        reading=chosen.reading,
        variant=chosen.variant,
        models=tuple(models),
        items=tuple(items),
        scores=mean,
        epochs=epochs,
        within=within,
        # Of single scores, not of means: a mean of epochs can be 1 by chance.
        binary=bool(cells["binary"].all()),
        clusters=_clusters(cells, cluster_key, chosen.benchmark),
        cluster_key=None if cells["cluster"].null_count() == len(cells) else cluster_key,
        readings=_used_first(chosen),
        states=_states(every, models),
    )


def _clusters(cells: pl.DataFrame, key: str | None, benchmark: str) -> npt.NDArray[np.int64] | None:
    """Number of each item's cluster, items in their order; None where no item of the benchmark has one."""
    if key is None or cells["cluster"].null_count() == len(cells):
        return None
    named = cells.drop_nulls("cluster")
    of_item = named.group_by("item").agg(
        pl.col("cluster").min(), ((pl.col("cluster").n_unique() > 1) | pl.col("split").any()).alias("split")
    )
    torn = of_item.filter(pl.col("split")).sort("item")
    # Picking one of the clusters would make the interval depend on the order of rows.
    if torn.height:
        item = torn["item"][0]
        values = named.filter(pl.col("item") == item)["cluster"].unique().sort().to_list()
        raise InputError(
            f"item {item!r} of {benchmark!r} lies in several clusters by {key!r} ({', '.join(map(repr, values[:3]))}; "
            f"{torn.height} such items); a cluster should be a fact of the item, the same for every model"
        )
    ordered = cells.select("item").unique().sort("item").join(of_item, on="item", how="left", maintain_order="left")
    # An item that says no cluster shares it with none: its own name stands for it, apart from every value.
    alone = pl.struct("cluster", pl.when(pl.col("cluster").is_null()).then(pl.col("item")))
    codes: npt.NDArray[np.int64] = ordered.select(alone.rank("dense") - 1).to_series().cast(pl.Int64).to_numpy()
    return codes
