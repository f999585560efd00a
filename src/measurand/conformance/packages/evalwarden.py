"""evalwarden 0.13.1, by its command ``audit`` of its documented tables."""

from __future__ import annotations

import json
from collections.abc import Mapping

from measurand.conformance.asking import Answer
from measurand.conformance.cases.made import table as csv_of
from measurand.conformance.files import command, written

__all__ = ["vouches"]


def vouches(files: Mapping[str, str]) -> Answer:
    (text,) = files.values()
    log = json.loads(text)
    rows = [
        (sample["id"], score["value"], "pass" if score["value"] == 1 else "fail", log["eval"]["model"])
        for sample in log["samples"]
        for score in sample["scores"].values()
    ]
    with written({"scores.csv": csv_of(["task_id", "score", "status", "model_id"], rows)}) as (path,):
        words = ("audit", path, "--format", "json", "--output", path.with_suffix(".html"))
        found = json.loads(command("evalwarden", *words, fails=(1,)))
    return Answer(shown=found["verdict"] == "PASS", said=f"{found['score']} of 100, {found['verdict']}")
