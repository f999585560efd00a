"""P3, planning: what difference can these items find, and how many would find a smaller one?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.precision.shared.counts import once_right_or_wrong
from measurand.measures.shared import columns, require_fraction
from measurand.measures.verdicts import headline
from measurand.results import Answer, Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status, Table
from measurand.stats.intervals.clustered import cluster_sums
from measurand.stats.intervals.paired import paired_differences
from measurand.stats.intervals.planning import ClusterEffect, PairedDesign
from measurand.tables import ItemTable, Responses, item_tables
from measurand.wording import DIFFERENCE, number, of_total, percent, plural, points, shown

__all__ = ["MEASURE", "Plan", "Plans", "design_of", "plan_of", "planning"]

EPOCHS = (1, 2, 4, 16)
"""Answers per item for which plans are made; beyond 16 there is seldom anything left to gain."""
EFFECTS = (0.01, 0.02, 0.03, 0.05, 0.1)
SPAN = (30, 100_000)
"""Items over which curves are drawn."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a comparison of two models on one benchmark can find.

    Parameters
    ----------
    benchmark : which; empty for a design that was stated.
    design : variances, the median over pairs of models, and the upper limit of the design effect.
    effect : the design effect as these clusters show it.
    items, epochs : those there are; 0 items for a design that was stated.
    clusters : clusters of the items; as many as items where none is named.
    clustered : whether the items have clusters.
    pairs : pairs of models behind the design; 0 where one model ran, whose own variance then stands for two that agree
        by chance alone.
    smallest_effect : smallest true difference found with the power asked for; NaN for a design that was stated.
    needed : items that find the effect asked about, by number of epochs.
    """

    benchmark: str
    design: PairedDesign
    effect: ClusterEffect
    items: int
    epochs: int
    clusters: int
    clustered: bool
    pairs: int
    smallest_effect: float
    needed: dict[int, int]


@dataclass(frozen=True, repr=False)
class Plans(Brief):
    """Result of `planning`, with its settings."""

    plans: tuple[Plan, ...]
    effect: float
    power: float
    alpha: float


def planning(
    responses: Responses | None = None,
    *,
    effect: float = 0.03,
    power: float = 0.8,
    alpha: float = 0.05,
    agreement: float | None = None,
) -> Plans:
    """Smallest difference that a paired comparison finds, and items that find a given one.

    ``n = (z_{alpha/2} + z_beta)^2 (w^2 + s_A^2/K + s_B^2/K) / d^2``, times the design effect of the clusters, by its
    upper limit: w^2 is the variance over items of the true difference, s^2 that of one answer to an item, K the number
    of epochs. Without epochs the two cannot be told apart, so all variance counts as w^2, which more epochs do not
    remove.

    Parameters
    ----------
    responses : item-level results of the benchmarks to plan for.
    effect : true difference that should be found, in units of the score.
    power : chance of finding it, in (0, 1).
    alpha : two-sided level of the test, in (0, 1).
    agreement : without results: share of items on which two models are expected to be both right or both wrong.

    Raises
    ------
    NotApplicable
        Neither results nor an expected agreement.
    InputError
        A setting out of its range.

    References
    ----------
    Miller 2024, arXiv 2411.00640, section 5; Card et al. 2020, With little power comes great responsibility, EMNLP.

    Examples
    --------
    >>> plan = planning(effect=0.05, agreement=0.8).plans[0]
    >>> plan.needed[1]
    660
    """
    require_fraction(power=power, alpha=alpha)
    if not effect > 0:
        raise InputError(f"effect should be above 0, got {effect:g}")
    plans = [plan_of(table, effect, power, alpha) for table in item_tables(responses)] if responses is not None else []
    if agreement is not None:
        plans.append(_stated(agreement, effect, power, alpha))
    if not plans:
        raise NotApplicable(
            "neither results to plan from nor an expected agreement of two models",
            needs="item-level results, or the share of items on which two models agree",
        )
    return Plans(tuple(plans), effect, power, alpha)


def _stated(agreement: float, effect: float, power: float, alpha: float) -> Plan:
    require_fraction(agreement=agreement)
    disagreement = 1 - agreement
    # A difference of d needs at least a share d of items on which only one is right.
    if effect > disagreement:
        raise InputError(
            f"models that agree on {agreement:g} of the items differ by at most {disagreement:.3g}, "
            f"got an effect of {effect:g}"
        )
    # Differences are -1, 0 or 1: their mean square is the disagreement, less the squared mean.
    design = PairedDesign(between=disagreement - effect**2, alpha=alpha, counts=True)
    return Plan(
        benchmark="",
        design=design,
        effect=ClusterEffect(),
        items=0,
        epochs=1,
        clusters=0,
        clustered=False,
        pairs=0,
        smallest_effect=float("nan"),
        needed=_needed(design, effect, power),
    )


def _needed(design: PairedDesign, effect: float, power: float) -> dict[int, int]:
    return {epochs: design.items(effect=effect, power=power, epochs=epochs) for epochs in EPOCHS}


def plan_of(table: ItemTable, effect: float, power: float, alpha: float) -> Plan:
    """The plan from one benchmark's table."""
    effect_seen = cluster_effect(table)
    design = design_of(table, effect_seen, alpha)
    # Median over models: one run cut short should not make the benchmark look small.
    items = int(np.median(np.isfinite(table.scores).sum(axis=1)))
    epochs = int(np.median(table.epochs[table.epochs > 0]))
    return Plan(
        benchmark=table.benchmark,
        design=design,
        effect=effect_seen,
        items=items,
        epochs=epochs,
        clusters=items if table.clusters is None else len(np.unique(table.clusters)),
        clustered=table.clusters is not None,
        pairs=math.comb(len(table.models), 2),
        smallest_effect=design.smallest_effect(items=items, power=power, epochs=epochs),
        needed=_needed(design, effect, power),
    )


def cluster_effect(table: ItemTable) -> ClusterEffect:
    """The design effect on a difference between models, the median over pairs; of a single model, on its mean."""
    if table.clusters is None:
        return ClusterEffect()
    clustered, plain = (
        cluster_sums(table.scores, clusters).means()
        if len(table.models) == 1
        else paired_differences(table.scores, clusters)
        for clusters in (table.clusters, None)
    )
    # A pair whose items lie in one cluster has no clustered error, and so no design effect.
    known = (plain.stderr > 0) & np.isfinite(clustered.stderr) & (clustered.df > 0)
    # One cluster tells nothing of it: as little as two would is the most that can be granted.
    if not known.any():
        return ClusterEffect(df=1.0)
    effects = (clustered.stderr[known] / plain.stderr[known]) ** 2
    return ClusterEffect(float(np.median(effects)), float(np.median(clustered.df[known])))


def design_of(table: ItemTable, effect: ClusterEffect, alpha: float) -> PairedDesign:
    """Variances of a comparison on this benchmark: the median over its pairs of models.

    The sampling variance within items is estimated from repeats; what is left of the variance of the differences is
    that of the true ones, and no less than 0.
    """
    within, counts = _within(table), once_right_or_wrong(table)
    if len(table.models) == 1:
        variance = float(np.nanvar(table.scores[0], ddof=1)) if np.isfinite(table.scores[0]).sum() > 1 else 0.0
        epochs = max(1.0, float(np.median(table.epochs[table.epochs > 0])))
        first = second = float(within[0])
        between = 2 * max(variance - first / epochs, 0.0)
    else:
        # From the plain errors: the clusters come in as a design effect, and would count twice otherwise.
        pairs = paired_differences(table.scores)
        # Identical answers have no variance, and a design from them would say that one item is enough.
        usable = (pairs.n > 1) & (pairs.stderr > 0)
        if not usable.any():
            return PairedDesign(between=0.0, alpha=alpha, counts=counts)
        rows = pairs.first[usable], pairs.second[usable]
        first, second = (float(np.median(within[row])) for row in rows)
        mean_epochs = np.array([table.epochs[i][table.epochs[i] > 0].mean() for i in range(len(table.models))])
        sampling = sum(within[row] / mean_epochs[row] for row in rows)
        variances = pairs.stderr[usable] ** 2 * pairs.n[usable]
        between = float(np.median(np.maximum(variances - sampling, 0.0)))
    return PairedDesign(
        between=between,
        within_first=first,
        within_second=second,
        design_effect=effect.upper,
        alpha=alpha,
        counts=counts,
        # Unequal clusters are tested with the degrees of freedom of fewer, equal ones; infinitely many without any.
        per_cluster=len(table.items) / (effect.df + 1),
    )


def _within(table: ItemTable) -> Floats:
    """Variance of one answer to an item, by model: the mean over items with repeats, 0 where none was repeated."""
    known = np.isfinite(table.within)
    total = np.where(known, table.within, 0.0).sum(axis=1)
    result: Floats = total / np.maximum(known.sum(axis=1), 1)
    return result


def judge(result: Plans) -> list[Finding]:
    """Passed: the items there are find the effect asked about; caution: they do not."""
    found = [_finding(plan, result) if plan.benchmark else _stated_finding(plan, result) for plan in result.plans]
    if len(found) == 1 and not result.plans[0].benchmark:
        return found
    good = sum(finding.status is Status.PASSED for finding in found)
    enough = of_total(good, len(found), "benchmark", "has enough items", "does not have enough items")
    sentence = f"{enough} to detect a difference of {_size(result.effect, result)} ({percent(result.power)} power)."
    return [headline(sentence, found, caveats=MEASURE.caveats), *found]


def _size(effect: float, result: Plans) -> str:
    return points(effect) if _in_shares(result) else number(effect)


def _in_shares(result: Plans) -> bool:
    """Whether differences are of shares: an effect of 1 or more is one of scores on another scale."""
    return result.effect < 1


def _estimates(plan: Plan) -> list[Estimate]:
    method = "closed form, median pair"
    found = [Estimate(name="items_needed", value=_taken(plan), method=method, unit="items", n=plan.items)]
    if plan.design.within_first + plan.design.within_second > 0:
        found += [Estimate(name=f"items_needed_at_{k}_epochs", value=n, unit="items") for k, n in plan.needed.items()]
    return found


def _taken(plan: Plan) -> int:
    """Items needed at the number of epochs there are, or the next lower one planned for."""
    return plan.needed[max(k for k in EPOCHS if k <= max(plan.epochs, 1))]


def _facts(plan: Plan) -> dict[str, Cell]:
    return {"w2": plan.design.between, "s2": plan.design.within_first, "pairs": plan.pairs}


def _stated_finding(plan: Plan, result: Plans) -> Finding:
    return Finding(
        headline=True,
        status=Status.PASSED,
        sentence=f"To find a difference of {_size(result.effect, result)} with {percent(result.power)} power takes "
        f"{plural(_taken(plan), 'item')} that both models answer.",
        estimates=tuple(_estimates(plan)),
        caveats=MEASURE.caveats,
        figure="P3.curve",
        result=_facts(plan),
    )


def _finding(plan: Plan, result: Plans) -> Finding:
    needed, facts, found = _taken(plan), _facts(plan), _estimates(plan)
    if plan.clustered:
        facts |= {"design_effect": plan.effect.seen, "design_effect_planned_with": plan.design.design_effect}
        value, method = math.ceil(needed * plan.clusters / plan.items), "clusters of the same size"
        found.append(Estimate(name="clusters_needed", value=value, method=method, unit="clusters"))
    smallest = Estimate(
        name="smallest_effect",
        value=plan.smallest_effect,
        method="closed form, median pair",
        n=plan.items,
        unit=DIFFERENCE if _in_shares(result) else "",
    )
    clusters = f" in {plural(plan.clusters, 'cluster')}" if plan.clustered else ""
    sentence = (
        f"{plural(plan.items, 'item')}{clusters} find differences of {shown(smallest)} or more "
        f"({percent(result.power)} power)"
    )
    # No interval: what is judged is a plan, and its inputs are medians over pairs.
    enough = plan.smallest_effect <= result.effect
    if not enough:
        wanted = _size(result.effect, result)
        sentence += f"; {wanted} would take {plural(needed, 'item')}{_with_epochs(plan)}"
    return Finding(
        subject={"benchmark": plan.benchmark},
        status=Status.PASSED if enough else Status.CAUTION,
        sentence=f"{sentence}.",
        estimates=(smallest, *found),
        figure="P3.curve",
        result=facts,
    )


def _with_epochs(plan: Plan) -> str:
    """What repeating the questions would save, where that is known."""
    # Without repeats (or with a model that always answers alike) nothing is known of what repeats would save.
    if plan.design.within_first == 0:
        return ""
    return f", or {plan.needed[EPOCHS[-1]]:,} asked {EPOCHS[-1]} times each"


def answer(result: Plans) -> Answer | None:
    """A row per benchmark, the least noisy first: what its items find, and how many would find the effect."""
    plans = sorted((plan for plan in result.plans if plan.benchmark), key=lambda plan: plan.smallest_effect)
    if not plans:
        return None
    size, power = _size(result.effect, result), percent(result.power)
    good = sum(plan.smallest_effect <= result.effect for plan in plans)
    enough = of_total(good, len(plans), "task", "has enough items", "does not have enough items")
    repeated = any(plan.design.within_first > 0 for plan in plans)
    head = ["task", "items now", "smallest difference found", f"items for {size}"]
    head += [f"with {EPOCHS[-1]} runs of each item"] if repeated else []
    rows = []
    for plan in plans:
        clusters = f" ({plural(plan.clusters, 'cluster')})" if plan.clustered else ""
        row = [plan.benchmark, f"{plan.items:,}{clusters}", _size(plan.smallest_effect, result), number(_taken(plan))]
        if repeated:
            row.append(number(plan.needed[EPOCHS[-1]]) if plan.design.within_first > 0 else "")
        rows.append(tuple(row))
    marks = tuple(Status.PASSED if plan.smallest_effect <= result.effect else Status.CAUTION for plan in plans)
    alone = plans[0].pairs == 0
    between = "two models that agree no more than chance makes them" if alone else "a typical pair of these models"
    return Answer(
        sentence=f"{enough} to find a difference of {size} between two models ({power} power).",
        tables=(Table(head=tuple(head), rows=tuple(rows), marks=marks, right=tuple(range(1, len(head))), ends=True),),
        notes=(
            f"Least noisy first. Paired comparison, p below {result.alpha:g}, of {between}; plans of clustered items "
            "allow for what few clusters leave open.",
        ),
    )


def figure(result: Plans) -> list[Figure]:
    """Smallest effect found against items, by epochs; and the power of items by effect."""
    grid = [round(x) for x in np.geomspace(*SPAN, 25)]
    curves: list[tuple[Cell, ...]] = []
    surface: list[tuple[Cell, ...]] = []
    for plan in result.plans:
        name = plan.benchmark or "stated design"
        repeats = EPOCHS if plan.design.within_first > 0 else (max(plan.epochs, 1),)
        curves += [
            (name, n, plan.design.smallest_effect(items=n, power=result.power, epochs=k), f"{k} per item")
            for k in repeats
            for n in grid
        ]
        if plan.items:
            curves.append((name, plan.items, plan.smallest_effect, "where you stand"))
        surface += [(name, f"{n:,}", points(e, unit=False), p) for n, e, p in _surface(plan)]
    return [
        Figure(
            name="P3.curve",
            kind="lines",
            title="Smallest difference that is found",
            caption=f"At {percent(result.power)} power and a two-sided level of {result.alpha:g}; more answers to an "
            "item cannot remove what items differ by.",
            columns=columns(("benchmark", "items", "smallest difference", "answers"), curves),
            x=Axis("items", "items", "log"),
            y=Axis("smallest difference", "smallest difference", "log"),
            color="answers",
            select=("benchmark",),
            rules=(result.effect,),
        ),
        Figure(
            name="P3.power",
            kind="heatmap",
            title="Power by items and difference",
            caption="Chance that two models which truly differ by so many points are told apart.",
            columns=columns(("benchmark", "items", "difference in points", "power"), surface),
            x=Axis("items", "items", "nominal"),
            y=Axis("difference in points", "difference in points", "nominal"),
            color="power",
            select=("benchmark",),
        ),
    ]


def _surface(plan: Plan) -> Iterable[tuple[int, float, float]]:
    sizes: Sequence[int] = (100, 200, 500, 1000, 2000, 5000, 10_000)
    epochs = max(plan.epochs, 1)
    certain = not plan.design.variance(epochs) > 0
    return [
        (n, effect, 1.0 if certain else plan.design.power(effect=effect, items=n, epochs=epochs))
        for effect in EFFECTS
        for n in sizes
    ]


MEASURE = Measure(
    code="P3",
    name="planning",
    question=Question.PRECISION,
    asks="What difference can these items find, and how many would find a smaller one?",
    needs="item-level results, or the share of items on which two models are expected to agree",
    formula="n = (z_{a/2} + z_b)^2 (w^2 + s_A^2/K + s_B^2/K) / d^2 times the design effect, by its upper limit at 80% "
    "confidence; its inverse in d.",
    compute=planning,
    judge=judge,
    figure=figure,
    answer=answer,
    shorts={
        Status.CAUTION: "too few items",
        Status.PASSED: "enough items",
    },
    caveats=(
        "Variances are taken from these models and items; other models may agree more or less.",
        "Items alone decide: the formula holds one answer's noise (epochs) apart from what items differ by only where "
        "items were repeated.",
        "A pilot of few or unequal clusters hardly knows its design effect, so plans are made with its upper limit (at "
        "80% confidence). Studies planned so for 80% power had 77% to 85%, and for 90% 85% to 90% (pilots of 6 to 100 "
        "clusters, simulated); planned from the point estimate they had 50% to 77%, and 59% to 81%.",
    ),
    references=(
        "Miller 2024, Adding error bars to evals, arXiv 2411.00640",
        "Card et al. 2020, With little power comes great responsibility, EMNLP",
    ),
)
