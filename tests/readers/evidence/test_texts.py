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
    assert texts.frame.rows() == [("one", "1", "How many hens?", None), ("new", "x", "Why?", None)]
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


def test_the_groups_of_texts_are_read_by_name_or_as_they_are_called(tmp_path):
    table = pl.DataFrame({"question": list("abcd"), "story": list("ppqq"), "hard": list("yyyn"), "set": ["s"] * 4})
    table.write_csv(tmp_path / "t.csv")
    assert read_texts(tmp_path / "t.csv").frame["cluster"].to_list() == list("ppqq")
    assert read_texts(tmp_path / "t.csv", cluster="hard").frame["cluster"].to_list() == list("yyyn")
    assert read_texts(tmp_path / "t.csv", cluster="set").groups("s").tolist() == [0] * 4
    assert read_texts(tmp_path / "t.csv", cluster="none").groups("s").tolist() == [0, 1, 2, 3]
    with pytest.raises(InputError, match=r"t\.csv: no column of groups named 'stroy'; did you mean 'story'"):
        read_texts(tmp_path / "t.csv", cluster="stroy")
