"""V7, dimensionality: is there one general capability in these benchmarks, or several?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError
from measurand.measure import Measure
from measurand.measures._shared import columns, display_names, estimate, kind, plural, require_fraction, shown
from measurand.measures.validity.shared.panel import Missing, Panel, Unassessed, panels, unassessed_findings
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.capabilities import blocks_left_out
from measurand.stats.capability.dimensionality import (
    Sphericity,
    bartlett,
    covariance_shares,
    eigenvalue_shares,
    kmo,
    parallel_analysis,
)
from measurand.stats.capability.factor import one_factor
from measurand.stats.intervals.correlation import jackknife_t
from measurand.stats.intervals.ranks import midranks_fixed
from measurand.tables import Scores

__all__ = ["MEASURE", "Dimensionality", "dimensionality"]

Floats = npt.NDArray[np.float64]
CODE, TITLE = "V7", "Dimensionality"


@dataclass(frozen=True, eq=False)
class ClassDimensionality:
    """Dimensionality of the capability benchmarks within one class.

    Parameters
    ----------
    share : PC1 share of the Spearman correlation matrix, with its interval.
    chance : eigenvalues that permuted tables reach in 5% of cases, shape (k,).
    components : number of leading eigenvalues above chance.
    factor_share : mean squared loading of the one-factor maximum-likelihood solution: another number than PC1 share.
    covariance_shares : of the principal components of the unstandardised scores, shape (k,).
    kmo, bartlett : None where the correlation matrix is singular.
    """

    panel: Panel
    share: tuple[float, float, float]
    chance: Floats
    components: int
    factor_share: float
    covariance_shares: Floats
    kmo: float | None
    bartlett: Sphericity | None


@dataclass(frozen=True, eq=False)
class Dimensionality:
    """Result of `dimensionality`: a part a class, and what could not be assessed."""

    classes: tuple[ClassDimensionality, ...]
    unassessed: tuple[Unassessed, ...]
    level: float
    names: dict[str, str]


def dimensionality(
    scores: Scores,
    *,
    level: float = 0.95,
    missing: Missing = "complete",
    permutations: int = 1000,
    rng: np.random.Generator | None = None,
) -> Dimensionality:
    """Eigenvalues of the capability benchmarks' Spearman matrix against chance, and related shares.

    Parameters
    ----------
    scores : scores with roles.
    level : confidence level of the PC1 share (leave-one-family-out jackknife, t(G-1)), in (0, 1).
    missing : as in `measurand.capabilities_correlation`.
    permutations : tables permuted for the parallel analysis.
    rng : generator for the permutations; a fixed one by default.

    Raises
    ------
    NotApplicable
        Fewer than 3 capability benchmarks, or no class with 8 models.
    InputError
        A setting out of its range.

    References
    ----------
    Horn 1965, Psychometrika 30(2); Kaiser 1974, Psychometrika 39(1); Joreskog 1967, Psychometrika 32(4).

    Examples
    --------
    >>> import measurand
    >>> base, chat = dimensionality(measurand.load_example().scores, permutations=200).classes
    >>> round(100 * base.share[0], 1), round(100 * chat.share[0], 1), base.components
    (78.3, 70.8, 1)
    """
    require_fraction(level=level)
    if permutations < 100:
        raise InputError(f"permutations should be at least 100, got {permutations}")
    rng = np.random.default_rng(0) if rng is None else rng
    found, problems = panels(scores, missing)
    parts = tuple(_class_dimensionality(panel, level, permutations, rng) for panel in found)
    return Dimensionality(parts, problems, level, display_names(scores))


def _class_dimensionality(
    panel: Panel, level: float, permutations: int, rng: np.random.Generator
) -> ClassDimensionality:
    values, component, n = panel.values, panel.component, len(panel.models)
    left_out = eigenvalue_shares(values, blocks_left_out(panel.families))
    low, high = jackknife_t(np.array([component.share]), left_out[:, None], level)
    ranks = midranks_fixed(values, np.ones((1, n)))[:, 0].T
    chance = parallel_analysis(ranks, permutations=permutations, rng=rng)
    beats = component.eigenvalues > chance
    return ClassDimensionality(
        panel,
        (component.share, float(low[0]), float(min(high[0], 1.0))),
        chance,
        int(np.argmin(beats)) if not beats.all() else len(beats),
        float(np.mean(one_factor(component.correlation) ** 2)),
        covariance_shares(values),
        kmo(component.correlation),
        bartlett(component.correlation, n),
    )


def judge(result: Dimensionality) -> list[Finding]:
    """Passed: exactly one component beats chance; caution: more than one; issue: none."""
    findings = []
    for part in result.classes:
        status, verdict = _verdict(part.components)
        share = estimate(
            "pc1_share",
            *part.share,
            level=result.level,
            method="leave-one-family-out jackknife, t(G-1)",
            n=len(part.panel.models),
        )
        findings.append(
            Finding(
                CODE,
                {"class": part.panel.class_},
                TITLE,
                status,
                f"One component holds {shown(share).replace('+', '')} of the variance of "
                f"{plural(len(part.panel.capability), 'capability benchmark')} on {kind(part.panel.class_)}models, and "
                f"{part.components} {'beats' if part.components == 1 else 'beat'} chance: {verdict}.",
                (share, *_further(part)),
                part.panel.caveats,
                f"{CODE}.scree",
                {"eigenvalues": tuple(float(value) for value in part.panel.component.eigenvalues)},
            )
        )
    return findings + unassessed_findings(CODE, TITLE, result.unassessed)


def _verdict(components: int) -> tuple[Status, str]:
    if components == 1:
        return Status.PASSED, "one capabilities score sums them up"
    if components == 0:
        return Status.ISSUE, "they have no common dimension, so a capabilities score is not defined by them"
    return Status.CAUTION, "one capabilities score leaves out a second dimension"


def _further(part: ClassDimensionality) -> list[Estimate]:
    n, matrix = len(part.panel.models), part.panel.component.correlation
    off = matrix[np.triu_indices(len(matrix), k=1)]
    estimates = [
        Estimate("components_above_chance", float(part.components), method="parallel analysis, 95% quantile", n=n),
        Estimate("mean_correlation", float(off.mean()), method="Spearman, pairs of capability benchmarks", n=n),
        Estimate("sd_correlation", float(off.std()), method="ddof 0", n=n),
        Estimate("one_factor_share", part.factor_share, method="mean squared loading, maximum likelihood", n=n),
        Estimate("pc1_share_unstandardised", float(part.covariance_shares[0]), method="covariance matrix", n=n),
        Estimate("kmo", part.kmo, method="Kaiser-Meyer-Olkin, Spearman matrix", n=n),
    ]
    if part.bartlett is not None:
        method = f"Bartlett, chi-square with {part.bartlett.degrees} degrees of freedom"
        estimates.append(Estimate("bartlett_p_value", part.bartlett.p_value, method=method, n=n))
    return estimates


def figure(result: Dimensionality) -> list[Figure]:
    """Scree plot with parallel analysis, and the correlation matrix of the capability benchmarks."""
    scree: list[tuple[Cell, ...]] = [
        (part.panel.class_, i + 1, series, float(value))
        for part in result.classes
        for series, values in (("observed", part.panel.component.eigenvalues), ("chance (95%)", part.chance))
        for i, value in enumerate(values)
    ]
    cells: list[tuple[Cell, ...]] = [
        (part.panel.class_, result.names[one], result.names[other], float(part.panel.component.correlation[i, j]))
        for part in result.classes
        for i, one in enumerate(part.panel.capability)
        for j, other in enumerate(part.panel.capability)
    ]
    return [
        Figure(
            f"{CODE}.scree",
            "lines",
            "Scree plot with parallel analysis",
            "Eigenvalues of the capability benchmarks' correlation matrix, and what 5% of permuted tables exceed.",
            columns(("class", "component", "series", "eigenvalue"), scree),
            Axis("component", "component"),
            Axis("eigenvalue", "eigenvalue"),
            color="series",
            select=("class",),
        ),
        Figure(
            f"{CODE}.heatmap",
            "heatmap",
            "Correlations between capability benchmarks",
            "Spearman correlation over the models of the class.",
            columns(("class", "benchmark", "other benchmark", "correlation"), cells),
            Axis("other benchmark", "", "nominal"),
            Axis("benchmark", "", "nominal"),
            color="correlation",
            select=("class",),
        ),
    ]


MEASURE = Measure(
    code=CODE,
    name="dimensionality",
    question=Question.VALIDITY,
    asks="Do the capability benchmarks share one dimension, so that one capabilities score can stand for them?",
    needs="what V1 needs, without benchmarks under test",
    formula="eigenvalues of the Spearman matrix; PC1 share = largest / sum; "
    "chance = 95% quantile over permuted columns; KMO; Bartlett.",
    compute=dimensionality,
    judge=judge,
    figure=figure,
    caveats=(
        "PC1 share and one-factor share are different numbers: .60 and .95 can be the same data.",
        "Parallel analysis with few models finds few dimensions: absence of a second is not proof of one.",
    ),
    references=(
        "Horn 1965, A rationale and test for the number of factors in factor analysis, Psychometrika 30(2)",
        "Kaiser 1974, An index of factorial simplicity, Psychometrika 39(1)",
    ),
)
