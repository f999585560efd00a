"""Records of every_eval_ever: the published ones, made ones, and damaged ones."""

import hashlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers import every_eval_ever, read
from measurand.readers.log import ITEM_COLUMNS

LEADERBOARD = "98ea850e-7019-4728-a558-8b1819ec47c2.json"
DEMO = "demo-source/demo-org/demo-model/f3a1c0de-4b2e-4c1a-9f6d-1b7e5a2c8d40.json"


def result(task="demo", *, score=0.5, metric="accuracy", identity=None, **changes):
    return {
        "evaluation_result_id": identity or f"src.{task}",
        "evaluation_name": task,
        "source_data": {"dataset_name": task, "source_type": "hf_dataset", "hf_repo": "org/demo"},
        "metric_config": {"metric_id": metric, "lower_is_better": False, "min_score": 0.0, "max_score": 1.0},
        "score_details": {"score": score, "uncertainty": {"standard_error": {"value": 0.1}, "num_samples": 4}},
        **changes,
    }


def line(number, *, task="demo", **changes):
    return {
        "schema_version": "0.3.0",
        "evaluation_id": "src/m/1",
        "model_id": "org/m",
        "evaluation_name": task,
        "evaluation_result_id": f"src.{task}",
        "sample_id": f"s{number}",
        "sample_hash": f"h{number}",
        "interaction_type": "single_turn",
        "input": {"raw": "?", "reference": ["4"], "choices": ["3", "4"]},
        "output": {"raw": ["It is 4."]},
        "answer_attribution": [
            {"turn_idx": 0, "extracted_value": "first", "is_terminal": False},
            {"turn_idx": 0, "extracted_value": "4", "is_terminal": True},
        ],
        "evaluation": {"score": float(number % 2), "is_correct": bool(number % 2)},
        "token_usage": {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17},
        "metadata": {"subject": "law"},
        **changes,
    }


def record(results, samples=(), **changes):
    pointed = {"format": "jsonl", "file_path": "data/src/org/m/run_samples.jsonl", "total_rows": len(samples)}
    return {
        "schema_version": "0.3.0",
        "evaluation_id": "src/m/1",
        "retrieved_timestamp": "1750000001",
        "source_metadata": {"source_type": "evaluation_run", "source_organization_name": "org"},
        "eval_library": {"name": "lm_eval", "version": "0.4.9"},
        "model_info": {"name": "m", "id": "org/m"},
        "evaluation_results": results,
        **({"detailed_evaluation_results": pointed} if samples else {}),
        **changes,
    }


def write(folder, samples, content=None):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run_samples.jsonl").write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    path = folder / "run.json"
    path.write_text(json.dumps(content if content is not None else record([result()], samples), indent=2))
    return path


def sound(logs):
    """What holds for any log, however bad."""
    assert logs
    for log in logs:
        assert dict(log.items.schema) == ITEM_COLUMNS
        assert log.source.rows == log.items.height
        assert all(math.isfinite(aggregate.value) for aggregate in log.aggregates)
        assert all(problem.reason and (problem.rows_lost or 0) >= 0 for problem in log.problems)
    return logs


# --- published records


def test_the_published_leaderboard_record_is_six_tasks(shared):
    path = shared / "data/harness_logs/every_eval_ever" / LEADERBOARD
    assert every_eval_ever.recognise(path)
    logs = sound(every_eval_ever.read(path))
    assert {(log.model, log.problems, log.items.height) for log in logs} == {
        ("TencentARC/LLaMA-Pro-8B-Instruct", (), 0)
    }
    assert {log.task: log.aggregates[0].value for log in logs} == {
        "IFEval": 0.4486,
        "BBH": 0.4224,
        "MATH Level 5": 0.0249,
        "GPQA": 0.2743,
        "MUSR": 0.419,
        "MMLU-PRO": 0.1946,
    }
    assert {log.aggregates[0].higher_is for log in logs} == {"better"}
    assert all("no items" in rule for log in logs for rule in every_eval_ever.explained(log).values())


@pytest.mark.parametrize("name", [DEMO, DEMO.replace(".json", "_samples.jsonl")])
def test_the_published_record_with_samples_holds_what_it_declares(shared, name):
    path = shared / "data/harness_logs/every_eval_ever" / name
    assert every_eval_ever.recognise(path)
    (log,) = sound(every_eval_ever.read(path))
    assert (log.model, log.task, log.declared_items, log.problems) == (
        "demo-org/demo-model",
        "demo-source.demo_bench",
        1,
        (),
    )
    row = log.items.row(0, named=True)
    assert (row["item"], row["score"], row["answer"], row["target"], row["tokens_in"], row["tokens_out"]) == (
        "9c94305328f8e70341f9d1880f4eaa6ea7f93b8922e6a03a8cdcf1924d28db0b",
        1.0,
        "4",
        "4",
        12,
        5,
    )
    assert json.loads(row["metadata"])["subject"] == "arithmetic"
    # The record copies 0.75 from a document; its one sample is an example.
    key = ("accuracy", "accuracy")
    assert (log.aggregates[0].value, every_eval_ever.recomputed(log)[key]) == (0.75, 1.0)
    assert every_eval_ever.explained(log)[key].startswith("documented")


def test_schemas_are_no_records(shared):
    for path in (shared / "data/harness_logs/every_eval_ever").glob("*.schema.json"):
        assert not every_eval_ever.recognise(path)
        assert all(log.problems and not log.aggregates for log in sound(every_eval_ever.read(path)))


# --- made records


def test_a_record_and_its_samples_are_one_log(tmp_path):
    samples = [line(i) for i in range(4)]
    path = write(tmp_path, samples)
    for given_path in (path, tmp_path / "run_samples.jsonl"):
        (log,) = sound(every_eval_ever.read(given_path))
        assert (log.model, log.task, log.harness_version, log.problems) == ("org/m", "demo", "0.4.9", ())
        assert every_eval_ever.recomputed(log) == {("accuracy", "accuracy"): 0.5}
        assert every_eval_ever.explained(log) == {}
        assert (log.aggregates[0].stderr, log.aggregates[0].n) == (0.1, 4)
        assert log.items["choices"].to_list()[0] == ["3", "4"]
    assert every_eval_ever.part_of(tmp_path / "run_samples.jsonl") == path
    assert every_eval_ever.part_of(path) is None


def test_two_metrics_of_a_task_are_scorers(tmp_path):
    results = [result(), result(metric="f1", identity="src.f1", score=0.25)]
    samples = [line(0), line(1), line(0, evaluation_result_id="src.f1", evaluation={"score": 0.25})]
    (log,) = sound(every_eval_ever.read(write(tmp_path, samples, record(results, samples))))
    assert log.items["reading"].to_list() == ["accuracy", "accuracy", "f1"]
    assert log.items["epoch"].to_list() == [1, 1, 1]
    assert every_eval_ever.recomputed(log) == {("accuracy", "accuracy"): 0.5, ("f1", "f1"): 0.25}


def test_results_of_one_metric_are_told_apart_by_their_identity(tmp_path):
    results = [result(identity="a"), result(identity="b", score=1.0)]
    (log,) = every_eval_ever.read(write(tmp_path, [], record(results)))
    assert [aggregate.reading for aggregate in log.aggregates] == ["a", "b"]


def test_answers_that_lm_eval_did_not_grade_have_no_score(tmp_path):
    (log,) = every_eval_ever.read(write(tmp_path, [], record([result(metric="bypass", score=999)])))
    assert log.aggregates == ()
    assert log.problems[-1].reason == "demo, bypass: no score that is a finite number"


def test_samples_that_errored_and_were_scored_all_the_same_are_counted(tmp_path):
    samples = [line(i, error="sandbox gone" if i else None) for i in range(4)]
    samples[3]["evaluation"] = {}
    (log,) = every_eval_ever.read(write(tmp_path, samples, record([result(score=1 / 3)], samples)))
    said = [problem.reason for problem in log.problems if "error" in problem.reason]
    assert said == ["2 of 4 samples ended in an error and were scored all the same"]


def test_an_aggregate_that_its_items_contradict_is_a_problem(tmp_path):
    samples = [line(i) for i in range(4)]
    (log,) = every_eval_ever.read(write(tmp_path, samples, record([result(score=0.75)], samples)))
    assert [problem.reason for problem in log.problems] == ["accuracy: the log says 0.75, but its items give 0.5"]


def test_a_checksum_that_does_not_fit_is_a_problem(tmp_path):
    samples = [line(i) for i in range(4)]
    path = write(tmp_path, samples)
    content = json.loads(path.read_text())
    right = hashlib.sha256((tmp_path / "run_samples.jsonl").read_bytes()).hexdigest()
    for checksum, wrong in ((right, 0), ("0" * 64, 1)):
        content["detailed_evaluation_results"] |= {"hash_algorithm": "sha256", "checksum": checksum}
        path.write_text(json.dumps(content))
        (log,) = every_eval_ever.read(path)
        assert len(log.problems) == wrong


@pytest.mark.parametrize("outside", ["../secret.jsonl", "/etc/passwd", "..", "", "a\0b", "x" * 400])
def test_a_path_out_of_the_folder_is_not_followed(tmp_path, outside):
    (tmp_path / "secret.jsonl").write_text(json.dumps(line(0)) + "\n")
    folder = tmp_path / "inner"
    folder.mkdir()
    (folder / "run.json").write_text(
        json.dumps(record([result()], detailed_evaluation_results={"file_path": outside, "total_rows": 3}))
    )
    (log,) = sound(every_eval_ever.read(folder / "run.json"))
    assert log.items.height == 0
    assert [problem.rows_lost for problem in log.problems] == [3]


def test_samples_alone_say_that_their_record_is_missing(tmp_path):
    write(tmp_path, [line(0), line(1, task="other")]).unlink()
    logs = sound(every_eval_ever.read(tmp_path / "run_samples.jsonl"))
    assert [(log.model, log.task, log.items.height) for log in logs] == [("org/m", "demo", 1), ("org/m", "other", 1)]
    assert "no record that can be read is beside it" in logs[0].problems[0].reason


def test_samples_of_a_task_without_result_are_kept_and_told(tmp_path):
    samples = [line(0), line(1, task="other")]
    logs = sound(every_eval_ever.read(write(tmp_path, samples, record([result(score=0.0)], samples))))
    assert [log.task for log in logs] == ["demo", "other"]
    assert "no result for the samples of other" in logs[0].problems[0].reason


def test_identity_is_the_hash_where_all_have_one(tmp_path):
    samples = [line(0), line(1, sample_hash=None)]
    (log,) = every_eval_ever.read(write(tmp_path, samples, record([result()], samples)))
    assert log.items["item"].to_list() == ["s0", "s1"]


def test_an_unknown_level_is_no_score_and_judges_are_graders(tmp_path):
    config = {"metric_id": "accuracy", "lower_is_better": True, "has_unknown_level": True}
    config["llm_scoring"] = {"judges": [{"model_info": {"id": "org/judge"}}]}
    samples = [line(0, evaluation={"score": -1.0}), line(1, evaluation={"is_correct": True})]
    (log,) = every_eval_ever.read(write(tmp_path, samples, record([result(metric_config=config)], samples)))
    assert log.items["score"].to_list() == [None, 1.0]
    assert log.items["grader"].to_list() == ["org/judge"] * 2
    assert log.aggregates[0].higher_is == "worse"


def test_a_missing_path_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        every_eval_ever.read(tmp_path / "none.json")
    assert not every_eval_ever.recognise(tmp_path / "none.json")


# --- damaged records


@pytest.mark.parametrize("percent", range(0, 100, 5))
@pytest.mark.parametrize("name", ["run.json", "run_samples.jsonl"])
def test_truncated_records_say_what_is_lost(tmp_path, name, percent):
    path = write(tmp_path, [line(i) for i in range(20)])
    data = (tmp_path / name).read_bytes()
    kept = data[: len(data) * percent // 100]
    (tmp_path / name).write_bytes(kept)
    (log,) = sound(every_eval_ever.read(path))
    assert log.problems
    if name == "run.json":
        assert (log.model, log.items.height) == (None, 0)
        assert every_eval_ever.read(tmp_path / "run_samples.jsonl")[0].items.height == 20
    else:
        assert log.items.height == kept.count(b"\n")
        assert sum(problem.rows_lost or 0 for problem in log.problems) == 20 - kept.count(b"\n")


def test_a_log_being_written_loses_its_last_line_alone(tmp_path):
    path = write(tmp_path, [line(i) for i in range(5)])
    samples = tmp_path / "run_samples.jsonl"
    samples.write_bytes(samples.read_bytes()[:-10])
    (log,) = sound(every_eval_ever.read(path))
    assert log.items.height == 4
    assert log.problems[0].rows_lost == 1


@pytest.mark.parametrize("content", [b"", b"[" * 10**6, b'{"sample_id": 1, "evaluation_id":' + b"[" * 10**6, b"null"])
@pytest.mark.parametrize("name", ["run.json", "run_samples.jsonl"])
def test_empty_and_nested_files_are_problems(tmp_path, content, name):
    write(tmp_path, [line(0)])
    (tmp_path / name).write_bytes(content)
    for given_path in (tmp_path / "run.json", tmp_path / "run_samples.jsonl"):
        assert sound(every_eval_ever.read(given_path))[0].problems


def test_markup_is_text(tmp_path):
    script = "<script>alert(1)</script>"
    sample = line(0, output={"raw": [script]}, answer_attribution=[], input={"reference": [script]})
    (log,) = every_eval_ever.read(write(tmp_path, [sample]))
    assert (log.items["answer"][0], log.items["target"][0]) == (script, script)


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


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(st.integers(0, 50), min_size=1, max_size=6), new=JSON, half=st.booleans())
def test_any_value_in_any_place_is_a_log(folder, steps, new, half):
    samples = [line(i) for i in range(2)]
    content = record([result()], samples)
    samples, content = (replaced(samples, steps, new), content) if half else (samples, replaced(content, steps, new))
    path = write(folder, samples if isinstance(samples, list) else [samples], content)
    for log in (*sound(every_eval_ever.read(path)), *sound(every_eval_ever.read(folder / "run_samples.jsonl"))):
        every_eval_ever.recomputed(log)


@settings(max_examples=150, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8), half=st.booleans()
)
def test_any_flipped_bytes_are_a_log(folder, flips, half):
    path = write(folder, [line(i) for i in range(3)])
    target = path if half else folder / "run_samples.jsonl"
    data = bytearray(target.read_bytes())
    for position, value in flips:
        data[position % len(data)] = value
    target.write_bytes(bytes(data))
    for given_path in (path, folder / "run_samples.jsonl"):
        assert sum(log.items.height for log in sound(every_eval_ever.read(given_path))) <= 6


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b'{"sample_id": 1, "evaluation_id": ', b'{"evaluation_results": ['])
)
def test_any_bytes_are_a_log(folder, data, start):
    path = folder / "any"
    path.write_bytes(start + data)
    sound(every_eval_ever.read(path))
    assert isinstance(every_eval_ever.recognise(path), bool)


def test_two_efforts_and_two_shots_are_rows_apart(tmp_path):
    runs = [("low", "0"), ("high", "0"), ("high", "5")]
    for place, (effort, shots) in enumerate(runs):
        generation = {"generation_args": {"reasoning_effort": effort}, "additional_details": {"n_shot": shots}}
        content = record([result(score=0.1 * place, generation_config=generation)], evaluation_id=f"src/m/{place}")
        (tmp_path / f"{place}.json").write_text(json.dumps(content))
    found = read(tmp_path).scores.table["model"].to_list()
    assert sorted(found) == [
        "org/m (reasoning_effort=high, n_shot=0)",
        "org/m (reasoning_effort=high, n_shot=5)",
        "org/m (reasoning_effort=low, n_shot=0)",
    ]
