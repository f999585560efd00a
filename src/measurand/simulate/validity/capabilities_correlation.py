"""Error rates of V1: what every candidate interval covers, and what the verdicts say of known correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.capabilities_correlation import CapabilitiesCorrelation, ClassCorrelations, judge
from measurand.results import Finding
from measurand.simulate.capabilities import SIZES, Regime, Simulated, simulate
from measurand.simulate.outcomes import Outcome, Simulation
from measurand.stats.capability.capabilities import DEFAULT, METHODS, Correlations, correlations_with_intervals

__all__ = ["BENCHMARKS", "CELLS", "TRUTHS"]

Floats = npt.NDArray[np.float64]

TRUTHS = (0.0, 0.3, 0.5, 0.68, 0.9)
BENCHMARKS = 30
"""Under test, an equal number of each truth: as many as a study of one area has, fewer than the embedded one."""

RESAMPLES = 200
BOOTSTRAPS = ("bootstrap_percentile", "bootstrap_bca", "family_bootstrap")
_WITHOUT_RESAMPLING = tuple(method for method in METHODS if method not in BOOTSTRAPS)

_USUAL = {
    "models": 26,
    "families": 8,
    "family_share": 0.3,
    "benchmarks": BENCHMARKS,
    "skew": 1.0,
    "tails": 0,
    "ceiling": 0.0,
    "missing": 0.0,
    "families_known": 1,
}

CELLS = tuple(
    _USUAL | {"models": models, "families": families, "family_share": share}
    for models, families in SIZES
    for share in (0.0, 0.3, 0.6)
) + tuple(
    _USUAL | departure
    for departure in (
        {"skew": 2.0},
        {"tails": 3},
        {"ceiling": 0.3},
        {"missing": 0.3},
        {"families_known": 0},
        {"families_known": 0, "family_share": 0.6},
        {"benchmarks": len(TRUTHS)},
    )
)
"""The sizes users have at three family shares; then, at the published study's size, one departure at a time."""


def _run(
    models: int,
    families: int,
    family_share: float,
    benchmarks: int,
    level: float,
    rng: np.random.Generator,
    families_known: int,
    **regime: float,
) -> Outcome:
    departs = Regime(families_known=bool(families_known), **regime)  # type: ignore[arg-type]
    rho = np.repeat(TRUTHS, benchmarks // len(TRUTHS))
    drawn = simulate(models, families, tuple(rho), family_share, rng, regime=departs)
    found = correlations_with_intervals(
        drawn.capability, drawn.tested, drawn.families, level=level, resamples=0, rng=rng, methods=_WITHOUT_RESAMPLING
    )
    outcome: Outcome = {}
    hits = {method: _hits(found, method, drawn.truth) for method in found.low}
    if departs == Regime():
        hits |= _resampled_hits(drawn, rho, level, rng)
    for method, (hit, width) in hits.items():
        what = "default interval" if method == DEFAULT else f"candidate {method}"
        of = rho if len(hit) == len(rho) else np.array(TRUTHS)
        for truth in TRUTHS:
            outcome["coverage", what, f"rho {truth:g}"] = (_mean(hit[of == truth]), _mean(width[of == truth]))
    return outcome | _verdicts(drawn, found, rho, level)


def _resampled_hits(
    drawn: Simulated, rho: Floats, level: float, rng: np.random.Generator
) -> dict[str, tuple[Floats, Floats]]:
    """Of the bootstraps, which take nearly all of the time: one benchmark of each truth stands for the others."""
    first = np.searchsorted(rho, TRUTHS)
    found = correlations_with_intervals(
        drawn.capability,
        drawn.tested[:, first],
        drawn.families,
        level=level,
        resamples=RESAMPLES,
        rng=rng,
        methods=BOOTSTRAPS,
    )
    return {method: _hits(found, method, drawn.truth[first]) for method in BOOTSTRAPS}


def _hits(found: Correlations, method: str, truth: Floats) -> tuple[Floats, Floats]:
    """Whether each interval covers (NaN where undefined), and its width."""
    low, high = found.low[method], found.high[method]
    width = high - low
    return np.where(np.isfinite(width), (low <= truth) & (truth <= high), np.nan), width


def _mean(values: Floats) -> float:
    """Mean of those defined; NaN, which is left out of the rates, where none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _verdicts(drawn: Simulated, found: Correlations, rho: Floats, level: float) -> Outcome:
    """Shares of the benchmarks of each truth on which `judge` gives a verdict, and of verdicts that are wrong."""
    panel = drawn.panel
    part = ClassCorrelations(panel, panel.tested, found, left_out=found.default.only([]))
    _, *each = judge(
        CapabilitiesCorrelation(
            (part,), (), level, drawn.names, areas=dict.fromkeys(panel.tested, ""), safety=frozenset()
        )
    )
    verdict = _told(each, "verdict")
    outcome: Outcome = {}

    def add(quantity: str, verdicts: Sequence[str], truth: float, by: str = "", name: str = "") -> None:
        called = np.isin(_told(each, f"verdict{by}"), verdicts)[rho == truth]
        what = " or ".join(verdicts) + {"": ", among all", "_alone": ", alone"}[by]
        outcome[quantity, what, name or f"rho {truth:g}"] = (float(called.mean()), np.nan)

    for by in ("", "_alone"):
        add("false_alarm", ("entangled", "inverse"), 0.0, by)
        add("false_alarm", ("entangled",), 0.3, by)
        for wrong in ("entangled", "disentangled"):
            add("false_alarm", (wrong,), 0.5, by, "rho 0.5, the bound")
        add("power", ("entangled",), 0.9, by)
        add("power", ("disentangled",), 0.0, by)
    wrong_side = np.where(np.abs(drawn.truth) < 0.5, verdict != "disentangled", verdict != "entangled")
    called = verdict != "undecided"
    # At the bound itself no direction is wrong.
    wrong_ones = called & wrong_side & (rho != 0.5)
    share = float(wrong_ones.sum() / max(called.sum(), 1))
    outcome["false_alarm", "share of verdicts in the wrong direction", "all"] = (share, np.nan)
    return outcome


def _told(findings: Sequence[Finding], name: str) -> npt.NDArray[np.str_]:
    return np.array([str(finding.result[name]) for finding in findings])


SIMULATIONS = {
    "V1": Simulation(
        CELLS,
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none, 30% or 60% "
            "of the variance; 12 capability benchmarks with loading .85 on one ability; 30 benchmarks under test, "
            "judged as one family of verdicts; at 26 models also more uneven families, t(3) tails, a ceiling that "
            "30% of the models reach, 30% of the cells missing, unknown families, and only 5 benchmarks under "
            "test"
        ),
        beside=("candidate", ", alone"),
    )
}
