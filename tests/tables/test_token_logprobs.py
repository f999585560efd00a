"""Log-probabilities of tokens."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.readers.evidence.token_logprobs import is_token_logprobs, token_logprobs_of
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
        ("m", "7", "a b", True, [-1.5], [-2.0], [0.5]),
        ("m", "8", "c", False, [-0.5], [-1.0], [1.0]),
    ]
    with pytest.raises(InputError, match=r"row 1: label should be 1 .* got 'perhaps'"):
        token_logprobs_of(pl.DataFrame({"text": ["a"], "logprobs": [[-1.0]], "label": ["perhaps"]}))
    with pytest.raises(InputError, match=r"row 1: logprobs should be a list of numbers .* got '\[-1, x'"):
        token_logprobs_of(pl.DataFrame({"text": ["a"], "logprobs": ["[-1, x"]}))
    with pytest.raises(InputError, match="a column of texts and one of logprobs"):
        token_logprobs_of(pl.DataFrame({"logprobs": [[-1.0]]}))
