"""What documents hold of a benchmark's items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from measurand.errors import InputError
from measurand.results import Brief

__all__ = ["ITEM_SCHEMA", "MATCH_SCHEMA", "Against", "Overlaps", "closest_first"]

Against = Literal["corpus", "pool", "itself"]

ITEM_SCHEMA: dict[str, pl.DataType] = {
    "benchmark": pl.String(),
    "item": pl.String(),
    "text": pl.String(),
    "words": pl.Int64(),
    "own_words": pl.Int64(),
    "value_words": pl.Int64(),
    "runs_13": pl.Int64(),
    "runs_8": pl.Int64(),
    "documents": pl.Int64(),
}
"""One row per item: its words, those that no other item shares with it, its numbers and names, its distinct runs of 13
and of 8 words, and the documents that hold one of these."""

MATCH_SCHEMA: dict[str, pl.DataType] = {
    "benchmark": pl.String(),
    "item": pl.String(),
    "document": pl.String(),
    "share_13": pl.Float64(),
    "share_8": pl.Float64(),
    "similarity": pl.Float64(),
    "own": pl.Float64(),
    "values": pl.Float64(),
    "passage": pl.String(),
}
"""One row per item and document: the share of the item's runs that stand in it (null without a run), the share of its
words that stand in the passage in the same order, the same of the words that no other item shares with it and of its
numbers and names (null where there are none), and that passage."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Overlaps(Brief):
    """Items held against documents.

    Parameters
    ----------
    items : columns `ITEM_SCHEMA`.
    matches : columns `MATCH_SCHEMA`; of an item's documents, those that hold most of it.
    against : whether the documents are a corpus, a pool of few-shot examples, or the other items.
    source : what the documents are called.
    documents, words : how many were looked at.
    familiar : share of the documents (of a sample) in the script that the items are written in.
    notes : what could not be read.
    """

    items: pl.DataFrame
    matches: pl.DataFrame
    against: Against
    source: str
    documents: int
    words: int
    familiar: float
    notes: tuple[str, ...] = ()

    @classmethod
    def build(
        cls,
        items: pl.DataFrame,
        matches: pl.DataFrame,
        *,
        against: Against = "corpus",
        source: str = "the corpus",
        documents: int,
        words: int = 0,
        familiar: float = 1.0,
        notes: tuple[str, ...] = (),
    ) -> Overlaps:
        """Validate what was found.

        Raises
        ------
        InputError
            A missing column, no items, no documents, a share outside [0, 1], or a match of an item that is not there.

        Examples
        --------
        >>> items = pl.DataFrame({"benchmark": "b", "item": "1", "text": "?", "words": 20, "own_words": 20,
        ...                       "value_words": 0, "runs_13": 8, "runs_8": 13, "documents": 0})
        >>> Overlaps.build(items, pl.DataFrame(schema=MATCH_SCHEMA), documents=3).matches.height
        0
        """
        items, matches = (_checked(frame, schema) for frame, schema in ((items, ITEM_SCHEMA), (matches, MATCH_SCHEMA)))
        if items.is_empty():
            raise InputError("no items: there should be at least one item to look for")
        # Without one, "found nowhere" would be said of a search that did not take place.
        if documents < 1:
            raise InputError(f"{source} holds no document; there should be at least one to look in")
        for name in ("share_13", "share_8", "similarity", "own", "values"):
            wrong = matches.filter((pl.col(name) < 0) | (pl.col(name) > 1) | pl.col(name).is_nan())
            if wrong.height:
                raise InputError(f"{name} should be in [0, 1], got {wrong[name][0]} for item {wrong['item'][0]!r}")
        strange = matches.join(items, on=["benchmark", "item"], how="anti")
        if strange.height:
            raise InputError(f"a match of item {strange['item'][0]!r}, which is none of the {items.height} items")
        return cls(
            items=items,
            matches=matches,
            against=against,
            source=source,
            documents=documents,
            words=words,
            familiar=familiar,
            notes=notes,
        )


def closest_first(matches: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Matches by item, the document first that holds most of it, the earliest first among equals.

    What counts is how much of the words that tell an item from others is there: a document with an item of the same
    template, or on the same passage, comes behind one with the item itself.

    Parameters
    ----------
    keys : the columns that say which item it is.
    """
    telling = pl.min_horizontal("own", "values").fill_null(1.0)
    order = [pl.col(name) * telling for name in ("share_8", "similarity", "share_13")]
    descending = [*(False for _ in keys), *(True for _ in order)]
    return matches.sort(*keys, *order, descending=descending, nulls_last=True, maintain_order=True)


def _checked(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    missing = [name for name in schema if name not in frame.columns]
    if missing:
        raise InputError(f"{', '.join(missing)} not found among the columns {', '.join(frame.columns)}")
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
