"""G2: a gap is read against what other models lose."""

from __future__ import annotations

import csv

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.gaming.fresh_set import figure, fresh_set_gap, judge, memorisation_link
from measurand.results import Status
from measurand.tables import RESPONSE_COLUMNS, Responses, Scores


def harder(n=20, suspects=(), items=1000, **columns):
    """Models that lose a tenth on the fresh set, then suspects as (score, fresh score)."""
    fresh = np.linspace(0.1, 0.8, n)
    values = {
        "b": np.append(fresh + 0.1, [s for s, _ in suspects]),
        "b_fresh": np.append(fresh, [f for _, f in suspects]),
    } | columns
    rows = [
        (f"m{i}", name, float(v), items if name.startswith("b") else None)
        for name, side in values.items()
        for i, v in enumerate(side)
    ]
    return Scores.build(pl.DataFrame(rows, schema=["model", "benchmark", "score", "n_items"], orient="row"))


def run(scores, responses=None, **settings):
    return fresh_set_gap(scores, responses, rng=np.random.default_rng(0), **({"resamples": 1500} | settings))


def test_the_drop_from_mmlu_to_mmlu_cf_is_difficulty(shared):
    """Zhao et al. 2024: 44 models drop 11.4 points on average and keep their order (rank correlation .970)."""
    path = shared / "data" / "contamination" / "mmlu_cf" / "mmlu_vs_mmlucf.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    table = [
        (r["model"], n, float(r[c])) for r in rows for n, c in (("mmlu", "mmlu_5shot"), ("mmlu_cf", "cf_5shot_test"))
    ]
    facts = pl.DataFrame({"benchmark": ["mmlu", "mmlu_cf"], "chance": [25.0, 25.0], "maximum": [100.0, 100.0]})
    long = pl.DataFrame(table, schema=["model", "benchmark", "score"], orient="row")
    headline = judge(run(Scores.build(long, None, facts)))[0]
    found = judge(run(Scores.build(long, None, facts)))[1]
    assert found.estimate("mean_gap").value == pytest.approx(0.114, abs=5e-4)
    assert found.estimate("rank_correlation").value == pytest.approx(0.970, abs=5e-4)
    assert found.estimate("mean_gap").n == 44
    assert headline.status is Status.PASSED
    assert headline.sentence == (
        "On average 44 models score 11.4 points lower on mmlu_cf than on mmlu and keep their order (rank correlation "
        "+0.97 [+0.94, +0.99]): difficulty, not contamination."
    )


def test_the_memorisation_link_of_the_released_files(shared):
    """Zhang et al. 2024: the abstract gives .36, the released files .2876 over 52 models."""
    folder = shared / "data" / "contamination" / "gsm1k"
    likelihood = dict(line.split("\t") for line in (folder / "averages.tsv").read_text().splitlines())
    gap = dict(line.split(",") for line in (folder / "scale_diff.csv").read_text().splitlines() if line)
    models = sorted(set(likelihood) & set(gap))
    (value, low, high), n = memorisation_link(*(np.array([float(f[m]) for m in models]) for f in (likelihood, gap)))
    assert (round(value, 4), n) == (0.2876, 52)
    assert 0 < low < value < high


def test_a_shared_drop_is_difficulty_and_a_drop_of_its_own_is_an_issue():
    assert judge(run(harder()))[0].status is Status.PASSED
    headline, summary, *each = judge(run(harder(suspects=[(0.9, 0.4)])))
    assert headline.status is summary.status is Status.ISSUE
    assert headline.sentence == "m20 on b loses more on fresh questions than difficulty explains."
    last = each[-1]
    assert last.status is Status.ISSUE
    assert last.estimate("gap").value == pytest.approx(0.5)
    assert last.estimate("gap").low > 0.45
    assert last.estimate("own_gap").value == pytest.approx(0.4, abs=0.03)


def test_an_order_that_is_not_kept_is_not_called_difficulty():
    rng = np.random.default_rng(0)
    values = rng.uniform(0.3, 0.7, (2, 12))
    (headline, *_) = judge(run(harder(12, b=values[0] + 0.1, b_fresh=values[1])))
    assert headline.status is Status.CAUTION
    assert "difficulty and contamination cannot be told apart" in headline.sentence


def test_likelihoods_are_a_column_of_scores():
    rng = np.random.default_rng(1)
    gap = rng.uniform(0, 0.2, 20)
    fresh = np.linspace(0.2, 0.7, 20)
    scores = harder(20, b=fresh + gap, b_fresh=fresh, loglik=-1 + gap + 0.02 * rng.standard_normal(20))
    link = next(f for f in judge(run(scores, likelihood="loglik")) if "link" in f.subject)
    assert link.status is Status.ISSUE
    assert link.estimate("memorisation_link").value > 0.8
    unrelated = harder(20, b=fresh + gap, b_fresh=fresh, loglik=rng.random(20))
    link = next(f for f in judge(run(unrelated, likelihood="loglik")) if "link" in f.subject)
    assert link.status is Status.CAUTION
    few = harder(20, b=fresh + gap, b_fresh=fresh, loglik=gap[:5])
    link = next(f for f in judge(run(few, likelihood="loglik")) if "link" in f.subject)
    assert link.status is Status.NOT_APPLICABLE


def test_items_are_drawn_where_there_are_some():
    scores = harder(8)
    rng = np.random.default_rng(2)
    rows = [
        {"model": model, "benchmark": name, "item": f"{name}{i}", "epoch": 1, "reading": "acc", "score": float(right)}
        for model, name, share in scores.table.select("model", "benchmark", "score").iter_rows()
        for i, right in enumerate(rng.permutation(np.arange(100) < round(share * 100)))
    ]
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in RESPONSE_COLUMNS}, schema=RESPONSE_COLUMNS)
    found = run(scores, Responses(frame.lazy())).sets[0]
    counts = run(harder(8, items=100)).sets[0]
    np.testing.assert_allclose(found.gaps, 0.1, atol=0.011)
    np.testing.assert_allclose(found.high - found.low, counts.high - counts.low, rtol=0.25)


def test_bad_input():
    with pytest.raises(NotApplicable, match="5 models ran both b and b_fresh; needs at least 6"):
        run(harder(5))
    with pytest.raises(NotApplicable, match="no benchmark is named as the reference"):
        run(harder(8).only(["b"]))
    with pytest.raises(UnknownName, match="no benchmark named 'loglik'"):
        run(harder(8), likelihood="loglik")
    with pytest.raises(UnknownName, match="no model named 'x'"):
        run(harder(8), suspects=["x"])
    with pytest.raises(InputError, match="resamples should be at least 100"):
        run(harder(8), resamples=1)


def test_pictures_show_every_model_and_the_part_of_its_own():
    bars, points = figure(run(harder(8)))
    assert len(points.columns["model"]) == 8
    assert bars.columns["shown"].count("gap") == bars.columns["shown"].count("its own part") == 8
