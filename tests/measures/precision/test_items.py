"""P11: reliability, the items that work against the rest, and an item response model that tests itself."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.items import MEASURE, figure, items, judge
from measurand.results import Status
from measurand.stats.items.reliability import reliability
from measurand.tables import RESPONSE_COLUMNS, Responses, Scores, item_tables


def answers(models, count, seed=0, reversed_items=0, missing=0.0):
    rng = np.random.default_rng(seed)
    signs = np.where(np.arange(count) < reversed_items, -1.0, 1.0)
    p = expit(1.2 * signs * rng.standard_normal((models, 1)) - rng.standard_normal(count))
    scores = (rng.random((models, count)) < p).astype(float)
    scores[rng.random(scores.shape) < missing] = np.nan
    return scores


def found(responses, level=0.95, **settings):
    result = items(responses, level=level, rng=np.random.default_rng(0))
    findings = judge(result, **settings)
    return result, {finding.subject.get("part", finding.subject.get("benchmark", "")): finding for finding in findings}


def test_reliable_models_and_items_in_order_pass(make_responses):
    result, parts = found(make_responses(answers(120, 40)))
    assert {part: finding.status for part, finding in parts.items()} == {
        "": Status.PASSED,
        "reliability": Status.PASSED,
        "item table": Status.PASSED,
        "item response model": Status.PASSED,
    }
    alpha = parts["reliability"].estimate("reliability")
    assert (alpha.value, alpha.low, alpha.high) == result.benchmarks[0].precision.alpha
    assert (alpha.n, alpha.level) == (120, 0.95)


def test_numbers_in_the_finding_are_those_of_the_scores(make_responses):
    scores = answers(30, 20)
    _, parts = found(make_responses(scores), level=0.9)
    expected = reliability(scores, level=0.9)
    finding = parts["reliability"]
    assert finding.estimate("measurement_error").value == pytest.approx(expected.sem[0])
    real = finding.estimate("smallest_real_difference")
    # 1.645 is the normal quantile at .95.
    assert (real.value, real.low, real.high) == pytest.approx([1.6448536 * 2**0.5 * end for end in expected.sem])


def test_known_families_make_the_interval_of_reliability_and_are_said(make_responses):
    scores, responses = answers(30, 20), make_responses(answers(30, 20))
    names = [f"m{i}" for i in range(30)]
    families = np.array([f"f{i % 6}" for i in range(30)], dtype=object)
    families[28:] = None
    facts = pl.DataFrame({"model": names, "family": list(families)})
    table = pl.DataFrame({"model": names, "benchmark": "b", "score": 0.5})
    result = items(responses, Scores.build(table, facts), rng=np.random.default_rng(0))
    (of_models,) = items(responses, rng=np.random.default_rng(0)).benchmarks
    (of_families,) = result.benchmarks
    models = list(next(item_tables(responses)).models)
    # A model of unknown family is a family of its own.
    codes = np.array([names.index(m) + 100 if names.index(m) >= 28 else names.index(m) % 6 for m in models])
    order = [names.index(m) for m in models]
    assert of_families.precision.alpha == pytest.approx(reliability(scores[order], families=codes).alpha)
    assert of_families.precision.alpha.low != of_models.precision.alpha.low
    finding = next(f for f in judge(result) if f.subject.get("part") == "reliability")
    assert "(30 models of 8 families, 20 items)" in finding.sentence
    assert finding.estimate("reliability").method == "jackknife over families of models on the log scale, t(G_eff - 1)"


def test_items_that_stronger_models_fail_are_named(make_responses):
    result, parts = found(make_responses(answers(120, 40, reversed_items=2)))
    finding = parts["item table"]
    assert finding.status is Status.ISSUE
    assert finding.result["negative"] == ["q00000", "q00001"]
    assert finding.estimate("negative_items").value == 2
    assert "2 of 40 items are failed more often by stronger models" in finding.sentence
    table = result.benchmarks[0].table()
    assert table.filter(pl.col("slope") < 0)["item"].to_list() == ["q00000", "q00001"]
    verdicts = dict(zip(figure(result)[0].columns["item"], figure(result)[0].columns["verdict"], strict=True))
    assert [item for item, verdict in verdicts.items() if verdict != "ordinary"] == ["q00000", "q00001"]


def test_a_dozen_models_are_warned_about_and_their_slopes_shrunken(make_responses):
    result, parts = found(make_responses(answers(12, 60)))
    assert parts["item table"].status is Status.CAUTION
    assert "takes about 41 models to tell" in parts["item table"].sentence
    fitted = parts["item response model"]
    assert fitted.status is Status.CAUTION
    assert "so a single slope says little" in fitted.sentence
    assert fitted.estimate("slope_spread_kept").value < 0.6
    slopes = result.benchmarks[0].response_model.fit.slopes
    assert slopes.std() < 0.35 * slopes.mean()


def test_the_caution_says_how_many_models_would_settle_the_reliability(make_responses):
    _, parts = found(make_responses(answers(12, 60)), reliable=0.85)
    assert parts["reliability"].status is Status.CAUTION
    assert "more models would settle it" in parts["reliability"].sentence


def test_an_unreliable_test_says_how_long_it_should_be(make_responses):
    _, parts = found(make_responses(answers(80, 5)))
    finding = parts["reliability"]
    assert finding.status is Status.ISSUE
    value = finding.estimate("reliability").value
    needed = int(np.ceil(5 * 4 * (1 - value) / value))
    assert f"about {needed} items like these would reach 0.8" in finding.sentence


def test_half_of_the_answers_missing_still_fit(make_responses):
    result, parts = found(make_responses(answers(150, 60, missing=0.5)))
    assert parts["item response model"].status is not Status.NOT_APPLICABLE
    assert parts["item response model"].estimate("slope_scale").value == pytest.approx(1, abs=0.1)
    assert 25 < result.benchmarks[0].items_run < 31


def test_clusters_count_as_one_and_the_naive_number_stands_beside(make_responses):
    rng = np.random.default_rng(0)
    taste = np.repeat(rng.standard_normal((60, 10)), 4, axis=1)
    scores = (rng.random((60, 40)) < expit(rng.standard_normal((60, 1)) + 2 * taste)).astype(float)
    _, parts = found(make_responses(scores, np.repeat(np.arange(10), 4)))
    finding = parts["reliability"]
    assert finding.estimate("reliability").value < finding.estimate("reliability_if_independent").value - 0.05
    assert "passage" in finding.estimate("reliability").method


def test_partial_credit_gets_reliability_and_no_item_response_model(make_responses):
    scores = np.random.default_rng(0).random((20, 1)) + np.random.default_rng(1).random((20, 10))
    result, parts = found(make_responses(scores))
    assert parts["reliability"].estimate("reliability").value is not None
    assert parts["item response model"].status is Status.NOT_APPLICABLE
    assert "never cut in two" in parts["item response model"].sentence
    assert [drawn.name for drawn in figure(result)] == ["P11.items"]


def test_items_all_models_pass_are_counted_and_break_nothing(make_responses):
    scores = answers(60, 20)
    scores[:, :3] = 1
    _, parts = found(make_responses(scores))
    assert parts["item table"].estimate("items_without_information").value == 3
    assert "On 3 items all models score the same." in parts["item table"].sentence


def test_an_item_only_one_model_ran_is_left_out(make_responses):
    scores = answers(20, 10)
    scores[1:, 4] = np.nan
    result, _ = found(make_responses(scores))
    assert "q00004" not in result.benchmarks[0].items
    assert len(result.benchmarks[0].items) == 9


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (answers(20, 1), "1 item that several models ran; needs at least 2"),
        (answers(1, 20), "0 models ran items that another ran; needs at least 5"),
        (answers(4, 20), "4 models ran items that another ran; needs at least 5"),
        (np.ones((20, 10)), "do not vary"),
        (np.where(np.arange(200).reshape(20, 10) % 20 < 2, 1.0, np.nan), "needs"),
    ],
)
def test_what_cannot_be_assessed_is_said_with_what_would_be_needed(make_responses, scores, words):
    good = make_responses(answers(20, 20), benchmark="good")
    bad = make_responses(scores, benchmark="bad")
    both = Responses(pl.concat([good.frame, bad.frame]))
    _, parts = found(both)
    assert parts["bad"].status is Status.NOT_APPLICABLE
    assert words in parts["bad"].sentence
    with pytest.raises(NotApplicable, match="at least 5 models"):
        items(bad, rng=np.random.default_rng(0))


def test_no_rows_at_all_are_not_applicable():
    empty = Responses(pl.DataFrame(schema=RESPONSE_COLUMNS).lazy())
    with pytest.raises(NotApplicable, match="no item has a score"):
        items(empty, rng=np.random.default_rng(0))


def test_a_level_out_of_range_is_refused(make_responses):
    with pytest.raises(InputError, match="level should be in"):
        items(make_responses(answers(10, 10)), level=95, rng=np.random.default_rng(0))


def test_the_same_seed_gives_the_same_audit_whatever_the_order_of_rows(make_responses):
    responses = make_responses(answers(20, 15))
    shuffled = Responses(responses.frame.collect().sample(fraction=1, shuffle=True, seed=1).lazy())
    sentences = [[f.sentence for f in judge(items(r, rng=np.random.default_rng(3)))] for r in (responses, shuffled)]
    assert sentences[0] == sentences[1]


def test_pictures_hold_every_item_and_both_tests(make_responses):
    result, _ = found(make_responses(answers(40, 30)))
    item_map, curves = figure(result)
    assert len(item_map.columns["item"]) == 30
    assert set(curves.columns["test"]) == {"all items", "shortest test"}
    model = result.benchmarks[0].response_model
    at_zero = [
        value
        for ability, value, test in zip(
            curves.columns["ability"], curves.columns["information"], curves.columns["test"], strict=True
        )
        if abs(ability) < 1e-9 and test == "all items"
    ]
    p = expit(model.fit.intercepts)
    assert at_zero == pytest.approx([(model.fit.slopes**2 * p * (1 - p)).sum()])


def test_long_benchmarks_are_thinned_in_the_picture_but_not_in_what_stands_out(make_responses, monkeypatch):
    monkeypatch.setattr("measurand.measures.precision.items.SHOWN_ITEMS", 10)
    result, _ = found(make_responses(answers(120, 40, reversed_items=2)))
    assert len(figure(result)[0].columns["item"]) == 12


def test_chembench_fits_and_says_that_22_models_are_few_for_single_items(shared):
    table = pl.read_csv(shared / "data/items/chembench/binary_matrix.csv")
    models = table.columns[1:]
    long = table.rename({table.columns[0]: "item"}).with_columns(pl.col("item").cast(pl.String))
    rows = long.unpivot(models, index="item", variable_name="model", value_name="score").with_columns(
        pl.lit("chembench").alias("benchmark")
    )
    frame = pl.concat([pl.DataFrame(schema=RESPONSE_COLUMNS), rows], how="diagonal")
    result, parts = found(Responses(frame.lazy()))
    scores = table.select(models).to_numpy().T
    k = scores.shape[1]
    textbook = k / (k - 1) * (1 - scores.var(axis=0, ddof=1).sum() / scores.sum(axis=1).var(ddof=1))
    assert parts["reliability"].estimate("reliability").value == pytest.approx(textbook)
    assert parts["reliability"].status is Status.PASSED
    assert scores.shape == (22, 2854)
    fit = result.benchmarks[0].response_model.fit
    assert fit.converged
    assert np.corrcoef(fit.abilities, [scores[models.index(m)].mean() for m in sorted(models)])[0, 1] > 0.95
    assert parts["item response model"].status is Status.CAUTION


def test_the_measure_is_complete():
    assert MEASURE.code == "P11"
    assert MEASURE.settings == {"level": 0.95, "reliable": 0.8, "scale_tolerance": 0.15, "least_spread": 0.75}


def guessed(models, count, seed=0):
    scores = answers(models, count, seed)
    return np.maximum(scores, np.random.default_rng(seed + 1).random(scores.shape) < 0.25)


def with_options(responses, options):
    return Responses(responses.frame.with_columns(pl.lit([str(i) for i in range(options)]).alias("choices")))


def test_items_with_options_are_fitted_with_guessing(make_responses):
    result, parts = found(with_options(make_responses(guessed(60, 60)), 4))
    assert result.benchmarks[0].response_model.fit.guessing == pytest.approx(np.full(60, 0.25))
    assert "The item response model, in which guessing gives 25%, was tested" in parts["item response model"].sentence


def test_guessing_of_unknown_options_is_refused_and_that_of_a_known_benchmark_is_taken(make_responses):
    scores = guessed(60, 60)
    result, parts = found(make_responses(scores))
    assert result.benchmarks[0].response_model is None
    assert parts["item response model"].status is Status.NOT_APPLICABLE
    assert "do not rule out that some were guessed" in parts["item response model"].sentence
    assert "needs the options of each item, or more models and items" in parts["item response model"].sentence
    # The catalogue knows that MMLU has four options.
    result, _ = found(make_responses(scores, benchmark="mmlu"))
    assert result.benchmarks[0].response_model.fit.guessing == pytest.approx(np.full(60, 0.25))


def test_options_that_the_answers_contradict_are_not_taken_for_guessing(make_responses):
    result, _ = found(with_options(make_responses(answers(60, 60)), 4))
    assert not result.benchmarks[0].response_model.fit.guessing.any()


def test_a_scale_that_does_not_come_back_is_refused(make_responses):
    _, parts = found(with_options(make_responses(guessed(10, 20, seed=3)), 4))
    assert parts["item response model"].status is Status.NOT_APPLICABLE
    assert "have slopes on a scale that is right to within 20%; needs more models or items" in (
        parts["item response model"].sentence
    )


def test_more_items_than_the_models_can_carry_have_no_response_model_but_their_reliability(make_responses):
    scores = answers(10, 3_000)
    varied = int((np.ptp(scores, axis=0) > 0).sum())
    result, parts = found(make_responses(scores))
    assert result.benchmarks[0].response_model is None
    assert parts["item response model"].sentence == (
        f"Not assessed: each of {varied:,} slopes would rest on the answers of 10 models; needs at most 250 items per "
        f"model: {-(-varied // 250)} models, or a part of the items."
    )
    assert parts["reliability"].estimate("reliability").value > 0.9
