"""Corpora of every format, read in pieces, and items looked for in them."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError
from measurand.readers.evidence import corpus as corpora
from measurand.readers.evidence.corpus import batches, corpus_files, overlap_with_corpus, overlap_with_texts
from measurand.tables.texts import Texts


def words(rng: np.random.Generator, count: int) -> str:
    return " ".join(f"w{word}" for word in rng.integers(5000, size=count))


@pytest.fixture
def items() -> Texts:
    rng = np.random.default_rng(0)
    return Texts.build(pl.DataFrame({"text": [words(rng, 40) for _ in range(8)], "benchmark": "b"}))


def found_in(overlaps) -> dict[str, str]:
    return dict(overlaps.matches.filter(pl.col("share_8") == 1).select("item", "document").iter_rows())


def test_the_same_leaks_are_found_in_every_format(tmp_path, items):
    rng = np.random.default_rng(1)
    texts = items.of("b")
    documents = [words(rng, 80) + " " + text.upper() + ". " + words(rng, 80) for text in texts[:6]]
    (tmp_path / "a.txt").write_text(documents[0])
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.md").write_text(documents[1])
    lines = [json.dumps({"meta": 1, "text": document}) for document in documents[2:4]]
    (tmp_path / "c.jsonl").write_text("\n".join([lines[0], "not json", '{"text": null}', "", lines[1]]))
    pl.DataFrame({"content": [documents[4], None, documents[5]]}).write_parquet(tmp_path / "d.parquet")
    (tmp_path / "ignored.bin").write_bytes(b"\0")
    found = overlap_with_corpus(items, tmp_path)
    assert found_in(found) == {
        "1": "a.txt",
        "2": "b.md",
        "3": "c.jsonl, line 1",
        "4": "c.jsonl, line 5",
        "5": "d.parquet, row 1",
        "6": "d.parquet, row 3",
    }
    assert found.documents == 6
    assert found.notes == ("3 documents could not be read or hold no text (c.jsonl: 2, d.parquet: 1)",)
    assert found.items["documents"].to_list() == [1] * 6 + [0] * 2


def test_a_leak_across_the_cut_of_a_long_file_is_found(tmp_path, items, monkeypatch):
    monkeypatch.setattr(corpora, "_PIECE", 2000)
    monkeypatch.setattr(corpora, "_CARRIED", 600)
    rng = np.random.default_rng(2)
    text = items.of("b")[0]
    before = words(rng, 600)[: 2000 - len(text) // 2].rsplit(" ", 1)[0]
    (tmp_path / "long.txt").write_text(before + " " + text + " " + words(rng, 900))
    found = overlap_with_corpus(items, tmp_path / "long.txt")
    assert found_in(found) == {"1": "long.txt, part 2"}


def test_batches_do_not_change_what_is_found(tmp_path, items, monkeypatch):
    rng = np.random.default_rng(3)
    documents = [words(rng, 50) + " " + items.of("b")[place % 3] for place in range(40)]
    (tmp_path / "c.jsonl").write_text("\n".join(json.dumps({"text": document}) for document in documents))
    whole = overlap_with_corpus(items, tmp_path)
    monkeypatch.setattr(corpora, "_BATCH", 900)
    parts = overlap_with_corpus(items, tmp_path)
    assert parts.matches.equals(whole.matches)
    assert parts.items["documents"].to_list() == whole.items["documents"].to_list() == [14, 13, 13, 0, 0, 0, 0, 0]
    # Five documents are kept for an item, though more hold it.
    assert whole.matches.height == 15


def test_one_column_can_be_asked_for(tmp_path, items):
    rows = [{"text": "nothing here", "solution": items.of("b")[0]}]
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert overlap_with_corpus(items, tmp_path).matches.is_empty()
    assert overlap_with_corpus(items, tmp_path, column="solution").matches.height == 1
    with pytest.raises(InputError, match="no column 'answer' among text, solution"):
        overlap_with_corpus(items, tmp_path, column="answer")


def test_bytes_that_are_no_text_and_lines_without_end_are_survived(tmp_path, items, monkeypatch):
    monkeypatch.setattr(corpora, "_MOST_LINE", 400)
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00 abc " + items.of("b")[0].encode())
    line = json.dumps({"text": items.of("b")[1]})
    (tmp_path / "b.jsonl").write_text('{"text": "' + "x" * 2000 + '"}\n' + "[" * 300 + "\n" + line)
    assert found_in(overlap_with_corpus(items, tmp_path)) == {"1": "a.txt", "2": "b.jsonl, line 3"}


def test_what_is_no_corpus(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"1")
    with pytest.raises(InputError, match=r"no documents in this folder; it holds x\.bin"):
        corpus_files(tmp_path)
    with pytest.raises(InputError, match="not a format of documents"):
        corpus_files(tmp_path / "x.bin")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(InputError, match=r"bad\.parquet: cannot be read"):
        list(batches([tmp_path / "bad.parquet"]))


def test_an_empty_corpus_is_refused(tmp_path, items):
    (tmp_path / "a.txt").write_text(" \n")
    with pytest.raises(InputError, match="holds no document"):
        overlap_with_corpus(items, tmp_path)


def test_documents_in_another_script_are_noticed(tmp_path, items):
    (tmp_path / "a.txt").write_text("Сколько кур осталось у фермера? " * 20)
    assert overlap_with_corpus(items, tmp_path).familiar == 0


def test_items_among_the_examples_and_among_themselves(items):
    texts = items.of("b")
    pool = Texts.build(pl.DataFrame({"text": ["An example. " + texts[2], "another one"], "item": ["e1", "e2"]}))
    found = overlap_with_texts(items, pool)
    assert (found_in(found), found.against, found.documents) == ({"3": "e1"}, "pool", 2)
    twice = Texts.build(pl.DataFrame({"text": [*texts, texts[0]]}))
    assert found_in(overlap_with_texts(twice)) == {"1": "9", "9": "1"}
    with pytest.raises(InputError, match="one item alone"):
        overlap_with_texts(Texts.build(pl.DataFrame({"text": ["alone"]})))
