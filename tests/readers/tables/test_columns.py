"""Which columns of a published table are benchmarks, by their names."""

import pytest

from measurand.readers.tables.columns import MODEL_ALIASES, accompanies, companion, fact_columns, fold, is_average

ASIDE = [
    *(
        "Average",
        "Average \u2b06\ufe0f",
        "avg.",
        "**Mean**",
        "Mean win rate",
        "Overall Score",
        "Average (6 tasks)",
        "Total",
    ),
    *(
        "Global average",
        "Rank",
        "Average rank",
        "#",
        "\u2764\ufe0f",
        "Hub \u2764\ufe0f",
        "likes",
        "Downloads",
        "GitHub stars",
    ),
    *("#Params (B)", "Model size (B)", "Active params", "CO\u2082 cost (kg)", "Price", "Input price ($/M tokens)"),
    *("Submission Date", "Upload To Hub Date", "date", "Hub License", "licence", "Model sha", "URL", "Flagged", "MoE"),
    *("Available on the hub", "Merged", "Chat Template", "Generation", "# eval", "MMLU - # train", "truncated"),
    *("Observed inference time (s)", "latency", "context length", "shots", "n_shots", "seed", "GPU hours"),
]
BENCHMARKS = [
    *(
        "MMLU",
        "MMLU - EM",
        "MMLU average",
        "mmlu_avg",
        "Average precision",
        "date_understanding",
        "TimeQA",
        "CostBench",
    ),
    *(
        "likes_qa",
        "temporal_sequences",
        "Win rate",
        "score",
        "accuracy",
        "Elo",
        "AA-LCR",
        "\u03c4\u00b2-bench",
        "IFEval",
    ),
    *("penguins_in_a_table", "ECE", "model-written evals", "RankZephyr test"),
]


@pytest.mark.parametrize("name", ASIDE)
def test_what_accompanies_scores_is_set_aside(name):
    assert accompanies(name)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmarks_with_such_words_in_their_names_stay(name):
    assert not accompanies(name)


def test_an_average_of_one_benchmark_is_that_benchmark():
    assert is_average("Weighted average of all tasks")
    assert not is_average("MMLU average")
    assert not is_average("score")


def test_decoration_does_not_hide_a_column():
    assert fold("\U0001f916 Model \u2193") == "model"
    assert fold("Release-Date*") == "release_date"


@pytest.mark.parametrize(
    ("name", "of"),
    [("BBH Raw", "BBH"), ("bbh_rank", "BBH"), ("BBH CI upper", "BBH"), ("GPQA Raw", None), ("Raw", None)],
)
def test_a_column_that_says_more_of_another_is_found(name, of):
    assert companion(name, {fold(other): other for other in ("BBH", name)}) == of


@pytest.mark.parametrize(
    ("name", "factor"),
    [("#Params (B)", 1e9), ("params_b", 1e9), ("Size (M)", 1e6), ("n_params_billions", 1e9), ("size", 1)],
)
def test_parameters_are_found_with_their_unit(name, factor):
    assert fact_columns(["Model", name], MODEL_ALIASES)["parameters"] == (name, factor)
