"""Samples files of lm-evaluation-harness 0.4: one line per document and filter."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from measurand.readers.items import SCORES_LIMIT, UNGRADED, Occurrences, Rows, listing, metadata, number, text, value_of
from measurand.readers.json_files import JsonLines, head
from measurand.readers.log import Problem
from measurand.tables import State

__all__ = ["Samples", "is_samples", "read_samples", "reading_of", "task_hash_of"]

_SAMPLE = re.compile(rb'^\{\s*"doc_id"\s*:')
_NO_MATCH = "[invalid]"
"""What a filter gives where it finds no answer; the harness scores it as wrong."""
_NO_SCORE = frozenset(
    {
        "doc_id",
        "doc",
        "target",
        "arguments",
        "resps",
        "filtered_resps",
        "filter",
        "metrics",
        "doc_hash",
        "prompt_hash",
        "target_hash",
    }
)


class Samples(NamedTuple):
    """What a samples file holds.

    Parameters
    ----------
    path, sha256 : the file.
    items : its rows.
    lines, bad : lines that were read, and that could not be.
    task_hash : SHA-256 over the hashes of documents, prompts and targets, as in ``task_hashes`` of the results.
    repeated : documents that occur again.
    problems : what could not be used.
    """

    path: Path
    sha256: str
    items: pl.DataFrame
    lines: int
    bad: int
    task_hash: str
    repeated: int
    problems: list[Problem]


def is_samples(path: Path) -> bool:
    """Whether a line at the head of a file is a sample; the first may be damaged."""
    start = head(path)
    if b'"doc_id"' not in start:
        return False
    return any(_SAMPLE.match(line) and b'"doc"' in line for line in start.split(b"\n"))


def reading_of(metric: str | None, kept: str | None) -> str | None:
    """A metric of the answer that a filter took from the response: two filters are two readings of one response.

    Examples
    --------
    >>> reading_of("acc", "none"), reading_of("exact_match", "strict-match")
    ('acc', 'exact_match,strict-match')
    """
    return metric if metric is None or kept in (None, "", "none") else f"{metric},{kept}"


def read_samples(path: Path, filters: Sequence[str] = ()) -> Samples:
    """Read the items of a samples file, and the hash that tells which run and task it is of.

    Parameters
    ----------
    path : the file.
    filters : the filters that its results name, in their order: older files do not say which line is by which.
    """
    lines = JsonLines(path, dict[str, msgspec.Raw])
    rows, epochs, digest, missing, dropped = Rows(), Occurrences(), hashlib.sha256(), 0, 0
    responses: dict[str | None, list[int]] = {}
    for line in lines:
        identity = _identity(line)
        # In the order of the lines, as the harness hashes them.
        digest.update("".join(identity).encode())
        kept = text(value_of(line.get("filter")))
        # The hash first: with a limit or a selection doc_id is renumbered, and one number means two questions.
        item = identity[0] or identity[1] or text(value_of(line.get("doc_id")))
        missing += not identity[0]
        cells = _cells(line)
        epoch = epochs((kept, item))
        if "filter" not in line:
            responses.setdefault(item, []).append(hash(bytes(line.get("resps", b""))))
        scores = _scores(line)
        dropped += len(scores[SCORES_LIMIT:])
        for metric, score in scores[:SCORES_LIMIT]:
            rows.add(item=item, epoch=epoch, reading=reading_of(metric, kept), score=score, **cells)
    problems = list(lines.problems)
    if missing:
        reason = f"{path.name}: {missing} samples have no doc_hash and are known by prompt_hash or doc_id"
        problems.append(Problem(reason, 0))
    if dropped:
        problems.append(Problem(f"{path.name}: more than {SCORES_LIMIT} metrics of a sample", dropped))
    frame, repeated = rows.frame(), epochs.repeated
    if times := _times_read(responses, frame):
        frame, repeated = _by_filter(frame, filters if len(filters) == times else ()), 0
    return Samples(path, lines.sha256, frame, lines.good, lines.bad, digest.hexdigest(), repeated, problems)


def _times_read(responses: Mapping[str | None, Sequence[int]], frame: pl.DataFrame) -> int:
    """How often every response was read, where lines name no filter; 0 where repeats are none of one response."""
    times = {len(each) for each in responses.values()}
    once = all(len(set(each)) == 1 for each in responses.values())
    every = len(responses) == frame["item"].n_unique()
    return times.pop() if len(times) == 1 and 1 not in times and once and every else 0


def _by_filter(frame: pl.DataFrame, filters: Sequence[str]) -> pl.DataFrame:
    """The repeats of a line as the readings they are, and no reruns."""
    named = [
        reading_of(metric, filters[place - 1] if filters else f"filter {place}")
        for metric, place in frame.select("reading", "epoch").iter_rows()
    ]
    return frame.with_columns(pl.Series("reading", named, dtype=pl.String), epoch=pl.lit(1, dtype=pl.Int32))


def task_hash_of(path: Path) -> str:
    """The hash that tells which run and task a samples file is of, without reading its items."""
    digest = hashlib.sha256()
    for line in JsonLines(path, dict[str, msgspec.Raw]):
        digest.update("".join(_identity(line)).encode())
    return digest.hexdigest()


def _identity(line: Mapping[str, msgspec.Raw]) -> tuple[str, str, str]:
    """Hashes of document, prompt and target, empty where missing."""
    doc, prompt, target = (value_of(line.get(name)) for name in ("doc_hash", "prompt_hash", "target_hash"))
    return tuple(value if isinstance(value, str) else "" for value in (doc, prompt, target))  # type: ignore[return-value]


def _scores(line: Mapping[str, msgspec.Raw]) -> list[tuple[str | None, float | None]]:
    """Metrics of a sample; those that are pairs (to be pooled over the corpus) have no score of the item."""
    named = value_of(line.get("metrics"))
    names = named if isinstance(named, list) else [name for name in line if name not in _NO_SCORE]
    found = dict.fromkeys(name for name in names if isinstance(name, str) and name in line)
    # A sample without a metric keeps a row, or declared and held would not agree.
    return [(name, None if name == UNGRADED else number(value_of(line[name]))) for name in found] or [(None, None)]


def _cells(line: Mapping[str, msgspec.Raw]) -> dict[str, object]:
    """Answer, target, options with their log-likelihoods, and metadata."""
    target = text(value_of(line.get("target")))
    responses = value_of(line.get("filtered_resps"))
    cells: dict[str, object] = {"target": target, "metadata": metadata(line.get("doc"))}
    likelihoods = _likelihoods(responses)
    if likelihoods is None:
        answer = text(responses[0]) if isinstance(responses, list) and responses else text(responses)
        return cells | {"answer": answer, "state": State.UNPARSED if answer == _NO_MATCH else None}
    choices = _choices(line.get("arguments"))
    if b'"acc_mutual_info"' in bytes(line.get("metrics", b"")) and len(likelihoods) % 2 == 0:
        # The second half is the same options without the question.
        likelihoods, choices = likelihoods[: len(likelihoods) // 2], choices[: len(choices) // 2]
    if len(choices) == len(likelihoods):
        cells["choices"] = choices
    cells["logprobs"] = likelihoods
    cells["answer"] = _chosen(likelihoods, choices, target)
    return cells


def _likelihoods(responses: object) -> list[float | None] | None:
    """Log-likelihood of each option, or None where the responses are texts."""
    if not isinstance(responses, list) or not responses:
        return None
    pairs = [
        pair for pair in responses if isinstance(pair, list) and len(pair) == 2 and str(pair[1]) in ("True", "False")
    ]
    return [_float(pair[0]) for pair in pairs] if len(pairs) == len(responses) else None


def _float(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return number(value)


def _choices(raw: msgspec.Raw | None) -> list[str]:
    """The options: what is continued where they share the context, else the contexts."""
    arguments = value_of(raw)
    given = list(arguments.values()) if isinstance(arguments, dict) else listing(arguments)
    requests = [list(request.values()) if isinstance(request, dict) else request for request in given]
    if not all(isinstance(request, list) and len(request) >= 2 for request in requests):
        return []
    position = 0 if len({str(request[1]) for request in requests}) == 1 < len(requests) else 1
    return [(text(request[position]) or "").strip() for request in requests]


def _chosen(likelihoods: Sequence[float | None], choices: Sequence[str], target: str | None) -> str | None:
    """The most likely option, as its number where the target is a number, else as its text."""
    known = [(value, -index) for index, value in enumerate(likelihoods) if value is not None]
    # A single continuation (perplexity, LAMBADA) is no choice, and a missing likelihood could have been the highest.
    if len(likelihoods) < 2 or len(known) < len(likelihoods):
        return None
    chosen = -max(known)[1]
    by_number = target is not None and target.isdecimal() and target.isascii() and target not in choices
    if by_number or chosen >= len(choices) or _indexes(target, choices):
        return str(chosen)
    return choices[chosen]


def _indexes(target: str | None, choices: Sequence[str]) -> bool:
    """Whether a target that is an option's text and a number is meant as the number."""
    return target is not None and target.isascii() and target.isdecimal() and int(target[:9]) < len(choices)
