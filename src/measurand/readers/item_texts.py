"""What the items of logs ask, read where it is asked for: most audits need no text, and texts are most of a log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from measurand.names import benchmark_of
from measurand.readers.archive import ArchiveError, decode_json, open_archive
from measurand.readers.evidence.texts import TEXT, joined, read_texts, texts_of
from measurand.readers.inspect.logs import SAMPLE_NAME
from measurand.readers.items import listing, mapping, text, value_of
from measurand.readers.json_files import JsonLines, read_document
from measurand.readers.lm_eval.samples import is_samples
from measurand.readers.logs import LogPath, find_logs, read_log
from measurand.readers.paths import read_bytes, recognise
from measurand.readers.tables.columns import ITEM, find
from measurand.readers.tables.tabular import read_table
from measurand.tables import Texts

__all__ = ["read_item_texts"]

_PARTS = ("question", "prompt", "problem", "text", "input", "query")
"""What a document calls what it asks, where it has no prompt of its own."""


class _Sample(msgspec.Struct, gc=False):
    id: str | int | float
    input: Any = None


class _Samples(msgspec.Struct):
    samples: list[_Sample] = []


_decode_sample = msgspec.json.Decoder(_Sample).decode
_decode_samples = msgspec.json.Decoder(_Samples).decode


def read_item_texts(path: str | os.PathLike[str], *, cluster: str | None = None) -> Texts:
    """Read the texts of items from logs of harnesses, or else from tables of texts.

    Items have the names they have in item-level results. Of several runs of an item the first counts.

    Parameters
    ----------
    path : a log, a folder of logs, a table of texts, or a folder or pattern of such.
    cluster : the column of a table that says which texts go together, as in `read_texts`.

    Raises
    ------
    InputError
        Nothing to read, logs that hold no texts, or tables that hold none.
    """
    logs = [log for log in find_logs(path) if log.reader in _TEXTS]
    if not logs:
        return read_texts(path, cluster=cluster)
    named = [pair for log in logs for pair in _TEXTS[log.reader](log)]
    if not named:
        return read_texts(path, cluster=cluster)
    rows = pl.DataFrame(named, schema=["benchmark", "item", "text"], orient="row")
    # Runs of one benchmark ask the same; where prompts differ, the first is one of them.
    once = rows.unique(["benchmark", "item"], keep="first", maintain_order=True)
    return joined([texts_of(once, cluster=cluster)])


_Named = Iterator[tuple[str, str, str]]


def _of_inspect(log: LogPath) -> _Named:
    (run,) = read_log(log)
    if not run.task:
        return
    benchmark = benchmark_of(run.task, None, 1)
    for sample in _inspect_samples(log.path):
        if said := _spoken(sample.input):
            yield benchmark, str(sample.id), said


def _inspect_samples(path: Path) -> Iterator[_Sample]:
    with open(path, "rb") as file:
        if file.read(4) != b"PK\x03\x04":
            try:
                yield from decode_json(read_bytes(str(path)), _decode_samples).samples
            except ArchiveError:
                return  # what is wrong with the log is said where it is read for its scores
            return
        file.seek(0)
        archive = open_archive(file)
        for name in archive.members:
            if SAMPLE_NAME.fullmatch(name):
                try:
                    yield decode_json(archive.read(name), _decode_sample)
                except ArchiveError:
                    continue


def _spoken(given: object) -> str | None:
    """A prompt, or what the user says in a conversation."""
    if isinstance(given, str):
        return text(given)
    said = [mapping(each).get("content") for each in listing(given) if mapping(each).get("role") in ("user", "system")]
    parts = [part for content in said for part in (listing(content) or [content])]
    texts = [part if isinstance(part, str) else mapping(part).get("text") for part in parts]
    return text("\n\n".join(part for part in texts if isinstance(part, str))) or None


def _of_lm_eval(log: LogPath) -> _Named:
    runs = read_log(log)
    tasks = {run.facts["samples_file"]: run.task for run in runs if run.task and "samples_file" in run.facts}
    for name, task in tasks.items():
        path = log.path.parent / name
        if not is_samples(path):
            continue
        for line in JsonLines(path, dict[str, msgspec.Raw]):
            item = value_of(line.get("doc_hash")) or value_of(line.get("prompt_hash")) or value_of(line.get("doc_id"))
            said = _asked(mapping(value_of(line.get("doc")))) or _prompt(value_of(line.get("arguments")))
            if item is not None and said:
                yield benchmark_of(task, None, 1), str(item), said


def _asked(document: Mapping[str, Any]) -> str | None:
    named = next((document[name] for name in _PARTS if isinstance(document.get(name), str)), None)
    return text(named) or None


def _prompt(arguments: object) -> str | None:
    """The context of the first request, which all options of an item share."""
    first = next(iter(arguments.values() if isinstance(arguments, dict) else listing(arguments)), None)
    context = next(iter(first.values() if isinstance(first, dict) else listing(first)), None)
    return text(context) if isinstance(context, str) and context else None


def _of_helm(log: LogPath) -> _Named:
    runs = read_log(log)
    task = next((run.task for run in runs if run.task), None)
    document = read_document(log.path / "scenario_state.json", dict[str, Any])
    for state in listing((document.value or {}).get("request_states")) if task else []:
        question = mapping(mapping(state).get("instance"))
        said = mapping(question.get("input")).get("text")
        if isinstance(said, str) and said and not question.get("perturbation"):
            yield benchmark_of(task or "", None, 1), str(question.get("id")), said


def _of_items(log: LogPath) -> _Named:
    name = str(log.path)
    table = read_table(name, read_bytes(name), recognise(name) or "csv")
    asked, item = find(table.columns, TEXT), find(table.columns, ITEM)
    if asked is None or item is None:
        return
    pairs = table.frame.select(pl.col(item, asked).cast(pl.String)).drop_nulls().unique(maintain_order=True)
    for identity, said in pairs.iter_rows():
        yield log.path.stem, identity, said


_TEXTS: Mapping[str, Callable[[LogPath], _Named]] = {
    "inspect_ai": _of_inspect,
    "lm_eval": _of_lm_eval,
    "helm": _of_helm,
    "items": _of_items,
}
