"""What documents hold of items."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.tables.overlaps import MATCH_SCHEMA, Overlaps

ITEMS = pl.DataFrame(
    {
        "benchmark": "b",
        "item": ["1"],
        "text": "?",
        "words": 20,
        "own_words": 18,
        "value_words": 2,
        "runs_13": 8,
        "runs_8": 13,
        "documents": 1,
    }
)
MATCHES = pl.DataFrame(
    {
        "benchmark": ["b"],
        "item": "1",
        "document": "d",
        "share_13": 0.5,
        "share_8": 0.5,
        "similarity": 0.6,
        "own": 0.6,
        "values": 0.5,
        "passage": "...",
    }
)


def test_what_was_found_is_kept():
    found = Overlaps.build(ITEMS, MATCHES, documents=2, source="pile")
    assert found.matches.columns == list(MATCH_SCHEMA)
    assert (found.source, found.documents, found.against) == ("pile", 2, "corpus")


@pytest.mark.parametrize(
    ("items", "matches", "documents", "message"),
    [
        (ITEMS.drop("words"), MATCHES, 2, "^words not found"),
        (ITEMS.clear(), MATCHES.clear(), 2, "no items"),
        (ITEMS, MATCHES, 0, "holds no document"),
        (ITEMS, MATCHES.with_columns(similarity=pl.lit(1.2)), 2, r"similarity should be in \[0, 1\], got 1.2"),
        (ITEMS, MATCHES.with_columns(share_8=pl.lit(float("nan"))), 2, "share_8 should be"),
        (ITEMS, MATCHES.with_columns(item=pl.lit("9")), 2, "item '9', which is none of the 1 items"),
    ],
)
def test_what_cannot_be(items, matches, documents, message):
    with pytest.raises(InputError, match=message):
        Overlaps.build(items, matches, documents=documents)
