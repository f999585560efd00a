"""Words, their hashes, runs of words and common subsequences, each against the obvious way."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.texts.ngrams import RunIndex, common_subsequence, hashed_words, normalised, run_hashes, words_of

TEXT = st.text(alphabet=st.sampled_from("abc XYZ09.,-'\n\té\u2019ß\u0301回答\ud800"), max_size=60)
WORDS = st.lists(st.sampled_from("abcdef"), max_size=14)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=200))
def test_words_of_ascii_are_its_runs_of_letters_and_digits(text):
    assert words_of(text) == re.findall("[a-z0-9]+", text.lower())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don\u2019t \u201cstop\u201d\u2014now", ["don", "t", "stop", "now"]),
        ("Straße ﬁve Ｘ２", ["strasse", "five", "x2"]),
        ("回答这个问题。", ["回", "答", "这", "个", "问", "题"]),
        ("किताब पढ़ो", ["किताब", "पढ़ो"]),
        ("Сколько будет 2+2?", ["сколько", "будет", "2", "2"]),
        ("...", []),
        ("", []),
        ("lone \ud800 surrogate", ["lone", "surrogate"]),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_words_of_other_texts(text, words):
    assert words_of(text) == [word if word.isascii() else normalised(word).decode().strip() for word in words]


@given(st.lists(TEXT, max_size=6))
def test_words_stay_in_their_texts_and_hashes_tell_them_apart(texts):
    found = hashed_words(texts)
    each = [words_of(text) for text in texts]
    assert found.counts.tolist() == [len(words) for words in each]
    flat = [word for words in each for word in words]
    assert found.shown(0, len(flat)).split() == flat
    assert len(set(found.hashes.tolist())) == len(set(flat))
    # Equal hashes stand for equal words.
    assert len(set(zip(found.hashes.tolist(), flat, strict=True))) == len(set(flat))


def test_hashes_of_many_words_of_every_length_do_not_collide():
    rng = np.random.default_rng(0)
    words = {"".join(rng.choice(list("abcdefghij"), size)) for size in range(1, 40) for _ in range(500)}
    # Words that differ in their last letter alone, at the borders of the chunks that are hashed.
    words |= {"a" * size + last for size in range(40) for last in "abcd"}
    found = hashed_words([" ".join(words)]).hashes
    assert len(found) == len(words) == len(np.unique(found))


@given(st.lists(WORDS, min_size=1, max_size=4), st.integers(1, 5))
def test_runs_have_equal_hashes_where_their_words_are_equal(texts, n):
    words = hashed_words([" ".join(text) for text in texts])
    flat = [word for text in texts for word in text]
    runs = [tuple(flat[place : place + n]) for place in range(len(flat) - n + 1)]
    hashes = run_hashes(words.hashes, n).tolist()
    assert len(hashes) == len(runs)
    assert len(set(zip(hashes, runs, strict=True))) == len(set(hashes)) == len(set(runs))


@given(st.lists(WORDS, min_size=1, max_size=5), WORDS, st.integers(1, 3), st.integers(1, 5))
def test_the_index_finds_what_a_dictionary_finds(texts, document, n, most):
    index = RunIndex.of(hashed_words([" ".join(text) for text in texts]), n, most)
    holders: dict[tuple[str, ...], dict[int, int]] = {}
    for owner, text in enumerate(texts):
        for place in range(len(text) - n + 1):
            holders.setdefault(tuple(text[place : place + n]), {}).setdefault(owner, place)
    places, runs = index.hits(run_hashes(hashed_words([" ".join(document)]).hashes, n))
    found = {
        place: dict(
            zip(
                index.owner[index.first[run] : index.first[run + 1]].tolist(),
                index.offset[index.first[run] : index.first[run + 1]].tolist(),
                strict=True,
            )
        )
        for place, run in zip(places.tolist(), runs.tolist(), strict=True)
    }
    wanted = {
        place: own
        for place in range(len(document) - n + 1)
        if 0 < len(own := holders.get(tuple(document[place : place + n]), {})) <= most
    }
    assert found == wanted


@given(WORDS, WORDS)
def test_common_subsequence_is_that_of_the_table(first, second):
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    assert common_subsequence(first, second) == common_subsequence(second, first) == table[-1][-1]


def test_common_subsequence_of_a_text_longer_than_a_machine_word():
    assert common_subsequence(range(500), range(100, 700)) == 400
