"""V3, differential safety progress: is a gain in safety more than the gain in capability brings by itself?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measure import Measure
from measurand.measures._shared import columns, display_names, estimate, kind, number, plural, require_fraction, shown
from measurand.measures.validity.shared.panel import (
    LEAST_MODELS,
    Missing,
    Panel,
    Unassessed,
    assessable,
    chosen,
    panels,
    unassessed_findings,
)
from measurand.results import Axis, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.progress import Excess, League, excess_change, residual_league
from measurand.tables import Gain, Scores

__all__ = ["MEASURE", "DifferentialProgress", "differential_progress"]

CODE, TITLE = "V3", "Differential safety progress"

MOST_LEAGUE_MODELS = 500
"""A league of more models than this is not drawn."""

LEAGUE_RESAMPLES = 1000

METHOD = "least-squares line through the other models, prediction interval, t(n-2)"


@dataclass(frozen=True, eq=False)
class ClassProgress:
    """Judged gains and residual leagues within one class."""

    panel: Panel
    gains: tuple[tuple[Gain, Excess], ...]
    leagues: dict[str, tuple[tuple[str, ...], League]]


@dataclass(frozen=True, eq=False)
class DifferentialProgress:
    """Result of `differential_progress`: a part a class, and what could not be assessed."""

    classes: tuple[ClassProgress, ...]
    unassessed: tuple[Unassessed, ...]
    level: float
    names: dict[str, str]


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
    if old != new:
        raise InputError(f"a gain compares models of one class, got {gain.old!r} ({old}) and {gain.new!r} ({new})")


def _judged(
    panel: Panel, gains: Sequence[Gain], level: float
) -> tuple[tuple[tuple[Gain, Excess], ...], list[Unassessed]]:
    judged, refused = [], []
    for gain in gains:
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
    for model in (gain.old, gain.new):
        if model in panel.dropped:
            raise NotApplicable(
                f"{model} was not run on every capability benchmark", needs="those scores, or imputing them"
            )
    y = panel.scores[:, panel.tested.index(gain.benchmark)]
    old, new = panel.models.index(gain.old), panel.models.index(gain.new)
    for model, place in ((gain.old, old), (gain.new, new)):
        if not np.isfinite(y[place]):
            raise NotApplicable(f"{model} was not run on it", needs="its score")
    if np.isfinite(y).sum() < LEAST_MODELS:
        reason = f"{np.isfinite(y).sum()} {kind(panel.class_)}models were run on it"
        raise NotApplicable(reason, needs=f"at least {LEAST_MODELS}")
    return excess_change(panel.standard_scores, y, old, new, level)


def _leagues(
    panel: Panel, able: np.ndarray, level: float, rng: np.random.Generator
) -> dict[str, tuple[tuple[str, ...], League]]:
    if len(panel.models) > MOST_LEAGUE_MODELS:
        return {}
    leagues = {}
    for j in np.flatnonzero(able):
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
    """A gain passes when its excess over the expected change lies wholly above 0."""
    findings: list[Finding] = []
    for part in result.classes:
        gains = [_gain_finding(result, part, gain, excess) for gain, excess in part.gains]
        leagues = [_league_finding(result, part, benchmark) for benchmark in part.leagues]
        findings += [_headline(part, gains), *gains, *leagues]
    return findings + unassessed_findings(CODE, TITLE, result.unassessed)


def _headline(part: ClassProgress, gains: Sequence[Finding]) -> Finding:
    class_, passed = part.panel.class_, sum(f.status is Status.PASSED for f in gains)
    if gains:
        status = Status.PASSED if passed == len(gains) else Status.CAUTION
        if any(f.status is Status.ISSUE for f in gains):
            status = Status.ISSUE
        sentence = (
            f"Of {plural(len(gains), 'claimed safety gain')} between {kind(class_)}models, {passed} "
            f"{'is' if passed == 1 else 'are'} more than the gain in capability explains."
        )
    else:
        status = Status.NOT_APPLICABLE
        sentence = (
            f"No gain was claimed between {kind(class_)}models; the league ranks them by safety beyond capability. "
            "To test a claim: --gain OLD,NEW,BENCHMARK."
        )
    return Finding(CODE, {"class": class_}, TITLE, status, sentence, (), part.panel.caveats, f"{CODE}.league")


def _gain_finding(result: DifferentialProgress, part: ClassProgress, gain: Gain, excess: Excess) -> Finding:
    beyond = estimate(
        "excess_gain",
        excess.excess,
        excess.excess - excess.half_width,
        excess.excess + excess.half_width,
        level=result.level,
        method=METHOD,
        n=excess.n,
        unit="score",
    )
    expected = estimate(
        "expected_change",
        excess.expected,
        excess.expected - excess.half_width,
        excess.expected + excess.half_width,
        level=result.level,
        method=METHOD,
        n=excess.n,
        unit="score",
    )
    name = result.names[gain.benchmark]
    moved = (
        f"From {gain.old} to {gain.new}, {name} changed by {excess.change:+.3f} where capability alone predicts "
        f"{shown(expected, 3)}"
    )
    if beyond.low is not None and beyond.low > 0:
        status, verdict = Status.PASSED, "a gain in safety beyond the gain in capability"
    elif beyond.high is not None and beyond.high < 0:
        status, verdict = Status.ISSUE, "worse than its capability predicts"
    else:
        status, verdict = Status.CAUTION, "capability and ordinary differences between models explain it"
    return Finding(
        CODE,
        {"benchmark": gain.benchmark, "class": part.panel.class_, "old": gain.old, "new": gain.new},
        TITLE,
        status,
        f"{moved}: {verdict}.",
        (beyond, expected, Estimate("observed_change", excess.change, unit="score")),
        (),
        f"{CODE}.gains",
    )


def _league_finding(result: DifferentialProgress, part: ClassProgress, benchmark: str) -> Finding:
    models, league = part.leagues[benchmark]
    best = int(np.argmax(league.residual))
    name, n = result.names[benchmark], len(models)
    method = f"bootstrap over families, {LEAGUE_RESAMPLES} resamples, percentile"
    residual = estimate(
        "top_residual",
        league.residual[best],
        league.low[best],
        league.high[best],
        level=result.level,
        method=method,
        n=n,
        unit="score",
    )
    rank = estimate(
        "top_rank",
        league.rank[best],
        league.rank_low[best],
        league.rank_high[best],
        level=result.level,
        method=method,
        n=n,
    )
    stands_out = league.p_value is not None and league.p_value < 1 - result.level
    p_value = Estimate("outlier_p_value", league.p_value, method="studentised residual, Bonferroni over models", n=n)
    place = "" if rank.low is None else f" (rank 1 [{rank.low:.0f} to {rank.high:.0f}] of {n})"
    return Finding(
        CODE,
        {"benchmark": benchmark, "class": part.panel.class_},
        TITLE,
        Status.PASSED if stands_out else Status.CAUTION,
        f"On {name}, {models[best]} stands highest beyond its capability, by {shown(residual, 3)}{place}: "
        + ("more than chance among models would bring." if stands_out else "no more than chance among models brings."),
        (residual, rank, p_value),
        (),
        f"{CODE}.league",
        {"league": tuple(models[i] for i in np.argsort(-league.residual, kind="stable"))},
    )


def figure(result: DifferentialProgress) -> list[Figure]:
    """The residual league, and claimed gains against what was expected."""
    rows = [
        (
            part.panel.class_,
            result.names[benchmark],
            models[i],
            number(league.residual[i]),
            number(league.low[i]),
            number(league.high[i]),
            f"{league.rank[i]:.0f} [{league.rank_low[i]:.0f} to {league.rank_high[i]:.0f}]",
        )
        for part in result.classes
        for benchmark, (models, league) in part.leagues.items()
        for i in np.argsort(-league.residual, kind="stable")
    ]
    league_figure = Figure(
        f"{CODE}.league",
        "intervals",
        "Residual safety league",
        "Score beyond what the model's capability predicts, with its rank; bars count the line's uncertainty.",
        columns(("class", "benchmark", "model", "residual", "low", "high", "rank"), rows),
        Axis("residual", "score beyond capability"),
        Axis("model", "model", "nominal"),
        low="low",
        high="high",
        label="model",
        select=("class", "benchmark"),
        rules=(0.0,),
    )
    claims = [
        (
            f"{result.names[g.benchmark]}: {g.old} to {g.new}",
            number(e.excess),
            number(e.excess - e.half_width),
            number(e.excess + e.half_width),
            e.change,
            e.expected,
        )
        for part in result.classes
        for g, e in part.gains
    ]
    if not claims:
        return [league_figure]
    gains_figure = Figure(
        f"{CODE}.gains",
        "intervals",
        "Claimed gains beyond capability",
        "Observed change minus the change capability predicts, with its prediction interval; above 0 the claim holds.",
        columns(("claim", "excess", "low", "high", "observed change", "expected change"), claims),
        Axis("excess", "change beyond what capability explains (score)"),
        Axis("claim", "claim", "nominal"),
        low="low",
        high="high",
        label="claim",
        rules=(0.0,),
    )
    return [gains_figure, league_figure]


MEASURE = Measure(
    code=CODE,
    name="differential safety progress",
    question=Question.VALIDITY,
    asks="Is a claimed gain in safety more than the gain in capability brings by itself?",
    needs="what V1 needs; to judge a gain, the claim (--gain OLD,NEW,BENCHMARK)",
    formula="excess = (S_new - S_old) - b (s_new - s_old), b from the least-squares line of S on s through the other "
    "models of the class; residual = S - (a + b s).",
    compute=differential_progress,
    judge=judge,
    figure=figure,
    caveats=(
        "The prediction interval takes models to scatter alike around one straight line.",
        "The league's intervals count the line's uncertainty and known noise only; their coverage is not measured.",
        "A pair chosen because its gain is large needs a stricter level: the best of many looks beyond chance.",
    ),
    references=("Ren et al. 2024, Safetywashing, arXiv 2407.21792",),
)
