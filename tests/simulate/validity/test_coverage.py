"""V11 simulated: drawn texts lie around their topics."""

from __future__ import annotations

import numpy as np

from measurand.simulate.validity.coverage import SPREAD, _drawn


def test_drawn_vectors_scatter_around_topics():
    topics = 10 * np.eye(3)
    vectors, passage = _drawn(topics, 600, 1, np.random.default_rng(0))
    assert len(set(passage)) == 600
    nearest = np.linalg.norm(vectors[:, None] - topics[None], axis=2).argmin(axis=1)
    assert set(nearest) == {0, 1, 2}
    assert np.std(vectors - topics[nearest]) < 1.2 * SPREAD


def test_texts_of_one_passage_lie_together():
    vectors, passage = _drawn(np.zeros((1, 8)), 500, 5, np.random.default_rng(1))
    means = np.array([vectors[passage == place].mean(axis=0) for place in range(100)])
    assert np.std(means) > 1.8 * SPREAD / np.sqrt(5)
