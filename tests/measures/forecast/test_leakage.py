"""F6: what choosing by score adds to the score, and when it adds nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.forecast.leakage import MEASURE, answer, figure, judge, selection_leakage, selection_leakage_of
from measurand.results import Status
from measurand.simulate.forecast.leakage import answers_to, grid_of
from measurand.stats.items.prompts import drawn_errors, prompt_means
from measurand.stats.items.selection import loss_by_halving, shrunk
from measurand.tables import RESPONSE_COLUMNS, Responses
from measurand.wording import shown


def found_in(scores, *, clusters=0, chosen=None, seed=0, **settings):
    rng = np.random.default_rng(seed)
    of_item = np.arange(scores.shape[1]) % clusters if clusters else None
    return selection_leakage_of([grid_of(scores, of_item)], chosen, settings.get("splits", 20), 0.95, rng)


def alike(variants=20, items=200, clusters=0, seed=0):
    of_item = np.arange(items) % clusters if clusters else np.arange(items)
    return answers_to(np.zeros(variants), of_item, np.random.default_rng(seed))


def responses_of(scores, model="m"):
    rows = [
        (model, "quiz", f"prompt {k}", f"q{i}", float(score))
        for k, row in enumerate(scores)
        for i, score in enumerate(row)
        if np.isfinite(score)
    ]
    frame = pl.DataFrame(rows, schema=["model", "benchmark", "variant", "item", "score"], orient="row")
    return Responses(pl.concat([pl.DataFrame(schema=RESPONSE_COLUMNS), frame], how="diagonal").lazy())


def test_the_optimism_is_the_best_score_minus_the_nested_one():
    scores = alike()
    found = found_in(scores).found[0]
    assert found.score.value == scores.mean(axis=1).max()
    assert found.chosen == f"v{scores.mean(axis=1).argmax()}"
    assert found.optimism.value == pytest.approx(found.score.value - found.held_out.value)
    # Chosen on one half and scored on the other, over many random halves, one at a time.
    rng = np.random.default_rng(9)
    nested = []
    for _ in range(400):
        half = rng.permutation(200) < 100
        nested += [scores[scores[:, part].mean(axis=1).argmax(), ~part].mean() for part in (half, ~half)]
    # Choosing on all items gains what the variants that seem to differ lose by it.
    means = prompt_means(scores.T)
    errors = drawn_errors(scores.T, None, 4000, rng)
    gained = loss_by_halving(shrunk(means.means, means.noise), errors)
    assert 0 < gained < 0.02
    assert found.held_out.value == pytest.approx(np.mean(nested) + gained, abs=0.008)


def test_no_estimate_depends_on_the_level_or_on_how_many_models_there_are():
    clusters = np.arange(200) % 25
    grids = [grid_of(alike(6, seed=seed), clusters) for seed in range(4)]

    def values(level, models):
        result = selection_leakage_of(grids[:models], None, 20, level, np.random.default_rng(1))
        return {each.name: each.value for each in judge(result)[1].estimates}

    assert values(0.95, 1) == values(0.5, 1) == values(0.95, 4)


def test_among_equal_variants_the_lift_is_found_and_among_clearly_different_ones_none():
    luck = judge(found_in(alike(50, 400)))[1]
    assert luck.status is Status.ISSUE
    assert "choosing by score lifts the score by more than 1 point" in luck.sentence
    assert luck.short == "lifted by choosing"
    best = np.vstack([alike(4, 3000), answers_to(np.array([2.0]), np.arange(3000), np.random.default_rng(1))])
    clear = judge(found_in(best))[1]
    assert clear.status is Status.PASSED
    assert clear.estimate("selection_optimism").value == pytest.approx(0, abs=1e-9)
    few = judge(found_in(alike(3, 60)))[1]
    assert few.status is Status.CAUTION
    assert "Report the held-out score" in few.sentence
    result = found_in(alike(3, 60))
    told = answer(result, tuple(judge(result)))
    assert told.sentence.startswith("Choosing the variant by score is not shown to lift the score of ")
    assert told.tables[0].rows[0][-1] == few.short == "too few items to tell"


def test_a_variant_settled_beforehand_may_be_named():
    scores = alike(10, 300)
    worst = int(scores.mean(axis=1).argmin())
    finding = judge(found_in(scores, chosen=f"v{worst}"))[1]
    assert finding.result["is_best"] is False
    assert finding.estimate("selection_optimism").value < 0
    assert f"a difference of {shown(finding.estimate('selection_optimism'))}" in finding.sentence
    top = int(scores.mean(axis=1).argmax())
    assert found_in(scores, chosen=f"v{top}") == found_in(scores)
    with pytest.raises(UnknownName, match="no variant named 'v99'"):
        found_in(scores, chosen="v99")


def test_clusters_stay_together_and_widen_the_interval():
    scores = alike(10, 400, 40)
    wide, narrow = found_in(scores, clusters=40).found[0], found_in(scores).found[0]
    assert (wide.clusters, narrow.clusters) == (40, None)
    assert wide.held_out.high - wide.held_out.low > narrow.held_out.high - narrow.held_out.low


def test_item_level_results_are_read_as_variants():
    scores = alike(4, 50)
    result = selection_leakage(responses_of(scores), rng=np.random.default_rng(0))
    found = result.found[0]
    assert (found.model, found.benchmark, found.variants, found.items) == ("m", "quiz", 4, 50)
    assert found.score.value == scores.mean(axis=1).max()


def test_variants_run_on_few_items_are_left_out():
    scores = alike(5, 60)
    scores[3, 10:] = np.nan
    scores[1, :5] = np.nan
    found = found_in(scores).found[0]
    assert (found.variants, found.items) == (4, 55)
    with pytest.raises(NotApplicable, match="variant 'v3' not run on most items of b"):
        found_in(scores, chosen="v3")


def test_too_little_is_said_with_what_is_needed():
    with pytest.raises(NotApplicable, match="1 variant on b; needs at least 20 items"):
        found_in(alike(1, 60))
    with pytest.raises(NotApplicable, match="12 items of b run under every variant"):
        found_in(alike(3, 12))
    with pytest.raises(NotApplicable, match="items of b in 4 clusters"):
        found_in(alike(3, 60), clusters=4)
    with pytest.raises(InputError, match="splits"):
        selection_leakage(responses_of(alike(3, 40)), splits=0, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="negligible_optimism"):
        judge(found_in(alike(3, 60)), negligible_optimism=1)


def test_the_picture_has_both_scores_and_the_same_seed_gives_the_same_result():
    first, second = (found_in(alike(5, 100), seed=4) for _ in range(2))
    assert first == second
    (drawn,) = figure(first)
    assert drawn.columns["variant scored"] == ("on the items it was chosen on", "chosen on other items")
    assert MEASURE.code == "F6"
