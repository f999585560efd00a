"""Models in families, scored on capability benchmarks and on a benchmark whose capabilities correlation is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LOADING", "Simulated", "pearson_of", "simulate", "spearman_of"]

LOADING = 0.85
"""Loading of each capability benchmark on capability: 12 of them give a PC1 share near .74 (published: .71 and .78)."""


@dataclass(frozen=True)
class Simulated:
    """One simulated class of models.

    Parameters
    ----------
    capability : shape (n, k).
    tested : shape (n, m).
    families : family code of each model, shape (n,).
    truth : population Spearman correlation of each tested benchmark with the capabilities score, shape (m,).
    reliability : population Pearson correlation of the capabilities score with ability.
    score_spread : population standard deviation of the mean of the capability benchmarks.
    """

    capability: npt.NDArray[np.float64]
    tested: npt.NDArray[np.float64]
    families: npt.NDArray[np.int64]
    truth: npt.NDArray[np.float64]
    reliability: float
    score_spread: float


def pearson_of(rho: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pearson correlation of a Gaussian pair whose Spearman correlation is `rho`: 2 sin(pi rho / 6)."""
    result: npt.NDArray[np.float64] = 2 * np.sin(np.pi * rho / 6)
    return result


def spearman_of(r: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spearman correlation of a Gaussian pair whose Pearson correlation is `r`: 6 / pi asin(r / 2)."""
    result: npt.NDArray[np.float64] = 6 / np.pi * np.arcsin(r / 2)
    return result


def simulate(
    n: int,
    families: int,
    rho: tuple[float, ...],
    family_share: float,
    rng: np.random.Generator,
    capability_benchmarks: int = 12,
) -> Simulated:
    """Draw one class of models.

    Capability and each benchmark's own part are Gaussian with a share of variance common to a family; family sizes
    are uneven, as they are among published models (one family in eight holds about a third).

    Parameters
    ----------
    n, families : number of models and of families; every family has at least one model.
    rho : population Spearman correlations wanted, one a tested benchmark, each within the simulator's reach
        (about .98 in absolute value).
    family_share : share of variance between families, in [0, 1).

    Raises
    ------
    ValueError
        More families than models, or a correlation out of reach.

    Examples
    --------
    >>> drawn = simulate(26, 8, (0.0, 0.68), 0.3, np.random.default_rng(0))
    >>> drawn.capability.shape, drawn.tested.shape, drawn.truth.tolist()
    ((26, 12), (26, 2), [0.0, 0.68])
    """
    if families > n:
        raise ValueError(f"families should be at most the {n} models, got {families}")
    shares = 1 / np.arange(1, families + 1)
    sizes = 1 + rng.multinomial(n - families, shares / shares.sum())
    member = np.repeat(np.arange(families), sizes)
    k = capability_benchmarks
    # Pearson correlation of the population's first component with capability: the component is the benchmarks' mean.
    score_spread = np.sqrt(LOADING**2 + (1 - LOADING**2) / k)
    reliability = LOADING / score_spread
    truth = np.asarray(rho, dtype=np.float64)
    slope = pearson_of(truth) / reliability
    if (np.abs(slope) > 1).any():
        raise ValueError(f"rho should be within the simulator's reach of about .98, got {rho}")

    def with_family(columns: int) -> npt.NDArray[np.float64]:
        common = rng.standard_normal((families, columns))[member]
        own = rng.standard_normal((n, columns))
        result: npt.NDArray[np.float64] = np.sqrt(family_share) * common + np.sqrt(1 - family_share) * own
        return result

    ability = with_family(1)
    capability = LOADING * ability + np.sqrt(1 - LOADING**2) * rng.standard_normal((n, k))
    tested = slope * ability + np.sqrt(1 - slope**2) * with_family(len(truth))
    return Simulated(capability, tested, member.astype(np.int64), truth, float(reliability), float(score_spread))
