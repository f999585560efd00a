"""Every benchmark by itself at once, against V1 asked of each."""

from __future__ import annotations

import numpy as np
import pytest

import measurand
from measurand.measures.validity.shared.alone import alone
from measurand.measures.validity.shared.panel import panels
from measurand.stats.capability.pca import Way


@pytest.mark.parametrize("way", [Way(), Way("average", "kendall"), Way("component", "pearson")], ids=str)
@pytest.mark.parametrize("drop", [(), (3,), (0, 25)])
def test_each_is_what_v1_gives_of_it_alone(way, drop):
    scores = measurand.load_example().scores
    chat = scores.only(models=scores.models_of("chat"))
    (panel,), _ = panels(chat, "complete")
    found = alone(panel, way, drop)
    low, high = found.found.limits(0.95)
    kept = [model for row, model in enumerate(panel.models) if row not in drop]
    for j in (0, 17, 40):
        part = chat.only(benchmarks=[panel.tested[j]], models=kept)
        asked = measurand.capabilities_correlation(
            part, resamples=0, weighting=way.weighting, correlation=way.correlation
        )
        estimate = asked.of(panel.tested[j]).estimates[0]
        assert (found.found.rho[j], low[j], high[j]) == pytest.approx((estimate.value, estimate.low, estimate.high))
    (own,) = measurand.capabilities_correlation(
        chat.only(models=kept), resamples=0, weighting=way.weighting
    ).result.classes
    rows = [row for row in range(len(panel.models)) if row not in drop]
    np.testing.assert_allclose(found.places[rows], own.panel.component.scores)
    np.testing.assert_allclose(found.weights, own.panel.component.loadings)


def test_a_capability_benchmark_that_no_longer_varies_weighs_nothing():
    scores = measurand.load_example().scores
    (panel,), _ = panels(scores.only(models=scores.models_of("chat")), "complete")
    values = panel.values.copy()
    values[1:, 2] = values[1, 2]
    from dataclasses import replace

    found = alone(replace(panel, values=values), Way(), (0,))
    assert found.weights[2] == 0
    assert np.isfinite(found.found.rho).all()
