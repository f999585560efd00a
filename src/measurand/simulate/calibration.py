"""The auditor audited: coverage, false alarms and power of the measures on simulated studies whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from measurand.calibration import Rate
from measurand.compute import run_tasks
from measurand.errors import UnknownName
from measurand.simulate import validity
from measurand.simulate.outcomes import Outcome

__all__ = ["CalibrationStudy", "encode", "measure_rates", "studies"]

SIZES = ((12, 5), (26, 8), (60, 20))
"""Models and families: a small comparison, the published study's size, and a large one."""

FAMILY_SHARES = (0.0, 0.3)
"""Share of variance between families: none, and about what families that share data and recipes have."""

LEVEL = 0.95

BLOCK = 50
"""Runs in one task: enough to keep workers busy, few enough to show progress."""

_OF_MEASURE: dict[str, Callable[[int, int, float, float, np.random.Generator], Outcome]] = {
    "V1": validity.capabilities_correlation,
    "V2": validity.slope_and_spread,
    "V3": validity.differential_progress,
    "V5": validity.where_it_holds,
    "V6": validity.training_compute,
    "V7": validity.dimensionality,
    "V9": validity.headroom,
}


@dataclass(frozen=True)
class CalibrationStudy:
    """One measure on one kind of simulated study."""

    code: str
    models: int
    families: int
    family_share: float

    def __str__(self) -> str:
        return f"{self.code}, {self.models} models in {self.families} families, family share {self.family_share:g}"


def studies(codes: Sequence[str] | None = None) -> tuple[CalibrationStudy, ...]:
    """Every study, or those of the measures named.

    Raises
    ------
    UnknownName
        A code without a simulated study.
    """
    for code in codes or ():
        if code not in _OF_MEASURE:
            raise UnknownName("calibrated measure", code, _OF_MEASURE)
    return tuple(
        CalibrationStudy(code, models, families, share)
        for code in _OF_MEASURE
        if codes is None or code in codes
        for models, families in SIZES
        for share in FAMILY_SHARES
    )


def measure_rates(
    *,
    runs: int,
    seed: int = 0,
    jobs: int = 1,
    codes: Sequence[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Rate, ...]:
    """Run every study and count.

    Parameters
    ----------
    runs : simulated studies a cell; the Monte Carlo standard error of a rate near .95 is .005 at 2,000.
    seed : each block of runs draws from its own generator, so the result does not depend on `jobs`.
    codes : measures, all by default.
    progress : called with a study's name, how many are done and how many there are.

    Examples
    --------
    >>> rates = measure_rates(runs=50, codes=["V9"])
    >>> {rate.quantity for rate in rates}
    {'coverage'}
    """
    chosen = studies(codes)
    starts = range(0, runs, BLOCK)
    tasks = [(study, min(BLOCK, runs - start), (seed, start)) for study in chosen for start in starts]
    blocks = run_tasks(run_block, tasks, jobs=jobs)
    rates: list[Rate] = []
    for done, study in enumerate(chosen, start=1):
        gathered: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
        for _ in starts:
            for key, values in next(blocks).items():
                gathered.setdefault(key, []).extend(values)
        rates += [_rate(study, key, values) for key, values in gathered.items()]
        if progress:
            progress(str(study), done, len(chosen))
    return tuple(rates)


def run_block(
    study: CalibrationStudy, runs: int, seed: tuple[int, int]
) -> dict[tuple[str, str, str], list[tuple[float, float]]]:
    """Hits and widths of some runs of one study, by (quantity, what, truth)."""
    parts = [int(part) for part in study.code.encode()]
    rng = np.random.default_rng([*seed, *parts, study.models, study.families, round(100 * study.family_share)])
    gathered: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for _ in range(runs):
        outcome = _OF_MEASURE[study.code](study.models, study.families, study.family_share, LEVEL, rng)
        for key, value in outcome.items():
            gathered.setdefault(key, []).append(value)
    return gathered


def _rate(study: CalibrationStudy, key: tuple[str, str, str], values: Sequence[tuple[float, float]]) -> Rate:
    quantity, what, truth = key
    # Undefined intervals (a resample or class too small) neither cover nor fail: they are left out, as the audit does.
    found = np.array([value for value in values if np.isfinite(value[0])])
    width = float(found[:, 1].mean()) if quantity == "coverage" else None
    return Rate(
        code=study.code,
        quantity=quantity,  # type: ignore[arg-type]
        what=what,
        models=study.models,
        families=study.families,
        family_share=study.family_share,
        truth=truth,
        rate=round(float(found[:, 0].mean()), 4),
        runs=len(found),
        width=None if width is None else round(width, 3),
    )


def encode(rates: Sequence[Rate]) -> bytes:
    """The rates as the JSON that ships with the package."""
    lines = ",\n".join(json.dumps(asdict(rate)) for rate in rates)
    return f'{{"rates": [\n{lines}\n]}}\n'.encode()
