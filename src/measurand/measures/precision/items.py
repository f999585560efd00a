"""P11, items: does the set of items measure one thing precisely, and which items spoil it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from measurand.errors import NotApplicable
from measurand.measures import Measure
from measurand.measures.precision.shared.item_analysis import (
    KEPT_INFORMATION,
    LEAST_MODELS,
    ItemAnalysis,
    analyse,
    guessing_of,
)
from measurand.measures.precision.shared.summary import refusal
from measurand.measures.shared import columns, estimate, family_codes, finite, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, headline, unassessed, verdict
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.items.irt import TwoParameter, information
from measurand.stats.items.reliability import length_needed, smallest_real_difference
from measurand.tables import Responses, Scores, item_tables
from measurand.wording import DIFFERENCE, of_total, percent, plural, shown, value_of

__all__ = ["MEASURE", "Items", "items"]

SHOWN_ITEMS = 1500
"""Most items of a benchmark drawn in the item map."""


@dataclass(frozen=True, eq=False, repr=False)
class Items(Brief):
    """Result of `items`: one per benchmark, those left out, and the level."""

    benchmarks: tuple[ItemAnalysis, ...]
    unassessed: tuple[Unassessed, ...]
    level: float


def items(
    responses: Responses, scores: Scores | None = None, *, level: float = 0.95, rng: np.random.Generator
) -> Items:
    """Reliability, item table and item response model of each benchmark.

    Parameters
    ----------
    responses : item-level results of several models. An item's epochs are averaged first.
    scores : only for the families of the models, over which the intervals of reliability are then made.
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
    >>> round(found.precision.alpha.value, 2), found.no_model[0]
    (0.83, 'there are 6 models and 5 items that vary')
    """
    require_fraction(level=level)
    found, left_out = [], []
    guessing = guessing_of(responses)
    family_of = {} if scores is None else dict(scores.models.select("model", "family").drop_nulls().iter_rows())
    for table in item_tables(responses):
        known = [family_of.get(model) for model in table.models]
        families = family_codes(table.models, known)[0] if any(known) else None
        try:
            found.append(analyse(table, level=level, rng=rng, guessing=guessing(table), families=families))
        except NotApplicable as problem:
            left_out.append(Unassessed({"benchmark": table.benchmark}, problem.reason, problem.needs))
    if not found:
        needs = f"item-level results of at least {LEAST_MODELS} models on at least 2 common items of a benchmark"
        raise refusal(left_out, "no item has a score", needs)
    return Items(tuple(found), tuple(left_out), level)


def judge(
    result: Items, *, reliable: float = 0.8, scale_tolerance: float = 0.15, least_spread: float = 0.75
) -> list[Finding]:
    """Reliability against a bound; any item that runs against the rest; a fit that does not recover its own slopes."""
    require_fraction(reliable=reliable, scale_tolerance=scale_tolerance, least_spread=least_spread)
    findings = []
    for found in result.benchmarks:
        findings += [_reliability(found, result.level, reliable), _item_table(found, result.level)]
        findings.append(_fitted(found, result.level, scale_tolerance, least_spread))
    return [_headline(findings), *findings, *unassessed(result.unassessed)]


def _headline(findings: Sequence[Finding]) -> Finding:
    tests, tables = ([f for f in findings if f.subject["part"] == part] for part in ("reliability", "item table"))
    good = sum(finding.status is Status.PASSED for finding in tests)
    bad = sum(finding.status is Status.ISSUE for finding in tables)
    told = of_total(good, len(tests), "benchmark", "is shown to tell", "is not shown to tell")
    if len(tests) == 1:
        rest = f"it has {'' if bad else 'no '}items that the stronger models fail more often"
    else:
        rest = f"{bad or 'none'} {'has' if bad < 2 else 'have'} items that the stronger models fail more often"
    return headline(f"{told} these models apart reliably; {rest}.", [*tests, *tables], caveats=MEASURE.caveats)


def _reliability(found: ItemAnalysis, level: float, bound: float) -> Finding:
    units = f", pairs of items of different {found.cluster_key}" if found.naive else ""
    over = "models" if found.families is None else "families of models"
    t = "t(n - 1)" if found.families is None else "t(G_eff - 1)"
    method, n = f"jackknife over {over} on the log scale, {t}{units}", found.models
    unit = DIFFERENCE if found.unit else ""
    # Monotone in the SEM, so its limits are those of the SEM carried over.
    least = tuple(smallest_real_difference(value, level) for value in found.precision.sem)
    alpha = estimate("reliability", *found.precision.alpha, level=level, method=method, n=n)
    real = estimate("smallest_real_difference", *least, level=level, method="z sqrt(2) SEM", n=n, unit=unit)
    estimates = [
        alpha,
        estimate("measurement_error", *found.precision.sem, level=level, method=method, n=n, unit=unit),
        real,
        Estimate(name="split_half", value=finite(found.split_half), method="Spearman-Brown, median of splits", n=n),
    ]
    if found.naive is not None:
        method = f"jackknife over {over}, items independent"
        estimates.append(estimate("reliability_if_independent", *found.naive.alpha, level=level, method=method, n=n))
    side = against(alpha.low, alpha.high, bound)
    settle = _settle(found, alpha, side, bound)
    apart = "" if real.value is None else f" Models less than {value_of(real)} apart may not differ at all."
    of = "" if found.families is None else f" of {plural(found.families, 'family')}"
    size = f"{plural(n, 'model')}{of}, {plural(len(found.items), 'item')}"
    return _of(
        found,
        "reliability",
        verdict(side, issue=Side.BELOW, passed=Side.ABOVE),
        f"Reliability is {shown(alpha) if alpha.low is not None else value_of(alpha)}{settle} ({size}).{apart}",
        tuple(estimates),
        {"items": len(found.items), "reading": found.reading, "items_run": found.items_run},
        "P11.items",
        {Side.ABOVE: "tells models apart reliably", Side.BELOW: "does not tell them apart reliably"}.get(
            side, "too few models to tell"
        ),
    )


def _settle(found: ItemAnalysis, alpha: Estimate, side: Side, bound: float) -> str:
    """What would bring the reliability to the bound, or tell whether it is there."""
    if alpha.low is None or alpha.high is None or alpha.value is None:
        return " and has no interval"
    if side is Side.ACROSS:
        more = _models_needed(alpha.value, alpha.low, alpha.high, found.models, bound)
        if more:
            return f"; about {plural(more, 'more model')} would settle it"
    # Spearman-Brown from a negative reliability asks for a negative number of items.
    if side is Side.ABOVE or not 0 < alpha.value < bound:
        return ""
    longer = length_needed(alpha.value, round(found.items_run), bound)
    return f"; about {plural(longer, 'item')} like these would reach {bound:g}"


def _models_needed(value: float, low: float, high: float, n: int, bound: float) -> int | None:
    """Further models at which the interval, shrinking as 1 / sqrt(n) on its scale, would not reach the bound."""
    # On the log(1 - alpha) scale both would divide by zero or take the log of it.
    if value >= 1 or value == bound:
        return None
    end = low if value > bound else high
    ratio = np.log((1 - end) / (1 - value)) / np.log((1 - bound) / (1 - value))
    more = int(np.ceil(n * (ratio**2 - 1)))
    # More models than anyone evaluates are no advice.
    return more if more <= 1000 else None


def _item_table(found: ItemAnalysis, level: float) -> Finding:
    # Adjusted over all items: of 2,000 sound items 100 would be below .05 each on its own.
    negative = np.flatnonzero(found.negative_q < 1 - level)
    suspected = int((found.item_rest < 0).sum())
    flat = int(np.isnan(found.item_rest).sum())
    tested = len(found.items) - flat
    counts: list[tuple[str, int, str, int]] = [
        ("negative_items", len(negative), "rank item-rest correlation, Benjamini-Hochberg", tested),
        ("items_below_zero", suspected, "item-rest correlation", tested),
        ("items_without_information", flat, "every model scores the same", len(found.items)),
    ]
    misfits = np.array([], dtype=np.intp)
    if found.response_model is not None and np.isfinite(found.response_model.misfit_q).any():
        misfits = np.flatnonzero(found.response_model.misfit_q < 1 - level)
        counts.append(("misfitting_items", len(misfits), "score test, Benjamini-Hochberg", tested))
    # What half of the items with a correlation of -0.5 would need to be flagged among so many tests.
    needed = int(np.ceil(1 + (ndtri(1 - (1 - level) / max(tested, 1)) / 0.5) ** 2))
    if len(negative):
        status, many = Status.ISSUE, f"{len(negative)} of {plural(tested, 'item')}"
        said = f"{many} {'is' if len(negative) == 1 else 'are'} failed more often by stronger models, beyond chance"
    elif not tested:
        status, said = Status.CAUTION, "No item tells any two models apart"
    # Nothing found is no pass where nothing could have been found.
    elif found.models < needed:
        status = Status.CAUTION
        leaning = f", but {plural(suspected, 'item', 'leans')} that way" if suspected else ""
        said = (
            f"No item is clearly failed more often by stronger models{leaning}; it takes about {needed} models to tell"
        )
    else:
        status, said = Status.PASSED, "No item is clearly failed more often by stronger models"
    rest = f" On {plural(flat, 'item')} all models score the same." if flat else ""
    if len(misfits):
        rest += f" {plural(len(misfits), 'item', 'does')} not follow ability smoothly."
    names: dict[str, Cell | Sequence[Cell]] = {
        "negative": [found.items[j] for j in negative],
        "misfitting": [found.items[j] for j in misfits],
    }
    estimates = tuple(Estimate(name=name, value=value, method=how, n=n) for name, value, how, n in counts)
    short = {
        Status.ISSUE: "stronger models fail some items more",
        Status.PASSED: "no item runs against the others",
    }.get(status, "too few models to tell")
    return _of(found, "item table", status, f"{said}.{rest}", estimates, names, "P11.items", short)


def _fitted(found: ItemAnalysis, level: float, tolerance: float, least_spread: float) -> Finding:
    model = found.response_model
    if model is None:
        subject = {"benchmark": found.benchmark, "part": "item response model"}
        return Unassessed(subject, *found.no_model).finding()
    k, replicates = len(found.items), len(model.check.ratio)
    ratio, kept = model.check.ratio, float(model.check.spread_kept.mean())
    # t, as there are between 4 and 20 replicates (see `_response_model`).
    half = float(stdtrit(replicates - 1, (1 + level) / 2) * ratio.std(ddof=1) / np.sqrt(replicates))
    centre = float(ratio.mean())
    method = f"parametric bootstrap, {replicates} draws"
    scale = estimate("slope_scale", centre, centre - half, centre + half, level=level, method=method, n=found.models)
    # The mean slope only: with few models a single one is mostly the mean it was shrunken to.
    mean, shortest = float(model.fit.slopes.mean()), f"keeps {percent(KEPT_INFORMATION)} of information"
    estimates = (
        scale,
        Estimate(name="slope_spread_kept", value=finite(kept), method=method, n=found.models),
        Estimate(name="mean_slope", value=mean, method="marginal likelihood, shrunken slopes", n=k),
        Estimate(name="shortest_test", value=len(model.shortest), method=shortest, n=k),
    )
    side = against(scale.low, scale.high, (1 - tolerance, 1 + tolerance))
    status, said = verdict(side, issue=(Side.ABOVE, Side.BELOW), passed=Side.BETWEEN), shown(scale)
    came_back = f"the scale of its slopes came back {said} times what it was"
    differences = f"{percent(max(kept, 0))} of the differences between items' slopes came back"
    if status is Status.ISSUE:
        said = f"{came_back}, so it does not fit these answers safely"
    # After the recovery test: "converged" says nothing of the scale, and an unsettled fit that fails it is an issue.
    elif not (model.fit.converged and model.check.converged):
        status, said = Status.CAUTION, "it did not settle, so its numbers are provisional"
    elif not kept >= least_spread:
        few = f"with {plural(found.models, 'model')} only {differences}"
        status, said = Status.CAUTION, f"{came_back}, but {few}, so a single slope says little"
    else:
        said = f"{came_back}, and {differences}" if status is Status.PASSED else came_back
    sentence = (
        f"The item response model{_guessed(model.fit)} was tested on answers drawn from it: {said}. "
        f"{len(model.shortest):,} of {plural(k, 'item')} would be nearly as precise as all of them."
    )
    names = {"shortest_test": [found.items[j] for j in model.shortest]}
    short = {
        Status.ISSUE: "the model does not fit safely",
        Status.PASSED: "the model fits",
    }.get(status, "its numbers are provisional")
    return _of(found, "item response model", status, sentence, estimates, names, "P11.information", short)


def _guessed(fit: TwoParameter) -> str:
    """What guessing was taken to give, where it was."""
    return f", in which guessing gives {percent(float(fit.guessing.mean()))}," if fit.guessing.any() else ""


def _of(
    found: ItemAnalysis,
    part: str,
    status: Status,
    sentence: str,
    estimates: tuple[Estimate, ...],
    facts: Mapping[str, Cell | Sequence[Cell]],
    figure: str,
    short: str,
) -> Finding:
    return Finding(
        subject={"benchmark": found.benchmark, "part": part},
        status=status,
        sentence=sentence,
        short=short,
        estimates=estimates,
        figure=figure,
        result=facts,
    )


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
            slope = None if model is None else finite(model.fit.slopes[j])
            place = (1 - float(found.share_right[j]), finite(found.item_rest[j]))
            rows.append((found.benchmark, found.items[j], *place, slope, str(verdicts[j])))
    names = ("benchmark", "item", "difficulty", "item-rest correlation", "slope", "verdict")
    return Figure(
        name="P11.items",
        kind="scatter",
        title="Item map",
        caption="Each dot is an item: how hard it is, and how well it goes with the rest of the test. Below 0 the "
        f"stronger models fail it more often. At most {SHOWN_ITEMS:,} ordinary items of a benchmark are drawn.",
        columns=columns(names, rows),
        x=Axis("difficulty", "difficulty (1 - mean score)"),
        y=Axis("item-rest correlation", "discrimination (item-rest correlation)"),
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
        fit = model.fit
        for label, chosen in (("all items", np.arange(len(found.items))), ("shortest test", model.shortest)):
            curve = information(points, *(part[chosen] for part in (fit.slopes, fit.intercepts, fit.guessing)))
            rows += [
                (found.benchmark, float(x), float(y), label, len(chosen)) for x, y in zip(points, curve, strict=True)
            ]
    return Figure(
        name="P11.information",
        kind="lines",
        title="Information by ability",
        caption="How precisely the test places a model of each ability: the standard error there is one over the "
        "square root of the information. The models' mean ability is 0 and their standard deviation 1.",
        columns=columns(("benchmark", "ability", "information", "test", "items"), rows),
        x=Axis("ability", "ability (standard deviations of the models)"),
        y=Axis("information", "information"),
        color="test",
        select=("benchmark",),
    )


MEASURE = Measure(
    code="P11",
    name="items",
    question=Question.PRECISION,
    asks="Do the items together tell these models apart reliably, and which items work against the rest?",
    needs="item-level results of at least 5 models on the same items",
    formula="alpha = mean covariance of two items / variance of the mean score (ddof 1); SEM^2 = the rest of that "
    "variance; smallest real difference = 1.96 sqrt(2) SEM; P(right) = c + (1 - c) / (1 + exp(-(slope ability + "
    "intercept))), c one over the options where items have them, marginal likelihood, slopes shrunken to their mean.",
    compute=items,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "some items mislead",
        Status.CAUTION: "too few models to tell",
        Status.PASSED: "sound",
    },
    caveats=(
        "Reliability is of these models: the same items tell a narrower range of models apart less reliably.",
        "Where families of models are not known, models count as independent: the interval of reliability then covers "
        ".91 to .95 where families hold 30% of the variance of ability, and .82 to .88 where they hold 60% (measured).",
        "Below about 100 models the slope of a single item says little; it is pulled towards the mean on purpose.",
        "With few models an item that stronger models fail is seldom flagged: with 12 models and 60 items none is, "
        "with 22 and 200 some of twenty such items are in a quarter of audits (measured).",
        "Where the options of items are not known, the item response model is refused unless the answers rule out "
        "guessing at one in four.",
        "With more than 250 items per model no item response model is fitted: it would take minutes, and each slope "
        "rests on the answers of these models however many items there are.",
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
