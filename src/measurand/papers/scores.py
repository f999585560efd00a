"""Scores with their intervals, model by model."""

from __future__ import annotations

import math
from collections.abc import Sequence

from measurand.measures import find
from measurand.papers.shared import (
    Asked,
    Cannot,
    audited,
    calibrated,
    chosen,
    citing,
    computed,
    drawn,
    references,
    row,
    tabled,
)
from measurand.report.paper import Part, Said, Section
from measurand.report.paper_figures import Forest
from measurand.results import Finding
from measurand.tables import Study
from measurand.wording import SHARE, interval, percent

__all__ = ["scores"]


def scores(study: Study, asked: Asked) -> Section:
    """P1 as a table and a forest per benchmark, the highest score first.

    Raises
    ------
    Cannot
        Without item-level results, or where none has a score.
    """
    if study.responses is None:
        raise Cannot("it needs item-level results, and there are none")
    measure, audit = find("P1"), audited(study, asked, "P1")
    found = [each for each in audit.findings if "model" in each.subject]
    known = list(dict.fromkeys(each.subject["benchmark"] for each in found))
    own = {name: [each for each in found if each.subject["benchmark"] == name] for name in chosen(asked, known)}
    told = [each for of in own.values() for each in of]
    methods = dict.fromkeys(each.estimates[0].method for each in told if each.estimates[0].method)
    shares = all(each.estimates[0].unit == SHARE for each in told)
    ways = "; ".join(methods)
    clustered = any("clusters" in each.result for each in told)
    return Section(
        what="scores",
        head=(
            ("Model", "l"),
            (r"Score (\%)" if shares else "Score", "r"),
            (asked.interval, "l"),
            ("Items", "r"),
            ("Clusters", "r"),
        ),
        caption=f"Scores with their {percent(asked.level)} intervals.",
        parts=tuple(_part(name, each, asked) for name, each in own.items()),
        grouped=True,
        sentences=tuple(each.sentence for each in audit.findings if each.headline),
        methods=(
            Said("A score is the mean over items of their mean over epochs."),
            Said(
                f"Its {percent(asked.level)} interval speaks of other questions like these: {ways}.",
                citing(
                    measure,
                    "Miller",
                    *(("Franco", "Bell") if clustered else ()),
                    *(("Waudby",) if "Waudby" in ways else ()),
                ),
            ),
            *calibrated(measure.code),
            computed(asked.seed),
        ),
        references=references(measure),
    )


def _part(benchmark: str, found: Sequence[Finding], asked: Asked) -> Part:
    found = sorted(found, key=_value, reverse=True)
    shares = all(each.estimates[0].unit == SHARE for each in found)
    return Part(
        name=benchmark,
        rows=tuple(_row(each, shares) for each in found),
        figure=Forest(
            x_title=f"{benchmark} score" + " (%)" * shares,
            rows=tuple(row(each.subject["model"], each.estimates[0], shares=shares) for each in found),
        ),
        caption=drawn(f"Scores on {benchmark} with their {percent(asked.level)} intervals.", len(found)),
    )


def _row(finding: Finding, shares: bool) -> tuple[str, ...]:
    score, of = finding.estimates[0], finding.result
    limits = interval(score.low, score.high, lambda end: tabled(end, shares)) or "–"
    clusters = f"{of['clusters']:,}" if "clusters" in of else "–"
    return finding.subject["model"], tabled(score.value, shares), limits, f"{of['n_items']:,}", clusters


def _value(finding: Finding) -> float:
    value = finding.estimates[0].value
    return -math.inf if value is None else value
