"""Capabilities correlations compared: between classes that share families, and between ranges of capability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.capability.capabilities import MOST_BLOCKS
from measurand.stats.capability.pca import first_component, replicate_scores
from measurand.stats.intervals.correlation import jackknife_t
from measurand.stats.intervals.one_sided import Uncertain, of_jackknife
from measurand.stats.intervals.ranks import correlate
from measurand.stats.intervals.resampling import family_blocks, jackknife_weights

__all__ = ["Replicated", "difference", "difference_limits", "half_replicates", "joint_replicates"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Replicated:
    """One correlation per column, in the full sample and with each family left out.

    Parameters
    ----------
    value : shape (m,).
    left_out : shape (families or blocks, m); the value itself where the family has no part in it.
    takes_part : whether the family has a part in it, shape (families or blocks, m).
    n : models behind each value, shape (m,).
    """

    value: Floats
    left_out: Floats
    takes_part: npt.NDArray[np.bool_]
    n: Ints

    def of_own_families(self) -> Floats:
        """Replicates, NaN for families that have no part in the value."""
        return np.where(self.takes_part, self.left_out, np.nan)


def joint_replicates(
    capabilities: Sequence[Floats], tested: Sequence[Floats], families: Sequence[Sequence[str]]
) -> list[Replicated]:
    """Correlations of several classes, a family left out of all classes at once.

    Parameters
    ----------
    capabilities, tested : one per class, shapes (n_c, k_c) and (n_c, m).
    families : name of each model's family, one sequence per class; the same name is the same family in every class.
    """
    everyone = np.concatenate([np.asarray(names) for names in families])
    codes, member = np.unique(everyone, return_inverse=True)
    # Blocks are made before classes are split: each leaves the same families out of every class at once.
    block = family_blocks(np.arange(len(codes)), MOST_BLOCKS)[member]
    ends = np.cumsum([len(names) for names in families])
    parts = np.split(jackknife_weights(block), ends[:-1], axis=1)
    return [
        _replicated(replicate_scores(values, _with_full(part)), scores, part)
        for values, scores, part in zip(capabilities, tested, parts, strict=True)
    ]


def _with_full(left_out: Floats) -> Floats:
    return np.vstack([np.ones(left_out.shape[1]), left_out])


def _replicated(score: Floats, tested: Floats, left_out: Floats) -> Replicated:
    found = correlate(score, tested, _with_full(left_out))
    run = np.isfinite(tested)
    return Replicated(found[0], found[1:], (left_out == 0) @ run.astype(np.float64) > 0, run.sum(axis=0))


def half_replicates(capability: Floats, tested: Floats, families: Ints) -> tuple[Replicated, Replicated]:
    """Correlations within the lower and the upper half of capability.

    Which models are in which half is settled once, by the full sample's median.
    """
    component = first_component(capability).scores
    # A family left out may not move models between halves, or its replicate would measure that, too.
    upper = component > np.median(component)
    left_out = jackknife_weights(family_blocks(families, MOST_BLOCKS))
    scores = replicate_scores(capability, _with_full(left_out))
    lower, higher = (_replicated(scores[:, half], tested[half], left_out[:, half]) for half in (~upper, upper))
    return lower, higher


def difference_limits(first: Replicated, second: Replicated, level: float) -> tuple[Floats, Floats, Floats]:
    """first minus second with its jackknife interval, t(G - 1) over the families that have a part in either."""
    change, replicates = _change(first, second)
    low, high = jackknife_t(change, replicates, level)
    return change, np.maximum(low, -2.0), np.minimum(high, 2.0)


def difference(first: Replicated, second: Replicated) -> Uncertain:
    """first minus second with the standard error that `difference_limits` has, for tests at any bound."""
    return of_jackknife(*_change(first, second))


def _change(first: Replicated, second: Replicated) -> tuple[Floats, Floats]:
    """first minus second, and its replicates, NaN for families that have a part in neither."""
    replicates = np.where(first.takes_part | second.takes_part, first.left_out - second.left_out, np.nan)
    return first.value - second.value, replicates
