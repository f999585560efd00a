"""P10, arena: is the order of models by votes between two of them evidence, and of what?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures.precision.shared.arena import (
    LEAST_CLUSTERS,
    Arena,
    Group,
    Part,
    circles,
    elo_orders,
    ranked,
    ranked_by_all,
    repeats,
)
from measurand.measures.precision.shared.arena_words import (
    answer,
    circle_findings,
    elo_findings,
    links_findings,
    order_finding,
    repeat_findings,
)
from measurand.measures.precision.shared.order import named
from measurand.measures.shared import bars, columns, finite, require_fraction
from measurand.results import Axis, Cell, Figure, Finding, Question, Status
from measurand.stats.votes.bradley_terry import TIES, Comparisons, Ties, comparisons, strong_components
from measurand.stats.votes.rankings import one_order
from measurand.tables.votes import Votes
from measurand.wording import percent, plural

__all__ = ["MEASURE", "Arena", "Group", "arena"]

Ints = npt.NDArray[np.int64]
Cluster = Literal["auto", "voter", "item", "none"]

CLUSTERS: tuple[Cluster, ...] = ("auto", "voter", "item", "none")

MOST_DRAWN = 200
"""Models in a picture: of more, neither names nor bars could be told from each other."""


def arena(
    votes: Votes,
    *,
    level: float = 0.95,
    ties: Ties = "half",
    cluster: Cluster = "auto",
    resamples: int = 1000,
    rng: np.random.Generator,
) -> Arena:
    """Order of models by the votes between them (Bradley-Terry), with rank intervals that hold together.

    Parameters
    ----------
    votes : at least one of them not a tie.
    level : confidence level, in (0, 1), of each interval of a strength, and of all rank intervals together.
    ties : ``half`` counts a tie as half a win each; ``rao_kupper`` and ``davidson`` give it a chance of its own.
    cluster : ``voter`` or ``item``: votes by one voter (on one prompt) are not independent; ``none``: all are;
        ``auto``: of the voters and the items named, each from 5 of them on, and of both at once.
    resamples : bootstrap resamples behind the rank intervals of independent votes.

    Raises
    ------
    NotApplicable
        Every vote is a tie; or no two models are linked by wins in both directions and the votes leave the order open.
    InputError
        A setting out of its range, or a clustering with fewer than 5 clusters.
    UnknownName
        A way of ties or a clustering that there is not.

    References
    ----------
    Bradley and Terry 1952, Biometrika 39; Ford 1957, American Mathematical Monthly 64(8); Mogstad, Romano, Shaikh and
    Wilhelm 2024, Review of Economic Studies 91(1); Boubdir et al. 2023, arXiv 2311.17295; Cameron, Gelbach and Miller
    2011, J. Business and Economic Statistics 29(2); Carter, Schnepel and Steigerwald 2017, Review of Economics and
    Statistics 99(4).

    Examples
    --------
    >>> import polars as pl
    >>> wins = [("A", "B", 30), ("B", "A", 10), ("B", "C", 20), ("C", "B", 20)]
    >>> rows = [(a, b, "model_a") for a, b, count in wins for _ in range(count)]
    >>> votes = Votes.build(pl.DataFrame(rows, schema=["model_a", "model_b", "winner"], orient="row"))
    >>> found = arena(votes, rng=np.random.default_rng(0))
    >>> found.groups[0].models[0], found.groups[0].ranks
    ('A', ((1, 2), (2, 3), (1, 3)))
    """
    require_fraction(level=level)
    if resamples < 100:
        raise InputError(f"resamples should be at least 100, got {resamples}")
    for what, name, known in (("way of ties", ties, TIES), ("clustering", cluster, CLUSTERS)):
        if name not in known:
            raise UnknownName(what, str(name), known)
    outcome, weights = votes.outcomes(), votes.weights()
    total = int(votes.frame["count"].sum())
    # Ties alone fit equal strengths with any precision; they hold no order to estimate.
    if (outcome == 1).all():
        raise NotApplicable(f"all {total:,} votes are ties", needs="votes that prefer one of the two models")
    codes, few = _clusterings(votes, cluster)
    first, second = votes.sides()
    names = votes.models
    whole = comparisons(first, second, outcome, len(names), weights)
    # Ford's condition: without a win in each direction between any split of the models the likelihood has no maximum.
    label = strong_components(whole.wins)
    sizes = np.bincount(label)
    linked = label[first] == label[second]
    groups, even, largest = [], [], None
    for component in sorted(np.flatnonzero(sizes > 1), key=lambda c: (-sizes[c], c)):
        here = linked & (label[first] == component)
        if (outcome[here] == 1).all():
            # Ties link models as half wins do, but equal strengths by construction are no finding.
            even += [names[i] for i in np.flatnonzero(label == component)]
            continue
        of_group = None if weights is None else weights[here]
        inside = {name: own[here] for name, own in codes.items()}
        part = Part.of(names, first[here], second[here], outcome[here], of_group, inside)
        groups.append(ranked(part, level, ties, resamples, rng))
        # Elo, circles and repeats of the largest group only: of a few votes they tell nothing.
        largest = largest or (part, groups[0])
    alone = tuple((names[i], _why_alone(whole, int(i))) for i in np.flatnonzero(sizes[label] == 1))
    if largest is None:
        part = Part.of(names, first, second, outcome, weights, codes)
        alone, groups = (), [_unanimous(part, level)]
        largest = (part, groups[0])
    part, group = largest
    # Where every vote supports one order there is no circle, and no strength to draw further votes from.
    redrawn = group.resampled and not group.unanimous
    return Arena(
        groups=tuple(groups),
        alone=alone,
        even=tuple(even),
        islands=int(connected_components(whole.wins + whole.wins.T, directed=False)[0]),
        votes=total,
        ties=int(whole.counts[1].sum()),
        elo=elo_orders(part, rng),
        circles=circles(part.data, level, rng) if redrawn else None,
        repeats=repeats(part, group.cluster, level, rng) if redrawn else (),
        few=few,
        tie_model=ties,
        level=level,
        notes=votes.notes,
    )


def _unanimous(part: Part, level: float) -> Group:
    order = one_order(part.data.wins)
    if order is None:
        raise NotApplicable(
            "every model won all or lost all of its decided votes, so no finite strengths fit them, and the votes "
            "leave the order open",
            needs="models that win some votes and lose some against the same others",
        )
    return ranked_by_all(part, level, order)


def _clusterings(votes: Votes, cluster: Cluster) -> tuple[dict[str, Ints], tuple[tuple[str, int], ...]]:
    """Cluster of each vote by each clustering that may be used, and those with too few clusters."""
    wanted = {"auto": ("voter", "item"), "none": ()}.get(cluster, (cluster,))
    named = {name: codes for name in wanted if (codes := votes.clusters(name)) is not None}
    # Asked for by name, too few clusters are an error; found by itself ("auto"), they are only reported.
    counts = {name: len(np.unique(codes)) for name, codes in named.items()}
    if cluster in ("voter", "item") and counts.get(cluster, 0) < LEAST_CLUSTERS:
        raise InputError(
            f"cluster {cluster!r}: the votes name {plural(counts.get(cluster, 0), cluster)}; there should be at least "
            f"{LEAST_CLUSTERS}"
        )
    few = tuple((name, count) for name, count in counts.items() if count < LEAST_CLUSTERS)
    return {name: codes for name, codes in named.items() if counts[name] >= LEAST_CLUSTERS}, few


def _why_alone(whole: Comparisons, model: int) -> str:
    won, lost = whole.wins[model].sum(), whole.wins[:, model].sum()
    if not lost:
        return f"won all of its {plural(int(won), 'vote')}"
    if not won:
        return f"lost all of its {plural(int(lost), 'vote')}"
    return "won every vote against some models and lost every vote against the others"


def judge(result: Arena, *, same_order: float = 0.95) -> list[Finding]:
    """Issue: no two models can be told apart. Passed: each is told apart from the next.

    Further rows say which models have no place in the order, how far Elo depends on the order of the votes, whether
    more models beat each other in a circle than chance makes, and how many votes settle `same_order` of the pairs.
    """
    require_fraction(same_order=same_order)
    findings = [order_finding(result, group, {}) for group in result.groups[:1]]
    findings += [order_finding(result, group, {"group": named(group.models)}) for group in result.groups[1:]]
    findings += links_findings(result)
    return [*findings, *circle_findings(result), *repeat_findings(result, same_order), *elo_findings(result)]


def figure(result: Arena) -> list[Figure]:
    """Ranks and strengths with their intervals, and agreement of two arenas against their size."""
    many = len(result.groups) > 1
    everyone: list[tuple[Cell, ...]] = [
        (named(group.models), model, place, *ranks, *map(finite, strength))
        for group in result.groups
        for place, (model, ranks, strength) in enumerate(
            zip(group.models, group.ranks, group.strength, strict=True), start=1
        )
    ]
    rows = everyone[:MOST_DRAWN]
    drawn = "" if rows == everyone else f" The first {MOST_DRAWN:,} of {len(everyone):,} models are drawn."
    names = ("group", "model", "rank", "best rank", "worst rank", "strength", "low", "high")
    whole = columns(names, rows)
    level = percent(result.level)
    group = "group" if many else None
    figures = [
        bars(
            "P10.ranks",
            "Ranks of the models",
            f"Each model's place by votes, with the ranks that it may really have: at {level}, all of them together."
            + drawn,
            _without(whole, "low", "high", *(() if many else ("group",))),
            Axis("rank", "rank (1 is best)", domain=(1, max(len(each.models) for each in result.groups))),
            low="best rank",
            high="worst rank",
            label="model",
            group=group,
        ),
        bars(
            "P10.strengths",
            "Strengths of the models",
            f"Elo points above the average model, with each model's own {level} interval (Bradley-Terry).{drawn}",
            whole if many else _without(whole, "group"),
            Axis("strength", "Elo points above the average model"),
            label="model",
            group=group,
            rules=(0.0,),
        ),
    ]
    if result.groups[0].unanimous:
        return figures[:1]
    if not result.repeats:
        return figures
    sizes: list[tuple[Cell, ...]] = [(row.votes, *map(finite, row.agreement)) for row in result.repeats]
    return [
        *figures,
        Figure(
            name="P10.votes",
            kind="lines",
            title="Votes for a stable order",
            caption="Share of the pairs of models that two arenas of one size put in the same order: median, and "
            f"{level} of repetitions. Half is chance.",
            columns=columns(("votes", "same order", "low", "high"), sizes),
            x=Axis("votes", "votes in each arena", "log"),
            y=Axis("same order", "share of pairs in the same order", domain=(0.5, 1.0)),
            low="low",
            high="high",
        ),
    ]


def _without(columns_: Mapping[str, tuple[Cell, ...]], *names: str) -> Mapping[str, tuple[Cell, ...]]:
    return {name: values for name, values in columns_.items() if name not in names}


MEASURE = Measure(
    code="P10",
    name="arena",
    question=Question.PRECISION,
    asks="Is the order of models by votes between two of them evidence, and how many votes would settle it?",
    needs="votes between two models: model_a, model_b, winner, and the voter and the prompt where known",
    formula="P(A beats B) = 1 / (1 + exp(b_B - b_A)), b by maximum likelihood, ties as half wins; a model's best rank "
    "is one more than the number of models told apart as stronger, over all pairs at once.",
    compute=arena,
    judge=judge,
    figure=figure,
    answer=answer,
    shorts={
        Status.ISSUE: "no order is shown",
        Status.CAUTION: "some places are tied",
        Status.PASSED: "every place is settled",
    },
    caveats=(
        "Which models a voter was shown, and whether votes are honest, cannot be seen from the votes.",
        "One strength per model is a summary: it can differ between prompts, languages and voters.",
        "With voters of very unequal activity (Pareto, shape 1.1), some two of 6 equal models are told apart in 3% of "
        "arenas of 30 voters and 600 votes and in 5% of those of 200 voters and 2,000 votes (measured).",
    ),
    references=(
        "Bradley and Terry 1952, Rank analysis of incomplete block designs, Biometrika 39",
        "Mogstad, Romano, Shaikh and Wilhelm 2024, Inference for ranks, Review of Economic Studies 91(1)",
        "Boubdir et al. 2023, Elo Uncovered, arXiv 2311.17295",
        "Cameron, Gelbach and Miller 2011, Robust inference with multiway clustering, J. Bus. Econ. Statistics 29(2)",
        "Carter, Schnepel and Steigerwald 2017, Asymptotic behavior of a t-test robust to cluster heterogeneity, "
        "Review of Economics and Statistics 99(4)",
        "Chiang et al. 2024, Chatbot Arena, arXiv 2403.04132",
    ),
)
