"""G5: published bounds, and what is said of them."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable
from measurand.measures.gaming.quiz import MEASURE, figure, judge, quiz
from measurand.readers.evidence.quiz import quiz_of
from measurand.results import Status
from measurand.simulate.gaming.quiz import answered
from measurand.tables.quiz import Quiz


@pytest.fixture(scope="module")
def published(shared):
    """Bounds found and published, by setting."""
    folder = shared / "data/contamination/dcq"
    reports = {path.name.split("_data_contamination")[0]: path.read_text() for path in folder.glob("reports/*.txt")}
    found = {}
    for path in sorted(folder.glob("*.csv")):
        (name,) = [name for name in reports if path.stem.startswith(name + "_")]
        answers = quiz_of(pl.read_csv(path, infer_schema_length=0), path.stem)
        low, high = re.search(r"Level: \[([\d.]+)%, ([\d.]+)%\]", reports[name]).groups()
        result = quiz(answers, rng=np.random.default_rng(0))
        found[name] = (result, float(low), float(high))
    return found


def test_every_published_bound_is_reproduced(published):
    assert len(published) == 17
    for name, (result, low, high) in published.items():
        own = result.results[0]
        # One report (GPT-3.5 on WNLI) was computed from rounded percentages: 7.05 / 94.37 = 7.47, not 5 / 67 = 7.46.
        assert 100 * own.low.value == pytest.approx(
            low, abs=0.0101 if name == "wild_evaluation_gpt3.5_wnli" else 0.00501
        )
        assert 100 * own.high.value == pytest.approx(high, abs=0.00501)


def test_the_published_quizzes_verdicts(published):
    statuses = {name: judge(result)[1].status for name, (result, _, _) in published.items()}
    assert statuses.pop("wild_evaluation_gpt3.5_wnli") is Status.CAUTION
    assert set(statuses.values()) == {Status.ISSUE}


def test_a_model_that_knows_nothing_is_cleared_by_enough_items():
    result = quiz(answered(2000, 0.0, np.random.default_rng(0)), rng=np.random.default_rng(1))
    headline, finding = judge(result, tolerated=0.15)
    assert headline.status is finding.status is Status.PASSED
    assert finding.estimate("recognised").low == 0
    assert "recognises at most 7.6% of 2,000 items" in finding.sentence


def test_a_model_that_knows_most_is_found_and_its_share_corrected():
    result = quiz(answered(300, 0.7, np.random.default_rng(2)), rng=np.random.default_rng(3))
    headline, finding = judge(result)
    assert finding.status is Status.ISSUE
    share = finding.estimate("recognised")
    assert share.low < 0.7 < share.high
    assert headline.sentence.startswith(
        "The quiz gives a sign of a model that recognises the original wording of items"
    )


def test_liked_positions_do_not_count_and_must_not_be_all_that_was_asked():
    rows = [(str(item), where, "A") for item in range(30) for where in ("none", "A", "B")]
    frame = pl.DataFrame(rows, schema=["item", "placement", "answer"], orient="row")
    found = quiz(Quiz.build(frame), rng=np.random.default_rng(0)).results[0]
    assert (found.asked, found.low.value, found.high.value) == ("B", 0.0, 0.0)
    with pytest.raises(InputError, match=r"where the model answers anyway \(A\); it should stand in B, C, D too"):
        quiz(Quiz.build(frame.filter(pl.col("placement") != "B")), rng=np.random.default_rng(0))


@pytest.mark.parametrize("random", [True, False])
def test_a_model_that_recognises_nothing_is_seldom_said_to(random):
    """Tested at the positions picked seldom alone, answers at random are said to recognise in 7% to 10%."""
    rng = np.random.default_rng(7)
    quizzes = [quiz(answered(100, 0.0, rng, random=random), resamples=100, rng=rng) for _ in range(120)]
    said = np.mean([judge(found)[1].status is Status.ISSUE for found in quizzes])
    assert said <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 120)


def test_every_position_is_tested_also_those_the_model_favours():
    rows = [(str(item), where, "B" if where == "B" or item < 15 else "E") for item in range(40) for where in "ABCD"]
    rows += [(str(item), "none", "B" if item < 15 else "E") for item in range(40)]
    (found,) = quiz(
        Quiz.build(pl.DataFrame(rows, schema=["item", "placement", "answer"], orient="row")),
        rng=np.random.default_rng(0),
    ).results
    assert (found.asked, found.tested) == ("ACD", "ABCD")
    # Four positions, and 25 of 25 answers that changed did so towards the original.
    assert found.p_value == pytest.approx(4 * 0.5**25)


def test_several_quizzes_are_drawn_the_most_recognised_first():
    quizzes = [answered(60, share, np.random.default_rng(4)).frame for share in (0.1, 0.9)]
    named = [frame.with_columns(benchmark=pl.lit(name)) for frame, name in zip(quizzes, ("low", "high"), strict=True)]
    (drawn,) = figure(quiz(Quiz.build(pl.concat(named)), rng=np.random.default_rng(5)))
    assert list(dict.fromkeys(drawn.columns["quiz"])) == ["high", "low"]
    assert len(drawn.columns["quiz"]) == 6


def test_too_few_items_and_settings_out_of_range():
    rng = np.random.default_rng(0)
    with pytest.raises(NotApplicable, match="10 items in the longest quiz; needs at least 20"):
        quiz(answered(10, 0.5, rng), rng=rng)
    with pytest.raises(InputError, match="resamples"):
        quiz(answered(30, 0.5, rng), resamples=5, rng=rng)
    with pytest.raises(InputError, match="level"):
        quiz(answered(30, 0.5, rng), level=95, rng=rng)
    assert MEASURE.code == "G5"
