"""V11 simulated: drawn texts lie around their topics."""

from __future__ import annotations

import numpy as np

from measurand.simulate.validity.coverage import SPREAD, _drawn


def test_drawn_vectors_scatter_around_topics():
    topics = 10 * np.eye(3)
    vectors = _drawn(topics, 600, np.random.default_rng(0))
    nearest = np.linalg.norm(vectors[:, None] - topics[None], axis=2).argmin(axis=1)
    assert set(nearest) == {0, 1, 2}
    assert np.std(vectors - topics[nearest]) < 1.2 * SPREAD
