"""F7, common scale: where models stand that were not run on the same benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measure import Measure
from measurand.measures._shared import columns, display_names, estimate, number, require_fraction
from measurand.measures.forecast.shared.cells import LEAST_BENCHMARKS, connected, dates_of, proportions
from measurand.measures.validity.shared.panel import family_codes
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.stitching import Cells, Scale, Spread, fit_scale, held_out, spread
from measurand.stats.intervals.clustered import cluster_sums, t_limits
from measurand.stats.intervals.multiplicity import benjamini_hochberg
from measurand.tables import Scores
from measurand.tables.dates import month_of

__all__ = ["MEASURE", "CommonScale", "common_scale"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
CODE, TITLE = "F7", "Common scale"
MOST_TOLD, MOST_DRAWN = 10, 40
"""Models with a finding of their own, and models in the picture of intervals: the latest."""


@dataclass(frozen=True, eq=False)
class CommonScale:
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
    gain, gain_low, gain_high : mean squared error by the mean less that by the scale; interval over models (families
        where known).
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
    gain: float
    gain_low: float
    gain_high: float
    groups: int
    share: float
    level: float
    names: dict[str, str]
    notes: tuple[str, ...]


def common_scale(
    scores: Scores,
    *,
    anchor: str | None = None,
    folds: int = 10,
    level: float = 0.95,
    rng: np.random.Generator,
) -> CommonScale:
    """Capabilities of models and difficulties of benchmarks on one scale, though most pairs were never run.

    ``score = sigma(alpha_b (C_m - D_b))`` by penalised least squares. Safety benchmarks take no part. Scores count as
    shares of the benchmark's maximum; one unit of the scale is one unit of log odds on the anchor. Intervals are the
    leverage-corrected sandwich over scores (HC3) with t.

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
    (53, 'Meta-Llama-3-70B-Instruct', 0.08, 0.13)
    """
    require_fraction(level=level)
    if folds < 2:
        raise InputError(f"folds should be at least 2, got {folds}")
    asked = scores.benchmarks_of("capability", "other")
    if not asked:
        raise NotApplicable(
            "every benchmark is a safety benchmark", needs=f"at least {LEAST_BENCHMARKS} benchmarks of capability"
        )
    found = connected(proportions(scores, asked))
    run = np.isfinite(found.values)
    if anchor is None:
        anchor = found.benchmarks[int(run.sum(axis=0).argmax())]
    elif anchor not in found.benchmarks:
        raise UnknownName("benchmark on the scale", anchor, found.benchmarks)
    model, benchmark = np.nonzero(run)
    cells = Cells(model, benchmark, found.values[run], found.benchmarks.index(anchor))
    fit = fit_scale(cells)
    errors = spread(cells, fit)
    by_scale, by_mean = held_out(cells, fit, folds, rng)
    families = family_codes(found.models, scores.model_fact("family", found.models))[0]
    gain = cluster_sums(((by_mean - cells.score) ** 2 - (by_scale - cells.score) ** 2)[None], families[model]).means()
    gain_low, gain_high = t_limits(gain.value, gain.stderr, gain.clusters - 1, level)
    capability = fit.capability[0]
    low, high = errors.limits(capability, level)
    order = np.argsort(-capability, kind="stable")
    return CommonScale(
        tuple(found.models[place] for place in order),
        found.benchmarks,
        anchor,
        capability[order],
        low[order],
        high[order],
        fit.difficulty[0],
        fit.slope[0],
        _apart(fit, errors, level)[np.ix_(order, order)],
        errors.cells[order],
        dates_of(scores, found.models)[order],
        float(fit.cost[0]),
        float(np.sqrt(np.mean((by_scale - cells.score) ** 2))),
        float(np.sqrt(np.mean((by_mean - cells.score) ** 2))),
        float(gain.value[0]),
        float(gain_low[0]),
        float(gain_high[0]),
        int(gain.clusters[0]),
        float(run.mean()),
        level,
        display_names(scores),
        found.notes,
    )


def _apart(fit: Scale, errors: Spread, level: float) -> Mask:
    """Pairs told apart, such that the share of wrong ones among them is expected to be at most 1 - level."""
    stderr, freedom = errors.differences()
    gap = fit.capability[0][:, None] - fit.capability[0]
    rows, places = np.triu_indices(len(gap), k=1)
    with np.errstate(invalid="ignore"):
        p_values = 2 * stdtr(freedom[rows, places], -np.abs(gap / stderr)[rows, places])
        told = np.zeros(gap.shape, dtype=bool)
        told[rows, places] = told[places, rows] = benjamini_hochberg(p_values) <= 1 - level
    result: Mask = told & (gap > 0)
    return result


def judge(result: CommonScale) -> list[Finding]:
    """Of the scale, passed: it predicts left-out scores better than each benchmark's mean; issue: worse.

    Of a model, passed: told apart from every other on the scale; caution: not from all.
    """
    headline = _headline(result)
    if headline.status is Status.ISSUE:
        return [headline]
    return [headline, *(_of_model(result, place) for place in _latest(result, MOST_TOLD))]


def _headline(result: CommonScale) -> Finding:
    m = len(result.models)
    pairs, told = m * (m - 1) // 2, int(result.apart.sum())
    method = "scores left out in turn; families (or single models) as clusters, t"
    gain = estimate(
        "gain_over_benchmark_mean",
        result.gain,
        result.gain_low,
        result.gain_high,
        level=result.level,
        method=method,
        n=result.groups,
    )
    estimates = (
        gain,
        Estimate("held_out_error", result.error, n=int(result.scores_of.sum())),
        Estimate("held_out_error_of_benchmark_mean", result.error_of_mean, n=int(result.scores_of.sum())),
        Estimate("pairs_told_apart", told / pairs, n=pairs),
    )
    place = (
        f"{m} models and {len(result.benchmarks)} benchmarks, of whose pairs {result.share:.0%} were run, are put on "
        "one scale."
    )
    errors = (
        f"Scores left out are off by {100 * result.error:.1f} points when predicted from it, by "
        f"{100 * result.error_of_mean:.1f} when predicted by the benchmark's mean"
    )
    apart = f"{told:,} of {pairs:,} pairs of models can be told apart."
    if gain.low is None:
        status, verdict = Status.CAUTION, f"{errors}, and all models are of one family, so that no interval is known."
    elif result.gain_low > 0:
        status, verdict = Status.PASSED, f"{errors}: one number a model says much of its scores. {apart}"
    elif result.gain_high < 0:
        status = Status.ISSUE
        verdict = f"{errors}: one number a model does not describe these scores, and the scale should not be used."
    else:
        status = Status.CAUTION
        verdict = f"{errors}, which may be chance{_more(result)}. {apart}"
    facts: dict[str, Cell] = {"anchor": result.anchor, "cost": result.cost, "share_run": result.share}
    return Finding(
        CODE,
        {},
        TITLE,
        status,
        f"{place} {verdict}",
        estimates,
        (*MEASURE.caveats, *result.notes),
        f"{CODE}.models",
        facts,
    )


def _more(result: CommonScale) -> str:
    """How many times the models (or families) would show a gain like this one."""
    half = (result.gain_high - result.gain_low) / 2
    times = (half / abs(result.gain)) ** 2 if result.gain else np.inf
    return f"; about {result.groups * times:,.0f} families or single models would tell" if times < 20 else ""


def _latest(result: CommonScale, most: int) -> list[int]:
    """The models released last, latest first; the most capable ones where too few dates are known."""
    known = np.flatnonzero(np.isfinite(result.dates))
    if len(known) < min(most, len(result.models)):
        return list(range(min(most, len(result.models))))
    return [int(place) for place in known[np.argsort(-result.dates[known], kind="stable")][:most]]


def _of_model(result: CommonScale, place: int) -> Finding:
    name, date = result.models[place], result.dates[place]
    scores_of = int(result.scores_of[place])
    position = estimate(
        "capability",
        float(result.capability[place]),
        float(result.low[place]),
        float(result.high[place]),
        level=result.level,
        method="sandwich over scores (HC3), t",
        n=scores_of,
    )
    above, below = int(result.apart[place].sum()), int(result.apart[:, place].sum())
    alike = len(result.models) - 1 - above - below
    released = f" (released {month_of(float(date))})" if np.isfinite(date) else ""
    if position.low is None:
        status = Status.NOT_APPLICABLE
        sentence = f"Not assessed: the {scores_of} scores of {name} are too near 0 or 1 to place it; needs others."
    else:
        status = Status.PASSED if alike == 0 else Status.CAUTION
        sentence = (
            f"{name}{released} stands at {position.value:.2f} [{position.low:.2f} to {position.high:.2f}] by "
            f"{scores_of} scores: above {above} of the other {len(result.models) - 1} models, below {below}, "
        )
        sentence += f"and not to be told from {_named_alike(result, place)}." if alike else "and told from all."
    facts: dict[str, Cell] = {"above": above, "below": below, "not_told_apart": alike, "scores": scores_of}
    return Finding(CODE, {"model": name}, TITLE, status, sentence, (position,), (), f"{CODE}.models", facts)


def _named_alike(result: CommonScale, place: int) -> str:
    """How many models cannot be told from one, with the nearest of them."""
    alike = np.flatnonzero(~(result.apart[place] | result.apart[:, place]))
    alike = alike[alike != place]
    nearest = alike[np.argsort(np.abs(result.capability[alike] - result.capability[place]), kind="stable")][:2]
    names = " and ".join(result.models[other] for other in nearest)
    return names if len(alike) <= len(nearest) else f"{len(alike)}, the nearest {names}"


def figure(result: CommonScale) -> list[Figure]:
    """The scale over release dates, the latest models with intervals, and the benchmarks on the same scale."""
    spots: list[tuple[Cell, ...]] = [
        (
            model,
            *(number(float(v[i])) for v in (result.dates, result.capability, result.low, result.high)),
            int(result.scores_of[i]),
            month_of(float(result.dates[i])) if np.isfinite(result.dates[i]) else None,
        )
        for i, model in enumerate(result.models)
    ]
    latest = [spots[place] for place in sorted(_latest(result, MOST_DRAWN))]
    names = ("model", "year", "capability", "low", "high", "scores", "released")
    hard = np.argsort(-result.difficulty, kind="stable")
    benchmarks: list[tuple[Cell, ...]] = [
        (result.names[result.benchmarks[j]], float(result.difficulty[j]), float(result.slope[j])) for j in hard
    ]
    unit = f"capability (log odds on {result.names[result.anchor]})"
    figures = []
    if np.isfinite(result.dates).sum() >= 2:
        figures.append(
            Figure(
                f"{CODE}.dates",
                "scatter",
                "The common scale over release dates",
                "A dot a model, with its interval; models without a release date are not drawn.",
                columns(names, [row for row in spots if row[1] is not None]),
                Axis("year", "release date"),
                Axis("capability", unit),
                low="low",
                high="high",
                label="model",
            )
        )
    return [
        *figures,
        Figure(
            f"{CODE}.models",
            "intervals",
            "Models on the common scale",
            "The latest models (the most capable ones where dates are not known), the most capable first.",
            columns(names, latest),
            Axis("capability", unit),
            Axis("model", "model", "nominal"),
            low="low",
            high="high",
        ),
        Figure(
            f"{CODE}.benchmarks",
            "intervals",
            "Benchmarks on the common scale",
            "Where a model has half of the maximum; the slope says how sharply the score rises there.",
            columns(("benchmark", "difficulty", "slope"), benchmarks),
            Axis("difficulty", f"difficulty (log odds on {result.names[result.anchor]})"),
            Axis("benchmark", "benchmark", "nominal"),
        ),
    ]


MEASURE = Measure(
    code=CODE,
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
    caveats=(
        "Intervals hold for other benchmarks of the same kind, each score an error of its own; errors that models of a "
        "family share make them narrower than they should be. With few scores a model they are wider than need be.",
        "The unit comes from the anchor, whose own uncertainty widens all intervals alike; differences share it.",
        "Pairs are told apart such that about 5% of the pairs told apart may be in the wrong order.",
        "In small tables the penalty, which is the published one, draws models and benchmarks together.",
        "One number a model leaves out what sets its skills apart from each other.",
        "Where too few models share all capability benchmarks for V1's capabilities score, this can stand in for it.",
    ),
    references=(
        "Ho et al. 2025, A Rosetta Stone for AI benchmarks, arXiv 2512.00193",
        "MacKinnon and White 1985, Some heteroskedasticity-consistent covariance matrix estimators, Journal of "
        "Econometrics 29(3)",
    ),
)
