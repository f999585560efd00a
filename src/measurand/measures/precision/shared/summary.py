"""What several measures of precision share: how they sum up their rows, hold rankings against noise, and refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from measurand.errors import NotApplicable
from measurand.measures.verdicts import Side, Unassessed, called, headline
from measurand.results import Finding, Status
from measurand.wording import listed, plural

__all__ = [
    "MOST_TOLD",
    "NOISE_WORDS",
    "as_clusters",
    "beyond_noise",
    "counted",
    "counted_by",
    "joint_headline",
    "refusal",
]

MOST_TOLD = 4
"""Tasks that a sentence names."""

NOISE_WORDS = {
    Side.BELOW: "and they agree less than the sampling of items alone would let them",
    Side.ACROSS: "which the sampling of items alone can explain",
    Side.UNKNOWN: "which may be the sampling of items alone: with fewer than 20 clusters of items that cannot be told",
}
"""What it means that rankings agree badly, by the side of what noise alone gives."""


def as_clusters(key: str, *, shown: bool) -> str:
    """How items of one context count, and who says so: "items with an equal passage count as one cluster, ..."."""
    why = ", since the data show that their scores go together (they can be counted as independent instead)"
    return f"items with an equal {key} count as one cluster{why if shown else ''}"


def counted(each: Sequence[Finding], noun: str, issue: str, passed: str) -> str:
    """How many of the rows are an issue and how many passed, as one sentence: no row is counted where none is.

    Examples
    --------
    >>> rows = [Finding(status=status, sentence="") for status in (Status.ISSUE, Status.CAUTION)]
    >>> counted(rows, "score", "would change if rerun", "would stay the same")
    '1 of the 2 scores would change if rerun; for 1 there is too little evidence to say.'
    """
    bad, good = (sum(finding.status is status for finding in each) for status in (Status.ISSUE, Status.PASSED))
    open_ = len(each) - bad - good
    said = [f"{count} {words}" for count, words in ((bad, issue), (good, passed)) if count]
    if not said:
        return f"For none of the {plural(len(each), noun)} is there enough evidence to say."
    first, *rest = said
    count, _, words = first.partition(" ")
    total = plural(len(each), noun)
    which = f"All {total}" if int(count) == len(each) else f"{count} of the {total}"
    sentence = "; ".join([f"{which} {words}", *rest])
    return f"{sentence}; for {open_} there is too little evidence to say." if open_ else f"{sentence}."


def counted_by(key: str, tasks: Mapping[str, tuple[int, int]], *, shown: bool) -> str:
    """Which tasks count their items by cluster, with items and clusters of each, as the beginning of a sentence.

    Examples
    --------
    >>> counted_by("passage", {"reading": (400, 80)}, shown=True)
    'reading (400 items in 80 clusters): counted by passage, as scores go together there'
    """
    on = [f"{task} ({n:,} items in {clusters:,} clusters)" for task, (n, clusters) in tasks.items()]
    named = listed(on) if 0 < len(on) <= MOST_TOLD else plural(len(on), "task")
    return f"{named}: counted by {key}{', as scores go together there' * shown}"


def joint_headline(each: Sequence[Finding], sentence: str, *, certain: bool, figure: str) -> Finding:
    """Headline of rows judged one by one; a single row says it itself.

    Of many rows some end in an issue by chance: it is one of the measure only where it is `certain`, with intervals
    that hold for all rows together.
    """
    # "Of 1 pairs, 1 has" says less than the row it sums up.
    only = each[0] if len(each) == 1 else None
    summed = headline(
        only.sentence if only else sentence, each, estimates=only.estimates if only else (), figure=figure
    )
    return summed if certain or summed.status is not Status.ISSUE else replace(summed, status=Status.CAUTION)


def beyond_noise(p_values: Sequence[float], level: float) -> list[Side]:
    """Of each ranking, whether it agrees less than noise alone lets it (below), all of them one family of verdicts.

    At half of what the level leaves, as for one limit of an interval: at all of it, rankings by noise alone were said
    to agree too little in up to 6.8% of simulated studies with 20 to 50 clusters.

    Examples
    --------
    >>> [side.value for side in beyond_noise([0.001, 0.04, 0.2, float("nan")], 0.95)]
    ['below', 'across', 'across', 'unknown']
    """
    return [call.side for call in called([Side.BELOW] * len(p_values), np.array(p_values, np.float64), (1 - level) / 2)]


def refusal(unassessed: Sequence[Unassessed], otherwise: str, needs: str) -> NotApplicable:
    """Why nothing at all can be assessed: the first few reasons there are."""
    # Three at most: a refusal is one line, and the others are mostly the same cause.
    reasons = list(dict.fromkeys(row.reason for row in unassessed))[:3]
    return NotApplicable("; ".join(reasons) or otherwise, needs=needs)
