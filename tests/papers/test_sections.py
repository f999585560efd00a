"""What goes into a paper is what the measures found."""

from __future__ import annotations

import polars as pl
import pytest

import measurand
from measurand.errors import InputError
from measurand.papers import Asked, paper
from measurand.papers.shared import tabled
from measurand.tables import Scores, Study
from measurand.wording import shown


@pytest.fixture(scope="module")
def audit(example):
    return measurand.audit(example, ["V1", "V2", "V4"])


@pytest.mark.parametrize("benchmark", ["wmdp", "truthfulqa_mc1", "LMSYS_Chatbot_Arena"])
def test_the_row_of_a_benchmark_holds_the_numbers_of_the_audit(example, audit, benchmark):
    (section,), _ = paper(example, Asked(benchmarks=(benchmark,), class_="chat"))
    found = {
        each.code: each
        for each in audit.findings
        if each.subject.get("benchmark") == benchmark and each.subject["class"] == "chat"
    }
    (part,) = section.parts
    row, rho, slope = part.rows[0], found["V1"].estimates[0], found["V2"].estimates[0]
    assert (row[1], row[3]) == (str(rho.n), shown(rho))
    assert row[5] == shown(slope)
    assert section.sentences == (found["V1"].sentence,)
    assert len(part.figure.x) == rho.n
    # The line drawn is the slope of the table, per standard deviation of capability.
    rise = (part.figure.line[-1] - part.figure.line[0]) / (part.figure.at[-1] - part.figure.at[0])
    if benchmark == "wmdp":
        assert rise == pytest.approx(100 * slope.value, rel=1e-6)


@pytest.mark.parametrize(
    ("benchmark", "title"),
    [
        ("wmdp", "WMDP score (%)"),
        ("LMSYS_Chatbot_Arena", "LMSYS Chatbot Arena score (Elo)"),
        ("MT_Bench", "MT Bench score"),
    ],
)
def test_the_axis_names_the_benchmark_with_its_unit(example, benchmark, title):
    (section,), _ = paper(example, Asked(benchmarks=(benchmark,), class_="chat"))
    assert section.parts[0].figure.y_title == title


def test_a_unit_that_is_stated_wins(example):
    (section,), _ = paper(example, Asked(benchmarks=("MT_Bench",), class_="chat", unit="points of 10"))
    assert section.parts[0].figure.y_title.endswith("score (points of 10)")


def test_every_class_has_its_row_and_says_so(example):
    (section,), _ = paper(example, Asked(benchmarks=("wmdp",)))
    assert [part.name for part in section.parts] == ["WMDP, base models", "WMDP, chat models"]


def test_scores_of_which_lower_is_better_say_that_they_are_turned():
    rows = [
        {"model": f"m{i}", "benchmark": name, "score": 0.3 + factor * i + 0.01 * (i * shift % 3)}
        for i in range(12)
        for name, factor, shift in (("a", 0.04, 1), ("b", 0.05, 2), ("c", 0.03, 5), ("error", -0.02, 7))
    ]
    facts = pl.DataFrame(
        {
            "benchmark": ["a", "b", "c", "error"],
            "role": ["capability"] * 3 + ["safety"],
            "higher_is": [None] * 3 + ["worse"],
        },
        schema={"benchmark": pl.String, "role": pl.String, "higher_is": pl.String},
    )
    study = Study(title="", scores=Scores.build(pl.DataFrame(rows), benchmarks=facts))
    (section,), _ = paper(study, Asked())
    assert section.parts[0].figure.y_title == "error score (%), sign turned"
    assert max(section.parts[0].figure.y) < 0
    assert "Scores are turned" in section.parts[0].caption


def test_nothing_to_write_about_is_an_error():
    with pytest.raises(InputError, match="a paper needs scores"):
        paper(Study(title=""), Asked())


def test_numbers_of_a_column_have_the_same_decimals():
    assert [tabled(value, True) for value in (0.79, 0.8333, 1.0)] == ["79.0", "83.3", "100.0"]
