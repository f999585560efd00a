"""Reduced error rates of F1."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.forecast.forecast import SIMULATIONS, made


def test_the_models_to_predict_are_of_new_families_and_the_second_beyond_all_others():
    study = made(25, 8, True, np.random.default_rng(0))
    flop = np.log10(np.array(study.scores.model_fact("training_flop", list(study.scores.models["model"])), dtype=float))
    assert study.scores.models["family"].n_unique() == 8
    assert study.log_flop[1] == pytest.approx(flop.max() + 1)


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["F1"].cells, ids=str)
def test_intervals_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(1)
    runs = [SIMULATIONS["F1"].outcome(cell, 0.95, rng) for _ in range(30)]
    for quantity, what, truth in runs[0]:
        rate = np.mean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage":
            assert rate >= 0.8, what
        elif quantity == "false_alarm":
            assert rate <= 0.2, what
