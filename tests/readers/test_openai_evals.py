"""Logs of OpenAI evals, made as its recorder writes them, and damaged ones."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers import openai_evals
from measurand.readers.log import ITEM_COLUMNS

SPEC = {
    "completion_fns": ["gpt-3.5-turbo"],
    "eval_name": "demo.dev.v1",
    "base_eval": "demo",
    "split": "dev",
    "run_config": {"completion_fns": ["gpt-3.5-turbo"], "seed": 20220722, "max_samples": None},
    "created_by": "",
    "run_id": "230101000000ABCDEFGH",
    "created_at": "2023-01-01 00:00:00.000000",
}


def events(*described):
    """Events numbered as recorded: (sample, type, data)."""
    return [
        {
            "run_id": SPEC["run_id"],
            "event_id": number,
            "sample_id": f"demo.dev.{sample}",
            "type": kind,
            "data": data,
            "created_by": "",
            "created_at": "2023-01-01 00:00:01.000000+00:00",
        }
        for number, (sample, kind, data) in enumerate(described)
    ]


def sampled(text, **beside):
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    return {"prompt": [{"role": "user", "content": "?"}], "sampled": [text], "usage": usage, **beside}


def matched(correct, **beside):
    return {"correct": correct, "expected": "yes", "picked": "yes" if correct else None, "sampled": "yes!", **beside}


def demo(samples=4):
    """Lines of a finished run, its events interleaved as threads do."""
    asked = [(i, "sampling", sampled("yes!")) for i in range(samples)]
    scored = [(i, "match", matched(bool(i % 2))) for i in reversed(range(samples))]
    report = {"accuracy": sum(i % 2 for i in range(samples)) / samples, "boostrap_std": 0.2, "usage_total_tokens": 48}
    return [{"spec": SPEC}, *events(*asked, *scored), {"final_report": report}]


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def run(path, *described, report=None):
    return write(path, [{"spec": SPEC}, *events(*described), {"final_report": report or {}}])


def sound(logs):
    """What holds for any log, however bad."""
    assert logs
    for log in logs:
        assert dict(log.items.schema) == ITEM_COLUMNS
        assert log.source.rows == log.items.height
        assert all(math.isfinite(aggregate.value) for aggregate in log.aggregates)
        assert all(problem.reason and (problem.rows_lost or 0) >= 0 for problem in log.problems)
    return logs


def test_a_run_of_matches(tmp_path):
    path = write(tmp_path / "log.txt", demo())
    assert openai_evals.recognise(path)
    (log,) = sound(openai_evals.read(path))
    assert (log.model, log.task, log.task_version) == ("gpt-3.5-turbo", "demo.dev.v1", "v1")
    assert log.problems == ()
    assert log.facts["status"] == "finished"
    assert log.items.sort("item").select("item", "epoch", "reading", "score", "answer", "target").rows() == [
        ("demo.dev.0", 1, "match", 0.0, "yes!", "yes"),
        ("demo.dev.1", 1, "match", 1.0, "yes", "yes"),
        ("demo.dev.2", 1, "match", 0.0, "yes!", "yes"),
        ("demo.dev.3", 1, "match", 1.0, "yes", "yes"),
    ]
    assert log.items.select("tokens_in", "tokens_out").rows() == [(10, 2)] * 4
    assert {(given.reading, given.metric): given.value for given in log.aggregates} == {
        ("match", "accuracy"): 0.5,
        ("boostrap_std", "boostrap_std"): 0.2,
    }
    assert openai_evals.recomputed(log) == {("match", "accuracy"): 0.5}
    assert openai_evals.explained(log)["boostrap_std", "boostrap_std"].startswith("bootstrap")


def test_numbers_of_metrics_are_scorers_and_labels_are_beside(tmp_path):
    path = run(
        tmp_path / "a",
        (0, "sampling", sampled("a poem", model="gpt-3.5-turbo")),
        (0, "sampling", sampled("Y", model="gpt-4")),
        (0, "metrics", {"choice": "Y", "score": 1.0}),
        (1, "sampling", sampled("prose", model="gpt-3.5-turbo")),
        (1, "metrics", {"choice": "N", "score": 0.0}),
        report={"counts/choice/Y": 1, "counts/choice/N": 1, "score": 0.5, "invalid_request_during_evaluation": 0},
    )
    (log,) = sound(openai_evals.read(path))
    assert log.problems == ()
    assert log.items.select("reading", "score", "answer", "tokens_in").rows() == [
        ("score", 1.0, "a poem", 10),
        ("score", 0.0, "prose", 10),
    ]
    assert json.loads(log.items["metadata"][0]) == {"choice": "Y"}
    assert openai_evals.recomputed(log) == {("score", "score"): 0.5}
    assert {rule.split(":")[0] for rule in openai_evals.explained(log).values()} == {"count", "report only"}


def test_options_likelihoods_and_raw_samples(tmp_path):
    path = run(
        tmp_path / "a",
        (0, "raw_sample", {"input": "?", "ideal": ["no"], "subject": "law"}),
        (0, "cond_logp", {"prompt": "?", "completion": "yes", "logp": -0.5}),
        (0, "cond_logp", {"prompt": "?", "completion": "no", "logp": -1.5}),
        (0, "pick_option", {"prompt": "?", "options": ["yes", "no"], "picked": "yes"}),
        (0, "embedding", {"prompt": "?", "embedding_type": "x"}),
        (0, "metrics", {"accuracy": False}),
        report={"accuracy": 0.0},
    )
    row = openai_evals.read(path)[0].items.row(0, named=True)
    assert (row["choices"], row["logprobs"], row["answer"], row["target"]) == (["yes", "no"], [-0.5, -1.5], "yes", "no")
    assert (row["reading"], row["score"], row["metadata"]) == ("accuracy", 0.0, '{"subject":"law"}')


def test_a_sample_scored_again_is_another_epoch(tmp_path):
    path = run(tmp_path / "a", (0, "match", matched(True)), (0, "match", matched(False)), report={"accuracy": 0.5})
    (log,) = openai_evals.read(path)
    assert log.items.select("epoch", "score").rows() == [(1, 1.0), (2, 0.0)]
    assert log.problems == ()


def test_a_sample_that_failed_is_a_row_without_score(tmp_path):
    path = run(tmp_path / "a", (0, "error", {"type": "Timeout", "message": "late"}), (1, "match", matched(True)))
    (log,) = openai_evals.read(path)
    assert log.items.select("reading", "score").rows() == [(None, None), ("match", 1.0)]
    assert json.loads(log.items["metadata"][0]) == {"error": "Timeout: late"}
    assert [problem.rows_lost for problem in log.problems] == [1]


@pytest.mark.parametrize(
    ("spec", "model"),
    [
        ({"eval_name": "a.b", "run_id": "r", "model_name": "m"}, "m"),
        ({"eval_name": "a.b", "run_id": "r", "model_names": {"completions": ["m"]}}, "m"),
        ({"eval_name": "a.b", "run_id": "r", "completion_fns": ["m", "n"]}, "m,n"),
        ({"eval_name": "a.b", "run_id": "r"}, None),
    ],
)
def test_where_the_model_is_named(tmp_path, spec, model):
    path = write(tmp_path / "a", [{"spec": spec}, *events((0, "match", matched(True)))])
    assert openai_evals.recognise(path)
    assert openai_evals.read(path)[0].model == model


def test_a_run_that_goes_on_says_so(tmp_path):
    (log,) = openai_evals.read(write(tmp_path / "a", demo()[:-1]))
    assert log.facts["status"] == "not finished"
    assert log.items.height == 4
    assert "no final report" in log.problems[0].reason


def test_an_aggregate_that_its_items_contradict_is_a_problem(tmp_path):
    (log,) = openai_evals.read(run(tmp_path / "a", (0, "match", matched(True)), report={"accuracy": 0.9}))
    assert [problem.reason for problem in log.problems] == ["accuracy: the log says 0.9, but its items give 1"]


def test_a_lost_event_shows_in_the_numbers(tmp_path):
    lines = demo()
    del lines[6]
    (log,) = openai_evals.read(write(tmp_path / "a", lines))
    assert [(problem.reason, problem.rows_lost) for problem in log.problems] == [
        ("a: 1 events are missing, as their numbers show", 1)
    ]
    assert openai_evals.explained(log)["match", "accuracy"].startswith("part of the items")


def test_a_sample_that_errored_and_was_scored_all_the_same_is_counted(tmp_path):
    events = (
        (0, "error", {"type": "Timeout", "message": "late"}),
        (0, "match", matched(True)),
        (1, "match", matched(True)),
    )
    (log,) = openai_evals.read(run(tmp_path / "a", *events))
    said = [problem.reason for problem in log.problems if "error" in problem.reason]
    assert said == ["1 of 2 samples ended in an error and was scored all the same"]


def test_a_missing_path_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        openai_evals.read(tmp_path / "none.jsonl")
    assert not openai_evals.recognise(tmp_path / "none.jsonl")


@pytest.mark.parametrize("content", ["", "[]", '{"spec": {}}', '{"model": "a", "score": 1}'])
def test_other_content_is_not_recognised(tmp_path, content):
    (tmp_path / "a.jsonl").write_text(content)
    assert not openai_evals.recognise(tmp_path / "a.jsonl")


# --- damaged logs


@pytest.mark.parametrize("percent", range(0, 100, 5))
def test_truncated_logs_keep_what_is_whole(tmp_path, percent):
    path = write(tmp_path / "a", demo(20))
    data = path.read_bytes()
    kept = data[: len(data) * percent // 100]
    path.write_bytes(kept)
    (log,) = sound(openai_evals.read(path))
    assert log.problems
    assert log.items.filter(reading="match").height == sum(b'"match"' in line for line in kept.split(b"\n")[:-1])


@pytest.mark.parametrize("first", [b"", b"\xff" * 30, b'{"spec": ' + b"[" * 10**6])
def test_a_log_whose_first_line_is_damaged_is_still_read(tmp_path, first):
    path = write(tmp_path / "a", demo())
    path.write_bytes(first + b"\n" + path.read_bytes().split(b"\n", 1)[1])
    (log,) = sound(openai_evals.read(path))
    assert (log.model, log.items.height) == (None, 4)
    assert any("model and task are not known" in problem.reason for problem in log.problems)


@pytest.mark.parametrize("content", [b"", b"[" * 10**6, b'{"spec":' * 10**6, b"\0" * 100, b"null\n"])
def test_empty_and_nested_files_are_problems(tmp_path, content):
    path = tmp_path / "a"
    path.write_bytes(content)
    (log,) = sound(openai_evals.read(path))
    assert log.items.height == 0
    assert log.problems


def test_markup_is_text(tmp_path):
    script = "<script>alert(1)</script>"
    (log,) = openai_evals.read(
        run(tmp_path / "a", (0, "match", {"correct": True, "expected": script, "picked": script}))
    )
    assert (log.items["answer"][0], log.items["target"][0]) == (script, script)


def test_many_scores_of_a_sample_are_bounded(tmp_path):
    path = run(
        tmp_path / "a", (0, "sampling", sampled("x" * 20_000)), (0, "metrics", {f"m{i}": 1 for i in range(1000)})
    )
    (log,) = sound(openai_evals.read(path))
    assert log.items.height == 200
    assert any(problem.rows_lost == 800 for problem in log.problems)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def replaced(value, steps, new):
    """The value with one part of it, found by the steps, replaced."""
    if not steps or not isinstance(value, (dict, list)) or not value:
        return new
    keys = list(value) if isinstance(value, dict) else range(len(value))
    chosen = keys[steps[0] % len(keys)]
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[chosen] = replaced(value[chosen], steps[1:], new)
    return changed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


BASE = [
    {"spec": SPEC},
    *events(
        (0, "sampling", sampled("yes", model="m", options=["yes"])),
        (0, "match", matched(True)),
        (1, "metrics", {"score": 1.0, "choice": "Y"}),
        (1, "cond_logp", {"completion": "yes", "logp": -1.0}),
        (1, "pick_option", {"options": ["yes"], "picked": "yes"}),
        (2, "error", {"type": "T", "message": "m"}),
        (2, "raw_sample", {"ideal": "x"}),
    ),
    {"final_report": {"accuracy": 1.0}},
]


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(st.integers(0, 50), min_size=1, max_size=5), new=JSON)
def test_any_value_in_any_place_is_a_log(folder, steps, new):
    lines = replaced(BASE, steps, new)
    (log,) = sound(openai_evals.read(write(folder / "a", lines)))
    openai_evals.recomputed(log)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_flipped_bytes_are_a_log(folder, flips):
    path = write(folder / "a", demo())
    data = bytearray(path.read_bytes())
    for position, value in flips:
        data[position % len(data)] = value
    path.write_bytes(bytes(data))
    (log,) = sound(openai_evals.read(path))
    assert log.items.height <= 8


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b'{"spec": {"run_id": "r", "eval_name": ', b'{"final_report": ']))
def test_any_bytes_are_a_log(folder, data, start):
    path = folder / "any"
    path.write_bytes(start + data)
    sound(openai_evals.read(path))
    assert isinstance(openai_evals.recognise(path), bool)
