"""A language model in memory, from a folder or a GGUF file, with what it costs to run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measurand.errors import InputError
from measurand.experiments.default_model import DEFAULT_MODEL, default_model
from measurand.extras import need

if TYPE_CHECKING:
    import torch

__all__ = ["DTYPES", "LoadedModel", "default_folder", "flop", "load", "name_of", "save"]

DTYPES = ("float32", "bfloat16", "float16")
PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
DENSE = "float32"
"""Type into which a quantised file is unpacked."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A causal language model and its tokenizer.

    Parameters
    ----------
    name : how findings call it.
    network : the transformers model, in evaluation mode.
    tokenizer : its tokenizer, with a pad token.
    context : most tokens it reads.
    trunk : a `measurand.experiments.trunk.Trunk`, its lower layers with what was read through them, where other
        models share them; else None.
    """

    name: str
    network: Any
    tokenizer: Any
    context: int
    trunk: Any = None

    @property
    def parameters(self) -> int:
        """Number of weights; those that two layers share count once."""
        return sum(weight.numel() for weight in self.network.parameters())

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        device: torch.device = next(self.network.parameters()).device
        return device


def flop(parameters: int, tokens: int, *, gradient: bool = False) -> float:
    """Floating-point operations of a pass over tokens: 2 per weight and token, twice that with gradients of LoRA.

    Low-rank matrices need the gradients of the activations alone (2 more per weight and token); those of the frozen
    weights, for which training all of them pays another 2, are never formed.

    Source: Kaplan et al. 2020, Scaling laws for neural language models, arXiv 2001.08361, section 2.1.

    Examples
    --------
    >>> flop(135_000_000, 1000), flop(135_000_000, 1000, gradient=True)
    (270000000000.0, 540000000000.0)
    """
    return 2.0 * parameters * tokens * (2 if gradient else 1)


def load(
    path: str | Path = DEFAULT_MODEL,
    *,
    revision: str | None = None,
    dtype: str = "float32",
    device: str = "cpu",
    allow_pickle: bool = False,
) -> LoadedModel:
    """Load a model from a folder, a GGUF file, a name on the Hugging Face hub that is cached here, or the default one.

    Nothing of the folder is run: remote code is refused, and so are pickled weights unless they are allowed.

    Parameters
    ----------
    path : folder with config and safetensors, a ``.gguf`` file (dequantised), a cached hub name, or ``smollm2-135m``.
    revision : of a hub name.
    dtype : one of `DTYPES`.
    device : such as ``cpu`` or ``cuda:0``.
    allow_pickle : whether weights may be pickled, which runs whatever code they hold.

    Raises
    ------
    InputError
        Nothing there, weights that are pickled, a quantisation that cannot be read, an unknown dtype or device, or a
        tokenizer without any token that could pad.
    """
    torch, transformers = need("torch", "weights"), need("transformers", "weights")
    if dtype not in DTYPES:
        raise InputError(f"dtype should be one of {', '.join(DTYPES)}, got {dtype!r}")
    given = str(path)
    if given == DEFAULT_MODEL:
        path = default_folder()
    where = Path(path)
    options: dict[str, Any] = {"trust_remote_code": False}
    if where.suffix.casefold() == ".gguf":
        if not where.is_file():
            raise InputError(f"{given}: no such file")
        source, options = str(where.parent), {**options, "gguf_file": where.name}
        need("gguf", "weights")
    elif where.is_dir():
        source = str(where)
        _require_weights(where, allow_pickle)
    else:
        source, options = given, {**options, "revision": revision, "local_files_only": True}
    try:
        with _quiet(transformers):
            tokenizer = transformers.AutoTokenizer.from_pretrained(source, **options)
            network = transformers.AutoModelForCausalLM.from_pretrained(
                source, dtype=getattr(torch, dtype), use_safetensors=None if allow_pickle else True, **options
            )
        network = _dense(network).to(device)
    # A pickle, and formats that other libraries parse, can raise anything.
    except Exception as error:
        raise InputError(f"{given}: no model could be loaded: {_first_line(error)}") from None
    _require_pad(tokenizer, given)
    network.eval().requires_grad_(False)
    context = int(getattr(network.config, "max_position_embeddings", 0) or tokenizer.model_max_length)
    return LoadedModel(name_of(given), network, tokenizer, context)


def name_of(source: str | Path) -> str:
    """How findings call a model, whichever experiment it is put to.

    Returns
    -------
    str
        The name of its folder, that of its GGUF file without the ending, or the name given where there is neither.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "it-1.5B").mkdir()
    ...     name_of(f"{folder}/it-1.5B/"), name_of("org/it-1.5B")
    ('it-1.5B', 'org/it-1.5B')
    """
    path = Path(source)
    if not path.exists():
        return str(source)
    # Resolved, as "." and "../it" are names of folders too; with what looks like an ending, as that of "it-1.5B".
    return path.stem if path.suffix.casefold() == ".gguf" else path.resolve().name


def default_folder() -> Path:
    """Folder of the default model's weights, dequantised once: it loads in a fraction of the time.

    Raises
    ------
    InputError
        The default model cannot be fetched.
    """
    file = default_model()
    folder = file.with_suffix("")
    if not (folder / "config.json").is_file():
        save(load(file, dtype=DENSE), folder)
    return folder


def save(model: LoadedModel, folder: Path, card: str | None = None) -> Path:
    """Write a model as an ordinary folder, whole or not at all.

    Parameters
    ----------
    folder : must not be there yet, or be empty.
    card : text of its README.md.

    Raises
    ------
    InputError
        The folder holds something.
    """
    import os
    import tempfile

    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: the folder holds something already; name a new one")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-") as part:
        inner = Path(part) / "model"
        with _quiet(need("transformers", "weights")):
            model.network.save_pretrained(inner)
            model.tokenizer.save_pretrained(inner)
        if card is not None:
            (inner / "README.md").write_text(card, encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        os.replace(inner, folder)
    return folder


def _require_weights(folder: Path, allow_pickle: bool) -> None:
    files = [file for file in folder.iterdir() if file.is_file()]
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: no model: there is no config.json in it")
    config = _config(folder / "config.json")
    # trust_remote_code=False would refuse too, but in transformers' words and after loading.
    if config.get("auto_map"):
        raise InputError(f"{folder}: this model needs code of its own to run, which is refused")
    if any(file.suffix == ".safetensors" for file in files):
        return
    pickled = sorted(file.name for file in files if file.suffix in PICKLED)
    if pickled and not allow_pickle:
        raise InputError(
            f"{folder}: the weights are pickled ({pickled[0]}), and reading them runs whatever code they hold; convert "
            "them to safetensors, or allow it (--allow-pickle) if you trust where they come from"
        )
    if not pickled:
        raise InputError(f"{folder}: no weights: there is no .safetensors file in it")


def _config(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {_first_line(error)}") from None
    return found if isinstance(found, dict) else {}


def _dense(network: Any) -> Any:
    """The network without the marks of the quantised file it came from, which would keep it from being saved."""
    if getattr(network, "hf_quantizer", None) is not None:
        network.hf_quantizer = None
        network.is_quantized = False
        if hasattr(network.config, "quantization_config"):
            del network.config.quantization_config
    return network


def _require_pad(tokenizer: Any, given: str) -> None:
    if tokenizer.pad_token_id is None:
        stand_in = tokenizer.eos_token or tokenizer.unk_token
        if stand_in is None:
            raise InputError(f"{given}: the tokenizer has no pad, end or unknown token to fill shorter sequences with")
        tokenizer.pad_token = stand_in


class _quiet:
    """No progress bars or advice of transformers while it loads and saves."""

    def __init__(self, transformers: Any) -> None:
        self.log = transformers.utils.logging

    def __enter__(self) -> None:
        self.level, self.bars = self.log.get_verbosity(), self.log.is_progress_bar_enabled()
        self.log.set_verbosity_error()
        self.log.disable_progress_bar()

    def __exit__(self, *_: object) -> None:
        self.log.set_verbosity(self.level)
        if self.bars:
            self.log.enable_progress_bar()


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
