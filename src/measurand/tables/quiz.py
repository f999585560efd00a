"""Saved answers to contamination quizzes: which of five options a model picked, and where the original stood."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from measurand.errors import InputError
from measurand.results import Brief

__all__ = ["PLACEMENTS", "QUIZ_SCHEMA", "Quiz"]

PLACEMENTS = ("none", "A", "B", "C", "D")
"""Where the original stood among the options; none: nowhere, as in the quiz that shows which positions are liked."""

_CAPITAL = r"\b([A-E])\b"
_SMALL = r"(?:^\W*|\b(?i:option|answer|choice)\W+(?:is\W+)?|\()([a-e])(?:\)|[.:](?:\s|$)|\W*$)"

QUIZ_SCHEMA: dict[str, pl.DataType] = {
    "model": pl.String(),
    "benchmark": pl.String(),
    "item": pl.String(),
    "placement": pl.String(),
    "answer": pl.String(),
}
"""One row per answer: a letter from A to E, null where none was given."""


@dataclass(frozen=True, eq=False, repr=False)
class Quiz(Brief):
    """One row per model, benchmark, item and placement.

    Parameters
    ----------
    frame : columns `QUIZ_SCHEMA`.
    notes : what was left out on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> Quiz:
        """Validate answers; one that names no letter from A to E is no option, with a note.

        A capital standing by itself names an option ("A" in "Answer" does not); a small letter only where nothing but
        an option can be meant: "b", "b) hens", "option b", but not the article of "a hen".

        Parameters
        ----------
        frame : columns ``item``, ``placement`` (one of `PLACEMENTS`) and ``answer``; ``model`` and ``benchmark`` where
            known.

        Raises
        ------
        InputError
            A missing column, a placement that is none, an item answered twice, no quiz without the original, or
            placements with answers to different items.

        Examples
        --------
        >>> frame = pl.DataFrame({"item": ["1", "1"], "placement": ["none", "b"], "answer": ["E", "b)"]})
        >>> Quiz.build(frame).frame["answer"].to_list()
        ['E', 'B']
        """
        missing = [name for name in ("item", "placement", "answer") if name not in frame.columns]
        if missing:
            raise InputError(
                f"a quiz should have the columns item, placement, answer; {', '.join(missing)} not found among "
                f"{', '.join(frame.columns)}"
            )
        if frame.is_empty():
            raise InputError("no answers: there should be at least one row")
        named = [
            pl.col(name).cast(pl.String).fill_null(other) if name in frame.columns else pl.lit(other).alias(name)
            for name, other in (("model", "model"), ("benchmark", "quiz"))
        ]
        placement = pl.col("placement").cast(pl.String).str.strip_chars()
        said = pl.col("answer").cast(pl.String)
        letter = pl.coalesce(said.str.extract(_CAPITAL), said.str.extract(_SMALL)).str.to_uppercase()
        found = frame.select(
            *named,
            pl.col("item").cast(pl.String),
            pl.when(placement.str.to_lowercase() == "none")
            .then(pl.lit("none"))
            .otherwise(placement.str.to_uppercase())
            .alias("placement"),
            letter.alias("answer"),
        )
        _check(found)
        without = int(found["answer"].null_count())
        if without:
            notes = (*notes, f"{without:,} of {found.height:,} answers name no option")
        return cls(found, notes)


def _check(frame: pl.DataFrame) -> None:
    strange = frame.filter(~pl.col("placement").is_in(PLACEMENTS).fill_null(False))
    if strange.height:
        raise InputError(f"placement should be one of {', '.join(PLACEMENTS)}, got {strange['placement'][0]!r}")
    if frame["item"].null_count():
        raise InputError("an answer names no item; every answer should name one")
    keys = ["model", "benchmark", "placement", "item"]
    repeated = frame.filter(pl.struct(keys).is_duplicated())
    if repeated.height:
        raise InputError(
            f"item {repeated['item'][0]!r} of {repeated['benchmark'][0]!r} is answered more than once with the "
            f"original in place {repeated['placement'][0]!r}"
        )
    for (model, benchmark), own in frame.group_by("model", "benchmark", maintain_order=True):
        where = f"the quiz of {model!r} on {benchmark!r}"
        items = {
            str(placement): set(rows["item"]) for (placement,), rows in own.group_by("placement", maintain_order=True)
        }
        if "none" not in items:
            raise InputError(f"{where} has no answers without the original among the options (placement none)")
        if len(items) < 2:
            raise InputError(f"{where} has no answers with the original among the options (placement A, B, C or D)")
        for placement, answered in items.items():
            # Position bias is subtracted placement by placement, which holds only over the same items.
            if answered != items["none"]:
                odd = sorted(answered ^ items["none"])[0]
                raise InputError(
                    f"{where} has {len(items['none'])} answers without the original and {len(answered)} with it in "
                    f"place {placement}; every placement should have the same items ({odd!r} is in one of them only)"
                )
