"""The benchmarks of a table taken together, where the column that names them is to be the cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import polars as pl

from measurand.readers.log import ITEM_COLUMNS, Log
from measurand.readers.runs import item_means
from measurand.store.layout import Held

__all__ = ["HeldLog", "merged"]


class HeldLog(NamedTuple):
    """A log, and where its rows are; None if it has none, or they cannot be used."""

    log: Log
    rows: tuple[Held, ...]


def merged(given: Iterable[HeldLog], key: str | None) -> list[HeldLog]:
    """The logs, one per model and setting where the key is the column that named their benchmarks.

    As `read` takes such a table: under the file's name, the tasks being what items have in common.
    """
    found: list[HeldLog] = []
    alike: dict[tuple[object, ...], list[HeldLog]] = defaultdict(list)
    for each in given:
        log = each.log
        if key is None or not each.rows or log.facts.get("benchmark_column") != key:
            found.append(each)
        else:
            alike[log.source.path, log.model, *sorted(log.settings.items())].append(each)
    return [*found, *(_one(logs) for logs in alike.values())]


def _one(logs: list[HeldLog]) -> HeldLog:
    rows = tuple(held._replace(task=each.log.task) for each in logs for held in each.rows)
    items = pl.concat([pl.read_parquet(held.path, columns=list(ITEM_COLUMNS)) for held in rows])
    words = frozenset[str | None]().union(*(each.log.words for each in logs))
    first = logs[0].log
    log = replace(
        first,
        task=Path(first.source.path).stem,
        source=replace(first.source, rows=sum(each.log.source.rows for each in logs)),
        # Which words are right is said only when the study is read, so that only their means are still to be made.
        items=items if words else items.clear(),
        means=None if words else item_means(items),
        problems=tuple(problem for each in logs for problem in each.log.problems),
        words=words,
    )
    return HeldLog(log, rows)
