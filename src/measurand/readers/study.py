"""Tables into one study: scores joined, units checked, facts completed, roles and directions as told."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from measurand.catalogue import known, near
from measurand.errors import InputError, UnknownName
from measurand.readers.evidence.kinds import KINDS, kind_of, kind_of_file
from measurand.readers.log import Log
from measurand.readers.logs import find_logs, read_log
from measurand.readers.paths import SUFFIXES, expand, read_bytes, recognise, visible
from measurand.readers.runs import Run, counted, responses, runs, scores, unread
from measurand.readers.tables.complete import complete_benchmarks, complete_models, merged
from measurand.readers.tables.facts import Facts
from measurand.readers.tables.frames import frame_table, is_frame
from measurand.readers.tables.item_rows import is_items, logs_of
from measurand.readers.tables.layout import Part, interpret
from measurand.readers.tables.raw import ROW, RawTable, shorten
from measurand.readers.tables.tabular import read_table
from measurand.readers.tables.units import odd_units, ranges
from measurand.results import Source
from measurand.tables import Responses, Scores, Study

__all__ = ["assemble", "model_sizes", "read", "study_of"]


def read(
    *paths: Any,
    models: Any = None,
    benchmarks: Any = None,
    capability: Sequence[str] | None = None,
    lower_is_better: Sequence[str] | None = None,
    as_given: Sequence[str] = (),
    aliases: Mapping[str, str] | str | os.PathLike[str] | None = None,
) -> Study:
    """Read tables of scores and logs of harnesses into a study.

    Parameters
    ----------
    paths : files, folders, patterns such as ``"runs/*.csv"``, or frames (polars, pandas, pyarrow, any Arrow producer).
        A file or folder that holds logs of Inspect, lm-eval, HELM, every_eval_ever or OpenAI evals is read as such.
        A table has one row per model and one column per benchmark, or one row per score (model, benchmark, score and
        optionally stderr, n_items), or one row a benchmark and one column a model. Facts stand in further columns or in
        tables of their own. A table with a column ``item`` holds item-level results; `measurand.readers.evidence.kinds`
        says by which columns votes, attempts and the results of experiments are told.
    models, benchmarks : path or frame with facts of the models (family, class, parameters, training_flop,
        release_date) or benchmarks (name, role, area, metric, higher_is, chance, maximum, trait, method, source). Where
        neither the columns nor this table say a fact, what is shipped does.
    capability : names of the capability benchmarks; all others are then under test. By default the catalogue's roles.
    lower_is_better : names of benchmarks whose scores are better (or safer) when lower.
    as_given : names of benchmarks whose values are right although they look like percentages mixed with fractions.
    aliases : name of a model in a log -> the name it should have; a mapping, or a table of two columns.

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
        A name in `capability`, `lower_is_better` or `as_given` that no benchmark has.

    Examples
    --------
    >>> study = read(pl.DataFrame({"model": ["a", "b"], "mmlu": [0.4, 0.6], "mine": [0.1, 0.3]}))
    >>> study.scores.benchmarks_of("capability"), study.scores.matrix(["a"], ["mmlu", "mine"]).tolist()
    (('mmlu',), [[0.4, 0.1]])
    """
    if not paths:
        raise InputError("nothing to read; give at least one file, folder or frame with scores")
    logs, tables = _logs_and_tables(paths)
    raw = [table for given in tables for table in _tables(given)]
    of_items = [table for table in raw if is_items(table.columns)]
    of_kind = [(kind, table) for table in raw if (kind := kind_of(table.columns)) is not None]
    of_scores = [table for table in raw if not is_items(table.columns) and kind_of(table.columns) is None]
    study = study_of(
        _title(paths),
        [*logs, *(log for table in of_items for log in logs_of(table))],
        responses,
        [interpret(table) for table in of_scores],
        models=models,
        benchmarks=benchmarks,
        capability=capability,
        lower_is_better=lower_is_better,
        as_given=as_given,
        aliases=aliases,
    )
    for kind in KINDS:
        if own := [table for of, table in of_kind if of is kind]:
            evidence: dict[str, Any] = {kind.field: kind.joined(own)}
            sources = (*study.sources, *(table.source for table in own if table.source is not None))
            study = replace(study, sources=sources, **evidence)
    left = _tables_beside(paths, tables)
    if left and study.scores is not None:
        note = f"tables in folders of logs, not read (name them beside the folder to have them read): {shorten(left)}"
        study = replace(study, scores=replace(study.scores, notes=(*study.scores.notes, note)))
    return study


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
    aliases: Mapping[str, str] | str | os.PathLike[str] | None = None,
) -> Study:
    """Join what logs and tables say into a study.

    Parameters
    ----------
    title : title of the study.
    logs : runs as their harnesses left them.
    responses_of : item-level results of the runs that count, wherever their items are.
    tables : tables of scores and of facts, interpreted.
    models, benchmarks, capability, lower_is_better, as_given, aliases : as in `read`.

    Raises
    ------
    InputError, UnknownName
        As in `read`.
    """
    given_runs = runs(logs, _aliases(aliases))
    from_logs = scores(title, given_runs)
    parts = [*tables, from_logs] if from_logs is not None else list(tables)
    sides = [
        interpret(table, holds)
        for given, holds in ((models, "models"), (benchmarks, "benchmarks"))
        if given is not None
        for table in _tables(given)
    ]
    study = (
        assemble(title, parts, sides, capability=capability, lower_is_better=lower_is_better, as_given=as_given)
        if parts
        else Study(title=title)
    )
    if not logs:
        return study
    sources = _by_file((*study.sources, *(log.source for log in logs)))
    return replace(
        study, responses=responses_of(counted(given_runs)), unread=unread(logs, _aliases(aliases)), sources=sources
    )


def _by_file(sources: Iterable[Source]) -> tuple[Source, ...]:
    """One source per file: the rows of the runs that one file holds added up."""
    rows: Counter[tuple[str, str, str]] = Counter()
    for source in sources:
        rows[source.path, source.sha256, source.format] += source.rows
    return tuple(Source(*file, count) for file, count in rows.items())


def _logs_and_tables(paths: Sequence[Any]) -> tuple[list[Log], list[Any]]:
    """Logs found in the paths, read; and the paths that are or hold tables."""
    logs: list[Log] = []
    tables: list[Any] = []
    for given in paths:
        found = find_logs(given) if isinstance(given, (str, os.PathLike)) and not is_frame(given) else []
        logs += [log for path in found for log in read_log(path)]
        tables += _evidence_beside(Path(given), {log.path for log in found}) if found else [given]
    return logs, tables


def _evidence_beside(folder: Path, logs: Collection[Path]) -> list[Path]:
    """Tables of a kind that only evidence has, in a folder that also holds logs."""
    if not folder.is_dir():
        return []
    files = (file for file in visible(folder) if file.suffix.casefold() in SUFFIXES and file not in logs)
    return [file for file in files if kind_of_file(file) is not None]


def _tables_beside(paths: Sequence[Any], tables: Sequence[Any]) -> list[str]:
    """Names of tables in the folders that were read as logs, without those that are read as well."""
    folders = [Path(path) for path in paths if not any(path is table for table in tables) and Path(path).is_dir()]
    read_too = {Path(table) for table in tables if isinstance(table, (str, os.PathLike))}
    # JSON lines in such a folder are samples of logs, mostly.
    kinds = {suffix for suffix, kind in SUFFIXES.items() if kind != "jsonl"}
    files = (file for folder in folders for file in visible(folder) if file.suffix.casefold() in kinds)
    return sorted(str(file) for file in files if file not in read_too)


def _aliases(given: Mapping[str, str] | str | os.PathLike[str] | None) -> Mapping[str, str]:
    """Names of models and those they should have, from a mapping or a two-column table.

    Raises
    ------
    InputError
        The table cannot be read, or has not two columns.

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
    # With more columns, which one is the canonical name would be a guess.
    if len(columns) != 2:
        raise InputError(f"{name}: aliases should have two columns (name, canonical name), got {len(columns)}")
    return dict(zip(frame[columns[0]].to_list(), frame[columns[1]].to_list(), strict=True))


def assemble(
    title: str,
    parts: Sequence[Part],
    sides: Sequence[Part] = (),
    *,
    capability: Sequence[str] | None = None,
    lower_is_better: Sequence[str] | None = None,
    as_given: Sequence[str] = (),
) -> Study:
    """Join what tables say into a study.

    Parameters
    ----------
    title : title of the study.
    parts : tables of scores, and tables of facts found beside them.
    sides : tables of facts that were named as such.
    capability, lower_is_better, as_given : as in `read`.

    Raises
    ------
    InputError
        No score, one score given twice with different values, percentages mixed with fractions, or a fact out of its
        range.
    UnknownName
        A name that no benchmark has.
    """
    scored = [part for part in parts if part.scores is not None]
    files = ", ".join(dict.fromkeys(part.table.name for part in parts))
    if not scored:
        raise InputError(f"{files}: facts and no scores; add a table of scores")
    table = _joined(scored)
    if table.is_empty():
        raise InputError(f"{files}: no score in any row; write numbers in the score columns")
    spread = ranges(table)
    tested = spread["benchmark"].to_list()
    turned = _names(lower_is_better)
    _refuse_mixed_units(scored, table, spread, _names(as_given))
    own = [part for part in parts if part.scores is not None]
    beside = [*sides, *(part for part in parts if part.scores is None)]
    about_models = _facts("model", own, beside, lambda part: part.models)
    about_benchmarks = _facts("benchmark", own, beside, lambda part: part.benchmarks)
    model_facts = complete_models(table["model"].unique(maintain_order=True).to_list(), about_models.layers)
    limits = {name: (low, high) for name, low, high in spread.select("benchmark", "min", "max").iter_rows()}
    benchmark_facts = complete_benchmarks(tested, about_benchmarks.layers, limits, turned)
    notes = [note for part in (*parts, *sides) for note in part.notes]
    notes += [*about_models.notes, *about_benchmarks.notes, *model_facts.notes, *benchmark_facts.notes]
    notes += _control_notes([*model_facts.frame["model"], *tested]) + _direction_notes(benchmark_facts.frame)
    try:
        scores = Scores.build(table, model_facts.frame, benchmark_facts.frame, notes)
    except InputError as error:
        raise InputError(f"{files}: {error}") from None
    if turned:
        scores = scores.with_lower_is_better(turned)
    if capability is not None:
        scores = scores.with_capability(_names(capability))
    sources = tuple(part.table.source for part in (*parts, *sides) if part.table.source is not None)
    return Study(title=title, scores=_with_capability_note(scores), sources=sources)


class _Layers(NamedTuple):
    layers: list[pl.DataFrame]
    notes: tuple[str, ...]


def _facts(
    key: str, own: Sequence[Part], beside: Sequence[Part], facts: Callable[[Part], pl.DataFrame | None]
) -> _Layers:
    """What the tables of scores say of models or benchmarks, then what tables beside them say."""
    each: list[Facts] = [
        merged(key, [frame for part in group if (frame := facts(part)) is not None]) for group in (own, beside)
    ]
    return _Layers([layer.frame for layer in each], tuple(note for layer in each for note in layer.notes))


def _tables(given: Any) -> Iterable[RawTable]:
    """The tables a path or frame stands for, one at a time."""
    if is_frame(given):
        yield frame_table(given)
    elif isinstance(given, (str, os.PathLike)):
        for name in expand(given):
            yield read_table(name, read_bytes(name), recognise(name) or "csv", lists=kind_of_file(name) is not None)
    else:
        raise InputError(f"should be a path or a frame, got {type(given).__name__}")


def _joined(parts: Sequence[Part]) -> pl.DataFrame:
    """One table of scores; a score given in several tables must be the same in all."""
    frames = [part.scores for part in parts if part.scores is not None]
    if len(frames) == 1:
        return frames[0]
    table = pl.concat(frames, how="diagonal")
    repeated = table.filter(pl.struct("model", "benchmark").is_duplicated())
    for (model, benchmark), same in repeated.group_by("model", "benchmark", maintain_order=True):
        if same["score"].n_unique() > 1:
            where = [place for part in parts if (place := part.place(str(model), str(benchmark)))]
            scores = " and ".join(f"{score:g}" for score in same["score"].unique(maintain_order=True))
            raise InputError(
                f"model {model!r} has different scores for {benchmark!r}: {scores} ({' and '.join(where)}); "
                "keep one, or give the runs different model names"
            )
    if repeated.is_empty():
        return table
    rest = [name for name in table.columns if name not in ("model", "benchmark")]
    return table.group_by("model", "benchmark", maintain_order=True).agg(pl.col(n).drop_nulls().first() for n in rest)


def _refuse_mixed_units(
    parts: Sequence[Part], table: pl.DataFrame, spread: pl.DataFrame, as_given: Sequence[str]
) -> None:
    tested = spread["benchmark"].to_list()
    for name in as_given:
        if name not in tested:
            raise UnknownName("benchmark", name, tested)
    for row in spread.filter(~pl.col("benchmark").is_in(list(as_given))).iter_rows(named=True):
        odd = odd_units(table, row)
        if odd is None:
            continue
        name = row["benchmark"]
        cells = [
            f"{next(place for part in parts if (place := part.place(model, name)))} ({model!r}, {value:g})"
            for model, value in zip(odd.models, odd.values, strict=True)
        ]
        kind, others = ("fractions", "percentages") if odd.fractions else ("percentages", "fractions")
        remedy = "multiply by 100" if odd.fractions else "divide by 100"
        raise InputError(
            f"column {name!r} mixes percentages and fractions: {shorten(cells, 5)} look like {kind} among {others} "
            f"from {odd.low:g} to {odd.high:g}; {remedy}, or if they are right say as_given=[{name!r}] "
            f"(--as-given {name})"
        )


def _direction_notes(benchmarks: pl.DataFrame) -> list[str]:
    worse = benchmarks.filter(pl.col("higher_is") == "worse")["benchmark"].to_list()
    return (
        [f"lower is better, turned once, as the tables say (of raw logs the catalogue or harness): {shorten(worse)}"]
        if worse
        else []
    )


def _control_notes(names: Iterable[str]) -> list[str]:
    odd = [repr(name) for name in names if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in name)]
    return [f"names with control characters, kept as they are: {shorten(odd)}"] if odd else []


def _with_capability_note(scores: Scores) -> Scores:
    if scores.benchmarks_of("capability"):
        return scores
    tested = scores.benchmarks["benchmark"].to_list()
    catalogued = [entry.benchmark for entry in known() if entry.role == "capability"]
    close = {name: near(name, catalogued, limit=1) for name in tested[:20]}
    hints = [f"{name!r} resembles {found[0]!r}" for name, found in close.items() if found]
    note = (
        f"no benchmark is known as a capability benchmark; name some with capability=[...] (--capability NAME) among: "
        f"{shorten(tested)}" + (f". In the catalogue: {shorten(hints, 5)}" if hints else "")
    )
    return replace(scores, notes=(*scores.notes, note))


def _names(given: Sequence[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _title(paths: Sequence[Any]) -> str:
    names = [
        Path(given).name or str(given)
        if isinstance(given, (str, os.PathLike))
        else f"{type(given).__module__.split('.')[0]} {type(given).__name__}"
        for given in paths
    ]
    return shorten(dict.fromkeys(names), 3)
