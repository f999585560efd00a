"""Item-level results made from arrays."""

import json

import numpy as np
import polars as pl
import pytest

from measurand.tables import RESPONSE_COLUMNS, Responses


@pytest.fixture(scope="session")
def make_responses():
    """Rows of scores, shape (models, items) or (models, items, epochs), NaN where not run; clusters of the items."""

    def make(scores, clusters=None, *, models=None, benchmark="b", **more) -> Responses:
        values = np.asarray(scores, dtype=np.float64)
        values = values[:, :, None] if values.ndim == 2 else values
        names = models or [f"m{place}" for place in range(len(values))]
        rows = [
            {
                "model": names[m],
                "benchmark": benchmark,
                "item": f"q{i:05d}",
                "epoch": e + 1,
                "reading": "acc",
                "score": float(values[m, i, e]),
                "metadata": None if clusters is None else json.dumps({"passage": str(clusters[i])}),
                **more,
            }
            for m, i, e in np.argwhere(np.isfinite(values))
        ]
        columns = {name: [row.get(name) for row in rows] for name in RESPONSE_COLUMNS}
        frame = pl.DataFrame(columns, schema=RESPONSE_COLUMNS)
        return Responses(frame.lazy(), None if clusters is None else "passage")

    return make
