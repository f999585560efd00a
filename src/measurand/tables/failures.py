"""Failures sorted into modes: which way each sampled run went wrong, if it did."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from measurand.results import Brief
from measurand.tables._columns import conform, refuse
from measurand.tables.groups import INDEPENDENT, group_column

__all__ = ["FAILURE_SCHEMA", "Failures"]

FAILURE_SCHEMA: dict[str, pl.DataType] = {
    "model": pl.String(),
    "sample": pl.String(),
    "mode": pl.String(),
    "count": pl.Int64(),
    "cluster": pl.String(),
}
"""One row per failure, or a mode with its ``count``; ``mode`` null where a sampled run did not fail. Runs of one task
have the same ``cluster``, or where there is none, the same ``sample``."""


@dataclass(frozen=True, eq=False, repr=False)
class Failures(Brief):
    """Failures of sampled runs, each with its mode.

    Parameters
    ----------
    frame : columns `FAILURE_SCHEMA`, and any further ones, as text, by which runs may go together.
    notes : what was decided on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> Failures:
        """Validate failures.

        Parameters
        ----------
        frame : column ``mode``; ``model``, ``sample``, ``cluster`` and ``count`` (1 where it is not said) where known.

        Raises
        ------
        InputError
            No column of modes, no row, or a count below 0.

        Examples
        --------
        >>> Failures.build(pl.DataFrame({"mode": ["loops", None]})).frame.rows()
        [('model', None, 'loops', 1, None), ('model', None, None, 1, None)]
        """
        if "mode" not in frame.columns:
            # Only for its message: the mode itself may be null, so that it is not among the required cells below.
            conform(frame, FAILURE_SCHEMA, ("mode",), "failures")
        found = conform(frame, FAILURE_SCHEMA, (), "failures", {"model": "model", "count": 1})
        refuse(found, pl.col("count") < 0, "count", "at least 0")
        return cls(found.hstack(frame.select(pl.exclude(*FAILURE_SCHEMA).cast(pl.String))), notes)

    def grouped(self, named: str | None = None) -> tuple[pl.DataFrame, str | None]:
        """The rows with a further column ``group``, equal for runs of one task, and the column that says so.

        Parameters
        ----------
        named : that column; ``"none"``: every row stands alone. By default the cluster, else the sample.

        Returns
        -------
        rows, column; the column is None, and every group null, where nothing says which runs go together.

        Raises
        ------
        UnknownName
            No column of that name.

        Examples
        --------
        >>> rows = Failures.build(pl.DataFrame({"mode": ["loops", "lies"], "sample": ["1", None]}))
        >>> rows.grouped()[0]["group"].to_list(), rows.grouped()[1]
        (['1', 'row 2'], 'sample')
        """
        key = named
        if named is None:
            held = [name for name in ("cluster", "sample") if self.frame[name].null_count() < self.frame.height]
            key = held[0] if held else None
        elif named != INDEPENDENT:
            key = group_column(self.frame, named)
        # A row without a value is a group of its own.
        alone = pl.format("row {}", pl.int_range(1, pl.len() + 1))
        group = pl.lit(None, pl.String) if key is None else alone
        if key is not None and key != INDEPENDENT:
            group = pl.coalesce(pl.col(key), alone)
        return self.frame.with_columns(group.alias("group")), key
