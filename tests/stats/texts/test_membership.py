"""Membership scores against the published figures and the definitions."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.texts.membership import loss_score, lowest_mean, min_k, min_k_plus_plus, token_moments, zlib_score

VALUES = st.lists(st.floats(-20, 0), min_size=1, max_size=40)


def test_the_published_scores_are_reproduced(shared):
    """Scores by the formulas of zjysteven/mink-plus-plus, run.py, on random logits."""
    golden = json.loads((shared / "data/contamination/minkpp/golden.json").read_text())
    logprobs, means, spreads = token_moments(golden["logits"], golden["ids"])
    expected = golden["expected"]
    assert loss_score(logprobs) == pytest.approx(expected["loss_ll"], abs=1e-6)
    for tenths in range(1, 11):
        share = tenths / 10
        assert min_k(logprobs, share) == pytest.approx(expected[f"mink_{share}"], abs=1e-6)
        assert min_k_plus_plus(logprobs, means, spreads, share) == pytest.approx(expected[f"mink++_{share}"], abs=1e-6)


@given(VALUES, st.floats(0.01, 1.0))
def test_the_lowest_mean_is_that_of_sorted_values_and_of_at_least_one(values, share):
    count = max(1, int(len(values) * share + 1e-9))
    assert lowest_mean(values, share) == pytest.approx(np.mean(sorted(values)[:count]))


@pytest.mark.parametrize("tokens", [1, 2, 3, 4])
def test_short_texts_have_scores(tokens):
    """Their fifth holds no whole token, of which a mean is not a number in the published code."""
    rng = np.random.default_rng(tokens)
    logprobs = -rng.exponential(2, tokens)
    assert min_k(logprobs, 0.1) == logprobs.min()
    assert np.isfinite(min_k_plus_plus(logprobs, np.full(tokens, -2.0), np.ones(tokens), 0.1))


def test_moments_are_those_of_the_softmax():
    rng = np.random.default_rng(0)
    logits, ids = rng.normal(0, 3, (6, 11)), rng.integers(0, 11, 6)
    logprobs, means, spreads = token_moments(logits + 700, ids)
    for place in range(5):
        chances = np.exp(logits[place]) / np.exp(logits[place]).sum()
        logs = np.log(chances)
        mean = sum(chances * logs)
        assert logprobs[place] == pytest.approx(logs[ids[place + 1]])
        assert means[place] == pytest.approx(mean)
        assert spreads[place] == pytest.approx(np.sqrt(sum(chances * logs**2) - mean**2))


def test_zlib_divides_by_the_compressed_bytes():
    text = "ein Text über Hühner"
    assert zlib_score([-2.0, -4.0], text) == -3.0 / len(zlib.compress(text.encode()))
    assert np.isfinite(zlib_score([-1.0], "\ud800"))
