"""G3: the published figures of GSM1k's sample, and the verdict on sets that are alike or not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.gaming.holdout import MEASURE, Holdout, figure, holdout, judge
from measurand.measures.gaming.shared.holdout_tests import HoldoutTest
from measurand.readers.evidence.texts import read_texts
from measurand.results import Status
from measurand.simulate.gaming.holdout import sets
from measurand.stats.intervals.limits import Limits
from measurand.tables import item_tables
from measurand.tables.texts import Texts

OLDER = ("m0", "m1", "m2", "m3")


def test_gsm1ks_public_sample_is_told_from_gsm8k(shared):
    """The published figures: .682 by length alone, .639 by TF-IDF against .506 under permutation.

    The authors found the whole of GSM1k, which is not public, alike; the 50 published items are longer.
    """
    folder = shared / "data/contamination/gsm1k"
    frames = [read_texts(folder / name).frame for name in ("gsm8k_test.jsonl", "gsm1k_public_50.csv")]
    result = holdout(Texts.build(pl.concat(frames), cluster="none"), permutations=200, rng=np.random.default_rng(0))
    tests = {test.name: test for test in result.tests}
    assert (result.public, result.new) == ("gsm8k_test", "gsm1k_public_50")
    assert tests["lengths"].found.value == pytest.approx(0.682, abs=0.0005)
    assert tests["classifier"].found.value == pytest.approx(0.639, abs=0.012)
    assert tests["classifier"].null == pytest.approx(0.506, abs=0.012)
    headline = judge(result)[0]
    assert headline.status is Status.ISSUE
    assert "lengths (p below 0.001)" in headline.sentence
    assert result.missing == ("older models", "people")


def test_sets_that_are_alike_pass_when_every_test_would_have_noticed():
    texts, responses = sets(500, 400, 0.0, np.random.default_rng(1))
    result = holdout(
        texts, responses, older=OLDER, odd_one_out=(101, 300, 3), permutations=200, rng=np.random.default_rng(2)
    )
    assert [test.name for test in result.tests] == ["embeddings", "classifier", "lengths", "older models", "people"]
    assert judge(result)[0].status is Status.PASSED


def test_missing_and_weak_tests_leave_it_open():
    texts, _ = sets(60, 40, 0.0, np.random.default_rng(3))
    headline = judge(holdout(texts, permutations=200, rng=np.random.default_rng(4)))[0]
    assert headline.status is Status.CAUTION
    assert "older models not tested; people not tested" in headline.sentence


def test_older_models_are_compared_by_welchs_test_over_items():
    texts, responses = sets(200, 150, 0.5, np.random.default_rng(5))
    found = holdout(texts, responses, older=OLDER, permutations=100, rng=np.random.default_rng(6)).tests[-1]
    tables = {table.benchmark: table for table in item_tables(responses)}
    first, second = (tables[name].scores.mean(axis=0) for name in ("public", "new"))
    welch = stats.ttest_ind(first, second, equal_var=False)
    limits = welch.confidence_interval(0.95)
    assert (found.found.value, found.p_value) == pytest.approx((first.mean() - second.mean(), welch.pvalue))
    assert found.found[1:] == pytest.approx((limits.low, limits.high))


def test_items_on_shared_passages_are_compared_by_passage():
    """Sets alike, five items per passage: told apart item by item, alike passage by passage."""
    texts, responses = sets(300, 200, 0.0, np.random.default_rng(11), together=5)
    settings = {"older": OLDER, "permutations": 199, "rng": np.random.default_rng(12)}
    known = holdout(texts, responses, **settings)
    assert {(test.public, test.new, test.unit_of) for test in known.tests[:3]} == {(60, 40, "group of texts")}
    assert (known.tests[3].public, known.tests[3].new, known.tests[3].unit_of) == (60, 40, "group of items")
    assert judge(known)[0].status is Status.CAUTION
    assert min(test.adjusted for test in known.tests) > 0.05
    assert all("60 groups of texts against 40)" in finding.sentence for finding in judge(known)[1:4])
    loose = judge(holdout(Texts.build(texts.frame.drop("cluster")), responses, **settings))
    assert {finding.status for finding in loose} == {Status.CAUTION}
    assert "differs from public by embeddings (p" in loose[0].sentence
    assert any("until the groups are named" in caveat for caveat in loose[0].caveats)
    alone = Texts.build(texts.frame.drop("cluster"), cluster="none")
    assert judge(holdout(alone, responses, **settings))[0].status is Status.ISSUE


def test_a_shift_is_found_by_passage_too():
    texts, responses = sets(500, 400, 0.8, np.random.default_rng(13), together=5)
    result = holdout(texts, responses, older=OLDER, permutations=199, rng=np.random.default_rng(14))
    assert judge(result)[0].status is Status.ISSUE


def test_older_models_have_cluster_robust_errors():
    texts, responses = sets(200, 150, 0.5, np.random.default_rng(15), together=5)
    found = holdout(texts, responses, older=OLDER, permutations=100, rng=np.random.default_rng(16)).tests[-1]
    tables = {table.benchmark: table for table in item_tables(responses)}
    means = []
    for name, items in (("public", 200), ("new", 150)):
        place = {item: at for at, item in enumerate(tables[name].items)}
        first = 0 if name == "public" else 200
        scores = tables[name].scores.mean(axis=0)[[place[str(first + at)] for at in range(items)]]
        means.append(scores.reshape(-1, 5).mean(axis=1))
    # Of passages of one size it is Welch's test on their means.
    welch = stats.ttest_ind(*means, equal_var=False)
    assert found.found.value == pytest.approx(means[0].mean() - means[1].mean())
    assert found.spread == pytest.approx(found.found.value / welch.statistic)


def test_few_groups_are_no_groups():
    texts, _ = sets(60, 40, 0.0, np.random.default_rng(17), together=10)
    found = holdout(texts, permutations=100, rng=np.random.default_rng(18))
    assert {(test.public, test.independent) for test in found.tests} == {(60, False)}


def test_people_are_tested_by_the_exact_binomial():
    texts, _ = sets(60, 40, 0.0, np.random.default_rng(7))
    found = holdout(texts, odd_one_out=(45, 100, 3), permutations=100, rng=np.random.default_rng(8)).tests[-1]
    assert found.p_value == pytest.approx(stats.binomtest(45, 100, 1 / 3, alternative="greater").pvalue)
    # The least number of right guesses with a p-value below .05, and the chance to reach it at 48%.
    critical = min(k for k in range(101) if stats.binom.sf(k - 1, 100, 1 / 3) <= 0.05)
    assert found.power == pytest.approx(stats.binom.sf(critical - 1, 100, 1 / 3 + 0.15))


def test_p_values_are_adjusted_for_the_number_of_tests():
    def test(name: str, p_value: float) -> HoldoutTest:
        return HoldoutTest(
            name=name,
            statistic="s",
            found=Limits(0.6, 0.5, 0.7),
            null=0.5,
            spread=0.05,
            public=100,
            new=50,
            unit_of="text",
            p_value=p_value,
            adjusted=4 * p_value,
            power=0.9,
            effect="an effect",
        )

    result = Holdout(
        public="old",
        new="new",
        tests=(test("classifier", 0.02), test("lengths", 0.5)),
        missing=(),
        level=0.95,
        notes=(),
    )
    assert [finding.status for finding in judge(result)] == [Status.PASSED] * 3


def test_a_large_set_is_sampled(monkeypatch):
    monkeypatch.setattr("measurand.measures.gaming.shared.holdout_tests.MOST_TEXTS", 50)
    texts, _ = sets(90, 40, 0.0, np.random.default_rng(9))
    assert {test.public for test in holdout(texts, permutations=100, rng=np.random.default_rng(1)).tests} == {50}


def test_what_cannot_be_compared():
    rng = np.random.default_rng(0)
    texts, responses = sets(40, 30, 0.0, rng)

    def check(error, message, given=texts, **settings):
        with pytest.raises(error, match=message):
            holdout(given, rng=rng, **settings)

    check(UnknownName, "no set of items named 'nwe'; did you mean 'new'", new="nwe")
    check(InputError, "should differ", public="new", new="new")
    check(InputError, "permutations", permutations=5)
    check(InputError, r"odd_one_out should be .* got \(50, 40, 3\)", odd_one_out=(50, 40, 3))
    with pytest.raises(UnknownName, match="no model with results on public named 'm9'"):
        holdout(texts, responses, older=("m9",), rng=rng)
    third = pl.DataFrame({"benchmark": ["x"], "item": ["1"], "text": ["y"]})
    three = Texts.build(pl.concat([texts.frame, third], how="diagonal"))
    check(InputError, r"got 3 \(public, new, x\)", three)
    check(NotApplicable, "1 text in 'x'; needs at least 20", three, public="public", new="x")
    other = pl.DataFrame({"benchmark": "ru", "item": [str(i) for i in range(30)], "text": "Сколько кур?"})
    mixed = Texts.build(pl.concat([texts.frame.filter(pl.col("benchmark") == "new"), other], how="diagonal"))
    check(InputError, "is in Latin script and 'ru' in Cyrillic|is in Cyrillic script and 'new' in Latin", mixed)


def test_the_picture_names_the_power_and_what_was_not_tested():
    texts, _ = sets(60, 40, 0.0, np.random.default_rng(3))
    (drawn,) = figure(holdout(texts, permutations=100, rng=np.random.default_rng(4)))
    assert all("(power " in name for name in drawn.columns["test"])
    assert "Not tested: older models, people." in drawn.caption
    assert MEASURE.code == "G3"
