"""A folder that is served, with each kind of source in it, and what asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("fastapi", reason="the explorer needs fastapi: pip install 'measurand[web]'")

from starlette.testclient import TestClient

from measurand.web.app import create_app

MODELS = {"atlas": (0.8, 0.75), "borealis": (0.7, 0.9), "cedar": (0.75, 0.76), "dune": (0.4, 0.5)}


def drawn_items(seed: int = 0, items: int = 60) -> pl.DataFrame:
    """Answers of four models to two tasks, twice each; items of the first lie in passages."""
    rng = np.random.default_rng(seed)
    rows = []
    for place, task in enumerate(("reading", "refusal")):
        hard = rng.normal(0, 1, items)
        for model, shares in MODELS.items():
            for item in range(items):
                for epoch in (1, 2):
                    share = 1 / (1 + np.exp(hard[item] - np.log(shares[place] / (1 - shares[place]))))
                    right = float(rng.random() < share)
                    passage = f"passage {item // 5}" if place == 0 else None
                    rows.append((model, task, f"{task}-{item:03d}", epoch, right, passage, "A" if right else "B", "A"))
    names = ["model", "benchmark", "item", "epoch", "score", "passage", "answer", "target"]
    return pl.DataFrame(rows, schema=names, orient="row")


def drawn_votes(seed: int = 0, models: int = 12, votes: int = 600) -> pl.DataFrame:
    """Votes between models of which the first is best."""
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(models, 2, replace=False) for _ in range(votes)])
    ahead = rng.random(votes) < 1 / (1 + np.exp((pairs[:, 0] - pairs[:, 1]) / 3))
    name = np.array([f"model-{place:02d}" for place in range(models)])
    winner = np.where(ahead, "model_a", "model_b")
    return pl.DataFrame({"model_a": name[pairs[:, 0]], "model_b": name[pairs[:, 1]], "winner": winner})


@pytest.fixture(scope="session")
def item_rows() -> Callable[..., pl.DataFrame]:
    return drawn_items


@pytest.fixture(scope="session")
def vote_rows() -> Callable[..., pl.DataFrame]:
    return drawn_votes


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sources that tests only read."""
    folder = tmp_path_factory.mktemp("served")
    drawn_items().write_parquet(folder / "items.parquet")
    drawn_votes().write_csv(folder / "votes.csv")
    return folder


@pytest.fixture
def client(filled: Path) -> Iterator[Any]:
    with TestClient(create_app(filled), base_url="http://127.0.0.1:8765") as found:
        yield found
