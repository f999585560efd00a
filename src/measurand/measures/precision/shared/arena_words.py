"""How P10 words what it found in an arena."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from measurand.measures.precision.shared.arena import (
    LEAST_CLUSTERS,
    ORDERS,
    Arena,
    EloOrders,
    Group,
)
from measurand.measures.precision.shared.order import (
    METHOD,
    MOST_RESAMPLED,
    STEPS,
    first_words,
    named,
    order_estimates,
    order_result,
    order_status,
    order_words,
    rank_text,
    times_as_many,
)
from measurand.measures.shared import estimate, finite
from measurand.measures.verdicts import Unassessed
from measurand.results import Answer, Estimate, Finding, Status, Table
from measurand.stats.votes.elo import MOST_VOTES
from measurand.wording import SHARE, capital, interval, listed, number, percent, plural, shown, signed, value_of

__all__ = [
    "LEAST_TRIADS",
    "answer",
    "circle_findings",
    "elo_findings",
    "links_findings",
    "order_finding",
    "repeat_findings",
]

LEAST_TRIADS = 20
"""Decided triads below which the share of circles that chance makes is too wide to hold anything against."""

_EQUAL = 0.9
"""Share of the clusters that equal ones would have to be for their number alone to be told."""

_UNITS = {None: "votes", "voter": "voters", "item": "prompts"}
_TIE_WORDS = {"half": "ties as half wins", "rao_kupper": "Rao-Kupper ties", "davidson": "Davidson ties"}


def answer(result: Arena, findings: Sequence[Finding]) -> Answer:
    """The table of ranks of the largest group, and of the next two where there are several."""
    group = result.groups[0]
    alike, pairs = group.alike, len(group.models) - 1
    tied = f"{alike:,} of {pairs:,} neighbours in rank are" if pairs > 1 else "The two are"
    rest = f"{tied} statistically tied." if alike else "Every model is told apart from the next."
    ties = f", {result.ties:,} of them ties (half a win each)" if result.ties and group.ties == "half" else ""
    notes = [
        f"Elo points, 0 is the average model; {percent(result.level)} intervals. {plural(result.votes, 'vote')}{ties}."
    ]
    if group.clusters:
        notes.append(_clusters_words(group))
    limits = [f for f in findings if not f.headline and f.status is not Status.NOT_APPLICABLE]
    return Answer(
        sentence=f"{first_words(group)}. {rest}",
        tables=tuple(_table(each, result) for each in result.groups[:3]),
        notes=tuple(notes),
        cautions=tuple((finding.status, finding.sentence) for finding in limits),
    )


def _table(group: Group, result: Arena) -> Table:
    rows = []
    for place, (model, limits) in enumerate(zip(group.models, group.strength, strict=True)):
        value, low, high = map(finite, limits)
        rating = "" if value is None else signed(value, 0)
        rows.append((rank_text(group, place), model, rating, interval(low, high, lambda each: signed(each, 0))))
    return Table(
        head=("rank", "model", "rating", percent(result.level)),
        rows=tuple(rows),
        right=(0, 2),
        title="" if group is result.groups[0] else f"Ranked apart: {named(group.models)}",
        ends=True,
    )


def order_finding(result: Arena, group: Group, subject: dict[str, str]) -> Finding:
    """What the order of one group is worth; that of the largest, which has no subject, is the measure's answer."""
    m = len(group.models)
    everyone = sum(len(each.models) for each in result.groups) + len(result.alone) + len(result.even)
    who = f"{m:,} models ranked by {plural(group.votes, 'vote')}"
    who += f" (of {everyone:,} in the arena)" if everyone > m else ""
    strengths = [tuple(map(finite, row)) for row in zip(*group.strength, strict=True)]
    return Finding(
        subject=subject,
        status=order_status(group),
        sentence=order_words(group, who) + times_as_many(group, _UNITS[group.cluster]) + _unanimous_words(group),
        headline=not subject,
        estimates=_estimates(result, group),
        caveats=_order_caveats(result, group),
        figure="P10.ranks",
        result=order_result(group) | dict(zip(("strength", "low", "high"), strengths, strict=True)),
    )


def _unanimous_words(group: Group) -> str:
    said = " Every vote supports this order: no finite strengths fit it, and pairs are told apart by how many agree."
    return said if group.unanimous else ""


def _estimates(result: Arena, group: Group) -> tuple[Estimate, ...]:
    drawn = " and ".join(_UNITS[each.name] for each in group.clusters) or "votes"
    freedom = f"t({group.freedom:.1f})" if group.clusters else "normal"
    fitted = f"Bradley-Terry ({_TIE_WORDS[group.ties]}), sandwich by {drawn}, {freedom}"
    strength = estimate(
        "strength_of_first", *group.strength[0], level=result.level, method=fitted, n=group.votes, unit="Elo points"
    )
    if group.unanimous:
        how = f"exact sign tests over {drawn}, Holm over all pairs of models"
        return order_estimates(group, level=result.level, method=how, n=group.votes)
    how = f"{METHOD} of votes" if group.resampled and not group.clusters else STEPS
    first, *told = order_estimates(group, level=result.level, method=how, n=group.votes)
    method = "clustered / independent votes"
    ratio = Estimate(name="standard_error_ratio", value=group.widening, method=method, n=group.votes)
    return (first, strength, *told, ratio)


def _order_caveats(result: Arena, group: Group) -> tuple[str, ...]:
    found = list(result.notes)
    if group.ties != result.tie_model:
        # Said whenever the fit fell back, or the user would quote a model of ties that was never fitted.
        found.append("Ties count as half wins: these votes have no finite fit of the model of ties asked for.")
    if group.clusters:
        found.append(_clusters_words(group))
    found += [
        f"The votes name {plural(count, name)}, too few to tell how far they differ (at least {LEAST_CLUSTERS}); no "
        "interval allows for it."
        for name, count in result.few
    ]
    return tuple(found)


def _clusters_words(group: Group) -> str:
    """Why the intervals do not count single votes, and how far unequal activity leaves fewer voters or prompts."""
    kinds = {"voter": "votes by one voter", "item": "votes on one prompt"}
    words = capital(" and ".join(kinds[each.name] for each in group.clusters))
    counted = " and ".join(plural(each.groups, _UNITS[each.name][:-1]) for each in group.clusters)
    said = f"{words} are not independent: the intervals count {counted}, not {plural(group.votes, 'vote')}"
    unequal = [each for each in group.clusters if each.effective < _EQUAL * each.groups]
    if unequal:
        as_many = listed([f"about {plural(round(each.effective), _UNITS[each.name][:-1])}" for each in unequal])
        said += f" (by how unequally active they are, they say as much as {as_many} of equal activity)"
    if group.unanimous:
        return f"{said}."
    if group.freedom < 1:
        return f"{said}. Nearly all votes are of one of them, too few to say how sure any strength is."
    return f"{said}, and are {group.widening:.1f} times as wide."


def links_findings(result: Arena) -> list[Finding]:
    """Models and groups that the votes do not put on one scale."""
    said = []
    # Islands first: without a vote between them nothing was even asked, which more votes can mend.
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
        text = why if len(models) == 1 else why.replace("its", "their")
        said.append(f"{named(models)} {text}, so no finite strength fits: left unranked.")
    if result.even:
        said.append(f"All votes between {named(result.even)} are ties: nothing tells them apart.")
    unranked = Estimate(name="models_unranked", value=float(len(result.alone) + len(result.even)), method="count")
    found = Finding(
        subject={"part": "links"},
        title="Links between models",
        status=Status.CAUTION,
        sentence=" ".join(said),
        estimates=(unranked,),
    )
    return [found] if said else []


def circle_findings(result: Arena) -> list[Finding]:
    """Whether more models beat each other in a circle than chance makes."""
    if result.groups[0].unanimous:
        return []
    found, subject = result.circles, {"part": "circles"}
    if not result.groups[0].resampled:
        return [replace(_not_redrawn(result, subject), title="Circles")]
    decided = 0 if found is None else found.decided
    if found is None or decided < LEAST_TRIADS:
        reason = (
            f"{plural(decided, 'triad of models', 'has')} a winner in each pair, too few to tell circles from chance"
        )
        row = Unassessed(subject, reason, f"at least {LEAST_TRIADS} of them").finding()
        return [replace(row, title="Circles")]
    method = "votes drawn from the strengths"
    share = Estimate(
        name="share_in_circles", value=found.cyclic / decided, method="decided triads", n=decided, unit=SHARE
    )
    chance = estimate("share_by_chance", *found.by_chance, level=result.level, method=method, n=decided, unit=SHARE)
    # One-sided: fewer circles than chance makes would be no reason for doubt.
    more = found.cyclic / decided > found.by_chance.high
    some = f"{found.cyclic:,}" if found.cyclic else "None"
    return [
        Finding(
            subject=subject,
            title="Circles",
            status=Status.CAUTION if more else Status.PASSED,
            sentence=f"{some} of {decided:,} triads of models ({value_of(share)}) run in a circle: A beats "
            f"B, B beats C, C beats A. If each model had one strength, chance alone would make {shown(chance)}"
            + ("; so one strength per model does not explain the votes." if more else "."),
            estimates=(share, chance),
            caveats=(
                "Votes that are not independent (one voter, one prompt) make more circles than this chance does.",
            ),
        )
    ]


def _not_redrawn(result: Arena, subject: dict[str, str]) -> Finding:
    """A row for what takes votes drawn again and again, which so many models are too many for."""
    reason = f"votes between {len(result.groups[0].models):,} models are not drawn again, which would take hours"
    return Unassessed(subject, reason, f"at most {MOST_RESAMPLED} models, such as the first ones").finding()


def repeat_findings(result: Arena, same_order: float) -> list[Finding]:
    """How many votes settle the order."""
    if not (result.groups[0].resampled or result.groups[0].unanimous):
        return [replace(_not_redrawn(result, {"part": "repeats"}), title="Votes for a stable order")]
    votes = result.groups[0].votes
    now = next((row for row in result.repeats if row.votes == votes), None)
    if now is None:
        return []
    method = "bootstrap of two arenas from the votes there are"
    agreement = estimate("same_order", *now.agreement, level=result.level, method=method, n=votes, unit=SHARE)
    # Shares of few pairs come in steps, and a limit right on the bound has reached it.
    passed = now.agreement.low >= same_order
    rest = "" if passed else f"; for {percent(same_order)} nearly every time it takes {_votes_for(result, same_order)}"
    return [
        Finding(
            subject={"part": "repeats"},
            title="Votes for a stable order",
            status=Status.PASSED if passed else Status.CAUTION,
            sentence=f"Two arenas of {plural(votes, 'such vote')} would put {shown(agreement)} of the pairs of models "
            f"in the same order{rest}.",
            estimates=(agreement,),
            caveats=("The strengths found stand in for the true ones, which differ less: this flatters it a little.",),
            figure="P10.votes",
        )
    ]


def _votes_for(result: Arena, wanted: float) -> str:
    """Votes at which the agreement's lower limit reaches the one wanted, on a logarithmic scale between sizes tried."""
    group, repeats = result.groups[0], result.repeats
    units = "" if group.cluster is None else f" by proportionately more {_UNITS[group.cluster]}"
    if group.cluster == "item":
        units = units.replace(" by", " on")
    for below, above in itertools.pairwise(repeats):
        one, other = below.agreement.low, above.agreement.low
        if one < wanted <= other:
            share = (wanted - one) / (other - one)
            # By the lower limit, as in the verdict: a typical repeat that agrees is no promise.
            needed = below.votes * (above.votes / below.votes) ** share
            return f"about {float(f'{needed:.2g}'):,.0f} votes{units}"
    # Beyond the largest size tried nothing was simulated, so no number is extrapolated.
    return f"more than {repeats[-1].votes:,} votes{units}"


def elo_findings(result: Arena) -> list[Finding]:
    """How far Elo depends on the order in which the votes came."""
    if not result.elo:
        return []
    votes, low, high = result.groups[0].votes, result.elo[0], result.elo[-1]
    method = f"median over models, {ORDERS} orders"
    estimates = [
        Estimate(name=f"{name}_k{row.factor:g}", value=value, method=method, n=votes, unit=unit)
        for row in result.elo
        for name, value, unit in (("elo_spread", row.spread, "Elo points"), ("elo_rank_span", row.span, "ranks"))
    ]
    return [
        Finding(
            subject={"part": "Elo"},
            title="Elo and order of votes",
            # By the smallest K: a larger one follows the latest votes still more.
            status=Status.CAUTION if low.span >= 1 else Status.PASSED,
            sentence=f"Elo depends on the order in which votes happen to come. Over {ORDERS} random orders a typical "
            f"model's rating varies by {_moved(low)} if a vote moves it by at most {low.factor:g} points (K), and by "
            f"{_moved(high)} if by at most {high.factor:g}.",
            estimates=tuple(estimates),
            caveats=(f"Each order plays {MOST_VOTES:,} votes drawn at random.",) if votes > MOST_VOTES else (),
        )
    ]


def _moved(row: EloOrders) -> str:
    return f"{number(row.spread, 1)} Elo points (SD) and {plural(round(row.span), 'rank')}"
