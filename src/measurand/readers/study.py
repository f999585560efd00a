"""Tables into one study: scores joined, units checked, facts completed, roles and directions as told."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from measurand.errors import InputError
from measurand.names import COMMENT
from measurand.readers.evidence.experiments import made_for
from measurand.readers.evidence.kinds import KINDS, kind_of, kind_of_file
from measurand.readers.log import Log
from measurand.readers.logs import LogPath, each_once, find_logs, read_log
from measurand.readers.of_runs import part_runs, responses, scores
from measurand.readers.paths import SUFFIXES, expand, read_bytes, real, recognise, visible
from measurand.readers.runs import Run, runs, unread
from measurand.readers.tables import item_rows
from measurand.readers.tables.assembling import assemble
from measurand.readers.tables.columns import MODEL, VERSION, find
from measurand.readers.tables.duplicates import Duplicates, require_rule
from measurand.readers.tables.frames import frame_table, is_frame
from measurand.readers.tables.item_rows import is_items, logs_of
from measurand.readers.tables.layout import Part, interpret
from measurand.readers.tables.raw import ROW, RawTable, shorten
from measurand.readers.tables.tabular import read_table
from measurand.results import Source
from measurand.tables import Responses, Study

__all__ = ["model_sizes", "read", "study_of"]


def read(
    *paths: Any,
    models: Any = None,
    benchmarks: Any = None,
    capability: Sequence[str] | None = None,
    lower_is_better: Sequence[str] | None = None,
    as_given: Sequence[str] = (),
    duplicates: Duplicates | None = None,
    aliases: Mapping[str, str] | str | os.PathLike[str] | None = None,
    correct: Sequence[str] = (),
    reading: str | None = None,
    cluster: str | None = None,
) -> Study:
    """Read tables of scores and logs of harnesses into a study.

    Parameters
    ----------
    paths : files, folders, patterns such as ``"runs/*.csv"``, or frames (polars, pandas, pyarrow, any Arrow producer).
        A file or folder that holds logs of Inspect, Inspect Scout, lm-eval, lighteval, HELM, every_eval_ever or OpenAI
        evals is read as such.
        A table has one row per model and one column per benchmark, or one row per score (model, benchmark, score and
        optionally stderr, n_items), or one row a benchmark and one column a model. Facts stand in further columns or in
        tables of their own. A table with a column ``item`` holds item-level results; `measurand.readers.evidence.kinds`
        says by which columns votes, attempts and the results of experiments are told.
    models, benchmarks : path or frame with facts of the models (family, class, parameters, training_flop,
        release_date) or benchmarks (name, role, area, metric, higher_is, chance, maximum, trait, method, source). Where
        neither the columns nor this table say a fact, what is shipped does.
    capability : names of the capability benchmarks; all others are then under test. By default the catalogue's roles.
    lower_is_better : names of benchmarks whose scores are better (or safer) when lower, or patterns such as
        ``"*error*"``.
    as_given : names of benchmarks whose values are right although they look like percentages mixed with fractions.
    duplicates : which score counts where tables give several of a model on a benchmark: ``"best"``, ``"first"``,
        ``"mean"``, or ``"runs"``, where each row is a run named by what differs. By default they are refused. Logs of
        one model under the same settings count together, as reruns; ``"runs"`` makes each a row of its own.
    aliases : name of a model -> the name it should have; a mapping, a table of two columns, or one with the columns
        model and base_model, by which the settings of a version become one model.
    correct : words that are right where the scores of logs are words, such as ``["A", "B"]``; all others are wrong.
    reading : the scorer, metric or filter to use of responses that were scored in several ways; by default the first
        of `tables.MAIN_SCORERS` that is there, else the log's first.

    cluster : a column of tables of items that says which go together, and so names no benchmark.

    Returns
    -------
    Study
        With scores, the files it came from, and in ``scores.notes`` all that was decided on the way. From logs also
        item-level responses, and what of them could not be read.

    Raises
    ------
    InputError
        A file that is not there or cannot be used; the message says where, what was found and what would be right.
    UnknownName
        A name in `capability`, `lower_is_better` or `as_given` that no benchmark has, or a reading that no log has.

    Examples
    --------
    >>> study = read(pl.DataFrame({"model": ["a", "b"], "mmlu": [0.4, 0.6], "mine": [0.1, 0.3]}))
    >>> study.scores.benchmarks_of("capability"), study.scores.matrix(["a"], ["mmlu", "mine"]).tolist()
    (('mmlu',), [[0.4, 0.1]])
    """
    if not paths:
        raise InputError("nothing to read; give at least one file, folder or frame with scores")
    names = _aliases(aliases)
    logs, tables, read_as_logs = _logs_and_tables(paths, cluster)
    raw = _each_once(table for given in tables for table in _tables(given))
    of_items = [table for table in raw if is_items(table.columns)]
    of_kind = [(kind, table) for table in raw if (kind := kind_of(table.columns)) is not None]
    of_scores = [table for table in raw if not is_items(table.columns) and kind_of(table.columns) is None]
    study = study_of(
        _title(paths),
        [*logs, *(log for table in of_items for log in logs_of(table, cluster=cluster))],
        responses,
        [interpret(table, duplicates=duplicates, aliases=names) for table in of_scores],
        models=models,
        benchmarks=benchmarks,
        capability=capability,
        lower_is_better=lower_is_better,
        as_given=as_given,
        duplicates=duplicates,
        aliases=names,
        correct=correct,
        reading=reading,
    )
    for kind in KINDS:
        if own := [table for of, table in of_kind if of is kind]:
            evidence: dict[str, Any] = {kind.field: kind.joined(own)}
            sources = (*study.sources, *(table.source for table in own if table.source is not None))
            study = replace(study, sources=sources, **evidence)
    left = _tables_beside(paths, [*tables, *read_as_logs])
    if left and study.scores is not None:
        note = f"tables in folders of logs, not read (name them beside the folder to have them read): {shorten(left)}"
        study = replace(study, scores=replace(study.scores, notes=(*study.scores.notes, note)))
    return replace(study, made_for=made_for(paths))


def model_sizes(models: Any) -> dict[str, float]:
    """Number of parameters of each model that a table of facts names.

    Parameters
    ----------
    models : path or frame with a column of models and one of parameters.

    Examples
    --------
    >>> model_sizes(pl.DataFrame({"model": ["a", "b"], "Params (B)": [7, None]}))
    {'a': 7000000000.0}
    """
    found: dict[str, float] = {}
    for table in _tables(models):
        facts = interpret(table, "models").models
        if facts is not None and "parameters" in facts.columns:
            found |= dict(facts.select("model", "parameters").drop_nulls().iter_rows())
    return found


def study_of(
    title: str,
    logs: Sequence[Log],
    responses_of: Callable[[Sequence[Run]], Responses | None],
    tables: Sequence[Part] = (),
    *,
    models: Any = None,
    benchmarks: Any = None,
    capability: Sequence[str] | None = None,
    lower_is_better: Sequence[str] | None = None,
    as_given: Sequence[str] = (),
    duplicates: Duplicates | None = None,
    aliases: Mapping[str, str] | str | os.PathLike[str] | None = None,
    correct: Sequence[str] = (),
    reading: str | None = None,
) -> Study:
    """Join what logs and tables say into a study.

    Parameters
    ----------
    title : title of the study.
    logs : runs as their harnesses left them.
    responses_of : item-level results of the runs that count, wherever their items are.
    tables : tables of scores and of facts, interpreted.
    models, benchmarks, capability, lower_is_better, as_given, duplicates, aliases, correct, reading : as in
        `read`.

    Raises
    ------
    InputError, UnknownName
        As in `read`.
    """
    names = _aliases(aliases)
    require_rule(duplicates)
    taken = runs(logs, names, correct, reading, apart=duplicates == "runs")
    from_logs = scores(title, taken.runs)
    parts = [*tables, from_logs] if from_logs is not None else list(tables)
    sides = [
        interpret(table, holds, aliases=names)
        for given, holds in ((models, "models"), (benchmarks, "benchmarks"))
        if given is not None
        for table in _tables(given)
    ]
    study = (
        assemble(
            title,
            parts,
            sides,
            capability=capability,
            lower_is_better=lower_is_better,
            as_given=as_given,
            duplicates=duplicates,
            settled=names,
        )
        if parts
        else Study(title=title)
    )
    if not logs:
        return study
    sources = _by_file((*study.sources, *(log.source for log in logs)))
    left_out = (*unread(logs, names, correct), *taken.aside)
    return replace(
        study,
        responses=responses_of(taken.runs),
        unread=left_out,
        part_runs=part_runs(taken.runs),
        sources=sources,
    )


def _by_file(sources: Iterable[Source]) -> tuple[Source, ...]:
    """One source per file: the rows of the runs that one file holds added up."""
    rows: Counter[tuple[str, str, str]] = Counter()
    for source in sources:
        rows[source.path, source.sha256, source.format] += source.rows
    return tuple(Source(*file, count) for file, count in rows.items())


def _logs_and_tables(paths: Sequence[Any], cluster: str | None) -> tuple[list[Log], list[Any], list[Path]]:
    """Logs found in the paths, read; the paths that are or hold tables; and the files that the logs are."""
    found: list[LogPath] = []
    tables: list[Any] = []
    for given in paths:
        own = find_logs(given) if isinstance(given, (str, os.PathLike)) and not is_frame(given) else []
        found += own
        tables += _evidence_beside(Path(given), {log.path for log in own}) if own else [given]
    logs: list[Log] = []
    once = each_once(found)
    for path in once:
        logs += item_rows.read(path.path, cluster=cluster) if path.reader == "items" else read_log(path)
    return logs, tables, [log.path for log in once]


def _evidence_beside(folder: Path, logs: Collection[Path]) -> list[Path]:
    """Tables of a kind that only evidence has, in a folder that also holds logs."""
    if not folder.is_dir():
        return []
    files = (file for file in visible(folder) if file.suffix.casefold() in SUFFIXES and file not in logs)
    return [file for file in files if kind_of_file(file) is not None]


def _tables_beside(paths: Sequence[Any], read: Sequence[Any]) -> list[str]:
    """Names of tables in the folders that were read as logs, without those that were read as well."""
    folders = [Path(path) for path in paths if not any(path is each for each in read) and Path(path).is_dir()]
    read_too = {real(each) for each in read if isinstance(each, (str, os.PathLike))}
    # JSON lines in such a folder are samples of logs, mostly.
    kinds = {suffix for suffix, kind in SUFFIXES.items() if kind != "jsonl"}
    files = (file for folder in folders for file in visible(folder) if file.suffix.casefold() in kinds)
    return sorted(str(file) for file in files if real(file) not in read_too)


def _aliases(given: Mapping[str, str] | str | os.PathLike[str] | None) -> Mapping[str, str]:
    """Names of models and those they should have, from a mapping or a table; rows that begin with # are comments.

    Raises
    ------
    InputError
        The table cannot be read, or does not say which column is which.

    Examples
    --------
    >>> _aliases({"gpt-4": "openai/gpt-4"}), _aliases(None)
    ({'gpt-4': 'openai/gpt-4'}, {})
    """
    if given is None or isinstance(given, Mapping):
        return given or {}
    name = os.fspath(given)
    frame = read_table(name, read_bytes(name), recognise(name) or "csv").frame
    columns = [column for column in frame.columns if column != ROW]
    model, version = find(columns, MODEL), find(columns, VERSION)
    if model is not None and version is not None:
        columns = [model, version]
    # With more columns, which one is the canonical name would be a guess.
    if len(columns) != 2:
        raise InputError(
            f"{name}: aliases should have two columns (name, canonical name), or the columns model and base_model; "
            f"got {len(columns)}: {shorten(columns)}"
        )
    pairs = frame.select(pl.col(column).cast(pl.String).str.strip_chars() for column in columns).drop_nulls().rows()
    return {name: wanted for name, wanted in pairs if wanted and not name.startswith(COMMENT)}


def _tables(given: Any) -> Iterable[RawTable]:
    """The tables a path or frame stands for, one at a time."""
    if is_frame(given):
        yield frame_table(given)
    elif isinstance(given, (str, os.PathLike)):
        for name in expand(given):
            yield read_table(name, read_bytes(name), recognise(name) or "csv", lists=kind_of_file(name) is not None)
    else:
        raise InputError(f"should be a path or a frame, got {type(given).__name__}")


def _each_once(tables: Iterable[RawTable]) -> list[RawTable]:
    """Each file once, however many of the paths name it."""
    first: dict[Path | RawTable, RawTable] = {}
    for table in tables:
        first.setdefault(table if table.source is None else real(table.source.path), table)
    return list(first.values())


def _title(paths: Sequence[Any]) -> str:
    names = [
        Path(given).name or str(given)
        if isinstance(given, (str, os.PathLike))
        else f"{type(given).__module__.split('.')[0]} {type(given).__name__}"
        for given in paths
    ]
    return shorten(dict.fromkeys(names), 3)
