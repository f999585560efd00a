"""G6: what is said of items found in documents."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable
from measurand.measures.gaming.overlap import MEASURE, ItemOverlap, figure, judge, overlap
from measurand.readers.evidence.corpus import overlap_with_texts
from measurand.readers.evidence.texts import read_texts
from measurand.results import Status
from measurand.simulate.gaming.overlap import overlaps_of
from measurand.stats.intervals.binomial import wilson
from measurand.tables.overlaps import MATCH_SCHEMA, Overlaps
from measurand.tables.texts import Texts


def found(copied=0, near=0, template=0, passage=0, part=0, none=0, short=0, **settings) -> Overlaps:
    """Items of each kind, by one document each."""
    kinds = [(1.0, 1.0, 1.0, 1.0, 1.0, 40)] * copied + [(0.0, 0.3, 0.9, 0.9, 0.8, 40)] * near
    kinds += [(0.0, 0.2, 0.9, 0.9, 0.2, 40)] * template + [(0.8, 0.8, 0.8, 0.2, 0.8, 40)] * passage
    kinds += [(0.2, 0.3, 0.4, 0.4, 0.4, 40)] * part
    kinds += [(None, None, None, None, None, 40)] * none + [(None, None, None, None, None, 5)] * short
    names = [str(place) for place in range(len(kinds))]
    words = [kind[5] for kind in kinds]
    items = pl.DataFrame(
        {
            "benchmark": settings.pop("benchmarks", "b"),
            "item": names,
            "text": "text",
            "words": words,
            # Ten words of its own where the passage is shared with other items, else nearly all.
            "own_words": [10 if kind[3] == 0.2 else count - 2 for kind, count in zip(kinds, words, strict=True)],
            "value_words": 5,
            "runs_13": [max(0, count - 12) for count in words],
            "runs_8": [max(0, count - 7) for count in words],
            "documents": [int(kind[1] is not None) for kind in kinds],
        }
    )
    rows = [
        ("b", name, "d", *kind[:5], "passage") for name, kind in zip(names, kinds, strict=True) if kind[1] is not None
    ]
    matches = pl.DataFrame(rows, schema=MATCH_SCHEMA, orient="row")
    return Overlaps.build(items, matches, documents=settings.pop("documents", 1000), **settings)


def test_items_are_counted_by_kind_and_the_share_has_wilsons_interval():
    kinds = {"copied": 8, "near": 4, "template": 3, "passage": 2, "part": 2, "none": 981, "short": 3}
    headline = judge(overlap(found(**kinds, source="the crawl")))[0]
    assert headline.status is Status.CAUTION
    share = headline.estimate("found_share")
    low, high = wilson(12, 1000, 0.95)
    assert (share.value, share.low, share.high, share.n) == (0.012, float(low), float(high), 1000)
    assert headline.sentence == (
        "12 of 1,000 items (1.2% [0.7%, 2.1%]) were found in the crawl (1,000 documents): 8 word for word and 4 "
        "nearly so; 3 more have the same template as a text there, with other values; of 2 more the passage is there, "
        "not the question; 2 more share a run of 13 words; 3 of 1,003 items are too short or too alike to look for."
    )
    assert headline.estimate("any_13_word_run_share").value == pytest.approx(12 / 1000)
    assert (headline.result["same_template"], headline.result["shared_passage"]) == (3, 2)
    assert headline.result["in_part"] == 2


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({"none": 100}, Status.PASSED),
        ({"none": 100, "part": 3}, Status.PASSED),
        ({"none": 100, "passage": 50}, Status.PASSED),
        ({"none": 100, "template": 50}, Status.CAUTION),
        ({"none": 500, "copied": 1}, Status.CAUTION),
        ({"none": 80, "copied": 20}, Status.ISSUE),
        ({"none": 80, "near": 20}, Status.ISSUE),
        ({"none": 80, "short": 20}, Status.CAUTION),
        ({"short": 20}, Status.NOT_APPLICABLE),
    ],
)
def test_the_verdict(counts, status):
    assert judge(overlap(found(**counts)))[0].status is status


def test_thresholds_are_settings_of_the_judge():
    result = overlap(found(near=30, none=70))
    assert judge(result, near=0.95)[0].status is Status.PASSED
    assert judge(result, tolerated=0.5)[0].status is Status.CAUTION
    with pytest.raises(InputError, match="copied should be"):
        judge(result, copied=70)


def kinds_of(texts: list[str], documents: list[str]) -> list[str]:
    return [item.kind() for item in overlap(overlaps_of(texts, documents)).items]


PROBLEMS = (
    "Every week {a} sells {x} pots at the market for {y} dollars each, and {b} helps {a} for {z} dollars per hour. "
    "How many dollars does {a} keep?",
    "On the way to the lake in the hills behind the old town {a} and a friend drive {x} miles at a speed of {y} miles "
    "per hour, then {b} gets out of the car and walks for {z} minutes. At what time do both of them arrive?",
)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_problem_with_other_names_and_numbers_is_no_copy(problem):
    item = problem.format(a="Ann", b="Omar", x=48, y=7, z=15)
    other = "Homework. " + problem.format(a="Cleo", b="Finn", x=33, y=4, z=21)
    edited = "Homework. " + item.replace("at ", "near ").replace("How many", "What number of").replace("way", "road")
    assert kinds_of([item, "an item of some other words that has nothing to do with it at all"], [other])[0] == (
        "same template"
    )
    assert kinds_of([item], [edited]) == ["nearly copied"]
    # The item itself counts, though another of its template is closer by words.
    assert kinds_of([item], [other, edited]) == ["nearly copied"]
    assert kinds_of([item], ["So: " + item]) == ["copied"]


def test_instances_of_code_are_no_copies_of_one_another():
    form = "def {f}(values): total = {x} for value in values: if value > {y}: total += value return total"
    names = ["add_large", "sum_most", "count_high", "total_over", "gather_all"]
    texts = [form.format(f=name, x=3 * place, y=7 + 2 * place) for place, name in enumerate(names)]
    other = form.format(f="keep_few", x=100, y=55)
    assert set(kinds_of(texts, [other])) <= {"same template", "not found"}
    assert kinds_of(texts, [texts[2]])[2] == "copied"


def test_a_passage_that_items_share_is_told_from_the_questions_on_it():
    rng = np.random.default_rng(0)
    passage = " ".join(f"p{word}" for word in rng.integers(9000, size=60))
    questions = [" ".join(f"q{word}" for word in rng.integers(9000, size=10)) for _ in range(3)]
    items = [f"{passage} {question}" for question in questions]
    assert kinds_of(items, [passage]) == ["shared passage"] * 3
    assert kinds_of(items, [items[1]]) == ["shared passage", "copied", "shared passage"]


def test_a_short_item_is_never_nearly_copied():
    def item(words: int) -> ItemOverlap:
        return ItemOverlap(
            benchmark="b",
            item="1",
            text="?",
            words=words,
            share_13=None,
            share_8=0.5,
            similarity=0.9,
            own_words=words,
            value_words=0,
            own=0.9,
            values=None,
            document="d",
            passage="p",
            documents=1,
        )

    assert [item(words).kind() for words in (7, 12, 13)] == ["too short", "not found", "nearly copied"]


def test_several_benchmarks_have_a_finding_each_and_the_headline_comes_first():
    benchmarks = ["b"] * 20 + ["c"] * 20
    headline, first, second = judge(overlap(found(copied=20, none=20, benchmarks=benchmarks)))
    assert headline.subject == {}
    assert (first.subject, first.status) == ({"benchmark": "b"}, Status.ISSUE)
    assert (second.subject, second.status) == ({"benchmark": "c"}, Status.PASSED)


@pytest.mark.parametrize(
    ("against", "words"), [("pool", "in the pool:"), ("itself", "a second time among the other items:")]
)
def test_sentences_about_pools_and_duplicates(against, words):
    sentence = judge(overlap(found(copied=1, none=9, against=against, source="the pool")))[0].sentence
    assert sentence.startswith("1 of 10 items (10% [0.3%, 44.5%]) was found " + words)


def test_a_corpus_in_another_script_answers_nothing():
    with pytest.raises(NotApplicable, match="in the script that the items are written in; needs a corpus"):
        overlap(found(none=10, familiar=0.0))
    with pytest.raises(InputError, match="level"):
        overlap(found(none=10), level=95)


def test_pictures_show_both_texts_and_every_item():
    matches, histogram = figure(overlap(found(copied=3, near=2, none=5, short=4)))
    assert matches.columns["kind"] == ("copied",) * 3 + ("nearly copied",) * 2
    assert {"item text", "passage", "document"} <= set(matches.columns)
    assert (sum(histogram.columns["items"][:10]), sum(histogram.columns["items"][10:])) == (5, 5)
    assert "Of 5 of the 10 items long enough" in histogram.caption
    assert [one.name for one in figure(overlap(found(none=5)))] == ["G6.histogram"]


def test_published_test_sets_overlap_with_themselves_by_a_few_items(shared):
    """GSM8K's test set asks twice of the same lockers and of the same puppies; GSM1k's public sample shares nothing."""
    folder = shared / "data" / "contamination" / "gsm1k"
    gsm8k, gsm1k = read_texts(folder / "gsm8k_test.jsonl"), read_texts(folder / "gsm1k_public_50.csv")
    among = judge(overlap(overlap_with_texts(gsm8k)))[0]
    counts = tuple(among.result[kind] for kind in ("copied", "nearly_copied", "same_template"))
    assert (among.status, counts) == (Status.CAUTION, (0, 0, 4))
    assert judge(overlap(overlap_with_texts(gsm1k, gsm8k)))[0].status is Status.PASSED
    planted = Texts.build(pl.concat([gsm1k.frame, gsm8k.frame.head(5)]))
    assert judge(overlap(overlap_with_texts(planted, gsm8k)))[0].result["copied"] == 5


def test_it_is_described_as_a_measure():
    assert (MEASURE.code, MEASURE.settings) == ("G6", {"level": 0.95, "copied": 0.7, "near": 0.75, "tolerated": 0.01})
