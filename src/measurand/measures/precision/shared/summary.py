"""What several measures of precision share: how they sum up their rows, refuse, and lay out intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from measurand.errors import NotApplicable
from measurand.measures.verdicts import Unassessed, headline
from measurand.results import Axis, Cell, Figure, Finding, Status
from measurand.wording import plural

__all__ = ["MODEL", "bars", "joint_headline", "of_total", "refusal"]

MODEL = Axis("model", "model", "nominal")


def of_total(count: int, total: int, noun: str, does: str, does_not: str) -> str:
    """How many of them do, as the beginning of a sentence.

    Examples
    --------
    >>> [of_total(count, 3, "score", "is known", "is not known") for count in (0, 1, 3)]
    ['None of the 3 scores is known', '1 of the 3 scores is known', '3 of the 3 scores are known']
    >>> of_total(0, 1, "score", "is known", "is not known")
    'The one score is not known'
    """
    if total == 1:
        return f"The one {noun} {does if count else does_not}"
    verb = does if count < 2 else plural(count, "it", does).partition("its ")[2]
    return f"{count or 'None'} of the {plural(total, noun)} {verb}"


def joint_headline(each: Sequence[Finding], sentence: str, *, certain: bool, figure: str) -> Finding:
    """Headline of rows judged one by one; a single row says it itself.

    Of many rows some end in an issue by chance: it is one of the measure only where it is `certain`, with intervals
    that hold for all rows together.
    """
    only = each[0] if len(each) == 1 else None
    summed = headline(
        only.sentence if only else sentence, each, estimates=only.estimates if only else (), figure=figure
    )
    return summed if certain or summed.status is not Status.ISSUE else replace(summed, status=Status.CAUTION)


def refusal(unassessed: Sequence[Unassessed], otherwise: str, needs: str) -> NotApplicable:
    """Why nothing at all can be assessed: the first few reasons there are."""
    reasons = list(dict.fromkeys(row.reason for row in unassessed))[:3]
    return NotApplicable("; ".join(reasons) or otherwise, needs=needs)


def bars(
    name: str, title: str, caption: str, columns: Mapping[str, tuple[Cell, ...]], x: Axis, y: Axis = MODEL, **more: Any
) -> Figure:
    """A dot and a bar per row, by default one row per model and limits in the columns low and high."""
    settings = {"low": "low", "high": "high"} | more
    return Figure(name=name, kind="intervals", title=title, caption=caption, columns=columns, x=x, y=y, **settings)
