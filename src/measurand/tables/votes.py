"""Votes between two models: which answer was preferred, by whom and to what prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError
from measurand.results import Brief

__all__ = ["WINNERS", "Votes"]

WINNERS = ("model_a", "tie", "model_b")
"""What a vote can say."""

_REQUIRED = ("model_a", "model_b", "winner")
_OPTIONAL = ("voter", "item", "order")
_MOST = 2**53
"""Votes in all: beyond it, numbers of the machine cannot count them one by one."""


@dataclass(frozen=True, eq=False, repr=False)
class Votes(Brief):
    """One row per vote, or per several equal ones.

    Parameters
    ----------
    frame : columns ``model_a``, ``model_b``, ``winner`` (one of `WINNERS`), and, null where unknown, ``voter``,
        ``item`` (the prompt) and ``order`` (place in time); ``count``, the votes that the row stands for.
    notes : what was left out on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> Votes:
        """Validate votes; one of a model against itself says nothing and is left out, with a note.

        Parameters
        ----------
        frame : columns ``model_a``, ``model_b`` and ``winner``; ``voter``, ``item`` and ``order`` where known;
            ``count``, 1 where absent; rows of 0 votes are passed over. Further columns are ignored. Rows are put in the
            order of ``order`` where every vote has one.

        Raises
        ------
        InputError
            A missing column, no votes, a model without a name, a winner that is none of `WINNERS`, a count that is
            none, or several votes in a row without a voter (an item) where other rows name one.

        Examples
        --------
        >>> frame = pl.DataFrame({"model_a": ["x", "x"], "model_b": ["y", "x"], "winner": ["tie", "model_a"]})
        >>> votes = Votes.build(frame)
        >>> votes.frame.height, votes.notes
        (1, ('1 vote of a model against itself left out',))
        """
        missing = [name for name in _REQUIRED if name not in frame.columns]
        if missing:
            raise InputError(
                f"votes should have the columns {', '.join(_REQUIRED)}; {', '.join(missing)} not found among "
                f"{', '.join(frame.columns)}"
            )
        if frame.is_empty():
            raise InputError("no votes: there should be at least one row")
        names = [name for name in (*_REQUIRED, "voter", "item") if name in frame.columns]
        found = frame.with_columns(pl.col(names).cast(pl.String), _counts(frame))
        _check(found)
        found = found.select(
            *_REQUIRED,
            *(
                pl.col(name) if name in found.columns else pl.lit(None, dtype=pl.String).alias(name)
                for name in _OPTIONAL
            ),
            "count",
        ).filter(pl.col("count") > 0)
        if found.is_empty():
            raise InputError("no votes: there should be at least one row with a count above 0")
        _refuse_unnamed(found)
        # All or none: votes without a time would else all come first or last.
        if not found["order"].null_count():
            found = found.sort("order", maintain_order=True)
        itself = found["model_a"] == found["model_b"]
        if itself.any():
            count = int(found["count"].filter(itself).sum())
            notes = (*notes, f"{count:,} vote{'s' * (count > 1)} of a model against itself left out")
            found = found.filter(~itself)
        if found.is_empty():
            raise InputError("every vote is of a model against itself; there should be votes between two models")
        return cls(found, notes)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, sorted."""
        return tuple(pl.concat([self.frame["model_a"], self.frame["model_b"]]).unique().sort())

    def sides(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Number of the models of each row, by their place in `models`, each of shape (rows,)."""
        names = pl.Enum(list(self.models))
        first, second = (
            self.frame[side].cast(names).to_physical().cast(pl.Int64).to_numpy() for side in ("model_a", "model_b")
        )
        return first, second

    def outcomes(self) -> npt.NDArray[np.int64]:
        """0 if model a won, 1 for a tie, 2 if model b won, shape (rows,)."""
        codes = self.frame["winner"].cast(pl.Enum(list(WINNERS))).to_physical().cast(pl.Int64)
        return codes.to_numpy()

    def weights(self) -> npt.NDArray[np.int64] | None:
        """How many votes each row stands for, shape (rows,); None where each is one vote."""
        counts = self.frame["count"]
        return None if (counts == 1).all() else counts.to_numpy()

    def clusters(self, column: str) -> npt.NDArray[np.int64] | None:
        """Number of each row's voter or item, shape (rows,); None where no vote names one.

        A vote without one is a cluster of its own.
        """
        values = self.frame[column]
        if values.null_count() == len(values):
            return None
        codes = values.rank("dense").cast(pl.Int64).to_numpy(writable=True)
        unknown = values.is_null().to_numpy()
        # Ranks of null are null, which as integers would be arbitrary numbers.
        codes = np.where(unknown, 0, codes)
        codes[unknown] = codes.max() + 1 + np.arange(unknown.sum())
        result: npt.NDArray[np.int64] = codes.astype(np.int64) - 1
        return result


def _check(frame: pl.DataFrame) -> None:
    for side in ("model_a", "model_b"):
        nameless = frame[side].is_null() | (frame[side].str.strip_chars() == "")
        if nameless.any():
            row = int(nameless.arg_true()[0]) + 1
            raise InputError(f"vote {row}: {side} has no name; every vote should name two models")
    unknown = ~frame["winner"].is_in(WINNERS).fill_null(False)
    if unknown.any():
        row = int(unknown.arg_true()[0])
        raise InputError(f"vote {row + 1}: winner should be one of {', '.join(WINNERS)}, got {frame['winner'][row]!r}")


def _counts(frame: pl.DataFrame) -> pl.Series:
    """The votes that each row stands for, as whole numbers."""
    if "count" not in frame.columns:
        return pl.Series("count", [1], dtype=pl.Int64).new_from_index(0, frame.height)
    said = frame["count"]
    counts = said.cast(pl.Float64, strict=False)
    # A count of 0 is allowed: tables of all pairs write it for those that never met.
    wrong = counts.is_null() | ~counts.is_between(0, _MOST).fill_null(False) | (counts != counts.floor())
    if wrong.any():
        row = int(wrong.arg_true()[0])
        models = f"{frame['model_a'][row]} against {frame['model_b'][row]}"
        raise InputError(f"row {row + 1} ({models}): count should be a whole number of votes, got {said[row]!r}")
    if counts.sum() > _MOST:
        raise InputError(f"there should be at most {_MOST:.0e} votes in all, got {counts.sum():.2g}")
    return counts.cast(pl.Int64)


def _refuse_unnamed(frame: pl.DataFrame) -> None:
    """Refuse several votes in one row of whom nobody knows whether one voter cast them, where others name theirs."""
    for name in ("voter", "item"):
        column = frame[name]
        several = column.is_null() & (frame["count"] > 1)
        if column.null_count() < len(column) and several.any():
            row = frame.row(int(several.arg_true()[0]), named=True)
            raise InputError(
                f"{row['count']:,} votes of {row['model_a']} against {row['model_b']} in one row name no {name}, and "
                f"other rows do; name it there too, or give each of these votes a row of its own"
            )
