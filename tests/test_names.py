"""One name a model and benchmark, however a harness spells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.catalogue import known
from measurand.errors import UnknownName
from measurand.names import (
    HOSTS,
    MAKERS,
    RUNTIMES,
    SERVICES,
    alias_rows,
    benchmark_of,
    matched,
    model_of,
    series_of,
    spellings,
)

PARTS = st.text("abcXYZ012-._", min_size=1, max_size=8).filter(lambda part: "__" not in part)
PREFIXES = st.lists(st.sampled_from(sorted(SERVICES | MAKERS)), max_size=3)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        # Inspect: provider/model, provider/service/model, provider/org/model
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("openai/azure/gpt-4o", "openai/gpt-4o"),
        ("anthropic/bedrock/claude-3-5-sonnet", "anthropic/claude-3-5-sonnet"),
        ("google/vertex/gemini-2.0-flash", "google/gemini-2.0-flash"),
        ("mistral/azure/mistral-large", "mistral/mistral-large"),
        ("together/meta-llama/Llama-3-8b", "meta-llama/Llama-3-8b"),
        ("openrouter/openai/gpt-4o", "openai/gpt-4o"),
        ("openrouter/google/gemma-2-9b", "google/gemma-2-9b"),
        ("hf/google/flan-t5-xl", "google/flan-t5-xl"),
        ("hf/EleutherAI/pythia-1b", "EleutherAI/pythia-1b"),
        ("vllm/openai/gpt-oss-20b", "openai/gpt-oss-20b"),
        ("openai-api/deepseek/deepseek-chat", "deepseek/deepseek-chat"),
        ("hf/gpt2", "gpt2"),
        ("ollama/qwen2.5:0.5b", "qwen2.5:0.5b"),
        ("azureai/Meta-Llama-3-1-405B", "azureai/Meta-Llama-3-1-405B"),
        # lm-eval: model arguments, folder names
        ("pretrained=EleutherAI/pythia-1b", "EleutherAI/pythia-1b"),
        ("pretrained=EleutherAI/pythia-1b,dtype=float16", "EleutherAI/pythia-1b"),
        ("dtype=float16, pretrained=EleutherAI/pythia-1b", "EleutherAI/pythia-1b"),
        ("model=gpt-4o,base_url=http://localhost", "gpt-4o"),
        ("EleutherAI__pythia-1b", "EleutherAI/pythia-1b"),
        # HELM
        ("openai/gpt2", "openai/gpt2"),
        ("eleutherai_pythia-1b-v0", "eleutherai_pythia-1b-v0"),
        # every_eval_ever
        ("TencentARC/LLaMA-Pro-8B-Instruct", "TencentARC/LLaMA-Pro-8B-Instruct"),
        # padding
        ("  openai/gpt-4o ", "openai/gpt-4o"),
        ("openai//gpt-4o/", "openai/gpt-4o"),
    ],
)
def test_every_spelling_of_a_model(raw, name):
    assert model_of(raw) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("pretrained=a/b,revision=step1000", "a/b@step1000"),
        ("revision=step1000,pretrained=a/b", "a/b@step1000"),
        ("pretrained=a/b,revision=main", "a/b"),
        ("pretrained=a/b,peft=c/lora", "c/lora"),
        ("pretrained=a/b,peft=c/lora,revision=v2", "c/lora@v2"),
    ],
)
def test_two_checkpoints_are_two_models(raw, name):
    assert model_of(raw) == name


def test_an_alias_wins_over_every_rule_for_the_raw_and_the_canonical_name():
    aliases = {"i82qcls7": "org/mine", "openai/gpt-4o": "GPT-4o", "hf/gpt2": "gpt-2 small"}
    named = [model_of(raw, aliases) for raw in ("i82qcls7", "openai/azure/gpt-4o", "hf/gpt2", "gpt2")]
    assert named == ["org/mine", "GPT-4o", "gpt-2 small", "gpt2"]


@given(st.text())
def test_a_canonical_name_stays(raw):
    assert model_of(model_of(raw)) == model_of(raw)


@given(PREFIXES, st.lists(PARTS, min_size=1, max_size=2), st.sampled_from(["", ",revision=main", ",revision=r1"]))
def test_a_wrapped_name_stays_once_unwrapped(prefixes, parts, revision):
    raw = "/".join([*prefixes, *parts])
    raw = f"pretrained={raw}{revision}" if revision else raw
    once = model_of(raw)
    assert model_of(once) == once
    assert parts[-1] in once


@given(st.text(min_size=1))
def test_a_name_never_becomes_empty(raw):
    assert model_of(raw)


@given(PARTS, PARTS, st.sampled_from(sorted(SERVICES)))
def test_the_service_that_served_it_does_not_matter(org, model, service):
    raw = f"{org}/{model}"
    assert model_of(f"{service}/{raw}") == model_of(raw)


def test_what_a_provider_is_is_said_once():
    assert not MAKERS & SERVICES
    assert HOSTS < SERVICES
    assert RUNTIMES < SERVICES


@pytest.mark.parametrize(
    ("task", "benchmark"),
    [
        ("inspect_evals/gpqa_diamond", "gpqa_diamond"),
        ("hendrycksTest", "mmlu"),
        ("helm/mmlu", "mmlu"),
        ("MMLU-Pro", "mmlu_pro"),
        ("GPQA", "gpqa"),
        ("my own task", "my own task"),
    ],
)
def test_the_catalogues_id_where_it_knows_the_task(task, benchmark):
    assert benchmark_of(task, "1", 1) == benchmark


def test_versions_are_named_only_where_there_are_several():
    assert benchmark_of("hellaswag", "0", 1) == "hellaswag"
    assert [benchmark_of("hellaswag", version, 2) for version in ("0", "1", None)] == [
        "hellaswag@0",
        "hellaswag@1",
        "hellaswag",
    ]


@pytest.mark.parametrize("facts", known(), ids=lambda facts: facts.benchmark)
def test_every_spelling_in_the_catalogue_is_one_benchmark(facts):
    names = {benchmark_of(name, None, 1) for name in (facts.benchmark, facts.name, *facts.aliases)}
    assert names == {facts.benchmark}


@given(st.text(min_size=1))
def test_a_benchmark_stays_and_never_becomes_empty(task):
    once = benchmark_of(task, None, 1)
    assert once
    assert benchmark_of(once, None, 1) == once


@pytest.mark.parametrize(
    ("model", "series"),
    [
        ("EleutherAI/pythia-1.4b-deduped", ("pythia", 1.4e9)),
        ("EleutherAI/pythia-v1.1-70m", ("pythia", 70e6)),
        ("EleutherAI/pythia-1b@step1000", ("pythia", 1e9)),
        ("facebook/opt-350m", ("opt", 350e6)),
        ("facebook/opt-66b", ("opt", 66e9)),
        # bigscience writes the decimal after the unit: bloom-7b1 has 7.1 billion
        ("bigscience/bloom-7b1", ("bloom", 7.1e9)),
        ("bigscience/bloom-1b7", ("bloom", 1.7e9)),
        ("qwen2.5:0.5b", ("qwen", 0.5e9)),
        ("Qwen/Qwen1.5-0.5B", ("qwen", 0.5e9)),
        ("google/gemma-2-9b-it", ("gemma", 9e9)),
        ("TencentARC/LLaMA-Pro-8B-Instruct", ("llama", 8e9)),
        ("gpt-4o", None),
        ("mistralai/Mixtral-8x7B", None),
        ("model-v2.5b2", None),
        ("aa-0b", None),
        ("7b", None),
        ("", None),
    ],
)
def test_series_and_size_as_the_name_states_them(model, series):
    found = series_of(model)
    assert found == (None if series is None else (series[0], pytest.approx(series[1])))


@given(st.text() | st.from_regex(r"[a-z]{1,3}-[0-9.]{0,400}[bm][0-9]?", fullmatch=True))
def test_a_size_is_a_positive_number(model):
    found = series_of(model)
    assert found is None or (found[0] and found[0] == found[0].lower() and 0 < found[1] < 1e14)


# --- one model under several names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (
            (
                "alibaba/qwen3-next-80b-a3b-thinking",
                "aliyun/qwen3-next-80b-a3b-thinking",
                "qwen/qwen3-next-80b-a3b-thinking",
            ),
            2,
        ),
        (("llama-3.1-8b-instruct", "meta-llama/Llama-3.1-8B-Instruct"), 1),
        (("Claude Haiku 4.5", "anthropic/claude-haiku-4-5"), 1),
        (("gpt-4o-2024-05-13", "GPT-4o (2024-05-13)", "gpt-4o-20240513"), 0),
        (("Qwen2.5-7B", "qwen2.5:7b"), 0),
    ],
)
def test_spellings_of_one_model_are_one_group(names, kept):
    (group,) = spellings(names)
    assert (group.names, group.kept, group.dated) == (names, names[kept], False)


@pytest.mark.parametrize(
    "names",
    [
        ("claude-haiku-4.5", "claude-haiku-4-5-20251001"),
        ("gpt-4-0613", "openai/gpt-4"),
        ("gemini-1.5-pro", "gemini-1.5-pro-002"),
        ("deepseek-r1", "deepseek/deepseek-r1-250528"),
        ("claude-3-opus", "claude-3-opus@20240229"),
        ("GPT-4o", "GPT-4o (2024-05-13)"),
        ("gpt-4o-latest", "gpt-4o"),
    ],
)
def test_a_dated_version_is_asked_and_never_joined(names):
    (group,) = spellings(names)
    assert set(group.names) == set(names)
    assert group.dated
    assert all(name.startswith("#") for name, _ in alias_rows([group])[1:])


@pytest.mark.parametrize(
    "names",
    [
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06"),
        ("qwen1.5-7b", "qwen-15-7b"),
        ("command-r", "command-r+"),
        ("o3@high", "o3@low"),
        ("llama-3-8b", "llama-3-8b-instruct"),
        ("llama-7b", "llama-13b"),
        ("phi-1", "phi-2"),
        ("m", "m"),
    ],
)
def test_different_models_are_no_group(names):
    assert spellings(names) == []


@given(st.lists(PARTS, max_size=8))
def test_every_name_of_a_table_of_aliases_was_given(names):
    groups = spellings(names)
    assert {name for group in groups for name in (*group.names, group.kept)} <= set(names)
    assert all(len(set(group.names)) == len(group.names) > 1 for group in groups)


def test_patterns_names_and_near_names_are_matched():
    known = ["MMLU - ECE (10-bin)", "word error rate", "mmlu", "error"]
    assert matched("benchmark", ["*error*"], known) == ["word error rate", "error"]
    assert matched("benchmark", ["error", "MMLU", "*ece*"], known) == ["error", "mmlu", "MMLU - ECE (10-bin)"]
    with pytest.raises(UnknownName, match=r"no benchmark named '\*wer\*'"):
        matched("benchmark", ["*wer*"], known)
