"""Paired differences of all pairs against the definition, pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from measurand.stats.intervals.paired import mcnemar_p_value, paired_differences

TABLES = hnp.arrays(
    np.float64, st.tuples(st.integers(2, 4), st.integers(1, 10)), elements=st.sampled_from([0.0, 0.5, 1.0, np.nan])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scores=TABLES, seed=st.integers(0, 99), whole=st.booleans(), clustered=st.booleans())
def test_every_pair_equals_the_mean_of_its_differences(cr2_definition, scores, seed, whole, clustered):
    if whole:
        scores = np.nan_to_num(scores)
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, 3, scores.shape[1]) if clustered else np.arange(scores.shape[1])
    found = paired_differences(scores, clusters if clustered else None)
    for place, (a, b) in enumerate(zip(found.first, found.second, strict=True)):
        both = np.isfinite(scores[a]) & np.isfinite(scores[b])
        gaps = (scores[a] - scores[b])[both]
        # One number of degrees of freedom for all pairs on the same items: that of uncorrelated ones.
        variance, df = cr2_definition(gaps, clusters[both])
        expected = (gaps.mean() if both.any() else np.nan, np.sqrt(variance), df)
        np.testing.assert_allclose([x[place] for x in (found.value, found.stderr, found.df)], expected, atol=1e-7)
        assert found.n[place] == both.sum()
        assert found.clusters[place] == len(set(clusters[both]))
        assert found.only_first[place] == ((scores[a] == 1) & (scores[b] != 1) & both).sum()
        assert found.only_second[place] == ((scores[b] == 1) & (scores[a] != 1) & both).sum()
        alone = sum(cr2_definition(scores[row][both], clusters[both])[0] for row in (a, b))
        np.testing.assert_allclose(found.unpaired[place], np.sqrt(alone), atol=1e-7)


def test_models_with_the_same_answers_differ_by_nothing_at_all():
    row = np.random.default_rng(0).random(50)
    found = paired_differences(np.vstack([row, row]), np.arange(50) // 5)
    assert (found.value[0], found.stderr[0]) == (0.0, 0.0)


def test_the_published_sandbagging_counts():
    """llama3-8b honest against told to do badly: 410 and 127 discordant items, p 9.7e-36."""
    assert float(mcnemar_p_value(410, 127)) == pytest.approx(9.7e-36, rel=0.01)


def test_mcnemar_is_the_two_sided_sign_test():
    """5 against 0: 2 / 2**5 = .0625; nothing discordant: 1."""
    np.testing.assert_allclose(mcnemar_p_value([5, 0, 3], [0, 0, 3]), [0.0625, 1.0, 1.0])


@pytest.mark.parametrize("against", [None, 1])
def test_blocks_of_items_change_nothing(monkeypatch, against):
    rng = np.random.default_rng(0)
    scores, clusters = rng.integers(0, 2, (4, 50)).astype(float), rng.integers(0, 9, 50)
    for codes in (None, clusters):
        whole = paired_differences(scores, codes, against)
        with monkeypatch.context() as patch:
            patch.setattr("measurand.stats.intervals.paired._BLOCK", 12)
            parts = paired_differences(scores, codes, against)
        for name, values in vars(whole).items():
            np.testing.assert_allclose(getattr(parts, name), values, rtol=1e-12, err_msg=name)
