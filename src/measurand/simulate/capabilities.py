"""Models in families, scored on capability benchmarks and on a benchmark whose capabilities correlation is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.shared.panel import Panel
from measurand.tables import UNCLASSED

__all__ = [
    "CELLS",
    "LOADING",
    "SIZES",
    "Simulated",
    "members",
    "pearson_of",
    "simulate",
    "spearman_of",
    "with_families",
]

SIZES = ((12, 5), (26, 8), (60, 20))
"""Models and families: a small comparison, the published study's size, and a large one."""

FAMILY_SHARES = (0.0, 0.3)
"""Share of variance between families: none, and about what families that share data and recipes have."""

CELLS = tuple(
    {"models": models, "families": families, "family_share": share}
    for models, families in SIZES
    for share in FAMILY_SHARES
)

LOADING = 0.85
"""Loading of each capability benchmark on capability: 12 of them give a PC1 share near .74 (published: .71 and .78)."""


@dataclass(frozen=True, kw_only=True)
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

    @property
    def panel(self) -> Panel:
        """The class as a measure sees it: capability benchmarks c0, c1, ... and those under test t0, t1, ..."""
        n, k = self.capability.shape
        return Panel(
            class_=UNCLASSED,
            models=tuple(f"m{i}" for i in range(n)),
            families=self.families,
            family_names=tuple(f"f{code}" for code in range(int(self.families.max()) + 1)),
            capability=tuple(f"c{j}" for j in range(k)),
            values=self.capability,
            tested=tuple(self.names),
            scores=self.tested,
            stderr=np.full(self.tested.shape, np.nan),
            dropped=(),
            caveats=(),
        )

    @property
    def names(self) -> dict[str, str]:
        """The name to show for each benchmark under test."""
        return {f"t{j}": f"t{j}" for j in range(self.tested.shape[1])}

    @property
    def able(self) -> npt.NDArray[np.bool_]:
        """Every benchmark under test can be assessed, shape (m,)."""
        return np.ones(self.tested.shape[1], dtype=bool)


def pearson_of(rho: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pearson correlation of a Gaussian pair whose Spearman correlation is `rho`: 2 sin(pi rho / 6)."""
    result: npt.NDArray[np.float64] = 2 * np.sin(np.pi * rho / 6)
    return result


def spearman_of(r: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spearman correlation of a Gaussian pair whose Pearson correlation is `r`: 6 / pi asin(r / 2)."""
    result: npt.NDArray[np.float64] = 6 / np.pi * np.arcsin(r / 2)
    return result


def members(n: int, families: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Family of each model, shape (n,): sizes are uneven, as among published models, and none is empty."""
    shares = 1 / np.arange(1, families + 1)
    sizes = 1 + rng.multinomial(n - families, shares / shares.sum())
    return np.repeat(np.arange(families), sizes).astype(np.int64)


def with_families(
    member: npt.NDArray[np.int64], columns: int, family_share: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Standard Gaussian columns with a share of variance common to a family, shape (n, columns)."""
    common = rng.standard_normal((int(member.max()) + 1, columns))[member]
    own = rng.standard_normal((len(member), columns))
    result: npt.NDArray[np.float64] = np.sqrt(family_share) * common + np.sqrt(1 - family_share) * own
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
    rho : population Spearman correlations wanted, one per tested benchmark, each within the simulator's reach
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
    member = members(n, families, rng)
    k = capability_benchmarks
    # Pearson correlation of the population's first component with capability: the component is the benchmarks' mean.
    score_spread = np.sqrt(LOADING**2 + (1 - LOADING**2) / k)
    reliability = LOADING / score_spread
    truth = np.asarray(rho, dtype=np.float64)
    slope = pearson_of(truth) / reliability
    if (np.abs(slope) > 1).any():
        raise ValueError(f"rho should be within the simulator's reach of about .98, got {rho}")

    ability = with_families(member, 1, family_share, rng)
    capability = LOADING * ability + np.sqrt(1 - LOADING**2) * rng.standard_normal((n, k))
    tested = slope * ability + np.sqrt(1 - slope**2) * with_families(member, len(truth), family_share, rng)
    return Simulated(
        capability=capability,
        tested=tested,
        families=member,
        truth=truth,
        reliability=float(reliability),
        score_spread=float(score_spread),
    )
