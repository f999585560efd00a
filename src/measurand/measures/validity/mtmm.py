"""V8 convergent and discriminant validity: do benchmarks of one trait agree more than benchmarks of one method?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import NotApplicable
from measurand.measures import Measure
from measurand.measures.shared import columns, display_names, estimate, family_codes, finite, kind, require_fraction
from measurand.measures.validity.shared.panel import LEAST_MODELS
from measurand.measures.verdicts import Call, Side, Unassessed, called, headline, unassessed
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.mtmm import (
    Agreement,
    Counted,
    Pairs,
    agreement,
    correlation_matrices,
    counted,
    mean_correlation,
    pairs_of,
)
from measurand.tables import Scores
from measurand.wording import CORRELATION, SHARE, capital, number, of_total, plural, shown

__all__ = ["MEASURE", "ClassMatrix", "TraitValidity", "Validity", "judge", "matrix_of", "multitrait_multimethod"]

NEEDS = "benchmarks labelled with the trait they measure and the method they use, at least one trait measured by two "
NEEDS += "methods, each of which measures another trait too"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TraitValidity:
    """One trait: how its benchmarks correlate across methods, and with those of other traits by the same methods.

    Parameters
    ----------
    trait : its name.
    benchmarks : those measuring it by one of several methods. pairs : of them, by two methods.
    found, count : mean correlations, and Campbell and Fiske's comparisons.
    """

    trait: str
    benchmarks: tuple[str, ...]
    pairs: int
    found: Agreement
    count: Counted


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassMatrix:
    """Correlations between labelled benchmarks over one class of models.

    Parameters
    ----------
    class_, models : the class and how many models it has.
    benchmarks, names, traits, methods : of each benchmark, m of them.
    correlations : Spearman, shape (m, m), NaN where fewer than 8 models have both.
    found, count : over all traits measured by several methods.
    neither : mean correlation of two traits by two methods; NaN where there is no such pair.
    traits_found : one trait at a time.
    unknown : models without a known family.
    """

    class_: str
    models: int
    benchmarks: tuple[str, ...]
    names: tuple[str, ...]
    traits: tuple[str, ...]
    methods: tuple[str, ...]
    correlations: Floats
    found: Agreement
    count: Counted
    neither: float
    traits_found: tuple[TraitValidity, ...]
    unknown: int


@dataclass(frozen=True, repr=False)
class Validity(Brief):
    """Result of `multitrait_multimethod`."""

    classes: tuple[ClassMatrix, ...]
    unassessed: tuple[Unassessed, ...]
    level: float


def multitrait_multimethod(scores: Scores, *, level: float = 0.95) -> Validity:
    """Correlations between benchmarks by what they are said to measure and how they measure it.

    Within a class of models, Spearman's correlation of every two benchmarks that have a trait and a method.
    Benchmarks of one trait by two methods should correlate (convergent), and more than benchmarks of two traits by
    one method (discriminant). Means are taken on Fisher's z scale; intervals are leave-one-family-out jackknife,
    t(G - 1).

    Parameters
    ----------
    scores : with a trait and a method of at least some benchmarks.
    level : of the intervals.

    Raises
    ------
    NotApplicable
        No class has a trait measured by two methods and another trait by one of them.
    InputError
        A level out of (0, 1).

    References
    ----------
    Campbell and Fiske 1959, Convergent and discriminant validation by the multitrait-multimethod matrix, Psychological
    Bulletin 56(2).

    Examples
    --------
    >>> import measurand
    >>> found = multitrait_multimethod(measurand.load_example().scores)
    >>> [(group.class_, group.count.comparisons, group.count.violations) for group in found.classes]
    [('base', 1192, 847), ('chat', 1192, 850)]
    """
    require_fraction(level=level)
    facts = scores.benchmarks.drop_nulls(["trait", "method"])
    classes, unassessed = [], []
    for class_ in scores.classes:
        try:
            classes.append(_class(scores, class_, facts, level))
        except NotApplicable as problem:
            unassessed.append(Unassessed({"class": class_}, problem.reason, problem.needs))
    if not classes:
        raise NotApplicable(unassessed[0].reason, needs=NEEDS)
    return Validity(tuple(classes), tuple(unassessed), level)


def _class(scores: Scores, class_: str, facts: pl.DataFrame, level: float) -> ClassMatrix:
    models = scores.models_of(class_)
    values = scores.matrix(models, list(facts["benchmark"]))
    # The whole matrix need not be complete: each pair is correlated over the models that have both.
    run = np.isfinite(values).sum(axis=0) >= LEAST_MODELS
    varies = run.copy()
    varies[run] = np.nanmin(values[:, run], axis=0) < np.nanmax(values[:, run], axis=0)
    kept = facts.filter(pl.Series(varies, dtype=pl.Boolean))
    families, _, unknown = family_codes(models, scores.model_fact("family", models))
    display = display_names(scores)
    return matrix_of(
        values[:, varies],
        families,
        list(kept["trait"]),
        list(kept["method"]),
        list(kept["benchmark"]),
        level=level,
        class_=class_,
        names=[display[name] for name in kept["benchmark"]],
        unknown=unknown,
    )


def matrix_of(
    values: Floats,
    families: Ints,
    traits: Sequence[str],
    methods: Sequence[str],
    benchmarks: Sequence[str],
    *,
    level: float,
    class_: str = "all",
    names: Sequence[str] | None = None,
    unknown: int = 0,
) -> ClassMatrix:
    """`multitrait_multimethod` of one class of models.

    Parameters
    ----------
    values : scores, higher is better, shape (models, benchmarks), NaN where not run.
    families : of each model, shape (models,). traits, methods, benchmarks : of each column.

    Raises
    ------
    NotApplicable
        No trait is measured by two methods, no method measures two traits, or no two of these share a benchmark.
    """
    trait_codes, method_codes = (np.unique(list(labels), return_inverse=True)[1] for labels in (traits, methods))
    # One jackknife of the whole matrix serves every mean and every comparison, which keeps them consistent.
    found, without = correlation_matrices(values, families, LEAST_MODELS)
    pairs = pairs_of(trait_codes, method_codes, found)
    if not len(pairs.convergent):
        raise NotApplicable(
            f"no two of the {plural(len(benchmarks), 'benchmark')} with a trait and a method that enough "
            f"{kind(class_)}models ran measure one trait by different methods",
            needs=NEEDS,
        )
    by_trait = []
    for code in np.unique(trait_codes[pairs.convergent[:, 0]]):
        convergent = pairs.convergent[trait_codes[pairs.convergent[:, 0]] == code]
        rivals = _rivals(convergent, pairs)
        if len(rivals):
            places = np.unique(convergent)
            by_trait.append(
                TraitValidity(
                    traits[places[0]],
                    tuple(benchmarks[place] for place in places),
                    len(convergent),
                    agreement(found, without, convergent, rivals, level),
                    counted(found, without, convergent, rivals, level),
                )
            )
    rivals = _rivals(pairs.convergent, pairs)
    if not len(rivals):
        raise NotApplicable("no method of a trait measured by two of them measures another trait", needs=NEEDS)
    return ClassMatrix(
        class_=class_,
        models=len(values),
        benchmarks=tuple(benchmarks),
        names=tuple(names or benchmarks),
        traits=tuple(traits),
        methods=tuple(methods),
        correlations=found,
        found=agreement(found, without, pairs.convergent, rivals, level),
        count=counted(found, without, pairs.convergent, rivals, level),
        neither=mean_correlation(found, pairs.neither),
        traits_found=tuple(by_trait),
        unknown=unknown,
    )


def _rivals(convergent: Ints, pairs: Pairs) -> Ints:
    """Pairs of two traits by one method that share a benchmark with the convergent pairs."""
    result: Ints = pairs.method[np.isin(pairs.method, convergent).any(axis=1)]
    return result


def judge(result: Validity) -> list[Finding]:
    """Passed: one trait's benchmarks correlate, and more than one method's; issue: not so; intervals and all."""
    alpha = 1 - result.level
    totals = [
        _class_finding(group, called(*_claims([group.found]), alpha)[0], result.level) for group in result.classes
    ]
    each = [
        _trait_finding(group, trait, call, result.level)
        for group in result.classes
        for trait, call in zip(
            group.traits_found, called(*_claims([trait.found for trait in group.traits_found]), alpha), strict=True
        )
    ]
    comparisons = sum(group.count.comparisons for group in result.classes)
    violations = sum(group.count.violations for group in result.classes)
    held = sum(finding.status is Status.PASSED for finding in each)
    classes = ", each class of models counted by itself" if len(result.classes) > 1 else ""
    sentence = (
        f"{of_total(violations, comparisons, 'comparison', 'finds', 'does not find')} a benchmark closer to one of "
        "another trait tested the same way than to one of its own trait tested another way. The labels of "
        f"{held or 'none'} of the {plural(len(each), 'trait')} are shown to hold{classes}."
    )
    # Judged by the classes: their intervals count every comparison, those of a trait only its own.
    top = headline(
        sentence,
        totals,
        short=f"labels of {held or 'none'} of {len(each)} hold",
        caveats=MEASURE.caveats,
        figure="V8.matrix",
    )
    return [top, *totals, *each, *unassessed(result.unassessed)]


def _claims(found: Sequence[Agreement]) -> tuple[list[Side], Floats]:
    """What the means of each say and the p-value against it: below, the labels fail, above, they hold."""
    sides, p_values = [], []
    for each in found:
        above, (convergent, difference) = each.error.p_above(0.0), each.error.value
        # Before convergence: a shared method can lift both means, and then a high convergent one shows nothing.
        if difference < 0 or convergent < 0:
            sides.append(Side.BELOW)
            p_values.append(1 - float(above[1] if difference < 0 else above[0]))
        else:
            # Both are needed: benchmarks of one trait that do not correlate can still exceed those of one method.
            sides.append(Side.ABOVE)
            p_values.append(float(above.max()))
    return sides, np.array(p_values)


def _verdict(call: Call, found: Agreement) -> tuple[Status, str, str]:
    by_method = found.difference[0] < 0
    words = {
        Side.UNKNOWN: "too few families of models to say more",
        Side.BELOW: "how it is tested shapes the scores more than what is tested"
        if by_method
        else "what is called one trait is not one",
        Side.ABOVE: "what is tested shapes the scores more than how",
        Side.ACROSS: "too few models to tell which of the two shapes the scores more",
    }
    short = {
        Side.UNKNOWN: "too few families to tell",
        Side.BELOW: "method counts more than trait" if by_method else "not one trait",
        Side.ABOVE: "trait counts more than method",
        Side.ACROSS: "too few models to tell",
    }
    status = {Side.BELOW: Status.ISSUE, Side.ABOVE: Status.PASSED}.get(call.side, Status.CAUTION)
    return status, call.meaning(words, "trait"), short[call.side]


def _estimates(found: Agreement, count: Counted, n: int, level: float) -> tuple[Estimate, ...]:
    named = (("convergent", found.convergent), ("same_method", found.method), ("difference", found.difference))
    method = "leave-one-family-out jackknife, t(G-1)"
    total = max(1, count.comparisons)  # without comparisons the share is undefined, not the division
    return (
        *(estimate(name, *limits, level=level, method=method, n=n, unit=CORRELATION) for name, limits in named),
        Estimate(
            name="share_violated",
            value=count.violations / total if count.comparisons else None,
            low=count.low / total,
            high=count.high / total,
            level=level,
            method="from surely violated to not surely in order, all intervals holding together",
            n=count.comparisons,
            unit=SHARE,
        ),
    )


def _class_finding(group: ClassMatrix, call: Call, level: float) -> Finding:
    status, meaning, short = _verdict(call, group.found)
    unknown = plural(group.unknown, "model")
    estimates, count = _estimates(group.found, group.count, group.models, level), group.count
    sentence = (
        f"Among {group.models} {kind(group.class_)}models, benchmarks of one trait by different methods correlate "
        f"{shown(estimates[0])} on average, those of different traits by one method {shown(estimates[1])}: {meaning}. "
        f"{of_total(count.violations, count.comparisons, 'comparison', 'goes', 'does not go')} the wrong way (from "
        f"{number(count.low)} to {number(count.high)} once the intervals count)."
    )
    return Finding(
        subject={"class": group.class_},
        status=status,
        sentence=sentence,
        short=short,
        estimates=estimates,
        caveats=(f"{unknown} without a known family counted as independent",) if group.unknown else (),
        figure="V8.matrix",
        result={"neither": finite(group.neither), "families": group.found.groups},
    )


def _trait_finding(group: ClassMatrix, trait: TraitValidity, call: Call, level: float) -> Finding:
    status, meaning, short = _verdict(call, trait.found)
    estimates = _estimates(trait.found, trait.count, group.models, level)
    return Finding(
        subject={"trait": trait.trait, "class": group.class_},
        status=status,
        sentence=f"{capital(trait.trait)} ({kind(group.class_)}models): its {len(trait.benchmarks)} benchmarks "
        f"correlate {shown(estimates[0])} across methods, against {shown(estimates[1])} with other traits tested the "
        f"same way: {meaning}.",
        short=short,
        estimates=estimates,
        figure="V8.matrix",
        result={"benchmarks": trait.benchmarks, "pairs": trait.pairs},
    )


def figure(result: Validity) -> list[Figure]:
    """The multitrait-multimethod matrix of the traits that several methods measure."""
    rows: list[tuple[Cell, ...]] = []
    for group in result.classes:
        # Traits of one method have no pair to compare with: they would only fill the picture.
        held = {name for trait in group.traits_found for name in trait.benchmarks}
        places = [place for place, name in enumerate(group.benchmarks) if name in held]
        places.sort(key=lambda place: (group.traits[place], group.methods[place], group.names[place]))
        label = {place: f"{group.names[place]} ({group.methods[place].replace('_', ' ')})" for place in places}
        rows += [
            (
                group.class_,
                label[i],
                label[j],
                None if i == j else finite(group.correlations[i, j]),
                group.traits[i],
                group.traits[j],
                _relation(group, i, j),
            )
            for i in places
            for j in places
        ]
    names = ("class", "first", "second", "correlation", "trait", "other_trait", "relation")
    return [
        Figure(
            name="V8.matrix",
            kind="heatmap",
            title="Benchmarks by trait and method",
            caption="Spearman correlations between benchmarks of traits that several methods measure, ordered by "
            "trait. Where the labels hold, pairs of one trait stand out from pairs of one method.",
            columns=columns(names, rows),
            x=Axis("first", "benchmark", "nominal"),
            y=Axis("second", "benchmark", "nominal"),
            color="correlation",
            label="relation",
            select=("class",),
        )
    ]


def _relation(group: ClassMatrix, i: int, j: int) -> str:
    trait = "one trait" if group.traits[i] == group.traits[j] else "two traits"
    method = "one method" if group.methods[i] == group.methods[j] else "two methods"
    return f"{trait}, {method}"


MEASURE = Measure(
    code="V8",
    name="convergent and discriminant validity",
    question=Question.VALIDITY,
    asks="Do benchmarks of one trait agree more than benchmarks that only share a method?",
    needs=NEEDS,
    formula="mean Spearman of one trait by two methods - mean of two traits by one method (Fisher's z, tanh back); "
    "violations: comparisons in which the second is at least the first.",
    compute=multitrait_multimethod,
    judge=judge,
    figure=figure,
    caveats=(
        "The labels are the catalogue's or the user's: a violation speaks against the label or against the benchmark.",
        "General capability raises correlations of both kinds.",
        "Sub-scores of one benchmark are no independent measurements, and count one by one.",
    ),
    references=(
        "Campbell and Fiske 1959, Convergent and discriminant validation by the multitrait-multimethod matrix, "
        "Psychological Bulletin 56(2)",
    ),
)
