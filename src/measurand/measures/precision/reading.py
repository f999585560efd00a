"""P0, what was read: what of the logs is missing from the evidence, has no score, or could be read in several ways?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from measurand.measures import Measure
from measurand.measures.shared import require_fraction
from measurand.results import Brief, Estimate, Figure, Finding, Question, Source, Status
from measurand.tables import PartRun, Responses, State, Unread, item_tables, state_of
from measurand.wording import SHARE, agreeing, listed, number, percent, plural, points

__all__ = ["MEASURE", "FileLoss", "Reading", "Readings", "Unscored", "what_was_read"]


UNFINISHED = {"cancelled", "started"}
"""States of a run that was not completed and met no error."""


@dataclass(frozen=True)
class FileLoss:
    """What one file lost for one reason.

    Parameters
    ----------
    file, reason : which, and why.
    rows_lost : rows known to be missing; None where nobody can tell how many there were.
    rows_read : rows the file did give, over all its reasons.
    """

    file: str
    reason: str
    rows_lost: int | None
    rows_read: int

    @property
    def nothing_left(self) -> bool:
        """Whether the file gave no row at all."""
        return self.rows_read == 0


@dataclass(frozen=True, kw_only=True)
class Unscored:
    """Samples of one model on one benchmark without a score, or without an answer that could be found.

    Parameters
    ----------
    benchmark, model : which.
    samples : how many were run, epochs counted apart.
    states : how many of them are in which state.
    """

    benchmark: str
    model: str
    samples: int
    states: Mapping[State, int]

    @property
    def scoreless(self) -> int:
        """Samples without any score."""
        return sum(count for state, count in self.states.items() if state is not State.UNPARSED)


@dataclass(frozen=True, kw_only=True)
class Readings:
    """The ways in which one model's responses to one benchmark were scored.

    Parameters
    ----------
    benchmark, model : which.
    means : mean score by reading, the one used first.
    n : items of the one used.
    """

    benchmark: str
    model: str
    means: Mapping[str, float]
    n: int

    @property
    def gap(self) -> tuple[str, str] | None:
        """The two readings by one metric and different filters that are furthest apart, the lower first."""
        metric = next(iter(self.means)).partition(",")[0]
        alike = sorted((mean, name) for name, mean in self.means.items() if name.partition(",")[0] == metric)
        return (alike[0][1], alike[-1][1]) if len(alike) > 1 else None


@dataclass(frozen=True, kw_only=True, repr=False)
class Reading(Brief):
    """Result of `what_was_read`.

    Parameters
    ----------
    losses : one per file and reason, in the order they were met.
    rows_read : rows that all files gave.
    files_read : how many files were read.
    broken_off : the error in which the run of a file ended, for each file of which one did.
    unscored : one per model and benchmark with samples that have no score or no answer.
    readings : one per benchmark whose responses were scored in several ways: the model with the widest gap.
    parts : runs on a part of their dataset, by benchmark, the smallest part of each first.
    """

    losses: tuple[FileLoss, ...]
    rows_read: int
    files_read: int
    broken_off: Mapping[str, str]
    unscored: tuple[Unscored, ...]
    readings: tuple[Readings, ...]
    parts: Mapping[str, tuple[PartRun, ...]]

    @property
    def files(self) -> tuple[str, ...]:
        """Files that have something wrong with them."""
        return tuple(dict.fromkeys(loss.file for loss in self.losses))

    @property
    def cut(self) -> tuple[str, ...]:
        """Files that lost rows, or may have."""
        return tuple(dict.fromkeys(loss.file for loss in self.losses if loss.rows_lost != 0))

    @property
    def rows_lost(self) -> int:
        """Rows known to be missing."""
        return sum(loss.rows_lost or 0 for loss in self.losses)

    @property
    def unknown(self) -> int:
        """Losses of which nobody can tell the size."""
        return sum(loss.rows_lost is None for loss in self.losses)


def what_was_read(
    unread: Sequence[Unread],
    sources: Sequence[Source] = (),
    responses: Responses | None = None,
    part_runs: Sequence[PartRun] = (),
) -> Reading:
    """Rows the logs hold that are not in the evidence, samples without a score, datasets of which a part was run.

    Parameters
    ----------
    unread : what could not be used; empty if logs were read and nothing was lost.
    sources : the files that were read, with the rows each gave.
    responses : item-level results.
    part_runs : runs on a part of their dataset.

    Returns
    -------
    Reading
        Losses of one file for one reason are added up; their size is unknown as soon as one of them is.

    Examples
    --------
    >>> reading = what_was_read([Unread("a.eval", "cut short", 3), Unread("b.eval", "not a log")])
    >>> reading.rows_lost, reading.unknown, reading.files
    (3, 1, ('a.eval', 'b.eval'))
    """
    given: Counter[str] = Counter()
    for source in sources:
        given[source.path] += source.rows
    lost: dict[tuple[str, str], list[int | None]] = defaultdict(list)
    for part in unread:
        lost[part.file, part.reason].append(part.rows_lost)
    # One row per file and reason: a thousand samples that failed alike are one thing to fix.
    losses = tuple(FileLoss(*key, _total(rows), given[key[0]]) for key, rows in lost.items())
    broken_off = {part.file: part.ended for part in unread if part.ended}
    # Of the tables that all else asks for, too: which reading stands for a benchmark takes long to find twice.
    tables = () if responses is None else item_tables(responses.unclustered())
    parts: dict[str, list[PartRun]] = defaultdict(list)
    for run in sorted(part_runs, key=lambda run: run.items / run.whole):
        parts[run.benchmark].append(run)
    used = {table.benchmark: table.readings for table in tables if table.readings}
    return Reading(
        losses=losses,
        rows_read=given.total(),
        files_read=len(given),
        broken_off=broken_off,
        unscored=() if responses is None else _unscored(responses, used),
        readings=() if responses is None else _several(responses, used),
        parts={name: tuple(parts[name]) for name in sorted(parts)},
    )


def _unscored(responses: Responses, used: Mapping[str, Sequence[str]]) -> tuple[Unscored, ...]:
    """Models and benchmarks with samples that have no score in any reading, or no answer in the one used."""
    rows = responses.frame.drop_nulls(["model", "benchmark", "item"])
    odd = rows.filter(pl.col("score").is_null() | pl.col("state").is_not_null())
    cells = odd.select("benchmark", "model").unique().collect(engine="streaming")
    if cells.is_empty():
        return ()
    reading = pl.col("benchmark").replace_strict({name: own[0] for name, own in used.items()}, default=None)
    lost = (pl.col("state") == State.UNPARSED.value) & pl.col("reading").eq_missing(reading)
    samples = (
        rows.join(cells.lazy(), on=["benchmark", "model"], how="semi")
        .group_by("benchmark", "model", "item", "epoch", "variant")
        .agg(
            pl.col("score").is_not_null().any().alias("scored"),
            state_of().drop_nulls().min().alias("state"),
            lost.any().alias("unparsed"),
        )
    )
    state = (
        pl.when(~pl.col("scored"))
        .then("state")
        .when(pl.col("unparsed").fill_null(False))
        .then(pl.lit(State.UNPARSED.value))
    )
    counts = samples.group_by("benchmark", "model", state.alias("state")).len().sort("benchmark", "model", "state")
    found = []
    for (benchmark, model), own in counts.collect().group_by("benchmark", "model", maintain_order=True):
        states = {State(name): count for name, count in own.select("state", "len").iter_rows() if name is not None}
        if states:
            total = int(own["len"].sum())
            found.append(Unscored(benchmark=str(benchmark), model=str(model), samples=total, states=states))
    return tuple(found)


def _several(responses: Responses, used: Mapping[str, Sequence[str]]) -> tuple[Readings, ...]:
    """Of each benchmark that was scored in several ways the model whose readings are furthest apart."""
    names = [benchmark for benchmark, own in used.items() if len(own) > 1]
    if not names:
        return ()
    means = (
        responses.frame.filter(pl.col("benchmark").is_in(names))
        .drop_nulls(["model", "item", "reading", "score"])
        .group_by("benchmark", "model", "reading", "item")
        .agg(pl.col("score").mean())
        .group_by("benchmark", "model", "reading")
        .agg(pl.col("score").mean(), pl.len().alias("n"))
        .sort("benchmark", "model")
        .collect(engine="streaming")
    )
    found = []
    for (benchmark,), own in means.group_by("benchmark", maintain_order=True):
        of_models = []
        for (model,), rows in own.group_by("model", maintain_order=True):
            held = {name: (mean, n) for name, mean, n in rows.select("reading", "score", "n").iter_rows()}
            ordered = {name: held[name][0] for name in used[str(benchmark)] if name in held}
            n = held[next(iter(ordered))][1]
            of_models.append(Readings(benchmark=str(benchmark), model=str(model), means=ordered, n=n))
        found.append(max(of_models, key=_width))
    return tuple(found)


def _width(each: Readings) -> tuple[bool, float]:
    gap = each.gap
    return gap is not None, each.means[gap[1]] - each.means[gap[0]] if gap else np.ptp(list(each.means.values()))


def _total(rows: Sequence[int | None]) -> int | None:
    known = [count for count in rows if count is not None]
    # A sum of the known part only would pass for the whole loss.
    return sum(known) if len(known) == len(rows) else None


def judge(result: Reading, *, tolerated_gap: float = 0.05) -> list[Finding]:
    """Passed: nothing was lost; caution: something was; issue: nothing of a file, or of a model's samples, is left.

    A run on a part of its dataset is a caution, however small the part that was left out.
    Readings of one response are a caution where they differ by more than `tolerated_gap`, in shares.
    """
    require_fraction(tolerated_gap=tolerated_gap)
    rows = [
        *(_finding(loss) for loss in result.losses),
        *(_part_finding(benchmark, runs) for benchmark, runs in result.parts.items()),
        *(_samples_finding(each) for each in result.unscored),
        *(_readings_finding(each, tolerated_gap) for each in result.readings),
    ]
    return [_headline(result, rows), *rows]


def _headline(result: Reading, rows: Sequence[Finding]) -> Finding:
    lost = Estimate(name="rows_lost", value=result.rows_lost, method="rows known to be missing", unit="rows")
    said = [_broken_off(result)] if result.broken_off else []
    sizes = [f"{plural(result.rows_lost, 'row')} known to be missing"] if result.rows_lost else []
    if result.unknown:
        sizes.append(f"{plural(result.unknown, 'part')} of unknown size")
    if result.cut:
        said.append(
            f"{plural(len(result.cut), 'file')} could not be read in full: {' and '.join(sizes)}. "
            "Scores and item-level results may rest on a part of what was run."
        )
    if whole := len(result.files) - len(result.cut):
        said.append(f"{plural(whole, 'file')} read in full {agreeing(whole, 'has')} faults.")
    if result.parts:
        runs = plural(sum(map(len, result.parts.values())), "score", "comes")
        on = listed(list(result.parts)) if len(result.parts) < 4 else plural(len(result.parts), "benchmark")
        said.append(f"{runs} from a part of the dataset ({on}).")
    scoreless = [each for each in result.unscored if each.scoreless]
    if scoreless:
        count, total = (sum(values) for values in zip(*((e.scoreless, e.samples) for e in scoreless), strict=True))
        of = plural(len(scoreless), "score")
        said.append(f"{count:,} of {plural(total, 'sample')} behind {of} {agreeing(count, 'was')} not scored.")
    for each, finding in zip(result.readings, rows[len(rows) - len(result.readings) :], strict=True):
        if finding.status is Status.CAUTION:
            said.append(f"How answers to {each.benchmark} are read decides the score.")
            break
    if not said:
        said.append("Every row of the logs was read.")
    caution = any(finding.status is not Status.PASSED for finding in rows)
    return Finding(
        headline=True,
        status=Status.CAUTION if caution else Status.PASSED,
        sentence=" ".join(said),
        short=(
            "every row was read"
            if not caution
            else "some of it could not be read"
            if result.cut or not result.parts
            else "a part of the dataset was run"
        ),
        estimates=(lost,),
        caveats=MEASURE.caveats if caution else (),
    )


def _broken_off(result: Reading) -> str:
    """How many runs did not come to their end, said first since all else rests on what is left."""
    kinds = list(dict.fromkeys(result.broken_off.values()))
    how = "did not come to an end" if set(kinds) <= UNFINISHED else "ended in an error"
    which = f"{', '.join(kinds[:3])}{', …' if len(kinds) > 3 else ''}"
    count, runs = len(result.broken_off), plural(result.files_read, "run")
    return f"{count} of {runs} {how} ({which}): run {'it' if count == 1 else 'them'} again."


def _part_finding(benchmark: str, runs: Sequence[PartRun]) -> Finding:
    least, count = runs[0], plural(len(runs), "model", "was")
    of = f"{least.items:,} of its {least.whole:,} items"
    if len({(run.items, run.whole) for run in runs}) == 1:
        who = f"{least.model} was" if len(runs) == 1 else count
        sentence = f"{who} run on {least.items:,} of the {least.whole:,} items of the dataset."
    else:
        sentence = f"{count} run on a part of the dataset; the smallest part is {of} ({least.model})."
    share = Estimate(name="share_run", value=least.items / least.whole, n=least.items, unit=SHARE)
    return Finding(
        subject={"benchmark": benchmark},
        status=Status.CAUTION,
        sentence=sentence,
        short="a part of the dataset was run",
        estimates=(share,),
        caveats=(
            "Many datasets are sorted, by subject or difficulty: their first items are no random sample of them.",
        ),
        result={run.model: run.items for run in runs},
    )


def _samples_finding(each: Unscored) -> Finding:
    subject = {"benchmark": each.benchmark, "model": each.model}
    unparsed = each.states.get(State.UNPARSED, 0)
    parts = [f"{count:,} {state.value}" for state, count in each.states.items() if state is not State.UNPARSED]
    said = []
    if each.scoreless == each.samples:
        none = "The one sample has no" if each.samples == 1 else f"None of the {each.samples:,} samples has a"
        said.append(f"{none} score ({', '.join(parts)}).")
    elif each.scoreless:
        has = agreeing(each.scoreless, "has")
        said.append(f"{each.scoreless:,} of {plural(each.samples, 'sample')} {has} no score ({', '.join(parts)}).")
    if unparsed:
        said.append(f"In {unparsed:,} of {plural(each.samples, 'response')} no answer was found; they count as wrong.")
    share = Estimate(name="unscored", value=each.scoreless / each.samples, n=each.samples, unit=SHARE)
    return Finding(
        subject=subject,
        short="no sample has a score" if each.scoreless == each.samples else "some samples have no score",
        status=Status.ISSUE if each.scoreless == each.samples else Status.CAUTION,
        sentence=" ".join(said),
        estimates=(share,),
        result={"samples": each.samples, **{state.value: count for state, count in each.states.items()}},
    )


def _readings_finding(each: Readings, tolerated: float) -> Finding:
    shares = all(0 <= mean <= 1 for mean in each.means.values())
    write = percent if shares else number
    used, *others = each.means
    gap = each.gap
    wide = gap is not None and shares and each.means[gap[1]] - each.means[gap[0]] > tolerated
    if wide and gap is not None:
        low, high = gap
        sentence = (
            f"By {low} {each.model} scores {write(each.means[low])}, by {high} {write(each.means[high])} of the same "
            f"{plural(each.n, 'response')}: a gap of {points(each.means[high] - each.means[low])} that comes from how "
            f"answers are read, not from the model. {used} is used; another can be chosen."
        )
    else:
        rest = listed([f"by {name} {each.model} scores {write(each.means[name])}" for name in others])
        sentence = f"Scored by {used} ({each.model}: {write(each.means[used])}); {rest}."
    return Finding(
        subject={"benchmark": each.benchmark},
        status=Status.CAUTION if wide else Status.PASSED,
        sentence=sentence,
        short="how answers are read decides the score" if wide else "the readings agree",
        result={"model": each.model, **each.means},
    )


def _finding(loss: FileLoss) -> Finding:
    read = plural(loss.rows_read, "row")
    if loss.rows_lost is None and loss.nothing_left:
        status, size = Status.ISSUE, "It gave no item-level row, and how many it held is not known"
    elif loss.rows_lost is None:
        status, size = Status.CAUTION, f"It gave {read}; how many are missing is not known"
    elif loss.rows_lost and loss.nothing_left:
        status = Status.ISSUE
        size = f"It gave no item-level row: {plural(loss.rows_lost, 'row')} missing, all there were"
    elif loss.rows_lost:
        status, size = Status.CAUTION, f"It gave {read}, and {plural(loss.rows_lost, 'row', 'is missing')}"
    else:
        status, size = Status.CAUTION, "It cost no row"
    lost = () if loss.rows_lost is None else (Estimate(name="rows_lost", value=loss.rows_lost, unit="rows"),)
    head = "Read in full, with a fault:" if loss.rows_lost == 0 else "Not read in full:"
    sentence = f"{head} {loss.reason.strip().rstrip('.')}. {size}."
    facts = {"reason": loss.reason}
    short = "nothing of it is left" if status is Status.ISSUE else "read in part" if loss.rows_lost else "read"
    return Finding(
        subject={"file": loss.file}, status=status, sentence=sentence, short=short, estimates=lost, result=facts
    )


def figure(result: Reading) -> list[Figure]:
    """What is missing has no picture: the sentences say it all."""
    return []


MEASURE = Measure(
    code="P0",
    name="what was read",
    question=Question.PRECISION,
    asks="Is everything the logs hold in the evidence, scored and read in one way, and what is missing of which file?",
    needs="logs of a harness",
    formula=(
        "rows lost = rows a log declares or holds - rows that could be read, by file and reason; samples without a "
        "score by model and benchmark; mean score by reading."
    ),
    compute=what_was_read,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "nothing is left",
        Status.CAUTION: "some was not read",
        Status.PASSED: "every row was read",
    },
    caveats=(
        "A log that was never written, or was left out before reading, is not missed here.",
        "Rows that could not be read are seldom a random part of a run: samples that failed tend to be the hard ones.",
    ),
)
