"""Scores of probes: what is filled in, and what is refused with the value that was found."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.tables import ProbeScores

ROWS = pl.DataFrame({"prompt": ["a", "b"], "layer": [3, 3], "score": [0.5, 1.0], "label": [True, False]})


def test_what_is_not_said_is_filled_in():
    frame = ProbeScores.build(ROWS).frame
    assert frame.row(0) == ("model", None, "probe", "test", "a", None, 3, 0.5, True)


def test_a_prompt_may_be_there_once_for_each_model_control_kind_and_layer():
    parts = [
        ROWS,
        ROWS.with_columns(layer=pl.lit(4)),
        ROWS.with_columns(kind=pl.lit("norm")),
        ROWS.with_columns(control=pl.lit("base")),
        ROWS.with_columns(model=pl.lit("other")),
    ]
    assert ProbeScores.build(pl.concat(parts, how="diagonal_relaxed")).frame.height == 10


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"score": pl.lit(float("inf"))}, "score should be a finite number, got inf"),
        ({"kind": pl.lit("guess")}, "kind should be one of probe, norm, length, random, trigger, got 'guess'"),
        ({"split": pl.lit("train")}, "split should be choose or test, got 'train'"),
        ({"prompt": pl.lit("a")}, "prompt 'a' of 'model' is there more than once for probe, layer 3"),
        ({"label": pl.lit(None, dtype=pl.Boolean)}, "label should be there in every row"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    with pytest.raises(InputError, match=message):
        ProbeScores.build(ROWS.with_columns(**changed))
