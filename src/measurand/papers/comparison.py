"""Each model against the best."""

from __future__ import annotations

from measurand.errors import NotApplicable
from measurand.measures import find
from measurand.measures.precision.shared.model_pairs import BenchmarkComparison, Difference
from measurand.measures.shared import estimate
from measurand.papers.shared import (
    Asked,
    Cannot,
    calibrated,
    chosen,
    citing,
    computed,
    drawn,
    references,
    row,
    tabled,
    with_interval,
)
from measurand.report.paper import Part, Said, Section
from measurand.report.paper_figures import Forest
from measurand.results import Estimate
from measurand.tables import Study
from measurand.wording import percent

__all__ = ["comparison"]


def comparison(study: Study, asked: Asked) -> Section:
    """P2 as a table and a forest per benchmark: how far each model is behind the one with the highest score.

    Raises
    ------
    Cannot
        Without item-level results, or where no two models ran a benchmark.
    """
    if study.responses is None:
        raise Cannot("it needs item-level results of two models, and there are none")
    measure = find("P2")
    try:
        # Findings name neighbours alone where there are many pairs; a table against the best needs its own.
        result = measure.compute(study.responses, **asked.settings(measure))
    except NotApplicable as problem:
        raise Cannot(str(problem)) from None
    of = {each.benchmark: each for each in result.benchmarks}
    told: list[BenchmarkComparison] = [of[name] for name in chosen(asked, list(of))]
    single = {
        each.subject["benchmark"]: each.sentence
        for each in measure.findings(result)
        if set(each.subject) == {"benchmark"}
    }
    methods = dict.fromkeys(each.method for benchmark in told for each in benchmark.differences)
    correction = "Bonferroni" if any(each.best_only for each in told) else "Holm"
    percents = all(each.unit for each in told)
    return Section(
        what="comparison",
        head=(
            ("Model", "l"),
            (r"Score (\%)" if percents else "Score", "r"),
            (f"Behind the best {asked.interval}", "l"),
            ("$p$", "r"),
            ("Group", "l"),
        ),
        caption="Each model against the one with the highest score, on the questions both answered"
        + (", in points. " if percents else ". ")
        + f"p-values are adjusted ({correction}); models that share a letter are statistically tied.",
        parts=tuple(_part(each, asked) for each in told),
        grouped=True,
        sentences=tuple(f"On {each.benchmark}, {single[each.benchmark]}" for each in told if each.benchmark in single),
        methods=(
            Said(
                "Two models are compared by the mean of their differences on the items that both answered "
                f"({'; '.join(methods)}); p-values are adjusted for the pairs of a benchmark ({correction}).",
                citing(measure, "Miller", "McNemar", "Bonett", "Hsu" if correction == "Bonferroni" else "Holm"),
            ),
            *calibrated(measure.code),
            computed(asked.seed),
        ),
        references=references(measure),
    )


def _part(of: BenchmarkComparison, asked: Asked) -> Part:
    best = of.models[0]
    against = dict(_behind(each, best, asked.level) for each in of.differences if best in (each.first, each.second))
    rows, forest = [], []
    for model, score, letters in zip(of.models, of.scores, of.letters or [""] * len(of.models), strict=True):
        cells = (model, tabled(score, of.unit))
        group = " ".join(letters.upper())
        if model not in against:
            rows.append((*cells, "–", "–", group))
            continue
        gap, adjusted = against[model]
        rows.append((*cells, with_interval(gap, of.unit), _p_value(adjusted), group))
        forest.append(row(model, gap, shares=of.unit, filled=adjusted < 1 - asked.level))
    return Part(
        name=of.benchmark,
        rows=tuple(rows),
        figure=Forest(x_title=f"{of.benchmark}: behind {best}" + " (points)" * of.unit, rows=tuple(forest), rule=0.0),
        caption=drawn(
            f"How far each model is behind {best} on {of.benchmark}, with {percent(asked.level)} intervals; "
            "filled: told apart once all pairs count, hollow: statistically tied.",
            len(forest),
        ),
    )


def _behind(of: Difference, best: str, level: float) -> tuple[str, tuple[Estimate, float]]:
    """The other model, what it scores more than the best, and the adjusted p-value."""
    other, sign = (of.second, -1.0) if of.first == best else (of.first, 1.0)
    low, high = sorted((sign * of.low, sign * of.high))
    gap = estimate("difference", sign * of.value, low, high, level=level, method=of.method, n=of.n)
    return other, (gap, float(of.adjusted))


def _p_value(value: float) -> str:
    """As papers write it.

    Examples
    --------
    >>> _p_value(0.0312), _p_value(1e-9), _p_value(1.0), _p_value(float("nan"))
    ('.031', '< .001', '1.000', '–')
    """
    if not value >= 0:
        return "–"
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")
