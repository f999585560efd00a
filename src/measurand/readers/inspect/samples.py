"""What is kept of a sample of an Inspect log."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import msgspec

from measurand.readers.archive import ArchiveError, children, decode_json
from measurand.readers.inspect.schema import NULL, Header, Sample, Score, Usage, decode_members
from measurand.tables import LARGEST

__all__ = ["MAX_METADATA", "TRUTHS", "WORDS", "Item", "item_of", "plain_number", "score_number", "text_of"]

MAX_METADATA = 200
"""Characters kept of a metadata value: enough for any identifier to cluster by."""

MAX_TEXT = 1024
"""Characters kept of an answer, a target or a choice: as many as Inspect keeps in its summaries."""

PLAIN = re.compile(rb'-?[0-9]{1,15}(?:\.[0-9]{1,17})?|true|false|null|"[^"\\\x00-\x1f\x7f-\xff]{0,200}"')
"""Texts of JSON values that are kept as they are."""

PLAIN_LIST = re.compile(rb'\["[^"\\\x00-\x1f\x7f-\xff]{0,1024}"(?:,"[^"\\\x00-\x1f\x7f-\xff]{0,1024}")*+\]')

# Inspect's correct, incorrect, partial and no answer; it counts no answer as wrong, and so do its metrics.
NO_ANSWER = "N"
WORDS = {"C": 1.0, "I": 0.0, "P": 0.5, NO_ANSWER: 0.0}
TRUTHS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}

_encode = msgspec.json.Encoder().encode
_decode_texts = msgspec.json.Decoder(list[str]).decode


class Item(msgspec.Struct, gc=False):
    """What is kept of a sample; values are as the log has them, by reading."""

    id: str
    epoch: int
    target: str | None
    choices: str | None
    logprobs: list[float | None] | None
    tokens_in: int | None
    tokens_out: int | None
    metadata: str | None
    values: dict[str, Any]
    answers: dict[str, str | None]
    errored: bool
    invalid: bool
    edits: int


def score_number(value: object) -> float | None:
    """The number a score stands for, by Inspect's rules; None for what is no number, and for NaN (not scored).

    Examples
    --------
    >>> [score_number(value) for value in ("C", "I", "P", "N", "yes", "False", "0.25", 3, True)]
    [1.0, 0.0, 0.5, 0.0, 1.0, 0.0, 0.25, 3.0, 1.0]
    >>> [score_number(value) for value in ("excellent", float("nan"), [1], None)]
    [None, None, None, None]
    """
    known = WORDS.get(value, TRUTHS.get(value.lower())) if isinstance(value, str) else None
    return plain_number(value) if known is None else known


def plain_number(value: object) -> float | None:
    """The number that a value is or that its text writes."""
    # No score is written in more characters; a number of a million digits is work for nothing.
    if not isinstance(value, int | float | str) or (isinstance(value, str) and len(value) > MAX_METADATA):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) <= LARGEST else None


def item_of(sample: Sample, header: Header, keys: frozenset[str] | None) -> Item:
    """What is kept of a sample or its summary; of its metadata the scalars, and only `keys` unless that is None."""
    scores = sample.scores or {}
    if sample.score is not None:
        # The oldest logs hold one score without a name; it is that of their one reading.
        views = header.results.views() if header.results else []
        scores = {views[0].name if views else "score": sample.score} | scores
    usage = _usage(sample, header.eval.model)
    answers: dict[str, str | None] = {}
    values: dict[str, Any] = {}
    edits = 0
    for name, score in scores.items():
        values[name] = score.value
        if score.answer is not None:
            answers[name] = text_of(score.answer)
        if score.history is not NULL and (history := bytes(score.history)) != b"[]":
            edits += _edits(history)
    return Item(
        str(sample.id),
        sample.epoch,
        sample.target[:MAX_TEXT] if isinstance(sample.target, str) else _target(sample.target),
        None if sample.choices is NULL else _brief(_choices, bytes(sample.choices)),
        _option_logprobs(sample, scores.values()) if sample.output else None,
        None if usage is None else _tokens_in(usage),
        None if usage is None else usage.output_tokens,
        None if sample.metadata is NULL else _brief(_metadata, bytes(sample.metadata), keys),
        values,
        answers,
        sample.error is not None,
        sample.invalidation is not None,
        edits,
    )


def _brief(made: Callable[..., str | None], text: bytes, *more: object) -> str | None:
    """What is made of a text; at once if it is short and was seen before, as in each epoch and each model's log."""
    return (_remembered if len(text) <= MAX_TEXT else _made)(made, text, *more)


def _made(made: Callable[..., str | None], *given: object) -> str | None:
    return made(*given)


_remembered = lru_cache(maxsize=4096)(_made)


def _choices(text: bytes) -> str | None:
    """The options as a JSON list of strings; None if there are none, or they are no texts."""
    if PLAIN_LIST.fullmatch(text):
        return text.decode()
    try:
        choices = decode_json(text, _decode_texts)
    except ArchiveError:
        return None
    return _encode([choice[:MAX_TEXT] for choice in choices]).decode() if choices else None


def _edits(history: bytes) -> int:
    """How often a score was changed: the first entry is the score before, unless there is but one, which added it."""
    if len(history) <= len(b"null"):
        return 0
    entries = len(children(history, 0).spans)
    return max(entries - 1, min(entries, 1))


def text_of(value: object) -> str | None:
    """A value as text, cut; None for null and an empty object."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, msgspec.Raw):
        value = bytes(value)[:MAX_TEXT].decode(errors="replace")
        return None if value in ("null", "{}") else value
    if value is None:
        return None
    return _encode(value).decode()[:MAX_TEXT]


def _target(target: list[Any] | None) -> str | None:
    """A single target as it is, several as a JSON list."""
    if isinstance(target, list) and len(target) == 1:
        return text_of(target[0])
    return text_of(target)


def _usage(sample: Sample, model: str | None) -> Usage | None:
    """Tokens of the evaluated model alone: graders count elsewhere."""
    used = sample.model_usage or {}
    if model in used:
        return used[model]
    # Aliases of a provider can differ from the name in the header; one model used is the one evaluated.
    if len(used) == 1:
        return next(iter(used.values()))
    return sample.output.usage if sample.output else None


def _tokens_in(usage: Usage) -> int | None:
    if usage.input_tokens is None:
        return None
    # Inspect counts what was read from or written to the cache beside the other tokens.
    return usage.input_tokens + (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)


def _metadata(text: bytes, keys: frozenset[str] | None) -> str | None:
    """The scalar metadata as a JSON object, from the texts of the values where those are short and plain."""
    try:
        metadata = decode_json(text, decode_members) or {}
    except ArchiveError:
        return None
    kept: list[str] = []
    for key, raw in metadata.items():
        if keys is None or key in keys:
            text = bytes(raw)
            shown = text.decode() if PLAIN.fullmatch(text) else _scalar(text)
            if shown is not None:
                kept.append(f"{_key(key)}:{shown}")
    return "{" + ",".join(kept) + "}" if kept else None


@lru_cache(maxsize=1024)
def _key(key: str) -> str:
    return _encode(key[:MAX_METADATA]).decode()


def _scalar(text: bytes) -> str | None:
    """A value cut and as JSON; None if it is no scalar."""
    if text.startswith((b"{", b"[")):
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None  # skipped over while the sample was decoded, and nothing a cluster could be named by
    return _encode(value[:MAX_METADATA] if isinstance(value, str) else value).decode()


def _option_logprobs(sample: Sample, scores: Iterable[Score]) -> list[float | None] | None:
    """Log-probability of each option's letter where the answer was given, None for one not among the likeliest."""
    completions = sample.output.choices if sample.output else None
    logprobs = completions[0].logprobs if completions else None
    choices = _choices(bytes(sample.choices))
    # Shuffled options: the log has the letters the model saw, but the choices in the order of the data set.
    if choices is None or logprobs is None or any(_shuffled(score) for score in scores):
        return None
    count = len(_decode_texts(choices))
    letters = [chr(ord("A") + position) for position in range(min(count, 26))]
    # From the end: a model that reasons first gives its letter last.
    for token in reversed(logprobs.content or []):
        if token.token.strip() in letters and token.top_logprobs:
            likely: dict[str, float] = {}
            for top in token.top_logprobs:
                letter = top.token.strip()
                likely[letter] = max(top.logprob, likely.get(letter, -math.inf))
            return [likely.get(letter) for letter in letters] + [None] * (count - len(letters))
    return None


def _shuffled(score: Score) -> bool:
    return bytes(score.explanation).startswith(b'"Choices were shuffled')
