"""What every log reader returns: one run of one model on one task, as its harness left it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from measurand.results import Source
from measurand.tables import RESPONSE_COLUMNS, Responses

__all__ = [
    "IN_WORDS",
    "ITEM_COLUMNS",
    "NO_MODEL",
    "Aggregate",
    "ItemMean",
    "Log",
    "Problem",
    "items_frame",
    "nothing_read",
]

ITEM_COLUMNS = {name: dtype for name, dtype in RESPONSE_COLUMNS.items() if name not in ("model", "benchmark")}
"""Columns of item-level results within one log."""


NO_MODEL = "the log names no model"
"""How the reason begins where the harness made up a name for the model; an alias for that name settles it."""


IN_WORDS = "scores are words, no numbers"
"""How the reason begins where nobody can tell which words are right; to name those that are settles it."""


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """A score the harness itself computed.

    Parameters
    ----------
    reading, metric : the harness's names, such as ``match`` and ``accuracy``.
    value, stderr : as the log says; stderr None where it does not.
    n : items behind it, None where not said.
    higher_is : ``better`` or ``worse`` where the log says so.
    """

    reading: str
    metric: str
    value: float
    stderr: float | None = None
    n: int | None = None
    higher_is: str | None = None


@dataclass(frozen=True)
class ItemMean:
    """Mean over items of their mean over epochs, of one reading.

    Parameters
    ----------
    reading : the harness's name, None where the log names none.
    value, stderr : the mean and its standard error. ``value`` is None where several variants (filters, perturbations)
        stand in the rows: a mean over them is no score of the task. ``stderr`` is None for one item or equal items.
    n : items with a score.
    """

    reading: str | None
    value: float | None
    stderr: float | None
    n: int


@dataclass(frozen=True)
class Problem:
    """Something of a log that could not be used: why, and how many rows it cost (None where unknown).

    `ended` is the error in which the whole run ended, where it did.
    """

    reason: str
    rows_lost: int | None = None
    ended: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Log:
    """One run of one model on one task.

    Parameters
    ----------
    source : the file, its hash and format; ``source.rows`` is the number of rows of `items`.
    harness, harness_version : who wrote it.
    model, task : names as the harness spells them; None where the log does not say.
    task_version : two versions of a task are never pooled.
    items : columns `ITEM_COLUMNS`; empty where the log holds aggregates alone.
    aggregates : scores the harness computed.
    declared_items : how many samples the log says it holds, None where it does not say.
    problems : what could not be used; a log that could not be read at all has nothing but problems.
    facts : further plain facts, such as ``status``, ``epochs``, ``limit``, ``shots``, ``date``, ``model_args``; and,
        where the log says so, how many items were to be run (``items_chosen``) and how many the dataset holds
        (``items_in_dataset``).
    means : means of the items, where they were computed when the items were at hand; None if they are to be computed.
    settings : what the model was run under, as far as it can change an answer: effort, temperature, shots, arguments of
        the task. Two runs that differ in it are two rows, two that do not are reruns.
    words : readings whose scores are words that stand for no number.
    rows : item-level results left where they lie, of this run and of others in the same place; None if `items` has
        them. Their columns model and benchmark are `model` and `task`.
    """

    source: Source
    harness: str
    harness_version: str | None
    model: str | None
    task: str | None
    task_version: str | None
    items: pl.DataFrame
    aggregates: tuple[Aggregate, ...] = ()
    declared_items: int | None = None
    problems: tuple[Problem, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    means: tuple[ItemMean, ...] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    words: frozenset[str | None] = frozenset()
    rows: Responses | None = None

    @property
    def ended(self) -> str | None:
        """The error in which the run ended, None if it came to its end."""
        return next((problem.ended for problem in self.problems if problem.ended), None)


def items_frame(columns: Mapping[str, Sequence[object]] | None = None) -> pl.DataFrame:
    """Item columns given by name as a frame with every column of `ITEM_COLUMNS` in its type, null where not given.

    Examples
    --------
    >>> items_frame({"item": ["q1"], "score": [1.0]}).select("item", "score", "epoch").row(0)
    ('q1', 1.0, None)
    """
    given = dict(columns or {})
    rows = max((len(values) for values in given.values()), default=0)
    if not rows:
        return _NO_ITEMS
    return pl.DataFrame({name: given.get(name, [None] * rows) for name in ITEM_COLUMNS}, schema=ITEM_COLUMNS)


# Most logs of a large folder hold aggregates alone, and to make an empty table takes longer than to read one.
_NO_ITEMS = pl.DataFrame(schema=ITEM_COLUMNS)


def nothing_read(source: Source, harness: str, problem: Problem) -> Log:
    """A log that holds nothing but what was wrong, so that the loss is told where its scores would stand."""
    return Log(
        source=source,
        harness=harness,
        harness_version=None,
        model=None,
        task=None,
        task_version=None,
        items=_NO_ITEMS,
        problems=(problem,),
    )
