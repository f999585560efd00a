"""Tables of scores and leaderboards, of which not every column is a benchmark and not every cell what it was."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from measurand.conformance.asking import Case, every, only, says, shown, silent, unclaimed
from measurand.conformance.cases.made import table

__all__ = ["KINDS"]

MODELS = 20
CAPABILITY = ("mmlu", "gsm8k", "arc_challenge", "hellaswag")


def a_column_of_likes() -> Case:
    likes = [round(1000 * 2.7**each) for each in _ability()]
    return Case(
        title="A leaderboard with likes and downloads beside its benchmarks",
        ask="columns",
        given={"table": _wide({**_scores(), "likes": likes, "downloads": [90 * each for each in likes]})},
        answer="four benchmarks; likes and downloads are none",
        why="Likes go with capability, since people like good models: as a benchmark the column correlates at .9.",
        right=only(*CAPABILITY),
    )


def columns_of_the_open_llm_leaderboard() -> Case:
    extra: dict[str, Sequence[object]] = {
        "Precision": ["bfloat16"] * MODELS,
        "Average ⬆️": [20 + place for place in range(MODELS)],
        "Hub ❤️": [7 * place for place in range(MODELS)],
        "#Params (B)": [(7, 13, 70)[place % 3] for place in range(MODELS)],
        "CO₂ cost (kg)": [0.5 + 0.31 * place for place in range(MODELS)],
        "Generation": [place % 3 for place in range(MODELS)],
        "Submission Date": [f"2024-0{1 + place % 9}-11" for place in range(MODELS)],
    }
    return Case(
        title="Columns of the Open LLM Leaderboard: average, likes, parameters, CO2, generation, dates",
        ask="columns",
        given={"table": _wide({**_scores(), **extra})},
        answer="four benchmarks; none of the others is one",
        why="The columns of the leaderboard's published table (open-llm-leaderboard/contents, 2024); an average holds "
        "the benchmarks beside it once more.",
        right=only(*CAPABILITY),
    )


def columns_of_helm() -> Case:
    extra: dict[str, Sequence[object]] = {
        "Mean win rate": [round(0.04 * place, 2) for place in range(MODELS)],
        "Observed inference time (s)": [1 + 0.3 * place for place in range(MODELS)],
        "# eval": [1000] * MODELS,
        "# train": [5] * MODELS,
        "truncated": [0] * MODELS,
        "# prompt tokens": [800 + place for place in range(MODELS)],
    }
    return Case(
        title="Columns of a HELM table: win rate, inference time, number of items, prompt tokens",
        ask="columns",
        given={"table": _wide({**_scores(), **extra})},
        answer="four benchmarks; none of the others is one",
        why="The column names that HELM writes beside each metric.",
        right=only(*CAPABILITY),
    )


def columns_of_a_price_list() -> Case:
    extra: dict[str, Sequence[object]] = {
        "created": [1_700_000_000 + 86_400 * place for place in range(MODELS)],
        "release_year": [2023 + place % 3 for place in range(MODELS)],
        "price_per_1m": [0.5 * place for place in range(MODELS)],
        "latency_ms": [300 + 11 * place for place in range(MODELS)],
        "max_tokens": [4096] * MODELS,
        "tokens_per_second": [90 - place for place in range(MODELS)],
    }
    return Case(
        title="Columns of a list of models: created (a Unix time), year, price, latency, tokens",
        ask="columns",
        given={"table": _wide({**_scores(), **extra})},
        answer="four benchmarks; none of the others is one",
        why="Newer models are better and dearer, so such columns track capability as well as any benchmark.",
        right=only(*CAPABILITY),
    )


def lower_is_better_by_name() -> Case:
    rates = [round(0.5 - 0.1 * each, 4) for each in _ability()]
    return Case(
        title="A column called toxicity_rate beside the benchmarks, and no word on its direction",
        ask="columns",
        given={"table": _wide({**_scores(), "toxicity_rate": rates})},
        answer="a warning that names the column and the direction taken",
        why="Taken as higher is better, the most toxic model is the safest, and every correlation changes its sign.",
        right=says("which direction was taken", "toxicity_rate", "direction|lower"),
    )


def a_column_that_hardly_varies() -> Case:
    return Case(
        title="19 of 20 models score .70 on a benchmark, the best one .71: does it track capability?",
        ask="tracks",
        given={"table": _wide({**_scores(), "flat": _flat()}), "benchmark": "flat"},
        answer="no correlation is to be had: one model decides",
        why="Ranks of 19 equal scores and one other correlate by where that one model stands.",
        right=unclaimed,
    )


def a_constant_column() -> Case:
    return Case(
        title="All 20 models score .70 on a benchmark: does it track capability?",
        ask="tracks",
        given={"table": _wide({**_scores(), "flat": [0.7] * MODELS}), "benchmark": "flat"},
        answer="no correlation is to be had: nothing varies",
        why="Without variance a correlation is 0 / 0.",
        right=unclaimed,
    )


def a_copy_of_a_capability_benchmark() -> Case:
    return Case(
        title="A safety benchmark holds the same 20 numbers as MMLU beside it: does it track capability?",
        ask="tracks",
        given={"table": _wide({**_scores(), "safety": _scores()["mmlu"]}), "benchmark": "safety"},
        answer="that it is the column mmlu once more",
        why="Two benchmarks never give 20 equal scores of four digits: a column was pasted twice, and what follows "
        "from it says nothing of safety.",
        right=says("that it is a copy", "same (scores|numbers|values|column)|cop(y|ies)|identical|duplicate|equal"),
    )


def a_narrow_spread_is_not_saturated() -> Case:
    scores = [round(0.60 + 0.002 * (place % 5), 4) for place in range(MODELS)]
    return Case(
        title="20 models score .600 to .608 on a benchmark with a maximum of 1: is it saturated?",
        ask="saturated",
        given={"table": _wide({**_scores(), "winogrande": scores}), "benchmark": "winogrande"},
        answer="no: the models are alike, and the best is .39 from the top",
        why="Saturated means no room above, not little room between: WinoGrande runs from chance at .5 to 1.",
        right=shown(False),
    )


def a_wide_spread_can_be_saturated() -> Case:
    scores = [0.52, 0.61, 0.70] + [round(0.985 + 0.0007 * place, 4) for place in range(MODELS - 3)]
    return Case(
        title="17 of 20 models score .985 or more, 3 small ones .52 to .70: is it saturated?",
        ask="saturated",
        given={"table": _wide({**_scores(), "winogrande": scores}), "benchmark": "winogrande"},
        answer="yes: the median model stands at 98% of the way from chance to the maximum",
        why="A spread of 47 points is that of three models; for the others there is no room left.",
        right=shown(True),
    )


def one_cell_drifted() -> Case:
    after = {name: list(column) for name, column in _scores().items()}
    after["mmlu"][3] = round(after["mmlu"][3] + 0.2, 4)
    return Case(
        title="One of 80 published scores is 20 points higher in the next version of the table",
        ask="changes",
        given={"old": _wide(_scores()), "new": _wide(after)},
        answer="that score, by name",
        why="Averages move by a fifth of a point, which no summary shows.",
        right=every(shown(True), says("which", "m3", "mmlu"), silent("m4 had")),
    )


def two_rows_swapped() -> Case:
    after = {name: list(column) for name, column in _scores().items()}
    for column in after.values():
        column[13], column[17] = column[17], column[13]
    return Case(
        title="The scores of two models are interchanged in the next version of the table",
        ask="changes",
        given={"old": _wide(_scores()), "new": _wide(after)},
        answer="that m13 and m17 have each other's scores",
        why="Column by column the numbers are the same, so that no mean, spread or histogram changes. A published "
        "table of paraphrases has two models swapped (Mizrahi et al. 2024, flan-t5-base and -small).",
        right=every(shown(True), says("that two were interchanged", "m13", "m17", "interchang|swap|exchang")),
    )


def two_columns_swapped() -> Case:
    after: dict[str, list[float]] = dict(_scores())
    after["mmlu"], after["gsm8k"] = after["gsm8k"], after["mmlu"]
    return Case(
        title="Two columns are interchanged in the next version of the table",
        ask="changes",
        given={"old": _wide(_scores()), "new": _wide(after)},
        answer="that mmlu and gsm8k have each other's scores",
        why="Every number of the new table stood in the old one: nothing was measured anew.",
        right=every(shown(True), says("that two were interchanged", "mmlu", "gsm8k", "interchang|swap|exchang")),
    )


def a_column_in_percent() -> Case:
    after = {name: list(column) for name, column in _scores().items()}
    after["gsm8k"] = [round(100 * each, 2) for each in after["gsm8k"]]
    return Case(
        title="One column is in percent in the next version of the table",
        ask="changes",
        given={"old": _wide(_scores()), "new": _wide(after)},
        answer="that gsm8k was multiplied by 100; not that 20 models improved",
        why="No rank and no correlation changes, but every mean over benchmarks does.",
        right=every(shown(True), says("that a column was multiplied", "gsm8k", "100|redefin|scale|percent")),
    )


def nothing_changed() -> Case:
    shuffled = _wide(_scores()).splitlines(keepends=True)
    return Case(
        title="The same table, its rows in another order",
        ask="changes",
        given={"old": "".join(shuffled), "new": "".join([shuffled[0], *reversed(shuffled[1:])])},
        answer="nothing changed",
        why="Rows are named, so that their order says nothing.",
        right=shown(False),
    )


def _ability() -> list[float]:
    rng = random.Random(0)
    return [rng.gauss(0, 1) for _ in range(MODELS)]


def _scores() -> dict[str, list[float]]:
    rng = random.Random(1)
    return {name: [round(0.55 + 0.1 * (each + rng.gauss(0, 0.3)), 4) for each in _ability()] for name in CAPABILITY}


def _flat() -> list[float]:
    ability = _ability()
    return [0.71 if each == max(ability) else 0.7 for each in ability]


def _wide(columns: Mapping[str, Sequence[object]]) -> str:
    return table(
        ["model", *columns], [(f"m{place}", *row) for place, row in enumerate(zip(*columns.values(), strict=True))]
    )


KINDS = {
    "a column of likes": (a_column_of_likes,),
    "metadata as benchmarks": (columns_of_the_open_llm_leaderboard, columns_of_helm, columns_of_a_price_list),
    "silent direction": (lower_is_better_by_name,),
    "near-constant columns": (a_column_that_hardly_varies, a_constant_column),
    "copied columns": (a_copy_of_a_capability_benchmark,),
    "saturated by spread": (a_narrow_spread_is_not_saturated, a_wide_spread_can_be_saturated),
    "drifted cells": (one_cell_drifted, a_column_in_percent, nothing_changed),
    "swapped rows": (two_rows_swapped, two_columns_swapped),
}
"""The cases by kind."""
