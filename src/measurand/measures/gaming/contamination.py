"""G1, contamination: does a model score higher on a benchmark than models like it, given a reference benchmark?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.measures import Measure
from measurand.measures.gaming.shared.reference import HeldAgainst, both_p, held_apart, held_pairs, in_family
from measurand.measures.gaming.shared.words import first_few
from measurand.measures.shared import bars, columns, estimate, finite, lines, require_fraction
from measurand.measures.verdicts import Unassessed, headline, overall, tally, unassessed
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.tables import Responses, Scores
from measurand.wording import DIFFERENCE, SHARE, agreeing, percent, plural, shown

__all__ = ["MEASURE", "Contamination", "contamination"]

Floats = npt.NDArray[np.float64]

# More would hide the curve.
_SERIES = ("largest excess", "second", "third")
MOST_LISTED = 60
"""Suspects of a pair listed one by one; of more, those that passed are only counted."""


@dataclass(frozen=True, repr=False)
class Contamination(Brief):
    """Result of `contamination`."""

    pairs: tuple[HeldAgainst, ...]
    unassessed: tuple[Unassessed, ...]
    level: float
    resamples: int


def contamination(
    scores: Scores,
    responses: Responses | None = None,
    *,
    against: Sequence[tuple[str, str]] | None = None,
    suspects: Sequence[str] | None = None,
    released: str | None = None,
    paired: bool = False,
    level: float = 0.95,
    resamples: int = 10_000,
    rng: np.random.Generator,
) -> Contamination:
    """Excess of each suspect on a benchmark over what reference models with its score on a reference benchmark reach.

    The reference models (at least 5, and one that guesses) are sorted on either benchmark and paired by rank; a
    smoothing spline leads from one score to the other. Excess = score - expected, bootstrapped over items and
    reference models; its p-value is the level at which the reflected interval reaches 0.

    Parameters
    ----------
    scores : scores of the models on both benchmarks, with the number of items or standard errors where known.
    responses : item-level results; where there are some of both for all models, items are drawn instead of counts.
    against : pairs of a benchmark and the benchmark that stands as its reference; by default those whose names say so
        (``gsm8k`` and ``gsm8k_rephrase``, ``_synthetic``, ``_reference``, ``_fresh``, ``_cf``, ...).
    suspects : models to hold against all others; by default each model in turn against the others.
    released : ISO date of the benchmarks; models released before it are not suspects, and where they are at least 5
        they alone are the reference models.
    paired : the reference holds the same items rewritten, with the same ids, and items are drawn in pairs.
    level : confidence level, in (0, 1).
    resamples : of items and reference models.

    Raises
    ------
    NotApplicable
        No pair of benchmarks, or fewer than 5 reference models for each.
    UnknownName
        A benchmark or model that is not there.
    InputError
        Item ids that do not match, or a setting out of its range.

    References
    ----------
    Dekoninck, Müller and Vechev 2024, ConStat: performance-based contamination detection, arXiv 2405.16281.

    Examples
    --------
    >>> import polars as pl
    >>> rows = [(f"m{i}", "b", 0.1 * i + 0.05, 1000) for i in range(9)]
    >>> rows += [(f"m{i}", "b_fresh", 0.1 * i, 1000) for i in range(9)]
    >>> rows += [("s", "b", 0.9, 1000), ("s", "b_fresh", 0.3, 1000)]
    >>> table = pl.DataFrame(rows, schema=["model", "benchmark", "score", "n_items"], orient="row")
    >>> rng = np.random.default_rng(0)
    >>> found = contamination(Scores.build(table), suspects=["s"], resamples=500, rng=rng).pairs[0].excess
    >>> round(float(found.value[0]), 1), bool(found.p_value[0] < 0.01)
    (0.6, True)
    """
    require_fraction(level=level)
    found, blind = held_pairs(
        scores, responses, against, suspects, released, paired=paired, level=level, resamples=resamples, rng=rng
    )
    return Contamination(tuple(held for held, _ in found), blind, level, resamples)


def judge(result: Contamination, *, negligible: float = 0.05) -> list[Finding]:
    """Issue: above the curve beyond the noise of the items and beyond where reference models scatter.

    Passed: an excess of more than `negligible` (a share of the items) is excluded. One of many suspects is an issue
    only if its excess is left after Holm's correction for all suspects on all pairs.
    """
    alpha = 1 - result.level
    every: list[Finding] = []
    rows: list[Finding] = []
    among = sum(len(each.suspects) for each in result.pairs)
    for each, adjusted in zip(result.pairs, in_family(result.pairs), strict=True):
        own = [_finding(each, place, adjusted, among, result, negligible) for place in range(len(each.suspects))]
        kept = own if len(own) <= MOST_LISTED else [f for f in own if f.status is not Status.PASSED]
        rows += [_summary(each, own), *kept]
        every += own
    caveats = tuple(dict.fromkeys((*MEASURE.caveats, *(c for each in result.pairs for c in each.pair.caveats))))
    return [
        headline(_overview(every, alpha), every, caveats=caveats, figure="G1.excess"),
        *rows,
        *unassessed(result.unassessed),
    ]


def _overview(every: Sequence[Finding], alpha: float) -> str:
    if len(every) == 1:
        return every[0].sentence
    clear = [finding.subject for finding in every if finding.status is Status.ISSUE]
    alone = sum(bool(finding.result["alone"]) for finding in every)
    first = (
        f"{alone or 'None'} of {plural(len(every), 'comparison')} of a model with reference models "
        f"{agreeing(max(alone, 1), 'shows')} a score higher than its reference score predicts (about "
        f"{alpha * len(every):.1f} would by chance)"
    )
    if not clear:
        return f"{first}{'; none remains after correction for their number' if alone else ''}."
    names = first_few([f"{of['model']} on {of['benchmark']} against {of['against']}" for of in clear])
    verb = "is" if len(clear) == 1 else "are"
    return f"{first}; after correction for their number {len(clear)} {verb} left: {names}."


def _summary(each: HeldAgainst, own: Sequence[Finding]) -> Finding:
    more, less, open_ = (tally(own)[status] for status in (Status.ISSUE, Status.PASSED, Status.CAUTION))
    references = plural(len(each.references), "reference model")
    basis = "each against the others" if each.in_turn else f"against {references}"
    sentence = (
        f"Of {plural(len(own), 'model')} held {basis}, {more} {agreeing(more, 'scores')} higher on "
        f"{each.pair.benchmark} than {each.pair.reference} predicts and {less} clearly {agreeing(less, 'does')} not; "
        f"for {open_} it is too close to tell."
    )
    return Finding(
        subject=each.pair.subject,
        status=overall(own),
        sentence=own[0].sentence if len(own) == 1 else sentence,
        caveats=each.pair.caveats,
        figure="G1.curve",
    )


def _finding(
    each: HeldAgainst,
    place: int,
    adjusted: Floats,
    among: int,
    result: Contamination,
    negligible: float,
) -> Finding:
    found, pair, model = each.excess, each.pair, each.suspects[place]
    n = int(found.models[place])
    method = f"reflected bootstrap over models and items ({'items' if pair.tables else 'item counts'} drawn)"
    value = estimate("excess", *each.limits(place), level=result.level, method=method, n=n, unit=DIFFERENCE)
    others = [
        Estimate(name=name, value=finite(float(values[place])), method=how, n=n, unit=unit)
        for name, values, how, unit in (
            ("p_value", found.p_value, "reflected bootstrap, one-sided", ""),
            ("scatter_p_value", found.scatter_p, "left-out residuals, t(n - 1)", ""),
            ("adjusted_p_value", adjusted, f"Holm over {among:,} comparisons, of the larger of the two", ""),
            ("expected_score", found.expected, "smoothing spline", SHARE),
        )
    ]
    status, reason = held_apart(each, place, adjusted, among, 1 - result.level, negligible, "an excess")
    return Finding(
        subject=pair.subject | {"model": model},
        status=status,
        sentence=f"{model} differs by {shown(value)} on {pair.benchmark} from what its score on {pair.reference} "
        f"predicts: {reason}.",
        estimates=(value, *others),
        figure="G1.excess",
        result={"alone": bool(both_p(found)[place] < 1 - result.level)},
    )


def figure(result: Contamination, *, findings: Sequence[Finding] = ()) -> list[Figure]:
    """Scores against reference scores with the curve of the reference models, and the excess of each suspect."""
    verdicts = {
        (f.subject["benchmark"], f.subject["against"], f.subject["model"]): f.status.value
        for f in findings or judge(result)
        if "model" in f.subject
    }
    curves: list[tuple[Cell, ...]] = []
    points: list[tuple[Cell, ...]] = []
    excesses: list[tuple[Cell, ...]] = []
    for each in result.pairs:
        pair = each.pair
        name = f"{pair.benchmark} against {pair.reference}"
        curves += [(name, "", *(finite(v) for v in row), "expected") for row in zip(*each.curve, strict=True)]
        order = np.argsort(-each.excess.value)
        for place, series in zip(order, _SERIES, strict=False):
            score, reference = pair.scores[:, pair.models.index(each.suspects[place])]
            curves.append((name, each.suspects[place], float(reference), float(score), None, None, series))
        points += [(name, *row) for row in _off_the_curve(each, 1 - result.level)]
        for place in order:
            model = each.suspects[place]
            verdict = verdicts.get((pair.benchmark, pair.reference, model), Status.PASSED.value)
            excesses.append((name, model, *each.limits(int(place)), verdict, float(each.excess.p_value[place])))
    interval = percent(result.level)
    return [
        lines(
            "G1.curve",
            "Score, and score on the reference benchmark",
            f"Curve: what the reference models predict, with its {interval} band. Points: the models that lie highest "
            "above it.",
            columns(("pair", "model", "reference score", "score", "low", "high", "shown"), curves),
            Axis("reference score", "score on the reference benchmark"),
            Axis("score", "score on the benchmark"),
            label="model",
            color="shown",
            select=("pair",),
        ),
        Figure(
            name="G1.distance",
            kind="scatter",
            title="Distance from the curve",
            caption="Line: the curve. Reference models scatter about it; a contaminated one lies above where they do.",
            columns=columns(("pair", "model", "reference score", "distance", "shown"), points),
            x=Axis("reference score", "score on the reference benchmark"),
            y=Axis("distance", "score minus expected score"),
            label="model",
            color="shown",
            select=("pair",),
            rules=(0.0,),
        ),
        bars(
            "G1.excess",
            "Excess over what the reference benchmark predicts",
            f"Bars: {interval} reflected bootstrap intervals, before correction for the number of models.",
            columns(("pair", "model", "excess", "low", "high", "verdict", "p"), excesses),
            Axis("excess", "score minus expected score"),
            Axis("model", "", "nominal"),
            color="verdict",
            select=("pair",),
            rules=(0.0,),
        ),
    ]


def _off_the_curve(each: HeldAgainst, alpha: float) -> list[tuple[Cell, ...]]:
    """Each model's reference score, its distance from the curve, and its role."""
    scores, reference = each.pair.scores
    above = {model for model, p in zip(each.suspects, both_p(each.excess), strict=True) if p < alpha}
    roles = dict.fromkeys(each.suspects, "suspect") | dict.fromkeys(each.references, "reference model")
    roles |= dict.fromkeys(above, "above the curve")
    distance = scores - np.interp(reference, *each.curve[:2])
    order = ("reference model", "suspect", "above the curve")
    rows = [
        (model, float(x), float(y), roles[model])
        for model, x, y in zip(each.pair.models, reference, distance, strict=True)
        if model in roles
    ]
    return sorted(rows, key=lambda row: order.index(row[3]))


MEASURE = Measure(
    code="G1",
    name="contamination",
    question=Question.GAMING,
    asks="Does a model score higher on a benchmark than models of its ability, as if it had seen the questions?",
    needs="a benchmark and a rewritten, fresh or related set of it, both run by the model and 5 reference models",
    formula=(
        "expected = smoothing spline (GCV) through the reference models' scores on both sets, each sorted, and a "
        "guesser's; excess = score - expected, bootstrapped over items and models; p = share of resamples above "
        "twice the mean."
    ),
    compute=contamination,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "higher than expected",
        Status.CAUTION: "too close to tell",
        Status.PASSED: "no sizeable excess",
    },
    caveats=(
        "A model may do better on a benchmark than its equals elsewhere because it is good at just that; only a "
        "reference set that asks the same thing tells this from contamination.",
        "A rewritten set shows contamination by the exact wording alone: a model that has seen the questions does "
        "well on rewritten ones too, so the excess is too small.",
        "Contaminated reference models hide contamination: name the suspects, so that they are not among them.",
        "With 5 reference models, which cannot be resampled, 95% intervals cover 70 to 94% (simulated).",
        "The published p-value takes uncontaminated models to lie on the curve; where they scatter about it, 8 to 30% "
        "of them have p < .05 (simulated), so the verdict also asks for more than the reference models' scatter.",
    ),
    references=(
        "Dekoninck, Müller and Vechev 2024, ConStat: performance-based contamination detection in large language "
        "models, arXiv 2405.16281",
    ),
)
