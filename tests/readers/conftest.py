"""Published case data beside the repository."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the published case data; the test is skipped where it is absent."""
    beside = Path(__file__).resolve().parents[2].parent / "shared"
    folder = Path(os.environ.get("MEASURAND_SHARED", beside))
    if not folder.is_dir():
        pytest.skip(f"case data absent: {folder} (set MEASURAND_SHARED)")
    return folder
