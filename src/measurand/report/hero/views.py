"""What stands on the page's first screen: the finding, its picture, what it means, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from measurand.report.hero.benchmarks import class_of, is_correlation, of_class
from measurand.report.hero.models import of_figure, of_pairs, of_ranks
from measurand.report.hero.parts import FEW_ROWS, Shown, View, further, held, title_of, told
from measurand.report.lead import lead
from measurand.report.summary import ASSESSED, MeasureInfo
from measurand.results import Answer, Audit

__all__ = ["views"]

MOST_VIEWS = 6
"""Classes of models that a switch has room for, and the style sheet a rule."""


def views(audit: Audit, measures: Sequence[MeasureInfo]) -> tuple[View, ...]:
    """One for each class of models where benchmarks are judged by class, chat models first; else one."""
    first = lead(audit) or _worst(audit)
    if first is None:
        return (View(title="Nothing could be assessed."),)
    judged = [finding for finding in audit.findings if finding.code == "V1" and is_correlation(finding)]
    if judged:
        classes = sorted(dict.fromkeys(class_of(finding) for finding in judged), key=lambda name: name != "chat")[
            :MOST_VIEWS
        ]
        found = [[finding for finding in judged if class_of(finding) == name] for name in classes]
        shown = [of_class(audit, measures, each, labelled=len(found) > 1) for each in found]
        few = len(shown) == 1 and len(judged) <= FEW_ROWS
        return (replace(shown[0], table=next(iter(first[1].tables), None)),) if few else tuple(shown)
    code, answer = first
    if "P2" in audit.answers and code in ("P1", "P2"):
        code, answer = "P2", audit.answers["P2"]
    if code == "P2":
        picture, counts, total = of_pairs(audit, answer)
    elif code == "P10":
        picture, counts, total = of_ranks(audit)
    elif code == "P13":
        # One dot per model would be of one version: the table has the old score, the new one and the change.
        picture, counts, total = Shown()
    else:
        picture, counts, total = of_figure(audit, code)
    table = next((table for table in answer.tables if table.rows), None)
    title = title_of(answer.sentence)
    more = answer.sentence[len(title) :].strip()
    return (
        View(
            title=title,
            counts=counts,
            picture=picture,
            table=table if picture is None or len(picture.rows) <= FEW_ROWS else None,
            bullets=(*told(answer, more), *further(audit, measures, code))[:3],
            method=(*answer.notes, *held(code)),
            more=(code, f"All {total}") if total else (code, "More of this"),
        ),
    )


def _worst(audit: Audit) -> tuple[str, Answer] | None:
    """The worst headline, of an audit saved before measures said what they answer."""
    judged = [finding for finding in audit.findings if finding.headline and finding.status in ASSESSED]
    worst = min(judged, key=lambda finding: ASSESSED.index(finding.status), default=None)
    return None if worst is None else (worst.code, Answer(sentence=worst.sentence))
