"""Runs of models at tasks of known length: who tried what, how long it takes a person, and whether it was done."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from measurand.errors import InputError
from measurand.results import Brief
from measurand.tables._columns import conform, refuse
from measurand.tables.dates import decimal_year

__all__ = ["TASK_RUN_SCHEMA", "TaskRuns"]

TASK_RUN_SCHEMA: dict[str, pl.DataType] = {
    "model": pl.String(),
    "task": pl.String(),
    "family": pl.String(),
    "minutes": pl.Float64(),
    "success": pl.Float64(),
    "release_date": pl.String(),
}
"""One row per run.

``family`` the tasks that are alike (one codebase, one kind of puzzle), the task itself where it is not known;
``minutes`` that a skilled person takes for the task; ``success`` from 0 to 1, mostly 0 or 1; ``release_date`` of the
model, ISO, null where not known.
"""


@dataclass(frozen=True, eq=False, repr=False)
class TaskRuns(Brief):
    """One row per run of a model at a task.

    Parameters
    ----------
    frame : columns `TASK_RUN_SCHEMA`.
    notes : what was decided on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> TaskRuns:
        """Validate runs.

        Parameters
        ----------
        frame : columns ``model``, ``task``, ``minutes`` and ``success``; any other of `TASK_RUN_SCHEMA` where known.

        Raises
        ------
        InputError
            A missing column, no row, minutes that are not above 0, a success outside [0, 1], a task of two lengths or
            two families, a model of two dates, or a date that is none.

        Examples
        --------
        >>> rows = {"model": "m", "task": ["a", "b"], "minutes": [2, 60], "success": [1, 0]}
        >>> TaskRuns.build(pl.DataFrame(rows)).frame.select("family", "minutes").rows()
        [('a', 2.0), ('b', 60.0)]
        """
        found = conform(frame, TASK_RUN_SCHEMA, ("model", "task", "minutes", "success"), "runs")
        refuse(found, ~(pl.col("minutes") > 0) | ~pl.col("minutes").is_finite(), "minutes", "above 0 and finite")
        refuse(found, ~pl.col("success").is_between(0, 1), "success", "from 0 to 1")
        alone = int(found["family"].null_count())
        found = found.with_columns(pl.col("family").fill_null(pl.col("task")))
        facts = (
            ("task", "minutes", "number of minutes"),
            ("task", "family", "family"),
            ("model", "release_date", "release date"),
        )
        for of, what, called in facts:
            several = found.group_by(of, maintain_order=True).agg(pl.col(what).drop_nulls().unique(maintain_order=True))
            wrong = several.filter(pl.col(what).list.len() > 1)
            if wrong.height:
                name, values = wrong.row(0)
                said = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values[:3])
                raise InputError(f"a {of} should have one {called}, got {said} for {name!r}")
        for date in found["release_date"].drop_nulls().unique():
            decimal_year(date)
        if alone:
            notes = (*notes, f"without a family, a task counts as one of its own ({alone:,} of {found.height:,} runs)")
        return cls(found, notes)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, sorted."""
        return tuple(self.frame["model"].unique().sort())
