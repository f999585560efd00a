"""Ranks that hold together, by scores or by votes."""

from __future__ import annotations

from typing import Any

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
    tabled,
)
from measurand.report.paper import Part, Said, Section
from measurand.report.paper_figures import Forest, Row
from measurand.results import Estimate, Finding
from measurand.tables import Study
from measurand.wording import percent, shown

__all__ = ["ranks"]


def ranks(study: Study, asked: Asked) -> Section:
    """P9, or P10 of votes, as a table and a forest per benchmark (or group of models that votes link).

    Raises
    ------
    Cannot
        Without item-level results or votes, or where no order can be made of them.
    """
    if study.responses is None and study.votes is None:
        raise Cannot("it needs item-level results or votes, and there are none")
    by_votes = study.responses is None
    measure = find("P10" if by_votes else "P9")
    audit = audited(study, asked, measure.code)
    found = [each for each in audit.findings if "best_rank" in each.result]
    if not by_votes:
        of = {each.subject["benchmark"]: each for each in found}
        found = [of[name] for name in chosen(asked, list(of))]
    methods = dict.fromkeys(each.estimates[0].method for each in found)
    resampled = any("bootstrap" in method for method in methods)
    return Section(
        what="ranks",
        head=(
            ("Model", "l"),
            ("Rank", "r"),
            (asked.interval, "l"),
            (f"Elo points {asked.interval}", "l") if by_votes else (r"Score (\%)" if _shares(found) else "Score", "r"),
        ),
        caption=f"Ranks with those that each model may have: at {percent(asked.level)}, all of a group together.",
        parts=tuple(_part(each, asked) for each in found),
        grouped=True,
        sentences=tuple(_sentence(each) for each in found),
        methods=(
            Said(
                "A model's best rank is one more than the number of models that are told apart as better, over all "
                f"pairs at once ({'; '.join(methods)}).",
                citing(measure, "Mogstad", *(("Bradley",) if by_votes else ())),
            ),
            *calibrated(measure.code),
            computed(asked.seed, f"{asked.resamples:,} bootstrap resamples" if resampled else ""),
        ),
        references=references(measure),
    )


def _sentence(finding: Finding) -> str:
    benchmark = finding.subject.get("benchmark")
    return f"{benchmark}: {finding.sentence}" if benchmark else finding.sentence


def _shares(found: list[Finding]) -> bool:
    scores: list[Any] = [score for each in found for score in each.result.get("score", ())]  # type: ignore[union-attr]
    return bool(scores) and all(0 <= score <= 1 for score in scores)


def _part(finding: Finding, asked: Asked) -> Part:
    of: dict[str, Any] = dict(finding.result)
    name = finding.subject.get("benchmark") or finding.subject.get("group") or "votes"
    shares = _shares([finding])
    if "score" in of:
        values = [tabled(score, shares) for score in of["score"]]
    else:
        strengths = zip(of["strength"], of["low"], of["high"], strict=True)
        # Votes that all go one way have no finite strength.
        values = [
            "–" if value is None else shown(Estimate(name="strength", value=value, low=low, high=high))
            for value, low, high in strengths
        ]
    placed = list(enumerate(zip(of["model"], of["best_rank"], of["worst_rank"], strict=True), start=1))
    return Part(
        name=name,
        rows=tuple(
            (model, str(place), str(best) if best == worst else f"{best}–{worst}", value)
            for (place, (model, best, worst)), value in zip(placed, values, strict=True)
        ),
        figure=Forest(
            x_title=f"{name}: rank (1 is best)",
            rows=tuple(Row(model, float(place), float(best), float(worst)) for place, (model, best, worst) in placed),
            whole=True,
        ),
        caption=drawn(
            f"Ranks ({name}) with those that each model may have: at {percent(asked.level)}, all together.",
            len(placed),
        ),
    )
