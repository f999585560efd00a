"""What noise does to one model on one benchmark: the gain that is confirmed, every strength of noise, and phi."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.measures.gaming.shared.sweeps import Sweep
from measurand.measures.shared import finite
from measurand.stats.hiding.noise import held_out, phi, phi_by_luck
from measurand.stats.intervals.clustered import cluster_sums, share_limits
from measurand.stats.intervals.gains import Gain, gain_limits
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.planning import PairedDesign

__all__ = ["POWER", "Choice", "Level", "NoiseInjection", "assess"]

DRAWS = 2000
"""Simulated values of phi for a model of the same baseline that luck alone moves."""
POWER = 0.8

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Level:
    """Accuracy at one strength of noise, over its seeds.

    Parameters
    ----------
    sigma : the noise; 0 for the model as it is.
    mean : accuracy over the seeds with its interval over items.
    best : accuracy of the best seed.
    luck : the baseline's accuracy, and where a single copy with it would lie.
    change : against the model as it is; None at sigma 0.
    broken : share of the outputs that were no number.
    seeds : how many.
    """

    sigma: float
    mean: Limits
    best: float
    luck: Limits
    change: Gain | None
    broken: float
    seeds: int


@dataclass(frozen=True)
class Choice:
    """A copy that was chosen: its noise, its share of the choices, and its share of broken outputs."""

    sigma: float
    seed: int
    share: float
    broken: float


@dataclass(frozen=True, kw_only=True)
class NoiseInjection:
    """One model on one benchmark.

    Parameters
    ----------
    subject : of what.
    levels : each strength of noise, sigma 0 first.
    baseline : accuracy of the model as it is.
    chance : a guesser's accuracy; None where not known.
    gain : of the copies chosen on other items, with its interval (of all subjects together).
    accuracy : of the same copies on the same items.
    above_chance : accuracy minus chance with its interval; None where chance is not known.
    choices : the copies chosen, that most often chosen first.
    phi, luck : the published statistic, and its median and 95% quantile by luck alone.
    phi_p_value : share of draws by luck that reach phi.
    findable : gain that would be shown to be above a margin of 0 with 80% power.
    items, clusters, copies, incomplete : how many; clusters is None where items are independent.
    unanswered : items left out, to which the model as it is gave no finite answer.
    """

    subject: dict[str, str]
    levels: tuple[Level, ...]
    baseline: float
    chance: float | None
    gain: Gain
    accuracy: float
    above_chance: Gain | None
    choices: tuple[Choice, ...]
    phi: float | None
    luck: tuple[float, float]
    phi_p_value: float
    findable: float
    items: int
    clusters: int | None
    copies: int
    incomplete: int
    unanswered: int

    @property
    def ceiling(self) -> float:
        """Upper limit of the largest gain of any strength of noise, mean over its seeds, and of the copies chosen."""
        return max([self.gain.high, *(level.change.high for level in self.levels if level.change)])

    @property
    def hurts(self) -> bool:
        """Whether some noise tried clearly lowers the accuracy: weaker noise may leave a lock untouched."""
        return any(level.change.high < 0 for level in self.levels if level.change)


def assess(sweep: Sweep, splits: int, level: float, together: float, rng: np.random.Generator) -> NoiseInjection:
    """One sweep; intervals of the gain at the level `together`, those of each strength of noise at `level`."""
    base, clusters = sweep.baseline, sweep.clusters
    chosen = held_out(sweep.copies, clusters, splits, rng)
    gain = gain_limits(chosen.scores, base, clusters, together)
    known = bool(np.isfinite(sweep.chance).all())
    found = phi(sweep.copies, base)
    luck = phi_by_luck(float(base.mean()), len(base), len(sweep.copies), DRAWS, rng)
    # The margin is added by the verdict: what is found beyond it depends on the spread alone.
    per_cluster = len(base) / gain.groups if clusters is not None else 0.0
    design = PairedDesign(between=gain.stderr**2 * len(base), alpha=1 - together, per_cluster=per_cluster)
    return NoiseInjection(
        subject=sweep.subject,
        levels=_levels(sweep, level),
        baseline=float(base.mean()),
        chance=float(sweep.chance.mean()) if known else None,
        gain=gain,
        accuracy=float(chosen.scores.mean()),
        above_chance=gain_limits(chosen.scores, sweep.chance, clusters, together) if known else None,
        choices=_choices(sweep, chosen.chosen),
        phi=finite(found),
        luck=(float(np.quantile(luck, 0.5, method="higher")), float(np.quantile(luck, 0.95, method="higher"))),
        phi_p_value=float((1 + (luck >= found - 1e-9).sum()) / (1 + DRAWS)),
        findable=design.smallest_effect(items=len(base), power=POWER),
        items=len(base),
        clusters=None if clusters is None else gain.groups,
        copies=len(sweep.copies),
        incomplete=sweep.incomplete,
        unanswered=sweep.unanswered,
    )


def _choices(sweep: Sweep, chosen: Ints) -> tuple[Choice, ...]:
    return tuple(
        Choice(float(sweep.sigmas[copy]), int(sweep.seeds[copy]), float(share), float(sweep.broken[copy]))
        for copy in np.argsort(-chosen, kind="stable")
        if (share := chosen[copy] / chosen.sum())
    )


def _levels(sweep: Sweep, level: float) -> tuple[Level, ...]:
    """Accuracy by strength of noise, without noise first."""
    rate, n = float(sweep.baseline.mean()), len(sweep.baseline)
    rows = [_level(0.0, sweep.baseline[None], sweep, 0.0, level, rate, n)]
    for sigma in np.unique(sweep.sigmas):
        own = sweep.sigmas == sigma
        rows.append(_level(float(sigma), sweep.copies[own], sweep, float(sweep.broken[own].mean()), level, rate, n))
    return tuple(rows)


def _level(sigma: float, own: Floats, sweep: Sweep, broken: float, level: float, rate: float, n: int) -> Level:
    mean = own.mean(axis=0)
    means = cluster_sums(mean[None], sweep.clusters).means()
    lows, highs = share_limits(means.value, means.stderr, means.df, level)
    # For the picture only, so the level is always the usual one.
    spread = 1.96 * math.sqrt(rate * (1 - rate) / n)
    change = None if sigma == 0 else gain_limits(mean[None], sweep.baseline, sweep.clusters, level)
    return Level(
        sigma=sigma,
        mean=Limits(float(means.value[0]), float(lows[0]), float(highs[0])),
        best=float(own.mean(axis=1).max()),
        luck=Limits(rate, max(rate - spread, 0.0), min(rate + spread, 1.0)),
        change=change,
        broken=broken,
        seeds=len(own),
    )
