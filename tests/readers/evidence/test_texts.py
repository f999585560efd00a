"""Files of the texts of items."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.readers.evidence.texts import is_texts, read_texts, texts_of


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (["question"], True),
        (["Item", "Prompt", "target"], True),
        (["text", "logprobs"], False),
        (["model", "prompt", "score"], False),
        (["model_a", "model_b", "winner", "prompt"], False),
        (["model", "mmlu"], False),
    ],
)
def test_tables_of_texts_are_told_by_their_columns(columns, told):
    assert is_texts(columns) is told


def test_each_file_is_a_benchmark_unless_a_column_says_otherwise(tmp_path):
    (tmp_path / "one.jsonl").write_text('{"question": "How many hens?", "answer": 4}\n{"question": ""}\n')
    pl.DataFrame({"id": ["x"], "text": ["Why?"], "set": ["new"]}).write_csv(tmp_path / "two.csv")
    texts = read_texts(tmp_path)
    assert texts.frame.rows() == [("one", "1", "How many hens?"), ("new", "x", "Why?")]
    assert texts.notes == ("1 item without text left out (first: 2)",)


def test_the_published_sets_are_read(shared):
    folder = shared / "data" / "contamination" / "gsm1k"
    if not folder.is_dir():
        folder = shared / "contamination" / "gsm1k"
    assert read_texts(folder / "gsm8k_test.jsonl").frame.height == 1319
    assert read_texts(folder / "gsm1k_public_50.csv").frame.height == 50


def test_a_file_without_texts_is_refused_with_its_columns(tmp_path):
    pl.DataFrame({"item": ["x"], "answer": ["y"]}).write_csv(tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"a\.csv: no column of texts .* among item, answer"):
        read_texts(tmp_path / "a.csv")
    with pytest.raises(InputError, match="no column of texts"):
        texts_of(pl.DataFrame({"a": [1]}))
