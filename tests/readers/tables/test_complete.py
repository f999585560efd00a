"""What is shipped completes a user's table, says what it was taken for, and never divides it."""

import polars as pl
import pytest

from measurand import load_example, read
from measurand.readers.tables.complete import complete_benchmarks, complete_models

KNOWN = ["Llama-2-7b-hf", "Llama-2-13b-hf", "Llama-2-70b-hf", "Llama-2-7b-chat-hf", "Llama-2-13b-chat-hf"]


def test_a_class_known_of_some_models_alone_is_not_used_and_that_is_said():
    facts = complete_models([*KNOWN, *(f"mine-{i}" for i in range(20))], [])
    assert facts.frame["class"].null_count() == 25
    assert facts.frame["parameters"].drop_nulls().len() >= 5
    (note,) = [note for note in facts.notes if note.startswith("class of 5 of 25 models known")]
    assert "not used" in note


def test_a_class_known_of_every_model_is_used():
    assert complete_models(KNOWN, []).frame["class"].to_list() == ["base", "base", "base", "chat", "chat"]


def test_what_a_table_says_and_what_is_shipped_may_class_every_model_together():
    own = pl.DataFrame({"model": ["mine"], "class": ["chat"]})
    facts = complete_models([*KNOWN[:2], "mine"], [own])
    assert facts.frame["class"].to_list() == ["base", "base", "chat"]


def test_the_whole_study_keeps_models_of_the_embedded_one():
    example = load_example().scores
    names = [*example.models["model"].head(5), *(f"mine-{i}" for i in range(20))]
    study = read(pl.DataFrame({"model": names, "mmlu": [i / 30 for i in range(25)]}))
    assert study.scores.classes == ("all",)


def taken(*names: str) -> dict[str, str]:
    facts = complete_benchmarks(names, [], dict.fromkeys(names, (0.2, 0.8)))
    (note,) = [note for note in facts.notes if note.startswith("taken by name")] or [""]
    return {name: facts.frame.row(i, named=True)["role"] for i, name in enumerate(names) if f"{name!r} for " in note}


def test_every_match_is_said_with_its_source():
    facts = complete_benchmarks(["TruthfulQA", "MMLU - EM"], [], {"TruthfulQA": (0, 1), "MMLU - EM": (0, 1)})
    (note,) = facts.notes
    assert "'TruthfulQA' for TruthfulQA (" in note
    assert "'MMLU - EM' for MMLU (Ren et al. 2024" in note


def test_names_that_are_nobodys_or_speak_of_something_else_are_taken_for_none():
    names = ("sycophancy", "quality", "Math", "MMLU - ECE (10-bin)", "safety", "reasoning", "MMLU", "QuALITY")
    assert taken(*names) == {"MMLU": "capability", "QuALITY": "safety"}


def test_chance_holds_for_shares_of_right_answers_alone():
    names = ["MMLU - EM", "MMLU (5-shot)", "MMLU - F1"]
    facts = complete_benchmarks(names, [], dict.fromkeys(names, (0.2, 0.8)))
    assert facts.frame["chance"].to_list() == [0.25, 0.25, None]
    assert facts.frame["name"].to_list() == [None, None, None]


def test_a_direction_that_only_the_name_suggests_is_asked():
    names = ["toxicity rate", "MMLU - ECE (10-bin)", "mine"]
    facts = complete_benchmarks(names, [], dict.fromkeys(names, (0.2, 0.8)))
    (note,) = facts.notes
    assert note.startswith(
        "direction taken as given (higher is better or safer) for toxicity rate, MMLU - ECE (10-bin): "
    )
    assert "--lower-is-better 'toxicity rate,MMLU - ECE (10-bin)'" in note


@pytest.mark.parametrize("how", ["option", "pattern", "table"])
def test_a_direction_that_is_told_is_not_asked(how):
    frame = pl.DataFrame({"model": ["a", "b"], "toxicity rate": [0.1, 0.2]})
    side = pl.DataFrame({"benchmark": ["toxicity rate"], "higher_is": ["better"]})
    given = {"option": {"lower_is_better": ["Toxicity-Rate"]}, "pattern": {"lower_is_better": ["*toxic*"]}}
    study = read(frame, **given.get(how, {"benchmarks": side}))
    assert not [note for note in study.scores.notes if "direction taken as given" in note]
    assert study.scores.benchmark_fact("higher_is", ["toxicity rate"]) == ["better" if how == "table" else "worse"]
