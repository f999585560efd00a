"""Which columns of a published table are benchmarks, by their names."""

import pytest

from measurand.catalogue import known
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
    *("created", "last_updated", "release_year", "Year", "timestamp", "model_version", "version", "Revision"),
    *("price_per_1m", "Input Price per 1M tokens", "cost_per_task", "cost_usd", "tokens_per_second", "latency_ms"),
    *("Median Output Tokens/s", "output_speed", "runtime_s", "train_time_hours", "memory_gb", "context_k", "duration"),
    *("n_items", "num_questions", "number of tasks", "Sample count", "total_tokens", "questions", "n_params"),
    *("license_id", "row_index", "run_id", "task number"),
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
    # Languages that are written as units and ids are; quantities that are measured; what is counted in a task.
    *("belebele_ms", "xcopa_id", "belebele_kk_latn", "bits_per_byte", "errors_per_100_words", "byte_perplexity"),
    *("n_queens", "object_counting", "Memory", "agentic_memory", "letter_count", "multi_k", "Power seeking"),
    *("include_base_44_hebrew_driving_license", "GDM self-reasoning: gdm self reasoning max tokens"),
]


@pytest.mark.parametrize("name", ASIDE)
def test_what_accompanies_scores_is_set_aside(name):
    assert accompanies(name)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmarks_with_such_words_in_their_names_stay(name):
    assert not accompanies(name)


def test_no_benchmark_of_the_catalogue_is_set_aside():
    entries = known()
    names = {name for entry in entries for name in (entry.name, entry.benchmark, *entry.aliases)}
    assert len(names) > 1000
    assert [name for name in names if accompanies(name)] == []


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
