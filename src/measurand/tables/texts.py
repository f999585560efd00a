"""Texts of items: what was asked, benchmark by benchmark."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError
from measurand.results import Brief
from measurand.tables.groups import DECLARED, INDEPENDENT, group_column

__all__ = ["TEXT_COLUMNS", "Texts", "script"]

TEXT_COLUMNS = ("benchmark", "item", "text", "cluster")
_LETTERS = 2000
"""Letters of a text by which its script is told."""


@dataclass(frozen=True, eq=False, repr=False)
class Texts(Brief):
    """One row per item.

    Parameters
    ----------
    frame : columns `TEXT_COLUMNS`, all strings, none null but the cluster: texts that share a passage, a topic or a
        template have the same one, and one without is a group of its own; all null where nothing says what goes
        together.
    notes : what was left out on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = (), *, cluster: str | None = None) -> Texts:
        """Validate texts; an item without any text is left out, with a note.

        Parameters
        ----------
        frame : column ``text``; ``item`` (by default the row's number) and ``benchmark`` (by default "items") where
            known. Of further columns, one says which texts go together; the others are ignored.
        cluster : the column that says it; ``"none"``: each text stands alone. By default a column called ``cluster``,
            or one of a name such as ``passage`` or ``topic`` whose values several texts share.

        Raises
        ------
        InputError
            No column of texts, no text at all, or two texts for one item.
        UnknownName
            No column of the name given.

        Examples
        --------
        >>> texts = Texts.build(pl.DataFrame({"text": ["How many hens?", " "]}))
        >>> texts.frame.rows(), texts.notes
        ([('items', '1', 'How many hens?', None)], ('1 item without text left out (first: 2)',))
        """
        if "text" not in frame.columns:
            raise InputError(f"texts should have a column text; found {', '.join(frame.columns) or 'no column'}")
        numbered = frame.with_row_index("_row", 1)
        item = _named(numbered, "item", pl.col("_row"))
        key = None if cluster == INDEPENDENT else group_column(frame, cluster)
        if key is not None and key != DECLARED:
            notes = (*notes, f"texts with equal {key!r} are one group")
        alone = item if cluster == INDEPENDENT else pl.lit(None, dtype=pl.String)
        group = alone if key is None else pl.col(key).cast(pl.String)
        found = numbered.select(
            _named(numbered, "benchmark", pl.lit("items")), item, pl.col("text"), group.alias(DECLARED)
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

    def groups(self, benchmark: str) -> npt.NDArray[np.int64] | None:
        """Number of the group that each text of a benchmark is in, shape (texts,); None where none is known.

        Examples
        --------
        >>> frame = pl.DataFrame({"text": ["a", "b", "c", "d"], "passage": ["p", "q", None, "p"]})
        >>> Texts.build(frame, cluster="passage").groups("items").tolist()
        [0, 1, 2, 0]
        """
        own = self.frame.filter(pl.col("benchmark") == benchmark)
        if own[DECLARED].null_count() == own.height:
            return None
        # A text without a group is one by itself; the letters keep its name apart from those of groups.
        key = pl.coalesce("g" + pl.col(DECLARED), "i" + pl.col("item"))
        codes: npt.NDArray[np.int64] = np.unique(own.select(key).to_series().to_list(), return_inverse=True)[1]
        return codes.astype(np.int64)


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
    letters: Counter[str] = Counter()
    for text in texts:
        letters.update(text[:_LETTERS])
    seen: Counter[str] = Counter()
    for letter, count in letters.items():
        if letter.isalpha():
            seen[_script(letter)] += count
    return seen.most_common(1)[0][0] if seen else None


@cache
def _script(character: str) -> str:
    if character.isascii():
        return "Latin"
    name = unicodedata.name(character, "unknown").split()[0].title()
    # Japanese and Chinese share characters: whoever reads one finds words of the other.
    return {"Cjk": "Han", "Hiragana": "Han", "Katakana": "Han", "Fullwidth": "Latin"}.get(name, name)
