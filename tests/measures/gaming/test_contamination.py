"""G1: models that have seen a benchmark lie above the curve of those that have not."""

from __future__ import annotations

import csv
import json

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.gaming.contamination import contamination, figure, judge
from measurand.results import Status
from measurand.tables import RESPONSE_COLUMNS, Responses, Scores

REFERENCE_MODELS = 20
"""The first rows of each published table: the models ConStat's curve was made from."""


def table_of(reference, fresh, names=("b", "b_fresh"), items=1000, unit=1.0):
    rows = [
        (f"m{i}", name, unit * float(v), items)
        for name, side in zip(names, (reference, fresh), strict=True)
        for i, v in enumerate(side)
    ]
    return pl.DataFrame(rows, schema=["model", "benchmark", "score", "n_items"], orient="row")


def on_a_line(n=10, suspects=(), unit=1.0, **more):
    """Models a tenth better on the benchmark than on its reference, then suspects as (score, reference score)."""
    fresh = np.linspace(0.1, 0.8, n)
    scores = np.append(fresh + 0.1, [s for s, _ in suspects])
    return Scores.build(table_of(scores, np.append(fresh, [r for _, r in suspects]), unit=unit), **more)


def run(scores, responses=None, seed=0, **settings):
    return contamination(scores, responses, rng=np.random.default_rng(seed), **({"resamples": 400} | settings))


def published(shared, benchmark, kind):
    path = shared / "data" / "contamination" / "constat" / f"{benchmark}_{kind}.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    name = f"{benchmark}_{kind}"
    table = [(r["model"], benchmark, float(r["score_model"]), float(r["score_model_std"])) for r in rows]
    table += [(r["model"], name, float(r["score_model_ref"]), float(r["score_model_ref_std"])) for r in rows]
    # Chance as in the published code: GSM8K and its rewritten sets cannot be guessed, the others have four options.
    chance = [0.0 if benchmark == "gsm8k" else 0.25, 0.0 if benchmark == "gsm8k" and kind != "reference" else 0.25]
    facts = pl.DataFrame({"benchmark": [benchmark, name], "chance": chance, "maximum": [1.0, 1.0]})
    long = pl.DataFrame(table, schema=["model", "benchmark", "score", "stderr"], orient="row")
    return Scores.build(long, None, facts), rows


@pytest.mark.parametrize(
    ("benchmark", "kind", "detected"),
    [
        ("gsm8k", "synthetic", 17),
        ("gsm8k", "rephrase", 12),
        ("gsm8k", "reference", 18),
        ("arc", "synthetic", 18),
        ("arc", "rephrase", 14),
        ("arc", "reference", 15),
    ],
)
def test_the_published_detections_and_excesses_come_out(shared, benchmark, kind, detected):
    """Dekoninck et al. 2024, tables of the released repository: p < .05 on the 18 contaminated models, and delta."""
    scores, rows = published(shared, benchmark, kind)
    suspects = [row["model"] for row in rows[REFERENCE_MODELS:]]
    result = run(scores, suspects=suspects, resamples=4000, seed=1)
    found = result.pairs[0].excess
    contaminated = np.array(["contamination-models" in model for model in suspects])
    assert contaminated.sum() == 18
    assert (found.p_value[contaminated] < 0.05).sum() == detected
    delta = np.array([float(row["delta"]) for row in rows[REFERENCE_MODELS:]])
    # Items are drawn model by model here, all models' items at once there, and theirs are not in the tables.
    np.testing.assert_allclose(found.value, delta, atol=0.025)
    if kind == "synthetic":
        gain = np.array([float(r["score_model"]) - float(r["no_cont"]) for r in rows[REFERENCE_MODELS:]])
        r, rmse = {"gsm8k": (1.00, 0.044), "arc": (0.99, 0.036)}[benchmark]
        error = (found.value - gain)[contaminated]
        assert np.corrcoef(found.value[contaminated], gain[contaminated])[0, 1] == pytest.approx(r, abs=0.005)
        assert np.sqrt((error**2).mean()) == pytest.approx(rmse, abs=0.005)
        assert judge(result)[0].status is Status.ISSUE


def test_suspects_above_on_and_below_the_curve_are_told_apart():
    scores = on_a_line(20, [(0.9, 0.4), (0.525, 0.4), (0.2, 0.4), (0.99, 0.9)])
    headline, summary, *each = judge(run(scores, suspects=["m20", "m21", "m22", "m23"]))
    assert [f.status for f in each] == [Status.ISSUE, Status.CAUTION, Status.PASSED, Status.CAUTION]
    assert headline.status is summary.status is Status.ISSUE
    assert "m20 on b against b_fresh" in headline.sentence
    assert each[0].estimate("excess").value == pytest.approx(0.4, abs=0.02)
    assert each[0].estimate("excess").low > 0.3
    assert each[0].estimate("expected_score").value == pytest.approx(0.5, abs=0.02)
    assert "an excess above 5 points is excluded" in each[2].sentence
    assert "no other model does as well on b_fresh" in each[3].sentence
    assert summary.sentence == (
        "Of 4 models held against 20 reference models, 1 scores higher on b than b_fresh predicts and 1 clearly does "
        "not; for 2 it is too close to tell."
    )


def test_in_turn_every_model_is_held_against_the_others():
    result = run(on_a_line(18, [(0.9, 0.4)]), resamples=2000)
    held = result.pairs[0]
    assert held.in_turn
    assert held.suspects == held.references
    statuses = {f.subject["model"]: f.status for f in judge(result) if "model" in f.subject}
    assert statuses["m18"] is Status.ISSUE
    assert sum(status is Status.ISSUE for status in statuses.values()) == 1


def test_reference_models_that_scatter_as_far_make_no_issue():
    rng = np.random.default_rng(2)
    fresh = np.linspace(0.2, 0.8, 20)
    scores = fresh + rng.normal(0, 0.12, 20).clip(-0.2, 0.15)
    table = table_of(np.append(scores, 0.62), np.append(fresh, 0.5), items=20_000)
    (*_, finding) = judge(run(Scores.build(table), suspects=["m20"]))
    assert finding.status is Status.CAUTION
    assert "other models lie as far off the curve" in finding.sentence


def test_percentages_are_shares():
    whole = run(on_a_line(10, [(0.9, 0.4)]), suspects=["m10"]).pairs[0].excess
    percent = run(on_a_line(10, [(0.9, 0.4)], unit=100), suspects=["m10"]).pairs[0].excess
    assert percent.value == pytest.approx(whole.value)


def test_models_older_than_the_benchmark_are_the_reference_models():
    dates = [f"20{20 + (i >= 8)}-05-01" for i in range(12)]
    models = pl.DataFrame({"model": [f"m{i}" for i in range(12)], "release_date": dates})
    held = run(on_a_line(12, models=models), released="2021-01-01").pairs[0]
    assert held.references == tuple(f"m{i}" for i in range(8))
    assert held.suspects == tuple(f"m{i}" for i in range(8, 12))
    named = run(on_a_line(12, models=models), released="2021-01-01", suspects=["m11"]).pairs[0]
    assert (named.suspects, len(named.references)) == (("m11",), 8)
    with pytest.raises(InputError, match="a date should be YYYY"):
        run(on_a_line(12, models=models), released="May 2021")


def responses_of(scores, ids, clusters=None):
    """Item-level results of every model and benchmark, with the shares of `scores`."""
    rng = np.random.default_rng(5)
    rows = []
    for model, benchmark, share in scores.table.select("model", "benchmark", "score").iter_rows():
        own = ids(model, benchmark)
        right = rng.permutation(np.arange(len(own)) < round(share * len(own)))
        for place, item in enumerate(own):
            metadata = None if clusters is None else json.dumps({"passage": str(place // clusters)})
            rows.append(
                {
                    "model": model,
                    "benchmark": benchmark,
                    "item": item,
                    "epoch": 1,
                    "reading": "acc",
                    "score": float(right[place]),
                    "metadata": metadata,
                }
            )
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in RESPONSE_COLUMNS}, schema=RESPONSE_COLUMNS)
    return Responses(frame.lazy(), None if clusters is None else "passage")


def numbered(model, benchmark):
    return [f"q{i:04d}" for i in range(200)]


@pytest.mark.parametrize("settings", [{}, {"paired": True}])
@pytest.mark.parametrize("clusters", [None, 10])
def test_items_are_drawn_where_there_are_some(settings, clusters):
    scores = on_a_line(10, [(0.9, 0.4), (0.5, 0.4)])
    result = run(scores, responses_of(scores, numbered, clusters), suspects=["m10", "m11"], **settings)
    found = result.pairs[0]
    assert found.pair.tables is not None
    counts = run(scores, suspects=["m10", "m11"]).pairs[0].excess
    assert found.excess.value == pytest.approx(counts.value, abs=0.03)
    (finding, _) = [f for f in judge(result) if "model" in f.subject]
    assert finding.status is Status.ISSUE
    assert "items drawn" in finding.estimate("excess").method


def test_item_ids_that_do_not_match_are_refused():
    scores = on_a_line(10, [(0.9, 0.4)])
    other = responses_of(scores, lambda model, b: [f"{'x' if model == 'm3' else 'q'}{i}" for i in range(50)])
    with pytest.raises(InputError, match=r"item ids of 'b' should be the same for all models; those of 'm3' are 'x0'"):
        run(scores, other)
    sets = responses_of(scores, lambda model, b: [f"{b}{i}" for i in range(50)])
    with pytest.raises(InputError, match=r"should have the same ids to be drawn in pairs; 0 do, 100 do not"):
        run(scores, sets, paired=True)
    assert run(scores, sets).pairs[0].pair.tables is not None
    with pytest.raises(InputError, match="there are no item-level results"):
        run(scores, paired=True)


def test_too_few_reference_models_are_not_enough():
    with pytest.raises(NotApplicable, match="4 reference models ran both b and b_fresh; needs at least 5"):
        run(on_a_line(6), suspects=["m4", "m5"])
    with pytest.raises(NotApplicable, match="5 models ran both"):
        run(on_a_line(5))
    result = run(on_a_line(6), suspects=["m5"])
    assert len(result.pairs[0].references) == 5


def test_bad_input():
    scores = on_a_line(10)
    with pytest.raises(UnknownName, match="no benchmark named 'b_new'"):
        run(scores, against=[("b", "b_new")])
    with pytest.raises(InputError, match="another as its reference, got b, b"):
        run(scores, against=[("b", "b")])
    with pytest.raises(UnknownName, match="no model named 'm99'"):
        run(scores, suspects=["m99"])
    with pytest.raises(InputError, match="resamples should be at least 100, got 5"):
        run(scores, resamples=5)
    with pytest.raises(InputError, match="level"):
        run(scores, level=95)
    with pytest.raises(NotApplicable, match="no benchmark is named as the reference of another"):
        run(scores.only(["b"]))
    turned = scores.with_lower_is_better(["b"])
    with pytest.raises(NotApplicable, match="lower is better"):
        run(turned)
    odd = Scores.build(table_of(np.linspace(-3, 2, 8), np.linspace(0.1, 0.8, 8)))
    with pytest.raises(NotApplicable, match="scores on b range from -3 to 2"):
        run(odd)


def test_unknown_item_counts_and_chance_are_said():
    scores = on_a_line(10, [(0.9, 0.4)])
    bare = Scores.build(scores.table.with_columns(n_items=None, stderr=None))
    headline = judge(run(bare, suspects=["m10"]))[0]
    assert any("their noise is left out" in caveat for caveat in headline.caveats)
    assert any("The score of a guesser on b and b_fresh is not known" in caveat for caveat in headline.caveats)


def test_one_pair_that_cannot_be_assessed_is_a_visible_row():
    scores = on_a_line(10, [(0.9, 0.4)])
    few = pl.DataFrame({"model": ["m0", "m1"], "benchmark": ["b_cf"] * 2, "score": [0.5, 0.6], "n_items": [9, 9]})
    both = Scores.build(pl.concat([scores.table.drop("stderr"), few], how="diagonal"))
    *_, last = judge(run(both, suspects=["m10"]))
    assert (last.status, last.subject["against"]) == (Status.NOT_APPLICABLE, "b_cf")


def test_the_same_seed_gives_the_same_result_and_pictures_hold_every_model():
    scores = on_a_line(10, [(0.9, 0.4)])
    first, second = (run(scores, suspects=["m10"]) for _ in range(2))
    assert judge(first) == judge(second)
    curve, distance, bars = figure(first, findings=judge(first))
    assert curve.columns["shown"].count("expected") == 41
    assert dict(zip(distance.columns["model"], distance.columns["shown"], strict=True))["m10"] == "above the curve"
    assert len(distance.columns["model"]) == 11
    assert bars.columns["verdict"] == ("issue",)


def test_one_of_many_suspects_must_stand_out_among_all_of_them():
    """A p-value of about .015 is enough for one comparison and not for thirty; no row says issue then."""
    rng = np.random.default_rng(3)
    fresh = rng.uniform(0.2, 0.8, 40)
    scores = fresh + 0.1 + rng.normal(0, 0.02, 40)
    scores[10] = fresh[10] + 0.16
    names = [f"m{i}" for i in range(10, 40)]
    table = Scores.build(table_of(scores, fresh))
    many = judge(run(table, suspects=names, resamples=1000))
    rows = [finding for finding in many if "model" in finding.subject]
    alone = [finding for finding in rows if finding.result["alone"]]
    assert "m10" in {finding.subject["model"] for finding in alone}
    assert all(finding.status is not Status.ISSUE for finding in rows)
    assert all("among 30 comparisons that could be chance" in finding.sentence for finding in alone)
    assert many[0].status is not Status.ISSUE
    few = Scores.build(table_of(scores[:11], fresh[:11]))
    single = judge(run(few, suspects=["m10"], resamples=1000))
    assert [finding.status for finding in single if "model" in finding.subject] == [Status.ISSUE]
