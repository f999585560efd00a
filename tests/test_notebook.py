"""The notebook of the documentation runs, and shows tables and pictures that stay small."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tour.ipynb"
MOST_BYTES = 300_000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of the Jupyter packages' own
def test_the_notebook_shows_tables_and_pictures(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    nbconvert = pytest.importorskip("nbconvert")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    shown = [
        output.get("data", {}).get("text/html", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    assert len(shown) == sum(cell.cell_type == "code" for cell in notebook.cells)
    assert all(shown), "every cell shows itself as HTML"
    assert max(map(len, shown)) < MOST_BYTES
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert page.count("<table") >= 6
    pictures = re.findall(r"data:image/(svg\+xml|png);base64,([^\"]+)", page)
    assert len(pictures) >= 3
    for kind, data in pictures:
        drawn = base64.b64decode(data)
        assert drawn.startswith(b"<svg" if kind == "svg+xml" else b"\x89PNG")
        assert len(data) < MOST_BYTES
