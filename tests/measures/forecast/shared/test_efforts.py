"""Shares of efforts with their limits, against published ones and the definitions they choose between."""

from __future__ import annotations

import csv

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta

from measurand.errors import InputError
from measurand.measures.forecast.shared.efforts import check_prices, efforts_of, share_of
from measurand.stats.intervals.clustered import cluster_sums, share_limits
from measurand.tables import Attempts


def test_wilson_limits_of_published_best_of_n_counts(shared):
    """Attack success of best-of-N jailbreaking (Hughes et al. 2024), to the four decimals of the table."""
    with open(shared / "data/elicitation/bon_asr/asr.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 19
    for row in rows:
        if int(row["jailbroken"]) >= 5:
            found = share_of(np.arange(int(row["n"])) < int(row["jailbroken"]), None, 0.95)
            assert found.low == pytest.approx(float(row["wilson_lo"]), abs=6e-5)
            assert found.high == pytest.approx(float(row["wilson_hi"]), abs=6e-5)
    sonnet = next(row for row in rows if (row["modality"], row["model"]) == ("text", "Claude 3.5 Sonnet"))
    assert (sonnet["jailbroken"], sonnet["n"]) == ("124", "159")


def test_clusters_count_where_efforts_agree_and_where_they_do_not():
    codes = np.repeat(np.arange(8), 5)
    none = share_of(np.zeros(40, dtype=bool), codes, 0.95)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(beta.ppf(0.975, 1, 8))
    success = np.arange(40) % 7 < 3
    found = share_of(success, codes, 0.95)
    means = cluster_sums(success[None].astype(float), codes).means()
    low, high = share_limits(means.value, means.stderr, means.clusters - 1, 0.95)
    assert (found.low, found.high) == (low[0], high[0])


def test_seeds_of_a_behaviour_are_one_cluster_and_named_clusters_win():
    rows = {"target": "m", "behaviour": ["a", "a", "b"], "seed": [1, 2, 1], "success": [1, 0, 0]}
    (alone,), _ = efforts_of(Attempts.build(pl.DataFrame(rows)), {}, {}, 0.5)
    assert (alone.by, alone.groups, alone.codes().tolist()) == ("behaviour", 2, [0, 0, 1])
    (named,), _ = efforts_of(Attempts.build(pl.DataFrame({**rows, "cluster": ["x", "x", "x"]})), {}, {}, 0.5)
    assert (named.by, named.groups) == ("cluster", 1)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_sizes_and_prices_that_cannot_be(value):
    with pytest.raises(InputError, match="prices of 'm' should be above 0"):
        check_prices(prices={"m": value}, parameters=None)
