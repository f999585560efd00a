"""A model's files are told from others of the same name, and what is moved is still the same."""

from __future__ import annotations

import shutil

from measurand.experiments.sweeps import fingerprint


def test_a_fingerprint_is_that_of_what_the_files_hold(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    weights = folder / "model.safetensors"
    weights.write_bytes(bytes(range(256)) * 4000)
    first = fingerprint(folder)
    shutil.copytree(folder, tmp_path / "moved")
    assert fingerprint(tmp_path / "moved") == first
    (folder / "README.md").write_text("no part of the model")
    assert fingerprint(folder) == first
    changed = bytearray(weights.read_bytes())
    changed[len(changed) // 2] ^= 1
    weights.write_bytes(bytes(changed))
    assert fingerprint(folder) != first
    assert fingerprint(weights) not in (None, first)


def test_an_empty_file_has_one_and_what_is_not_here_has_none(tmp_path):
    (tmp_path / "empty.gguf").touch()
    assert fingerprint(tmp_path / "empty.gguf") is not None
    assert fingerprint("openai/gpt-4o") is None
    assert fingerprint(tmp_path) is not None
