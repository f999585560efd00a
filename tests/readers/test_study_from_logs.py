"""Logs become a study: models by benchmarks, the harness's own numbers, and nothing lost in silence."""

import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.readers.logs import find_logs


@pytest.fixture
def logs(shared):
    return shared / "data/harness_logs"


def cells(study) -> dict:
    """(model, benchmark) -> (score, stderr, items)."""
    rows = study.scores.table.select("model", "benchmark", "score", "stderr", "n_items").iter_rows()
    return {(model, benchmark): rest for model, benchmark, *rest in rows}


def lm_eval_results(path: Path, model: str, results: dict, **more) -> Path:
    """A results file of lm-eval with the given tasks: name -> metrics."""
    content = {
        "results": results,
        "versions": dict.fromkeys(results, 1.0),
        "config": {"model": "hf", "model_args": f"pretrained={model}"},
        "model_name": model,
        **more,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def task(score: float, **more) -> dict:
    return {"acc,none": score, "acc_stderr,none": 0.01, **more}


# A part of the dataset


def test_how_much_of_the_dataset_was_run_is_said_of_the_runs_that_count(tmp_path):
    sizes = {"one": {"original": 1000, "effective": 20}, "whole": {"original": 20, "effective": 20}}
    results = dict.fromkeys(sizes, task(0.5))
    lm_eval_results(tmp_path / "m.json", "org/m", results, **{"n-samples": sizes})
    more = {**sizes, "one": {"original": 1000, "effective": 30}}
    lm_eval_results(tmp_path / "n.json", "org/n", results, **{"n-samples": more})
    # A smaller run of the same model is set aside, and says nothing of the score.
    trial = {**sizes, "one": {"original": 1000, "effective": 2}}
    lm_eval_results(tmp_path / "trial.json", "org/m", results, **{"n-samples": trial})
    study = measurand.read(tmp_path)
    part = measurand.tables.PartRun
    m, n = (
        part(benchmark="one", model=f"org/{name}", items=items, whole=1000) for name, items in (("m", 20), ("n", 30))
    )
    assert set(study.part_runs) == {m, n}
    assert study.only(models=["org/n"]).part_runs == (n,)
    assert study.only(benchmarks=["whole"]).part_runs == ()
    assert "run on a part of the dataset: one (20 of 1,000 items)" in study.scores.notes
    found = measurand.audit(study, ["P0"])["P0"].findings
    assert [each.sentence for each in found if each.subject.get("benchmark") == "one"] == [
        "2 models were run on a part of the dataset; the smallest part is 20 of its 1,000 items (org/m)."
    ]


@pytest.mark.parametrize(
    ("limit", "n", "said"),
    [
        (20.0, 20, True),
        (20, 8, False),
        (0.1, 8, True),
        (20, None, True),
        (None, 8, False),
        (0, 8, False),
        ("x", 8, False),
    ],
)
def test_a_limit_that_was_reached_is_said_where_no_log_says_the_size_of_the_dataset(tmp_path, limit, n, said):
    results = {"one": {**task(0.5), "sample_len": n}, "suite": task(0.5)}
    config = {"model": "hf", "model_args": "pretrained=org/m", "limit": limit}
    subtasks = {"suite": ["another"]}
    lm_eval_results(tmp_path / "m.json", "org/m", results, config=config, group_subtasks=subtasks)
    study = measurand.read(tmp_path)
    notes = [note for note in study.scores.notes if "limit" in note]
    of = f"run with a limit that was reached, of a dataset whose size no log says: one ({limit})"
    assert notes == ([of] if said else [])
    assert study.part_runs == ()


def test_a_part_of_the_dataset_is_told_in_the_logs_of_every_harness_that_says_its_size(logs):
    found = {each.benchmark: (each.items, each.whole) for each in measurand.read(logs / "inspect").part_runs}
    # The header.json of each log: dataset.samples, and the identifiers in dataset.sample_ids.
    assert found["arc_easy"] == (3, 2376)
    limited = [note for note in measurand.read(logs / "helm").scores.notes if "limit" in note]
    # Their run_spec.json says max_eval_instances 10, and 10 instances of HellaSwag were run.
    assert len(limited) == 1
    assert "hellaswag" in limited[0]


# Real logs


def test_pythia_is_29_models_with_every_number_of_their_files(logs):
    folder = logs / "pythia_lm_eval"
    study = measurand.read(folder)
    found = cells(study)
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    # 16 Pythia files hold 87 tasks, 13 OPT and BLOOM files 65.
    assert study.scores.models.height == len(files) == 29
    assert study.scores.benchmarks.height == 87
    assert study.scores.table.height == sum(len(file["results"]) for file in files) == 16 * 87 + 13 * 65
    tasks = [metrics for file in files for metrics in file["results"].values()]
    expected = sorted((metrics["acc"], metrics["acc_stderr"]) for metrics in tasks if "acc" in metrics)
    accuracy = study.scores.benchmarks.filter(pl.col("metric") == "acc")["benchmark"]
    of_accuracy = study.scores.table.filter(pl.col("benchmark").is_in(accuracy.to_list()))
    assert sorted(of_accuracy.select("score", "stderr").iter_rows()) == expected
    assert found["facebook/opt-125m", "mmlu_world_religions"][:2] == [0.28654970760233917, 0.03467826685703826]
    assert study.unread == ()
    assert study.responses is None


def test_families_and_sizes_come_from_names_that_state_them(logs):
    study = measurand.read(logs / "pythia_lm_eval")
    facts = study.scores.models.group_by("family").len().sort("family")
    assert dict(facts.iter_rows()) == {"bloom": 5, "opt": 8, "pythia": 16}
    sizes = dict(study.scores.models.select("model", "parameters").iter_rows())
    assert sizes["facebook/opt-66b"] == 66e9
    assert any("29 models taken from their names" in note for note in study.scores.notes)


def test_a_raw_score_of_which_less_is_better_is_turned_once(logs):
    study = measurand.read(logs / "pythia_lm_eval")
    name = "crows_pairs_english_gender"
    (model,) = (model for model in study.scores.models["model"] if model.partition("@")[0].endswith("-v1.1-70m"))
    (raw,) = study.scores.table.filter((pl.col("model") == model) & (pl.col("benchmark") == name))["score"]
    results = json.loads((logs / "pythia_lm_eval/70m_step143000.json").read_text(encoding="utf-8"))["results"]
    assert study.scores.benchmark_fact("higher_is", [name]) == ["worse"]
    assert raw in results[name].values()
    assert study.scores.matrix([model], [name]).item() == -raw
    assert any("turned" in note and name in note for note in study.scores.notes)


def test_inspect_logs_keep_their_scores_and_standard_errors(logs):
    study = measurand.read(logs / "inspect")
    found = cells(study)
    assert found["mockllm/model", "tiny_mcq"] == pytest.approx([0.6333333333333332, 0.06352234031660235, 20])
    assert found["mockllm/model2", "tiny_mcq"] == pytest.approx([0.525, 0.08487607064668493, 20])
    assert found["openai/gpt-4o-mini", "popularity"] == pytest.approx([0.8, 0.13333333333333333, 10])
    # A run of 4 epoch samples has 2 items.
    assert found["azureai/Meta-Llama-3-1-405B-Instruct-jqf", "popularity"] == pytest.approx([0.75, 0.25, 2])
    assert {Path(part.file).name: part.rows_lost for part in study.unread} == {
        "data_cvebench_empty_choices.json": 79,
        "data_cyse2_vuln_exploit_challenges.json": 2339,
        "log_tool_call_error.json": 3,
        # A run of gpt-4o-mini without any score, beside one with scores.
        "2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval": 10,
    }
    assert {Path(source.path).name for source in study.sources} == set(os.listdir(logs / "inspect"))


def test_every_eval_ever_records_keep_their_scores(logs):
    found = cells(measurand.read(logs / "every_eval_ever"))
    model = "TencentARC/LLaMA-Pro-8B-Instruct"
    assert {benchmark: row[0] for (name, benchmark), row in found.items() if name == model} == {
        "ifeval": 0.4486,
        "bbh": 0.4224,
        "math_level_5": 0.0249,
        "gpqa": 0.2743,
        "musr": 0.419,
        "mmlu_pro": 0.1946,
    }


def test_helm_runs_count_on_their_largest_split(logs):
    found = cells(measurand.read(logs / "helm"))
    mmlu = {benchmark: row for (_, benchmark), row in found.items() if "philosophy" in benchmark}
    assert list(mmlu.values()) == [pytest.approx([1 / 9, 1 / 9, 9])]


def test_a_benchmark_named_after_its_metric_gets_that_metric(logs):
    # The catalogue's id of narrative_qa is "NarrativeQA - F1": stats.json says f1_score 0.1742, exact_match 0.
    study = measurand.read(logs / "helm")
    found = {benchmark: row[0] for (_, benchmark), row in cells(study).items() if "Narrative" in benchmark}
    assert found == {"NarrativeQA - F1": pytest.approx(0.1742, abs=5e-5)}


def test_groups_are_not_counted_beside_their_subtasks(logs):
    study = measurand.read(logs / "lm_eval/lm_eval_group")
    # The group sums up acc: the exact match of tiny_gen is no part of it.
    assert {benchmark for _, benchmark in cells(study)} == {"tiny_group", "tiny_gen"}
    assert any("left out of the scores: tiny_mc" in note for note in study.scores.notes)


def test_a_group_of_one_model_takes_nothing_from_another(logs):
    study = measurand.read(logs / "lm_eval")
    found = cells(study)
    assert found["i82qcls7", "tiny_mc"] == pytest.approx([0.3, 0.10513149660756933, 20])
    assert ("i82qcls7", "tiny_gen") in found


def test_mixed_harnesses_in_one_folder_give_one_study(logs):
    study = measurand.read(logs)
    harnesses = {source.format for source in study.sources}
    assert len(harnesses) >= 4
    assert study.scores.models.height > 40


# The command


@pytest.mark.slow
def test_the_command_audits_29_real_models(logs, tmp_path):
    words = ["audit", str(logs / "pythia_lm_eval"), "--output", str(tmp_path)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0
    audit = measurand.load_audit(tmp_path / "audit.json")
    headline = next(f for f in audit.findings if f.code == "V1" and "benchmark" not in f.subject)
    assert headline.status.value in ("passed", "caution", "issue")
    # All 29 have capability scores; CrowS-Pairs, the only benchmarks under test, stand in 16 of the files.
    assert "16 models" in headline.sentence
    assert len(headline.result["models"]) == 29
    of_benchmarks = [f for f in audit.findings if f.code == "V1" and "benchmark" in f.subject]
    assert len(of_benchmarks) == 87
    assert {f.status.value for f in audit.findings if f.code == "P0"} == {"passed"}


# Rules, on logs made for them


def test_reruns_are_averaged_and_a_trial_is_set_aside(tmp_path):
    for name, score, items, date in (("a", 0.1, 60, 1), ("b", 0.2, 100, 1), ("c", 0.3, 100, 2), ("d", 0.4, 10, 9)):
        lm_eval_results(
            tmp_path / f"{name}.json",
            "org/m",
            {"mmlu": task(score)},
            date=1.7e9 + date,
            **{"n-samples": {"mmlu": {"original": items, "effective": items}}},
        )
    study = measurand.read(tmp_path)
    assert cells(study) == {("org/m", "mmlu"): pytest.approx([0.2, 0.01, 100])}
    assert any("averaged (--duplicates runs keeps them apart): org/m on mmlu (3 runs)" in n for n in study.scores.notes)
    assert [(Path(each.file).name, each.reason) for each in study.unread] == [
        ("d.json", "org/m on mmlu: 10 of 100 items, set aside beside a larger run")
    ]
    (headline, *_) = measurand.audit(study, ["P0"]).findings
    assert headline.status.value == "caution"


def test_two_versions_of_a_task_are_two_benchmarks_and_both_keep_their_facts(tmp_path):
    for version, score in ((0, 0.4), (1, 0.6)):
        path = tmp_path / f"v{version}.json"
        lm_eval_results(path, f"org/m{version}", {"mmlu": task(score)}, versions={"mmlu": version})
    study = measurand.read(tmp_path)
    assert {key: row[0] for key, row in cells(study).items()} == {("org/m0", "mmlu@0"): 0.4, ("org/m1", "mmlu@1"): 0.6}
    assert study.scores.benchmarks_of("capability") == ("mmlu@0", "mmlu@1")


def test_two_checkpoints_are_two_models(tmp_path):
    for step, score in (("step1000", 0.3), ("step2000", 0.5)):
        arguments = {"model": "hf", "model_args": f"pretrained=org/m,revision={step}"}
        lm_eval_results(tmp_path / f"{step}.json", "org/m", {"mmlu": task(score)}, config=arguments)
    found = {model: row[0] for (model, _), row in cells(measurand.read(tmp_path)).items()}
    assert found == {"org/m@step1000": 0.3, "org/m@step2000": 0.5}


def test_groups_within_groups_count_once(tmp_path):
    results = {name: task(0.5) for name in ("all", "stem", "law", "physics", "other")}
    subtasks = {"all": ["stem", "law"], "stem": ["physics"], "law": [], "physics": [], "other": []}
    lm_eval_results(tmp_path / "r.json", "org/m", results, groups={"all": {}, "stem": {}}, group_subtasks=subtasks)
    assert {benchmark for _, benchmark in cells(measurand.read(tmp_path))} == {"all", "other"}


def test_item_level_rows_are_those_of_the_run_that_counts(logs):
    # Two runs of gpt-4o-mini are in the folder: the one without scores must not stand beside the other's items.
    frame = measurand.read(logs / "inspect").responses.frame.collect()
    key = ("model", "benchmark", "item", "epoch", "variant", "reading")
    assert not frame.select(*key).is_duplicated().any()


def test_item_level_rows_give_the_score_they_stand_beside(logs):
    study = measurand.read(logs / "inspect")
    frame = study.responses.frame.filter(pl.col("benchmark") == "tiny_mcq").collect()
    items = frame.group_by("model", "item").agg(pl.col("score").mean())
    means = dict(items.group_by("model").agg(pl.col("score").mean()).iter_rows())
    found = cells(study)
    assert means == {model: pytest.approx(found[model, "tiny_mcq"][0]) for model in means}
    assert len(means) == 2


def test_aliases_join_what_harnesses_spell_apart(tmp_path):
    lm_eval_results(tmp_path / "a.json", "hf/org/m", {"mmlu": task(0.4)})
    lm_eval_results(tmp_path / "b.json", "local-copy", {"gsm8k": task(0.2)})
    study = measurand.read(tmp_path, aliases={"local-copy": "org/m"})
    assert study.scores.models["model"].to_list() == ["org/m"]


def test_one_truncated_log_never_stops_the_others(logs, tmp_path):
    for file in ("data_arc_qwen.json", "log_formats.eval"):
        shutil.copy(logs / "inspect" / file, tmp_path)
    whole = (logs / "inspect/hibayes_minimal_test.eval").read_bytes()
    (tmp_path / "cut.eval").write_bytes(whole[: len(whole) // 20])
    study = measurand.read(tmp_path)
    assert {model for model, _ in cells(study)} == {"qwen2.5:0.5b", "llama3.1"}
    assert {Path(part.file).name for part in study.unread} == {"cut.eval"}
    assert "cut.eval" in {Path(source.path).name for source in study.sources}


def test_nothing_but_broken_logs_is_a_study_that_says_so(tmp_path):
    (tmp_path / "cut.eval").write_bytes(b"PK")
    study = measurand.read(tmp_path)
    assert study.scores is None
    assert [Path(part.file).name for part in study.unread] == ["cut.eval"]
    (headline, finding) = measurand.audit(study, ["P0"]).findings
    assert (headline.status.value, finding.status.value) == ("caution", "issue")


def test_a_table_beside_logs_is_read_or_said_to_be_left_out(logs, tmp_path):
    shutil.copy(logs / "inspect/data_arc_qwen.json", tmp_path)
    (tmp_path / "scores.csv").write_text("model,mmlu\nmine,0.4\n", encoding="utf-8")
    study = measurand.read(tmp_path)
    assert ("qwen2.5:0.5b", "arc_easy") in cells(study)
    assert ("mine", "mmlu") in cells(study) or any("scores.csv" in note for note in study.scores.notes)


def test_a_table_named_beside_a_folder_of_logs_is_read_with_them(logs, tmp_path):
    shutil.copy(logs / "inspect/data_arc_qwen.json", tmp_path)
    table = tmp_path / "scores.csv"
    table.write_text("model,mmlu\nmine,0.4\n", encoding="utf-8")
    assert set(cells(measurand.read(tmp_path, table))) == {("qwen2.5:0.5b", "arc_easy"), ("mine", "mmlu")}


@pytest.mark.parametrize("name", ["answers.csv", "answers.parquet"])
def test_a_table_of_answers_in_a_folder_is_read_and_not_said_to_be_left_out(tmp_path, name):
    answers = pl.DataFrame({"model": "m", "item": ["q1", "q2"], "score": [1.0, 0.0]})
    answers.write_csv(tmp_path / name) if name.endswith("csv") else answers.write_parquet(tmp_path / name)
    for path in (tmp_path, tmp_path / ".." / tmp_path.name):
        assert not [note for note in measurand.read(path).scores.notes if "not read" in note]
    (tmp_path / "scores.csv").write_text("model,mmlu\nmine,0.4\n", encoding="utf-8")
    (note,) = [note for note in measurand.read(tmp_path).scores.notes if "not read" in note]
    assert note.endswith(f"{tmp_path / 'scores.csv'}")
    beside = measurand.read(tmp_path, tmp_path / "scores.csv").scores
    assert set(beside.table["model"]) == {"m", "mine"}
    assert not [note for note in beside.notes if "not read" in note]


def rows(study) -> list:
    """Scores and item-level results."""
    responses = study.responses.frame.collect() if study.responses is not None else pl.DataFrame()
    return [sorted(study.scores.table.iter_rows(), key=repr), sorted(responses.iter_rows(), key=repr)]


@pytest.mark.parametrize("folder", ["lm_eval/lm_eval_dummy", "lm_eval/lm_eval_group", "every_eval_ever"])
def test_a_run_counts_once_however_many_paths_name_a_part_of_it(logs, folder):
    given = logs / folder
    whole = measurand.read(given)
    files = [path for path in sorted(given.rglob("*")) if path.is_file() and find_logs(path)]
    around = given.parent / "." / given.name / ".." / given.name
    for paths in (files, files[::-1], [given, *files], [*files, given], [given, around]):
        again = measurand.read(*paths)
        assert rows(again) == rows(whole)
        assert again.scores.notes == whole.scores.notes
        assert again.unread == whole.unread


def test_a_helm_run_counts_once_beside_the_folder_it_lies_in(logs):
    whole = measurand.read(logs / "helm")
    assert rows(measurand.read(logs / "helm", *sorted((logs / "helm").iterdir()))) == rows(whole)


def test_a_table_counts_once_however_many_paths_name_it(tmp_path):
    votes, scores = tmp_path / "votes.csv", tmp_path / "scores.csv"
    votes.write_text("model_a,model_b,winner\n" + "a,b,model_a\n" * 14 + "a,b,model_b\n" * 6, encoding="utf-8")
    scores.write_text("model,mmlu\na,0.5\nb,0.7\n", encoding="utf-8")
    link = tmp_path / "link.csv"
    link.symlink_to(votes)
    study = measurand.read(votes, scores, tmp_path, str(tmp_path / "*.csv"), link)
    assert study.votes.frame.height == 20
    assert study.scores.table.height == 2
    assert len(study.sources) == 2


def test_an_alias_settles_a_name_that_was_drawn_at_random(shared):
    folder = shared / "data/harness_logs/lm_eval/lm_eval_dummy"
    (said,) = [lost.reason for lost in measurand.read(folder).unread if "names no model" in lost.reason]
    assert "'i82qcls7' was drawn at random" in said
    named = measurand.read(folder, aliases={"i82qcls7": "org/mine"})
    assert named.scores.table["model"].unique().to_list() == ["org/mine"]
    assert not [lost for lost in named.unread if "names no model" in lost.reason]
