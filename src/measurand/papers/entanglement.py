"""Benchmarks against general capability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import find
from measurand.measures.shared import display_names, kind
from measurand.measures.validity.shared.panel import Panel, panels
from measurand.papers.shared import Asked, Cannot, audited, calibrated, chosen, citing, computed, references
from measurand.report.paper import Part, Said, Section
from measurand.report.paper_figures import Scatter
from measurand.results import Finding, Status
from measurand.stats.capability.capabilities import PERMUTATIONS
from measurand.stats.capability.regression import line_with_band
from measurand.tables import Scores, Study
from measurand.wording import DIFFERENCE, agreeing, interval, listed, number, percent, plural, shown, signed

__all__ = ["entanglement"]

WITH_CAPABILITY = {
    "entangled": "rises",
    "inverse": "gets worse",
    "disentangled": "separate",
    "undecided": "too few models",
}
"""V1's verdicts in the words of every report."""

PLACES = 41
"""Where the line and its band are drawn: enough for the band to look curved."""


class Found(NamedTuple):
    """What V1, V2 and V4 found; the last two where they could."""

    correlation: Finding
    slope: Finding | None
    specifications: Finding | None


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One benchmark in one class of models.

    Parameters
    ----------
    title : its name, with the class where there are several.
    """

    benchmark: str
    name: str
    title: str
    panel: Panel
    scores: Scores
    found: Found


def entanglement(study: Study, asked: Asked) -> Section:
    """V1, V2 and V4 as a row and a scatter per benchmark and class of models.

    Raises
    ------
    Cannot
        Without scores, without a capabilities score, or where none of the benchmarks named can be assessed.
    UnknownName, InputError
        A class that is not there; a benchmark that is not there or not under test.
    """
    if study.scores is None:
        raise Cannot("it needs scores of models on benchmarks, and there are none")
    classes, benchmarks, names = (
        _panels(study.scores, asked),
        _benchmarks(study.scores, asked),
        display_names(study.scores),
    )
    audit = audited(study, asked, "V1", "V2", "V4")
    by = {(each.code, each.subject.get("benchmark"), each.subject.get("class")): each for each in audit.findings}
    subjects: list[Subject] = []
    lost = []
    for panel in classes:
        for benchmark in benchmarks:
            title = f"{names[benchmark]}, {kind(panel.class_)}models" if len(classes) > 1 else names[benchmark]
            first, second, fourth = (by.get((code, benchmark, panel.class_)) for code in ("V1", "V2", "V4"))
            if first is None or first.status is Status.NOT_APPLICABLE:
                lost.append(f"{title}: {first.sentence if first else 'Not assessed.'}")
                continue
            subjects.append(
                Subject(
                    benchmark=benchmark,
                    name=names[benchmark],
                    title=title,
                    panel=panel,
                    scores=study.scores,
                    found=Found(first, second, fourth),
                )
            )
    if not subjects:
        raise Cannot(" ".join(lost))
    return Section(
        what="entanglement",
        head=(
            ("Benchmark", "l"),
            ("$n$", "r"),
            ("Families", "r"),
            (rf"$\rho$ {asked.interval}", "l"),
            ("With capability", "l"),
            ("Slope per SD", "l"),
            ("Specifications", "l"),
        ),
        caption="Spearman's ρ with general capability. Slope: change of the benchmark per standard deviation of "
        "capability. Specifications: least to greatest ρ over other ways of computing it, and how many of them put "
        "the point on the same side of the threshold.",
        parts=tuple(_part(each, asked) for each in subjects),
        sentences=tuple(each.found.correlation.sentence for each in subjects),
        methods=(*_methods(subjects, asked), *map(Said, lost)),
        references=references(*map(find, ("V1", "V2", "V4"))),
    )


def _panels(scores: Scores, asked: Asked) -> list[Panel]:
    """The classes of models that the paper is about."""
    try:
        found, _ = panels(scores, asked.missing)
    except NotApplicable as problem:
        raise Cannot(str(problem)) from None
    classes = [panel.class_ for panel in found]
    if asked.class_ is not None and asked.class_ not in classes:
        raise UnknownName("class of models that can be assessed", asked.class_, classes)
    return [panel for panel in found if asked.class_ in (None, panel.class_)]


def _benchmarks(scores: Scores, asked: Asked) -> list[str]:
    names, makers = display_names(scores), scores.benchmarks_of("capability")
    # One of those that make the score is there, so that it deserves another answer than an unknown name.
    known = (*scores.benchmarks_of("safety", "other"), *(makers if asked.benchmarks else ()))
    found = chosen(asked, known, names)
    for benchmark in found:
        if benchmark in makers:
            raise InputError(f"{names[benchmark]} is one of the capability benchmarks: name one that is under test")
    return found


def _part(of: Subject, asked: Asked) -> Part:
    panel = of.panel
    column = panel.scores[:, panel.tested.index(of.benchmark)]
    ran = np.isfinite(column)
    unit, factor = (asked.unit, 1.0) if asked.unit else _unit(of)
    x, y = panel.standard_scores[ran], factor * column[ran]
    models = [model for model, each in zip(panel.models, ran, strict=True) if each]
    families = of.scores.model_fact("family", models)
    known, unknown = len(set(families) - {None}), families.count(None)
    rho = of.found.correlation.estimates[0]
    limits = interval(rho.low, rho.high, lambda end: number(end, 2))
    edge = 0.03 * float(np.ptp(x))
    at = np.linspace(x.min() - edge, x.max() + edge, PLACES)
    line, low, high = (tuple(each.tolist()) for each in line_with_band(x, y, panel.families[ran], at, asked.level))
    banded = bool(np.isfinite(low).all())
    turned = of.scores.benchmark_fact("higher_is", [of.benchmark]) == ["worse"]
    makers = (
        plural(len(panel.capability), "benchmark")
        if len(panel.capability) > 1
        else display_names(of.scores)[panel.capability[0]]
    )
    among = (
        f"{plural(known, 'family')}" + (f" ({unknown} unknown)" if unknown else "") if known else "families not known"
    )
    band = f"the band its {percent(asked.level)} interval from leaving out one family at a time; " if banded else ""
    return Part(
        name=of.title,
        figure=Scatter(
            x_title=f"General capability (SD; {makers})",
            y_title=f"{of.name} score" + (f" ({unit})" if unit else "") + ", sign turned" * turned,
            said=(f"ρ = {number(rho.value, 2)} {limits}".rstrip(), f"{plural(len(models), 'model')}, {among}"),
            names=tuple(models),
            x=tuple(x.tolist()),
            y=tuple(y.tolist()),
            at=tuple(at.tolist()),
            line=line,
            low=low if banded else (),
            high=high if banded else (),
        ),
        caption=f"{of.title} against general capability. Each dot is one model; the line is a least-squares fit, "
        f"{band}named are models far off the line." + " Scores are turned so that higher is better." * turned,
        rows=(
            (
                of.title,
                f"{len(models):,}",
                (f"{known} ({unknown} unknown)" if unknown else str(known)) if known else "–",
                shown(rho),
                WITH_CAPABILITY[str(of.found.correlation.result["verdict"])],
                _slope(of.found.slope, unit),
                _specifications(of.found.specifications),
            ),
        ),
    )


def _unit(of: Subject) -> tuple[str, float]:
    """Unit of the scores, and the factor that brings them to it: percent where they are shares or percentages."""
    if of.panel.unit_of_change(of.benchmark) == DIFFERENCE:
        return "%", 100.0
    maximum, metric = (of.scores.benchmark_fact(fact, [of.benchmark])[0] for fact in ("maximum", "metric"))
    # Nobody says of a user's own benchmark what it is in; beside capability benchmarks that are known to be in percent,
    # scores up to 100 that are far above 1 are too.
    makers = set(of.scores.benchmark_fact("maximum", of.scores.benchmarks_of("capability")))
    greatest = np.nanmax(np.abs(of.panel.scores[:, of.panel.tested.index(of.benchmark)]))
    if maximum == 100 or (maximum is metric is None and makers == {100.0} and 10 < greatest <= 100):
        return "%", 1.0
    return ("" if metric is None or str(metric).lower() == "score" else str(metric)), 1.0


def _slope(finding: Finding | None, unit: str) -> str:
    if finding is None or not finding.estimates:
        return "–"
    slope = finding.estimates[0]
    if unit == "%" and not slope.unit:
        value, low, high = (None if each is None else each / 100 for each in (slope.value, slope.low, slope.high))
        slope = replace(slope, value=value, low=low, high=high, unit=DIFFERENCE)
    return shown(slope)


def _specifications(finding: Finding | None) -> str:
    if finding is None or len(finding.estimates) < 2:
        return "–"
    spread, same = finding.estimates[:2]
    return f"{signed(spread.low)} to {signed(spread.high)} ({round((same.value or 0) * (same.n or 0))}/{same.n})"


def _methods(subjects: Sequence[Subject], asked: Asked) -> list[Said]:
    first, fourth = find("V1"), find("V4")
    classes = {each.panel.class_: each.panel for each in subjects}
    said = [each for panel in classes.values() for each in _made_of(panel, display_names(subjects[0].scores))]
    level, ways = percent(asked.level), dict.fromkeys(each.found.correlation.estimates[0].method for each in subjects)
    moderated = any("moderated" in way for way in ways)
    said.append(
        Said(
            "The capabilities correlation is Spearman's, of that score with the benchmark, over the models that have "
            f"both; its {level} interval is a {' or a '.join(ways)}.",
            citing(first, "Bonett", *(("Smyth",) if moderated else ())),
        )
    )
    if moderated:
        said.append(Said(f"The moderation permutes the labels of the families {PERMUTATIONS} times, always the same."))
    tested = len(subjects[0].panel.tested)
    family = f", adjusted for the {tested} benchmarks under test (Benjamini and Hochberg)" if tested > 1 else ""
    said.append(
        Said(
            f"A verdict is a one-sided test at {percent(1 - asked.level)} against a correlation of "
            f"±{asked.threshold:g}{family}."
        )
    )
    known = not any(panel.families_unknown for panel in classes.values())
    said += calibrated("V1", families_known=int(known))
    said.append(
        Said(
            f"Slopes are by least squares; their {level} intervals, and the band in the figure, come from leaving out "
            "one family at a time, t(G-1)."
        )
    )
    if any(each.found.specifications for each in subjects):
        said.append(
            Said(
                "Specifications vary the capability benchmarks (all, one left out, random halves), their weights "
                "(first component, equal, one factor) and the correlation (Spearman, Pearson, Kendall), and leave out "
                "one family at a time.",
                fourth.references,
            )
        )
    return [*said, computed(asked.seed, "random halves")]


def _made_of(panel: Panel, names: dict[str, str]) -> list[Said]:
    """What the capabilities score of a class is made of."""
    models = plural(len(panel.models), f"{kind(panel.class_)}model")
    makers = [names.get(name, name) for name in panel.capability]
    if len(makers) == 1:
        said = [Said(f"The general capability of {models} is their score on {makers[0]}.")]
    else:
        made = (
            f"The general capability of {models} is their score on the first principal component of {len(makers)} "
            f"capability benchmarks ({listed(makers)}), standardised over the models; the component is that of their "
            f"Spearman correlation matrix and holds {percent(panel.component.share)} of the variance."
        )
        said = [Said(made, citing(find("V1"), "Ren "))]
    if panel.dropped:
        left = plural(len(panel.dropped), f"{kind(panel.class_)}model", "was")
        said.append(Said(f"{left} left out for want of a score on a capability benchmark."))
    if panel.unknown:
        verb = agreeing(panel.unknown, "counts")
        said.append(Said(f"{plural(panel.unknown, 'model')} of unknown family {verb} as independent."))
    return said
