"""V12, whose property: does a benchmark go with who made a model, with how capable it is, or with neither?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError
from measurand.measures import Measure
from measurand.measures.shared import display_names, estimate, finite, kind, require_fraction
from measurand.measures.validity.shared.owner_figures import answer, figure
from measurand.measures.validity.shared.owners import VERDICTS, ClassOwners, Owners, WhoseProperty
from measurand.measures.validity.shared.panel import Missing, Panel, assessable, panels
from measurand.measures.verdicts import Side, Unassessed, against, family, headline, unassessed
from measurand.results import Estimate, Finding, Question
from measurand.stats.capability.owners import (
    beside_capability,
    between_groups,
    shares_with_limits,
    within_groups,
)
from measurand.stats.intervals.correlation import bonett_wright
from measurand.stats.intervals.limits import Limits
from measurand.tables import Scores
from measurand.wording import CORRELATION, SHARE, listed, p_text, plural, shown

__all__ = ["MEASURE", "ClassOwners", "Owners", "WhoseProperty", "figure", "judge", "owners", "whose_property"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LEAST_DEVELOPERS, LEAST_FREEDOM = 3, 10
"""Of two developers the difference is that of one pair; the jackknife needs degrees of freedom to stand on."""

LEAST_SHOWN = 4
"""Models of one developer from which its own correlation is told."""

MOST_OWN = 5
"""Benchmarks up to which each speaks for itself."""

METHOD = "delete-one-model jackknife, t(n - developers - 1)"


def whose_property(
    scores: Scores,
    *,
    level: float = 0.95,
    missing: Missing = "complete",
    permutations: int = 4_000,
    rng: np.random.Generator | None = None,
) -> WhoseProperty:
    """Shares of a benchmark's variance over models: how capable they are, who made them, and their own.

    The R^2 of score ~ capabilities score + developer, adjusted for its number of parameters, is shared out between the
    two by Shapley's rule: each gets the mean of what it adds alone and what it adds beside the other. It speaks of
    these developers; the intervals, of further models by them. A family of models counts as a developer.

    Parameters
    ----------
    scores : scores with roles, and the developer (family) of the models.
    level : confidence level, in (0, 1).
    missing : as in `measurand.capabilities_correlation`.
    permutations : for the p-values.
    rng : generator for the permutations; a fixed one by default.

    Raises
    ------
    NotApplicable
        No class has a capabilities score.
    InputError
        A setting out of its range.

    References
    ----------
    Shapley 1953; Lipovetsky and Conklin 2001, Applied Stochastic Models in Business and Industry 17(4).

    Examples
    --------
    >>> import measurand
    >>> scores = measurand.load_example("frontier_2026").scores.with_capability(["cais_hle"])
    >>> found = whose_property(scores, permutations=200)
    >>> mask = next(row for row in found.classes[0].benchmarks if row.benchmark == "cais_mask_honesty")
    >>> round(mask.between.eta_squared, 3), round(mask.between.chance, 3), round(mask.within.value, 3)
    (0.643, 0.143, 0.396)
    """
    require_fraction(level=level)
    if permutations < 100:
        raise InputError(f"permutations should be at least 100, got {permutations}")
    rng = np.random.default_rng(0) if rng is None else rng
    found, problems = panels(scores, missing)
    parts, not_assessed = [], list(problems)
    for panel in found:
        able, not_able = assessable(panel.scores, panel.tested, panel.class_)
        not_assessed += not_able
        rows = []
        for j in np.flatnonzero(able):
            row = owners(panel, int(j), level, permutations, rng)
            if isinstance(row, Unassessed):
                not_assessed.append(row)
            else:
                rows.append(row)
        dates = scores.model_fact("release_date", panel.models)
        parts.append(ClassOwners(panel, tuple(rows), tuple(None if date is None else str(date) for date in dates)))
    return WhoseProperty(tuple(parts), tuple(not_assessed), level, display_names(scores))


def owners(panel: Panel, j: int, level: float, permutations: int, rng: np.random.Generator) -> Owners | Unassessed:
    """`whose_property` of one benchmark under test, or why it cannot be told."""
    ran = np.flatnonzero(np.isfinite(panel.scores[:, j]))
    # The only model of a developer tells nothing of what its models have in common.
    ran = ran[np.bincount(panel.families[ran])[panel.families[ran]] > 1]
    codes, group = np.unique(panel.families[ran], return_inverse=True)
    y, s = panel.scores[ran, j], panel.component.scores[ran]
    subject = {"benchmark": panel.tested[j], "class": panel.class_}
    if len(codes) < LEAST_DEVELOPERS or len(ran) - len(codes) - 1 < LEAST_FREEDOM:
        reason = f"{plural(len(ran), 'model')} of {plural(len(codes), 'developer')} with at least two models were run"
        return Unassessed(
            subject,
            f"{reason} on it",
            f"at least {LEAST_DEVELOPERS} developers, and {LEAST_FREEDOM + 1} models more than there are developers",
        )
    if not (np.ptp(y) and np.ptp(s)):
        return Unassessed(subject, f"these {len(ran)} models do not differ", "models that differ")
    rho, p_within = within_groups(y, s, group, permutations, rng)
    # Taking off the means of the developers costs one model each, but for one.
    low, high = bonett_wright(np.array([rho]), np.array([len(ran) - len(codes) + 1]), level)
    return Owners(
        benchmark=panel.tested[j],
        models=ran,
        developers=len(codes),
        shares=shares_with_limits(y, s, group, level),
        between=between_groups(y, group, permutations, rng),
        p_developer=beside_capability(y, s, group, permutations, rng),
        within=Limits(rho, float(low[0]), float(high[0])),
        p_within=p_within,
        each=_each(y, s, group, [panel.family_names[code] for code in codes]),
    )


def _each(
    y: Floats, s: Floats, group: npt.NDArray[np.int64], names: Sequence[str]
) -> tuple[tuple[str, float, int], ...]:
    found = []
    for code, name in enumerate(names):
        own = group == code
        if own.sum() >= LEAST_SHOWN:
            # A group of its own: its ranks, with their mean taken off.
            rho, _ = within_groups(y[own], s[own], np.zeros(own.sum(), np.int64), 0, np.random.default_rng(0))
            found.append((name, rho, int(own.sum())))
    return tuple(sorted(found, key=lambda row: -row[2]))


class _Call(NamedTuple):
    """The verdict on one benchmark among all of its class, its adjusted p-values, and the verdict by itself."""

    verdict: str
    p_developer: float
    p_within: float
    alone: str


def judge(result: WhoseProperty, *, mostly: float = 0.5) -> list[Finding]:
    """Verdicts: goes with who made it, with how capable it is, with both, with neither, or undecided.

    A benchmark goes with developers where they differ beyond chance at equal capability, and with capability where
    ranks go together within developers beyond chance, each at one less the level among all benchmarks of the class
    (Benjamini and Hochberg). Where both are so, the clearly greater share decides, and without one it is both; where
    neither is so and the models' own share is clearly above `mostly`, it is neither.
    """
    require_fraction(mostly=mostly)
    findings = []
    for part in result.classes:
        calls = _calls(part, 1 - result.level, mostly)
        each = [_finding(result, part, row, call) for row, call in zip(part.benchmarks, calls, strict=True)]
        if each:
            findings += [_headline(result, part, each), *each]
    return findings + unassessed(result.unassessed)


def _calls(part: ClassOwners, alpha: float, mostly: float) -> list[_Call]:
    p_values = np.array([(row.p_developer, row.p_within) for row in part.benchmarks]).reshape(-1, 2)
    adjusted = np.column_stack([family(column, "bh") for column in p_values.T])

    def called(row: Owners, p_developer: float, p_within: float) -> str:
        shares = row.shares
        # The permutation tests decide whether there is anything: at 36 models they find developers' share of 40% in .6
        # of studies, the intervals, which are for its size, in .4.
        match p_developer <= alpha, p_within <= alpha:
            case True, True:
                lead = against(shares.lead.low, shares.lead.high, 0.0)
                return {Side.ABOVE: "developer", Side.BELOW: "capability"}.get(lead, "both")
            # The share decides as well: of few models, the other may only not have been shown.
            case True, False if shares.lead.value > 0:
                return "developer"
            case False, True if shares.lead.value < 0:
                return "capability"
            case False, False if shares.neither.low > mostly:
                return "neither"
        return "undecided"

    return [
        _Call(called(row, made, capable), made, capable, called(row, row.p_developer, row.p_within))
        for row, (made, capable) in zip(part.benchmarks, adjusted.tolist(), strict=True)
    ]


def _finding(result: WhoseProperty, part: ClassOwners, row: Owners, call: _Call) -> Finding:
    status, short = VERDICTS[call.verdict]
    estimates = _estimates(result, row)
    developer, capability, _, within = estimates[:4]
    name, n = result.names[row.benchmark], f"{len(row.models)} {kind(part.panel.class_)}models"
    shared = (
        f"who made a model accounts for {shown(developer)} of its variation between {n} of {row.developers} developers "
        f"(p {p_text(row.p_developer)} at equal capability), how capable it is for {shown(capability)}"
    )
    moves = f"within a developer it correlates {shown(within)} with capability (p {p_text(row.p_within)})"
    # Either the other one is clear too and clearly smaller, or it is not clear.
    more = max(call.p_developer, call.p_within) <= 1 - result.level
    to_makers = " more than with how capable it is" if more else ", and not clearly with how capable it is"
    to_capability = " more than with who made it" if more else ", and not clearly with who made it"
    text = {
        "developer": f"{name} goes with who made a model{to_makers}: {shared}; {moves}.",
        "capability": f"{name} goes with how capable a model is{to_capability}: {shared}; {moves}.",
        "both": f"{name} goes both with who made a model and with how capable it is: {shared}; {moves}.",
        "neither": f"{name} goes neither with who made a model nor with how capable it is: {shared}. The rest is the "
        "models' own, or noise.",
        "undecided": f"For {name} there are too few models to say whose property it is: {shared}.",
    }[call.verdict]
    if call.alone != call.verdict:
        text += f" Judged on its own it {VERDICTS[call.alone][1].replace('goes', 'would go', 1)}, but among "
        text += f"{len(part.benchmarks)} benchmarks that could be chance."
    return Finding(
        subject={"benchmark": row.benchmark, "class": part.panel.class_},
        status=status,
        sentence=text,
        short=short,
        estimates=estimates,
        figure="V12.paths",
        result={
            "verdict": call.verdict,
            "verdict_alone": call.alone,
            "p_developer": row.p_developer,
            "p_developer_adjusted": call.p_developer,
            "p_within": finite(row.p_within),
            "p_within_adjusted": finite(call.p_within),
            "p_between": row.between.p_value,
            "between_by_chance": row.between.chance,
            "developers": row.developers,
            "within_developer": tuple(name for name, _, _ in row.each),
            "within_correlation": tuple(finite(rho) for _, rho, _ in row.each),
            "within_models": tuple(n for _, _, n in row.each),
        },
    )


def _estimates(result: WhoseProperty, row: Owners) -> tuple[Estimate, ...]:
    n = len(row.models)

    def share(name: str, limits: Limits) -> Estimate:
        return estimate(name, *limits, level=result.level, method=METHOD, n=n, unit=SHARE)

    return (
        share("developer_share", row.shares.groups),
        share("capability_share", row.shares.capability),
        share("own_share", row.shares.neither),
        estimate(
            "within_developer_correlation",
            *row.within,
            level=result.level,
            method="Fisher z, Bonett-Wright standard error at n - developers + 1",
            n=n,
            unit=CORRELATION,
        ),
        Estimate(name="between_developers", value=row.between.eta_squared, method="eta squared", n=n, unit=SHARE),
    )


def _headline(result: WhoseProperty, part: ClassOwners, each: Sequence[Finding]) -> Finding:
    count = Counter(str(finding.result["verdict"]) for finding in each)
    class_ = part.panel.class_
    if len(each) <= MOST_OWN:
        sentence = " ".join(finding.sentence for finding in each)
    else:
        words = {
            "developer": "with who made a model",
            "capability": "with how capable it is",
            "both": "with both",
            "neither": "with neither",
        }
        said = [
            f"{count[verdict]} {_go(count[verdict])} {meaning}{_named(result, each, verdict)}"
            for verdict, meaning in words.items()
            if count[verdict]
        ]
        models = f"the {kind(class_)}models"
        total = plural(len(each), "benchmark")
        rest = f" For the other {count['undecided']}, {models} are too few to say." if count["undecided"] else ""
        nothing = f"For none of the {total} are {models} enough to say."
        sentence = f"Of {total}, {listed(said)}.{rest}" if said else nothing
    made = count["developer"]
    return headline(
        sentence,
        each,
        subject={"class": class_},
        short=f"{made or 'none'} of {len(each)} {_go(made or 1)} with the developer",
        caveats=part.panel.caveats,
        figure="V12.shares",
    )


def _go(count: int) -> str:
    return "goes" if count == 1 else "go"


def _named(result: WhoseProperty, each: Sequence[Finding], verdict: str) -> str:
    names = [result.names[f.subject["benchmark"]] for f in each if f.result["verdict"] == verdict]
    return f" ({listed(names)})" if len(names) <= MOST_OWN else ""


MEASURE = Measure(
    code="V12",
    name="whose property",
    question=Question.VALIDITY,
    asks="Is the score a property of who made the model, of how capable it is, or of neither?",
    needs="what V1 needs, and the developer (family) of the models: at least 3 developers with two models or more, and "
    "11 models more than there are developers",
    formula="shares of capability and developer: Shapley values of the adjusted R^2 of score ~ s + developer; "
    "own share = 1 - adjusted R^2; p: residuals of score ~ s permuted.",
    compute=whose_property,
    judge=judge,
    figure=figure,
    answer=answer,
    caveats=(
        "Conditional on these developers: it does not say how the next one's models will do. A family of models counts "
        "as a developer.",
        "Observational: developers differ in more than one way, and so do prompts, tools and dates of their models.",
        "Measured, the intervals cover 92 to 98%; where a share is nearly 0, that of developers 97% and more. On five "
        "fresh designs they covered 95% on average, and as little as 86% where single models are far off (t with 3 "
        "degrees of freedom); verdicts were false in at most 6%.",
        "Measurement noise counts as the models' own share.",
    ),
    references=(
        "Shapley 1953, A value for n-person games, Contributions to the Theory of Games 2",
        "Lipovetsky and Conklin 2001, Analysis of regression in game theory approach, Applied Stochastic Models in "
        "Business and Industry 17(4)",
        "Freedman and Lane 1983, A nonstochastic interpretation of reported significance levels, Journal of Business "
        "and Economic Statistics 1(4)",
    ),
)
