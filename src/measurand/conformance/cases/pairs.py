"""Two models on the same questions."""

from __future__ import annotations

import random
from math import comb

from measurand.conformance.asking import Case, either, every, near, refuses, says, shown, spans

from .made import table

__all__ = ["KINDS"]


def ten_more_on_the_same_questions() -> Case:
    exact = 2 * 0.5**10
    unpaired = 0.05 / (0.5 * 0.5 / 200 + 0.55 * 0.45 / 200) ** 0.5
    return Case(
        title="B answers all that A answers, and 10 more of 200",
        ask="paired",
        given={"first": [1] * 100 + [0] * 100, "second": [1] * 110 + [0] * 90},
        answer=f"B is 5 points better, shown: p = {exact:.3f}; not undecided, as two separate samples would be "
        f"(z = {unpaired:.1f})",
        why="McNemar: 10 questions tell them apart and all 10 speak for B, 2 x .5^10.",
        right=every(near(0.05), shown(True)),
    )


def as_many_either_way() -> Case:
    chance = sum(comb(40, k) for k in range(19)) / 2**39
    return Case(
        title="22 questions only B answers, 18 only A, of 60",
        ask="paired",
        given={"first": [1] * 18 + [0] * 22 + [1] * 20, "second": [0] * 18 + [1] * 22 + [1] * 20},
        answer=f"B is 6.7 points better, not shown: p = {chance:.2f}",
        why="McNemar's exact test of 18 against 22.",
        right=every(near(4 / 60), shown(False)),
    )


def the_same_answers() -> Case:
    return Case(
        title="Two models that answer all 50 questions alike",
        ask="paired",
        given={"first": [1, 0] * 25, "second": [1, 0] * 25},
        answer="a difference of 0, not shown to be any; not an error and not a p-value that is no number",
        why="All differences are 0, so that their standard error is 0 and a t-statistic 0 / 0.",
        right=every(near(0.0), shown(False)),
    )


def the_same_answers_have_an_interval() -> Case:
    least = 1 - 0.05 ** (1 / 50)
    return Case(
        title="Two models that answer all 50 questions alike: between what does the difference lie?",
        ask="paired",
        given={"first": [1, 0] * 25, "second": [1, 0] * 25},
        answer=f"about -{least:.2f} to +{least:.2f}; not 0 to 0",
        why="The rule of three for the share of questions on which they differ, 1 - .05^(1/50): a standard error of 0 "
        "is no certainty (Bonett and Price 2012 add half a question to each side).",
        right=spans(0.04, 0.25),
    )


def errors_of_one_model_only() -> Case:
    return Case(
        title="B errored on 25 questions that A fails; both answer the others alike",
        ask="paired",
        given={"first": [1] * 30 + [0] * 30, "second": [1] * 30 + [0] * 5 + [None] * 25},
        answer="a difference of 0 on the 35 both answered; not the 36 points between 30 of 60 and 30 of 35",
        why="Each model's mean over what it answered compares a hard set with an easy one.",
        right=every(near(0.0), shown(False)),
    )


def no_question_in_common() -> Case:
    rows = [("a", f"q{place}", place % 2) for place in range(40)]
    rows += [("b", f"q{place}", place % 4 > 0) for place in range(40, 80)]
    return Case(
        title="A answered q0 to q39, B q40 to q79: who is better?",
        ask="compared",
        given={"table": table(["model", "item", "score"], [(m, q, int(s)) for m, q, s in rows])},
        answer="refused, or compared as two samples with these words: no question was answered by both",
        why="Rows that are paired by their place pair q0 with q40.",
        right=either(
            refuses("both|common|shared|overlap|same|pair|align"),
            says("that no question was answered by both", "different (items|questions)|unpaired|0 shared"),
        ),
    )


def questions_in_another_order() -> Case:
    rows = [("a", f"q{place:03d}", int(place < 100)) for place in range(200)]
    rows += [("b", f"q{place:03d}", int(place < 110)) for place in reversed(range(200))]
    return Case(
        title="The 200 questions, B's file sorted the other way round",
        ask="compared",
        given={"table": table(["model", "item", "score"], rows)},
        answer="B is 5 points better, shown: paired by the name of a question, not by its row",
        why="By rows 190 of 200 pairs differ, and the interval is 4 times as wide.",
        right=every(near(0.05), shown(True)),
    )


def best_and_worst_of_twenty_equals() -> Case:
    scores = _equals()
    totals = [sum(each) for each in scores]
    best, worst = (scores[totals.index(each)] for each in (max(totals), min(totals)))
    only = sum(one > other for one, other in zip(best, worst, strict=True))
    differ = sum(one != other for one, other in zip(best, worst, strict=True))
    alone = 2 * sum(comb(differ, k) for k in range(only, differ + 1)) / 2**differ
    return Case(
        title="20 models of equal ability on 100 questions: does any differ from any other?",
        ask="apart",
        given={"table": _answers(scores)},
        answer=f"not shown: the best and the worst, {max(totals)} and {min(totals)} right, have p = {alone:.3f}, "
        "which of 190 pairs is no news",
        why="Answers drawn at .5 for every model. Holm's correction multiplies the smallest of 190 p-values by 190.",
        right=shown(False),
    )


def one_of_twenty_is_better() -> Case:
    scores = _equals()
    scores[7] = [int(place % 10 > 0) for place in range(100)]
    return Case(
        title="19 models of equal ability and one that answers 90 of 100: does any differ from any other?",
        ask="apart",
        given={"table": _answers(scores)},
        answer="shown: 40 points are four standard errors and more, whichever pair it is",
        why="A correction that finds nothing is no better than none.",
        right=shown(True),
    )


def _equals() -> list[list[int]]:
    rng = random.Random(3)
    return [[int(rng.random() < 0.5) for _ in range(100)] for _ in range(20)]


def _answers(scores: list[list[int]]) -> str:
    rows = [(f"m{k:02d}", f"q{q:02d}", each) for k, own in enumerate(scores) for q, each in enumerate(own)]
    return table(["model", "item", "score"], rows)


KINDS = {
    "unpaired on paired": (
        ten_more_on_the_same_questions,
        as_many_either_way,
        the_same_answers,
        the_same_answers_have_an_interval,
        questions_in_another_order,
        no_question_in_common,
    ),
    "many comparisons": (best_and_worst_of_twenty_equals, one_of_twenty_is_better),
    "errored samples dropped": (errors_of_one_model_only,),
}
"""The cases by kind."""
