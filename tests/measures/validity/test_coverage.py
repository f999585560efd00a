"""V11: variety, near-duplicates and reach of made texts."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.validity.coverage import MEASURE, figure, input_coverage, judge
from measurand.results import Status
from measurand.simulate.validity.coverage import CELLS, SIMULATIONS
from measurand.stats.texts.diversity import cosine, vendi
from measurand.tables.texts import Texts

TOPICS = (
    "hen egg farm barn feed",
    "star orbit moon probe comet",
    "tax income budget debt loan",
    "cell gene protein virus enzyme",
)


def rng():
    return np.random.default_rng(0)


def made(count, topics=range(4), seed=0):
    """Sentences of words of one topic each."""
    r = np.random.default_rng(seed)
    lists = [TOPICS[t].split() for t in topics]
    return [" ".join(r.permutation(lists[i % len(lists)])[:3]) + f" w{seed}x{i}" for i in range(count)]


def texts_of(cluster="none", **sets):
    rows = [(name, str(i), text) for name, texts in sets.items() for i, text in enumerate(texts)]
    return Texts.build(pl.DataFrame(rows, schema=["benchmark", "item", "text"], orient="row"), cluster=cluster)


def by_benchmark(result, title="Input coverage"):
    return {f.subject["benchmark"]: f for f in MEASURE.findings(result)[1:] if f.title == title}


def test_near_duplicates_are_told():
    varied = made(200)
    result = input_coverage(texts_of(varied=varied, doubled=varied[:30] * 2), rng=rng())
    found = by_benchmark(result)
    assert found["varied"].status is Status.PASSED
    assert found["doubled"].status is Status.ISSUE
    assert found["doubled"].estimate("near_duplicates").value == 1
    assert "60 (100%) have a near-duplicate" in found["doubled"].sentence
    assert found["doubled"].estimate("vendi_score").value < found["varied"].estimate("vendi_score").value
    headline = judge(result)[0]
    assert headline.headline
    assert headline.sentence == "1 of the 2 benchmarks holds many near-duplicates (by TF-IDF of words)."


def test_regions_of_the_reference_without_items_are_told():
    sets = {"narrow": made(80, (0, 1)), "wide": made(80, seed=1), "use": made(100, seed=2)}
    result = input_coverage(texts_of(**sets), reference="use", rng=rng())
    found = by_benchmark(result, "Reach over the reference")
    assert found["narrow"].status is Status.ISSUE
    assert "regions of it have no item" in found["narrow"].sentence
    assert re.search(r"reach \d+(\.\d)?% \[\d+(\.\d)?%, \d+(\.\d)?%\] of the 100 texts", found["narrow"].sentence)
    assert found["wide"].status is Status.PASSED
    assert set(found) == {"narrow", "wide"}
    narrow = next(each for each in result.benchmarks if each.benchmark == "narrow")
    missed = [text for text, near in zip(narrow.shown[80:], narrow.covered, strict=True) if not near]
    unseen = set(" ".join(TOPICS[2:]).split())
    assert len(missed) > 40
    assert all(unseen & set(text.split()) for text in missed)


def test_a_small_reference_set_never_passes():
    texts = texts_of(wide=made(80, seed=1), use=made(40, seed=2))
    found = by_benchmark(input_coverage(texts, reference="use", rng=rng()), "Reach over the reference")
    assert found["wide"].status is Status.CAUTION


def test_a_radius_can_be_given():
    texts = texts_of(narrow=made(40, (0,)), use=made(40, (0, 1), seed=1))
    result = input_coverage(texts, reference="use", radius=0.9, rng=rng())
    (found,) = result.benchmarks
    assert found.reached.share == pytest.approx(0.5, abs=0.05)
    assert np.isnan(found.expected)


def test_the_embedding_can_be_changed_and_is_named():
    def lengths(texts):
        return np.array([[len(text), 1.0] for text in texts])

    texts = texts_of(b=made(30))
    result = input_coverage(texts, embed=lengths, rng=rng())
    assert result.backend == "lengths"
    assert result.benchmarks[0].vendi == pytest.approx(vendi(cosine(lengths(texts.of("b")))))
    assert "by lengths" in judge(result)[0].sentence
    for wrong in (lambda texts: np.ones(3), lambda texts: np.full((len(texts), 2), np.nan)):
        with pytest.raises(InputError, match="embed should give a finite vector per text"):
            input_coverage(texts, embed=wrong, rng=rng())


def test_of_many_items_some_are_drawn():
    result = input_coverage(texts_of(b=made(100)), most=40, rng=rng())
    assert (result.benchmarks[0].n, result.benchmarks[0].drawn) == (100, 40)
    assert "The 100 items (40 drawn at random) of b" in judge(result)[1].sentence
    again = input_coverage(texts_of(b=made(100)), most=40, rng=rng())
    assert again.benchmarks[0].shown == result.benchmarks[0].shown


def test_near_duplicates_are_counted_over_all_items():
    varied = [" ".join(f"w{word}" for word in np.random.default_rng(i).integers(0, 9000, 12)) for i in range(1600)]
    repeated = [*varied, *varied[:200], *(f"{text} {text} indeed" for text in varied[200:400])]
    finding = judge(input_coverage(texts_of(b=repeated), most=100, rng=rng()))[1]
    share = finding.estimate("near_duplicates")
    assert (finding.status, share.n) == (Status.ISSUE, 2000)
    # 200 exact copies, and 200 texts written twice with a word more, each with what it repeats.
    assert share.value * 2000 == pytest.approx(800, abs=40)


def on_passages(count, topics, seed):
    """Questions, five on each passage, and the passage of each."""
    r = np.random.default_rng(seed)
    texts, passages = [], []
    for place in range(count):
        words = TOPICS[topics[place % len(topics)]].split()
        passage = [f"p{seed}{place}w{word}" for word in range(6)] + list(r.permutation(words)[:4])
        texts += [" ".join([*passage, f"q{r.integers(40)}"]) for _ in range(5)]
        passages += [f"{seed} {place}"] * 5
    return texts, passages


def test_a_passage_of_questions_counts_as_one_text():
    (items, own), (use, others) = on_passages(60, range(4), 1), on_passages(60, range(4), 2)
    (narrow, left), names = on_passages(60, (0, 1), 3), ["wide"] * 300 + ["use"] * 300
    cluster = own + others
    frame = pl.DataFrame({"benchmark": names, "text": items + use, "cluster": cluster})
    alike = input_coverage(Texts.build(frame), reference="use", rng=rng())
    found = by_benchmark(alike, "Reach over the reference")["wide"]
    assert found.status is Status.PASSED
    assert "of the 60 groups of texts of use" in found.sentence
    missing = frame.with_columns(text=pl.Series(narrow + use), cluster=pl.Series(left + others))
    found = by_benchmark(input_coverage(Texts.build(missing), reference="use", rng=rng()), "Reach over the reference")
    assert found["wide"].status is Status.ISSUE
    # Not knowing the passages, sets that are alike look as if regions were left out: no issue is made of it.
    unknown = input_coverage(Texts.build(frame.drop("cluster")), reference="use", rng=rng())
    found = by_benchmark(unknown, "Reach over the reference")["wide"]
    assert found.status is Status.CAUTION
    assert "regions of it have no item, if each text stands alone" in found.sentence
    assert any("until the groups are named" in caveat for caveat in judge(unknown)[0].caveats)
    alone = input_coverage(Texts.build(frame.drop("cluster"), cluster="none"), reference="use", rng=rng())
    assert by_benchmark(alone, "Reach over the reference")["wide"].status is Status.ISSUE


def test_too_few_items_are_a_row_or_no_measure():
    result = input_coverage(texts_of(few=made(5), enough=made(30)), rng=rng())
    headline, one, last = judge(result)
    assert headline.sentence == f"{one.sentence[:-1]} (by TF-IDF of words)."
    assert (last.status, last.subject) == (Status.NOT_APPLICABLE, {"benchmark": "few"})
    assert last.sentence == "Not assessed: 5 items with a text; needs at least 20."
    with pytest.raises(NotApplicable, match="5 items with a text at most; needs texts of a benchmark's items"):
        input_coverage(texts_of(few=made(5)), rng=rng())
    with pytest.raises(NotApplicable):
        input_coverage(texts_of(use=made(30)), reference="use", rng=rng())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"reference": "usw"}, "no reference set named 'usw'; did you mean 'use'"),
        ({"radius": 3}, "radius should be a cosine distance"),
        ({"nearest": 0}, "nearest should be at least 1"),
        ({"most": 5}, "most should be at least 20"),
        ({"draws": 3}, "draws should be at least 19"),
        ({"alike": 1.5}, "alike"),
        ({"level": 0}, "level"),
    ],
)
def test_bad_settings_are_refused(setting, message):
    with pytest.raises(InputError, match=message) as caught:
        input_coverage(texts_of(b=made(30), use=made(30, seed=1)), rng=rng(), **setting)
    assert isinstance(caught.value, UnknownName) is ("reference" in setting)


def test_the_map_shows_what_is_not_reached():
    texts = texts_of(narrow=made(40, (0, 1)), use=made(60, seed=1))
    (shown,) = figure(input_coverage(texts, reference="use", rng=rng()))
    assert set(shown.columns["what"]) == {"item", "reference, reached", "reference, not reached"}
    assert len(shown.columns["x"]) == 100
    (alone,) = figure(input_coverage(texts, rng=rng()))
    assert set(alone.columns["what"]) == {"item"}


@pytest.mark.slow
def test_intervals_cover_and_false_alarms_are_rare():
    outcomes = [SIMULATIONS["V11"].outcome(CELLS[2], 0.95, np.random.default_rng(k)) for k in range(150)]
    for key in outcomes[0]:
        rate = np.nanmean([outcome[key][0] for outcome in outcomes])
        if key[0] == "coverage":
            assert rate > 0.88, key
        elif key[0] == "false_alarm":
            assert rate < 0.1, key
