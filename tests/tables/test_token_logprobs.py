"""Log-probabilities of tokens."""

from __future__ import annotations

import json

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.readers.evidence.token_logprobs import is_token_logprobs, read_members, token_logprobs_of
from measurand.tables.token_logprobs import TokenLogprobs

ROWS = {"text": ["a b c", "d e"], "logprobs": [[-1.0, -2.0, -0.5], [-3.0, -0.1]], "member": [True, False]}


def table(**changed):
    return pl.DataFrame({**ROWS, **changed})


def test_a_first_token_without_a_log_probability_is_no_token():
    means = [[0.0, -3.0, -3.0], [-2.0, -2.0]]
    found = TokenLogprobs.build(table(logprobs=[[None, -2.0, -0.5], [-3.0, -0.1]], means=means)).frame
    assert found["logprobs"].to_list() == [[-2.0, -0.5], [-3.0, -0.1]]
    assert found["means"].to_list() == [[-3.0, -3.0], [-2.0, -2.0]]
    assert found["spreads"].null_count() == 2


def test_texts_without_log_probabilities_are_left_out_with_a_note():
    found = TokenLogprobs.build(table(logprobs=[[], [-3.0, -0.1]]))
    assert found.frame["item"].to_list() == ["2"]
    assert found.notes == ("1 text without log-probabilities left out (first: 1)",)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"logprobs": [[0.4, -1.0], [-1.0]]},
            "item '1': each of logprobs should be a finite number up to 0, a natural",
        ),
        ({"logprobs": [[-1.0, None], [-1.0]]}, "each of logprobs should be .* got None"),
        ({"logprobs": [[-1.0, float("-inf")], [-1.0]]}, "got -inf"),
        ({"logprobs": [None, None]}, "missing for every text"),
        ({"logprobs": ["x", "y"]}, "should be lists of numbers"),
        ({"means": [[-1.0], [-1.0, -1.0]]}, "item '1' has 1 means for 3 logprobs"),
        ({"spreads": [[1.0, 0.0, 1.0], [1.0, 1.0]]}, "each of spreads should be a number above 0, got 0.0"),
        ({"text": ["a", " "]}, "item '2' has no text"),
        ({"item": ["x", "x"]}, "item 'x' of 'model' is there more than once"),
    ],
)
def test_what_cannot_be(changed, message):
    with pytest.raises(InputError, match=message):
        TokenLogprobs.build(table(**changed))


def test_missing_columns_and_rows():
    with pytest.raises(InputError, match="logprobs not found among text"):
        TokenLogprobs.build(pl.DataFrame({"text": ["a"]}))
    with pytest.raises(InputError, match="at least one text"):
        TokenLogprobs.build(table().clear())


def test_tables_as_people_keep_them_are_read():
    frame = pl.DataFrame(
        {
            "Model": ["m", "m"],
            "id": [7, 8],
            "input": ["a b", "c"],
            "label": [1, 0],
            "token_logprobs": ["[null, -1.5]", "[-0.5]"],
            "mu": ["[0, -2.0]", "[-1.0]"],
            "sigma": ["[1, 0.5]", "[1.0]"],
        }
    )
    assert is_token_logprobs(frame.columns)
    assert token_logprobs_of(frame).frame.rows() == [
        ("m", "7", "a b", True, [-1.5], [-2.0], [0.5], None, None, False),
        ("m", "8", "c", False, [-0.5], [-1.0], [1.0], None, None, False),
    ]
    with pytest.raises(InputError, match=r"row 1: label should be 1 .* got 'perhaps'"):
        token_logprobs_of(pl.DataFrame({"text": ["a"], "logprobs": [[-1.0]], "label": ["perhaps"]}))
    with pytest.raises(InputError, match=r"row 1: logprobs should be a list of numbers .* got '\[-1, x'"):
        token_logprobs_of(pl.DataFrame({"text": ["a"], "logprobs": ["[-1, x"]}))
    with pytest.raises(InputError, match="a column of texts and one of logprobs"):
        token_logprobs_of(pl.DataFrame({"logprobs": [[-1.0]]}))


def test_a_span_is_the_tokens_from_its_start_on_and_the_whole_text_without_one():
    rows = table(logprobs=[[None, -2.0, -0.5], [-3.0, -0.1]], answer=["c", None], start=[2, None])
    found = TokenLogprobs.build(rows)
    # The first token had no log-probability and is gone, so that the start moved.
    assert found.frame["start"].to_list() == [1, None]
    assert found.spans["logprobs"].to_list() == [[-0.5], [-3.0, -0.1]]
    assert found.spans["span"].to_list() == ["c", "d e"]
    assert found.spans["means"].to_list() == [None, None]


def test_means_and_spreads_are_cut_with_the_log_probabilities():
    lists = {"means": [[0.0, -3.0, -3.5], [-2.0, -2.0]], "spreads": [[1.0, 0.5, 0.4], [1.0, 2.0]]}
    spans = TokenLogprobs.build(table(answer=["b c", "e"], start=[1, 1], **lists)).spans
    assert spans["means"].to_list() == [[-3.0, -3.5], [-2.0]]
    assert spans["spreads"].to_list() == [[0.5, 0.4], [2.0]]


def test_log_probabilities_may_be_those_of_the_answer_alone():
    spans = TokenLogprobs.build(table(answer=["b c", "e"])).spans
    assert spans["logprobs"].to_list() == ROWS["logprobs"]
    assert spans["span"].to_list() == ["b c", "e"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"start": [1, None]}, "item '1' has a start and no answer"),
        (
            {"start": [3, None], "answer": ["c", None]},
            "item '1': start should be a place among 3 tokens, from 0, got 3",
        ),
        ({"start": [-1, None], "answer": ["c", None]}, "from 0, got -1"),
        ({"answer": ["x", None]}, "item '1': answer should be a part of its text, got 'x'"),
        ({"answer": [None, "  "]}, "item '2': answer should be a part of its text"),
    ],
)
def test_spans_that_make_no_sense_are_refused(changed, message):
    with pytest.raises(InputError, match=message):
        TokenLogprobs.build(table(**changed))


def test_spans_of_a_table_are_read_by_their_start():
    frame = pl.DataFrame({"prompt": ["q a"], "completion": ["a"], "start": ["1"], "logprobs": ["[-1, -2]"]})
    assert token_logprobs_of(frame).spans["logprobs"].to_list() == [[-2.0]]
    # An answer beside log-probabilities of another text is no span.
    logged = pl.DataFrame({"prompt": ["q"], "answer": ["B"], "logprobs": ["[-1, -2]"]})
    assert token_logprobs_of(logged).frame["answer"].to_list() == [None]
    with pytest.raises(InputError, match="row 1: start should be the place of a token, from 0, got 'x'"):
        token_logprobs_of(frame.with_columns(start=pl.lit("x")))


def test_texts_questions_and_item_sets_are_read_with_who_is_a_member(tmp_path):
    whole, asked, items = (tmp_path / name for name in ("whole.csv", "asked.csv", "items.jsonl"))
    whole.write_text("text,member\na b,1\nc,0\n")
    asked.write_text("question,answer,member\n2 + 2?,4,1\n3 + 3?,6,0\n")
    rows = [{"question": "2 + 2?", "choices": ["5", "4"], "answer": "B", "member": True}]
    items.write_text("\n".join(map(json.dumps, rows)))
    assert read_members(whole) == (["a b", "c"], [True, False], [])
    assert read_members(asked) == (["2 + 2?", "3 + 3?"], [True, False], ["4", "6"])
    assert read_members(items) == (["2 + 2?"], [True], ["4"])
    asked.write_text("question,answer,member\n2 + 2?,,1\n")
    with pytest.raises(InputError, match="should be the answer to the question, got nothing"):
        read_members(asked)


def test_a_control_is_one_model_by_its_name():
    both = pl.concat([table(), table()]).with_columns(model=pl.Series(["m", "m", "base", "base"]))
    assert TokenLogprobs.build(both).control is None
    assert TokenLogprobs.build(both.with_columns(control=pl.col("model") == "base")).control == "base"
    with pytest.raises(InputError, match=r"one model should be the control, got 2 \(base, m\)"):
        TokenLogprobs.build(both.with_columns(control=pl.lit(value=True)))
