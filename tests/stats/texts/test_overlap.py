"""Passages found against looking at every item and document with sets of words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.texts.ngrams import words_of
from measurand.stats.texts.overlap import ItemIndex, find_passages, missing_by_chance


def runs(words: list[str], n: int) -> set[tuple[str, ...]]:
    return {tuple(words[place : place + n]) for place in range(len(words) - n + 1)}


def made(rng: np.random.Generator, count: int, words: int, vocabulary: int = 3000) -> list[list[str]]:
    return [[f"w{word}" for word in rng.integers(vocabulary, size=words)] for _ in range(count)]


@pytest.mark.parametrize("seed", range(4))
def test_every_shared_run_of_eight_words_is_found_and_counted_as_sets_count_it(seed):
    rng = np.random.default_rng(seed)
    items = made(rng, 30, 40)
    documents = made(rng, 25, 150)
    for place in range(20):
        low = int(rng.integers(0, 25))
        documents[place][30:30] = items[int(rng.integers(30))][low : low + int(rng.integers(8, 40))]
    index = ItemIndex.of([" ".join(item) for item in items])
    found = find_passages(index, [" ".join(document) for document in documents])
    pairs = dict(
        zip(
            zip(found.item.tolist(), found.document.tolist(), strict=True),
            zip(found.long.tolist(), found.short.tolist(), strict=True),
            strict=True,
        )
    )
    for i, item in enumerate(items):
        for d, document in enumerate(documents):
            wanted = tuple(len(runs(item, n) & runs(document, n)) for n in (13, 8))
            assert pairs.get((i, d), (0, 0)) == wanted


def test_the_passage_is_where_the_item_stands_and_its_similarity_is_one():
    rng = np.random.default_rng(1)
    item, document = made(rng, 1, 50)[0], made(rng, 1, 5000)[0]
    document[3000:3000] = item
    found = find_passages(ItemIndex.of([" ".join(item)]), [" ".join(document)])
    assert found.similarity.tolist() == [1.0]
    assert " ".join(item) in found.passage(0)
    assert len(found.passage(0).split()) < 80


def test_an_item_with_words_replaced_and_left_out_is_nearly_found():
    rng = np.random.default_rng(2)
    item, document = made(rng, 1, 60)[0], made(rng, 1, 200)[0]
    changed = ["new" if place % 10 == 9 else word for place, word in enumerate(item) if place % 17 != 16]
    document[100:100] = changed
    found = find_passages(ItemIndex.of([" ".join(item)]), [" ".join(document)])
    kept = sum(word != "new" for word in changed)
    assert found.similarity[0] == pytest.approx(kept / 60)


def test_runs_do_not_join_the_end_of_a_document_with_the_next_one():
    item = made(np.random.default_rng(3), 1, 20)[0]
    found = find_passages(ItemIndex.of([" ".join(item)]), [" ".join(item[:10]), " ".join(item[10:])])
    assert found.short.tolist() == [3, 3]


def test_the_template_of_all_items_does_not_count():
    rng = np.random.default_rng(4)
    template = "answer the following question and give only the letter of the right option"
    items = [template + " " + " ".join(item) for item in made(rng, 40, 12)]
    index = ItemIndex.of(items)
    # A run of 8 words that begins in the template and ends in the item's own words is its own.
    assert index.counted(8).tolist() == [len(words_of(items[0])) - 7 - (13 - 7)] * 40
    assert len(find_passages(index, [template]).item) == 0


def test_words_of_an_item_that_no_other_has_and_its_numbers_and_names_are_known():
    texts = [
        "The shared passage says this and that, and more. When did Ann buy 12 hens?",
        "The shared passage says this and that, and more. Who sold_it to McRae in May?",
    ]
    index = ItemIndex.of(texts)

    def named(which):
        return [
            [index.words.shown(place, place + 1) for place in range(low, high) if which[place]]
            for low, high in zip(index.words.first[:-1], index.words.first[1:], strict=True)
        ]

    assert named(index.own) == [words_of("When did Ann buy 12 hens"), words_of("Who sold_it to McRae in May")]
    assert named(index.values) == [["ann", "12"], ["sold", "it", "mcrae", "may"]]
    assert index.among(index.values).tolist() == [2, 4]


def test_what_stands_in_its_place_counts_and_what_stands_elsewhere_does_not():
    item = "first Ann came with 12 hens and then Bob came with 30 of them to the market in the town"
    other = "first Cy came with 30 hens and then Di came with 44 of them to the market in the town"
    found = find_passages(ItemIndex.of([item]), [other])
    assert (found.similarity[0], found.values[0]) == (pytest.approx(16 / 20), 0)


@given(st.integers(1, 40), st.data())
def test_the_chance_that_marked_words_are_missing_is_fishers(words, data):
    missing, marked = (data.draw(st.integers(0, words)) for _ in range(2))
    among = data.draw(st.integers(max(0, missing + marked - words), min(missing, marked)))
    table = [[among, marked - among], [missing - among, words - missing - marked + among]]
    assert missing_by_chance(words, missing, marked, among) == pytest.approx(
        stats.fisher_exact(table, alternative="greater").pvalue
    )


def test_an_item_is_not_compared_with_itself():
    rng = np.random.default_rng(5)
    texts = [" ".join(item) for item in made(rng, 6, 30)]
    texts[4] = texts[1]
    found = find_passages(ItemIndex.of(texts), texts, np.arange(6))
    assert sorted(zip(found.item.tolist(), found.document.tolist(), strict=True)) == [(1, 4), (4, 1)]


@given(st.lists(st.text(max_size=80), max_size=4), st.lists(st.text(max_size=80), max_size=4))
def test_any_texts_are_looked_at(items, documents):
    found = find_passages(ItemIndex.of(items), documents)
    assert ((found.similarity >= 0) & (found.similarity <= 1)).all()
    assert (found.short <= ItemIndex.of(items).counted(8)[found.item]).all()


def test_documents_may_come_in_any_parts():
    rng = np.random.default_rng(6)
    items = [" ".join(item) for item in made(rng, 10, 30)]
    documents = [" ".join(document) for document in made(rng, 10, 60)] + items
    index = ItemIndex.of(items)
    whole = find_passages(index, documents)
    parts = [find_passages(index, documents[:13]), find_passages(index, documents[13:])]
    assert np.concatenate([part.similarity for part in parts]).tolist() == whole.similarity.tolist()
    assert np.concatenate([part.item for part in parts]).tolist() == whole.item.tolist()
