"""V7, dimensionality: is there one general capability in these benchmarks, or several?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError
from measurand.measures import Measure
from measurand.measures.shared import columns, display_names, estimate, kind, require_fraction
from measurand.measures.validity.shared.by_class import ByClass
from measurand.measures.validity.shared.panel import Missing, Panel, panels
from measurand.measures.verdicts import unassessed
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
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
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.ranks import midranks_fixed
from measurand.tables import Scores
from measurand.wording import CORRELATION, SHARE, plural, shown

__all__ = ["MEASURE", "ClassDimensionality", "Dimensionality", "components_of", "dimensionality", "judge", "pc1_share"]

Floats = npt.NDArray[np.float64]

INDEPENDENT = ", provided that the models, whose families are mostly not known, are independent"
"""One component is then found in .15 to 1.00 of studies without any (12 to 1,000 models, families of 30% of the
variance, measured)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassDimensionality:
    """Dimensionality of the capability benchmarks within one class.

    Parameters
    ----------
    share : PC1 share of the Spearman correlation matrix, with its interval.
    chance : eigenvalues that tables without a common dimension, their families as alike, exceed in 5% of cases,
        shape (k,).
    components : number of leading eigenvalues above chance.
    by_families : whether no component beats chance, but one would if the models of a family were independent.
    factor_share : mean squared loading of the one-factor maximum-likelihood solution: another number than PC1 share.
    covariance_shares : of the principal components of the unstandardised scores, shape (k,).
    kmo, bartlett : None where the correlation matrix is singular.
    """

    panel: Panel
    share: Limits
    chance: Floats
    components: int
    by_families: bool
    factor_share: float
    covariance_shares: Floats
    kmo: float | None
    bartlett: Sphericity | None


@dataclass(frozen=True, eq=False, repr=False)
class Dimensionality(Brief, ByClass[ClassDimensionality]):
    """Result of `dimensionality`."""


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
    permutations : tables drawn for the parallel analysis.
    rng : generator for these tables; a fixed one by default.

    Raises
    ------
    NotApplicable
        Fewer than 3 capability benchmarks, or no class with 8 models.
    InputError
        A setting out of its range.

    References
    ----------
    Horn 1965, Psychometrika 30(2); Cameron, Gelbach and Miller 2008, Rev Econ Stat 90(3); Kaiser 1974, Psychometrika
    39(1); Joreskog 1967, Psychometrika 32(4).

    Examples
    --------
    >>> import measurand
    >>> base, chat = dimensionality(measurand.load_example().scores, permutations=200).classes
    >>> round(100 * base.share.value, 1), round(100 * chat.share.value, 1), base.components
    (78.3, 70.8, 1)
    """
    require_fraction(level=level)
    # Fewer tables have no 95% quantile to speak of.
    if permutations < 100:
        raise InputError(f"permutations should be at least 100, got {permutations}")
    rng = np.random.default_rng(0) if rng is None else rng
    found, problems = panels(scores, missing, several=True)
    parts = tuple(_class_dimensionality(panel, level, permutations, rng) for panel in found)
    return Dimensionality(parts, problems, level, display_names(scores))


def _class_dimensionality(
    panel: Panel, level: float, permutations: int, rng: np.random.Generator
) -> ClassDimensionality:
    matrix = panel.component.correlation
    chance, components, by_families = components_of(panel, permutations, rng)
    return ClassDimensionality(
        panel=panel,
        share=pc1_share(panel, level),
        chance=chance,
        components=components,
        by_families=by_families,
        factor_share=float(np.mean(one_factor(matrix) ** 2)),
        covariance_shares=covariance_shares(panel.values),
        kmo=kmo(matrix),
        bartlett=bartlett(matrix, len(panel.models)),
    )


def pc1_share(panel: Panel, level: float) -> Limits:
    """Share of the first component of one class, with its interval."""
    left_out = eigenvalue_shares(panel.values, blocks_left_out(panel.families))
    low, high = jackknife_t(np.array([panel.component.share]), left_out[:, None], level)
    # The jackknife knows nothing of the bound; below, 1 / k is never near.
    return Limits(panel.component.share, float(low[0]), float(min(high[0], 1.0)))


def components_of(panel: Panel, permutations: int, rng: np.random.Generator) -> tuple[Floats, int, bool]:
    """Chance, components and whether families alone make one: of one class, as `ClassDimensionality` has them."""
    ranks = midranks_fixed(panel.values, np.ones((1, len(panel.models))))[:, 0].T

    def chance_of(families: npt.NDArray[np.int64]) -> Floats:
        return parallel_analysis(ranks, families, permutations=permutations, rng=rng)

    chance = chance_of(panel.families)
    beats = panel.component.eigenvalues > chance
    # Leading ones only: a later eigenvalue above its chance says nothing once one before it does not.
    components = int(np.argmin(beats)) if not beats.all() else len(beats)
    by_families = not components and panel.component.eigenvalues[0] > chance_of(np.arange(len(ranks)))[0]
    return chance, components, bool(by_families)


def judge(result: Dimensionality) -> list[Finding]:
    """Passed: exactly one component beats chance; caution: more, or one that families may make; issue: none."""
    findings = []
    for part in result.classes:
        status, meaning, short = _verdict(part)
        beats = {0: "is no more than chance brings", 1: "it alone exceeds chance"}.get(
            part.components, f"{part.components} components exceed chance"
        )
        share = estimate(
            "pc1_share",
            *part.share,
            level=result.level,
            method="leave-one-family-out jackknife, t(G-1)",
            n=len(part.panel.models),
            unit=SHARE,
        )
        findings.append(
            Finding(
                subject={"class": part.panel.class_},
                headline=True,
                status=status,
                title="One dimension of capability",
                short=short,
                sentence=f"One component holds {shown(share)} of the variance of "
                f"{plural(len(part.panel.capability), 'capability benchmark')} among {kind(part.panel.class_)}models, "
                f"and {beats}: {meaning}.",
                estimates=(share, *_further(part)),
                caveats=part.panel.caveats,
                figure="V7.scree",
                result={"eigenvalues": tuple(float(value) for value in part.panel.component.eigenvalues)},
            )
        )
    return findings + unassessed(result.unassessed)


def _verdict(part: ClassDimensionality) -> tuple[Status, str, str]:
    if part.components == 1:
        told = "one capabilities score sums them up" + (INDEPENDENT if part.panel.families_unknown else "")
        return Status.PASSED, told, "one score sums them up"
    # What a few families share by chance looks like a dimension, and hides one: neither is shown.
    if part.by_families:
        told = "what they have in common may be that models of one family are alike"
        return Status.CAUTION, told, "families may explain it"
    # An issue, as V1 to V6 would then measure against a score that is one arbitrary direction of noise.
    if part.components == 0:
        told = "they have no common dimension, so a capabilities score is not defined by them"
        return Status.ISSUE, told, "no common dimension"
    return Status.CAUTION, "one capabilities score leaves out a second dimension", "leaves out a second dimension"


def _further(part: ClassDimensionality) -> list[Estimate]:
    matrix = part.panel.component.correlation
    off = matrix[np.triu_indices(len(matrix), k=1)]
    rows: list[tuple[str, float | None, str, str]] = [
        ("components_above_chance", float(part.components), "parallel analysis by families, 95% quantile", ""),
        ("mean_correlation", float(off.mean()), "Spearman, pairs of capability benchmarks", CORRELATION),
        # ddof 0: the spread of all pairs there are, not an estimate from a sample of pairs.
        ("sd_correlation", float(off.std()), "ddof 0", ""),
        ("one_factor_share", part.factor_share, "mean squared loading, maximum likelihood", SHARE),
        ("pc1_share_unstandardised", float(part.covariance_shares[0]), "covariance matrix", SHARE),
        ("kmo", part.kmo, "Kaiser-Meyer-Olkin, Spearman matrix", ""),
    ]
    if part.bartlett is not None:
        method = f"Bartlett, chi-square with {part.bartlett.degrees} degrees of freedom, models independent"
        rows.append(("bartlett_p_value", part.bartlett.p_value, method, ""))
    return [
        Estimate(name=name, value=value, method=method, n=len(part.panel.models), unit=unit)
        for name, value, method, unit in rows
    ]


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
            name="V7.scree",
            kind="lines",
            title="Scree plot with parallel analysis",
            caption="Eigenvalues of the capability benchmarks' correlation matrix, and what 5% of tables without a "
            "common dimension exceed.",
            columns=columns(("class", "component", "series", "eigenvalue"), scree),
            x=Axis("component", "component"),
            y=Axis("eigenvalue", "eigenvalue"),
            color="series",
            select=("class",),
        ),
        Figure(
            name="V7.heatmap",
            kind="heatmap",
            title="Correlations between capability benchmarks",
            caption="Spearman correlation over the models of the class.",
            columns=columns(("class", "benchmark", "other benchmark", "correlation"), cells),
            x=Axis("other benchmark", "", "nominal"),
            y=Axis("benchmark", "", "nominal"),
            color="correlation",
            select=("class",),
        ),
    ]


MEASURE = Measure(
    code="V7",
    name="dimensionality",
    question=Question.VALIDITY,
    asks="Do the capability benchmarks share one dimension, so that one capabilities score can stand for them?",
    needs="what V1 needs, without benchmarks under test",
    formula="eigenvalues of the Spearman matrix; PC1 share = largest / sum; "
    "chance = 95% quantile over tables in which each family, benchmark by benchmark, is mirrored at the mean of the "
    "families or not; KMO; Bartlett.",
    compute=dimensionality,
    judge=judge,
    figure=figure,
    caveats=(
        "PC1 share and one-factor share are different numbers: .60 and .95 can be the same data.",
        "Parallel analysis with few models finds few dimensions: absence of a second is not proof of one.",
        "Where families are not known, models of one family count as independent, and what they share by chance can "
        "pass for a common dimension: found in .15 to 1.00 of studies without one (12 to 1,000 models, measured).",
    ),
    references=(
        "Horn 1965, A rationale and test for the number of factors in factor analysis, Psychometrika 30(2)",
        "Cameron, Gelbach and Miller 2008, Bootstrap-based improvements for inference with clustered errors, Review of "
        "Economics and Statistics 90(3)",
        "Kaiser 1974, An index of factorial simplicity, Psychometrika 39(1)",
    ),
)
