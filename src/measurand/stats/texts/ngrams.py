"""Texts as words, words as 64-bit hashes, and runs of n words looked up in an index, many documents at a time."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["RunIndex", "Words", "common_subsequence", "hashed_words", "normalised", "run_hashes", "words_of"]

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

_UNSPACED = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF)),
    *((0x3040, 0x30FF), (0x3400, 0x9FFF), (0x20000, 0x3FFFF)),
)
"""Scripts without spaces between words (Thai, Lao, Burmese, Khmer, Japanese, Chinese): a character is a word."""

_IS_WORD = np.zeros(256, dtype=np.bool_)
_IS_WORD[[*range(ord("0"), ord("9") + 1), *range(ord("a"), ord("z") + 1), *range(0x80, 0x100)]] = True

_CHUNK = 8
"""Bytes of a word hashed at once."""
_KEPT = np.array([(1 << 8 * length) - 1 for length in range(_CHUNK + 1)], dtype=np.uint64)
# 2^64 over the golden ratio, and odd: multiplying by an odd number loses no bit.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_FILTER_LOAD = 32
"""Places of an index's filter for each run in it."""
_MOST_FILTER_BITS = 27


class _Table(dict[int, str]):
    """What each character beyond ASCII becomes: itself, a space, or itself between spaces; filled as they come."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if any(low <= code <= high for low, high in _UNSPACED) and character.isalnum():
            found = f" {character} "
        # Marks belong to the letter before them; without them most Indic words would fall apart.
        elif character.isalnum() or unicodedata.category(character).startswith("M"):
            found = character
        else:
            found = " "
        self[code] = found
        return found


_TABLE = _Table()


def normalised(text: str) -> bytes:
    """A text in lower case as UTF-8, whose words are its runs of a-z, 0-9 and bytes beyond ASCII.

    Beyond ASCII, compatibility forms are brought to one (NFKC), whatever is no letter, digit or mark is a space, and a
    character of a script without spaces is a word by itself.

    Examples
    --------
    >>> normalised("Don\u2019t  \u56de\u7b54").decode().split()
    ['don', 't', '回', '答']
    """
    if text.isascii():
        return text.lower().encode()
    # A lone surrogate has no UTF-8; it is no letter, so the table makes it a space.
    return unicodedata.normalize("NFKC", text).casefold().translate(_TABLE).encode()


@dataclass(frozen=True, eq=False)
class Words:
    """The words of several texts, one after the other.

    Parameters
    ----------
    hashes : shape (words,).
    first : place of each text's first word, and the number of words at the end, shape (texts + 1,).
    starts, ends : where each word stands in `data`, shape (words,).
    data : the normalised texts.
    """

    hashes: Hashes
    first: Ints
    starts: Ints
    ends: Ints
    data: bytes

    @property
    def counts(self) -> Ints:
        """Words of each text, shape (texts,)."""
        return np.diff(self.first)

    def shown(self, start: int, end: int) -> str:
        """The words from place `start` up to `end`, separated by spaces."""
        places = zip(self.starts[start:end].tolist(), self.ends[start:end].tolist(), strict=True)
        return b" ".join(self.data[low:high] for low, high in places).decode()


def hashed_words(texts: Sequence[str]) -> Words:
    """The words of texts and their hashes.

    Equal words have equal hashes; unequal ones collide with a chance of about 2^-64.

    Examples
    --------
    >>> words = hashed_words(["The cat.", "the CAT sat"])
    >>> words.first.tolist(), bool((words.hashes[:2] == words.hashes[2:4]).all()), words.shown(2, 5)
    ([0, 2, 5], True, 'the cat sat')
    """
    parts = [normalised(text) for text in texts]
    ends_at = np.cumsum([len(part) + 1 for part in parts], dtype=np.int64) if parts else np.zeros(0, dtype=np.int64)
    # A separator at either end, and room behind for reading a chunk that begins at the last byte.
    data = b"".join((b"\n", b"\n".join(parts), b"\n" * _CHUNK))
    codes = np.frombuffer(data, dtype=np.uint8)
    inside = _IS_WORD[codes]
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[::2], edges[1::2]
    first = np.concatenate([np.zeros(1, dtype=np.int64), np.searchsorted(starts, ends_at + 1)])
    return Words(_hash(codes, starts, ends - starts), first.astype(np.int64), starts, ends, data)


def _hash(codes: npt.NDArray[np.uint8], starts: Ints, lengths: Ints) -> Hashes:
    """A hash of each word, a chunk of eight bytes at a time."""
    chunks = np.lib.stride_tricks.sliding_window_view(codes, _CHUNK)
    found = _mixed(_chunk(chunks, starts, lengths))
    later = np.flatnonzero(lengths > _CHUNK)
    begun = _CHUNK
    while len(later):
        chunk = _chunk(chunks, starts[later] + begun, lengths[later] - begun)
        found[later] = _mixed(found[later] * _FACTOR ^ chunk)
        begun += _CHUNK
        later = later[lengths[later] > begun]
    return found


def _chunk(chunks: npt.NDArray[np.uint8], at: Ints, left: Ints) -> Hashes:
    read: Hashes = chunks[at].view("<u8").ravel().astype(np.uint64)
    return read & _KEPT[np.minimum(left, _CHUNK)]


def _mixed(values: Hashes) -> Hashes:
    """Each bit of the result depends on every bit of the value (the finaliser of SplitMix64)."""
    found = values + _FACTOR
    found ^= found >> np.uint64(30)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(27)
    found *= np.uint64(0x94D049BB133111EB)
    found ^= found >> np.uint64(31)
    return found


def words_of(text: str) -> list[str]:
    """The words of one text.

    Examples
    --------
    >>> words_of("What's 2+2?")
    ['what', 's', '2', '2']
    """
    words = hashed_words([text])
    return words.shown(0, len(words.hashes)).split()


def run_hashes(hashes: Hashes, n: int) -> Hashes:
    """A hash of each run of n words, shape (words - n + 1,), or empty; runs do not stop at the end of a text.

    Examples
    --------
    >>> words = hashed_words(["a b c", "b c"])
    >>> runs = run_hashes(words.hashes, 2)
    >>> len(runs), bool(runs[1] == runs[3])
    (4, True)
    """
    count = len(hashes) - n + 1
    if count < 1:
        return np.zeros(0, dtype=np.uint64)
    # A polynomial modulo 2^64: overflow is meant, and the order of the words counts.
    found = hashes[:count].copy()
    for place in range(1, n):
        found *= _FACTOR
        found += hashes[place : place + count]
    return found


@dataclass(frozen=True, eq=False, kw_only=True)
class RunIndex:
    """Which texts hold a run of n words, and where.

    Parameters
    ----------
    n : words in a run.
    keys : hashes of the distinct runs, sorted, shape (runs,).
    first : where the holders of each run begin in `owner` and `offset`, shape (runs + 1,).
    owner, offset : a text that holds it, and the word of that text where it stands first, shape (holdings,).
    """

    n: int
    keys: Hashes
    first: Ints
    owner: Ints
    offset: Ints
    _filter: Bools

    @classmethod
    def of(cls, words: Words, n: int, most_owners: int) -> RunIndex:
        """Index the runs of texts, but for those that more than `most_owners` of them share."""
        hashes = run_hashes(words.hashes, n)
        owner = np.repeat(np.arange(len(words.counts)), words.counts)[: len(hashes)]
        place = np.arange(len(hashes))
        inside = place + n <= words.first[owner + 1]
        hashes, owner, place = hashes[inside], owner[inside], place[inside]
        order = np.lexsort((place, hashes))
        hashes, owner, place = hashes[order], owner[order], place[order]
        fresh = np.ones(len(hashes), dtype=np.bool_)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
        hashes, owner, place = hashes[fresh], owner[fresh], place[fresh]
        keys, first, counts = np.unique(hashes, return_index=True, return_counts=True)
        own = np.repeat(counts <= most_owners, counts)
        kept = counts <= most_owners
        first = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts[kept])])
        keys, owner, place = keys[kept], owner[own], place[own]
        bits = min(_MOST_FILTER_BITS, max(10, int(len(keys) * _FILTER_LOAD).bit_length()))
        present = np.zeros(1 << bits, dtype=np.bool_)
        present[_spot(keys, bits)] = True
        offset = (place - words.first[owner]).astype(np.int64)
        return cls(n=n, keys=keys, first=first, owner=owner.astype(np.int64), offset=offset, _filter=present)

    def hits(self, hashes: Hashes) -> tuple[Ints, Ints]:
        """Places in `hashes` whose run is in the index, and the number of that run."""
        if not len(self.keys):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        bits = len(self._filter).bit_length() - 1
        # Most runs of a document are in no item: one look-up spares them the binary search.
        place = np.flatnonzero(self._filter[_spot(hashes, bits)])
        sought = hashes[place]
        run = np.minimum(np.searchsorted(self.keys, sought), len(self.keys) - 1)
        found = self.keys[run] == sought
        return place[found], run[found].astype(np.int64)


def _spot(hashes: Hashes, bits: int) -> Ints:
    # The top bits, since products and sums carry upwards only: the low ones depend on low bits alone.
    return (hashes >> np.uint64(64 - bits)).view(np.int64)


def common_subsequence(first: Sequence[object], second: Sequence[object]) -> int:
    """Length of the longest sequence of words that stands in both in the same order, not necessarily without gaps.

    Bits of one whole number hold a column of the usual table.

    References
    ----------
    Hyyro 2004, Bit-parallel LCS-length computation revisited, AWOCA.

    Examples
    --------
    >>> common_subsequence("how many red apples are left".split(), "so how many green apples were left".split())
    4
    """
    masks: dict[object, int] = {}
    for place, word in enumerate(first):
        masks[word] = masks.get(word, 0) | 1 << place
    full = (1 << len(first)) - 1
    column = full
    for word in second:
        mask = masks.get(word)
        if mask is not None:
            both = column & mask
            column = ((column + both) | (column - both)) & full
    return len(first) - column.bit_count()
