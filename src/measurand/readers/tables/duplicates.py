"""One model on several rows, one column in several files: which score counts, and what keeps the others apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import polars as pl

from measurand.errors import InputError
from measurand.readers.tables.columns import fold
from measurand.readers.tables.numbers import cleaned
from measurand.readers.tables.part import Part
from measurand.readers.tables.raw import ROW, RawTable, shorten
from measurand.wording import plural

__all__ = ["RULES", "Duplicates", "Joined", "joined", "named_apart", "require_rule", "telling"]

Duplicates = Literal["best", "first", "mean", "runs"]
"""Which score of a model counts where a table gives several: one of them, their mean, or each as a run of its own."""

RULES: tuple[str, ...] = get_args(Duplicates)

METRICS = frozenset(
    (
        *("score", "scores", "value", "accuracy", "acc", "acc_norm", "result", "results", "metric", "performance"),
        *("em", "f1", "exact_match", "pass_1", "win_rate", "success_rate", "resolved", "correct", "points", "elo"),
    )
)
"""Names of columns that say how was measured and not what, so that the file has to say it."""

LONGEST = 24
"""Letters of a cell that can be part of a name; hashes and sentences cannot."""

MOST_PLACES = 5
"""Models of which a refusal shows the lines."""

_CELL = ["model", "benchmark"]


class Joined(NamedTuple):
    """The scores of several tables as one.

    Parameters
    ----------
    table : model, benchmark, score and what else the tables have of a score; one row per cell.
    parts : the tables, under the names that `table` uses.
    notes : what was decided.
    models, benchmarks : the name a table gives, by the name that keeps it apart.
    """

    table: pl.DataFrame
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    models: Mapping[str, str]
    benchmarks: Mapping[str, str]


def require_rule(rule: str | None) -> None:
    """Refuse a rule that is none.

    Raises
    ------
    InputError
        It is not one of `RULES`.
    """
    if rule is not None and rule not in RULES:
        raise InputError(f"duplicates should be one of {', '.join(RULES)}, got {rule!r}")


def telling(table: RawTable, keys: pl.DataFrame, among: pl.Series, columns: Sequence[str]) -> list[str]:
    """The columns that tell rows of equal keys apart, as few as suffice, those of few values first.

    Parameters
    ----------
    table : the raw table.
    keys : what rows of one model (or of one score) share.
    among : the rows that are asked about.
    columns : columns that may tell.

    Examples
    --------
    >>> from measurand.readers.tables.frames import frame_table
    >>> table = frame_table(pl.DataFrame({"model": ["m", "m", "n"], "date": ["1", "2", "3"], "shots": [0, 5, 0]}))
    >>> telling(table, table.frame.select("model"), pl.Series([True, True, False]), ["date", "shots"])
    ['shots']
    """
    again = keys.is_duplicated() & among
    told = keys.filter(again)
    cells = {name: cleaned(table.frame[name]).filter(again) for name in columns}
    short = {name: own for name, own in cells.items() if not (own.str.len_chars() > LONGEST).any()}
    chosen: list[str] = []
    for name in sorted(short, key=lambda name: table.frame[name].n_unique()):
        wider = told.with_columns(short[name].alias(f"\0{name}"))
        if wider.n_unique() > told.n_unique():
            told, chosen = wider, [*chosen, name]
    # They stand in the table's order, not in that of the search.
    return [name for name in columns if name in chosen]


def named_apart(table: RawTable, keys: pl.DataFrame, among: pl.Series, columns: Sequence[str]) -> pl.Series:
    """Names under which rows of one model are runs apart: by what differs, else by number.

    Parameters
    ----------
    table : the raw table.
    keys : model and, where a row is one score, its benchmark.
    among : the rows of models that stand on several.
    columns : columns that may say how runs differ.

    Examples
    --------
    >>> from measurand.readers.tables.frames import frame_table
    >>> table = frame_table(pl.DataFrame({"model": ["m", "m"], "shots": [0, 5]}))
    >>> named_apart(table, table.frame.select("model"), pl.Series([True, True]), ["shots"]).to_list()
    ['m (shots=0)', 'm (shots=5)']
    """
    by = telling(table, keys, among, columns)
    cells = table.frame.select(cleaned(table.frame[name]).alias(name) for name in by)
    whole = table.frame.drop(ROW)
    seen: dict[tuple[object, ...], dict[object, int]] = defaultdict(dict)
    names = keys["model"].to_list()
    for row in among.arg_true():
        said = [f"{name}={cell}" for name in by if (cell := cells[name][row]) is not None]
        # Rows equal in every column are copies of one another, not runs.
        held = seen[(*keys.row(row), *said)]
        run = held.setdefault(whole.row(row), len(held) + 1)
        said += [f"run {run}"] if run > 1 else []
        names[row] += f" ({', '.join(said)})" if said else ""
    return pl.Series(names, dtype=pl.String)


def joined(parts: Sequence[Part], rule: str | None, worse: Collection[str] = ()) -> Joined:
    """One table of the scores of several, one row per cell.

    Equal scores of a cell count once. Of different ones in one table the rule decides; without one they are refused.
    Different ones in several tables are decided by the rule as well; without one, columns of one name are told apart by
    the file.

    Parameters
    ----------
    parts : tables with scores.
    rule : one of `RULES`, or None.
    worse : benchmarks of which the lowest score is the best.

    Raises
    ------
    InputError
        No rule, and a table with different scores of one model on one benchmark: the models, their rows, and the rules.

    Examples
    --------
    >>> from measurand.readers.tables.frames import frame_table
    >>> from measurand.readers.tables.layout import interpret
    >>> part = interpret(frame_table(pl.DataFrame({"model": ["m", "m"], "mmlu": [0.5, 0.7]})))
    >>> joined([part], "best").table.rows()
    [('m', 'mmlu', 0.7)]
    """
    require_rule(rule)
    notes: list[str] = []
    within: list[Part] = []
    for part in parts:
        once = _equal_once(_scores(part))
        different = _different(once)
        notes += [*_settled_note(part, different, rule), *_agreeing_note(part, once, different)]
        within.append(replace(part, scores=once if different.is_empty() else _collapsed(once, rule, worse)))
    runs = {run: model for part in within for run, model in part.runs.items()}
    apart, renamed = _apart(within, rule)
    key = "model" if rule == "runs" else "benchmark"
    if renamed:
        why = "the same models have different scores there, or the name says only how was measured"
        one = "" if rule else "; --duplicates best, first or mean takes them for one"
        notes.append(f"told apart by file, as {why}: {shorten(renamed)}{one}")
    frames = [_scores(part) for part in apart]
    table = frames[0] if len(frames) == 1 else _collapsed(_equal_once(pl.concat(frames, how="diagonal")), rule, worse)
    if len(parts) > 1 and rule not in (None, "runs"):
        among = pl.concat(frames, how="diagonal").select(_CELL)
        if count := among.filter(pl.struct(_CELL).is_duplicated()).unique().height:
            notes.append(f"{plural(count, 'score', 'stands')} in several tables, {SAID[str(rule)]}")
    models = {run: runs.get(model, model) for run, model in renamed.items()} if key == "model" else {}
    return Joined(table, tuple(apart), tuple(notes), runs | models, renamed if key == "benchmark" else {})


SAID = {"best": "the best counts", "first": "the first counts", "mean": "their mean counts", "runs": "each is a run"}


def _scores(part: Part) -> pl.DataFrame:
    if part.scores is None:
        raise InputError(f"{part.table.name}: facts and no scores")
    return part.scores


def _different(scores: pl.DataFrame) -> pl.DataFrame:
    """Cells with several scores, and how many; equal ones were counted once before."""
    repeated = scores.filter(pl.struct(_CELL).is_duplicated())
    return repeated.group_by(_CELL, maintain_order=True).agg(pl.col("score").alias("scores"))


def _equal_once(scores: pl.DataFrame) -> pl.DataFrame:
    """The scores with equal ones of a cell counted once, whatever is known of any of them kept."""
    same = [*_CELL, "score"]
    if not scores.select(pl.struct(_CELL).is_duplicated().any()).item():
        return scores
    rest = [name for name in scores.columns if name not in same]
    return scores.group_by(same, maintain_order=True).agg(pl.col(name).drop_nulls().first() for name in rest)


def _settled_note(part: Part, different: pl.DataFrame, rule: str | None) -> list[str]:
    """How many models of a table stand on several rows and what counts.

    Raises
    ------
    InputError
        Nothing says what counts.
    """
    if rule == "runs":
        counts = Counter(part.runs.values())
        several = {model: count for model, count in counts.items() if count > 1}
        said = "each row is a run, named by what differs, else by number, and the runs of a model are one family"
    else:
        frame = part.table.frame
        keys = [key for key in _CELL if key in frame.columns]
        first = different.unique("model", keep="first", maintain_order=True)
        rows = first.join(frame.group_by(keys).len(), on=keys, how="left", maintain_order="left")
        several = dict(rows.select("model", "len").iter_rows())
        said = SAID.get(str(rule), "")
    if not several:
        return []
    models = shorten(f"{model!r} ({count} rows)" for model, count in several.items())
    if rule is None:
        raise InputError(f"{part.table.name}: {_question(part, different, several)}")
    return [f"{part.table.name}: {plural(len(several), 'model')} on several rows, {said}: {models}"]


def _agreeing_note(part: Part, once: pl.DataFrame, different: pl.DataFrame) -> list[str]:
    """What of a table was taken together without anything to decide: rows that do not contradict each other."""
    frame, name = part.table.frame, part.table.name
    if "model" not in frame.columns or "benchmark" in frame.columns:
        equal = _scores(part).height - once.height
        return [f"{name}: {plural(equal, 'score')} given again with the same value"] if equal else []
    rows = frame["model"].filter(frame["model"].is_duplicated()).unique(maintain_order=True)
    agreeing = rows.filter(~rows.is_in(different["model"].implode()))
    if agreeing.is_empty():
        return []
    return [f"{name}: rows of one model that agree, taken as one: {shorten(map(repr, agreeing))}"]


def _question(part: Part, different: pl.DataFrame, several: Mapping[str, int]) -> str:
    cell = dict(different.unique("model", keep="first").select(_CELL).iter_rows())
    places = {
        model: shorten((part.table.place(row) for row in part.rows(model, cell[model])), 5)
        for model in list(several)[:MOST_PLACES]
    }
    shown = shorten((f"{model!r} ({count}: {places.get(model)})" for model, count in several.items()), MOST_PLACES)
    model, benchmark, scores = different.row(0)
    values = shorten((f"{score:g}" for score in scores), 5)
    differ = f"; their rows differ in {', '.join(map(repr, part.differ))}" if part.differ else ""
    models = plural(len(several), "model", "stands")
    return (
        f"{models} on several rows with different scores, {shown}, such as {values} of {model!r} on "
        f"{benchmark!r}{differ}. Say which counts: --duplicates best, first or mean, or runs to keep them apart "
        f'(duplicates="runs")'
    )


def _collapsed(scores: pl.DataFrame, rule: str | None, worse: Collection[str]) -> pl.DataFrame:
    """One score per cell, by the rule; without one they stay as they are."""
    if rule is None or not scores.select(pl.struct(_CELL).is_duplicated().any()).item():
        return scores
    rest = [name for name in scores.columns if name not in (*_CELL, "score")]
    cells = scores.group_by(_CELL, maintain_order=True)
    if rule == "mean":
        # Runs on the same items err together: the mean of their standard errors is the most that theirs can be.
        kept = {"stderr": pl.col("stderr").mean(), "n_items": pl.col("n_items").min()}
        return cells.agg(pl.col("score").mean(), *(kept.get(name, pl.col(name).first()) for name in rest))
    if rule == "first":
        return cells.agg(pl.col(name).first() for name in ("score", *rest))
    better = pl.when(pl.col("benchmark").is_in(list(worse))).then(-pl.col("score")).otherwise(pl.col("score"))
    # To sort once and for all takes a hundredth of the time that sorting within a million cells does.
    first = scores.sort(better, descending=True, maintain_order=True).unique(_CELL, keep="first", maintain_order=True)
    places = scores.with_row_index("\0row").group_by(_CELL).agg(pl.col("\0row").min().alias("\0place"))
    return first.join(places, on=_CELL).sort("\0place").select(*_CELL, "score", *rest)


def _apart(parts: Sequence[Part], rule: str | None) -> tuple[list[Part], dict[str, str]]:
    """The parts with what several of them contradict each other on renamed after the file; and the names by the new."""
    if len(parts) == 1 or rule not in (None, "runs"):
        return list(parts), {}
    key = "model" if rule == "runs" else "benchmark"
    together = _equal_once(pl.concat([_scores(part).select(*_CELL, "score") for part in parts]))
    names = set(_different(together)[key])
    if key == "benchmark":
        held = Counter(name for part in parts for name in _scores(part)["benchmark"].unique())
        names |= {name for name, count in held.items() if count > 1 and fold(name) in METRICS}
    if not names:
        return list(parts), {}
    files = [Path(part.table.name).name for part in parts]
    labels = files if len(set(files)) == len(files) else [part.table.name for part in parts]
    renamed: dict[str, str] = {}
    found = []
    for part, label in zip(parts, labels, strict=True):
        new = {name: f"{name} ({label})" for name in names.intersection(_scores(part)[key])}
        found.append(part.renamed(key, new))
        renamed |= {apart: name for name, apart in sorted(new.items())}
    return found, renamed
