"""Models in families, scored on capability benchmarks and on a benchmark whose capabilities correlation is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from measurand.measures.validity.shared.panel import Panel
from measurand.stats.intervals.ranks import correlate
from measurand.tables import UNCLASSED

__all__ = [
    "CELLS",
    "LOADING",
    "SIZES",
    "Regime",
    "Simulated",
    "members",
    "pearson_of",
    "simulate",
    "spearman_of",
    "with_families",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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

_MANY = 200_000


@dataclass(frozen=True, kw_only=True)
class Regime:
    """How a class of models departs from Gaussian scores of known families that are all there.

    Parameters
    ----------
    skew : of family sizes, see `members`.
    tails : degrees of freedom of the t distribution of ability and of each benchmark's own part; 0 for Gaussian ones.
    ceiling : share of models at the maximum of a benchmark under test.
    missing : share of cells of the benchmarks under test that were not run.
    families_known : whether the audit is told the families.
    """

    skew: float = 1.0
    tails: int = 0
    ceiling: float = 0.0
    missing: float = 0.0
    families_known: bool = True

    def tailed(self, gaussian: Floats, rng: np.random.Generator) -> Floats:
        """Standard Gaussian columns with this regime's tails, still of variance 1."""
        if not self.tails:
            return gaussian
        return gaussian * np.sqrt((self.tails - 2) / rng.chisquare(self.tails, gaussian.shape))

    def of_cells(self, tested: Floats, rng: np.random.Generator) -> Floats:
        """The scores with cells missing at random."""
        if not self.missing:
            return tested
        return np.where(rng.random(tested.shape) < self.missing, np.nan, tested)


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

    capability: Floats
    tested: Floats
    families: Ints
    truth: Floats
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
            tested=tuple(f"t{j}" for j in range(self.tested.shape[1])),
            scores=self.tested,
            stderr=np.full(self.tested.shape, np.nan),
            items=np.full(self.tested.shape[1], np.nan),
            dropped=(),
            caveats=(),
        )

    @property
    def names(self) -> dict[str, str]:
        """The name to show for each benchmark."""
        return {name: name for name in (*self.panel.capability, *self.panel.tested)}

    @property
    def able(self) -> npt.NDArray[np.bool_]:
        """Every benchmark under test can be assessed, shape (m,)."""
        return np.ones(self.tested.shape[1], dtype=bool)


def pearson_of(rho: Floats) -> Floats:
    """Pearson correlation of a Gaussian pair whose Spearman correlation is `rho`: 2 sin(pi rho / 6)."""
    result: Floats = 2 * np.sin(np.pi * rho / 6)
    return result


def spearman_of(r: Floats) -> Floats:
    """Spearman correlation of a Gaussian pair whose Pearson correlation is `r`: 6 / pi asin(r / 2)."""
    result: Floats = 6 / np.pi * np.arcsin(r / 2)
    return result


def members(n: int, families: int, rng: np.random.Generator, skew: float = 1.0) -> Ints:
    """Family of each model, shape (n,): sizes are uneven, as among published models, and none is empty.

    The expected size of the r-th largest family falls as r to the power of -`skew`; at 2 the largest of eight holds
    about half of the models, at 1 a third.
    """
    shares = np.arange(1.0, families + 1) ** -skew
    sizes = 1 + rng.multinomial(n - families, shares / shares.sum())
    return np.repeat(np.arange(families), sizes).astype(np.int64)


def with_families(member: Ints, columns: int, family_share: float, rng: np.random.Generator) -> Floats:
    """Standard Gaussian columns with a share of variance common to a family, shape (n, columns)."""
    common = rng.standard_normal((int(member.max()) + 1, columns))[member]
    own = rng.standard_normal((len(member), columns))
    result: Floats = np.sqrt(family_share) * common + np.sqrt(1 - family_share) * own
    return result


def simulate(
    n: int,
    families: int,
    rho: tuple[float, ...],
    family_share: float,
    rng: np.random.Generator,
    capability_benchmarks: int = 12,
    regime: Regime | None = None,
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
    regime : how it departs from Gaussian scores that are all there; not at all by default.

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
    regime = Regime() if regime is None else regime
    member = members(n, families, rng, regime.skew)
    k = capability_benchmarks
    # Pearson correlation of the population's first component with capability: the component is the benchmarks' mean.
    score_spread = np.sqrt(LOADING**2 + (1 - LOADING**2) / k)
    reliability = LOADING / score_spread
    truth = np.asarray(rho, dtype=np.float64)
    slope = pearson_of(truth) / reliability
    if (np.abs(slope) > 1).any():
        raise ValueError(f"rho should be within the simulator's reach of about .98, got {rho}")

    capability, tested = _scores(member, slope, k, family_share, regime, rng)
    return Simulated(
        capability=capability,
        tested=regime.of_cells(tested, rng),
        families=member if regime.families_known else np.arange(n),
        truth=_of_many(tuple(slope), k, regime) if regime.tails or regime.ceiling else truth,
        reliability=float(reliability),
        score_spread=float(score_spread),
    )


def _scores(
    member: Ints, slope: Floats, k: int, family_share: float, regime: Regime, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Scores on k capability benchmarks and on one per slope under test."""
    ability = regime.tailed(with_families(member, 1, family_share, rng), rng)
    own = regime.tailed(rng.standard_normal((len(member), k)), rng)
    capability = LOADING * ability + np.sqrt(1 - LOADING**2) * own
    own = regime.tailed(with_families(member, len(slope), family_share, rng), rng)
    tested = slope * ability + np.sqrt(1 - slope**2) * own
    if regime.ceiling:
        # The ceiling of a benchmark is where it is, whatever models come: at a quantile of a standard score.
        tested = np.minimum(tested, ndtri(1 - regime.ceiling))
    return capability, tested


@cache
def _of_many(slope: tuple[float, ...], k: int, regime: Regime) -> Floats:
    """Spearman correlations with the mean of the capability benchmarks among very many models.

    They have no formula with such tails or ceilings; the standard error is about .002.
    """
    each = np.unique(slope)
    capability, tested = _scores(np.arange(_MANY), each, k, 0.0, regime, np.random.default_rng(0))
    found = correlate(capability.mean(axis=1)[None], tested, np.ones((1, _MANY)))[0]
    result: Floats = found[np.searchsorted(each, slope)]
    return result
