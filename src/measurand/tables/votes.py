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


@dataclass(frozen=True, eq=False, repr=False)
class Votes(Brief):
    """One row per vote.

    Parameters
    ----------
    frame : columns ``model_a``, ``model_b``, ``winner`` (one of `WINNERS`), and, null where unknown, ``voter``,
        ``item`` (the prompt) and ``order`` (place in time).
    notes : what was left out on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> Votes:
        """Validate votes; one of a model against itself says nothing and is left out, with a note.

        Parameters
        ----------
        frame : columns ``model_a``, ``model_b`` and ``winner``; ``voter``, ``item`` and ``order`` where known. Further
            columns are ignored. Rows are put in the order of ``order`` where every vote has one.

        Raises
        ------
        InputError
            A missing column, no votes, a model without a name, or a winner that is none of `WINNERS`.

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
        found = frame.with_columns(pl.col(names).cast(pl.String))
        _check(found)
        found = found.select(
            *_REQUIRED,
            *(
                pl.col(name) if name in found.columns else pl.lit(None, dtype=pl.String).alias(name)
                for name in _OPTIONAL
            ),
        )
        # All or none: votes without a time would else all come first or last.
        if not found["order"].null_count():
            found = found.sort("order", maintain_order=True)
        itself = found["model_a"] == found["model_b"]
        if itself.any():
            count = int(itself.sum())
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
        """Number of the models of each vote, by their place in `models`, each of shape (votes,)."""
        names = pl.Enum(list(self.models))
        first, second = (
            self.frame[side].cast(names).to_physical().cast(pl.Int64).to_numpy() for side in ("model_a", "model_b")
        )
        return first, second

    def outcomes(self) -> npt.NDArray[np.int64]:
        """0 if model a won, 1 for a tie, 2 if model b won, shape (votes,)."""
        codes = self.frame["winner"].cast(pl.Enum(list(WINNERS))).to_physical().cast(pl.Int64)
        return codes.to_numpy()

    def clusters(self, column: str) -> npt.NDArray[np.int64] | None:
        """Number of each vote's voter or item, shape (votes,); None where no vote names one.

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
