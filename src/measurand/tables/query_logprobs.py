"""How likely a behaviour is under each of many queries."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from measurand.results import Brief
from measurand.tables._columns import conform, refuse

__all__ = ["QUERY_LOGPROB_SCHEMA", "QueryLogprobs"]

QUERY_LOGPROB_SCHEMA: dict[str, pl.DataType] = {
    "model": pl.String(),
    "behaviour": pl.String(),
    "query": pl.String(),
    "logprob": pl.Float64(),
}
"""One row per query: ``logprob`` the natural logarithm of the probability that the model shows the behaviour."""


@dataclass(frozen=True, eq=False, repr=False)
class QueryLogprobs(Brief):
    """Probabilities of a behaviour under sampled queries.

    Parameters
    ----------
    frame : columns `QUERY_LOGPROB_SCHEMA`.
    notes : what was decided on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> QueryLogprobs:
        """Validate log-probabilities of a behaviour.

        Parameters
        ----------
        frame : column ``logprob``; ``model``, ``behaviour`` and ``query`` where known.

        Raises
        ------
        InputError
            No such column, no row, or a log-probability above 0 or that is no number (minus infinity, a probability
            of 0, is one).

        Examples
        --------
        >>> QueryLogprobs.build(pl.DataFrame({"logprob": [-9.2]})).frame.rows()
        [('model', 'behaviour', None, -9.2)]
        """
        defaults = {"model": "model", "behaviour": "behaviour"}
        found = conform(frame, QUERY_LOGPROB_SCHEMA, ("logprob",), "log-probabilities of a behaviour", defaults)
        wanted = "a natural logarithm of a probability, up to 0"
        refuse(found, (pl.col("logprob") > 0) | pl.col("logprob").is_nan(), "logprob", wanted)
        return cls(found, notes)
