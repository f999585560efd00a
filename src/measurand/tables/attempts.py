"""Attempts to elicit a behaviour: who tried what on which model, what it took, and whether it came."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from measurand.errors import InputError
from measurand.results import Brief
from measurand.tables._columns import conform, refuse

__all__ = ["ATTEMPT_SCHEMA", "COSTS", "Attempts"]

ATTEMPT_SCHEMA: dict[str, pl.DataType] = {
    "target": pl.String(),
    "behaviour": pl.String(),
    "method": pl.String(),
    "seed": pl.Int64(),
    "attempt": pl.Int64(),
    "success": pl.Float64(),
    "censored": pl.Boolean(),
    "queries": pl.Float64(),
    "tokens": pl.Float64(),
    "gradient_tokens": pl.Float64(),
    "flop": pl.Float64(),
    "attacker_tokens": pl.Float64(),
    "attacker_flop": pl.Float64(),
    "judge_tokens": pl.Float64(),
    "judge_flop": pl.Float64(),
    "cluster": pl.String(),
    "control": pl.Boolean(),
}
"""One row per attempt.

``target`` the model; ``behaviour`` what was to be elicited (an item, a request); ``method`` how; ``seed`` of an
independent effort, null where there was one; ``attempt`` its number within target, behaviour, method and seed, from 1;
``success`` from 0 to 1, mostly 0 or 1; ``censored`` whether the effort ended with this attempt for want of budget;
``queries``, ``tokens`` and ``flop`` what this attempt took of the target, ``gradient_tokens`` those of its tokens that
went forward and back (a gradient step, fine-tuning), ``attacker_...`` and ``judge_...`` what it took of the models that
searched and judged; null where unknown; ``control`` whether the target is known to hide nothing. An attempt with a
success is the last of its effort or not: what comes after the first success is no part of the cost of eliciting it.
"""

COSTS = (
    "queries",
    "tokens",
    "gradient_tokens",
    "flop",
    "attacker_tokens",
    "attacker_flop",
    "judge_tokens",
    "judge_flop",
)
"""Columns of what an attempt took."""

_EFFORT = ("target", "behaviour", "method", "seed")


@dataclass(frozen=True, eq=False, repr=False)
class Attempts(Brief):
    """One row per attempt to elicit a behaviour.

    Parameters
    ----------
    frame : columns `ATTEMPT_SCHEMA`, in the order of the attempts.
    notes : what was decided on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> Attempts:
        """Validate attempts.

        Parameters
        ----------
        frame : columns ``target``, ``behaviour`` and ``success``; any other of `ATTEMPT_SCHEMA` where known. Attempts
            without a number are numbered in the order of the rows; without a method it is ``"attempt"``.

        Raises
        ------
        InputError
            A missing column, no row, a success outside [0, 1], a negative or infinite cost, more tokens with a gradient
            than tokens, two rows for one attempt, an attempt after the effort was censored, or a target that some rows
            call a control and others do not.

        Examples
        --------
        >>> rows = pl.DataFrame({"target": ["m"] * 2, "behaviour": ["b"] * 2, "success": [0, 1], "queries": [1, 1]})
        >>> Attempts.build(rows).frame.select("method", "attempt", "success").rows()
        [('attempt', 1, 0.0), ('attempt', 2, 1.0)]
        """
        required = ("target", "behaviour", "success")
        defaults = {"method": "attempt", "censored": False, "control": False}
        found = conform(frame, ATTEMPT_SCHEMA, required, "attempts", defaults)
        number = pl.int_range(1, pl.len() + 1).over(_EFFORT)
        found = found.with_columns(pl.coalesce(pl.col("attempt"), number).alias("attempt"))
        refuse(found, ~pl.col("success").is_between(0, 1), "success", "from 0 to 1")
        refuse(found, pl.col("attempt") < 1, "attempt", "a number from 1")
        for cost in COSTS:
            refuse(found, (pl.col(cost) < 0) | ~pl.col(cost).is_finite(), cost, "at least 0 and finite")
        more = pl.col("gradient_tokens") > pl.col("tokens")
        refuse(found, more, "gradient_tokens", "at most the tokens of the attempt, which include them")
        repeated = found.filter(pl.struct(*_EFFORT, "attempt").is_duplicated())
        if repeated.height:
            row = repeated.row(0, named=True)
            raise InputError(
                f"attempt {row['attempt']} of {row['method']!r} on {row['behaviour']!r} ({row['target']!r}) is there "
                f"more than once ({repeated.height:,} such rows); keep one, or number them apart by attempt or seed"
            )
        unclear = found.group_by("target").agg(pl.col("control").n_unique()).filter(pl.col("control") > 1)
        if unclear.height:
            raise InputError(f"target {unclear['target'].min()!r} should be a control in all of its rows or in none")
        # Sorted before the check, as "after the censoring" is by number and not by row.
        found = found.sort(*_EFFORT, "attempt", maintain_order=True)
        _refuse_after_censoring(found)
        return cls(found, notes)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the target models, sorted."""
        return tuple(self.frame["target"].unique().sort())

    @property
    def controls(self) -> tuple[str, ...]:
        """Names of the targets that are known to hide nothing, sorted."""
        return tuple(self.frame.filter("control")["target"].unique().sort())


def _refuse_after_censoring(frame: pl.DataFrame) -> None:
    # The count before this row: the censored attempt itself is still part of its effort.
    ended = pl.col("censored").cast(pl.Int64).cum_sum().over(_EFFORT) - pl.col("censored").cast(pl.Int64) > 0
    wrong = frame.filter(ended | (pl.col("censored") & (pl.col("success") > 0)))
    if wrong.height:
        row = wrong.row(0, named=True)
        raise InputError(
            f"attempt {row['attempt']} of {row['method']!r} on {row['behaviour']!r} ({row['target']!r}) comes with or "
            "after the censoring of its effort; censored marks the last attempt of an effort that never succeeded"
        )
