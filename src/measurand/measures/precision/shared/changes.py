"""Two versions of the same results cell by cell: what is still there, what changed, and by how much noise may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.measures.precision.shared.counts import once_right_or_wrong, within_unit
from measurand.measures.precision.shared.drift_records import Cells, ItemsChanged, Renamed, VerdictChange
from measurand.measures.verdicts import VERDICTS
from measurand.names import spellings
from measurand.results import Audit, Finding, Status
from measurand.stats.intervals.clustered import cluster_sums
from measurand.stats.intervals.distributions import norm
from measurand.stats.intervals.paired import paired_differences, paired_tests, welch
from measurand.stats.intervals.versions import rounded_alike, same_rows, share_error
from measurand.tables import NEW, OLD, ItemTable, Responses, Version, item_tables

__all__ = ["cells_of", "figures", "renamed_in", "verdict_changes"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_SHARED = 0.5
"""Least share of the shorter run's items that must be the same for the two runs to be compared item by item."""


def renamed_in(old: pl.DataFrame, new: pl.DataFrame) -> tuple[Renamed, ...]:
    """Models that stand in the new version under another spelling, and models and benchmarks known by their values.

    Parameters
    ----------
    old, new : `figures` of the versions.
    """
    found: list[Renamed] = []
    gone, came = (_only(one["model"], other["model"]) for one, other in ((old, new), (new, old)))
    for group in spellings((*gone, *came)):
        before, after = ([name for name in group.names if name in side] for side in (gone, came))
        if len(before) == len(after) == 1 and not group.dated:
            found.append(Renamed("model", before[0], after[0], group.why))
    found += _by_values(old, new, "benchmark", "model", found)
    return (*found, *_by_values(old, new, "model", "benchmark", found))


def _by_values(old: pl.DataFrame, new: pl.DataFrame, kind: str, across: str, known: Sequence[Renamed]) -> list[Renamed]:
    """Names of one kind that went and came with the same scores, held side by side by the names of the other kind."""
    mapped = {each: {r.old: r.new for r in known if r.kind == each} for each in (kind, across)}
    old = old.with_columns(pl.col(each).replace(names) for each, names in mapped.items())
    columns = sorted(set(old[across]) & set(new[across]))
    rows = [sorted(set(frame[kind])) for frame in (old, new)]
    if not columns or set(rows[0]) <= set(rows[1]) or set(rows[1]) <= set(rows[0]):
        return []
    tables = [_matrix(frame, kind, names, across, columns) for frame, names in zip((old, new), rows, strict=True)]
    sides = [np.array([name not in there for name in names]) for names, there in zip(rows, rows[::-1], strict=True)]
    why = "the same scores"
    found = same_rows(tables[0], tables[1], sides[0], sides[1])
    return [Renamed(kind, rows[0][a], rows[1][b], why) for a, b in found]


def _only(names: pl.Series, others: pl.Series) -> list[str]:
    return sorted(set(names) - set(others))


def _matrix(frame: pl.DataFrame, kind: str, names: Sequence[str], across: str, columns: Sequence[str]) -> Floats:
    """Scores by the names of one kind and those of the other, NaN where there is none."""
    found = np.full((len(names), len(columns)), np.nan)
    own = frame.filter(pl.col(kind).is_in(names), pl.col(across).is_in(columns))
    rows, places = ({name: place for place, name in enumerate(each)} for each in (names, columns))
    found[[rows[name] for name in own[kind]], [places[name] for name in own[across]]] = own["score"].to_numpy()
    return found


def figures(version: Version) -> pl.DataFrame:
    """Scores of one version with what is known of their error: its table, and means over items that are not in it."""
    schema = {"model": pl.String, "benchmark": pl.String, "score": pl.Float64}
    table = pl.DataFrame(schema={**schema, "stderr": pl.Float64, "n_items": pl.Float64})
    if version.scores is not None:
        of_benchmark = version.scores.benchmarks.select("benchmark", "items")
        n = pl.coalesce(pl.col("n_items").cast(pl.Float64), "items")
        rows = version.scores.table.join(of_benchmark, on="benchmark", how="left", maintain_order="left")
        table = rows.select("model", "benchmark", "score", "stderr", n_items=n)
    if version.responses is None:
        return table
    ran = version.responses.frame.select("model", "benchmark").unique().drop_nulls().collect()
    lacking = ran.join(table, on=["model", "benchmark"], how="anti")
    if lacking.is_empty():
        return table
    means = [
        (model, each.benchmark, float(value))
        for each in item_tables(version.responses.unclustered())
        for model, value in zip(each.models, cluster_sums(each.scores).means().value, strict=True)
    ]
    of_items = pl.DataFrame(means, schema=schema, orient="row").filter(pl.col("score").is_finite())
    return pl.concat([table, of_items.join(lacking, on=["model", "benchmark"], how="semi")], how="diagonal")


def cells_of(old: pl.DataFrame, new: pl.DataFrame, items: Responses | None, level: float) -> Cells:
    """Both versions cell by cell.

    Where both have the same items, or at least half of those of the shorter run, these are paired; where the items are
    others, or only scores are known, the two are compared as independent. An error known of one version stands for
    both.

    Parameters
    ----------
    old, new : `figures` of the versions, names of the old one as the new one has them.
    items : item-level results of both, as `Versions.items` joins them.
    level : of the intervals.
    """
    models, benchmarks = (tuple(sorted({*old[key], *new[key]})) for key in ("model", "benchmark"))
    sides = [_matrix(frame, "model", models, "benchmark", benchmarks) for frame in (old, new)]
    errors, unit = _errors((old, new), sides, models, benchmarks)
    same = np.column_stack([rounded_alike(*columns) for columns in zip(sides[0].T, sides[1].T, strict=True)])
    change, stderr = sides[1] - sides[0], np.hypot(*errors)
    half = float(norm.ppf(0.5 + level / 2)) * stderr
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * norm.sf(np.abs(change) / stderr)
    cells = Cells(
        models=models,
        benchmarks=benchmarks,
        old=sides[0],
        new=sides[1],
        low=change - half,
        high=change + half,
        p_value=np.where(same & np.isfinite(stderr), 1.0, p_value),
        same=same,
        unit=unit,
        method={
            (models[i], benchmarks[j]): "unpaired, normal, from the errors of both scores"
            for i, j in np.argwhere(np.isfinite(stderr)).tolist()
        },
        n={},
        items={},
    )
    return cells if items is None else _with_items(cells, item_tables(items), level)


def _errors(
    frames: Sequence[pl.DataFrame], sides: Sequence[Floats], models: Sequence[str], benchmarks: Sequence[str]
) -> tuple[list[Floats], Bools]:
    """Standard errors of each version's scores, NaN where not known, and which columns lie between 0 and 1.

    An error that is given, else that of a share of so many independent items, where the column is one of shares or of
    percentages.
    """
    whole = np.concatenate(sides)
    with np.errstate(invalid="ignore"):
        most, least = np.fmax.reduce(whole, axis=0), np.fmin.reduce(whole, axis=0)
    unit = (least >= 0) & (most <= 1)
    scale = np.where(unit, 1.0, np.where((least >= 0) & (most <= 100), 100.0, np.nan))
    found = []
    for frame, scores in zip(frames, sides, strict=True):
        given, n = (
            _matrix(
                frame.select("model", "benchmark", score=name).drop_nulls(), "model", models, "benchmark", benchmarks
            )
            for name in ("stderr", "n_items")
        )
        given = np.where(given > 0, given, np.nan)
        found.append(np.where(np.isfinite(given), given, scale * share_error(scores / scale, n)))
    first, second = found
    # Often one version alone gives errors, and the benchmark has as many items in both.
    filled = [np.where(np.isfinite(a), a, b) for a, b in ((first, second), (second, first))]
    return filled, unit


def _with_items(cells: Cells, tables: Iterator[ItemTable], level: float) -> Cells:
    """The cells with those replaced whose items both versions have."""
    arrays = {name: getattr(cells, name).copy() for name in ("old", "new", "low", "high", "p_value", "same")}
    method, n, items = dict(cells.method), dict(cells.n), {}
    for table in tables:
        column = cells.benchmarks.index(table.benchmark)
        places = {name: place for place, name in enumerate(table.models)}
        run = np.isfinite(table.scores)
        sides = [run[[place for name, place in places.items() if name.startswith(of)]].any(axis=0) for of in (OLD, NEW)]
        before, after = sides
        count = ItemsChanged(*(int(each.sum()) for each in (before & after, before & ~after, after & ~before)))
        if count.both + count.only_old and count.both + count.only_new and count.only_old + count.only_new:
            items[table.benchmark] = count
        for row, model in enumerate(cells.models):
            pair = [places[name] for name in (NEW + model, OLD + model) if name in places]
            found = _compared(table, pair, level) if len(pair) == 2 else None
            if found is None:
                continue
            for name, value in found.cell.items():
                arrays[name][row, column] = value
            method[model, table.benchmark], n[model, table.benchmark] = found.method, found.n
    unit = cells.unit & np.array([_unit(arrays["old"][:, j], arrays["new"][:, j]) for j in range(len(cells.unit))])
    return replace(cells, **arrays, unit=unit, method=method, n=n, items=items)


def _unit(old: Floats, new: Floats) -> bool:
    values = np.concatenate([old, new])
    values = values[np.isfinite(values)]
    return bool(((values >= 0) & (values <= 1)).all())


class _Compared(NamedTuple):
    """One cell by its items: values of `Cells`, how, and on how many items."""

    cell: Mapping[str, float | bool]
    method: str
    n: int


def _compared(table: ItemTable, rows: list[int], level: float) -> _Compared | None:
    """New against old; None where one of them has no score."""
    scores = table.scores[rows]
    run = np.isfinite(scores)
    both, sizes = run.all(axis=0), run.sum(axis=1)
    if not sizes.all():
        return None
    if both.sum() >= max(LEAST_SHARED * sizes.min(), 2):
        scores, clusters = scores[:, both], None if table.clusters is None else table.clusters[both]
        pairs = paired_differences(scores, clusters)
        counts = once_right_or_wrong(table)
        p_value, low, high = (
            float(each[0]) for each in paired_tests(pairs, level, counts=counts, unit=within_unit(table))
        )
        method, n = "paired, exact McNemar" if counts else "paired t, CR2", int(both.sum())
    else:
        means = cluster_sums(scores, table.clusters).means()
        _, _, _, low, high, p_value = welch(means, level)
        method, n = "unpaired t (Welch)", int(sizes.min())
        if once_right_or_wrong(table):
            value, stderr = means.value[0] - means.value[1], np.hypot(*share_error(means.value, sizes))
            half = float(norm.ppf(0.5 + level / 2)) * stderr
            low, high, p_value = value - half, value + half, 2 * float(norm.sf(abs(value) / stderr))
            method = "unpaired, Agresti and Caffo"
    new, old = (float(np.nanmean(row)) for row in scores)
    same = abs(new - old) < 1e-9
    cell = {"old": old, "new": new, "low": low, "high": high, "p_value": 1.0 if same else p_value, "same": same}
    return _Compared(cell, method, n)


def verdict_changes(
    old: Audit, new: Audit, renamed: Sequence[Renamed], besides: Sequence[str]
) -> tuple[tuple[VerdictChange, ...], int]:
    """Verdicts that are others in the new audit, those to and from an issue first, and how many both audits have.

    Parameters
    ----------
    besides : codes of measures that do not count, as they speak of the reading or the comparison itself.
    """
    names = {each.kind: {r.old: r.new for r in renamed if r.kind == each.kind} for each in renamed}

    def key(finding: Finding, mapped: Mapping[str, Mapping[str, str]]) -> tuple[object, ...]:
        subject = {name: mapped.get(name, {}).get(value, value) for name, value in finding.subject.items()}
        return (finding.code, finding.title, finding.headline, *sorted(subject.items()))

    before = {key(finding, names): finding for finding in old.findings if finding.code not in besides}
    after = {key(finding, {}): finding for finding in new.findings}
    both = [(before[each], after[each]) for each in before if each in after]
    judged = [pair for pair in both if any(finding.status in VERDICTS for finding in pair)]
    changed = [
        VerdictChange(code=now.code, title=now.title, subject=now.subject, was=was, now=now)
        for was, now in judged
        if was.status is not now.status
    ]
    changed.sort(key=lambda each: Status.ISSUE not in (each.was.status, each.now.status))
    return tuple(changed), len(judged)
