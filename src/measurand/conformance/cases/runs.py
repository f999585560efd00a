"""Logs of runs that were cut short, edited or written twice."""

from __future__ import annotations

import json
from typing import Any

from measurand.conformance.asking import Case, either, every, near, says, spans, values
from measurand.conformance.cases.made import inspect_log, lm_eval_results, table

__all__ = ["KINDS"]


def twenty_of_a_thousand_samples() -> Case:
    log = _log()
    log["eval"]["dataset"] |= {"samples": 1000}
    log["eval"]["config"] |= {"limit": 20}
    return Case(
        title="Inspect: a run of 20 samples of a dataset of 1,000, by --limit 20",
        ask="logs",
        given={"files": {"run.json": json.dumps(log)}},
        answer="75%, and that 20 of 1,000 were run",
        why="A trial run leaves a log like any other. The first 20 of a dataset are no random 20: many are sorted by "
        "subject. The log holds the size of the dataset and the limit.",
        right=every(values(0.75), says("that 20 of 1,000 were run", r"1,?000|\blimit")),
    )


def twenty_of_a_thousand_documents() -> Case:
    log = json.loads(lm_eval_results({"gsm8k": {"exact_match,none": 0.75, "exact_match_stderr,none": 0.1}}))
    log["n-samples"]["gsm8k"]["original"] = 1000
    log["config"]["limit"] = 20.0
    return Case(
        title="lm-eval: a run of 20 documents of 1,000, by --limit 20",
        ask="logs",
        given={"files": {"results_2026-01-01T00-00-00.000000.json": json.dumps(log)}},
        answer="75%, and that 20 of 1,000 were run",
        why="lm-eval warns as it runs that --limit is for testing alone; the file holds 1,000 beside 20.",
        right=every(values(0.75), says("that 20 of 1,000 were run", r"1,?000|\blimit")),
    )


def a_cancelled_run() -> Case:
    log = _log()
    log |= {"status": "cancelled", "samples": log["samples"][:12], "results": None}
    return Case(
        title="Inspect: a run cancelled after 12 of 20 samples, all right",
        ask="logs",
        given={"files": {"run.json": json.dumps(log)}},
        answer="that the run was cancelled, with 8 samples not there; the score of 12 at most beside it",
        why="What is done first is what is done fast: samples that end soon are the easy ones.",
        right=says("that the run was cancelled", r"cancel|incomplete|not (finished|complete)|12 of 20|\b8\b"),
    )


def an_accuracy_that_was_edited() -> Case:
    log = _log()
    log["results"]["scores"][0]["metrics"]["accuracy"]["value"] = 0.95
    return Case(
        title="Inspect: the log says accuracy .95; its 20 samples say .75",
        ask="logs",
        given={"files": {"run.json": json.dumps(log)}},
        answer="75%, or that the two differ; never 95% without a word",
        why="15 of the 20 samples are right. Whoever prints one of the two numbers alone has lost the other.",
        right=either(
            values(0.75),
            says("that the two differ", r"0?\.95|95 ?%", r"0?\.75|75 ?%", "differ|disagree|match|contradict|but"),
        ),
    )


def errored_samples_with_scores() -> Case:
    log = _log()
    for sample in log["samples"][:8]:
        sample["error"] = {"message": "sandbox gone", "traceback": "", "traceback_ansi": ""}
    return Case(
        title="Inspect: 8 of 20 samples errored and were scored all the same",
        ask="logs",
        given={"files": {"run.json": json.dumps(log)}},
        answer="75% of 20, and that 8 of the scores are of samples that errored",
        why="With score_on_error a scorer grades what an error left: 8 of 20 scores say more of the sandbox than of "
        "the model.",
        right=every(values(0.75), says("that 8 errored", r"\b8\b[^.]*error|error[^.]*\b8\b|12 of 20")),
    )


def a_999_that_means_not_computed() -> Case:
    log = lm_eval_results({"gsm8k": {"bypass,none": 999, "bypass_stderr,none": "N/A"}})
    return Case(
        title="lm-eval: the metric bypass, which is always 999",
        ask="logs",
        given={"files": {"results_2026-01-01T00-00-00.000000.json": log}},
        answer="no score",
        why="--predict_only writes answers without grading them and puts 999 where a score would stand.",
        right=values(),
    )


def copied_rows_with_a_row_number() -> Case:
    rows = [(place, "m", f"q{place // 10}", place // 10 % 2) for place in range(500)]
    return Case(
        title="A table in which each of 50 rows stands 10 times, with the row number that pandas writes",
        ask="answers",
        given={"table": table(["Unnamed: 0", "model", "item", "score"], rows)},
        answer="50% of 50 items, and that 450 rows are copies",
        why="The number of a row says nothing of what is in it.",
        right=every(near(0.5), spans(0.24, 0.32), says("that rows are copies", "cop(y|ies)|duplicate|450|identical")),
    )


def _log() -> dict[str, Any]:
    """20 samples, the first 15 of them right."""
    log: dict[str, Any] = json.loads(inspect_log([{"right": float(place < 15)} for place in range(20)]))
    return log


KINDS = {
    "errored samples dropped": (errored_samples_with_scores,),
    "copies as reruns": (copied_rows_with_a_row_number,),
    "a part as the whole": (twenty_of_a_thousand_samples, twenty_of_a_thousand_documents, a_cancelled_run),
    "a log that contradicts itself": (an_accuracy_that_was_edited, a_999_that_means_not_computed),
}
"""The cases by kind."""
