"""One simulated study for each measure of validity: what its intervals cover and what its verdicts say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from measurand.simulate.capabilities import LOADING, Simulated, pearson_of, simulate, spearman_of
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.capability.capabilities import DEFAULT, blocks_left_out, correlations_with_intervals
from measurand.stats.capability.comparison import Replicated, difference_limits, half_replicates, joint_replicates
from measurand.stats.capability.dimensionality import eigenvalue_shares, parallel_analysis
from measurand.stats.capability.pca import first_component, replicate_scores
from measurand.stats.capability.progress import excess_change, outlier_p_value
from measurand.stats.capability.regression import fit_lines, standardised_rows
from measurand.stats.intervals.correlation import jackknife_t, jackknife_z, median_limits
from measurand.stats.intervals.ranks import correlate, midranks_fixed

__all__ = ["SIMULATIONS"]

THRESHOLD = 0.5
TRUTHS = (0.0, 0.3, 0.5, 0.68, 0.85)
RESAMPLES = 400
INTERVAL = "default interval"

SIZES = ((12, 5), (26, 8), (60, 20))
"""Models and families: a small comparison, the published study's size, and a large one."""

FAMILY_SHARES = (0.0, 0.3)
"""Share of variance between families: none, and about what families that share data and recipes have."""

CELLS = tuple(
    {"models": models, "families": families, "family_share": share}
    for models, families in SIZES
    for share in FAMILY_SHARES
)


def _capabilities_correlation(
    models: int, families: int, family_share: float, level: float, rng: np.random.Generator
) -> Outcome:
    """V1: every candidate interval, and the verdicts of the default one."""
    drawn = simulate(models, families, TRUTHS, family_share, rng)
    found = correlations_with_intervals(
        drawn.capability, drawn.tested, drawn.families, level=level, resamples=RESAMPLES, rng=rng
    )
    outcome: Outcome = {}
    for method in found.low:
        what = INTERVAL if method == DEFAULT else f"candidate {method}"
        for j, truth in enumerate(TRUTHS):
            add_coverage(outcome, what, f"rho {truth:g}", truth, found.low[method][j], found.high[method][j])
    low, high = found.low[DEFAULT], found.high[DEFAULT]
    zero, middle, bound, *_, strong = range(len(TRUTHS))
    add_event(
        outcome, "false_alarm", "entangled or inverse", "rho 0", bool(low[zero] > THRESHOLD or high[zero] < -THRESHOLD)
    )
    add_event(outcome, "false_alarm", "entangled", "rho 0.3", bool(low[middle] > THRESHOLD))
    add_event(outcome, "false_alarm", "entangled", "rho 0.5, the bound", bool(low[bound] > THRESHOLD))
    add_event(
        outcome,
        "false_alarm",
        "disentangled",
        "rho 0.5, the bound",
        bool(low[bound] > -THRESHOLD and high[bound] < THRESHOLD),
    )
    add_event(outcome, "power", "entangled", "rho 0.85", bool(low[strong] > THRESHOLD))
    add_event(outcome, "power", "disentangled", "rho 0", bool(low[zero] > -THRESHOLD and high[zero] < THRESHOLD))
    return outcome


def _slope_and_spread(
    models: int, families: int, family_share: float, level: float, rng: np.random.Generator
) -> Outcome:
    """V2: the slope per standard deviation of capability."""
    drawn = simulate(models, families, TRUTHS, family_share, rng)
    weights = np.vstack([np.ones(models), blocks_left_out(drawn.families)])
    scores = standardised_rows(replicate_scores(drawn.capability, weights))
    slopes = fit_lines(scores, drawn.tested, weights).slope
    low, high = jackknife_t(slopes[0], slopes[1:], level)
    outcome: Outcome = {}
    # The population's score is the mean of the benchmarks; the slope is per SD of it over the models drawn.
    here = drawn.capability.mean(axis=1).std() / drawn.score_spread
    for j, rho in enumerate(TRUTHS):
        truth = float(pearson_of(np.array(rho))) * here
        add_coverage(outcome, INTERVAL, f"slope at rho {rho:g}", truth, low[j], high[j])
    return outcome


def _differential_progress(
    models: int, families: int, family_share: float, level: float, rng: np.random.Generator
) -> Outcome:
    """V3: a pair of models between which nothing happened beyond capability."""
    drawn = simulate(models, families, (0.68,), family_share, rng)
    scores = first_component(drawn.capability).scores
    old, new = rng.choice(models, size=2, replace=False)
    found = excess_change(scores / scores.std(), drawn.tested[:, 0], int(old), int(new), level)
    outcome: Outcome = {}
    add_coverage(outcome, INTERVAL, "no excess", 0.0, found.excess - found.half_width, found.excess + found.half_width)
    add_event(outcome, "false_alarm", "gain beyond capability", "no excess", found.excess > found.half_width)
    line = fit_lines(scores[None], drawn.tested, np.ones((1, models)))
    p_value = outlier_p_value(scores, (drawn.tested - line.intercept - line.slope * scores[:, None])[:, 0])
    add_event(outcome, "false_alarm", "a model stands out", "none does", p_value is not None and p_value < 1 - level)
    lifted = drawn.tested[:, 0].copy()
    lifted[new] += 3.0
    found = excess_change(scores / scores.std(), lifted, int(old), int(new), level)
    add_event(outcome, "power", "gain beyond capability", "excess of 3 SD", found.excess > found.half_width)
    return outcome


def _where_it_holds(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    """V5: two classes of the same families in which the correlation is the same, and the halves of one class."""
    drawn = simulate(2 * models, families, (0.0, 0.68), family_share, rng)
    outcome: Outcome = {}
    # Every other model: each class has the families of the other, with what they share.
    parts = [slice(0, None, 2), slice(1, None, 2)]
    first, second = joint_replicates(
        [drawn.capability[part] for part in parts],
        [drawn.tested[part] for part in parts],
        [[str(code) for code in drawn.families[part]] for part in parts],
    )
    _add_difference(outcome, "classes", first, second, level)
    lower, upper = half_replicates(drawn.capability[parts[0]], drawn.tested[parts[0]], drawn.families[parts[0]])
    if models >= 16:
        _add_difference(outcome, "halves", lower, upper, level)
    return outcome


def _add_difference(outcome: Outcome, between: str, first: Replicated, second: Replicated, level: float) -> None:
    _, low, high = difference_limits(first, second, level)
    for j, rho in enumerate(("rho 0 in both", "rho 0.68 in both")):
        add_coverage(outcome, f"difference between {between}", rho, 0.0, low[j], high[j])
        add_event(outcome, "false_alarm", f"{between} differ", rho, bool(low[j] > 0 or high[j] < 0))


def _training_compute(
    models: int, families: int, family_share: float, level: float, rng: np.random.Generator
) -> Outcome:
    """V6: the score with compute, and a benchmark with compute at equal capability."""
    rho_compute, rho_benchmark = 0.85, 0.68
    drawn = simulate(models, families, (rho_compute, rho_benchmark), family_share, rng)
    weights = np.vstack([np.ones(models), blocks_left_out(drawn.families)])
    score = replicate_scores(drawn.capability, weights)
    compute = np.broadcast_to(drawn.tested[:, 0], weights.shape)
    with_score, with_compute = (
        correlate(score, drawn.tested, weights),
        correlate(compute, drawn.tested[:, [1]], weights),
    )
    partial = _partial(with_compute[:, 0], with_score[:, 1], with_score[:, 0])
    # Compute and benchmark are linked by ability alone, so their Pearson correlation is the product of their loadings.
    loadings = pearson_of(np.array([rho_compute, rho_benchmark])) / drawn.reliability
    truth = _partial(spearman_of(loadings[0] * loadings[1]), np.array(rho_benchmark), np.array(rho_compute))
    outcome: Outcome = {}
    for what, values, true in (
        ("score with compute", with_score[:, [0]], rho_compute),
        ("benchmark with compute at equal capability", partial[:, None], float(truth)),
    ):
        low, high = jackknife_z(values[0], values[1:], np.array([models]), level)
        add_coverage(outcome, f"{INTERVAL}, {what}", f"rho {true:.2f}", true, low[0], high[0])
    return outcome


def _partial(xy: np.ndarray, xz: np.ndarray, yz: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        result: np.ndarray = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    return result


def _dimensionality(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    """V7: one dimension, and none."""
    drawn = simulate(models, families, (0.0,), family_share, rng)
    component = first_component(drawn.capability)
    left_out = eigenvalue_shares(drawn.capability, blocks_left_out(drawn.families))
    low, high = jackknife_t(np.array([component.share]), left_out[:, None], level)
    k = drawn.capability.shape[1]
    truth = float((1 + (k - 1) * spearman_of(np.array(LOADING**2))) / k)
    outcome: Outcome = {}
    add_coverage(outcome, f"{INTERVAL}, PC1 share", f"share {truth:.2f}", truth, low[0], high[0])
    add_event(outcome, "false_alarm", "a second component", "one dimension", _components(drawn, rng) > 1)
    noise = replace(drawn, capability=rng.standard_normal((models, k)))
    add_event(outcome, "false_alarm", "a first component", "no common dimension", _components(noise, rng) > 0)
    return outcome


def _components(drawn: Simulated, rng: np.random.Generator) -> int:
    ranks = midranks_fixed(drawn.capability, np.ones((1, len(drawn.capability))))[:, 0].T
    beats = first_component(drawn.capability).eigenvalues > parallel_analysis(ranks, permutations=1000, rng=rng)
    return int(np.argmin(beats)) if not beats.all() else len(beats)


def _headroom(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    """V9: the median position of the models."""
    drawn = simulate(models, families, (0.0,), family_share, rng)
    outcome: Outcome = {}
    low, high = median_limits(drawn.tested[:, 0], drawn.families, level)
    add_coverage(outcome, f"{INTERVAL}, median position", "median 0", 0.0, low, high)
    return outcome


SIMULATIONS = {
    "V1": Simulation(CELLS, _capabilities_correlation),
    "V2": Simulation(CELLS, _slope_and_spread),
    "V3": Simulation(CELLS, _differential_progress),
    "V5": Simulation(CELLS, _where_it_holds),
    "V6": Simulation(CELLS, _training_compute),
    "V7": Simulation(CELLS, _dimensionality),
    "V9": Simulation(CELLS, _headroom),
}
