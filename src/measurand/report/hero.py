"""What stands on the page's first screen: the finding, its picture, what it means, and how sure that is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal, NamedTuple

from measurand.calibration import load
from measurand.catalogue import lookup, normalise
from measurand.report.lead import findings_told, lead
from measurand.report.summary import ASSESSED, MeasureInfo
from measurand.results import Answer, Audit, Cell, Estimate, Figure, Finding, Status, Table
from measurand.wording import SHARE, agreeing, listed, number, of_total, percent, plural, signed

__all__ = ["Bullet", "Count", "Picture", "Row", "View", "views"]

Tone = Literal["rises", "worse", "separate", "open"]
"""What the colour and the shape of a mark mean."""

MOST_ROWS = 8
MOST_VIEWS = 6
"""Classes of models that a switch has room for, and the style sheet a rule."""

MOST_TITLE = 150
"""Letters that two lines of the title hold on a wide screen."""

MOST_BOLD = 80
"""Letters of a bullet's first words."""

FEW_ROWS = 3
"""Rows up to which a picture leaves room for a table below it."""

ALIKE = 0.1
"""Difference of two correlations up to which a reader takes the estimates to be as high as each other."""

HELD = {"V1": "default interval", "P1": "interval", "P2": "interval", "P10": "all rank intervals together"}
"""Of the measures that can stand first, the interval whose coverage was measured."""

TONES: Mapping[str, Tone] = {"entangled": "rises", "inverse": "worse", "disentangled": "separate", "undecided": "open"}
WORDS: Mapping[Tone, str] = {
    "rises": "rises",
    "worse": "gets worse",
    "separate": "separate",
    "open": "too few models",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A dot with its interval, its name and what is said beside it."""

    name: str
    note: str
    tone: Tone
    word: str
    value: float
    low: float | None
    high: float | None
    number: str
    limits: str


class Count(NamedTuple):
    """How many had one of the possible outcomes."""

    tone: Tone
    many: int
    words: str


class Bullet(NamedTuple):
    """A sentence, its first words for who reads only these."""

    tone: Tone
    first: str
    rest: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Rows on one axis, whose ends are named in words.

    Parameters
    ----------
    ends : what it means to lie left, in the middle and right.
    bands : where a verdict begins: from, to, tone.
    line : the value that is none.
    """

    title: str
    rows: tuple[Row, ...]
    domain: tuple[float, float]
    ticks: tuple[tuple[float, str], ...]
    ends: tuple[str, str, str]
    bands: tuple[tuple[float, float, Tone], ...] = ()
    line: float | None = None

    def at(self, value: float) -> str:
        """Place on the axis in percent of its length."""
        return self.share(self.domain[0], value)

    def share(self, low: float, high: float) -> str:
        """From one value to another in percent of the axis."""
        part = (high - low) / (self.domain[1] - self.domain[0])
        return f"{100 * min(1.0, max(0.0, part)):.2f}%"


@dataclass(frozen=True, kw_only=True)
class View:
    """The first screen for one class of models.

    Parameters
    ----------
    class_, label : the class and its name on the switch; empty where there is one.
    table : shown where there is no picture, or one of few rows.
    more : code of the measure that has all rows, and their name.
    said : the answer to the question of validity in a sentence, where it is one of counts.
    """

    title: str
    class_: str = ""
    label: str = ""
    counts: tuple[Count, ...] = ()
    picture: Picture | None = None
    table: Table | None = None
    bullets: tuple[Bullet, ...] = ()
    method: tuple[str, ...] = ()
    more: tuple[str, str] | None = None
    said: str = ""


def views(audit: Audit, measures: Sequence[MeasureInfo]) -> tuple[View, ...]:
    """One for each class of models where benchmarks are judged by class, chat models first; else one."""
    first = lead(audit) or _worst(audit)
    if first is None:
        return (View(title="Nothing could be assessed."),)
    judged = [finding for finding in audit.findings if finding.code == "V1" and _correlation(finding)]
    if judged:
        classes = sorted(dict.fromkeys(_class(finding) for finding in judged), key=lambda name: name != "chat")[
            :MOST_VIEWS
        ]
        found = [[finding for finding in judged if _class(finding) == name] for name in classes]
        shown = [_of_class(audit, measures, each, labelled=len(found) > 1) for each in found]
        few = len(shown) == 1 and len(judged) <= FEW_ROWS
        return (replace(shown[0], table=next(iter(first[1].tables), None)),) if few else tuple(shown)
    code, answer = first
    if "P2" in audit.answers and code in ("P1", "P2"):
        code, answer = "P2", audit.answers["P2"]
    if code == "P2":
        picture, counts, total = _of_pairs(audit, answer)
    elif code == "P10":
        picture, counts, total = _of_ranks(audit)
    else:
        picture, counts, total = _of_figure(audit, code)
    table = next((table for table in answer.tables if table.rows), None)
    title = _title(answer.sentence)
    more = answer.sentence[len(title) :].strip()
    return (
        View(
            title=title,
            counts=counts,
            picture=picture,
            table=table if picture is None or len(picture.rows) <= FEW_ROWS else None,
            bullets=(*_told(answer, more), *_further(audit, measures, code))[:3],
            method=(*answer.notes, *_held(code)),
            more=(code, f"All {total}") if total else (code, "More of this"),
        ),
    )


def _worst(audit: Audit) -> tuple[str, Answer] | None:
    """The worst headline, of an audit saved before measures said what they answer."""
    judged = [finding for finding in audit.findings if finding.headline and finding.status in ASSESSED]
    worst = min(judged, key=lambda finding: ASSESSED.index(finding.status), default=None)
    return None if worst is None else (worst.code, Answer(sentence=worst.sentence))


# Benchmarks on general capability ------------------------------------------------------------------------------------


class Benchmark(NamedTuple):
    """A benchmark under test as the picture needs it."""

    name: str
    stem: str
    area: str
    tone: Tone
    estimate: Estimate
    known: bool
    clear_alone: bool

    @property
    def value(self) -> float:
        return self.estimate.value or 0.0


def _correlation(finding: Finding) -> bool:
    """Whether it judges a benchmark under test, with a number."""
    tested = finding.result.get("role") == "under test"
    return tested and bool(finding.estimates) and finding.estimates[0].value is not None


def _class(finding: Finding) -> str:
    return finding.subject.get("class", "")


def _of_class(audit: Audit, measures: Sequence[MeasureInfo], findings: Sequence[Finding], *, labelled: bool) -> View:
    class_ = _class(findings[0])
    names = _names(audit, class_, findings)
    tested = [_benchmark(finding, name) for finding, name in zip(findings, names, strict=True)]
    of_class = [finding for finding in audit.findings if finding.code == "V1" and _class(finding) == class_]
    headline = next((finding for finding in of_class if finding.headline), None)
    models = max((each.estimate.n or 0 for each in tested), default=0)
    shown = _telling(tested)
    tones = Counter(each.tone for each in tested)
    described: dict[Tone, str] = {
        "rises": f"{agreeing(tones['rises'], 'rises')} with capability",
        "worse": f"{agreeing(tones['worse'], 'gets')} worse with it",
        "separate": f"{agreeing(tones['separate'], 'is')} separate from it",
        "open": "too few models to tell",
    }
    whole = len(tested) == len(shown)
    moves, does_not = "moves clearly with general capability", "does not move clearly with general capability"
    what = "" if whole else f"{_in_words(len(shown))} of the {len(tested)}, sorted"
    return View(
        title=_title_of_class(shown, tones, models),
        class_=class_ if labelled else "",
        label=f"{class_.capitalize()} models {models}" if labelled else "",
        counts=tuple(Count(tone, tones[tone], words) for tone, words in described.items()) if len(tested) > 1 else (),
        picture=Picture(
            title=f"{what or 'Sorted'} by correlation with general capability"
            if len(shown) > 1
            else "Correlation with general capability",
            rows=tuple(_row(each) for each in shown),
            domain=(-1.0, 1.0),
            ticks=((-1, "−1"), (-0.5, "−0.5"), (0, "0"), (0.5, "+0.5"), (1, "+1")),
            ends=("← gets worse as models get more capable", "unrelated", "improves as models get more capable →"),
            bands=((-1, -0.5, "worse"), (0.5, 1, "rises")),
            line=0.0,
        ),
        bullets=(*_meaning(shown, tones), *_further(audit, measures, "V1"))[:3],
        method=_method(audit, of_class, shown, headline),
        said=f"{of_total(tones['rises'] + tones['worse'], len(tested), 'benchmark', moves, does_not)}."
        if len(tested) > 1
        else "",
        more=("V1", f"All {len(tested)} benchmarks") if not whole else ("V1", "All ways of computing it"),
    )


def _names(audit: Audit, class_: str, findings: Sequence[Finding]) -> list[str]:
    """Names for people: as the measure's picture has them, in the same order; else the benchmark's own."""
    columns = audit.figures["V1.intervals"].columns if "V1.intervals" in audit.figures else {}
    wanted = ("class", "benchmark", "correlation")
    rows = zip(*(columns.get(name, ()) for name in wanted), strict=True)
    drawn = [(str(name), value) for of, name, value in rows if of == class_]
    keys = [finding.subject.get("benchmark", "") for finding in findings]
    values = [finding.estimates[0].value for finding in findings]
    return [name for name, _ in drawn] if [value for _, value in drawn] == values else keys


def _benchmark(finding: Finding, name: str) -> Benchmark:
    key = finding.subject.get("benchmark", "")
    facts = lookup(key)
    return Benchmark(
        name=name,
        # Parts of one benchmark share the beginning of their names.
        stem=normalise(key).split("_")[0],
        area=str(finding.result.get("area") or "").removeprefix("no area given"),
        tone=TONES.get(str(finding.result.get("verdict")), "open"),
        estimate=finding.estimates[0],
        # What has been spelled in several ways has been run by many.
        known=bool(facts and facts.aliases),
        clear_alone=finding.result.get("verdict_alone") in ("entangled", "inverse", "disentangled"),
    )


def _telling(tested: Sequence[Benchmark]) -> list[Benchmark]:
    """Up to eight: some of each outcome, known and short names first, one per family of benchmarks, sorted by value.

    Of those that are open, first one whose estimate is as high as that of one that clearly rises (the same number, and
    not the same certainty), and one that would be clear by itself; then those far from what is shown already.
    """
    if len(tested) <= MOST_ROWS:
        return sorted(tested, key=lambda each: -each.value)
    # The whole of a benchmark has a shorter name than its parts.
    by_name = sorted(tested, key=lambda each: (len(each.name), each.name))
    alone = list({(each.stem, each.tone): each for each in reversed(by_name)}.values())[::-1]
    of_tone = {tone: [each for each in alone if each.tone == tone] for tone in WORDS}
    decided = [each for turn in zip_longest(*(of_tone[tone] for tone in WORDS if tone != "open")) for each in turn]
    kept = [each for each in decided if each is not None][: MOST_ROWS - 3 if of_tone["open"] else MOST_ROWS]
    stems = {each.stem for each in kept}
    open_ = [each for each in of_tone["open"] if each.stem not in stems]
    if pair := _pair(kept, open_):
        kept.append(pair)
    # Names that nobody knows tell little.
    open_.sort(key=lambda each: not each.known)
    kept += [each for each in open_ if each.clear_alone and each not in kept][: MOST_ROWS - len(kept)][:1]
    for candidates in (open_[: 2 * MOST_ROWS], by_name):  # parts of what is shown only where nothing else is left
        while len(kept) < MOST_ROWS and (left := [each for each in candidates if each not in kept]):
            kept.append(max(left, key=lambda each: min((abs(each.value - o.value) for o in kept), default=0.0)))
    return sorted(kept, key=lambda each: -each.value)


def _pair(kept: Sequence[Benchmark], open_: Sequence[Benchmark]) -> Benchmark | None:
    """The least certain of those whose estimate is as high as that of one that clearly rises."""
    rising = [each.value for each in kept if each.tone == "rises"]
    alike = [each for each in open_ if any(abs(each.value - value) <= ALIKE for value in rising)]
    return max(alike, key=_width, default=None)


def _width(each: Benchmark) -> float:
    return (each.estimate.high or 0.0) - (each.estimate.low or 0.0)


def _row(each: Benchmark) -> Row:
    estimate = each.estimate
    return Row(
        name=each.name,
        note=each.area,
        tone=each.tone,
        word=WORDS[each.tone],
        value=each.value,
        low=estimate.low,
        high=estimate.high,
        number=signed(estimate.value),
        limits=_span(estimate.low, estimate.high, signed),
    )


def _span(low: float | None, high: float | None, write: Callable[[float], str]) -> str:
    return "no interval" if low is None or high is None else f"{write(low)} to {write(high)}"


def _title_of_class(shown: Sequence[Benchmark], tones: Counter[Tone], models: int) -> str:
    """What rises, what falls, and for how many it cannot be told."""
    total = tones.total()
    rising, falling, apart = (_first(shown, tone) for tone in ("rises", "worse", "separate"))
    said = []
    if rising and falling:
        up, down = min(rising, key=len), min(falling, key=len)
        said.append(f"{up} mostly tracks general capability, {down} gets worse with it")
    elif rising:
        said.append(f"{listed(rising)} mostly {agreeing(len(rising), 'tracks')} general capability")
    elif falling:
        said.append(f"{listed(falling)} {agreeing(len(falling), 'gets')} worse with general capability")
    if apart and not said:
        said.append(f"{listed(apart)} {agreeing(len(apart), 'is')} separate from general capability")
    open_ = tones["open"]
    if not said:
        what = f"any of {total} benchmarks" if total > 1 else shown[0].name
        return f"{plural(models, 'model')} are too few to tell whether {what} tracks general capability."
    rest = f" For {open_} of {total} benchmarks, {plural(models, 'model')} are too few to tell." if open_ else ""
    return f"{said[0]}.{rest}"


def _first(shown: Sequence[Benchmark], tone: Tone, most: int = 2) -> list[str]:
    names = [each.name for each in shown if each.tone == tone]
    return sorted(sorted(names, key=len)[:most], key=names.index)


def _meaning(shown: Sequence[Benchmark], tones: Counter[Tone]) -> list[Bullet]:
    """What it means, the exception, and what is open."""
    rising, falling, apart = (_first(shown, tone) for tone in ("rises", "worse", "separate"))
    told = []
    if rising:
        which = " or ".join(rising)
        told.append(
            Bullet(
                "rises",
                f"A better {which} score is what ordinary progress brings.",
                "By itself it is no gain in safety.",
            )
        )
    if falling:
        lower = "More capable models score lower there."
        told.append(Bullet("worse", f"{listed(falling)} {'goes' if len(falling) == 1 else 'go'} the other way.", lower))
    elif apart:
        said = f"{listed(apart)} {agreeing(len(apart), 'is')} separate from general capability."
        told.append(Bullet("separate", said, "Ordinary progress does not move what they measure."))
    if open_ := tones["open"]:
        first = f"For {plural(open_, 'benchmark')} the question is open."
        told.append(Bullet("open", first if tones.total() > 1 else "The question is open.", _open_example(shown)))
    return told


def _open_example(shown: Sequence[Benchmark]) -> str:
    """An open one beside one that is settled at about the same number; else the least certain."""
    open_ = [each for each in shown if each.tone == "open"]
    pair = _pair(shown, open_)
    each = pair or max(open_, key=_width)
    span = _span(each.estimate.low, each.estimate.high, signed)
    if pair is None:
        return f"The correlation of {each.name} could be anywhere from {span}."
    beside = min((other for other in shown if other.tone == "rises"), key=lambda o: abs(o.value - each.value))
    return (
        f"{each.name} is at {signed(each.value)}, near {beside.name} at {signed(beside.value)}, but the truth could "
        f"be anywhere from {span}."
    )


def _method(
    audit: Audit, of_class: Sequence[Finding], shown: Sequence[Benchmark], headline: Finding | None
) -> tuple[str, ...]:
    makers = sum(finding.result.get("role") == "capability" for finding in of_class)
    of = f"the first principal component of {plural(makers, 'capability benchmark')}" if makers > 1 else "one index"
    level = next((each.estimate.level for each in shown if each.estimate.level), 0.95)
    families = bool(audit.sizes.get("families"))
    lines = [
        f"Rank correlation with general capability ({of}); higher is better. Bars: {percent(level)} intervals"
        f"{' that allow for families of models' if families else ''}.",
        *_held("V1", families_known=families),
    ]
    tested = sum(finding.result.get("role") == "under test" for finding in of_class)
    if tested > 1:
        alone = (headline.result.get("alone_only") if headline else 0) or 0
        more = f"; judged each on its own, {alone} more would be clear" if alone else ""
        lines.append(f"Verdicts allow for {tested} benchmarks looked at together{more}.")
    return (*lines, *_without_one(audit, of_class, shown))


def _without_one(audit: Audit, of_class: Sequence[Finding], shown: Sequence[Benchmark]) -> list[str]:
    """Which of the verdicts shown hang on a single model."""
    clear = {each.estimate.value: each.name for each in shown if each.tone != "open"}
    keys = {f.subject.get("benchmark"): clear[f.estimates[0].value] for f in of_class if _correlation(f)
            and f.estimates[0].value in clear}  # fmt: skip
    class_ = _class(of_class[0])
    tried = {
        keys[key]: finding.result["undone_by"]
        for finding in audit.findings
        if finding.code == "V4" and _class(finding) == class_ and "undone_by" in finding.result
        if (key := finding.subject.get("benchmark")) in keys
    }
    undone = [f"{name} would be undecided without {each[0]}" for name, each in tried.items() if isinstance(each, tuple)
              and each]  # fmt: skip
    if undone:
        return ["; ".join(undone[:2]) + "."]
    return ["No clear verdict shown here hangs on a single model."] if tried else []


# Models --------------------------------------------------------------------------------------------------------------


class Shown(NamedTuple):
    """What the first screen shows of models: a picture, how many are what, and how many rows there are."""

    picture: Picture | None = None
    counts: tuple[Count, ...] = ()
    total: str = ""


def _of_pairs(audit: Audit, answer: Answer) -> Shown:
    """Models behind the leader, on the average of the tasks or on the one there is."""
    table = answer.tables[0] if answer.tables else None
    if table is None or "model" not in table.head[:1]:
        return Shown()
    pairs = [f for f in audit.findings if f.code == "P2" and {"model", "other"} <= set(f.subject) and f.estimates]
    tasks = {finding.subject.get("benchmark") for finding in pairs}
    task = "average" if "average" in tasks else next(iter(tasks), None)
    leader = table.rows[0][0]
    behind: dict[str, tuple[Finding, float]] = {}
    for finding in pairs:
        names = (finding.subject["model"], finding.subject["other"])
        if finding.subject.get("benchmark") == task and leader in names:
            behind[names[names[0] == leader]] = (finding, -1.0 if names[0] == leader else 1.0)
    rows = [Row(name=leader, note=_noted(table, 0), tone="separate", word="leads", value=0.0, low=None, high=None,
                number=table.rows[0][1] if len(table.head) > 1 else "", limits="")]  # fmt: skip
    for place, (name, *_) in enumerate(table.rows):
        if name in behind:
            rows.append(_behind(name, _noted(table, place), *behind[name]))
    tones = Counter(row.tone for row in rows[1:])
    counts = (
        Count("separate", 1, "leads"),
        Count("open", tones["open"], "statistically tied with it"),
        Count("worse", tones["worse"], "clearly behind it"),
    )
    shown = rows[:MOST_ROWS]
    ends = [limit for row in shown for limit in (row.low, row.high) if limit is not None]
    if not ends:
        return Shown()
    domain = _padded(min(ends), max(0.0, *ends))
    where = "on average" if task == "average" else f"on {task}" if task else ""
    picture = Picture(
        title=f"{_how_many(len(shown), len(rows), 'model')} against {leader} {where}, in points".replace(" ,", ","),
        rows=tuple(shown),
        domain=domain,
        ticks=_ticks(domain, lambda value: signed(100 * value, 0) if value else "0", 0.01),
        ends=("← behind", "", "ahead →"),
        line=0.0,
    )
    return Shown(picture, counts if len(rows) > 2 else (), plural(len(rows), "model"))


def _behind(name: str, note: str, finding: Finding, sign: float) -> Row:
    estimate = finding.estimates[0]
    value, *ends = (None if each is None else sign * each for each in (estimate.value, estimate.low, estimate.high))
    low, high = sorted(end for end in ends if end is not None) if None not in ends else (None, None)
    apart = finding.status is Status.PASSED
    return Row(
        name=name,
        note=note,
        tone="worse" if apart else "open",
        word="behind" if apart else "tied",
        value=value or 0.0,
        low=low,
        high=high,
        number=_in_points(value or 0.0),
        limits=_span(low, high, _in_points),
    )


def _in_points(value: float) -> str:
    return signed(100 * value, 1)


def _noted(table: Table, place: int) -> str:
    """Score and group of a row of the measure's table."""
    cells = dict(zip(table.head, table.rows[place], strict=True))
    told = [f"{name} {cells[name]}" for name in ("score", "average", "group") if cells.get(name)]
    return ", ".join(told)


def _of_ranks(audit: Audit) -> Shown:
    """The first models of an arena, by how many of them could stand first."""
    held = next((f.result for f in audit.findings if f.code == "P10" and "best_rank" in f.result), {})
    columns = [held.get(name) for name in ("model", "best_rank", "worst_rank")]
    if not all(isinstance(column, tuple | list) for column in columns):
        return Shown()
    rows = [
        _rank(place, str(name), float(best), float(worst))
        for place, (name, best, worst) in enumerate(zip(*columns, strict=True), start=1)
    ]
    shown, first = rows[:MOST_ROWS], sum(row.tone == "separate" for row in rows)
    counts = (
        Count("separate", first, "could be first" if first > 1 else "is first"),
        Count("open", len(rows) - first, f"{agreeing(len(rows) - first, 'is')} clearly behind"),
    )
    domain = (1.0, max(2.0, *(row.high or 1 for row in shown)))
    picture = Picture(
        title=f"{_how_many(len(shown), len(rows), 'model')} by rank",
        rows=tuple(shown),
        domain=domain,
        ticks=_ticks(domain, lambda value: number(value, 0), 1.0),
        ends=("← better", "", "worse →"),
    )
    return Shown(picture, counts, plural(len(rows), "model"))


def _rank(place: int, name: str, best: float, worst: float) -> Row:
    first = best <= 1
    return Row(
        name=name,
        note="",
        tone="separate" if first else "open",
        word="could be first" if first and worst > 1 else "first" if first else "",
        value=float(place),
        low=best,
        high=worst,
        number=f"{place}",
        limits=f"{best:.0f} to {worst:.0f}",
    )


def _of_figure(audit: Audit, code: str) -> Shown:
    """The first rows of the measure's first picture of intervals, the greatest value first."""
    figure = next((f for f in audit.figures.values() if f.name.startswith(f"{code}.") and _drawable(f)), None)
    if figure is None or figure.low is None or figure.high is None:
        return Shown()
    names, *numbers = (figure.columns[name] for name in (figure.y.column, figure.x.column, figure.low, figure.high))
    units = {f.estimates[0].unit for f in audit.findings if f.code == code and not f.headline and f.estimates}
    write = percent if units == {SHARE} else number
    rows = [
        _plain(str(names[place]), [_finite(column[place]) for column in numbers], write)
        for place, name in enumerate(names)
        if _finite(numbers[0][place]) is not None
        and all(figure.columns[column][place] == figure.columns[column][0] for column in figure.select)
        # Where a row is drawn twice, in two ways, the first is the measure's own.
        and name not in names[:place]
    ]
    rows.sort(key=lambda row: -row.value)
    shown = rows[:MOST_ROWS]
    if not shown:
        return Shown()
    domain = _padded(*(end(end(row.value if e is None else e for e in (row.value, row.low, row.high)) for row in shown)
                       for end in (min, max)))  # fmt: skip
    chosen = ", ".join(str(figure.columns[column][0]) for column in figure.select)
    where = f" on {chosen}" if chosen and chosen != "all" else ""
    what = figure.y.column if figure.y.column.isalpha() else "row"
    picture = Picture(
        title=f"{_how_many(len(shown), len(rows), what)} by {figure.x.title}{where}",
        rows=tuple(shown),
        domain=domain,
        ticks=_ticks(domain, write, 0.0),
        ends=("← lower", "", "higher →"),
    )
    return Shown(picture, (), plural(len(rows), what) if len(rows) > len(shown) else "")


def _drawable(figure: Figure) -> bool:
    return figure.kind == "intervals" and bool(figure.low and figure.high and figure.columns[figure.y.column])


def _finite(value: Cell) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _plain(name: str, numbers: Sequence[float | None], write: Callable[[float], str]) -> Row:
    value, low, high = numbers
    at = value or 0.0
    return Row(name=name, note="", tone="separate", word="", value=at, low=low, high=high, number=write(at),
               limits=_span(low, high, write))  # fmt: skip


# Shared --------------------------------------------------------------------------------------------------------------


def _told(answer: Answer, more: str) -> list[Bullet]:
    """What the answer does not say, what follows its first sentences, and what limits it."""
    told = [Bullet("open", *_parted(_brief(text))) for text in (answer.meaning, more) if text]
    limits = [each for each in answer.cautions if each[0] in (Status.ISSUE, Status.CAUTION)]
    return told + [Bullet(_tone(status), *_parted(_brief(text))) for status, text in limits]


def _tone(status: Status) -> Tone:
    return "rises" if status is Status.ISSUE else "open"


def _further(audit: Audit, measures: Sequence[MeasureInfo], besides: str) -> list[Bullet]:
    """What the other measures found, worst first."""
    found = findings_told(audit, measures, besides)
    return [Bullet(_tone(each.status), *_parted(_brief(each.sentence))) for each in found]


def _brief(text: str, most: int = 200) -> str:
    """As many whole sentences as three lines hold."""
    said, *rest = text.split(". ")
    for sentence in rest:
        if len(said) + len(sentence) > most:
            break
        said += f". {sentence}"
    return said.rstrip(".") + "."


def _parted(text: str) -> tuple[str, str]:
    """The first clause, and the rest; no first one where it is as long as a sentence."""
    places = [place for mark in (": ", ". ", "; ") if 0 < (place := text.find(mark)) < MOST_BOLD]
    return (text[: min(places) + 1], text[min(places) + 2 :]) if places else ("", text)


def _title(sentence: str) -> str:
    return _brief(sentence, MOST_TITLE)


def _held(code: str, **like: int) -> tuple[str, ...]:
    """How often the interval shown held the truth in the simulations that ship with this version, of studies alike."""
    of = (code, "coverage", HELD.get(code))
    rates = [
        rate.rate
        for rate in load()
        if (rate.code, rate.quantity, rate.what) == of
        and all(rate.study.get(name, value) == value for name, value in like.items())
    ]
    if not rates:
        return ()
    mean, least = (percent(round(rate, 2)) for rate in (sum(rates) / len(rates), min(rates)))
    return (f"In simulations such intervals held the truth {mean} of the time on average, {least} at worst.",)


def _padded(low: float, high: float) -> tuple[float, float]:
    room = 0.06 * ((high - low) or abs(high) or 1.0)
    return low - room, high + room


def _ticks(domain: tuple[float, float], write: Callable[[float], str], least: float) -> tuple[tuple[float, str], ...]:
    """About four round values."""
    low, high = domain
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(least, next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough))
    start = math.ceil(low / step)
    places = [place * step for place in range(start, math.floor(high / step) + 1)]
    if least == 1.0:  # ranks begin at 1, wherever round numbers do
        places = [low, *(place for place in places if place > low + step / 2)]
    return tuple((place, write(place)) for place in places)


def _how_many(shown: int, total: int, noun: str) -> str:
    return f"First {shown} of {plural(total, noun)}" if shown < total else plural(total, noun).capitalize()


def _in_words(count: int) -> str:
    words = ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")
    return words[count] if count < len(words) else str(count)
