"""Simulated repeated attempts: rates from a beta distribution, from another, and with behaviours that hide."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit, ndtr, ndtri
from scipy.stats import beta as beta_distribution

from measurand.measures.forecast.attempts import judge, repeated_attempts
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.attempts.beta_binomial import beta_pass_at_k
from measurand.tables import Attempts

__all__ = ["SIMULATIONS", "hidden_truth", "lognormal_truth", "pareto_truth", "table"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
A, B = 0.3, 3.0
"""Beta distribution of the rates, as in Kazdan et al.'s examples."""
CENTRE, SPREAD = -4.0, 2.5
"""Logit-normal rates of the same kind, which no beta distribution fits."""
PARETO, LEAST_RATE = 0.6, 1e-3
"""Rates of a Pareto distribution of that shape from that rate on, cut at 1: most are rare, a few nearly certain."""
HIDDEN = 0.3
"""Share of behaviours whose rate is one in ten times the attempts made; the others never come."""
TOLERATED = 0.1


def table(
    rates: Floats, attempts: int, clusters: Ints | None, rng: np.random.Generator, uneven: float = 0.0
) -> Attempts:
    """Attempts of a fixed number at each behaviour, and a quarter as many at a share of them."""
    n = len(rates)
    made = np.where(rng.permutation(n) < uneven * n, max(1, attempts // 4), attempts)
    frame = {
        "target": "m",
        "behaviour": np.repeat([f"b{i}" for i in range(n)], made),
        "success": (rng.random(made.sum()) < np.repeat(rates, made)).astype(float),
    }
    if clusters is not None:
        frame["cluster"] = np.repeat([f"c{code}" for code in clusters], made)
    return Attempts.build(pl.DataFrame(frame))


def lognormal_truth(k: float) -> float:
    """True success after k attempts over logit-normal rates."""
    grid = (np.arange(4000) + 0.5) / 4000
    rates = expit(CENTRE + SPREAD * ndtri(grid))
    return float(np.mean(-np.expm1(k * np.log1p(-rates))))


def pareto_rates(uniform: Floats) -> Floats:
    """Rates at quantiles of the Pareto distribution."""
    return np.minimum(LEAST_RATE * (1 - uniform) ** (-1 / PARETO), 1.0)


def pareto_truth(k: float) -> float:
    """True success after k attempts over Pareto rates."""
    rates = np.minimum(pareto_rates((np.arange(20_000) + 0.5) / 20_000), 1 - 1e-15)
    return float(np.mean(-np.expm1(k * np.log1p(-rates))))


def hidden_truth(attempts: int, k: float) -> float:
    """True success after k attempts where a share of behaviours has a rate of a tenth of one in the attempts made."""
    return HIDDEN * -math.expm1(k * math.log1p(-0.1 / attempts))


def _beta_rates(n: int, clusters: int, rng: np.random.Generator, mean: float) -> tuple[Floats, Ints | None]:
    """Rates from a beta distribution with a + b as A + B; those of a cluster are alike."""
    a = mean * (A + B)
    if not clusters:
        return rng.beta(a, A + B - a, n), None
    # As unequal as users have them: log-normal shares, each cluster with one behaviour at least.
    shares = np.exp(1.2 * rng.standard_normal(clusters))
    codes = np.concatenate([np.arange(clusters), rng.choice(clusters, n - clusters, p=shares / shares.sum())])
    shared = math.sqrt(0.3) * rng.standard_normal(clusters)[codes] + math.sqrt(0.7) * rng.standard_normal(n)
    return beta_distribution.ppf(ndtr(shared), a, A + B - a), codes


def _run(
    behaviours: int, attempts: int, clusters: int, uneven: float, level: float, rng: np.random.Generator
) -> Outcome:
    outcome: Outcome = {}
    asked = 10 * attempts
    truth = float(beta_pass_at_k(A, B, asked))
    rates, codes = _beta_rates(behaviours, clusters, rng, A / (A + B))
    drawn = table(rates, attempts, codes, rng, uneven)
    row = repeated_attempts(drawn, resamples=200, level=level, rng=rng).rows[0]
    name = f"rates beta({A:g}, {B:g}), ten times the attempts"
    add_coverage(outcome, "forecast", name, truth, row.joint.low, row.joint.high)
    add_coverage(outcome, "beta-binomial alone", name, truth, row.beta.low, row.beta.high)
    add_coverage(outcome, "power-law forecast", name, truth, row.power.low, row.power.high)
    made = float(beta_pass_at_k(A, B, attempts))
    add_coverage(outcome, "success observed", "after all attempts made", made, row.seen.low, row.seen.high)
    if row.backtest is not None:
        add_event(outcome, "false_alarm", "back-test said to have missed", name, row.backtest.missed)
    _add_verdicts(outcome, behaviours, attempts, clusters, level, rng)
    if not clusters and not uneven:
        _add_misfits(outcome, behaviours, attempts, level, rng)
    return outcome


def _add_verdicts(
    outcome: Outcome, behaviours: int, attempts: int, clusters: int, level: float, rng: np.random.Generator
) -> None:
    """Verdicts where the true success is the tolerated one, three times it, and a tenth of it."""
    asked = 10 * attempts
    cases = (
        (TOLERATED, "false_alarm", Status.ISSUE, "above the tolerated rate"),
        (TOLERATED, "false_alarm", Status.PASSED, "below the tolerated rate"),
        (0.3, "power", Status.ISSUE, "above the tolerated rate"),
        (0.01, "power", Status.PASSED, "below the tolerated rate"),
    )
    for share in (TOLERATED, 0.3, 0.01):
        rates, codes = _beta_rates(behaviours, clusters, rng, _mean_for(share, asked))
        found = repeated_attempts(table(rates, attempts, codes, rng), resamples=200, level=level, rng=rng)
        status = judge(found, tolerated=TOLERATED)[1].status
        for of, quantity, wanted, what in cases:
            if of == share:
                name = f"{share:.0%} come where {TOLERATED:.0%} are tolerated"
                add_event(outcome, quantity, what, name, status is wanted)


def _add_misfits(outcome: Outcome, behaviours: int, attempts: int, level: float, rng: np.random.Generator) -> None:
    """What the forecast does where rates are no beta distribution, and where behaviours hide from the attempts made."""
    asked = 10 * attempts
    rates = expit(CENTRE + SPREAD * rng.standard_normal(behaviours))
    row = repeated_attempts(table(rates, attempts, None, rng), resamples=200, level=level, rng=rng).rows[0]
    name = "rates logit-normal, ten times the attempts"
    truth = lognormal_truth(asked)
    add_coverage(outcome, "forecast", name, truth, row.joint.low, row.joint.high)
    add_coverage(outcome, "beta-binomial alone", name, truth, row.beta.low, row.beta.high)
    add_coverage(outcome, "power-law forecast", name, truth, row.power.low, row.power.high)
    rates = pareto_rates(rng.random(behaviours))
    row = repeated_attempts(table(rates, attempts, None, rng), resamples=200, level=level, rng=rng).rows[0]
    truth, name = pareto_truth(asked), f"rates Pareto({PARETO:g}), ten times the attempts"
    add_coverage(outcome, "forecast", name, truth, row.joint.low, row.joint.high)
    hidden = np.where(rng.random(behaviours) < HIDDEN, 0.1 / attempts, 0.0)
    found = repeated_attempts(table(hidden, attempts, None, rng), resamples=200, level=level, rng=rng)
    name = f"{HIDDEN:.0%} of behaviours at a rate of a tenth of one in the attempts made"
    joint = found.rows[0].joint
    add_coverage(outcome, "forecast", name, hidden_truth(attempts, asked), joint.low, joint.high)
    passed = judge(found, tolerated=TOLERATED)[1].status is Status.PASSED
    add_event(outcome, "false_alarm", "below the tolerated rate", name, passed)


def _mean_for(share: float, asked: int) -> float:
    """Mean rate at which that share comes within the asked attempts."""
    low, high = 1e-12, 0.999
    for _ in range(100):
        middle = math.sqrt(low * high)
        above = float(beta_pass_at_k(middle * (A + B), (1 - middle) * (A + B), asked)) > share
        low, high = (low, middle) if above else (middle, high)
    return low


CELLS = tuple(
    {"behaviours": behaviours, "attempts": attempts, "clusters": clusters, "uneven": uneven}
    for behaviours, attempts, clusters, uneven in (
        (20, 20, 0, 0.0),
        (100, 100, 0, 0.0),
        (160, 20, 16, 0.0),
        (60, 40, 0, 0.4),
    )
)

SIMULATIONS = {
    "F2": Simulation(
        CELLS,
        _run,
        regime=(
            "behaviours whose success rates follow a beta distribution or, where independent, also a logit-normal "
            "and a Pareto one (shape .6), or hide from the attempts made; independent or in clusters of unequal "
            "size; in one kind of study 40% of them are tried a quarter as often"
        ),
        beside=("beta-binomial alone", "power-law"),
    )
}
