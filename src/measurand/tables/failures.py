"""Failures sorted into modes: which way each sampled run went wrong, if it did."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from measurand.results import Brief
from measurand.tables._columns import conform, refuse

__all__ = ["FAILURE_SCHEMA", "Failures"]

FAILURE_SCHEMA: dict[str, pl.DataType] = {
    "model": pl.String(),
    "sample": pl.String(),
    "mode": pl.String(),
    "count": pl.Int64(),
}
"""One row per failure, or a mode with its ``count``; ``mode`` null where a sampled run did not fail."""


@dataclass(frozen=True, eq=False, repr=False)
class Failures(Brief):
    """Failures of sampled runs, each with its mode.

    Parameters
    ----------
    frame : columns `FAILURE_SCHEMA`.
    notes : what was decided on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> Failures:
        """Validate failures.

        Parameters
        ----------
        frame : column ``mode``; ``model``, ``sample`` and ``count`` (1 where it is not said) where known.

        Raises
        ------
        InputError
            No column of modes, no row, or a count below 0.

        Examples
        --------
        >>> Failures.build(pl.DataFrame({"mode": ["loops", None]})).frame.rows()
        [('model', None, 'loops', 1), ('model', None, None, 1)]
        """
        if "mode" not in frame.columns:
            # Only for its message: the mode itself may be null, so that it is not among the required cells below.
            conform(frame, FAILURE_SCHEMA, ("mode",), "failures")
        found = conform(frame, FAILURE_SCHEMA, (), "failures", {"model": "model", "count": 1})
        refuse(found, pl.col("count") < 0, "count", "at least 0")
        return cls(found, notes)
