"""Words that stand for scores count once it is said which of them are right."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from measurand.readers.grades import LONGEST, MOST_WORDS, scored, words_problem


def test_the_commonest_words_are_shown_and_the_others_counted():
    words = Counter({f"w{i:02d}": 20 - i for i in range(MOST_WORDS + 3)})
    problem = words_problem("judge", words)
    assert problem.reason.startswith("scores are words, no numbers (judge): 'w00' 20 times, 'w01' 19 times")
    assert problem.reason.endswith("'w07' 13 times and 3 more; say which are right, such as --correct w00")
    assert problem.rows_lost == 0


def test_a_long_word_is_cut_and_one_alone_is_once():
    reason = words_problem("r", Counter({"x" * 400: 1})).reason
    assert f"'{'x' * LONGEST}' once" in reason
    assert len(reason) < 200


ROWS = pl.DataFrame(
    {
        "reading": ["judge", "judge", None, "acc", "judge"],
        "grade": [" A", "c", "A", None, None],
        "score": [None, 1.0, None, 0.25, 0.5],
    }
)


@pytest.mark.parametrize(
    ("words", "correct", "expected"),
    [
        (frozenset({"judge"}), ["a"], [1.0, 0.0, None, 0.25, 0.5]),
        (frozenset({"judge", None}), ["A "], [1.0, 0.0, 1.0, 0.25, 0.5]),
        (frozenset({"judge"}), [], [None, None, None, 0.25, 0.5]),
        (frozenset(), ["A"], [None, 1.0, None, 0.25, 0.5]),
    ],
)
def test_only_words_of_the_readings_named_are_scored(words, correct, expected):
    assert ROWS.select(scored(words, correct))["score"].to_list() == expected
