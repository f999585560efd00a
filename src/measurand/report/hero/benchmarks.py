"""The first screen of benchmarks held against general capability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from measurand.catalogue import lookup, normalise
from measurand.report.hero.parts import MOST_ROWS, Bullet, Count, Picture, Row, Tone, View, further, held, span
from measurand.report.summary import MeasureInfo
from measurand.results import Audit, Estimate, Finding
from measurand.wording import agreeing, listed, of_total, percent, plural, signed

__all__ = ["class_of", "is_correlation", "of_class"]

ALIKE = 0.1
"""Difference of two correlations up to which a reader takes the estimates to be as high as each other."""

TONES: Mapping[str, Tone] = {"entangled": "rises", "inverse": "worse", "disentangled": "separate", "undecided": "open"}
WORDS: Mapping[Tone, str] = {
    "rises": "rises",
    "worse": "gets worse",
    "separate": "separate",
    "open": "too few models",
}


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


def is_correlation(finding: Finding) -> bool:
    """Whether it judges a benchmark under test, with a number."""
    tested = finding.result.get("role") == "under test"
    return tested and bool(finding.estimates) and finding.estimates[0].value is not None


def class_of(finding: Finding) -> str:
    """The class of models that it speaks of."""
    return finding.subject.get("class", "")


def of_class(audit: Audit, measures: Sequence[MeasureInfo], findings: Sequence[Finding], *, labelled: bool) -> View:
    """The first screen for one class of models, of the findings on its benchmarks under test.

    Parameters
    ----------
    labelled : whether there are other classes, so that this one needs its name.
    """
    class_ = class_of(findings[0])
    names = _names(audit, class_, findings)
    tested = [_benchmark(finding, name) for finding, name in zip(findings, names, strict=True)]
    of_class = [finding for finding in audit.findings if finding.code == "V1" and class_of(finding) == class_]
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
        bullets=(*_meaning(shown, tones), *further(audit, measures, "V1"))[:3],
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
        limits=span(estimate.low, estimate.high, signed),
    )


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
    anywhere = span(each.estimate.low, each.estimate.high, signed)
    if pair is None:
        return f"The correlation of {each.name} could be anywhere from {anywhere}."
    beside = min((other for other in shown if other.tone == "rises"), key=lambda o: abs(o.value - each.value))
    return (
        f"{each.name} is at {signed(each.value)}, near {beside.name} at {signed(beside.value)}, but the truth could "
        f"be anywhere from {anywhere}."
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
        *held("V1", families_known=families),
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
    keys = {f.subject.get("benchmark"): clear[f.estimates[0].value] for f in of_class if is_correlation(f)
            and f.estimates[0].value in clear}  # fmt: skip
    class_ = class_of(of_class[0])
    tried = {
        keys[key]: finding.result["undone_by"]
        for finding in audit.findings
        if finding.code == "V4" and class_of(finding) == class_ and "undone_by" in finding.result
        if (key := finding.subject.get("benchmark")) in keys
    }
    undone = [f"{name} would be undecided without {each[0]}" for name, each in tried.items() if isinstance(each, tuple)
              and each]  # fmt: skip
    if undone:
        return ["; ".join(undone[:2]) + "."]
    return ["No clear verdict shown here hangs on a single model."] if tried else []


def _in_words(count: int) -> str:
    words = ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")
    return words[count] if count < len(words) else str(count)
