"""What the experiments run on in the tests: the tiny model loaded, and items for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from measurand.experiments.item_sets import sums
from measurand.experiments.models import LoadedModel, load
from measurand.tables import ItemSet


@pytest.fixture
def tiny(tiny_folder: Path) -> LoadedModel:
    """The tiny model, loaded anew for each test."""
    return load(tiny_folder)


@pytest.fixture(scope="session")
def some_sums() -> ItemSet:
    """64 sums."""
    return sums(8)
