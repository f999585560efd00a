"""Fixtures shared by all tests, the Hypothesis profile, and the order tests run in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import polars as pl
import pytest

import measurand
from measurand.tables import Scores, Study

hypothesis.settings.register_profile("deterministic", derandomize=True, deadline=None)
hypothesis.settings.load_profile("deterministic")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first, then simulations, then what loads a real model, then what opens a browser."""
    late = ("slow", "model", "browser")
    items.sort(key=lambda item: max((1 + late.index(m.name) for m in item.iter_markers() if m.name in late), default=0))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the published case data: MEASURAND_SHARED, or `shared` beside the repository."""
    folder = Path(os.environ.get("MEASURAND_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"case data not found at {folder}")
    return folder


FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1280,900"
)


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium, whose `downloads` is the folder that it saves into."""
    webdriver = pytest.importorskip("selenium.webdriver")
    names = (("chromium", "chromium-browser", "google-chrome"), ("chromedriver",))
    chromium, server = (next(filter(None, map(shutil.which, each)), None) for each in names)
    if chromium is None or server is None:
        pytest.skip("needs chromium and chromedriver on the PATH")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    downloads = tmp_path_factory.mktemp("downloads")
    for flag in (*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(server, env={**os.environ})
    with webdriver.Chrome(options=options, service=service) as browser:
        browser.downloads = downloads
        yield browser


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model with random weights, as a folder: two layers of width 32 over bytes."""
    torch = pytest.importorskip("torch", reason="experiments need torch: pip install 'measurand[weights]'")
    transformers = pytest.importorskip("transformers", reason="experiments need transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({char: place for place, char in enumerate([*alphabet, "<eos>"])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>")
    config = transformers.LlamaConfig(
        vocab_size=len(alphabet) + 1,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        initializer_range=0.3,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = transformers.LlamaForCausalLM(config)
    network.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def example() -> Study:
    """The embedded study."""
    return measurand.load_example()


@pytest.fixture(scope="session")
def make_study() -> Callable[..., Study]:
    """Builds small studies: capability benchmarks c0, c1, ... and benchmarks under test t0, t1, ..."""
    return build_study


def build_study(
    n: int = 20,
    *,
    capability: int = 5,
    tested: int = 2,
    families: int = 5,
    seed: int = 0,
    classes: Sequence[str | None] = (None,),
    columns: Mapping[str, Sequence[float]] | None = None,
    stderr: float | None = None,
    flop: Sequence[float | None] | None = None,
    benchmarks: pl.DataFrame | None = None,
    title: str = "made for a test",
) -> Study:
    """A study of n models.

    Parameters
    ----------
    classes : dealt out to the models in turn; families are dealt out in turn as well.
    columns : benchmarks by name, which replace or join the made ones; NaN where not run.
    stderr : of every score.
    flop : training FLOP of each model.
    benchmarks : facts of the benchmarks.
    """
    rng = np.random.default_rng(seed)
    ability = rng.standard_normal(n)
    table = {f"c{j}": 0.85 * ability + 0.5 * rng.standard_normal(n) for j in range(capability)}
    table |= {f"t{j}": 0.6 * ability + 0.8 * rng.standard_normal(n) for j in range(tested)}
    table |= {name: np.asarray(values, dtype=float) for name, values in (columns or {}).items()}
    rows = [
        (f"m{i}", name, float(values[i]), stderr)
        for name, values in table.items()
        for i in range(n)
        if np.isfinite(values[i])
    ]
    long = pl.DataFrame(
        rows,
        schema={"model": pl.String, "benchmark": pl.String, "score": pl.Float64, "stderr": pl.Float64},
        orient="row",
    )
    present = set(long["model"])
    facts = pl.DataFrame(
        {
            "model": [f"m{i}" for i in range(n)],
            "family": [f"f{i % families}" for i in range(n)],
            "class": [classes[i % len(classes)] for i in range(n)],
            "training_flop": list(flop) if flop is not None else [None] * n,
        },
        schema={"model": pl.String, "family": pl.String, "class": pl.String, "training_flop": pl.Float64},
    ).filter(pl.col("model").is_in(present))
    scores = Scores.build(long, facts, benchmarks)
    names = [name for name in table if name.startswith("c") and name in set(long["benchmark"])]
    return Study(title=title, scores=scores.with_capability(names))
