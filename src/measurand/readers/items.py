"""Item rows from decoded JSON: cells of bounded size, and their agreement with what the harness computed."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import polars as pl

from measurand.readers.json_files import parts
from measurand.readers.log import ITEM_COLUMNS, Aggregate, Problem, items_frame
from measurand.tables import LARGEST
from measurand.wording import agreeing, plural

__all__ = [
    "METADATA_TEXT",
    "SCORES_LIMIT",
    "TEXT_LIMIT",
    "UNGRADED",
    "Key",
    "Occurrences",
    "Rows",
    "as_facts",
    "count",
    "disagreements",
    "listing",
    "mapping",
    "means",
    "metadata",
    "number",
    "scored_after_errors",
    "text",
    "value_of",
]

TEXT_LIMIT = 10_000
"""Characters kept of an answer, target or option."""
METADATA_TEXT = 200
"""Characters kept of a text in an item's metadata."""
# Metadata repeats in every row of an item, and clusters are named by one key.
METADATA_KEYS = 64
UNGRADED = "bypass"
"""The metric that lm-evaluation-harness names where answers were written and not graded; its value is always 999."""
SCORES_LIMIT = 200
"""Scores kept of one sample: each repeats its answer and options."""
# Far below one item in a million, far above what summing in another order changes.
TOLERANCE = 1e-9

Key = tuple[str, str]
"""Scorer and metric of an aggregate."""


def text(value: object, limit: int = TEXT_LIMIT) -> str | None:
    """A JSON value as text of bounded length; lists and objects as JSON, null as None.

    Examples
    --------
    >>> text(" B"), text(3), text(True), text(["a", "b"]), text(None), text("abc", 2)
    (' B', '3', 'true', '["a","b"]', None, 'ab')
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value[:limit]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)[:limit]
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)[:limit]


def number(value: object) -> float | None:
    """A JSON value as a finite number that can be computed with (true is 1, false 0), else None.

    Examples
    --------
    >>> number(True), number(2), number("0.5"), number(10**400)
    (1.0, 2.0, None, None)
    """
    if not isinstance(value, (bool, int, float)):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if abs(converted) <= LARGEST else None


def count(value: object) -> int | None:
    """A JSON value as a count that fits 63 bits, else None.

    Examples
    --------
    >>> count(12), count(12.0), count(-1), count(2**70), count("12")
    (12, 12, None, None, None)
    """
    converted = number(value)
    if isinstance(value, bool) or converted is None or not 0 <= converted < 2**63 or converted != int(converted):
        return None
    return int(value) if isinstance(value, int) else int(converted)


def value_of(raw: msgspec.Raw | None) -> Any:
    """An undecoded part as a value, None where it cannot be read."""
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def metadata(*objects: Mapping[str, object] | msgspec.Raw | None) -> str | None:
    """The scalars of the objects as the text of one JSON object, or None if there are none.

    Lists, objects and nulls are left out, texts are cut to `METADATA_TEXT` characters.

    Examples
    --------
    >>> metadata({"subject": "law", "tags": [1]}, {"year": 2020})
    '{"subject":"law","year":2020}'
    >>> metadata({"tags": [1]}) is None
    True
    """
    kept: dict[str, object] = {}
    for given in objects:
        members = given if isinstance(given, Mapping) else parts(given)
        for name, member in members.items():
            value = _scalar(member)
            # The first ones, as harnesses write their own fields before what a model or tool added.
            if value is not None and len(kept) < METADATA_KEYS:
                kept[str(name)[:METADATA_TEXT]] = value
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else None


def mapping(value: object) -> dict[str, Any]:
    """A JSON value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """A JSON value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_facts(said: Mapping[str, object]) -> dict[str, str]:
    """Facts of a log as texts of at most `METADATA_TEXT` characters, without those that are null.

    Examples
    --------
    >>> as_facts({"shots": 5, "limit": None})
    {'shots': '5'}
    """
    return {name: shown for name, value in said.items() if (shown := text(value, METADATA_TEXT)) is not None}


class Rows:
    """Item rows collected column by column."""

    def __init__(self) -> None:
        self._columns: dict[str, list[object]] = {name: [] for name in ITEM_COLUMNS}

    def add(self, **cells: object) -> None:
        """Add a row; columns not named are null."""
        for name, column in self._columns.items():
            column.append(cells.get(name))

    def frame(self) -> pl.DataFrame:
        """The rows with every column of `ITEM_COLUMNS`."""
        return items_frame(self._columns)


class Occurrences:
    """Numbers the repeats of an item: the first time a key is seen it is epoch 1.

    Examples
    --------
    >>> epochs = Occurrences()
    >>> epochs("q1"), epochs("q2"), epochs("q1"), epochs.repeated
    (1, 1, 2, 1)
    """

    def __init__(self) -> None:
        self._seen: Counter[object] = Counter()

    def __call__(self, key: object) -> int:
        """Which occurrence of the key this is, from 1."""
        self._seen[key] += 1
        return self._seen[key]

    @property
    def repeated(self) -> int:
        """How many were seen before."""
        return self._seen.total() - len(self._seen)


def means(items: pl.DataFrame) -> dict[tuple[str, str | None], float]:
    """Mean score of each reading and variant; none where a row of it has no score.

    Examples
    --------
    >>> means(items_frame({"reading": ["acc", "acc"], "score": [1.0, 0.0]}))
    {('acc', None): 0.5}
    """
    if items.is_empty():  # most logs of a large folder hold aggregates alone, and an empty query is not free
        return {}
    grouped = (
        items.filter(pl.col("reading").is_not_null())
        .group_by("reading", "variant", maintain_order=True)
        .agg(pl.col("score").mean().alias("mean"), pl.col("score").null_count().alias("missing"))
        .filter(pl.col("missing") == 0)
    )
    return {(reading, variant): mean for reading, variant, mean, _ in grouped.iter_rows()}


def disagreements(
    aggregates: Iterable[Aggregate], recomputed: Mapping[Key, float], explained: Mapping[Key, str]
) -> list[Problem]:
    """Aggregates that are not what the items give, unless a named rule says why.

    Examples
    --------
    >>> said = Aggregate(reading="acc", metric="acc,none", value=0.5)
    >>> disagreements([said], {("acc", "acc,none"): 0.25}, {})[0].reason
    'acc,none: the log says 0.5, but its items give 0.25'
    """
    return [
        Problem(f"{given.metric}: the log says {given.value:.10g}, but its items give {recomputed[key]:.10g}", 0)
        for given in aggregates
        if (key := (given.reading, given.metric)) in recomputed
        and key not in explained
        and not math.isclose(given.value, recomputed[key], rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    ]


def scored_after_errors(errored: int, samples: int) -> list[Problem]:
    """What scores of samples that ended in an error are worth, where a log holds any.

    Examples
    --------
    >>> scored_after_errors(8, 20)[0].reason
    '8 of 20 samples ended in an error and were scored all the same'
    """
    reason = f"{errored:,} of {plural(samples, 'sample')} ended in an error and {agreeing(errored, 'was')} scored"
    return [Problem(f"{reason} all the same", 0)] if errored else []


def _scalar(member: object) -> object:
    if isinstance(member, msgspec.Raw):
        # Long lists and objects are told by their first byte, so that they need not be built.
        member = None if bytes(memoryview(member)[:1]) in (b"[", b"{") else value_of(member)
    if isinstance(member, str):
        return member[:METADATA_TEXT]
    return member if isinstance(member, bool) or number(member) is not None else None
