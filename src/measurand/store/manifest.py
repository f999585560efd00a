"""The manifest: which sources a store holds, and what of them was rejected and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from measurand.readers.log import Problem
from measurand.readers.runs import unread
from measurand.store.layout import Record, log_of
from measurand.tables import Unread

__all__ = ["Entry", "Manifest", "manifest_of"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One log in the manifest.

    Parameters
    ----------
    source : the log as it was found, from which one log or several were read.
    file, sha256, format : the file its rows or scores stand in, the hash of its bytes, and what it was read as.
    harness, harness_version, model, task, task_version : as the log says; None where it does not.
    rows : rows in the store.
    rejected : what could not be used of it: the reason, and the rows it cost.
    """

    source: str
    file: str
    sha256: str
    format: str
    harness: str
    harness_version: str | None
    model: str | None
    task: str | None
    task_version: str | None
    rows: int
    rejected: tuple[Problem, ...]


@dataclass(frozen=True)
class Manifest:
    """What a store holds.

    Parameters
    ----------
    logs : one entry a log, by source.
    read : sources that were read by the run that returned it; the others were there already. Not in the file.
    """

    logs: tuple[Entry, ...]
    read: int = 0

    @property
    def sources(self) -> int:
        """Number of sources."""
        return len({entry.source for entry in self.logs})

    @property
    def rows(self) -> int:
        """Rows of all logs."""
        return sum(entry.rows for entry in self.logs)

    @property
    def rejected(self) -> tuple[Unread, ...]:
        """What could not be used of any log."""
        return tuple(Unread(log.file, lost.reason, lost.rows_lost) for log in self.logs for lost in log.rejected)


def manifest_of(records: Iterable[Record]) -> Manifest:
    """The manifest that follows from the records of a store."""
    return Manifest(
        tuple(
            Entry(
                source=record.path,
                file=stored.source.path,
                sha256=stored.source.sha256,
                format=stored.source.format,
                harness=stored.harness,
                harness_version=stored.harness_version,
                model=stored.model,
                task=stored.task,
                task_version=stored.task_version,
                rows=stored.source.rows,
                rejected=tuple(Problem(lost.reason, lost.rows_lost) for lost in unread([log_of(stored)])),
            )
            for record in records
            for stored in record.logs
        )
    )
