"""The tables that the tutorials use: made up, with known truth, written by ``python docs/data/make.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

HERE = Path(__file__).parent
CAPABILITY = ("MMLU", "GSM8K", "ARC-Challenge", "HellaSwag", "Winogrande")


def scores() -> pl.DataFrame:
    """30 models in 10 families: TrustBench follows ability, CandourBench does not."""
    rng = np.random.default_rng(7)
    families = ("Alder", "Beech", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple", "Oak", "Pine")
    rows = []
    shared = rng.normal(0, 0.6, len(families))
    for i in range(30):
        family = i % len(families)
        size = (7, 13, 70)[i // len(families)]
        able = shared[family] + 0.5 * np.log(size / 13) + rng.normal(0, 0.6)
        of = {"model": f"{families[family]}-{size}B", "family": families[family]}
        of |= {name: _percent(able + k * 0.3 - 0.5 + rng.normal(0, 0.2)) for k, name in enumerate(CAPABILITY)}
        of |= {"TrustBench": _percent(able + rng.normal(0, 0.35)), "CandourBench": _percent(rng.normal(0, 0.8))}
        rows.append(of)
    return pl.DataFrame(rows)


def _percent(logit: float) -> float:
    return round(float(100 / (1 + np.exp(-logit))), 1)


def answers() -> pl.DataFrame:
    """Four models on two tasks, each item asked once; the questions of one passage are alike in difficulty."""
    rng = np.random.default_rng(3)
    ability = {"atlas": (1.4, 1.2), "atlas-int4": (0.7, 1.1), "borealis": (1.3, 2.4), "cedar": (0.2, 0.4)}
    parts = []
    for task, (name, items) in enumerate((("reading", 200), ("refusal", 150))):
        passage = np.arange(items) // 5
        shared = rng.normal(0, 1.0, passage.max() + 1)[passage] if name == "reading" else 0.0
        hard = shared + rng.normal(0, 1.0, items)
        for model, able in ability.items():
            right = rng.random(items) < 1 / (1 + np.exp(-1.7 * (able[task] - hard)))
            parts.append(
                pl.DataFrame(
                    {
                        "model": model,
                        "benchmark": name,
                        "item": [f"{name}-{i}" for i in range(items)],
                        "passage": [f"p{p}" for p in passage] if name == "reading" else [None] * items,
                        "score": right.astype(int),
                    },
                    schema_overrides={"passage": pl.String},
                )
            )
    return pl.concat(parts)


def votes() -> pl.DataFrame:
    """4,000 votes of 300 users, some far more active than others, on twelve models."""
    rng = np.random.default_rng(5)
    strength = np.sort(rng.normal(0, 0.9, 12))[::-1]
    active = rng.pareto(1.5, 300) + 0.1
    user = rng.choice(300, 4000, p=active / active.sum())
    first = rng.integers(0, 12, 4000)
    second = (first + rng.integers(1, 12, 4000)) % 12
    wins = rng.random(4000) < 1 / (1 + np.exp(strength[second] - strength[first]))
    winner = np.where(rng.random(4000) < 0.1, "tie", np.where(wins, "model_a", "model_b"))
    names = np.array([f"model-{i:02d}" for i in range(12)])
    columns = {"model_a": names[first], "model_b": names[second], "winner": winner, "user": [f"u{u}" for u in user]}
    return pl.DataFrame(columns)


if __name__ == "__main__":
    for make in (scores, answers, votes):
        make().write_csv(HERE / f"{make.__name__}.csv")
