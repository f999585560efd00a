"""Item-level results of one benchmark as arrays: models by items, epochs averaged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError
from measurand.results import Brief
from measurand.tables.responses import Responses, State, state_of

__all__ = ["MAIN_SCORERS", "ItemFacts", "ItemTable", "item_facts", "item_tables", "reading_rank"]

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
    for table in _made(responses, variants):
        yield table
        made.append(table)
    # Kept only once all were made: a reader who stops half-way must not leave a part for the whole.
    if sum(table.scores.size for table in made) <= MOST_HELD:
        held[variants] = tuple(made)


def _made(responses: Responses, variants: bool) -> Iterator[ItemTable]:
    if responses.cluster is None:
        return _tables(responses.frame, variants)
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
        return rows.filter((pl.col("benchmark") == self.benchmark) & (reading | failed) & variant)


def _tables(frame: pl.LazyFrame, variants: bool) -> Iterator[ItemTable]:
    """The tables, several benchmarks read at a time: a scan of a store opens every file, however little it takes."""
    rows = frame.drop_nulls(["item", "benchmark", "model"])
    for batch in _batches(_chosen(rows, variants)):
        of_batch = rows.filter(pl.col("benchmark").is_in(list({chosen.benchmark for chosen in batch})))
        of_batch = of_batch.select(*_TABLE, "model", "item", "score", "grader", state_of().alias("state"))
        if len(batch) > 1:
            of_batch = of_batch.collect(engine="streaming").lazy()
        for chosen in batch:
            own = chosen.of(of_batch)
            yield _table(chosen, _of_main_grader(own) if chosen.graded_twice else own)


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
    scored = rows.drop_nulls("score")
    counts = (
        scored.group_by(_TABLE)
        # Not by counting names, which takes as long as all the rest: most logs name no grader.
        .agg(
            pl.len().alias("rows"),
            (
                (pl.col("grader").min() != pl.col("grader").max()).fill_null(False)
                | pl.col("grader").null_count().is_between(1, pl.len() - 1)
            ).alias("graded_twice"),
        )
        .with_columns(reading_rank().alias("rank"), place=pl.lit(0))
        .collect(engine="streaming")
    )
    several = counts.filter(pl.len().over("benchmark") > 1)["benchmark"].unique()
    if len(several):
        # Place within a model's run, so that the order in which logs were read does not matter.
        place = pl.int_range(pl.len()).over("model", "benchmark")
        of_several = rows.filter(pl.col("benchmark").is_in(several.to_list())).with_columns(place=place)
        places = of_several.drop_nulls("score").group_by(_TABLE).agg(pl.col("place").min()).collect()
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


def _table(chosen: _Chosen, rows: pl.LazyFrame) -> ItemTable:
    """Rows summed into arrays, which several measures share and none may change.

    By the place of each row's cell and not by a grouping of names: ten million cells are few numbers and many names.
    """
    found = rows.drop_nulls("score").select(_code("model"), _code("item"), "score").collect(engine="streaming")
    models, items = (found[name].unique().cast(pl.String).sort() for name in ("model", "item"))
    shape, cells = (len(models), len(items)), len(models) * len(items)
    places = _places(found["model"], models) * len(items) + _places(found["item"], items)
    scores = found["score"].to_numpy()
    epochs = np.bincount(places, minlength=cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(places, scores, cells) / epochs
        # One number where no item was run twice: millions of cells without a variance need no memory.
        within = np.broadcast_to(np.nan, cells)
        if epochs.max() > 1:
            within = np.bincount(places, (scores - mean[places]) ** 2, cells) / (epochs - 1)
            within[epochs < 2] = np.nan
    for array in (mean, epochs, within):
        # The arrays are cached: one measure that sorts in place would change the next one's data.
        array.setflags(write=False)
    return ItemTable(
        benchmark=chosen.benchmark,
        reading=chosen.reading,
        variant=chosen.variant,
        models=tuple(models),
        items=tuple(items),
        scores=mean.reshape(shape),
        epochs=epochs.reshape(shape),
        within=within.reshape(shape),
        # Of single scores, not of means: a mean of epochs can be 1 by chance.
        binary=bool(((scores == 0) | (scores == 1)).all()),
        readings=_used_first(chosen),
        states=_states(rows, models),
    )


def _code(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Categorical)


def _places(column: pl.Series, names: pl.Series) -> npt.NDArray[np.int64]:
    """Place of each name of a categorical column among the names given, -1 where it is not there."""
    met = column.unique().drop_nulls()
    codes = met.to_physical().to_numpy()
    found = met.cast(pl.String).cast(pl.Enum(names), strict=False).to_physical().cast(pl.Int64).fill_null(-1)
    of_code = np.full(codes.max(initial=0) + 1, -1, dtype=np.int64)
    of_code[codes] = found.to_numpy()
    places: npt.NDArray[np.int64] = of_code[column.to_physical().to_numpy()]
    return places


def _states(rows: pl.LazyFrame, models: pl.Series) -> dict[State, npt.NDArray[np.int64]]:
    """How many of each model's items are in each state; one with a score in some epoch has one."""
    odd = rows.drop_nulls("state").select("model", "item", "state").collect(engine="streaming")
    if odd.is_empty():
        return {}
    touched = rows.join(odd.lazy().select("model", "item").unique(), on=["model", "item"], how="semi")
    unparsed = pl.when(pl.col("state") == State.UNPARSED.value).then("state")
    of_items = touched.group_by("model", "item").agg(
        pl.when(pl.col("score").is_null().all()).then(pl.col("state").min()).otherwise(unparsed.min()).alias("state")
    )
    counts = of_items.drop_nulls("state").group_by("state", "model").len().collect(engine="streaming")
    found: dict[State, npt.NDArray[np.int64]] = {}
    for state, own in sorted(counts.partition_by("state", as_dict=True, include_key=False).items()):
        of_model = dict(own.iter_rows())
        if any(of_model.get(model) for model in models):
            found[State(str(state[0]))] = np.array([of_model.get(model, 0) for model in models], dtype=np.int64)
    return found


class ItemFacts(NamedTuple):
    """What a key says of each item of a table.

    Parameters
    ----------
    codes : place of each item's value among `values`, -1 where it has none, shape (items,).
    values : those of the key, sorted.
    torn : places of the items for which rows say several values.
    """

    codes: npt.NDArray[np.int64]
    values: tuple[str, ...]
    torn: npt.NDArray[np.int64]

    def clusters(self) -> npt.NDArray[np.int64]:
        """Number of each item's cluster: an item that says none shares it with none."""
        alone = self.codes < 0
        numbered = np.where(alone, len(self.values) + np.arange(len(self.codes)), self.codes)
        return np.unique(numbered, return_inverse=True)[1].astype(np.int64)


def item_facts(responses: Responses, table: ItemTable) -> ItemFacts:
    """The value of the cluster's key for each item of a table of these responses."""
    rows = responses.clustered().filter(pl.col("benchmark") == table.benchmark)
    named = rows.select(_code("item"), _code("cluster")).drop_nulls().collect(engine="streaming")
    values = named["cluster"].unique().cast(pl.String).sort()
    places, said = _places(named["item"], pl.Series(table.items)), _places(named["cluster"], values)
    places, said = places[places >= 0], said[places >= 0]
    codes = np.full(len(table.items), -1, dtype=np.int64)
    codes[places] = said
    return ItemFacts(codes, tuple(values), np.unique(places[codes[places] != said]))


def _with_clusters(table: ItemTable, responses: Responses) -> ItemTable:
    """The table with the clusters of its items; as it is where none of them has one."""
    facts = item_facts(responses, table)
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
    return replace(table, clusters=facts.clusters(), cluster_key=responses.cluster, cluster_shown=responses.shown)
