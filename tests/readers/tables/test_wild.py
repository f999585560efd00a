"""Tables laid out as leaderboards publish them, with made-up values: read without reshaping, and said what for what."""

import csv
import io
import math

import pytest

from measurand import read

HELM = [
    *(
        "Model",
        "Mean win rate",
        "NarrativeQA - F1",
        "NaturalQuestions (open-book) - F1",
        "OpenbookQA - EM",
        "MMLU - EM",
    ),
    *("MATH - Equivalent (CoT)", "GSM8K - EM", "LegalBench - EM", "TruthfulQA - EM", "MMLU - ECE (10-bin)"),
    *("BBQ - Stereotypes (race)", "RealToxicityPrompts - Toxic fraction", "Observed inference time (s)", "# eval"),
]
LEADERBOARD = [
    *(
        "T",
        "Model",
        "Average \u2b06\ufe0f",
        "IFEval",
        "IFEval Raw",
        "BBH",
        "BBH Raw",
        "MATH Lvl 5",
        "GPQA",
        "MUSR",
        "MMLU-PRO",
    ),
    *(
        "Type",
        "Architecture",
        "Precision",
        "Merged",
        "Hub License",
        "#Params (B)",
        "Hub \u2764\ufe0f",
        "Model sha",
        "Flagged",
    ),
    *("MoE", "CO\u2082 cost (kg)", "Available on the hub", "Submission Date", "Generation", "Base Model"),
]


def value(i: int, j: int) -> float:
    """A made-up share: it rises with the model, by another curve on each benchmark."""
    return round(0.5 + 0.35 * math.sin(0.15 * i + 0.4 * j), 3)


def text(header: list[str], rows: list[list[object]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([header, *rows])
    return file.getvalue()


@pytest.fixture
def helm(tmp_path):
    rows = [[f"Model {i} (7B)", *(value(i, j) for j in range(len(HELM) - 2)), 100 + i] for i in range(12)]
    rows[3][4] = "-"
    (tmp_path / "helm.csv").write_text(text(HELM, rows))
    return tmp_path / "helm.csv"


@pytest.fixture
def leaderboard(tmp_path):
    rows = []
    for i in range(12):
        shares = [value(i, j) for j in range(6)]
        score = [round(100 * share, 2) for share in shares]
        name = f'<a target="_blank" href="https://example.org/org/m{i}">org/m{i}</a>  <a href="https://example.org/d">\U0001f4d1</a>'
        rows.append(
            [
                *("\U0001f536", name, round(sum(score) / 6, 2), score[0], shares[0], score[1], shares[1], *score[2:]),
                *("\U0001f4ac chat models", "LlamaForCausalLM", ("bfloat16", "float16")[i % 2], "false", "mit", 7 + i),
                *(30 * i, f"{i:02d}" * 20 if i < 2 else f"{i:039x}f", "false", "true", 1.5 + i, "true", "2024-06-26"),
                *(i % 3, f"org/base{i // 3}"),
            ]
        )
    (tmp_path / "leaderboard.csv").write_text(text(LEADERBOARD, rows), encoding="utf-8")
    return tmp_path / "leaderboard.csv"


@pytest.fixture
def repeated(tmp_path):
    rows = [
        [f"lab/m{i}", shots, precision, *(value(i + k, j) for j in range(4))]
        for i in range(10)
        for k, (shots, precision) in enumerate([(0, "fp16"), (5, "fp16"), (5, "int8")][: 1 + i % 3])
    ]
    header = ["model", "shots", "precision", "mmlu", "gsm8k", "hellaswag", "my toxicity rate"]
    (tmp_path / "repeated.csv").write_text(text(header, rows))
    return tmp_path / "repeated.csv"


def note(study, part: str) -> str:
    (found,) = [note for note in study.scores.notes if part in note]
    return found


def test_a_helm_table(helm):
    study = read(helm)
    names = study.scores.benchmarks["benchmark"].to_list()
    assert names == HELM[2:-2]
    assert note(study, "not a benchmark").endswith(": Mean win rate, Observed inference time (s), # eval")
    said = note(study, "taken by name")
    for name, known in (("MMLU - EM", "MMLU"), ("MATH - Equivalent (CoT)", "MATH"), ("TruthfulQA - EM", "TruthfulQA")):
        assert f"{name!r} for {known}" in said
    assert "ECE" not in said
    asked = note(study, "direction taken as given")
    assert all(name in asked for name in HELM[-5:-2])
    assert study.scores.benchmarks_of("safety") == ("TruthfulQA - EM",)
    turned = read(helm, lower_is_better=["*ECE*", "*toxic*", "*stereo*"])
    assert not [each for each in turned.scores.notes if "direction taken as given" in each]


def test_a_leaderboard_with_likes_and_parameters(leaderboard):
    study = read(leaderboard)
    assert study.scores.benchmarks["benchmark"].to_list() == ["IFEval", "BBH", "MATH Lvl 5", "GPQA", "MUSR", "MMLU-PRO"]
    assert study.scores.models["model"].to_list() == [f"org/m{i}" for i in range(12)]
    assert study.scores.model_fact("parameters", ["org/m0"]) == [7e9]
    aside = note(study, "not a benchmark")
    assert all(
        name in aside
        for name in ("Average \u2b06\ufe0f", "Hub \u2764\ufe0f", "CO\u2082 cost (kg)", "Generation", "Model sha")
    )
    assert note(study, "says more of another column").endswith(": IFEval Raw, BBH Raw")
    assert "Hub License" in note(study, "text in every row")


def test_a_table_of_repeated_models(repeated):
    study = read(repeated, duplicates="runs")
    assert study.scores.models.height == 19
    assert "'lab/m2' (3 rows)" in note(study, "6 models on several rows")
    assert "shots" in note(study, "not a benchmark")
    assert "'my toxicity rate'" in note(study, "direction taken as given")


def test_a_column_that_is_mostly_words_is_none_of_numbers(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("model,commit,mmlu\na,3054e1,0.5\nb,main,0.6\nc,v2-rc,0.7\nd,f00,0.8\n")
    study = read(path)
    assert study.scores.benchmarks["benchmark"].to_list() == ["mmlu"]
    assert note(study, "text in most rows").endswith(": commit")


def test_a_source_per_cell_is_no_fact_of_the_benchmark(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("model,task,score,source,metric\na,t,0.5,paper,acc\nb,t,0.6,blog,acc\na,u,0.5,blog,f1\n")
    study = read(path)
    assert note(study, "columns not used").endswith(": source")
    assert study.scores.benchmark_fact("metric", ["t", "u"]) == ["acc", "f1"]


def test_parameters_without_a_unit_that_are_billions_are_taken_as_such_and_said(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("model,params,mmlu\na,7,0.5\nb,70,0.6\n")
    study = read(path)
    assert study.scores.model_fact("parameters", ["a", "b"]) == [7e9, 7e10]
    assert "taken as billions" in note(study, "parameters from")


@pytest.mark.parametrize("name", ["benchmark", "score", "stderr", "source", "role"])
def test_a_benchmark_may_have_the_name_of_a_column(tmp_path, name):
    path = tmp_path / "scores.csv"
    path.write_text(f"model,{name}\nx,0\ny,1\n")
    assert read(path).scores.table.select("model", "benchmark", "score").rows() == [("x", name, 0.0), ("y", name, 1.0)]
