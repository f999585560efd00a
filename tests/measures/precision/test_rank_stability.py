"""P9: whether the order of models would hold on other items and prompts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.rank_stability import figure, judge, rank_stability
from measurand.results import Status
from measurand.tables import RESPONSE_COLUMNS, Responses


def responses_of(*tables, cluster=None):
    """Tables of (model, item) -> score as (benchmark, variant, models, scores); NaN where not run."""
    rows = [
        (benchmark, variant, model, f"i{i}", value, f'{{"subject": "s{i % 6}"}}')
        for benchmark, variant, models, scores in tables
        for model, row in zip(models, scores, strict=True)
        for i, value in enumerate(row)
        if np.isfinite(value)
    ]
    schema = ["benchmark", "variant", "model", "item", "score", "metadata"]
    types = {name: RESPONSE_COLUMNS[name] for name in schema}
    frame = pl.DataFrame(rows, schema=types, orient="row")
    return Responses(pl.concat([pl.DataFrame(schema=RESPONSE_COLUMNS), frame], how="diagonal").lazy(), cluster)


def answers(chances, items, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((len(chances), items)) < np.asarray(chances)[:, None]).astype(float)


def audit(responses, **settings):
    result = rank_stability(responses, rng=np.random.default_rng(0), **settings)
    return result, judge(result)


NAMES = ["w", "x", "y", "z"]


@pytest.mark.parametrize(
    ("chances", "items", "status", "words"),
    [
        ((0.1, 0.4, 0.7, 0.95), 300, Status.PASSED, "Each of the 4 models is told apart from the next on 300 items."),
        (
            (0.5, 0.5, 0.5, 0.5),
            60,
            Status.ISSUE,
            "No two of the 4 models can be told apart on 60 items: their order could",
        ),
        (
            (0.1, 0.12, 0.9, 0.9),
            200,
            Status.CAUTION,
            "Of the 4 models, 2 of 3 pairs of neighbours cannot be told apart on",
        ),
        (
            (0.1, 0.4, 0.9, 0.9),
            300,
            Status.CAUTION,
            "Of the 4 models, 1 of 3 pairs of neighbours cannot be told apart on",
        ),
    ],
)
def test_verdicts_look_at_all_pairs_at_once(chances, items, status, words):
    _, findings = audit(responses_of(("b", None, NAMES, answers(chances, items))))
    finding = findings[1]
    assert (finding.status, words in finding.sentence) == (status, True), finding.sentence
    assert findings[0].status is status
    assert findings[0].subject == {}


def test_models_stand_in_order_with_ranks_and_the_share_of_resamples_ahead():
    scores = answers((0.1, 0.45, 0.5, 0.95), 100)
    result, findings = audit(responses_of(("b", None, NAMES, scores)), resamples=2000)
    item = result.benchmarks[0]
    order = np.argsort(-scores.mean(axis=1))
    assert item.models == tuple(NAMES[i] for i in order)
    assert item.scores == pytest.approx(scores.mean(axis=1)[order].tolist())
    assert item.ranks[0] == (1, 1)
    assert item.ranks[1] == item.ranks[2] == (2, 3)
    # The slow way: items drawn one by one.
    rng, hits = np.random.default_rng(1), []
    for _ in range(2000):
        means = scores[order][:, rng.integers(100, size=100)].mean(axis=1)
        hits.append((means[1] > means[2]) + (means[1] == means[2]) / 2)
    assert item.ahead[1, 2] == pytest.approx(np.mean(hits), abs=0.04)
    assert item.ahead[0, 1] == findings[1].estimate("first_ahead_of_second").value == 1
    np.testing.assert_allclose(item.ahead + item.ahead.T, 1)


def test_what_it_would_take_is_said_and_takes_that_many():
    scores = answers((0.5, 0.62), 100, seed=2)
    result, findings = audit(responses_of(("b", None, ["x", "y"], scores)))
    factor = result.benchmarks[0].more[0]
    assert 1 < factor < 30
    assert f"about {factor:.1f} times as many items" in findings[1].sentence
    times = int(np.ceil(factor * 1.2))
    assert audit(responses_of(("b", None, ["x", "y"], np.tile(scores, times))))[0].benchmarks[0].apart == (True,)


def test_clusters_are_what_is_resampled_once_chosen():
    scores = np.tile([[0.0, 0, 0, 1, 0, 0], [1.0, 1, 1, 0, 1, 0]], 30)  # 30 copies of what six clusters say
    naive = audit(responses_of(("b", None, ["x", "y"], scores)))[0].benchmarks[0]
    clustered, findings = audit(responses_of(("b", None, ["x", "y"], scores), cluster="subject"))
    item = clustered.benchmarks[0]
    assert (naive.apart, item.apart) == ((True,), (False,))
    assert (item.clusters, item.cluster_key, naive.clusters) == (6, "subject", None)
    assert "6 clusters by subject" in findings[1].estimates[0].method


def test_too_few_clusters_are_no_answer():
    scores = answers((0.3, 0.8), 60)
    frame = responses_of(("b", None, ["x", "y"], scores)).frame.with_columns(metadata=pl.lit('{"subject": "one"}'))
    with pytest.raises(NotApplicable, match="1 cluster by 'subject'"):
        audit(Responses(frame, "subject"))


def test_prompts_are_resampled_from_three_on_and_move_the_ranks():
    base = answers((0.4, 0.5, 0.6), 100)
    flipped = base[[2, 1, 0]]
    tables = [("b", name, NAMES[:3], base if name != "c" else flipped) for name in "abc"]
    result, findings = audit(responses_of(*tables))
    item = result.benchmarks[0]
    assert (item.variants, item.prompts_drawn) == (("a", "b", "c"), True)
    assert item.apart == (False, False)
    assert "Over the variants 2 models come first, and a model moves by up to 2 ranks." in findings[1].sentence
    assert {f.name for f in figure(result)} == {"P9.ranks", "P9.ahead", "P9.variants"}
    two, findings = audit(responses_of(*tables[:2]))
    assert not two.benchmarks[0].prompts_drawn
    assert "All 2 variants put the models in the same order." in findings[1].sentence
    assert "2 prompt variants are too few to speak of others (at least 3)." in findings[1].caveats


def test_a_variant_that_few_ran_does_not_spoil_the_others():
    base = answers((0.2, 0.9), 50)
    result, _ = audit(responses_of(("b", "main", ["x", "y"], base), ("b", "rare", ["x"], base[:1, :3])))
    assert result.benchmarks[0].variants == ("main",)


def test_models_that_ran_too_little_are_left_out_and_named():
    scores = answers((0.2, 0.9, 0.5), 50)
    scores[2, 20:] = np.nan
    scores[0, 45:] = np.nan
    result, findings = audit(responses_of(("b", None, ["x", "y", "short"], scores)))
    item = result.benchmarks[0]
    assert (item.models, item.items, item.left_out) == (("y", "x"), 45, ("short",))
    assert "1 model that ran fewer than half of the items left out: short." in findings[1].caveats


def test_benchmarks_that_cannot_be_ranked_are_rows_that_say_why():
    good = ("good", None, ["x", "y"], answers((0.2, 0.9), 50))
    alone, short = ("alone", None, ["x"], answers((0.5,), 50)), ("short", None, ["x", "y"], answers((0.5, 0.5), 9))
    _, findings = audit(responses_of(good, alone, short))
    said = {f.subject.get("benchmark"): (f.status, f.sentence) for f in findings[1:]}
    assert said["alone"] == (Status.NOT_APPLICABLE, "Not assessed: 1 model ran it; needs at least 2 models.")
    assert said["short"] == (
        Status.NOT_APPLICABLE,
        "Not assessed: 9 items were run by all 2 models; needs at least 10 items.",
    )
    assert findings[0].sentence == "On good, every model is told apart from the next in rank."
    with pytest.raises(NotApplicable, match=r"^1 model ran it; needs two models or more that ran the same 10 items"):
        audit(responses_of(alone))
    with pytest.raises(NotApplicable, match="no item has a score"):
        audit(responses_of())


def test_equal_models_have_an_order_that_no_number_of_items_is_promised_for():
    scores = answers((0.5,), 40).repeat(2, axis=0)
    _, findings = audit(responses_of(("b", None, ["x", "y"], scores)))
    # Equal scores claim no order that could be chance: nobody is first by the alphabet, and nothing is amiss.
    assert findings[1].status is Status.CAUTION
    assert findings[1].sentence == "The 2 models share the first place: all have the same score on 40 items."


def test_two_of_three_with_the_same_score_share_the_first_place():
    best = answers((0.8,), 40)
    scores = np.concatenate([best, best, answers((0.2,), 40, seed=1)])
    _, findings = audit(responses_of(("b", None, ["z", "a", "m"], scores)))
    assert findings[1].sentence.endswith("a and z share the first place.")


def test_several_benchmarks_are_set_side_by_side():
    tables = [(name, None, NAMES, answers((0.1, 0.4, 0.7, 0.95), 200, seed=i)) for i, name in enumerate(("b1", "b2"))]
    result, findings = audit(responses_of(*tables))
    assert findings[0].sentence == "On 2 benchmarks, every model is told apart from the next in rank."
    figures = {item.name: item for item in figure(result)}
    bump = figures["P9.benchmarks"]
    assert bump.columns["rank"] == (1, 2, 3, 4) * 2
    assert bump.y.domain == (4, 1)
    assert len(figures["P9.ahead"].columns["ahead"]) == 2 * 4 * 3


@pytest.mark.parametrize(("settings", "words"), [({"level": 0}, "level should be in"), ({"resamples": 5}, "got 5")])
def test_settings_out_of_range_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        audit(responses_of(("b", None, ["x", "y"], answers((0.2, 0.9), 20))), **settings)


def test_a_published_benchmark(shared):
    table = pl.read_csv(shared / "data/items/chembench/binary_matrix.csv")
    models = table.columns[1:]
    scores = table.select(models).to_numpy().T.astype(float)
    result, findings = audit(responses_of(("ChemBench", None, models, scores)), resamples=500)
    item = result.benchmarks[0]
    assert (len(item.models), item.items) == (22, 2854)
    # Published overall scores, items/chembench/model_score_allcorrect.csv.
    published = pl.read_csv(shared / "data/items/chembench/model_score_allcorrect.csv")
    expected = dict(published.iter_rows())
    for model, score in zip(item.models, item.scores, strict=True):
        assert score == pytest.approx(expected.get(model, score), abs=1e-9)
    assert set(item.models) & set(expected)
    assert item.models[0] == "o1"
    assert "Of the 22 models, 16 of 21 pairs of neighbours cannot be told apart on 2,854 items" in findings[1].sentence


def test_of_many_models_ranks_rest_on_steps_over_all_pairs_and_that_is_said(make_responses, monkeypatch):
    rng = np.random.default_rng(11)
    responses = make_responses(rng.random((6, 80)) < np.linspace(0.2, 0.8, 6)[:, None])
    few = rank_stability(responses, rng=np.random.default_rng(0))
    monkeypatch.setattr("measurand.measures.precision.rank_stability.MOST_RESAMPLED", 5)
    monkeypatch.setattr("measurand.measures.precision.rank_stability._MOST_DRAWN", 4)
    many = rank_stability(responses, rng=np.random.default_rng(0))
    (item,), (other,) = many.benchmarks, few.benchmarks
    assert (item.models, item.scores) == (other.models, other.scores)
    assert not (item.above & ~other.above).any()
    assert item.above.any()
    np.testing.assert_array_equal(item.ahead, other.ahead[:4, :4])
    assert judge(many)[1].estimate("rank_of_first").method == "Holm over all pairs of models"
    assert len(next(drawn for drawn in figure(many) if drawn.name == "P9.ahead").columns["ahead"]) == 12
