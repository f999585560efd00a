"""Results of lighteval: tasks and no averages, with their details where those were saved."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import measurand
from measurand.readers import lighteval, lm_eval

DATE = "2026-01-02T03-04-05.678900"


def results(tasks: dict[str, dict[str, float]], model: str = "org/m", **more: object) -> str:
    general = {"lighteval_sha": "abc", "max_samples": None, "model_name": model, **more}
    means = {**tasks, "all": {"em": 0.5, "em_stderr": 0.1}}
    configs = {
        raw.rpartition("|")[0]: {
            "metric": [{"metric_name": name, "higher_is_better": True} for name in entry],
            "effective_num_docs": 4,
            "original_num_docs": 40,
        }
        for raw, entry in tasks.items()
    }
    return json.dumps({"config_general": general, "results": means, "versions": {}, "config_tasks": configs}, indent=2)


def saved(folder, tasks=None, **more):
    path = folder / "results" / "org" / "m" / f"results_{DATE}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(results(tasks or {"lighteval|gsm8k|5": {"em": 0.5, "em_stderr": 0.25}}, **more))
    return path


def details(folder, task: str, frame: pl.DataFrame):
    path = folder / "details" / "org" / "m" / DATE / f"details_{task}_{DATE}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)


SCORES = (1.0, 1.0, 0.0, 0.0)
NEW = pl.DataFrame(
    {
        "__doc__": [{"query": f"q{i}", "choices": ["x"]} for i in range(4)],
        "__model_response__": [{"text": [f"a{i}"]} for i in range(4)],
        "__metric__": [{"em": score, "length": 3.0} for score in SCORES],
    }
)
OLD = pl.DataFrame(
    {
        "example": [f"q{i}" for i in range(4)],
        "predictions": [[f"a{i}"] for i in range(4)],
        "metrics": [{"em": score, "length": 3.0} for score in SCORES],
    }
)


def test_a_results_file_is_told_from_those_of_other_harnesses(tmp_path):
    path = saved(tmp_path)
    assert lighteval.recognise(path)
    assert not lm_eval.logs.recognise(path)


def test_the_shared_results_are_one_model_and_one_task(shared):
    study = measurand.read(shared / "data/cases/11-lighteval-results")
    ((model, benchmark, score, stderr),) = study.scores.table.select("model", "benchmark", "score", "stderr").rows()
    assert (model, score, stderr) == ("org/toy", 0.4, 0.091)
    assert "aime" in benchmark


@pytest.mark.parametrize("raw", ["lighteval|gsm8k|5", "lighteval:gsm8k:5", "gsm8k|5"])
def test_a_task_is_named_without_its_suite_and_shots(tmp_path, raw):
    (log,) = lighteval.read(saved(tmp_path, {raw: {"em": 0.5}}))
    assert (log.task, log.settings, log.facts["shots"]) == ("gsm8k", {"task shots": "5"}, "5")
    assert log.facts["date"] == "2026-01-02T03:04:05.678900"


def test_the_average_of_a_family_stands_for_its_tasks(tmp_path):
    families = {f"leaderboard|mmlu:{name}|5": {"acc": value} for name, value in (("law", 0.2), ("_average", 0.3))}
    study = measurand.read(saved(tmp_path, {**families, "leaderboard|arc|25": {"acc": 0.6}}))
    found = dict(study.scores.table.select("benchmark", "score").iter_rows())
    assert sorted(found.values()) == [0.3, 0.6]
    assert any("mmlu:law" in note for note in study.scores.notes)


def test_shots_and_sampling_set_runs_apart(tmp_path):
    for place, (shots, temperature) in enumerate(((0, 0.0), (5, 0.0), (5, 1.0))):
        model = {"generation_parameters": {"temperature": temperature, "seed": place}}
        saved(tmp_path / str(place), {f"a|gsm8k|{shots}": {"em": 0.1 * place}}, model_config=model)
    found = measurand.read(tmp_path).scores.table["model"].to_list()
    assert sorted(found) == [
        "org/m (temperature=0.0, shots=0)",
        "org/m (temperature=0.0, shots=5)",
        "org/m (temperature=1.0, shots=5)",
    ]


@pytest.mark.parametrize("frame", [NEW, OLD])
def test_details_give_the_items_of_their_task(tmp_path, frame):
    path = saved(tmp_path)
    details(tmp_path, "lighteval|gsm8k|5", frame)
    (log,) = lighteval.read(path)
    assert log.problems == ()
    rows = log.items.filter(reading="em")
    assert rows["score"].to_list() == list(SCORES)
    assert rows["answer"].to_list() == ["a0", "a1", "a2", "a3"]
    # The question names the item, so that two models are paired whatever the order.
    (log_of_old,) = lighteval.read(path)
    assert log_of_old.items["item"].n_unique() == 4
    study = measurand.read(tmp_path)
    assert study.scores.table.select("score", "stderr", "n_items").row(0) == (0.5, 0.25, 4)
    assert study.responses.benchmarks() == tuple(study.scores.table["benchmark"])


def test_details_that_contradict_the_results_or_cannot_be_read_are_problems(tmp_path):
    path = saved(tmp_path, {"lighteval|gsm8k|5": {"em": 0.75}})
    details(tmp_path, "lighteval|gsm8k|5", NEW)
    assert [p.reason for p in lighteval.read(path)[0].problems] == ["em: the log says 0.75, but its items give 0.5"]
    details(tmp_path, "lighteval|gsm8k|5", NEW.drop("__metric__"))
    assert [p.rows_lost for p in lighteval.read(path)[0].problems] == [4]
    (tmp_path / "details/org/m" / DATE / f"details_lighteval|gsm8k|5_{DATE}.parquet").write_bytes(b"PAR1 cut")
    assert "cannot be read" in lighteval.read(path)[0].problems[0].reason


@pytest.mark.parametrize("content", [b"", b"{", b'{"config_general": {"lighteval_sha": 1}, "results": {"all": {}}}'])
def test_a_file_without_tasks_is_a_log_with_a_problem(tmp_path, content):
    path = tmp_path / "results_x.json"
    path.write_bytes(content)
    (log,) = lighteval.read(path)
    assert log.problems
    assert log.aggregates == ()


@given(data=st.binary(max_size=200))
def test_no_content_raises(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / f"results_{DATE}.json"
    path.write_bytes(b'{"config_general": {"lighteval_sha": "x"}, "results": {"a|b|0": ' + data)
    lighteval.recognise(path)
    assert all(log.aggregates or log.problems for log in lighteval.read(path))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    entry=JSON, general=st.dictionaries(st.sampled_from(["model_name", "model_config", "max_samples"]), JSON), more=JSON
)
def test_values_of_any_kind_are_read_or_left_out(tmp_path_factory, entry, general, more):
    path = tmp_path_factory.mktemp("values") / f"results_{DATE}.json"
    content = {"config_general": {"lighteval_sha": "x", **general}, "results": {"a|b|0": entry}}
    path.write_text(json.dumps({**content, "versions": more, "config_tasks": more}))
    for log in lighteval.read(path):
        assert log.model is None or isinstance(log.model, str)
        assert all(isinstance(given.value, float) for given in log.aggregates)
