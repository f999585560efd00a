"""Facts of models and benchmarks that stand in a table's own columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from measurand.errors import InputError
from measurand.readers.tables.columns import BENCHMARK_ALIASES, MODEL_ALIASES, FactColumn, fact_columns, fold
from measurand.readers.tables.numbers import cleaned, numbers
from measurand.readers.tables.raw import ROW, RawTable, shorten
from measurand.tables import BENCHMARK_FACTS, MODEL_FACTS
from measurand.tables.dates import decimal_year

__all__ = ["Facts", "benchmark_fact_columns", "merged", "model_fact_columns", "read_facts"]

MOST_BILLIONS = 1e4
"""No language model has so few parameters, so numbers below this count them in billions."""

DESCRIBING = ("source", "metric", "name")
"""Facts of a benchmark that no number depends on."""

CLASSES = frozenset(("base", "chat", "instruct", "pretrained"))
"""What a column called type must hold to be the class of the models."""

FOLDED = frozenset(("class", "role", "higher_is"))
"""Facts that are words, in any case."""

SUFFIXES = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}


class Facts(NamedTuple):
    """One row per model or benchmark with the facts a table gives, and what was decided on the way."""

    frame: pl.DataFrame
    notes: tuple[str, ...]


def model_fact_columns(table: RawTable, names: Iterable[str]) -> dict[str, FactColumn]:
    """Which of the columns hold facts of models; a column called type only if it holds base, chat and the like."""
    found = fact_columns(list(names), MODEL_ALIASES)
    if "class" in found and fold(found["class"].column) in ("type", "model_type"):
        held = set(cleaned(table.frame[found["class"].column]).drop_nulls().str.to_lowercase())
        if not held <= CLASSES:
            del found["class"]
    return found


def benchmark_fact_columns(table: RawTable, benchmarks: pl.Series, names: Iterable[str]) -> dict[str, FactColumn]:
    """Which of the columns hold facts of benchmarks; a source or metric that differs within one is of single scores."""
    found = fact_columns(list(names), BENCHMARK_ALIASES)
    cells = pl.DataFrame(
        {
            "benchmark": benchmarks,
            **{fact: cleaned(table.frame[found[fact].column]) for fact in DESCRIBING if fact in found},
        }
    )
    of_scores = [
        fact
        for fact in cells.columns[1:]
        if cells.select((pl.col(fact).drop_nulls().n_unique().over("benchmark") > 1).any()).item()
    ]
    return {fact: column for fact, column in found.items() if fact not in of_scores}


def read_facts(
    table: RawTable, key: str, names: pl.Series, found: Mapping[str, FactColumn], *, first: bool = False
) -> Facts:
    """Read the facts a table gives of the models or benchmarks its rows are about.

    A fact that cannot be read is left blank and noted; an audit can do without it.

    Parameters
    ----------
    table : the raw table.
    key : ``model`` or ``benchmark``.
    names : the model or benchmark of each row.
    found : the column of each fact.
    first : whether of rows that contradict each other the first counts, with a note.

    Raises
    ------
    InputError
        Two rows of one model (or benchmark) contradict each other, unless the first counts.

    Examples
    --------
    >>> from measurand.readers.tables.raw import raw_table
    >>> table = raw_table("m.csv", ["model", "params"], [pl.Series(["a", "b"]), pl.Series(["7B", "?"])])
    >>> facts = read_facts(table, "model", table.frame["model"], model_fact_columns(table, ["params"]))
    >>> facts.frame["parameters"].to_list(), facts.notes
    ([7000000000.0, None], ("m.csv: parameters not understood and left blank: '?'",))
    """
    types = MODEL_FACTS if key == "model" else BENCHMARK_FACTS
    columns = {key: names, ROW: table.frame[ROW]}
    notes: list[str] = []
    for fact, (column, factor) in found.items():
        values = _quantity(table, column, factor) if types[fact] == pl.Float64() else _words(table, fact, column)
        if fact in ("parameters", "training_flop"):
            # Their logarithm is taken, and tables write 0 or -1 for unknown.
            values = values.set(values <= 0, None)
        if fact == "parameters" and factor == 1 and 0 < max(values.drop_nulls(), default=0.0) < MOST_BILLIONS:
            values = values * 1e9
            notes.append(f"{table.name}: parameters from {column!r} taken as billions, since no model has so few")
        columns[fact] = values
        lost = cleaned(table.frame[column]).filter(values.is_null()).drop_nulls().unique(maintain_order=True)
        if len(lost):
            notes.append(f"{table.name}: {fact} not understood and left blank: {shorten(map(repr, lost), 5)}")
        if factor != 1:
            notes.append(f"{table.name}: {fact} from {column!r}, times {factor:g}")
    frame = pl.DataFrame(columns)
    if first:
        notes += merged(key, [frame.drop(ROW)]).notes
    else:
        _refuse_contradictions(table, key, frame, list(found))
    facts = frame.group_by(key, maintain_order=True).agg(pl.col(fact).drop_nulls().first() for fact in found)
    return Facts(facts, tuple(notes))


def merged(key: str, frames: Sequence[pl.DataFrame]) -> Facts:
    """Facts from several tables, one row per key; where they differ the first is taken, and noted.

    Examples
    --------
    >>> first = pl.DataFrame({"model": ["a"], "class": ["chat"]})
    >>> second = pl.DataFrame({"model": ["a", "b"], "class": ["base", "base"]})
    >>> merged("model", [first, second]).frame.rows(), merged("model", [first, second]).notes
    ([('a', 'chat'), ('b', 'base')], ('class differs, the first is taken, for: a',))
    """
    if not frames:
        return Facts(pl.DataFrame(schema={key: pl.String}), ())
    together = pl.concat(frames, how="diagonal").group_by(key, maintain_order=True)
    facts = [name for name in dict.fromkeys(name for frame in frames for name in frame.columns) if name != key]
    several = together.agg(pl.col(fact).drop_nulls().n_unique() for fact in facts)
    different = {fact: several.filter(pl.col(fact) > 1)[key].to_list() for fact in facts}
    notes = [f"{fact} differs, the first is taken, for: {shorten(ks)}" for fact, ks in different.items() if ks]
    return Facts(together.agg(pl.col(fact).drop_nulls().first() for fact in facts), tuple(notes))


def _refuse_contradictions(table: RawTable, key: str, frame: pl.DataFrame, facts: list[str]) -> None:
    several = frame.group_by(key, maintain_order=True).agg(pl.col(fact).drop_nulls().n_unique() for fact in facts)
    for fact in facts:
        for name in several.filter(pl.col(fact) > 1)[key]:
            rows = frame.filter((pl.col(key) == name) & pl.col(fact).is_not_null()).unique(fact, maintain_order=True)
            (first, a), (second, b) = rows.select(ROW, fact).rows()[:2]
            values = f"{a!r} ({table.place(first)}) and {b!r} ({table.place(second)})"
            raise table.fail(
                f"{key} {name!r} has two values of {fact}: {values}; give it one, or give the runs different names"
            )


def _quantity(table: RawTable, column: str, factor: float) -> pl.Series:
    """Numbers, also as 7B or 350M, in the fact's own unit."""
    cells = table.frame[column]
    read = numbers(cells, decimal_comma=table.decimal_comma)
    values = read.values.to_list()
    for i in read.wrong:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMBT])", str(cells[i]).strip(), re.IGNORECASE)
        values[i] = float(match[1]) * SUFFIXES[match[2].lower()] if match else None
    scaled = pl.Series(values, dtype=pl.Float64) * factor
    return scaled.set(~scaled.is_finite(), None)


def _words(table: RawTable, fact: str, column: str) -> pl.Series:
    text = cleaned(table.frame[column])
    if fact in ("release_date", "knowledge_cutoff"):
        return pl.Series([date if date is not None and _is_date(date) else None for date in text], dtype=pl.String)
    if fact == "higher_is":
        return _direction(text.str.to_lowercase(), fold(column))
    return text.str.to_lowercase() if fact in FOLDED else text


def _is_date(text: str) -> bool:
    try:
        decimal_year(text)
    except InputError:
        return False
    return True


def _direction(text: pl.Series, column: str) -> pl.Series:
    """The words better and worse, also from columns that answer yes or no."""
    if column == "higher_is":
        return text
    yes, no = ("better", "worse") if column == "higher_is_better" else ("worse", "better")
    answers = {"true": yes, "yes": yes, "1": yes, "false": no, "no": no, "0": no}
    return text.replace_strict(answers, default=None, return_dtype=pl.String)
