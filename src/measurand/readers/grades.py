"""Scores that are words: which of them are right is for whoever knows the scale to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import polars as pl

from measurand.readers.log import IN_WORDS, Problem

__all__ = ["scored", "words_problem"]

MOST_WORDS = 8
"""Words that a message lists."""

LONGEST = 30
"""Characters of a word in a message."""


def words_problem(reading: str, words: Counter[str]) -> Problem:
    """That the scores of a reading are words, and how to say which are right.

    Examples
    --------
    >>> words_problem("grade", Counter({"A": 3, "B": 1})).reason
    "scores are words, no numbers (grade): 'A' 3 times, 'B' once; say which are right, such as --correct A"
    """
    most = sorted(words.items(), key=lambda each: (-each[1], each[0]))
    shown = [f"{word[:LONGEST]!r} {_times(count)}" for word, count in most[:MOST_WORDS]]
    more = f" and {len(most) - MOST_WORDS} more" if len(most) > MOST_WORDS else ""
    example = min(words)[:LONGEST]
    reason = f"{IN_WORDS} ({reading}): {', '.join(shown)}{more}; say which are right, such as"
    return Problem(f"{reason} --correct {example}", 0)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def scored(words: Collection[str | None], correct: Sequence[str]) -> pl.Expr:
    """The score of rows of which some readings are words: 1 for a word that is right, 0 for any other.

    Case and spaces around a word do not matter. Until it is said which are right, these readings have no score.

    Parameters
    ----------
    words : readings whose scores are words.
    correct : the words that are right; empty where nobody has said.

    Examples
    --------
    >>> rows = pl.DataFrame({"reading": ["judge"] * 2 + ["acc"], "grade": ["A", "b ", None], "score": [None, 0.0, 0.5]})
    >>> [rows.select(scored({"judge"}, right))["score"].to_list() for right in (["a", "B"], ["A"], [])]
    [[1.0, 1.0, 0.5], [1.0, 0.0, 0.5], [None, None, 0.5]]
    """
    named = [word.strip().lower() for word in correct]
    right = pl.col("grade").str.strip_chars().str.to_lowercase().is_in(named).cast(pl.Float64)
    of_words = pl.col("reading").is_in(list(words), nulls_equal=True) & pl.col("grade").is_not_null()
    return pl.when(of_words).then(right if named else None).otherwise("score").alias("score")
