"""What the documentation's site holds beside its pages: explorers that work without a server."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from measurand.web.site import site


def on_post_build(config: Any) -> None:
    """Write the explorers of the embedded studies into the site that was built."""
    with tempfile.TemporaryDirectory() as empty:
        site(Path(empty), Path(config["site_dir"]) / "explorer", title="Explorers")
