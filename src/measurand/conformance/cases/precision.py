"""Scores that are less certain than they look."""

from __future__ import annotations

from measurand.conformance.asking import Case, either, every, near, no_interval, refuses, shown, spans, within

__all__ = ["KINDS"]


def twenty_of_twenty_against_99() -> Case:
    chance = 0.99**20
    least = 0.05 ** (1 / 20)
    return Case(
        title="20 of 20 right: is the score above 99%?",
        ask="above",
        given={"right": 20, "trials": 20, "bound": 0.99},
        answer=f"not shown: a model at 99% does as well {chance:.0%} of the time; the score could be {least:.1%}",
        why="Exact binomial: .99^20 = .818; the one-sided 95% bound is .05^(1/20) (Clopper and Pearson 1934).",
        right=shown(False),
    )


def perfect_score_has_an_interval() -> Case:
    exact, wilson = 0.025 ** (1 / 20), 20 / (20 + 1.959964**2)
    return Case(
        title="20 of 20 right: what is the interval?",
        ask="interval",
        given={"scores": [1] * 20},
        answer=f"1.00, from {exact:.3f} (exact) or {wilson:.3f} (Wilson) to 1",
        why="The standard error of equal scores is 0, which is no certainty: Clopper and Pearson .025^(1/20), Wilson "
        "20 / (20 + 1.96^2). Bowyer, Aitchison and Ivanova 2025 (arXiv 2503.01747).",
        right=every(near(1.0), within(low=(exact - 0.01, wilson + 0.02), high=(0.999, 1.0))),
    )


def none_of_twenty_has_an_interval() -> Case:
    exact, wilson = 1 - 0.025 ** (1 / 20), 1.959964**2 / (20 + 1.959964**2)
    return Case(
        title="0 of 20 right: what is the interval?",
        ask="interval",
        given={"scores": [0] * 20},
        answer=f"0, from 0 to {wilson:.3f} (Wilson) or {exact:.3f} (exact)",
        why="The mirror of 20 of 20.",
        right=every(near(0.0), within(low=(0.0, 0.001), high=(wilson - 0.02, exact + 0.01))),
    )


def near_the_ceiling_the_interval_stays_below_1() -> Case:
    return Case(
        title="29 of 30 right: what is the interval?",
        ask="interval",
        given={"scores": [1] * 29 + [0]},
        answer=".967, from .828 (exact) or .833 (Wilson) to at most 1",
        why="Mean plus and minus 1.96 standard errors reaches 1.03, a score that no model can have. Exact limits: "
        "R binom.test(29, 30): .8278 to .9992.",
        right=every(near(29 / 30), within(low=(0.80, 0.86), high=(0.98, 1.0))),
    )


def three_hundred_clean_runs() -> Case:
    bound = 1 - 0.05 ** (1 / 300)
    return Case(
        title="No failure in 300 runs: rarer than 1 in 10,000?",
        ask="rarer",
        given={"failures": 0, "trials": 300, "bound": 1e-4},
        answer=f"not shown: at most {bound:.2%}, about 1 in 100",
        why="1 - .05^(1/300), the rule of three (Hanley and Lippman-Hand 1983).",
        right=shown(False),
    )


def nothing_seen_is_a_bound_and_no_estimate() -> Case:
    bound = 1 - 0.05 ** (1 / 300)
    return Case(
        title="No failure in 300 runs: what is the rate?",
        ask="rate",
        given={"failures": 0, "trials": 300},
        answer=f"0 seen, at most {bound:.4f} (one-sided) or {1 - 0.025 ** (1 / 300):.4f} (two-sided)",
        why="The bound is no estimate: printed as the rate, it says that 3 of 300 failed.",
        right=every(near(0.0, 0.0005), within(low=(0.0, 0.0005), high=(0.009, 0.0135))),
    )


def nought_of_nought_as_a_rate() -> Case:
    return Case(
        title="No failure in 0 runs: what is the rate?",
        ask="rate",
        given={"failures": 0, "trials": 0},
        answer="refused: nothing was run",
        why="0 / 0 is undefined; a rate of 0, or a crash on division, says something about runs that never were.",
        right=refuses("0|trial|empty|no data|least|positive"),
    )


def nought_of_nought_as_a_score() -> Case:
    return Case(
        title="A score of no items",
        ask="interval",
        given={"scores": []},
        answer="refused: there are no items",
        why="The mean of nothing is undefined.",
        right=refuses("no |empty|least|0"),
    )


def one_item_is_no_grade() -> Case:
    return Case(
        title="One item, answered right: what is the score?",
        ask="interval",
        given={"scores": [1]},
        answer="1, from .025 (exact) or .207 (Wilson) to 1; or no interval",
        why="One answer fits every model that is right more often than 1 in 40 times. A public auditor gives such a "
        "log 95 of 100 points.",
        right=every(near(1.0), either(no_interval, within(low=(0.0, 0.21), high=(0.999, 1.0)))),
    )


def epochs_count_as_their_item() -> Case:
    width = 2 * 1.96 * (0.25 / 49) ** 0.5
    return Case(
        title="50 items asked 10 times, each answered the same way every time",
        ask="repeated",
        given={"scores": [item % 2 for item in range(50) for _ in range(10)], "items": _each(50, 10)},
        answer=f".50, {width:.2f} wide, as 50 items are; not {2 * 1.96 * (0.25 / 500) ** 0.5:.2f}, as 500 would be",
        why="Repeats of an item tell nothing of the other items that might have been asked: the variance is that of "
        "the 50 item means (Miller 2024, arXiv 2411.00640).",
        right=every(near(0.5), spans(0.9 * width, 1.15 * width)),
    )


def uneven_epochs_weigh_an_item_once() -> Case:
    return Case(
        title="25 easy items asked 10 times, 25 hard ones once",
        ask="repeated",
        given={
            "scores": [1] * 250 + [0] * 25,
            "items": [item for item in range(25) for _ in range(10)] + list(range(25, 50)),
        },
        answer=".50: half of the items are answered; not .91, the share of the rows",
        why="A retry adds rows and no items; the mean over rows weighs an item by how often it was asked.",
        right=near(0.5),
    )


def _each(items: int, times: int) -> list[int]:
    return [item for item in range(items) for _ in range(times)]


KINDS = {
    "a perfect score": (
        twenty_of_twenty_against_99,
        perfect_score_has_an_interval,
        none_of_twenty_has_an_interval,
        near_the_ceiling_the_interval_stays_below_1,
        one_item_is_no_grade,
    ),
    "a bound as an estimate": (three_hundred_clean_runs, nothing_seen_is_a_bound_and_no_estimate),
    "0 of 0": (nought_of_nought_as_a_rate, nought_of_nought_as_a_score),
    "epochs as items": (epochs_count_as_their_item, uneven_epochs_weigh_an_item_once),
}
"""The cases by kind."""
