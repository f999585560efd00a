"""V8 simulated: families and the shares of variance are as the truth says."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.validity.mtmm import COMMON, METHODS, TRAITS, _scores


@pytest.mark.parametrize(("trait", "method"), [(0.6, 0.1), (0.1, 0.6)])
def test_benchmarks_share_what_their_trait_and_method_share(trait, method):
    values = _scores(trait, method, np.arange(20_000), 0.0, np.random.default_rng(0))
    assert values.shape == (20_000, TRAITS * METHODS)
    found = np.corrcoef(values.T)
    # Columns: methods within traits. The first three are one trait; the first and the fourth share a method.
    assert found[0, 1] == pytest.approx(COMMON + trait, abs=0.03)
    assert found[0, METHODS] == pytest.approx(COMMON + method, abs=0.03)
    assert found[0, METHODS + 1] == pytest.approx(COMMON, abs=0.03)
