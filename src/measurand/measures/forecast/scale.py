"""F7, common scale: where models stand that were not run on the same benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr

from measurand.errors import InputError, UnknownName
from measurand.measures import Measure
from measurand.measures.forecast.shared.cells import cells_of, connected, dates_of, proportions, rising
from measurand.measures.shared import bars, columns, display_names, estimate, family_codes, finite, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, verdict
from measurand.results import Answer, Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status, Table
from measurand.stats.capability.stitching import Scale, Spread, fit_scale, held_out, spread
from measurand.stats.intervals.clustered import cluster_sums, t_limits
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.multiplicity import benjamini_hochberg_bound
from measurand.stats.intervals.ranks import blocks
from measurand.tables import Scores
from measurand.tables.dates import month_of
from measurand.wording import DIFFERENCE, SHARE, listed, number, percent, plural, points, shown, value_of

__all__ = ["MEASURE", "CommonScale", "common_scale"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
MOST_TOLD, MOST_DRAWN = 10, 40
"""Models up to which each has a finding of its own, and models in the picture of intervals: the latest."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CommonScale(Brief):
    """Result of `common_scale`; models in descending order of capability.

    Parameters
    ----------
    models, benchmarks : names of those on the scale.
    anchor : the benchmark whose difficulty is 0 and whose slope is 1.
    capability, low, high : of each model, shape (m,); no interval where its scores do not place it.
    difficulty, slope : of each benchmark, shape (b,).
    apart : whether row is told apart from column as the more capable, shape (m, m).
    scores_of : number of scores of each model, shape (m,).
    dates : release date of each model as a year, NaN where not known, shape (m,).
    cost : half of the penalised sum of squares.
    error, error_of_mean : root mean squared error of left-out scores, by the scale and by the benchmark's mean.
    gain : mean squared error by the mean less that by the scale; interval over models (families where known).
    groups : how many models or families that interval rests on.
    share : share of the pairs of model and benchmark that were run.
    """

    models: tuple[str, ...]
    benchmarks: tuple[str, ...]
    anchor: str
    capability: Floats
    low: Floats
    high: Floats
    difficulty: Floats
    slope: Floats
    apart: Mask
    scores_of: npt.NDArray[np.int64]
    dates: Floats
    cost: float
    error: float
    error_of_mean: float
    gain: Limits
    groups: int
    share: float
    level: float
    names: dict[str, str]
    notes: tuple[str, ...]


def common_scale(
    scores: Scores, *, anchor: str | None = None, folds: int = 10, level: float = 0.95, rng: np.random.Generator
) -> CommonScale:
    """Capabilities of models and difficulties of benchmarks on one scale, though most pairs were never run.

    ``score = sigma(alpha_b (C_m - D_b))`` by penalised least squares. Every benchmark takes part, whatever its role,
    but those whose scores clearly fall as the others rise. Scores count as shares of the benchmark's maximum; one unit
    of the scale is one unit of log odds on the anchor. Intervals are the leverage-corrected sandwich over scores (HC3)
    with t.

    Parameters
    ----------
    scores : scores in [0, 1], or with the maximum of each benchmark.
    anchor : the benchmark whose difficulty is 0 and whose slope is 1; the one run on the most models by default.
    folds : parts that are left out in turn to see whether the scale predicts them, at least 2.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        Fewer than 8 models or 3 benchmarks that hang together.
    UnknownName
        An anchor that is not on the scale.
    InputError
        A setting out of its range.

    References
    ----------
    Ho et al. 2025, A Rosetta Stone for AI benchmarks, arXiv 2512.00193.

    Examples
    --------
    >>> import measurand
    >>> found = common_scale(measurand.load_example().scores, anchor="winogrande", rng=np.random.default_rng(0))
    >>> len(found.models), found.models[0], round(found.error, 2), round(found.error_of_mean, 2)
    (53, 'Meta-Llama-3-70B-Instruct', 0.1, 0.12)
    """
    require_fraction(level=level)
    if folds < 2:
        raise InputError(f"folds should be at least 2, got {folds}")
    # Whatever a catalogue files them under: GPQA, filed under safety, can be what connects half of the models.
    found = rising(connected(proportions(scores, tuple(scores.benchmarks["benchmark"]))), scores)
    run = np.isfinite(found.values)
    if anchor is None:
        anchor = found.benchmarks[int(run.sum(axis=0).argmax())]
    elif anchor not in found.benchmarks:
        raise UnknownName("benchmark on the scale", anchor, found.benchmarks)
    cells = cells_of(found, found.benchmarks.index(anchor))
    fit = fit_scale(cells)
    errors = spread(cells, fit)
    by_scale, by_mean = held_out(cells, fit, folds, rng)
    # Models of a family err alike: they are one piece of evidence about the scale.
    families = family_codes(found.models, scores.model_fact("family", found.models))[0]
    gain = cluster_sums(
        ((by_mean - cells.score) ** 2 - (by_scale - cells.score) ** 2)[None], families[cells.model]
    ).means()
    gain_low, gain_high = t_limits(gain.value, gain.stderr, gain.df, level)
    capability = fit.capability[0]
    low, high = errors.limits(capability, level)
    order = np.argsort(-capability, kind="stable")
    return CommonScale(
        models=tuple(found.models[place] for place in order),
        benchmarks=found.benchmarks,
        anchor=anchor,
        capability=capability[order],
        low=low[order],
        high=high[order],
        difficulty=fit.difficulty[0],
        slope=fit.slope[0],
        apart=_apart(fit, errors, level)[np.ix_(order, order)],
        scores_of=errors.cells[order],
        dates=dates_of(scores, found.models)[order],
        cost=float(fit.cost[0]),
        error=float(np.sqrt(np.mean((by_scale - cells.score) ** 2))),
        error_of_mean=float(np.sqrt(np.mean((by_mean - cells.score) ** 2))),
        gain=Limits(float(gain.value[0]), float(gain_low[0]), float(gain_high[0])),
        groups=int(gain.clusters[0]),
        share=float(run.mean()),
        level=level,
        names=display_names(scores),
        notes=found.notes,
    )


def _apart(fit: Scale, errors: Spread, level: float) -> Mask:
    """Pairs told apart, such that the share of wrong ones among them is expected to be at most 1 - level."""
    capability = fit.capability[0]
    m, tests = len(capability), 0
    told: Mask = np.zeros((m, m), dtype=bool)
    p_values = []
    parts = blocks(m, 8 * m)
    for rows in parts:
        stderr, freedom = errors.differences(rows)
        with np.errstate(invalid="ignore"):
            size = np.triu(np.abs(capability[rows, None] - capability) / stderr, k=1 + rows.start)
        tests += int(np.triu(np.isfinite(stderr), k=1 + rows.start).sum())
        # No t has less beyond it than a normal deviate has: what that does not tell apart is not looked at again.
        told[rows] = size > ndtri((1 + level) / 2)
        p_values.append(2 * stdtr(freedom[told[rows]], -size[told[rows]]))
    found = np.concatenate(p_values)
    told[told] = found <= benjamini_hochberg_bound(found, 1 - level, tests)
    for rows in parts:
        told[rows] |= told[:, rows].T
    for rows in parts:
        told[rows] &= capability[rows, None] > capability
    return told


def judge(result: CommonScale, *, least_apart: float = 0.5) -> list[Finding]:
    """Of the scale, passed: it predicts left-out scores better than each benchmark's mean, and at least this share of
    the pairs of models can be told apart on it; issue: it predicts worse.

    Of a model, where there are few, passed: told apart from every other on the scale; caution: not from all.
    """
    # A scale on which most models are statistically tied does not say where they stand.
    require_fraction(least_apart=least_apart)
    whole = _headline(result, least_apart)
    if whole.status is Status.ISSUE or len(result.models) > MOST_TOLD:
        return [whole]
    return [whole, *(_of_model(result, place) for place in range(len(result.models)))]


def _headline(result: CommonScale, least_apart: float) -> Finding:
    m, cells, level = len(result.models), int(result.scores_of.sum()), result.level
    pairs, told = m * (m - 1) // 2, int(result.apart.sum())
    method = "scores left out in turn; families (or single models) as clusters, t"
    place = (
        f"{plural(m, 'model')} and {plural(len(result.benchmarks), 'benchmark')}, of whose pairs "
        f"{percent(result.share)} were run, are put on one scale. Scores left out are off by {points(result.error)} "
        f"when predicted from it, by {points(result.error_of_mean)} when predicted by the benchmark's mean"
    )
    side = against(result.gain.low, result.gain.high, 0.0)
    rest = {
        Side.UNKNOWN: ", and all models are of one family, so that no interval is known",
        Side.ABOVE: ": one number per model says much of its scores, differences between classes of models included",
        Side.BELOW: ": one number per model does not predict these scores, and the scale should not be used, even if "
        "the benchmarks rank the models alike",
    }.get(side, f", which could be due to chance{_more(result)}")
    short = {
        Side.UNKNOWN: "all models of one family",
        Side.ABOVE: "predicts scores left out",
        Side.BELOW: "does not predict these scores",
    }.get(side, "could be chance")
    status = verdict(side, issue=Side.BELOW, passed=Side.ABOVE)
    apart = Estimate(name="pairs_told_apart", value=told / pairs, n=pairs, unit=SHARE)
    words = f" {value_of(apart)} of {plural(pairs, 'pair')} of models can be told apart"
    if status is Status.PASSED and told < least_apart * pairs:
        status, words = Status.CAUTION, f"{words}, too few to say where most of them stand"
        short = "too few pairs told apart"
    facts: dict[str, Cell] = {"anchor": result.anchor, "cost": result.cost, "share_run": result.share}
    return Finding(
        headline=True,
        status=status,
        short=short,
        sentence=f"{place}{rest}.{'' if side in (Side.UNKNOWN, Side.BELOW) else f'{words}.'}",
        estimates=(
            estimate("gain_over_benchmark_mean", *result.gain, level=level, method=method, n=result.groups),
            Estimate(name="held_out_error", value=result.error, n=cells, unit=DIFFERENCE),
            Estimate(name="held_out_error_of_benchmark_mean", value=result.error_of_mean, n=cells, unit=DIFFERENCE),
            apart,
        ),
        caveats=(*MEASURE.caveats, *result.notes),
        figure="F7.models",
        result={**facts, "predicts": side is Side.ABOVE, **_table(result)},
    )


def answer(result: CommonScale, findings: Sequence[Finding]) -> Answer:
    """Who stands highest, then a row per model; where the scale predicts nothing, only that."""
    whole = findings[0]
    if whole.status is Status.ISSUE:
        return Answer(sentence=whole.sentence)
    better, worse = result.apart.sum(axis=1), result.apart.sum(axis=0)
    ties = len(result.models) - 1 - better - worse
    limits = zip(result.capability.tolist(), result.low.tolist(), result.high.tolist(), strict=True)
    found = [estimate("capability", *each, level=result.level, method="") for each in limits]
    rows = zip(result.models, map(shown, found), *(map(number, v.tolist()) for v in (better, ties, worse)), strict=True)
    head = ("model", "capability", "better than", "tied with", "worse than")
    table = Table(head=head, rows=tuple(rows), right=(1, 2, 3, 4), ends=True)
    tied = f", statistically tied with {_named_alike(result, 0)}" if ties[0] else ", ahead of every other model"
    unit = f"Capability in log odds on {result.names[result.anchor]}; {percent(result.level)} intervals."
    told, said = ((), (whole.sentence,)) if whole.status is Status.PASSED else (((whole.status, whole.sentence),), ())
    return Answer(
        sentence=f"{result.models[0]} stands highest{tied}.", tables=(table,), notes=(unit, *said), cautions=told
    )


def _table(result: CommonScale) -> dict[str, tuple[Cell, ...]]:
    """Every model, in descending order: capability, limits, and how many it is told apart from as better or worse."""
    limits = (result.capability, result.low, result.high)
    capability, low, high = (tuple(map(finite, values.tolist())) for values in limits)
    above, below = (tuple(result.apart.sum(axis=axis).tolist()) for axis in (1, 0))
    return {"model": result.models, "capability": capability, "low": low, "high": high, "above": above, "below": below}


def _more(result: CommonScale) -> str:
    """How many models (or families) would show a gain like this one."""
    value, low, high = result.gain
    times = ((high - low) / 2 / abs(value)) ** 2 if value else np.inf
    # Beyond twenty times the models, the gain is not of a size that more of them could be asked for.
    return f"; about {result.groups * times:,.0f} families or single models would tell" if times < 20 else ""


def _latest(result: CommonScale) -> list[int]:
    """Those drawn, in descending order: the models released last; the most capable where too few dates are known."""
    most = min(MOST_DRAWN, len(result.models))
    known = np.flatnonzero(np.isfinite(result.dates))
    if len(known) < most:
        return list(range(most))
    return sorted(known[np.argsort(-result.dates[known], kind="stable")][:most].tolist())


def _of_model(result: CommonScale, place: int) -> Finding:
    name, date, n = result.models[place], result.dates[place], int(result.scores_of[place])
    limits = (float(values[place]) for values in (result.capability, result.low, result.high))
    method = "sandwich over scores (HC3), t"
    position = estimate("capability", *limits, level=result.level, method=method, n=n)
    above, below, others = int(result.apart[place].sum()), int(result.apart[:, place].sum()), len(result.models) - 1
    alike = others - above - below
    subject = {"model": name}
    if position.low is None:
        reason = f"the {plural(n, 'score')} of {name} are too near 0 or 1 to place it"
        finding = Unassessed(subject, reason, "others").finding()
    else:
        released = f" (released {month_of(float(date))})" if np.isfinite(date) else ""
        tied = f", and statistically tied with {_named_alike(result, place)}" if alike else ", and tied with none"
        finding = Finding(
            subject=subject,
            status=Status.CAUTION if alike else Status.PASSED,
            short=f"tied with {alike}" if alike else "tied with none",
            sentence=f"{name}{released} stands at {shown(position)} by {plural(n, 'score')}: better than {above} of "
            f"the other {others} models, worse than {below}{tied}.",
        )
    facts: dict[str, Cell] = {"above": above, "below": below, "not_told_apart": alike, "scores": n}
    return replace(finding, estimates=(position,), figure="F7.models", result=facts)


def _named_alike(result: CommonScale, place: int) -> str:
    """How many models cannot be told from one, with the nearest of them."""
    alike = np.flatnonzero(~(result.apart[place] | result.apart[:, place]))
    alike = alike[alike != place]
    nearest = alike[np.argsort(np.abs(result.capability[alike] - result.capability[place]), kind="stable")][:2]
    names = listed([result.models[other] for other in nearest])
    return names if len(alike) <= len(nearest) else f"{len(alike)}, the nearest {names}"


def figure(result: CommonScale) -> list[Figure]:
    """The scale over release dates, the latest models with intervals, and the benchmarks on the same scale."""
    spots: list[tuple[Cell, ...]] = [
        (
            model,
            *(finite(float(v[i])) for v in (result.dates, result.capability, result.low, result.high)),
            int(result.scores_of[i]),
            month_of(float(result.dates[i])) if np.isfinite(result.dates[i]) else None,
        )
        for i, model in enumerate(result.models)
    ]
    latest = [spots[place] for place in _latest(result)]
    names = ("model", "year", "capability", "low", "high", "scores", "released")
    unit = f"log odds on {result.names[result.anchor]}"
    capability = f"capability ({unit})"
    figures = []
    if np.isfinite(result.dates).sum() >= 2:
        figures.append(
            Figure(
                name="F7.dates",
                kind="scatter",
                title="The common scale over release dates",
                caption="Each dot is one model, with its interval; models without a release date are not drawn.",
                columns=columns(names, [row for row in spots if row[1] is not None]),
                x=Axis("year", "release date"),
                y=Axis("capability", capability),
                low="low",
                high="high",
                label="model",
            )
        )
    return [
        *figures,
        bars(
            "F7.models",
            "Models on the common scale",
            "The latest models (the most capable ones where dates are not known), the most capable first.",
            columns(names, latest),
            Axis("capability", capability),
            Axis("model", "model", "nominal"),
        ),
        bars(
            "F7.benchmarks",
            "Benchmarks on the common scale",
            "Where a model has half of the maximum; the slope says how sharply the score rises there.",
            columns(
                ("benchmark", "difficulty", "slope"),
                [
                    (result.names[result.benchmarks[j]], float(result.difficulty[j]), float(result.slope[j]))
                    for j in np.argsort(-result.difficulty, kind="stable")
                ],
            ),
            Axis("difficulty", f"difficulty ({unit})"),
            Axis("benchmark", "benchmark", "nominal"),
            low=None,
            high=None,
        ),
    ]


MEASURE = Measure(
    code="F7",
    name="common scale",
    question=Question.FORECAST,
    asks="Where do models stand that were not run on the same benchmarks?",
    needs="scores of at least 8 models on 3 benchmarks or more that hang together, each in [0, 1] or with its maximum",
    formula=(
        "score = sigma(alpha_b (C_m - D_b)); least 1/2 [sum of squared residuals + .1/P times the sum of the P squared "
        "parameters]; anchor D 0, alpha 1."
    ),
    compute=common_scale,
    judge=judge,
    figure=figure,
    answer=answer,
    caveats=(
        "Intervals hold for other benchmarks of the same kind, each score an error of its own; errors that models of a "
        "family share make them narrower than they should be. With few scores per model they are wider than need be.",
        "The unit comes from the anchor, whose own uncertainty widens all intervals alike; differences share it.",
        "Pairs are told apart such that about 5% of the pairs told apart may be in the wrong order.",
        "In small tables the penalty, which is the published one, draws models and benchmarks together.",
        "One number per model leaves out what sets its skills apart from each other.",
        "Where too few models share all capability benchmarks for V1's capabilities score, this can stand in for it.",
    ),
    references=(
        "Ho et al. 2025, A Rosetta Stone for AI benchmarks, arXiv 2512.00193",
        "MacKinnon and White 1985, Some heteroskedasticity-consistent covariance matrix estimators, Journal of "
        "Econometrics 29(3)",
    ),
)
