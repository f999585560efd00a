"""P13 drift: what changed between two versions of the same results, and by more than noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import NotApplicable
from measurand.measures import Measure
from measurand.measures.precision.shared.changes import cells_of, figures, renamed_in, verdict_changes
from measurand.measures.precision.shared.drift_records import (
    Cells,
    Column,
    Drift,
    Interchanged,
    Moved,
    VerdictChange,
)
from measurand.measures.precision.shared.drift_words import (
    CHANGED,
    GONE,
    INTERCHANGED,
    MOVED,
    MOVED_ALONG,
    OTHER_ITEMS,
    REDEFINED,
    RENAMED,
    VERDICT,
    answer,
    changed_words,
    moved_words,
    sentence_of,
    stood,
    subject_of,
    value_text,
)
from measurand.measures.shared import bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import family, headline
from measurand.results import Axis, Cell, Figure, Finding, Question, Status
from measurand.stats.intervals.versions import common_factor, interchanges, moved_rows
from measurand.tables import Versions
from measurand.wording import DIFFERENCE, percent, plural

__all__ = ["MEASURE", "Drift", "drift", "figure", "judge"]

LEAST_CELLS = 5
"""Cells of a column from which it can be said to have changed as a whole."""
STILL = 0.1
"""Share of the cells of the other columns (their median) up to which the table as a whole stood still."""
CHANCE = 0.05
"""Pairs that would look interchanged by chance, in all columns together, up to which one is believed."""

SWAPPED = "looks interchanged"
"""In short, a score in the place of another model's."""

NEEDED = "two versions of one table, store, log folder or audit that have a score in common"
BESIDES = ("P0", "P13", "V0")
"""Measures whose verdicts are not compared: of what was read, of the comparison, and of claims about the others."""


def drift(versions: Versions, *, level: float = 0.95) -> Drift:
    """Hold two versions of the same results against each other.

    Parameters
    ----------
    versions : the old and the new one: scores, item-level results, and audits where verdicts are to be compared.
    level : of the intervals; a change is more than noise at 1 - level, adjusted for all cells (Holm).

    Returns
    -------
    Drift

    Raises
    ------
    NotApplicable
        No score and no verdict that both versions have.
    InputError
        A level out of (0, 1), or an item that lies in two clusters.

    References
    ----------
    McNemar 1947, Psychometrika 12(2); Agresti and Caffo 2000, The American Statistician 54(4); Holm 1979, Scandinavian
    Journal of Statistics 6(2).

    Examples
    --------
    >>> import polars as pl
    >>> from measurand.tables import Scores, Version
    >>> old = {"model": ["a", "b", "c"], "benchmark": "facts", "score": [0.5, 0.6, 0.7], "n_items": 100}
    >>> new = old | {"score": [0.5, 0.6, 0.2]}
    >>> tables = (Scores.build(pl.DataFrame(each)) for each in (old, new))
    >>> found = drift(Versions(*map(Version, ("old", "new"), tables)))
    >>> found.changed.ravel().tolist(), found.adjusted.ravel().round(6).tolist()
    ([False, False, True], [1.0, 1.0, 0.0])
    """
    require_fraction(level=level)
    old, new = figures(versions.old), figures(versions.new)
    renamed = renamed_in(old, new)
    names = {kind: {r.old: r.new for r in renamed if r.kind == kind} for kind in ("model", "benchmark")}
    old = old.with_columns(pl.col(kind).replace(mapped) for kind, mapped in names.items())
    cells = cells_of(old, new, versions.items(names["model"], names["benchmark"]), level)
    audits = (versions.old.audit, versions.new.audit)
    verdicts: tuple[VerdictChange, ...] = ()
    other: tuple[str, ...] = ()
    compared = 0
    if audits[0] is not None and audits[1] is not None:
        verdicts, compared = verdict_changes(audits[0], audits[1], renamed, BESIDES)
        shared = sorted(audits[0].settings.keys() & audits[1].settings.keys() - {*BESIDES})
        other = tuple(code for code in shared if audits[0].settings[code] != audits[1].settings[code])
    if not cells.both.any() and not compared:
        raise NotApplicable("the two versions have no score in common", needs=NEEDED)
    p_values = np.where(cells.both, cells.p_value, np.nan)
    adjusted = family(p_values.ravel()).reshape(p_values.shape)
    # Where noise is known it has to be exceeded; where it is not, a figure that is another one is all there is to see.
    real = cells.both & ~cells.same & ~(adjusted > 1 - level)
    return Drift(
        names=(versions.old.name, versions.new.name),
        cells=cells,
        adjusted=adjusted,
        columns=tuple(_columns(cells, real)),
        interchanged=tuple(_interchanged(cells, real)),
        moved=tuple(_moved(cells)),
        renamed=renamed,
        verdicts=verdicts,
        verdicts_compared=compared,
        other_settings=other,
        level=level,
    )


def _columns(cells: Cells, real: npt.NDArray[np.bool_]) -> Iterator[Column]:
    changed, compared = real.sum(axis=0), cells.both.sum(axis=0)
    with np.errstate(invalid="ignore"):
        shares = np.where(compared >= LEAST_CELLS, changed / compared, np.nan)
    for j in np.flatnonzero(compared).tolist():
        others = np.delete(shares, j)
        others = others[np.isfinite(others)]
        both = cells.both[:, j]
        yield Column(
            cells.benchmarks[j],
            int(changed[j]),
            int(compared[j]),
            float(np.median(others)) if len(others) > 1 else np.nan,
            common_factor(cells.old[both, j], cells.new[both, j], LEAST_CELLS),
        )


def _interchanged(cells: Cells, real: npt.NDArray[np.bool_]) -> Iterator[Interchanged]:
    several = np.flatnonzero(real.sum(axis=0) > 1)
    for j in several.tolist():
        rows = np.flatnonzero(cells.both[:, j])
        own = (each[rows, j] for each in (cells.old, cells.new, real, cells.noise))
        for found in interchanges(*own):
            pair = cells.models[rows[found.first]], cells.models[rows[found.second]]
            yield Interchanged(cells.benchmarks[j], pair, found.chance * len(several))


def _moved(cells: Cells) -> Iterator[Moved]:
    sides = cells.old, cells.new
    for kind, names, (old, new) in (
        ("benchmark", cells.benchmarks, (each.T for each in sides)),
        ("model", cells.models, sides),
    ):
        places = moved_rows(old, new)
        for place, source in places.items():
            scores = int(np.isclose(new[place], old[source]).sum())
            yield Moved(kind, names[place], names[source], scores, places.get(source) == place)


def judge(result: Drift, *, redefined: float = 0.5) -> list[Finding]:
    """Issue: a score changed by more than noise, a column looks redefined, two scores, columns or models interchanged.

    Redefined is a column of which more than half of the scores changed, and at least 5, while in the median of the
    other columns at most 1 in 10 did; or all of whose scores changed by one factor of at least 2. Caution: a score
    changed and its noise is not known, scores or names went, or a verdict changed.
    """
    require_fraction(redefined=redefined)
    moved = {(each.kind, each.name): each.source for each in result.moved}
    anew = [c for c in result.columns if ("benchmark", c.benchmark) not in moved and _redefined(c, redefined)]
    names = {column.benchmark for column in anew}
    swapped = [
        each
        for each in result.interchanged
        if each.benchmark not in names
        and each.chance <= CHANCE
        and not {("benchmark", each.benchmark), *(("model", name) for name in each.models)} & moved.keys()
    ]
    cells = list(_changed(result, names, {(each.benchmark, name) for each in swapped for name in each.models}))
    rows = [
        *_moved_findings(result.moved),
        *map(_redefined_finding, anew),
        *map(_interchanged_finding, swapped),
        *sorted(cells, key=_urgency),
        *_gone(result),
        *_names(result),
        *_items(result),
        *map(_verdict, result.verdicts),
    ]
    if not rows:
        sentence = sentence_of(result, rows)
        return [Finding(status=Status.PASSED, sentence=sentence, headline=True, figure=_shown(result))]
    return [headline(sentence_of(result, rows), rows, short=_short(rows), figure=_shown(result)), *rows]


def _urgency(finding: Finding) -> tuple[int, bool, str]:
    """Order of changed scores: issues first, then those that look interchanged, side by side."""
    return list(Status).index(finding.status), finding.short != SWAPPED, finding.subject["benchmark"]


def _redefined(column: Column, most: float) -> bool:
    whole = column.changed >= LEAST_CELLS and column.changed > most * column.compared
    return column.factor is not None or (whole and column.elsewhere <= STILL)


def _redefined_finding(column: Column) -> Finding:
    share = "all" if column.changed == column.compared else f"{column.changed} of the"
    why = (
        f"{share} {column.compared} scores in both versions changed, and hardly any on most other columns"
        if column.factor is None
        else f"every score was multiplied by {column.factor:g}"
    )
    return Finding(
        subject={"benchmark": column.benchmark},
        title=REDEFINED,
        status=Status.ISSUE,
        sentence=f"{column.benchmark} looks redefined: {why}.",
        short="looks redefined",
        result={"changed": column.changed, "compared": column.compared, "factor": column.factor},
    )


def _moved_findings(moved: Sequence[Moved]) -> Iterator[Finding]:
    for each in moved:
        # Of two that hold each other's scores one finding speaks.
        if each.mutual and each.name > each.source:
            continue
        subject = {f"{each.kind}s": f"{each.name}, {each.source}"} if each.mutual else {each.kind: each.name}
        yield Finding(
            subject=subject,
            title=MOVED,
            status=Status.ISSUE,
            sentence=f"{moved_words(each)}.",
            short="look interchanged" if each.mutual else f"has the old scores of {each.source}",
            result={"of": each.source, "scores": each.scores},
        )


def _interchanged_finding(pair: Interchanged) -> Finding:
    first, second = pair.models
    return Finding(
        subject={"benchmark": pair.benchmark, "models": f"{first}, {second}"},
        title=INTERCHANGED,
        status=Status.ISSUE,
        sentence=f"On {pair.benchmark} the scores of {first} and {second} look interchanged: each now has the other's "
        "old score, or nearly.",
        short="look interchanged",
        result={"models": pair.models, "chance": pair.chance},
    )


def _changed(result: Drift, redefined: set[str], swapped: set[tuple[str, str]]) -> Iterator[Finding]:
    """A row for each cell that changed."""
    cells = result.cells
    known = int(np.isfinite(result.adjusted).sum())
    moved = {(each.kind, each.name): each.source for each in result.moved}
    for i, j in np.argwhere(result.changed).tolist():
        model, benchmark = cells.models[i], cells.benchmarks[j]
        old, new, p_value = cells.old[i, j], cells.new[i, j], cells.p_value[i, j]
        change = estimate(
            "change",
            new - old,
            cells.low[i, j],
            cells.high[i, j],
            level=result.level,
            method=cells.method.get((model, benchmark), ""),
            n=cells.n.get((model, benchmark)),
            unit=DIFFERENCE if cells.unit[j] else "",
        )
        alpha = 1 - result.level
        if (whose := _whose(cells, i, j, moved)) is not None:
            status, short, rest = Status.CAUTION, MOVED_ALONG, f"which was {whose}"
        elif benchmark in redefined:
            status, short, rest = Status.CAUTION, "column redefined", "but the column looks redefined"
        elif (benchmark, model) in swapped:
            status, short, rest = Status.CAUTION, SWAPPED, "which was the score of another model"
        elif not np.isfinite(p_value):
            status, short, rest = Status.CAUTION, "changed, noise unknown", "and how much of that is noise is not known"
        elif result.adjusted[i, j] <= alpha:
            among = "" if known == 1 else f", even among {plural(known, 'score')}"
            status, short, rest = Status.ISSUE, "more than noise", f"which is more than noise explains{among}"
        elif p_value <= alpha:
            status, short = Status.CAUTION, "noise, among so many"
            rest = f"more than noise explains, but among the {plural(known, 'score')} compared that could be chance"
        else:
            status, short, rest = Status.PASSED, "within noise", "which noise alone can explain"
        yield Finding(
            subject={"benchmark": benchmark, "model": model},
            title=CHANGED,
            status=status,
            sentence=f"{changed_words(model, benchmark, old, new, change)}, {rest}.",
            short=short,
            estimates=(change,),
            figure="P13.changes",
            result={"old": float(old), "new": float(new), "p_value": finite(p_value)},
        )


def _whose(cells: Cells, i: int, j: int, moved: Mapping[tuple[str, str], str]) -> str | None:
    """What a score was before, if it came along with its column or with all scores of its model."""
    model, benchmark = cells.models[i], cells.benchmarks[j]
    if (source := moved.get(("benchmark", benchmark))) and np.isclose(
        cells.new[i, j], cells.old[i, cells.benchmarks.index(source)]
    ):
        return f"its score on {source}"
    if (source := moved.get(("model", model))) and np.isclose(
        cells.new[i, j], cells.old[cells.models.index(source), j]
    ):
        return f"the score of {source}"
    return None


def _gone(result: Drift) -> Iterator[Finding]:
    for kind, names in result.gone_with.items():
        for name, count in names.items():
            yield Finding(
                subject={kind: name},
                title=GONE,
                status=Status.CAUTION,
                sentence=f"The {kind} {name} is gone, with {plural(count, 'score')}.",
                short=f"{kind} gone",
                result={"scores": count},
            )
    cells = result.cells
    for model, benchmark in result.gone:
        i, j = cells.models.index(model), cells.benchmarks.index(benchmark)
        old = float(cells.old[i, j])
        was = value_text(old, unit=bool(cells.unit[j]))
        yield Finding(
            subject={"benchmark": benchmark, "model": model},
            title=GONE,
            status=Status.CAUTION,
            sentence=f"{model} no longer has a score on {benchmark}; it was {was}.",
            short="score gone",
            result={"old": old},
        )


def _names(result: Drift) -> Iterator[Finding]:
    for each in result.renamed:
        yield Finding(
            subject={each.kind: each.new},
            title=RENAMED,
            status=Status.CAUTION,
            sentence=f"The {each.kind} {each.old} is called {each.new} in the new version ({each.why}).",
            short="renamed",
            result={"old": each.old},
        )


def _items(result: Drift) -> Iterator[Finding]:
    for benchmark, items in result.cells.items.items():
        alone = [
            f"{n:,} in the {which} version" for n, which in ((items.only_old, "old"), (items.only_new, "new")) if n
        ]
        yield Finding(
            subject={"benchmark": benchmark},
            title=OTHER_ITEMS,
            status=Status.CAUTION,
            sentence=f"The items of {benchmark} are not the same: {items.both:,} in both versions, "
            f"{' and '.join(alone)} alone.",
            short="other items",
            result=items._asdict(),
        )


def _verdict(change: VerdictChange) -> Finding:
    before, now = stood(change)
    return Finding(
        subject={**change.subject, "check": change.title},
        title=VERDICT,
        status=Status.CAUTION,
        sentence=f"{change.title}, {subject_of(change)}: “{before}” before, “{now}” now.",
        short=f"{change.was.status.value} before".replace("_", " "),
        result={"code": change.code, "was": change.was.status.value, "now": change.now.status.value},
    )


def _short(rows: Sequence[Finding]) -> str:
    """What the rows come to, in a few words."""
    bad = {finding.title for finding in rows if finding.status is Status.ISSUE}
    if bad - {CHANGED}:
        return "scores look redefined or interchanged"
    if bad:
        return "scores changed by more than noise"
    if all(finding.status is Status.PASSED for finding in rows):
        return "the same but for noise"
    return "some differences, none beyond known noise"


def _shown(result: Drift) -> str | None:
    return "P13.changes" if result.changed.any() else "P13.versions" if result.cells.both.any() else None


def figure(result: Drift, findings: Sequence[Finding]) -> list[Figure]:
    """The scores that changed by name, old beside new; and all of them, old against new."""
    if not result.cells.both.any():
        return []
    cells = result.cells
    told = {(f.subject["benchmark"], f.subject["model"]): f for f in findings if f.title == CHANGED}
    # What is to be seen first: columns with issues, then those with most changes.
    bad = [finding.subject.get("benchmark") for finding in findings if finding.status is Status.ISSUE]
    rank = [(-bad.count(name), -int(result.changed[:, j].sum())) for j, name in enumerate(cells.benchmarks)]
    places = [
        (i, j)
        for j in sorted(range(len(rank)), key=rank.__getitem__)
        for i in np.flatnonzero(cells.both[:, j]).tolist()
    ]
    rows: list[tuple[Cell, ...]] = []
    changes: list[tuple[Cell, ...]] = []
    for i, j in places:
        of = cells.benchmarks[j], cells.models[i]
        old, new = float(cells.old[i, j]), float(cells.new[i, j])
        what = told[of].short if of in told else "same"
        rows.append((*of, old, new, what))
        if of in told:
            limits = (finite(old + cells.low[i, j]), finite(old + cells.high[i, j]))
            changes += [(*of, old, None, None, "old", what), (*of, new, *limits, "new", what)]
    pictures = [
        Figure(
            name="P13.versions",
            kind="scatter",
            title="Old scores and new ones",
            caption="Each dot is one model: on the diagonal where both versions have the same score, off it where not.",
            columns=columns(("benchmark", "model", "old score", "new score", "what"), rows),
            x=Axis("old score", "old score"),
            y=Axis("new score", "new score"),
            label="model",
            color="what",
            select=("benchmark",),
        )
    ]
    if not changes:
        return pictures
    names = ("benchmark", "model", "score", "low", "high", "version", "what")
    caption = (
        "Each score that changed, in the old version and in the new one. Where the noise is known, a bar shows the "
        f"{percent(result.level)} interval of the change, set off from the old score."
    )
    picture = bars(
        "P13.changes",
        "Scores that changed",
        caption,
        columns(names, changes),
        Axis("score", "score"),
        color="version",
        select=("benchmark",),
    )
    return [picture, *pictures]


MEASURE = Measure(
    code="P13",
    name="drift",
    question=Question.PRECISION,
    asks="What changed between two versions of the same results, and is it more than noise?",
    needs=NEEDED,
    formula=(
        "change = new - old, over the items both have: exact McNemar or paired t (CR2); over other items: Agresti and "
        "Caffo, or Welch; of scores alone: z with both errors. Holm over all cells whose noise is known. Redefined: "
        "more than half of the cells changed, and at least 5, median of the other columns at most 1 in 10; or one "
        "factor of at least 2. Interchanged: both new scores within 1% of the gap (or noise) of the other's old one, "
        "and fewer than .05 such pairs expected by chance; columns or models as a whole: at least 3 different scores "
        "and 4 in 5 of those in both versions are the other's old ones."
    ),
    compute=drift,
    judge=judge,
    figure=figure,
    answer=answer,
    shorts={Status.PASSED: "the same but for noise"},
    caveats=(
        "Where neither version gives standard errors, items or their number, a changed score may be a correction, a "
        "rerun or a mistake: it is shown, and not judged.",
        "An error that only one version gives stands for both. Errors of two versions count as independent: where the "
        "same items were run again that is cautious.",
        "That a column looks redefined or two scores interchanged says how they changed, not why. If all columns "
        "changed at once, none of them is said to be redefined.",
        "Scores are equal if they are at the decimals of the version that gives fewer.",
    ),
    references=(
        "McNemar 1947, Psychometrika 12(2)",
        "Agresti and Caffo 2000, Simple and effective confidence intervals for proportions and differences of "
        "proportions, The American Statistician 54(4)",
        "Welch 1947, Biometrika 34(1-2)",
        "Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6(2)",
    ),
)
