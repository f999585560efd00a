"""One simulated set of texts with log-probabilities: none seen, some seen, or members that differ in their words."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.measures.gaming.membership import judge, membership
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.texts.membership import min_k_plus_plus
from measurand.stats.texts.two_sample import auroc
from measurand.tables.token_logprobs import TokenLogprobs

__all__ = ["SIMULATIONS", "table"]

WORDS, SHORTEST, LONGEST = 2000, 10, 70
"""Different words, and the fewest and the most tokens of a text."""
ANSWER = 3
"""Tokens of an answer, the last of a text, where these alone are looked at."""
EFFECT = 0.5
"""By how much a seen text's tokens are better known, in standard deviations of a text's mean."""
DATED = 0.25
"""Share of the members that hold a word which no other text holds, as texts of other years do."""


REFERENCE = "reference"


def table(
    texts: int,
    seen: float,
    dated: float,
    rng: np.random.Generator,
    words: int = WORDS,
    *,
    easier: float = 0.0,
    reference: bool = False,
    answers: bool = False,
) -> TokenLogprobs:
    """Texts of unequal length of which half are members, known better by `seen` text-level standard deviations.

    By `easier` more they are known better by any model, such as the reference, which has seen none of them. Of answers,
    the last tokens, only these are known better, and only these are looked at.
    """
    member = np.arange(texts) % 2 == 0
    lengths = rng.integers(SHORTEST, LONGEST + 1, texts)
    ranks = np.clip(words ** rng.random((texts, LONGEST)) * 5 - 5, 0, words - 1).astype(np.int64)
    marked = member & (rng.random(texts) < dated)
    ranks[marked, 0] = words + rng.integers(0, 3, int(marked.sum()))
    spreads = rng.uniform(0.8, 1.6, (texts, LONGEST))
    means = -3 - rng.random((texts, LONGEST))
    known = np.arange(LONGEST) >= (lengths - ANSWER)[:, None] if answers else np.ones((texts, LONGEST), dtype=np.bool_)
    said = [[f"w{rank}" for rank in row[:length]] for row, length in zip(ranks.tolist(), lengths, strict=True)]
    level = 0.3 * rng.standard_normal(texts) + 0.3 * easier * member
    frames = []
    for model, own in (("model", level + 0.3 * seen * member), *([(REFERENCE, level)] * reference)):
        noise = rng.standard_normal((texts, LONGEST))
        logprobs = np.minimum(means + spreads * (noise + own[:, None] * known + 1), -1e-3)
        frame = {
            "model": [model] * texts,
            "text": [" ".join(text) for text in said],
            "member": member,
            "logprobs": _cut(logprobs, lengths),
            "means": _cut(means, lengths),
            "spreads": _cut(spreads, lengths),
        }
        if answers:
            frame |= {"answer": [" ".join(text[-ANSWER:]) for text in said], "start": lengths - ANSWER}
        frames.append(pl.DataFrame(frame))
    return TokenLogprobs.build(pl.concat(frames))


def _cut(values: npt.NDArray[np.float64], lengths: npt.NDArray[np.int64]) -> list[list[float]]:
    return [row[:length] for row, length in zip(values.tolist(), lengths, strict=True)]


@cache
def _true_area(seen: float) -> float:
    """Area of Min-20%++ over very many texts."""
    rng, areas = np.random.default_rng(0), []
    for _ in range(20):
        many = table(3000, seen, 0.0, rng).frame
        rows = many.select("logprobs", "means", "spreads").iter_rows()
        scores = [min_k_plus_plus(logprobs, means, spreads, 0.2) for logprobs, means, spreads in rows]
        areas.append(auroc(scores, many["member"].to_numpy()))
    return float(np.mean(areas))


def _run(texts: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    for seen, name in ((0.0, "no text seen"), (EFFECT, f"members known better by {EFFECT:g} SD")):
        result = membership(table(texts, seen, 0.0, rng), permutations=199, level=level, rng=rng)
        attack = result.models[0].attacks[0]
        truth = _true_area(seen) if seen else 0.5
        add_coverage(outcome, "interval of the area", name, truth, attack.area.low, attack.area.high)
        if not seen:
            refused = judge(result)[1].status is Status.NOT_APPLICABLE
            add_event(outcome, "false_alarm", "refused for the words", "texts alike", refused)
    dated = f"a dated word in {DATED:.0%} of the members"
    for seen, marked, easier, name in (
        (0.0, 0.0, 0.0, "no text seen"),
        (0.0, 0.0, EFFECT, f"no text seen, members easier by {EFFECT:g} SD"),
        (EFFECT, 0.0, 0.0, f"members known better by {EFFECT:g} SD"),
        (0.0, DATED, 0.0, dated),
    ):
        own = table(texts, seen, marked, rng, easier=easier, reference=True)
        status = judge(membership(own, reference=REFERENCE, permutations=199, level=level, rng=rng))[1].status
        quantity = "power" if seen else "false_alarm"
        add_event(outcome, quantity, "said to have been seen", name, status is Status.ISSUE)
        if marked:
            add_event(outcome, "power", "refused for the words", name, status is Status.NOT_APPLICABLE)
    for seen, easier, name in (
        (0.0, 0.0, "no answer seen"),
        (0.0, EFFECT, f"no answer seen, members' easier by {EFFECT:g} SD"),
        (2 * EFFECT, 0.0, f"members' answers known better by {2 * EFFECT:g} SD"),
    ):
        own = table(texts, seen, 0.0, rng, easier=easier, reference=True, answers=True)
        status = judge(membership(own, reference=REFERENCE, permutations=199, level=level, rng=rng))[1].status
        quantity = "power" if seen else "false_alarm"
        add_event(outcome, quantity, "said to have been seen", name, status is Status.ISSUE)
    return outcome


CELLS = tuple({"texts": texts} for texts in (60, 200, 400))

SIMULATIONS = {
    "G4": Simulation(
        CELLS,
        _run,
        regime=(
            "log-probabilities of texts of 10 to 70 tokens, half of them members: none seen, members better known by "
            ".5 SD, by the model alone or by the reference as well, or a quarter of the members told by a dated word; "
            "the same of answers of 3 tokens, better known by 1 SD"
        ),
    )
}
