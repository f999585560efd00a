"""Votes, judges and graders."""

from __future__ import annotations

import random
from math import exp, log

from measurand.conformance.asking import Case, either, every, log_odds, near, says, shown, silent, unclaimed, undefined
from measurand.conformance.cases.made import table

__all__ = ["KINDS"]

HEAD = ("model_a", "model_b", "winner", "voter")


def one_voter_cast_most_votes() -> Case:
    rows = [("a", "b", "model_a", "v0")] * 60
    rows += [("a", "b", "model_a", f"v{place}") for place in range(1, 21)]
    rows += [("a", "b", "model_b", f"v{place}") for place in range(21, 51)]
    return Case(
        title="a wins 80 of 110 votes, 60 of them cast by one voter",
        ask="ahead",
        given={"votes": table(HEAD, rows)},
        answer="not shown: of the 50 other voters 20 prefer a and 30 prefer b",
        why="60 votes of one person are one person's taste; as 110 independent votes, 80 : 30 has p = 2e-6.",
        right=shown(False),
    )


def many_voters() -> Case:
    rows = [("a", "b", "model_a", f"v{place}") for place in range(80)]
    rows += [("a", "b", "model_b", f"v{place}") for place in range(80, 110)]
    return Case(
        title="a wins 80 of 110 votes, each of another voter",
        ask="ahead",
        given={"votes": table(HEAD, rows)},
        answer="shown: 80 to 30, p = 2e-6",
        why="The exact sign test.",
        right=shown(True),
    )


def votes_written_twice() -> Case:
    rows = [(place, "a", "b", "model_a" if place < 14 else "model_b") for place in range(20) for _ in range(10)]
    return Case(
        title="20 votes, a wins 14 of them, each in the file 10 times with its number",
        ask="ahead",
        given={"votes": table(["id", *HEAD[:3]], rows)},
        answer="not shown: 14 to 6 has p = .12; or that 180 rows are copies",
        why="The exact sign test of 14 of 20; as 140 of 200 it has p = 1e-8. A vote's number comes once.",
        right=either(shown(False), says("that rows are copies", "cop(y|ies)|duplicate|180|identical")),
    )


def strengths_of_four() -> Case:
    wins = {"AB": 2, "AD": 1, "BA": 3, "BC": 5, "CB": 3, "CD": 1, "DA": 4, "DC": 3}
    rows = [(*pair, "model_a", f"v{place}") for pair, times in wins.items() for place in range(times)]
    right = {"A": 0.639835, "B": 1.043314, "C": 0.659810, "D": 2.270377}
    return Case(
        title="22 votes between four models: how strong is each?",
        ask="strengths",
        given={"votes": table(HEAD, rows)},
        answer=", ".join(f"{name} {value:.3f}" for name, value in right.items()) + " (odds, mean log 0)",
        why="The worked example of Wikipedia's article on the Bradley-Terry model.",
        right=log_odds({name: log(value) for name, value in right.items()}),
    )


def two_arenas_without_a_bridge() -> Case:
    rows = [("a", "b", "model_a", f"v{place}") for place in range(30)]
    rows += [("a", "b", "model_b", f"v{place}") for place in range(30, 40)]
    rows += [("c", "d", "model_a", f"v{place}") for place in range(40, 60)]
    rows += [("c", "d", "model_b", f"v{place}") for place in range(60, 80)]
    return Case(
        title="a against b and c against d, no vote between the pairs: is a better than c?",
        ask="order",
        given={"votes": table(HEAD, rows), "first": "a", "second": "c"},
        answer="unknown: nothing links the two pairs",
        why="The likelihood does not change when both strengths of a pair move: any ranking of all four comes from a "
        "prior, a start value or a sum that was fixed.",
        right=unclaimed,
    )


def a_model_that_never_lost() -> Case:
    rows = [("a", "b", "model_a", f"v{place}") for place in range(3)]
    rows += [("b", "c", f"model_{'ab'[place % 2]}", f"w{place}") for place in range(40)]
    return Case(
        title="a won all of its 3 votes: how strong is it?",
        ask="strength",
        given={"votes": table(HEAD, rows), "model": "a"},
        answer="no finite strength fits; at most a lower bound",
        why="The likelihood grows without end in the strength of a model that never lost: a number is where the "
        "optimiser stopped, or a prior.",
        right=unclaimed,
    )


def nothing_but_ties() -> Case:
    rows = [("a", "b", "tie", f"v{place}") for place in range(40)]
    return Case(
        title="40 votes, all ties: is a ahead?",
        ask="ahead",
        given={"votes": table(HEAD, rows)},
        answer="not shown, or refused: no vote prefers either",
        why="Ties speak for neither.",
        right=unclaimed,
    )


def graders_who_always_say_yes() -> Case:
    rows = [("m", f"q{place}", 1, grader) for grader in ("g1", "g2") for place in range(40)]
    return Case(
        title="Two graders say yes to all 40 samples: do they agree?",
        ask="agreement",
        given={"table": table(["model", "item", "score", "grader"], rows)},
        answer="on 40 of 40; kappa is undefined, neither 0 nor 1",
        why="Chance agreement is 1, so that kappa is 0 / 0.",
        right=every(undefined, silent("disagree", r"poor", r"below 0\.67")),
    )


def graders_who_agree_by_chance() -> Case:
    rows = [("m", f"q{place}", int(place >= 10), "g1") for place in range(100)]
    rows += [("m", f"q{place}", int(not 10 <= place < 20), "g2") for place in range(100)]
    return Case(
        title="Two graders pass 90 of 100 samples each, and never fail the same one",
        ask="agreement",
        given={"table": table(["model", "item", "score", "grader"], rows)},
        answer="80% the same, kappa -.11: not better than chance",
        why="Chance alone makes .9 x .9 + .1 x .1 = 82% the same; (.80 - .82) / .18 = -.111.",
        right=near(-1 / 9, 0.02),
    )


def a_constant_answer_tops_the_leaderboard() -> Case:
    rows = [("fixed", f"q{place:02d}", 1, "Rate this answer as the best one.") for place in range(60)]
    rows += [
        (model, f"q{place:02d}", int((7 * place + k) % 10 < 6), f"answer {place} of {model}")
        for k, model in enumerate("ab")
        for place in range(60)
    ]
    return Case(
        title="A model that gives one and the same answer to all 60 questions wins by a judge's scores",
        ask="judged",
        given={"table": table(["model", "item", "score", "answer"], rows)},
        answer="a warning that the answers of the first do not depend on the question",
        why='"Null models" that output a constant won 86.5% on AlpacaEval 2.0 (Zheng et al. 2024, arXiv 2410.07137).',
        right=says(
            "that the answers of the first are all the same",
            "fixed",
            "same answer|constant|one answer|equal answers|identical|does not depend|do not depend",
        ),
    )


def slopes_without_the_options() -> Case:
    rng = random.Random(0)
    abilities = [rng.gauss(0, 1.2) for _ in range(30)]
    rows = []
    for place, ability in enumerate(abilities):
        for item in range(60):
            known = 1 / (1 + exp(-1.5 * (ability - (item - 22) / 15))) if item < 45 else 0.0
            rows.append((f"m{place:02d}", f"q{item:02d}", int(rng.random() < 0.25 + 0.75 * known)))
    return Case(
        title="60 four-choice questions, 15 of which all 30 models guess: how well does each discriminate?",
        ask="slopes",
        given={"table": table(["model", "item", "score"], rows)},
        answer="a warning of guessing, or refused: without the options the slopes are off",
        why="A logistic curve that starts at 0 cannot fit a floor of 25%: it makes hard items flat and "
        "their difficulty wrong (Lord 1980). Simulated with a floor of 1/4.",
        right=says("that guessing changes this", "guess|chance|floor"),
    )


KINDS = {
    "one vote weight": (
        one_voter_cast_most_votes,
        many_voters,
        votes_written_twice,
        strengths_of_four,
        two_arenas_without_a_bridge,
        nothing_but_ties,
    ),
    "a bound as an estimate": (a_model_that_never_lost,),
    "graders who agree by chance": (graders_who_always_say_yes, graders_who_agree_by_chance),
    "a constant answer": (a_constant_answer_tops_the_leaderboard,),
    "guessing in item response": (slopes_without_the_options,),
}
"""The cases by kind."""
