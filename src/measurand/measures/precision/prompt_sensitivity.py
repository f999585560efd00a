"""P7 prompt sensitivity: how far scores depend on the wording of the prompt, beyond sampling noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.precision.shared.grid import Grid, grids
from measurand.measures.precision.shared.prompts import NEEDED, SPARSE, ModelPrompts, Ranking, of_model, ranking
from measurand.measures.precision.shared.summary import NOISE_WORDS, beyond_noise, counted, joint_headline, refusal
from measurand.measures.shared import columns, estimate, finite, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, unassessed, verdict
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.limits import Limits
from measurand.stats.items.components import prompts_needed
from measurand.stats.items.prompts import spread_limits
from measurand.tables import Responses
from measurand.wording import DIFFERENCE, SHARE, more_needed, plural, points, shown, value_of

__all__ = ["MEASURE", "PromptSensitivity", "figure", "judge", "prompt_sensitivity", "sensitivity_of"]


@dataclass(frozen=True, repr=False)
class PromptSensitivity(Brief):
    """Every model and benchmark with several prompts, the rankings, what cannot be assessed, and the level."""

    each: tuple[ModelPrompts, ...]
    rankings: tuple[Ranking, ...]
    unassessed: tuple[Unassessed, ...]
    level: float


def prompt_sensitivity(
    responses: Responses, *, level: float = 0.95, resamples: int = 1000, rng: np.random.Generator
) -> PromptSensitivity:
    """How far scores and rankings depend on the variant of the prompt.

    Where at least half of a model's items were run under every prompt, those are used; else, if scores are 0 or 1, a
    Rasch model with an effect per prompt and item fills the grid (PromptEval). An item's runs are averaged first.

    Parameters
    ----------
    responses : item-level results; the prompts of a benchmark are its variants or, where it has one, the shots and
        instructions that set a model's runs apart.
    level : of the intervals.
    resamples : draws of the errors of the prompts' means.
    rng : for them.

    Returns
    -------
    PromptSensitivity

    Raises
    ------
    NotApplicable
        No model ran enough items under two prompts.
    InputError
        A level out of (0, 1), or fewer than 50 resamples.
    """
    require_fraction(level=level)
    # Below this the 95% quantile of the errors rests on the two or three largest draws.
    if resamples < 50:
        raise InputError(f"resamples should be at least 50, got {resamples}")
    return sensitivity_of(grids(responses, settings=True), level, resamples, rng)


def sensitivity_of(
    benchmarks: Iterable[Grid], level: float, resamples: int, rng: np.random.Generator
) -> PromptSensitivity:
    """`prompt_sensitivity` of grids of scores."""
    each: list[ModelPrompts] = []
    rankings: list[Ranking] = []
    unassessed: list[Unassessed] = []
    for grid in benchmarks:
        failed: dict[str, str] = {}
        for row, model in enumerate(grid.models):
            try:
                each.append(of_model(grid, row, level, resamples, rng))
            except NotApplicable as problem:
                failed[model] = problem.reason
        # One row per reason, not per model: a hundred models that fail alike are one thing to say.
        for reason in dict.fromkeys(failed.values()):
            models = [model for model, why in failed.items() if why == reason]
            named = models[0] if len(models) == 1 else f"{len(models)} of {plural(len(grid.models), 'model')}"
            unassessed.append(Unassessed({"benchmark": grid.benchmark}, f"{named} {reason}", NEEDED))
        rankings += ranking(grid, level, rng)
    if not each:
        raise refusal(unassessed, "no item was scored", NEEDED)
    # Bonferroni over models and benchmarks: the headline may call an issue only where this bound clears the tolerance.
    together = 1 - (1 - level) / len(each)
    widened = (replace(found, least_of_all=spread_limits(found.means, together).low) for found in each)
    return PromptSensitivity(tuple(widened), tuple(rankings), tuple(unassessed), level)


def judge(
    result: PromptSensitivity, *, spread_tolerance: float = 0.02, wanted_generalisability: float = 0.9
) -> list[Finding]:
    """Issue: best and worst prompt differ by more than 2 points, interval and all, or one prompt ranks models badly.

    That holds of a ranking only where the prompts also agree less than noise alone would let them.
    """
    require_fraction(spread_tolerance=spread_tolerance, wanted_generalisability=wanted_generalisability)
    each = [_finding(result, found, spread_tolerance) for found in result.each]
    beyond = beyond_noise([found.p_by_noise for found in result.rankings], result.level)
    rankings = [
        _ranking_finding(result, found, wanted_generalisability, apart)
        for found, apart in zip(result.rankings, beyond, strict=True)
    ]
    most = points(spread_tolerance)
    sentence = counted(
        each, "score", f"would change by more than {most} with the prompt", f"would change by less than {most}"
    )
    certain = any(found.least_of_all > spread_tolerance for found in result.each)
    headline = joint_headline(each, sentence, certain=certain, figure="P7.prompts")
    return [headline, *each, *rankings, *unassessed(result.unassessed)]


def _finding(result: PromptSensitivity, found: ModelPrompts, tolerance: float) -> Finding:
    beyond, spread, *others = _estimates(result, found)
    # The spread seen is a maximum over noisy means, above zero even where all prompts are equally good.
    side = against(spread.low, spread.high, tolerance)
    best, worst = (found.prompts[int(place)] for place in (found.means.means.argmax(), found.means.means.argmin()))
    unit = " of the range of scores" if found.scaled else ""
    sentence = (
        f"On {found.benchmark}, with {plural(found.means.n, 'item')}, the best of {len(found.prompts)} prompts gives "
        f"{found.model} {shown(spread)}{unit} more than the worst, where chance alone would give about "
        f"{points(found.spread.noise)}: {_meaning(side, found, tolerance)}."
    )
    caveats = []
    if found.how == SPARSE:
        caveats.append("Most items were run under some prompts only; a Rasch model filled in the rest.")
    if found.scaled:
        caveats.append("The scores have another range than 0 to 1; points are hundredths of the range seen.")
    return Finding(
        subject={"benchmark": found.benchmark, "model": found.model},
        status=verdict(side, issue=Side.ABOVE, passed=Side.BELOW),
        sentence=sentence,
        estimates=(beyond, spread, *others),
        caveats=tuple(caveats),
        figure="P7.prompts",
        result={
            "prompts": found.prompts,
            "means": tuple(map(float, found.means.means)),
            "best_prompt": best,
            "worst_prompt": worst,
            "method": found.how,
        },
    )


def _meaning(side: Side, found: ModelPrompts, tolerance: float) -> str:
    if side is Side.ABOVE:
        return "the wording matters, so report several prompts"
    if side is Side.BELOW:
        return "the wording hardly matters"
    spread = found.spread
    beyond = "the wording matters, but" if spread.low > 0 else "chance may explain it, and"
    # From the spread beyond noise, not the one seen: few items make even equal prompts look apart.
    more = more_needed(spread.corrected, spread.low, spread.high, found.means.groups, tolerance)
    wanted = "" if more is None else f"; about {more:,} more would decide it"
    noun = "items" if found.means.groups == found.means.n else "clusters of items"
    return f"{beyond} too few {noun} to tell whether it is more than {points(tolerance)}{wanted}"


def _estimates(result: PromptSensitivity, found: ModelPrompts) -> Iterator[Estimate]:
    level, spread, n, prompts = result.level, found.spread, found.means.n, len(found.prompts)
    clustered = "" if found.means.groups == n else ", clustered"
    simultaneous = f"lower limit from the range of the errors, upper from one difference{clustered}"
    for name, value in (("spread_beyond_noise", spread.corrected), ("spread", spread.value)):
        limits = (value, spread.low, spread.high)
        yield estimate(name, *limits, level=level, method=simultaneous, n=n, unit=DIFFERENCE)
    noise = "expected range of the errors"
    yield Estimate(name="spread_from_noise_alone", value=spread.noise, method=noise, n=n, unit=DIFFERENCE)
    errors, jackknife = f"largest of normal errors{clustered}", f"jackknife over items{clustered}, t"
    named: tuple[tuple[str, Limits | None, str, int, str], ...] = (
        ("cps", found.cps, "", n, errors),
        ("quantile_5", found.worst, SHARE, n, errors),
        ("quantile_95", found.best, SHARE, n, errors),
        ("pss", found.pss, DIFFERENCE, n, f"Wilson or Clopper-Pearson at the design effect{clustered}"),
        ("prompt_variance", found.prompt_variance, "", prompts, "Williams, over prompts"),
        ("item_variance", found.item_variance, "", n, jackknife),
        ("item_by_prompt_and_residual_variance", found.residual_variance, "", n, jackknife),
    )
    for name, own, unit, size, method in named:
        if own is not None and math.isfinite(own.value):
            yield estimate(name, *own, level=level, method=method, n=size, unit=unit)
    # Only reruns tell an item's reaction to a prompt from chance; with single runs the two stay one component.
    if found.run_variance is not None and found.residual_variance is not None:
        left, method = (
            # Both are estimates, so their difference can be negative; a variance cannot.
            max(found.residual_variance.value - found.run_variance, 0.0),
            "residual less the variance of runs",
        )
        yield Estimate(name="item_by_prompt_variance", value=left, method=method, n=n)
        method = "variance over an item's runs, of their mean"
        yield Estimate(name="run_variance", value=found.run_variance, method=method, n=n)


def _ranking_finding(result: PromptSensitivity, found: Ranking, wanted: float, beyond: Side) -> Finding:
    level, n = result.level, found.prompts
    method = "jackknife over prompts on Fisher's z"
    concordance = estimate("kendall_w", *found.concordance, level=level, method=method, n=n)
    method = "exact for normal effects (ICC(3,1))"
    single = estimate("generalisability_of_one_prompt", *found.single, level=level, method=method, n=n)
    estimates = [concordance, single]
    if found.noise_alone:
        method = "median, 5% and 95% quantiles of normal errors"
        estimates.append(
            estimate("kendall_w_from_noise_alone", *found.noise_alone, level=0.9, method=method, n=found.items)
        )
    estimates.append(Estimate(name="p_value_of_noise_alone", value=finite(found.p_by_noise), n=found.items))
    needed = math.inf if single.value is None else prompts_needed(single.value, wanted)
    if math.isfinite(needed):
        estimates.append(Estimate(name="prompts_needed", value=needed, method=f"Spearman-Brown, for {wanted:g}"))
    agreement = "" if concordance.value is None else f" (their agreement, Kendall's W, is {value_of(concordance)})"
    side = against(single.low, single.high, wanted)
    rank = f"{n} prompts rank {found.models} models on {found.benchmark}{agreement}"
    # From a thousand on, Spearman-Brown is fed by a reliability near 0, which is hardly known.
    enough = f"; the mean of {plural(int(needed), 'prompt')} would do" if 1 < needed < 1000 else ""
    return Finding(
        subject={"benchmark": found.benchmark},
        title="Ranking across prompts",
        status=verdict(side, issue=Side.BELOW if beyond is Side.BELOW else (), passed=Side.ABOVE),
        sentence=f"{rank}: {_ranking_meaning(side, single, wanted, beyond)}{enough}.",
        short=RANKED[side],
        estimates=tuple(estimates),
        figure="P7.prompts",
    )


RANKED = {
    Side.ABOVE: "one prompt ranks the models reliably",
    Side.BELOW: "one prompt ranks the models unreliably",
    Side.ACROSS: "too few prompts or models to tell",
    Side.UNKNOWN: "too little varies to tell",
}


def _ranking_meaning(side: Side, single: Estimate, wanted: float, beyond: Side) -> str:
    if side is Side.UNKNOWN:
        return "too little varies to tell how far one prompt can stand for others"
    holds = f"a comparison under one prompt holds under others with a reliability of {shown(single)}"
    if side is Side.BELOW:
        return f"{holds}, below {wanted:g}, {NOISE_WORDS[beyond]}"
    return (
        holds if side is Side.ABOVE else f"{holds}; more prompts or models would tell whether that reaches {wanted:g}"
    )


_POINTS = 41


def figure(result: PromptSensitivity) -> list[Figure]:
    """The density of the prompts' scores of each model, over that which noise alone would give."""
    rows: list[tuple[Cell, ...]] = []
    for found in result.each:
        means, noise = found.means.means, found.means.noise
        centre, width = float(means.mean()), noise * math.sqrt(1 - 1 / len(means))
        # Silverman's bandwidth, no less than half of the noise: prompts are not known better than that.
        typical = min(float(means.std(ddof=1)), float(np.subtract(*np.quantile(means, (0.75, 0.25)))) / 1.34)
        smooth = max(0.9 * typical * len(means) ** -0.2, width / 2, 1e-4)
        for what, of, at in (("prompts", smooth, means), ("noise alone", max(width, 1e-4), np.array([centre]))):
            # A kernel spills past the ends of the scale; scores below 0 or above 1 are not drawn.
            x = np.clip(np.linspace(float(at.min()) - 3 * of, float(at.max()) + 3 * of, _POINTS), 0.0, 1.0)
            height = np.exp(-(((x[:, None] - at) / of) ** 2) / 2).mean(axis=1)
            half = 0.9 * height / height.max()
            rows += [
                (found.benchmark, found.model, finite(score), -float(h), float(h), what, None)
                for score, h in zip(x, half, strict=True)
            ]
        rows += [
            (found.benchmark, found.model, float(mean), 0.0, 0.0, "prompts", name)
            for mean, name in zip(means, found.prompts, strict=True)
        ]
    return [
        Figure(
            name="P7.prompts",
            kind="violin",
            title="Scores under each prompt",
            caption="Filled: how the scores of the prompts lie, with a tick for each prompt. Outlined: how they would "
            "lie if all prompts were equally good and only the sampling of items told them apart. The heights are not "
            "comparable.",
            columns=columns(("benchmark", "model", "mean score", "from", "to", "spread of", "prompt"), rows),
            x=Axis("mean score", "mean score under a prompt"),
            y=Axis("model", "model", "nominal"),
            low="from",
            high="to",
            label="prompt",
            color="spread of",
            select=("benchmark",),
        )
    ]


MEASURE = Measure(
    code="P7",
    name="prompt sensitivity",
    question=Question.PRECISION,
    asks="How far do scores and rankings depend on the wording of the prompt, beyond sampling noise?",
    needs=f"item-level results with {NEEDED}",
    formula="spread = max - min of the prompts' mean scores, less its expectation under noise alone; "
    "CPS = (1 - (MaxP - AvgP)) * MaxP; PSS = mean |difference| of two prompts on an item; Kendall's W of the models' "
    "ranks, against the W of draws in which every prompt is equally good for each model; prompts needed by "
    "Spearman-Brown from models / (models + residual).",
    compute=prompt_sensitivity,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "the wording matters",
        Status.CAUTION: "too few items to tell",
        Status.PASSED: "the wording hardly matters",
    },
    caveats=(
        "Prompts are the variants that the logs name, which may be formats, perturbations or answer filters; it speaks "
        "of prompts like these.",
        "The interval of the spread holds whatever the true scores are, and so is wide: where 95% is the aim it covers "
        "94 to 100% (measured); that of CPS falls to 81% where an item has a score under 4 of 20 prompts only.",
    ),
    references=(
        "Mizrahi et al. 2024, State of what art? A call for multi-prompt LLM evaluation, TACL 12",
        "Zhuo et al. 2024, ProSA, Findings of EMNLP",
        "Maia Polo et al. 2024, Efficient multi-prompt evaluation of LLMs, arXiv 2405.17202",
        "Brennan 2001, Generalizability theory, Springer",
    ),
)
