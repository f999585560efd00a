"""Items looked for in documents: shared runs of words, and passages that hold most of an item's words in order."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from measurand.stats.texts.ngrams import RunIndex, Words, common_subsequence, hashed_words, run_hashes

__all__ = ["LEAST_WORDS", "LONG", "SHORT", "ItemIndex", "Passages", "find_passages", "missing_by_chance"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

LONG, SHORT = 13, 8
"""Words in the runs that are counted: 13 (Brown et al. 2020, GPT-3) and 8 (Chowdhery et al. 2022, PaLM)."""
LEAST_WORDS = SHORT
"""Words an item needs so that a match says anything."""

_SEED = 5
"""Words in a run that points to an item; a run of 8 holds four of them."""
_LEAST_SEEDS = 3
"""Such runs that a passage has to share with an item, in its order, to be compared with it."""
_LEAST_SIMILARITY = 0.5
"""Share of an item's words below which a passage without a run of eight of them is none of it."""
_MOST_POINTED = 20
"""A run of five words that more items share than this points to none of them."""
_TEMPLATE_SHARE, _LEAST_TEMPLATE = 0.05, 10
"""Runs of 8 or 13 words that more than this share of the items have (and more than this many) are the template."""
_VALUE = re.compile(r"\w*\d\w*|\w*_\w*|[^\W\d_]+")
"""What may be a number, an identifier or a name."""
_BEGINS = frozenset('.!?:;"\u201c\u2018(\n')
"""What a word stands behind that has a capital letter for its place alone."""


@dataclass(frozen=True, eq=False)
class ItemIndex:
    """Items made ready to be looked for.

    Parameters
    ----------
    words : their words.
    seeds : runs of five words that point to items.
    runs : for each length, the hashes of each item's distinct runs without those of the template, and where each
        item's begin, shapes (runs,) and (items + 1,).
    own : which words tell an item from others of its kind: those in no run of five words that another item has, of a
        passage that items share or of a template; shape (words,).
    values : which are numbers, identifiers or names, shape (words,).
    """

    words: Words
    seeds: RunIndex
    runs: dict[int, tuple[Hashes, Ints]]
    own: Bools
    values: Bools

    @classmethod
    def of(cls, texts: Sequence[str]) -> ItemIndex:
        """Index items by their texts.

        Examples
        --------
        >>> index = ItemIndex.of(["one two three four five six seven eight nine"])
        >>> index.counted(8).tolist(), index.counted(13).tolist()
        ([2], [0])
        """
        words = hashed_words(texts)
        shared = max(_LEAST_TEMPLATE, int(_TEMPLATE_SHARE * len(texts)))
        runs = {n: _by_item(RunIndex.of(words, n, shared), len(texts)) for n in (LONG, SHORT)}
        seeds = RunIndex.of(words, _SEED, _MOST_POINTED)
        return cls(words, seeds, runs, ~_shared(words, _SEED, 1), _values(texts, words))

    def counted(self, n: int) -> Ints:
        """Distinct runs of n words that each item has for itself, shape (items,)."""
        return np.diff(self.runs[n][1])

    def among(self, which: Bools) -> Ints:
        """How many of each item's words are among these, shape (items,)."""
        held: Ints = np.diff(np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(which)])[self.words.first])
        return held

    def item(self, place: int, without: Bools | None = None) -> list[int]:
        """Hashes of an item's words, or of those that are left without some."""
        words = slice(self.words.first[place], self.words.first[place + 1])
        hashes = self.words.hashes[words]
        found: list[int] = (hashes if without is None else hashes[~without[words]]).tolist()
        return found


def _shared(words: Words, n: int, most: int) -> Bools:
    """Which words are in a run of n words that more than so many texts hold."""
    index = RunIndex.of(words, n, len(words.counts))
    common = index.keys[np.diff(index.first) > most]
    hashes = run_hashes(words.hashes, n)
    text = np.repeat(np.arange(len(words.counts)), words.counts)[: len(hashes)]
    inside = np.arange(len(hashes)) + n <= words.first[text + 1]
    begins = np.flatnonzero(inside & np.isin(hashes, common))
    # One more run is open at each place where one begins, one fewer behind its end.
    change = np.zeros(len(words.hashes) + 1, dtype=np.int64)
    np.add.at(change, begins, 1)
    np.add.at(change, begins + n, -1)
    return np.cumsum(change)[:-1] > 0


def _values(texts: Sequence[str], words: Words) -> Bools:
    """Which words of texts are numbers, identifiers, or have a capital letter where no sentence begins."""
    held = hashed_words([" ".join(_values_of(text)) for text in texts])
    sought, found = (each.hashes + _salt(np.repeat(np.arange(len(texts)), each.counts)) for each in (words, held))
    result: Bools = np.isin(sought, found)
    return result


def _values_of(text: str) -> Iterator[str]:
    for match in _VALUE.finditer(text):
        word = match[0]
        written = any(character == "_" or character.isdigit() or character.isupper() for character in word[1:])
        before = text[max(0, match.start() - 9) : match.start()].rstrip(" \t")
        if written or word[0].isdigit() or (word[0].isupper() and before and before[-1] not in _BEGINS):
            yield word


def _by_item(index: RunIndex, items: int) -> tuple[Hashes, Ints]:
    hashes = np.repeat(index.keys, np.diff(index.first))
    order = np.argsort(index.owner, kind="stable")
    first = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(index.owner, minlength=items))])
    return hashes[order], first.astype(np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Passages:
    """Where documents hold something of items: one entry per item and document, of shape (passages,).

    Parameters
    ----------
    item, document : their numbers.
    long, short : how many of the item's runs of 13 and of 8 words stand in the document.
    similarity : share of the item's words that stand in the passage in the same order.
    own, values : the same of the words that the item has for itself, and of its numbers and names (`ItemIndex`); NaN
        where it has none.
    start, end : the passage, as places in `words`.
    words : the words of all documents.
    """

    item: Ints
    document: Ints
    long: Ints
    short: Ints
    similarity: Floats
    own: Floats
    values: Floats
    start: Ints
    end: Ints
    words: Words

    def passage(self, place: int) -> str:
        """The words of a passage."""
        return self.words.shown(int(self.start[place]), int(self.end[place]))


def find_passages(index: ItemIndex, documents: Sequence[str], own: Ints | None = None) -> Passages:
    """Look for items in documents.

    A document is compared with an item where it shares three runs of five words with it, in its order and about as far
    apart; what is left of that holds one of its runs of eight words, or half of its words in order. So a shared run of
    eight words is always found, unless it is made of phrases that more than 20 items share.

    Parameters
    ----------
    index : the items.
    documents : texts; results of several calls add up.
    own : number of the item that each document itself is, which is not compared with it; -1 for none.

    Examples
    --------
    >>> item = "a farmer has nine red hens and sells four of them how many hens are left"
    >>> found = find_passages(ItemIndex.of([item]), ["so " + item.replace("red", "brown"), "a farmer has nine"])
    >>> found.document.tolist(), found.short.tolist(), found.similarity.tolist()
    ([0], [4], [0.9375])
    """
    words = hashed_words(documents)
    item, document, start, end = _candidates(index, words, own)
    long, short = (_found(index, words, item, document, n) for n in (LONG, SHORT))
    whole = _in_order(index, words, item, start, end)
    kept = np.flatnonzero((short > 0) | (whole >= _LEAST_SIMILARITY * index.words.counts[item]))
    item, document, long, short, start, end, whole = (
        each[kept] for each in (item, document, long, short, start, end, whole)
    )
    # What of the words stands there beside the others, each in its place: a number may stand somewhere by chance.
    of_own, of_values = (
        _share(whole - _in_order(index, words, item, start, end, words_of), index.among(words_of)[item])
        for words_of in (index.own, index.values)
    )
    return Passages(
        item=item,
        document=document,
        long=long,
        short=short,
        similarity=_share(whole, index.words.counts[item]),
        own=of_own,
        values=of_values,
        start=start,
        end=end,
        words=words,
    )


def _in_order(index: ItemIndex, words: Words, item: Ints, start: Ints, end: Ints, without: Bools | None = None) -> Ints:
    """How many of each item's words, or of those that are left without some, stand in a passage in the same order."""
    found = np.zeros(len(item), dtype=np.int64)
    for place, (one, low, high) in enumerate(zip(item.tolist(), start.tolist(), end.tolist(), strict=True)):
        found[place] = common_subsequence(index.item(one, without), words.hashes[low:high].tolist())
    return found


def _share(found: Ints, of: Ints) -> Floats:
    shares: Floats = np.divide(found, of, out=np.full(len(of), np.nan), where=of > 0)
    return shares


def missing_by_chance(words: int, missing: int, marked: int, marked_missing: int) -> float:
    """Chance that so many of the marked words are among the missing ones, were any word missing as likely as another.

    Fisher's exact test: of a copy with words changed here and there, marked words are missing as often as others; of
    another text on the same passage, or of the same template, it is those that are missing.

    Examples
    --------
    >>> round(missing_by_chance(40, 6, 8, 6), 6), round(missing_by_chance(40, 6, 8, 2), 2)
    (7e-06, 0.34)
    """

    def ways(of: int, chosen: int) -> float:
        return float(gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1))

    whole = ways(words, missing)
    least, most = max(marked_missing, missing + marked - words), min(marked, missing)
    terms = (ways(marked, k) + ways(words - marked, missing - k) - whole for k in range(least, most + 1))
    return min(1.0, sum(math.exp(term) for term in terms))


def _candidates(index: ItemIndex, words: Words, own: Ints | None) -> tuple[Ints, Ints, Ints, Ints]:
    """Items and documents worth comparing, with the passage of the document that most seeds point to."""
    place, run = index.seeds.hits(run_hashes(words.hashes, _SEED))
    document = np.searchsorted(words.first, place, side="right") - 1
    inside = place + _SEED <= words.first[document + 1]
    place, run, document = place[inside], run[inside], document[inside]
    holders = index.seeds.first[run + 1] - index.seeds.first[run]
    rows = np.repeat(np.arange(len(run)), holders)
    holding = np.arange(len(rows)) - np.repeat(np.cumsum(holders) - holders, holders) + index.seeds.first[run[rows]]
    item, document = index.seeds.owner[holding], document[rows]
    # Where the item would begin, were the document to hold it word by word.
    begins = place[rows] - index.seeds.offset[holding]
    if own is not None:
        other = own[document] != item
        item, document, begins = item[other], document[other], begins[other]
    order = np.lexsort((begins, item, document))
    item, document, begins = item[order], document[order], begins[order]
    length = index.words.counts[item]
    slack = 2 + length // 7
    fresh = np.ones(len(item), dtype=np.bool_)
    fresh[1:] = (item[1:] != item[:-1]) | (document[1:] != document[:-1])
    pair = np.cumsum(fresh) - 1
    # Seeds of one pair that agree on where the item begins, within the slack.
    # The stride is so wide that no place of one pair, slack included, reaches into the next pair's.
    stride = len(words.hashes) + int(index.words.counts.max(initial=0)) * 2 + 8
    place_in_order = pair * stride + begins
    agreeing = np.searchsorted(place_in_order, place_in_order + slack, side="right") - np.arange(len(item))
    best = np.lexsort((-agreeing, pair))
    best = best[np.flatnonzero(np.diff(pair[best], prepend=-1))]
    best = best[agreeing[best] >= _LEAST_SEEDS]
    item, document, begins, length, slack = item[best], document[best], begins[best], length[best], slack[best]
    start = np.maximum(begins - slack, words.first[document])
    end = np.minimum(begins + length + 2 * slack, words.first[document + 1])
    return item, document, start, end


def _found(index: ItemIndex, words: Words, item: Ints, document: Ints, n: int) -> Ints:
    """How many of each item's runs of n words stand in the document."""
    hashes, first = index.runs[n]
    compared = np.unique(document)
    lengths = np.maximum(words.first[compared + 1] - words.first[compared] - n + 1, 0)
    places = _ranges(words.first[compared], lengths)
    runs = run_hashes(words.hashes, n)
    # One number for a run and the document it is in.
    present = np.sort(runs[places] + _salt(np.repeat(compared, lengths)))
    counts = first[item + 1] - first[item]
    sought = hashes[_ranges(first[item], counts)] + _salt(np.repeat(document, counts))
    if not len(present):
        return np.zeros(len(item), dtype=np.int64)
    near = np.minimum(np.searchsorted(present, sought), len(present) - 1)
    pair = np.repeat(np.arange(len(item)), counts)
    return np.bincount(pair[present[near] == sought], minlength=len(item)).astype(np.int64)


def _ranges(start: Ints, length: Ints) -> Ints:
    """The numbers from each start on, `length` of them, one range after the other."""
    ends = np.cumsum(length)
    total = int(ends[-1]) if len(ends) else 0
    places: Ints = np.arange(total) + np.repeat(start - (ends - length), length)
    return places


def _salt(numbers: Ints) -> Hashes:
    return numbers.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
