"""V3, differential safety progress: is a gain in safety more than the gain in capability brings by itself?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures.shared import display_names, estimate, finite, kind, require_fraction
from measurand.measures.validity.shared.by_class import ByClass, intervals_figure
from measurand.measures.validity.shared.panel import LEAST_MODELS, Missing, Panel, assessable, chosen, panels
from measurand.measures.verdicts import Call, Side, Unassessed, called, headline, unassessed, verdict
from measurand.results import Axis, Brief, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.progress import Excess, League, excess_change, residual_league
from measurand.stats.intervals.limits import Limits
from measurand.tables import Gain, Scores
from measurand.wording import interval, number, of_total, plural, shown, value_of, with_limits

__all__ = ["MEASURE", "ClassProgress", "DifferentialProgress", "differential_progress", "judge"]

MOST_LEAGUE_MODELS = 500
"""A league of more models than this is not drawn."""

# The 2.5% quantile then rests on 25 resamples; every benchmark has a league, so more would be felt.
LEAGUE_RESAMPLES = 1000

ANY_SHAPE = "one-sided, the largest of a straight line, a parabola and a cubic, scatter normal or t(3)"

BENT = "far off a straight line, but a relation that bends, or models that scatter widely, could bring as much"
BENT_SHORT = "a curve could bring as much"
SHORT = {
    Side.ABOVE: "more than chance would bring",
    Side.ACROSS: "chance could bring as much",
    Side.UNKNOWN: "chance could bring as much",
}
TITLE = "Furthest above its capability"

METHOD = "least-squares line through the other models, prediction interval, t(n-2)"


@dataclass(frozen=True, eq=False)
class ClassProgress:
    """Judged gains and residual leagues within one class."""

    panel: Panel
    gains: tuple[tuple[Gain, Excess], ...]
    leagues: dict[str, tuple[tuple[str, ...], League]]


@dataclass(frozen=True, eq=False, repr=False)
class DifferentialProgress(Brief, ByClass[ClassProgress]):
    """Result of `differential_progress`."""


def differential_progress(
    scores: Scores,
    *,
    gains: Sequence[Gain] | None = None,
    level: float = 0.95,
    missing: Missing = "complete",
    rng: np.random.Generator | None = None,
) -> DifferentialProgress:
    """Safety gains against what the gain in capability explains, and models ranked by safety beyond capability.

    Parameters
    ----------
    scores : scores with roles.
    gains : claims "`new` is safer than `old` on `benchmark`"; both models of one class.
    level : confidence level, in (0, 1).
    missing : as in `measurand.capabilities_correlation`.
    rng : generator for the league's intervals; a fixed one by default.

    Raises
    ------
    NotApplicable
        Fewer than 3 capability benchmarks, or no class with 8 models.
    UnknownName
        A gain that names a model or benchmark the scores do not have.
    InputError
        A gain across two classes, or a setting out of its range.

    References
    ----------
    Ren et al. 2024, arXiv 2407.21792 (the call for differential safety progress).

    Examples
    --------
    >>> import measurand
    >>> from measurand.tables import Gain
    >>> gain = Gain("Llama-2-70b-chat-hf", "Meta-Llama-3-70B-Instruct", "ethics_all")
    >>> result = differential_progress(measurand.load_example().scores, gains=[gain])
    >>> claim, excess = result.classes[1].gains[0]
    >>> round(excess.change, 3) == round(excess.expected + excess.excess, 3)
    True
    """
    require_fraction(level=level)
    rng = np.random.default_rng(0) if rng is None else rng
    found, problems = panels(scores, missing)
    claims = list(gains or ())
    for gain in claims:
        _check(gain, scores)
    parts, unassessed = [], list(problems)
    for panel in found:
        able, not_able = assessable(panel.scores, panel.tested, panel.class_)
        unassessed += not_able
        judged, refused = _judged(panel, claims, level)
        unassessed += refused
        parts.append(ClassProgress(panel, judged, _leagues(panel, able, level, rng)))
    for problem in problems:
        lost = [gain for gain in claims if gain.old in scores.models_of(problem.subject["class"])]
        unassessed += [
            Unassessed(_subject(gain, problem.subject["class"]), problem.reason, problem.needs) for gain in lost
        ]
    return DifferentialProgress(tuple(parts), tuple(unassessed), level, display_names(scores))


def _check(gain: Gain, scores: Scores) -> None:
    for model in (gain.old, gain.new):
        if model not in list(scores.models["model"]):
            raise UnknownName("model", model, scores.models["model"])
    if gain.benchmark not in list(scores.benchmarks["benchmark"]):
        raise UnknownName("benchmark", gain.benchmark, scores.benchmarks["benchmark"])
    if gain.old == gain.new:
        raise InputError(f"a gain compares two models, got {gain.old!r} twice")
    old, new = scores.model_fact("class", [gain.old, gain.new])
    # Base and chat models have score scales and capability components of their own: no line joins them.
    if old != new:
        raise InputError(f"a gain compares models of one class, got {gain.old!r} ({old}) and {gain.new!r} ({new})")


def _judged(
    panel: Panel, gains: Sequence[Gain], level: float
) -> tuple[tuple[tuple[Gain, Excess], ...], list[Unassessed]]:
    judged, refused = [], []
    for gain in gains:
        # Models left out of the panel are kept in view, so that the claim is refused with a reason and not lost.
        if gain.old not in (*panel.models, *panel.dropped):
            continue
        try:
            judged.append((gain, _excess(panel, gain, level)))
        except NotApplicable as problem:
            refused.append(Unassessed(_subject(gain, panel.class_), problem.reason, problem.needs))
    return tuple(judged), refused


def _subject(gain: Gain, class_: str) -> dict[str, str]:
    return {"benchmark": gain.benchmark, "class": class_, "old": gain.old, "new": gain.new}


def _excess(panel: Panel, gain: Gain, level: float) -> Excess:
    """The change beyond what capability explains, or why it cannot be told."""
    if gain.benchmark in panel.capability or gain.benchmark not in panel.tested:
        raise NotApplicable(f"{gain.benchmark} is a capability benchmark", needs="a benchmark under test")
    y = panel.scores[:, panel.tested.index(gain.benchmark)]
    for model in (gain.old, gain.new):
        if model in panel.dropped:
            reason = f"{model} was not run on every capability benchmark"
            raise NotApplicable(reason, needs="those scores, or imputing them")
        if not np.isfinite(y[panel.models.index(model)]):
            raise NotApplicable(f"{model} was not run on it", needs="its score")
    old, new = panel.models.index(gain.old), panel.models.index(gain.new)
    if np.isfinite(y).sum() < LEAST_MODELS:
        reason = f"{plural(int(np.isfinite(y).sum()), f'{kind(panel.class_)}model', 'was run on it')}"
        raise NotApplicable(reason, needs=f"at least {LEAST_MODELS}")
    return excess_change(panel.standard_scores, y, old, new, level)


def _leagues(
    panel: Panel, able: np.ndarray, level: float, rng: np.random.Generator
) -> dict[str, tuple[tuple[str, ...], League]]:
    if len(panel.models) > MOST_LEAGUE_MODELS:
        return {}
    leagues = {}
    for j in np.flatnonzero(able):
        # Each league is of the models that ran its benchmark, so that no residual is of an imputed score.
        ran = np.isfinite(panel.scores[:, j])
        league = residual_league(
            panel.standard_scores[ran],
            panel.scores[ran, j],
            panel.stderr[ran, j],
            panel.families[ran],
            level=level,
            resamples=LEAGUE_RESAMPLES,
            rng=rng,
        )
        leagues[panel.tested[j]] = (chosen(panel.models, ran), league)
    return leagues


def judge(result: DifferentialProgress) -> list[Finding]:
    """Passed: a gain whose excess over the expected change is clearly above 0; issue: clearly below.

    Clearly: one-sided, whether the relation bends and tails are heavy or not, and once all gains claimed of the class
    count; so with the leagues of its benchmarks.
    """
    findings: list[Finding] = []
    alpha = 1 - result.level
    for part in result.classes:
        excesses = [excess for _, excess in part.gains]
        sides = [Side.ABOVE if excess.excess >= 0 else Side.BELOW for excess in excesses]
        calls = called(sides, np.array([excess.chance.whatever for excess in excesses]), alpha)
        gains = [_gain_finding(result, part, *claimed, call) for claimed, call in zip(part.gains, calls, strict=True)]
        p_values = np.array([league.chance.whatever for _, league in part.leagues.values()])
        calls = called([Side.ABOVE] * len(p_values), p_values, alpha)
        leagues = [
            _league_finding(result, part, benchmark, call) for benchmark, call in zip(part.leagues, calls, strict=True)
        ]
        findings += [_headline(part, gains), *gains, *leagues]
    return findings + unassessed(result.unassessed)


def _headline(part: ClassProgress, gains: Sequence[Finding]) -> Finding:
    models, subject = f"{kind(part.panel.class_)}models", {"class": part.panel.class_}
    if not gains:
        reason = f"no gain was claimed between {models}, so they are only ranked by safety beyond capability"
        row = Unassessed(subject, reason, "a claim that one model is safer than another on a benchmark")
        told = row.finding(headline=True)
        return replace(told, title=TITLE, short="no gain was claimed", caveats=part.panel.caveats, figure="V3.league")
    passed = sum(f.status is Status.PASSED for f in gains)
    more = of_total(passed, len(gains), "claimed safety gain", "is", "is not")
    return headline(
        f"{more} more than the gain in capability explains ({models})." if len(gains) > 1 else gains[0].sentence,
        gains,
        subject=subject,
        title="Claimed gain beyond capability",
        short=f"{passed or 'none'} of {len(gains)} beyond capability",
        caveats=part.panel.caveats,
        figure="V3.league",
    )


def _around(value: float, excess: Excess) -> Limits:
    """The prediction interval, which is as wide around the excess as around the expected change."""
    return Limits(value, value - excess.half_width, value + excess.half_width)


def _gain_finding(result: DifferentialProgress, part: ClassProgress, gain: Gain, excess: Excess, call: Call) -> Finding:
    unit = part.panel.unit_of_change(gain.benchmark)
    beyond, expected = (
        estimate(name, *_around(value, excess), level=result.level, method=METHOD, n=excess.n, unit=unit)
        for name, value in (("excess_gain", excess.excess), ("expected_change", excess.expected))
    )
    observed = Estimate(name="observed_change", value=excess.change, unit=unit)
    explained = "capability and ordinary differences between models explain it"
    bent = excess.chance.straight <= 1 - result.level
    words = {
        Side.ABOVE: "a gain in safety beyond the gain in capability",
        Side.BELOW: "worse than its capability predicts",
        Side.ACROSS: BENT if bent else explained,
        Side.UNKNOWN: explained,
    }
    short = {
        Side.ABOVE: "beyond the gain in capability",
        Side.BELOW: "worse than its capability predicts",
        Side.ACROSS: BENT_SHORT if bent else "capability explains it",
        Side.UNKNOWN: "capability explains it",
    }
    p_value = Estimate(name="excess_p_value", value=finite(excess.chance.whatever), method=ANY_SHAPE, n=excess.n)
    return Finding(
        subject=_subject(gain, part.panel.class_),
        status=verdict(call.side, issue=Side.BELOW, passed=Side.ABOVE),
        sentence=f"From {gain.old} to {gain.new}, {result.names[gain.benchmark]} changed by {value_of(observed)} where "
        f"capability alone predicts {shown(expected)}: {call.meaning(words, 'gain')}.",
        short=short[call.side],
        estimates=(beyond, expected, observed, p_value),
        figure="V3.gains",
    )


def _league_finding(result: DifferentialProgress, part: ClassProgress, benchmark: str, call: Call) -> Finding:
    models, league = part.leagues[benchmark]
    best, n = int(np.argmax(league.residual)), len(models)
    residual, rank = (
        estimate(
            name,
            *(side[best] for side in sides),
            level=result.level,
            method=f"bootstrap over families, {LEAGUE_RESAMPLES} resamples, percentile",
            n=n,
            unit=unit,
        )
        for name, sides, unit in (
            ("top_residual", (league.residual, league.low, league.high), part.panel.unit_of_change(benchmark)),
            ("top_rank", (league.rank, league.rank_low, league.rank_high), ""),
        )
    )
    # Corrected over models (somebody always comes first, and by more the more models there are), then over benchmarks.
    chance, bent = "no more than chance would bring", league.chance.straight <= 1 - result.level
    words = {
        Side.ABOVE: "more than chance would bring",
        Side.ACROSS: BENT if bent else chance,
        Side.UNKNOWN: chance,
    }
    method = f"{ANY_SHAPE}, Bonferroni over models"
    p_value = Estimate(name="outlier_p_value", value=finite(league.chance.whatever), method=method, n=n)
    place = f" (rank 1 {interval(rank.low, rank.high, _whole)} of {n})" if rank.low is not None else ""
    return Finding(
        subject={"benchmark": benchmark, "class": part.panel.class_},
        # That no model stands out is no fault of the benchmark, and one that does is no proof: never an issue.
        status=verdict(call.side, passed=Side.ABOVE),
        sentence=f"On {result.names[benchmark]}, {models[best]} stands furthest above what its capability predicts, by "
        f"{shown(residual)}{place}: {call.meaning(words)}.",
        short=f"{models[best]}; {BENT_SHORT if words[call.side] is BENT else SHORT[call.side]}",
        estimates=(residual, rank, p_value),
        figure="V3.league",
        result={"league": tuple(models[i] for i in np.argsort(-league.residual, kind="stable"))},
    )


def _whole(rank: float) -> str:
    return number(rank, 0)


def figure(result: DifferentialProgress) -> list[Figure]:
    """The residual league, and claimed gains against what was expected."""
    rows = [
        (
            part.panel.class_,
            result.names[benchmark],
            models[i],
            finite(league.residual[i]),
            finite(league.low[i]),
            finite(league.high[i]),
            with_limits(league.rank[i], league.rank_low[i], league.rank_high[i], _whole),
        )
        for part in result.classes
        for benchmark, (models, league) in part.leagues.items()
        for i in np.argsort(-league.residual, kind="stable")
    ]
    league_figure = intervals_figure(
        "V3.league",
        "Residual safety league",
        "Score beyond what the model's capability predicts, with its rank; bars count the line's uncertainty.",
        ("class", "benchmark", "model", "residual", "low", "high", "rank"),
        rows,
        Axis("residual", "score beyond capability"),
        y="model",
        select=("class", "benchmark"),
    )
    claims = [
        (f"{result.names[g.benchmark]}: {g.old} to {g.new}", *map(finite, _around(e.excess, e)), e.change, e.expected)
        for part in result.classes
        for g, e in part.gains
    ]
    if not claims:
        return [league_figure]
    gains_figure = intervals_figure(
        "V3.gains",
        "Claimed gains beyond capability",
        "Observed change minus the change capability predicts, with its prediction interval; above 0 the claim holds.",
        ("claim", "excess", "low", "high", "observed change", "expected change"),
        claims,
        Axis("excess", "change beyond what capability explains (score)"),
        y="claim",
        select=(),
    )
    return [gains_figure, league_figure]


MEASURE = Measure(
    code="V3",
    name="differential safety progress",
    question=Question.VALIDITY,
    asks="Is a claimed gain in safety more than the gain in capability brings by itself?",
    needs="what V1 needs; to judge a gain, the claim: two models and a benchmark",
    formula="excess = (S_new - S_old) - b (s_new - s_old), b from the least-squares line of S on s through the other "
    "models of the class; residual = S - (a + b s); p-values: the largest over polynomials up to the third degree, the "
    "scatter normal or t with 3 degrees of freedom.",
    compute=differential_progress,
    judge=judge,
    figure=figure,
    caveats=(
        "The prediction interval takes models to scatter alike around one straight line; verdicts also allow for a "
        "relation that bends and for models that lie far off, so that a clear interval alone does not decide.",
        "The league's intervals count the line's uncertainty and known noise only, not that the highest was chosen for "
        "being so; their coverage is not measured.",
        "A pair chosen because its gain is large needs a stricter level: only the gains claimed are counted, not those "
        "looked at.",
    ),
    references=("Ren et al. 2024, Safetywashing, arXiv 2407.21792",),
)
