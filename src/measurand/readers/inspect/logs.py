"""Logs of Inspect: ``.eval`` archives and ``.json`` documents, whatever their files are called.

Summaries, which Inspect writes beside the samples, hold nearly all that an audit asks for. The samples themselves, a
hundred times larger, are read only on request or where a summary is missing.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from msgspec import structs

from measurand.errors import InputError
from measurand.readers.archive import MAX_MEMBER, Archive, ArchiveError, children, decode_json, open_archive
from measurand.readers.inspect.aggregates import Rule, contradicted, discrepancies, recomputed
from measurand.readers.inspect.rows import log_of
from measurand.readers.inspect.samples import Item, item_of, score_number
from measurand.readers.inspect.schema import (
    Header,
    Sample,
    decode_document,
    decode_head,
    decode_header,
    decode_sample,
    decode_samples,
)
from measurand.readers.log import Log
from measurand.results import Source

__all__ = ["Rule", "discrepancies", "read", "recognise", "recomputed", "score_number"]

HEAD = 64 << 10
"""Bytes looked at to recognise a JSON log: all that stands before its samples in most logs."""

SAMPLE_NAME = re.compile(r"samples/(.*_epoch_\d+)(?:/sample)?\.json", re.DOTALL)
SUMMARY_NAME = re.compile(r"_journal/summaries/(\d{1,9})\.json")


@dataclass(kw_only=True)
class _Found:
    """What was found in a file so far."""

    header: Header = field(default_factory=Header)
    items: dict[tuple[str, int], Item] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    lost: int = 0
    full: bool = False
    keys: frozenset[str] | None = None

    def add(self, sample: Sample) -> None:
        """Keep a sample; a later one of the same identity and epoch replaces it, as the rerun of it does."""
        item = item_of(sample, self.header, self.keys)
        # Retried samples are appended; the first of two is the one that was given up.
        before = self.items.setdefault((item.id, item.epoch), item)
        if before is not item:
            # Where samples are stored in pieces, their metadata and use of tokens stand in the summary alone.
            item = structs.replace(
                item,
                metadata=item.metadata or before.metadata,
                tokens_in=before.tokens_in if item.tokens_in is None else item.tokens_in,
                tokens_out=before.tokens_out if item.tokens_out is None else item.tokens_out,
            )
            self.items[item.id, item.epoch] = item

    def add_all(self, data: bytes, where: str, *, cut: bool = False) -> None:
        """Keep the samples of a JSON list, which may be cut; one that cannot be decoded costs only itself."""
        try:
            samples = [] if cut else decode_json(data, decode_samples)
        except ArchiveError as error:
            cut = True
            self.reasons.append(f"{where}: {error}")
        if cut:
            samples, lost = _one_by_one(data)
            self.lost += lost
            if lost:
                self.reasons.append(f"{where}: {lost} that cannot be read")
        for sample in samples:
            self.add(sample)


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a log of Inspect, by its content alone; at most its head, or its directory, is read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = Path(folder, "any.name")
    ...     _ = log.write_text('{"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}, "sampl')
    ...     recognise(log), recognise(folder), recognise(Path(folder, "absent"))
    (True, False, False)
    """
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
            if head.startswith(b"PK\x03\x04"):
                return any(_is_member(name) for name in open_archive(file).members)
    except (OSError, ValueError):
        return False
    try:
        shown = decode_json(_closed(head), decode_head)
    except ArchiveError:
        return False
    evidence = (
        shown.version is not None or shown.status is not None,
        shown.eval.model is not None,
        shown.eval.dataset is not None,
    )
    # Two of three: other JSON has a "version" or a "status" as well.
    return sum(evidence) >= 2


def read(path: str | os.PathLike[str], *, full: bool = False, cluster_keys: Iterable[str] | None = None) -> Log:
    """Read a log; whatever is wrong with it is in its `problems`, and what can still be read is there.

    Parameters
    ----------
    path : an ``.eval`` archive or a ``.json`` document, under any name; complete, running, cancelled or damaged.
    full : read the samples of an archive and not only their summaries: log-probabilities of the options (where the
        log holds them and the options were not shuffled), use of tokens of older logs, edits and invalidations.
        A document holds its samples anyway.
    cluster_keys : the keys of the samples' metadata to keep; all by default. Only scalar values are kept.

    Returns
    -------
    Log
        One row per item, epoch and score. A score of several values has one row each, named ``reading/key`` or
        ``reading/0``. A sample without a score (it failed, or was not scored) has a row with a null. Facts are, where
        the log has them, ``status``, ``date``, ``dataset``, ``epochs``, ``epochs_reducer`` (``none`` if epochs were
        not reduced), ``limit``, ``model_args``, ``generate_config``, ``role.NAME`` (the model of another role),
        ``eval_id``, ``run_id``, ``error``, ``invalidated``, and the numbers of ``samples_errored``,
        ``samples_invalidated`` and ``score_edits``; the last two are in the samples alone, so read an archive `full`.

    Raises
    ------
    InputError
        There is no such file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = Path(folder, "log.json")
    ...     _ = log.write_text(
    ...         '{"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}, "samples": ['
    ...         '{"id": 1, "epoch": 1, "scores": {"choice": {"value": "C", "answer": "B"}}}, {"id": 2, "ep'
    ...     )
    ...     cut = read(log)
    >>> cut.items.select("item", "epoch", "reading", "score", "answer").rows()
    [('1', 1, 'choice', 1.0, 'B')]
    >>> [problem.reason for problem in cut.problems]
    ['the document is cut after 1 of its samples']
    """
    name = os.fspath(path)
    if not Path(name).is_file():
        raise InputError(f"{name}: no such file; a log of Inspect is an .eval or a .json file")
    found = _Found(full=full, keys=None if cluster_keys is None else frozenset(cluster_keys))
    sha256, kind = "", "inspect"
    try:
        with open(name, "rb") as file:
            sha256 = _digest(file)
            length = file.seek(0, os.SEEK_END)
            file.seek(0)
            archived = file.read(4) == b"PK\x03\x04"
            kind = "inspect_eval" if archived else "inspect_json"
            (_from_archive if archived else _from_document)(file, length, found)
    except (OSError, ArchiveError, MemoryError) as error:
        found.reasons.append(str(error) or "more than there is memory for")
    log = log_of(Source(name, sha256, kind, 0), found.header, list(found.items.values()), found.reasons, found.lost)
    return replace(log, problems=(*log.problems, *contradicted(log)))


def _digest(file: BinaryIO) -> str:
    """SHA-256 of a file, read in pieces so small that their memory is used again."""
    digest = hashlib.sha256()
    while piece := file.read(64 << 10):
        digest.update(piece)
    return digest.hexdigest()


def _is_member(name: str) -> bool:
    return name in ("header.json", "summaries.json", "_journal/start.json") or SAMPLE_NAME.fullmatch(name) is not None


def _from_archive(file: BinaryIO, length: int, found: _Found) -> None:
    archive = open_archive(file)
    if not archive.complete:
        found.reasons.append("the archive has no directory: it is cut, or still being written")
    found.header = _archive_header(archive, found.reasons)
    if "summaries.json" in archive.members and _summaries(archive, ["summaries.json"], found):
        if not found.full:
            return  # it is written last, of all samples
    else:
        # By number and not by name, which would put 10 before 2 and an older sample over a newer one.
        journal = {int(match[1]): name for name in archive.members if (match := SUMMARY_NAME.fullmatch(name))}
        _summaries(archive, [journal[number] for number in sorted(journal)], found)
    members = {match[1]: name for name in archive.members if (match := SAMPLE_NAME.fullmatch(name))}
    # A summary that cannot be read costs nothing where the sample itself is there.
    found.lost = 0 if members else found.lost
    summarised = {f"{identity}_epoch_{epoch}" for identity, epoch in found.items}
    for key, name in members.items():
        if found.full or key not in summarised:
            try:
                found.add(decode_json(archive.read(name), decode_sample))
            except ArchiveError as error:
                # With a summary the score is there all the same: only details are lost.
                found.lost += key not in summarised
                found.reasons.append(str(error))


def _archive_header(archive: Archive, reasons: list[str]) -> Header:
    """The header, or what was known when the run began."""
    for name in ("header.json", "_journal/start.json"):
        try:
            header = decode_json(archive.read(name), decode_header)
        except ArchiveError as error:
            reasons.append(f"no header: {error}")
            continue
        header.status = header.status or "started"
        return header
    return Header()


def _summaries(archive: Archive, names: list[str], found: _Found) -> bool:
    """Whether all of these lists of summaries could be read."""
    before = len(found.reasons)
    for name in names:
        try:
            found.add_all(archive.read(name), name)
        except ArchiveError as error:
            found.reasons.append(str(error))
    return len(found.reasons) == before


def _from_document(file: BinaryIO, length: int, found: _Found) -> None:
    if length > MAX_MEMBER:
        raise ArchiveError(f"a document of {length:,} bytes, more than the {MAX_MEMBER:,} that are read")
    file.seek(0)
    data = file.read().removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data.startswith(b"{"):
        raise ArchiveError("neither a zip archive nor a JSON object" if data else "the file is empty")
    try:
        document = decode_json(data, decode_document)
    except ArchiveError as error:
        _from_broken(data, found, error)
        return
    found.header = document
    for sample in document.samples or []:
        found.add(sample)


def _from_broken(data: bytes, found: _Found, error: ArchiveError) -> None:
    """What can be had of a document that is not JSON, not nearly as it should be, or cut."""
    parts = children(data, 0)
    texts = [data[low:high].strip() for low, high in parts.spans]
    if parts.rest is not None:
        last = data[parts.rest :].strip()
        # The samples are split later in any case; the rest of what is cut is made whole.
        texts.append(last if last.startswith(b'"samples"') else _closed_part(last))
    found.header = _merged_header([text for text in texts if not text.startswith(b'"samples"')])
    for text in texts:
        if text.startswith(b'"samples"') and b"[" in text:
            found.add_all(text[text.index(b"[") :], "samples", cut=parts.rest is not None)
    if parts.rest is not None:
        found.reasons.append(f"the document is cut after {len(found.items)} of its samples")
    elif not found.reasons:
        found.reasons.append(str(error))


def _merged_header(texts: list[bytes]) -> Header:
    """A header of those parts that can be decoded."""
    kept = []
    for text in texts:
        try:
            decode_json(b"{" + text + b"}", decode_header)
        except ArchiveError:
            continue
        kept.append(text)
    return decode_json(b"{" + b",".join(kept) + b"}", decode_header)


def _closed(data: bytes) -> bytes:
    """The complete parts of a JSON object that is cut, and of its last part."""
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data.startswith(b"{"):
        return data
    parts = children(data, 0)
    texts = [data[low:high] for low, high in parts.spans]
    if parts.rest is not None:
        texts.append(_closed_part(data[parts.rest :].strip()))
    return b"{" + b",".join(text for text in texts if text) + b"}"


def _closed_part(text: bytes) -> bytes:
    """A key with what is complete of its object or array; nothing if it has neither."""
    key = re.match(rb'"[^"\\]*"\s*:\s*([\[{])', text)
    if key is None:
        return b""
    parts = children(text, key.end() - 1)
    closing = b"}" if key[1] == b"{" else b"]"
    return text[: key.end()] + b",".join(text[low:high] for low, high in parts.spans) + closing


def _one_by_one(data: bytes) -> tuple[list[Sample], int]:
    """The samples of a list that can be decoded, and how many cannot."""
    start = len(data) - len(data.lstrip())
    if not data.startswith(b"[", start):
        return [], 0
    samples, lost = [], 0
    for low, high in children(data, start).spans:
        try:
            samples.append(decode_json(data[low:high], decode_sample))
        except ArchiveError:
            lost += 1
    return samples, lost
