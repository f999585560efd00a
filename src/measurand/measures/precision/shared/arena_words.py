"""How P10 words what it found in an arena."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from measurand.measures._shared import listed, plural
from measurand.measures.precision.shared.arena import LEAST_CLUSTERS, ORDERS, Arena, EloOrders, Group
from measurand.results import Estimate, Finding, Status
from measurand.stats.votes.elo import MOST_VOTES

__all__ = [
    "CODE",
    "TITLE",
    "circle_findings",
    "elo_finding",
    "links_findings",
    "named",
    "order_finding",
    "repeat_findings",
]

CODE, TITLE = "P10", "Arena"

LEAST_TRIADS = 20

_UNITS = {None: "votes", "voter": "voters", "item": "prompts"}
_TIE_WORDS = {"half": "ties as half wins", "rao_kupper": "Rao-Kupper ties", "davidson": "Davidson ties"}


def order_finding(result: Arena, group: Group, subject: dict[str, str]) -> Finding:
    """What the order of one group is worth."""
    m, alike = len(group.models), group.apart.count(False)
    everyone = sum(len(each.models) for each in result.groups) + len(result.alone) + len(result.even)
    whose = f"{m} models ranked by {group.votes:,} votes" + (f" (of {everyone} in the arena)" if everyone > m else "")
    if not group.told_apart:
        who = f"The {whose} cannot" if m == 2 else f"No two of the {whose} can"
        status, verdict = Status.ISSUE, f"{who} be told apart: their order is not evidence."
    elif alike:
        status = Status.CAUTION
        verdict = (
            f"Of the {whose}, {alike} of {plural(m - 1, 'pair')} of neighbours cannot be told apart: the order within "
            f"{'these pairs' if alike > 1 else 'this pair'} is not evidence."
        )
    else:
        status, verdict = Status.PASSED, f"Each of the {whose} is told apart from the next."
    best, worst = group.ranks[0]
    lead = f" {group.models[0]} comes first; its rank lies between {best} and {worst}."
    if best == worst:
        lead = f" {group.models[0]} comes first and is told apart from every other."
    return Finding(
        CODE,
        subject,
        TITLE,
        status,
        verdict + lead + _more(group),
        _estimates(result, group),
        _order_caveats(result, group),
        f"{CODE}.ranks",
        {
            "model": group.models,
            "strength": tuple(value for value, _, _ in group.strength),
            "low": tuple(low for _, low, _ in group.strength),
            "high": tuple(high for _, _, high in group.strength),
            "best_rank": tuple(best for best, _ in group.ranks),
            "worst_rank": tuple(worst for _, worst in group.ranks),
        },
    )


def _more(group: Group) -> str:
    """What it would take to tell the typical pair of neighbours apart, where they are not."""
    times = [factor for factor, apart in zip(group.more_votes, group.apart, strict=True) if not apart]
    if not times:
        return ""
    typical, units = float(np.median(times)), _UNITS[group.cluster]
    if not typical < 1000:
        return f" Not even 1,000 times as many {units} would tell a typical pair of them apart."
    shown = f"{typical:,.0f}" if typical >= 9.5 else f"{typical:.1f}"
    return f" To tell a typical pair of them apart would take about {shown} times as many {units}."


def _estimates(result: Arena, group: Group) -> tuple[Estimate, ...]:
    m = len(group.models)
    drawn = _UNITS[group.cluster]
    together = f"all ranks together, step-down over all pairs (Mogstad et al. 2024), bootstrap of {drawn}"
    each = f"Bradley-Terry ({_TIE_WORDS[group.ties]}), sandwich by {drawn}, "
    each += "normal" if group.clusters is None else f"t({group.clusters - 1})"
    best, worst = group.ranks[0]
    return (
        Estimate("rank_of_first", 1.0, float(best), float(worst), result.level, together, group.votes),
        Estimate("strength_of_first", *group.strength[0], result.level, each, group.votes, "Elo points"),
        Estimate("neighbours_told_apart", float(sum(group.apart)), method=together, n=m - 1),
        Estimate("pairs_told_apart", float(group.told_apart), method=together, n=m * (m - 1) // 2),
        Estimate("standard_error_ratio", group.widening, method="clustered / independent votes", n=group.clusters),
    )


def _order_caveats(result: Arena, group: Group) -> tuple[str, ...]:
    found = list(result.notes)
    if group.ties != result.tie_model:
        found.append("Ties count as half wins: these votes have no finite fit of the model of ties asked for.")
    if group.cluster is not None:
        words = {"voter": "One voter's votes", "item": "Votes on one prompt"}[group.cluster]
        found.append(
            f"{words} are not independent: the intervals count {group.clusters} {_UNITS[group.cluster]}, not "
            f"{group.votes:,} votes, and are {group.widening:.1f} times as wide."
        )
    for name, count in result.few:
        found.append(
            f"The votes name {plural(count, name)}, too few to tell how far they differ (at least {LEAST_CLUSTERS}); "
            "no interval allows for it."
        )
    return tuple(found)


def links_findings(result: Arena) -> list[Finding]:
    """Models and groups that the votes do not put on one scale."""
    said = []
    if result.islands > 1:
        said.append(
            f"The arena falls into {result.islands} parts without a vote between them: each is ranked apart, and "
            "nothing is known of the order between them."
        )
    elif len(result.groups) > 1:
        said.append(
            f"{len(result.groups)} groups are each ranked apart: between them one side won every vote, so no finite "
            "distance fits."
        )
    reasons: dict[str, list[str]] = {}
    for model, why in result.alone:
        reasons.setdefault(why, []).append(model)
    for why, models in reasons.items():
        one = len(models) == 1
        text = why if one else why.replace("its", "their")
        said.append(f"{named(models)} {text}, so no finite strength fits: left unranked.")
    if result.even:
        said.append(f"All votes between {named(result.even)} are ties: nothing tells them apart.")
    if not said:
        return []
    estimates = (Estimate("models_unranked", float(len(result.alone) + len(result.even)), method="count"),)
    return [Finding(CODE, {"part": "links"}, "Links between models", Status.CAUTION, " ".join(said), estimates)]


def named(models: Sequence[str], most: int = 3) -> str:
    """Names in a sentence, the first few of many.

    Examples
    --------
    >>> named("AB"), named("ABCDE")
    ('A and B', 'A, B, C and 2 more')
    """
    shown = list(models[:most]) + ([f"{len(models) - most} more"] if len(models) > most else [])
    return listed(shown)


def circle_findings(result: Arena) -> list[Finding]:
    """Whether more models beat each other in a circle than chance makes."""
    found = result.circles
    decided = 0 if found is None else found.decided
    if found is None or decided < LEAST_TRIADS:
        sentence = (
            f"{plural(decided, 'triad')} of models {'has' if decided == 1 else 'have'} a winner in each pair: too few "
            f"to tell circles from chance; needs at least {LEAST_TRIADS}."
        )
        return [Finding(CODE, {"part": "circles"}, "Circles", Status.NOT_APPLICABLE, sentence)]
    share = found.cyclic / decided
    _, low, high = found.by_chance
    more = share > high
    sentence = (
        f"{found.cyclic:,} of {decided:,} triads of models ({share:.1%}) run in a circle: A beats B, B beats C, C "
        f"beats A. If each model had one strength, chance alone would make {low:.1%} to {high:.1%}"
    )
    sentence += "; so one strength a model does not explain the votes." if more else "."
    return [
        Finding(
            CODE,
            {"part": "circles"},
            "Circles",
            Status.CAUTION if more else Status.PASSED,
            sentence,
            (
                Estimate("share_in_circles", share, method="decided triads", n=decided),
                Estimate("share_by_chance", *found.by_chance, result.level, "votes drawn from the strengths", decided),
            ),
            ("Votes that are not independent (one voter, one prompt) make more circles than this chance does.",),
        )
    ]


def repeat_findings(result: Arena, same_order: float) -> list[Finding]:
    """How many votes settle the order."""
    votes = result.groups[0].votes
    now = next((row for row in result.repeats if row.votes == votes), None)
    if now is None:
        return []
    middle, low, high = now.agreement
    passed = low >= same_order
    sentence = (
        f"Two arenas of {votes:,} such votes would put {middle:.0%} [{low:.0%} to {high:.0%}] of the pairs of models "
        f"in the same order"
    )
    sentence += (
        "." if passed else f"; for {same_order:.0%} nearly every time it takes {_votes_for(result, same_order)}."
    )
    return [
        Finding(
            CODE,
            {"part": "repeats"},
            "Votes for a stable order",
            Status.PASSED if passed else Status.CAUTION,
            sentence,
            (
                Estimate(
                    "same_order",
                    middle,
                    low,
                    high,
                    result.level,
                    "bootstrap of two arenas from the votes there are",
                    votes,
                ),
            ),
            ("The strengths found stand in for the true ones, which differ less: this flatters it a little.",),
            f"{CODE}.votes",
        )
    ]


def _votes_for(result: Arena, wanted: float) -> str:
    """Votes at which the agreement's lower limit reaches the one wanted, on a logarithmic scale between sizes tried."""
    group, repeats = result.groups[0], result.repeats
    units = "" if group.cluster is None else f" by proportionately more {_UNITS[group.cluster]}"
    if group.cluster == "item":
        units = units.replace(" by", " on")
    for below, above in itertools.pairwise(repeats):
        one, other = below.agreement[1], above.agreement[1]
        if one < wanted <= other:
            share = (wanted - one) / (other - one)
            needed = below.votes * (above.votes / below.votes) ** share
            return f"about {float(f'{needed:.2g}'):,.0f} votes{units}"
    return f"more than {repeats[-1].votes:,} votes{units}"


def elo_finding(result: Arena) -> Finding:
    """How far Elo depends on the order in which the votes came."""
    votes, low, high = result.groups[0].votes, result.elo[0], result.elo[-1]
    sentence = (
        f"Elo depends on the order in which votes happen to come. Over {ORDERS} random orders a typical model's rating "
        f"varies by {_moved(low)} if a vote moves it by at most {low.factor:g} points (K), and by {_moved(high)} if by "
        f"at most {high.factor:g}."
    )
    estimates = [
        Estimate(f"{name}_k{row.factor:g}", value, method=f"median over models, {ORDERS} orders", n=votes, unit=unit)
        for row in result.elo
        for name, value, unit in (("elo_spread", row.spread, "Elo points"), ("elo_rank_span", row.span, "ranks"))
    ]
    played = (f"Each order plays {MOST_VOTES:,} votes drawn at random.",) if votes > MOST_VOTES else ()
    status = Status.CAUTION if low.span >= 1 else Status.PASSED
    return Finding(CODE, {"part": "Elo"}, "Elo and order of votes", status, sentence, tuple(estimates), played)


def _moved(row: EloOrders) -> str:
    return f"{row.spread:.1f} points (SD) and {plural(round(row.span), 'rank')}"
