"""Where the variance of scores comes from: items, prompts, their interaction, and what is left (generalisability)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, fdtri, stdtrit

from measurand.stats.intervals.clustered import bell_mccaffrey, cluster_sizes
from measurand.stats.intervals.correlation import jackknife_se
from measurand.stats.intervals.limits import Limits
from measurand.stats.items.prompts import PromptMeans
from measurand.stats.items.reruns import sums_by_cluster

__all__ = ["Components", "column_variance", "generalisability", "item_components", "prompts_needed", "two_way"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Components:
    """Variance components of a complete table with random rows and columns; one may come out negative.

    Parameters
    ----------
    rows, columns : variance of the true row and column effects.
    residual : what neither explains; interaction and noise together, with one value a cell.
    """

    rows: float
    columns: float
    residual: float


def two_way(values: Floats) -> Components:
    """Components by analysis of variance: (MS_rows - MS_res) / c, (MS_columns - MS_res) / r, MS_res.

    Parameters
    ----------
    values : shape (r, c), complete, at least 2 of each.

    Examples
    --------
    >>> table = np.array([[9.0, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    >>> found = two_way(table)
    >>> [round(value, 4) for value in (found.rows, found.columns, found.residual)]
    [2.5556, 5.2444, 1.0194]

    References
    ----------
    Brennan 2001, Generalizability theory, Springer
    """
    r, c = values.shape
    mean = values.mean()
    row, column = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    left = values - mean - row[:, None] - column
    residual = float((left**2).sum()) / ((r - 1) * (c - 1))
    return Components(
        (c * float((row**2).sum()) / (r - 1) - residual) / c,
        (r * float((column**2).sum()) / (c - 1) - residual) / r,
        residual,
    )


def item_components(scores: Floats, clusters: Ints | None, level: float) -> tuple[Limits, Limits]:
    """Variance between items and residual variance of a table items x prompts, each with its interval.

    The intervals are jackknives over items, or clusters of items, with Bell and McCaffrey's degrees of freedom, of
    which unequal clusters leave fewer than G - 1.

    Parameters
    ----------
    scores : shape (items, prompts), complete, at least 2 of each.
    clusters : number of each item's cluster, shape (items,), or None.

    Returns
    -------
    items, residual
        Not below 0; no interval from fewer than 3 clusters.
    """
    n, prompts = scores.shape
    centred = scores - scores.mean(axis=0)
    item = centred.mean(axis=1)
    left = centred - item[:, None]
    parts = np.column_stack([np.ones(n), item, item**2, (left**2).sum(axis=1), left])
    sums = sums_by_cluster(parts, clusters)

    def of(total: Floats) -> Floats:
        count, first, second, square = total[:, :4].T
        # Leaving items out moves the prompts' means, which is taken off the sums of squares.
        residual = (square - (total[:, 4:] ** 2).sum(axis=1) / count) / ((count - 1) * (prompts - 1))
        return np.column_stack([(second - first**2 / count) / (count - 1) - residual / prompts, residual])

    whole = of(sums.sum(axis=0)[None])[0]
    limits = [Limits(max(float(value), 0.0), math.nan, math.nan) for value in whole]
    if len(sums) < 3:
        return limits[0], limits[1]
    kept = sums.sum(axis=0) - sums
    se, _ = jackknife_se(of(kept[kept[:, 0] > 1.5]))
    t = float(stdtrit(bell_mccaffrey(cluster_sizes(clusters, n)), (1 + level) / 2))
    for place, value in enumerate(whole):
        half = t * float(se[place])
        if half > 0:
            limits[place] = Limits(max(float(value), 0.0), max(float(value) - half, 0.0), float(value) + half)
    return limits[0], limits[1]


def column_variance(found: PromptMeans, level: float) -> Limits:
    """Variance of the true prompt effects among prompts like these, with Williams's interval.

    The variance of the means less the square of their noise; the limits take the means as normal.

    Parameters
    ----------
    found : means and their noise.

    Returns
    -------
    Limits
        Not below 0.

    Examples
    --------
    >>> found = column_variance(PromptMeans(np.array([0.5, 0.6, 0.7]), 0.02, 499, 500, 500), 0.95)
    >>> [round(value, 4) for value in (found.value, found.low, found.high)]
    [0.0096, 0.0023, 0.3946]

    References
    ----------
    Williams 1962, A confidence interval for variance components, Biometrika 49(1/2)
    """
    prompts = len(found.means)
    df, tail = prompts - 1, (1 - level) / 2
    seen, noise = float(found.means.var(ddof=1)), found.noise**2
    value = max(seen - noise, 0.0)
    if not (found.groups >= 2 and noise > 0):
        return Limits(value, math.nan, math.nan)
    low, high = (
        df * max(seen - float(fdtri(df, found.df, 1 - side)) * noise, 0.0) / float(chdtri(df, side))
        for side in (tail, 1 - tail)
    )
    return Limits(value, low, high)


def generalisability(values: Floats, level: float) -> Limits:
    """Share of the variance of scores under one prompt that lies between models: what one prompt's comparison is worth.

    models / (models + residual) of the table models x prompts, prompt effects common to all models left out
    (ICC(3, 1)), with the exact interval for normal effects (Shrout and Fleiss 1979).

    Parameters
    ----------
    values : mean scores, shape (models, prompts), complete, at least 2 of each.

    Returns
    -------
    Limits
        May be negative; NaN where nothing varies, no interval where prompts agree to the point.

    Examples
    --------
    >>> table = np.array([[9.0, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    >>> found = generalisability(table, 0.95)
    >>> [round(value, 2) for value in (found.value, found.low, found.high)]
    [0.71, 0.34, 0.95]
    """
    models, prompts = values.shape
    found = two_way(values)
    whole = found.rows + found.residual
    if not whole > 1e-14:
        return Limits(math.nan, math.nan, math.nan)
    value = found.rows / whole
    if not found.residual > 1e-14:
        return Limits(value, math.nan, math.nan)
    ratio = 1 + prompts * found.rows / found.residual
    df, tail = (models - 1, (models - 1) * (prompts - 1)), (1 + level) / 2
    ends = ratio / float(fdtri(*df, tail)), ratio * float(fdtri(df[1], df[0], tail))
    low, high = ((f - 1) / (f + prompts - 1) for f in ends)
    return Limits(value, low, high)


def prompts_needed(single: float, wanted: float) -> float:
    """Prompts to average over until the comparison of models generalises as wanted (Spearman and Brown).

    Parameters
    ----------
    single : `generalisability` of one prompt.
    wanted : that of the average, in (0, 1).

    Returns
    -------
    float
        A whole number; infinite if `single` is not above 0.

    Examples
    --------
    >>> prompts_needed(0.71, 0.9)
    4.0
    """
    if not single > 0:
        return math.inf
    return float(max(1, math.ceil(wanted / (1 - wanted) * (1 - single) / single - 1e-9)))
