"""The shipped table of models: every figure has its source, and a table's own facts come first."""

from __future__ import annotations

import csv

import polars as pl
import pytest

from measurand import read
from measurand.catalogue import normalise
from measurand.readers.tables.complete import complete_models
from measurand.readers.tables.known_models import known_models, lookup_models
from measurand.tables.dates import decimal_year

FACTS = ("parameters", "training_flop", "release_date", "knowledge_cutoff")
REN, RUAN = "Ren et al. 2024 arXiv 2407.21792", "Ruan et al. 2024 arXiv 2405.10938"
HO = "Ho et al. 2025 arXiv 2512.00193"
SOURCES = {REN, RUAN, HO, "crfm-helm 0.5.16", "inspect-ai 0.3.285"}


def sources(row: dict[str, str]) -> dict[str, str]:
    return dict(part.split(": ") for part in row["source"].split("; "))


def test_there_are_a_few_hundred_models_and_no_name_twice():
    names = [normalise(name) for row in known_models() for name in (row["model"], *row["aliases"].split("|")) if name]
    assert 200 <= len(known_models()) <= 500
    assert len(set(names)) == len(names)
    assert all(any(letter.isdigit() for letter in row["model"]) for row in known_models())


@pytest.mark.parametrize("row", known_models(), ids=lambda row: row["model"])
def test_every_figure_has_its_source_and_is_possible(row):
    told = {fact for fact in FACTS if row[fact]}
    assert told
    assert set(sources(row)) == told
    assert set(sources(row).values()) <= SOURCES
    for fact, least, most in (("parameters", 1e6, 1e13), ("training_flop", 1e16, 1e27)):
        assert not row[fact] or least <= float(row[fact]) <= most
    for fact in ("release_date", "knowledge_cutoff"):
        assert not row[fact] or 2015 < decimal_year(row[fact]) < 2027


def test_figures_are_those_of_their_sources(shared):
    by_name = {normalise(row["model"]): row for row in known_models()}
    aliases = {normalise(alias): row for row in known_models() for alias in row["aliases"].split("|") if alias}
    index = {**aliases, **by_name}
    with open(shared / "facts" / "published_models.csv", newline="") as file:
        ren = {row["model"]: row for row in csv.DictReader(file)}
    with open(shared / "data" / "elicitation" / "obs_scaling_pca" / "base_llm_benchmark_eval.csv", newline="") as file:
        ruan = {row["Model"].split("/")[-1]: row for row in csv.DictReader(file)}
    with open(shared / "data" / "elicitation" / "eci" / "eci_cap.csv", newline="") as file:
        dates = {row["model"]: row["date"] for row in csv.DictReader(file)}
    checked = {REN: 0, RUAN: 0, HO: 0}
    for name, figures in ren.items():
        row = index.get(normalise(name))
        for fact in ("parameters", "training_flop"):
            if row and sources(row).get(fact) == REN:
                assert float(row[fact]) == float(figures[fact])
                checked[REN] += 1
    for name, figures in ruan.items():
        row = index.get(normalise(name))
        for fact, column, unit in (("parameters", "Model Size (B)", 1e9), ("training_flop", "FLOPs (1E21)", 1e21)):
            if row and sources(row).get(fact) == RUAN:
                assert float(row[fact]) == pytest.approx(float(figures[column]) * unit, rel=1e-3)
                checked[RUAN] += 1
    for name, date in dates.items():
        row = index.get(normalise(name))
        if row and sources(row).get("release_date") == HO:
            assert row["release_date"] == date
            checked[HO] += 1
    assert min(checked.values()) > 50


def test_sources_that_contradict_each_other_leave_a_figure_blank():
    # Ren et al. give Qwen1.5-72B 8.93e23 FLOP, Ruan et al. 1.296e24.
    (row,) = (row for row in known_models() if row["model"] == "Qwen1.5-72B")
    assert row["training_flop"] == ""
    assert row["parameters"] == "7.2e+10"


@pytest.mark.parametrize("name", ["meta-llama/Llama-2-7b-hf", "Llama_2_7b_hf", "llama-2-7b"])
def test_a_model_is_found_by_other_spellings(name):
    assert lookup_models([name])["training_flop"].to_list() == [8.4e22]


@pytest.mark.parametrize("name", ["EleutherAI/pythia-1b@step1000", "Llama-2", "mine", ""])
def test_a_checkpoint_a_part_of_a_name_and_an_unknown_model_are_not_found(name):
    assert lookup_models([name]).is_empty()


def test_facts_that_are_given_win_and_what_is_filled_is_said():
    given = pl.DataFrame({"model": ["gpt-4o-2024-05-13"], "release_date": ["2020-01-01"]})
    facts = complete_models(["gpt-4o-2024-05-13", "mine"], [given])
    assert facts.frame["release_date"].to_list() == ["2020-01-01", None]
    assert facts.frame["knowledge_cutoff"].to_list() == ["2023-11-30", None]
    assert facts.notes == (
        "knowledge_cutoff of 1 model from measurand's table of models, where each figure has its source, by name",
    )


def test_a_table_that_says_nothing_of_its_models_gets_their_dates():
    study = read(pl.DataFrame({"model": ["gpt-4o-2024-05-13", "mine"], "mmlu": [0.8, 0.7], "gsm8k": [0.9, 0.8]}))
    assert study.scores.model_fact("release_date", ["gpt-4o-2024-05-13", "mine"]) == ["2024-05-13", None]
    assert any("release_date, knowledge_cutoff of 1 model from" in note for note in study.scores.notes)
