"""A model's answers to one benchmark in one condition, and the same items answered in two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.tables import ItemTable, Responses, Scores, State, item_tables
from measurand.wording import plural

__all__ = ["LEAST_ITEMS", "Run", "paired_runs", "runs", "unusable"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_ITEMS = 20
"""Fewer items than this say nothing of how answers are spread over positions."""


MOST_HELD_ROWS = 2_000_000
"""Rows whose answers are held in memory at once."""

_COLUMNS = ("model", "benchmark", "reading", "variant", "item", "answer", "target", "choices", "state")


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """One model on one benchmark in one condition.

    Parameters
    ----------
    benchmark, model : of what.
    condition : name of the condition where two are held against each other, else empty.
    items : names of the n items with a score.
    scores : shape (n,), from 0 to 1.
    chance : a guesser's expected score, shape (n,), NaN where not known.
    answers, targets : shape (n, positions): share of an item's answers in each position, and the position of the right
        one; a row of zeros where it is not known.
    unread : share of an item's replies in which no answer was found, shape (n,); they count as wrong.
    clusters : shape (n,); None if items are independent.
    """

    benchmark: str
    model: str
    condition: str
    items: tuple[str, ...]
    scores: Floats
    chance: Floats
    answers: Floats
    targets: Floats
    unread: Floats
    clusters: Ints | None

    @property
    def answered(self) -> Ints:
        """Places of the items on which an answer was found in every reply."""
        return np.flatnonzero(self.unread == 0)

    def only(self, places: Ints) -> Run:
        """The same run on the items at these places."""
        return replace(
            self,
            items=tuple(self.items[place] for place in places),
            scores=self.scores[places],
            chance=self.chance[places],
            answers=self.answers[places],
            targets=self.targets[places],
            unread=self.unread[places],
            clusters=None if self.clusters is None else self.clusters[places],
        )


def unusable(honest: Run | None, told: Run) -> str | None:
    """Why nothing can be said of a run, or of two on the same items; None where something can."""
    if len(told.items) < LEAST_ITEMS:
        both = " in both conditions" if honest is not None else ""
        return f"{plural(len(told.items), 'item')} with a score{both}, fewer than {LEAST_ITEMS}"
    values = told.scores if honest is None else np.concatenate([honest.scores, told.scores])
    if values.min() < 0 or values.max() > 1:
        return f"scores from {values.min():g} to {values.max():g}, not shares from 0 to 1"
    return None


def runs(responses: Responses, scores: Scores | None) -> Iterator[Run]:
    """Every model on every benchmark, in the variant that stands for it."""
    tables = list(item_tables(responses))
    if sum(int(table.epochs.sum()) for table in tables) <= MOST_HELD_ROWS:
        # A store is one scan then, and not one for each benchmark.
        responses = responses.of_rows(responses.frame.select(*_COLUMNS).collect(engine="streaming").lazy())
    for table in tables:
        yield from _runs_of(responses, scores, table, table.models, "")


def paired_runs(responses: Responses, scores: Scores | None, honest: str, told: str) -> Iterator[tuple[Run, Run]]:
    """Every pair of runs in the two conditions on the same items.

    Conditions are two variants of a benchmark, two models, or two benchmarks that share the names of their items.

    Raises
    ------
    UnknownName
        A condition that is none of these.
    InputError
        Two conditions of one name, or of different kinds.
    NotApplicable
        Nothing was run in both.
    """
    if honest == told:
        raise InputError(f"honest and told should be two different conditions, got {honest!r} twice")
    names = {
        column: set(responses.frame.select(pl.col(column).unique()).collect()[column].drop_nulls())
        for column in ("variant", "model", "benchmark")
    }
    kind = next((column for column, known in names.items() if {honest, told} <= known), None)
    if kind is None:
        for name in (honest, told):
            if not any(name in known for known in names.values()):
                raise UnknownName("condition", name, sorted(set().union(*names.values())))
        raise InputError(
            f"honest and told should both be variants, both models or both benchmarks; {honest!r} and {told!r} are not"
        )
    found = False
    for pair in _pairs(responses, scores, kind, honest, told):
        found = True
        yield pair
    if not found:
        raise NotApplicable(
            f"nothing was run both as {honest} and as {told}", needs="the same items answered in both conditions"
        )


def _pairs(responses: Responses, scores: Scores | None, kind: str, honest: str, told: str) -> Iterator[tuple[Run, Run]]:
    frame = responses.frame.filter(pl.col(kind).is_in([honest, told]))
    chosen = responses.of_rows(frame)
    if kind == "model":
        for table in item_tables(chosen):
            if {honest, told} <= set(table.models):
                first, second = _runs_of(chosen, scores, table, (honest, told), None)
                yield _matched(replace(first, model=told), replace(second, model=told))
        return
    tables = list(item_tables(chosen, variants=kind == "variant"))
    for one in tables:
        for other in tables:
            if (getattr(one, kind), getattr(other, kind)) != (honest, told):
                continue
            if kind == "variant" and one.benchmark != other.benchmark:
                continue
            both = [model for model in one.models if model in other.models]
            first_runs = _runs_of(chosen, scores, one, both, honest)
            second_runs = _runs_of(chosen, scores, other, both, told)
            for first, second in zip(first_runs, second_runs, strict=True):
                yield _matched(replace(first, benchmark=second.benchmark), second)


def _matched(first: Run, second: Run) -> tuple[Run, Run]:
    """The two runs on the items that both have, in one order."""
    place = {item: i for i, item in enumerate(first.items)}
    shared = [(place[item], j) for j, item in enumerate(second.items) if item in place]
    places = np.array(shared, dtype=np.int64).reshape(-1, 2)
    one, other = first.only(places[:, 0]), second.only(places[:, 1])
    width = max(one.answers.shape[1], other.answers.shape[1])
    # Where two benchmarks are the conditions, the second one's clusters stand for both.
    return replace(_widened(one, width), clusters=other.clusters), _widened(other, width)


def _widened(run: Run, width: int) -> Run:
    more = ((0, 0), (0, width - run.answers.shape[1]))
    return replace(run, answers=np.pad(run.answers, more), targets=np.pad(run.targets, more))


def _runs_of(
    responses: Responses, scores: Scores | None, table: ItemTable, models: Iterable[str], condition: str | None
) -> Iterator[Run]:
    """Runs of one table; a condition of None is the model's own name."""
    rows = responses.frame.filter(
        pl.col("benchmark") == table.benchmark,
        pl.col("reading").eq_missing(pl.lit(table.reading, dtype=pl.String)),
        pl.col("variant").eq_missing(pl.lit(table.variant, dtype=pl.String)),
    )
    cells = _positions(rows)
    known = _known_chance(scores, table.benchmark)
    counts = pl.concat([cells["answer"] + 1, cells["target"] + 1, cells["options"].cast(pl.Int64)])
    width = max((1, *counts.drop_nulls().unique()))
    by_model = {str(key[0]): part for key, part in cells.partition_by("model", as_dict=True).items()}
    for model in models:
        ran = np.flatnonzero(np.isfinite(table.scores[table.models.index(model)]))
        items = tuple(table.items[place] for place in ran)
        own = pl.DataFrame({"item": items}).join(by_model[model], on="item", how="left", maintain_order="left")
        place = {item: i for i, item in enumerate(items)}
        rows_of = np.array([place[item] for item in own["item"]], dtype=np.int64)
        options = np.full(len(items), np.nan)
        options[rows_of] = own["options"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        replies = np.bincount(rows_of, minlength=len(items))
        lost = np.bincount(rows_of, own["unread"].fill_null(False).to_numpy(), minlength=len(items))
        yield Run(
            benchmark=table.benchmark,
            model=model,
            condition=model if condition is None else condition,
            items=items,
            scores=table.scores[table.models.index(model), ran],
            chance=np.where(options >= 2, 1 / options, known),
            answers=_shares(own["answer"], rows_of, len(items), width),
            targets=_shares(own["target"], rows_of, len(items), width),
            unread=lost / replies,
            clusters=None if table.clusters is None else np.unique(table.clusters[ran], return_inverse=True)[1],
        )


def _shares(positions: pl.Series, rows: Ints, items: int, width: int) -> Floats:
    found = np.zeros((items, width))
    told = positions.is_not_null().to_numpy()
    np.add.at(found, (rows[told], positions.drop_nulls().to_numpy()), 1.0)
    totals = found.sum(axis=1, keepdims=True)
    result: Floats = np.divide(found, totals, out=found, where=totals > 0)
    return result


def _known_chance(scores: Scores | None, benchmark: str) -> float:
    """A guesser's score on the benchmark as a share of the maximum; NaN where not known."""
    if scores is None or benchmark not in set(scores.benchmarks["benchmark"]):
        return np.nan
    chance, top = (scores.benchmark_fact(fact, [benchmark])[0] for fact in ("chance", "maximum"))
    # A share of the maximum; 0 or 1 is no guesser that could be held against.
    share = np.nan if chance is None else float(str(chance)) / (1.0 if top is None else float(str(top)))
    return share if 0 < share < 1 else np.nan


def _positions(rows: pl.LazyFrame) -> pl.DataFrame:
    """Place of each row's answer and of the right one among the options, from 0, and how many options there are.

    An answer is an option's text, its letter, or its number from 0. Beside it stands whether none was found.
    """
    numbered = rows.select("model", "item", "answer", "target", "choices", "state").with_row_index("row")
    options = numbered.select(
        "row", "answer", "target", text="choices", place=pl.int_ranges(pl.col("choices").list.len())
    )
    long = options.explode("text", "place").with_columns(pl.col("text").str.strip_chars())
    matches = long.group_by("row").agg(
        *(
            pl.col("place").filter(pl.col("text") == pl.col(name).str.strip_chars()).first().alias(f"{name}_place")
            for name in ("answer", "target")
        )
    )
    count = pl.col("choices").list.len()
    found = numbered.join(matches, on="row", how="left").select(
        "model",
        "item",
        *(
            pl.coalesce(pl.col(f"{name}_place"), _letter_or_number(name)).cast(pl.Int64).alias(name)
            for name in ("answer", "target")
        ),
        options=count,
        unread=pl.col("state") == State.UNPARSED.value,
    )
    within = [
        pl.when((pl.col(name) < pl.col("options")) | pl.col("options").is_null()).then(pl.col(name)).alias(name)
        for name in ("answer", "target")
    ]
    return found.with_columns(within).collect()


def _letter_or_number(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars()
    letters = {chr(ord("A") + place): place for place in range(26)}
    letter = text.str.extract(r"^\(?([A-Za-z])\)?[.:)]?$").str.to_uppercase()
    number = text.str.extract(r"^(\d{1,2})$").cast(pl.Int64)
    return pl.coalesce(letter.replace_strict(letters, default=None, return_dtype=pl.Int64), number)
