"""The auditor audited: coverage, false alarms and power of the measures on simulated studies whose truth is known."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache

import numpy as np

from measurand.calibration import Rate
from measurand.compute import run_tasks
from measurand.errors import UnknownName
from measurand.simulate.outcomes import Cell, Simulation

__all__ = ["CalibrationStudy", "due", "encode", "measure_rates", "rates_in_parts", "simulations", "studies"]

LEVEL = 0.95

BLOCK = 50
"""Runs in one task: enough to keep workers busy, few enough to show progress."""


@cache
def simulations() -> Mapping[str, Simulation]:
    """The simulation of every measure that has one, by code: the ``SIMULATIONS`` of the modules of this package."""
    package = importlib.import_module("measurand.simulate")
    modules = (
        importlib.import_module(info.name) for info in pkgutil.walk_packages(package.__path__, "measurand.simulate.")
    )
    found = {code: each for module in modules for code, each in getattr(module, "SIMULATIONS", {}).items()}
    return dict(sorted(found.items(), key=lambda item: ("VPGF".index(item[0][0]), int(item[0][1:]))))


@dataclass(frozen=True)
class CalibrationStudy:
    """One measure on one kind of simulated study."""

    code: str
    cell: Cell

    @property
    def key(self) -> tuple[object, ...]:
        """As `Rate.cell` of its rates."""
        return (self.code, *self.cell.items())

    def __str__(self) -> str:
        return f"{self.code}, {', '.join(f'{name} {value:g}'.replace('_', ' ') for name, value in self.cell.items())}"


def studies(codes: Sequence[str] | None = None) -> tuple[CalibrationStudy, ...]:
    """Every study, or those of the measures named.

    Raises
    ------
    UnknownName
        A code without a simulated study.
    """
    for code in codes or ():
        if code not in simulations():
            raise UnknownName("calibrated measure", code, simulations())
    return tuple(
        CalibrationStudy(code, cell)
        for code, simulation in simulations().items()
        if codes is None or code in codes
        for cell in simulation.cells
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
    runs : simulated studies per cell; the Monte Carlo standard error of a rate near .95 is .005 at 2,000.
    seed : each block of runs draws from its own generator, so the result does not depend on `jobs`.
    codes : measures, all by default.
    progress : called with a study's name, how many are done and how many there are.

    Examples
    --------
    >>> rates = measure_rates(runs=50, codes=["V9"])
    >>> sorted({rate.quantity for rate in rates})
    ['coverage', 'false_alarm', 'power']
    """
    chosen = studies(codes)
    rates: list[Rate] = []
    for done, (study, found) in enumerate(_rates_by_study(chosen, runs, seed, jobs), start=1):
        rates += found
        if progress:
            progress(str(study), done, len(chosen))
    return tuple(rates)


def due(kept: Sequence[Rate], *, runs: int, codes: Sequence[str] | None = None) -> tuple[CalibrationStudy, ...]:
    """The studies of these measures (all by default) that were not run so often yet, or on a date that was not kept.

    Raises
    ------
    UnknownName
        A code without a simulated study.
    """
    drawn = {rate.cell: max(rate.drawn, rate.runs) for rate in sorted(kept, key=lambda r: r.runs) if rate.run}
    return tuple(study for study in studies(codes) if drawn.get(study.key, 0) < runs)


def rates_in_parts(
    kept: Sequence[Rate], chosen: Sequence[CalibrationStudy], *, runs: int, today: str, seed: int = 0, jobs: int = 1
) -> Iterator[tuple[Rate, ...]]:
    """All rates there are before the first of the studies chosen is run, and after each; so one cut off can go on.

    Rates of studies that no simulation has any more are dropped; those of studies not chosen stay.

    Parameters
    ----------
    kept : rates of earlier runs.
    chosen : studies to run, as of `due`.
    runs, seed, jobs : as of `measure_rates`.
    today : ISO date to note with the new rates.
    """
    cells: dict[tuple[object, ...], list[Rate]] = {study.key: [] for study in studies()}
    for rate in kept:
        if rate.cell in cells:
            cells[rate.cell].append(rate)
    yield tuple(rate for each in cells.values() for rate in each)
    for study, found in _rates_by_study(chosen, runs, seed, jobs):
        cells[study.key] = [replace(rate, run=today) for rate in found]
        yield tuple(rate for each in cells.values() for rate in each)


def _rates_by_study(
    chosen: Sequence[CalibrationStudy], runs: int, seed: int, jobs: int
) -> Iterator[tuple[CalibrationStudy, list[Rate]]]:
    """The rates of each study as soon as it is done; workers go on with the next ones meanwhile."""
    starts = range(0, runs, BLOCK)
    tasks = [(study, min(BLOCK, runs - start), (seed, start)) for study in chosen for start in starts]
    blocks = run_tasks(run_block, tasks, jobs=jobs)
    for study in chosen:
        gathered: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
        for _ in starts:
            for key, values in next(blocks).items():
                gathered.setdefault(key, []).extend(values)
        counted = (_rate(study, key, values, runs) for key, values in gathered.items())
        yield study, [rate for rate in counted if rate]


def run_block(
    study: CalibrationStudy, runs: int, seed: tuple[int, int]
) -> dict[tuple[str, str, str], list[tuple[float, float]]]:
    """Hits and widths of some runs of one study, by (quantity, what, truth)."""
    # The study itself is part of the seed, so that adding one leaves the draws of all others as they are.
    parts = [int(part) for part in study.code.encode()]
    sizes = [value if isinstance(value, int) else round(100 * value) for value in study.cell.values()]
    rng = np.random.default_rng([*seed, *parts, *sizes])
    simulation = simulations()[study.code]
    gathered: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for _ in range(runs):
        for key, value in simulation.outcome(study.cell, LEVEL, rng).items():
            gathered.setdefault(key, []).append(value)
    return gathered


def _rate(
    study: CalibrationStudy, key: tuple[str, str, str], values: Sequence[tuple[float, float]], drawn: int
) -> Rate | None:
    quantity, what, truth = key
    # Undefined intervals (a resample or class too small) neither cover nor fail: they are left out, as the audit does.
    found = np.array([value for value in values if np.isfinite(value[0])])
    if not len(found):
        return None
    width = float(found[:, 1].mean()) if quantity == "coverage" else None
    return Rate(
        code=study.code,
        quantity=quantity,  # type: ignore[arg-type]
        what=what,
        study=study.cell,
        truth=truth,
        rate=round(float(found[:, 0].mean()), 4),
        runs=len(found),
        width=None if width is None else round(width, 3),
        drawn=drawn,
    )


def encode(rates: Sequence[Rate]) -> bytes:
    """The rates as the JSON that ships with the package, with what each measure's studies draw in words."""
    lines = ",\n".join(json.dumps(asdict(rate)) for rate in rates)
    every = simulations().items()
    regimes = {code: simulation.regime for code, simulation in every}
    beside = {code: simulation.beside for code, simulation in every if simulation.beside}
    told = f'"regimes": {json.dumps(regimes, indent=1)},\n"beside": {json.dumps(beside)}'
    return f'{{{told},\n"rates": [\n{lines}\n]}}\n'.encode()
