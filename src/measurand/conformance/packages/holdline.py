"""holdline 0.2.1, by its commands ``compare`` and ``calibrate``."""

from __future__ import annotations

import json
from collections.abc import Sequence

from measurand.conformance.asking import Answer
from measurand.conformance.cases.made import table as csv_of
from measurand.conformance.files import by_model, command, pair, rows, written

__all__ = ["agreement", "compared", "paired"]


def paired(first: Sequence[float | None], second: Sequence[float | None]) -> Answer:
    return compared(pair(first, second))


def compared(table: str) -> Answer:
    runs = {f"{model}.csv": csv_of(["id", "passed"], scores.items()) for model, scores in by_model(table).items()}
    with written(dict(sorted(runs.items()))) as paths:
        found = json.loads(command("holdline", "compare", *paths, "--json", fails=(1,)))
    low, high = found["delta"]["ci"]
    return Answer(
        value=found["delta"]["estimate"], low=low, high=high, shown=found["mcnemar_p"] < 0.05, said=json.dumps(found)
    )


def agreement(table: str) -> Answer:
    verdicts: dict[str, dict[str, str]] = {}
    for row in rows(table):
        name = "human" if row["grader"] == "g1" else "judge"
        verdicts.setdefault(row["item"], {"id": row["item"]})[name] = "pass" if row["score"] == "1" else "fail"
    with written({"labels.jsonl": "\n".join(map(json.dumps, verdicts.values()))}) as (path,):
        found = json.loads(command("holdline", "calibrate", "--labels", path, "--json", fails=(1,)))
    return Answer(value=found["overall"]["kappa"], said=json.dumps(found["overall"]))
