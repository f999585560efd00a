"""Any bytes in a file of evidence are read or refused in one line, by whoever reads such files."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers import read
from measurand.readers.evidence.claim_card import TEMPLATE, read_claim_card
from measurand.readers.evidence.corpus import overlap_with_corpus
from measurand.readers.evidence.item_sets import read_item_set
from measurand.readers.evidence.quiz import read_quizzes
from measurand.readers.evidence.texts import read_texts
from measurand.readers.evidence.token_logprobs import read_members, read_token_logprobs

EXAMPLES = int(os.environ.get("MEASURAND_FUZZ", "60"))
"""Examples per reader; five minutes of each take some 20,000."""

HEADERS = {
    "votes": ["model_a", "model_b", "winner", "count", "voter", "item", "order"],
    "losers": ["winner", "loser", "count", "judge"],
    "chosen": ["llm_1", "llm_2", "first_is_chosen", "tstamp"],
    "attempts": [
        "target",
        "behaviour",
        "success",
        "attempt",
        "queries",
        "queries_to_success",
        "tokens_in",
        "tokens_out",
    ],
    "degradation": ["model", "benchmark", "sigma", "item", "score", "seed"],
    "probes": ["prompt", "layer", "score", "label", "model", "kind"],
    "trials": ["failures", "trials"],
    "failures": ["model", "failure_mode", "sample"],
    "queries": ["behaviour", "query", "logprob", "model"],
    "logprobs": ["text", "token_logprobs", "label", "means", "spreads", "model"],
    "quiz": ["item", "placement", "answer", "model"],
    "wide quiz": ["item", "bdq_results", "bcq_results_for_position_b", "bcq_results_for_position_c"],
    "items": ["id", "question", "choices", "target", "cluster"],
    "lettered": ["question", "A", "B", "C", "answer"],
    "texts": ["text", "item", "set"],
}
READERS: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "evidence": (read, [*HEADERS][:10]),
    "quizzes": (lambda path: read_quizzes([path]), ["quiz", "wide quiz"]),
    "item sets": (read_item_set, ["items", "lettered"]),
    "texts": (read_texts, ["texts", "items"]),
    "members": (read_members, ["logprobs"]),
    "token logprobs": (read_token_logprobs, ["logprobs"]),
}
# What people and machines write where something else is due, each of it once the end of a reader.
WORDS = [
    "",
    " ",
    "m1",
    "m2",
    "tie",
    "model_a",
    "B",
    "none",
    "0",
    "1",
    "-1",
    "0.5",
    "1.0",
    "²",
    "ß",
    "١",
    "1e30",
    "1e308",
    "nan",
]
WORDS += [
    "inf",
    "9" * 30,
    "9" * 400,
    "[1, 2]",
    '["x", "y"]',
    '{"text": ["x"]}',
    "[" * 300,
    "true",
    "yes",
    "\x00",
    "\ud800",
    "\u2212 1",
]
WORDS += ["2024-01-01", "=1+1", "-0.5", "[-0.5, -2]", "[-1e400]", '[null, "x"]']
CELLS = st.sampled_from(WORDS) | st.text(max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(2**62, 2**70) | st.floats() | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def csv_of(columns: list[str], rows: list[list[str]]) -> bytes:
    lines = [columns, *rows]
    quoted = (",".join('"' + str(cell).replace('"', '""') + '"' for cell in line) for line in lines)
    return "\n".join(quoted).encode("utf-8", "surrogatepass")


@st.composite
def files(draw: st.DrawFn, headers: list[str]) -> tuple[str, bytes]:
    """A suffix and the bytes of a table: one of the kind with any cells, its bytes then cut or flipped, or any."""
    columns = list(HEADERS[draw(st.sampled_from(headers))])
    columns += draw(
        st.lists(st.sampled_from(["Item", " model", "Winner", "extra", "\0row", "", columns[0]]), max_size=1)
    )
    width = len(columns)
    if draw(st.booleans()):
        suffix, data = (
            ".csv",
            csv_of(columns, draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=4))),
        )
    else:
        rows = draw(st.lists(st.lists(VALUES, min_size=width, max_size=width), min_size=1, max_size=4))
        suffix = ".jsonl"
        data = "\n".join(json.dumps(dict(zip(columns, row, strict=True))) for row in rows).encode()
    harm = draw(st.sampled_from(["none", "none", "cut", "flip", "any"]))
    if harm == "cut":
        data = data[: draw(st.integers(0, len(data)))]
    elif harm == "flip" and data:
        place = draw(st.integers(0, len(data) - 1))
        data = data[:place] + bytes([draw(st.integers(0, 255))]) + data[place + 1 :]
    elif harm == "any":
        data = draw(st.binary(max_size=200))
    return draw(st.sampled_from([suffix, suffix, suffix, ".parquet", ".tsv", ".txt"])), data


def survives(reader: Callable[[Path], object], path: Path) -> None:
    begun = time.process_time()
    said = "read"
    try:
        reader(path)
    except InputError as error:
        said = str(error)
    # Names of columns may hold line ends, which are taken out where it is shown; all that Polars says is not repeated.
    assert "\n\n" not in said
    assert 0 < len(said) < 3000
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("name", READERS)
def test_any_table_of_evidence_is_read_or_refused(tmp_path_factory, name):
    reader, headers = READERS[name]
    folder = tmp_path_factory.mktemp("any")

    @hypothesis.settings(max_examples=EXAMPLES)
    @given(files(headers))
    def check(made):
        suffix, data = made
        path = folder / f"file{suffix}"
        path.write_bytes(data)
        survives(reader, path)

    check()


@hypothesis.settings(max_examples=EXAMPLES)
@given(st.binary(max_size=300), st.integers(0, len(TEMPLATE)), st.integers(0, 60))
def test_any_bytes_in_a_claim_card_are_read_or_refused(tmp_path_factory, data, place, cut):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    for content in (data, TEMPLATE[:place].encode() + data + TEMPLATE[place + cut :].encode()):
        path.write_bytes(content)
        survives(read_claim_card, path)


@hypothesis.settings(max_examples=EXAMPLES)
@given(files(["texts"]))
def test_any_bytes_in_a_corpus_are_read_or_refused(tmp_path_factory, made):
    suffix, data = made
    items = tmp_path_factory.getbasetemp() / "items.csv"
    items.write_text("text\nhow many hens does the farmer have in the yard\n", encoding="utf-8")
    path = items.with_name(f"corpus{suffix}")
    path.write_bytes(data)
    texts = read_texts(items)
    survives(lambda corpus: overlap_with_corpus(texts, corpus), path)
