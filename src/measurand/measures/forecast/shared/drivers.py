"""What a score may follow: training compute, release date, or the leading components of the other benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from measurand.measures.forecast.shared.cells import dates_of
from measurand.stats.capability.pca import impute, standardise, varies
from measurand.tables import Scores

__all__ = ["DRIVERS", "Driver", "Name", "drivers_of", "score_limits"]

Floats = npt.NDArray[np.float64]
Name = Literal["compute", "date", "components"]
DRIVERS: tuple[Name, ...] = ("compute", "date", "components")

LEAST_OTHERS = 3
"""Other benchmarks below which their component is one benchmark, or the mean of two."""


@dataclass(frozen=True, eq=False)
class Driver:
    """Values of what a score may follow.

    Parameters
    ----------
    name : ``"compute"`` (log10 training FLOP), ``"date"`` (years) or ``"components"``.
    values : shape (models, drivers), NaN where not known.
    """

    name: Name
    values: Floats


def drivers_of(scores: Scores, models: Sequence[str], benchmark: str, components: int) -> dict[Name, Driver]:
    """Every driver of one benchmark's scores, for the models named."""
    flop = np.array([np.nan if f is None else float(str(f)) for f in scores.model_fact("training_flop", models)])
    found: dict[Name, Driver] = {
        "compute": Driver("compute", np.log10(flop)[:, None]),
        "date": Driver("date", dates_of(scores, models)[:, None]),
    }
    others = [name for name in scores.benchmarks_of("capability") if name != benchmark]
    if not others:
        others = [name for name in scores.benchmarks["benchmark"] if name != benchmark]
    return found | {"components": Driver("components", _components(scores.matrix(models, others), components))}


def _components(values: Floats, most: int) -> Floats:
    """Leading principal components of the standardised benchmarks; NaN for models on fewer than half of them."""
    run = np.isfinite(values)
    columns = run.any(axis=0)
    values, run = values[:, columns], run[:, columns]
    empty = np.full((len(values), most), np.nan)
    if values.shape[1] < LEAST_OTHERS:
        return empty
    # What is imputed may not outweigh what was measured.
    enough = run.mean(axis=1) >= 0.5
    if enough.sum() < 3:
        return empty
    table = values[enough]
    table = table[:, varies(table)]
    enough[enough] = np.isfinite(table).any(axis=1)
    table = table[np.isfinite(table).any(axis=1)]
    table = table[:, varies(table)]
    if len(table) < 3 or table.shape[1] < LEAST_OTHERS or np.isnan(table).all(axis=1).any():
        return empty
    whole = standardise(impute(table))
    left, size, _ = np.linalg.svd(whole, full_matrices=False)
    kept = min(most, int((size > 1e-9 * size[0]).sum()))
    result = np.full((len(values), kept), np.nan)
    result[enough] = left[:, :kept] * size[:kept]
    return result


def score_limits(scores: Scores, benchmark: str, values: Floats) -> tuple[float, float] | None:
    """Floor and top of a benchmark's scores, oriented so that higher is better; None where no range is known.

    Chance is the floor where it is known. Without a maximum, scores that all lie in [0, 1] are taken as shares.
    """
    chance, maximum, way = (scores.benchmark_fact(fact, [benchmark])[0] for fact in ("chance", "maximum", "higher_is"))
    sign = -1.0 if way == "worse" else 1.0
    raw = sign * values[np.isfinite(values)]
    if maximum is None and not (raw.min() >= 0 and raw.max() <= 1):
        return None
    top = 1.0 if maximum is None else float(str(maximum))
    floor = 0.0 if chance is None else float(str(chance))
    if raw.max() > top:
        return None
    return (floor, top) if sign > 0 else (-top, -floor)
