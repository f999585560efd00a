"""Forecasts held against models they were not made from, beside naive guesses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.capability.growth import fit_curve, forecasts
from measurand.stats.intervals.clustered import cluster_sums, t_limits
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.one_sided import Uncertain, share_below
from measurand.stats.intervals.resampling import family_blocks

__all__ = ["DATE_ALONE", "Baseline", "Sample", "Split", "family_split", "newest_split"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST_BLOCKS = 20
"""Families left out one at a time; more are put together."""
LEAST_FAMILIES = 3
"""Families without which none can be left out and the others still say how far families differ."""
# A fifth: enough to see an error, few enough to leave a curve to be fitted.
NEWEST = 0.2
LEAST_NEWEST = 3
DATE_ALONE = "the date alone"
"""The one guess that is a forecast itself: to be worse than it is no fault of the curve."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """Models with a score and a driver.

    Parameters
    ----------
    drivers, scores : shape (n, drivers) and (n,), higher scores better.
    families : number of each model's family, shape (n,).
    dates : release dates as years, NaN where not known, shape (n,).
    order : by what the newest are known, shape (n,): the date, or compute; None where neither is known of all.
    limits : floor and top of the scores.
    by_date : whether the date is the driver, and so no baseline.
    """

    drivers: Floats
    scores: Floats
    families: Ints
    dates: Floats
    order: Floats | None
    limits: tuple[float, float] | None
    by_date: bool

    @property
    def blocks(self) -> Ints:
        """Families, put together where there are very many."""
        return family_blocks(self.families, MOST_BLOCKS)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A naive guess beside the forecast.

    Parameters
    ----------
    name : what is guessed.
    error : root mean squared error.
    gain : mean squared error of the guess less that of the forecast, with its interval over families.
    p_better, p_worse : one-sided, against that the forecast is no better, and no worse; NaN where undefined.
    """

    name: str
    error: float
    gain: Limits
    p_better: float
    p_worse: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Split:
    """Models left out, and how well they were predicted.

    Parameters
    ----------
    places : numbers of the models left out, shape (k,).
    groups : families among them.
    predicted, low, high : forecasts with prediction intervals, shape (k,).
    error : root mean squared error.
    baselines : naive guesses on the same models.
    covered : models whose score lay in its prediction interval.
    covered_stderr, covered_df : standard error of the share covered, and its degrees of freedom, families as clusters.
    """

    places: Ints
    groups: int
    predicted: Floats
    low: Floats
    high: Floats
    error: float
    baselines: tuple[Baseline, ...]
    covered: int
    covered_stderr: float
    covered_df: float

    def p_too_sure(self, least: float) -> float:
        """P-value against that the prediction intervals hold at least this share of new models."""
        share = self.covered / len(self.places)
        return share_below(share, self.covered_stderr, self.covered_df, self.groups, least)


def family_split(sample: Sample, level: float) -> Split | None:
    """Each family predicted from the others; None with fewer than 3 families."""
    blocks = sample.blocks
    codes = np.unique(blocks)
    if len(codes) < LEAST_FAMILIES:
        return None
    sets = (blocks != codes[:, None]).astype(np.float64)
    places = np.arange(len(blocks))
    row = np.searchsorted(codes, blocks)
    _, member = np.unique(sample.families, return_inverse=True)
    of_family = np.bincount(member, sample.scores) / np.bincount(member)
    first = np.unique(member, return_index=True)[1]
    other = (blocks[first] != codes[:, None]).astype(np.float64)
    guesses = {
        "the mean of all": (sets @ sample.scores / sets.sum(axis=1))[row],
        "the mean of family means": (other @ of_family / other.sum(axis=1))[row],
    }
    return _split(sample, sets, row, places, guesses, level)


def newest_split(sample: Sample, level: float) -> Split | None:
    """The newest fifth of the models predicted from the older ones; None where too few are left."""
    if sample.order is None or not np.isfinite(sample.order).all():
        return None
    count = max(LEAST_NEWEST, int(np.ceil(NEWEST * len(sample.scores))))
    newest = sample.order >= np.sort(sample.order)[-count]
    old = ~newest
    # The newest may share a date with many.
    if len(np.unique(sample.blocks[old])) < LEAST_FAMILIES or old.sum() < newest.sum():
        return None
    if (sample.drivers[old].max(axis=0) <= sample.drivers[old].min(axis=0)).any():
        return None
    places = np.flatnonzero(newest)
    mean = float(sample.scores[old].mean())
    of_family = []
    for place in places:
        kin = old & (sample.families == sample.families[place])
        of_family.append(float(sample.scores[kin].mean()) if kin.any() else mean)
    guesses = {"the mean of the others": np.full(len(places), mean), "the mean of its family": np.array(of_family)}
    return _split(sample, old[None].astype(np.float64), np.zeros(len(places), dtype=np.int64), places, guesses, level)


def _split(sample: Sample, sets: Floats, row: Ints, places: Ints, guesses: Mapping[str, Floats], level: float) -> Split:
    made = forecasts(sample.drivers, sample.scores, sample.blocks, sets, sample.drivers[places], sample.limits)
    here = np.arange(len(places))
    predicted = made.value[row, here]
    low, high = (limit[row, here] for limit in made.limits(level))
    truth, families = sample.scores[places], np.unique(sample.families[places], return_inverse=True)[1]
    guesses = dict(guesses)
    if (by_date := _by_date(sample, sets, row, places)) is not None:
        guesses[DATE_ALONE] = by_date
    error = (predicted - truth) ** 2
    baselines = tuple(_baseline(name, (guess - truth) ** 2, error, families, level) for name, guess in guesses.items())
    inside = (low <= truth) & (truth <= high)
    share = cluster_sums(inside[None].astype(np.float64), families).means()
    return Split(
        places=places,
        groups=int(families.max()) + 1,
        predicted=predicted,
        low=low,
        high=high,
        error=float(np.sqrt(error.mean())),
        baselines=baselines,
        covered=int(inside.sum()),
        covered_stderr=float(share.stderr[0]),
        covered_df=float(share.df[0]),
    )


def _by_date(sample: Sample, sets: Floats, row: Ints, places: Ints) -> Floats | None:
    """Scores as the release date alone predicts them; None where a date is not known, or dates do not differ."""
    if sample.by_date or not np.isfinite(sample.dates).all():
        return None
    kept = sets > 0
    if any(np.ptp(sample.dates[mask]) <= 0 for mask in kept):
        return None
    curve = fit_curve(sample.dates[:, None], sample.scores, sets, sample.limits)
    result: Floats = curve.at(sample.dates[places, None])[row, np.arange(len(places))]
    return result


def _baseline(name: str, guessed: Floats, error: Floats, families: Ints, level: float) -> Baseline:
    gain = cluster_sums((guessed - error)[None], families).means()
    low, high = t_limits(gain.value, gain.stderr, gain.df, level)
    tests = Uncertain(gain.value, gain.stderr, gain.df)
    return Baseline(
        name=name,
        error=float(np.sqrt(guessed.mean())),
        gain=Limits(float(gain.value[0]), float(low[0]), float(high[0])),
        p_better=float(tests.p_above(0.0)[0]),
        p_worse=float(tests.p_below(0.0)[0]),
    )
