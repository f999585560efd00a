"""measurand, by its public Python API: what people have is written to a file, read and asked."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import measurand
from conformance.asking import Answer
from conformance.cases.made import table

if TYPE_CHECKING:
    from measurand import Estimate, Finding, Findings, Study

__all__ = [
    "above",
    "answers",
    "best",
    "clustered",
    "compared",
    "interval",
    "paired",
    "rarer",
    "rate",
    "repeated",
]

Item = str | int | float


def interval(scores: Sequence[float]) -> Answer:
    """The score of independent items (P1)."""
    return answers(table(["model", "item", "score"], [("m", f"q{place}", each) for place, each in enumerate(scores)]))


def clustered(scores: Sequence[float], clusters: Sequence[Item]) -> Answer:
    """The score of items whose cluster is named (P1)."""
    rows = [("m", f"q{place}", *each) for place, each in enumerate(zip(scores, clusters, strict=True))]
    return _score(_study({"answers.csv": table(["model", "item", "score", "cluster"], rows)}, cluster="cluster"))


def repeated(scores: Sequence[float], items: Sequence[Item]) -> Answer:
    """The score of items that were asked several times (P1)."""
    seen: dict[Item, int] = {}
    rows = []
    for each, item in zip(scores, items, strict=True):
        seen[item] = seen.get(item, 0) + 1
        rows.append(("m", item, seen[item], each))
    return answers(table(["model", "item", "epoch", "score"], rows))


def answers(table: str) -> Answer:
    """The score of one model in a table of answers (P1), and what was read (P0)."""
    return _score(_study({"answers.csv": table}))


def above(right: int, trials: int, bound: float) -> Answer:
    """Whether a score is shown to be above a bound (P4)."""
    found = measurand.threshold_test(successes=right, trials=trials, above=bound)
    return _answer(found.estimates[0], found, shown=found.headline.status is measurand.Status.PASSED)


def rarer(failures: int, trials: int, bound: float) -> Answer:
    """Whether failures are shown to be rarer than a bound (P5)."""
    found = measurand.rarity(failures=failures, trials=trials, rarer_than=bound)
    return _answer(found.estimates[0], found, shown=found.headline.status is measurand.Status.PASSED)


def rate(failures: int, trials: int) -> Answer:
    """The rate of failures (P5)."""
    found = measurand.rarity(failures=failures, trials=trials)
    return _answer(found.estimates[0], found)


def paired(first: Sequence[float | None], second: Sequence[float | None]) -> Answer:
    """How much better the second of two models is on the same items (P2)."""
    rows = [(model, f"q{k}", each) for model, scores in (("a", first), ("b", second)) for k, each in enumerate(scores)]
    return compared(table(["model", "item", "score"], rows))


def compared(table: str) -> Answer:
    """How much better model b is than model a in a table of answers (P2)."""
    found = measurand.compare(_study({"answers.csv": table}))
    pairs = [each for each in found if "other" in each.subject]
    if not pairs:
        return Answer(refused=_said(found))
    difference = pairs[0].estimate("difference")
    answer = _answer(difference, found, shown=_told_apart(pairs[0]))
    if pairs[0].subject["model"] == "b" or difference.value is None:
        return answer
    return Answer(value=-difference.value, shown=answer.shown, said=answer.said)


def best(table: str) -> Answer:
    """Whether the model that scores most is shown to be ahead of all others (P2)."""
    found = measurand.compare(_study({"answers.csv": table}))
    ahead = any("ahead of" in each.sentence for each in found if "other" not in each.subject)
    return Answer(shown=ahead, said=_said(found))


def _told_apart(pair: Finding) -> bool:
    return pair.status is measurand.Status.PASSED


def _study(files: Mapping[str, str], cluster: str | None = None) -> Study:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        return measurand.read(Path(folder), cluster=cluster)


def _score(study: Study) -> Answer:
    found = measurand.score_intervals(study)
    rows = [each for each in found if "model" in each.subject]
    said = _said([*found, *measurand.what_was_read(study)])
    if not rows:
        return Answer(refused=said)
    score = rows[0].estimate("score")
    return Answer(value=score.value, low=score.low, high=score.high, said=said)


def _answer(estimate: Estimate, found: Findings, *, shown: bool | None = None) -> Answer:
    return Answer(value=estimate.value, low=estimate.low, high=estimate.high, shown=shown, said=_said(found))


def _said(found: Sequence[Finding]) -> str:
    return "\n".join(dict.fromkeys(each.sentence for each in found))
