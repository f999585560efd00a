"""Item-level results, lazily."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import polars as pl

from measurand.errors import InputError, UnknownName
from measurand.names import resolved
from measurand.results import Brief
from measurand.tables._columns import LARGEST, MISSING, sized

__all__ = ["CONTEXT", "RESPONSE_COLUMNS", "Responses", "State", "row_numbers", "state_of", "without_copies"]


class State(StrEnum):
    """What became of a response that has no score, or whose score says nothing of the answer."""

    ERRORED = "errored"
    """The sample failed before it could be scored."""
    MISSING = "missing"
    """No score, and no reason is given."""
    REFUSED = "refused"
    """Left without a score because the model declined."""
    UNGRADED = "ungraded"
    """A word stands for the score, and nobody has said whether it is right."""
    UNPARSED = "unparsed"
    """No answer was found in the response; the score is what the harness gave all the same."""


RESPONSE_COLUMNS: dict[str, pl.DataType] = {
    "model": pl.String(),
    "benchmark": pl.String(),
    "item": pl.String(),
    "epoch": pl.Int32(),
    "variant": pl.String(),
    "reading": pl.String(),
    "score": pl.Float64(),
    "grade": pl.String(),
    "state": pl.String(),
    "answer": pl.String(),
    "target": pl.String(),
    "choices": pl.List(pl.String()),
    "logprobs": pl.List(pl.Float64()),
    "tokens_in": pl.Int64(),
    "tokens_out": pl.Int64(),
    "grader": pl.String(),
    "context_hash": pl.String(),
    "metadata": pl.String(),
}
"""Columns of item-level results.

``item`` is the harness's stable identity of the question (what two models' runs are paired on); ``variant`` the prompt
it was put in; ``reading`` one way to score the same response (a scorer, a metric, a filter); ``score`` null where the
sample was not scored, ``grade`` the word that stands in its place where scores are words, and ``state`` a `State` that
says why there is none, null where it was scored; ``choices`` the options and ``logprobs`` the
log-likelihood of each, in the same order; ``context_hash`` equal for items that share a context (passage, template);
``metadata`` a JSON object of the item's scalar metadata, from which any key can be the cluster, as can any further
column.
"""


CONTEXT = "context_hash"
"""The key that stands for the column of that name: items with an equal context are one cluster."""


def state_of() -> pl.Expr:
    """The state of a row: why it has no score, or what is wrong with the one it has; null where nothing is."""
    reason = pl.coalesce(
        "state",
        pl.when(pl.col("grade").is_not_null()).then(pl.lit(State.UNGRADED.value)),
        pl.lit(State.MISSING.value),
    )
    unparsed = pl.when(pl.col("state") == State.UNPARSED.value).then("state")
    return pl.when(pl.col("score").is_null()).then(reason).otherwise(unparsed)


def row_numbers(rows: pl.DataFrame, names: Iterable[str], item: str) -> list[str]:
    """The columns that number the rows, each whole number once and none left out, in whatever order.

    Parameters
    ----------
    rows : the whole table.
    names : columns that may.
    item : the column of items: where there is one item alone, what numbers the rows numbers its runs.

    Examples
    --------
    >>> rows = pl.DataFrame({"item": ["a", "a", "b"], "id": [7, 9, 8], "run": [1, 2, 1]})
    >>> row_numbers(rows, ["id", "run"], "item"), row_numbers(rows[:2], ["id", "run"], "item")
    (['id'], [])
    """
    return [name for name in names if _numbers(rows[name])] if rows[item].n_unique() > 1 else []


def _numbers(column: pl.Series) -> bool:
    if not (column.dtype.is_numeric() or column.dtype == pl.String):
        return False
    values = column.cast(pl.Float64, strict=False)
    if values.null_count() or values.n_unique() < len(values) or not (values == values.floor()).all():
        return False
    return bool(np.ptp(values.to_numpy()) == len(values) - 1)


def without_copies(rows: pl.DataFrame, again: Sequence[str], besides: Sequence[str] = ()) -> pl.DataFrame:
    """Each row once, where every repeat of an item is an exact copy of another row; else the rows as they are.

    The same file twice is no rerun, and would make any model look perfectly steady. Where some repeats differ they are
    reruns, and those that agree are among them: dropping these would change the means.

    Parameters
    ----------
    rows : without a column that numbers the runs.
    again : the columns by which a row repeats another.
    besides : columns that say nothing of what is in a row, such as its number.

    Examples
    --------
    >>> twice = pl.DataFrame({"item": ["1", "2", "1", "2"], "score": [1.0, 0.0, 1.0, 0.0]})
    >>> answered = twice.with_columns(answer=pl.Series(["a", "b", "c", "b"]))
    >>> without_copies(twice, ["item"]).height, without_copies(answered, ["item"]).height
    (2, 4)
    """
    told = [name for name in rows.columns if name not in besides]
    once = rows.unique(told, keep="first", maintain_order=True)
    return once if once.height == rows.n_unique(list(again)) else rows


@dataclass(frozen=True, eq=False, repr=False)
class Responses(Brief):
    """Item-level results: one row per model, benchmark, item, epoch, variant and reading.

    Parameters
    ----------
    frame : columns `RESPONSE_COLUMNS`, lazily: a store larger than memory is scanned, never loaded whole.
    cluster : key of the items that share a context, one of `cluster_keys`; None if they are treated as independent.
    shown : whether the data showed that key, and nobody named it.
    plain : the same results without the cluster, where they were given it; what was made of them is still good.

    Examples
    --------
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> rows = pl.DataFrame({"item": ["1", "2"], "metadata": ['{"subject": "law"}'] * 2})
    >>> responses = Responses(pl.concat([empty, rows], how="diagonal").lazy())
    >>> responses.cluster_keys(), responses.clustered_by("subject").clustered().collect()["cluster"].to_list()
    (('subject',), ['law', 'law'])
    """

    frame: pl.LazyFrame
    cluster: str | None = None
    shown: bool = False
    plain: Responses | None = None

    @classmethod
    def build(cls, frame: pl.DataFrame, *, cluster: str | None = None) -> Responses:
        """Validate a table of answers.

        Parameters
        ----------
        frame : columns ``model``, ``item`` and ``score`` (null where a sample was not scored); further
            `RESPONSE_COLUMNS` where known: ``benchmark`` is "items" by default, an item that comes again is another
            ``epoch`` unless every repeat is an exact copy of a row, which counts once. Any other column is metadata, of
            which a key can be the cluster.
        cluster : the column whose equal values make items share a context.

        Raises
        ------
        InputError
            A missing column, no row, a model or item without a name, or a score that is no finite number.
        UnknownName
            A cluster that is no column.

        Examples
        --------
        >>> frame = pl.DataFrame({"model": "m", "item": ["1", "2"], "score": [1, 0], "passage": ["a", "a"]})
        >>> responses = Responses.build(frame, cluster="passage")
        >>> responses.benchmarks(), responses.cluster_keys()
        (('items',), ('passage',))
        """
        required = ("model", "item", "score")
        if missing := [name for name in required if name not in frame.columns]:
            raise InputError(
                f"answers should have the columns {', '.join(required)}; {', '.join(missing)} not found among "
                f"{', '.join(frame.columns)}"
            )
        if frame.is_empty():
            raise InputError("no answers: there should be at least one row")
        # Item numbers become text: 1 in one file and "1" in another are one item.
        named = frame.with_columns(pl.col("model", "item").cast(pl.String))
        for name in ("model", "item"):
            if (nameless := named[name].is_null() | (named[name].str.strip_chars() == "")).any():
                raise InputError(f"answer {int(nameless.arg_true()[0]) + 1}: {name} has no name")
        # Text scores are refused, not cast: "0,5" or "pass" would turn to null and count as not scored.
        if not (named["score"].dtype.is_numeric() or named["score"].dtype in (pl.Boolean, pl.Null)):
            raise InputError(f"scores should be numbers, got a column of {named['score'].dtype}")
        scored = named.with_columns(pl.col("score").cast(pl.Float64))
        if len(wrong := scored.select((~sized("score")).fill_null(False).arg_true()).to_series()):
            place = int(wrong[0])
            raise InputError(
                f"answer {place + 1}: score should be a finite number of at most {LARGEST:g} in size, got "
                f"{scored['score'][place]}"
            )
        again = [n for n in ("model", "benchmark", "item", "variant", "reading", "grader") if n in frame.columns]
        rest = [name for name in frame.columns if name not in RESPONSE_COLUMNS]
        if "epoch" not in frame.columns:
            scored = without_copies(scored, again, row_numbers(scored, rest, "item"))
        metadata = pl.struct(rest).struct.json_encode() if rest else pl.lit(None)
        defaults = {
            "benchmark": pl.lit("items"),
            "epoch": pl.int_range(pl.len()).over(again) + 1,
            "metadata": metadata,
        }
        columns = [
            (pl.col(name) if name in frame.columns else defaults.get(name, pl.lit(None))).cast(kind).alias(name)
            for name, kind in RESPONSE_COLUMNS.items()
        ]
        built = cls(scored.select(columns).lazy())
        return built if cluster is None else built.clustered_by(cluster)

    def cluster_keys(self) -> tuple[str, ...]:
        """Keys of the items' metadata, any of which can be the cluster, and ``context_hash`` where items have one."""
        # By pattern, since decoding the JSON of every row to list its keys takes far longer; only scalars are in it.
        keys = pl.col("metadata").drop_nulls().unique().str.extract_all(r'"((?:[^"\\]|\\.)*)"\s*:')
        found = self.frame.select(keys.explode().drop_nulls().unique()).collect()["metadata"].to_list()
        has_context = self.frame.select(pl.col(CONTEXT).is_not_null().any()).collect().item()
        named = {json.loads(key.rstrip(": \t")) for key in found}.union(self.key_columns())
        return (*sorted(named), *((CONTEXT,) if has_context else ()))

    def key_columns(self) -> tuple[str, ...]:
        """Keys that have a column of their own."""
        return tuple(name for name in self.frame.collect_schema().names() if name not in RESPONSE_COLUMNS)

    def clustered_by(self, key: str, *, shown: bool = False) -> Responses:
        """The same results with the items that share a value of the key as one cluster.

        Parameters
        ----------
        key : one of `cluster_keys`.
        shown : whether the data showed it, and nobody named it.

        Raises
        ------
        UnknownName
            No item has that key.
        """
        keys = self.cluster_keys()
        if key not in keys:
            raise UnknownName("cluster key", key, keys)
        return replace(self, cluster=key, shown=shown, plain=self.unclustered())

    def unclustered(self) -> Responses:
        """The same results with every item on its own."""
        return self if self.cluster is None else self.plain or replace(self, cluster=None, shown=False)

    def clustered(self) -> pl.LazyFrame:
        """The rows with a further column ``cluster``: the value of the key, null where an item has none."""
        cluster = pl.lit(None, dtype=pl.String) if self.cluster is None else self.key_value(self.cluster)
        return self.frame.with_columns(cluster.alias("cluster"))

    def key_value(self, key: str) -> pl.Expr:
        """The value in each row of one of `cluster_keys`, as text; null where a row has none, or says so in a word."""
        if key == CONTEXT or key in self.key_columns():
            value = pl.col(key).cast(pl.String)
        else:
            # Bracketed and quoted: keys hold dots and spaces, which mean something in a path.
            value = pl.col("metadata").str.json_path_match("$[" + json.dumps(key) + "]")
        # All that say "n/a" would else be one large cluster.
        return pl.when(~value.str.strip_chars().str.to_lowercase().is_in(MISSING)).then(value)

    def benchmarks(self) -> tuple[str, ...]:
        """Names of the benchmarks, sorted."""
        return tuple(self.frame.select(pl.col("benchmark").unique().sort()).collect()["benchmark"].drop_nulls())

    def models(self) -> tuple[str, ...]:
        """Names of the models, sorted."""
        return tuple(self.frame.select(pl.col("model").unique().sort()).collect()["model"].drop_nulls())

    def only(self, benchmarks: Iterable[str] | None = None, models: Iterable[str] | None = None) -> Responses:
        """The same results on these benchmarks and of these models alone; None keeps them all.

        Raises
        ------
        UnknownName
            A benchmark or model that is not there.
        """
        frame = self.frame
        for kind, names, known in (("benchmark", benchmarks, self.benchmarks), ("model", models, self.models)):
            if names is not None:
                there = known()
                frame = frame.filter(pl.col(kind).is_in([resolved(kind, name, there) for name in names]))
        return self.of_rows(frame)

    def of_rows(self, frame: pl.LazyFrame) -> Responses:
        """Other rows with the same cluster."""
        return replace(self, frame=frame, plain=None)
