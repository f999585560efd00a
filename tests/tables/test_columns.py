"""Columns brought to a schema, and rows refused."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.tables._columns import conform, refuse

SCHEMA = {"name": pl.String(), "size": pl.Float64(), "kept": pl.Boolean()}


def test_columns_come_in_order_with_defaults_in_empty_cells_and_others_dropped():
    frame = pl.DataFrame({"size": [1, 2], "kept": [None, True], "other": [0, 0]})
    found = conform(frame, SCHEMA, ["size"], "things", {"kept": False})
    assert found.columns == list(SCHEMA)
    assert found.rows() == [(None, 1.0, False), (None, 2.0, True)]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"name": ["a"]}, "things should have the columns size; size not found among name"),
        ({"size": []}, "no things: there should be at least one row"),
        ({"size": ["much"]}, "things: a column does not hold what it should: .*much"),
        ({"size": [1.0, None]}, "row 2: size should be there in every row, got None"),
    ],
)
def test_what_does_not_conform_is_said(frame, message):
    with pytest.raises(InputError, match=message):
        conform(pl.DataFrame(frame), SCHEMA, ["size"], "things")


def test_an_undefined_condition_refuses_nothing():
    refuse(pl.DataFrame({"size": [1.0, None]}), pl.col("size") < 0, "size", "at least 0")
    with pytest.raises(InputError, match=r"row 1: size should be at least 2, got 1\.0 \(1 such row\)"):
        refuse(pl.DataFrame({"size": [1.0, None]}), pl.col("size") < 2, "size", "at least 2")
