"""P7 prompt sensitivity: how far scores depend on the wording of the prompt, beyond sampling noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from measurand.errors import InputError, NotApplicable
from measurand.measure import Measure
from measurand.measures._shared import columns, estimate, number, overall, plural, require_fraction
from measurand.measures.precision.shared.grid import (
    Grid,
    Unassessed,
    grids,
    more_items,
    points,
    tenth,
    unassessed_findings,
)
from measurand.measures.precision.shared.prompts import NEEDED, SPARSE, ModelPrompts, Ranking, of_model, ranking
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.items.components import prompts_needed
from measurand.stats.items.prompts import spread_limits
from measurand.stats.items.reruns import Limits
from measurand.tables import Responses

__all__ = ["MEASURE", "PromptSensitivity", "figure", "judge", "prompt_sensitivity", "sensitivity_of"]

CODE, TITLE = "P7", "Prompt sensitivity"


@dataclass(frozen=True)
class PromptSensitivity:
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
    Rasch model with an effect a prompt and an item fills the grid (PromptEval). An item's runs are averaged first.

    Parameters
    ----------
    responses : item-level results; the prompts of a benchmark are its variants.
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
    if resamples < 50:
        raise InputError(f"resamples should be at least 50, got {resamples}")
    return sensitivity_of(grids(responses), level, resamples, rng)


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
        for reason in dict.fromkeys(failed.values()):
            models = [model for model, why in failed.items() if why == reason]
            named = models[0] if len(models) == 1 else f"{len(models)} of {plural(len(grid.models), 'model')}"
            unassessed.append(Unassessed({"benchmark": grid.benchmark}, f"{named} {reason}", NEEDED))
        rankings += ranking(grid, level, resamples, rng)
    if not each:
        reasons = list(dict.fromkeys(row.reason for row in unassessed))[:3] or ["no item was scored"]
        raise NotApplicable("; ".join(reasons), needs=NEEDED)
    together = 1 - (1 - level) / len(each)
    widened = (replace(found, least_of_all=spread_limits(found.means, together).low) for found in each)
    return PromptSensitivity(tuple(widened), tuple(rankings), tuple(unassessed), level)


def judge(
    result: PromptSensitivity, *, spread_tolerance: float = 0.02, wanted_generalisability: float = 0.9
) -> list[Finding]:
    """Issue: best and worst prompt differ by more than 2 points, interval and all, or one prompt ranks models badly."""
    require_fraction(spread_tolerance=spread_tolerance, wanted_generalisability=wanted_generalisability)
    each = [_finding(result, found, spread_tolerance) for found in result.each]
    rankings = [_ranking_finding(result, found, wanted_generalisability) for found in result.rankings]
    headline = _headline(result, each, spread_tolerance)
    return [headline, *each, *rankings, *unassessed_findings(CODE, TITLE, result.unassessed)]


def _headline(result: PromptSensitivity, each: Sequence[Finding], tolerance: float) -> Finding:
    status = overall(each)
    if status is Status.ISSUE and not any(found.least_of_all > tolerance for found in result.each):
        status = Status.CAUTION
    name = f"{CODE}.prompts"
    if len(each) == 1:
        return Finding(CODE, {}, TITLE, status, each[0].sentence, each[0].estimates, (), name)
    issues, passed = (sum(finding.status is which for finding in each) for which in (Status.ISSUE, Status.PASSED))
    sentence = (
        f"Of {len(each)} pairs of a model and a benchmark run under several prompts, {issues} have prompts that differ "
        f"by more than {points(tolerance)} beyond sampling noise, and {passed} clearly do not."
    )
    return Finding(CODE, {}, TITLE, status, sentence, (), (), name)


def _finding(result: PromptSensitivity, found: ModelPrompts, tolerance: float) -> Finding:
    spread = found.spread
    status, verdict = _verdict(found, tolerance)
    best, worst = (found.prompts[int(place)] for place in (found.means.means.argmax(), found.means.means.argmin()))
    unit = " of the range of scores" if found.scaled else ""
    sentence = (
        f"On {found.benchmark}, with {plural(found.means.n, 'item')}, the best of {len(found.prompts)} prompts gives "
        f"{found.model} {points(spread.value)}{unit} more than the worst, where chance alone would give about "
        f"{points(spread.noise)}; the true difference lies between {tenth(spread.low)} and {points(spread.high)}: "
        f"{verdict}."
    )
    caveats = []
    if found.how == SPARSE:
        caveats.append("Most items were run under some prompts only; a Rasch model filled in the rest.")
    if found.scaled:
        caveats.append("The scores have another range than 0 to 1; points are hundredths of the range seen.")
    subject = {"benchmark": found.benchmark, "model": found.model}
    plain: dict[str, Cell | Sequence[Cell]] = {
        "prompts": found.prompts,
        "means": tuple(map(float, found.means.means)),
        "best_prompt": best,
        "worst_prompt": worst,
        "method": found.how,
    }
    return Finding(
        CODE,
        subject,
        TITLE,
        status,
        sentence,
        tuple(_estimates(result, found)),
        tuple(caveats),
        f"{CODE}.prompts",
        plain,
    )


def _verdict(found: ModelPrompts, tolerance: float) -> tuple[Status, str]:
    spread = found.spread
    if spread.low > tolerance:
        return Status.ISSUE, "the wording matters, so report several prompts"
    if spread.high < tolerance:
        return Status.PASSED, "the wording hardly matters"
    beyond = "the wording matters, but" if spread.low > 0 else "chance may explain it, and"
    # The smaller of the two distances decides first.
    side = (spread.corrected, spread.low, spread.high)
    more = more_items(*side, found.means.groups, tolerance)
    wanted = "" if more is None else f"; about {more:,} more would decide it"
    noun = "items" if found.means.groups == found.means.n else "clusters of items"
    return Status.CAUTION, f"{beyond} too few {noun} to tell whether it is more than {points(tolerance)}{wanted}"


def _estimates(result: PromptSensitivity, found: ModelPrompts) -> Iterator[Estimate]:
    level, spread, n = result.level, found.spread, found.means.n
    clustered = "" if found.means.groups == n else ", clustered"
    simultaneous = f"lower limit from the range of the errors, upper from one difference{clustered}"
    yield estimate(
        "spread_beyond_noise", spread.corrected, spread.low, spread.high, level=level, method=simultaneous, n=n
    )
    yield estimate("spread", spread.value, spread.low, spread.high, level=level, method=simultaneous, n=n)
    yield Estimate("spread_from_noise_alone", spread.noise, method="expected range of the errors", n=n)
    errors, jackknife = f"largest of normal errors{clustered}", f"jackknife over items{clustered}, t(G-1)"
    named: tuple[tuple[str, Limits | None, str], ...] = (
        ("cps", found.cps, errors),
        ("quantile_5", found.worst, errors),
        ("quantile_95", found.best, errors),
        ("pss", found.pss, f"Wilson or Clopper-Pearson at the design effect{clustered}"),
        ("prompt_variance", found.prompt_variance, "Williams, over prompts"),
        ("item_variance", found.item_variance, jackknife),
        ("item_by_prompt_and_residual_variance", found.residual_variance, jackknife),
    )
    for name, limits, method in named:
        if limits is not None and math.isfinite(limits.value):
            yield estimate(name, limits.value, limits.low, limits.high, level=level, method=method, n=limits.n)
    if found.run_variance is not None and found.residual_variance is not None:
        left = max(found.residual_variance.value - found.run_variance, 0.0)
        yield Estimate("item_by_prompt_variance", left, method="residual less the variance of runs", n=n)
        yield Estimate("run_variance", found.run_variance, method="variance over an item's runs, of their mean", n=n)


def _ranking_finding(result: PromptSensitivity, found: Ranking, wanted: float) -> Finding:
    single, w = found.single, found.concordance
    method = "exact for normal effects (ICC(3,1))"
    estimates = [
        estimate(
            "kendall_w",
            w.value,
            w.low,
            w.high,
            level=result.level,
            method="jackknife over prompts on Fisher's z",
            n=w.n,
        ),
        estimate(
            "generalisability_of_one_prompt",
            single.value,
            single.low,
            single.high,
            level=result.level,
            method=method,
            n=single.n,
        ),
    ]
    if found.noise_alone:
        middle, low, high = found.noise_alone
        noise = "median, 5% and 95% quantiles of normal errors"
        estimates.append(Estimate("kendall_w_from_noise_alone", middle, low, high, 0.9, noise, found.items))
    status, verdict = _ranking_verdict(single, wanted)
    needed = prompts_needed(single.value, wanted) if math.isfinite(single.value) else math.inf
    if math.isfinite(needed):
        estimates.append(Estimate("prompts_needed", needed, method=f"Spearman-Brown, for {wanted:g}"))
    agreement = "" if not math.isfinite(w.value) else f" (their agreement, Kendall's W, is {w.value:.2f})"
    sentence = f"{found.prompts} prompts rank {found.models} models on {found.benchmark}{agreement}: {verdict}" + (
        f"; the mean of {plural(int(needed), 'prompt')} would do." if 1 < needed < 1000 else "."
    )
    subject = {"benchmark": found.benchmark}
    return Finding(CODE, subject, "Ranking across prompts", status, sentence, tuple(estimates), (), f"{CODE}.prompts")


def _ranking_verdict(single: Limits, wanted: float) -> tuple[Status, str]:
    if not math.isfinite(single.low):
        return Status.CAUTION, "too little varies to tell how far one prompt can stand for others"
    seen = f"{single.value:.2f} [{single.low:.2f} to {single.high:.2f}]"
    if single.high < wanted:
        return (
            Status.ISSUE,
            f"a comparison under one prompt holds under others with a reliability of {seen}, below {wanted:g}",
        )
    if single.low >= wanted:
        return Status.PASSED, f"a comparison under one prompt holds under others, with a reliability of {seen}"
    return Status.CAUTION, (
        f"a comparison under one prompt holds under others with a reliability of {seen}; more prompts or models "
        f"would tell whether that reaches {wanted:g}"
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
            x = np.clip(np.linspace(float(at.min()) - 3 * of, float(at.max()) + 3 * of, _POINTS), 0.0, 1.0)
            height = np.exp(-(((x[:, None] - at) / of) ** 2) / 2).mean(axis=1)
            half = 0.9 * height / height.max()
            rows += [
                (found.benchmark, found.model, number(score), -float(h), float(h), what, None)
                for score, h in zip(x, half, strict=True)
            ]
        rows += [
            (found.benchmark, found.model, float(mean), 0.0, 0.0, "prompts", name)
            for mean, name in zip(means, found.prompts, strict=True)
        ]
    return [
        Figure(
            f"{CODE}.prompts",
            "violin",
            "Scores under each prompt",
            "Filled: how the scores of the prompts lie, a tick a prompt. Outlined: how they would lie if all prompts "
            "were equally good and only the sampling of items told them apart. The heights are not comparable.",
            columns(("benchmark", "model", "mean score", "from", "to", "spread of", "prompt"), rows),
            Axis("mean score", "mean score under a prompt"),
            Axis("model", "model", "nominal"),
            low="from",
            high="to",
            label="prompt",
            color="spread of",
            select=("benchmark",),
        )
    ]


MEASURE = Measure(
    code=CODE,
    name="prompt sensitivity",
    question=Question.PRECISION,
    asks="How far do scores and rankings depend on the wording of the prompt, beyond sampling noise?",
    needs=f"item-level results with {NEEDED}",
    formula="spread = max - min of the prompts' mean scores, less its expectation under noise alone; "
    "CPS = (1 - (MaxP - AvgP)) * MaxP; PSS = mean |difference| of two prompts on an item; Kendall's W of the models' "
    "ranks; prompts needed by Spearman-Brown from models / (models + residual).",
    compute=prompt_sensitivity,
    judge=judge,
    figure=figure,
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
