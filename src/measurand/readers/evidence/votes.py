"""Tables of votes between two models, told by their columns."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from measurand.errors import InputError
from measurand.readers.evidence.lowercase import lowercased
from measurand.tables.votes import Votes

__all__ = ["is_votes", "votes_of"]

_SIDES = (("model_a", "model_b"), ("left", "right"), ("llm_1", "llm_2"), ("model_1", "model_2"), ("model_x", "model_y"))
_FIRST_IS_CHOSEN = "first_is_chosen"
_OPTIONAL = {
    "voter": ("voter", "worker", "judge", "grader", "annotator", "judge_id", "user"),
    "item": ("item", "prompt", "prompt_id", "question_id"),
    "order": ("order", "tstamp", "timestamp", "time", "turn_time"),
    "count": ("count",),
}
_TIES = ("tie", "ties", "draw", "tie (bothbad)", "tie(bothbad)", "both_bad", "bothbad", "both bad", "both_good")
_FIRST = ("model_a", "left", "first", "a", "model_1", "model_x", "llm_1", "1")
_SECOND = ("model_b", "right", "second", "b", "model_2", "model_y", "llm_2", "2")
_CHOSEN, _NOT_CHOSEN = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")


def is_votes(columns: Sequence[str]) -> bool:
    """Whether a table with these columns is one of votes.

    Examples
    --------
    >>> is_votes(["model_a", "model_b", "winner"]), is_votes(["winner", "loser"]), is_votes(["model", "score"])
    (True, True, False)
    """
    return _form({name.strip().lower() for name in columns}) is not None


def votes_of(frame: pl.DataFrame) -> Votes:
    """Votes of a table of any form that `is_votes` knows.

    Two columns name the models and a third the winner: by side (``model_a``, ``left``, ``first_is_chosen`` 1 or 0), by
    name, or as a tie of any kind; or ``winner`` and ``loser`` name them. A column ``count`` says how many equal votes a
    row stands for. Who voted, on what prompt and when are taken from the columns that say so.

    Raises
    ------
    InputError
        A table that is none of votes, a winner that is neither of the two models nor a tie, or whatever else
        `Votes.build` refuses.

    Examples
    --------
    >>> votes_of(pl.DataFrame({"left": ["x"], "right": ["y"], "winner": ["right"], "worker": [3]})).frame.rows()
    [('x', 'y', 'model_b', '3', None, None, 1)]
    """
    lowered = lowercased(frame)
    form = _form(set(lowered.columns))
    if form is None:
        raise InputError(
            "a table of votes should have two columns of models and a winner, such as model_a, model_b, winner; "
            f"found {', '.join(frame.columns)}"
        )
    first, second, decided = form
    winner = pl.lit("model_a").alias("winner") if decided == "loser" else _winner(first, second, decided)
    optional = [
        pl.col(next(name for name in names if name in lowered.columns)).alias(wanted)
        for wanted, names in _OPTIONAL.items()
        if any(name in lowered.columns and name not in form for name in names)
    ]
    sides = (pl.col(first).alias("model_a"), pl.col(second).alias("model_b"))
    return Votes.build(lowered.select(*sides, winner, *optional))


def _form(columns: set[str]) -> tuple[str, str, str] | None:
    """The columns of the first model, of the second, and of who won; ``loser`` stands for the form winner, loser."""
    for first, second in _SIDES:
        # A table can hold the models' numbers beside their names: the sides' names come first.
        if {first, second} <= columns:
            for decided in ("winner", _FIRST_IS_CHOSEN):
                if decided in columns:
                    return first, second, decided
    return ("winner", "loser", "loser") if {"winner", "loser"} <= columns else None


def _winner(first: str, second: str, decided: str) -> pl.Expr:
    """Who won, as `Votes` says it; what is not understood is left as it stands, for `Votes` to refuse."""
    text = pl.col(decided).cast(pl.String).str.strip_chars()
    said = text.str.to_lowercase()
    if decided == _FIRST_IS_CHOSEN:
        by_flag = pl.when(said.is_in(_CHOSEN)).then(pl.lit("model_a"))
        return by_flag.when(said.is_in(_NOT_CHOSEN)).then(pl.lit("model_b")).otherwise(text).alias("winner")
    name_first, name_second = (pl.col(name).cast(pl.String).str.strip_chars() for name in (first, second))
    return (
        pl.when(text == name_first)
        .then(pl.lit("model_a"))
        .when(text == name_second)
        .then(pl.lit("model_b"))
        .when(said.is_in(_TIES))
        .then(pl.lit("tie"))
        # After the names: a model may be called "a" or "1".
        .when(said.is_in(_FIRST))
        .then(pl.lit("model_a"))
        .when(said.is_in(_SECOND))
        .then(pl.lit("model_b"))
        .otherwise(text)
        .alias("winner")
    )
