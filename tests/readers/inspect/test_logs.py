"""Logs of Inspect, made here by hand, published ones, and damaged ones."""

import io
import json
import math
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers.inspect.logs import Rule, discrepancies, read, recognise, recomputed, score_number
from measurand.readers.log import ITEM_COLUMNS, Log

Members = dict[str, Any]


def sample(identity: object, epoch: int = 1, value: Any = "C", **more: Any) -> dict[str, Any]:
    scores = {"scores": {"match": {"value": value, "answer": "B", "explanation": "ANSWER: B", "history": []}}}
    return {
        "id": identity,
        "epoch": epoch,
        "input": "What?",
        "target": "B",
        "metadata": {"subject": "a"},
        **scores,
        **more,
    }


def header(samples: int = 4, epochs: int = 1, **more: Any) -> dict[str, Any]:
    spec = {
        "created": "2026-01-01T00:00:00+00:00",
        "task": "arithmetic",
        "task_version": 3,
        "model": "org/model",
        "dataset": {"name": "sums", "samples": samples, "sample_ids": [f"q{i}" for i in range(samples)]},
        "config": {"epochs": epochs, "epochs_reducer": ["mean"]},
        "packages": {"inspect_ai": "0.3.200"},
        **more.pop("eval", {}),
    }
    return {"version": 2, "status": "success", "eval": spec, "plan": {"steps": [{"solver": "generate"}]}, **more}


def results(total: int, metrics: Mapping[str, float], **more: Any) -> dict[str, Any]:
    held = {name: {"name": name, "value": value} for name, value in metrics.items()}
    score = {"name": "match", "scorer": "match", "scored_samples": total, "metrics": held, **more}
    return {"total_samples": total, "completed_samples": total, "scores": [score]}


def members(samples: Sequence[Mapping[str, Any]], head: Mapping[str, Any]) -> Members:
    """An archive as Inspect leaves it when a run is over."""
    start = {name: head[name] for name in ("version", "eval", "plan")}
    single = {f"samples/{held['id']}_epoch_{held['epoch']}.json": held for held in samples}
    journal = {"_journal/start.json": start, **single, "_journal/summaries/1.json": samples}
    return {**journal, "summaries.json": samples, "header.json": head}


def zipped(contents: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of JSON members; members of Zstandard are stored under its number, as zipfile may not know it."""
    buffer = io.BytesIO()
    texts = {name: held if isinstance(held, bytes) else json.dumps(held).encode() for name, held in contents.items()}
    if method != 93:
        with zipfile.ZipFile(buffer, "w", method) as file:
            for name, text in texts.items():
                file.writestr(name, text)
        return buffer.getvalue()
    packed = {name: zstandard.ZstdCompressor().compress(text) for name, text in texts.items()}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, text in packed.items():
            file.writestr(name, text)
        entries = file.infolist()
        directory = file.start_dir
    data = bytearray(buffer.getvalue())
    for entry in entries:
        text = texts[entry.filename]
        claims = zlib.crc32(text).to_bytes(4, "little"), len(text).to_bytes(4, "little")
        at = data.index(b"PK\x01\x02", directory)
        directory = at + 46
        for place in (entry.header_offset + 8, at + 10):
            data[place : place + 2] = (93).to_bytes(2, "little")
            data[place + 6 : place + 10] = claims[0]
            data[place + 14 : place + 18] = claims[1]
    return bytes(data)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes | Mapping[str, Any]], Path]:
    def written(content: bytes | Mapping[str, Any]) -> Path:
        path = tmp_path / "run.log"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return written


Write = Callable[[bytes | Mapping[str, Any]], Path]


def reasons(log: Log) -> str:
    return "; ".join(problem.reason for problem in log.problems)


def lost(log: Log) -> int:
    return sum(problem.rows_lost or 0 for problem in log.problems)


# What the published logs hold: rows, samples declared, and the rules behind aggregates their items do not give.
PUBLISHED = [
    ("2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval", 10, 10, {}),
    ("2025-02-11T15-18-04-05-00_popularity_mj7khqpMM4GBCfVQozKgzB.eval", 10, 10, {}),
    ("2026-11-21T21-59-32-00-00_tiny-mcq_RMVw52HW9f36a3Pz7sa9ki.eval", 60, 60, {}),
    # Two readings of one value and one of two: four rows a sample.
    ("2026-11-21T21-59-32-00-00_tiny-open_mkUxFyAuawLDkWDBjy6ktN.eval", 240, 60, {}),
    ("2026-11-21T21-59-35-00-00_tiny-mcq_9oQfeiEYbYefaxsb7rEa5N.json", 40, 40, {}),
    ("data_arc_qwen.json", 3, 3, {}),
    # Of these logs all but one sample was cut away before they were published.
    ("data_cvebench_empty_choices.json", 1, 80, {("check_exploit", "mean"): Rule.SAMPLES_ABSENT}),
    (
        "data_cyse2_vuln_exploit_challenges.json",
        1,
        2340,
        {("vul_exploit_scorer", metric): Rule.SAMPLES_ABSENT for metric in ("accuracy", "mean")},
    ),
    ("log_tool_call_error.json", 1, 4, {("includes", "accuracy"): Rule.SAMPLES_ABSENT}),
    ("hibayes_minimal_test.eval", 2, 2, {}),
    ("log_formats.eval", 1, 1, {}),
    ("log_formats.json", 1, 1, {}),
    ("log_images.json", 1, 1, {}),
    ("log_images_tc.json", 1, 1, {}),
    ("log_message_deduplication.eval", 1, 1, {}),
    ("log_read_sample.eval", 1, 1, {}),
    ("log_read_sample.json", 1, 1, {}),
    ("log_streaming.eval", 4, 4, {}),
]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("name", "rows", "declared", "rules"), PUBLISHED, ids=[row[0][:40] for row in PUBLISHED])
def test_published_logs(shared: Path, name: str, rows: int, declared: int, rules: dict[Any, Rule], full: bool) -> None:
    path = shared / "data" / "harness_logs" / "inspect" / name
    log = read(path, full=full)
    assert recognise(path)
    assert (log.items.height, log.source.rows, log.declared_items) == (rows, rows, declared)
    samples = log.items.select("item", "epoch").n_unique()
    assert lost(log) == (declared - samples) * (rows // samples)
    assert discrepancies(log) == rules
    assert dict(log.items.schema) == ITEM_COLUMNS
    assert log.model is not None
    central = [aggregate for aggregate in log.aggregates if aggregate.metric in ("accuracy", "mean")]
    given = {(aggregate.reading, aggregate.metric): aggregate.value for aggregate in central}
    ours = recomputed(log)
    assert {key for key in given if key in ours and math.isclose(ours[key], given[key], abs_tol=1e-9)} == set(
        given
    ) - set(rules)


def test_every_published_log_is_in_the_table(shared: Path) -> None:
    assert {path.name for path in (shared / "data" / "harness_logs" / "inspect").iterdir()} == {
        row[0] for row in PUBLISHED
    }


def test_files_of_other_harnesses_are_not_recognised(shared: Path) -> None:
    others = [
        path
        for path in (shared / "data" / "harness_logs").rglob("*")
        if path.is_file() and path.parent.name != "inspect"
    ]
    assert [path for path in others if recognise(path)] == []
    assert len(others) > 50


def test_published_log_with_scores_of_two_values(shared: Path) -> None:
    log = read(shared / "data" / "harness_logs" / "inspect" / PUBLISHED[3][0])
    assert log.items["reading"].unique(maintain_order=True).to_list() == [
        "custom",
        "multi/helpful",
        "multi/harm",
        "includes",
    ]
    assert (log.task, log.task_version, log.harness_version) == ("tiny_open", "2", "0.3.285")
    grouped = {aggregate.metric for aggregate in log.aggregates if aggregate.reading == "custom"}
    assert grouped == {"accuracy", "grouped/a", "grouped/b", "grouped/all"}


@pytest.mark.parametrize("form", ["deflated", "zstandard", "stored", "document"])
def test_one_log_in_every_form(write: Write, form: str) -> None:
    usage = {
        "org/model": {"input_tokens": 7, "input_tokens_cache_read": 3, "output_tokens": 5},
        "judge": {"input_tokens": 99},
    }
    metadata = {"subject": "a", "hard": True, "n": 1.5, "nested": {"a": 1}, "long": "x" * 300, "quoted": 'é"\n'}
    held = [
        sample("q0", choices=["0", "1"], model_usage=usage, metadata=metadata),
        sample("q1", value="I", metadata={}),
    ]
    head = header(2, results=results(2, {"accuracy": 0.5, "stderr": 0.5}))
    methods = {"deflated": 8, "zstandard": 93, "stored": 0}
    path = write({**head, "samples": held} if form == "document" else zipped(members(held, head), methods[form]))
    log = read(path)
    first, second = log.items.to_dicts()
    assert json.loads(first.pop("metadata")) == {
        "subject": "a", "hard": True, "n": 1.5, "long": "x" * 200, "quoted": 'é"\n'
    }  # fmt: skip
    assert first == dict.fromkeys(first) | {
        "item": "q0", "epoch": 1, "reading": "match", "score": 1.0, "grade": "C", "answer": "B", "target": "B",
        "choices": ["0", "1"], "tokens_in": 10, "tokens_out": 5,
    }  # fmt: skip
    assert (second["item"], second["score"], second["choices"], second["metadata"]) == ("q1", 0.0, None, None)
    assert (log.model, log.task, log.task_version, log.harness_version) == ("org/model", "arithmetic", "3", "0.3.200")
    assert [(a.reading, a.metric, a.value, a.stderr, a.n) for a in log.aggregates] == [
        ("match", "accuracy", 0.5, 0.5, 2)
    ]
    assert (log.problems, discrepancies(log), log.facts["status"]) == ((), {}, "success")
    assert recognise(path)


def test_cluster_keys_choose_the_metadata(write: Write) -> None:
    held = [sample("q0", metadata={"passage": 7, "subject": "a"})]
    log = read(write(zipped(members(held, header(1)))), cluster_keys=["passage"])
    assert log.items["metadata"].to_list() == ['{"passage":7}']


def test_full_reading_adds_what_summaries_lack(write: Write) -> None:
    likely = [{"token": token, "logprob": value} for token, value in ((" A", -2.0), ("B", -0.5), ("A", -1.0))]
    tokens = [{"token": "ANSWER:", "logprob": -0.1}, {"token": " B", "logprob": -0.5, "top_logprobs": likely}]
    output = {"choices": [{"logprobs": {"content": tokens}}], "usage": {"input_tokens": 4, "output_tokens": 2}}
    edits = [
        {"value": "I"},
        {"value": "C", "provenance": {"author": "a"}},
        {"answer": "B", "provenance": {"author": "a"}},
    ]
    whole = sample("q0", choices=["1", "2", "3"], output=output, invalidation={"author": "a"})
    whole["scores"]["match"]["history"] = edits
    contents = members([sample("q0", choices=["1", "2", "3"])], header(1, invalidated=True))
    contents["samples/q0_epoch_1.json"] = whole
    path = write(zipped(contents))
    brief, full = read(path), read(path, full=True)
    assert brief.items["logprobs"].to_list() == [None]
    row = full.items.row(0, named=True)
    assert (row["logprobs"], row["tokens_in"], row["tokens_out"]) == ([-1.0, -0.5, None], 4, 2)
    assert (full.facts["score_edits"], full.facts["samples_invalidated"]) == ("2", "1")
    assert "invalid" in reasons(brief)


def test_log_probabilities_of_shuffled_options_are_not_those_of_the_options(write: Write) -> None:
    token = {"token": "A", "logprob": -1.0, "top_logprobs": [{"token": "A", "logprob": -1.0}]}
    held = sample("q0", choices=["1", "2"], output={"choices": [{"logprobs": {"content": [token]}}]})
    assert read(write({**header(1), "samples": [held]})).items["logprobs"].to_list() == [[-1.0, None]]
    held["scores"]["match"]["explanation"] = "Choices were shuffled before generating a response"
    assert read(write({**header(1), "samples": [held]})).items["logprobs"].to_list() == [None]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("C", 1),
        ("I", 0),
        ("P", 0.5),
        ("N", 0),
        ("Yes", 1),
        ("no", 0),
        ("TRUE", 1),
        ("false", 0),
        ("-2.5e1", -25),
        (True, 1),
    ]
    + [
        (value, None)
        for value in ("c", "excellent", "nan", "inf", "", "1" * 300, 1e101, "-1e101", 10**400, None, [], {})
    ],
)
def test_score_numbers_by_the_rules_of_inspect(value: object, number: float | None) -> None:
    assert score_number(value) == number


def test_scores_of_several_values_unscored_ones_and_words(write: Write) -> None:
    first = {"a": {"value": {"x": 1, "y": "P"}}, "b": {"value": [1, "I"]}, "c": {"value": "excellent", "answer": "e"}}
    second = {"a": {"value": math.nan}, "b": {"value": [0.5]}}
    held = [sample("q0", scores=first), sample("q1", scores=second), sample("q2", scores=None, error="boom")]
    log = read(write(zipped(members(held, header(3)))))
    rows = {(row["item"], row["reading"]): row["score"] for row in log.items.to_dicts()}
    names = ["a/x", "a/y", "b/0", "b/1", "c"]
    assert [rows["q0", name] for name in names] == [1, 0.5, 1, 0, None]
    assert [rows["q1", name] for name in names] == [None, None, 0.5, None, None]
    assert [rows["q2", name] for name in names] == [None] * 5
    assert [(problem.reason, problem.rows_lost) for problem in log.problems] == [
        ("scores are words, no numbers (c): 'excellent' once; say which are right, such as --correct excellent", 0)
    ]
    assert log.words == {"c"}
    assert log.items.filter(item="q2")["state"].to_list() == ["errored"] * 5
    assert log.facts["samples_errored"] == "1"


def test_no_answer_is_wrong_and_a_state_of_its_own(write: Write) -> None:
    values = [{"a": {"value": "C"}}, {"a": {"value": "N"}}, {"a": {"value": "I"}}]
    held = [sample(f"q{i}", scores=scores) for i, scores in enumerate(values)]
    log = read(write(zipped(members(held, header(3)))))
    assert log.items["score"].to_list() == [1.0, 0.0, 0.0]
    assert log.items["state"].to_list() == [None, "unparsed", None]
    # Beside other letters N is one of somebody's grades.
    graded = [sample(f"q{i}", scores={"a": {"value": letter}}) for i, letter in enumerate("ABN")]
    assert read(write(zipped(members(graded, header(3))))).items["state"].to_list() == [None, None, None]


EPOCHS = {"q0": [1.0, 0.0, 1.0], "q1": [0.0, 0.5, 0.0], "q2": [0.5, 0.25, 1.0]}


@pytest.mark.parametrize(
    ("reducer", "expected"),
    [
        # Each by hand from EPOCHS: the reduced value of q0, q1, q2, then their mean.
        ("mean", (2 / 3 + 1 / 6 + 1.75 / 3) / 3),
        ("median", (1 + 0 + 0.5) / 3),
        ("mode", (1 + 0 + 0.5) / 3),  # of q2, whose values differ, the first
        ("max", (1 + 0.5 + 1) / 3),
        ("at_least_1", 2 / 3),
        ("at_least_2", 1 / 3),
        ("pass_at_1", (2 / 3 + 0 + 1 / 3) / 3),
        ("pass_at_2", (1 + 0 + 2 / 3) / 3),
        ("pass_k_2", (1 / 3 + 0 + 0) / 3),
        (None, (2 + 0.5 + 1.75) / 9),
    ],
)
def test_aggregates_are_recomputed_with_the_reducer_of_the_log(
    write: Write, reducer: str | None, expected: float
) -> None:
    held = [
        sample(item, epoch, value)
        for epoch in (3, 1, 2)
        for item, value in ((i, v[epoch - 1]) for i, v in EPOCHS.items())
    ]
    config = {"epochs": 3, "epochs_reducer": [] if reducer is None else [reducer]}
    head = header(3, 3, eval={"config": config}, results=results(9, {"accuracy": expected, "mean": expected}))
    log = read(write(zipped(members(held, head))))
    assert recomputed(log) == pytest.approx({("match", "accuracy"): expected, ("match", "mean"): expected}, abs=1e-12)
    assert discrepancies(log) == {}


@pytest.mark.parametrize(
    ("dataset", "config", "chosen"),
    [
        ({"samples": 1000, "sample_ids": [1, 2, 3]}, {"limit": 3}, "3"),
        ({"samples": 1000, "sample_ids": [11, 12, 13]}, {"limit": [10, 13]}, "3"),  # --limit 10-13
        ({"samples": 1000, "sample_ids": ["law", "tax"]}, {}, "2"),  # --sample-id law,tax
        ({"samples": 1000, "sample_ids": []}, {"limit": 3}, "3"),
        ({"samples": 1000, "sample_ids": []}, {}, "1000"),
        ({"samples": 1000}, {"limit": 5000}, "1000"),
        ({"samples": None}, {"limit": 3}, None),
    ],
)
def test_a_limit_leaves_the_size_of_the_dataset_beside_what_was_chosen(
    write: Write, dataset: dict[str, Any], config: dict[str, Any], chosen: str | None
) -> None:
    log = read(write({**header(3, eval={"dataset": dataset, "config": config}), "samples": [sample(1)]}))
    assert log.facts.get("items_chosen") == chosen
    assert log.facts.get("items_in_dataset") == (chosen and "1000")


def test_several_reducers_are_told_apart(write: Write) -> None:
    held = [sample("q0", epoch, value) for epoch, value in ((1, "C"), (2, "C"), (3, "I"))]
    given = [results(3, {"mean": value}, reducer=name)["scores"][0] for name, value in (("mean", 2 / 3), ("mode", 1.0))]
    head = header(1, 3, eval={"config": {"epochs": 3, "epochs_reducer": ["mean", "mode"]}})
    log = read(write(zipped(members(held, {**head, "results": {"total_samples": 3, "scores": given}}))))
    assert recomputed(log) == pytest.approx({("match", "mean/mean"): 2 / 3, ("match", "mean/mode"): 1.0})
    assert discrepancies(log) == {}


@pytest.mark.parametrize(
    ("rule", "values", "change"),
    [
        (Rule.SAMPLES_ABSENT, ["C", "C"], {"total_samples": 5}),
        (Rule.SCORES_ABSENT, [math.nan, math.nan], {}),
        (Rule.CONTAINER, [{"a": 1}, {"a": 1}], {}),
        (Rule.NOT_A_NUMBER, ["good", 1.0], {}),
        (Rule.OPTIONS, ["C", "C"], {"params": {"to_float": "own"}}),
        (Rule.REDUCER, ["C", "C"], {"reducer": "own"}),
        (Rule.DISTINCT_VALUES, ["I", "N"], {"reducer": "mode"}),
        (Rule.UNEXPLAINED, ["C", "C"], {}),
    ],
)
def test_every_difference_has_its_rule(write: Write, rule: Rule, values: list[Any], change: dict[str, Any]) -> None:
    given = results(2, {"accuracy": 0.3})
    given["total_samples"] = change.get("total_samples", 2)
    given["scores"][0]["metrics"]["accuracy"]["params"] = change.get("params", {})
    config = {"config": {"epochs_reducer": [change.get("reducer", "mean")]}}
    held = [sample(f"q{number}", value=value) for number, value in enumerate(values)]
    log = read(write(zipped(members(held, header(2, eval=config, results=given)))))
    assert discrepancies(log) == {("match", "accuracy"): rule}
    said = [problem for problem in log.problems if "but its items give" in problem.reason]
    assert bool(said) is (rule is Rule.UNEXPLAINED)


def test_an_aggregate_that_the_samples_contradict_is_a_problem_that_costs_no_row(write: Write) -> None:
    held = [sample(f"q{number}", value="CCCI"[number % 4]) for number in range(20)]
    wrong = results(20, {"accuracy": 0.95, "mean": 0.75})
    for whole in ({**header(20, results=wrong), "samples": held}, zipped(members(held, header(20, results=wrong)))):
        log = read(write(whole))
        assert [(problem.reason, problem.rows_lost) for problem in log.problems] == [
            ("accuracy: the log says 0.95, but its items give 0.75", 0)
        ]


def test_variants_of_an_item_are_samples_of_the_aggregate(write: Write) -> None:
    named = (("q0", "plain", "C"), ("q0", "polite", "C"), ("q1", "plain", "I"))
    held = [
        {**sample(f"{item}-{variant}", value=value), "metadata": {"item": item, "variant": variant}}
        for item, variant, value in named
    ]
    log = read(write({**header(3, results=results(3, {"accuracy": 2 / 3})), "samples": held}))
    assert log.items["variant"].to_list() == ["plain", "polite", "plain"]
    assert (discrepancies(log), log.problems) == ({}, ())


@pytest.mark.parametrize("whole", [False, True])
def test_samples_that_errored_and_were_scored_all_the_same_are_counted(write: Write, whole: bool) -> None:
    held = [sample(f"q{number}") for number in range(20)]
    for place, error in ((0, {"message": "gone"}), (1, "gone"), (2, {"message": "gone"})):
        held[place]["error"] = error
    held[2]["scores"] = {}
    log = read(write(zipped(members(held, header(20))) if whole else {**header(20), "samples": held}))
    assert log.facts["samples_errored"] == "3"
    assert [(problem.reason, problem.rows_lost) for problem in log.problems] == [
        ("2 of 20 samples ended in an error and were scored all the same", 0)
    ]


def test_a_difference_of_edited_scores_is_named(write: Write) -> None:
    held = sample("q0")
    held["scores"]["match"]["history"] = [{"value": "I"}, {"value": "C"}]
    log = read(write({**header(1, results=results(1, {"accuracy": 0.0})), "samples": [held]}))
    assert (log.items["score"].to_list(), log.facts["score_edits"]) == ([1.0], "1")
    assert discrepancies(log) == {("match", "accuracy"): Rule.EDITED}
    assert [problem.reason for problem in log.problems] == ["accuracy: the log says 0, but its items give 1"]


def test_roles_graders_and_arguments_are_facts(write: Write) -> None:
    roles = {"grader": {"model": "org/judge", "config": {}}, "helper": [{"model": "a"}, {"model": "b"}]}
    spec = {"model_roles": roles, "model_args": {"device": 0}, "model_generate_config": {"temperature": 0.5}}
    held = [sample("q0", scores={"model_graded_qa": {"value": "C"}, "match": {"value": "C"}})]
    log = read(write(zipped(members(held, header(1, eval=spec)))))
    assert log.model == "org/model"
    assert (log.facts["role.grader"], log.facts["role.helper"]) == ("org/judge", "a, b")
    assert json.loads(log.facts["generate_config"]) == {"temperature": 0.5}
    assert log.items["grader"].to_list() == ["org/judge", None]


def test_the_oldest_logs_had_one_scorer(write: Write) -> None:
    held = {"id": 1, "epoch": 1, "input": "?", "target": ["a", "b"], "score": {"value": "C", "answer": "a"}}
    given = {"scorer": {"name": "includes", "params": {}}, "metrics": {"accuracy": {"name": "accuracy", "value": 1.0}}}
    log = read(write({**header(1, results=given), "samples": [held]}))
    assert log.items.select("reading", "score", "target").rows() == [("includes", 1.0, '["a","b"]')]
    assert discrepancies(log) == {}


def test_the_last_run_of_a_sample_counts(write: Write) -> None:
    contents = members([sample("q0", value="I"), sample("q0", value="C")], header(1))
    log = read(write(zipped(contents)))
    assert log.items["score"].to_list() == [1.0]
    assert log.problems == ()


@pytest.mark.parametrize("status", ["cancelled", "error", "started"])
def test_unfinished_runs_give_what_there_is(write: Write, status: str) -> None:
    log = read(write(zipped(members([sample("q0")], header(4, status=status, error={"message": "stop"})))))
    assert (log.items.height, lost(log), log.facts["status"], log.facts["error"]) == (1, 3, status, "stop")
    said = {"error": "ended in an error (stop)", "cancelled": "was cancelled", "started": "has not come to its end"}
    assert f"the run {said[status]}; 3 of the 4 samples declared are not there" in reasons(log)
    assert log.ended == ("stop" if status == "error" else status)


def test_a_log_being_written_has_its_journal(write: Write) -> None:
    contents = members([sample(f"q{number}") for number in range(3)], header(4))
    running = {name: held for name, held in contents.items() if name not in ("summaries.json", "header.json")}
    whole = zipped(running)
    for data in (whole, whole[: whole.index(b"PK\x01\x02")]):
        path = write(data)
        log = read(path)
        assert recognise(path)
        assert (log.items.height, lost(log), log.facts["status"], log.model) == (3, 1, "started", "org/model")
        assert "header.json is missing" in reasons(log)
    assert "no directory" in reasons(log)


def test_samples_without_a_summary_are_read_themselves(write: Write) -> None:
    contents = members([sample("a/b"), sample("q1")], header(2))
    contents["summaries.json"] = contents["_journal/summaries/1.json"] = b"[{]"
    log = read(write(zipped(contents)))
    assert log.items["item"].to_list() == ["a/b", "q1"]
    assert "summaries.json: not as expected" in reasons(log)
    assert lost(log) == 0


LARGE = [sample(f"q{number}", epoch, "CI"[number % 2]) for epoch in (1, 2) for number in range(20)]
LARGE_HEADER = header(20, 2, results=results(40, {"accuracy": 0.5}))
FORMS = {
    "archive": zipped(members(LARGE, LARGE_HEADER)),
    "zstandard": zipped(members(LARGE, LARGE_HEADER), 93),
    "document": json.dumps({**LARGE_HEADER, "samples": LARGE, "reductions": []}).encode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("percent", range(0, 100, 5))
def test_a_log_cut_anywhere_says_what_is_lost(write: Write, form: str, percent: int) -> None:
    data = FORMS[form][: len(FORMS[form]) * percent // 100]
    log = read(write(data))
    assert reasons(log)
    if log.declared_items is not None:
        assert (log.declared_items, log.items.height + lost(log)) == (40, 40)
    assert log.items["score"].drop_nulls().is_in([0.0, 1.0]).all()
    if percent >= 90:
        # Of an archive only what stands behind the samples is lost, of a document the last samples.
        assert log.items.height >= (40 if form != "document" else 30)


def test_a_document_cut_before_its_number_of_epochs_declares_nothing(write: Write) -> None:
    data = json.dumps({**header(20, 3), "samples": []}).encode()
    whole, cut = read(write(data)), read(write(data[: data.index(b'"config"')]))
    assert (whole.declared_items, whole.task) == (60, "arithmetic")
    assert (cut.declared_items, cut.task) == (None, "arithmetic")
    assert [(problem.reason, problem.rows_lost) for problem in cut.problems] == [
        ("the document is cut after 0 of its samples", None)
    ]


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"{", b"[]", b"null", b"\x00" * 100]
)
def test_what_is_no_log_has_nothing_but_a_reason(write: Write, content: bytes) -> None:
    path = write(content)
    log = read(path)
    assert not recognise(path)
    assert (log.items.height, log.model) == (0, None)
    assert [problem.rows_lost for problem in log.problems] == [None] * len(log.problems)
    assert reasons(log)


def test_a_missing_file_is_an_error_of_the_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.eval: no such file"):
        read(tmp_path / "absent.eval")


@pytest.mark.parametrize("where", ["metadata", "score", "unknown"])
@pytest.mark.parametrize("form", ["archive", "document"])
def test_a_million_nested_lists_cost_one_sample(write: Write, where: str, form: str) -> None:
    deep = "[" * 1_000_000 + "]" * 1_000_000
    poison = sample("q1", value="@deep") if where == "score" else sample("q1", **{where: {"a": "@deep"}})
    held = [sample("q0"), poison, sample("q2")]
    if form == "document":
        data = json.dumps({**header(3), "samples": held}).replace('"@deep"', deep).encode()
    else:
        contents = members(held, header(3))
        data = zipped({name: json.dumps(text).replace('"@deep"', deep).encode() for name, text in contents.items()})
    log = read(write(data))
    assert log.items["item"].to_list() == ["q0", "q2"]
    assert lost(log) == 1
    assert "nested too deep" in reasons(log)


def test_a_bomb_among_the_members_costs_only_itself(write: Write) -> None:
    contents = members([sample("q0"), sample("q1")], header(2))
    data = zipped({**contents, "summaries.json": b" " * (200 << 20), "samples/q9_epoch_1.json": b" " * (200 << 20)})
    tracemalloc.start()
    log = read(write(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert log.items["item"].to_list() == ["q0", "q1"]
    assert "zip bomb" in reasons(log)
    assert peak < 8 << 20


def test_keys_without_end_do_not_multiply_the_rows(write: Write) -> None:
    held = [sample(f"q{i}", scores={"s": {"value": {f"{i}-{j}": 1 for j in range(100)}}}) for i in range(20)]
    log = read(write(zipped(members(held, header(20)))))
    assert log.items.height == 20 * 1000
    assert "2,000 names of scores; the first 1,000 are read" in reasons(log)


def test_text_of_an_item_is_kept_as_text(write: Write) -> None:
    script = "<script>alert(1)</script>"
    held = sample(script, target=script, choices=[script, "=1+1"], metadata={script: script})
    log = read(write(zipped(members([held], header(1, eval={"task": script})))))
    row = log.items.row(0, named=True)
    assert (log.task, row["item"], row["target"], row["choices"]) == (script, script, script, [script, "=1+1"])
    assert json.loads(row["metadata"]) == {script: script}


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": 2**40},
        {"epoch": "one"},
        {"id": None},
        {"scores": []},
        {"model_usage": {"m": {"input_tokens": 10**30}}},
        {"model_usage": {"m": {"input_tokens": -1}}},
    ],
)
def test_a_sample_of_the_wrong_shape_costs_itself(write: Write, change: dict[str, Any]) -> None:
    held = [sample("q0"), sample("q1") | change, sample("q2")]
    for data in (json.dumps({**header(3), "samples": held}).encode(), zipped(members(held, header(3)))):
        log = read(write(data))
        assert log.items["item"].to_list() == ["q0", "q2"]
        assert lost(log) == 1


def test_a_header_of_the_wrong_shape_costs_no_rows(write: Write) -> None:
    head = header(1, eval={"model": ["no", "name"]})
    for data in (json.dumps({**head, "samples": [sample("q0")]}).encode(), zipped(members([sample("q0")], head))):
        log = read(write(data))
        assert (log.items["item"].to_list(), log.model) == (["q0"], None)
        assert "model" in reasons(log)


HOSTILE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["C", "NaN", "\0", "x" * 2000]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "id",
    "epoch",
    "target",
    "choices",
    "metadata",
    "scores",
    "score",
    "model_usage",
    "output",
    "error",
    "invalidation",
]
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@FUZZ
@given(st.dictionaries(st.sampled_from(FIELDS), HOSTILE), st.dictionaries(st.text(), HOSTILE), HOSTILE, st.booleans())
def test_any_json_in_a_sample_is_a_row_or_a_loss(
    write: Write, fields: dict[str, Any], metadata: dict[str, Any], value: Any, archived: bool
) -> None:
    held = [sample("q0"), sample("q1", value=value, metadata=metadata, choices=[str(value)]), sample("q2") | fields]
    head = header(3)
    log = read(write(zipped(members(held, head)) if archived else {**head, "samples": held}), full=archived)
    assert dict(log.items.schema) == ITEM_COLUMNS
    assert "q0" in log.items["item"]
    kept = log.items.select("item", "epoch").n_unique()
    assert sum(problem.rows_lost or 0 for problem in log.problems if "declared" in problem.reason) >= 3 - kept
    for text in log.items["metadata"].drop_nulls():
        assert all(not isinstance(held, dict | list) for held in json.loads(text).values())


@FUZZ
@given(
    st.dictionaries(st.sampled_from(["eval", "results", "status", "error", "version", "invalidated"]), HOSTILE), HOSTILE
)
def test_any_json_in_a_header_is_survived(write: Write, fields: dict[str, Any], value: Any) -> None:
    head = {**header(1), "results": results(1, {"accuracy": value}), **fields}
    log = read(write({**head, "samples": [sample("q0")]}))
    assert log.items["item"].to_list() == ["q0"]
    assert all(math.isfinite(aggregate.value) for aggregate in log.aggregates)
    assert set(discrepancies(log).values()) <= set(Rule)


@FUZZ
@given(st.sampled_from(sorted(FORMS)), st.data())
def test_flipped_bits_never_give_a_score_that_was_not_there(write: Write, form: str, data: st.DataObject) -> None:
    damaged = bytearray(FORMS[form])
    for bit in data.draw(st.lists(st.integers(0, len(damaged) * 8 - 1), min_size=1, max_size=20)):
        damaged[bit // 8] ^= 1 << bit % 8
    path = write(bytes(damaged))
    log = read(path, full=data.draw(st.booleans()))
    recognise(path)
    assert dict(log.items.schema) == ITEM_COLUMNS
    if form != "document":
        # Members have checksums; a document has none, and a flipped letter in it is just another letter.
        assert log.items["score"].is_in([0.0, 1.0]).all()
        assert log.items.height <= 40


@FUZZ
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"PK\x03\x04", b"{", b'{"eval": {"task": "t", "model": "m"}, "samples": [']),
)
def test_any_bytes_are_survived(write: Write, noise: bytes, start: bytes) -> None:
    path = write(start + noise)
    log = read(path)
    recognise(path)
    assert log.items.height == 0 or start.endswith(b"[")
