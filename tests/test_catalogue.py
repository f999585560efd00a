"""The shipped catalogue of benchmarks, held to its rules, and the functions that read it."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from measurand.catalogue import SHARES_RIGHT, BenchmarkFacts, known, lookup, near, normalise, taken_for

SHARED = Path(os.environ.get("MEASURAND_SHARED") or Path(__file__).parents[2] / "shared")
PUBLISHED_IDS = SHARED / "data" / "safetywashing" / "benchmarks_info.csv"

# Columns of the same file that describe the model, not a benchmark.
MODEL_COLUMNS = {"model_size", "FLOP", "type", "name"}

# What people and harnesses write, and the canonical id it must lead to.
SPELLINGS = {
    "MMLU": "mmlu",
    "hendrycksTest": "mmlu",
    "hendrycksTest-virology": "mmlu_virology",
    "MMLU-Pro": "mmlu_pro",
    "leaderboard_mmlu_pro": "mmlu_pro",
    "gsm8k": "gsm8k",
    "GPQA": "gpqa",
    "leaderboard_gpqa": "gpqa",
    "inspect_evals/gpqa_diamond": "gpqa_diamond",
    "GPQA diamond": "gpqa_diamond",
    "TruthfulQA": "truthfulqa",
    "truthfulqa_mc1": "truthfulqa_mc1",
    "TruthfulQA MC2": "truthfulqa_mc2",
    "truthfulqa_gen": "truthfulqa_gen",
    "WMDP": "wmdp",
    "inspect_evals/wmdp_bio": "wmdp_bio",
    "wmdp_chem": "wmdp_chem",
    "wmdp-cyber": "wmdp_cyber",
    "HarmBench": "harmbench",
    "harm_bench": "harm_bench",
    "ETHICS": "ethics_all",
    "BBQ": "bbq",
    "bbq_amb": "bbq_amb",
    "XSTest": "xstest",
    "MASK": "mask",
    "HLE": "hle",
    "Humanity's Last Exam": "hle",
    "ARC-Challenge": "arc_challenge",
    "arc_easy": "arc_easy",
    "HellaSwag": "hellaswag",
    "WinoGrande": "winogrande",
    "PIQA": "piqa",
    "BoolQ": "superglue_boolq",
    "OpenBookQA": "openbookqa",
    "LAMBADA": "lambada",
    "lambada_openai": "lambada_openai",
    "LogiQA": "logiqa",
    "BBH": "bbh",
    "MATH": "minerva_math",
    "minerva_math": "minerva_math",
    "AIME 2024": "aime2024",
    "aime25": "aime2025",
    "HumanEval": "humaneval",
    "HumanEval+": "humaneval_plus",
    "MBPP": "mbpp",
    "SWE-bench": "swe_bench",
    "SWE-bench Verified": "swe_bench_verified",
    "LiveCodeBench": "livecodebench",
    "IFEval": "ifeval",
    "DROP": "drop_f1",
    "SQuAD": "squad",
    "TriviaQA": "triviaqa",
    "NaturalQuestions": "natural_questions",
    "SimpleQA": "simpleqa",
    "AGIEval": "agieval",
    "C-Eval": "ceval",
    "CMMLU": "cmmlu",
    "MGSM": "mgsm",
    "ANLI": "anli",
    "ToxiGen": "toxigen",
    "CrowS-Pairs": "crows_pairs_english",
    "WinoGender": "winogender",
    "RealToxicityPrompts": "realtoxicityprompts",
    "StrongREJECT": "strong_reject",
    "AdvBench": "advbench",
    "JailbreakBench": "jailbreakbench",
    "AgentHarm": "agentharm",
    "SafetyBench": "safety_bench",
    "DecodingTrust": "decodingtrust",
    "CyberSecEval 2": "cyberseceval_2",
    "Cybench": "cybench",
    "sycophancy": "sycophancy",
    "MACHIAVELLI power": "machiavelli-power.Σ",
    "SORRY-Bench": "sorry_bench",
    "Do-Not-Answer": "do_not_answer",
    "OR-Bench": "or_bench",
    "AIR-Bench": "air_bench_2024",
    "WildGuardTest": "wildguardtest",
    "FrontierMath": "frontiermath",
    "MMMU": "mmmu",
    "GAIA": "gaia",
    "tau-bench": "tau_bench",
    "τ²-bench": "tau2",
    "BrowseComp": "browse_comp",
    "OSWorld": "osworld",
    "MT-Bench": "MT_Bench",
    "LMSYS Chatbot Arena": "LMSYS_Chatbot_Arena",
    "AlpacaEval": "Alpaca-Eval_win-rate",
    "EQ-Bench": "eq_bench",
}

# 1 / number of options, with where that number can be seen.
OPTIONS = {
    "mmlu": 4,  # lm-evaluation-harness 0.4.13, mmlu tasks: doc_to_choice A, B, C, D
    "wmdp_bio": 4,  # the same, wmdp_bio: A, B, C, D
    "medqa_4options": 4,  # the same, medqa_4options: A, B, C, D
    "gpqa_diamond": 4,  # the same, gpqa_diamond_zeroshot: (A) to (D); Open LLM Leaderboard normalization: 0.25
    "commonsense_qa": 5,  # lm-evaluation-harness 0.4.13, commonsense_qa: A to E
    "mathqa": 5,  # the same, mathqa: options a to e
    "anli": 3,  # the same, anli_r1: True, Neither, False
    "bbq": 3,  # the same, bbq: ans0, ans1, ans2
    "pubmedqa": 3,  # the same, pubmedqa: yes, no, maybe
    "social_iqa": 3,  # the same, social_iqa: answerA, answerB, answerC
    "musr_object_placements": 5,  # Open LLM Leaderboard normalization: lower bound 0.2
    "mmlu_pro": 10,  # MMLU-Pro dataset card: 10 options
    "piqa": 2,  # lm-evaluation-harness 0.4.13, piqa: sol1, sol2
    "winogrande": 2,  # MosaicML Eval Gauntlet: random baseline 0.5
    "hellaswag": 4,  # the same: random baseline 0.25
    "toxigen": 2,  # lm-evaluation-harness 0.4.13, toxigen: No, Yes
    "leaderboard_bbh_date_understanding": 6,  # the same, leaderboard_bbh_date_understanding: (A) to (F)
}


def keys(facts: BenchmarkFacts) -> set[str]:
    return {normalise(key) for key in (facts.benchmark, facts.name, *facts.aliases)}


def test_the_catalogue_is_large_enough_to_meet_most_names() -> None:
    assert len(known()) >= 200


def test_every_row_keeps_the_rules() -> None:
    rules: dict[str, Callable[[BenchmarkFacts], object]] = {
        "has a source": lambda facts: facts.source,
        "has an area": lambda facts: facts.area,
        "role is one of three": lambda facts: facts.role in ("capability", "safety", "other"),
        "direction is known or absent": lambda facts: facts.higher_is in ("better", "worse", None),
        "no empty or padded spelling": lambda facts: all(
            key and key == key.strip() for key in (facts.benchmark, facts.name, *facts.aliases)
        ),
        "no blank that is not None": lambda facts: "" not in (facts.metric, facts.trait, facts.method),
    }
    broken = [(facts.benchmark, rule) for facts in known() for rule, holds in rules.items() if not holds(facts)]
    assert broken == []


def test_chance_and_maximum_belong_to_a_metric() -> None:
    numbered = [facts for facts in known() if facts.chance is not None or facts.maximum is not None]
    assert len(numbered) > 200
    assert [facts.benchmark for facts in numbered if facts.metric is None] == []
    assert [facts.benchmark for facts in numbered if facts.chance is not None and not 0 <= facts.chance < 1] == []
    both = [(f.benchmark, f.chance, f.maximum) for f in numbered if f.chance is not None and f.maximum is not None]
    assert [benchmark for benchmark, chance, maximum in both if chance >= maximum] == []


SHARES = SHARES_RIGHT | {"attack success rate", "resolved rate"}

SIZES = {
    "mmlu": 14079,  # Hendrycks et al. 2021, section 3: the test set has 14079 questions
    "gsm8k": 1319,  # Cobbe et al. 2021: 1,319 test problems
    "truthfulqa_mc1": 817,  # Lin et al. 2022: 817 questions
    "wmdp": 1273 + 408 + 1987,  # Li et al. 2024: the three parts
    "bbq": 2 * 29246,  # Parrish et al. 2022: half of the 58,492 are ambiguous
    "ethics_justice": 2704,  # Hendrycks et al. 2021, ETHICS, table 1
}


def test_items_are_known_where_a_score_is_a_share_of_them() -> None:
    sized = [facts for facts in known() if facts.items is not None]
    assert len(sized) > 100
    assert [f.benchmark for f in sized if f.metric not in SHARES or f.items < 20 or "; items: " not in f.source] == []
    assert {name: facts.items for name in SIZES if (facts := lookup(name))} == SIZES


def test_no_spelling_belongs_to_two_benchmarks() -> None:
    owners: dict[str, list[str]] = {}
    for facts in known():
        for key in keys(facts):
            owners.setdefault(key, []).append(facts.benchmark)
    assert {key: ids for key, ids in owners.items() if len(ids) > 1} == {}


def test_every_id_name_and_alias_leads_home() -> None:
    for facts in known():
        assert all(lookup(key) is facts for key in (facts.benchmark, facts.name, *facts.aliases))


@pytest.mark.parametrize(("spelling", "benchmark"), SPELLINGS.items())
def test_spellings_resolve(spelling: str, benchmark: str) -> None:
    facts = lookup(spelling)
    assert facts is not None
    assert facts.benchmark == benchmark


@pytest.mark.skipif(not PUBLISHED_IDS.exists(), reason=f"published benchmark list not found at {PUBLISHED_IDS}")
def test_published_ids_resolve() -> None:
    with PUBLISHED_IDS.open(encoding="utf-8", newline="") as file:
        ids = {row["benchmark"] for row in csv.DictReader(file)} - MODEL_COLUMNS
    assert len(ids) > 190
    assert [name for name in sorted(ids) if lookup(name) is None] == []


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("mmlu_pro", "mmlu"),
        ("arc_easy", "arc_challenge"),
        ("rte", "superglue"),
        ("rte", "sglue_rte"),
        ("gpqa_diamond", "gpqa"),
        ("squad_v2", "squad"),
        ("aime24", "aime25"),
        ("swe_bench_verified", "swe_bench"),
        ("humaneval+", "humaneval"),
        ("decodingtrust_adv_glue++", "adv_glue"),
        ("harm_bench", "harmbench"),
    ],
)
def test_splits_and_versions_stay_apart(part: str, other: str) -> None:
    first, second = lookup(part), lookup(other)
    assert first is not None
    assert second is not None
    assert first.benchmark != second.benchmark


@pytest.mark.parametrize(("benchmark", "options"), OPTIONS.items())
def test_chance_is_one_in_the_number_of_options(benchmark: str, options: int) -> None:
    facts = lookup(benchmark)
    assert facts is not None
    assert facts.chance == pytest.approx(1 / options, abs=1e-5)


@pytest.mark.parametrize(
    ("benchmark", "direction"),
    [
        ("wmdp", "worse"),  # more hazardous knowledge is less safe
        ("harmbench", "worse"),  # attack success rate
        ("harm_bench", "better"),  # HELM prints a safety score
        ("HarmBench-GCG-T-all", "worse"),  # published as 1 - attack success rate
        ("brier_mmlu", "worse"),  # published as 1 - Brier score
        ("wikitext", "worse"),  # perplexity
        ("crows_pairs_english", "worse"),  # lm-evaluation-harness: higher_is_better false
        ("mmlu", "better"),
        ("xstest", None),  # harnesses print opposite metrics under this name
        ("stereoset", None),  # 50 is unbiased
    ],
)
def test_direction_is_that_of_the_raw_metric(benchmark: str, direction: str | None) -> None:
    facts = lookup(benchmark)
    assert facts is not None
    assert facts.higher_is == direction


def test_unknown_names_give_none() -> None:
    assert lookup("no such benchmark") is None
    assert lookup("") is None
    assert lookup(" -_/ ") is None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("  MMLU -- Pro ", "mmlu_pro"),
        ("inspect_evals/arc_easy", "arc_easy"),
        ("lm-eval/arc_easy", "arc_easy"),
        ("arc:challenge", "arc_challenge"),
        ("machiavelli-power.Σ", "machiavelli_power_σ"),
        ("truthfulqa_truth*info", "truthfulqa_truth*info"),
        ("AdvGLUE++", "advglue++"),
    ],
)
def test_normalise(name: str, key: str) -> None:
    assert normalise(name) == key
    assert normalise(key) == key


def test_near_returns_names_as_given_nearest_first() -> None:
    assert near("gsm-8k", ["MMLU", "GSM8K", "gsm_plus"], limit=1) == ("GSM8K",)
    assert near("zzz", ["MMLU", "GSM8K"]) == ()
    assert near("mmlu", []) == ()


def test_near_needs_a_positive_limit() -> None:
    with pytest.raises(ValueError, match="at least 1 but got 0"):
        near("mmlu", ["mmlu"], limit=0)


def test_facts_are_frozen_and_read_once() -> None:
    assert known() is known()
    with pytest.raises(FrozenInstanceError):
        known()[0].role = "other"  # type: ignore[misc]


def test_the_catalogue_holds_no_addresses() -> None:
    assert not [facts.benchmark for facts in known() if "://" in facts.source or "/home" in facts.source]


@pytest.mark.parametrize(
    ("name", "benchmark"),
    [
        ("TruthfulQA", "truthfulqa"),
        ("MMLU - EM", "mmlu"),
        ("MMLU (5-shot)", "mmlu"),
        ("GSM8K (CoT)", "gsm8k"),
        ("arc_challenge_acc_norm", "arc_challenge"),
        ("MATH - Equivalent (CoT)", "minerva_math"),
        ("hellaswag 10-shot", "hellaswag"),
        ("HellaSwag (acc)", "hellaswag"),
        ("QuALITY", "scrolls_quality"),
        ("RACE", "race"),
        ("ETHICS", "ethics_all"),
    ],
)
def test_specific_names_are_taken_for_their_benchmark(name: str, benchmark: str) -> None:
    match = taken_for(name)
    assert match is not None
    assert match.facts.benchmark == benchmark


@pytest.mark.parametrize(
    "name",
    [
        *(
            "sycophancy",
            "Sycophancy",
            "quality",
            "Quality",
            "race",
            "math",
            "Math",
            "ethics",
            "rules",
            "record",
            "persona",
        ),
        *(
            "MMLU - ECE (10-bin)",
            "IMDB - EM (Robustness)",
            "MMLU - # eval",
            "mmlu error",
            "MMLU rank",
            "my mmlu",
            "em",
            "",
        ),
    ],
)
def test_other_names_are_taken_for_none(name: str) -> None:
    assert taken_for(name) is None


def test_an_id_or_name_that_is_no_common_word_is_taken_for_itself() -> None:
    missed = {
        facts.benchmark for facts in known() if taken_for(facts.name) is None and taken_for(facts.benchmark) is None
    }
    assert missed == {"arithmetic", "persona", "personality"}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "helpfulness",
            "honesty",
            "refusal rate",
            "quality",
            "Mean win rate",
            "latency",
            "safety",
            "likes",
            "elo",
            "cost",
        ),
        *(
            "translation",
            "summarization",
            "my_bench",
            "internal_eval_3",
            "speed",
            "agent score",
            "customer support",
            "c1",
        ),
        *("AIME 2023", "gsm9k"),
    ],
)
def test_names_that_nobody_mistook_are_no_hint(name: str) -> None:
    assert near(name, [facts.benchmark for facts in known()]) == ()


@pytest.mark.parametrize(("slip", "name"), [("mmluu", "mmlu"), ("hella swag", "hellaswag"), ("gsm 8k", "gsm8k")])
def test_a_slip_of_the_fingers_is_a_hint(slip: str, name: str) -> None:
    assert near(slip, [facts.benchmark for facts in known()], limit=1) == (name,)
