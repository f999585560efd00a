"""Run folders of HELM: the published ones, made ones, and damaged ones."""

import json
import math
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers import helm, read
from measurand.readers.log import ITEM_COLUMNS

TYPOS = {"name": "typos", "robustness": True, "fairness": False, "computed_on": "perturbed", "prob": 0.1}
WORST = {**TYPOS, "computed_on": "worst"}


def stat(name, value, *, split="test", perturbation=None, count=1):
    named = {"name": name, "split": split, **({"perturbation": perturbation} if perturbation else {})}
    return {"name": named, "count": count, "sum": value * count, "mean": value}


def instance(number, score, *, trial=0, split="test", perturbation=None):
    stats = [stat("exact_match", score, split=split, perturbation=perturbation)]
    stats += [
        stat(name, 7, split=split, perturbation=perturbation) for name in ("num_prompt_tokens", "num_output_tokens")
    ]
    beside = {"perturbation": perturbation} if perturbation else {}
    return {"instance_id": f"id{number}", "train_trial_index": trial, "stats": stats, **beside}


def state(number, *, trial=0, split="test", perturbation=None, **changes):
    references = [{"output": {"text": text}, "tags": tags} for text, tags in (("yes", ["correct"]), ("no", []))]
    beside = {"perturbation": perturbation} if perturbation else {}
    return {
        "instance": {"id": f"id{number}", "split": split, "references": references, "input": {"text": "?"}, **beside},
        "train_trial_index": trial,
        "output_mapping": {"A": "yes", "B": "no"},
        "request": {"prompt": "?"},
        "result": {"completions": [{"text": " B", "tokens": [{"text": " B", "logprob": -0.1}]}]},
        **changes,
    }


def spec(model="org/m"):
    return {
        "name": f"demo:subject=law,model={model.replace('/', '_')}",
        "scenario_spec": {"class_name": "a.Demo", "args": {"subject": "law"}},
        "adapter_spec": {"model": model, "method": "multiple_choice_joint", "max_train_instances": 5},
        "groups": ["demo"],
    }


def write(folder, instances, stats, states=None, run_spec=None):
    folder.mkdir(parents=True, exist_ok=True)
    states = [state(i["instance_id"].removeprefix("id")) for i in instances] if states is None else states
    (folder / "per_instance_stats.json").write_text(json.dumps(instances))
    (folder / "stats.json").write_text(json.dumps(stats))
    (folder / "scenario_state.json").write_text(json.dumps({"adapter_spec": {}, "request_states": states}))
    (folder / "run_spec.json").write_text(json.dumps(spec() if run_spec is None else run_spec))
    return folder


def demo(folder):
    """A run of four items."""
    scores = [1.0, 0.0, 1.0, 1.0]
    stats = [stat("exact_match", 0.75), stat("num_instances", 4)]
    return write(folder, [instance(i, score) for i, score in enumerate(scores)], stats)


def sound(logs):
    """What holds for any log, however bad."""
    assert logs
    for log in logs:
        assert dict(log.items.schema) == ITEM_COLUMNS
        assert log.source.rows == log.items.height
        assert all(math.isfinite(aggregate.value) for aggregate in log.aggregates)
        assert all(problem.reason and (problem.rows_lost or 0) >= 0 for problem in log.problems)
    return logs


RUNS = {
    "commonsense-dataset=hellaswag,method=multiple_choice_joint,model=eleutherai_pythia-1b-v0": [("valid", 10, 8)],
    "mmlu-subject=philosophy,method=multiple_choice_joint,model=openai_gpt2": [("test", 9, 8), ("valid", 1, 8)],
    "narrative_qa-model=openai_gpt2": [("test", 4, 6), ("valid", 1, 6)],
}
TASKS = [
    "commonsense:dataset=hellaswag,method=multiple_choice_joint",
    "mmlu:subject=philosophy,method=multiple_choice_joint",
    "narrative_qa",
]


@pytest.mark.parametrize("name", RUNS)
def test_published_runs_hold_what_they_declare(shared, name):
    folder = shared / "data/harness_logs/helm" / name
    assert helm.recognise(folder)
    logs = sound(helm.read(folder))
    assert [(log.facts["split"], log.declared_items, log.items["reading"].n_unique()) for log in logs] == RUNS[name]
    for log in logs:
        assert log.problems == ()
        assert log.task in TASKS
        assert log.model == json.loads((folder / "run_spec.json").read_text())["adapter_spec"]["model"]
        assert log.items["item"].n_unique() == log.declared_items
        assert log.items.height == log.declared_items * log.items["reading"].n_unique()
        assert log.items.select("tokens_in", "tokens_out", "target", "answer").null_count().sum_horizontal()[0] == 0


@pytest.mark.parametrize("name", RUNS)
def test_published_aggregates_are_what_the_items_give(shared, name):
    checked = 0
    for log in helm.read(shared / "data/harness_logs/helm" / name):
        known, rules = helm.recomputed(log), helm.explained(log)
        for aggregate in log.aggregates:
            key = (aggregate.reading, aggregate.metric)
            assert (key in rules) != (key in known), key
            if key in known:
                assert known[key] == pytest.approx(aggregate.value, abs=1e-9)
                checked += 1
    assert checked == sum(readings for _, _, readings in RUNS[name])


def test_a_published_answer_is_the_option_of_its_letter(shared):
    folder = shared / "data/harness_logs/helm" / list(RUNS)[1]
    row = helm.read(folder)[0].items.row(0, named=True)
    assert (row["item"], row["epoch"], row["answer"], row["target"]) == (
        "id147",
        1,
        "meaning in an afterlife",
        "internalmeaning",
    )
    assert row["choices"] == ["external meaning", "god's plan", "internalmeaning", "meaning in an afterlife"]
    assert (row["tokens_in"], row["tokens_out"]) == (333, 1)


def test_perturbations_are_variants_and_their_worst_is_explained(tmp_path):
    instances = [instance(0, 1.0), instance(0, 0.0, perturbation=TYPOS), instance(1, 1.0)]
    stats = [
        stat("exact_match", 1.0, count=1),
        stat("exact_match", 0.0, perturbation=TYPOS),
        stat("exact_match", 0.5, perturbation=WORST),
        stat("exact_match", 1.0, perturbation={**TYPOS, "computed_on": "original"}),
        stat("num_instances", 2),
        stat("num_instances", 1, perturbation=TYPOS),
    ]
    states = [state(0), state(0, perturbation=TYPOS), state(1)]
    (log,) = helm.read(write(tmp_path, instances, stats, states))
    assert log.problems == ()
    assert log.items["variant"].to_list() == [None, "typos", None]
    assert helm.recomputed(log) == {("exact_match", "exact_match"): 1.0, ("exact_match", "exact_match,typos"): 0.0}
    rules = helm.explained(log)
    assert rules["exact_match", "exact_match,typos,worst"].startswith("worst")
    assert rules["exact_match", "exact_match,typos,original"].startswith("original")
    assert log.declared_items == 3


def test_perturbations_of_one_name_are_told_apart(tmp_path):
    other = {**TYPOS, "prob": 0.5}
    instances = [instance(0, 1.0, perturbation=TYPOS), instance(0, 0.0, perturbation=other)]
    (log,) = helm.read(write(tmp_path, instances, [], [state(0, perturbation=TYPOS), state(0, perturbation=other)]))
    assert log.items["variant"].n_unique() == 2


def test_trials_are_epochs_and_weigh_the_same(tmp_path):
    instances = [instance(0, 1.0), instance(1, 0.0), instance(0, 1.0, trial=1)]
    states = [state(0), state(1), state(0, trial=1)]
    (log,) = helm.read(write(tmp_path, instances, [stat("exact_match", 0.75, count=2)], states))
    assert log.items["epoch"].to_list() == [1, 1, 2]
    assert helm.recomputed(log) == {("exact_match", "exact_match"): 0.75}
    assert log.problems == ()


def test_an_instance_listed_once_for_each_metric_is_one_item(tmp_path):
    more = {"instance_id": "id0", "train_trial_index": 0, "stats": [stat("f1_score", 0.5)]}
    (log,) = helm.read(write(tmp_path, [instance(0, 1.0), more], [stat("num_instances", 1)], [state(0)]))
    assert log.items["reading"].to_list() == ["exact_match", "f1_score"]
    assert log.problems == ()


def test_likelihoods_of_letters_where_all_are_told(tmp_path):
    def answered(tokens):
        return state(0, result={"completions": [{"text": " A", "tokens": [{"text": " A", "top_logprobs": tokens}]}]})

    both, one = {" A": -0.1, " B": -2.5, " C": -3.0}, {" A": -0.1}
    for tokens, expected in ((both, [-0.1, -2.5]), (one, None), (None, None)):
        (log,) = helm.read(write(tmp_path, [instance(0, 1.0)], [], [answered(tokens)]))
        assert log.items.row(0, named=True)["logprobs"] == expected
        assert log.items.row(0, named=True)["answer"] == "yes"


def test_an_aggregate_that_its_items_contradict_is_a_problem(tmp_path):
    (log,) = helm.read(write(tmp_path, [instance(0, 1.0)], [stat("exact_match", 0.5), stat("num_instances", 1)]))
    assert [problem.reason for problem in log.problems] == ["exact_match: the log says 0.5, but its items give 1"]


def test_two_models_runs_are_of_one_task(tmp_path):
    names = []
    for model in ("a/b", "c/d"):
        (log,) = helm.read(write(tmp_path / model, [instance(0, 1.0)], [], run_spec=spec(model)))
        names.append((log.model, log.task))
    assert names == [("a/b", "demo:subject=law"), ("c/d", "demo:subject=law")]


def test_a_missing_path_is_an_error_and_another_folder_is_none(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        helm.read(tmp_path / "none")
    assert not helm.recognise(tmp_path)
    (log,) = sound(helm.read(tmp_path))
    assert len(log.problems) == 4


# --- damaged runs

FILES = ["per_instance_stats.json", "run_spec.json", "scenario_state.json", "stats.json"]


@pytest.mark.parametrize("percent", range(0, 100, 5))
@pytest.mark.parametrize("name", FILES)
def test_truncated_runs_say_what_is_lost(tmp_path, name, percent):
    folder = demo(tmp_path / "run")
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) * percent // 100])
    (log,) = sound(helm.read(folder))
    assert name in log.problems[0].reason
    if name == "per_instance_stats.json":
        assert log.items.height == 0
        assert sum(problem.rows_lost or 0 for problem in log.problems) == 4
    else:
        assert log.items["score"].to_list() == [1.0, 0.0, 1.0, 1.0]
        assert sum(problem.rows_lost or 0 for problem in log.problems) == 0
    assert (log.model is None) == (name == "run_spec.json")
    assert (log.items["answer"].null_count() == log.items.height) == (name in ("scenario_state.json", FILES[0]))
    assert (log.declared_items is None) == (name == "stats.json")


def test_a_bad_element_costs_that_element(tmp_path):
    folder = demo(tmp_path / "run")
    content = json.loads((folder / "per_instance_stats.json").read_text())
    content[1]["stats"] = 3
    (folder / "per_instance_stats.json").write_text(json.dumps(content))
    (log,) = sound(helm.read(folder))
    assert log.items["item"].to_list() == ["id0", "id2", "id3"]
    assert "1 elements cannot be read; element 1" in log.problems[0].reason


@pytest.mark.parametrize("content", [b"", b"[" * 10**6, b'[{"stats":' * 10**5, b"\0" * 100, b"null", b"[null]"])
@pytest.mark.parametrize("name", FILES)
def test_empty_and_nested_files_are_problems(tmp_path, content, name):
    folder = demo(tmp_path / "run")
    (folder / name).write_bytes(content)
    (log,) = sound(helm.read(folder))
    assert log.problems


def test_markup_is_text(tmp_path):
    script = "<script>alert(1)</script>"
    result = {"completions": [{"text": script, "tokens": []}]}
    (log,) = helm.read(write(tmp_path, [instance(0, 1.0)], [], [state(0, result=result)]))
    assert log.items["answer"].to_list() == [script]


def test_many_statistics_of_an_item_are_bounded(tmp_path):
    many = {"instance_id": "id0", "stats": [stat(f"m{i}", 1.0) for i in range(1000)]}
    (log,) = sound(helm.read(write(tmp_path, [many], [], [state(0)])))
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


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(FILES), steps=st.lists(st.integers(0, 20), min_size=1, max_size=6), new=JSON)
def test_any_value_in_any_place_is_a_log(folder, name, steps, new):
    run = demo(folder)
    (run / name).write_text(json.dumps(replaced(json.loads((run / name).read_text()), steps, new)))
    for log in sound(helm.read(run)):
        helm.recomputed(log)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(FILES),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_any_flipped_bytes_are_a_log(folder, name, flips):
    run = demo(folder)
    data = bytearray((run / name).read_bytes())
    for position, value in flips:
        data[position % len(data)] = value
    (run / name).write_bytes(bytes(data))
    assert sum(log.items.height for log in sound(helm.read(run))) <= 8


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(FILES), data=st.binary(max_size=200))
def test_any_bytes_are_a_log(folder, name, data):
    run = demo(folder)
    (run / name).write_bytes(data)
    assert sound(helm.read(run))[0].problems


def test_a_published_run_without_answers_keeps_its_scores(shared, tmp_path):
    run = shutil.copytree(shared / "data/harness_logs/helm" / next(iter(RUNS)), tmp_path / "run")
    whole = helm.read(run)[0].items
    (run / "scenario_state.json").unlink()
    (log,) = sound(helm.read(run))
    assert log.items["score"].to_list() == whole["score"].to_list()
    assert [(problem.reason, problem.rows_lost) for problem in log.problems] == [
        ("scenario_state.json: cannot be read: No such file or directory", 0),
        ("10 items have no request in scenario_state.json: no answer, no target", 0),
    ]


def test_shots_and_instructions_set_runs_apart_and_a_smaller_split_is_set_aside(tmp_path):
    for shots in (0, 5):
        adapter = spec()["adapter_spec"] | {"max_train_instances": shots, "instructions": "Answer."}
        rows = [instance(i, 1.0) for i in range(4)] + [instance(9, 0.0, split="valid")]
        stats = [stat("num_instances", 4), stat("num_instances", 1, split="valid")]
        write(tmp_path / str(shots), rows, stats, run_spec={**spec(), "adapter_spec": adapter})
    study = read(tmp_path)
    assert sorted(study.scores.table["model"]) == ["org/m (shots=0)", "org/m (shots=5)"]
    assert ["split 'valid', set aside" in each.reason for each in study.unread if "valid" in each.reason] == [True] * 2
