"""Texts of items: what was asked, benchmark by benchmark."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import polars as pl

from measurand.errors import InputError
from measurand.results import Brief

__all__ = ["TEXT_COLUMNS", "Texts", "script"]

TEXT_COLUMNS = ("benchmark", "item", "text")
_LETTERS = 2000
"""Letters of a text by which its script is told."""


@dataclass(frozen=True, eq=False, repr=False)
class Texts(Brief):
    """One row per item.

    Parameters
    ----------
    frame : columns `TEXT_COLUMNS`, all strings, none null.
    notes : what was left out on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> Texts:
        """Validate texts; an item without any text is left out, with a note.

        Parameters
        ----------
        frame : column ``text``; ``item`` (by default the row's number) and ``benchmark`` (by default "items") where
            known. Further columns are ignored.

        Raises
        ------
        InputError
            No column of texts, no text at all, or two texts for one item.

        Examples
        --------
        >>> texts = Texts.build(pl.DataFrame({"text": ["How many hens?", " "]}))
        >>> texts.frame.rows(), texts.notes
        ([('items', '1', 'How many hens?')], ('1 item without text left out (first: 2)',))
        """
        if "text" not in frame.columns:
            raise InputError(f"texts should have a column text; found {', '.join(frame.columns) or 'no column'}")
        found = frame.with_row_index("_row", 1).select(
            _named(frame, "benchmark", pl.lit("items")), _named(frame, "item", pl.col("_row")), pl.col("text")
        )
        if found["text"].dtype not in (pl.String, pl.Null):
            raise InputError(f"texts should be text, got a column of {found['text'].dtype}")
        empty = found["text"].is_null() | (found["text"].cast(pl.String).str.strip_chars() == "")
        # Some empty texts are the data's, all of them are a wrong column.
        if empty.all():
            raise InputError(f"every text is empty ({found.height} rows); there should be at least one text")
        if empty.any():
            count, first = int(empty.sum()), found["item"][int(empty.arg_true()[0])]
            notes = (*notes, f"{count:,} item{'s' * (count > 1)} without text left out (first: {first})")
            found = found.filter(~empty)
        repeated = found.filter(pl.struct("benchmark", "item").is_duplicated())
        if repeated.height:
            benchmark, item = repeated.row(0)[:2]
            count = repeated.filter(pl.col("benchmark") == benchmark, pl.col("item") == item).height
            raise InputError(
                f"item {item!r} of {benchmark!r} has {count} texts; every item of a benchmark should have one"
            )
        return cls(found, notes)

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Names of the benchmarks, in the order of their first item."""
        return tuple(self.frame["benchmark"].unique(maintain_order=True))

    def of(self, benchmark: str) -> list[str]:
        """Texts of one benchmark's items."""
        return self.frame.filter(pl.col("benchmark") == benchmark)["text"].to_list()


def _named(frame: pl.DataFrame, name: str, otherwise: pl.Expr) -> pl.Expr:
    given = pl.col(name).cast(pl.String).fill_null(otherwise.cast(pl.String)) if name in frame.columns else otherwise
    return given.cast(pl.String).alias(name)


def script(texts: Iterable[str]) -> str | None:
    """The script most letters of the texts are in, by its Unicode name; None where there is no letter.

    Examples
    --------
    >>> script(["How many hens?"]), script(["Сколько кур?"]), script(["2 + 2"])
    ('Latin', 'Cyrillic', None)
    """
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(_script(character) for character in text[:_LETTERS] if character.isalpha())
    return seen.most_common(1)[0][0] if seen else None


@cache
def _script(character: str) -> str:
    if character.isascii():
        return "Latin"
    name = unicodedata.name(character, "unknown").split()[0].title()
    # Japanese and Chinese share characters: whoever reads one finds words of the other.
    return {"Cjk": "Han", "Hiragana": "Han", "Katakana": "Han", "Fullwidth": "Latin"}.get(name, name)
