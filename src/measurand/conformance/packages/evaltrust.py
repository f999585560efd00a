"""evaltrust 0.7.0, by its Python API: `audit` of files and of its typed `EvalData`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from measurand.conformance.asking import Answer
from measurand.conformance.cases.made import table as csv_of
from measurand.conformance.files import command, pair, renamed, rows, scored_items, written

__all__ = [
    "above",
    "agreement",
    "ahead",
    "answers",
    "answers_of_logs",
    "apart",
    "clustered",
    "compared",
    "interval",
    "logs",
    "noise",
    "paired",
    "repeated",
    "vouches",
]


def interval(scores: Sequence[float]) -> Answer:
    return answers(scored_items(scores))


def clustered(scores: Sequence[float], clusters: Sequence[object]) -> Answer:
    example = import_module("evaltrust").Example
    held = zip(scores, clusters, strict=True)
    return _single(
        _audit_of([example(id=f"q{k}", scores={"m": score}, group_id=str(c)) for k, (score, c) in enumerate(held)])
    )


def repeated(scores: Sequence[float], items: Sequence[object]) -> Answer:
    return answers(csv_of(["model", "item", "score"], [("m", *each) for each in zip(items, scores, strict=True)]))


def answers(table: str) -> Answer:
    with written({"answers.csv": renamed(table, item="id")}) as (path,):
        return _single(_audit(path))


def answers_of_logs(files: Mapping[str, str]) -> Answer:
    with written(files) as paths:
        readable = [path for path in paths if not _results(path.name)]
        if len(readable) > 1:
            raise NotImplementedError
        return _single(_audit(readable[0]))


def above(right: int, trials: int, bound: float) -> Answer:
    rows = [("m", f"q{k}", int(k < right)) for k in range(trials)]
    with written({"answers.csv": csv_of(["model", "id", "score"], rows)}) as (path,):
        found = _audit(path, threshold=bound)
    details = _details(found)["threshold"]
    return Answer(
        value=details["mean"],
        low=details["ci_low"],
        high=details["ci_high"],
        shown=details["outcome"] == "above",
        said=_said(found),
    )


def paired(first: Sequence[float | None], second: Sequence[float | None]) -> Answer:
    return compared(pair(first, second))


def compared(table: str) -> Answer:
    with written({"answers.csv": renamed(table, item="id")}) as (path,):
        found = _audit(path, model_a="a", model_b="b")
    details = _details(found)
    effect, decision = details["effect_size"], details["decision"]
    return Answer(
        value=effect.get("risk_difference"),
        low=decision["ci_low"],
        high=decision["ci_high"],
        shown=decision["p_value"] < decision["alpha"],
        said=_said(found),
    )


def apart(table: str) -> Answer:
    with written({"answers.csv": renamed(table, item="id")}) as (path,):
        found = json.loads(command("evaltrust", "audit", path, "--all-pairs", "--json", fails=(1,)))
    pairs = next(each for each in found["findings"] if each["details"].get("check") == "all_pairs")
    return Answer(shown=pairs["details"]["n_separable"] > 0, said=f"{pairs['title']}. {pairs['how_detected']}")


def logs(files: Mapping[str, str]) -> Answer:
    if all(map(_results, files)):
        raise NotImplementedError
    means, said = {}, []
    with written(files) as paths:
        for path in paths:
            found = _audit(path)
            means[path.name] = _details(found)["single_precision"]["mean"]
            said.append(_said(found))
    return Answer(scores=means, said="\n".join(said))


def noise(files: Mapping[str, str], named: bool) -> Answer:
    with written(files) as paths:
        found = _audit(next(path for path in paths if not _results(path.name)))
    pillars = ("Repeatability", "Judge Reliability")
    claimed = [each for each in found.findings if each.pillar in pillars and str(each.status) != "skip"]
    return Answer(shown=bool(claimed), said="\n".join(each.how_detected for each in claimed))


def vouches(files: Mapping[str, str]) -> Answer:
    with written(files) as (path,):
        found = _audit(path)
    # Its documented gate, `raise_if_below("moderate")`, lets High and Moderate Confidence pass.
    return Answer(shown=found.verdict.level.name != "LOW", said=f"{found.verdict.summary}\n{_said(found)}")


def ahead(votes: str) -> Answer:
    example, tie = import_module("evaltrust").Example, import_module("evaltrust").Preference.TIE
    held = [
        example(
            id=str(k),
            scores={},
            preferences={row.get("voter", "judge"): tie if row["winner"] == "tie" else row[row["winner"]]},
        )
        for k, row in enumerate(rows(votes))
    ]
    found = _audit_of(held, models=["a", "b"])
    return Answer(shown=_details(found).get("preference_significance", {}).get("significant", False), said=_said(found))


def agreement(table: str) -> Answer:
    with written({"answers.csv": renamed(table, item="id")}) as (path,):
        found = _audit(path)
    details = _details(found).get("inter_judge_agreement")
    if details is None:
        return Answer(refused=_said(found))
    kappa = details["fleiss_kappa"]
    return Answer(value=None if kappa is None or kappa != kappa else kappa, said=_said(found))


def _results(name: str) -> bool:
    return Path(name).name.startswith("results")


def _audit(path: Path, **choices: Any) -> Any:
    return import_module("evaltrust").audit(str(path), **choices)


def _audit_of(examples: list[Any], models: Sequence[str] = ("m",)) -> Any:
    evaltrust = import_module("evaltrust")
    return evaltrust.audit(evaltrust.EvalData(models=list(models), examples=examples, source_format="native"))


def _single(found: Any) -> Answer:
    details = _details(found)["single_precision"]
    return Answer(value=details["mean"], low=details["ci_low"], high=details["ci_high"], said=_said(found))


def _details(found: Any) -> dict[str, dict[str, Any]]:
    return {each.details["check"]: each.details for each in found.findings if "check" in each.details}


def _said(found: Any) -> str:
    return "\n".join(f"{each.title}. {each.how_detected}" for each in found.findings if str(each.status) != "skip")
