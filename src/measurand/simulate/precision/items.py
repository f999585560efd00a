"""Simulated answers with known item parameters: what P11's intervals cover and what its verdicts say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtri

from measurand.measures.precision.items import Items, judge
from measurand.measures.precision.shared.item_analysis import SCALE_WITHIN, analyse
from measurand.measures.verdicts import family
from measurand.results import Status
from measurand.simulate.capabilities import members, with_families
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_estimate, add_event
from measurand.stats.items.reliability import item_rest
from measurand.tables import ItemTable

__all__ = ["SIMULATIONS", "true_reliability"]

Floats = npt.NDArray[np.float64]

SLOPE_SPREAD = 0.3
"""Standard deviation of log slopes: from half to twice the middle one in 98% of items."""

FAMILY_SHARE = 0.3
"""Share of the variance of ability between families, where models come in families."""

REVERSED = 0.1
"""Share of items that the stronger models fail more often, where some do."""


def true_reliability(slopes: Floats, difficulties: Floats, guessing: float = 0.0) -> tuple[float, float]:
    """Alpha and the standard error of measurement of the mean score in the population of models, by quadrature.

    Examples
    --------
    >>> alpha, sem = true_reliability(np.ones(20), np.zeros(20))
    >>> round(alpha, 3), round(sem, 3)
    (0.808, 0.102)
    """
    points, weights = np.polynomial.hermite_e.hermegauss(61)
    weights = weights / weights.sum()
    p = guessing + (1 - guessing) * expit(slopes[:, None] * (points - difficulties[:, None]))
    rate, total, k = p @ weights, p.sum(axis=0), len(slopes)
    spread = weights @ total**2 - (weights @ total) ** 2 + ((p * (1 - p)) @ weights).sum()
    alpha = k / (k - 1) * (1 - (rate * (1 - rate)).sum() / spread)
    return float(alpha), float(np.sqrt(spread * (1 - alpha)) / k)


def _items(
    models: int,
    items: int,
    missing: float,
    guessing: float,
    known: int,
    families: int,
    level: float,
    rng: np.random.Generator,
) -> Outcome:
    """P11: items that fit the model and all point the same way; then with a tenth of them reversed.

    A right answer is guessed with probability `guessing`, which the audit knows (the items have options) or not. Where
    models are of families (0 families: each is its own), these hold `FAMILY_SHARE` of the variance of ability.

    Takes about 0.1 s: the model is refitted to 20 sets of drawn answers, as in the audit, for the verdict on it.
    """
    slopes = np.exp(SLOPE_SPREAD * rng.standard_normal(items))
    difficulties = rng.standard_normal(items)
    member = members(models, families, rng) if families else None
    ability = rng.standard_normal(models)
    if member is not None:
        ability = with_families(member, 1, FAMILY_SHARE, rng)[:, 0]
    ran = np.where(rng.random((models, items)) < missing, np.nan, 1.0)
    scores = _answers(ability, slopes, difficulties, guessing, rng) * ran
    table = ItemTable.of("simulated", [f"m{i}" for i in range(models)], scores)
    floor = np.full(items, guessing) if known else None
    found = analyse(table, level=level, rng=rng, guessing=floor, families=member)
    findings = {f.subject.get("part"): f for f in judge(Items((found,), (), level))}
    outcome: Outcome = {}
    if missing == 0:
        alpha, sem = true_reliability(slopes, difficulties, guessing)
        reliable = findings["reliability"]
        add_estimate(outcome, "reliability", "population of models", alpha, reliable.estimate("reliability"))
        add_estimate(outcome, "measurement error", "population of models", sem, reliable.estimate("measurement_error"))
    within = True
    add_event(outcome, "power", "item response model is fitted", "model true", found.response_model is not None)
    if found.response_model is not None:
        fit, rested = found.response_model.fit, findings["item response model"].status
        # The scale a fit can know is that of the models drawn, so a slope is per standard deviation of theirs.
        truth = slopes * ability.std()
        half = ndtri((1 + level) / 2) * fit.slope_se[0]
        add_coverage(outcome, "slope of an item", "slope", truth[0], fit.slopes[0] - half, fit.slopes[0] + half)
        ratio = float(fit.slopes @ truth / (truth @ truth))
        within = abs(ratio - 1) < SCALE_WITHIN
        add_event(outcome, "false_alarm", "does not recover its scale", "model true", rested is Status.ISSUE)
        add_event(outcome, "power", "single slopes can be read", "model true", rested is Status.PASSED)
        if np.isfinite(found.response_model.misfit_q).any():
            misfits = findings["item table"].estimate("misfitting_items").value or 0
            add_event(outcome, "false_alarm", "some item does not follow ability", "all do", misfits > 0)
    add_event(outcome, "power", "scale of the slopes within 20%, or refused", "model true", within)
    flagged = findings["item table"].status is Status.ISSUE
    add_event(outcome, "false_alarm", "some item is failed by stronger models", "none is", flagged)
    tenth = np.arange(items) < REVERSED * items
    for quantity, slope, truth in (("false_alarm", 0, "a tenth says nothing"), ("power", -1, "a tenth of items is")):
        drawn = _answers(ability, slopes * np.where(tenth, slope, 1), difficulties, guessing, rng) * ran
        rest = item_rest(drawn)
        other = replace(found, item_rest=rest.correlation, negative_q=family(rest.p_negative, "bh"))
        table_of = next(f for f in judge(Items((other,), (), level)) if f.subject.get("part") == "item table")
        some = table_of.status is Status.ISSUE
        add_event(outcome, quantity, "some item is failed by stronger models", truth, some)
    return outcome


def _answers(
    ability: Floats, slopes: Floats, difficulties: Floats, guessing: float, rng: np.random.Generator
) -> Floats:
    p = guessing + (1 - guessing) * expit(slopes * (ability[:, None] - difficulties))
    return (rng.random(p.shape) < p).astype(np.float64)


CELLS = (
    {"models": 12, "items": 60, "missing": 0.0, "guessing": 0.0, "known": 1, "families": 0},
    {"models": 22, "items": 200, "missing": 0.0, "guessing": 0.0, "known": 0, "families": 0},
    {"models": 100, "items": 50, "missing": 0.0, "guessing": 0.0, "known": 0, "families": 0},
    {"models": 40, "items": 100, "missing": 0.5, "guessing": 0.0, "known": 1, "families": 0},
    {"models": 12, "items": 60, "missing": 0.0, "guessing": 0.25, "known": 1, "families": 0},
    {"models": 12, "items": 60, "missing": 0.0, "guessing": 0.25, "known": 0, "families": 0},
    {"models": 20, "items": 100, "missing": 0.0, "guessing": 0.25, "known": 1, "families": 0},
    {"models": 20, "items": 100, "missing": 0.0, "guessing": 0.25, "known": 0, "families": 0},
    {"models": 12, "items": 60, "missing": 0.0, "guessing": 0.0, "known": 1, "families": 5},
    {"models": 26, "items": 100, "missing": 0.0, "guessing": 0.0, "known": 1, "families": 8},
    {"models": 60, "items": 100, "missing": 0.0, "guessing": 0.0, "known": 1, "families": 20},
)

SIMULATIONS: Mapping[str, Simulation] = {
    "P11": Simulation(
        CELLS,
        _items,
        regime=(
            "right or wrong answers by item response curves of unequal slope, without guessing or with a chance "
            "of .25 that the audit knows or not; in one kind of study half of the cells are missing; models "
            "independent or in families of uneven size that hold 30% of the variance of ability"
        ),
    )
}
