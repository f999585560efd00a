"""Models are loaded from what users have, and refused where loading would run code or fail later."""

from __future__ import annotations

import json
import shutil

import pytest

from measurand.errors import InputError
from measurand.experiments.models import flop, load, save

torch = pytest.importorskip("torch", reason="experiments need torch")


def changed(folder, tmp_path, **values):
    """A copy of a model's folder with other values in its config."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, **values}))
    return copy


def test_a_folder_is_loaded_in_evaluation_mode_without_gradients(tiny):
    assert tiny.name == "tiny"
    assert tiny.context == 2048
    assert not tiny.network.training
    assert not any(weight.requires_grad for weight in tiny.network.parameters())
    # The embedding is tied to the head and counts once.
    assert tiny.parameters == sum(weight.numel() for weight in set(tiny.network.parameters()))


def test_a_tokenizer_without_a_pad_token_pads_with_its_end(tiny):
    assert tiny.tokenizer.pad_token == "<eos>"


def test_a_tokenizer_with_no_token_to_pad_with_is_refused(tiny_folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder, copy)
    held = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps({**held, "eos_token": None}))
    with pytest.raises(InputError, match="the tokenizer has no pad, end or unknown token"):
        load(copy)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_weights_have_the_type_asked_for(tiny_folder, dtype):
    model = load(tiny_folder, dtype=dtype)
    assert {weight.dtype for weight in model.network.parameters()} == {getattr(torch, dtype)}


def test_pickled_weights_are_refused_unless_allowed(tiny_folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder, copy)
    torch.save(load(tiny_folder).network.state_dict(), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"the weights are pickled \(pytorch_model.bin\).*--allow-pickle"):
        load(copy)
    allowed = load(copy, allow_pickle=True)
    for mine, theirs in zip(allowed.network.parameters(), load(tiny_folder).network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        b"\x80\x04",
        b"\x80\x04K\x01.",
        b"\x80\x04]q\x00(K\x01e.",
        b"cno_module\nno_name\n.",
        b"PK\x03\x04 cut",
        b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.",
    ],
)
def test_weights_that_are_a_bad_pickle_are_one_line(tiny_folder, tmp_path, content):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder, copy)
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(content)
    with pytest.raises(InputError, match="copy: no model could be loaded: ") as refused:
        load(copy, allow_pickle=True)
    assert len(str(refused.value).splitlines()) == 1


def test_a_model_with_code_of_its_own_is_refused(tiny_folder, tmp_path):
    copy = changed(tiny_folder, tmp_path, auto_map={"AutoModelForCausalLM": "evil.Model"})
    with pytest.raises(InputError, match="needs code of its own to run, which is refused"):
        load(copy)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no model: there is no config.json"),
        ({"config.json": "{}"}, "no weights: there is no .safetensors"),
        ({"config.json": "{"}, "config.json: not JSON"),
        ({"config.json": '{"model_type": "unheard"}', "model.safetensors": ""}, "no model could be loaded"),
    ],
)
def test_folders_that_hold_no_model_say_what_is_missing(tmp_path, files, message):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        load(tmp_path)


def test_a_gguf_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "none.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\xff" * 64)
    with pytest.raises(InputError, match="no model could be loaded"):
        load(tmp_path / "bad.gguf")


def test_other_arguments_that_are_wrong_are_said(tiny_folder):
    with pytest.raises(InputError, match="dtype should be one of float32, bfloat16, float16, got 'int8'"):
        load(tiny_folder, dtype="int8")
    with pytest.raises(InputError, match="no model could be loaded"):
        load(tiny_folder, device="moon")
    with pytest.raises(InputError, match="no/such: no model could be loaded"):
        load("no/such")


def test_a_model_is_saved_as_an_ordinary_folder_and_only_into_an_empty_one(tiny, tmp_path):
    folder = save(tiny, tmp_path / "new" / "model", "# A card")
    again = load(folder)
    assert (folder / "README.md").read_text() == "# A card"
    for mine, theirs in zip(again.network.parameters(), tiny.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    with pytest.raises(InputError, match="the folder holds something already"):
        save(tiny, folder)


def test_flop_of_a_pass_and_of_training():
    assert flop(10, 7) == 140
    # Low-rank matrices: forward, and back through the activations; the frozen weights' own gradients are not formed.
    assert flop(10, 7, gradient=True) == 280
