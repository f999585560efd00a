"""P11, items: does the set of items measure one thing precisely, and which items spoil it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from measurand.errors import NotApplicable
from measurand.measure import Measure
from measurand.measures._shared import columns, estimate, number, overall, plural, require_fraction
from measurand.measures.precision.shared.item_analysis import (
    KEPT_INFORMATION,
    LEAST_ITEMS_FITTED,
    LEAST_MODELS,
    LEAST_MODELS_FITTED,
    ItemAnalysis,
    analyse,
)
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.items.irt import information
from measurand.stats.items.reliability import length_needed, smallest_real_difference
from measurand.tables import Responses, item_tables

__all__ = ["MEASURE", "Items", "items"]

CODE, TITLE = "P11", "Items"
SHOWN_ITEMS = 1500
"""Most items of a benchmark drawn in the item map."""


@dataclass(frozen=True, eq=False)
class Items:
    """Result of `items`: one a benchmark, those left out as (benchmark, reason, what would be needed), the level."""

    benchmarks: tuple[ItemAnalysis, ...]
    unassessed: tuple[tuple[str, str, str], ...]
    level: float


def items(responses: Responses, *, level: float = 0.95, rng: np.random.Generator) -> Items:
    """Reliability, item table and item response model of each benchmark.

    Parameters
    ----------
    responses : item-level results of several models. An item's epochs are averaged first.
    level : confidence level, in (0, 1).
    rng : for the splits in halves and the answers drawn to check the fitted model.

    Raises
    ------
    NotApplicable
        No benchmark with at least 5 models that ran at least 2 items in common.
    InputError
        `level` out of its range, or an item that lies in two clusters.

    References
    ----------
    Cronbach 1951, Psychometrika 16(3); Bock and Aitkin 1981, Psychometrika 46(4).

    Examples
    --------
    >>> import polars as pl
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> rows = [{"model": f"m{i}", "benchmark": "b", "item": f"{j}", "score": float(i > j)}
    ...         for i in range(6) for j in range(5)]
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> responses = Responses(pl.concat([empty, pl.DataFrame(rows)], how="diagonal").lazy())
    >>> found = items(responses, rng=np.random.default_rng(0)).benchmarks[0]
    >>> round(found.precision.alpha[0], 2), found.no_model
    (0.83, '6 models and 5 items that vary')
    """
    require_fraction(level=level)
    found, unassessed = [], []
    for table in item_tables(responses):
        try:
            found.append(analyse(table, level=level, rng=rng))
        except NotApplicable as problem:
            unassessed.append((table.benchmark, problem.reason, problem.needs))
    if not found:
        raise NotApplicable(
            "; ".join(f"{name}: {reason}" for name, reason, _ in unassessed[:3]) or "no item has a score",
            needs=f"item-level results of at least {LEAST_MODELS} models on at least 2 common items of a benchmark",
        )
    return Items(tuple(found), tuple(unassessed), level)


def judge(
    result: Items, *, reliable: float = 0.8, scale_tolerance: float = 0.15, least_spread: float = 0.75
) -> list[Finding]:
    """Reliability against a bound; any item that runs against the rest; a fit that does not recover its own slopes."""
    require_fraction(reliable=reliable, scale_tolerance=scale_tolerance, least_spread=least_spread)
    findings = []
    for found in result.benchmarks:
        findings += [_reliability(found, result.level, reliable), _item_table(found, result.level)]
        findings.append(_fitted(found, result.level, scale_tolerance, least_spread))
    refused = [
        Finding(CODE, {"benchmark": name}, TITLE, Status.NOT_APPLICABLE, f"Not assessed: {reason}; needs {needs}.")
        for name, reason, needs in result.unassessed
    ]
    return [_headline(result, findings), *findings, *refused]


def _headline(result: Items, findings: Sequence[Finding]) -> Finding:
    parts = {part: [f for f in findings if f.subject["part"] == part] for part in ("reliability", "item table")}
    good = sum(finding.status is Status.PASSED for finding in parts["reliability"])
    bad = sum(finding.status is Status.ISSUE for finding in parts["item table"])
    total = len(result.benchmarks)
    sentence = (
        f"{good} of {plural(total, 'benchmark')} {'tells' if good == 1 else 'tell'} these models apart reliably; "
        f"{bad or 'none'} {'has' if bad == 1 else 'have'} items that the stronger models fail more often."
    )
    status = overall([*parts["reliability"], *parts["item table"]])
    return Finding(CODE, {}, TITLE, status, sentence, (), MEASURE.caveats)


def _reliability(found: ItemAnalysis, level: float, bound: float) -> Finding:
    units = f", pairs of items of different {found.cluster_key}" if found.naive else ""
    method = f"jackknife over models on the log scale, t(n - 1){units}"
    alpha = estimate("reliability", *found.precision.alpha, level=level, method=method, n=found.models)
    sem = estimate("measurement_error", *found.precision.sem, level=level, method=method, n=found.models)
    least = tuple(smallest_real_difference(value, level) for value in found.precision.sem)
    real = estimate("smallest_real_difference", *least, level=level, method="z sqrt(2) SEM", n=found.models)
    halves = Estimate("split_half", number(found.split_half), method="Spearman-Brown, median of splits", n=found.models)
    estimates = [alpha, sem, real, halves]
    if found.naive is not None:
        method = "jackknife over models, items independent"
        estimates.append(
            estimate("reliability_if_independent", *found.naive.alpha, level=level, method=method, n=found.models)
        )
    status, verdict = _reliability_verdict(found, alpha, bound)
    apart = "" if real.value is None else f" Models less than {real.value:.3f} apart may not differ at all."
    sentence = f"{verdict} ({plural(found.models, 'model')}, {len(found.items):,} items).{apart}"
    facts: dict[str, Cell] = {"items": len(found.items), "scorer": found.scorer, "items_run": found.items_run}
    return _of(found, "reliability", status, sentence, tuple(estimates), facts, f"{CODE}.items")


def _reliability_verdict(found: ItemAnalysis, alpha: Estimate, bound: float) -> tuple[Status, str]:
    value = alpha.value if alpha.value is not None else float("nan")
    if alpha.low is None or alpha.high is None:
        return Status.CAUTION, f"Reliability is {_two_digits(value)} and has no interval"
    said = (
        f"Reliability is {_two_digits(value)}, and could be from {_two_digits(alpha.low)} to {_two_digits(alpha.high)}"
    )
    if alpha.low > bound:
        return Status.PASSED, said
    longer = ""
    if 0 < value < bound:
        longer = (
            f"; about {length_needed(value, round(found.items_run), bound):,} items like these would reach {bound:g}"
        )
    if alpha.high < bound:
        return Status.ISSUE, said + longer
    more = _models_needed(value, alpha.low, alpha.high, found.models, bound)
    return Status.CAUTION, said + (f"; about {plural(more, 'more model')} would settle it" if more else longer)


def _two_digits(value: float) -> str:
    """Two digits, or as many more as keep a value short of 1 from reading as 1."""
    digits = next((digits for digits in range(2, 6) if round(value, digits) < 1), 2)
    return f"{value:.{digits}f}"


def _models_needed(value: float, low: float, high: float, n: int, bound: float) -> int | None:
    """Further models at which the interval, shrinking as 1 / sqrt(n) on its scale, would not reach the bound."""
    if value >= 1 or value == bound:
        return None
    end = low if value > bound else high
    ratio = np.log((1 - end) / (1 - value)) / np.log((1 - bound) / (1 - value))
    more = int(np.ceil(n * (ratio**2 - 1)))
    return more if more <= 1000 else None


def _item_table(found: ItemAnalysis, level: float) -> Finding:
    negative = np.flatnonzero(found.negative_q < 1 - level)
    suspected = int((found.item_rest < 0).sum())
    flat = int(np.isnan(found.item_rest).sum())
    tested = len(found.items) - flat
    estimates: tuple[Estimate, ...] = (
        Estimate("negative_items", len(negative), method="rank item-rest correlation, Benjamini-Hochberg", n=tested),
        Estimate("items_below_zero", suspected, method="item-rest correlation", n=tested),
        Estimate("items_without_information", flat, method="every model scores the same", n=len(found.items)),
    )
    misfits = np.array([], dtype=np.intp)
    if found.response_model is not None and np.isfinite(found.response_model.misfit_q).any():
        misfits = np.flatnonzero(found.response_model.misfit_q < 1 - level)
        estimates += (Estimate("misfitting_items", len(misfits), method="score test, Benjamini-Hochberg", n=tested),)
    # What half of the items with a correlation of -0.5 would need to be flagged among so many tests.
    needed = int(np.ceil(1 + (ndtri(1 - (1 - level) / max(tested, 1)) / 0.5) ** 2))
    if len(negative):
        status = Status.ISSUE
        clear = "is failed" if len(negative) == 1 else "are failed"
        verdict = f"{len(negative)} of {plural(tested, 'item')} {clear} more often by stronger models, beyond chance"
    elif not tested:
        status, verdict = Status.CAUTION, "No item tells any two models apart"
    elif found.models < needed:
        status = Status.CAUTION
        verdict = (
            f"No item is clearly failed more often by stronger models, but {suspected} lean that way, and it takes "
            f"about {needed} models to tell"
        )
    else:
        status, verdict = Status.PASSED, "No item is clearly failed more often by stronger models"
    rest = f" On {plural(flat, 'item')} all models score the same." if flat else ""
    if len(misfits):
        rest += f" {plural(len(misfits), 'item')} {'does' if len(misfits) == 1 else 'do'} not follow ability smoothly."
    names: dict[str, Cell | Sequence[Cell]] = {
        "negative": [found.items[j] for j in negative],
        "misfitting": [found.items[j] for j in misfits],
    }
    return _of(found, "item table", status, f"{verdict}.{rest}", estimates, names, f"{CODE}.items")


def _fitted(found: ItemAnalysis, level: float, tolerance: float, least_spread: float) -> Finding:
    model = found.response_model
    if model is None:
        sentence = (
            f"No item response model: there are {found.no_model}; it needs right and wrong answers, at least "
            f"{LEAST_MODELS_FITTED} models and {LEAST_ITEMS_FITTED} items that tell them apart."
        )
        return _of(found, "item response model", Status.NOT_APPLICABLE, sentence)
    k, replicates = len(found.items), len(model.check.ratio)
    ratio, spread = model.check.ratio, model.check.spread_kept
    half = float(stdtrit(replicates - 1, (1 + level) / 2) * ratio.std(ddof=1) / np.sqrt(replicates))
    centre = float(ratio.mean())
    kept = float(spread.mean())
    method = f"parametric bootstrap, {replicates} draws"
    estimates = (
        estimate("slope_scale", centre, centre - half, centre + half, level=level, method=method, n=found.models),
        Estimate("slope_spread_kept", number(kept), method=method, n=found.models),
        Estimate("mean_slope", float(model.fit.slopes.mean()), method="marginal likelihood, shrunken slopes", n=k),
        Estimate("shortest_test", len(model.shortest), method=f"keeps {KEPT_INFORMATION:.0%} of information", n=k),
    )
    off = abs(centre - 1) - tolerance
    scale = f"the scale of its slopes came back {centre:.2f} times what it was"
    differences = f"{max(kept, 0):.0%} of the differences between items' slopes came back"
    if off > half:
        status, verdict = Status.ISSUE, f"{scale}, so it does not fit these answers safely"
    elif not (model.fit.converged and model.check.converged):
        status, verdict = Status.CAUTION, "it did not settle, so its numbers are provisional"
    elif not kept >= least_spread:
        status = Status.CAUTION
        few = f"with {plural(found.models, 'model')} only {differences}"
        verdict = f"{scale}, but {few}, so a single slope says little"
    elif off > -half:
        status, verdict = Status.CAUTION, f"{scale}, give or take {half:.2f}"
    else:
        status, verdict = Status.PASSED, f"{scale}, and {differences}"
    sentence = (
        f"The item response model was tested on answers drawn from it: {verdict}. "
        f"{len(model.shortest):,} of {k:,} items would be nearly as precise as all of them."
    )
    shortest = {"shortest_test": [found.items[j] for j in model.shortest]}
    return _of(found, "item response model", status, sentence, estimates, shortest, f"{CODE}.information")


def _of(
    found: ItemAnalysis,
    part: str,
    status: Status,
    sentence: str,
    estimates: tuple[Estimate, ...] = (),
    facts: Mapping[str, Cell | Sequence[Cell]] | None = None,
    figure: str | None = None,
) -> Finding:
    subject = {"benchmark": found.benchmark, "part": part}
    return Finding(CODE, subject, TITLE, status, sentence, estimates, (), figure, facts or {})


def figure(result: Items) -> list[Figure]:
    """Item map, and the information of the whole and of the shortest test."""
    drawn = [_item_map(result)]
    if any(found.response_model for found in result.benchmarks):
        drawn.append(_information_curves(result))
    return drawn


def _item_map(result: Items) -> Figure:
    rows: list[tuple[Cell, ...]] = []
    for found in result.benchmarks:
        model = found.response_model
        verdicts = np.where(found.negative_q < 1 - result.level, "failed by stronger models", "ordinary")
        if model is not None:
            verdicts = np.where(
                (verdicts == "ordinary") & (model.misfit_q < 1 - result.level), "does not follow ability", verdicts
            )
        # Those that stand out are all shown, the others evenly thinned.
        plain = np.flatnonzero(verdicts == "ordinary")
        some = plain[np.unique(np.linspace(0, len(plain) - 1, min(len(plain), SHOWN_ITEMS)).astype(int))]
        for j in np.sort(np.concatenate([some, np.flatnonzero(verdicts != "ordinary")])):
            slope = None if model is None else number(model.fit.slopes[j])
            place = (1 - float(found.share_right[j]), number(found.item_rest[j]))
            rows.append((found.benchmark, found.items[j], *place, slope, str(verdicts[j])))
    names = ("benchmark", "item", "difficulty", "item-rest correlation", "slope", "verdict")
    return Figure(
        f"{CODE}.items",
        "scatter",
        "Item map",
        "Each dot is an item: how hard it is, and how well it goes with the rest of the test. Below 0 the stronger "
        f"models fail it more often. At most {SHOWN_ITEMS:,} ordinary items of a benchmark are drawn.",
        columns(names, rows),
        Axis("difficulty", "difficulty (1 - mean score)"),
        Axis("item-rest correlation", "discrimination (item-rest correlation)"),
        label="item",
        color="verdict",
        select=("benchmark",),
        rules=(0.0,),
    )


def _information_curves(result: Items) -> Figure:
    points = np.linspace(-3, 3, 61)
    rows: list[tuple[Cell, ...]] = []
    for found in result.benchmarks:
        model = found.response_model
        if model is None:
            continue
        best = model.shortest
        every = np.arange(len(found.items))
        for label, chosen in (("all items", every), ("shortest test", best)):
            curve = information(points, model.fit.slopes[chosen], model.fit.intercepts[chosen])
            rows += [
                (found.benchmark, float(x), float(y), label, len(chosen)) for x, y in zip(points, curve, strict=True)
            ]
    return Figure(
        f"{CODE}.information",
        "lines",
        "Information by ability",
        "How precisely the test places a model of each ability: the standard error there is one over the square root "
        "of the information. The models' mean ability is 0 and their standard deviation 1.",
        columns(("benchmark", "ability", "information", "test", "items"), rows),
        Axis("ability", "ability (standard deviations of the models)"),
        Axis("information", "information"),
        color="test",
        select=("benchmark",),
    )


MEASURE = Measure(
    code=CODE,
    name="items",
    question=Question.PRECISION,
    asks="Do the items together tell these models apart reliably, and which items work against the rest?",
    needs="item-level results of at least 5 models on the same items",
    formula="alpha = mean covariance of two items / variance of the mean score (ddof 1); SEM^2 = the rest of that "
    "variance; smallest real difference = 1.96 sqrt(2) SEM; P(right) = 1 / (1 + exp(-(slope ability + intercept))), "
    "marginal likelihood, slopes shrunken to their mean.",
    compute=items,
    judge=judge,
    figure=figure,
    caveats=(
        "Reliability is of these models: the same items tell a narrower range of models apart less reliably.",
        "Below about 100 models the slope of a single item says little; it is pulled towards the mean on purpose. With "
        "12 models and 60 items the scale of all slopes is off by over 20% in one audit of seven (measured).",
        "With few models an item that stronger models fail is seldom flagged: with 12 models and 60 items none is, "
        "with 22 and 200 some of twenty such items are in a quarter of audits (measured).",
        "The item response model takes ability to be one number. Negative items are found without it.",
        "The shortest test is chosen for these models; abler ones may need other items.",
    ),
    references=(
        "Cronbach 1951, Coefficient alpha and the internal structure of tests, Psychometrika 16(3)",
        "Bock and Aitkin 1981, Marginal maximum likelihood estimation of item parameters, Psychometrika 46(4)",
        "Liu, Rubin and Wu 1998, Parameter expansion to accelerate EM, Biometrika 85(4)",
        "Weir 2005, Quantifying test-retest reliability using the ICC and the SEM, J Strength Cond Res 19(1)",
    ),
)
