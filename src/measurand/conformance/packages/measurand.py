"""measurand, by its public Python API: what people have is written to a file, read and asked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

import measurand
from measurand.conformance.asking import Answer
from measurand.conformance.cases.made import table
from measurand.conformance.files import written

if TYPE_CHECKING:
    from measurand.api import Findings
    from measurand.results import Estimate, Finding
    from measurand.tables import Study

__all__ = [
    "above",
    "agreement",
    "ahead",
    "answers",
    "answers_of_logs",
    "apart",
    "attempts",
    "changes",
    "clustered",
    "columns",
    "compared",
    "horizon",
    "interval",
    "judged",
    "logs",
    "noise",
    "order",
    "paired",
    "rarer",
    "rate",
    "repeated",
    "saturated",
    "slopes",
    "strength",
    "strengths",
    "tracks",
    "vouches",
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
    value, low, high = difference.value, difference.low, difference.high
    if pairs[0].subject["model"] == "a":
        value, low, high = (None if each is None else -each for each in (value, high, low))
    told_apart = pairs[0].status is measurand.Status.PASSED
    return Answer(value=value, low=low, high=high, shown=told_apart, said=_said(found))


def apart(table: str) -> Answer:
    """Whether any two of many models are shown to differ (P2)."""
    found = measurand.compare(_study({"answers.csv": table}))
    pairs = [each for each in found if "other" in each.subject and each.status is measurand.Status.PASSED]
    return Answer(shown=bool(pairs), said=_said(pairs or [found.headline]))


def logs(files: Mapping[str, str]) -> Answer:
    """The scores in logs of harnesses, and what was read (P0, P1)."""
    study = _logs(files)
    rows = study.scores.table.select("model", "benchmark", "score").rows() if study.scores else []
    return Answer(scores={f"{model} on {name}": score for model, name, score in rows}, said=_read(study))


def answers_of_logs(files: Mapping[str, str]) -> Answer:
    """The score of one model in logs of harnesses, with its interval (P1)."""
    return _score(_logs(files))


def noise(files: Mapping[str, str], named: bool) -> Answer:
    """Whether prompts, formats, reruns, graders or choosing a variant are said to move scores (P6 to P8, P12, F6).

    The files are named one by one, as a shell lists them, or by their folder.
    """
    found = measurand.audit(_study(files) if named else _logs(files), ["P6", "P7", "P8", "P12", "F6"]).findings
    claimed = [each for each in found if each.status is not measurand.Status.NOT_APPLICABLE]
    return Answer(shown=bool(claimed), said=_said(claimed))


def vouches(files: Mapping[str, str]) -> Answer:
    """Whether any measure of precision beyond what was read says that the score can be trusted."""
    found = measurand.audit(_logs(files)).findings
    passed = [each for each in found if each.code[0] == "P" and each.code != "P0" and each.status == "passed"]
    return Answer(shown=bool(passed), said=_said(passed or [each for each in found if each.code == "P1"]))


def columns(table: str) -> Answer:
    """The benchmarks of a table of scores, and what is said of its columns."""
    study = _study({"scores.csv": table})
    assert study.scores is not None
    found = study.scores.table.group_by("benchmark", maintain_order=True).len()
    return Answer(scores=dict(found.rows()), said=_read(study))


def tracks(table: str, benchmark: str) -> Answer:
    """Whether a benchmark is shown to track capability (V1)."""
    study = _study({"scores.csv": table})
    found = measurand.capabilities_correlation(study).of(benchmark)
    if found.status is measurand.Status.NOT_APPLICABLE:
        return Answer(refused=found.sentence)
    number = found.estimate("capabilities_correlation")
    return Answer(
        value=number.value, shown=found.status is measurand.Status.ISSUE, said=f"{found.sentence}\n{_read(study)}"
    )


def saturated(table: str, benchmark: str) -> Answer:
    """Whether a benchmark leaves no room at the top (V9)."""
    found = measurand.headroom(_study({"scores.csv": table})).of(benchmark)
    return Answer(shown=found.status is measurand.Status.ISSUE, said=found.sentence)


def changes(old: str, new: str) -> Answer:
    """What changed between two versions of a table by more than noise (P13)."""
    before, after = (_study({"scores.csv": table}).version() for table in (old, new))
    found = measurand.drift(versions=measurand.Versions(before, after))
    return Answer(shown=found.headline.status is measurand.Status.ISSUE, said=_said(found))


def ahead(votes: str) -> Answer:
    """Whether the first of two models is shown to be ahead in votes (P10)."""
    found = measurand.arena(_study({"votes.csv": votes}))
    rank = found.headline.estimate("rank_of_first")
    return Answer(shown=rank.high == 1, said=_said(found))


def order(votes: str, first: str, second: str) -> Answer:
    """Whether the order of two models in votes is known (P10)."""
    found = measurand.arena(_study({"votes.csv": votes}))
    ranked = [group for group in found.result.groups if {first, second} <= set(group.models)]
    return Answer(shown=bool(ranked), said=_said(found))


def strengths(votes: str) -> Answer:
    """Strengths of models from votes (P10), which it gives as Elo points, in log-odds."""
    (group,) = measurand.arena(_study({"votes.csv": votes})).result.groups
    odds = (each.value * log(10) / 400 for each in group.strength)
    return Answer(scores=dict(zip(group.models, odds, strict=True)))


def strength(votes: str, model: str) -> Answer:
    """The strength of one model from votes (P10)."""
    found = measurand.arena(_study({"votes.csv": votes}))
    ranked = [group for group in found.result.groups if model in group.models]
    return Answer(shown=bool(ranked), said=_said(found))


def agreement(table: str) -> Answer:
    """Agreement of two graders beyond chance (P12)."""
    found = measurand.graders(_study({"answers.csv": table}))
    kappa = next(each for each in found.estimates if each.name == "cohen_kappa")
    return _answer(kappa, found)


def judged(table: str) -> Answer:
    """All that is said of models whose answers a judge scored."""
    found = measurand.audit(_study({"answers.csv": table})).findings
    return Answer(said=_said([each for each in found if each.status is not measurand.Status.NOT_APPLICABLE]))


def slopes(table: str) -> Answer:
    """What is said of how items discriminate (P11)."""
    found = measurand.items(_study({"answers.csv": table}))
    return Answer(said=_said([each for each in found if each.subject.get("part") == "item response model"]))


def horizon(runs: str) -> Answer:
    """The time horizon of a model (F8)."""
    found = measurand.time_horizon(_study({"runs.csv": runs}))
    half = next(each for each in found.estimates if each.name == "horizon_50")
    return _answer(half, found, shown=half.value is not None)


def attempts(table: str, asked: int) -> Answer:
    """The share of behaviours that come within so many attempts (F2)."""
    found = measurand.repeated_attempts(_study({"attempts.csv": table}), asked=asked)
    seen = next(each for each in found.estimates if each.name == f"pass@{asked} observed")
    return _answer(seen, found)


def _study(files: Mapping[str, str], cluster: str | None = None) -> Study:
    with written(files) as paths:
        return measurand.read(*paths, cluster=cluster)


def _logs(files: Mapping[str, str]) -> Study:
    with written(files) as paths:
        return measurand.read(Path(os.path.commonpath([path.parent for path in paths])))


def _score(study: Study) -> Answer:
    found = measurand.score_intervals(study)
    rows = [each for each in found if "model" in each.subject]
    said = "\n".join([_said(found), _read(study)])
    if not rows:
        return Answer(refused=said)
    score = rows[0].estimate("score")
    return Answer(value=score.value, low=score.low, high=score.high, said=said)


def _read(study: Study) -> str:
    """What reading says: of columns, settings and clusters, of files left out, and of rows without a score (P0, P1)."""
    notes = study.scores.notes if study.scores else ()
    found = measurand.audit(study, ["P0", "P1"]).findings
    return "\n".join([*notes, *(each.reason for each in study.unread or ()), _said(found)])


def _answer(estimate: Estimate, found: Findings, *, shown: bool | None = None) -> Answer:
    return Answer(value=estimate.value, low=estimate.low, high=estimate.high, shown=shown, said=_said(found))


def _said(found: Sequence[Finding]) -> str:
    return "\n".join(dict.fromkeys(each.sentence for each in found))
