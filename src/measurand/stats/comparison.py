"""Capabilities correlations compared: between classes that share families, and between ranges of capability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from measurand.stats.capabilities import MOST_BLOCKS
from measurand.stats.pca import first_component, replicate_scores, resampled_correlations
from measurand.stats.ranks import correlate
from measurand.stats.resampling import family_blocks, jackknife_weights

__all__ = ["half_replicates", "joint_replicates"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def joint_replicates(
    capabilities: Sequence[Floats], tested: Sequence[Floats], families: Sequence[Sequence[str]]
) -> list[Floats]:
    """Leave-one-family-out correlations of several classes, a family left out of all classes at once.

    Parameters
    ----------
    capabilities, tested : a class each, shapes (n_c, k_c) and (n_c, m).
    families : name of each model's family, a class each; the same name is the same family in every class.

    Returns
    -------
    a class each, shape (1 + families or blocks, m)
        Row 0 is the full sample; row g leaves out family (or block of families) g, whether the class has it or not.
    """
    everyone = np.concatenate([np.asarray(names) for names in families])
    codes, member = np.unique(everyone, return_inverse=True)
    block = family_blocks(np.arange(len(codes)), MOST_BLOCKS)[member]
    weights = np.vstack([np.ones(len(everyone)), jackknife_weights(block)])
    ends = np.cumsum([len(names) for names in families])
    parts = np.split(weights, ends[:-1], axis=1)
    return [
        # A replicate that leaves a class without enough models has no correlation there: it stays undefined.
        resampled_correlations(values, scores, np.where((part.sum(axis=1) > 2)[:, None], part, np.nan))
        for values, scores, part in zip(capabilities, tested, parts, strict=True)
    ]


def half_replicates(capability: Floats, tested: Floats, families: Ints) -> tuple[Floats, Floats]:
    """Correlations within the lower and the upper half of capability, shape (1 + families or blocks, m) each.

    Which models are in which half is settled once, by the full sample's median.
    """
    upper = first_component(capability).scores > np.median(first_component(capability).scores)
    weights = np.vstack([np.ones(len(capability)), jackknife_weights(family_blocks(families, MOST_BLOCKS))])
    scores = replicate_scores(capability, weights)
    return (
        correlate(scores[:, ~upper], tested[~upper], weights[:, ~upper]),
        correlate(scores[:, upper], tested[upper], weights[:, upper]),
    )
