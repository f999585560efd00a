"""Scores under noise: what is filled in, and what is refused with the value that was found."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.tables import Degradation

ROWS = pl.DataFrame({"sigma": [0.0, 0.01, 0.01], "seed": [0, 1, 2], "item": ["a", "a", "a"], "score": [1.0, 0.0, 0.5]})


def test_what_is_not_said_is_filled_in_and_types_are_settled():
    frame = Degradation.build(ROWS, ("a note",)).frame
    assert frame["model"].unique().to_list() == ["model"]
    assert frame["noise"].unique().to_list() == ["absolute"]
    assert frame["chance"].null_count() == 3
    assert frame.schema["item"] == pl.String
    assert frame.select("sigma", "seed", "score").rows() == [(0.0, 0, 1.0), (0.01, 1, 0.0), (0.01, 2, 0.5)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sigma": pl.lit(-1.0)}, r"row 1: sigma should be at least 0 and finite, got -1\.0 \(3 such rows\)"),
        ({"sigma": pl.lit(float("nan"))}, "sigma should be at least 0 and finite, got nan"),
        ({"score": pl.lit(1.5)}, r"score should be from 0 to 1, got 1\.5"),
        ({"chance": pl.lit(25.0)}, r"chance should be from 0 to 1, got 25\.0"),
        ({"noise": pl.lit("loud")}, "noise should be absolute or relative, got 'loud'"),
        ({"seed": pl.lit(1)}, r"item 'a' of 'model' is there more than once at sigma 0\.01, seed 1"),
        ({"sigma": pl.lit(0.01)}, r"no score of 'model' on 'items' as it is: .* sigma 0 beside those from 0\.01"),
        ({"item": pl.lit(None, dtype=pl.String)}, "item should be there in every row"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    with pytest.raises(InputError, match=message):
        Degradation.build(ROWS.with_columns(**changed))


def test_every_model_has_a_score_without_noise():
    other = ROWS.filter(pl.col("sigma") > 0).with_columns(model=pl.lit("b"))
    with pytest.raises(InputError, match="no score of 'b' on 'items' as it is"):
        Degradation.build(pl.concat([ROWS.with_columns(model=pl.lit("a")), other]))
