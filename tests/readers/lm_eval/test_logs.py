"""Logs of lm-evaluation-harness: the published ones, made ones, and damaged ones."""

import hashlib
import json
import math
import shutil
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers.lm_eval import logs as lm_eval
from measurand.readers.lm_eval import runs as lm_eval_runs
from measurand.readers.log import ITEM_COLUMNS, Problem
from measurand.readers.logs import find_logs

DATE = "2026-01-02T03-04-05.678901"


def sample(number, *, metrics=None, **changes):
    """One line of a samples file of multiple choice."""
    metrics = metrics or {"acc": float(number % 2)}
    return {
        "doc_id": number,
        "doc": {"question": f"q{number}", "choices": ["x", "y"], "subject": "law"},
        "target": "1",
        "arguments": {f"gen_args_{i}": {"arg_0": f"q{number}", "arg_1": f" {option}"} for i, option in enumerate("xy")},
        "resps": [[["-1.5", "False"]], [["-0.5", "True"]]],
        "filtered_resps": [["-1.5", "False"], ["-0.5", "True"]],
        "filter": "none",
        "metrics": list(metrics),
        "doc_hash": f"d{number}",
        "prompt_hash": f"p{number}",
        "target_hash": "t",
        **metrics,
        **changes,
    }


def results(samples, *, task="demo", model="org/m", **changes):
    """The results file of a run of one task."""
    scores = [line["acc"] for line in samples if "acc" in line]
    hashed = "".join(line["doc_hash"] + line["prompt_hash"] + line["target_hash"] for line in samples)
    content = {
        "results": {task: {"alias": task, "acc,none": sum(scores) / max(len(scores), 1), "acc_stderr,none": 0.1}},
        "configs": {task: {"metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}]}},
        "versions": {task: 1.0},
        "n-shot": {task: 5},
        "higher_is_better": {task: {"acc": True}},
        "n-samples": {task: {"original": 99, "effective": len(samples)}},
        "config": {"model": "hf", "model_args": f"pretrained={model},dtype=float16", "limit": None},
        "task_hashes": {task: hashlib.sha256(hashed.encode()).hexdigest()},
        "lm_eval_version": "0.4.13",
        "model_name": model,
    }
    return {**content, **changes}


def write(folder, samples, content=None, *, task="demo", date=DATE):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"samples_{task}_{date}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in samples))
    (folder / f"results_{date}.json").write_text(json.dumps(content or results(samples), indent=2))
    return path


def sound(logs):
    """What holds for any log, however bad."""
    assert logs
    for log in logs:
        assert dict(log.items.schema) == ITEM_COLUMNS
        assert log.source.rows == log.items.height
        assert all(math.isfinite(given.value) for given in log.aggregates)
        assert all(problem.reason and (problem.rows_lost or 0) >= 0 for problem in log.problems)
    return logs


def agrees(log):
    """Every aggregate is what its items give, or a named rule says why not."""
    known, rules = lm_eval.recomputed(log), lm_eval.explained(log)
    for aggregate in log.aggregates:
        key = (aggregate.reading, aggregate.metric)
        assert rules.get(key) or known[key] == pytest.approx(aggregate.value, abs=1e-9), key


# --- published logs

RUNS = {
    "lm_eval_dummy/i82qcls7/results_2026-11-21T22-06-53.319170.json": [("tiny_mc", 20, 40), ("tiny_gen", 10, 10)],
    "lm_eval_dummy/i82qcls7/samples_tiny_mc_2026-11-21T22-06-53.319170.jsonl": [("tiny_mc", 20, 40)],
    "lm_eval_dummy/i82qcls7/samples_tiny_gen_2026-11-21T22-06-53.319170.jsonl": [("tiny_gen", 10, 10)],
    "lm_eval_group/org__fake-model/results_2026-11-21T22-23-24.440486.json": [
        ("tiny_mc", None, 0),
        ("tiny_gen", None, 0),
        ("tiny_group", None, 0),
    ],
    "lm_eval_unsorted_samples_bug/org__fake-model/results_2026-11-21T22-22-44.789116.json": [("tiny_mc", 3, 6)],
    "lm_eval_unsorted_samples_bug/org__fake-model/samples_tiny_mc_2026-11-21T22-22-44.789116.jsonl": [
        ("tiny_mc", 3, 6)
    ],
    "results_2026-01-21T03-44-18.458309.json": [("math_perturbed_full", 5000, 10), ("math_rephrased_full", 5000, 0)],
    "samples_math_perturbed_full_2026-01-21T03-44-18.458309.jsonl": [("math_perturbed_full", 5000, 10)],
}


def test_every_published_file_is_in_the_table(shared):
    folder = shared / "data/harness_logs/lm_eval"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.json*")} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_published_logs_hold_what_they_declare(shared, name):
    path = shared / "data/harness_logs/lm_eval" / name
    assert lm_eval.recognise(path)
    logs = sound(lm_eval.read(path))
    assert [(log.task, log.declared_items, log.items.height) for log in logs] == RUNS[name]
    for log in logs:
        agrees(log)
        held = log.items.select("item", "epoch").n_unique() if log.items.height else 0
        lost = sum(problem.rows_lost or 0 for problem in log.problems)
        assert held + lost == (log.declared_items or 0)
        unnamed = [problem for problem in log.problems if "the log names no model: 'i82qcls7'" in problem.reason]
        assert bool(unnamed) == ("i82qcls7" in name and log is logs[0])
        assert len(log.problems) - len(unnamed) == ("math" in log.task)


def test_the_published_mc_run_has_options_and_likelihoods(shared):
    run = next(iter(RUNS))
    log = lm_eval.read(shared / "data/harness_logs/lm_eval" / run)[0]
    assert (log.model, log.harness_version, log.task_version) == ("i82qcls7", "0.4.13", "1.0")
    assert log.facts["model_from"] == "random name"
    assert [(given.metric, given.value, given.n, given.higher_is) for given in log.aggregates] == [
        ("acc,none", 0.3, 20, "better"),
        ("acc_norm,none", 0.35, 20, "better"),
    ]
    assert lm_eval.recomputed(log) == {("acc", "acc,none"): 0.3, ("acc_norm", "acc_norm,none"): 0.35}
    for answer, target, score, logprobs in (
        log.items.filter(reading="acc").select("answer", "target", "score", "logprobs").iter_rows()
    ):
        assert answer == str(logprobs.index(max(logprobs)))
        assert score == (answer == target)


def test_unsorted_samples_join_on_the_document(shared):
    folder = shared / "data/harness_logs/lm_eval"
    whole = lm_eval.read(folder / next(iter(RUNS)))[0].items.filter(reading="acc")
    some = lm_eval.read(folder / list(RUNS)[4])[0].items.filter(reading="acc")
    joined = some.join(whole, on="item", suffix="_whole")
    assert joined.height == 3
    assert joined["metadata"].to_list() == joined["metadata_whole"].to_list()


def test_a_group_is_pooled_from_its_subtasks_and_counted_once(shared):
    *tasks, group = lm_eval.read(shared / "data/harness_logs/lm_eval" / list(RUNS)[3])
    assert (group.facts["group"], group.facts["subtasks"]) == ("true", "tiny_mc,tiny_gen")
    assert all("group" not in log.facts for log in tasks)
    assert {(given.reading, given.metric): given.value for given in group.aggregates} == lm_eval.pooled(group, tasks)


def test_every_pythia_file_reads(shared):
    files = sorted((shared / "data/harness_logs/pythia_lm_eval").glob("*.json"))
    assert len(files) == 29
    for path in files:
        assert lm_eval.recognise(path)
        content = json.loads(path.read_text())
        logs = sound(lm_eval.read(path))
        assert [log.task for log in logs] == list(content["results"])
        assert not any(log.problems for log in logs)
        # Pythia's files name a revision, which stays: other steps of the training are other models.
        assert logs[0].model.endswith(path.stem.replace("_step", "@step"))
        assert logs[0].facts["model_from"] == "model_args"
        for log in logs:
            entry = content["results"][log.task]
            assert {given.metric: given.value for given in log.aggregates} == {
                name: value for name, value in entry.items() if not name.endswith("_stderr")
            }
            assert {given.metric: given.stderr for given in log.aggregates} == {
                name: entry.get(f"{name}_stderr") for name in entry if not name.endswith("_stderr")
            }
            assert log.task_version == str(content["versions"][log.task])
            agrees(log)


# --- made logs


def test_a_renamed_file_finds_its_run_by_what_it_holds(tmp_path):
    samples = [sample(i) for i in range(4)]
    path = write(tmp_path, samples)
    renamed = path.rename(tmp_path / "answers.txt")
    moved = (tmp_path / f"results_{DATE}.json").rename(tmp_path / "scores.dat")
    assert lm_eval.recognise(renamed)
    assert lm_eval.recognise(moved)
    assert lm_eval.part_of(renamed) == moved
    for log in (*lm_eval.read(renamed), *lm_eval.read(moved)):
        assert (log.model, log.task, log.items.height, log.problems) == ("org/m", "demo", 4, ())


def test_runs_of_two_models_in_one_folder_keep_apart(tmp_path):
    # The hash is over questions: both runs have the same.
    samples = [sample(i) for i in range(4)]
    first = write(tmp_path, samples)
    other = write(tmp_path, samples, results(samples, model="org/other"), date="2026-01-02T03-04-06.0")
    assert [log.model for path in (first, other) for log in lm_eval.read(path)] == ["org/m", "org/other"]
    (tmp_path / f"results_{DATE}.json").unlink()
    assert lm_eval.read(first)[0].model is None
    assert lm_eval.part_of(first) is None


def test_samples_alone_have_no_model_and_say_so(tmp_path):
    path = write(tmp_path, [sample(0), sample(1)])
    (tmp_path / f"results_{DATE}.json").unlink()
    (log,) = lm_eval.read(path)
    assert (log.model, log.task, log.items.height, log.declared_items) == (None, "demo", 2, None)
    assert "its model is not known" in log.problems[0].reason


def test_filters_are_readings_and_each_has_its_aggregate(tmp_path):
    samples = [
        sample(i, filter=name, metrics={"acc": float(name == "strict")}) for name in ("strict", "loose") for i in (0, 1)
    ]
    entry = {"acc,strict": 1.0, "acc,loose": 0.0, "acc_stderr,strict": "N/A"}
    content = results(samples[:2], results={"demo": entry}, task_hashes={})
    (log,) = lm_eval.read(write(tmp_path, samples, content))
    assert log.problems == ()
    assert lm_eval.recomputed(log) == {
        ("acc,strict", "acc,strict"): 1.0,
        ("acc,loose", "acc,loose"): 0.0,
    }
    assert log.items["epoch"].to_list() == [1, 1, 1, 1]
    assert [given.stderr for given in log.aggregates] == [None, None]


def test_an_aggregate_that_its_items_contradict_is_a_problem(tmp_path):
    samples = [sample(i) for i in range(4)]
    content = results(samples, results={"demo": {"acc,none": 0.75, "acc_stderr,none": 0.1}})
    (log,) = lm_eval.read(write(tmp_path, samples, content))
    assert [problem.reason for problem in log.problems] == ["acc,none: the log says 0.75, but its items give 0.5"]


@pytest.mark.parametrize("metric", ["bypass,none", "bypass,strict-match", "bypass"])
def test_answers_that_were_not_graded_have_no_score(tmp_path, metric):
    # bypass_agg of lm_eval/api/metrics.py returns 999, and bypass None for each sample; groups average the 999.
    samples = [sample(i, metrics={"bypass": value}) for i, value in enumerate((None, 999, [1, 2]))]
    entry = {metric: 999, metric.replace("bypass", "bypass_stderr"): "N/A"}
    (log,) = lm_eval.read(write(tmp_path, samples, results(samples, results={"demo": entry})))
    assert log.aggregates == ()
    assert log.items["score"].to_list() == [None] * 3
    assert [(problem.reason, problem.rows_lost) for problem in log.problems] == [
        (f"{metric}: answers were written and not graded, so that they have no score", 0)
    ]


def test_documents_changed_after_the_run_are_a_problem(tmp_path):
    samples = [sample(i) for i in range(4)]
    content = results(samples)
    samples[0]["doc_hash"] = "other"
    (log,) = lm_eval.read(write(tmp_path, samples, content))
    assert [problem.rows_lost for problem in log.problems] == [0]
    assert "are not those the results were made from" in log.problems[0].reason


def test_perplexities_are_no_means(tmp_path):
    samples = [sample(i, metrics={"ppl": -float(i), "word": [-3.0, 2]}) for i in (1, 2)]
    metrics = [{"metric": "ppl", "aggregation": "perplexity"}, {"metric": "word", "aggregation": "weighted_perplexity"}]
    content = results(
        samples,
        results={"demo": {"ppl,none": math.exp(1.5), "word,none": math.exp(1.5), "ppl_stderr,none": 1.0}},
        configs={"demo": {"metric_list": metrics}},
    )
    (log,) = lm_eval.read(write(tmp_path, samples, content))
    assert log.problems == ()
    assert lm_eval.recomputed(log)["ppl", "ppl,none"] == pytest.approx(math.exp(1.5), abs=1e-12)
    assert "over all documents" in lm_eval.explained(log)["word", "word,none"]
    assert log.items.filter(reading="word")["score"].to_list() == [None, None]


def test_a_document_that_occurs_twice_is_two_epochs(tmp_path):
    samples = [sample(0), sample(0)]
    (log,) = lm_eval.read(write(tmp_path, samples))
    assert log.items["epoch"].to_list() == [1, 2]
    assert log.facts["repeated_documents"] == "1"


def test_without_a_document_hash_the_prompt_identifies(tmp_path):
    lines = [sample(i) for i in range(3)]
    content = results(lines)
    del lines[1]["doc_hash"]
    del lines[2]["doc_hash"], lines[2]["prompt_hash"]
    (log,) = lm_eval.read(write(tmp_path, lines, content))
    assert log.items["item"].to_list() == ["d0", "p1", "2"]
    assert any("2 samples have no doc_hash" in problem.reason for problem in log.problems)


@pytest.mark.parametrize(
    ("changes", "answer", "choices"),
    [
        ({}, "1", ["x", "y"]),
        ({"target": "y"}, "y", ["x", "y"]),
        ({"arguments": [["q", " x"], ["q", " y"]]}, "1", ["x", "y"]),
        ({"arguments": [["Ann ran", " off"], ["Bob ran", " off"]]}, "1", ["Ann ran", "Bob ran"]),
        ({"filtered_resps": [[-0.1, False], [-0.2, True]]}, "0", ["x", "y"]),
        ({"filtered_resps": ["free text"]}, "free text", None),
        ({"filtered_resps": [["a", "b"]]}, '["a","b"]', None),
    ],
)
def test_answers_and_options(tmp_path, changes, answer, choices):
    (log,) = lm_eval.read(write(tmp_path, [sample(0, **changes)]))
    row = log.items.row(0, named=True)
    assert row["answer"] == answer
    assert row["choices"] == choices


def test_mutual_information_keeps_the_options_with_the_question(tmp_path):
    arguments = [["q", " x"], ["q", " y"], ["", " x"], ["", " y"]]
    responses = [["-1.0", "False"], ["-2.0", "False"], ["-0.1", "False"], ["-0.2", "False"]]
    line = sample(0, metrics={"acc": 1.0, "acc_mutual_info": 0.0}, arguments=arguments, filtered_resps=responses)
    row = lm_eval.read(write(tmp_path, [line]))[0].items.row(0, named=True)
    assert (row["choices"], row["logprobs"], row["answer"]) == (["x", "y"], [-1.0, -2.0], "0")


@pytest.mark.parametrize(
    ("config", "name", "model", "origin"),
    [
        ({"model_args": "pretrained=org/a,revision=r"}, "results_x.json", "org/a@r", "model_args"),
        ({"model_args": "pretrained=org/a,revision=main"}, "results_x.json", "org/a", "model_args"),
        ({"model_args": {"peft": "p", "pretrained": "org/a"}}, "results_x.json", "p", "model_args"),
        ({"model_args": ""}, "opt-125m.json", "opt-125m", "file name"),
        (None, f"results_{DATE}.json", "org__m", "folder name"),
    ],
)
def test_where_the_model_is_named(tmp_path, config, name, model, origin):
    path = tmp_path / "org__m" / name
    path.parent.mkdir()
    path.write_text(json.dumps({"results": {"t": {"acc": 0.5, "acc_stderr": 0.1}}, "config": config}))
    (log,) = lm_eval.read(path)
    assert (log.model, log.facts["model_from"]) == (model, origin)


def test_a_missing_path_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        lm_eval.read(tmp_path / "none.json")
    assert not lm_eval.recognise(tmp_path / "none.json")


@pytest.mark.parametrize("content", ["", "[]", '{"results": {"total_samples": 3}}', '{"doc": 1}', "model,acc\na,0.5\n"])
def test_other_content_is_not_recognised(tmp_path, content):
    path = tmp_path / f"results_{DATE}.json"
    path.write_text(content)
    assert not lm_eval.recognise(path)


# --- the two halves of a run


def paired(folder):
    """Samples files of a folder by the model of the log that reads them, each log read once."""
    logs = [log for found in find_logs(folder) for log in lm_eval.read(found.path)]
    return {log.facts["samples_file"]: log.model for log in logs if "samples_file" in log.facts}


def questions(task):
    return [sample(i, doc_hash=f"{task}{i}") for i in range(2)]


@pytest.fixture
def unhashed(monkeypatch):
    """Fails where a samples file is read only to be paired."""

    def refuse(path):
        raise AssertionError(f"{path.name} is read to be paired")

    monkeypatch.setattr(lm_eval_runs, "task_hash_of", refuse)


@pytest.mark.usefixtures("unhashed")
def test_names_pair_without_reading_the_samples(tmp_path):
    expected = {}
    for number in range(3):
        for task in ("a-b", "c"):
            date = f"2026-01-02T03-04-0{number}.{'1' if task == 'c' else '2'}"
            content = results(questions(task), task=task, model=f"org/{number}")
            expected[write(tmp_path, questions(task), content, task=task, date=date).name] = f"org/{number}"
    # What the harness makes of a name that is no file name.
    (tmp_path / "samples_a-b_2026-01-02T03-04-00.2.jsonl").rename(tmp_path / "samples_a_b_2026-01-02T03-04-00.2.jsonl")
    expected["samples_a_b_2026-01-02T03-04-00.2.jsonl"] = expected.pop("samples_a-b_2026-01-02T03-04-00.2.jsonl")
    assert paired(tmp_path) == expected
    assert len(find_logs(tmp_path)) == 6


@pytest.mark.usefixtures("unhashed")
def test_a_hash_that_two_runs_share_is_not_asked_for(tmp_path):
    for model in "xy":
        content = json.dumps(results(questions("a"), model=f"org/{model}"))
        (tmp_path / f"results_{model}.json").write_text(content)
    path = tmp_path / "samples_demo.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in questions("a")))
    assert lm_eval.part_of(path) is None
    assert paired(tmp_path) == {path.name: None}


def test_the_hash_tells_where_names_do_not(tmp_path):
    for task in "ab":
        path = write(tmp_path, questions(task), results(questions(task), model=f"org/{task}"))
        path.rename(tmp_path / f"answers_{task}.jsonl")
        (tmp_path / f"results_{DATE}.json").rename(tmp_path / f"scores_{task}.json")
    assert paired(tmp_path) == {"answers_a.jsonl": "org/a", "answers_b.jsonl": "org/b"}
    assert [found.path.name for found in find_logs(tmp_path)] == ["scores_a.json", "scores_b.json"]


def test_a_second_samples_file_of_a_task_is_not_lost(tmp_path):
    own = write(tmp_path, questions("a"))
    stray = tmp_path / "answers.jsonl"
    shutil.copy(own, stray)
    assert lm_eval.part_of(own) == tmp_path / f"results_{DATE}.json"
    assert lm_eval.part_of(stray) is None
    assert paired(tmp_path).keys() == {own.name, stray.name}


def test_a_name_drawn_at_random_is_told_once_a_run(tmp_path):
    both = {task: {"acc,none": 0.5, "acc_stderr,none": 0.1} for task in ("demo", "other")}
    content = results([sample(0), sample(1)], model="k3v9zq1x", results=both, config={"model_args": ""})
    path = write(tmp_path, [sample(0), sample(1)], content)
    first, second = lm_eval.read(tmp_path / f"results_{DATE}.json")
    told = "the log names no model: 'k3v9zq1x' was drawn at random by lm-eval; name it with --aliases"
    assert first.problems == lm_eval.read(path)[0].problems == (Problem(told, 0),)
    assert second.problems == ()


# --- damaged logs


@pytest.mark.parametrize("percent", range(0, 100, 5))
@pytest.mark.parametrize("half", ["samples", "results"])
def test_truncated_logs_say_what_is_lost(tmp_path, percent, half):
    samples = [sample(i) for i in range(20)]
    path = write(tmp_path, samples)
    other = tmp_path / f"results_{DATE}.json"
    cut = path if half == "samples" else other
    data = cut.read_bytes()
    cut.write_bytes(data[: len(data) * percent // 100])
    whole = data[: len(data) * percent // 100].count(b"\n") if half == "samples" else 0
    (log,) = sound(lm_eval.read(other if half == "samples" else cut))
    assert log.problems
    if half == "samples":
        assert log.items.height == whole
        assert sum(problem.rows_lost or 0 for problem in log.problems) == 20 - whole
    else:
        assert (log.model, log.items.height) == (None, 0)
        assert lm_eval.read(path)[0].items.height == 20


def test_a_log_being_written_loses_its_last_line_alone(tmp_path):
    path = write(tmp_path, [sample(i) for i in range(5)])
    path.write_bytes(path.read_bytes()[:-10])
    (log,) = sound(lm_eval.read(path))
    assert log.items.height == 4
    assert log.problems[0].rows_lost == 1
    assert "line 5, the last, is cut off" in log.problems[0].reason


def test_a_flipped_score_is_a_problem(tmp_path):
    path = write(tmp_path, [sample(i) for i in range(5)])
    path.write_bytes(path.read_bytes().replace(b'"acc": 0.0', b'"acc": 4.0', 1))
    (log,) = sound(lm_eval.read(path))
    assert "acc,none: the log says 0.4, but its items give 1.2" in log.problems[-1].reason


@pytest.mark.parametrize("content", [b"", b"[" * 10**6, b'{"doc_id":' + b"[" * 10**6, b"\0" * 100])
def test_empty_and_nested_files_are_logs_with_problems(tmp_path, content):
    path = tmp_path / f"samples_demo_{DATE}.jsonl"
    path.write_bytes(content)
    (log,) = sound(lm_eval.read(path))
    assert log.items.height == 0
    assert log.problems


def test_a_nested_line_costs_that_line(tmp_path):
    path = write(tmp_path, [sample(i) for i in range(3)])
    first, _, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b'{"doc_id": 1, "doc": ' + b"[" * 10**6 + b"\n" + last)
    (log,) = sound(lm_eval.read(path))
    assert log.items.height == 2
    assert sum(problem.rows_lost for problem in log.problems) == 1
    assert "line 2: nested 1000001 deep" in log.problems[0].reason


def test_results_without_a_task_are_a_problem(tmp_path):
    path = tmp_path / "results.json"
    path.write_text('{"results": {}}')
    (log,) = sound(lm_eval.read(path))
    assert [problem.reason for problem in log.problems] == ["results.json: no task in the results"]


def test_bytes_that_are_not_utf8_are_told(tmp_path):
    write(tmp_path, [sample(0)])
    path = tmp_path / f"results_{DATE}.json"
    path.write_bytes(path.read_bytes().replace(b"float16", b"float\xff"))
    (log,) = sound(lm_eval.read(path))
    assert log.problems[0].reason.endswith("bytes that are not UTF-8 are replaced")
    assert log.items.height == 1


def test_markup_is_text(tmp_path):
    script = "<script>alert(1)</script>"
    path = write(tmp_path, [sample(0, filtered_resps=[script], target=script)])
    row = lm_eval.read(path)[0].items.row(0, named=True)
    assert (row["answer"], row["target"]) == (script, script)


def test_many_metrics_of_a_sample_are_bounded(tmp_path):
    line = sample(0, metrics={f"m{i}": 1.0 for i in range(1000)}, filtered_resps=["x" * 20_000])
    (log,) = sound(lm_eval.read(write(tmp_path, [line])))
    assert log.items.height == 200
    assert any(problem.rows_lost == 800 for problem in log.problems)


def test_ten_thousand_samples_read_in_seconds(tmp_path):
    path = write(tmp_path, [sample(i) for i in range(10_000)])
    begun = time.perf_counter()
    (log,) = lm_eval.read(path)
    assert log.items.height == 10_000
    assert time.perf_counter() - begun < 10


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


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(st.integers(0, 50), min_size=1, max_size=5), new=JSON, half=st.booleans())
def test_any_value_in_any_place_is_a_log(folder, steps, new, half):
    samples = [sample(i) for i in range(2)]
    content = results(samples)
    samples, content = (replaced(samples, steps, new), content) if half else (samples, replaced(content, steps, new))
    path = write(folder, samples if isinstance(samples, list) else [samples], content)
    for log in (*sound(lm_eval.read(path)), *sound(lm_eval.read(folder / f"results_{DATE}.json"))):
        lm_eval.recomputed(log)


@settings(max_examples=150, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8), half=st.booleans()
)
def test_any_flipped_bytes_are_a_log(folder, flips, half):
    path = write(folder, [sample(i) for i in range(3)])
    other = folder / f"results_{DATE}.json"
    target = path if half else other
    data = bytearray(target.read_bytes())
    for position, value in flips:
        data[position % len(data)] = value
    target.write_bytes(bytes(data))
    for log in (*sound(lm_eval.read(path)), *sound(lm_eval.read(other))):
        assert log.items.height <= 6


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b'{"doc_id": 0, "doc": ', b'{"results": {"a": {"acc_stderr": ']))
def test_any_bytes_are_a_log(folder, data, start):
    path = folder / "any"
    path.write_bytes(start + data)
    sound(lm_eval.read(path))
    assert isinstance(lm_eval.recognise(path), bool)


def test_published_logs_bit_flipped_are_logs(shared, tmp_path):
    run = shared / "data/harness_logs/lm_eval/lm_eval_dummy/i82qcls7"
    shutil.copytree(run, tmp_path / "run")
    path = next((tmp_path / "run").glob("samples_tiny_mc*"))
    data = path.read_bytes()
    for position in range(0, len(data), len(data) // 50):
        path.write_bytes(data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :])
        (log,) = sound(lm_eval.read(path))
        lost = sum(problem.rows_lost or 0 for problem in log.problems)
        assert log.items.select("item", "epoch").n_unique() + lost == 20
