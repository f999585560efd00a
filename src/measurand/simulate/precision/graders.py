"""Simulated graders with known errors: what P12's intervals cover and what its verdicts say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.measures.precision.graders import graders, judge
from measurand.measures.precision.shared.grading import LEAST_LABELLED
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import RESPONSE_COLUMNS, Responses

__all__ = ["SIMULATIONS", "true_kappa"]

Floats = npt.NDArray[np.float64]

RATE = 0.3
"""Share of samples that are truly positive."""

SHARED = 0.25
"""Intra-cluster correlation of being positive: one over one more than the sum of the beta distribution's parameters."""

FAIR = (0.9, 0.9571)
"""Sensitivity and specificity of a grader whose errors cancel: 0.3 * 0.1 = 0.7 * 0.0429."""

STRICT = (0.7, 0.99)
"""One that misses many: its rate is 0.217, 8.3 points too low."""


def true_kappa(rate: float, sensitivity: float, specificity: float) -> float:
    """Kappa between the truth and a grader.

    Examples
    --------
    >>> round(true_kappa(0.5, 0.9, 0.9), 6)
    0.8
    """
    graded = rate * sensitivity + (1 - rate) * (1 - specificity)
    agreed = rate * sensitivity + (1 - rate) * specificity
    chance = rate * graded + (1 - rate) * (1 - graded)
    return (agreed - chance) / (1 - chance)


def _graders(samples: int, labelled: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    """P12: one model's samples, of which people labelled some and two graders all: a fair one and a strict one.

    Clusters are as unequal as users have them: log-normal sizes, from 1 to 100 samples.
    """
    codes = np.repeat(np.arange(clusters), unequal_sizes(clusters, rng)) if clusters else np.arange(samples)
    # The same share labelled, whatever size the clusters add up to.
    labelled, samples = max(round(labelled * len(codes) / samples), LEAST_LABELLED), len(codes)
    if clusters:
        odds = (1 - SHARED) / SHARED
        chance = rng.beta(RATE * odds, (1 - RATE) * odds, clusters)[codes]
    else:
        chance = np.full(samples, RATE)
    truth = rng.random(samples) < chance
    hand = np.where(rng.permutation(samples) < labelled, truth.astype(float), np.nan)
    by = {"fair": _graded(truth, *FAIR, rng), "human": hand, "strict": _graded(truth, *STRICT, rng)}
    result = graders(_responses(by, codes, bool(clusters)), level=level, resamples=400, rng=rng)
    outcome: Outcome = {}
    for name, powers in (("fair", FAIR), ("strict", STRICT)):
        (pair,) = (found for found in result.agreements if (found.first, found.second) == ("human", name))
        kappa = true_kappa(RATE, *powers)
        add_coverage(outcome, "kappa", f"kappa {kappa:.2f}", kappa, *pair.value[1:])
        (shift,) = (found for found in result.shifts if (found.first, found.second) == ("human", name))
        moved = RATE * powers[0] + (1 - RATE) * (1 - powers[1]) - RATE
        add_coverage(outcome, "score shift", f"shift {moved:.2f}", moved, *shift.difference[1:])
        (found,) = (found for found in result.corrections if found.grader == name)
        add_coverage(outcome, f"prediction-powered, {name} grader", f"rate {RATE:g}", RATE, *found.powered[1:])
        if found.corrected is not None:
            limits = found.corrected.rate[1:]
            add_coverage(outcome, f"Rogan-Gladen, {name} grader", f"rate {RATE:g}", RATE, *limits)
    truly = _true_alpha(samples, labelled)
    add_coverage(
        outcome, "Krippendorff's alpha of the three", f"alpha {truly:.2f}", truly, *result.together[0].alpha[1:]
    )
    for finding in judge(result):
        pair_of, model = finding.subject.get("graders"), finding.subject.get("model")
        if pair_of == "human and fair" and model is not None:
            add_event(outcome, "false_alarm", "score moves", "no shift", finding.status is Status.ISSUE)
        if pair_of == "fair and strict" and model is not None:
            add_event(outcome, "power", "score moves by over 5 points", "8 points", finding.status is Status.ISSUE)
        if finding.subject.get("grader") == "fair":
            add_event(outcome, "false_alarm", "score as graded is off", "it is right", finding.status is Status.ISSUE)
    return outcome


def _graded(truth: npt.NDArray[np.bool_], sensitivity: float, specificity: float, rng: np.random.Generator) -> Floats:
    return (rng.random(len(truth)) < np.where(truth, sensitivity, 1 - specificity)).astype(np.float64)


def _true_alpha(samples: int, labelled: int) -> float:
    """Alpha of the three graders in very many samples of which the same share is hand-labelled.

    A sample of three ratings weighs three pairs and counts three ratings, one of two ratings one pair and two.
    """
    share = labelled / samples
    means = {"human": RATE} | {
        name: RATE * sensitivity + (1 - RATE) * (1 - specificity)
        for name, (sensitivity, specificity) in (("fair", FAIR), ("strict", STRICT))
    }
    differ = {
        "fair": RATE * (1 - FAIR[0]) + (1 - RATE) * (1 - FAIR[1]),
        "strict": RATE * (1 - STRICT[0]) + (1 - RATE) * (1 - STRICT[1]),
    }
    apart = RATE * (FAIR[0] * (1 - STRICT[0]) + (1 - FAIR[0]) * STRICT[0])
    apart += (1 - RATE) * (FAIR[1] * (1 - STRICT[1]) + (1 - FAIR[1]) * STRICT[1])
    # Each pair that differs adds 2 / (m - 1) to the observed disagreement.
    observed = share * (differ["fair"] + differ["strict"] + apart) + (1 - share) * 2 * apart
    ratings = 2 + share
    positive = (share * means["human"] + means["fair"] + means["strict"]) / ratings
    return 1 - observed / ratings / (2 * positive * (1 - positive))


def unequal_sizes(clusters: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Sizes of clusters as users have them, shape (clusters,): log-normal, median 9, cut to 1 to 100."""
    sizes: npt.NDArray[np.int64] = np.clip(np.exp(2.2 + 1.2 * rng.standard_normal(clusters)), 1, 100).astype(np.int64)
    return sizes


def _responses(by: Mapping[str, Floats], codes: npt.NDArray[np.int64], clustered: bool) -> Responses:
    frames = [pl.DataFrame(schema=RESPONSE_COLUMNS)]
    for name, scores in by.items():
        place = np.flatnonzero(np.isfinite(scores))
        cluster = codes[place]
        frames.append(
            pl.DataFrame(
                {"item": place.astype(str), "score": scores[place], "context_hash": cluster.astype(str)}
            ).with_columns(pl.lit(name).alias("grader"), pl.lit("m").alias("model"), pl.lit("b").alias("benchmark"))
        )
    return Responses(pl.concat(frames, how="diagonal").lazy(), "context_hash" if clustered else None)


CELLS = (
    {"samples": 200, "labelled": 50, "clusters": 0},
    {"samples": 1000, "labelled": 200, "clusters": 0},
    {"samples": 600, "labelled": 200, "clusters": 40},
    {"samples": 300, "labelled": 150, "clusters": 20},
)

SIMULATIONS: Mapping[str, Simulation] = {
    "P12": Simulation(
        CELLS,
        _graders,
        regime=(
            "two graders of known errors, a fair and a strict one, and hand labels of a part of the samples; "
            "samples independent or in clusters of unequal size (log-normal, SD of the log 1.2, cut to 1 to 100 "
            "samples)"
        ),
    )
}
