"""A tiny language model with random weights, as a folder: what the experiments run on in the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from measurand.experiments.item_sets import sums
from measurand.experiments.models import LoadedModel, load
from measurand.tables import ItemSet


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of width 32 over bytes, 0.05 million weights."""
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
        max_position_embeddings=256,
        tie_word_embeddings=True,
        initializer_range=0.3,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = transformers.LlamaForCausalLM(config)
    network.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture
def tiny(tiny_folder: Path) -> LoadedModel:
    """The tiny model, loaded anew for each test."""
    return load(tiny_folder)


@pytest.fixture(scope="session")
def some_sums() -> ItemSet:
    """64 sums."""
    return sums(8)
